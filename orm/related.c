/* SPDX-License-Identifier: BSD-3-Clause */
/* From an instance to others: the object behind a key, the queries of to-many relations, their adding and removing; and what
 * templates may ask of an instance. */
#include "instance.h"
#include "composite_key.h"
#include <capo/generic.h>
#include <capo/model_signals.h>
#include "routing.h"
#include <stdio.h>
#include <string.h>

/* --- one object --- */

Instance *capo_load_one(Model *model, const Field *by, Value key)
{
    if (capo_has_base_manager(model) || capo_parent_level(model->concrete)) {
        Query *query = capo_query_filter(capo_base_rows(model), capo_q(by->attname, key));
        Instance **rows = capo_query_rows(query, NULL);
        return rows[0];
    }
    ResultSet *result = capo_select_where(model, by, key);
    return result->n_rows ? capo_instance_load(model, model->fields, result->cells, model->n_fields) : NULL;
}

static Instance *load_one(const Instance *hint, Model *model, const Field *by, Value key)
{
    WITH_DATABASE(database_for(model, hint, NULL, DATABASE_READ));
    return capo_load_one(model, by, key);
}

/* An accessor on this model: the relation field of the other model whose reverse is called so. */
static Field *if_accessor(Field *field, const char *name)
{
    return field && field->related_name && !strcmp(field->related_name, name) ? field : NULL;
}

static Field *reverse_accessor(const Model *model, const char *name)
{
    return if_accessor(capo_reverse_field(model, name), name);
}

static const char *relation_names(const Model *model, const char *wrong)
{
    const char **names = capo_alloc_array(model->n_fields + model->n_many + model->n_reverse, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->fields[i]->target)
            names[count++] = model->fields[i]->name;
    for (size_t i = 0; i < model->n_many; i++)
        names[count++] = model->many[i]->name;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->related_name)
            names[count++] = model->reverse[i]->related_name;
    return capo_did_you_mean(wrong, names, count);
}

Instance *capo_instance_related_at(Instance *self, const char *relation, const char *file, int line)
{
    Instance *other;
    const Field *field = capo_field(self->model, relation);
    if (field && field->target && field->column) {
        bool cached = !capo_field_is_deferred(self, field) && capo_instance_cached(self, field, &other);
        if (cached && other)
            return other;
        Value key = capo_field_value(self, field);
        if (capo_instance_cached(self, field, &other) && (other || capo_is_null(key)))
            return other;
        if (capo_is_null(key))
            return NULL;
        if (capo_instance_cached(self, field, &other)) {            /* prefetched by a query that leaves it out */
            if (field->null)
                return NULL;
            capo_raise(ERROR_DOES_NOT_EXIST, "%s has no %s among the rows that were prefetched.", self->model->name, field->name);
        }
        if (self->state->peers && peers_read(self, relation, file, line) && capo_instance_cached(self, field, &other) && other)
            return other;
        other = load_one(self, field->target, field->target_field, key);
        if (!other)
            capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist: %s.%s is %s.", field->target->name, self->model->name, field->attname,
                       capo_to_text(key));
        capo_instance_cache(self, field, other);
        if (field->kind == FIELD_ONE_TO_ONE)
            capo_instance_cache_reverse(other, field, self);
        return other;
    }
    const Field *over = field ? NULL : capo_foreign_object(self->model, relation);
    if (over)
        return related_over_columns(self, over, file, line);
    field = reverse_accessor(self->model, relation);
    if (field && field->kind == FIELD_ONE_TO_ONE) {
        if (capo_instance_cached_reverse(self, field, &other))
            return other;
        if (self->state->peers && peers_read(self, relation, file, line) && capo_instance_cached_reverse(self, field, &other))
            return other;
        Value key = capo_field_value(self, field->target_field);
        other = capo_is_null(key) ? NULL : load_one(self, field->model, field, key);
        if (other)
            capo_instance_cache(other, field, self);
        capo_instance_cache_reverse(self, field, other);
        return other;
    }
    capo_raise(ERROR_FIELD, "%s has no relation to one object called \"%s\".%s", self->model->name, relation, relation_names(self->model, relation));
}

