/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements: on which connection of the current database (routing.h) they run, and what a failed one becomes.
 *
 * SQLite has one writer: one connection writes, others read beside it. A networked database has one pool; what is not in a
 * transaction goes to the connections that many fibers share, where the backend can. Waiting for another process's lock is a series
 * of short sleeps of the fiber. */
#include "routing.h"
#include "transaction.h"
#include <capo/loop.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_LOG = 9000, ASK_AGAIN_US = 1000000 };

static size_t n_statements;

static void meet(void *database)
{
    pool_return(pool_lend(((Database *)database)->writers));
}

/* Who waits for a server that is gone does so for its statement, not for this. */
static const Backend *settled(Database *database)
{
    int64_t now = database->backend->provisional ? capo_monotonic_us() : 0;
    if (now > database->ask_again) {
        database->ask_again = now + ASK_AGAIN_US;
        const Error *unanswered = capo_try(meet, database);
        if (unanswered && unanswered->code == ERROR_ABORTED)
            capo_reraise(unanswered);
    }
    return database->backend;
}

const Backend *capo_backend(void) { return settled(database_current()); }
const Dialect *capo_dialect(void) { return settled(database_current())->dialect; }
const char *capo_backend_name(void) { return database_current()->backend->name; }
size_t capo_database_statements(void) { return n_statements; }

