/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages, in Django's names. */
#include "query_library.h"
#include "../../orm/paginator.h"

static const char *of(Value page, const char *name)
{
    Value value;
    return capo_lookup(page, name, strlen(name), &value) ? capo_to_text(value) : "(none)";
}

TEST(paginator_pages)
{
    query_library();
    Query *books = capo_query(Book, .order_by = LIST("id"));
    Value first = VALUE(capo_page(books, 1, 3)), last = VALUE(capo_page(books, 2, 3));
    EXPECT_TEXT(capo_to_text(first), "<Page 1 of 2>");
    EXPECT_INT(capo_length(first), 3);
    EXPECT_INT(capo_length(last), 1);
    EXPECT_TEXT(of(first, "has_next"), "True");
    EXPECT_TEXT(of(first, "has_previous"), "False");
    EXPECT_TEXT(of(first, "has_other_pages"), "True");
    EXPECT_TEXT(of(first, "next_page_number"), "2");
    EXPECT_TEXT(of(first, "previous_page_number"), "(none)");
    EXPECT_TEXT(of(last, "next_page_number"), "(none)");
    EXPECT_TEXT(of(last, "previous_page_number"), "1");
    EXPECT_TEXT(of(last, "start_index"), "4");
    EXPECT_TEXT(of(last, "end_index"), "4");
    EXPECT_TEXT(of(first, "end_index"), "3");
    Value paginator;
    EXPECT(capo_lookup(last, "paginator", 9, &paginator));
    EXPECT_TEXT(of(paginator, "count"), "4");
    EXPECT_TEXT(of(paginator, "num_pages"), "2");
    EXPECT_TEXT(of(paginator, "page_range"), "[1, 2]");
    void *state = NULL;
    Value row;
    EXPECT(capo_iterate(last, &state, &row) && !capo_iterate(last, &state, &row));
    /* out of range: the last page; an empty list has one page */
    EXPECT_TEXT(of(VALUE(capo_page(books, 99, 3)), "number"), "2");
    EXPECT_TEXT(of(VALUE(capo_page(books, -1, 3)), "number"), "2");
    Value none = VALUE(capo_page(capo_query(Book, .where = { .id = EQ(0) }), 1, 3));
    EXPECT_TEXT(capo_to_text(none), "<Page 1 of 1>");
    EXPECT_TEXT(of(none, "start_index"), "0");
    EXPECT_INT(capo_length(none), 0);
}

static const char *elided(int64_t number, int64_t pages)
{
    List *list = paginator_elided_range(number, pages, 3, 2);
    Buffer out = { 0 };
    for (size_t i = 0; i < list->count; i++) {
        capo_put(&out, i ? " " : "");
        capo_put_value(&out, list->items[i]);
    }
    return capo_buffer_text(&out);
}

TEST(paginator_elided_ranges)
{
    EXPECT_TEXT(elided(1, 10), "1 2 3 4 5 6 7 8 9 10");
    EXPECT_TEXT(elided(1, 50), "1 2 3 4 … 49 50");
    EXPECT_TEXT(elided(6, 50), "1 2 3 4 5 6 7 8 9 … 49 50");
    EXPECT_TEXT(elided(10, 50), "1 2 … 7 8 9 10 11 12 13 … 49 50");
    EXPECT_TEXT(elided(45, 50), "1 2 … 42 43 44 45 46 47 48 49 50");
    EXPECT_TEXT(elided(50, 50), "1 2 … 47 48 49 50");
}
