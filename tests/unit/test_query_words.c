/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of queries beyond the plain ones: locks, DISTINCT ON, sets, rows by key, the latest, total order, dates, explain. */
#include "query_library.h"
#include "database_under_test.h"
#include <capo/expressions.h>
#include <capo/loop.h>

/* --- locks --- */

static void read_locked(void *unused)
{
    (void)unused;
    (void)capo_fetch(Book, .lock = FOR_UPDATE());
}

static void both_ways(void *unused)
{
    (void)unused;
    (void)capo_fetch(Book, .lock = FOR_UPDATE(.nowait = true, .skip_locked = true));
}

static void lock_of(void *of)
{
    capo_begin();
    const char *names[] = { of, NULL };
    (void)capo_fetch(Book, .select_related = LIST("author"), .lock = FOR_UPDATE(.of = names));
    capo_commit();
}

static void lock_no_key(void *unused)
{
    (void)unused;
    capo_begin();
    (void)capo_fetch(Book, .lock = FOR_UPDATE(.no_key = true));
    capo_commit();
}

TEST(query_lock_wants_a_transaction)
{
    query_library();
    EXPECT_RAISES(ERROR_VALUE, both_ways, NULL);
    if (database_is("sqlite")) {
        EXPECT_INT(capo_count(Book, .lock = FOR_UPDATE()), 4);
        read_locked(NULL);                                              /* says nothing there */
        return;
    }
    const Error *error = EXPECT_RAISES(ERROR_TRANSACTION, read_locked, NULL);
    EXPECT(strstr(error->message, "outside of a transaction"));
    capo_begin();
    EXPECT(strstr(capo_sql(capo_query(Book, .lock = FOR_UPDATE(.skip_locked = true), .limit = 2)), "LIMIT 2 FOR UPDATE SKIP LOCKED"));
    EXPECT_INT(capo_count(Book, .lock = FOR_UPDATE()), 4);              /* counting locks nothing */
    EXPECT_TEXT(capo_get(Book, .where = { .id = EQ(1) }, .lock = FOR_UPDATE())->title, "Alpha");
    capo_commit();
    if (database_is("postgresql")) {
        lock_no_key(NULL);
        lock_of("self");
        lock_of("author");
        EXPECT_RAISES(ERROR_FIELD, lock_of, (void *)"editor");          /* not followed */
        capo_begin();
        EXPECT(strstr(capo_sql(capo_query(Book, .select_related = LIST("author"), .lock = FOR_UPDATE(.of = LIST("self", "author"), .no_key = true))),
                      "FOR NO KEY UPDATE OF \"library_book\", \"library_author\""));
        capo_commit();
    } else {
        EXPECT_RAISES(ERROR_NOT_SUPPORTED, lock_no_key, NULL);
        if (database_is_oracle_mysql())
            lock_of("self");
        else
            EXPECT_RAISES(ERROR_NOT_SUPPORTED, lock_of, (void *)"self");
    }
}

typedef struct Other { bool ended; int nowait; int64_t skipped; } Other;

static void take_now(void *unused)
{
    (void)unused;
    capo_begin();
    (void)capo_fetch(Book, .where = { .id = EQ(1) }, .lock = FOR_UPDATE(.nowait = true));
    capo_commit();
}

static void second(void *argument)
{
    Other *other = argument;
    const Error *error = capo_try(take_now, NULL);
    other->nowait = error ? error->code : 0;
    capo_begin();
    for (Book **book = capo_fetch(Book, .lock = FOR_UPDATE(.skip_locked = true)); *book; book++)
        other->skipped++;
    capo_commit();
}

static void second_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit, (void)error;
    ((Other *)argument)->ended = true;
}

TEST(query_lock_holds_the_row)
{
    query_library();
    if (database_is("sqlite"))
        return;                                                         /* one writer at a time: there are no locks of rows */
    Other other = { 0 };
    capo_begin();
    EXPECT_INT(capo_get(Book, .where = { .id = EQ(1) }, .lock = FOR_UPDATE())->id, 1);
    capo_fiber_start("second", second, &other, second_done, false);
    while (!other.ended)
        capo_sleep(0.01);
    capo_commit();
    EXPECT_INT(other.nowait, ERROR_OPERATIONAL);
    EXPECT_INT(other.skipped, 3);
    take_now(NULL);
}

