/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a connection: read, parse, start a fiber, join the answers, write once.
 *
 *   on_readable -> connection_process -> (per request) fiber: handle, respond -> request_done -> ... -> flush
 *
 * Most requests never suspend: then the whole life is one read and one write, and answers of pipelined requests are joined in
 * the worker's output buffer. A fiber that suspends leaves the output to its connection first, so the buffer is always
 * empty when the loop turns. Times are kept in lists, one for each state with one length, so that the first is always due
 * first; one tick a second looks at the heads of the lists, and only while there are connections. */
#include "connection.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    INPUT_POOL = 64,
    JOINED_BODY = 32 * 1024,            /* larger bodies are written from where they are */
    LINGER_MS = 5000, LINGER_BYTES = 4 * 1024 * 1024,
    GONE_MS = 1000,                     /* a client that has shut down its side may still read for this long */
    LEAST_RATE = 1024,                  /* bytes per second that a body must come or go with, once its timeout is over */
    SEND_PIECE = 256 * 1024,
};

Worker capo_worker;

static void connection_process(Connection *c);
static void on_writable(evutil_socket_t fd, short events, void *argument);

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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
    c->deadline_ms = state == STATE_LINGER ? now_ms() + LINGER_MS : limits[state] ? now_ms() + *limits[state] * 1000LL : INT64_MAX;
}

static void read_on(Connection *c)
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

/* --- input buffers --- */

static Input *input_take(void)
{
    Input *input = capo_worker.inputs;
    if (input) {
        capo_worker.inputs = input->next;
        capo_worker.n_inputs--;
        return input;
    }
    input = malloc(sizeof(Input) + INPUT_SIZE);
    if (input)
        input->capacity = INPUT_SIZE;
    return input;
}

static void input_give(Connection *c)
{
    Input *input = c->input;
    c->input = NULL;
    c->in_start = c->in_size = c->in_seen = 0;
    if (!input)
        return;
    if (capo_worker.n_inputs >= INPUT_POOL || input->capacity != INPUT_SIZE) {
        free(input);
        return;
    }
    input->next = capo_worker.inputs;
    capo_worker.inputs = input;
    capo_worker.n_inputs++;
}

/* Makes room behind the bytes that are there; false: no memory. Only between requests. */
static bool input_room(Connection *c)
{
    if (!c->input && !(c->input = input_take()))
        return false;
    Input *input = c->input;
    if (c->in_start > 0 && (c->in_start == c->in_size || c->in_size == input->capacity)) {
        memmove(input->data, input->data + c->in_start, c->in_size - c->in_start);
        c->in_size -= c->in_start;
        c->in_start = 0;
    }
    if (c->in_size < input->capacity)
        return true;
    Input *larger = realloc(input, sizeof(Input) + input->capacity * 2u);
    if (!larger)
        return false;
    larger->capacity *= 2;
    c->input = larger;
    return true;
}

/* --- output --- */

static bool socket_write(Connection *c, const struct iovec *parts, int n_parts, size_t *ret_sent)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)n_parts };
    ssize_t sent;
    do
        sent = n_parts == 1 ? send(c->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL) : sendmsg(c->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    *ret_sent = sent > 0 ? (size_t)sent : 0;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        c->broken = c->close_after = true;
    return !c->broken;
}

static void pending_add(Connection *c, const char *bytes, size_t size)
{
    size_t kept = c->n_pending - c->pending_at;
    char *all = malloc(kept + size);
    if (!all) {
        c->broken = c->close_after = true;
        return;
    }
    if (kept)
        memcpy(all, c->pending + c->pending_at, kept);
    memcpy(all + kept, bytes, size);
    free(c->pending);
    c->pending = all;
    c->n_pending = kept + size;
    c->pending_at = 0;
}

/* Writes what is joined in the worker's buffer; what the socket does not take waits with the connection. */
static void flush(Connection *c)
{
    Worker *worker = &capo_worker;
    if (worker->output_owner != c)
        return;
    size_t size = worker->n_output, sent = 0;
    worker->output_owner = NULL;
    worker->n_output = 0;
    if (c->broken)
        return;
    if (!c->pending)
        socket_write(c, &(struct iovec){ worker->output, size }, 1, &sent);
    if (!c->broken && sent < size)
        pending_add(c, worker->output + sent, size - sent);
}

