/* SPDX-License-Identifier: BSD-3-Clause */
/* migrate on SQLite: forwards, back, fake, plan; failures that leave everything as it was; history; makemigrations to files. */
#include "migrating.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void double_views(MigrationModels *models);
static void halve_views(MigrationModels *models);
static void fail_late(MigrationModels *models);
static const MigrationFunction functions[] = {
    { "double_views", double_views, halve_views },
    { "one_way", double_views, NULL },
    { "fail_late", fail_late, fail_late },
    { 0 }
};
static void start(void)
{
    start_migrating();
    migrating_app.migration_functions = functions;
}

static void double_views(MigrationModels *models)
{
    Model *post = capo_historical_model(models, "mig.Post");
    EXPECT_INT(post->size, 0);
    for (Instance **row = capo_query_rows(capo_query_of(post), NULL); *row; row++) {
        int64_t views = capo_field_value(*row, capo_field(post, "views")).integer;
        capo_field_assign(*row, capo_field(post, "views"), capo_value_int(2 * views));
        capo_instance_save(*row);
    }
}

static void halve_views(MigrationModels *models)
{
    Model *post = capo_historical_model(models, "mig.post");
    for (Instance **row = capo_query_rows(capo_query_of(post), NULL); *row; row++) {
        capo_field_assign(*row, capo_field(post, "views"), capo_value_int(capo_field_value(*row, capo_field(post, "views")).integer / 2));
        capo_instance_save(*row);
    }
}

static void fail_late(MigrationModels *models)
{
    if (capo_field(capo_historical_model(models, "mig.Post"), "views"))
        double_views(models);
    capo_raise(ERROR_VALUE, "no luck today.");
}

TEST(migrate_forwards_and_back_to_zero)
{
    start();
    file("0001_initial", NULL, POST "," COMMENT);
    file("0002_post_subtitle", "0001_initial", ADD_SUBTITLE);
    EXPECT_INT(capo_unapplied_count(), 2);
    EXPECT_TEXT(migrate("mig", "0001"), "Operations to perform:\n  Target specific migration: 0001_initial, from mig\nRunning migrations:\n  Applying mig.0001_initial... OK\n");
    char *first = capo_schema_describe("mig_post");
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES (?, ?)", "one", 1);
    capo_sql_run("INSERT INTO mig_comment (post_id, text) VALUES (1, ?)", "well");
    EXPECT_TEXT(migrate(NULL, NULL), "Operations to perform:\n  Apply all migrations: mig\nRunning migrations:\n  Applying mig.0002_post_subtitle... OK\n");
    EXPECT_TEXT(first_text("SELECT subtitle FROM mig_post"), "it's");
    EXPECT_INT(capo_unapplied_count(), 0);
    MigrationStatus *status = capo_migration_status("mig");
    EXPECT_TEXT(status[1].name, "0002_post_subtitle");
    EXPECT(status[1].applied && status[1].applied_at.microseconds > 0 && !status[2].app);
    EXPECT(strstr(migrate(NULL, NULL), "  No migrations to apply.\n") != NULL);
    EXPECT(strstr(migrate("mig", "0001"), "  Unapplying mig.0002_post_subtitle... OK\n") != NULL);
    EXPECT_TEXT(capo_schema_describe("mig_post"), first);
    EXPECT_TEXT(first_text("SELECT title, views FROM mig_post"), "one1");
    EXPECT_TEXT(first_text("SELECT text FROM mig_comment WHERE post_id = 1"), "well");
    migrate("mig", "zero");
    EXPECT(!capo_schema_has_table("mig_post") && !capo_schema_has_table("mig_comment"));
    EXPECT_INT(first_number("SELECT COUNT(*) FROM django_migrations"), 0);
    expect_sound_keys();
}

TEST(migrate_plan_and_fake_touch_nothing)
{
    start();
    file("0001_initial", NULL, POST);
    file("0002_sql", "0001_initial", "{\"RunSQL\": {\"forwards\": \"INSERT INTO mig_post (title, views) VALUES ('a;b', 1); INSERT INTO mig_post (title, views) VALUES ('c', 2)\"}}");
    Buffer out = { 0 };
    EXPECT_INT(capo_migrate(&(MigrateOptions){ .plan = true, .say = keep_line, .self = &out }), 0);
    EXPECT_TEXT(capo_buffer_text(&out), "Planned operations:\nmig.0001_initial\n    Create model Post\nmig.0002_sql\n    Raw SQL operation\n");
    EXPECT_INT(capo_schema_tables()->count, 0);
    EXPECT_INT(capo_migrate(&(MigrateOptions){ .app = "mig", .target = "0001", .fake = true }), 1);
    EXPECT(!capo_schema_has_table("mig_post"));
    EXPECT_INT(capo_unapplied_count(), 1);
    capo_migrate(&(MigrateOptions){ .app = "mig", .target = "zero", .fake = true });
    migrate(NULL, NULL);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 2);
    /* irreversible: refused before anything is done */
    char *before = database_text();
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_to, "zero");
    EXPECT(strstr(error->message, "mig.0002_sql cannot be undone: its operation 1 (Raw SQL operation) is not reversible") != NULL);
    EXPECT_TEXT(database_text(), before);
}

