/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements on their way. See postgresql.h for who may touch what.
 *
 * A statement that fails takes nobody else's with it: each flight has a Sync of its own, but for SELECTs of the ORM's. Of those the ones that ask the
 * same of one turn of the loop may share a Sync (a group), which spares the server a transaction and a packet each. Nothing counts before the Sync has come. Where
 * one of a group fails, the server has rolled back all of it, so that none of it has happened: the one that failed has its error, the others go again, each
 * by itself. They are of one statement, so that a group holds no locks that each of them would not.
 *
 * A statement of a text and types that the connection knows
 * is executed under its name; a new one is prepared in the same flight. A fiber that is cancelled leaves its flight behind, which
 * is freed when its answer has passed by; one that was not sent yet never is.
 *
 * On a shared connection flights stand in a queue, sent ones in front. Where others are on their way, those of one turn of the loop are sent by
 * one function (send_all) at its end. It ends with the socket as it found it: whoever waits for an answer, on the loop or by poll, waits for
 * something that is out of our hands. */
#include "postgresql.h"
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_TOGETHER = 16,                     /* flights in a group: the first waits for the last */
    SLOW_US = 5000,                         /* who takes longer, or fails, goes by itself so many times: */
    ALONE_SLOW = 30, ALONE_FAILED = 100,
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void pg_flight_free(Flight *flight)
{
    for (size_t i = 0; i < flight->n; i++)
        PQclear(flight->parts[i].result);
    free(flight->problem);
    free(flight);
}

/* --- prepared statements --- */

static void statement_free(PgStatement *statement)
{
    if (!statement)
        return;
    free(statement->sql);
    free(statement->types);
    free(statement);
}

static bool starts_with_one_of(const char *sql, const char *const *words)
{
    sql += strspn(sql, " \t\r\n(");
    for (; *words; words++)
        if (!strncasecmp(sql, *words, strlen(*words)))
            return true;
    return false;
}

/* Those that come again. */
static bool is_kept(const char *sql)
{
    return starts_with_one_of(sql, (const char *const[]){ "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", NULL });
}

/* Those after which what is prepared may not fit any more. */
static bool is_ddl(const char *sql)
{
    return starts_with_one_of(sql, (const char *const[]){ "ALTER", "CREATE", "DROP", "SET", "RESET", "DISCARD", "DEALLOCATE", NULL });
}

static bool same(const PgStatement *statement, const char *sql, size_t size, const PgParameters *parameters)
{
    return statement->size == size && statement->n_types == parameters->count && !memcmp(statement->sql, sql, size)
        && (!parameters->count || !memcmp(statement->types, parameters->types, parameters->count * sizeof(Oid)));
}

static bool fits(const PgStatement *kept, const Statement *statement, const PgParameters *parameters)
{
    return same(kept, statement->sql, strlen(statement->sql), parameters);
}

/* Sends a statement nobody waits for. */
static void send_alone(PgConnection *connection, const char *sql);

/* The kept statement, perhaps not sent yet; NULL: all in its place are in use, so it is not kept. */
static PgStatement *find(PgConnection *connection, const char *sql, const PgParameters *parameters)
{
    size_t size = strlen(sql);
    uint64_t hash = quick_hash(sql, size);
    for (size_t i = 0; i < parameters->count; i++)
        hash = hash * 31 + parameters->types[i];
    PgStatement **set = connection->statements[hash % PG_SETS], **place = NULL;
    for (int i = 0; i < PG_WAYS; i++) {
        if (set[i] && set[i]->hash == hash && same(set[i], sql, size, parameters)) {
            set[i]->used = ++connection->clock;
            return set[i];
        }
        if (!set[i] ? !place || *place : !set[i]->in_flight && (!place || (*place && (*place)->used > set[i]->used)))
            place = &set[i];
    }
    if (!place)
        return NULL;
    if (*place && (*place)->sent) {
        char deallocate[64];
        snprintf(deallocate, sizeof deallocate, "DEALLOCATE %s", (*place)->name);
        send_alone(connection, deallocate);
    }
    statement_free(*place);
    PgStatement *statement = must(calloc(1, sizeof *statement));
    *statement = (PgStatement){ .sql = must(malloc(size + 1)), .size = size, .types = must(malloc((parameters->count + 1) * sizeof(Oid))),
                                .n_types = parameters->count, .hash = hash, .used = ++connection->clock };
    memcpy(statement->sql, sql, size + 1);
    if (parameters->count)
        memcpy(statement->types, parameters->types, parameters->count * sizeof(Oid));
    return *place = statement;
}

