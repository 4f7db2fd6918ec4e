/* SPDX-License-Identifier: BSD-3-Clause */
/* Values: boxing, Python's truth, equality, order and printing, lists and maps. */
#include "bytes.h"
#include "clock.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* DEEP: the stack that one more level may take. MAX_DEPTH: of lists and maps that are printed. */
enum { DEEP = 16 * 1024, MAX_DEPTH = 200 };

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

/* --- printing --- */

/* Numbers of few decimals, which most are. A whole number of up to 15 digits and a power of ten up to 10^6 are exact as doubles, and
 * so their quotient is the double nearest to that decimal: where it is d, the decimal reads back as d. */
static bool put_short_real(Buffer *out, double d)
{
    double size = fabs(d), scale = 1;
    if (!(size >= 1e-4 || size == 0) || size >= 1e15)
        return false;
    for (int places = 0; places <= 6 && size * scale < 1e15; places++, scale *= 10) {
        int64_t digits = (int64_t)(size * scale + 0.5), power = (int64_t)scale;
        if ((double)digits / scale != size)
            continue;
        if (signbit(d))
            capo_put_char(out, '-');
        capo_put_int(out, digits / power);
        capo_put_char(out, '.');
        capo_put_padded(out, digits % power, places);
        return true;
    }
    return false;
}

/* Python's repr(float): the shortest digits that read back the same. */
static void put_real(Buffer *out, double d)
{
    if (isnan(d)) {
        capo_put(out, "nan");
        return;
    }
    if (isinf(d)) {
        capo_put(out, d < 0 ? "-inf" : "inf");
        return;
    }
    if (put_short_real(out, d))
        return;
    /* Fifteen digits always read back as themselves, so that fewer are these without their zeroes; but for the smallest numbers. */
    char digits[40];
    for (int precision = fabs(d) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*e", precision - 1, d);
        if (strtod(digits, NULL) == d)
            break;
    }
    char *e = strchr(digits, 'e');
    int exponent = atoi(e + 1);
    *e = 0;
    const char *sign = digits[0] == '-' ? "-" : "";
    char plain[32];
    size_t n = 0;
    for (const char *p = digits; *p; p++)
        if (*p >= '0' && *p <= '9')
            plain[n++] = *p;
    while (n > 1 && plain[n - 1] == '0')
        n--;
    plain[n] = 0;
    capo_put(out, sign);
    if (exponent >= -4 && exponent < 16) {
        if (exponent < 0) {
            capo_put(out, "0.");
            for (int i = -1; i > exponent; i--)
                capo_put_char(out, '0');
            capo_put(out, plain);
        } else {
            for (int i = 0; i <= exponent; i++)
                capo_put_char(out, (size_t)i < n ? plain[i] : '0');
            capo_put_char(out, '.');
            capo_put(out, n > (size_t)exponent + 1 ? plain + exponent + 1 : "0");
        }
    } else {
        capo_put_char(out, plain[0]);
        if (n > 1) {
            capo_put_char(out, '.');
            capo_put(out, plain + 1);
        }
        capo_put_format(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    }
}

/* Python's str.isprintable beyond ASCII. */
static bool is_printable(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_CN: case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO: case UTF8PROC_CATEGORY_ZS: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return true;
    }
}

static void put_text_repr(Buffer *out, const char *text, size_t size, bool bytes)
{
    char quote = memchr(text, '\'', size) && !memchr(text, '"', size) ? '"' : '\'';
    if (bytes)
        capo_put_char(out, 'b');
    capo_put_char(out, quote);
    const char *at = text, *end = text + size;
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c == (unsigned char)quote || c == '\\') {
            capo_put_char(out, '\\');
            capo_put_char(out, (char)c);
        } else if (c == '\n') {
            capo_put(out, "\\n");
        } else if (c == '\r') {
            capo_put(out, "\\r");
        } else if (c == '\t') {
            capo_put(out, "\\t");
        } else if (c < 32 || c == 127 || (bytes && c > 127)) {
            capo_put_format(out, "\\x%02x", c);
        } else if (c >= 0x80) {
            const char *start = at;
            uint32_t point = capo_utf8_next(&at, end);
            if (is_printable(point))
                capo_put_bytes(out, start, (size_t)(at - start));
            else
                capo_put_format(out, point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
            continue;
        } else {
            capo_put_char(out, (char)c);
        }
        at++;
    }
    capo_put_char(out, quote);
}