/* --- queries --- */

/* The relation to many that an accessor names, and the field whose value the other side knows. */
static const Field *relation_to_many(const Instance *self, const char *accessor, bool *ret_forward, const Field **ret_key)
{
    Field *field, *reverse;
    capo_find_name(self->model, accessor, &field, &reverse);
    bool forward = field && field->kind == FIELD_MANY_TO_MANY;
    if (!forward)
        field = if_accessor(reverse, accessor);
    if (!field || (!forward && field->kind == FIELD_ONE_TO_ONE))
        capo_raise(ERROR_FIELD, "%s has no relation to many objects called \"%s\".%s", self->model->name, accessor, relation_names(self->model, accessor));
    *ret_forward = forward;
    *ret_key = field->kind == FIELD_MANY_TO_MANY ? (forward ? field->through_source : field->through_target)->target_field : field->target_field;
    return field;
}

Query *query_of_relation(Instance *self, const char *accessor, Value value, const char *file, int line)
{
    bool forward;
    const Field *key, *field = relation_to_many(self, accessor, &forward, &key);
    Query *query = capo_default_rows(forward ? field->target : field->model);
    if (field->n_parts)
        return capo_query_related_to(capo_query_filter(query, relation_condition(field, false, value)), self, accessor, file, line);
    const char *path = forward ? field->related_query_name : field->name;
    /* Over a key that is not the primary one, the path names it. */
    if (key != self->model->pk)
        path = capo_format("%s__%s", path, key->name);
    query = capo_query_filter(query, capo_q(path, value));
    if (field->generic_type)
        query = capo_query_filter(query, capo_q(field->generic_type->name, capo_generic_type(field->target)));
    return capo_query_related_to(query, self, accessor, file, line);
}

/* What was prefetched is mostly read and nothing else: the query that it came from is made when more is asked of it. Until then it looks like one of
 * all rows of its model. Where a manager makes it another (an order, a limit), only templates, which loop, get it so. */
static Query *related_query(Instance *self, const char *accessor, const char *file, int line, bool of_template)
{
    bool forward;
    const Field *key, *field = relation_to_many(self, accessor, &forward, &key);
    Value value = field->n_parts ? relation_value(self, field, true) : capo_field_value(self, key);
    if (capo_is_null(value)) {
        if (field->kind == FIELD_MANY_TO_MANY)
            capo_raise(ERROR_VALUE, "This %s needs to have a value for field \"%s\" before its many-to-many relationship \"%s\" can be used. Save it first.",
                       self->model->name, key->name, accessor);
        if (!field->generic_type && capo_is_null(capo_instance_pk(self)))
            capo_raise(ERROR_VALUE, "This %s needs to have a primary key before \"%s\" can be used: it is not saved yet. Save it first.", self->model->name, accessor);
        return capo_query_none(field->model);
    }
    const Model *other = forward ? field->target : field->model;
    Query *prefetched = of_template || !capo_has_default_manager(other) ? capo_query_prefetched(self, field, forward, value, file, line) : NULL;
    return prefetched ? prefetched : query_of_relation(self, accessor, value, file, line);
}

Query *capo_instance_related_query_at(Instance *self, const char *accessor, const char *file, int line)
{
    return related_query(self, accessor, file, line, false);
}

/* --- adding and removing --- */

typedef struct Many {
    Instance *self;
    const char *accessor;
    const Field *field;                 /* the relation, of this model or of the other */
    const Field *source, *target;       /* columns of the join table: this object's and the others'; of a plain key NULL and the key */
    Model *table;
    Value key;                          /* this object's */
    const ManyOptions *options;
} Many;

