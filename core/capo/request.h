/* SPDX-License-Identifier: BSD-3-Clause */
/* The request, as a view sees it (Django's HttpRequest).
 *
 *     const char *slug = capo_arg(req, "slug");                 // captured by the route
 *     int64_t page = capo_int_param(req, "page", 1);            // ?page=2
 *     const char *title = capo_post(req, "title");              // form field, NULL if absent
 *
 * All of it lives as long as the request. Texts from visitors are valid UTF-8 (bad bytes become U+FFFD, as in Django) and end
 * with a NUL; one with a NUL inside is refused with 400 before the view runs. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "value.h"

typedef struct Request Request;
typedef struct Response Response;
typedef struct SessionData SessionData;
struct Route;

/* The method of a request is one bit; a route's `.methods` are several. */
typedef enum Method {
    GET = 1, HEAD = 2, POST = 4, PUT = 8, PATCH = 16, DELETE = 32, OPTIONS = 64, METHOD_OTHER = 128,
} Method;

/* A multi-value dictionary (Django's QueryDict): in order of arrival, keys repeat. */
typedef struct QueryDict {
    const struct ObjectOps *ops;                /* templates: dict.key is the last value */
    struct QueryItem { const char *key, *value; } *items;
    size_t count;
} QueryDict;

/* A file of a multipart body. It is a temporary file already, removed at the end of the request unless moved away. */
typedef struct UploadedFile {
    const char *field;              /* name of the form field */
    const char *name;               /* the visitor's file name, its last component only */
    const char *content_type;       /* as the visitor said it, not to be trusted: "text/plain" */
    const char *charset;            /* the same: "utf-8"; NULL: not said */
    int64_t size;                   /* bytes */
    const char *path;               /* of the temporary file */
} UploadedFile;

struct Request {
    Method method;
    const char *method_name;        /* "GET" */
    const char *path;               /* decoded, begins with '/' : "/blog/caf\xc3\xa9/" */
    const char *raw_path;           /* as sent, without the query */
    const char *query_string;       /* as sent, without '?'; "" */
    const char *scheme;             /* "http", or "https" by TLS or by a trusted proxy header */
    const char *remote_address;     /* of the peer: "127.0.0.1" */
    const struct Route *route;      /* that matched; NULL before routing */
    const char *route_name;         /* full, with namespaces: "blog:detail"; NULL */
    SessionData *session;               /* by the session middleware; NULL without */
    void *user;                     /* capo_user(req) loads it (auth.h) */
    bool dont_enforce_csrf;         /* set by the test client only */
    struct RequestInternal *internal;
};

/* The running request, or NULL outside one. */
Request *capo_request(void);

/* --- captured arguments --- */
/* The text captured by the route, after its converter's check. A name that the route has not is a bug. */
const char *capo_arg(Request *req, const char *name);
int64_t capo_int_arg(Request *req, const char *name);
/* NULL where the route has no such argument. */
const char *capo_arg_or_null(Request *req, const char *name);

/* --- query string and body --- */
const QueryDict *capo_params(Request *req);                 /* request.GET */
const QueryDict *capo_post_dict(Request *req);                  /* request.POST; reads the body at first use */
/* The last value of the key, or NULL. */
const char *capo_param(Request *req, const char *key);
int64_t capo_int_param(Request *req, const char *key, int64_t otherwise);
const char *capo_post(Request *req, const char *key);
const UploadedFile *capo_file(Request *req, const char *field);
const UploadedFile *const *capo_files(Request *req, size_t *ret_count);
/* The whole body, at most settings' data_upload_max_memory_size (else raises 413). Not for multipart once it was parsed. */
const char *capo_body(Request *req, size_t *ret_size);
/* The next piece of the body for views that stream it in; 0 at the end. */
size_t capo_body_read(Request *req, void *into, size_t size);
/* The body as JSON; raises 400 for what is none, 415 for another content type. */
Value capo_json_body(Request *req);

const char *capo_dict_get(const QueryDict *dict, const char *key);           /* last value, or NULL */
/* All values of the key, NULL at the end. */
const char **capo_dict_get_list(const QueryDict *dict, const char *key);
bool capo_dict_has(const QueryDict *dict, const char *key);
QueryDict *capo_dict_copy(const QueryDict *dict);
void capo_dict_set(QueryDict *dict, const char *key, const char *value);     /* replaces all of the key */
void capo_dict_add(QueryDict *dict, const char *key, const char *value);
void capo_dict_remove(QueryDict *dict, const char *key);
const char *capo_dict_urlencode(const QueryDict *dict);
QueryDict *capo_dict_parse(const char *query, size_t size);                  /* raises 400 past the field limit */

/* --- headers and more --- */
/* Case-blind; NULL if absent; several are joined with ", ". */
const char *capo_header(Request *req, const char *name);
const char *capo_cookie(Request *req, const char *name);
const char *capo_host(Request *req);                            /* checked against allowed_hosts; raises 400 */
bool capo_is_secure(Request *req);
const char *capo_full_path(Request *req);                       /* path, and ?query where there is one; quoted */
const char *capo_absolute_uri(Request *req, const char *location);      /* NULL: this request's own */
/* Whether the Accept header takes this type; "application/json". */
bool capo_accepts(Request *req, const char *media_type);