TEST(migrate_fake_initial_takes_what_is_there)
{
    start();
    file("0001_initial", NULL, POST);
    migrate(NULL, NULL);
    capo_sql_run("DELETE FROM django_migrations");
    Buffer out = { 0 };
    capo_migrate(&(MigrateOptions){ .fake_initial = true, .say = keep_line, .self = &out });
    EXPECT(strstr(capo_buffer_text(&out), "Applying mig.0001_initial... FAKED") != NULL);
    /* without it the message says that there is this way */
    capo_sql_run("DELETE FROM django_migrations");
    EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL)->message, "--fake-initial") != NULL);
    /* a table that lacks is made */
    capo_sql_run("DELETE FROM django_migrations");
    capo_sql_run("DROP TABLE mig_post");
    capo_migrate(&(MigrateOptions){ .fake_initial = true });
    EXPECT(capo_schema_has_table("mig_post"));
}

static char *fake_initial(void)
{
    Buffer out = { 0 };
    capo_sql_run("DELETE FROM django_migrations");
    capo_migrate(&(MigrateOptions){ .fake_initial = true, .say = keep_line, .self = &out });
    return capo_buffer_text(&out);
}

static void fake_initial_all(void *unused)
{
    (void)unused;
    fake_initial();
}

#define INITIAL_FIELD(name) "{\"AddField\": {\"model\": \"Post\", \"name\": \"" name "\", \"field\": {\"kind\": \"IntegerField\", \"default\": 0}}}"

/* Letters of either case are one name where the database says so. */
TEST(migrate_fake_initial_compares_names_as_the_database_does)
{
    start();
    file("0001_initial", NULL, POST);
    migrate(NULL, NULL);
    bool folds_tables = database_is("sqlite") || (database_is("mysql") && first_number("SELECT @@lower_case_table_names"));
    capo_sql_run("ALTER TABLE mig_post RENAME TO mig_other");
    capo_sql_run(database_is("mysql") ? "ALTER TABLE mig_other RENAME TO Mig_Post" : "ALTER TABLE mig_other RENAME TO \"Mig_Post\"");
    if (database_is("postgresql"))                  /* it is made beside the other, and stops at the index of the same name */
        EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, fake_initial_all, NULL)->message, "mig_post_title_") != NULL);
    else
        EXPECT_INT(strstr(fake_initial(), "Applying mig.0001_initial... FAKED") != NULL, folds_tables);
    /* a column, of an AddField: PostgreSQL alone tells them apart */
    start();
    file("0001_initial", NULL, POST "," INITIAL_FIELD("rank"));
    migrate(NULL, NULL);
    capo_sql_run(database_is("mysql") ? "ALTER TABLE mig_post CHANGE `rank` `RANK` integer" : "ALTER TABLE mig_post RENAME COLUMN \"rank\" TO \"RANK\"");
    if (database_is("postgresql"))
        EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, fake_initial_all, NULL)->message, "already exists") != NULL);
    else
        EXPECT(strstr(fake_initial(), "Applying mig.0001_initial... FAKED") != NULL);
    /* one that is not there: the migration is not faked, and says what stands in its way */
    capo_sql_run(database_is("mysql") ? "ALTER TABLE mig_post DROP COLUMN `RANK`" : "ALTER TABLE mig_post DROP COLUMN \"RANK\"");
    EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, fake_initial_all, NULL)->message, "already exists") != NULL);
}

/* Whether it is initial is told by its dependencies where the file does not say. */
TEST(migrate_fake_initial_knows_what_is_initial)
{
    start();
    file_with(migrating_directory, "0001_initial", "", POST);
    migrate(NULL, NULL);
    EXPECT(strstr(fake_initial(), "Applying mig.0001_initial... FAKED") != NULL);
    file_with(migrating_directory, "0001_initial", "\"initial\": false,", POST);
    EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, fake_initial_all, NULL)->message, "already exists") != NULL);
    file_with(migrating_directory, "0001_initial", "", POST);
    file("0002_more", "0001_initial", INITIAL_FIELD("rank"));
    capo_sql_run("ALTER TABLE mig_post ADD COLUMN rank_ integer");
    EXPECT(strstr(fake_initial(), "mig.0002_more... OK") != NULL);
}

