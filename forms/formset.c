/* SPDX-License-Identifier: BSD-3-Clause */
/* Formsets: many forms on one page, counted by a management form that the page sends back. Plain ones, those of a model's rows, and
 * inline ones, which are the children of a parent. Names and sentences are Django's. */
#include "internal.h"
#include <string.h>

enum { MAX_NUM_DEFAULT = 1000, ABSOLUTE_EXTRA = 1000 };

struct Formset {
    Object object;
    FormsetOptions options;
    const char *prefix;
    const QueryDict *data;
    Request *files;
    bool bound, tampered, cleaned, cleaning;
    int64_t total, initial;         /* forms, and those of rows that exist */
    int64_t sent_total;             /* as the body says it */
    int min_num, max_num, extra;
    Model *model;
    Instance *parent;
    Field *parent_key;
    Instance **rows;                /* of the query */
    size_t n_rows;
    Form **forms;
    FieldErrors errors;
};

extern const ObjectOps capo_formset_ops;

/* --- the management form ---------------------------------------------------------------------------------------------------------------- */

static const char *management_name(const Formset *formset, const char *name)
{
    return capo_format("%s-%s", formset->prefix, name);
}

static bool read_count(const Formset *formset, const char *name, int64_t *ret)
{
    const char *text = capo_dict_get(formset->data, management_name(formset, name));
    int64_t count;
    if (!text || !capo_to_int(capo_value_text(text), &count) || count < 0)
        return false;
    *ret = count;
    return true;
}

static void add_own_error(Formset *formset, const char *code, const char *message)
{
    ValidationError *error = capo_alloc_struct(ValidationError);
    *error = (ValidationError){ .code = code, .message = message };
    if (formset->errors.last)
        formset->errors.last->next = error;
    else
        formset->errors.first = error;
    formset->errors.last = error;
    formset->errors.count++;
}

void capo_formset_add_error(Formset *formset, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_own_error(formset, code, capo_vformat(format, args));
    va_end(args);
}

/* How many forms there are. What the body says is capped before anything is made of it. */
static void count_forms(Formset *formset)
{
    int64_t absolute = (int64_t)formset->max_num + ABSOLUTE_EXTRA;
    if (formset->bound) {
        bool total = read_count(formset, "TOTAL_FORMS", &formset->sent_total), initial = read_count(formset, "INITIAL_FORMS", &formset->initial);
        if (!total || !initial) {
            formset->tampered = true;
            formset->total = formset->initial = formset->sent_total = 0;
            add_own_error(formset, "missing_management_form", capo_format("ManagementForm data is missing or has been tampered with. "
                "Missing fields: %s%s%s. You may need to file a bug report if the issue persists.",
                total ? "" : management_name(formset, "TOTAL_FORMS"), !total && !initial ? ", " : "",
                initial ? "" : management_name(formset, "INITIAL_FORMS")));
            return;
        }
        formset->total = formset->sent_total < absolute ? formset->sent_total : absolute;
        formset->initial = formset->initial < formset->total ? formset->initial : formset->total;
        return;
    }
    const List *initial = formset->options.initial;
    formset->initial = formset->model ? (int64_t)formset->n_rows : initial ? (int64_t)initial->count : 0;
    formset->total = (formset->initial > formset->min_num ? formset->initial : formset->min_num) + formset->extra;
    if (formset->initial > formset->max_num)
        formset->total = formset->initial;
    else if (formset->total > formset->max_num)
        formset->total = formset->max_num;
}

void capo_formset_put_management(Formset *formset, Buffer *out)
{
    const struct { const char *name; int64_t value; } counts[] = {
        { "TOTAL_FORMS", formset->total }, { "INITIAL_FORMS", formset->initial }, { "MIN_NUM_FORMS", formset->min_num }, { "MAX_NUM_FORMS", formset->max_num },
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const char *name = capo_escape(management_name(formset, counts[i].name));
        capo_put_format(out, "<input type=\"hidden\" name=\"%s\" value=\"%lld\" id=\"id_%s\">", name, (long long)counts[i].value, name);
    }
}

/* --- the forms --------------------------------------------------------------------------------------------------------------------------- */

/* One hidden input holds a row's key: Django's formsets have none for a composite one either. */
static void refuse_composite(const Model *model)
{
    if (model && model->pk->kind == FIELD_COMPOSITE_KEY)
        capo_raise(ERROR_NOT_SUPPORTED, "%s has a composite primary key: formsets of its rows are not supported. A form of one row is.", model->name);
}

