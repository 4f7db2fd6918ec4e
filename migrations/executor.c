/* SPDX-License-Identifier: BSD-3-Clause */
/* migrate: which migrations are to be applied or unapplied, in what order and with what is said; run.c does each.
 *
 * Of two runs at once one waits for the other's lock before it looks at what is applied. */
#include "migration.h"
#include "journal.h"
#include <capo/buffer.h>
#include <capo/model_signals.h>
#include <string.h>

static void say(const MigrateOptions *options, const char *line)
{
    if (options->say && options->verbosity >= 0)
        options->say(options->self, line);
}

static bool is_wordy(const MigrateOptions *options) { return options->verbosity > 1; }

static void say_apps(const MigrateOptions *options, const char *when)
{
    for (const App *const *app = capo_apps(); *app && is_wordy(options); app++)
        say(options, capo_format("Running %s-migrate handlers for application %s", when, (*app)->name));
}

static void tell_apps(Signal *signal)
{
    for (const App *const *app = capo_apps(); *app && signal->count; app++)
        capo_send_event(signal, &(SignalEvent){ .sender = *app, .app = *app });
}

enum { HOOKS = 16 };
static void (*hooks[HOOKS])(void);
static size_t n_hooks;

void capo_after_migrate(void (*function)(void))
{
    for (size_t i = 0; i < n_hooks; i++)
        if (hooks[i] == function)
            return;
    if (n_hooks == HOOKS)
        capo_bug("more than %d functions for capo_after_migrate().", HOOKS);
    hooks[n_hooks++] = function;
}

void capo_run_after_migrate(void)
{
    for (size_t i = 0; i < n_hooks; i++)
        hooks[i]();
    tell_apps(&capo_post_migrate);
}

/* --- what is applied --------------------------------------------------------------------------------------------------------------------- */

/* Recorded itself, or all that it replaces is. */
static bool is_applied(const Migration *migration, const Map *applied)
{
    const MigrationKey *key = migration->replaces;
    if (capo_map_get(applied, migration_label(migration)))
        return true;
    if (!key || !key->app)
        return false;
    for (; key->app; key++)
        if (!capo_map_get(applied, capo_format("%s.%s", key->app, key->name)))
            return false;
    return true;
}

static void refuse_inconsistent(const MigrationGraph *graph, const Map *applied)
{
    for (size_t i = 0; i < graph->count; i++) {
        const MigrationNode *node = graph->nodes[i];
        for (size_t p = 0; is_applied(node->migration, applied) && p < node->n_parents; p++)
            if (!is_applied(node->parents[p]->migration, applied))
                capo_raise(ERROR_MIGRATION, "Migration %s is applied before its dependency %s on this database. Either a dependency was added to a "
                           "migration after it had been applied, or django_migrations was edited. If the database already is as %s makes it, record "
                           "that: migrate %s %s --fake.", migration_label(node->migration), migration_label(node->parents[p]->migration),
                           node->parents[p]->migration->name, node->parents[p]->migration->app, node->parents[p]->migration->name);
    }
}

/* A user model is chosen before the first migrate: keys of other tables point to the table that was there then. */
static void refuse_changed_user_model(const MigrationGraph *graph, const Map *applied)
{
    const char *label = capo_swappable_label(AUTH_USER_CHOICE), *app = capo_strndup(label, strcspn(label, "."));
    const MigrationNode *first = graph_find(graph, app, MIGRATION_FIRST), *auth = graph_find(graph, "auth", MIGRATION_FIRST);
    const Model *own = capo_model(label);
    bool is_own = !same_name(label, "auth.User"), auth_applied = auth && is_applied(auth->migration, applied);
    if (is_own && own && own->managed && !first)
        capo_raise(ERROR_MIGRATION, "The app %s of the user model %s has no migrations, and other tables have keys to it. Run makemigrations %s first.", app,
                   label, app);
    if (!auth_applied || !first || !own)
        return;
    bool has_auth_user = capo_schema_has_table("auth_user"), changed = is_own ? has_auth_user && strcmp(own->table, "auth_user") != 0
        && !is_applied(first->migration, applied) : !has_auth_user && capo_schema_has_table("auth_group");
    for (size_t i = 0; i < first->n_children && is_own && !changed; i++)
        changed = !is_applied(first->migration, applied) && is_applied(first->children[i]->migration, applied);
    if (changed)
        capo_raise(ERROR_MIGRATION, "The site's user model is %s, and this database was made for another one: its tables have keys to that one's rows, which "
                   "no migration can turn. Go back to the user model that it was made for, or begin with an empty database and load the users into "
                   "it (dumpdata, loaddata). Nothing was changed.", label);
}

