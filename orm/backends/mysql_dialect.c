/* SPDX-License-Identifier: BSD-3-Clause */
/* How MariaDB and MySQL spell SQL, as Django has it there. */
#include "../functions.h"
#include <math.h>
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
    const char *own = column->custom && column->custom->db_type ? column->custom->db_type(column, "mysql") : NULL;
    if (own)
        return own;
    switch (column->kind) {
    case FIELD_AUTO: case FIELD_INTEGER:
        return "integer";
    case FIELD_BIG_AUTO: case FIELD_BIG_INTEGER: case FIELD_DURATION:
        return "bigint";
    case FIELD_SMALL_AUTO: case FIELD_SMALL_INTEGER:
        return "smallint";
    case FIELD_POSITIVE_INTEGER:
        return "integer UNSIGNED";
    case FIELD_POSITIVE_BIG_INTEGER:
        return "bigint UNSIGNED";
    case FIELD_POSITIVE_SMALL_INTEGER:
        return "smallint UNSIGNED";
    case FIELD_CHAR: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_FILE: case FIELD_IMAGE:
        return capo_format("varchar(%d)", column->max_length);
    case FIELD_TEXT:
        return "longtext";
    case FIELD_JSON:
        return "json";
    case FIELD_IP_ADDRESS:
        return "char(39)";
    case FIELD_FLOAT:
        return "double precision";
    case FIELD_DECIMAL:
        return capo_format("numeric(%d, %d)", column->max_digits, column->decimal_places);
    case FIELD_BOOLEAN:
        return "bool";
    case FIELD_DATE:
        return "date";
    case FIELD_TIME:
        return "time(6)";
    case FIELD_DATETIME:
        return "datetime(6)";
    case FIELD_UUID:
        return "uuid";                      /* MariaDB's; see mysql_column_type */
    case FIELD_BINARY:
        return "longblob";
    default:
        return NULL;
    }
}

static const char *mysql_column_type(const Field *field)
{
    const char *type = column_type(field);
    return type && !strcmp(type, "uuid") ? "char(32)" : type;
}

static const char *mysql_column_check(const Field *field, const char *quoted_column)
{
    return capo_field_is_positive(field->kind) ? capo_format("%s >= 0", quoted_column) : NULL;
}

static const char *column_check(const Field *field, const char *quoted_column)
{
    if (field->kind == FIELD_JSON)
        return capo_format("JSON_VALID(%s)", quoted_column);
    return capo_field_is_positive(field->kind) ? capo_format("%s >= 0", quoted_column) : NULL;
}

/* --- dates and times --- */

static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

static const char *const date_parts[] = { "year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day", "day", NULL };
static const char *const time_parts[] = { "hour", "minute", "second", NULL };
static const char *const date_truncations[] = { "year", "quarter", "month", "week", "day", NULL };
static const char *const time_truncations[] = { "hour", "minute", "second", NULL };

/* A datetime, which the column holds in UTC, as the wall clock of the zone; needs the server's time zone tables. */
static const char *local(const char *sql, const char *zone)
{
    if (!zone || !strcmp(zone, "UTC"))
        return sql;
    Buffer name = { 0 };
    for (; *zone; zone++)
        if (*zone != '\'' && *zone != '\\' && (unsigned char)*zone >= 32)
            capo_put_char(&name, *zone);
    return capo_format("CONVERT_TZ(%s, 'UTC', '%s')", sql, capo_buffer_text(&name));
}

static bool put_extract(Buffer *out, const char *part, FieldKind kind, const char *sql, const char *zone)
{
    bool of_date = is_one_of(date_parts, part), of_time = is_one_of(time_parts, part);
    if (kind == FIELD_DATE ? !of_date : kind == FIELD_TIME ? !of_time : !of_date && !of_time)
        return false;
    sql = kind == FIELD_DATETIME ? local(sql, zone) : sql;
    if (!strcmp(part, "week_day"))
        capo_put_format(out, "DAYOFWEEK(%s)", sql);
    else if (!strcmp(part, "iso_week_day"))
        capo_put_format(out, "(WEEKDAY(%s) + 1)", sql);
    else if (!strcmp(part, "week"))
        capo_put_format(out, "WEEK(%s, 3)", sql);
    else if (!strcmp(part, "iso_year"))
        capo_put_format(out, "(YEARWEEK(%s, 3) DIV 100)", sql);
    else
        capo_put_format(out, "EXTRACT(%s FROM %s)", part, sql);
    return true;
}

