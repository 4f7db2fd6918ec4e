/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema editor: Django's DDL, and rebuilds that keep rows, indexes, keys and counters. */
#include <capo/testing.h>
#include "../orm/models.h"
#include "../../orm/internal.h"
#include <string.h>

static const char *sql_of(const char *name)
{
    Value value = capo_value_text(name);
    ResultSet *result = capo_database_run("SELECT sql FROM sqlite_master WHERE name = ?", &value, 1, DATABASE_READ);
    return result->n_rows ? capo_to_text(capo_cell(result, 0, 0)) : "";
}

static const char *one(const char *sql)
{
    ResultSet *result = capo_database_run(sql, NULL, 0, DATABASE_READ);
    EXPECT_INT(result->n_rows, 1);
    return capo_to_text(capo_cell(result, 0, 0));
}

TEST(schema_is_djangos)
{
    capo_test_database();
    EXPECT_TEXT(sql_of("library_author"), "CREATE TABLE \"library_author\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"name\" varchar(50) NOT NULL, "
                "\"email\" varchar(254) NOT NULL UNIQUE)");
    EXPECT_TEXT(sql_of("library_author_friends"), "CREATE TABLE \"library_author_friends\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "
                "\"from_author_id\" bigint NOT NULL REFERENCES \"library_author\" (\"id\") DEFERRABLE INITIALLY DEFERRED, "
                "\"to_author_id\" bigint NOT NULL REFERENCES \"library_author\" (\"id\") DEFERRABLE INITIALLY DEFERRED)");
    EXPECT_TEXT(sql_of("library_country"), "CREATE TABLE \"library_country\" (\"code\" varchar(2) NOT NULL PRIMARY KEY, \"country_name\" varchar(50) NOT NULL)");
    EXPECT_TEXT(sql_of("library_book"), "CREATE TABLE \"library_book\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"title\" varchar(100) NOT NULL, "
                "\"slug\" varchar(50) NOT NULL, \"author_id\" bigint NOT NULL REFERENCES \"library_author\" (\"id\") DEFERRABLE INITIALLY DEFERRED, "
                "\"editor_id\" bigint NULL REFERENCES \"library_author\" (\"id\") DEFERRABLE INITIALLY DEFERRED, "
                "\"country_id\" varchar(2) NULL REFERENCES \"library_country\" (\"code\") DEFERRABLE INITIALLY DEFERRED, "
                "\"sequel_of_id\" bigint NULL REFERENCES \"library_book\" (\"id\") DEFERRABLE INITIALLY DEFERRED, "
                "\"status\" varchar(1) NOT NULL, \"pages\" integer unsigned NOT NULL CHECK (\"pages\" >= 0), \"published\" datetime NULL, "
                "CONSTRAINT \"book_pages_limit\" CHECK (\"pages\" <= 10000), CONSTRAINT \"book_unique_title\" UNIQUE (\"title\", \"country_id\"))");
    EXPECT_TEXT(sql_of("library_book_author_id_slug_4468a01f_uniq"),
                "CREATE UNIQUE INDEX \"library_book_author_id_slug_4468a01f_uniq\" ON \"library_book\" (\"author_id\", \"slug\")");
    EXPECT_TEXT(sql_of("library_book_slug_c4f98edd"), "CREATE INDEX \"library_book_slug_c4f98edd\" ON \"library_book\" (\"slug\")");
    EXPECT_TEXT(sql_of("library_boo_status_a86b54_idx"), "CREATE INDEX \"library_boo_status_a86b54_idx\" ON \"library_book\" (\"status\", \"published\" DESC)");
    EXPECT_TEXT(sql_of("library_author_friends_from_author_id_to_author_id_4bfd77b6_uniq"),
                "CREATE UNIQUE INDEX \"library_author_friends_from_author_id_to_author_id_4bfd77b6_uniq\" ON \"library_author_friends\" (\"from_author_id\", \"to_author_id\")");
    EXPECT(capo_schema_has_table("library_kind") && !capo_schema_has_table("library_nothing"));
}

