/* SPDX-License-Identifier: BSD-3-Clause */
/* What one does with queries besides asking: conditions put together and held against values, rows as lists and structs, copies, queries that
 * are kept as data, fragments of SQL, and many at once. */
#include "query_library.h"
#include <capo/databases.h>
#include <capo/expressions.h>
#include <capo/sql.h>
#include <capo/loop.h>
#include <capo/unit.h>
#include "../../orm/pool.h"

#define TITLES(...) titles(capo_query(Book, .order_by = LIST("id"), __VA_ARGS__))
static const char *titles(Query *query) { return capo_json_text(capo_value_list(capo_values_flat(query, "title")), 0); }

TEST(QS_050_conditions_with_and_or_xor_not)
{
    query_library();
    Condition *long_ = Q("pages__gte", 300), *anns = Q("author__name", "Ann"), *dated = Q("published__isnull", false);
    EXPECT_TEXT(TITLES(.filter = ALL(long_, dated)), "[\"100% Delta_x\"]");
    EXPECT_TEXT(TITLES(.filter = ANY(anns, long_)), "[\"Alpha\", \"Beta\", \"Gamma\", \"100% Delta_x\"]");
    EXPECT_TEXT(TITLES(.filter = XOR(long_, dated)), "[\"Alpha\", \"Beta\", \"Gamma\"]");
    EXPECT_TEXT(TITLES(.filter = XOR(long_, dated, anns)), "[\"Gamma\"]");             /* an odd number of them: one, or three */
    EXPECT_TEXT(TITLES(.filter = NOT(XOR(long_, dated))), "[\"100% Delta_x\"]");
    EXPECT_TEXT(TITLES(.filter = NOT(long_)), "[\"Alpha\", \"Beta\"]");
    EXPECT_TEXT(TITLES(.filter = ALL(NOT(anns), ANY(Q("pages", 300), NOT(dated)))), "[\"Gamma\"]");
    EXPECT_TEXT(TITLES(.filter = ALL(Q("published__isnull", true))), "[\"Gamma\"]");          /* C's true */
    EXPECT_TEXT(TITLES(.exclude = { .pages = LT(400) }), "[\"100% Delta_x\"]");
    EXPECT_INT(capo_count(Book, .filter = ALL(Q("pages__gt", F("id")), Q("pages__lt", 250))), 2);
}

static void check_without_value(void *unused) { (void)unused; capo_condition_check(&Book_model, Q("pages__gt", F("id")), capo_map(V("pages", 3))); }
static void check_over_relation(void *unused) { (void)unused; capo_condition_check(&Book_model, Q("author__name", "Ann"), capo_map(V("author", 1))); }
static void check_no_field(void *unused) { (void)unused; capo_condition_check(&Book_model, Q("pages", 1), capo_map(V("pagess", 1))); }

TEST(QS_051_conditions_held_against_values)
{
    query_library();
    Condition *condition = ALL(Q("pages__gt", 100), ANY(Q("title__startswith", "A"), Q("country__isnull", true)));
    EXPECT(capo_condition_check(&Book_model, condition, capo_map(V("pages", 101), V("title", "Alpha"), V("country", "DE"))));
    EXPECT(!capo_condition_check(&Book_model, condition, capo_map(V("pages", 100), V("title", "Alpha"), V("country", "DE"))));
    EXPECT(!capo_condition_check(&Book_model, condition, capo_map(V("pages", 101), V("title", "Beta"), V("country", "DE"))));
    EXPECT(capo_condition_check(&Book_model, condition, capo_map(V("pages", 101), V("title", "Beta"), V("country", capo_value_null()))));
    EXPECT(capo_condition_check(&Book_model, Q("published__year__gt", 2000), capo_map(V("published", capo_value_null()))));        /* unknown: it holds */
    EXPECT(!capo_condition_check(&Book_model, Q("published__year__gt", 2000), capo_map(V("published", moment("1999-05-05T00:00:00")))));
    EXPECT(capo_condition_check(&Book_model, HOLDS(COMPARE(FN(Length, F("title")), "gt", F("pages"))), capo_map(V("title", "long"), V("pages", 3))));
    EXPECT_RAISES(ERROR_FIELD, check_without_value, NULL);
    EXPECT_RAISES(ERROR_FIELD, check_over_relation, NULL);
    EXPECT_RAISES(ERROR_FIELD, check_no_field, NULL);
    EXPECT_INT(capo_count(Book), 4);                                /* nothing was written */
}