/* --- DISTINCT ON --- */

static void first_of_each(void *unused)
{
    (void)unused;
    (void)capo_fetch(Book, .distinct_on = LIST("author"), .order_by = LIST("author_id", "-pages"));
}

static void update_distinct(void *unused)
{
    (void)unused;
    capo_update(Book, .distinct_on = LIST("author"), .set = { .pages = TO(1) });
}

static void delete_distinct(void *unused)
{
    (void)unused;
    capo_delete_all(Book, .distinct_on = LIST("author"));
}

static void distinct_on_nothing(void *unused)
{
    (void)unused;
    (void)capo_fetch(Book, .distinct_on = LIST("athor"));
}

static void count_beside_distinct_on(void *unused)
{
    (void)unused;
    (void)capo_fetch(Book, .annotate = EXPRESSIONS(COUNT("genres", .as = "n")), .distinct_on = LIST("author"), .order_by = LIST("author_id", "-pages"));
}

/* What the error says to write instead. */
TEST(query_distinct_on_beside_aggregates)
{
    query_library();
    if (!database_is("postgresql"))
        return;
    EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, count_beside_distinct_on, NULL)->message, "pk__in"));
    Query *longest = capo_query(Book, .distinct_on = LIST("author"), .order_by = LIST("author_id", "-pages"));
    EXPECT_TEXT(column(capo_query(Book, .filter = Q("pk__in", longest), .annotate = EXPRESSIONS(COUNT("genres", .as = "n")), .order_by = LIST("id")), "n"), "1 1");
}

TEST(query_distinct_on)
{
    query_library();
    EXPECT_RAISES(ERROR_FIELD, distinct_on_nothing, NULL);
    EXPECT_RAISES(ERROR_VALUE, update_distinct, NULL);
    EXPECT_RAISES(ERROR_VALUE, delete_distinct, NULL);
    if (!database_is("postgresql")) {
        const Error *error = EXPECT_RAISES(ERROR_NOT_SUPPORTED, first_of_each, NULL);
        EXPECT(strstr(error->message, "DISTINCT ON fields is not supported by"));
        return;
    }
    Query *longest = capo_query(Book, .distinct_on = LIST("author"), .order_by = LIST("author_id", "-pages"));
    EXPECT_TEXT(column(longest, "title"), "Beta 100% Delta_x");
    EXPECT_INT(capo_query_count(longest), 2);
    EXPECT_TEXT(column(capo_query(Book, .distinct_on = LIST("author__name"), .order_by = LIST("author__name", "pages")), "id"), "1 3");
    EXPECT_TEXT(ids(capo_query(Book, .filter = Q("pk__in", longest))), "2 4");
}

/* --- sets and merges --- */

static void filter_union(void *unused)
{
    (void)unused;
    Query *all = capo_query(Book);
    capo_query_filter(capo_query_union(all, all), Q("id", 1));
}

