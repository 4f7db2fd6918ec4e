/* SPDX-License-Identifier: BSD-3-Clause */
/* MariaDB and MySQL by libmariadb: statements and cursors. How they spell SQL is in mysql_dialect.c.
 *
 * The library's calls look as if they blocked; where they wait, they call us back (mysql_wait.c), and the fiber waits. A raise
 * there, when the fiber is cancelled, must not unwind through the library: it is kept, the call fails, and what it was is raised after. */
#include "mysql.h"
#include "../schema.h"
#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void *mysql_must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* After a call of the library that failed: what a wait raised is raised now. */
static bool failed(MysqlConnection *connection)
{
    connection->head.in_flight = 0;
    if (!mysql_stopped)
        return false;
    const Error *error = mysql_stopped;
    mysql_stopped = NULL;
    connection->head.lost = true;
    connection->head.in_flight = 1;         /* close_connection stops it on the server */
    capo_reraise(error);
}

/* --- statements --- */

static bool starts_with_one_of(const char *sql, const char *const *words)
{
    sql += strspn(sql, " \t\r\n(");
    for (; *words; words++)
        if (!strncasecmp(sql, *words, strlen(*words)))
            return true;
    return false;
}

static bool is_kept(const char *sql)
{
    return starts_with_one_of(sql, (const char *const[]){ "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE", "VALUES", NULL });
}

void mysql_statement_free(MysqlStatement *kept)
{
    if (!kept)
        return;
    if (kept->statement)
        mysql_stmt_close(kept->statement);
    free(kept->sql);
    free(kept);
}

/* The kept statement of this text, or a place for it; NULL: all in its place are being read. One that gives rows is kept apart for other
 * types of parameters: the types of its columns may depend on them, and MariaDB 10.11, which leaves metadata out that the client has
 * already, then leaves out what it has not, and the library waits for it for ever. So is one that a cursor reads from: executed without one later, MySQL 9.7
 * may answer with the columns and no rows, nor their end. */
static MysqlStatement *find(MysqlConnection *connection, const char *sql, const MYSQL_BIND *binds, size_t count, bool for_cursor)
{
    size_t size = strlen(sql);
    uint64_t hash = quick_hash(sql, size) + for_cursor;
    bool gives_rows = !starts_with_one_of(sql, (const char *const[]){ "INSERT", "UPDATE", "DELETE", "REPLACE", NULL }) || strstr(sql, "RETURNING");
    for (size_t i = 0; gives_rows && i < count; i++)
        hash = (hash ^ (uint64_t)binds[i].buffer_type) * UINT64_C(1099511628211);
    MysqlStatement **set = connection->statements[hash % MYSQL_SETS], **place = NULL;
    for (int i = 0; i < MYSQL_WAYS; i++) {
        if (set[i] && set[i]->hash == hash && set[i]->size == size && !memcmp(set[i]->sql, sql, size)) {
            if (set[i]->busy)
                return NULL;
            set[i]->used = ++connection->clock;
            return set[i];
        }
        if (!set[i] ? !place || *place : !set[i]->busy && (!place || (*place && (*place)->used > set[i]->used)))
            place = &set[i];
    }
    if (!place)
        return NULL;
    mysql_statement_free(*place);
    *place = mysql_must(calloc(1, sizeof **place));
    **place = (MysqlStatement){ .sql = mysql_must(malloc(size + 1)), .size = size, .hash = hash, .used = ++connection->clock };
    memcpy((*place)->sql, sql, size + 1);
    return *place;
}

static void forget(MysqlConnection *connection, MysqlStatement *kept)
{
    MysqlStatement **set = connection->statements[kept->hash % MYSQL_SETS];
    for (int i = 0; i < MYSQL_WAYS; i++)
        if (set[i] == kept)
            set[i] = NULL;
    mysql_statement_free(kept);
}

static void close_statement(MysqlConnection *connection, MYSQL_STMT *statement)
{
    if (!connection->head.lost) {
        mysql_stmt_close(statement);
        return;
    }
    connection->orphans = mysql_must(realloc(connection->orphans, (connection->n_orphans + 1) * sizeof *connection->orphans));
    connection->orphans[connection->n_orphans++] = statement;
}