static void report_edited(const MigrateOptions *options, const MigrationGraph *graph, const Map *applied)
{
    Map *checksums = recorder_checksums();
    for (size_t i = 0; i < graph->count; i++) {
        const Migration *migration = graph->nodes[i]->migration;
        Value *known = capo_map_get(checksums, migration_label(migration));
        if (known && is_applied(migration, applied) && strcmp(known->text, migration_checksum(migration)) != 0)
            say(options, capo_format("  Warning: %s was edited after it had been applied to this database (checksum mismatch): the tables may differ from "
                                     "what the file says now.", migration_label(migration)));
    }
}

/* --- the plan ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Plan { MigrationNode **nodes; size_t count; bool backwards; } Plan;

static bool planned(const Plan *plan, const MigrationNode *node)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->nodes[i] == node)
            return true;
    return false;
}

static void plan_forwards(Plan *plan, const MigrationGraph *graph, MigrationNode *target, const Map *applied)
{
    for (MigrationNode **node = graph_forwards_plan(graph, target); *node; node++)
        if (!is_applied((*node)->migration, applied) && !planned(plan, *node))
            plan->nodes[plan->count++] = *node;
}

static void plan_backwards(Plan *plan, const MigrationGraph *graph, MigrationNode *target, const Map *applied)
{
    plan->backwards = true;
    for (MigrationNode **node = graph_backwards_plan(graph, target); *node; node++)
        if (is_applied((*node)->migration, applied) && !planned(plan, *node))
            plan->nodes[plan->count++] = *node;
}

/* Back to a migration that is applied, or none: what the app has behind it goes, with all that depends on it. */
static void plan_back_to(Plan *plan, const MigrationGraph *graph, const char *app, MigrationNode *target, const Map *applied)
{
    plan->backwards = true;
    for (size_t i = 0; i < graph->count; i++) {
        MigrationNode *node = graph->nodes[i];
        bool behind = strcmp(node->migration->app, app) == 0;
        if (target) {
            bool child = false;
            for (size_t c = 0; c < target->n_children; c++)
                child |= target->children[c] == node;
            behind &= child;
        }
        if (behind)
            plan_backwards(plan, graph, node, applied);
    }
}

static Plan make_plan(const MigrateOptions *options, const MigrationGraph *graph, const Map *applied)
{
    Plan plan = { .nodes = capo_alloc_array(graph->count + 1, sizeof *plan.nodes) };
    if (!options->app) {
        for (MigrationNode **node = graph_full_plan(graph); *node; node++)
            plan_forwards(&plan, graph, *node, applied);
        return plan;
    }
    migration_app(options->app);
    if (options->target && strcmp(options->target, "zero") == 0) {
        plan_back_to(&plan, graph, options->app, NULL, applied);
        return plan;
    }
    if (options->target) {
        MigrationNode *target = graph_find_prefix(graph, options->app, options->target);
        if (is_applied(target->migration, applied))
            plan_back_to(&plan, graph, options->app, target, applied);
        else
            plan_forwards(&plan, graph, target, applied);
        return plan;
    }
    MigrationNode **leaves = graph_leaves(graph, options->app);
    if (!leaves[0])
        capo_raise(ERROR_COMMAND, "App '%s' does not have migrations. 'makemigrations %s' makes them.", options->app, options->app);
    plan_forwards(&plan, graph, leaves[0], applied);
    return plan;
}

