/* SPDX-License-Identifier: BSD-3-Clause */
/* How PostgreSQL spells SQL, as Django has it there.
 *
 * Parameters have types: the driver says what each one is by its kind (postgresql.c), and where a column wants another type than
 * that (jsonb, inet), or nothing beside a placeholder tells, a cast stands in the SQL. */
#include "../functions.h"
#include <string.h>

/* --- types --- */

static void put_placeholder(Buffer *sql, int number)
{
    capo_put_char(sql, '$');
    capo_put_int(sql, number);
}

static const char *column_type(const Field *field)
{
    const Field *column = capo_column_field(field);
    const char *own = column->custom && column->custom->db_type ? column->custom->db_type(column, "postgresql") : NULL;
    if (own)
        return own;
    switch (column->kind) {
    case FIELD_AUTO: case FIELD_INTEGER: case FIELD_POSITIVE_INTEGER:
        return "integer";
    case FIELD_BIG_AUTO: case FIELD_BIG_INTEGER: case FIELD_POSITIVE_BIG_INTEGER:
        return "bigint";
    case FIELD_SMALL_AUTO: case FIELD_SMALL_INTEGER: case FIELD_POSITIVE_SMALL_INTEGER:
        return "smallint";
    case FIELD_CHAR: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_FILE: case FIELD_IMAGE:
        return column->max_length ? capo_format("varchar(%d)", column->max_length) : "varchar";
    case FIELD_TEXT:
        return "text";
    case FIELD_JSON:
        return "jsonb";
    case FIELD_IP_ADDRESS:
        return "inet";
    case FIELD_FLOAT:
        return "double precision";
    case FIELD_DECIMAL:
        return column->max_digits ? capo_format("numeric(%d, %d)", column->max_digits, column->decimal_places) : "numeric";
    case FIELD_BOOLEAN:
        return "boolean";
    case FIELD_DATE:
        return "date";
    case FIELD_TIME:
        return "time";
    case FIELD_DATETIME:
        return "timestamp with time zone";
    case FIELD_DURATION:
        return "interval";
    case FIELD_UUID:
        return "uuid";
    case FIELD_BINARY:
        return "bytea";
    case FIELD_ARRAY:
        return capo_format("%s[%s]", column->base ? column_type(column->base) : "text", column->size ? capo_format("%d", column->size) : "");
    case FIELD_HSTORE:
        return "hstore";
    case FIELD_SEARCH_VECTOR:
        return "tsvector";
    case FIELD_INTEGER_RANGE:
        return "int4range";
    case FIELD_BIG_INTEGER_RANGE:
        return "int8range";
    case FIELD_DECIMAL_RANGE:
        return "numrange";
    case FIELD_DATE_RANGE:
        return "daterange";
    case FIELD_DATETIME_RANGE:
        return "tstzrange";
    default:
        return NULL;
    }
}

static const char *column_check(const Field *field, const char *quoted_column)
{
    return capo_field_is_positive(field->kind) ? capo_format("%s >= 0", quoted_column) : NULL;
}

/* Without the lengths and digits of members, to which a cast would cut them. */
static const char *array_type(const Field *field)
{
    const Field *base = field->base;
    if (base && base->kind == FIELD_ARRAY)
        return array_type(base);
    if (!base)
        return "text[]";
    return capo_field_is_text(base->kind) && base->kind != FIELD_IP_ADDRESS && base->kind != FIELD_TEXT ? "varchar[]"
        : base->kind == FIELD_DECIMAL ? "numeric[]" : capo_format("%s[]", column_type(base));
}

