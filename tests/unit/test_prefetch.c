/* SPDX-License-Identifier: BSD-3-Clause */
/* prefetch: one query a level, and results where accessors and templates look. */
#include "query_library.h"

TEST(prefetch_many_to_many)
{
    query_library();
    Book **books;
    EXPECT_QUERIES(2, books = capo_fetch(Book, .prefetch = LIST("genres"), .order_by = LIST("id")));
    EXPECT_TEXT(books[0]->genres[0]->name, "fantasy");
    EXPECT_TEXT(books[0]->genres[1]->name, "poetry");
    EXPECT(!books[0]->genres[2] && !books[2]->genres[0]);
    Query *genres = capo_related_query(books[0], "genres");
    EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(genres), 2));
    EXPECT_QUERIES(0, EXPECT_INT(capo_length(capo_value_object(genres)), 2));
    EXPECT_QUERIES(1, EXPECT_INT(capo_query_count(capo_query_filter(genres, Q("name", "poetry"))), 1));
}

TEST(prefetch_seen_by_templates)
{
    query_library();
    Book **books = capo_fetch(Book, .prefetch = LIST("genres"), .order_by = LIST("id"));
    Value genres, all;
    size_t before = capo_test_query_count();
    EXPECT(capo_lookup(capo_value_object(books[0]), "genres", 6, &genres));
    EXPECT(capo_lookup(genres, "all", 3, &all));
    EXPECT_INT(capo_length(all), 2);
    EXPECT_INT(capo_test_query_count() - before, 0);
}

/* What a template is given has its rows, and is a whole query for who asks more of it. */
TEST(prefetch_given_to_templates_can_be_narrowed)
{
    query_library();
    Book **books = capo_fetch(Book, .prefetch = LIST("genres"), .order_by = LIST("id"));
    Value genres;
    EXPECT(capo_lookup(capo_value_object(books[0]), "genres", 6, &genres));
    Query *query = (Query *)(void *)genres.object, *poetry = NULL, *none = NULL;
    EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(query), 2));
    EXPECT_QUERIES(0, poetry = capo_query_filter(query, Q("name", "poetry")));
    EXPECT_QUERIES(1, EXPECT_INT(capo_query_count(poetry), 1));
    EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(query), 2));

    EXPECT(capo_lookup(capo_value_object(books[2]), "genres", 6, &genres));     /* this book has none, though there are some */
    query = (Query *)(void *)genres.object;
    EXPECT_INT(capo_query_count(query), 0);
    EXPECT_QUERIES(0, none = capo_query_filter(query, Q("name", "poetry")));
    EXPECT_QUERIES(1, EXPECT_INT(capo_query_count(none), 0));

    Author **authors = capo_fetch(Author, .prefetch = LIST("books"), .order_by = LIST("id"));
    Value of_author;
    EXPECT(capo_lookup(capo_value_object(authors[0]), "books", 5, &of_author));
    EXPECT_TEXT(capo_sql((Query *)(void *)of_author.object), capo_sql(capo_related_query(authors[0], "books")));
}

TEST(prefetch_foreign_keys_and_reverse)
{
    query_library();
    Book **books;
    EXPECT_QUERIES(2, books = capo_fetch(Book, .prefetch = LIST("author"), .order_by = LIST("id")));
    EXPECT_QUERIES(0, EXPECT_TEXT(capo_related(books[3], author)->name, "Bob"));
    EXPECT(books[0]->author == books[1]->author);

    Author **authors;
    EXPECT_QUERIES(3, authors = capo_fetch(Author, .prefetch = LIST("books__genres"), .order_by = LIST("id")));
    size_t count;
    Instance **own;
    EXPECT_QUERIES(0, own = capo_query_rows(capo_related_query(authors[0], "books"), &count));
    EXPECT_INT(count, 2);
    EXPECT_QUERIES(0, EXPECT(((Book *)own[0])->author == authors[0]));
    EXPECT_TEXT(((Book *)own[0])->genres[0]->name, "fantasy");
    EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(capo_related_query(authors[2], "books")), 0));
    /* a level that is there is not asked for again */
    EXPECT_QUERIES(3, (void)capo_fetch(Author, .prefetch = LIST("books", "books__genres")));
    EXPECT_QUERIES(2, (void)capo_fetch(Book, .select_related = LIST("author"), .prefetch = LIST("author__books")));
}

static void bad(void *unused)
{
    (void)unused;
    capo_fetch(Book, .prefetch = LIST("genre"));
}

TEST(prefetch_one_to_one_and_errors)
{
    query_library();
    Profile *profile = capo_new(Profile);
    profile->author_id = 1;
    profile->bio = "Writes.";
    capo_save(profile);
    Author **authors;
    EXPECT_QUERIES(2, authors = capo_fetch(Author, .prefetch = LIST("profile"), .order_by = LIST("id")));
    EXPECT_QUERIES(0, EXPECT(capo_instance_related(&authors[0]->capo, "profile") != NULL));
    EXPECT_QUERIES(0, EXPECT(capo_instance_related(&authors[1]->capo, "profile") == NULL));
    EXPECT_RAISES(ERROR_FIELD, bad, NULL);
}
