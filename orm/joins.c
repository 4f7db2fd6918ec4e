/* SPDX-License-Identifier: BSD-3-Clause */
/* From names to joins.
 *
 * The rules are those of Django's queries, since answers depend on them:
 *   - a to-many join is shared only inside one filter() call (the caller's `reuse` set); to-one joins always are;
 *   - a join is LEFT where its key may be null or its parent is LEFT; filter() then demotes what its conditions imply and
 *     promotes what OR and NOT may miss (query_demote, query_promote);
 *   - the last join is trimmed where the column is also on this side of it: author__id is author_id. */
#include "query.h"
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **names_of(const Query *query, const Model *model, size_t *ret_count)
{
    size_t most = 2 * model->n_fields + model->n_many + model->n_foreign + model->n_reverse + (query ? query->n_annotations : 0);
    const char **names = capo_alloc_array(most + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++) {
        names[count++] = model->fields[i]->name;
        if (strcmp(model->fields[i]->name, model->fields[i]->attname))
            names[count++] = model->fields[i]->attname;
    }
    for (size_t i = 0; i < model->n_many; i++)
        names[count++] = model->many[i]->name;
    for (size_t i = 0; i < model->n_foreign; i++)
        names[count++] = model->foreign[i]->name;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (!model->reverse[i]->hidden_relation && model->reverse[i]->related_query_name)
            names[count++] = model->reverse[i]->related_query_name;
    qsort(names, count, sizeof *names, compare_names);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (!distinct || strcmp(names[distinct - 1], names[i]))
            names[distinct++] = names[i];
    if (query && query->model == model)
        for (size_t i = 0; i < query->n_annotations; i++)
            names[distinct++] = query->annotations[i].name;
    *ret_count = distinct;
    return names;
}

_Noreturn void raise_unknown_name(const Query *query, const Model *model, const char *name, size_t size)
{
    size_t count;
    const char **names = names_of(query, model, &count);
    Buffer choices = { 0 };
    for (size_t i = 0; i < count; i++)
        capo_put_format(&choices, "%s%s", i ? ", " : "", names[i]);
    char *copy = capo_strndup(name, size);
    capo_raise(ERROR_FIELD, "Cannot resolve keyword '%s' into field. Choices are: %s%s%s", copy, capo_buffer_text(&choices),
               capo_nearest(copy, names, count) ? "." : "", capo_did_you_mean(copy, names, count));
}

/* Splits as Python's split("__") does. */
const char **path_split(const char *path, size_t *ret_count)
{
    size_t count = 1;
    for (const char *at = strstr(path, "__"); at; at = strstr(at + 2, "__"))
        count++;
    const char **names = capo_alloc_array(count, sizeof *names);
    size_t i = 0;
    for (const char *at = path;; ) {
        const char *end = strstr(at, "__");
        names[i++] = end ? capo_strndup(at, (size_t)(end - at)) : capo_strdup(at);
        if (!end)
            break;
        at = end + 2;
    }
    *ret_count = count;
    return names;
}

static const Field *find_reverse(const Model *of, const char *name)
{
    const Model *model = of->concrete;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->related_query_name && !strcmp(model->reverse[i]->related_query_name, name))
            return model->reverse[i];
    return NULL;
}

static void add_step(Path *path, PathStep step)
{
    if (path->n_steps >= MAX_JOINS)
        capo_raise(ERROR_NOT_SUPPORTED, "A look-up path spans more than %d relations.", MAX_JOINS);
    path->steps[path->n_steps++] = step;
    path->model = step.to;
    path->target = step.target;
    path->final = step.field;
    path->relation = true;
    if (step.many && !path->many_at)
        path->many_at = path->n_steps;
}

static void step_forward(Path *path, const Field *key, size_t name)
{
    add_step(path, (PathStep){ .field = key, .direct = true, .from = key->model, .to = key->target,
                               .target = key->n_parts ? key->target->pk : key->target_field, .name = name });
}

static const Model *local_model(const Field *field)
{
    while (field->inherited)
        field = field->inherited;
    return field->model;
}

static void step_back(Path *path, const Field *key, bool many, size_t name)
{
    add_step(path, (PathStep){ .field = key, .many = many, .from = key->target, .to = key->model, .target = key->model->pk, .name = name });
}

static bool take(Path *path, size_t i);

