/* SPDX-License-Identifier: BSD-3-Clause */
/* Templates in a site: from its files, with its routes and settings, and with what every template rendered for a request sees. */
#include "engine.h"
#include <capo/web.h>
#include <string.h>

static char *reverse_in_site(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    const char *current = context->request ? capo_route_space(context->request) : NULL;
    return quiet ? capo_reverse_in_or_null(name, arguments, current) : capo_reverse_in(name, arguments, current);
}

static const TemplateLoader *const site_loaders[] = { &capo_site_loader, NULL };

static Engine site_engine = {
    .find = capo_loaders_find, .data = site_loaders, .reverse = reverse_in_site, .static_url = capo_static_url,
    .static_prefix = "/static/", .media_prefix = "/media/",
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
    /* Tests take settings anew: what was compiled for the old ones goes. */
    static const Settings *seen;
    if (seen != settings) {
        static const TemplateOptions none;
        const TemplateOptions *options = settings->templates ? settings->templates : &none;
        capo_template_release_all(&site_engine);
        seen = settings;
        site_engine.data = options->loaders ? options->loaders : site_loaders;
        site_engine.libraries = options->libraries;
        site_engine.builtins = options->builtins;
        site_engine.string_if_invalid = options->string_if_invalid;
        site_engine.autoescape_off = options->no_autoescape;
        site_engine.quiet = options->quiet;
    }
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

const Template *capo_template_select(const char *const *names)
{
    use_settings();
    return capo_template_first(capo_template_engine, names);
}

const Template *capo_template_from_string(const char *source, const char *name)
{
    use_settings();
    TemplateSource text = { .text = source, .size = strlen(source) };
    return capo_template_compile(capo_template_engine, name ? name : "<string>", &text, false);
}

/* --- rendering ---------------------------------------------------------------------------------------------------------------------- */

static void set_all(Context *context, const Map *variables)
{
    for (size_t i = 0; variables && i < variables->count; i++)
        if (capo_is_text(variables->entries[i].key))
            capo_context_set(context, variables->entries[i].key.text, variables->entries[i].value);
}

Context *capo_context_new(Request *req, const Map *variables)
{
    use_settings();
    Context *context = capo_context_for(capo_template_engine, req);
    if (req)
        capo_context_add_processed(context, req);
    set_all(context, variables);
    return context;
}

static Response *render(const Template *template, Context *context, int status, const Var *vars)
{
    for (; vars && vars->name; vars++)
        capo_context_set(context, vars->name, vars->value);
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_template_run(template, context, &res->body);
    return res;
}

Response *capo_render_with(Request *req, int status, const char *name, const Var *vars)
{
    Context *context = capo_context_new(req, NULL);
    return render(capo_template_get(capo_template_engine, name), context, status, vars);
}

/* --- pages that are sent while they render --- */

/* The language and time zone are those of the view: the layers that chose them have left when the page renders. */
typedef struct StreamedPage { const Template *template; Context *context; void *language, *time_zone; } StreamedPage;

static void stream_page(ResponseStream *stream, void *argument)
{
    StreamedPage *page = argument;
    Buffer out = { 0 };
    capo_unit->slots[UNIT_LANGUAGE] = page->language;
    capo_unit->slots[UNIT_TIME_ZONE] = page->time_zone;
    capo_buffer_reserve(&out, 2 * STREAM_PIECE);
    page->context->stream = stream;
    page->context->streamed = &out;
    capo_template_run(page->template, page->context, &out);
    capo_stream_write(stream, out.data, out.size);
}

Response *capo_render_stream_with(Request *req, const char *name, const Var *vars)
{
    StreamedPage *page = capo_alloc_struct(StreamedPage);
    page->context = capo_context_new(req, NULL);
    page->language = capo_unit->slots[UNIT_LANGUAGE];
    page->time_zone = capo_unit->slots[UNIT_TIME_ZONE];
    page->template = capo_template_get(capo_template_engine, name);
    for (; vars && vars->name; vars++)
        capo_context_set(page->context, vars->name, vars->value);
    Response *res = capo_stream("text/html; charset=utf-8", stream_page, page);
    capo_vary(res, "Cookie");
    capo_cache_control(res, "private");         /* whether it is one visitor's own turns out too late */
    return res;
}

Response *capo_render_first_with(Request *req, int status, const char *const *names, const Var *vars)
{
    Context *context = capo_context_new(req, NULL);
    return render(capo_template_first(capo_template_engine, names), context, status, vars);
}

void capo_render_into(Buffer *out, Request *req, const char *name, const Map *variables)
{
    Context *context = capo_context_new(req, variables);
    capo_template_run(capo_template_get(capo_template_engine, name), context, out);
}

char *capo_render_to_text(Request *req, const char *name, const Map *variables)
{
    Buffer out = { 0 };
    capo_render_into(&out, req, name, variables);
    return capo_buffer_text(&out);
}

/* --- the context as tags see it --------------------------------------------------------------------------------------------------- */

void capo_context_update(Context *context, const Map *variables)
{
    capo_context_push(context);
    set_all(context, variables);
}

Value capo_context_setdefault(Context *context, const char *name, Value value)
{
    Value there;
    if (capo_context_get(context, name, &there))
        return there;
    capo_context_set(context, name, value);
    return value;
}

bool capo_context_remove(Context *context, const char *name)
{
    uint32_t first = context->n_marks ? context->marks[context->n_marks - 1] : 0;
    size_t size = strlen(name);
    for (uint32_t i = context->count; i-- > first;) {
        if (context->entries[i].size != size || memcmp(context->entries[i].name, name, size) != 0)
            continue;
        context->entries[i] = (ContextEntry){ .name = "" };        /* stays: loops know their entries by number */
        return true;
    }
    return false;
}

Map *capo_context_flatten(Context *context)
{
    Map *map = capo_map_new();
    for (uint32_t i = context->base; i < context->count; i++)
        if (context->entries[i].size)
            capo_map_set(map, capo_strndup(context->entries[i].name, context->entries[i].size), context->entries[i].value);
    return map;
}

Context *capo_context_fresh(Context *context, const Map *variables)
{
    Context *fresh = capo_context_for(context->engine, context->request);
    fresh->autoescape = context->autoescape;
    fresh->localise = context->localise;
    fresh->use_time_zone = context->use_time_zone;
    set_all(fresh, variables);
    return fresh;
}

Value *capo_context_memory(Context *context, const void *key)
{
    return &capo_state(&context->memory, key)->value;
}

size_t capo_templates_check(void (*report)(const TemplateProblem *problem))
{
    use_settings();
    return capo_engine_check(capo_template_engine, site_engine.data, report);
}
