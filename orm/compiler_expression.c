/* SPDX-License-Identifier: BSD-3-Clause */
/* Expressions and conditions as SQL.
 *
 * Appends to compiler->sql and compiler->parameters. A condition that no row or every row meets writes nothing and says so;
 * whoever combines conditions takes back what it wrote before (mark and back). Every value is a parameter, every name quoted. */
#include "functions.h"
#include <math.h>
#include <string.h>

enum { MOST_SHARED = 64 };                  /* parameters that are looked at for one to share */

typedef struct Mark { size_t sql, parameters; } Mark;

static Mark mark(const Compiler *compiler)
{
    return (Mark){ compiler->sql.size, compiler->n_parameters };
}

static void back(Compiler *compiler, Mark to)
{
    compiler->sql.size = to.sql;
    if (compiler->sql.data)
        compiler->sql.data[to.sql] = 0;
    compiler->n_parameters = to.parameters;
}

/* What was written since the mark, taken out of the statement; its parameters stay, so it must be put back once, and next. */
static const char *cut(Compiler *compiler, size_t from)
{
    const char *text = capo_strndup(compiler->sql.data ? compiler->sql.data + from : "", compiler->sql.size - from);
    compiler->sql.size = from;
    if (compiler->sql.data)
        compiler->sql.data[from] = 0;
    return text;
}

void compile_text(Compiler *compiler, const char *sql)
{
    capo_put(&compiler->sql, sql);
}

void compile_quoted(Compiler *compiler, const char *name)
{
    capo_put_name(&compiler->sql, name);
}

const char *frame_alias(const Frame *frame, int join)
{
    if (!frame->depth)
        return frame->query->joins[join].alias;
    return capo_format("%c%d", 'U' + (frame->depth - 1) % 5, join + (frame->depth - 1) / 5 * 100);
}

void compile_format(Compiler *compiler, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    capo_put(&compiler->sql, capo_vformat(format, args));
    va_end(args);
}

static bool same_parameter(Value a, Value b)
{
    if (a.kind != b.kind || a.flags != b.flags)
        return false;
    if (a.kind == VALUE_INT)
        return a.integer == b.integer && a.tag == b.tag;
    if (a.kind == VALUE_LIST && a.tag && a.tag == b.tag && a.list->count == b.list->count) {        /* an array */
        for (size_t i = 0; i < a.list->count; i++)
            if (!same_parameter(a.list->items[i], b.list->items[i]))
                return false;
        return true;
    }
    return capo_is_text(a) ? a.size == b.size && !memcmp(a.text, b.text, a.size)
         : a.kind == VALUE_DECIMAL ? !strcmp(a.decimal.text, b.decimal.text)
         : a.kind != VALUE_NULL && a.kind != VALUE_LIST && a.kind != VALUE_MAP && a.kind != VALUE_OBJECT && capo_equal(a, b);
}

static void add_parameter(Compiler *compiler, Value value)
{
    if (compiler->n_parameters == compiler->capacity) {
        size_t capacity = compiler->capacity ? compiler->capacity * 2 : 16;
        compiler->parameters = capo_realloc(compiler->parameters, compiler->capacity * sizeof(Value), capacity * sizeof(Value));
        compiler->capacity = capacity;
    }
    compiler->parameters[compiler->n_parameters++] = value;
}

void compile_bound(Compiler *compiler, Value value)
{
    if (compiler->literals) {
        capo_put_literal(&compiler->sql, value);
        return;
    }
    if (compiler->dialect->numbered)
        for (size_t i = 0; i < compiler->n_parameters && i < MOST_SHARED; i++)
            if (same_parameter(compiler->parameters[i], value)) {
                compiler->dialect->put_placeholder(&compiler->sql, (int)i + 1);
                return;
            }
    add_parameter(compiler, value);
    compiler->dialect->put_placeholder(&compiler->sql, (int)compiler->n_parameters);
}

