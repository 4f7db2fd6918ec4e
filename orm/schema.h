/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema editor, inside: what all databases share, and the table of what each does its own way. */
#pragma once
#include "internal.h"

/* A statement that waits for the others: a foreign key to a table that may come later. */
typedef struct DeferredStatement { const char *table, *target, *sql; struct DeferredStatement *next; } DeferredStatement;

struct SchemaEditor {
    bool collects;
    Buffer collected;
    DeferredStatement *deferred, *last_deferred;
    const SchemaWatch *watch;               /* NULL: nobody */
};

/* An index that a model wants. `kind`: 'i' of a field, 'l' of a field for LIKE, 'u' of unique_together, each over `columns`; 0: of Meta, which gives
 * the name. `drop` takes the name for given; capo_schema_drop_index() looks. */
typedef struct IndexSpec { const char *name, *sql, *drop; char kind; const char *const *columns; } IndexSpec;

/* What differs between databases that alter tables (altering_schema.c). In what drops, the first "%s" is the table and the second the
 * name, both quoted; drop_index may do with the name alone (index_has_table false). */
typedef struct SchemaWords {
    const char *identity;                   /* behind the type of a key that counts up: " AUTO_INCREMENT" */
    const char *table_options;              /* behind CREATE TABLE (…) */
    const char *deferrable;                 /* behind a foreign key */
    const char *drop_foreign_key, *drop_unique, *drop_check, *drop_primary_key, *drop_index;
    bool index_has_table;
    const char *rename_index;               /* the table where index_has_table, the old name, the new one; NULL: it cannot */
    bool renames_checks;                    /* the new name of a column goes into the checks of its table */
    const char *check_now;                  /* foreign keys that wait for the commit are checked at once; NULL: they never wait */
    bool key_has_index;                     /* a foreign key makes the index that it needs */
    bool (*can_index)(const Field *field);  /* NULL: all */
    /* A further index for LIKE: its operator class; NULL: none is needed. */
    const char *(*pattern_class)(const Field *field);
    /* Sets the type of a column, and whether it may be NULL. */
    void (*alter_type)(SchemaEditor *editor, const Model *model, const Field *old_field, const Field *new_field);
    /* Names of the constraints that there are of this kind ('f' foreign key, 'u' unique, 'p' primary key, 'c' check) over this column alone.
     * Where key_has_index also 'k': `column` is an index, and what is given is the column whose foreign key has no other one. */
    List *(*constraint_names)(const char *table, const char *column, char kind);
} SchemaWords;

typedef struct SchemaBackend {
    const SchemaWords *words;               /* NULL: it cannot alter, it rebuilds (SQLite) */
    bool index_conditions, index_parts, index_include, index_methods;   /* an index can have these */
    bool foreign_key_defaults;              /* ON DELETE SET DEFAULT */
    bool virtual_columns;                   /* generated columns that are not stored */
    bool comments_apart;                    /* COMMENT ON …, else a word of the column and of the table */
    bool comments;
    bool tablespaces, deferrable_unique, nulls_not_distinct, exclusion;
    void (*create_model)(SchemaEditor *editor, Model *model);
    void (*add_column)(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value value);
    void (*remove_column)(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field);
    void (*alter_column)(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value value);
    void (*alter_constraints)(SchemaEditor *editor, Model *old_model, Model *new_model);
    void (*alter_join_table)(SchemaEditor *editor, Field *old_field, Field *new_field);
    void (*enforce_foreign_keys)(bool on);
    void (*reset_sequence)(const Model *model);             /* NULL: it follows the keys by itself */
    void (*check)(SchemaEditor *editor);                    /* at close: foreign keys hold */
    List *(*tables)(void);
    List *(*columns)(const char *table);
    char *(*describe)(const char *table);
    /* Names of the indexes that there are of an IndexSpec's kind over all rows and exactly these columns, a line each. */
    List *(*index_names)(const char *table, const char *columns, char kind);
    /* NULL: a transaction holds DDL too. Else a text of what this statement changes, "" where it changes no table. */
    char *(*fingerprint)(const char *sql);
    /* The lock of those who migrate, for the kept connection's session; NULL: transactions are enough. */
    const char *try_lock;                   /* a SELECT of one true value where it was free */
    const char *lock_timeout;               /* "SET …" with one %g, for seconds */
} SchemaBackend;

