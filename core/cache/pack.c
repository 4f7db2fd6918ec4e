/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as bytes: a kind, flags, and what belongs to it; numbers as this machine has them. Texts have their NUL, so that an
 * unpacked value points into the bytes. What is unpacked may come from a file: nothing in it is trusted. */
#include "cache_internal.h"
#include <string.h>

enum { MAX_DEPTH = 64, MAX_PACKED = 1 << 30 };

typedef struct Head { uint8_t kind, flags; } Head;

static void put_text(Buffer *out, const char *text, size_t size)
{
    uint32_t size32 = (uint32_t)size;
    capo_put_bytes(out, &size32, sizeof size32);
    capo_put_bytes(out, text, size);
    capo_put_bytes(out, "", 1);
}

static void pack(Buffer *out, Value v, int depth)
{
    if (depth > MAX_DEPTH)
        capo_raise(ERROR_VALUE, "A value cannot be kept in a cache: its lists and maps are nested more than %d deep.", MAX_DEPTH);
    if (v.kind == VALUE_OBJECT && v.object->ops->json) {
        pack(out, v.object->ops->json(v.object), depth + 1);
        return;
    }
    if (v.kind == VALUE_OBJECT)
        capo_raise(ERROR_VALUE, "A %s cannot be kept in a cache: keep what is needed of it, as a text or a map.",
                   v.object->ops->type_name ? v.object->ops->type_name : "object");
    capo_put_bytes(out, &(Head){ v.kind, v.flags }, sizeof(Head));
    switch ((ValueKind)v.kind) {
    case VALUE_NULL:
        break;
    case VALUE_BOOL:
        capo_put_bytes(out, &v.boolean, sizeof v.boolean);
        break;
    case VALUE_DECIMAL:
        put_text(out, v.decimal.text ? v.decimal.text : "0", v.decimal.text ? strlen(v.decimal.text) : 1);
        break;
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES:
        put_text(out, v.text, v.size);
        break;
    case VALUE_UUID:
        capo_put_bytes(out, v.uuid, sizeof *v.uuid);
        break;
    case VALUE_DATE:
        capo_put_bytes(out, &v.date, sizeof v.date);
        break;
    case VALUE_INT: case VALUE_REAL: case VALUE_TIME: case VALUE_DATETIME: case VALUE_DURATION:
        capo_put_bytes(out, &v.integer, sizeof v.integer);
        if (v.kind == VALUE_DATETIME && v.flags & VALUE_FLAG_OWN_ZONE) {        /* by name: its number is this process's */
            const TimeZone *zone = capo_time_zone_by_id(v.tag);
            int32_t offset = capo_local(v.datetime, zone).offset;
            const char *name = capo_time_zone_name(zone);
            capo_put_bytes(out, &offset, sizeof offset);
            put_text(out, name, strlen(name));
        }
        break;
    case VALUE_LIST: {
        uint64_t count = v.list->count;
        capo_put_bytes(out, &count, sizeof count);
        for (size_t i = 0; i < v.list->count; i++)
            pack(out, v.list->items[i], depth + 1);
        break;
    }
    case VALUE_MAP: {
        uint64_t count = v.map->count;
        capo_put_bytes(out, &count, sizeof count);
        for (size_t i = 0; i < v.map->count; i++) {
            pack(out, v.map->entries[i].key, depth + 1);
            pack(out, v.map->entries[i].value, depth + 1);
        }
        break;
    }
    case VALUE_OBJECT:
        break;
    }
    if (out->size > MAX_PACKED)
        capo_raise(ERROR_VALUE, "A value of more than %d bytes cannot be kept in a cache.", MAX_PACKED);
}

void cache_pack(Buffer *out, Value value)
{
    pack(out, value, 0);
}

/* --- and back --- */

typedef struct Packed { const char *at, *end; } Packed;

static bool take(Packed *packed, void *into, size_t size)
{
    if ((size_t)(packed->end - packed->at) < size)
        return false;
    memcpy(into, packed->at, size);
    packed->at += size;
    return true;
}

static bool take_text(Packed *packed, const char **ret, uint32_t *ret_size)
{
    if (!take(packed, ret_size, sizeof *ret_size) || (size_t)(packed->end - packed->at) <= *ret_size || packed->at[*ret_size])
        return false;
    *ret = packed->at;
    packed->at += (size_t)*ret_size + 1;
    return true;
}

static bool unpack(Packed *packed, Value *ret, int depth)
{
    Head head;
    uint64_t count;
    uint32_t size;
    if (depth > MAX_DEPTH || !take(packed, &head, sizeof head))
        return false;
    Value v = { .kind = head.kind, .flags = head.flags };
    switch ((ValueKind)head.kind) {
    case VALUE_NULL:
        break;
    case VALUE_BOOL: {
        uint8_t truth;
        if (!take(packed, &truth, 1) || truth > 1)
            return false;
        v.boolean = truth;
        break;
    }
    case VALUE_DECIMAL:
        if (!take_text(packed, &v.decimal.text, &size))
            return false;
        break;
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES:
        if (!take_text(packed, &v.text, &v.size))
            return false;
        break;
    case VALUE_UUID:
        if ((size_t)(packed->end - packed->at) < sizeof(Uuid))
            return false;
        v.uuid = (const Uuid *)packed->at;          /* bytes: aligned anywhere */
        packed->at += sizeof(Uuid);
        break;
    case VALUE_DATE:
        if (!take(packed, &v.date, sizeof v.date))
            return false;
        break;
    case VALUE_INT: case VALUE_REAL: case VALUE_TIME: case VALUE_DATETIME: case VALUE_DURATION:
        if (!take(packed, &v.integer, sizeof v.integer))
            return false;
        if (v.kind == VALUE_DATETIME && v.flags & VALUE_FLAG_OWN_ZONE) {
            int32_t offset;
            const char *name;
            if (!take(packed, &offset, sizeof offset) || !take_text(packed, &name, &size) || offset < -86400 || offset > 86400)
                return false;
            const TimeZone *zone = capo_time_zone(name);
            v.tag = capo_time_zone_id(zone ? zone : capo_time_zone_fixed(offset, capo_strdup(name)));
        }
        break;
    case VALUE_LIST:
        if (!take(packed, &count, sizeof count) || count > (size_t)(packed->end - packed->at) / sizeof(Head))
            return false;
        v.list = capo_list_new();
        v.list->items = capo_alloc_array(count, sizeof(Value));
        v.list->count = v.list->capacity = count;
        for (size_t i = 0; i < count; i++)
            if (!unpack(packed, &v.list->items[i], depth + 1))
                return false;
        break;
    case VALUE_MAP:
        if (!take(packed, &count, sizeof count) || count > (size_t)(packed->end - packed->at) / (2 * sizeof(Head)))
            return false;
        v.map = capo_map_new();
        for (size_t i = 0; i < count; i++) {
            Value key, value;
            if (!unpack(packed, &key, depth + 1) || !unpack(packed, &value, depth + 1))
                return false;
            capo_map_set_value(v.map, key, value);
        }
        break;
    case VALUE_OBJECT:
    default:
        return false;
    }
    *ret = v;
    return true;
}

bool cache_unpack(const void *bytes, size_t size, Value *ret)
{
    Packed packed = { bytes, (const char *)bytes + size };
    return unpack(&packed, ret, 0) && packed.at == packed.end;
}
