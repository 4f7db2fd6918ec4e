/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions: data of one visitor, found by the random key in the cookie `sessionid`, kept by a SessionStore.
 *
 * Loaded at first use. Nothing is stored for a visitor for whom nothing was set. A key that the store does not know is never
 * adopted: new data gets a new key. An answer that used the session varies by cookie. A failed answer (500) saves nothing. */
#include "web_internal.h"
#include <string.h>

#define COOKIE_NAME "sessionid"
enum { KEY_LENGTH = 32 };
static const char key_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

struct SessionData {
    const SessionStore *store;
    const char *key;            /* of the cookie, and after loading a live one; NULL: none yet */
    Map *data;                  /* NULL: not loaded */
    bool accessed, modified;
};

static bool key_is_possible(const char *key)
{
    return key && strlen(key) == KEY_LENGTH && strspn(key, key_characters) == KEY_LENGTH;
}

static SessionData *session_of(Request *req)
{
    if (!req->session)
        capo_bug("%s uses the session, and the middleware has no capo_session_middleware before it", req->path);
    SessionData *session = req->session;
    session->accessed = true;
    if (req->internal->personal == PERSONAL_NO)
        req->internal->personal = PERSONAL_READ;
    if (!session->data) {
        session->data = session->key ? session->store->load(session->key) : NULL;
        if (!session->data) {
            session->key = NULL;
            session->data = capo_map_new();
        }
    }
    return session;
}

Value capo_session_get(Request *req, const char *key)
{
    Value *value = capo_map_get(session_of(req)->data, key);
    return value ? *value : capo_value_null();
}

void capo_session_set(Request *req, const char *key, Value value)
{
    SessionData *session = session_of(req);
    capo_map_set(session->data, capo_strdup(key), value);
    session->modified = true;
    req->internal->personal = PERSONAL_OWN;
}

void capo_session_remove(Request *req, const char *key)
{
    SessionData *session = session_of(req);
    if (capo_map_remove(session->data, key))
        session->modified = true;
    req->internal->personal = PERSONAL_OWN;
}

static void forget_key(Request *req, SessionData *session)
{
    req->internal->personal = PERSONAL_OWN;
    if (session->key)
        session->store->remove(session->key);
    session->key = NULL;
    session->modified = true;
}

void capo_session_flush(Request *req)
{
    SessionData *session = session_of(req);
    forget_key(req, session);
    session->data = capo_map_new();
}

void capo_session_cycle_key(Request *req)
{
    forget_key(req, session_of(req));
}

/* Django's set_expiry: seconds under _session_expiry, 0 until the browser closes. */
static int64_t expiry_age(const SessionData *session, bool *ret_with_browser)
{
    const Settings *settings = capo_settings();
    int64_t age = settings->session_cookie_age, own;
    *ret_with_browser = settings->session_expire_at_browser_close;
    Value *expiry = capo_map_get(session->data, "_session_expiry");
    if (expiry && capo_to_int(*expiry, &own)) {
        *ret_with_browser = own == 0;
        if (own > 0)
            age = own;
    }
    return age;
}

static void save(Request *req, SessionData *session, Response *res)
{
    bool with_browser, is_new = !session->key;
    int64_t age = expiry_age(session, &with_browser);
    if (is_new)
        session->key = capo_random_string(KEY_LENGTH, key_characters);
    session->store->save(session->key, session->data, (DateTime){ capo_now().microseconds + age * 1000000 }, is_new);
    capo_set_cookie(res, COOKIE_NAME, session->key, .max_age = with_browser ? 0 : age, .path = "/", .same_site = "Lax",
                    .secure = cookies_are_secure(req));
}

static void finish(Request *req, SessionData *session, Response *res)
{
    bool empty = !session->key && (!session->data || session->data->count == 0);
    bool save_always = capo_settings()->session_save_every_request;
    if (empty && request_cookie(req, COOKIE_NAME)) {
        capo_delete_cookie(res, COOKIE_NAME, "/", NULL);
        capo_vary(res, "Cookie");
        return;
    }
    if (session->accessed || (save_always && !empty)) {
        capo_vary(res, "Cookie");
        if (!capo_has_cache_directive(res, "public"))
            capo_cache_control(res, "private");
    }
    if ((session->modified || save_always) && !empty && res->status < 500) {
        session_of(req);
        if (session->key || session->data->count)
            save(req, session, res);
    }
}

Response *capo_session_middleware_with(Request *req, const Next *next, const SessionStore *store)
{
    const char *key = request_cookie(req, COOKIE_NAME);
    SessionData *session = capo_alloc_struct(SessionData);
    *session = (SessionData){ .store = store, .key = key_is_possible(key) ? capo_strdup(key) : NULL };
    req->session = session;
    Response *res = capo_next(req, next);
    finish(req, session, res);
    return res;
}