extern const SchemaBackend capo_sqlite_schema, capo_postgresql_schema, capo_mariadb_schema, capo_mysql_schema;

/* For databases that can alter tables: altering_schema.c. */
void capo_altering_create_model(SchemaEditor *editor, Model *model);
void capo_altering_add_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value value);
void capo_altering_remove_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field);
void capo_altering_alter_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value value);
void capo_altering_alter_constraints(SchemaEditor *editor, Model *old_model, Model *new_model);
void capo_altering_alter_join_table(SchemaEditor *editor, Field *old_field, Field *new_field);
void capo_altering_check(SchemaEditor *editor);
void capo_altering_table_comment(SchemaEditor *editor, const Model *model);
/* A generated column is never altered: raises ERROR_VALUE where it would have to be. */
void capo_schema_refuse_generated(const Field *old_field, const Field *new_field);

/* Keeps a statement for the end: of this table, about that other one. Forgets those about a table that is dropped; those about one
 * that is renamed run at once, before it is. */
void capo_schema_defer(SchemaEditor *editor, const char *table, const char *target, const char *sql);
void capo_schema_run_deferred(SchemaEditor *editor, const char *table);
void capo_schema_forget_deferred(SchemaEditor *editor, const char *table);
/* The names of constraints, as words->constraint_names gives them; whoever watches the editor may know better. */
List *capo_schema_constraint_names(SchemaEditor *editor, const char *table, const char *column, char kind);
List *capo_schema_index_names(SchemaEditor *editor, const char *table, const char *columns, char kind);
/* `, PRIMARY KEY ("a", "b")` of a model with a composite key, behind the columns of its CREATE TABLE. */
void capo_schema_put_key(Buffer *sql, const Model *model);
/* Runs or collects one statement. */
void capo_schema_run(SchemaEditor *editor, const char *sql, const Value *parameters, size_t count);
/* The indexes beside the table's own constraints; ends with a NULL name. */
IndexSpec *capo_schema_indexes(const Model *model);
/* " TABLESPACE name" of the field's index, else of the model; "": none, or the database has none. */
const char *capo_schema_tablespace(const Model *model, const Field *field);
/* PostgreSQL's index for LIKE, which its plain ones do not serve: of an indexed field that holds text. False: it has none. */
bool capo_schema_pattern_index(const Model *model, const Field *field, IndexSpec *ret);
/* Before this index goes: a foreign key that rests on it alone gets one of its own (MariaDB). */
void capo_schema_free_index(SchemaEditor *editor, const char *table, const char *name);
/* Drops one of the model's, by the name that it has in the database. */
void capo_schema_drop_index(SchemaEditor *editor, const Model *model, const IndexSpec *spec);
/* Drops those that only the old model has and creates those that only the new one has. */
void capo_schema_change_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model);
/* One half of it each: an index may not fit the new type of its column, or the new one the old. */
void capo_schema_drop_old_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model);
void capo_schema_create_new_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model);
/* Behind a change of a column's name, which the model says already: `before` are its indexes without it. */
void capo_schema_follow_column(SchemaEditor *editor, const Model *model, const IndexSpec *before);
/* The same behind a change of the table's name. */
void capo_schema_rename_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model);
void capo_schema_create_indexes(SchemaEditor *editor, const Model *model);
bool capo_schema_same_constraints(const Model *a, const Model *b);
/* The constraints that stand in the table: `sql` is "CONSTRAINT … CHECK (…)"; `drop` NULL where only a rebuild drops one. */
IndexSpec *capo_schema_constraints(const Model *model);
/* Meta's indexes and the unique constraints that are indexes; room for n_indexes + n_constraints. How many. */
size_t capo_schema_meta_indexes(const Model *model, IndexSpec *ret);
/* What existing rows get in a new column: the value given, the field's default, "" of a text that may be blank, false, the present moment of .auto_now. Null:
 * nothing, and a column that may not be null is refused by the database where there are rows; MariaDB gives them 0 or "". As in Django. */
Value capo_schema_effective_default(const Field *field, Value given);
