/* SPDX-License-Identifier: BSD-3-Clause */
/* PostgreSQL by libpq: connecting, statements, cursors, errors in sentences. How it spells SQL is in postgresql_dialect.c.
 *
 * Nothing blocks: the host's name is looked up on a helper thread, libpq is polled, and what is sent goes off in flights
 * (postgresql_flight.c). A session is the same whatever the server's configuration says: UTF-8, UTC, ISO dates. */
#include "postgresql.h"
#include "../schema.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libpq's messages end with line feeds, have several lines, and may begin with words that ours say already. */
static char *one_line(const char *text)
{
    static const char *const openings[] = { "ERROR:  ", "FATAL:  ", "PANIC:  " };
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
        if (capo_starts_with(text, openings[i]))
            text += strlen(openings[i]);
    char *line = capo_strdup(text), *to = line;
    for (const char *from = text; *from; from++)
        if (*from != '\n' && *from != '\t')
            *to++ = *from;
        else if (to > line && to[-1] != ' ')
            *to++ = ' ';
    while (to > line && to[-1] == ' ')
        to--;
    *to = '\0';
    return line;
}

/* --- errors --- */

/* Classes of SQLSTATE (appendix A of PostgreSQL's manual) as Django's psycopg has them; a whole state goes before its class. */
static const struct { const char *state; int code; } codes[] = {
    { "08P01", ERROR_PROGRAMMING }, { "0A", ERROR_NOT_SUPPORTED }, { "20", ERROR_PROGRAMMING }, { "21", ERROR_PROGRAMMING }, { "22", ERROR_DATA },
    { "23", ERROR_INTEGRITY }, { "26", ERROR_OPERATIONAL }, { "25P02", ERROR_TRANSACTION }, { "42", ERROR_PROGRAMMING }, { "3F", ERROR_PROGRAMMING },
    { "44", ERROR_PROGRAMMING }, { "40002", ERROR_INTEGRITY },
};

static int code_of(const char *state)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(codes[i].state, state) || (strlen(codes[i].state) == 2 && !strncmp(codes[i].state, state, 2)))
            return codes[i].code;
    return ERROR_OPERATIONAL;
}

/* What to do about it, for states whose own words do not say. "%s" is the server's message. */
static const struct { const char *state, *format; bool conflict; } advices[] = {
    { "40001", "Serialization failure: %s. Another transaction changed what this one had read; roll back and try the whole transaction again", true },
    { "40P01", "Deadlock: %s. Two transactions waited for each other and this one was chosen to give way; roll back and try the whole transaction again", true },
    { "55P03", "A lock was not free in time: %s", false },
    { "42P01", "%s. Run `migrate`", false },
    { "42703", "%s. Run `migrate`, if the models are newer than the tables", false },
    { "57014", "The statement was ended: %s", false },
    { "53100", "The server's disk is full: %s. Nothing of this change was kept", false },
    { "25006", "%s: this connection, or the whole server, is for reading only", false },
};

/* The columns of a unique constraint stand in the detail, "Key (a, b)=(…) already exists.", whatever its language. Names that are quoted
 * there are told by the constraint's own. */
static BrokenConstraint broken_of(const PGresult *result, const char *state, const char *detail)
{
    static const struct { const char *state; BrokenKind kind; } kinds[] = {
        { "23505", BROKEN_UNIQUE }, { "23514", BROKEN_CHECK }, { "23503", BROKEN_FOREIGN_KEY }, { "23502", BROKEN_NOT_NULL }, { "23P01", BROKEN_EXCLUSION },
    };
    BrokenConstraint broken = { BROKEN_NOTHING };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].state, state))
            broken.kind = kinds[i].kind;
    if (!broken.kind)
        return broken;
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    broken.name = name ? capo_strdup(name) : NULL;
    broken.table = table ? capo_strdup(table) : NULL;
    if (column)
        broken.columns = capo_names_between(capo_format("(%s)", column), "(", ")");
    else if (broken.kind == BROKEN_UNIQUE || broken.kind == BROKEN_FOREIGN_KEY)
        broken.columns = capo_names_between(detail, "(", ")=(");
    return broken;
}

