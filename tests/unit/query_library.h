/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows for the tests of queries: three authors, four books, three genres, two countries. */
#pragma once
#include <capo/testing.h>
#include <string.h>
#include "../orm/models.h"
#include "database_under_test.h"
#include "../../orm/query.h"

static inline DateTime moment(const char *text)
{
    DateTime instant;
    EXPECT(capo_parse_datetime(text, capo_time_zone("UTC"), &instant));
    return instant;
}

static inline Book *add_book(const char *title, Author *by, int64_t pages, const char *published)
{
    Book *book = capo_new(Book);
    book->title = title;
    book->slug = capo_slugify(title, false);
    book->author_id = by->id;
    book->pages = pages;
    if (published)
        capo_set(book, published, moment(published));
    capo_save(book);
    return book;
}

/* Ann (1): Alpha 100 pages 2020 {fantasy, poetry}, Beta 200 2021 {fantasy}. Bob (2): Gamma 300 {} edited by Ann, 100% Delta_x 400 in
 * Germany, the last half hour of 2021 {science}. Cid (3): none. */
static inline void query_library(void)
{
    capo_test_database();
    Author *authors[3];
    for (size_t i = 0; i < 3; i++) {
        authors[i] = capo_new(Author);
        authors[i]->name = (const char *[]){ "Ann", "Bob", "Cid" }[i];
        authors[i]->email = capo_format("%s@example.com", authors[i]->name);
        capo_save(authors[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        Country *country = capo_new(Country);
        country->code = (const char *[]){ "DE", "FR" }[i];
        country->name = (const char *[]){ "Germany", "France" }[i];
        capo_instance_insert(&country->capo);
    }
    for (size_t i = 0; i < 3; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = (const char *[]){ "fantasy", "poetry", "science" }[i];
        capo_save(genre);
    }
    Book *alpha = add_book("Alpha", authors[0], 100, "2020-01-05T10:00:00");
    Book *beta = add_book("Beta", authors[0], 200, "2021-06-01T00:00:00");
    Book *gamma = add_book("Gamma", authors[1], 300, NULL);
    Book *delta = add_book("100% Delta_x", authors[1], 400, "2021-12-31T23:30:00");
    capo_set(gamma, editor_id, 1);
    capo_save(gamma);
    capo_set(delta, country_id, "DE");
    capo_save(delta);
    capo_add(alpha, "genres", capo_values_list((Value[]){ VALUE(1), VALUE(2) }, 2));
    capo_add(beta, "genres", 1);
    capo_add(delta, "genres", 3);
}

/* One column of the rows, in their order, between blanks. */
static inline const char *column(Query *query, const char *path)
{
    List *list = capo_values_flat(query, path);
    Buffer out = { 0 };
    for (size_t i = 0; i < list->count; i++) {
        capo_put(&out, i ? " " : "");
        capo_put_value(&out, list->items[i]);
    }
    return capo_buffer_text(&out);
}

static inline const char *ids(Query *query)
{
    return column(capo_query_order_by(query, LIST("pk")), "pk");
}

static inline size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}
