/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists and maps of values. A map keeps the order of insertion; a small one is searched along its entries, a larger one by an
 * index of keyed hashes, so that no visitor can choose keys that collide. */
#include "bytes.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>
#include <math.h>
#include <string.h>

enum { MAP_LINEAR = 8, MAX_ITEMS = 10 * 1000 * 1000 };

List *capo_list_new(void)
{
    return capo_alloc_struct(List);
}

void capo_list_add(List *list, Value item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 8;
        list->items = capo_realloc(list->items, list->capacity * sizeof(Value), capacity * sizeof(Value));
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
}

List *capo_list_of(Value iterable)
{
    if (iterable.kind == VALUE_OBJECT && iterable.object->ops->one_by_one)
        capo_bug("A %s is gone through one by one, in a {%% for %%}: it has no length, no last item, and cannot be sorted or sliced.",
                 iterable.object->ops->type_name);
    List *list = capo_list_new();
    void *state = NULL;
    Value item;
    while (capo_iterate(iterable, &state, &item)) {
        if (list->count >= MAX_ITEMS)
            capo_raise(ERROR_VALUE, "What was to become a list has more than %d items.", MAX_ITEMS);
        capo_list_add(list, item);
    }
    return list;
}

Map *capo_map_new(void)
{
    return capo_alloc_struct(Map);
}

/* Numbers that are equal hash alike, as in Python. */
static uint64_t hash_value(Value key)
{
    switch ((ValueKind)key.kind) {
    case VALUE_TEXT: case VALUE_SAFE: case VALUE_BYTES:
        return capo_hash(key.text, key.size);
    case VALUE_BOOL:
        key.integer = key.boolean;
        return capo_hash(&key.integer, sizeof key.integer);
    case VALUE_INT:
        return capo_hash(&key.integer, sizeof key.integer);
    case VALUE_REAL:
        if (key.real == floor(key.real) && fabs(key.real) < 9e18) {
            int64_t n = (int64_t)key.real;
            return capo_hash(&n, sizeof n);
        }
        return capo_hash(&key.real, sizeof key.real);
    case VALUE_UUID:
        return capo_hash(key.uuid, sizeof(Uuid));
    case VALUE_DATE: case VALUE_TIME: case VALUE_DATETIME: case VALUE_DURATION:
        return capo_hash(&key.integer, sizeof key.integer);
    case VALUE_LIST: {
        uint64_t hash = key.list->count;                /* a list in a list counts for nothing: keys are flat */
        for (size_t i = 0; i < key.list->count; i++)
            hash = hash * 31 + (key.list->items[i].kind == VALUE_LIST ? 0 : hash_value(key.list->items[i]));
        return hash;
    }
    default:
        return 0;
    }
}

static inline bool same_key(Value a, Value b)
{
    if (capo_is_text(a) && capo_is_text(b))
        return a.size == b.size && same_bytes(a.text, b.text, a.size);
    return capo_equal(a, b);
}

static void map_index(Map *map, size_t entry)
{
    size_t mask = map->index_size - 1, at = hash_value(map->entries[entry].key) & mask;
    while (map->index[at])
        at = (at + 1) & mask;
    map->index[at] = (uint32_t)entry + 1;
}

static void map_reindex(Map *map)
{
    map->index_size = 32;
    while (map->index_size < map->capacity * 2)
        map->index_size *= 2;
    map->index = capo_alloc(map->index_size * sizeof *map->index);
    for (size_t i = 0; i < map->count; i++)
        map_index(map, i);
}

static MapEntry *map_find(const Map *map, Value key)
{
    if (!map->index) {
        for (size_t i = 0; i < map->count; i++)
            if (same_key(map->entries[i].key, key))
                return &map->entries[i];
        return NULL;
    }
    size_t mask = map->index_size - 1;
    for (size_t at = hash_value(key) & mask; map->index[at]; at = (at + 1) & mask) {
        MapEntry *entry = &map->entries[map->index[at] - 1];
        if (same_key(entry->key, key))
            return entry;
    }
    return NULL;
}

void capo_map_set_value(Map *map, Value key, Value value)
{
    MapEntry *entry = map_find(map, key);
    if (entry) {
        entry->value = value;
        return;
    }
    if (map->count == map->capacity) {
        size_t capacity = map->capacity ? map->capacity * 2 : MAP_LINEAR;
        map->entries = capo_realloc(map->entries, map->capacity * sizeof(MapEntry), capacity * sizeof(MapEntry));
        map->capacity = capacity;
        map->entries[map->count++] = (MapEntry){ key, value };
        if (map->count > MAP_LINEAR)
            map_reindex(map);
        return;
    }
    map->entries[map->count++] = (MapEntry){ key, value };
    if (map->index)
        map_index(map, map->count - 1);
}

void capo_map_set(Map *map, const char *key, Value value)
{
    capo_map_set_value(map, capo_value_text(key), value);
}

Value *capo_map_get_value(const Map *map, Value key)
{
    MapEntry *entry = map ? map_find(map, key) : NULL;
    return entry ? &entry->value : NULL;
}

Value *capo_map_get(const Map *map, const char *key)
{
    return capo_map_get_value(map, capo_value_text(key));
}

Value *capo_map_get_n(const Map *map, const char *key, size_t size)
{
    return capo_map_get_value(map, (Value){ .kind = VALUE_TEXT, .size = (uint32_t)size, .text = key });
}

bool capo_map_remove(Map *map, const char *key)
{
    MapEntry *entry = map_find(map, capo_value_text(key));
    if (!entry)
        return false;
    size_t at = (size_t)(entry - map->entries);
    memmove(entry, entry + 1, (map->count - at - 1) * sizeof(MapEntry));
    map->count--;
    if (map->index)
        map_reindex(map);
    return true;
}

Map *capo_map_of(const Var *vars)
{
    Map *map = capo_map_new();
    for (; vars && vars->name; vars++)
        capo_map_set(map, vars->name, vars->value);
    return map;
}
