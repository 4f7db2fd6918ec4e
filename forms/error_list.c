/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors as objects of templates: {{ form.errors }}, {{ form.email.errors }}, {% for error in form.non_field_errors %}. As Django's
 * ErrorDict and ErrorList they print as <ul class="errorlist">. */
#include "internal.h"
#include <string.h>

Value capo_form_html_value(bool (*html)(Object *self, Buffer *out), Object *self)
{
    Buffer out = { 0 };
    html(self, &out);
    return capo_value_safe_n(capo_buffer_text(&out), out.size);
}

bool capo_form_is_named(const char *name, size_t size, const char *wanted)
{
    return strlen(wanted) == size && !memcmp(name, wanted, size);
}

/* --- lists of errors ------------------------------------------------------------------------------------------------------------------ */

typedef struct ErrorList { Object object; const FieldErrors *errors; const char *class, *field_id; } ErrorList;

void capo_form_put_errors(const FieldErrors *errors, const char *class, const char *field_id, Buffer *out)
{
    if (!errors->count)
        return;
    capo_put_format(out, "<ul class=\"%s\"", class);
    if (field_id)
        capo_put_format(out, " id=\"%s_error\"", capo_escape(field_id));
    capo_put_char(out, '>');
    for (const ValidationError *error = errors->first; error; error = error->next) {
        capo_put(out, "<li>");
        capo_put_escaped(out, error->message, strlen(error->message));
        capo_put(out, "</li>");
    }
    capo_put(out, "</ul>");
}

static bool error_list_html(Object *self, Buffer *out)
{
    ErrorList *list = (ErrorList *)self;
    capo_form_put_errors(list->errors, list->class, list->field_id, out);
    return true;
}

static const char *error_list_text(Object *self)
{
    Buffer out = { 0 };
    for (const ValidationError *error = ((ErrorList *)self)->errors->first; error; error = error->next)
        capo_put_format(&out, "%s* %s", out.size ? "\n" : "", error->message);
    return capo_buffer_text(&out);
}

static int64_t error_list_length(Object *self)
{
    return (int64_t)((ErrorList *)self)->errors->count;
}

static bool error_list_next(Object *self, void **state, Value *ret)
{
    const ValidationError *last = *state, *error = last ? last->next : ((ErrorList *)self)->errors->first;
    if (!error)
        return false;
    *state = (void *)error;
    *ret = capo_value_text(error->message);
    return true;
}

static bool error_list_at(Object *self, int64_t index, Value *ret)
{
    const ValidationError *error = ((ErrorList *)self)->errors->first;
    while (error && index-- > 0)
        error = error->next;
    if (!error || index >= 0)
        return false;
    *ret = capo_value_text(error->message);
    return true;
}

static bool error_list_get(Object *self, const char *name, size_t size, Value *ret)
{
    if (capo_form_is_named(name, size, "as_ul"))
        *ret = capo_form_html_value(error_list_html, self);
    else if (capo_form_is_named(name, size, "as_text"))
        *ret = capo_value_text(error_list_text(self));
    else if (capo_form_is_named(name, size, "field_id"))
        *ret = capo_value_text(((ErrorList *)self)->field_id);
    else if (capo_form_is_named(name, size, "error_class"))
        *ret = capo_value_text(((ErrorList *)self)->class);
    else
        return false;
    return true;
}

static Value error_list_json(Object *self)
{
    List *list = capo_list_new();
    for (const ValidationError *error = ((ErrorList *)self)->errors->first; error; error = error->next)
        capo_list_add(list, capo_value_map(capo_map(V("message", error->message), V("code", error->code ? error->code : ""))));
    return capo_value_list(list);
}

static const ObjectOps error_list_ops = { .type_name = "ErrorList", .get = error_list_get, .text = error_list_text, .html = error_list_html,
    .length = error_list_length, .next = error_list_next, .at = error_list_at, .json = error_list_json };

Value capo_form_error_list(const FieldErrors *errors, const char *class, const char *field_id)
{
    ErrorList *list = capo_alloc_struct(ErrorList);
    *list = (ErrorList){ .object.ops = &error_list_ops, .errors = errors, .class = class, .field_id = field_id };
    return capo_value_object(list);
}

