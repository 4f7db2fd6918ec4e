/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of a database's URL: which there are for which kind of database, and what their values mean. */
#include "address.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_OPTIONS = 32, MOST_NAMES = 128 };

typedef enum Taker { SQLITE = 1, POSTGRESQL = 2, MYSQL = 4, SERVERS = POSTGRESQL | MYSQL, ALL = SQLITE | SERVERS } Taker;
typedef enum OptionKind { NUMBER, TIME, TEXT, SWITCH_OFF, ISOLATION, TRANSACTION_MODE, UTF8MB4 } OptionKind;

/* `least` and `most` are of numbers. */
typedef struct OptionRow { const char *name; Taker of; OptionKind kind; size_t offset; int least, most; } OptionRow;
#define AT(member) .offset = offsetof(DatabaseAddress, member)
static const OptionRow rows[] = {
    { "pool_size", ALL, NUMBER, AT(pool_size), .least = 1, .most = 10000 },
    { "pool_shared", POSTGRESQL, NUMBER, AT(pool_shared), .most = 16 },
    { "pool_wait", ALL, TIME, AT(pool_wait) },
    { "pool_max_age", SERVERS, TIME, AT(pool_max_age) },
    { "pool_max_idle", SERVERS, TIME, AT(pool_max_idle) },
    { "pool_min_idle", SERVERS, NUMBER, AT(pool_min_idle), .most = 10000 },
    { "pool_check_after", SERVERS, TIME, AT(pool_check_after) },
    { "connect_timeout", SERVERS, TIME, AT(connect_timeout) },
    { "statement_timeout", ALL, TIME, AT(statement_timeout) },
    { "lock_timeout", ALL, TIME, AT(lock_timeout) },
    { "timeout", SQLITE, TIME, AT(lock_timeout) },
    { "isolation", SERVERS, ISOLATION, AT(isolation) },
    { "init_command", ALL, TEXT, AT(init_command) },
    { "transaction_mode", SQLITE, TRANSACTION_MODE, AT(transaction_mode) },
    { "search_path", POSTGRESQL, TEXT, AT(search_path) },
    { "prepared", POSTGRESQL, SWITCH_OFF, AT(no_prepared) },
    { "server_cursors", SERVERS, SWITCH_OFF, AT(no_cursors) },
    { "charset", MYSQL, UTF8MB4 },
    { "host", SERVERS, TEXT, AT(host) },
    { "port", SERVERS, NUMBER, AT(port), .least = 1, .most = 65535 },
    { "user", SERVERS, TEXT, AT(user) },
    { "password", SERVERS, TEXT, AT(password) },
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* Words of other frameworks' settings for what has another name here. */
static const struct { const char *theirs, *ours; } others[] = {
    { "conn_max_age", "pool_max_age" }, { "conn_health_checks", "pool_check_after" }, { "disable_server_side_cursors", "server_cursors=off" },
    { "min_size", "pool_min_idle" }, { "max_size", "pool_size" }, { "max_idle", "pool_max_idle" }, { "max_lifetime", "pool_max_age" }, { "isolation_level", "isolation" },
    { "unix_socket", "socket" }, { "ssl_ca", "sslrootcert" }, { "ssl_mode", "sslmode" }, { "ssl_require", "sslmode=require" }, { "ssl", "sslmode" },
    { "busy_timeout", "lock_timeout" }, { "timeout", "connect_timeout" }, { "currentschema", "search_path" }, { "schema", "search_path" },
};

static Taker taker_of(const Backend *backend) { return !strcmp(backend->name, "sqlite") ? SQLITE : !strcmp(backend->name, "mysql") ? MYSQL : POSTGRESQL; }

/* --- values --- */

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

static const char *transaction_mode(const char *text)
{
    static const char *const modes[] = { "DEFERRED", "IMMEDIATE", "EXCLUSIVE" };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcasecmp(modes[i], text))
            return modes[i];
    return NULL;
}

/* 1: on, 0: off, -1: neither. */
static int switched(const char *text)
{
    static const char *const words[] = { "off", "on", "false", "true", "0", "1", "no", "yes" };
    for (int i = 0; i < 8; i++)
        if (!strcasecmp(words[i], text))
            return i % 2;
    return -1;
}

_Noreturn static void refuse(const char *name, const char *value, const char *why)
{
    if (!strcmp(name, "password"))
        value = "…";
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s=%s in DATABASE_URL is %s.", name, value, why);
}

