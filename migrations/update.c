/* SPDX-License-Identifier: BSD-3-Clause */
/* makemigrations --update: what changed goes into the last migration of each app, which nobody may have applied or built upon yet. */
#include "make.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Update { const DetectedApp *detected; const Migration *leaf; Migration *merged; } Update;

static const Migration *leaf_to_update(const MigrationGraph *graph, const Map *applied, const char *app)
{
    MigrationNode *node = graph_leaves(graph, app)[0];
    if (!node)
        capo_raise(ERROR_COMMAND, "App %s has no migration, cannot update last migration.", app);
    const Migration *leaf = node->migration;
    if (leaf->replaces && leaf->replaces->app)
        capo_raise(ERROR_COMMAND, "Cannot update squash migration '%s'.", migration_label(leaf));
    if (capo_map_get(applied, migration_label(leaf)))
        capo_raise(ERROR_COMMAND, "Cannot update applied migration '%s'. Take it back first (migrate %s to the one before), or make a new one.", migration_label(leaf), app);
    if (node->n_children)
        capo_raise(ERROR_COMMAND, "Cannot update migration '%s' that migration '%s' depends on.", migration_label(leaf), migration_label(node->children[0]->migration));
    return leaf;
}

static Migration *merged_with(const DetectedApp *detected, const Migration *leaf, const char *name)
{
    Migration *merged = capo_memdup(leaf, sizeof *leaf);
    size_t count = leaf->n_operations;
    for (size_t m = 0; m < detected->count; m++)
        count += detected->migrations[m]->n_operations;
    merged->operations = capo_alloc_array(count + 1, sizeof *merged->operations);
    memcpy(merged->operations, leaf->operations, leaf->n_operations * sizeof *merged->operations);
    for (size_t m = 0; m < detected->count; m++)
        for (size_t i = 0; i < detected->migrations[m]->n_operations; i++)
            merged->operations[merged->n_operations++] = detected->migrations[m]->operations[i];
    merged->operations = operations_optimized(merged->operations, merged->n_operations, leaf->app, &merged->n_operations);
    merged->name = capo_format("%04d_%s", atoi(leaf->name), name ? name : migration_made_name(merged));
    if (strcmp(merged->name, leaf->name) == 0)
        merged->name = capo_format("%s_updated", leaf->name);
    return merged;
}

/* What the new ones need; of what is new itself the file that it goes into. */
static void take_dependencies(Update *update, const Update *all, size_t count)
{
    for (size_t m = 0; m < update->detected->count; m++)
        for (const MigrationKey *key = update->detected->migrations[m]->dependencies; key && key->app; key++) {
            const char *name = key->name;
            if (strcmp(key->app, update->detected->app) == 0)
                continue;
            for (size_t i = 0; i < count; i++)
                if (strcmp(all[i].detected->app, key->app) == 0)
                    name = all[i].merged->name;
            migration_add_dependency(update->merged, key->app, name);
        }
}

int make_update(const MakeOptions *options, const MigrationGraph *graph, const DetectedApp *detected, size_t count)
{
    Update *updates = capo_alloc_array(count + 1, sizeof *updates);
    Map *applied = recorder_applied();
    Written *written = NULL;
    for (size_t i = 0; i < count; i++) {
        const Migration *leaf = leaf_to_update(graph, applied, detected[i].app);
        updates[i] = (Update){ &detected[i], leaf, merged_with(&detected[i], leaf, options->name) };
    }
    for (size_t i = 0; i < count; i++)
        take_dependencies(&updates[i], updates, count);
    for (size_t i = 0; i < count; i++) {
        const App *app = make_app_to_write(updates[i].leaf->app);
        make_announce(options, app, updates[i].merged, true);
        if (!options->dry_run)
            make_write_one(app, updates[i].merged, false, &written);
    }
    make_tell_paths(options, written);
    for (size_t i = 0; i < count && !options->dry_run; i++) {
        const char *old = migration_path(capo_app(updates[i].leaf->app), updates[i].leaf->name);
        if (unlink(old) != 0)
            capo_raise(ERROR_COMMAND, "%s was written, but %s, which it replaces, cannot be deleted. Delete it by hand.", updates[i].merged->name, old);
    }
    MigrationGraph *now = options->dry_run ? NULL : graph_load(capo_apps(), NULL);
    for (size_t i = 0; now && i < count; i++)
        newest_write(now, capo_app(updates[i].leaf->app), true);
    return (int)count;
}
