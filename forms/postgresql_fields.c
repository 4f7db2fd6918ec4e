/* SPDX-License-Identifier: BSD-3-Clause */
/* Form fields of PostgreSQL's kinds: an array as a text with commas, an hstore or an array of arrays as JSON, a range as two inputs. Members and
 * ends are read as the form field of their kind reads them. */
#include "internal.h"
#include <string.h>

/* The form field of a member or an end, as the model field says; by itself, without one, a field has texts. */
static const FormField *part_of(const FormField *field)
{
    static const FormField text = { .kind = FORM_CHAR };
    const Field *base = field->model_field ? field->model_field->base : NULL;
    const FormField *part = base ? capo_form_field_for(base) : NULL;
    return part ? part : &text;
}

static void fail_item(const FormField *field, FieldErrors *errors, size_t nth, const ValidationError *problem)
{
    for (; problem; problem = problem->next)
        capo_form_field_fail(field, errors, "item_invalid", CAPO_VARS(V("nth", nth), V("problem", problem->message)));
}

/* SimpleArrayField: "a, b"; a member cannot hold the comma. As in Django, members that cannot be read at all are told first, all of them. */
bool capo_form_simple_array(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    List *list = capo_list_new();
    *ret = capo_value_list(list);
    if (raw.kind == VALUE_LIST || capo_form_is_empty(raw)) {
        *ret = raw.kind == VALUE_LIST ? raw : *ret;
        return true;
    }
    size_t count, before = errors->count;
    const FormField *part = part_of(field);
    const FormKind *kind = capo_form_kind(part->kind);
    char **items = capo_split(capo_to_text(raw), ',', &count);
    for (size_t i = 0; i < count; i++) {
        Value item;
        FieldErrors problems = { 0 };
        if (!kind->to_python(part, capo_value_text(items[i]), &item, &problems))
            fail_item(field, errors, i + 1, problems.first);
    }
    for (size_t i = 0; i < count && errors->count == before; i++) {
        Value item;
        const ValidationError *problems;
        if (capo_form_field_clean(part, capo_value_text(items[i]), &item, &problems))
            capo_list_add(list, item);
        else
            for (size_t k = i; k < count; k++)
                if (!capo_form_field_clean(part, capo_value_text(items[k]), &item, &problems))
                    fail_item(field, errors, k + 1, problems);
    }
    return errors->count == before;
}

/* What JSON holds, as texts and nulls. */
static Value texts_of(const Map *given)
{
    Map *map = capo_map_new();
    for (size_t i = 0; i < given->count; i++) {
        Value value = given->entries[i].value;
        capo_map_set_value(map, given->entries[i].key, capo_is_null(value) ? value : capo_value_to_text(value));
    }
    return capo_value_map(map);
}

typedef struct Conversion { const Field *field; Value value; } Conversion;

static void convert(void *argument)
{
    Conversion *conversion = argument;
    conversion->value = capo_field_to_python(conversion->field, conversion->value);
}

/* An hstore, or an array of arrays, as JSON. */
bool capo_form_held(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    const Field *model_field = field->model_field;
    bool is_array = model_field && model_field->kind == FIELD_ARRAY;
    const char *problem;
    *ret = is_array ? capo_value_list(capo_list_new()) : capo_value_map(capo_map_new());
    if (capo_form_is_empty(raw))
        return true;
    Value json = raw;
    if (capo_is_text(raw) && !capo_json_parse(raw.text, raw.size, &json, &problem)) {
        capo_form_field_fail(field, errors, "invalid_json", NULL);
        return false;
    }
    if (!is_array && json.kind != VALUE_MAP) {
        capo_form_field_fail(field, errors, "invalid_format", NULL);
        return false;
    }
    if (!is_array) {
        *ret = texts_of(json.map);
        return true;
    }
    Conversion conversion = { model_field, json };
    const Error *error = capo_try(convert, &conversion);
    if (error && error->code != ERROR_VALIDATION)
        capo_reraise(error);
    *ret = conversion.value;
    if (error)
        capo_form_field_fail(field, errors, "invalid_json", NULL);
    return !error;
}

static bool is_told(const FieldErrors *errors, const char *message)
{
    for (const ValidationError *one = errors->first; one; one = one->next)
        if (!strcmp(one->message, message))
            return true;
    return false;
}

/* A list of two: what was sent. */
bool capo_form_range(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    Value ends[2] = { capo_value_null(), capo_value_null() };
    *ret = capo_value_null();
    if (capo_value_range(raw))
        return *ret = raw, true;
    bool none = true;
    FormField part = *part_of(field);
    part.optional = true;                       /* an end may be open */
    for (size_t i = 0; i < 2; i++) {
        Value end = raw.kind == VALUE_LIST && i < raw.list->count ? raw.list->items[i] : capo_value_null();
        const ValidationError *problems = NULL;
        if (capo_form_is_empty(end))
            continue;
        none = false;
        if (!capo_form_field_clean(&part, end, &ends[i], &problems))
            for (; problems; problems = problems->next)
                if (!is_told(errors, problems->message))
                    capo_form_field_fail_problem(field, errors, &(Problem){ .code = problems->code, .message = problems->message });
    }
    if (errors->count)
        return false;
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