static bool report(const PGresult *result, DatabaseFailure *failure)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE), *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL), *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    const char *format = "%s";
    snprintf(failure->state, sizeof failure->state, "%s", state ? state : "XX000");
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (!strcmp(advices[i].state, failure->state)) {
            format = advices[i].format;
            failure->conflict = advices[i].conflict;
        }
    Buffer message = { 0 };
    const char *mark = strstr(format, "%s");
    capo_put_bytes(&message, format, (size_t)(mark - format));
    capo_put(&message, said ? said : one_line(PQresultErrorMessage(result)));
    capo_put(&message, mark + 2);
    if (detail && *detail)
        capo_put_format(&message, ". %s", one_line(detail));
    if (hint && *hint)
        capo_put_format(&message, "%s%s", detail && *detail ? " " : ". ", one_line(hint));
    int code = code_of(failure->state);
    failure->broken = broken_of(result, failure->state, detail);
    /* The plan of a statement that was prepared before another program changed the tables: it is prepared anew. */
    failure->stale = !strcmp(failure->state, "26000") || (!strcmp(failure->state, "0A000") && said && strstr(said, "cached plan"));
    failure->conflict = failure->conflict || failure->stale;
    return capo_database_fails(failure, failure->stale ? ERROR_OPERATIONAL : code, "%s", capo_buffer_text(&message));
}

static bool report_lost(const DatabaseAddress *address, const char *problem, DatabaseFailure *failure)
{
    failure->lost = true;
    snprintf(failure->state, sizeof failure->state, "08006");
    return capo_database_fails(failure, ERROR_OPERATIONAL, "The connection to %s broke%s%s. The next statement opens another.", address->shown,
                problem && *problem ? ": " : "", problem ? one_line(problem) : "");
}

/* --- statements --- */

/* The result of a part into ret, as instances where ret->into is set and can take them; or why there is none. */
static bool finish(PgPart *part, const char *sql, ResultSet *ret, DatabaseFailure *failure)
{
    PGresult *result = part->result;
    struct RowSink *into = ret->into;
    ret->into = NULL;
    if (PQresultStatus(result) == PGRES_COMMAND_OK && !strcmp(PQcmdStatus(result), "ROLLBACK") && !strcasecmp(sql, "COMMIT"))
        return capo_database_fails(failure, ERROR_TRANSACTION, "The transaction was rolled back instead of committed, since a statement in it had failed.");
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK: case PGRES_COMMAND_OK:
        part->result = NULL;
        if (!into || !pg_instances(result, into, ret))
            pg_decode(result, ret);
        return true;
    case PGRES_EMPTY_QUERY:
        return true;
    default:
        return report(result, failure);
    }
}

static void free_flight(void *flight) { pg_flight_free(flight); }

/* ret[i].into: where the rows of the statement go, which is a SELECT of the ORM's then; NULL: into cells. */
static bool run_statements(PgConnection *connection, const Statement *statements, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    PgParameters one, *parameters = count == 1 ? &one : capo_alloc_array(count, sizeof *parameters);
    for (size_t i = 0; i < count; i++) {
        ret[i] = (ResultSet){ .into = ret[i].into };
        /* libpq cannot leave it in a pipeline. */
        if (!strncasecmp(statements[i].sql + strspn(statements[i].sql, " \t\r\n"), "COPY", 4)) {
            failure->unsent = true;
            return capo_database_fails(failure, ERROR_NOT_SUPPORTED, "COPY is no statement that can be run here.");
        }
        if (!pg_encode(statements[i].parameters, statements[i].count, &parameters[i], failure))
            return false;
    }
    const DatabaseAddress *address = connection->address;
    Flight *flight = pg_send(connection, statements, parameters, count, false, count == 1 && ret->into);
    if (!flight) {
        failure->unsent = true;
        return report_lost(address, PQerrorMessage(connection->pg), failure);
    }
    pg_wait(connection, flight);                        /* a shared connection may be gone now */
    capo_defer(free_flight, flight);                    /* decoding may raise: memory, nesting of arrays */
    /* A part that was skipped follows the one that failed. Where the end did not come, what came before it is no answer: a statement
     * by itself says that it has changed rows, and then its transaction ends. */
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good = flight->parts[i].result ? finish(&flight->parts[i], statements[i].sql, &ret[i], failure) : false;
    if (flight->lost) {
        good = false;
        /* What the server said before it left, if anything. */
        const char *said = failure->code ? failure->message : flight->problem;
        *failure = (DatabaseFailure){ .answered = flight->answered, .unsent = !flight->sent };
        report_lost(address, said, failure);
    }
    capo_defer_cancel(free_flight, flight);
    pg_flight_free(flight);
    return good;
}

static bool run(Connection *head, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    return run_statements((PgConnection *)head, &(Statement){ sql, parameters, count }, 1, ret, failure);
}

