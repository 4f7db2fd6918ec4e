/* SPDX-License-Identifier: BSD-3-Clause */
/* Deleting, as Django's collector does it: all that goes with the objects is found first, batch by batch and model by model, and
 * refused where a PROTECT or RESTRICT forbids it; then one transaction clears keys and deletes rows, children before parents.
 *
 * Models that nothing refers to and that have no hooks are not loaded: their rows go by one DELETE over the key. The confirmation page
 * (capo_delete_plan) loads them too, since it shows them. The search is a queue, not a recursion: a chain of a million rows is
 * as good as a flat table. */
#include "delete.h"
#include "query.h"
#include "instance.h"
#include "composite_key.h"
#include <capo/generic.h>
#include <capo/model_signals.h>
#include "routing.h"
#include <string.h>

typedef struct Batch { Instance **items; size_t count, room; } Batch;

/* All collected objects of a model. */
typedef struct Collected {
    Model *model;
    Batch objects;
    Map *nodes;                         /* by key: where in `objects`; as a set */
    const Model **needs; size_t n_needs;        /* models whose rows must be gone before */
    bool done;
} Collected;

typedef struct FieldUpdate { const Field *field; Value value; Batch objects; struct FieldUpdate *next; } FieldUpdate;
typedef struct FastDelete { Model *model; const Field *fields[32]; size_t n_fields; List *keys; struct FastDelete *next; } FastDelete;
typedef struct Restricted { const Field *field; Batch objects; struct Restricted *next; } Restricted;
typedef struct Work { Model *model; Batch objects; const Field *field; struct Work *next; } Work;

typedef struct Collector {
    Collected *data; size_t count, room;
    FieldUpdate *updates;
    FastDelete *fast, *last_fast;
    Restricted *restricted;
    Work *first, *last;
    const void *origin;                 /* the Instance or Query that the delete began with: for signals */
    bool plans;                         /* for capo_delete_plan: loads all, gathers what protects instead of raising */
    Batch protected_by;
    Map *plan_nodes;                    /* "label key": a DeleteNode */
    struct DeleteNode *roots, **last_root;
} Collector;

/* A node of the plan, and where its next child goes. */
typedef struct PlanNode { struct DeleteNode node, **end; } PlanNode;

static void push(Batch *batch, Instance *instance)
{
    if (batch->count == batch->room) {
        size_t room = batch->room ? 2 * batch->room : 8;
        batch->items = capo_realloc(batch->items, batch->room * sizeof *batch->items, room * sizeof *batch->items);
        batch->room = room;
    }
    batch->items[batch->count++] = instance;
}

static Collected *collected_of(Collector *collector, Model *of)
{
    Model *model = of->concrete;
    for (size_t i = 0; i < collector->count; i++)
        if (collector->data[i].model == model)
            return &collector->data[i];
    if (collector->count == collector->room) {
        size_t room = collector->room ? 2 * collector->room : 8;
        collector->data = capo_realloc(collector->data, collector->room * sizeof *collector->data, room * sizeof *collector->data);
        collector->room = room;
    }
    Collected *collected = &collector->data[collector->count++];
    *collected = (Collected){ .model = model, .nodes = capo_map_new() };
    return collected;
}

/* Rows of `first` go before those of `then`. */
static void add_dependency(Collector *collector, Model *then, const Model *first)
{
    Collected *collected = collected_of(collector, then);
    first = first->concrete;
    for (size_t i = 0; i < collected->n_needs; i++)
        if (collected->needs[i] == first)
            return;
    collected->needs = capo_realloc(collected->needs, collected->n_needs * sizeof *collected->needs, (collected->n_needs + 1) * sizeof *collected->needs);
    collected->needs[collected->n_needs++] = first;
}

static bool has_hooks(const Model *model)
{
    return (model->size && (model->meta->pre_delete || model->meta->post_delete))
        || (capo_pre_delete.count && capo_has_receivers(&capo_pre_delete, model))
        || (capo_post_delete.count && capo_has_receivers(&capo_post_delete, model));
}

/* A column or several refer to the rows. What the database does with them is its own matter. */
static bool is_left_alone(const Field *field)
{
    return (!field->column && !field->n_parts) || field->on_delete == DO_NOTHING || field->on_delete == DB_CASCADE || field->on_delete == DB_SET_NULL || field->on_delete == DB_SET_DEFAULT;
}