static void put_duration_repr(Buffer *out, int64_t us)
{
    int64_t day = 86400LL * 1000000, rest = (us % day + day) % day, days = us / day - (us % day < 0);
    const struct { const char *name; int64_t value; } parts[] = { { "days", days }, { "seconds", rest / 1000000 }, { "microseconds", rest % 1000000 } };
    capo_put(out, "datetime.timedelta(");
    bool any = false;
    for (int i = 0; i < 3; i++)
        if (parts[i].value) {
            capo_put_format(out, "%s%s=%lld", any ? ", " : "", parts[i].name, (long long)parts[i].value);
            any = true;
        }
    capo_put(out, any ? ")" : "0)");
}

static void put_zone_repr(Buffer *out, const TimeZone *zone)
{
    int offset;
    if (!capo_time_zone_is_fixed(zone, &offset)) {
        capo_put_format(out, "zoneinfo.ZoneInfo(key='%s')", capo_time_zone_name(zone));
    } else if (zone == capo_time_zone_utc()) {
        capo_put(out, "datetime.timezone.utc");
    } else {
        capo_put(out, "datetime.timezone(");
        put_duration_repr(out, offset * 1000000LL);
        if (zone != capo_time_zone_fixed(offset, NULL))     /* a name that was given */
            capo_put_format(out, ", '%s'", capo_time_zone_name(zone));
        capo_put_char(out, ')');
    }
}

static void put_datetime_repr(Buffer *out, Value v)
{
    const TimeZone *zone = capo_time_zone_by_id(v.tag);
    bool naive = v.flags & VALUE_FLAG_NAIVE;
    if (!zone || naive)
        zone = capo_time_zone_utc();
    DateParts p = capo_local(v.datetime, zone);
    capo_put_format(out, "datetime.datetime(%d, %d, %d, %d, %d", p.year, p.month, p.day, p.hour, p.minute);
    if (p.second || p.microsecond)
        capo_put_format(out, ", %d", p.second);
    if (p.microsecond)
        capo_put_format(out, ", %d", p.microsecond);
    if (!naive) {
        capo_put(out, ", tzinfo=");
        put_zone_repr(out, zone);
    }
    capo_put_char(out, ')');
}

/* The lists and maps within which a value stands. One that stands within itself prints as Python's does: [...] */
typedef struct Around { const void *container; const struct Around *outer; int depth; } Around;

static void put_value(Buffer *out, Value v, const Around *around);

/* False: the container is one of those around it, which says so in the text. */
static bool enter(Buffer *out, const void *container, const char *again, const Around *around, Around *ret)
{
    capo_stack_check(DEEP, "a value that is printed");
    *ret = (Around){ container, around, around ? around->depth + 1 : 1 };
    if (ret->depth > MAX_DEPTH)
        capo_raise(ERROR_VALUE, "A value that was to be printed has lists and maps nested more than %d deep.", MAX_DEPTH);
    for (; around; around = around->outer)
        if (around->container == container) {
            capo_put(out, again);
            return false;
        }
    return true;
}

static void put_repr(Buffer *out, Value v, const Around *around)
{
    switch ((ValueKind)v.kind) {
    case VALUE_TEXT: case VALUE_SAFE:
        put_text_repr(out, v.text, v.size, false);
        break;
    case VALUE_BYTES:
        put_text_repr(out, (const char *)v.bytes, v.size, true);
        break;
    case VALUE_DECIMAL:
        capo_put_format(out, v.flags & VALUE_FLAG_WHOLE ? "%s" : "Decimal('%s')", v.decimal.text ? v.decimal.text : "0");
        break;
    case VALUE_DATE: {
        int year, month, day;
        capo_date_parts(v.date, &year, &month, &day);
        capo_put_format(out, "datetime.date(%d, %d, %d)", year, month, day);
        break;
    }
    case VALUE_DATETIME:
        put_datetime_repr(out, v);
        break;
    case VALUE_TIME: {
        int64_t us = v.time.microseconds;
        capo_put_format(out, "datetime.time(%d, %d", (int)(us / 3600000000), (int)(us / 60000000 % 60));
        if (us % 60000000)
            capo_put_format(out, ", %d", (int)(us / 1000000 % 60));
        if (us % 1000000)
            capo_put_format(out, ", %d", (int)(us % 1000000));
        capo_put_char(out, ')');
        break;
    }
    case VALUE_DURATION:
        put_duration_repr(out, v.duration.microseconds);
        break;
    case VALUE_UUID:
        capo_put_format(out, "UUID('%s')", capo_uuid_text(v.uuid));
        break;
    case VALUE_OBJECT: {
        const char *text = v.object->ops->text ? v.object->ops->text(v.object) : "";
        if (text[0] == '<' || v.object->ops->text_is_repr || !v.object->ops->text)
            capo_put(out, text[0] ? text : "<object>");
        else
            capo_put_format(out, "<%s: %s>", v.object->ops->type_name, text);
        break;
    }
    default:
        put_value(out, v, around);
    }
}

