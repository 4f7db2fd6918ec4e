/* SPDX-License-Identifier: BSD-3-Clause */
/* Forms out of forms.def: the rows become fields, the typed struct is made, and the request's body bound to it. */
#include "internal.h"
#include <string.h>

static FormField field_from_row(const FormRow *row)
{
    const FormPlainOptions *plain = &row->options.plain;
    FormField field = {
        .name = row->name, .kind = row->kind, .optional = plain->optional || row->null, .disabled = plain->disabled,
        .label = plain->label, .help_text = plain->help_text, .widget = plain->widget, .attrs = plain->attrs,
        .validators = plain->validators, .error_messages = plain->error_messages, .initial = capo_value_text(plain->initial),
        .null_empty = row->null, .coerce = row->coerce,
    };
    if (row->textarea && !field.widget)
        field.widget = "textarea";
    switch (row->kind) {
    case FORM_CHAR: case FORM_SLUG: case FORM_EMAIL: case FORM_URL:
        field.min_length = row->options.text.min_length;
        field.max_length = row->options.text.max_length;
        field.no_strip = row->options.text.no_strip;
        field.allow_unicode = row->options.text.allow_unicode;
        field.pattern = row->options.text.pattern;
        field.assume_scheme = row->options.text.assume_scheme;
        break;
    case FORM_DECIMAL:
        field.max_digits = row->options.decimal.max_digits;
        field.decimal_places = row->options.decimal.decimal_places;
        __attribute__((fallthrough));                       /* its limits lie where a number's do */
    case FORM_INTEGER: case FORM_FLOAT:
        field.minimum = row->options.number.minimum;
        field.maximum = row->options.number.maximum;
        field.step = row->options.number.step;
        break;
    case FORM_DATE: case FORM_TIME: case FORM_DATETIME: case FORM_SPLIT_DATETIME:
        field.input_formats = row->options.date.input_formats;
        break;
    case FORM_IP_ADDRESS:
        field.protocol = row->options.ip.protocol;
        field.unpack_ipv4 = row->options.ip.unpack_ipv4;
        break;
    case FORM_CHOICE: case FORM_TYPED_CHOICE: case FORM_MULTIPLE_CHOICE:
        field.choices = row->options.choice.choices;
        break;
    case FORM_MODEL_CHOICE: case FORM_MODEL_MULTIPLE_CHOICE:
        field.query = row->options.model.query ? row->options.model.query() : capo_default_rows(row->target);
        field.empty_label = row->options.model.empty_label;
        field.label_from = row->options.model.label_from;
        break;
    case FORM_FILE: case FORM_IMAGE:
        field.max_length = row->options.file.max_length;
        field.extensions = row->options.file.extensions;
        field.allow_empty_file = row->options.file.allow_empty_file;
        break;
    case FORM_BOOLEAN:
        field.optional = !row->options.boolean.required;
        if (row->null)
            field.kind = FORM_NULL_BOOLEAN;
        break;
    default:
        break;
    }
    return field;
}

static void apply_overrides(Form *form, const FieldOverride *overrides)
{
    for (; overrides && overrides->field; overrides++) {
        FormField *field = capo_form_field(form, overrides->field);
        if (!field)
            capo_bug("the overrides of the form %s name a field '%s' that it has not", form->type->name, overrides->field);
        field->widget = overrides->widget ? overrides->widget : field->widget;
        field->label = overrides->label ? overrides->label : field->label;
        field->help_text = overrides->help_text ? overrides->help_text : field->help_text;
    }
}

Form *capo_form_of_type(const FormType *type, const QueryDict *data, Request *files, const FormOptions *options)
{
    Form *form = capo_form_new(data, files, options);
    form->type = type;
    form->clean = type->meta.clean;
    form->clean_fields = type->meta.clean_fields;
    if (type->model) {
        if (!type->meta.fields && !type->meta.exclude && !type->meta.all_fields)
            capo_bug("the form %s of the model %s must say .fields = LIST(…), or .all_fields = true", type->name, type->model->name);
        capo_form_set_model(form, type->model, options ? options->instance : NULL, type->meta.fields, type->meta.exclude);
    }
    for (const FormRow *row = type->rows; row && row->name; row++) {
        FormField field = field_from_row(row);
        if ((type->meta.fields && !capo_form_names(type->meta.fields, row->name)) || capo_form_names(type->meta.exclude, row->name))
            continue;
        capo_form_add_field(form, &field);
    }
    apply_overrides(form, type->meta.overrides);
    form->declared = capo_alloc(type->size);
    *(Form **)form->declared = form;
    return form;
}

void *capo_form_make(const FormType *type, Request *req, const FormOptions *options)
{
    const QueryDict *data = options->data;
    if (!data && !options->unbound && req && req->method == POST)
        data = capo_post_dict(req);
    return capo_form_of_type(type, options->unbound ? NULL : data, data ? req : NULL, options)->declared;
}
