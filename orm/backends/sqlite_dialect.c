/* SPDX-License-Identifier: BSD-3-Clause */
/* How SQLite spells SQL. What it has no function for is in sqlite_functions.c, under the names that Django gives them. */
#include "../functions.h"
#include <sqlite3.h>
#include <string.h>

/* --- types --- */

static void put_placeholder(Buffer *sql, int number)
{
    (void)number;
    capo_put_char(sql, '?');
}

static const char *column_type(const Field *field)
{
    const Field *column = capo_column_field(field);
    const char *own = column->custom && column->custom->db_type ? column->custom->db_type(column, "sqlite") : NULL;
    if (own)
        return own;
    bool is_key = column != field;              /* of another row: no sign to check, nothing that counts up */
    switch (column->kind) {
    case FIELD_AUTO: case FIELD_BIG_AUTO: case FIELD_SMALL_AUTO:
        /* Only a key counts up by itself, and SQLite wants "integer" for that; a key to it holds the plain type. */
        return !is_key || column->kind == FIELD_AUTO ? "integer" : column->kind == FIELD_BIG_AUTO ? "bigint" : "smallint";
    case FIELD_CHAR: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_FILE: case FIELD_IMAGE:
        return capo_format("varchar(%d)", column->max_length);
    case FIELD_TEXT: case FIELD_JSON:
        return "text";
    case FIELD_IP_ADDRESS:
        return "char(39)";
    case FIELD_INTEGER:
        return "integer";
    case FIELD_BIG_INTEGER:
        return "bigint";
    case FIELD_SMALL_INTEGER:
        return "smallint";
    case FIELD_POSITIVE_INTEGER:
        return is_key ? "integer" : "integer unsigned";
    case FIELD_POSITIVE_BIG_INTEGER:
        return is_key ? "bigint" : "bigint unsigned";
    case FIELD_POSITIVE_SMALL_INTEGER:
        return is_key ? "smallint" : "smallint unsigned";
    case FIELD_FLOAT:
        return "real";
    case FIELD_DECIMAL:
        return "decimal";
    case FIELD_BOOLEAN:
        return "bool";
    case FIELD_DATE:
        return "date";
    case FIELD_TIME:
        return "time";
    case FIELD_DATETIME:
        return "datetime";
    case FIELD_DURATION:
        return "bigint";
    case FIELD_UUID:
        return "char(32)";
    case FIELD_BINARY:
        return "BLOB";
    default:
        return NULL;
    }
}

static const char *column_check(const Field *field, const char *quoted_column)
{
    if (capo_field_is_positive(field->kind))
        return capo_format("%s >= 0", quoted_column);
    if (field->kind == FIELD_JSON)
        return capo_format("(JSON_VALID(%s) OR %s IS NULL)", quoted_column, quoted_column);
    return NULL;
}

/* Names of parts come from these lists, and zones from the tz database: neither can carry SQL. */
static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

static const char *const date_parts[] = { "year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day", "day", NULL };
static const char *const time_parts[] = { "hour", "minute", "second", "microsecond", NULL };
static const char *const date_truncations[] = { "year", "quarter", "month", "week", "day", NULL };
static const char *const time_truncations[] = { "hour", "minute", "second", NULL };

static void put_zone(Buffer *out, const char *zone)
{
    if (!zone) {
        capo_put(out, ", NULL, NULL)");
        return;
    }
    capo_put(out, ", '");
    for (; *zone; zone++)
        if (*zone != '\'' && (unsigned char)*zone >= 32)
            capo_put_char(out, *zone);
    capo_put(out, "', 'UTC')");
}

static bool put_extract(Buffer *out, const char *part, FieldKind kind, const char *sql, const char *zone)
{
    bool of_date = is_one_of(date_parts, part), of_time = is_one_of(time_parts, part);
    if (kind == FIELD_DATE ? !of_date : kind == FIELD_TIME ? !of_time : !of_date && !of_time)
        return false;
    capo_put_format(out, "django_%s_extract('%s', %s", kind == FIELD_DATE ? "date" : kind == FIELD_TIME ? "time" : "datetime", part, sql);
    if (kind == FIELD_DATETIME)
        put_zone(out, zone);
    else
        capo_put_char(out, ')');
    return true;
}

