/* SPDX-License-Identifier: BSD-3-Clause */
/* Instances: members to Values and back, what was loaded, and caches of related objects.
 *
 * The state beside an instance keeps a copy of its bytes as they were loaded or saved; what differs from it has changed. Texts are
 * compared by content. Of a JSON field the copy holds the text, since lists and maps change in place. A historical model has no
 * struct: its instances keep an array of Values, and the copy is one too.
 *
 * "Nothing" in a member: a NULL text, `present` false, and of keys the zero that no row has (0, the nil uuid). */
#include "instance.h"
#include "composite_key.h"
#include <capo/model_signals.h>
#include "query.h"
#include "routing.h"
#include <string.h>

/* --- members --- */

static char *base_of(const Instance *self)
{
    return self->model->size ? (char *)self : (char *)self->state->values;
}

static bool is_key(const Field *field)
{
    return field->primary_key || field->target;
}

static Value nullable_int(const Field *field, int64_t n)
{
    return n == 0 && is_key(field) ? capo_value_null() : capo_value_int(n);
}

/* Of a field of resolved models it is noted, and need not be found out. */
static inline Storage storage_of(const Field *field)
{
    return field->known_storage ? (Storage)(field->known_storage - 1) : capo_field_storage(field);
}

Value capo_member_value(const char *base, const Field *field)
{
    static const Uuid nil;
    if (!field->model->size)
        return ((const Value *)(const void *)base)[field->slot];
    const char *at = base + field->layout.value;
    if (field->layout.present >= 0 && !*(const bool *)(base + field->layout.present))
        return capo_value_null();
    if (field->known_storage == 1 + STORAGE_INT)                    /* most of those that are asked for: keys */
        return nullable_int(field, *(const int64_t *)(const void *)at);
    switch (storage_of(field)) {
    case STORAGE_INT:
        return nullable_int(field, *(const int64_t *)(const void *)at);
    case STORAGE_TEXT: {
        const char *text = *(const char *const *)(const void *)at;
        return !text || (!*text && is_key(field)) ? capo_value_null() : capo_value_text(text);
    }
    case STORAGE_REAL:
        return capo_value_real(*(const double *)(const void *)at);
    case STORAGE_DECIMAL: {
        Decimal decimal = *(const Decimal *)(const void *)at;
        return capo_value_decimal(decimal.text ? decimal : (Decimal){ "0" });
    }
    case STORAGE_BOOL:
        return capo_value_bool(*(const bool *)at);
    case STORAGE_DATE:
        return capo_value_date(*(const Date *)(const void *)at);
    case STORAGE_TIME:
        return capo_value_time(*(const Time *)(const void *)at);
    case STORAGE_DATETIME:
        return capo_value_datetime(*(const DateTime *)(const void *)at);
    case STORAGE_DURATION:
        return capo_value_duration(*(const Duration *)(const void *)at);
    case STORAGE_UUID:
        return is_key(field) && !memcmp(at, &nil, sizeof nil) ? capo_value_null() : capo_value_uuid(*(const Uuid *)(const void *)at);
    case STORAGE_BINARY: {
        Bytes bytes = *(const Bytes *)(const void *)at;
        return capo_value_bytes(bytes.data ? bytes.data : (const uint8_t *)"", bytes.size);
    }
    case STORAGE_JSON:
        return *(const Value *)(const void *)at;
    case STORAGE_ARRAY: {
        List *list = *(List *const *)(const void *)at;
        return list ? capo_value_list(list) : capo_value_null();
    }
    case STORAGE_HSTORE: {
        Map *map = *(Map *const *)(const void *)at;
        return map ? capo_value_map(map) : capo_value_null();
    }
    case STORAGE_RANGE: {
        ValueRange *range = *(ValueRange *const *)(const void *)at;
        return range ? capo_value_object(range) : capo_value_null();
    }
    }
    return capo_value_null();
}

