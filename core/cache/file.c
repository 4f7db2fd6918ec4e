/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache in files: one for each key, named by SHA-256 of the key, in one folder that is ours alone.
 *
 *     magic, expiry, sizes, checksum, key, bytes
 *
 * A file is written under another name and renamed, or linked where nothing may be there yet: who reads sees all of it or nothing, and
 * several processes may share the folder. Whatever does not check is a miss and goes. */
#include "cache_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "capocach"
#define ENDING ".cache"
#define TEMPORARY ".new-"
enum { CHECK = 16, NAME = 2 * crypto_hash_sha256_BYTES + sizeof ENDING, LARGEST = 1 << 30, STALE_TEMPORARY_S = 3600 };

typedef struct Head {
    char magic[8];
    int64_t expires_us;
    uint64_t key_size, size;
    uint8_t check[CHECK];
} Head;

typedef struct Folder {
    char *path;
    int fd;
    int64_t max_entries, cull_frequency;
    uint64_t sets;
} Folder;

/* --- the folder --- */

static _Noreturn void refuse(const char *path, const char *why)
{
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The folder '%s' of a file cache cannot be used: %s.", path, why);
}

/* With the mode 0700 on each level that is made, whatever the umask allows beyond. */
static void make_folders(const char *path)
{
    char *part = capo_strdup(path);
    for (char *slash = part; slash; ) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            refuse(path, strerror(errno));
        if (slash)
            *slash = '/';
    }
}

static void open_folder(Folder *folder)
{
    struct stat status;
    make_folders(folder->path);
    int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        refuse(folder->path, errno == ELOOP || errno == ENOTDIR ? "it is a link, or no folder" : strerror(errno));
    const char *why = fstat(fd, &status) != 0 ? strerror(errno) : status.st_uid != geteuid() ? "it belongs to another user" :
                      status.st_mode & 022 ? "others may write to it (chmod 700 it)" : NULL;
    if (why) {
        close(fd);
        refuse(folder->path, why);
    }
    folder->fd = fd;
}

static void close_file_cache(void *state)
{
    Folder *folder = state;
    if (folder->fd >= 0)
        close(folder->fd);
    free(folder->path);
    free(folder);
}

static void *open_file_cache(const CacheSettings *settings)
{
    size_t size = strlen(settings->location);
    char *path = capo_strdup(settings->location);
    while (size > 1 && path[size - 1] == '/')
        path[--size] = 0;
    Folder found = { .path = path, .fd = -1 };
    open_folder(&found);
    Folder *folder = malloc(sizeof *folder);
    if (!folder || !(found.path = strdup(path))) {
        close(found.fd);
        free(folder);
        capo_raise(503, "There is no memory left for the cache.");
    }
    *folder = found;
    folder->max_entries = settings->max_entries;
    folder->cull_frequency = settings->cull_frequency;
    return folder;
}

/* The folder, made anew where somebody removed it. */
static int folder_of(Folder *folder)
{
    struct stat status;
    if (fstat(folder->fd, &status) != 0 || status.st_nlink == 0) {
        close(folder->fd);
        folder->fd = -1;
        open_folder(folder);
    }
    return folder->fd;
}

static void name_of(const char *key, char ret[NAME])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)key, strlen(key));
    sodium_bin2hex(ret, NAME, hash, sizeof hash);
    strcat(ret, ENDING);
}

/* --- reading --- */

static void check_of(const Head *head, const void *key_and_bytes, uint8_t ret[CHECK])
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)head, offsetof(Head, check));
    crypto_hash_sha256_update(&state, key_and_bytes, head->key_size + head->size);
    crypto_hash_sha256_final(&state, hash);
    memcpy(ret, hash, CHECK);
}

static bool read_all(int fd, char *into, size_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, into, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        into += n;
        size -= (size_t)n;
    }
    return true;
}

/* A file of ours that checks and has not expired. */
static bool read_entry(int fd, const char *key, CacheItem *ret)
{
    struct stat status;
    Head head;
    uint8_t check[CHECK];
    size_t key_size = strlen(key);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_size > LARGEST ||
        !read_all(fd, (char *)&head, sizeof head) || memcmp(head.magic, MAGIC, sizeof head.magic) != 0 || head.key_size != key_size ||
        head.expires_us <= cache_now_us() || head.size > LARGEST || (uint64_t)status.st_size != sizeof head + head.key_size + head.size)
        return false;
    char *bytes = capo_alloc(key_size + head.size + 1);
    if (!read_all(fd, bytes, key_size + head.size) || memcmp(bytes, key, key_size) != 0)
        return false;
    check_of(&head, bytes, check);
    if (memcmp(check, head.check, CHECK) != 0)
        return false;
    *ret = (CacheItem){ bytes + key_size, head.size, head.expires_us };
    return true;
}

static bool get(void *state, const char *key, CacheItem *ret)
{
    char name[NAME];
    int folder = folder_of(state);
    name_of(key, name);
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        unlinkat(folder, name, 0);
    if (fd < 0)
        return false;
    bool good = read_entry(fd, key, ret);
    close(fd);
    if (!good)
        unlinkat(folder, name, 0);
    return good;
}

/* --- writing --- */

typedef struct Known { char name[NAME]; int64_t changed_ns; } Known;
typedef struct Sweep { Known *entries; size_t count, capacity; } Sweep;