static bool put_trunc(Buffer *out, const char *part, FieldKind kind, FieldKind gives, const char *sql, const char *zone)
{
    (void)gives;
    bool of_date = is_one_of(date_truncations, part), of_time = is_one_of(time_truncations, part);
    if (kind == FIELD_DATE ? !of_date : kind == FIELD_TIME ? !of_time : !of_date && !of_time)
        return false;
    capo_put_format(out, "django_%s_trunc('%s', %s", kind == FIELD_DATE ? "date" : kind == FIELD_TIME ? "time" : "datetime", part, sql);
    put_zone(out, zone);
    return true;
}

static bool put_cast(Buffer *out, const char *part, const char *sql, const char *zone)
{
    if (strcmp(part, "date") && strcmp(part, "time"))
        return false;
    capo_put_format(out, "django_datetime_cast_%s(%s", part, sql);
    put_zone(out, zone);
    return true;
}

/* --- values --- */

static const char *value_type(const Field *field) { return capo_field_storage(field) == STORAGE_DECIMAL ? "NUMERIC" : NULL; }

/* A decimal is bound as text, which compares with nothing but texts unless it is cast. */
static void parameter(Compiler *compiler, Value value, const Field *field)
{
    bool cast = value.kind == VALUE_DECIMAL || (capo_is_text(value) && capo_field_storage(field) == STORAGE_DECIMAL);
    compile_text(compiler, cast ? "CAST(" : "");
    compile_bound(compiler, value.kind == VALUE_DECIMAL ? capo_value_text(value.decimal.text) : value);
    compile_text(compiler, cast ? " AS NUMERIC)" : "");
}

static void cast(Compiler *compiler, const Expression *cast)
{
    FieldKind kind = cast->type.kind;
    compile_text(compiler, kind == FIELD_DATETIME ? "strftime('%Y-%m-%d %H:%M:%f', " : kind == FIELD_DATE ? "date(" : kind == FIELD_TIME ? "strftime('%H:%M:%f', " : "CAST(");
    compile_list(compiler, cast->args, 1, "");
    if (kind != FIELD_DATETIME && kind != FIELD_DATE && kind != FIELD_TIME)
        compile_format(compiler, " AS %s", kind == FIELD_DECIMAL ? "NUMERIC" : column_type(plain_field(cast->type)));
    compile_text(compiler, ")");
}

static void combine_moments(Compiler *compiler, const Expression *combined, bool difference)
{
    bool times = combined->args[0]->type.kind == FIELD_TIME;
    compile_text(compiler, !difference ? "django_format_dtdelta(" : times ? "django_time_diff(" : "django_timestamp_diff(");
    if (!difference)
        compile_format(compiler, "'%c', ", *combined->name);
    compile_list(compiler, combined->args, 2, ", ");
    compile_text(compiler, ")");
}

static bool aggregate(Compiler *compiler, const Expression *aggregate)
{
    if (aggregate->n_order && sqlite3_libversion_number() < 3044000)
        capo_raise(ERROR_NOT_SUPPORTED, "%s: an order within an aggregate is of SQLite 3.44 and later; this is SQLite %s.", aggregate->name, sqlite3_libversion());
    if (strcmp(aggregate->name, "StringAgg"))
        return false;
    const Expression *separator = aggregate->args[1];
    bool comma = separator->kind == X_VALUE && capo_is_text(separator->value) && !strcmp(separator->value.text, ",");
    if (aggregate->distinct && !comma)
        capo_raise(ERROR_NOT_SUPPORTED, "StringAgg: with .distinct SQLite joins texts by \",\" only.");
    compile_text(compiler, aggregate->distinct ? "GROUP_CONCAT(DISTINCT " : "GROUP_CONCAT(");
    compile_aggregate_value(compiler, aggregate);
    if (!comma) {
        compile_text(compiler, ", ");
        compile_list(compiler, aggregate->args + 1, 1, "");
    }
    compile_aggregate_order(compiler, aggregate);
    compile_text(compiler, ")");
    compile_aggregate_filter(compiler, aggregate, NULL);
    return true;
}

static bool combine(Compiler *compiler, const Expression *combined)
{
    if (*combined->name == '#')
        compile_template(compiler, "BITXOR($1, $2)", combined->args, 2);
    return *combined->name == '#';
}

/* --- JSON --- */

static void put_json_type(Compiler *compiler, const Expression *root, const char *path)
{
    compile_text(compiler, "JSON_TYPE(");
    compile_left(compiler, root);
    compile_text(compiler, ", ");
    compile_parameter(compiler, capo_value_text(path), type_of(FIELD_TEXT));
    compile_text(compiler, ")");
}