static bool put_trunc(Buffer *out, const char *part, FieldKind kind, FieldKind gives, const char *sql, const char *zone)
{
    bool of_date = is_one_of(date_truncations, part), of_time = is_one_of(time_truncations, part);
    if (kind == FIELD_DATE ? !of_date : kind == FIELD_TIME ? !of_time : !of_date && !of_time)
        return false;
    sql = kind == FIELD_DATETIME ? local(sql, zone) : sql;
    const char *hours = !strcmp(part, "hour") ? "%H:00:00" : !strcmp(part, "minute") ? "%H:%i:00" : !strcmp(part, "second") ? "%H:%i:%s" : "00:00:00";
    if (kind == FIELD_TIME) {
        capo_put_format(out, "CAST(DATE_FORMAT(%s, '%s') AS TIME)", sql, hours);
        return true;
    }
    const char *days = !strcmp(part, "year") ? "%Y-01-01" : !strcmp(part, "month") ? "%Y-%m-01" : "%Y-%m-%d";
    if (gives == FIELD_DATE && kind == FIELD_DATETIME && !strcmp(part, "week")) {   /* as Django: the time of day stays, so that DISTINCT tells such days apart */
        capo_put_format(out, "DATE_SUB(%s, INTERVAL WEEKDAY(%s) DAY)", sql, sql);
        return true;
    }
    if (!strcmp(part, "quarter"))
        sql = capo_format("MAKEDATE(YEAR(%s), 1) + INTERVAL QUARTER(%s) QUARTER - INTERVAL 1 QUARTER", sql, sql);
    else if (!strcmp(part, "week"))
        sql = capo_format("DATE_SUB(%s, INTERVAL WEEKDAY(%s) DAY)", sql, sql);
    if (kind == FIELD_DATE)
        capo_put_format(out, "CAST(DATE_FORMAT(%s, '%s') AS DATE)", sql, days);
    else
        capo_put_format(out, "CAST(DATE_FORMAT(%s, '%s %s') AS DATETIME)", sql, days, hours);
    return true;
}

static bool put_cast(Buffer *out, const char *part, const char *sql, const char *zone)
{
    if (strcmp(part, "date") && strcmp(part, "time"))
        return false;
    capo_put_format(out, "%s(%s)", *part == 'd' ? "DATE" : "TIME", local(sql, zone));
    return true;
}

/* Durations are whole numbers of microseconds. */
static void combine_moments(Compiler *compiler, const Expression *combined, bool difference)
{
    Expression *const *args = combined->args;
    if (difference && args[0]->type.kind == FIELD_TIME) {
        compile_template(compiler, "CAST((TIME_TO_SEC($1) * 1000000 + MICROSECOND($1)) - (TIME_TO_SEC($2) * 1000000 + MICROSECOND($2)) AS SIGNED)", args, 2);
        return;
    }
    if (difference) {
        compile_template(compiler, "TIMESTAMPDIFF(MICROSECOND, $2, $1)", args, 2);
        return;
    }
    bool first = args[0]->type.kind == FIELD_DURATION;
    compile_text(compiler, "(");
    compile_list(compiler, args + first, 1, "");
    compile_format(compiler, " %s INTERVAL ", combined->name);
    compile_list(compiler, args + !first, 1, "");
    compile_text(compiler, " MICROSECOND)");
}

/* --- values --- */

static void parameter(Compiler *compiler, Value value, const Field *field)
{
    (void)field;
    if (value.kind == VALUE_REAL && !isfinite(value.real))
        capo_raise(ERROR_PROGRAMMING, "%s can not be used with MySQL", isnan(value.real) ? "nan" : "inf");
    compile_bound(compiler, value);
}

