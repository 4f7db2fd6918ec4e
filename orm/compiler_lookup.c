/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups as SQL: operators are the backend's, wildcards in values are literal characters, years are ranges that an index serves. */
#include "query.h"
#include <string.h>

static const char *format_of(const LookupOperator *operators, const char *lookup)
{
    for (const LookupOperator *row = operators; row && row->lookup; row++)
        if (!strcmp(row->lookup, lookup))
            return row->format;
    return NULL;
}

/* Writes a backend's format: "%s" is the right side, "%%" a percent sign. */
static void put_format(Compiler *compiler, const char *format, void (*right)(Compiler *, const void *), const void *argument)
{
    for (const char *at = format; *at; at++) {
        if (*at == '%' && at[1] == 's') {
            right(compiler, argument);
            at++;
        } else {
            at += *at == '%' && at[1] == '%';
            capo_put_char(&compiler->sql, *at);
        }
    }
}

typedef struct Bound { Value value; OutputType type; } Bound;

static void put_bound(Compiler *compiler, const void *argument)
{
    const Bound *bound = argument;
    compile_parameter(compiler, bound->value, bound->type);
}

static void put_expression(Compiler *compiler, const void *argument)
{
    const Expression *expression = argument;
    bool wrap = expression_is_condition(expression) || expression->kind == X_LOOKUP;
    compile_text(compiler, wrap ? "(" : "");
    Sql sql = compile(compiler, expression);
    compile_text(compiler, sql == SQL_EMPTY ? "NULL" : sql == SQL_FULL ? compiler->dialect->booleans ? "TRUE" : "1" : "");
    compile_text(compiler, wrap ? ")" : "");
}

static void put_escaped_expression(Compiler *compiler, const void *argument)
{
    put_format(compiler, compiler->dialect->pattern_escape, put_expression, argument);
}

void compile_left(Compiler *compiler, const Expression *left)
{
    put_expression(compiler, left);
}

/* The left side as the look-up wants it: a text, in capitals, … */
static void put_left(Compiler *compiler, const Expression *lookup)
{
    const Dialect *dialect = compiler->dialect;
    const char *format = dialect->left ? dialect->left(lookup->lookup->code, lookup->args[0]->type.kind) : NULL;
    if (format)
        put_format(compiler, format, put_expression, lookup->args[0]);
    else
        compile_left(compiler, lookup->args[0]);
}

static void compile_operator(Compiler *compiler, const Expression *lookup, Value value, OutputType type)
{
    const char *format = format_of(compiler->dialect->operators, lookup->lookup->name);
    if (!format)
        capo_raise(ERROR_NOT_SUPPORTED, "%s has no look-up '%s'.", compiler->backend->title, lookup->lookup->name);
    put_left(compiler, lookup);
    compile_text(compiler, " ");
    put_format(compiler, format, put_bound, &(Bound){ value, type });
}

/* --- patterns -------------------------------------------------------------------------------------------------------------------- */

Value lookup_pattern(const LookupRow *row, Value text)
{
    Buffer out = { 0 };
    capo_put(&out, row->left_wild ? row->left_wild : "");
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("%_\\", text.text[i]) && text.text[i])
            capo_put_char(&out, '\\');
        capo_put_char(&out, text.text[i]);
    }
    capo_put(&out, row->right_wild ? row->right_wild : "");
    return capo_value_text_n(capo_buffer_text(&out), out.size);
}

/* --- ranges of years -------------------------------------------------------------------------------------------------------------- */

static DateTime day_start(Date date, const TimeZone *zone)
{
    DateParts parts = { 0 };
    capo_date_parts(date, &parts.year, &parts.month, &parts.day);
    return capo_instant(&parts, zone);
}

/* The Monday of ISO week 1. */
static Date iso_year_start(int year)
{
    Date january_4 = capo_date(year, 1, 4);
    return (Date){ january_4.days - capo_date_weekday(january_4) };
}

