/* SPDX-License-Identifier: BSD-3-Clause */
/* The response that a view returns.
 *
 *     return capo_text("Hello, %s!\n", name);                          // text/plain
 *     return capo_html(200, "<p>Hello</p>");                           // what you pass is sent as it is
 *     return capo_json(capo_map(V("posts", 3)));                       // application/json
 *     return capo_redirect(req, "blog:detail", V("slug", slug));       // 302 to a named route, a path or a URL
 *
 * A template's page is capo_render (templates.h). A view that returns NULL is a bug (500). */
#pragma once
#include "request.h"

struct Response {
    int status;
    const char *content_type;       /* "text/html; charset=utf-8"; NULL: none is sent */
    Buffer body;
    struct ResponseInternal *internal;
};

Response *capo_response(int status, const char *content_type);          /* empty; fill ->body with capo_put */
Response *capo_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
Response *capo_html(int status, const char *html);
#define capo_json(x) capo_json_response(200, VALUE(x))
Response *capo_json_response(int status, Value value);
Response *capo_no_content(void);                                         /* 204 */

/* 302 to a route by name ("blog:detail" with its arguments), to a path ("/blog/") or to a URL. Other schemes than http and https
 * are refused; for a target that a visitor gave, ask capo_url_is_safe first. */
#define capo_redirect(req, to, ...) capo_redirect_to((req), 302, (to), CAPO_VARS(__VA_ARGS__))
#define capo_redirect_permanent(req, to, ...) capo_redirect_to((req), 301, (to), CAPO_VARS(__VA_ARGS__))
Response *capo_redirect_to(Request *req, int status, const char *to, const Var *arguments);
/* Django's url_has_allowed_host_and_scheme: whether a redirect there stays on this host. */
bool capo_url_is_safe(const char *url, const char *host, bool require_https);

/* A header; replaces one of that name. A line break in it raises. NULL removes it. */
void capo_set_header(Response *res, const char *name, const char *value);
void capo_add_header(Response *res, const char *name, const char *value);
const char *capo_get_header(const Response *res, const char *name);
void capo_vary(Response *res, const char *header);                      /* adds to Vary once */
/* Puts directives into Cache-Control, where the others stay: capo_cache_control(res, "public, s-maxage=60"). public and private
 * replace each other; of two max-age the lower stays (Django's patch_cache_control). */
void capo_cache_control(Response *res, const char *directives);
bool capo_has_cache_directive(const Response *res, const char *name);
/* max-age of its Cache-Control; -1: it has none. */
int64_t capo_max_age(const Response *res);
/* Browsers and proxies may keep it for so many seconds, at most ten years: Expires, where it has none, and max-age. */
void capo_cache_for(Response *res, int64_t seconds);
/* Nobody may keep it (Django's never_cache). */
void capo_never_cache(Response *res);

typedef struct CookieOptions {
    int64_t max_age;            /* seconds; 0: until the browser closes */
    const char *path;           /* "/" */
    const char *domain;
    const char *same_site;      /* "Lax"; "Strict", "None" */
    bool secure, readable_by_scripts;       /* HttpOnly unless readable_by_scripts */
} CookieOptions;
#define capo_set_cookie(res, name, value, ...) capo_set_cookie_with((res), (name), (value), &(CookieOptions){ __VA_ARGS__ })
void capo_set_cookie_with(Response *res, const char *name, const char *value, const CookieOptions *options);
void capo_delete_cookie(Response *res, const char *name, const char *path, const char *domain);

/* A body that is written while the view's own function runs: each capo_stream_write may suspend until the client has read.
 *     Response *res = capo_stream("text/csv", write_rows, query);
 * write_rows(ResponseStream *, void *) runs in the request's fiber after the middleware; HTTP/1.1 sends it chunked. */
typedef struct ResponseStream ResponseStream;
typedef void StreamBody(ResponseStream *stream, void *argument);
Response *capo_stream(const char *content_type, StreamBody *body, void *argument);
void capo_stream_write(ResponseStream *stream, const void *bytes, size_t size);
void capo_stream_format(ResponseStream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A file from disk, with its length, its type by extension, Last-Modified and If-Modified-Since, Range and If-Range (one part: 206, 416 where
 * the file ends before it; of several the whole file); raises 404 without it.
 * download_name: sends it as an attachment of that name. */
Response *capo_file_response(Request *req, const char *path, const char *download_name);
const char *capo_reason_phrase(int status);
/* The type by the extension of a file's name, "text/css; charset=utf-8"; application/octet-stream for an unknown one. */
const char *capo_media_type(const char *path);
