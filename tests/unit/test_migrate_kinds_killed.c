/* SPDX-License-Identifier: BSD-3-Clause */
/* Every kind of operation is killed while it is run and while it is undone, before each statement that writes: the next migrate ends where a quiet one does, with
 * the same schema, rows and history. Most is at stake where a change of the schema is committed by itself, between it and its line in the journal.
 *
 * By default each kind is killed once, forwards or back in turn, behind a change of the schema if it has one, and where transactions hold those every third kind;
 * CAPO_TEST_KILLS=all takes every point both ways, which is minutes. */
#include "migrating.h"
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define OF "\"model\": \"Post\", "
#define INTEGER_FIELD "{\"kind\": \"IntegerField\", \"default\": 0}"
#define CHECKED "\"name\": \"mig_views_check\", \"constraint\": {\"check\": {\"views__gte\": -1}}"

/* `before`: what there must be, behind the common base. */
typedef struct Kind { OperationKind kind; const char *before, *operation; } Kind;

static const Kind kinds[] = {
    { CREATE_MODEL, "", "{\"CreateModel\": {\"name\": \"Tag\", \"fields\": {" ID ", \"post\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\"}, "
      "\"posts\": {\"kind\": \"ManyToManyField\", \"to\": \"mig.Post\", \"related_name\": \"tags\"}}, \"options\": {\"indexes\": {\"mig_tag_i\": [\"post\", \"id\"]}}}}" },
    { DELETE_MODEL, "", "{\"DeleteModel\": {\"name\": \"Comment\"}}" },
    { RENAME_MODEL, "", "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Article\"}}" },
    { ALTER_MODEL_TABLE, "", "{\"AlterModelTable\": {" OF "\"table\": \"posts\"}}" },
    { ALTER_MODEL_OPTIONS, "", "{\"AlterModelOptions\": {" OF "\"options\": {\"verbose_name\": \"a post\"}}}" },
    { ALTER_UNIQUE_TOGETHER, "", "{\"AlterUniqueTogether\": {" OF "\"unique_together\": [[\"title\", \"views\"]]}}" },
    { ADD_FIELD, "", "{\"AddField\": {" OF "\"name\": \"subtitle\", \"field\": {\"kind\": \"CharField\", \"max_length\": 9, \"db_index\": true}, \"one_off_default\": \"x\"}}" },
    { ADD_FIELD, "", "{\"AddField\": {\"model\": \"Comment\", \"name\": \"other\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\", "
      "\"null\": true, \"related_name\": \"+\"}}}" },
    { ADD_FIELD, "", "{\"AddField\": {" OF "\"name\": \"friends\", \"field\": {\"kind\": \"ManyToManyField\", \"to\": \"mig.Post\"}}}" },
    { REMOVE_FIELD, "{\"AlterField\": {\"model\": \"Comment\", \"name\": \"text\", \"field\": {\"kind\": \"TextField\", \"blank\": true}}}", "{\"RemoveField\": {\"model\": \"Comment\", \"name\": \"text\"}}" },
    { ALTER_FIELD, "", "{\"AlterField\": {" OF "\"name\": \"title\", \"field\": {\"kind\": \"CharField\", \"max_length\": 250, \"unique\": true}}}" },
    { ALTER_FIELD, "", "{\"AlterField\": {" OF "\"name\": \"views\", \"field\": {\"kind\": \"BigIntegerField\", \"null\": true}}}" },
    { ALTER_FIELD, "", "{\"AlterField\": {" OF "\"name\": \"id\", \"field\": {\"kind\": \"AutoField\", \"primary_key\": true}}}" },
    { RENAME_FIELD, "", "{\"RenameField\": {\"model\": \"Comment\", \"old_name\": \"post\", \"new_name\": \"about\"}}" },
    { ADD_INDEX, "", "{\"AddIndex\": {" OF "\"name\": \"mig_i\", \"fields\": [\"-views\"]}}" },
    { REMOVE_INDEX, "{\"AddIndex\": {" OF "\"name\": \"mig_i\", \"fields\": [\"-views\"]}}", "{\"RemoveIndex\": {" OF "\"name\": \"mig_i\"}}" },
    { RENAME_INDEX, "{\"AddIndex\": {" OF "\"name\": \"mig_i\", \"fields\": [\"-views\"]}}", "{\"RenameIndex\": {" OF "\"old_name\": \"mig_i\", \"new_name\": \"mig_j\"}}" },
    { ADD_CONSTRAINT, "", "{\"AddConstraint\": {" OF CHECKED "}}" },
    { ADD_CONSTRAINT, "", "{\"AddConstraint\": {" OF "\"name\": \"mig_u\", \"constraint\": {\"unique\": [\"title\", \"views\"]}}}" },
    { REMOVE_CONSTRAINT, "{\"AddConstraint\": {" OF CHECKED "}}", "{\"RemoveConstraint\": {" OF "\"name\": \"mig_views_check\"}}" },
    { ALTER_CONSTRAINT, "{\"AddConstraint\": {" OF CHECKED "}}", "{\"AlterConstraint\": {" OF "\"name\": \"mig_views_check\", \"constraint\": {\"check\": {\"views__gte\": -1}, "
      "\"violation_message\": \"No.\"}}}" },
    { RUN_SQL, "", "{\"RunSQL\": {\"forwards\": \"CREATE TABLE mig_extra (n integer); INSERT INTO mig_extra VALUES (1); UPDATE mig_post SET views = views + 1; "
      "ALTER TABLE mig_extra ADD COLUMN m integer; INSERT INTO mig_extra VALUES (2, 2)\", "
      "\"backwards\": \"UPDATE mig_post SET views = views - 1; ALTER TABLE mig_extra DROP COLUMN m; DROP TABLE mig_extra\"}}" },
    { RUN_FUNCTION, "", "{\"RunFunction\": {\"function\": \"count_up\"}}" },
    { SEPARATE_DATABASE_AND_STATE, "", "{\"SeparateDatabaseAndState\": {\"database_operations\": [{\"AddField\": {" OF "\"name\": \"n\", \"field\": " INTEGER_FIELD "}}, "
      "{\"RunFunction\": {\"function\": \"count_up\"}}, {\"AddIndex\": {" OF "\"name\": \"mig_n\", \"fields\": [\"n\"]}}], "
      "\"state_operations\": [{\"AddField\": {" OF "\"name\": \"n\", \"field\": " INTEGER_FIELD "}}, {\"AddIndex\": {" OF "\"name\": \"mig_n\", \"fields\": [\"n\"]}}]}}" },
    { ALTER_MODEL_TABLE_COMMENT, "", "{\"AlterModelTableComment\": {" OF "\"comment\": \"it's posts\"}}" },
    { ADD_CONSTRAINT_NOT_VALID, "", "{\"AddConstraintNotValid\": {" OF CHECKED "}}" },
    { VALIDATE_CONSTRAINT, "{\"AddConstraintNotValid\": {" OF CHECKED "}}", "{\"ValidateConstraint\": {" OF "\"name\": \"mig_views_check\"}}" },
    { CREATE_EXTENSION, "", "{\"CreateExtension\": {\"name\": \"citext\"}}" },
    { CREATE_COLLATION, "", "{\"CreateCollation\": {\"name\": \"mig_collation\", \"locale\": \"C\"}}" },
    { REMOVE_COLLATION, "{\"CreateCollation\": {\"name\": \"mig_collation\", \"locale\": \"C\"}}", "{\"RemoveCollation\": {\"name\": \"mig_collation\", \"locale\": \"C\"}}" },
    { ALTER_ORDER_WITH_RESPECT_TO, "", "{\"AlterOrderWithRespectTo\": {\"model\": \"Comment\", \"order_with_respect_to\": \"post\"}}" },
    { CUSTOM, "", "{\"TwoTables\": {\"one\": \"mig_one\", \"two\": \"mig_two\"}}" },
    { CUSTOM, "", "{\"CountUp\": {}}" },
    { OPERATION_NONE }
};