static void refuse_irreversible(const Plan *plan)
{
    for (size_t i = 0; plan->backwards && i < plan->count; i++)
        for (size_t o = 0; o < plan->nodes[i]->migration->n_operations; o++)
            if (!operation_reversible(plan->nodes[i]->migration->operations[o], plan->nodes[i]->migration->app))
                capo_raise(ERROR_MIGRATION, "%s cannot be undone: its operation %zu (%s) is not reversible. Nothing was changed. A RunSQL is reversible with "
                           "\"backwards\", a RunFunction with .backwards in its row.", migration_label(plan->nodes[i]->migration), o + 1,
                           operation_describe(plan->nodes[i]->migration->operations[o]));
}

/* --- migrate --------------------------------------------------------------------------------------------------------------------------------- */

static void say_what(const MigrateOptions *options, const MigrationGraph *graph)
{
    Buffer apps = { 0 };
    for (size_t i = 0; i < graph->count; i++)
        if (!i || strcmp(graph->nodes[i - 1]->migration->app, graph->nodes[i]->migration->app) != 0)
            capo_put_format(&apps, "%s%s", apps.size ? ", " : "", graph->nodes[i]->migration->app);
    say(options, "Operations to perform:");
    if (!options->target)
        say(options, capo_format("  Apply all migrations: %s", options->app ? options->app : apps.size ? capo_buffer_text(&apps) : "(none)"));
    else if (strcmp(options->target, "zero") == 0)
        say(options, capo_format("  Unapply all migrations: %s", options->app));
    else
        say(options, capo_format("  Target specific migration: %s, from %s", graph_find_prefix(graph, options->app, options->target)->migration->name, options->app));
}

static void say_plan(const MigrateOptions *options, const Plan *plan)
{
    say(options, "Planned operations:");
    if (!plan->count)
        say(options, "  No planned migration operations.");
    for (size_t i = 0; i < plan->count; i++) {
        const Migration *migration = plan->nodes[i]->migration;
        say(options, migration_label(migration));
        for (size_t o = 0; o < migration->n_operations; o++) {
            const Operation *op = migration->operations[plan->backwards ? migration->n_operations - 1 - o : o];
            const char *undo = !plan->backwards ? "" : operation_reversible(op, migration->app) ? "Undo " : "IRREVERSIBLE ";
            say(options, capo_format("    %s%s", undo, operation_describe(op)));
        }
    }
}

typedef struct Changes { const MigrationGraph *graph; DetectedApp *apps; size_t count; } Changes;

static void find_changes(void *argument)
{
    Changes *changes = argument;
    changes->apps = detect_changes(graph_state(changes->graph), state_of_models(), changes->graph, NULL, NULL, NULL, &changes->count);
}

/* Only a hint: what makemigrations would refuse is for makemigrations to say. */
static void say_of_changes(const MigrateOptions *options, const MigrationGraph *graph)
{
    Changes changes = { .graph = graph };
    Buffer names = { 0 };
    const Error *error = capo_try(find_changes, &changes);
    for (size_t i = 0; !error && i < changes.count; i++)
        capo_put_format(&names, "%s'%s'", i ? ", " : "", changes.apps[i].app);
    if (!error && !changes.count)
        return;
    say(options, error ? "  Your models have changes that are not yet reflected in a migration, and so won't be applied." : capo_format(
        "  Your models in app(s): %s have changes that are not yet reflected in a migration, and so won't be applied.", capo_buffer_text(&names)));
    say(options, "  Run 'makemigrations' to make new migrations, and then re-run 'migrate' to apply them.");
}

/* What a migration says of itself stands on lines of its own, and its own line is begun anew behind that. */
typedef struct Inside { const MigrateOptions *options; bool spoke; } Inside;

