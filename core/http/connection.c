/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a connection: read, parse, start a fiber, join the answers, write once.
 *
 *   on_readable -> connection_process -> (per request) fiber: handle, respond -> request_done -> ... -> flush
 *
 * Most requests never suspend: then the whole life is one read and one write, and answers of pipelined requests are joined in
 * the worker's output buffer. A fiber that suspends leaves the output to its connection first, so the buffer is always
 * empty when the loop turns. Times are kept in lists, one for each state with one length, so that the first is always due
 * first; one tick a second looks at the heads of the lists, and only while there are connections. Buffers and sockets are in
 * connection_bytes.c, responses on their way out in connection_answer.c. */
#include "connection.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 5000, LINGER_BYTES = 4 * 1024 * 1024,
    GONE_MS = 1000,                     /* a client that has shut down its side may still read for this long */
};

Worker capo_worker;

static void connection_process(Connection *c);

/* --- lists and states --- */

static void list_remove(Connection *c)
{
    ConnectionList *list = &capo_worker.lists[c->state];
    *(c->previous ? &c->previous->next : &list->first) = c->next;
    *(c->next ? &c->next->previous : &list->last) = c->previous;
    c->previous = c->next = NULL;
}

static void list_append(Connection *c, ConnectionState state)
{
    ConnectionList *list = &capo_worker.lists[state];
    c->state = (uint8_t)state;
    c->previous = list->last;
    c->next = NULL;
    *(list->last ? &list->last->next : &list->first) = c;
    list->last = c;
}

static void set_state(Connection *c, ConnectionState state)
{
    static const int *const limits[STATES] = {
        [STATE_IDLE] = &capo_server_limits.idle_timeout, [STATE_HEAD] = &capo_server_limits.header_timeout,
        [STATE_FLUSHING] = &capo_server_limits.write_timeout,
    };
    list_remove(c);
    list_append(c, state);
    c->deadline_ms = state == STATE_LINGER ? connection_now_ms() + LINGER_MS : limits[state] ? connection_now_ms() + *limits[state] * 1000LL : INT64_MAX;
}

void connection_read_on(Connection *c)
{
    if (!c->reading && !c->broken && event_add(&c->read_event, NULL) == 0)
        c->reading = true;
}

static void read_off(Connection *c)
{
    if (c->reading)
        event_del(&c->read_event);
    c->reading = false;
}

/* --- the end --- */

static void connection_free(Connection *c)
{
    Worker *worker = &capo_worker;
    read_off(c);
    event_del(&c->write_event);
    list_remove(c);
    if (worker->output_owner == c) {
        worker->output_owner = NULL;
        worker->n_output = 0;
    }
    if (c->gone_ms)
        worker->n_gone--;
    connection_input_give(c);
    free(c->pending);
    close(c->fd);
    free(c);
    worker->n_connections--;
    if (worker->n_connections == 0 && worker->stopping && worker->main)
        fiber_wake(worker->main);
}

/* Answered, no further request: shut down; the client may still be sending, so its bytes are taken for a while. */
static void connection_finish(Connection *c)
{
    if (c->broken || shutdown(c->fd, SHUT_WR) != 0) {
        connection_free(c);
        return;
    }
    connection_input_give(c);
    c->lingered = 0;
    connection_read_on(c);
    set_state(c, STATE_LINGER);
}

static void linger(Connection *c)
{
    char waste[16 * 1024];
    for (int i = 0; i < 16; i++) {
        ssize_t n = recv(c->fd, waste, sizeof waste, MSG_DONTWAIT);
        if (n > 0 && (c->lingered += (uint64_t)n) <= LINGER_BYTES)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        connection_free(c);
        return;
    }
}

/* --- a request, in its fiber --- */

typedef struct HandleCall { Request *req; Response *res; } HandleCall;

static void call_handle(void *argument)
{
    HandleCall *call = argument;
    call->res = capo_worker.handle(call->req);
}