static bool key_is_automatic(const Model *model)
{
    return model->pk->kind == FIELD_AUTO || model->pk->kind == FIELD_BIG_AUTO || model->pk->kind == FIELD_SMALL_AUTO || !model->pk->editable
        || model->pk->default_function;
}

static Value parent_reference(const Formset *formset)
{
    const Field *target = formset->parent_key->target_field;
    return target ? capo_field_value(formset->parent, target) : capo_instance_pk(formset->parent);
}

/* ORDER, DELETE, the hidden key of the row and that of its parent. index -1: the empty form. */
static void add_own_fields(Formset *formset, Form *form, int64_t index)
{
    Model *model = formset->model;
    if (model && key_is_automatic(model)) {
        bool existing = index >= 0 && index < formset->initial;
        Instance *known = existing && capo_instance_is_saved(form->instance) ? form->instance : NULL;
        Query *query = formset->options.query ? formset->options.query : capo_default_rows(model);
        if (formset->parent && capo_instance_is_saved(formset->parent))
            query = capo_query_filter(query, capo_q(formset->parent_key->name, parent_reference(formset)));
        capo_map_remove(form->initial, model->pk->name);
        capo_form_add_field(form, &(FormField){ .name = model->pk->name, .kind = FORM_MODEL_CHOICE, .widget = "hidden", .optional = !existing,
            .label = model->pk->label, .query = query, .known = known, .initial = known ? capo_instance_pk(known) : capo_value_null() });
    }
    if (formset->options.can_order)
        capo_form_add_field(form, &(FormField){ .name = "ORDER", .kind = FORM_INTEGER, .label = "Order", .optional = true,
            .initial = index >= 0 && index < formset->initial ? capo_value_int(index + 1) : capo_value_null() });
    if (!formset->options.no_delete && (!formset->options.no_delete_extra || (index >= 0 && index < formset->initial)))
        capo_form_add_field(form, &(FormField){ .name = "DELETE", .kind = FORM_BOOLEAN, .label = "Delete", .optional = true });
    if (formset->parent_key) {
        Value key = capo_instance_is_saved(formset->parent) ? parent_reference(formset) : capo_value_null();
        form->inline_key = formset->parent_key->name;
        capo_form_add_field(form, &(FormField){ .name = formset->parent_key->name, .kind = FORM_INLINE_KEY, .optional = true,
            .label = formset->parent_key->label, .initial = key });
    }
}

/* The forms offer the same rows: a query keeps what it loaded, so that one load serves them all. */
static void share_choices(const Formset *formset, Form *form)
{
    Form *first = formset->total && formset->forms ? formset->forms[0] : NULL;
    for (size_t i = 0; first && i < form->n_fields; i++) {
        FormField *field = form->fields[i]->field;
        const FormField *same = field->query && field->model_field ? capo_form_field(first, field->name) : NULL;
        if (same && same->query && same->model_field == field->model_field)
            field->query = same->query;
    }
}

/* The row that the hidden key of form `index` names, out of the query's rows: none but these can be changed. */
static Instance *row_of(Formset *formset, int64_t index, const char *prefix)
{
    if (!formset->bound)
        return (size_t)index < formset->n_rows ? formset->rows[index] : NULL;
    const char *key = capo_dict_get(formset->data, capo_format("%s-%s", prefix, formset->model->pk->name));
    if (!key)
        return NULL;
    for (size_t i = 0; i < formset->n_rows; i++) {
        Value own = capo_value_to_text(capo_instance_pk(formset->rows[i]));
        if (own.size == strlen(key) && !memcmp(own.text, key, own.size))
            return formset->rows[i];
    }
    return NULL;
}

