/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions in the table django_session: the data as signed, compressed JSON, which a Django site with the same key reads too. */
#include "auth_internal.h"

#define CAPO_MODELS "capo/sessions_models.def"
#include <capo/define_models.h>

extern const EmbeddedFile capo_sessions_files[];

const App capo_sessions = {
    .name = "sessions",
    .verbose_name = "Sessions",
    .models = models,
    .files = capo_sessions_files,
};

#define SALT "django.contrib.sessions.SessionStore"

/* A damaged or foreign record is no session: the visitor gets a new one. */
static Map *load(const char *key)
{
    SessionRow *row = capo_first(SessionRow, .where = { .session_key = EQ(key), .expire_date = GT(capo_now()) });
    Value data;
    if (!row || !capo_unsign_value(row->session_data, SALT, 0, &data) || data.kind != VALUE_MAP)
        return NULL;
    return data.map;
}

static void save(const char *key, const Map *data, DateTime expires, bool must_be_new)
{
    char *text = capo_sign_value(capo_value_map((Map *)data), SALT);
    if (must_be_new) {
        SessionRow *row = capo_new(SessionRow);
        row->session_key = key;
        row->session_data = text;
        row->expire_date = expires;
        capo_instance_insert(&row->capo);
        return;
    }
    /* What another request deleted meanwhile (a log-out) does not come back. */
    if (capo_update(SessionRow, .where = { .session_key = EQ(key) }, .set = { .session_data = TO(text), .expire_date = TO(expires) }) == 0)
        capo_raise(400, "The request's session was deleted before the request completed. The user may have logged out in a concurrent "
                   "request, for example.");
}

static void remove_row(const char *key)
{
    capo_delete_all(SessionRow, .where = { .session_key = EQ(key) });
}

static const SessionStore database_store = { load, save, remove_row };

Response *capo_session_middleware(Request *req, const Next *next)
{
    return capo_session_middleware_with(req, next, &database_store);
}

int64_t capo_clear_sessions(void)
{
    return capo_delete_all(SessionRow, .where = { .expire_date = LT(capo_now()) });
}
