/* SPDX-License-Identifier: BSD-3-Clause */
/* Dates, times and durations out of texts, by Django's English input formats; and back into texts for inputs. */
#include "internal.h"
#include <string.h>

#define DATE_FORMATS "%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%b %d %Y", "%b %d, %Y", "%d %b %Y", "%d %b, %Y", "%B %d %Y", "%B %d, %Y", \
    "%d %B %Y", "%d %B, %Y"
static const char *const date_formats[] = { DATE_FORMATS, NULL };
static const char *const time_formats[] = { "%H:%M:%S", "%H:%M:%S.%f", "%H:%M", NULL };
static const char *const datetime_formats[] = {
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M",
    "%m/%d/%y %H:%M:%S", "%m/%d/%y %H:%M:%S.%f", "%m/%d/%y %H:%M", DATE_FORMATS, NULL
};

enum { DATE_SIZE_MAX = 100 };

/* The text without white space around, where it is short enough to be a date at all. */
static const char *short_text(Value raw)
{
    if (!capo_is_text(raw) || memchr(raw.text, 0, raw.size))
        return NULL;
    const char *at = raw.text;
    size_t size = raw.size;
    capo_trim(&at, &size);
    return size <= DATE_SIZE_MAX ? capo_strndup(at, size) : NULL;
}

static bool parse_by(const FormField *field, const char *const *usual, const char *text, DateParts *ret)
{
    for (const char *const *format = field->input_formats ? field->input_formats : usual; *format; format++)
        if (capo_strptime(text, *format, ret))
            return true;
    return false;
}

static bool fail_date(const FormField *field, Value raw, FieldErrors *errors)
{
    capo_form_field_fail(field, errors, "invalid", CAPO_VARS(V("value", raw)));
    return false;
}

static Date parts_date(const DateParts *parts)
{
    return capo_date(parts->year, parts->month, parts->day);
}

/* A wall-clock value (marked naive) as the parts it shows. */
static DateParts wall_parts(DateTime wall)
{
    return capo_local(wall, capo_time_zone("UTC"));
}

bool capo_form_date(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (raw.kind == VALUE_DATE)
        return *ret = raw, true;
    if (raw.kind == VALUE_DATETIME) {
        DateParts wall = wall_parts(raw.datetime);
        *ret = capo_value_date(raw.flags & VALUE_FLAG_NAIVE ? parts_date(&wall) : capo_local_date(raw.datetime));
        return true;
    }
    const char *text = short_text(raw);
    DateParts parts;
    if (!text || !parse_by(field, date_formats, text, &parts))
        return fail_date(field, raw, errors);
    *ret = capo_value_date(parts_date(&parts));
    return true;
}

bool capo_form_time(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (raw.kind == VALUE_TIME)
        return *ret = raw, true;
    const char *text = short_text(raw);
    DateParts parts;
    if (!text || !parse_by(field, time_formats, text, &parts))
        return fail_date(field, raw, errors);
    *ret = capo_value_time(capo_time(parts.hour, parts.minute, parts.second, parts.microsecond));
    return true;
}

static bool same_clock(const DateParts *a, const DateParts *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day && a->hour == b->hour && a->minute == b->minute;
}

/* A local time as an instant. One that the clocks skip, or show twice, is refused, as Django does. */
static bool instant_of(const FormField *field, const DateParts *parts, Value *ret, FieldErrors *errors)
{
    DateTime instant = capo_instant(parts, NULL);
    DateParts back = capo_local(instant, NULL);
    bool twice = false;
    for (int hours = 1; hours <= 2 && !twice; hours++) {
        DateParts later = capo_local((DateTime){ instant.microseconds + hours * 1800000000LL }, NULL);
        twice = same_clock(&later, parts);
    }
    if (!same_clock(&back, parts) || twice) {
        const char *shown = capo_strftime(parts, "%Y-%m-%d %H:%M:%S");
        Problem problem = { .code = "ambiguous_timezone",
            .message = "%(datetime)s couldn’t be interpreted in time zone %(current_timezone)s; it may be ambiguous or it may not exist.",
            .params = CAPO_VARS(V("datetime", shown), V("current_timezone", capo_time_zone_name(capo_current_time_zone()))) };
        capo_form_field_fail_problem(field, errors, &problem);
        return false;
    }
    *ret = capo_value_datetime(instant);
    return true;
}