static void say_inside(void *self, const char *line)
{
    Inside *inside = self;
    if (inside->options->begin && !inside->spoke)
        say(inside->options, "");
    inside->spoke = true;
    say(inside->options, line);
}

static int run_plan(const MigrateOptions *options, const MigrationGraph *graph, const Map *applied, const Plan *plan)
{
    MigrationNode **full = graph_full_plan(graph);
    ProjectState *state = graph_start(graph, true);
    int done = 0;
    size_t count = 0;
    while (full[count])
        count++;
    /* the states around each migration, with all others that are applied or will be */
    ProjectState **before = capo_alloc_array(count + 1, sizeof *before);
    for (size_t i = 0; i < count; i++) {
        before[i] = state;
        if (is_applied(full[i]->migration, applied) || (!plan->backwards && planned(plan, full[i])))
            state = migration_state(full[i]->migration, state);
    }
    for (size_t i = 0; i < plan->count; i++) {
        const Migration *migration = plan->nodes[i]->migration;
        Inside inside = { .options = options };
        MigrationRun run = { .migration = migration, .backwards = plan->backwards, .fake = options->fake, .say = say_inside, .self = &inside };
        for (size_t k = 0; k < count; k++)
            if (full[k] == plan->nodes[i])
                run.before = before[k];
        bool there = !plan->backwards && options->fake_initial && migration_is_there(migration, run.before);
        run.fake |= there;
        const char *doing = capo_format("  %s %s... ", plan->backwards ? "Unapplying" : "Applying", migration_label(migration));
        if (options->begin && options->verbosity >= 0)
            options->begin(options->self, doing);
        int64_t began = capo_monotonic_us();
        migration_run(&run);
        done += !run.done_by_other;
        const char *outcome = run.done_by_other ? "done by another run" : run.fake ? "FAKED" : "OK";
        const char *time = is_wordy(options) ? capo_format(" (%.3fs)", (double)(capo_monotonic_us() - began) / 1e6) : "";
        say(options, capo_format("%s%s%s", options->begin && !inside.spoke ? "" : doing, outcome, time));
    }
    return done;
}

/* A migration that was interrupted on MariaDB goes on before all others; what else is planned must not come first. */
static void finish_interrupted(const MigrateOptions *options, const Plan *plan)
{
    bool backwards = false;
    const char *label = options->fake ? NULL : journal_interrupted(&backwards);
    for (size_t i = 0; label && i < plan->count; i++)
        if (strcmp(migration_label(plan->nodes[i]->migration), label) == 0 && plan->backwards == backwards)
            return;
    const char *dot = label ? strchr(label, '.') : NULL;
    if (label)
        capo_raise(ERROR_MIGRATION, "%s was interrupted while it was being %s, and is half done. Finish it first: migrate %.*s %s.", label,
                   backwards ? "unapplied" : "applied", (int)(dot - label), label, backwards ? "to the migration before it, or zero" : dot + 1);
}

/* A squashed migration of which all that it replaces is applied is applied too, and that is written down. */
static void record_replacements(const MigrationGraph *graph)
{
    Map *applied = recorder_applied();
    for (size_t i = 0; i < graph->n_files; i++) {
        const Migration *migration = graph->files[i];
        if (!migration->replaces || !migration->replaces->app || capo_map_get(applied, migration_label(migration)) || !is_applied(migration, applied))
            continue;
        recorder_prepare();
        recorder_add(migration);
    }
}

static bool is_on_disk(const MigrationGraph *graph, const char *label)
{
    for (size_t i = 0; i < graph->n_files; i++)
        if (strcmp(migration_label(graph->files[i]), label) == 0)
            return true;
    return false;
}

