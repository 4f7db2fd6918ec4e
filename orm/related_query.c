/* SPDX-License-Identifier: BSD-3-Clause */
/* The accessors of relations: post->tags, author->posts, as queries; and add, remove and set over them. */
#include "query.h"
#include "instance.h"
#include <string.h>

const Field *relation_of_accessor(const Model *model, const char *accessor, bool *ret_reverse)
{
    for (size_t i = 0; i < model->n_many; i++)
        if (!strcmp(model->many[i]->name, accessor)) {
            *ret_reverse = false;
            return model->many[i];
        }
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->related_name && !model->reverse[i]->hidden_relation && !strcmp(model->reverse[i]->related_name, accessor)) {
            *ret_reverse = true;
            return model->reverse[i];
        }
    const Field *field = capo_field(model, accessor);
    if (field && (field->kind == FIELD_FOREIGN_KEY || field->kind == FIELD_ONE_TO_ONE) && !strcmp(field->name, accessor)) {
        *ret_reverse = false;
        return field;
    }
    return NULL;
}

static const Field *find_accessor(const Model *model, const char *accessor, bool *ret_reverse)
{
    const Field *field = relation_of_accessor(model, accessor, ret_reverse);
    if (field && (field->kind == FIELD_MANY_TO_MANY || *ret_reverse))
        return field;
    const char *names[128];
    size_t count = 0;
    for (size_t i = 0; i < model->n_many && count < 128; i++)
        names[count++] = model->many[i]->name;
    for (size_t i = 0; i < model->n_reverse && count < 128; i++)
        if (model->reverse[i]->related_name && !model->reverse[i]->hidden_relation)
            names[count++] = model->reverse[i]->related_name;
    capo_raise(ERROR_FIELD, "%s has no relation to many called '%s'.%s", model->name, accessor, capo_did_you_mean(accessor, names, count));
}

/* The two keys of a join table, seen from the side that asks. */
static void sides(const Field *many, bool reverse, const Field **ret_near, const Field **ret_far)
{
    *ret_near = reverse ? many->through_target : many->through_source;
    *ret_far = reverse ? many->through_source : many->through_target;
}

/* Narrows a query of the other side to what is related to `keys`. `annotate`: the key each row came from, under this name. */
void query_add_relation(Query *query, const Field *relation, bool reverse, const Value *keys, size_t count, const char *annotate)
{
    Expression *column = expression_new(X_COLUMN);
    int base = query_base(query);
    if (relation->kind == FIELD_MANY_TO_MANY) {
        const Field *near, *far;
        sides(relation, reverse, &near, &far);
        PathStep step = { .field = far, .many = true, .from = query->model, .to = far->model, .target = far->model->pk };
        Path path = { .steps = &step, .n_steps = 1, .model = far->model, .target = step.target };
        JoinSet reuse = 0;
        JoinedPath joined = query_setup_joins(query, &path, base, &reuse);
        query->joins[joined.join].outer = false;
        query->sticky |= (JoinSet)1 << joined.join;
        column->join = joined.join;
        column->column = near;
    } else {
        column->join = base;
        column->column = reverse ? relation : relation->target_field;
    }
    column->type = type_of_field(column->column);
    if (count == 1)
        query_add_where(query, expression_lookup(lookup_row(LOOKUP_EXACT), column, keys[0], NULL));
    else
        query_add_where(query, expression_lookup(lookup_row(LOOKUP_IN), column, capo_value_list(capo_values_list(keys, count)), NULL));
    if (annotate) {
        Annotation *list = capo_alloc_array(query->n_annotations + 1, sizeof *list);
        if (query->n_annotations)
            memcpy(list, query->annotations, query->n_annotations * sizeof *list);
        list[query->n_annotations++] = (Annotation){ annotate, capo_memdup(column, sizeof *column), true };
        query->annotations = list;
    }
}

/* The value that keys of the relation hold for this instance. */
static Value near_key(Instance *self, const Field *relation, bool reverse)
{
    if (relation->kind != FIELD_MANY_TO_MANY)
        return capo_field_value(self, relation->target_field);
    const Field *near, *far;
    sides(relation, reverse, &near, &far);
    return capo_field_value(self, near->target_field);
}

