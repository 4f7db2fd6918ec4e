/* SPDX-License-Identifier: BSD-3-Clause */
/* Instances as plain data and back: what pickling is to Django's. */
#include "instance.h"
#include "loader.h"
#include "routing.h"
#include <capo/text.h>
#include <string.h>

/* As JSON has it, without loss: moments are whole numbers of days or microseconds. */
static Value packed(const Field *field, Value value)
{
    if (capo_is_null(value))
        return value;
    switch (capo_field_storage(field)) {
    case STORAGE_DATE:
        return capo_value_int(value.date.days);
    case STORAGE_TIME:
        return capo_value_int(value.time.microseconds);
    case STORAGE_DATETIME:
        return capo_value_int(value.datetime.microseconds);
    case STORAGE_DURATION:
        return capo_value_int(value.duration.microseconds);
    case STORAGE_UUID: case STORAGE_DECIMAL:
        return capo_value_text(capo_to_text(value));
    case STORAGE_BINARY:
        return capo_value_text(capo_base64(value.bytes, value.size));
    default:
        return value;
    }
}

static Value unpacked(const Field *field, Value value)
{
    bool number = value.kind == VALUE_INT;
    switch (capo_is_null(value) ? STORAGE_JSON : capo_field_storage(field)) {
    case STORAGE_DATE:
        return number ? capo_value_date((Date){ (int32_t)value.integer }) : capo_value_null();
    case STORAGE_TIME:
        return number ? capo_value_time((Time){ value.integer }) : capo_value_null();
    case STORAGE_DATETIME:
        return number ? capo_value_datetime((DateTime){ value.integer }) : capo_value_null();
    case STORAGE_DURATION:
        return number ? capo_value_duration((Duration){ value.integer }) : capo_value_null();
    case STORAGE_BINARY: {
        uint8_t *bytes;
        size_t size;
        return capo_is_text(value) && capo_base64_parse(value.text, value.size, &bytes, &size) ? capo_value_bytes(bytes, size) : capo_value_null();
    }
    case STORAGE_JSON:
        return value;
    default:
        return capo_field_to_python(capo_column_field(field), value);
    }
}

Value capo_instance_pack(const Instance *self)
{
    const Model *model = self->model;
    Map *data = capo_map_new(), *fields = capo_map_new(), *before = capo_map_new();
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (capo_field_is_deferred(self, field))
            continue;
        capo_map_set(fields, field->attname, packed(field, capo_field_value(self, field)));
        if (!self->state->saved || !capo_field_changed(self, field))
            continue;
        Value was = capo_member_value(self->state->original, field);
        const char *wrong;
        if (capo_field_storage(field) == STORAGE_JSON && capo_is_text(was) && !capo_json_parse(was.text, was.size, &was, &wrong))
            was = capo_value_null();
        capo_map_set(before, field->attname, packed(field, was));
    }
    capo_map_set(data, "capo", capo_value_text(CAPO_VERSION));
    capo_map_set(data, "model", capo_value_text(model->label));
    capo_map_set(data, "saved", capo_value_bool(self->state->saved));
    if (self->state->database)
        capo_map_set(data, "database", capo_value_text(self->state->database));
    capo_map_set(data, "fields", capo_value_map(fields));
    if (before->count)
        capo_map_set(data, "before", capo_value_map(before));
    return capo_value_map(data);
}

static void store(Instance *self, const Map *values)
{
    for (size_t i = 0; i < self->model->n_fields; i++) {
        const Field *field = self->model->fields[i];
        Value *value = capo_map_get(values, field->attname);
        if (value)
            capo_field_store(self, field, unpacked(field, *value));
    }
}

static const Map *map_in(Value data, const char *name)
{
    Value *found = data.kind == VALUE_MAP ? capo_map_get(data.map, name) : NULL;
    return found && found->kind == VALUE_MAP ? found->map : NULL;
}

Instance *capo_instance_unpack(Model *model, Value data)
{
    const Map *fields = map_in(data, "fields"), *before = map_in(data, "before");
    Value *label = fields ? capo_map_get(data.map, "model") : NULL, *version = fields ? capo_map_get(data.map, "capo") : NULL;
    if (!label || !capo_is_text(*label) || strcasecmp(label->text, model->label))
        capo_raise(ERROR_VALUE, "The data is no packed %s%s%s.", model->label, label && capo_is_text(*label) ? ", but a " : "",
                   label && capo_is_text(*label) ? label->text : "");
    if (!version || !capo_is_text(*version) || strcmp(version->text, CAPO_VERSION))
        capo_log(LOG_WARNING, "A packed %s is of version %s of Capo, and this is %s.", model->label, version ? capo_to_text(*version) : "(none)", CAPO_VERSION);
    Instance *self = capo_instance_blank(model);
    Value *saved = capo_map_get(data.map, "saved"), *database = capo_map_get(data.map, "database");
    store(self, fields);
    if (saved && saved->kind == VALUE_BOOL && saved->boolean) {
        if (before)
            store(self, before);
        capo_instance_settle(self);
        if (before)
            store(self, fields);
        self->state->database = database && capo_is_text(*database) ? capo_strdup(database->text) : NULL;
    }
    size_t words = (model->n_fields + 63) / 64;
    for (size_t i = 0; i < model->n_fields; i++) {
        if (capo_map_get(fields, model->fields[i]->attname))
            continue;
        if (!self->state->deferred)
            self->state->deferred = capo_alloc_array(words, sizeof(uint64_t));
        self->state->deferred[i / 64] |= UINT64_C(1) << i % 64;     /* read when it is asked for */
    }
    return self;
}
