/* SPDX-License-Identifier: BSD-3-Clause */
/* The public words of capo/expressions.h: they build what expression.c knows. */
#include <capo/expressions.h>
#include "options.h"
#include "query.h"
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
    return boxed(expression_combine(operator, capo_expression_of(left), capo_expression_of(right)));
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

Value capo_part(const char *part, Value value, bool truncate)
{
    FieldKind gives = !truncate ? FIELD_NONE : !strcmp(part, "date") ? FIELD_DATE : !strcmp(part, "time") ? FIELD_TIME : FIELD_NONE;
    return boxed(transform_named(part, gives, capo_expression_of(value), NULL, truncate));
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

Value capo_window(Value of, const WindowOptions *options)
{
    Expression *window = expression_new(X_WINDOW);
    size_t n_partition = 0, n_order = 0;
    while (options->partition_by && options->partition_by[n_partition])
        n_partition++;
    while (options->order_by && options->order_by[n_order])
        n_order++;
    window->args = capo_alloc_array(n_partition + 2, sizeof *window->args);
    window->args[window->n_args++] = capo_expression_of(of);
    for (size_t i = 0; i < n_partition; i++)
        window->args[window->n_args++] = expression_path(options->partition_by[i]);
    window->n_partition = n_partition;
    window->order = capo_alloc_array(n_order + 1, sizeof *window->order);
    window->n_order = n_order;
    for (size_t i = 0; i < n_order; i++) {
        bool descending = *options->order_by[i] == '-';
        window->order[i] = (OrderTerm){ .expression = expression_path(options->order_by[i] + descending), .descending = descending };
    }
    if (options->rows.given) {
        Buffer frame = { 0 };
        if (options->rows.from > options->rows.to)
            capo_raise(ERROR_VALUE, "WINDOW: .rows begins with the earlier row, as ROWS(-1, 1).");
        capo_put(&frame, "ROWS BETWEEN ");
        put_bound(&frame, options->rows.from);
        capo_put(&frame, " AND ");
        put_bound(&frame, options->rows.to);
        window->frame = capo_buffer_text(&frame);
    }
    return boxed(window);
}

Expression *capo_total(const char *function, Value of, const AggregateOptions *options)
{
    Expression *aggregate = expression_aggregate(function, capo_expression_of(of), options->distinct, options->filter, options->default_value);
    aggregate->as = options->as ? capo_strdup(options->as) : NULL;
    return aggregate;
}

Value capo_over(const char *function, Value of) { return boxed(capo_total(function, of, &(AggregateOptions){ 0 })); }
