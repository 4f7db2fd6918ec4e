/* SPDX-License-Identifier: BSD-3-Clause */
/* All migrations of all apps as one graph: loaded, linked, checked for missing ones and cycles, and put in order.
 *
 * Order is the same on every machine: parents before children, and by label where there is a choice. */
#include "migration.h"
#include <capo/buffer.h>
#include <stdlib.h>
#include <string.h>

const char *migration_label(const Migration *migration)
{
    return capo_format("%s.%s", migration->app, migration->name);
}

void migration_add_dependency(Migration *migration, const char *app, const char *name)
{
    size_t count = 0;
    for (; migration->dependencies && migration->dependencies[count].app; count++)
        if (strcmp(migration->dependencies[count].app, app) == 0 && strcmp(migration->dependencies[count].name, name) == 0)
            return;
    MigrationKey *keys = capo_alloc_array(count + 2, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = migration->dependencies[i];
    keys[count] = (MigrationKey){ app, name };
    migration->dependencies = keys;
}

/* --- loading --------------------------------------------------------------------------------------------------------------------------- */

typedef struct Loading { Migration **migrations; size_t count; } Loading;

static void load_app(const App *app, Loading *loading)
{
    const char **names = capo_list_files("migrations", app);
    for (; *names; names++) {
        const char *name = *names;
        if (!capo_ends_with(name, ".json") || name[0] == '_' || name[0] == '.' || name[0] == '~' || strchr(name, '/'))
            continue;
        const SourceFile *file = capo_find_app_file(app, "migrations", name);
        if (!file)
            capo_raise(ERROR_MIGRATION, "the migration %s of the app %s cannot be read.", name, app->name);
        Migration **migrations = capo_alloc_array(loading->count + 2, sizeof *migrations);
        for (size_t i = 0; i < loading->count; i++)
            migrations[i] = loading->migrations[i];
        migrations[loading->count++] = migration_parse(app->name, capo_strndup(name, strlen(name) - 5), file->path, file->text, file->size);
        loading->migrations = migrations;
    }
}

MigrationGraph *graph_load(const App *const *apps, const Map *applied)
{
    Loading loading = { 0 };
    for (; *apps; apps++)
        load_app(*apps, &loading);
    return graph_of(loading.migrations, loading.count, applied);
}

/* --- linking ---------------------------------------------------------------------------------------------------------------------------- */

bool migration_is_first(const Migration *migration)
{
    bool first = true;
    for (const MigrationKey *key = migration->dependencies; key && key->app; key++)
        first &= strcmp(key->app, migration->app) != 0;
    return first;
}

bool migration_replaces(const Migration *squash, const char *app, const char *name)
{
    for (const MigrationKey *key = squash->replaces; key && key->app; key++)
        if (strcmp(key->app, app) == 0 && strcmp(key->name, name) == 0)
            return true;
    return false;
}

/* By its name, by that of one that it stands for, or of one that will stand for it. */
static bool is_meant(const MigrationGraph *graph, const MigrationKey *key, const Migration *migration)
{
    if (strcmp(key->app, migration->app) != 0)
        return false;
    if (strcmp(key->name, migration->name) == 0 || migration_replaces(migration, key->app, key->name))
        return true;
    for (size_t i = 0; i < graph->n_files; i++)
        if (strcmp(graph->files[i]->app, key->app) == 0 && strcmp(graph->files[i]->name, key->name) == 0 && migration_replaces(graph->files[i], migration->app, migration->name))
            return true;
    return false;
}

static bool is_last(const MigrationGraph *graph, const Migration *migration)
{
    for (size_t i = 0; i < graph->count; i++)
        for (const MigrationKey *key = graph->nodes[i]->migration->dependencies; key && key->app; key++)
            if (strcmp(graph->nodes[i]->migration->app, migration->app) == 0 && is_meant(graph, key, migration))
                return false;
    return true;
}

MigrationNode *graph_find(const MigrationGraph *graph, const char *app, const char *name)
{
    bool first = strcmp(name, MIGRATION_FIRST) == 0, last = strcmp(name, MIGRATION_LATEST) == 0;
    for (size_t i = 0; (first || last) && i < graph->count; i++)
        if (strcmp(graph->nodes[i]->migration->app, app) == 0
            && (first ? migration_is_first(graph->nodes[i]->migration) : is_last(graph, graph->nodes[i]->migration)))
            return graph->nodes[i];
    for (size_t i = 0; i < graph->count; i++) {
        const Migration *migration = graph->nodes[i]->migration;
        if (strcmp(migration->app, app) == 0 && strcmp(migration->name, name) == 0)
            return graph->nodes[i];
    }
    return NULL;
}

static bool has_node(MigrationNode *const *nodes, size_t count, const MigrationNode *node)
{
    for (size_t i = 0; i < count; i++)
        if (nodes[i] == node)
            return true;
    return false;
}

static void add_node(MigrationNode ***nodes, size_t *count, MigrationNode *node)
{
    if (has_node(*nodes, *count, node))
        return;
    if ((*count & (*count - 1)) == 0) {
        MigrationNode **larger = capo_alloc_array(*count ? 2 * *count : 1, sizeof *larger);
        for (size_t i = 0; i < *count; i++)
            larger[i] = (*nodes)[i];
        *nodes = larger;
    }
    (*nodes)[(*count)++] = node;
}

static void link_nodes(MigrationNode *parent, MigrationNode *child)
{
    add_node(&child->parents, &child->n_parents, parent);
    add_node(&parent->children, &parent->n_children, child);
}

_Noreturn static void refuse_missing(const MigrationGraph *graph, const Migration *migration, const MigrationKey *key)
{
    const char **names = capo_alloc_array(graph->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < graph->count; i++)
        if (strcmp(graph->nodes[i]->migration->app, key->app) == 0)
            names[count++] = graph->nodes[i]->migration->name;
    capo_raise(ERROR_MIGRATION, "%s: depends on %s.%s, which does not exist: %s%s", migration->path ? migration->path : migration_label(migration),
               key->app, key->name, count ? "the app has no migration of this name." : capo_app(key->app)
               ? "the app has no migrations; makemigrations makes them." : "there is no such app among the site's apps.",
               capo_did_you_mean(key->name, names, count));
}

/* A squashed migration takes the place of what it replaces, unless only a part of that has been applied. */
static bool takes_place(const Migration *squash, const Map *applied)
{
    size_t seen = 0, count = 0;
    if (!applied || capo_map_get(applied, migration_label(squash)))
        return true;
    for (const MigrationKey *key = squash->replaces; key->app; key++, count++)
        seen += capo_map_get(applied, capo_format("%s.%s", key->app, key->name)) != NULL;
    return seen == 0 || seen == count;
}

static bool has_file(Migration *const *migrations, size_t count, const MigrationKey *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(migrations[i]->app, key->app) == 0 && strcmp(migrations[i]->name, key->name) == 0)
            return true;
    return false;
}