static void put_has_key(Compiler *compiler, const Expression *left, Value key)
{
    Buffer path = { 0 };
    const Expression *root = compile_json_path(left, &path);
    capo_put_char(&path, '.');
    capo_json_put(&path, capo_value_to_text(key), 0);
    put_json_type(compiler, root, capo_buffer_text(&path));
    compile_text(compiler, " IS NOT NULL");
}

static const char *json_word(Value value)
{
    return value.kind == VALUE_NULL ? "null" : value.kind == VALUE_BOOL ? value.boolean ? "true" : "false" : NULL;
}

/* A value as JSON_EXTRACT gives it: the words for true, false and null, else the bare number or text. */
static void put_json_value(Compiler *compiler, Value value)
{
    if (json_word(value)) {
        compile_parameter(compiler, capo_value_text(json_word(value)), type_of(FIELD_TEXT));
        return;
    }
    compile_text(compiler, "JSON_EXTRACT(");
    compile_parameter(compiler, capo_value_text(capo_json_text(value, 0)), type_of(FIELD_TEXT));
    compile_text(compiler, ", '$')");
}

static Sql json_lookup(Compiler *compiler, const Expression *lookup, bool *ret_done)
{
    const Expression *left = lookup->args[0];
    LookupCode code = lookup->lookup->code;
    bool key = left->kind == X_TRANSFORM && left->transform->code == PART_KEY;
    const Expression *root;
    Buffer path = { 0 };
    *ret_done = true;
    switch (code) {
    case LOOKUP_JSON_CONTAINS: case LOOKUP_JSON_CONTAINED_BY:
        capo_raise(ERROR_NOT_SUPPORTED, "%s lookup is not supported on this database backend.", lookup->lookup->name);
    case LOOKUP_HAS_KEY:
        put_has_key(compiler, left, lookup->value);
        return SQL_OK;
    case LOOKUP_HAS_KEYS: case LOOKUP_HAS_ANY_KEYS:
        if (!lookup->value.list->count)
            capo_raise(ERROR_OPERATIONAL, "The look-up '%s' names no key.", lookup->lookup->name);
        compile_text(compiler, "(");
        for (size_t i = 0; i < lookup->value.list->count; i++) {
            compile_text(compiler, !i ? "" : code == LOOKUP_HAS_KEYS ? " AND " : " OR ");
            put_has_key(compiler, left, lookup->value.list->items[i]);
        }
        compile_text(compiler, ")");
        return SQL_OK;
    case LOOKUP_ISNULL:
        if (!key)
            break;
        root = compile_json_path(left, &path);
        put_json_type(compiler, root, capo_buffer_text(&path));
        compile_text(compiler, lookup->value.boolean ? " IS NULL" : " IS NOT NULL");
        return SQL_OK;
    case LOOKUP_EXACT:
        if (lookup->n_args > 1 || lookup->query)
            break;
        if (!key) {
            compile_left(compiler, left);
            compile_text(compiler, " = ");
            compile_parameter(compiler, capo_value_text(capo_json_text(lookup->value, 0)), type_of(FIELD_TEXT));
            return SQL_OK;
        }
        if (capo_is_null(lookup->value)) {
            root = compile_json_path(left, &path);
            put_json_type(compiler, root, capo_buffer_text(&path));
            compile_text(compiler, " = 'null'");
            return SQL_OK;
        }
        compile_left(compiler, left);
        compile_text(compiler, " = ");
        put_json_value(compiler, lookup->value);
        return SQL_OK;
    case LOOKUP_IN:
        if (lookup->query)
            break;
        if (!lookup->value.list->count)
            return SQL_EMPTY;
        compile_left(compiler, left);
        compile_text(compiler, " IN (");
        for (size_t i = 0; i < lookup->value.list->count; i++) {
            compile_text(compiler, i ? ", " : "");
            if (key)
                put_json_value(compiler, lookup->value.list->items[i]);
            else
                compile_parameter(compiler, capo_value_text(capo_json_text(lookup->value.list->items[i], 0)), type_of(FIELD_TEXT));
        }
        compile_text(compiler, ")");
        return SQL_OK;
    case LOOKUP_GT: case LOOKUP_GTE: case LOOKUP_LT: case LOOKUP_LTE:
        if (!key || lookup->n_args > 1)
            break;
        compile_left(compiler, left);
        compile_text(compiler, code == LOOKUP_GT ? " > " : code == LOOKUP_GTE ? " >= " : code == LOOKUP_LT ? " < " : " <= ");
        compile_parameter(compiler, lookup->value, type_of_value(lookup->value));
        return SQL_OK;
    default:
        break;
    }
    *ret_done = false;
    return SQL_OK;
}

