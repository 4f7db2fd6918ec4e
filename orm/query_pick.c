/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows picked out of a query: the latest and the earliest, those of a list of keys, one that is asked after; and whether its order is total. */
#include "query.h"
#include "options.h"
#include <string.h>

/* --- latest, earliest ------------------------------------------------------------------------------------------------------------ */

static Instance *extreme(Query *query, const char *const *fields, bool latest)
{
    const char *const own[] = { query->model->meta->get_latest_by, NULL };
    if (!fields || !fields[0])
        fields = own;
    if (!fields[0])
        capo_raise(ERROR_VALUE, "The %s %s of what? Give .order_by, or %s a .get_latest_by in its META.", latest ? "latest" : "earliest",
                   query->model->verbose_name, query->model->name);
    if (query_is_sliced(query))
        capo_raise(ERROR_VALUE, "Cannot change a query once a slice has been taken.");
    query = capo_query_order_by(query, fields);
    query->reversed = latest;
    query_add_slice(query, 0, 1);
    Instance *row = capo_query_rows(query, NULL)[0];
    if (!row)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", query->model->name);
    return row;
}

Instance *capo_query_latest(Query *query, const char *const *fields) { return extreme(query, fields, true); }
Instance *capo_query_earliest(Query *query, const char *const *fields) { return extreme(query, fields, false); }

Instance *capo_query_latest_of(Model *model, const QueryOptions *options, bool latest)
{
    return extreme(capo_query_make(model, options), options->order_by, latest);
}

/* --- rows by key ------------------------------------------------------------------------------------------------------------------- */

/* Alone in a unique constraint without a condition counts as unique too. */
static bool is_unique(const Model *model, const Field *field)
{
    bool unique = field->unique || field->primary_key;
    const ConstraintInfo *constraints = unique || !model->n_constraints ? NULL : capo_model_constraints(model);
    for (size_t i = 0; constraints && !unique && i < model->n_constraints; i++) {
        const char *const *names = constraints[i].unique;
        unique = names && names[0] && !names[1] && !constraints[i].condition && capo_field(model, names[0]) == field;
    }
    return unique;
}

Map *capo_query_in_bulk(Query *query, List *keys, const char *name)
{
    const Field *field = name && strcmp(name, "pk") ? capo_field(query->model, name) : query->model->pk;
    Map *map = capo_map_new();
    if (query_is_sliced(query))
        capo_raise(ERROR_VALUE, "Cannot use 'limit' or 'offset' with in_bulk().");
    if (query->values)
        capo_raise(ERROR_VALUE, "in_bulk() cannot be used with values() or values_list().");
    bool on_this = query->n_distinct_on == 1 && field && capo_field(query->model, query->distinct_on[0]) == field;
    if (!field || field->kind == FIELD_MANY_TO_MANY || (!is_unique(query->model, field) && !on_this))
        capo_raise(ERROR_VALUE, "in_bulk()'s field must be a unique one, but '%s' of %s isn't.", name ? name : "pk", query->model->name);
    if (keys && !keys->count)
        return map;
    if (keys)
        query = capo_query_filter(query, capo_q(capo_format("%s__in", field->attname), capo_value_list(keys)));
    size_t count;
    Instance **rows = capo_query_rows(query, &count);
    for (size_t i = 0; i < count; i++)
        capo_map_set_value(map, capo_field_value(rows[i], field), capo_value_object(rows[i]));
    return map;
}

Instance *capo_query_bulk_row(const Map *rows, Value key)
{
    Value *found = capo_map_get_value(rows, key);
    return found && capo_is_instance(*found) ? (Instance *)(void *)found->object : NULL;
}

bool capo_query_contains(Query *query, const Instance *instance)
{
    Value key = capo_instance_pk(instance);
    query_refuse_combined(query, "contains");
    if (query->values)
        capo_raise(ERROR_VALUE, "Cannot call contains() after .values() or .values_list().");
    if (strcmp(instance->model->label, query->model->label))
        return false;
    if (capo_is_null(key))
        capo_raise(ERROR_VALUE, "contains() cannot be used on unsaved objects.");
    if (query->fetched) {
        for (size_t i = 0; i < query->n_rows; i++)
            if (capo_equal(capo_instance_pk(query->rows[i]), key))
                return true;
        return false;
    }
    return capo_query_exists(capo_query_filter(query, capo_q("pk", key)));
}

/* --- order -------------------------------------------------------------------------------------------------------------------------- */

static const Field *ordered_by(const Query *query, const OrderTerm *term)
{
    const char *path = term->path ? term->path + (*term->path == '-') : NULL;
    if (!path && term->expression && term->expression->kind == X_PATH)      /* of Meta: not resolved yet */
        path = term->expression->name;
    if (!path)
        return term->expression && term->expression->kind == X_COLUMN && !term->expression->join ? term->expression->column : NULL;
    for (size_t i = 0; i < query->n_annotations; i++)
        if (!strcmp(query->annotations[i].name, path))
            return NULL;
    const Field *field = !strcmp(path, "pk") ? query->model->pk : capo_field(query->model, path);
    bool follows = field && field->target && !strcmp(path, field->name) && model_is_ordered(field->target);
    return follows ? NULL : field;                                  /* a relation's order is that of its model */
}

/* All columns of a unique set are among those that it is ordered by, and none may be null. */
static bool covers(const Model *model, const char *const *names, const Field *const *fields, size_t count)
{
    for (size_t i = 0; names[i]; i++) {
        const Field *field = capo_field(model, names[i]);
        bool there = false;
        for (size_t k = 0; field && !field->null && k < count; k++)
            there |= fields[k] == field;
        if (!there)
            return false;
    }
    return names[0] != NULL;
}

bool capo_query_is_totally_ordered(const Query *query)
{
    const Model *model = query->model;
    size_t n_terms = query->n_order, count = 0;
    if (query->none)
        return true;
    if (!capo_query_is_ordered(query) || query->combinator || query->values)
        return false;
    const OrderTerm *terms = n_terms ? query->order : model_order(model, &n_terms);
    const Field **fields = capo_alloc_array(n_terms + 1, sizeof *fields);
    for (size_t i = 0; i < n_terms; i++) {
        const Field *field = ordered_by(query, &terms[i]);
        if (field && field->kind != FIELD_MANY_TO_MANY && !field->null && (field->unique || field->primary_key))
            return true;
        if (field)
            fields[count++] = field;
    }
    size_t in_key = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = !fields[i]->in_key;
        for (size_t k = 0; k < i; k++)
            seen |= fields[k] == fields[i];
        in_key += !seen;
    }
    if (in_key == capo_key_size(model->pk))
        return true;
    for (size_t i = 0; model->unique_together && model->unique_together[i]; i++)
        if (covers(model, model->unique_together[i], fields, count))
            return true;
    const ConstraintInfo *constraints = model->n_constraints ? capo_model_constraints(model) : NULL;
    for (size_t i = 0; i < model->n_constraints; i++)
        if (constraints[i].unique && !constraints[i].condition && covers(model, constraints[i].unique, fields, count))
            return true;
    return false;
}
