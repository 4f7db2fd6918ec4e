/* SPDX-License-Identifier: BSD-3-Clause */
/* States of models and of the project; and resolved models made of a state. */
#include "state.h"
#include <capo/buffer.h>
#include <capo/web.h>
#include <string.h>
#include <strings.h>

/* Meta, as far as a migration knows it. `plain`: touches no table, and AlterModelOptions sets it. */
static const struct MetaRow { const char *name; OptionType type; bool plain; } meta_table[] = {
    { "db_table", OPTION_TEXT },
    { "verbose_name", OPTION_TEXT, true },
    { "verbose_name_plural", OPTION_TEXT, true },
    { "ordering", OPTION_NAMES, true },
    { "get_latest_by", OPTION_TEXT, true },
    { "permissions", OPTION_TEXTS, true },
    { "default_permissions", OPTION_NAMES, true },
    { "managed", OPTION_BOOL, true },
    { "unique_together", OPTION_NAME_LISTS },
    { "indexes", OPTION_INDEXES },
    { "constraints", OPTION_CONSTRAINTS },
    { 0 }
};
const char *const model_state_plain_options[] = {
    "verbose_name", "verbose_name_plural", "ordering", "get_latest_by", "permissions", "default_permissions", "managed", NULL
};

bool same_name(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

bool model_state_is_plain_option(const char *option)
{
    for (const struct MetaRow *row = meta_table; row->name; row++)
        if (strcmp(row->name, option) == 0)
            return row->plain;
    return false;
}

const char *model_state_option_error(const char *option, Value value)
{
    const char *names[sizeof meta_table / sizeof *meta_table];
    size_t count = 0;
    for (const struct MetaRow *row = meta_table; row->name; row++) {
        if (strcmp(row->name, option) == 0)
            return option_type_error(row->type, value);
        names[count++] = row->name;
    }
    return capo_format("is not an option of a model.%s", capo_did_you_mean(option, names, count));
}

/* Without what means nothing: empty lists, "managed": true. In the order of the table. An empty list of permissions means something. */
static Map *meta_canonical(const Map *options)
{
    Map *ret = capo_map_new();
    for (const struct MetaRow *row = meta_table; row->name && options; row++) {
        Value *value = capo_map_get(options, row->name);
        bool keep = value && value->kind != VALUE_NULL;
        if (keep && strcmp(row->name, "managed") == 0)
            keep = !value->boolean;
        else if (keep && strcmp(row->name, "default_permissions") != 0)
            keep = value->kind == VALUE_LIST ? value->list->count : value->kind == VALUE_MAP ? value->map->count : value->size;
        if (keep)
            capo_map_set(ret, row->name, *value);
    }
    return ret;
}

ModelState *model_state_new(const char *app, const char *name, FieldState **fields, size_t n_fields, Map *options)
{
    ModelState *model = capo_alloc_struct(ModelState);
    *model = (ModelState){ .app = app, .name = name, .n_fields = n_fields, .options = meta_canonical(options) };
    model->fields = capo_alloc_array(n_fields + 1, sizeof *model->fields);
    for (size_t i = 0; i < n_fields; i++)
        model->fields[i] = fields[i];
    return model;
}

ModelState *model_state_clone(const ModelState *model)
{
    return model_state_new(model->app, model->name, model->fields, model->n_fields, model->options);
}

/* --- of the compiled models ----------------------------------------------------------------------------------------------------- */

static void set_text(Map *options, const char *name, const char *text, const char *normally)
{
    if (text && (!normally || strcmp(text, normally) != 0))
        capo_map_set(options, name, VALUE(text));
}

ModelState *model_state_of(const Model *model)
{
    FieldState **fields = capo_alloc_array(model->n_fields + model->n_many + 1, sizeof *fields);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++)
        fields[count++] = field_state_of(model->fields[i]);
    for (size_t i = 0; i < model->n_many; i++)
        fields[count++] = field_state_of(model->many[i]);
    Map *options = capo_map_new();
    const MetaOptions *meta = model->meta;
    set_text(options, "db_table", model->table, capo_format("%s_%s", model->app, model->name_lower));
    set_text(options, "verbose_name", meta->verbose_name, NULL);
    set_text(options, "verbose_name_plural", meta->verbose_name_plural, NULL);
    set_text(options, "get_latest_by", meta->get_latest_by, NULL);
    if (meta->ordering)
        capo_map_set(options, "ordering", capo_value_strings(meta->ordering));
    if (meta->default_permissions)
        capo_map_set(options, "default_permissions", capo_value_strings(meta->default_permissions));
    capo_map_set(options, "managed", capo_value_bool(model->managed));
    Map *permissions = capo_map_new(), *indexes = capo_map_new(), *constraints = capo_map_new();
    for (const PermissionOptions *p = meta->permissions; p && p->codename; p++)
        capo_map_set(permissions, p->codename, VALUE(p->name));
    List *together = capo_list_new();
    for (const char *const *const *t = model->unique_together; t && *t; t++)
        capo_list_add(together, capo_value_strings(*t));
    for (size_t i = 0; i < model->n_indexes; i++)
        capo_map_set(indexes, model->indexes[i].name, capo_value_strings(model->indexes[i].fields));
    for (size_t i = 0; i < model->n_constraints; i++) {
        const ConstraintInfo *info = &model->constraints[i];
        Map *constraint = capo_map_new();
        if (info->unique)
            capo_map_set(constraint, "unique", capo_value_strings(info->unique));
        else
            capo_map_set(constraint, "check", VALUE(info->check));
        set_text(constraint, "violation_message", info->violation_message, NULL);
        capo_map_set(constraints, info->name, capo_value_map(constraint));
    }
    capo_map_set(options, "permissions", capo_value_map(permissions));
    capo_map_set(options, "unique_together", capo_value_list(together));
    capo_map_set(options, "indexes", capo_value_map(indexes));
    capo_map_set(options, "constraints", capo_value_map(constraints));
    return model_state_new(model->app, model->name, fields, count, options);
}

