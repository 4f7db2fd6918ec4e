/* SPDX-License-Identifier: BSD-3-Clause */
/* `capo check --templates`: every template of the loaders is compiled, and what it refers to by a constant name is looked for: parents,
 * included templates, partials, routes, and the blocks that it overrides. */
#include "nodes.h"
#include <capo/web.h>
#include <string.h>

typedef struct Check {
    Engine engine;                  /* a copy of the site's, with templates of its own */
    void (*report)(const TemplateProblem *problem);
    Map *parts_used;                /* "list.html#row" of includes */
    size_t count;
} Check;

static __attribute__((format(printf, 6, 7))) void tell(Check *check, CheckLevel level, const Template *template, int line, int column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = capo_vformat(format, args);
    va_end(args);
    check->report(&(TemplateProblem){ .level = level, .template = template->name, .path = template->path, .line = line, .column = column, .text = text });
}

/* The template that `note` of `template` means; NULL: none, or itself. */
static const Template *parent_of(Check *check, const Template *template, const char *name)
{
    int place = strcmp(name, template->name) == 0 ? template->place + 1 : 0;
    return capo_template_find(&check->engine, name, place, NULL);
}

static const TemplateNote *extends_note(const Template *template)
{
    for (const TemplateNote *note = template->notes; note; note = note->next)
        if (note->kind == NOTE_EXTENDS)
            return note;
    return NULL;
}

static void check_note(Check *check, const Template *template, const TemplateNote *note)
{
    const char *why = "";
    int line = (int)note->line, column = (int)note->column;
    switch (note->kind) {
    case NOTE_EXTENDS:
        if (!parent_of(check, template, note->name))
            tell(check, CHECK_ERROR, template, line, column, "There is no %stemplate '%s' to extend.",
                 strcmp(note->name, template->name) == 0 ? "further " : "", note->name);
        return;
    case NOTE_INCLUDE:
        if (!capo_template_look(&check->engine, note->name, &why))
            tell(check, CHECK_ERROR, template, line, column, "%s", why);
        return;
    case NOTE_PARTIAL:
        if (!capo_template_part(template, note->name))
            tell(check, CHECK_ERROR, template, line, column, "Partial '%s' is not defined in the current template.%s", note->name,
                 capo_template_parts_text(template));
        return;
    case NOTE_MESSAGE:
        return;
    case NOTE_URL:
        why = note->optional ? NULL : capo_reverse_problem(note->name, note->arguments);
        if (why)
            tell(check, CHECK_ERROR, template, line, column, "%s", why);
        return;
    }
}

/* Blocks that no parent has are never shown. Known only where all parents are constant names. */
static void check_blocks(Check *check, const Template *template)
{
    enum { MAX_PARENTS = 50, MAX_NAMES = 500 };
    const char *names[MAX_NAMES];
    size_t n_names = 0;
    int parents = 0;
    for (const Template *at = template; at->extends; parents++) {
        const TemplateNote *note = extends_note(at);
        const Template *parent = note && parents < MAX_PARENTS ? parent_of(check, at, note->name) : NULL;
        if (!parent)
            return;
        at = parent;
        for (size_t i = 0; i < at->n_blocks && n_names < MAX_NAMES; i++)
            names[n_names++] = at->blocks[i]->name;
    }
    for (size_t i = 0; parents && i < template->n_blocks; i++) {
        const BlockNode *block = template->blocks[i];
        bool known = block->outer != NULL;
        for (size_t k = 0; !known && k < n_names; k++)
            known = strcmp(names[k], block->name) == 0;
        if (!known)
            tell(check, CHECK_WARNING, template, (int)block->node.line, (int)block->node.column,
                 "No parent has a block '%s', so this one is never shown.%s", block->name, capo_did_you_mean(block->name, names, n_names));
    }
}

static void check_partials(Check *check, const Template *template)
{
    for (const PartialNode *partial = template->partials; partial; partial = partial->previous) {
        const char *whole = capo_format("%s#%s", template->name, partial->name);
        bool used = partial->shown_here || capo_map_get(check->parts_used, whole);
        for (const TemplateNote *note = template->notes; !used && note; note = note->next)
            used = note->kind == NOTE_PARTIAL && strcmp(note->name, partial->name) == 0;
        if (!used)
            tell(check, CHECK_INFO, template, (int)partial->node.line, (int)partial->node.column,
                 "No template shows the partial '%s'; only code can, as \"%s\".", partial->name, whole);
    }
}

