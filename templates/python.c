/* SPDX-License-Identifier: BSD-3-Clause */
/* What templates get from Python's own types by a dot: the attributes and the methods without arguments. A closed list. */
#include "filters.h"
#include "../core/base/clock.h"
#include <math.h>
#include <string.h>

Value capo_buffer_value(Buffer *buffer, bool safe)
{
    const char *text = capo_buffer_text(buffer);
    return safe ? capo_value_safe_n(text, buffer->size) : capo_value_text_n(text, buffer->size);
}

/* --- int() and float() --- */

IntResult capo_python_whole(Value value, Value *ret)
{
    switch ((ValueKind)value.kind) {
    case VALUE_REAL:
        if (isinf(value.real))
            capo_raise(ERROR_VALUE, "Infinity is no whole number.");
        return capo_to_whole(value, ret) ? INT_OK : INT_VALUE_ERROR;
    case VALUE_DECIMAL:
        if (capo_is_special(value) && !strcasestr(value.decimal.text, "nan"))
            capo_raise(ERROR_VALUE, "Infinity is no whole number.");
        return capo_to_whole(value, ret) ? INT_OK : INT_VALUE_ERROR;
    case VALUE_BOOL: case VALUE_INT: case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES: case VALUE_UUID:
        return capo_to_whole(value, ret) ? INT_OK : INT_VALUE_ERROR;
    default: return INT_TYPE_ERROR;
    }
}

IntResult capo_python_int(Value value, int64_t *ret)
{
    Value whole;
    IntResult result = capo_python_whole(value, &whole);
    if (result == INT_OK)
        *ret = whole.kind == VALUE_INT ? whole.integer : whole.decimal.text[0] == '-' ? INT64_MIN : INT64_MAX;
    return result;
}

Value capo_python_whole_or_raise(const char *filter, Value value)
{
    Value whole;
    if (capo_python_whole(value, &whole) != INT_OK)
        capo_raise(ERROR_VALUE, "The filter '%s' needs a whole number, not '%.100s'.", filter, capo_to_text(value));
    return whole;
}

int64_t capo_python_int_or_raise(const char *filter, Value value)
{
    int64_t number = 0;
    capo_python_int(capo_python_whole_or_raise(filter, value), &number);
    return number;
}

bool capo_python_float(Value value, double *ret)
{
    if (capo_is_text(value) || value.kind == VALUE_BYTES) {
        const char *plain = capo_plain_digits(value.text, value.size);
        return plain && capo_to_real(capo_value_text(plain), ret);
    }
    if (!capo_to_real(value, ret))
        return false;
    if (isinf(*ret) && capo_is_whole(value))
        capo_raise(ERROR_VALUE, "The number %.40s… is too large for a float.", capo_to_text(value));
    return true;
}

/* --- attributes and methods --- */

static bool is(const char *name, size_t size, const char *wanted)
{
    return strlen(wanted) == size && memcmp(name, wanted, size) == 0;
}

/* What dict.items gives: to walk through, without indexes. */
typedef struct MapView { Object object; List *list; const char *kind; } MapView;

static bool view_next(Object *self, void **state, Value *ret)
{
    return capo_iterate(capo_value_list(((MapView *)self)->list), state, ret);
}

static int64_t view_length(Object *self)
{
    return (int64_t)((MapView *)self)->list->count;
}

static const char *view_text(Object *self)
{
    const MapView *view = (const MapView *)self;
    return capo_format("%s(%s)", view->kind, capo_to_text(capo_value_list(view->list)));
}

static const ObjectOps view_ops = { .type_name = "dict_view", .next = view_next, .length = view_length, .text = view_text };

static bool map_attribute(Map *map, const char *name, size_t size, Value *ret)
{
    bool items = is(name, size, "items"), keys = is(name, size, "keys");
    const char *kind = items ? "dict_items" : keys ? "dict_keys" : "dict_values";
    if (!items && !keys && !is(name, size, "values"))
        return false;
    List *list = capo_list_new();
    for (size_t i = 0; i < map->count; i++) {
        if (items) {
            List *pair = capo_list_new();
            capo_list_add(pair, map->entries[i].key);
            capo_list_add(pair, map->entries[i].value);
            Value tuple = capo_value_list(pair);
            tuple.flags = VALUE_FLAG_TUPLE;
            capo_list_add(list, tuple);
        } else {
            capo_list_add(list, keys ? map->entries[i].key : map->entries[i].value);
        }
    }
    MapView *view = capo_alloc_struct(MapView);
    *view = (MapView){ { &view_ops }, list, kind };
    *ret = capo_value_object(view);
    return true;
}

