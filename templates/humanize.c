/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load humanize %}: numbers and dates as people say them. */
#include "filters.h"
#include "../core/base/clock.h"
#include <capo/i18n.h>
#include <string.h>

/* The digits of a whole number of any size, sign included; NULL: it is none. */
static const char *whole_number(Value v)
{
    int64_t small;
    if (v.kind == VALUE_DECIMAL || capo_is_text(v)) {
        const char *text = capo_strip(capo_to_text(v));
        const char *digits = text + (*text == '-' || *text == '+');
        size_t n = strspn(digits, "0123456789");
        if (n == 0)
            return NULL;
        if (digits[n] && !(v.kind == VALUE_DECIMAL && digits[n] == '.'))
            return NULL;
        while (n > 1 && *digits == '0') {
            digits++;
            n--;
        }
        return capo_format("%s%.*s", *text == '-' && *digits != '0' ? "-" : "", (int)n, digits);
    }
    return capo_python_int(v, &small) == INT_OK ? capo_format("%lld", (long long)small) : NULL;
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
    return capo_value_safe(capo_format("%s%s", digits, teen ? "th" : suffixes[digits[n - 1] - '0']));
}

static void put_commas(Buffer *out, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            capo_put_char(out, ',');
        capo_put_char(out, digits[i]);
    }
}

static Value intcomma(const Filtering *f, Value v, Value arg)
{
    if (v.kind == VALUE_NULL)
        return v;
    bool localise = !f->has_argument || capo_truth(arg);
    Buffer out = { 0 };
    if (localise && (v.kind == VALUE_REAL || v.kind == VALUE_DECIMAL)) {
        capo_put_number_with(&out, v, -1, true, capo_formats());
        return capo_buffer_value(&out, false);
    }
    const char *text = localise ? whole_number(v) : NULL;
    if (text) {
        capo_put_number_with(&out, capo_value_text(text), -1, true, capo_formats());
        return capo_buffer_value(&out, v.kind == VALUE_SAFE);
    }
    text = capo_to_text(v);
    const char *digits = text + (*text == '-');
    size_t n = strspn(digits, "0123456789");
    capo_put_bytes(&out, text, (size_t)(digits - text));
    put_commas(&out, digits, n);
    capo_put(&out, digits + n);
    return capo_buffer_value(&out, v.kind == VALUE_SAFE);
}

static Value intword(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    static const struct { int exponent; const char *word; } rows[] = {
        { 6, "million" }, { 9, "billion" }, { 12, "trillion" }, { 15, "quadrillion" }, { 18, "quintillion" }, { 21, "sextillion" },
        { 24, "septillion" }, { 27, "octillion" }, { 30, "nonillion" }, { 33, "decillion" }, { 100, "googol" },
    };
    const char *number = whole_number(v);
    if (!number)
        return v;
    int digits = (int)strlen(number) - (*number == '-');
    if (digits > 6)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (digits <= rows[i].exponent + 3) {
                Decimal scaled = capo_decimal_quantize((Decimal){ capo_format("%sE-%d", number, rows[i].exponent) }, 1, false);
                return capo_value_text(capo_format("%s %s", scaled.text, rows[i].word));
            }
    return v.kind == VALUE_INT ? v : capo_value_text(number);
}

static Value apnumber(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    static const char *const words[] = { "one", "two", "three", "four", "five", "six", "seven", "eight", "nine" };
    int64_t n;
    if (capo_python_int(v, &n) != INT_OK)
        return v;
    if (n < 1 || n > 9)
        return capo_value_int(n);
    return capo_value_text(words[n - 1]);
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
    case 0: return capo_value_text("today");
    case 1: return capo_value_text("tomorrow");
    case -1: return capo_value_text("yesterday");
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
        now.datetime.microseconds += (int64_t)capo_local(now.datetime, NULL).offset * US_PER_SECOND;
    }
    int64_t us = now.datetime.microseconds - v.datetime.microseconds;
    bool past = us > 0;
    if (!past)
        us = -us;
    int64_t seconds = us / US_PER_SECOND;
    const char *when = past ? "ago" : "from now";
    Buffer out = { 0 };
    if (seconds == 0) {
        capo_put(&out, "now");
    } else if (seconds >= 86400) {
        capo_put_timesince(f->context, &out, v, now, !past, 2);
        capo_put_format(&out, " %s", when);
    } else if (seconds < 60) {
        capo_put_format(&out, seconds == 1 ? "a second %s" : "%2$lld\xC2\xA0seconds %1$s", when, (long long)seconds);
    } else if (seconds < 3600) {
        capo_put_format(&out, seconds / 60 == 1 ? "a minute %s" : "%2$lld\xC2\xA0minutes %1$s", when, (long long)(seconds / 60));
    } else {
        capo_put_format(&out, seconds / 3600 == 1 ? "an hour %s" : "%2$lld\xC2\xA0hours %1$s", when, (long long)(seconds / 3600));
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
