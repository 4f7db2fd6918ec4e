/* SPDX-License-Identifier: BSD-3-Clause */
/* SQLite: connections, statements, errors in sentences. How it spells SQL is in sqlite_dialect.c.
 *
 * A statement runs inline on the fiber. Nothing raises through SQLite: callbacks record, and the caller raises after. A statement
 * that runs long lets other fibers run from its progress handler; the connection stays the fiber's own meanwhile (database.c lends
 * it out), since SQLite must not be entered twice. A lock held by another process is reported as busy, and the caller waits. */
#include "sqlite.h"
#include "../pool.h"
#include "../schema.h"
#include <capo/loop.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROGRESS_STEPS = 10000, SLICE_MICROSECONDS = 5000 };

/* --- opening --- */

static bool is_private(const DatabaseAddress *address)
{
    return !*address->database || !strcmp(address->database, ":memory:");
}

static const char *file_of(sqlite3 *db)
{
    const char *file = sqlite3_db_filename(db, "main");
    return file && *file ? file : ":memory:";
}

/* "UNIQUE constraint failed: table.a, table.b", or "…: index 'name'"; "CHECK constraint failed: name". Foreign keys have no name. */
static BrokenConstraint broken_of(int result, const char *said)
{
    static const struct { int code; BrokenKind kind; } kinds[] = {
        { SQLITE_CONSTRAINT_UNIQUE, BROKEN_UNIQUE }, { SQLITE_CONSTRAINT_PRIMARYKEY, BROKEN_UNIQUE }, { SQLITE_CONSTRAINT_ROWID, BROKEN_UNIQUE },
        { SQLITE_CONSTRAINT_CHECK, BROKEN_CHECK }, { SQLITE_CONSTRAINT_FOREIGNKEY, BROKEN_FOREIGN_KEY }, { SQLITE_CONSTRAINT_NOTNULL, BROKEN_NOT_NULL },
    };
    BrokenConstraint broken = { BROKEN_NOTHING };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].code == result)
            broken.kind = kinds[i].kind;
    const char *what = strstr(said, "failed: ");
    if (!what)
        return broken;
    what += strlen("failed: ");
    if (broken.kind == BROKEN_CHECK || capo_starts_with(what, "index '")) {
        broken.name = broken.kind == BROKEN_CHECK ? capo_strdup(what) : capo_text_between(what, "index '", "'");
        return broken;
    }
    /* Each column has its table before it. */
    const char **columns = (const char **)capo_names_between(capo_format("(%s)", what), "(", ")");
    for (size_t i = 0; columns && columns[i]; i++) {
        const char *point = strrchr(columns[i], '.');
        if (!point)
            continue;
        broken.table = capo_strndup(columns[i], (size_t)(point - columns[i]));
        columns[i] = point + 1;
    }
    broken.columns = columns;
    return broken;
}

/* What an SQLite result means to the caller: the class of Django's exception, and a sentence. */
static bool report(sqlite3 *db, int result, DatabaseFailure *failure)
{
    const char *said = sqlite3_errmsg(db), *file = file_of(db);
    switch (result & 255) {
    case SQLITE_BUSY: case SQLITE_LOCKED:
        failure->busy = true;
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s is locked: another program is writing to it and did not finish in time.", file);
    case SQLITE_CONSTRAINT: case SQLITE_MISMATCH:
        failure->broken = broken_of(sqlite3_extended_errcode(db), said);
        return capo_database_fails(failure, ERROR_INTEGRITY, "%s", said);
    case SQLITE_READONLY:
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s is read-only. Check the permissions of the file and of its folder, where "
                    "SQLite keeps its journal.", file);
    case SQLITE_FULL:
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The disk is full: the database %s cannot grow. Nothing of this change was kept.", file);
    case SQLITE_CANTOPEN:
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be opened: %s.", file, said);
    case SQLITE_CORRUPT: case SQLITE_NOTADB:
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The file %s is not an SQLite database, or it is damaged (%s).", file, said);
    case SQLITE_IOERR:
        return capo_database_fails(failure, ERROR_OPERATIONAL, "Reading or writing the database %s failed: %s (%s).", file, said, strerror(sqlite3_system_errno(db)));
    case SQLITE_TOOBIG: case SQLITE_RANGE:
        return capo_database_fails(failure, ERROR_DATA, "%s", said);
    case SQLITE_INTERRUPT:
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The statement was ended: it took longer than statement_timeout in DATABASE_URL allows.");
    default:
        break;
    }
    if (strstr(said, "JSON path error near '[-"))
        return capo_database_fails(failure, ERROR_NOT_SUPPORTED, "%s: an index of a JSON list cannot be negative in SQLite.", said);
    if (strstr(said, "no such table: ") || strstr(said, "no such column: ") || strstr(said, "has no column named"))
        return capo_database_fails(failure, ERROR_OPERATIONAL, "%s. Run `migrate`.", said);
    return capo_database_fails(failure, ERROR_PROGRAMMING, "%s", said);
}

