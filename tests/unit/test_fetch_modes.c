/* SPDX-License-Identifier: BSD-3-Clause */
/* Prefetches with queries of their own, onto rows that are there, and what reading a relation of one row of many does. */
#include "query_library.h"
#include "../../orm/instance.h"
#include <capo/templates.h>
#include <stdio.h>

TEST(prefetch_by_own_query_under_a_name)
{
    query_library();
    Author **authors;
    EXPECT_QUERIES(2, authors = capo_fetch(Author, .order_by = LIST("id"), .prefetch_with = PREFETCHES(
        PREFETCH("books", .query = capo_query(Book, .where = { .pages = GTE(200) }, .order_by = LIST("-pages")), .to_attr = "long_books"))));
    Book **books;
    EXPECT_QUERIES(0, books = capo_prefetched(Book, authors[1], "long_books"));
    EXPECT(books[0]->pages == 400 && books[1]->pages == 300 && !books[2]);
    EXPECT(!capo_prefetched(Book, authors[2], "long_books")[0]);
    EXPECT_QUERIES(1, EXPECT_INT(capo_query_count(capo_related_query(authors[0], "books")), 2));     /* the relation itself is untouched */
    Value seen;
    EXPECT(capo_instance_lookup(&authors[0]->capo, "long_books", 10, &seen));
    EXPECT_INT(capo_length(seen), 1);

    EXPECT_QUERIES(3, authors = capo_fetch(Author, .order_by = LIST("id"), .prefetch_with = PREFETCHES(
        PREFETCH("books", .query = capo_query(Book, .prefetch = LIST("genres"), .order_by = LIST("id"))))));
    size_t count;
    Instance **rows;
    EXPECT_QUERIES(0, rows = capo_query_rows(capo_related_query(authors[0], "books"), &count));
    EXPECT_INT(count, 2);
    EXPECT_TEXT(((Book *)rows[0])->genres[0]->name, "fantasy");
}

static void wrong_model(void *unused)
{
    (void)unused;
    (void)capo_fetch(Author, .prefetch_with = PREFETCHES(PREFETCH("books", .query = capo_query(Genre))));
}

static void seen_before(void *unused)
{
    (void)unused;
    (void)capo_fetch(Author, .prefetch = LIST("books"), .prefetch_with = PREFETCHES(PREFETCH("books", .query = capo_query(Book))));
}

static void unknown_name(void *author) { (void)capo_prefetched(Book, (Author *)author, "nothing"); }

TEST(prefetch_refuses_what_cannot_be)
{
    query_library();
    EXPECT_RAISES(ERROR_VALUE, wrong_model, NULL);
    EXPECT_RAISES(ERROR_VALUE, seen_before, NULL);
    EXPECT_RAISES(ERROR_FIELD, unknown_name, capo_first(Author));
}

TEST(prefetch_onto_rows_that_are_there)
{
    query_library();
    Book **books = capo_fetch(Book, .order_by = LIST("id"));
    EXPECT_QUERIES(2, capo_prefetch(books, LIST("author", "genres")));
    EXPECT_QUERIES(0, EXPECT_TEXT(capo_related(books[3], author)->name, "Bob"));
    EXPECT_TEXT(books[0]->genres[1]->name, "poetry");
    EXPECT_QUERIES(0, capo_prefetch(books, LIST("author")));
    EXPECT_QUERIES(1, capo_prefetch_with(books, PREFETCHES(PREFETCH("genres", .query = capo_query(Genre, .where = { .name = EQ("poetry") }), .to_attr = "poetry"))));
    EXPECT_TEXT(capo_prefetched(Genre, books[0], "poetry")[0]->name, "poetry");
    EXPECT(!capo_prefetched(Genre, books[1], "poetry")[0]);
    EXPECT_QUERIES(0, capo_prefetch((Book *[]){ NULL }, LIST("author")));
}

/* --- fetch modes --- */

TEST(fetch_peers_asks_once_for_all)
{
    query_library();
    Book **books = capo_fetch(Book, .order_by = LIST("id"), .fetch = FETCH_PEERS);
    EXPECT_QUERIES(1, EXPECT_TEXT(capo_related(books[0], author)->name, "Ann"));
    EXPECT_QUERIES(0, EXPECT_TEXT(capo_related(books[3], author)->name, "Bob"));
    EXPECT_QUERIES(0, EXPECT(books[0]->author == books[1]->author));
    EXPECT_QUERIES(1, EXPECT_TEXT(capo_related(books[2], editor)->name, "Ann"));
    size_t count;
    EXPECT_QUERIES(1, capo_query_rows(capo_related_query(books[0], "genres"), &count));
    EXPECT_INT(count, 2);
    EXPECT_QUERIES(0, capo_query_rows(capo_related_query(books[3], "genres"), &count));
    EXPECT_INT(count, 1);
    /* what came by it is of the same mode */
    EXPECT_QUERIES(1, capo_query_rows(capo_related_query(capo_related(books[0], author), "books"), &count));
    EXPECT_QUERIES(0, capo_query_rows(capo_related_query(capo_related(books[3], author), "books"), &count));
    EXPECT_INT(count, 2);
}

