/* SPDX-License-Identifier: BSD-3-Clause */
/* Composite keys in queries: an expression of several columns, X_TUPLE, which may be compared, selected, ordered and grouped by, and
 * nothing else, as in Django.
 *
 * Comparisons are taken apart into those of the columns, a = 1 AND b = 2, a > 1 OR (a = 1 AND b > 2): every database knows these, uses an
 * index for them, and each column has its own conversion. A list of keys, or a subquery, is one IN over a row value. */
#include "query.h"
#include <string.h>

Expression *tuple_column(int join, const Field *field)
{
    if (field->kind != FIELD_COMPOSITE_KEY) {
        Expression *column = expression_new(X_COLUMN);
        column->join = join;
        column->column = field;
        column->type = type_of_field(field);
        return column;
    }
    return tuple_of(join, field->parts, field->n_parts, field);
}

Expression *tuple_of(int join, Field *const *parts, size_t n_parts, const Field *of)
{
    Expression *tuple = expression_new(X_TUPLE);
    tuple->type = (OutputType){ .kind = FIELD_COMPOSITE_KEY, .field = of };
    tuple->n_args = n_parts;
    tuple->args = capo_alloc_array(n_parts, sizeof *tuple->args);
    for (size_t i = 0; i < n_parts; i++)
        tuple->args[i] = tuple_column(join, parts[i]);
    return tuple;
}

const Expression *tuple_first(const Expression *expression) { return expression->kind == X_TUPLE ? expression->args[0] : expression; }

Expression *tuple_refuse(const char *what, Expression *argument)
{
    if (argument->kind == X_TUPLE)
        capo_raise(ERROR_VALUE, "%s does not support composite primary keys.", what);
    return argument;
}

/* --- comparing ------------------------------------------------------------------------------------------------------------------- */

static _Noreturn void raise_size(const Expression *left, const char *lookup)
{
    capo_raise(ERROR_VALUE, "The look-up '%s' of the key of %s takes lists of %zu values: VALUES(…).", lookup, left->type.field->model->name, left->n_args);
}

/* The value as a list of the parts': a list, or a row of the model. */
static List *parts_of(const Expression *left, Value value, const char *lookup)
{
    if (capo_is_instance(value)) {
        const Instance *row = (const Instance *)(const void *)value.object;
        if (row->model->concrete != left->type.field->model->concrete)
            capo_raise(ERROR_VALUE, "Cannot query \"%s\": Must be \"%s\" instance.", capo_instance_text((Instance *)row), left->type.field->model->name);
        value = capo_instance_pk(row);
        if (capo_is_null(value) || !capo_instance_is_saved(row))
            capo_raise(ERROR_VALUE, "Model instances passed to related filters must be saved.");
    }
    if (value.kind != VALUE_LIST || value.list->count != left->n_args)
        raise_size(left, lookup);
    return value.list;
}

static Expression *part_lookup(const Expression *left, size_t i, const char *lookup, Value value)
{
    return lookup_build(left->args[i], &lookup, 1, value);
}

static Expression *all_equal(const Expression *left, const List *values)
{
    Expression **equal = capo_alloc_array(left->n_args, sizeof *equal);
    for (size_t i = 0; i < left->n_args; i++)
        equal[i] = part_lookup(left, i, "exact", values->items[i]);
    return expression_node(AND, false, equal, left->n_args);
}

/* a > 1 OR (a = 1 AND (b > 2 OR (b = 2 AND c >= 3))): the last part alone says whether the same key counts. */
static Expression *beyond(const Expression *left, const List *values, const char *lookup, size_t i)
{
    if (i + 1 == left->n_args)
        return part_lookup(left, i, lookup, values->items[i]);
    const char *strictly = *lookup == 'g' ? "gt" : "lt";
    Expression *same[] = { part_lookup(left, i, "exact", values->items[i]), beyond(left, values, lookup, i + 1) };
    Expression *either[] = { part_lookup(left, i, strictly, values->items[i]), expression_node(AND, false, same, 2) };
    return expression_node(OR, false, either, 2);
}

static Query *columns_query(const Expression *left, Query *query)
{
    size_t columns = query->values ? query->n_selected : query->n_explicit_select;
    if (query->values && query->n_selected == 1 && query->selected[0].expression && query->selected[0].expression->kind == X_TUPLE)
        columns = query->selected[0].expression->n_args;
    if (!columns) {
        Query *copy = query_clone(query);
        query_set_values(copy, (const char *[]){ "pk" }, 1);
        columns = capo_key_size(query->model->pk);
        query = copy;
    }
    if (columns != left->n_args)
        capo_raise(ERROR_VALUE, "The QuerySet value for the 'in' lookup must have %zu selected fields (received %zu)", left->n_args, columns);
    return query;
}