/* A failure at each place of a migration: schema, rows and history are as before, and the message says where. */
TEST(migrate_failures_leave_everything_as_it_was)
{
    static const struct { const char *operations, *wanted; } cases[] = {
        { ADD_SUBTITLE ", {\"RunSQL\": {\"forwards\": \"INSERT INTO nowhere VALUES (1)\"}}", "operation 2 of 2 (Raw SQL operation)" },
        { "{\"RemoveField\": {\"model\": \"Post\", \"name\": \"views\"}}, {\"RunFunction\": {\"function\": \"fail_late\"}}", "operation 2 of 2 (Run function fail_late)" },
        { "{\"RunFunction\": {\"function\": \"fail_late\"}}", "no luck today." },
        { "{\"RunFunction\": {\"function\": \"duoble_views\"}}", "Did you mean 'double_views'?" },
        { "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Article\"}}, {\"DeleteModel\": {\"name\": \"Comment\"}}, {\"RunSQL\": {\"forwards\": \"SELEKT\"}}", "operation 3 of 3" },
        { "{\"AlterField\": {\"model\": \"Post\", \"name\": \"title\", \"field\": {\"kind\": \"CharField\", \"max_length\": 200, \"unique\": true}}}", "operation 1 of 1 (Alter field title on post)" },
        { "{\"RunSQL\": {\"forwards\": \"DELETE FROM mig_post\"}}", "foreign key" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start();
        file("0001_initial", NULL, POST "," COMMENT);
        migrate(NULL, NULL);
        capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('same', 1), ('same', 2)");
        capo_sql_run("INSERT INTO mig_comment (post_id, text) VALUES (1, 'a')");
        char *before = database_text();
        file("0002_bad", "0001_initial", cases[i].operations);
        const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
        if (!strcasestr(error->message, cases[i].wanted) || !strstr(error->message, "mig.0002_bad"))
            capo_test_fail(__FILE__, __LINE__, "answered: %s\n  wanted: %s", error->message, cases[i].wanted);
        EXPECT_INT(recorder_count("mig", "0002_bad"), 0);
        if (capo_schema_has_transactions()) {
            EXPECT(strstr(error->message, "The database is as it was before this migration.") != NULL);
            EXPECT_TEXT(database_text(), before);
        } else {
            EXPECT(strstr(error->message, "migrate goes on there.") != NULL);
        }
        EXPECT_INT(capo_unapplied_count(), 1);
        expect_sound_keys();
        EXPECT(!capo_in_transaction());
    }
}

TEST(migrate_runs_functions_both_ways_with_models_of_then)
{
    start();
    file("0001_initial", NULL, POST ", {\"AlterField\": {\"model\": \"Post\", \"name\": \"title\", \"field\": {\"kind\": \"CharField\", \"max_length\": 200, \"blank\": true}}}");
    file("0002_double", "0001_initial", "{\"RunFunction\": {\"function\": \"double_views\"}}");
    file("0003_no_title", "0002_double", "{\"RemoveField\": {\"model\": \"Post\", \"name\": \"title\"}}");
    migrate("mig", "0001");
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 21)");
    migrate(NULL, NULL);
    EXPECT_INT(first_number("SELECT views FROM mig_post"), 42);
    migrate("mig", "0001");
    EXPECT_TEXT(first_text("SELECT title, views FROM mig_post"), "21");
}

/* As Django: rows that are there get a default, "" of a text that may be blank, or nothing at all; nobody makes up values for them. */
TEST(migrate_invents_no_values_for_rows)
{
    start();
    file("0001_initial", NULL, POST);
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 21)");
    file("0002_blank", "0001_initial", "{\"AddField\": {\"model\": \"Post\", \"name\": \"note\", \"field\": {\"kind\": \"TextField\", \"blank\": true}}},"
                                       "{\"AddField\": {\"model\": \"Post\", \"name\": \"rank\", \"field\": {\"kind\": \"IntegerField\", \"null\": true}}}");
    migrate(NULL, NULL);
    EXPECT_TEXT(first_text("SELECT title, views, note FROM mig_post WHERE rank IS NULL"), "a21");
    file("0003_must", "0002_blank", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"rank\", \"field\": {\"kind\": \"IntegerField\"}}}");
    EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post WHERE rank IS NULL"), 1);
    capo_sql_run("UPDATE mig_post SET rank = 5");
    migrate(NULL, NULL);
    file("0004_new", "0003_must", "{\"AddField\": {\"model\": \"Post\", \"name\": \"day\", \"field\": {\"kind\": \"IntegerField\"}}}");
    if (!database_is("mysql"))                  /* which gives such rows 0 itself, also under Django */
        EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
}

TEST(migrate_refuses_what_depends_on_itself)
{
    start();
    file("0001_initial", NULL, POST);
    file("0002_own", "0002_own", ADD_SUBTITLE);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL)->message, "mig.0002_own depends on itself. Take that out of its file.");
}