void capo_put_repr(Buffer *out, Value v)
{
    capo_stack_check(DEEP, "a value that is printed");
    put_repr(out, v, NULL);
}

void capo_put_value(Buffer *out, Value v)
{
    put_value(out, v, NULL);
}

static void put_value(Buffer *out, Value v, const Around *around)
{
    Around here;
    switch ((ValueKind)v.kind) {
    case VALUE_NULL:
        if (!(v.flags & VALUE_FLAG_MISSING))
            capo_put(out, "None");
        break;
    case VALUE_BOOL:
        capo_put(out, v.boolean ? "True" : "False");
        break;
    case VALUE_INT:
        capo_put_int(out, v.integer);
        break;
    case VALUE_REAL:
        put_real(out, v.real);
        break;
    case VALUE_DECIMAL:
        capo_put(out, v.decimal.text ? v.decimal.text : "0");
        break;
    case VALUE_TEXT: case VALUE_SAFE:
        capo_put_bytes(out, v.text, v.size);
        break;
    case VALUE_DATE:
        capo_put(out, capo_date_iso(v.date));
        break;
    case VALUE_TIME:
        capo_put(out, capo_time_iso(v.time));
        break;
    case VALUE_DATETIME: {
        /* Python's str(): a space where ISO has the T */
        const TimeZone *zone = capo_time_zone_by_id(v.tag);
        char *iso = capo_datetime_iso(v.datetime, zone && !(v.flags & VALUE_FLAG_NAIVE) ? zone : capo_time_zone_utc());
        char *t = strchr(iso, 'T');
        if (t)
            *t = ' ';
        if (v.flags & VALUE_FLAG_NAIVE && strlen(iso) > 6)
            iso[strlen(iso) - 6] = 0;
        capo_put(out, iso);
        break;
    }
    case VALUE_DURATION:
        capo_put(out, capo_duration_text(v.duration));
        break;
    case VALUE_UUID:
        capo_put(out, capo_uuid_text(v.uuid));
        break;
    case VALUE_LIST:
        if (!enter(out, v.list, v.flags & VALUE_FLAG_TUPLE ? "(...)" : "[...]", around, &here))
            break;
        capo_put_char(out, v.flags & VALUE_FLAG_TUPLE ? '(' : '[');
        for (size_t i = 0; i < v.list->count; i++) {
            if (i)
                capo_put(out, ", ");
            put_repr(out, v.list->items[i], &here);
        }
        if (v.flags & VALUE_FLAG_TUPLE)
            capo_put(out, v.list->count == 1 ? ",)" : ")");
        else
            capo_put_char(out, ']');
        break;
    case VALUE_MAP:
        if (!enter(out, v.map, "{...}", around, &here))
            break;
        capo_put_char(out, '{');
        for (size_t i = 0; i < v.map->count; i++) {
            if (i)
                capo_put(out, ", ");
            put_repr(out, v.map->entries[i].key, &here);
            capo_put(out, ": ");
            put_repr(out, v.map->entries[i].value, &here);
        }
        capo_put_char(out, '}');
        break;
    case VALUE_OBJECT:
        if (v.object->ops->text)
            capo_put(out, v.object->ops->text(v.object));
        else
            capo_put_format(out, "<%s object>", v.object->ops->type_name);
        break;
    case VALUE_BYTES:
        capo_put_repr(out, v);
        break;
    }
}

Value capo_value_to_text(Value v)
{
    if (capo_is_text(v))
        return v;
    Buffer out = { 0 };
    capo_put_value(&out, v);
    return capo_value_text_n(capo_buffer_text(&out), out.size);
}

const char *capo_to_text(Value v)
{
    return capo_value_to_text(v).text;
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
        if (!(v.real > -9.3e18 && v.real < 9.2e18))
            return false;
        *ret = (int64_t)v.real;
        return true;
    case VALUE_DECIMAL: {
        double d = capo_decimal_to_double(v.decimal);
        if (!(d > -9.3e18 && d < 9.2e18))
            return false;
        *ret = (int64_t)d;
        return true;
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