/* A value of another kind than the member's leaves it at zero: only raw text of an existing database that is no date can be one. */
void capo_member_store(char *base, const Field *field, Value value)
{
    if (!field->model->size) {
        ((Value *)(void *)base)[field->slot] = value;
        return;
    }
    char *at = base + field->layout.value;
    bool some = value.kind != VALUE_NULL;
    if (field->layout.present >= 0)
        *(bool *)(base + field->layout.present) = some;
    switch (storage_of(field)) {
    case STORAGE_INT:
        if (value.kind == VALUE_DECIMAL)
            capo_raise(ERROR_DATA, "%s.%s is %s, which is past the 64 bits that its member holds.", field->model->name, field->name, value.decimal.text);
        *(int64_t *)(void *)at = value.kind == VALUE_INT ? value.integer : value.kind == VALUE_BOOL ? value.boolean
            : value.kind == VALUE_REAL ? (int64_t)value.real : 0;
        break;
    case STORAGE_TEXT:
        *(const char **)(void *)at = !some ? NULL : capo_is_text(value) ? value.text : capo_to_text(value);
        break;
    case STORAGE_REAL:
        *(double *)(void *)at = value.kind == VALUE_REAL ? value.real : value.kind == VALUE_INT ? (double)value.integer : 0;
        break;
    case STORAGE_DECIMAL:
        *(Decimal *)(void *)at = value.kind == VALUE_DECIMAL ? value.decimal : (Decimal){ NULL };
        break;
    case STORAGE_BOOL:
        *(bool *)at = value.kind == VALUE_BOOL ? value.boolean : value.kind == VALUE_INT && value.integer;
        break;
    case STORAGE_DATE:
        *(Date *)(void *)at = value.kind == VALUE_DATE ? value.date : (Date){ 0 };
        break;
    case STORAGE_TIME:
        *(Time *)(void *)at = value.kind == VALUE_TIME ? value.time : (Time){ 0 };
        break;
    case STORAGE_DATETIME:
        *(DateTime *)(void *)at = value.kind == VALUE_DATETIME ? value.datetime : (DateTime){ 0 };
        break;
    case STORAGE_DURATION:
        *(Duration *)(void *)at = value.kind == VALUE_DURATION ? value.duration : (Duration){ 0 };
        break;
    case STORAGE_UUID:
        *(Uuid *)(void *)at = value.kind == VALUE_UUID ? *value.uuid : (Uuid){ { 0 } };
        break;
    case STORAGE_BINARY:
        *(Bytes *)(void *)at = value.kind == VALUE_BYTES ? (Bytes){ value.bytes, value.size } : (Bytes){ NULL, 0 };
        break;
    case STORAGE_JSON:
        *(Value *)(void *)at = value;
        break;
    case STORAGE_ARRAY:
        *(List **)(void *)at = value.kind == VALUE_LIST ? value.list : NULL;
        break;
    case STORAGE_HSTORE:
        *(Map **)(void *)at = value.kind == VALUE_MAP ? value.map : NULL;
        break;
    case STORAGE_RANGE:
        *(ValueRange **)(void *)at = capo_value_range(value);
        break;
    }
}

void capo_field_store(Instance *self, const Field *field, Value value)
{
    for (size_t i = 0; field->kind == FIELD_COMPOSITE_KEY && i < field->n_parts; i++)
        capo_field_store(self, field->parts[i], capo_key_part_value(field, value, i));
    if (field->kind == FIELD_COMPOSITE_KEY)
        return;
    capo_member_store(base_of(self), field, value);
    if (self->state->deferred)
        self->state->deferred[field->position / 64] &= ~(UINT64_C(1) << field->position % 64);
}

/* --- keys and the objects behind them --- */