static void put_equal(Buffer *sql, const Field *field, int number)
{
    capo_put_name(sql, field->column);
    capo_put(sql, " = ");
    capo_put_placeholder(sql, number, field);
}

static Value key_of_other(const Many *many, Value other)
{
    const Field *wanted = many->source ? many->target->target_field : many->table->pk;
    if (capo_is_instance(other)) {
        Instance *instance = (Instance *)other.object;
        if (!capo_model_is(instance->model, wanted->model))
            capo_raise(ERROR_VALUE, "'%s' instance expected, got a %s.", wanted->model->name, instance->model->name);
        Value key = capo_field_value(instance, wanted);
        if (capo_is_null(key))
            capo_raise(ERROR_VALUE, "A %s that is not saved cannot be added to \"%s\". Save it first.", instance->model->name, many->accessor);
        if (capo_several_databases && !capo_allow_relation(many->self, instance))
            capo_raise(ERROR_VALUE, "The %s %s cannot be added to \"%s\": this object is in the database '%s', that one in '%s'.", instance->model->name,
                       capo_to_text(key), many->accessor, many->self->state->database, instance->state->database);
        return key;
    }
    return capo_field_to_python(wanted, other);
}

/* The keys without repetitions. */
static List *keys_of(const Many *many, Value others)
{
    List *given = others.kind == VALUE_LIST ? others.list : NULL, *keys = capo_list_new();
    Map *seen = capo_map_new();
    if (!given && others.kind == VALUE_OBJECT && !capo_is_instance(others))
        given = capo_list_of(others);
    for (size_t i = 0; i < (given ? given->count : 1); i++) {
        Value key = key_of_other(many, given ? given->items[i] : others);
        bool null = capo_is_null(key);
        if (null && !many->source)
            capo_raise(ERROR_VALUE, "'%s' instance or key expected, got None.", many->table->name);
        if ((null && capo_dialect()->ignores_null) || capo_map_get_value(seen, key))
            continue;
        capo_map_set_value(seen, key, capo_value_bool(true));
        capo_list_add(keys, key);
    }
    return keys;
}

/* The statement in batches of keys: `before` is its text up to the condition; bound: `first`, then the keys. */
static void run_on_keys(const char *before, const Field *own, Value own_key, const Field *column, const List *keys)
{
    size_t size = capo_key_size(column), batch = (capo_dialect()->max_parameters - 2) / size;
    for (size_t i = 0; i < keys->count; i += batch) {
        size_t n = keys->count - i < batch ? keys->count - i : batch;
        Value *values = capo_alloc_array(n * size + 1, sizeof *values);
        Buffer sql = { 0 };
        capo_put(&sql, before);
        if (own) {
            put_equal(&sql, own, 1);
            capo_put(&sql, " AND ");
        }
        values[0] = own_key;
        size_t bound = key_put_in(&sql, column, keys->items + i, n, values, 1);
        capo_database_run(capo_buffer_text(&sql), values, bound, DATABASE_WRITE);
    }
}

static List *linked(const Many *many, const Field *source, const Field *target)
{
    Buffer sql = { 0 };
    Value key = capo_to_column(source, many->key);
    List *keys = capo_list_new();
    capo_put(&sql, "SELECT ");
    for (size_t i = 0; i < capo_key_size(target); i++)
        capo_put_format(&sql, "%s%s", i ? ", " : "", capo_quote_name(capo_key_part(target, i)->column));
    capo_put(&sql, " FROM ");
    capo_put_name(&sql, many->table->table);
    capo_put(&sql, " WHERE ");
    put_equal(&sql, source, 1);
    ResultSet *result = capo_database_run(capo_buffer_text(&sql), &key, 1, DATABASE_READ);
    for (size_t i = 0; i < result->n_rows; i++)
        capo_list_add(keys, key_of_cells(target, &capo_cell(result, i, 0)));
    return keys;
}