ProjectState *state_of(Model *const *models, size_t count)
{
    ProjectState *state = state_new();
    for (size_t i = 0; i < count; i++)
        if (!models[i]->auto_created)
            state_put(state, model_state_of(models[i]));
    return state;
}

ProjectState *state_of_models(void)
{
    size_t count, kept = 0;
    Model *const *all = capo_all_models(&count);
    Model **models = capo_alloc_array(count + 1, sizeof *models);
    for (size_t i = 0; i < count; i++)
        if (capo_app(all[i]->app))
            models[kept++] = all[i];
    return state_of(models, kept);
}

/* --- the project ------------------------------------------------------------------------------------------------------------------ */

ProjectState *state_new(void)
{
    return capo_alloc_struct(ProjectState);
}

ProjectState *state_clone(const ProjectState *state)
{
    ProjectState *copy = state_new();
    copy->count = state->count;
    copy->models = capo_alloc_array(state->count + 1, sizeof *copy->models);
    for (size_t i = 0; i < state->count; i++)
        copy->models[i] = state->models[i];
    return copy;
}

ModelState *state_find(const ProjectState *state, const char *app, const char *name)
{
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->models[i]->app, app) == 0 && same_name(state->models[i]->name, name))
            return state->models[i];
    return NULL;
}

ModelState *state_find_label(const ProjectState *state, const char *label)
{
    const char *dot = strchr(label, '.');
    return dot ? state_find(state, capo_strndup(label, (size_t)(dot - label)), dot + 1) : NULL;
}

const char *state_label(const char *app, const char *text)
{
    return strchr(text, '.') ? text : capo_format("%s.%s", app, text);
}

void state_put(ProjectState *state, ModelState *model)
{
    state->rendered = NULL;
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->models[i]->app, model->app) == 0 && same_name(state->models[i]->name, model->name)) {
            state->models[i] = model;
            return;
        }
    ModelState **models = capo_alloc_array(state->count + 2, sizeof *models);
    for (size_t i = 0; i < state->count; i++)
        models[i] = state->models[i];
    models[state->count++] = model;
    state->models = models;
}

void state_remove(ProjectState *state, const char *app, const char *name)
{
    size_t kept = 0;
    state->rendered = NULL;
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->models[i]->app, app) != 0 || !same_name(state->models[i]->name, name))
            state->models[kept++] = state->models[i];
    state->count = kept;
}

void state_replace(ProjectState *state, const ModelState *old, ModelState *model)
{
    state->rendered = NULL;
    for (size_t i = 0; i < state->count; i++)
        if (state->models[i] == old)
            state->models[i] = model;
}

FieldState *model_state_field(const ModelState *model, const char *name)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (strcmp(model->fields[i]->name, name) == 0)
            return model->fields[i];
    return NULL;
}

FieldState *model_state_pk(const ModelState *model)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (field_state_flag(model->fields[i], "primary_key"))
            return model->fields[i];
    return NULL;
}

const char *model_state_label(const ModelState *model)
{
    return capo_format("%s.%s", model->app, model->name);
}

const char *model_state_table(const ModelState *model)
{
    Value *table = capo_map_get(model->options, "db_table");
    return table ? table->text : capo_format("%s_%s", model->app, capo_lower(model->name));
}

bool model_state_managed(const ModelState *model)
{
    return !capo_map_get(model->options, "managed");
}