static void cast(Compiler *compiler, const Expression *cast)
{
    const char *type = NULL;
    switch (cast->type.kind) {
    case FIELD_FLOAT:
        compile_template(compiler, "($1 + 0.0)", cast->args, 1);
        return;
    case FIELD_JSON:
        compile_template(compiler, "JSON_EXTRACT($1, '$')", cast->args, 1);
        return;
    case FIELD_AUTO: case FIELD_BIG_AUTO: case FIELD_SMALL_AUTO: case FIELD_INTEGER: case FIELD_BIG_INTEGER: case FIELD_SMALL_INTEGER:
    case FIELD_DURATION:
        type = "signed integer";
        break;
    case FIELD_BOOLEAN:
        capo_raise(ERROR_NOT_SUPPORTED, "%s cannot cast to a boolean: compare instead.", compiler->backend->title);
    case FIELD_POSITIVE_INTEGER: case FIELD_POSITIVE_BIG_INTEGER: case FIELD_POSITIVE_SMALL_INTEGER:
        type = "unsigned integer";
        break;
    case FIELD_CHAR: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_FILE: case FIELD_IMAGE:
        type = cast->type.field ? capo_format("char(%d)", cast->type.field->max_length) : "char";
        break;
    case FIELD_TEXT:
        type = "char";
        break;
    case FIELD_BINARY:
        type = "binary";
        break;
    case FIELD_DECIMAL:
        type = cast->type.places >= 0 ? capo_format("decimal(%d, %d)", cast->type.digits ? cast->type.digits : 65, cast->type.places) : "decimal(65, 30)";
        break;
    default:
        type = column_type(plain_field(cast->type));
        break;
    }
    compile_text(compiler, "CAST(");
    compile_list(compiler, cast->args, 1, "");
    compile_format(compiler, " AS %s)", type);
}

static bool call(Compiler *compiler, const Expression *call)
{
    if (strcmp(call->function->name, "Concat"))
        return false;
    compile_text(compiler, "CONCAT_WS('', ");
    compile_list(compiler, call->args, call->n_args, ", ");
    compile_text(compiler, ")");
    return true;
}

/* A literal of SQL: SEPARATOR takes nothing else, and bytes in hexadecimal need no escaping. */
static void put_separator(Compiler *compiler, const Expression *separator)
{
    if (separator->kind != X_VALUE || !capo_is_text(separator->value))
        capo_raise(ERROR_NOT_SUPPORTED, "StringAgg: on %s what stands between the texts is a text of its own, no expression.", compiler->backend->title);
    compile_text(compiler, " SEPARATOR X'");
    for (size_t i = 0; i < separator->value.size; i++)
        compile_format(compiler, "%02X", (unsigned char)separator->value.text[i]);
    compile_text(compiler, "'");
}

/* BIT_AND and its like are unsigned, and numbers over no rows. */
static bool aggregate(Compiler *compiler, const Expression *aggregate)
{
    bool joins = !strcmp(aggregate->name, "StringAgg"), bits = !strncmp(aggregate->name, "Bit", 3) && !aggregate->function->own;
    if (!strcmp(aggregate->name, "JSONBAgg") && aggregate->filter)
        capo_raise(ERROR_NOT_SUPPORTED, "JSONBAgg: %s cannot leave rows out of one aggregate; use a filter of the query.", compiler->backend->title);
    if (bits) {
        compile_text(compiler, "CASE WHEN COUNT(");
        compile_aggregate_value(compiler, aggregate);
        compile_format(compiler, ") > 0 THEN CAST(%s(", aggregate->function->sql);
        compile_aggregate_value(compiler, aggregate);
        compile_text(compiler, ") AS SIGNED) END");
    } else if (joins) {
        compile_text(compiler, aggregate->distinct ? "GROUP_CONCAT(DISTINCT " : "GROUP_CONCAT(");
        compile_aggregate_value(compiler, aggregate);
        compile_aggregate_order(compiler, aggregate);
        put_separator(compiler, aggregate->args[1]);
        compile_text(compiler, ")");
    }
    return bits || joins;
}