static Form *make_form(Formset *formset, int64_t index)
{
    const FormsetOptions *o = &formset->options;
    FormOptions options = { .prefix = index < 0 ? capo_format("%s-__prefix__", formset->prefix) : capo_format("%s-%lld", formset->prefix, (long long)index),
                            .empty_permitted = index < 0 || (index >= formset->initial && index >= formset->min_num) };
    const QueryDict *data = index < 0 ? NULL : formset->data;
    Request *files = data ? formset->files : NULL;
    Form *form;
    if (formset->model) {
        options.instance = index >= 0 && index < formset->initial ? row_of(formset, index, options.prefix) : NULL;
        const char *const *fields = o->fields;
        List *exclude = capo_list_new();
        for (const char *const *name = o->exclude; name && *name; name++)
            capo_list_add(exclude, capo_value_text(*name));
        const char **excluded = capo_alloc_array(exclude->count + 2, sizeof *excluded);
        for (size_t i = 0; i < exclude->count; i++)
            excluded[i] = exclude->items[i].text;
        if (formset->parent_key)
            excluded[exclude->count] = formset->parent_key->name;
        if (o->form) {
            FormType type = *o->form;
            type.meta.exclude = excluded;
            form = capo_form_of_type(capo_memdup(&type, sizeof type), data, files, &options);
        } else {
            form = capo_model_form_new(formset->model, fields, excluded, data, files, &options);
        }
        if (formset->parent_key && capo_instance_is_saved(formset->parent))
            capo_field_assign(form->instance, formset->parent_key, parent_reference(formset));
    } else {
        form = capo_form_of_type(o->form, data, files, &options);
        if (o->initial && index >= 0 && (size_t)index < o->initial->count && o->initial->items[index].kind == VALUE_MAP) {
            const Map *map = o->initial->items[index].map;
            for (size_t i = 0; i < map->count; i++)
                capo_map_set_value(form->initial, map->entries[i].key, map->entries[i].value);
        }
    }
    form->no_required_attribute = true;
    form->formset = formset;
    share_choices(formset, form);
    add_own_fields(formset, form, index);
    if (o->prepare)
        o->prepare(form, o->argument);
    return form;
}

static Formset *formset_make(Request *req, const QueryDict *data, const FormsetOptions *options, Model *model, Instance *parent,
                             Field *parent_key, const char *prefix, int extra)
{
    refuse_composite(model);
    static const FormsetOptions none;
    Formset *formset = capo_alloc_struct(Formset);
    *formset = (Formset){ .object.ops = &capo_formset_ops, .options = options ? *options : none, .data = data, .files = req, .bound = data != NULL,
                          .model = model, .parent = parent, .parent_key = parent_key };
    const FormsetOptions *o = &formset->options;
    formset->prefix = o->prefix ? o->prefix : prefix;
    formset->extra = o->extra || o->extra_set ? o->extra : extra;
    formset->min_num = o->min_num;
    formset->max_num = o->max_num || o->max_num_set ? o->max_num : MAX_NUM_DEFAULT;
    if (model) {
        Query *query = o->query ? o->query : capo_default_rows(model);
        bool saved = !parent || capo_instance_is_saved(parent);
        if (parent && saved)
            query = capo_query_filter(query, capo_q(parent_key->name, parent_reference(formset)));
        if (!capo_query_is_ordered(query))
            query = capo_query_order_by(query, LIST("pk"));
        if (saved)
            formset->rows = capo_query_rows(query, &formset->n_rows);
    } else if (!o->form) {
        capo_bug("a plain formset needs .form = &SomeForm_form");
    }
    count_forms(formset);
    formset->forms = capo_alloc_array((size_t)formset->total + 1, sizeof *formset->forms);
    for (int64_t i = 0; i < formset->total; i++)
        formset->forms[i] = make_form(formset, i);
    return formset;
}

Formset *capo_formset_new(Request *req, const QueryDict *data, const FormsetOptions *options)
{
    return formset_make(req, data, options, NULL, NULL, NULL, "form", 1);
}

Formset *capo_model_formset_new(Model *model, Request *req, const QueryDict *data, const FormsetOptions *options)
{
    return formset_make(req, data, options, model, NULL, NULL, "form", 1);
}

Formset *capo_inline_formset_new(Instance *parent, Model *child, Request *req, const QueryDict *data, const FormsetOptions *options)
{
    Field *key = capo_inline_foreign_key(parent->model, child, options ? options->fk_name : NULL);
    const char *prefix = key->related_name && key->related_name[0] != '+' ? key->related_name : capo_format("%s_set", child->name_lower);
    FormsetOptions own = options ? *options : (FormsetOptions){ 0 };
    if (key->unique) {                  /* a one-to-one: at most one child */
        own.max_num = 1;
        own.max_num_set = true;
    }
    return formset_make(req, data, &own, child, parent, key, prefix, 3);
}

