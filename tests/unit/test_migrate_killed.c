/* SPDX-License-Identifier: BSD-3-Clause */
/* SEC-310: a migrate that is killed, before any of its statements or in the middle of one; the next run ends where a quiet one does, with the same
 * schema, rows and history. On SQLite and PostgreSQL a migration was rolled back; on MariaDB it goes on where it stopped. */
#include "migrating.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void double_views(MigrationModels *models)
{
    Model *post = capo_historical_model(models, "mig.Post");
    for (Instance **row = capo_query_rows(capo_query_of(post), NULL); *row; row++) {
        capo_field_assign(*row, capo_field(post, "views"), capo_value_int(2 * capo_field_value(*row, capo_field(post, "views")).integer));
        capo_instance_save(*row);
    }
}

static void halve_views(MigrationModels *models)
{
    Model *post = capo_historical_model(models, "mig.Post");
    for (Instance **row = capo_query_rows(capo_query_of(post), NULL); *row; row++) {
        capo_field_assign(*row, capo_field(post, "views"), capo_value_int(capo_field_value(*row, capo_field(post, "views")).integer / 2));
        capo_instance_save(*row);
    }
}

static const MigrationFunction functions[] = { { "double_views", double_views, halve_views }, { 0 } };

static void start(void)
{
    start_migrating();
    migrating_app.migration_functions = functions;
    file("0001_initial", NULL, POST "," COMMENT);
    file("0002_rows", "0001_initial", ADD_SUBTITLE ", {\"RunFunction\": {\"function\": \"double_views\"}},"
         "{\"RunSQL\": {\"forwards\": \"UPDATE mig_post SET views = views + 1; UPDATE mig_comment SET text = 'again'\", \"backwards\": \"UPDATE mig_post SET views = views - 1\"}},"
         "{\"AlterField\": {\"model\": \"Post\", \"name\": \"title\", \"field\": {\"kind\": \"CharField\", \"max_length\": 200, \"unique\": true}}}");
    file("0003_shape", "0002_rows", "{\"RenameField\": {\"model\": \"Comment\", \"old_name\": \"post\", \"new_name\": \"about\"}},"
         "{\"AlterField\": {\"model\": \"Post\", \"name\": \"views\", \"field\": {\"kind\": \"BigIntegerField\", \"default\": 4}}},"
         "{\"AddField\": {\"model\": \"Post\", \"name\": \"friends\", \"field\": {\"kind\": \"ManyToManyField\", \"to\": \"mig.Post\"}}},"
         "{\"SeparateDatabaseAndState\": {\"database_operations\": [{\"RunSQL\": {\"forwards\": \"CREATE TABLE mig_extra (n integer)\", \"backwards\": \"DROP TABLE mig_extra\"}},"
         "  {\"RunFunction\": {\"function\": \"double_views\"}}, {\"RunSQL\": {\"forwards\": \"INSERT INTO mig_extra (n) VALUES (1)\", \"backwards\": \"DELETE FROM mig_extra\"}},"
         "  {\"RunSQL\": {\"forwards\": \"ALTER TABLE mig_extra ADD COLUMN m integer\", \"backwards\": \"ALTER TABLE mig_extra DROP COLUMN m\"}}]}},"
         "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Article\"}}");
    migrate("mig", "0001");
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 1), ('b', 2)");
    capo_sql_run("INSERT INTO mig_comment (post_id, text) VALUES (2, 'c')");
}

/* --- before each statement ------------------------------------------------------------------------------------------------------------ */

static size_t fatal, seen;

static void die_at(const char *sql)
{
    (void)sql;
    if (++seen == fatal)
        kill(getpid(), SIGKILL);
}

static void migrate_and_die(void *target)
{
    seen = 0;
    capo_before_statement = die_at;
    target ? migrate_to(target) : migrate_all(NULL);
}

static char *settled_text(void)
{
    expect_sound_keys();
    EXPECT_INT(capo_unapplied_count() == 0 || !capo_schema_has_table("mig_article"), 1);
    return database_text();
}

