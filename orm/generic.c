/* SPDX-License-Identifier: BSD-3-Clause */
/* Generic keys and relations. A relation is taken for a reverse foreign key over the column of the key, with a further condition: that the
 * type beside it is this model's (Field.generic_type). */
#include "instance.h"
#include <capo/generic.h>
#include <string.h>

static Model *type_model(void)
{
    Model *model = capo_model("contenttypes.ContentType");
    if (!model)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Generic keys need the app contenttypes: add &capo_contenttypes to settings' .apps.");
    return model;
}

Value capo_generic_type(const Model *model)
{
    Model *types = type_model();
    const Model *concrete = model->concrete;
    Query *rows = capo_query_filter(capo_query_of(types), capo_q_all((Condition *[]){
        capo_q("app_label", capo_value_text(concrete->app)), capo_q("model", capo_value_text(concrete->name_lower)), NULL }));
    Instance *row = capo_query_rows(rows, NULL)[0];
    if (!row) {
        row = capo_instance_new(types);
        capo_field_assign(row, capo_field(types, "app_label"), capo_value_text(concrete->app));
        capo_field_assign(row, capo_field(types, "model"), capo_value_text(concrete->name_lower));
        capo_instance_save(row);
    }
    return capo_instance_pk(row);
}

Model **capo_generic_models(const List *types)
{
    Model *content_type = type_model(), **models = capo_alloc_array(types->count + 1, sizeof *models);
    size_t count;
    Instance **rows = capo_query_rows(capo_query_filter(capo_query_of(content_type), capo_q("pk__in", capo_value_list((List *)types))), &count);
    for (size_t i = 0; i < count; i++)
        for (size_t t = 0; t < types->count; t++)
            if (capo_equal(capo_instance_pk(rows[i]), types->items[t]))
                models[t] = capo_model_of(capo_to_text(capo_field_value(rows[i], capo_field(content_type, "app_label"))),
                                          capo_to_text(capo_field_value(rows[i], capo_field(content_type, "model"))));
    return models;
}

/* --- the object, kept with the row --- */

/* Under type and key, so that an object that they do not mean any more is not found. */
static const char *cache_name(const Instance *self, const GenericKey *key)
{
    return capo_format("%s:%s:%s", key->name, capo_to_text(capo_field_value(self, capo_field(self->model, key->type))),
                       capo_to_text(capo_field_value(self, capo_field(self->model, key->key))));
}

bool capo_generic_cached(const Instance *self, const GenericKey *key, Instance **ret)
{
    Instance **rows;
    size_t count;
    if (!capo_instance_get_prefetched(self, cache_name(self, key), &rows, &count))
        return false;
    *ret = rows[0];
    return true;
}

void capo_generic_cache(Instance *self, const GenericKey *key, Instance *other)
{
    Instance **rows = capo_alloc_array(2, sizeof *rows);
    rows[0] = other;
    capo_instance_prefetched(self, cache_name(self, key), rows, other != NULL);
}

const GenericKey *capo_find_generic_key(const Model *model, const char *name)
{
    for (const GenericKey *key = model->meta->generic_keys; key && key->name; key++)
        if (!name || !strcmp(key->name, name))
            return key;
    return NULL;
}

static const GenericKey *need_key(const Model *model, const char *name)
{
    const GenericKey *key = capo_find_generic_key(model, name);
    if (!key)
        capo_raise(ERROR_FIELD, "%s has no generic key called \"%s\".", model->name, name);
    return key;
}

Instance *capo_instance_generic(Instance *self, const char *name)
{
    const GenericKey *key = need_key(self->model, name);
    Value type = capo_field_value(self, capo_field(self->model, key->type)), of = capo_field_value(self, capo_field(self->model, key->key));
    Instance *other;
    if (capo_is_null(type) || capo_is_null(of))
        return NULL;
    if (capo_generic_cached(self, key, &other))
        return other;
    List *types = capo_list_new();
    capo_list_add(types, type);
    Model *model = capo_generic_models(types)[0];
    other = model && model->pk->kind != FIELD_COMPOSITE_KEY ? capo_load_one(model, model->pk, capo_field_to_python(model->pk, of)) : NULL;
    capo_generic_cache(self, key, other);
    return other;
}

void capo_instance_set_generic(Instance *self, const char *name, Instance *other)
{
    const GenericKey *key = need_key(self->model, name);
    Value of = other ? capo_instance_pk(other) : capo_value_null();
    if (other && other->model->pk->kind == FIELD_COMPOSITE_KEY)
        capo_raise(ERROR_VALUE, "%s.%s: %s has a key of several columns, which a generic key cannot hold.", self->model->name, name, other->model->name);
    if (other && capo_is_null(of))
        capo_raise(ERROR_VALUE, "%s.%s: this %s is not saved yet. Save it first.", self->model->name, name, other->model->name);
    capo_field_assign(self, capo_field(self->model, key->type), other ? capo_generic_type(other->model) : capo_value_null());
    capo_field_assign(self, capo_field(self->model, key->key), of);
    if (other)
        capo_generic_cache(self, key, other);
}

/* Of a relation: what is removed is deleted, as Django has it. */
void capo_generic_many(Instance *self, const Field *field, const char *accessor, ManyOperation operation, const List *keys)
{
    Query *mine = capo_query_order_by(capo_instance_related_query(self, accessor), LIST(NULL));
    Value list = capo_value_list((List *)keys);
    if (operation == MANY_REMOVE)
        capo_query_delete(capo_query_filter(mine, capo_q("pk__in", list)));
    else if (operation == MANY_CLEAR)
        capo_query_delete(mine);
    else if (operation == MANY_SET)
        capo_query_delete(capo_query_exclude(mine, capo_q("pk__in", list)));
    if (operation != MANY_ADD && operation != MANY_SET)
        return;
    const NamedChange changes[] = {
        { field->generic_type->name, { "=", capo_generic_type(self->model) } }, { field->name, { "=", capo_instance_pk(self) } }, { 0 }
    };
    capo_query_update(capo_query_filter(capo_query_of(field->model), capo_q("pk__in", list)), changes);
}