/* Room for `size` bytes in the joined output; NULL: it is more than fits. */
static char *output_room(Connection *c, size_t size)
{
    Worker *worker = &capo_worker;
    if (size > OUTPUT_SIZE)
        return NULL;
    if (worker->output_owner && (worker->output_owner != c || worker->n_output + size > OUTPUT_SIZE))
        flush(worker->output_owner);
    worker->output_owner = c;
    return worker->output + worker->n_output;
}

/* Tries what is pending; true: nothing is left. */
static bool pending_try(Connection *c)
{
    while (c->pending && !c->broken) {
        size_t sent;
        socket_write(c, &(struct iovec){ c->pending + c->pending_at, c->n_pending - c->pending_at }, 1, &sent);
        c->pending_at += sent;
        if (c->pending_at < c->n_pending)
            return false;
        free(c->pending);
        c->pending = NULL;
        c->n_pending = c->pending_at = 0;
    }
    return !c->broken;
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
    input_give(c);
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
    input_give(c);
    c->lingered = 0;
    read_on(c);
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

/* --- answering --- */

static void put_simple(Connection *c, int status)
{
    const char *phrase = capo_reason_phrase(status);
    size_t date_size;
    const char *date = http_date_header(&date_size);
    char *at = output_room(c, 512);
    int size = snprintf(at, 512, "HTTP/1.1 %d %s\r\n%.*sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
                        status, phrase, (int)date_size, date, strlen(phrase) + 1, phrase);
    capo_worker.n_output += (size_t)size;
    c->close_after = true;
}

/* Before the head is written: what of the body is unread decides whether the connection can be kept. */
static void settle_body(Connection *c, const Request *req)
{
    const BodySource *body = &req->internal->body;
    if (body->finished)
        return;
    /* it came with the head in whole: skipped. Else the client may still be sending it, or wait for 100 Continue */
    if (body->kind == BODY_LENGTH && (uint64_t)(body->end - body->at) >= body->left)
        return;
    c->close_after = true;
}

static bool stays_open(const Connection *c, const Response *res)
{
    return c->keep_alive && !c->close_after && !res->internal->close && !capo_worker.stopping;
}

/* Raises when the socket failed or the client takes too little. */
static void await_writable(Connection *c, uint64_t sent, int64_t started)
{
    int64_t limit = started + capo_server_limits.write_timeout * 1000LL + (int64_t)(sent / LEAST_RATE) * 1000, left = limit - now_ms();
    if (left > capo_server_limits.write_timeout * 1000LL)
        left = capo_server_limits.write_timeout * 1000LL;
    if (left <= 0 || fiber_wait(c->fd, WAIT_WRITE, (int)left) == 0) {
        c->broken = c->close_after = true;
        capo_raise(ERROR_ABORTED, "The client reads its answer too slowly.");
    }
}

_Noreturn static void client_left(Connection *c)
{
    c->broken = c->close_after = true;
    capo_raise(ERROR_ABORTED, "The client left before its answer was sent.");
}

static void send_parts(Connection *c, struct iovec *parts, int n_parts)
{
    int64_t started = now_ms();
    uint64_t total = 0;
    flush(c);
    while (!pending_try(c)) {
        if (c->broken)
            client_left(c);
        await_writable(c, total += 1, started);
    }
    while (n_parts > 0) {
        size_t sent;
        if (!socket_write(c, parts, n_parts, &sent))
            client_left(c);
        total += sent;
        while (n_parts > 0 && sent >= parts->iov_len) {
            sent -= parts->iov_len;
            parts++;
            n_parts--;
        }
        if (n_parts > 0) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= sent;
            await_writable(c, total, started);
        }
    }
}

void connection_send(Connection *c, const void *bytes, size_t size)
{
    send_parts(c, &(struct iovec){ (void *)bytes, size }, 1);
}

size_t connection_try_send(Connection *c, const void *bytes, size_t size)
{
    size_t sent = 0;
    flush(c);
    if (pending_try(c))
        socket_write(c, &(struct iovec){ (void *)bytes, size }, 1, &sent);
    return sent;
}

static void send_file(Connection *c, int file, int64_t size)
{
    int64_t started = now_ms();
    off_t at = 0;
    while (at < size) {
        size_t want = size - at < SEND_PIECE ? (size_t)(size - at) : SEND_PIECE;
        ssize_t n = sendfile(c->fd, file, &at, want);
        if (n > 0) {
            if (at < size)
                fiber_yield();          /* one fast download must not hold the loop */
        } else if (n == 0) {            /* the file became shorter: the promised length cannot be kept */
            client_left(c);
        } else if (errno == EAGAIN) {
            await_writable(c, (uint64_t)at, started);
        } else if (errno != EINTR) {
            client_left(c);
        }
    }
}