static List *without(const List *keys, const List *others)
{
    List *rest = capo_list_new();
    Map *known = capo_map_new();
    for (size_t i = 0; i < others->count; i++)
        capo_map_set_value(known, others->items[i], capo_value_bool(true));
    for (size_t i = 0; i < keys->count; i++)
        if (!capo_map_get_value(known, keys->items[i]))
            capo_list_add(rest, keys->items[i]);
    return rest;
}

static void tell(const Many *many, ManyAction action, const List *keys)
{
    capo_send_event(&capo_m2m_changed, &(SignalEvent){ .sender = many->table, .instance = many->self, .action = action, .keys = (List *)keys,
        .reverse = many->source != many->field->through_source, .model = many->target->target });
}

static void link_rows(const Many *many, const Field *source, const Field *target, const List *fresh)
{
    Instance **rows = capo_alloc_array(fresh->count + 1, sizeof *rows);
    const Map *defaults = many->options->through_defaults;
    for (size_t i = 0; i < fresh->count; i++) {
        rows[i] = capo_instance_new(many->table);
        for (size_t k = 0; defaults && k < defaults->count; k++) {
            const char *name = defaults->entries[k].key.text;
            const Field *field = capo_field(many->table, name);
            if (!field || !field->column)
                capo_raise(ERROR_FIELD, "%s, which links \"%s\", has no field '%s' for .through_defaults.", many->table->name, many->accessor, name);
            capo_field_assign(rows[i], field, defaults->entries[k].value);
        }
        capo_field_store(rows[i], source, many->key);
        capo_field_store(rows[i], target, fresh->items[i]);
    }
    capo_bulk_create_with(rows, fresh->count, &(BulkOptions){ .conflict = many->table->auto_created ? BULK_IGNORE : BULK_FAIL, .using = database_origin() });
}

static void unlink_rows(const Many *many, const Field *source, const Field *target, const List *keys)
{
    Buffer sql = { 0 };
    capo_put(&sql, "DELETE FROM ");
    capo_put_name(&sql, many->table->table);
    capo_put(&sql, " WHERE ");
    run_on_keys(capo_buffer_text(&sql), source, capo_to_column(source, many->key), target, keys);
}

/* Over a plain foreign key: the others' key is set to this object, or to null. */
static void point_at(const Many *many, const List *keys, bool at_self)
{
    Buffer sql = { 0 };
    if (!at_self && !many->target->null)
        capo_raise(ERROR_VALUE, "Objects cannot be removed from \"%s\": %s.%s cannot be NULL. Delete them, or give them another %s.", many->accessor,
                   many->table->name, many->target->name, many->target->name);
    capo_put(&sql, "UPDATE ");
    capo_put_name(&sql, many->table->table);
    capo_put(&sql, " SET ");
    put_equal(&sql, many->target, 1);
    capo_put(&sql, " WHERE ");
    run_on_keys(capo_buffer_text(&sql), NULL, at_self ? capo_to_column(many->target, many->key) : capo_value_null(), many->table->pk, keys);
}

/* The same one by one, with what a save does besides. */
static void save_each(const Many *many, const List *keys, bool at_self)
{
    Map *found = capo_query_in_bulk(capo_query_of(many->table), (List *)keys, NULL);
    for (size_t i = 0; i < keys->count; i++) {
        Instance *other = capo_query_bulk_row(found, keys->items[i]);
        if (!other)
            continue;
        capo_field_assign(other, many->target, at_self ? capo_value_object(many->self) : capo_value_null());
        capo_instance_save(other);
    }
}

static void point(const Many *many, const List *keys, bool at_self)
{
    if (!at_self && !many->target->null)
        point_at(many, keys, false);                                    /* says that it cannot be */
    (many->options->one_by_one ? save_each : point_at)(many, keys, at_self);
}

static List *pointing(const Many *many)
{
    return linked(many, many->target, many->table->pk);
}

