/* SPDX-License-Identifier: BSD-3-Clause */
/* Values as HTML: what list cells and read-only fields show. Everything that comes from a row is escaped here or by the template;
 * an address becomes a link only when its scheme is harmless. */
#include "admin_internal.h"
#include <string.h>

Value admin_icon(const char *name, const char *class_name, const char *words)
{
    return capo_value_safe(capo_format("<svg class=\"icon %s\" aria-hidden=\"true\"><use href=\"%s#%s\"></use></svg><span class=\"hidden\">%s</span>",
                                       class_name, capo_escape(capo_static_url("admin/icons.svg")), name, capo_escape(words)));
}

Value admin_boolean(Value value)
{
    if (capo_is_null(value))
        return admin_icon("question", "unknown", "None");
    return capo_truth(value) ? admin_icon("check", "yes", "True") : admin_icon("cross", "no", "False");
}

static const char *datetime_text(Value value)
{
    const Settings *settings = capo_settings();
    switch (value.kind) {
    case VALUE_DATE:     return capo_format_date(value.date, settings->date_format ? settings->date_format : "N j, Y");
    case VALUE_TIME:     return capo_format_time(value.time, settings->time_format ? settings->time_format : "P");
    default:             return capo_format_datetime(value.datetime, settings->datetime_format ? settings->datetime_format : "N j, Y, P");
    }
}

Value admin_display(const Field *field, Instance *owner, Value value, const char *empty, bool *ret_empty)
{
    *ret_empty = false;
    if (field && capo_field_has_choices(field) && owner && !capo_is_null(value))
        return VALUE(capo_field_display(owner, field));
    if (value.kind == VALUE_BOOL || (field && field->kind == FIELD_BOOLEAN))
        return admin_boolean(value);
    if (capo_is_null(value) || (capo_is_text(value) && value.size == 0)) {
        *ret_empty = true;
        return VALUE(empty);
    }
    if (field && owner && capo_field_is_file(field->kind)) {
        const char *url = capo_instance_file_url_or_null(owner, field->name), *name = capo_escape(capo_to_text(value));
        return url ? capo_value_safe(capo_format("<a href=\"%s\">%s</a>", capo_escape(url), name)) : VALUE(capo_to_text(value));
    }
    switch (value.kind) {
    case VALUE_DATE: case VALUE_TIME: case VALUE_DATETIME:
        return VALUE(datetime_text(value));
    case VALUE_MAP:
        return VALUE(capo_json_text(value, 0));
    case VALUE_LIST: {
        if (field && field->kind == FIELD_JSON)
            return VALUE(capo_json_text(value, 0));
        Buffer out = { 0 };
        for (size_t i = 0; i < value.list->count; i++) {
            capo_put(&out, i ? ", " : "");
            capo_put_value(&out, value.list->items[i]);
        }
        return VALUE((const char *)capo_buffer_text(&out));
    }
    case VALUE_SAFE:
        return value;
    case VALUE_BYTES:
        return VALUE(capo_format("%u bytes", value.size));
    default:
        return VALUE(capo_to_text(value));
    }
}

bool admin_path_field(Model *model, const char *path, Field **ret_field, bool *ret_many)
{
    Field *field = NULL;
    bool many = false;
    for (const char *at = path; *at; ) {
        const char *end = strstr(at, "__");
        char *name = end ? capo_strndup(at, (size_t)(end - at)) : capo_strdup(at);
        if (!model)
            return false;
        Field *forward = capo_field(model, name);
        if (forward) {
            field = forward;
            many |= field->kind == FIELD_MANY_TO_MANY;
            model = field->target;
        } else if ((field = capo_reverse_field(model, name)) != NULL) {
            many |= field->kind != FIELD_ONE_TO_ONE;
            model = field->model;
        } else {
            return false;
        }
        at = end ? end + 2 : at + strlen(at);
    }
    if (ret_field)
        *ret_field = field;
    if (ret_many)
        *ret_many = many;
    return field != NULL;
}

Value admin_path_value(Instance *instance, const char *path, const Field **ret_field, Instance **ret_owner)
{
    for (const char *end; instance && (end = strstr(path, "__")) != NULL; path = end + 2)
        instance = capo_instance_related(instance, capo_strndup(path, (size_t)(end - path)));
    *ret_field = instance ? capo_field(instance->model, path) : NULL;
    *ret_owner = instance;
    if (!instance)
        return capo_value_null();
    const Field *field = *ret_field;
    if (field && field->kind == FIELD_MANY_TO_MANY) {
        List *texts = capo_list_new();
        Instance **rows = capo_instance_is_saved(instance) ? capo_query_rows(capo_instance_related_query(instance, field->name), NULL) : NULL;
        for (; rows && *rows; rows++)
            capo_list_add(texts, VALUE(capo_instance_text(*rows)));
        return texts->count ? VALUE(texts) : capo_value_null();
    }
    if (field && capo_field_is_relation(field->kind)) {
        Instance *related = capo_instance_related(instance, field->name);
        return related ? VALUE(capo_instance_text(related)) : capo_value_null();
    }
    return field ? capo_field_value(instance, field) : capo_value_null();
}

const char *admin_label_for(const ModelAdmin *admin, Model *model, const char *name)
{
    if (strcmp(name, "__str__") == 0)
        return model->verbose_name;
    const AdminColumn *column = admin_column(admin, name);
    if (column) {
        if (column->description)
            return column->description;
        char *words = capo_strdup(name);
        for (char *at = words; *at; at++)
            *at = *at == '_' ? ' ' : *at;
        return words;
    }
    Field *field = NULL;
    if (admin_path_field(model, name, &field, NULL)) {
        const char *last = strstr(name, "__") ? strrchr(name, '_') + 1 : name;
        bool reverse = !capo_field(field->model, last) && field->target;
        return reverse ? field->model->verbose_name : field->verbose_name;
    }
    return name;
}

static void add_page(List *links, int64_t number, int64_t current, int64_t pages, const char *url)
{
    if (number == 0)
        capo_list_add(links, VALUE(capo_map(V("gap", (bool)true))));
    else
        capo_list_add(links, VALUE(capo_map(V("number", number), V("current", (bool)(number == current)), V("url", url), V("last", (bool)(number == pages)))));
}

/* Three pages on each side of the current one, two at each end, as Django elides them. */
List *admin_page_links(int64_t number, int64_t pages, const char *(*url)(void *context, int64_t page), void *context)
{
    enum { AROUND = 3, ENDS = 2 };
    List *links = capo_list_new();
    bool all = pages <= (AROUND + ENDS) * 2;
    for (int64_t page = 1; page <= pages; page++) {
        bool gap_before = !all && page > ENDS && page < number - AROUND && number > AROUND + ENDS + 2;
        bool gap_after = !all && page > number + AROUND && page <= pages - ENDS && number < pages - AROUND - ENDS - 1;
        if (gap_before) {
            add_page(links, 0, number, pages, NULL);
            page = number - AROUND - 1;
        } else if (gap_after) {
            add_page(links, 0, number, pages, NULL);
            page = pages - ENDS;
        } else {
            add_page(links, page, number, pages, url(context, page));
        }
    }
    return links;
}
