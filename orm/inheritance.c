/* SPDX-License-Identifier: BSD-3-Clause */
/* Models with parents: which of their fields is in which table. */
#include "instance.h"
#include <string.h>

const Field *capo_local_field(const Field *field)
{
    while (field->inherited)
        field = field->inherited;
    return field;
}

const Field *const *capo_level_fields(const Model *model, const Model *level, size_t *ret_count)
{
    if (!capo_parent_level(model->concrete)) {
        *ret_count = model->n_fields;
        return (const Field *const *)model->fields;
    }
    const Field **fields = capo_alloc_array(model->n_fields, sizeof *fields);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++)
        if (capo_local_field(model->fields[i])->model == level)
            fields[count++] = model->fields[i];
    *ret_count = count;
    return fields;
}

const Field *capo_level_key(const Model *model, const Model *level)
{
    return level == model ? model->pk : capo_own_field(model, level->pk);
}

Instance *capo_instance_as(Instance *self, const Model *base)
{
    Instance *row = capo_instance_blank((Model *)base);
    for (size_t i = 0; i < base->n_fields; i++)
        capo_field_store(row, base->fields[i], capo_field_value(self, base->fields[i]));
    capo_instance_settle(row);
    row->state->saved = self->state->saved;
    row->state->database = self->state->database;
    return row;
}

Instance *capo_parent_instance(Instance *self) { return capo_instance_as(self, capo_parent_level(self->model->concrete)); }
