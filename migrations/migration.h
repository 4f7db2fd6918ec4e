/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of migrations/ share: operations, migrations, the graph.
 *
 *     file.c  <->  Migration { Operation … }   ->  operations.c  ->  ProjectState (state.h) and the schema editor
 *     graph.c: all migrations of all apps, in order    recorder.c: which are applied    executor.c: applies them
 *     autodetector.c: two states -> operations -> migrations    make.c: writes them */
#pragma once
#include <capo/migrations.h>
#include "state.h"

typedef enum OperationKind {
    OPERATION_NONE, CREATE_MODEL, DELETE_MODEL, RENAME_MODEL, ALTER_MODEL_TABLE, ALTER_MODEL_OPTIONS, ALTER_UNIQUE_TOGETHER,
    ADD_FIELD, REMOVE_FIELD, ALTER_FIELD, RENAME_FIELD, ADD_INDEX, REMOVE_INDEX, RENAME_INDEX, ADD_CONSTRAINT, REMOVE_CONSTRAINT,
    RUN_SQL, RUN_FUNCTION, SEPARATE_DATABASE_AND_STATE,
    ALTER_MODEL_TABLE_COMMENT, ALTER_CONSTRAINT, ADD_INDEX_CONCURRENTLY, REMOVE_INDEX_CONCURRENTLY, ADD_CONSTRAINT_NOT_VALID, VALIDATE_CONSTRAINT,
    ALTER_ORDER_WITH_RESPECT_TO, CREATE_EXTENSION, CREATE_COLLATION, REMOVE_COLLATION, CUSTOM, OPERATION_KINDS
} OperationKind;

typedef struct Operation Operation;
struct Operation {
    OperationKind kind;
    const char *model;                      /* of RenameModel: the old name */
    const char *name, *new_name;            /* of a field, index, constraint or function */
    FieldState *field;
    FieldState **fields; size_t n_fields;   /* CreateModel */
    Map *options;                           /* CreateModel, AlterModelOptions; AddConstraint, AddIndex: what it is */
    List *list;                             /* fields of AddIndex that has no more, lists of AlterUniqueTogether */
    Value one_off;                          /* for the rows that are there: AddField, AlterField; null: none */
    const char *table;                      /* NULL: the default name */
    bool elidable;                          /* SQL and functions that a squashed migration does not need */
    const char *comment, *locale, *provider; bool not_deterministic;        /* AlterModelTableComment; CreateCollation */
    Value forwards, backwards;              /* SQL: a text, a list, or a map of backend to those; null: none */
    Operation **database_operations, **state_operations;    /* NULL at the end; or NULL */
    const MigrationOperation *custom;       /* CUSTOM: its row; `name` is what the file calls it, `options` are its members */
};

/* What a member of an operation is in a file. */
typedef enum MemberType { MEMBER_NAME, MEMBER_TEXT, MEMBER_FIELD, MEMBER_FIELDS, MEMBER_META, MEMBER_PLAIN_META, MEMBER_NAMES, MEMBER_NAME_LISTS,
                          MEMBER_ONE_OFF, MEMBER_FLAG, MEMBER_SQL, MEMBER_OPERATIONS, MEMBER_CONSTRAINT, MEMBER_INDEX } MemberType;
typedef struct OperationMember { const char *name; MemberType type; size_t offset; bool required; } OperationMember;

/* One row for each kind: all that reading, writing, detecting and running ask of it. operations.c has the table. */
typedef struct OperationRow {
    const char *name;                       /* "AddField" */
    char symbol;                            /* of what it does, in the output of makemigrations: + - ~ s f ? */
    const OperationMember *members;         /* ends with { 0 } */
    const char *(*describe)(const Operation *self);
    const char *(*fragment)(const Operation *self);         /* of a file's name; NULL: none */
    void (*change_state)(const Operation *self, const char *app, ProjectState *state);
    /* The database is as `before` says and becomes as `after` says; backwards: `before` is the later one. */
    /* By operation_change_database(), which asks the routers first. */
    void (*change_database)(const Operation *self, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, bool backwards);
} OperationRow;
extern const OperationRow operation_rows[OPERATION_KINDS];

