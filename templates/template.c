/* SPDX-License-Identifier: BSD-3-Clause */
/* Templates as a whole: found, compiled, kept, rendered.
 *
 * Compiled templates stay for the life of the process. In debug each look-up compares the file's time; a template that changed
 * is compiled anew, and the old one goes when the last rendering that holds it has ended. */
#include "engine.h"
#include <stdlib.h>
#include <string.h>

Engine *capo_template_engine;
const TagLibrary *(*capo_template_app_libraries)(size_t i);

static void arena_free_cleanup(void *arena)
{
    arena_free(arena);
}

const Template *capo_template_compile(Engine *engine, const char *name, const TemplateSource *source, bool keep)
{
    if (source->size > MAX_SOURCE)
        capo_raise(ERROR_TEMPLATE_SYNTAX, "The template '%s' has %zu bytes; %d are the most.", name, source->size, MAX_SOURCE);
    Arena *arena = keep ? arena_new() : capo_arena();
    if (keep)
        capo_defer(arena_free_cleanup, arena);
    Template *template = arena_alloc(arena, sizeof *template);
    *template = (Template){
        .name = arena_strndup(arena, name, strlen(name)),
        .source = arena_strndup(arena, source->text, source->size),
        .path = source->path ? arena_strndup(arena, source->path, strlen(source->path)) : NULL,
        .size = source->size, .arena = arena, .engine = engine, .changed_ns = source->changed_ns, .place = source->place,
        .hash = capo_name_hash(name, strlen(name)),
    };
    Parser parser = { .template = template, .arena = arena, .at = template->source, .end = template->source + source->size,
                      .line_start = template->source, .line = 1, .tag = { .line = 1, .column = 1 } };
    template->nodes = capo_parse(&parser, NULL, NULL);
    template->partials = parser.partials;
    capo_template_blocks(&parser);
    if (keep)
        capo_defer_cancel(arena_free_cleanup, arena);
    return template;
}

static void template_release(void *argument)
{
    Template *template = argument;
    if (--template->users == 0 && template->stale)
        arena_free(template->arena);
}

/* In debug a template may be replaced while it renders: the unit holds it. */
static const Template *hold(const Engine *engine, Template *template)
{
    if (engine->debug) {
        template->users++;
        capo_defer(template_release, template);
    }
    return template;
}

static void drop(Template *template)
{
    template->stale = true;
    if (template->users == 0)
        arena_free(template->arena);
}

const Template *capo_template_find(Engine *engine, const char *name, int place, const char **ret_tried)
{
    uint32_t hash = capo_name_hash(name, strlen(name));
    Template **link = &engine->cached[hash % 256];
    while (*link && ((*link)->hash != hash || ((*link)->place != place && (place || engine->debug || !(*link)->foremost)) ||
                     strcmp((*link)->name, name) != 0))
        link = &(*link)->next;
    Template *known = *link;
    if (known && !engine->debug)
        return known;
    TemplateSource source = { 0 };
    bool found = engine->find(engine, name, place, &source, ret_tried);
    if (known && found && source.place == place && source.changed_ns == known->changed_ns)
        return hold(engine, known);
    if (known) {
        *link = known->next;
        drop(known);
    }
    if (!found)
        return NULL;
    if (source.place != place) {
        const Template *there = capo_template_find(engine, name, source.place, ret_tried);
        if (there && !place && !engine->debug)
            ((Template *)there)->foremost = true;           /* found without a look at the places before it, from now on */
        return there;
    }
    Template *template = (Template *)capo_template_compile(engine, name, &source, true);
    template->next = engine->cached[hash % 256];
    engine->cached[hash % 256] = template;
    return hold(engine, template);
}

const Template *capo_template_get(Engine *engine, const char *name)
{
    const char *tried = "";
    const Template *template = capo_template_find(engine, name, 0, &tried);
    if (!template)
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "There is no template '%s'. Looked for it in: %s", name, tried && *tried ? tried : "no place at all");
    return template;
}

void capo_template_release_all(Engine *engine)
{
    for (size_t i = 0; i < 256; i++) {
        while (engine->cached[i]) {
            Template *template = engine->cached[i];
            engine->cached[i] = template->next;
            drop(template);
        }
    }
}

