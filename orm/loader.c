/* SPDX-License-Identifier: BSD-3-Clause */
/* Fixtures are read in pieces: the objects of the outer list are found by their brackets, and handed on some hundred at a time, each time in
 * a unit of work of its own. So a text of any size takes the memory of its largest batch.
 *
 * All of a load is one transaction. Foreign keys are checked at its end: PostgreSQL and SQLite have them wait for the commit (Django's
 * tables are made so), on MariaDB the connection does not check them meanwhile. Hence two levels there: the inner one may fail and be rolled back, and
 * between the two the connection is told to check again. Not on SQLite: of a savepoint that is open it keeps each page that was changed, in a list that
 * it walks along at the end of every statement, so that 100,000 rows took minutes. */
#include "loader.h"
#include <ctype.h>
#include <string.h>

enum { BATCH_BYTES = 256 * 1024 };

static bool is_mysql(void)
{
    return !strcmp(capo_backend_name(), "mysql");
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

/* Between the two transactions, so that it runs when the inner one is gone; a connection that is lost is closed anyway. */
static void check_keys_again(void *unused)
{
    (void)unused;
    capo_sql_run("SET foreign_key_checks = 1");
}

static void restore(void *unused)
{
    const Error *error = capo_try(check_keys_again, unused);
    (void)error;
}

Loader *capo_loader_open(void)
{
    Loader *loader = capo_alloc_struct(Loader);
    loader->last_late = &loader->late;
    loader->arena = arena_new();
    capo_defer(free_arena, loader->arena);
    capo_begin();
    if (is_mysql()) {
        capo_sql_run("SET foreign_key_checks = 0");
        capo_defer(restore, NULL);
        capo_begin();
    }
    return loader;
}

/* --- taking texts apart --- */

typedef struct Piece { Loader *loader; const LoadOptions *options; const char *text; size_t size; Lateness lateness; } Piece;

static void load_objects(void *argument)
{
    Piece *piece = argument;
    Rows *rows = loader_rows_new(piece->loader, piece->options, piece->lateness);
    const char *at = piece->text, *end = at + piece->size;
    int depth = 0;
    bool in_text = false;
    const char *begin = NULL;
    for (; at < end; at++) {
        if (in_text) {
            if (*at == '\\')
                at++;
            else if (*at == '"')
                in_text = false;
        } else if (*at == '"') {
            in_text = true;
        } else if (*at == '{' || *at == '[') {
            if (depth++ == 0)
                begin = at;
        } else if ((*at == '}' || *at == ']') && --depth == 0) {
            loader_rows_add(rows, begin, (size_t)(at + 1 - begin));
        }
    }
    loader_rows_finish(rows);
}

_Noreturn static void refuse_text(const LoadOptions *options, const char *why)
{
    capo_raise(ERROR_COMMAND, "Problem installing fixture '%s': %s", options->name, why);
}

/* Scans on from where it stopped. */
static void scan(Loader *loader, const LoadOptions *options)
{
    bool lines = options->format && !strcmp(options->format, "jsonl");
    for (; loader->scanned < loader->held.size; loader->scanned++) {
        char c = loader->held.data[loader->scanned];
        if (loader->in_text) {
            if (loader->escaped)
                loader->escaped = false;
            else if (c == '\\')
                loader->escaped = true;
            else if (c == '"')
                loader->in_text = false;
            continue;
        }
        if (loader->depth == 0 && !isspace((unsigned char)c)) {
            if (!lines && !loader->in_array && c == '[') {
                loader->in_array = true;
                loader->held.data[loader->scanned] = ' ';
                continue;
            }
            if (!lines && loader->in_array && (c == ']' || c == ',')) {
                loader->in_array = c == ',';
                loader->held.data[loader->scanned] = ' ';
                continue;
            }
            if (c != '{' || (!lines && !loader->in_array))
                refuse_text(options, lines ? "A line is no object: {\"model\": …}." : "It is no list of objects: [{\"model\": …}, …].");
        }
        if (c == '"')
            loader->in_text = true;
        else if (c == '{' || c == '[')
            loader->depth++;
        else if ((c == '}' || c == ']') && --loader->depth == 0)
            loader->complete = loader->scanned + 1;
    }
}

static void load_held(Loader *loader, const LoadOptions *options)
{
    size_t size = loader->complete;
    Piece piece = { .loader = loader, .options = options, .text = loader->held.data, .size = size };
    capo_run_apart(load_objects, &piece);
    memmove(loader->held.data, loader->held.data + size, loader->held.size - size + 1);
    loader->held.size -= size;
    loader->scanned -= size;
    loader->complete = 0;
}

int64_t capo_load(Loader *loader, const char *text, size_t size, const LoadOptions *given)
{
    LoadOptions options = given ? *given : (LoadOptions){ 0 };
    options.name = options.name ? options.name : "(text)";
    if (options.format && strcmp(options.format, "json") && strcmp(options.format, "jsonl"))
        refuse_text(&options, capo_format("'%s' is not a serialization format; json and jsonl are.", options.format));
    capo_put_bytes(&loader->held, text, size);
    scan(loader, &options);
    if (loader->complete && (size == 0 || loader->complete >= BATCH_BYTES))
        load_held(loader, &options);
    if (size == 0) {
        if (loader->depth || loader->in_text || loader->in_array)
            refuse_text(&options, "The text ends in the middle.");
        loader->held.size = loader->scanned = 0;
    }
    return loader->rows + (int64_t)loader->n_late;
}

/* --- the end --- */

static size_t load_late(Loader *loader, Lateness lateness)
{
    LateRow *late = loader->late;
    loader->late = NULL;
    loader->last_late = &loader->late;
    loader->n_late = 0;
    for (LateRow *row = late; row; row = row->next) {
        Piece piece = { .loader = loader, .options = &row->options, .text = row->text, .size = row->size, .lateness = lateness };
        capo_run_apart(load_objects, &piece);
    }
    return loader->n_late;
}

/* Rows that wait for others: as long as that gets some of them in. */
static void load_as_they_come(Loader *loader)
{
    size_t left = load_late(loader, LATER), before = left + 1;
    while (left && left < before) {
        before = left;
        left = load_late(loader, LATER);
    }
}

int64_t capo_loader_close(Loader *loader)
{
    load_as_they_come(loader);
    if (loader->late) {                         /* a ring */
        load_late(loader, WITH_NULLS);
        load_as_they_come(loader);
        load_late(loader, NOW);
    }
    loader_check_keys(loader);
    for (size_t i = 0; i < loader->n_touched; i++)
        capo_schema_reset_sequence(loader->touched[i]);
    if (is_mysql()) {
        capo_commit();
        capo_defer_cancel(restore, NULL);
        capo_sql_run("SET foreign_key_checks = 1");
    }
    capo_commit();
    return loader->rows;
}

int64_t capo_load_text(const char *text, const LoadOptions *options)
{
    Loader *loader = capo_loader_open();
    capo_load(loader, text, strlen(text), options);
    capo_load(loader, "", 0, options);
    return capo_loader_close(loader);
}

static Value in_text(Value value)
{
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, in_text(value.list->items[i]));
        return capo_value_list(list);
    }
    if (value.kind == VALUE_MAP) {
        Map *map = capo_map_new();
        for (size_t i = 0; i < value.map->count; i++)
            capo_map_set_value(map, value.map->entries[i].key, in_text(value.map->entries[i].value));
        return capo_value_map(map);
    }
    return serializer_plain(value);
}

int64_t capo_load_values(const List *rows, const LoadOptions *given)
{
    LoadOptions options = given ? *given : (LoadOptions){ 0 };
    Loader *loader = capo_loader_open();
    options.format = "jsonl";
    options.name = options.name ? options.name : "(values)";
    for (size_t i = 0; i < rows->count; i++) {
        Buffer text = { 0 };
        if (rows->items[i].kind != VALUE_MAP)
            refuse_text(&options, capo_format("Row %zu is no map of \"model\", \"pk\" and \"fields\".", i + 1));
        capo_json_put_fixture(&text, in_text(rows->items[i]), 0, true);
        capo_load(loader, text.data, text.size, &options);
    }
    capo_load(loader, "", 0, &options);
    return capo_loader_close(loader);
}
