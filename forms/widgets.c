/* SPDX-License-Identifier: BSD-3-Clause */
/* Widgets: how a field looks in HTML, and how its value is taken out of the body. A row each at the foot of the file; apps add their
 * own by capo_add_widgets. The HTML is Django's, attribute by attribute. */
#include "internal.h"
#include <string.h>
#include <strings.h>

/* --- attributes --------------------------------------------------------------------------------------------------------------------- */

static void set(Map *map, const char *name, Value value)
{
    capo_map_set(map, name, value);
}

static void set_all(Map *map, const Var *attrs)
{
    for (; attrs && attrs->name; attrs++)
        set(map, attrs->name, attrs->value);
}

/* 2 is "0.01", 0 is "1", 7 is "1e-7": str(Decimal(1).scaleb(-places)). */
static const char *decimal_step(int places)
{
    if (places > 6)
        return capo_format("1e-%d", places);
    return places ? capo_format("0.%.*s1", places - 1, "000000") : "1";
}

/* Field.widget_attrs: what the kind of field asks of its input. */
static void set_field_attributes(Map *map, const FormField *field, const FormWidget *widget)
{
    const FormKind *kind = capo_form_kind(field->kind);
    bool number = widget->input_type && !strcmp(widget->input_type, "number");
    if (field->kind == FORM_IMAGE && widget->needs_multipart && !capo_map_get(map, "accept"))
        set(map, "accept", capo_value_text("image/*"));
    if (kind->text && kind->check && !widget->is_hidden) {
        int max_length = field->max_length ? field->max_length : field->kind == FORM_EMAIL ? 320 : field->kind == FORM_IP_ADDRESS ? 39 : 0;
        if (max_length)
            set(map, "maxlength", capo_value_int(max_length));
        if (field->min_length)
            set(map, "minlength", capo_value_int(field->min_length));
    }
    if (!number || field->localize || (field->kind != FORM_INTEGER && field->kind != FORM_FLOAT && field->kind != FORM_DECIMAL))
        return;
    if (field->minimum.set)
        set(map, "min", capo_form_limit(field, field->minimum));
    if (field->maximum.set)
        set(map, "max", capo_form_limit(field, field->maximum));
    bool places = field->kind == FORM_DECIMAL && (field->max_digits || field->decimal_places) && !field->any_decimal_places;
    if (field->step.set)
        set(map, "step", capo_form_limit(field, field->step));
    else if (field->kind != FORM_INTEGER && !capo_map_get(map, "step"))
        set(map, "step", capo_value_text(places ? decimal_step(field->decimal_places) : "any"));
}

Map *capo_widget_attributes(const FormWidget *widget, const WidgetContext *context)
{
    const FormField *field = context->field;
    Map *map = capo_map_new();
    set_all(map, widget->attrs);
    set_all(map, field->attrs);
    set_field_attributes(map, field, widget);
    set_all(map, context->attrs);
    if (context->required && !widget->is_hidden)
        set(map, "required", capo_value_bool(true));
    if (field->disabled)
        set(map, "disabled", capo_value_bool(true));
    if (context->invalid && !widget->is_hidden)
        set(map, "aria-invalid", capo_value_text("true"));
    if (context->described_by && !widget->use_fieldset && !capo_map_get(map, "aria-describedby"))
        set(map, "aria-describedby", capo_value_text(context->described_by));
    if (context->id && !capo_map_get(map, "id"))
        set(map, "id", capo_value_text(context->id));
    return map;
}

static void put_escaped_value(Buffer *out, Value value)
{
    Value text = capo_value_to_text(value);
    capo_put_escaped(out, text.text, text.size);
}

static void put_attribute(Buffer *out, const char *name, Value value)
{
    if (capo_is_null(value) || (value.kind == VALUE_BOOL && !value.boolean))
        return;
    capo_put_char(out, ' ');
    capo_put_escaped(out, name, strlen(name));
    if (value.kind == VALUE_BOOL)
        return;
    capo_put(out, "=\"");
    put_escaped_value(out, value);
    capo_put_char(out, '"');
}

void capo_put_attributes(const Map *attributes, Buffer *out)
{
    for (size_t i = 0; i < attributes->count; i++)
        put_attribute(out, attributes->entries[i].key.text, attributes->entries[i].value);
}

/* --- inputs --------------------------------------------------------------------------------------------------------------------------- */