typedef struct Running { MysqlConnection *connection; MysqlStatement *kept; MYSQL_STMT *statement; MYSQL_RES *metadata; bool failed; } Running;

static void finish(Running *running)
{
    if (running->metadata)
        mysql_free_result(running->metadata);
    if (running->kept) {
        running->kept->busy = false;
        if (!running->connection->head.lost)
            mysql_stmt_free_result(running->statement);
        /* One that gives rows and failed is not executed again: the library may wait for ever for metadata that MySQL does not send. */
        if (!running->connection->head.lost && running->failed && mysql_stmt_field_count(running->statement))
            forget(running->connection, running->kept);
    } else if (running->statement) {
        close_statement(running->connection, running->statement);
    }
    running->metadata = NULL;
    running->statement = NULL;
    running->kept = NULL;
}

static void drop_kept(Running *running)
{
    MysqlStatement *kept = running->kept;
    running->kept = NULL;
    running->statement = NULL;
    forget(running->connection, kept);
}

/* Those that nobody reads from, but this one. */
static void forget_idle(MysqlConnection *connection, const MysqlStatement *but)
{
    for (size_t i = 0; i < MYSQL_SETS; i++)
        for (size_t k = 0; k < MYSQL_WAYS; k++) {
            MysqlStatement *kept = connection->statements[i][k];
            if (!kept || kept == but || kept->busy)
                continue;
            connection->statements[i][k] = NULL;
            mysql_statement_free(kept);
        }
}

static bool prepare(MysqlConnection *connection, const char *sql, const MYSQL_BIND *binds, size_t count, bool for_cursor, Running *ret, DatabaseFailure *failure)
{
    *ret = (Running){ .connection = connection, .kept = is_kept(sql) ? find(connection, sql, binds, count, for_cursor) : NULL };
    if (ret->kept && ret->kept->statement) {
        ret->statement = ret->kept->statement;
        return true;
    }
    MYSQL_STMT *statement = mysql_must(mysql_stmt_init(connection->mysql));
    bool refused = mysql_stmt_prepare(statement, sql, strlen(sql)) != 0;
    if (refused && mysql_stmt_errno(statement) == ER_MAX_PREPARED_STMT_COUNT_REACHED && !mysql_stopped) {
        forget_idle(connection, ret->kept);         /* the server has no more for all its clients: give back ours */
        refused = mysql_stmt_prepare(statement, sql, strlen(sql)) != 0;
    }
    if (refused) {
        mysql_report_statement(connection, statement, failure);
        if (ret->kept)
            forget(connection, ret->kept);
        ret->kept = NULL;
        close_statement(connection, statement);
        return failed(connection);
    }
    ret->statement = statement;
    if (ret->kept)
        ret->kept->statement = statement;
    return true;
}

/* Prepares and executes; `cursor`: the server keeps the rows, and gives so many at a time. */
static bool start(MysqlConnection *connection, const char *sql, const Value *parameters, size_t count, unsigned long cursor, Running *ret, DatabaseFailure *failure)
{
    MYSQL_BIND *binds = capo_alloc_array(count + 1, sizeof *binds);
    for (size_t i = 0; i < count; i++)
        if (!mysql_bind(parameters[i], &binds[i], failure))
            return false;
    connection->head.in_flight = 1;
    if (!prepare(connection, sql, binds, count, cursor != 0, ret, failure))
        return false;
    unsigned long kind = cursor ? CURSOR_TYPE_READ_ONLY : CURSOR_TYPE_NO_CURSOR;
    if (mysql_stmt_param_count(ret->statement) != count) {
        unsigned long wanted = mysql_stmt_param_count(ret->statement);
        connection->head.in_flight = 0;
        finish(ret);
        failure->unsent = true;
        return capo_database_fails(failure, ERROR_PROGRAMMING, "The statement has %lu placeholders, and %zu values were given.", wanted, count);
    }
    mysql_stmt_attr_set(ret->statement, STMT_ATTR_CURSOR_TYPE, &kind);
    if (cursor)
        mysql_stmt_attr_set(ret->statement, STMT_ATTR_PREFETCH_ROWS, &cursor);
    if ((count && mysql_stmt_bind_param(ret->statement, binds)) || mysql_stmt_execute(ret->statement)) {
        mysql_report_statement(connection, ret->statement, failure);
        ret->failed = true;
        finish(ret);
        return failed(connection);
    }
    ret->metadata = mysql_stmt_result_metadata(ret->statement);
    connection->head.in_flight = 0;
    return true;
}