/* A stream's pending bytes go out before its fiber waits for anything. */
static void stream_suspends(void *argument)
{
    ResponseStream *stream = argument;
    if (stream->n_pending == 0 || stream->connection->broken)
        return;
    size_t sent = connection_try_send(stream->connection, stream->pending, stream->n_pending);
    memmove(stream->pending, stream->pending + sent, stream->n_pending - sent);
    stream->n_pending -= sent;
}

/* Joined answers must not stay in the worker's buffer while others run: also not while a cleanup waits. */
static void request_suspends(void *connection)
{
    flush(connection);
}

typedef struct StreamRun { Response *res; ResponseStream *stream; } StreamRun;

static void run_stream(void *argument)
{
    StreamRun *run = argument;
    run->res->internal->stream(run->stream, run->res->internal->stream_argument);
}

static void respond_stream(Connection *c, const Request *req, Response *res, HeadOptions *options)
{
    ResponseInternal *internal = res->internal;
    bool body = status_has_body(res->status) && req->method != HEAD;
    options->length = status_has_body(res->status) ? internal->stream_length - 1 : -1;
    options->chunked = status_has_body(res->status) && options->length < 0 && options->minor == 1;
    if (options->length < 0 && options->minor == 0)
        options->keep_alive = false;            /* the end of the connection is the end of the body */
    ResponseStream stream = { .connection = c, .capacity = 16 * 1024, .chunked = options->chunked, .headless = !body,
                              .left = internal->stream_length - 1 };
    size_t limit = response_head_limit(res);
    if (limit > stream.capacity)
        stream.capacity = limit;
    stream.pending = capo_alloc(stream.capacity);
    stream.n_pending = (size_t)(response_put_head(stream.pending, res, options) - stream.pending);
    c->head_sent = true;
    if (body) {
        Fiber *fiber = capo_fiber_current();
        fiber->before_suspend = stream_suspends;
        fiber->before_suspend_argument = &stream;
        const Error *error = capo_try(run_stream, &(StreamRun){ res, &stream });
        fiber->before_suspend = request_suspends;
        fiber->before_suspend_argument = c;
        if (error || stream.left > 0) {         /* what was sent cannot be taken back: the missing end says that it is not whole */
            options->keep_alive = false;
            c->broken |= stream.chunked || stream.left > 0;
            if (!stream.chunked && stream.left < 0)     /* the end of the connection would look like that of the body: it is reset */
                setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
            c->close_after = true;
            connection_try_send(c, stream.pending, stream.n_pending);
            if (error)
                capo_reraise(error);
            capo_bug("a stream ended %lld bytes before its Content-Length.", (long long)stream.left);
        }
        if (stream.chunked) {
            if (stream.n_pending + 5 > stream.capacity) {
                connection_send(c, stream.pending, stream.n_pending);
                stream.n_pending = 0;           /* before_suspend is the request's again: nobody else sends it */
            }
            memcpy(stream.pending + stream.n_pending, "0\r\n\r\n", 5);
            stream.n_pending += 5;
        }
    }
    connection_send(c, stream.pending, stream.n_pending);
}

