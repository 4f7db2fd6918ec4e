/* SPDX-License-Identifier: BSD-3-Clause */
/* Arenas: bump allocation in a chain of blocks, and a stack of cleanups that lives in the arena itself.
 *
 * Under AddressSanitizer everything not handed out is poisoned and each allocation has a gap behind it, so that an overflow
 * or a use after the reset is reported like one of malloc. A project is built with it in development and the library is not, so
 * the sanitizer is asked for at run time. */
#include <capo/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void __asan_poison_memory_region(void volatile *, size_t) __attribute__((weak));
extern void __asan_unpoison_memory_region(void volatile *, size_t) __attribute__((weak));
#define POISON(p, n) (__asan_poison_memory_region ? __asan_poison_memory_region((p), (n)) : (void)0)
#define UNPOISON(p, n) (__asan_unpoison_memory_region ? __asan_unpoison_memory_region((p), (n)) : (void)0)
#define GAP (__asan_poison_memory_region ? (size_t)16 : (size_t)0)

enum { FIRST_BLOCK = 8 * 1024, BLOCK = 32 * 1024, ALIGN = 16, MOST_SPARE = 128 };

typedef struct Block {
    struct Block *next;
    size_t size, used;
    char data[] __attribute__((aligned(ALIGN)));
} Block;

typedef struct Cleanup {
    struct Cleanup *next;
    void (*run)(void *);
    void *argument;
} Cleanup;

struct Arena {
    Block *first, *current;
    Cleanup *cleanups;
    size_t total;
};

__thread Unit *capo_unit;

_Noreturn static void out_of_memory(size_t size)
{
    fprintf(stderr, "capo: out of memory: %zu bytes wanted%s%s; this process ends\n", size, capo_unit ? " in " : "",
            capo_unit && capo_unit->what ? capo_unit->what : "");
    abort();
}

/* Blocks that large pages and results left, for the next of their kind: at most 4 MB a thread. Taken from the system and given back each time, a
 * result of 10,000 rows would spend a third of its time on fresh pages. */
static __thread struct { Block *first; size_t count; } spare;

static void block_free(Block *block)
{
    UNPOISON(block->data, block->size);
    if (block->size == BLOCK && spare.count < MOST_SPARE && !__asan_poison_memory_region) {
        block->next = spare.first;
        spare.first = block;
        spare.count++;
    } else {
        free(block);
    }
}

static Block *block_new(size_t size)
{
    Block *block = size == BLOCK ? spare.first : NULL;
    if (block) {
        spare.first = block->next;
        spare.count--;
    } else {
        block = malloc(sizeof(Block) + size);
    }
    if (!block)
        out_of_memory(size);
    block->next = NULL;
    block->size = size;
    block->used = 0;
    POISON(block->data, size);
    return block;
}

Arena *arena_new(void)
{
    Arena *arena = calloc(1, sizeof(Arena));
    if (!arena)
        out_of_memory(sizeof(Arena));
    arena->first = arena->current = block_new(FIRST_BLOCK);
    arena->total = FIRST_BLOCK;
    return arena;
}

/* A large piece gets a block of its own, behind the current one, which stays in use for small pieces. */
static __attribute__((noinline)) Block *add_block(Arena *arena, size_t need)
{
    size_t room = need > BLOCK / 4 ? need : BLOCK;
    Block *fresh = block_new(room);
    arena->total += room;
    fresh->next = arena->current->next;
    arena->current->next = fresh;
    if (room != need)
        arena->current = fresh;
    return fresh;
}

