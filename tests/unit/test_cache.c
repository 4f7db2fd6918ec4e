/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache: its calls on each back end, copies, bounds, versions, one computation for many, hostile keys and files. */
#include <capo/testing.h>
#include <capo/cache.h>
#include <capo/loop.h>
#include <capo/unit.h>
#include "../../core/cache/cache_internal.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void remove_folder(void *path)
{
    DIR *listing = opendir(path);
    struct dirent *entry;
    while (listing && (entry = readdir(listing)))
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            unlinkat(dirfd(listing), entry->d_name, 0);
    if (listing)
        closedir(listing);
    rmdir(path);
}

/* Caches for one test: fresh ones. "default" and "small" in memory, "files", "none". */
static void use_caches(void)
{
    capo_caches_configure(NULL);
    capo_cache_clear();
    strcpy(folder, "/tmp/capo-cache-XXXXXX");
    EXPECT(mkdtemp(folder));
    capo_defer(remove_folder, folder);
    capo_caches_configure(CACHES({ "default" }, { "small", .max_entries = 6, .key_prefix = "p" }, { "none", .backend = &capo_dummy_cache },
                                 { "files", .backend = &capo_file_cache, .location = folder, .max_entries = 20 }));
}

static const char *const both[] = { "default", "files" };
#define EACH_BACKEND(name) for (size_t i_ = 0; i_ < 2 && (name = both[i_]); i_++)

static Value value_of_every_kind(void)
{
    DateParts parts = { .year = 2026, .month = 11, .day = 22, .hour = 8 };
    Value own = capo_value_datetime(capo_instant(&parts, capo_time_zone_utc()));
    own.flags = VALUE_FLAG_OWN_ZONE;
    own.tag = capo_time_zone_id(capo_time_zone("Europe/Berlin"));
    List *list = capo_list_new();
    const Value items[] = { VALUE((bool)true), VALUE(-7), VALUE(2.5), VALUE((Decimal){ "12.50" }), VALUE("h\xc3\xa9"), capo_value_safe("<b>"),
        capo_value_text_n("a\0b", 3), capo_value_bytes("\x00\xff", 2), VALUE((Date){ 20000 }), VALUE((Time){ 3600000000 }), own,
        VALUE((Duration){ 5 }), VALUE(((Uuid){ { 1, 2, 3 } })), capo_value_null(), VALUE(capo_map(V("x", 1), V("y", "z"))) };
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        capo_list_add(list, items[i]);
    return VALUE(list);
}

TEST(cache_gives_back_what_it_got)
{
    use_caches();
    const char *name;
    EACH_BACKEND(name) {
        Value given = value_of_every_kind(), got;
        EXPECT(capo_is_null(capo_cache_get("k", .using = name)));
        capo_cache_set("k", given, 60, .using = name);
        EXPECT(capo_cache_find("k", &got, .using = name));
        EXPECT_TEXT(capo_to_text(got), capo_to_text(given));
        EXPECT(capo_equal(got, given));
        for (size_t i = 0; i < given.list->count; i++) {
            EXPECT_INT(got.list->items[i].kind, given.list->items[i].kind);
            EXPECT_INT(got.list->items[i].flags, given.list->items[i].flags);
        }
        EXPECT_INT(got.list->items[10].tag, given.list->items[10].tag);
        capo_cache_set("null", capo_value_null(), 60, .using = name);
        EXPECT(capo_cache_find("null", &got, .using = name) && capo_is_null(got));
        size_t size;
        capo_cache_set("text", "plain", 60, .using = name);
        EXPECT_TEXT(capo_cache_get_text("text", &size, .using = name), "plain");
        EXPECT_INT(size, 5);
        EXPECT(!capo_cache_get_text("null", NULL, .using = name));
    }
}

static void keep_in_another_unit(void *argument)
{
    (void)argument;
    Map *map = capo_map(V("title", capo_format("made in %s", "a request")));
    capo_map_set(map, capo_format("key %d", 1), VALUE(value_of_every_kind()));
    capo_cache_set("copy", map, CACHE_FOREVER);
}

