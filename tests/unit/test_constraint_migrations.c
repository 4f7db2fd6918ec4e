/* SPDX-License-Identifier: BSD-3-Clause */
/* Constraints, indexes, generated columns and defaults of the database through migrations: each change there and back, on whatever
 * database the tests run; and what makemigrations finds. After each step the tables are what fresh ones would be. */
#include <capo/testing.h>
#include "../../orm/internal.h"
#include "../../migrations/detector.h"
#include "../../migrations/migration.h"
#include "database_under_test.h"
#include <string.h>

/* What a table of a thing is at first. */
static const char *const first =
    "{ \"operations\": [{ \"CreateModel\": { \"name\": \"Thing\", \"fields\": {"
    "  \"id\": { \"kind\": \"BigAutoField\", \"primary_key\": true }, \"name\": { \"kind\": \"CharField\", \"max_length\": 30 },"
    "  \"n\": { \"kind\": \"IntegerField\" }, \"m\": { \"kind\": \"IntegerField\", \"null\": true } },"
    "  \"options\": { \"constraints\": { \"n_positive\": { \"check\": { \"n__gt\": 0 } } } } } }] }";

static Migration *parsed(const char *text) { return migration_parse("t", "0001_x", "t/migrations/0001_x.json", text, strlen(text)); }

typedef struct Walk { ProjectState *states[32]; const Operation *operations[32]; size_t count; } Walk;

static void change(const Operation *op, ProjectState *before, ProjectState *after, bool backwards)
{
    capo_schema_enforce_foreign_keys(false);
    bool atomic = op->kind != ADD_INDEX_CONCURRENTLY && op->kind != REMOVE_INDEX_CONCURRENTLY;
    if (atomic)
        capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    operation_rows[op->kind].change_database(op, "t", editor, before, after, backwards);
    capo_schema_close(editor);
    if (atomic)
        capo_commit();
    capo_schema_enforce_foreign_keys(true);
}

static void add(Walk *walk, const char *json)
{
    const Migration *migration = parsed(strstr(json, "\"operations\"") ? json : capo_format("{ \"operations\": [%s] }", json));
    for (size_t i = 0; i < migration->n_operations; i++) {
        const Operation *op = migration->operations[i];
        ProjectState *before = walk->states[walk->count], *after = operation_state(op, "t", before);
        change(op, before, after, false);
        walk->operations[walk->count] = op;
        walk->states[++walk->count] = after;
    }
}

static Walk *begin(void)
{
    Walk *walk = capo_alloc_struct(Walk);
    open_empty_database();
    walk->states[0] = state_new();
    add(walk, first);
    return walk;
}

static const char *fresh(ProjectState *state)
{
    Model *model = state_model(state, "t", "Thing");
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_delete_model(editor, model);
    capo_schema_create_model(editor, model);
    capo_schema_close(editor);
    return capo_schema_describe(model->table);
}

/* Lines in any order: columns that were added stand behind others. */
static bool same_lines(const char *a, const char *b)
{
    if (strlen(a) != strlen(b))
        return false;
    for (const char *line = a; *line; line = strchr(line, '\n') + 1)
        if (!strstr(b, capo_strndup(line, (size_t)(strchr(line, '\n') + 1 - line))))
            return false;
    return true;
}

/* Takes the steps back to the first table, then there again; in between the rows stay. */
static void end(Walk *walk)
{
    const char *there = capo_schema_describe("t_thing");
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('kept', 5)");
    for (size_t i = walk->count; i-- > 1; )
        change(walk->operations[i], walk->states[i + 1], walk->states[i], true);
    EXPECT_INT(capo_sql_rows("SELECT name, n, m FROM t_thing")->count, 1);
    const char *back = capo_schema_describe("t_thing");
    for (size_t i = 1; i < walk->count; i++)
        change(walk->operations[i], walk->states[i], walk->states[i + 1], false);
    EXPECT_INT(capo_sql_rows("SELECT * FROM t_thing")->count, 1);
    EXPECT_TEXT(capo_schema_describe("t_thing"), there);
    const char *made = fresh(walk->states[walk->count]);
    if (!same_lines(there, made))
        EXPECT_TEXT(there, made);
    EXPECT_TEXT(back, fresh(walk->states[1]));
}

static bool runs(const char *sql);
static void run_it(void *sql) { capo_sql_run((const char *)sql); }
static bool runs(const char *sql) { return capo_try(run_it, (void *)sql) == NULL; }