static bool compile_year(Compiler *compiler, const Expression *lookup)
{
    const Expression *part = lookup->args[0];
    if (part->kind != X_TRANSFORM || (part->transform->code != PART_YEAR && part->transform->code != PART_ISO_YEAR))
        return false;
    LookupCode code = lookup->lookup->code;
    if ((code != LOOKUP_EXACT && !lookup->lookup->ordered) || lookup->value.kind != VALUE_INT)
        return false;
    int64_t year = lookup->value.integer;
    if (year < 1 || year > 9999)
        capo_raise(ERROR_VALUE, "year %lld is out of range", (long long)year);
    bool iso = part->transform->code == PART_ISO_YEAR;
    if (year == 9999 && iso)
        capo_raise(ERROR_VALUE, "Year is out of range: 10000");
    if (year == 9999)                                               /* the range's end would be in year 10000 */
        return false;
    Date first = iso ? iso_year_start((int)year) : capo_date((int)year, 1, 1);
    Date next = iso ? iso_year_start((int)year + 1) : capo_date((int)year + 1, 1, 1);
    const Expression *of = part->args[0];
    Value low, high;
    if (of->type.kind == FIELD_DATETIME) {
        const TimeZone *zone = part->zone ? part->zone : capo_current_time_zone();
        low = capo_value_datetime(day_start(first, zone));
        high = capo_value_datetime((DateTime){ day_start(next, zone).microseconds - 1 });
    } else {
        low = capo_value_date(first);
        high = capo_value_date((Date){ next.days - 1 });
    }
    OutputType type = type_of(of->type.kind);
    compile_left(compiler, of);
    if (code == LOOKUP_EXACT) {
        compile_text(compiler, " BETWEEN ");
        compile_parameter(compiler, low, type);
        compile_text(compiler, " AND ");
        compile_parameter(compiler, high, type);
        return true;
    }
    compile_text(compiler, code == LOOKUP_GT ? " > " : code == LOOKUP_GTE ? " >= " : code == LOOKUP_LT ? " < " : " <= ");
    compile_parameter(compiler, code == LOOKUP_GT || code == LOOKUP_LTE ? high : low, type);
    return true;
}

/* --- all look-ups ------------------------------------------------------------------------------------------------------------------ */

bool integer_out_of_range(FieldKind kind, int64_t n, const Dialect *dialect)
{
    int64_t least, most;
    capo_integer_bounds(kind, dialect, &least, &most);
    return n < least || n > most;
}

/* A whole number outside the column's range: no row is equal, and all or none are larger. */
static bool out_of_range(const Compiler *compiler, const Expression *lookup, Sql *ret)
{
    FieldKind kind = lookup->args[0]->type.kind;
    LookupCode code = lookup->lookup->code;
    if (!capo_field_is_integer(kind) || (code != LOOKUP_EXACT && !lookup->lookup->ordered))
        return false;
    Value value = lookup->value;
    bool below = value.kind == VALUE_INT && value.integer < 0 && integer_out_of_range(kind, value.integer, compiler->dialect);
    bool above = value.kind == VALUE_INT && value.integer > 0 && integer_out_of_range(kind, value.integer, compiler->dialect);
    if (value.kind == VALUE_DECIMAL) {
        below = value.decimal.text[0] == '-';
        above = !below;
    }
    if (!below && !above)
        return false;
    bool greater = code == LOOKUP_GT || code == LOOKUP_GTE, less = code == LOOKUP_LT || code == LOOKUP_LTE;
    *ret = (below && greater) || (above && less) ? SQL_FULL : SQL_EMPTY;
    return true;
}

/* Long lists go as one parameter, where the database can take a list apart: no statement has that many. */
static bool compile_long_list(Compiler *compiler, const Expression *lookup)
{
    const List *list = lookup->value.list;
    FieldKind kind = lookup->args[0]->type.kind;
    const Dialect *dialect = compiler->dialect;
    if (!dialect->list_format || list->count < dialect->max_parameters / 4 || !(capo_field_is_integer(kind) || capo_field_is_text(kind)))
        return false;
    compile_text(compiler, " IN (");
    put_format(compiler, capo_field_is_integer(kind) ? dialect->integer_list_format : dialect->list_format, put_bound, &(Bound){ capo_value_text(capo_json_text(lookup->value, 0)), type_of(FIELD_TEXT) });
    compile_text(compiler, ")");
    return true;
}

/* Keys as one parameter, which asks for one text however many they are. */
static bool compile_keys(Compiler *compiler, const Expression *lookup)
{
    const Expression *left = lookup->args[0];
    const List *list = lookup->value.list;
    if (!compiler->dialect->keys || compiler->literals || list->count < 2 || left->kind != X_COLUMN || !left->type.field)
        return false;
    Value *values = capo_alloc_array(list->count, sizeof *values);
    for (size_t i = 0; i < list->count; i++)
        values[i] = capo_to_column(left->type.field, list->items[i]);
    Value keys = compiler->dialect->keys(left->type.field, values, list->count);
    if (capo_is_null(keys))
        return false;
    compile_text(compiler, " = ANY(");
    compile_bound(compiler, keys);
    compile_text(compiler, ")");
    return true;
}

