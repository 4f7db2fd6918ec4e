/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters on numbers, and Django's numberformat. Digits are bounded: "1e1000000000" is not written out. */
#include "filters.h"
#include <capo/i18n.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIGITS = 200 };

/* --- floatformat ------------------------------------------------------------------------------------------------------------------------- */

static bool decimal_of(Value v, Decimal *ret)
{
    if (v.kind == VALUE_DECIMAL) {
        *ret = v.decimal;
        return true;
    }
    return capo_parse_decimal(capo_to_text(v), ret);
}

/* A magnitude to so many places, halves upwards, without looking at all its digits; false: it is too large for that, or so near to the half of
 * two that they decide. places <= 6. */
static bool put_rounded(Buffer *out, double real, int places, const LocaleFormats *formats)
{
    static const uint32_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
    double scaled = fabs(real) * powers[places], whole = floor(scaled), part = scaled - whole;
    /* below 10^9 neither the product nor the shortest digits of the number are off by 10^-6 */
    if (!(scaled < 1e9) || fabs(part - 0.5) < 1e-6)
        return false;
    uint32_t digits = (uint32_t)whole + (part > 0.5);
    if (real < 0 && digits)
        capo_put_char(out, '-');
    capo_put_int(out, digits / powers[places]);
    if (places) {
        capo_put(out, formats->decimal_separator);
        capo_put_padded(out, digits % powers[places], places);
    }
    return true;
}

/* Most of what floatformat gets. */
static bool put_plain_float(Buffer *out, const Filtering *f, Value v, Value arg)
{
    if ((v.kind != VALUE_REAL && v.kind != VALUE_INT) || arg.kind != VALUE_INT || arg.integer < -6 || arg.integer > 6 || !f->context ||
        f->context->engine->thousand_separator)
        return false;
    double real = v.kind == VALUE_INT ? (double)v.integer : v.real;
    if (real != 0 && fabs(real) < 1e-99)        /* more digits than are written out: shown as it is */
        return false;
    bool integral = arg.integer < 0 && real == floor(real);
    return put_rounded(out, real, integral ? 0 : (int)llabs(arg.integer), capo_formats());
}

static Value floatformat(const Filtering *f, Value v, Value arg)
{
    bool grouping = false, localise = true;
    Value original = v;
    if (!f->has_argument)
        arg = capo_value_int(-1);
    Buffer out = { 0 };
    if (put_plain_float(&out, f, v, arg))
        return capo_buffer_value(&out, true);
    if (capo_is_text(arg)) {
        const char *text = arg.text;
        size_t size = arg.size;
        /* "2g", "2u", "2gu": grouped, unlocalised; the group's size is a matter of localisation, so that the latter two are the same */
        if (size > 1 && (capo_ends_with(text, "gu") || capo_ends_with(text, "ug"))) {
            localise = false;
            size -= 2;
        } else if (size && text[size - 1] == 'g') {
            grouping = true;
            size--;
        } else if (size && text[size - 1] == 'u') {
            localise = false;
            size--;
        }
        if (arg.size == 0)
            capo_raise(ERROR_VALUE, "The filter 'floatformat' needs a number of places, not an empty text.");
        arg = capo_value_copy_n(size ? text : "-1", size ? size : 2);
    }
    if (v.kind == VALUE_NULL)
        return capo_value_text(v.flags & VALUE_FLAG_MISSING ? "" : "");
    Decimal decimal;
    if ((v.kind == VALUE_REAL && !isfinite(v.real)) || capo_is_special(v)) {
        if (capo_python_int(arg, &(int64_t){ 0 }) == INT_TYPE_ERROR)
            capo_python_int_or_raise("floatformat", arg);
        return capo_value_to_text(v);
    }
    if (!decimal_of(v, &decimal)) {
        /* Decimal(str(value)) failed: Decimal(str(float(value))) */
        double real;
        if (!capo_python_float(v, &real))
            return capo_value_text("");
        if (!isfinite(real))
            return capo_value_to_text(original);
        if (!capo_parse_decimal(capo_to_text(capo_value_real(real)), &decimal))
            return capo_value_text("");
    }
    int64_t places;
    IntResult given = capo_python_int(arg, &places);
    if (given == INT_TYPE_ERROR)
        capo_python_int_or_raise("floatformat", arg);
    if (given != INT_OK)
        return capo_value_to_text(original);
    if (capo_number_size(decimal.text) > MAX_DIGITS)
        return capo_value_to_text(original);
    bool integral = places < 0 && capo_decimal_compare(decimal, capo_decimal_quantize(decimal, 0, true)) == 0;
    bool use_grouping = grouping || (localise && f->context && f->context->engine->thousand_separator);
    const LocaleFormats *formats = localise ? capo_formats() : capo_plain_formats();
    if (integral) {
        Decimal rounded = capo_decimal_quantize(decimal, 0, true);
        if (rounded.text[0] == '-' && capo_decimal_compare(rounded, (Decimal){ "0" }) == 0)
            rounded.text++;
        capo_put_number_with(&out, capo_value_text(rounded.text), 0, use_grouping, formats);
        return capo_buffer_value(&out, true);
    }
    if (places > 1000 || places < -1000)
        return capo_value_to_text(original);
    Decimal rounded = capo_decimal_quantize(decimal, (int)llabs(places), false);
    if (rounded.text[0] == '-' && capo_decimal_compare(rounded, (Decimal){ "0" }) == 0)
        rounded.text++;
    capo_put_number_with(&out, capo_value_text(rounded.text), (int)llabs(places), use_grouping, formats);
    return capo_buffer_value(&out, true);
}

