/* SPDX-License-Identifier: BSD-3-Clause */
/* What kind of value an expression gives, where that cannot be told, and which names of annotations may be used where. */
#include "query_library.h"
#include <capo/expressions.h>

static Query *with(Value value)
{
    return capo_query(Book, .annotate = EXPRESSIONS(AS("x", value)), .order_by = LIST("pk"));
}

/* Read as a column, looked up, and both: what is asked of a query that fails. */
static void read_column(void *query) { column(query, "x"); }
static void look_up(void *query) { capo_query_count(capo_query_filter(query, Q("x__gt", 1))); }
static void add_up(void *query) { capo_aggregate(query, EXPRESSIONS(MAX("x"))); }

static const char *refused(void (*use)(void *), Value value)
{
    return EXPECT_RAISES(ERROR_FIELD, use, with(value))->message;
}

TEST(expression_types_must_agree_however_deep_they_stand)
{
    query_library();
    Value mixed = FN(Coalesce, F("id"), F("pages"));
    EXPECT_TEXT(refused(read_column, mixed), "Expression contains mixed types: BigAutoField, PositiveIntegerField. You must set output_field.");
    EXPECT_TEXT(refused(read_column, FN(Abs, FN(Coalesce, F("id"), F("pages")))),
                "Expression contains mixed types: BigAutoField, PositiveIntegerField. You must set output_field.");
    EXPECT_TEXT(refused(look_up, FN(NullIf, F("id"), F("pages"))), "Expression contains mixed types: BigAutoField, PositiveIntegerField. You must set output_field.");
    EXPECT_TEXT(refused(add_up, CASE(WHEN(Q("pages__gt", 1), F("id")), ELSE(F("pages")))),
                "Expression contains mixed types: BigAutoField, PositiveIntegerField. You must set output_field.");
    EXPECT_TEXT(refused(read_column, POW(CAST(F("pages"), FIELD_FLOAT), F("pages"))),
                "Cannot infer type of '^' expression involving these types: FloatField, PositiveIntegerField. You must set output_field.");
    EXPECT_INT(capo_query_count(with(mixed)), 4);                   /* nobody asks */
    EXPECT_TEXT(column(with(CAST(FN(Coalesce, F("id"), F("pages")), FIELD_INTEGER)), "x"), "1 2 3 4");
    EXPECT_TEXT(column(with(OUTPUT(FN(Coalesce, F("id"), F("pages")), FIELD_INTEGER)), "x"), "1 2 3 4");
    EXPECT_TEXT(column(with(FN(Coalesce, F("pages"), 7)), "x"), "100 200 300 400");     /* a positive integer is an integer */
}

TEST(expression_aliases_are_not_selected_nor_added_up)
{
    query_library();
    Query *aliased = capo_query_alias(capo_query_of(&Book_model), EXPRESSIONS(AS("x", MUL(F("pages"), 2))));
    EXPECT_TEXT(EXPECT_RAISES(ERROR_FIELD, read_column, aliased)->message, "Cannot select the 'x' alias. Use annotate() to promote it.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_FIELD, add_up, aliased)->message, "Cannot aggregate over the 'x' alias. Use annotate() to promote it.");
    Query *gone = capo_query_values(with(MUL(F("pages"), 2)), LIST("id"));              /* values() that leaves it out makes it one */
    EXPECT_TEXT(EXPECT_RAISES(ERROR_FIELD, read_column, gone)->message, "Cannot select the 'x' alias. Use annotate() to promote it.");
    EXPECT_TEXT(ids(capo_query_filter(aliased, Q("x__gt", 500))), "3 4");
    EXPECT_TEXT(column(capo_query_order_by(capo_query_annotate(aliased, EXPRESSIONS(AS("y", F("x")))), LIST("pk")), "y"), "200 400 600 800");
    Map *totals = capo_aggregate(aliased, EXPRESSIONS(SUM("pages", .as = "s", .filter = Q("x__gt", 500))));
    EXPECT_INT(capo_map_get(totals, "s")->integer, 700);
}

TEST(expression_truncates_a_literal_on_every_database)
{
    query_library();
    Value day = VALUE(capo_date(2024, 2, 29));
    EXPECT_INT(capo_query_count(capo_query_filter(with(TRUNC_TO("week", day)), Q("x", capo_date(2024, 2, 26)))), 4);
    EXPECT_INT(capo_query_count(capo_query_filter(with(TRUNC_TO("quarter", day)), Q("x", capo_date(2024, 1, 1)))), 4);
}

static void count_outside(void *books)
{
    Query *authors = capo_query_annotate(capo_query(Author), EXPRESSIONS(COUNT("books", .as = "n")));
    capo_query_count(capo_query_filter(authors, EXISTS(capo_query_filter(books, Q("pages__gt", OUTER("n"))))));
}

/* An annotation of the query around a subquery is a name there like any other. */
TEST(expression_outer_names_are_annotations_too)
{
    query_library();
    Query *books = capo_query(Book);
    Query *longer = capo_query_filter(capo_query(Book, .order_by = LIST(NULL)), ALL(Q("author", OUTER("author")), Q("pages__gt", OUTER("half"))));
    Query *counted = capo_query_values(capo_query_annotate(capo_query_values(longer, LIST("author")), EXPRESSIONS(COUNT("pk", .as = "c"))), LIST("c"));
    Query *halves = capo_query_alias(books, EXPRESSIONS(AS("half", DIV(F("pages"), 2)), AS("mine", F("author__name"))));
    Query *annotated = capo_query_annotate(halves, EXPRESSIONS(AS("n", SUBQUERY(counted)), AS("name", F("mine"))));
    EXPECT_TEXT(column(capo_query_order_by(annotated, LIST("pk")), "n"), "2 1 2 2");
    Query *same = capo_query_filter(annotated, EXISTS(capo_query(Author, .filter = Q("name", OUTER("mine")))));
    EXPECT_TEXT(column(capo_query_order_by(same, LIST("pk")), "name"), "Ann Ann Bob Bob");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_NOT_SUPPORTED, count_outside, books)->message,
                "A subquery refers to 'n', an aggregate or a window of the query around it.");
}