TEST(schema_types_of_all_kinds)
{
    capo_test_database();
    const char *const wanted[] = { "\"name\" varchar(40) NOT NULL UNIQUE", "\"text\" text NOT NULL", "\"address\" char(39) NOT NULL", "\"big\" bigint NOT NULL",
        "\"small\" smallint NOT NULL", "\"positive\" integer unsigned NOT NULL CHECK (\"positive\" >= 0)",
        "\"positive_big\" bigint unsigned NOT NULL CHECK (\"positive_big\" >= 0)", "\"positive_small\" smallint unsigned NOT NULL CHECK (\"positive_small\" >= 0)",
        "\"real\" real NOT NULL", "\"price\" decimal NOT NULL", "\"active\" bool NOT NULL", "\"day\" date NOT NULL", "\"hour\" time NOT NULL",
        "\"moment\" datetime NOT NULL", "\"length\" bigint NOT NULL", "\"code\" char(32) NOT NULL", "\"bytes\" BLOB NOT NULL",
        "\"data\" text NOT NULL CHECK ((JSON_VALID(\"data\") OR \"data\" IS NULL))", "\"o_moment\" datetime NULL", "\"file\" varchar(100) NOT NULL" };
    const char *sql = sql_of("library_kind");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(sql, wanted[i]))
            capo_test_fail(__FILE__, __LINE__, "expected %s in %s", wanted[i], sql);
}

/* --- changes: each test says the model before and after --- */

#define ID { .name = "id", .kind = FIELD_BIG_AUTO }
#define ROWS(...) ((const FieldRow[]){ __VA_ARGS__, { 0 } })
#define NAME(name_, ...) { .name = name_, .kind = FIELD_CHAR, .options.text = { .max_length = 20, __VA_ARGS__ } }

typedef struct State { Model *thing, *owner; } State;

/* A thing and its owner, as they are at one time. */
static State state(const FieldRow *thing_rows, const FieldRow *owner_rows)
{
    Model *models[2] = { capo_alloc_struct(Model), capo_alloc_struct(Model) };
    *models[0] = (Model){ .name = "Owner", .app = "t", .rows = owner_rows ? owner_rows : ROWS(ID, NAME("name", 0)) };
    *models[1] = (Model){ .name = "Thing", .app = "t", .rows = thing_rows };
    capo_models_resolve(models, 2);
    return (State){ .thing = models[1], .owner = models[0] };
}

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

static SchemaEditor *create(State before)
{
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_enforce_foreign_keys(false);
    capo_schema_create_model(editor, before.owner);
    capo_schema_create_model(editor, before.thing);
    return editor;
}

/* The migrated tables are what fresh ones would be. */
static void expect_fresh(State after)
{
    List *tables = capo_schema_tables();
    char **migrated = capo_alloc_array(tables->count, sizeof *migrated);
    for (size_t i = 0; i < tables->count; i++)
        migrated[i] = capo_schema_describe(tables->items[i].text);
    capo_database_open("sqlite::memory:");
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, after.owner);
    capo_schema_create_model(editor, after.thing);
    List *fresh = capo_schema_tables();
    EXPECT_TEXT(capo_to_text(capo_value_list(tables)), capo_to_text(capo_value_list(fresh)));
    for (size_t i = 0; i < tables->count; i++)
        EXPECT_TEXT(migrated[i], capo_schema_describe(tables->items[i].text));
}

