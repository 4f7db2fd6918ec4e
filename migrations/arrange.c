/* SPDX-License-Identifier: BSD-3-Clause */
/* Planned operations of all apps, cut into migrations that do not depend on each other in a circle, then numbered and named.
 *
 * The operations come in one order that is right. An app's are never reordered; it gets one migration with all of them if what they need
 * from other apps is there before, and is cut in two where two apps need each other. */
#include "detector.h"
#include <capo/buffer.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool refers(const Planned *planned, const char *app, const char *model)
{
    const char *label = capo_format("%s.%s", app, model);
    for (const char **r = planned->refers; *r; r++)
        if (same_name(*r, label))
            return true;
    return false;
}

static bool is_key_of(const Planned *planned, const char *name)
{
    const Operation *op = planned->operation;
    for (size_t i = 0; i < op->n_fields + 1; i++) {
        const FieldState *field = i < op->n_fields ? op->fields[i] : op->field;
        const char *to_field = field ? field_state_text(field, "to_field") : NULL;
        if (to_field && strcmp(to_field, name) == 0)
            return true;
    }
    return false;
}

/* Whether `later` needs `earlier`, an operation of another app, to be done. */
static bool needs(const Planned *later, const Planned *earlier)
{
    const Operation *first = earlier->operation, *second = later->operation;
    bool model_change = first->kind == CREATE_MODEL || first->kind == RENAME_MODEL || first->kind == DELETE_MODEL;
    bool field_change = first->kind == ADD_FIELD || first->kind == ALTER_FIELD || first->kind == RENAME_FIELD;
    if (model_change && (refers(later, earlier->app, first->model) || (first->new_name && refers(later, earlier->app, first->new_name))))
        return true;
    if (field_change && refers(later, earlier->app, first->model)
        && ((first->field && field_state_flag(first->field, "primary_key")) || is_key_of(later, first->new_name ? first->new_name : first->name)))
        return true;
    return (second->kind == DELETE_MODEL || second->kind == RENAME_MODEL) && refers(earlier, later->app, second->model);
}

typedef struct Arrangement {
    Detector *detector;
    const MigrationGraph *graph;
    const char **apps; size_t n_apps;               /* in the order in which they first occur */
    DetectedApp *detected;
} Arrangement;

/* How many of the app's remaining operations can be done now; *ret_remaining: how many there are. */
static size_t possible(const Arrangement *arrangement, const char *app, size_t *ret_remaining)
{
    const Detector *detector = arrangement->detector;
    size_t done = 0;
    bool blocked = false;
    *ret_remaining = 0;
    for (size_t j = 0; j < detector->count; j++) {
        const Planned *later = &detector->planned[j];
        if (strcmp(later->app, app) != 0 || later->migration)
            continue;
        ++*ret_remaining;
        for (size_t i = 0; i < j && !blocked; i++) {
            const Planned *earlier = &detector->planned[i];
            blocked = !earlier->migration && strcmp(earlier->app, app) != 0 && needs(later, earlier);
        }
        done += !blocked;
    }
    return done;
}

/* The app's migration that others depend on as it was before this run; NULL: it has none. */
static const Migration *leaf_of(const MigrationGraph *graph, const char *app)
{
    MigrationNode **leaves = graph_leaves(graph, app);
    return leaves[0] ? leaves[0]->migration : NULL;
}

/* A key to the site's user model depends on the first migration of its app, whichever app that is on another site: if the model is made there. */
static bool is_made_first(const Migration *migration, const char *model)
{
    for (size_t i = 0; i < migration->n_operations; i++)
        if (migration->operations[i]->kind == CREATE_MODEL && same_name(migration->operations[i]->model, model))
            return migration_is_first(migration);
    return false;
}