TEST(query_sets)
{
    query_library();
    Query *few = capo_query(Book, .where = { .pages = LT(300) }), *some = capo_query(Book, .where = { .pages = GT(100) });
    EXPECT_TEXT(ids(capo_query_intersection(few, some)), "2");
    EXPECT_TEXT(ids(capo_query_difference(few, some)), "1");
    EXPECT_TEXT(ids(capo_query_union(few, some)), "1 2 3 4");
    EXPECT_TEXT(ids(capo_query_union_all(few, some)), "1 2 2 3 4");
    EXPECT_INT(capo_query_count(capo_query_union_all(few, some)), 5);
    EXPECT_TEXT(column(capo_query_slice(capo_query_order_by(capo_query_union(few, some), LIST("-pages")), 1, 2), "pages"), "300 200");
    size_t count;
    Instance **rows = capo_query_rows(capo_query_order_by(capo_query_intersection(few, some), LIST("id")), &count);
    EXPECT_INT(count, 1);
    EXPECT_TEXT(((Book *)rows[0])->title, "Beta");
    /* of three, and of other models whose columns agree */
    EXPECT_TEXT(ids(capo_query_union(capo_query_union(few, some), capo_query(Book))), "1 2 3 4");
    Query *names = capo_query_union(capo_query_values(capo_query(Author), LIST("name")), capo_query_values(capo_query(Genre), LIST("name")));
    EXPECT_INT(capo_values(capo_query_order_by(names, LIST("name")), NULL)->count, 6);
    EXPECT_TEXT(ids(capo_query_union(capo_query_none(&Book_model), few)), "1 2");
    EXPECT_RAISES(ERROR_NOT_SUPPORTED, filter_union, NULL);
}

static void delete_one_of_each(void *unused)
{
    (void)unused;
    capo_query_delete(capo_query(Book, .distinct_on = LIST("author")));
}

TEST(query_sets_are_ordered_by_what_they_select)
{
    query_library();
    Query *few = capo_query_values(capo_query(Book, .where = { .pages = LT(300) }), LIST("author__name", "title"));
    Query *some = capo_query_values(capo_query(Book, .where = { .pages = GT(100) }), LIST("author__name", "title"));
    Query *both = capo_query_union(few, some);
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_values_tuples(capo_query_order_by(both, LIST("-author__name", "title")), NULL))),
                "[['Bob', '100% Delta_x'], ['Bob', 'Gamma'], ['Ann', 'Alpha'], ['Ann', 'Beta']]");
    EXPECT(capo_query_exists(capo_query_order_by(both, LIST("pk"))));                /* an order that nobody needs */
    /* Of nothing and something: the something, with its names. */
    Query *nothing = capo_query_values(capo_query_none(&Book_model), LIST("id"));
    EXPECT(capo_map_get(capo_values(capo_query_union(nothing, few), NULL)->items[0].map, "author__name"));
    EXPECT_INT(capo_values(capo_query_union(nothing, capo_query_intersection(few, nothing)), NULL)->count, 0);
}

TEST(query_deletes_distinct_rows_once)
{
    query_library();
    EXPECT_RAISES(ERROR_VALUE, delete_one_of_each, NULL);
    Query *twice = capo_query_distinct(capo_query(Book, .filter = Q("genres__id__lt", 3)));
    EXPECT_INT(capo_query_delete(twice), 2 + 3);                    /* two books and their three genres */
    EXPECT_TEXT(ids(capo_query(Book)), "3 4");
}

TEST(query_and_or_xor)
{
    query_library();
    Query *anns = capo_query(Book, .where = { .author = HAS(Author, .name = EQ("Ann")) }), *some = capo_query(Book, .where = { .pages = GT(100) });
    EXPECT_TEXT(ids(capo_query_and(anns, some)), "2");
    EXPECT_TEXT(ids(capo_query_or(anns, some)), "1 2 3 4");
    EXPECT_TEXT(ids(capo_query_xor(anns, some)), "1 3 4");
    EXPECT_TEXT(ids(capo_query_or(anns, capo_query_none(&Book_model))), "1 2");
    EXPECT_TEXT(ids(capo_query_and(anns, capo_query_none(&Book_model))), "");
}

/* --- rows by key, the latest --- */

static void in_bulk_by_title(void *unused)
{
    (void)unused;
    capo_in_bulk(Book, VALUES("Alpha"), "title");
}

static void in_bulk_of_slice(void *unused)
{
    (void)unused;
    capo_in_bulk(Book, NULL, NULL, .limit = 1);
}