TEST(migrations_of_checks)
{
    Walk *walk = begin();
    EXPECT(!runs("INSERT INTO t_thing (name, n) VALUES ('a', 0)"));
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"m_more\", \"constraint\": { \"check\": { \"ANY\": [{ \"m__gte\": { \"F\": \"n\" } }, { \"m\": null }] } } } }");
    EXPECT(!runs("INSERT INTO t_thing (name, n, m) VALUES ('a', 3, 1)"));
    EXPECT(runs("INSERT INTO t_thing (name, n, m) VALUES ('a', 3, 4)"));
    add(walk, "{ \"RenameField\": { \"model\": \"Thing\", \"old_name\": \"m\", \"new_name\": \"most\" } }");
    EXPECT(!runs("UPDATE t_thing SET most = 1"));
    add(walk, "{ \"RemoveConstraint\": { \"model\": \"Thing\", \"name\": \"n_positive\" } }");
    EXPECT(runs("UPDATE t_thing SET n = 0"));
    capo_sql_run("DELETE FROM t_thing");
    add(walk, "{ \"RenameField\": { \"model\": \"Thing\", \"old_name\": \"most\", \"new_name\": \"m\" } }");
    end(walk);
}

TEST(migrations_of_indexes_and_unique_constraints)
{
    Walk *walk = begin();
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_few\", \"index\": { \"fields\": [\"name\", \"-n\"], \"condition\": { \"n__lt\": 3 } } } }");
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_up\", \"index\": { \"parts\": [{ \"FN\": [\"Upper\", { \"F\": \"name\" }] }, { \"of\": { \"F\": \"n\" }, \"descending\": true }] } } }");
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"one_each\", \"constraint\": { \"unique\": [\"name\"], \"condition\": { \"m\": null } } } }");
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"one_lower\", \"constraint\": { \"unique_parts\": [{ \"FN\": [\"Lower\", { \"F\": \"name\" }] }, { \"F\": \"m\" }] } } }");
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"pair\", \"constraint\": { \"unique\": [\"n\", \"m\"], \"deferrable\": \"deferred\" } } }");
    if (!database_is("mysql")) {
        EXPECT(runs("INSERT INTO t_thing (name, n) VALUES ('a', 3)"));
        EXPECT(!runs("INSERT INTO t_thing (name, n) VALUES ('a', 4)"));
        EXPECT(runs("INSERT INTO t_thing (name, n, m) VALUES ('a', 4, 4)"));
        EXPECT(!runs("INSERT INTO t_thing (name, n, m) VALUES ('A', 5, 4)"));
        capo_sql_run("DELETE FROM t_thing");
    }
    add(walk, "{ \"RenameField\": { \"model\": \"Thing\", \"old_name\": \"name\", \"new_name\": \"title\" } }");
    add(walk, "{ \"AlterField\": { \"model\": \"Thing\", \"name\": \"n\", \"field\": { \"kind\": \"BigIntegerField\" } } }");
    add(walk, "{ \"RenameField\": { \"model\": \"Thing\", \"old_name\": \"title\", \"new_name\": \"name\" } }");
    add(walk, "{ \"RemoveIndex\": { \"model\": \"Thing\", \"name\": \"t_up\" } }");
    end(walk);
}

TEST(migrations_of_generated_columns)
{
    Walk *walk = begin();
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('abc', 7)");
    add(walk, "{ \"AddField\": { \"model\": \"Thing\", \"name\": \"twice\", \"field\": { \"kind\": \"IntegerField\", \"generated\": { \"*\": [{ \"F\": \"n\" }, 2] }, \"db_persist\": true } } }");
    EXPECT_INT(capo_map_get(capo_sql_rows("SELECT twice FROM t_thing")->items[0].map, "twice")->integer, 14);
    add(walk, "{ \"AddField\": { \"model\": \"Thing\", \"name\": \"note\", \"field\": { \"kind\": \"TextField\", \"default\": \"it's\" } } }");
    add(walk, "{ \"AlterField\": { \"model\": \"Thing\", \"name\": \"name\", \"field\": { \"kind\": \"CharField\", \"max_length\": 40 } } }");
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"twice_few\", \"constraint\": { \"check\": { \"twice__lt\": 100 } } } }");
    EXPECT(!runs("UPDATE t_thing SET n = 60"));
    EXPECT(runs("UPDATE t_thing SET n = 8"));
    EXPECT_INT(capo_map_get(capo_sql_rows("SELECT twice FROM t_thing")->items[0].map, "twice")->integer, 16);
    capo_sql_run("DELETE FROM t_thing");
    add(walk, "{ \"RemoveField\": { \"model\": \"Thing\", \"name\": \"note\" } }");
    end(walk);
}