static RelatedCache *find_cache(const Instance *self, const Field *relation, const char *accessor)
{
    for (RelatedCache *cache = self->state->related; cache; cache = cache->next)
        if (relation ? cache->relation == relation : accessor && cache->accessor && !strcmp(cache->accessor, accessor))
            return cache;
    return NULL;
}

static RelatedCache *make_cache(Instance *self, const Field *relation, const char *accessor)
{
    RelatedCache *cache = find_cache(self, relation, accessor);
    if (cache)
        return cache;
    cache = self->state->related;
    while (cache && (cache->relation || cache->accessor))       /* one that was taken with the row (rows.h) */
        cache = cache->next;
    if (!cache) {
        cache = capo_alloc_struct(RelatedCache);
        cache->next = self->state->related;
        self->state->related = cache;
    }
    cache->relation = relation;
    cache->accessor = accessor;
    return cache;
}

static Instance **object_place(const Instance *self, const Field *field)
{
    return self->model->size && field->layout.object >= 0 && field->kind != FIELD_MANY_TO_MANY
        ? (Instance **)(void *)((char *)self + field->layout.object) : NULL;
}

Instance *capo_object_member(const Instance *self, const Field *field)
{
    Instance **place = object_place(self, field);
    return place ? *place : NULL;
}

static Value key_of_object(const Instance *other, const Field *field)
{
    return capo_field_value(other, field->target_field);
}

static bool same_key(Value a, Value b)
{
    return a.kind == VALUE_INT && b.kind == VALUE_INT ? a.integer == b.integer : capo_equal(a, b);
}

/* User code may assign the pointer of a relation (comment->post = post) instead of its key: the key follows. A key that was changed
 * behind a loaded object drops the object. */
void capo_relation_sync(const Instance *self, const Field *field)
{
    Instance *me = (Instance *)self, **member = object_place(self, field);
    RelatedCache *cache = find_cache(self, field, NULL);
    Instance *known = cache && cache->known ? cache->one : NULL;
    if (member && *member != known) {
        if (*member) {
            capo_member_store(base_of(me), field, key_of_object(*member, field));
            cache = make_cache(me, field, NULL);
            cache->known = true;
            cache->one = *member;
        } else if (cache) {
            cache->known = false;
        }
        return;
    }
    if (!cache || !cache->known)
        return;
    Value key = capo_member_value(base_of(self), field);
    if (!cache->one ? capo_is_null(key) || (cache->none_of && same_key(key, *cache->none_of)) : same_key(key, key_of_object(cache->one, field)))
        return;
    if (cache->one && capo_is_null(key)) {          /* it was saved after it was assigned */
        capo_member_store(base_of(me), field, key_of_object(cache->one, field));
        return;
    }
    cache->known = false;
    if (member)
        *member = NULL;
}

void capo_instance_cache(Instance *self, const Field *relation, Instance *other)
{
    RelatedCache *cache = make_cache(self, relation, NULL);
    Instance **member = object_place(self, relation);
    cache->known = true;
    cache->one = other;
    cache->none_of = NULL;
    if (relation->n_parts)
        cache->key = relation_value(self, relation, false).list;
    if (member)
        *member = other;
}

void capo_instance_cache_none(Instance *self, const Field *relation)
{
    Value key = capo_field_value(self, relation);
    capo_instance_cache(self, relation, NULL);
    find_cache(self, relation, NULL)->none_of = capo_memdup(&key, sizeof key);
}

void capo_instance_cache_reverse(Instance *self, const Field *relation, Instance *other)
{
    RelatedCache *cache = make_cache(self, NULL, relation->related_name ? relation->related_name : relation->related_query_name);
    cache->known = true;
    cache->one = other;
}

bool capo_instance_cached_reverse(const Instance *self, const Field *relation, Instance **ret_other)
{
    const RelatedCache *cache = find_cache(self, NULL, relation->related_name ? relation->related_name : relation->related_query_name);
    if (!cache || !cache->known)
        return false;
    *ret_other = cache->one;
    return true;
}

