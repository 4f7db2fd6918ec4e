/* SPDX-License-Identifier: BSD-3-Clause */
/* What lintmigrations says to write instead, on PostgreSQL: operations as they stand in a file, ready to be copied.
 *
 * Where there is an operation for it, that; else the same SQL as by the operation but for the statement that locks, beside the operation's change of the
 * models (SeparateDatabaseAndState). Each text is held against lintmigrations itself by the tests: what is advised has nothing said against it. */
#include "lint.h"
#include <capo/buffer.h>
#include <string.h>
#include <strings.h>

#define NOT_ATOMIC ", in a migration with \"atomic\": false"
#define NEXT "    and in the next migration:\n"

static const Operation *operation_of(const LintCase *of) { return of->migration->operations[of->number - 1]; }

static void put_operation(Buffer *out, const Operation *operation)
{
    const char *text = operation_text(operation);              /* a list of one */
    capo_put_format(out, "        %.*s\n", (int)strlen(text) - 2, text + 1);
}

static char *copy_of_quoted(const char *behind)
{
    const char *open = strchr(behind, '"'), *end = open ? strchr(open + 1, '"') : NULL;
    return end ? capo_strndup(open, (size_t)(end + 1 - open)) : NULL;
}

/* The statements of an operation without the locks that can be done without: indexes are built concurrently, foreign keys look at no row. */
typedef struct Freed { List *statements; bool has_index; Buffer validating; } Freed;

static const char *freed_statement(Freed *freed, const char *statement)
{
    const char *index = strncasecmp(statement, "CREATE ", 7) == 0 ? strcasestr(statement, "INDEX ") : NULL;
    const char *constraint = strcasestr(statement, " ADD CONSTRAINT "), *foreign = constraint ? strcasestr(constraint, " FOREIGN KEY ") : NULL;
    if (index && !strcasestr(statement, " CONCURRENTLY ")) {
        freed->has_index = true;
        return capo_format("%.*sINDEX CONCURRENTLY %s", (int)(index - statement), statement, index + strlen("INDEX "));
    }
    if (!foreign || strcasestr(statement, " NOT VALID"))
        return statement;
    capo_put_format(&freed->validating, "ALTER TABLE %s VALIDATE CONSTRAINT %s;", copy_of_quoted(statement), copy_of_quoted(constraint));
    return capo_format("%s NOT VALID", statement);
}

static Freed statements_of(const char *sql, const char *old, const char *new, bool frees)
{
    Freed freed = { .statements = capo_list_new() };
    for (const char *statement = sql, *end; *statement; statement = end) {
        end = strstr(statement, ";\n");
        size_t size = end ? (size_t)(end - statement) : strlen(statement);
        end = end ? end + 2 : statement + size;
        const char *one = capo_strndup(statement, size);
        if (strncmp(one, "--", 2) == 0)
            continue;
        capo_list_add(freed.statements, capo_value_text(old && strcmp(one, old) == 0 ? new : frees ? freed_statement(&freed, one) : one));
    }
    return freed;
}

static char *sql_of(const LintCase *of, bool backwards)
{
    MigrationRun run = { .migration = of->migration, .backwards = backwards };
    SchemaEditor *editor = capo_schema_open(true);
    migration_run_operation(&run, editor, of->states, of->number - 1);
    capo_schema_close(editor);
    return (char *)capo_schema_collected_sql(editor);
}

/* The operation with its SQL written out without locks, one statement changed in another way. */
static Operation *separated(const LintCase *of, Freed *ret_freed, const char *changed)
{
    const Operation *op = operation_of(of);
    *ret_freed = statements_of(of->sql, changed ? of->statement : NULL, changed, true);
    bool reversible = operation_reversible(op, of->migration->app);
    Operation *sql = OPERATION(.kind = RUN_SQL, .forwards = capo_value_list(ret_freed->statements),
                               .backwards = reversible ? capo_value_list(statements_of(sql_of(of, true), NULL, NULL, false).statements) : capo_value_null());
    Operation **in_database = capo_alloc_array(2, sizeof *in_database), **in_state = capo_alloc_array(2, sizeof *in_state);
    in_database[0] = sql;
    in_state[0] = (Operation *)op;
    return OPERATION(.kind = SEPARATE_DATABASE_AND_STATE, .database_operations = in_database, .state_operations = in_state);
}

/* SQL that people wrote is theirs to change. */
static bool is_own(const Operation *op) { return op->kind == RUN_SQL || op->kind == SEPARATE_DATABASE_AND_STATE || op->kind == CUSTOM; }

