/* SPDX-License-Identifier: BSD-3-Clause */
/* Migrations: numbered JSON files in each app's migrations/, Django's operations, a graph over all apps.
 *
 *     { "dependencies": [["auth", "0001_initial"]],
 *       "operations": [ { "CreateModel": { "name": "Tag", "fields": { "id": {…}, "name": { "kind": "CharField", "max_length": 50 } } } } ] }
 *
 * The commands makemigrations, migrate, showmigrations and sqlmigrate (cli) are thin doors to these. */
#pragma once
#include <capo/orm.h>
#include <capo/schema.h>
#include <capo/web.h>

/* A data migration in C: RunFunction names it. `models` gives the models as they were then. What it writes and the record that it ran are one
 * transaction. One that changes the schema itself is taken back where transactions hold that; MariaDB cannot, and one that is killed there behind
 * such a change is not run a second time unless .repeatable: migrate says what to do. Better is an operation of one's own, below. */
typedef struct MigrationModels MigrationModels;
typedef struct MigrationFunction {
    const char *name;
    void (*forwards)(MigrationModels *models);
    void (*backwards)(MigrationModels *models);         /* NULL: cannot be undone */
    bool repeatable;                                    /* may be run again from its start, wherever it was interrupted */
} MigrationFunction;
/* "blog.Post", case-blind; a Model like any other, but without a C struct: use capo_query_of, capo_field_value, capo_field_assign,
 * capo_instance_save. Raises ERROR_MIGRATION where the model does not exist at that point. */
Model *capo_historical_model(MigrationModels *models, const char *label);
/* For .backwards where nothing needs to be undone. */
void capo_migration_nothing(MigrationModels *models);

/* An operation of one's own: a row of the app's .migration_operations. Its migrations name it as they name the framework's, those of other apps as
 * "app.CreateView", and its members are its arguments.
 *
 *     { "CreateView": { "view": "blog_recent", "sql": "SELECT id FROM blog_post" } }
 *
 *     static void create_view(MigrationStep *step)
 *     {
 *         capo_schema_execute(step->editor, capo_format("CREATE VIEW %s AS %s", capo_step_text(step, "view"), capo_step_text(step, "sql")), NULL, 0);
 *     }
 *     static void drop_view(MigrationStep *step)
 *     {
 *         capo_schema_execute(step->editor, capo_format("DROP VIEW %s", capo_step_text(step, "view")), NULL, 0);
 *     }
 *     static const MigrationOperation operations[] = {
 *         { "CreateView", '+', .required = LIST("view", "sql"), .database_forwards = create_view, .database_backwards = drop_view }, { 0 } };
 *
 * All that it does to the database goes through step->editor (capo_schema_…): so sqlmigrate and lintmigrations show it, and on MariaDB an
 * interrupted one goes on where it stopped; it must do the same again when it is called again. One that writes rows by the ORM instead says .not_sql: it
 * is run as a RunFunction is. */
typedef struct MigrationStep {
    const char *app;                        /* whose migration it stands in; NULL in describe and fragment */
    const Map *arguments;                   /* as in the file */
    SchemaEditor *editor;                   /* in database_… */
    MigrationModels *before, *after;        /* the models before the change of the database and after it; in state_forwards `before` alone */
    struct ProjectState *state;             /* in state_forwards: capo_step_change_state */
} MigrationStep;
typedef struct MigrationOperation {
    const char *name;
    char symbol;                            /* in the output of makemigrations: '+', '-', '~'; default '?' */
    const char *const *required, *const *optional;      /* its members: LIST("view", "sql"). Both left out: any */
    const char *(*check)(const MigrationStep *step);    /* of the members, when a file is read: NULL, or the end of a sentence ("needs a view.") */
    const char *(*describe)(const MigrationStep *step); /* "Create view blog_recent"; default: its name and members */
    const char *(*fragment)(const MigrationStep *step); /* of the name of a file that it is alone in: "recent_view"; default: none */
    void (*state_forwards)(MigrationStep *step);        /* what it does to the models: capo_step_change_state; default: nothing */
    void (*database_forwards)(MigrationStep *step);     /* default: nothing */
    void (*database_backwards)(MigrationStep *step);    /* NULL: cannot be undone */
    bool (*reversible)(const MigrationStep *step);      /* where that depends on its members */
    bool elidable;                          /* a squashed migration does without it */
    bool not_sql, repeatable;               /* writes rows by itself; as of MigrationFunction */
} MigrationOperation;
/* A member: null, or NULL, where the file has none. */
Value capo_step_value(const MigrationStep *step, const char *name);
const char *capo_step_text(const MigrationStep *step, const char *name);
/* In state_forwards: does to the models what these operations do, one or a list, as in a file: "{\"AddField\": {…}}". */
void capo_step_change_state(MigrationStep *step, const char *operations);

