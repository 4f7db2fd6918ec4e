/* SPDX-License-Identifier: BSD-3-Clause */
/* Aggregates beyond Count, Sum, Avg, Min and Max; their order; windows with frames. */
#include "query_library.h"
#include <capo/expressions.h>
#include <math.h>
#include <sqlite3.h>

/* pages: 100 200 300 400 */
static Value total(Expression *expression)
{
    return *capo_map_get(capo_aggregate(capo_query(Book), EXPRESSIONS(expression)), expression->as);
}

static const char *text(Expression *expression) { return capo_to_text(total(expression)); }

static bool near(Expression *expression, double wanted)
{
    double real = NAN;
    return capo_to_real(total(expression), &real) && fabs(real - wanted) < 1e-6 * fmax(1, fabs(wanted));
}

static bool no_order(void) { return database_is("sqlite") && sqlite3_libversion_number() < 3044000; }

TEST(aggregates_of_statistics_and_bits)
{
    query_library();
    EXPECT(near(TOTAL(Variance, F("pages"), .as = "x"), 12500));
    EXPECT(near(TOTAL(VarianceSample, F("pages"), .as = "x"), 50000 / 3.0));
    EXPECT(near(TOTAL(StdDev, F("pages"), .as = "x"), sqrt(12500)));
    EXPECT(near(TOTAL(StdDevSample, F("pages"), .as = "x"), sqrt(50000 / 3.0)));
    EXPECT_TEXT(text(TOTAL(BitAnd, F("pages"), .as = "x")), "0");
    EXPECT_TEXT(text(TOTAL(BitOr, F("pages"), .as = "x")), "508");
    EXPECT_TEXT(text(TOTAL(BitXor, F("pages"), .as = "x")), "16");
    EXPECT_TEXT(text(TOTAL(BitOr, F("pages"), .as = "x", .filter = Q("pages__lt", 250))), "236");
    EXPECT_TEXT(text(TOTAL(BitAnd, F("pages"), .as = "x", .filter = Q("pages", 1))), "None");
    EXPECT_TEXT(text(TOTAL(BitOr, F("pages"), .as = "x", .filter = Q("pages", 1), .default_value = VALUE(-1))), "-1");
    EXPECT_TEXT(text(TOTAL(AnyValue, F("editor_id"), .as = "x")), "1");                  /* the others are NULL */
    EXPECT_TEXT(text(TOTAL(AnyValue, F("title"), .as = "x", .filter = Q("pages", 300))), "Gamma");
    EXPECT_TEXT(text(TOTAL(BoolAnd, COMPARE(F("pages"), "gt", 100), .as = "x")), "False");
    EXPECT_TEXT(text(TOTAL(BoolAnd, COMPARE(F("pages"), "gte", 100), .as = "x")), "True");
    EXPECT_TEXT(text(TOTAL(BoolOr, COMPARE(F("pages"), "gt", 300), .as = "x")), "True");
    EXPECT_TEXT(text(TOTAL(BoolOr, COMPARE(F("pages"), "gt", 400), .as = "x")), "False");
}

static void ordered(void *unused) { (void)unused; total(TOTAL(StringAgg, F("title"), .as = "x", .with = VALUE("; "), .order_by = LIST("-pages"))); }
static void ordered_list(void *unused) { (void)unused; total(TOTAL(JSONBAgg, F("pages"), .as = "x", .order_by = LIST("-pages"))); }
static void without_separator(void *unused) { (void)unused; TOTAL(StringAgg, F("title"), .as = "x"); }
static void ordered_sum(void *unused) { (void)unused; TOTAL(Sum, F("pages"), .as = "x", .order_by = LIST("pages")); }
static void two_numbers(void *unused) { (void)unused; TOTAL(Sum, F("pages"), .as = "x", .with = VALUE(1)); }
static void elsewhere(void *unused) { (void)unused; total(TOTAL(Corr, F("pages"), .as = "x", .with = F("id"))); }