static bool all_are(Value v, bool (*test)(uint32_t))
{
    const char *at = v.text, *end = at + v.size;
    while (at < end)
        if (!test(capo_utf8_next(&at, end)))
            return false;
    return v.size > 0;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

/* Where a word ends; *ret_next is behind the white space after it. */
static const char *word_end(const char *at, const char *end, const char **ret_next)
{
    while (at < end) {
        *ret_next = at;
        if (capo_is_space(capo_utf8_next(ret_next, end)))
            return at;
        at = *ret_next;
    }
    return *ret_next = end;
}

static bool text_attribute(Value v, const char *name, size_t size, Value *ret)
{
    Buffer out = { 0 };
    if (is(name, size, "upper")) {
        capo_put_upper(&out, v.text, v.size);
    } else if (is(name, size, "lower")) {
        capo_put_lower(&out, v.text, v.size);
    } else if (is(name, size, "strip") || is(name, size, "lstrip") || is(name, size, "rstrip")) {
        const char *text = v.text, *end = v.text + v.size;
        size_t length = v.size;
        capo_trim(&text, &length);
        const char *from = *name == 'r' ? v.text : text, *to = *name == 'l' ? end : text + length;
        capo_put_bytes(&out, from, to > from ? (size_t)(to - from) : 0);
    } else if (is(name, size, "swapcase")) {
        for (const char *at = v.text, *end = at + v.size, *start = at; at < end; start = at) {
            uint32_t c = capo_utf8_next(&at, end);
            if (capo_is_cased(c) && capo_is_upper(c))
                capo_put_lower(&out, start, (size_t)(at - start));
            else
                capo_put_upper(&out, start, (size_t)(at - start));
        }
    } else if (is(name, size, "capitalize")) {
        const char *at = v.text, *end = at + v.size;
        if (at < end)
            capo_utf8_next(&at, end);
        capo_put_upper(&out, v.text, (size_t)(at - v.text));
        capo_put_lower(&out, at, (size_t)(end - at));
    } else if (is(name, size, "title")) {
        capo_put_title(&out, v.text, v.size);
    } else if (is(name, size, "isdigit") || is(name, size, "isnumeric") || is(name, size, "isdecimal")) {
        *ret = capo_value_bool(all_are(v, is_digit));
        return true;
    } else if (is(name, size, "isspace")) {
        *ret = capo_value_bool(all_are(v, capo_is_space));
        return true;
    } else if (is(name, size, "isalpha")) {
        *ret = capo_value_bool(all_are(v, capo_is_letter));
        return true;
    } else if (is(name, size, "isupper") || is(name, size, "islower")) {
        bool any = false, all = true;
        for (const char *at = v.text, *end = at + v.size; at < end;) {
            uint32_t c = capo_utf8_next(&at, end);
            any |= capo_is_cased(c);
            all &= !capo_is_cased(c) || (name[2] == 'u' ? capo_is_upper(c) : capo_is_lower(c));
        }
        *ret = capo_value_bool(any && all);
        return true;
    } else if (is(name, size, "isalnum")) {
        *ret = capo_value_bool(all_are(v, capo_is_alphanumeric));
        return true;
    } else if (is(name, size, "split") || is(name, size, "splitlines")) {
        bool lines = size > 5;
        List *list = capo_list_new();
        const char *at = v.text, *end = at + v.size, *next;
        for (; at < end; at = next) {
            const char *stop = lines ? capo_line_end(at, end, &next) : word_end(at, end, &next);
            if (lines || stop > at)
                capo_list_add(list, capo_value_copy_n(at, (size_t)(stop - at)));
        }
        *ret = capo_value_list(list);
        return true;
    } else {
        return false;
    }
    *ret = capo_buffer_value(&out, false);
    return true;
}

static bool date_attribute(Value v, const char *name, size_t size, Value *ret)
{
    DateParts p;
    bool date = v.kind != VALUE_TIME, time = v.kind != VALUE_DATE;
    if (v.kind == VALUE_DATETIME && !(v.flags & VALUE_FLAG_NAIVE)) {
        const TimeZone *zone = capo_time_zone_by_id(v.tag);
        p = capo_local(v.datetime, zone ? zone : capo_time_zone_utc());
    } else {
        p = capo_wall((DateTime){ v.kind == VALUE_DATE ? capo_midnight_us(v.date) : v.integer });
    }
    const struct { const char *name; bool has; int value; } rows[] = {
        { "year", date, p.year }, { "month", date, p.month }, { "day", date, p.day }, { "weekday", date, p.weekday },
        { "isoweekday", date, p.weekday + 1 }, { "hour", time, p.hour }, { "minute", time, p.minute }, { "second", time, p.second },
        { "microsecond", time, p.microsecond },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].has && is(name, size, rows[i].name)) {
            *ret = capo_value_int(rows[i].value);
            return true;
        }
    if (is(name, size, "isoformat")) {
        Buffer out = { 0 };
        if (v.kind == VALUE_DATETIME)
            capo_put_iso_datetime(&out, &p, 'T');
        else
            capo_put_value(&out, v);
        *ret = capo_buffer_value(&out, false);
        return true;
    }
    if (v.kind == VALUE_TIME && is(name, size, "tzinfo")) {
        *ret = capo_value_null();
        return true;
    }
    if (v.kind == VALUE_DATETIME && (is(name, size, "tzinfo") || is(name, size, "tzname") || is(name, size, "utcoffset"))) {
        const TimeZone *zone = capo_time_zone_by_id(v.tag);
        if (v.flags & VALUE_FLAG_NAIVE)
            *ret = capo_value_null();
        else if (name[0] == 'u')
            *ret = capo_value_duration((Duration){ p.offset * 1000000LL });
        else
            *ret = capo_value_text(name[2] == 'n' ? p.zone : capo_time_zone_name(zone ? zone : capo_time_zone_utc()));
        return true;
    }
    if (v.kind == VALUE_DATETIME && is(name, size, "date")) {
        *ret = capo_value_date((Date){ (int32_t)capo_days_from_civil(p.year, p.month, p.day) });
        return true;
    }
    if (v.kind == VALUE_DATETIME && is(name, size, "time")) {
        *ret = capo_value_time((Time){ (p.hour * 3600LL + p.minute * 60 + p.second) * US_PER_SECOND + p.microsecond });
        return true;
    }
    return false;
}

