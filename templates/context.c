/* SPDX-License-Identifier: BSD-3-Clause */
/* The context: a flat stack of names and values with marks where scopes begin. Names carry a hash made when the template was
 * compiled, so that a look-up compares numbers. Printing of values, as {{ }} does it, is here too. */
#include "engine.h"
#include "../core/base/clock.h"
#include <capo/i18n.h>
#include <capo/loop.h>
#include <string.h>

uint32_t capo_name_hash(const char *name, size_t size)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash;
}

Context *capo_context_for(const Engine *engine, Request *req)
{
    Context *context = capo_alloc_struct(Context);
    context->engine = engine;
    context->request = req;
    context->autoescape = !engine->autoescape_off;
    context->localise = !engine->no_localisation;
    context->use_time_zone = !engine->no_time_zone;
    context->capacity = 32;
    context->entries = capo_alloc(context->capacity * sizeof *context->entries);
    return context;
}

void capo_context_push(Context *context)
{
    if (context->n_marks == context->marks_capacity) {
        uint32_t capacity = context->marks_capacity ? context->marks_capacity * 2 : 16;
        context->marks = capo_realloc(context->marks, context->marks_capacity * sizeof *context->marks, capacity * sizeof *context->marks);
        context->marks_capacity = capacity;
    }
    context->marks[context->n_marks++] = context->count;
}

void capo_context_pop(Context *context)
{
    if (context->n_marks == 0)
        capo_bug("capo_context_pop without a capo_context_push before it");
    context->count = context->marks[--context->n_marks];
}

uint32_t capo_context_put(Context *context, const char *name, size_t size, uint32_t hash, Value value)
{
    uint32_t first = context->n_marks ? context->marks[context->n_marks - 1] : 0;
    for (uint32_t i = context->count; i-- > first;) {
        ContextEntry *entry = &context->entries[i];
        if (entry->hash == hash && entry->size == size && same_bytes(entry->name, name, size)) {
            entry->value = value;
            return i;
        }
    }
    if (context->count == context->capacity) {
        context->entries = capo_realloc(context->entries, context->capacity * sizeof *context->entries,
                                        context->capacity * 2 * sizeof *context->entries);
        context->capacity *= 2;
    }
    context->entries[context->count] = (ContextEntry){ name, (uint32_t)size, hash, value };
    return context->count++;
}

void capo_context_set(Context *context, const char *name, Value value)
{
    size_t size = strlen(name);
    capo_context_put(context, name, size, capo_name_hash(name, size), value);
}

bool capo_context_get(Context *context, const char *name, Value *ret)
{
    size_t size = strlen(name);
    const Value *found = capo_context_find(context, name, size, capo_name_hash(name, size));
    if (found)
        *ret = *found;
    return found != NULL;
}

Request *capo_context_request(Context *context)
{
    return context->request;
}

bool *capo_context_autoescape(Context *context)
{
    return &context->autoescape;
}

void capo_step(Context *context)
{
    const Engine *engine = context->engine;
    int64_t most = engine->max_steps ? engine->max_steps : MAX_STEPS;
    size_t memory = engine->max_memory ? engine->max_memory : MAX_MEMORY;
    if (__builtin_expect(++context->steps <= most && arena_size(capo_arena()) <= memory, 1))
        return;
    const Template *template = context->template;
    int line = context->at ? (int)context->at->line : 1, column = context->at ? (int)context->at->column : 1;
    if (!template)
        capo_raise(500, "A template did too much, or took more than %zu bytes.", memory);
    if (context->steps > most)
        capo_template_fail(template, line, column, "The rendering went through more than %lld rounds of loops, items, includes and blocks.",
                           (long long)most);
    capo_template_fail(template, line, column, "The rendering has taken more than %zu MiB of memory.", memory >> 20);
}

const Error *capo_context_try(Context *context, void (*function)(void *), void *argument)
{
    const Context before = *context;
    struct BlockObject *active = before.state ? before.state->active : NULL;
    const Error *error = capo_try(function, argument);
    if (!error)
        return NULL;
    /* What grew meanwhile stays: the arrays may have moved, and hold what was there before at the same places. */
    Context after = *context;
    *context = before;
    context->entries = after.entries;
    context->capacity = after.capacity;
    context->marks = after.marks;
    context->marks_capacity = after.marks_capacity;
    context->frames = after.frames;
    context->frames_capacity = after.frames_capacity;
    context->steps = after.steps;
    context->pieces = after.pieces;
    if (context->state)
        capo_blocks_unwind(context->state, active);
    return error;
}