/* Bits are unsigned here, and ^ is what takes them apart. */
static bool combine(Compiler *compiler, const Expression *combined)
{
    if (!strcmp(combined->name, ">>"))
        compile_template(compiler, "FLOOR($1 / POW(2, $2))", combined->args, 2);
    else if (strchr("&|#<", combined->name[0]))
        compile_template(compiler, capo_format("CONVERT($1 %s $2, SIGNED)", combined->name[0] == '#' ? "^" : combined->name), combined->args, 2);
    else
        return false;
    return true;
}

#define SHARED_FUNCTIONS \
    { .name = "JSONBAgg", .sql = "JSON_ARRAYAGG" }, \
    { .name = "SHA224", .sql = "SHA2($1, 224)" }, \
    { .name = "SHA256", .sql = "SHA2($1, 256)" }, \
    { .name = "SHA384", .sql = "SHA2($1, 384)" }, \
    { .name = "SHA512", .sql = "SHA2($1, 512)" }, \
    { .name = "Greatest", .sql = "GREATEST" }, \
    { .name = "Least", .sql = "LEAST" }, \
    { .name = "Length", .sql = "CHAR_LENGTH" }, \
    { .name = "Left", .sql = "LEFT" }, \
    { .name = "Right", .sql = "RIGHT" }, \
    { .name = "Chr", .sql = "CHAR($1 USING utf16)" }, \
    { .name = "Ord", .sql = "CAST(ORD($1) AS UNSIGNED)" }, \
    { .name = "JSONObject", .sql = "JSON_OBJECT" }, \
    { .name = "Now", .sql = "CURRENT_TIMESTAMP(6)" }

static const FunctionRow functions[] = {
    SHARED_FUNCTIONS,
    /* MariaDB has these from 11.7 on: random bytes, with the version and the variant in their places (RFC 9562). */
    { .name = "UUID4", .sql = "CAST(LOWER(CONCAT(HEX(RANDOM_BYTES(4)), '-', HEX(RANDOM_BYTES(2)), '-4', SUBSTR(HEX(RANDOM_BYTES(2)), 2), '-', "
                              "HEX(8 + FLOOR(RAND() * 4)), SUBSTR(HEX(RANDOM_BYTES(2)), 2), '-', HEX(RANDOM_BYTES(6)))) AS uuid)" },
    { .name = "UUID7", .sql = "CAST(LOWER(CONCAT(SUBSTR(LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)), 12, '0'), 1, 8), '-', "
                              "SUBSTR(LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)), 12, '0'), 9), '-7', SUBSTR(HEX(RANDOM_BYTES(2)), 2), '-', "
                              "HEX(8 + FLOOR(RAND() * 4)), SUBSTR(HEX(RANDOM_BYTES(2)), 2), '-', HEX(RANDOM_BYTES(6)))) AS uuid)" },
    { 0 }
};

/* --- JSON --- */

static void put_extracted(Compiler *compiler, const Expression *key)
{
    Buffer path = { 0 };
    const Expression *root = compile_json_path(key, &path);
    compile_text(compiler, "JSON_EXTRACT(");
    compile(compiler, root);
    compile_text(compiler, ", ");
    compile_bound(compiler, capo_value_text_n(capo_buffer_text(&path), path.size));
    compile_text(compiler, ")");
}

static void json_key(Compiler *compiler, const Expression *key)
{
    bool as_text = key->transform->code == PART_KEY_TEXT;
    compile_text(compiler, as_text ? "JSON_UNQUOTE(" : "");
    put_extracted(compiler, key);
    compile_text(compiler, as_text ? ")" : "");
}

static void put_json(Compiler *compiler, Value value)
{
    compile_text(compiler, "JSON_EXTRACT(");
    compile_bound(compiler, capo_value_text(capo_json_text(value, 0)));
    compile_text(compiler, ", '$')");
}

static void put_has_key(Compiler *compiler, const Expression *left, Value key)
{
    Buffer path = { 0 };
    const Expression *root = compile_json_path(left, &path);
    capo_put_char(&path, '.');
    capo_json_put(&path, capo_value_to_text(key), 0);
    compile_text(compiler, "JSON_CONTAINS_PATH(");
    compile_left(compiler, root);
    compile_text(compiler, ", 'one', ");
    compile_bound(compiler, capo_value_text_n(capo_buffer_text(&path), path.size));
    compile_text(compiler, ")");
}

