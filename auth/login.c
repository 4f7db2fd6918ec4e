/* SPDX-License-Identifier: BSD-3-Clause */
/* Who the visitor is: the session's user, logging in and out.
 *
 * The session holds what Django's holds: _auth_user_id, _auth_user_backend, and _auth_user_hash, an HMAC over the password
 * string, so that a changed password ends all other sessions. A name that is unknown, a user without a usable password and a
 * wrong password take the same time and give the same answer. */
#include "auth_internal.h"
#include <string.h>

#define ID_KEY "_auth_user_id"
#define BACKEND_KEY "_auth_user_backend"
#define HASH_KEY "_auth_user_hash"
#define BACKEND "django.contrib.auth.backends.ModelBackend"
#define HASH_SALT "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

/* req->user once it was looked for, and there is none. */
static char nobody;

static const char *session_hash(const AnyUser *user, const char *secret)
{
    return capo_salted_hmac(HASH_SALT, auth_text(user, "password"), secret);
}

static bool same(const char *a, const char *b)
{
    return capo_constant_time_equal(a, strlen(a), b, strlen(b));
}

static bool session_is_of(Request *req, const AnyUser *user)
{
    Value hash = capo_session_get(req, HASH_KEY);
    if (!capo_is_text(hash))
        return false;
    if (same(hash.text, session_hash(user, NULL)))
        return true;
    const char *const *old_keys = capo_settings()->secret_key_fallbacks;
    for (size_t i = 0; old_keys[i]; i++)
        if (same(hash.text, session_hash(user, old_keys[i]))) {
            capo_session_cycle_key(req);
            capo_session_set(req, HASH_KEY, VALUE(session_hash(user, NULL)));
            return true;
        }
    return false;
}

typedef struct Search { Value key; AnyUser *user; } Search;

static void find_by_key(void *argument)
{
    Search *search = argument;
    int64_t number;
    if (capo_user_model() == &AuthUser_model && capo_to_int(search->key, &number)) {        /* a statement that is known by its shape */
        search->user = auth_user((Instance *)capo_first(AuthUser, .where = { .id = EQ(number) }));
        return;
    }
    search->user = auth_user(capo_query_first(capo_query_filter(capo_default_rows(capo_user_model()), Q("pk", search->key))));
}

/* A session may hold the key of another user model, which this one's cannot be: nobody's, then. */
static AnyUser *user_with_key(Value key)
{
    Search search = { .key = key };
    int64_t number;
    if (capo_field_is_integer(capo_user_model()->pk->kind) && !capo_to_int(key, &number))
        return NULL;
    const Error *error = capo_try(find_by_key, &search);
    if (error && error->code != ERROR_VALUE && error->code != ERROR_VALIDATION && error->code != ERROR_DATA)
        capo_reraise(error);
    return error ? NULL : search.user;
}

static AnyUser *load_user(Request *req)
{
    if (!req->session)
        return NULL;
    Value key = capo_session_get(req, ID_KEY), backend = capo_session_get(req, BACKEND_KEY);
    if (capo_is_null(key) || !capo_is_text(backend) || strcmp(backend.text, BACKEND) != 0)
        return NULL;
    AnyUser *user = user_with_key(key);
    if (!user || !capo_user_is(user, "is_active"))
        return NULL;
    if (!session_is_of(req, user)) {
        capo_session_flush(req);
        return NULL;
    }
    return user;
}

AnyUser *capo_user(Request *req)
{
    if (!req->user) {
        AnyUser *user = load_user(req);
        req->user = user ? (void *)user : (void *)&nobody;
    }
    return req->user == &nobody ? NULL : req->user;
}

AnyUser *capo_authenticate(Request *req, const char *username, const char *password)
{
    if (!username || !password || strnlen(password, PASSWORD_BYTES + 1) > PASSWORD_BYTES || auth_login_wait(req, username) > 0)
        return NULL;
    AnyUser *user = capo_find_user(username);
    bool right = false;
    const char *encoded = user ? auth_text(user, "password") : NULL;
    if (encoded && *encoded && capo_password_is_usable(encoded))
        right = capo_check_password(user, password);
    else
        auth_spend_time(password);
    if (!right || !capo_user_is(user, "is_active")) {
        auth_login_failed(req, username);
        return NULL;
    }
    auth_login_succeeded(req, username);
    return user;
}

void capo_login(Request *req, AnyUser *user)
{
    Value before = capo_session_get(req, ID_KEY);
    if (!capo_is_null(before) && (!auth_same_user(user, before) || !session_is_of(req, user)))
        capo_session_flush(req);        /* what another user left must not be seen */
    else
        capo_session_cycle_key(req);
    capo_session_set(req, ID_KEY, VALUE(capo_to_text(auth_key(user))));
    capo_session_set(req, BACKEND_KEY, VALUE(BACKEND));
    capo_session_set(req, HASH_KEY, VALUE(session_hash(user, NULL)));
    capo_csrf_rotate(req);
    req->user = user;
    if (auth_field("last_login")) {
        Value now = VALUE(capo_now());
        auth_assign(user, "last_login", now);
        capo_query_update(capo_query_filter(capo_base_rows(capo_user_model()), Q("pk", auth_key(user))),
                          (NamedChange[]){ { "last_login", { .operation = "=", .value = now } }, { 0 } });
    }
    capo_log(LOG_INFO, "%s logged in from %s", capo_username(user), req->remote_address);
}

void capo_logout(Request *req)
{
    capo_session_flush(req);
    req->user = &nobody;
}

void capo_update_session_auth_hash(Request *req, AnyUser *user)
{
    capo_session_cycle_key(req);
    capo_session_set(req, HASH_KEY, VALUE(session_hash(user, NULL)));
    req->user = user;
}

Response *capo_redirect_to_login(Request *req)
{
    return capo_login_redirect(req);
}

/* The user is loaded when somebody asks. A layer of this name stands in the list for what comes to depend on it. */
Response *capo_auth_middleware(Request *req, const Next *next)
{
    if (!req->session)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "capo_auth_middleware needs capo_session_middleware before it in settings' .middleware.");
    return capo_next(req, next);
}
