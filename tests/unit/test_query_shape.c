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

/* By shape, twice, and by the ordinary way: the same statement, which changes as many rows. */
static void expect_same_update(Model *model, const QueryOptions *options)
{
    size_t count;
    int64_t changed = capo_query_update(capo_query_make(model, options), changes_of_struct(model, (const char *)options + model->set_offset, &count));
    const char *said = last_sql();
    for (int i = 0; i < 2; i++) {
        EXPECT_INT(capo_query_update_set(model, options), changed);
        EXPECT_TEXT(last_sql(), said);
    }
}
#define EXPECT_SAME_UPDATE(M, ...) expect_same_update(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__))

TEST(shape_updates_are_the_ordinary_ones)
{
    query_library();
    const char *nothing = NULL;
    EXPECT_SAME_UPDATE(Book, .where = { .pages = GTE(200) }, .set = { .status = TO("p") });
    EXPECT_SAME_UPDATE(Book, .where = { .pages = GTE(300) }, .set = { .status = TO("d") });
    EXPECT_SAME_UPDATE(Book, .set = { .status = TO("p"), .pages = TO(7) });
    EXPECT_SAME_UPDATE(Book, .where = { .pages = GTE(7) }, .exclude = { .title = EQ("Alpha") }, .set = { .pages = TO(8), .status = TO("x") });
    EXPECT_SAME_UPDATE(Book, .where = { .author = HAS(Author, .name = EQ("Ann")) }, .set = { .pages = TO(9) });
    EXPECT_SAME_UPDATE(Book, .where = { .genres = HAS(Genre, .name = EQ("fantasy")) }, .set = { .pages = TO(10) });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(1) }, .order_by = LIST("title"), .set = { .author_id = TO(2) });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(1) }, .set = { .pages = PLUS(1) });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(1) }, .set = { .pages = TO(F("id")) });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(1) }, .set = { .published = TO_NULL });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(1) }, .set = { .published = TO(moment("2021-01-01T00:00:00")) });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(1) }, .set = { .country_id = TO(nothing) });
    EXPECT_SAME_UPDATE(Book, .where = { .pages = LT(-1) }, .set = { .pages = TO(11) });
    EXPECT_SAME_UPDATE(Book, .where = { .id = EQ(2) }, .set = { .pages = TO("12") });
    EXPECT_SAME_UPDATE(Kind, .set = { .active = TO(true), .real = TO(2) });
    EXPECT_SAME_UPDATE(Kind, .where = { .active = EQ(1) }, .set = { .active = TO(false), .day = TO(capo_date(2026, 11, 22)) });
    EXPECT_INT(capo_get(Book, .where = { .id = EQ(2) })->pages, 12);
}

static void set_too_much(void *unused) { (void)unused; capo_update(Book, .set = { .pages = TO(INT64_C(1) << 40) }); }
static void set_of_a_slice(void *unused) { (void)unused; capo_update(Book, .limit = 1, .set = { .pages = TO(1) }); }
static void set_nothing(void *unused) { (void)unused; capo_update(Book, .where = { .id = EQ(1) }); }

TEST(shape_updates_are_compiled_once_and_raise_as_the_ordinary_way)
{
    query_library();
    capo_update(Author, .where = { .id = EQ(1) }, .set = { .email = TO("a@example.com") });
    ShapeFigures before = shape_figures();
    EXPECT_INT(capo_update(Author, .where = { .id = EQ(2) }, .set = { .email = TO("b@example.com") }), 1);
    EXPECT_INT(capo_update(Author, .where = { .id = EQ(77) }, .set = { .email = TO("c@example.com") }), 0);
    EXPECT_INT(shape_figures().known, before.known);
    EXPECT_INT(shape_figures().found, before.found + 2);
    EXPECT_TEXT(capo_get(Author, .where = { .id = EQ(2) })->email, "b@example.com");
    EXPECT_TEXT(capo_get(Author, .where = { .id = EQ(1) })->email, "a@example.com");
    for (int i = 0; i < 2; i++) {
        if (!strcmp(capo_backend_name(), "postgresql"))
            EXPECT_RAISES(ERROR_DATA, set_too_much, NULL);
        EXPECT_RAISES(ERROR_VALUE, set_of_a_slice, NULL);
        EXPECT_RAISES(ERROR_VALUE, set_nothing, NULL);
    }
}