bool capo_instance_cached(const Instance *self, const Field *relation, Instance **ret_other)
{
    const RelatedCache *cache;
    if (relation->n_parts) {                /* it counts as long as the columns say the same */
        Value now = relation_value(self, relation, false);
        cache = find_cache(self, relation, NULL);
        if (!cache || !cache->key || capo_is_null(now) || !capo_equal(now, capo_value_list((List *)cache->key)))
            return false;
    } else if (relation->model == self->model && relation->column) {
        capo_relation_sync(self, relation);
        cache = find_cache(self, relation, NULL);
    } else {
        cache = find_cache(self, NULL, relation->related_name ? relation->related_name : relation->related_query_name);
    }
    if (!cache || !cache->known)
        return false;
    *ret_other = cache->one;
    return true;
}

void capo_instance_prefetched(Instance *self, const char *accessor, Instance **others, size_t count)
{
    RelatedCache *cache = make_cache(self, NULL, accessor);
    const Field *field = self->model->n_many ? capo_field(self->model, accessor) : NULL;
    cache->many = others;
    cache->count = count;
    if (field && field->kind == FIELD_MANY_TO_MANY && self->model->size && field->layout.object >= 0)
        *(Instance ***)(void *)((char *)self + field->layout.object) = others;
}

bool capo_instance_get_prefetched(const Instance *self, const char *accessor, Instance ***ret_others, size_t *ret_count)
{
    const RelatedCache *cache = find_cache(self, NULL, accessor);
    if (!cache || !cache->many)
        return false;
    *ret_others = cache->many;
    *ret_count = cache->count;
    return true;
}

void capo_instance_forget(Instance *self, const char *accessor)
{
    RelatedCache *cache = find_cache(self, NULL, accessor);
    const Field *field = capo_field(self->model, accessor);
    if (cache) {
        cache->many = NULL;
        cache->known = false;
    }
    if (field && field->kind == FIELD_MANY_TO_MANY && self->model->size && field->layout.object >= 0)
        *(Instance ***)(void *)((char *)self + field->layout.object) = NULL;
}

void capo_instance_forget_all(Instance *self)
{
    self->state->related = NULL;
    for (size_t i = 0; i < self->model->n_fields + self->model->n_many; i++) {
        const Field *field = i < self->model->n_fields ? self->model->fields[i] : self->model->many[i - self->model->n_fields];
        if (self->model->size && field->layout.object >= 0)
            *(void **)(void *)((char *)self + field->layout.object) = NULL;
    }
}

/* --- values --- */

void capo_field_load(Instance *self, const Field *field, Value value)
{
    capo_field_store(self, field, value);
    if (capo_storage_is_held(capo_field_storage(field)))
        value = capo_held_copy(value);
    else if (capo_field_storage(field) == STORAGE_JSON && !capo_is_null(value))
        value = capo_value_text(capo_json_text(value, 0));
    capo_member_store(self->state->original, field, value);
}

static void load_deferred(const Instance *self, const Field *field)
{
    if (self->state->peers && peers_read((Instance *)self, field->attname, NULL, 0))
        return;
    WITH_DATABASE(database_for(self->model, self, NULL, DATABASE_READ));
    Buffer sql = { 0 };
    capo_put(&sql, "SELECT ");
    capo_put_name(&sql, field->column);
    capo_put(&sql, " FROM ");
    const Model *level = capo_local_field(field)->model;
    capo_put_name(&sql, level->table);
    capo_put(&sql, " WHERE ");
    Value *key = capo_alloc_array(capo_key_size(level->pk), sizeof *key);
    size_t bound = key_put_equals(&sql, level->pk, capo_instance_pk(self), key, 0);
    ResultSet *result = capo_database_run(capo_buffer_text(&sql), key, bound, DATABASE_READ);
    if (!result->n_rows)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", self->model->name);
    capo_field_load((Instance *)self, field, capo_from_column(field, capo_cell(result, 0, 0)));
}

