/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache as the site sees it: the rows of settings, keys with prefix and version, and the calls of the API on any back end. */
#include "cache_internal.h"
#include <capo/time.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TIMEOUT = 300, DEFAULT_ENTRIES = 10000, DEFAULT_CULL = 3, DEFAULT_BYTES = 16 * 1024 * 1024, LONGEST_PORTABLE_KEY = 250 };
#define US_PER_SECOND 1000000LL

/* --- the caches of the site --- */

typedef struct Cache { CacheSettings settings; void *state; bool open; } Cache;
static Cache *caches;
static size_t n_caches;

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_settings(const CacheSettings *a, const CacheSettings *b)
{
    return same_text(a->name, b->name) && same_text(a->location, b->location) && same_text(a->key_prefix, b->key_prefix) &&
           a->backend == b->backend && a->timeout == b->timeout && a->version == b->version && a->max_entries == b->max_entries &&
           a->cull_frequency == b->cull_frequency && a->max_bytes == b->max_bytes && a->key_function == b->key_function;
}

static CacheSettings with_defaults(const CacheSettings *row)
{
    CacheSettings s = *row;
    if (s.max_entries < 0 || s.max_bytes < 0 || s.cull_frequency < CACHE_CULL_ALL || s.timeout < 0)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The cache '%s' of settings' .caches has a negative number (0 stands for the default).", s.name);
    s.backend = s.backend ? s.backend : &capo_memory_cache;
    s.timeout = s.timeout ? s.timeout : DEFAULT_TIMEOUT;
    s.key_prefix = s.key_prefix ? s.key_prefix : "";
    s.version = s.version ? s.version : 1;
    s.max_entries = s.max_entries ? s.max_entries : DEFAULT_ENTRIES;
    s.cull_frequency = s.cull_frequency ? s.cull_frequency : DEFAULT_CULL;
    s.max_bytes = s.max_bytes ? s.max_bytes : DEFAULT_BYTES;
    if (s.backend == &capo_file_cache && (!s.location || !*s.location))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The cache '%s' of settings' .caches is a file cache and has no .location, the folder "
                   "for its files.", s.name);
    return s;
}

/* The process keeps the texts: a row may have been written in place. */
static const char *keep(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        capo_raise(503, "There is no memory left for the caches of the settings.");
    return copy;
}

static void take_row(Cache *into, const CacheSettings *row)
{
    CacheSettings settings = with_defaults(row);
    for (size_t i = 0; i < n_caches; i++)
        if (same_settings(&caches[i].settings, &settings)) {
            *into = caches[i];
            caches[i].open = false;             /* taken over, not to be closed */
            caches[i].settings.name = NULL;
            return;
        }
    settings.name = keep(settings.name);
    settings.location = keep(settings.location);
    settings.key_prefix = keep(settings.key_prefix);
    *into = (Cache){ .settings = settings };
}

static void forget_row(Cache *cache)
{
    if (cache->open && cache->settings.backend->close)
        cache->settings.backend->close(cache->state);
    if (!cache->settings.name)
        return;
    free((char *)cache->settings.name);
    free((char *)cache->settings.location);
    free((char *)cache->settings.key_prefix);
}

void capo_caches_configure(const CacheSettings *rows)
{
    static const CacheSettings only_default[] = { { "default" }, { 0 } };
    size_t count = 0;
    bool has_default = false;
    for (; rows && rows[count].name; count++) {
        has_default |= strcmp(rows[count].name, "default") == 0;
        with_defaults(&rows[count]);
        for (size_t i = 0; i < count; i++)
            if (strcmp(rows[i].name, rows[count].name) == 0)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Two rows of settings' .caches have the name '%s'.", rows[i].name);
    }
    Cache *fresh = calloc(count + 1, sizeof *fresh);
    if (!fresh)
        capo_raise(503, "There is no memory left for the caches of the settings.");
    for (size_t i = 0; i < count; i++)
        take_row(&fresh[i], &rows[i]);
    if (!has_default)
        take_row(&fresh[count++], only_default);
    for (size_t i = 0; i < n_caches; i++)
        forget_row(&caches[i]);
    free(caches);
    caches = fresh;
    n_caches = count;
}

