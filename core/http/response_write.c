/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses as bytes: the head, and bodies that are written while they are sent. */
#include "request_internal.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The lines that most answers begin with. */
static const struct { int status; uint8_t size; const char *line; } status_lines[] = {
#define LINE(status, phrase) { status, sizeof "HTTP/1.1 " #status " " phrase "\r\n" - 1, "HTTP/1.1 " #status " " phrase "\r\n" }
    LINE(200, "OK"), LINE(302, "Found"), LINE(304, "Not Modified"), LINE(404, "Not Found"), LINE(500, "Internal Server Error"),
#undef LINE
};

enum { FIXED_PART = 256 };          /* status line, Date, Content-Length, Connection, Transfer-Encoding */

size_t response_head_limit(const Response *res)
{
    const ResponseInternal *internal = res->internal;
    size_t size = FIXED_PART + (res->content_type ? strlen(res->content_type) : 0);
    for (uint32_t i = 0; i < internal->n_headers; i++)
        size += (size_t)internal->headers[i].name_size + internal->headers[i].value_size + 4;
    return size;
}

static inline char *put_bytes(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}
#define PUT_LITERAL(at, literal) put_bytes((at), (literal), sizeof(literal) - 1)

static char *put_decimal(char *at, uint64_t number)
{
    char digits[24], *first = digits + sizeof digits;
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put_bytes(at, first, (size_t)(digits + sizeof digits - first));
}

char *response_put_head(char *at, const Response *res, const HeadOptions *options)
{
    const ResponseInternal *internal = res->internal;
    size_t i = 0, size;
    while (i < sizeof status_lines / sizeof *status_lines && status_lines[i].status != res->status)
        i++;
    if (i < sizeof status_lines / sizeof *status_lines)
        at = put_bytes(at, status_lines[i].line, status_lines[i].size);
    else
        at += sprintf(at, "HTTP/1.1 %d %s\r\n", res->status, capo_reason_phrase(res->status));
    const char *date = http_date_header(&size);
    at = put_bytes(at, date, size);
    if (res->content_type) {
        at = PUT_LITERAL(at, "Content-Type: ");
        at = put_bytes(at, res->content_type, strlen(res->content_type));
        at = PUT_LITERAL(at, "\r\n");
    }
    if (options->length >= 0) {
        at = PUT_LITERAL(at, "Content-Length: ");
        at = put_decimal(at, (uint64_t)options->length);
        at = PUT_LITERAL(at, "\r\n");
    }
    if (options->chunked)
        at = PUT_LITERAL(at, "Transfer-Encoding: chunked\r\n");
    if (!options->keep_alive)
        at = PUT_LITERAL(at, "Connection: close\r\n");
    else if (options->minor == 0)
        at = PUT_LITERAL(at, "Connection: keep-alive\r\n");
    for (uint32_t j = 0; j < internal->n_headers; j++) {
        at = put_bytes(at, internal->headers[j].name, internal->headers[j].name_size);
        at = PUT_LITERAL(at, ": ");
        at = put_bytes(at, internal->headers[j].value, internal->headers[j].value_size);
        at = PUT_LITERAL(at, "\r\n");
    }
    return PUT_LITERAL(at, "\r\n");
}

/* --- streams --- */

enum { STREAM_PENDING = 16 * 1024, FRAME = 12 };

static void stream_out(ResponseStream *stream, const void *bytes, size_t size)
{
    if (!stream->connection) {
        capo_put_bytes(stream->into, bytes, size);
        return;
    }
    if (stream->n_pending + size > stream->capacity && stream->n_pending > 0) {
        size_t n = stream->n_pending;
        stream->n_pending = 0;          /* at once: while this waits, before_suspend must not send it again */
        connection_send(stream->connection, stream->pending, n);
    }
    if (size > stream->capacity) {
        connection_send(stream->connection, bytes, size);
        return;
    }
    memcpy(stream->pending + stream->n_pending, bytes, size);
    stream->n_pending += size;
}

void capo_stream_write(ResponseStream *stream, const void *bytes, size_t size)
{
    if (size == 0 || stream->headless)
        return;
    if (stream->left >= 0 && (uint64_t)size > (uint64_t)stream->left) {
        stream->failed = true;
        capo_bug("a stream wrote more bytes than its Content-Length announced; the rest is not sent.");
    }
    if (stream->left >= 0)
        stream->left -= (int64_t)size;
    char frame[FRAME + 8];
    if (stream->chunked)
        stream_out(stream, frame, (size_t)sprintf(frame, "%zx\r\n", size));
    stream_out(stream, bytes, size);
    if (stream->chunked)
        stream_out(stream, "\r\n", 2);
}

void capo_stream_format(ResponseStream *stream, const char *format, ...)
{
    char small[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (size < 0)
        capo_raise(500, "A text of a stream could not be formatted (%s).", format);
    if ((size_t)size < sizeof small) {
        capo_stream_write(stream, small, (size_t)size);
        return;
    }
    va_start(args, format);
    char *text = capo_vformat(format, args);
    va_end(args);
    capo_stream_write(stream, text, (size_t)size);
}

/* --- for the test client --- */

void capo_response_write(Request *req, Response *res, Buffer *out)
{
    ResponseInternal *internal = res->internal;
    bool body = status_has_body(res->status) && req->method != HEAD;
    Buffer streamed = { 0 };
    const char *bytes = res->body.data;
    size_t size = res->body.size;
    if (internal->stream) {
        ResponseStream stream = { .into = &streamed, .left = internal->stream_length - 1, .headless = !body };
        if (body)
            internal->stream(&stream, internal->stream_argument);
        bytes = streamed.data;
        size = streamed.size;
    } else if (internal->file) {
        size_t left = (size_t)internal->file_size;
        while (body && left > 0) {
            ssize_t n = read(internal->file - 1, capo_buffer_reserve(&streamed, left), left);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                capo_raise(500, "A file became shorter while it was sent.");
            streamed.size += (size_t)n;
            left -= (size_t)n;
        }
        bytes = streamed.data;
        size = (size_t)internal->file_size;
    }
    HeadOptions options = { .minor = 1, .keep_alive = !internal->close, .length = status_has_body(res->status) ? (int64_t)size : -1 };
    char *start = capo_buffer_reserve(out, response_head_limit(res));
    out->size += (size_t)(response_put_head(start, res, &options) - start);
    out->data[out->size] = 0;
    if (body)
        capo_put_bytes(out, bytes, size);
}
