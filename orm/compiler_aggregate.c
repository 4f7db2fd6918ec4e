/* SPDX-License-Identifier: BSD-3-Clause */
/* Aggregates as SQL: NAME(DISTINCT value, … ORDER BY …) FILTER (WHERE …), COALESCE'd where there is a default. */
#include "functions.h"
#include <string.h>

static Sql compile_taking_back(Compiler *compiler, const char *before, const Expression *condition)
{
    size_t size = compiler->sql.size, parameters = compiler->n_parameters;
    compile_text(compiler, before);
    Sql sql = compile(compiler, condition);
    if (sql != SQL_OK) {
        compiler->sql.size = size;
        if (compiler->sql.data)
            compiler->sql.data[size] = 0;
        compiler->n_parameters = parameters;
    }
    return sql;
}

/* Where there is no FILTER: CASE WHEN filter THEN x ELSE NULL END, which the aggregate leaves out. */
void compile_aggregate_value(Compiler *compiler, const Expression *aggregate)
{
    bool inside = aggregate->filter && !compiler->dialect->aggregate_filter;
    Sql sql = inside ? compile_taking_back(compiler, "CASE WHEN ", aggregate->filter) : SQL_FULL;
    if (sql == SQL_EMPTY) {
        compile_text(compiler, "NULL");
        return;
    }
    compile_text(compiler, sql == SQL_OK ? " THEN " : "");
    if (inside && aggregate->args[0]->kind == X_STAR)
        compile_text(compiler, "1");
    else
        compile_list(compiler, aggregate->args, 1, "");
    compile_text(compiler, sql == SQL_OK ? " ELSE NULL END" : "");
}

void compile_aggregate_order(Compiler *compiler, const Expression *aggregate)
{
    for (size_t i = 0; i < aggregate->n_order; i++) {
        compile_text(compiler, i ? ", " : " ORDER BY ");
        compile_order(compiler, &aggregate->order[i]);
    }
}

void compile_aggregate_filter(Compiler *compiler, const Expression *aggregate, Expression *also)
{
    Expression *filter = aggregate->filter;
    if (!compiler->dialect->aggregate_filter || (!filter && !also))
        return;
    if (filter && also)
        filter = expression_node(AND, false, (Expression *[]){ filter, also }, 2);
    Sql sql = compile_taking_back(compiler, " FILTER (WHERE ", filter ? filter : also);
    compile_text(compiler, sql == SQL_EMPTY ? " FILTER (WHERE 1 = 0)" : sql == SQL_OK ? ")" : "");
}

static void compile_default(Compiler *compiler, const Expression *aggregate)
{
    Expression *expression = value_expression(aggregate->value);
    compile_text(compiler, ", ");
    if (expression)
        compile_list(compiler, &expression, 1, "");
    else
        compile_parameter(compiler, aggregate->value, aggregate->type);
    compile_text(compiler, ")");
}

Sql compile_aggregate(Compiler *compiler, const Expression *aggregate)
{
    const FunctionRow *row = compile_function_row(compiler, aggregate->function);
    const Dialect *dialect = compiler->dialect;
    bool with_default = !capo_is_null(aggregate->value);
    compile_text(compiler, with_default ? "COALESCE(" : "");
    if (!dialect->aggregate || !dialect->aggregate(compiler, aggregate)) {
        const char *name = row->own ? own_function_sql(compiler, row->own) : row->sql;
        if (aggregate->n_order && !dialect->ordered_aggregates)
            capo_raise(ERROR_NOT_SUPPORTED, "This %s has no order within %s.", compiler->backend->title, row->name);
        if (strchr(name, '$')) {
            compile_template(compiler, name, aggregate->args, aggregate->n_args);
        } else {
            compile_text(compiler, name);
            compile_text(compiler, aggregate->distinct ? "(DISTINCT " : "(");
            compile_aggregate_value(compiler, aggregate);
            if (aggregate->n_args > 1)
                compile_text(compiler, ", ");
            compile_list(compiler, aggregate->args + 1, aggregate->n_args - 1, ", ");
            compile_aggregate_order(compiler, aggregate);
            compile_text(compiler, ")");
        }
        compile_aggregate_filter(compiler, aggregate, NULL);
    }
    if (with_default)
        compile_default(compiler, aggregate);
    return SQL_OK;
}
