/* SPDX-License-Identifier: BSD-3-Clause */
/* MariaDB and MySQL by libmariadb: connecting, statements, cursors. How they spell SQL is in mysql_dialect.c.
 *
 * The library's calls look as if they blocked; where they wait, they call us back (mysql_wait.c), and the fiber waits. A raise
 * there, when the fiber is cancelled, must not unwind through the library: it is kept, the call fails, and what it was is raised after.
 * Connecting looks names up and speaks TLS, so all of it is done on a helper thread. */
#include "mysql.h"
#include "../schema.h"
#include <errmsg.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void statement_free(MysqlStatement *kept)
{
    if (!kept)
        return;
    if (kept->statement)
        mysql_stmt_close(kept->statement);
    free(kept->sql);
    free(kept);
}

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* The kept statement of this text, or a place for it; NULL: all in its place are being read. One that gives rows is kept apart for other
 * types of parameters: the types of its columns may depend on them, and MariaDB 10.11, which leaves metadata out that the client has
 * already, then leaves out what it has not, and the library waits for it for ever. */
static MysqlStatement *find(MysqlConnection *connection, const char *sql, const MYSQL_BIND *binds, size_t count)
{
    size_t size = strlen(sql);
    uint64_t hash = quick_hash(sql, size);
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
    statement_free(*place);
    *place = must(calloc(1, sizeof **place));
    **place = (MysqlStatement){ .sql = must(malloc(size + 1)), .size = size, .hash = hash, .used = ++connection->clock };
    memcpy((*place)->sql, sql, size + 1);
    return *place;
}

static void forget(MysqlConnection *connection, MysqlStatement *kept)
{
    MysqlStatement **set = connection->statements[kept->hash % MYSQL_SETS];
    for (int i = 0; i < MYSQL_WAYS; i++)
        if (set[i] == kept)
            set[i] = NULL;
    statement_free(kept);
}

