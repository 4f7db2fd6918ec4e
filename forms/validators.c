/* SPDX-License-Identifier: BSD-3-Clause */
/* Django's validators with its codes and sentences. What is good is decided in core (syntax.h); this says what is wrong. */
#include <capo/validators.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool problem(Problem *ret, const char *code, const char *message)
{
    *ret = (Problem){ .code = code, .message = message };
    return false;
}

static bool problem_with(Problem *ret, const char *code, const char *message, const Var *params, size_t count)
{
    *ret = (Problem){ .code = code, .message = message, .params = capo_memdup(params, count * sizeof *params) };
    return false;
}
#define PARAMS(...) CAPO_VARS(__VA_ARGS__), sizeof CAPO_VARS(__VA_ARGS__) / sizeof(Var)

/* --- sentences ------------------------------------------------------------------------------------------------------------------- */

char *capo_problem_text(const Problem *self, const char *message)
{
    Buffer out = { 0 };
    const char *at = message ? message : self->message;
    while (*at) {
        const char *close = at[0] == '%' && at[1] == '(' ? strchr(at, ')') : NULL;
        if (close && (close[1] == 's' || close[1] == 'd')) {
            const Var *found = NULL;
            for (const Var *var = self->params; var && var->name; var++)
                if (strlen(var->name) == (size_t)(close - at - 2) && !strncmp(var->name, at + 2, strlen(var->name)))
                    found = var;
            if (found)
                capo_put_value(&out, found->value);
            else
                capo_put_bytes(&out, at, (size_t)(close + 2 - at));
            at = close + 2;
        } else if (at[0] == '%' && at[1] == '%' && self->params) {
            capo_put_char(&out, '%');
            at += 2;
        } else {
            capo_put_char(&out, *at++);
        }
    }
    return capo_buffer_text(&out);
}

void capo_raise_problem(const Problem *self)
{
    ValidationError *error = capo_alloc_struct(ValidationError);
    *error = (ValidationError){ .code = self->code, .message = capo_problem_text(self, NULL) };
    capo_raise_detail(ERROR_VALIDATION, error, "%s", error->message);
}

/* --- texts ------------------------------------------------------------------------------------------------------------------------ */

/* The text of a value that may be tested as one; others have none and fail. */
static bool text_of(Value value, const char **ret_text, size_t *ret_size)
{
    if (!capo_is_text(value))
        return false;
    *ret_text = value.text;
    *ret_size = value.size;
    return true;
}

bool capo_check_email(Value value, Problem *ret)
{
    const char *text;
    size_t size;
    return (text_of(value, &text, &size) && capo_is_email(text, size)) || problem(ret, "invalid", "Enter a valid email address.");
}

bool capo_check_url(Value value, const char *const *schemes, Problem *ret)
{
    const char *text;
    size_t size;
    return (text_of(value, &text, &size) && capo_is_url(text, size, schemes)) || problem(ret, "invalid", "Enter a valid URL.");
}

bool capo_check_domain_name(Value value, bool accept_idna, Problem *ret)
{
    const char *text;
    size_t size;
    return (text_of(value, &text, &size) && capo_is_domain_name(text, size, accept_idna))
        || problem(ret, "invalid", "Enter a valid domain name.");
}

bool capo_check_slug(Value value, bool allow_unicode, Problem *ret)
{
    Value text = capo_value_to_text(value);
    return capo_is_slug(text.text, text.size, allow_unicode)
        || problem(ret, "invalid", allow_unicode
            ? "Enter a valid “slug” consisting of Unicode letters, numbers, underscores, or hyphens."
            : "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.");
}

/* -?\d+, the digits of any script. */
static bool integer_at(const char **at, const char *end, bool negative)
{
    if (negative && *at < end && **at == '-')
        (*at)++;
    size_t digits = 0;
    while (*at < end) {
        const char *next = *at;
        if (!capo_is_digit(capo_utf8_next(&next, end)))
            break;
        *at = next;
        digits++;
    }
    return digits > 0;
}

