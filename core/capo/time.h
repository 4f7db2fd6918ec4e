/* SPDX-License-Identifier: BSD-3-Clause */
/* Dates and times: distinct types, so that the compiler tells them apart and V() and EQ() box them as what they are.
 *
 *     post->published.value = capo_now();
 *     capo_format_date(capo_local_date(capo_now()), "N j, Y")      // "Nov. 22, 2026"
 *
 * The calendar is the proleptic Gregorian one, years 1 to 9999, as Python's datetime; time zones are the system's tz database. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Date { int32_t days; } Date;                     /* since 1970-01-01 */
typedef struct Time { int64_t microseconds; } Time;             /* of the day, 0 to 86,399,999,999 */
typedef struct DateTime { int64_t microseconds; } DateTime;     /* since 1970-01-01T00:00:00Z: an instant, always aware */
typedef struct Duration { int64_t microseconds; } Duration;
typedef struct Uuid { uint8_t bytes[16]; } Uuid;
/* A decimal number as its text ("12.50", "-3", "1E+2"), exactly as given: trailing zeros count, as in Python. NULL is 0. */
typedef struct Decimal { const char *text; } Decimal;

/* A broken-down local time. */
typedef struct DateParts {
    int year, month, day;               /* 1.., 1-12, 1-31 */
    int hour, minute, second, microsecond;
    int weekday;                        /* 0 Monday .. 6 Sunday, as Python */
    int day_of_year;                    /* 1-366 */
    int offset;                         /* seconds east of UTC */
    bool is_dst;
    bool fold;                          /* for capo_instant: of a time that is there twice, the later one */
    const char *zone;                   /* "CST", "UTC"; NULL: a wall clock's time, of no zone */
    const struct TimeZone *time_zone;   /* that it was made for, or NULL */
} DateParts;

typedef struct TimeZone TimeZone;

DateTime capo_now(void);                /* capo_freeze_time (testing.h) can stop it */
Date capo_today(void);                  /* in the current time zone */
int64_t capo_monotonic_us(void);        /* for intervals; never frozen */

/* The zone by its tz database name ("Europe/Berlin"); NULL where there is none. Kept for the life of the process. */
const TimeZone *capo_time_zone(const char *name);
/* A zone of one offset, in seconds east of UTC; name NULL: "UTC+02:30" as Python has it. Kept likewise. */
const TimeZone *capo_time_zone_fixed(int offset, const char *name);
const char *capo_time_zone_name(const TimeZone *zone);
/* A small number for a zone, and back: what a Value of a datetime carries as its tag where it is shown in a zone of its own. 0: none. */
uint16_t capo_time_zone_id(const TimeZone *zone);
const TimeZone *capo_time_zone_by_id(uint16_t id);
const TimeZone *capo_time_zone_utc(void);
/* The zone that the running unit shows times in: its own, else settings' time_zone, else UTC. */
const TimeZone *capo_current_time_zone(void);
void capo_activate_time_zone(const TimeZone *zone);
/* Settings' time_zone, else UTC: the zone that a time without one is taken to be in. */
const TimeZone *capo_default_time_zone(void);
void capo_set_default_time_zone(const TimeZone *zone);

DateParts capo_local(DateTime instant, const TimeZone *zone);       /* zone NULL: the current one */
/* The instant of a local time; one that does not exist or is there twice takes the earlier offset (fold 0). */
DateTime capo_instant(const DateParts *parts, const TimeZone *zone);
/* The fields of a wall clock's time (a naive datetime: microseconds as if in UTC); zone is NULL. And back. */
DateParts capo_wall(DateTime wall);
DateTime capo_wall_from_parts(const DateParts *parts);
Date capo_local_date(DateTime instant);
Time capo_local_time(DateTime instant);

bool capo_date_valid(int year, int month, int day);
Date capo_date(int year, int month, int day);                       /* raises ERROR_VALUE for a day that is none */
void capo_date_parts(Date date, int *year, int *month, int *day);
int capo_date_weekday(Date date);                                   /* 0 Monday */
Time capo_time(int hour, int minute, int second, int microsecond);
int capo_days_in_month(int year, int month);

/* Django's parse_date, parse_datetime, …: ISO 8601 as Python's fromisoformat accepts it. False: not such a text.
 * A datetime without an offset is taken in `zone` (NULL: the current one). */
bool capo_parse_date(const char *text, Date *ret);
bool capo_parse_time(const char *text, Time *ret);
bool capo_parse_datetime(const char *text, const TimeZone *zone, DateTime *ret);
bool capo_parse_duration(const char *text, Duration *ret);          /* "3 04:05:06.7", "P3DT4H", "-1 00:00:00" */
bool capo_parse_uuid(const char *text, Uuid *ret);                  /* with or without hyphens, braces, urn:uuid: */
bool capo_parse_decimal(const char *text, Decimal *ret);            /* finite numbers only; text is copied */
/* strptime of Python's directives %Y %y %m %d %H %M %S %f %b %B %p %I, the whole text; English names. */
bool capo_strptime(const char *text, const char *format, DateParts *ret);
char *capo_strftime(const DateParts *parts, const char *format);

/* ISO texts: "2026-11-22", "08:30:00", "2026-11-22T08:30:00+00:00"; microseconds only where there are any. */
char *capo_date_iso(Date date);
char *capo_time_iso(Time time);
char *capo_datetime_iso(DateTime instant, const TimeZone *zone);    /* zone NULL: the current one */
char *capo_duration_iso(Duration duration);                         /* "P3DT04H05M06S", "-P0DT00H00M00.500000S" */
char *capo_duration_text(Duration duration);                        /* Python's str(): "3 days, 4:05:06" */
char *capo_uuid_text(const Uuid *uuid);                             /* with hyphens */
Uuid capo_uuid_random(void);                                        /* version 4 */

/* Django's date format letters (FEATURES.md appendix C): "N j, Y, P". A backslash escapes a letter. */
char *capo_format_parts(const DateParts *parts, const char *format);
char *capo_format_date(Date date, const char *format);
char *capo_format_datetime(DateTime instant, const char *format);   /* in the current zone */
char *capo_format_time(Time time, const char *format);

/* -1, 0, 1 by numeric value. */
int capo_decimal_compare(Decimal a, Decimal b);
Decimal capo_decimal_from_int(int64_t number);
double capo_decimal_to_double(Decimal decimal);
/* Rounded to `places` digits behind the point, half up or half even; always in plain notation. */
Decimal capo_decimal_quantize(Decimal decimal, int places, bool half_even);
Decimal capo_decimal_add(Decimal a, Decimal b);
/* Without what is behind the point, in plain notation; false where that takes more than 4,400 digits. */
bool capo_decimal_truncate(Decimal decimal, Decimal *ret);
/* Digits before and behind the point, leading zeros not counted. */
void capo_decimal_digits(Decimal decimal, int *ret_whole, int *ret_places);
