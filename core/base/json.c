/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON: read by jansson, written here, in the form of Python's json.dumps, whose bytes other programs compare.
 *
 * jansson keeps integers in 64 bits and refuses larger ones: those are given to it as marked texts, and become whole numbers
 * (VALUE_FLAG_WHOLE). Its objects keep the order of the text. */
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

enum { MAX_DEPTH = 32, MAX_WRITTEN_DEPTH = 200, MAX_DIGITS = 4300 };

/* Nesting of the text, strings skipped: jansson itself recurses 2,048 deep, which a fiber's stack would not bear. */
static bool too_deep(const char *text, size_t size)
{
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (in_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '[' || c == '{') {
            if (++depth > MAX_DEPTH)
                return true;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

/* The text with integers past 64 bits as strings behind a mark that nobody can know. */
static char *mark_big_integers(const char *text, size_t size, const char *mark, size_t *ret_size)
{
    Buffer out = { 0 };
    bool in_text = false;
    for (size_t i = 0; i < size; ) {
        char c = text[i];
        size_t end = i + 1;
        if (in_text) {
            end += c == '\\' && end < size;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            while (end < size && strchr("0123456789.eE+-", text[end]) && text[end])
                end++;
            bool integer = !memchr(text + i, '.', end - i) && !memchr(text + i, 'e', end - i) && !memchr(text + i, 'E', end - i);
            if (integer && end - i > 18 && end - i <= MAX_DIGITS) {
                capo_put_format(&out, "\"%s%.*s\"", mark, (int)(end - i), text + i);
                i = end;
                continue;
            }
        }
        capo_put_bytes(&out, text + i, end - i);
        i = end;
    }
    *ret_size = out.size;
    return capo_buffer_text(&out);
}

static Value from_text(const json_t *json, const char *mark)
{
    const char *text = json_string_value(json);
    size_t size = json_string_length(json), skip = mark ? strlen(mark) : 0;
    if (!mark || size <= skip || memcmp(text, mark, skip))
        return capo_value_copy_n(text, size);
    Value number = capo_value_copy_n(text + skip, size - skip);
    capo_to_whole(number, &number);
    return number;
}

static Value from_json(const json_t *json, const char *mark)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        Map *map = capo_map_new();
        const char *key;
        json_t *item;
        json_object_foreach ((json_t *)json, key, item)
            capo_map_set(map, capo_strdup(key), from_json(item, mark));
        return capo_value_map(map);
    }
    case JSON_ARRAY: {
        List *list = capo_list_new();
        for (size_t i = 0; i < json_array_size(json); i++)
            capo_list_add(list, from_json(json_array_get(json, i), mark));
        return capo_value_list(list);
    }
    case JSON_STRING:
        return from_text(json, mark);
    case JSON_INTEGER:
        return capo_value_int(json_integer_value(json));
    case JSON_REAL:
        return capo_value_real(json_real_value(json));
    case JSON_TRUE:
        return capo_value_bool(true);
    case JSON_FALSE:
        return capo_value_bool(false);
    default:
        return capo_value_null();
    }
}

static void release(void *json)
{
    json_decref(json);
}

bool capo_json_parse(const char *text, size_t size, Value *ret, const char **ret_error)
{
    if (too_deep(text, size)) {
        if (ret_error)
            *ret_error = capo_format("The JSON is nested more than %d levels deep.", MAX_DEPTH);
        return false;
    }
    json_error_t error;
    json_t *json = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    const char *mark = NULL;
    if (!json && capo_starts_with(error.text, "too big")) {
        mark = capo_random_string(20, NULL);
        char *marked = mark_big_integers(text, size, mark, &size);
        json = json_loadb(marked, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    }
    if (!json) {
        if (ret_error)
            *ret_error = capo_format("Line %d, column %d: %s.", error.line, error.column, error.text);
        return false;
    }
    capo_defer(release, json);              /* from_json may raise for want of room */
    *ret = from_json(json, mark);
    capo_defer_cancel(release, json);
    json_decref(json);
    return true;
}

static void put_json_text(Buffer *out, const char *text, size_t size, bool whole)
{
    capo_put_char(out, '"');
    const char *at = text, *end = text + size;
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c >= 32 && (c < 127 || whole) && c != '"' && c != '\\') {
            capo_put_char(out, (char)c);
            at++;
            continue;
        }
        if (c == '"' || c == '\\')
            capo_put_format(out, "\\%c", c), at++;
        else if (c == '\n')
            capo_put(out, "\\n"), at++;
        else if (c == '\r')
            capo_put(out, "\\r"), at++;
        else if (c == '\t')
            capo_put(out, "\\t"), at++;
        else if (c == '\b')
            capo_put(out, "\\b"), at++;
        else if (c == '\f')
            capo_put(out, "\\f"), at++;
        else {
            uint32_t point = capo_utf8_next(&at, end);
            if (point >= 0x10000)
                capo_put_format(out, "\\u%04x\\u%04x", 0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF));
            else
                capo_put_format(out, "\\u%04x", point);
        }
    }
    capo_put_char(out, '"');
}

/* `whole`: letters outside of ASCII stand as they are. `compact`: no blank behind a comma. */
typedef struct Form { int indent; bool javascript, whole, compact; } Form;

