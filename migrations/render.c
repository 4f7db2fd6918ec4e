/* SPDX-License-Identifier: BSD-3-Clause */
/* Resolved models made of a state: all of them for data migrations, and for the schema editor only what one model needs.
 *
 * What an operation needs is the model in full, with those that it refers to and that refer to it, and of what those refer to in turn
 * just the key. So the cost of an operation does not grow with the project. */
#include "state.h"
#include <capo/buffer.h>
#include <string.h>
#include <strings.h>

static const char *const *strings_of(const Value *value)
{
    if (!value)
        return NULL;
    const char **strings = capo_alloc_array(value->list->count + 1, sizeof *strings);
    for (size_t i = 0; i < value->list->count; i++)
        strings[i] = capo_to_text(value->list->items[i]);
    return strings;
}

/* Whether "author__name" leads somewhere: forward, over fields. Between two operations Meta may name a field that just went. */
static bool path_exists(const ProjectState *project, const ModelState *model, const char *path)
{
    while (model) {
        const char *end = strstr(path, "__");
        const FieldState *field = model_state_field(model, end ? capo_strndup(path, (size_t)(end - path)) : path);
        if (!field && strcmp(path, "pk") != 0 && model_state_base(model)) {
            model = state_find_label(project, model_state_base(model));
            continue;
        }
        if (!field)
            return strcmp(path, "pk") == 0;
        if (!end || !capo_field_is_relation(field->kind))
            return true;
        const char *to = field_state_text(field, "to");
        model = to ? state_find_label(project, state_label(model->app, to)) : NULL;
        path = end + 2;
    }
    return false;
}

static const char *const *ordering_of(const ProjectState *project, const ModelState *model)
{
    const char *const *all = strings_of(capo_map_get(model->options, "ordering"));
    size_t count = 0, kept = 0;
    while (all && all[count])
        count++;
    if (!count)
        return NULL;
    const char **ordering = capo_alloc_array(count + 1, sizeof *ordering);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i], "?") == 0 || path_exists(project, model, capo_strndup(all[i] + (all[i][0] == '-'), strcspn(all[i] + (all[i][0] == '-'), " "))))
            ordering[kept++] = all[i];
    return ordering;
}

static const char *text_of(const Map *options, const char *name)
{
    Value *value = capo_map_get(options, name);
    return value ? value->text : NULL;
}

static MetaOptions meta_of(const ProjectState *project, const ModelState *state, bool whole)
{
    const Map *options = state->options;
    MetaOptions meta = {
        .ordering = whole ? ordering_of(project, state) : NULL,
        .default_permissions = strings_of(capo_map_get(options, "default_permissions")),
        .unmanaged = !model_state_managed(state) || model_state_is_swapped(state),
        .db_table = text_of(options, "db_table"),
        .required_db_vendor = text_of(options, "required_db_vendor"),
        .required_db_features = strings_of(capo_map_get(options, "required_db_features")),
        .db_table_comment = text_of(options, "db_table_comment"),
        .db_tablespace = text_of(options, "db_tablespace"),
        .verbose_name = text_of(options, "verbose_name"),
        .verbose_name_plural = text_of(options, "verbose_name_plural"),
    };
    const char *latest = text_of(options, "get_latest_by");
    if (whole && latest && path_exists(project, state, latest + (latest[0] == '-')))
        meta.get_latest_by = latest;
    const char *respect = text_of(options, "order_with_respect_to");
    if (respect && model_state_field(state, respect))
        meta.order_with_respect_to = respect;
    Value *together = capo_map_get(options, "unique_together"), *indexes = capo_map_get(options, "indexes");
    Value *constraints = capo_map_get(options, "constraints"), *permissions = capo_map_get(options, "permissions");
    if (together) {
        const char *const **lists = capo_alloc_array(together->list->count + 1, sizeof *lists);
        for (size_t i = 0; i < together->list->count; i++)
            lists[i] = strings_of(&together->list->items[i]);
        meta.unique_together = lists;
    }
    if (indexes) {
        IndexOptions *rows = capo_alloc_array(indexes->map->count + 1, sizeof *rows);
        for (size_t i = 0; i < indexes->map->count; i++)
            rows[i] = meta_index_of(capo_to_text(indexes->map->entries[i].key), indexes->map->entries[i].value);
        meta.indexes = rows;
    }
    if (constraints) {
        ConstraintOptions *rows = capo_alloc_array(constraints->map->count + 1, sizeof *rows);
        for (size_t i = 0; i < constraints->map->count; i++)
            rows[i] = meta_constraint_of(capo_to_text(constraints->map->entries[i].key), constraints->map->entries[i].value);
        meta.constraints = rows;
    }
    if (permissions) {
        PermissionOptions *rows = capo_alloc_array(permissions->map->count + 1, sizeof *rows);
        for (size_t i = 0; i < permissions->map->count; i++)
            rows[i] = (PermissionOptions){ .codename = capo_to_text(permissions->map->entries[i].key),
                                           .name = capo_to_text(permissions->map->entries[i].value) };
        meta.permissions = rows;
    }
    return meta;
}

