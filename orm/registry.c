/* SPDX-License-Identifier: BSD-3-Clause */
/* All prepared models for the life of the process, and the names by which a model's fields are found. */
#include "model_resolver.h"
#include <capo/model_signals.h>
#include <capo/web.h>
#include <string.h>
#include <strings.h>

static struct { Arena *arena; Model **models; size_t count; const App **apps; size_t n_apps; } registry;

/* A model's names: open addressing; `field` by name and attname, `reverse` by accessor and query name. */
typedef struct NameEntry { const char *name; Field *field, *reverse; } NameEntry;
typedef struct Names { size_t mask; NameEntry entries[]; } Names;

/* --- name tables --- */

static NameEntry *slot(Names *names, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    for (size_t i = hash & names->mask;; i = (i + 1) & names->mask)
        if (!names->entries[i].name || !strcmp(names->entries[i].name, name))
            return &names->entries[i];
}

static void put_name(Names *names, const char *name, Field *field, Field *reverse)
{
    NameEntry *entry = slot(names, name);
    entry->name = name;
    if (field && !entry->field)
        entry->field = field;
    if (reverse && !entry->reverse)
        entry->reverse = reverse;
}

/* Keys have the storage of the column that they refer to, so that this comes after the relations are resolved. */
static void note_storage(Field *field)
{
    field->known_storage = 0;
    if (!capo_column_field(field)->custom)      /* whose cells take the long way */
        field->known_storage = (uint8_t)(1 + capo_field_storage(field));
}

/* The model whose relations this one has too. */
static const Model *base_of(const Model *model)
{
    return model->inheritance == INHERITS_COLUMNS ? NULL : model->base;
}

void resolver_make_names(Arena *arena, Model *model)
{
    for (size_t i = 0; i < model->n_fields; i++)
        note_storage(model->fields[i]);
    size_t n_reverse = 0;
    for (const Model *at = model; at; at = base_of(at))
        n_reverse += at->n_reverse;
    size_t wanted = 2 * (2 * (model->n_fields + model->n_many + n_reverse) + 1), size = 16;
    while (size < wanted)
        size *= 2;
    Names *names = arena_alloc(arena, sizeof *names + size * sizeof *names->entries);
    names->mask = size - 1;
    put_name(names, "pk", model->pk, NULL);
    for (size_t i = 0; i < model->n_fields; i++)
        put_name(names, model->fields[i]->name, model->fields[i], NULL);
    for (size_t i = 0; i < model->n_fields; i++)
        put_name(names, model->fields[i]->attname, model->fields[i], NULL);
    for (size_t i = 0; i < model->n_many; i++)
        put_name(names, model->many[i]->name, model->many[i], NULL);
    for (const Model *at = model; at; at = base_of(at)) {
        for (size_t i = 0; i < at->n_reverse; i++)
            put_name(names, at->reverse[i]->related_query_name, NULL, at->reverse[i]);
        for (size_t i = 0; i < at->n_reverse; i++)
            if (at->reverse[i]->related_name)
                put_name(names, at->reverse[i]->related_name, NULL, at->reverse[i]);
    }
    model->names = names;
}

/* --- the registry --- */

void capo_models_resolve(Model **models, size_t count)
{
    Resolver resolver = { .arena = capo_arena(), .temporary = true, .count = count };
    resolver.models = capo_memdup(models, count * sizeof *models);
    resolver_run(&resolver);
}

static bool is_prepared(const App *app)
{
    for (size_t i = 0; i < registry.n_apps; i++)
        if (registry.apps[i] == app)
            return true;
    return false;
}

const char *capo_swappable_label(const char *choice)
{
    if (strcmp(choice, "AUTH_USER_MODEL") != 0)
        return NULL;
    const Model *own = &capo_site_user_model ? capo_site_user_model : NULL;
    return own && own->label ? own->label : "auth.User";
}

/* A model that the site has another for: it keeps its name, for messages, and has no table, no fields and no relations. */
static bool swap(Resolver *resolver, Model *model)
{
    Model *own = &capo_site_user_model ? capo_site_user_model : NULL;
    capo_meta_read(resolver->arena, model);
    model->swapped = NULL;
    if (!own || own == model || !model->meta->swappable || strcmp(model->meta->swappable, "AUTH_USER_MODEL") != 0)
        return false;
    const char *name = model->meta->model_name ? model->meta->model_name : model->name;
    model->name = name;
    model->label = arena_format(resolver->arena, "%s.%s", model->app, name);
    model->label_lower = resolver_lower(resolver->arena, model->label);
    model->name_lower = resolver_lower(resolver->arena, name);
    model->table = model->meta->db_table;
    model->swapped = own;
    return true;
}

extern const bool capo_site_has_auth_user __attribute__((weak));