/* A field of this kind without a model: how a computed value is stored. */
const Field *plain_field(OutputType type)
{
    Field *field = capo_alloc_struct(Field);
    field->kind = type.kind;
    field->name = field->attname = field->column = "value";
    field->null = true;
    field->max_length = 255;
    field->max_digits = 60;
    field->decimal_places = type.places >= 0 ? type.places : 30;
    return field;
}

void compile_parameter(Compiler *compiler, Value value, OutputType type)
{
    if (capo_is_null(value)) {
        compile_text(compiler, "NULL");
        return;
    }
    if (type.kind == FIELD_DURATION && capo_is_text(value) && compiler->dialect->intervals) {
        compile_text(compiler, "CAST(");
        compile_bound(compiler, value);
        compile_text(compiler, " AS interval)");
        return;
    }
    if (!type.kind || ((value.kind == VALUE_LIST || value.kind == VALUE_MAP) && !capo_field_is_postgresqls(type.kind)))
        type = value.kind == VALUE_LIST || value.kind == VALUE_MAP ? type_of(FIELD_JSON) : type_of_value(value);
    if (value.kind == VALUE_REAL && isnan(value.real)) {            /* equal to nothing: to be asked for, not to be stored */
        compiler->dialect->parameter(compiler, value, plain_field(type_of(FIELD_FLOAT)));
        return;
    }
    if (capo_field_is_integer(type.kind) && value.kind == VALUE_DECIMAL) {
        if (!compiler->dialect->big_integers)
            capo_raise(ERROR_VALUE, "The number %s is too large for an integer of %s.", value.decimal.text, compiler->backend->title);
        compiler->dialect->parameter(compiler, value, plain_field(type_of(FIELD_DECIMAL)));
        return;
    }
    if (type.field && capo_column_field(type.field)->kind == FIELD_DECIMAL && !capo_column_field(type.field)->custom)
        value = capo_field_to_python(capo_column_field(type.field), value);     /* compared as it is, not rounded to the column's digits */
    else if (type.field)
        value = capo_to_column(type.field, value);
    else if (type.kind && type.kind != FIELD_DECIMAL && !capo_field_is_integer(type.kind))
        value = capo_to_column(plain_field(type), value);
    compiler->dialect->parameter(compiler, value, type.field ? type.field : plain_field(type));
}

static void compile_column(Compiler *compiler, const Expression *column)
{
    const Frame *frame = compiler->frame;
    for (int level = column->level; level > 0; level--) {
        frame = frame->outer;
        if (!frame)
            capo_raise(ERROR_VALUE, "This queryset contains a reference to an outer query and may only be used in a subquery.");
    }
    if (!frame->bare) {
        compile_quoted(compiler, frame_alias(frame, column->join));
        capo_put_char(&compiler->sql, '.');
    }
    compile_quoted(compiler, column->column->column);
}

void compile_list(Compiler *compiler, Expression *const *args, size_t count, const char *separator)
{
    bool booleans = compiler->dialect->booleans;
    for (size_t i = 0; i < count; i++) {
        if (i)
            compile_text(compiler, separator);
        Sql sql = compile(compiler, args[i]);
        if (sql == SQL_EMPTY)
            compile_text(compiler, args[i]->type.kind != FIELD_BOOLEAN ? "NULL" : booleans ? "FALSE" : "0");
        if (sql == SQL_FULL)
            compile_text(compiler, booleans ? "TRUE" : "1");
    }
}

void compile_template(Compiler *compiler, const char *sql, Expression *const *args, size_t count)
{
    for (const char *at = sql; *at; at++)
        if (*at == '$' && at[1] >= '1' && (size_t)(at[1] - '1') < count)
            compile_list(compiler, &args[*++at - '1'], 1, "");
        else
            capo_put_char(&compiler->sql, *at);
}

const FunctionRow *compile_function_row(const Compiler *compiler, const FunctionRow *row)
{
    if (row->only && strcmp(row->only, compiler->backend->name))
        capo_raise(ERROR_NOT_SUPPORTED, "%s has no %s: it is PostgreSQL's.", compiler->backend->title, row->name);
    for (const FunctionRow *own = compiler->dialect->functions; own && own->name; own++)
        if (!strcmp(own->name, row->name))
            return own;
    return row;
}

