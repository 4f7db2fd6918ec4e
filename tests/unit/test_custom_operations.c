/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations of one's own: read, described, done to states and databases, undone, collected as SQL; and functions that change the schema themselves. */
#include "migrating.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* --- a view, which the framework has no operation for --- */

static const char *check_view(const MigrationStep *step)
{
    return strchr(capo_step_text(step, "view"), ' ') ? "has a view with a space in its name." : NULL;
}
static const char *describe_view(const MigrationStep *step) { return capo_format("Create view %s", capo_step_text(step, "view")); }
static const char *fragment_view(const MigrationStep *step) { return capo_format("view %s", capo_step_text(step, "view")); }

static void create_view(MigrationStep *step)
{
    Model *post = capo_historical_model(step->after, "mig.Post");
    capo_schema_execute(step->editor, capo_format("CREATE VIEW %s AS SELECT id, title FROM %s WHERE views >= %s", capo_step_text(step, "view"), post->table,
                                                  capo_to_text(capo_step_value(step, "least"))), NULL, 0);
}
static void drop_view(MigrationStep *step)
{
    capo_schema_execute(step->editor, capo_format("DROP VIEW %s", capo_step_text(step, "view")), NULL, 0);
}

/* --- a field with its model's ordering, as two operations in one: the state follows --- */

static void add_ranked(MigrationStep *step)
{
    const char *model = capo_step_text(step, "model");
    EXPECT(capo_field(capo_historical_model(step->before, capo_format("%s.%s", step->app, model)), "title") != NULL);
    capo_step_change_state(step, capo_format("[{\"AddField\": {\"model\": \"%s\", \"name\": \"rank\", \"field\": {\"kind\": \"IntegerField\", \"default\": 7}}},"
                                             "{\"AlterModelOptions\": {\"model\": \"%s\", \"options\": {\"ordering\": [\"rank\"]}}}]", model, model));
}
static void add_rank_column(MigrationStep *step)
{
    const char *label = capo_format("%s.%s", step->app, capo_step_text(step, "model"));
    Model *old = capo_historical_model(step->before, label), *new = capo_historical_model(step->after, label);
    capo_schema_add_field(step->editor, old, new, capo_field(new, "rank"), capo_value_null());
}
static void remove_rank_column(MigrationStep *step)
{
    const char *label = capo_format("%s.%s", step->app, capo_step_text(step, "model"));
    Model *old = capo_historical_model(step->before, label), *new = capo_historical_model(step->after, label);
    capo_schema_remove_field(step->editor, old, new, capo_field(old, "rank"));
}
static bool is_reversible(const MigrationStep *step) { return !capo_truth(capo_step_value(step, "for_good")); }

/* --- rows by the ORM --- */

static int times_run;

static void count_up(MigrationStep *step)
{
    Model *post = capo_historical_model(step->after, "mig.Post");
    times_run++;
    for (Instance **row = capo_query_rows(capo_query_of(post), NULL); *row; row++) {
        int64_t views = capo_field_value(*row, capo_field(post, "views")).integer;
        capo_field_assign(*row, capo_field(post, "views"), capo_value_int(views + capo_step_value(step, "by").integer));
        capo_instance_save(*row);
    }
}

static const MigrationOperation operations[] = {
    { "CreateView", '+', .required = LIST("view", "least"), .check = check_view, .describe = describe_view, .fragment = fragment_view,
      .database_forwards = create_view, .database_backwards = drop_view },
    { "AddRank", .required = LIST("model"), .optional = LIST("for_good"), .state_forwards = add_ranked, .database_forwards = add_rank_column,
      .database_backwards = remove_rank_column, .reversible = is_reversible },
    { "CountUp", 's', .not_sql = true, .database_forwards = count_up, .elidable = true },
    { 0 }
};

static void start(void)
{
    start_migrating();
    migrating_app.migration_operations = operations;
    file("0001_initial", NULL, POST);
}

#define VIEW "{\"CreateView\": {\"view\": \"mig_seen\", \"least\": 5}}"

