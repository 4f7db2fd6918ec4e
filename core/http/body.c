/* SPDX-License-Identifier: BSD-3-Clause */
/* The body, read when it is asked for: first what came behind the head, then from the socket straight into the caller's
 * memory (or, chunked, through a buffer of its own). All framings obey the same limits. */
#include "request_internal.h"
#include <errno.h>
#include <string.h>

enum { RAW_SIZE = 16 * 1024, PIECE = 16 * 1024 };

_Noreturn static void too_large(Request *req)
{
    if (req->internal->connection)
        connection_close_after(req->internal->connection);
    capo_raise(413, "The body of this request is larger than is allowed.");
}

_Noreturn static void broken(Request *req, int status, const char *why)
{
    if (req->internal->connection)
        connection_close_after(req->internal->connection);
    capo_raise(status, "The body of this request %s.", why);
}

static void begin(Request *req)
{
    BodySource *body = &req->internal->body;
    body->begun = true;
    if (body->kind == BODY_LENGTH && body->left > (uint64_t)capo_server_limits.max_body)
        too_large(req);
    if (req->internal->connection && body->at == body->end && req->internal->parsed->expect_continue)
        connection_continue(req->internal->connection);
}

static size_t more(Request *req, void *into, size_t size)
{
    BodySource *body = &req->internal->body;
    size_t got = req->internal->connection ? connection_read(req->internal->connection, body, into, size) : 0;
    if (got == 0)
        broken(req, 400, "ended before its announced end");
    return got;
}

static size_t read_length(Request *req, char *into, size_t size)
{
    BodySource *body = &req->internal->body;
    if (size > body->left)
        size = (size_t)body->left;
    size_t there = (size_t)(body->end - body->at);
    if (there > 0) {
        if (size > there)
            size = there;
        memcpy(into, body->at, size);
        body->at += size;
    } else {
        size = more(req, into, size);
    }
    body->left -= size;
    body->finished = body->left == 0;
    return size;
}

static size_t read_chunked(Request *req, char *into, size_t size)
{
    BodySource *body = &req->internal->body;
    while (body->piece.size == 0) {
        if (body->at == body->end) {
            if (!body->raw)
                body->raw = capo_alloc(RAW_SIZE);
            body->at = body->raw;
            body->end = body->raw + more(req, body->raw, RAW_SIZE);
        }
        int step = http_chunk_next(&body->chunks, &body->at, body->end, &body->piece);
        if (step < 0) {
            body->finished = true;
            if (step == -ERANGE)
                too_large(req);
            broken(req, http_refusal(step), "has broken chunks");
        }
        if (step == CHUNK_END) {
            body->finished = true;
            if (body->at < body->end && req->internal->connection)
                connection_unread(req->internal->connection, body->at, (size_t)(body->end - body->at));
            return 0;
        }
    }
    if (size > body->piece.size)
        size = body->piece.size;
    memcpy(into, body->piece.at, size);
    body->piece.at += size;
    body->piece.size -= (uint32_t)size;
    return size;
}

size_t body_read(Request *req, void *into, size_t size)
{
    BodySource *body = &req->internal->body;
    if (body->finished || size == 0)
        return 0;
    if (!body->begun)
        begin(req);
    return body->kind == BODY_CHUNKED ? read_chunked(req, into, size) : read_length(req, into, size);
}

size_t capo_body_read(Request *req, void *into, size_t size)
{
    RequestInternal *internal = req->internal;
    if (internal->body_bytes)
        capo_bug("capo_body_read was called after capo_body had read the whole body.");
    internal->body_streamed = true;
    return body_read(req, into, size);
}

const char *capo_body(Request *req, size_t *ret_size)
{
    RequestInternal *internal = req->internal;
    if (!internal->body_bytes) {
        if (internal->body_streamed)
            capo_bug("capo_body was called after the body had been read as a stream or as multipart.");
        BodySource *body = &internal->body;
        uint64_t limit = (uint64_t)capo_server_limits.max_memory_body;
        if (body->kind == BODY_LENGTH && body->left > limit)
            too_large(req);
        Buffer bytes = { 0 };
        /* the announced size is only trusted as far as bytes have come: memory grows with them */
        while (!body->finished) {
            size_t want = body->kind == BODY_LENGTH && body->left < 4 * PIECE ? (size_t)body->left : PIECE;
            bytes.size += body_read(req, capo_buffer_reserve(&bytes, want ? want : 1), want);
            if (bytes.size > limit)
                too_large(req);
        }
        capo_buffer_reserve(&bytes, 1)[0] = 0;
        internal->body_bytes = bytes.data;
        internal->body_size = bytes.size;
    }
    if (ret_size)
        *ret_size = internal->body_size;
    return internal->body_bytes;
}

Value capo_json_body(Request *req)
{
    const char *type = capo_header(req, "Content-Type"), *media = type ? header_media_type(type) : "none";
    if (strcmp(media, "application/json") != 0 && !(capo_starts_with(media, "application/") && capo_ends_with(media, "+json")))
        capo_raise(415, "This address takes a body of the type application/json, not %s.", media);
    size_t size;
    const char *body = capo_body(req, &size), *error = NULL;
    Value value;
    if (!capo_json_parse(body, size, &value, &error))
        capo_raise(400, "The body of this request is not JSON: %s", error);
    return value;
}