/* Dependencies on apps whose models this run leaves as they are: on their last migration. */
static void depend(const Arrangement *arrangement, Migration *migration, size_t j)
{
    const Planned *later = &arrangement->detector->planned[j];
    for (const char **label = later->refers; *label; label++) {
        const char *dot = strchr(*label, '.'), *app = capo_strndup(*label, (size_t)(dot - *label));
        bool in_this_run = false;
        for (size_t i = 0; i < j; i++) {
            const Operation *op = arrangement->detector->planned[i].operation;
            bool names_it = (op->kind == CREATE_MODEL && same_name(op->model, dot + 1)) || (op->new_name && same_name(op->new_name, dot + 1));
            in_this_run |= names_it && (op->kind == CREATE_MODEL || op->kind == RENAME_MODEL) && strcmp(arrangement->detector->planned[i].app, app) == 0;
        }
        MigrationNode *first = in_this_run || strcmp(app, later->app) == 0 || !swappable_is_user_model(app, dot + 1) ? NULL
                                                                               : graph_find(arrangement->graph, app, MIGRATION_FIRST);
        if (first && is_made_first(first->migration, dot + 1)) {
            migration_add_dependency(migration, app, MIGRATION_FIRST);
            continue;
        }
        const Migration *leaf = in_this_run || strcmp(app, later->app) == 0 ? NULL : leaf_of(arrangement->graph, app);
        if (leaf)
            migration_add_dependency(migration, leaf->app, leaf->name);
        else if (!in_this_run && strcmp(app, later->app) != 0 && !(capo_app(app) && !migrations_folder(capo_app(app))))
            capo_raise(ERROR_COMMAND, "%s.%s refers to %s, but the app %s has no migrations. Run makemigrations %s first.", later->app,
                       later->operation->model, *label, app, app);
    }
}

/* Puts the next `count` operations of the app into a new migration. Names, and with them dependencies, come when all are cut. */
static void cut(Arrangement *arrangement, DetectedApp *detected, size_t count)
{
    Detector *detector = arrangement->detector;
    Migration *migration = capo_alloc_struct(Migration);
    const Migration *leaf = leaf_of(arrangement->graph, detected->app);
    *migration = (Migration){ .app = detected->app, .initial = !leaf };
    migration->operations = capo_alloc_array(count + 1, sizeof *migration->operations);
    for (size_t j = 0; j < detector->count && migration->n_operations < count; j++)
        if (strcmp(detector->planned[j].app, detected->app) == 0 && !detector->planned[j].migration) {
            migration->operations[migration->n_operations++] = detector->planned[j].operation;
            detector->planned[j].migration = migration;
        }
    Migration **migrations = capo_alloc_array(detected->count + 2, sizeof *migrations);
    for (size_t i = 0; i < detected->count; i++)
        migrations[i] = detected->migrations[i];
    migrations[detected->count++] = migration;
    detected->migrations = migrations;
}

/* --- names -------------------------------------------------------------------------------------------------------------------------------- */

const char *migration_made_name(const Migration *migration)
{
    enum { LONGEST = 52 };
    Buffer name = { 0 };
    if (migration->initial)
        return "initial";
    for (size_t i = 0; i < migration->n_operations; i++) {
        const char *fragment = operation_fragment(migration->operations[i]);
        if (!fragment || (!i && strlen(fragment) > LONGEST)) {
            DateParts now = capo_local(capo_now(), NULL);
            return capo_format("auto_%s", capo_strftime(&now, "%Y%m%d_%H%M"));
        }
        if (i && name.size + 1 + strlen(fragment) > LONGEST) {
            capo_put(&name, "_and_more");
            break;
        }
        capo_put_format(&name, "%s%s", i ? "_" : "", fragment);
    }
    return name.size ? capo_buffer_text(&name) : "empty";
}

static int number_of(const Migration *migration)
{
    return migration ? atoi(migration->name) : 0;
}

static void name_migrations(const Arrangement *arrangement, DetectedApp *detected, const char *name)
{
    const Migration *before = leaf_of(arrangement->graph, detected->app);
    int number = number_of(before);
    for (size_t i = 0; i < detected->count; i++) {
        Migration *migration = detected->migrations[i];
        migration->operations = operations_optimized(migration->operations, migration->n_operations, migration->app, &migration->n_operations);
        migration->name = capo_format("%04d_%s", ++number, name ? name : migration_made_name(migration));
        if (before)
            migration_add_dependency(migration, before->app, before->name);
        before = migration;
    }
}

