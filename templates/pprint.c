/* SPDX-License-Identifier: BSD-3-Clause */
/* Python's pprint.pformat as the filter pprint gives it: keys in order, and what does not fit into 80 columns broken after each
 * item, long texts after spaces. */
#include "filters.h"
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, DEEP = 16 * 1024 };

/* Numbers and texts by value; what cannot be compared by the name of its type. */
static int by_key(const void *a, const void *b)
{
    Value x = ((const MapEntry *)a)->key, y = ((const MapEntry *)b)->key;
    int order;
    if (capo_compare(x, y, &order))
        return order;
    bool text_x = capo_is_text(x), text_y = capo_is_text(y);
    return text_x == text_y ? (x.kind > y.kind) - (x.kind < y.kind) : text_x ? 1 : -1;
}

static MapEntry *sorted(const Map *map)
{
    MapEntry *entries = capo_alloc_array(map->count + 1, sizeof *entries);
    memcpy(entries, map->entries, map->count * sizeof *entries);
    qsort(entries, map->count, sizeof *entries, by_key);
    return entries;
}

static void put_flat(Buffer *out, Value v)
{
    capo_stack_check(DEEP, "a value that is printed");
    bool tuple = v.flags & VALUE_FLAG_TUPLE;
    if (v.kind == VALUE_MAP) {
        const MapEntry *entries = sorted(v.map);
        capo_put_char(out, '{');
        for (size_t i = 0; i < v.map->count; i++) {
            capo_put(out, i ? ", " : "");
            capo_put_repr(out, entries[i].key);
            capo_put(out, ": ");
            put_flat(out, entries[i].value);
        }
        capo_put_char(out, '}');
    } else if (v.kind == VALUE_LIST) {
        capo_put_char(out, tuple ? '(' : '[');
        for (size_t i = 0; i < v.list->count; i++) {
            capo_put(out, i ? ", " : "");
            put_flat(out, v.list->items[i]);
        }
        capo_put(out, !tuple ? "]" : v.list->count == 1 ? ",)" : ")");
    } else {
        capo_put_repr(out, v);
    }
}

static size_t columns(const Buffer *text)
{
    return text->size ? capo_utf8_length(text->data, text->size) : 0;
}

static void put_break(Buffer *out, const char *before, size_t indent)
{
    capo_put(out, before);
    capo_put_char(out, '\n');
    while (indent--)
        capo_put_char(out, ' ');
}

/* --- texts over several lines --- */

typedef struct Chunks { List *list; size_t room, last_room; } Chunks;

static size_t repr_columns(const char *text, size_t size)
{
    Buffer repr = { 0 };
    capo_put_repr(&repr, capo_value_copy_n(text, size));
    return columns(&repr);
}

/* Pieces of a line, each of words with the spaces behind them, as long as they fit. */
static void add_line(Chunks *chunks, const char *line, size_t size, bool last_line)
{
    const char *end = line + size, *start = line, *at = line;
    if (repr_columns(line, size) <= (last_line ? chunks->last_room : chunks->room)) {
        capo_list_add(chunks->list, capo_value_copy_n(line, size));
        return;
    }
    while (at < end) {
        const char *part = at, *next = at;
        bool space = false;
        while (at < end) {
            bool is = capo_is_space(capo_utf8_next(&next, end));
            if (space && !is)
                break;
            space = is;
            at = next;
        }
        size_t room = at == end && last_line ? chunks->last_room : chunks->room;
        if (part > start && repr_columns(start, (size_t)(at - start)) > room) {
            capo_list_add(chunks->list, capo_value_copy_n(start, (size_t)(part - start)));
            start = part;
        }
    }
    capo_list_add(chunks->list, capo_value_copy_n(start, (size_t)(end - start)));
}

static bool ends_line(uint32_t c)
{
    return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static void put_text(Buffer *out, Value v, size_t indent, size_t allowance, bool outermost)
{
    size_t extra = outermost, taken = indent + extra;
    Chunks chunks = { .list = capo_list_new(), .room = taken < WIDTH ? WIDTH - taken : 0 };
    chunks.last_room = chunks.room > allowance + extra ? chunks.room - allowance - extra : 0;
    const char *at = v.text, *end = at + v.size;
    while (at < end) {
        const char *line = at;
        uint32_t c = 0;
        while (at < end && !ends_line(c))
            c = capo_utf8_next(&at, end);
        if (c == '\r' && at < end && *at == '\n')
            at++;
        add_line(&chunks, line, (size_t)(at - line), at == end);
    }
    bool several = chunks.list->count > 1;
    capo_put(out, several && outermost ? "(" : "");
    for (size_t i = 0; i < chunks.list->count; i++) {
        if (i)
            put_break(out, "", taken);
        capo_put_repr(out, chunks.list->items[i]);
    }
    capo_put(out, several && outermost ? ")" : "");
}

/* --- lists and maps --- */

static void put_pretty(Buffer *out, Value v, size_t indent, size_t allowance, bool outermost)
{
    Buffer flat = { 0 };
    put_flat(&flat, v);
    capo_stack_check(DEEP, "a value that is printed");
    if (columns(&flat) + indent + allowance <= WIDTH || (v.kind != VALUE_MAP && v.kind != VALUE_LIST && !capo_is_text(v))) {
        capo_put_bytes(out, flat.data, flat.size);
    } else if (capo_is_text(v)) {
        put_text(out, v, indent, allowance, outermost);
    } else if (v.kind == VALUE_MAP) {
        const MapEntry *entries = sorted(v.map);
        capo_put_char(out, '{');
        for (size_t i = 0; i < v.map->count; i++) {
            Buffer key = { 0 };
            capo_put_repr(&key, entries[i].key);
            if (i)
                put_break(out, ",", indent + 1);
            capo_put_bytes(out, key.data, key.size);
            capo_put(out, ": ");
            put_pretty(out, entries[i].value, indent + 3 + columns(&key), i + 1 == v.map->count ? allowance + 1 : 1, false);
        }
        capo_put_char(out, '}');
    } else {
        bool tuple = v.flags & VALUE_FLAG_TUPLE;
        const char *close = !tuple ? "]" : v.list->count == 1 ? ",)" : ")";
        capo_put_char(out, tuple ? '(' : '[');
        for (size_t i = 0; i < v.list->count; i++) {
            if (i)
                put_break(out, ",", indent + 1);
            put_pretty(out, v.list->items[i], indent + 1, i + 1 == v.list->count ? allowance + strlen(close) : 1, false);
        }
        capo_put(out, close);
    }
}

void capo_put_pretty(Buffer *out, Value value)
{
    put_pretty(out, value, 0, 0, true);
}