TEST(migrate_counts_what_it_would_do)
{
    start();
    file("0001_initial", NULL, POST);
    file("0002_more", "0001_initial", ADD_SUBTITLE);
    file_with(migrating_other, "0001_initial", "\"initial\": true,", "{\"CreateModel\": {\"name\": \"Note\", \"fields\": {" ID "}}}");
    EXPECT_INT(capo_planned_count(&(MigrateOptions){ 0 }), 3);
    EXPECT_INT(capo_planned_count(&(MigrateOptions){ .app = "migother" }), 1);
    EXPECT_INT(capo_planned_count(&(MigrateOptions){ .app = "mig", .target = "0001" }), 1);
    migrate("mig", NULL);
    EXPECT_INT(capo_planned_count(&(MigrateOptions){ .app = "mig" }), 0);
    EXPECT_INT(capo_planned_count(&(MigrateOptions){ .app = "mig", .target = "zero" }), 2);
    EXPECT_INT(capo_planned_count(&(MigrateOptions){ 0 }), 1);
}

TEST(migrate_refuses_inconsistent_history)
{
    start();
    file("0001_initial", NULL, POST);
    file("0002_post_subtitle", "0001_initial", ADD_SUBTITLE);
    migrate(NULL, NULL);
    capo_sql_run("DELETE FROM django_migrations WHERE name = '0001_initial'");
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
    EXPECT(strstr(error->message, "mig.0002_post_subtitle is applied before its dependency mig.0001_initial") != NULL);
    /* as the message says */
    capo_migrate(&(MigrateOptions){ .app = "mig", .target = "0001", .fake = true });
    EXPECT(strstr(migrate(NULL, NULL), "No migrations to apply.") != NULL);
    error = EXPECT_RAISES(ERROR_COMMAND, migrate_to, "0009");
    EXPECT(strstr(error->message, "Cannot find a migration matching '0009' from app 'mig'.") != NULL);
}

/* SEC-315: a file that was edited after it had been applied */
TEST(migrate_reports_edited_history)
{
    start();
    file("0001_initial", NULL, POST);
    EXPECT(strstr(migrate(NULL, NULL), "checksum") == NULL);
    EXPECT(strstr(migrate(NULL, NULL), "checksum") == NULL);
    file("0001_initial", NULL, POST "," ADD_SUBTITLE);
    EXPECT(strstr(migrate(NULL, NULL), "mig.0001_initial was edited after it had been applied") != NULL);
}

TEST(sqlmigrate_writes_what_migrate_runs)
{
    start();
    file("0001_initial", NULL, POST);
    file("0002_post_subtitle", "0001_initial", ADD_SUBTITLE ", {\"RunFunction\": {\"function\": \"double_views\"}}");
    char *sql = capo_sql_migrate("mig", "0001", false);
    const char *begin = capo_schema_has_transactions() ? "BEGIN;\n" : "";
    EXPECT(strstr(sql, capo_format("%s--\n-- Create model Post\n--\nCREATE TABLE %s", begin, capo_quote_name("mig_post"))) == sql);
    EXPECT(strstr(capo_sql_migrate("mig", "0001", true), capo_format("DROP TABLE %s", capo_quote_name("mig_post"))) != NULL);
    sql = capo_format("%s%s", sql, capo_sql_migrate("mig", "0002", false));
    EXPECT(strstr(sql, "THIS OPERATION CANNOT BE WRITTEN AS SQL") != NULL);
    EXPECT_INT(capo_schema_tables()->count, 0);
    /* SEC-313: run by hand, it makes the same tables, quotes and all */
    migrate(NULL, NULL);
    char *made = capo_schema_describe("mig_post");
    migrate("mig", "zero");
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_enforce_foreign_keys(false);
    capo_schema_execute(editor, sql, NULL, 0);
    capo_schema_enforce_foreign_keys(true);
    EXPECT_TEXT(capo_schema_describe("mig_post"), made);
}