static Expression *in(Expression *left, Value value)
{
    Expression *lookup = expression_lookup(lookup_row(LOOKUP_IN), left, capo_value_null(), NULL);
    Expression *right = value_expression(value);
    Query *query = right && right->kind == X_SUBQUERY ? right->query : value_query(value);
    if (query) {
        lookup->query = columns_query(left, query);
        return lookup;
    }
    if (value.kind != VALUE_LIST && (right || capo_is_null(value) || capo_is_text(value) || !capo_iterable(value)))
        capo_raise(ERROR_VALUE, "The look-up 'in' takes a list of values.");
    const List *given = value.kind == VALUE_LIST ? value.list : capo_list_of(value);
    List *keys = capo_list_new();
    for (size_t i = 0; i < given->count; i++) {
        if (capo_is_null(given->items[i]))
            continue;
        const List *parts = parts_of(left, given->items[i], "in");
        List *key = capo_list_new();
        bool whole = true;                                      /* no row's key has a NULL */
        for (size_t part = 0; part < left->n_args; part++)
            whole &= !capo_is_null(parts->items[part]);
        for (size_t part = 0; whole && part < left->n_args; part++) {
            Value of = parts->items[part];
            capo_list_add(key, lookup_prepare(left->args[part], capo_is_instance(of) ? capo_instance_pk((Instance *)(void *)of.object) : of, LOOKUP_EXACT));
        }
        if (whole)
            capo_list_add(keys, capo_value_list(key));
    }
    lookup->value = capo_value_list(keys);
    return lookup;
}

Expression *tuple_lookup(Expression *left, const char *const *names, size_t n_names, Value value)
{
    const char *name = n_names ? names[0] : "exact";
    const Expression *right = value_expression(value);
    if (n_names < 2 && !strcmp(name, "in"))
        return in(left, value);
    if (n_names < 2 && !strcmp(name, "isnull")) {
        if (value.kind != VALUE_BOOL)
            capo_raise(ERROR_VALUE, "The QuerySet value for an isnull lookup must be True or False.");
        return part_lookup(left, 0, name, value);               /* its columns are null together, or none is */
    }
    bool exact = !strcmp(name, "exact"), ordered = !strcmp(name, "gt") || !strcmp(name, "gte") || !strcmp(name, "lt") || !strcmp(name, "lte");
    if (n_names > 1 || (!exact && !ordered))
        capo_raise(ERROR_FIELD, "Unsupported lookup '%s' for CompositePrimaryKey or join on the field not permitted: there are exact, gt, gte, lt, lte, in and isnull.",
                   names[n_names - 1]);
    if (right && right->kind == X_TUPLE && right->n_args == left->n_args)
        value = tuple_values(right);
    else if (right || value_query(value))
        capo_raise(ERROR_VALUE, "The look-up '%s' of a composite key takes a list of values, or another composite key.", name);
    if (capo_is_null(value) && exact)
        return part_lookup(left, 0, "isnull", capo_value_bool(true));
    const List *values = parts_of(left, value, name);
    return exact ? all_equal(left, values) : beyond(left, values, name, 0);
}

Value tuple_values(const Expression *tuple)
{
    List *list = capo_list_new();
    for (size_t i = 0; i < tuple->n_args; i++)
        capo_list_add(list, capo_value_object(&tuple->args[i]->object));
    return capo_value_list(list);
}

Expression *tuple_equal(Expression *key, Expression *outer)
{
    if (key->kind != X_TUPLE)
        return expression_lookup(lookup_row(LOOKUP_EXACT), key, capo_value_null(), outer);
    Expression **equal = capo_alloc_array(key->n_args, sizeof *equal);
    for (size_t i = 0; i < key->n_args; i++)
        equal[i] = expression_lookup(lookup_row(LOOKUP_EXACT), key->args[i], capo_value_null(), outer->args[i]);
    return expression_node(AND, false, equal, key->n_args);
}

/* --- as SQL ---------------------------------------------------------------------------------------------------------------------- */

void compile_tuple(Compiler *compiler, const Expression *tuple)
{
    compile_text(compiler, "(");
    compile_list(compiler, tuple->args, tuple->n_args, ", ");
    compile_text(compiler, ")");
}

void compile_tuple_list(Compiler *compiler, const Expression *tuple, const List *keys)
{
    compile_text(compiler, compiler->dialect->tuples_by_values ? " IN (VALUES " : " IN (");
    for (size_t i = 0; i < keys->count; i++) {
        compile_text(compiler, i ? ", (" : "(");
        for (size_t part = 0; part < tuple->n_args; part++) {
            compile_text(compiler, part ? ", " : "");
            compile_parameter(compiler, keys->items[i].list->items[part], tuple->args[part]->type);
        }
        compile_text(compiler, ")");
    }
    compile_text(compiler, ")");
}