static void json_key(Compiler *compiler, const Expression *expression)
{
    Buffer path = { 0 };
    const Expression *root = compile_json_path(expression, &path);
    Value text = capo_value_text_n(capo_buffer_text(&path), path.size);
    /* SQLite takes JSON apart into numbers and texts; what must stay JSON (true, false, null) is given by its type. */
    compile_text(compiler, "(CASE WHEN JSON_TYPE(");
    compile(compiler, root);
    compile_text(compiler, ", ");
    compile_bound(compiler, text);
    compile_text(compiler, ") IN ('false', 'true', 'null') THEN JSON_TYPE(");
    compile(compiler, root);
    compile_text(compiler, ", ");
    compile_bound(compiler, text);
    compile_text(compiler, ") ELSE JSON_EXTRACT(");
    compile(compiler, root);
    compile_text(compiler, ", ");
    compile_bound(compiler, text);
    compile_text(compiler, ") END)");
}

/* --- look-ups --- */

/* LIKE is blind to the case of ASCII letters in SQLite, for contains as for icontains, and Django leaves it so. */
static const LookupOperator operators[] = {
    { "exact", "= %s" }, { "iexact", "LIKE %s ESCAPE '\\'" },
    { "contains", "LIKE %s ESCAPE '\\'" }, { "icontains", "LIKE %s ESCAPE '\\'" },
    { "startswith", "LIKE %s ESCAPE '\\'" }, { "istartswith", "LIKE %s ESCAPE '\\'" },
    { "endswith", "LIKE %s ESCAPE '\\'" }, { "iendswith", "LIKE %s ESCAPE '\\'" },
    { "regex", "REGEXP %s" }, { "iregex", "REGEXP '(?i)' || %s" },
    { "gt", "> %s" }, { "gte", ">= %s" }, { "lt", "< %s" }, { "lte", "<= %s" },
    { 0 }
};

static const LookupOperator pattern_operators[] = {
    { "contains", "LIKE '%%' || %s || '%%' ESCAPE '\\'" }, { "icontains", "LIKE '%%' || UPPER(%s) || '%%' ESCAPE '\\'" },
    { "startswith", "LIKE %s || '%%' ESCAPE '\\'" }, { "istartswith", "LIKE UPPER(%s) || '%%' ESCAPE '\\'" },
    { "endswith", "LIKE '%%' || %s ESCAPE '\\'" }, { "iendswith", "LIKE '%%' || UPPER(%s) ESCAPE '\\'" },
    { 0 }
};

static void put_explain(Buffer *sql, const ExplainOptions *options)
{
    explain_format(options, (const char *[]){ NULL });
    explain_no_options(options);
    if (options->analyze)
        capo_raise(ERROR_VALUE, "Unknown options of EXPLAIN on SQLite: analyze.");
    capo_put(sql, "EXPLAIN QUERY PLAN ");
}

const Dialect capo_sqlite_dialect = {
    .quote = '"', .name_length = 200, .max_parameters = 32766, .no_key = "NULL",
    .list_format = "SELECT value FROM json_each(%s)", .integer_list_format = "SELECT value FROM json_each(%s)",
    .tuples_by_values = true, .returning = true, .returning_update = true, .ddl_in_transaction = true, .on_conflict = true, .excluded = "excluded.%s", .insert_ignore = "INSERT OR IGNORE INTO ", .defers_constraints = true, .ignores_null = true, .ordered_aggregates = true, .negative_indexes = true, .frame_exclusion = true, .aggregate_filter = true, .decimals_in_brackets = true, .rounds_fractions = true,
    .random = "RAND()", .no_limit = "-1", .begin = "BEGIN IMMEDIATE",
    .operators = operators, .pattern_operators = pattern_operators,
    .pattern_escape = "REPLACE(REPLACE(REPLACE(%s, '\\', '\\\\'), '%%', '\\%%'), '_', '\\_')",
    .put_placeholder = put_placeholder, .value_type = value_type, .column_type = column_type, .column_check = column_check,
    .put_extract = put_extract, .put_trunc = put_trunc, .put_cast = put_cast, .put_explain = put_explain,
    .parameter = parameter, .cast = cast, .combine_moments = combine_moments, .json_key = json_key, .json_lookup = json_lookup,
    .aggregate = aggregate, .combine = combine,
};
