/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements kept by shape say what the ordinary way says, whatever the values are, and are found again. */
#include "query_library.h"
#include "../../orm/query_shape.h"

static const char *last_sql(void)
{
    size_t count;
    const LoggedQuery *log = capo_logged_queries(&count);
    return count ? log[count - 1].sql : "";
}

/* Twice, so that the second is bound to what the first left. */
#define EXPECT_SAME(M, ...)                                                                                                    \
    do {                                                                                                                       \
        for (int time_ = 0; time_ < 2; time_++) {                                                                              \
            M **rows_ = capo_fetch(M, __VA_ARGS__);                                                                            \
            size_t count_ = 0, wanted_;                                                                                        \
            const char *said_ = last_sql();                                                                                    \
            while (rows_[count_])                                                                                              \
                count_++;                                                                                                      \
            EXPECT_TEXT(said_, capo_sql(capo_query(M, __VA_ARGS__)));                                                          \
            capo_query_rows(capo_query(M, __VA_ARGS__), &wanted_);                                                             \
            EXPECT_INT(count_, wanted_);                                                                                       \
        }                                                                                                                      \
    } while (0)

TEST(shape_statements_are_the_ordinary_ones)
{
    query_library();
    EXPECT_SAME(Book, .order_by = LIST("id"));
    EXPECT_SAME(Book, .where = { .pages = GTE(200) });
    EXPECT_SAME(Book, .where = { .pages = GTE(300) });
    EXPECT_SAME(Book, .where = { .pages = GTE(200) }, .limit = 2);
    EXPECT_SAME(Book, .where = { .pages = GTE(200) }, .limit = 1, .offset = 1);
    EXPECT_SAME(Book, .where = { .pages = GTE(100) }, .order_by = LIST("-pages", "id"), .offset = 2);
    EXPECT_SAME(Book, .where = { .title = STARTSWITH("100%"), .pages = LT(500) });
    EXPECT_SAME(Book, .where = { .title = CONTAINS("a_x\\") });
    EXPECT_SAME(Book, .where = { .title = IEXACT("ALPHA") });
    EXPECT_SAME(Book, .where = { .pages = NE(100) });
    EXPECT_SAME(Book, .exclude = { .pages = EQ(100), .title = EQ("Beta") });
    EXPECT_SAME(Book, .where = { .pages = EQ(100) }, .exclude = { .title = EQ("Beta") });
    EXPECT_SAME(Book, .where = { .published = IS_NULL(true) });
    EXPECT_SAME(Book, .where = { .published = IS_NULL(false) });
    EXPECT_SAME(Book, .where = { .published = LT(moment("2021-01-01T00:00:00")) });
    EXPECT_SAME(Book, .where = { .published = YEAR(2021) });
    EXPECT_SAME(Book, .where = { .author = HAS(Author, .name = EQ("Ann")), .pages = GT(1) });
    EXPECT_SAME(Book, .where = { .genres = HAS(Genre, .name = EQ("fantasy")) }, .distinct = true);
    EXPECT_SAME(Book, .exclude = { .genres = HAS(Genre, .name = EQ("fantasy")) });
    EXPECT_SAME(Book, .where = { .author_id = EQ(1) }, .select_related = LIST("author"), .reverse = true);
    EXPECT_SAME(Book, .where = { .editor = HAS(Author, .name = EQ("Ann")) }, .exclude = { .author = HAS(Author, .name = EQ("Ann")) });
    EXPECT_SAME(Book, .where = { .pages = IN(VALUES(100, 200)) });
    EXPECT_SAME(Book, .order_by = LIST("-author__name", "pk"), .select_related = LIST("author", "editor"));
}

