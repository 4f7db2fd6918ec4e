/* SPDX-License-Identifier: BSD-3-Clause */
/* What every template rendered for a request sees besides its own variables: the context processors, and the request as templates
 * may see it. */
#include "engine.h"
#include <capo/i18n.h>
#include <capo/web.h>
#include <string.h>

enum { MAX_PROCESSORS = 32 };
static ContextProcessor *added[MAX_PROCESSORS];
static size_t n_added;

void capo_add_context_processor(ContextProcessor *processor)
{
    for (size_t i = 0; i < n_added; i++)
        if (added[i] == processor)
            return;
    if (n_added == MAX_PROCESSORS)
        capo_bug("There are more than %d context processors.", MAX_PROCESSORS);
    added[n_added++] = processor;
}

/* The default list as it is now; NULL at the end. */
static ContextProcessor *const *default_list(void)
{
    static ContextProcessor *const defaults[] = { capo_request_processor, capo_messages_processor, capo_debug_processor };
    enum { N_DEFAULTS = sizeof defaults / sizeof *defaults };
    static ContextProcessor *all[N_DEFAULTS + MAX_PROCESSORS + 2];
    memcpy(all, defaults, sizeof defaults);
    memcpy(all + N_DEFAULTS, added, n_added * sizeof *added);
    size_t n = N_DEFAULTS + n_added;
    if (capo_settings()->csp || capo_settings()->csp_report_only)
        all[n++] = capo_csp_processor;
    all[n] = NULL;
    return all;
}

/* --- the request --------------------------------------------------------------------------------------------------------------- */

/* {{ request.path }} and what else of the request templates may see: a closed list. */
typedef struct RequestObject { Object object; Request *req; } RequestObject;

static const struct { const char *name; char what; } request_names[] = {
    { "path", 'p' }, { "path_info", 'p' }, { "method", 'm' }, { "GET", 'g' }, { "POST", 'o' }, { "scheme", 's' },
    { "get_full_path", 'f' }, { "get_host", 'h' }, { "is_secure", 'S' }, { "build_absolute_uri", 'u' }, { "route_name", 'r' }, { "user", 0 },
};
enum { N_REQUEST_NAMES = sizeof request_names / sizeof *request_names };

/* What the processor of users gives. */
static bool request_user(Request *req, Value *ret)
{
    for (size_t i = 0; i < n_added; i++) {
        Map *map = capo_map_new();
        added[i](req, map);
        Value *found = capo_map_get(map, "user");
        if (found) {
            *ret = *found;
            return true;
        }
    }
    return false;
}

static bool request_get(Object *self, const char *name, size_t size, Value *ret)
{
    Request *req = ((RequestObject *)self)->req;
    char what = '?';
    for (size_t i = 0; i < N_REQUEST_NAMES; i++)
        if (strlen(request_names[i].name) == size && memcmp(request_names[i].name, name, size) == 0)
            what = request_names[i].what;
    switch (what) {
    case 'p': *ret = capo_value_text(req->path); return true;
    case 'm': *ret = capo_value_text(req->method_name); return true;
    case 'g': *ret = capo_value_object(capo_params(req)); return true;
    case 'o': *ret = capo_value_object(capo_post_dict(req)); return true;
    case 's': *ret = capo_value_text(req->scheme); return true;
    case 'f': *ret = capo_value_text(capo_full_path(req)); return true;
    case 'h': *ret = capo_value_text(capo_host(req)); return true;
    case 'S': *ret = capo_value_bool(capo_is_secure(req)); return true;
    case 'u': *ret = capo_value_text(capo_absolute_uri(req, NULL)); return true;
    case 'r': *ret = capo_value_text(req->route_name); return true;
    case 0: return request_user(req, ret);
    }
    return false;
}

static const char *request_text(Object *self)
{
    Request *req = ((RequestObject *)self)->req;
    return capo_format("<Request: %s '%s'>", req->method_name, req->path);
}

static const char *const *request_list(Object *self)
{
    static const char *names[N_REQUEST_NAMES + 1];
    (void)self;
    for (size_t i = 0; i < N_REQUEST_NAMES; i++)
        names[i] = request_names[i].name;
    return names;
}

static const ObjectOps request_ops = { .type_name = "Request", .get = request_get, .text = request_text, .names = request_list };

/* The token is made, and its cookie set, only by a page that asks for it. */
static bool token_call(Object *self, Value *ret)
{
    *ret = capo_value_text(capo_csrf_token(((RequestObject *)self)->req));
    return true;
}

static const ObjectOps token_ops = { .type_name = "CsrfToken", .call = token_call };

/* So is the nonce, by a page that prints it; {% if csp_nonce %} asks whether it was made. */
static const char *nonce_text(Object *self)
{
    return capo_csp_nonce(((RequestObject *)self)->req);
}

