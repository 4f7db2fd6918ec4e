/* SPDX-License-Identifier: BSD-3-Clause */
/* INSERT of many rows to PostgreSQL: an array for each column, SELECT * FROM unnest($1::bigint[], …), as Django 5.2 does it. The text is the same for any
 * number of rows, so that it is prepared once; the server neither parses nor plans tens of thousands of parameters.
 *
 * Only plain columns and values of just their kind go this way. What the ordinary way would convert, or the server refuse, is left to it. */
#include "../internal.h"
#include <string.h>

/* The array's type and the OID of it (pg_type.dat: they never change), by the field's kind. */
typedef struct ArrayType { const char *name; uint16_t oid; ValueKind kind; int64_t least, most; } ArrayType;

static const ArrayType int2 = { "smallint[]", 1005, VALUE_INT, INT16_MIN, INT16_MAX }, int4 = { "integer[]", 1007, VALUE_INT, INT32_MIN, INT32_MAX },
    int8 = { "bigint[]", 1016, VALUE_INT, INT64_MIN, INT64_MAX }, text = { "text[]", 1009, VALUE_TEXT };

static const ArrayType types[FIELD_KINDS] = {
    [FIELD_FLOAT] = { "double precision[]", 1022, VALUE_REAL },
    [FIELD_DECIMAL] = { "numeric[]", 1231, VALUE_DECIMAL },
    [FIELD_BOOLEAN] = { "boolean[]", 1000, VALUE_BOOL },
    [FIELD_DATE] = { "date[]", 1182, VALUE_DATE },
    [FIELD_TIME] = { "time[]", 1183, VALUE_TIME },
    [FIELD_DATETIME] = { "timestamp with time zone[]", 1185, VALUE_DATETIME },
    [FIELD_DURATION] = { "interval[]", 1187, VALUE_DURATION },
    [FIELD_UUID] = { "uuid[]", 2951, VALUE_UUID },
    [FIELD_BINARY] = { "bytea[]", 1001, VALUE_BYTES },
    [FIELD_JSON] = { "jsonb[]", 3807, VALUE_TEXT },
};

static const ArrayType *type_of_column(const Field *field)
{
    const Field *column = capo_column_field(field);
    if (column->custom)
        return NULL;
    switch (column->kind) {
    case FIELD_AUTO: case FIELD_INTEGER: case FIELD_POSITIVE_INTEGER:
        return &int4;
    case FIELD_BIG_AUTO: case FIELD_BIG_INTEGER: case FIELD_POSITIVE_BIG_INTEGER:
        return &int8;
    case FIELD_SMALL_AUTO: case FIELD_SMALL_INTEGER: case FIELD_POSITIVE_SMALL_INTEGER:
        return &int2;
    case FIELD_CHAR: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_TEXT:
        return &text;
    default:
        return column->kind < FIELD_KINDS && types[column->kind].name ? &types[column->kind] : NULL;
    }
}

static bool fits(const ArrayType *type, Value value)
{
    if (value.kind == VALUE_NULL)
        return true;
    if (value.kind != type->kind || (value.tag && value.kind != VALUE_DATETIME))
        return false;
    switch (value.kind) {
    case VALUE_INT:
        return value.integer >= type->least && value.integer <= type->most;
    case VALUE_TEXT:
        return !memchr(value.text, 0, value.size);
    case VALUE_DATETIME:
        return !(value.flags & VALUE_FLAG_NAIVE);
    case VALUE_DECIMAL:
        return value.decimal.text && *value.decimal.text;
    default:
        return true;
    }
}

static Value array_of(const ArrayType *type, Value *values, size_t count)
{
    List *list = capo_alloc_struct(List);
    *list = (List){ .items = values, .count = count, .capacity = count };
    Value array = capo_value_list(list);
    array.tag = type->oid;
    return array;
}

/* Whole numbers and UUIDs, which a database that others made has in columns of such types; what a model calls a text may be one of citext or an enum. */
Value capo_postgresql_keys(const Field *column, Value *values, size_t count)
{
    const ArrayType *type = type_of_column(column);
    if (!type || (type->kind != VALUE_INT && type->kind != VALUE_UUID))
        return capo_value_null();
    for (size_t i = 0; i < count; i++)
        if (values[i].kind == VALUE_NULL || !fits(type, values[i]))
            return capo_value_null();
    return array_of(type, values, count);
}

Value *capo_postgresql_put_rows(Buffer *sql, const Field *const *columns, size_t n_columns, Value *values, size_t count)
{
    Value *parameters = capo_alloc_array(n_columns, sizeof *parameters);
    const ArrayType **of = capo_alloc_array(n_columns, sizeof *of);
    for (size_t i = 0; i < n_columns; i++) {
        of[i] = type_of_column(columns[i]);
        for (size_t row = 0; of[i] && row < count; row++)
            if (!fits(of[i], values[i * count + row]))
                return NULL;
        if (!of[i])
            return NULL;
    }
    capo_put(sql, "SELECT * FROM unnest(");
    for (size_t i = 0; i < n_columns; i++) {
        capo_put_format(sql, "%s$%zu::%s", i ? ", " : "", i + 1, of[i]->name);
        parameters[i] = array_of(of[i], values + i * count, count);
    }
    capo_put_char(sql, ')');
    return parameters;
}
