/* SPDX-License-Identifier: BSD-3-Clause */
/* One migration on the database: in a transaction; without one where the file says so; and by a journal where transactions do not hold DDL.
 *
 * In a transaction the row in django_migrations is written first: on SQLite that takes the write lock, so that of two runs at once one waits,
 * then finds the row and leaves the migration alone. A failure rolls back schema, rows and history together. */
#include "migration.h"
#include "journal.h"
#include <string.h>

ProjectState **migration_states(const Migration *migration, ProjectState *before)
{
    ProjectState **states = capo_alloc_array(migration->n_operations + 1, sizeof *states);
    states[0] = before;
    for (size_t i = 0; i < migration->n_operations; i++)
        states[i + 1] = operation_state(migration->operations[i], migration->app, states[i]);
    return states;
}

void migration_run_operation(MigrationRun *run, SchemaEditor *editor, ProjectState **states, size_t at)
{
    const Operation *op = run->migration->operations[at];
    run->operation = op;
    run->number = at + 1;
    operation_change_database(op, run->migration->app, editor, states[run->backwards ? at + 1 : at], states[run->backwards ? at : at + 1],
                                             run->backwards);
}

/* The number in the file of the one that comes `i`th. */
static size_t place_of(const MigrationRun *run, size_t i)
{
    return run->backwards ? run->migration->n_operations - 1 - i : i;
}

static void run_operations(MigrationRun *run)
{
    const Migration *migration = run->migration;
    ProjectState **states = migration_states(migration, run->before);
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < migration->n_operations; i++)
        migration_run_operation(run, editor, states, place_of(run, i));
    run->operation = NULL;
    capo_schema_close(editor);
}

static void record(MigrationRun *run)
{
    const Migration *migration = run->migration;
    if (run->backwards)
        recorder_remove(migration->app, migration->name);
    else
        recorder_add(migration);
    for (const MigrationKey *key = migration->replaces; key && key->app; key++) {
        if (run->backwards)
            recorder_remove(key->app, key->name);
        else if (!recorder_count(key->app, key->name))
            recorder_add_replaced(key);
    }
}

static void run_in_transaction(void *argument)
{
    MigrationRun *run = argument;
    capo_begin();
    record(run);
    if (!run->backwards && recorder_count(run->migration->app, run->migration->name) > 1) {
        run->done_by_other = true;
        capo_rollback();
        return;
    }
    if (run->fake)
        journal_forget(run->migration->app, run->migration->name);
    else
        run_operations(run);
    capo_commit();
}

static void run_without_transaction(void *argument)
{
    MigrationRun *run = argument;
    if (!run->fake)
        run_operations(run);
    record(run);
}

/* Foreign keys and the like come at the end of each operation: what they lead to is there by then. */
static void run_with_journal(void *argument)
{
    MigrationRun *run = argument;
    const Migration *migration = run->migration;
    capo_begin();
    Journal *journal = journal_open(migration, run->backwards);
    ProjectState **states = migration_states(migration, run->before);
    if (journal_resumes(journal) && run->say)
        run->say(run->self, capo_format("  %s was interrupted; it goes on at operation %zu of %zu.", migration_label(migration),
                                        place_of(run, journal_operation(journal)) + 1, migration->n_operations));
    for (size_t i = journal_operation(journal); i < migration->n_operations; i++) {
        SchemaEditor *editor = capo_schema_open(false);
        size_t at = place_of(run, i);
        journal_begin(journal, i, migration->operations[at]);
        capo_schema_watch(editor, journal_watch(journal));
        migration_run_operation(run, editor, states, at);
        capo_schema_close(editor);
        journal_end(journal);
    }
    run->operation = NULL;
    record(run);
    journal_close(journal);
    capo_commit();
}

void migration_run(MigrationRun *run)
{
    bool holds_ddl = capo_schema_has_transactions(), atomic = !run->migration->non_atomic && holds_ddl, outermost = !capo_in_transaction();
    bool journalled = !holds_ddl && !run->fake;
    if (outermost)
        capo_schema_enforce_foreign_keys(false);
    const Error *error = capo_try(journalled ? run_with_journal : atomic || run->fake ? run_in_transaction : run_without_transaction, run);
    if (outermost)
        capo_schema_enforce_foreign_keys(true);
    if (!error)
        return;
    if (journalled)
        journal_failed(run->migration);
    const char *where = run->operation ? capo_format("operation %zu of %zu (%s)", run->number, run->migration->n_operations, operation_describe(run->operation))
                                       : "its end, when foreign keys were checked";
    const char *left = journalled ? "What came before stays, since this database cannot take a change of its schema back; when the cause is mended, migrate goes on there."
        : atomic ? "The database is as it was before this migration." : "The migration is not atomic: what came before that operation is done and stays.";
    const char *advice = !run->backwards && strstr(error->message, "already exists")
        ? " If the tables were made without migrations and are right, migrate --fake-initial records that." : "";
    capo_raise(ERROR_MIGRATION, "%s %s failed at %s: %s %s%s", run->backwards ? "Unapplying" : "Applying", migration_label(run->migration), where, error->message,
               left, advice);
}
