/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations on the database, through the schema editor. Each is told two states: what the database is, and what it becomes; so
 * most need not know whether they go forwards or back, and a step back is the contrary operation. */
#include "database.h"
#include <capo/databases.h>
#include <string.h>

/* Changes of one managed table: both models, or false where nothing is to be done. */
static bool managed_pair(const char *app, ProjectState *before, const char *old_name, ProjectState *after, const char *new_name, Model **old, Model **new)
{
    *old = state_model(before, app, old_name);
    *new = state_model(after, app, new_name);
    return capo_model_is_migrated(*old) && capo_model_is_migrated(*new);
}

DATABASE_CHANGE(database_nothing)
{
    (void)op; (void)app; (void)editor; (void)before; (void)after; (void)backwards;
}

DATABASE_CHANGE(database_create_model)
{
    Model *model = state_model(backwards ? before : after, app, op->model);
    if (!capo_model_is_migrated(model))
        return;
    if (backwards)
        capo_schema_delete_model(editor, model);
    else
        capo_schema_create_model(editor, model);
}

DATABASE_CHANGE(database_delete_model)
{
    database_create_model(op, app, editor, before, after, !backwards);
}

/* With its automatic join tables, whose names follow the model's. */
DATABASE_CHANGE(database_alter_table)
{
    Model *old, *new;
    (void)backwards;
    if (managed_pair(app, before, op->model, after, op->model, &old, &new))
        capo_schema_rename_table(editor, old, new);
}

enum { RENAME_HOOKS = 8 };
static void (*rename_hooks[RENAME_HOOKS])(const Model *before, const Model *after);
static size_t n_rename_hooks;

void capo_after_rename(void (*function)(const Model *before, const Model *after))
{
    for (size_t i = 0; i < n_rename_hooks; i++)
        if (rename_hooks[i] == function)
            return;
    if (n_rename_hooks == RENAME_HOOKS)
        capo_bug("more than %d functions for capo_after_rename().", RENAME_HOOKS);
    rename_hooks[n_rename_hooks++] = function;
}

static void tell_of_rename(const SchemaEditor *editor, const Model *before, const Model *after)
{
    for (size_t i = 0; i < n_rename_hooks && !capo_schema_is_collecting(editor); i++)
        rename_hooks[i](before, after);
}

/* The table and its join tables; then the join tables of others, whose key to here is called after the model. Foreign keys follow the
 * table by themselves on every database. */
DATABASE_CHANGE(database_rename_model)
{
    Model *old, *new;
    if (!managed_pair(app, before, backwards ? op->new_name : op->model, after, backwards ? op->model : op->new_name, &old, &new)) {
        tell_of_rename(editor, old, new);
        return;
    }
    capo_schema_rename_table(editor, old, new);
    for (size_t i = 0; i < old->n_reverse; i++) {
        Field *field = old->reverse[i];
        if (field->kind != FIELD_MANY_TO_MANY || field->model == old || !field->model->managed)
            continue;
        Model *model_now = state_model(after, field->model->app, field->model->name);
        capo_schema_alter_field(editor, field->model, model_now, field, capo_field(model_now, field->name), capo_value_null());
    }
    tell_of_rename(editor, old, new);
}

/* The column _order comes and goes with the option. Rows that are there have the first place, all of them, as in Django. */
DATABASE_CHANGE(database_alter_order)
{
    Model *old, *new;
    (void)backwards;
    if (!managed_pair(app, before, op->model, after, op->model, &old, &new))
        return;
    Field *was = capo_field(old, ORDER_FIELD), *is = capo_field(new, ORDER_FIELD);
    if (!was && is)
        capo_schema_add_field(editor, old, new, is, capo_value_int(0));
    else if (was && !is)
        capo_schema_remove_field(editor, old, new, was);
}

DATABASE_CHANGE(database_alter_meta)
{
    Model *old, *new;
    (void)backwards;
    if (managed_pair(app, before, op->model, after, op->model, &old, &new))
        capo_schema_alter_meta(editor, old, new);
}

static bool has_rows(Model *model)
{
    return capo_schema_has_table(model->table) && capo_query_exists(capo_query_of(model));
}

/* What the rows that are there get: the one-off value, converted. Null leaves it to the editor: the field's default. */
static Value value_for_rows(const Operation *op, Model *old, Field *field, bool collecting)
{
    if (op->one_off.kind != VALUE_NULL)
        return capo_field_to_python(field, op->one_off);
    if (!field->null && op->field && field_state_flag(op->field, "default_function") && !field->default_function
        && !collecting && has_rows(old))
        capo_raise(ERROR_MIGRATION, "the default of %s.%s was made by a C function that the model does not have any more, and the table has rows. "
                   "Add a \"one_off_default\" to the operation.", field->model->label, field->name);
    if (!field->has_default && (field->auto_now || field->auto_now_add))
        return field->kind == FIELD_DATE ? capo_value_date(capo_today()) : field->kind == FIELD_TIME ? capo_value_time(capo_local_time(capo_now()))
            : capo_value_datetime(capo_now());
    return capo_value_null();
}

static void add_field(const Operation *op, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, const char *name)
{
    Model *old, *new;
    if (!managed_pair(app, before, op->model, after, op->model, &old, &new))
        return;
    Field *field = capo_field(new, name);
    capo_schema_add_field(editor, old, new, field, field->column ? value_for_rows(op, old, field, capo_schema_is_collecting(editor)) : capo_value_null());
}

static void remove_field(const Operation *op, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, const char *name)
{
    Model *old, *new;
    if (managed_pair(app, before, op->model, after, op->model, &old, &new))
        capo_schema_remove_field(editor, old, new, capo_field(old, name));
}