TEST(schema_adds_fields)
{
    State before = state(ROWS(ID, NAME("name", 0)), NULL);
    State after = state(ROWS(ID, NAME("name", 0), { .name = "n", .kind = FIELD_POSITIVE_INTEGER, .options.integer.db_index = true },
        { .name = "note", .kind = FIELD_TEXT, .null = true }, { .name = "owner", .kind = FIELD_FOREIGN_KEY, .null = true, .to = "t.Owner", .options.relation.on_delete = CASCADE }), NULL);
    State middle = state(ROWS(ID, NAME("name", 0), { .name = "n", .kind = FIELD_POSITIVE_INTEGER, .options.integer.db_index = true }), NULL);
    State nearly = state(ROWS(ID, NAME("name", 0), { .name = "n", .kind = FIELD_POSITIVE_INTEGER, .options.integer.db_index = true },
        { .name = "note", .kind = FIELD_TEXT, .null = true }), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_thing (name) VALUES ('a'), ('b')");
    capo_sql_run("DELETE FROM t_thing WHERE name = 'b'");
    capo_schema_add_field(editor, before.thing, middle.thing, capo_field(middle.thing, "n"), capo_value_int(7));
    capo_schema_add_field(editor, middle.thing, nearly.thing, capo_field(nearly.thing, "note"), capo_value_null());
    capo_schema_add_field(editor, nearly.thing, after.thing, capo_field(after.thing, "owner"), capo_value_null());
    capo_schema_close(editor);
    EXPECT_TEXT(one("SELECT id || name || n || coalesce(note, '-') FROM t_thing"), "1a7-");
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('c', 1)");
    EXPECT_TEXT(one("SELECT id FROM t_thing WHERE name = 'c'"), "3");
    expect_fresh(after);
}

TEST(schema_keeps_the_counter_of_an_empty_table)
{
    State before = state(ROWS(ID, NAME("name", 0)), NULL);
    State after = state(ROWS(ID, NAME("name", .unique = true)), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_thing (name) VALUES ('a'), ('b')");
    capo_sql_run("DELETE FROM t_thing");
    capo_schema_alter_field(editor, before.thing, after.thing, capo_field(before.thing, "name"), capo_field(after.thing, "name"), capo_value_null());
    capo_sql_run("INSERT INTO t_thing (name) VALUES ('c')");
    EXPECT_TEXT(one("SELECT id FROM t_thing"), "3");
    expect_fresh(after);
}

TEST(schema_removes_fields)
{
    State before = state(ROWS(ID, NAME("name", 0), NAME("gone", .unique = true),
                              { .name = "owner", .kind = FIELD_FOREIGN_KEY, .null = true, .to = "t.Owner", .options.relation.on_delete = CASCADE }), NULL);
    State after = state(ROWS(ID, NAME("name", 0), { .name = "owner", .kind = FIELD_FOREIGN_KEY, .null = true, .to = "t.Owner", .options.relation.on_delete = CASCADE }), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_owner (name) VALUES ('ann')");
    capo_sql_run("INSERT INTO t_thing (name, gone, owner_id) VALUES ('a', 'x', 1)");
    capo_schema_remove_field(editor, before.thing, after.thing, capo_field(before.thing, "gone"));
    capo_schema_close(editor);
    EXPECT_TEXT(one("SELECT name || owner_id FROM t_thing"), "a1");
    expect_fresh(after);
}

TEST(schema_alters_fields)
{
    State before = state(ROWS(ID, { .name = "name", .kind = FIELD_CHAR, .null = true, .options.text.max_length = 9 }, { .name = "n", .kind = FIELD_INTEGER }), NULL);
    State after = state(ROWS(ID, NAME("title", .db_index = true), { .name = "n", .kind = FIELD_INTEGER }), NULL);
    State last = state(ROWS(ID, NAME("title", .db_index = true), { .name = "n", .kind = FIELD_DECIMAL, .options.decimal = { .max_digits = 5, .decimal_places = 2 } }), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_thing (name, n) VALUES ('a', 1), (NULL, 2)");
    capo_schema_alter_field(editor, before.thing, after.thing, capo_field(before.thing, "name"), capo_field(after.thing, "title"), capo_value_text("none"));
    capo_schema_alter_field(editor, after.thing, last.thing, capo_field(after.thing, "n"), capo_field(last.thing, "n"), capo_value_null());
    capo_schema_close(editor);
    EXPECT_TEXT(one("SELECT group_concat(title || n, ' ') FROM (SELECT * FROM t_thing ORDER BY id)"), "a1 none2");
    expect_fresh(last);
}

/* What refers to a renamed or retyped key follows it. */
TEST(schema_alters_what_others_refer_to)
{
    FieldRow key = { .name = "owner", .kind = FIELD_FOREIGN_KEY, .to = "t.Owner", .options.relation.on_delete = CASCADE };
    State before = state(ROWS(ID, key), ROWS({ .name = "code", .kind = FIELD_CHAR, .primary_key = true, .options.text.max_length = 5 }));
    State after = state(ROWS(ID, key), ROWS({ .name = "isbn", .kind = FIELD_CHAR, .primary_key = true, .options.text.max_length = 13 }));
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_owner (code) VALUES ('x')");
    capo_sql_run("INSERT INTO t_thing (owner_id) VALUES ('x')");
    capo_schema_alter_field(editor, before.owner, after.owner, capo_field(before.owner, "code"), capo_field(after.owner, "isbn"), capo_value_null());
    capo_schema_close(editor);
    EXPECT_TEXT(one("SELECT owner_id || isbn FROM t_thing JOIN t_owner ON isbn = owner_id"), "xx");
    expect_fresh(after);
}

TEST(schema_rebuilds_a_table_that_refers_to_itself)
{
    FieldRow key = { .name = "up", .kind = FIELD_FOREIGN_KEY, .null = true, .to = "t.Thing", .options.relation.on_delete = CASCADE };
    State before = state(ROWS(ID, key), NULL);
    State after = state(ROWS(ID, key, NAME("name", 0)), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_thing (up_id) VALUES (NULL), (1)");
    capo_schema_add_field(editor, before.thing, after.thing, capo_field(after.thing, "name"), capo_value_text("x"));
    capo_schema_close(editor);
    capo_schema_enforce_foreign_keys(true);
    EXPECT_TEXT(one("SELECT count(*) FROM t_thing AS a JOIN t_thing AS b ON a.up_id = b.id"), "1");
    expect_fresh(after);
}

TEST(schema_renames_tables)
{
    FieldRow many = { .name = "owners", .kind = FIELD_MANY_TO_MANY, .to = "t.Owner" };
    State before = state(ROWS(ID, NAME("name", .db_index = true), many), NULL);
    State after = state(ROWS(ID, NAME("name", .db_index = true), many, { .name = "Meta", .kind = FIELD_META, .options.meta.db_table = "gadgets" }), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_owner (name) VALUES ('ann')");
    capo_sql_run("INSERT INTO t_thing (name) VALUES ('a')");
    capo_sql_run("INSERT INTO t_thing_owners (thing_id, owner_id) VALUES (1, 1)");
    capo_schema_rename_table(editor, before.thing, after.thing);
    capo_schema_close(editor);
    EXPECT_TEXT(one("SELECT name || owner_id FROM gadgets JOIN gadgets_owners ON thing_id = gadgets.id"), "a1");
    expect_fresh(after);
}

TEST(schema_alters_indexes_and_constraints)
{
    State before = state(ROWS(ID, NAME("a", 0), NAME("b", 0)), NULL);
    State indexed = state(ROWS(ID, NAME("a", 0), NAME("b", 0), { .name = "Meta", .kind = FIELD_META, .options.meta = {
        .unique_together = UNIQUE_TOGETHER(LIST("a", "b")), .indexes = INDEXES({ .fields = LIST("-b") }) } }), NULL);
    State after = state(ROWS(ID, NAME("a", 0), NAME("b", 0), { .name = "Meta", .kind = FIELD_META, .options.meta = {
        .constraints = CONSTRAINTS({ .name = "ab", .unique = LIST("b", "a") }, { .name = "long", .check_sql = "a <> ')'" }) } }), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_thing (a, b) VALUES ('1', '2')");
    capo_schema_alter_meta(editor, before.thing, indexed.thing);
    EXPECT(strstr(capo_schema_describe("t_thing"), "(a, b)") && strstr(capo_schema_describe("t_thing"), "(b DESC)"));
    capo_schema_alter_meta(editor, indexed.thing, after.thing);
    EXPECT_TEXT(one("SELECT a || b FROM t_thing"), "12");
    EXPECT_TEXT(capo_schema_describe("t_thing"), "autoincrement\ncheck (a <> ')')\ncolumn a varchar(20) NOT NULL\ncolumn b varchar(20) NOT NULL\n"
                "column id integer NOT NULL PRIMARY KEY\nconstraint \"ab\"\nconstraint \"long\"\nunique (b, a)\n");
    expect_fresh(after);
}

static void close_editor(void *editor) { capo_schema_close(editor); }

TEST(schema_close_finds_broken_keys)
{
    State before = state(ROWS(ID, { .name = "owner", .kind = FIELD_FOREIGN_KEY, .to = "t.Owner", .options.relation.on_delete = CASCADE }), NULL);
    SchemaEditor *editor = create(before);
    capo_sql_run("INSERT INTO t_thing (owner_id) VALUES (9)");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_INTEGRITY, close_editor, editor)->message,
                "The row in table 't_thing' with rowid 1 has an invalid foreign key: owner_id leads to no row of t_owner.");
}

TEST(schema_collects_sql)
{
    State before = state(ROWS(ID), NULL);
    State after = state(ROWS(ID, { .name = "note", .kind = FIELD_TEXT }), NULL);
    create(before);
    SchemaEditor *editor = capo_schema_open(true);
    capo_schema_add_field(editor, before.thing, after.thing, capo_field(after.thing, "note"), capo_value_text("it's"));
    capo_schema_execute(editor, "DELETE FROM t_thing; -- ; not here\nDELETE FROM t_owner;", NULL, 0);
    capo_schema_close(editor);
    EXPECT_TEXT(capo_schema_collected_sql(editor),
        "CREATE TABLE \"new__t_thing\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"note\" text NOT NULL);\n"
        "INSERT INTO \"new__t_thing\" (\"id\", \"note\") SELECT \"id\", 'it''s' FROM \"t_thing\";\n"
        "DELETE FROM sqlite_sequence WHERE name = 'new__t_thing';\n"
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'new__t_thing', seq FROM sqlite_sequence WHERE name = 't_thing';\n"
        "DROP TABLE \"t_thing\";\nPRAGMA legacy_alter_table = ON;\nALTER TABLE \"new__t_thing\" RENAME TO \"t_thing\";\nPRAGMA legacy_alter_table = OFF;\n"
        "DELETE FROM t_thing;\n-- ; not here\nDELETE FROM t_owner;\n");
}
