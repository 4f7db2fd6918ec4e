/* SPDX-License-Identifier: BSD-3-Clause */
/* The dates of HTTP: written as IMF-fixdate, read in its three forms. The Date header is made once a second. */
#include "request_internal.h"
#include <capo/time.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static char *put_number(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

void http_date_put(char into[HTTP_DATE_SIZE + 1], int64_t unix_seconds)
{
    time_t when = (time_t)unix_seconds;
    struct tm parts;
    if (!gmtime_r(&when, &parts) || parts.tm_year + 1900 > 9999 || parts.tm_year + 1900 < 0) {
        when = 0;
        gmtime_r(&when, &parts);
    }
    char *at = into;
    memcpy(at, days[parts.tm_wday], 3);
    memcpy(at + 3, ", ", 2);
    at = put_number(at + 5, parts.tm_mday, 2);
    *at++ = ' ';
    memcpy(at, months[parts.tm_mon], 3);
    at[3] = ' ';
    at = put_number(at + 4, parts.tm_year + 1900, 4);
    *at++ = ' ';
    at = put_number(at, parts.tm_hour, 2);
    *at++ = ':';
    at = put_number(at, parts.tm_min, 2);
    *at++ = ':';
    at = put_number(at, parts.tm_sec, 2);
    memcpy(at, " GMT", 5);
}

/* A year of two digits that would be more than 50 years ahead is one of the last century (RFC 9110, 5.6.7). */
static int full_year(int year)
{
    time_t now = (time_t)(capo_now().microseconds / 1000000);
    struct tm parts;
    gmtime_r(&now, &parts);
    int current = parts.tm_year + 1900;
    return current - current % 100 + year - (year - current % 100 > 50 ? 100 : 0);
}

bool http_date_parse(const char *text, int64_t *ret_seconds)
{
    if (strnlen(text, 41) > 40)
        return false;
    int day, year, hour, minute, second, used = 0;
    char month[4] = "";
    const char *comma = strchr(text, ',');
    if (comma && sscanf(comma + 1, " %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month, &year, &hour, &minute, &second, &used) == 6 && used == 25) {
        /* IMF-fixdate */
    } else if (comma && sscanf(comma + 1, " %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day, month, &year, &hour, &minute, &second, &used) == 6 &&
               used) {
        year = full_year(year);
    } else if (!comma &&
               sscanf(text, "%*3s %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &day, &hour, &minute, &second, &year, &used) == 6 && used) {
        comma = text - 1;
    } else {
        return false;
    }
    if (comma[1 + used] != 0)
        return false;
    int number = 0;
    while (number < 12 && strcasecmp(month, months[number]) != 0)
        number++;
    if (number == 12 || day < 1 || day > 31 || year < 1601 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    struct tm parts = { .tm_year = year - 1900, .tm_mon = number, .tm_mday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second };
    *ret_seconds = (int64_t)timegm(&parts);
    if (parts.tm_mday != day)                   /* timegm went on to the next month */
        return false;
    return true;
}

const char *http_date_header(size_t *ret_size)
{
    static __thread int64_t of_second;
    static __thread char line[sizeof "Date: " + HTTP_DATE_SIZE + 2];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != of_second || !of_second) {
        of_second = now.tv_sec;
        memcpy(line, "Date: ", 6);
        http_date_put(line + 6, now.tv_sec);
        memcpy(line + 6 + HTTP_DATE_SIZE, "\r\n", 3);
    }
    *ret_size = 6 + HTTP_DATE_SIZE + 2;
    return line;
}