static char *without_locks(const LintCase *of)
{
    Buffer out = { 0 };
    Freed freed;
    if (is_own(operation_of(of)))
        return NULL;
    Operation *operation = separated(of, &freed, NULL);
    capo_put(&out, freed.has_index ? NOT_ATOMIC ":\n" : ":\n");
    put_operation(&out, operation);
    if (freed.validating.size) {
        capo_put(&out, NEXT);
        put_operation(&out, OPERATION(.kind = RUN_SQL, .forwards = capo_value_text(capo_buffer_text(&freed.validating)), .backwards = capo_value_text("")));
    }
    return capo_buffer_text(&out);
}

char *advise_foreign_key(const LintCase *of) { return without_locks(of); }

char *advise_index(const LintCase *of)
{
    const Operation *op = operation_of(of);
    Buffer out = { 0 };
    if (op->kind != ADD_INDEX)
        return without_locks(of);
    Operation *copy = operation_new(op);
    copy->kind = ADD_INDEX_CONCURRENTLY;
    capo_put(&out, NOT_ATOMIC ":\n");
    put_operation(&out, copy);
    return capo_buffer_text(&out);
}

char *advise_check(const LintCase *of)
{
    const Operation *op = operation_of(of);
    Buffer out = { 0 };
    if (op->kind != ADD_CONSTRAINT)
        return NULL;
    Operation *copy = operation_new(op);
    copy->kind = ADD_CONSTRAINT_NOT_VALID;
    capo_put(&out, ":\n");
    put_operation(&out, copy);
    capo_put(&out, NEXT);
    put_operation(&out, OPERATION(.kind = VALIDATE_CONSTRAINT, .model = op->model, .name = op->name));
    return capo_buffer_text(&out);
}

static Map *not_null_check(const char *field)
{
    Map *check = capo_map_new();
    capo_map_set(check, capo_format("%s__isnull", field), capo_value_bool(false));
    return check;
}

const char *lint_not_null_check(const ModelState *model, const char *field)
{
    Value *constraints = capo_map_get(model->options, "constraints");
    const char *wanted = capo_json_text(capo_value_map(not_null_check(field)), 0);
    for (size_t i = 0; constraints && i < constraints->map->count; i++) {
        Value *check = capo_map_get(constraints->map->entries[i].value.map, "check");
        if (check && strcmp(capo_json_text(*check, 0), wanted) == 0)
            return capo_to_text(constraints->map->entries[i].key);
    }
    return NULL;
}

/* A check that is validated tells PostgreSQL that nothing is null, so that it need not look. */
char *advise_not_null(const LintCase *of)
{
    const Operation *op = operation_of(of);
    Buffer out = { 0 };
    if (op->kind != ALTER_FIELD)
        return NULL;
    const char *name = capo_format("%.40s_%.40s_not_null", capo_lower(op->model), op->name);
    Map *options = capo_map_new();
    capo_map_set(options, "check", capo_value_map(not_null_check(op->name)));
    capo_put(&out, ", when no row has a null there any more:\n");
    put_operation(&out, OPERATION(.kind = ADD_CONSTRAINT_NOT_VALID, .model = op->model, .name = name, .options = options));
    capo_put(&out, NEXT);
    put_operation(&out, OPERATION(.kind = VALIDATE_CONSTRAINT, .model = op->model, .name = name));
    capo_put(&out, NEXT);
    put_operation(&out, op);
    put_operation(&out, OPERATION(.kind = REMOVE_CONSTRAINT, .model = op->model, .name = name));
    return capo_buffer_text(&out);
}

/* The index is built while others write; the constraint then takes it over. */
char *advise_unique(const LintCase *of)
{
    const char *add = strcasestr(of->statement, "ADD CONSTRAINT"), *table = copy_of_quoted(of->statement), *name = add ? copy_of_quoted(add) : NULL;
    const char *columns = add ? strchr(add, '(') : NULL, *end = columns ? strchr(columns, ')') : NULL;
    Buffer out = { 0 };
    if (!name || !table || !end || end[1] || is_own(operation_of(of)))
        return NULL;
    capo_put(&out, NOT_ATOMIC ":\n");
    put_operation(&out, OPERATION(.kind = RUN_SQL, .forwards = capo_value_text(capo_format("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s %s", name, table, columns)),
                                  .backwards = capo_value_text(capo_format("DROP INDEX CONCURRENTLY IF EXISTS %s", name))));
    capo_put(&out, NEXT);
    Freed freed;
    Operation *operation = separated(of, &freed, capo_format("ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %s", table, name, name));
    if (freed.has_index)
        return NULL;                        /* a second index beside it: no one migration can be both */
    put_operation(&out, operation);
    return capo_buffer_text(&out);
}
