/* SPDX-License-Identifier: BSD-3-Clause */
/* --fake-initial: whether all that an initial migration would make is there already. The rules are Django's.
 *
 * Names are compared as the database tells them apart: of tables on SQLite never by the case of their letters, on MySQL as its server is set up, on
 * PostgreSQL always; of columns on PostgreSQL alone. What is no table of ours (proxies, .unmanaged) is not looked for. */
#include "migration.h"
#include <string.h>

static bool folds_tables(void)
{
    int64_t setting = 0;
    if (strcmp(capo_schema_backend(), "mysql") != 0)
        return strcmp(capo_schema_backend(), "sqlite") == 0;
    List *rows = capo_sql_rows("SELECT @@lower_case_table_names AS n");
    return rows->count && capo_to_int(rows->items[0].map->entries[0].value, &setting) && setting;
}

static bool is_name(const char *there, const char *name, bool folds) { return folds ? same_name(there, name) : strcmp(there, name) == 0; }

static bool has_name(const List *names, const char *name, bool folds)
{
    for (size_t i = 0; i < names->count; i++)
        if (is_name(capo_to_text(names->items[i]), name, folds))
            return true;
    return false;
}

/* Said to be, or not said not to be and behind no other of its app. */
static bool is_initial(const Migration *migration)
{
    bool follows = migration->not_initial;
    for (const MigrationKey *key = migration->dependencies; key && key->app; key++)
        follows |= strcmp(key->app, migration->app) == 0;
    return migration->initial || !follows;
}

static bool has_field(const List *tables, bool folds, Model *model, const char *name)
{
    Field *field = capo_field(model, name);
    if (!field->column)
        return has_name(tables, field->through->table, folds);
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = capo_to_text(tables->items[i]);
        if (is_name(table, model->table, folds))
            return has_name(capo_schema_columns(table), field->column, strcmp(capo_schema_backend(), "postgresql") != 0);
    }
    return false;
}

bool migration_is_there(const Migration *migration, ProjectState *before)
{
    bool makes_something = false;
    if (!is_initial(migration))
        return false;
    ProjectState **states = migration_states(migration, before), *after = states[migration->n_operations];
    List *tables = capo_schema_tables();
    bool folds = folds_tables();
    for (size_t i = 0; i < migration->n_operations; i++) {
        const Operation *op = migration->operations[i];
        if ((op->kind != CREATE_MODEL && op->kind != ADD_FIELD) || !state_find(after, migration->app, op->model))
            continue;
        Model *model = state_model(after, migration->app, op->model);
        if (!model->managed)
            continue;
        makes_something = true;
        if (!has_name(tables, model->table, folds) || (op->kind == ADD_FIELD && !has_field(tables, folds, model, op->name)))
            return false;
        for (size_t m = 0; op->kind == CREATE_MODEL && m < model->n_many; m++)
            if (!has_name(tables, model->many[m]->through->table, folds))
                return false;
    }
    return makes_something;
}