/* Columns come before many-to-many fields, as in a compiled model. */
void model_state_put_field(ModelState *model, FieldState *field)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (strcmp(model->fields[i]->name, field->name) == 0) {
            model->fields[i] = field;
            return;
        }
    FieldState **fields = capo_alloc_array(model->n_fields + 2, sizeof *fields);
    for (size_t i = 0; i < model->n_fields; i++)
        fields[i] = model->fields[i];
    fields[model->n_fields++] = field;
    model->fields = fields;
}

void model_state_remove_field(ModelState *model, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < model->n_fields; i++)
        if (strcmp(model->fields[i]->name, name) != 0)
            model->fields[kept++] = model->fields[i];
    model->n_fields = kept;
}

/* --- resolved models ----------------------------------------------------------------------------------------------------------------- */

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
        if (strcmp(all[i], "?") == 0 || path_exists(project, model, all[i] + (all[i][0] == '-')))
            ordering[kept++] = all[i];
    return ordering;
}

static const char *text_of(const Map *options, const char *name)
{
    Value *value = capo_map_get(options, name);
    return value ? value->text : NULL;
}

static MetaOptions meta_of(const ProjectState *project, const ModelState *state)
{
    const Map *options = state->options;
    MetaOptions meta = {
        .ordering = ordering_of(project, state),
        .default_permissions = strings_of(capo_map_get(options, "default_permissions")),
        .unmanaged = !model_state_managed(state),
        .db_table = text_of(options, "db_table"),
        .verbose_name = text_of(options, "verbose_name"),
        .verbose_name_plural = text_of(options, "verbose_name_plural"),
    };
    const char *latest = text_of(options, "get_latest_by");
    if (latest && path_exists(project, state, latest + (latest[0] == '-')))
        meta.get_latest_by = latest;
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
            rows[i] = (IndexOptions){ .name = capo_to_text(indexes->map->entries[i].key), .fields = strings_of(&indexes->map->entries[i].value) };
        meta.indexes = rows;
    }
    if (constraints) {
        ConstraintOptions *rows = capo_alloc_array(constraints->map->count + 1, sizeof *rows);
        for (size_t i = 0; i < constraints->map->count; i++) {
            const Map *map = constraints->map->entries[i].value.map;
            Value *check = capo_map_get(map, "check"), *message = capo_map_get(map, "violation_message");
            rows[i] = (ConstraintOptions){ .name = capo_to_text(constraints->map->entries[i].key), .unique = strings_of(capo_map_get(map, "unique")),
                                           .check = check ? check->text : NULL, .violation_message = message ? message->text : NULL };
        }
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

static Model *related_model(const ProjectState *state, Model **models, const ModelState *model, const FieldState *field, const char *option)
{
    const char *text = field_state_text(field, option);
    const char *label = text ? state_label(model->app, text) : NULL;
    for (size_t i = 0; label && i < state->count; i++)
        if (same_name(model_state_label(state->models[i]), label))
            return models[i];
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

static FieldRow *rows_of(const ProjectState *state, Model **models, const ModelState *model)
{
    const FieldState *key = model_state_pk(model);
    if (!key)
        capo_raise(ERROR_MIGRATION, "%s.%s has no primary key: one of its fields must have \"primary_key\": true.", model->app, model->name);
    FieldRow *rows = capo_alloc_array(model->n_fields + 2, sizeof *rows), *row = rows;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < model->n_fields; i++) {
            const FieldState *field = model->fields[i];
            if ((field == key) != (pass == 0))
                continue;
            field_state_to_row(field, row);
            row->primary_key = pass == 0;
            give_function(model, field, row);
            const char *date = field_state_text(field, "unique_for_date");
            if (date && !model_state_field(model, date))
                row->options.date.unique_for_date = NULL;
            if (capo_field_is_relation(field->kind))
                row->target = related_model(state, models, model, field, "to");
            if (field_state_text(field, "through"))
                row->options.many.through = related_model(state, models, model, field, "through");
            row++;
        }
    *row = (FieldRow){ .name = "Meta", .kind = FIELD_META, .options.meta = meta_of(state, model) };
    return rows;
}

Model **state_render(ProjectState *state)
{
    if (state->rendered)
        return state->rendered;
    Model **models = capo_alloc_array(state->count + 1, sizeof *models);
    for (size_t i = 0; i < state->count; i++)
        models[i] = capo_alloc_struct(Model);
    for (size_t i = 0; i < state->count; i++)
        *models[i] = (Model){ .name = state->models[i]->name, .app = state->models[i]->app, .rows = rows_of(state, models, state->models[i]) };
    capo_models_resolve(models, state->count);
    return state->rendered = models;
}

Model *state_model(ProjectState *state, const char *app, const char *name)
{
    Model **models = state_render(state);
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->models[i]->app, app) == 0 && same_name(state->models[i]->name, name))
            return models[i];
    capo_raise(ERROR_MIGRATION, "There is no model %s.%s at this point of the migrations.", app, name);
}
