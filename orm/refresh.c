/* SPDX-License-Identifier: BSD-3-Clause */
/* An instance and its row: some columns read again, all of it from a query, written whether or not they changed; the rows beside it. */
#include "instance.h"
#include "composite_key.h"
#include "query.h"
#include "routing.h"
#include <string.h>

ResultSet *capo_select_columns(const Model *model, const Field *const *fields, size_t count, Value key)
{
    Buffer sql = { 0 };
    for (size_t i = 0; i < count; i++) {
        capo_put(&sql, i ? ", " : "SELECT ");
        capo_put_name(&sql, fields[i]->column);
    }
    capo_put(&sql, " FROM ");
    capo_put_name(&sql, model->table);
    capo_put(&sql, " WHERE ");
    Value *bound = capo_alloc_array(capo_key_size(model->pk), sizeof *bound);
    size_t n = key_put_equals(&sql, model->pk, key, bound, 0);
    return capo_database_run(capo_buffer_text(&sql), bound, n, DATABASE_READ);
}

/* --- reading again ------------------------------------------------------------------------------------------------------------- */

/* The columns that are meant; a relation to many is only forgotten. */
static const Field **columns_of(Instance *self, const char *const *names, size_t *ret_count)
{
    const Model *model = self->model;
    const Field **fields = capo_alloc_array(model->n_fields + 1, sizeof *fields);
    size_t count = 0;
    for (size_t i = 0; names[i]; i++) {
        const Field *field = capo_field(model, names[i]);
        bool reverse;
        if ((!field || !field->column) && relation_of_accessor(model, names[i], &reverse))
            capo_instance_forget(self, names[i]);
        else if (!field)
            capo_raise(ERROR_FIELD_DOES_NOT_EXIST, "%s has no field named '%s', which was to be read again.", model->name, names[i]);
        else if (count < model->n_fields)
            fields[count++] = field;
    }
    *ret_count = count;
    return fields;
}

/* Of a child: its columns are in several tables. */
static void read_levels(Instance *self, const Field *const *fields, size_t count, Value key)
{
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = fields[i]->name;
    if (capo_is_null(key))
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", self->model->name);
    Instance *fresh = capo_query_get(capo_query_only(capo_query_filter(capo_base_rows(self->model), capo_q("pk", key)), names));
    for (size_t i = 0; i < count; i++) {
        capo_field_load(self, fields[i], capo_field_value(fresh, fields[i]));
        if (fields[i]->target)
            capo_relation_sync(self, fields[i]);
    }
}

static void read_columns(Instance *self, const char *const *names)
{
    size_t count;
    WITH_DATABASE(database_for(self->model, self, NULL, DATABASE_READ));
    const Field **fields = columns_of(self, names, &count);
    if (!count)
        return;
    Value key = capo_instance_pk(self);
    if (capo_parent_level(self->model->concrete)) {
        read_levels(self, fields, count, key);
        return;
    }
    ResultSet *result = capo_is_null(key) ? NULL : capo_select_columns(self->model, fields, count, key);
    if (!result || !result->n_rows)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", self->model->name);
    for (size_t i = 0; i < count; i++) {
        capo_field_load(self, fields[i], capo_from_column(fields[i], capo_cell(result, 0, i)));
        if (fields[i]->target)
            capo_relation_sync(self, fields[i]);
    }
}

/* What the other has loaded, its related objects too, is this one's. */
static void take_over(Instance *self, const Instance *row)
{
    capo_instance_forget_all(self);
    for (size_t i = 0; i < self->model->n_fields; i++) {
        const Field *field = self->model->fields[i];
        Instance *other;
        if (capo_field_is_deferred(row, field))
            continue;
        capo_field_load(self, field, capo_field_value(row, field));
        if (field->target && capo_instance_cached(row, field, &other))
            capo_instance_cache(self, field, other);
    }
    for (const RelatedCache *cache = row->state->related; cache; cache = cache->next)
        if (cache->accessor && cache->many)
            capo_instance_prefetched(self, cache->accessor, cache->many, cache->count);
    for (size_t i = 0; row->state->annotations && i < row->state->annotations->count; i++)
        capo_instance_annotate(self, row->state->annotations->entries[i].key.text, row->state->annotations->entries[i].value);
}

void capo_instance_refresh_with(Instance *self, const char *const *names, Query *query)
{
    if (!query && names) {
        read_columns(self, names);
        return;
    }
    if (!query) {
        capo_instance_refresh(self);
        return;
    }
    if (query->model != self->model)
        capo_raise(ERROR_VALUE, "A %s cannot be read again from a query of %s.", self->model->name, query->model->name);
    query = capo_query_filter(query, capo_q("pk", capo_instance_pk(self)));
    if (names)
        query = capo_query_only(query, names);
    take_over(self, capo_query_get(query));
}

/* --- writing all --------------------------------------------------------------------------------------------------------------- */

void capo_instance_update(Instance *self)
{
    const char **names = capo_alloc_array(self->model->n_fields + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < self->model->n_fields; i++)
        if (!self->model->fields[i]->in_key && !self->model->fields[i]->generated && !capo_field_is_deferred(self, self->model->fields[i]))
            names[count++] = self->model->fields[i]->name;
    if (capo_is_null(capo_instance_pk(self)))
        capo_raise(ERROR_VALUE, "Cannot force an update in save() with no primary key: this %s has none.", self->model->name);
    capo_instance_save_fields(self, names);
}

/* --- neighbours ---------------------------------------------------------------------------------------------------------------- */

Instance *capo_instance_neighbour(Instance *self, const char *name, bool next, Query *query)
{
    const Field *field = capo_field(self->model, name);
    if (!field || (field->kind != FIELD_DATE && field->kind != FIELD_DATETIME) || field->null)
        capo_raise(ERROR_FIELD, "%s.%s is no date or datetime that is never null: there is no next and no previous by it.", self->model->name, name);
    Value key = capo_instance_pk(self), value = capo_field_value(self, field);
    if (capo_is_null(key))
        capo_raise(ERROR_VALUE, "get_next/get_previous cannot be used on unsaved objects.");
    const char *than = next ? "gt" : "lt";
    Condition *beyond = ANY(capo_q(capo_format("%s__%s", name, than), value), ALL(capo_q(name, value), capo_q(capo_format("pk__%s", than), key)));
    query = capo_query_filter(query ? query : capo_query_of(self->model), beyond);
    query = capo_query_order_by(query, next ? LIST(name, "pk") : LIST(capo_format("-%s", name), "-pk"));
    Instance *found = capo_query_first(query);
    if (!found)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", self->model->name);
    return found;
}
