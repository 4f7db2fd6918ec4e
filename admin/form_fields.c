/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields of an add or change form: which ones, in which fieldsets and lines, with which widgets, and what the template needs of
 * each: label, input, help, errors, links to related objects; or its value, where it is read-only. */
#include "admin_internal.h"
#include <string.h>

/* --- which fields ------------------------------------------------------------------------------------------------------------------ */

static bool has_form_field(const Field *field)
{
    return field && field->editable && !field->auto_created && capo_form_field_for(field) != NULL;
}

bool admin_is_read_only(const ModelAdmin *admin, Model *model, const char *name)
{
    return admin_listed(admin->readonly_fields, name) || admin_column(admin, name) || !has_form_field(capo_field(model, name));
}

static const char *const *default_names(const ModelAdmin *admin, Model *model)
{
    size_t count = 0, n_read_only = 0;
    while (admin->readonly_fields && admin->readonly_fields[n_read_only])
        n_read_only++;
    const char **names = capo_alloc_array(model->n_fields + model->n_many + n_read_only + 1, sizeof *names);
    for (size_t i = 0; i < model->n_fields + model->n_many; i++) {
        Field *field = i < model->n_fields ? model->fields[i] : model->many[i - model->n_fields];
        if (has_form_field(field) && !admin_listed(admin->exclude, field->name) && !admin_listed(admin->readonly_fields, field->name))
            names[count++] = field->name;
    }
    for (size_t i = 0; i < n_read_only; i++)
        names[count++] = admin->readonly_fields[i];
    return names;
}

static const Fieldset *fieldsets_of(const ModelAdmin *admin, Model *model)
{
    if (admin->fieldsets)
        return admin->fieldsets;
    Fieldset *one = capo_alloc_array(2, sizeof *one);
    one->fields = admin->fields ? admin->fields : default_names(admin, model);
    return one;
}

const char *const *admin_field_names(const ModelAdmin *admin, Model *model, const Fieldset **ret_fieldsets)
{
    const Fieldset *sets = fieldsets_of(admin, model);
    size_t count = 0, room = 16;
    const char **names = capo_alloc_array(room + 1, sizeof *names);
    for (const Fieldset *set = sets; set->fields; set++)
        for (const char *const *line = set->fields; *line; line++)
            for (char **part = capo_split(*line, ',', NULL); *part; part++) {
                const char *name = capo_strip(*part);
                if (admin_listed(names, name) || admin_listed(admin->exclude, name))
                    continue;
                if (count == room) {
                    names = capo_realloc(names, (room + 1) * sizeof *names, (room * 2 + 1) * sizeof *names);
                    room *= 2;
                }
                names[count++] = name;
                names[count] = NULL;
            }
    if (ret_fieldsets)
        *ret_fieldsets = sets;
    return names;
}

const char *const *admin_edited_names(const ModelAdmin *admin, Model *model)
{
    const char *const *all = admin_field_names(admin, model, NULL);
    size_t count = 0, edited = 0;
    while (all[count])
        count++;
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        if (!admin_is_read_only(admin, model, all[i]))
            names[edited++] = all[i];
    return names;
}

/* --- widgets -------------------------------------------------------------------------------------------------------------------------- */

static const Var *class_attrs(const char *class_name)
{
    Var *attrs = capo_alloc_array(2, sizeof *attrs);
    attrs[0] = (Var)V("class", class_name);
    return attrs;
}

/* The class that Django gives the input of each kind of field; scripts and clients know them. */
static const struct { FieldKind kind; const char *class_name; } classes[] = {
    { FIELD_CHAR, "vTextField" }, { FIELD_SLUG, "vTextField" }, { FIELD_TEXT, "vLargeTextField" }, { FIELD_EMAIL, "vEmailField" },
    { FIELD_URL, "vURLField" }, { FIELD_UUID, "vUUIDField" }, { FIELD_INTEGER, "vIntegerField" }, { FIELD_BIG_INTEGER, "vBigIntegerField" },
    { FIELD_SMALL_INTEGER, "vIntegerField" }, { FIELD_POSITIVE_INTEGER, "vIntegerField" }, { FIELD_POSITIVE_SMALL_INTEGER, "vIntegerField" },
    { FIELD_POSITIVE_BIG_INTEGER, "vBigIntegerField" }, { FIELD_DATE, "vDateField" }, { FIELD_TIME, "vTimeField" }, { FIELD_NONE, NULL },
};