enum { PIECES_A_TURN = 16 };

void capo_context_flush(Context *context, Buffer *out)
{
    if (!context->stream || out != context->streamed || out->size < STREAM_PIECE)
        return;
    size_t size = out->size;
    out->size = 0;                  /* first: sending may raise */
    capo_stream_write(context->stream, out->data, size);
    if (++context->pieces % PIECES_A_TURN == 0)
        fiber_yield();              /* a reader that keeps up would leave nobody else a turn */
}

Value capo_context_kept(const Context *context, Value value)
{
    if (!context->one_by_one)
        return value;
    switch ((ValueKind)value.kind) {
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES:
        value.text = capo_strndup(value.text, value.size);
        return value;
    case VALUE_DECIMAL:
        value.decimal.text = capo_strdup(value.decimal.text);
        return value;
    case VALUE_UUID:
        value.uuid = capo_memdup(value.uuid, sizeof *value.uuid);
        return value;
    case VALUE_LIST: case VALUE_MAP: case VALUE_OBJECT:
        value = capo_value_to_text(value);
        value.text = capo_strndup(value.text, value.size);
        return value;
    default:
        return value;
    }
}

StateEntry *capo_state(StateEntry **entries, const void *node)
{
    for (StateEntry *entry = *entries; entry; entry = entry->next)
        if (entry->node == node)
            return entry;
    StateEntry *entry = capo_alloc_struct(StateEntry);
    entry->node = node;
    entry->next = *entries;
    *entries = entry;
    return entry;
}

/* --- printing ------------------------------------------------------------------------------------------------------------------ */

DateParts capo_context_parts(const Context *context, Value v)
{
    if (v.flags & VALUE_FLAG_NAIVE)
        return capo_wall(v.datetime);
    const TimeZone *own = capo_time_zone_by_id(v.tag);
    if (own && v.flags & VALUE_FLAG_OWN_ZONE)
        return capo_local(v.datetime, own);
    if (context->use_time_zone || !own)
        return capo_local(v.datetime, context->use_time_zone ? NULL : capo_time_zone_utc());
    return capo_local(v.datetime, own);
}

bool capo_put_localised(Context *context, Buffer *out, Value v)
{
    const LocaleFormats *formats;
    switch ((ValueKind)v.kind) {
    case VALUE_INT: case VALUE_REAL: case VALUE_DECIMAL:
        if (context->localise)
            capo_put_number_with(out, v, -1, context->engine->thousand_separator, capo_formats());
        else
            capo_put_value(out, v);
        return true;
    case VALUE_DATETIME: case VALUE_DATE: case VALUE_TIME:
        formats = context->localise ? capo_formats() : capo_plain_formats();
        return capo_put_date(context, out, v, v.kind == VALUE_DATETIME ? formats->datetime : v.kind == VALUE_DATE ? formats->date : formats->time,
                             v.kind == VALUE_TIME);
    default:
        return false;
    }
}

void capo_context_print(Context *context, Value v, Buffer *out)
{
    switch ((ValueKind)v.kind) {
    case VALUE_SAFE:
        capo_put_bytes(out, v.text, v.size);
        return;
    case VALUE_TEXT:
        if (context->autoescape)
            capo_put_escaped(out, v.text, v.size);
        else
            capo_put_bytes(out, v.text, v.size);
        return;
    case VALUE_INT:
        if (!context->engine->thousand_separator || !context->localise) {
            capo_put_int(out, v.integer);
            return;
        }
        break;
    case VALUE_BOOL:
        capo_put(out, v.boolean ? "True" : "False");
        return;
    case VALUE_NULL:
        capo_put_value(out, v);
        return;
    case VALUE_OBJECT:
        if (v.object->ops->html && v.object->ops->html(v.object, out))
            return;
        break;
    default:
        break;
    }
    if (capo_put_localised(context, out, v))
        return;
    Buffer plain = { 0 };
    capo_put_value(&plain, v);
    if (context->autoescape)
        capo_put_escaped(out, capo_buffer_text(&plain), plain.size);
    else
        capo_put_bytes(out, capo_buffer_text(&plain), plain.size);
}
