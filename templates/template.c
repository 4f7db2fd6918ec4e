/* SPDX-License-Identifier: BSD-3-Clause */
/* Templates as a whole: found, compiled, kept, rendered.
 *
 * Compiled templates stay for the life of the process. In debug each look-up compares the text; a template that changed
 * is compiled anew, and the old one goes when the last rendering that holds it has ended. */
#include "nodes.h"
#include <string.h>

Engine *capo_template_engine;
void (*capo_template_rendered)(const Template *template, Context *context);
const TagLibrary *(*capo_template_app_libraries)(size_t i);

static void arena_free_cleanup(void *arena)
{
    arena_free(arena);
}

/* Each partial as a template of its own: "list.html#row". */
static void make_parts(Template *template)
{
    size_t count = 0;
    for (const PartialNode *partial = template->partials; partial; partial = partial->previous)
        count++;
    template->parts = arena_alloc(template->arena, (count + 1) * sizeof *template->parts);
    for (const PartialNode *partial = template->partials; partial; partial = partial->previous) {
        Template *part = template->parts[--count] = arena_alloc(template->arena, sizeof *part);
        size_t size = strlen(template->name) + 1 + strlen(partial->name);
        *part = *template;
        part->name = strcpy(arena_alloc(template->arena, size + 1), template->name);
        strcat(strcat((char *)part->name, "#"), partial->name);
        part->nodes = partial->nodes;
        part->extends = NULL;
        part->n_blocks = 0;
    }
}

const Template *capo_template_part(const Template *template, const char *part)
{
    size_t before = strlen(template->name) + 1;
    for (Template **at = template->parts; *at; at++)
        if (strcmp((*at)->name + before, part) == 0)
            return *at;
    return NULL;
}

const char *capo_template_parts_text(const Template *template)
{
    Buffer text = { 0 };
    size_t before = strlen(template->name) + 1;
    for (Template **at = template->parts; *at; at++)
        capo_put_format(&text, "%s'%s'", at == template->parts ? " It has: " : ", ", (*at)->name + before);
    if (!text.size)
        return " It has no partials.";
    capo_put(&text, ".");
    return capo_buffer_text(&text);
}

void capo_template_note(Parser *parser, TemplateNote note)
{
    if (!parser->template->engine->take_notes)
        return;
    TemplateNote *kept = capo_parse_alloc(parser, sizeof *kept);
    note.line = parser->tag.line;
    note.column = parser->tag.column;
    note.next = parser->template->notes;
    *kept = note;
    parser->template->notes = kept;
}

void capo_template_refer(Parser *parser, const char *name, TemplateLink *link, bool extends)
{
    if (!*name)
        return;
    TemplateReference *reference = capo_parse_alloc(parser, sizeof *reference);
    *reference = (TemplateReference){ .name = name, .link = link, .extends = extends, .next = parser->template->references };
    parser->template->references = reference;
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
        .loader = keep ? capo_loader_of(engine, source->place) : NULL,
        .size = source->size, .arena = arena, .engine = engine, .place = source->place,
        .hash = capo_name_hash(name, strlen(name)),
    };
    Parser parser = { .template = template, .arena = arena, .at = template->source, .end = template->source + source->size,
                      .line_start = template->source, .line = 1, .tag = { .line = 1, .column = 1 } };
    capo_parser_builtins(&parser);
    template->nodes = capo_parse(&parser, NULL, NULL);
    template->partials = parser.partials;
    capo_template_blocks(&parser);
    make_parts(template);
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

typedef struct Linking { Engine *engine; const TemplateReference *reference; const Template *found; } Linking;

static void find_reference(void *argument)
{
    Linking *job = argument;
    const char *why = "";
    job->found = job->reference->extends ? capo_template_find(job->engine, job->reference->name, 0, &why)
                                         : capo_template_look(job->engine, job->reference->name, &why);
}

static void link_references(void *argument)
{
    Engine *engine = argument;
    while (engine->unlinked) {
        Template *template = engine->unlinked;
        engine->unlinked = template->next_unlinked;
        for (const TemplateReference *reference = template->references; reference; reference = reference->next) {
            if (reference->extends && strcmp(reference->name, template->name) == 0)
                continue;           /* the next of this name, as find_parent knows */
            Linking job = { .engine = engine, .reference = reference };
            uint32_t generation = engine->generation;
            const Error *error = capo_try(find_reference, &job);
            if (error && error->code == ERROR_ABORTED)
                capo_reraise(error);
            if (generation != engine->generation)
                return;             /* all was released while the loader waited */
            if (!error && job.found)
                *reference->link = (TemplateLink){ job.found, generation };
        }
    }
}

/* What a loaded template refers to by constant names is loaded with it. A template that is missing there or has a mistake is an error only where
 * it is rendered: it may stand in a branch that is never taken. In turn, not in each other: chains may be long. */
static void link_loaded(Engine *engine, Template *template)
{
    if (engine->debug || engine->take_notes || !template->references)
        return;
    template->next_unlinked = engine->unlinked;
    engine->unlinked = template;
    if (engine->linking)
        return;
    engine->linking = true;
    const Error *error = capo_try(link_references, engine);
    engine->linking = false;
    engine->unlinked = NULL;        /* after an error: they are linked when they render */
    if (error)
        capo_reraise(error);
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
    if (known && found && source.place == place && source.size == known->size && memcmp(source.text, known->source, source.size) == 0)
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
    link_loaded(engine, template);
    return hold(engine, template);
}

