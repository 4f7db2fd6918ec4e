/* SPDX-License-Identifier: BSD-3-Clause */
/* Form fields of PostgreSQL's kinds: an array as a text with commas, an hstore or an array of arrays as JSON, a range as two inputs. What
 * members and ends are, the model field says. */
#include "internal.h"
#include <string.h>

typedef struct Conversion { const Field *field; Value value; } Conversion;

static void convert(void *argument)
{
    Conversion *conversion = argument;
    conversion->value = capo_field_to_python(conversion->field, conversion->value);
}

/* A form field by itself, without a model's, has texts. */
static const Field *base_of(const FormField *field) { return field->model_field ? field->model_field->base : NULL; }

/* NULL: good; else what the model's field says. */
static const char *problem_of(const Field *field, Value value, Value *ret)
{
    Conversion conversion = { field, value };
    const Error *error = field ? capo_try(convert, &conversion) : NULL;
    if (error && error->code != ERROR_VALIDATION)
        capo_reraise(error);
    *ret = conversion.value;
    return error ? error->message : NULL;
}

static Value stripped(Value text, size_t from, size_t to)
{
    return capo_value_text(capo_strip(capo_strndup(text.text + from, to - from)));
}

/* SimpleArrayField: "a, b"; a member cannot hold the comma. */
bool capo_form_simple_array(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    List *list = capo_list_new();
    *ret = capo_value_list(list);
    if (raw.kind == VALUE_LIST || capo_form_is_empty(raw)) {
        *ret = raw.kind == VALUE_LIST ? raw : *ret;
        return true;
    }
    Value text = capo_value_to_text(raw);
    for (size_t from = 0; from <= text.size;) {
        const char *comma = memchr(text.text + from, ',', text.size - from);
        size_t to = comma ? (size_t)(comma - text.text) : text.size;
        Value item;
        const char *problem = problem_of(base_of(field), stripped(text, from, to), &item);
        if (problem) {
            capo_form_field_fail(field, errors, "item_invalid", CAPO_VARS(V("nth", list->count + 1), V("problem", problem)));
            return false;
        }
        capo_list_add(list, item);
        from = to + 1;
    }
    return true;
}

bool capo_form_held(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    *ret = field->model_field && field->model_field->kind == FIELD_HSTORE ? capo_value_map(capo_map_new()) : capo_value_null();
    if (capo_form_is_empty(raw))
        return true;
    const char *problem = problem_of(field->model_field, raw, ret);
    if (problem)
        capo_form_field_fail(field, errors, "invalid_json", NULL);
    /* As Django: whatever JSON holds becomes text. */
    if (!problem && ret->kind == VALUE_MAP) {
        Map *map = capo_map_new();
        for (size_t i = 0; i < ret->map->count; i++) {
            Value value = ret->map->entries[i].value;
            capo_map_set_value(map, ret->map->entries[i].key, capo_is_null(value) ? value : capo_value_to_text(value));
        }
        *ret = capo_value_map(map);
    }
    return !problem;
}

/* A list of two: what was sent. */
bool capo_form_range(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    Value ends[2] = { capo_value_null(), capo_value_null() };
    *ret = capo_value_null();
    if (capo_value_range(raw))
        return *ret = raw, true;
    bool none = true;
    for (size_t i = 0; i < 2; i++) {
        Value end = raw.kind == VALUE_LIST && i < raw.list->count ? raw.list->items[i] : capo_value_null();
        if (capo_form_is_empty(end))
            continue;
        none = false;
        if (problem_of(base_of(field), end, &ends[i])) {
            capo_form_field_fail(field, errors, "invalid", NULL);
            return false;
        }
    }
    if (none)
        return true;
    int64_t lower, upper;
    double low, high;
    bool reversed = !capo_is_null(ends[0]) && !capo_is_null(ends[1])
        && (ends[0].kind == VALUE_DATE ? ends[0].date.days > ends[1].date.days : ends[0].kind == VALUE_DATETIME
            ? ends[0].datetime.microseconds > ends[1].datetime.microseconds : capo_to_int(ends[0], &lower) && capo_to_int(ends[1], &upper) ? lower > upper
            : capo_to_real(ends[0], &low) && capo_to_real(ends[1], &high) && low > high);
    if (reversed) {
        capo_form_field_fail(field, errors, "bound_ordering", NULL);
        return false;
    }
    *ret = capo_value_object(capo_range(ends[0], ends[1], "[)"));
    return true;
}

bool capo_form_held_changed(const FormField *field, Value initial, Value raw)
{
    FieldErrors errors = { 0 };
    Value before = initial, after;
    const FormKind *kind = capo_form_kind(field->kind);
    if (!kind->to_python(field, raw, &after, &errors))
        return true;
    if (capo_is_text(initial) && !kind->to_python(field, initial, &before, &errors))
        return true;
    return capo_form_is_empty(before) || capo_form_is_empty(after) ? capo_form_is_empty(before) != capo_form_is_empty(after) : !capo_equal(before, after);
}

/* What the input shows of a value that is none of a visitor's text. */
Value capo_form_held_value(const FormField *field, Value value)
{
    const Field *model_field = field->model_field;
    if (field->kind == FORM_HELD)
        return value.kind == VALUE_LIST || value.kind == VALUE_MAP ? capo_value_text(capo_json_text(value, 0)) : value;
    if (field->kind != FORM_SIMPLE_ARRAY || value.kind != VALUE_LIST)
        return value;
    Buffer text = { 0 };
    for (size_t i = 0; i < value.list->count; i++) {
        FormField part = { .kind = FORM_CHAR, .model_field = model_field };
        Value shown = capo_form_format_value(&part, value.list->items[i]);
        capo_put_format(&text, "%s%s", i ? "," : "", capo_is_null(shown) ? "" : capo_to_text(shown));
    }
    return capo_value_text(text.size ? capo_buffer_text(&text) : "");
}

/* The two inputs of a range: as they were sent, or its ends. */
Value capo_form_range_end(Value value, int index)
{
    const ValueRange *range = capo_value_range(value);
    if (range)
        return range->empty ? capo_value_null() : index ? range->upper : range->lower;
    return value.kind == VALUE_LIST && (size_t)index < value.list->count ? value.list->items[index] : capo_value_null();
}
