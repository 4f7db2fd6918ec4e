/* SPDX-License-Identifier: BSD-3-Clause */
/* Cross-site request forgery: a secret in the cookie `csrftoken`, and its masked copy in each form that this site rendered.
 *
 * The secret is 32 characters of [a-zA-Z0-9]; a token is 64: a random mask and the secret added to it, so that a compressed
 * answer tells nothing of it. An unsafe method needs an Origin (or under TLS a Referer) of this site or a trusted one, and the
 * token in the field csrfmiddlewaretoken or the header X-CSRFToken. Names and formats are Django's. */
#include "web_internal.h"
#include <capo/text.h>
#include <string.h>
#include <strings.h>

enum { SECRET = 32, TOKEN = 64, COOKIE_AGE = 60 * 60 * 24 * 7 * 52 };
#define COOKIE_NAME "csrftoken"
static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
enum { N_CHARACTERS = sizeof characters - 1 };

typedef struct CsrfState {
    const char *secret;         /* of the cookie, or made; NULL: none yet */
    const char *token;          /* handed out for this answer */
    bool set_cookie;
} CsrfState;

static int index_of(char c)
{
    return (int)(strchr(characters, c) - characters);
}

static bool is_well_formed(const char *token, size_t size)
{
    return strlen(token) == size && strspn(token, characters) == size;
}

static char *mask(const char *secret)
{
    char *token = capo_alloc(TOKEN + 1);
    memcpy(token, capo_random_string(SECRET, characters), SECRET);
    for (int i = 0; i < SECRET; i++)
        token[SECRET + i] = characters[(index_of(secret[i]) + index_of(token[i])) % N_CHARACTERS];
    return token;
}

/* The secret in a well-formed token of either length. */
static const char *unmask(const char *token)
{
    if (strlen(token) == SECRET)
        return token;
    char *secret = capo_alloc(SECRET + 1);
    for (int i = 0; i < SECRET; i++)
        secret[i] = characters[(index_of(token[SECRET + i]) - index_of(token[i]) + N_CHARACTERS) % N_CHARACTERS];
    return secret;
}

static CsrfState *state_of(Request *req)
{
    CsrfState *state = req->internal->csrf_state;
    if (state)
        return state;
    req->internal->csrf_state = state = capo_alloc_struct(CsrfState);
    const char *cookie = request_cookie(req, COOKIE_NAME);
    if (!cookie)
        return state;
    if (is_well_formed(cookie, SECRET) || is_well_formed(cookie, TOKEN))
        state->secret = unmask(cookie);
    else
        capo_csrf_rotate(req);
    return state;
}

const char *capo_csrf_token(Request *req)
{
    CsrfState *state = state_of(req);
    if (!state->secret)
        state->secret = capo_random_string(SECRET, characters);
    if (!state->token)
        state->token = mask(state->secret);
    state->set_cookie = true;
    req->internal->csrf_tokens++;
    req->internal->personal = PERSONAL_OWN;
    return state->token;
}

unsigned capo_csrf_tokens(Request *req)
{
    return req->internal->csrf_tokens;
}

void capo_csrf_rotate(Request *req)
{
    CsrfState *state = req->internal->csrf_state;
    if (!state)
        req->internal->csrf_state = state = capo_alloc_struct(CsrfState);
    *state = (CsrfState){ .secret = capo_random_string(SECRET, characters), .set_cookie = true };
}

/* --- the check ------------------------------------------------------------------------------------------------------------------ */

/* "https", "host[:port]" of "https://host[:port]/…"; false: it is no absolute URL. */
static bool split_origin(const char *url, const char **ret_scheme, const char **ret_netloc)
{
    const char *mark = strstr(url, "://");
    if (!mark || mark == url)
        return false;
    size_t size = strcspn(mark + 3, "/?#");
    if (size == 0)
        return false;
    *ret_scheme = capo_lower(capo_strndup(url, (size_t)(mark - url)));
    *ret_netloc = capo_lower(capo_strndup(mark + 3, size));
    return true;
}