static int prune(const MigrateOptions *options, const MigrationGraph *graph, const Map *applied)
{
    int pruned = 0;
    const char *start = options->app ? capo_format("%s.", options->app) : NULL;
    if (!start || options->target)
        capo_raise(ERROR_COMMAND, "Migrations can be pruned only when an app is specified, and no migration: migrate APP --prune.");
    for (size_t i = 0; i < graph->n_files; i++)
        for (const MigrationKey *key = graph->files[i]->replaces; key && key->app; key++)
            if (strcmp(key->app, options->app) == 0 && !is_on_disk(graph, capo_format("%s.%s", key->app, key->name)))
                capo_raise(ERROR_COMMAND, "Cannot prune: %s has \"replaces\" still and may not be recorded everywhere. When it is, take the list out of its file.",
                           migration_label(graph->files[i]));
    say(options, "Pruning migrations:");
    for (size_t i = 0; i < applied->count; i++) {
        const char *label = capo_to_text(applied->entries[i].key);
        if (!capo_starts_with(label, start) || is_on_disk(graph, label))
            continue;
        recorder_prepare();
        recorder_remove(options->app, label + strlen(start));
        say(options, capo_format("  Pruning %s OK", label));
        pruned++;
    }
    if (!pruned)
        say(options, "  No migrations to prune.");
    return 0;
}

/* The tables of apps without migrations, those that lack. */
static void sync_apps(const MigrateOptions *options, const MigrationGraph *graph)
{
    size_t count;
    Model *const *models = capo_all_models(&count);
    say(options, "Synchronizing apps without migrations:");
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++) {
        Model *model = models[i];
        if (model->auto_created || !model->managed || !capo_app(model->app) || graph_leaves(graph, model->app)[0]
            || (options->app && strcmp(options->app, model->app) != 0) || capo_schema_has_table(model->table))
            continue;
        say(options, capo_format("    Creating table %s", model->table));
        capo_schema_create_model(editor, model);
    }
    capo_schema_close(editor);
}

static int migrate_locked(const MigrateOptions *options)
{
    Map *applied = recorder_applied();
    MigrationGraph *graph = graph_load(capo_apps(), applied);
    graph_refuse_conflicts(graph);
    if (!options->fake) {                       /* which is how it is mended */
        refuse_changed_user_model(graph, applied);
        refuse_inconsistent(graph, applied);
    }
    if (options->target && !options->app)
        capo_raise(ERROR_COMMAND, "A migration's name needs its app: migrate APP %s.", options->target);
    if (options->prune)
        return prune(options, graph, applied);
    bool only_sync = options->run_syncdb && options->app && !graph_leaves(graph, options->app)[0];
    Plan plan = only_sync ? (Plan){ 0 } : make_plan(options, graph, applied);
    if (options->plan) {
        say_plan(options, &plan);
        return 0;
    }
    say_what(options, graph);
    report_edited(options, graph, applied);
    finish_interrupted(options, &plan);
    if (!options->fake)
        refuse_irreversible(&plan);
    if (options->run_syncdb)
        sync_apps(options, graph);
    say(options, "Running migrations:");
    if (plan.count)
        recorder_prepare();
    say_apps(options, "pre");
    tell_apps(&capo_pre_migrate);
    int done = run_plan(options, graph, applied, &plan);
    if (!plan.backwards)
        record_replacements(graph);
    if (!plan.count) {
        say(options, "  No migrations to apply.");
        if (!options->target)
            say_of_changes(options, graph);
    }
    say_apps(options, "post");
    capo_run_after_migrate();
    return done;
}

typedef struct Locked { const MigrateOptions *options; int done; } Locked;

static void run_locked(void *argument)
{
    Locked *locked = argument;
    locked->done = migrate_locked(locked->options);
}

/* Inside a transaction of the caller's there is nothing to lock with: its connection is taken. */
int capo_migrate(const MigrateOptions *options)
{
    enum { SAY_AFTER = 1 };
    Locked locked = { .options = options };
    if (options->plan || capo_in_transaction())
        return migrate_locked(options);
    if (!capo_schema_lock(SAY_AFTER, options->lock_timeout)) {
        say(options, "Another migrate is at work on this database; waiting for it to end.");
        capo_schema_lock(-1, options->lock_timeout);
    }
    const Error *error = capo_try(run_locked, &locked);
    capo_schema_unlock();
    if (error)
        capo_reraise(error);
    return locked.done;
}