bool capo_can_fast_delete(const Model *model)
{
    const Model *concrete = model->concrete;
    if (has_hooks(model) || has_hooks(concrete) || capo_parent_level(concrete))
        return false;
    for (size_t i = 0; i < concrete->n_reverse; i++)
        if (!is_left_alone(concrete->reverse[i]))
            return false;
    return true;
}

/* --- the plan's tree --- */

static Value node_key(const Instance *instance)
{
    return capo_value_text(capo_format("%s %s", instance->model->label, capo_to_text(capo_instance_pk(instance))));
}

static void add_node(Collector *collector, Instance *instance, const Instance *parent)
{
    PlanNode *made = capo_alloc_struct(PlanNode);
    Value *found = parent ? capo_map_get_value(collector->plan_nodes, node_key(parent)) : NULL;
    PlanNode *above = found ? (PlanNode *)(void *)found->object : NULL;
    made->node.instance = instance;
    made->end = &made->node.children;
    capo_map_set_value(collector->plan_nodes, node_key(instance), (Value){ .kind = VALUE_NULL, .object = (Object *)(void *)made });
    if (above) {
        *above->end = &made->node;
        above->end = &made->node.next;
    } else {
        *collector->last_root = &made->node;
        collector->last_root = &made->node.next;
    }
}

/* --- collecting --- */

static Batch add(Collector *collector, const Work *work, Instance *const *parents, size_t n_parents)
{
    Collected *collected = collected_of(collector, work->model);
    Batch fresh = { 0 };
    Map *by_key = NULL;
    for (size_t i = 0; i < work->objects.count; i++) {
        Instance *instance = work->objects.items[i];
        Value key = capo_instance_pk(instance);
        if (capo_map_get_value(collected->nodes, key))
            continue;
        capo_map_set_value(collected->nodes, key, capo_value_bool(true));
        push(&collected->objects, instance);
        push(&fresh, instance);
        if (!collector->plans)
            continue;
        Instance *parent = NULL;
        if (work->field) {
            if (!by_key) {
                by_key = capo_map_new();
                for (size_t k = 0; k < n_parents; k++)
                    capo_map_set_value(by_key, relation_value(parents[k], work->field, true), capo_value_object(parents[k]));
            }
            Value *found = capo_map_get_value(by_key, relation_value(instance, work->field, false));
            parent = found ? (Instance *)found->object : NULL;
        }
        add_node(collector, instance, parent);
    }
    return fresh;
}

static void push_rows(Batch *found, Query *query)
{
    size_t count;
    Instance **rows = capo_query_rows(capo_query_order_by(query, LIST(NULL)), &count);
    for (size_t i = 0; i < count; i++)
        push(found, rows[i]);
}

/* Where the rows are not one table's, or a manager says which there are. */
static Batch related_rows(const Field *field, const Batch *objects)
{
    Batch found = { 0 };
    List *keys = capo_list_new();
    for (size_t i = 0; i < objects->count; i++)
        capo_list_add(keys, capo_field_value(objects->items[i], field->target_field));
    Query *query = capo_query_filter(capo_base_rows(field->model), capo_q(capo_format("%s__in", field->name), capo_value_list(keys)));
    if (field->generic_type)
        query = capo_query_filter(query, capo_q(field->generic_type->name, capo_generic_type(field->target)));
    push_rows(&found, query);
    return found;
}

/* Over several columns. */
static Batch related_over(const Field *field, const Batch *objects)
{
    Batch found = { 0 };
    size_t most = capo_dialect()->max_parameters / (2 * field->n_parts);
    for (size_t at = 0; at < objects->count; at += most) {
        List *keys = capo_list_new();
        for (size_t i = at; i < objects->count && i < at + most; i++) {
            Value key = relation_value(objects->items[i], field, true);
            if (!capo_is_null(key))
                capo_list_add(keys, key);
        }
        Query *query = query_clone(capo_base_rows(field->model));
        query_add_relation(query, field, true, keys->items, keys->count, NULL);
        push_rows(&found, query);
    }
    return found;
}