/* A look-up of texts on a key: of its text; those that are blind to case lower both sides, since JSON has a collation that is not. */
static Sql json_text_lookup(Compiler *compiler, const Expression *lookup, bool blind)
{
    Expression text = *transform_named("key_text", FIELD_TEXT, lookup->args[0], NULL, false);
    Expression *argument = &text, *lowered = blind ? expression_call("Lower", &argument, 1) : &text;
    Expression of_text = *lookup, *args[] = { lowered, lookup->n_args > 1 ? lookup->args[1] : NULL };
    lowered->type = type_of(FIELD_TEXT);
    of_text.args = args;
    if (blind && lookup->n_args < 2 && capo_is_text(lookup->value))
        of_text.value = capo_value_text(capo_lower(lookup->value.text));
    return compile_lookup(compiler, &of_text);
}

/* MariaDB has JSON as text: compared without the quotes of a text. MySQL compares values. */
static bool is_text(const Compiler *compiler) { return compiler->dialect == &capo_mariadb_dialect; }

static void put_unquoted(Compiler *compiler, const Expression *document)
{
    compile_text(compiler, is_text(compiler) ? "JSON_UNQUOTE(" : "(");
    compile_left(compiler, document);
    compile_text(compiler, ")");
}

static Sql json_lookup(Compiler *compiler, const Expression *lookup, bool *ret_done)
{
    const Expression *left = lookup->args[0];
    LookupCode code = lookup->lookup->code;
    bool key = expression_is_json_key(left), plain = lookup->n_args < 2 && !lookup->query;
    *ret_done = true;
    switch (code) {
    case LOOKUP_JSON_CONTAINS: case LOOKUP_JSON_CONTAINED_BY:
        compile_text(compiler, "JSON_CONTAINS(");
        for (int i = 0; i < 2; i++) {
            compile_text(compiler, i ? ", " : "");
            if ((i == 0) == (code == LOOKUP_JSON_CONTAINS))
                compile_left(compiler, left);
            else if (plain)
                compile_bound(compiler, capo_value_text(capo_json_text(lookup->value, 0)));
            else
                compile_list(compiler, lookup->args + 1, 1, "");
        }
        compile_text(compiler, ")");
        return SQL_OK;
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
    case LOOKUP_EXACT:
        if (!plain)
            break;
        put_unquoted(compiler, left);
        compile_text(compiler, " = ");
        put_json(compiler, lookup->value);
        return SQL_OK;
    case LOOKUP_GT: case LOOKUP_GTE: case LOOKUP_LT: case LOOKUP_LTE:
        if (!plain || !key)
            break;
        put_unquoted(compiler, left);
        compile_text(compiler, code == LOOKUP_GT ? " > " : code == LOOKUP_GTE ? " >= " : code == LOOKUP_LT ? " < " : " <= ");
        compile_bound(compiler, lookup->value);
        return SQL_OK;
    case LOOKUP_IN:
        if (lookup->query)
            break;
        if (!lookup->value.list->count)
            return SQL_EMPTY;
        put_unquoted(compiler, left);
        compile_text(compiler, " IN (");
        for (size_t i = 0; i < lookup->value.list->count; i++) {
            compile_text(compiler, i ? ", " : "");
            bool unquotes = key && is_text(compiler);
            compile_text(compiler, unquotes ? "JSON_UNQUOTE(" : "");
            put_json(compiler, lookup->value.list->items[i]);
            compile_text(compiler, unquotes ? ")" : "");
        }
        compile_text(compiler, ")");
        return SQL_OK;
    case LOOKUP_ICONTAINS:
        if (!key && plain) {                                        /* documents are compared to the case of their letters */
            compile_text(compiler, "LOWER(JSON_UNQUOTE(");
            compile_left(compiler, left);
            compile_text(compiler, ")) LIKE LOWER(");
            compile_parameter(compiler, lookup_pattern(lookup->lookup, lookup->value), type_of(FIELD_TEXT));
            compile_text(compiler, ")");
            return SQL_OK;
        }
        /* fall through */
    case LOOKUP_IEXACT: case LOOKUP_ISTARTSWITH: case LOOKUP_IENDSWITH: case LOOKUP_IREGEX:
    case LOOKUP_STARTSWITH: case LOOKUP_ENDSWITH: case LOOKUP_REGEX: case LOOKUP_CONTAINS:
        if (key && left->transform->code == PART_KEY)
            return json_text_lookup(compiler, lookup, code == LOOKUP_IEXACT || code == LOOKUP_ICONTAINS || code == LOOKUP_ISTARTSWITH ||
                                    code == LOOKUP_IENDSWITH || code == LOOKUP_IREGEX);
        break;
    default:
        break;
    }
    *ret_done = false;
    return SQL_OK;
}