TEST(query_in_bulk)
{
    query_library();
    Map *books;
    EXPECT_QUERIES(1, books = capo_in_bulk(Book, VALUES(1, 3, 99), NULL));
    EXPECT_INT(books->count, 2);
    EXPECT_TEXT(capo_bulk_row(Book, books, 3)->title, "Gamma");
    EXPECT(!capo_bulk_row(Book, books, 2) && !capo_bulk_row(Book, books, 99));
    Map *genres = capo_in_bulk(Genre, VALUES("poetry", "fantasy"), "name");
    EXPECT_INT(capo_bulk_row(Genre, genres, "poetry")->id, 2);
    EXPECT_INT(capo_in_bulk(Book, NULL, NULL, .where = { .pages = GTE(300) })->count, 2);
    EXPECT_QUERIES(0, EXPECT_INT(capo_in_bulk(Book, capo_list_new(), NULL)->count, 0));
    const Error *error = EXPECT_RAISES(ERROR_VALUE, in_bulk_by_title, NULL);
    EXPECT(strstr(error->message, "'title'"));
    EXPECT_RAISES(ERROR_VALUE, in_bulk_of_slice, NULL);
    List *many = capo_list_new();
    for (int64_t i = 0; i < 3000; i++)
        capo_list_add(many, capo_value_int(i));
    EXPECT_INT(capo_in_bulk(Book, many, NULL)->count, 4);
}

static void latest_of_nothing(void *unused)
{
    (void)unused;
    (void)capo_latest(Book, .where = { .id = EQ(99) }, .order_by = LIST("published"));
}

static void latest_by_nothing(void *unused)
{
    (void)unused;
    (void)capo_latest(Book);
}

TEST(query_latest_and_earliest)
{
    query_library();
    EXPECT_INT(capo_latest(Book, .where = { .published = IS_NULL(false) }, .order_by = LIST("published"))->id, 4);
    EXPECT_INT(capo_earliest(Book, .where = { .published = IS_NULL(false) }, .order_by = LIST("published"))->id, 1);
    EXPECT_INT(capo_latest(Book, .order_by = LIST("author", "-pages"))->id, 3);
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, latest_of_nothing, NULL);
    EXPECT_RAISES(ERROR_VALUE, latest_by_nothing, NULL);
}

TEST(query_contains)
{
    query_library();
    Book *beta = capo_get(Book, .where = { .id = EQ(2) });
    Query *few = capo_query(Book, .where = { .pages = LT(300) });
    EXPECT_QUERIES(1, EXPECT(capo_contains(few, beta)));
    EXPECT(!capo_contains(capo_query(Book, .where = { .pages = LT(200) }), beta));
    capo_query_rows(few, NULL);
    EXPECT_QUERIES(0, EXPECT(capo_contains(few, beta)));
    EXPECT(!capo_contains(capo_query(Author), beta));
}

TEST(query_total_order)
{
    query_library();
    EXPECT(capo_query_is_totally_ordered(capo_query(Book, .order_by = LIST("title", "id"))));
    EXPECT(capo_query_is_totally_ordered(capo_query(Book, .order_by = LIST("-pk", "title"))));
    EXPECT(capo_query_is_totally_ordered(capo_query(Book, .order_by = LIST("slug", "author_id"))));         /* unique together */
    EXPECT(!capo_query_is_totally_ordered(capo_query(Book, .order_by = LIST("title"))));
    EXPECT(!capo_query_is_totally_ordered(capo_query(Book, .order_by = LIST("title", "country_id"))));      /* unique, but NULLs are not equal */
    EXPECT(!capo_query_is_totally_ordered(capo_query(Book)) && !capo_query_is_totally_ordered(capo_query(Book, .no_order = true)));
    EXPECT(capo_query_is_totally_ordered(capo_query(Author, .order_by = LIST("email"))));
    EXPECT(!capo_query_is_totally_ordered(capo_query(Book, .order_by = LIST("?"))));
}

/* --- get_or_create and its race --- */