TEST(aggregates_that_join)
{
    query_library();
    EXPECT_TEXT(text(TOTAL(StringAgg, F("title"), .as = "x", .with = VALUE("'; \\ "), .filter = Q("pages", 300))), "Gamma");
    EXPECT_TEXT(text(TOTAL(StringAgg, F("author__name"), .as = "x", .with = VALUE(","), .distinct = true, .filter = Q("pages__lt", 250))), "Ann");
    EXPECT_TEXT(text(TOTAL(StringAgg, F("title"), .as = "x", .with = VALUE(","), .filter = Q("pages", 1))), "None");
    Query *authors = capo_query(Author, .annotate = EXPRESSIONS(TOTAL(StringAgg, F("books__title"), .as = "titles", .with = VALUE("+"),
                                .filter = Q("books__pages__in", capo_value_list(VALUES(100, 300))))), .order_by = LIST("pk"));
    EXPECT_TEXT(column(authors, "titles"), "Alpha Gamma None");
    EXPECT_TEXT(capo_json_text(total(TOTAL(JSONBAgg, F("pages"), .as = "x")), 0), "[100, 200, 300, 400]");
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, without_separator, NULL)->message, "stands between"));
    EXPECT_RAISES(ERROR_VALUE, ordered_sum, NULL);
    EXPECT_RAISES(ERROR_VALUE, two_numbers, NULL);
    if (!database_is("postgresql"))
        EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, elsewhere, NULL)->message, "PostgreSQL"));
    if (database_is_oracle_mysql())
        EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, ordered_list, NULL)->message, "no order within"));
    if (no_order()) {
        EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, ordered, NULL)->message, "3.44"));
        return;
    }
    EXPECT_TEXT(text(TOTAL(StringAgg, F("title"), .as = "x", .with = VALUE("'; \\ "), .order_by = LIST("-pages"))), "100% Delta_x'; \\ Gamma'; \\ Beta'; \\ Alpha");
    EXPECT_TEXT(text(TOTAL(StringAgg, F("title"), .as = "x", .with = VALUE(","), .order_by = LIST("editor nulls last", "-title"))), "Gamma,Beta,Alpha,100% Delta_x");
    EXPECT_TEXT(text(TOTAL(StringAgg, F("title"), .as = "x", .with = VALUE(","), .order_by = LIST("editor nulls first", "title"))), "100% Delta_x,Alpha,Beta,Gamma");
    if (!database_is_oracle_mysql())
        EXPECT_TEXT(capo_json_text(total(TOTAL(JSONBAgg, F("pages"), .as = "x", .order_by = LIST("-pages"))), 0), "[400, 300, 200, 100]");
}

TEST(aggregates_of_postgresql)
{
    query_library();
    if (!database_is("postgresql"))
        return;
    EXPECT(near(TOTAL(Corr, F("pages"), .as = "x", .with = F("id")), 1));
    EXPECT(near(TOTAL(CovarPop, F("pages"), .as = "x", .with = F("id")), 125));
    EXPECT(near(TOTAL(CovarSample, F("pages"), .as = "x", .with = F("id")), 500 / 3.0));
    EXPECT(near(TOTAL(RegrAvgX, F("pages"), .as = "x", .with = F("id")), 2.5));
    EXPECT(near(TOTAL(RegrAvgY, F("pages"), .as = "x", .with = F("id")), 250));
    EXPECT(near(TOTAL(RegrCount, F("pages"), .as = "x", .with = F("editor_id")), 1));
    EXPECT(near(TOTAL(RegrIntercept, F("pages"), .as = "x", .with = F("id")), 0));
    EXPECT(near(TOTAL(RegrR2, F("pages"), .as = "x", .with = F("id")), 1));
    EXPECT(near(TOTAL(RegrSlope, F("pages"), .as = "x", .with = F("id")), 100));
    EXPECT(near(TOTAL(RegrSXX, F("pages"), .as = "x", .with = F("id")), 5));
    EXPECT(near(TOTAL(RegrSXY, F("pages"), .as = "x", .with = F("id")), 500));
    EXPECT(near(TOTAL(RegrSYY, F("pages"), .as = "x", .with = F("id")), 50000));
    EXPECT_TEXT(capo_json_text(total(TOTAL(ArrayAgg, F("title"), .as = "x", .order_by = LIST("-title"), .filter = Q("pages__lt", 350))), 0), "[\"Gamma\", \"Beta\", \"Alpha\"]");
    EXPECT_TEXT(capo_json_text(total(TOTAL(ArrayAgg, F("author_id"), .as = "x", .distinct = true)), 0), "[1, 2]");
}

static const char *over(Value window)
{
    return column(capo_query(Book, .annotate = EXPRESSIONS(AS("x", window)), .order_by = LIST("pk")), "x");
}

static void excluded(void *unused)
{
    (void)unused;
    over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("pk"), .rows = ROWS(-1, 1), .exclude = "current row"));
}
static void two_frames(void *unused) { (void)unused; WINDOW(OVER(Sum, F("pages")), .rows = ROWS(-1, 0), .range = RANGED(-1, 0)); }
static void no_frame(void *unused) { (void)unused; WINDOW(OVER(Sum, F("pages")), .exclude = "ties"); }
static void with_default(void *unused) { (void)unused; WINDOW(capo_value_object(&TOTAL(Sum, F("pages"), .default_value = VALUE(0))->object)); }