/* Values whose statement is another one: they must not get the one that is kept. */
TEST(shape_is_left_where_a_value_changes_the_statement)
{
    query_library();
    const char *nothing = NULL;
    EXPECT_SAME(Book, .where = { .pages = EQ(100), .title = EQ("Alpha") });
    EXPECT_SAME(Book, .where = { .pages = EQ(100), .title = EQ(nothing) });
    EXPECT_SAME(Book, .where = { .pages = GT(100), .author_id = EQ(100) });             /* the same value twice */
    EXPECT_SAME(Book, .where = { .pages = GT(1), .author_id = EQ(1) });
    EXPECT_SAME(Book, .where = { .pages = GT(-5) });                                    /* no row of a positive column: there is nothing to compare */
    EXPECT_SAME(Book, .where = { .pages = GT(5) });
    EXPECT_SAME(Book, .where = { .pages = LT(1.5) });
    EXPECT_SAME(Book, .where = { .pages = LT("150") });
    EXPECT_INT(capo_count(Book, .where = { .pages = LT(150) }), 1);
    EXPECT_INT(capo_exists(Book, .where = { .pages = LT(-1) }), false);
    EXPECT_INT(capo_exists(Book, .where = { .pages = LT(101) }), true);
    EXPECT_INT(capo_exists(Book, .where = { .pages = LT(100) }), false);
}

TEST(shape_is_compiled_once)
{
    query_library();
    capo_get(Author, .where = { .name = EQ("Ann"), .email = CONTAINS("@") });
    ShapeFigures before = shape_figures();
    EXPECT_TEXT(capo_get(Author, .where = { .name = EQ("Bob"), .email = CONTAINS("Bob") })->name, "Bob");
    EXPECT_TEXT(capo_get_or_404(Author, .where = { .name = EQ("Cid"), .email = CONTAINS("Cid") })->name, "Cid");
    EXPECT_INT(shape_figures().known, before.known);
    EXPECT_INT(shape_figures().found, before.found + 2);
    Author *first = capo_first(Author, .where = { .name = EQ("Ann") });
    EXPECT_TEXT(first->name, "Ann");
    EXPECT(!capo_first(Author, .where = { .name = EQ("Dan") }));
    EXPECT_INT(shape_figures().found, before.found + 3);
}

static void get_two(void *unused) { (void)unused; capo_get(Book, .where = { .pages = GT(100) }); }
static void get_none(void *unused) { (void)unused; capo_get(Book, .where = { .pages = GT(1000) }); }
static void get_none_or_404(void *unused) { (void)unused; capo_get_or_404(Book, .where = { .pages = GT(1000) }); }
static void order_by_nothing(void *unused) { (void)unused; capo_fetch(Book, .order_by = LIST("pagse")); }

TEST(shape_raises_as_the_ordinary_way)
{
    query_library();
    for (int i = 0; i < 2; i++) {
        EXPECT_TEXT(EXPECT_RAISES(ERROR_MULTIPLE_OBJECTS_RETURNED, get_two, NULL)->message, "get() returned more than one Book -- it returned 3!");
        EXPECT_TEXT(EXPECT_RAISES(ERROR_DOES_NOT_EXIST, get_none, NULL)->message, "Book matching query does not exist.");
        EXPECT_TEXT(EXPECT_RAISES(404, get_none_or_404, NULL)->message, "No Book matches the given query.");
        EXPECT_RAISES(ERROR_FIELD, order_by_nothing, NULL);
    }
}

TEST(shape_takes_numbers_for_truths_and_reals)
{
    query_library();
    Value code = capo_test_uuid();
    EXPECT_SAME(Kind, .where = { .active = EQ(true), .real = GT(2) });
    EXPECT_SAME(Kind, .where = { .active = EQ(0), .real = GT(2.5), .day = LT(capo_date(2026, 11, 22)) });
    EXPECT_SAME(Kind, .where = { .code = EQ(code), .moment = GTE(moment("2026-01-01T00:00:00")), .small = EQ(3) });
}

/* The order's SQL has the time zone in it. */
TEST(shape_knows_the_time_zone)
{
    query_library();
    EXPECT_SAME(Book, .order_by = LIST("published__date", "id"));
    capo_activate_time_zone(capo_time_zone("Asia/Tokyo"));
    EXPECT_SAME(Book, .order_by = LIST("published__date", "id"));
    capo_activate_time_zone(NULL);
}

TEST(shape_prefetches)
{
    query_library();
    for (int i = 0; i < 2; i++) {
        Book **books = capo_fetch(Book, .where = { .pages = LT(250 + i) }, .order_by = LIST("id"), .prefetch = LIST("genres"));
        EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(capo_related_query(books[0], "genres")), 2));
        EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(capo_related_query(books[1], "genres")), 1));
        EXPECT(!books[2]);
    }
}
