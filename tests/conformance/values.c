/* SPDX-License-Identifier: BSD-3-Clause */
/* The tagged values of the cases: {"$decimal": "1.50"} and the like. */
#include "conformance.h"
#include <capo/request.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Value conformance_get(const Map *map, const char *key)
{
    Value *found = map ? capo_map_get(map, key) : NULL;
    return found ? *found : capo_value_null();
}

static Value datetime_value(const Map *map, const char *text)
{
    const TimeZone *zone = NULL;
    Value tz = conformance_get(map, "tz");
    if (capo_is_text(tz))
        zone = capo_time_zone(tz.text);
    Value offset = conformance_get(map, "offset");
    DateTime instant;
    if (!capo_parse_datetime(text, zone ? zone : capo_time_zone("UTC"), &instant))
        return capo_value_text(text);
    Value value = capo_value_datetime(instant);
    if (offset.kind == VALUE_INT) {
        Value name = conformance_get(map, "tzname");
        value.datetime.microseconds -= offset.integer * 1000000;
        value.tag = capo_time_zone_id(capo_time_zone_fixed((int)offset.integer, capo_is_text(name) ? name.text : NULL));
    } else if (!zone) {
        value.flags |= VALUE_FLAG_NAIVE;
    } else {
        value.tag = capo_time_zone_id(zone);
    }
    return value;
}

static Value tagged(const Map *map, const char *tag, Value content)
{
    const char *text = capo_to_text(content);
    if (!strcmp(tag, "$safe"))
        return capo_value_safe_n(content.text, content.size);
    if (!strcmp(tag, "$querydict"))
        return capo_value_object(capo_dict_parse(content.text, content.size));
    if (!strcmp(tag, "$datetime"))
        return datetime_value(map, text);
    if (!strcmp(tag, "$decimal"))
    {
        Decimal decimal;
        if (capo_parse_decimal(text, &decimal))
            return capo_value_decimal(decimal);
        return capo_value_decimal((Decimal){ text });
    }
    if (!strcmp(tag, "$float"))
        return capo_value_real(strtod(text, NULL));
    if (!strcmp(tag, "$date")) {
        Date date;
        return capo_parse_date(text, &date) ? capo_value_date(date) : content;
    }
    if (!strcmp(tag, "$time")) {
        Time time;
        return capo_parse_time(text, &time) ? capo_value_time(time) : content;
    }
    if (!strcmp(tag, "$uuid")) {
        Uuid uuid;
        return capo_parse_uuid(text, &uuid) ? capo_value_uuid(uuid) : content;
    }
    if (!strcmp(tag, "$timedelta") && content.kind == VALUE_LIST && content.list->count == 3) {
        const Value *part = content.list->items;
        return capo_value_duration((Duration){ (part[0].integer * 86400 + part[1].integer) * 1000000 + part[2].integer });
    }
    if (!strcmp(tag, "$dict")) {
        Map *result = capo_map_new();
        for (size_t i = 0; content.kind == VALUE_LIST && i < content.list->count; i++)
            capo_map_set_value(result, conformance_value(content.list->items[i].list->items[0]),
                               conformance_value(content.list->items[i].list->items[1]));
        return capo_value_map(result);
    }
    if (!strcmp(tag, "$bytes")) {
        size_t size = strlen(text) / 2;
        uint8_t *bytes = capo_alloc(size + 1);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)strtol((char[]){ text[2 * i], text[2 * i + 1], 0 }, NULL, 16);
        return capo_value_bytes(bytes, size);
    }
    return capo_value_map((Map *)map);
}

Value conformance_value(Value json)
{
    if (json.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < json.list->count; i++)
            capo_list_add(list, conformance_value(json.list->items[i]));
        return capo_value_list(list);
    }
    if (json.kind != VALUE_MAP)
        return json;
    if (json.map->count && capo_is_text(json.map->entries[0].key) && json.map->entries[0].key.text[0] == '$')
        return tagged(json.map, json.map->entries[0].key.text, json.map->entries[0].value);
    Map *map = capo_map_new();
    for (size_t i = 0; i < json.map->count; i++)
        capo_map_set_value(map, json.map->entries[i].key, conformance_value(json.map->entries[i].value));
    return capo_value_map(map);
}

static Value tag(const char *name, Value content)
{
    Map *map = capo_map_new();
    capo_map_set(map, name, content);
    return capo_value_map(map);
}

static Value datetime_json(Value value)
{
    char *iso = capo_datetime_iso(value.datetime, capo_time_zone("UTC"));
    size_t size = strlen(iso);
    if (capo_ends_with(iso, "+00:00"))
        iso[size - 6] = 0;
    return tag("$datetime", capo_value_text(iso));
}

static Value duration_json(Duration duration)
{
    int64_t day = 86400LL * 1000000, days = duration.microseconds / day, rest = duration.microseconds % day;
    if (rest < 0) {
        rest += day;
        days--;
    }
    List *list = capo_list_new();
    capo_list_add(list, capo_value_int(days));
    capo_list_add(list, capo_value_int(rest / 1000000));
    capo_list_add(list, capo_value_int(rest % 1000000));
    return tag("$timedelta", capo_value_list(list));
}

Value conformance_json(Value value)
{
    switch ((ValueKind)value.kind) {
    case VALUE_DECIMAL: return value.flags & VALUE_FLAG_WHOLE ? value : tag("$decimal", capo_value_text(value.decimal.text));
    case VALUE_DATE: return tag("$date", capo_value_text(capo_date_iso(value.date)));
    case VALUE_TIME: return tag("$time", capo_value_text(capo_time_iso(value.time)));
    case VALUE_DATETIME: return datetime_json(value);
    case VALUE_DURATION: return duration_json(value.duration);
    case VALUE_UUID: return tag("$uuid", capo_value_text(capo_uuid_text(value.uuid)));
    case VALUE_BYTES: {
        Buffer digits = { 0 };
        for (uint32_t i = 0; i < value.size; i++)
            capo_put_format(&digits, "%02x", value.bytes[i]);
        return tag("$bytes", capo_value_text(capo_buffer_text(&digits)));
    }
    case VALUE_SAFE: return tag("$safe", capo_value_text_n(value.text, value.size));
    case VALUE_REAL:
        if (isnan(value.real) || isinf(value.real))
            return tag("$float", capo_value_text(isnan(value.real) ? "nan" : value.real > 0 ? "inf" : "-inf"));
        return value;
    case VALUE_LIST: {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, conformance_json(value.list->items[i]));
        return capo_value_list(list);
    }
    case VALUE_MAP: {
        Map *map = capo_map_new();
        for (size_t i = 0; i < value.map->count; i++)
            capo_map_set_value(map, value.map->entries[i].key, conformance_json(value.map->entries[i].value));
        return capo_value_map(map);
    }
    default: return value;
    }
}
