/* SPDX-License-Identifier: BSD-3-Clause */
/* Form widgets of the admin's own: date and time side by side, a select that scripts turn into a search box, and bare keys. */
#include "admin_internal.h"
#include <string.h>

/* A select that completes holds this many choices without scripts; its script asks the server for all. */
enum { CHOICES_WITHOUT_SCRIPTS = 200 };

static void put_attribute(Buffer *out, const char *name, const char *value)
{
    capo_put_format(out, " %s=\"", name);
    capo_put_escaped(out, value, strlen(value));
    capo_put(out, "\"");
}

/* All attributes of the input but its class, which is the widget's own here, and what each of several inputs says of itself. */
static void put_common(Buffer *out, const FormWidget *widget, const WidgetContext *context)
{
    put_attribute(out, "name", context->name);
    Map *attributes = capo_widget_attributes(widget, context);
    capo_map_remove(attributes, "class");
    if (widget->use_fieldset)
        capo_map_remove(attributes, "aria-label");
    capo_put_attributes(attributes, out);
}

/* --- date and time: NAME_0 and NAME_1 --------------------------------------------------------------------------------------- */

static const char *part_text(Value value, int part)
{
    if (value.kind == VALUE_LIST)
        return (size_t)part < value.list->count && !capo_is_null(value.list->items[part]) ? capo_to_text(value.list->items[part]) : "";
    if (value.kind != VALUE_DATETIME)
        return "";
    DateParts parts = capo_local(value.datetime, value.flags & VALUE_FLAG_NAIVE ? capo_time_zone("UTC") : NULL);
    return part == 0 ? capo_format("%04d-%02d-%02d", parts.year, parts.month, parts.day)
                     : capo_format("%02d:%02d:%02d", parts.hour, parts.minute, parts.second);
}

static void put_split_datetime(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    static const struct { const char *class_name, *label, *size; } parts[] = { { "vDateField", "Date", "10" }, { "vTimeField", "Time", "8" } };
    capo_put(out, "<p class=\"datetime\">");
    for (int i = 0; i < 2; i++) {
        WidgetContext one = *context;
        one.name = capo_format("%s_%d", context->name, i);
        one.id = context->id ? capo_format("%s_%d", context->id, i) : NULL;
        capo_put_format(out, "%s<input type=\"text\" class=\"%s\" size=\"%s\" autocomplete=\"off\"", i ? " " : "", parts[i].class_name, parts[i].size);
        put_common(out, widget, &one);
        put_attribute(out, "aria-label", parts[i].label);
        put_attribute(out, "placeholder", i ? "HH:MM:SS" : "YYYY-MM-DD");
        const char *text = part_text(context->value, i);
        if (*text)
            put_attribute(out, "value", text);
        capo_put(out, ">");
    }
    capo_put(out, "</p>");
}

static Value take_split_datetime(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget;
    const FormWidget *plain = capo_widget("split_datetime");
    return plain->take(plain, field, data, files, name);
}

static bool split_datetime_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget;
    return !capo_dict_has(data, capo_format("%s_0", name)) && !capo_dict_has(data, capo_format("%s_1", name));
}

static Value format_split_datetime(const FormField *field, Value value)
{
    (void)field;
    return value;
}

/* --- related objects ----------------------------------------------------------------------------------------------------------- */

/* A key, or an instance's. */
static Value key_of(Value value)
{
    Value key;
    return value.kind == VALUE_OBJECT && capo_lookup(value, "pk", 2, &key) ? key : value;
}

static List *chosen_keys(Value value)
{
    List *keys = capo_list_new();
    Value item;
    if (capo_iterable(value) && !capo_is_text(value))
        for (void *state = NULL; capo_iterate(value, &state, &item); )
            capo_list_add(keys, key_of(item));
    else if (!capo_is_null(value) && *capo_to_text(key_of(value)))
        capo_list_add(keys, key_of(value));
    return keys;
}

static bool is_chosen(const List *keys, const char *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(capo_to_text(keys->items[i]), key) == 0)
            return true;
    return false;
}

typedef struct Rows { Query *query; Instance **rows; } Rows;

static void fetch_rows(void *argument)
{
    Rows *rows = argument;
    rows->rows = capo_query_rows(rows->query, NULL);
}

/* The rows of these keys; texts that cannot be keys find nothing. */
static Instance **rows_of(Query *query, List *keys)
{
    static Instance *none[1];
    Rows rows = { .query = capo_query_filter(query, Q("pk__in", keys)) };
    const Error *error = keys->count ? capo_try(fetch_rows, &rows) : NULL;
    return error || !keys->count ? none : rows.rows;
}

static void put_option(Buffer *out, Instance *row, bool selected)
{
    capo_put(out, "<option");
    put_attribute(out, "value", admin_key_text(row));
    capo_put(out, selected ? " selected>" : ">");
    const char *text = capo_instance_text(row);
    capo_put_escaped(out, text, strlen(text));
    capo_put(out, "</option>");
}