static void respond(Connection *c, const Request *req, Response *res)
{
    ResponseInternal *internal = res->internal;
    settle_body(c, req);
    HeadOptions options = { .minor = req->internal->parsed->minor, .keep_alive = stays_open(c, res) };
    if (internal->stream) {
        respond_stream(c, req, res, &options);
        c->keep_alive = options.keep_alive;
        return;
    }
    bool has_body = status_has_body(res->status);
    size_t body_size = has_body && req->method != HEAD && !internal->file ? res->body.size : 0;
    options.length = !has_body ? -1 : internal->file ? internal->file_size : (int64_t)res->body.size;
    c->keep_alive = options.keep_alive;
    size_t limit = response_head_limit(res);
    c->head_sent = true;
    char *at = body_size <= JOINED_BODY ? output_room(c, limit + body_size) : NULL;
    if (at) {
        char *end = response_put_head(at, res, &options);
        if (body_size)
            memcpy(end, res->body.data, body_size);
        capo_worker.n_output += (size_t)(end - at) + body_size;
    } else {
        char *head = capo_alloc(limit);
        size_t head_size = (size_t)(response_put_head(head, res, &options) - head);
        send_parts(c, (struct iovec[]){ { head, head_size }, { res->body.data, body_size } }, body_size ? 2 : 1);
    }
    if (internal->file && req->method != HEAD && has_body) {
        send_parts(c, NULL, 0);
        send_file(c, internal->file - 1, internal->file_size);
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
    c->fiber->before_suspend = request_suspends;
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
    respond(c, req, call.res);
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
        flush(c);
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
            put_simple(c, http_refusal(used));
            break;
        }
        start_request(c, (uint32_t)used);
        if (c->fiber) {             /* it waits for something; most are answered by now */
            c->processing = false;
            flush(c);
            if (c->state != STATE_RUNNING)
                set_state(c, STATE_RUNNING);
            return;
        }
    }
    c->processing = false;
    flush(c);
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
        input_give(c);
        set_state(c, STATE_IDLE);
    } else {
        c->in_seen = c->in_size - c->in_start;
        if (c->state != STATE_HEAD)
            set_state(c, STATE_HEAD);   /* its time counts from the first byte, not from the last */
    }
    read_on(c);
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
            c->gone_ms = now_ms();
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
    if (!input_room(c)) {
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
        input_give(c);
    }
}

static void on_writable(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    Connection *c = argument;
    if (c->state != STATE_FLUSHING)
        return;
    size_t before = c->n_pending - c->pending_at;
    if (!pending_try(c) && !c->broken) {
        if (c->n_pending - c->pending_at < before)
            c->deadline_ms = now_ms() + capo_server_limits.write_timeout * 1000LL;
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
    int64_t now = now_ms();
    static const ConnectionState timed[] = { STATE_IDLE, STATE_HEAD, STATE_FLUSHING, STATE_LINGER };
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++) {
        Connection *c = worker->lists[timed[i]].first;
        while (c && (c->deadline_ms <= now || timed[i] == STATE_FLUSHING)) {
            Connection *next = c->next;
            if (c->deadline_ms > now) {
                /* FLUSHING: a later one may be due, where this one made progress */
            } else if (timed[i] == STATE_HEAD && c->in_size > c->in_start) {
                put_simple(c, 408);
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
    read_on(c);
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
    while (worker->inputs) {
        Input *next = worker->inputs->next;
        free(worker->inputs);
        worker->inputs = next;
    }
    worker->n_inputs = 0;
    if (worker->tick)
        event_free(worker->tick);
    worker->tick = NULL;
    worker->ticking = false;
}

/* --- for the body --- */

void connection_close_after(Connection *c)
{
    c->close_after = true;
}

void connection_continue(Connection *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char *at = output_room(c, sizeof line - 1);
    memcpy(at, line, sizeof line - 1);
    capo_worker.n_output += sizeof line - 1;
    flush(c);
}

size_t connection_read(Connection *c, BodySource *body, void *into, size_t size)
{
    flush(c);
    if (!body->started_ms)
        body->started_ms = now_ms();
    for (;;) {
        ssize_t n = recv(c->fd, into, size, MSG_DONTWAIT);
        if (n > 0) {
            body->received += (uint64_t)n;
            return (size_t)n;
        }
        if (n == 0) {
            c->close_after = true;
            return 0;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            client_left(c);
        int64_t whole = capo_server_limits.body_timeout * 1000LL;
        int64_t left = body->started_ms + whole + (int64_t)(body->received / LEAST_RATE) * 1000 - now_ms();
        if (left > whole)
            left = whole;
        c->fiber_reads = true;
        read_on(c);
        bool woken = left > 0 && fiber_park((int)left);
        c->fiber_reads = false;
        if (!woken && c->broken)
            client_left(c);
        if (!woken) {
            c->close_after = true;
            capo_raise(408, "The body of this request came too slowly.");
        }
    }
}

void connection_unread(Connection *c, const char *bytes, size_t size)
{
    Input *input = c->input;
    if (bytes >= input->data && bytes <= input->data + c->in_size)
        return;                     /* it is where it came from */
    if (c->in_size + size > input->capacity) {
        c->close_after = true;      /* more was sent ahead than a head's buffer holds, with texts in it that must stay */
        return;
    }
    c->in_start = c->in_size;
    memcpy(input->data + c->in_size, bytes, size);
    c->in_size += (uint32_t)size;
}
