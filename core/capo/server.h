/* SPDX-License-Identifier: BSD-3-Clause */
/* The server: a supervisor that holds the listeners and forks workers, each one thread with one loop.
 *
 * SIGTERM and SIGINT stop it gracefully: no new connections, running requests are finished (graceful_timeout at most). SIGHUP
 * replaces the workers one by one. A worker that dies is replaced; its request is named in the log. */
#pragma once
#include "request.h"
#include "response.h"

typedef struct ServeOptions {
    const char *const *binds;           /* "127.0.0.1:8000", "[::]:80", "unix:/run/site.sock", "fd:3" (inherited); NULL at the end */
    int workers;                        /* 0: one a CPU */
    bool single_process;                /* no supervisor: for runserver, valgrind and tests */
    Response *(*handle)(Request *req);  /* capo_handle */
    void (*worker_start)(void);         /* in each worker, before it accepts */
    void (*worker_stop)(void);
    void (*ready)(const char *address); /* when the listeners are open, once for each */
} ServeOptions;
/* Returns the exit status when it was stopped; raises ERROR_COMMAND for a port in use or one that is not allowed. */
int capo_serve(const ServeOptions *options);

/* Limits of a worker, with their defaults; capo_settings_init copies the settings' into it. Times in seconds. */
typedef struct ServerLimits {
    int header_timeout;                 /* 15: from a request's first byte to the end of its headers */
    int body_timeout;                   /* 60: for the next bytes of a body; in all, it must come with 1 KiB/s or more after that */
    int idle_timeout;                   /* 75: between requests */
    int write_timeout;                  /* 60: as body_timeout, for the client's reading */
    int graceful_timeout;               /* 30: for requests that run while the server stops */
    int request_timeout;                /* 60: a view that holds the loop longer than this, without waiting, ends its worker */
    int max_connections;                /* 1024; past it the longest idle one is closed, or the new one gets 503 */
    int64_t max_memory_body;            /* 2621440: of a body in memory, files of multipart not counted */
    int64_t max_body;                   /* 104857600: of any body */
    int64_t max_fields;                 /* 1000: of a query string or form */
    int64_t max_files;                  /* 100 */
    const char *proxy_ssl_header;       /* "X-Forwarded-Proto": says https; NULL: no proxy is trusted */
    const char *upload_directory;       /* of temporary files; NULL: TMPDIR or /tmp */
} ServerLimits;
extern ServerLimits capo_server_limits;

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
