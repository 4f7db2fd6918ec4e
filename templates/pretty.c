/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as Python's pprint shows them: what fits stands on one line, else a list has a line for each item, a map one for each key, in
 * order, and a text one for each of its own lines, or for as many words as fit. */
#include "filters.h"
#include <string.h>

enum { WIDTH = 80, DEEP = 16 * 1024 };

/* --- keys in order ------------------------------------------------------------------------------------------------------------------------- */

/* Keys that cannot be compared go by the name of their type, as Python's. */
static const char *type_name(Value v)
{
    static const char *const names[] = {
        [VALUE_NULL] = "NoneType", [VALUE_BOOL] = "bool", [VALUE_INT] = "int", [VALUE_REAL] = "float", [VALUE_DECIMAL] = "decimal.Decimal",
        [VALUE_TEXT] = "str", [VALUE_SAFE] = "str", [VALUE_BYTES] = "bytes", [VALUE_DATE] = "datetime.date", [VALUE_TIME] = "datetime.time",
        [VALUE_DATETIME] = "datetime.datetime", [VALUE_DURATION] = "datetime.timedelta", [VALUE_UUID] = "uuid.UUID", [VALUE_LIST] = "list",
    };
    const char *name = v.kind < sizeof names / sizeof *names ? names[v.kind] : NULL;
    return name ? name : "object";
}

static bool before(Value a, Value b)
{
    int order;
    return capo_compare(a, b, &order) ? order < 0 : strcmp(type_name(a), type_name(b)) < 0;
}

static void sort_entries(MapEntry *entries, MapEntry *room, size_t count)
{
    size_t half = count / 2, a = 0, b = half;
    if (count < 2)
        return;
    sort_entries(entries, room, half);
    sort_entries(entries + half, room, count - half);
    for (size_t i = 0; i < count; i++)
        room[i] = b == count || (a < half && !before(entries[b].key, entries[a].key)) ? entries[a++] : entries[b++];
    memcpy(entries, room, count * sizeof *entries);
}

/* What stands for a list or map within itself. */
typedef struct Recursion { Object object; const char *type; } Recursion;
static const char *recursion_text(Object *self) { return capo_format("<Recursion on %s>", ((Recursion *)self)->type); }
static const ObjectOps recursion_ops = { .type_name = "Recursion", .text = recursion_text };
typedef struct Around { const void *container; const struct Around *outer; } Around;

/* A copy in which each map has its keys in order, and nothing stands within itself. */
static Value in_order(Value v, const Around *around)
{
    capo_stack_check(DEEP, "a value that is printed");
    const Around here = { v.kind == VALUE_LIST ? (const void *)v.list : v.kind == VALUE_MAP ? (const void *)v.map : NULL, around };
    for (; here.container && around; around = around->outer)
        if (around->container == here.container) {
            Recursion *recursion = capo_alloc_struct(Recursion);
            *recursion = (Recursion){ { &recursion_ops }, v.kind == VALUE_MAP ? "dict" : v.flags & VALUE_FLAG_TUPLE ? "tuple" : "list" };
            return capo_value_object(recursion);
        }
    if (v.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < v.list->count; i++)
            capo_list_add(list, in_order(v.list->items[i], &here));
        v.list = list;
    } else if (v.kind == VALUE_MAP) {
        size_t count = v.map->count;
        MapEntry *entries = capo_alloc_array(count + 1, sizeof *entries), *room = capo_alloc_array(count + 1, sizeof *room);
        if (count)
            memcpy(entries, v.map->entries, count * sizeof *entries);
        sort_entries(entries, room, count);
        Map *map = capo_map_new();
        for (size_t i = 0; i < count; i++)
            capo_map_set_value(map, entries[i].key, in_order(entries[i].value, &here));
        v.map = map;
    }
    return v;
}

/* --- lines --------------------------------------------------------------------------------------------------------------------------------- */

static Value repr_of(Value v)
{
    Buffer out = { 0 };
    capo_put_repr(&out, v);
    return capo_buffer_value(&out, false);
}

