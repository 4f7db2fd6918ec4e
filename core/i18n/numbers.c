/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as a language writes them. Digits are bounded: what has more than 200, or an exponent to match, is written with an exponent,
 * so that "1e1000000000" is not written out. */
#include "internal.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIGITS = 200, MAX_PLACES = 10000 };

/* Digits in groups from the right: the sizes in turn, the last (or a 0 behind it) for all further ones; behind a '-' no more groups. */
static void put_grouped(Buffer *out, const char *digits, size_t count, const LocaleFormats *formats)
{
    const char *sizes = formats->grouping;
    size_t *ends = capo_alloc_array(count + 1, sizeof *ends), n = 0, left = count, size = 0;
    while (left > 0) {
        if (*sizes == '-')
            size = 0;
        else if (*sizes > '0' && *sizes <= '9')
            size = (size_t)(*sizes++ - '0');
        ends[n++] = left;
        left = size && size < left ? left - size : 0;
    }
    for (size_t start = 0; n > 0; start = ends[n]) {
        n--;
        if (start)
            capo_put(out, formats->thousand_separator);
        capo_put_bytes(out, digits + start, ends[n] - start);
    }
}

/* A plain number's text: sign, whole digits, and as many places as wanted. */
static void put_plain(Buffer *out, const char *text, int places, bool grouping, const LocaleFormats *formats)
{
    if (*text == '-')
        capo_put_char(out, *text++);
    const char *point = strchrnul(text, '.');
    if (grouping)
        put_grouped(out, text, (size_t)(point - text), formats);
    else
        capo_put_bytes(out, text, (size_t)(point - text));
    const char *fraction = *point ? point + 1 : "";
    size_t have = strlen(fraction), wanted = places < 0 ? have : (size_t)places;
    if (wanted == 0)
        return;
    capo_put(out, formats->decimal_separator);
    capo_put_bytes(out, fraction, have < wanted ? have : wanted);
    for (size_t i = have; i < wanted; i++)
        capo_put_char(out, '0');
}

/* The exponent of the last digit, as Decimal.as_tuple() has it. */
static int64_t exponent_of(const char *text)
{
    const char *e = strpbrk(text, "eE"), *point = strchr(text, '.');
    int64_t exponent = e ? strtoll(e + 1, NULL, 10) : 0;
    return point ? exponent - (int64_t)((e ? (size_t)(e - point) : strlen(point)) - 1) : exponent;
}

int64_t capo_number_size(const char *text)
{
    int64_t digits = 0;
    for (const char *at = text; *at && (*at | 32) != 'e'; at++)
        digits += *at >= '0' && *at <= '9' && (digits || *at != '0');
    int64_t exponent = exponent_of(text);
    return (digits ? digits : 1) + (exponent < 0 ? -exponent : exponent);
}

/* d.ddde+x, as Python's '{:e}' of a decimal; its digits go through the same format. */
static void put_scientific(Buffer *out, const char *text, int places, bool grouping, const LocaleFormats *formats)
{
    const char *digits = text + (*text == '-'), *e = strpbrk(text, "eE");
    size_t size = e ? (size_t)(e - digits) : strlen(digits), whole = strcspn(digits, ".eE");
    int64_t power = e ? strtoll(e + 1, NULL, 10) : 0;
    size_t first = 0;
    while (first + 1 < size && (digits[first] == '0' || digits[first] == '.'))
        first++;
    if (first < whole)
        power += (int64_t)(whole - first) - 1;
    else
        power -= (int64_t)(first - whole);
    Buffer plain = { 0 };
    if (*text == '-')
        capo_put_char(&plain, '-');
    capo_put_char(&plain, digits[first]);
    bool pointed = false;
    for (size_t i = first + 1; i < size; i++) {
        if (digits[i] == '.')
            continue;
        if (!pointed)
            capo_put_char(&plain, '.');
        pointed = true;
        capo_put_char(&plain, digits[i]);
    }
    put_plain(out, capo_buffer_text(&plain), places, grouping, formats);
    capo_put_format(out, "e%+lld", (long long)power);
}

void capo_put_number_with(Buffer *out, Value number, int places, bool grouping, const LocaleFormats *formats)
{
    grouping = grouping && *formats->grouping;
    if (number.kind == VALUE_INT && !grouping && places <= 0) {
        capo_put_int(out, number.integer);
        return;
    }
    if (places > MAX_PLACES)
        places = MAX_PLACES;
    const char *text = capo_to_text(number);
    if (capo_is_special(number))
        capo_raise(ERROR_VALUE, "%s is not a number that is shown with digits.", text);
    Decimal decimal;
    bool large = (number.kind == VALUE_DECIMAL && !capo_is_whole(number)) || (number.kind == VALUE_REAL && strpbrk(text, "eE"));
    if (!large || !capo_parse_decimal(text, &decimal)) {
        put_plain(out, text, places, grouping && !(number.kind == VALUE_REAL && !isfinite(number.real)), formats);
        return;
    }
    /* Too small to show in any of the places: nothing, and no sign of it. */
    if (places >= 0) {
        Decimal least = { capo_format("1E-%d", places > 0 ? places : 1) }, positive = { decimal.text + (*decimal.text == '-') };
        if (capo_decimal_compare(positive, least) < 0)
            decimal.text = "0";
    }
    if (capo_number_size(decimal.text) > MAX_DIGITS) {
        put_scientific(out, decimal.text, places, grouping, formats);
        return;
    }
    int64_t exponent = exponent_of(decimal.text);
    if (strpbrk(decimal.text, "eE"))
        decimal = capo_decimal_quantize(decimal, exponent < 0 ? (int)-exponent : 0, true);
    put_plain(out, decimal.text, places, grouping, formats);
}
