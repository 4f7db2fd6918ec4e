/* SPDX-License-Identifier: BSD-3-Clause */
/* Django's template language: finding and rendering templates. Own tags and filters: template_tags.h.
 *
 *     return capo_render(req, "blog/post_list.html", V("page", page), OBJ("post", post));
 *
 * A template is looked for in settings' template_directories, then in each app's templates/, in the order of apps; the first is
 * it. It is compiled once and kept. In DEBUG each look-up reads the file again, and a template whose text changed is compiled
 * anew; parents and includes are looked up for each rendering, so that an edit of any of them shows at once.
 * Everything that is printed is escaped unless it is safe.
 *
 * Wherever a name of a template is taken, "list.html#row" means the part that {% partialdef row %} names in it.
 *
 * Whatever the source or the context, a rendering ends with an output or an error that has a place, in bounded time and memory; the
 * limits are in docs/templates.md. All that walks over a text is linear in it. NUL bytes, bytes that are not UTF-8 and line ends of any
 * kind are passed on as they are; a NUL within a tag is a mistake of the template.
 *
 * One compiled template renders in many fibers at a time: what a rendering remembers is in its Context. A function of C that raises
 * ends the rendering; languages, time zones and held templates are put back on the way. */
#pragma once
#include <capo/error.h>
#include <capo/value.h>
#include <capo/request.h>
#include <capo/response.h>
#include <capo/web.h>

typedef struct Template Template;
typedef struct Context Context;

/* --- rendering ------------------------------------------------------------------------------------------------------------ */

/* 200, text/html, rendered with the request's context (context processors, below). */
#define capo_render(req, name, ...) capo_render_with((req), 200, (name), CAPO_VARS(__VA_ARGS__))
#define capo_render_status(req, status, name, ...) capo_render_with((req), (status), (name), CAPO_VARS(__VA_ARGS__))
/* A page that is sent while it renders: the memory for its text is bounded, however long it becomes. What is wrong with the template's
 * name or syntax is raised at once; what goes wrong later cuts the connection, so that the visitor's browser sees that the page is
 * not whole, and is logged. The template renders after the middleware: {% csrf_token %} works where the view called capo_csrf_token,
 * messages do not go away by being shown, and the answer is marked as private. docs/templates.md says what is bounded. */
#define capo_render_stream(req, name, ...) capo_render_stream_with((req), (name), CAPO_VARS(__VA_ARGS__))
Response *capo_render_stream_with(Request *req, const char *name, const Var *vars);
Response *capo_render_with(Request *req, int status, const char *name, const Var *vars);
/* The first of these that exists: capo_render_first(req, LIST("blog/rust.html", "blog/post.html"), OBJ("post", post)) */
#define capo_render_first(req, names, ...) capo_render_first_with((req), 200, (names), CAPO_VARS(__VA_ARGS__))
Response *capo_render_first_with(Request *req, int status, const char *const *names, const Var *vars);
/* As text, for e-mails and fragments. req may be NULL: no context processors then. */
char *capo_render_to_text(Request *req, const char *name, const Map *variables);
void capo_render_into(Buffer *out, Request *req, const char *name, const Map *variables);

/* --- templates ------------------------------------------------------------------------------------------------------------ */

/* Raises ERROR_TEMPLATE_DOES_NOT_EXIST (with the places tried, or the partials that there are) or ERROR_TEMPLATE_SYNTAX (with
 * template, line and column). A Template is valid until the unit of work ends. */
const Template *capo_template(const char *name);
/* The first of these that exists; one that exists and has a mistake raises. The list ends with NULL. */
const Template *capo_template_select(const char *const *names);
/* Compiled each time; lives as long as the request. The name is for messages; NULL: "<string>". */
const Template *capo_template_from_string(const char *source, const char *name);
/* Appends to `out`. A tag's own function may render another template with the context that it was given. */
void capo_template_render(const Template *template, Context *context, Buffer *out);

/* Where a template came from. All texts live as long as the template. */
typedef struct TemplateOrigin {
    const char *name;               /* as it was asked for: "blog/list.html", "blog/list.html#row" */
    const char *path;               /* "blog/templates/blog/list.html"; what the loader calls it; NULL: from a string */
    const char *loader;             /* TemplateLoader.name; NULL: from a string */
} TemplateOrigin;
TemplateOrigin capo_template_origin(const Template *template);

/* Called, where it is set, for each template that begins to render, parents and included ones too: the test client records them. */
extern void (*capo_template_rendered)(const Template *template, Context *context);

/* --- loaders -------------------------------------------------------------------------------------------------------------- */

