/* SPDX-License-Identifier: BSD-3-Clause */
/* Totals and annotations, and which rows they group. */
#include "query_library.h"

static const char *total(Map *map, const char *name)
{
    Value *value = capo_map_get(map, name);
    EXPECT(value);
    return capo_to_text(*value);
}

TEST(aggregate_totals)
{
    query_library();
    Map *map = capo_aggregate(capo_query_of(&Book_model), EXPRESSIONS(COUNT("*", .as = "n"), SUM("pages"), AVG("pages"), MIN("pages"), MAX("published")));
    EXPECT_TEXT(total(map, "n"), "4");
    EXPECT_TEXT(total(map, "pages__sum"), "1000");
    EXPECT_TEXT(total(map, "pages__avg"), "250.0");
    EXPECT_TEXT(total(map, "pages__min"), "100");
    EXPECT_TEXT(total(map, "published__max"), "2021-12-31 23:30:00+00:00");
    map = capo_aggregate(capo_query(Book, .where = { .id = IN(capo_list_new()) }), EXPRESSIONS(COUNT("id"), SUM("pages")));
    EXPECT_TEXT(total(map, "id__count"), "0");
    EXPECT_TEXT(total(map, "pages__sum"), "None");
    map = capo_aggregate(capo_query(Book, .order_by = LIST("pages"), .limit = 2), EXPRESSIONS(SUM("pages", .as = "s")));
    EXPECT_TEXT(total(map, "s"), "300");
    map = capo_aggregate(capo_query_of(&Book_model), EXPRESSIONS(COUNT("author", .distinct = true), COUNT("id", .as = "long", .filter = Q("pages__gt", 150))));
    EXPECT_TEXT(total(map, "author__count"), "2");
    EXPECT_TEXT(total(map, "long"), "3");
}

TEST(aggregate_annotates_rows)
{
    query_library();
    Query *authors = capo_query(Author, .annotate = EXPRESSIONS(COUNT("books", .as = "n"), SUM("books__pages", .as = "pages")), .order_by = LIST("-n", "name"));
    size_t count;
    Instance **rows = capo_query_rows(authors, &count);
    EXPECT_INT(count, 3);
    Value n, pages;
    EXPECT(capo_instance_lookup(rows[0], "n", 1, &n) && capo_instance_lookup(rows[2], "pages", 5, &pages));
    EXPECT_INT(n.integer, 2);
    EXPECT(capo_is_null(pages));
    EXPECT_TEXT(column(authors, "pages"), "300 700 None");
    EXPECT_TEXT(ids(capo_query(Author, .query = authors, .filter = Q("n__gte", 1))), "1 2");
    EXPECT_TEXT(ids(capo_query(Author, .annotate = EXPRESSIONS(COUNT("books", .as = "n")), .filter = Q("n", 0))), "3");
    EXPECT_INT(capo_query_count(authors), 3);
    EXPECT_INT(capo_query_count(capo_query(Author, .query = authors, .filter = Q("n", 2))), 2);
    EXPECT(capo_query_exists(capo_query(Author, .query = authors, .filter = Q("n", 0))));
    EXPECT_TEXT(total(capo_aggregate(authors, EXPRESSIONS(AVG("n"))), "n__avg"), database_is("mysql") ? "1.3333" : "1.3333333333333333");
    EXPECT_TEXT(total(capo_aggregate(authors, EXPRESSIONS(MAX("n", .as = "most"))), "most"), "2");
}

/* A filter before the annotation narrows what is counted; one behind it joins anew. */
TEST(aggregate_filters_before_and_behind)
{
    query_library();
    Query *long_books = capo_query(Author, .filter = Q("books__pages__gt", 150), .annotate = EXPRESSIONS(COUNT("books", .as = "n")));
    EXPECT_TEXT(column(capo_query_order_by(long_books, LIST("pk")), "n"), "1 2");
    Query *two = capo_query(Book, .annotate = EXPRESSIONS(COUNT("genres", .as = "g"), COUNT("genres", .as = "d", .distinct = true)), .order_by = LIST("id"));
    EXPECT_TEXT(column(two, "g"), "2 1 0 1");
    EXPECT_TEXT(column(capo_query(Author, .annotate = EXPRESSIONS(COUNT("books", .as = "n", .filter = Q("books__pages__gt", 100))), .order_by = LIST("id")), "n"), "1 2 0");
}

TEST(aggregate_groups_by_values)
{
    query_library();
    Query *by_author = capo_query_of(&Book_model);
    by_author = query_clone(by_author);
    query_set_values(by_author, LIST("author__name"), 1);
    by_author = capo_query_annotate(by_author, EXPRESSIONS(COUNT("id", .as = "n"), MAX("pages", .as = "most")));
    by_author = capo_query_order_by(by_author, LIST("author__name"));
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values(by_author, NULL)), 0),
                "[{\"author__name\": \"Ann\", \"n\": 2, \"most\": 200}, {\"author__name\": \"Bob\", \"n\": 2, \"most\": 400}]");
}

static void bad(void *unused)
{
    (void)unused;
    capo_aggregate(capo_query_of(&Book_model), EXPRESSIONS(SUM("nothing")));
}

static void sum_of_dates(void *unused)
{
    (void)unused;
    capo_aggregate(capo_query_of(&Book_model), EXPRESSIONS(SUM("published")));
}

static void star_with_filter(void *unused)
{
    (void)unused;
    (void)COUNT("*", .as = "n", .filter = Q("id", 1));
}

TEST(aggregate_refuses)
{
    query_library();
    EXPECT_RAISES(ERROR_FIELD, bad, NULL);
    if (database_is("sqlite"))                      /* its dates are text; others say themselves what they think of it */
        EXPECT_RAISES(ERROR_NOT_SUPPORTED, sum_of_dates, NULL);
    EXPECT_RAISES(ERROR_VALUE, star_with_filter, NULL);
}