/* Under AddressSanitizer a pointer into the other unit's arena, or into an entry that is gone, would be reported. */
TEST(cache_copies_in_and_out)
{
    use_caches();
    Arena *arena = arena_new();
    Unit unit = { 0 };
    EXPECT(!capo_unit_run(&unit, arena, "another", keep_in_another_unit, NULL));
    arena_free(arena);
    Value got = capo_cache_get("copy");
    capo_cache_delete("copy");
    capo_cache_clear();
    EXPECT_TEXT(capo_to_text(*capo_map_get(got.map, "title")), "made in a request");
    EXPECT(capo_equal(*capo_map_get(got.map, "key 1"), value_of_every_kind()));
}

TEST(cache_add_touch_delete)
{
    use_caches();
    const char *name;
    EACH_BACKEND(name) {
        EXPECT(capo_cache_add("k", 1, 60, .using = name));
        EXPECT(!capo_cache_add("k", 2, 60, .using = name));
        EXPECT_INT(capo_cache_get("k", .using = name).integer, 1);
        EXPECT(capo_cache_has("k", .using = name));
        EXPECT(!capo_cache_touch("other", 60, .using = name));
        EXPECT(capo_cache_delete("k", .using = name));
        EXPECT(!capo_cache_delete("k", .using = name));
        EXPECT(!capo_cache_has("k", .using = name));
        capo_cache_set_many(capo_map(V("a", 1), V("b", 2), V("c", 3)), 60, .using = name);
        capo_cache_delete_many(LIST("b", "nowhere"), .using = name);
        EXPECT_TEXT(capo_to_text(VALUE(capo_cache_get_many(LIST("a", "b", "c", "d"), .using = name))), "{'a': 1, 'c': 3}");
        capo_cache_clear(.using = name);
        EXPECT(!capo_cache_has("a", .using = name) && !capo_cache_has("c", .using = name));
    }
}

TEST(cache_timeouts)
{
    use_caches();
    const char *name;
    DateTime start = capo_now();
    EACH_BACKEND(name) {
        capo_freeze_time(start);
        capo_cache_set("minute", 1, 60, .using = name);
        capo_cache_set("ever", 2, CACHE_FOREVER, .using = name);
        capo_cache_set("default", 3, CACHE_TIMEOUT, .using = name);
        capo_cache_set("not", 4, 60, .using = name);
        capo_cache_set("not", 4, 0, .using = name);
        capo_cache_set("past", 4, -1, .using = name);
        EXPECT(!capo_cache_has("not", .using = name) && !capo_cache_has("past", .using = name));
        EXPECT(capo_cache_add("nothing", 1, 0, .using = name) && !capo_cache_has("nothing", .using = name));
        capo_freeze_time((DateTime){ start.microseconds + 59999999 });
        EXPECT(capo_cache_has("minute", .using = name));
        capo_cache_set("later", 5, 10, .using = name);
        EXPECT(capo_cache_touch("later", 100, .using = name));
        capo_freeze_time((DateTime){ start.microseconds + 60000000 });
        EXPECT(!capo_cache_has("minute", .using = name));
        EXPECT(capo_cache_add("minute", 6, 1, .using = name));
        capo_freeze_time((DateTime){ start.microseconds + 100000000 });
        EXPECT(capo_cache_has("later", .using = name) && capo_cache_has("default", .using = name));
        EXPECT(capo_cache_touch("later", 0, .using = name) && !capo_cache_has("later", .using = name));
        capo_freeze_time((DateTime){ start.microseconds + 300000000 });
        EXPECT(!capo_cache_has("default", .using = name));
        capo_freeze_time((DateTime){ start.microseconds + 1000000LL * 86400 * 36500 });
        EXPECT(capo_cache_has("ever", .using = name));
    }
}

static void incr_text(void *name) { capo_cache_set("t", "1", 60, .using = name); capo_cache_incr("t", 1, .using = name); }
static void incr_nothing(void *name) { capo_cache_incr("nothing", 1, .using = name); }
static void incr_too_far(void *name) { capo_cache_set("big", INT64_MAX, 60, .using = name); capo_cache_incr("big", 1, .using = name); }
static void move_nothing(void *name) { capo_cache_incr_version("nothing", 1, .using = name); }

