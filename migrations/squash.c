/* SPDX-License-Identifier: BSD-3-Clause */
/* squashmigrations and optimizemigration: one migration for many, and fewer operations in one. */
#include "migration.h"
#include "make.h"
#include <capo/buffer.h>
#include <string.h>

static void say(const SquashOptions *options, const char *line)
{
    if (options->say)
        options->say(options->self, line);
}

static void add_key(MigrationKey **keys, size_t *count, const char *app, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*keys)[i].app, app) == 0 && strcmp((*keys)[i].name, name) == 0)
            return;
    MigrationKey *larger = capo_alloc_array(*count + 2, sizeof *larger);
    for (size_t i = 0; i < *count; i++)
        larger[i] = (*keys)[i];
    larger[(*count)++] = (MigrationKey){ app, name };
    *keys = larger;
}

/* The app's migrations up to the last one, from the first one on; NULL at the end. */
static const Migration **chosen(const SquashOptions *options, const MigrationGraph *graph)
{
    MigrationNode *last = graph_find_prefix(graph, options->app, options->last);
    MigrationNode *first = options->first ? graph_find_prefix(graph, options->app, options->first) : NULL;
    const Migration **list = capo_alloc_array(graph->count + 1, sizeof *list);
    size_t count = 0;
    bool begun = !first;
    for (MigrationNode **node = graph_forwards_plan(graph, last); *node; node++) {
        const Migration *migration = (*node)->migration;
        begun |= *node == first;
        if (!begun || strcmp(migration->app, options->app) != 0)
            continue;
        if (migration->replaces && migration->replaces->app)
            capo_raise(ERROR_COMMAND, "%s is squashed itself. Make it a normal migration first: when it is applied everywhere, delete the files that it replaces, "
                       "and its \"replaces\".", migration_label(migration));
        list[count++] = migration;
    }
    if (!count)
        capo_raise(ERROR_COMMAND, "%s does not come before %s, so there is nothing between them to squash.", migration_label(first->migration),
                   migration_label(last->migration));
    return list;
}

static const char *name_of(const SquashOptions *options, const Migration *first, const Migration *last)
{
    if (options->first)
        return options->name ? capo_format("%.*s_%s", (int)strcspn(first->name, "_"), first->name, options->name)
                             : capo_format("%s_squashed_%s", first->name, last->name);
    return options->name ? capo_format("0001_%s", options->name) : capo_format("0001_squashed_%s", last->name);
}

bool capo_squash_migrations(const SquashOptions *options)
{
    make_check_name(options->name);
    MigrationGraph *graph = graph_load(capo_apps(), NULL);
    const App *app = make_app_to_write(options->app);
    const Migration **list = chosen(options, graph);
    Migration squashed = { .app = options->app, .initial = !options->first };
    size_t n_replaces = 0, n_dependencies = 0, count = 0, last = 0;
    say(options, "Will squash the following migrations:");
    for (size_t i = 0; list[i]; i++) {
        say(options, capo_format(" - %s", list[i]->name));
        add_key(&squashed.replaces, &n_replaces, list[i]->app, list[i]->name);
        /* only the first one's may be of the same app: the others lead into what is squashed */
        for (const MigrationKey *key = list[i]->dependencies; key && key->app; key++)
            if (!i || strcmp(key->app, options->app) != 0)
                add_key(&squashed.dependencies, &n_dependencies, key->app, key->name);
        count += list[i]->n_operations;
        squashed.non_atomic |= list[i]->non_atomic;
        last = i;
    }
    squashed.operations = capo_alloc_array(count + 1, sizeof *squashed.operations);
    for (size_t i = 0; list[i]; i++)
        for (size_t o = 0; o < list[i]->n_operations; o++)
            squashed.operations[squashed.n_operations++] = list[i]->operations[o];
    if (options->questioner && !options->questioner->no_input
        && !options->questioner->confirm(options->questioner->self, "Do you wish to proceed?"))
        return false;
    if (!options->no_optimize) {
        squashed.operations = operations_optimized(squashed.operations, squashed.n_operations, options->app, &squashed.n_operations);
        say(options, squashed.n_operations == count ? "  No optimizations possible."
            : capo_format("  Optimized from %zu operations to %zu operations.", count, squashed.n_operations));
    }
    squashed.name = name_of(options, list[0], list[last]);
    const char *path = make_write(app, &squashed, false);
    say(options, capo_format("Created new squashed migration %s\n  Commit it and leave the old files beside it, so that all databases can go over to it. When every "
                             "one has, delete the old files and the list \"replaces\".", path));
    return true;
}

bool capo_optimize_migration(const SquashOptions *options)
{
    MigrationGraph *graph = graph_load(capo_apps(), NULL);
    const App *app = make_app_to_write(options->app);
    const Migration *migration = graph_find_prefix(graph, options->app, options->last)->migration;
    Migration optimized = *migration;
    optimized.operations = operations_optimized(migration->operations, migration->n_operations, options->app, &optimized.n_operations);
    if (optimized.n_operations == migration->n_operations) {
        say(options, "No optimizations possible.");
        return false;
    }
    say(options, capo_format("Optimizing from %zu operations to %zu operations.", migration->n_operations, optimized.n_operations));
    if (!options->check)
        say(options, capo_format("Optimized migration %s", make_write(app, &optimized, true)));
    return true;
}
