/* SPDX-License-Identifier: BSD-3-Clause */
/* Natural keys, and which models a dump has in which order. */
#include "internal.h"
#include <capo/serializers.h>
#include <string.h>

enum { MOST_PATHS = 16, DEEPEST = 8 };

/* A chain of keys that leads back to itself ends at the deepest level: such a key says nothing. */
static bool put_paths(const Model *model, const char *prefix, const char **paths, size_t *count, int depth)
{
    for (const char *const *part = model->meta->natural_key; *part; part++) {
        const Field *field = capo_field(model, *part);
        const char *path = *prefix ? capo_format("%s__%s", prefix, *part) : *part;
        if (field && field->target) {
            if (depth == DEEPEST || !field->target->meta->natural_key || !put_paths(field->target, path, paths, count, depth + 1))
                return false;
        } else if (*count == MOST_PATHS) {
            return false;
        } else {
            paths[(*count)++] = path;
        }
    }
    return true;
}

const char *const *capo_natural_key(const Model *model)
{
    if (!model->meta->natural_key || !model->meta->natural_key[0])
        return NULL;
    const char **paths = capo_alloc_array(MOST_PATHS + 1, sizeof *paths);
    size_t count = 0;
    if (!put_paths(model, "", paths, &count, 0))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s: .natural_key names a key to a model that has no natural key, or leads back to itself.", model->label);
    return paths;
}

static bool is_in(Model *const *models, size_t count, const Model *model)
{
    for (size_t i = 0; i < count; i++)
        if (models[i] == model)
            return true;
    return false;
}

/* Whether all models that this one refers to by natural keys are among those done, or not asked for at all. */
static bool is_ready(const Model *model, Model *const *models, size_t count, Model *const *done, size_t n_done)
{
    for (size_t i = 0; i < model->n_fields + model->n_many; i++) {
        const Field *field = i < model->n_fields ? model->fields[i] : model->many[i - model->n_fields];
        bool made = field->kind != FIELD_MANY_TO_MANY || field->through->auto_created;
        if (field->target && made && !field->inherited && field->target != model && field->target->meta->natural_key && is_in(models, count, field->target)
            && !is_in(done, n_done, field->target))
            return false;
    }
    return true;
}

/* Round by round, each from the other end, as Django goes; where nothing is ready the last one goes as it is. */
Model **capo_models_by_dependency(Model *const *models, size_t count)
{
    Model **done = capo_alloc_array(count + 1, sizeof *done), **left = capo_alloc_array(count + 1, sizeof *left), **skipped = capo_alloc_array(count + 1, sizeof *left);
    size_t n_done = 0, n_left = count;
    for (size_t i = 0; i < count; i++)
        left[i] = models[count - 1 - i];
    while (n_left) {
        size_t n_skipped = 0, before = n_done;
        while (n_left) {
            Model *model = left[--n_left];
            if (is_ready(model, models, count, done, n_done))
                done[n_done++] = model;
            else
                skipped[n_skipped++] = model;
        }
        if (n_done == before)
            done[n_done++] = skipped[--n_skipped];
        memcpy(left, skipped, n_skipped * sizeof *left);
        n_left = n_skipped;
    }
    return done;
}

static bool has_rows(const Model *model)
{
    return !model->auto_created && !model->abstract && !model->swapped && model->concrete == model;
}

Model **capo_models_named(const char *const *labels)
{
    size_t count, n = 0;
    Model *const *all = capo_all_models(&count);
    Model **found = capo_alloc_array(count + 1, sizeof *found);
    for (; labels && *labels; labels++) {
        Model *model = strchr(*labels, '.') ? capo_model(*labels) : NULL;
        if (!model && (strchr(*labels, '.') || !capo_app(*labels))) {
            const char **names = capo_alloc_array(2 * count + 1, sizeof *names);
            size_t n_names = 0;
            for (size_t i = 0; i < count; i++) {
                names[n_names++] = all[i]->label;
                names[n_names++] = all[i]->app;
            }
            capo_raise(ERROR_COMMAND, strchr(*labels, '.') ? "There is no model %s.%s" : "There is no app %s among the site's apps.%s", *labels,
                       capo_did_you_mean(*labels, names, n_names));
        }
        for (size_t i = 0; i < count; i++)
            if ((model ? all[i] == model : !strcmp(all[i]->app, *labels)) && has_rows(all[i]) && !is_in(found, n, all[i]))
                found[n++] = all[i];
    }
    return found;
}
