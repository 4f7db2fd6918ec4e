/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows read in batches: memory stays bounded, connections come back. CAPO_TEST_ROWS says how many rows, 20,000 without it. */
#include "query_library.h"
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <capo/loop.h>
#include <capo/sql.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t n_rows(void)
{
    const char *text = getenv("CAPO_TEST_ROWS");
    return text ? atoll(text) : 20000;
}

typedef struct Part { int64_t from, to; } Part;

static void add_part(void *argument)
{
    const Part *part = argument;
    List *rows = capo_list_new();
    for (int64_t i = part->from; i < part->to; i++)
        capo_list_add(rows, capo_value_map(capo_map(V("name", capo_format("genre %lld", (long long)i)))));
    capo_table_insert_all("library_genre", rows);
}

/* In units of their own, whose memory goes with them. */
static void add_genres(int64_t count)
{
    for (int64_t from = 0; from < count; from += 10000) {
        Arena *arena = arena_new();
        Part part = { from, from + 10000 < count ? from + 10000 : count };
        Unit unit;
        EXPECT(!capo_unit_run(&unit, arena, "rows", add_part, &part));
        arena_free(arena);
    }
}

static long resident_kb(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * 4;
}

static void read_all(int64_t wanted, Query *query)
{
    size_t before = arena_size(capo_unit->arena);
    long resident = resident_kb();
    int64_t count = 0, sum = 0;
    capo_each(Genre, genre, .query = query) {
        count++;
        sum += genre->id;
    }
    EXPECT_INT(count, wanted);
    EXPECT_INT(sum, wanted * (wanted + 1) / 2);
    EXPECT(arena_size(capo_unit->arena) - before < 200 * 1024);
    if (getenv("CAPO_TEST_ROWS"))
        fprintf(stderr, "%lld rows: %zu bytes of the unit's arena, %ld KiB more resident\n", (long long)count, arena_size(capo_unit->arena) - before,
                resident_kb() - resident);
}

TEST(streaming_keeps_memory_bounded)
{
    capo_test_database();
    add_genres(n_rows());
    Query *query = capo_query(Genre, .order_by = LIST("id"));
    read_all(n_rows(), query);
    read_all(n_rows(), capo_query_chunk(query, 2000));
    capo_begin();                                                       /* a cursor in the transaction's connection */
    read_all(n_rows(), query);
    capo_commit();
}

TEST(streaming_prefetches_a_chunk_at_a_time)
{
    capo_test_database();
    add_genres(3000);
    capo_test_query_count();
    Author *author = capo_new(Author);
    author->name = author->email = "a@example.com";
    capo_save(author);
    Book *book = capo_new(Book);
    book->title = book->slug = "all";
    book->author_id = author->id;
    capo_save(book);
    List *keys = capo_values_flat(capo_query(Genre), "id");
    capo_set_all(book, "genres", keys);
    size_t before = arena_size(capo_unit->arena), count = 0;
    EXPECT_QUERIES(1 + 3000 / 500, capo_each(Genre, genre, .query = capo_query_chunk(capo_query(Genre, .order_by = LIST("id"), .prefetch = LIST("books")), 500)) {
        size_t books;
        Instance **rows;
        EXPECT(capo_instance_get_prefetched(&genre->capo, "books", &rows, &books) && books == 1);
        EXPECT_TEXT(((Book *)rows[0])->title, "all");
        count++;
    });
    EXPECT_INT(count, 3000);
    EXPECT(arena_size(capo_unit->arena) - before < 1024 * 1024);
}

static void chunk_of_nothing(void *unused)
{
    (void)unused;
    capo_query_chunk(capo_query(Genre), 0);
}

typedef struct Reader { bool began, ended; int code; int64_t rows; bool in_transaction, leaves, raises; } Reader;

static void read_some(void *argument)
{
    Reader *reader = argument;
    if (reader->in_transaction)
        capo_begin();
    capo_each(Genre, genre, .order_by = LIST("id")) {
        reader->began = true;
        reader->rows++;
        if (reader->rows == 250 && reader->leaves)
            break;
        if (reader->rows == 250 && reader->raises)
            capo_raise(418, "enough");
        if (reader->rows % 100 == 0)
            capo_sleep(0.001);                                          /* others run between */
    }
}

static void reader_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Reader *reader = argument;
    reader->code = error ? error->code : 0;
    reader->ended = true;
}

TEST(streaming_gives_connections_back)
{
    capo_test_database();
    EXPECT_RAISES(ERROR_VALUE, chunk_of_nothing, NULL);
    add_genres(1000);
    size_t in_use = capo_database_figures().in_use;
    for (int way = 0; way < 6; way++) {
        Reader reader = { .in_transaction = way % 2, .leaves = way / 2 == 1, .raises = way / 2 == 2 };
        capo_fiber_start("reader", read_some, &reader, reader_done, false);
        while (!reader.began)
            capo_sleep(0.001);
        EXPECT_INT(capo_count(Genre), 1000);                            /* while it is suspended */
        while (!reader.ended)
            capo_sleep(0.001);
        EXPECT_INT(reader.code, reader.raises ? 418 : 0);
        EXPECT_INT(reader.rows, reader.leaves || reader.raises ? 250 : 1000);
        EXPECT_INT(capo_database_figures().in_use, in_use);
    }
    Fiber *fiber;
    Reader reader = { 0 };
    fiber = capo_fiber_start("reader", read_some, &reader, reader_done, false);
    while (!reader.began)
        capo_sleep(0.001);
    fiber_cancel(fiber);                                                /* the client went away */
    while (!reader.ended)
        capo_sleep(0.001);
    EXPECT(reader.rows < 1000);
    EXPECT_INT(capo_database_figures().in_use, in_use);
}
