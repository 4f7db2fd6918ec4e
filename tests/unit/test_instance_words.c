/* SPDX-License-Identifier: BSD-3-Clause */
/* Instances beyond save and delete: expressions of a save, some columns written and read, copies, neighbours, links with values. */
#include "query_library.h"
#include "database_under_test.h"
#include <capo/expressions.h>
#include <capo/loop.h>

TEST(save_computes_expressions_and_gives_their_values)
{
    query_library();
    Book *book = capo_get(Book, .where = { .id = EQ(1) });
    capo_update(Book, .where = { .id = EQ(1) }, .set = { .pages = TO(150) });       /* behind its back */
    capo_set_expression(book, pages, ADD(F("pages"), 7));
    book->title = "Alpha two";
    bool returning = !database_is("mysql");
    EXPECT_QUERIES(returning ? 1 : 2, capo_save(book));
    EXPECT_INT(book->pages, 157);
    EXPECT_INT(capo_get(Book, .where = { .title = EQ("Alpha two") })->pages, 157);
    EXPECT_QUERIES(0, capo_save(book));                                             /* computed once */
    capo_set_expression(book, title, FN(Upper, F("title")));
    capo_set_expression(book, pages, 12);                                           /* a plain value */
    capo_save_fields(book, "title", "pages");
    EXPECT_TEXT(book->title, "ALPHA TWO");
    EXPECT_INT(capo_get(Book, .where = { .title = EQ("ALPHA TWO") })->pages, 12);
}

static void insert_with_column(void *unused)
{
    (void)unused;
    Genre *genre = capo_new(Genre);
    capo_set_expression(genre, name, FN(Upper, F("name")));
    capo_save(genre);
}

TEST(insert_computes_expressions)
{
    query_library();
    Genre *genre = capo_new(Genre);
    capo_set_expression(genre, name, FN(Concat, FN(Upper, "sat"), "ire"));
    capo_save(genre);
    EXPECT_TEXT(genre->name, "SATire");
    EXPECT_TEXT(capo_get(Genre, .where = { .id = EQ(genre->id) })->name, "SATire");
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, insert_with_column, NULL)->message, "only be used to update"));
}

static void force_update(void *book) { capo_force_update((Book *)book); }
static void force_insert(void *book) { capo_force_insert((Book *)book); }
static void save_title(void *book) { capo_save_fields((Book *)book, "title"); }
static void refresh(void *book) { capo_refresh((Book *)book); }
static void refresh_nothing(void *book) { capo_refresh_fields((Book *)book, "titel"); }
static void refresh_elsewhere(void *book) { capo_refresh_from((Book *)book, capo_query(Book, .where = { .pages = GT(1000) })); }

TEST(some_columns_are_written_and_read)
{
    query_library();
    Book *book = capo_get(Book, .where = { .id = EQ(1) }), *other = capo_get(Book, .where = { .id = EQ(1) });
    book->title = "Changed";
    book->pages = 5;
    capo_save_fields(book, "title");
    capo_refresh(other);
    EXPECT_TEXT(other->title, "Changed");
    EXPECT_INT(other->pages, 100);
    other->title = "mine";
    other->pages = 1;
    capo_update(Book, .where = { .id = EQ(1) }, .set = { .pages = TO(77), .author_id = TO(2) });
    EXPECT(capo_related(other, author));
    EXPECT_QUERIES(1, capo_refresh_fields(other, "pages", "author"));
    EXPECT_INT(other->pages, 77);
    EXPECT_TEXT(other->title, "mine");
    EXPECT_TEXT(capo_related(other, author)->name, "Bob");
    EXPECT(capo_field_changed(&other->capo, capo_field(&Book_model, "title")) && !capo_field_changed(&other->capo, capo_field(&Book_model, "pages")));
    capo_refresh_from(other, capo_query(Book, .select_related = LIST("author"), .prefetch = LIST("genres")));
    EXPECT_TEXT(other->title, "Changed");
    EXPECT_QUERIES(0, EXPECT_TEXT(other->author->name, "Bob"));
    EXPECT_TEXT(other->genres[0]->name, "fantasy");
    EXPECT_RAISES(ERROR_FIELD_DOES_NOT_EXIST, refresh_nothing, other);
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, refresh_elsewhere, other);
    capo_force_update(other);
    EXPECT_RAISES(ERROR_INTEGRITY, force_insert, other);
    capo_delete(book);
    EXPECT_RAISES(ERROR_OPERATIONAL, force_update, other);
    EXPECT_RAISES(ERROR_OPERATIONAL, save_title, other);
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, refresh, other);
}

TEST(a_row_without_its_key_is_a_copy)
{
    query_library();
    Book *book = capo_get(Book, .where = { .id = EQ(1) });
    book->id = 0;
    book->slug = "alpha-2";
    capo_save(book);
    EXPECT(book->id > 4);
    EXPECT_INT(capo_count(Book), 5);
    EXPECT_TEXT(capo_get(Book, .where = { .id = EQ(1) })->slug, "alpha");
    EXPECT_TEXT(capo_get(Book, .where = { .id = EQ(book->id) })->title, "Alpha");
}