/* --- the others ---------------------------------------------------------------------------------------------------------------------------- */

/* "" where the sum is no day of the calendar, as Django gives for an OverflowError. */
static Value add_duration(Value v, int64_t us)
{
    const int64_t day = 86400LL * 1000000, first = -719162, end = 2932897;      /* 0001-01-01, 10000-01-01 */
    if (v.kind == VALUE_DATE) {
        int64_t days = v.date.days + us / day - (us % day < 0);
        v.date.days = (int32_t)days;
        return days >= first && days < end ? v : capo_value_text("");
    }
    if (v.kind != VALUE_DATETIME && v.kind != VALUE_DURATION)
        return capo_value_text("");
    const TimeZone *zone = v.kind == VALUE_DATETIME && !(v.flags & VALUE_FLAG_NAIVE) ? capo_time_zone_by_id(v.tag) : NULL;
    if (zone) {                     /* Python moves the hands of the zone's clock, whatever summer does between */
        DateParts parts = capo_local(v.datetime, zone);
        Value wall = capo_value_datetime(capo_wall_from_parts(&parts));
        wall.flags = VALUE_FLAG_NAIVE;
        wall = add_duration(wall, us);
        if (wall.kind != VALUE_DATETIME)
            return wall;
        parts = capo_wall(wall.datetime);
        v.datetime = capo_instant(&parts, zone);
        return v;
    }
    if (__builtin_add_overflow(v.integer, us, &v.integer) || (v.kind == VALUE_DATETIME && (v.integer < first * day || v.integer >= end * day)))
        return capo_value_text("");
    return v;
}

static Value add(const Filtering *f, Value v, Value arg)
{
    (void)f;
    Value a, b;
    if (capo_python_whole(v, &a) == INT_OK && capo_python_whole(arg, &b) == INT_OK)
        return capo_whole_add(a, b);
    if (capo_is_text(v) && capo_is_text(arg)) {
        Buffer out = { 0 };
        capo_put_bytes(&out, v.text, v.size);
        capo_put_bytes(&out, arg.text, arg.size);
        return capo_buffer_value(&out, v.kind == VALUE_SAFE && arg.kind == VALUE_SAFE);
    }
    if (v.kind == VALUE_LIST && arg.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < v.list->count; i++)
            capo_list_add(list, v.list->items[i]);
        for (size_t i = 0; i < arg.list->count; i++)
            capo_list_add(list, arg.list->items[i]);
        return capo_value_list(list);
    }
    double real;
    if ((v.kind == VALUE_REAL || arg.kind == VALUE_REAL) && !capo_is_text(v) && !capo_is_text(arg) && capo_to_real(v, &real)) {
        double other;
        if (capo_to_real(arg, &other))
            return capo_value_real(real + other);
    }
    if (capo_is_special(v) || capo_is_special(arg))
        return capo_is_special(v) ? v : arg;
    if (v.kind == VALUE_DECIMAL && (arg.kind == VALUE_DECIMAL || arg.kind == VALUE_INT))
        return capo_value_decimal(capo_decimal_add(v.decimal, arg.kind == VALUE_INT ? capo_decimal_from_int(arg.integer) : arg.decimal));
    if (arg.kind == VALUE_DURATION)
        return add_duration(v, arg.duration.microseconds);
    return capo_value_text("");
}

