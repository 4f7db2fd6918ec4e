/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters on dates and times, and time since. */
#include "filters.h"
#include "../core/base/clock.h"
#include <capo/i18n.h>
#include <string.h>

/* The format that a setting's name stands for in the current language, or the text itself. */
static const char *format_named(const char *format)
{
    const char *found = capo_format_named(capo_formats(), format);
    return found ? found : format;
}

bool capo_put_date(Context *context, Buffer *out, Value v, const char *format, bool time_filter)
{
    DateParts parts;
    DateFormatKind kind;
    if (v.kind == VALUE_DATETIME) {
        parts = capo_context_parts(context, v);
        kind = time_filter ? FORMAT_TIME_OF_DATETIME : FORMAT_DATETIME;
    } else if (v.kind == VALUE_DATE) {
        parts = capo_wall((DateTime){ capo_midnight_us(v.date) });
        kind = time_filter ? FORMAT_NOTHING : FORMAT_DATE;
    } else if (v.kind == VALUE_TIME) {
        parts = capo_wall((DateTime){ v.time.microseconds });
        kind = time_filter ? FORMAT_TIME : FORMAT_TIME_AS_DATE;
    } else {
        parts = (DateParts){ .year = 1, .month = 1, .day = 1 };
        kind = FORMAT_NOTHING;          /* only what is no letter prints */
    }
    size_t before = out->size;
    char bad = capo_put_date_format(out, &parts, kind, format_named(format));
    if (!bad)
        return true;
    if (out->data) {
        out->size = before;
        out->data[before] = 0;
    }
    /* A time of day has no such attribute, which the filters pass over; a date's is an error that they tell. */
    if ((kind == FORMAT_DATE && !time_filter) || (kind == FORMAT_TIME_AS_DATE && strchr("rU", bad)))
        capo_raise(ERROR_VALUE, "The format '%s' has the letter '%c', which a %s has no value for.", format, bad,
                   kind == FORMAT_DATE ? "date" : "time");
    return false;
}

static Value format_value(const Filtering *f, Value v, Value arg, const char *otherwise, bool time_filter)
{
    Buffer out = { 0 };
    if (v.kind == VALUE_NULL || (capo_is_text(v) && v.size == 0))
        return capo_value_text("");
    const char *format = f->has_argument && capo_truth(arg) ? capo_to_text(arg) : otherwise;
    if (!capo_put_date(f->context, &out, v, format, time_filter))
        return capo_value_text("");
    return capo_buffer_value(&out, false);
}

static Value date(const Filtering *f, Value v, Value arg)
{
    return format_value(f, v, arg, "DATE_FORMAT", false);
}

static Value time_of_day(const Filtering *f, Value v, Value arg)
{
    return format_value(f, v, arg, "TIME_FORMAT", true);
}

/* --- timesince ------------------------------------------------------------------------------------------------------------------------------ */

static const struct { const char *one, *many; } units[] = {
    { CAPO_NOOP("%(num)d year"), "%(num)d years" }, { CAPO_NOOP("%(num)d month"), "%(num)d months" }, { CAPO_NOOP("%(num)d week"), "%(num)d weeks" },
    { CAPO_NOOP("%(num)d day"), "%(num)d days" }, { CAPO_NOOP("%(num)d hour"), "%(num)d hours" }, { CAPO_NOOP("%(num)d minute"), "%(num)d minutes" },
};

void capo_put_unbroken(Buffer *out, const char *text)
{
    for (; *text; text++)
        if (*text == ' ')
            capo_put(out, "\xC2\xA0");
        else
            capo_put_char(out, *text);
}

static void put_count(Buffer *out, const char *message_context, int64_t n, int unit)
{
    capo_put_unbroken(out, capo_fill(capo_npgettext(message_context, units[unit].one, units[unit].many, n), V("num", n)));
}

/* A moment as comparable microseconds; false: not a date. */
static bool moment(Value v, int64_t *ret, bool *ret_naive)
{
    *ret_naive = true;
    if (v.kind == VALUE_DATE) {
        *ret = capo_midnight_us(v.date);
    } else if (v.kind == VALUE_DATETIME) {
        *ret = capo_bounded_us(v.datetime.microseconds);
        *ret_naive = v.flags & VALUE_FLAG_NAIVE;
    } else {
        return false;
    }
    return true;
}

