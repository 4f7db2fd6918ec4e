/* SPDX-License-Identifier: BSD-3-Clause */
/* Templates in a site: from its files, with its routes and settings, and with what every template rendered for a request sees. */
#include "engine.h"
#include <capo/web.h>
#include <string.h>

/* Place 0 is the project, place n the n-th app: the order of search. */
static bool find_in_site(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    (void)engine;
    const App *const *apps = capo_apps();
    const SourceFile *file = NULL;
    if (place == 0) {
        file = capo_find_file("templates", name, ret_tried);
        for (place = 0; file && file->app && apps[place++] != file->app;) { }
    } else {
        int count = 0;
        while (apps && apps[count])
            count++;
        for (; place <= count && !(file = capo_find_app_file(apps[place - 1], "templates", name)); place++) { }
    }
    if (!file)
        return false;
    *ret = (TemplateSource){ .text = file->text, .size = file->size, .path = file->path, .changed_ns = file->changed_ns, .place = place };
    return true;
}

/* A namespace that is an app's name means the instance that the request was routed to. */
static char *reverse_in_site(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    const char *current = context->request ? capo_route_space(context->request) : NULL;
    return quiet ? capo_reverse_in_or_null(name, arguments, current) : capo_reverse_in(name, arguments, current);
}

static Engine site_engine = {
    .find = find_in_site, .reverse = reverse_in_site, .static_url = capo_static_url, .static_prefix = "/static/", .media_prefix = "/media/",
};

static const TagLibrary *libraries_of_site(size_t i)
{
    static const TagLibrary none[] = { { 0 } };
    const App *const *apps = capo_apps();
    for (size_t at = 0; apps && at <= i; at++)
        if (!apps[at])
            return NULL;
    return apps ? apps[i]->tags ? apps[i]->tags : none : NULL;
}

/* Settings may be taken anew between tests. */
static void use_settings(void)
{
    if (!capo_template_engine)
        capo_template_engine = &site_engine;
    capo_template_app_libraries = libraries_of_site;
    if (capo_template_engine != &site_engine)
        return;
    const Settings *settings = capo_settings();
    site_engine.debug = settings->debug;
    site_engine.thousand_separator = settings->use_thousand_separator;
    if (settings->static_url)
        site_engine.static_prefix = settings->static_url;
}

const Template *capo_template(const char *name)
{
    use_settings();
    return capo_template_get(capo_template_engine, name);
}

const Template *capo_template_from_string(const char *source, const char *name)
{
    use_settings();
    TemplateSource text = { .text = source, .size = strlen(source) };
    return capo_template_compile(capo_template_engine, name ? name : "<string>", &text, false);
}

Context *capo_context_new(Request *req, const Map *variables)
{
    use_settings();
    Context *context = capo_context_for(capo_template_engine, req);
    for (size_t i = 0; variables && i < variables->count; i++)
        if (capo_is_text(variables->entries[i].key))
            capo_context_set(context, variables->entries[i].key.text, variables->entries[i].value);
    return context;
}

/* --- what every template sees ----------------------------------------------------------------------------------------------------------- */

enum { MAX_PROCESSORS = 32 };
static ContextProcessor *processors[MAX_PROCESSORS];
static size_t n_processors;

void capo_add_context_processor(ContextProcessor *processor)
{
    for (size_t i = 0; i < n_processors; i++)
        if (processors[i] == processor)
            return;
    if (n_processors == MAX_PROCESSORS)
        capo_bug("There are more than %d context processors.", MAX_PROCESSORS);
    processors[n_processors++] = processor;
}

/* {{ request.path }} and what else of the request templates may see: a closed list. */
typedef struct RequestObject { Object object; Request *req; } RequestObject;

