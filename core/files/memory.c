/* SPDX-License-Identifier: BSD-3-Clause */
/* The storage in memory, for tests (Django's InMemoryStorage): a table of names, each with its bytes. */
#include "files_internal.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/time.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

typedef struct Kept { struct Kept *next; char *name; char *bytes; size_t size; int64_t written_us, read_us; } Kept;
typedef struct Memory { Kept *buckets[BUCKETS]; } Memory;

static void *open_memory(const StorageSettings *settings)
{
    Memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        capo_raise(503, "There is no memory left for the storage '%s'.", settings->name);
    return memory;
}

static void drop(Kept **at)
{
    Kept *gone = *at;
    *at = gone->next;
    free(gone->name);
    free(gone->bytes);
    free(gone);
}

static void close_memory(void *state)
{
    Memory *memory = state;
    for (size_t i = 0; i < BUCKETS; i++)
        while (memory->buckets[i])
            drop(&memory->buckets[i]);
    free(memory);
}

static Kept **find(Memory *memory, const char *name)
{
    Kept **at = &memory->buckets[capo_hash(name, strlen(name)) % BUCKETS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static int write_memory(void *state, const char *name, const FileContent *content, bool overwrite)
{
    Kept **at = find(state, name);
    if (*at && !overwrite)
        return -EEXIST;
    const void *bytes = content->bytes;
    size_t size = content->size;
    if (content->path && !(bytes = capo_read_file(content->path, &size)))
        return -errno;
    Kept *kept = calloc(1, sizeof *kept);
    char *copy = malloc(size + 1), *own_name = strdup(name);
    if (!kept || !copy || !own_name) {
        free(kept);
        free(copy);
        free(own_name);
        return -ENOSPC;
    }
    if (size)
        memcpy(copy, bytes, size);
    *kept = (Kept){ .name = own_name, .bytes = copy, .size = size, .written_us = capo_now().microseconds };
    kept->read_us = kept->written_us;
    if (*at)
        drop(at);
    kept->next = *at;
    *at = kept;
    return 0;
}

static ssize_t read_memory(void *state, const char *name, int64_t offset, void *into, size_t size)
{
    Kept *kept = *find(state, name);
    if (!kept)
        return -ENOENT;
    kept->read_us = capo_now().microseconds;
    size_t left = offset < (int64_t)kept->size ? kept->size - (size_t)offset : 0;
    if (size > left)
        size = left;
    if (size)
        memcpy(into, kept->bytes + offset, size);
    return (ssize_t)size;
}

static int remove_memory(void *state, const char *name)
{
    Kept **at = find(state, name);
    if (!*at)
        return -ENOENT;
    drop(at);
    return 0;
}

static int look_memory(void *state, const char *name, StoredFacts *ret)
{
    const Kept *kept = *find(state, name);
    if (!kept)
        return -ENOENT;
    *ret = (StoredFacts){ .size = (int64_t)kept->size, .modified_us = kept->written_us, .accessed_us = kept->read_us, .created_us = kept->written_us };
    return 0;
}

/* A folder is what several names begin with; it is told of once for each of them. */
static void list_memory(void *state, const char *folder, void (*found)(void *context, const char *name, bool is_folder), void *context)
{
    const Memory *memory = state;
    size_t size = strlen(folder);
    for (size_t i = 0; i < BUCKETS; i++)
        for (const Kept *kept = memory->buckets[i]; kept; kept = kept->next) {
            if (size && (strncmp(kept->name, folder, size) != 0 || kept->name[size] != '/'))
                continue;
            const char *rest = kept->name + size + (size > 0), *slash = strchr(rest, '/');
            found(context, slash ? capo_strndup(rest, (size_t)(slash - rest)) : rest, slash != NULL);
        }
}

const StorageBackend capo_memory_storage = {
    .name = "memory", .open = open_memory, .close = close_memory, .write = write_memory, .read = read_memory, .remove = remove_memory,
    .look = look_memory, .list = list_memory,
};
