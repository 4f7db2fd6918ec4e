/* SPDX-License-Identifier: BSD-3-Clause */
/* Decimal numbers as texts: reading, comparing, rounding, adding, with all their digits. A decimal is taken apart into sign,
 * digits and exponent, worked on, and written as Python's str(Decimal) writes it.
 *
 * Exponents come from visitors: nothing here makes a text longer than MAX_DIGITS out of a short one. */
#include <capo/arena.h>
#include <capo/buffer.h>
#include <capo/error.h>
#include <capo/time.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIGITS = 4400 };
#define MAX_EXPONENT 999999999999999999LL

/* digits * 10^exponent; no leading zeros, at least one digit. */
typedef struct Number { bool negative; const char *digits; size_t count; int64_t exponent; } Number;

static bool read_number(const char *text, Number *ret)
{
    size_t size = strlen(text);
    capo_trim(&text, &size);
    const char *at = text, *end = text + size;
    char *digits = capo_alloc(size + 1);
    size_t count = 0;
    bool any = false, point = false;
    int64_t exponent = 0;
    *ret = (Number){ .negative = at < end && *at == '-' };
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        any = true;
        exponent -= point;
        if (count > 0 || *at != '0')
            digits[count++] = *at;
    }
    if (!any)
        return false;
    if (at < end && (*at | 32) == 'e') {
        bool negative = ++at < end && *at == '-';
        int64_t given = 0;
        if (at < end && (*at == '-' || *at == '+'))
            at++;
        if (at == end)
            return false;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            given = given <= MAX_EXPONENT / 10 ? given * 10 + *at - '0' : MAX_EXPONENT + 1;
        if (given > MAX_EXPONENT)
            return false;
        exponent += negative ? -given : given;
    }
    if (at != end)
        return false;
    if (count == 0)
        digits[count++] = '0';
    ret->digits = digits;
    ret->count = count;
    ret->exponent = exponent;
    return true;
}

static Number number_of(Decimal decimal)
{
    Number number;
    if (!decimal.text || !read_number(decimal.text, &number))
        return (Number){ .digits = "0", .count = 1 };
    return number;
}

static bool is_zero(const Number *n)
{
    return n->count == 1 && n->digits[0] == '0';
}

/* Python's str(): plain where the exponent is not positive and the number not very small, else with E. */
static Decimal number_text(const Number *n)
{
    Buffer out = { 0 };
    int64_t left = n->exponent + (int64_t)n->count;     /* digits before the point */
    if (n->negative)
        capo_put_char(&out, '-');
    if (n->exponent <= 0 && left > -6) {
        if (left <= 0) {
            capo_put(&out, "0.");
            for (int64_t i = left; i < 0; i++)
                capo_put_char(&out, '0');
            capo_put_bytes(&out, n->digits, n->count);
        } else {
            capo_put_bytes(&out, n->digits, (size_t)left);
            if ((size_t)left < n->count) {
                capo_put_char(&out, '.');
                capo_put_bytes(&out, n->digits + left, n->count - (size_t)left);
            }
        }
    } else {
        capo_put_char(&out, n->digits[0]);
        if (n->count > 1) {
            capo_put_char(&out, '.');
            capo_put_bytes(&out, n->digits + 1, n->count - 1);
        }
        capo_put_format(&out, "E%+lld", (long long)(left - 1));
    }
    return (Decimal){ capo_buffer_text(&out) };
}

/* Plain notation, whatever the exponent. */
static Decimal number_plain(const Number *n)
{
    Number plain = *n;
    if (plain.exponent > 0 && !is_zero(n)) {
        char *digits = capo_alloc(n->count + (size_t)n->exponent + 1);
        memcpy(digits, n->digits, n->count);
        memset(digits + n->count, '0', (size_t)n->exponent);
        plain.digits = digits;
        plain.count += (size_t)n->exponent;
    }
    if (plain.exponent > 0)
        plain.exponent = 0;
    Buffer out = { 0 };
    int64_t left = plain.exponent + (int64_t)plain.count;
    if (plain.negative)
        capo_put_char(&out, '-');
    if (left <= 0)
        capo_put_char(&out, '0');
    else
        capo_put_bytes(&out, plain.digits, (size_t)left);
    if (plain.exponent < 0) {
        capo_put_char(&out, '.');
        for (int64_t i = left; i < 0; i++)
            capo_put_char(&out, '0');
        size_t shown = left > 0 ? (size_t)left : 0;
        capo_put_bytes(&out, plain.digits + shown, plain.count - shown);
    }
    return (Decimal){ capo_buffer_text(&out) };
}

bool capo_parse_decimal(const char *text, Decimal *ret)
{
    Number number;
    if (!read_number(text, &number))
        return false;
    *ret = number_text(&number);
    return true;
}

int capo_decimal_compare(Decimal a, Decimal b)
{
    Number x = number_of(a), y = number_of(b);
    bool zero_x = is_zero(&x), zero_y = is_zero(&y);
    if (zero_x || zero_y)
        return zero_x && zero_y ? 0 : zero_x ? (y.negative ? 1 : -1) : (x.negative ? -1 : 1);
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    int sign = x.negative ? -1 : 1;
    int64_t top_x = x.exponent + (int64_t)x.count, top_y = y.exponent + (int64_t)y.count;
    if (top_x != top_y)
        return top_x < top_y ? -sign : sign;
    for (size_t i = 0; i < x.count || i < y.count; i++) {
        char p = i < x.count ? x.digits[i] : '0', q = i < y.count ? y.digits[i] : '0';
        if (p != q)
            return p < q ? -sign : sign;
    }
    return 0;
}

