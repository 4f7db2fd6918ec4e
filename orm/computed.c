/* SPDX-License-Identifier: BSD-3-Clause */
/* What the database computes of a row: generated columns, and its own defaults of fields that were not set.
 *
 * A field with a db_default that is a literal has it from capo_new() on. One whose default is an expression is left to the database as long
 * as its member is untouched: NULL, or all zeros. */
#include "composite_key.h"
#include "instance.h"
#include "query.h"
#include "schema.h"
#include <string.h>

/* --- in schemas --- */

const char *capo_column_default(const Field *field)
{
    Expression *expression = field->has_db_default ? capo_field_expression(field) : NULL;
    if (!expression)
        return NULL;
    if (expression->kind == X_VALUE) {
        Buffer sql = { 0 };
        capo_put_literal(&sql, capo_to_column(field, expression->value));
        return capo_buffer_text(&sql);
    }
    return capo_format("(%s)", capo_expression_sql(field->model, expression));
}

const char *capo_column_generated(const Field *field)
{
    if (!field->generated)
        return NULL;
    if (!field->db_persist && !capo_backend()->schema->virtual_columns)
        capo_raise(ERROR_NOT_SUPPORTED, "%s.%s: %s does not support virtual generated columns. Write .db_persist = true.", field->model->label, field->name,
                   capo_backend()->title);
    return capo_format("GENERATED ALWAYS AS (%s) %s", capo_expression_sql(field->model, capo_field_expression(field)),
                       field->db_persist ? "STORED" : "VIRTUAL");
}

const char *capo_on_delete_sql(const Field *field)
{
    switch (field->on_delete) {
    case DB_CASCADE: return " ON DELETE CASCADE";
    case DB_SET_NULL: return " ON DELETE SET NULL";
    case DB_SET_DEFAULT:
        if (!capo_backend()->schema->foreign_key_defaults)
            capo_raise(ERROR_NOT_SUPPORTED, "%s.%s: %s does not support ON DELETE SET DEFAULT.", field->model->label, field->name, capo_backend()->title);
        return " ON DELETE SET DEFAULT";
    default: return "";
    }
}

/* --- in rows --- */

static bool is_zero(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((const char *)bytes)[i])
            return false;
    return true;
}

static bool is_expression(const Field *field)
{
    while (field->inherited)
        field = field->inherited;
    return field->has_db_default && field->row->options.common.db_default.kind == DEFAULT_EXPRESSION;
}

bool capo_has_literal_default(const Field *field) { return field->has_db_default && !is_expression(field); }
Value capo_literal_default(const Field *field) { return capo_field_expression(field)->value; }

bool capo_is_left_to_database(const Instance *self, const Field *field)
{
    if (!is_expression(field) || field->has_default)
        return false;
    Value value = capo_field_value(self, field);
    switch (value.kind) {
    case VALUE_NULL: return true;
    case VALUE_BOOL: return !value.boolean;
    case VALUE_INT: return !value.integer;
    case VALUE_REAL: return value.real == 0;
    case VALUE_DECIMAL: return !value.decimal.text;
    case VALUE_DATE: return !value.date.days;
    case VALUE_TIME: return !value.time.microseconds;
    case VALUE_DATETIME: return !value.datetime.microseconds;
    case VALUE_DURATION: return !value.duration.microseconds;
    case VALUE_UUID: return is_zero(value.uuid, sizeof *value.uuid);
    case VALUE_BYTES: return !value.size;
    default: return false;
    }
}

void capo_put_database_default(Buffer *sql, const Field *field)
{
    if (capo_dialect()->default_word)
        capo_put(sql, capo_dialect()->default_word);
    else
        capo_put(sql, capo_column_default(field));
}

size_t capo_computed_fields(Instance *const *instances, size_t count, const Field *const *fields, size_t n_fields, const Field **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < n_fields; i++) {
        const Field *field = fields[i];
        bool computed = field->generated;
        for (size_t row = 0; row < count && !computed && field->has_db_default; row++)
            computed = capo_is_left_to_database(instances[row], field);
        if (computed)
            ret[n++] = field;
    }
    return n;
}

void capo_read_generated(Instance *self, const Model *level)
{
    const Field *pk = capo_level_key(self->model, level);
    Buffer sql = { 0 };
    size_t n = 0, n_fields;
    const Field *const *fields = capo_level_fields(self->model, level, &n_fields);
    for (size_t i = 0; i < n_fields; i++)
        if (fields[i]->generated)
            capo_put_format(&sql, "%s%s", n++ ? ", " : "SELECT ", capo_quote_name(fields[i]->column));
    if (!n)
        return;
    capo_put_format(&sql, " FROM %s WHERE ", capo_quote_name(level->table));
    Value *key = capo_alloc_array(capo_key_size(pk), sizeof *key);
    size_t bound = key_put_equals(&sql, pk, capo_instance_pk(self), key, 0);
    ResultSet *result = capo_database_run(capo_buffer_text(&sql), key, bound, DATABASE_WRITE);
    n = 0;
    for (size_t i = 0; i < n_fields && result->n_rows; i++)
        if (fields[i]->generated)
            capo_field_store(self, fields[i], capo_from_column(fields[i], capo_cell(result, 0, n++)));
}