/* Where it does not take their place, what it replaces must be here to go on with. Django's own series are not: only Django has them. */
static void refuse_half_applied(const Migration *squash, Migration *const *migrations, size_t count, const Map *applied)
{
    Buffer missing = { 0 };
    bool all_here = true;
    for (const MigrationKey *key = squash->replaces; key->app; key++) {
        all_here &= has_file(migrations, count, key);
        if (!capo_map_get(applied, capo_format("%s.%s", key->app, key->name)))
            capo_put_format(&missing, "%s%s", missing.size ? ", " : "", key->name);
    }
    if (!all_here)
        capo_raise(ERROR_MIGRATION, "%s replaces migrations of which this database has some, but not all: %s %s missing, and the files of what it "
                   "replaces are not here. Bring the database up to date with the program that made it (for Django: manage.py migrate %s), and "
                   "then run this again.", migration_label(squash), capo_buffer_text(&missing), strstr(capo_buffer_text(&missing), ", ") ? "are" : "is", squash->app);
}

static const Migration *replacing(Migration *const *migrations, size_t count, const bool *stands, const char *app, const char *name)
{
    for (size_t i = 0; i < count; i++)
        for (const MigrationKey *key = stands[i] ? migrations[i]->replaces : NULL; key && key->app; key++)
            if (strcmp(key->app, app) == 0 && strcmp(key->name, name) == 0)
                return migrations[i];
    return NULL;
}

