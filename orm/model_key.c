/* SPDX-License-Identifier: BSD-3-Clause */
/* Which fields are a model's key: `id`, the one of MODEL_KEY, those of MODEL_KEYS, or of a child the link to its parent. */
#include "model_resolver.h"
#include <string.h>

/* The fields that "hall, number" names become parts of the key. */
static void find_key_parts(Resolver *resolver, Model *model, Field *key)
{
    key->primary_key = key->unique = key->in_key = true;
    key->editable = false;
    key->parts = arena_alloc(resolver->arena, (model->n_fields + 1) * sizeof *key->parts);
    for (const char *name = key->row->key_names; name && *name;) {
        size_t size = strcspn(name, ", ");
        char *one = arena_strndup(resolver->arena, name, size);
        Field *part = resolver_scan_field(model, one);
        name += size + strspn(name + size, ", ");
        for (size_t i = 0; part && i < key->n_parts; i++)
            if (key->parts[i] == part)
                part = NULL;
        if (!part || !part->column)
            resolver_problem(resolver, "%s: its key names \"%s\", which is no field of its own with a column, or named twice.%s", model->label, one,
                             resolver_suggestion(model, one));
        else if (part->null || part->generated || capo_field_is_automatic(part->kind))
            resolver_problem(resolver, "%s.%s: a part of the key cannot be %s.", model->label, part->name,
                             part->generated ? "GENERATED" : part->null ? "OPTIONAL" : "a number that counts up");
        else
            key->parts[key->n_parts++] = part;
        if (part)
            part->in_key = true;
    }
    if (key->n_parts < 2)
        resolver_problem(resolver, "%s: a composite key is made of two fields at least.", model->label);
}

/* Of a proxy: the same over its own fields. */
static Field *copied_key(Resolver *resolver, Model *model, const Field *of)
{
    Field *key = arena_alloc(resolver->arena, sizeof *key);
    *key = *of;
    key->model = model;
    key->inherited = of;
    key->parts = arena_alloc(resolver->arena, (of->n_parts + 1) * sizeof *key->parts);
    for (size_t i = 0; i < of->n_parts; i++)
        key->parts[i] = capo_own_field(model, of->parts[i]);
    return key;
}

void resolver_find_key(Resolver *resolver, Model *model)
{
    if (model->pk) {
        find_key_parts(resolver, model, model->pk);
        return;
    }
    if (model->base && model->inheritance == INHERITS_ALL && model->base->pk && model->base->pk->kind == FIELD_COMPOSITE_KEY) {
        model->pk = copied_key(resolver, model, model->base->pk);
        return;
    }
    model->pk = model->fields[0];               /* MODEL puts `id` there, MODEL_KEY its key */
    if (model->parent_link)
        model->pk = model->parent_link;
    for (size_t i = 0; i < model->n_fields; i++)
        if (!model->fields[i]->inherited && model->fields[i]->row->primary_key)
            model->pk = model->fields[i];
    Field *pk = model->pk;
    if (pk->inherited)
        return;
    pk->primary_key = pk->unique = pk->in_key = true;
    pk->db_index = false;
    if (capo_field_is_automatic(pk->kind)) {
        pk->auto_created = !strcmp(pk->name, "id") && !pk->row->options.common.verbose_name;
        if (pk->auto_created)
            pk->verbose_name = pk->label = "ID";
    } else if (pk->null) {
        resolver_problem(resolver, "%s.%s: a primary key cannot be OPTIONAL.", model->label, pk->name);
    }
}
