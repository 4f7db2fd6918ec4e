/* SPDX-License-Identifier: BSD-3-Clause */
/* Values: boxing, Python's truth, equality and order, numbers, members of lists and maps. How they print: value_print.c. */
#include "bytes.h"
#include "clock.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEP = 16 * 1024 };                  /* the stack that one more level may take */

/* --- boxing --- */

Value capo_value_uint(uint64_t n)
{
    if (n <= INT64_MAX)
        return capo_value_int((int64_t)n);
    return (Value){ .kind = VALUE_DECIMAL, .flags = VALUE_FLAG_WHOLE, .decimal = { capo_format("%llu", (unsigned long long)n) } };
}

static Value text_value(ValueKind kind, const char *text, size_t size)
{
    if (size > UINT32_MAX)
        capo_raise(500, "A text of %zu bytes is too long for a value (4 GiB at most).", size);
    return (Value){ .kind = (uint8_t)kind, .size = (uint32_t)size, .text = text };
}

Value capo_value_text(const char *text)
{
    return text ? text_value(VALUE_TEXT, text, strlen(text)) : capo_value_null();
}

Value capo_value_text_n(const char *text, size_t size)
{
    return text_value(VALUE_TEXT, text, size);
}

Value capo_value_copy_n(const char *text, size_t size)
{
    return text_value(VALUE_TEXT, capo_strndup(text, size), size);
}

Value capo_value_safe(const char *text)
{
    return text ? text_value(VALUE_SAFE, text, strlen(text)) : capo_value_null();
}

Value capo_value_safe_n(const char *text, size_t size)
{
    return text_value(VALUE_SAFE, text, size);
}

Value capo_value_bytes(const void *bytes, size_t size)
{
    Value v = text_value(VALUE_BYTES, NULL, size);
    v.bytes = bytes;
    return v;
}

Value capo_value_uuid(Uuid uuid)
{
    return (Value){ .kind = VALUE_UUID, .uuid = capo_memdup(&uuid, sizeof uuid) };
}

Value capo_value_strings(const char *const *strings)
{
    List *list = capo_list_new();
    for (; strings && *strings; strings++)
        capo_list_add(list, capo_value_text(*strings));
    return capo_value_list(list);
}

/* --- truth, equality, order --- */

bool capo_truth(Value v)
{
    switch ((ValueKind)v.kind) {
    case VALUE_NULL: return false;
    case VALUE_BOOL: return v.boolean;
    case VALUE_INT: return v.integer != 0;
    case VALUE_REAL: return v.real != 0;
    case VALUE_DECIMAL: return capo_is_special(v) || capo_decimal_compare(v.decimal, (Decimal){ "0" }) != 0;
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES: return v.size > 0;
    case VALUE_DURATION: return v.duration.microseconds != 0;
    case VALUE_LIST: return v.list->count > 0;
    case VALUE_MAP: return v.map->count > 0;
    case VALUE_OBJECT:
        if (v.object->ops->truth)
            return v.object->ops->truth(v.object);
        return !v.object->ops->length || v.object->ops->length(v.object) != 0;
    default: return true;
    }
}

bool capo_is_special(Value v)
{
    const char *text = v.kind == VALUE_DECIMAL && v.decimal.text ? v.decimal.text : "0";
    return (text[*text == '-'] | 32) >= 'a';
}

static bool is_number(Value v)
{
    return v.kind == VALUE_BOOL || v.kind == VALUE_INT || v.kind == VALUE_REAL || v.kind == VALUE_DECIMAL;
}

static Decimal as_decimal(Value v)
{
    if (v.kind == VALUE_DECIMAL)
        return v.decimal;
    return capo_decimal_from_int(v.kind == VALUE_BOOL ? v.boolean : v.integer);
}

static double as_double(Value v)
{
    switch ((ValueKind)v.kind) {
    case VALUE_BOOL: return v.boolean;
    case VALUE_INT: return (double)v.integer;
    case VALUE_REAL: return v.real;
    default: return capo_decimal_to_double(v.decimal);
    }
}

