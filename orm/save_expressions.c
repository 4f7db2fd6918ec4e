/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns that the database computes when an object is saved (capo_set_expression), and their values behind it.
 *
 * An UPDATE carries the expressions beside the plain values, and gives them back by RETURNING where the database has it for UPDATE, else by
 * a SELECT. An UPDATE of many rows at once has a CASE for each column, and its computed values are read again row by row. An INSERT has no row whose columns an expression could name: it is computed before, by a SELECT of its own. */
#include "instance.h"
#include "query.h"
#include <string.h>

static SavedExpression **find(Instance *self, const Field *field)
{
    SavedExpression **at = &self->state->expressions;
    while (*at && (*at)->field != field)
        at = &(*at)->next;
    return at;
}

void capo_instance_set_expression(Instance *self, const char *name, Value value)
{
    const Field *field = capo_field(self->model, name);
    if (!field || !field->column || field->in_key)
        capo_raise(ERROR_FIELD_DOES_NOT_EXIST, "%s has no field named '%s' that an expression could be set to.", self->model->name, name);
    Expression *expression = value_expression(value);
    Query *query = value_query(value);
    if (!expression && query)
        expression = expression_subquery(X_SUBQUERY, query, false);
    SavedExpression **at = find(self, field);
    if (!expression) {                                              /* a plain value after all */
        if (*at)
            *at = (*at)->next;
        capo_field_assign(self, field, value);
        return;
    }
    if (!*at) {
        *at = capo_alloc_struct(SavedExpression);
        (*at)->field = field;
    }
    (*at)->expression = expression;
}

bool capo_has_expression(const Instance *self, const Field *field)
{
    return *find((Instance *)self, field) != NULL;
}

static Expression *resolved(Query *query, const Field *field, Expression *expression)
{
    Expression *value = resolve(&(Scope){ .query = query, .no_joins = true }, expression);
    if (expression_has_aggregate(value))
        capo_raise(ERROR_FIELD, "Aggregate functions are not allowed in this query (%s).", field->name);
    if (expression_has_window(value))
        capo_raise(ERROR_FIELD, "Window expressions are not allowed in this query (%s).", field->name);
    return value;
}

/* --- INSERT --- */

static void refuse_column(void *context, const Expression *column)
{
    const SavedExpression *saved = context;
    capo_raise(ERROR_VALUE, "Failed to insert expression for %s.%s: F(\"%s\") names a column of a row that is not there yet; it can only be used to update.",
               saved->field->model->name, saved->field->name, column->column->name);
}

void capo_compute_expressions(Instance *self)
{
    for (SavedExpression *saved = self->state->expressions; saved; saved = saved->next) {
        Query *query = capo_query_of(self->model);
        Expression *value = resolved(query, saved->field, saved->expression);
        expression_columns(value, 0, refuse_column, saved);
        Compiled *compiled = compile_value_alone(query, value);
        ResultSet *result = capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_READ);
        capo_field_store(self, saved->field, capo_from_column(saved->field, capo_cell(result, 0, 0)));
    }
    self->state->expressions = NULL;
}

/* --- UPDATE --- */

int64_t capo_update_with_expressions(Instance *self, const Model *level, const Field *const *fields, size_t count)
{
    Query *query = capo_query_filter(capo_query_of((Model *)level), capo_q("pk", capo_instance_pk(self)));
    Assignment *assignments = capo_alloc_array(count + 1, sizeof *assignments);
    const Field **computed = capo_alloc_array(count + 1, sizeof *computed);
    size_t n_computed = 0;
    for (size_t i = 0; i < count; i++) {
        const SavedExpression *saved = *find(self, fields[i]);
        assignments[i].field = capo_local_field(fields[i]);
        assignments[i].expression = saved ? resolved(query, fields[i], saved->expression)
                                          : expression_value(capo_field_value(self, fields[i]), type_of_field(fields[i]));
        if (saved)
            computed[n_computed++] = fields[i];
    }
    Compiled *compiled = compile_update(query, assignments, count);
    Buffer sql = { 0 };
    bool returning = n_computed && capo_dialect()->returning_update;
    capo_put(&sql, compiled->sql);
    for (size_t i = 0; returning && i < n_computed; i++) {
        capo_put(&sql, i ? ", " : " RETURNING ");
        capo_put_name(&sql, computed[i]->column);
    }
    ResultSet *result = capo_database_run(capo_buffer_text(&sql), compiled->parameters, compiled->n_parameters, DATABASE_WRITE);
    int64_t changes = returning ? (int64_t)result->n_rows : result->changes;
    if (!changes || !n_computed)
        return changes;
    if (!returning)
        result = capo_select_columns(level, computed, n_computed, capo_instance_pk(self));
    for (size_t i = 0; i < n_computed; i++) {
        SavedExpression **at = find(self, computed[i]);
        *at = (*at)->next;
        if (result->n_rows)
            capo_field_load(self, computed[i], capo_from_column(computed[i], capo_cell(result, 0, i)));
    }
    return changes;
}

/* --- UPDATE of many rows --- */

/* CASE WHEN pk = … THEN value or expression … END */
static Expression *value_of_row(Query *query, Instance *const *instances, size_t count, const Field *field)
{
    Expression **branches = capo_alloc_array(2 * count + 1, sizeof *branches);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const SavedExpression *saved = *find(instances[i], field);
        branches[n++] = expression_condition(capo_q("pk", capo_instance_pk(instances[i])));
        branches[n++] = saved ? resolved(query, field, saved->expression) : expression_value(capo_field_value(instances[i], field), type_of_field(field));
    }
    branches[n++] = expression_value(capo_value_null(), type_of(FIELD_NONE));
    return resolve(&(Scope){ .query = query, .no_joins = true }, expression_case(branches, n, type_of_field(field)));
}

static void read_again(Instance *self, const Model *level, const Field *const *fields, size_t count)
{
    const Field **computed = capo_alloc_array(count + 1, sizeof *computed);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (*find(self, fields[i]))
            computed[n++] = fields[i];
    ResultSet *result = n ? capo_select_columns(level, computed, n, capo_instance_pk(self)) : NULL;
    for (size_t i = 0; i < n; i++) {
        SavedExpression **at = find(self, computed[i]);
        *at = (*at)->next;
        if (result->n_rows)
            capo_field_load(self, computed[i], capo_from_column(computed[i], capo_cell(result, 0, i)));
    }
}

int64_t capo_update_rows_with_expressions(Instance *const *instances, size_t count, const Model *level, const Field *const *fields, size_t n_fields)
{
    List *keys = capo_list_new();
    for (size_t i = 0; i < count; i++)
        capo_list_add(keys, capo_instance_pk(instances[i]));
    Query *query = query_clone(capo_query_filter(capo_query_of((Model *)level), capo_q("pk__in", capo_value_list(keys))));
    query->no_order = true;
    Assignment *assignments = capo_alloc_array(n_fields + 1, sizeof *assignments);
    for (size_t i = 0; i < n_fields; i++)
        assignments[i] = (Assignment){ capo_local_field(fields[i]), value_of_row(query, instances, count, fields[i]) };
    Compiled *compiled = compile_update(query, assignments, n_fields);
    int64_t changes = capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_WRITE)->changes;
    for (size_t i = 0; i < count; i++)
        read_again(instances[i], level, fields, n_fields);
    return changes;
}
