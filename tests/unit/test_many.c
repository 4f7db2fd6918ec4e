/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries of relations to many, and adding, removing and setting over them. */
#include "query_library.h"

TEST(many_accessors_are_queries)
{
    query_library();
    Author *ann = capo_get(Author, .where = { .id = EQ(1) });
    EXPECT_TEXT(column(capo_related_query(ann, "books"), "title"), "Alpha Beta");
    EXPECT_TEXT(ids(capo_query(Book, .query = capo_related_query(ann, "books"), .where = { .pages = GT(100) })), "2");
    size_t count;
    Instance **rows = capo_query_rows(capo_related_query(ann, "books"), &count);
    EXPECT_QUERIES(0, EXPECT(capo_related((Book *)rows[0], author) == ann));
    Genre *fantasy = capo_get(Genre, .where = { .name = EQ("fantasy") });
    EXPECT_TEXT(ids(capo_related_query(fantasy, "books")), "1 2");
}

TEST(many_add_remove_set)
{
    query_library();
    Book *gamma = capo_get(Book, .where = { .title = EQ("Gamma") });
    capo_add(gamma, "genres", VALUES(1, 3, 3));
    capo_add(gamma, "genres", 1);
    EXPECT_TEXT(ids(capo_related_query(gamma, "genres")), "1 3");
    capo_remove(gamma, "genres", capo_value_object(capo_get(Genre, .where = { .id = EQ(1) })));
    EXPECT_TEXT(ids(capo_related_query(gamma, "genres")), "3");
    capo_set_all(gamma, "genres", VALUES(1, 2));
    EXPECT_TEXT(ids(capo_related_query(gamma, "genres")), "1 2");
    capo_clear(gamma, "genres");
    EXPECT_TEXT(ids(capo_related_query(gamma, "genres")), "");
    Genre *science = capo_get(Genre, .where = { .id = EQ(3) });
    capo_add(science, "books", gamma->id);
    EXPECT_TEXT(ids(capo_related_query(gamma, "genres")), "3");
}

/* Friends are so both ways; who follows is not followed. */
TEST(many_to_itself)
{
    query_library();
    Author *ann = capo_get(Author, .where = { .id = EQ(1) }), *bob = capo_get(Author, .where = { .id = EQ(2) });
    capo_add(ann, "friends", 2);
    EXPECT_TEXT(ids(capo_related_query(bob, "friends")), "1");
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("friends", 2))), "1");
    capo_remove(bob, "friends", 1);
    EXPECT_TEXT(ids(capo_related_query(ann, "friends")), "");
    capo_add(ann, "follows", VALUES(2, 3));
    EXPECT_TEXT(ids(capo_related_query(bob, "followers")), "1");
    EXPECT_TEXT(ids(capo_related_query(bob, "follows")), "");
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("followers__name", "Ann"))), "2 3");
}

TEST(many_through_a_model)
{
    query_library();
    Club *club = capo_new(Club);
    club->name = "Readers";
    capo_save(club);
    capo_add(club, "members", VALUES(1, 2));
    EXPECT_TEXT(ids(capo_related_query(club, "members")), "1 2");
    EXPECT_TEXT(column(capo_query(Membership, .order_by = LIST("id")), "role"), "member member");
    EXPECT_TEXT(ids(capo_query(Club, .filter = Q("membership__role", "member"), .distinct = true)), "1");
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("clubs__name", "Readers"))), "1 2");
}

static void books_of_nobody(void *author) { capo_related_query((Author *)author, "books"); }
static void genres_of_nothing(void *book) { capo_related_query((Book *)book, "genres"); }

/* Rows cannot refer to what has no key yet: an empty answer would hide the mistake. */
TEST(many_of_what_is_not_saved)
{
    query_library();
    EXPECT_RAISES(ERROR_VALUE, books_of_nobody, capo_new(Author));
    EXPECT_RAISES(ERROR_VALUE, genres_of_nothing, capo_new(Book));
}
