/* SPDX-License-Identifier: BSD-3-Clause */
/* The server: a supervisor that holds the listeners and forks workers, each one thread with one loop.
 *
 * SIGTERM and SIGINT stop it gracefully: no new connections, running requests are finished (graceful_timeout at most). SIGHUP
 * replaces the workers one by one. A worker that dies is replaced; its request is named in the log. */
#pragma once
#include "request.h"
#include "response.h"

typedef struct ServeOptions {
    const char *const *binds;           /* "127.0.0.1:8000", "[::]:80", "unix:/run/site.sock"; NULL at the end */
    int workers;                        /* 0: one a CPU */
    bool single_process;                /* no supervisor: for runserver, valgrind and tests */
    Response *(*handle)(Request *req);  /* capo_handle */
    void (*worker_start)(void);         /* in each worker, before it accepts */
    void (*worker_stop)(void);
    void (*ready)(const char *address); /* when the listeners are open, once for each */
} ServeOptions;
/* Returns the exit status when it was stopped; raises ERROR_COMMAND for a port in use or one that is not allowed. */
int capo_serve(const ServeOptions *options);

/* A request made by hand, for the test client: like one that came over a socket. Body is copied. */
typedef struct RawRequest {
    const char *method, *target;                            /* "GET", "/blog/?q=1" */
    const struct QueryItem *headers; size_t n_headers;      /* key: name, value */
    const void *body; size_t body_size;
    const char *remote_address, *scheme;
} RawRequest;
Request *capo_request_make(const RawRequest *raw);
/* What would be sent: status line, headers and body as bytes; runs a streaming body into it. */
void capo_response_write(Request *req, Response *res, Buffer *out);
/* Headers in order, for tests: */
size_t capo_response_headers(const Response *res, const struct QueryItem **ret_items);