/* -1, 0, 1; 2 for a NaN. */
static int compare_numbers(Value a, Value b)
{
    if (capo_is_special(a) || capo_is_special(b)) {
        a = capo_value_real(as_double(a));
        b = capo_value_real(as_double(b));
    }
    if (a.kind != VALUE_REAL && b.kind != VALUE_REAL) {
        if (a.kind != VALUE_DECIMAL && b.kind != VALUE_DECIMAL) {
            int64_t x = a.kind == VALUE_BOOL ? a.boolean : a.integer, y = b.kind == VALUE_BOOL ? b.boolean : b.integer;
            return (x > y) - (x < y);
        }
        return capo_decimal_compare(as_decimal(a), as_decimal(b));
    }
    double x = as_double(a), y = as_double(b);
    if (isnan(x) || isnan(y))
        return 2;
    return (x > y) - (x < y);
}

bool capo_equal(Value a, Value b)
{
    if (a.kind == VALUE_OBJECT && a.object->ops->equal)
        return a.object->ops->equal(a.object, b);
    if (b.kind == VALUE_OBJECT && b.object->ops->equal)
        return b.object->ops->equal(b.object, a);
    if (is_number(a) && is_number(b))
        return compare_numbers(a, b) == 0;
    if (capo_is_text(a) && capo_is_text(b))
        return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
    if (a.kind != b.kind)
        return false;
    switch ((ValueKind)a.kind) {
    case VALUE_NULL: return true;
    case VALUE_BYTES: return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
    case VALUE_DATE: return a.date.days == b.date.days;
    case VALUE_DATETIME:
        return (a.flags & VALUE_FLAG_NAIVE) == (b.flags & VALUE_FLAG_NAIVE) && a.datetime.microseconds == b.datetime.microseconds;
    case VALUE_TIME: case VALUE_DURATION: return a.integer == b.integer;
    case VALUE_UUID: return memcmp(a.uuid, b.uuid, sizeof(Uuid)) == 0;
    case VALUE_LIST:
        capo_stack_check(DEEP, "a comparison of lists");
        if (a.list == b.list || a.list->count != b.list->count)
            return a.list == b.list;
        for (size_t i = 0; i < a.list->count; i++)
            if (!capo_equal(a.list->items[i], b.list->items[i]))
                return false;
        return true;
    case VALUE_MAP:
        capo_stack_check(DEEP, "a comparison of maps");
        if (a.map == b.map || a.map->count != b.map->count)
            return a.map == b.map;
        for (size_t i = 0; i < a.map->count; i++) {
            Value *other = capo_map_get_value(b.map, a.map->entries[i].key);
            if (!other || !capo_equal(a.map->entries[i].value, *other))
                return false;
        }
        return true;
    case VALUE_OBJECT: return a.object == b.object;
    default: return false;
    }
}

bool capo_compare(Value a, Value b, int *ret)
{
    if (is_number(a) && is_number(b)) {
        int order = compare_numbers(a, b);
        if (order == 2)
            return false;
        *ret = order;
        return true;
    }
    if ((capo_is_text(a) && capo_is_text(b)) || (a.kind == VALUE_BYTES && b.kind == VALUE_BYTES)) {
        size_t shorter = a.size < b.size ? a.size : b.size;
        int order = memcmp(a.text, b.text, shorter);
        if (order == 0)
            order = (a.size > b.size) - (a.size < b.size);
        *ret = order < 0 ? -1 : order > 0;
        return true;
    }
    if (a.kind != b.kind)
        return false;
    switch ((ValueKind)a.kind) {
    case VALUE_DATE:
        *ret = (a.date.days > b.date.days) - (a.date.days < b.date.days);
        return true;
    case VALUE_DATETIME:
        if ((a.flags & VALUE_FLAG_NAIVE) != (b.flags & VALUE_FLAG_NAIVE))
            return false;
        *ret = (a.integer > b.integer) - (a.integer < b.integer);
        return true;
    case VALUE_TIME: case VALUE_DURATION:
        *ret = (a.integer > b.integer) - (a.integer < b.integer);
        return true;
    case VALUE_UUID: {
        int order = memcmp(a.uuid, b.uuid, sizeof(Uuid));
        *ret = order < 0 ? -1 : order > 0;
        return true;
    }
    case VALUE_LIST: {
        capo_stack_check(DEEP, "a comparison of lists");
        for (size_t i = 0; i < a.list->count && i < b.list->count; i++)
            if (!capo_equal(a.list->items[i], b.list->items[i]))
                return capo_compare(a.list->items[i], b.list->items[i], ret);
        *ret = (a.list->count > b.list->count) - (a.list->count < b.list->count);
        return true;
    }
    default:
        return false;
    }
}