uint64_t quick_hash(const char *bytes, size_t size)
{
    uint64_t hash = 0x9e3779b97f4a7c15, word;
    for (; size >= 8; bytes += 8, size -= 8) {
        memcpy(&word, bytes, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccd;
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, bytes, size);
    hash = (hash ^ word) * 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 29;
}

void capo_put_name(Buffer *sql, const char *name)
{
    char quote = capo_database_quote();
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
static bool wait_for_lock(const Connection *connection, int64_t since, int *pause_ms)
{
    if (capo_monotonic_us() - since > capo_connection_address(connection)->lock_timeout * INT64_C(1000))
        return false;
    capo_sleep(*pause_ms / 1000.0);
    *pause_ms = *pause_ms < 50 ? 2 * *pause_ms : 50;
    return true;
}

static void release(void *connection) { pool_return(connection); }

Connection *capo_database_lend_writer(void) { return pool_lend(database_current()->writers); }
void capo_database_return(Connection *connection) { pool_return(connection); }

/* What a session keeps must not stay in one that others share: only plain reads and writes go there. */
static bool may_share(const char *sql)
{
    static const char *const words[] = { "SELECT ", "INSERT ", "UPDATE ", "DELETE " };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncmp(sql, words[i], strlen(words[i])))
            return true;
    return false;
}

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

static bool run_statement(Connection *connection, const Statement *statement, ResultSet *ret, DatabaseFailure *failure)
{
    int64_t since = capo_monotonic_us();
    int pause_ms = 1;
    for (;;) {
        *failure = (DatabaseFailure){ 0 };
        ret->into = statement->into;
        if (connection->backend->run(connection, statement->sql, statement->parameters, statement->count, ret, failure))
            return true;
        if (!failure->busy || !wait_for_lock(connection, since, &pause_ms))
            return false;
    }
}

bool capo_connection_run(Connection *connection, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    return run_statement(connection, &(Statement){ sql, parameters, count, NULL }, ret, failure);
}

bool capo_database_fails(DatabaseFailure *failure, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failure->code = code;
    failure->message = capo_vformat(format, args);
    va_end(args);
    return false;
}

_Noreturn void capo_raise_failure(const DatabaseFailure *failure)
{
    DatabaseFailure *detail = capo_memdup(failure, sizeof *failure);
    capo_raise_detail(failure->code, detail, "%s", failure->message);
}

bool capo_is_database_error(const Error *error)
{
    return error && (error->code == ERROR_OPERATIONAL || error->code == ERROR_INTEGRITY || error->code == ERROR_DATA || error->code == ERROR_PROGRAMMING
                     || error->code == ERROR_NOT_SUPPORTED || error->code == ERROR_TRANSACTION);
}

const DatabaseFailure *capo_failure_of(const Error *error) { return capo_is_database_error(error) ? error->detail : NULL; }

const char *capo_database_error_state(const Error *error)
{
    const DatabaseFailure *failure = capo_failure_of(error);
    return failure ? failure->state : "";
}

const char *capo_text_between(const char *text, const char *start, const char *end)
{
    const char *from = text ? strstr(text, start) : NULL, *to = from ? strstr(from + strlen(start), end) : NULL;
    return to ? capo_strndup(from + strlen(start), (size_t)(to - from) - strlen(start)) : NULL;
}

const char *const *capo_names_between(const char *text, const char *start, const char *end)
{
    const char *between = capo_text_between(text, start, end);
    size_t n = 0, count = 1;
    for (const char *c = between; c && *c; c++)
        count += *c == ',';
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (char *name = (char *)between; name && *name;) {
        char *comma = strstr(name, ", ");
        if (comma)
            *comma = '\0';
        names[n++] = name;
        name = comma ? comma + 2 : NULL;
    }
    names[n] = NULL;
    return n ? names : NULL;
}

static const char *copy_text(Arena *arena, const char *text)
{
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

const DatabaseFailure *capo_failure_copy(Arena *arena, const DatabaseFailure *failure)
{
    DatabaseFailure *copy = arena_alloc(arena, sizeof *copy);
    *copy = *failure;
    copy->message = copy_text(arena, failure->message);
    copy->broken.name = copy_text(arena, failure->broken.name);
    copy->broken.table = copy_text(arena, failure->broken.table);
    size_t n = 0;
    while (failure->broken.columns && failure->broken.columns[n])
        n++;
    const char **columns = n ? arena_alloc(arena, (n + 1) * sizeof *columns) : NULL;
    for (size_t i = 0; i < n; i++)
        columns[i] = copy_text(arena, failure->broken.columns[i]);
    if (columns)
        columns[n] = NULL;
    copy->broken.columns = columns;
    return copy;
}

/* Runs something on the transaction's connection, a shared one, or one of its own. A read whose connection broke under it before
 * anything of its answer came is sent once more; so is whatever never was sent, or was refused as prepared for former tables. */
typedef bool Running(Connection *connection, void *argument, DatabaseFailure *failure);

static void refuse_replica(const Database *database)
{
    if (database_is_replica(database->alias))
        capo_raise(ERROR_OPERATIONAL, "The database '%s' is a replica and is only read; a change goes to its primary.", database->alias);
    database_note_write(database);
}

/* statements: how many go off together, each of which may have been prepared for former tables. */
static void run_somewhere(const char *sql, size_t statements, DatabaseUse use, Running *run, void *argument)
{
    Database *self = database_current();
    Connection *held = capo_connection_setting_up();
    DatabaseFailure failure = { 0 };
    if (!held)
        held = capo_transaction_connection();
    if (use == DATABASE_WRITE && capo_several_databases)
        refuse_replica(self);
    /* Each of the connections may have what was prepared before the tables changed, for each of the statements. */
    int once_more = held ? 0 : 1, stale = held ? 0 : (self->address->pool_size + self->address->pool_shared) * (int)statements;
    for (;;) {
        uint64_t hash = !held && self->backend->shares && may_share(sql) ? quick_hash(sql, strlen(sql)) | 1 : 0;
        Pool *pool = use == DATABASE_WRITE ? self->writers : self->readers;
        Connection *shared = hash ? pool_share(pool, hash) : NULL, *connection = held ? held : shared ? shared : pool_lend(pool);
        int64_t started = hash ? capo_monotonic_us() : 0;
        bool lent = !held && !shared;
        failure = (DatabaseFailure){ 0 };
        if (lent)
            capo_defer(release, connection);
        bool good = run(connection, argument, &failure);
        if (lent) {
            capo_defer_cancel(release, connection);
            release(connection);
        }
        if (hash)
            pool_seen(pool, hash, capo_monotonic_us() - started);
        if (good)
            return;
        bool repeatable = use != DATABASE_WRITE || !failure.answered;
        if (failure.stale ? !repeatable || stale-- <= 0 : !failure.lost || !(failure.unsent || (use == DATABASE_READ && !failure.answered)) || once_more-- <= 0)
            break;
    }
    if (held && !failure.unsent)
        capo_transaction_break();
    failure.unknown = !held && use != DATABASE_READ && (failure.lost || (failure.stale && failure.answered)) && !failure.unsent;
    capo_raise_failure(&failure);
}

typedef struct Somewhere { const char *sql; size_t statements; DatabaseUse use; Running *run; void *argument; } Somewhere;

static void run_somewhere_in_turn(void *argument)
{
    const Somewhere *somewhere = argument;
    run_somewhere(somewhere->sql, somewhere->statements, somewhere->use, somewhere->run, somewhere->argument);
}

typedef struct OneRun { Statement statement; ResultSet *result; } OneRun;

static bool run_one(Connection *connection, void *argument, DatabaseFailure *failure)
{
    OneRun *run = argument;
    return run_statement(connection, &run->statement, run->result, failure);
}

typedef struct Logging { const Statement *statements; size_t count; int64_t started; Statement one; } Logging;

static void log_all(void *argument)
{
    const Logging *logging = argument;
    for (size_t i = 0; i < logging->count; i++)
        log_statement(logging->statements[i].sql, logging->statements[i].parameters, logging->statements[i].count, logging->started);
}

/* Registers the log's entry as a cleanup while the statements run, so that those that fail are in it too. NULL: nothing is logged. */
static Logging *begin_log(const Statement *statements, size_t count)
{
    if (!database_current()->log)
        return NULL;
    Logging *logging = capo_alloc_struct(Logging);
    *logging = (Logging){ .statements = statements, .count = count, .started = capo_monotonic_us() };
    if (count == 1) {
        logging->one = *statements;
        logging->statements = &logging->one;
    }
    capo_defer(log_all, logging);
    return logging;
}

static void end_log(Logging *logging)
{
    if (!logging)
        return;
    capo_defer_cancel(log_all, logging);
    log_all(logging);
}

void (*capo_before_statement)(const char *sql);

ResultSet *capo_database_run(const char *sql, const Value *parameters, size_t count, DatabaseUse use)
{
    return capo_database_run_into(sql, parameters, count, use, NULL);
}

ResultSet *capo_database_run_into(const char *sql, const Value *parameters, size_t count, DatabaseUse use, struct RowSink *into)
{
    OneRun run = { { sql, parameters, count, into }, capo_alloc_struct(ResultSet) };
    n_statements++;
    if (capo_before_statement)
        capo_before_statement(sql);
    Logging *logging = begin_log(&run.statement, 1);
    if (capo_has_wrappers)
        capo_execute_wrapped(&run.statement, false, run_somewhere_in_turn, &(Somewhere){ sql, 1, use, run_one, &run });
    else
        run_somewhere(sql, 1, use, run_one, &run);
    end_log(logging);
    return run.result;
}

typedef struct ManyRun { const Statement *statements; size_t count; ResultSet *results; } ManyRun;

static bool run_all(Connection *connection, void *argument, DatabaseFailure *failure)
{
    const ManyRun *run = argument;
    *failure = (DatabaseFailure){ 0 };
    for (size_t i = 0; i < run->count; i++)
        run->results[i].into = run->statements[i].into;
    return connection->backend->run_many(connection, run->statements, run->count, run->results, failure);
}

ResultSet *capo_database_run_many(const Statement *statements, size_t count, DatabaseUse use)
{
    ResultSet *results = capo_alloc_array(count + 1, sizeof *results);
    if (!capo_backend()->run_many || count < 2) {
        bool own = use == DATABASE_WRITE && count > 1 && !capo_in_transaction();
        if (own)
            capo_begin();
        for (size_t i = 0; i < count; i++)
            results[i] = *capo_database_run_into(statements[i].sql, statements[i].parameters, statements[i].count, use, statements[i].into);
        if (own)
            capo_commit();
        return results;
    }
    n_statements += count;
    for (size_t i = 0; capo_before_statement && i < count; i++)
        capo_before_statement(statements[i].sql);
    Logging *logging = begin_log(statements, count);
    ManyRun many = { statements, count, results };
    if (capo_has_wrappers)
        capo_execute_wrapped(statements, true, run_somewhere_in_turn, &(Somewhere){ statements[0].sql, count, use, run_all, &many });
    else
        run_somewhere(statements[0].sql, count, use, run_all, &many);
    end_log(logging);
    return results;
}

/* --- reading in batches ----------------------------------------------------------------------------------------------------- */

/* `lent`: a connection for reading that is the cursor's until its end. `by_turns`: the database has but one connection, which is
 * borrowed for each batch; between them its other statements run, also those of the loop's body. */
struct DatabaseCursor {
    Connection *connection; void *cursor;
    bool lent, by_turns, over;              /* `over`: the transaction that it was opened in has ended, or gone back behind it */
    const ResultSet *whole; size_t at;      /* without the server's cursors: all rows, and how many were given */
    uint64_t number;                        /* grows: later ones have higher numbers */
    struct DatabaseCursor *before;          /* of the same transaction, in Connection.cursors */
};

static uint64_t last_cursor;
uint64_t capo_database_last_cursor(void) { return last_cursor; }

static void forget_cursor(const DatabaseCursor *cursor)
{
    for (DatabaseCursor **at = &cursor->connection->cursors; *at; at = &(*at)->before)
        if (*at == cursor) {
            *at = cursor->before;
            return;
        }
}

/* In the child of a fork it is the parent's, who still reads from it. */
static void end_cursor(DatabaseCursor *cursor)
{
    if (!cursor->cursor)
        return;
    forget_cursor(cursor);
    if (cursor->connection->generation == capo_database_generation())
        cursor->connection->backend->cursor_close(cursor->cursor);
    cursor->cursor = NULL;
}

/* While its connection is still the transaction's: what would be said of it later would be heard by somebody else's. */
void capo_database_end_cursors(Connection *connection, uint64_t since)
{
    while (connection->cursors && connection->cursors->number > since) {
        connection->cursors->over = true;
        end_cursor(connection->cursors);
    }
}

static void close_cursor(void *argument)
{
    DatabaseCursor *cursor = argument;
    end_cursor(cursor);
    if (cursor->lent)
        release(cursor->connection);
    cursor->lent = false;
}

/* Borrows the connection for one step where it is not the cursor's own or the transaction's. */
static bool borrow(const DatabaseCursor *cursor)
{
    if (!cursor->by_turns || capo_transaction_connection())
        return false;
    capo_defer(release, pool_lend(cursor->connection->pool));
    return true;
}

static void give_back(const DatabaseCursor *cursor, bool borrowed)
{
    if (!borrowed)
        return;
    capo_defer_cancel(release, cursor->connection);
    release(cursor->connection);
}

typedef struct CursorOpening { DatabaseCursor *cursor; Statement statement; DatabaseFailure *failure; } CursorOpening;

static void open_in_turn(void *argument)
{
    const CursorOpening *opening = argument;
    Connection *connection = opening->cursor->connection;
    opening->cursor->cursor = connection->backend->cursor_open(connection, opening->statement.sql, opening->statement.parameters, opening->statement.count,
                                                              opening->failure);
}

DatabaseCursor *capo_database_cursor(const char *sql, const Value *parameters, size_t count)
{
    DatabaseFailure failure = { 0 };
    DatabaseCursor *cursor = capo_alloc_struct(DatabaseCursor);
    const Database *self = database_current();
    int64_t started = capo_monotonic_us();
    if (self->address->no_cursors) {
        cursor->whole = capo_database_run(sql, parameters, count, DATABASE_READ);
        capo_defer(close_cursor, cursor);
        return cursor;
    }
    n_statements++;
    cursor->connection = capo_transaction_connection();
    if (!cursor->connection) {
        cursor->connection = pool_lend(self->readers);
        cursor->lent = true;
    }
    capo_defer(close_cursor, cursor);
    CursorOpening opening = { cursor, { sql, parameters, count }, &failure };
    if (capo_has_wrappers)
        capo_execute_wrapped(&opening.statement, false, open_in_turn, &opening);
    else
        open_in_turn(&opening);
    if (self->log)
        log_statement(sql, parameters, count, started);
    if (!cursor->cursor) {
        if (!cursor->lent)
            capo_transaction_break();
        capo_raise_failure(&failure);
    }
    cursor->number = ++last_cursor;
    if (!cursor->lent) {
        cursor->before = cursor->connection->cursors;
        cursor->connection->cursors = cursor;
    }
    if (cursor->lent && self->is_private) {
        release(cursor->connection);
        cursor->lent = false;
        cursor->by_turns = true;
    }
    return cursor;
}

static ResultSet *next_part(DatabaseCursor *cursor, size_t max_rows)
{
    ResultSet *result = capo_memdup(cursor->whole, sizeof *cursor->whole);
    size_t left = cursor->whole->n_rows - cursor->at;
    result->n_rows = left < max_rows ? left : max_rows;
    result->cells += cursor->at * result->n_columns;
    cursor->at += result->n_rows;
    return result;
}

ResultSet *capo_database_cursor_fetch(DatabaseCursor *cursor, size_t max_rows)
{
    return capo_database_cursor_fetch_into(cursor, max_rows, NULL);
}

ResultSet *capo_database_cursor_fetch_into(DatabaseCursor *cursor, size_t max_rows, struct RowSink *into)
{
    if (cursor->whole)
        return next_part(cursor, max_rows);
    if (cursor->over)
        capo_raise(ERROR_TRANSACTION, "The transaction in which these rows were being read is over, and what was not read yet went with it. Begin and end the transactions of "
                   "a loop's body inside the body, or read all rows before.");
    ResultSet *result = capo_alloc_struct(ResultSet);
    int64_t since = capo_monotonic_us();
    int pause_ms = 1;
    while (cursor->cursor) {
        DatabaseFailure failure = { 0 };
        result->into = into;
        bool borrowed = borrow(cursor), good = cursor->connection->backend->cursor_fetch(cursor->cursor, max_rows, result, &failure);
        give_back(cursor, borrowed);
        if (good)
            return result;
        if (failure.busy && wait_for_lock(cursor->connection, since, &pause_ms))
            continue;
        if (!cursor->lent)
            capo_transaction_break();
        capo_raise_failure(&failure);
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

/* "?" as the database numbers its parameters; "??" is the operator. A statement that has numbers already is left alone. */
const char *capo_sql_numbered(const char *sql, size_t count)
{
    Buffer out = { 0 };
    int number = 0;
    if (!capo_dialect()->numbered || !count || !strchr(sql, '?'))
        return sql;
    for (size_t i = 0; sql[i];) {
        size_t end = capo_sql_skip_quoted(sql, i);
        if (end > i) {
            capo_put_bytes(&out, sql + i, end - i);
            i = end;
        } else if (sql[i] == '$' && sql[i + 1] >= '1' && sql[i + 1] <= '9') {
            return sql;
        } else if (sql[i] == '?' && sql[i + 1] != '?') {
            capo_dialect()->put_placeholder(&out, ++number);
            i++;
        } else {
            i += sql[i] == '?';
            capo_put_char(&out, sql[i++]);
        }
    }
    return capo_buffer_text(&out);
}

ResultSet *capo_sql_run_raw(const char *sql, const Value *parameters, size_t count)
{
    sql = capo_sql_numbered(sql, count);
    return capo_database_run(sql, parameters, count, only_reads(sql) ? DATABASE_READ_ONCE : DATABASE_WRITE);
}

List *capo_sql_rows_with(const char *sql, const Value *parameters, size_t count)
{
    ResultSet *result = capo_sql_run_raw(sql, parameters, count);
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
    return capo_database_run(capo_sql_numbered(sql, count), parameters, count, DATABASE_WRITE)->changes;
}