TEST(migrations_of_database_defaults)
{
    Walk *walk = begin();
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('old', 7)");
    add(walk, "{ \"AddField\": { \"model\": \"Thing\", \"name\": \"kind\", \"field\": { \"kind\": \"CharField\", \"max_length\": 20, \"db_default\": \"it's \\\\ new\" } } }");
    add(walk, "{ \"AddField\": { \"model\": \"Thing\", \"name\": \"made\", \"field\": { \"kind\": \"DateTimeField\", \"db_default\": { \"FN\": [\"Now\"] } } } }");
    Map *row = capo_sql_rows("SELECT kind, made FROM t_thing")->items[0].map;
    EXPECT_TEXT(capo_to_text(*capo_map_get(row, "kind")), "it's \\ new");
    EXPECT(!capo_is_null(*capo_map_get(row, "made")));
    add(walk, "{ \"AlterField\": { \"model\": \"Thing\", \"name\": \"m\", \"field\": { \"kind\": \"IntegerField\", \"db_default\": 9 } } }");
    EXPECT_INT(capo_map_get(capo_sql_rows("SELECT m FROM t_thing")->items[0].map, "m")->integer, 9);
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('new', 7)");
    EXPECT_INT(capo_sql_rows("SELECT 1 FROM t_thing WHERE m = 9")->count, 2);
    add(walk, "{ \"AlterField\": { \"model\": \"Thing\", \"name\": \"m\", \"field\": { \"kind\": \"BigIntegerField\", \"db_default\": 10, \"null\": true } } }");
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('newer', 7)");
    EXPECT_INT(capo_sql_rows("SELECT 1 FROM t_thing WHERE m = 10")->count, 1);
    capo_sql_run("DELETE FROM t_thing");
    end(walk);
}

TEST(migrations_of_comments)
{
    Walk *walk = begin();
    add(walk, "{ \"AlterModelTableComment\": { \"model\": \"Thing\", \"comment\": \"it's a \\\\ table\" } }");
    add(walk, "{ \"AlterField\": { \"model\": \"Thing\", \"name\": \"n\", \"field\": { \"kind\": \"IntegerField\", \"db_comment\": \"how 'many'\" } } }");
    if (database_is("postgresql"))
        EXPECT_TEXT(capo_to_text(*capo_map_get(capo_sql_rows("SELECT obj_description('t_thing'::regclass) AS c")->items[0].map, "c")), "it's a \\ table");
    EXPECT(database_is("sqlite") || strstr(capo_schema_describe("t_thing"), "how 'many'"));
    end(walk);
}

TEST(migrations_without_locks)
{
    Walk *walk = begin();
    capo_sql_run("INSERT INTO t_thing (name, n, m) VALUES ('old', 7, -1)");
    add(walk, "{ \"AddIndexConcurrently\": { \"model\": \"Thing\", \"name\": \"t_name\", \"fields\": [\"name\"] } }");
    EXPECT(strstr(capo_schema_describe("t_thing"), "t_name"));
    if (database_is("postgresql")) {
        add(walk, "{ \"AddConstraintNotValid\": { \"model\": \"Thing\", \"name\": \"m_positive\", \"constraint\": { \"check\": { \"m__gt\": 0 } } } }");
        EXPECT(!runs("INSERT INTO t_thing (name, n, m) VALUES ('new', 7, -1)"));
        capo_sql_run("UPDATE t_thing SET m = 1");
        add(walk, "{ \"ValidateConstraint\": { \"model\": \"Thing\", \"name\": \"m_positive\" } }");
        EXPECT(!strstr(capo_schema_describe("t_thing"), "NOT VALID"));
        add(walk, "{ \"CreateExtension\": { \"name\": \"hstore\" } }");
        add(walk, "{ \"CreateCollation\": { \"name\": \"case_blind\", \"provider\": \"icu\", \"locale\": \"und-u-ks-level2\", \"not_deterministic\": true } }");
        add(walk, "{ \"AddField\": { \"model\": \"Thing\", \"name\": \"word\", \"field\": { \"kind\": \"CharField\", \"max_length\": 20, \"db_collation\": \"case_blind\", \"null\": true } } }");
        EXPECT(runs("UPDATE t_thing SET word = 'Word'"));
        EXPECT_INT(capo_sql_rows("SELECT 1 FROM t_thing WHERE word = 'wORD'")->count, 1);
    }
    capo_sql_run("DELETE FROM t_thing");
    end(walk);
}

