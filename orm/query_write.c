/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries that write: update, get_or_create, update_or_create. delete.c has the collector. */
#include "query.h"
#include "instance.h"
#include "options.h"
#include "query_shape.h"
#include "routing.h"
#include <string.h>

static const Field *field_to_write(const Model *model, const char *name)
{
    const Field *field = strcmp(name, "pk") ? capo_field(model, name) : NULL;
    if (!field) {
        const char *names[128];
        size_t count = 0;
        for (size_t i = 0; i < model->n_fields && count < 128; i++)
            names[count++] = model->fields[i]->name;
        capo_raise(ERROR_FIELD_DOES_NOT_EXIST, "%s has no field named '%s'.%s", model->name, name, capo_did_you_mean(name, names, count));
    }
    if (!field->column)
        capo_raise(ERROR_FIELD, "Cannot update model field '%s' (only non-relations and foreign keys permitted).", name);
    return field;
}

static Expression *value_for(const Field *field, Value value)
{
    if (capo_is_instance(value)) {
        Instance *instance = (Instance *)(void *)value.object;
        if (!field->target || !capo_model_is(instance->model, field->target))
            capo_raise(ERROR_VALUE, "Cannot assign \"%s\": \"%s.%s\" must be a \"%s\" instance.", capo_instance_text(instance),
                       field->model->name, field->name, field->target ? field->target->name : capo_field_kind_name(field->kind));
        if (!capo_instance_is_saved(instance))
            capo_raise(ERROR_VALUE, "Model instances passed to update() must be saved.");
        value = capo_field_value(instance, field->target_field);
    }
    OutputType type = type_of_field(field);
    if (!capo_is_null(value) && capo_field_is_integer(type.kind)) {
        Expression column = { .kind = X_COLUMN, .column = field, .type = type };
        value = lookup_prepare(&column, value, LOOKUP_EXACT);
        if (value.kind == VALUE_DECIMAL)
            capo_raise(ERROR_DATA, "%s is out of range for the column %s.", value.decimal.text, field->column);
    }
    return expression_value(value, type);
}

static void check_update(const Query *query)
{
    if (query_is_sliced(query))
        capo_raise(ERROR_VALUE, "Cannot update a query once a slice has been taken.");
    if (query->combinator)
        capo_raise(ERROR_NOT_SUPPORTED, "Calling QuerySet.update() after a set operation is not supported.");
    if (query->n_distinct_on)
        capo_raise(ERROR_VALUE, "Cannot call update() after .distinct_on.");
}

static bool has_parents_columns(const Model *model, const Assignment *assignments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (capo_local_field(assignments[i].field)->model != model->concrete)
            return true;
    return false;
}

/* Columns of parents: the rows' keys first, then one UPDATE for each table. */
static int64_t update_levels(Query *query, const Assignment *assignments, size_t count)
{
    int64_t changes = 0;
    capo_begin();
    Value keys = capo_value_list(capo_values_flat(query, "pk"));
    for (const Model *level = query->model->concrete; level; level = capo_parent_level(level)) {
        Assignment *here = capo_alloc_array(count, sizeof *here);
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (capo_local_field(assignments[i].field)->model == level)
                here[n++] = (Assignment){ capo_local_field(assignments[i].field), assignments[i].expression };
        if (!n)
            continue;
        Query *rows = query_clone(capo_query_filter(capo_query_of((Model *)level), capo_q("pk__in", keys)));
        rows->no_order = true;
        Compiled *compiled = compile_update(rows, here, n);
        if (compiled->empty)
            continue;
        int64_t changed = capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_WRITE)->changes;
        changes = changes ? changes : changed;
    }
    capo_commit();
    return changes;
}

/* The query without its order, and what is assigned to which column. */
static Query *prepare_update(const Query *query, const char *const *names, Expression *const *values, size_t count, Assignment **ret)
{
    Query *clone = query_clone(query);
    clone->no_order = true;
    clone->n_order = 0;
    Assignment *assignments = *ret = capo_alloc_array(count + 1, sizeof *assignments);
    for (size_t i = 0; i < count; i++) {
        const Field *field = field_to_write(clone->model, names[i]);
        Expression *value = values[i];
        if (value->kind == X_VALUE && !value->type.field && !expression_is_json_null(value))
            value = value_for(field, value->value);
        else
            value = resolve(&(Scope){ .query = clone, .no_joins = true }, value);
        if (expression_has_aggregate(value))
            capo_raise(ERROR_FIELD, "Aggregate functions are not allowed in this query (%s).", names[i]);
        if (expression_has_window(value))
            capo_raise(ERROR_FIELD, "Window expressions are not allowed in this query (%s).", names[i]);
        assignments[i] = (Assignment){ field, value };
    }
    return clone;
}