/* The name is the parent's: over the child's key to it. */
static bool take_from_parent(Path *path, size_t i)
{
    PathStep *steps = capo_alloc_array(path->n_steps + 2 * path->n_names + 2, sizeof *steps);
    if (path->n_steps)
        memcpy(steps, path->steps, path->n_steps * sizeof *steps);
    path->steps = steps;
    step_forward(path, path->model->concrete->parent_link, i);
    return take(path, i);
}

/* Takes one name; false: this model has none such. */
static bool take(Path *path, size_t i)
{
    const char *name = path->names[i];
    const Field *field = !strcmp(name, "pk") ? path->model->pk : capo_field(path->model, name);
    if (field && field->inherited && local_model(field) != path->model->concrete)
        return take_from_parent(path, i);
    if (field && field->kind == FIELD_MANY_TO_MANY) {
        step_back(path, field->through_source, true, i);
        step_forward(path, field->through_target, i);
        return true;
    }
    if (field && capo_field_is_relation(field->kind)) {
        step_forward(path, field, i);
        return true;
    }
    if (field) {
        path->final = path->target = field;
        path->relation = false;
        return true;
    }
    const Field *over = capo_foreign_object(path->model, name);
    if (over) {
        step_forward(path, over, i);
        return true;
    }
    const Field *reverse = find_reverse(path->model, name);
    if (!reverse)
        return path->model->concrete->parent_link && capo_reverse_field(path->model, name) && take_from_parent(path, i);
    if (reverse->kind == FIELD_MANY_TO_MANY) {
        step_back(path, reverse->through_target, true, i);
        step_forward(path, reverse->through_source, i);
    } else {
        step_back(path, reverse, !reverse->unique && reverse->kind != FIELD_ONE_TO_ONE, i);
    }
    return true;
}

static const FilteredRelation *find_filtered(const Query *query, const Model *model, const char *name)
{
    for (size_t i = 0; query && query->model == model && i < query->n_filtered; i++)
        if (!strcmp(query->filtered[i].name, name))
            return &query->filtered[i];
    return NULL;
}

/* The steps of the relation that the name stands for; the last is the one with the condition. */
static void take_filtered(Path *path, const FilteredRelation *filtered)
{
    Path own = path_walk(NULL, path->model, filtered->path, true);
    for (size_t i = 0; i < own.n_steps; i++) {
        PathStep step = own.steps[i];
        step.name = 0;
        step.filtered = i + 1 == own.n_steps ? filtered : NULL;
        add_step(path, step);
    }
}

Path path_walk(const Query *query, Model *model, const char *text, bool complete)
{
    Path path = { .model = model };
    path.names = path_split(text, &path.n_names);
    size_t most_steps = find_filtered(query, model, path.names[0]) ? MAX_JOINS : path.n_names * 2;
    path.steps = capo_alloc_array(most_steps < MAX_JOINS ? most_steps : MAX_JOINS, sizeof *path.steps);
    if (query && query->model == model)
        for (size_t i = 0; i < query->n_annotations; i++)
            if (!strcmp(query->annotations[i].name, path.names[0])) {
                path.annotation = query->annotations[i].expression;
                path.used = 1;
                return path;
            }
    if (query && query->n_annotations && query->model == model)        /* names made by default have "__" in them: books__count */
        for (size_t i = 0; i < query->n_annotations; i++) {
            const char *name = query->annotations[i].name;
            size_t size = strlen(name);
            if (strstr(name, "__") && !strncmp(text, name, size) && (!text[size] || !strncmp(text + size, "__", 2))) {
                size_t parts;
                path_split(name, &parts);
                path.annotation = query->annotations[i].expression;
                path.used = parts;
                return path;
            }
        }
    bool ended = false;
    for (size_t i = 0; i < path.n_names; i++) {
        if (ended) {
            if (complete)
                capo_raise(ERROR_FIELD, "Cannot resolve keyword '%s' into field. Join on '%s' not permitted.", path.names[i], path.names[i - 1]);
            return path;
        }
        const FilteredRelation *filtered = i ? NULL : find_filtered(query, model, path.names[0]);
        if (filtered) {
            take_filtered(&path, filtered);
        } else if (!take(&path, i)) {
            if (!i || complete)
                raise_unknown_name(query, path.model, path.names[i], strlen(path.names[i]));
            return path;
        }
        path.used = i + 1;
        ended = !path.relation;
    }
    return path;
}

/* --- joins -------------------------------------------------------------------------------------------------------------------- */