TEST(cache_counters)
{
    use_caches();
    const char *name;
    DateTime start = capo_now();
    EACH_BACKEND(name) {
        capo_freeze_time(start);
        capo_cache_set("n", 40, 60, .using = name);
        EXPECT_INT(capo_cache_incr("n", 3, .using = name), 43);
        EXPECT_INT(capo_cache_decr("n", 1, .using = name), 42);
        EXPECT_INT(capo_cache_get("n", .using = name).integer, 42);
        capo_freeze_time((DateTime){ start.microseconds + 61000000 });
        EXPECT(!capo_cache_has("n", .using = name));           /* the timeout stayed */
        EXPECT_RAISES(ERROR_VALUE, incr_text, (void *)name);
        EXPECT_RAISES(ERROR_VALUE, incr_nothing, (void *)name);
        EXPECT_RAISES(ERROR_VALUE, incr_too_far, (void *)name);
        EXPECT_RAISES(ERROR_VALUE, move_nothing, (void *)name);
    }
}

TEST(cache_versions_and_prefixes)
{
    use_caches();
    const char *name;
    EACH_BACKEND(name) {
        capo_cache_set("k", "one", 60, .using = name);
        capo_cache_set("k", "two", 60, .using = name, .version = 2);
        EXPECT_TEXT(capo_cache_get_text("k", NULL, .using = name), "one");
        EXPECT_TEXT(capo_cache_get_text("k", NULL, .using = name, .version = 2), "two");
        EXPECT(!capo_cache_has("k", .using = name, .version = 3));
        EXPECT_INT(capo_cache_incr_version("k", 4, .using = name), 5);
        EXPECT(!capo_cache_has("k", .using = name));
        EXPECT_TEXT(capo_cache_get_text("k", NULL, .using = name, .version = 5), "one");
        EXPECT_INT(capo_cache_decr_version("k", 2, .using = name, .version = 5), 3);
    }
    capo_cache_set("k", 1, 60, .using = "small");
    capo_caches_configure(CACHES({ "small", .max_entries = 6, .key_prefix = "p" }));
    EXPECT(capo_cache_has("k", .using = "small"));             /* a row that stayed the same keeps what it has */
    capo_caches_configure(CACHES({ "small", .max_entries = 6, .key_prefix = "q" }));
    EXPECT(!capo_cache_has("k", .using = "small"));
}

static char *own_key(const char *key, const char *prefix, int64_t version) { return capo_format("%s|%s|%lld", key, prefix, (long long)version); }

static char seen_key[512];
static int64_t seen_expiry;
static bool own_set(void *state, const char *key, const CacheItem *item, bool only_new)
{
    (void)state, (void)only_new;
    snprintf(seen_key, sizeof seen_key, "%s", key);
    seen_expiry = item->expires_us;
    return true;
}
static bool own_get(void *state, const char *key, CacheItem *ret) { (void)state, (void)key, (void)ret; return false; }
static const CacheBackend own_backend = { .name = "own", .set = own_set, .get = own_get, .strict_keys = true };
static void set_key(void *key) { capo_cache_set(key, 1, 60, .using = "own"); }

TEST(cache_backends_of_ones_own)
{
    capo_caches_configure(CACHES({ "own", .backend = &own_backend, .key_prefix = "pre", .key_function = own_key, .timeout = CACHE_FOREVER }));
    capo_cache_set("k", 1, CACHE_TIMEOUT, .using = "own", .version = 7);
    EXPECT_TEXT(seen_key, "k|pre|7");
    EXPECT_INT(seen_expiry, INT64_MAX);
}

/* SEC-370: a key that would be two words, or two commands, of another protocol does not reach a back end that minds. */
TEST(cache_refuses_hostile_keys)
{
    capo_caches_configure(CACHES({ "own", .backend = &own_backend }));
    char *long_key = capo_alloc(1024 * 1024 + 1);
    memset(long_key, 'x', 1024 * 1024);
    char *const bad[] = { "a b", "a\r\nflush_all\r\n", "a\tb", "\x7f", "\x01", long_key };
    strcpy(seen_key, "untouched");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT_RAISES(ERROR_VALUE, set_key, bad[i]);
    EXPECT_TEXT(seen_key, "untouched");
    set_key("caf\xc3\xa9");
    EXPECT_TEXT(seen_key, ":1:caf\xc3\xa9");
    use_caches();
    char *const names[] = { "../../etc/passwd", "a/b", ".", "a\r\nb", "caf\xc3\xa9", "", "%00", long_key };
    const char *name;
    EACH_BACKEND(name)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            capo_cache_set(names[i], (int)i, 60, .using = name);
            EXPECT_INT(capo_cache_get(names[i], .using = name).integer, (int)i);
        }
    DIR *listing = opendir(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(listing)); count += entry->d_name[0] != '.')
        if (entry->d_name[0] != '.' && strspn(entry->d_name, "0123456789abcdef") != 64)
            capo_test_fail(__FILE__, __LINE__, "a file is called '%s'", entry->d_name);
    closedir(listing);
    EXPECT_INT(count, 8);
}

