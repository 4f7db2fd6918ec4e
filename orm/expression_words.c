/* SPDX-License-Identifier: BSD-3-Clause */
/* The public words of capo/expressions.h: they build what expression.c knows. */
#include <capo/expressions.h>
#include "options.h"
#include "functions.h"
#include <string.h>

/* What a word was given: an expression, a query as a subquery, or a literal. */
Expression *capo_expression_of(Value value)
{
    Expression *expression = value_expression(value);
    Query *query = expression ? NULL : value_query(value);
    return expression ? expression : query ? expression_subquery(X_SUBQUERY, query, false) : expression_value(value_copy(value), type_of(FIELD_NONE));
}

static Value boxed(Expression *expression) { return capo_value_object(&expression->object); }

Expression *capo_as(const char *name, Value value)
{
    Expression *expression = capo_memdup(capo_expression_of(value), sizeof *expression);
    expression->as = capo_strdup(name);
    return expression;
}

Value capo_function(const char *name, const Value *arguments, size_t count)
{
    Expression **list = capo_alloc_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = capo_expression_of(arguments[i]);
    return boxed(expression_call(name, list, count));
}

Value capo_combined(const char *operator, Value left, Value right)
{
    static const char *const operators[] = { "+", "-", "*", "/", "%", "^", "&", "|", "#", "<<", ">>" };
    size_t i = 0, count = sizeof operators / sizeof *operators;
    while (i < count && strcmp(operators[i], operator))
        i++;
    if (i == count)                         /* it becomes SQL as it is */
        capo_raise(ERROR_VALUE, "There is no operator '%s' between expressions: + - * / %% ^ & | # << >>.", operator);
    return boxed(expression_combine(operator, capo_expression_of(left), capo_expression_of(right)));
}