/* --- numbers --- */

bool capo_to_int(Value v, int64_t *ret)
{
    switch ((ValueKind)v.kind) {
    case VALUE_BOOL:
        *ret = v.boolean;
        return true;
    case VALUE_INT:
        *ret = v.integer;
        return true;
    case VALUE_REAL:
        if (!(v.real >= -0x1p63 && v.real < 0x1p63))
            return false;
        *ret = (int64_t)v.real;
        return true;
    case VALUE_DECIMAL: {                               /* by its digits: a double has 53 bits of the 64 */
        Decimal whole;
        return isfinite(capo_decimal_to_double(v.decimal)) && capo_decimal_truncate(v.decimal, &whole) && capo_to_int(capo_value_text(whole.text), ret);
    }
    case VALUE_TEXT: case VALUE_SAFE: {
        /* int("  12 "), with _ between digits refused: visitors never mean it */
        const char *text = v.text;
        while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
            text++;
        const char *digits = text + (*text == '-' || *text == '+');
        if (*digits < '0' || *digits > '9')
            return false;
        errno = 0;
        char *end;
        long long n = strtoll(text, &end, 10);
        if (errno)
            return false;
        while (*end == ' ' || (*end >= '\t' && *end <= '\r'))
            end++;
        if (end != v.text + v.size)
            return false;
        *ret = n;
        return true;
    }
    default:
        return false;
    }
}

bool capo_to_real(Value v, double *ret)
{
    if (is_number(v)) {
        *ret = as_double(v);
        return true;
    }
    if (!capo_is_text(v) || v.size == 0)
        return false;
    const char *text = v.text;
    while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
        text++;
    if (strpbrk(text, "xXpP(_"))
        return false;
    char *end;
    double d = strtod(text, &end);
    if (end == text)
        return false;
    while (*end == ' ' || (*end >= '\t' && *end <= '\r'))
        end++;
    if (end != v.text + v.size)
        return false;
    *ret = d;
    return true;
}

/* --- members --- */

int64_t capo_length(Value v)
{
    switch ((ValueKind)v.kind) {
    case VALUE_TEXT: case VALUE_SAFE: return (int64_t)capo_utf8_length(v.text, v.size);
    case VALUE_BYTES: return v.size;
    case VALUE_LIST: return (int64_t)v.list->count;
    case VALUE_MAP: return (int64_t)v.map->count;
    case VALUE_OBJECT: return v.object->ops->length ? v.object->ops->length(v.object) : -1;
    default: return -1;
    }
}

static bool parse_index(const char *name, size_t size, int64_t *ret)
{
    if (size == 1 && *name >= '0' && *name <= '9') {
        *ret = *name - '0';
        return true;
    }
    return size > 0 && size < 20 && capo_to_int(capo_value_copy_n(name, size), ret);
}