bool capo_check_integer(Value value, Problem *ret)
{
    Value text = capo_value_to_text(value);
    const char *at = text.text, *end = at + text.size;
    return (integer_at(&at, end, true) && at == end) || problem(ret, "invalid", "Enter a valid integer.");
}

bool capo_check_ipv4(Value value, Problem *ret)
{
    const char *text;
    size_t size;
    return (text_of(value, &text, &size) && capo_is_ipv4(text, size)) || problem(ret, "invalid", "Enter a valid IPv4 address.");
}

bool capo_check_ipv6(Value value, Problem *ret)
{
    const char *text;
    size_t size;
    return (text_of(value, &text, &size) && capo_is_ipv6(text, size, true)) || problem(ret, "invalid", "Enter a valid IPv6 address.");
}

bool capo_check_ipv46(Value value, Problem *ret)
{
    return capo_check_ipv4(value, ret) || capo_check_ipv6(value, ret)
        || problem(ret, "invalid", "Enter a valid IPv4 or IPv6 address.");
}

bool capo_check_null_characters(Value value, Problem *ret)
{
    if (!capo_is_text(value) || !memchr(value.text, 0, value.size))
        return true;
    return problem_with(ret, "null_characters_not_allowed", "Null characters are not allowed.", PARAMS(V("value", value)));
}

bool capo_check_integer_list(Value value, const char *separator, bool allow_negative, Problem *ret)
{
    Value text = capo_value_to_text(value);
    const char *at = text.text, *end = at + text.size;
    size_t width = strlen(separator);
    while (integer_at(&at, end, allow_negative)) {
        if (at == end)
            return true;
        if ((size_t)(end - at) < width || memcmp(at, separator, width))
            break;
        at += width;
    }
    return problem(ret, "invalid", !strcmp(separator, ",") && !allow_negative ? "Enter only digits separated by commas." : "Enter a valid value.");
}

bool capo_check_pattern(Value value, const char *source, int flags, bool inverse, Problem *ret)
{
    const char *error = NULL;
    Pattern *pattern = capo_pattern(source, flags, &error);
    if (!pattern)
        capo_bug("the pattern %s of a form field cannot be used: %s", source, error);
    Value text = capo_value_to_text(value);
    return capo_pattern_search(pattern, text.text, text.size) != inverse || problem(ret, "invalid", "Enter a valid value.");
}

/* --- numbers and lengths ------------------------------------------------------------------------------------------------------- */

bool capo_check_min_value(Value value, Value limit, Problem *ret)
{
    int order;
    return !capo_compare(value, limit, &order) || order >= 0
        || problem_with(ret, "min_value", "Ensure this value is greater than or equal to %(limit_value)s.",
                        PARAMS(V("limit_value", limit), V("show_value", value), V("value", value)));
}

bool capo_check_max_value(Value value, Value limit, Problem *ret)
{
    int order;
    return !capo_compare(value, limit, &order) || order <= 0
        || problem_with(ret, "max_value", "Ensure this value is less than or equal to %(limit_value)s.",
                        PARAMS(V("limit_value", limit), V("show_value", value), V("value", value)));
}

bool capo_check_min_length(Value value, int64_t limit, Problem *ret)
{
    int64_t length = capo_length(value);
    return length >= limit
        || problem_with(ret, "min_length", limit == 1
            ? "Ensure this value has at least %(limit_value)d character (it has %(show_value)d)."
            : "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d).",
            PARAMS(V("limit_value", limit), V("show_value", length), V("value", value)));
}

bool capo_check_max_length(Value value, int64_t limit, Problem *ret)
{
    int64_t length = capo_length(value);
    return length <= limit
        || problem_with(ret, "max_length", limit == 1
            ? "Ensure this value has at most %(limit_value)d character (it has %(show_value)d)."
            : "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
            PARAMS(V("limit_value", limit), V("show_value", length), V("value", value)));
}