TEST(custom_operations_go_forwards_and_back)
{
    start();
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 1), ('b', 9)");
    char *before = database_text();
    file("0002_own", "0001_initial", VIEW ", {\"AddRank\": {\"model\": \"Post\"}}");
    migrate(NULL, NULL);
    EXPECT_TEXT(first_text("SELECT title FROM mig_seen"), "b");
    EXPECT_INT(first_number("SELECT SUM(mig_post.rank) FROM mig_post"), 14);
    /* what comes behind it sees what it did to the state */
    file("0003_more", "0002_own", "{\"RenameField\": {\"model\": \"Post\", \"old_name\": \"rank\", \"new_name\": \"place\"}}");
    migrate(NULL, NULL);
    EXPECT_INT(first_number("SELECT SUM(place) FROM mig_post"), 14);
    migrate("mig", "0001");
    EXPECT_TEXT(database_text(), before);
}

TEST(custom_operations_speak)
{
    start();
    file("0002_own", "0001_initial", VIEW ", {\"AddRank\": {\"model\": \"Post\"}}, {\"CountUp\": {\"by\": 2}}");
    Buffer plan = { 0 };
    capo_migrate(&(MigrateOptions){ .app = "mig", .plan = true, .say = keep_line, .self = &plan });
    EXPECT(strstr(capo_buffer_text(&plan), "    Create view mig_seen\n    AddRank: {\"model\": \"Post\"}\n    CountUp: {\"by\": 2}\n") != NULL);
    char *sql = capo_sql_migrate("mig", "0002", false);
    EXPECT(strstr(sql, "-- Create view mig_seen\n--\nCREATE VIEW mig_seen AS SELECT id, title FROM mig_post WHERE views >= 5;\n") != NULL);
    EXPECT(strstr(sql, "rank") && strstr(sql, "THIS OPERATION CANNOT BE WRITTEN AS SQL"));
    EXPECT_INT(times_run, 0);
    const char *text = "{\"operations\": [" VIEW "]}";
    Migration *migration = migration_parse("mig", "x", "x.json", text, strlen(text));
    EXPECT_TEXT(migration_made_name(migration), "view_mig_seen");
    EXPECT_INT(operation_symbol(migration->operations[0]), '+');
    const char *written = migration_text(migration);
    EXPECT(strstr(written, "{ \"CreateView\": { \"view\": \"mig_seen\", \"least\": 5 } }") != NULL);
    EXPECT_TEXT(migration_text(migration_parse("mig", "x", "x.json", written, strlen(written))), written);
    /* another app names it with its own */
    text = "{\"operations\": [{\"mig.CreateView\": {\"view\": \"v\", \"least\": 1}}]}";
    EXPECT_TEXT(operation_describe(migration_parse("migother", "x", "x.json", text, strlen(text))->operations[0]), "Create view v");
}

static void parse(void *text)
{
    migration_parse("mig", "x", "x.json", text, strlen(text));
}

TEST(custom_operations_are_refused_with_a_line)
{
    static const char *const bad[][2] = {
        { "{\"CreateVieuw\": {}}", "line 2: there is no operation CreateVieuw. Did you mean 'CreateView'?" },
        { "{\"CreateView\": {\"view\": \"v\"}}", "line 2: CreateView lacks \"least\"." },
        { "{\"CreateView\": {\"view\": \"v\", \"leest\": 1, \"least\": 1}}", "line 2: CreateView has no \"leest\". Did you mean 'least'?" },
        { "{\"CreateView\": {\"view\": \"v w\", \"least\": 1}}", "line 2: CreateView has a view with a space in its name." },
        { "{\"migother.CreateView\": {\"view\": \"v\", \"least\": 1}}", "line 2: there is no operation migother.CreateView." },
    };
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const Error *error = EXPECT_RAISES(ERROR_MIGRATION, parse, (void *)capo_format("{\"operations\": [\n%s]}", bad[i][0]));
        EXPECT(strstr(error->message, bad[i][1]) != NULL);
    }
    migrate(NULL, NULL);
    file("0002_own", "0001_initial", "{\"AddRank\": {\"model\": \"Post\", \"for_good\": true}}");
    migrate(NULL, NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, migrate_to, "0001")->message, "its operation 1 (AddRank: ") != NULL);
}

TEST(custom_operations_write_rows_once_and_are_squashed_away)
{
    start();
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 1)");
    file("0002_own", "0001_initial", "{\"CountUp\": {\"by\": 2}}," VIEW);
    migrate(NULL, NULL);
    EXPECT_INT(first_number("SELECT views FROM mig_post"), 3);
    capo_squash_migrations(&(SquashOptions){ .app = "mig", .last = "0002", .say = keep_line, .self = &(Buffer){ 0 } });
    const SourceFile *squashed = capo_find_app_file(&migrating_app, "migrations", "0001_squashed_0002_own.json");
    EXPECT(squashed && strstr(squashed->text, "CreateView") && !strstr(squashed->text, "CountUp"));
}

