/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers out of texts as Python's int(), float() and Decimal() read them: white space around, digits of any script, underscores
 * between digits. Sizes are capped before anything is computed (SECURITY.md, SEC-256 and SEC-257). */
#include "internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INTEGER_DIGITS_MAX = 4300, DECIMAL_DIGITS_MAX = 1000, DECIMAL_EXPONENT_MAX = 1000, FLOAT_SIZE_MAX = 5000 };

/* The value of a decimal digit: scripts have theirs in runs of ten that begin with the zero. */
static int digit_value(uint32_t c)
{
    if (c < 128)
        return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    if (!capo_is_digit(c))
        return -1;
    uint32_t first = c;
    while (capo_is_digit(first - 1))
        first--;
    return (int)((c - first) % 10);
}

/* The text of a number, in ASCII and without white space around. False: longer than `limit` bytes, or empty. */
static bool plain_text(const FormField *field, Value raw, size_t limit, bool keep_underscores, Buffer *out)
{
    Value text = capo_value_to_text(raw);
    const char *at = text.text;
    size_t size = text.size;
    capo_trim(&at, &size);
    if (size == 0 || size > limit * 4)
        return false;
    for (const char *end = at + size; at < end; ) {
        uint32_t c = capo_utf8_next(&at, end);
        int digit = digit_value(c);
        if (digit >= 0)
            capo_put_char(out, (char)('0' + digit));
        else if (c == 0 || c >= 128)
            return false;
        else if (!(c == ',' && field->localize) && !(c == '_' && !keep_underscores))
            capo_put_char(out, (char)c);
    }
    return out->size > 0 && out->size <= limit;
}

static bool fail_number(const FormField *field, Value raw, FieldErrors *errors)
{
    capo_form_field_fail(field, errors, "invalid", CAPO_VARS(V("value", raw)));
    return false;
}

/* int(): sign, digits with single underscores between; ".0" behind it is dropped first, as IntegerField does. */
bool capo_form_integer(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (raw.kind == VALUE_INT)
        return *ret = raw, true;
    Buffer text = { 0 };
    if (raw.kind == VALUE_BOOL || !plain_text(field, raw, INTEGER_DIGITS_MAX + 100, true, &text))
        return fail_number(field, raw, errors);
    char *start = capo_buffer_text(&text), *end = start + text.size;
    char *zeros = end;
    while (zeros > start && zeros[-1] == '0')
        zeros--;
    if (zeros > start && zeros[-1] == '.')
        end = zeros - 1;
    *end = 0;
    bool negative = *start == '-';
    start += *start == '-' || *start == '+';
    Buffer digits = { 0 };
    for (char *at = start; at < end; at++) {
        if (*at == '_' && at > start && at[-1] != '_' && at + 1 < end)
            continue;
        if (*at < '0' || *at > '9')
            return fail_number(field, raw, errors);
        if (digits.size || *at != '0')
            capo_put_char(&digits, *at);
    }
    if (start == end || digits.size > INTEGER_DIGITS_MAX)
        return fail_number(field, raw, errors);
    const char *number = capo_format("%s%s", negative && digits.size ? "-" : "", digits.size ? capo_buffer_text(&digits) : "0");
    int64_t integer;
    if (digits.size <= 19 && capo_to_int(capo_value_text(number), &integer))
        *ret = capo_value_int(integer);
    else
        *ret = capo_value_decimal((Decimal){ number });
    return true;
}

/* digits [. digits] [e digits], with at least one digit; or inf, infinity, nan. */
static bool is_float_text(const char *at)
{
    at += *at == '-' || *at == '+';
    if (!strcasecmp(at, "inf") || !strcasecmp(at, "infinity") || !strcasecmp(at, "nan"))
        return true;
    size_t whole = strspn(at, "0123456789"), part = 0;
    at += whole;
    if (*at == '.') {
        part = strspn(at + 1, "0123456789");
        at += 1 + part;
    }
    if (whole + part == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        size_t digits = strspn(at, "0123456789");
        if (!digits)
            return false;
        at += digits;
    }
    return !*at;
}

/* Underscores stand between digits only; taken out. */
static bool drop_underscores(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '_')
            *to++ = *from;
        else if (from == text || from[-1] < '0' || from[-1] > '9' || from[1] < '0' || from[1] > '9')
            return false;
    }
    *to = 0;
    return true;
}

