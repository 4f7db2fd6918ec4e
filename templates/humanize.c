/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load humanize %}: numbers and dates as people say them. */
#include "filters.h"
#include "../core/base/clock.h"
#include <capo/i18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The digits of a whole number of any size, sign included; NULL: it is none. */
static const char *whole_number(Value v)
{
    Value whole;
    return capo_python_whole(v, &whole) == INT_OK ? capo_to_text(whole) : NULL;
}

static Value ordinal(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    const char *digits = whole_number(v);
    if (!digits)
        return v;
    if (*digits == '-')
        return capo_value_text(digits);
    size_t n = strlen(digits);
    bool teen = n > 1 && digits[n - 2] == '1' && digits[n - 1] >= '1' && digits[n - 1] <= '3';
    static const char *const suffixes[10] = { "th", "st", "nd", "rd", "th", "th", "th", "th", "th", "th" };
    int last = digits[n - 1] - '0';
    const char *text = teen ? capo_pgettext("ordinal 11, 12, 13", "{}th")
                            : capo_pgettext(capo_format("ordinal %d", last), capo_format("{}%s", suffixes[last]));
    const char *hole = strstr(text, "{}");
    return capo_value_safe(hole ? capo_format("%.*s%s%s", (int)(hole - text), text, digits, hole + 2) : text);
}

/* A comma before each three digits of any script, counted from the last of those that the text begins with. */
static void put_commas(Buffer *out, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    if (at < end && *at == '-')
        capo_put_char(out, *at++);
    size_t count = 0, seen = 0;
    for (const char *next = at; next < end && capo_digit_value(capo_utf8_next(&next, end)) >= 0;)
        count++;
    for (const char *start = at; seen < count; start = at) {
        capo_utf8_next(&at, end);
        if (seen && (count - seen) % 3 == 0)
            capo_put_char(out, ',');
        capo_put_bytes(out, start, (size_t)(at - start));
        seen++;
    }
    capo_put_bytes(out, at, (size_t)(end - at));
}

static Value intcomma(const Filtering *f, Value v, Value arg)
{
    if (v.kind == VALUE_NULL)
        return v;
    bool localise = !f->has_argument || capo_truth(arg);
    Buffer out = { 0 };
    if (localise && (v.kind == VALUE_REAL || v.kind == VALUE_DECIMAL || capo_python_whole(v, &v) == INT_OK)) {
        capo_put_number_with(&out, v, -1, true, capo_formats());
        return capo_buffer_value(&out, false);
    }
    Value text = capo_value_to_text(v);
    put_commas(&out, text.text, text.size);
    return capo_buffer_value(&out, v.kind == VALUE_SAFE);
}

static Value intword(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    static const struct { int exponent; const char *word; } rows[] = {
        { 6, "million" }, { 9, "billion" }, { 12, "trillion" }, { 15, "quadrillion" }, { 18, "quintillion" }, { 21, "sextillion" },
        { 24, "septillion" }, { 27, "octillion" }, { 30, "nonillion" }, { 33, "decillion" }, { 100, "googol" },
    };
    Value whole;
    if (capo_python_whole(v, &whole) != INT_OK)
        return v;
    const char *number = capo_to_text(whole);
    int digits = (int)strlen(number) - (*number == '-');
    for (size_t i = 0; digits > 6 && i < sizeof rows / sizeof *rows; i++)
        if (digits <= rows[i].exponent + 3) {
            /* Python divides into a float first, and rounds its shortest digits. */
            double scaled = strtod(capo_format("%sE-%d", number, rows[i].exponent), NULL);
            Decimal rounded = capo_decimal_quantize((Decimal){ capo_to_text(capo_value_real(scaled)) }, 1, false);
            Buffer text = { 0 };
            capo_put_number_with(&text, capo_value_text(rounded.text), 1, f->context->engine->thousand_separator, capo_formats());
            const char *message = capo_format("%%(value)s %s", rows[i].word);
            double count = fabs((scaled < 1 ? floor(scaled - 1) : ceil(scaled - 1)) + 1);     /* away from one */
            const char *translation = capo_translation(NULL, message, message, count);
            return capo_value_text(capo_fill(translation ? translation : message, V("value", capo_buffer_text(&text))));
        }
    return whole;
}

