/* SPDX-License-Identifier: BSD-3-Clause */
/* A form: its fields, what was sent, what came of it. Cleaning goes as Django's full_clean: each field and its clean_<field>, then the
 * form's clean, then (model forms) the instance. */
#include "internal.h"
#include <stdio.h>
#include <string.h>

bool capo_form_names(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

/* --- making --------------------------------------------------------------------------------------------------------------------------- */

Form *capo_form_new(const QueryDict *data, Request *files, const FormOptions *options)
{
    static const FormOptions none;
    const FormOptions *o = options ? options : &none;
    Form *form = capo_alloc_struct(Form);
    *form = (Form){ .object.ops = &capo_form_ops, .data = data, .files = files, .bound = data != NULL && !o->unbound, .prefix = o->prefix,
                    .auto_id = o->auto_id ? o->auto_id : "id_%s", .label_suffix = ":", .empty_permitted = o->empty_permitted,
                    .initial = capo_map_new() };
    for (const Var *var = o->initial; var && var->name; var++)
        capo_map_set(form->initial, var->name, var->value);
    return form;
}

/* "id_%s" with the name in it; an auto_id without %s is taken as "the name itself", an empty one as none. */
static const char *make_id(const Form *form, const char *html_name)
{
    const char *place = strstr(form->auto_id, "%s");
    if (!form->auto_id[0])
        return NULL;
    return place ? capo_format("%.*s%s%s", (int)(place - form->auto_id), form->auto_id, html_name, place + 2) : html_name;
}

FormField *capo_form_add_field(Form *form, const FormField *field)
{
    if (!field->name || !field->name[0])
        capo_bug("a form field of kind %s has no name", capo_form_kind_name(field->kind));
    BoundField *bound = capo_form_find(form, field->name);
    if (bound) {                        /* replaced in its place, as a subclass's field does */
        *bound->field = *field;
        return bound->field;
    }
    if (form->n_fields == form->capacity) {
        size_t capacity = form->capacity ? form->capacity * 2 : 8;
        form->fields = capo_realloc(form->fields, form->capacity * sizeof *form->fields, capacity * sizeof *form->fields);
        form->capacity = capacity;
    }
    bound = capo_alloc_struct(BoundField);
    *bound = (BoundField){ .object.ops = &capo_form_field_ops, .form = form, .field = capo_memdup(field, sizeof *field) };
    bound->html_name = form->prefix ? capo_format("%s-%s", form->prefix, field->name) : field->name;
    bound->html_id = make_id(form, bound->html_name);
    form->fields[form->n_fields++] = bound;
    return bound->field;
}

void capo_form_set_clean(Form *form, void (*clean)(Form *form))
{
    form->clean = clean;
}

BoundField *capo_form_find(Form *form, const char *name)
{
    for (size_t i = 0; i < form->n_fields; i++)
        if (!strcmp(form->fields[i]->field->name, name))
            return form->fields[i];
    return NULL;
}

static BoundField *field_or_bug(Form *form, const char *name)
{
    BoundField *bound = capo_form_find(form, name);
    if (bound)
        return bound;
    const char **names = capo_alloc_array(form->n_fields + 1, sizeof *names);
    for (size_t i = 0; i < form->n_fields; i++)
        names[i] = form->fields[i]->field->name;
    capo_bug("the form%s%s has no field '%s'.%s", form->type ? " " : "", form->type ? form->type->name : "", name,
             capo_did_you_mean(name, names, form->n_fields));
}

/* --- values in ------------------------------------------------------------------------------------------------------------------------- */

Value capo_form_raw_value(BoundField *bound)
{
    if (!bound->taken) {
        const FormWidget *widget = capo_form_field_widget(bound->field);
        Form *form = bound->form;
        bound->taken = true;
        if (!form->data)
            bound->raw = capo_value_null();
        else if (widget->take)
            bound->raw = widget->take(widget, bound->field, form->data, form->files, bound->html_name);
        else
            bound->raw = capo_value_text(capo_dict_get(form->data, bound->html_name));
    }
    return bound->raw;
}

Value capo_form_initial_value(const BoundField *bound)
{
    Value *own = capo_map_get(bound->form->initial, bound->field->name);
    return own ? *own : bound->field->initial;
}

/* --- errors ------------------------------------------------------------------------------------------------------------------------------ */

static void append_error(FieldErrors *errors, const char *field, const char *code, const char *message)
{
    ValidationError *error = capo_alloc_struct(ValidationError);
    *error = (ValidationError){ .field = field, .code = code, .message = message };
    if (errors->last)
        errors->last->next = error;
    else
        errors->first = error;
    errors->last = error;
    errors->count++;
}

static void add_error(Form *form, const char *field, const char *code, const char *message)
{
    if (!field || !strcmp(field, "__all__")) {
        append_error(&form->errors, NULL, code, message);
        return;
    }
    BoundField *bound = field_or_bug(form, field);
    append_error(&bound->errors, bound->field->name, code, message);
    bound->has_value = false;
}

void capo_add_error(Form *form, const char *field, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = capo_vformat(format, args);
    va_end(args);
    capo_form_full_clean(form);
    add_error(form, field, code, message);
}

static bool has_message(const FieldErrors *errors, const char *message)
{
    for (const ValidationError *error = errors->first; error; error = error->next)
        if (!strcmp(error->message, message))
            return true;
    return false;
}

/* Those of a model: of fields that the form has not they are the form's own. The same sentence is said once. */
void capo_form_add_validation_errors(Form *form, const ValidationError *errors)
{
    for (; errors; errors = errors->next)
        if (!has_message(errors->field && capo_form_find(form, errors->field) ? &capo_form_find(form, errors->field)->errors : &form->errors,
                         errors->message))
            add_error(form, errors->field && capo_form_find(form, errors->field) ? errors->field : NULL, errors->code, errors->message);
}

/* --- cleaning ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct CleanCall { Form *form; Value (*clean_field)(Form *form, Value value); void (*clean)(Form *form); Value value; } CleanCall;

static void call_clean(void *argument)
{
    CleanCall *call = argument;
    if (call->clean_field)
        call->value = call->clean_field(call->form, call->value);
    else
        call->clean(call->form);
}

/* Runs the program's own cleaning; its capo_invalid becomes an error of the field, or of the form. Other raises go on. */
static bool guarded(Form *form, const char *field, CleanCall *call)
{
    const Error *error = capo_try(call_clean, call);
    if (!error)
        return true;
    if (error->code != ERROR_VALIDATION)
        capo_reraise(error);
    const ValidationError *detail = error->detail;
    if (!detail)
        add_error(form, field, "invalid", error->message);
    for (; detail; detail = detail->next)
        add_error(form, detail->field ? detail->field : field, detail->code, detail->message);
    return false;
}

static void clean_field(Form *form, BoundField *bound)
{
    const FormField *field = bound->field;
    Value raw = field->disabled ? capo_form_initial_value(bound) : capo_form_raw_value(bound), initial = capo_form_initial_value(bound);
    const ValidationError *errors = NULL;
    /* A file that is there already stands where none was sent. */
    if (capo_form_is_file(field) && capo_is_null(raw) && capo_truth(initial)) {
        bound->value = initial;
    } else if (!capo_form_field_clean(field, raw, &bound->value, &errors)) {
        for (; errors; errors = errors->next)
            append_error(&bound->errors, field->name, errors->code, errors->message);
        return;
    }
    bound->has_value = true;
    for (const struct FieldClean *own = form->clean_fields; own && own->field; own++) {
        if (strcmp(own->field, field->name))
            continue;
        CleanCall call = { .form = form, .clean_field = own->clean, .value = bound->value };
        if (guarded(form, field->name, &call))
            bound->value = call.value;
    }
}

static void store_text(void *place, Value value)
{
    *(const char **)place = capo_is_null(value) ? NULL : capo_to_text(value);
}

/* A list as an array that ends with NULL: texts, or instances. */
static void store_list(void *place, Value value, bool instances)
{
    List *list = capo_iterable(value) ? capo_list_of(value) : capo_list_new();
    const void **array = capo_alloc_array(list->count + 1, sizeof *array);
    for (size_t i = 0; i < list->count; i++)
        array[i] = instances ? (const void *)capo_form_value_instance(list->items[i]) : (const void *)capo_to_text(list->items[i]);
    *(const void ***)place = array;
}

/* Writes a cleaned value into the declared struct. */
static void store_value(const FormRow *row, void *place, Value value)
{
    switch (row->kind) {
    case FORM_INTEGER: case FORM_TYPED_CHOICE: *(int64_t *)place = value.kind == VALUE_INT ? value.integer : 0; break;
    case FORM_FLOAT: *(double *)place = value.kind == VALUE_REAL ? value.real : 0; break;
    case FORM_DECIMAL: *(Decimal *)place = value.kind == VALUE_DECIMAL ? value.decimal : (Decimal){ NULL }; break;
    case FORM_BOOLEAN: case FORM_NULL_BOOLEAN: *(bool *)place = capo_truth(value); break;
    case FORM_DATE: *(Date *)place = value.kind == VALUE_DATE ? value.date : (Date){ 0 }; break;
    case FORM_TIME: *(Time *)place = value.kind == VALUE_TIME ? value.time : (Time){ 0 }; break;
    case FORM_DATETIME: case FORM_SPLIT_DATETIME:
        *(DateTime *)place = value.kind == VALUE_DATETIME ? value.datetime : (DateTime){ 0 };
        break;
    case FORM_DURATION: *(Duration *)place = value.kind == VALUE_DURATION ? value.duration : (Duration){ 0 }; break;
    case FORM_UUID: *(Uuid *)place = value.kind == VALUE_UUID ? *value.uuid : (Uuid){ { 0 } }; break;
    case FORM_JSON: *(Value *)place = value; break;
    case FORM_FILE: case FORM_IMAGE: *(const UploadedFile **)place = capo_value_as_file(value); break;
    case FORM_MULTIPLE_CHOICE: store_list(place, value, false); break;
    case FORM_MODEL_CHOICE: *(Instance **)place = capo_form_value_instance(value); break;
    case FORM_MODEL_MULTIPLE_CHOICE: store_list(place, value, true); break;
    default: store_text(place, value);
    }
}

static void fill_declared(Form *form)
{
    if (!form->declared || !form->type || !form->type->rows)
        return;
    const FieldLayout *layout = form->type->layout();
    for (const FormRow *row = form->type->rows; row->name; row++, layout++) {
        const BoundField *bound = capo_form_find(form, row->name);
        if (!bound || !bound->has_value)
            continue;
        bool null = capo_form_is_empty(bound->value);
        store_value(row, (char *)form->declared + layout->value, bound->value);
        if (layout->present >= 0)
            *(bool *)((char *)form->declared + layout->present) = !null;
    }
}

void capo_form_full_clean(Form *form)
{
    if (form->cleaned || form->cleaning || !form->bound)
        return;
    if (form->empty_permitted && !capo_form_has_changed(form)) {
        form->cleaned = true;
        return;
    }
    form->cleaning = true;
    for (size_t i = 0; i < form->n_fields; i++)
        clean_field(form, form->fields[i]);
    if (form->clean)
        guarded(form, NULL, &(CleanCall){ .form = form, .clean = form->clean });
    if (form->post_clean)
        form->post_clean(form);
    fill_declared(form);
    form->cleaning = false;
    form->cleaned = true;
}

bool capo_form_is_valid(Form *form)
{
    /* A raise out of the cleaning leaves `cleaned` false: such a form is not valid, whoever caught it. */
    return form->bound && capo_form_error_count(form) == 0 && form->cleaned;
}

bool capo_form_is_bound(const Form *form)
{
    return form->bound;
}

/* --- what came of it ------------------------------------------------------------------------------------------------------------------------ */

const char *const *capo_form_changed_data(Form *form)
{
    if (form->changed)
        return form->changed;
    const char **names = capo_alloc_array(form->n_fields + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; form->bound && i < form->n_fields; i++) {
        BoundField *bound = form->fields[i];
        if (capo_form_field_has_changed(bound->field, capo_form_initial_value(bound), capo_form_raw_value(bound)))
            names[count++] = bound->field->name;
    }
    return form->changed = names;
}

bool capo_form_has_changed(Form *form)
{
    return capo_form_changed_data(form)[0] != NULL;
}

Value capo_form_value(Form *form, const char *field)
{
    BoundField *bound = field_or_bug(form, field);
    capo_form_full_clean(form);
    return bound->has_value ? bound->value : capo_value_null();
}

bool capo_form_has_value(Form *form, const char *field)
{
    capo_form_full_clean(form);
    const BoundField *bound = capo_form_find(form, field);
    return bound && bound->has_value;
}

void capo_form_set_value(Form *form, const char *field, Value value)
{
    BoundField *bound = field_or_bug(form, field);
    capo_form_full_clean(form);
    bound->value = value;
    bound->has_value = true;
}

static const char *const *error_messages(const FieldErrors *errors)
{
    const char **messages = capo_alloc_array(errors->count + 1, sizeof *messages);
    size_t count = 0;
    for (const ValidationError *error = errors->first; error; error = error->next)
        messages[count++] = error->message;
    return messages;
}

const char *const *capo_form_errors(Form *form, const char *field)
{
    capo_form_full_clean(form);
    return error_messages(field && strcmp(field, "__all__") ? &field_or_bug(form, field)->errors : &form->errors);
}

size_t capo_form_error_count(Form *form)
{
    capo_form_full_clean(form);
    size_t count = form->errors.count;
    for (size_t i = 0; i < form->n_fields; i++)
        count += form->fields[i]->errors.count;
    return count;
}

Map *capo_form_errors_map(Form *form)
{
    Map *map = capo_map_new();
    capo_form_full_clean(form);
    for (size_t i = 0; i < form->n_fields; i++)
        if (form->fields[i]->errors.count)
            capo_map_set(map, form->fields[i]->field->name, capo_value_strings(error_messages(&form->fields[i]->errors)));
    if (form->errors.count)
        capo_map_set(map, "__all__", capo_value_strings(error_messages(&form->errors)));
    return map;
}

FormField **capo_form_fields(Form *form, size_t *ret_count)
{
    FormField **fields = capo_alloc_array(form->n_fields + 1, sizeof *fields);
    for (size_t i = 0; i < form->n_fields; i++)
        fields[i] = form->fields[i]->field;
    *ret_count = form->n_fields;
    return fields;
}

FormField *capo_form_field(Form *form, const char *name)
{
    BoundField *bound = capo_form_find(form, name);
    return bound ? bound->field : NULL;
}

const char *capo_form_prefix(const Form *form)
{
    return form->prefix;
}

bool capo_form_is_multipart(const Form *form)
{
    for (size_t i = 0; i < form->n_fields; i++)
        if (capo_form_field_widget(form->fields[i]->field)->needs_multipart)
            return true;
    return false;
}

const char *capo_form_html_name(Form *form, const char *field)
{
    return field_or_bug(form, field)->html_name;
}

const char *capo_form_field_id(Form *form, const char *field)
{
    return field_or_bug(form, field)->html_id;
}

Value capo_form_bound_field(Form *form, const char *field)
{
    return capo_value_object(field_or_bug(form, field));
}

Value capo_form_bound_value(Form *form, const char *field)
{
    BoundField *bound = field_or_bug(form, field);
    bool json = bound->field->kind == FORM_JSON, sent = form->bound && !bound->field->disabled;
    Value value = capo_form_initial_value(bound), parsed;
    const char *problem;
    if (capo_form_is_file(bound->field))                /* a file cannot be filled in: what is there already is shown */
        return value;
    if (sent) {
        value = capo_form_raw_value(bound);
        if (json && !(capo_is_text(value) && capo_json_parse(value.text, value.size, &parsed, &problem)))
            return value;                               /* shown as it was typed */
        value = json ? parsed : value;
    }
    if (json)
        return !sent && capo_is_null(value) ? value : capo_value_text(capo_json_text(value, 0));
    return capo_form_prepare_value(bound->field, value);
}