/* The rows of the relation's model that refer to these objects. */
static Batch related_objects(const Field *field, const Batch *objects)
{
    Batch found = { 0 };
    size_t most = capo_dialect()->max_parameters;
    if (field->n_parts)
        return related_over(field, objects);
    if (capo_has_base_manager(field->model) || capo_parent_level(field->model) || field->generic_type)
        return related_rows(field, objects);
    for (size_t at = 0; at < objects->count; at += most) {
        Buffer sql = { 0 };
        size_t n = objects->count - at < most ? objects->count - at : most;
        Value *keys = capo_alloc_array(n, sizeof *keys), *values = capo_alloc_array(n, sizeof *values);
        for (size_t i = 0; i < n; i++)
            keys[i] = capo_field_value(objects->items[at + i], field->target_field);
        capo_put(&sql, "SELECT ");
        capo_put_columns(&sql, field->model);
        capo_put(&sql, " FROM ");
        capo_put_name(&sql, field->model->table);
        capo_put(&sql, " WHERE ");
        key_put_in(&sql, field, keys, n, values, 0);
        ResultSet *result = capo_database_run(capo_buffer_text(&sql), values, n, DATABASE_READ);
        for (size_t row = 0; row < result->n_rows; row++)
            push(&found, capo_instance_load(field->model, field->model->fields, &capo_cell(result, row, 0), result->n_columns));
    }
    return found;
}

static void enqueue(Collector *collector, Model *model, Batch objects, const Field *field)
{
    Work *work = capo_alloc_struct(Work);
    *work = (Work){ .model = model, .objects = objects, .field = field };
    if (collector->last)
        collector->last->next = work;
    else
        collector->first = work;
    collector->last = work;
}

static void add_update(Collector *collector, const Field *field, Value value, const Batch *objects)
{
    FieldUpdate *update = capo_alloc_struct(FieldUpdate);
    *update = (FieldUpdate){ .field = field, .value = value, .objects = *objects, .next = collector->updates };
    collector->updates = update;
}

static void add_fast(Collector *collector, const Field *field, const Batch *objects)
{
    FastDelete *fast = NULL;
    List *keys = capo_list_new();
    for (size_t i = 0; i < objects->count; i++)
        capo_list_add(keys, capo_to_column(field, capo_field_value(objects->items[i], field->target_field)));
    /* Two keys of one model to the same objects are one statement. */
    if (collector->last_fast && collector->last_fast->model == field->model && collector->last_fast->n_fields < 32
        && keys->count && capo_equal(capo_value_list(keys), capo_value_list(collector->last_fast->keys))) {
        collector->last_fast->fields[collector->last_fast->n_fields++] = field;
        return;
    }
    fast = capo_alloc_struct(FastDelete);
    *fast = (FastDelete){ .model = field->model, .fields = { field }, .n_fields = 1, .keys = keys };
    if (collector->last_fast)
        collector->last_fast->next = fast;
    else
        collector->fast = fast;
    collector->last_fast = fast;
}

static void put_key(Buffer *names, const Field *field)
{
    capo_put_format(names, "%s'%s.%s'", names->size ? ", " : "", field->model->name, field->name);
}

static Instance **ended(const Batch *batch)
{
    Instance **list = capo_alloc_array(batch->count + 1, sizeof *list);
    if (batch->count)
        memcpy(list, batch->items, batch->count * sizeof *list);
    return list;
}

static void follow(Collector *collector, Model *of, Batch *fresh)
{
    Model *model = of->concrete;
    Buffer protectors = { 0 };
    Batch protected_by = { 0 };
    for (size_t i = 0; i < model->n_reverse; i++) {
        const Field *field = model->reverse[i];
        if (is_left_alone(field) || !field->model->managed)
            continue;
        if (field->on_delete == CASCADE && !collector->plans && !field->generic_type && !field->n_parts && capo_can_fast_delete(field->model)) {
            add_fast(collector, field, fresh);
            continue;
        }
        Batch found = related_objects(field, fresh);
        if (!found.count)
            continue;
        switch (field->on_delete) {
        case CASCADE:
            enqueue(collector, field->model, found, field);
            if (!field->null)
                add_dependency(collector, model, field->model);
            else if (field->column && !capo_dialect()->defers_constraints)           /* rows of the own table may refer to each other */
                add_update(collector, field, capo_value_null(), &found);
            break;
        case PROTECT:
            put_key(&protectors, field);
            for (size_t k = 0; k < found.count; k++)
                push(&protected_by, found.items[k]);
            break;
        case RESTRICT: {
            Restricted *restricted = capo_alloc_struct(Restricted);
            *restricted = (Restricted){ .field = field, .objects = found, .next = collector->restricted };
            collector->restricted = restricted;
            add_dependency(collector, model, field->model);
            break;
        }
        case SET_VALUE:
            if (!field->row->options.relation.set_to)
                capo_raise(ERROR_NOT_SUPPORTED, "%s.%s: SET_VALUE needs its function, which a historical model does not have.", field->model->label, field->name);
            add_update(collector, field, capo_to_column(field, field->row->options.relation.set_to()), &found);
            break;
        case SET_DEFAULT:
            add_update(collector, field, capo_field_default(field), &found);
            break;
        default:
            add_update(collector, field, capo_value_null(), &found);
            break;
        }
    }
    if (protected_by.count && !collector->plans)
        capo_raise_detail(ERROR_PROTECTED, ended(&protected_by), "Cannot delete some instances of model '%s' because they are referenced through "
                          "protected foreign keys: %s.", model->name, capo_buffer_text(&protectors));
    for (size_t i = 0; i < protected_by.count; i++)
        push(&collector->protected_by, protected_by.items[i]);
}

