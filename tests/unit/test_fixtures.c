/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as text and back: serializers.h. What is Django's to the byte is held against the real one by tests/suites/django-database. */
#include "query_library.h"
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <capo/serializers.h>
#include <stdlib.h>
#include <string.h>

#define AUTHOR(pk, name) "{\"model\": \"library.author\", \"pk\": " pk ", \"fields\": {\"name\": \"" name "\", \"email\": \"" name "@example.com\", \"friends\": [], \"follows\": []}}"
#define BOOK(pk, slug, more) "{\"model\": \"library.book\", " pk "\"fields\": {\"title\": \"" slug "\", \"slug\": \"" slug "\", \"status\": \"d\", \"pages\": 1" more "}}"

static char *dumped_as(SerializeOptions options, Query *rows)
{
    Buffer *out = capo_alloc_struct(Buffer);
    options.buffer = out;
    Serializer *serializer = capo_serializer_open(&options);
    capo_serialize(serializer, rows);
    capo_serializer_close(serializer);
    return capo_buffer_text(out);
}
#define dumped(rows, ...) dumped_as((SerializeOptions){ __VA_ARGS__ }, (rows))

typedef struct Load { const char *text; const LoadOptions *options; } Load;

static void load(void *argument)
{
    Load *given = argument;
    capo_load_text(given->text, given->options);
}

static const char *refused(const char *text)
{
    Load given = { text, &(LoadOptions){ .name = "a.json" } };
    return capo_expect_raises(__FILE__, __LINE__, ERROR_COMMAND, load, &given)->message;
}

TEST(fixtures_write_a_row)
{
    query_library();
    Query *genres = capo_query(Genre, .where = { .id = LTE(2) });
    EXPECT_TEXT(dumped(genres), "[{\"model\": \"library.genre\", \"pk\": 1, \"fields\": {\"name\": \"fantasy\"}}, "
                                "{\"model\": \"library.genre\", \"pk\": 2, \"fields\": {\"name\": \"poetry\"}}]");
    EXPECT_TEXT(dumped(genres, .format = "jsonl"), "{\"model\": \"library.genre\",\"pk\": 1,\"fields\": {\"name\": \"fantasy\"}}\n"
                                                   "{\"model\": \"library.genre\",\"pk\": 2,\"fields\": {\"name\": \"poetry\"}}\n");
    EXPECT_TEXT(dumped(capo_query(Genre, .where = { .id = EQ(1) }), .indent = 2),
                "[\n{\n  \"model\": \"library.genre\",\n  \"pk\": 1,\n  \"fields\": {\n    \"name\": \"fantasy\"\n  }\n}\n]\n");
    EXPECT_TEXT(dumped(capo_query(Genre, .where = { .id = EQ(99) })), "[]");
    EXPECT_TEXT(dumped(capo_query(Book, .where = { .id = EQ(1) }), .fields = LIST("title", "author", "genres"), .natural_foreign = true, .natural_primary = true),
                capo_format("[{\"model\": \"library.book\", \"fields\": {\"title\": \"Alpha\", \"author\": [\"%s\"], \"genres\": [[\"fantasy\"], [\"poetry\"]]}}]",
                            capo_get(Author, .where = { .id = EQ(1) })->email));
}

/* More rows than a batch, and what becomes of a key that was missing: nothing is twice, nothing left out. */
TEST(fixtures_write_many_rows)
{
    query_library();
    capo_delete_all(Genre);
    Instance **genres = capo_alloc_array(2500, sizeof *genres);
    for (int i = 0; i < 2500; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("genre %d", i);
        genres[i] = &genre->capo;
    }
    capo_bulk_create(genres, 2500);
    char *text = dumped(capo_query(Genre), .format = "jsonl");
    capo_delete_all(Genre);
    EXPECT_INT(capo_load_text(text, &(LoadOptions){ .format = "jsonl" }), 2500);
    EXPECT_TEXT(dumped(capo_query(Genre), .format = "jsonl"), text);
}