bool capo_lookup(Value v, const char *name, size_t size, Value *ret)
{
    int64_t index;
    switch ((ValueKind)v.kind) {
    case VALUE_MAP: {
        Value *found = capo_map_get_n(v.map, name, size);
        if (!found && parse_index(name, size, &index))
            found = capo_map_get_value(v.map, capo_value_int(index));
        if (!found)
            return false;
        *ret = *found;
        return true;
    }
    case VALUE_LIST:
        if (!parse_index(name, size, &index))
            return false;
        if (index < 0)
            index += (int64_t)v.list->count;
        if (index < 0 || index >= (int64_t)v.list->count)
            return false;
        *ret = v.list->items[index];
        return true;
    case VALUE_TEXT: case VALUE_SAFE: {
        if (!parse_index(name, size, &index))
            return false;
        if (index < 0)
            index += capo_length(v);
        const char *at = v.text, *end = v.text + v.size;
        for (; at < end && index > 0; index--)
            capo_utf8_next(&at, end);
        if (index != 0 || at >= end)
            return false;
        const char *start = at;
        capo_utf8_next(&at, end);
        *ret = capo_value_copy_n(start, (size_t)(at - start));
        return true;
    }
    case VALUE_BYTES:
        if (!parse_index(name, size, &index))
            return false;
        if (index < 0)
            index += v.size;
        if (index < 0 || index >= (int64_t)v.size)
            return false;
        *ret = capo_value_int(v.bytes[index]);
        return true;
    case VALUE_OBJECT:
        if (v.object->ops->get && v.object->ops->get(v.object, name, size, ret))
            return true;
        return v.object->ops->at && parse_index(name, size, &index) && v.object->ops->at(v.object, index, ret);
    default:
        return false;
    }
}

bool capo_lookup_hinted(Value v, const char *name, size_t size, uint32_t *hint, Value *ret)
{
    if (v.kind == VALUE_OBJECT && v.object->ops->get_hinted) {
        if (v.object->ops->get_hinted(v.object, name, size, hint, ret))
            return true;
    } else if (v.kind == VALUE_MAP) {
        const MapEntry *guess = *hint < v.map->count ? &v.map->entries[*hint] : NULL;
        if (guess && capo_is_text(guess->key) && guess->key.size == size && same_bytes(guess->key.text, name, size)) {
            *ret = guess->value;
            return true;
        }
        const Value *found = capo_map_get_n(v.map, name, size);
        if (found) {
            *hint = (uint32_t)(((const char *)found - (const char *)v.map->entries) / sizeof(MapEntry));
            *ret = *found;
            return true;
        }
    }
    return capo_lookup(v, name, size, ret);
}

bool capo_iterable(Value v)
{
    switch ((ValueKind)v.kind) {
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES: case VALUE_LIST: case VALUE_MAP: return true;
    case VALUE_OBJECT: return v.object->ops->next != NULL;
    default: return false;
    }
}

bool capo_iterate(Value v, void **state, Value *ret)
{
    uintptr_t at = (uintptr_t)*state;           /* an index, but for objects, whose own it is */
    switch ((ValueKind)v.kind) {
    case VALUE_LIST:
        if (at >= v.list->count)
            return false;
        *ret = v.list->items[at];
        *state = (void *)(at + 1);
        return true;
    case VALUE_MAP:
        if (at >= v.map->count)
            return false;
        *ret = v.map->entries[at].key;
        *state = (void *)(at + 1);
        return true;
    case VALUE_TEXT: case VALUE_SAFE: {
        if (at >= v.size)
            return false;
        const char *next = v.text + at;
        capo_utf8_next(&next, v.text + v.size);
        *ret = capo_value_copy_n(v.text + at, (size_t)(next - v.text) - at);
        *state = (void *)(uintptr_t)(next - v.text);
        return true;
    }
    case VALUE_BYTES:
        if (at >= v.size)
            return false;
        *ret = capo_value_int(v.bytes[at]);
        *state = (void *)(at + 1);
        return true;
    case VALUE_OBJECT:
        return v.object->ops->next && v.object->ops->next(v.object, state, ret);
    default:
        return false;
    }
}
