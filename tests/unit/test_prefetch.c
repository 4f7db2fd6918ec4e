/* SPDX-License-Identifier: BSD-3-Clause */
/* prefetch: one query a level, and results where accessors and templates look. */
#include "query_library.h"
#include <capo/expressions.h>
#include <capo/loop.h>

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

/* Of an author's books: by the author whose books were prefetched, whose query is not made until more is asked of it, and by one that was not. */
static const char *books_of(Author *author, const char *how)
{
    Query *books = capo_related_query(author, "books"), *other = capo_query(Book, .where = { .id = EQ(4) }, .order_by = LIST(NULL));
    size_t count;
#define IS(word) !strcmp(how, word)
    if (IS("sql"))
        return capo_sql(books);
    if (IS("rows"))
        capo_query_rows(books, &count);
    else if (IS("filter"))
        books = capo_query_filter(books, Q("pages__gt", 100));
    else if (IS("exclude"))
        books = capo_query_exclude(books, Q("title", "Beta"));
    else if (IS("order"))
        books = capo_query_order_by(books, LIST("-pages"));
    else if (IS("slice"))
        return column(capo_query_slice(books, 1, 1), "id");
    else if (IS("reverse"))
        books = capo_query_reverse(books);
    else if (IS("union") || IS("other union"))
        books = capo_query_order_by(IS("union") ? capo_query_union(books, other) : capo_query_union(other, books), LIST("id"));
    else if (IS("or") || IS("other or"))
        books = capo_query_order_by(IS("or") ? capo_query_or(books, other) : capo_query_or(other, books), LIST("id"));
    else if (IS("in"))
        books = capo_query(Book, .where = { .id = IN(capo_query_values(books, LIST("id"))) });
    else if (IS("in rows"))
        books = capo_query(Book, .where = { .id = IN(books) });
    else if (IS("exists"))
        books = capo_query(Book, .filter = capo_exists_in(books), .order_by = LIST("id"));
    else if (IS("count"))
        return capo_format("%lld %d", (long long)capo_query_count(books), capo_query_exists(books));
    else if (IS("first"))
        return capo_format("%s %s", ((Book *)capo_query_first(books))->title, ((Book *)capo_query_last(books))->title);
    else if (IS("values"))
        return capo_to_text(capo_value_list(capo_values(books, LIST("title", "pages"))));
    else if (IS("total"))
        return capo_to_text(capo_value_map(capo_aggregate(books, EXPRESSIONS(SUM("pages", .as = "pages")))));
    else if (IS("ordered"))
        return capo_format("%d %d", capo_query_is_ordered(books), capo_query_is_totally_ordered(books));
    else if (IS("owner"))
        return ((Book *)capo_query_rows(capo_query_filter(books, Q("pages", 100)), NULL)[0])->author == author ? "same" : "other";
    else if (IS("update"))
        return capo_format("%lld", (long long)capo_query_update(books, (NamedChange[]){ { "pages", TO(100) }, { 0 } }));
    else if (IS("key"))
        author->id = 2;
    else if (IS("contains"))
        return capo_query_contains(books, capo_query_first(capo_query_filter(books, Q("pages", 100)))) ? "yes" : "no";
#undef IS
    return ids(books);
}

TEST(prefetch_leaves_queries_what_they_are)
{
    static const char *const ways[] = { "sql", "rows", "filter", "exclude", "order", "slice", "reverse", "union", "other union", "or", "other or", "in", "in rows", "exists",
                                        "count", "first", "values", "total", "ordered", "owner", "contains", "key", "update" };
    query_library();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Author *prefetched = capo_fetch(Author, .prefetch = LIST("books"), .order_by = LIST("id"))[0], *plain = capo_get(Author, .where = { .id = EQ(1) });
        EXPECT_TEXT(capo_format("%s: %s", ways[i], books_of(prefetched, ways[i])), capo_format("%s: %s", ways[i], books_of(plain, ways[i])));
    }
    EXPECT_INT(capo_query_delete(capo_related_query(capo_fetch(Author, .prefetch = LIST("books"), .order_by = LIST("id"))[0], "books")), 5);   /* and three of genres */
    EXPECT_TEXT(ids(capo_query(Book, .order_by = LIST("id"))), "3 4");
}

/* --- levels that do not depend on each other --- */

static struct { bool done; int turns, statements, at[8]; } journey;

static void take_turns(void *unused)
{
    (void)unused;
    for (; !journey.done; journey.turns++)
        fiber_yield();
}

static void note_turn(const char *sql)
{
    (void)sql;
    if (journey.statements < 8)
        journey.at[journey.statements++] = journey.turns;
}

static void hear_no_more(void *unused)
{
    (void)unused;
    capo_before_statement = NULL;
    journey.done = true;
}

/* In one flight all statements are written before any is answered, so that no other fiber has had its turn between them. */
TEST(prefetch_asks_at_once_for_what_does_not_depend)
{
    query_library();
    Book **books = capo_fetch(Book, .order_by = LIST("id"));
    memset(&journey, 0, sizeof journey);
    capo_fiber_start("turns", take_turns, NULL, NULL, true);
    capo_defer(hear_no_more, NULL);
    capo_before_statement = note_turn;
    EXPECT_QUERIES(5, capo_prefetch_rows((Instance *const *)books, LIST("genres", "author__books", "author", "country", "author__books__genres")));
    hear_no_more(NULL);
    EXPECT_INT(journey.statements, 5);
    EXPECT_TEXT(books[0]->genres[1]->name, "poetry");
    EXPECT_TEXT(books[2]->author->name, "Bob");
    size_t count;
    EXPECT_QUERIES(0, capo_query_rows(capo_related_query(books[0]->author, "books"), &count));
    EXPECT_INT(count, 2);
    if (capo_backend()->run_many)
        EXPECT(journey.at[0] == journey.at[1] && journey.at[1] == journey.at[2]);       /* the levels below may have their answers without a turn between */
}