static bool is_switched_off(const char *app_name)
{
    const App *app = capo_app(app_name);
    return app && !migrations_folder(app);
}

static void link_key(const MigrationGraph *graph, Migration *const *migrations, size_t count, const bool *stands, MigrationNode *node,
                     const MigrationKey *key, bool before)
{
    if (strcmp(key->app, node->migration->app) == 0 && strcmp(key->name, node->migration->name) == 0)
        capo_raise(ERROR_MIGRATION, "%s depends on itself. Take that out of its file.", migration_label(node->migration));
    const Migration *squash = replacing(migrations, count, stands, key->app, key->name);
    MigrationNode *other = squash ? graph_find(graph, squash->app, squash->name) : graph_find(graph, key->app, key->name);
    /* a squashed migration that does not stand yet: what depends on it depends on the last one that it will stand for */
    for (size_t i = 0; !other && i < count; i++)
        if (strcmp(migrations[i]->app, key->app) == 0 && strcmp(migrations[i]->name, key->name) == 0)
            for (const MigrationKey *old = migrations[i]->replaces; old && old->app; old++) {
                MigrationNode *found = strcmp(old->app, key->app) == 0 ? graph_find(graph, old->app, old->name) : NULL;
                other = found ? found : other;
            }
    bool has_none = !other && strcmp(key->name, MIGRATION_FIRST) == 0;
    for (size_t i = 0; has_none && i < count; i++)
        has_none = strcmp(migrations[i]->app, key->app) != 0;
    if (has_none || (!other && is_switched_off(key->app)))      /* makemigrations is about to write it; or its tables are nobody's business */
        return;
    if (!other)
        refuse_missing(graph, node->migration, key);
    if (other != node)
        before ? link_nodes(node, other) : link_nodes(other, node);
}

static int compare_nodes(const void *a, const void *b)
{
    const Migration *left = (*(MigrationNode *const *)a)->migration, *right = (*(MigrationNode *const *)b)->migration;
    int order = strcmp(left->app, right->app);
    return order ? order : strcmp(left->name, right->name);
}

static void sort_nodes(MigrationNode **nodes, size_t count)
{
    if (count > 1)
        qsort(nodes, count, sizeof *nodes, compare_nodes);
}

enum { UNSEEN, ON_PATH, DONE };

/* Depth first; `path` holds the nodes from the root to here. */
static void refuse_cycle(MigrationNode *node, MigrationNode **path, size_t depth)
{
    if (node->mark == DONE)
        return;
    if (node->mark == ON_PATH) {
        Buffer text = { 0 };
        size_t from = depth;
        while (path[from - 1] != node)
            from--;
        for (size_t i = from - 1; i < depth; i++)
            capo_put_format(&text, "%s, which depends on ", migration_label(path[i]->migration));
        capo_raise(ERROR_MIGRATION, "the migrations depend on each other in a circle: %s%s. Break it by moving a relation into a later migration "
                   "(AddField).", capo_buffer_text(&text), migration_label(node->migration));
    }
    node->mark = ON_PATH;
    path[depth] = node;
    for (size_t i = 0; i < node->n_parents; i++)
        refuse_cycle(node->parents[i], path, depth + 1);
    node->mark = DONE;
}