static void add_to_views(Model *post, int by)
{
    for (Instance **row = capo_query_rows(capo_query_of(post), NULL); *row; row++) {
        capo_field_assign(*row, capo_field(post, "views"), capo_value_int(capo_field_value(*row, capo_field(post, "views")).integer + by));
        capo_instance_save(*row);
    }
}

static void count_up(MigrationModels *models) { add_to_views(capo_historical_model(models, "mig.Post"), 1); }
static void count_down(MigrationModels *models) { add_to_views(capo_historical_model(models, "mig.Post"), -1); }
static void step_up(MigrationStep *step) { add_to_views(capo_historical_model(step->after, "mig.Post"), 1); }
static void step_down(MigrationStep *step) { add_to_views(capo_historical_model(step->after, "mig.Post"), -1); }

static void make_two(MigrationStep *step)
{
    capo_schema_execute(step->editor, capo_format("CREATE TABLE %s (n integer)", capo_step_text(step, "one")), NULL, 0);
    capo_schema_execute(step->editor, capo_format("INSERT INTO %s VALUES (1)", capo_step_text(step, "one")), NULL, 0);
    capo_schema_execute(step->editor, capo_format("CREATE TABLE %s (n integer)", capo_step_text(step, "two")), NULL, 0);
}
static void drop_two(MigrationStep *step)
{
    capo_schema_execute(step->editor, capo_format("DROP TABLE %s", capo_step_text(step, "two")), NULL, 0);
    capo_schema_execute(step->editor, capo_format("DROP TABLE %s", capo_step_text(step, "one")), NULL, 0);
}