bool capo_form_float(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (raw.kind == VALUE_REAL || raw.kind == VALUE_INT)
        return *ret = capo_value_real(raw.kind == VALUE_INT ? (double)raw.integer : raw.real), true;
    Buffer text = { 0 };
    if (!plain_text(field, raw, FLOAT_SIZE_MAX, true, &text))
        return fail_number(field, raw, errors);
    char *number = capo_buffer_text(&text);
    if (!drop_underscores(number) || !is_float_text(number))
        return fail_number(field, raw, errors);
    *ret = capo_value_real(strtod(number, NULL));
    return true;
}

void capo_form_validate_finite(const FormField *field, Value value, FieldErrors *errors)
{
    if (value.kind == VALUE_REAL && !isfinite(value.real))
        fail_number(field, value, errors);
}

/* The text that Python's str() has for the decimal of these digits and exponent. */
static char *decimal_text(bool negative, const char *digits, int64_t exponent)
{
    int64_t size = (int64_t)strlen(digits), left = exponent + size;
    const char *sign = negative ? "-" : "";
    if (exponent <= 0 && left > -6) {
        if (exponent == 0)
            return capo_format("%s%s", sign, digits);
        if (left > 0)
            return capo_format("%s%.*s.%s", sign, (int)left, digits, digits + left);
        return capo_format("%s0.%.*s%s", sign, (int)-left, "000000", digits);
    }
    return capo_format("%s%c%s%sE%+lld", sign, digits[0], size > 1 ? "." : "", digits + 1, (long long)(left - 1));
}

bool capo_form_decimal(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    Buffer text = { 0 };
    if (!plain_text(field, raw, DECIMAL_DIGITS_MAX + 20, false, &text))
        return fail_number(field, raw, errors);
    const char *at = capo_buffer_text(&text);
    if (!is_float_text(at) || strpbrk(at, "nN"))           /* infinity and NaN have an n */
        return fail_number(field, raw, errors);
    bool negative = *at == '-', point = false;
    int64_t exponent = 0;
    Buffer digits = { 0 };
    for (at += *at == '-' || *at == '+'; *at == '.' || (*at >= '0' && *at <= '9'); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        exponent -= point;
        if (digits.size || *at != '0')
            capo_put_char(&digits, *at);
    }
    if (*at) {
        long long further = strtoll(at + 1, NULL, 10);
        if (further > DECIMAL_EXPONENT_MAX || further < -DECIMAL_EXPONENT_MAX)
            return fail_number(field, raw, errors);
        exponent += further;
    }
    if (!digits.size)
        capo_put_char(&digits, '0');
    *ret = capo_value_decimal((Decimal){ decimal_text(negative, capo_buffer_text(&digits), exponent) });
    return true;
}

Value capo_form_limit(const FormField *field, FieldLimit limit)
{
    double value = limit.value;
    if (value >= 9223372036854775807.0)
        return capo_value_int(INT64_MAX);
    if (value <= -9223372036854775808.0)
        return capo_value_int(INT64_MIN);
    if (value == floor(value))
        return capo_value_int((int64_t)value);
    Value real = capo_value_real(value);
    return field->kind == FORM_DECIMAL ? capo_value_decimal((Decimal){ capo_to_text(real) }) : real;
}

void capo_form_check_number(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    bool too_big = field->kind == FORM_INTEGER && value.kind == VALUE_DECIMAL && !field->big_integers;
    if (too_big && !field->maximum.set && !capo_check_max_value(value, capo_value_int(INT64_MAX), &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (too_big && !field->minimum.set && !capo_check_min_value(value, capo_value_int(INT64_MIN), &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (field->maximum.set && !capo_check_max_value(value, capo_form_limit(field, field->maximum), &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (field->minimum.set && !capo_check_min_value(value, capo_form_limit(field, field->minimum), &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    Value offset = field->minimum.set ? capo_form_limit(field, field->minimum) : capo_value_null();
    if (field->step.set && !capo_check_step(value, capo_form_limit(field, field->step), offset, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    bool limited = field->max_digits || field->decimal_places;
    if (field->kind == FORM_DECIMAL && limited
        && !capo_check_decimal(value, field->max_digits ? field->max_digits : -1,
                               field->any_decimal_places ? -1 : field->decimal_places, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
}
