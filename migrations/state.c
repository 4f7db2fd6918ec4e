/* SPDX-License-Identifier: BSD-3-Clause */
/* States of models and of the project. render.c makes resolved models of them. */
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
    { "required_db_vendor", OPTION_TEXT, true },
    { "required_db_features", OPTION_NAMES, true },
    { "db_table_comment", OPTION_TEXT },
    { "db_tablespace", OPTION_TEXT },
    { "unique_together", OPTION_NAME_LISTS },
    { "order_with_respect_to", OPTION_TEXT },
    { "swappable", OPTION_TEXT },
    { "proxy", OPTION_BOOL },
    { "bases", OPTION_NAMES },
    { "indexes", OPTION_INDEXES },
    { "constraints", OPTION_CONSTRAINTS },
    { 0 }
};
const char *const model_state_plain_options[] = {
    "verbose_name", "verbose_name_plural", "ordering", "get_latest_by", "permissions", "default_permissions", "managed", "required_db_vendor", "required_db_features", NULL
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
        else if (keep && strcmp(row->name, "proxy") == 0)
            keep = value->boolean;
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
    FieldState **fields = capo_alloc_array(model->n_fields + model->n_many + 2, sizeof *fields);
    size_t count = 0;
    if (model->pk->kind == FIELD_COMPOSITE_KEY && !model->pk->inherited)
        fields[count++] = field_state_of(model->pk);
    for (size_t i = 0; i < model->n_fields; i++)
        if (!model->fields[i]->inherited && !(model->meta->order_with_respect_to && !strcmp(model->fields[i]->name, ORDER_FIELD)))
            fields[count++] = field_state_of(model->fields[i]);
    for (size_t i = 0; i < model->n_many; i++)
        if (!model->many[i]->inherited)
            fields[count++] = field_state_of(model->many[i]);
    bool proxy = model->inheritance == INHERITS_ALL;
    Map *options = capo_map_new();
    const MetaOptions *meta = model->meta;
    if (proxy)
        capo_map_set(options, "proxy", capo_value_bool(true));
    if (model->base && model->inheritance != INHERITS_COLUMNS)
        capo_map_set(options, "bases", capo_value_strings(LIST(model->base->label)));
    set_text(options, "db_table", proxy ? NULL : model->table, capo_format("%s_%s", model->app, model->name_lower));
    set_text(options, "db_table_comment", meta->db_table_comment, NULL);
    set_text(options, "db_tablespace", meta->db_tablespace, NULL);
    set_text(options, "order_with_respect_to", meta->order_with_respect_to, NULL);
    set_text(options, "swappable", meta->swappable, NULL);
    set_text(options, "verbose_name", meta->verbose_name, NULL);
    set_text(options, "verbose_name_plural", meta->verbose_name_plural, NULL);
    set_text(options, "get_latest_by", meta->get_latest_by, NULL);
    set_text(options, "required_db_vendor", meta->required_db_vendor, NULL);
    if (meta->required_db_features)
        capo_map_set(options, "required_db_features", capo_value_strings(meta->required_db_features));
    if (meta->ordering)
        capo_map_set(options, "ordering", capo_value_strings(meta->ordering));
    if (meta->default_permissions)
        capo_map_set(options, "default_permissions", capo_value_strings(meta->default_permissions));
    capo_map_set(options, "managed", capo_value_bool(!meta->unmanaged));
    Map *permissions = capo_map_new(), *indexes = capo_map_new(), *constraints = capo_map_new();
    for (const PermissionOptions *p = meta->permissions; p && p->codename; p++)
        capo_map_set(permissions, p->codename, VALUE(p->name));
    List *together = capo_list_new();
    for (const char *const *const *t = model->unique_together; t && *t; t++)
        capo_list_add(together, capo_value_strings(*t));
    const IndexInfo *model_indexes = capo_model_indexes(model);
    const ConstraintInfo *model_constraints = capo_model_constraints(model);
    for (size_t i = 0; i < model->n_indexes; i++)
        capo_map_set(indexes, model_indexes[i].name, meta_index_value(&model_indexes[i]));
    for (size_t i = 0; i < model->n_constraints; i++)
        capo_map_set(constraints, model_constraints[i].name, meta_constraint_value(&model_constraints[i]));
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
    state->rendered = state->parts = NULL;
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
    state->rendered = state->parts = NULL;
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->models[i]->app, app) != 0 || !same_name(state->models[i]->name, name))
            state->models[kept++] = state->models[i];
    state->count = kept;
}

void state_replace(ProjectState *state, const ModelState *old, ModelState *model)
{
    state->rendered = state->parts = NULL;
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

bool model_state_in_key(const ModelState *model, const char *name)
{
    const FieldState *key = model_state_pk(model);
    const Value *names = key ? capo_map_get(key->options, "fields") : NULL;
    for (size_t i = 0; names && i < names->list->count; i++)
        if (strcmp(capo_to_text(names->list->items[i]), name) == 0)
            return true;
    return key && !names && strcmp(key->name, name) == 0;
}

const char *model_state_base(const ModelState *model)
{
    Value *bases = capo_map_get(model->options, "bases");
    return bases && bases->list->count ? state_label(model->app, capo_to_text(bases->list->items[0])) : NULL;
}

bool model_state_is_proxy(const ModelState *model)
{
    return capo_map_get(model->options, "proxy") != NULL;
}

bool model_state_is_swapped(const ModelState *model)
{
    Value *choice = capo_map_get(model->options, "swappable");
    const char *label = choice ? capo_swappable_label(choice->text) : NULL;
    return label && !same_name(label, model_state_label(model));
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