/* Whether an entry of csrf_trusted_origins is this origin; a host that begins with a star is all below the rest. */
static bool is_trusted(const char *scheme, const char *netloc)
{
    const char *const *origins = capo_settings()->csrf_trusted_origins;
    for (size_t i = 0; origins[i]; i++) {
        const char *their_scheme, *their_netloc;
        if (!split_origin(origins[i], &their_scheme, &their_netloc) || strcmp(scheme, their_scheme) != 0)
            continue;
        if (capo_is_same_domain(netloc, *their_netloc == '*' ? their_netloc + 1 : their_netloc))
            return true;
    }
    return false;
}

static const char *check_origin(Request *req, const char *origin)
{
    const char *scheme, *netloc;
    if (strcasecmp(origin, capo_format("%s://%s", capo_is_secure(req) ? "https" : "http", capo_host(req))) == 0)
        return NULL;
    if (split_origin(origin, &scheme, &netloc) && is_trusted(scheme, netloc))
        return NULL;
    return capo_format("Origin checking failed - %s does not match any trusted origins.", origin);
}

static const char *check_referer(Request *req)
{
    const char *referer = capo_header(req, "Referer"), *scheme, *netloc;
    if (!referer)
        return "Referer checking failed - no Referer.";
    if (!split_origin(referer, &scheme, &netloc))
        return "Referer checking failed - Referer is malformed.";
    if (strcmp(scheme, "https") != 0)
        return "Referer checking failed - Referer is insecure while host is secure.";
    if (capo_is_same_domain(netloc, capo_host(req)) || is_trusted(scheme, netloc))
        return NULL;
    return capo_format("Referer checking failed - %s does not match any trusted origins.", referer);
}

static const char *check_token(Request *req, const CsrfState *state)
{
    if (!state->secret || !request_cookie(req, COOKIE_NAME))
        return "CSRF cookie not set.";
    const char *token = req->method == POST ? capo_post(req, "csrfmiddlewaretoken") : NULL, *source = "POST";
    if (!token || !*token) {
        token = capo_header(req, "X-CSRFToken");
        source = "the 'X-Csrftoken' HTTP header";
    }
    if (!token)
        return "CSRF token missing.";
    size_t size = strlen(token);
    if (size != SECRET && size != TOKEN)
        return capo_format("CSRF token from %s has incorrect length.", source);
    if (!is_well_formed(token, size))
        return capo_format("CSRF token from %s has invalid characters.", source);
    if (!capo_constant_time_equal(unmask(token), SECRET, state->secret, SECRET))
        return capo_format("CSRF token from %s incorrect.", source);
    return NULL;
}

/* NULL: the request may pass. */
static const char *why_refused(Request *req, const CsrfState *state)
{
    if ((req->method & (GET | HEAD | OPTIONS)) || strcmp(req->method_name, "TRACE") == 0 || req->dont_enforce_csrf ||
        !req->route || req->route->csrf_exempt)
        return NULL;
    const char *origin = capo_header(req, "Origin"), *site = capo_header(req, "Sec-Fetch-Site"), *why = NULL;
    if (origin)
        why = check_origin(req, origin);
    else if (site && strcmp(site, "cross-site") == 0)
        why = "The browser says that the request comes from another site, and no Origin says from which.";
    else if (capo_is_secure(req))
        why = check_referer(req);
    return why ? why : check_token(req, state);
}

static Response *refuse(Request *req, const char *why)
{
    capo_log(LOG_WARNING, "Forbidden (%s): %s", why, req->path);
    Buffer more = { 0 };
    if (debug_pages_allowed(req)) {
        capo_put(&more, "<h2>Reason given for failure</h2><pre>");
        capo_put_escaped(&more, why, strlen(why));
        capo_put(&more, "</pre><p>A form that posts to this site needs the line <code>{% csrf_token %}</code> inside; a script sends the "
                 "token in the header <code>X-CSRFToken</code>. You see this because DEBUG is on.</p>");
    }
    return plain_page(403, "Forbidden (403)", "CSRF verification failed. Request aborted.", capo_buffer_text(&more));
}

Response *capo_csrf_middleware(Request *req, const Next *next)
{
    CsrfState *state = state_of(req);
    const char *why = why_refused(req, state);
    Response *res = why ? refuse(req, why) : capo_next(req, next);
    if (state->set_cookie) {
        capo_set_cookie(res, COOKIE_NAME, state->secret, .max_age = COOKIE_AGE, .path = "/", .same_site = "Lax",
                        .secure = cookies_are_secure(req), .readable_by_scripts = true);
        capo_vary(res, "Cookie");
    }
    return res;
}
