/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that belongs to a unit of work.
 *
 * A request, a command, a test and a background task are each a *unit of work* (unit.h) and own an arena. All that Capo hands
 * out lives in the arena of the unit that runs, and is gone when the unit ends: nobody frees.
 *
 *     char *line = capo_format("%s has %d posts", name, n);    // lives as long as the request
 *     FILE *file = fopen(path, "r");
 *     capo_defer(close_file, file);                            // what is not memory registers a cleanup
 *
 * Allocation never returns NULL: a process without memory ends with a message, and the supervisor starts another.
 * All of it is for the thread that runs the unit; helper threads (loop.h) must not call these. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;

/* --- of the running unit ------------------------------------------------------------------------------------------------ */

/* The arena of the running unit. Outside a unit: a bug, which ends the process with a message. */
Arena *capo_arena(void);

/* `size` zeroed bytes, aligned for any type. size 0 gives a valid pointer. */
void *capo_alloc(size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1)));
/* count * size zeroed bytes; a product that overflows raises 500. */
void *capo_alloc_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));
/* A larger copy of `old` (old_size bytes); in place where `old` was the latest allocation. */
void *capo_realloc(void *old, size_t old_size, size_t new_size) __attribute__((returns_nonnull));
/* The same without zeroes in what is new: for callers that write all of it. */
void *capo_regrow(void *old, size_t old_size, size_t new_size) __attribute__((returns_nonnull));
/* Gives back the end of the latest allocation, which keeps new_size of its old_size bytes. False: it is not the latest, and stays. */
bool capo_shrink(void *latest, size_t old_size, size_t new_size);
/* A copy with a NUL behind it. capo_strdup(NULL) is NULL. */
char *capo_strdup(const char *text);
char *capo_strndup(const char *text, size_t size) __attribute__((returns_nonnull));
void *capo_memdup(const void *bytes, size_t size) __attribute__((returns_nonnull));
/* printf into the arena. */
char *capo_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
char *capo_vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0), returns_nonnull));

#define capo_alloc_struct(type) ((type *)capo_alloc(sizeof(type)))

/* Calls cleanup(argument) when the unit ends or when a raise unwinds past the capo_try that is now innermost; last in, first
 * out. A cleanup must not raise. */
void capo_defer(void (*cleanup)(void *), void *argument);
/* Takes back the newest capo_defer of this pair, without calling it. Unknown pairs are ignored. */
void capo_defer_cancel(void (*cleanup)(void *), void *argument);

/* --- arenas by hand: for framework code that outlives a request --------------------------------------------------------- */

Arena *arena_new(void);
/* Runs the cleanups, returns the memory, keeps the first block for the next use. */
void arena_reset(Arena *arena);
void arena_free(Arena *arena);
void *arena_alloc(Arena *arena, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(2)));
/* The same with whatever is in the bytes: for callers that write all of them. */
void *arena_take(Arena *arena, size_t size) __attribute__((malloc, returns_nonnull, alloc_size(2)));
char *arena_strndup(Arena *arena, const char *text, size_t size) __attribute__((returns_nonnull));
void arena_defer(Arena *arena, void (*cleanup)(void *), void *argument);
/* Bytes taken from malloc, for metrics and tests. */
size_t arena_size(const Arena *arena);

typedef struct ArenaMark { void *cleanup; } ArenaMark;
/* Cleanups registered after the mark are run by arena_unwind, last in, first out; memory stays until the reset. */
ArenaMark arena_mark(Arena *arena);
void arena_unwind(Arena *arena, ArenaMark mark);

/* Takes back all that was allocated since the point, where no cleanup was registered meanwhile and no older piece has grown. Only for
 * code that knows everything that runs in between, and that none of it is kept. */
typedef struct ArenaPoint { void *block, *next, *cleanup; size_t used, total; } ArenaPoint;
ArenaPoint arena_point(const Arena *arena);
void arena_rewind(Arena *arena, ArenaPoint point);