Value capo_form_field_errors(BoundField *bound)
{
    capo_form_full_clean(bound->form);
    return capo_form_error_list(&bound->errors, "errorlist", bound->html_id);
}

Value capo_form_non_field_errors(Form *form)
{
    capo_form_full_clean(form);
    return capo_form_error_list(&form->errors, "errorlist nonfield", NULL);
}

/* --- form.errors ------------------------------------------------------------------------------------------------------------------------ */

typedef struct ErrorDict { Object object; Form *form; } ErrorDict;

static bool error_dict_next(Object *self, void **state, Value *ret)
{
    Form *form = ((ErrorDict *)self)->form;
    size_t i = *state ? (size_t)(uintptr_t)*state : 0;
    while (i < form->n_fields && !form->fields[i]->errors.count)
        i++;
    if (i > form->n_fields || (i == form->n_fields && !form->errors.count))
        return false;
    *ret = capo_value_text(i < form->n_fields ? form->fields[i]->field->name : "__all__");
    *state = (void *)(uintptr_t)(i + 1);
    return true;
}

static int64_t error_dict_length(Object *self)
{
    Value key;
    int64_t count = 0;
    for (void *state = NULL; error_dict_next(self, &state, &key); )
        count++;
    return count;
}

static bool error_dict_html(Object *self, Buffer *out)
{
    Form *form = ((ErrorDict *)self)->form;
    Value key;
    if (!error_dict_length(self))
        return true;
    capo_put(out, "<ul class=\"errorlist\">");
    for (void *state = NULL; error_dict_next(self, &state, &key); ) {
        BoundField *bound = capo_form_find(form, key.text);
        capo_put(out, "<li>");
        capo_put_escaped(out, key.text, key.size);
        capo_form_put_errors(bound ? &bound->errors : &form->errors, bound ? "errorlist" : "errorlist nonfield", bound ? bound->html_id : NULL, out);
        capo_put(out, "</li>");
    }
    capo_put(out, "</ul>");
    return true;
}

static const char *error_dict_text(Object *self)
{
    return capo_form_html_value(error_dict_html, self).text;
}

static Value error_dict_json(Object *self)
{
    Form *form = ((ErrorDict *)self)->form;
    Map *map = capo_map_new();
    Value key;
    for (void *state = NULL; error_dict_next(self, &state, &key); ) {
        BoundField *bound = capo_form_find(form, key.text);
        capo_map_set(map, key.text, error_list_json(bound ? capo_form_field_errors(bound).object : capo_form_non_field_errors(form).object));
    }
    return capo_value_map(map);
}

static bool error_dict_get(Object *self, const char *name, size_t size, Value *ret)
{
    Form *form = ((ErrorDict *)self)->form;
    BoundField *bound = capo_form_find(form, capo_strndup(name, size));
    Value key;
    if (bound && bound->errors.count) {
        *ret = capo_form_field_errors(bound);
    } else if (capo_form_is_named(name, size, "__all__") && form->errors.count) {
        *ret = capo_form_non_field_errors(form);
    } else if (capo_form_is_named(name, size, "items")) {
        List *list = capo_list_new();
        for (void *state = NULL; error_dict_next(self, &state, &key); ) {
            List *pair = capo_list_new();
            bound = capo_form_find(form, key.text);
            capo_list_add(pair, key);
            capo_list_add(pair, bound ? capo_form_field_errors(bound) : capo_form_non_field_errors(form));
            capo_list_add(list, capo_value_list(pair));
        }
        *ret = capo_value_list(list);
    } else if (capo_form_is_named(name, size, "as_ul")) {
        *ret = capo_form_html_value(error_dict_html, self);
    } else if (capo_form_is_named(name, size, "as_json")) {
        *ret = capo_value_text(capo_json_text(error_dict_json(self), 0));
    } else {
        return false;
    }
    return true;
}

static const ObjectOps error_dict_ops = { .type_name = "ErrorDict", .get = error_dict_get, .text = error_dict_text, .html = error_dict_html,
    .length = error_dict_length, .next = error_dict_next, .json = error_dict_json };

Value capo_form_error_dict(Form *form)
{
    capo_form_full_clean(form);
    ErrorDict *errors = capo_alloc_struct(ErrorDict);
    *errors = (ErrorDict){ .object.ops = &error_dict_ops, .form = form };
    return capo_value_object(errors);
}
