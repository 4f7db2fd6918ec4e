/* SPDX-License-Identifier: BSD-3-Clause */
/* Forms out of models: the form field of each model field, the instance before and after, and saving it. Cleaning ends as Django's
 * _post_clean: the good values go into the instance, which is then cleaned as a whole, with uniqueness. */
#include "internal.h"
#include <capo/integrity.h>
#include <string.h>

/* --- the form field of a model field -------------------------------------------------------------------------------------------------- */

/* The kind, and what differs from a plain field of it. FORM_KINDS: the model field has no form field. */
static const struct FieldForm { FormFieldKind kind; const char *widget; bool null_is_null; } field_forms[FIELD_KINDS] = {
    [FIELD_NONE] = { FORM_KINDS },
    [FIELD_AUTO] = { FORM_KINDS }, [FIELD_BIG_AUTO] = { FORM_KINDS }, [FIELD_SMALL_AUTO] = { FORM_KINDS },
    [FIELD_CHAR] = { FORM_CHAR, .null_is_null = true },
    [FIELD_TEXT] = { FORM_CHAR, "textarea" },
    [FIELD_SLUG] = { FORM_SLUG, .null_is_null = true },
    [FIELD_EMAIL] = { FORM_EMAIL, .null_is_null = true },
    [FIELD_URL] = { FORM_URL, .null_is_null = true },
    [FIELD_FILE_PATH] = { FORM_FILE_PATH, .null_is_null = true },
    [FIELD_IP_ADDRESS] = { FORM_IP_ADDRESS, .null_is_null = true },
    [FIELD_FILE] = { FORM_FILE }, [FIELD_IMAGE] = { FORM_IMAGE },
    [FIELD_INTEGER] = { FORM_INTEGER }, [FIELD_BIG_INTEGER] = { FORM_INTEGER }, [FIELD_SMALL_INTEGER] = { FORM_INTEGER },
    [FIELD_POSITIVE_INTEGER] = { FORM_INTEGER }, [FIELD_POSITIVE_BIG_INTEGER] = { FORM_INTEGER }, [FIELD_POSITIVE_SMALL_INTEGER] = { FORM_INTEGER },
    [FIELD_FLOAT] = { FORM_FLOAT },
    [FIELD_DECIMAL] = { FORM_DECIMAL },
    [FIELD_BOOLEAN] = { FORM_BOOLEAN },
    [FIELD_DATE] = { FORM_DATE }, [FIELD_TIME] = { FORM_TIME }, [FIELD_DATETIME] = { FORM_DATETIME }, [FIELD_DURATION] = { FORM_DURATION },
    [FIELD_UUID] = { FORM_UUID },
    [FIELD_BINARY] = { FORM_KINDS },
    [FIELD_JSON] = { FORM_JSON },
    [FIELD_FOREIGN_KEY] = { FORM_MODEL_CHOICE }, [FIELD_ONE_TO_ONE] = { FORM_MODEL_CHOICE }, [FIELD_MANY_TO_MANY] = { FORM_MODEL_MULTIPLE_CHOICE },
    [FIELD_ARRAY] = { FORM_SIMPLE_ARRAY }, [FIELD_HSTORE] = { FORM_HELD }, [FIELD_SEARCH_VECTOR] = { FORM_KINDS },
    [FIELD_INTEGER_RANGE] = { FORM_RANGE }, [FIELD_BIG_INTEGER_RANGE] = { FORM_RANGE }, [FIELD_DECIMAL_RANGE] = { FORM_RANGE },
    [FIELD_DATE_RANGE] = { FORM_RANGE }, [FIELD_DATETIME_RANGE] = { FORM_RANGE },
    [FIELD_META] = { FORM_KINDS },
};

/* The target's rows, as limit_choices_to ("is_active=1&kind=a") leaves them. */
static Query *choice_query(const Field *field)
{
    Query *query = capo_default_rows(field->target);
    if (!field->limit_choices_to)
        return query;
    const QueryDict *limits = capo_dict_parse(field->limit_choices_to, strlen(field->limit_choices_to));
    for (size_t i = 0; i < limits->count; i++)
        query = capo_query_filter(query, capo_q(limits->items[i].key, capo_value_text(limits->items[i].value)));
    return query;
}