static const MigrationFunction functions[] = { { "count_up", count_up, count_down }, { 0 } };
static const MigrationOperation operations[] = {
    { "TwoTables", '+', .required = LIST("one", "two"), .database_forwards = make_two, .database_backwards = drop_two },
    { "CountUp", 's', .not_sql = true, .database_forwards = step_up, .database_backwards = step_down }, { 0 }
};

/* --- one kind -------------------------------------------------------------------------------------------------------------------------------- */

static void start(const Kind *kind)
{
    start_migrating();
    migrating_app.migration_functions = functions;
    migrating_app.migration_operations = operations;
    if (database_is("postgresql"))
        capo_sql_run("DROP COLLATION IF EXISTS mig_collation");
    file("0001_initial", NULL, capo_format(POST "," COMMENT "%s%s", *kind->before ? "," : "", kind->before));
    file("0002_kind", "0001_initial", kind->operation);
    migrate("mig", "0001");
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 1), ('b', 2)");
    capo_sql_run("INSERT INTO mig_comment (post_id, text) VALUES (2, 'c')");
}

/* Statements that write, as they come; of those behind a change of the schema it is remembered. */
enum { STATEMENTS = 200 };
static size_t seen, fatal;
static bool was_schema, behind_schema[STATEMENTS];

static void count_or_die(const char *sql)
{
    static const char *const reads[] = { "SELECT", "SHOW", "SET", "PRAGMA", NULL };
    for (const char *const *word = reads; *word; word++)
        if (strncasecmp(sql, *word, strlen(*word)) == 0)
            return;
    if (++seen < STATEMENTS)
        behind_schema[seen] = was_schema;
    was_schema = capo_schema_is_ddl(sql);
    if (seen == fatal)
        kill(getpid(), SIGKILL);
}

static void watched(void *target)
{
    seen = 0;
    was_schema = false;
    capo_before_statement = count_or_die;
    const Error *error = capo_try(migrate_to, target);
    capo_before_statement = NULL;
    if (error)
        capo_reraise(error);
}

/* The counters of automatic keys are no part of what is compared. */
static char *settled(void)
{
    expect_sound_keys();
    return database_text();
}

static size_t kill_everywhere(const Kind *kind, const char *from, const char *target, bool all)
{
    size_t kills = 0;
    start(kind);
    if (strcmp(from, "0002") == 0)
        migrate("mig", from);
    fatal = 0;
    watched((void *)target);
    size_t count = seen, wanted_kills = 1;
    bool points[STATEMENTS] = { false };
    EXPECT(count > 0 && count < STATEMENTS);
    for (size_t i = 1; i <= count; i++)
        points[i] = all || (behind_schema[i] && wanted_kills && wanted_kills--);
    if (!all && wanted_kills)
        points[count] = true;
    char *wanted = settled();
    for (size_t point = 1; point <= count; point++) {
        if (!points[point])
            continue;
        start(kind);
        if (strcmp(from, "0002") == 0)
            migrate("mig", from);
        fatal = point;
        int status = end_of_process(in_a_process(watched, (void *)target));
        fatal = 0;
        open_again();
        EXPECT_INT(status, -SIGKILL);
        const Error *error = capo_try(migrate_to, (void *)target);
        if (error)
            capo_test_fail(__FILE__, __LINE__, "%s killed at %zu of %zu to %s: the next run says %s", kind->operation, point, count, target, error->message);
        char *reached = settled();
        if (strcmp(reached, wanted) != 0)
            capo_test_fail(__FILE__, __LINE__, "%s killed at %zu of %zu to %s: it is\n%s\nwanted\n%s", kind->operation, point, count, target, reached, wanted);
        kills++;
    }
    return kills;
}

TEST(every_kind_of_operation_survives_being_killed)
{
    const char *times = getenv("CAPO_TEST_KILLS");
    bool all = times && strcmp(times, "all") == 0, tried[OPERATION_KINDS] = { false };
    size_t kills = 0;
    start_migrating();
    for (const Kind *kind = kinds; kind->kind != OPERATION_NONE; kind++) {
        size_t turn = (size_t)(kind - kinds);
        tried[kind->kind] = true;
        if (!all && !database_is("mysql") && turn % 3)
            continue;
        if (all || turn % 2 == 0)
            kills += kill_everywhere(kind, "0001", "0002", all);
        if (all || turn % 2)
            kills += kill_everywhere(kind, "0002", "0001", all);
    }
    EXPECT(kills >= sizeof kinds / sizeof *kinds / 3);
    for (int kind = 1; kind < OPERATION_KINDS; kind++)          /* concurrent indexes want no transaction, and stand for themselves */
        if (!tried[kind] && kind != ADD_INDEX_CONCURRENTLY && kind != REMOVE_INDEX_CONCURRENTLY)
            capo_test_fail(__FILE__, __LINE__, "no operation of kind %s is killed here", operation_rows[kind].name);
    if (all)
        printf("%zu kills\n", kills);
}