/* --- showmigrations, sqlmigrate -------------------------------------------------------------------------------------------------------------- */

MigrationStatus *capo_migration_status(const char *app)
{
    Map *applied = recorder_applied();
    MigrationGraph *graph = graph_load(capo_apps(), applied);
    MigrationStatus *statuses = capo_alloc_array(graph->count + 1, sizeof *statuses);
    size_t count = 0;
    if (app)
        migration_app(app);
    for (MigrationNode **node = graph_full_plan(graph); *node; node++) {
        const Migration *migration = (*node)->migration;
        Value *when = capo_map_get(applied, migration_label(migration));
        if (!app || strcmp(app, migration->app) == 0)
            statuses[count++] = (MigrationStatus){ migration->app, migration->name, is_applied(migration, applied), when ? when->datetime : (DateTime){ 0 } };
    }
    return statuses;
}

int capo_unapplied_count(void)
{
    int count = 0;
    for (MigrationStatus *status = capo_migration_status(NULL); status->app; status++)
        count += !status->applied;
    return count;
}

int capo_planned_count(const MigrateOptions *options)
{
    Map *applied = recorder_applied();
    return (int)make_plan(options, graph_load(capo_apps(), applied), applied).count;
}

/* For reading, what a squashed migration stands for is there too, by its name: without the squashed one then. */
static MigrationGraph *graph_that_has(const char *app, const char *prefix)
{
    MigrationGraph *graph = graph_load(capo_apps(), NULL);
    Migration **others = capo_alloc_array(graph->n_files + 1, sizeof *others);
    size_t count = 0;
    const char *wanted = NULL;
    for (size_t i = 0; i < graph->n_files && !wanted; i++)
        if (strcmp(graph->files[i]->app, app) == 0 && capo_starts_with(graph->files[i]->name, prefix) && !graph_find(graph, app, graph->files[i]->name))
            wanted = graph->files[i]->name;
    for (size_t i = 0; i < graph->n_files; i++)
        if (!wanted || !migration_replaces(graph->files[i], app, wanted))
            others[count++] = graph->files[i];
    return wanted ? graph_of(others, count, NULL) : graph;
}

char *capo_sql_migrate(const char *app, const char *name, bool backwards)
{
    migration_app(app);
    MigrationGraph *graph = graph_that_has(app, name);
    MigrationNode *target = graph_find_prefix(graph, app, name);
    const Migration *migration = target->migration;
    ProjectState *state = graph_start(graph, true);
    for (MigrationNode **node = graph_forwards_plan(graph, target); *node != target; node++)
        state = migration_state((*node)->migration, state);
    ProjectState **states = migration_states(migration, state);
    SchemaEditor *editor = capo_schema_open(true);
    MigrationRun run = { .migration = migration, .before = state, .backwards = backwards };
    bool atomic = !migration->non_atomic && capo_schema_has_transactions();
    Buffer sql = { 0 };
    if (atomic)
        capo_put(&sql, "BEGIN;\n");
    size_t seen = 0;
    for (size_t i = 0; i < migration->n_operations; i++) {
        size_t at = backwards ? migration->n_operations - 1 - i : i;
        const Operation *op = migration->operations[at];
        capo_put_format(&sql, "--\n-- %s\n--\n", operation_describe(op));
        if (backwards && !operation_reversible(op, app))
            capo_raise(ERROR_MIGRATION, "%s cannot be undone: its operation %zu (%s) is not reversible.", migration_label(migration), at + 1, operation_describe(op));
        migration_run_operation(&run, editor, states, at);
        const char *all = capo_schema_collected_sql(editor);
        capo_put(&sql, all + seen);
        seen = strlen(all);
    }
    capo_schema_close(editor);
    capo_put(&sql, capo_schema_collected_sql(editor) + seen);
    if (atomic)
        capo_put(&sql, "COMMIT;\n");
    return capo_buffer_text(&sql);
}
