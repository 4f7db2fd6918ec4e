/* SPDX-License-Identifier: BSD-3-Clause */
/* Managers: the rows that a model's users start from. */
#include "internal.h"
#include <string.h>

static const NamedManager *find(const Model *model, const char *name)
{
    for (const NamedManager *manager = model->meta->managers; manager && manager->name; manager++)
        if (!strcmp(manager->name, name))
            return manager;
    return NULL;
}

static Query *rows_of(Model *model, const NamedManager *manager)
{
    Query *rows = capo_query_of(model);
    return manager && manager->rows ? manager->rows(rows) : rows;
}

Query *capo_manager_rows(Model *model, const char *name)
{
    const char *names[64];
    size_t count = 0;
    model = capo_model_in_use(model);
    const NamedManager *manager = find(model, name);
    if (manager)
        return rows_of(model, manager);
    for (const NamedManager *other = model->meta->managers; other && other->name && count < 64; other++)
        names[count++] = other->name;
    capo_raise(ERROR_FIELD, "%s has no manager called \"%s\".%s", model->label, name, capo_did_you_mean(name, names, count));
}

Query *capo_default_rows(Model *model)
{
    model = capo_model_in_use(model);
    const MetaOptions *meta = model->meta;
    return rows_of(model, meta->default_manager_name ? find(model, meta->default_manager_name) : meta->managers);
}

bool capo_has_default_manager(const Model *model)
{
    const MetaOptions *meta = model->meta;
    return meta->default_manager_name || (meta->managers && meta->managers->name);
}

bool capo_has_base_manager(const Model *model)
{
    return model->meta->base_manager_name != NULL;
}

Query *capo_base_rows(Model *model)
{
    model = capo_model_in_use(model);
    return rows_of(model, capo_has_base_manager(model) ? find(model, model->meta->base_manager_name) : NULL);
}
