/* SPDX-License-Identifier: BSD-3-Clause */
/* Kind `validators`: {"validator": name, "args": […], "kwargs": {…}, "value": …}. */
#include "conformance.h"
#include <capo/validators.h>
#include <string.h>

typedef struct Arguments { Value values[4]; const Map *named; Value value; } Arguments;

/* The argument of this name, or at this place. */
static Value argument(const Arguments *arguments, int place, const char *name)
{
    Value named = conformance_get(arguments->named, name);
    return capo_is_null(named) && place >= 0 ? arguments->values[place] : named;
}

static int number(Value value)
{
    return value.kind == VALUE_INT ? (int)value.integer : -1;
}

static const char *const *texts(Value value)
{
    if (value.kind != VALUE_LIST)
        return NULL;
    const char **array = capo_alloc_array(value.list->count + 1, sizeof *array);
    for (size_t i = 0; i < value.list->count; i++)
        array[i] = capo_to_text(value.list->items[i]);
    return array;
}

static bool check_email(const Arguments *a, Problem *ret)
{
    const char *const *allowed = texts(argument(a, -1, "allowlist"));
    return (allowed && capo_is_text(a->value) && capo_is_email_with(a->value.text, a->value.size, allowed)) || capo_check_email(a->value, ret);
}

static bool check_url(const Arguments *a, Problem *ret) { return capo_check_url(a->value, texts(argument(a, 0, "schemes")), ret); }
static bool check_slug(const Arguments *a, Problem *ret) { return capo_check_slug(a->value, false, ret); }
static bool check_unicode_slug(const Arguments *a, Problem *ret) { return capo_check_slug(a->value, true, ret); }
static bool check_integer(const Arguments *a, Problem *ret) { return capo_check_integer(a->value, ret); }
static bool check_ipv4(const Arguments *a, Problem *ret) { return capo_check_ipv4(a->value, ret); }
static bool check_ipv6(const Arguments *a, Problem *ret) { return capo_check_ipv6(a->value, ret); }
static bool check_ipv46(const Arguments *a, Problem *ret) { return capo_check_ipv46(a->value, ret); }
static bool check_nulls(const Arguments *a, Problem *ret) { return capo_check_null_characters(a->value, ret); }
static bool check_list(const Arguments *a, Problem *ret) { return capo_check_integer_list(a->value, ",", false, ret); }
static bool check_min_value(const Arguments *a, Problem *ret) { return capo_check_min_value(a->value, argument(a, 0, "limit_value"), ret); }
static bool check_max_value(const Arguments *a, Problem *ret) { return capo_check_max_value(a->value, argument(a, 0, "limit_value"), ret); }
static bool check_min_length(const Arguments *a, Problem *ret) { return capo_check_min_length(a->value, number(argument(a, 0, "limit_value")), ret); }
static bool check_max_length(const Arguments *a, Problem *ret) { return capo_check_max_length(a->value, number(argument(a, 0, "limit_value")), ret); }
static bool check_step(const Arguments *a, Problem *ret) { return capo_check_step(a->value, argument(a, 0, "limit_value"), argument(a, 1, "offset"), ret); }

static bool check_domain(const Arguments *a, Problem *ret)
{
    Value idna = argument(a, -1, "accept_idna");
    return capo_check_domain_name(a->value, capo_is_null(idna) || capo_truth(idna), ret);
}

static bool check_decimal(const Arguments *a, Problem *ret)
{
    return capo_check_decimal(a->value, number(argument(a, 0, "max_digits")), number(argument(a, 1, "decimal_places")), ret);
}

static bool check_pattern(const Arguments *a, Problem *ret)
{
    Value pattern = argument(a, 0, "regex");
    return capo_check_pattern(a->value, capo_is_null(pattern) ? "" : pattern.text, 0, capo_truth(argument(a, -1, "inverse_match")), ret);
}

static const char *file_name(Value value)
{
    return value.kind == VALUE_MAP ? capo_to_text(conformance_get(value.map, "$file")) : capo_to_text(value);
}

static bool check_extension(const Arguments *a, Problem *ret)
{
    return capo_check_file_extension(file_name(a->value), texts(argument(a, 0, "allowed_extensions")), ret);
}

/* BaseValidator compares by identity. */
static bool check_identity(const Arguments *a, Problem *ret)
{
    *ret = (Problem){ "limit_value", "Ensure this value is %(limit_value)s (it is %(show_value)s).",
        capo_memdup(CAPO_VARS(V("limit_value", a->values[0]), V("show_value", a->value)), 3 * sizeof(Var)) };
    return capo_equal(a->value, a->values[0]);
}

static const struct { const char *name; bool (*check)(const Arguments *arguments, Problem *ret); } checks[] = {
    { "BaseValidator", check_identity },
    { "DecimalValidator", check_decimal },
    { "DomainNameValidator", check_domain },
    { "EmailValidator", check_email },
    { "FileExtensionValidator", check_extension },
    { "MaxLengthValidator", check_max_length },
    { "MaxValueValidator", check_max_value },
    { "MinLengthValidator", check_min_length },
    { "MinValueValidator", check_min_value },
    { "ProhibitNullCharactersValidator", check_nulls },
    { "RegexValidator", check_pattern },
    { "StepValueValidator", check_step },
    { "URLValidator", check_url },
    { "validate_comma_separated_integer_list", check_list },
    { "validate_domain_name", check_domain },
    { "validate_email", check_email },
    { "validate_integer", check_integer },
    { "validate_ipv46_address", check_ipv46 },
    { "validate_ipv4_address", check_ipv4 },
    { "validate_ipv6_address", check_ipv6 },
    { "validate_slug", check_slug },
    { "validate_unicode_slug", check_unicode_slug },
};

Value conformance_validators(const Map *test)
{
    Arguments arguments = { .value = conformance_value(conformance_get(test, "value")) };
    Value named = conformance_value(conformance_get(test, "kwargs")), placed = conformance_value(conformance_get(test, "args"));
    arguments.named = named.kind == VALUE_MAP ? named.map : NULL;
    for (size_t i = 0; placed.kind == VALUE_LIST && i < placed.list->count && i < 4; i++)
        arguments.values[i] = placed.list->items[i];
    const char *name = capo_to_text(conformance_get(test, "validator"));
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (strcmp(checks[i].name, name))
            continue;
        Problem problem = { 0 };
        if (checks[i].check(&arguments, &problem))
            return capo_value_map(capo_map(V("valid", (bool)true)));
        List *messages = capo_list_new();
        capo_list_add(messages, capo_value_text(capo_problem_text(&problem, NULL)));
        return capo_value_map(capo_map(V("valid", (bool)false), V("messages", messages), V("code", problem.code)));
    }
    if (!strcmp(name, "validate_image_file_extension")) {
        capo_validate_image_file_extension(capo_value_text(file_name(arguments.value)));
        return capo_value_map(capo_map(V("valid", (bool)true)));
    }
    capo_raise(404, "no validator called %s", name);
}
