/* SPDX-License-Identifier: BSD-3-Clause */
/* SQL beside the models: structs from rows, one statement for many rows, statements from names and values. */
#include "query_library.h"
#include "database_under_test.h"
#include <capo/expressions.h>
#include <capo/sql.h>

typedef struct Row { const char *title; int64_t pages; double half; int few; bool long_one; DateTime published; Value anything; const char *none; } Row;
static const ColumnRow row_columns[] = {
    COLUMN(Row, title), COLUMN(Row, pages), COLUMN_AS(Row, half, "half_of_it"), COLUMN(Row, few), COLUMN(Row, long_one), COLUMN(Row, published),
    COLUMN(Row, anything), COLUMN(Row, none), { 0 }
};
static const char sql[] = "SELECT title, pages, pages / 2.0 AS half_of_it, pages / 100 AS few, pages > 150 AS long_one, published, id AS anything, NULL AS none "
                          "FROM library_book WHERE pages >= ? ORDER BY id";

TEST(sql_rows_as_structs)
{
    query_library();
    size_t count;
    const char *text = sql;
    Row *rows = capo_sql_structs(Row, row_columns, &count, text, 100);
    EXPECT_INT(count, 4);
    EXPECT_TEXT(rows[1].title, "Beta");
    EXPECT_INT(rows[1].pages, 200);
    EXPECT(rows[1].half == 100.0 && rows[1].few == 2 && rows[1].long_one && !rows[0].long_one && !rows[1].none);
    EXPECT(rows[0].published.microseconds == moment("2020-01-05T10:00:00").microseconds && !rows[2].published.microseconds);
    EXPECT_INT(rows[3].anything.integer, 4);
    EXPECT(!rows[4].title);                                             /* the end */
    EXPECT(!capo_sql_structs(Row, row_columns, &count, text, 1000)[0].title);
    EXPECT_INT(count, 0);
}

typedef struct Sum { int64_t pages; Decimal exact; } Sum;

TEST(sql_sums_are_numbers_whatever_the_database_calls_them)
{
    query_library();
    static const ColumnRow columns[] = { COLUMN(Sum, pages), COLUMN_AS(Sum, exact, "pages"), { 0 } };
    Sum *sum = capo_sql_structs(Sum, columns, NULL, "SELECT SUM(pages) AS pages FROM library_book");
    EXPECT_INT(sum->pages, 1000);
    EXPECT_TEXT(sum->exact.text, "1000");
}

static void lacking(void *unused)
{
    (void)unused;
    static const ColumnRow columns[] = { COLUMN(Row, title), COLUMN(Row, pages), { 0 } };
    (void)capo_sql_structs(Row, columns, NULL, "SELECT title AS titel, pages FROM library_book");
}

static void too_large(void *unused)
{
    (void)unused;
    static const ColumnRow columns[] = { COLUMN(Row, few), { 0 } };
    (void)capo_sql_structs(Row, columns, NULL, "SELECT 3000000000 AS few");
}

TEST(sql_structs_say_what_is_wrong)
{
    query_library();
    EXPECT(strstr(EXPECT_RAISES(ERROR_FIELD, lacking, NULL)->message, "Did you mean 'titel'?"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_DATA, too_large, NULL)->message, "3000000000"));
}

TEST(sql_raw_with_other_names)
{
    query_library();
    Book **books = capo_raw_named(Book, NAMES({ "label", "title" }), "SELECT id, title AS label, pages * 2 AS twice FROM library_book WHERE pages > ? ORDER BY id", 250);
    Value twice;
    EXPECT(books[0] && books[1] && !books[2]);
    EXPECT_TEXT(books[0]->title, "Gamma");
    EXPECT(capo_instance_lookup(&books[0]->capo, "twice", 5, &twice));
    EXPECT_INT(twice.integer, 600);
    EXPECT_QUERIES(1, EXPECT_INT(capo_field_value(&books[0]->capo, capo_field(&Book_model, "pages")).integer, 300));   /* deferred */
    EXPECT_QUERIES(1, capo_prefetch(books, LIST("genres")));
    EXPECT_TEXT(books[1]->genres[0]->name, "science");
}