bool capo_widget_text(const FormWidget *widget, const WidgetContext *context, Value *ret)
{
    Value value = widget->format ? widget->format(context->field, context->value) : context->value;
    if (capo_is_null(value) || (capo_is_text(value) && value.size == 0))
        return false;
    *ret = capo_value_to_text(value);
    return true;
}

static void put_input_with(const char *type, const char *name, bool has_value, Value value, const Map *attributes, Buffer *out)
{
    capo_put_format(out, "<input type=\"%s\" name=\"", type);
    capo_put_escaped(out, name, strlen(name));
    capo_put_char(out, '"');
    if (has_value) {
        capo_put(out, " value=\"");
        put_escaped_value(out, value);
        capo_put_char(out, '"');
    }
    capo_put_attributes(attributes, out);
    capo_put_char(out, '>');
}

static void put_input(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    Value value = capo_value_null();
    bool has_value = capo_widget_text(widget, context, &value);
    put_input_with(widget->input_type, context->name, has_value, value, capo_widget_attributes(widget, context), out);
}

/* A password is never shown again. */
static void put_password(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    put_input_with("password", context->name, false, capo_value_null(), capo_widget_attributes(widget, context), out);
}

static void put_textarea(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    Value value;
    capo_put(out, "<textarea name=\"");
    capo_put_escaped(out, context->name, strlen(context->name));
    capo_put_char(out, '"');
    capo_put_attributes(capo_widget_attributes(widget, context), out);
    capo_put(out, ">\n");
    if (capo_widget_text(widget, context, &value))
        capo_put_escaped(out, value.text, value.size);
    capo_put(out, "</textarea>");
}

static void put_multiple_hidden(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    WidgetContext one = *context;
    Value item;
    int index = 0;
    if (!capo_iterable(context->value) || capo_is_text(context->value))
        return;
    for (void *state = NULL; capo_iterate(context->value, &state, &item); index++) {
        one.value = capo_form_prepare_value(context->field, item);
        one.id = context->id ? capo_format("%s_%d", context->id, index) : NULL;
        put_input(widget, &one, out);
    }
}

/* --- check box ------------------------------------------------------------------------------------------------------------------------ */

static void put_checkbox(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    Map *attributes = capo_widget_attributes(widget, context);
    Value value = context->value;
    bool plain = value.kind == VALUE_BOOL || capo_form_is_empty(value);
    if (plain ? capo_truth(value) : true)
        set(attributes, "checked", capo_value_bool(true));
    put_input_with("checkbox", context->name, !plain, value, attributes, out);
}

static Value take_checkbox(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    const char *text = capo_dict_get(data, name);
    return capo_value_bool(text && text[0] && strcasecmp(text, "false"));
}

static bool never_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget, (void)data, (void)name;
    return false;
}

/* --- choices -------------------------------------------------------------------------------------------------------------------------- */

static void add_option(List *list, const char *value, const char *label)
{
    capo_list_add(list, capo_value_map(capo_map(V("value", value), V("label", label))));
}

static bool shows_null_boolean(const FormWidget *widget)
{
    return !strcmp(widget->name, "null_boolean_select");
}

static Value null_boolean_text(Value value)
{
    bool yes = value.kind == VALUE_BOOL ? value.boolean : capo_is_text(value) && (!strcasecmp(value.text, "true") || !strcmp(value.text, "2"));
    bool no = value.kind == VALUE_BOOL ? !value.boolean : capo_is_text(value) && (!strcasecmp(value.text, "false") || !strcmp(value.text, "3"));
    return capo_value_text(yes ? "true" : no ? "false" : "unknown");
}

/* The values that are chosen, as a set of texts. */
static Map *chosen_values(const FormWidget *widget, const WidgetContext *context)
{
    Map *chosen = capo_map_new();
    Value value = context->value, item;
    if (shows_null_boolean(widget))
        value = null_boolean_text(value);
    if (capo_iterable(value) && !capo_is_text(value) && value.kind != VALUE_MAP) {
        for (void *state = NULL; capo_iterate(value, &state, &item); )
            capo_map_set_value(chosen, capo_value_to_text(capo_form_prepare_value(context->field, item)), capo_value_bool(true));
    } else if (!capo_is_null(value)) {
        capo_map_set_value(chosen, capo_value_to_text(value), capo_value_bool(true));
    } else if (!widget->multiple) {
        capo_map_set_value(chosen, capo_value_text(""), capo_value_bool(true));
    }
    return chosen;
}