/* The room that a piece takes. */
static inline size_t needed(size_t size)
{
    size_t need = (size + GAP + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    return need ? need : ALIGN;
}

/* `size` bytes with whatever is in them: for callers that write all of them. */
static inline void *take(Arena *arena, size_t size)
{
    if (__builtin_expect(size > SIZE_MAX / 2, 0))
        out_of_memory(size);
    size_t need = needed(size);
    Block *block = arena->current;
    if (__builtin_expect(block->size - block->used < need, 0))
        block = add_block(arena, need);
    char *result = block->data + block->used;
    block->used += need;
    UNPOISON(result, size);
    return result;
}

void *arena_alloc(Arena *arena, size_t size)
{
    return memset(take(arena, size), 0, size);
}

void *arena_take(Arena *arena, size_t size)
{
    return take(arena, size);
}

char *arena_strndup(Arena *arena, const char *text, size_t size)
{
    char *copy = take(arena, size + 1);
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

void arena_defer(Arena *arena, void (*cleanup)(void *), void *argument)
{
    Cleanup *entry = arena_alloc(arena, sizeof(Cleanup));
    *entry = (Cleanup){ .next = arena->cleanups, .run = cleanup, .argument = argument };
    arena->cleanups = entry;
}

ArenaMark arena_mark(Arena *arena)
{
    return (ArenaMark){ arena->cleanups };
}

void arena_unwind(Arena *arena, ArenaMark mark)
{
    while (arena->cleanups && (void *)arena->cleanups != mark.cleanup) {
        Cleanup *entry = arena->cleanups;
        arena->cleanups = entry->next;
        if (entry->run)
            entry->run(entry->argument);
    }
}

ArenaPoint arena_point(const Arena *arena)
{
    return (ArenaPoint){ arena->current, arena->current->next, arena->cleanups, arena->current->used, arena->total };
}

/* Blocks are added behind the current one: those since the point stand between it and the one that was next. */
void arena_rewind(Arena *arena, ArenaPoint point)
{
    Block *block = point.block, *fresh = block->next;
    if (arena->cleanups != point.cleanup || block->used < point.used)
        return;
    while (fresh && fresh != point.next)
        fresh = fresh->next;
    if (fresh != point.next)
        return;
    for (fresh = block->next; fresh != point.next; fresh = block->next) {
        block->next = fresh->next;
        block_free(fresh);
    }
    POISON(block->data + point.used, block->used - point.used);
    block->used = point.used;
    arena->current = block;
    arena->total = point.total;
}

void arena_reset(Arena *arena)
{
    arena_unwind(arena, (ArenaMark){ NULL });
    Block *block = arena->first->next;
    while (block) {
        Block *next = block->next;
        block_free(block);
        block = next;
    }
    arena->first->next = NULL;
    arena->first->used = 0;
    POISON(arena->first->data, arena->first->size);
    arena->current = arena->first;
    arena->total = FIRST_BLOCK;
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    UNPOISON(arena->first->data, arena->first->size);
    free(arena->first);
    free(arena);
}

size_t arena_size(const Arena *arena)
{
    return arena->total;
}

/* --- of the running unit --- */

Arena *capo_arena(void)
{
    if (!capo_unit) {
        fprintf(stderr, "capo: bug: memory of a unit of work was asked for outside one (a helper thread, or main before capo_main)\n");
        abort();
    }
    return capo_unit->arena;
}

void *capo_alloc(size_t size)
{
    return arena_alloc(capo_arena(), size);
}

void *capo_alloc_array(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        capo_raise(500, "An array of %zu times %zu bytes does not fit in memory.", count, size);
    return capo_alloc(total);
}

/* The latest large piece, where `old` is it: alone in the block behind the current one. */
static Block *own_block(const Arena *arena, const void *old, size_t old_size)
{
    Block *block = arena->current->next;
    return block && old == block->data && block->used == block->size && block->used == needed(old_size) ? block : NULL;
}

void *capo_regrow(void *old, size_t old_size, size_t new_size)
{
    Arena *arena = capo_arena();
    Block *block = arena->current;
    if (old && old_size > 0 && new_size >= old_size && new_size <= SIZE_MAX / 2) {
        size_t old_need = needed(old_size), new_need = needed(new_size);
        if ((char *)old + old_need == block->data + block->used && block->size - block->used >= new_need - old_need) {
            block->used += new_need - old_need;
            UNPOISON((char *)old, new_size);
            return old;
        }
        block = own_block(arena, old, old_size);
        if (block) {                    /* nobody else's memory moves with it */
            UNPOISON(block->data, block->size);
            block = realloc(block, sizeof(Block) + new_need);
            if (!block)
                out_of_memory(new_need);
            arena->total += new_need - old_need;
            block->size = block->used = new_need;
            arena->current->next = block;
            POISON(block->data + new_size, new_need - new_size);
            return block->data;
        }
    }
    char *result = take(arena, new_size);
    if (old)
        memcpy(result, old, old_size < new_size ? old_size : new_size);
    return result;
}

void *capo_realloc(void *old, size_t old_size, size_t new_size)
{
    char *result = capo_regrow(old, old_size, new_size);
    if (new_size > old_size)
        memset(result + old_size, 0, new_size - old_size);
    return result;
}

bool capo_shrink(void *latest, size_t old_size, size_t new_size)
{
    Block *block = capo_arena()->current;
    size_t old_need = needed(old_size), new_need = needed(new_size);
    if ((char *)latest + old_need != block->data + block->used || new_need > old_need)
        return false;
    block->used -= old_need - new_need;
    POISON((char *)latest + new_size, old_need - new_size);
    return true;
}

char *capo_strdup(const char *text)
{
    return text ? arena_strndup(capo_arena(), text, strlen(text)) : NULL;
}

char *capo_strndup(const char *text, size_t size)
{
    return arena_strndup(capo_arena(), text, size);
}

void *capo_memdup(const void *bytes, size_t size)
{
    void *copy = take(capo_arena(), size);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

char *capo_vformat(const char *format, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(small, sizeof small, format, args);
    if (size < 0)
        capo_raise(500, "A text could not be formatted (%s).", format);
    char *result = take(capo_arena(), (size_t)size + 1);
    if ((size_t)size < sizeof small)
        memcpy(result, small, (size_t)size + 1);
    else
        vsnprintf(result, (size_t)size + 1, format, again);
    va_end(again);
    return result;
}

char *capo_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *result = capo_vformat(format, args);
    va_end(args);
    return result;
}

void capo_defer(void (*cleanup)(void *), void *argument)
{
    arena_defer(capo_arena(), cleanup, argument);
}

void capo_defer_cancel(void (*cleanup)(void *), void *argument)
{
    for (Cleanup *entry = capo_arena()->cleanups; entry; entry = entry->next)
        if (entry->run == cleanup && entry->argument == argument) {
            entry->run = NULL;          /* stays in the chain, so that marks behind it hold */
            return;
        }
}
