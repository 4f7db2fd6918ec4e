/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the two halves of loading: loader.c takes texts apart into objects, loader_rows.c makes rows of them. */
#pragma once
#include "internal.h"
#include <capo/serializers.h>

/* A row that refers by a natural key to one that is not there yet: kept as it stood, for the end. */
typedef struct LateRow { const char *text; size_t size; LoadOptions options; struct LateRow *next; } LateRow;

/* What becomes of such a row: it waits; what may be NULL is NULL, and then it waits; it is an error. */
typedef enum Lateness { LATER, WITH_NULLS, NOW } Lateness;

struct Loader {
    int64_t rows;
    Buffer held;                        /* of the current text: what no object is complete of yet */
    size_t scanned, complete;           /* of held: looked at; up to the end of the last whole object */
    bool in_text, escaped, in_array;
    int depth;
    LateRow *late, **last_late; size_t n_late;
    const Model **touched; size_t n_touched, touched_room;
    Arena *arena;                       /* what outlives a batch */
};

/* What is done with one object of a text; `lateness`: what becomes of a row that refers to one that is not there yet. */
typedef struct Rows Rows;
Rows *loader_rows_new(Loader *loader, const LoadOptions *options, Lateness lateness);
void loader_rows_add(Rows *rows, const char *text, size_t size);
void loader_rows_finish(Rows *rows);
/* serializer.c: a value as the text of a fixture has it, "2026-01-31". */
Value serializer_plain(Value value);
/* Whether every key of the rows that were loaded leads somewhere; raises with the first that does not. */
void loader_check_keys(const Loader *loader);
