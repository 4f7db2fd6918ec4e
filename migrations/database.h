/* SPDX-License-Identifier: BSD-3-Clause */
/* What each operation does to a database: columns of the table in operations.c. */
#pragma once
#include "migration.h"

#define DATABASE_CHANGE(name) \
    void name(const Operation *op, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, bool backwards)
DATABASE_CHANGE(database_create_model);
DATABASE_CHANGE(database_delete_model);
DATABASE_CHANGE(database_rename_model);
DATABASE_CHANGE(database_alter_table);
DATABASE_CHANGE(database_alter_meta);
DATABASE_CHANGE(database_alter_order);
DATABASE_CHANGE(database_add_field);
DATABASE_CHANGE(database_remove_field);
DATABASE_CHANGE(database_alter_field);
DATABASE_CHANGE(database_rename_field);
DATABASE_CHANGE(database_nothing);
DATABASE_CHANGE(database_sql);
DATABASE_CHANGE(database_function);
DATABASE_CHANGE(database_custom);
DATABASE_CHANGE(database_separate);

struct MigrationModels { ProjectState *state; };

/* The row that RunFunction names: "name" of the app, or "app.name". Raises where there is none. */
const MigrationFunction *migration_function(const char *app, const char *name);
DATABASE_CHANGE(database_table_comment);
DATABASE_CHANGE(database_add_index_concurrently);
DATABASE_CHANGE(database_remove_index_concurrently);
DATABASE_CHANGE(database_add_not_valid);
DATABASE_CHANGE(database_validate);
DATABASE_CHANGE(database_create_extension);
DATABASE_CHANGE(database_create_collation);
DATABASE_CHANGE(database_remove_collation);