static const char *parameter_type(const Field *field)
{
    FieldKind kind = capo_column_field(field)->kind;
    if (kind == FIELD_ARRAY)
        return array_type(capo_column_field(field));
    if (capo_field_is_postgresqls(kind))
        return column_type(field);
    return kind == FIELD_JSON ? "jsonb" : kind == FIELD_IP_ADDRESS ? "inet" : NULL;
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

/* A datetime as the wall clock of the zone. Zones come from the tz database: they cannot carry SQL, and do not get to. */
static void put_local(Buffer *out, const char *sql, const char *zone)
{
    capo_put_format(out, "(%s", sql);
    if (zone) {
        capo_put(out, " AT TIME ZONE '");
        for (; *zone; zone++)
            if (*zone != '\'' && *zone != '\\' && (unsigned char)*zone >= 32)
                capo_put_char(out, *zone);
        capo_put_char(out, '\'');
    }
    capo_put_char(out, ')');
}

static bool put_extract(Buffer *out, const char *part, FieldKind kind, const char *sql, const char *zone)
{
    bool of_date = is_one_of(date_parts, part), of_time = is_one_of(time_parts, part);
    if (kind == FIELD_DATE ? !of_date : kind == FIELD_TIME ? !of_time : !of_date && !of_time)
        return false;
    bool week_day = !strcmp(part, "week_day"), second = !strcmp(part, "second");
    const char *word = week_day ? "DOW" : !strcmp(part, "iso_week_day") ? "ISODOW" : !strcmp(part, "iso_year") ? "ISOYEAR" : part;
    capo_put(out, week_day ? "(" : "");
    capo_put_format(out, "EXTRACT(%s FROM %s", word, second ? "DATE_TRUNC('second', " : "");
    put_local(out, sql, kind == FIELD_DATETIME ? zone : NULL);
    capo_put(out, second ? "))" : ")");
    capo_put(out, week_day ? " + 1)" : "");
    return true;
}

static bool put_trunc(Buffer *out, const char *part, FieldKind kind, FieldKind gives, const char *sql, const char *zone)
{
    (void)gives;
    bool of_date = is_one_of(date_truncations, part), of_time = is_one_of(time_truncations, part);
    if (kind == FIELD_DATE ? !of_date : kind == FIELD_TIME ? !of_time : !of_date && !of_time)
        return false;
    capo_put_format(out, "DATE_TRUNC('%s', ", part);
    put_local(out, sql, kind == FIELD_DATETIME ? zone : NULL);
    capo_put(out, kind == FIELD_TIME ? ")::time" : ")");
    return true;
}

static bool put_cast(Buffer *out, const char *part, const char *sql, const char *zone)
{
    if (strcmp(part, "date") && strcmp(part, "time"))
        return false;
    put_local(out, sql, zone);
    capo_put_format(out, "::%s", part);
    return true;
}

static void combine_moments(Compiler *compiler, const Expression *combined, bool difference)
{
    bool dates = difference && combined->args[0]->type.kind == FIELD_DATE && combined->args[1]->type.kind == FIELD_DATE;
    compile_text(compiler, dates ? "(interval '1 day' * (" : "(");
    compile_list(compiler, combined->args, 2, capo_format(" %s ", combined->name));
    compile_text(compiler, dates ? "))" : ")");
}

/* --- values --- */

static void parameter(Compiler *compiler, Value value, const Field *field)
{
    const char *type = parameter_type(field);
    if (type)
        compile_text(compiler, "CAST(");
    compile_bound(compiler, value);
    if (type)
        compile_format(compiler, " AS %s)", type);
}

static void cast(Compiler *compiler, const Expression *cast)
{
    const Field *field = plain_field(cast->type);
    FieldKind kind = cast->type.kind;
    const char *type = column_type(cast->type.field ? cast->type.field : field);
    if (kind == FIELD_DECIMAL && cast->type.places < 0)
        type = "numeric";
    else if (kind == FIELD_DECIMAL && cast->type.digits)
        type = capo_format("numeric(%d, %d)", cast->type.digits, cast->type.places);
    else if (kind == FIELD_CHAR && !cast->type.field)
        type = "varchar";
    compile_text(compiler, "CAST(");
    compile_list(compiler, cast->args, 1, "");
    compile_format(compiler, " AS %s)", type);
}

/* ROUND, LOG and MOD are functions of numeric: a float is cast on its way in. */
static void put_numeric(Compiler *compiler, Expression *const *arg)
{
    bool is_float = (*arg)->type.kind == FIELD_FLOAT;
    compile_text(compiler, is_float ? "CAST(" : "");
    compile_list(compiler, arg, 1, "");
    compile_text(compiler, is_float ? " AS numeric)" : "");
}

static bool is_text(const Expression *expression)
{
    return expression->kind == X_COLUMN && capo_field_is_text(expression->type.kind) && expression->type.kind != FIELD_IP_ADDRESS;
}

static void put_text(Compiler *compiler, Expression *const *arg)
{
    compile_text(compiler, is_text(*arg) ? "" : "CAST(");
    compile_list(compiler, arg, 1, "");
    compile_text(compiler, is_text(*arg) ? "" : " AS text)");
}

/* Django joins pairs, Concat(a, Concat(b, c)), and casts what is no text: it asks for the type of each pair but the first. */
static void check_pairs(const Expression *call)
{
    for (size_t i = 1; i + 1 < call->n_args; i++) {
        Expression *pair = expression_call("Concat", &call->args[i], 2);
        expression_infer(pair);
        expression_check_type(pair);
    }
}

static bool call(Compiler *compiler, const Expression *call)
{
    const char *name = call->function->name;
    if (!strcmp(name, "Concat")) {
        check_pairs(call);
        for (size_t i = 0; i < call->n_args; i++) {
            compile_text(compiler, i ? " || COALESCE(" : "(COALESCE(");
            put_text(compiler, &call->args[i]);
            compile_text(compiler, ", '')");
        }
        compile_text(compiler, ")");
        return true;
    }
    if (!strcmp(name, "Round") || !strcmp(name, "Log") || !strcmp(name, "Mod")) {
        compile_text(compiler, !strcmp(name, "Round") ? "ROUND(" : !strcmp(name, "Log") ? "LOG(" : "MOD(");
        for (size_t i = 0; i < call->n_args; i++) {
            compile_text(compiler, i ? ", " : "");
            put_numeric(compiler, &call->args[i]);
        }
        compile_text(compiler, ")");
        return true;
    }
    if (!strcmp(name, "SearchVector")) {
        compile_text(compiler, "TO_TSVECTOR(");
        for (size_t i = 0; i < call->n_args; i++) {
            compile_text(compiler, i ? " || ' ' || COALESCE(" : "COALESCE(");
            put_text(compiler, &call->args[i]);
            compile_text(compiler, ", '')");
        }
        compile_text(compiler, ")");
        return true;
    }
    if (!strcmp(name, "JSONObject")) {
        compile_text(compiler, "JSONB_BUILD_OBJECT(");
        for (size_t i = 0; i < call->n_args; i++) {
            compile_text(compiler, i ? ", " : "");
            if (i % 2 == 0)
                put_text(compiler, &call->args[i]);
            else
                compile_list(compiler, &call->args[i], 1, "");
        }
        compile_text(compiler, ")");
        return true;
    }
    return false;
}

/* x IS NOT NULL */
static Expression *there(const Expression *aggregate)
{
    return expression_lookup(lookup_row(LOOKUP_ISNULL), aggregate->args[0], capo_value_bool(false), NULL);
}

static bool aggregate(Compiler *compiler, const Expression *aggregate)
{
    bool any = !strcmp(aggregate->name, "AnyValue"), joins = !strcmp(aggregate->name, "StringAgg");
    if (!any && !joins)
        return false;
    compile_text(compiler, any ? "(ARRAY_AGG(" : "STRING_AGG(");
    compile_text(compiler, aggregate->distinct ? "DISTINCT " : "");
    for (size_t i = 0; i < aggregate->n_args; i++) {
        compile_text(compiler, i ? ", " : "");
        if (joins)
            put_text(compiler, &aggregate->args[i]);
        else
            compile_list(compiler, &aggregate->args[i], 1, "");
    }
    compile_aggregate_order(compiler, aggregate);
    compile_text(compiler, ")");
    compile_aggregate_filter(compiler, aggregate, any ? there(aggregate) : NULL);
    compile_text(compiler, any ? ")[1]" : "");
    return true;
}

/* How far to shift is an integer, whatever a parameter would be. */
static bool combine(Compiler *compiler, const Expression *combined)
{
    bool shift = combined->name[0] == '<' || combined->name[0] == '>';
    if (shift)
        compile_template(compiler, capo_format("($1 %s CAST($2 AS integer))", combined->name), combined->args, 2);
    return shift;
}

static const FunctionRow functions[] = {
    { .name = "JSONArray", .sql = "JSONB_BUILD_ARRAY" },
    { .name = "JSONBAgg", .sql = "JSONB_AGG" },
    { .name = "BoolAnd", .sql = "BOOL_AND" },
    { .name = "BoolOr", .sql = "BOOL_OR" },
    { .name = "UUID4", .sql = "GEN_RANDOM_UUID" },
    /* 48 bits of milliseconds in front of a random one, and its version turned from 4 to 7 (RFC 9562). */
    { .name = "UUID7", .sql = "CAST(ENCODE(SET_BIT(SET_BIT(OVERLAY(UUID_SEND(GEN_RANDOM_UUID()) PLACING SUBSTRING(INT8SEND(CAST(FLOOR("
                              "EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000) AS bigint)) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1), 'hex') AS uuid)" },
    { .name = "SHA224", .sql = "ENCODE(SHA224(CONVERT_TO($1, 'UTF8')), 'hex')" },
    { .name = "SHA384", .sql = "ENCODE(SHA384(CONVERT_TO($1, 'UTF8')), 'hex')" },
    { .name = "SHA512", .sql = "ENCODE(SHA512(CONVERT_TO($1, 'UTF8')), 'hex')" },
    { .name = "Now", .sql = "STATEMENT_TIMESTAMP()" },
    { .name = "Greatest", .sql = "GREATEST" },
    { .name = "Least", .sql = "LEAST" },
    { .name = "Left", .sql = "LEFT" },
    { .name = "Right", .sql = "RIGHT" },
    { .name = "StrIndex", .sql = "STRPOS" },
    { .name = "Chr", .sql = "CHR" },
    { .name = "Ord", .sql = "ASCII" },
    { .name = "SHA1", .sql = "ENCODE(DIGEST($1, 'sha1'), 'hex')" },
    { .name = "SHA256", .sql = "ENCODE(SHA256(CONVERT_TO($1, 'UTF8')), 'hex')" },
    { .name = "Random", .sql = "RANDOM" },
    { 0 }
};

/* --- JSON --- */

/* The column below nested keys; the keys go to the list, outermost first. */
static const Expression *json_root(const Expression *expression, List *keys)
{
    if (!expression_is_json_key(expression))
        return expression;
    const Expression *root = json_root(expression->args[0], keys);
    capo_list_add(keys, capo_value_text(expression->name));
    return root;
}

static void put_key(Compiler *compiler, const Expression *expression, bool as_text)
{
    List *keys = capo_list_new();
    const Expression *root = json_root(expression, keys);
    compile_text(compiler, "(");
    compile(compiler, root);
    if (keys->count > 1) {
        compile_text(compiler, as_text ? " #>> ARRAY[" : " #> ARRAY[");
        for (size_t i = 0; i < keys->count; i++) {
            compile_text(compiler, i ? ", " : "");
            compile_bound(compiler, keys->items[i]);
        }
        compile_text(compiler, "])");
        return;
    }
    const char *name = keys->items[0].text;
    compile_text(compiler, as_text ? " ->> " : " -> ");
    int index;
    if (text_is_index(name, &index))
        compile_format(compiler, "%d)", index);
    else {
        compile_bound(compiler, keys->items[0]);
        compile_text(compiler, ")");
    }
}

static void json_key(Compiler *compiler, const Expression *key)
{
    put_key(compiler, key, key->transform->code == PART_KEY_TEXT);
}

static void put_json(Compiler *compiler, Value value)
{
    compile_text(compiler, "CAST(");
    compile_bound(compiler, capo_value_text(capo_json_text(value, 0)));
    compile_text(compiler, " AS jsonb)");
}

static void put_key_list(Compiler *compiler, const List *keys)
{
    compile_text(compiler, "ARRAY[");
    for (size_t i = 0; i < keys->count; i++) {
        compile_text(compiler, i ? ", " : "");
        compile_bound(compiler, capo_value_to_text(keys->items[i]));
    }
    compile_text(compiler, "]::text[]");
}

static Sql json_lookup(Compiler *compiler, const Expression *lookup, bool *ret_done)
{
    const Expression *left = lookup->args[0];
    LookupCode code = lookup->lookup->code;
    bool key = expression_is_json_key(left), plain = lookup->n_args < 2 && !lookup->query;
    *ret_done = true;
    switch (code) {
    case LOOKUP_JSON_CONTAINS: case LOOKUP_JSON_CONTAINED_BY:
        compile_left(compiler, left);
        compile_text(compiler, code == LOOKUP_JSON_CONTAINS ? " @> " : " <@ ");
        if (plain)
            put_json(compiler, lookup->value);
        else
            compile_list(compiler, lookup->args + 1, 1, "");
        return SQL_OK;
    case LOOKUP_HAS_KEY:
        compile_left(compiler, left);
        compile_text(compiler, " ? ");
        compile_bound(compiler, capo_value_to_text(lookup->value));
        return SQL_OK;
    case LOOKUP_HAS_KEYS: case LOOKUP_HAS_ANY_KEYS:
        compile_left(compiler, left);
        compile_text(compiler, code == LOOKUP_HAS_KEYS ? " ?& " : " ?| ");
        put_key_list(compiler, lookup->value.list);
        return SQL_OK;
    case LOOKUP_EXACT: case LOOKUP_GT: case LOOKUP_GTE: case LOOKUP_LT: case LOOKUP_LTE:
        if (!plain || (code != LOOKUP_EXACT && !key))
            break;
        compile_left(compiler, left);
        compile_text(compiler, code == LOOKUP_EXACT ? " = " : code == LOOKUP_GT ? " > " : code == LOOKUP_GTE ? " >= " : code == LOOKUP_LT ? " < " : " <= ");
        put_json(compiler, lookup->value);
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
            put_json(compiler, lookup->value.list->items[i]);
        }
        compile_text(compiler, ")");
        return SQL_OK;
    case LOOKUP_IEXACT: case LOOKUP_ICONTAINS: case LOOKUP_STARTSWITH: case LOOKUP_ISTARTSWITH: case LOOKUP_ENDSWITH: case LOOKUP_IENDSWITH:
    case LOOKUP_REGEX: case LOOKUP_IREGEX: case LOOKUP_CONTAINS:
        if (key && left->transform->code == PART_KEY) {             /* of its text, not of its JSON */
            Expression text = *left, *args[] = { &text, lookup->n_args > 1 ? lookup->args[1] : NULL };
            Expression of_text = *lookup;
            text = *transform_named("key_text", FIELD_TEXT, (Expression *)left, NULL, false);
            of_text.args = args;
            return compile_lookup(compiler, &of_text);
        }
        break;
    default:
        break;
    }
    *ret_done = false;
    return SQL_OK;
}