/* The tables are others than when they were prepared: all are prepared again when they come. */
static void forget_statements(PgConnection *connection)
{
    bool any = false;
    for (size_t i = 0; i < PG_SETS; i++)
        for (size_t k = 0; k < PG_WAYS; k++) {
            PgStatement *statement = connection->statements[i][k];
            if (!statement || statement->in_flight)
                continue;
            any = any || statement->sent;
            statement->sent = false;
        }
    if (any && !connection->first)
        send_alone(connection, "DEALLOCATE ALL");
}

/* --- the queue --- */

/* Behind those that were sent already, in front of those that were not. */
static void enter_sent(PgConnection *connection, Flight *flight)
{
    Flight **place = connection->last_sent ? &connection->last_sent->next : &connection->first;
    flight->next = *place;
    *place = flight;
    if (!flight->next)
        connection->last = flight;
    connection->last_sent = flight;
    flight->sent = true;
}

static void enter_unsent(PgConnection *connection, Flight *flight)
{
    flight->next = NULL;
    *(connection->last ? &connection->last->next : &connection->first) = flight;
    connection->last = flight;
    if (!connection->unsent)
        connection->unsent = flight;
}

/* What is on its way is timed from the moment at which it became the first. */
static void count(PgConnection *connection)
{
    if (!connection->head.in_flight++)
        connection->head.waiting_since = capo_monotonic_us();
}

/* Whoever takes the first one away says when the next one's time began. */
static void leave(PgConnection *connection, Flight *flight)
{
    Flight *before = NULL;
    for (Flight *at = connection->first; at != flight; at = at->next)
        before = at;
    *(before ? &before->next : &connection->first) = flight->next;
    if (connection->last == flight)
        connection->last = before;
    if (connection->last_sent == flight)
        connection->last_sent = before;
    if (connection->unsent == flight)
        connection->unsent = flight->next;
    connection->head.in_flight -= !flight->own;
}

static void let_go(Flight *flight)
{
    for (size_t i = 0; i < flight->n; i++)
        if (flight->parts[i].statement && flight->parts[i].statement->in_flight)
            flight->parts[i].statement->in_flight--;
}

static void end_flight(PgConnection *connection, bool lost)
{
    Flight *flight = connection->first;
    leave(connection, flight);
    let_go(flight);
    flight->connection = NULL;
    flight->lost = lost;
    flight->answered = flight->answered && !(lost && flight->in_group);      /* the transaction that it was in has not ended */
    flight->done = true;
    if (lost && !flight->abandoned)
        flight->problem = must(strdup(PQerrorMessage(connection->pg)));
    if (flight->abandoned)
        pg_flight_free(flight);
    else if (flight->fiber)
        fiber_wake(flight->fiber);
}

static void fail_all(PgConnection *connection)
{
    connection->answering = NULL;
    while (connection->first)
        end_flight(connection, true);
}

/* libpq has closed the socket, or nobody knows what was sent. The events go at once: the socket's number may be another's soon. */
static void lose(PgConnection *connection)
{
    connection->head.lost = true;
    if (connection->read_event)
        event_del(connection->read_event);
    if (connection->write_event)
        event_del(connection->write_event);
    fail_all(connection);
}

/* --- sending --- */

/* What did not fit into the socket goes when it is writable. */
static void flush(PgConnection *connection)
{
    int left = PQflush(connection->pg);
    if (left < 0)
        lose(connection);
    else if (left > 0 && connection->write_event)
        event_add(connection->write_event, NULL);
}

static bool put_sync(PgConnection *connection)
{
#ifdef CAPO_HAS_PIPELINE_SYNC
    return PQsendPipelineSync(connection->pg);
#else
    return PQpipelineSync(connection->pg);          /* flushes, too */
#endif
}

static void send_alone(PgConnection *connection, const char *sql)
{
    if (!PQsendQueryParams(connection->pg, sql, 0, NULL, NULL, NULL, NULL, 0) || !put_sync(connection)) {
        lose(connection);
        return;
    }
    Flight *flight = must(calloc(1, sizeof *flight + sizeof(PgPart)));
    flight->n = 1;
    flight->connection = connection;
    flight->abandoned = flight->own = true;
    enter_sent(connection, flight);
}

static bool send_one(PgConnection *connection, PgPart *part, const char *sql, const PgParameters *parameters, bool binary)
{
    PgStatement *statement = part->statement;
    int n = (int)parameters->count;
    if (!statement)
        return PQsendQueryParams(connection->pg, sql, n, parameters->types, parameters->values, parameters->lengths, parameters->formats, binary);
    if (!statement->sent) {
        /* A new name each time: the server may still know the old one, where the statement was stale. */
        snprintf(statement->name, sizeof statement->name, "capo_%llu", (unsigned long long)++connection->names);
        part->preparing = true;
        statement->sent = true;
        statement->binary = statement->known = false;
        if (!PQsendPrepare(connection->pg, statement->name, sql, n, parameters->types))
            return false;
    }
    return PQsendQueryPrepared(connection->pg, statement->name, n, parameters->values, parameters->lengths, parameters->formats, statement->binary);
}

