/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache: values kept under a key for some seconds, beyond the request that made them.
 *
 *     Value top = capo_cache_get("top-posts");                            // null: not there
 *     capo_cache_set("top-posts", top, 300);                              // for five minutes
 *     capo_cache_set("greeting", "Hello", CACHE_FOREVER, .using = "fragments", .version = 2);
 *     Value sum = capo_cache_get_or_set("sum", 60, compute_sum, NULL);    // computed once, however many ask
 *
 * What goes in is copied, and what comes out is a copy in the arena of the running unit: nothing of a request stays in the cache,
 * and what a request holds does not vanish when the cache drops it. All kinds of Value may be kept but objects (rows, forms,
 * queries): keep what you need of them as a map. An object whose type has a JSON form is kept as that.
 *
 * Timeouts are seconds. 0 or less: it is not kept, and what was there is gone. CACHE_FOREVER: until there is no room.
 * CACHE_TIMEOUT: what the cache's settings say, else 300. A cache may forget anything at any time.
 *
 * Keys are texts. The cache's prefix and version go before them ("prefix:version:key"); what another version set is not seen.
 * For caches on other machines a key should have at most 250 bytes and no blanks or control characters: others warn once; a
 * back end with .strict_keys raises ERROR_VALUE.
 *
 * A site has the cache "default", in the worker's own memory, without any setting. Others are rows of settings' `.caches`:
 *
 *     .caches = CACHES({ "default", .max_entries = 10000, .max_bytes = 64 << 20 },
 *                      { "pages", .backend = &capo_file_cache, .location = "/var/cache/site", .timeout = 3600 }),
 *
 * Worker processes share no memory: with capo_memory_cache each has its own, and what one sets or deletes the others do not see
 * (Django's locmem is the same). What all must agree on goes to a file cache or to a back end of one's own. */
#pragma once
#include "value.h"

#define CACHE_FOREVER INT64_MAX
#define CACHE_TIMEOUT INT64_MIN

typedef struct CacheOptions {
    const char *using;          /* a row of settings' .caches; NULL: "default". An unknown name raises ERROR_IMPROPERLY_CONFIGURED */
    int64_t version;            /* 0: the cache's own */
} CacheOptions;
#define CACHE_OPTIONS(...) (&(CacheOptions){ __VA_ARGS__ })

/* The value, or null. A null that was set looks the same: capo_cache_find tells them apart. */
#define capo_cache_get(key, ...) capo_cache_get_with((key), CACHE_OPTIONS(__VA_ARGS__))
Value capo_cache_get_with(const char *key, const CacheOptions *options);
/* False: it is not there. */
#define capo_cache_find(key, ret, ...) capo_cache_find_with((key), (ret), CACHE_OPTIONS(__VA_ARGS__))
bool capo_cache_find_with(const char *key, Value *ret, const CacheOptions *options);
/* A text or bytes, with a NUL behind them, copied once; NULL: it is not there, or is something else. *ret_size may be NULL. */
#define capo_cache_get_text(key, ret_size, ...) capo_cache_get_text_with((key), (ret_size), CACHE_OPTIONS(__VA_ARGS__))
const char *capo_cache_get_text_with(const char *key, size_t *ret_size, const CacheOptions *options);
/* Whether it is there and has not expired. */
#define capo_cache_has(key, ...) capo_cache_has_with((key), CACHE_OPTIONS(__VA_ARGS__))
bool capo_cache_has_with(const char *key, const CacheOptions *options);

/* x: whatever VALUE() takes. Raises ERROR_VALUE for what cannot be kept: an object, lists in each other more than 64 deep, 1 GiB. */
#define capo_cache_set(key, x, timeout, ...) capo_cache_set_with((key), VALUE(x), (timeout), CACHE_OPTIONS(__VA_ARGS__))
void capo_cache_set_with(const char *key, Value value, int64_t timeout, const CacheOptions *options);
/* Only where nothing is there; false: something was. */
#define capo_cache_add(key, x, timeout, ...) capo_cache_add_with((key), VALUE(x), (timeout), CACHE_OPTIONS(__VA_ARGS__))
bool capo_cache_add_with(const char *key, Value value, int64_t timeout, const CacheOptions *options);
/* A new timeout for what is there; false: it is not. */
#define capo_cache_touch(key, timeout, ...) capo_cache_touch_with((key), (timeout), CACHE_OPTIONS(__VA_ARGS__))
bool capo_cache_touch_with(const char *key, int64_t timeout, const CacheOptions *options);
/* False: it was not there. */
#define capo_cache_delete(key, ...) capo_cache_delete_with((key), CACHE_OPTIONS(__VA_ARGS__))
bool capo_cache_delete_with(const char *key, const CacheOptions *options);

/* The value that is there; else what compute(argument) gives, which is kept. While one fiber of this worker computes, others that
 * ask for the key wait and get its value. When it raises, its own request fails, and one of those who wait tries again.
 * Who has waited for 30 seconds computes for itself. */
typedef Value CacheCompute(void *argument);
#define capo_cache_get_or_set(key, timeout, compute, argument, ...)                                                            \
    capo_cache_get_or_set_with((key), (timeout), (compute), (argument), CACHE_OPTIONS(__VA_ARGS__))
Value capo_cache_get_or_set_with(const char *key, int64_t timeout, CacheCompute *compute, void *argument, const CacheOptions *options);

/* Those that are there, by key. capo_cache_get_many(LIST("a", "b")) */
#define capo_cache_get_many(keys, ...) capo_cache_get_many_with((keys), CACHE_OPTIONS(__VA_ARGS__))
Map *capo_cache_get_many_with(const char *const *keys, const CacheOptions *options);
#define capo_cache_set_many(map, timeout, ...) capo_cache_set_many_with((map), (timeout), CACHE_OPTIONS(__VA_ARGS__))
void capo_cache_set_many_with(const Map *map, int64_t timeout, const CacheOptions *options);
#define capo_cache_delete_many(keys, ...) capo_cache_delete_many_with((keys), CACHE_OPTIONS(__VA_ARGS__))
void capo_cache_delete_many_with(const char *const *keys, const CacheOptions *options);
/* Everything in this cache, whatever its prefix and version. */
#define capo_cache_clear(...) capo_cache_clear_with(CACHE_OPTIONS(__VA_ARGS__))
void capo_cache_clear_with(const CacheOptions *options);

/* Adds delta to the integer that is there, which keeps its timeout; the sum. Raises ERROR_VALUE where there is none, it is no
 * integer, or the sum does not fit. */
#define capo_cache_incr(key, delta, ...) capo_cache_incr_with((key), (delta), CACHE_OPTIONS(__VA_ARGS__))
#define capo_cache_decr(key, delta, ...) capo_cache_incr_with((key), -(int64_t)(delta), CACHE_OPTIONS(__VA_ARGS__))
int64_t capo_cache_incr_with(const char *key, int64_t delta, const CacheOptions *options);
/* Moves what is there to another version, with the cache's own timeout; the new version. Raises ERROR_VALUE where there is none. */
#define capo_cache_incr_version(key, delta, ...) capo_cache_incr_version_with((key), (delta), CACHE_OPTIONS(__VA_ARGS__))
#define capo_cache_decr_version(key, delta, ...) capo_cache_incr_version_with((key), -(int64_t)(delta), CACHE_OPTIONS(__VA_ARGS__))
int64_t capo_cache_incr_version_with(const char *key, int64_t delta, const CacheOptions *options);

/* --- settings --- */

typedef struct CacheBackend CacheBackend;
typedef struct CacheSettings {
    const char *name;               /* "default", "pages": the alias for .using */
    const CacheBackend *backend;    /* NULL: capo_memory_cache */
    const char *location;           /* of a file cache: its folder. A back end of one's own may take an address */
    int64_t timeout;                /* seconds where a call says CACHE_TIMEOUT; 0: 300; CACHE_FOREVER */
    const char *key_prefix;
    int64_t version;                /* 0: 1 */
    int64_t max_entries;            /* 0: 10000. Django's MAX_ENTRIES, whose default is 300 */
    int64_t cull_frequency;         /* when full, one in so many goes; 0: 3; CACHE_CULL_ALL: all go */
    int64_t max_bytes;              /* of the memory cache, keys and what it needs itself included; 0: 16 MiB. Of a worker */
    char *(*key_function)(const char *key, const char *prefix, int64_t version);    /* NULL: "prefix:version:key" */
} CacheSettings;
enum { CACHE_CULL_ALL = -1 };
#define CACHES(...) ((const CacheSettings[]){ __VA_ARGS__, { 0 } })

/* Keeps values in the memory of this worker. The least recently used go first; a value of more than an eighth of max_bytes is not kept. */
extern const CacheBackend capo_memory_cache;
/* Keeps nothing: for development and tests. */
extern const CacheBackend capo_dummy_cache;
/* Keeps each value in a file of `.location`, for all processes of this machine and over restarts. The folder is made with the
 * mode 0700; one of another owner, one that others may write to, or a link in its place is refused. Files are 0600, named by
 * a hash of the key, and replaced as a whole; one that is cut, changed or not ours is a miss. */
extern const CacheBackend capo_file_cache;

/* A back end of one's own. It sees whole keys (prefix and version included) and packed bytes, and never a Value. All calls come from
 * fibers: they may wait and raise. A back end that is out of reach should warn and miss, rather than raise.
 *
 *     static const CacheBackend my_cache = { "mine", my_open, my_close, my_get, my_set, my_touch, my_remove, my_clear };        */
typedef struct CacheItem {
    const void *bytes;
    size_t size;
    int64_t expires_us;             /* by capo_now(); INT64_MAX: never */
} CacheItem;
struct CacheBackend {
    const char *name;
    void *(*open)(const CacheSettings *settings);       /* once in a process, at first use; what it gives is `state` */
    void (*close)(void *state);
    /* False: it is not there or has expired. The bytes are copied to the arena of the running unit. */
    bool (*get)(void *state, const char *key, CacheItem *ret);
    /* only_new: not where something is that has not expired. False: it was not kept. */
    bool (*set)(void *state, const char *key, const CacheItem *item, bool only_new);
    bool (*touch)(void *state, const char *key, int64_t expires_us);
    bool (*remove)(void *state, const char *key);
    void (*clear)(void *state);
    bool strict_keys;               /* refuses keys that memcached would */
    bool keeps_nothing;
};

/* Whether settings have a cache of this name; "default" is always there. */
bool capo_cache_exists(const char *name);

/* What settings call: takes the rows of `.caches` (ends with a NULL name; NULL: only "default"). Caches of rows that are gone or differ
 * are closed. Raises ERROR_IMPROPERLY_CONFIGURED. */
void capo_caches_configure(const CacheSettings *rows);
