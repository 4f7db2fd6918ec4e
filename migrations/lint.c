/* SPDX-License-Identifier: BSD-3-Clause */
/* lintmigrations: which operations lock or rewrite a table that has rows, told by the SQL that they make, and what to do instead.
 *
 * Tables that the same migration creates are empty and are left out. What a RunSQL brings is looked at too; a function is not. */
#include "lint.h"
#include <capo/buffer.h>
#include <string.h>
#include <strings.h>

/* `words`: all stand in the statement, in this order; `not`: this does not. `instead`: where `advice` has no lines, or there is none. */
typedef struct LintRow { const char *backend, *words[3], *not, *what, *instead; LintAdvice *advice; } LintRow;

#define BATCHES "AddField as OPTIONAL first; fill it by a RunFunction in batches, in a migration with \"atomic\": false; then AlterField makes it required"
#define NEW_COLUMN "AddField with the new type under another name; a RunFunction in a migration with \"atomic\": false that copies the rows in batches; then go over to " \
                   "it, and RemoveField when no program uses the old one"
#define OLD_CODE "let a release go out first that does not use it any more, and change the database with the next one"
#define QUIET "do it at a quiet time, with migrate --lock-timeout 2, which gives up where others use the table"

static const LintRow lint_rows[] = {
    { "postgresql", { "CREATE ", "INDEX " }, "CONCURRENTLY", "the table cannot be written to while the index is built",
      "CREATE INDEX CONCURRENTLY, in a migration with \"atomic\": false", advise_index },
    { "postgresql", { "ALTER TABLE ", " ALTER COLUMN ", " TYPE " }, NULL, "nobody can use the table while it is rewritten (only a length that grows is free)", NEW_COLUMN, NULL },
    { "postgresql", { "ALTER TABLE ", " ALTER COLUMN ", " SET NOT NULL" }, NULL, "nobody can use the table while all of it is read",
      "AddConstraintNotValid with { \"check\": { \"field__isnull\": false } }, ValidateConstraint in the next migration, and only then make the field required", advise_not_null },
    { "postgresql", { "ALTER TABLE ", " FOREIGN KEY " }, "NOT VALID", "both tables cannot be written to while all of it is read",
      "add the constraint NOT VALID, and ALTER TABLE … VALIDATE CONSTRAINT in the next migration", advise_foreign_key },
    { "postgresql", { "ALTER TABLE ", " ADD CONSTRAINT ", " CHECK " }, "NOT VALID", "nobody can use the table while all of it is read",
      "add the constraint NOT VALID, and ALTER TABLE … VALIDATE CONSTRAINT in the next migration", advise_check },
    { "postgresql", { "ALTER TABLE ", " ADD CONSTRAINT ", " UNIQUE " }, "USING INDEX", "nobody can use the table while the index is built",
      "CREATE UNIQUE INDEX CONCURRENTLY in a migration with \"atomic\": false, then the constraint USING INDEX", advise_unique },
    { "mysql", { "ALTER TABLE ", " MODIFY " }, NULL, "the table may be copied, and cannot be written to meanwhile", NEW_COLUMN "; or take pt-online-schema-change", NULL },
    { "mysql", { "ALTER TABLE ", " FOREIGN KEY " }, NULL, "the table is copied to check it, and cannot be written to meanwhile", QUIET, NULL },
    { "mysql", { "ALTER TABLE ", " PRIMARY KEY" }, NULL, "the table is copied, and cannot be written to meanwhile", QUIET, NULL },
    { "mysql", { "ALTER TABLE ", " CHECK " }, NULL, "the table is copied to check it, and cannot be written to meanwhile", QUIET, NULL },
    { "sqlite", { "CREATE TABLE \"new__" }, NULL, "the table is built anew, and nobody can write to the database meanwhile", "do it at a quiet time", NULL },
    { NULL, { "UPDATE " }, " WHERE ", "every row is written in one transaction", BATCHES, NULL },
    { NULL, { "ALTER TABLE ", " DROP COLUMN " }, NULL, "the program that runs until the new one is there still asks for the column", OLD_CODE, NULL },
    { NULL, { "DROP TABLE " }, NULL, "the program that runs until the new one is there still asks for the table", OLD_CODE, NULL },
    { NULL, { "ALTER TABLE ", " RENAME " }, NULL, "the program that runs until the new one is there knows the old name only",
      "keep the name in the database (.db_column, .db_table), or add the new one beside it and copy", NULL },
};
enum { LINT_ROWS = sizeof lint_rows / sizeof *lint_rows };

static bool fits(const LintRow *row, const char *statement)
{
    const char *at = statement;
    if (row->backend && strcmp(row->backend, capo_schema_backend()) != 0)
        return false;
    for (size_t i = 0; i < 3 && row->words[i]; i++) {
        at = i ? strcasestr(at, row->words[i]) : strncasecmp(at, row->words[0], strlen(row->words[0])) ? NULL : at;
        if (!at)
            return false;
    }
    return !row->not || !strcasestr(statement, row->not);
}

/* The tables that are new in this run: their names, quoted in both ways. */
static void add_new_tables(List *tables, Model *model)
{
    capo_list_add(tables, capo_value_text(model->table));
    for (size_t i = 0; i < model->n_many; i++)
        capo_list_add(tables, capo_value_text(model->many[i]->through->table));
}

static bool is_about_new(const List *tables, const char *statement)
{
    for (size_t i = 0; i < tables->count; i++)
        for (const char *quote = "\"`"; *quote; quote++)
            if (strstr(statement, capo_format("%c%s%c", *quote, capo_to_text(tables->items[i]), *quote)))
                return true;
    return false;
}