static void dress_field(const ModelAdmin *admin, FormField *field)
{
    const Field *about = field->model_field;
    if (!about)
        return;
    bool many = about->kind == FIELD_MANY_TO_MANY;
    if (admin_listed(admin->autocomplete_fields, about->name)) {
        field->widget = many ? "admin_autocomplete_multiple" : "admin_autocomplete";
    } else if (admin_listed(admin->raw_id_fields, about->name)) {
        field->widget = many ? "admin_raw_id_multiple" : "admin_raw_id";
    } else if (admin_listed(admin->radio_fields, about->name)) {
        field->widget = "radio";
    } else if (about->kind == FIELD_DATETIME && !capo_field_has_choices(about)) {
        field->kind = FORM_SPLIT_DATETIME;
        field->widget = "admin_split_datetime";
    } else if (capo_field_is_file(about->kind)) {
        field->widget = "admin_file";
    } else if (!capo_field_has_choices(about) && !field->attrs) {
        for (size_t i = 0; classes[i].class_name; i++)
            if (classes[i].kind == about->kind)
                field->attrs = class_attrs(classes[i].class_name);
    }
    for (const FieldOverride *override = admin->overrides; override && override->field; override++)
        if (strcmp(override->field, about->name) == 0) {
            field->widget = override->widget ? override->widget : field->widget;
            field->label = override->label ? override->label : field->label;
            field->help_text = override->help_text ? override->help_text : field->help_text;
        }
}

void admin_dress_form(AdminPage *page, const ModelAdmin *admin, Form *form)
{
    (void)page;
    size_t count;
    FormField **fields = capo_form_fields(form, &count);
    for (size_t i = 0; i < count; i++)
        dress_field(admin, fields[i]);
}

const char *admin_form_label(const FormField *field)
{
    if (field->label)
        return field->label;
    char *words = capo_strdup(field->name);
    for (char *at = words; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    return admin_capital(words);
}

const char *const *admin_changed_labels(Form *form)
{
    const char *const *names = capo_form_changed_data(form);
    size_t count = 0;
    while (names[count])
        count++;
    const char **labels = capo_alloc_array(count + 1, sizeof *labels);
    for (size_t i = 0; i < count; i++)
        labels[i] = admin_form_label(capo_form_field(form, names[i]));
    return labels;
}

/* --- what the template needs ----------------------------------------------------------------------------------------------------------- */

static Value related_link(AdminForm *form, const Field *field)
{
    Instance *related = capo_instance_is_saved(form->instance) ? capo_instance_related(form->instance, field->name) : NULL;
    if (!related)
        return capo_value_null();
    const ModelAdmin *admin = capo_model_admin(related->model);
    const char *text = capo_escape(capo_instance_text(related));
    if (!admin || !admin_may(form->page->req, admin, MAY_VIEW, related))
        return capo_value_safe(text);
    return capo_value_safe(capo_format("<a href=\"%s\">%s</a>", capo_escape(admin_object_url(related, "change")), text));
}

static Value read_only_contents(AdminForm *form, const char *name)
{
    const char *empty = admin_empty(form->admin);
    const AdminColumn *column = admin_column(form->admin, name);
    bool nothing = false;
    if (column) {
        Value value = column->value(form->instance);
        return column->boolean ? admin_boolean(value) : admin_display(NULL, form->instance, value, column->empty ? column->empty : empty, &nothing);
    }
    Field *field = capo_field(form->model, name);
    if (!field)
        return VALUE(empty);
    if (capo_field_is_relation(field->kind) && field->kind != FIELD_MANY_TO_MANY) {
        Value link = related_link(form, field);
        return capo_is_null(link) ? VALUE(empty) : link;
    }
    const Field *at_end;
    Instance *owner;
    Value value = admin_path_value(form->instance, name, &at_end, &owner);
    if (field->kind == FIELD_URL && capo_is_text(value) && value.size && admin_url_is_linkable(value.text)) {
        const char *url = capo_escape(value.text);
        return capo_value_safe(capo_format("<a href=\"%s\" rel=\"noreferrer\">%s</a>", url, url));
    }
    return admin_display(field, owner, value, empty, &nothing);
}

static void add_link(List *links, const char *kind, const char *icon, const char *title, const char *url, const char *template)
{
    capo_list_add(links, VALUE(capo_map(V("kind", kind), V("icon", icon), V("title", title), V("url", url), V("template", template))));
}

/* The pencil, plus and eye beside a related field. */
static List *related_links(AdminForm *form, const FormField *field)
{
    const Field *about = field->model_field;
    List *links = capo_list_new();
    if (!about || !about->target || !form->may_relate)
        return links;
    const ModelAdmin *admin = capo_model_admin(about->target);
    Request *req = form->page->req;
    if (!admin)
        return links;
    const char *name = about->target->verbose_name, *list = admin_list_url(about->target);
    Value value = about->kind == FIELD_MANY_TO_MANY ? capo_value_null() : capo_form_bound_value(form->form, field->name);
    const char *chosen = capo_is_null(value) ? "" : capo_to_text(value);
    const char *current = *chosen ? capo_format("%s%s/change/", list, capo_url_quote(admin_quote_key(chosen), "")) : NULL;
    const char *template = capo_format("%s__fk__/change/", list);
    bool single = about->kind != FIELD_MANY_TO_MANY, change = admin_may(req, admin, MAY_CHANGE, NULL);
    if (admin_listed(form->admin->raw_id_fields, about->name)) {
        if (admin_may(req, admin, MAY_VIEW, NULL))
            add_link(links, "lookup", "search", capo_format("Look up %s", name), list, NULL);
        return links;
    }
    if (single && change)
        add_link(links, "change", "edit", capo_format("Change selected %s", name), current, template);
    if (admin_may(req, admin, MAY_ADD, NULL))
        add_link(links, "add", "plus", capo_format("Add another %s", name), admin_add_url(about->target), NULL);
    if (single && !change && admin_may(req, admin, MAY_VIEW, NULL))
        add_link(links, "view", "eye", capo_format("View selected %s", name), current, template);
    return links;
}

Map *admin_field_map(AdminForm *form, const char *name)
{
    const FormField *field = form->form && !form->read_only ? capo_form_field(form->form, name) : NULL;
    if (!field) {
        Field *about = capo_field(form->model, name);
        const AdminColumn *column = admin_column(form->admin, name);
        Map *map = capo_map(V("name", name), V("label", admin_capital(admin_label_for(form->admin, form->model, name))), V("is_readonly", (bool)true),
                            V("contents", read_only_contents(form, name)));
        if (!column && about && about->help_text)
            capo_map_set(map, "help_text", capo_value_safe(about->help_text));
        return map;
    }
    Buffer html = { 0 };
    capo_form_put_field(form->form, name, form->in_table ? CAPO_VARS(V("aria-label", admin_form_label(field))) : NULL, &html);
    const FormWidget *widget = field->widget ? capo_widget(field->widget) : NULL;
    bool checkbox = field->kind == FORM_BOOLEAN && (!field->widget || strcmp(field->widget, "checkbox") == 0);
    Map *map = capo_map(V("name", name), V("label", admin_form_label(field)), V("id", capo_form_field_id(form->form, name)),
        V("html", capo_value_safe(capo_buffer_text(&html))), V("required", (bool)(!field->optional && !checkbox)),
        V("errors", capo_value_strings(capo_form_errors(form->form, name))), V("is_checkbox", checkbox),
        V("is_group", (bool)(widget && widget->use_fieldset)), V("is_hidden", (bool)(widget && widget->is_hidden)));
    if (field->help_text && *field->help_text)
        capo_map_set(map, "help_text", capo_value_safe(field->help_text));
    List *links = related_links(form, field);
    if (links->count) {
        capo_map_set(map, "links", VALUE(links));
        capo_map_set(map, "model_ref", VALUE(field->model_field->target->label_lower));
    }
    return map;
}

static bool line_has_errors(AdminForm *form, List *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        Value *errors = capo_map_get(fields->items[i].map, "errors");
        if (form->form && errors && capo_truth(*errors))
            return true;
    }
    return false;
}