TEST(query_update_or_create_has_values_for_new_rows)
{
    query_library();
    bool created;
    Genre *genre = capo_update_or_create(Genre, &created, .where = { .name = EQ("horror") }, .set = { .name = TO("terror") }, .create_set = { .name = TO("horror") });
    EXPECT(created);
    EXPECT_TEXT(genre->name, "horror");
    genre = capo_update_or_create(Genre, &created, .where = { .name = EQ("horror") }, .set = { .name = TO("terror") }, .create_set = { .name = TO("horror") });
    EXPECT(!created);
    EXPECT_TEXT(capo_get(Genre, .where = { .id = EQ(genre->id) })->name, "terror");
    Book *book = capo_update_or_create(Book, &created, .where = { .slug = EQ("alpha") }, .set = { .pages = PLUS(7) });
    EXPECT(!created);
    EXPECT_INT(book->pages, 107);
}

typedef struct Racer { bool ended, created; int64_t id; int code; } Racer;

static void race(void *argument)
{
    Racer *racer = argument;
    racer->id = capo_get_or_create(Genre, &racer->created, .where = { .name = EQ("race") })->id;
    for (int i = 0; i < 5; i++)
        (void)capo_update_or_create(Book, NULL, .where = { .slug = EQ("alpha") }, .set = { .pages = PLUS(1) });
}

static void race_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Racer *racer = argument;
    racer->code = error ? error->code : 0;
    racer->ended = true;
}

TEST(query_get_or_create_in_a_race)
{
    query_library();
    Racer racers[6] = { 0 };
    int created = 0;
    for (int i = 0; i < 6; i++)
        capo_fiber_start("racer", race, &racers[i], race_done, false);
    for (int i = 0; i < 6; i++) {
        while (!racers[i].ended)
            capo_sleep(0.005);
        EXPECT_INT(racers[i].code, 0);
        EXPECT_INT(racers[i].id, racers[0].id);
        created += racers[i].created;
    }
    EXPECT_INT(created, 1);
    EXPECT_INT(capo_get(Book, .where = { .slug = EQ("alpha") })->pages, 130);       /* no change was lost */
}

/* --- dates, SQL, explain --- */

static void hours_of_dates(void *unused)
{
    (void)unused;
    capo_query_dates(capo_query(Book), "published", "hour");
}

TEST(query_dates_and_datetimes)
{
    query_library();
#define SHOWN(list) capo_to_text(capo_value_list(list))
    EXPECT_TEXT(SHOWN(capo_query_dates(capo_query(Book), "published", "year")), "[datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]");
    EXPECT_TEXT(SHOWN(capo_query_dates(capo_query(Book), "-published", "month")), "[datetime.date(2021, 12, 1), datetime.date(2021, 6, 1), datetime.date(2020, 1, 1)]");
    List *hours = capo_query_datetimes(capo_query(Book), "published", "hour", NULL);
    EXPECT_INT(hours->count, 3);
    EXPECT(hours->items[0].kind == VALUE_DATETIME && hours->items[0].datetime.microseconds == moment("2020-01-05T10:00:00").microseconds);
    hours = capo_query_datetimes(capo_query(Book), "-published", "day", capo_time_zone("Europe/Berlin"));
    EXPECT(hours->items[0].datetime.microseconds == moment("2021-12-31T23:00:00").microseconds);            /* the new year of Berlin */
    EXPECT_RAISES(ERROR_VALUE, hours_of_dates, NULL);
}

static void explain_as(void *format) { capo_explain(capo_query(Book), .format = format); }
static void explain_with(void *option) { capo_explain(capo_query(Book), .options = (const char *[]){ option, NULL }); }