static Value apnumber(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    static const char *const words[] = { "one", "two", "three", "four", "five", "six", "seven", "eight", "nine" };
    Value n;
    if (capo_python_whole(v, &n) != INT_OK)
        return v;
    return n.kind == VALUE_INT && n.integer > 0 && n.integer < 10 ? capo_value_text(capo_gettext(words[n.integer - 1])) : n;
}

static Value naturalday(const Filtering *f, Value v, Value arg)
{
    Date date;
    DateParts now = capo_local(capo_now(), NULL);
    if (v.kind == VALUE_DATE) {
        date = v.date;
    } else if (v.kind == VALUE_DATETIME) {
        DateParts parts = capo_context_parts(f->context, v);
        const TimeZone *own = capo_time_zone_by_id(v.tag);
        if (!(v.flags & VALUE_FLAG_NAIVE) && own && !f->context->use_time_zone)
            now = capo_local(capo_now(), own);
        date.days = (int32_t)capo_days_from_civil(parts.year, parts.month, parts.day);
    } else {
        return v;
    }
    switch ((int64_t)date.days - capo_days_from_civil(now.year, now.month, now.day)) {
    case 0: return capo_value_text(capo_gettext("today"));
    case 1: return capo_value_text(capo_gettext("tomorrow"));
    case -1: return capo_value_text(capo_gettext("yesterday"));
    }
    Buffer out = { 0 };
    const char *format = f->has_argument && capo_truth(arg) ? capo_to_text(arg) : "DATE_FORMAT";
    capo_put_date(f->context, &out, capo_value_date(date), format, false);
    return capo_buffer_value(&out, false);
}

static Value naturaltime(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    if (v.kind != VALUE_DATETIME)
        return v;
    Value now = capo_value_datetime(capo_now());
    if (v.flags & VALUE_FLAG_NAIVE) {
        now.flags = VALUE_FLAG_NAIVE;
        now.datetime.microseconds += (int64_t)capo_local(now.datetime, capo_default_time_zone()).offset * US_PER_SECOND;
    }
    int64_t us = now.datetime.microseconds - v.datetime.microseconds;
    bool past = us > 0;
    if (!past)
        us = -us;
    int64_t seconds = us / US_PER_SECOND;
    Buffer out = { 0 }, delta = { 0 };
    if (seconds == 0) {
        capo_put(&out, capo_gettext("now"));
    } else if (seconds >= 86400) {
        capo_put_timesince_as(past ? "naturaltime-past" : "naturaltime-future", f->context, &delta, v, now, !past, 2);
        capo_put(&out, capo_fill(capo_gettext(past ? "%(delta)s ago" : "%(delta)s from now"), V("delta", capo_buffer_text(&delta))));
    } else {
        /* the messages have a no-break space before the unit */
        static const struct { int64_t seconds; const char *past[2], *future[2]; } rows[] = {
            { 1, { "a second ago", "%(count)s\u00a0seconds ago" }, { "a second from now", "%(count)s\u00a0seconds from now" } },
            { 60, { "a minute ago", "%(count)s\u00a0minutes ago" }, { "a minute from now", "%(count)s\u00a0minutes from now" } },
            { 3600, { "an hour ago", "%(count)s\u00a0hours ago" }, { "an hour from now", "%(count)s\u00a0hours from now" } },
        };
        int row = seconds < 60 ? 0 : seconds < 3600 ? 1 : 2;
        int64_t count = seconds / rows[row].seconds;
        const char *const *texts = past ? rows[row].past : rows[row].future;
        capo_put(&out, capo_fill(capo_ngettext(texts[0], texts[1], count), V("count", count)));
    }
    return capo_buffer_value(&out, false);
}

const Filter capo_humanize_filters[] = {
    { "apnumber", apnumber, .is_safe = true },
    { "intcomma", intcomma, ARGUMENT_OPTIONAL, .is_safe = true },
    { "intword", intword },
    { "naturalday", naturalday, ARGUMENT_OPTIONAL, .local_time = true },
    { "naturaltime", naturaltime },
    { "ordinal", ordinal, .is_safe = true },
    { 0 }
};
