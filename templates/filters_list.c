/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters on lists and on values of any kind: defaults, slices, sorting, joining. */
#include "filters.h"
#include <capo/i18n.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Value default_filter(const Filtering *f, Value v, Value arg)
{
    (void)f;
    return capo_truth(v) ? v : arg;
}

static Value default_if_none(const Filtering *f, Value v, Value arg)
{
    (void)f;
    return v.kind == VALUE_NULL && !(v.flags & VALUE_FLAG_MISSING) ? arg : v;
}

static Value length(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    int64_t n = capo_length(v);
    return capo_value_int(n < 0 ? 0 : n);
}

_Noreturn static void no_sequence(const char *filter, Value v)
{
    capo_raise(ERROR_VALUE, "The filter '%s' needs a list or text, not '%.100s'.", filter, capo_to_text(v));
}

/* value[index]; false: out of range. */
static bool item_at(const char *filter, Value v, int64_t index, Value *ret)
{
    int64_t count = capo_length(v);
    if (v.kind == VALUE_MAP) {
        Value *found = capo_map_get_value(v.map, capo_value_int(index));
        if (!found)
            capo_raise(ERROR_VALUE, "The filter '%s' looked for the key %lld in a dictionary that has none.", filter, (long long)index);
        *ret = *found;
        return true;
    }
    if (count < 0 || (v.kind != VALUE_LIST && !capo_is_text(v) && !(v.kind == VALUE_OBJECT && (v.object->ops->at || v.object->ops->next))))
        no_sequence(filter, v);
    if (index < 0)
        index += count;
    if (index < 0 || index >= count)
        return false;
    if (v.kind == VALUE_OBJECT && !v.object->ops->at) {
        List *list = capo_list_of(v);           /* which may have fewer than its length promised */
        if ((size_t)index >= list->count)
            return false;
        *ret = list->items[index];
        return true;
    }
    if (v.kind == VALUE_OBJECT)
        return v.object->ops->at(v.object, index, ret);
    char name[24];
    int size = snprintf(name, sizeof name, "%lld", (long long)index);
    return capo_lookup(v, name, (size_t)size, ret);
}

static Value first(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Value item;
    return item_at("first", v, 0, &item) ? item : capo_value_text("");
}

static Value last(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Value item;
    return item_at("last", v, -1, &item) ? item : capo_value_text("");
}

static Value random_item(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    int64_t count = capo_length(v);
    Value item;
    if (count < 0)
        no_sequence("random", v);
    if (count == 0)
        return capo_value_text("");
    return item_at("random", v, randombytes_uniform((uint32_t)count), &item) ? item : capo_value_text("");
}

/* --- slice ---------------------------------------------------------------------------------------------------------------------------- */

/* Python's slice.indices for one bound. */
static int64_t clamp_bound(int64_t bound, int64_t count, bool down)
{
    if (bound < 0)
        bound += count;
    if (bound < 0)
        return down ? -1 : 0;
    if (bound >= count)
        return down ? count - 1 : count;
    return bound;
}

static Value slice(const Filtering *f, Value v, Value arg)
{
    (void)f;
    size_t n;
    char **parts = capo_split(capo_to_text(arg), ':', &n);
    int64_t bounds[3] = { 0, 0, 0 };
    bool given[3] = { false, false, false };
    if (n > 3)
        return v;
    for (size_t i = 0; i < n; i++) {
        given[i] = *parts[i] != 0;
        if (given[i] && capo_python_int(capo_value_text(parts[i]), &bounds[i]) != INT_OK)
            return v;
    }
    if (n == 1) {                   /* "2" is up to 2 */
        bounds[1] = bounds[0];
        given[1] = given[0];
        given[0] = false;
    }
    int64_t step = given[2] ? bounds[2] : 1, count = capo_length(v);
    if (step == 0 || count < 0 || (v.kind != VALUE_LIST && !capo_is_text(v) && v.kind != VALUE_OBJECT) || !capo_iterable(v))
        return v;
    bool down = step < 0;
    int64_t start = given[0] ? clamp_bound(bounds[0], count, down) : down ? count - 1 : 0;
    int64_t stop = given[1] ? clamp_bound(bounds[1], count, down) : down ? -1 : count;
    List *items = v.kind == VALUE_LIST ? v.list : capo_list_of(v), *result = capo_list_new();
    count = (int64_t)items->count;
    if (start >= count && !down)
        start = count;
    for (int64_t i = start; (down ? i > stop : i < stop) && i >= 0 && i < count;) {
        capo_list_add(result, items->items[i]);
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    if (!capo_is_text(v))
        return capo_value_list(result);
    Buffer out = { 0 };
    for (size_t i = 0; i < result->count; i++)
        capo_put_bytes(&out, result->items[i].text, result->items[i].size);
    return capo_buffer_value(&out, false);
}

/* --- dictsort --------------------------------------------------------------------------------------------------------------------------- */

typedef struct SortItem { Value key, item; size_t place; } SortItem;
typedef struct Sorting { SortItem *items, *spare; bool failed; } Sorting;

/* item[key], as Python's itemgetter; false: it has no keys of this kind. */
static bool item_by(Value item, Value key, Value *ret)
{
    if (item.kind == VALUE_MAP) {
        Value *found = capo_map_get_value(item.map, key);
        if (!found)
            capo_raise(ERROR_VALUE, "The filter 'dictsort' met a dictionary without the key %s.", capo_to_text(key));
        *ret = *found;
        return true;
    }
    if ((item.kind != VALUE_LIST && !capo_is_text(item)) || (key.kind != VALUE_INT && key.kind != VALUE_BOOL))
        return false;
    if (!item_at("dictsort", item, key.kind == VALUE_INT ? key.integer : key.boolean, ret))
        capo_raise(ERROR_VALUE, "The filter 'dictsort' met an item without the index %s.", capo_to_text(key));
    return true;
}

/* What dates and durations have: fields, no methods. */
static bool field_of(Value item, const char *name, size_t size, Value *ret)
{
    static const char *const fields[] = { "year", "month", "day", "hour", "minute", "second", "microsecond", "days", "seconds", "microseconds" };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i]) == size && memcmp(fields[i], name, size) == 0)
            return item.kind >= VALUE_DATE && item.kind <= VALUE_DURATION && capo_python_attribute(item, name, size, ret);
    return false;
}