/* --- what only shows SQL runs nothing ------------------------------------------------------------------------------------------------------ */

static void add_post(MigrationModels *models)
{
    (void)models;
    times_run++;
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('f', 0)");
}

/* A table of its own between two rows; killed behind it when it is told so. */
static bool is_killed;

static void with_own_table(MigrationModels *models)
{
    add_post(models);
    if (capo_schema_has_table("mig_own"))
        capo_sql_run("DROP TABLE mig_own");
    capo_sql_run("CREATE TABLE mig_own (n integer)");
    if (is_killed)
        kill(getpid(), SIGKILL);
    add_post(models);
}

static const MigrationFunction functions[] = {
    { "add_post", add_post, capo_migration_nothing }, { "with_own_table", with_own_table, capo_migration_nothing },
    { "again", with_own_table, .repeatable = true }, { 0 }
};

TEST(sqlmigrate_and_lint_run_no_function)
{
    start();
    migrating_app.migration_functions = functions;
    migrate(NULL, NULL);
    times_run = 0;
    file("0002_nested", "0001_initial", "{\"SeparateDatabaseAndState\": {\"database_operations\": [{\"RunFunction\": {\"function\": \"add_post\"}}]}},"
         "{\"CountUp\": {\"by\": 1}}, {\"RunFunction\": {\"function\": \"add_post\"}}");
    EXPECT(strstr(capo_sql_migrate("mig", "0002", false), "-- run function add_post\n-- THIS OPERATION CANNOT BE WRITTEN AS SQL\n") != NULL);
    EXPECT_INT(capo_lint_migrations(&(LintOptions){ .say = keep_line, .self = &(Buffer){ 0 } }), 0);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 0);
    EXPECT_INT(times_run, 0);
    migrate(NULL, NULL);
    EXPECT_INT(times_run, 3);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 2);
}

/* --- functions that change the schema themselves ---------------------------------------------------------------------------------------------- */

static void migrate_and_be_killed(void *unused)
{
    is_killed = true;
    migrate_all(unused);
}

/* Killed behind its own table: where that is taken back it runs again; MariaDB keeps it and the row before it, and asks, unless it may be repeated. */
TEST(functions_with_a_schema_of_their_own_are_not_run_twice)
{
    for (const char *const *name = LIST("with_own_table", "again"); *name; name++) {
        start();
        migrating_app.migration_functions = functions;
        migrate(NULL, NULL);
        file("0002_own", "0001_initial", ADD_SUBTITLE);
        file("0003_function", "0002_own", capo_format("{\"RunFunction\": {\"function\": \"%s\"}}, {\"RemoveField\": {\"model\": \"Post\", \"name\": \"subtitle\"}}", *name));
        migrate("mig", "0002");
        capo_sql_run("ALTER TABLE mig_post DROP COLUMN subtitle");
        capo_sql_run("ALTER TABLE mig_post ADD COLUMN subtitle varchar(9)");
        EXPECT_INT(end_of_process(in_a_process(migrate_and_be_killed, NULL)), -SIGKILL);
        open_again();
        bool kept = !capo_schema_has_transactions();
        EXPECT_INT(capo_schema_has_table("mig_own"), kept);
        EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), kept);
        if (kept && strcmp(*name, "again") != 0) {
            const char *said = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL)->message;
            EXPECT(strstr(said, "\"run function with_own_table\" was interrupted behind a change of the schema") != NULL);
            EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL)->message, "nobody can tell how far it came") != NULL);
            EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 1);
            /* as the message says: it is at its end */
            const char *advice = strstr(said, "UPDATE capo_migration_journal"), *end = strstr(advice, "; then run migrate again");
            capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('by hand', 0)");
            capo_sql_run(capo_strndup(advice, (size_t)(end - advice)));
        }
        migrate(NULL, NULL);
        EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), kept && strcmp(*name, "again") == 0 ? 3 : 2);
        EXPECT_INT(capo_schema_columns("mig_post")->count, 3);
        if (kept)
            EXPECT_INT(first_number("SELECT COUNT(*) FROM capo_migration_journal"), 0);
        capo_sql_run("DROP TABLE mig_own");
    }
}