DATABASE_CHANGE(database_add_field)
{
    (backwards ? remove_field : add_field)(op, app, editor, before, after, op->name);
}

DATABASE_CHANGE(database_remove_field)
{
    (backwards ? add_field : remove_field)(op, app, editor, before, after, op->name);
}

static void alter_field(const Operation *op, const char *app, SchemaEditor *editor, ProjectState *before, const char *old_name, ProjectState *after,
                        const char *new_name)
{
    Model *old, *new;
    if (!managed_pair(app, before, op->model, after, op->model, &old, &new))
        return;
    Field *old_field = capo_field(old, old_name), *new_field = capo_field(new, new_name);
    capo_schema_alter_field(editor, old, new, old_field, new_field, new_field->column ? value_for_rows(op, old, new_field, capo_schema_is_collecting(editor))
                                                                                      : capo_value_null());
}

DATABASE_CHANGE(database_alter_field)
{
    (void)backwards;
    alter_field(op, app, editor, before, op->name, after, op->name);
}

DATABASE_CHANGE(database_rename_field)
{
    alter_field(op, app, editor, before, backwards ? op->new_name : op->name, after, backwards ? op->name : op->new_name);
}

/* --- raw SQL ----------------------------------------------------------------------------------------------------------------------- */

static Value sql_for_backend(Value sql)
{
    if (sql.kind != VALUE_MAP)
        return sql;
    Value *mine = capo_map_get(sql.map, capo_schema_backend());
    return mine ? *mine : capo_value_null();
}

/* A text is a script; a list holds single statements, or [statement, [parameters]]. */
static void run_sql(SchemaEditor *editor, Value sql)
{
    if (capo_is_text(sql))
        capo_schema_execute(editor, sql.text, NULL, 0);
    for (size_t i = 0; sql.kind == VALUE_LIST && i < sql.list->count; i++) {
        Value item = sql.list->items[i];
        if (capo_is_text(item))
            capo_schema_execute(editor, item.text, NULL, 0);
        else
            capo_schema_execute(editor, item.list->items[0].text, item.list->items[1].list->items, item.list->items[1].list->count);
    }
}

DATABASE_CHANGE(database_sql)
{
    (void)app; (void)before; (void)after;
    run_sql(editor, sql_for_backend(backwards ? op->backwards : op->forwards));
}

/* --- functions ---------------------------------------------------------------------------------------------------------------------- */

Model *capo_historical_model(MigrationModels *models, const char *label)
{
    const char *dot = strchr(label, '.');
    const ModelState *state = state_find_label(models->state, label);
    if (!dot || !state) {
        const char **labels = capo_alloc_array(models->state->count + 1, sizeof *labels);
        for (size_t i = 0; i < models->state->count; i++)
            labels[i] = model_state_label(models->state->models[i]);
        capo_raise(ERROR_MIGRATION, "there is no model %s at this point of the migrations; does the migration depend on the one that creates it?%s", label,
                   capo_did_you_mean(label, labels, models->state->count));
    }
    state_render(models->state);
    return state_model(models->state, state->app, state->name);
}

void capo_migration_nothing(MigrationModels *models)
{
    (void)models;
}

const MigrationFunction *migration_function(const char *app_name, const char *name)
{
    const char *dot = strchr(name, '.');
    const App *app = capo_app(dot ? capo_strndup(name, (size_t)(dot - name)) : app_name);
    const char *wanted = dot ? dot + 1 : name;
    size_t count = 0;
    for (const MigrationFunction *f = app ? app->migration_functions : NULL; f && f->name; f++, count++)
        if (strcmp(f->name, wanted) == 0)
            return f;
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = app->migration_functions[i].name;
    capo_raise(ERROR_MIGRATION, "the app %s has no migration function %s: add a row { \"%s\", … } to its .migration_functions.%s", app_name, name, wanted,
               capo_did_you_mean(wanted, names, count));
}

DATABASE_CHANGE(database_function)
{
    const MigrationFunction *function = migration_function(app, op->name);
    MigrationModels models = { .state = before };
    const char *step = capo_format("-- run function %s", op->name);
    (void)after;
    if (!capo_schema_begin_step(editor, step, function->repeatable))
        return;
    (backwards ? function->backwards : function->forwards)(&models);
    capo_schema_end_step(editor, step);
}

/* Its model as it is after the operation, or was before; NULL: it is about none. */
static Model *model_of(const Operation *op, const char *app, ProjectState *before, ProjectState *after)
{
    ProjectState *state = !op->model ? NULL : state_find(after, app, op->model) ? after : state_find(before, app, op->model) ? before : NULL;
    return state ? state_model(state, app, op->model) : NULL;
}

/* Where there is one database, all is allowed there. */
void operation_change_database(const Operation *op, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, bool backwards)
{
    if (capo_database_aliases()[1] && op->kind != SEPARATE_DATABASE_AND_STATE && !capo_allow_migrate(capo_database_alias(), app, model_of(op, app, before, after)))
        return;
    operation_rows[op->kind].change_database(op, app, editor, before, after, backwards);
}

/* The inner operations see states of their own, which end with the transaction. */
DATABASE_CHANGE(database_separate)
{
    size_t count = 0;
    while (op->database_operations && op->database_operations[count])
        count++;
    ProjectState **states = capo_alloc_array(count + 1, sizeof *states);
    states[0] = backwards ? after : before;
    for (size_t i = 0; i < count; i++)
        states[i + 1] = operation_state(op->database_operations[i], app, states[i]);
    for (size_t i = 0; i < count; i++) {
        size_t at = backwards ? count - 1 - i : i;
        const Operation *inner = op->database_operations[at];
        operation_change_database(inner, app, editor, states[backwards ? at + 1 : at], states[backwards ? at : at + 1], backwards);
    }
}