/* The value that an item sorts by: an index or a key that is a number, or names with dots. */
static bool sort_key(Value item, Value arg, Value *ret)
{
    double number;
    if (!capo_is_text(arg) || capo_python_float(arg, &number))
        return item_by(item, arg, ret);
    const char *at = arg.text;
    *ret = item;
    for (;;) {
        size_t size = strcspn(at, ".");
        /* its own resolver: keys and attributes; never an index, never a call */
        bool keyed = (ret->kind == VALUE_MAP || ret->kind == VALUE_OBJECT) && capo_lookup(*ret, at, size, ret);
        if (!keyed && !field_of(*ret, at, size, ret))
            return false;
        if (!at[size])
            return true;
        at += size + 1;
    }
}

static bool is_number(Value v)
{
    return v.kind >= VALUE_BOOL && v.kind <= VALUE_DECIMAL;
}

static bool before(Sorting *sorting, const SortItem *a, const SortItem *b)
{
    int order = 0;
    if (!capo_compare(a->key, b->key, &order) && !(is_number(a->key) && is_number(b->key)))
        sorting->failed = true;     /* a NaN is only never less */
    return order < 0;
}

/* A merge sort: stable, and it stops at the first pair that cannot be compared. */
static void merge_sort(Sorting *sorting, size_t from, size_t to)
{
    if (to - from < 2 || sorting->failed)
        return;
    size_t middle = from + (to - from) / 2, left = from, right = middle;
    merge_sort(sorting, from, middle);
    merge_sort(sorting, middle, to);
    for (size_t at = from; at < to; at++) {
        bool take_right = left >= middle || (right < to && before(sorting, &sorting->items[right], &sorting->items[left]));
        sorting->spare[at] = sorting->items[take_right ? right++ : left++];
    }
    memcpy(sorting->items + from, sorting->spare + from, (to - from) * sizeof(SortItem));
}

static Value sort_by(Value v, Value arg, bool reversed)
{
    if (!capo_iterable(v) || v.kind == VALUE_NULL)
        return capo_value_text("");
    if (!is_number(arg) && !capo_is_text(arg))
        return capo_value_text("");
    if (capo_is_text(arg) && arg.size == 0)
        capo_raise(ERROR_VALUE, "The filter 'dictsort' needs a key to sort by.");
    if (capo_is_text(arg) && (arg.text[0] == '_' || strstr(arg.text, "._")))
        return capo_value_text("");             /* what is private reaches nothing */
    List *items = capo_list_of(v), *result = capo_list_new();
    Sorting sorting = { capo_alloc_array(items->count + 1, sizeof(SortItem)), capo_alloc_array(items->count + 1, sizeof(SortItem)), false };
    for (size_t i = 0; i < items->count; i++) {
        size_t to = reversed ? items->count - 1 - i : i;        /* equal ones keep their order also when reversed */
        sorting.items[to] = (SortItem){ .item = items->items[i], .place = to };
        if (!sort_key(items->items[i], arg, &sorting.items[to].key))
            return capo_value_text("");
    }
    merge_sort(&sorting, 0, items->count);
    if (sorting.failed)
        return capo_value_text("");
    for (size_t i = 0; i < items->count; i++)
        capo_list_add(result, sorting.items[reversed ? items->count - 1 - i : i].item);
    return capo_value_list(result);
}

