/* SPDX-License-Identifier: BSD-3-Clause */
/* SQL by hand: its rows as instances and as plain structs, one statement for many rows, stored procedures. */
#include "instance.h"
#include "routing.h"
#include <capo/sql.h>
#include <string.h>

enum { EACH_BATCH = 500 };

/* --- instances -------------------------------------------------------------------------------------------------------------------- */

static Field *field_of_column(const Model *model, const ColumnName *names, const char *column)
{
    for (; names && names->column; names++) {
        Field *field = !strcmp(names->column, column) ? capo_field(model, names->field) : NULL;
        if (field && field->column)
            return field;
    }
    for (size_t i = 0; i < model->n_fields; i++)
        if (!strcmp(model->fields[i]->column, column))
            return model->fields[i];
    return NULL;
}

Instance **capo_raw_named_rows(Model *model, const ColumnName *names, const char *sql, const Value *parameters, size_t count)
{
    WITH_DATABASE(database_for(model, NULL, NULL, DATABASE_READ));
    ResultSet *result = capo_database_run(capo_sql_numbered(sql, count), parameters, count, DATABASE_READ);
    Instance **rows = capo_alloc_array(result->n_rows + 1, sizeof *rows);
    Field **fields = capo_alloc_array(result->n_columns + 1, sizeof *fields);
    size_t n_key = 0;
    for (size_t k = 0; k < result->n_columns; k++) {
        fields[k] = field_of_column(model, names, result->names[k]);
        n_key += fields[k] && fields[k]->in_key;
    }
    if (n_key < capo_key_size(model->pk))
        capo_raise(ERROR_FIELD, "A raw query must select the primary key, %s, of %s.", model->pk->column ? model->pk->column : "all its columns", model->name);
    for (size_t row = 0; row < result->n_rows; row++) {
        rows[row] = capo_instance_load(model, fields, &capo_cell(result, row, 0), result->n_columns);
        for (size_t k = 0; k < result->n_columns; k++)
            if (!fields[k])
                capo_instance_annotate(rows[row], result->names[k], capo_cell(result, row, k));
    }
    return rows;
}

Instance **capo_raw_rows(Model *model, const char *sql, const Value *parameters, size_t count)
{
    return capo_raw_named_rows(model, NULL, sql, parameters, count);
}

/* --- structs ---------------------------------------------------------------------------------------------------------------------- */

static const Storage storages[] = {
    [COLUMN_INT64] = STORAGE_INT, [COLUMN_INT] = STORAGE_INT, [COLUMN_BOOL] = STORAGE_BOOL, [COLUMN_DOUBLE] = STORAGE_REAL, [COLUMN_TEXT] = STORAGE_TEXT,
    [COLUMN_DATE] = STORAGE_DATE, [COLUMN_TIME] = STORAGE_TIME, [COLUMN_DATETIME] = STORAGE_DATETIME, [COLUMN_DURATION] = STORAGE_DURATION,
    [COLUMN_DECIMAL] = STORAGE_DECIMAL, [COLUMN_UUID] = STORAGE_UUID, [COLUMN_BYTES] = STORAGE_BINARY,
};

/* A sum may come as a decimal or a text, whatever it is made of. */
static int64_t integer_of(const ColumnRow *column, Value value)
{
    int64_t number = 0;
    if (value.kind == VALUE_DECIMAL)
        value = capo_value_text(value.decimal.text);
    if (value.kind == VALUE_REAL && value.real >= -9.2e18 && value.real <= 9.2e18)
        return (int64_t)value.real;
    if (value.kind == VALUE_BOOL)
        return value.boolean;
    double real;
    if (capo_to_int(value, &number))
        return number;
    if (capo_to_real(value, &real) && real >= -9.2e18 && real <= 9.2e18)
        return (int64_t)real;
    capo_raise(ERROR_DATA, "The column %s gives %s, which is no whole number of 64 bits.", column->name, capo_to_text(value));
}