Query *capo_instance_related_query(Instance *self, const char *accessor)
{
    bool reverse;
    const Field *relation = find_accessor(self->model, accessor, &reverse);
    Model *other = reverse ? relation->model : relation->target;
    Instance **rows;
    size_t count;
    if (capo_instance_get_prefetched(self, accessor, &rows, &count))
        return query_of_rows(other, rows, count);
    Value key = near_key(self, relation, reverse);
    if (!capo_instance_is_saved(self) || capo_is_null(key))
        capo_raise(ERROR_VALUE, "\"%s\" needs to be saved before its relation '%s' can be used.", self->model->name, accessor);
    Query *query = capo_query_of(other);
    query_add_relation(query, relation, reverse, &key, 1, NULL);
    if (relation->kind != FIELD_MANY_TO_MANY) {
        query->owner = self;
        query->owner_field = relation;
    }
    return query;
}

/* --- writing -------------------------------------------------------------------------------------------------------------------------------- */

static List *given(Value others)
{
    if (others.kind == VALUE_NULL)
        capo_raise(ERROR_VALUE, "NULL was given where a relation takes instances or keys.");
    if (others.kind == VALUE_LIST)
        return others.list;
    if (value_query(others))
        return capo_list_of(others);
    return capo_values_list(&others, 1);
}

/* Keys of the other side, each once, converted as the column takes them. */
static List *keys_of(const Model *other, const Field *key_field, Value others)
{
    List *items = given(others), *keys = capo_list_new();
    Map *seen = capo_map_new();
    for (size_t i = 0; i < items->count; i++) {
        Value item = items->items[i];
        if (capo_is_instance(item)) {
            Instance *instance = (Instance *)(void *)item.object;
            if (instance->model != other)
                capo_raise(ERROR_VALUE, "'%s' instance expected, got %s", other->name, instance->model->name);
            item = capo_field_value(instance, key_field);
            if (capo_is_null(item) || !capo_instance_is_saved(instance))
                capo_raise(ERROR_VALUE, "Cannot add \"%s\": it has to be saved first.", capo_instance_text(instance));
        } else {
            Expression column = { .kind = X_COLUMN, .column = key_field, .type = type_of_field(key_field) };
            if (capo_is_null(item))
                capo_raise(ERROR_VALUE, "NULL was given where a relation takes instances or keys.");
            item = lookup_prepare(&column, item, LOOKUP_EXACT);
        }
        Value text = capo_value_to_text(item);
        if (!capo_map_get_value(seen, text)) {
            capo_map_set_value(seen, text, item);
            capo_list_add(keys, item);
        }
    }
    return keys;
}

static List *linked(const Field *near, const Field *far, Value key, List *keys)
{
    Query *query = capo_query_filter(capo_query_of(near->model), capo_q(near->attname, key));
    if (keys)
        query = capo_query_filter(query, capo_q(capo_format("%s__in", far->attname), capo_value_list(keys)));
    return capo_values_flat(capo_query_order_by(query, LIST(NULL)), far->attname);
}

static bool contains(const List *list, Value item)
{
    for (size_t i = 0; i < list->count; i++)
        if (capo_equal(list->items[i], item))
            return true;
    return false;
}

/* Rows of a join table that Capo made have two keys only; those of a through model get its defaults. */
static void link_rows(const Field *near, const Field *far, Value key, List *keys)
{
    Model *through = near->model;
    List *there = linked(near, far, key, keys);
    if (!through->auto_created) {
        Instance **rows = capo_alloc_array(keys->count + 1, sizeof *rows);
        size_t count = 0;
        for (size_t i = 0; i < keys->count; i++) {
            if (contains(there, keys->items[i]))
                continue;
            rows[count] = capo_instance_new(through);
            capo_field_assign(rows[count], near, key);
            capo_field_assign(rows[count++], far, keys->items[i]);
        }
        if (count)
            capo_bulk_create(rows, count);
        return;
    }
    enum { BATCH = 400 };
    for (size_t at = 0; at < keys->count; ) {
        Buffer sql = { 0 };
        Value parameters[BATCH * 2];
        size_t n = 0;
        capo_put_format(&sql, "INSERT INTO %s (%s, %s) VALUES ", capo_quote_name(through->table), capo_quote_name(near->column), capo_quote_name(far->column));
        for (; at < keys->count && n < BATCH * 2; at++) {
            if (contains(there, keys->items[at]))
                continue;
            capo_put(&sql, n ? ", (" : "(");
            parameters[n++] = capo_to_column(near, key);
            capo_backend()->put_placeholder(&sql, (int)n);
            capo_put(&sql, ", ");
            parameters[n++] = capo_to_column(far, keys->items[at]);
            capo_backend()->put_placeholder(&sql, (int)n);
            capo_put(&sql, ")");
        }
        if (n)
            capo_database_run(capo_buffer_text(&sql), parameters, n, DATABASE_WRITE);
    }
}