/* SEC-313: names and values with quotes, in every place that reaches SQL */
TEST(migrate_quotes_names_and_values)
{
    start();
    file("0001_initial", NULL, "{\"CreateModel\": {\"name\": \"Odd\", \"fields\": {" ID ", \"n\": {\"kind\": \"IntegerField\", \"db_column\": \"n\\\"; DROP TABLE x; --\"}},"
        "\"options\": {\"db_table\": \"odd \\\"table' %s\"}}}");
    file("0002_more", "0001_initial", "{\"AddField\": {\"model\": \"Odd\", \"name\": \"t\", \"field\": {\"kind\": \"CharField\", \"max_length\": 50, \"db_column\": \"t'?\", \"db_index\": true,"
        "\"default\": \"'); DROP TABLE \\\"django_migrations\\\"; --\"}}}, {\"AddIndex\": {\"model\": \"Odd\", \"name\": \"an \\\"index'\", \"fields\": [\"n\", \"-t\"]}}");
    migrate("mig", "0001");
    const char *odd = "odd \"table' %s", *table = capo_quote_name(odd), *n = capo_quote_name("n\"; DROP TABLE x; --"), *t = capo_quote_name("t'?");
    capo_database_run(capo_format("INSERT INTO %s (%s) VALUES (7)", table, n), NULL, 0, DATABASE_WRITE);
    migrate(NULL, NULL);
    ResultSet *row = capo_database_run(capo_format("SELECT %s FROM %s", t, table), NULL, 0, DATABASE_READ);
    EXPECT_TEXT(capo_to_text(capo_cell(row, 0, 0)), "'); DROP TABLE \"django_migrations\"; --");
    EXPECT(strstr(capo_schema_describe(odd), "an \"index'") || strstr(capo_schema_describe(odd), "an \"\"index'"));
    EXPECT_INT(first_number("SELECT COUNT(*) FROM django_migrations"), 2);
    migrate("mig", "zero");
    EXPECT_INT(capo_schema_tables()->count, capo_schema_has_transactions() ? 2 : 3);
}

/* SEC-311: of two runs at once each migration is applied by one */
TEST(migrate_twice_at_once)
{
    start();
    file("0001_initial", NULL, POST);
    for (int i = 2; i < 12; i++)
        file(capo_format("%04d_x", i), i == 2 ? "0001_initial" : capo_format("%04d_x", i - 1),
             capo_format("{\"AddField\": {\"model\": \"Post\", \"name\": \"f%d\", \"field\": {\"kind\": \"IntegerField\", \"default\": 1}}}", i));
    int children[3];
    for (int i = 0; i < 3; i++)
        children[i] = in_a_process(migrate_all, NULL);
    for (int i = 0; i < 3; i++)
        EXPECT_INT(end_of_process(children[i]), 0);
    open_again();
    EXPECT_INT(first_number("SELECT COUNT(*) FROM django_migrations"), 11);
    EXPECT_INT(capo_schema_columns("mig_post")->count, 13);
}

/* SEC-312: a rebuild that runs out of room */
TEST(migrate_with_a_full_disk)
{
    start();
    if (!database_is("sqlite"))                         /* a server's disk is its own affair */
        return;
    file("0001_initial", NULL, POST "," COMMENT);
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_post (title, views) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT 'title ' || i, i FROM n");
    capo_sql_run("INSERT INTO mig_comment (post_id, text) SELECT id, 'x' FROM mig_post");
    char *before = database_text();
    file("0002_unique", "0001_initial", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"title\", \"field\": {\"kind\": \"CharField\", \"max_length\": 200, \"unique\": true}}}");
    capo_begin();                                       /* the limit belongs to the connection that writes */
    int64_t pages = first_number("PRAGMA page_count");
    capo_sql_rows_with(capo_format("PRAGMA max_page_count = %lld", (long long)pages + 3), NULL, 0);
    capo_commit();
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
    EXPECT(strstr(error->message, "full") != NULL);
    EXPECT_TEXT(database_text(), before);
    EXPECT_TEXT(first_text("PRAGMA integrity_check"), "ok");
    capo_begin();
    capo_sql_rows_with("PRAGMA max_page_count = 1000000", NULL, 0);
    capo_commit();
    migrate(NULL, NULL);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 5000);
    expect_sound_keys();
}

TEST(migrate_runs_sql_in_all_its_forms)
{
    start();
    file("0001_initial", NULL, POST);
    const char *other = database_is("mysql") ? "sqlite" : "mysql";
    file("0002_sql", "0001_initial", capo_format(
         "{\"RunSQL\": {\"forwards\": [[\"INSERT INTO mig_post (title, views) VALUES (?, ?)\", [\"it's; 'new'\", 5]], \"UPDATE mig_post SET views = views + 1\"],"
         "  \"backwards\": {\"sqlite\": \"DELETE FROM mig_post\", \"postgresql\": \"DELETE FROM mig_post\", \"mysql\": [\"DELETE FROM mig_post\"]}}},"
         "{\"RunSQL\": {\"forwards\": {\"%s\": \"nonsense\"}, \"backwards\": \"\"}},"
         "{\"SeparateDatabaseAndState\": {\"database_operations\": [{\"RunSQL\": {\"forwards\": \"ALTER TABLE mig_post ADD COLUMN extra integer NULL\","
         "  \"backwards\": \"ALTER TABLE mig_post DROP COLUMN extra\"}}],"
         "  \"state_operations\": [{\"AddField\": {\"model\": \"Post\", \"name\": \"extra\", \"field\": {\"kind\": \"IntegerField\", \"null\": true}}}]}},"
         "{\"AlterField\": {\"model\": \"Post\", \"name\": \"extra\", \"field\": {\"kind\": \"IntegerField\"}, \"one_off_default\": 4}}", other));
    migrate(NULL, NULL);
    EXPECT_TEXT(first_text("SELECT title, views, extra FROM mig_post"), "it's; 'new'64");
    migrate("mig", "0001");
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 0);
    EXPECT_INT(capo_schema_columns("mig_post")->count, 3);
}