static int add_join(Query *query, Join join)
{
    if (query->n_joins >= MAX_JOINS)
        capo_raise(ERROR_NOT_SUPPORTED, "A query over %s joins more than %d tables.", query->model->label, MAX_JOINS);
    bool taken = false;
    for (size_t i = 0; i < query->n_joins; i++)
        taken |= !strcmp(query->joins[i].model->table, join.model->table);
    join.alias = taken ? capo_format("T%zu", query->n_joins + 1) : join.model->table;
    join.references = 1;
    Join *joins = capo_alloc_array(query->n_joins + 1, sizeof *joins);
    if (query->n_joins)
        memcpy(joins, query->joins, query->n_joins * sizeof *joins);
    joins[query->n_joins] = join;
    query->joins = joins;
    return (int)query->n_joins++;
}

int query_base(Query *query)
{
    if (query->n_joins)
        query->joins[0].references++;
    else
        add_join(query, (Join){ .model = query->model, .parent = -1 });
    return 0;
}

static int join_step(Query *query, int parent, const PathStep *step, JoinSet *reuse)
{
    int found = -1;
    for (size_t i = 0; i < query->n_joins; i++) {
        const Join *join = &query->joins[i];
        if (join->parent == parent && join->field == step->field && join->direct == step->direct && join->model == step->to && join->filtered == step->filtered &&
            (!reuse || *reuse & (JoinSet)1 << i))
            found = (int)i;
    }
    if (found >= 0) {
        query->joins[found].references++;
        return found;
    }
    Join join = { .model = step->to, .parent = parent, .field = step->field, .direct = step->direct,
                  .nullable = step->direct ? step->field->null : true };
    join.filtered = step->filtered;
    join.nullable |= step->filtered != NULL;
    join.outer = join.nullable || query->joins[parent].outer;
    found = add_join(query, join);
    if (step->filtered)
        query_resolve_on(query, found);
    return found;
}

JoinedPath query_setup_joins(Query *query, const Path *path, int from, JoinSet *reuse)
{
    JoinedPath joined = { .path = *path, .target = path->target, .many = path->many_at > 0 };
    joined.joins[joined.n_joins++] = from;
    int at = from;
    for (size_t i = 0; i < path->n_steps; i++) {
        if (joined.n_joins >= MAX_JOINS)
            capo_raise(ERROR_NOT_SUPPORTED, "A look-up path spans more than %d relations.", MAX_JOINS);
        at = join_step(query, at, &path->steps[i], path->steps[i].many && !path->steps[i].filtered ? reuse : NULL);
        joined.joins[joined.n_joins++] = at;
    }
    joined.join = at;
    return joined;
}

int query_join_of_field(Query *query, Model *model, int join, const Field *field)
{
    for (Model *at = model->concrete; field->inherited && local_model(field) != at; at = at->base->concrete) {
        const Field *link = at->parent_link;
        join = join_step(query, join, &(PathStep){ .field = link, .direct = true, .from = at, .to = link->target, .target = link->target_field }, NULL);
    }
    return join;
}

void query_unreference(Query *query, int join)
{
    query->joins[join].references--;
}

void query_trim_joins(Query *query, JoinedPath *joined)
{
    for (size_t i = joined->path.n_steps; i-- > 0 && joined->n_joins > 1; ) {
        const PathStep *step = &joined->path.steps[i];
        if (!step->direct || step->filtered || step->field->n_parts || !joined->target->column || strcmp(step->field->target_field->column, joined->target->column))
            break;
        joined->target = step->field;
        query_unreference(query, joined->joins[--joined->n_joins]);
    }
    joined->join = joined->joins[joined->n_joins - 1];
}

void query_promote(Query *query, JoinSet joins)
{
    for (bool changed = true; changed; ) {
        changed = false;
        for (size_t i = 0; i < query->n_joins; i++) {
            Join *join = &query->joins[i];
            if (!(joins & (JoinSet)1 << i) || join->parent < 0 || join->outer)
                continue;
            if (!join->nullable && !query->joins[join->parent].outer)
                continue;
            join->outer = true;
            changed = true;
            for (size_t child = 0; child < query->n_joins; child++)        /* no INNER behind a LEFT */
                if (query->joins[child].parent == (int)i)
                    joins |= (JoinSet)1 << child;
        }
    }
}

void query_demote(Query *query, JoinSet joins)
{
    for (size_t i = 0; i < query->n_joins; i++)
        if (joins & (JoinSet)1 << i)
            query->joins[i].outer = false;
}