TEST(migrations_of_postgresqls_kinds_of_indexes)
{
    Walk *walk = begin();
    add(walk, "{ \"AddField\": { \"model\": \"Thing\", \"name\": \"data\", \"field\": { \"kind\": \"JSONField\", \"null\": true } } }");
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_hash\", \"index\": { \"fields\": [\"name\"], \"method\": \"hash\", \"storage\": \"fillfactor = 70\" } } }");
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_brin\", \"index\": { \"fields\": [\"n\"], \"method\": \"brin\", \"storage\": \"pages_per_range = 4\" } } }");
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_spgist\", \"index\": { \"fields\": [\"name\"], \"method\": \"spgist\" } } }");
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_class\", \"index\": { \"fields\": [\"name\", \"n\"], \"opclasses\": [\"varchar_pattern_ops\", \"int4_ops\"] } } }");
    add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_cover\", \"index\": { \"fields\": [\"n\"], \"include\": [\"name\"], \"db_tablespace\": \"pg_default\" } } }");
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"t_null\", \"constraint\": { \"unique\": [\"name\", \"m\"], \"nulls_not_distinct\": true } } }");
    add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"t_wide\", \"constraint\": { \"unique\": [\"name\"], \"include\": [\"n\"], \"opclasses\": [\"text_pattern_ops\"] } } }");
    if (database_is("postgresql")) {
        add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_gin\", \"index\": { \"fields\": [\"data\"], \"method\": \"gin\", \"opclasses\": [\"jsonb_path_ops\"] } } }");
        add(walk, "{ \"CreateExtension\": { \"name\": \"btree_gist\" } }");
        add(walk, "{ \"CreateExtension\": { \"name\": \"bloom\" } }");
        add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_bloom\", \"index\": { \"fields\": [\"n\", \"m\"], \"method\": \"bloom\", \"storage\": \"length = 80\" } } }");
        add(walk, "{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"t_gist\", \"index\": { \"fields\": [\"n\"], \"method\": \"gist\" } } }");
        add(walk, "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"t_alone\", \"constraint\": { \"exclude\": [{ \"F\": \"n\" }, { \"F\": \"m\" }], "
                  "\"operators\": [\"=\", \"<>\"], \"condition\": { \"n__gt\": 5 } } } }");
        const char *there = capo_schema_describe("t_thing");
        EXPECT(strstr(there, "USING hash") && strstr(there, "USING brin") && strstr(there, "USING spgist") && strstr(there, "USING gin (data jsonb_path_ops)"));
        EXPECT(strstr(there, "USING bloom") && strstr(there, "INCLUDE (name)") && strstr(there, "varchar_pattern_ops") && strstr(there, "NULLS NOT DISTINCT"));
        EXPECT(runs("INSERT INTO t_thing (name, n, m) VALUES ('a', 6, 1)"));
        EXPECT(!runs("INSERT INTO t_thing (name, n, m) VALUES ('b', 6, 2)"));
        EXPECT(runs("INSERT INTO t_thing (name, n, m) VALUES ('b', 6, 1)"));
        EXPECT(runs("INSERT INTO t_thing (name, n) VALUES ('c', 3)"));
        EXPECT(!runs("INSERT INTO t_thing (name, n) VALUES ('c', 4)"));
        capo_sql_run("DELETE FROM t_thing");
    }
    end(walk);
}

static void in_transaction(void *walk)
{
    const Operation *op = parsed("{ \"operations\": [{ \"AddIndexConcurrently\": { \"model\": \"Thing\", \"name\": \"t_name\", \"fields\": [\"name\"] } }] }")->operations[0];
    ProjectState *before = ((Walk *)walk)->states[1];
    capo_begin();
    operation_rows[op->kind].change_database(op, "t", capo_schema_open(false), before, operation_state(op, "t", before), false);
}

TEST(concurrent_indexes_want_no_transaction)
{
    Walk *walk = begin();
    const Error *error = capo_try(in_transaction, walk);
    EXPECT(database_is("postgresql") ? error && strstr(error->message, "\"atomic\": false") : !error);
}