/* --- the walk ------------------------------------------------------------------------------------------------------------------- */

typedef struct Visit { Check *check; const char *name; const TemplateSource *source; bool first_round; } Visit;

static void visit(void *argument)
{
    Visit *visit = argument;
    Check *check = visit->check;
    const Template *template = capo_template_find(&check->engine, visit->name, visit->source->place, NULL);
    if (!template)
        return;
    if (visit->first_round) {
        for (const TemplateNote *note = template->notes; note; note = note->next)
            if (note->kind == NOTE_INCLUDE && strchr(note->name, '#'))
                capo_map_set(check->parts_used, capo_strdup(note->name), capo_value_bool(true));
        return;
    }
    /* newest first as they are kept: told from the top of the file */
    size_t count = 0;
    for (const TemplateNote *note = template->notes; note; note = note->next)
        count++;
    for (; count > 0; count--) {
        const TemplateNote *note = template->notes;
        for (size_t i = 1; i < count; i++)
            note = note->next;
        check_note(check, template, note);
    }
    check_blocks(check, template);
    check_partials(check, template);
}

static void report_error(Check *check, const char *name, const TemplateSource *source, const Error *error)
{
    const TemplatePlace *place = capo_template_place(error);
    /* a mistake in a parent is told where it is, once */
    if (place && strcmp(place->name, name) != 0)
        return;
    const char *suffix = place ? strstr(error->message, " (template ") : NULL;      /* the place is told before the message */
    const char *text = suffix ? capo_strndup(error->message, (size_t)(suffix - error->message)) : error->message;
    check->report(&(TemplateProblem){ .level = CHECK_ERROR, .template = name, .path = source->path, .line = place ? place->line : 1,
                                      .column = place ? place->column : 1, .text = text });
}

static void visit_name(Check *check, const char *name, bool first_round)
{
    TemplateSource source = { 0 };
    for (int place = 0; check->engine.find(&check->engine, name, place, &source, NULL); place = source.place + 1) {
        Visit job = { check, name, &source, first_round };
        const Error *error = capo_try(visit, &job);
        if (first_round)
            check->count++;
        else if (error)
            report_error(check, name, &source, error);
    }
}

typedef struct Walk { Check *check; const TemplateLoader *const *loaders; } Walk;

static void walk(void *argument)
{
    Walk *job = argument;
    for (int round = 0; round < 2; round++) {
        Map *seen = capo_map_new();
        for (const TemplateLoader *const *loader = job->loaders; *loader; loader++) {
            const char **names = (*loader)->list ? (*loader)->list(*loader) : NULL;
            for (; names && *names; names++) {
                if (capo_map_get(seen, *names))
                    continue;
                capo_map_set(seen, *names, capo_value_bool(true));
                visit_name(job->check, *names, round == 0);
            }
        }
    }
}

size_t capo_engine_check(const Engine *engine, const TemplateLoader *const *loaders, void (*report)(const TemplateProblem *problem))
{
    Check check = { .engine = *engine, .report = report, .parts_used = capo_map_new() };
    memset(check.engine.cached, 0, sizeof check.engine.cached);
    check.engine.take_notes = true;
    check.engine.debug = false;
    Walk job = { &check, loaders };
    const Error *error = capo_try(walk, &job);
    capo_template_release_all(&check.engine);
    if (error)
        capo_reraise(error);
    return check.count;
}

/* --- what a source translates ---------------------------------------------------------------------------------------------------- */

void capo_engine_messages(const Engine *engine, const char *name, const char *source, void (*see)(const TemplateMessage *, void *), void *argument)
{
    Engine noting = *engine;
    memset(noting.cached, 0, sizeof noting.cached);
    noting.take_notes = true;
    noting.debug = false;
    const TemplateSource text = { .text = source, .size = strlen(source) };
    const TemplateNote *first = capo_template_compile(&noting, name, &text, false)->notes;
    size_t count = 0;
    for (const TemplateNote *note = first; note; note = note->next)
        count++;
    const TemplateNote **notes = capo_alloc_array(count + 1, sizeof *notes);
    for (const TemplateNote *note = first; note; note = note->next)
        notes[--count] = note;
    for (; *notes; notes++)
        if ((*notes)->kind == NOTE_MESSAGE)
            see(&(TemplateMessage){ (*notes)->context, (*notes)->name, (*notes)->many, (int)(*notes)->line }, argument);
}