static bool goes_too(Collector *collector, Instance *instance)
{
    Collected *collected = collected_of(collector, instance->model);
    if (capo_map_get_value(collected->nodes, capo_instance_pk(instance)))
        return true;
    for (const FastDelete *fast = collector->fast; fast; fast = fast->next)
        for (size_t i = 0; fast->model == instance->model && i < fast->n_fields; i++) {
            Value key = capo_to_column(fast->fields[i], capo_field_value(instance, fast->fields[i]));
            for (size_t k = 0; k < fast->keys->count; k++)
                if (capo_equal(fast->keys->items[k], key))
                    return true;
        }
    return false;
}

/* RESTRICT gives way where the object goes by a cascade from elsewhere. */
static void check_restricted(Collector *collector, const Model *model)
{
    Buffer names = { 0 };
    Batch left = { 0 };
    for (const Restricted *restricted = collector->restricted; restricted; restricted = restricted->next) {
        size_t before = left.count;
        for (size_t i = 0; i < restricted->objects.count; i++)
            if (!goes_too(collector, restricted->objects.items[i]))
                push(&left, restricted->objects.items[i]);
        if (left.count > before)
            put_key(&names, restricted->field);
    }
    if (!left.count)
        return;
    if (!collector->plans)
        capo_raise_detail(ERROR_RESTRICTED, ended(&left), "Cannot delete some instances of model '%s' because they are referenced through "
                          "restricted foreign keys: %s.", model->name, capo_buffer_text(&names));
    for (size_t i = 0; i < left.count; i++)
        push(&collector->protected_by, left.items[i]);
}

/* The parents' rows go behind the children's, with all that refers to them. */
static void take_parents(Collector *collector, Model *child, const Batch *fresh)
{
    Model *parent = (Model *)capo_parent_level(child);
    Batch parents = { 0 };
    for (size_t i = 0; i < fresh->count; i++)
        push(&parents, capo_parent_instance(fresh->items[i]));
    enqueue(collector, parent, parents, NULL);
    add_dependency(collector, parent, child);
}

static void collect(Collector *collector, Instance *const *instances, size_t count)
{
    Batch given = { 0 };
    Model *model = instances[0]->model;
    for (size_t i = 0; i < count; i++) {
        if (capo_is_null(capo_instance_pk(instances[i])))
            capo_raise(ERROR_VALUE, "%s object can't be deleted because its %s attribute is set to None.", model->name, model->pk->attname);
        push(&given, instances[i]);
    }
    enqueue(collector, model, given, NULL);
    for (Work *work = collector->first; work; work = work->next) {
        Model *above = work->field ? work->field->target : NULL;
        const Batch *parents = above ? &collected_of(collector, above)->objects : NULL;
        Batch fresh = add(collector, work, parents ? parents->items : NULL, parents ? parents->count : 0);
        if (fresh.count)
            follow(collector, work->model, &fresh);
        if (fresh.count && capo_parent_level(work->model->concrete))
            take_parents(collector, work->model->concrete, &fresh);
    }
    check_restricted(collector, model);
}

/* --- deleting --- */

typedef struct Counts { struct DeleteCount *items; size_t n; } Counts;

static void count_deleted(Counts *counts, Model *model, int64_t count)
{
    if (!count)
        return;
    for (size_t i = 0; i < counts->n; i++)
        if (counts->items[i].model == model) {
            counts->items[i].count += count;
            return;
        }
    counts->items = capo_realloc(counts->items, counts->n * sizeof *counts->items, (counts->n + 1) * sizeof *counts->items);
    counts->items[counts->n++] = (struct DeleteCount){ model, count };
}