static Value dictsort(const Filtering *f, Value v, Value arg) { (void)f; return sort_by(v, arg, false); }
static Value dictsortreversed(const Filtering *f, Value v, Value arg) { (void)f; return sort_by(v, arg, true); }

/* --- join, unordered_list, yesno, pprint ---------------------------------------------------------------------------------------------------- */

static Value join(const Filtering *f, Value v, Value arg)
{
    if (!capo_iterable(v))
        return v;
    Value separator = f->autoescape ? capo_conditional_escape(arg) : arg, item;
    if (!f->autoescape && !capo_is_text(arg))
        capo_raise(ERROR_VALUE, "The filter 'join' needs a text to join by, not '%.100s'.", capo_to_text(arg));
    Buffer out = { 0 };
    void *state = NULL;
    for (bool later = false; capo_iterate(v, &state, &item); later = true) {
        capo_step(f->context);
        if (later)
            capo_put_bytes(&out, separator.text, separator.size);
        if (!f->autoescape && !capo_is_text(item))
            return v;
        if (f->autoescape)
            item = capo_conditional_escape(item);
        capo_put_bytes(&out, item.text, item.size);
    }
    return capo_buffer_value(&out, true);
}

static void put_list_items(Buffer *out, const Filtering *f, List *list, int level);

static void put_list_item(Buffer *out, const Filtering *f, Value item, const List *children, int level)
{
    for (int i = 0; i < level; i++)
        capo_put_char(out, '\t');
    capo_put(out, "<li>");
    Value text = f->autoescape ? capo_conditional_escape(item) : capo_value_to_text(item);
    capo_put_bytes(out, text.text, text.size);
    if (children && children->count) {
        for (int half = 0; half < 2; half++) {
            capo_put_char(out, '\n');
            for (int i = 0; i < level; i++)
                capo_put_char(out, '\t');
            capo_put(out, half ? "</ul>\n" : "<ul>\n");
            if (!half)
                put_list_items(out, f, (List *)children, level + 1);
        }
        for (int i = 0; i < level; i++)
            capo_put_char(out, '\t');
    }
    capo_put(out, "</li>");
}

static void put_list_items(Buffer *out, const Filtering *f, List *list, int level)
{
    if (level > 32)
        capo_raise(ERROR_VALUE, "The filter 'unordered_list' takes lists nested at most 32 deep.");
    bool first_item = true;
    for (size_t i = 0; i < list->count; i++) {
        /* only a list has an item's children, not a map or what else can be gone through */
        List *children = i + 1 < list->count && list->items[i + 1].kind == VALUE_LIST ? list->items[i + 1].list : NULL;
        if (!first_item)
            capo_put_char(out, '\n');
        first_item = false;
        put_list_item(out, f, list->items[i], children, level);
        i += children != NULL;
    }
}

static Value unordered_list(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    if (!capo_iterable(v))
        no_sequence("unordered_list", v);
    Buffer out = { 0 };
    put_list_items(&out, f, capo_list_of(v), 1);
    return capo_buffer_value(&out, true);
}

static Value yesno(const Filtering *f, Value v, Value arg)
{
    size_t n;
    if (f->has_argument && arg.kind != VALUE_NULL && !capo_is_text(arg))
        capo_raise(ERROR_VALUE, "The filter 'yesno' needs a text of two or three words, not '%.100s'.", capo_to_text(arg));
    char **words = capo_split(f->has_argument && arg.kind != VALUE_NULL ? capo_to_text(arg) : capo_gettext("yes,no,maybe"), ',', &n);
    if (n < 2)
        return v;
    if (v.kind == VALUE_NULL)
        return capo_value_text(n >= 3 ? words[2] : words[1]);
    if (n > 3)
        words[2] = words[1];
    return capo_value_text(capo_truth(v) ? words[0] : words[1]);
}

static Value pprint(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_pretty(&out, v);
    return capo_buffer_value(&out, false);
}

const Filter capo_list_filters[] = {
    { "default", default_filter, ARGUMENT_REQUIRED },
    { "default_if_none", default_if_none, ARGUMENT_REQUIRED },
    { "dictsort", dictsort, ARGUMENT_REQUIRED },
    { "dictsortreversed", dictsortreversed, ARGUMENT_REQUIRED },
    { "first", first },
    { "join", join, ARGUMENT_REQUIRED, .is_safe = true },
    { "last", last, .is_safe = true },
    { "length", length },
    { "pprint", pprint, .is_safe = true },
    { "random", random_item, .is_safe = true },
    { "slice", slice, ARGUMENT_REQUIRED, .is_safe = true },
    { "unordered_list", unordered_list, .is_safe = true },
    { "yesno", yesno, ARGUMENT_OPTIONAL },
    { 0 }
};