bool capo_form_datetime(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    DateParts parts;
    if (raw.kind == VALUE_DATETIME) {
        if (!(raw.flags & VALUE_FLAG_NAIVE))
            return *ret = raw, true;
        parts = wall_parts(raw.datetime);
        return instant_of(field, &parts, ret, errors);
    }
    if (raw.kind == VALUE_DATE) {
        parts = (DateParts){ 0 };
        capo_date_parts(raw.date, &parts.year, &parts.month, &parts.day);
        return instant_of(field, &parts, ret, errors);
    }
    const char *text = short_text(raw);
    if (!text)
        return fail_date(field, raw, errors);
    DateTime instant, elsewhere;
    if (capo_parse_datetime(text, capo_time_zone("UTC"), &instant)) {
        /* With an offset the zone makes no difference; without one the parts are those of the current zone. */
        const TimeZone *other = capo_time_zone("Etc/GMT+12");
        if (other && capo_parse_datetime(text, other, &elsewhere) && elsewhere.microseconds == instant.microseconds)
            return *ret = capo_value_datetime(instant), true;
        parts = wall_parts(instant);
        return instant_of(field, &parts, ret, errors);
    }
    if (!parse_by(field, datetime_formats, text, &parts))
        return fail_date(field, raw, errors);
    return instant_of(field, &parts, ret, errors);
}

/* SplitDateTimeField: a list of a date and a time, each cleaned on its own. */
bool capo_form_split_datetime(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (raw.kind == VALUE_DATETIME)
        return capo_form_datetime(field, raw, ret, errors);
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (raw.kind != VALUE_LIST)
        return fail_date(field, raw, errors);
    Value date = raw.list->count > 0 ? raw.list->items[0] : capo_value_null();
    Value time = raw.list->count > 1 ? raw.list->items[1] : capo_value_null();
    if (capo_form_is_empty(date) && capo_form_is_empty(time))
        return *ret = capo_value_null(), true;
    if (!field->optional && (capo_form_is_empty(date) || capo_form_is_empty(time))) {
        capo_form_field_fail(field, errors, "required", NULL);
        return false;
    }
    FormField part = *field;
    part.input_formats = NULL;
    FieldErrors ignored = { 0 };
    bool date_good = capo_form_date(&part, date, &date, &ignored), time_good = capo_form_time(&part, time, &time, &ignored);
    if (!date_good || capo_is_null(date))
        capo_form_field_fail(field, errors, "invalid_date", NULL);
    if (!time_good || capo_is_null(time))
        capo_form_field_fail(field, errors, "invalid_time", NULL);
    if (errors->count)
        return false;
    DateParts parts = { 0 };
    capo_date_parts(date.date, &parts.year, &parts.month, &parts.day);
    int64_t seconds = time.time.microseconds / 1000000;
    parts.hour = (int)(seconds / 3600);
    parts.minute = (int)(seconds / 60 % 60);
    parts.second = (int)(seconds % 60);
    parts.microsecond = (int)(time.time.microseconds % 1000000);
    return instant_of(field, &parts, ret, errors);
}

/* Outside what a duration can be: days of more than nine digits, before a blank, or seconds of as many as those days have. */
static bool days_overflow(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t digits = strspn(text, "0123456789");
    return (digits > 9 && text[digits] == ' ') || (digits > 14 && !text[digits]);
}

bool capo_form_duration(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (raw.kind == VALUE_DURATION)
        return *ret = raw, true;
    const char *text = short_text(capo_value_to_text(raw));
    Duration duration;
    if (text && days_overflow(text)) {
        capo_form_field_fail(field, errors, "overflow", CAPO_VARS(V("min_days", -999999999), V("max_days", 999999999)));
        return false;
    }
    if (!text || !capo_parse_duration(text, &duration))
        return fail_date(field, raw, errors);
    *ret = capo_value_duration(duration);
    return true;
}

/* Django's duration_string: "3 04:05:06.700000", "00:00:10", "-1 00:00:01". */
static char *duration_text(Duration duration)
{
    int64_t day = 86400LL * 1000000, days = duration.microseconds / day, rest = duration.microseconds % day;
    if (rest < 0) {
        rest += day;
        days--;
    }
    int seconds = (int)(rest / 1000000), part = (int)(rest % 1000000);
    Buffer out = { 0 };
    if (days)
        capo_put_format(&out, "%lld ", (long long)days);
    capo_put_format(&out, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (part)
        capo_put_format(&out, ".%06d", part);
    return capo_buffer_text(&out);
}

Value capo_form_format_value(const FormField *field, Value value)
{
    DateParts parts;
    value = capo_form_held_value(field, value);
    switch ((ValueKind)value.kind) {
    case VALUE_DATETIME:
        parts = value.flags & VALUE_FLAG_NAIVE ? wall_parts(value.datetime) : capo_local(value.datetime, NULL);
        if (field->kind == FORM_DATE)
            return capo_value_text(capo_strftime(&parts, "%Y-%m-%d"));
        return capo_value_text(capo_strftime(&parts, field->kind == FORM_TIME ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S"));
    case VALUE_DATE: return capo_value_text(capo_date_iso(value.date));
    case VALUE_TIME: return capo_value_text(capo_time_iso((Time){ value.time.microseconds / 1000000 * 1000000 }));
    case VALUE_DURATION: return capo_value_text(duration_text(value.duration));
    default: return value;
    }
}
