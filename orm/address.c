/* SPDX-License-Identifier: BSD-3-Clause */
/* The URL of a database, taken apart. Its password goes to the driver and nowhere else: `shown` is what messages say. */
#include "address.h"
#include <stdlib.h>
#include <string.h>

enum { SQLITE_WAIT_MS = 5000, SQLITE_READERS = 8 };

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* NULL: it cannot be read. */
static char *decode(Arena *arena, const char *text, size_t size)
{
    char *out = arena_strndup(arena, text, size), *at = out;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '%') {
            *at++ = text[i];
            continue;
        }
        int high = i + 2 < size ? hex_digit(text[i + 1]) : -1, low = high < 0 ? -1 : hex_digit(text[i + 2]);
        if (low < 0 || high * 16 + low == 0)
            return NULL;
        *at++ = (char)(high * 16 + low);
        i += 2;
    }
    *at = '\0';
    return out;
}

char *address_part(Arena *arena, const char *what, const char *text, size_t size)
{
    char *decoded = decode(arena, text, size);
    if (!decoded)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The %s in DATABASE_URL has a '%%' that no two hexadecimal digits follow. A '%%' itself is written %%25, "
                   "'@' %%40, ':' %%3A, '/' %%2F.", what);
    return decoded;
}

static char *shown(Arena *arena, const DatabaseAddress *address)
{
    const char *host = address->host ? address->host : "";
    bool bracket = strchr(host, ':') != NULL;
    return arena_format(arena, "%s://%s%s%s%s%s%s/%s", address->scheme, address->user ? address->user : "", address->user ? "@" : "", bracket ? "[" : "", host,
                        bracket ? "]" : "", address->port ? arena_format(arena, ":%d", address->port) : "", address->database);
}

/* Of a database in a file: "db.sqlite3", "/var/db", ":memory:"; with slashes as other frameworks have it: "///db.sqlite3" is relative,
 * "////var/db" is not. The path is not decoded; it ends at '?'. */
static void take_path(Arena *arena, DatabaseAddress *address, const Backend *backend, const char *path)
{
    path += !strncmp(path, "///", 3) ? 3 : !strncmp(path, "//", 2) ? 2 : 0;
    size_t size = strcspn(path, "?");
    address->database = arena_strndup(arena, path, size);
    address->shown = arena_strndup(arena, address->url, strcspn(address->url, "?"));
    address->pool_size = SQLITE_READERS;
    address->pool_wait = 2 * SQLITE_WAIT_MS;
    address->lock_timeout = SQLITE_WAIT_MS;
    if (path[size] == '?')
        address_take_options(arena, address, backend, path + size + 1);
}

DatabaseAddress *capo_database_address(Arena *arena, const char *url)
{
    DatabaseAddress *address = arena_alloc(arena, sizeof *address);
    size_t scheme = strcspn(url, ":");
    *address = (DatabaseAddress){
        .url = arena_strndup(arena, url, strlen(url)), .scheme = arena_strndup(arena, url, scheme), .database = "", .options = arena_alloc(arena, sizeof(DatabaseOption)),
        .pool_size = 10, .pool_shared = 2, .pool_wait = 5000, .pool_max_age = 3600000, .pool_max_idle = 600000, .pool_min_idle = 1, .pool_check_after = 30000,
        .connect_timeout = 5000,
    };
    const Backend *backend = capo_backend_of_url(url);
    if (!backend->networked) {
        take_path(arena, address, backend, url[scheme] ? url + scheme + 1 : url);
        return address;
    }
    address->shown = address->url;
    if (strncmp(url + scheme, "://", 3))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL cannot be read: write %s://user:password@host:port/database.", address->scheme);
    const char *at = url + scheme + 3, *end = at + strcspn(at, "/?"), *user_end = memrchr(at, '@', (size_t)(end - at));
    if (user_end) {
        const char *colon = memchr(at, ':', (size_t)(user_end - at)), *name_end = colon ? colon : user_end;
        if (name_end > at)
            address->user = address_part(arena, "user", at, (size_t)(name_end - at));
        if (colon)
            address->password = address_part(arena, "password", colon + 1, (size_t)(user_end - colon - 1));
        at = user_end + 1;
    }
    const char *host_end = *at == '[' ? at + strcspn(at, "]") : at + strcspn(at, ":/?");
    if (host_end > at)
        address->host = *at == '[' ? address_part(arena, "host", at + 1, (size_t)(host_end - at - 1)) : address_part(arena, "host", at, (size_t)(host_end - at));
    at = host_end + (*host_end == ']');
    if (*at == ':') {
        char *after;
        long port = strtol(at + 1, &after, 10);
        if (after == at + 1 || after != end || port < 1 || port > 65535)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL has no number from 1 to 65535 as its port. Is there an '@', ':' or '/' in the password? "
                       "Write %%40, %%3A or %%2F for it.");
        address->port = (int)port;
        at = after;
    }
    if (at != end)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL cannot be read: write %s://user:password@host:port/database.", address->scheme);
    if (*at == '/') {
        size_t size = strcspn(++at, "?");
        address->database = address_part(arena, "name of the database", at, size);
        at += size;
    }
    if (*at == '?')
        address_take_options(arena, address, backend, at + 1);
    address->shown = shown(arena, address);
    return address;
}

const char *capo_database_option(const DatabaseAddress *address, const char *name)
{
    for (const DatabaseOption *option = address->options; option->name; option++)
        if (!strcmp(option->name, name))
            return option->value;
    return NULL;
}