/* What a loader found. The texts are copied when the template is compiled. */
typedef struct TemplateSource {
    const char *text;
    size_t size;
    const char *path;               /* for messages and origins */
    int place;                      /* which of several templates of one name, in order of search, from 0 */
} TemplateSource;

/* A place where templates come from; settings list them. `find` gives the first template of this name at or after `place` (a
 * template that extends its own name asks for the next), or false. It adds where it looked to `tried`, for the message. It may
 * wait and may raise. A name comes from code or from a template as it was written: to look it up safely is the loader's part. */
typedef struct TemplateLoader {
    const char *name;               /* "texts": in origins and messages */
    bool (*find)(const struct TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried);
    const char **(*list)(const struct TemplateLoader *loader);      /* all names, for `capo check --templates`; NULL: unknown */
    const void *data;               /* the loader's own */
} TemplateLoader;

/* The files of the site, embedded in a release: settings' template_directories, then the apps' templates/. The default. */
extern const TemplateLoader capo_site_loader;
/* At file scope (the lists live as long as their block). Files below these folders, in this order: FOLDER_LOADER("themes/dark", "themes/plain") */
#define FOLDER_LOADER(...) { .name = "folders", .find = capo_find_in_folders, .list = capo_list_folders, .data = (const char *const[]){ __VA_ARGS__, NULL } }
/* Sources in the program: TEXT_LOADER({ "hello.html", "Hello {{ name }}" }) */
#define TEXT_LOADER(...) { .name = "texts", .find = capo_find_in_texts, .list = capo_list_texts, .data = (const TemplateText[]){ __VA_ARGS__, { 0 } } }
typedef struct TemplateText { const char *name, *source; } TemplateText;
bool capo_find_in_folders(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried);
bool capo_find_in_texts(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried);
const char **capo_list_folders(const TemplateLoader *loader);
const char **capo_list_texts(const TemplateLoader *loader);

/* --- context: a stack of scopes ------------------------------------------------------------------------------------------- */

/* With the variables, and those of the context processors where req is given; of the first engine. */
Context *capo_context_new(Request *req, const Map *variables);
/* The same, of the engine that the template is from. */
Context *capo_context_of(const Template *template, Request *req, const Map *variables);
void capo_context_push(Context *context);
void capo_context_pop(Context *context);        /* without a push before it: a bug */
/* A push with these variables; a pop ends it. */
void capo_context_update(Context *context, const Map *variables);
/* Sets in the innermost scope. The name is not copied. */
void capo_context_set(Context *context, const char *name, Value value);
/* The value of a name from the innermost scope outwards; false: there is none, and *ret is untouched. */
bool capo_context_get(Context *context, const char *name, Value *ret);
/* The value, which becomes `value` in the innermost scope where there is none. */
Value capo_context_setdefault(Context *context, const char *name, Value value);
/* Takes a name out of the innermost scope; false: it is not in there. */
bool capo_context_remove(Context *context, const char *name);
/* All names that are seen now, with their values. */
Map *capo_context_flatten(Context *context);
/* A context with other variables, and the request, autoescape and engine of this one (Django's Context.new). */
Context *capo_context_fresh(Context *context, const Map *variables);
Request *capo_context_request(Context *context);        /* NULL: rendered without */
bool *capo_context_autoescape(Context *context);        /* may be changed for a while */
/* What a tag remembers during one rendering (a cycle's turn, say), by a key of its own; null at first. One compiled template
 * renders in many requests at a time, so never remember in the tag itself. */
Value *capo_context_memory(Context *context, const void *key);

/* --- what every template sees: context processors ------------------------------------------------------------------------ */

/* Adds to the map what a template rendered for this request sees besides its own variables, which come before. */
typedef void ContextProcessor(Request *req, Map *variables);
#define PROCESSORS(...) ((ContextProcessor *const[]){ __VA_ARGS__, NULL })
/* Those that there are. csrf_token is always there. The default list is request, messages, debug, those that apps added,
 * and csp where settings have a policy. */
ContextProcessor capo_request_processor;        /* request */
ContextProcessor capo_messages_processor;       /* messages, DEFAULT_MESSAGE_LEVELS */
ContextProcessor capo_debug_processor;          /* debug, sql_queries: in DEBUG */
ContextProcessor capo_i18n_processor;           /* LANGUAGES, LANGUAGE_CODE, LANGUAGE_BIDI */
ContextProcessor capo_tz_processor;             /* TIME_ZONE */
ContextProcessor capo_static_processor;         /* STATIC_URL */
ContextProcessor capo_media_processor;          /* MEDIA_URL */
ContextProcessor capo_csp_processor;            /* csp_nonce: made when it is printed (capo_csp_nonce); None without capo_csp_middleware */
/* For an app's `ready`: one more for sites that do not list theirs. auth adds `user` and `perms` so (capo_auth_processor, auth.h). */
void capo_add_context_processor(ContextProcessor *processor);

