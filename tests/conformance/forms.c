/* SPDX-License-Identifier: BSD-3-Clause */
/* Kind `forms`: {"field": class, "args": […], "kwargs": {…}, "value": …}: Field.clean. */
#include "conformance.h"
#include <capo/forms.h>
#include <string.h>

static const char *text(Value value)
{
    return capo_is_null(value) ? NULL : capo_to_text(value);
}

static int number(Value value)
{
    return value.kind == VALUE_INT ? (int)value.integer : 0;
}

static FieldLimit limit(Value value)
{
    FieldLimit result = { .set = !capo_is_null(value) };
    if (result.set && !capo_to_real(value, &result.value))
        capo_raise(ERROR_VALUE, "%s is no limit", capo_to_text(value));
    return result;
}

/* Pairs, or a map; a list or map in the place of a label is a group. */
static void add_choices(List *list, Value choices, const char *group)
{
    Value item;
    for (void *state = NULL; capo_iterate(choices, &state, &item); ) {
        Value key = choices.kind == VALUE_MAP ? item : item.list->items[0];
        Value label = choices.kind == VALUE_MAP ? *capo_map_get_value(choices.map, item) : item.list->items[1];
        if (label.kind == VALUE_LIST || label.kind == VALUE_MAP)
            add_choices(list, label, capo_to_text(key));
        else
            capo_list_add(list, capo_value_map(capo_map(V("value", key), V("label", label), V("group", group))));
    }
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

static const char *const *pairs(Value value)
{
    if (value.kind != VALUE_MAP)
        return NULL;
    const char **array = capo_alloc_array(value.map->count * 2 + 2, sizeof *array);
    for (size_t i = 0; i < value.map->count; i++) {
        array[2 * i] = capo_to_text(value.map->entries[i].key);
        array[2 * i + 1] = capo_to_text(value.map->entries[i].value);
    }
    return array;
}

static FormField field_of(const Map *test)
{
    Value named = conformance_value(conformance_get(test, "kwargs")), placed = conformance_value(conformance_get(test, "args"));
    const Map *options = named.kind == VALUE_MAP ? named.map : NULL;
    Value no = capo_value_bool(false), required = conformance_get(options, "required"), strip = conformance_get(options, "strip");
    FormField field = {
        .name = "field",
        .big_integers = true,
        .optional = capo_equal(required, no),
        .no_strip = capo_equal(strip, no),
        .strip = capo_truth(strip),
        .any_decimal_places = capo_is_null(conformance_get(options, "decimal_places")),
        .disabled = capo_truth(conformance_get(options, "disabled")),
        .allow_unicode = capo_truth(conformance_get(options, "allow_unicode")),
        .localize = capo_truth(conformance_get(options, "localize")),
        .unpack_ipv4 = capo_truth(conformance_get(options, "unpack_ipv4")),
        .null_empty = options && capo_map_get(options, "empty_value") && capo_is_null(conformance_get(options, "empty_value")),
        .min_length = number(conformance_get(options, "min_length")),
        .max_length = number(conformance_get(options, "max_length")),
        .max_digits = number(conformance_get(options, "max_digits")),
        .decimal_places = number(conformance_get(options, "decimal_places")),
        .minimum = limit(conformance_get(options, "min_value")),
        .maximum = limit(conformance_get(options, "max_value")),
        .step = limit(conformance_get(options, "step_size")),
        .protocol = text(conformance_get(options, "protocol")),
        .assume_scheme = text(conformance_get(options, "assume_scheme")),
        .pattern = text(conformance_get(options, "regex")),
        .input_formats = texts(conformance_get(options, "input_formats")),
        .error_messages = pairs(conformance_get(options, "error_messages")),
        .initial = conformance_get(options, "initial"),
    };
    if (placed.kind == VALUE_LIST && placed.list->count)
        field.pattern = text(placed.list->items[0]);
    if (capo_iterable(conformance_get(options, "choices"))) {
        field.choice_list = capo_list_new();
        add_choices(field.choice_list, conformance_get(options, "choices"), NULL);
    }
    const char *name = capo_to_text(conformance_get(test, "field"));
    for (int kind = 0; kind < FORM_KINDS; kind++)
        if (!strcmp(capo_form_kind_name((FormFieldKind)kind), name)) {
            field.kind = (FormFieldKind)kind;
            return field;
        }
    capo_raise(404, "no form field called %s", name);
}

Value conformance_forms(const Map *test)
{
    capo_activate_time_zone(capo_time_zone("UTC"));
    FormField field = field_of(test);
    Value cleaned;
    const ValidationError *errors;
    if (capo_form_field_clean(&field, conformance_value(conformance_get(test, "value")), &cleaned, &errors)) {
        /* Integers past 64 bits are decimals here, and plain numbers in the case. */
        if (field.kind == FORM_INTEGER && cleaned.kind == VALUE_DECIMAL)
            cleaned = capo_value_map(capo_map(V("$integer", cleaned.decimal.text)));
        return capo_value_map(capo_map(V("cleaned", cleaned)));
    }
    List *messages = capo_list_new(), *codes = capo_list_new();
    for (; errors; errors = errors->next) {
        capo_list_add(messages, capo_value_text(errors->message));
        capo_list_add(codes, capo_value_text(errors->code));
    }
    return capo_value_map(capo_map(V("errors", messages), V("codes", codes)));
}