List *capo_widget_options(const FormWidget *widget, const WidgetContext *context)
{
    List *options = capo_list_new(), *choices = NULL;
    Map *chosen = chosen_values(widget, context);
    bool done = false;
    if (shows_null_boolean(widget)) {
        choices = capo_list_new();
        add_option(choices, "unknown", "Unknown");
        add_option(choices, "true", "Yes");
        add_option(choices, "false", "No");
    } else {
        choices = capo_form_field_choices(context->field);
    }
    for (size_t i = 0; i < choices->count; i++) {
        const Map *choice = choices->items[i].map;
        Value *value = capo_map_get(choice, "value"), *label = capo_map_get(choice, "label"), *group = capo_map_get(choice, "group");
        Value text = value && !capo_is_null(*value) ? capo_value_to_text(*value) : capo_value_text("");
        bool selected = (widget->multiple || !done) && capo_map_get_value(chosen, text);
        done |= selected;
        capo_list_add(options, capo_value_map(capo_map(V("value", text), V("label", label ? *label : text),
                                                       V("group", group ? *group : capo_value_null()), V("selected", (bool)selected))));
    }
    return options;
}

static Value member(Value option, const char *name)
{
    return *capo_map_get(option.map, name);
}

static void put_select(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    List *options = capo_widget_options(widget, context);
    Map *attributes = capo_widget_attributes(widget, context);
    /* A browser takes "required" on a select only where its first option is empty. */
    if (!widget->multiple && (!options->count || member(options->items[0], "value").size))
        capo_map_remove(attributes, "required");
    if (widget->multiple)
        set(attributes, "multiple", capo_value_bool(true));
    capo_put(out, "<select name=\"");
    capo_put_escaped(out, context->name, strlen(context->name));
    capo_put_char(out, '"');
    capo_put_attributes(attributes, out);
    capo_put_char(out, '>');
    Value group = capo_value_null();
    for (size_t i = 0; i < options->count; i++) {
        Value option = options->items[i], own = member(option, "group");
        if (!capo_equal(own, group)) {
            if (!capo_is_null(group))
                capo_put(out, "\n  </optgroup>");
            if (!capo_is_null(own)) {
                capo_put(out, "\n  <optgroup label=\"");
                put_escaped_value(out, own);
                capo_put(out, "\">");
            }
            group = own;
        }
        capo_put(out, "\n  <option value=\"");
        put_escaped_value(out, member(option, "value"));
        capo_put(out, capo_truth(member(option, "selected")) ? "\" selected>" : "\">");
        put_escaped_value(out, member(option, "label"));
        capo_put(out, "</option>");
    }
    if (!capo_is_null(group))
        capo_put(out, "\n  </optgroup>");
    capo_put(out, "\n</select>");
}

/* Radio buttons and lists of check boxes. */
static void put_buttons(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    List *options = capo_widget_options(widget, context);
    Map *attributes = capo_widget_attributes(widget, context);
    if (widget->multiple)
        capo_map_remove(attributes, "required");        /* it would ask for each of the boxes */
    Value *class = capo_map_get(attributes, "class"), group = capo_value_null();
    capo_put(out, "<div");
    if (context->id)
        put_attribute(out, "id", capo_value_text(context->id));
    if (class)
        put_attribute(out, "class", *class);
    capo_put_char(out, '>');
    for (size_t i = 0; i < options->count; i++) {
        Value option = options->items[i], own = member(option, "group");
        if (!capo_equal(own, group)) {
            capo_put(out, capo_is_null(group) ? "" : "\n  </div>");
            if (!capo_is_null(own)) {
                capo_put(out, "\n  <div><label>");
                put_escaped_value(out, own);
                capo_put(out, "</label>");
            }
            group = own;
        }
        const char *id = context->id ? capo_format("%s_%zu", context->id, i) : NULL;
        if (id)
            set(attributes, "id", capo_value_text(id));
        set(attributes, "checked", capo_value_bool(capo_truth(member(option, "selected"))));
        capo_put(out, "<div>\n    <label");
        if (id)
            put_attribute(out, "for", capo_value_text(id));
        capo_put_char(out, '>');
        put_input_with(widget->multiple ? "checkbox" : "radio", context->name, true, member(option, "value"), attributes, out);
        capo_put(out, " ");
        put_escaped_value(out, member(option, "label"));
        capo_put(out, "</label>\n</div>");
    }
    capo_put(out, capo_is_null(group) ? "\n</div>" : "\n  </div>\n</div>");
}