static void expect_line(const char *table, const char *wanted, const char *on_postgresql)
{
    const char *text = table_text(table), *line = database_is("postgresql") ? on_postgresql : wanted;
    if (!strstr(text, line))
        capo_test_fail(__FILE__, __LINE__, "%s has no line %s:\n%s", table, line, text);
}

/* The columns of keys that refer to it, and of join tables, change with a primary key. */
TEST(migrate_alters_a_key_with_what_refers_to_it)
{
    start();
    file("0001_initial", NULL, "{\"CreateModel\": {\"name\": \"Author\", \"fields\": {\"code\": {\"kind\": \"CharField\", \"max_length\": 9, \"primary_key\": true}}}},"
         "{\"CreateModel\": {\"name\": \"Book\", \"fields\": {\"id\": {\"kind\": \"AutoField\", \"primary_key\": true},"
         "\"author\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Author\", \"on_delete\": \"CASCADE\"}, \"fans\": {\"kind\": \"ManyToManyField\", \"to\": \"mig.Author\", \"related_name\": \"liked\"},"
         "\"next\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Book\", \"on_delete\": \"SET_NULL\", \"null\": true}}}}");
    file("0002_keys", "0001_initial", "{\"AlterField\": {\"model\": \"Author\", \"name\": \"code\", \"field\": {\"kind\": \"CharField\", \"max_length\": 20, \"primary_key\": true}}},"
         "{\"AlterField\": {\"model\": \"Book\", \"name\": \"id\", \"field\": {\"kind\": \"BigAutoField\", \"primary_key\": true}}},"
         "{\"RenameField\": {\"model\": \"Author\", \"old_name\": \"code\", \"new_name\": \"handle\"}},"
         "{\"RenameModel\": {\"old_name\": \"Author\", \"new_name\": \"Person\"}}");
    migrate("mig", "0001");
    char *before = capo_format("%s%s", table_text("mig_book"), table_text("mig_book_fans"));
    capo_sql_run("INSERT INTO mig_author (code) VALUES ('ann'), ('bob')");
    capo_sql_run("INSERT INTO mig_book (author_id, next_id) VALUES ('ann', NULL), ('bob', 1)");
    capo_sql_run("INSERT INTO mig_book_fans (book_id, author_id) VALUES (1, 'bob')");
    migrate(NULL, NULL);
    expect_line("mig_book", "column author_id varchar(20) NOT NULL", "column author_id character varying(20) NOT NULL");
    expect_line("mig_book", "foreign key author_id to mig_person (handle)", "FOREIGN KEY (author_id) REFERENCES mig_person(handle)");
    expect_line("mig_book", "column next_id bigint", "column next_id bigint");
    expect_line("mig_book_fans", "column person_id varchar(20) NOT NULL", "column person_id character varying(20) NOT NULL");
    expect_line("mig_book_fans", "column book_id bigint", "column book_id bigint NOT NULL");
    EXPECT_TEXT(first_text("SELECT handle, next_id, person_id FROM mig_book b JOIN mig_person ON handle = author_id JOIN mig_book_fans f ON f.book_id = b.next_id"), "bob1bob");
    migrate("mig", "0001");
    EXPECT_TEXT(capo_format("%s%s", table_text("mig_book"), table_text("mig_book_fans")), before);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_book_fans WHERE author_id = 'bob'"), 1);
}