enum { ABSENT, KEY_ONLY, WHOLE };

/* Which models are rendered, and how much of each; indexes are those of the state. */
typedef struct Rendering {
    const ProjectState *state;
    Model **models;
    int *marks;
    bool all;                           /* with what spans several models: ordering */
} Rendering;

static bool is_labelled(const ModelState *model, const char *label)
{
    size_t size = strlen(model->app);
    return strncmp(model->app, label, size) == 0 && label[size] == '.' && same_name(model->name, label + size + 1);
}

/* The model that the option names; raises where the state has none. */
static size_t target_of(const ProjectState *state, const ModelState *model, const FieldState *field, const char *option)
{
    const char *text = field_state_text(field, option);
    const char *label = text ? state_label(model->app, text) : NULL;
    for (size_t i = 0; label && i < state->count; i++)
        if (is_labelled(state->models[i], label))
            return i;
    const char **labels = capo_alloc_array(state->count + 1, sizeof *labels);
    for (size_t i = 0; i < state->count; i++)
        labels[i] = model_state_label(state->models[i]);
    capo_raise(ERROR_MIGRATION, "%s.%s.%s refers to %s, which does not exist at this point: no migration that it depends on creates it.%s",
               model->app, model->name, field->name, label ? label : "nothing", label ? capo_did_you_mean(label, labels, state->count) : "");
}

/* A default that a C function makes: that of the compiled field of the same name, where it is still there. */
static void give_function(const ModelState *model, const FieldState *field, FieldRow *row)
{
    if (!field_state_flag(field, "default_function"))
        return;
    const Model *compiled = capo_model(model_state_label(model));
    const Field *now = compiled ? capo_field(compiled, field->name) : NULL;
    row->options.common.default_function = now ? now->default_function : NULL;
}

/* Of a model that is there for its key: the key, and what a "to_field" may name. */
static bool is_wanted(const ModelState *model, const FieldState *field, int mark)
{
    return mark == WHOLE || model_state_in_key(model, field->name) || field_state_flag(field, "primary_key") || (field_state_flag(field, "unique") && !capo_field_is_relation(field->kind));
}

/* Between two operations a unique_for_date may name a field that just went. */
static void forget_lost_dates(const ModelState *model, int mark, FieldRow *row)
{
    CommonOptions *common = &row->options.common;
    const char **dates[] = { &common->unique_for_date, &common->unique_for_month, &common->unique_for_year };
    for (size_t i = 0; i < 3; i++)
        if (*dates[i] && (mark != WHOLE || !model_state_field(model, *dates[i])))
            *dates[i] = NULL;
}

static FieldRow *rows_of(const Rendering *rendering, const ModelState *model, int mark)
{
    const FieldState *key = model_state_pk(model);
    if (!key && !model_state_is_proxy(model))
        capo_raise(ERROR_MIGRATION, "%s.%s has no primary key: one of its fields must have \"primary_key\": true.", model->app, model->name);
    FieldRow *rows = capo_alloc_array(model->n_fields + 3, sizeof *rows), *row = rows;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < model->n_fields; i++) {
            const FieldState *field = model->fields[i];
            if ((field == key) != (pass == 0) || !is_wanted(model, field, mark))
                continue;
            field_state_to_row(field, row);
            row->primary_key = pass == 0;
            give_function(model, field, row);
            forget_lost_dates(model, mark, row);
            if (capo_field_is_relation(field->kind))
                row->target = rendering->models[target_of(rendering->state, model, field, "to")];
            if (field_state_text(field, "through"))
                row->options.many.through = rendering->models[target_of(rendering->state, model, field, "through")];
            row++;
        }
    if (mark == WHOLE && text_of(model->options, "order_with_respect_to"))         /* the column is no field of the file */
        *row++ = (FieldRow){ .name = ORDER_FIELD, .kind = FIELD_INTEGER,
                             .options.integer = { .not_editable = true, .default_value = { .kind = DEFAULT_INT } } };
    MetaOptions meta = mark == WHOLE ? meta_of(rendering->state, model, rendering->all)
                                     : (MetaOptions){ .db_table = text_of(model->options, "db_table"), .unmanaged = !model_state_managed(model) || model_state_is_swapped(model) };
    *row = (FieldRow){ .name = "Meta", .kind = FIELD_META, .options.meta = meta };
    return rows;
}