static int64_t run_update(const Compiled *compiled)
{
    return compiled->empty ? 0 : capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_WRITE)->changes;
}

int64_t query_update_expressions(Query *query, const char *const *names, Expression *const *values, size_t count)
{
    Assignment *assignments;
    check_update(query);
    if (!count)
        return 0;
    WITH_DATABASE(query_database(query, DATABASE_WRITE));
    Query *clone = prepare_update(query, names, values, count, &assignments);
    if (has_parents_columns(clone->model, assignments, count))
        return update_levels(clone, assignments, count);
    return run_update(compile_update(clone, assignments, count));
}

static Expression *changed(const Model *model, const NamedChange *change)
{
    const Field *field = field_to_write(model, change->field);
    const FieldChange *what = &change->change;
    Expression *value = value_expression(what->value);
    Query *query = value_query(what->value);
    if (!value && query)
        value = expression_subquery(X_SUBQUERY, query, false);
    const char *operation = what->operation ? what->operation : "=";
    if (!strcmp(operation, "="))
        return value ? value : value_for(field, what->value);
    if (strlen(operation) != 1 || !strchr("+-*/", *operation))
        capo_raise(ERROR_VALUE, "A change has the operation '%s'; there are =, +, -, * and /.", operation);
    if (!value)
        value = expression_value(what->value, type_of(FIELD_NONE));
    return expression_combine(operation, expression_path(field->attname), value);
}

static size_t read_changes(const Query *query, const NamedChange *changes, const char ***ret_names, Expression ***ret_values)
{
    size_t count = 0;
    while (changes && changes[count].field)
        count++;
    if (!count)
        capo_raise(ERROR_VALUE, "An update of %s names no field to set.", query->model->label);
    *ret_names = capo_alloc_array(count, sizeof **ret_names);
    *ret_values = capo_alloc_array(count, sizeof **ret_values);
    for (size_t i = 0; i < count; i++) {
        (*ret_names)[i] = changes[i].field;
        (*ret_values)[i] = changed(query->model, &changes[i]);
    }
    return count;
}

int64_t capo_query_update(Query *query, const NamedChange *changes)
{
    const char **names;
    Expression **values;
    size_t count = read_changes(query, changes, &names, &values);
    return query_update_expressions(query, names, values, count);
}

Compiled *query_compile_update(const Query *query, const NamedChange *changes)
{
    const char **names;
    Expression **values;
    Assignment *assignments;
    size_t count = read_changes(query, changes, &names, &values);
    check_update(query);
    Query *clone = prepare_update(query, names, values, count, &assignments);
    return compile_update(clone, assignments, count);
}

static bool update_by_shape(Model *model, const QueryOptions *options, const NamedChange *changes, int64_t *ret)
{
    Query query = { .object.ops = &capo_query_ops, .model = model, .limit = -1 };
    WITH_DATABASE(query_database(&query, DATABASE_WRITE));
    Compiled *compiled = shape_update(model, options, changes);
    if (compiled)
        *ret = run_update(compiled);
    return compiled != NULL;
}

int64_t capo_query_update_set(Model *model, const QueryOptions *options)
{
    size_t count;
    int64_t changes = 0;
    NamedChange *set = changes_of_struct(model, (const char *)options + model->set_offset, &count);
    return count && update_by_shape(model, options, set, &changes) ? changes : capo_query_update(capo_query_make(model, options), set);
}

/* --- get_or_create, update_or_create --------------------------------------------------------------------------------------------------- */

/* The fields that .where names with EQ are what a new row starts with. */
static NamedChange *defaults_of_where(Model *model, const QueryOptions *options, size_t *ret_count)
{
    const char *where = (const char *)options + model->where_offset;
    NamedChange *changes = capo_alloc_array(model->n_fields + 1, sizeof *changes);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field->layout.lookup < 0)
            continue;
        const Lookup *lookup = (const void *)(where + field->layout.lookup);
        if (lookup->name && !strcmp(lookup->name, "exact"))
            changes[count++] = (NamedChange){ field->name, { "=", value_copy(lookup->value) } };
    }
    *ret_count = count;
    return changes;
}

static void apply(Instance *instance, const NamedChange *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Field *field = field_to_write(instance->model, changes[i].field);
        if (strcmp(changes[i].change.operation, "=") || value_expression(changes[i].change.value))
            capo_raise(ERROR_VALUE, "A new %s takes values with TO(), not a change of the column '%s'.", instance->model->name, field->name);
        Value value = changes[i].change.value;
        if (capo_is_instance(value))
            value = value_for(field, value)->value;
        capo_field_assign(instance, field, value);
    }
}

typedef struct Creation { Model *model; const char *using; const RowChanges *where, *set; Instance *instance; } Creation;