static int by_age(const void *a, const void *b)
{
    int64_t x = ((const Known *)a)->changed_ns, y = ((const Known *)b)->changed_ns;
    return (x > y) - (x < y);
}

static bool has_expired(int folder, const char *name)
{
    Head head;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool live = fd >= 0 && read_all(fd, (char *)&head, sizeof head) && memcmp(head.magic, MAGIC, sizeof head.magic) == 0 &&
                head.expires_us > cache_now_us();
    if (fd >= 0)
        close(fd);
    return !live;
}

/* Calls see for each entry of the folder. Temporary files that somebody died over go on the way. */
static void each_entry(int folder, void (*see)(int folder, const char *name, const struct stat *status, Sweep *sweep), Sweep *sweep)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again >= 0 ? fdopendir(again) : NULL;
    struct dirent *entry;
    struct stat status;
    if (!listing) {
        if (again >= 0)
            close(again);
        return;
    }
    while ((entry = readdir(listing))) {
        if (fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (capo_starts_with(entry->d_name, TEMPORARY) && status.st_mtime + STALE_TEMPORARY_S < time(NULL))
            unlinkat(folder, entry->d_name, 0);
        else if (strlen(entry->d_name) == NAME - 1 && capo_ends_with(entry->d_name, ENDING))
            see(folder, entry->d_name, &status, sweep);
    }
    closedir(listing);
}

static void note_entry(int folder, const char *name, const struct stat *status, Sweep *sweep)
{
    (void)folder;
    if (sweep->count == sweep->capacity) {
        size_t capacity = sweep->capacity ? sweep->capacity * 2 : 64;
        sweep->entries = capo_realloc(sweep->entries, sweep->capacity * sizeof *sweep->entries, capacity * sizeof *sweep->entries);
        sweep->capacity = capacity;
    }
    Known *known = &sweep->entries[sweep->count++];
    memcpy(known->name, name, NAME);
    known->changed_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

/* When it is full: what has expired goes, and if that is not enough, one in cull_frequency, the oldest. */
static void cull(Folder *folder)
{
    uint64_t every = (uint64_t)folder->max_entries / 8 + 1;
    if (folder->sets++ % every != 0)
        return;
    Sweep sweep = { 0 };
    each_entry(folder->fd, note_entry, &sweep);
    if (sweep.count < (size_t)folder->max_entries)
        return;
    size_t left = 0;
    for (size_t i = 0; i < sweep.count; i++)
        if (has_expired(folder->fd, sweep.entries[i].name))
            unlinkat(folder->fd, sweep.entries[i].name, 0);
        else
            sweep.entries[left++] = sweep.entries[i];
    if (left < (size_t)folder->max_entries)
        return;
    qsort(sweep.entries, left, sizeof *sweep.entries, by_age);
    size_t going = folder->cull_frequency == CACHE_CULL_ALL ? left : left / (size_t)folder->cull_frequency;
    for (size_t i = 0; i < (going ? going : 1); i++)
        unlinkat(folder->fd, sweep.entries[i].name, 0);
}

static bool write_all(int fd, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0; ) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool set(void *state, const char *key, const CacheItem *item, bool only_new)
{
    char name[NAME];
    Folder *folder = state;
    int in = folder_of(folder);
    CacheItem there;
    if (item->size > LARGEST - sizeof(Head) - strlen(key) || (only_new && get(folder, key, &there)))
        return false;
    cull(folder);
    name_of(key, name);
    Head head = { .expires_us = item->expires_us, .key_size = strlen(key), .size = item->size };
    memcpy(head.magic, MAGIC, sizeof head.magic);
    Buffer body = { 0 };
    capo_put_bytes(&body, key, head.key_size);
    capo_put_bytes(&body, item->bytes, item->size);
    check_of(&head, capo_buffer_text(&body), head.check);
    char *temporary = capo_format(TEMPORARY "%s", capo_random_string(24, NULL));
    int fd = openat(in, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_all(fd, &head, sizeof head) && write_all(fd, body.data, body.size);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (good)
        good = only_new ? linkat(in, temporary, in, name, 0) == 0 : renameat(in, temporary, in, name) == 0;
    if (fd >= 0 && (!good || only_new))
        unlinkat(in, temporary, 0);
    if (!good && !only_new) {           /* what is there is old now */
        capo_warn("A file cache cannot write to '%s': %s.", folder->path, strerror(reason));
        unlinkat(in, name, 0);
    }
    return good;
}

static bool remove_key(void *state, const char *key)
{
    char name[NAME];
    CacheItem there;
    bool known = get(state, key, &there);
    name_of(key, name);
    return known && unlinkat(folder_of(state), name, 0) == 0;
}

static bool touch(void *state, const char *key, int64_t expires_us)
{
    CacheItem item;
    if (!get(state, key, &item))
        return false;
    item.expires_us = expires_us;
    return set(state, key, &item, false);
}

static void remove_entry(int folder, const char *name, const struct stat *status, Sweep *sweep)
{
    (void)status, (void)sweep;
    unlinkat(folder, name, 0);
}

static void clear(void *state)
{
    each_entry(folder_of(state), remove_entry, NULL);
}

const CacheBackend capo_file_cache = { .name = "file", .open = open_file_cache, .close = close_file_cache, .get = get, .set = set,
    .touch = touch, .remove = remove_key, .clear = clear };
