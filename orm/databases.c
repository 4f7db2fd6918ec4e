/* SPDX-License-Identifier: BSD-3-Clause */
/* The site's databases: what a URL's scheme stands for, opening at first use, by alias, and closing.
 *
 * Connections are opened later, at their first use; after a fork the child forgets those of its parent. */
#include "routing.h"
#include <capo/web.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DATABASES = 64 };

static const struct { const char *scheme; const Backend *backend; const char *without; } backends[] = {
    { "sqlite", &capo_sqlite_backend },
#ifdef CAPO_HAS_POSTGRESQL
    { "postgresql", &capo_postgresql_backend }, { "postgres", &capo_postgresql_backend },
#else
    { "postgresql", NULL, "libpq" }, { "postgres", NULL, "libpq" },
#endif
#ifdef CAPO_HAS_MYSQL
    { "mysql", &capo_mysql_backend }, { "mariadb", &capo_mariadb_backend },
#else
    { "mysql", NULL, "libmariadb" }, { "mariadb", NULL, "libmariadb" },
#endif
};
enum { N_BACKENDS = sizeof backends / sizeof *backends };

bool capo_several_databases;
static Database *opened;                    /* "default" first */
static const DatabaseSettings *rows;
static const DatabaseRouter *const *site_routers;
static unsigned generation;
static bool mirrors;                        /* a replica is its primary: tests */

static void count_fork(void) { generation++; }
unsigned capo_database_generation(void) { return generation; }

/* Aliases live as long as the process: instances and queries point to them. */
static const char *alias_text(const char *alias)
{
    static char *known[MOST_DATABASES];
    size_t i = 0;
    while (i < MOST_DATABASES && known[i] && strcmp(known[i], alias))
        i++;
    if (i == MOST_DATABASES)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "There are more than %d databases.", MOST_DATABASES - 1);
    if (!known[i] && !(known[i] = strdup(alias)))
        abort();
    return known[i];
}

const Backend *capo_backend_of_url(const char *url)
{
    const char *names[N_BACKENDS];
    for (size_t i = 0; i < N_BACKENDS; i++) {
        size_t size = strlen(backends[i].scheme);
        names[i] = backends[i].scheme;
        if (strncmp(url, backends[i].scheme, size) || url[size] != ':')
            continue;
        if (backends[i].backend)
            return backends[i].backend;
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL begins with \"%s:\", and this Capo was built without %s. Install its development package and build again.",
                   backends[i].scheme, backends[i].without);
    }
    char *scheme = capo_strndup(url, strcspn(url, ":"));
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL begins with \"%s:\", and there is no such database here.%s Write for example sqlite:db.sqlite3, "
               "postgresql://user:password@host/database or mysql://user:password@host/database.", scheme, capo_did_you_mean(scheme, names, N_BACKENDS));
}

static void free_arena(void *arena) { arena_free(arena); }

static Database *open_url(const char *alias, const char *url, bool log)
{
    static bool watches_forks;
    const Backend *backend = capo_backend_of_url(url);
    Arena *arena = arena_new();
    capo_defer(free_arena, arena);          /* the address may be wrong */
    DatabaseAddress *address = capo_database_address(arena, url);
    capo_defer_cancel(free_arena, arena);
    address->alias = alias_text(alias);
    Database *database = calloc(1, sizeof *database);
    if (!database)
        abort();
    *database = (Database){ .alias = address->alias, .arena = arena, .address = address, .backend = backend, .log = log,
                            .is_private = backend->is_private && backend->is_private(address) };
    if (backend->networked) {
        database->writers = database->readers = pool_new(backend, address, (PoolOptions){
            .size = address->pool_size, .wait_ms = address->pool_wait, .max_age_ms = address->pool_max_age, .max_idle_ms = address->pool_max_idle,
            .min_idle = address->pool_min_idle, .check_after_ms = address->pool_check_after, .shared = address->pool_shared });
    } else {
        database->writers = pool_new(backend, address, (PoolOptions){ .size = 1, .wait_ms = address->pool_wait });
        database->readers = database->is_private ? database->writers
            : pool_new(backend, address, (PoolOptions){ .size = address->pool_size, .wait_ms = address->pool_wait, .read_only = true });
    }
    Database **end = &opened;
    for (; *end; end = &(*end)->next)
        database->number++;
    *end = database;
    if (!watches_forks && !pthread_atfork(NULL, NULL, count_fork))
        watches_forks = true;
    return database;
}

static void close_one(Database *closed)
{
    bool same = closed->readers == closed->writers, gone = pool_close(closed->writers);
    if (!same)
        gone = pool_close(closed->readers) && gone;
    if (gone)
        arena_free(closed->arena);
    free(closed);
}

void capo_database_close(void)
{
    UnitDatabases *unit = capo_unit ? unit_databases_seen() : NULL;
    while (opened) {
        Database *closed = opened;
        opened = closed->next;
        close_one(closed);
    }
    if (unit)
        unit->forced = unit->current = NULL;
    rows = NULL;
    site_routers = NULL;
    capo_several_databases = false;
}