static bool nonce_truth(Object *self)
{
    return capo_csp_has_nonce(((RequestObject *)self)->req);
}

static const ObjectOps nonce_ops = { .type_name = "LazyNonce", .text = nonce_text, .truth = nonce_truth };

static Value request_object(Request *req, const ObjectOps *ops)
{
    RequestObject *object = capo_alloc_struct(RequestObject);
    *object = (RequestObject){ { ops }, req };
    return capo_value_object(object);
}

/* --- the processors -------------------------------------------------------------------------------------------------------------- */

void capo_request_processor(Request *req, Map *variables)
{
    capo_map_set(variables, "request", request_object(req, &request_ops));
}

void capo_messages_processor(Request *req, Map *variables)
{
    static const MapEntry levels[] = {
        { { .kind = VALUE_TEXT, .size = 5, .text = "DEBUG" }, { .kind = VALUE_INT, .integer = MESSAGE_DEBUG } },
        { { .kind = VALUE_TEXT, .size = 4, .text = "INFO" }, { .kind = VALUE_INT, .integer = MESSAGE_INFO } },
        { { .kind = VALUE_TEXT, .size = 7, .text = "SUCCESS" }, { .kind = VALUE_INT, .integer = MESSAGE_SUCCESS } },
        { { .kind = VALUE_TEXT, .size = 7, .text = "WARNING" }, { .kind = VALUE_INT, .integer = MESSAGE_WARNING } },
        { { .kind = VALUE_TEXT, .size = 5, .text = "ERROR" }, { .kind = VALUE_INT, .integer = MESSAGE_ERROR } },
    };
    enum { N_LEVELS = sizeof levels / sizeof *levels };
    static Map level_map = { .entries = (MapEntry *)levels, .count = N_LEVELS, .capacity = N_LEVELS };
    capo_map_set(variables, "messages", capo_value_object(capo_messages_object(req)));
    capo_map_set(variables, "DEFAULT_MESSAGE_LEVELS", capo_value_map(&level_map));
}

/* The statements so far are those when a template asks. */
static bool queries_call(Object *self, Value *ret)
{
    (void)self;
    *ret = capo_value_list(capo_web_hooks.sql_queries ? capo_web_hooks.sql_queries() : capo_list_new());
    return true;
}

static const ObjectOps queries_ops = { .type_name = "SqlQueries", .call = queries_call };

void capo_csp_processor(Request *req, Map *variables)
{
    capo_map_set(variables, "csp_nonce", capo_csp_is_on(req) ? request_object(req, &nonce_ops) : capo_value_null());
}

void capo_debug_processor(Request *req, Map *variables)
{
    if (!capo_settings()->debug)
        return;
    capo_map_set(variables, "debug", capo_value_bool(true));
    capo_map_set(variables, "sql_queries", request_object(req, &queries_ops));
}

void capo_i18n_processor(Request *req, Map *variables)
{
    (void)req;
    List *all = capo_list_new();
    for (const LanguageInfo *row = capo_languages(); row->code; row++) {
        List *pair = capo_list_new();
        capo_list_add(pair, capo_value_text(row->code));
        capo_list_add(pair, capo_value_text(row->name));
        capo_list_add(all, capo_value_list(pair));
    }
    capo_map_set(variables, "LANGUAGES", capo_value_list(all));
    capo_map_set(variables, "LANGUAGE_CODE", capo_value_text(capo_language()));
    capo_map_set(variables, "LANGUAGE_BIDI", capo_value_bool(capo_language_bidi()));
}

void capo_tz_processor(Request *req, Map *variables)
{
    (void)req;
    capo_map_set(variables, "TIME_ZONE", capo_value_text(capo_time_zone_name(capo_current_time_zone())));
}

void capo_static_processor(Request *req, Map *variables)
{
    (void)req;
    capo_map_set(variables, "STATIC_URL", capo_value_text(capo_template_engine->static_prefix));
}

void capo_media_processor(Request *req, Map *variables)
{
    (void)req;
    capo_map_set(variables, "MEDIA_URL", capo_value_text(capo_template_engine->media_prefix));
}

/* --- into a context ---------------------------------------------------------------------------------------------------------------- */

void capo_context_add_processed(Context *context, Request *req)
{
    Map *map = capo_map_new();
    ContextProcessor *const *listed = context->engine->processors;
    for (ContextProcessor *const *processor = listed ? listed : default_list(); *processor; processor++)
        (*processor)(req, map);
    capo_context_set(context, "csrf_token", request_object(req, &token_ops));
    for (size_t i = 0; i < map->count; i++)
        if (capo_is_text(map->entries[i].key))
            capo_context_set(context, map->entries[i].key.text, map->entries[i].value);
}