static bool duration_attribute(Duration duration, const char *name, size_t size, Value *ret)
{
    int64_t us = duration.microseconds, days = us / US_PER_DAY - (us % US_PER_DAY < 0);
    int64_t rest = us % US_PER_DAY + (us % US_PER_DAY < 0 ? US_PER_DAY : 0);
    if (is(name, size, "days"))
        *ret = capo_value_int(days);
    else if (is(name, size, "seconds"))
        *ret = capo_value_int(rest / US_PER_SECOND);
    else if (is(name, size, "microseconds"))
        *ret = capo_value_int(rest % US_PER_SECOND);
    else if (is(name, size, "total_seconds"))
        *ret = capo_value_real((double)us / US_PER_SECOND);
    else
        return false;
    return true;
}

bool capo_python_attribute(Value v, const char *name, size_t size, Value *ret)
{
    switch ((ValueKind)v.kind) {
    case VALUE_MAP: return map_attribute(v.map, name, size, ret);
    case VALUE_TEXT: case VALUE_SAFE: return text_attribute(v, name, size, ret);
    case VALUE_DATE: case VALUE_TIME: case VALUE_DATETIME: return date_attribute(v, name, size, ret);
    case VALUE_DURATION: return duration_attribute(v.duration, name, size, ret);
    case VALUE_UUID:
        if (!is(name, size, "hex"))
            return false;
        {
            Buffer out = { 0 };
            for (int i = 0; i < 16; i++)
                capo_put_format(&out, "%02x", v.uuid->bytes[i]);
            *ret = capo_buffer_value(&out, false);
        }
        return true;
    case VALUE_BOOL: case VALUE_INT: case VALUE_REAL: case VALUE_DECIMAL:
        if (is(name, size, "real") || ((capo_is_whole(v) || v.kind == VALUE_BOOL) && is(name, size, "numerator")))
            *ret = v.kind == VALUE_BOOL ? capo_value_int(v.boolean) : v;
        else if (v.kind == VALUE_REAL && is(name, size, "is_integer"))
            *ret = capo_value_bool(v.real == floor(v.real) && !isinf(v.real));
        else if (is(name, size, "imag"))
            *ret = v.kind == VALUE_REAL ? capo_value_real(0) : capo_value_int(0);
        else if ((capo_is_whole(v) || v.kind == VALUE_BOOL) && is(name, size, "denominator"))
            *ret = capo_value_int(1);
        else
            return false;
        return true;
    default: return false;
    }
}