TEST(fetch_peers_reads_a_deferred_column_once)
{
    query_library();
    Book **books = capo_fetch(Book, .order_by = LIST("id"), .only = LIST("title"), .fetch = FETCH_PEERS);
    const Field *pages = capo_field(&Book_model, "pages");
    EXPECT_QUERIES(1, EXPECT_INT(capo_field_value(&books[0]->capo, pages).integer, 100));
    EXPECT_QUERIES(0, EXPECT_INT(capo_field_value(&books[3]->capo, pages).integer, 400));
    EXPECT_INT(books[3]->pages, 400);
    EXPECT(!capo_field_changed(&books[3]->capo, pages));
}

static void read_author(void *book) { (void)capo_related((Book *)book, author); }
static void read_genres(void *book) { capo_query_rows(capo_related_query((Book *)book, "genres"), NULL); }
static void read_pages(void *book) { (void)capo_field_value((Instance *)book, capo_field(&Book_model, "pages")); }

TEST(fetch_raise_says_what_was_not_loaded)
{
    query_library();
    Book *book = capo_first(Book, .order_by = LIST("id"), .fetch = FETCH_RAISE, .defer = LIST("pages"));
    const Error *error = EXPECT_RAISES(ERROR_FETCH_BLOCKED, read_author, book);
    EXPECT(strstr(error->message, "Book.author blocked") && strstr(error->message, ".select_related = LIST(\"author\")"));
    EXPECT(strstr(error->file, "test_fetch_modes.c"));
    EXPECT_RAISES(ERROR_FETCH_BLOCKED, read_genres, book);
    EXPECT_RAISES(ERROR_FETCH_BLOCKED, read_pages, book);
    book = capo_first(Book, .order_by = LIST("id"), .fetch = FETCH_RAISE, .select_related = LIST("author"), .prefetch = LIST("genres"));
    EXPECT_QUERIES(0, EXPECT_TEXT(capo_related(book, author)->name, "Ann"));
    EXPECT_QUERIES(0, read_genres(book));
    EXPECT_RAISES(ERROR_FETCH_BLOCKED, read_genres, capo_first(Book, .order_by = LIST("-id"), .fetch = FETCH_RAISE));
}

/* --- the warning --- */

static char said[4][400];
static int n_said;

static void note(const char *message)
{
    if (n_said < 4)
        snprintf(said[n_said], sizeof said[0], "%s", message);
    n_said++;
}

static void stop_watching(void *unused)
{
    (void)unused;
    capo_peers_watch(-1, NULL);
}

static void watch(void)
{
    n_said = 0;
    capo_peers_watch(1, note);
    capo_defer(stop_watching, NULL);
}

TEST(rows_read_one_by_one_are_warned_about)
{
    query_library();
    watch();
    for (int twice = 0; twice < 2; twice++)
        for (Book **book = capo_fetch(Book, .order_by = LIST("id")); *book; book++)
            EXPECT(capo_related(*book, author));
    EXPECT_INT(n_said, 1);                                              /* once for a place */
    EXPECT(strstr(said[0], "test_fetch_modes.c:") && strstr(said[0], "Book.author is read row by row, with a query for each of 4 rows"));
    EXPECT(strstr(said[0], ".select_related = LIST(\"author\")"));
    for (Author **author = capo_fetch(Author); *author; author++)
        capo_query_rows(capo_related_query(*author, "books"), NULL);
    EXPECT_INT(n_said, 2);
    EXPECT(strstr(said[1], ".prefetch = LIST(\"books\")"));
    for (Author **author = capo_fetch(Author); *author; author++)
        capo_query_count(capo_related_query(*author, "books"));
    EXPECT_INT(n_said, 3);
    EXPECT(strstr(said[2], "Author.books is counted row by row") && strstr(said[2], "COUNT(\"books\")"));
    for (Author **author = capo_fetch(Author); *author; author++)
        (void)capo_query_first(capo_related_query(*author, "books"));
    EXPECT_INT(n_said, 4);
    EXPECT(strstr(said[3], "PREFETCH(\"books\""));
}

TEST(rows_read_together_are_not_warned_about)
{
    query_library();
    watch();
    for (Book **book = capo_fetch(Book, .select_related = LIST("author"), .prefetch = LIST("genres")); *book; book++) {
        EXPECT(capo_related(*book, author));
        capo_query_rows(capo_related_query(*book, "genres"), NULL);
    }
    EXPECT(capo_related(capo_get(Book, .where = { .id = EQ(1) }), author));         /* one alone */
    EXPECT(capo_related(capo_fetch(Book)[0], author));                              /* and one of many */
    capo_peers_watch(0, note);
    for (Book **book = capo_fetch(Book); *book; book++)
        EXPECT(capo_related(*book, author));
    EXPECT_INT(n_said, 0);
}

TEST(rows_read_by_a_template_are_warned_about_with_its_line)
{
    query_library();
    watch();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more" });
    Buffer page = { 0 };
    Context *context = capo_context_new(NULL, capo_map(V("books", capo_query(Book, .order_by = LIST("id")))));
    capo_template_render(capo_template_from_string("<ul>\n{% for book in books %}\n<li>{{ book.author.name }}\n{% endfor %}\n", "books.html"), context, &page);
    EXPECT(strstr(page.data, "<li>Ann") && strstr(page.data, "<li>Bob"));
    EXPECT_INT(n_said, 1);
    EXPECT(strstr(said[0], "books.html:3: Book.author is read row by row"));
}