static int width_of(Value text)
{
    size_t length = capo_utf8_length(text.text, text.size);
    return length < 1000000 ? (int)length : 1000000;
}

static void put_line_break(Buffer *out, int indent)
{
    capo_put_char(out, '\n');
    for (int i = 0; i < indent; i++)
        capo_put_char(out, ' ');
}

/* The end of a word and of the blanks behind it. */
static const char *word_end(const char *at, const char *end)
{
    bool blanks = false;
    while (at < end) {
        const char *next = at;
        bool blank = capo_is_space(capo_utf8_next(&next, end));
        if (blanks && !blank)
            break;
        blanks = blank;
        at = next;
    }
    return at;
}

/* A text in pieces, each of which fits; `allowance` characters follow the last. */
static void put_text(Buffer *out, Value v, int indent, int allowance, bool outermost)
{
    List *pieces = capo_list_new();
    const char *at = v.text, *end = at + v.size;
    indent += outermost;
    allowance += outermost;
    while (at < end) {
        const char *next;
        capo_line_end(at, end, &next);
        Value line = repr_of(capo_value_copy_n(at, (size_t)(next - at)));
        if (width_of(line) <= WIDTH - indent - (next == end ? allowance : 0)) {
            capo_list_add(pieces, line);
            at = next;
            continue;
        }
        const char *start = at;
        while (at < next) {
            const char *stop = word_end(at, next);
            int room = WIDTH - indent - (stop == end ? allowance : 0);
            if (at > start && width_of(repr_of(capo_value_copy_n(start, (size_t)(stop - start)))) > room) {
                capo_list_add(pieces, repr_of(capo_value_copy_n(start, (size_t)(at - start))));
                start = at;
            }
            at = stop;
        }
        capo_list_add(pieces, repr_of(capo_value_copy_n(start, (size_t)(at - start))));
    }
    bool several = pieces->count > 1;
    capo_put(out, outermost && several ? "(" : "");
    for (size_t i = 0; i < pieces->count; i++) {
        if (i)
            put_line_break(out, indent);
        capo_put_bytes(out, pieces->items[i].text, pieces->items[i].size);
    }
    capo_put(out, outermost && several ? ")" : "");
}

static void put_value(Buffer *out, Value v, int indent, int allowance, bool outermost)
{
    capo_stack_check(DEEP, "a value that is printed");
    Value line = repr_of(v);
    bool fits = width_of(line) <= WIDTH - indent - allowance;
    if (!fits && capo_is_text(v) && v.size) {
        put_text(out, v, indent, allowance, outermost);
    } else if (!fits && v.kind == VALUE_LIST) {
        bool tuple = v.flags & VALUE_FLAG_TUPLE;
        const char *close = !tuple ? "]" : v.list->count == 1 ? ",)" : ")";
        capo_put_char(out, tuple ? '(' : '[');
        for (size_t i = 0; i < v.list->count; i++) {
            bool last = i + 1 == v.list->count;
            put_value(out, v.list->items[i], indent + 1, last ? allowance + (int)strlen(close) : 1, false);
            if (!last) {
                capo_put_char(out, ',');
                put_line_break(out, indent + 1);
            }
        }
        capo_put(out, close);
    } else if (!fits && v.kind == VALUE_MAP) {
        capo_put_char(out, '{');
        for (size_t i = 0; i < v.map->count; i++) {
            bool last = i + 1 == v.map->count;
            Value key = repr_of(v.map->entries[i].key);
            capo_put_bytes(out, key.text, key.size);
            capo_put(out, ": ");
            put_value(out, v.map->entries[i].value, indent + width_of(key) + 3, last ? allowance + 1 : 1, false);
            if (!last) {
                capo_put_char(out, ',');
                put_line_break(out, indent + 1);
            }
        }
        capo_put_char(out, '}');
    } else {
        capo_put_bytes(out, line.text, line.size);
    }
}

void capo_put_pretty(Buffer *out, Value value)
{
    put_value(out, in_order(value, NULL), 0, 0, true);
}