static Sql compile_call(Compiler *compiler, const Expression *call)
{
    const FunctionRow *row = compile_function_row(compiler, call->function);
    bool places = !strcmp(row->name, "Round") && call->n_args > 1 && call->args[1]->kind == X_VALUE && call->args[1]->value.kind == VALUE_INT;
    if (places && call->args[1]->value.integer < 0 && compiler->dialect->rounds_fractions)
        capo_raise(ERROR_VALUE, "%s does not support negative precision.", compiler->backend->title);
    if (compiler->dialect->call && compiler->dialect->call(compiler, call))
        return SQL_OK;
    if (!strcmp(row->name, "Concat")) {
        compile_text(compiler, "(");
        for (size_t i = 0; i < call->n_args; i++) {
            compile_text(compiler, i ? " || COALESCE(" : "COALESCE(");
            compile_list(compiler, &call->args[i], 1, "");
            compile_text(compiler, ", '')");
        }
        compile_text(compiler, ")");
        return SQL_OK;
    }
    const char *sql = row->own ? own_function_sql(compiler, row->own) : row->sql;
    if (strchr(sql, '$') || capo_ends_with(sql, ")")) {
        compile_template(compiler, sql, call->args, call->n_args);
        return SQL_OK;
    }
    compile_text(compiler, sql);
    compile_text(compiler, "(");
    compile_list(compiler, call->args, call->n_args, ", ");
    compile_text(compiler, ")");
    return SQL_OK;
}

static bool is_moment(FieldKind kind)
{
    return kind == FIELD_DATE || kind == FIELD_DATETIME || kind == FIELD_TIME;
}

static Sql compile_combine(Compiler *compiler, const Expression *combined)
{
    FieldKind left = combined->args[0]->type.kind, right = combined->args[1]->type.kind;
    bool difference = is_moment(left) && is_moment(right) && *combined->name == '-';
    bool moved = (is_moment(left) && right == FIELD_DURATION) || (left == FIELD_DURATION && is_moment(right));
    if (difference || moved) {                                      /* a date and a number are what the database makes of them */
        compiler->dialect->combine_moments(compiler, combined, difference);
        return SQL_OK;
    }
    if (compiler->dialect->combine && compiler->dialect->combine(compiler, combined))
        return SQL_OK;
    bool power = *combined->name == '^', decimal = combined->type.kind == FIELD_DECIMAL && compiler->dialect->decimals_in_brackets;
    compile_text(compiler, decimal ? "CAST(" : "");
    compile_text(compiler, power ? "POWER(" : "(");
    compile_list(compiler, combined->args, 2, power ? ", " : capo_format(" %s ", combined->name));
    compile_text(compiler, decimal ? ") AS NUMERIC)" : ")");
    return SQL_OK;
}

/* A condition where SQL wants a value. */
static void compile_truth(Compiler *compiler, const Expression *expression)
{
    compile_list(compiler, (Expression *const *)&expression, 1, "");
}

static Sql compile_case(Compiler *compiler, const Expression *expression)
{
    size_t whens = 0;
    Mark start = mark(compiler);
    compile_text(compiler, "CASE");
    const Expression *last = expression->args[expression->n_args - 1];
    for (size_t i = 0; i + 1 < expression->n_args; i += 2) {
        Mark at = mark(compiler);
        compile_text(compiler, " WHEN ");
        Sql sql = compile(compiler, expression->args[i]);
        if (sql != SQL_OK)
            back(compiler, at);
        if (sql == SQL_FULL) {                                      /* the branches behind this one are never reached */
            last = expression->args[i + 1];
            break;
        }
        if (sql == SQL_EMPTY)
            continue;
        compile_text(compiler, " THEN ");
        compile_truth(compiler, expression->args[i + 1]);
        whens++;
    }
    if (!whens) {
        back(compiler, start);
        compile_truth(compiler, last);
        return SQL_OK;
    }
    compile_text(compiler, " ELSE ");
    compile_truth(compiler, last);
    compile_text(compiler, " END");
    return SQL_OK;
}