/* --- the apps that were asked for, and what they need --------------------------------------------------------------------------------------- */

static bool has_name(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const char **with_needed(const Arrangement *arrangement, const char *const *only)
{
    const char **wanted = capo_alloc_array(arrangement->n_apps + 1, sizeof *wanted);
    size_t count = 0;
    for (size_t i = 0; i < arrangement->n_apps; i++)
        if (!only || has_name(only, arrangement->apps[i]))
            wanted[count++] = arrangement->apps[i];
    for (size_t w = 0; w < count; w++)                  /* grows while it is walked */
        for (size_t i = 0; i < arrangement->n_apps; i++)
            for (size_t m = 0; strcmp(arrangement->apps[i], wanted[w]) == 0 && m < arrangement->detected[i].count; m++)
                for (MigrationKey *key = arrangement->detected[i].migrations[m]->dependencies; key && key->app; key++) {
                    bool in_this_run = !graph_find(arrangement->graph, key->app, key->name);
                    if (in_this_run && !has_name(wanted, key->app))
                        wanted[count++] = key->app;
                }
    return wanted;
}

DetectedApp *arrange_operations(Detector *detector, const MigrationGraph *graph, const char *const *only, const char *name, size_t *ret_count)
{
    Arrangement arrangement = { .detector = detector, .graph = graph };
    arrangement.apps = capo_alloc_array(detector->count + 1, sizeof *arrangement.apps);
    for (size_t i = 0; i < detector->count; i++)
        if (!has_name(arrangement.apps, detector->planned[i].app))
            arrangement.apps[arrangement.n_apps++] = detector->planned[i].app;
    arrangement.detected = capo_alloc_array(arrangement.n_apps + 1, sizeof *arrangement.detected);
    for (size_t i = 0; i < arrangement.n_apps; i++)
        arrangement.detected[i].app = arrangement.apps[i];
    for (;;) {
        size_t remaining, left = 0, best = 0, best_count = 0;
        bool progress = false;
        for (size_t i = 0; i < arrangement.n_apps; i++) {
            size_t count = possible(&arrangement, arrangement.apps[i], &remaining);
            left += remaining;
            if (remaining && count == remaining) {
                cut(&arrangement, &arrangement.detected[i], count);
                progress = true;
            } else if (count > best_count) {
                best = i;
                best_count = count;
            }
        }
        if (!left)
            break;
        if (!progress && !best_count)
            capo_bug("makemigrations: %zu operations wait for each other.", left);
        if (!progress)
            cut(&arrangement, &arrangement.detected[best], best_count);
    }
    for (size_t i = 0; i < arrangement.n_apps; i++)
        name_migrations(&arrangement, &arrangement.detected[i], name);
    for (size_t j = 0; j < detector->count; j++) {
        Planned *later = &detector->planned[j];
        for (size_t i = 0; i < j; i++)
            if (detector->planned[i].migration != later->migration && strcmp(detector->planned[i].app, later->app) != 0
                && needs(later, &detector->planned[i])) {
                const Planned *first = &detector->planned[i];
                bool of_users = first->operation->kind == CREATE_MODEL && swappable_is_user_model(first->app, first->operation->model)
                    && is_made_first(first->migration, first->operation->model);
                migration_add_dependency(later->migration, first->app, of_users ? MIGRATION_FIRST : first->migration->name);
            }
    }
    for (size_t j = 0; j < detector->count; j++)
        depend(&arrangement, detector->planned[j].migration, j);
    const char **wanted = with_needed(&arrangement, only);
    DetectedApp *result = capo_alloc_array(arrangement.n_apps + 1, sizeof *result);
    *ret_count = 0;
    for (size_t i = 0; i < arrangement.n_apps; i++)
        if (has_name(wanted, arrangement.apps[i]))
            result[(*ret_count)++] = arrangement.detected[i];
    return result;
}