static void put_member(char *at, const ColumnRow *column, Value raw)
{
    if (capo_is_null(raw))
        return;
    if (column->type == COLUMN_VALUE) {
        *(Value *)(void *)at = raw;
        return;
    }
    int64_t number = column->type <= COLUMN_BOOL ? integer_of(column, raw) : 0;
    Value value = column->type <= COLUMN_BOOL ? capo_value_int(number) : capo_from_storage(storages[column->type], raw, -1);
    double real;
    switch (column->type) {
    case COLUMN_INT64: *(int64_t *)(void *)at = number; break;
    case COLUMN_INT:
        if (number != (int)number)
            capo_raise(ERROR_DATA, "The column %s gives %lld, which an int cannot hold: make the member an int64_t.", column->name, (long long)number);
        *(int *)(void *)at = (int)number;
        break;
    case COLUMN_BOOL: *(bool *)at = number != 0; break;
    case COLUMN_DOUBLE:
        if (!capo_to_real(raw.kind == VALUE_DECIMAL ? capo_value_text(raw.decimal.text) : raw, &real))
            capo_raise(ERROR_DATA, "The column %s gives %s, which is no number.", column->name, capo_to_text(raw));
        *(double *)(void *)at = real;
        break;
    case COLUMN_TEXT: *(const char **)(void *)at = capo_is_text(raw) ? raw.text : capo_to_text(raw); break;
    case COLUMN_DATE: *(Date *)(void *)at = value.kind == VALUE_DATE ? value.date : (Date){ 0 }; break;
    case COLUMN_TIME: *(Time *)(void *)at = value.kind == VALUE_TIME ? value.time : (Time){ 0 }; break;
    case COLUMN_DATETIME: *(DateTime *)(void *)at = value.kind == VALUE_DATETIME ? value.datetime : (DateTime){ 0 }; break;
    case COLUMN_DURATION: *(Duration *)(void *)at = value.kind == VALUE_DURATION ? value.duration : (Duration){ 0 }; break;
    case COLUMN_DECIMAL: *(Decimal *)(void *)at = value.kind == VALUE_DECIMAL ? value.decimal : (Decimal){ capo_to_text(value) }; break;
    case COLUMN_UUID: *(Uuid *)(void *)at = value.kind == VALUE_UUID ? *value.uuid : (Uuid){ { 0 } }; break;
    case COLUMN_BYTES: *(Bytes *)(void *)at = value.kind == VALUE_BYTES ? (Bytes){ value.bytes, value.size } : (Bytes){ NULL, 0 }; break;
    }
}

void *capo_structs_of(const ResultSet *result, size_t size, const ColumnRow *columns, size_t *ret_count)
{
    char *structs = capo_alloc_array(result->n_rows + 1, size);
    for (const ColumnRow *column = columns; column->name; column++) {
        size_t at = 0;
        while (at < result->n_columns && strcmp(result->names[at], column->name))
            at++;
        if (at == result->n_columns)
            capo_raise(ERROR_FIELD, "The statement gives no column '%s' for the struct.%s", column->name,
                       capo_did_you_mean(column->name, result->names, result->n_columns));
        for (size_t row = 0; row < result->n_rows; row++)
            put_member(structs + row * size + column->offset, column, capo_cell(result, row, at));
    }
    if (ret_count)
        *ret_count = result->n_rows;
    return structs;
}

void *capo_sql_structs_with(size_t size, const ColumnRow *columns, size_t *ret_count, const char *sql, const Value *parameters, size_t count)
{
    return capo_structs_of(capo_sql_run_raw(sql, parameters, count), size, columns, ret_count);
}

/* --- results, many rows, procedures ---------------------------------------------------------------------------------------------------- */

static SqlResult *result_of(const ResultSet *result)
{
    SqlResult *own = capo_alloc_struct(SqlResult);
    *own = (SqlResult){ .n_rows = result->n_rows, .n_columns = result->n_columns, .names = result->names, .cells = result->cells,
                        .changes = result->changes, .last_id = result->last_id };
    return own;
}

SqlResult *capo_sql_result_with(const char *sql, const Value *parameters, size_t count)
{
    return result_of(capo_sql_run_raw(sql, parameters, count));
}

int64_t capo_sql_each(const char *sql, const List *rows)
{
    int64_t changes = 0;
    if (!rows->count)
        return 0;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].kind != VALUE_LIST || rows->items[i].list->count != rows->items[0].list->count)
            capo_raise(ERROR_VALUE, "capo_sql_each() takes lists of parameters, all of one length; the one at place %zu is none such.", i + 1);
    sql = capo_sql_numbered(sql, rows->items[0].list->count);
    Statement *statements = capo_alloc_array(EACH_BATCH, sizeof *statements);
    capo_begin();
    for (size_t from = 0; from < rows->count; from += EACH_BATCH) {
        size_t count = rows->count - from < EACH_BATCH ? rows->count - from : EACH_BATCH;
        for (size_t i = 0; i < count; i++)
            statements[i] = (Statement){ sql, rows->items[from + i].list->items, rows->items[from + i].list->count };
        ResultSet *results = capo_database_run_many(statements, count, DATABASE_WRITE);
        for (size_t i = 0; i < count; i++)
            changes += results[i].changes;
    }
    capo_commit();
    return changes;
}

SqlResult *capo_sql_call_with(const char *name, const Value *parameters, size_t count)
{
    const Dialect *dialect = capo_dialect();
    if (!dialect->call_procedure)
        capo_raise(ERROR_NOT_SUPPORTED, "%s has no stored procedures: '%s' cannot be called.", capo_backend()->title, name);
    Buffer sql = { 0 };
    capo_put(&sql, dialect->call_procedure);
    capo_put_name(&sql, name);
    capo_put_char(&sql, '(');
    for (size_t i = 0; i < count; i++) {
        capo_put(&sql, i ? ", " : "");
        dialect->put_placeholder(&sql, (int)i + 1);
    }
    capo_put_char(&sql, ')');
    return result_of(capo_database_run(capo_buffer_text(&sql), parameters, count, DATABASE_WRITE));
}
