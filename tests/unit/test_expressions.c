/* SPDX-License-Identifier: BSD-3-Clause */
/* The public words for expressions. What they compute in every detail is held against Django's answers elsewhere. */
#include "query_library.h"
#include <capo/expressions.h>

/* The annotation "x" of all books, in order of keys. */
static const char *of_books(Value value)
{
    return column(capo_query(Book, .annotate = EXPRESSIONS(AS("x", value)), .order_by = LIST("pk")), "x");
}

TEST(expression_functions_and_arithmetic)
{
    query_library();
    EXPECT_TEXT(of_books(FN(Upper, FN(Left, F("title"), 3))), "ALP BET GAM 100");
    EXPECT_TEXT(of_books(ADD(MUL(F("pages"), 2), 1)), "201 401 601 801");
    EXPECT_TEXT(of_books(SUB(F("pages"), F("author_id"))), "99 199 298 398");
    EXPECT_TEXT(of_books(MOD(F("pages"), 150)), "100 50 0 100");
    EXPECT_TEXT(of_books(CAST(F("pages"), FIELD_TEXT)), "100 200 300 400");
    EXPECT_TEXT(of_books(FN(Concat, F("author__name"), ":", CAST(F("pages"), FIELD_CHAR))), "Ann:100 Ann:200 Bob:300 Bob:400");
    EXPECT_TEXT(of_books(EXTRACT("year", F("published"))), "2020 2021 None 2021");
    EXPECT_TEXT(of_books(TRUNC_TO("date", F("published"))), "2020-01-05 2021-06-01 None 2021-12-31");
    EXPECT_TEXT(of_books(FN(Coalesce, F("editor_id"), F("author_id"))), "1 1 1 2");
}

static void slice_backwards(void *unused) { (void)unused; SLICE("title", 3, 3); }
static void slice_negative(void *unused) { (void)unused; SLICE("title", -3, 2); }
static void slice_numbers(void *unused) { (void)unused; of_books(SLICE("pages", 0, 2)); }

TEST(expression_slices_of_texts)
{
    query_library();
    EXPECT_TEXT(of_books(SLICE("author__name", 0, 2)), "An An Bo Bo");
    EXPECT_TEXT(of_books(SLICE("author__name", 1, -1)), "nn nn ob ob");
    EXPECT_TEXT(of_books(FN(Upper, SLICE("author__name", 2, 3))), "N N B B");
    EXPECT_INT(capo_count(Book, .filter = Q("author__name__startswith", SLICE("author__name", 0, 1))), 4);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, slice_backwards, NULL)->message, "Slice stop must be greater than slice start.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, slice_negative, NULL)->message, "Negative indexing is not supported.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, slice_numbers, NULL)->message, "PositiveIntegerField does not support slicing.");
    Value data = capo_expression_data(capo_expression_of(SLICE("title", 0, 2)));
    EXPECT_TEXT(capo_json_text(capo_expression_data(capo_expression_of(capo_expression_from_data(data))), 0), capo_json_text(data, 0));
}

TEST(expression_case_when)
{
    query_library();
    EXPECT_TEXT(of_books(CASE(WHEN(Q("pages__gte", 300), "long"), WHEN(Q("pages__gte", 200), "middle"), ELSE("short"))), "short middle long long");
    EXPECT_TEXT(of_books(CASE(WHEN(Q("pages__gte", 300), F("pages")))), "None None 300 400");
    EXPECT_INT(capo_update(Book, .where = { .pages = GT(0) }, .set = { .pages = TO(CASE(WHEN(Q("author", 2), F("pages")), ELSE(1))) }), 4);
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("pk")), "pages"), "1 1 300 400");
}

TEST(expression_subquery_and_exists)
{
    query_library();
    Query *books = capo_query(Book, .filter = Q("author", OUTER("pk")), .order_by = LIST("-pages"), .limit = 1);
    Query *authors = capo_query(Author, .annotate = EXPRESSIONS(AS("longest", SUBQUERY(capo_query_values(books, LIST("title"))))), .order_by = LIST("pk"));
    EXPECT_TEXT(column(authors, "longest"), "Beta 100% Delta_x None");
    Condition *writes = EXISTS(capo_query(Book, .filter = Q("author", OUTER("pk"))));
    EXPECT_TEXT(column(capo_query(Author, .filter = writes, .order_by = LIST("pk")), "name"), "Ann Bob");
    EXPECT_TEXT(column(capo_query(Author, .filter = NOT(writes), .order_by = LIST("pk")), "name"), "Cid");
}

TEST(expression_window_and_conditions_over_it)
{
    query_library();
    Value place = WINDOW(FN(RowNumber), .partition_by = LIST("author"), .order_by = LIST("-pages"));
    EXPECT_TEXT(of_books(place), "2 1 2 1");
    EXPECT_TEXT(of_books(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("pk"))), "100 300 600 1000");
    EXPECT_TEXT(of_books(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("pk"), .rows = ROWS(-1, 0))), "100 300 500 700");
    Query *longest = capo_query(Book, .annotate = EXPRESSIONS(AS("place", place)), .filter = Q("place", 1), .order_by = LIST("pk"));
    EXPECT_TEXT(column(longest, "title"), "Beta 100% Delta_x");
    EXPECT_INT(capo_query_count(longest), 2);
}

