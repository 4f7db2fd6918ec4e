/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of templates: sources by name, a context, and the engine's settings. */
#include "conformance.h"
#include "../../core/base/clock.h"
#include "../../templates/engine.h"
#include <capo/request.h>
#include <capo/web.h>
#include <capo/i18n.h>
#include <string.h>

typedef struct Folders { const Map *maps[16]; size_t count; const char *current_app; } Folders;

static bool find(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    const Folders *folders = engine->data;
    for (size_t i = (size_t)place; i < folders->count; i++) {
        Value *source = capo_map_get(folders->maps[i], name);
        if (!source)
            continue;
        *ret = (TemplateSource){ .text = source->text, .size = source->size, .place = (int)i };
        return true;
    }
    if (ret_tried)
        *ret_tried = "the case";
    return false;
}

static char *reverse(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    const Folders *folders = context->engine->data;
    return quiet ? capo_reverse_in_or_null(name, arguments, folders->current_app) : capo_reverse_in(name, arguments, folders->current_app);
}

static bool setting(const Map *settings, const char *name, bool otherwise)
{
    Value value = conformance_get(settings, name);
    return value.kind == VALUE_BOOL ? value.boolean : otherwise;
}

static const char *text_of(const Map *map, const char *key, const char *otherwise)
{
    Value value = conformance_get(map, key);
    return capo_is_text(value) ? value.text : otherwise;
}

static bool has_zone(Value context)
{
    for (size_t i = 0; context.kind == VALUE_MAP && i < context.map->count; i++)
        if (context.map->entries[i].value.kind == VALUE_MAP && capo_map_get(context.map->entries[i].value.map, "offset"))
            return true;
    return false;
}

/* humanize's clock shows the same hands to whoever asks: in UTC where the context's time has a zone, else in the site's. */
static void set_clock(const Map *settings, Value context)
{
    const char *wall = text_of(settings, "$humanize_now", NULL), *now = wall ? wall : text_of(settings, "$now", NULL);
    DateTime instant;
    capo_clock_frozen = INT64_MIN;
    if (now && capo_parse_datetime(now, wall && has_zone(context) ? capo_time_zone_utc() : capo_current_time_zone(), &instant))
        capo_clock_frozen = instant.microseconds;
}

static Value request_value(Value request)
{
    const char *query = text_of(request.map, "query", "");
    Map *map = capo_map_new();
    capo_map_set(map, "path", conformance_get(request.map, "path"));
    capo_map_set(map, "GET", capo_value_object(capo_dict_parse(query, strlen(query))));
    return capo_value_map(map);
}

typedef struct Rendering { Engine *engine; Context *context; const char *entry; Buffer out; } Rendering;

static void render(void *argument)
{
    Rendering *rendering = argument;
    const Template *template = capo_template_get(rendering->engine, rendering->entry);
    capo_template_run(template, rendering->context, &rendering->out);
}

Value conformance_templates(const Map *test)
{
    Value settings_value = conformance_get(test, "settings"), context_value = conformance_get(test, "context");
    const Map *settings = settings_value.kind == VALUE_MAP ? settings_value.map : capo_map_new();
    Value extra = conformance_get(test, "extra_dirs"), request = conformance_get(test, "request");
    Folders folders = { .maps = { conformance_get(test, "templates").map }, .count = 1 };
    for (size_t i = 0; extra.kind == VALUE_LIST && i < extra.list->count && folders.count < 16; i++)
        folders.maps[folders.count++] = extra.list->items[i].map;
    Value urls = conformance_get(settings, "$urls");
    bool has_routes = urls.kind == VALUE_LIST && urls.list->count;
    if (has_routes)
        conformance_use_routes(urls);
    if (request.kind == VALUE_MAP)
        folders.current_app = text_of(request.map, capo_map_get(request.map, "current_app") ? "current_app" : "namespace", NULL);
    Engine engine = {
        .find = find, .data = &folders, .reverse = has_routes ? reverse : NULL,
        .string_if_invalid = text_of(test, "string_if_invalid", NULL),
        .autoescape_off = !setting(test, "autoescape", true), .debug = setting(test, "debug", false),
        .no_time_zone = !setting(settings, "USE_TZ", false), .no_localisation = !setting(test, "use_l10n", true),
        .thousand_separator = setting(settings, "USE_THOUSAND_SEPARATOR", false),
        .static_prefix = text_of(settings, "STATIC_URL", "/static/"),
        .media_prefix = text_of(settings, "MEDIA_URL", "/media/"),
    };
    Engine *before = capo_template_engine;
    capo_template_engine = &engine;
    const char *active = text_of(settings, "$timezone", NULL);
    capo_set_default_time_zone(capo_time_zone(text_of(settings, "TIME_ZONE", "America/Chicago")));
    capo_activate_time_zone(active ? capo_time_zone(active) : NULL);
    capo_deactivate_language();
    if (capo_map_get(settings, "$language"))
        capo_activate_language(text_of(settings, "$language", NULL));
    set_clock(settings, context_value);
    Rendering rendering = { .engine = &engine, .context = capo_context_for(&engine, NULL), .entry = text_of(test, "entry", "") };
    if (request.kind == VALUE_MAP) {
        capo_context_set(rendering.context, "request", request_value(request));
        capo_context_set(rendering.context, "csrf_token", VALUE("token"));
    }
    for (size_t i = 0; context_value.kind == VALUE_MAP && i < context_value.map->count; i++) {
        MapEntry entry = context_value.map->entries[i];
        Value tagged = entry.value.kind == VALUE_MAP ? conformance_get(entry.value.map, "$request") : capo_value_null();
        capo_context_set(rendering.context, entry.key.text,
                         tagged.kind == VALUE_MAP ? request_value(tagged) : conformance_value(entry.value));
    }
    const Error *error = capo_try(render, &rendering);
    capo_clock_frozen = INT64_MIN;
    capo_activate_time_zone(NULL);
    capo_template_release_all(&engine);
    capo_template_fragments_clear();
    capo_template_engine = before;
    if (error)
        return capo_value_map(capo_map(V("exception", error->name), V("message", error->message)));
    return capo_value_map(capo_map(V("output", capo_value_text_n(capo_buffer_text(&rendering.out), rendering.out.size))));
}