static void put_line(Buffer *out, int indent, int level)
{
    if (!indent)
        return;
    capo_put_char(out, '\n');
    for (int i = 0; i < indent * level; i++)
        capo_put_char(out, ' ');
}

static void put_json(Buffer *out, Value v, Form form, int level)
{
    capo_stack_check(16 * 1024, "a value written as JSON");
    if (level > MAX_WRITTEN_DEPTH)
        capo_raise(ERROR_VALUE, "A value that was to become JSON is nested more than %d deep, or stands within itself.", MAX_WRITTEN_DEPTH);
    switch ((ValueKind)v.kind) {
    case VALUE_NULL:
        capo_put(out, "null");
        break;
    case VALUE_BOOL:
        capo_put(out, v.boolean ? "true" : "false");
        break;
    case VALUE_INT:
        capo_put_int(out, v.integer);
        break;
    case VALUE_REAL:
        if (!isfinite(v.real) && form.javascript) {
            capo_put(out, isnan(v.real) ? "NaN" : v.real < 0 ? "-Infinity" : "Infinity");
            break;
        }
        if (!isfinite(v.real))
            capo_raise(ERROR_VALUE, "JSON has no number for %s.", capo_to_text(v));
        capo_put_value(out, v);
        break;
    case VALUE_TEXT: case VALUE_SAFE:
        put_json_text(out, v.text, v.size, form.whole);
        break;
    case VALUE_DECIMAL:
        capo_put(out, v.flags & VALUE_FLAG_WHOLE ? "" : "\"");
        capo_put(out, v.decimal.text);
        capo_put(out, v.flags & VALUE_FLAG_WHOLE ? "" : "\"");
        break;
    case VALUE_DATETIME: {
        /* DjangoJSONEncoder: milliseconds, and Z for UTC */
        const TimeZone *zone = capo_time_zone_by_id(v.tag);
        bool naive = v.flags & VALUE_FLAG_NAIVE;
        char *iso = capo_datetime_iso(v.datetime, zone && !naive ? zone : capo_time_zone_utc()), *dot = strchr(iso, '.');
        char *offset = dot ? dot + 7 : iso + 19;
        capo_put_char(out, '"');
        capo_put_bytes(out, iso, dot ? (size_t)(dot - iso) + 4 : 19);
        capo_put(out, naive ? "" : strcmp(offset, "+00:00") == 0 ? "Z" : offset);
        capo_put_char(out, '"');
        break;
    }
    case VALUE_TIME: {
        const char *iso = capo_time_iso(v.time);
        capo_put_format(out, "\"%.12s\"", iso);
        break;
    }
    case VALUE_DURATION:
        capo_put_format(out, "\"%s\"", capo_duration_iso(v.duration));
        break;
    case VALUE_LIST:
        if (v.list->count == 0) {
            capo_put(out, "[]");
            break;
        }
        capo_put_char(out, '[');
        for (size_t i = 0; i < v.list->count; i++) {
            if (i)
                capo_put(out, form.indent || form.compact ? "," : ", ");
            put_line(out, form.indent, level + 1);
            put_json(out, v.list->items[i], form, level + 1);
        }
        put_line(out, form.indent, level);
        capo_put_char(out, ']');
        break;
    case VALUE_MAP:
        if (v.map->count == 0) {
            capo_put(out, "{}");
            break;
        }
        capo_put_char(out, '{');
        for (size_t i = 0; i < v.map->count; i++) {
            if (i)
                capo_put(out, form.indent || form.compact ? "," : ", ");
            put_line(out, form.indent, level + 1);
            Value key = v.map->entries[i].key;
            if (capo_is_text(key)) {
                put_json_text(out, key.text, key.size, form.whole);
            } else if (key.kind == VALUE_NULL || key.kind == VALUE_BOOL) {
                capo_put_char(out, '"');
                put_json(out, key, (Form){ 0 }, 0);
                capo_put_char(out, '"');
            } else {
                Value text = capo_value_to_text(key);
                put_json_text(out, text.text, text.size, form.whole);
            }
            capo_put(out, ": ");
            put_json(out, v.map->entries[i].value, form, level + 1);
        }
        put_line(out, form.indent, level);
        capo_put_char(out, '}');
        break;
    case VALUE_OBJECT:
        if (v.object->ops->json) {
            put_json(out, v.object->ops->json(v.object), form, level);
            break;
        }
        if (v.object->ops->next) {
            put_json(out, capo_value_list(capo_list_of(v)), form, level);
            break;
        }
        /* fall through */
    default: {
        Value text = capo_value_to_text(v);
        put_json_text(out, text.text, text.size, form.whole);
    }
    }
}

void capo_json_put(Buffer *out, Value v, int indent)
{
    put_json(out, v, (Form){ .indent = indent }, 0);
}

void capo_json_put_javascript(Buffer *out, Value v)
{
    put_json(out, v, (Form){ .javascript = true }, 0);
}

void capo_json_put_fixture(Buffer *out, Value v, int indent, bool compact)
{
    put_json(out, v, (Form){ .indent = indent, .javascript = true, .whole = true, .compact = compact }, 0);
}

char *capo_json_text(Value v, int indent)
{
    Buffer out = { 0 };
    put_json(&out, v, (Form){ .indent = indent }, 0);
    return capo_buffer_text(&out);
}
