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

/* Whether a transaction holds DDL as well. On MariaDB and MySQL it does not: each such statement commits what was before it. */
bool capo_schema_has_transactions(void);
/* Whoever keeps a journal of what an editor does, so that it can go on where it was interrupted. `before` false: the statement is done
 * already and is left out. `looked` gets the names that the database has now and gives those to go by. */
typedef struct SchemaWatch {
    bool (*before)(void *self, const char *sql);
    bool (*begins)(void *self, const char *step, bool repeatable);
    void (*after)(void *self, const char *sql);
    List *(*looked)(void *self, const char *what, List *found);
    void *self;
} SchemaWatch;
void capo_schema_watch(SchemaEditor *editor, const SchemaWatch *watch);
/* A step that is no statement, between the two as a statement is: false, it is done already, or SQL is collected and says so. `what` is
 * its line there, "-- …". */
bool capo_schema_begin_step(SchemaEditor *editor, const char *what, bool repeatable);
void capo_schema_end_step(SchemaEditor *editor, const char *what);
/* Whether a statement changes the schema (as far as its first word says), and what it would change, in a form that differs once it is
 * done. Only where transactions do not hold DDL. */
bool capo_schema_is_ddl(const char *sql);
char *capo_schema_fingerprint(const char *sql);

/* One migrator at a time. Keeps one connection for all that this unit does, whose session takes the database's lock; the lock lasts
 * as long as a statement of it runs, also where its process was killed meanwhile. False: not got within so many seconds (less than 0: waits
 * for ever). `lock_timeout`: seconds that each statement waits for a table that others use; 0: as always. On SQLite it is
 * a lock on the database's folder. */
bool capo_schema_lock(double seconds, double lock_timeout);
void capo_schema_unlock(void);

/* SQLite can switch its foreign keys only outside a transaction: migrations call this with false before capo_begin() and with
 * true after the commit or rollback, on the connection that transactions of this unit use. Nothing on other databases. */
void capo_schema_enforce_foreign_keys(bool on);
/* "sqlite", "postgresql", "mysql": of the current database, known without connecting. */
const char *capo_schema_backend(void);

void capo_schema_create_model(SchemaEditor *editor, Model *model);         /* with its automatic join tables and indexes */
void capo_schema_delete_model(SchemaEditor *editor, Model *model);
void capo_schema_rename_table(SchemaEditor *editor, Model *old_model, Model *new_model);
/* `default_value`: for existing rows, where the field is not null; NULL kind: the field's own default, "" of a text that may be blank, the present moment
 * of .auto_now. A column that none of these fills is refused by the database where there are rows (MariaDB fills it with 0 or ""). */
void capo_schema_add_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value default_value);
void capo_schema_remove_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field);
void capo_schema_alter_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value default_value);
/* Indexes, unique_together and constraints: makes the table's those of new_model. */
void capo_schema_alter_meta(SchemaEditor *editor, Model *old_model, Model *new_model);
/* Sets Meta's db_table_comment; nothing where the database has no comments. */
void capo_schema_alter_table_comment(SchemaEditor *editor, Model *model);
/* An index of Meta without a lock on the table (PostgreSQL, outside a transaction; elsewhere the plain index). */
void capo_schema_add_index_concurrently(SchemaEditor *editor, Model *model, const char *name);
void capo_schema_remove_index_concurrently(SchemaEditor *editor, Model *model, const char *name);
/* A check that holds for new rows at once, and for those that are there when it is validated (PostgreSQL; elsewhere at once). */
void capo_schema_add_constraint_not_valid(SchemaEditor *editor, Model *old_model, Model *new_model, const char *name);
void capo_schema_validate_constraint(SchemaEditor *editor, Model *model, const char *name);
/* PostgreSQL's extensions and collations (a NULL locale drops it); nothing elsewhere. */
void capo_schema_extension(SchemaEditor *editor, const char *name, bool creates);
void capo_schema_collation(SchemaEditor *editor, const char *name, const char *locale, const char *provider, bool not_deterministic);
void capo_schema_execute(SchemaEditor *editor, const char *sql, const Value *parameters, size_t count);

/* The counter of the model's automatic key goes on behind the largest key that there is: after rows were inserted with keys of their own
 * (loaddata). Where the database does that by itself, nothing. */
void capo_schema_reset_sequence(const Model *model);

/* The statements that empty these tables and set their counters back to 1: to be run in one transaction (MariaDB commits before its last). */
List *capo_schema_flush_sql(Model *const *models, size_t count);
/* The statement of capo_schema_reset_sequence(), for reading; NULL: none is needed. */
const char *capo_schema_sequence_sql(const Model *model);

/* The database as it is: for tests (migrated against fresh), inspectdb, and clear errors. */
List *capo_schema_tables(void);                                             /* texts, sorted */
List *capo_schema_columns(const char *table);                               /* their names, in order; empty: no such table */
/* A canonical text of a table's columns, keys, indexes and constraints; equal for equal schemas. */
char *capo_schema_describe(const char *table);
/* Raises what creating the model's table would raise of itself: a condition that names no field, an expression over another table. */
void capo_schema_check(const Model *model);
/* What the models ask for and the current database lacks, a sentence each, for `check`. Known without connecting. */
void capo_schema_warn(const Model *model, List *warnings);
bool capo_schema_has_table(const char *table);
