/* SPDX-License-Identifier: BSD-3-Clause */
/* The URL of a database, taken apart. Its password goes to the driver and nowhere else: `shown` is what messages say. */
#include "pool.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_OPTIONS = 32 };

/* Options of the pool, in the URL's query: whole numbers, or times. */
typedef struct OptionRow { const char *name; size_t offset; bool is_time; int least, most; } OptionRow;
#define OPTION(name_) .name = #name_, .offset = offsetof(DatabaseAddress, name_)
static const OptionRow rows[] = {
    { OPTION(pool_size), .least = 1, .most = 10000 },
    { OPTION(pool_shared), .most = 16 },
    { OPTION(pool_wait), .is_time = true },
    { OPTION(pool_max_age), .is_time = true },
    { OPTION(pool_max_idle), .is_time = true },
    { OPTION(pool_check_after), .is_time = true },
    { OPTION(connect_timeout), .is_time = true },
    { OPTION(statement_timeout), .is_time = true },
    { OPTION(lock_timeout), .is_time = true },
};

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* "%2F" is '/', RFC 3986; a '+' stays what it is. NULL: a '%' without two digits, or a NUL. */
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

static char *part(Arena *arena, const char *what, const char *text, size_t size)
{
    char *decoded = decode(arena, text, size);
    if (!decoded)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The %s in DATABASE_URL has a '%%' that no two hexadecimal digits follow. A '%%' itself is written %%25, "
                   "'@' %%40, ':' %%3A, '/' %%2F.", what);
    return decoded;
}

/* "500ms", "5s", "2min", "1h"; a bare number is seconds. Milliseconds, negative: no such thing. */
static int milliseconds(const char *text)
{
    static const struct { const char *unit; double factor; } units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "", 1000 } };
    char *end;
    double number = strtod(text, &end);
    if (end == text || !(number >= 0))
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(end, units[i].unit))
            return number * units[i].factor < 2e9 ? (int)(number * units[i].factor + 0.5) : -1;
    return -1;
}

const char *capo_isolation_level(const char *text)
{
    static const char *const levels[] = { "READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE" };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (!strcasecmp(levels[i], text))
            return levels[i];
    return NULL;
}

static bool take_pool_option(DatabaseAddress *address, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name))
            continue;
        char *end = NULL;
        long number = rows[i].is_time ? milliseconds(value) : strtol(value, &end, 10);
        if (rows[i].is_time ? number < 0 : end == value || *end || number < rows[i].least || number > rows[i].most)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s=%s in DATABASE_URL is %s.", name, value,
                       rows[i].is_time ? "no time: write 30s, 500ms, 5min or a number of seconds" : capo_format("no number from %d to %d", rows[i].least, rows[i].most));
        *(int *)(void *)((char *)address + rows[i].offset) = (int)number;
        return true;
    }
    return false;
}

static void take_query(Arena *arena, DatabaseAddress *address, const char *query)
{
    DatabaseOption *options = arena_alloc(arena, (MOST_OPTIONS + 1) * sizeof *options);
    size_t n = 0;
    while (*query) {
        size_t size = strcspn(query, "&"), name_size = strcspn(query, "=&");
        if (name_size < size) {
            char *name = part(arena, "name of an option", query, name_size), *value = part(arena, name, query + name_size + 1, size - name_size - 1);
            if (take_pool_option(address, name, value)) {
            } else if (!strcmp(name, "isolation")) {
                address->isolation = capo_isolation_level(value);
                if (!address->isolation)
                    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "isolation=%s in DATABASE_URL is no isolation level: read%%20uncommitted, read%%20committed, repeatable%%20read "
                               "or serializable.", value);
            } else if (!strcasecmp(name, "host")) {
                address->host = value;
            } else if (!strcmp(name, "port")) {
                address->port = atoi(value);
            } else if (!strcmp(name, "user")) {
                address->user = value;
            } else if (!strcmp(name, "password")) {
                address->password = value;
            } else if (n < MOST_OPTIONS) {
                options[n++] = (DatabaseOption){ name, value };
            }
        } else if (size) {
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The option \"%.*s\" in DATABASE_URL has no '='.", (int)size, query);
        }
        query += size + (query[size] == '&');
    }
    address->options = options;
}

static char *shown(Arena *arena, const DatabaseAddress *address)
{
    const char *host = address->host ? address->host : "";
    bool bracket = strchr(host, ':') != NULL;
    return arena_format(arena, "%s://%s%s%s%s%s%s/%s", address->scheme, address->user ? address->user : "", address->user ? "@" : "", bracket ? "[" : "", host,
                        bracket ? "]" : "", address->port ? arena_format(arena, ":%d", address->port) : "", address->database);
}

DatabaseAddress *capo_database_address(Arena *arena, const char *url)
{
    DatabaseAddress *address = arena_alloc(arena, sizeof *address);
    size_t scheme = strcspn(url, ":");
    *address = (DatabaseAddress){
        .url = arena_strndup(arena, url, strlen(url)), .scheme = arena_strndup(arena, url, scheme), .database = "", .options = arena_alloc(arena, sizeof(DatabaseOption)),
        .pool_size = 10, .pool_shared = 2, .pool_wait = 5000, .pool_max_age = 3600000, .pool_max_idle = 600000, .pool_check_after = 30000, .connect_timeout = 5000,
    };
    address->shown = address->url;
    if (strncmp(url + scheme, "://", 3) || !strcmp(address->scheme, "sqlite"))
        return address;
    const char *at = url + scheme + 3, *end = at + strcspn(at, "/?"), *user_end = memrchr(at, '@', (size_t)(end - at));
    if (user_end) {
        const char *colon = memchr(at, ':', (size_t)(user_end - at)), *name_end = colon ? colon : user_end;
        if (name_end > at)
            address->user = part(arena, "user", at, (size_t)(name_end - at));
        if (colon)
            address->password = part(arena, "password", colon + 1, (size_t)(user_end - colon - 1));
        at = user_end + 1;
    }
    const char *host_end = *at == '[' ? at + strcspn(at, "]") : at + strcspn(at, ":/?");
    if (host_end > at)
        address->host = *at == '[' ? part(arena, "host", at + 1, (size_t)(host_end - at - 1)) : part(arena, "host", at, (size_t)(host_end - at));
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
        address->database = part(arena, "name of the database", at, size);
        at += size;
    }
    if (*at == '?')
        take_query(arena, address, at + 1);
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
