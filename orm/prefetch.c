/* SPDX-License-Identifier: BSD-3-Clause */
/* prefetch: what relations of many instances lead to, one query a level.
 *
 * "author__books" loads the authors of all rows, then the books of all those. A level that is loaded already, by select_related or
 * by an earlier path, is not asked for again. Results are where the accessors look (capo_instance_cache, capo_instance_prefetched). */
#include "instance.h"
#include "query.h"
#include <string.h>

static const char key_name[] = "_prefetch_related_val";
typedef struct Rows { Instance **items; size_t count, capacity; } Rows;

/* Room for so many more, and for the NULL behind them. */
static void reserve(Rows *rows, size_t more)
{
    size_t wanted = rows->count + more + 1, doubled = rows->capacity ? rows->capacity * 2 : 8;
    if (wanted <= rows->capacity)
        return;
    size_t capacity = wanted > doubled ? wanted : doubled;
    rows->items = capo_realloc(rows->items, rows->capacity * sizeof *rows->items, capacity * sizeof *rows->items);
    rows->capacity = capacity;
}

static void add_row(Rows *rows, Instance *row)
{
    reserve(rows, 1);
    rows->items[rows->count++] = row;
    rows->items[rows->count] = NULL;
}

/* Rows by a key: whole numbers as they are, other keys by their text. Never full: it is made for all the keys that there are. */
typedef struct KeyRows { Value key; Rows rows; bool used; } KeyRows;
typedef struct KeyTable { KeyRows *slots; size_t mask; } KeyTable;

static KeyTable key_table(size_t keys)
{
    size_t size = 8;
    while (size < 2 * keys)
        size *= 2;
    return (KeyTable){ capo_alloc_array(size, sizeof(KeyRows)), size - 1 };
}

/* The slot of a key, or the free one where it would be. */
static KeyRows *find_key(const KeyTable *table, Value key)
{
    bool number = key.kind == VALUE_INT;
    if (!number)
        key = capo_value_to_text(key);
    uint64_t hash = number ? (uint64_t)key.integer * UINT64_C(0x9E3779B97F4A7C15) >> 32 : capo_hash(key.text, key.size);
    for (size_t at = hash & table->mask;; at = (at + 1) & table->mask) {
        KeyRows *slot = &table->slots[at];
        if (!slot->used) {
            slot->key = key;
            return slot;
        }
        if (number ? slot->key.kind == VALUE_INT && slot->key.integer == key.integer
                   : slot->key.kind != VALUE_INT && slot->key.size == key.size && !memcmp(slot->key.text, key.text, key.size))
            return slot;
    }
}

/* The field whose value is the key of the relation, of the rows that it starts from. */
static const Field *near_key(const Field *relation, bool reverse)
{
    if (relation->kind == FIELD_MANY_TO_MANY)
        return (reverse ? relation->through_target : relation->through_source)->target_field;
    return reverse ? relation->target_field : relation;
}

static Value key_of(const Instance *instance, const Field *relation, bool reverse)
{
    if (relation->n_parts)
        return relation_value(instance, relation, reverse);
    const Field *near = near_key(relation, reverse);
    bool here = near->model == instance->model && near->column && !near->target && instance->model->size && !instance->state->deferred;
    return here ? capo_member_value((const char *)instance, near) : capo_field_value(instance, near);
}

static bool is_single(const Field *relation, bool reverse)
{
    return relation->kind != FIELD_MANY_TO_MANY && (!reverse || relation->kind == FIELD_ONE_TO_ONE);
}

