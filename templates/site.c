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

/* Those of settings' .templates, the main one first. */
enum { MAX_ENGINES = 16 };
static Engine engines[MAX_ENGINES];
static size_t n_engines;

static const TagLibrary *libraries_of_site(size_t i)
{
    static const TagLibrary none[] = { { 0 } };
    const App *const *apps = capo_apps();
    for (size_t at = 0; apps && at <= i; at++)
        if (!apps[at])
            return NULL;
    return apps ? apps[i]->tags ? apps[i]->tags : none : NULL;
}

static void set_up(Engine *engine, const TemplateOptions *options, const Settings *settings)
{
    capo_template_release_all(engine);
    engine->name = options->name;
    engine->find = capo_loaders_find;
    engine->reverse = reverse_in_site;
    engine->static_url = capo_static_url;
    engine->static_prefix = settings->static_url ? settings->static_url : "/static/";
    engine->media_prefix = settings->media_url ? settings->media_url : "/media/";
    engine->data = options->loaders ? options->loaders : site_loaders;
    engine->processors = options->context_processors;
    engine->libraries = options->libraries;
    engine->builtins = options->builtins;
    engine->string_if_invalid = options->string_if_invalid;
    engine->autoescape_off = options->no_autoescape;
    engine->quiet = options->quiet;
    engine->debug = settings->debug;
    engine->thousand_separator = settings->use_thousand_separator;
}

static void set_up_further(const TemplateOptions *options, const Settings *settings)
{
    for (size_t i = 0; i < n_engines; i++)
        if (strcmp(engines[i].name, options->name) == 0)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Two template engines have the name '%s'; give one another .name.", options->name);
    if (n_engines == MAX_ENGINES)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "There are more than %d template engines.", MAX_ENGINES);
    set_up(&engines[n_engines], options, settings);
    n_engines++;
}

/* Settings may be taken anew between tests: what was compiled for the old ones goes. */
static void use_settings(void)
{
    static const Settings *seen;
    static const TemplateOptions none;
    if (!capo_template_engine)
        capo_template_engine = engines;
    capo_template_app_libraries = libraries_of_site;
    const Settings *settings = capo_template_engine == engines ? capo_settings() : NULL;
    if (!settings || seen == settings)
        return;
    const TemplateOptions *options = settings->templates ? settings->templates : &none;
    for (size_t i = 1; i < n_engines; i++)
        capo_template_release_all(&engines[i]);
    set_up(&engines[0], options, settings);
    if (!engines[0].name)
        engines[0].name = "capo";
    n_engines = 1;
    for (const TemplateOptions *further = options->more; further && further->name; further++)
        set_up_further(further, settings);
    seen = settings;
}

static size_t engine_count(void)
{
    return capo_template_engine == engines ? n_engines : 1;
}

/* The first engine that has it. */
static const Template *look_everywhere(const char *name, Buffer *why_not)
{
    use_settings();
    for (size_t i = 0; i < engine_count(); i++) {
        const char *why = "";
        const Template *template = capo_template_look(capo_template_engine + i, name, &why);
        if (template)
            return template;
        if (why_not && i)
            capo_put_format(why_not, " In the engine '%s': ", engines[i].name);
        if (why_not)
            capo_put(why_not, why);
    }
    return NULL;
}

static const Template *get_anywhere(const char *name)
{
    Buffer why = { 0 };
    const Template *template = look_everywhere(name, &why);
    if (!template)
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "%s", capo_buffer_text(&why));
    return template;
}

static const Template *first_anywhere(const char *const *names)
{
    use_settings();
    for (const char *const *name = names; engine_count() > 1 && *name; name++) {
        const Template *template = look_everywhere(*name, NULL);
        if (template)
            return template;
    }
    return capo_template_first(capo_template_engine, names);
}

const Template *capo_template_using(const char *engine, const char *name)
{
    use_settings();
    const char *names[MAX_ENGINES];
    for (size_t i = 0; i < engine_count(); i++) {
        names[i] = capo_template_engine[i].name ? capo_template_engine[i].name : "capo";
        if (strcmp(names[i], engine) == 0)
            return capo_template_get(capo_template_engine + i, name);
    }
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "There is no template engine '%s' in settings' .templates.%s", engine,
               capo_did_you_mean(engine, names, engine_count()));
}

const Template *capo_template(const char *name)
{
    return get_anywhere(name);
}

const Template *capo_template_select(const char *const *names)
{
    return first_anywhere(names);
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

static Context *context_for(const Engine *engine, Request *req, const Map *variables)
{
    Context *context = capo_context_for(engine, req);
    if (req)
        capo_context_add_processed(context, req);
    set_all(context, variables);
    return context;
}

Context *capo_context_new(Request *req, const Map *variables)
{
    use_settings();
    return context_for(capo_template_engine, req, variables);
}

Context *capo_context_of(const Template *template, Request *req, const Map *variables)
{
    return context_for(template->engine, req, variables);
}

static Response *render(const Template *template, Request *req, int status, const Var *vars)
{
    Context *context = context_for(template->engine, req, NULL);
    for (; vars && vars->name; vars++)
        capo_context_set(context, vars->name, vars->value);
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_template_run(template, context, &res->body);
    return res;
}

Response *capo_render_with(Request *req, int status, const char *name, const Var *vars)
{
    return render(get_anywhere(name), req, status, vars);
}

Response *capo_render_using_with(Request *req, const char *engine, const char *name, const Var *vars)
{
    return render(capo_template_using(engine, name), req, 200, vars);
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
    page->template = get_anywhere(name);
    page->context = context_for(page->template->engine, req, NULL);
    page->language = capo_unit->slots[UNIT_LANGUAGE];
    page->time_zone = capo_unit->slots[UNIT_TIME_ZONE];
    for (; vars && vars->name; vars++)
        capo_context_set(page->context, vars->name, vars->value);
    Response *res = capo_stream("text/html; charset=utf-8", stream_page, page);
    capo_vary(res, "Cookie");
    capo_cache_control(res, "private");         /* whether it is one visitor's own turns out too late */
    return res;
}

Response *capo_render_first_with(Request *req, int status, const char *const *names, const Var *vars)
{
    return render(first_anywhere(names), req, status, vars);
}

void capo_render_into(Buffer *out, Request *req, const char *name, const Map *variables)
{
    const Template *template = get_anywhere(name);
    capo_template_run(template, context_for(template->engine, req, variables), out);
}

char *capo_render_to_text(Request *req, const char *name, const Map *variables)
{
    Buffer out = { 0 };
    capo_render_into(&out, req, name, variables);
    return capo_buffer_text(&out);
}

char *capo_render_to_text_using(const char *engine, Request *req, const char *name, const Map *variables)
{
    Buffer out = { 0 };
    const Template *template = capo_template_using(engine, name);
    capo_template_run(template, context_for(template->engine, req, variables), &out);
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
    size_t count = 0;
    for (size_t i = 0; i < engine_count(); i++)
        count += capo_engine_check(capo_template_engine + i, engines[i].data ? engines[i].data : site_loaders, report);
    return count;
}

void capo_template_messages(const char *name, const char *source, void (*see)(const TemplateMessage *, void *), void *argument)
{
    use_settings();
    capo_engine_messages(capo_template_engine, name, source, see, argument);
}