/* On PostgreSQL with the index for LIKE that keys have as long as they hold text. */
TEST(migrate_alters_a_text_key_to_a_number_with_what_refers_to_it)
{
    start();
    file("0001_initial", NULL, "{\"CreateModel\": {\"name\": \"Author\", \"fields\": {\"code\": {\"kind\": \"CharField\", \"max_length\": 9, \"primary_key\": true}}}},"
         "{\"CreateModel\": {\"name\": \"Book\", \"fields\": {\"id\": {\"kind\": \"AutoField\", \"primary_key\": true},"
         "\"author\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Author\", \"on_delete\": \"CASCADE\"}}}}");
    file("0002_keys", "0001_initial", "{\"AlterField\": {\"model\": \"Author\", \"name\": \"code\", \"field\": {\"kind\": \"IntegerField\", \"primary_key\": true}}}");
    migrate("mig", "0001");
    char *before = table_text("mig_book");
    capo_sql_run("INSERT INTO mig_author (code) VALUES ('7'), ('12')");
    capo_sql_run("INSERT INTO mig_book (author_id) VALUES ('12')");
    migrate(NULL, NULL);
    expect_line("mig_book", database_is_oracle_mysql() ? "column author_id int NOT NULL" : database_is("mysql") ? "column author_id int(11) NOT NULL" : "column author_id integer NOT NULL", "column author_id integer NOT NULL");
    EXPECT(strstr(capo_schema_describe("mig_book"), "_like") == NULL);
    EXPECT_INT(first_number("SELECT author_id + 1 FROM mig_book"), 13);
    migrate("mig", "0001");
    EXPECT_TEXT(table_text("mig_book"), before);
}

/* Without a transaction what was done stays, and the message says so. */
TEST(migrate_without_a_transaction)
{
    start();
    file("0001_initial", NULL, POST);
    migrate(NULL, NULL);
    file_with(migrating_directory, "0002_loose", "\"atomic\": false, \"dependencies\": [[\"mig\", \"0001_initial\"]],",
              "{\"RunSQL\": {\"forwards\": \"INSERT INTO mig_post (title, views) VALUES ('stays', 1)\"}}, {\"RunSQL\": {\"forwards\": \"SELEKT\"}}");
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
    EXPECT(strstr(error->message, "operation 2 of 2 (Raw SQL operation)") && strstr(error->message, capo_schema_has_transactions() ? "is not atomic" : "goes on there"));
    EXPECT_TEXT(first_text("SELECT title FROM mig_post"), "stays");
    EXPECT_INT(capo_unapplied_count(), 1);
}

/* SEC-312: what stands around a table that is rebuilt */
TEST(migrate_keeps_triggers_and_views)
{
    start();
    if (!database_is("sqlite"))                         /* the others alter tables in place */
        return;
    file("0001_initial", NULL, POST "," COMMENT);
    file("0002_more", "0001_initial", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"title\", \"field\": {\"kind\": \"CharField\", \"max_length\": 200, \"unique\": true}}},"
         ADD_SUBTITLE ",{\"AlterField\": {\"model\": \"Comment\", \"name\": \"text\", \"field\": {\"kind\": \"CharField\", \"max_length\": 99}}}");
    file("0003_rename", "0002_more", "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Article\"}}");
    migrate("mig", "0001");
    capo_sql_run("CREATE TRIGGER counts AFTER INSERT ON mig_comment BEGIN UPDATE mig_post SET views = CASE WHEN views > 8 THEN 0 ELSE views + 1 END WHERE id = NEW.post_id; END");
    capo_sql_run("CREATE TRIGGER follows AFTER DELETE ON mig_post BEGIN DELETE FROM mig_comment WHERE post_id = OLD.id; END");
    capo_sql_run("CREATE VIEW talk AS SELECT title, text FROM mig_post p JOIN mig_comment c ON c.post_id = p.id");
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 0), ('b', 0)");
    migrate("mig", "0002");
    capo_sql_run("INSERT INTO mig_comment (post_id, text) VALUES (1, 'x'), (2, 'y')");
    EXPECT_INT(first_number("SELECT SUM(views) FROM mig_post"), 2);
    EXPECT_TEXT(first_text("SELECT title, text FROM talk"), "ax");
    migrate("mig", "0003");
    capo_sql_run("DELETE FROM mig_article WHERE title = 'a'");
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_comment"), 1);
    EXPECT_TEXT(first_text("SELECT title, text FROM talk"), "by");
}

static int hook_calls;
static void count_hook(void) { hook_calls++; }

TEST(migrate_calls_its_hooks_each_time)
{
    start();
    capo_after_migrate(count_hook);
    capo_after_migrate(count_hook);
    hook_calls = 0;
    file("0001_initial", NULL, POST);
    migrate(NULL, NULL);
    EXPECT_INT(hook_calls, 1);
    migrate(NULL, NULL);
    EXPECT_INT(hook_calls, 2);
}