static void change_links(const Many *many, ManyOperation operation, const List *keys, bool mirrored)
{
    if (operation == MANY_ADD && !keys->count)
        return;
    const List *now = operation == MANY_REMOVE ? NULL : linked(many, many->source, many->target);
    bool clears = operation == MANY_CLEAR || (operation == MANY_SET && many->options->clear);
    const List *gone = operation == MANY_REMOVE ? keys : operation == MANY_ADD ? NULL : clears ? now : without(now, keys);
    const List *fresh = operation == MANY_REMOVE ? NULL : clears ? keys : without(keys, now);
    if (gone && (gone->count || clears)) {
        tell(many, clears ? MANY_PRE_CLEAR : MANY_PRE_REMOVE, clears ? NULL : gone);
        unlink_rows(many, many->source, many->target, gone);
        if (mirrored)
            unlink_rows(many, many->target, many->source, gone);
        tell(many, clears ? MANY_POST_CLEAR : MANY_POST_REMOVE, clears ? NULL : gone);
    }
    if (!fresh || !fresh->count)
        return;
    tell(many, MANY_PRE_ADD, fresh);
    link_rows(many, many->source, many->target, fresh);
    if (mirrored)
        link_rows(many, many->target, many->source, without(fresh, linked(many, many->target, many->source)));
    tell(many, MANY_POST_ADD, fresh);
}

static void change(const Many *many, ManyOperation operation, List *keys)
{
    bool mirrored = many->field->kind == FIELD_MANY_TO_MANY && many->field->symmetrical;
    List *gone = NULL;
    if (operation == MANY_REMOVE)
        gone = keys;
    if (many->source) {
        change_links(many, operation, keys, mirrored);
        return;
    }
    /* A key that cannot be NULL lets nothing go: setting only adds, as in Django. */
    if (operation == MANY_REMOVE || (operation == MANY_SET && many->target->null)) {
        List *now = pointing(many);
        gone = operation == MANY_SET ? many->options->clear ? now : without(now, keys) : keys;
        const List *strangers = operation == MANY_REMOVE ? without(keys, now) : NULL;
        if (strangers && strangers->count)
            capo_raise(ERROR_DOES_NOT_EXIST, "The %s %s is not related to this %s by \"%s\".", many->table->name, capo_to_text(strangers->items[0]),
                       many->self->model->name, many->accessor);
        if (gone->count)
            point(many, gone, false);
    }
    if (operation != MANY_REMOVE && keys->count)
        point(many, keys, true);
}

void capo_instance_many(Instance *self, const char *accessor, ManyOperation operation, Value others)
{
    capo_instance_many_with(self, accessor, operation, others, &(ManyOptions){ .one_by_one = false });
}

void capo_instance_many_with(Instance *self, const char *accessor, ManyOperation operation, Value others, const ManyOptions *options)
{
    Many many = { .self = self, .accessor = accessor, .field = capo_field(self->model, accessor), .options = options };
    bool forward = many.field && many.field->kind == FIELD_MANY_TO_MANY;
    if (!forward)
        many.field = reverse_accessor(self->model, accessor);
    if (!many.field || (!forward && many.field->kind == FIELD_ONE_TO_ONE))
        capo_raise(ERROR_FIELD, "%s has no relation to many objects called \"%s\".%s", self->model->name, accessor, relation_names(self->model, accessor));
    if (many.field->n_parts)
        capo_raise(ERROR_NOT_SUPPORTED, "\"%s\" goes over several columns, which are no key that can be set as one: change those of the %s.", accessor, many.field->model->name);
    if (operation == MANY_CLEAR) {
        if (many.field->kind != FIELD_MANY_TO_MANY && !many.field->null && !many.field->generic_type)
            capo_raise(ERROR_VALUE, "\"%s\" cannot be cleared: %s.%s cannot be NULL. Delete the objects, or give them another %s.", accessor,
                       many.field->model->name, many.field->name, many.field->name);
        if (many.field->kind != FIELD_MANY_TO_MANY && !many.field->generic_type)
            operation = MANY_SET;
        others = capo_value_list(capo_list_new());
    }
    if (many.field->kind == FIELD_MANY_TO_MANY) {
        many.table = many.field->through;
        many.source = forward ? many.field->through_source : many.field->through_target;
        many.target = forward ? many.field->through_target : many.field->through_source;
        many.key = capo_field_value(self, many.source->target_field);
    } else {
        many.table = many.field->model;
        many.target = many.field;
        many.key = capo_field_value(self, many.field->target_field);
    }
    if (capo_is_null(many.key))
        capo_raise(ERROR_VALUE, "This %s is not saved yet, so \"%s\" cannot be changed. Save it first.", self->model->name, accessor);
    WITH_DATABASE(database_for(many.table, self, NULL, DATABASE_WRITE));
    List *keys = operation == MANY_CLEAR ? capo_list_new() : keys_of(&many, others);
    capo_begin();
    if (many.field->generic_type)
        capo_generic_many(self, many.field, accessor, operation, keys);
    else
        change(&many, operation, keys);
    capo_commit();
    capo_instance_forget(self, accessor);
}