TEST(cache_memory_drops_the_least_recently_used)
{
    use_caches();
    for (int i = 0; i < 6; i++)
        capo_cache_set(capo_format("k%d", i), i, 60, .using = "small");
    capo_cache_get("k0", .using = "small");                    /* used: k1, k2 are the oldest now */
    capo_cache_set("k3", 33, 60, .using = "small");            /* set anew: no room is needed */
    EXPECT(capo_cache_has("k1", .using = "small"));
    capo_cache_set("k6", 6, 60, .using = "small");             /* a third of six goes; what has() found was used too */
    Map *left = capo_cache_get_many(LIST("k0", "k1", "k2", "k3", "k4", "k5", "k6"), .using = "small");
    EXPECT_TEXT(capo_to_text(VALUE(left)), "{'k0': 0, 'k1': 1, 'k3': 33, 'k5': 5, 'k6': 6}");
    capo_caches_configure(CACHES({ "small", .max_entries = 3, .cull_frequency = CACHE_CULL_ALL }));
    for (int i = 0; i < 4; i++)
        capo_cache_set(capo_format("k%d", i), i, 60, .using = "small");
    EXPECT_TEXT(capo_to_text(VALUE(capo_cache_get_many(LIST("k0", "k1", "k2", "k3"), .using = "small"))), "{'k3': 3}");
}

/* SEC-066, SEC-379: memory has a bound, whatever the number and the size of what is set. */
TEST(cache_memory_is_bounded)
{
    capo_caches_configure(CACHES({ "small", .max_bytes = 64 * 1024 }));
    char *text = capo_alloc(9001);
    memset(text, 'x', 9000);
    capo_cache_set("large", text, 60, .using = "small");       /* more than an eighth */
    EXPECT(!capo_cache_has("large", .using = "small"));
    text[3000] = 0;
    capo_cache_set("large", text, 60, .using = "small");
    EXPECT(capo_cache_has("large", .using = "small"));
    text[3000] = 'x';
    capo_cache_set("large", text, 60, .using = "small");       /* what was there is old, and goes */
    EXPECT(!capo_cache_has("large", .using = "small"));
    text[3000] = 0;
    int there = 0;
    for (int i = 0; i < 1000; i++)
        capo_cache_set(capo_format("k%d", i), text, 60, .using = "small");
    for (int i = 0; i < 1000; i++)
        there += capo_cache_has(capo_format("k%d", i), .using = "small");
    EXPECT(there >= 15 && there * 3000 <= 64 * 1024);
    EXPECT(capo_cache_has("k999", .using = "small"));
}

TEST(cache_dummy_keeps_nothing)
{
    use_caches();
    capo_cache_set("k", 1, 60, .using = "none");
    EXPECT(!capo_cache_has("k", .using = "none"));
    EXPECT(capo_cache_add("k", 1, 60, .using = "none"));
    EXPECT(!capo_cache_delete("k", .using = "none"));
}

static void get_elsewhere(void *argument) { (void)argument; capo_cache_get("k", .using = "fils"); }
static void configure(void *rows) { capo_caches_configure(rows); }
static void set_object(void *argument)
{
    static const ObjectOps ops = { .type_name = "Post" };
    (void)argument;
    capo_cache_set("k", capo_value_object(&(Object){ &ops }), 60);
}
static void set_cycle(void *argument)
{
    (void)argument;
    List *list = capo_list_new();
    capo_list_add(list, VALUE(list));
    capo_cache_set("k", list, 60);
}

TEST(cache_says_what_is_wrong)
{
    use_caches();
    const Error *error = EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, get_elsewhere, NULL);
    EXPECT(strstr(error->message, "Did you mean 'files'?"));
    error = EXPECT_RAISES(ERROR_VALUE, set_object, NULL);
    EXPECT(strstr(error->message, "A Post cannot be kept"));
    EXPECT_RAISES(ERROR_VALUE, set_cycle, NULL);
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, configure, (void *)CACHES({ "a" }, { "a" }));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, configure, (void *)CACHES({ "a", .backend = &capo_file_cache }));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, configure, (void *)CACHES({ "a", .max_entries = -1 }));
    EXPECT(capo_cache_exists("files") && capo_cache_exists("default") && !capo_cache_exists("a"));
}