/* `before` … WHERE field IN (keys), in batches; how many rows. `value`, where given, is the first parameter. */
static int64_t run_on_keys(const char *before, const Value *value, const Field *const *fields, size_t n_fields, const Value *keys, size_t count)
{
    size_t size = capo_key_size(fields[0]), most = (capo_dialect()->max_parameters - 1) / (n_fields * size);
    int64_t changes = 0;
    for (size_t at = 0; at < count; at += most) {
        Buffer sql = { 0 };
        size_t n = count - at < most ? count - at : most, bound = 0;
        Value *values = capo_alloc_array(n * n_fields * size + 1, sizeof *values);
        capo_put(&sql, before);
        if (value)
            values[bound++] = *value;
        for (size_t i = 0; i < n_fields; i++) {
            capo_put(&sql, i ? " OR " : "");
            bound = key_put_in(&sql, fields[i], keys + at, n, values, bound);
        }
        changes += capo_database_run(capo_buffer_text(&sql), values, bound, DATABASE_WRITE)->changes;
    }
    return changes;
}

static char *delete_from(const Model *model)
{
    return capo_format("DELETE FROM %s WHERE ", capo_quote_name(model->table));
}

static Value *keys_of(const Batch *objects)
{
    Value *keys = capo_alloc_array(objects->count, sizeof *keys);
    for (size_t i = 0; i < objects->count; i++)
        keys[i] = capo_instance_pk(objects->items[i]);
    return keys;
}

/* Children first; a ring of models stays in order of finding, and the database's deferred constraints bear it. */
static Collected **sorted(Collector *collector)
{
    Collected **order = capo_alloc_array(collector->count + 1, sizeof *order);
    size_t n = 0;
    for (bool found = true; found && n < collector->count; ) {
        found = false;
        for (size_t i = 0; i < collector->count; i++) {
            Collected *one = &collector->data[i];
            bool ready = !one->done;
            for (size_t k = 0; ready && k < one->n_needs; k++)
                for (size_t m = 0; m < collector->count; m++)
                    if (collector->data[m].model == one->needs[k] && !collector->data[m].done && one->needs[k] != one->model)
                        ready = false;
            if (!ready)
                continue;
            one->done = true;
            order[n++] = one;
            found = true;
        }
    }
    for (size_t i = 0; i < collector->count; i++)
        if (!collector->data[i].done)
            order[n++] = &collector->data[i];
    return order;
}

static void tell(const Collector *collector, Instance *instance, bool after)
{
    const Model *model = instance->model;
    void (*hook)(void *) = after ? model->meta->post_delete : model->meta->pre_delete;
    if (hook && model->size)
        hook(instance);
    capo_send_event(after ? &capo_post_delete : &capo_pre_delete,
                    &(SignalEvent){ .sender = model, .instance = instance, .origin = collector->origin });
}

static void remove_collected(Collector *collector, Collected **order, Counts *counts)
{
    for (size_t i = 0; i < collector->count; i++)
        for (size_t k = 0; k < order[i]->objects.count && has_hooks(order[i]->objects.items[k]->model); k++)
            tell(collector, order[i]->objects.items[k], false);
    for (const FastDelete *fast = collector->fast; fast; fast = fast->next)
        count_deleted(counts, fast->model, run_on_keys(delete_from(fast->model), NULL, fast->fields, fast->n_fields, fast->keys->items, fast->keys->count));
    for (const FieldUpdate *update = collector->updates; update; update = update->next) {
        const Model *model = update->field->model;
        Value value = capo_to_column(update->field, update->value);
        Buffer sql = { 0 };
        capo_put_format(&sql, "UPDATE %s SET %s = ", capo_quote_name(model->table), capo_quote_name(update->field->column));
        capo_put_placeholder(&sql, 1, update->field);
        capo_put(&sql, " WHERE ");
        run_on_keys(capo_buffer_text(&sql), &value, (const Field *[]){ model->pk }, 1, keys_of(&update->objects), update->objects.count);
    }
    for (size_t i = 0; i < collector->count; i++) {
        Collected *one = order[i];
        if (!one->objects.count)
            continue;
        count_deleted(counts, one->model, run_on_keys(delete_from(one->model), NULL, (const Field *[]){ one->model->pk }, 1,
                                                      keys_of(&one->objects), one->objects.count));
        for (size_t k = one->objects.count; k-- > 0 && has_hooks(one->objects.items[k]->model); )
            tell(collector, one->objects.items[k], true);
    }
}