static void request_body(void *argument)
{
    Connection *c = argument;
    Input *input = c->input;
    Request *req = c->req = request_new(&input->parsed, c, c->address, "http");
    BodySource *body = &req->internal->body;
    c->fiber = capo_fiber_current();
    c->fiber->before_suspend = connection_suspends;
    c->fiber->before_suspend_argument = c;
    if (body->kind != BODY_NONE) {
        /* All that came behind the head is taken for body; what proves to be the next request is given back at the end. */
        body->at = input->data + c->in_start;
        body->end = input->data + c->in_size;
        c->in_start = c->in_size;
    }
    HandleCall call = { .req = req };
    const Error *error = capo_try(call_handle, &call);
    if (error && error->code == ERROR_ABORTED)
        capo_reraise(error);
    if (error || !call.res) {
        fprintf(stderr, "error: %s: %s\n", capo_unit->what, error ? error->message : "the handler gave no response");
        int status = error ? error->status : 500;
        call.res = capo_response(status, "text/plain; charset=utf-8");
        capo_put_format(&call.res->body, "%s\n", capo_reason_phrase(status));
    }
    connection_respond(c, req, call.res);
    if (body->kind != BODY_NONE && !c->close_after && body->end == input->data + c->in_size) {
        uint64_t skip = body->finished ? 0 : body->left;        /* unread, but there: settle_body saw to it */
        c->in_start = (uint32_t)(body->at + skip - input->data);
    }
}

static void request_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Connection *c = argument;
    c->fiber = NULL;
    c->req = NULL;
    c->fiber_reads = false;
    if (error) {
        if (error->code != ERROR_ABORTED)
            fprintf(stderr, "error: %s: %s\n", unit->what, error->message);
        c->close_after = true;
        c->broken |= c->head_sent || error->code == ERROR_ABORTED;
    }
    if (!c->keep_alive)
        c->close_after = true;
    if (!c->processing) {
        connection_flush(c);
        connection_process(c);
    }
}

static void start_request(Connection *c, uint32_t used)
{
    ParsedRequest *parsed = &c->input->parsed;
    c->in_start += used;
    c->in_seen = 0;
    c->keep_alive = parsed->keep_alive;
    c->head_sent = false;
    /* "GET /blog/" as it stands in the buffer: the blank or '?' behind it is not needed any more */
    ((char *)parsed->target.at)[parsed->path.at == parsed->target.at ? parsed->path.size : parsed->target.size] = 0;
    capo_fiber_start(parsed->method.at, request_body, c, request_done, true);      /* c->fiber is NULL again where it ended */
}

static void connection_process(Connection *c)
{
    c->processing = true;
    for (;;) {
        if (c->close_after || c->broken)
            break;
        if (c->in_start == c->in_size)
            break;
        if (c->pending) {           /* the client does not read: it gets no further answers now */
            c->processing = false;
            read_off(c);
            set_state(c, STATE_FLUSHING);
            event_add(&c->write_event, NULL);
            return;
        }
        char *bytes = c->input->data + c->in_start;
        int used = http_parse_head(&c->input->parsed, bytes, c->in_size - c->in_start, c->in_seen, &http_default_limits);
        if (used == -EAGAIN)
            break;
        if (used < 0) {
            connection_put_simple(c, http_refusal(used));
            break;
        }
        start_request(c, (uint32_t)used);
        if (c->fiber) {             /* it waits for something; most are answered by now */
            c->processing = false;
            connection_flush(c);
            if (c->state != STATE_RUNNING)
                set_state(c, STATE_RUNNING);
            return;
        }
    }
    c->processing = false;
    connection_flush(c);
    if (c->broken) {
        connection_free(c);
        return;
    }
    if (c->gone_ms) {
        c->gone_ms = 0;
        capo_worker.n_gone--;
    }
    if (c->pending) {
        read_off(c);
        set_state(c, STATE_FLUSHING);
        event_add(&c->write_event, NULL);
        return;
    }
    if (c->close_after) {
        connection_finish(c);
        return;
    }
    if (capo_worker.stopping) {
        connection_free(c);
        return;
    }
    if (c->in_start == c->in_size) {
        connection_input_give(c);
        set_state(c, STATE_IDLE);
    } else {
        c->in_seen = c->in_size - c->in_start;
        if (c->state != STATE_HEAD)
            set_state(c, STATE_HEAD);   /* its time counts from the first byte, not from the last */
    }
    connection_read_on(c);
}

/* --- events --- */