static void unlink_rows(const Field *near, const Field *far, Value key, List *keys)
{
    if (keys && !keys->count)
        return;
    Query *query = capo_query_filter(capo_query_of(near->model), capo_q(near->attname, key));
    if (keys)
        query = capo_query_filter(query, capo_q(capo_format("%s__in", far->attname), capo_value_list(keys)));
    query->no_order = true;
    Compiled *compiled = compile_delete(query);
    if (!compiled->empty)
        capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_WRITE);
}

typedef struct Link { const Field *near, *far; bool mirrored; Value key; } Link;

static void link_all(const Link *link, List *keys)
{
    link_rows(link->near, link->far, link->key, keys);
    if (link->mirrored)
        for (size_t i = 0; i < keys->count; i++)
            link_rows(link->near, link->far, keys->items[i], capo_values_list(&link->key, 1));
}

static void unlink_all(const Link *link, List *keys)
{
    unlink_rows(link->near, link->far, link->key, keys);
    if (link->mirrored)
        unlink_rows(link->far, link->near, link->key, keys);
}

static void change_many(Instance *self, const Field *relation, bool reverse, ManyOperation operation, Value others)
{
    Link link = { .key = near_key(self, relation, reverse), .mirrored = relation->symmetrical };
    sides(relation, reverse, &link.near, &link.far);
    if (!capo_instance_is_saved(self) || capo_is_null(link.key))
        capo_raise(ERROR_VALUE, "\"%s\" needs to be saved before its relation '%s' can be changed.", self->model->name, relation->name);
    Model *other = reverse ? relation->model : relation->target;
    List *keys = keys_of(other, link.far->target_field, others);
    if (operation == MANY_ADD && keys->count)
        link_all(&link, keys);
    if (operation == MANY_REMOVE)
        unlink_all(&link, keys);
    if (operation != MANY_SET)
        return;
    List *old = linked(link.near, link.far, link.key, NULL), *gone = capo_list_new(), *fresh = capo_list_new();
    for (size_t i = 0; i < old->count; i++)
        if (!contains(keys, old->items[i]))
            capo_list_add(gone, old->items[i]);
    for (size_t i = 0; i < keys->count; i++)
        if (!contains(old, keys->items[i]))
            capo_list_add(fresh, keys->items[i]);
    unlink_all(&link, gone);
    if (fresh->count)
        link_all(&link, fresh);
}

/* The other side of a foreign key: its rows are pointed here, or away where the key may be null. */
static void change_reverse(Instance *self, const Field *relation, ManyOperation operation, Value others, const char *accessor)
{
    Value key = near_key(self, relation, true);
    Model *other = relation->model;
    if (!capo_instance_is_saved(self))
        capo_raise(ERROR_VALUE, "\"%s\" needs to be saved before its relation '%s' can be changed.", self->model->name, accessor);
    List *keys = keys_of(other, other->pk, others);
    if (operation == MANY_REMOVE && !relation->null)
        capo_raise(ERROR_VALUE, "'%s' cannot be removed from: %s.%s may not be null.", accessor, other->name, relation->name);
    Query *mine = capo_query_filter(capo_query_of(other), capo_q(relation->attname, key));
    if (operation == MANY_REMOVE) {
        if (keys->count)
            capo_query_update(capo_query_filter(mine, capo_q("pk__in", capo_value_list(keys))), (NamedChange[]){ { relation->name, TO_NULL }, { 0 } });
        return;
    }
    if (operation == MANY_SET && relation->null) {
        Query *rest = keys->count ? capo_query_exclude(mine, capo_q("pk__in", capo_value_list(keys))) : mine;
        capo_query_update(rest, (NamedChange[]){ { relation->name, TO_NULL }, { 0 } });
    }
    if (keys->count)
        capo_query_update(capo_query_filter(capo_query_of(other), capo_q("pk__in", capo_value_list(keys))),
                          (NamedChange[]){ { relation->name, TO(key) }, { 0 } });
}

void capo_instance_many(Instance *self, const char *accessor, ManyOperation operation, Value others)
{
    bool reverse;
    const Field *relation = find_accessor(self->model, accessor, &reverse);
    capo_begin();
    if (relation->kind == FIELD_MANY_TO_MANY)
        change_many(self, relation, reverse, operation, others);
    else
        change_reverse(self, relation, operation, others, accessor);
    capo_commit();
    capo_instance_forget(self, accessor);
}