static bool run_many(Connection *head, const Statement *statements, size_t count, ResultSet *ret, DatabaseFailure *failure)
{
    return run_statements((PgConnection *)head, statements, count, ret, failure);
}

static bool ping(Connection *head)
{
    ResultSet ignored = { 0 };
    DatabaseFailure failure = { 0 };
    return run(head, "SELECT 1", NULL, 0, &ignored, &failure);
}

static bool is_clean(Connection *head)
{
    PgConnection *connection = (PgConnection *)head;
    return !head->in_flight && !connection->in_transaction && PQstatus(connection->pg) == CONNECTION_OK;
}

/* --- reading in batches: a cursor of the server's, in the open transaction or one of its own --- */

typedef struct PgCursor { PgConnection *connection; unsigned number; bool own_transaction, binary, ended; } PgCursor;

static void *cursor_open(Connection *head, const char *sql, const Value *parameters, size_t count, DatabaseFailure *failure)
{
    PgConnection *connection = (PgConnection *)head;
    PgCursor *cursor = capo_alloc_struct(PgCursor);
    *cursor = (PgCursor){ .connection = connection, .number = ++connection->cursors, .own_transaction = !connection->in_transaction };
    const char *declare = capo_format("DECLARE capo_cursor_%u NO SCROLL CURSOR FOR %s", cursor->number, sql);
    Statement statements[] = { { "BEGIN READ ONLY", NULL, 0 }, { declare, parameters, count } };
    ResultSet ignored[2] = { 0 };
    size_t from = cursor->own_transaction ? 0 : 1;
    return run_statements(connection, statements + from, 2 - from, ignored, failure) ? cursor : NULL;
}

static bool cursor_fetch(void *self, size_t max_rows, ResultSet *ret, DatabaseFailure *failure)
{
    PgCursor *cursor = self;
    *ret = (ResultSet){ 0 };
    if (cursor->ended)
        return true;
    const char *fetch = capo_format("FETCH FORWARD %zu FROM capo_cursor_%u", max_rows, cursor->number);
    PgParameters none = { 0 };
    Flight *flight = pg_send(cursor->connection, &(Statement){ fetch, NULL, 0 }, &none, 1, cursor->binary, false);
    if (!flight)
        return report_lost(cursor->connection->address, PQerrorMessage(cursor->connection->pg), failure);
    pg_wait(cursor->connection, flight);
    capo_defer(free_flight, flight);
    PgPart *part = flight->parts;
    if (part->result && PQresultStatus(part->result) == PGRES_TUPLES_OK)
        cursor->binary = cursor->binary || pg_is_binary(part->result);
    bool good = part->result ? finish(part, fetch, ret, failure) : false;
    if (flight->lost)
        good = report_lost(cursor->connection->address, flight->problem, failure);
    capo_defer_cancel(free_flight, flight);
    pg_flight_free(flight);
    cursor->ended = good && ret->n_rows < max_rows;
    return good;
}

typedef struct Ending { PgCursor *cursor; bool good; } Ending;

static void end_cursor(void *argument)
{
    Ending *ending = argument;
    PgCursor *cursor = ending->cursor;
    ResultSet ignored = { 0 };
    DatabaseFailure failure = { 0 };
    ending->good = run(&cursor->connection->head, cursor->own_transaction ? "ROLLBACK" : capo_format("CLOSE capo_cursor_%u", cursor->number), NULL, 0, &ignored, &failure);
}

/* Called while unwinding too, so it must not raise. In a failed transaction the cursor is gone already. */
static void cursor_close(void *self)
{
    PgCursor *cursor = self;
    Ending ending = { cursor, false };
    if (cursor->connection->head.lost || (!cursor->own_transaction && PQtransactionStatus(cursor->connection->pg) != PQTRANS_INTRANS))
        return;
    /* A fetch that the fiber left behind may run for long: closing the connection stops it. */
    if (cursor->own_transaction && cursor->connection->head.in_flight) {
        cursor->connection->head.lost = true;
        return;
    }
    const Error *error = capo_try(end_cursor, &ending);
    if (error || (!ending.good && cursor->own_transaction))
        cursor->connection->head.lost = true;
}

/* --- connecting --- */

typedef struct HostSearch { const char *host; int error; char address[NI_MAXHOST]; } HostSearch;

/* On a helper thread: no arena. */
static void look_up(void *argument)
{
    HostSearch *search = argument;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    search->error = getaddrinfo(search->host, NULL, &hints, &found);
    if (!search->error)
        search->error = getnameinfo(found->ai_addr, found->ai_addrlen, search->address, sizeof search->address, NULL, 0, NI_NUMERICHOST);
    if (found)
        freeaddrinfo(found);
}

