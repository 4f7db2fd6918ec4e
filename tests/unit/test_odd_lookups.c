/* SPDX-License-Identifier: BSD-3-Clause */
/* What look-ups make of values at the edge: NULL in a range, decimals where whole numbers are, F() within lists and below NOT. */
#include "query_library.h"
#include <capo/expressions.h>
#include <capo/validators.h>

static const char *found(Condition *condition) { return ids(capo_query(Book, .filter = condition)); }
static const char *left_out(Condition *condition) { return ids(capo_query_exclude(capo_query_of(&Book_model), condition)); }
static Value pair(Value low, Value high) { return capo_value_pair(low, high); }
static Value decimal(const char *text) { return capo_value_decimal((Decimal){ text }); }

static void ask(void *condition) { found(condition); }

TEST(lookups_a_range_may_end_in_null)
{
    query_library();
    EXPECT_TEXT(found(Q("pages__range", pair(VALUE(100), capo_value_null()))), "");
    EXPECT_TEXT(left_out(Q("pages__range", pair(capo_value_null(), VALUE(200)))), "3 4");
    EXPECT_RAISES(ERROR_VALUE, ask, Q("pages__gt", capo_value_null()));
    EXPECT_TEXT(found(Q("pages__gt", capo_value_object(&expression_value(capo_value_null(), type_of(FIELD_NONE))->object))), "");
}

TEST(lookups_of_whole_numbers_by_others)
{
    query_library();
    EXPECT_TEXT(found(Q("pages__gte", 200.5)), "3 4");
    EXPECT_TEXT(found(Q("pages__gte", decimal("200.5"))), "2 3 4");             /* a decimal is cut off, a float is not */
    EXPECT_TEXT(found(Q("pages", "1_00")), "1");
    EXPECT_TEXT(found(Q("pages", "１００")), "1");
    EXPECT_TEXT(found(Q("published__year__gte", 2021.5)), "2 4");
    EXPECT_RAISES(ERROR_VALUE, ask, Q("pages", decimal("Infinity")));
    EXPECT_RAISES(ERROR_VALUE, ask, Q("pages__lt", decimal("NaN")));
    EXPECT_INT(capo_count(Kind, .filter = Q("code", 1)), 0);                    /* UUID(int=1) */
}

TEST(lookups_below_not_compare_with_expressions)
{
    query_library();
    Book *beta = capo_get(Book, .where = { .id = EQ(2) }), *gamma = capo_get(Book, .where = { .id = EQ(3) });
    capo_set(beta, sequel_of_id, 1);
    capo_save(beta);
    capo_set(gamma, sequel_of_id, 2);
    capo_save(gamma);
    EXPECT_TEXT(left_out(Q("genres__id__in", capo_value_list(VALUES(F("id"), 7)))), "2 3 4");
    EXPECT_TEXT(left_out(Q("genres__books__pages__lt", ADD(F("sequels__pages"), 0))), "3 4");
    /* A join of one condition is no row for the next one to be about, though their names in SQL are the same. */
    EXPECT_TEXT(left_out(ANY(Q("sequel_of__sequel_of__genres__name", "poetry"), Q("sequels__isnull", (bool)false))), "4");
    /* Rows without the relation stay. */
    EXPECT_TEXT(left_out(NOT(ALL(Q("editor__books__isnull", (bool)true), NOT(Q("country__name", "Germany"))))), "1 2");
}

TEST(lookups_merged_by_or_share_joins)
{
    query_library();
    Book *beta = capo_get(Book, .where = { .id = EQ(2) });
    capo_set(beta, sequel_of_id, 1);
    capo_save(beta);
    Query *first = capo_query(Book, .filter = Q("sequel_of__id", 4));           /* whose join to the other book was not needed in the end */
    Query *either = capo_query_or(first, capo_query_exclude(capo_query_of(&Book_model), Q("sequel_of__pages", 100)));
    EXPECT_TEXT(ids(capo_query_filter(either, Q("author__name__in", capo_value_list(VALUES("Ann", "Bob"))))), "1 3 4");
    EXPECT_TEXT(found(Q("title", capo_value_list(VALUES("Alpha", 1)))), "");    /* the text that Python makes of a list */
}