static const char *zone_of(const Expression *expression)
{
    return capo_time_zone_name(expression->zone ? expression->zone : capo_current_time_zone());
}

const Expression *compile_json_path(const Expression *expression, Buffer *path)
{
    if (!expression_is_json_key(expression)) {
        capo_put_char(path, '$');
        return expression;
    }
    const Expression *root = compile_json_path(expression->args[0], path);
    int index;
    if (text_is_index(expression->name, &index) && index < 0 && !capo_dialect()->negative_indexes)
        capo_put_format(path, index < -1 ? "[last%d]" : "[last]", index + 1);
    else if (text_is_index(expression->name, &index))
        capo_put_format(path, "[%d]", index);
    else {
        capo_put_char(path, '.');
        capo_json_put(path, capo_value_text(expression->name), 0);
    }
    return root;
}

bool expression_is_json_key(const Expression *expression)
{
    return expression->kind == X_TRANSFORM && (expression->transform->code == PART_KEY || expression->transform->code == PART_KEY_TEXT);
}

bool expression_is_json_null(const Expression *expression)
{
    return expression->kind == X_VALUE && capo_is_null(expression->value) && expression->type.kind == FIELD_JSON && !expression->type.field;
}

/* A dialect may write the argument's text more than once: without numbers, each copy of a placeholder wants a value of its own. */
static void repeat_parameters(Compiler *compiler, const char *sql, size_t from, size_t first)
{
    size_t count = compiler->n_parameters - first;
    if (!count || compiler->dialect->numbered || compiler->literals)
        return;
    Value *own = capo_memdup(compiler->parameters + first, count * sizeof *own);
    const char *copy = strstr(compiler->sql.data + from, sql);
    while (copy && (copy = strstr(copy + strlen(sql), sql)))
        for (size_t i = 0; i < count; i++)
            add_parameter(compiler, own[i]);
}

static Sql compile_transform(Compiler *compiler, const Expression *expression)
{
    TransformCode code = expression->transform->code;
    if (expression_is_json_key(expression)) {
        compiler->dialect->json_key(compiler, expression);
        return SQL_OK;
    }
    const Expression *of = expression->args[0];
    size_t from = compiler->sql.size, first = compiler->n_parameters;
    compile(compiler, of);
    const char *sql = cut(compiler, from);
    const char *zone = of->type.kind == FIELD_DATETIME ? zone_of(expression) : NULL;
    const Dialect *dialect = compiler->dialect;
    bool known = code == PART_DATE || code == PART_TIME ? dialect->put_cast(&compiler->sql, expression->name, sql, zone)
               : code == TRUNC && (!strcmp(expression->name, "date") || !strcmp(expression->name, "time"))
                   ? dialect->put_cast(&compiler->sql, expression->name, sql, zone)
               : code == TRUNC ? dialect->put_trunc(&compiler->sql, expression->name, of->type.kind, expression->type.kind, sql, zone)
                               : dialect->put_extract(&compiler->sql, expression->name, of->type.kind, sql, zone);
    if (!known)
        capo_raise(ERROR_NOT_SUPPORTED, "%s cannot take the %s of a %s.", compiler->backend->title, expression->name, capo_field_kind_name(of->type.kind));
    repeat_parameters(compiler, sql, from, first);
    return SQL_OK;
}

static Sql compile_node(Compiler *compiler, const Expression *node);

/* XOR is parity: an odd number of the terms is true, and none is unknown. */
static Sql compile_xor(Compiler *compiler, const Expression *node)
{
    compile_text(compiler, node->negated ? "NOT ((" : "((");
    for (size_t i = 0; i < node->n_args; i++) {
        compile_text(compiler, i ? " + CASE WHEN " : "CASE WHEN ");
        Sql sql = compile(compiler, node->args[i]);
        compile_text(compiler, sql == SQL_EMPTY ? "1 = 0" : sql == SQL_FULL ? "1 = 1" : "");
        compile_text(compiler, " THEN 1 ELSE 0 END");
    }
    compile_text(compiler, ") % 2 = 1)");
    return SQL_OK;
}