/* --- groups: one statement for several fibers, each with its own values, and one Sync behind all --- */

/* Whether others may stand between this flight, which is the next to be sent, and its Sync. A statement whose group failed or was slow goes by itself
 * for a while. */
static bool takes_company(const PgConnection *connection, const Flight *flight)
{
    PgStatement *statement = flight->parts[0].statement;
    if (!connection->head.shared || !flight->reads || !statement || !statement->known)
        return false;
    if (!statement->alone)
        return true;
    statement->alone--;
    return false;
}

/* Brings another flight of the statement to the front of those that are not sent. Nobody has been promised an order among them. */
static bool bring_like(PgConnection *connection, const PgStatement *statement)
{
    Flight *before = NULL, *at = connection->unsent;
    while (at && !(at->reads && fits(statement, at->statements, at->parameters))) {
        before = at;
        at = at->next;
    }
    if (!at || !before)
        return at != NULL;
    before->next = at->next;
    if (connection->last == at)
        connection->last = before;
    at->next = connection->unsent;
    connection->unsent = connection->last_sent->next = at;
    return true;
}

/* The first that is not sent, and those that share its Sync. False: half of it may be on its way, and this connection is no good any more. */
static bool send_next(PgConnection *connection)
{
    for (int size = 1;; size++) {
        Flight *flight = connection->unsent;
        for (size_t i = 0; i < flight->n; i++) {
            const char *sql = flight->statements[i].sql;
            PgStatement *statement = is_kept(sql) && !connection->address->no_prepared ? find(connection, sql, &flight->parameters[i]) : NULL;
            if (connection->head.lost)
                return false;
            flight->parts[i].statement = statement;
            if (statement)
                statement->in_flight++;
            flight->forgets = flight->forgets || (!statement && is_ddl(sql));
        }
        flight->sent = true;
        for (size_t i = 0; i < flight->n; i++)
            if (!send_one(connection, &flight->parts[i], flight->statements[i].sql, &flight->parameters[i], flight->binary))
                return false;
        connection->last_sent = flight;
        connection->unsent = flight->next;
        flight->in_group = size > 1;
        if (size == MOST_TOGETHER || (size == 1 && !takes_company(connection, flight)) || !bring_like(connection, flight->parts[0].statement))
            return put_sync(connection);
        flight->in_group = flight->open = true;
    }
}

static void cork(PgConnection *connection, int on)
{
    (void)on;
#if defined TCP_CORK && !defined CAPO_HAS_PIPELINE_SYNC
    int socket = PQsocket(connection->pg);
    if (!connection->uncorkable && socket >= 0)
        connection->uncorkable = setsockopt(socket, IPPROTO_TCP, TCP_CORK, &on, sizeof on) != 0;
#else
    connection->uncorkable = true;
#endif
}

/* Sends all that is not sent. An old libpq sends each Sync by itself, and each packet wakes the server: where there are several, the socket is
 * corked. It is so in this function alone, in which nothing waits. */
static void send_all(PgConnection *connection)
{
    bool corked = connection->unsent && connection->unsent->next, good = true;
    if (corked)
        cork(connection, 1);
    while (good && connection->unsent)
        good = send_next(connection);
    if (corked)
        cork(connection, 0);
    if (good)
        flush(connection);
    else
        lose(connection);
}

Flight *pg_send(PgConnection *connection, const Statement *statements, const PgParameters *parameters, size_t n, bool binary, bool reads)
{
    if (connection->head.lost || PQstatus(connection->pg) != CONNECTION_OK) {
        lose(connection);
        return NULL;
    }
    Flight *flight = must(calloc(1, sizeof *flight + n * sizeof(PgPart)));
    *flight = (Flight){ .connection = connection, .n = n, .statements = statements, .parameters = parameters, .binary = binary, .reads = reads };
    bool first = !connection->unsent;
    enter_unsent(connection, flight);
    count(connection);
    /* A server with nothing to do begins at once, while the others of this turn are still being asked for. */
    if (!connection->head.shared || !capo_fiber_current() || connection->head.in_flight == 1)
        send_all(connection);
    else if (first)
        event_active(connection->turn_event, EV_TIMEOUT, 0);
    return flight;
}