Field *capo_inline_foreign_key(Model *parent, Model *child, const char *fk_name)
{
    Field *found = NULL;
    for (size_t i = 0; i < child->n_fields; i++) {
        Field *field = child->fields[i];
        if ((field->kind != FIELD_FOREIGN_KEY && field->kind != FIELD_ONE_TO_ONE) || field->target != parent || (fk_name && strcmp(field->name, fk_name)))
            continue;
        if (found)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "'%s' has more than one ForeignKey to '%s'. You must specify a 'fk_name' attribute.",
                       child->label, parent->label);
        found = field;
    }
    if (!found && fk_name)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "'%s' has no ForeignKey named '%s' to '%s'.", child->label, fk_name, parent->label);
    if (!found)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "'%s' has no ForeignKey to '%s'.", child->label, parent->label);
    return found;
}

/* --- validation ---------------------------------------------------------------------------------------------------------------------------- */

bool capo_formset_is_deleted(Formset *formset, size_t index)
{
    BoundField *bound = formset->bound && index < (size_t)formset->total ? capo_form_find(formset->forms[index], "DELETE") : NULL;
    return bound && capo_truth(capo_form_raw_value(bound));
}

/* A list of fields for a sentence: "title and author". */
static const char *words(const char *const *names, const char *skip)
{
    Buffer out = { 0 };
    size_t count = 0, at = 0;
    for (const char *const *name = names; *name; name++)
        count += !skip || strcmp(*name, skip);
    for (const char *const *name = names; *name; name++) {
        if (skip && !strcmp(*name, skip))
            continue;
        capo_put_format(&out, "%s%s", at == 0 ? "" : at + 1 == count ? count > 2 ? ", and " : " and " : ", ", *name);
        at++;
    }
    return capo_buffer_text(&out);
}

/* Two rows of the same page with what must be unique: the database knows neither yet. */
static void check_duplicates(Formset *formset, const char *const *names)
{
    Map *seen = capo_map_new();
    bool said = false;
    for (int64_t i = 0; i < formset->total; i++) {
        Form *form = formset->forms[i];
        List *row = capo_list_new();
        bool complete = !capo_formset_is_deleted(formset, (size_t)i) && !(i >= formset->initial && !capo_form_has_changed(form));
        for (const char *const *name = names; complete && *name; name++) {
            if (formset->parent_key && !strcmp(*name, formset->parent_key->name))
                continue;
            BoundField *bound = capo_form_find(form, *name);
            complete = bound && bound->has_value && !capo_is_null(bound->value);
            if (complete)
                capo_list_add(row, capo_form_prepare_value(bound->field, bound->value));
        }
        if (!complete || !row->count)
            continue;
        Buffer key = { 0 };
        capo_put_repr(&key, capo_value_list(row));
        Value text = capo_value_text_n(capo_buffer_text(&key), key.size);
        if (!capo_map_get_value(seen, text)) {
            capo_map_set_value(seen, text, capo_value_bool(true));
            continue;
        }
        const char *skip = formset->parent_key ? formset->parent_key->name : NULL;
        if (!said)
            add_own_error(formset, "", capo_format("Please correct the duplicate data for %s%s.", words(names, skip),
                names[1] && !(skip && !names[2]) ? ", which must be unique" : ""));
        said = true;
        capo_add_error(form, NULL, "", "Please correct the duplicate values below.");
    }
}

static void check_all_duplicates(Formset *formset)
{
    Model *model = formset->model;
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->fields[i]->unique && !model->fields[i]->primary_key)
            check_duplicates(formset, (const char *[]){ model->fields[i]->name, NULL });
    for (const char *const *const *together = model->unique_together; together && *together; together++)
        check_duplicates(formset, *together);
    const ConstraintInfo *constraints = capo_model_constraints(model);
    for (size_t i = 0; i < model->n_constraints; i++)
        if (constraints[i].unique && !constraints[i].condition)
            check_duplicates(formset, constraints[i].unique);
}