static int64_t delete_instances(Instance *const *instances, size_t count, const void *origin, const char *using, struct DeleteCount **ret_counts, size_t *ret_n_counts)
{
    Collector collector = { .origin = origin };
    Counts counts = { 0 };
    int64_t total = 0;
    if (count) {
        bool single;
        WITH_DATABASE(database_for(instances[0]->model, instances[0], using, DATABASE_WRITE));
        collect(&collector, instances, count);
        Collected **order = sorted(&collector);
        single = count == 1 && capo_can_fast_delete(instances[0]->model);
        if (!single)
            capo_begin();
        remove_collected(&collector, order, &counts);
        if (!single)
            capo_commit();
        for (size_t i = 0; i < collector.count; i++)
            for (size_t k = 0; k < collector.data[i].objects.count; k++) {
                Instance *gone = collector.data[i].objects.items[k];
                gone->state->saved = false;
                capo_field_store(gone, gone->model->pk, capo_value_null());
            }
    }
    for (size_t i = 0; i < counts.n; i++)
        total += counts.items[i].count;
    if (ret_counts) {
        *ret_counts = counts.items;
        *ret_n_counts = counts.n;
    }
    return total;
}

int64_t capo_delete_instances(Instance *const *instances, size_t count, const void *origin, struct DeleteCount **ret_counts, size_t *ret_n_counts)
{
    return delete_instances(instances, count, origin, NULL, ret_counts, ret_n_counts);
}

int64_t capo_instance_delete(Instance *self) { return delete_instances(&self, 1, self, NULL, NULL, NULL); }
int64_t capo_instance_delete_using(Instance *self, const char *alias) { return delete_instances(&self, 1, self, alias, NULL, NULL); }

int64_t capo_query_delete_counting(Query *query, struct DeleteCount **ret_counts, size_t *ret_n_counts)
{
    size_t count;
    Model *model = capo_query_model(query);
    if (query->offset || query->limit >= 0)
        capo_raise(ERROR_VALUE, "Cannot use 'limit' or 'offset' with delete().");
    if (query->n_distinct_on)
        capo_raise(ERROR_VALUE, "Cannot call delete() after .distinct_on.");
    if (query->values)
        capo_raise(ERROR_VALUE, "Cannot call delete() after .values() or .values_list()");
    if (query->combinator != COMBINE_NONE)
        capo_raise(ERROR_NOT_SUPPORTED, "Calling delete() after a union, intersection or difference is not supported.");
    query = query_for_write(query);
    WITH_DATABASE(query_database(query, DATABASE_WRITE));
    if (!capo_can_fast_delete(model)) {
        Query *all = capo_query_order_by(query, LIST(NULL));
        Instance **rows = capo_query_rows(all, &count);
        return delete_instances(rows, count, query, query->using, ret_counts, ret_n_counts);
    }
    Compiled *compiled = compile_delete(query_clone(query));
    int64_t changes = compiled->empty ? 0 : capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_WRITE)->changes;
    if (ret_counts) {
        Counts counts = { 0 };
        count_deleted(&counts, model, changes);
        *ret_counts = counts.items;
        *ret_n_counts = counts.n;
    }
    return changes;
}

int64_t capo_query_delete(Query *query) { return capo_query_delete_counting(query, NULL, NULL); }

DeletePlan *capo_delete_plan(Instance *const *instances, size_t count)
{
    DeletePlan *plan = capo_alloc_struct(DeletePlan);
    Collector collector = { .plans = true, .plan_nodes = capo_map_new() };
    Counts counts = { 0 };
    collector.last_root = &collector.roots;
    if (!count)
        return plan;
    WITH_DATABASE(database_for(instances[0]->model, instances[0], NULL, DATABASE_WRITE));
    collect(&collector, instances, count);
    for (size_t i = 0; i < collector.count; i++)
        count_deleted(&counts, collector.data[i].model, (int64_t)collector.data[i].objects.count);
    plan->tree = collector.roots;
    plan->counts = counts.items;
    plan->n_counts = counts.n;
    plan->protected_by = ended(&collector.protected_by);
    plan->n_protected = collector.protected_by.count;
    return plan;
}