/* --- options of the engine: settings' .templates -------------------------------------------------------------------------- */

/* Zero is the default.
 *     static const TemplateLoader shop_texts = TEXT_LOADER({ "motd.txt", "Sale!" });
 *     static const TemplateOptions options = {
 *         .loaders = (const TemplateLoader *const[]){ &shop_texts, &capo_site_loader, NULL }, .builtins = LIST("i18n", "blog_extras"),
 *     };                                                                                                                          */
typedef struct TemplateOptions {
    const char *name;                               /* of this engine, for those that `using` names; default of the first: "capo" */
    const TemplateLoader *const *loaders;           /* in order of search; NULL at the end. Default: capo_site_loader */
    const struct TagLibrary *libraries;             /* besides those of apps; ends with { 0 } */
    const char *const *builtins;                    /* libraries that every template has, without {% load %} */
    ContextProcessor *const *context_processors;    /* instead of the default list: PROCESSORS(capo_request_processor, …) */
    const char *string_if_invalid;                  /* printed for what is missing; "%s" in it is the name */
    bool no_autoescape;                             /* for sites that make no HTML */
    bool quiet;                                     /* no log lines in DEBUG about variables that are missing */
    const struct TemplateOptions *more;             /* of the first: further engines, each with a name; ends with { 0 } */
} TemplateOptions;

/* Several engines, each with its own loaders, libraries, processors and options: a name is looked for in each in turn (Django's TEMPLATES), or in the
 * one that is named. What a template extends and includes comes from its own engine.
 *     static const TemplateOptions mails[] = { { .name = "mail", .loaders = mail_loaders, .no_autoescape = true }, { 0 } };
 *     static const TemplateOptions options = { .more = mails };
 *     char *text = capo_render_to_text_using("mail", NULL, "welcome.txt", variables);
 * An unknown engine raises ERROR_IMPROPERLY_CONFIGURED. */
const Template *capo_template_using(const char *engine, const char *name);
#define capo_render_using(req, engine, name, ...) capo_render_using_with((req), (engine), (name), CAPO_VARS(__VA_ARGS__))
Response *capo_render_using_with(Request *req, const char *engine, const char *name, const Var *vars);
char *capo_render_to_text_using(const char *engine, Request *req, const char *name, const Map *variables);

/* The key under which {% cache … name a b %} keeps its fragment, Django's make_template_fragment_key: to drop one that is old.
 *     capo_cache_delete(capo_template_fragment_key("sidebar", VALUE(user_id)));                                              */
#define capo_template_fragment_key(name, ...)                                                                                  \
    capo_template_fragment_key_of((name), (const Value[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } },                                  \
                                  sizeof((const Value[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } }) / sizeof(Value) - 1)
char *capo_template_fragment_key_of(const char *name, const Value *vary, size_t count);

/* --- errors and checks ---------------------------------------------------------------------------------------------------- */

/* Where in which template a mistake or a raise was. The same for what led there: `from` is the tag that included, extended or
 * called it. Lines and columns count from 1, columns in bytes. */
typedef struct TemplatePlace {
    const char *name, *path, *source;
    size_t size;
    int line, column;
    const char *tag;                        /* what stands there: "{% include 'row.html' %}"; NULL: unknown */
    const struct TemplatePlace *from;       /* NULL: the outermost template */
} TemplatePlace;
/* NULL: the error did not happen in a template. */
const TemplatePlace *capo_template_place(const Error *error);
/* The place with its lines and a marker, and the way there: HTML for the debug page, text for a log; NULL: no template. */
const char *capo_template_debug_html(const Error *error);
const char *capo_template_debug_text(const Error *error);

/* What `capo check --templates` reports: mistakes as errors; blocks that no parent has, and partials that nothing shows, as
 * warnings. */
typedef struct TemplateProblem { CheckLevel level; const char *template, *path; int line, column; const char *text; } TemplateProblem;
/* Calls see(message, argument) for each constant text that a template's source has translated, in order, as catalogues have it: of {% translate %},
 * {% blocktranslate %} and _("…"). Raises what compiling it raises. */
typedef struct TemplateMessage { const char *context, *one, *many; int line; } TemplateMessage;      /* context, many: NULL where there is none */
void capo_template_messages(const char *name, const char *source, void (*see)(const TemplateMessage *message, void *argument), void *argument);
/* Compiles every template of the loaders and looks into it: unknown tags, filters, libraries, templates of {% extends %} and
 * {% include %}, partials, routes of {% url %}. Gives the number of templates. */
size_t capo_templates_check(void (*report)(const TemplateProblem *problem));
