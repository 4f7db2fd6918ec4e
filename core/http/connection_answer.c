/* SPDX-License-Identifier: BSD-3-Clause */
/* A response on its way out: its head and body joined or written from where they are, a file, or a stream that is made while it is sent. */
#include "connection.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { JOINED_BODY = 32 * 1024 };       /* larger bodies are written from where they are */

void connection_put_simple(Connection *c, int status)
{
    const char *phrase = capo_reason_phrase(status);
    size_t date_size;
    const char *date = http_date_header(&date_size);
    char *at = connection_output_room(c, 512);
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

void connection_suspends(void *connection)
{
    connection_flush(connection);
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
        fiber->before_suspend = connection_suspends;
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

void connection_respond(Connection *c, const Request *req, Response *res)
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
    char *at = body_size <= JOINED_BODY ? connection_output_room(c, limit + body_size) : NULL;
    if (at) {
        char *end = response_put_head(at, res, &options);
        if (body_size)
            memcpy(end, res->body.data, body_size);
        capo_worker.n_output += (size_t)(end - at) + body_size;
    } else {
        char *head = capo_alloc(limit);
        size_t head_size = (size_t)(response_put_head(head, res, &options) - head);
        connection_send_parts(c, (struct iovec[]){ { head, head_size }, { res->body.data, body_size } }, body_size ? 2 : 1);
    }
    if (internal->file && req->method != HEAD && has_body) {
        connection_send_parts(c, NULL, 0);
        connection_send_file(c, internal->file - 1, internal->file_from, internal->file_size);
    }
}
