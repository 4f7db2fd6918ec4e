/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that JSON lacks, as maps with one key that begins with '$' (../shared/conformance/README.md). */
#include "conformance.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Value decode_list(Value list)
{
    List *decoded = capo_list_new();
    for (size_t i = 0; i < list.list->count; i++)
        capo_list_add(decoded, conformance_decode(list.list->items[i]));
    return capo_value_list(decoded);
}

static Value decode_float(const char *text)
{
    return capo_value_real(strcmp(text, "nan") == 0 ? NAN : strcmp(text, "-inf") == 0 ? -INFINITY : INFINITY);
}

static Value decode_bytes(const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *bytes = capo_alloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        char pair[3] = { hex[2 * i], hex[2 * i + 1], 0 };
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return capo_value_bytes(bytes, size);
}

static Value decode_duration(Value parts)
{
    int64_t days = parts.list->items[0].integer, seconds = parts.list->items[1].integer, micro = parts.list->items[2].integer;
    return capo_value_duration((Duration){ (days * 86400 + seconds) * 1000000 + micro });
}

static Value decode_datetime(const char *text, Value json)
{
    DateTime instant;
    const char *zone = case_text(json, "tz");
    bool aware = strlen(text) > 19 && strpbrk(text + 19, "+-Z");
    if (!capo_parse_datetime(text, zone ? capo_time_zone(zone) : capo_time_zone("UTC"), &instant))
        case_skip(capo_format("the datetime %s", text));
    Value value = capo_value_datetime(instant);
    if (!zone && !aware && case_get(json, "offset").kind == VALUE_NULL)
        value.flags |= VALUE_FLAG_NAIVE;
    return value;
}

static Value decode_pairs(Value pairs)
{
    Map *map = capo_map_new();
    for (size_t i = 0; i < pairs.list->count; i++) {
        Value pair = pairs.list->items[i];
        capo_map_set_value(map, conformance_decode(pair.list->items[0]), conformance_decode(pair.list->items[1]));
    }
    return capo_value_map(map);
}

static Value decode_map(Value json)
{
    const char *text;
    Value inner;
    if ((inner = case_get(json, "$safe")).kind == VALUE_TEXT)
        return capo_value_safe_n(inner.text, inner.size);
    if ((text = case_text(json, "$datetime")))
        return decode_datetime(text, json);
    if ((text = case_text(json, "$date"))) {
        Date date;
        return capo_parse_date(text, &date) ? capo_value_date(date) : capo_value_null();
    }
    if ((text = case_text(json, "$time"))) {
        Time time;
        return capo_parse_time(text, &time) ? capo_value_time(time) : capo_value_null();
    }
    if ((text = case_text(json, "$decimal")))
        return capo_value_decimal((Decimal){ text });
    if ((inner = case_get(json, "$timedelta")).kind == VALUE_LIST)
        return decode_duration(inner);
    if ((text = case_text(json, "$float")))
        return decode_float(text);
    if ((text = case_text(json, "$bytes")))
        return decode_bytes(text);
    if ((text = case_text(json, "$uuid"))) {
        Uuid uuid;
        return capo_parse_uuid(text, &uuid) ? capo_value_uuid(uuid) : capo_value_null();
    }
    if ((inner = case_get(json, "$dict")).kind == VALUE_LIST)
        return decode_pairs(inner);
    if (json.map->count && capo_starts_with(json.map->entries[0].key.text, "$"))
        case_skip(capo_format("a value %s", json.map->entries[0].key.text));
    Map *map = capo_map_new();
    for (size_t i = 0; i < json.map->count; i++)
        capo_map_set_value(map, json.map->entries[i].key, conformance_decode(json.map->entries[i].value));
    return capo_value_map(map);
}

Value conformance_decode(Value json)
{
    return json.kind == VALUE_LIST ? decode_list(json) : json.kind == VALUE_MAP ? decode_map(json) : json;
}

static void put_tagged(Buffer *out, const char *tag, const char *text)
{
    capo_json_put(out, capo_value_map(capo_map(V(tag, text))), 0);
}

void conformance_encode(Buffer *out, Value v)
{
    switch ((ValueKind)v.kind) {
    case VALUE_SAFE: {
        Value text = capo_value_text_n(v.text, v.size);
        capo_json_put(out, capo_value_map(capo_map(V("$safe", text))), 0);
        break;
    }
    case VALUE_REAL:
        if (isfinite(v.real))
            capo_put_format(out, "%.17g%s", v.real, v.real == floor(v.real) && fabs(v.real) < 1e15 ? ".0" : "");
        else
            put_tagged(out, "$float", isnan(v.real) ? "nan" : v.real < 0 ? "-inf" : "inf");
        break;
    case VALUE_DECIMAL:
        if (v.tag == CASE_INTEGER) {
            capo_put(out, v.decimal.text);
            break;
        }
        put_tagged(out, "$decimal", v.decimal.text ? v.decimal.text : "0"); break;
    case VALUE_DATE: put_tagged(out, "$date", capo_date_iso(v.date)); break;
    case VALUE_TIME: put_tagged(out, "$time", capo_time_iso(v.time)); break;
    case VALUE_DATETIME: put_tagged(out, "$datetime", capo_datetime_iso(v.datetime, NULL)); break;
    case VALUE_UUID: put_tagged(out, "$uuid", capo_uuid_text(v.uuid)); break;
    case VALUE_BYTES:
        capo_put(out, "{\"$bytes\": \"");
        for (size_t i = 0; i < v.size; i++)
            capo_put_format(out, "%02x", v.bytes[i]);
        capo_put(out, "\"}");
        break;
    case VALUE_DURATION: {
        int64_t micro = v.duration.microseconds, day = 86400ll * 1000000, days = micro / day - (micro % day < 0);
        micro -= days * day;
        capo_put_format(out, "{\"$timedelta\": [%lld, %lld, %lld]}", (long long)days, (long long)(micro / 1000000), (long long)(micro % 1000000));
        break;
    }
    case VALUE_LIST:
        capo_put(out, "[");
        for (size_t i = 0; i < v.list->count; i++) {
            capo_put(out, i ? ", " : "");
            conformance_encode(out, v.list->items[i]);
        }
        capo_put(out, "]");
        break;
    case VALUE_MAP:
        capo_put(out, "{");
        for (size_t i = 0; i < v.map->count; i++) {
            capo_put(out, i ? ", " : "");
            capo_json_put(out, capo_value_to_text(v.map->entries[i].key), 0);
            capo_put(out, ": ");
            conformance_encode(out, v.map->entries[i].value);
        }
        capo_put(out, "}");
        break;
    default:
        capo_json_put(out, v, 0);
    }
}