static Cache *cache_of(const CacheOptions *options)
{
    const char *name = options->using ? options->using : "default";
    if (!caches)
        capo_caches_configure(NULL);
    for (size_t i = 0; i < n_caches; i++)
        if (strcmp(caches[i].settings.name, name) == 0) {
            if (!caches[i].open) {
                caches[i].state = caches[i].settings.backend->open ? caches[i].settings.backend->open(&caches[i].settings) : NULL;
                caches[i].open = true;
            }
            return &caches[i];
        }
    const char **names = capo_alloc_array(n_caches, sizeof *names);
    for (size_t i = 0; i < n_caches; i++)
        names[i] = caches[i].settings.name;
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "There is no cache '%s' in settings' .caches.%s", name, capo_did_you_mean(name, names, n_caches));
}

bool capo_cache_exists(const char *name)
{
    if (!caches)
        capo_caches_configure(NULL);
    for (size_t i = 0; i < n_caches; i++)
        if (strcmp(caches[i].settings.name, name) == 0)
            return true;
    return false;
}

/* --- keys and times --- */

/* What memcached refuses: too long, blanks, control characters. They would be another command's words there. */
static const char *problem_of_key(const char *key, size_t *ret_size)
{
    size_t size = *ret_size = strlen(key);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)key[i] < 33 || key[i] == 127)
            return "has blanks or control characters";
    return size > LONGEST_PORTABLE_KEY ? "has more than 250 bytes" : NULL;
}

static char *whole_key(const Cache *cache, const char *key, int64_t version)
{
    const CacheSettings *settings = &cache->settings;
    version = version ? version : settings->version;
    char *whole = settings->key_function ? settings->key_function(key, settings->key_prefix, version)
                                         : capo_format("%s:%lld:%s", settings->key_prefix, (long long)version, key);
    size_t size;
    const char *problem = problem_of_key(whole, &size);
    if (!problem)
        return whole;
    Buffer shown = { 0 };               /* with its control characters as escapes */
    capo_put_repr(&shown, capo_value_copy_n(whole, size < 60 ? size : 60));
    if (settings->backend->strict_keys)
        capo_raise(ERROR_VALUE, "The cache key %s %s, which the cache '%s' does not take.", shown.data, problem, settings->name);
    capo_warn("A cache key of %zu bytes, %s, %s; a cache on another machine (memcached) would refuse it.", size, shown.data, problem);
    return whole;
}

int64_t cache_now_us(void)
{
    return capo_now().microseconds;
}

/* When a timeout is over; INT64_MIN: it must not be kept at all. */
static int64_t expiry(const Cache *cache, int64_t timeout)
{
    if (timeout == CACHE_TIMEOUT)
        timeout = cache->settings.timeout;
    if (timeout <= 0)
        return INT64_MIN;
    int64_t now = cache_now_us();
    return timeout > (INT64_MAX - now) / US_PER_SECOND ? INT64_MAX : now + timeout * US_PER_SECOND;
}

/* --- packed --- */

static bool get_packed(Cache *cache, const char *whole, CacheItem *ret)
{
    return cache->settings.backend->get(cache->state, whole, ret);
}

static bool set_packed(Cache *cache, const char *whole, const void *bytes, size_t size, int64_t timeout, bool only_new)
{
    const CacheBackend *backend = cache->settings.backend;
    CacheItem item = { bytes, size, expiry(cache, timeout) };
    if (item.expires_us != INT64_MIN)
        return backend->set(cache->state, whole, &item, only_new);
    CacheItem there;
    if (only_new)
        return !backend->get(cache->state, whole, &there);
    backend->remove(cache->state, whole);
    return false;
}