static void past_the_last(void *kind) { (void)capo_next_by((Kind *)kind, day, NULL); }
static void by_a_name(void *kind) { (void)capo_next_by((Kind *)kind, name, NULL); }
static void by_null(void *kind) { (void)capo_next_by((Kind *)kind, o_day, NULL); }

TEST(neighbours_by_date)
{
    capo_test_database();
    Kind *kinds[4];
    for (int i = 0; i < 4; i++) {
        kinds[i] = capo_new(Kind);
        kinds[i]->name = capo_format("kind %d", i);
        kinds[i]->day = capo_date(2024, 1, i < 2 ? 1 : i);
        capo_save(kinds[i]);
    }
    EXPECT_INT(capo_next_by(kinds[0], day, NULL)->id, kinds[1]->id);               /* of one day: by key */
    EXPECT_INT(capo_next_by(kinds[1], day, NULL)->id, kinds[2]->id);
    EXPECT_INT(capo_previous_by(kinds[2], day, NULL)->id, kinds[1]->id);
    EXPECT_INT(capo_previous_by(kinds[3], day, capo_query(Kind, .where = { .name = EQ("kind 0") }))->id, kinds[0]->id);
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, past_the_last, kinds[3]);
    EXPECT_RAISES(ERROR_FIELD, by_a_name, kinds[0]);
    EXPECT_RAISES(ERROR_FIELD, by_null, kinds[0]);
}

/* --- links --- */

static void bad_default(void *club) { capo_add_with((Club *)club, "members", 1, .through_defaults = capo_map(V("rank", "x"))); }

TEST(links_take_values_of_their_own)
{
    query_library();
    Club *club = capo_new(Club);
    club->name = "Inklings";
    capo_save(club);
    capo_add_with(club, "members", capo_values_list((Value[]){ VALUE(1), VALUE(2) }, 2), .through_defaults = capo_map(V("role", "founder")));
    EXPECT_INT(capo_count(Membership, .where = { .role = EQ("founder") }), 2);
    capo_add_with(club, "members", 1, .through_defaults = capo_map(V("role", "guest")));          /* is one already */
    EXPECT_INT(capo_count(Membership), 2);
    capo_set_all_with(club, "members", capo_values_list((Value[]){ VALUE(2), VALUE(3) }, 2), .through_defaults = capo_map(V("role", "new")));
    EXPECT_TEXT(column(capo_query(Membership, .order_by = LIST("author")), "role"), "founder new");
    capo_set_all_with(club, "members", capo_values_list((Value[]){ VALUE(2), VALUE(3) }, 2), .through_defaults = capo_map(V("role", "all")), .clear = true);
    EXPECT_TEXT(column(capo_query(Membership, .order_by = LIST("author")), "role"), "all all");
    EXPECT_RAISES(ERROR_FIELD, bad_default, club);
    /* from the other side */
    Author *ann = capo_get(Author, .where = { .id = EQ(1) });
    capo_add_with(ann, "clubs", club->id, .through_defaults = capo_map(V("role", "late")));
    EXPECT_INT(capo_count(Membership, .where = { .role = EQ("late") }), 1);
}

TEST(objects_are_linked_one_by_one_with_their_hooks)
{
    query_library();
    Author *cid = capo_get(Author, .where = { .id = EQ(3) });
    capo_test_hooks[0] = '\0';
    capo_add(cid, "books", 1);
    EXPECT_TEXT(capo_test_hooks, "");
    capo_add_with(cid, "books", capo_values_list((Value[]){ VALUE(2), VALUE(3) }, 2), .one_by_one = true);
    EXPECT(*capo_test_hooks);
    EXPECT_TEXT(ids(capo_related_query(cid, "books")), "1 2 3");
    capo_add_with(cid, "edited", 4, .one_by_one = true);
    capo_remove_with(cid, "edited", 4, .one_by_one = true);
    EXPECT_INT(capo_query_count(capo_related_query(cid, "edited")), 0);
}

typedef struct Racer { bool ended; int code; } Racer;

static void link_all(void *unused)
{
    (void)unused;
    Book *book = capo_get(Book, .where = { .id = EQ(3) });
    capo_add(book, "genres", capo_values_list((Value[]){ VALUE(1), VALUE(2), VALUE(3) }, 3));
}

static void linked(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    *(Racer *)argument = (Racer){ true, error ? error->code : 0 };
}

TEST(links_are_made_once_in_a_race)
{
    query_library();
    Racer racers[6] = { 0 };
    for (int i = 0; i < 6; i++)
        capo_fiber_start("racer", link_all, &racers[i], linked, false);
    for (int i = 0; i < 6; i++) {
        while (!racers[i].ended)
            capo_sleep(0.005);
        EXPECT_INT(racers[i].code, 0);
    }
    EXPECT_TEXT(column(capo_query_order_by(capo_related_query(capo_get(Book, .where = { .id = EQ(3) }), "genres"), LIST("id")), "id"), "1 2 3");
}