static Sql compile_in(Compiler *compiler, const Expression *lookup)
{
    if (lookup->query) {
        put_left(compiler, lookup);
        /* MySQL reads no table in a subquery of the statement that changes it, but in a table that is made of the subquery. */
        bool writes = compiler->writes, apart = writes && compiler->dialect->reads_apart;
        compile_text(compiler, apart ? " IN (SELECT * FROM (" : " IN (");
        compiler->writes = false;
        Sql sql = compile_subquery(compiler, lookup->query, false);
        compiler->writes = writes;
        compile_text(compiler, apart ? ") AS members)" : ")");
        return sql;
    }
    const List *list = lookup->value.list;
    if (!list->count)
        return SQL_EMPTY;
    if (lookup->args[0]->kind == X_TUPLE) {
        compile_tuple(compiler, lookup->args[0]);
        compile_tuple_list(compiler, lookup->args[0], list);
        return SQL_OK;
    }
    put_left(compiler, lookup);
    if (compile_keys(compiler, lookup) || compile_long_list(compiler, lookup))
        return SQL_OK;
    compile_text(compiler, " IN (");
    for (size_t i = 0; i < list->count; i++) {
        compile_text(compiler, i ? ", " : "");
        Expression *expression = value_expression(list->items[i]);
        if (expression)
            put_expression(compiler, expression);
        else
            compile_parameter(compiler, list->items[i], lookup->args[0]->type);
    }
    compile_text(compiler, ")");
    return SQL_OK;
}

static Sql compile_range(Compiler *compiler, const Expression *lookup)
{
    put_left(compiler, lookup);
    for (size_t i = 0; i < 2; i++) {
        compile_text(compiler, i ? " AND " : " BETWEEN ");
        Expression *expression = value_expression(lookup->value.list->items[i]);
        if (expression)
            put_expression(compiler, expression);
        else
            compile_parameter(compiler, lookup->value.list->items[i], lookup->args[0]->type);
    }
    return SQL_OK;
}

static Sql compile_against_expression(Compiler *compiler, const Expression *lookup)
{
    const char *name = lookup->lookup->name;
    bool pattern_like = lookup->lookup->pattern && lookup->lookup->code != LOOKUP_IEXACT;
    const char *format = format_of(pattern_like ? compiler->dialect->pattern_operators : compiler->dialect->operators, name);
    if (!format)
        capo_raise(ERROR_NOT_SUPPORTED, "%s has no look-up '%s' against an expression.", compiler->backend->title, name);
    put_left(compiler, lookup);
    compile_text(compiler, " ");
    put_format(compiler, format, pattern_like ? put_escaped_expression : put_expression, lookup->args[1]);
    return SQL_OK;
}

Sql compile_lookup(Compiler *compiler, const Expression *lookup)
{
    const Expression *left = lookup->args[0];
    LookupCode code = lookup->lookup->code;
    Sql sql;
    bool done = false;
    if (left->type.kind == FIELD_JSON) {
        sql = compiler->dialect->json_lookup(compiler, lookup, &done);
        if (done)
            return sql;
    }
    if (code == LOOKUP_OWN)
        return compile_own_lookup(compiler, lookup);
    if (code == LOOKUP_ISNULL) {
        put_left(compiler, lookup);
        compile_text(compiler, lookup->value.boolean ? " IS NULL" : " IS NOT NULL");
        return SQL_OK;
    }
    if (code == LOOKUP_IN)
        return compile_in(compiler, lookup);
    if (code == LOOKUP_RANGE)
        return compile_range(compiler, lookup);
    if (lookup->n_args > 1)
        return compile_against_expression(compiler, lookup);
    if (lookup->query) {
        Expression subquery = *expression_subquery(X_SUBQUERY, lookup->query, false);
        Expression *args[] = { lookup->args[0], &subquery };
        Expression against = *lookup;
        against.args = args;
        against.n_args = 2;
        return compile_against_expression(compiler, &against);
    }
    if (out_of_range(compiler, lookup, &sql))
        return sql;
    if (compile_year(compiler, lookup))
        return SQL_OK;
    if (lookup->lookup->pattern && !(code == LOOKUP_IEXACT && compiler->dialect->plain_iexact))
        compile_operator(compiler, lookup, lookup_pattern(lookup->lookup, lookup->value), type_of(FIELD_TEXT));
    else if (code == LOOKUP_REGEX || code == LOOKUP_IREGEX || code == LOOKUP_IEXACT)
        compile_operator(compiler, lookup, lookup->value, type_of(FIELD_TEXT));
    else
        compile_operator(compiler, lookup, lookup->value, left->type);
    return SQL_OK;
}