static void read_names(const MYSQL_FIELD *fields, size_t count, ResultSet *ret)
{
    ret->n_columns = count;
    ret->names = capo_alloc_array(count + 1, sizeof *ret->names);
    for (size_t i = 0; i < count; i++)
        ret->names[i] = capo_strndup(fields[i].name, fields[i].name_length);
}

/* Rows up to the end, or so many. */
static bool collect(Running *running, const MysqlColumns *columns, size_t max_rows, size_t room, ResultSet *ret, DatabaseFailure *failure, bool *ret_ended)
{
    MysqlConnection *connection = running->connection;
    size_t n = (size_t)columns->count;
    ret->cells = room ? capo_alloc_array(room * n, sizeof(Value)) : NULL;
    *ret_ended = false;
    while (!max_rows || ret->n_rows < max_rows) {
        connection->head.in_flight = 1;
        int result = mysql_stmt_fetch(running->statement);
        connection->head.in_flight = 0;
        if (result == MYSQL_NO_DATA) {
            *ret_ended = true;
            return true;
        }
        if (result != 0 && result != MYSQL_DATA_TRUNCATED) {
            running->failed = true;
            mysql_report_statement(connection, running->statement, failure);
            return failed(connection);
        }
        if (ret->n_rows == room) {
            size_t more = room ? 2 * room : 8;
            ret->cells = capo_realloc(ret->cells, room * n * sizeof(Value), more * n * sizeof(Value));
            room = more;
        }
        mysql_read_row(running->statement, columns, ret->cells + ret->n_rows++ * n);
    }
    return true;
}

/* The rows that the server has ready; NULL: it gave none. */
static bool take_result(MysqlConnection *connection, MYSQL_RES **ret, DatabaseFailure *failure)
{
    *ret = mysql_store_result(connection->mysql);
    if (!*ret && mysql_field_count(connection->mysql)) {
        mysql_report_connection(connection, failure);
        return failed(connection);
    }
    connection->head.in_flight = 0;
    return true;
}

/* The further results of a CALL: nobody asks for them, and they would stand before the next statement's. */
static bool drain(MysqlConnection *connection, DatabaseFailure *failure)
{
    while (mysql_more_results(connection->mysql)) {
        connection->head.in_flight = 1;
        if (mysql_next_result(connection->mysql) > 0) {
            mysql_report_connection(connection, failure);
            return failed(connection);
        }
        MYSQL_RES *result;
        if (!take_result(connection, &result, failure))
            return false;
        mysql_free_result(result);
    }
    return true;
}

static bool drain_prepared(Running *running, DatabaseFailure *failure)
{
    while (mysql_stmt_more_results(running->statement)) {
        running->connection->head.in_flight = 1;
        if (mysql_stmt_next_result(running->statement) > 0) {
            running->failed = true;
            mysql_report_statement(running->connection, running->statement, failure);
            return failed(running->connection);
        }
        running->connection->head.in_flight = 0;
    }
    return true;
}

static bool is_select(const char *sql) { return starts_with_one_of(sql, (const char *const[]){ "SELECT", NULL }); }

static void finish_running(void *running) { finish(running); }