TEST(sql_result_has_names_and_cells)
{
    query_library();
    SqlResult *result = capo_sql_result("SELECT id, title FROM library_book WHERE id < ? ORDER BY id", 3);
    EXPECT_INT(result->n_rows, 2);
    EXPECT_INT(result->n_columns, 2);
    EXPECT_TEXT(result->names[1], "title");
    EXPECT_TEXT(capo_to_text(result->cells[3]), "Beta");
    EXPECT_INT(capo_sql_result("UPDATE library_book SET pages = 1 WHERE id < ?", 3)->changes, 2);
}

static void uneven(void *unused)
{
    (void)unused;
    List *rows = capo_list_new();
    capo_list_add(rows, capo_value_list(VALUES(1, 2)));
    capo_list_add(rows, capo_value_list(VALUES(1)));
    capo_sql_each("UPDATE library_book SET pages = ? WHERE id = ?", rows);
}

TEST(sql_each_runs_for_all_rows)
{
    query_library();
    List *rows = capo_list_new();
    for (int64_t id = 1; id <= 4; id++)
        capo_list_add(rows, capo_value_list(VALUES(id * 11, id)));
    EXPECT_INT(capo_sql_each("UPDATE library_book SET pages = ? WHERE id = ?", rows), 4);
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("id")), "pages"), "11 22 33 44");
    EXPECT_RAISES(ERROR_VALUE, uneven, NULL);
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("id")), "pages"), "11 22 33 44");
    EXPECT_INT(capo_sql_each("DELETE FROM library_book WHERE id = ?", capo_list_new()), 0);
}

static void call_it(void *unused)
{
    (void)unused;
    capo_sql_call("twice", 21);
}

static void drop_it(void *unused)
{
    (void)unused;
    capo_sql_run(database_is("mysql") ? "DROP PROCEDURE IF EXISTS twice" : "DROP FUNCTION IF EXISTS twice(bigint)");
}

TEST(sql_calls_what_is_stored)
{
    query_library();
    if (database_is("sqlite")) {
        EXPECT_RAISES(ERROR_NOT_SUPPORTED, call_it, NULL);
        return;
    }
    drop_it(NULL);
    capo_sql_run(database_is("mysql") ? "CREATE PROCEDURE twice(n BIGINT) SELECT 2 * n AS result"
                                      : "CREATE FUNCTION twice(n bigint) RETURNS TABLE(result bigint) AS 'SELECT 2 * n' LANGUAGE SQL");
    SqlResult *result = capo_sql_call("twice", 21);
    EXPECT_INT(result->n_rows, 1);
    EXPECT_TEXT(result->names[0], "result");
    EXPECT_INT(result->cells[0].integer, 42);
    EXPECT_INT(capo_sql_call("twice", 4)->cells[0].integer, 8);
    drop_it(NULL);
}

/* --- without models --- */

#define TEXT_OF(rows) capo_json_text(capo_value_list(rows), 0)