/* --- look-ups --- */

static const LookupOperator operators[] = {
    { "exact", "= %s" }, { "iexact", "= UPPER(%s)" }, { "contains", "LIKE %s" }, { "icontains", "LIKE UPPER(%s)" },
    { "startswith", "LIKE %s" }, { "istartswith", "LIKE UPPER(%s)" }, { "endswith", "LIKE %s" }, { "iendswith", "LIKE UPPER(%s)" },
    { "regex", "~ %s" }, { "iregex", "~* %s" }, { "gt", "> %s" }, { "gte", ">= %s" }, { "lt", "< %s" }, { "lte", "<= %s" },
    { 0 }
};

static const LookupOperator pattern_operators[] = {
    { "contains", "LIKE '%%' || %s || '%%'" }, { "icontains", "LIKE '%%' || UPPER(%s) || '%%'" },
    { "startswith", "LIKE %s || '%%'" }, { "istartswith", "LIKE UPPER(%s) || '%%'" },
    { "endswith", "LIKE '%%' || %s" }, { "iendswith", "LIKE '%%' || UPPER(%s)" },
    { 0 }
};

static const char *left(int lookup, FieldKind kind)
{
    bool address = kind == FIELD_IP_ADDRESS;
    switch ((LookupCode)lookup) {
    case LOOKUP_IEXACT: case LOOKUP_ICONTAINS: case LOOKUP_ISTARTSWITH: case LOOKUP_IENDSWITH:
        return address ? "UPPER(HOST(%s))" : "UPPER(%s::text)";
    case LOOKUP_CONTAINS: case LOOKUP_STARTSWITH: case LOOKUP_ENDSWITH: case LOOKUP_REGEX: case LOOKUP_IREGEX:
        return address ? "HOST(%s)" : "%s::text";
    default:
        return NULL;
    }
}

