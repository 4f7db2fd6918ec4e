/* SPDX-License-Identifier: BSD-3-Clause */
/* The process's database: which connections there are, who has which, and what a failed statement becomes.
 *
 * One connection writes, behind a fiber lock, since SQLite has one writer; others read beside it, each lent to one fiber at a time.
 * Connections are opened at first use. After a fork the child forgets those of its parent, without closing them: they are the
 * parent's. Waiting for another process's lock is a series of short sleeps of the fiber, never of the thread. */
#include "internal.h"
#include "transaction.h"
#include <capo/loop.h>
#include <capo/web.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_READERS = 8, BUSY_TIMEOUT_MS = 5000, LONGEST_LOG = 9000 };

struct Database {
    char *url;
    const Backend *backend;
    bool is_private, log;
    FiberLock write_lock;
    Connection *writer, *readers[MOST_READERS];
    size_t n_readers;
};

static const Backend *const backends[] = { &capo_sqlite_backend };
static Database *current;
static size_t n_statements;

static void forget_connections(void)
{
    if (!current)
        return;
    current->writer = NULL;
    current->n_readers = 0;
    current->write_lock = (FiberLock){ 0 };
}

static const Backend *backend_of(const char *url)
{
    const char *names[sizeof backends / sizeof *backends];
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        size_t size = strlen(backends[i]->name);
        if (!strncmp(url, backends[i]->name, size) && url[size] == ':')
            return backends[i];
        names[i] = backends[i]->name;
    }
    char *scheme = capo_strndup(url, strcspn(url, ":"));
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL begins with \"%s:\", and there is no such database here.%s Write for example sqlite:db.sqlite3.",
               scheme, capo_did_you_mean(scheme, names, sizeof names / sizeof *names));
}

void capo_database_close(void)
{
    if (!current)
        return;
    for (size_t i = 0; i < current->n_readers; i++)
        current->backend->close(current->readers[i]);
    if (current->writer)
        current->backend->close(current->writer);
    free(current->url);
    free(current);
    current = NULL;
}

static void open_url(const char *url, bool log)
{
    static bool watches_forks;
    const Backend *backend = backend_of(url);
    capo_database_close();
    Database *database = calloc(1, sizeof *database);
    char *copy = strdup(url);
    if (!database || !copy)
        abort();
    *database = (Database){ .url = copy, .backend = backend, .is_private = backend->is_private(url), .log = log };
    current = database;
    if (!watches_forks && !pthread_atfork(NULL, NULL, forget_connections))
        watches_forks = true;
}

void capo_database_open(const char *url)
{
    if (url)
        open_url(url, true);
    else
        capo_database_close();
}

static Database *database(void)
{
    if (!current) {
        const Settings *settings = capo_settings();
        open_url(settings->database ? settings->database : "sqlite:db.sqlite3", settings->debug);
    }
    return current;
}

const Backend *capo_backend(void) { return database()->backend; }
const Dialect *capo_dialect(void) { return database()->backend->dialect; }
int capo_database_name_length(void) { return current ? current->backend->dialect->name_length : capo_sqlite_dialect.name_length; }
size_t capo_database_statements(void) { return n_statements; }

void capo_put_name(Buffer *sql, const char *name)
{
    char quote = current ? current->backend->dialect->quote : '"';
    size_t size = strlen(name);
    if (!memchr(name, quote, size)) {
        char *end = capo_buffer_reserve(sql, size + 2);
        end[0] = end[size + 1] = quote;
        memcpy(end + 1, name, size);
        end[size + 2] = 0;
        sql->size += size + 2;
        return;
    }
    capo_put_char(sql, quote);
    for (const char *inside; (inside = memchr(name, quote, size)); ) {
        size_t part = (size_t)(inside - name) + 1;
        capo_put_bytes(sql, name, part);
        capo_put_char(sql, quote);
        name += part;
        size -= part;
    }
    capo_put_bytes(sql, name, size);
    capo_put_char(sql, quote);
}

char *capo_quote_name(const char *name)
{
    Buffer sql = { 0 };
    capo_put_name(&sql, name);
    return capo_buffer_text(&sql);
}

static void put_cast_placeholder(Buffer *sql, int number, const char *type)
{
    capo_put(sql, type ? "CAST(" : "");
    capo_dialect()->put_placeholder(sql, number);
    if (type)
        capo_put_format(sql, " AS %s)", type);
}

void capo_put_placeholder(Buffer *sql, int number, const Field *field)
{
    const Dialect *dialect = capo_dialect();
    put_cast_placeholder(sql, number, dialect->parameter_type ? dialect->parameter_type(field) : NULL);
}

void capo_put_value_placeholder(Buffer *sql, int number, const Field *field)
{
    const Dialect *dialect = capo_dialect();
    put_cast_placeholder(sql, number, dialect->value_type ? dialect->value_type(field) : NULL);
}

/* --- lending connections ------------------------------------------------------------------------------------------------ */