/* Microseconds, which Django's encoder cuts. */
TEST(fixtures_keep_every_kind)
{
    query_library();
    Kind *kind = capo_new(Kind);
    kind->name = "edge \u2028 \x7f";
    kind->moment = (DateTime){ -62135596800000000 };
    kind->hour = capo_time(23, 59, 59, 999999);
    capo_set(kind, o_moment, ((DateTime){ 253402300799999999 }));
    capo_set(kind, o_length, ((Duration){ -1 }));
    capo_set(kind, o_big, INT64_MIN);
    capo_set(kind, o_real, 0.1 + 0.2);
    capo_set(kind, o_price, ((Decimal){ "-999999.99" }));
    kind->bytes = (Bytes){ (const uint8_t *)"\0\xff", 2 };
    if (database_is("mysql"))
        kind->moment = (DateTime){ -30610224000000000 };            /* the year 1000 is its first */
    capo_save(kind);
    char *text = dumped(capo_query(Kind));
    EXPECT(strstr(text, "\"hour\": \"23:59:59.999999\"") && strstr(text, "\"o_moment\": \"9999-12-31T23:59:59.999999Z\"") != NULL);
    EXPECT(strstr(text, "\"o_length\": \"-1 23:59:59.999999\"") && strstr(text, "\"bytes\": \"AP8=\"") && strstr(text, "0.30000000000000004") != NULL);
    capo_delete_all(Kind);
    EXPECT_INT(capo_load_text(text, NULL), 1);
    EXPECT_TEXT(dumped(capo_query(Kind)), text);
}

TEST(fixtures_are_loaded_as_they_are)
{
    query_library();
    capo_test_hooks[0] = '\0';
    EXPECT_INT(capo_load_text("[" AUTHOR("50", "zed") ",\n" BOOK("\"pk\": 60, ", "one", ", \"author\": 50") "]", NULL), 2);
    EXPECT_TEXT(capo_test_hooks, "");
    EXPECT_INT(capo_get(Book, .where = { .slug = EQ("one") })->author_id, 50);
    /* the same key again is the same row; other keys go on behind it */
    EXPECT_INT(capo_load_text("[" BOOK("\"pk\": 60, ", "two", ", \"author\": 50") "," BOOK("\"pk\": 60, ", "three", ", \"author\": 50") "]", NULL), 2);
    EXPECT_TEXT(column(capo_query(Book, .where = { .author_id = EQ(50) }), "slug"), "three");
    EXPECT_INT(capo_load_text("[" BOOK("", "new", ", \"author\": 50") "]", NULL), 1);
    EXPECT_INT(capo_get(Book, .where = { .slug = EQ("new") })->id, 61);
    /* both sides of a symmetrical relation, one of which is written */
    capo_load_text("[{\"model\": \"library.author\", \"pk\": 50, \"fields\": {\"name\": \"zed\", \"email\": \"zed@example.com\", \"friends\": [1]}}]", NULL);
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("friends", 50))), "1");
    capo_load_text("[" AUTHOR("50", "zed") "]", NULL);
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("friends", 50))), "");
}

/* What a row points to may come behind it, by key and by natural key, and two may point to each other. */
TEST(fixtures_refer_forwards)
{
    query_library();
    EXPECT_INT(capo_load_text("[" BOOK("\"pk\": 60, ", "one", ", \"author\": 50, \"sequel_of\": 61, \"genres\": [1, 70]") ","
                              BOOK("\"pk\": 61, ", "two", ", \"author\": 50, \"sequel_of\": 60") "," AUTHOR("50", "zed") ","
                              "{\"model\": \"library.genre\", \"pk\": 70, \"fields\": {\"name\": \"late\"}}]", NULL), 4);
    EXPECT_INT(capo_get(Book, .where = { .id = EQ(60) })->sequel_of_id.value, 61);
    EXPECT_TEXT(ids(capo_related_query(capo_get(Book, .where = { .id = EQ(60) }), "genres")), "1 70");
    EXPECT_INT(capo_load_text("[" BOOK("", "three", ", \"author\": [\"yan@example.com\"], \"sequel_of\": [\"yan@example.com\", \"four\"], \"genres\": [[\"later\"], [\"fantasy\"]]") ","
                              BOOK("", "four", ", \"author\": [\"yan@example.com\"], \"sequel_of\": [\"yan@example.com\", \"three\"]") ","
                              "{\"model\": \"library.genre\", \"fields\": {\"name\": \"later\"}}, {\"model\": \"library.author\", \"fields\": {\"name\": \"yan\", \"email\": \"yan@example.com\"}}]",
                              NULL), 4);
    Book *three = capo_get(Book, .where = { .slug = EQ("three") }), *four = capo_get(Book, .where = { .slug = EQ("four") });
    EXPECT_INT(three->sequel_of_id.value, four->id);
    EXPECT_INT(four->sequel_of_id.value, three->id);
    EXPECT_TEXT(column(capo_related_query(three, "genres"), "name"), "fantasy later");
    /* found by the natural key: changed, not made again */
    EXPECT_INT(capo_load_text("[{\"model\": \"library.author\", \"fields\": {\"name\": \"Yan\", \"email\": \"yan@example.com\"}}]", NULL), 1);
    EXPECT_TEXT(column(capo_query(Author, .where = { .email = EQ("yan@example.com") }), "name"), "Yan");
}

