/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of MariaDB and MySQL, inside: mysql.c runs statements; mysql_connect.c makes connections and ends them; mysql_errors.c says what failed;
 * mysql_wait.c suspends the fiber; mysql_values.c has parameters and cells. */
#pragma once
#include "../internal.h"
#include "../pool.h"
#include <mysql.h>

enum { MYSQL_SETS = 32, MYSQL_WAYS = 4 };   /* 128 prepared statements a connection; the server has 16,382 for all */

typedef struct MysqlStatement {
    MYSQL_STMT *statement;
    char *sql; size_t size;
    uint64_t hash, used;
    bool busy;                              /* a cursor reads from it */
} MysqlStatement;

typedef struct MysqlConnection {
    Connection head;
    MYSQL *mysql;
    const DatabaseAddress *address;
    MysqlStatement *statements[MYSQL_SETS][MYSQL_WAYS];
    uint64_t clock;
    int64_t id_step;                        /* MySQL's auto_increment_increment; 0: MariaDB, whose RETURNING tells the keys */
    int socket; struct event *read_event;   /* NULL: it is not watched, and waits as any socket */
    struct Fiber *waiting;                  /* for what comes; NULL: none */
    bool is_watched, is_readable;           /* the event is on the loop; something came since the wait began */
    MYSQL_STMT **orphans; size_t n_orphans; /* of a broken connection: closed after it, since closing them would ask the server */
} MysqlConnection;

/* mysql_wait.c. What the last wait raised: taken by the call that it ended, before anything else runs. */
extern const Error *mysql_stopped;
/* MARIADB_OPT_IO_WAIT. Positive: ready, 0: the time is up, negative: give up. */
int mysql_on_wait(my_socket fd, my_bool is_read, int timeout_ms);
/* From the moment it is open, and until its socket is closed, whoever closes it. */
void mysql_watch(MysqlConnection *connection);
void mysql_unwatch(MysqlConnection *connection);

/* mysql_connect.c */
Connection *mysql_connection_open(const DatabaseAddress *address, bool read_only, DatabaseFailure *failure);
void mysql_connection_close(Connection *connection, bool forked);

/* mysql.c. NULL: nothing. */
void mysql_statement_free(MysqlStatement *statement);
/* The memory, which is never absent. */
void *mysql_must(void *memory);

/* mysql_errors.c. All return false, with *failure filled in; a connection that broke is marked as lost and watched no more. */
bool mysql_report_connection(MysqlConnection *connection, DatabaseFailure *failure);
bool mysql_report_statement(MysqlConnection *connection, MYSQL_STMT *statement, DatabaseFailure *failure);

/* mysql_values.c. A parameter's bind, which points into the arena; false: *failure says why. */
bool mysql_bind(Value value, MYSQL_BIND *ret, DatabaseFailure *failure);

/* What a result's columns are read with. */
typedef struct MysqlColumns {
    int count;
    MYSQL_FIELD *fields;                    /* the metadata's */
    MYSQL_BIND *binds;
    struct MysqlCell { unsigned long length; my_bool is_null, error; union { long long integer; double real; MYSQL_TIME time; } to; } *cells;
} MysqlColumns;
void mysql_columns(MYSQL_RES *metadata, MysqlColumns *ret);
/* The row that was fetched, into `count` Values. */
void mysql_read_row(MYSQL_STMT *statement, const MysqlColumns *columns, Value *ret);
/* A cell of a statement that was not prepared. */
Value mysql_read_text(const MYSQL_FIELD *field, const char *text, unsigned long size);