static void put_autocomplete(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    const Field *about = context->field->model_field;
    bool many = about && about->kind == FIELD_MANY_TO_MANY;
    capo_put(out, "<select class=\"admin-autocomplete\"");
    put_common(out, widget, context);
    if (many)
        capo_put(out, " multiple");
    put_attribute(out, "data-ajax-url", capo_format("%sautocomplete/", admin_root()));
    put_attribute(out, "data-app-label", about->model->app);
    put_attribute(out, "data-model-name", about->model->name_lower);
    put_attribute(out, "data-field-name", about->name);
    capo_put(out, ">");
    if (!many)
        capo_put(out, "<option value=\"\">---------</option>");
    Query *query = context->field->query ? context->field->query : capo_default_rows(about->target);
    List *keys = chosen_keys(context->value);
    Instance **chosen = rows_of(query, keys);
    for (Instance **row = chosen; *row; row++)
        put_option(out, *row, true);
    for (Instance **row = capo_query_rows(capo_query_slice(query, 0, CHOICES_WITHOUT_SCRIPTS), NULL); *row; row++)
        if (!is_chosen(keys, admin_key_text(*row)))
            put_option(out, *row, false);
    capo_put(out, "</select>");
}

static Value take_one(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    return VALUE(capo_dict_get(data, name));
}

static Value take_many(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    return capo_value_strings(capo_dict_get_list(data, name));
}

/* An unticked or empty choice of several is not sent at all. */
static bool never_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget, (void)data, (void)name;
    return false;
}

static bool one_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget;
    return !capo_dict_has(data, name);
}

static void put_raw_id(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    const Field *about = context->field->model_field;
    bool many = about && about->kind == FIELD_MANY_TO_MANY;
    Buffer text = { 0 };
    List *keys = chosen_keys(context->value);
    for (size_t i = 0; i < keys->count; i++)
        capo_put_format(&text, "%s%s", i ? "," : "", capo_to_text(keys->items[i]));
    capo_put_format(out, "<span class=\"raw-id\"><input type=\"text\" class=\"%s\"", many ? "vManyToManyRawIdAdminField" : "vForeignKeyRawIdAdminField");
    put_common(out, widget, context);
    if (text.size)
        put_attribute(out, "value", capo_buffer_text(&text));
    capo_put(out, ">");
    Query *query = context->field->query ? context->field->query : capo_default_rows(about->target);
    for (Instance **row = many ? rows_of(query, capo_list_new()) : rows_of(query, keys); *row; row++) {
        const ModelAdmin *admin = capo_model_admin((*row)->model);
        const char *name = capo_escape(capo_instance_text(*row));
        if (admin && admin_may(capo_request(), admin, MAY_VIEW, *row))
            capo_put_format(out, " <strong><a href=\"%s\">%s</a></strong>", capo_escape(admin_object_url(*row, "change")), name);
        else
            capo_put_format(out, " <strong>%s</strong>", name);
    }
    capo_put(out, "</span>");
}

static Value take_keys(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget, (void)field, (void)files;
    const char *text = capo_dict_get(data, name);
    List *keys = capo_list_new();
    for (char **part = text ? capo_split(text, ',', NULL) : NULL; part && *part; part++)
        if (*capo_strip(*part))
            capo_list_add(keys, VALUE((const char *)capo_strip(*part)));
    return VALUE(keys);
}

/* --- files ---------------------------------------------------------------------------------------------------------------------- */

static void put_file(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    (void)widget;
    capo_put(out, context->has_initial ? "<div class=\"file-upload\">" : "");
    capo_widget_put("clearable_file", context, out);
    capo_put(out, context->has_initial ? "</div>" : "");
}

static Value take_file(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name)
{
    (void)widget;
    const FormWidget *plain = capo_widget("clearable_file");
    return plain->take(plain, field, data, files, name);
}

static bool file_omitted(const FormWidget *widget, const QueryDict *data, const char *name)
{
    (void)widget;
    return !capo_dict_has(data, capo_format("%s-clear", name)) && !capo_dict_has(data, name);
}

const FormWidget admin_widgets[] = {
    { .name = "admin_split_datetime", .input_type = "text", .put = put_split_datetime, .take = take_split_datetime, .omitted = split_datetime_omitted,
      .use_fieldset = true, .format = format_split_datetime },
    { .name = "admin_file", .input_type = "file", .put = put_file, .take = take_file, .omitted = file_omitted, .needs_multipart = true },
    { .name = "admin_autocomplete", .put = put_autocomplete, .take = take_one, .omitted = one_omitted },
    { .name = "admin_autocomplete_multiple", .put = put_autocomplete, .take = take_many, .omitted = never_omitted, .multiple = true },
    { .name = "admin_raw_id", .put = put_raw_id, .take = take_one, .omitted = one_omitted },
    { .name = "admin_raw_id_multiple", .put = put_raw_id, .take = take_keys, .omitted = one_omitted, .multiple = true },
    { 0 }
};