static Sql compile_node(Compiler *compiler, const Expression *node)
{
    if (node->connector == XOR && node->n_args && !compiler->dialect->logical_xor)
        return compile_xor(compiler, node);
    size_t empty_needed = node->connector == AND ? 1 : node->n_args, full_needed = node->connector == AND ? node->n_args : 1;
    if (!node->n_args)
        return node->negated ? SQL_EMPTY : SQL_FULL;
    Mark start = mark(compiler);
    compile_text(compiler, node->negated ? "NOT (" : node->n_args > 1 ? "(" : "");
    size_t written = 0;
    for (size_t i = 0; i < node->n_args; i++) {
        Mark at = mark(compiler);
        if (written)
            compile_text(compiler, node->connector == AND ? " AND " : node->connector == OR ? " OR " : " XOR ");
        Sql sql = compile(compiler, node->args[i]);
        if (sql == SQL_OK) {
            written++;
            continue;
        }
        back(compiler, at);
        if ((sql == SQL_EMPTY ? --empty_needed : --full_needed) == 0) {
            back(compiler, start);
            return (sql == SQL_EMPTY) == node->negated ? SQL_FULL : SQL_EMPTY;
        }
    }
    compile_text(compiler, node->negated || node->n_args > 1 ? ")" : "");
    return SQL_OK;
}

void compile_order(Compiler *compiler, const OrderTerm *term)
{
    bool by_condition = term->nulls && compiler->dialect->nulls_by_condition;
    if (by_condition) {
        compile_value(compiler, term->expression);
        compile_text(compiler, term->nulls == 1 ? " IS NOT NULL, " : " IS NULL, ");
    }
    compile_value(compiler, term->expression);
    compile_text(compiler, term->descending ? " DESC" : " ASC");
    if (!by_condition)
        compile_text(compiler, term->nulls == 1 ? " NULLS FIRST" : term->nulls == 2 ? " NULLS LAST" : "");
}

static Sql compile_window(Compiler *compiler, const Expression *window)
{
    compile_list(compiler, window->args, 1, "");
    compile_text(compiler, " OVER (");
    if (window->n_partition) {
        compile_text(compiler, "PARTITION BY ");
        compile_list(compiler, window->args + 1, window->n_partition, ", ");
    }
    for (size_t i = 0; i < window->n_order; i++) {
        compile_text(compiler, i ? ", " : window->n_partition ? " ORDER BY " : "ORDER BY ");
        compile_order(compiler, &window->order[i]);
    }
    if (window->frame) {
        if (strstr(window->frame, " EXCLUDE ") && !compiler->dialect->frame_exclusion)
            capo_raise(ERROR_NOT_SUPPORTED, "%s excludes no rows from the frame of a window.", compiler->backend->title);
        compile_text(compiler, " ");
        compile_text(compiler, window->frame);
    }
    compile_text(compiler, ")");
    return SQL_OK;
}

static Sql compile_cast(Compiler *compiler, const Expression *cast)
{
    FieldKind kind = cast->type.kind;
    if (!kind)
        capo_raise(ERROR_FIELD, "A cast needs the type to cast to.");
    compiler->dialect->cast(compiler, cast);
    return SQL_OK;
}

/* Every "?" that is no part of a text, a name or a comment is the next argument. */
static Sql compile_raw(Compiler *compiler, const Expression *raw)
{
    size_t next = 0;
    compile_text(compiler, "(");
    for (size_t i = 0; raw->name[i]; ) {
        size_t end = capo_sql_skip_quoted(raw->name, i);
        if (end > i) {
            capo_put_bytes(&compiler->sql, raw->name + i, end - i);
            i = end;
        } else if (raw->name[i] == '?' && raw->name[i + 1] == '?') {
            capo_put_char(&compiler->sql, '?');
            i += 2;
        } else if (raw->name[i] == '?') {
            if (next == raw->n_args)
                capo_raise(ERROR_VALUE, "RAW: there are more question marks than parameters in: %s", raw->name);
            compile_list(compiler, raw->args + next++, 1, "");
            i++;
        } else {
            capo_put_char(&compiler->sql, raw->name[i++]);
        }
    }
    if (next < raw->n_args)
        capo_raise(ERROR_VALUE, "RAW: there are more parameters than question marks in: %s", raw->name);
    compile_text(compiler, ")");
    return SQL_OK;
}