/* A text of rows that all wait for those of a later one is no empty text. */
TEST(fixtures_count_rows_that_wait)
{
    query_library();
    Loader *loader = capo_loader_open();
    const char *texts[] = { "[" BOOK("", "three", ", \"author\": [\"yan@example.com\"]") "]",
                            "[{\"model\": \"library.author\", \"fields\": {\"name\": \"yan\", \"email\": \"yan@example.com\"}}]" };
    for (int i = 0; i < 2; i++) {
        capo_load(loader, texts[i], strlen(texts[i]), NULL);
        EXPECT_INT(capo_load(loader, "", 0, NULL), i + 1);
    }
    EXPECT_INT(capo_loader_close(loader), 2);
}

TEST(fixtures_that_are_wrong_load_nothing)
{
    static const struct { const char *text, *wanted; } cases[] = {
        { "{}", "Problem installing fixture 'a.json': It is no list of objects: [{\"model\": …}, …]." },
        { "[{\"model\"", "Problem installing fixture 'a.json': The text ends in the middle." },
        { "[{\"model\": \"library.genre\", \"pk\": 9, \"fields\": {\"name\": }}]", "Problem installing fixture 'a.json': " },
        { "[{\"pk\": 1}]", "an object has no \"model\" or no \"fields\"" },
        { "[{\"model\": \"library.nothing\", \"fields\": {}}]", "Invalid model identifier: 'library.nothing'" },
        { "[{\"model\": \"library.genre\", \"pk\": 9, \"fields\": {\"nam\": \"x\"}}]", "Could not load library.Genre(pk=9): Genre has no field named 'nam'." },
        { "[{\"model\": \"library.genre\", \"pk\": \"x\", \"fields\": {\"name\": \"x\"}}]", "Could not load library.Genre(pk=x): " },
        { "[" AUTHOR("50", "zed") ", " BOOK("\"pk\": 60, ", "one", ", \"author\": 99") "]", "Problem installing fixtures: The row in table 'library_book' with primary key '60' has an "
          "invalid foreign key: library_book.author_id contains a value '99' that does not have a corresponding value in library_author.id." },
        { "[" BOOK("\"pk\": 60, ", "one", ", \"author\": [\"who@example.com\"]") "]", "Author matching query does not exist: no row has the natural key [\"who@example.com\"] of the field 'author'." },
        { "[" BOOK("\"pk\": 60, ", "one", ", \"author\": [\"a\", \"b\"]") "]", "the natural key of library.Author has fewer values than [\"a\", \"b\"]" },
        { "[" BOOK("\"pk\": 60, ", "one", ", \"author\": null") "]", "Could not load library.Book(pk=60): the field 'author' must not be null." },
        { "[" BOOK("\"pk\": 60, ", "one", "") "]", "Could not load library.Book(pk=60): the field 'author' is missing; it has no default and must not be null." },
        { "[{\"model\": \"library.genre\", \"pk\": 90, \"fields\": {\"name\": \"good\"}}, {\"model\": \"library.genre\", \"pk\": 91, \"fields\": {\"name\": \"fantasy\"}}]",
          "Could not load library.Genre(pk=91): " },
    };
    query_library();
    char *before = capo_format("%s%s%s", dumped(capo_query(Genre)), dumped(capo_query(Book)), dumped(capo_query(Author)));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *message = refused(cases[i].text);
        if (!strstr(message, cases[i].wanted))
            EXPECT_TEXT(message, cases[i].wanted);
        EXPECT_TEXT(capo_format("%s%s%s", dumped(capo_query(Genre)), dumped(capo_query(Book)), dumped(capo_query(Author))), before);
    }
    EXPECT(!capo_in_transaction());
    if (database_is("mysql"))               /* the connection checks foreign keys as before */
        EXPECT_INT(capo_sql_rows("SELECT @@foreign_key_checks AS n")->items[0].map->entries[0].value.integer, 1);
}