static void on_readable(evutil_socket_t fd, short events, void *argument)
{
    (void)events;
    Connection *c = argument;
    switch ((ConnectionState)c->state) {
    case STATE_RUNNING:
        if (c->fiber_reads) {
            fiber_wake(c->fiber);
            return;
        }
        /* A further request (it waits in the socket), or the client has gone. */
        read_off(c);
        char byte;
        ssize_t peeked = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (peeked == 0 && !c->gone_ms) {
            c->gone_ms = connection_now_ms();
            capo_worker.n_gone++;
        } else if (peeked < 0 && errno != EAGAIN && errno != EINTR) {
            c->broken = true;
            fiber_cancel(c->fiber);
        }
        return;
    case STATE_FLUSHING:
        read_off(c);
        return;
    case STATE_LINGER:
        linger(c);
        return;
    case STATE_IDLE:
    case STATE_HEAD:
    case STATES:
        break;
    }
    if (!connection_input_room(c)) {
        connection_free(c);
        return;
    }
    ssize_t n = recv(fd, c->input->data + c->in_size, c->input->capacity - c->in_size, MSG_DONTWAIT);
    if (n > 0) {
        c->in_size += (uint32_t)n;
        connection_process(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        connection_free(c);
    } else if (c->in_size == c->in_start) {
        connection_input_give(c);
    }
}

static void on_writable(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    Connection *c = argument;
    if (c->state != STATE_FLUSHING)
        return;
    size_t before = c->n_pending - c->pending_at;
    if (!connection_pending_try(c) && !c->broken) {
        if (c->n_pending - c->pending_at < before)
            c->deadline_ms = connection_now_ms() + capo_server_limits.write_timeout * 1000LL;
        event_add(&c->write_event, NULL);
        return;
    }
    connection_process(c);
}

/* Once a second: the first of each list is the one that is due first. */
static void tick(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events, (void)argument;
    Worker *worker = &capo_worker;
    int64_t now = connection_now_ms();
    static const ConnectionState timed[] = { STATE_IDLE, STATE_HEAD, STATE_FLUSHING, STATE_LINGER };
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++) {
        Connection *c = worker->lists[timed[i]].first;
        while (c && (c->deadline_ms <= now || timed[i] == STATE_FLUSHING)) {
            Connection *next = c->next;
            if (c->deadline_ms > now) {
                /* FLUSHING: a later one may be due, where this one made progress */
            } else if (timed[i] == STATE_HEAD && c->in_size > c->in_start) {
                connection_put_simple(c, 408);
                connection_process(c);
            } else {
                connection_free(c);
            }
            c = next;
        }
    }
    if (worker->n_gone > 0)
        for (Connection *c = worker->lists[STATE_RUNNING].first; c; c = c->next)
            if (c->gone_ms && now - c->gone_ms >= GONE_MS && c->fiber) {
                c->gone_ms = INT64_MAX;         /* once */
                fiber_cancel(c->fiber);
            }
    worker->ticking = worker->n_connections > 0;
    if (worker->ticking)
        event_add(worker->tick, &(const struct timeval){ 1, 0 });
}

void connection_open(int fd, const char *address)
{
    Worker *worker = &capo_worker;
    Connection *c = NULL;
    if (worker->n_connections < (size_t)capo_server_limits.max_connections || connections_close_idle())
        c = calloc(1, sizeof(Connection));
    if (!c) {
        static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
        ssize_t sent = send(fd, full, sizeof full - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent;
        close(fd);
        return;
    }
    c->fd = fd;
    snprintf(c->address, sizeof c->address, "%s", address);
    event_assign(&c->read_event, capo_loop(), fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->write_event, capo_loop(), fd, EV_WRITE, on_writable, c);
    worker->n_connections++;
    list_append(c, STATE_HEAD);
    set_state(c, STATE_HEAD);       /* a client that connects and says nothing has as long as for a head */
    connection_read_on(c);
    if (!worker->tick)
        worker->tick = evtimer_new(capo_loop(), tick, NULL);
    if (!worker->ticking && worker->tick) {
        worker->ticking = true;
        event_add(worker->tick, &(const struct timeval){ 1, 0 });
    }
}

bool connections_close_idle(void)
{
    Connection *c = capo_worker.lists[STATE_IDLE].first;
    if (c)
        connection_free(c);
    return c != NULL;
}

void connections_stop(void)
{
    Worker *worker = &capo_worker;
    worker->stopping = true;
    while (connections_close_idle())
        ;
    while (worker->lists[STATE_HEAD].first)
        connection_free(worker->lists[STATE_HEAD].first);
}

void connections_cancel(void)
{
    Connection *next;
    for (Connection *c = capo_worker.lists[STATE_RUNNING].first; c; c = next) {
        next = c->next;
        if (c->fiber)
            fiber_cancel(c->fiber);
    }
    for (int state = STATE_FLUSHING; state <= STATE_LINGER; state++)
        while (capo_worker.lists[state].first)
            connection_free(capo_worker.lists[state].first);
}

void connections_cleanup(void)
{
    Worker *worker = &capo_worker;
    connection_inputs_free();
    if (worker->tick)
        event_free(worker->tick);
    worker->tick = NULL;
    worker->ticking = false;
}