/* offset + n * step, in the arithmetic of the operands: exact for integers and decimals. */
static Value stepped(Value offset, Value step, int times)
{
    if (offset.kind == VALUE_INT && step.kind == VALUE_INT)
        return capo_value_int(offset.integer + step.integer * times);
    if (offset.kind == VALUE_DECIMAL || step.kind == VALUE_DECIMAL) {
        Decimal sum = { capo_to_text(offset) }, one = { capo_to_text(step) };
        for (int i = 0; i < times; i++)
            sum = capo_decimal_add(sum, one);
        return capo_value_decimal(sum);
    }
    double from = 0, by = 0;
    capo_to_real(offset, &from);
    capo_to_real(step, &by);
    return capo_value_real(from + by * times);
}

bool capo_check_step(Value value, Value step, Value offset, Problem *ret)
{
    double number, by, from = 0;
    if (!capo_to_real(value, &number) || !capo_to_real(step, &by) || by == 0)
        return true;
    if (!capo_is_null(offset))
        capo_to_real(offset, &from);
    double rest = remainder(number - from, by);     /* to the nearest multiple: in [-by/2, by/2] */
    if (fabs(rest) <= 1e-9)
        return true;
    if (capo_is_null(offset))
        return problem_with(ret, "step_size", "Ensure this value is a multiple of step size %(limit_value)s.",
                            PARAMS(V("limit_value", step), V("show_value", value), V("value", value)));
    return problem_with(ret, "step_size",
        "Ensure this value is a multiple of step size %(limit_value)s, starting from %(offset)s, e.g. %(offset)s, "
        "%(valid_value1)s, %(valid_value2)s, and so on.",
        PARAMS(V("limit_value", step), V("offset", offset), V("valid_value1", stepped(offset, step, 1)),
               V("valid_value2", stepped(offset, step, 2)), V("value", value)));
}

/* Digits (0 for a zero) and exponent of a decimal's text, as Decimal.as_tuple() has them. False: NaN and infinity. */
static bool decimal_shape(const char *text, int64_t *ret_digits, int64_t *ret_exponent)
{
    int64_t digits = 0, exponent = 0;
    bool point = false, seen = false;
    if (*text == '-' || *text == '+')
        text++;
    for (; *text; text++) {
        if (*text == '.') {
            point = true;
        } else if (*text >= '0' && *text <= '9') {
            exponent -= point;
            digits += digits > 0 || *text != '0';
            seen = true;
        } else {
            break;
        }
    }
    if (!seen)
        return false;
    if (*text == 'e' || *text == 'E')
        exponent += strtoll(text + 1, NULL, 10);
    else if (*text)
        return false;
    *ret_digits = digits;
    *ret_exponent = exponent;
    return true;
}

bool capo_check_decimal(Value value, int max_digits, int decimal_places, Problem *ret)
{
    /* The decimal's own text, also where it is none that prints as a number. */
    const char *text = value.kind == VALUE_DECIMAL && value.decimal.text ? value.decimal.text : capo_to_text(value);
    int64_t digits, exponent, decimals;
    if (!decimal_shape(text, &digits, &exponent))
        return problem_with(ret, "invalid", "Enter a number.", PARAMS(V("value", value)));
    digits = digits > 0 && exponent > 0 ? digits + exponent : digits > 0 ? digits : 1;
    decimals = exponent < 0 ? -exponent : 0;
    if (decimals > digits)
        digits = decimals;              /* 0.001: the zeros behind the point count */
    int64_t whole = digits - decimals;
    if (max_digits >= 0 && digits > max_digits)
        return problem_with(ret, "max_digits", max_digits == 1
            ? "Ensure that there are no more than %(max)s digit in total."
            : "Ensure that there are no more than %(max)s digits in total.", PARAMS(V("max", max_digits), V("value", value)));
    if (decimal_places >= 0 && decimals > decimal_places)
        return problem_with(ret, "max_decimal_places", decimal_places == 1
            ? "Ensure that there are no more than %(max)s decimal place."
            : "Ensure that there are no more than %(max)s decimal places.", PARAMS(V("max", decimal_places), V("value", value)));
    if (max_digits >= 0 && decimal_places >= 0 && whole > max_digits - decimal_places)
        return problem_with(ret, "max_whole_digits", max_digits - decimal_places == 1
            ? "Ensure that there are no more than %(max)s digit before the decimal point."
            : "Ensure that there are no more than %(max)s digits before the decimal point.",
            PARAMS(V("max", max_digits - decimal_places), V("value", value)));
    return true;
}