static bool run_prepared(MysqlConnection *connection, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    Running *running = capo_alloc_struct(Running);
    if (!start(connection, sql, parameters, count, 0, running, failure))
        return false;
    bool good = true, ended;
    capo_defer(finish_running, running);
    if (running->metadata) {
        MysqlColumns columns;
        mysql_columns(running->metadata, &columns);
        read_names(columns.fields, (size_t)columns.count, ret);
        connection->head.in_flight = 1;
        if (mysql_stmt_bind_result(running->statement, columns.binds) || mysql_stmt_store_result(running->statement)) {
            running->failed = true;
            mysql_report_statement(connection, running->statement, failure);
            good = failed(connection);
        } else {
            connection->head.in_flight = 0;
            good = collect(running, &columns, 0, (size_t)mysql_stmt_num_rows(running->statement), ret, failure, &ended);
        }
    }
    good = good && drain_prepared(running, failure);
    /* An error amid the rows (INSERT … RETURNING whose second row is refused) leaves the library waiting for more of them at the next execution. */
    if (!good && running->kept && !connection->head.lost)
        drop_kept(running);
    if (good && !is_select(sql)) {
        ret->changes = running->metadata ? (int64_t)ret->n_rows : (int64_t)mysql_stmt_affected_rows(running->statement);
        ret->last_id = (int64_t)mysql_stmt_insert_id(running->statement);
        if (ret->last_id && connection->id_step && ret->changes > 0) {      /* MySQL tells that of the first row */
            ret->id_step = connection->id_step;
            ret->last_id += (ret->changes - 1) * ret->id_step;
        }
    }
    capo_defer_cancel(finish_running, running);
    finish(running);
    return good;
}

static void free_result(void *result) { mysql_free_result(result); }

/* What is prepared may not fit after DDL. */
static void forget_statements(MysqlConnection *connection, const char *sql)
{
    bool is_ddl = starts_with_one_of(sql, (const char *const[]){ "ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", NULL });
    if (is_ddl)
        forget_idle(connection, NULL);
}

/* What does not come again, and what cannot be prepared: DDL, SHOW, START TRANSACTION. */
static bool run_text(MysqlConnection *connection, const char *sql, ResultSet *ret, DatabaseFailure *failure)
{
    connection->head.in_flight = 1;
    if (mysql_real_query(connection->mysql, sql, strlen(sql))) {
        mysql_report_connection(connection, failure);
        return failed(connection);
    }
    MYSQL_RES *result;
    if (!take_result(connection, &result, failure))
        return false;
    if (!result) {
        ret->changes = (int64_t)mysql_affected_rows(connection->mysql);
        ret->last_id = (int64_t)mysql_insert_id(connection->mysql);
        forget_statements(connection, sql);
        return drain(connection, failure);
    }
    capo_defer(free_result, result);
    const MYSQL_FIELD *fields = mysql_fetch_fields(result);
    read_names(fields, mysql_num_fields(result), ret);
    ret->cells = capo_alloc_array((size_t)mysql_num_rows(result) * ret->n_columns + 1, sizeof(Value));
    for (MYSQL_ROW row; (row = mysql_fetch_row(result)); ret->n_rows++) {
        const unsigned long *sizes = mysql_fetch_lengths(result);
        for (size_t i = 0; i < ret->n_columns; i++)
            ret->cells[ret->n_rows * ret->n_columns + i] = mysql_read_text(&fields[i], row[i], sizes[i]);
    }
    capo_defer_cancel(free_result, result);
    mysql_free_result(result);
    return drain(connection, failure);
}

static bool in_transaction(const MysqlConnection *connection) { return connection->mysql->server_status & SERVER_STATUS_IN_TRANS; }

static bool ends_transaction(const char *sql)
{
    return starts_with_one_of(sql, (const char *const[]){ "COMMIT", "ROLLBACK", "BEGIN", "START", NULL });
}

/* DDL has committed what came before. What comes after it belongs to the caller's transaction still, as in Django, which has autocommit off there. */
static bool begin_again(MysqlConnection *connection, DatabaseFailure *failure)
{
    static const char begin[] = "START TRANSACTION";
    connection->head.in_flight = 1;
    if (mysql_real_query(connection->mysql, begin, sizeof begin - 1)) {
        mysql_report_connection(connection, failure);
        return failed(connection);
    }
    connection->head.in_flight = 0;
    return true;
}

