/* SPDX-License-Identifier: BSD-3-Clause */
/* How values print: str() and repr() as Python has them. */
#include "bytes.h"
#include "clock.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* DEEP: the stack that one more level may take. MAX_DEPTH: of lists and maps that are printed. */
enum { DEEP = 16 * 1024, MAX_DEPTH = 200 };

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