/* --- receiving: on the loop, or in pg_wait outside a fiber --- */

static bool is_stale(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE), *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return state && (!strcmp(state, "26000") || (!strcmp(state, "0A000") && message && strstr(message, "cached plan")));
}

/* The server ends the connection: that is no answer to what was asked. */
static bool is_farewell(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity && (!strcmp(severity, "FATAL") || !strcmp(severity, "PANIC"));
}

/* Whether it is the transaction that gave way to another one, and not the statement that is wrong. */
static bool gave_way(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && !strncmp(state, "40", 2);
}

/* Its server has become a replica, perhaps, and another the primary. */
static bool is_read_only(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && !strcmp(state, "25006");
}

/* What comes when all parts are answered: the end of a statement's own transaction failed, as where a deferred rule is broken. */
static void take_refusal(Flight *flight, PGresult *result)
{
    PgPart *last = &flight->parts[flight->n - 1];
    if (PQresultStatus(result) != PGRES_FATAL_ERROR || (last->result && PQresultStatus(last->result) == PGRES_FATAL_ERROR)) {
        PQclear(result);
        return;
    }
    PQclear(last->result);
    last->result = result;
}

/* The answer to a Parse or an Execute. */
static void take(Flight *flight, PGresult *result)
{
    PgPart *part = &flight->parts[flight->at];
    ExecStatusType status = PQresultStatus(result);
    flight->answered = flight->answered || !is_farewell(result);
    if (status == PGRES_FATAL_ERROR && is_read_only(result))
        flight->connection->head.retired = true;
    if (flight->at >= flight->n) {
        take_refusal(flight, result);
        return;
    }
    if (part->refused) {
        PQclear(result);
        flight->at++;
        return;
    }
    if (part->preparing) {
        part->preparing = false;
        if (status == PGRES_COMMAND_OK) {
            PQclear(result);
            return;
        }
        part->refused = true;               /* the Execute behind it is skipped by the server, and says so */
        part->statement->sent = false;
        part->result = result;
        return;
    }
    part->result = result;
    flight->at++;
    flight->failed = flight->failed || (status == PGRES_FATAL_ERROR && !gave_way(result));
    if (!part->statement)
        return;
    if (status == PGRES_TUPLES_OK && !part->statement->known) {
        part->statement->known = true;
        part->statement->binary = pg_is_binary(result);
    } else if (status == PGRES_FATAL_ERROR && is_stale(result)) {
        part->statement->sent = false;
        flight->forgets = true;
    }
}

/* Whether its Sync may be believed: each part has its answer, up to one that failed. */
static bool is_whole(const Flight *flight)
{
    for (size_t i = 0; i < flight->n; i++)
        if (!flight->parts[i].result)
            return false;
        else if (PQresultStatus(flight->parts[i].result) == PGRES_FATAL_ERROR)
            break;
    return true;
}

/* Its transaction was rolled back with its group: it has not run, and does so by itself now. */
static void send_again(PgConnection *connection)
{
    Flight *flight = connection->first;
    leave(connection, flight);
    let_go(flight);
    PQclear(flight->parts[0].result);
    flight->parts[0] = (PgPart){ 0 };
    flight->at = 0;
    flight->sent = flight->in_group = flight->open = flight->answered = false;
    enter_unsent(connection, flight);
    count(connection);
    event_active(connection->turn_event, EV_TIMEOUT, 0);
}

/* The Sync has come of the first flight, or of the group that it leads. Where one of a group failed, the error is that one's alone. False: they have
 * no answers. */
static bool end_group(PgConnection *connection, bool *ret_forgets)
{
    Flight *flight = connection->first;
    bool failed = false, in_group = flight->in_group;
    size_t size = 1;
    for (;; flight = flight->next, size++) {
        if (!is_whole(flight))
            return false;
        failed = failed || (in_group && PQresultStatus(flight->parts[0].result) != PGRES_TUPLES_OK);
        *ret_forgets = *ret_forgets || flight->forgets;
        if (!flight->open)
            break;
    }
    int64_t now = capo_monotonic_us();
    PgStatement *statement = flight->reads ? flight->parts[0].statement : NULL;
    if (statement && failed)
        statement->alone = ALONE_FAILED;
    else if (statement && now - connection->head.waiting_since > SLOW_US && statement->alone < ALONE_SLOW)
        statement->alone = ALONE_SLOW;
    connection->answering = NULL;
    connection->head.waiting_since = now;
    while (size-- > 0)
        if (failed && !connection->first->failed && !connection->first->abandoned)
            send_again(connection);
        else
            end_flight(connection, false);
    return true;
}

