/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole numbers past 64 bits, as Python's int has them. One that fits is VALUE_INT; a larger one is VALUE_DECIMAL with
 * VALUE_FLAG_WHOLE, its text the digits alone, so that it prints and compares as it stands. Python reads and writes at most 4,300
 * digits, and so do we: the work below is quadratic in them. */
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIGITS = 4300 };

/* Of digits with or without a sign. */
static Value whole_of(const char *text)
{
    const char *digits = text + (*text == '-' || *text == '+');
    while (digits[0] == '0' && digits[1])
        digits++;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    if (!errno)
        return capo_value_int(number);
    return (Value){ .kind = VALUE_DECIMAL, .flags = VALUE_FLAG_WHOLE,
                    .decimal = { *text == '-' ? capo_format("-%s", digits) : capo_strdup(digits) } };
}

bool capo_is_whole(Value v)
{
    return v.kind == VALUE_INT || (v.kind == VALUE_DECIMAL && v.flags & VALUE_FLAG_WHOLE);
}

char *capo_plain_digits(const char *text, size_t size)
{
    capo_trim(&text, &size);
    char *plain = capo_alloc(size + 1), *to = plain;
    bool after_digit = false;
    for (const char *at = text, *end = text + size; at < end;) {
        const char *start = at;
        uint32_t c = capo_utf8_next(&at, end);
        if (c == '_') {
            const char *next = at;
            if (!after_digit || at == end || capo_digit_value(capo_utf8_next(&next, end)) < 0)
                return NULL;
            continue;
        }
        int digit = capo_digit_value(c);
        after_digit = digit >= 0;
        if (after_digit)
            *to++ = (char)('0' + digit);
        else if (c < 0x80 && c)
            *to++ = *start;
        else
            return NULL;
    }
    *to = 0;
    return plain;
}

static bool text_whole(const char *text, size_t size, Value *ret)
{
    const char *plain = capo_plain_digits(text, size);
    if (!plain)
        return false;
    size_t sign = *plain == '-' || *plain == '+', n = strspn(plain + sign, "0123456789");
    if (n == 0 || n > MAX_DIGITS || plain[sign + n])
        return false;
    *ret = whole_of(plain);
    return true;
}

static Value uuid_whole(const Uuid *uuid)
{
    char digits[40], *at = digits + sizeof digits;
    unsigned __int128 number = 0;
    for (int i = 0; i < 16; i++)
        number = number << 8 | uuid->bytes[i];
    *--at = 0;
    do {
        *--at = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number);
    return whole_of(at);
}

bool capo_to_whole(Value v, Value *ret)
{
    Decimal whole;
    switch ((ValueKind)v.kind) {
    case VALUE_BOOL:
        *ret = capo_value_int(v.boolean);
        return true;
    case VALUE_INT:
        *ret = v;
        return true;
    case VALUE_REAL:
        if (!isfinite(v.real))
            return false;
        *ret = whole_of(capo_format("%.0f", trunc(v.real)));
        return true;
    case VALUE_DECIMAL:
        if (!strpbrk(v.decimal.text ? v.decimal.text : "0", "0123456789") || !capo_decimal_truncate(v.decimal, &whole))
            return false;           /* sNaN, or too long */
        *ret = whole_of(whole.text);
        return true;
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES:
        return text_whole(v.text, v.size, ret);
    case VALUE_UUID:
        *ret = uuid_whole(v.uuid);
        return true;
    default:
        return false;
    }
}

static Decimal digits_of(Value v)
{
    return v.kind == VALUE_INT ? capo_decimal_from_int(v.integer) : v.decimal;
}

Value capo_whole_add(Value a, Value b)
{
    int64_t sum;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT && !__builtin_add_overflow(a.integer, b.integer, &sum))
        return capo_value_int(sum);
    return whole_of(capo_decimal_add(digits_of(a), digits_of(b)).text);
}

/* What is left of digits by long division: each step brings one digit down, and takes the divisor off at most nine times. */
static bool leaves_nothing(const char *digits, const char *by)
{
    Value rest = capo_value_int(0), minus = whole_of(capo_format("-%s", by)), divisor = whole_of(by);
    int order;
    for (; *digits; digits++) {
        const char *text = capo_to_text(rest);
        rest = whole_of(capo_format("%s%c", *text == '0' ? "" : text, *digits));
        while (capo_compare(rest, divisor, &order) && order >= 0)
            rest = capo_whole_add(rest, minus);
    }
    return !capo_truth(rest);
}

bool capo_whole_divides(Value by, Value number)
{
    if (!capo_truth(by))
        capo_raise(ERROR_VALUE, "Nothing is divided by zero.");
    const char *digits = digits_of(number).text;
    digits += *digits == '-';
    if (by.kind != VALUE_INT) {
        const char *divisor = by.decimal.text + (by.decimal.text[0] == '-');
        return strlen(digits) < strlen(divisor) ? !capo_truth(number) : leaves_nothing(digits, divisor);
    }
    uint64_t divisor = by.integer < 0 ? 0 - (uint64_t)by.integer : (uint64_t)by.integer, rest = 0;
    for (; *digits; digits++)
        rest = (uint64_t)(((unsigned __int128)rest * 10 + (uint64_t)(*digits - '0')) % divisor);
    return rest == 0;
}

char *capo_whole_text(Value v, int base)
{
    Decimal decimal = digits_of(v);
    bool negative = decimal.text[0] == '-';
    char *digits = capo_strdup(decimal.text + negative);
    if (base == 10)
        return capo_strdup(decimal.text);
    size_t size = strlen(digits), at = size * 4 + 2;        /* no digit is more than four bits */
    char *text = capo_alloc(at + 1);
    text[at] = 0;
    do {                            /* divide by the base: the rest is the next digit from the right */
        int rest = 0;
        for (size_t i = 0; i < size; i++) {
            int part = rest * 10 + digits[i] - '0';
            digits[i] = (char)('0' + part / base);
            rest = part % base;
        }
        text[--at] = "0123456789abcdef"[rest];
        while (*digits == '0') {
            digits++;
            size--;
        }
    } while (*digits);
    if (negative)
        text[--at] = '-';
    return text + at;
}
