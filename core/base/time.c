/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock, the calendar, and instants against local times. Zones are in tz.c, texts in time_parse.c and time_format.c.
 *
 * The calendar's arithmetic counts days in eras of 400 years (146,097 days) that begin on a first of March, so that the leap
 * day comes last. */
#include "clock.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t capo_clock_frozen = INT64_MIN;

DateTime capo_now(void)
{
    if (capo_clock_frozen != INT64_MIN)
        return (DateTime){ capo_clock_frozen };
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (DateTime){ (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000 };
}

int64_t capo_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

Date capo_today(void)
{
    return capo_local_date(capo_now());
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t capo_days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void capo_civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

int capo_days_in_month(int year, int month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (month < 1 || month > 12)
        return 0;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool capo_date_valid(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && day >= 1 && day <= capo_days_in_month(year, month);
}

Date capo_date(int year, int month, int day)
{
    if (!capo_date_valid(year, month, day))
        capo_raise(ERROR_VALUE, "There is no day %04d-%02d-%02d in the calendar (years go from 1 to 9999).", year, month, day);
    return (Date){ (int32_t)capo_days_from_civil(year, month, day) };
}

void capo_date_parts(Date date, int *year, int *month, int *day)
{
    int y, m, d;
    capo_civil_from_days(date.days, &y, &m, &d);
    if (year)
        *year = y;
    if (month)
        *month = m;
    if (day)
        *day = d;
}

int capo_date_weekday(Date date)
{
    int64_t weekday = (date.days + 3LL) % 7;        /* 1970-01-01 was a Thursday */
    return (int)(weekday < 0 ? weekday + 7 : weekday);
}

Time capo_time(int hour, int minute, int second, int microsecond)
{
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || microsecond < 0 || microsecond > 999999)
        capo_raise(ERROR_VALUE, "There is no time of day %02d:%02d:%02d.%06d.", hour, minute, second, microsecond);
    return (Time){ (hour * 3600LL + minute * 60 + second) * US_PER_SECOND + microsecond };
}

DateParts capo_wall(DateTime wall)
{
    DateParts parts = { 0 };
    int64_t us = capo_bounded_us(wall.microseconds), days = floor_divide(us, US_PER_DAY), rest = us - days * US_PER_DAY;
    capo_civil_from_days(days, &parts.year, &parts.month, &parts.day);
    parts.microsecond = (int)(rest % US_PER_SECOND);
    rest /= US_PER_SECOND;
    parts.hour = (int)(rest / 3600);
    parts.minute = (int)(rest / 60 % 60);
    parts.second = (int)(rest % 60);
    parts.weekday = capo_date_weekday((Date){ (int32_t)days });
    parts.day_of_year = (int)(days - capo_days_from_civil(parts.year, 1, 1)) + 1;
    return parts;
}

DateTime capo_wall_from_parts(const DateParts *parts)
{
    int64_t days = capo_days_from_civil(parts->year, parts->month, parts->day);
    int64_t seconds = parts->hour * 3600LL + parts->minute * 60 + parts->second;
    return (DateTime){ days * US_PER_DAY + seconds * US_PER_SECOND + parts->microsecond };
}

Date capo_local_date(DateTime instant)
{
    DateParts parts = capo_local(instant, NULL);
    return (Date){ (int32_t)capo_days_from_civil(parts.year, parts.month, parts.day) };
}

Time capo_local_time(DateTime instant)
{
    DateParts parts = capo_local(instant, NULL);
    return (Time){ (parts.hour * 3600LL + parts.minute * 60 + parts.second) * US_PER_SECOND + parts.microsecond };
}

Uuid capo_uuid_random(void)
{
    Uuid uuid;
    randombytes_buf(uuid.bytes, sizeof uuid.bytes);
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0F) | 0x40);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3F) | 0x80);
    return uuid;
}

char *capo_uuid_text(const Uuid *uuid)
{
    static const char hex[] = "0123456789abcdef";
    char *text = capo_alloc(37), *at = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[uuid->bytes[i] >> 4];
        *at++ = hex[uuid->bytes[i] & 15];
    }
    return text;
}

bool capo_parse_uuid(const char *text, Uuid *ret)
{
    Uuid uuid = { { 0 } };
    int digits = 0;
    if (strncmp(text, "urn:", 4) == 0)
        text += 4;
    if (strncmp(text, "uuid:", 5) == 0)
        text += 5;
    size_t size = strlen(text);
    while (size > 0 && (*text == '{' || *text == '}')) {
        text++;
        size--;
    }
    while (size > 0 && (text[size - 1] == '{' || text[size - 1] == '}'))
        size--;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '-')
            continue;
        int value = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (value < 0 || digits == 32)
            return false;
        uuid.bytes[digits / 2] = (uint8_t)(uuid.bytes[digits / 2] << 4 | value);
        digits++;
    }
    if (digits != 32)
        return false;
    *ret = uuid;
    return true;
}