static Value divisibleby(const Filtering *f, Value v, Value arg)
{
    (void)f;
    Value number = capo_python_whole_or_raise("divisibleby", v), by = capo_python_whole_or_raise("divisibleby", arg);
    return capo_value_bool(capo_whole_divides(by, number));
}

static Value get_digit(const Filtering *f, Value v, Value arg)
{
    (void)f;
    int64_t place;
    Value number;
    IntResult result = capo_python_int(arg, &place);
    if (result == INT_OK)
        result = capo_python_whole(v, &number);
    if (result == INT_TYPE_ERROR)
        capo_raise(ERROR_VALUE, "The filter 'get_digit' needs whole numbers, not '%.100s' of '%.100s'.", capo_to_text(arg), capo_to_text(v));
    if (result != INT_OK)
        return v;
    if (place < 1)
        return number;
    const char *digits = capo_to_text(number);
    int64_t size = (int64_t)strlen(digits);
    if (place > size)
        return capo_value_int(0);
    char digit = digits[size - place];
    if (digit == '-')
        capo_raise(ERROR_VALUE, "The filter 'get_digit' met the sign of %.100s.", digits);
    return capo_value_int(digit - '0');
}

static Value filesizeformat(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    static const char *const units[] = { CAPO_NOOP("%s KB"), CAPO_NOOP("%s MB"), CAPO_NOOP("%s GB"), CAPO_NOOP("%s TB"), CAPO_NOOP("%s PB") };
    Value bytes;
    double size = 0;
    bool known = capo_python_whole(v, &bytes) == INT_OK && capo_python_float(bytes, &size);
    bool negative = size < 0;
    size = fabs(size);
    Buffer out = { 0 };
    if (!known) {
        capo_put_unbroken(&out, capo_fill(capo_ngettext("%(size)d byte", "%(size)d bytes", 0), V("size", 0)));
    } else if (size < 1024) {
        if (negative)
            capo_put_char(&out, '-');
        capo_put_unbroken(&out, capo_fill(capo_ngettext("%(size)d byte", "%(size)d bytes", (int64_t)size), V("size", (int64_t)size)));
    } else {
        int unit = 0;
        size /= 1024;
        while (size >= 1024 && unit < 4) {
            size /= 1024;
            unit++;
        }
        if (negative)
            capo_put_char(&out, '-');
        const char *text = capo_gettext(units[unit]), *hole = strstr(text, "%s");
        if (hole > text)
            capo_put_unbroken(&out, capo_strndup(text, (size_t)(hole - text)));
        bool grouping = f->context && f->context->engine->thousand_separator;
        if (grouping || !put_rounded(&out, size, 1, capo_formats())) {
            char number[400];
            snprintf(number, sizeof number, "%.1f", size);
            /* Python's round(), which is a float still: a very large one shows its exponent */
            Value rounded = size < 1e15 ? capo_value_text(number) : capo_value_real(strtod(number, NULL));
            capo_put_number_with(&out, rounded, 1, grouping, capo_formats());
        }
        capo_put_unbroken(&out, hole ? hole + 2 : text);
    }
    return capo_buffer_value(&out, false);
}

static Value pluralize(const Filtering *f, Value v, Value arg)
{
    if (f->has_argument && !capo_is_text(arg) && arg.kind != VALUE_LIST && arg.kind != VALUE_MAP)
        capo_raise(ERROR_VALUE, "The filter 'pluralize' needs a text to add, not '%.100s'.", capo_to_text(arg));
    const char *suffixes = f->has_argument ? capo_to_text(arg) : ",s";
    size_t n;
    if (!strchr(suffixes, ','))
        suffixes = capo_format(",%s", suffixes);
    char **bits = capo_split(suffixes, ',', &n);
    if (n > 2)
        return capo_value_text("");
    double number;
    bool one;
    if (capo_is_text(v) && !capo_python_float(v, &number))
        return capo_value_text("");
    if (capo_python_float(v, &number)) {
        one = number == 1;
    } else {
        int64_t length = capo_length(v);
        if (length < 0)
            return capo_value_text("");
        one = length == 1;
    }
    return capo_value_text(bits[one ? 0 : 1]);
}

const Filter capo_number_filters[] = {
    { "add", add, ARGUMENT_REQUIRED },
    { "divisibleby", divisibleby, ARGUMENT_REQUIRED },
    { "filesizeformat", filesizeformat, .is_safe = true },
    { "floatformat", floatformat, ARGUMENT_OPTIONAL, .is_safe = true },
    { "get_digit", get_digit, ARGUMENT_REQUIRED },
    { "pluralize", pluralize, ARGUMENT_OPTIONAL },
    { 0 }
};