enum { MOST_KEYWORDS = 64 };
typedef struct Keywords { const char *names[MOST_KEYWORDS], *values[MOST_KEYWORDS]; size_t n; } Keywords;

static void keyword(Keywords *keywords, const char *name, const char *value)
{
    if (!value || keywords->n + 1 >= MOST_KEYWORDS)
        return;
    keywords->names[keywords->n] = name;
    keywords->values[keywords->n++] = value;
}

/* Those of the URL's query come last: they win. */
static bool make_keywords(const DatabaseAddress *address, Keywords *ret, DatabaseFailure *failure)
{
    *ret = (Keywords){ .n = 0 };
    if (address->host && *address->host != '/' && *address->host != '@' && !strchr(address->host, ',')) {
        HostSearch *search = capo_alloc_struct(HostSearch);
        search->host = address->host;
        capo_offload(look_up, search);
        if (search->error)
            return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be reached: the host %s is not known (%s).", address->shown, address->host,
                        search->error == EAI_SYSTEM ? strerror(errno) : gai_strerror(search->error));
        keyword(ret, "hostaddr", capo_strdup(search->address));
    }
    keyword(ret, "host", address->host);
    keyword(ret, "port", address->port ? capo_format("%d", address->port) : NULL);
    keyword(ret, "user", address->user);
    keyword(ret, "password", address->password);
    keyword(ret, "dbname", *address->database ? address->database : NULL);
    keyword(ret, "client_encoding", "UTF8");
    keyword(ret, "fallback_application_name", "capo");
    keyword(ret, "gssencmode", "disable");              /* it would ask name servers, and block */
    keyword(ret, "keepalives_idle", "30");
    keyword(ret, "keepalives_interval", "10");
    keyword(ret, "keepalives_count", "3");
    keyword(ret, "tcp_user_timeout", "30000");
    for (const DatabaseOption *option = address->options; option->name; option++)
        keyword(ret, option->name, option->value);
    return true;
}

static void finish_connection(void *pg) { PQfinish(pg); }

typedef struct Step { PGconn *pg; PostgresPollingStatusType status; } Step;

static void take_step(void *argument)
{
    Step *step = argument;
    step->status = PQconnectPoll(step->pg);
}

/* Until the server has let us in. On a helper thread: a password's proof (SCRAM) is three milliseconds of arithmetic. */
static bool poll_connection(PGconn *pg, int64_t until)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        int64_t left = (until - capo_monotonic_us()) / 1000;
        if (left <= 0 || !fiber_wait(PQsocket(pg), status == PGRES_POLLING_READING ? WAIT_READ : WAIT_WRITE, (int)left))
            return false;
        Step *step = capo_alloc_struct(Step);
        step->pg = pg;
        capo_offload(take_step, step);
        status = step->status;
    }
    return status == PGRES_POLLING_OK;
}

static bool refused(PGconn *pg, const DatabaseAddress *address, bool in_time, DatabaseFailure *failure)
{
    const char *said = one_line(PQerrorMessage(pg));
    if (capo_starts_with(said, "invalid ") && !PQserverVersion(pg))
        return capo_database_fails(failure, ERROR_IMPROPERLY_CONFIGURED, "DATABASE_URL for %s: %s.", address->shown, said);
    snprintf(failure->state, sizeof failure->state, "08001");
    if (!in_time)
        return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s did not answer within %.3g seconds.", address->shown, address->connect_timeout / 1000.0);
    return capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be used: %s.", address->shown, said);
}

static void ignore_notice(void *unused, const PGresult *notice) { (void)unused, (void)notice; }

/* The session's own settings, in one statement. */
static bool set_up(PgConnection *connection, DatabaseFailure *failure)
{
    const DatabaseAddress *address = connection->address;
    Buffer sql = { 0 };
    capo_put(&sql, "SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false), set_config('IntervalStyle', 'postgres', false), "
             "set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false), set_config('standard_conforming_strings', 'on', false)");
    if (address->statement_timeout)
        capo_put_format(&sql, ", set_config('statement_timeout', '%d', false)", address->statement_timeout);
    if (address->isolation)                 /* one of four texts of ours */
        capo_put_format(&sql, ", set_config('default_transaction_isolation', '%s', false)", capo_lower(address->isolation));
    if (address->lock_timeout)
        capo_put_format(&sql, ", set_config('lock_timeout', '%d', false)", address->lock_timeout);
    if (address->search_path)
        capo_put(&sql, ", set_config('search_path', $1, false)");
    ResultSet ignored = { 0 };
    Value path = capo_value_text(address->search_path);
    return run(&connection->head, capo_buffer_text(&sql), &path, address->search_path != NULL, &ignored, failure);
}