TEST(query_explain)
{
    query_library();
    Query *query = capo_query(Book, .where = { .title = EQ("Alpha") });
    EXPECT(strstr(capo_explain(query), database_is("postgresql") ? "Scan" : "library_book"));
    EXPECT_RAISES(ERROR_VALUE, explain_as, (void *)"pie chart");
    EXPECT_RAISES(ERROR_VALUE, explain_with, (void *)"verbose); DROP TABLE library_book; --");
    EXPECT_TEXT(capo_explain(capo_query_none(&Book_model)), "");
    if (database_is("sqlite")) {
        EXPECT_RAISES(ERROR_VALUE, explain_as, (void *)"json");
        EXPECT_RAISES(ERROR_VALUE, explain_with, (void *)"verbose");
        return;
    }
    if (database_is_oracle_mysql()) {
        EXPECT(strstr(capo_explain(query, .format = "tree", .analyze = true), "actual time"));
        EXPECT(strstr(capo_explain(query, .format = "json"), "query"));
        return;
    }
    const char *json = capo_explain(query, .format = "json", .analyze = true);
    EXPECT(strstr(json, database_is("postgresql") ? "Actual Rows" : "r_rows"));
    if (database_is("postgresql")) {
        EXPECT(strstr(capo_explain(query, .options = LIST("verbose", "costs=off")), "Output:"));
        EXPECT(strstr(capo_explain(query, .format = "yaml"), "- Plan:"));
    }
}

TEST(query_sql_shows_values)
{
    query_library();
    EXPECT(strstr(capo_sql(capo_query(Book, .where = { .title = EQ("O'Hara") })), "'O''Hara'"));
    EXPECT_TEXT(capo_sql(capo_query_none(&Book_model)), "");
}

TEST(query_alias_is_a_name_only)
{
    query_library();
    Book **books = capo_fetch(Book, .alias = EXPRESSIONS(AS("half", DIV(F("pages"), 2))), .filter = Q("half__gte", 150), .order_by = LIST("-half"));
    Value value;
    EXPECT(books[0] && books[1] && !books[2]);
    EXPECT_INT(books[0]->id, 4);
    EXPECT(!capo_instance_lookup(&books[0]->capo, "half", 4, &value));
}

/* --- relations with a condition of their own --- */

static void filtered_conflict(void *unused)
{
    (void)unused;
    capo_query(Author, .filtered = FILTERED({ "name", "books", Q("books__pages__gt", 1) }));
}

static void filtered_further(void *unused)
{
    (void)unused;
    (void)capo_fetch(Author, .filtered = FILTERED({ "few", "books", Q("books__genres__name", "poetry") }), .filter = Q("few__pages__gt", 1));
}

static void filtered_no_relation(void *unused)
{
    (void)unused;
    capo_query(Author, .filtered = FILTERED({ "few", "email", Q("email", "x") }));
}

TEST(query_filtered_relation)
{
    query_library();
    Query *authors = capo_query(Author, .filtered = FILTERED({ "long_books", "books", Q("books__pages__gte", 200) }),
                                .annotate = EXPRESSIONS(COUNT("long_books", .as = "n")), .order_by = LIST("id"));
    EXPECT_TEXT(column(authors, "n"), "1 2 0");                          /* who has none stays */
    EXPECT_TEXT(ids(capo_query(Author, .filtered = FILTERED({ "long_books", "books", Q("books__pages__gte", 200) }), .filter = Q("long_books__title", "Beta"))), "1");
    EXPECT_TEXT(ids(capo_query(Author, .filtered = FILTERED({ "long_books", "books", Q("books__pages__gte", 200) }), .filter = Q("long_books__isnull", (bool)true))), "3");
    EXPECT_TEXT(ids(capo_query(Author, .filtered = FILTERED({ "long_books", "books", Q("books__pages__gte", 200) }, { "old", "books", Q("books__published__year", 2020) }),
                               .filter = ALL(Q("old__title", "Alpha"), Q("long_books__title", "Beta")))), "1");
    EXPECT_TEXT(ids(capo_query(Book, .filtered = FILTERED({ "poetic", "genres", ANY(Q("genres__name", "poetry"), Q("genres__name", "none")) }), .filter = Q("poetic__isnull", (bool)false))), "1");
    EXPECT_TEXT(column(capo_query(Author, .query = authors, .filter = Q("n__gt", 0)), "name"), "Ann Bob");
    EXPECT_RAISES(ERROR_VALUE, filtered_conflict, NULL);
    EXPECT_RAISES(ERROR_NOT_SUPPORTED, filtered_further, NULL);
    EXPECT_RAISES(ERROR_VALUE, filtered_no_relation, NULL);
}
