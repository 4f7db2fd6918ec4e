/* SPDX-License-Identifier: BSD-3-Clause */
/* Choices: what is known of their values, and those of a field, from its list or its function. */
#include "internal.h"
#include <string.h>
#include <strings.h>

static bool is_end(const FieldChoice *choice) { return !choice->value && !choice->label; }
static bool is_empty_choice(const FieldChoice *choice) { return !choice->value || !*choice->value; }

const FieldChoice *capo_choice_of(const FieldChoice *choices, Value value)
{
    const char *text = capo_is_null(value) ? "" : capo_to_text(value);
    for (const FieldChoice *choice = choices; choice && !is_end(choice); choice++) {
        const char *own = choice->value ? choice->value : "";
        if (value.kind == VALUE_BOOL ? !strcasecmp(own, value.boolean ? "true" : "false") : !strcmp(own, text))
            return choice;
    }
    return NULL;
}

const FieldChoice *capo_choice_by_name(const FieldChoice *choices, const char *name)
{
    for (const FieldChoice *choice = choices; choice && !is_end(choice); choice++)
        if (choice->name && !strcmp(choice->name, name))
            return choice;
    return NULL;
}

const FieldChoice *capo_choices_copy(const FieldChoice *choices)
{
    size_t count = 0;
    while (!is_end(&choices[count]))
        count++;
    return capo_memdup(choices, (count + 1) * sizeof *choices);
}

static const char *label_of(const FieldChoice *choice) { return choice->label ? choice->label : choice->value; }

List *capo_choices_values(const FieldChoice *choices)
{
    List *list = capo_list_new();
    for (const FieldChoice *choice = choices; choice && !is_end(choice); choice++)
        if (!is_empty_choice(choice))
            capo_list_add(list, VALUE(choice->value));
    return list;
}

List *capo_choices_labels(const FieldChoice *choices)
{
    List *list = capo_list_new();
    for (const FieldChoice *choice = choices; choice && !is_end(choice); choice++)
        if (!is_empty_choice(choice))
            capo_list_add(list, VALUE(label_of(choice)));
    return list;
}

List *capo_choices_names(const FieldChoice *choices)
{
    List *list = capo_list_new();
    for (const FieldChoice *choice = choices; choice && !is_end(choice); choice++)
        if (!is_empty_choice(choice) && choice->name)
            capo_list_add(list, VALUE(choice->name));
    return list;
}

List *capo_choices_list(const FieldChoice *choices)
{
    List *list = capo_list_new();
    for (const FieldChoice *choice = choices; choice && !is_end(choice); choice++)
        capo_list_add(list, capo_value_map(capo_map(V("value", choice->value ? choice->value : ""), V("label", label_of(choice)),
                                                    V("group", choice->group), V("name", choice->name))));
    return list;
}

bool capo_field_has_choices(const Field *field)
{
    return field->choices || field->choices_function;
}

const FieldChoice *capo_field_choices(const Field *field)
{
    return field->choices_function ? field->choices_function() : field->choices;
}

const char *capo_field_choices_problem(const Field *field)
{
    for (const FieldChoice *choice = field->choices; choice && !is_end(choice); choice++) {
        if (is_empty_choice(choice))
            continue;
        if (field->max_length > 0 && capo_utf8_length(choice->value, strlen(choice->value)) > (size_t)field->max_length)
            return capo_format("%s.%s: the choice \"%s\" is longer than .max_length = %d.", field->model->label, field->name, choice->value, field->max_length);
        const char *digits = choice->value + (choice->value[0] == '-');
        if (capo_field_is_integer(field->kind) && (!*digits || digits[strspn(digits, "0123456789")]))
            return capo_format("%s.%s: the choice \"%s\" is to be written as a whole number in digits.", field->model->label, field->name, choice->value);
    }
    if (field->choices && field->choices_function)
        return capo_format("%s.%s: .choices and .choices_function exclude each other.", field->model->label, field->name);
    return NULL;
}