void capo_models_prepare(const App *const *apps)
{
    if (!registry.arena)
        registry.arena = arena_new();
    Resolver resolver = { .arena = registry.arena, .apps = apps };
    if (&capo_site_user_model && &capo_site_has_auth_user)
        resolver_problem(&resolver, "Some files of this program were compiled with -DAUTH_USER_MODEL and some without it, and would take one kind "
                         "of user for another: compile all of them with it (in meson.build: add_project_arguments).");
    size_t n_new = 0, n_models = 0;
    for (size_t i = 0; apps[i]; i++) {
        if (is_prepared(apps[i]))
            continue;
        for (size_t k = 0; k < registry.n_apps; k++)
            if (!strcmp(registry.apps[k]->name, apps[i]->name))
                resolver_problem(&resolver, "Two apps are called \"%s\". The name prefixes tables and permissions and must be unique.", apps[i]->name);
        for (size_t k = 0; k < i; k++)
            if (apps[k] != apps[i] && !strcmp(apps[k]->name, apps[i]->name))
                resolver_problem(&resolver, "Two apps are called \"%s\". The name prefixes tables and permissions and must be unique.", apps[i]->name);
        n_new++;
        for (size_t k = 0; apps[i]->models && apps[i]->models[k]; k++)
            n_models++;
    }
    if (!n_new)
        return;
    Model **models = arena_alloc(registry.arena, n_models * sizeof *models);
    size_t n = 0;
    for (size_t i = 0; apps[i]; i++)
        for (size_t k = 0; !is_prepared(apps[i]) && apps[i]->models && apps[i]->models[k]; k++) {
            models[n] = apps[i]->models[k];
            models[n]->app = apps[i]->name;
            n += !swap(&resolver, models[n]);
        }
    resolver.models = models;
    resolver.count = n;
    resolver_run(&resolver);
    for (size_t i = 0; apps[i]; i++)
        if (!is_prepared(apps[i]))
            capo_connect_all(apps[i]->receivers);

    Model **all = arena_alloc(registry.arena, (registry.count + resolver.count + 1) * sizeof *all);
    if (registry.count)
        memcpy(all, registry.models, registry.count * sizeof *all);
    memcpy(all + registry.count, resolver.models, resolver.count * sizeof *all);
    registry.models = all;
    registry.count += resolver.count;
    const App **known = arena_alloc(registry.arena, (registry.n_apps + n_new) * sizeof *known);
    size_t n_known = registry.n_apps;
    if (n_known)
        memcpy(known, registry.apps, n_known * sizeof *known);
    for (size_t i = 0; apps[i]; i++)
        if (!is_prepared(apps[i]))
            known[n_known++] = apps[i];
    registry.n_apps = n_known;
    registry.apps = known;
    for (size_t i = 0; i < resolver.count && capo_class_prepared.count; i++)
        capo_send_event(&capo_class_prepared, &(SignalEvent){ .sender = resolver.models[i] });
}

const App *const *capo_known_apps(size_t *ret_count)
{
    *ret_count = registry.n_apps;
    return registry.apps;
}

Model *const *capo_all_models(size_t *ret_count)
{
    if (ret_count)
        *ret_count = registry.count;
    return registry.models;
}

Model *capo_model(const char *label)
{
    for (size_t i = 0; i < registry.count; i++)
        if (!strcasecmp(registry.models[i]->label, label))
            return registry.models[i];
    return NULL;
}

Model *capo_model_of(const char *app, const char *name_lower)
{
    for (size_t i = 0; i < registry.count; i++)
        if (!strcmp(registry.models[i]->app, app) && !strcasecmp(registry.models[i]->name_lower, name_lower))
            return registry.models[i];
    return NULL;
}

const CustomField *capo_custom_field(const char *name)
{
    for (size_t i = 0; i < registry.count; i++)
        for (size_t f = 0; f < registry.models[i]->n_fields; f++) {
            const CustomField *custom = registry.models[i]->fields[f]->custom;
            if (custom && !strcmp(custom->name, name))
                return custom;
        }
    return NULL;
}

const OwnConstraint *capo_own_constraint(const char *name)
{
    for (size_t i = 0; i < registry.count; i++) {
        const ConstraintInfo *constraints = capo_model_constraints(registry.models[i]);
        for (size_t k = 0; k < registry.models[i]->n_constraints; k++)
            if (constraints[k].own && !strcmp(constraints[k].own->name, name))
                return constraints[k].own;
    }
    return NULL;
}

const char *capo_column(const Model *model, const char *field)
{
    const Field *found = capo_field(model, field);
    if (!found || !found->column)
        capo_raise(ERROR_FIELD, "%s has no column for a field \"%s\".", model->label, field);
    return capo_quote_name(found->column);
}

bool capo_model_is(const Model *model, const Model *wanted)
{
    const Model *table = wanted->concrete;
    for (const Model *at = model->concrete; at; at = base_of(at))
        if (at == table || !strcmp(at->label, table->label))
            return true;
    return false;
}

Field *capo_own_field(const Model *model, const Field *field)
{
    for (const Field *at = model->pk; at && field->kind == FIELD_COMPOSITE_KEY; at = at->inherited)
        if (at == field)
            return model->pk;
    for (size_t i = 0; i < model->n_fields + model->n_many; i++) {
        Field *own = i < model->n_fields ? model->fields[i] : model->many[i - model->n_fields];
        for (const Field *at = own; at; at = at->inherited)
            if (at == field)
                return own;
    }
    if (!field->inherited || model == field->model)
        return model == field->model ? (Field *)field : NULL;
    return capo_own_field(model, field->inherited);     /* of a proxy of this model, or of another */
}

static const NameEntry *named(const Model *model, const char *name)
{
    model = model->swapped ? model->swapped : model;
    if (!model->names)
        capo_bug("the model %s is used before capo_models_prepare() knew it. Is its app among settings' .apps?", model->name);
    return slot(model->names, name);
}

void capo_find_name(const Model *model, const char *name, Field **ret_field, Field **ret_reverse)
{
    const NameEntry *entry = named(model, name);
    *ret_field = entry->field;
    *ret_reverse = entry->reverse;
}

Field *capo_field(const Model *model, const char *name) { return named(model, name)->field; }
Field *capo_reverse_field(const Model *model, const char *name) { return named(model, name)->reverse; }