/* A field with choices is a select; it begins with "---------" where nothing is chosen for the visitor. */
static void set_choices(FormField *form_field, const Field *field)
{
    bool has_default = field->has_default, blank = field->blank || !has_default, has_empty = false;
    List *list = capo_list_new();
    const FieldChoice *choices = capo_field_choices(field);
    for (const FieldChoice *choice = choices; choice && (choice->value || choice->label); choice++)
        has_empty |= !choice->value || !*choice->value;
    if (blank && !has_empty)
        capo_list_add(list, capo_value_map(capo_map(V("value", ""), V("label", "---------"))));
    for (const FieldChoice *choice = choices; choice && (choice->value || choice->label); choice++)
        capo_list_add(list, capo_value_map(capo_map(V("value", choice->value ? choice->value : ""),
            V("label", choice->label ? choice->label : choice->value), V("group", choice->group))));
    form_field->kind = FORM_TYPED_CHOICE;
    form_field->choice_list = list;
    form_field->coerce = field->kind;
    form_field->widget = NULL;
    form_field->optional = field->blank;
    form_field->null_empty = field->null;
}

static void set_limits(FormField *form_field, const Field *field)
{
    const FieldRow *row = field->row;
    if (capo_field_is_integer(field->kind)) {
        static const FieldLimit least = LIMIT(-9223372036854775808.0), most = LIMIT(9223372036854775807.0), none;
        bool big = field->kind == FIELD_BIG_INTEGER;
        bool positive = field->kind == FIELD_POSITIVE_INTEGER || field->kind == FIELD_POSITIVE_BIG_INTEGER || field->kind == FIELD_POSITIVE_SMALL_INTEGER;
        form_field->minimum = row && row->options.integer.minimum.set ? row->options.integer.minimum
            : big ? least : (FieldLimit){ .set = positive, .value = 0 };
        form_field->maximum = row && row->options.integer.maximum.set ? row->options.integer.maximum : big ? most : none;
        return;
    }
    form_field->minimum = field->minimum;
    form_field->maximum = field->maximum;
    form_field->max_digits = field->max_digits;
    form_field->decimal_places = field->decimal_places;
}

FormField *capo_form_field_for(const Field *field)
{
    const struct FieldForm *row = &field_forms[field->kind];
    if (row->kind == FORM_KINDS)
        return NULL;
    FormField *result = capo_alloc_struct(FormField);
    *result = (FormField){
        .name = field->name, .kind = row->kind, .widget = row->widget, .optional = field->blank, .label = field->label,
        .help_text = field->help_text, .initial = capo_field_default(field), .model_field = field, .null_empty = row->null_is_null && field->null,
    };
    switch (field->kind) {
    case FIELD_CHAR: case FIELD_TEXT: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL:
        result->max_length = field->max_length;
        result->min_length = field->min_length;
        result->allow_unicode = field->allow_unicode;
        result->no_strip = !field->strip;
        break;
    case FIELD_FILE_PATH:
        result->path = field->path;
        result->match = field->match;
        result->recursive = field->recursive;
        result->allow_folders = field->allow_folders;
        break;
    case FIELD_FILE: case FIELD_IMAGE:
        result->max_length = field->max_length;
        break;
    case FIELD_IP_ADDRESS:
        result->protocol = field->protocol;
        result->unpack_ipv4 = field->unpack_ipv4;
        break;
    case FIELD_BOOLEAN:
        result->kind = field->null ? FORM_NULL_BOOLEAN : FORM_BOOLEAN;
        result->optional = true;                /* an unchecked box is a "no", not a field left out */
        break;
    case FIELD_ARRAY:
        if (field->base->kind == FIELD_JSON || field->base->base)
            result->kind = FORM_HELD;               /* arrays and ranges have commas of their own */
        break;
    case FIELD_FOREIGN_KEY: case FIELD_ONE_TO_ONE: case FIELD_MANY_TO_MANY:
        result->query = choice_query(field);
        break;
    default:
        if (capo_field_is_integer(field->kind) || field->kind == FIELD_FLOAT || field->kind == FIELD_DECIMAL)
            set_limits(result, field);
    }
    if (capo_field_has_choices(field) && !capo_field_is_relation(field->kind))
        set_choices(result, field);
    if (field->row && field->row->options.common.widget)
        result->widget = field->row->options.common.widget;
    else if (field->custom && field->custom->widget)
        result->widget = field->custom->widget;
    return result;
}