TEST(tables_are_read_without_models)
{
    query_library();
    EXPECT_TEXT(TEXT_OF(capo_table_rows("library_book", .columns = LIST("id", "title"), .where = ANY(Q("pages__gt", 300), Q("title__startswith", "Al")), .order_by = LIST("-id"))),
                "[{\"id\": 4, \"title\": \"100% Delta_x\"}, {\"id\": 1, \"title\": \"Alpha\"}]");
    EXPECT_TEXT(TEXT_OF(capo_table_rows("library_book", .columns = LIST("title", "library_author.name"), .where = ALL(Q("library_author.name", "Bob"), NOT(Q("id", 4))),
                                        .joins = JOINS({ "library_author", "author_id", "library_author.id" }))),
                "[{\"title\": \"Gamma\", \"library_author.name\": \"Bob\"}]");
    EXPECT_TEXT(TEXT_OF(capo_table_rows("library_author", .columns = LIST("name"), .compute = EXPRESSIONS(COUNT("library_book.id", .as = "n")), .group_by = LIST("name"),
                                        .joins = JOINS({ "library_book", "id", "library_book.author_id", .outer = true }), .order_by = LIST("-n", "name"), .limit = 2, .offset = 1)),
                "[{\"name\": \"Bob\", \"n\": 2}, {\"name\": \"Cid\", \"n\": 0}]");
    EXPECT_INT(capo_table_rows("library_book", .where = Q("id__in", VALUES(1, 2, 9)))->count, 2);
    EXPECT_INT(capo_table_rows("library_book", .where = Q("id__in", capo_list_new()))->count, 0);
    EXPECT_INT(capo_table_rows("library_book", .where = Q("title__contains", "0% D"))->count, 1);
    EXPECT_INT(capo_table_rows("library_book", .where = Q("editor_id__isnull", (bool)true))->count, 3);
    EXPECT_INT(capo_table_rows("library_book", .where = Q("pages__range", VALUES(150, 350)))->count, 2);
    EXPECT_INT(capo_table_rows("library_book", .where = Q("author_id__lt", F("id")))->count, 3);
    EXPECT_INT(capo_table_rows("library_book", .columns = LIST("author_id"), .distinct = true)->count, 2);
    static const ColumnRow columns[] = { COLUMN(Row, title), COLUMN(Row, pages), { 0 } };
    size_t count;
    EXPECT_TEXT(capo_table_structs(Row, columns, &count, "library_book", .order_by = LIST("pages"))[3].title, "100% Delta_x");
    EXPECT_INT(count, 4);
}

static void unknown_table(void *unused)
{
    (void)unused;
    capo_table_rows("library_book", .where = Q("genre.name", "x"));
}

TEST(tables_are_written_without_models)
{
    query_library();
    List *rows = capo_list_new();
    for (int i = 0; i < 2500; i++)
        capo_list_add(rows, capo_value_map(capo_map(V("name", capo_format("genre %d", i)))));
    EXPECT_INT(capo_table_insert("library_genre", capo_map(V("name", "O'Brien\"`; --"))), 1);
    EXPECT_INT(capo_table_insert_all("library_genre", rows), 2500);
    EXPECT_INT(capo_table_rows("library_genre", .where = Q("name", "O'Brien\"`; --"))->count, 1);
    EXPECT_INT(capo_table_update("library_book", capo_map(V("pages", ADD(F("pages"), 1)), V("title", "One")), Q("id", 1)), 1);
    EXPECT_INT(capo_get(Book, .where = { .title = EQ("One") })->pages, 101);
    EXPECT_INT(capo_table_update("library_book", capo_map(V("published", moment("2024-02-29T12:00:00"))), Q("id", 3)), 1);
    EXPECT(capo_get(Book, .where = { .id = EQ(3) })->published.value.microseconds == moment("2024-02-29T12:00:00").microseconds);
    EXPECT_INT(capo_table_rows("library_book", .where = Q("published__gt", moment("2024-01-01T00:00:00")))->count, 1);
    EXPECT_INT(capo_table_delete("library_genre", Q("name__startswith", "genre ")), 2500);
    EXPECT_INT(capo_count(Genre), 4);
    EXPECT_RAISES(ERROR_FIELD, unknown_table, NULL);
}

static void odd_name(void *name)
{
    const char *columns[] = { name, NULL };
    capo_table_rows("library_book", .columns = columns);
}

TEST(tables_names_are_quoted)
{
    query_library();
    EXPECT(strstr(capo_table_sql("a\"b`c", .columns = LIST("x\"y`z")), database_is("mysql") ? "`a\"b``c`.`x\"y``z`" : "\"a\"\"b`c\".\"x\"\"y`z\""));
    const Error *error = capo_try(odd_name, (void *)"title\" FROM library_book; DROP TABLE library_book; --");
    EXPECT(error && (error->code == ERROR_PROGRAMMING || error->code == ERROR_OPERATIONAL));
    EXPECT_INT(capo_count(Book), 4);
}
