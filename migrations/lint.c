/* SPDX-License-Identifier: BSD-3-Clause */
/* lintmigrations: which operations lock or rewrite a table that has rows, told by the SQL that they make, and what to do instead.
 *
 * Tables that the same run creates are empty and are left out. What a RunSQL brings is looked at too; a function is not. */
#include "migration.h"
#include <capo/buffer.h>
#include <string.h>
#include <strings.h>

/* `words`: all stand in the statement, in this order; `not`: this does not. */
typedef struct LintRow { const char *backend, *words[3], *not, *what, *instead; } LintRow;

#define BATCHES "add the field as OPTIONAL first; fill it by a RunFunction in batches, in a migration with \"atomic\": false; then make it required"
#define OLD_CODE "let a release go out first that does not use it any more, and change the database with the next one"

static const LintRow lint_rows[] = {
    { "postgresql", { "CREATE ", "INDEX " }, "CONCURRENTLY", "the table cannot be written to while the index is built",
      "make the index CONCURRENTLY, in a migration with \"atomic\": false" },
    { "postgresql", { "ALTER TABLE ", " ALTER COLUMN ", " TYPE " }, NULL, "nobody can use the table while it is rewritten (only a length that grows is free)",
      "add a field of the new type, copy the rows in batches, then go over to it" },
    { "postgresql", { "ALTER TABLE ", " ALTER COLUMN ", " SET NOT NULL" }, NULL, "nobody can use the table while all of it is read",
      "add CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in the next migration, and only then make the field required" },
    { "postgresql", { "ALTER TABLE ", " FOREIGN KEY " }, "NOT VALID", "both tables cannot be written to while all of it is read",
      "add the constraint NOT VALID, and VALIDATE it in the next migration" },
    { "postgresql", { "ALTER TABLE ", " ADD CONSTRAINT ", " CHECK " }, "NOT VALID", "nobody can use the table while all of it is read",
      "add the constraint NOT VALID, and VALIDATE it in the next migration" },
    { "postgresql", { "ALTER TABLE ", " ADD CONSTRAINT ", " UNIQUE " }, "USING INDEX", "nobody can use the table while the index is built",
      "make a unique index CONCURRENTLY, then the constraint USING INDEX" },
    { "mysql", { "ALTER TABLE ", " MODIFY " }, NULL, "the table may be copied, and cannot be written to meanwhile",
      "add a field of the new type, copy the rows in batches, then go over to it; or take pt-online-schema-change" },
    { "mysql", { "ALTER TABLE ", " FOREIGN KEY " }, NULL, "the table is copied to check it, and cannot be written to meanwhile", "add it at a quiet time, with --lock-timeout" },
    { "mysql", { "ALTER TABLE ", " PRIMARY KEY" }, NULL, "the table is copied, and cannot be written to meanwhile", "do it at a quiet time, with --lock-timeout" },
    { "mysql", { "ALTER TABLE ", " CHECK " }, NULL, "the table is copied to check it, and cannot be written to meanwhile", "add it at a quiet time, with --lock-timeout" },
    { "sqlite", { "CREATE TABLE \"new__" }, NULL, "the table is built anew, and nobody can write to the database meanwhile", "do it at a quiet time" },
    { NULL, { "UPDATE " }, " WHERE ", "every row is written in one transaction", BATCHES },
    { NULL, { "ALTER TABLE ", " DROP COLUMN " }, NULL, "the program that runs until the new one is there still asks for the column", OLD_CODE },
    { NULL, { "DROP TABLE " }, NULL, "the program that runs until the new one is there still asks for the table", OLD_CODE },
    { NULL, { "ALTER TABLE ", " RENAME " }, NULL, "the program that runs until the new one is there knows the old name only",
      "keep the name in the database (.db_column, .db_table), or add the new one beside it and copy" },
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

/* The first row that fits each statement; a reason is given once for an operation. */
static int lint_operation(const LintOptions *options, const Migration *migration, size_t number, const char *sql, const List *new_tables)
{
    bool told[LINT_ROWS] = { false };
    int count = 0;
    for (const char *statement = sql, *end; *statement; statement = end) {
        end = strstr(statement, ";\n");
        end = end ? end + 2 : statement + strlen(statement);
        const char *one = capo_strndup(statement, (size_t)(end - statement));
        bool rebuilds = strstr(sql, "CREATE TABLE \"new__") && strncmp(one, "CREATE TABLE \"new__", 19) != 0;     /* the rest of it is not news */
        for (size_t i = 0; i < LINT_ROWS && !rebuilds; i++) {
            if (!fits(&lint_rows[i], one))
                continue;
            if (!told[i] && !is_about_new(new_tables, one)) {
                options->say(options->self, capo_format("%s, operation %zu (%s): %s.\n    Instead: %s.", migration->path ? migration->path : migration_label(migration),
                                                        number, operation_describe(migration->operations[number - 1]), lint_rows[i].what, lint_rows[i].instead));
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

static int lint_migration(const LintOptions *options, const Migration *migration, ProjectState *before, List *new_tables)
{
    ProjectState **states = migration_states(migration, before);
    MigrationRun run = { .migration = migration, .before = before };
    int count = 0;
    for (size_t i = 0; i < migration->n_operations; i++) {
        const Operation *op = migration->operations[i];
        SchemaEditor *editor = capo_schema_open(true);
        if (op->kind == CREATE_MODEL)
            add_new_tables(new_tables, state_model(states[i + 1], migration->app, op->model));
        migration_run_operation(&run, editor, states, i);
        capo_schema_close(editor);
        count += lint_operation(options, migration, i + 1, capo_schema_collected_sql(editor), new_tables);
    }
    return count;
}

int capo_lint_migrations(const LintOptions *options)
{
    Map *applied = options->all ? capo_map_new() : recorder_applied();
    MigrationGraph *graph = graph_load(capo_apps(), applied);
    ProjectState *state = graph_start(graph, true);
    int count = 0;
    for (MigrationNode **node = graph_full_plan(graph); *node; node++) {
        if (wanted(options, (*node)->migration, applied))
            count += lint_migration(options, (*node)->migration, state, capo_list_new());
        state = migration_state((*node)->migration, state);
    }
    return count;
}
