/* SPDX-License-Identifier: BSD-3-Clause */
/* Models with ORDER_WITH_RESPECT_TO: the rows of one parent have an order that people choose, in the column _order. A new row comes last. */
#include "instance.h"
#include "query.h"
#include "routing.h"
#include <capo/expressions.h>
#include <string.h>

/* The model itself, or what it is a proxy or a child of. Raises ERROR_FIELD where the rows have no such order. */
static const Model *ordered(const Model *model)
{
    for (const Model *at = model; at; at = at->base)
        if (at->meta && at->meta->order_with_respect_to)
            return at;
    capo_raise(ERROR_FIELD, "%s has no order of its own: its model needs ORDER_WITH_RESPECT_TO(…).", model->label);
}

/* Of the rows that are ordered with those of this parent; null: the rows without one. */
static Condition *has_parent(const Model *model, Value parent)
{
    const char *name = ordered(model)->meta->order_with_respect_to;
    return capo_is_null(parent) ? Q(capo_format("%s__isnull", name), (bool)true) : Q(name, parent);
}

static Query *rows_beside(const Model *model, Value parent)
{
    return capo_query_filter(capo_base_rows((Model *)model), has_parent(model, parent));
}

static int64_t next_place(const Model *model, Value parent)
{
    Query *rows = rows_beside(model, parent);
    if (capo_several_databases)
        rows = capo_query_using(rows, capo_database_alias());
    Value last = *capo_map_get(capo_aggregate(rows, EXPRESSIONS(MAXIMUM(ORDER_FIELD, .as = "last"))), "last");
    return capo_is_null(last) ? 0 : last.integer + 1;
}

void capo_order_new_rows(Instance *const *instances, size_t count, const Model *level)
{
    if (!level->meta->order_with_respect_to)
        return;
    const Model *model = instances[0]->model;
    const Field *order = capo_own_field(model, capo_field(level, ORDER_FIELD));
    const Field *parent_field = capo_own_field(model, capo_field(level, level->meta->order_with_respect_to));
    Map *next = capo_map_new();                 /* by parent */
    for (size_t i = 0; i < count; i++) {
        Value parent = capo_field_value(instances[i], parent_field);
        const char *key = capo_is_null(parent) ? "" : capo_format("=%s", capo_to_text(parent));
        Value *known = capo_map_get(next, key);
        int64_t place = known ? known->integer : next_place(level, parent);
        capo_field_store(instances[i], order, capo_value_int(place));
        capo_map_set(next, key, capo_value_int(place + 1));
    }
}

/* --- reading and setting it --- */

static Value parent_key(const Instance *parent, const Model *model)
{
    const Field *field = capo_field(model, ordered(model)->meta->order_with_respect_to);
    if (!field->target || !capo_model_is(parent->model, field->target))
        capo_raise(ERROR_FIELD, "%s is ordered with respect to %s, and not to a %s.", model->label, field->name, parent->model->label);
    return capo_field_value(parent, capo_own_field(parent->model, field->target_field));
}

List *capo_ordered_keys(const Instance *parent, Model *model)
{
    return capo_values_flat(capo_query_order_by(rows_beside(model, parent_key(parent, model)), LIST(ORDER_FIELD)), "pk");
}

void capo_ordered_set(const Instance *parent, Model *model, const List *keys)
{
    Value above = parent_key(parent, model);
    enum { AT_ONCE = 100 };
    capo_begin();
    for (size_t from = 0; from < keys->count; from += AT_ONCE) {
        size_t count = keys->count - from < AT_ONCE ? keys->count - from : AT_ONCE;
        CaseBranch *branches = capo_alloc_array(count, sizeof *branches);
        List *these = capo_list_new();
        for (size_t i = 0; i < count; i++) {
            Value key = keys->items[from + i];
            if (capo_is_instance(key))
                key = capo_instance_pk((Instance *)key.object);
            capo_list_add(these, key);
            branches[i] = (CaseBranch)WHEN(Q("pk", key), (int64_t)(from + i));
        }
        capo_query_update(capo_query_filter(rows_beside(model, above), Q("pk__in", these)),
                          (NamedChange[]){ { ORDER_FIELD, { .operation = "=", .value = VALUE(capo_case(branches, count)) } }, { 0 } });
    }
    capo_commit();
}

Instance *capo_ordered_neighbour(Instance *self, bool next)
{
    const Model *model = self->model;
    const Field *parent = capo_field(model, ordered(model)->meta->order_with_respect_to);
    /* Its place is asked for anew: others may have been moved since it was read. */
    Query *own = capo_query_values(capo_query_filter(capo_base_rows(self->model), Q("pk", capo_instance_pk(self))), LIST(ORDER_FIELD));
    Query *rows = capo_query_filter(capo_default_rows(self->model), has_parent(model, capo_field_value(self, parent)));
    rows = capo_query_filter(rows, Q(next ? ORDER_FIELD "__gt" : ORDER_FIELD "__lt", SUBQUERY(own)));
    Instance *found = capo_query_first(capo_query_order_by(rows, next ? LIST(ORDER_FIELD) : LIST("-" ORDER_FIELD)));
    if (!found)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", model->name);
    return found;
}