Value capo_collate(Value value, const char *collation)
{
    if (!*collation || collation[strspn(collation, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")])
        capo_raise(ERROR_VALUE, "Invalid collation name: '%s'.", collation);
    Expression *of = capo_expression_of(value), *collated = expression_new(X_COLLATE);
    collated->args = capo_memdup(&of, sizeof of);
    collated->n_args = 1;
    collated->name = capo_strdup(collation);
    return boxed(collated);
}

Value capo_raw_expression(const char *sql, const Value *parameters, size_t count)
{
    Expression *raw = expression_new(X_RAW);
    raw->name = capo_strdup(sql);
    raw->args = capo_alloc_array(count + 1, sizeof *raw->args);
    for (size_t i = 0; i < count; i++)
        raw->args[raw->n_args++] = capo_expression_of(parameters[i]);
    return boxed(raw);
}

Value capo_compared(Value left, const char *lookup, Value right)
{
    Expression *compared = expression_new(X_LOOKUP);
    compared->name = capo_strdup(lookup);
    compared->type = type_of(FIELD_BOOLEAN);
    compared->args = capo_memdup(((Expression *[]){ capo_expression_of(left), capo_expression_of(right) }), 2 * sizeof *compared->args);
    compared->n_args = 2;
    return boxed(compared);
}

Condition *capo_holds(Value value) { return condition_of_expression(capo_expression_of(value)); }

Value capo_json_text_key(const char *path)
{
    Expression *of = expression_path(path), *key = expression_new(X_TRANSFORM);
    key->args = capo_memdup(&of, sizeof of);
    key->n_args = 1;
    key->name = "key_text";
    return boxed(key);
}

Value capo_sliced(const char *path, int from, int to)
{
    if (from < 0 || to < -1)
        capo_raise(ERROR_VALUE, "Negative indexing is not supported.");
    if (to >= 0 && to <= from)
        capo_raise(ERROR_VALUE, "Slice stop must be greater than slice start.");
    return boxed(transform_named(to < 0 ? capo_format("[%d:]", from) : capo_format("[%d:%d]", from, to), FIELD_NONE, expression_path(path), NULL, false));
}

Value capo_json_null(void)
{
    Expression *null = expression_value(capo_value_null(), type_of(FIELD_JSON));
    return boxed(null);
}

Value capo_case(const CaseBranch *branches, size_t count)
{
    Expression **list = capo_alloc_array(2 * count + 1, sizeof *list);
    Expression *otherwise = NULL;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (otherwise)
            capo_raise(ERROR_VALUE, "CASE: nothing comes behind ELSE.");
        if (branches[i].condition) {
            list[n++] = expression_condition(branches[i].condition);
            list[n++] = capo_expression_of(branches[i].result);
        } else {
            otherwise = capo_expression_of(branches[i].result);
        }
    }
    list[n++] = otherwise ? otherwise : expression_value(capo_value_null(), type_of(FIELD_NONE));
    return boxed(expression_case(list, n, type_of(FIELD_NONE)));
}

Value capo_cast(Value value, FieldKind kind, bool in_database)
{
    return boxed(expression_cast(in_database ? X_CAST : X_WRAP, capo_expression_of(value), type_of(kind)));
}

Value capo_cast_decimal(Value value, int digits, int places)
{
    OutputType type = type_of(FIELD_DECIMAL);
    if (digits < 1 || places < 0 || places > digits)
        capo_raise(ERROR_VALUE, "A decimal of %d digits with %d behind the point cannot be.", digits, places);
    type.digits = digits;
    type.places = places;
    return boxed(expression_cast(X_CAST, capo_expression_of(value), type));
}

Value capo_part(const char *part, Value value, bool truncate) { return capo_part_in(part, value, truncate, NULL); }

Value capo_part_in(const char *part, Value value, bool truncate, const char *zone_name)
{
    const TimeZone *zone = zone_name ? capo_time_zone(zone_name) : NULL;
    if (zone_name && !zone)
        capo_raise(ERROR_VALUE, "There is no time zone called '%s'.", zone_name);
    FieldKind gives = !truncate ? FIELD_NONE : !strcmp(part, "date") ? FIELD_DATE : !strcmp(part, "time") ? FIELD_TIME : FIELD_NONE;
    return boxed(transform_named(part, gives, capo_expression_of(value), zone, truncate));
}

Value capo_subquery(Query *query) { return boxed(expression_subquery(X_SUBQUERY, query, false)); }
Value capo_outer(const char *path) { return boxed(expression_outer(path)); }
Condition *capo_exists_in(Query *query) { return condition_of_expression(expression_subquery(X_EXISTS, query, false)); }

static void put_bound(Buffer *out, int64_t rows)
{
    if (rows == UNBOUNDED_PRECEDING || rows == UNBOUNDED_FOLLOWING)
        capo_put(out, rows < 0 ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING");
    else if (!rows)
        capo_put(out, "CURRENT ROW");
    else
        capo_put_format(out, "%lld %s", (long long)(rows < 0 ? -rows : rows), rows < 0 ? "PRECEDING" : "FOLLOWING");
}

static const char *frame_of(const WindowOptions *options)
{
    static const char *const exclusions[] = { "current row", "group", "ties", "no others" };
    const WindowFrame *bounds = options->rows.given ? &options->rows : &options->range;
    Buffer frame = { 0 };
    if (options->rows.given && options->range.given)
        capo_raise(ERROR_VALUE, "WINDOW: the frame is of .rows or of a .range, not of both.");
    if (!bounds->given && options->exclude)
        capo_raise(ERROR_VALUE, "WINDOW: .exclude takes rows out of a frame; give .rows or .range.");
    if (!bounds->given)
        return NULL;
    if (bounds->from > bounds->to)
        capo_raise(ERROR_VALUE, "WINDOW: a frame begins with the earlier row, as ROWS(-1, 1).");
    capo_put(&frame, options->rows.given ? "ROWS BETWEEN " : "RANGE BETWEEN ");
    put_bound(&frame, bounds->from);
    capo_put(&frame, " AND ");
    put_bound(&frame, bounds->to);
    for (size_t i = 0; options->exclude && i < 4; i++)
        if (!strcmp(exclusions[i], options->exclude)) {
            capo_put_format(&frame, " EXCLUDE %s", exclusions[i]);
            return capo_buffer_text(&frame);
        }
    if (options->exclude)
        capo_raise(ERROR_VALUE, "WINDOW: .exclude is \"current row\", \"group\", \"ties\" or \"no others\", not \"%s\".", options->exclude);
    return capo_buffer_text(&frame);
}

Value capo_window(Value of, const WindowOptions *options)
{
    Expression *window = expression_new(X_WINDOW);
    size_t n_partition = 0;
    while (options->partition_by && options->partition_by[n_partition])
        n_partition++;
    window->args = capo_alloc_array(n_partition + 2, sizeof *window->args);
    window->args[window->n_args++] = capo_expression_of(of);
    for (size_t i = 0; i < n_partition; i++)
        window->args[window->n_args++] = expression_path(options->partition_by[i]);
    window->n_partition = n_partition;
    window->order = order_terms_of(options->order_by, &window->n_order);
    if (window->args[0]->kind == X_AGGREGATE && !capo_is_null(window->args[0]->value))
        capo_raise(ERROR_VALUE, "WINDOW: an aggregate with a default value is a COALESCE, which is no function over rows: put the WINDOW into FN(Coalesce, …).");
    window->frame = frame_of(options);
    return boxed(window);
}

Expression *capo_total(const char *function, Value of, const AggregateOptions *options)
{
    Expression *aggregate = expression_aggregate(function, capo_expression_of(of), options->distinct, options->filter, options->default_value);
    expression_order_aggregate(aggregate, options);
    aggregate->as = options->as ? capo_strdup(options->as) : NULL;
    return aggregate;
}

Value capo_over(const char *function, Value of) { return boxed(capo_total(function, of, &(AggregateOptions){ 0 })); }