/* --- look-ups --- */

static const LookupOperator operators[] = {
    { "exact", "= %s" }, { "iexact", "LIKE %s" }, { "contains", "LIKE BINARY %s" }, { "icontains", "LIKE %s" },
    { "startswith", "LIKE BINARY %s" }, { "istartswith", "LIKE %s" }, { "endswith", "LIKE BINARY %s" }, { "iendswith", "LIKE %s" },
    { "regex", "REGEXP BINARY %s" }, { "iregex", "REGEXP %s" }, { "gt", "> %s" }, { "gte", ">= %s" }, { "lt", "< %s" }, { "lte", "<= %s" },
    { 0 }
};

static const LookupOperator pattern_operators[] = {
    { "contains", "LIKE BINARY CONCAT('%%', %s, '%%')" }, { "icontains", "LIKE CONCAT('%%', %s, '%%')" },
    { "startswith", "LIKE BINARY CONCAT(%s, '%%')" }, { "istartswith", "LIKE CONCAT(%s, '%%')" },
    { "endswith", "LIKE BINARY CONCAT('%%', %s)" }, { "iendswith", "LIKE CONCAT('%%', %s)" },
    { 0 }
};

/* ANALYZE is a statement of its own in MariaDB, and takes the format as EXPLAIN does. */
static void put_explain(Buffer *sql, const ExplainOptions *options)
{
    const char *format = explain_format(options, (const char *[]){ "TEXT", "TRADITIONAL", "JSON", NULL });
    explain_no_options(options);
    capo_put(sql, options->analyze ? "ANALYZE " : "EXPLAIN ");
    if (format && !strcmp(format, "JSON"))
        capo_put(sql, "FORMAT=JSON ");
}