static void formset_clean(Formset *formset)
{
    if (formset->cleaned || formset->cleaning || !formset->bound)
        return;
    if (formset->tampered) {
        formset->cleaned = true;
        return;
    }
    formset->cleaning = true;
    int64_t deleted = 0, empty = 0;
    for (int64_t i = 0; i < formset->total; i++) {
        bool untouched = i >= formset->initial && !capo_form_has_changed(formset->forms[i]);
        empty += untouched;
        capo_form_full_clean(formset->forms[i]);
        deleted += capo_formset_is_deleted(formset, (size_t)i) && !untouched;
    }
    int64_t absolute = (int64_t)formset->max_num + ABSOLUTE_EXTRA;
    if ((formset->options.validate_max && formset->total - deleted > formset->max_num) || formset->sent_total > absolute)
        add_own_error(formset, "too_many_forms", capo_format("Please submit at most %d form%s.", formset->max_num, formset->max_num == 1 ? "" : "s"));
    if (formset->options.validate_min && formset->total - deleted - empty < formset->min_num)
        add_own_error(formset, "too_few_forms", capo_format("Please submit at least %d form%s.", formset->min_num, formset->min_num == 1 ? "" : "s"));
    if (formset->model)
        check_all_duplicates(formset);
    if (formset->options.clean)
        formset->options.clean(formset);
    formset->cleaning = false;
    formset->cleaned = true;
}

bool capo_formset_is_valid(Formset *formset)
{
    formset_clean(formset);
    if (!formset->bound || !formset->cleaned || formset->errors.count)
        return false;
    bool valid = true;
    for (int64_t i = 0; i < formset->total; i++)
        if (!capo_formset_is_deleted(formset, (size_t)i))
            valid &= capo_form_is_valid(formset->forms[i]);
    return valid;
}

size_t capo_formset_count(const Formset *formset)
{
    return (size_t)formset->total;
}

size_t capo_formset_initial_count(const Formset *formset)
{
    return (size_t)formset->initial;
}

Form *capo_formset_form(Formset *formset, size_t index)
{
    if (index >= (size_t)formset->total)
        capo_bug("form %zu of a formset of %lld was asked for", index, (long long)formset->total);
    return formset->forms[index];
}

Form *capo_formset_empty_form(Formset *formset)
{
    return make_form(formset, -1);
}

bool capo_formset_is_multipart(Formset *formset)
{
    return capo_form_is_multipart(formset->total ? capo_formset_form(formset, 0) : capo_formset_empty_form(formset));
}

const char *const *capo_formset_errors(Formset *formset)
{
    formset_clean(formset);
    const char **messages = capo_alloc_array(formset->errors.count + 1, sizeof *messages);
    size_t count = 0;
    for (const ValidationError *error = formset->errors.first; error; error = error->next)
        messages[count++] = error->message;
    return messages;
}

size_t capo_formset_error_count(Formset *formset)
{
    formset_clean(formset);
    size_t count = formset->errors.count;
    for (int64_t i = 0; i < formset->total; i++)
        if (!capo_formset_is_deleted(formset, (size_t)i))
            count += capo_form_error_count(formset->forms[i]);
    return count;
}

const char *capo_formset_prefix(const Formset *formset)
{
    return formset->prefix;
}

bool capo_formset_has_changed(Formset *formset)
{
    for (int64_t i = 0; i < formset->total; i++)
        if (capo_form_has_changed(formset->forms[i]))
            return true;
    return false;
}

/* --- saving ---------------------------------------------------------------------------------------------------------------------------------- */

FormsetResult capo_formset_save(Formset *formset)
{
    if (!formset->model)
        capo_bug("capo_formset_save is for formsets of models");
    if (!capo_formset_is_valid(formset))
        capo_raise(ERROR_VALUE, "The formset of %s could not be saved because the data didn't validate.", formset->model->verbose_name_plural);
    size_t capacity = (size_t)formset->total + 1, created = 0, changed = 0, deleted = 0;
    FormsetResult result = { .created = capo_alloc_array(capacity, sizeof *result.created), .changed = capo_alloc_array(capacity, sizeof *result.changed),
                             .deleted = capo_alloc_array(capacity, sizeof *result.deleted),
                             .changed_fields = capo_alloc_array(capacity, sizeof *result.changed_fields) };
    capo_begin();
    for (int64_t i = 0; i < formset->total; i++) {
        Form *form = formset->forms[i];
        bool existing = i < formset->initial, delete = capo_formset_is_deleted(formset, (size_t)i);
        if (existing && !capo_instance_is_saved(form->instance))
            continue;
        if (delete) {
            if (existing) {
                result.deleted[deleted++] = form->instance;
                capo_instance_delete(form->instance);
            }
            continue;
        }
        if (!capo_form_has_changed(form))
            continue;
        if (formset->parent_key)
            capo_field_assign(form->instance, formset->parent_key, parent_reference(formset));
        capo_form_save(form);
        if (existing) {
            result.changed_fields[changed] = capo_form_changed_data(form);
            result.changed[changed++] = form->instance;
        } else {
            result.created[created++] = form->instance;
        }
    }
    capo_commit();
    return result;
}

