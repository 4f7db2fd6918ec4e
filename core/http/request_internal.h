/* SPDX-License-Identifier: BSD-3-Clause */
/* What a request carries besides what views see: its bytes as they came, and one slot for each part of core/web.
 *
 * Private to core/http and core/web. All of it is in the arena of the request's unit and zero at first. The first half is
 * written by core/http; the slots belong to the files of core/web that are named beside them, and http never reads them. */
#pragma once
#include <capo/request.h>
#include <capo/response.h>
#include "parser.h"

struct Connection;

typedef struct RequestInternal {
    /* core/http */
    struct Connection *connection;      /* NULL: made by hand (capo_request_make) */
    ParsedRequest parsed;               /* slices into the connection's buffer, which stays as it is while the request runs */
    struct BodySource *body;            /* reads the body on demand; NULL: there is none */
    const char *body_bytes;             /* the whole body, once capo_body read it */
    size_t body_size;
    bool body_streamed;                 /* capo_body_read has begun, or multipart took it */
    QueryDict *params, *post;           /* parsed at first use */
    UploadedFile **files;
    size_t n_files;
    struct CookieItem *cookies;         /* parsed at first use */
    size_t n_cookies;
    bool cookies_parsed;

    /* core/web */
    const Var *arguments;               /* routes.c: what the route captured; ends with a NULL name */
    const char *host;                   /* host.c: the host that passed the check; NULL: not asked yet */
    void *session_state;                /* session.c */
    void *csrf_state;                   /* csrf.c */
    void *messages_state;               /* messages.c */
    void *cached_user;                  /* auth: the visitor, once loaded */
    void *web;                          /* anything more */
} RequestInternal;