/* --- one computation for many --- */

static int computed, got, failures;
static bool fail_first;

static Value compute(void *argument)
{
    int turn = ++computed;
    capo_sleep(0.02);
    if (fail_first && turn == 1)
        capo_raise(500, "the first computation fails");
    return VALUE(capo_format("%s %d", (const char *)argument, turn));
}

static void ask_for_sum(void *name)
{
    Value value = capo_cache_get_or_set("sum", 60, compute, "sum", .using = name);
    if (strcmp(value.text, fail_first ? "sum 2" : "sum 1") == 0)
        got++;
}

static int running;
static Fiber *waiting_fiber;
static void ended(void *name, Unit *unit, const Error *error)
{
    (void)name, (void)unit;
    running--;
    failures += error != NULL;
    fiber_wake(waiting_fiber);
}

static void ask_many(const char *name, int count)
{
    computed = got = failures = 0;
    waiting_fiber = capo_fiber_current();
    for (running = 0; running < count; running++)
        capo_fiber_start("asker", ask_for_sum, (void *)name, ended, false);
    while (running > 0)
        fiber_park(10000);
}

/* SEC-379: however many ask at once for what has expired, it is computed once. */
TEST(cache_computes_once)
{
    use_caches();
    const char *name;
    fail_first = false;
    EACH_BACKEND(name) {
        ask_many(name, 500);
        EXPECT_INT(computed, 1);
        EXPECT_INT(got, 500);
        ask_many(name, 10);
        EXPECT_INT(computed, 0);
        capo_cache_clear(.using = name);
    }
}

TEST(cache_computation_that_raises)
{
    use_caches();
    fail_first = true;
    ask_many("default", 50);
    fail_first = false;
    EXPECT_INT(failures, 1);
    EXPECT_INT(computed, 2);
    EXPECT_INT(got, 49);
}

static Value inner(void *argument) { (void)argument; return VALUE(1); }
static Value outer(void *argument) { (void)argument; return VALUE((int)capo_cache_get_or_set("same", 60, inner, NULL).integer + 1); }

TEST(cache_computation_may_ask_for_itself)
{
    use_caches();
    EXPECT_INT(capo_cache_get_or_set("same", 60, outer, NULL).integer, 2);
    EXPECT_INT(capo_cache_get_or_set("dummy", 60, inner, NULL, .using = "none").integer, 1);
}

static void wait_and_be_cancelled(void *argument) { (void)argument; capo_cache_get_or_set("slow", 60, compute, "x"); }

/* One who waits and leaves does not take anything along; the leader who leaves lets another take over. */
TEST(cache_computation_with_cancelled_fibers)
{
    use_caches();
    computed = failures = 0;
    waiting_fiber = capo_fiber_current();
    Fiber *fibers[6];
    for (running = 0; running < 6; running++)
        fibers[running] = capo_fiber_start("waits", wait_and_be_cancelled, NULL, ended, false);
    capo_sleep(0.005);
    fiber_cancel(fibers[0]);
    fiber_cancel(fibers[3]);
    while (running > 0)
        fiber_park(10000);
    EXPECT_INT(failures, 2);
    EXPECT_INT(computed, 2);
    EXPECT_TEXT(capo_cache_get_text("slow", NULL), "x 2");
}

/* --- files --- */

static char *only_file(void)
{
    DIR *listing = opendir(folder);
    char *found = NULL;
    for (struct dirent *entry; (entry = readdir(listing)); )
        if (entry->d_name[0] != '.')
            found = capo_format("%s/%s", folder, entry->d_name);
    closedir(listing);
    return found;
}

static void set_in_files(void *argument) { (void)argument; capo_cache_set("k", 1, 60, .using = "files"); }