/* --- as an object of templates ---------------------------------------------------------------------------------------------------------------- */

static Value management_value(Formset *formset)
{
    Buffer out = { 0 };
    capo_formset_put_management(formset, &out);
    return capo_value_safe_n(capo_buffer_text(&out), out.size);
}

static Value forms_value(Formset *formset, bool only_initial, bool only_extra)
{
    List *list = capo_list_new();
    for (int64_t i = only_extra ? formset->initial : 0; i < (only_initial ? formset->initial : formset->total); i++)
        capo_list_add(list, capo_value_object(formset->forms[i]));
    return capo_value_list(list);
}

static bool formset_html(Object *self, Buffer *out)
{
    Formset *formset = (Formset *)self;
    capo_formset_put_management(formset, out);
    for (int64_t i = 0; i < formset->total; i++)
        capo_form_put_as(formset->forms[i], "div", out);
    return true;
}

static const char *formset_text(Object *self)
{
    Buffer out = { 0 };
    formset_html(self, &out);
    return capo_buffer_text(&out);
}

static bool formset_get(Object *self, const char *name, size_t size, Value *ret)
{
    Formset *formset = (Formset *)self;
    const char *text = capo_strndup(name, size);
    if (!strcmp(text, "management_form")) *ret = management_value(formset);
    else if (!strcmp(text, "forms")) *ret = forms_value(formset, false, false);
    else if (!strcmp(text, "initial_forms")) *ret = forms_value(formset, true, false);
    else if (!strcmp(text, "extra_forms")) *ret = forms_value(formset, false, true);
    else if (!strcmp(text, "empty_form")) *ret = capo_value_object(capo_formset_empty_form(formset));
    else if (!strcmp(text, "non_form_errors")) {
        formset_clean(formset);
        *ret = capo_form_error_list(&formset->errors, "errorlist nonform", NULL);
    }
    else if (!strcmp(text, "total_form_count")) *ret = capo_value_int(formset->total);
    else if (!strcmp(text, "initial_form_count")) *ret = capo_value_int(formset->initial);
    else if (!strcmp(text, "total_error_count")) *ret = capo_value_int((int64_t)capo_formset_error_count(formset));
    else if (!strcmp(text, "prefix")) *ret = capo_value_text(formset->prefix);
    else if (!strcmp(text, "can_delete")) *ret = capo_value_bool(!formset->options.no_delete);
    else if (!strcmp(text, "can_order")) *ret = capo_value_bool(formset->options.can_order);
    else if (!strcmp(text, "max_num")) *ret = capo_value_int(formset->max_num);
    else if (!strcmp(text, "min_num")) *ret = capo_value_int(formset->min_num);
    else if (!strcmp(text, "is_bound")) *ret = capo_value_bool(formset->bound);
    else if (!strcmp(text, "is_valid")) *ret = capo_value_bool(capo_formset_is_valid(formset));
    else if (!strcmp(text, "is_multipart")) *ret = capo_value_bool(capo_formset_is_multipart(formset));
    else if (!strcmp(text, "media")) *ret = capo_value_safe("");
    else return false;
    return true;
}

static int64_t formset_length(Object *self)
{
    return ((Formset *)self)->total;
}

static bool formset_truth(Object *self)
{
    (void)self;
    return true;                    /* also without forms, as Django's */
}

static bool formset_at(Object *self, int64_t index, Value *ret)
{
    Formset *formset = (Formset *)self;
    if (index < 0 || index >= formset->total)
        return false;
    *ret = capo_value_object(formset->forms[index]);
    return true;
}

static bool formset_next(Object *self, void **state, Value *ret)
{
    int64_t index = (int64_t)(intptr_t)*state;
    *state = (void *)(intptr_t)(index + 1);
    return formset_at(self, index, ret);
}

const ObjectOps capo_formset_ops = { .type_name = "FormSet", .get = formset_get, .text = formset_text, .html = formset_html, .length = formset_length,
    .truth = formset_truth, .next = formset_next, .at = formset_at };
