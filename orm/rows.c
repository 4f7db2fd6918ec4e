/* SPDX-License-Identifier: BSD-3-Clause */
/* See rows.h: the part that all backends share. */
#include "rows.h"
#include "routing.h"
#include <capo/model_signals.h>
#include <string.h>

/* --- plans --- */

/* Storages that a backend may write itself; of the others each cell has work of its own (decimals are rounded to their column's places, JSON is
 * parsed), and a custom field has its functions. */
static uint8_t store_of(const Field *field)
{
    static const bool plain[STORAGE_KINDS] = { [STORAGE_INT] = true, [STORAGE_TEXT] = true, [STORAGE_REAL] = true, [STORAGE_BOOL] = true, [STORAGE_DATE] = true,
                                               [STORAGE_DATETIME] = true, [STORAGE_DURATION] = true };
    return field->known_storage && plain[field->known_storage - 1] ? field->known_storage : 0;
}

static bool is_known(const RelatedLoad *load)
{
    if (!load->model->size || load->model->abstract || !load->model->names || load->model->meta->from_db)
        return false;
    /* What a relation over several columns found is kept with what they said, which is known once the row is whole. */
    for (size_t i = 0; i < load->n_children; i++)
        if (!is_known(load->children[i]) || load->children[i]->field->n_parts)
            return false;
    return true;
}

/* The struct that has the key has the member for the object: of a reverse relation that is the child's. */
static int object_of(const RelatedLoad *load, const Model *above)
{
    const Model *owner = load->reverse ? load->model : above;
    return owner->size && load->field->kind != FIELD_MANY_TO_MANY ? load->field->layout.object : -1;
}

static bool is_cached_below(const RelatedLoad *load)
{
    return load->field && (load->reverse || load->field->kind == FIELD_ONE_TO_ONE);
}

static RowPlan *plan_of(const RelatedLoad *load, const Model *above, Arena *arena)
{
    const Model *model = load->model;
    RowPlan *plan = arena_alloc(arena, sizeof *plan);
    *plan = (RowPlan){ .model = load->model, .first = load->first, .n_columns = load->n_fields, .struct_size = (model->size + 15) & ~(size_t)15,
                       .relation = load->field, .reverse = load->reverse, .object = load->field ? object_of(load, above) : -1,
                       .n_caches = load->n_children + is_cached_below(load), .n_children = load->n_children };
    plan->columns = arena_alloc(arena, load->n_fields * sizeof *plan->columns);
    for (size_t i = 0; i < load->n_fields; i++) {
        const Field *field = load->fields[i];
        plan->columns[i] = (RowColumn){ .field = field, .store = store_of(field), .key = field->in_key, .value = field->layout.value,
                                        .present = field->layout.present };
    }
    if (load->n_fields < model->n_fields) {
        plan->n_deferred = (model->n_fields + 63) / 64;
        plan->deferred = arena_alloc(arena, plan->n_deferred * sizeof *plan->deferred);
        memset(plan->deferred, 0xff, plan->n_deferred * sizeof *plan->deferred);
        for (size_t i = 0; i < load->n_fields; i++)
            plan->deferred[load->fields[i]->position / 64] &= ~(UINT64_C(1) << load->fields[i]->position % 64);
    }
    plan->size = 2 * plan->struct_size + sizeof(InstanceState) + plan->n_caches * sizeof(RelatedCache) + plan->n_deferred * sizeof *plan->deferred;
    plan->children = arena_alloc(arena, load->n_children * sizeof *plan->children);
    for (size_t i = 0; i < load->n_children; i++)
        plan->children[i] = plan_of(load->children[i], model, arena);
    return plan;
}

RowPlan *row_plan(const RelatedLoad *load, size_t spare, Arena *arena)
{
    if (!load || !is_known(load))
        return NULL;
    RowPlan *plan = plan_of(load, NULL, arena);
    plan->n_caches += spare;
    plan->size += spare * sizeof(RelatedCache);
    return plan;
}

const RowPlan *row_plan_of(Compiled *compiled, const Query *query)
{
    if (compiled->n_annotations || capo_pre_init.count || capo_post_init.count)
        return NULL;
    if (!compiled->rows)
        compiled->rows = row_plan(compiled->root, query->n_prefetch + query->prefetching + (query->owner && query->owner_field), capo_arena());
    return compiled->rows;
}