TEST(fixtures_leave_out)
{
    query_library();
    const char *text = "[{\"model\": \"library.nothing\", \"fields\": {}}, {\"model\": \"library.genre\", \"pk\": 9, \"fields\": {\"name\": \"x\", \"more\": 1}}," AUTHOR("50", "zed") "]";
    EXPECT_INT(capo_load_text(text, &(LoadOptions){ .ignore_unknown = true, .exclude = (Model *const[]){ &Author_model, NULL } }), 1);
    EXPECT_INT(capo_count(Author, .where = { .id = EQ(50) }), 0);
    EXPECT_INT(capo_count(Genre, .where = { .id = EQ(9) }), 1);
}

/* What Python writes where JSON has no number. MariaDB has no such either. */
TEST(fixtures_have_infinity)
{
    query_library();
    if (database_is("mysql"))
        return;
    Kind *kind = capo_new(Kind);
    kind->name = "\"-Infinity\" is a text";
    kind->real = __builtin_inf();
    capo_save(kind);
    char *text = dumped(capo_query(Kind));
    EXPECT(strstr(text, "\"real\": Infinity,") != NULL);
    capo_delete_all(Kind);
    capo_load_text(text, NULL);
    EXPECT_TEXT(dumped(capo_query(Kind)), text);
}

/* A text is not kept: what a load takes does not grow with it. */
TEST(fixtures_of_any_size_take_little_memory)
{
    query_library();
    const LoadOptions options = { .ignore_unknown = true };
    char *row = capo_format("{\"model\": \"library.genre\", \"pk\": 1, \"fields\": {\"name\": \"a\", \"more\": \"%03000d\"}},", 7);
    const char *last = "{\"model\": \"library.genre\", \"pk\": 1, \"fields\": {\"name\": \"z\"}}]";
    size_t before = arena_size(capo_arena());
    Loader *loader = capo_loader_open();
    capo_load(loader, "[", 1, &options);
    for (int i = 0; i < 3000; i++)                              /* nine megabytes */
        capo_load(loader, row, strlen(row), &options);
    capo_load(loader, last, strlen(last), &options);
    capo_load(loader, "", 0, &options);
    EXPECT_INT(capo_loader_close(loader), 3001);
    EXPECT_TEXT(capo_get(Genre, .where = { .id = EQ(1) })->name, "z");
    EXPECT(arena_size(capo_arena()) - before < 3 * 1024 * 1024);
}

TEST(fixtures_models_by_dependency)
{
    capo_test_models();
    Model *models[] = { &Book_model, &Genre_model, &Author_model };
    Model **sorted = capo_models_by_dependency(models, 3);
    EXPECT(sorted[0] == &Genre_model && sorted[1] == &Author_model && sorted[2] == &Book_model && !sorted[3]);
    const char *const *paths = capo_natural_key(&Book_model);
    EXPECT_TEXT(capo_join(paths, " "), "author__email slug");
    EXPECT(capo_natural_key(&Country_model) == NULL);
}

TEST(fixtures_flush)
{
    query_library();
    size_t count, n = 0;
    Model *const *all = capo_all_models(&count);
    Model **models = capo_alloc_array(count, sizeof *models);
    for (size_t i = 0; i < count; i++)
        if (capo_schema_has_table(all[i]->table) && all[i]->concrete == all[i])
            models[n++] = all[i];
    List *statements = capo_schema_flush_sql(models, n);
    capo_begin();
    for (size_t i = 0; i < statements->count; i++)
        capo_sql_run_with(statements->items[i].text, NULL, 0);
    capo_commit();
    EXPECT_INT(capo_count(Book) + capo_count(Author) + capo_count(Genre), 0);
    Genre *genre = capo_new(Genre);
    genre->name = "first";
    capo_save(genre);
    EXPECT_INT(genre->id, 1);
    Model odd = Genre_model;
    odd.table = "it's";
    statements = capo_schema_flush_sql((Model *const[]){ &odd }, 1);
    if (database_is("sqlite"))
        EXPECT(strstr(statements->items[statements->count - 1].text, "('it''s')") != NULL);
    if (database_is("postgresql"))
        EXPECT(strstr(capo_schema_sequence_sql(&odd), "('\"it''s\"', 'id')") != NULL);
}
