/* SPDX-License-Identifier: BSD-3-Clause */
/* The record of what was done in the admin: Django's django_admin_log, its flags and its JSON messages; and those messages as
 * sentences. Labels of fields are kept, never their values, so that no secret ends up here. */
#include "admin_internal.h"
#include <capo/text.h>
#include <string.h>

enum { REPR_LENGTH = 200 };

void capo_admin_log(Request *req, Instance *object, int flag, const char *change_message)
{
    AnyUser *user = capo_user(req);
    const char *text = capo_instance_text(object), *at = text, *end = text + strlen(text);
    for (int i = 0; i < REPR_LENGTH && at < end; i++)
        capo_utf8_next(&at, end);
    LogEntry *entry = capo_new(LogEntry);
    entry->action_time = capo_now();
    capo_field_assign(&entry->capo, capo_field(&LogEntry_model, "user"), capo_instance_pk((Instance *)user));
    capo_set(entry, content_type_id, capo_content_type(object->model)->id);
    entry->object_id = capo_strdup(admin_key_text(object));
    entry->object_repr = capo_strndup(text, (size_t)(at - text));
    entry->action_flag = flag;
    entry->change_message = change_message ? change_message : "";
    capo_save(entry);
}

static const char *text_in(const Map *map, const char *key)
{
    Value *value = map ? capo_map_get(map, key) : NULL;
    return value && capo_is_text(*value) ? value->text : NULL;
}

static const char *field_list(const Map *details)
{
    Value *fields = capo_map_get(details, "fields");
    if (!fields || fields->kind != VALUE_LIST)
        return "";
    const char **words = capo_alloc_array(fields->list->count + 1, sizeof *words);
    for (size_t i = 0; i < fields->list->count; i++)
        words[i] = capo_to_text(fields->list->items[i]);
    return capo_text_list(words, "and");
}

static void put_sentence(Buffer *out, const Map *part)
{
    static const struct { const char *key, *word; } kinds[] = { { "added", "Added" }, { "changed", "Changed" }, { "deleted", "Deleted" } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        Value *details = capo_map_get(part, kinds[i].key);
        if (!details || details->kind != VALUE_MAP)
            continue;
        const char *name = text_in(details->map, "name"), *object = text_in(details->map, "object");
        capo_put_format(out, "%s%s", out->size ? " " : "", kinds[i].word);
        if (i == 1)
            capo_put_format(out, " %s%s", field_list(details->map), name ? " for" : "");
        if (name)
            capo_put_format(out, " %s “%s”", name, object ? object : "");
        capo_put(out, ".");
    }
}

const char *admin_log_text(const LogEntry *entry)
{
    Value parts;
    const char *wrong;
    const char *message = entry->change_message ? entry->change_message : "";
    if (*message != '[' || !capo_json_parse(message, strlen(message), &parts, &wrong) || parts.kind != VALUE_LIST)
        return message;
    Buffer out = { 0 };
    for (size_t i = 0; i < parts.list->count; i++)
        if (parts.list->items[i].kind == VALUE_MAP)
            put_sentence(&out, parts.list->items[i].map);
    return out.size ? capo_buffer_text(&out) : "No fields changed.";
}

/* For <time datetime>, which takes no microseconds. */
const char *admin_time_attribute(DateTime time)
{
    time.microseconds -= (time.microseconds % 1000000 + 1000000) % 1000000;
    return capo_datetime_iso(time, NULL);
}

/* "3 minutes ago", by the largest unit. */
static const char *ago(DateTime then)
{
    static const struct { int64_t seconds; const char *one, *many; } units[] = {
        { 365 * 86400, "year", "years" }, { 30 * 86400, "month", "months" }, { 86400, "day", "days" },
        { 3600, "hour", "hours" }, { 60, "minute", "minutes" },
    };
    int64_t seconds = (capo_now().microseconds - then.microseconds) / 1000000;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (seconds >= units[i].seconds) {
            int64_t n = seconds / units[i].seconds;
            return capo_format("%lld %s ago", (long long)n, n == 1 ? units[i].one : units[i].many);
        }
    return "just now";
}

const char *admin_log_url(LogEntry *entry)
{
    ContentType *type = capo_related(entry, content_type);
    Model *model = type ? capo_content_type_model(type) : NULL;
    if (!model || !capo_model_admin(model) || !entry->object_id)
        return NULL;
    return capo_format("%s%s/change/", admin_list_url(model), capo_url_quote(admin_quote_key(entry->object_id), ""));
}

List *admin_recent(Request *req, int limit)
{
    static const struct { const char *kind, *icon, *word; } flags[] = {
        [LOG_ADDITION] = { "add", "plus", "Added" }, [LOG_CHANGE] = { "change", "edit", "Changed" }, [LOG_DELETION] = { "delete", "trash", "Deleted" },
    };
    List *list = capo_list_new();
    LogEntry **entries = capo_fetch(LogEntry, .where = { .user_id = EQ(capo_instance_pk((Instance *)capo_user(req))) }, .select_related = LIST("content_type"),
                                    .order_by = LIST("-action_time", "-id"), .limit = limit);
    for (; *entries; entries++) {
        LogEntry *entry = *entries;
        if (entry->action_flag < LOG_ADDITION || entry->action_flag > LOG_DELETION)
            continue;
        ContentType *type = capo_related(entry, content_type);
        Model *model = type ? capo_content_type_model(type) : NULL;
        const char *url = entry->action_flag != LOG_DELETION ? admin_log_url(entry) : NULL;
        capo_list_add(list, VALUE(capo_map(V("kind", flags[entry->action_flag].kind), V("icon", flags[entry->action_flag].icon),
            V("word", flags[entry->action_flag].word), V("object_repr", entry->object_repr), V("url", url),
            V("model", admin_capital(model ? model->verbose_name : type ? type->model : "Unknown content")),
            V("iso", admin_time_attribute(entry->action_time)), V("time", capo_format_datetime(entry->action_time, "N j, Y, P")),
            V("ago", ago(entry->action_time)))));
    }
    return list;
}