/* Lets other fibers run while a statement works, each few milliseconds. A raise there must not unwind through SQLite: it is kept,
 * the statement is interrupted, and run() raises it. */
static void pause_fiber(void *unused)
{
    (void)unused;
    fiber_yield();
}

static int on_progress(void *self)
{
    SqliteConnection *connection = self;
    int64_t now = capo_monotonic_us();
    if (connection->time_limit && now - connection->begun > connection->time_limit)
        return 1;
    if (!connection->pauses || now - connection->started < SLICE_MICROSECONDS || !capo_fiber_current())
        return 0;
    connection->stopped = capo_try(pause_fiber, NULL);
    connection->started = capo_monotonic_us();
    connection->begun += connection->started - now;         /* what others took is not its own */
    return connection->stopped != NULL;
}

static bool set_up(sqlite3 *db, bool read_only, bool in_memory, DatabaseFailure *failure)
{
    const char *const pragmas[] = {
        in_memory || read_only ? "" : "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",              /* a commit that was acknowledged survives a power cut */
        "PRAGMA foreign_keys = ON",
        "PRAGMA temp_store = MEMORY",
        read_only ? "PRAGMA query_only = ON" : "",
    };
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);        /* "name" is a name, never a text */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    int result = capo_sqlite_functions(db);
    if (result != SQLITE_OK)
        return report(db, result, failure);
    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        result = *pragmas[i] ? sqlite3_exec(db, pragmas[i], NULL, NULL, NULL) : SQLITE_OK;
        /* A read-only file has the journal mode that it has; its first write says what is wrong. */
        if (result != SQLITE_OK && (result & 255) != SQLITE_READONLY)
            return report(db, result, failure);
    }
    return true;
}

/* Says what is wrong with the path before SQLite's "unable to open database file". */
static bool check_path(const char *path, DatabaseFailure *failure)
{
    char *folder = capo_strdup(path), *slash = strrchr(folder, '/');
    struct stat status;
    if (slash)
        *slash = '\0';
    const char *name = !slash ? "." : *folder ? folder : "/";
    if (stat(name, &status))
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be opened: the folder %s does not exist. Create it, or change DATABASE_URL.",
                    path, name);
    if (!stat(path, &status) && S_ISDIR(status.st_mode))
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be opened: it is a folder. Name a file in DATABASE_URL.", path);
    if (stat(path, &status) && access(name, W_OK))
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be created: the folder %s is not writable.", path, name);
    if (!stat(path, &status) && access(path, R_OK))
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be read: %s.", path, strerror(errno));
    return true;
}

static Connection *open_connection(const DatabaseAddress *address, bool read_only, DatabaseFailure *failure)
{
    static bool configured;
    const char *path = address->database;
    bool in_memory = is_private(address);
    if (!in_memory && !check_path(path, failure))
        return NULL;
    if (!configured)
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);     /* nobody reads the figures, and they cost a lock at each allocation */
    configured = true;
    SqliteConnection *connection = calloc(1, sizeof *connection);
    if (!connection)
        abort();
    connection->head.backend = &capo_sqlite_backend;
    connection->head.generation = capo_database_generation();
    connection->pauses = !in_memory;
    connection->time_limit = address->statement_timeout * INT64_C(1000);
    int result = sqlite3_open_v2(in_memory ? ":memory:" : path, &connection->db,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (result != SQLITE_OK || !set_up(connection->db, read_only, in_memory, failure)) {
        if (result != SQLITE_OK)
            capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be opened: %s.", path,
                 connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(result));
        sqlite3_close(connection->db);
        free(connection);
        return NULL;
    }
    sqlite3_progress_handler(connection->db, PROGRESS_STEPS, on_progress, connection);
    return &connection->head;
}

static void close_connection(Connection *head, bool forked)
{
    SqliteConnection *connection = (SqliteConnection *)head;
    if (forked)
        return;                     /* closing would take away the parent's locks on the file */
    for (int i = 0; i < CACHED_STATEMENTS; i++) {
        sqlite3_finalize(connection->cache[i].statement);
        free(connection->cache[i].sql);
    }
    sqlite3_close_v2(connection->db);
    free(connection);
}