static Sql compile_collated(Compiler *compiler, const Expression *collated)
{
    compile_list(compiler, collated->args, 1, "");
    compile_text(compiler, " COLLATE ");
    compile_quoted(compiler, collated->name);
    return SQL_OK;
}

static Sql compile_any(Compiler *compiler, const Expression *expression)
{
    switch (expression->kind) {
    case X_COLUMN:
        compile_column(compiler, expression);
        return SQL_OK;
    case X_VALUE:
        if (expression_is_json_null(expression))
            compiler->dialect->parameter(compiler, capo_value_text("null"), plain_field(expression->type));
        else
            compile_parameter(compiler, expression->value, expression->type);
        return SQL_OK;
    case X_STAR:
        compile_text(compiler, "*");
        return SQL_OK;
    case X_CALL:
        return compile_call(compiler, expression);
    case X_AGGREGATE:
        return compile_aggregate(compiler, expression);
    case X_COMBINE:
        return compile_combine(compiler, expression);
    case X_NEGATE:
        compile_text(compiler, "(");
        compile_list(compiler, expression->args, 1, "");
        compile_text(compiler, " * -1)");
        return SQL_OK;
    case X_CASE:
        expression_check_type(expression);                          /* some databases cast its branches, so that Django asks on all */
        return compile_case(compiler, expression);
    case X_CAST:
        return compile_cast(compiler, expression);
    case X_WRAP:
        return compile(compiler, expression->args[0]);
    case X_SUBQUERY: case X_EXISTS: {
        bool exists = expression->kind == X_EXISTS;
        Mark start = mark(compiler);
        compile_text(compiler, exists ? expression->negated ? "NOT EXISTS (" : "EXISTS (" : "(");
        Sql sql = compile_subquery(compiler, expression->query, !exists);
        if (sql == SQL_EMPTY) {
            back(compiler, start);
            if (exists)
                return expression->negated ? SQL_FULL : SQL_EMPTY;
            compile_text(compiler, "NULL");
            return SQL_OK;
        }
        compile_text(compiler, ")");
        return SQL_OK;
    }
    case X_TRANSFORM:
        return compile_transform(compiler, expression);
    case X_NODE:
        return compile_node(compiler, expression);
    case X_LOOKUP:
        return compile_lookup(compiler, expression);
    case X_NOTHING:
        return SQL_EMPTY;
    case X_OUTPUT:
        compile_quoted(compiler, "subquery");
        capo_put_char(&compiler->sql, '.');
        compile_quoted(compiler, expression->name);
        return SQL_OK;
    case X_WINDOW:
        return compile_window(compiler, expression);
    case X_RAW:
        return compile_raw(compiler, expression);
    case X_COLLATE:
        return compile_collated(compiler, expression);
    case X_TUPLE:
        compile_tuple(compiler, expression);
        return SQL_OK;
    case X_OUTER:
        capo_raise(ERROR_VALUE, "This queryset contains a reference to an outer query and may only be used in a subquery.");
    case X_PATH: case X_CONDITION:
        break;
    }
    capo_bug("An expression reached the compiler before its names were resolved.");
}

Sql compile(Compiler *compiler, const Expression *expression)
{
    if (++compiler->depth > 3 * MAX_CONDITION_DEPTH)
        capo_raise(ERROR_NOT_SUPPORTED, "A query's conditions and expressions are nested too deep.");
    Sql sql = compile_any(compiler, expression);
    compiler->depth--;
    return sql;
}