/* The one-to-one that points here is cached beside the instance under its accessor; ask by what an attribute read would find. */
static bool known(const Instance *instance, const Field *relation, bool reverse, const char *name, Rows *next)
{
    Instance *one = NULL, **many;
    size_t count;
    if (is_single(relation, reverse)) {
        if (!(reverse ? capo_instance_cached_reverse : capo_instance_cached)(instance, relation, &one))
            return false;
        if (one)
            add_row(next, one);
        return true;
    }
    if (!capo_instance_get_prefetched(instance, name, &many, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        add_row(next, many[i]);
    return true;
}

static void store(Instance *instance, const Field *relation, bool reverse, const char *name, const char *to_attr, const Rows *found)
{
    if (is_single(relation, reverse)) {
        Instance *one = found->count ? found->items[0] : NULL;
        if (to_attr)
            capo_instance_annotate(instance, to_attr, capo_value_object(one));
        else if (reverse)
            capo_instance_cache_reverse(instance, relation, one);
        else if (one || relation->n_parts || capo_is_null(capo_field_value(instance, relation)))
            capo_instance_cache(instance, relation, one);
        else
            capo_instance_cache_none(instance, relation);
        if (reverse && one)
            capo_instance_cache(one, relation, instance);
        else if (one && relation->kind == FIELD_ONE_TO_ONE)
            capo_instance_cache_reverse(one, relation, instance);
        return;
    }
    if (to_attr) {
        List *list = capo_list_new();
        for (size_t i = 0; i < found->count; i++)
            capo_list_add(list, capo_value_object(found->items[i]));
        capo_instance_annotate(instance, to_attr, capo_value_list(list));
    } else {
        capo_instance_prefetched(instance, name, found->items, found->count);
    }
    for (size_t i = 0; relation->kind != FIELD_MANY_TO_MANY && i < found->count; i++)
        capo_instance_cache(found->items[i], relation, instance);
}

/* The query of the rows that the relation leads to, from these keys. */
static Query *level_query(const Instance *from, const char *name, const Field *relation, bool reverse, const Prefetching *own, const Value *keys, size_t count)
{
    Model *model = reverse ? relation->model : relation->target;
    bool many = relation->kind == FIELD_MANY_TO_MANY, to_many = many || (reverse && relation->kind == FIELD_FOREIGN_KEY);
    Query *query = query_clone(own && own->query ? own->query : to_many ? capo_default_rows(model) : capo_base_rows(model));
    query->hint = from;
    if (query->model != model)
        capo_raise(ERROR_VALUE, "The query of the prefetch '%s' is over %s, the relation leads to %s.", name, query->model->label, model->label);
    if (query->values)
        capo_raise(ERROR_VALUE, "Prefetching querysets cannot use raw(), values(), and values_list().");
    if (query_is_sliced(query))
        capo_raise(ERROR_NOT_SUPPORTED, "The query of the prefetch '%s' has a limit; a limit for each row is not supported.", name);
    if (query->fetch == FETCH_ONE)
        query->fetch = peers_mode(from);
    query->prefetching = !many;
    query_add_relation(query, relation, reverse, keys, count, many ? key_name : NULL);
    return query;
}

static Value key_of_found(Instance *found, const Field *relation, bool reverse)
{
    Value key;
    if (relation->n_parts)
        return relation_value(found, relation, !reverse);
    if (relation->kind != FIELD_MANY_TO_MANY) {
        const Field *field = reverse ? relation : relation->target_field;
        bool here = field->model == found->model && (!found->state->deferred || !capo_field_is_deferred(found, field));
        return here ? capo_member_value(found->state->original, field) : capo_field_value(found, field);
    }
    capo_instance_lookup(found, key_name, sizeof key_name - 1, &key);
    return key;
}

/* What was found goes to the slots of its keys: a list for each, ended with NULL, all of them in one piece. */
static void share_out(const KeyTable *by_key, Instance *const *found, size_t count, size_t n_keys, const Field *relation, bool reverse, Rows *next)
{
    KeyRows **slots = capo_alloc_array(count + 1, sizeof *slots);
    reserve(next, count);
    for (size_t i = 0; i < count; i++) {
        slots[i] = find_key(by_key, key_of_found(found[i], relation, reverse));
        slots[i]->rows.capacity++;
    }
    if (count)
        memcpy(next->items + next->count, found, count * sizeof *found);
    next->items[next->count += count] = NULL;
    Instance **room = capo_alloc_array(count + n_keys, sizeof *room);
    for (size_t i = 0; i < count; i++) {
        Rows *rows = &slots[i]->rows;
        if (!slots[i]->used)
            continue;
        if (!rows->items) {
            rows->items = room;
            room += rows->capacity + 1;
        }
        rows->items[rows->count++] = found[i];
    }
}

/* A level between its two halves: the queries are to run for the rows that miss what the relation leads to, from their keys. None: all is known. */
typedef struct Load {
    const char *name;
    const Field *relation; bool reverse;
    const Prefetching *own;
    Rows missing, next;
    KeyRows **slots; KeyTable by_key; size_t n_keys;        /* slots: of the missing, NULL of one without a key */
    Query **queries; size_t n_queries;
} Load;

static Load start_level(Instance *const *rows, size_t count, const char *name, const Field *relation, bool reverse, const Prefetching *own)
{
    Load load = { .name = name, .relation = relation, .reverse = reverse, .own = own };
    bool special = own && own->to_attr;                             /* what is there already is not read again, whatever the query */
    reserve(&load.missing, count);
    for (size_t i = 0; i < count; i++)
        if (special || !known(rows[i], relation, reverse, name, &load.next))
            add_row(&load.missing, rows[i]);
    if (!load.missing.count)
        return load;
    Value *keys = capo_alloc_array(load.missing.count, sizeof *keys);
    load.slots = capo_alloc_array(load.missing.count, sizeof *load.slots);
    load.by_key = key_table(load.missing.count);
    for (size_t i = 0; i < load.missing.count; i++) {
        Value key = key_of(load.missing.items[i], relation, reverse);
        load.slots[i] = capo_is_null(key) ? NULL : find_key(&load.by_key, key);
        if (!load.slots[i] || load.slots[i]->used)
            continue;
        load.slots[i]->used = true;
        keys[load.n_keys++] = key;
    }
    /* Keys of several columns are bound one by one, and no statement takes more than so many. */
    size_t most = relation->n_parts ? capo_dialect()->max_parameters / (2 * relation->n_parts) : load.n_keys;
    load.queries = capo_alloc_array(most ? load.n_keys / most + 1 : 1, sizeof *load.queries);
    for (size_t at = 0; at < load.n_keys; at += most)
        load.queries[load.n_queries++] = level_query(load.missing.items[0], name, relation, reverse, own, keys + at, load.n_keys - at < most ? load.n_keys - at : most);
    return load;
}

/* What the level leads to. */
static Rows finish_level(Load *load)
{
    static Instance *nobody[1];
    const Rows none = { .items = nobody };
    for (size_t i = 0; i < load->n_queries; i++) {
        size_t found;
        Instance **others = capo_query_rows(load->queries[i], &found);
        share_out(&load->by_key, others, found, load->n_keys, load->relation, load->reverse, &load->next);
    }
    for (size_t i = 0; i < load->missing.count; i++)
        store(load->missing.items[i], load->relation, load->reverse, load->name, load->own ? load->own->to_attr : NULL,
              load->slots[i] && load->slots[i]->rows.items ? &load->slots[i]->rows : &none);
    return load->next;
}

/* --- over a generic key: rows of many models --- */

typedef struct OneType { Value type; Rows rows; } OneType;

/* The query for rows of this model. */
static Query *generic_query(Model *model, const Prefetching *own, const Instance *hint)
{
    Query *query = NULL;
    for (Query *const *one = own ? own->queries : NULL; one && *one && !query; one++)
        if ((*one)->model->concrete == model->concrete)
            query = query_clone(*one);
    if (query && query->values)
        capo_raise(ERROR_VALUE, "Prefetching querysets cannot use raw(), values(), and values_list().");
    if (!query)
        query = query_clone(capo_base_rows(model));
    query->hint = hint;
    if (query->fetch == FETCH_ONE)
        query->fetch = peers_mode(hint);
    return query;
}

static void store_generic(Instance *row, const GenericKey *key, const Prefetching *own, Instance *other)
{
    if (own && own->to_attr)
        capo_instance_annotate(row, own->to_attr, other ? capo_value_object(other) : capo_value_null());
    else
        capo_generic_cache(row, key, other);
}

/* All rows of one type. */
static void load_type(const OneType *one, Model *model, const GenericKey *key, const Prefetching *own, Rows *next)
{
    const Field *column = capo_field(one->rows.items[0]->model, key->key);
    KeyTable by_key = key_table(one->rows.count);
    List *keys = capo_list_new();
    for (size_t i = 0; model && i < one->rows.count; i++) {
        Value of = capo_field_to_python(model->pk, capo_field_value(one->rows.items[i], column));
        KeyRows *slot = find_key(&by_key, of);
        if (!slot->used)
            capo_list_add(keys, of);
        slot->used = true;
    }
    size_t found = 0;
    Instance **others = model ? capo_query_rows(capo_query_filter(generic_query(model, own, one->rows.items[0]), capo_q("pk__in", capo_value_list(keys))), &found) : NULL;
    for (size_t i = 0; i < found; i++) {
        add_row(&find_key(&by_key, capo_instance_pk(others[i]))->rows, others[i]);
        add_row(next, others[i]);
    }
    for (size_t i = 0; i < one->rows.count; i++) {
        Rows *mine = model ? &find_key(&by_key, capo_field_to_python(model->pk, capo_field_value(one->rows.items[i], column)))->rows : NULL;
        store_generic(one->rows.items[i], key, own, mine && mine->count ? mine->items[0] : NULL);
    }
}

static Rows load_generic(Instance *const *rows, size_t count, const GenericKey *key, const Prefetching *own)
{
    const Field *type = capo_field(rows[0]->model, key->type), *column = capo_field(rows[0]->model, key->key);
    OneType *groups = capo_alloc_array(count + 1, sizeof *groups);
    List *types = capo_list_new();
    Rows next = { 0 };
    bool special = own && (own->queries || own->to_attr);
    if (own && own->query)
        capo_raise(ERROR_VALUE, "Custom queryset can't be used for this lookup: '%s' leads to rows of many models. Give .queries, one for each.", key->name);
    for (size_t i = 0; i < count; i++) {
        Value of = capo_field_value(rows[i], type);
        Instance *known_one;
        if (capo_is_null(of) || capo_is_null(capo_field_value(rows[i], column))) {
            store_generic(rows[i], key, own, NULL);
            continue;
        }
        if (!special && capo_generic_cached(rows[i], key, &known_one)) {
            if (known_one)
                add_row(&next, known_one);
            continue;
        }
        size_t at = 0;
        while (at < types->count && !capo_equal(types->items[at], of))
            at++;
        if (at == types->count)
            capo_list_add(types, of);
        add_row(&groups[at].rows, rows[i]);
    }
    Model **models = types->count ? capo_generic_models(types) : NULL;
    for (size_t i = 0; i < types->count; i++)
        load_type(&groups[i], models[i], key, own, &next);
    return next;
}

static _Noreturn void raise_no_relation(const Model *model, const char *name, const char *path)
{
    capo_raise(ERROR_FIELD, "Cannot find '%s' on %s object, '%s' is an invalid parameter to prefetch_related()", name, model->name, path);
}

static const Field *relation_for(const Model *model, const char *name, bool *ret_reverse, const Prefetching *own, const char *path)
{
    const Field *relation = relation_of_accessor(model, name, ret_reverse);
    if (!relation)
        raise_no_relation(model, name, path);
    if (own && own->queries)
        capo_raise(ERROR_VALUE, "'%s' leads to rows of one model: give .query, and not .queries.", name);
    return relation;
}

/* The level of rows that may be of several models, behind a generic key: of each model by itself. */
static Rows load_models(Instance *const *rows, size_t count, const char *name, const Prefetching *own, const char *path, bool *ret_read)
{
    *ret_read = false;
    Rows all = { 0 };
    bool *done = capo_alloc_array(count + 1, sizeof *done);
    for (size_t first = 0; first < count; first++) {
        Rows same = { 0 };
        for (size_t i = first; !done[first] && i < count; i++)
            if (rows[i]->model == rows[first]->model && !done[i]) {
                add_row(&same, rows[i]);
                done[i] = i > first;
            }
        if (!same.count)
            continue;
        bool reverse;
        const Model *model = rows[first]->model;
        const GenericKey *key = capo_find_generic_key(model, name);
        Rows next;
        if (key) {
            next = load_generic(same.items, same.count, key, own);
            *ret_read = true;
        } else {
            const Field *relation = relation_for(model, name, &reverse, own, path);
            Load load = start_level(same.items, same.count, name, relation, reverse, own);
            *ret_read |= load.missing.count > 0;
            next = finish_level(&load);
        }
        for (size_t i = 0; i < next.count; i++)
            add_row(&all, next.items[i]);
    }
    return all;
}

/* One path on its way: the next of its names, and the rows that have it. */
typedef struct Walk { const Prefetching *prefetch; const char *at, *here; Instance *const *rows; size_t count; size_t level; } Walk;

/* The level of rows that were loaded as `path`, or is being loaded. `load`: that of one that waits for its query; `read`: by a query, not found there. */
typedef struct Level { const char *path; Rows rows; Load *load; bool read; } Level;
typedef struct Levels { Level *items; size_t count; } Levels;

static Level *find_level(Levels *levels, const char *path)
{
    for (size_t i = 0; i < levels->count; i++)
        if (!strcmp(levels->items[i].path, path))
            return &levels->items[i];
    return NULL;
}

static bool are_of_one_model(Instance *const *rows, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (rows[i]->model != rows[0]->model)
            return false;
    return true;
}

/* Two ways to the same rows ask for the relation once: the second finds it known. */
static void finish_same(Levels *levels, size_t from, const Field *relation, bool reverse)
{
    for (Level *level = levels->items + from, *end = levels->items + levels->count; level < end; level++)
        if (level->load && level->load->relation == relation && level->load->reverse == reverse) {
            level->rows = finish_level(level->load);
            level->load = NULL;
        }
}

/* Begins the walk's next level, where no other did; those from `begun` on are of this turn. */
static void step(Walk *walk, Levels *levels, size_t begun)
{
    const Prefetching *prefetch = walk->prefetch;
    const char *path = prefetch->path, *end = strstr(walk->at, "__");
    const char *name = end ? capo_strndup(walk->at, (size_t)(end - walk->at)) : capo_strdup(walk->at);
    const char *stored = !end && prefetch->to_attr ? prefetch->to_attr : name;
    const Prefetching *own = end ? NULL : prefetch;
    walk->here = walk->here ? capo_format("%s__%s", walk->here, stored) : stored;
    walk->at = end ? end + 2 : NULL;
    Level *level = find_level(levels, walk->here);
    if (level && level->read && own && (own->query || own->queries))
        capo_raise(ERROR_VALUE, "'%s' lookup was already seen with a different queryset. You may need to adjust the ordering of your lookups.", path);
    if (!level && !walk->count) {
        walk->at = NULL;
        return;
    }
    if (!level) {
        level = &levels->items[levels->count];
        level->path = walk->here;
        if (!are_of_one_model(walk->rows, walk->count) || capo_find_generic_key(walk->rows[0]->model, name)) {
            level->rows = load_models(walk->rows, walk->count, name, own, path, &level->read);
        } else {
            bool reverse;
            const Field *relation = relation_for(walk->rows[0]->model, name, &reverse, own, path);
            finish_same(levels, begun, relation, reverse);
            level->load = capo_alloc_struct(Load);
            *level->load = start_level(walk->rows, walk->count, name, relation, reverse, own);
            level->read = level->load->missing.count > 0;
        }
        levels->count++;
    }
    walk->level = (size_t)(level - levels->items);
}

static void run_together(const Levels *levels, size_t begun, size_t n_queries)
{
    Query **queries = capo_alloc_array(n_queries, sizeof *queries);
    size_t n = 0;
    for (size_t i = begun; i < levels->count; i++)
        for (size_t k = 0; levels->items[i].load && k < levels->items[i].load->n_queries; k++)
            queries[n++] = levels->items[i].load->queries[k];
    query_rows_together(queries, n);
}

/* All paths go one level further, their queries together; as long as there are any. */
void prefetch_related(Instance *const *instances, size_t count, const Prefetching *prefetch, size_t n_prefetch)
{
    size_t n_names = 0, going = n_prefetch;
    for (size_t i = 0; i < n_prefetch; i++)
        for (const char *at = prefetch[i].path; at; at = strstr(at, "__") ? strstr(at, "__") + 2 : NULL)
            n_names++;
    Levels levels = { .items = capo_alloc_array(n_names, sizeof *levels.items) };
    Walk *walks = capo_alloc_array(n_prefetch, sizeof *walks);
    for (size_t i = 0; i < n_prefetch; i++)
        walks[i] = (Walk){ .prefetch = &prefetch[i], .at = prefetch[i].path, .rows = instances, .count = count };
    while (going) {
        size_t begun = levels.count, n = 0;
        for (size_t i = 0; i < n_prefetch; i++)
            if (walks[i].at)
                step(&walks[i], &levels, begun);
        for (size_t i = begun; i < levels.count; i++)
            n += levels.items[i].load ? levels.items[i].load->n_queries : 0;
        if (n > 1)
            run_together(&levels, begun, n);
        for (size_t i = begun; i < levels.count; i++)
            if (levels.items[i].load)
                levels.items[i].rows = finish_level(levels.items[i].load);
        going = 0;
        for (size_t i = 0; i < n_prefetch; i++)
            if (walks[i].at) {
                walks[i].rows = levels.items[walks[i].level].rows.items;
                walks[i].count = levels.items[walks[i].level].rows.count;
                going++;
            }
    }
}

/* --- for users ------------------------------------------------------------------------------------------------------------------------ */

static size_t count_rows(Instance *const *rows)
{
    size_t count = 0;
    while (rows && rows[count]) {
        if (rows[count]->model != rows[0]->model)
            capo_raise(ERROR_VALUE, "Relations are prefetched for rows of one model, and there is a %s and a %s.", rows[0]->model->label, rows[count]->model->label);
        count++;
    }
    return count;
}

void capo_prefetch_rows_with(Instance *const *rows, const Prefetching *prefetches)
{
    size_t count = 0;
    while (prefetches && prefetches[count].path)
        count++;
    prefetch_related(rows, count_rows(rows), prefetches, count);
}

void capo_prefetch_rows(Instance *const *rows, const char *const *paths)
{
    size_t count = 0;
    while (paths && paths[count])
        count++;
    Prefetching *list = capo_alloc_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i].path = paths[i];
    prefetch_related(rows, count_rows(rows), list, count);
}

Instance **capo_instance_prefetched_as(const Instance *self, const char *name)
{
    const Value *found = self->state->annotations ? capo_map_get(self->state->annotations, name) : NULL;
    Instance **rows;
    size_t count = 0;
    if (!found && capo_instance_get_prefetched(self, name, &rows, &count))
        return rows;
    if (!found || (found->kind != VALUE_LIST && !capo_is_null(*found) && !capo_is_instance(*found)))
        capo_raise(ERROR_FIELD, "Nothing was prefetched for this %s under the name '%s'.", self->model->name, name);
    rows = capo_alloc_array((found->kind == VALUE_LIST ? found->list->count : 1) + 1, sizeof *rows);
    if (capo_is_instance(*found))
        rows[count++] = (Instance *)(void *)found->object;
    for (size_t i = 0; found->kind == VALUE_LIST && i < found->list->count; i++)
        rows[count++] = (Instance *)(void *)found->list->items[i].object;
    return rows;
}