/* "a/b/../c" -> "a/c"; what leads out keeps its "..". */
static char *normalise(const char *path)
{
    size_t count;
    char **parts = capo_split(path, '/', &count);
    const char **kept = capo_alloc_array(count + 1, sizeof *kept);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (!*parts[i] || strcmp(parts[i], ".") == 0)
            continue;
        if (strcmp(parts[i], "..") == 0 && n > 0 && strcmp(kept[n - 1], "..") != 0)
            n--;
        else
            kept[n++] = parts[i];
    }
    kept[n] = NULL;
    return capo_join(kept, "/");
}

const char *capo_template_relative(const Template *from, const char *name, bool may_be_itself, int line, int column)
{
    if (!capo_starts_with(name, "./") && !capo_starts_with(name, "../"))
        return name;
    const char *own = from->name;
    while (*own == '/')
        own++;
    const char *slash = strrchr(own, '/');
    char *path = normalise(capo_format("%.*s%s", slash ? (int)(slash - own + 1) : 0, own, name));
    if (capo_starts_with(path, "../") || strcmp(path, "..") == 0)
        capo_template_fail(from, line, column, "The relative path '%s' points outside the file hierarchy that template '%s' is in.",
                           name, from->name);
    if (!may_be_itself && strcmp(path, own) == 0)
        capo_template_fail(from, line, column, "The relative path '%s' was translated to template name '%s', the same template in "
                           "which the tag appears.", name, path);
    return path;
}

/* --- rendering ------------------------------------------------------------------------------------------------------------------- */

void capo_template_nest(const Template *template, Context *context, Buffer *out, bool isolated)
{
    RenderState fresh = { 0 }, *state = context->state;
    const Template *outer = context->template;
    const Node *at = context->at;
    capo_step(context);
    if (++context->depth > MAX_DEPTH)
        capo_template_fail(outer ? outer : template, at ? (int)at->line : 1, at ? (int)at->column : 1,
                           "Templates include or extend each other more than %d deep; '%s' was to be next.", MAX_DEPTH, template->name);
    if (isolated)
        context->state = &fresh;
    context->template = template;
    capo_nodes_render(template->nodes, context, out);
    context->template = outer;
    context->at = at;
    context->state = state;
    context->depth--;
}

typedef struct Run { const Template *template; Context *context; Buffer *out; } Run;

static void run(void *argument)
{
    Run *job = argument;
    capo_template_nest(job->template, job->context, job->out, true);
}

/* The latest error that went through a rendering, and where it was: for the debug page. */
static __thread struct { const Error *error; TemplateError where; } failed;

void capo_template_run(const Template *template, Context *context, Buffer *out)
{
    Run job = { template, context, out };
    if (out->size == 0 && template->typical_size)
        capo_buffer_reserve(out, template->typical_size + template->typical_size / 8);
    const Error *error = capo_try(run, &job);
    if (!error) {
        ((Template *)template)->typical_size = out->size < 1024 * 1024 ? out->size : 1024 * 1024;
        return;
    }
    const Template *at = context->template;
    if (failed.error != error && at && context->at) {
        failed.error = error;
        failed.where = (TemplateError){ .name = capo_strdup(at->name), .path = capo_strdup(at->path), .size = at->size,
                                        .source = capo_strndup(at->source, at->size), .line = (int)context->at->line,
                                        .column = (int)context->at->column };
    }
    capo_reraise(error);
}

void capo_template_render(const Template *template, Context *context, Buffer *out)
{
    if (context->state)
        capo_template_nest(template, context, out, true);
    else
        capo_template_run(template, context, out);
}

const char *capo_template_debug_html(const Error *error)
{
    const TemplateError *where = error->code == ERROR_TEMPLATE_SYNTAX ? error->detail : failed.error == error ? &failed.where : NULL;
    if (!where || !where->source)
        return NULL;
    Buffer out = { 0 };
    capo_put(&out, "<section class=\"template\"><h2>In template <code>");
    capo_put(&out, capo_escape(where->path ? where->path : where->name));
    capo_put_format(&out, "</code>, line %d</h2><pre>", where->line);
    int line = 1;
    const char *at = where->source, *end = at + where->size;
    for (; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (line >= where->line - 10 && line <= where->line + 10) {
            capo_put_format(&out, line == where->line ? "<mark>%5d  " : "%5d  ", line);
            capo_put_escaped(&out, at, (size_t)(stop - at));
            capo_put(&out, line == where->line ? "</mark>\n" : "\n");
        }
        at = stop + 1;
    }
    capo_put(&out, "</pre></section>");
    return capo_buffer_text(&out);
}
