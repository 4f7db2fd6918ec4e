/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations of the site's own: rows of an app's .migration_operations, which files name as they name the framework's.
 *
 * To the rest of migrations/ they are one kind, CUSTOM, whose members are what its row says. */
#include "operations.h"
#include "database.h"
#include <string.h>

const MigrationOperation *custom_operation(const char *app_name, const char *name)
{
    const char *dot = strchr(name, '.');
    const App *app = capo_app(dot ? capo_strndup(name, (size_t)(dot - name)) : app_name);
    for (const MigrationOperation *row = app ? app->migration_operations : NULL; row && row->name; row++)
        if (strcmp(row->name, dot ? dot + 1 : name) == 0)
            return row;
    return NULL;
}

size_t custom_operation_names(const char *app_name, const char **names, size_t room)
{
    size_t count = 0;
    const App *app = capo_app(app_name);
    for (const MigrationOperation *row = app ? app->migration_operations : NULL; row && row->name && count < room; row++)
        names[count++] = row->name;
    return count;
}

static MigrationStep step_of(const Operation *op, const char *app)
{
    return (MigrationStep){ .app = app, .arguments = op->options };
}

const char *custom_error(const Operation *op, const char *app)
{
    MigrationStep step = step_of(op, app);
    return op->custom->check ? op->custom->check(&step) : NULL;
}

const char *describe_custom(const Operation *op)
{
    MigrationStep step = step_of(op, NULL);
    return op->custom->describe ? op->custom->describe(&step) : capo_format("%s: %s", op->name, capo_json_text(capo_value_map(op->options), 0));
}

const char *fragment_custom(const Operation *op)
{
    MigrationStep step = step_of(op, NULL);
    return op->custom->fragment ? capo_lower(op->custom->fragment(&step)) : NULL;
}

bool custom_reversible(const Operation *op, const char *app)
{
    MigrationStep step = step_of(op, app);
    return op->custom->database_backwards && (!op->custom->reversible || op->custom->reversible(&step));
}

void custom_state(const Operation *op, const char *app, ProjectState *state)
{
    MigrationStep step = step_of(op, app);
    MigrationModels before = { .state = state_clone(state) };
    step.before = &before;
    step.state = state;
    if (op->custom->state_forwards)
        op->custom->state_forwards(&step);
}

/* What writes no SQL through the editor is a step as a whole. */
DATABASE_CHANGE(database_custom)
{
    void (*change)(MigrationStep *) = backwards ? op->custom->database_backwards : op->custom->database_forwards;
    MigrationModels models_before = { .state = before }, models_after = { .state = after };
    MigrationStep step = step_of(op, app);
    const char *what = capo_format("-- run %s", operation_text(op));
    step.editor = editor;
    step.before = &models_before;
    step.after = &models_after;
    if (!change)
        return;
    if (!op->custom->not_sql) {
        change(&step);
        return;
    }
    if (!capo_schema_begin_step(editor, what, op->custom->repeatable))
        return;
    change(&step);
    capo_schema_end_step(editor, what);
}

/* --- what its functions may call --------------------------------------------------------------------------------------------------------- */

Value capo_step_value(const MigrationStep *step, const char *name)
{
    Value *value = capo_map_get(step->arguments, name);
    return value ? *value : capo_value_null();
}

const char *capo_step_text(const MigrationStep *step, const char *name)
{
    Value value = capo_step_value(step, name);
    return value.kind == VALUE_NULL ? NULL : capo_to_text(value);
}

void capo_step_change_state(MigrationStep *step, const char *operations)
{
    if (!step->state)
        capo_bug("capo_step_change_state() is for .state_forwards: elsewhere the models are as the migration's file says.");
    const char *list = *capo_strip(operations) == '[' ? operations : capo_format("[%s]", operations);
    const char *text = capo_format("{\"operations\": %s}", list);
    Migration *migration = migration_parse(step->app, "state_forwards", "the state_forwards of an operation", text, strlen(text));
    for (size_t i = 0; i < migration->n_operations; i++)
        operation_rows[migration->operations[i]->kind].change_state(migration->operations[i], step->app, step->state);
}