/* What libpq takes, by its own list. */
static const char *const *option_names(void)
{
    PQconninfoOption *all = PQconndefaults();
    size_t n = 0;
    const char **names = capo_alloc_array(MOST_KEYWORDS + 1, sizeof *names);
    for (const PQconninfoOption *one = all; one && one->keyword && n < MOST_KEYWORDS; one++)
        if (!strchr(one->dispchar, 'D') && strcmp(one->keyword, "client_encoding"))
            names[n++] = capo_strdup(one->keyword);
    PQconninfoFree(all);
    return names;
}

static void close_connection(Connection *head, bool forked);
static void close_unready(void *connection) { close_connection(connection, false); }

static Connection *open_connection(const DatabaseAddress *address, bool read_only, DatabaseFailure *failure)
{
    (void)read_only;
    Keywords *keywords = capo_alloc_struct(Keywords);
    if (!make_keywords(address, keywords, failure))
        return NULL;
    int64_t until = capo_monotonic_us() + (address->connect_timeout ? address->connect_timeout : 3600000) * INT64_C(1000);
    PGconn *pg = PQconnectStartParams(keywords->names, keywords->values, 0);
    if (!pg)
        abort();
    capo_defer(finish_connection, pg);
    PQsetNoticeReceiver(pg, ignore_notice, NULL);
    bool good = PQstatus(pg) != CONNECTION_BAD && poll_connection(pg, until);
    if (!good || PQsetnonblocking(pg, 1) || !PQenterPipelineMode(pg)) {
        refused(pg, address, good || PQstatus(pg) == CONNECTION_BAD, failure);
        capo_defer_cancel(finish_connection, pg);
        PQfinish(pg);
        return NULL;
    }
    PgConnection *connection = calloc(1, sizeof *connection);
    if (!connection)
        abort();
    *connection = (PgConnection){ .head = { .backend = &capo_postgresql_backend, .generation = capo_database_generation() }, .pg = pg, .address = address };
    capo_defer_cancel(finish_connection, pg);
    capo_defer(close_unready, connection);
    good = pg_watch(connection) && set_up(connection, failure);
    capo_defer_cancel(close_unready, connection);
    if (good)
        return &connection->head;
    if (!failure->code)
        capo_database_fails(failure, ERROR_OPERATIONAL, "The connection to %s cannot be watched: there is no memory or no descriptor left.", address->shown);
    close_connection(&connection->head, false);
    return NULL;
}

static void *cancel(void *argument)
{
    char ignored[256];
    PQcancel(argument, ignored, sizeof ignored);
    PQfreeCancel(argument);
    return NULL;
}

/* Tells the server to stop what nobody waits for any more, on a thread of its own: the call blocks, and nobody cares for its end. */
static void cancel_statement(PGconn *pg)
{
    PGcancel *order = PQgetCancel(pg);
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    if (!order)
        return;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = pthread_create(&thread, &attributes, cancel, order);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure)
        PQfreeCancel(order);
}

static void close_connection(Connection *head, bool forked)
{
    PgConnection *connection = (PgConnection *)head;
    if (forked) {
        /* The socket is the parent's too: what libpq says in farewell goes nowhere. */
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        pg_unwatch(connection);
        if (nowhere < 0 || PQsocket(connection->pg) < 0 || dup2(nowhere, PQsocket(connection->pg)) < 0) {
            free(connection);           /* and libpq's memory is left alone */
            return;
        }
        close(nowhere);
    } else {
        if (head->in_flight && PQstatus(connection->pg) == CONNECTION_OK)
            cancel_statement(connection->pg);
        pg_unwatch(connection);
    }
    PQfinish(connection->pg);
    free(connection);
}

const Backend capo_postgresql_backend = {
    .name = "postgresql", .title = "PostgreSQL", .dialect = &capo_postgresql_dialect, .schema = &capo_postgresql_schema, .networked = true, .shares = true, .option_names = option_names,
    .open = open_connection, .close = close_connection, .ping = ping, .is_clean = is_clean, .run = run, .run_many = run_many,
    .cursor_open = cursor_open, .cursor_fetch = cursor_fetch, .cursor_close = cursor_close,
};