static bool request_get(Object *self, const char *name, size_t size, Value *ret)
{
    Request *req = ((RequestObject *)self)->req;
    static const struct { const char *name; char what; } rows[] = {
        { "path", 'p' }, { "path_info", 'p' }, { "method", 'm' }, { "GET", 'g' }, { "POST", 'o' }, { "scheme", 's' },
        { "get_full_path", 'f' }, { "get_host", 'h' }, { "is_secure", 'S' }, { "build_absolute_uri", 'u' }, { "route_name", 'r' },
    };
    char what = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].name) == size && memcmp(rows[i].name, name, size) == 0)
            what = rows[i].what;
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
    }
    /* request.user is what the processor of users gives */
    if (size == 4 && memcmp(name, "user", 4) == 0)
        for (size_t i = 0; i < n_processors; i++) {
            Map *map = capo_map_new();
            processors[i](req, map);
            Value *found = capo_map_get_n(map, name, size);
            if (found) {
                *ret = *found;
                return true;
            }
        }
    return false;
}

static const char *request_text(Object *self)
{
    Request *req = ((RequestObject *)self)->req;
    return capo_format("<Request: %s '%s'>", req->method_name, req->path);
}

static const ObjectOps request_ops = { .type_name = "Request", .get = request_get, .text = request_text };

/* The token is made, and its cookie set, only by a page that asks for it. */
static bool token_call(Object *self, Value *ret)
{
    *ret = capo_value_text(capo_csrf_token(((RequestObject *)self)->req));
    return true;
}

static const ObjectOps token_ops = { .type_name = "CsrfToken", .call = token_call };

static void put_request(Context *context, Request *req)
{
    RequestObject *objects = capo_alloc_array(2, sizeof *objects);
    objects[0] = (RequestObject){ { &request_ops }, req };
    objects[1] = (RequestObject){ { &token_ops }, req };
    capo_context_set(context, "request", capo_value_object(&objects[0]));
    capo_context_set(context, "csrf_token", capo_value_object(&objects[1]));
    capo_context_set(context, "messages", capo_value_object(capo_messages_object(req)));
    if (context->engine->debug)
        capo_context_set(context, "debug", capo_value_bool(true));
    Map *map = capo_map_new();
    for (size_t i = 0; i < n_processors; i++)
        processors[i](req, map);
    for (size_t i = 0; i < map->count; i++)
        if (capo_is_text(map->entries[i].key))
            capo_context_set(context, map->entries[i].key.text, map->entries[i].value);
}

static Context *context_of(Request *req)
{
    use_settings();
    Context *context = capo_context_for(capo_template_engine, req);
    if (req)
        put_request(context, req);
    return context;
}

Response *capo_render_with(Request *req, int status, const char *name, const Var *vars)
{
    Context *context = context_of(req);
    const Template *template = capo_template_get(capo_template_engine, name);
    for (; vars && vars->name; vars++)
        capo_context_set(context, vars->name, vars->value);
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_template_run(template, context, &res->body);
    return res;
}

void capo_render_into(Buffer *out, Request *req, const char *name, const Map *variables)
{
    Context *context = context_of(req);
    const Template *template = capo_template_get(capo_template_engine, name);
    for (size_t i = 0; variables && i < variables->count; i++)
        if (capo_is_text(variables->entries[i].key))
            capo_context_set(context, variables->entries[i].key.text, variables->entries[i].value);
    capo_template_run(template, context, out);
}

char *capo_render_to_text(Request *req, const char *name, const Map *variables)
{
    Buffer out = { 0 };
    capo_render_into(&out, req, name, variables);
    return capo_buffer_text(&out);
}

/* --- checks --------------------------------------------------------------------------------------------------------------------------------- */

static void compile_one(void *name)
{
    capo_template_get(capo_template_engine, name);
}

void capo_templates_check(void (*report)(const char *name, const Error *error))
{
    use_settings();
    const App *const *apps = capo_apps();
    for (size_t i = 0; i == 0 || (apps && apps[i - 1]); i++) {
        const char **names = capo_list_files("templates", i ? apps[i - 1] : NULL);
        for (; names && *names; names++) {
            const Error *error = capo_try(compile_one, (void *)*names);
            if (error)
                report(*names, error);
        }
    }
}