bool capo_field_is_deferred(const Instance *self, const Field *field)
{
    return self->state->deferred && self->state->deferred[field->position / 64] >> field->position % 64 & 1;
}

Value capo_field_value(const Instance *self, const Field *field)
{
    if (field->kind == FIELD_COMPOSITE_KEY)
        return capo_instance_pk(self);
    if (!field->column)
        capo_bug("%s.%s is many-to-many and has no value of its own; capo_instance_related_query() gives its objects.", field->model->label, field->name);
    if (field->model != self->model) {
        const Field *own = capo_own_field(self->model, field);
        if (!own)
            capo_bug("capo_field_value() was given a %s and the field %s.%s.", self->model->label, field->model->label, field->name);
        field = own;
    }
    if (capo_field_is_deferred(self, field))
        load_deferred(self, field);
    if (field->target)
        capo_relation_sync(self, field);
    return capo_member_value(base_of(self), field);
}

Value capo_instance_pk(const Instance *self)
{
    const Field *key = self->model->pk;
    for (size_t i = 0; key->kind == FIELD_COMPOSITE_KEY && i < key->n_parts; i++)
        if (key->parts[i]->target)
            capo_relation_sync(self, key->parts[i]);
    return key_value(base_of(self), key);
}

bool capo_is_instance(Value value)
{
    return value.kind == VALUE_OBJECT && value.object && value.object->ops == &capo_instance_ops;
}

void capo_field_assign(Instance *self, const Field *field, Value value)
{
    if (field->kind == FIELD_COMPOSITE_KEY) {
        capo_field_store(self, field, key_to_python(field, value));
        return;
    }
    if (!field->column)
        capo_bug("%s.%s is many-to-many: use capo_set_all() and the like.", field->model->label, field->name);
    if (field->model != self->model && capo_own_field(self->model, field))
        field = capo_own_field(self->model, field);
    if (field->target && capo_is_instance(value)) {
        Instance *other = (Instance *)value.object;
        if (other->model != field->target && !capo_model_is(other->model, field->target))
            capo_raise(ERROR_VALUE, "Cannot assign a %s: \"%s.%s\" must be a \"%s\" instance.", other->model->name, field->model->name, field->name,
                       field->target->name);
        capo_field_store(self, field, key_of_object(other, field));
        capo_instance_cache(self, field, other);
        return;
    }
    value = capo_field_to_python(field, value);
    if (capo_field_storage(field) == STORAGE_TEXT && capo_is_text(value) && memchr(value.text, '\0', value.size))
        capo_invalid("null_characters_not_allowed", "Null characters are not allowed.");
    capo_field_store(self, field, value);
}

bool capo_field_changed(const Instance *self, const Field *field)
{
    if (!self->state->saved)
        return true;
    for (size_t i = 0; field->kind == FIELD_COMPOSITE_KEY && i < field->n_parts; i++)
        if (capo_field_changed(self, field->parts[i]))
            return true;
    if (field->kind == FIELD_COMPOSITE_KEY)
        return false;
    if (capo_field_is_deferred(self, field))
        return false;
    Value now = capo_field_value(self, field), before = capo_member_value(self->state->original, field);
    if (capo_field_storage(field) == STORAGE_JSON) {
        const char *error;
        Value parsed = before;
        if (capo_is_null(before) || capo_is_null(now))
            return capo_is_null(before) != capo_is_null(now);
        if (!capo_is_text(before) || !capo_json_parse(before.text, before.size, &parsed, &error))
            return true;
        return !capo_equal(parsed, now);
    }
    if (now.kind != before.kind)
        return true;
    if (now.kind == VALUE_DECIMAL)
        return capo_decimal_compare(now.decimal, before.decimal) != 0;
    if (now.kind == VALUE_TEXT && now.text == before.text)
        return false;
    return !capo_equal(now, before);
}