static void put_explain(Buffer *sql, const ExplainOptions *options)
{
    const char *format = explain_format(options, (const char *[]){ "TEXT", "XML", "JSON", "YAML", NULL }), *separator = " (";
    capo_put(sql, "EXPLAIN");
    if (options->analyze) {
        capo_put(sql, " (ANALYZE");
        separator = ", ";
    }
    for (size_t i = 0; options->options && options->options[i]; i++, separator = ", ")
        capo_put_format(sql, "%s%s", separator, explain_option(options->options[i]));
    if (format)
        capo_put_format(sql, "%sFORMAT %s", separator, format);
    capo_put(sql, format || *separator == ',' ? ") " : " ");
}

const Dialect capo_postgresql_dialect = {
    .quote = '"', .name_length = 63, .max_parameters = 65535, .no_key = "DEFAULT", .default_word = "DEFAULT",
    .list_format = "SELECT jsonb_array_elements_text(CAST(%s AS jsonb))",
    .integer_list_format = "SELECT CAST(jsonb_array_elements_text(CAST(%s AS jsonb)) AS bigint)",
    .returning = true, .returning_update = true, .returns_keys = true, .ddl_in_transaction = true, .postgresql_kinds = true, .for_update = true, .lock_of = true, .lock_no_key = true, .distinct_on = true, .call_procedure = "SELECT * FROM ", .on_conflict = true, .excluded = "excluded.%s", .aggregate_filter = true,
    .groups_by_key = true, .ordered_aggregates = true, .negative_indexes = true, .frame_exclusion = true, .defers_constraints = true, .texts_only = true, .fits_decimals = true, .booleans = true, .numbered = true, .narrow_integers = true, .not_a_number = true, .big_integers = true, .intervals = true, .moments_add_up = true, .native_uuids = true, .json_keys = true, .brackets_in_union = true,
    .random = "RANDOM()", .no_limit = "ALL", .begin = "BEGIN", .begin_isolated = "BEGIN ISOLATION LEVEL %s",
    .operators = operators, .pattern_operators = pattern_operators, .functions = functions,
    .pattern_escape = "REPLACE(REPLACE(REPLACE(%s, E'\\\\', E'\\\\\\\\'), E'%%', E'\\\\%%'), E'_', E'\\\\_')",
    .plain_iexact = true, .backslashes = true, .typed_literals = true, .left = left, .put_placeholder = put_placeholder, .parameter_type = parameter_type, .value_type = column_type,
    .column_type = column_type, .column_check = column_check, .put_rows = capo_postgresql_put_rows, .keys = capo_postgresql_keys,
    .put_extract = put_extract, .put_trunc = put_trunc, .put_cast = put_cast, .put_explain = put_explain,
    .parameter = parameter, .cast = cast, .combine_moments = combine_moments, .call = call, .json_key = json_key, .json_lookup = json_lookup,
    .aggregate = aggregate, .combine = combine,
};