static void create(void *argument)
{
    Creation *creation = argument;
    capo_begin();
    Instance *instance = capo_instance_new(creation->model);
    apply(instance, creation->where->items, creation->where->count);
    apply(instance, creation->set->items, creation->set->count);
    capo_instance_insert_using(instance, creation->using);
    capo_commit();
    creation->instance = instance;
}

Instance *capo_query_create(Model *model, const QueryOptions *options)
{
    RowChanges set;
    set.items = changes_of_struct(model, (const char *)options + model->set_offset, &set.count);
    Instance *instance = capo_instance_new(model);
    apply(instance, set.items, set.count);
    capo_instance_insert_using(instance, options->using);
    return instance;
}

static Instance *find(Query *query)
{
    Query *few = capo_query_slice(query, 0, 2);
    size_t count;
    Instance **rows = capo_query_rows(few, &count);
    if (count > 1)
        capo_raise(ERROR_MULTIPLE_OBJECTS_RETURNED, "get() returned more than one %s -- it returned at least 2!", query->model->name);
    return count ? rows[0] : NULL;
}

/* Another process may insert between our look and our insert: then its row is the one, if the unique key that stopped us is the
 * one that .where names. */
Instance *query_find_or_create(Query *query, const RowChanges *where, const RowChanges *set, bool *ret_created)
{
    query = query_for_write(query);
    WITH_DATABASE(query_database(query, DATABASE_WRITE));
    Instance *instance = find(query);
    if (ret_created)
        *ret_created = false;
    if (instance)
        return instance;
    Creation creation = { .model = query->model, .using = query->using, .where = where, .set = set };
    const Error *error = capo_try(create, &creation);
    if (!error) {
        if (ret_created)
            *ret_created = true;
        return creation.instance;
    }
    if (error->code == ERROR_INTEGRITY) {
        instance = find(query_clone(query));
        if (instance)
            return instance;
    }
    capo_reraise(error);
}

static RowChanges changes_of_where(Model *model, const QueryOptions *options)
{
    RowChanges changes;
    changes.items = defaults_of_where(model, options, &changes.count);
    return changes;
}

static RowChanges changes_of_set(Model *model, const QueryOptions *options)
{
    RowChanges changes;
    changes.items = changes_of_struct(model, (const char *)options + model->set_offset, &changes.count);
    return changes;
}

Instance *capo_query_get_or_create(Model *model, const QueryOptions *options, bool *ret_created)
{
    RowChanges where = changes_of_where(model, options), set = changes_of_set(model, options);
    return query_find_or_create(capo_query_make(model, options), &where, &set, ret_created);
}

Instance *capo_query_update_or_create(Model *model, const QueryOptions *options, bool *ret_created)
{
    RowChanges where = changes_of_where(model, options), set = changes_of_set(model, options), create_set = set, own;
    own.items = changes_of_struct(model, (const char *)options + model->create_set_offset, &own.count);
    if (own.count)
        create_set = own;
    return query_update_or_create(capo_query_make(model, options), &where, &set, &create_set, ret_created);
}

Instance *query_update_or_create(Query *query, const RowChanges *where, const RowChanges *set, const RowChanges *create_set, bool *ret_created)
{
    Model *model = query->model;
    bool created = false;
    query = query_for_write(query);
    WITH_DATABASE(query_database(query, DATABASE_WRITE));
    capo_begin();
    /* Locked, where the database can: between our look and our change nobody else changes it. */
    query = capo_query_lock(query, FOR_UPDATE());
    Instance *instance = query_find_or_create(query, where, create_set, &created);
    if (!created) {
        const NamedChange *changes = set->items;
        size_t count = set->count, plain = 0;
        NamedChange *computed = capo_alloc_array(count + 1, sizeof *computed);
        size_t n_computed = 0;
        const char **names = capo_alloc_array(count + model->n_fields + 1, sizeof *names);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(changes[i].change.operation, "=") || value_expression(changes[i].change.value)) {
                computed[n_computed++] = changes[i];
                continue;
            }
            apply(instance, &changes[i], 1);
            names[plain++] = changes[i].field;
        }
        for (size_t i = 0; i < model->n_fields; i++)
            if (plain && model->fields[i]->auto_now)
                names[plain++] = model->fields[i]->name;
        if (plain)
            capo_instance_save_fields_using(instance, names, query->using);
        if (n_computed) {
            Query *row = capo_query_filter(capo_query_using(capo_query_of(model), query->using), capo_q("pk", capo_instance_pk(instance)));
            capo_query_update(row, computed);
            capo_instance_refresh(instance);
        }
    }
    capo_commit();
    if (ret_created)
        *ret_created = created;
    return instance;
}