bool capo_is_json_null(const Field *field, Value value)
{
    const Expression *expression = value.kind == VALUE_OBJECT && capo_field_storage(field) == STORAGE_JSON ? value_expression(value) : NULL;
    return expression && expression_is_json_null(expression);
}

/* Nothing behind the member can change while it stays the same, as what a JSON document points to can. */
static bool is_all_in_member(const Field *field) { return field->known_storage && field->known_storage < 1 + STORAGE_JSON; }

/* What the database has now is what the instance has. */
void capo_instance_settle(Instance *self)
{
    const Model *model = self->model;
    for (size_t i = 0; i < model->n_fields; i++)
        if (!is_all_in_member(model->fields[i]) && capo_is_json_null(model->fields[i], capo_member_value(base_of(self), model->fields[i])))
            capo_member_store(base_of(self), model->fields[i], capo_value_null());
    size_t size = model->size ? model->size : model->n_fields * sizeof(Value);
    memcpy(self->state->original, base_of(self), size);
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (is_all_in_member(field))
            continue;
        if (capo_storage_is_held(capo_field_storage(field))) {
            capo_member_store(self->state->original, field, capo_held_copy(capo_member_value(base_of(self), field)));
        } else if (capo_field_storage(field) == STORAGE_JSON) {
            Value value = capo_member_value(base_of(self), field);
            if (!capo_is_null(value))
                capo_member_store(self->state->original, field, capo_value_text(capo_json_text(value, 0)));
        }
    }
    self->state->saved = true;
    self->state->database = database_origin();
}

/* --- making --- */

static Instance *allocate(Model *model)
{
    if (model->abstract)
        capo_bug("%s is abstract: its instances are those of the models made from it.", model->name);
    if (!model->names)
        capo_bug("an instance of %s is made before capo_models_prepare() knew the model.", model->name);
    size_t size = model->size ? (model->size + 15) & ~(size_t)15 : sizeof(Instance);
    size_t values = model->size ? 0 : model->n_fields * sizeof(Value);
    size_t original = model->size ? size : values;
    char *block = capo_alloc(size + sizeof(InstanceState) + values + original);
    Instance *self = (Instance *)(void *)block;
    self->ops = &capo_instance_ops;
    self->model = model;
    self->state = (InstanceState *)(void *)(block + size);
    self->state->values = values ? (Value *)(void *)(block + size + sizeof(InstanceState)) : NULL;
    self->state->original = block + size + sizeof(InstanceState) + values;
    return self;
}

Instance *capo_instance_blank(Model *model) { return allocate(model); }

static void tell_init(Signal *signal, Model *model, Instance *self)
{
    if (signal->count)
        capo_send_event(signal, &(SignalEvent){ .sender = model, .instance = self });
}

Instance *capo_instance_new(Model *model)
{
    model = capo_model_in_use(model);
    tell_init(&capo_pre_init, model, NULL);
    Instance *self = allocate(model);
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field->has_default || capo_has_literal_default(field))
            capo_member_store(base_of(self), field, field->has_default ? capo_field_default(field) : capo_literal_default(field));
        else if (field->has_db_default || field->generated)
            continue;
        else if (!field->null && !field->target && !field->primary_key && capo_field_storage(field) == STORAGE_TEXT)
            capo_member_store(base_of(self), field, capo_value_text(""));
        else if (!field->null && capo_field_storage(field) == STORAGE_ARRAY)
            capo_member_store(base_of(self), field, capo_value_list(capo_list_new()));
        else if (!field->null && capo_field_storage(field) == STORAGE_HSTORE)
            capo_member_store(base_of(self), field, capo_value_map(capo_map_new()));
    }
    tell_init(&capo_post_init, model, self);
    return self;
}