/* How makemigrations asks. `no_input`: never guesses; a question that needs an answer raises ERROR_COMMAND saying what to do. */
typedef struct Questioner {
    bool (*confirm)(void *self, const char *question);
    /* An answer as typed, or NULL to give up. */
    const char *(*ask)(void *self, const char *question);
    void *self;
    bool no_input;
} Questioner;

typedef struct MakeOptions {
    const char *const *apps;            /* NULL: all of the project (apps with a directory of their own) */
    const char *name;                   /* file name without number; default: Django's, from the operations */
    bool dry_run, check, empty, merge;
    bool update;                        /* into the last migration of each app, which must not be applied (to the current database) nor have others behind it */
    Questioner *questioner;
    void (*say)(void *self, const char *line); void *self;
    void (*wrote)(void *self, const char *path);        /* each file that was written */
} MakeOptions;
/* How many migrations were (or would be) written. Files are written whole or not at all. `check` writes nothing and asks nothing.
 * Raises ERROR_COMMAND for what only a person can decide, ERROR_MIGRATION for a broken file (with its line). */
int capo_make_migrations(const MakeOptions *options);

/* squashmigrations and optimizemigration. */
typedef struct SquashOptions {
    const char *app;
    const char *first, *last;           /* names or prefixes; first NULL: the app's first. optimizemigration: `last` */
    const char *name;                   /* of the new file, without number; default: Django's, "0001_squashed_0004_x" */
    bool no_optimize, check;            /* check: optimizemigration writes nothing */
    Questioner *questioner;             /* NULL, or no_input: not asked whether to go on */
    void (*say)(void *self, const char *line); void *self;
} SquashOptions;
/* One migration that stands for those from the first to the last: a database that has them all has it too, a new one gets it alone. False: the
 * answer was no. Raises ERROR_COMMAND for one that is squashed itself. */
bool capo_squash_migrations(const SquashOptions *options);
/* Whether the migration can do (or does now) with fewer operations; its file is written anew. */
bool capo_optimize_migration(const SquashOptions *options);

/* inspectdb: the database that there is as the text of a models.def. */
typedef struct InspectOptions {
    const char *const *tables;          /* NULL: all */
    bool views, partitions;
    void (*say)(void *self, const char *text); void *self;
} InspectOptions;
void capo_inspect_database(const InspectOptions *options);

/* lintmigrations: each operation that locks or rewrites a table with rows, or that a program which still runs would miss, with the safe
 * way round, for the database that is open. How many. Nothing is run. */
typedef struct LintOptions {
    const char *const *apps;            /* NULL: all */
    bool all;                           /* applied ones too */
    void (*say)(void *self, const char *line); void *self;
} LintOptions;
int capo_lint_migrations(const LintOptions *options);

typedef struct MigrateOptions {
    const char *app, *target;           /* "0002", a prefix, or "zero"; NULL: the newest */
    bool fake, fake_initial, plan;
    bool run_syncdb;                    /* also makes the tables of apps without migrations */
    bool prune;                         /* of `app`: forgets what is recorded and has no file any more; nothing else is done */
    int verbosity;                      /* 0: as usual; -1: nothing is said; 2: also how long each took, and whose handlers run */
    double lock_timeout;                /* seconds that a statement waits for a table that others use; 0: the database's own limit */
    void (*say)(void *self, const char *line); void *self;
    void (*begin)(void *self, const char *text);        /* "  Applying blog.0001_initial... ", of which .say then gets the rest; default: all at once */
} MigrateOptions;
/* How many were applied or unapplied. One run at a time: a second one waits for the database's lock. Raises ERROR_MIGRATION naming migration
 * and operation; the schema is as before it. On MariaDB and MySQL, whose transactions hold no DDL, what came before stays, and the next run goes
 * on there, also after this process was killed. */
int capo_migrate(const MigrateOptions *options);
typedef struct MigrationStatus { const char *app, *name; bool applied; DateTime applied_at; } MigrationStatus;
/* In order of the plan; ends with a NULL app. */
MigrationStatus *capo_migration_status(const char *app);
int capo_unapplied_count(void);
/* How many of them capo_migrate() would apply or unapply: of .app and .target. Nothing is done. */
int capo_planned_count(const MigrateOptions *options);
/* The statements of one migration, for reading or for running by hand; nothing is run. */
char *capo_sql_migrate(const char *app, const char *name, bool backwards);
/* Hook of auth: called after every migrate, also one that had nothing to do. The same function is kept once. */
void capo_after_migrate(void (*function)(void));
/* Calls them, and sends capo_post_migrate: after the tables were emptied. */
void capo_run_after_migrate(void);
/* Behind each RenameModel on the database, in its transaction; forwards and back, and perhaps once more where an interrupted migration goes on.
 * The models are historical: their app, names and Meta. */
void capo_after_rename(void (*function)(const Model *before, const Model *after));
