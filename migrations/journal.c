/* SPDX-License-Identifier: BSD-3-Clause */
#include "journal.h"
#include <string.h>

static const FieldRow journal_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "app", .kind = FIELD_CHAR, .options.text = { .max_length = 255 } },
    { .name = "name", .kind = FIELD_CHAR, .options.text = { .max_length = 255 } },
    { .name = "backwards", .kind = FIELD_BOOLEAN },
    { .name = "operation", .kind = FIELD_INTEGER },
    { .name = "step", .kind = FIELD_INTEGER },              /* WHOLE: the operation is done, and this is its only line */
    { .name = "what", .kind = FIELD_TEXT },                 /* the statement, "look …", or of WHOLE the operation */
    { .name = "result", .kind = FIELD_TEXT, .null = true }, /* the fingerprint before, or what was found (JSON) */
    { .name = "done", .kind = FIELD_BOOLEAN },
    { .name = "Meta", .kind = FIELD_META, .options.meta = { .db_table = "capo_migration_journal" } },
    { 0 }
};
enum { WHOLE = -1 };

struct Journal {
    const Migration *migration;
    bool backwards, resumes;
    size_t next;                    /* operation that is not done */
    size_t number, step;            /* where it is now */
    const Operation *operation;
    List *lines;                    /* maps: of this operation, as they were found */
    SchemaWatch watch;
};

void journal_prepare(void)
{
    if (!capo_schema_has_transactions())
        recorder_make_table("capo_migration_journal", "MigrationJournal", journal_rows);
}

static bool is_there(void)
{
    return !capo_schema_has_transactions() && capo_schema_has_table("capo_migration_journal");
}

const char *journal_interrupted(bool *ret_backwards)
{
    if (!is_there())
        return NULL;
    List *rows = capo_sql_rows("SELECT app, name, backwards FROM capo_migration_journal ORDER BY id DESC LIMIT 1");
    if (!rows->count)
        return NULL;
    const Map *row = rows->items[0].map;
    *ret_backwards = capo_truth(*capo_map_get(row, "backwards"));
    return capo_format("%s.%s", capo_to_text(*capo_map_get(row, "app")), capo_to_text(*capo_map_get(row, "name")));
}

void journal_forget(const char *app, const char *name)
{
    if (is_there())
        capo_sql_run("DELETE FROM capo_migration_journal WHERE app = ? AND name = ?", app, name);
}

static int64_t number_in(const Map *line, const char *column)
{
    int64_t number = 0;
    Value *value = capo_map_get(line, column);
    return value && capo_to_int(*value, &number) ? number : 0;
}

static const char *text_in(const Map *line, const char *column)
{
    Value *value = capo_map_get(line, column);
    return value && value->kind != VALUE_NULL ? capo_to_text(*value) : "";
}

_Noreturn static void refuse_edited(const Journal *journal, size_t number)
{
    const Migration *migration = journal->migration;
    capo_raise(ERROR_MIGRATION, "%s was interrupted, and operation %zu, of which something is done already, was edited since. Put it back as it was and "
               "run migrate again; or bring the tables to where it leads by hand and record that: migrate %s %s --fake.", migration_label(migration), number + 1,
               migration->app, migration->name);
}

Journal *journal_open(const Migration *migration, bool backwards)
{
    Journal *journal = capo_alloc_struct(Journal);
    *journal = (Journal){ .migration = migration, .backwards = backwards };
    List *rows = capo_sql_rows("SELECT operation, step, what, backwards FROM capo_migration_journal WHERE app = ? AND name = ? ORDER BY operation, step",
                               migration->app, migration->name);
    for (size_t i = 0; i < rows->count; i++) {
        const Map *line = rows->items[i].map;
        size_t number = (size_t)number_in(line, "operation");
        if (capo_truth(*capo_map_get(line, "backwards")) != backwards)
            capo_raise(ERROR_MIGRATION, "%s was interrupted while it was being %s. Finish that first: migrate %s %s%s.", migration_label(migration),
                       backwards ? "applied" : "unapplied", migration->app, backwards ? migration->name : "zero",
                       backwards ? "" : ", or the migration before it");
        journal->resumes = true;
        if (number_in(line, "step") != WHOLE)
            continue;
        size_t at = backwards ? migration->n_operations - 1 - number : number;
        if (at >= migration->n_operations || strcmp(text_in(line, "what"), operation_text(migration->operations[at])) != 0)
            refuse_edited(journal, at);
        journal->next = number + 1;
    }
    return journal;
}

size_t journal_operation(const Journal *journal) { return journal->next; }
bool journal_resumes(const Journal *journal) { return journal->resumes; }

void journal_begin(Journal *journal, size_t number, const Operation *operation)
{
    journal->number = number;
    journal->operation = operation;
    journal->step = 0;
    journal->lines = capo_sql_rows("SELECT step, what, result, done FROM capo_migration_journal WHERE app = ? AND name = ? AND operation = ? ORDER BY step",
                                   journal->migration->app, journal->migration->name, (int)number);
}