/* --- text and display --- */

const char *capo_field_display(Instance *self, const Field *field)
{
    Value value = capo_field_value(self, field);
    const FieldChoice *choice = capo_choice_of(capo_field_choices(field), value);
    return choice ? choice->label ? choice->label : choice->value : capo_to_text(value);
}

const char *capo_instance_text(Instance *self)
{
    const MetaOptions *meta = self->model->meta;
    if (meta->display_function && self->model->size) {
        const char *text = meta->display_function(self);
        return text ? text : "";
    }
    if (meta->display) {
        Value value = capo_value_object(self);
        for (const char *part = meta->display; part; ) {
            const char *end = strstr(part, "__");
            if (!capo_lookup(value, part, end ? (size_t)(end - part) : strlen(part), &value))
                return "";
            part = end ? end + 2 : NULL;
        }
        return capo_to_text(value);
    }
    Value key = capo_instance_pk(self);
    return capo_format("%s object (%s)", self->model->name, capo_to_text(key));
}

bool capo_instance_lookup(Instance *self, const char *name, size_t size, Value *ret)
{
    Value value = capo_value_object(self);
    for (size_t i = 0, start = 0; i <= size; i++) {
        if (i < size && name[i] != '.')
            continue;
        if (!capo_lookup(value, name + start, i - start, &value))
            return false;
        start = i + 1;
    }
    *ret = value;
    return true;
}

/* --- for templates --- */

static bool get_forward(Instance *self, const Field *field, const char *name, Value *ret)
{
    if (field->kind == FIELD_MANY_TO_MANY) {
        if (capo_is_null(capo_instance_pk(self)))
            return false;
        *ret = capo_value_object(related_query(self, field->name, NULL, 0, true));
        return true;
    }
    if (field->target && !strcmp(name, field->name))
        *ret = capo_value_object(capo_instance_related_at(self, field->name, NULL, 0));
    else
        *ret = capo_field_is_file(field->kind) ? capo_field_file(self, field) : capo_field_value(self, field);
    return true;
}

