/* SPDX-License-Identifier: BSD-3-Clause */
/* Django's template language.
 *
 *     return capo_render(req, "blog/post_list.html", V("page", page), OBJ("post", post));
 *
 * Templates are looked for in settings' template_directories, then in each app's templates/, in order of apps. They are
 * compiled once and kept; in DEBUG they are compiled again when their file changed. Everything is escaped unless it is safe. */
#pragma once
#include <capo/error.h>
#include <capo/value.h>
#include <capo/request.h>
#include <capo/response.h>

typedef struct Template Template;
typedef struct Context Context;

/* 200, text/html, rendered with the request's context: request, user, perms, messages, csrf_token, debug, … */
#define capo_render(req, name, ...) capo_render_with((req), 200, (name), CAPO_VARS(__VA_ARGS__))
#define capo_render_status(req, status, name, ...) capo_render_with((req), (status), (name), CAPO_VARS(__VA_ARGS__))
Response *capo_render_with(Request *req, int status, const char *name, const Var *vars);
/* As text, for e-mails and fragments. req may be NULL. */
char *capo_render_to_text(Request *req, const char *name, const Map *variables);
void capo_render_into(Buffer *out, Request *req, const char *name, const Map *variables);

/* Raises ERROR_TEMPLATE_DOES_NOT_EXIST (with the places tried) or ERROR_TEMPLATE_SYNTAX (with template, line and column). */
const Template *capo_template(const char *name);
const Template *capo_template_from_string(const char *source, const char *name);
void capo_template_render(const Template *template, Context *context, Buffer *out);

/* --- context: a stack of scopes --- */
Context *capo_context_new(Request *req, const Map *variables);
void capo_context_push(Context *context);
void capo_context_pop(Context *context);
void capo_context_set(Context *context, const char *name, Value value);
bool capo_context_get(Context *context, const char *name, Value *ret);
Request *capo_context_request(Context *context);
bool *capo_context_autoescape(Context *context);

/* What every template rendered with a request sees besides its own variables (context processors). A processor adds to the map.
 * cli lists them: csrf_token, request, messages by templates; user and perms by auth. */
typedef void ContextProcessor(Request *req, Map *variables);
void capo_add_context_processor(ContextProcessor *processor);

/* --- own tags and filters: rows of the App, used after {% load name %} ---------------------------------------------------
 *
 *     static Value shout(Value value, Value argument) { return VALUE(capo_format("%s!", capo_to_text(value))); }
 *     const TemplateFilter blog_filters[] = { { "shout", shout }, { 0 } };
 *     const TagLibrary blog_tags[] = { { "blog_extras", .filters = blog_filters }, { 0 } };                                 */
typedef struct TemplateFilter {
    const char *name;
    Value (*function)(Value value, Value argument);
    enum { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED } argument;
    bool is_safe;               /* safe input gives safe output */
    Value (*function_autoescape)(Value value, Value argument, bool autoescape);     /* instead, when it needs to know */
} TemplateFilter;

/* Arguments of a tag as resolved values: {% greet user.name big=True %} */
typedef struct TagArguments { const Value *positional; size_t count; const Var *named; size_t n_named; } TagArguments;
typedef struct TemplateTag {
    const char *name;
    /* a simple tag: its value is printed, escaped, or kept by `as name` */
    Value (*simple)(Context *context, const TagArguments *arguments);
    /* an inclusion tag: renders `template` with the map that it returns */
    Map *(*inclusion)(Context *context, const TagArguments *arguments);
    const char *template;
    /* a block tag: gets its rendered content; closes with end<name> */
    Value (*block)(Context *context, const TagArguments *arguments, Value content);
} TemplateTag;
typedef struct TagLibrary { const char *name; const TemplateFilter *filters; const TemplateTag *tags; } TagLibrary;
Value capo_tag_argument(const TagArguments *arguments, const char *name, size_t position);

/* The key under which {% cache … name a b %} keeps its fragment, Django's make_template_fragment_key: to drop one that is old.
 *     capo_cache_delete(capo_template_fragment_key("sidebar", VALUE(user_id)));                                              */
#define capo_template_fragment_key(name, ...)                                                                                  \
    capo_template_fragment_key_of((name), (const Value[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } },                                  \
                                  sizeof((const Value[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } }) / sizeof(Value) - 1)
char *capo_template_fragment_key_of(const char *name, const Value *vary, size_t count);

/* For capo check --templates: compiles every template; report(name, error). */
void capo_templates_check(void (*report)(const char *name, const Error *error));
/* Where a TemplateSyntaxError or an error during rendering was, for the debug page: HTML, or NULL. */
const char *capo_template_debug_html(const Error *error);