/* Sleeps a little longer each time. False: the time is up. */
static bool wait_for_lock(int64_t since, int *pause_ms)
{
    if (capo_monotonic_us() - since > BUSY_TIMEOUT_MS * 1000)
        return false;
    capo_sleep(*pause_ms / 1000.0);
    *pause_ms = *pause_ms < 50 ? 2 * *pause_ms : 50;
    return true;
}

static Connection *open_waiting(const Database *self, bool read_only)
{
    int64_t since = capo_monotonic_us();
    int pause_ms = 1;
    for (;;) {
        DatabaseFailure failure = { 0 };
        Connection *connection = self->backend->open(self->url, read_only, &failure);
        if (connection)
            return connection;
        if (!failure.busy || !wait_for_lock(since, &pause_ms))
            capo_raise(failure.code, "%s", failure.message);
    }
}

static void release(void *argument)
{
    Connection *connection = argument;
    connection->in_use = false;
    if (current && connection == current->writer)
        fiber_unlock(&current->write_lock);
}

static void unlock(void *lock) { fiber_unlock(lock); }

static Connection *lend_writer(Database *self)
{
    fiber_lock(&self->write_lock, 2 * BUSY_TIMEOUT_MS);
    if (!self->writer) {
        capo_defer(unlock, &self->write_lock);              /* opening may wait or fail: the lock must not stay */
        self->writer = open_waiting(self, false);
        capo_defer_cancel(unlock, &self->write_lock);
    }
    self->writer->in_use = true;
    return self->writer;
}

static Connection *lend_reader(Database *self)
{
    int64_t since = capo_monotonic_us();
    int pause_ms = 1;
    if (self->is_private)
        return lend_writer(self);
    for (;;) {
        for (size_t i = 0; i < self->n_readers; i++)
            if (!self->readers[i]->in_use) {
                self->readers[i]->in_use = true;
                return self->readers[i];
            }
        if (self->n_readers < MOST_READERS) {
            Connection *connection = open_waiting(self, true);
            connection->in_use = true;
            if (self->n_readers == MOST_READERS) {         /* others opened the last one while this one waited */
                self->backend->close(connection);
                continue;
            }
            return self->readers[self->n_readers++] = connection;
        }
        if (!wait_for_lock(since, &pause_ms))
            capo_raise(ERROR_OPERATIONAL, "All %d connections for reading are busy with long queries.", MOST_READERS);
    }
}

Connection *capo_database_lend_writer(void) { return lend_writer(database()); }
void capo_database_return(Connection *connection) { release(connection); }

/* --- statements ---------------------------------------------------------------------------------------------------------- */

/* Passwords are not to be seen on a debug page, not even hashed. */
static bool is_secret(Value value)
{
    static const char *const prefixes[] = { "argon2", "$argon2", "pbkdf2_", "scrypt$", "bcrypt" };
    for (size_t i = 0; capo_is_text(value) && i < sizeof prefixes / sizeof *prefixes; i++)
        if (capo_starts_with(value.text, prefixes[i]) && strchr(value.text, '$'))
            return true;
    return false;
}

static const Value *without_secrets(const Value *parameters, size_t count)
{
    Value *shown = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_secret(parameters[i])) {
            if (!shown)
                shown = capo_memdup(parameters, count * sizeof *parameters);
            shown[i] = capo_value_text("********");
        }
    return shown ? shown : parameters;
}

/* A request inside a test writes into the test's log, which outlives the request: it belongs to the outermost unit. */
static void log_statement(const char *sql, const Value *parameters, size_t count, int64_t started)
{
    const char *filled = capo_sql_filled(sql, without_secrets(parameters, count), count);
    int64_t microseconds = capo_monotonic_us() - started;
    Unit *running = capo_unit, *owner = running;
    while (owner->outer)
        owner = owner->outer;
    capo_unit = owner;
    List *log = owner->slots[UNIT_QUERY_LOG];
    if (!log)
        log = owner->slots[UNIT_QUERY_LOG] = capo_list_new();
    if (log->count < LONGEST_LOG) {
        LoggedQuery *entry = capo_alloc_struct(LoggedQuery);
        *entry = (LoggedQuery){ .sql = capo_strdup(filled), .microseconds = microseconds };
        capo_list_add(log, (Value){ .kind = VALUE_NULL, .text = (const char *)entry });
    }
    capo_unit = running;
    for (Unit *unit = running; unit; unit = unit->outer)
        unit->slots[UNIT_QUERY_LOG] = log;
}

const LoggedQuery *capo_logged_queries(size_t *ret_count)
{
    const List *log = capo_unit ? capo_unit->slots[UNIT_QUERY_LOG] : NULL;
    size_t count = log ? log->count : 0;
    LoggedQuery *queries = capo_alloc_array(count + 1, sizeof *queries);
    for (size_t i = 0; i < count; i++)
        queries[i] = *(const LoggedQuery *)(const void *)log->items[i].text;
    if (ret_count)
        *ret_count = count;
    return queries;
}

bool capo_connection_run(Connection *connection, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    int64_t since = capo_monotonic_us();
    int pause_ms = 1;
    for (;;) {
        *failure = (DatabaseFailure){ 0 };
        if (connection->backend->run(connection, sql, parameters, count, ret, failure))
            return true;
        if (!failure->busy || !wait_for_lock(since, &pause_ms))
            return false;
    }
}