/* --- rows --- */

void row_sink_init(RowSink *sink, const RowPlan *plan)
{
    *sink = (RowSink){ .plan = plan, .arena = capo_arena(), .database = database_origin() };
}

void row_sink_empty(RowSink *sink)
{
    sink->count = sink->n_late = 0;
}

Instance *row_new(RowSink *sink, const RowPlan *plan)
{
    char *block = arena_take(sink->arena, plan->size);
    memset(block, 0, plan->struct_size + sizeof(InstanceState));
    Instance *self = (Instance *)(void *)block;
    InstanceState *state = (InstanceState *)(void *)(block + plan->struct_size);
    self->ops = &capo_instance_ops;
    self->model = plan->model;
    self->state = state;
    state->original = (char *)(state + 1);
    state->saved = true;
    state->database = sink->database;
    char *rest = state->original + plan->struct_size;
    RelatedCache *caches = (RelatedCache *)(void *)rest;
    for (size_t i = 0; i < plan->n_caches; i++)
        caches[i] = (RelatedCache){ .next = i + 1 < plan->n_caches ? &caches[i + 1] : NULL };
    state->related = plan->n_caches ? caches : NULL;
    if (plan->n_deferred)
        state->deferred = memcpy(rest + plan->n_caches * sizeof *caches, plan->deferred, plan->n_deferred * sizeof *plan->deferred);
    return self;
}

void row_late(RowSink *sink, Instance *self, const Field *field, Value raw)
{
    if (sink->n_late == sink->late_room) {
        size_t room = sink->late_room ? 2 * sink->late_room : 8;
        sink->late = capo_regrow(sink->late, sink->late_room * sizeof *sink->late, room * sizeof *sink->late);
        sink->late_room = room;
    }
    sink->late[sink->n_late++] = (LateCell){ self, field, raw };
}

void row_done(const RowPlan *plan, Instance *self)
{
    memcpy(self->state->original, self, plan->model->size);
}

/* The caches of a row are made with it, free ones without a name. */
static void fill_cache(Instance *self, const Field *relation, const char *accessor, Instance *other)
{
    RelatedCache *cache = self->state->related;
    while (cache->relation || cache->accessor)
        cache = cache->next;
    cache->relation = relation;
    cache->accessor = accessor;
    cache->known = true;
    cache->one = other;
}

static const char *accessor_of(const Field *relation)
{
    return relation->related_name ? relation->related_name : relation->related_query_name;
}

void row_link(Instance *self, const RowPlan *child, Instance *other)
{
    Instance *near = child->reverse ? other : self, *far = child->reverse ? self : other;
    if (near && child->object >= 0)
        *(Instance **)(void *)((char *)near + child->object) = far;
    fill_cache(self, child->reverse ? NULL : child->relation, child->reverse ? accessor_of(child->relation) : NULL, other);
    if (other && child->reverse)
        fill_cache(other, child->relation, NULL, self);
    else if (other && child->relation->kind == FIELD_ONE_TO_ONE)
        fill_cache(other, NULL, accessor_of(child->relation), self);
}

void row_add(RowSink *sink, Instance *self)
{
    if (sink->count + 1 >= sink->room) {
        size_t room = sink->room ? 2 * sink->room : 4;
        sink->rows = capo_regrow(sink->rows, sink->room * sizeof *sink->rows, room * sizeof *sink->rows);
        sink->room = room;
    }
    sink->rows[sink->count++] = self;
}

Instance **rows_of_sink(RowSink *sink)
{
    for (size_t i = 0; i < sink->n_late; i++) {
        const LateCell *cell = &sink->late[i];
        Value value = capo_from_column(cell->field, cell->raw);
        capo_member_store((char *)cell->of, cell->field, value);
        Storage storage = capo_field_storage(cell->field);
        capo_member_store(cell->of->state->original, cell->field, storage == STORAGE_JSON ? cell->raw : capo_storage_is_held(storage) ? capo_held_copy(value) : value);
    }
    if (!sink->rows)
        sink->rows = capo_alloc_array(1, sizeof *sink->rows);
    sink->rows[sink->count] = NULL;
    return sink->rows;
}