/* --- makemigrations --- */

static const char *detected(const char *before, const char *after)
{
    ProjectState *from = state_new(), *to = state_new();
    const Migration *one = parsed(before), *other = parsed(after);
    Buffer text = { 0 };
    for (size_t i = 0; i < one->n_operations; i++)
        from = operation_state(one->operations[i], "t", from);
    for (size_t i = 0; i < other->n_operations; i++)
        to = operation_state(other->operations[i], "t", to);
    Detector detector = { .now = state_clone(from), .to = to };
    detect_operations(&detector);
    for (size_t i = 0; i < detector.count; i++)
        capo_put_format(&text, "%s%s", i ? "; " : "", operation_describe(detector.planned[i].operation));
    return text.size ? capo_buffer_text(&text) : "";
}

/* A model with an n, further fields and options. */
static const char *thing(const char *fields, const char *options)
{
    return capo_format("{ \"operations\": [{ \"CreateModel\": { \"name\": \"Thing\", \"fields\": { \"id\": { \"kind\": \"BigAutoField\", \"primary_key\": true }, "
                       "\"n\": { \"kind\": \"IntegerField\" }%s%s }, \"options\": { %s } } }] }", *fields ? ", " : "", fields, options);
}

TEST(detects_conditions_and_computed_columns)
{
    const char *plain = thing("", "");
    const char *checked = thing("", "\"constraints\": { \"c\": { \"check\": { \"n__gt\": 0 } } }");
    const char *said = thing("", "\"constraints\": { \"c\": { \"check\": { \"n__gt\": 0 }, \"violation_message\": \"No.\" } }");
    const char *stricter = thing("", "\"constraints\": { \"c\": { \"check\": { \"n__gt\": 1 } } }");
    const char *indexed = thing("", "\"indexes\": { \"i\": { \"fields\": [\"n\"], \"condition\": { \"n\": 1 } } }");
    const char *renamed = thing("", "\"indexes\": { \"j\": { \"fields\": [\"n\"], \"condition\": { \"n\": 1 } } }");
    const char *twice = thing("\"g\": { \"kind\": \"IntegerField\", \"generated\": { \"*\": [{ \"F\": \"n\" }, 2] }, \"db_persist\": true }", "");
    const char *thrice = thing("\"g\": { \"kind\": \"IntegerField\", \"generated\": { \"*\": [{ \"F\": \"n\" }, 3] }, \"db_persist\": true }", "");
    const char *given = thing("\"d\": { \"kind\": \"IntegerField\", \"db_default\": 4 }", "\"db_table_comment\": \"x\"");
    EXPECT_TEXT(detected(plain, checked), "Create constraint c on model thing");
    EXPECT_TEXT(detected(checked, checked), "");
    EXPECT_TEXT(detected(checked, said), "Alter constraint c on thing");
    EXPECT_TEXT(detected(checked, stricter), "Remove constraint c from model thing; Create constraint c on model thing");
    EXPECT_TEXT(detected(plain, indexed), "Create index i on field(s) n of model thing");
    EXPECT_TEXT(detected(indexed, renamed), "Rename index i on thing to j");
    EXPECT_TEXT(detected(plain, twice), "Add field g to thing");
    EXPECT_TEXT(detected(twice, thrice), "Remove field g from thing; Add field g to thing");
    EXPECT_TEXT(detected(plain, given), "Add field d to thing; Alter thing table comment");
}

TEST(files_keep_what_they_say)
{
    const char *text = "{ \"operations\": [{ \"AddIndex\": { \"model\": \"Thing\", \"name\": \"i\", \"index\": { \"fields\": [\"n\"], \"condition\": { \"n\": 1 } } } },"
        "{ \"AddConstraint\": { \"model\": \"Thing\", \"name\": \"c\", \"constraint\": { \"unique\": [\"n\"], \"deferrable\": \"immediate\" } } },"
        "{ \"CreateCollation\": { \"name\": \"x\", \"locale\": \"de\", \"not_deterministic\": true } } ] }";
    const char *written = migration_text(parsed(text));
    EXPECT_TEXT(migration_text(parsed(written)), written);
    EXPECT(strstr(written, "\"index\": { \"fields\": [\"n\"], \"condition\": { \"n\": 1 } }"));
    EXPECT(strstr(written, "\"not_deterministic\": true"));
}