List *admin_fieldset_list(AdminForm *form, bool *ret_aside)
{
    const Fieldset *sets;
    const char *const *known = admin_field_names(form->admin, form->model, &sets);
    List *list = capo_list_new();
    int index = 0;
    *ret_aside = false;
    for (const Fieldset *set = sets; set->fields; set++, index++) {
        List *lines = capo_list_new();
        bool errors = false;
        for (const char *const *line = set->fields; *line; line++) {
            List *fields = capo_list_new();
            for (char **part = capo_split(*line, ',', NULL); *part; part++) {
                const char *name = capo_strip(*part);
                if (admin_listed(known, name))
                    capo_list_add(fields, VALUE(admin_field_map(form, name)));
            }
            if (!fields->count)
                continue;
            errors |= line_has_errors(form, fields);
            capo_list_add(lines, VALUE(capo_map(V("fields", fields), V("several", (bool)(fields->count > 1)))));
        }
        *ret_aside |= set->aside;
        capo_list_add(list, VALUE(capo_map(V("name", set->name), V("index", index), V("description", set->description), V("lines", lines),
                                           V("collapse", (bool)(set->collapse && set->name)), V("aside", set->aside), V("has_errors", errors))));
    }
    return list;
}

void admin_error_links(AdminForm *form, List *links)
{
    size_t count;
    FormField **fields = capo_form_fields(form->form, &count);
    for (size_t i = 0; i < count; i++) {
        const char *const *errors = capo_form_errors(form->form, fields[i]->name);
        if (!errors || !errors[0])
            continue;
        const char *id = capo_form_field_id(form->form, fields[i]->name);
        if (fields[i]->kind == FORM_SPLIT_DATETIME)
            id = capo_format("%s_0", id);
        capo_list_add(links, VALUE(capo_map(V("id", id), V("label", admin_form_label(fields[i])), V("message", errors[0]))));
    }
}