static void close_statement(MysqlConnection *connection, MYSQL_STMT *statement)
{
    if (!connection->head.lost) {
        mysql_stmt_close(statement);
        return;
    }
    connection->orphans = must(realloc(connection->orphans, (connection->n_orphans + 1) * sizeof *connection->orphans));
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

static bool prepare(MysqlConnection *connection, const char *sql, const MYSQL_BIND *binds, size_t count, Running *ret, DatabaseFailure *failure)
{
    *ret = (Running){ .connection = connection, .kept = is_kept(sql) ? find(connection, sql, binds, count) : NULL };
    if (ret->kept && ret->kept->statement) {
        ret->statement = ret->kept->statement;
        return true;
    }
    MYSQL_STMT *statement = must(mysql_stmt_init(connection->mysql));
    if (mysql_stmt_prepare(statement, sql, strlen(sql))) {
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
    if (!prepare(connection, sql, binds, count, ret, failure))
        return false;
    unsigned long kind = cursor ? CURSOR_TYPE_READ_ONLY : CURSOR_TYPE_NO_CURSOR;
    if (mysql_stmt_param_count(ret->statement) != count) {
        unsigned long wanted = mysql_stmt_param_count(ret->statement);
        connection->head.in_flight = 0;
        finish(ret);
        failure->unsent = true;
        return mysql_fail(failure, ERROR_PROGRAMMING, "The statement has %lu placeholders, and %zu values were given.", wanted, count);
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

/* The further results of a CALL: nobody asks for them, and they would stand before the next statement's. */
static bool drain(MysqlConnection *connection, DatabaseFailure *failure)
{
    while (mysql_more_results(connection->mysql)) {
        connection->head.in_flight = 1;
        if (mysql_next_result(connection->mysql) > 0) {
            mysql_report_connection(connection, failure);
            return failed(connection);
        }
        MYSQL_RES *result = mysql_store_result(connection->mysql);
        if (!result && mysql_field_count(connection->mysql)) {
            mysql_report_connection(connection, failure);
            return failed(connection);
        }
        mysql_free_result(result);
        connection->head.in_flight = 0;
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
    for (size_t i = 0; is_ddl && i < MYSQL_SETS; i++)
        for (size_t k = 0; k < MYSQL_WAYS; k++)
            if (connection->statements[i][k] && !connection->statements[i][k]->busy) {
                statement_free(connection->statements[i][k]);
                connection->statements[i][k] = NULL;
            }
}

/* What does not come again, and what cannot be prepared: DDL, SHOW, START TRANSACTION. */
static bool run_text(MysqlConnection *connection, const char *sql, ResultSet *ret, DatabaseFailure *failure)
{
    connection->head.in_flight = 1;
    if (mysql_real_query(connection->mysql, sql, strlen(sql))) {
        mysql_report_connection(connection, failure);
        return failed(connection);
    }
    MYSQL_RES *result = mysql_store_result(connection->mysql);
    if (!result && mysql_field_count(connection->mysql)) {
        mysql_report_connection(connection, failure);
        return failed(connection);
    }
    connection->head.in_flight = 0;
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
        return mysql_fail(failure, ERROR_OPERATIONAL, "The connection to %s broke.", connection->address->shown);
    }
    bool was_in_one = in_transaction(connection);
    bool good = count || is_kept(sql) ? run_prepared(connection, sql, parameters, count, ret, failure) : run_text(connection, sql, ret, failure);
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
        mysql_fail(failure, ERROR_PROGRAMMING, "Only a statement that gives rows can be read in batches.");
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

/* --- connecting --- */

typedef struct Connecting {
    MYSQL *mysql;
    const DatabaseAddress *address;
    const char *set_up, *isolation, *socket;
    bool good, needs_tls, lacks_tls;
    int64_t id_step;
} Connecting;

static const char *option(const DatabaseAddress *address, const char *name) { return capo_database_option(address, name); }

static bool is_one_of(const char *word, const char *const *words)
{
    for (; word && *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

/* sslmode and sslrootcert, in the words of PostgreSQL's URLs. */
static bool set_tls(MYSQL *mysql, const DatabaseAddress *address, DatabaseFailure *failure)
{
    static const char *const modes[] = { "disable", "prefer", "require", "verify-ca", "verify-full", NULL };
    const char *mode = option(address, "sslmode"), *root = option(address, "sslrootcert");
    my_bool on = 1;
    bool verified = mode && !strncmp(mode, "verify", 6);
    /* Who may be somebody else is not given a password in clear, however politely the server asks for it. */
    if (!verified)
        mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH, "mysql_native_password,mysql_old_password,client_ed25519,caching_sha2_password,sha256_password,"
                       "unix_socket,auth_socket,auth_gssapi_client,parsec");
    if (mode && !is_one_of(mode, modes))
        return mysql_fail(failure, ERROR_IMPROPERLY_CONFIGURED, "sslmode=%s in DATABASE_URL is not known: disable, prefer, require, verify-ca or verify-full.", mode);
    if (!mode || !strcmp(mode, "disable"))
        return true;
    if (root)
        mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, root);
    mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
    if (verified)
        mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
    return true;
}

static bool say(MYSQL *mysql, const char *sql) { return mysql_real_query(mysql, sql, strlen(sql)) == 0; }

/* 0: it was not answered. */
static int64_t ask_number(MYSQL *mysql, const char *sql)
{
    MYSQL_RES *result = say(mysql, sql) ? mysql_store_result(mysql) : NULL;
    MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
    int64_t number = row && row[0] ? strtoll(row[0], NULL, 10) : 0;
    if (result)
        mysql_free_result(result);
    return number;
}

/* On a helper thread: no arena, no fiber; waits block this thread alone. */
static void connect_on_helper(void *argument)
{
    Connecting *connecting = argument;
    const DatabaseAddress *address = connecting->address;
    const char *host = connecting->socket ? NULL : address->host;
    connecting->good = mysql_real_connect(connecting->mysql, host, address->user, address->password, *address->database ? address->database : NULL,
                                          (unsigned)address->port, connecting->socket, CLIENT_FOUND_ROWS | CLIENT_REMEMBER_OPTIONS) != NULL;
    /* The library goes on without TLS where the server has none. */
    connecting->lacks_tls = connecting->good && connecting->needs_tls && !mysql_get_ssl_cipher(connecting->mysql);
    connecting->good = connecting->good && !connecting->lacks_tls && say(connecting->mysql, connecting->set_up) && say(connecting->mysql, connecting->isolation);
    if (connecting->good && !mariadb_connection(connecting->mysql)) {
        /* The library says utf8mb4_general_ci, which MySQL's own texts, of another collation, cannot be compared with. */
        connecting->good = say(connecting->mysql, "SET SESSION collation_connection = @@default_collation_for_utf8mb4");
        connecting->id_step = ask_number(connecting->mysql, "SELECT @@SESSION.auto_increment_increment");
        connecting->good = connecting->good && connecting->id_step > 0;
    }
    if (!connecting->good || !address->statement_timeout)
        return;
    char limit[80];
    if (mariadb_connection(connecting->mysql))
        snprintf(limit, sizeof limit, "SET SESSION max_statement_time = %.3f", address->statement_timeout / 1000.0);
    else
        snprintf(limit, sizeof limit, "SET SESSION max_execution_time = %d", address->statement_timeout);
    connecting->good = say(connecting->mysql, limit);
}

/* The session is the same whatever the server's configuration says: strict, UTC. Django's too, isolation included. */
static const char *set_up_of(const DatabaseAddress *address)
{
    Buffer sql = { 0 };
    /* Not ONLY_FULL_GROUP_BY, which MySQL sets: it does not know that the `?` of an expression in GROUP BY is that of the same one among the columns. */
    capo_put(&sql, "SET SESSION time_zone = '+00:00', sql_auto_is_null = 0, sql_mode = REPLACE(IF(FIND_IN_SET('STRICT_TRANS_TABLES', @@sql_mode), @@sql_mode, "
             "CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_TRANS_TABLES')), 'ONLY_FULL_GROUP_BY', '')");
    if (address->lock_timeout)
        capo_put_format(&sql, ", innodb_lock_wait_timeout = %d", address->lock_timeout < 1000 ? 1 : address->lock_timeout / 1000);
    return capo_buffer_text(&sql);
}

static void set_options(MYSQL *mysql, const DatabaseAddress *address)
{
    unsigned seconds = (unsigned)(address->connect_timeout + 999) / 1000, limit = (unsigned)(address->statement_timeout + 999) / 1000 + 5;
    my_bool off = 0;
    unsigned tcp = MYSQL_PROTOCOL_TCP;
    if (address->port)                      /* "localhost" is a socket to the library, whatever port was named */
        mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &tcp);
    if (seconds)
        mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    if (address->statement_timeout)         /* where not even the server's own limit is heard of, it is gone */
        mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &limit);
    mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, mysql_on_wait);
}

static void close_mysql(void *mysql) { mysql_close(mysql); }

static Connection *open_connection(const DatabaseAddress *address, bool read_only, DatabaseFailure *failure)
{
    (void)read_only;
    static bool begun;
    if (!begun)
        mysql_server_init(0, NULL, NULL);
    begun = true;
    MYSQL *mysql = must(mysql_init(NULL));
    capo_defer(close_mysql, mysql);
    set_options(mysql, address);
    Connecting *connecting = capo_alloc_struct(Connecting);
    const char *socket = option(address, "socket");
    *connecting = (Connecting){ mysql, address, set_up_of(address),
        capo_format("SET SESSION TRANSACTION ISOLATION LEVEL %s", address->isolation ? address->isolation : "READ COMMITTED"), socket ? socket : address->host && *address->host == '/' ? address->host : NULL, false };
    const char *mode = option(address, "sslmode");
    connecting->needs_tls = mode && strcmp(mode, "disable") && strcmp(mode, "prefer");
    bool good = set_tls(mysql, address, failure);
    if (good)
        capo_offload(connect_on_helper, connecting);
    if (!good || !connecting->good) {
        if (good) {
            snprintf(failure->state, sizeof failure->state, "08001");
            mysql_fail(failure, ERROR_OPERATIONAL, "The database %s cannot be used: %s.", address->shown,
                 connecting->lacks_tls ? "the server does not speak SSL, and sslmode asks for it" : mysql_error(mysql));
        }
        capo_defer_cancel(close_mysql, mysql);
        mysql_close(mysql);
        return NULL;
    }
    MysqlConnection *connection = must(calloc(1, sizeof *connection));
    *connection = (MysqlConnection){ .head = { .backend = mariadb_connection(mysql) ? &capo_mariadb_backend : &capo_oracle_mysql_backend, .generation = capo_database_generation() },
                                     .mysql = mysql, .address = address, .id_step = connecting->id_step };
    capo_defer_cancel(close_mysql, mysql);
    mysql_watch(connection);
    return &connection->head;
}

typedef struct Order { MYSQL *mysql; char *host, *user, *password, *socket; unsigned port; unsigned long thread; } Order;

static void *kill_statement(void *argument)
{
    Order *order = argument;
    char sql[64];
    if (mysql_real_connect(order->mysql, order->host, order->user, order->password, NULL, order->port, order->socket, 0)) {
        snprintf(sql, sizeof sql, "KILL CONNECTION %lu", order->thread);
        mysql_real_query(order->mysql, sql, strlen(sql));
    }
    mysql_close(order->mysql);
    free(order->host);
    free(order->user);
    free(order->password);
    free(order->socket);
    free(order);
    return NULL;
}

static char *copied(const char *text) { return text ? must(strdup(text)) : NULL; }

/* Tells the server to stop what nobody waits for any more, by a connection and a thread of its own. */
static void cancel_statement(const MysqlConnection *connection)
{
    const DatabaseAddress *address = connection->address;
    Order *order = must(calloc(1, sizeof *order));
    unsigned seconds = 5;
    DatabaseFailure ignored;
    *order = (Order){ .mysql = must(mysql_init(NULL)), .user = copied(address->user), .password = copied(address->password), .port = (unsigned)address->port,
                      .thread = mysql_thread_id(connection->mysql) };
    const char *socket = option(address, "socket");
    order->socket = copied(socket ? socket : address->host && *address->host == '/' ? address->host : NULL);
    order->host = order->socket ? NULL : copied(address->host);
    mysql_optionsv(order->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    set_tls(order->mysql, address, &ignored);
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = pthread_create(&thread, &attributes, kill_statement, order);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure)
        kill_statement(order);
}

static void close_connection(Connection *head, bool forked)
{
    MysqlConnection *connection = (MysqlConnection *)head;
    int fd = mysql_get_socket(connection->mysql);
    mysql_unwatch(connection);
    if (forked || head->lost) {
        /* What the library says in farewell goes nowhere: to the parent's server, or into a connection that may block. */
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (!forked && head->in_flight)
            cancel_statement(connection);
        if (nowhere < 0 || (fd >= 0 && dup2(nowhere, fd) < 0)) {
            free(connection);               /* and the library's memory is left alone */
            return;
        }
        close(nowhere);
    }
    mysql_close(connection->mysql);             /* first: the statements know then that there is nobody to tell */
    for (size_t i = 0; i < MYSQL_SETS; i++)
        for (size_t k = 0; k < MYSQL_WAYS; k++)
            statement_free(connection->statements[i][k]);
    for (size_t i = 0; i < connection->n_orphans; i++)
        mysql_stmt_close(connection->orphans[i]);
    free(connection->orphans);
    free(connection);
    mysql_stopped = NULL;
}

static const char *const *option_names(void)
{
    static const char *const names[] = { "sslmode", "sslrootcert", "socket", NULL };
    return names;
}

#define SHARED .name = "mysql", .networked = true, .option_names = option_names, .open = open_connection, .close = close_connection, .ping = ping, .is_clean = is_clean, .run = run, \
    .cursor_open = cursor_open, .cursor_fetch = cursor_fetch, .cursor_close = cursor_close
const Backend capo_mysql_backend = { SHARED, .title = "MariaDB", .dialect = &capo_mariadb_dialect, .schema = &capo_mariadb_schema, .provisional = true };
const Backend capo_mariadb_backend = { SHARED, .title = "MariaDB", .dialect = &capo_mariadb_dialect, .schema = &capo_mariadb_schema };
const Backend capo_oracle_mysql_backend = { SHARED, .title = "MySQL", .dialect = &capo_mysql_dialect, .schema = &capo_mysql_schema };