/* --- the fields of a form ------------------------------------------------------------------------------------------------------------------ */

/* model_to_dict for one field: keys of relations, lists of instances for many-to-many. */
static Value instance_value(Instance *instance, const Field *field)
{
    if (capo_field_is_file(field->kind))
        return capo_instance_file_value(instance, field);
    if (field->kind != FIELD_MANY_TO_MANY)
        return capo_field_value(instance, field);
    List *list = capo_list_new();
    size_t count = 0;
    Instance **rows = capo_instance_is_saved(instance) ? capo_query_rows(capo_instance_related_query(instance, field->name), &count) : NULL;
    for (size_t i = 0; i < count; i++)
        capo_list_add(list, capo_value_object(rows[i]));
    return capo_value_list(list);
}

static void add_model_field(Form *form, const Field *field, bool has_instance)
{
    FormField *form_field = capo_form_field_for(field);
    if (!form_field)
        return;
    capo_form_add_field(form, form_field);
    if (has_instance && !capo_map_get(form->initial, field->name))
        capo_map_set(form->initial, field->name, instance_value(form->instance, field));
}

static _Noreturn void unknown_field(const Model *model, const char *name)
{
    const char **names = capo_alloc_array(model->n_fields + model->n_many, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++)
        names[count++] = model->fields[i]->name;
    for (size_t i = 0; i < model->n_many; i++)
        names[count++] = model->many[i]->name;
    capo_raise(ERROR_FIELD, "Unknown field(s) (%s) specified for %s.%s", name, model->name, capo_did_you_mean(name, names, count));
}

void capo_form_set_model(Form *form, Model *model, Instance *instance, const char *const *fields, const char *const *exclude)
{
    form->model = model;
    form->instance = instance ? instance : capo_instance_new(model);
    form->post_clean = capo_form_model_post_clean;
    for (const char *const *name = fields; name && *name; name++) {
        const Field *field = capo_field(model, *name);
        if (!field && form->type && form->type->rows)
            continue;                                       /* a further field of the form's own */
        if (!field)
            unknown_field(model, *name);
        if (!field->editable)
            capo_raise(ERROR_FIELD, "'%s' cannot be specified for %s model form as it is a non-editable field.", *name, model->name);
        if (!capo_form_names(exclude, *name))
            add_model_field(form, field, instance != NULL);
    }
    for (size_t i = 0; !fields && i < model->n_fields + model->n_many; i++) {
        const Field *field = i < model->n_fields ? model->fields[i] : model->many[i - model->n_fields];
        if (field->editable && !capo_form_names(exclude, field->name))
            add_model_field(form, field, instance != NULL);
    }
}

Form *capo_model_form_new(Model *model, const char *const *fields, const char *const *exclude, const QueryDict *data, Request *files,
                          const FormOptions *options)
{
    Form *form = capo_form_new(data, files, options);
    capo_form_set_model(form, model, options ? options->instance : NULL, fields, exclude);
    return form;
}

/* --- cleaning the instance -------------------------------------------------------------------------------------------------------------------- */

typedef struct AssignCall { Instance *instance; const Field *field; Value value; } AssignCall;

static void assign(void *argument)
{
    AssignCall *call = argument;
    Instance *related = capo_form_value_instance(call->value);
    if (related && call->field->target_field)
        call->value = capo_field_value(related, call->field->target_field);
    capo_field_assign(call->instance, call->field, call->value);
}

/* A new file waits for the save, false takes the old one's name out; nothing, and the file that was there, leave the field as it is. */
static void assign_file(Instance *instance, const Field *field, Value value)
{
    const UploadedFile *upload = capo_value_as_file(value);
    if (upload)
        capo_instance_set_file(instance, field->name, capo_content_upload(upload));
    else if (value.kind == VALUE_BOOL && !value.boolean)
        capo_instance_clear_file(instance, field->name);
}

static bool was_omitted(const BoundField *bound)
{
    const FormWidget *widget = capo_form_field_widget(bound->field);
    const QueryDict *data = bound->form->data;
    return widget->omitted ? widget->omitted(widget, data, bound->html_name) : !capo_dict_has(data, bound->html_name);
}