/* MySQL takes ANALYZE for its tree alone. */
static void mysql_explain(Buffer *sql, const ExplainOptions *options)
{
    const char *format = explain_format(options, (const char *[]){ "TEXT", "TRADITIONAL", "JSON", "TREE", NULL });
    explain_no_options(options);
    if (options->analyze && format && strcmp(format, "TREE"))
        capo_raise(ERROR_VALUE, "MySQL analyzes in its format tree alone.");
    capo_put(sql, options->analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ");
    if (format && strcmp(format, "TEXT"))
        capo_put_format(sql, "FORMAT=%s ", format);
}

/* A document is compared without the quotes of a JSON text: MariaDB keeps JSON as text, and a bare comparison would find them. */
static const char *left(int lookup, FieldKind kind)
{
    (void)lookup;
    return kind == FIELD_JSON ? "JSON_UNQUOTE(%s)" : NULL;
}

/* MySQL has JSON as a type: only what looks at its text needs it without quotes. */
static const char *mysql_left(int lookup, FieldKind kind)
{
    switch (lookup) {
    case LOOKUP_IEXACT: case LOOKUP_CONTAINS: case LOOKUP_ICONTAINS: case LOOKUP_STARTSWITH: case LOOKUP_ISTARTSWITH: case LOOKUP_ENDSWITH: case LOOKUP_IENDSWITH:
    case LOOKUP_REGEX: case LOOKUP_IREGEX:
        return left(lookup, kind);
    default:
        return NULL;
    }
}

static const FunctionRow mysql_functions[] = {
    SHARED_FUNCTIONS,
    { .name = "UUID4", .sql = "LOWER(CONCAT(HEX(RANDOM_BYTES(6)), '4', SUBSTR(HEX(RANDOM_BYTES(2)), 2), HEX(8 + FLOOR(RAND() * 4)), SUBSTR(HEX(RANDOM_BYTES(2)), 2), "
                              "HEX(RANDOM_BYTES(6))))" },
    { .name = "UUID7", .sql = "LOWER(CONCAT(LPAD(HEX(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000)), 12, '0'), '7', SUBSTR(HEX(RANDOM_BYTES(2)), 2), "
                              "HEX(8 + FLOOR(RAND() * 4)), SUBSTR(HEX(RANDOM_BYTES(2)), 2), HEX(RANDOM_BYTES(6))))" },
    { 0 }
};

static const LookupOperator mysql_operators[] = {
    { "exact", "= %s" }, { "iexact", "LIKE %s" }, { "contains", "LIKE BINARY %s" }, { "icontains", "LIKE %s" },
    { "startswith", "LIKE BINARY %s" }, { "istartswith", "LIKE %s" }, { "endswith", "LIKE BINARY %s" }, { "iendswith", "LIKE %s" },
    { "regex", "REGEXP %s COLLATE utf8mb4_bin" }, { "iregex", "REGEXP %s" }, { "gt", "> %s" }, { "gte", ">= %s" }, { "lt", "< %s" }, { "lte", "<= %s" },
    { 0 }
};

#define SHARED \
    .quote = '`', .name_length = 64, .max_parameters = 65535, .no_key = "DEFAULT", .default_word = "DEFAULT", \
    .list_format = "SELECT members.value FROM JSON_TABLE(%s, '$[*]' COLUMNS (value LONGTEXT PATH '$')) AS members", \
    .integer_list_format = "SELECT members.value FROM JSON_TABLE(%s, '$[*]' COLUMNS (value BIGINT PATH '$')) AS members", \
    .backslashes = true, .for_update = true, .groups_by_key = true, .ignores_null = true, .fits_decimals = true, .narrow_integers = true, .unsigned_integers = true, \
    .big_integers = true, .logical_xor = true, .moments_add_up = true, .json_keys = true, .brackets_in_union = true, .nulls_by_condition = true, \
    .random = "RAND()", .no_limit = "18446744073709551615", .begin = "START TRANSACTION", .set_isolation = "SET TRANSACTION ISOLATION LEVEL %s", \
    .call_procedure = "CALL ", .insert_ignore = "INSERT IGNORE INTO ", .pattern_operators = pattern_operators, \
    .pattern_escape = "REPLACE(REPLACE(REPLACE(%s, '\\\\', '\\\\\\\\'), '%%', '\\\\%%'), '_', '\\\\_')", \
    .put_placeholder = put_placeholder, .put_extract = put_extract, .put_trunc = put_trunc, .put_cast = put_cast, \
    .parameter = parameter, .combine_moments = combine_moments, .call = call, .json_key = json_key, .aggregate = aggregate, .combine = combine

const Dialect capo_mariadb_dialect = {
    SHARED, .returning = true, .ordered_aggregates = true, .negative_indexes = true, .native_uuids = true, .on_duplicate = " ON DUPLICATE KEY UPDATE ", .excluded = "VALUES(%s)", .operators = operators, .functions = functions,
    .left = left, .column_type = column_type, .column_check = column_check, .put_explain = put_explain, .cast = cast, .json_lookup = json_lookup,
};

const Dialect capo_mysql_dialect = {
    SHARED, .lock_of = true, .reads_apart = true, .hex_texts = true, .on_duplicate = " AS new_row ON DUPLICATE KEY UPDATE ", .excluded = "new_row.%s", .operators = mysql_operators, .functions = mysql_functions,
    .left = mysql_left, .column_type = mysql_column_type, .column_check = mysql_column_check, .put_explain = mysql_explain, .cast = cast, .json_lookup = json_lookup,
};
