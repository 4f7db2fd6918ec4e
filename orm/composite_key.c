/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of one column or of several, as SQL of the statements that write and read rows by their key. tuple.c has them in queries. */
#include "composite_key.h"
#include "instance.h"
#include <string.h>

Value capo_key_part_value(const Field *key, Value value, size_t i)
{
    if (key->kind != FIELD_COMPOSITE_KEY)
        return value;
    return value.kind == VALUE_LIST && value.list->count == key->n_parts ? value.list->items[i] : capo_value_null();
}

Value key_value(const char *base, const Field *key)
{
    if (key->kind != FIELD_COMPOSITE_KEY)
        return capo_member_value(base, key);
    List *list = capo_list_new();
    for (size_t i = 0; i < key->n_parts; i++) {
        Value part = capo_member_value(base, key->parts[i]);
        if (capo_is_null(part))
            return part;
        capo_list_add(list, part);
    }
    return capo_value_list(list);
}

Value key_of_cells(const Field *key, const Value *cells)
{
    if (key->kind != FIELD_COMPOSITE_KEY)
        return capo_from_column(key, cells[0]);
    List *list = capo_list_new();
    for (size_t i = 0; i < key->n_parts; i++)
        capo_list_add(list, capo_from_column(key->parts[i], cells[i]));
    return capo_value_list(list);
}

Value key_to_python(const Field *key, Value value)
{
    List *list = capo_list_new();
    if (capo_is_null(value))
        return value;
    if (value.kind != VALUE_LIST || value.list->count != key->n_parts)
        capo_invalid("invalid", "The key of %s is a list of %zu values.", key->model->name, key->n_parts);
    for (size_t i = 0; i < key->n_parts; i++) {
        const Field *part = key->parts[i];
        Value of = capo_field_to_python(part->target ? part->target_field : part, value.list->items[i]);
        if (capo_is_null(of))
            capo_invalid("invalid", "The key of %s lacks its %s.", key->model->name, part->name);
        capo_list_add(list, of);
    }
    return capo_value_list(list);
}

size_t key_put_equals(Buffer *sql, const Field *key, Value value, Value *values, size_t bound)
{
    size_t size = capo_key_size(key);
    for (size_t i = 0; i < size; i++) {
        const Field *part = capo_key_part(key, i);
        capo_put(sql, i ? " AND " : "");
        capo_put_name(sql, part->column);
        capo_put(sql, " = ");
        values[bound++] = capo_to_column(part, capo_key_part_value(key, value, i));
        capo_put_placeholder(sql, (int)bound, part);
    }
    return bound;
}

size_t key_put_differs(Buffer *sql, const Field *key, Value value, Value *values, size_t bound)
{
    capo_put(sql, " AND NOT (");
    bound = key_put_equals(sql, key, value, values, bound);
    capo_put_char(sql, ')');
    return bound;
}

size_t key_put_in(Buffer *sql, const Field *key, const Value *keys, size_t count, Value *values, size_t bound)
{
    if (key->kind != FIELD_COMPOSITE_KEY) {
        capo_put_name(sql, key->column);
        capo_put(sql, " IN (");
        for (size_t i = 0; i < count; i++) {
            capo_put(sql, i ? ", " : "");
            values[bound++] = capo_to_column(key, keys[i]);
            capo_put_placeholder(sql, (int)bound, key);
        }
        capo_put_char(sql, ')');
        return bound;
    }
    key_put_columns(sql, key);
    capo_put(sql, capo_dialect()->tuples_by_values ? " IN (VALUES " : " IN (");
    for (size_t i = 0; i < count; i++) {
        capo_put(sql, i ? ", (" : "(");
        for (size_t part = 0; part < key->n_parts; part++) {
            capo_put(sql, part ? ", " : "");
            values[bound++] = capo_to_column(key->parts[part], capo_key_part_value(key, keys[i], part));
            capo_put_placeholder(sql, (int)bound, key->parts[part]);
        }
        capo_put_char(sql, ')');
    }
    capo_put_char(sql, ')');
    return bound;
}

void key_put_columns(Buffer *sql, const Field *key)
{
    size_t size = capo_key_size(key);
    capo_put_char(sql, '(');
    for (size_t i = 0; i < size; i++) {
        capo_put(sql, i ? ", " : "");
        capo_put_name(sql, capo_key_part(key, i)->column);
    }
    capo_put_char(sql, ')');
}