static bool run(Connection *head, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    MysqlConnection *connection = (MysqlConnection *)head;
    *ret = (ResultSet){ 0 };
    if (head->lost) {
        failure->lost = failure->unsent = true;
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The connection to %s broke.", connection->address->shown);
    }
    bool was_in_one = in_transaction(connection);
    bool good = count || is_kept(sql) ? run_prepared(connection, sql, parameters, count, ret, failure) : run_text(connection, sql, ret, failure);
    if (mysql_stopped)                      /* cancelled in what cleans up behind the statement */
        return failed(connection);
    return good && was_in_one && !in_transaction(connection) && !ends_transaction(sql) ? begin_again(connection, failure) : good;
}

static bool ping(Connection *head)
{
    ResultSet ignored = { 0 };
    DatabaseFailure failure = { 0 };
    return run(head, "SELECT 1", NULL, 0, &ignored, &failure);
}

/* Bytes that nobody asked for are the server's farewell: looked for where it had time to say it. */
static bool is_clean(Connection *head)
{
    enum { MOMENT_US = 1000 };
    MysqlConnection *connection = (MysqlConnection *)head;
    char byte;
    if (head->in_flight || in_transaction(connection))
        return false;
    return capo_monotonic_us() - head->used < MOMENT_US || recv(mysql_get_socket(connection->mysql), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* --- reading in batches: the server keeps the result --- */

enum { PREFETCHED_ROWS = 500 };
typedef struct MysqlCursor { Running running; MysqlColumns columns; bool ended; } MysqlCursor;

static void *cursor_open(Connection *head, const char *sql, const Value *parameters, size_t count, DatabaseFailure *failure)
{
    MysqlConnection *connection = (MysqlConnection *)head;
    MysqlCursor *cursor = capo_alloc_struct(MysqlCursor);
    if (!start(connection, sql, parameters, count, PREFETCHED_ROWS, &cursor->running, failure))
        return NULL;
    if (!cursor->running.metadata) {
        finish(&cursor->running);
        capo_database_fails(failure, ERROR_PROGRAMMING, "Only a statement that gives rows can be read in batches.");
        return NULL;
    }
    if (cursor->running.kept)
        cursor->running.kept->busy = true;
    mysql_columns(cursor->running.metadata, &cursor->columns);
    mysql_stmt_bind_result(cursor->running.statement, cursor->columns.binds);
    return cursor;
}

static bool cursor_fetch(void *self, size_t max_rows, ResultSet *ret, DatabaseFailure *failure)
{
    MysqlCursor *cursor = self;
    *ret = (ResultSet){ 0 };
    if (cursor->ended)
        return true;
    read_names(cursor->columns.fields, (size_t)cursor->columns.count, ret);
    return collect(&cursor->running, &cursor->columns, max_rows, 0, ret, failure, &cursor->ended);
}

static void end_cursor(void *cursor) { finish(&((MysqlCursor *)cursor)->running); }

static void cursor_close(void *self)
{
    MysqlCursor *cursor = self;
    MysqlConnection *connection = cursor->running.connection;
    const Error *error = capo_try(end_cursor, cursor);
    if (error || mysql_stopped)
        connection->head.lost = true;
    mysql_stopped = NULL;
}

static const char *const *option_names(void)
{
    static const char *const names[] = { "sslmode", "sslrootcert", "socket", NULL };
    return names;
}

#define SHARED .name = "mysql", .networked = true, .option_names = option_names, .open = mysql_connection_open, .close = mysql_connection_close, .ping = ping, .is_clean = is_clean, .run = run, \
    .cursor_open = cursor_open, .cursor_fetch = cursor_fetch, .cursor_close = cursor_close
const Backend capo_mysql_backend = { SHARED, .title = "MariaDB", .dialect = &capo_mariadb_dialect, .schema = &capo_mariadb_schema, .provisional = true };
const Backend capo_mariadb_backend = { SHARED, .title = "MariaDB", .dialect = &capo_mariadb_dialect, .schema = &capo_mariadb_schema };
const Backend capo_oracle_mysql_backend = { SHARED, .title = "MySQL", .dialect = &capo_mysql_dialect, .schema = &capo_mysql_schema };