static DateTime add_months(DateTime from, int64_t years, int months)
{
    static const int days_in_month[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    DateParts parts = capo_wall(from);
    int64_t month = parts.month - 1 + months;
    parts.year += (int)(years + month / 12);
    parts.month = (int)(month % 12) + 1;
    /* as Django: the length of a month in a common year bounds the day */
    if (parts.day > days_in_month[parts.month - 1])
        parts.day = days_in_month[parts.month - 1];
    return capo_wall_from_parts(&parts);
}

bool capo_put_timesince(Context *context, Buffer *out, Value then, Value now, bool until, int depth)
{
    return capo_put_timesince_as(NULL, context, out, then, now, until, depth);
}

bool capo_put_timesince_as(const char *message_context, Context *context, Buffer *out, Value then, Value now, bool until, int depth)
{
    int64_t from, to;
    bool from_naive, to_naive = true;
    if (!moment(then, &from, &from_naive))
        return false;
    if (now.kind == VALUE_NULL) {
        to = capo_now().microseconds;
        to_naive = from_naive;
        if (from_naive)             /* now by the wall clock here */
            to += (int64_t)capo_local((DateTime){ to }, capo_default_time_zone()).offset * US_PER_SECOND;
    } else if (!moment(now, &to, &to_naive)) {
        return false;
    }
    if (from_naive != to_naive)
        return false;
    if (!from_naive) {              /* calendar steps are taken on the wall clock */
        const TimeZone *zone = capo_time_zone_by_id(then.tag);
        if (!zone)
            zone = capo_time_zone_utc();
        (void)context;
        from += (int64_t)capo_local((DateTime){ from }, zone).offset * US_PER_SECOND;
        to += (int64_t)capo_local((DateTime){ to }, zone).offset * US_PER_SECOND;
    }
    if (until) {
        int64_t swap = from;
        from = to;
        to = swap;
    }
    int64_t since = (to - from) / US_PER_SECOND;
    if (to - from < 0 || since <= 0) {
        put_count(out, message_context, 0, 5);
        return true;
    }
    DateParts a = capo_wall((DateTime){ from }), b = capo_wall((DateTime){ to });
    int64_t months = (b.year - a.year) * 12LL + b.month - a.month;
    int64_t a_time = ((a.hour * 60 + a.minute) * 60LL + a.second) * US_PER_SECOND + a.microsecond;
    int64_t b_time = ((b.hour * 60 + b.minute) * 60LL + b.second) * US_PER_SECOND + b.microsecond;
    if (a.day > b.day || (a.day == b.day && a_time > b_time))
        months--;
    int64_t parts[6] = { months / 12, months % 12 };
    DateTime pivot = { from };
    if (parts[0] || parts[1])
        pivot = add_months(pivot, parts[0], (int)parts[1]);
    int64_t rest = (to - pivot.microseconds) / US_PER_SECOND;
    static const int64_t sizes[4] = { 604800, 86400, 3600, 60 };
    for (int i = 0; i < 4; i++) {
        parts[2 + i] = rest / sizes[i];
        rest %= sizes[i];
    }
    int first = 0;
    while (first < 6 && parts[first] == 0)
        first++;
    if (first == 6) {
        put_count(out, message_context, 0, 5);
        return true;
    }
    for (int i = first, shown = 0; i < 6 && shown < depth && parts[i] != 0; i++, shown++) {
        if (shown)
            capo_put(out, capo_gettext(", "));
        put_count(out, message_context, parts[i], i);
    }
    return true;
}

static Value since_or_until(const Filtering *f, Value v, Value arg, bool until)
{
    Buffer out = { 0 };
    if (!capo_truth(v))
        return capo_value_text("");
    if (!capo_put_timesince(f->context, &out, v, f->has_argument && capo_truth(arg) ? arg : (Value){ 0 }, until, 2)) {
        bool odd_argument = f->has_argument && capo_truth(arg) && arg.kind != VALUE_DATE && arg.kind != VALUE_DATETIME;
        if (odd_argument || (v.kind != VALUE_DATE && v.kind != VALUE_DATETIME))
            capo_raise(ERROR_VALUE, "The filter '%s' needs a date, not '%.100s'.", until ? "timeuntil" : "timesince",
                       capo_to_text(odd_argument ? arg : v));
        return capo_value_text("");
    }
    return capo_buffer_value(&out, false);
}

static Value timesince(const Filtering *f, Value v, Value arg) { return since_or_until(f, v, arg, false); }
static Value timeuntil(const Filtering *f, Value v, Value arg) { return since_or_until(f, v, arg, true); }

const Filter capo_date_filters[] = {
    { "date", date, ARGUMENT_OPTIONAL, .local_time = true },
    { "time", time_of_day, ARGUMENT_OPTIONAL, .local_time = true },
    { "timesince", timesince, ARGUMENT_OPTIONAL },
    { "timeuntil", timeuntil, ARGUMENT_OPTIONAL },
    { 0 }
};