#define OPERATION(...) operation_new(&(Operation){ __VA_ARGS__ })
Operation *operation_new(const Operation *operation);
const char *operation_name(const Operation *operation);                             /* in a file: "AddField" */
char operation_symbol(const Operation *operation);
const char *operation_describe(const Operation *operation);
const char *operation_fragment(const Operation *operation);
bool operation_reversible(const Operation *operation, const char *app);
/* OperationRow.change_database, where the routers allow it. */
void operation_change_database(const Operation *self, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, bool backwards);
/* The state after the operation: a new one. */
ProjectState *operation_state(const Operation *operation, const char *app, const ProjectState *state);
/* Whether it is done to this model of its app. */
bool operation_is_about(const Operation *operation, const char *model);

/* In place of a migration's name: the app's first one, and its last. ["AUTH_USER_MODEL", "__first__"] is that of the site's user model. */
#define MIGRATION_FIRST "__first__"
#define MIGRATION_LATEST "__latest__"
#define AUTH_USER_CHOICE "AUTH_USER_MODEL"
typedef struct MigrationKey { const char *app, *name; } MigrationKey;
typedef struct Migration {
    const char *app, *name;                 /* "blog", "0002_post_subtitle" */
    const char *path;                       /* for messages */
    bool initial, non_atomic, not_initial;  /* the last: the file says "initial": false */
    MigrationKey *dependencies, *replaces, *run_before;         /* end with a NULL app */
    Operation **operations; size_t n_operations;
} Migration;
/* Whether it depends on none of its own app. */
bool migration_is_first(const Migration *migration);
/* Whether it is squashed, and stands for this one. */
bool migration_replaces(const Migration *squash, const char *app, const char *name);
const char *migration_label(const Migration *migration);                            /* "blog.0002_post_subtitle" */
/* The state after all its operations. An error names migration and operation. */
ProjectState *migration_state(const Migration *migration, const ProjectState *state);
void migration_add_dependency(Migration *migration, const char *app, const char *name);

/* --- file.c, write.c --- */
/* Raises ERROR_MIGRATION: a sentence with file, line and what is wrong. */
Migration *migration_parse(const char *app, const char *name, const char *path, const char *text, size_t size);
char *migration_text(const Migration *migration);
char *operation_text(const Operation *operation);                                   /* JSON, in one line: the same text means the same */
/* "blog/migrations", or what .migration_modules says; NULL: the app's migrations are switched off. */
const char *migrations_folder(const App *app);
/* The file that it has or would get: "blog/migrations/0001_initial.json". */
char *migration_path(const App *app, const char *name);
const char *migration_checksum(const Migration *migration);                         /* of what it says, not of how it is laid out */

/* --- graph.c --- */
typedef struct MigrationNode {
    Migration *migration;
    struct MigrationNode **parents; size_t n_parents;           /* sorted by label */
    struct MigrationNode **children; size_t n_children;
    int mark;
} MigrationNode;
typedef struct MigrationGraph {
    MigrationNode **nodes; size_t count;
    Migration *const *files; size_t n_files;                    /* all that there are, also such as another stands for */
} MigrationGraph;
/* All migrations of these apps (NULL at the end), linked. Raises for a missing dependency or a cycle, naming all involved.
 * `applied` may be NULL; else a squashed migration stands for those that it replaces when none or all of them are applied. */