/* construct_instance. A field with a default that was not sent keeps the default. */
static void fill_instance(Form *form)
{
    for (size_t i = 0; i < form->n_fields; i++) {
        BoundField *bound = form->fields[i];
        const Field *field = bound->field->model_field;
        if (!field || field->model != form->model || !bound->has_value || field->kind == FIELD_MANY_TO_MANY)
            continue;
        if (capo_field_is_file(field->kind)) {
            assign_file(form->instance, field, bound->value);
            continue;
        }
        bool has_default = field->has_default;
        if (has_default && capo_form_is_empty(bound->value) && was_omitted(bound))
            continue;
        const Error *error = capo_try(assign, &(AssignCall){ form->instance, field, bound->value });
        if (error && error->code != ERROR_VALIDATION)
            capo_reraise(error);
        const ValidationError *detail = error ? error->detail : NULL;
        if (error)
            capo_add_error(form, bound->field->name, detail && detail->code ? detail->code : "invalid", "%s", error->message);
    }
}

/* What the model is not to check: fields that the form has not, that failed, or that may be empty in the form alone. */
static const char *const *validation_exclusions(Form *form, bool for_uniqueness)
{
    Model *model = form->model;
    const char **names = capo_alloc_array(model->n_fields + model->n_many + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields + model->n_many; i++) {
        const Field *field = i < model->n_fields ? model->fields[i] : model->many[i - model->n_fields];
        const BoundField *bound = capo_form_find(form, field->name);
        bool of_model = bound && bound->field->model_field == field;
        if (for_uniqueness && form->inline_key && !strcmp(field->name, form->inline_key))
            continue;
        if (!of_model || bound->errors.count || !bound->has_value
            || (!field->blank && bound->field->optional && capo_form_is_empty(bound->value)))
            names[count++] = field->name;
    }
    return names;
}

void capo_form_model_post_clean(Form *form)
{
    fill_instance(form);
    capo_form_add_validation_errors(form, capo_instance_full_clean(form->instance, validation_exclusions(form, false)));
    /* The key to the parent is not the visitor's to get right, but what is unique together with it is. */
    if (form->inline_key)
        capo_form_add_validation_errors(form, capo_instance_unique_errors(form->instance, validation_exclusions(form, true)));
}

Instance *capo_form_instance_uncleaned(Form *form)
{
    if (!form->model)
        capo_bug("capo_form_object is for forms of models; the form%s%s has none", form->type ? " " : "", form->type ? form->type->name : "");
    return form->instance;
}

Instance *capo_form_instance(Form *form)
{
    Instance *instance = capo_form_instance_uncleaned(form);
    capo_form_full_clean(form);
    return instance;
}

/* --- saving --------------------------------------------------------------------------------------------------------------------------------------- */

void capo_form_save_many(Form *form)
{
    capo_form_instance(form);
    for (size_t i = 0; i < form->n_fields; i++) {
        const BoundField *bound = form->fields[i];
        const Field *field = bound->field->model_field;
        if (field && field->kind == FIELD_MANY_TO_MANY && field->model == form->model && bound->has_value)
            capo_instance_many(form->instance, field->name, MANY_SET, bound->value);
    }
}

bool capo_form_refused(Form *form, const Error *error)
{
    const ValidationError *errors = form->model ? capo_integrity_errors(form->instance, error) : NULL;
    capo_form_add_validation_errors(form, errors);
    return errors != NULL;
}

static void save_all(void *argument)
{
    Form *form = argument;
    capo_begin();
    capo_instance_save(form->instance);
    capo_form_save_many(form);
    capo_commit();
}

Instance *capo_form_save(Form *form)
{
    Instance *instance = capo_form_instance(form);
    bool was_saved = capo_instance_is_saved(instance);
    Value key = capo_instance_pk(instance);
    if (!capo_form_is_valid(form))
        capo_raise(ERROR_VALUE, "The %s could not be %s because the data didn't validate.", form->model->name, was_saved ? "changed" : "created");
    const Error *error = capo_try(save_all, form);
    if (!error)
        return instance;
    if (!was_saved && capo_instance_is_saved(instance))
        capo_instance_unsave(instance, key);
    capo_form_refused(form, error);
    capo_reraise(error);
}

static void save(void *form) { capo_form_save(form); }

bool capo_form_try_save(Form *form)
{
    const Error *error = capo_try(save, form);
    if (error && (error->code == ERROR_VALUE || !capo_form_error_count(form)))
        capo_reraise(error);
    return !error;
}
