/* SPDX-License-Identifier: BSD-3-Clause */
/* SQLite's connection, for sqlite.c and sqlite_functions.c. */
#pragma once
#include "../internal.h"
#include <sqlite3.h>

enum { CACHED_STATEMENTS = 256 };

typedef struct CachedStatement { sqlite3_stmt *statement; char *sql; size_t size; bool busy; } CachedStatement;

typedef struct SqliteConnection {
    Connection head;
    sqlite3 *db;
    bool pauses;                            /* long statements let other fibers run; not where all share the one connection */
    int64_t started;                        /* of the running statement, or its last pause; monotonic microseconds */
    int64_t begun, time_limit;              /* of the running statement; microseconds, 0: none */
    const Error *stopped;                   /* what a pause in the progress handler raised: raised again after the statement */
    CachedStatement cache[CACHED_STATEMENTS];   /* by hash of the text; a newcomer takes the place of the one in its slot */
} SqliteConnection;

/* sqlite_rows.c: steps to the end, or max_rows rows, into the result. SQLITE_DONE, SQLITE_ROW where there are more, or what went wrong. */
int capo_sqlite_collect(sqlite3_stmt *statement, size_t max_rows, ResultSet *ret);
/* Registers the functions that look-ups, transforms and database functions call. An SQLite result code. */
int capo_sqlite_functions(sqlite3 *db);