static void receive(PgConnection *connection)
{
    bool good = PQconsumeInput(connection->pg) != 0, forgets = false;
    /* Between the answers to two statements libpq gives a NULL; more than that in a row means that it has nothing for us. */
    for (int nothing = 0; connection->first && nothing < 4 && !PQisBusy(connection->pg);) {
        PGresult *result = PQgetResult(connection->pg);
        if (!result) {
            nothing++;
            continue;
        }
        nothing = 0;
        ExecStatusType kind = PQresultStatus(result);
        bool is_copy = kind == PGRES_COPY_IN || kind == PGRES_COPY_OUT || kind == PGRES_COPY_BOTH;
        /* There is no way on from COPY; what libpq itself says of a broken connection is no answer. */
        if (is_copy || (PQstatus(connection->pg) == CONNECTION_BAD && kind == PGRES_FATAL_ERROR && !PQresultErrorField(result, PG_DIAG_SQLSTATE))) {
            PQclear(result);
            good = false;
            break;
        }
        Flight *flight = connection->answering ? connection->answering : connection->first;
        if (kind != PGRES_PIPELINE_SYNC) {
            take(flight, result);
            if (flight->open && flight->at == flight->n)
                connection->answering = flight->next;
            continue;
        }
        PQclear(result);
        PGTransactionStatusType status = PQtransactionStatus(connection->pg);
        if (status != PQTRANS_ACTIVE)       /* more is on its way */
            connection->in_transaction = status != PQTRANS_IDLE;
        good = end_group(connection, &forgets);     /* false: a Sync that was not for them; from here on nothing would be whose it seems */
        if (!good)
            break;
    }
    if (!good || PQstatus(connection->pg) == CONNECTION_BAD) {
        lose(connection);
        return;
    }
    if (forgets)
        forget_statements(connection);
    flush(connection);
}

static void on_event(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    PgConnection *connection = argument;
    /* A child of a fork must not take what is for its parent. */
    if (connection->head.generation != capo_database_generation()) {
        event_del(connection->read_event);
        return;
    }
    receive(connection);
}

static void on_turn(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    PgConnection *connection = argument;
    if (connection->unsent && connection->head.generation == capo_database_generation())
        send_all(connection);
}

bool pg_watch(PgConnection *connection)
{
    int fd = PQsocket(connection->pg);
    connection->turn_event = event_new(capo_loop(), -1, 0, on_turn, connection);
    connection->read_event = event_new(capo_loop(), fd, EV_READ | EV_PERSIST, on_event, connection);
    connection->write_event = event_new(capo_loop(), fd, EV_WRITE, on_event, connection);
    return connection->turn_event && connection->read_event && connection->write_event && event_add(connection->read_event, NULL) == 0;
}

void pg_unwatch(PgConnection *connection)
{
    if (connection->read_event)
        event_free(connection->read_event);
    if (connection->write_event)
        event_free(connection->write_event);
    if (connection->turn_event)
        event_free(connection->turn_event);
    connection->read_event = connection->write_event = connection->turn_event = NULL;
    fail_all(connection);
    for (size_t i = 0; i < PG_SETS; i++)
        for (size_t k = 0; k < PG_WAYS; k++)
            statement_free(connection->statements[i][k]);
}

/* --- waiting --- */

static void abandon(void *argument)
{
    Flight *flight = argument;
    flight->fiber = NULL;
    flight->abandoned = true;
    if (!flight->done && !flight->sent)
        leave(flight->connection, flight);
    if (flight->done || !flight->sent)
        pg_flight_free(flight);
}

void pg_wait(PgConnection *connection, Flight *flight)
{
    flight->fiber = capo_fiber_current();
    /* The server ends a statement at its time limit; where not even that comes, it is gone. */
    int64_t limit = connection->address->statement_timeout ? connection->address->statement_timeout + INT64_C(5000) : -1;
    capo_defer(abandon, flight);
    while (!flight->done) {
        /* Of the first that waits: those behind it have not begun. */
        int64_t left = limit < 0 ? -1 : limit - (capo_monotonic_us() - connection->head.waiting_since) / 1000;
        if (limit >= 0 && left <= 0) {
            lose(connection);
            break;
        }
        if (flight->fiber) {
            fiber_park(left > INT32_MAX ? INT32_MAX : (int)left);
        } else {
            int unsent = PQflush(connection->pg);
            if (unsent >= 0)
                fiber_wait(PQsocket(connection->pg), WAIT_READ | (unsent ? WAIT_WRITE : 0), left > INT32_MAX ? INT32_MAX : (int)left);
            receive(connection);
        }
    }
    capo_defer_cancel(abandon, flight);
}