/* SEC-377: modes, folders that others can change, and files that were. */
TEST(cache_files_are_ours_alone)
{
    use_caches();
    struct stat status;
    mode_t before = umask(0);
    char *deep = capo_format("%s/a/b", folder);
    capo_caches_configure(CACHES({ "files", .backend = &capo_file_cache, .location = deep }));
    set_in_files(NULL);
    umask(before);
    EXPECT(stat(deep, &status) == 0 && (status.st_mode & 0777) == 0700);
    EXPECT(stat(capo_format("%s/a", folder), &status) == 0 && (status.st_mode & 0777) == 0700);
    strcat(folder, "/a/b");
    EXPECT(stat(only_file(), &status) == 0 && (status.st_mode & 0777) == 0600);
    /* a folder that others may write to, or a link, is refused */
    folder[strlen(folder) - 4] = 0;
    EXPECT(chmod(deep, 0770) == 0);
    capo_caches_configure(NULL);
    capo_caches_configure(CACHES({ "files", .backend = &capo_file_cache, .location = deep }));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, set_in_files, NULL);
    EXPECT(chmod(deep, 0700) == 0);
    char *link = capo_format("%s/link", folder);
    EXPECT(symlink(deep, link) == 0);
    capo_caches_configure(CACHES({ "files", .backend = &capo_file_cache, .location = link }));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, set_in_files, NULL);
    remove_folder(deep);
    rmdir(capo_format("%s/a", folder));
}

/* SEC-377: every single change of a file, and every cut, is a miss. */
TEST(cache_files_that_were_changed)
{
    use_caches();
    capo_cache_set("k", "the value", 60, .using = "files");
    char *path = only_file();
    size_t size;
    char *whole = capo_read_file(path, &size);
    for (size_t i = 0; i < size; i++) {
        char *changed = capo_memdup(whole, size);
        changed[i] ^= 1;
        EXPECT_INT(capo_write_file(path, changed, size), 0);
        EXPECT(!capo_cache_has("k", .using = "files"));
        EXPECT(access(path, F_OK) != 0);
        EXPECT_INT(capo_write_file(path, whole, i), 0);
        EXPECT(!capo_cache_has("k", .using = "files"));
    }
    EXPECT_INT(capo_write_file(path, whole, size), 0);
    EXPECT_TEXT(capo_cache_get_text("k", NULL, .using = "files"), "the value");
    /* another key's file under this name; a link; a folder */
    capo_cache_clear(.using = "files");
    capo_cache_set("other", "of another", 60, .using = "files");
    EXPECT_INT(rename(only_file(), path), 0);
    EXPECT(!capo_cache_has("k", .using = "files"));
    EXPECT_INT(symlink("/etc/passwd", path), 0);
    EXPECT(!capo_cache_has("k", .using = "files"));
    capo_cache_set("k", 1, 60, .using = "files");
    EXPECT(capo_cache_has("k", .using = "files"));
    /* the folder goes: it is made anew */
    remove_folder(folder);
    capo_cache_set("k", 2, 60, .using = "files");
    EXPECT_INT(capo_cache_get("k", .using = "files").integer, 2);
}

TEST(cache_files_are_culled)
{
    use_caches();
    DateTime start = capo_now();
    capo_freeze_time(start);
    for (int i = 0; i < 10; i++)
        capo_cache_set(capo_format("short%d", i), i, 1, .using = "files");
    capo_freeze_time((DateTime){ start.microseconds + 2000000 });
    for (int i = 0; i < 100; i++)
        capo_cache_set(capo_format("k%d", i), i, 60, .using = "files");
    DIR *listing = opendir(folder);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(listing)); count += entry->d_name[0] != '.') { }
    closedir(listing);
    EXPECT(count >= 10 && count <= 23);                 /* looked at every third time */
    EXPECT(capo_cache_has("k99", .using = "files") && !capo_cache_has("k0", .using = "files"));
}

/* What a file holds is read as data, whatever it is. */
TEST(cache_unpack_takes_anything)
{
    Buffer packed = { 0 };
    Value value;
    cache_pack(&packed, value_of_every_kind());
    EXPECT(cache_unpack(packed.data, packed.size, &value));
    for (size_t size = 0; size < packed.size; size++)
        EXPECT(!cache_unpack(capo_memdup(packed.data, size), size, &value));
    for (size_t i = 0; i < packed.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            char *changed = capo_memdup(packed.data, packed.size);
            changed[i] ^= (char)(1 << bit);
            if (cache_unpack(changed, packed.size, &value))
                capo_to_text(value);
        }
    Buffer deep = { 0 };
    for (int i = 0; i < 1000; i++)
        capo_put_bytes(&deep, "\x0d\0\1\0\0\0\0\0\0\0", 10);
    EXPECT(!cache_unpack(deep.data, deep.size, &value));
}
