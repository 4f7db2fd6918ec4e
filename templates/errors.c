/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors for people: in which template, line and column something went wrong, which includes and parents led there, and in DEBUG
 * which variables a template prints that do not exist. */
#include "engine.h"
#include <capo/web.h>
#include <string.h>

enum { AROUND = 8, AROUND_TEXT = 2, MISSING_LIMIT = 20 };

/* --- places ------------------------------------------------------------------------------------------------------------------- */

/* The start of the line, and where it ends. */
static const char *line_of(const TemplatePlace *place, const char **ret_end)
{
    const char *at = place->source, *end = at + place->size;
    for (int line = 1; line < place->line && at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        at = stop ? stop + 1 : end;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    *ret_end = stop ? stop : end;
    return at;
}

/* What stands at the place: "{% include 'row.html' %}", "{{ post.title }}"; NULL: no tag. */
static const char *tag_at(const TemplatePlace *place)
{
    const char *end, *line = line_of(place, &end);
    if (place->column < 1 || place->column >= end - line)
        return NULL;
    const char *at = line + place->column - 1;
    if (at[0] != '{' || (at[1] != '%' && at[1] != '{'))
        return NULL;
    for (const char *close = at + 2; close + 1 < end; close++)
        if (close[1] == '}' && *close == (at[1] == '%' ? '%' : '}'))
            return capo_strndup(at, (size_t)(close + 2 - at));
    return NULL;
}

/* A way of sixty includes goes through few files: each is copied once. */
typedef struct SourceCopy { const char *source, *copy; } SourceCopy;

static TemplatePlace *place_of(const Template *template, const Node *at, const char *copy)
{
    TemplatePlace *place = capo_alloc_struct(TemplatePlace);
    *place = (TemplatePlace){ .name = capo_strdup(template->name), .path = capo_strdup(template->path), .size = template->size,
                              .source = copy ? copy : capo_strndup(template->source, template->size), .line = at ? (int)at->line : 1,
                              .column = at ? (int)at->column : 1 };
    place->tag = tag_at(place);
    return place;
}

static bool same_place(const TemplatePlace *a, const TemplatePlace *b)
{
    return a->line == b->line && a->column == b->column && strcmp(a->name, b->name) == 0;
}

void capo_template_locate(const Error *error, const Context *context)
{
    /* A rendering within a rendering noted its places already: this one's come behind them. */
    TemplatePlace *last = (TemplatePlace *)error->place;
    if (!last && error->code == ERROR_TEMPLATE_SYNTAX && error->detail) {
        last = capo_memdup(error->detail, sizeof *last);
        last->tag = tag_at(last);
        ((Error *)error)->place = last;
    }
    while (last && last->from)
        last = (TemplatePlace *)last->from;
    SourceCopy *copies = capo_alloc_array(context->n_frames + 1, sizeof *copies);
    size_t n_copies = 0;
    for (uint32_t i = context->n_frames + 1; i-- > 0;) {
        bool here = i == context->n_frames;
        const Template *template = here ? context->template : context->frames[i].template;
        const Node *at = here ? context->at : context->frames[i].at;
        if (!template)
            continue;
        const char *copy = NULL;
        for (size_t k = 0; k < n_copies && !copy; k++)
            if (copies[k].source == template->source)
                copy = copies[k].copy;
        TemplatePlace *place = place_of(template, at, copy);
        if (!copy)
            copies[n_copies++] = (SourceCopy){ template->source, place->source };
        if (last && same_place(last, place))
            continue;
        if (last)
            last->from = place;
        else
            ((Error *)error)->place = place;
        last = place;
    }
}

const TemplatePlace *capo_template_place(const Error *error)
{
    if (error->place)
        return error->place;
    return error->code == ERROR_TEMPLATE_SYNTAX ? error->detail : NULL;
}

/* --- shown -------------------------------------------------------------------------------------------------------------------- */

static void put_text(Buffer *out, const char *text)
{
    capo_put_escaped(out, text, strlen(text));
}

static void put_lines_html(Buffer *out, const TemplatePlace *place)
{
    int line = 1;
    const char *at = place->source, *end = at + place->size;
    capo_put(out, "<pre class=\"lines\">");
    for (; at < end && line <= place->line + AROUND; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (line >= place->line - AROUND) {
            capo_put_format(out, line == place->line ? "<span class=\"here\">%5d  " : "%5d  ", line);
            size_t before = line == place->line && place->column >= 1 && place->column - 1 < stop - at ? (size_t)place->column - 1 : 0;
            size_t marked = line == place->line && place->tag && strlen(place->tag) <= (size_t)(stop - at) - before ? strlen(place->tag) : 0;
            capo_put_escaped(out, at, before);
            if (marked) {
                capo_put(out, "<mark>");
                capo_put_escaped(out, at + before, marked);
                capo_put(out, "</mark>");
            }
            capo_put_escaped(out, at + before + marked, (size_t)(stop - at) - before - marked);
            capo_put(out, line == place->line ? "</span>\n" : "\n");
        }
        at = stop + 1;
    }
    capo_put(out, "</pre>");
}

const char *capo_template_debug_html(const Error *error)
{
    const TemplatePlace *place = capo_template_place(error);
    if (!place || !place->source)
        return NULL;
    Buffer out = { 0 };
    capo_put(&out, "<section class=\"template\">\n<h2>In template <code>");
    put_text(&out, place->path ? place->path : place->name);
    capo_put_format(&out, "</code>, line %d, column %d</h2>\n", place->line, place->column);
    put_lines_html(&out, place);
    if (place->from)
        capo_put(&out, "<h2>How it came there</h2>\n<ol class=\"stack\">\n");
    for (const TemplatePlace *from = place->from; from; from = from->from) {
        capo_put(&out, "<li><code>");
        put_text(&out, from->path ? from->path : from->name);
        capo_put_format(&out, "</code>, line %d: <code>", from->line);
        put_text(&out, from->tag ? from->tag : "");
        capo_put(&out, "</code></li>\n");
    }
    capo_put(&out, place->from ? "</ol>\n</section>\n" : "</section>\n");
    return capo_buffer_text(&out);
}

const char *capo_template_debug_text(const Error *error)
{
    const TemplatePlace *place = capo_template_place(error);
    if (!place || !place->source)
        return NULL;
    Buffer out = { 0 };
    capo_put_format(&out, "  template %s, line %d, column %d\n", place->path ? place->path : place->name, place->line, place->column);
    TemplatePlace shown = *place;
    for (int line = place->line - AROUND_TEXT; line <= place->line + AROUND_TEXT; line++) {
        if (line < 1)
            continue;
        shown.line = line;
        const char *end, *at = line_of(&shown, &end);
        if (at >= place->source + place->size && line != place->line)
            break;
        capo_put_format(&out, "  %c %4d | %.*s\n", line == place->line ? '>' : ' ', line, (int)(end - at < 200 ? end - at : 200), at);
        if (line == place->line && place->column >= 1 && place->column <= 200)
            capo_put_format(&out, "         | %*s\n", place->column, "^");
    }
    for (const TemplatePlace *from = place->from; from; from = from->from)
        capo_put_format(&out, "  from %s, line %d%s%s\n", from->path ? from->path : from->name, from->line, from->tag ? ": " : "",
                        from->tag ? from->tag : "");
    return capo_buffer_text(&out);
}

/* --- variables that do not exist -------------------------------------------------------------------------------------------------- */

const char *capo_context_near(const Context *context, const char *name)
{
    size_t count = context->count - context->base;
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = capo_strndup(context->entries[context->base + i].name, context->entries[context->base + i].size);
    return capo_did_you_mean(name, names, count);
}

/* What an object has that is nearly called so. */
static const char *near_of(Value value, const char *name)
{
    if (value.kind == VALUE_MAP) {
        const char **names = capo_alloc_array(value.map->count + 1, sizeof *names);
        for (size_t i = 0; i < value.map->count; i++)
            names[i] = capo_is_text(value.map->entries[i].key) ? value.map->entries[i].key.text : NULL;
        return capo_did_you_mean(name, names, value.map->count);
    }
    if (value.kind != VALUE_OBJECT || !value.object->ops->names)
        return "";
    const char *const *names = value.object->ops->names(value.object);
    size_t count = 0;
    while (names[count])
        count++;
    return capo_did_you_mean(name, names, count);
}

static const char *kind_name(Value value)
{
    static const char *const names[] = { "None", "a bool", "an int", "a float", "a Decimal", "a text", "a text", "bytes", "a date", "a time", "a datetime",
                                         "a duration", "a UUID", "a list", "a map" };
    if (value.kind != VALUE_OBJECT)
        return names[value.kind];
    const ObjectOps *ops = value.object->ops;
    return ops->type ? capo_format("a %s", ops->type(value.object)) : ops->type_name;
}

const char *capo_variable_problem(Context *context, const Variable *variable)
{
    const VariablePart *part = variable->parts;
    const Value *found = capo_context_find(context, part->name, part->size, part->hash);
    if (!found)
        return capo_format("There is no variable '%.*s'.%s", (int)part->size, part->name,
                           capo_context_near(context, capo_strndup(part->name, part->size)));
    Value value = *found, next;
    size_t before = part->size;
    for (uint32_t i = 1; i < variable->n_parts; before += 1 + variable->parts[i].size, i++, value = next) {
        if (value.kind == VALUE_OBJECT && value.object->ops->call && value.object->ops->call(value.object, &next))
            value = next;
        const char *name = capo_strndup(variable->parts[i].name, variable->parts[i].size);
        if (!capo_lookup(value, name, variable->parts[i].size, &next) && !capo_python_attribute(value, name, variable->parts[i].size, &next))
            return capo_format("'%.*s' is %s, which has no '%s'.%s", (int)before, variable->text,
                               kind_name(value), name, near_of(value, name));
    }
    return "It does not exist.";
}

void capo_context_missing(Context *context, const Expression *expression)
{
    if (context->engine->quiet || !expression->operand.parts)
        return;
    /* What handles a lack itself means it. */
    const char *first = expression->n_filters ? expression->filters[0].filter->name : "";
    if (strcmp(first, "default") == 0 || strcmp(first, "default_if_none") == 0)
        return;
    if (!context->missing)
        context->missing = capo_list_new();
    if (context->missing->count >= MISSING_LIMIT)
        return;
    for (size_t i = 0; i < context->missing->count; i++)
        if (context->missing->items[i].integer == (int64_t)(intptr_t)expression)
            return;
    capo_list_add(context->missing, capo_value_int((int64_t)(intptr_t)expression));
    const Template *template = context->template;
    capo_log(LOG_DEBUG, "%s:%u: {{ %s }} prints nothing: %s", template ? template->path ? template->path : template->name : "?",
             context->at ? context->at->line : 0, expression->source, capo_variable_problem(context, &expression->operand));
}