const Template *capo_template_look(Engine *engine, const char *name, const char **ret_why)
{
    const char *hash = strchr(name, '#'), *tried = "";
    const char *whole = hash ? capo_strndup(name, (size_t)(hash - name)) : name;
    const Template *template = capo_template_find(engine, whole, 0, &tried);
    if (!template) {
        *ret_why = capo_format("There is no template '%s'.%s Looked for it in: %s", whole, engine->debug || engine->take_notes ?
                               capo_loaders_near(engine, whole) : "", tried && *tried ? tried : "no place at all");
        return NULL;
    }
    if (!hash || !hash[1])
        return template;
    const Template *part = capo_template_part(template, hash + 1);
    if (!part)
        *ret_why = capo_format("The template '%s' has no partial '%s'.%s", whole, hash + 1, capo_template_parts_text(template));
    return part;
}

const Template *capo_template_get(Engine *engine, const char *name)
{
    const char *why = "";
    const Template *template = capo_template_look(engine, name, &why);
    if (!template)
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "%s", why);
    return template;
}

const Template *capo_template_first(Engine *engine, const char *const *names)
{
    Buffer all = { 0 };
    for (size_t i = 0; names && names[i]; i++) {
        const char *why = "";
        const Template *template = capo_template_look(engine, names[i], &why);
        if (template)
            return template;
        capo_put_format(&all, "\n    %s", why);
    }
    if (!all.size)
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "No template names given: the list is empty.");
    capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "None of these templates exists:%s", capo_buffer_text(&all));
}

void capo_template_release_all(Engine *engine)
{
    engine->generation++;
    engine->unlinked = NULL;
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

void capo_context_enter(Context *context, const Template *template)
{
    if (context->n_frames == context->frames_capacity) {
        uint32_t capacity = context->frames_capacity ? context->frames_capacity * 2 : 8;
        context->frames = capo_realloc(context->frames ? context->frames : capo_alloc(1), context->frames_capacity * sizeof *context->frames,
                                       capacity * sizeof *context->frames);
        context->frames_capacity = capacity;
    }
    context->frames[context->n_frames++] = (struct Frame){ context->template, context->at };
    context->template = template;
}

void capo_context_leave(Context *context)
{
    const struct Frame *frame = &context->frames[--context->n_frames];
    context->template = frame->template;
    context->at = frame->at;
}

/* "a -> b -> a", the end of the way: once around where it goes in circles. */
static const char *cycle_text(const Context *context, const Template *next)
{
    enum { SHOWN = 12 };
    const char *names[SHOWN + 1];
    size_t count = 0;
    names[count++] = next->name;
    const Template *seen = NULL;
    for (uint32_t i = context->n_frames + 1; i-- > 0 && count < SHOWN;) {
        const Template *template = i == context->n_frames ? context->template : context->frames[i].template;
        if (!template || template == seen)
            continue;
        seen = template;
        names[count++] = template->name;
        if (strcmp(template->name, next->name) == 0)
            break;
    }
    Buffer text = { 0 };
    while (count-- > 0)
        capo_put_format(&text, "%s'%s'", text.size ? " -> " : "", names[count]);
    return capo_buffer_text(&text);
}

void capo_template_nest(const Template *template, Context *context, Buffer *out, bool isolated)
{
    RenderState fresh = { 0 }, *state = context->state;
    const Node *at = context->at;
    capo_step(context);
    if (++context->depth > MAX_DEPTH)
        capo_template_fail(context->template ? context->template : template, at ? (int)at->line : 1, at ? (int)at->column : 1,
                           "Templates include or extend each other more than %d deep: %s.", MAX_DEPTH, cycle_text(context, template));
    if (isolated)
        context->state = &fresh;
    capo_context_enter(context, template);
    if (capo_template_rendered)
        capo_template_rendered(template, context);
    capo_nodes_render(template->nodes, context, out);
    capo_context_leave(context);
    context->state = state;
    context->depth--;
}

typedef struct Run { const Template *template; Context *context; Buffer *out; } Run;

static void run(void *argument)
{
    Run *job = argument;
    capo_template_nest(job->template, job->context, job->out, true);
}

static void template_here(const char **ret_path, int *ret_line)
{
    const Context *context = capo_unit->slots[UNIT_TEMPLATE];
    if (!context || !context->template)
        return;
    *ret_path = context->template->path ? context->template->path : context->template->name;
    *ret_line = context->at ? (int)context->at->line : 1;
}

void capo_template_run(const Template *template, Context *context, Buffer *out)
{
    Run job = { template, context, out };
    void *outer = capo_unit->slots[UNIT_TEMPLATE];
    capo_template_here = template_here;
    capo_unit->slots[UNIT_TEMPLATE] = context;
    if (out->size == 0 && template->typical_size && !context->stream)
        buffer_room(out, template->typical_size + template->typical_size / 8);
    const Error *error = capo_try(run, &job);
    capo_unit->slots[UNIT_TEMPLATE] = outer;
    if (error) {
        capo_template_locate(error, context);
        capo_reraise(error);
    }
    if (!context->stream)
        ((Template *)template)->typical_size = out->size < 1024 * 1024 ? out->size : 1024 * 1024;
}

void capo_template_render(const Template *template, Context *context, Buffer *out)
{
    if (context->state)
        capo_context_guarded(context, run, &(Run){ template, context, out });
    else
        capo_template_run(template, context, out);
}

TemplateOrigin capo_template_origin(const Template *template)
{
    return (TemplateOrigin){ .name = template->name, .path = template->path, .loader = template->loader };
}