/* A check that was validated before says that nothing is null: PostgreSQL does not look then. */
static bool is_known_not_null(const LintCase *of, const List *validated)
{
    const Operation *op = of->migration->operations[of->number - 1];
    const ModelState *model = op->kind == ALTER_FIELD ? state_find(of->states[of->number - 1], of->migration->app, op->model) : NULL;
    const char *name = model ? lint_not_null_check(model, op->name) : NULL;
    for (size_t i = 0; name && i < validated->count; i++)
        if (strcmp(capo_to_text(validated->items[i]), name) == 0)
            return true;
    return false;
}

static void tell(const LintOptions *options, const LintCase *of, const LintRow *row)
{
    const Migration *migration = of->migration;
    const char *lines = row->advice ? row->advice(of) : NULL;
    char *text = capo_format("%s, operation %zu (%s): %s.\n    Instead%s", migration->path ? migration->path : migration_label(migration), of->number,
                             operation_describe(migration->operations[of->number - 1]), row->what, lines ? lines : capo_format(": %s.", row->instead));
    if (lines)
        text[strlen(text) - 1] = '\0';          /* .say ends the line */
    options->say(options->self, text);
}

/* Without the spaces and comments that people write in front of theirs. */
static const char *bare(const char *statement)
{
    for (;;) {
        statement += strspn(statement, " \t\r\n");
        const char *end = strncmp(statement, "--", 2) == 0 ? strchr(statement, '\n') : strncmp(statement, "/*", 2) == 0 ? strstr(statement, "*/") : NULL;
        if (!end)
            return statement;
        statement = end + (*end == '*' ? 2 : 1);
    }
}

/* What the linter goes through, and what it learns: tables of this migration that have no rows, constraints that hold for all rows. */
typedef struct Lint { const LintOptions *options; List *new_tables, *validated; } Lint;

/* The first row that fits each statement; a reason is given once for an operation. */
static int lint_operation(const Lint *lint, LintCase *of)
{
    bool told[LINT_ROWS] = { false };
    int count = 0;
    for (const char *statement = of->sql, *end; *statement; statement = end) {
        end = strstr(statement, ";\n");
        of->statement = bare(capo_strndup(statement, end ? (size_t)(end - statement) : strlen(statement)));
        end = end ? end + 2 : statement + strlen(statement);
        bool rebuilds = strstr(of->sql, "CREATE TABLE \"new__") && strncmp(of->statement, "CREATE TABLE \"new__", 19) != 0;     /* the rest of it is not news */
        for (size_t i = 0; i < LINT_ROWS && !rebuilds; i++) {
            if (!fits(&lint_rows[i], of->statement))
                continue;
            bool known = lint_rows[i].advice == advise_not_null && is_known_not_null(of, lint->validated);
            if (!told[i] && !known && !is_about_new(lint->new_tables, of->statement)) {
                tell(lint->options, of, &lint_rows[i]);
                told[i] = true;
                count++;
            }
            break;
        }
    }
    return count;
}

static bool wanted(const LintOptions *options, const Migration *migration, const Map *applied)
{
    bool chosen = !options->apps || !options->apps[0];
    for (const char *const *app = options->apps; app && *app; app++)
        chosen |= strcmp(*app, migration->app) == 0;
    return chosen && (options->all || !capo_map_get(applied, migration_label(migration)));
}

/* Constraints that the operation leaves as holding for all rows. */
static void learn(const Operation *op, List *validated)
{
    if (op->kind == ADD_CONSTRAINT || op->kind == VALIDATE_CONSTRAINT)
        capo_list_add(validated, capo_value_text(op->name));
    Value *made = op->kind == CREATE_MODEL && op->options ? capo_map_get(op->options, "constraints") : NULL;
    for (size_t i = 0; made && i < made->map->count; i++)
        capo_list_add(validated, made->map->entries[i].key);
}

static int lint_migration(Lint *lint, const Migration *migration, ProjectState *before)
{
    LintCase of = { .migration = migration, .states = migration_states(migration, before) };
    MigrationRun run = { .migration = migration, .before = before };
    int count = 0;
    lint->new_tables = capo_list_new();
    for (size_t i = 0; i < migration->n_operations; i++) {
        const Operation *op = migration->operations[i];
        SchemaEditor *editor = capo_schema_open(true);
        if (op->kind == CREATE_MODEL)
            add_new_tables(lint->new_tables, state_model(of.states[i + 1], migration->app, op->model));
        migration_run_operation(&run, editor, of.states, i);
        capo_schema_close(editor);
        of.number = i + 1;
        of.sql = capo_schema_collected_sql(editor);
        count += lint_operation(lint, &of);
    }
    return count;
}

int capo_lint_migrations(const LintOptions *options)
{
    for (const char *const *app = options->apps; app && *app; app++)
        migration_app(*app);
    Map *applied = options->all ? capo_map_new() : recorder_applied();
    MigrationGraph *graph = graph_load(capo_apps(), applied);
    ProjectState *state = graph_start(graph, true);
    Lint lint = { .options = options, .validated = capo_list_new() };
    int count = 0;
    for (MigrationNode **node = graph_full_plan(graph); *node; node++) {
        const Migration *migration = (*node)->migration;
        if (wanted(options, migration, applied))
            count += lint_migration(&lint, migration, state);
        for (size_t i = 0; i < migration->n_operations; i++)        /* those of this migration hold from the next one on */
            learn(migration->operations[i], lint.validated);
        state = migration_state(migration, state);
    }
    if (count)
        options->say(options->self, "Run what is left of it by migrate --lock-timeout 2: where others use a table it gives up, so that they need not wait, and can be run again.");
    return count;
}
