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

static const char *session_hash(const User *user, const char *secret)
{
    return capo_salted_hmac(HASH_SALT, user->password, secret);
}

static bool same(const char *a, const char *b)
{
    return capo_constant_time_equal(a, strlen(a), b, strlen(b));
}

static bool session_is_of(Request *req, const User *user)
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

static User *load_user(Request *req)
{
    if (!req->session)
        return NULL;
    int64_t id;
    if (!capo_to_int(capo_session_get(req, ID_KEY), &id))
        return NULL;
    Value backend = capo_session_get(req, BACKEND_KEY);
    if (!capo_is_text(backend) || strcmp(backend.text, BACKEND) != 0)
        return NULL;
    User *user = capo_first(User, .where = { .id = EQ(id), .is_active = EQ((bool)true) });
    if (user && !session_is_of(req, user)) {
        capo_session_flush(req);
        return NULL;
    }
    return user;
}

User *capo_user(Request *req)
{
    if (!req->user) {
        User *user = load_user(req);
        req->user = user ? (void *)user : (void *)&nobody;
    }
    return req->user == &nobody ? NULL : req->user;
}

static User *find_user(const char *username)
{
    /* The length comes before the normalising, whose time grows with it. */
    if (strnlen(username, USERNAME_LENGTH * 4 + 1) > USERNAME_LENGTH * 4)
        return NULL;
    return capo_first(User, .where = { .username = EQ(capo_normalize(username)) });
}

User *capo_authenticate(Request *req, const char *username, const char *password)
{
    if (!username || !password || strnlen(password, PASSWORD_BYTES + 1) > PASSWORD_BYTES || auth_login_wait(req, username) > 0)
        return NULL;
    User *user = find_user(username);
    bool right = false;
    if (user && capo_password_is_usable(user->password) && *user->password)
        right = capo_check_password(user, password);
    else
        auth_spend_time(password);
    if (!right || !user->is_active) {
        auth_login_failed(req, username);
        return NULL;
    }
    auth_login_succeeded(req, username);
    return user;
}

void capo_login(Request *req, User *user)
{
    Value id = capo_session_get(req, ID_KEY);
    int64_t before;
    bool was_logged_in = capo_to_int(id, &before);
    if (was_logged_in && (before != user->id || !session_is_of(req, user)))
        capo_session_flush(req);        /* what another user left must not be seen */
    else
        capo_session_cycle_key(req);
    capo_session_set(req, ID_KEY, VALUE(capo_format("%lld", (long long)user->id)));
    capo_session_set(req, BACKEND_KEY, VALUE(BACKEND));
    capo_session_set(req, HASH_KEY, VALUE(session_hash(user, NULL)));
    capo_csrf_rotate(req);
    req->user = user;
    capo_set(user, last_login, capo_now());
    capo_update(User, .where = { .id = EQ(user->id) }, .set = { .last_login = TO(user->last_login.value) });
    capo_log(LOG_INFO, "%s logged in from %s", user->username, req->remote_address);
}

void capo_logout(Request *req)
{
    capo_session_flush(req);
    req->user = &nobody;
}

void capo_update_session_auth_hash(Request *req, User *user)
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