/* --- files -------------------------------------------------------------------------------------------------------------------------- */

bool capo_check_file_extension(const char *file_name, const char *const *extensions, Problem *ret)
{
    if (!extensions)
        return true;
    Buffer allowed = { 0 };
    if (capo_has_extension(file_name, extensions))
        return true;
    for (const char *const *one = extensions; *one; one++)
        capo_put_format(&allowed, "%s%s", allowed.size ? ", " : "", capo_lower(*one));
    return problem_with(ret, "invalid_extension",
        "File extension “%(extension)s” is not allowed. Allowed extensions are: %(allowed_extensions)s.",
        PARAMS(V("extension", capo_file_extension(file_name)), V("allowed_extensions", capo_buffer_text(&allowed)), V("value", file_name)));
}

/* What Pillow reads; browsers show the first five. */
static const char *const image_extensions[] = { "png", "jpg", "jpeg", "gif", "webp", "avif", "bmp", "ico", "svgz", "tif", "tiff", NULL };

static bool check_image(Value value, Problem *ret)
{
    return capo_check_file_extension(capo_to_text(value), image_extensions, ret);
}

/* Of what images.h knows. */
bool capo_check_image_extension(const char *file_name, Problem *ret)
{
    static const char *const known[] = { "png", "apng", "jpg", "jpeg", "jpe", "jfif", "gif", "webp", "bmp", "dib", NULL };
    return capo_check_file_extension(file_name, known, ret);
}

/* --- as validators: they raise ----------------------------------------------------------------------------------------------------- */

static bool check_any_url(Value value, Problem *ret) { return capo_check_url(value, NULL, ret); }
static bool check_domain(Value value, Problem *ret) { return capo_check_domain_name(value, true, ret); }
static bool check_ascii_slug(Value value, Problem *ret) { return capo_check_slug(value, false, ret); }
static bool check_unicode_slug(Value value, Problem *ret) { return capo_check_slug(value, true, ret); }
static bool check_comma_list(Value value, Problem *ret) { return capo_check_integer_list(value, ",", false, ret); }

static void validate(Value value, bool (*check)(Value value, Problem *ret))
{
    Problem found;
    if (!check(value, &found))
        capo_raise_problem(&found);
}

void capo_validate_email(Value value) { validate(value, capo_check_email); }
void capo_validate_url(Value value) { validate(value, check_any_url); }
void capo_validate_domain_name(Value value) { validate(value, check_domain); }
void capo_validate_slug(Value value) { validate(value, check_ascii_slug); }
void capo_validate_unicode_slug(Value value) { validate(value, check_unicode_slug); }
void capo_validate_integer(Value value) { validate(value, capo_check_integer); }
void capo_validate_ipv4_address(Value value) { validate(value, capo_check_ipv4); }
void capo_validate_ipv6_address(Value value) { validate(value, capo_check_ipv6); }
void capo_validate_ipv46_address(Value value) { validate(value, capo_check_ipv46); }
void capo_validate_comma_separated_integer_list(Value value) { validate(value, check_comma_list); }
void capo_validate_image_file_extension(Value value) { validate(value, check_image); }
void capo_validate_no_null_characters(Value value) { validate(value, capo_check_null_characters); }
