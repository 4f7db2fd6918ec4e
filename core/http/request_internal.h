/* SPDX-License-Identifier: BSD-3-Clause */
/* What a request and a response carry besides what views see, and the functions that the files of core/http share.
 *
 * Private to core/http and core/web. All of it is in the arena of the request's unit and zero at first. The first half of
 * RequestInternal is written by core/http; the slots behind belong to the files of core/web that are named beside them. */
#pragma once
#include <capo/request.h>
#include <capo/response.h>
#include <capo/server.h>
#include <capo/unit.h>
#include "parser.h"

struct Connection;

/* --- the body as it comes in: body.c --- */

typedef enum BodyKind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED } BodyKind;

typedef struct BodySource {
    BodyKind kind;
    bool begun, finished;
    const char *at, *end;               /* raw bytes that are there already and not used up yet */
    uint64_t left;                      /* BODY_LENGTH: bytes still to come, those at `at` included */
    ChunkReader chunks;
    Slice piece;                        /* BODY_CHUNKED: decoded and not handed out yet */
    char *raw;                          /* BODY_CHUNKED: buffer for what comes from the socket */
    uint64_t received;                  /* from the socket, for the least rate */
    int64_t started_ms;
} BodySource;

typedef struct CookieItem { const char *name, *value; } CookieItem;

typedef struct RequestInternal {
    /* core/http */
    struct Connection *connection;      /* NULL: made by hand (capo_request_make) */
    ParsedRequest *parsed;              /* slices into the connection's buffer, which stays as it is while the request runs */
    BodySource body;
    const char *body_bytes;             /* the whole body, once capo_body read it */
    size_t body_size;
    bool body_streamed;                 /* capo_body_read or the multipart parser took it */
    QueryDict *params, *post;           /* parsed at first use */
    UploadedFile **files;
    size_t n_files;
    CookieItem *cookies;                /* parsed at first use */
    size_t n_cookies;
    bool cookies_parsed;

    /* core/web */
    const Var *arguments;               /* routes.c: what the route captured; ends with a NULL name */
    const char *host;                   /* host.c: the host that passed the check; NULL: not asked yet */
    void *session_state;                /* session.c */
    void *csrf_state;                   /* csrf.c */
    void *messages_state;               /* messages.c */
    void *cached_user;                  /* auth: the visitor, once loaded */
    unsigned csrf_tokens;               /* csrf.c: how often the token was asked for */
    enum { PERSONAL_NO, PERSONAL_READ, PERSONAL_OWN } personal;     /* for page_cache.c: READ: the session or a cookie was looked into; OWN: it was
                                         * changed, a message was shown, or the token given */
    void *web;                          /* anything more */
} RequestInternal;

/* The request of a parsed head, in the running unit's arena. `head` is writable: texts get their NUL in place. */
Request *request_new(ParsedRequest *parsed, struct Connection *connection, const char *remote_address, const char *scheme);
/* capo_cookie for the layers that every request goes through: looking does not make the answer depend on it. */
const char *request_cookie(Request *req, const char *name);
/* Up to `size` bytes of the decoded body, 0 at the end. Raises 400 for broken chunks, 408, 413, ERROR_ABORTED. */
size_t body_read(Request *req, void *into, size_t size);
/* file_response.c: an open file as a response; the descriptor is closed with the unit. `path` is for its type and for messages. */
Response *descriptor_response(Request *req, int fd, const char *path);
/* multipart.c: the body as fields and files. */
void multipart_parse(Request *req, const char *content_type);
/* A parameter of a header value: boundary of "multipart/form-data; boundary=x". *ret_count: how often it is there. The first
 * one's text, unquoted, or NULL. Linear. */
const char *header_parameter(const char *value, const char *name, int *ret_count);
/* The media type in front of the parameters, in lower case. */
const char *header_media_type(const char *value);
/* Bytes as a text of the arena: bad UTF-8 becomes U+FFFD; a NUL raises 400. */
const char *text_from_visitor(const char *bytes, size_t size);

/* --- responses: response.c, response_write.c --- */

typedef struct ResponseHeader { const char *name, *value; uint32_t name_size, value_size; } ResponseHeader;

typedef struct ResponseInternal {
    ResponseHeader *headers;
    uint32_t n_headers, capacity;
    StreamBody *stream;
    void *stream_argument;
    int file;                           /* descriptor + 1 of a file to send; 0: none */
    int64_t file_from, file_size;       /* the part of it that is sent; the descriptor stands at its beginning */
    bool close;                         /* "Connection: close" was asked for */
    int64_t stream_length;              /* Content-Length of a stream + 1; 0: unknown */
    const struct CspText *csp[2];       /* core/web/csp.c: what the view wants instead of settings' policies; NULL: those */
} ResponseInternal;

struct ResponseStream {
    struct Connection *connection;      /* NULL: into `into` */
    Buffer *into;
    char *pending;                      /* bytes not sent yet, framed */
    size_t n_pending, capacity;
    bool chunked, headless;             /* headless: HEAD asks for no body */
    bool failed;
    int64_t left;                       /* of an announced length; negative: none announced */
};

typedef struct HeadOptions {
    int minor;                          /* the request's HTTP/1.minor */
    bool keep_alive;
    bool chunked;
    int64_t length;                     /* of Content-Length; negative: none is sent */
} HeadOptions;
/* Bytes that response_put_head writes at most. */
size_t response_head_limit(const Response *res);
/* Writes status line and headers; the end. */
char *response_put_head(char *at, const Response *res, const HeadOptions *options);
/* Whether a status has a body at all: not 1xx, 204, 304. */
bool status_has_body(int status);

/* --- dates: dates.c --- */

enum { HTTP_DATE_SIZE = 29 };
void http_date_put(char into[HTTP_DATE_SIZE + 1], int64_t unix_seconds);
/* IMF-fixdate, RFC 850 and asctime; false: none of them. */
bool http_date_parse(const char *text, int64_t *ret_seconds);
/* "Date: …\r\n" of this second, made once a second. */
const char *http_date_header(size_t *ret_size);

/* --- connection.c: what the body and stream functions need of the socket; all in the request's fiber --- */

/* Bytes read, 0 at the end of the stream; waits; raises ERROR_ABORTED or 408. */
size_t connection_read(struct Connection *connection, BodySource *body, void *into, size_t size);
/* "100 Continue", where the client waits for it. */
void connection_continue(struct Connection *connection);
/* Raw bytes read past the end of the body: the next request. */
void connection_unread(struct Connection *connection, const char *bytes, size_t size);
/* The connection cannot be used for a further request. */
void connection_close_after(struct Connection *connection);
/* Sends all; waits; raises ERROR_ABORTED when the client left or reads too slowly. */
void connection_send(struct Connection *connection, const void *bytes, size_t size);
/* Sends what goes without waiting; the bytes sent. */
size_t connection_try_send(struct Connection *connection, const void *bytes, size_t size);
