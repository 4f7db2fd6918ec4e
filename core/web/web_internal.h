/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of core/web keep of a request, and share with each other. */
#pragma once
#include "../http/request_internal.h"
#include "routes.h"

/* Made by capo_handle, or at first use for a request that a test makes by hand. */
typedef struct WebState {
    RouteMatch match;               /* match.node NULL: no route */
    const Error *error;             /* what an error page is being made for */
    const char *reference;          /* of a failure, on the page and in the log */
    const char *csp_nonce;          /* csp.c; NULL: nobody asked for it */
    bool csp_on, csp_sent;          /* its layer is around; its layer wrote the headers */
} WebState;

WebState *web_state(Request *req);

/* handler.c's pages of core itself; debug_pages.c has those of DEBUG. */
Response *error_response(Request *req, const Error *error);
Response *debug_page_404(Request *req, const Error *error);
Response *debug_page_500(Request *req, const Error *error);
/* A whole small HTML page. The title and text are escaped; html is put as it is. */
Response *plain_page(int status, const char *title, const char *text, const char *html);

/* csp.c: the policy of core's own pages, which have a style inline and nothing else; only where the site has a policy. */
void csp_of_own_page(Response *res);

/* Whether DEBUG shows its pages to this request: its host must be one of ours. */
bool debug_pages_allowed(Request *req);

/* What the name of a setting, field or header says is a secret: shown as asterisks everywhere. */
bool name_is_secret(const char *name);
#define SECRET_SHOWN "********************"

/* Secure for cookies of this request. */
bool cookies_are_secure(Request *req);

/* host.c: whether `host` ("name" or "name:port") is `pattern` ("example.com", ".example.com", "*"), by labels. */
bool host_matches(const char *host, const char *pattern);
/* Splits "name:port"; false: it is no host. ret_name: lower case, IPv6 in brackets; *ret_port NULL: none. */
bool host_split(const char *host, const char **ret_name, const char **ret_port);

/* signing.c: signing.dumps and loads with the key `prefix + SECRET_KEY`. */
char *signing_dumps(Value value, const char *salt, const char *prefix);
bool signing_loads(const char *text, const char *salt, const char *prefix, int64_t max_age_seconds, Value *ret);
