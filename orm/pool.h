/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to one database: lent to one fiber at a time, or shared by many where the database answers in order.
 *
 *     Connection *connection = pool_lend(pool);            // waits its turn; raises 503 when none came back in time
 *     …                                                    // its fiber's alone
 *     pool_return(pool, connection);                       // never raises; closes it where it is lost, stale or in a transaction
 *
 * Who holds one already and asks for another (a loop over rows whose body begins a transaction) does not wait where all are lent: it gets one beyond
 * the pool's size, up to three times the size, so that units cannot all wait for each other. It is closed when it comes back.
 *
 * The same for the three databases. SQLite's writer is a pool of one, its readers another; a networked database has one pool,
 * and `pool_shared` connections beside it. A server that does not answer is asked again, by one fiber, after a pause that grows to
 * a quarter of a second; meanwhile whoever wants a connection is told so at once. */
#pragma once
#include "internal.h"
#include <capo/loop.h>

typedef struct DatabaseOption { const char *name, *value; } DatabaseOption;

/* A URL's parts, decoded; NULL where they are absent. Times are milliseconds. Of SQLite's URL the path is `database`, as it stands. */
struct DatabaseAddress {
    const char *alias;                      /* which of the site's databases it is */
    const char *url;                        /* as given: holds the password, never shown */
    const char *shown;                      /* without password and options, for messages */
    const char *scheme, *user, *password, *host, *database;     /* host: also the folder of a unix socket; database "" where absent */
    int port;                               /* 0: the database's own */
    int pool_size;                          /* connections lent at a time, 10; SQLite: those that read, 8 */
    int pool_shared;                        /* that many fibers use together, besides, 2; 0: none */
    int pool_wait;                          /* for one to come back, 5 s */
    int pool_max_age, pool_max_idle;        /* then it is closed, 1 h, 10 min; 0: never */
    int pool_min_idle;                      /* so many stay open however long nobody uses them, 1 */
    int pool_check_after;                   /* unused for so long, it is asked for a sign of life before it is lent, 30 s; 0: never */
    int connect_timeout;                    /* 5 s */
    int statement_timeout, lock_timeout;    /* 0: the server's own; SQLite: none, 5 s */
    const char *isolation;                  /* of its transactions: "SERIALIZABLE", …; NULL: read committed */
    const char *init_command;               /* statements for each new connection, apart by semicolons; NULL: none */
    const char *transaction_mode;           /* SQLite: "IMMEDIATE" (NULL too), "DEFERRED", "EXCLUSIVE" */
    const char *search_path;                /* PostgreSQL: the schemas of the session; NULL: the role's */
    bool no_prepared, no_cursors;           /* behind a pooler: nothing stays in the server between transactions */
    const DatabaseOption *options;          /* the driver's: sslmode, …; ends with { 0 } */
};

/* The level as SQL spells it, of "serializable" and the like in any case; NULL: there is none such. */
const char *capo_isolation_level(const char *text);
/* Raises ERROR_IMPROPERLY_CONFIGURED: also for an option that is none of the kind of database, which it names with those that there are.
 * Libpq's own words for a connection are options of PostgreSQL. */
DatabaseAddress *capo_database_address(Arena *arena, const char *url);
/* NULL: not given. */
const char *capo_database_option(const DatabaseAddress *address, const char *name);

typedef struct Pool Pool;
typedef struct PoolOptions {
    bool read_only;
    int size, wait_ms, max_age_ms, max_idle_ms, min_idle, check_after_ms, shared;
} PoolOptions;
/* The address must live as long as the pool. */
Pool *pool_new(const Backend *backend, const DatabaseAddress *address, PoolOptions options);
/* Closes all that are not lent; the others when they come back. True: the pool is gone; false: fibers still
 * use it and its address, which are left to them. After a fork the child forgets its parent's by itself. */
bool pool_close(Pool *pool);
Connection *pool_lend(Pool *pool);
void pool_return(Connection *connection);
/* One for a statement among others' of many fibers; NULL: take one of your own, since the statement is known as slow, those in
 * front of it are, or the backend cannot. It is not given back, but pool_seen says what it took. */
Connection *pool_share(Pool *pool, uint64_t statement);
void pool_seen(Pool *pool, uint64_t statement, int64_t microseconds);
/* The alias of its database, and its URL. */
const char *capo_connection_alias(const Connection *connection);
const DatabaseAddress *capo_connection_address(const Connection *connection);
void pool_figures(const Pool *pool, DatabaseFigures *ret);