/* --- statements --- */

/* Statements that come again: not DDL, whose texts differ, nor PRAGMA. */
static bool is_cacheable(const char *sql)
{
    static const char *const words[] = { "SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strncmp(sql, words[i], strlen(words[i])))
            return true;
    return false;
}

/* What may stand behind a statement: nothing but blanks, semicolons and comments. */
static bool is_blank(const char *tail)
{
    for (;;) {
        tail += strspn(tail, " \t\r\n;");
        if (tail[0] == '-' && tail[1] == '-') {
            tail += strcspn(tail, "\n");
        } else if (tail[0] == '/' && tail[1] == '*') {
            const char *end = strstr(tail + 2, "*/");
            if (!end)
                return true;
            tail = end + 2;
        } else {
            return !*tail;
        }
    }
}

typedef struct Running { SqliteConnection *connection; sqlite3_stmt *statement; CachedStatement *cached; } Running;

static bool prepare(SqliteConnection *connection, const char *sql, Running *ret, DatabaseFailure *failure)
{
    size_t size = strlen(sql);
    CachedStatement *slot = NULL;
    *ret = (Running){ .connection = connection };
    if (is_cacheable(sql)) {
        slot = &connection->cache[quick_hash(sql, size) % CACHED_STATEMENTS];
        if (slot->statement && !slot->busy && slot->size == size && !memcmp(slot->sql, sql, size)) {
            slot->busy = true;
            ret->statement = slot->statement;
            ret->cached = slot;
            return true;
        }
        if (slot->busy)
            slot = NULL;
    }
    const char *tail = "";
    int result = sqlite3_prepare_v3(connection->db, sql, (int)size + 1, slot ? SQLITE_PREPARE_PERSISTENT : 0, &ret->statement, &tail);
    if (result != SQLITE_OK)
        return report(connection->db, result, failure);
    if (!is_blank(tail)) {
        sqlite3_finalize(ret->statement);
        return capo_database_fails(failure, ERROR_PROGRAMMING, "One statement at a time: there is more behind the first one, \"%.40s\".", tail);
    }
    if (!slot || !ret->statement)
        return true;
    sqlite3_finalize(slot->statement);
    free(slot->sql);
    *slot = (CachedStatement){ .statement = ret->statement, .sql = malloc(size + 1), .size = size, .busy = true };
    if (!slot->sql)
        abort();
    memcpy(slot->sql, sql, size + 1);
    ret->cached = slot;
    return true;
}

static void finish(Running *running)
{
    if (!running->cached) {
        sqlite3_finalize(running->statement);
        return;
    }
    sqlite3_reset(running->statement);
    sqlite3_clear_bindings(running->statement);
    running->cached->busy = false;
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text, size_t size)
{
    return sqlite3_bind_text64(statement, at, text, size, SQLITE_STATIC, SQLITE_UTF8);
}

/* Bound as Django's SQLite backend adapts them. Texts stay the arena's: it outlives the statement. */
static int bind(sqlite3_stmt *statement, int at, Value value)
{
    char text[64];
    size_t size;
    switch (value.kind) {
    case VALUE_NULL:
        return sqlite3_bind_null(statement, at);
    case VALUE_BOOL:
        return sqlite3_bind_int(statement, at, value.boolean);
    case VALUE_INT:
        return sqlite3_bind_int64(statement, at, value.integer);
    case VALUE_REAL:
        return sqlite3_bind_double(statement, at, value.real);
    case VALUE_TEXT: case VALUE_SAFE:
        return bind_text(statement, at, value.text ? value.text : "", value.size);
    case VALUE_DECIMAL:
        return bind_text(statement, at, value.decimal.text ? value.decimal.text : "0", value.decimal.text ? strlen(value.decimal.text) : 1);
    case VALUE_BYTES:
        return value.size ? sqlite3_bind_blob64(statement, at, value.bytes, value.size, SQLITE_STATIC) : sqlite3_bind_zeroblob(statement, at, 0);
    case VALUE_DURATION:
        return sqlite3_bind_int64(statement, at, value.duration.microseconds);
    case VALUE_DATE:
        size = capo_write_column_date(text, value.date.days);
        break;
    case VALUE_TIME:
        size = capo_write_column_time(text, value.time.microseconds);
        break;
    case VALUE_DATETIME:
        size = capo_write_column_datetime(text, value.datetime.microseconds);
        break;
    case VALUE_UUID:
        for (int i = 0; i < 16; i++)
            snprintf(text + 2 * i, 3, "%02x", value.uuid->bytes[i]);
        size = 32;
        break;
    default: {
        const char *json = capo_json_text(value, 0);
        return bind_text(statement, at, json, strlen(json));
    }
    }
    return sqlite3_bind_text64(statement, at, text, size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static bool start(SqliteConnection *connection, const char *sql, const Value *parameters, size_t count, Running *ret, DatabaseFailure *failure)
{
    connection->begun = connection->started = capo_monotonic_us();
    connection->stopped = NULL;
    if (!prepare(connection, sql, ret, failure))
        return false;
    size_t wanted = ret->statement ? (size_t)sqlite3_bind_parameter_count(ret->statement) : 0;
    if (wanted != count) {
        finish(ret);
        return capo_database_fails(failure, ERROR_PROGRAMMING, "The statement has %zu placeholders, and %zu values were given.", wanted, count);
    }
    for (size_t i = 0; i < count; i++) {
        int result = bind(ret->statement, (int)i + 1, parameters[i]);
        if (result != SQLITE_OK) {
            finish(ret);
            return report(connection->db, result, failure);
        }
    }
    return true;
}

static void read_names(Running *running, ResultSet *ret)
{
    ret->names = capo_alloc_array(ret->n_columns + 1, sizeof *ret->names);
    for (size_t i = 0; i < ret->n_columns; i++)
        ret->names[i] = capo_strdup(sqlite3_column_name(running->statement, (int)i));
}

/* What the pause raised, in which the fiber was cancelled. An interrupted change takes its whole transaction with it: who catches this must not go on
 * as if it were in one. */
_Noreturn static void raise_stopped(SqliteConnection *connection, bool in_transaction)
{
    connection->head.lost = connection->head.lost || (in_transaction && sqlite3_get_autocommit(connection->db));
    capo_reraise(connection->stopped);
}

static bool run(Connection *head, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    SqliteConnection *connection = (SqliteConnection *)head;
    Running running;
    bool in_transaction = !sqlite3_get_autocommit(connection->db);
    *ret = (ResultSet){ .into = ret->into };
    if (!start(connection, sql, parameters, count, &running, failure))
        return false;
    int result = capo_sqlite_collect(running.statement, 0, ret);
    if (result != SQLITE_DONE) {
        if (!connection->stopped)
            report(connection->db, result, failure);
        finish(&running);
        if (connection->stopped)
            raise_stopped(connection, in_transaction);
        return false;
    }
    if (ret->n_columns && !ret->into)
        read_names(&running, ret);
    ret->changes = running.statement && !sqlite3_stmt_readonly(running.statement) ? sqlite3_changes64(connection->db) : 0;
    ret->last_id = sqlite3_last_insert_rowid(connection->db);
    finish(&running);
    return true;
}

/* --- reading in batches --- */

typedef struct SqliteCursor { Running running; bool ended; } SqliteCursor;

static void *cursor_open(Connection *head, const char *sql, const Value *parameters, size_t count, DatabaseFailure *failure)
{
    SqliteCursor *cursor = capo_alloc_struct(SqliteCursor);
    return start((SqliteConnection *)head, sql, parameters, count, &cursor->running, failure) ? cursor : NULL;
}

static bool cursor_fetch(void *self, size_t max_rows, ResultSet *ret, DatabaseFailure *failure)
{
    SqliteCursor *cursor = self;
    SqliteConnection *connection = cursor->running.connection;
    *ret = (ResultSet){ .into = ret->into };
    if (cursor->ended)
        return true;
    connection->begun = connection->started = capo_monotonic_us();
    int result = capo_sqlite_collect(cursor->running.statement, max_rows, ret);
    cursor->ended = result != SQLITE_ROW;
    if (result == SQLITE_ROW || result == SQLITE_DONE)
        return true;
    if (connection->stopped)
        capo_reraise(connection->stopped);
    return report(connection->db, result, failure);
}

static void cursor_close(void *self)
{
    finish(&((SqliteCursor *)self)->running);
}

/* Some failures (a full disk, a statement that was ended) take the whole transaction with them. */
static bool has_rolled_back(Connection *head) { return sqlite3_get_autocommit(((SqliteConnection *)head)->db) != 0; }

const Backend capo_sqlite_backend = {
    .name = "sqlite", .title = "SQLite", .dialect = &capo_sqlite_dialect, .schema = &capo_sqlite_schema,
    .open = open_connection, .is_private = is_private, .close = close_connection, .has_rolled_back = has_rolled_back, .run = run,
    .cursor_open = cursor_open, .cursor_fetch = cursor_fetch, .cursor_close = cursor_close,
};