TEST(migrations_of_an_app_wait_for_those_of_another)
{
    start();
    file("0001_initial", NULL, POST);
    file_with(migrating_other, "0001_initial", "\"initial\": true, \"dependencies\": [[\"mig\", \"0001_initial\"]],",
              "{\"CreateModel\": {\"name\": \"Note\", \"fields\": {" ID ", \"post\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\"},"
              "\"all\": {\"kind\": \"ManyToManyField\", \"to\": \"mig.Post\", \"related_name\": \"+\"}}}}");
    EXPECT(strstr(migrate("migother", NULL), "  Applying mig.0001_initial... OK\n  Applying migother.0001_initial... OK\n") != NULL);
    EXPECT(strstr(migrate("mig", "zero"), "  Unapplying migother.0001_initial... OK\n  Unapplying mig.0001_initial... OK\n") != NULL);
    EXPECT(!capo_schema_has_table("migother_note_all"));
    file_with(migrating_other, "0002_x", "\"dependencies\": [[\"migother\", \"0001_initial\"], [\"mig\", \"0001_inital\"]],", "");
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
    EXPECT(strstr(error->message, "depends on mig.0001_inital, which does not exist") && strstr(error->message, "Did you mean '0001_initial'?"));
}

/* --- makemigrations --------------------------------------------------------------------------------------------------------------------------- */

static FieldRow book_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "title", .kind = FIELD_CHAR, .options.text = { .max_length = 100 } },
    { .name = "Meta", .kind = FIELD_META },
    { 0 }
};
static Model book = { .name = "Book", .rows = book_rows };
static Model *const made_models[] = { &book, NULL };
static App made_app = { .name = "migmade", .directory = migrating_directory, .models = made_models };

static char *make(MakeOptions options)
{
    Buffer out = { 0 };
    Questioner nobody = { .no_input = true };
    options.say = keep_line;
    options.self = &out;
    options.questioner = &nobody;
    int count = capo_make_migrations(&options);
    capo_put_format(&out, "%d\n", count);
    return capo_buffer_text(&out);
}

static void make_anything(void *unused)
{
    (void)unused;
    make((MakeOptions){ 0 });
}

TEST(makemigrations_writes_files_that_migrate_applies)
{
    start();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&made_app), .database = migrating_url });
    capo_models_prepare(capo_apps());
    const char *path = capo_format("%s/migrations/0001_initial.json", migrating_directory);
    const char *said = capo_format("Migrations for 'migmade':\n  %s\n    + Create model Book\n1\n", path);
    EXPECT_TEXT(make((MakeOptions){ .check = true }), said);
    EXPECT_TEXT(make((MakeOptions){ .dry_run = true }), said);
    EXPECT(access(path, F_OK) != 0);
    EXPECT_TEXT(make((MakeOptions){ 0 }), said);
    EXPECT_TEXT(capo_read_file(path, NULL),
        "{\n  \"initial\": true,\n  \"dependencies\": [],\n  \"operations\": [\n    {\n      \"CreateModel\": {\n        \"name\": \"Book\",\n        \"fields\": {\n"
        "          \"id\": { \"kind\": \"BigAutoField\", \"primary_key\": true },\n          \"title\": { \"kind\": \"CharField\", \"max_length\": 100 }\n"
        "        }\n      }\n    }\n  ]\n}\n");
    EXPECT_TEXT(make((MakeOptions){ 0 }), "0\n");
    EXPECT_TEXT(make((MakeOptions){ .apps = LIST("migmade"), .empty = true, .name = "data" }),
                capo_format("Migrations for 'migmade':\n  %s/migrations/0002_data.json\n1\n", migrating_directory));
    migrate(NULL, NULL);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM migmade_book"), 0);
    /* two branches: refused, then merged */
    for (int i = 0; i < 2; i++)
        file_with(migrating_directory, i ? "0003_b" : "0003_a", "\"dependencies\": [[\"migmade\", \"0002_data\"]],", "");
    const Error *error = EXPECT_RAISES(ERROR_COMMAND, make_anything, NULL);
    EXPECT(strstr(error->message, "0003_a, 0003_b in migmade") != NULL);
    EXPECT_RAISES(ERROR_COMMAND, migrate_all, NULL);
    EXPECT(strstr(make((MakeOptions){ .merge = true }), "0004_merge_0003_a_0003_b.json\n1\n") != NULL);
    EXPECT_TEXT(make((MakeOptions){ 0 }), "0\n");
    migrate(NULL, NULL);
    EXPECT_INT(capo_unapplied_count(), 0);
    /* a folder that cannot be written */
    EXPECT_INT(unlink(path), 0);
    for (const char *name = "0002_data\0" "0003_a\0" "0003_b\0" "0004_merge_0003_a_0003_b\0"; *name; name += strlen(name) + 1)
        unlink(capo_format("%s/migrations/%s.json", migrating_directory, name));
    unlink(capo_format("%s/migrations/max_migration.txt", migrating_directory));
    EXPECT_INT(rmdir(capo_format("%s/migrations", migrating_directory)), 0);
    EXPECT_INT(capo_write_file(capo_format("%s/migrations", migrating_directory), "", 0), 0);
    error = EXPECT_RAISES(ERROR_COMMAND, make_anything, NULL);
    EXPECT(strstr(error->message, "cannot be written") && strstr(error->message, "Nothing was written."));
}