MigrationGraph *graph_of(Migration *const *migrations, size_t count, const Map *applied)
{
    MigrationGraph *graph = capo_alloc_struct(MigrationGraph);
    graph->files = migrations;
    graph->n_files = count;
    bool *stands = capo_alloc_array(count + 1, sizeof *stands);
    graph->nodes = capo_alloc_array(count + 1, sizeof *graph->nodes);
    for (size_t i = 0; i < count; i++)
        stands[i] = migrations[i]->replaces && migrations[i]->replaces->app && takes_place(migrations[i], applied);
    for (size_t i = 0; i < count; i++) {
        bool squash = migrations[i]->replaces && migrations[i]->replaces->app;
        if (squash && !stands[i])
            refuse_half_applied(migrations[i], migrations, count, applied);
        if ((squash && !stands[i]) || replacing(migrations, count, stands, migrations[i]->app, migrations[i]->name))
            continue;
        graph->nodes[graph->count] = capo_alloc_struct(MigrationNode);
        graph->nodes[graph->count++]->migration = migrations[i];
    }
    sort_nodes(graph->nodes, graph->count);
    for (size_t i = 0; i < graph->count; i++) {
        const Migration *migration = graph->nodes[i]->migration;
        for (const MigrationKey *key = migration->dependencies; key && key->app; key++)
            link_key(graph, migrations, count, stands, graph->nodes[i], key, false);
        for (const MigrationKey *key = migration->run_before; key && key->app; key++)
            link_key(graph, migrations, count, stands, graph->nodes[i], key, true);
    }
    MigrationNode **path = capo_alloc_array(graph->count + 1, sizeof *path);
    for (size_t i = 0; i < graph->count; i++) {
        sort_nodes(graph->nodes[i]->parents, graph->nodes[i]->n_parents);
        sort_nodes(graph->nodes[i]->children, graph->nodes[i]->n_children);
    }
    for (size_t i = 0; i < graph->count; i++)
        refuse_cycle(graph->nodes[i], path, 0);
    return graph;
}

const App *migration_app(const char *name)
{
    const App *app = capo_app(name);
    size_t count = 0;
    while (capo_apps()[count])
        count++;
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = capo_apps()[i]->name;
    if (!app)
        capo_raise(ERROR_COMMAND, "There is no app called %s among the site's apps.%s", name, capo_did_you_mean(name, names, count));
    return app;
}

/* --- asking ----------------------------------------------------------------------------------------------------------------------------- */

MigrationNode **graph_leaves(const MigrationGraph *graph, const char *app)
{
    MigrationNode **leaves = capo_alloc_array(graph->count + 1, sizeof *leaves);
    size_t count = 0;
    for (size_t i = 0; i < graph->count; i++) {
        MigrationNode *node = graph->nodes[i];
        bool leaf = strcmp(node->migration->app, app) == 0;
        for (size_t c = 0; c < node->n_children; c++)
            leaf &= strcmp(node->children[c]->migration->app, app) != 0;
        if (leaf)
            leaves[count++] = node;
    }
    return leaves;
}

void graph_refuse_conflicts(const MigrationGraph *graph)
{
    Buffer text = { 0 };
    for (size_t i = 0; i < graph->count; i++) {
        const char *app = graph->nodes[i]->migration->app;
        if (i && strcmp(graph->nodes[i - 1]->migration->app, app) == 0)
            continue;
        MigrationNode **leaves = graph_leaves(graph, app);
        for (size_t n = 0; leaves[n] && leaves[1]; n++)
            capo_put_format(&text, "%s%s%s", n ? ", " : text.size ? "; " : "", leaves[n]->migration->name, leaves[n + 1] ? "" : capo_format(" in %s", app));
    }
    if (text.size)
        capo_raise(ERROR_COMMAND, "Conflicting migrations detected; multiple leaf nodes in the migration graph: (%s). Two branches were probably "
                   "written at the same time; 'makemigrations --merge' joins them.", capo_buffer_text(&text));
}

MigrationNode *graph_find_prefix(const MigrationGraph *graph, const char *app, const char *prefix)
{
    MigrationNode *found = graph_find(graph, app, prefix);
    const char **names = capo_alloc_array(graph->count + 1, sizeof *names);
    size_t matches = 0, count = 0;
    for (size_t i = 0; i < graph->count && !found; i++)
        if (strcmp(graph->nodes[i]->migration->app, app) == 0)
            names[count++] = graph->nodes[i]->migration->name;
    for (size_t i = 0; i < count; i++)
        if (capo_starts_with(names[i], prefix)) {
            matches++;
            found = graph_find(graph, app, names[i]);
        }
    if (matches > 1)
        capo_raise(ERROR_COMMAND, "More than one migration matches '%s' in app '%s'. Please be more specific.", prefix, app);
    if (!found)
        capo_raise(ERROR_COMMAND, "Cannot find a migration matching '%s' from app '%s'.%s", prefix, app,
                   count ? capo_did_you_mean(prefix, names, count) : " The app has no migrations.");
    return found;
}

