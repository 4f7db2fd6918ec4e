/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of time share, and tests may touch. */
#pragma once
#include <capo/buffer.h>
#include <capo/time.h>

/* Microseconds that capo_now gives instead of the clock's; INT64_MIN: the clock runs. */
extern int64_t capo_clock_frozen;

enum { US_PER_SECOND = 1000000 };
#define US_PER_DAY (86400LL * 1000000)

/* An instant that the functions here can count with. The calendar ends at the year 9999; what is far beyond it (a broken row, a
 * sum of durations) is taken as some year 137,000 before or after, so that neither it nor a difference of two overflows. */
static inline int64_t capo_bounded_us(int64_t microseconds)
{
    const int64_t most = 50000000 * US_PER_DAY;
    return microseconds > most ? most : microseconds < -most ? -most : microseconds;
}
/* The beginning of a day as a wall clock's time, bounded likewise. */
static inline int64_t capo_midnight_us(Date date)
{
    return (date.days > 50000000 ? 50000000 : date.days < -50000000 ? -50000000 : date.days) * US_PER_DAY;
}

/* Days since 1970-01-01 of any day of the proleptic Gregorian calendar, without checks, and back. */
int64_t capo_days_from_civil(int64_t year, int month, int day);
void capo_civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day);

/* Whether the zone is one offset, as capo_time_zone_fixed makes them. */
bool capo_time_zone_is_fixed(const TimeZone *zone, int *ret_offset);

/* What a format is applied to: it decides which letters there are. A time of day has `c` and `I` only where it is shown as dates are. */
typedef enum DateFormatKind { FORMAT_DATE, FORMAT_TIME, FORMAT_DATETIME, FORMAT_TIME_OF_DATETIME, FORMAT_TIME_AS_DATE, FORMAT_NOTHING } DateFormatKind;
/* The words of dates. core/i18n puts its function here once there is another language than English; NULL as a result means the English
 * word. `index` counts months and weekdays (Monday) from 0; of halves and hours 0 is a.m., midnight. */
typedef enum DateWord { WORD_MONTH, WORD_MONTH_ALT, WORD_MONTH_SHORT, WORD_MONTH_AP, WORD_WEEKDAY, WORD_WEEKDAY_SHORT, WORD_HALF,
                        WORD_HALF_DOTTED, WORD_HOUR } DateWord;
extern const char *(*capo_date_word_hook)(DateWord kind, int index, const char *english);

/* Appends by Django's letters. 0, or the letter that this kind has no value for; then nothing useful was appended. */
char capo_put_date_format(Buffer *out, const DateParts *parts, DateFormatKind kind, const char *format);

/* As the public ones, but telling texts of another form (0) from well-formed ones of no day or hour (-1, Django's ValueError). */
int capo_read_date(const char *text, int *year, int *month, int *day);
int capo_read_time(const char *text, DateParts *ret);
/* ret->zone is "" where the text has an offset, NULL where it has none. */
int capo_read_datetime(const char *text, DateParts *ret);
int capo_read_duration(const char *text, Duration *ret);
/* ISO text of parts: with offset where parts->zone. */
void capo_put_iso_datetime(Buffer *out, const DateParts *parts, char separator);