static Value take_list(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    return capo_value_strings(capo_dict_get_list(data, name));
}

static Value take_null_boolean(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    const char *text = capo_dict_get(data, name);
    if (text && (!strcasecmp(text, "true") || !strcmp(text, "2")))
        return capo_value_bool(true);
    if (text && (!strcasecmp(text, "false") || !strcmp(text, "3")))
        return capo_value_bool(false);
    return capo_value_null();
}

/* --- date and time in two inputs ------------------------------------------------------------------------------------------------------ */

/* The two halves of the value: a list as it was sent, or an instant taken apart. */
static Value half(const WidgetContext *context, int index)
{
    Value value = context->value;
    if (value.kind == VALUE_LIST)
        return (size_t)index < value.list->count ? value.list->items[index] : capo_value_null();
    if (value.kind == VALUE_DATETIME) {
        FormField part = { .kind = index ? FORM_TIME : FORM_DATE };
        return capo_form_format_value(&part, value);
    }
    if (capo_is_text(value) && value.size) {        /* "2026-11-22 08:30:00" */
        const char *space = memchr(value.text, ' ', value.size);
        size_t at = space ? (size_t)(space - value.text) : value.size;
        return index == 0 ? capo_value_copy_n(value.text, at) : space ? capo_value_text(space + 1) : capo_value_null();
    }
    return index == 0 ? value : capo_value_null();
}

static void put_split(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    for (int i = 0; i < 2; i++) {
        FormWidget input = *widget;
        input.format = capo_form_format_value;
        WidgetContext part = *context;
        part.name = capo_format("%s_%d", context->name, i);
        part.id = context->id ? capo_format("%s_%d", context->id, i) : NULL;
        part.value = half(context, i);
        put_input(&input, &part, out);
    }
}

static void put_range(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    List *ends = capo_list_new();
    WidgetContext both = *context;
    for (int i = 0; i < 2; i++)
        capo_list_add(ends, capo_form_range_end(context->value, i));
    both.value = capo_value_list(ends);
    both.required = false;                          /* an end may be left open */
    put_split(widget, &both, out);
}

static Value take_split(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    List *list = capo_list_new();
    for (int i = 0; i < 2; i++)
        capo_list_add(list, capo_value_text(capo_dict_get(data, capo_format("%s_%d", name, i))));
    return capo_value_list(list);
}

static bool split_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget;
    return !capo_dict_has(data, capo_format("%s_0", name)) && !capo_dict_has(data, capo_format("%s_1", name));
}

/* --- files ------------------------------------------------------------------------------------------------------------------------------ */

/* What is there already: as a link where it has an address. False: it cannot be shown. */
static bool put_current_file(Value value, Buffer *out)
{
    Value url = capo_value_null();
    bool ours = capo_is_field_file(value);
    if (ours)
        url = capo_value_text(capo_field_file_url(value));
    else if (!capo_lookup(value, "url", 3, &url))
        return false;
    capo_put(out, capo_is_null(url) ? "Currently: " : "Currently: <a href=\"");
    if (!capo_is_null(url)) {
        put_escaped_value(out, url);
        capo_put(out, "\">");
    }
    put_escaped_value(out, value);
    capo_put(out, capo_is_null(url) ? "" : "</a>");
    return true;
}

static void put_file(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    WidgetContext own = *context;
    own.required &= !context->has_initial;
    if (strcmp(widget->name, "file") != 0 && context->has_initial && put_current_file(context->value, out)) {
        if (context->field->optional) {
            const char *name = capo_format("%s-clear", context->name);
            const char *id = capo_escape(capo_format("%s_id", name));
            capo_put_format(out, "\n<input type=\"checkbox\" name=\"%s\" id=\"%s\"%s>\n<label for=\"%s\">Clear</label>", capo_escape(name), id,
                            context->field->disabled ? " disabled" : "", id);
        }
        capo_put(out, "<br>\nChange:\n");
    }
    put_input_with("file", context->name, false, capo_value_null(), capo_widget_attributes(widget, &own), out);
}

/* The file; false: clear it; true: both were asked for. */
static Value take_file(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    const UploadedFile *file = files ? capo_file(files, name) : NULL;
    bool clear = !strcmp(widget->name, "clearable_file") && field->optional && capo_dict_has(data, capo_format("%s-clear", name));
    if (file && file->name && file->name[0])
        return clear ? capo_value_bool(true) : capo_value_file(file);
    return clear ? capo_value_bool(false) : capo_value_null();
}