TEST(windows_of_ranks_neighbours_and_frames)
{
    query_library();
    EXPECT_TEXT(over(WINDOW(FN(RowNumber), .order_by = LIST("-pages"))), "4 3 2 1");
    EXPECT_TEXT(over(WINDOW(FN(Rank), .order_by = LIST("author"))), "1 1 3 3");
    EXPECT_TEXT(over(WINDOW(FN(DenseRank), .order_by = LIST("author"))), "1 1 2 2");
    EXPECT_TEXT(over(WINDOW(FN(CumeDist), .order_by = LIST("author"))), "0.5 0.5 1.0 1.0");
    EXPECT_TEXT(over(WINDOW(FN(PercentRank), .order_by = LIST("pages"), .partition_by = LIST("author"))), "0.0 1.0 0.0 1.0");
    EXPECT_TEXT(over(WINDOW(FN(Ntile, 2), .order_by = LIST("pages"))), "1 1 2 2");
    EXPECT_TEXT(over(WINDOW(FN(Lag, F("pages")), .order_by = LIST("pages"))), "None 100 200 300");
    EXPECT_TEXT(over(WINDOW(FN(Lead, F("pages"), 2), .order_by = LIST("pages"))), "300 400 None None");
    EXPECT_TEXT(over(WINDOW(FN(FirstValue, F("title")), .partition_by = LIST("author"), .order_by = LIST("-pages"))), "Beta Beta 100% Delta_x 100% Delta_x");
    EXPECT_TEXT(over(WINDOW(FN(LastValue, F("title")), .order_by = LIST("pages"), .rows = ROWS(UNBOUNDED_PRECEDING, UNBOUNDED_FOLLOWING))),
                "100% Delta_x 100% Delta_x 100% Delta_x 100% Delta_x");
    EXPECT_TEXT(over(WINDOW(FN(NthValue, F("pages"), 2), .order_by = LIST("pages"))), "None 200 200 200");
    EXPECT_TEXT(over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("pages"), .range = RANGED(-100, 0))), "100 300 500 700");
    EXPECT_TEXT(over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("author"), .range = RANGED(UNBOUNDED_PRECEDING, 0))), "300 300 1000 1000");
    EXPECT_TEXT(over(WINDOW(OVER(Count, F("editor_id")), .order_by = LIST("editor nulls last", "pk"))), "1 1 1 1");
    EXPECT_RAISES(ERROR_VALUE, two_frames, NULL);
    EXPECT_RAISES(ERROR_VALUE, no_frame, NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, with_default, NULL)->message, "Coalesce"));
    if (database_is("mysql")) {
        EXPECT_RAISES(ERROR_NOT_SUPPORTED, excluded, NULL);
        return;
    }
    EXPECT_TEXT(over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("pk"), .rows = ROWS(-1, 1), .exclude = "current row")), "200 400 600 300");
    EXPECT_TEXT(over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("author"), .range = RANGED(UNBOUNDED_PRECEDING, 0), .exclude = "group")), "None None 300 300");
    EXPECT_TEXT(over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("author"), .range = RANGED(UNBOUNDED_PRECEDING, 0), .exclude = "ties")), "100 200 600 700");
    EXPECT_TEXT(over(WINDOW(OVER(Sum, F("pages")), .order_by = LIST("pk"), .rows = ROWS(-1, 0), .exclude = "no others")), "100 300 500 700");
}

TEST(query_orders_nulls_first_and_last)
{
    query_library();
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("editor nulls last", "pk")), "title"), "Gamma Alpha Beta 100% Delta_x");
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("-editor nulls first", "-pk")), "title"), "100% Delta_x Beta Alpha Gamma");
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("published nulls first")), "title"), "Gamma Alpha Beta 100% Delta_x");
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("published nulls last")), "title"), "Alpha Beta 100% Delta_x Gamma");
    EXPECT_TEXT(column(capo_query(Book, .alias = EXPRESSIONS(AS("half", DIV(F("editor_id"), 2))), .order_by = LIST("half nulls last", "pk")), "title"),
                "Gamma Alpha Beta 100% Delta_x");
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("published nulls last"), .reverse = true), "title"), "Gamma 100% Delta_x Beta Alpha");
}

TEST(aggregate_shares_the_last_join)
{
    query_library();
    /* two calls of filter() are two joins: Ann has a book below 150 pages and one above; what comes behind speaks of the second */
    Query *below = capo_query(Author, .filter = Q("books__pages__lt", 150));
    Query *both = capo_query(Author, .query = below, .filter = Q("books__pages__gt", 150));
    EXPECT_TEXT(capo_to_text(*capo_map_get(capo_aggregate(both, EXPRESSIONS(SUM("books__pages", .as = "n"))), "n")), "200");
    EXPECT_TEXT(column(capo_query_annotate(both, EXPRESSIONS(SUM("books__pages", .as = "n"))), "n"), "200");
}

TEST(annotation_made_anew_is_selected_again)
{
    query_library();
    Query *books = capo_query(Book, .annotate = EXPRESSIONS(AS("x", MUL(F("pages"), 2))), .filter = Q("pages", 300));
    Query *rows = capo_query_annotate(capo_query_values(books, LIST("title")), EXPRESSIONS(AS("x", ADD(F("pages"), 1))));
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values(rows, NULL)), 0), "[{\"title\": \"Gamma\", \"x\": 301}]");
}

/* What a CASE of totals compares are columns of its groups. */
TEST(aggregate_in_a_case_groups_by_what_it_compares)
{
    query_library();
    Query *authors = capo_query_values(capo_query(Book, .order_by = LIST(NULL)), LIST("author"));
    Value few = CASE(WHEN(Q("pages__gt", 100), OVER(Count, F("id"))), ELSE(0));
    List *rows = capo_values_tuples(capo_query_order_by(capo_query_annotate(authors, EXPRESSIONS(AS("n", few))), LIST("author", "n")), NULL);
    EXPECT_TEXT(capo_to_text(capo_value_list(rows)), "[[1, 0], [1, 1], [2, 1], [2, 1]]");
}