/* What nearly all cells are, without the way through a converted Value. False: not of these. */
static bool store_plain(char *base, const Field *field, Value cell)
{
    if (!field->model->size)
        return false;
    char *at = base + field->layout.value;
    switch (field->known_storage - 1) {
    case STORAGE_INT:
        if (cell.kind != VALUE_INT)
            return false;
        *(int64_t *)(void *)at = cell.integer;
        break;
    case STORAGE_TEXT:
        if (cell.kind != VALUE_TEXT)
            return false;
        *(const char **)(void *)at = cell.text;
        break;
    case STORAGE_BOOL:
        if (cell.kind != VALUE_BOOL && (cell.kind != VALUE_INT || cell.integer < 0 || cell.integer > 1))
            return false;
        *(bool *)at = cell.kind == VALUE_BOOL ? cell.boolean : cell.integer;
        break;
    case STORAGE_REAL:
        if (cell.kind != VALUE_REAL)
            return false;
        *(double *)(void *)at = cell.real;
        break;
    case STORAGE_DATETIME: {
        int64_t microseconds;
        if (cell.kind == VALUE_DATETIME)
            *(DateTime *)(void *)at = cell.datetime;
        else if (cell.kind == VALUE_TEXT && capo_read_column_datetime(cell.text, cell.size, &microseconds))
            *(DateTime *)(void *)at = (DateTime){ microseconds };
        else
            return false;
        break;
    }
    default:
        return false;
    }
    if (field->layout.present >= 0)
        *(bool *)(base + field->layout.present) = true;
    return true;
}

Instance *capo_instance_load(Model *model, Field *const *fields, const Value *cells, size_t count)
{
    tell_init(&capo_pre_init, model, NULL);
    Instance *self = allocate(model);
    char *base = base_of(self);
    size_t loaded = 0, size = model->size ? model->size : model->n_fields * sizeof(Value);
    bool json = false;
    for (size_t i = 0; i < count; i++) {
        if (!fields[i])
            continue;
        if (!store_plain(base, fields[i], cells[i]))
            capo_member_store(base, fields[i], capo_from_column(fields[i], cells[i]));
        json = json || (fields[i]->known_storage ? fields[i]->known_storage >= 1 + STORAGE_JSON : capo_field_storage(fields[i]) >= STORAGE_JSON);
        loaded++;
    }
    memcpy(self->state->original, base, size);
    for (size_t i = 0; json && i < count; i++)
        if (fields[i] && capo_field_storage(fields[i]) == STORAGE_JSON)
            capo_member_store(self->state->original, fields[i], cells[i]);
        else if (fields[i] && capo_storage_is_held(capo_field_storage(fields[i])))
            capo_member_store(self->state->original, fields[i], capo_held_copy(capo_member_value(base, fields[i])));
    if (loaded < model->n_fields) {
        size_t words = (model->n_fields + 63) / 64;
        self->state->deferred = capo_alloc_array(words, sizeof(uint64_t));
        memset(self->state->deferred, 0xff, words * sizeof(uint64_t));
        for (size_t i = 0; i < count; i++)
            if (fields[i])
                self->state->deferred[fields[i]->position / 64] &= ~(UINT64_C(1) << fields[i]->position % 64);
    }
    self->state->saved = true;
    self->state->database = database_origin();
    if (model->meta->from_db && model->size)
        model->meta->from_db(self);
    tell_init(&capo_post_init, model, self);
    return self;
}

const char *const *capo_instance_deferred(const Instance *self)
{
    const char **names = capo_alloc_array(self->model->n_fields + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < self->model->n_fields; i++)
        if (capo_field_is_deferred(self, self->model->fields[i]))
            names[count++] = self->model->fields[i]->attname;
    return names;
}

bool capo_instance_is_saved(const Instance *self) { return self->state->saved; }

void capo_instance_annotate(Instance *self, const char *name, Value value)
{
    if (!self->state->annotations)
        self->state->annotations = capo_map_new();
    capo_map_set(self->state->annotations, name, value);
}