/* The index of the model's base in the state; raises where it is not there. */
static size_t base_of(const ProjectState *state, const ModelState *model)
{
    for (size_t i = 0; i < state->count; i++)
        if (is_labelled(state->models[i], model_state_base(model)))
            return i;
    capo_raise(ERROR_MIGRATION, "%s.%s has the base %s, which does not exist at this point: no migration that it depends on creates it.", model->app,
               model->name, model_state_base(model));
}

static void render(Rendering *rendering)
{
    const ProjectState *state = rendering->state;
    Model **listed = capo_alloc_array(state->count + 1, sizeof *listed);
    size_t count = 0;
    rendering->models = capo_alloc_array(state->count + 1, sizeof *rendering->models);
    for (size_t i = 0; i < state->count; i++)
        if (rendering->marks[i])
            listed[count++] = rendering->models[i] = capo_alloc_struct(Model);
    for (size_t i = 0; i < state->count; i++)
        if (rendering->marks[i])
            *rendering->models[i] = (Model){ .name = state->models[i]->name, .app = state->models[i]->app,
                                             .rows = rows_of(rendering, state->models[i], rendering->marks[i]) };
    for (size_t i = 0; i < state->count; i++)
        if (rendering->marks[i] && model_state_base(state->models[i])) {
            rendering->models[i]->base = rendering->models[base_of(state, state->models[i])];
            rendering->models[i]->inheritance = model_state_is_proxy(state->models[i]) ? INHERITS_ALL : INHERITS_TABLE;
        }
    capo_models_resolve(listed, count);
}

Model **state_render(ProjectState *state)
{
    if (state->rendered)
        return state->rendered;
    Rendering rendering = { .state = state, .marks = capo_alloc_array(state->count + 1, sizeof(int)), .all = true };
    for (size_t i = 0; i < state->count; i++)
        rendering.marks[i] = WHOLE;
    render(&rendering);
    return state->rendered = rendering.models;
}

/* Marks what the model's relations lead to. A join model is always needed whole: it holds the keys. True: something is new. */
static bool mark_targets(const ProjectState *state, int *marks, size_t at, int mark)
{
    const ModelState *model = state->models[at];
    bool changed = false;
    if (model_state_base(model)) {
        size_t base = base_of(state, model);
        changed = marks[base] < marks[at];
        marks[base] = marks[base] < marks[at] ? marks[at] : marks[base];
    }
    for (size_t i = 0; i < model->n_fields; i++) {
        const FieldState *field = model->fields[i];
        if (!capo_field_is_relation(field->kind) || !is_wanted(model, field, marks[at]))
            continue;
        size_t target = target_of(state, model, field, "to");
        changed |= marks[target] < mark;
        marks[target] = marks[target] < mark ? mark : marks[target];
        if (!field_state_text(field, "through"))
            continue;
        size_t through = target_of(state, model, field, "through");
        changed |= marks[through] < WHOLE;
        marks[through] = WHOLE;
    }
    return changed;
}

static bool refers_to(const ModelState *model, const ModelState *target)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const char *to = field_state_text(model->fields[i], "to"), *through = field_state_text(model->fields[i], "through");
        if ((to && is_labelled(target, state_label(model->app, to))) || (through && is_labelled(target, state_label(model->app, through))))
            return true;
    }
    return false;
}

static Model *render_one(const ProjectState *state, size_t at)
{
    Rendering rendering = { .state = state, .marks = capo_alloc_array(state->count + 1, sizeof(int)) };
    int *marks = rendering.marks;
    marks[at] = WHOLE;
    for (size_t i = 0; i < state->count; i++)
        if (i != at && refers_to(state->models[i], state->models[at]))
            marks[i] = WHOLE;
    mark_targets(state, marks, at, WHOLE);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < state->count; i++)
            if (marks[i])
                changed |= mark_targets(state, marks, i, KEY_ONLY);
    }
    render(&rendering);
    return rendering.models[at];
}

Model *state_model(ProjectState *state, const char *app, const char *name)
{
    for (size_t i = 0; i < state->count; i++) {
        if (strcmp(state->models[i]->app, app) != 0 || !same_name(state->models[i]->name, name))
            continue;
        if (state->rendered)
            return state->rendered[i];
        if (!state->parts)
            state->parts = capo_alloc_array(state->count, sizeof *state->parts);
        return state->parts[i] ? state->parts[i] : (state->parts[i] = render_one(state, i));
    }
    capo_raise(ERROR_MIGRATION, "There is no model %s.%s at this point of the migrations.", app, name);
}