ResultSet *capo_database_run(const char *sql, const Value *parameters, size_t count, DatabaseUse use)
{
    DatabaseFailure failure;
    ResultSet *result = capo_alloc_struct(ResultSet);
    int64_t started = capo_monotonic_us();
    Connection *connection = capo_transaction_connection();
    bool good, lent = !connection;
    n_statements++;
    if (lent) {
        connection = use == DATABASE_WRITE ? lend_writer(database()) : lend_reader(database());
        capo_defer(release, connection);
    }
    good = capo_connection_run(connection, sql, parameters, count, result, &failure);
    if (lent) {
        capo_defer_cancel(release, connection);
        release(connection);
    }
    if (current->log)
        log_statement(sql, parameters, count, started);
    if (!good) {
        if (!lent)
            capo_transaction_break();
        capo_raise(failure.code, "%s", failure.message);
    }
    return result;
}

/* --- reading in batches ----------------------------------------------------------------------------------------------------- */

/* `lent`: a connection for reading that is the cursor's until its end. `by_turns`: the database has but one connection, which is
 * borrowed for each batch; between them its other statements run, also those of the loop's body. */
struct DatabaseCursor { Connection *connection; void *cursor; bool lent, by_turns; };

static void close_cursor(void *argument)
{
    DatabaseCursor *cursor = argument;
    if (cursor->cursor)
        cursor->connection->backend->cursor_close(cursor->cursor);
    cursor->cursor = NULL;
    if (cursor->lent)
        release(cursor->connection);
    cursor->lent = false;
}

/* Borrows the connection for one step where it is not the cursor's own or the transaction's. */
static bool borrow(const DatabaseCursor *cursor)
{
    if (!cursor->by_turns || capo_transaction_connection())
        return false;
    capo_defer(release, lend_writer(current));
    return true;
}

static void give_back(const DatabaseCursor *cursor, bool borrowed)
{
    if (!borrowed)
        return;
    capo_defer_cancel(release, cursor->connection);
    release(cursor->connection);
}

DatabaseCursor *capo_database_cursor(const char *sql, const Value *parameters, size_t count)
{
    DatabaseFailure failure = { 0 };
    DatabaseCursor *cursor = capo_alloc_struct(DatabaseCursor);
    int64_t started = capo_monotonic_us();
    n_statements++;
    cursor->connection = capo_transaction_connection();
    if (!cursor->connection) {
        cursor->connection = lend_reader(database());
        cursor->lent = true;
    }
    capo_defer(close_cursor, cursor);
    cursor->cursor = cursor->connection->backend->cursor_open(cursor->connection, sql, parameters, count, &failure);
    if (current->log)
        log_statement(sql, parameters, count, started);
    if (!cursor->cursor) {
        if (!cursor->lent)
            capo_transaction_break();
        capo_raise(failure.code, "%s", failure.message);
    }
    if (cursor->lent && current->is_private) {
        release(cursor->connection);
        cursor->lent = false;
        cursor->by_turns = true;
    }
    return cursor;
}

ResultSet *capo_database_cursor_fetch(DatabaseCursor *cursor, size_t max_rows)
{
    ResultSet *result = capo_alloc_struct(ResultSet);
    int64_t since = capo_monotonic_us();
    int pause_ms = 1;
    while (cursor->cursor) {
        DatabaseFailure failure = { 0 };
        bool borrowed = borrow(cursor), good = cursor->connection->backend->cursor_fetch(cursor->cursor, max_rows, result, &failure);
        give_back(cursor, borrowed);
        if (good)
            return result;
        if (!failure.busy || !wait_for_lock(since, &pause_ms))
            capo_raise(failure.code, "%s", failure.message);
    }
    return result;
}

void capo_database_cursor_close(DatabaseCursor *cursor)
{
    capo_defer_cancel(close_cursor, cursor);
    close_cursor(cursor);
}

/* --- raw SQL ------------------------------------------------------------------------------------------------------------------ */

static bool only_reads(const char *sql)
{
    sql += strspn(sql, " \t\r\n(");
    return !strncasecmp(sql, "SELECT", 6) || !strncasecmp(sql, "EXPLAIN", 7) || !strncasecmp(sql, "VALUES", 6);
}

List *capo_sql_rows_with(const char *sql, const Value *parameters, size_t count)
{
    ResultSet *result = capo_database_run(sql, parameters, count, only_reads(sql) ? DATABASE_READ : DATABASE_WRITE);
    List *rows = capo_list_new();
    for (size_t i = 0; i < result->n_rows; i++) {
        Map *row = capo_map_new();
        for (size_t k = 0; k < result->n_columns; k++)
            capo_map_set(row, result->names[k], capo_cell(result, i, k));
        capo_list_add(rows, capo_value_map(row));
    }
    return rows;
}

int64_t capo_sql_run_with(const char *sql, const Value *parameters, size_t count)
{
    return capo_database_run(sql, parameters, count, DATABASE_WRITE)->changes;
}
