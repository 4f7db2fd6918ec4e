/* SPDX-License-Identifier: BSD-3-Clause */
/* Choices out of a query: ModelChoiceField and ModelMultipleChoiceField. What a visitor sends is a key; only rows of the query count. */
#include "internal.h"
#include <string.h>

enum { KEYS_MAX = 10000 };

Instance *capo_form_value_instance(Value value)
{
    return capo_is_instance(value) ? (Instance *)value.object : NULL;
}

/* What stands for a row in the page: its key, or the field that the foreign key refers to. */
static const Field *key_field(const FormField *field, const Model *model)
{
    const Field *of = field->model_field;
    bool refers = field->kind == FORM_MODEL_CHOICE && of && of->target == model && of->target_field;
    return refers ? of->target_field : model->pk;
}

static Value row_key(const FormField *field, Instance *row)
{
    return capo_field_value(row, key_field(field, row->model));
}

Value capo_form_prepare_value(const FormField *field, Value value)
{
    Instance *instance = capo_form_value_instance(value);
    return instance ? row_key(field, instance) : value;
}

/* --- keys out of texts: what the key's field cannot take is no key --------------------------------------------------------------------- */

typedef struct KeyCall { const Field *key; Value text, ret; } KeyCall;

static void convert_key(void *argument)
{
    KeyCall *call = argument;
    call->ret = capo_field_to_python(call->key, call->text);
}

static bool key_of(const FormField *field, Value raw, Value *ret)
{
    KeyCall call = { .key = key_field(field, capo_query_model(field->query)), .text = capo_form_prepare_value(field, raw) };
    if (capo_is_text(call.text) && (memchr(call.text.text, 0, call.text.size) || call.text.size > 4096))
        return false;
    const Error *error = capo_try(convert_key, &call);
    if (error && error->code != ERROR_VALIDATION && error->code != ERROR_VALUE)
        capo_reraise(error);
    *ret = call.ret;
    return !error && !capo_is_null(call.ret);
}

bool capo_form_model_choice(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    Value key;
    if (capo_form_is_empty(raw))
        return *ret = capo_value_null(), true;
    if (key_of(field, raw, &key)) {
        if (field->known && capo_equal(key, row_key(field, field->known)))
            return *ret = capo_value_object(field->known), true;
        const char *path = key_field(field, capo_query_model(field->query))->name;
        Query *query = capo_query_slice(capo_query_filter(field->query, capo_q(path, key)), 0, 1);
        size_t count;
        Instance **rows = capo_query_rows(query, &count);
        if (count)
            return *ret = capo_value_object(rows[0]), true;
    }
    capo_form_field_fail(field, errors, "invalid_choice", CAPO_VARS(V("value", raw)));
    return false;
}

bool capo_form_model_choices(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    List *chosen = capo_list_new(), *keys = capo_list_new();
    *ret = capo_value_list(chosen);
    if (capo_form_is_empty(raw))
        return true;
    if (raw.kind != VALUE_LIST || raw.list->count > KEYS_MAX) {
        capo_form_field_fail(field, errors, "invalid_list", NULL);
        return false;
    }
    for (size_t i = 0; i < raw.list->count; i++) {
        Value key;
        if (!key_of(field, raw.list->items[i], &key)) {
            capo_form_field_fail(field, errors, "invalid_pk_value", CAPO_VARS(V("pk", raw.list->items[i])));
            return false;
        }
        capo_list_add(keys, key);
    }
    size_t count;
    Instance **rows = capo_query_rows(capo_query_filter(field->query, capo_q("pk__in", capo_value_list(keys))), &count);
    Map *found = capo_map_new();
    for (size_t i = 0; i < count; i++) {
        Value key = capo_value_to_text(capo_instance_pk(rows[i]));
        if (!capo_map_get_value(found, key))
            capo_list_add(chosen, capo_value_object(rows[i]));
        capo_map_set_value(found, key, capo_value_bool(true));
    }
    for (size_t i = 0; i < keys->count; i++)
        if (!capo_map_get_value(found, capo_value_to_text(keys->items[i]))) {
            capo_form_field_fail(field, errors, "invalid_choice", CAPO_VARS(V("value", raw.list->items[i])));
            return false;
        }
    return true;
}

bool capo_form_model_changed(const FormField *field, Value initial, Value raw)
{
    Value before = capo_value_to_text(capo_form_prepare_value(field, initial)), after = capo_value_to_text(capo_form_prepare_value(field, raw));
    if (capo_form_is_empty(initial) || capo_form_is_empty(raw))
        return capo_form_is_empty(initial) != capo_form_is_empty(raw);
    return !capo_equal(before, after);
}

/* InlineForeignKeyField: what is sent must be the parent's key, or nothing. The key itself is the formset's to set. */
bool capo_form_inline_key(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    *ret = capo_value_null();
    if (capo_form_is_empty(raw) || capo_equal(capo_value_to_text(raw), capo_value_to_text(field->initial)))
        return true;
    capo_form_field_fail(field, errors, "invalid_choice", NULL);
    return false;
}

bool capo_form_never_changed(const FormField *field, Value initial, Value raw)
{
    (void)field, (void)initial, (void)raw;
    return false;
}

List *capo_form_field_choices(const FormField *field)
{
    if (!field->query)
        return capo_form_plain_choices(field);
    List *list = capo_list_new();
    const char *empty = field->empty_label ? field->empty_label : "---------";
    bool radio = field->widget && !strcmp(field->widget, "radio");
    bool blank = field->kind == FORM_MODEL_CHOICE && *empty && !(!field->optional && (radio || !capo_is_null(field->initial)));
    if (blank)
        capo_list_add(list, capo_value_map(capo_map(V("value", ""), V("label", empty))));
    size_t count;
    Instance **rows = capo_query_rows(field->query, &count);
    for (size_t i = 0; i < count; i++) {
        const char *label = field->label_from ? field->label_from(rows[i]) : capo_instance_text(rows[i]);
        capo_list_add(list, capo_value_map(capo_map(V("value", row_key(field, rows[i])), V("label", label))));
    }
    return list;
}
