/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the site's databases is meant, for the parts of the ORM that run statements.
 *
 *     void capo_…(Query *query)
 *     {
 *         WITH_DATABASE(query_database(query, DATABASE_READ));     // until the block ends, or a raise unwinds past it
 *         Compiled *compiled = compile_select(query);              // in that database's dialect
 *         … capo_database_run(…) …                                 // on its connections
 *     }
 *
 * A site with one database pays one test of a flag for all of this. */
#pragma once
#include "internal.h"
#include "pool.h"

struct Database {
    const char *alias;                      /* lives as long as the process */
    size_t number;                          /* its bit in UnitDatabases.written */
    Arena *arena;                           /* the address */
    const DatabaseAddress *address;
    const Backend *backend;
    int64_t ask_again;                      /* as long as the backend is provisional */
    bool is_private, log;
    Pool *writers, *readers;                /* the same where the database is networked or private */
    struct Database *next;
};

/* What a unit of work has said and done, once there are several databases, or wrappers around statements. */
typedef struct UnitDatabases {
    Database *forced;                       /* capo_use_database */
    Database *current;                      /* of the call that runs; NULL: the forced one, else the default */
    uint64_t written;                       /* bits of databases */
    ExecuteWrapper **wrappers; size_t n_wrappers;
    size_t inside;                          /* how many of them the running statement is in */
    Connection *setting_up;                 /* a new one, while capo_on_connection_created's function runs */
} UnitDatabases;

extern bool capo_several_databases;

/* The one that statements go to at this moment; opens "default" at first. */
Database *database_current(void);
/* Raises ERROR_IMPROPERLY_CONFIGURED for an alias that is none. */
Database *database_named(const char *alias);
/* Its server said what it is. */
void database_turned_out(const DatabaseAddress *address, const Backend *backend);
/* By the order that databases.h gives; NULL where there is but one. */
Database *database_for(const Model *model, const Instance *hint, const char *using, DatabaseUse use);
Database *query_database(const Query *query, DatabaseUse use);
/* The same query, bound to the database that its writes go to: what reads before it writes reads there. */
Query *query_for_write(Query *query);
/* A replica's primary; any other itself. */
Database *database_primary(Database *database);
/* The alias to remember in what comes from the current database; NULL where there is but one. */
const char *database_origin(void);
/* Whether that database is the current one, or the primary of which it is a copy. */
bool database_is_origin(const char *alias);
/* A write went to it in this unit. */
void database_note_write(const Database *database);
/* The unit's own, made where there is none; NULL for reading only: what it or a unit around it has. */
UnitDatabases *unit_databases(void);
UnitDatabases *unit_databases_seen(void);
/* databases.c: what the rows say, by alias. */
bool database_is_replica(const char *alias);
bool database_has_apps(const char *alias);
const char *database_home_of_app(const char *app);          /* NULL: none says */
const char *database_next_replica(const char *primary);     /* NULL: it has none */
const DatabaseRouter *const *database_routers(void);        /* ends with NULL */
/* For tests: a replica is its primary, read and written. */
void database_mirror(bool on);
/* For tests: rows and routers in place of settings', until the databases are closed. */
void capo_databases_set(const DatabaseSettings *rows, const DatabaseRouter *const *routers);

/* The connection that is set up in this unit, or NULL. */
Connection *capo_connection_setting_up(void);
extern bool capo_has_wrappers;              /* some unit has pushed one */
/* Calls run(argument) inside the unit's wrappers. */
void capo_execute_wrapped(const Statement *statement, bool many, void (*run)(void *), void *argument);

typedef struct DatabaseTurn { struct DatabaseTurnRecord *record; } DatabaseTurn;
DatabaseTurn database_turn(Database *database);
void database_turn_end(DatabaseTurn *turn);
#define WITH_DATABASE(database) DatabaseTurn turn_ __attribute__((cleanup(database_turn_end), unused)) = database_turn(database)