bool cache_get_packed(const char *key, const CacheOptions *options, CacheItem *ret)
{
    Cache *cache = cache_of(options);
    return get_packed(cache, whole_key(cache, key, options->version), ret);
}

void cache_set_packed(const char *key, const void *bytes, size_t size, int64_t timeout, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    set_packed(cache, whole_key(cache, key, options->version), bytes, size, timeout, false);
}

char *cache_flight_name(const char *key, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    return capo_format("%s/%s", cache->settings.name, whole_key(cache, key, options->version));
}

bool cache_keeps_nothing(const CacheOptions *options)
{
    return cache_of(options)->settings.backend->keeps_nothing;
}

/* --- one key --- */

bool capo_cache_find_with(const char *key, Value *ret, const CacheOptions *options)
{
    CacheItem item;
    return cache_get_packed(key, options, &item) && cache_unpack(item.bytes, item.size, ret);
}

Value capo_cache_get_with(const char *key, const CacheOptions *options)
{
    Value value;
    return capo_cache_find_with(key, &value, options) ? value : capo_value_null();
}

const char *capo_cache_get_text_with(const char *key, size_t *ret_size, const CacheOptions *options)
{
    Value value;
    if (!capo_cache_find_with(key, &value, options) || (!capo_is_text(value) && value.kind != VALUE_BYTES))
        return NULL;
    if (ret_size)
        *ret_size = value.size;
    return value.text;
}

bool capo_cache_has_with(const char *key, const CacheOptions *options)
{
    CacheItem item;
    return cache_get_packed(key, options, &item);
}

static bool set_value(const char *key, Value value, int64_t timeout, bool only_new, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    char *whole = whole_key(cache, key, options->version);
    Buffer packed = { 0 };
    cache_pack(&packed, value);
    return set_packed(cache, whole, packed.data, packed.size, timeout, only_new);
}

void capo_cache_set_with(const char *key, Value value, int64_t timeout, const CacheOptions *options)
{
    set_value(key, value, timeout, false, options);
}

bool capo_cache_add_with(const char *key, Value value, int64_t timeout, const CacheOptions *options)
{
    return set_value(key, value, timeout, true, options);
}

bool capo_cache_touch_with(const char *key, int64_t timeout, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    char *whole = whole_key(cache, key, options->version);
    int64_t expires = expiry(cache, timeout);
    if (expires == INT64_MIN)
        return cache->settings.backend->remove(cache->state, whole);
    return cache->settings.backend->touch(cache->state, whole, expires);
}

bool capo_cache_delete_with(const char *key, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    return cache->settings.backend->remove(cache->state, whole_key(cache, key, options->version));
}

typedef struct Computing { const char *key; int64_t timeout; CacheCompute *compute; void *argument; const CacheOptions *options; } Computing;

/* A fiber that came just after another's computation ended finds its value here. */
static bool compute_and_keep(void *argument, Buffer *ret)
{
    Computing *job = argument;
    CacheItem item;
    Value known;
    if (cache_get_packed(job->key, job->options, &item) && cache_unpack(item.bytes, item.size, &known)) {
        capo_put_bytes(ret, item.bytes, item.size);
        return true;
    }
    cache_pack(ret, job->compute(job->argument));
    cache_set_packed(job->key, ret->data, ret->size, job->timeout, job->options);
    return true;
}

Value capo_cache_get_or_set_with(const char *key, int64_t timeout, CacheCompute *compute, void *argument, const CacheOptions *options)
{
    enum { LONGEST_S = 30 };
    Value value;
    if (capo_cache_find_with(key, &value, options))
        return value;
    if (cache_keeps_nothing(options))
        return compute(argument);
    Computing job = { key, timeout, compute, argument, options };
    char *name = cache_flight_name(key, options);
    Buffer packed = { 0 };
    int64_t until = capo_monotonic_us() + LONGEST_S * US_PER_SECOND;
    while (cache_flight(name, compute_and_keep, &job, &packed) == FLIGHT_NOTHING)
        if (capo_monotonic_us() >= until) {
            compute_and_keep(&job, &packed);
            break;
        }
    if (!cache_unpack(packed.data, packed.size, &value))
        capo_bug("the cache could not read what it packed for '%s'", key);
    return value;
}