typedef struct Writer { const char *name; int64_t books; double pages; } Writer;
static const ColumnRow writer_columns[] = { COLUMN(Writer, name), COLUMN_AS(Writer, books, "n_books"), COLUMN_AS(Writer, pages, "mean"), { 0 } };
typedef struct Line { const char *title, *author; DateTime published; int pages; } Line;
static const ColumnRow line_columns[] = { COLUMN(Line, title), COLUMN_AS(Line, author, "author__name"), COLUMN(Line, published), COLUMN(Line, pages), { 0 } };

TEST(QS_012_rows_as_lists_flat_and_named)
{
    query_library();
    Query *two = capo_query(Book, .order_by = LIST("id"), .limit = 2);
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values_tuples(two, LIST("title", "author__name", "pages"))), 0), "[[\"Alpha\", \"Ann\", 100], [\"Beta\", \"Ann\", 200]]");
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values_flat(two, "author__name")), 0), "[\"Ann\", \"Ann\"]");
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values(two, LIST("pages"))), 0), "[{\"pages\": 100}, {\"pages\": 200}]");
    EXPECT_INT(capo_values_tuples(two, NULL)->items[0].list->count, Book_model.n_fields);
    size_t count;
    Line *lines = capo_values_structs(Line, line_columns, &count, capo_query(Book, .order_by = LIST("id")));
    EXPECT_INT(count, 4);
    EXPECT_TEXT(lines[1].title, "Beta");
    EXPECT_TEXT(lines[1].author, "Ann");
    EXPECT(lines[1].published.microseconds == moment("2021-06-01T00:00:00").microseconds);
    EXPECT(lines[2].published.microseconds == 0 && lines[2].pages == 300);
    Writer *writers = capo_values_structs(Writer, writer_columns, NULL, capo_query(Author, .order_by = LIST("id"),
        .annotate = EXPRESSIONS(COUNT("books", .as = "n_books"), AVG("books__pages", .as = "mean"))));
    EXPECT(writers[0].books == 2 && writers[0].pages == 150 && writers[2].books == 0);
    EXPECT_TEXT(writers[1].name, "Bob");
}

TEST(QS_016_a_copy_asks_again)
{
    query_library();
    Query *books = capo_query(Book, .where = { .pages = GTE(200) });
    EXPECT_INT(capo_query_rows(books, NULL)[2] != NULL, 1);
    Query *copy = capo_query(Book, .query = books);
    capo_update(Book, .where = { .pages = EQ(400) }, .set = { .pages = TO(1) });
    EXPECT_QUERIES(0, capo_query_rows(books, NULL));                /* it has its result */
    EXPECT_INT(capo_query_count(books), 3);
    EXPECT_QUERIES(1, capo_query_rows(copy, NULL));
    EXPECT_INT(capo_query_count(copy), 2);
}

static void create_wrong(void *unused) { (void)unused; capo_create(Book, .set = { .pages = PLUS(1) }); }

TEST(QS_029_create)
{
    query_library();
    Book *book = capo_create(Book, .set = { .title = TO("Omega"), .slug = TO("omega"), .author_id = TO(2), .pages = TO(7) });
    EXPECT(book->id > 0 && capo_instance_is_saved(&book->capo));
    EXPECT_TEXT(book->status, "d");                                 /* its default */
    EXPECT_INT(capo_get(Book, .where = { .slug = EQ("omega") })->pages, 7);
    EXPECT_QUERIES(0, capo_save(book));
    EXPECT_RAISES(ERROR_VALUE, create_wrong, NULL);
}

TEST(QS_023_fragments_of_sql)
{
    query_library();
    const char *table = capo_quote_name(Book_model.table);
    Query *books = capo_query(Book, .order_by = LIST("id"),
        .annotate = EXPRESSIONS(AS("half", OUTPUT(RAW("pages / ?", 100), FIELD_INTEGER)),
                                AS("others", OUTPUT(RAW(capo_format("SELECT COUNT(*) FROM %s WHERE pages < ?", table), 250), FIELD_INTEGER))),
        .filter = ALL(HOLDS(OUTPUT(RAW("pages > ? AND title <> ?", 100, "it's; --"), FIELD_BOOLEAN)), Q("author__name", "Bob")));
    EXPECT_TEXT(titles(books), "[\"Gamma\", \"100% Delta_x\"]");
    List *rows = capo_values_tuples(books, LIST("half", "others"));
    EXPECT_INT(rows->items[0].list->items[0].integer, 3);
    EXPECT_INT(rows->items[1].list->items[1].integer, 2);
    EXPECT_INT(capo_query_count(capo_query(Book, .filter = HOLDS(OUTPUT(RAW("pages IN (?, ?)", 100, 300), FIELD_BOOLEAN)))), 2);
}

