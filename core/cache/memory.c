/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache in the worker's own memory: a table of keyed hashes, and a list from the latest used entry to the one that goes first. */
#include "cache_internal.h"
#include <stdlib.h>
#include <string.h>

typedef struct Entry {
    struct Entry *next_same;            /* in its slot of the table */
    struct Entry *newer, *older;
    uint64_t hash;
    int64_t expires_us;
    size_t key_size, size;
    char data[];                        /* key, its NUL, bytes */
} Entry;

typedef struct Memory {
    Entry **slots;
    size_t n_slots, count, bytes;
    Entry *newest, *oldest;
    size_t max_entries, max_bytes;
    int64_t cull_frequency;
} Memory;

enum { SLOTS = 64, LARGEST_SHARE = 8 };

_Noreturn static void out_of_memory(void)
{
    capo_raise(503, "There is no memory left for the cache.");
}

static size_t cost(size_t key_size, size_t size)
{
    return sizeof(Entry) + key_size + 1 + size;
}

static void *open_memory(const CacheSettings *settings)
{
    Memory *memory = calloc(1, sizeof *memory);
    if (!memory || !(memory->slots = calloc(SLOTS, sizeof *memory->slots))) {
        free(memory);
        out_of_memory();
    }
    memory->n_slots = SLOTS;
    memory->max_entries = (size_t)settings->max_entries;
    memory->max_bytes = (size_t)settings->max_bytes;
    memory->cull_frequency = settings->cull_frequency;
    return memory;
}

static void leave_order(Memory *memory, Entry *entry)
{
    *(entry->newer ? &entry->newer->older : &memory->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &memory->oldest) = entry->newer;
}

static void become_newest(Memory *memory, Entry *entry)
{
    entry->newer = NULL;
    entry->older = memory->newest;
    *(memory->newest ? &memory->newest->newer : &memory->oldest) = entry;
    memory->newest = entry;
}

static Entry **link_of(Memory *memory, const char *key, size_t key_size, uint64_t hash)
{
    Entry **link = &memory->slots[hash & (memory->n_slots - 1)];
    while (*link && ((*link)->hash != hash || (*link)->key_size != key_size || memcmp((*link)->data, key, key_size) != 0))
        link = &(*link)->next_same;
    return link;
}

static void drop(Memory *memory, Entry **link)
{
    Entry *entry = *link;
    *link = entry->next_same;
    leave_order(memory, entry);
    memory->count--;
    memory->bytes -= cost(entry->key_size, entry->size);
    free(entry);
}

static void drop_oldest(Memory *memory)
{
    Entry *entry = memory->oldest;
    drop(memory, link_of(memory, entry->data, entry->key_size, entry->hash));
}

/* The link to a live entry, or to the end of its slot; one that has expired goes. */
static Entry **find(Memory *memory, const char *key, uint64_t *ret_hash)
{
    size_t size = strlen(key);
    uint64_t hash = capo_hash(key, size);
    Entry **link = link_of(memory, key, size, hash);
    if (*link && (*link)->expires_us <= cache_now_us()) {
        drop(memory, link);
        link = link_of(memory, key, size, hash);
    }
    if (ret_hash)
        *ret_hash = hash;
    return link;
}

static bool get(void *state, const char *key, CacheItem *ret)
{
    Memory *memory = state;
    Entry *entry = *find(memory, key, NULL);
    if (!entry)
        return false;
    leave_order(memory, entry);
    become_newest(memory, entry);
    *ret = (CacheItem){ capo_memdup(entry->data + entry->key_size + 1, entry->size), entry->size, entry->expires_us };
    return true;
}

/* A table without room for more slots works on, with longer chains. */
static void grow(Memory *memory)
{
    size_t n = memory->n_slots * 2;
    Entry **slots = calloc(n, sizeof *slots);
    if (!slots)
        return;
    for (Entry *entry = memory->newest; entry; entry = entry->older) {
        Entry **slot = &slots[entry->hash & (n - 1)];
        entry->next_same = *slot;
        *slot = entry;
    }
    free(memory->slots);
    memory->slots = slots;
    memory->n_slots = n;
}

/* Django's cull: when it is full, one in cull_frequency goes, those that were not used for longest. */
static void make_room(Memory *memory, size_t size)
{
    if (memory->count >= memory->max_entries) {
        size_t going = memory->cull_frequency == CACHE_CULL_ALL ? memory->count : memory->count / (size_t)memory->cull_frequency;
        for (going = going ? going : 1; going > 0; going--)
            drop_oldest(memory);
    }
    while (memory->count && memory->bytes + size > memory->max_bytes)
        drop_oldest(memory);
}

static bool set(void *state, const char *key, const CacheItem *item, bool only_new)
{
    Memory *memory = state;
    uint64_t hash;
    Entry **link = find(memory, key, &hash);
    if (*link && only_new)
        return false;
    if (*link)
        drop(memory, link);
    size_t key_size = strlen(key), need = cost(key_size, item->size);
    if (need > memory->max_bytes / LARGEST_SHARE)
        return false;
    make_room(memory, need);
    Entry *entry = malloc(need);
    if (!entry)
        return false;
    *entry = (Entry){ .hash = hash, .expires_us = item->expires_us, .key_size = key_size, .size = item->size };
    memcpy(entry->data, key, key_size + 1);
    memcpy(entry->data + key_size + 1, item->bytes, item->size);
    if (memory->count >= memory->n_slots)
        grow(memory);
    Entry **slot = &memory->slots[hash & (memory->n_slots - 1)];
    entry->next_same = *slot;
    *slot = entry;
    become_newest(memory, entry);
    memory->count++;
    memory->bytes += need;
    return true;
}

static bool touch(void *state, const char *key, int64_t expires_us)
{
    Entry *entry = *find(state, key, NULL);
    if (entry)
        entry->expires_us = expires_us;
    return entry != NULL;
}

static bool remove_key(void *state, const char *key)
{
    Entry **link = find(state, key, NULL);
    bool there = *link != NULL;
    if (there)
        drop(state, link);
    return there;
}

static void clear(void *state)
{
    Memory *memory = state;
    while (memory->oldest)
        drop_oldest(memory);
}

static void close_memory(void *state)
{
    Memory *memory = state;
    clear(memory);
    free(memory->slots);
    free(memory);
}

const CacheBackend capo_memory_cache = { .name = "memory", .open = open_memory, .close = close_memory, .get = get, .set = set, .touch = touch,
    .remove = remove_key, .clear = clear };