/* Killed at every so many-th statement of the way to the target; `wanted` is where a quiet run ends. */
static void kill_on_the_way(const char *from, char *target)
{
    const char *times = getenv("CAPO_TEST_KILLS");
    start();
    migrate("mig", from);
    size_t before = capo_database_statements();
    migrate("mig", target);
    size_t count = capo_database_statements() - before, points = times ? (size_t)atoi(times) : database_is("mysql") ? 5 : 14, stride = count / points + 1;
    char *wanted = settled_text();
    size_t killed = 0;
    for (fatal = 1 + stride / 2; fatal < count + stride; fatal += stride) {
        start();
        migrate("mig", from);
        int status = end_of_process(in_a_process(migrate_and_die, target));
        open_again();
        EXPECT(status == -SIGKILL || (status == 0 && fatal > count / 2));
        killed += status == -SIGKILL;
        migrate("mig", target);
        char *reached = settled_text();
        if (strcmp(reached, wanted) != 0)
            capo_test_fail(__FILE__, __LINE__, "killed at statement %zu of %zu, it is\n%s\nwanted\n%s", fatal, count, reached, wanted);
    }
    EXPECT(killed >= 3);
}

TEST(migrate_goes_on_where_it_was_killed) { kill_on_the_way("0001", "0003"); }
TEST(migrate_goes_on_back_where_it_was_killed) { kill_on_the_way("0003", "0001"); }

/* --- in the middle of a statement --------------------------------------------------------------------------------------------------------- */

TEST(migrate_survives_being_killed_at_any_moment)
{
    const char *times = getenv("CAPO_TEST_KILLS");
    int kills = times ? atoi(times) : 8;
    char *wanted = NULL;
    for (int k = 0; k <= kills; k++) {
        start();
        kills = database_is("mysql") && !times ? 3 : kills;
        if (k) {                                        /* the first is the quiet one */
            int child = in_a_process(migrate_all, NULL);
            usleep((useconds_t)(k * 7919 % 97 * (database_is("mysql") ? 2500 : 800)));
            kill(child, SIGKILL);
            end_of_process(child);
            open_again();
        }
        migrate(NULL, NULL);
        char *reached = settled_text();
        if (!wanted)
            wanted = reached;
        EXPECT_TEXT(reached, wanted);
    }
}

/* --- what people do meanwhile --------------------------------------------------------------------------------------------------------------- */

TEST(migrate_resumes_what_failed_once_it_is_mended)
{
    start();
    migrate("mig", "0003");
    const char *good = "{\"AddField\": {\"model\": \"Article\", \"name\": \"n\", \"field\": {\"kind\": \"IntegerField\", \"default\": 1}}},";
    file("0004_bad", "0003_shape", capo_format("%s{\"RunSQL\": {\"forwards\": \"SELEKT\", \"backwards\": \"\"}}", good));
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL);
    EXPECT(strstr(error->message, "operation 2 of 2 (Raw SQL operation)") != NULL);
    if (capo_schema_has_transactions()) {
        EXPECT_INT(capo_schema_columns("mig_article")->count, 4);
        return;
    }
    EXPECT_INT(capo_schema_columns("mig_article")->count, 5);
    /* nothing else may come first, nor may what is done be edited */
    error = EXPECT_RAISES(ERROR_MIGRATION, migrate_to, "0002");
    EXPECT(strstr(error->message, "mig.0004_bad was interrupted while it was being applied, and is half done. Finish it first: migrate mig 0004_bad.") != NULL);
    file("0004_bad", "0003_shape", "{\"RunSQL\": {\"forwards\": \"SELECT 1\"}}, {\"RunSQL\": {\"forwards\": \"SELECT 1\"}}");
    EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL)->message, "operation 1, of which something is done already, was edited since") != NULL);
    file("0004_bad", "0003_shape", capo_format("%s{\"RunSQL\": {\"forwards\": \"UPDATE mig_article SET n = 2\", \"backwards\": \"\"}}", good));
    EXPECT(strstr(migrate(NULL, NULL), "  mig.0004_bad was interrupted; it goes on at operation 2 of 2.\n  Applying mig.0004_bad... OK\n") != NULL);
    EXPECT_INT(first_number("SELECT SUM(n) FROM mig_article"), 4);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM capo_migration_journal"), 0);
    EXPECT(strstr(migrate("mig", "0003"), "Unapplying mig.0004_bad... OK") != NULL);
}