TEST(QS_054_queries_kept_as_data_and_used_again)
{
    query_library();
    /* a condition and a column of a report, as somebody stored them */
    Condition *condition = ANY(ALL(Q("pages__gte", 200), NOT(Q("author__name", "Bob"))), Q("genres__name__in", VALUES("science")));
    const char *stored = capo_json_text(capo_condition_data(condition), 0), *wrong;
    const char *column = capo_json_text(capo_expression_data(capo_expression_of(FN(Upper, F("title")))), 0);
    Value data, shout;
    EXPECT(capo_json_parse(stored, strlen(stored), &data, &wrong) && capo_json_parse(column, strlen(column), &shout, &wrong));
    EXPECT_TEXT(TITLES(.filter = condition), TITLES(.filter = capo_condition_from_data(data)));
    EXPECT_TEXT(TITLES(.filter = capo_condition_from_data(data)), "[\"Beta\", \"100% Delta_x\"]");
    Query *again = capo_query(Book, .annotate = EXPRESSIONS(capo_as("shout", capo_expression_from_data(shout))), .order_by = LIST("id"));
    EXPECT_TEXT(capo_json_text(capo_values_flat(again, "shout")->items[0], 0), "\"ALPHA\"");
    /* a query is used as often as one likes, and what is made of it leaves it alone */
    Query *base = capo_query(Book, .where = { .pages = GT(100) }, .order_by = LIST("-pages"));
    Query *dated = capo_query(Book, .query = base, .where = { .published = IS_NULL(false) });
    EXPECT_INT(capo_query_count(base) * 10 + capo_query_count(dated), 32);
    EXPECT_TEXT(capo_sql(base), capo_sql(capo_query(Book, .query = base)));
}

/* --- many at once ---------------------------------------------------------------------------------------------------------------------- */

static int ended, failed, together, alone;

static void ask_slowly(void *unused)
{
    (void)unused;
    capo_begin();                                                   /* a connection of its own */
    capo_sql_rows(database_is("postgresql") ? "SELECT pg_sleep(0.2)" : "SELECT SLEEP(0.2)");
    capo_commit();
}

static void ask_quickly(void *unused)
{
    (void)unused;
    alone += (int)capo_count(Book) == 4 && !ended;
}

static void count_end(void *unused, Unit *unit, const Error *error)
{
    (void)unused, (void)unit;
    ended++;
    failed += error != NULL;
}

TEST(QS_049_queries_of_many_fibers_overlap)
{
    query_library();
    if (database_is("sqlite"))
        return;                                                     /* runs inside the process: one after the other */
    ended = failed = together = alone = 0;
    for (int i = 0; i < 2; i++)
        capo_fiber_start("slow", ask_slowly, NULL, count_end, false);
    for (int i = 0; i < 500 && capo_database_figures().in_use < 2 && !ended; i++)
        capo_sleep(0.005);
    together = capo_database_figures().in_use == 2 && !ended;       /* both are on the server, and this one runs */
    ask_quickly(NULL);
    for (int i = 0; i < 2000 && ended < 2; i++)
        capo_sleep(0.005);
    EXPECT_INT(ended, 2);
    EXPECT_INT(failed, 0);
    EXPECT(together && alone);
}

static void create_genres(void *second)
{
    Genre *genres[2] = { capo_new(Genre), capo_new(Genre) };
    genres[0]->name = "whole";
    genres[1]->name = second;
    capo_bulk_create((Instance *const *)genres, 2);
}

/* Rows that go together are refused for what one alone is, and then none of them is there. */
TEST(query_bulk_create_refuses_what_is_no_text)
{
    query_library();
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, create_genres, "Science \xC3 fiction")->message, "not valid UTF-8") != NULL);
    EXPECT_INT(capo_count(Genre, .where = { .name = EQ("whole") }), 0);
    create_genres("Science fiction \xC3\x9F");
    EXPECT_INT(capo_count(Genre, .where = { .name = EQ("Science fiction ß") }), 1);
}