TEST(lookups_of_a_related_query_that_went_on)
{
    query_library();
    Book *alpha = capo_get(Book, .where = { .id = EQ(1) });
    Query *genres = capo_related_query(alpha, "genres");
    Condition *other = ALL(Q("books", 2), Q("books__pages__gt", 150));
    EXPECT_TEXT(ids(capo_query_exclude(genres, other)), "1 2");                 /* about the rows of this book */
    EXPECT_TEXT(ids(capo_query_exclude(capo_query_distinct(genres), other)), "2");      /* about any */
}

TEST(lookups_in_a_query_with_another_order)
{
    query_library();
    Query *last = capo_query_slice(capo_query_order_by(capo_query_distinct(capo_query_of(&Book_model)), LIST("-title")), 0, 2);
    Query *authors = query_clone(last);
    query_set_values(authors, LIST("author_id"), 1);
    if (database_is("mysql"))                                                   /* no LIMIT in the subquery of IN */
        return;
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("id__in", capo_value_object(&authors->object)))), "1 2");
}

static void only_and_related(void *path) { capo_query_rows(capo_query_select_related(capo_query_only(capo_query_of(&Author_model), LIST("name")), LIST(path)), NULL); }

TEST(lookups_of_related_rows_beside_only)
{
    query_library();
    size_t count;
    EXPECT_RAISES(ERROR_FIELD, only_and_related, "profile");                    /* not among what only() asks for */
    capo_query_rows(capo_query_select_related(capo_query_only(capo_query_of(&Author_model), LIST("name", "profile")), LIST("profile")), &count);
    EXPECT_INT((int)count, 3);
    Query *all = capo_query_select_related(capo_query_only(capo_query_of(&Book_model), LIST("title")), LIST(NULL));
    capo_query_rows(all, &count);                                               /* all keys that are not null, put off or not */
    EXPECT_INT((int)count, 4);
    EXPECT_INT((int)capo_query_select_related(all, LIST("editor"))->n_related, 1);      /* named ones instead of all */
}

static void select_value(void *value) { capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(capo_as("x", *(Value *)value))), LIST("x")); }
static void filter_value(void *value) { capo_count(Kind, .annotate = EXPRESSIONS(capo_as("x", *(Value *)value)), .filter = Q("x", 1)); }
#define REFUSED(code, use, x) do { Value value_ = (x); EXPECT_RAISES(code, use, &value_); } while (0)
static void less_than_none(void *unused) { (void)unused; FN(Repeat, F("name"), -1); }

TEST(expressions_over_mixed_kinds_are_refused)
{
    capo_test_database();
    REFUSED(ERROR_FIELD, select_value, FN(NullIf, F("price"), 1));
    REFUSED(ERROR_FIELD, select_value, FN(Replace, F("integer"), "1", "2"));
    REFUSED(ERROR_FIELD, filter_value, CASE(WHEN(Q("integer", 1), "one"), WHEN(Q("integer", 2), 2), ELSE("many")));
    REFUSED(ERROR_FIELD, filter_value, BITAND(F("integer"), 0.5));
    REFUSED(ERROR_VALUE, select_value, TRUNC_TO("hour", F("day")));
    REFUSED(ERROR_VALUE, select_value, TRUNC_TO("month", F("hour")));
    EXPECT_RAISES(ERROR_VALUE, less_than_none, NULL);
    if (database_is("sqlite"))
        REFUSED(ERROR_VALUE, select_value, FN(Round, F("real"), -1));
}

TEST(patterns_blind_to_case_know_letters_with_two_small_ones)
{
    static const struct { const char *pattern, *text; bool matches; } cases[] = {
        { "(?i)[A-Z]", "ı", true }, { "(?i)^[A-Z]", "İ", true }, { "(?i)^s$", "ſ", true }, { "(?i)(?i)^A$", "a", true }, { "C++", "in C", true }, { "^C++", "B", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *error = NULL;
        Pattern *pattern = capo_pattern(cases[i].pattern, 0, &error);
        EXPECT(pattern && capo_pattern_search(pattern, cases[i].text, strlen(cases[i].text)) == cases[i].matches);
    }
}