TEST(expression_window_beside_an_aggregate)
{
    query_library();
    Query *books = capo_query(Book, .annotate = EXPRESSIONS(COUNT("genres", .as = "n"), AS("place", WINDOW(FN(RowNumber), .order_by = LIST("-pages")))));
    /* Delta is first by pages; Alpha alone has two genres: either side of the OR chooses one */
    EXPECT_TEXT(column(capo_query(Book, .query = books, .filter = ANY(Q("place", 1), Q("n", 2)), .order_by = LIST("pk")), "title"), "Alpha 100% Delta_x");
    EXPECT_TEXT(column(capo_query(Book, .query = books, .filter = ANY(Q("place", 1), Q("n", 2), Q("pages", 300)), .order_by = LIST("pk")), "title"),
                "Alpha Gamma 100% Delta_x");
    EXPECT_TEXT(column(capo_query(Book, .query = books, .filter = NOT(ALL(Q("place__gt", 1), Q("n__lt", 2))), .order_by = LIST("pk")), "title"),
                "Alpha 100% Delta_x");
}

TEST(expression_alias_and_totals)
{
    query_library();
    Query *query = capo_query(Book, .alias = EXPRESSIONS(AS("half", DIV(F("pages"), 2))), .filter = Q("half__gte", 150), .order_by = LIST("-half"));
    EXPECT_TEXT(column(query, "title"), "100% Delta_x Gamma");
    Map *map = capo_aggregate(capo_query_of(&Book_model), EXPRESSIONS(TOTAL(Sum, MUL(F("pages"), 2), .as = "double"),
                              TOTAL(Sum, F("pages"), .as = "none", .filter = Q("pages__gt", 9999), .default_value = VALUE(7))));
    EXPECT_INT(capo_map_get(map, "double")->integer, 2000);
    EXPECT_INT(capo_map_get(map, "none")->integer, 7);
}

static void unknown_function(void *unused) { (void)unused; FN(Uper, F("title")); }
static void mixed_types(void *unused) { (void)unused; of_books(FN(Coalesce, F("title"), F("pages"))); }
static void update_over_a_join(void *unused) { (void)unused; capo_update(Book, .set = { .pages = TO(CASE(WHEN(Q("author__name", "Ann"), 1), ELSE(2))) }); }
static void branch_behind_else(void *unused) { (void)unused; CASE(ELSE(1), WHEN(Q("pages", 1), 2)); }

TEST(expression_mistakes_are_named)
{
    query_library();
    EXPECT(strstr(EXPECT_RAISES(ERROR_FIELD, unknown_function, NULL)->message, "Upper"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_FIELD, mixed_types, NULL)->message, "mixed types"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_FIELD, update_over_a_join, NULL)->message, "not permitted"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, branch_behind_else, NULL)->message, "ELSE"));
}

static Value numbers(int64_t first, int64_t count)
{
    List *list = capo_list_new();
    for (int64_t i = 0; i < count; i++)
        capo_list_add(list, VALUE(first + i));
    return capo_value_list(list);
}

/* A list of keys may be one parameter, which must be the same one wherever the same list stands: a group is told by its text. */
TEST(expression_lists_of_keys_in_groups)
{
    query_library();
    Query *grouped = capo_query_values(capo_query(Book, .annotate = EXPRESSIONS(AS("early", CASE(WHEN(Q("id__in", numbers(1, 2)), 1), ELSE(0))))), LIST("early"));
    grouped = capo_query_order_by(capo_query_annotate(grouped, EXPRESSIONS(COUNT("id", .as = "n"), AS("other", CASE(WHEN(Q("id__in", numbers(2, 2)), 1), ELSE(0))))), LIST("early", "other"));
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values(grouped, LIST("early", "other", "n"))), 0),
                "[{\"early\": 0, \"other\": 0, \"n\": 1}, {\"early\": 0, \"other\": 1, \"n\": 1}, {\"early\": 1, \"other\": 0, \"n\": 1}, {\"early\": 1, \"other\": 1, \"n\": 1}]");
    for (int64_t count = 0; count < 400; count += count < 6 ? 1 : 97) {
        EXPECT_INT(capo_count(Book, .filter = Q("id__in", numbers(2, count))), count < 3 ? count : 3);
        EXPECT_INT(capo_count(Book, .filter = NOT(Q("pages__in", numbers(200, count)))), count ? count > 200 ? 1 : count > 100 ? 2 : 3 : 4);
    }
    EXPECT_INT(capo_count(Book, .filter = Q("id__in", numbers(INT64_MAX - 2, 3))), 0);
    const char *text = capo_sql(capo_query(Book, .filter = Q("id__in", numbers(1, 3))));
    EXPECT(strstr(text, !strcmp(capo_backend_name(), "postgresql") ? "\"id\" = ANY(ARRAY[1, 2, 3])" : "IN (1, 2, 3)") != NULL);
}
