/* SPDX-License-Identifier: BSD-3-Clause */
/* The database as it is, whoever made its tables, and what its kind can do: for inspectdb, for tools, for code that is to run on any of them.
 *
 *     size_t count;
 *     const DatabaseColumn *columns = capo_database_columns("shop_order", &count);
 *     for (size_t i = 0; i < count; i++)
 *         printf("%s %s%s\n", columns[i].name, columns[i].type, columns[i].null ? "" : " NOT NULL");
 *
 * All is read from the catalogue of the current database (capo_use_database) at the time of the call, nothing is kept; arrays are the
 * unit's, and end with an element whose name is NULL. PostgreSQL: what the search path shows. Names are as the database has them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum DatabaseTableKind { TABLE_PLAIN, TABLE_VIEW, TABLE_PARTITION } DatabaseTableKind;      /* a partition of PostgreSQL's, beside its table */
typedef struct DatabaseTable { const char *name; DatabaseTableKind kind; } DatabaseTable;
/* Sorted by name; the database's own are left out. */
const DatabaseTable *capo_database_tables(size_t *ret_count);

typedef struct DatabaseColumn {
    const char *name;
    const char *type;                       /* in its words, small letters, with sizes: "varchar(20)", "character varying(20)" */
    bool null;                              /* may be NULL */
    bool primary_key;                       /* or a part of it */
    bool counts_up;                         /* the database makes its values: INTEGER PRIMARY KEY, IDENTITY, AUTO_INCREMENT */
    bool generated;                         /* GENERATED ALWAYS AS */
    bool json;                              /* holds documents: a type, or a check that says so */
    const char *default_sql;                /* as the catalogue has it; NULL: none */
    const char *collation;                  /* of its own; NULL: the database's. SQLite does not tell */
} DatabaseColumn;
/* In the table's order; none: there is no such table or view. */
const DatabaseColumn *capo_database_columns(const char *table, size_t *ret_count);

typedef enum DatabaseConstraintKind { CONSTRAINT_PRIMARY_KEY, CONSTRAINT_UNIQUE, CONSTRAINT_FOREIGN_KEY, CONSTRAINT_CHECK, CONSTRAINT_INDEX, CONSTRAINT_EXCLUSION } DatabaseConstraintKind;
typedef struct DatabaseConstraint {
    const char *name;                       /* "" where it has none */
    DatabaseConstraintKind kind;
    bool unique;                            /* an index that is unique for a part of the rows, or over expressions, is a CONSTRAINT_INDEX with this */
    const char *const *columns;             /* ends with NULL; "" stands for an expression. Of a check of MariaDB, MySQL and SQLite: none */
    const char *to_table;                   /* of a foreign key */
    const char *const *to_columns;          /* "": its primary key, where SQLite was told no column */
    const char *definition;                 /* of a check its condition, of others what the catalogue says; NULL: nothing */
} DatabaseConstraint;
/* Keys first, then the others; indexes that serve a key are not repeated, but MariaDB's and MySQL's of foreign keys are. */
const DatabaseConstraint *capo_database_constraints(const char *table, size_t *ret_count);

/* --- what it can do --------------------------------------------------------------------------------------------------------------- */

typedef struct DatabaseFeatures {
    const char *name;                       /* "sqlite", "postgresql", "mysql": what URLs, RunSQL and custom fields call it */
    const char *title;                      /* "SQLite", "PostgreSQL", "MariaDB", "MySQL" */
    bool many_writers;                      /* transactions that write run beside each other */
    bool ddl_in_transactions;               /* a rollback takes a CREATE TABLE back */
    bool returning, returning_updates;      /* INSERT, UPDATE … RETURNING */
    bool row_locks, row_locks_of, no_key_locks;     /* FOR UPDATE; … OF a table; FOR NO KEY UPDATE */
    bool isolation_levels;
    bool deferred_keys;                     /* foreign keys are checked when the transaction ends */
    bool conflict_targets;                  /* bulk_create's .unique */
    bool distinct_on, aggregate_filters, ordered_aggregates, frame_exclusion, procedures;
    bool native_uuids, native_booleans, intervals;
    bool conditional_indexes, expression_indexes, covering_indexes, index_methods;
    bool exclusion_constraints, deferrable_unique, nulls_not_distinct;
    bool virtual_columns, comments, tablespaces;
    size_t max_parameters;                  /* of one statement */
    int max_name_length;                    /* of an index or a constraint */
} DatabaseFeatures;
/* Of the current database. Known from its URL; where "mysql:" may be either, its server is asked once. */
DatabaseFeatures capo_database_features(void);
/* What its server, or SQLite's library, calls its version: "15.8", "10.11.6-MariaDB", "3.40.1". */
const char *capo_database_version(void);