MigrationGraph *graph_load(const App *const *apps, const Map *applied);
MigrationGraph *graph_of(Migration *const *migrations, size_t count, const Map *applied);
MigrationNode *graph_find(const MigrationGraph *graph, const char *app, const char *name);
/* The site's app of this name; raises ERROR_COMMAND, with the one that was meant. */
const App *migration_app(const char *name);
/* The last migrations of the app (one, unless there is a conflict), NULL at the end. */
MigrationNode **graph_leaves(const MigrationGraph *graph, const char *app);
/* Raises where an app has more than one leaf, with advice. */
void graph_refuse_conflicts(const MigrationGraph *graph);
/* The node by a prefix of its name; raises with what there is. */
MigrationNode *graph_find_prefix(const MigrationGraph *graph, const char *app, const char *prefix);
/* What must be applied for this one, itself last; what must be unapplied with it, itself last. NULL at the end. */
MigrationNode **graph_forwards_plan(const MigrationGraph *graph, MigrationNode *node);
MigrationNode **graph_backwards_plan(const MigrationGraph *graph, MigrationNode *node);
/* All, in order. */
MigrationNode **graph_full_plan(const MigrationGraph *graph);
/* What there is before all migrations: the models of apps whose migrations are switched off and, where `all`, of all apps that have none, those that lead to no
 * app that has some. */
ProjectState *graph_start(const MigrationGraph *graph, bool all);
/* The state after all migrations, for makemigrations. */
ProjectState *graph_state(const MigrationGraph *graph);

/* --- recorder.c: the table django_migrations --- */
/* Map of "app.name" to a datetime; empty where the table is not there. */
Map *recorder_applied(void);
void recorder_prepare(void);                                    /* makes the table where it is missing */
void recorder_make_table(const char *table, const char *name, const FieldRow *rows);
void recorder_add(const Migration *migration);
/* Only the row of django_migrations: for what a squashed migration replaces, of which there may be no file. */
void recorder_add_replaced(const MigrationKey *key);
void recorder_remove(const char *app, const char *name);
int recorder_count(const char *app, const char *name);          /* how often it is recorded: 0 or 1, unless another run is at it too */
/* "app.name" to the checksum that it was applied with. */
Map *recorder_checksums(void);

/* --- optimizer.c --- */
/* Fewer operations of one app that lead to the same; a new list with NULL at its end. */
Operation **operations_optimized(Operation *const *operations, size_t count, const char *app, size_t *ret_count);

/* --- run.c: one migration on the database --- */
typedef struct MigrationRun {
    const Migration *migration;
    ProjectState *before;                   /* the state in front of it, in its forward sense */
    bool backwards, fake;
    const Operation *operation; size_t number;      /* how far it came; NULL: to its end */
    bool done_by_other;                     /* another process was faster: nothing was done */
    void (*say)(void *self, const char *line); void *self;
} MigrationRun;
/* Raises ERROR_MIGRATION, naming migration and operation and what is left of it. */
void migration_run(MigrationRun *run);
/* The states around each operation, one more than there are. */
ProjectState **migration_states(const Migration *migration, ProjectState *before);
/* One operation, `at` in the file. */
void migration_run_operation(MigrationRun *run, SchemaEditor *editor, ProjectState **states, size_t at);

/* --- fake_initial.c --- */
/* Whether all tables and columns that an initial migration would make are there already. */
bool migration_is_there(const Migration *migration, ProjectState *before);

/* --- autodetector.c --- */
typedef struct DetectedApp { const char *app; Migration **migrations; size_t count; } DetectedApp;
/* New migrations that lead from one state to the other, by app, numbered and named behind the leaves of the graph. `only`: these apps
 * and what they need; NULL: all. `name` replaces the made name. */
DetectedApp *detect_changes(const ProjectState *from, const ProjectState *to, const MigrationGraph *graph, const char *const *only,
                            const char *name, Questioner *questioner, size_t *ret_count);
const char *migration_made_name(const Migration *migration);

/* --- questions.c --- */
bool ask_renamed_model(Questioner *questioner, const ModelState *old, const ModelState *new);
bool ask_renamed_field(Questioner *questioner, const ModelState *model, const FieldState *old, const FieldState *new);
/* The one-off value; null: none given ("handle it myself"), only where `may_ignore`. */
Value ask_one_off(Questioner *questioner, const ModelState *model, const FieldState *field, bool may_ignore);
/* Whether to go on although every row that is there would get the same value in a unique column. */
bool ask_unique_default(Questioner *questioner, const ModelState *model, const FieldState *field);
bool ask_merge(Questioner *questioner, const char *app, const char *branches);
