/* SPDX-License-Identifier: BSD-3-Clause */
/* Forms as HTML and as objects of templates: {{ form }}, {{ form.email.label_tag }}, {% for field in form %}. The markup is
 * Django 5.2's: as_div, as_p, as_table, as_ul, <ul class="errorlist">, aria-describedby. */
#include "internal.h"
#include <stdio.h>
#include <string.h>

/* --- labels -------------------------------------------------------------------------------------------------------------------------- */

/* "first_name" is "First name". */
const char *capo_form_label(const FormField *field)
{
    if (field->label)
        return field->label;
    char *label = capo_strdup(field->name);
    for (char *at = label; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    if (*label >= 'a' && *label <= 'z')
        *label = (char)(*label - 'a' + 'A');
    return label;
}

static bool is_hidden(const BoundField *bound)
{
    return capo_form_field_widget(bound->field)->is_hidden;
}

/* Groups of inputs are not what a label can be for. */
static const char *id_for_label(const BoundField *bound)
{
    const FormWidget *widget = capo_form_field_widget(bound->field);
    return bound->html_id && (!widget->use_fieldset || widget->needs_multipart) ? bound->html_id : "";
}

static const char *required_class(const BoundField *bound)
{
    const FormType *type = bound->form->type;
    return type && !bound->field->optional ? type->meta.required_css_class : NULL;
}

/* "error required": the classes of the field's row; NULL: none. */
static const char *css_classes(const BoundField *bound)
{
    const FormType *type = bound->form->type;
    const char *error = type && bound->errors.count ? type->meta.error_css_class : NULL, *required = required_class(bound);
    return error && required ? capo_format("%s %s", error, required) : error ? error : required;
}

static void put_label(const BoundField *bound, const char *tag, Buffer *out)
{
    const char *label = capo_form_label(bound->field), *suffix = bound->field->label_suffix ? bound->field->label_suffix : bound->form->label_suffix;
    size_t size = strlen(label);
    bool ends = !size || strchr(":?.!", label[size - 1]);
    const char *id = id_for_label(bound);
    if (bound->html_id) {
        capo_put_format(out, "<%s", tag);
        if (*id && !strcmp(tag, "label"))
            capo_put_format(out, " for=\"%s\"", capo_escape(id));
        if (required_class(bound))
            capo_put_format(out, " class=\"%s\"", capo_escape(required_class(bound)));
        capo_put_char(out, '>');
    }
    capo_put_escaped(out, label, size);
    if (!ends && suffix)
        capo_put_escaped(out, suffix, strlen(suffix));
    if (bound->html_id)
        capo_put_format(out, "</%s>", tag);
}

/* --- a field's widget -------------------------------------------------------------------------------------------------------------------- */

static const char *described_by(BoundField *bound)
{
    const char *id = bound->html_id, *help = bound->field->help_text;
    if (!id || is_hidden(bound))
        return NULL;
    bool has_help = help && *help, has_errors = bound->errors.count > 0;
    if (!has_help && !has_errors)
        return NULL;
    return capo_format("%s%s%s%s%s", has_help ? id : "", has_help ? "_helptext" : "", has_help && has_errors ? " " : "",
                       has_errors ? id : "", has_errors ? "_error" : "");
}

static void put_widget(BoundField *bound, const FormWidget *widget, const Var *attrs, Buffer *out)
{
    capo_form_full_clean(bound->form);
    WidgetContext context = {
        .field = bound->field, .name = bound->html_name, .id = bound->html_id, .form = bound->form, .attrs = attrs,
        .value = capo_form_bound_value(bound->form, bound->field->name),
        .required = !bound->field->optional && !bound->form->no_required_attribute && bound->field->kind != FORM_NULL_BOOLEAN,
        .invalid = bound->errors.count > 0, .described_by = described_by(bound),
        .has_initial = capo_truth(capo_form_initial_value(bound)),
    };
    widget->put(widget, &context, out);
}

void capo_form_put_field(Form *form, const char *field, const Var *attrs, Buffer *out)
{
    BoundField *bound = (BoundField *)capo_form_bound_field(form, field).object;
    put_widget(bound, capo_form_field_widget(bound->field), attrs, out);
}

static bool field_html(Object *self, Buffer *out)
{
    BoundField *bound = (BoundField *)self;
    put_widget(bound, capo_form_field_widget(bound->field), NULL, out);
    return true;
}

static const char *field_text(Object *self)
{
    return capo_form_html_value(field_html, self).text;
}

static Value widget_value(BoundField *bound, const char *widget)
{
    Buffer out = { 0 };
    put_widget(bound, capo_widget(widget), NULL, &out);
    return capo_value_safe_n(capo_buffer_text(&out), out.size);
}

static void put_help(const BoundField *bound, const char *tag, Buffer *out)
{
    const char *help = bound->field->help_text;
    if (!help || !*help)
        return;
    capo_put_format(out, "<%s class=\"helptext\"", tag);
    if (bound->html_id)
        capo_put_format(out, " id=\"%s_helptext\"", capo_escape(bound->html_id));
    capo_put_format(out, ">%s</%s>", help, tag);
}

/* Label, help, errors and widget: as_field_group. */
static bool field_group_html(Object *self, Buffer *out)
{
    BoundField *bound = (BoundField *)self;
    bool fieldset = capo_form_field_widget(bound->field)->use_fieldset;
    capo_form_full_clean(bound->form);
    if (fieldset) {
        const char *described = described_by(bound);
        capo_put(out, "<fieldset");
        if (described)
            capo_put_format(out, " aria-describedby=\"%s\"", capo_escape(described));
        capo_put(out, ">\n");
    }
    if (capo_form_label(bound->field)[0])
        put_label(bound, fieldset ? "legend" : "label", out);
    capo_put_char(out, '\n');
    put_help(bound, "div", out);
    capo_form_put_errors(&bound->errors, "errorlist", bound->html_id, out);
    capo_put_char(out, '\n');
    field_html(self, out);
    if (fieldset)
        capo_put(out, "</fieldset>");
    return true;
}

/* --- {% for radio in form.colour %} --------------------------------------------------------------------------------------------------------- */

typedef struct BoundWidget { Object object; const char *id; Value label, tag, value; bool selected; } BoundWidget;

static bool bound_widget_html(Object *self, Buffer *out)
{
    BoundWidget *own = (BoundWidget *)self;
    capo_put_format(out, "<label%s%s%s>", own->id ? " for=\"" : "", own->id ? capo_escape(own->id) : "", own->id ? "\"" : "");
    capo_put_value(out, own->tag);
    capo_put_char(out, ' ');
    Value label = capo_value_to_text(own->label);
    capo_put_escaped(out, label.text, label.size);
    capo_put(out, "</label>");
    return true;
}

static bool bound_widget_get(Object *self, const char *name, size_t size, Value *ret)
{
    BoundWidget *own = (BoundWidget *)self;
    if (capo_form_is_named(name, size, "tag"))
        *ret = own->tag;
    else if (capo_form_is_named(name, size, "choice_label"))
        *ret = own->label;
    else if (capo_form_is_named(name, size, "id_for_label"))
        *ret = capo_value_text(own->id);
    else if (capo_form_is_named(name, size, "data"))
        *ret = capo_value_map(capo_map(V("value", own->value), V("label", own->label), V("selected", own->selected)));
    else
        return false;
    return true;
}

static const ObjectOps bound_widget_ops = { .type_name = "BoundWidget", .get = bound_widget_get, .html = bound_widget_html };

static List *subwidgets(BoundField *bound)
{
    List *list = capo_list_new();
    const FormWidget *widget = capo_form_field_widget(bound->field);
    bool buttons = widget->use_fieldset && widget->input_type && (!strcmp(widget->input_type, "radio") || !strcmp(widget->input_type, "checkbox"));
    if (!buttons) {
        capo_list_add(list, capo_form_html_value(field_html, &bound->object));
        return list;
    }
    WidgetContext context = { .field = bound->field, .name = bound->html_name, .form = bound->form,
                              .value = capo_form_bound_value(bound->form, bound->field->name) };
    List *options = capo_widget_options(widget, &context);
    for (size_t i = 0; i < options->count; i++) {
        const Map *option = options->items[i].map;
        BoundWidget *own = capo_alloc_struct(BoundWidget);
        *own = (BoundWidget){ .object.ops = &bound_widget_ops, .label = *capo_map_get(option, "label"), .value = *capo_map_get(option, "value"),
                              .selected = capo_truth(*capo_map_get(option, "selected")),
                              .id = bound->html_id ? capo_format("%s_%zu", bound->html_id, i) : NULL };
        Buffer out = { 0 };
        capo_put_format(&out, "<input type=\"%s\" name=\"%s\" value=\"%s\"", widget->input_type, capo_escape(bound->html_name),
                        capo_escape(capo_to_text(own->value)));
        if (!widget->multiple && !bound->field->optional)
            capo_put(&out, " required");
        if (own->id)
            capo_put_format(&out, " id=\"%s\"", capo_escape(own->id));
        capo_put(&out, own->selected ? " checked>" : ">");
        own->tag = capo_value_safe_n(capo_buffer_text(&out), out.size);
        capo_list_add(list, capo_value_object(own));
    }
    return list;
}

static bool field_next(Object *self, void **state, Value *ret)
{
    typedef struct Walk { List *list; size_t at; } Walk;
    Walk *walk = *state;
    if (!walk) {
        *state = walk = capo_alloc_struct(Walk);
        walk->list = subwidgets((BoundField *)self);
    }
    if (walk->at >= walk->list->count)
        return false;
    *ret = walk->list->items[walk->at++];
    return true;
}

/* --- form.email.… ------------------------------------------------------------------------------------------------------------------------------ */

static Value label_value(BoundField *bound, const char *tag)
{
    Buffer out = { 0 };
    put_label(bound, tag, &out);
    return capo_value_safe_n(capo_buffer_text(&out), out.size);
}

/* "split_datetime" is "splitdatetime", as Django makes it of the class's name. */
static Value widget_type(const BoundField *bound)
{
    const char *name = capo_form_field_widget(bound->field)->name;
    Buffer out = { 0 };
    for (; *name; name++)
        if (*name != '_')
            capo_put_char(&out, *name);
    char *text = capo_buffer_text(&out);
    return capo_value_text(!strcmp(text, "radio") ? "radioselect" : text);
}

static Value plain_field(const FormField *field)
{
    return capo_value_map(capo_map(V("required", (bool)!field->optional), V("disabled", field->disabled), V("label", capo_form_label(field)),
        V("help_text", field->help_text ? field->help_text : ""), V("max_length", field->max_length ? capo_value_int(field->max_length) : capo_value_null()),
        V("widget", capo_map(V("is_hidden", capo_form_field_widget(field)->is_hidden), V("input_type", capo_form_field_widget(field)->input_type)))));
}

static const char *hidden_widget(const FormField *field)
{
    return field->kind == FORM_SPLIT_DATETIME ? "split_hidden_datetime" : capo_form_field_widget(field)->multiple ? "multiple_hidden" : "hidden";
}

static bool field_get(Object *self, const char *name, size_t size, Value *ret)
{
    BoundField *bound = (BoundField *)self;
    const FormField *field = bound->field;
    if (capo_form_is_named(name, size, "label")) *ret = capo_value_text(capo_form_label(field));
    else if (capo_form_is_named(name, size, "label_tag")) *ret = label_value(bound, "label");
    else if (capo_form_is_named(name, size, "legend_tag")) *ret = label_value(bound, "legend");
    else if (capo_form_is_named(name, size, "help_text")) *ret = capo_value_safe(field->help_text ? field->help_text : "");
    else if (capo_form_is_named(name, size, "errors")) *ret = capo_form_field_errors(bound);
    else if (capo_form_is_named(name, size, "id_for_label")) *ret = capo_value_text(id_for_label(bound));
    else if (capo_form_is_named(name, size, "auto_id")) *ret = capo_value_text(bound->html_id ? bound->html_id : "");
    else if (capo_form_is_named(name, size, "html_name")) *ret = capo_value_text(bound->html_name);
    else if (capo_form_is_named(name, size, "name")) *ret = capo_value_text(field->name);
    else if (capo_form_is_named(name, size, "value")) *ret = capo_form_bound_value(bound->form, field->name);
    else if (capo_form_is_named(name, size, "data")) *ret = capo_form_raw_value(bound);
    else if (capo_form_is_named(name, size, "initial")) *ret = capo_form_initial_value(bound);
    else if (capo_form_is_named(name, size, "is_hidden")) *ret = capo_value_bool(is_hidden(bound));
    else if (capo_form_is_named(name, size, "use_fieldset")) *ret = capo_value_bool(capo_form_field_widget(field)->use_fieldset);
    else if (capo_form_is_named(name, size, "widget_type")) *ret = widget_type(bound);
    else if (capo_form_is_named(name, size, "field")) *ret = plain_field(field);
    else if (capo_form_is_named(name, size, "form")) *ret = capo_value_object(bound->form);
    else if (capo_form_is_named(name, size, "as_widget")) *ret = capo_form_html_value(field_html, self);
    else if (capo_form_is_named(name, size, "as_field_group")) *ret = capo_form_html_value(field_group_html, self);
    else if (capo_form_is_named(name, size, "as_hidden")) *ret = widget_value(bound, hidden_widget(field));
    else if (capo_form_is_named(name, size, "as_text")) *ret = widget_value(bound, "text");
    else if (capo_form_is_named(name, size, "as_textarea")) *ret = widget_value(bound, "textarea");
    else if (capo_form_is_named(name, size, "subwidgets")) *ret = capo_value_list(subwidgets(bound));
    else if (capo_form_is_named(name, size, "css_classes")) {
        capo_form_full_clean(bound->form);
        *ret = capo_value_text(css_classes(bound) ? css_classes(bound) : "");
    }
    else if (capo_form_is_named(name, size, "aria_describedby")) *ret = capo_value_text(described_by(bound));
    else return false;
    return true;
}

static bool field_truth(Object *self)
{
    (void)self;
    return true;
}

static bool field_at(Object *self, int64_t index, Value *ret)
{
    List *list = subwidgets((BoundField *)self);
    if (index < 0 || (size_t)index >= list->count)
        return false;
    *ret = list->items[index];
    return true;
}

const ObjectOps capo_form_field_ops = { .type_name = "BoundField", .get = field_get, .text = field_text, .html = field_html, .truth = field_truth,
    .next = field_next, .at = field_at };

/* --- the whole form ------------------------------------------------------------------------------------------------------------------------------ */

/* Where each style puts things. */
typedef struct FormStyle {
    const char *name, *errors_before, *errors_after, *row_tag, *help_tag;
} FormStyle;
static const FormStyle styles[] = {
    { "div", "", "\n", "div", "div" },
    { "p", "", "\n", "p", "span" },
    { "ul", "<li>\n", "\n</li>\n", "li", "span" },
    { "table", "<tr>\n    <td colspan=\"2\">\n", "\n    </td>\n  </tr>\n", "tr", "span" },
};

static void put_hidden(Form *form, Buffer *out)
{
    for (size_t i = 0; i < form->n_fields; i++)
        if (is_hidden(form->fields[i]))
            field_html(&form->fields[i]->object, out);
}

/* The form's own errors, and those of hidden fields, which have no place of theirs. */
static FieldErrors top_errors(Form *form)
{
    FieldErrors all = { 0 };
    for (size_t i = 0; i <= form->n_fields; i++) {
        const BoundField *bound = i ? form->fields[i - 1] : NULL;
        if (bound && !is_hidden(bound))
            continue;
        for (const ValidationError *error = bound ? bound->errors.first : form->errors.first; error; error = error->next) {
            ValidationError *copy = capo_memdup(error, sizeof *error);
            copy->next = NULL;
            if (bound)
                copy->message = capo_format("(Hidden field %s) %s", bound->field->name, error->message);
            if (all.last)
                all.last->next = copy;
            else
                all.first = copy;
            all.last = copy;
            all.count++;
        }
    }
    return all;
}

static void put_row(BoundField *bound, const FormStyle *style, bool last, Buffer *out)
{
    bool label = capo_form_label(bound->field)[0] != 0;
    const char *id = bound->html_id;
    if (!strcmp(style->name, "div")) {
        field_group_html(&bound->object, out);
    } else if (!strcmp(style->name, "table")) {
        capo_put(out, "    <th>");
        if (label)
            put_label(bound, "label", out);
        capo_put(out, "</th>\n    <td>\n");
        capo_form_put_errors(&bound->errors, "errorlist", id, out);
        field_html(&bound->object, out);
        if (bound->field->help_text && *bound->field->help_text)
            capo_put(out, "\n        <br>\n");
        put_help(bound, style->help_tag, out);
    } else {
        if (!strcmp(style->name, "ul"))
            capo_form_put_errors(&bound->errors, "errorlist", id, out);
        if (label)
            put_label(bound, "label", out);
        capo_put_char(out, '\n');
        field_html(&bound->object, out);
        if (bound->field->help_text && *bound->field->help_text)
            capo_put_char(out, '\n');
        put_help(bound, style->help_tag, out);
    }
    if (last)
        put_hidden(bound->form, out);
    if (!strcmp(style->name, "table"))
        capo_put(out, "\n    </td>");
}

void capo_form_put_as(Form *form, const char *name, Buffer *out)
{
    const FormStyle *style = styles;
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (!strcmp(styles[i].name, name))
            style = &styles[i];
    capo_form_full_clean(form);
    size_t last = form->n_fields;
    for (size_t i = 0; i < form->n_fields; i++)
        if (!is_hidden(form->fields[i]))
            last = i;
    bool visible = last < form->n_fields;
    FieldErrors errors = top_errors(form);
    if (errors.count) {
        capo_put(out, style->errors_before);
        capo_form_put_errors(&errors, "errorlist nonfield", NULL, out);
        if (!visible && (!strcmp(name, "div") || !strcmp(name, "p"))) {
            capo_put_format(out, "<%s>", name);
            put_hidden(form, out);
            capo_put_format(out, "</%s>", name);
        } else if (!visible) {
            put_hidden(form, out);
        }
        capo_put(out, style->errors_after);
    } else if (!visible) {
        put_hidden(form, out);
    }
    for (size_t i = 0; i < form->n_fields; i++) {
        if (is_hidden(form->fields[i]))
            continue;
        if (!strcmp(name, "p"))
            capo_form_put_errors(&form->fields[i]->errors, "errorlist", form->fields[i]->html_id, out);
        const char *classes = css_classes(form->fields[i]);
        capo_put_format(out, "  <%s", style->row_tag);
        if (classes)
            capo_put_format(out, " class=\"%s\"", capo_escape(classes));
        capo_put(out, ">\n");
        put_row(form->fields[i], style, i == last, out);
        capo_put_format(out, "\n  </%s>\n", style->row_tag);
    }
}

static bool form_html(Object *self, Buffer *out)
{
    capo_form_put_as((Form *)self, "div", out);
    return true;
}

static const char *form_text(Object *self)
{
    return capo_form_html_value(form_html, self).text;
}

static Value as_value(Form *form, const char *style)
{
    Buffer out = { 0 };
    capo_form_put_as(form, style, &out);
    return capo_value_safe_n(capo_buffer_text(&out), out.size);
}

static Value fields_value(Form *form, int hidden)
{
    List *list = capo_list_new();
    for (size_t i = 0; i < form->n_fields; i++)
        if (hidden < 0 || is_hidden(form->fields[i]) == hidden)
            capo_list_add(list, capo_value_object(form->fields[i]));
    return capo_value_list(list);
}

static Value cleaned_data(Form *form)
{
    Map *map = capo_map_new();
    capo_form_full_clean(form);
    for (size_t i = 0; i < form->n_fields; i++)
        if (form->fields[i]->has_value)
            capo_map_set(map, form->fields[i]->field->name, form->fields[i]->value);
    return capo_value_map(map);
}

static bool form_get(Object *self, const char *name, size_t size, Value *ret)
{
    Form *form = (Form *)self;
    BoundField *bound = capo_form_find(form, capo_strndup(name, size));     /* form["errors"] comes before form.errors */
    if (bound) *ret = capo_value_object(bound);
    else if (capo_form_is_named(name, size, "as_div")) *ret = as_value(form, "div");
    else if (capo_form_is_named(name, size, "as_p")) *ret = as_value(form, "p");
    else if (capo_form_is_named(name, size, "as_table")) *ret = as_value(form, "table");
    else if (capo_form_is_named(name, size, "as_ul")) *ret = as_value(form, "ul");
    else if (capo_form_is_named(name, size, "errors")) *ret = capo_form_error_dict(form);
    else if (capo_form_is_named(name, size, "non_field_errors")) *ret = capo_form_non_field_errors(form);
    else if (capo_form_is_named(name, size, "hidden_fields")) *ret = fields_value(form, 1);
    else if (capo_form_is_named(name, size, "visible_fields")) *ret = fields_value(form, 0);
    else if (capo_form_is_named(name, size, "is_bound")) *ret = capo_value_bool(form->bound);
    else if (capo_form_is_named(name, size, "is_valid")) *ret = capo_value_bool(capo_form_is_valid(form));
    else if (capo_form_is_named(name, size, "is_multipart")) *ret = capo_value_bool(capo_form_is_multipart(form));
    else if (capo_form_is_named(name, size, "has_changed")) *ret = capo_value_bool(capo_form_has_changed(form));
    else if (capo_form_is_named(name, size, "changed_data")) *ret = capo_value_strings(capo_form_changed_data(form));
    else if (capo_form_is_named(name, size, "cleaned_data")) *ret = cleaned_data(form);
    else if (capo_form_is_named(name, size, "prefix")) *ret = capo_value_text(form->prefix);
    else if (capo_form_is_named(name, size, "auto_id")) *ret = capo_value_text(form->auto_id);
    else if (capo_form_is_named(name, size, "empty_permitted")) *ret = capo_value_bool(form->empty_permitted);
    else if (capo_form_is_named(name, size, "instance")) *ret = capo_value_object(form->instance);
    else if (capo_form_is_named(name, size, "media")) *ret = capo_value_safe("");
    else if (capo_form_is_named(name, size, "fields")) *ret = fields_value(form, -1);
    else return false;
    return true;
}

static bool form_next(Object *self, void **state, Value *ret)
{
    Form *form = (Form *)self;
    size_t i = *state ? (size_t)(uintptr_t)*state : 0;
    if (i >= form->n_fields)
        return false;
    *ret = capo_value_object(form->fields[i]);
    *state = (void *)(uintptr_t)(i + 1);
    return true;
}

const ObjectOps capo_form_ops = { .type_name = "Form", .get = form_get, .text = form_text, .html = form_html, .truth = field_truth, .next = form_next };