static bool get(Object *object, const char *name, size_t size, Value *ret)
{
    Instance *self = (Instance *)(void *)object;
    char text[128];
    if (size >= sizeof text || !size)
        return false;
    memcpy(text, name, size);
    text[size] = '\0';
    Value *annotation = self->state->annotations ? capo_map_get_n(self->state->annotations, name, size) : NULL;
    if (annotation) {
        *ret = *annotation;
        return true;
    }
    const Field *field = capo_field(self->model, text);
    if (field)
        return get_forward(self, field, text, ret);
    field = capo_foreign_object(self->model, text);
    if (field) {
        *ret = capo_value_object(related_over_columns(self, field, NULL, 0));
        return true;
    }
    field = reverse_accessor(self->model, text);
    if (field && field->kind == FIELD_ONE_TO_ONE) {
        Instance *other = capo_instance_related_at(self, text, NULL, 0);
        *ret = capo_value_object(other);
        return other != NULL;
    }
    if (field) {
        if (capo_is_null(capo_instance_pk(self)))
            return false;
        *ret = capo_value_object(related_query(self, text, NULL, 0, true));
        return true;
    }
    if (self->model->meta->generic_keys && capo_find_generic_key(self->model, text)) {
        *ret = capo_value_object(capo_instance_generic(self, text));
        return true;
    }
    if (!strcmp(text, "get_absolute_url") && self->model->meta->absolute_url && self->model->size) {
        *ret = capo_value_text(self->model->meta->absolute_url(self));
        return true;
    }
    if (size > 12 && capo_starts_with(text, "get_") && capo_ends_with(text, "_display")) {
        text[size - 8] = '\0';
        field = capo_field(self->model, text + 4);
        if (field && field->column && capo_field_has_choices(field)) {
            *ret = capo_value_text(capo_field_display(self, field));
            return true;
        }
        text[size - 8] = '_';
    }
    return self->model->meta->property && self->model->size && self->model->meta->property(self, text, ret);
}

static bool is_called(const Field *field, const char *name, size_t size)
{
    return strlen(field->name) == size && !memcmp(field->name, name, size);
}

/* The hint is the field's place in its model. */
static bool get_hinted(Object *object, const char *name, size_t size, uint32_t *hint, Value *ret)
{
    Instance *self = (Instance *)(void *)object;
    const Model *model = self->model;
    if (self->state->annotations)
        return get(object, name, size, ret);
    if (*hint < model->n_fields && is_called(model->fields[*hint], name, size))
        return get_forward(self, model->fields[*hint], model->fields[*hint]->name, ret);
    for (uint32_t i = 0; i < model->n_fields; i++)
        if (is_called(model->fields[i], name, size))
            *hint = i;
    return get(object, name, size, ret);
}

static const char *text_of(Object *object) { return capo_instance_text((Instance *)(void *)object); }

static bool equal(Object *object, Value other)
{
    Instance *self = (Instance *)(void *)object, *instance = (Instance *)(void *)other.object;
    if (!capo_is_instance(other) || strcmp(self->model->concrete->label, instance->model->concrete->label))
        return false;
    Value a = capo_instance_pk(self), b = capo_instance_pk(instance);
    return self == instance || (!capo_is_null(a) && capo_equal(a, b));
}

static int64_t no_length(Object *object)
{
    (void)object;
    return -1;
}

static bool truth(Object *object)
{
    (void)object;
    return true;
}

/* Fields, relations and accessors, for messages. What Meta's .property knows is only its function's to say. */
static const char *const *names_of(Object *object)
{
    const Model *model = ((Instance *)(void *)object)->model;
    const char **names = capo_alloc_array(2 * model->n_fields + model->n_many + model->n_reverse + 3, sizeof *names);
    size_t n = 0;
    for (size_t i = 0; i < model->n_fields; i++) {
        names[n++] = model->fields[i]->name;
        if (capo_field_has_choices(model->fields[i]))
            names[n++] = capo_format("get_%s_display", model->fields[i]->name);
    }
    for (size_t i = 0; i < model->n_many; i++)
        names[n++] = model->many[i]->name;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->related_name)
            names[n++] = model->reverse[i]->related_name;
    names[n++] = "pk";
    if (model->meta->absolute_url)
        names[n++] = "get_absolute_url";
    return names;
}

static const char *type_of(Object *object)
{
    return ((Instance *)(void *)object)->model->name;
}

const ObjectOps capo_instance_ops = {
    .type_name = "Model", .type = type_of, .names = names_of, .get = get, .get_hinted = get_hinted, .text = text_of, .length = no_length, .truth = truth, .equal = equal,
};
