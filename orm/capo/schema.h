/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema editor: DDL from models, by backend. Migrations and tests use it.
 *
 *     SchemaEditor *editor = capo_schema_open(true);        // true: collects SQL, runs nothing (sqlmigrate)
 *     capo_schema_create_model(editor, model);
 *     capo_schema_close(editor);                             // runs what was deferred; raises when a foreign key is violated
 *
 * Runs in the caller's transaction. SQLite: an ALTER that it lacks is a rebuild (new table, copy, drop, rename) that keeps rows,
 * indexes and foreign keys (foreign_keys is off during the migration and checked at the end, as Django does). */
#pragma once
#include <capo/model.h>
#include <capo/value.h>

typedef struct SchemaEditor SchemaEditor;
SchemaEditor *capo_schema_open(bool collect_sql);
void capo_schema_close(SchemaEditor *editor);
const char *capo_schema_collected_sql(SchemaEditor *editor);
bool capo_schema_is_collecting(const SchemaEditor *editor);

/* SQLite can switch its foreign keys only outside a transaction: migrations call this with false before capo_begin() and with
 * true after the commit or rollback, on the connection that transactions of this unit use. Nothing on other databases. */
void capo_schema_enforce_foreign_keys(bool on);
/* "sqlite", "postgresql", "mysql": of the current database, known without connecting. */
const char *capo_schema_backend(void);

void capo_schema_create_model(SchemaEditor *editor, Model *model);         /* with its automatic join tables and indexes */
void capo_schema_delete_model(SchemaEditor *editor, Model *model);
void capo_schema_rename_table(SchemaEditor *editor, Model *old_model, Model *new_model);
/* `default_value`: for existing rows, where the field is not null; NULL kind: the field's own default, else "" or 0 as Django. */
void capo_schema_add_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value default_value);
void capo_schema_remove_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field);
void capo_schema_alter_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value default_value);
/* Indexes, unique_together and constraints: makes the table's those of new_model. */
void capo_schema_alter_meta(SchemaEditor *editor, Model *old_model, Model *new_model);
void capo_schema_execute(SchemaEditor *editor, const char *sql, const Value *parameters, size_t count);

/* The counter of the model's automatic key goes on behind the largest key that there is: after rows were inserted with keys of their own
 * (loaddata). Where the database does that by itself, nothing. */
void capo_schema_reset_sequence(const Model *model);

/* The database as it is: for tests (migrated against fresh), inspectdb, and clear errors. */
List *capo_schema_tables(void);                                             /* texts, sorted */
List *capo_schema_columns(const char *table);                               /* their names, in order; empty: no such table */
/* A canonical text of a table's columns, keys, indexes and constraints; equal for equal schemas. */
char *capo_schema_describe(const char *table);
/* What the models ask for and the current database lacks, a sentence each, for `check`. Known without connecting. */
void capo_schema_warn(const Model *model, List *warnings);
bool capo_schema_has_table(const char *table);