typedef struct Plan { MigrationNode **nodes; size_t count; bool backwards; } Plan;

static void visit(Plan *plan, MigrationNode *node)
{
    if (node->mark == DONE)
        return;
    node->mark = DONE;
    size_t count = plan->backwards ? node->n_children : node->n_parents;
    for (size_t i = 0; i < count; i++)
        visit(plan, plan->backwards ? node->children[i] : node->parents[i]);
    plan->nodes[plan->count++] = node;
}

static Plan plan_new(const MigrationGraph *graph, bool backwards)
{
    for (size_t i = 0; i < graph->count; i++)
        graph->nodes[i]->mark = UNSEEN;
    return (Plan){ capo_alloc_array(graph->count + 1, sizeof(MigrationNode *)), 0, backwards };
}

MigrationNode **graph_forwards_plan(const MigrationGraph *graph, MigrationNode *node)
{
    Plan plan = plan_new(graph, false);
    visit(&plan, node);
    return plan.nodes;
}

MigrationNode **graph_backwards_plan(const MigrationGraph *graph, MigrationNode *node)
{
    Plan plan = plan_new(graph, true);
    visit(&plan, node);
    return plan.nodes;
}

MigrationNode **graph_full_plan(const MigrationGraph *graph)
{
    Plan plan = plan_new(graph, false);
    for (size_t i = 0; i < graph->count; i++)
        visit(&plan, graph->nodes[i]);
    return plan.nodes;
}

/* --- states ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Applying { const Operation *operation; const char *app; const ProjectState *state; ProjectState *result; } Applying;

static void apply_to_state(void *argument)
{
    Applying *applying = argument;
    applying->result = operation_state(applying->operation, applying->app, applying->state);
}

ProjectState *migration_state(const Migration *migration, const ProjectState *state)
{
    ProjectState *result = (ProjectState *)state;
    for (size_t i = 0; i < migration->n_operations; i++) {
        Applying applying = { migration->operations[i], migration->app, result, NULL };
        const Error *error = capo_try(apply_to_state, &applying);
        if (error)
            capo_raise(ERROR_MIGRATION, "%s, operation %zu (%s): %s", migration->path ? migration->path : migration_label(migration), i + 1,
                       operation_describe(migration->operations[i]), error->message);
        result = applying.result;
    }
    return result;
}

/* Whether each model that it refers to is there too. */
static bool stands_alone(const ProjectState *state, const ModelState *model)
{
    if (model_state_base(model) && !state_find_label(state, model_state_base(model)))
        return false;
    for (size_t i = 0; i < model->n_fields; i++)
        for (const char *const *name = LIST("to", "through"); *name; name++) {
            const char *text = field_state_text(model->fields[i], *name);
            if (text && !state_find_label(state, state_label(model->app, text)))
                return false;
        }
    return true;
}

ProjectState *graph_start(const MigrationGraph *graph, bool all)
{
    ProjectState *state = state_new(), *models = NULL;
    for (const App *const *app = capo_apps(); *app; app++) {
        if (!(*app)->models || graph_leaves(graph, (*app)->name)[0] || (!all && !is_switched_off((*app)->name)))
            continue;
        models = models ? models : state_of_models();
        for (size_t i = 0; i < models->count; i++)
            if (strcmp(models->models[i]->app, (*app)->name) == 0)
                state_put(state, models->models[i]);
    }
    for (size_t i = all ? state->count : 0; i-- > 0;)
        if (!stands_alone(state, state->models[i])) {
            state_remove(state, state->models[i]->app, state->models[i]->name);
            i = state->count;
        }
    return state;
}

ProjectState *graph_state(const MigrationGraph *graph)
{
    ProjectState *state = graph_start(graph, false);
    for (MigrationNode **node = graph_full_plan(graph); *node; node++)
        state = migration_state((*node)->migration, state);
    return state;
}