static void write_line(const Journal *journal, size_t step, const char *what, const char *result, bool done)
{
    capo_sql_run("INSERT INTO capo_migration_journal (app, name, backwards, operation, step, what, result, done) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                 journal->migration->app, journal->migration->name, journal->backwards, (int)journal->number, (int)step, what, result, done);
}

/* A function's, not a statement's. */
static bool is_step(const char *what) { return strncmp(what, "-- run ", 7) == 0; }

/* The line of this step. One that says something else is from before the operation was edited: nothing of that may have been done. */
static const Map *line_of(Journal *journal, size_t step, const char *what)
{
    const Map *line = step < journal->lines->count ? journal->lines->items[step].map : NULL;
    if (!line || strcmp(text_in(line, "what"), what) == 0)
        return line;
    for (size_t i = 0; i < journal->lines->count; i++) {
        const Map *each = journal->lines->items[i].map;
        const char *said = text_in(each, "what");
        bool unchanged = strncmp(said, "look ", 5) == 0
            || (!capo_truth(*capo_map_get(each, "done")) && !is_step(said) && strcmp(capo_schema_fingerprint(said), text_in(each, "result")) == 0);
        if (!unchanged)
            refuse_edited(journal, journal->backwards ? journal->migration->n_operations - 1 - journal->number : journal->number);
    }
    capo_sql_run("DELETE FROM capo_migration_journal WHERE app = ? AND name = ? AND operation = ? AND step >= ?", journal->migration->app,
                 journal->migration->name, (int)journal->number, (int)step);
    journal->lines = capo_list_new();
    return NULL;
}

static void set_done(const Journal *journal, size_t step)
{
    capo_sql_run("UPDATE capo_migration_journal SET done = ? WHERE app = ? AND name = ? AND operation = ? AND step = ?", true, journal->migration->app,
                 journal->migration->name, (int)journal->number, (int)step);
}

static bool before(void *self, const char *what)
{
    Journal *journal = self;
    const Map *line = line_of(journal, journal->step, what);
    if (line && capo_truth(*capo_map_get(line, "done"))) {
        journal->step++;
        return false;
    }
    if (line && strcmp(capo_schema_fingerprint(what), text_in(line, "result")) != 0) {
        set_done(journal, journal->step++);
        return false;
    }
    if (!line && capo_schema_is_ddl(what))
        write_line(journal, journal->step, what, capo_schema_fingerprint(what), false);     /* the statement itself commits this */
    return true;
}

/* The line is in the transaction of what the function does, as not done: it stays only where something in there committed, which a change of the
 * schema does. How far the function came behind that, nobody can tell. */
static bool begins(void *self, const char *what, bool repeatable)
{
    Journal *journal = self;
    const Migration *migration = journal->migration;
    const Map *line = line_of(journal, journal->step, what);
    if (line && capo_truth(*capo_map_get(line, "done"))) {
        journal->step++;
        return false;
    }
    if (line && !repeatable) {
        const char *of = capo_format("app = '%s' AND name = '%s'", migration->app, migration->name);
        capo_raise(ERROR_MIGRATION, "\"%s\" was interrupted behind a change of the schema, which this database commits at once: nobody can tell how far it came. "
                   "Look at the tables. Bring them to where it begins and say DELETE FROM capo_migration_journal WHERE %s AND NOT done; or to where it "
                   "ends and say UPDATE capo_migration_journal SET done = 1 WHERE %s; then run migrate again. A function that may always be run "
                   "again says .repeatable in its row.", what + 3, of, of);
    }
    if (!line)
        write_line(journal, journal->step, what, NULL, false);
    return true;
}

static void after(void *self, const char *what)
{
    Journal *journal = self;
    if (is_step(what)) {
        set_done(journal, journal->step++);
        capo_sql_run("COMMIT");                 /* whether or not something in there ended the transaction */
        capo_sql_run("START TRANSACTION");
        return;
    }
    if (!capo_schema_is_ddl(what)) {
        write_line(journal, journal->step++, what, NULL, true);
        return;
    }
    capo_sql_run("START TRANSACTION");          /* the statement ended the one that was open */
    set_done(journal, journal->step++);
}

static List *looked(void *self, const char *what, List *found)
{
    Journal *journal = self;
    const char *said = capo_format("look %s", what);
    const Map *line = line_of(journal, journal->step, said);
    if (!line) {
        write_line(journal, journal->step++, said, capo_json_text(capo_value_list(found), 0), true);
        return found;
    }
    journal->step++;
    Value names = capo_value_null();
    const char *error, *text = text_in(line, "result");
    return capo_json_parse(text, strlen(text), &names, &error) && names.kind == VALUE_LIST ? names.list : found;
}

const SchemaWatch *journal_watch(Journal *journal)
{
    journal->watch = (SchemaWatch){ .before = before, .begins = begins, .after = after, .looked = looked, .self = journal };
    return &journal->watch;
}

void journal_end(Journal *journal)
{
    capo_sql_run("DELETE FROM capo_migration_journal WHERE app = ? AND name = ? AND operation = ?", journal->migration->app, journal->migration->name,
                 (int)journal->number);
    write_line(journal, (size_t)WHOLE, operation_text(journal->operation), NULL, true);
    capo_sql_run("COMMIT");
    capo_sql_run("START TRANSACTION");
}

static void forget_announced(void *argument)
{
    const Migration *migration = argument;
    capo_sql_run("DELETE FROM capo_migration_journal WHERE app = ? AND name = ? AND done = ? AND what NOT LIKE '-- run %'", migration->app, migration->name, false);
}

void journal_failed(const Migration *migration)
{
    const Error *error = capo_try(forget_announced, (void *)migration);
    (void)error;                /* then the next run looks at the table */
}

void journal_close(Journal *journal)
{
    journal_forget(journal->migration->app, journal->migration->name);
}