static void set_option(DatabaseAddress *address, const OptionRow *row, const char *value)
{
    void *member = (char *)address + row->offset;
    const char *word = NULL;
    char *end = NULL;
    long number;
    switch (row->kind) {
    case TIME:
        number = milliseconds(value);
        if (number < 0)
            refuse(row->name, value, "no time: write 30s, 500ms, 5min or a number of seconds");
        *(int *)member = (int)number;
        break;
    case NUMBER:
        number = strtol(value, &end, 10);
        if (end == value || *end || number < row->least || number > row->most)
            refuse(row->name, value, capo_format("no number from %d to %d", row->least, row->most));
        *(int *)member = (int)number;
        break;
    case SWITCH_OFF:
        if (switched(value) < 0)
            refuse(row->name, value, "neither on nor off");
        *(bool *)member = !switched(value);
        break;
    case ISOLATION:
        word = capo_isolation_level(value);
        if (!word)
            refuse(row->name, value, "no isolation level: read%20uncommitted, read%20committed, repeatable%20read or serializable");
        *(const char **)member = word;
        break;
    case TRANSACTION_MODE:
        word = transaction_mode(value);
        if (!word)
            refuse(row->name, value, "no way to begin a transaction: deferred, immediate or exclusive");
        *(const char **)member = word;
        break;
    case UTF8MB4:                           /* nothing to set: it is what it always is */
        if (strcasecmp(value, "utf8mb4"))
            refuse(row->name, value, "not spoken: texts are UTF-8, utf8mb4 in its words");
        break;
    case TEXT:
        *(const char **)member = value;
        break;
    }
}

/* --- names --- */

static bool is_one_of(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

_Noreturn static void unknown(const Backend *backend, const char *const *drivers, const char *name)
{
    const char *names[MOST_NAMES], *lower = capo_lower(name), *hint = "";
    size_t count = 0;
    Buffer list = { 0 };
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].of & taker_of(backend))
            names[count++] = rows[i].name;
    size_t own = count;
    for (; drivers && *drivers && count < MOST_NAMES; drivers++) {
        bool ours = false;
        for (size_t i = 0; i < own && !ours; i++)
            ours = !strcmp(names[i], *drivers);
        if (!ours)
            names[count++] = *drivers;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others && !*hint; i++) {
        char *ours = capo_strndup(others[i].ours, strcspn(others[i].ours, "="));
        for (size_t k = 0; k < count && !strcmp(others[i].theirs, lower); k++)
            if (!strcmp(names[k], ours))
                hint = capo_format(" It is %s here.", others[i].ours);
    }
    if (!*hint)
        hint = capo_did_you_mean(lower, names, count);
    for (size_t i = 0; i < count; i++)
        capo_put_format(&list, "%s%s", i == own ? "; of its driver: " : i ? ", " : "", names[i]);
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL has the option \"%s\", which %s does not know.%s Its options are %s.", name, backend->title, hint,
               capo_buffer_text(&list));
}

/* --- the query --- */

void address_take_options(Arena *arena, DatabaseAddress *address, const Backend *backend, const char *query)
{
    DatabaseOption *options = arena_alloc(arena, (MOST_OPTIONS + 1) * sizeof *options);
    const char *const *drivers = backend->option_names ? backend->option_names() : NULL;
    size_t n = 0;
    memset(options, 0, (MOST_OPTIONS + 1) * sizeof *options);
    while (*query) {
        size_t size = strcspn(query, "&"), name_size = strcspn(query, "=&"), i = 0;
        if (name_size == size && size)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The option \"%.*s\" in DATABASE_URL has no '='.", (int)size, query);
        if (size) {
            const char *name = address_part(arena, "name of an option", query, name_size), *value = address_part(arena, name, query + name_size + 1, size - name_size - 1);
            while (i < N_ROWS && !((rows[i].of & taker_of(backend)) && !strcmp(rows[i].name, name)))
                i++;
            if (i < N_ROWS)
                set_option(address, &rows[i], value);
            else if (!is_one_of(drivers, name))
                unknown(backend, drivers, name);
            else if (n < MOST_OPTIONS)
                options[n++] = (DatabaseOption){ name, value };
        }
        query += size + (query[size] == '&');
    }
    address->options = options;
}
