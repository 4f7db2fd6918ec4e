/* SPDX-License-Identifier: BSD-3-Clause */
/* The accessors of relations seen from the query side: their joins, and what their queries know. */
#include "query.h"
#include <capo/generic.h>
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
    if (!field)
        field = capo_foreign_object(model, accessor);
    if (field && (field->kind == FIELD_FOREIGN_KEY || field->kind == FIELD_ONE_TO_ONE) && !strcmp(field->name, accessor)) {
        *ret_reverse = false;
        return field;
    }
    return NULL;
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
    if (relation->n_parts) {
        column = tuple_of(base, reverse ? relation->parts : relation->target_parts, relation->n_parts, relation);
        query_add_where(query, expression_lookup(lookup_row(LOOKUP_IN), column, capo_value_list(capo_values_list(keys, count)), NULL));
        return;
    }
    if (relation->kind == FIELD_MANY_TO_MANY) {
        const Field *near, *far;
        sides(relation, reverse, &near, &far);
        PathStep step = { .field = far, .many = true, .from = query->model, .to = far->model, .target = far->model->pk };
        Path path = { .steps = &step, .n_steps = 1, .model = far->model, .target = step.target };
        JoinSet reuse = 0;
        JoinedPath joined = query_setup_joins(query, &path, base, &reuse);
        query->joins[joined.join].outer = false;
        query->sticky |= (JoinSet)1 << joined.join;
        query->sticky_held = true;
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
    if (relation->generic_type && reverse) {
        Expression *type = expression_new(X_COLUMN);
        type->join = base;
        type->column = relation->generic_type;
        type->type = type_of_field(type->column);
        query_add_where(query, expression_lookup(lookup_row(LOOKUP_EXACT), type, capo_generic_type(relation->target), NULL));
    }
    if (annotate) {
        Annotation *list = capo_alloc_array(query->n_annotations + 1, sizeof *list);
        if (query->n_annotations)
            memcpy(list, query->annotations, query->n_annotations * sizeof *list);
        list[query->n_annotations++] = (Annotation){ annotate, capo_memdup(column, sizeof *column), true };
        query->annotations = list;
    }
}

/* The query of an accessor knows whose it is: rows of a foreign key have their owner at hand, and what was prefetched is the answer. */
Query *capo_query_prefetched(Instance *self, const Field *field, bool forward, Value key, const char *file, int line)
{
    Instance **rows;
    size_t count;
    const char *accessor = forward ? field->name : field->related_name;
    if (!capo_instance_get_prefetched(self, accessor, &rows, &count))
        return NULL;
    Query *query = query_of_rows(forward ? field->target : field->model, rows, count);
    query->of = self;
    query->of_accessor = accessor;
    query->of_key = key;
    query->hint = self;
    query->relation.file = file;
    query->relation.line = line;
    return query;
}

Query *capo_query_related_to(Query *query, Instance *self, const char *accessor, const char *file, int line)
{
    bool reverse;
    const Field *relation = relation_of_accessor(self->model, accessor, &reverse);
    Instance **rows;
    size_t count;
    Query *own = query_clone(query);
    own->relation.of = self;
    own->relation.accessor = capo_strdup(accessor);
    own->relation.file = file;
    own->relation.line = line;
    own->relation.whole = true;
    own->hint = self;
    own->sticky = 0;
    for (size_t i = 0; i < query->n_joins; i++)                     /* those that it still needs: the key may have done without its model */
        own->sticky |= query->joins[i].references ? (JoinSet)1 << i : 0;
    own->sticky_held = true;
    if (relation && reverse && relation->kind == FIELD_FOREIGN_KEY) {
        own->owner = self;
        own->owner_field = relation;
    }
    if (capo_instance_get_prefetched(self, accessor, &rows, &count)) {
        own->rows = rows;
        own->n_rows = count;
        own->fetched = true;
    }
    return own;
}