static bool file_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget;
    return !capo_dict_has(data, capo_format("%s-clear", name)) && !capo_dict_has(data, name);
}

/* --- the rows ----------------------------------------------------------------------------------------------------------------------------- */

static const Var textarea_attrs[] = { { "cols", { .kind = VALUE_TEXT, .size = 2, .text = "40" } }, { "rows", { .kind = VALUE_TEXT, .size = 2, .text = "10" } }, { 0 } };

#define INPUT(type) .input_type = (type), .put = put_input
static const FormWidget widgets[] = {
    { "text", INPUT("text"), .format = capo_form_format_value },
    { "number", INPUT("number") },
    { "email", INPUT("email") },
    { "url", INPUT("url") },
    { "search", INPUT("search") },
    { "tel", INPUT("tel") },
    { "color", INPUT("color") },
    { "password", .input_type = "password", .put = put_password },
    { "hidden", INPUT("hidden"), .is_hidden = true, .format = capo_form_format_value },
    { "multiple_hidden", .input_type = "hidden", .put = put_multiple_hidden, .take = take_list, .is_hidden = true, .multiple = true },
    { "date", INPUT("text"), .format = capo_form_format_value },
    { "datetime", INPUT("text"), .format = capo_form_format_value },
    { "time", INPUT("text"), .format = capo_form_format_value },
    { "date_picker", INPUT("date"), .format = capo_form_format_value },
    { "time_picker", INPUT("time"), .format = capo_form_format_value },
    { "textarea", .put = put_textarea, .attrs = textarea_attrs, .format = capo_form_held_value },
    { "checkbox", .input_type = "checkbox", .put = put_checkbox, .take = take_checkbox, .omitted = never_omitted },
    { "select", .put = put_select },
    { "select_multiple", .put = put_select, .take = take_list, .omitted = never_omitted, .multiple = true },
    { "null_boolean_select", .put = put_select, .take = take_null_boolean },
    { "radio", .input_type = "radio", .put = put_buttons, .use_fieldset = true },
    { "checkbox_select_multiple", .input_type = "checkbox", .put = put_buttons, .take = take_list, .omitted = never_omitted,
        .use_fieldset = true, .multiple = true },
    { "split_datetime", .input_type = "text", .put = put_split, .take = take_split, .omitted = split_omitted, .use_fieldset = true },
    { "range", .input_type = "text", .put = put_range, .take = take_split, .omitted = split_omitted, .use_fieldset = true },
    { "split_hidden_datetime", .input_type = "hidden", .put = put_split, .take = take_split, .omitted = split_omitted, .is_hidden = true },
    { "file", .input_type = "file", .put = put_file, .take = take_file, .omitted = file_omitted, .needs_multipart = true },
    { "clearable_file", .input_type = "file", .put = put_file, .take = take_file, .omitted = file_omitted, .needs_multipart = true,
        .use_fieldset = true },
};
enum { N_WIDGETS = sizeof widgets / sizeof *widgets, MAX_APPS = 32 };
static const FormWidget *added[MAX_APPS];
static size_t n_added;

void capo_add_widgets(const FormWidget *rows)
{
    for (size_t i = 0; i < n_added; i++)
        if (added[i] == rows)
            return;
    if (n_added == MAX_APPS)
        capo_bug("capo_add_widgets was called for more than %d tables", MAX_APPS);
    added[n_added++] = rows;
}

const FormWidget *capo_widget(const char *name)
{
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < N_WIDGETS; i++) {
        if (!strcmp(widgets[i].name, name))
            return &widgets[i];
        names[count++] = widgets[i].name;
    }
    for (size_t i = 0; i < n_added; i++)
        for (const FormWidget *row = added[i]; row->name; row++) {
            if (!strcmp(row->name, name))
                return row;
            if (count < 256)
                names[count++] = row->name;
        }
    capo_bug("no widget is called %s.%s", name, capo_did_you_mean(name, names, count));
}

const FormWidget *capo_form_field_widget(const FormField *field)
{
    return capo_widget(field->widget ? field->widget : capo_form_kind(field->kind)->widget);
}

void capo_widget_put(const char *name, const WidgetContext *context, Buffer *out)
{
    const FormWidget *widget = capo_widget(name);
    widget->put(widget, context, out);
}