Decimal capo_decimal_from_int(int64_t number)
{
    return (Decimal){ capo_format("%lld", (long long)number) };
}

double capo_decimal_to_double(Decimal decimal)
{
    return decimal.text ? strtod(decimal.text, NULL) : 0;
}

Decimal capo_decimal_quantize(Decimal decimal, int places, bool half_even)
{
    Number n = number_of(decimal);
    int64_t top = n.exponent + (int64_t)n.count;
    if ((top > MAX_DIGITS && !is_zero(&n)) || places > MAX_DIGITS || places < 0)
        capo_raise(ERROR_VALUE, "The number %.40s does not fit into %d digits with %d places.", decimal.text, MAX_DIGITS, places);
    if (is_zero(&n)) {
        n.exponent = -places;
        return number_plain(&n);
    }
    int64_t keep = top + places;                /* digits that stay */
    if (keep < 0) {
        n = (Number){ .negative = n.negative, .digits = "0", .count = 1, .exponent = -places };
        return number_plain(&n);
    }
    char *digits = capo_alloc((size_t)keep + 3);
    size_t from = (size_t)keep < n.count ? (size_t)keep : n.count;
    digits[0] = '0';
    memcpy(digits + 1, n.digits, from);
    memset(digits + 1 + from, '0', (size_t)keep - from);
    if ((size_t)keep < n.count) {
        char next = n.digits[keep];
        bool up = next > '5' || (next == '5' && !half_even);
        if (next == '5' && half_even) {
            for (size_t i = (size_t)keep + 1; i < n.count && !up; i++)
                up = n.digits[i] != '0';
            up = up || (digits[keep] - '0') % 2;
        }
        if (up) {
            size_t i = (size_t)keep;
            while (digits[i] == '9')
                digits[i--] = '0';
            digits[i]++;
        }
    }
    size_t skip = 0, count = (size_t)keep + 1;
    while (skip + 1 < count && digits[skip] == '0')
        skip++;
    n = (Number){ .negative = n.negative, .digits = digits + skip, .count = count - skip, .exponent = -places };
    return number_plain(&n);
}

bool capo_decimal_truncate(Decimal decimal, Decimal *ret)
{
    Number n = number_of(decimal);
    int64_t whole = n.exponent + (int64_t)n.count;
    if (whole > MAX_DIGITS && !is_zero(&n))
        return false;
    if (whole <= 0 || is_zero(&n)) {
        n = (Number){ .digits = "0", .count = 1 };
    } else if (n.exponent < 0) {
        n.count = (size_t)whole;
        n.exponent = 0;
    }
    *ret = number_plain(&n);
    return true;
}

/* |a| + |b| or |a| - |b| (|a| >= |b|), over digit strings of the same length. */
static void add_digits(char *a, const char *b, size_t count, bool subtract)
{
    int carry = 0;
    for (size_t i = count; i-- > 0;) {
        int digit = subtract ? (a[i] - '0') - (b[i] - '0') - carry : (a[i] - '0') + (b[i] - '0') + carry;
        carry = subtract ? digit < 0 : digit > 9;
        a[i] = (char)('0' + (digit + 10) % 10);
    }
}

Decimal capo_decimal_add(Decimal a, Decimal b)
{
    Number x = number_of(a), y = number_of(b);
    int64_t low = x.exponent < y.exponent ? x.exponent : y.exponent;
    int64_t top_x = x.exponent + (int64_t)x.count, top_y = y.exponent + (int64_t)y.count;
    int64_t width = (top_x > top_y ? top_x : top_y) - low + 1;
    if (width > MAX_DIGITS)
        capo_raise(ERROR_VALUE, "The sum of %.40s and %.40s would have more than %d digits.", a.text, b.text, MAX_DIGITS);
    char *p = capo_alloc((size_t)width + 1), *q = capo_alloc((size_t)width + 1);
    memset(p, '0', (size_t)width);
    memset(q, '0', (size_t)width);
    memcpy(p + width - (x.exponent - low) - (int64_t)x.count, x.digits, x.count);
    memcpy(q + width - (y.exponent - low) - (int64_t)y.count, y.digits, y.count);
    bool negative = x.negative;
    if (x.negative == y.negative) {
        add_digits(p, q, (size_t)width, false);
    } else {
        if (memcmp(p, q, (size_t)width) < 0) {
            char *swap = p;
            p = q;
            q = swap;
            negative = y.negative;
        }
        add_digits(p, q, (size_t)width, true);
    }
    size_t skip = 0;
    while (skip + 1 < (size_t)width && p[skip] == '0')
        skip++;
    Number sum = { .negative = negative, .digits = p + skip, .count = (size_t)width - skip, .exponent = low };
    if (is_zero(&sum))
        sum.negative = x.negative && y.negative;
    return number_text(&sum);
}

void capo_decimal_digits(Decimal decimal, int *ret_whole, int *ret_places)
{
    Number n = number_of(decimal);
    int64_t whole = n.exponent + (int64_t)n.count, places = n.exponent < 0 ? -n.exponent : 0;
    if (is_zero(&n))
        whole = 0;
    *ret_whole = whole < 0 ? 0 : whole > INT_MAX ? INT_MAX : (int)whole;
    *ret_places = places > INT_MAX ? INT_MAX : (int)places;
}