void capo_database_open(const char *url)
{
    if (url)
        capo_backend_of_url(url);                    /* a wrong one closes nothing */
    capo_database_close();
    if (url)
        open_url("default", url, true);
}

void capo_databases_set(const DatabaseSettings *new_rows, const DatabaseRouter *const *routers)
{
    rows = new_rows;
    site_routers = routers;
    capo_several_databases = rows && rows->alias;
}

static Database *database_default(void)
{
    if (!opened) {
        const Settings *settings = capo_settings();
        open_url("default", settings->database ? settings->database : "sqlite:db.sqlite3", settings->debug);
        capo_databases_set(settings->databases, settings->database_routers);
    }
    return opened;
}

void database_turned_out(const DatabaseAddress *address, const Backend *backend)
{
    for (Database *at = opened; at; at = at->next)
        if (at->address == address)
            at->backend = backend;
}

void database_mirror(bool on) { mirrors = on; }

static const DatabaseSettings *row_of(const char *alias)
{
    for (const DatabaseSettings *row = rows; row && row->alias; row++)
        if (!strcmp(row->alias, alias))
            return row;
    return NULL;
}

Database *database_named(const char *alias)
{
    Database *first = database_default();
    for (Database *at = first; at; at = at->next)
        if (!strcmp(at->alias, alias))
            return at;
    const DatabaseSettings *row = row_of(alias);
    if (row && row->replica_of && mirrors)
        return database_named(row->replica_of);
    if (row)
        return open_url(row->alias, row->url, first->log);
    const char *const *names = capo_database_aliases();
    size_t count = 0;
    while (names[count])
        count++;
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "There is no database with the alias '%s' in the settings .database and .databases.%s", alias,
               capo_did_you_mean(alias, names, count));
}

Database *database_current(void)
{
    Database *first = database_default();
    if (!capo_several_databases)
        return first;
    const UnitDatabases *unit = unit_databases_seen();
    return unit && unit->current ? unit->current : unit && unit->forced ? unit->forced : first;
}

const char *const *capo_database_aliases(void)
{
    size_t count = 0;
    database_default();
    while (rows && rows[count].alias)
        count++;
    const char **names = capo_alloc_array(count + 2, sizeof *names);
    names[0] = "default";
    for (size_t i = 0; i < count; i++)
        names[i + 1] = rows[i].alias;
    return names;
}

char capo_database_quote(void) { return opened ? database_current()->backend->dialect->quote : '"'; }

int capo_database_table_length(void)
{
    const char *url = opened ? NULL : capo_default_database();
    const Backend *backend = opened ? opened->backend : NULL;
    for (size_t i = 0; url && i < N_BACKENDS; i++)
        if (capo_starts_with(url, capo_format("%s:", backends[i].scheme)))
            backend = backends[i].backend;
    return backend && backend->networked ? backend->dialect->name_length : 0;
}

int capo_database_name_length(void) { return opened ? database_current()->backend->dialect->name_length : capo_sqlite_dialect.name_length; }

/* --- what the rows say --- */

Database *database_primary(Database *database)
{
    const DatabaseSettings *row = row_of(database->alias);
    return row && row->replica_of ? database_named(row->replica_of) : database;
}

bool database_is_replica(const char *alias)
{
    const DatabaseSettings *row = row_of(alias);
    return row && row->replica_of && !mirrors;
}

static bool lists(const DatabaseSettings *row, const char *app)
{
    for (const char *const *name = row->apps; name && app && *name; name++)
        if (!strcmp(*name, app))
            return true;
    return false;
}

const char *database_home_of_app(const char *app)
{
    for (const DatabaseSettings *row = rows; row && row->alias; row++)
        if (!row->replica_of && lists(row, app))
            return row->alias;
    return NULL;
}

bool database_has_apps(const char *alias)
{
    const DatabaseSettings *row = row_of(alias);
    return row && row->apps;
}

/* The replicas of one take turns. */
const char *database_next_replica(const char *primary)
{
    static size_t turn;
    const char *found[MOST_DATABASES];
    size_t count = 0;
    for (const DatabaseSettings *row = mirrors ? NULL : rows; row && row->alias; row++)
        if (row->replica_of && !strcmp(row->replica_of, primary) && count < MOST_DATABASES)
            found[count++] = row->alias;
    return count ? found[turn++ % count] : NULL;
}

const DatabaseRouter *const *database_routers(void)
{
    static const DatabaseRouter *const none[] = { NULL };
    return site_routers ? site_routers : none;
}

/* --- figures --- */

static void add_figures(const Database *database, DatabaseFigures *ret)
{
    pool_figures(database->writers, ret);
    if (database->readers != database->writers)
        pool_figures(database->readers, ret);
}

DatabaseFigures capo_database_figures(void)
{
    DatabaseFigures figures = { 0 };
    for (const Database *at = opened; at; at = at->next)
        add_figures(at, &figures);
    return figures;
}

DatabaseFigures capo_database_figures_of(const char *alias)
{
    DatabaseFigures figures = { 0 };
    add_figures(database_named(alias), &figures);
    return figures;
}