/* --- many keys --- */

Map *capo_cache_get_many_with(const char *const *keys, const CacheOptions *options)
{
    Map *found = capo_map_new();
    Value value;
    for (; keys && *keys; keys++)
        if (capo_cache_find_with(*keys, &value, options))
            capo_map_set(found, *keys, value);
    return found;
}

void capo_cache_set_many_with(const Map *map, int64_t timeout, const CacheOptions *options)
{
    for (size_t i = 0; i < map->count; i++)
        set_value(capo_to_text(map->entries[i].key), map->entries[i].value, timeout, false, options);
}

void capo_cache_delete_many_with(const char *const *keys, const CacheOptions *options)
{
    for (; keys && *keys; keys++)
        capo_cache_delete_with(*keys, options);
}

void capo_cache_clear_with(const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    cache->settings.backend->clear(cache->state);
}

/* --- counters and versions --- */

int64_t capo_cache_incr_with(const char *key, int64_t delta, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    char *whole = whole_key(cache, key, options->version);
    CacheItem item;
    Value value;
    int64_t sum;
    if (!get_packed(cache, whole, &item) || !cache_unpack(item.bytes, item.size, &value))
        capo_raise(ERROR_VALUE, "Key '%s' not found: the cache has nothing to add to.", key);
    if (value.kind != VALUE_INT || __builtin_add_overflow(value.integer, delta, &sum))
        capo_raise(ERROR_VALUE, "The cache has no integer under '%s', or the sum does not fit into 64 bits.", key);
    Buffer packed = { 0 };
    cache_pack(&packed, capo_value_int(sum));
    CacheItem fresh = { packed.data, packed.size, item.expires_us };
    cache->settings.backend->set(cache->state, whole, &fresh, false);
    return sum;
}

int64_t capo_cache_incr_version_with(const char *key, int64_t delta, const CacheOptions *options)
{
    Cache *cache = cache_of(options);
    int64_t version = options->version ? options->version : cache->settings.version, fresh;
    CacheItem item;
    char *whole = whole_key(cache, key, version);
    if (!get_packed(cache, whole, &item))
        capo_raise(ERROR_VALUE, "Key '%s' not found: the cache has nothing to move to another version.", key);
    if (__builtin_add_overflow(version, delta, &fresh) || fresh == 0)
        capo_raise(ERROR_VALUE, "The version of '%s' in the cache cannot become 0, or a number of more than 64 bits.", key);
    set_packed(cache, whole_key(cache, key, fresh), item.bytes, item.size, CACHE_TIMEOUT, false);
    cache->settings.backend->remove(cache->state, whole);
    return fresh;
}

/* --- the cache that keeps nothing --- */

static bool miss(void *state, const char *key, CacheItem *ret) { (void)state, (void)key, (void)ret; return false; }
static bool keep_nothing(void *state, const char *key, const CacheItem *item, bool only_new)
{
    (void)state, (void)key, (void)item, (void)only_new;
    return true;
}
static bool touch_nothing(void *state, const char *key, int64_t expires_us) { (void)state, (void)key, (void)expires_us; return false; }
static bool remove_nothing(void *state, const char *key) { (void)state, (void)key; return false; }
static void clear_nothing(void *state) { (void)state; }

const CacheBackend capo_dummy_cache = { .name = "dummy", .get = miss, .set = keep_nothing, .touch = touch_nothing, .remove = remove_nothing,
    .clear = clear_nothing, .keeps_nothing = true };
