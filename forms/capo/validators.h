/* SPDX-License-Identifier: BSD-3-Clause */
/* Django's validators: for `.validators = VALIDATORS(capo_validate_slug)` in models and forms, and for code that checks by hand.
 *
 *     static void even(Value value)                        // an own one
 *     {
 *         if (value.integer % 2)
 *             capo_invalid("odd", "Enter an even number.");
 *     }
 *
 * Those called capo_validate_… raise ERROR_VALIDATION. Those called capo_check_… say what is wrong instead: false, and the Problem. */
#pragma once
#include <capo/orm.h>
#include <capo/syntax.h>

/* What a check found. The message has Django's placeholders, %(limit_value)s, which `params` fill. */
typedef struct Problem {
    const char *code, *message;
    const Var *params;
} Problem;

void capo_validate_email(Value value);
void capo_validate_url(Value value);
void capo_validate_domain_name(Value value);
void capo_validate_slug(Value value);
void capo_validate_unicode_slug(Value value);
void capo_validate_integer(Value value);
void capo_validate_ipv4_address(Value value);
void capo_validate_ipv6_address(Value value);
void capo_validate_ipv46_address(Value value);
void capo_validate_comma_separated_integer_list(Value value);
void capo_validate_image_file_extension(Value value);
void capo_validate_no_null_characters(Value value);

bool capo_check_email(Value value, Problem *ret);
bool capo_check_url(Value value, const char *const *schemes, Problem *ret);
bool capo_check_domain_name(Value value, bool accept_idna, Problem *ret);
bool capo_check_slug(Value value, bool allow_unicode, Problem *ret);
bool capo_check_integer(Value value, Problem *ret);
bool capo_check_ipv4(Value value, Problem *ret);
bool capo_check_ipv6(Value value, Problem *ret);
bool capo_check_ipv46(Value value, Problem *ret);
bool capo_check_null_characters(Value value, Problem *ret);
bool capo_check_min_value(Value value, Value limit, Problem *ret);
bool capo_check_max_value(Value value, Value limit, Problem *ret);
bool capo_check_min_length(Value value, int64_t limit, Problem *ret);
bool capo_check_max_length(Value value, int64_t limit, Problem *ret);
/* value is offset + n * step, within a billionth as Python's isclose; offset null: 0. */
bool capo_check_step(Value value, Value step, Value offset, Problem *ret);
/* Negative: not limited. */
bool capo_check_decimal(Value value, int max_digits, int decimal_places, Problem *ret);
/* Python's search in str(value); inverse: must not match. A pattern that does not compile is a bug. */
bool capo_check_pattern(Value value, const char *pattern, int flags, bool inverse, Problem *ret);
bool capo_check_integer_list(Value value, const char *separator, bool allow_negative, Problem *ret);
/* `extensions` ends with NULL, any case; NULL: all. */
bool capo_check_file_extension(const char *file_name, const char *const *extensions, Problem *ret);
/* One of those that images.h knows: bmp, gif, jfif, jpe, jpeg, jpg, png, webp, … */
bool capo_check_image_extension(const char *file_name, Problem *ret);

/* The sentence: message NULL is the problem's own. */
char *capo_problem_text(const Problem *problem, const char *message);
_Noreturn void capo_raise_problem(const Problem *problem);
