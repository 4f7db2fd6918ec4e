/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load l10n %} and {% load tz %}: whether numbers are grouped, and in which zone datetimes show. */
#include "filters.h"
#include "nodes.h"
#include "../core/base/clock.h"
#include <string.h>

typedef struct SwitchNode { Node node; Node *body; bool on; Expression *zone; const char *as; } SwitchNode;

static void render_localize(const Node *node, Context *context, Buffer *out)
{
    bool before = context->localise;
    context->localise = ((const SwitchNode *)node)->on;
    capo_nodes_render(((const SwitchNode *)node)->body, context, out);
    context->localise = before;
}

static void render_localtime(const Node *node, Context *context, Buffer *out)
{
    bool before = context->use_time_zone;
    context->use_time_zone = ((const SwitchNode *)node)->on;
    capo_nodes_render(((const SwitchNode *)node)->body, context, out);
    context->use_time_zone = before;
}

static Node *compile_switch(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    bool local_time = strcmp(bits[0], "localtime") == 0;
    if (count > 2 || (count == 2 && strcmp(bits[1], "on") != 0 && strcmp(bits[1], "off") != 0))
        capo_parse_fail(parser, "'%s' argument should be 'on' or 'off'", bits[0]);
    SwitchNode *node = NODE(parser, SwitchNode, local_time ? render_localtime : render_localize);
    node->on = count == 1 || strcmp(bits[1], "on") == 0;
    node->body = capo_parse_until(parser, local_time ? "endlocaltime" : "endlocalize", &opening);
    return &node->node;
}

const BuiltinTag capo_l10n_tags[] = { { "localize", compile_switch }, { 0 } };

static Value as_localised(const Filtering *f, Value v, bool localise)
{
    Buffer out = { 0 };
    bool before = f->context->localise;
    f->context->localise = localise;
    bool zone = f->context->use_time_zone;
    f->context->use_time_zone = false;          /* a datetime in its own zone: only printing changes that */
    if (!capo_put_localised(f->context, &out, v))
        capo_put_value(&out, v);
    f->context->localise = before;
    f->context->use_time_zone = zone;
    return capo_buffer_value(&out, v.kind == VALUE_SAFE);
}

static Value localize(const Filtering *f, Value v, Value arg) { (void)arg; return as_localised(f, v, true); }
static Value unlocalize(const Filtering *f, Value v, Value arg) { (void)arg; return as_localised(f, v, false); }

const Filter capo_l10n_filters[] = { { "localize", localize }, { "unlocalize", unlocalize }, { 0 } };

/* --- zones ------------------------------------------------------------------------------------------------------------------------------ */

static void restore_zone(void *zone)
{
    capo_activate_time_zone(zone);
}

static void render_timezone(const Node *node, Context *context, Buffer *out)
{
    const SwitchNode *zone = (const SwitchNode *)node;
    Value name = capo_expression_resolve(zone->zone, context, false);
    const TimeZone *wanted = name.kind == VALUE_NULL ? NULL : capo_time_zone(capo_to_text(name));
    if (name.kind != VALUE_NULL && !wanted)
        capo_raise(ERROR_VALUE, "{%% timezone %%}: there is no time zone '%.100s'.", capo_to_text(name));
    void *before = capo_unit->slots[UNIT_TIME_ZONE];
    capo_defer(restore_zone, before);
    capo_activate_time_zone(wanted);
    capo_nodes_render(zone->body, context, out);
    capo_activate_time_zone(before);
    capo_defer_cancel(restore_zone, before);
}

static Node *compile_timezone(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'%s' takes one argument (timezone)", bits[0]);
    SwitchNode *node = NODE(parser, SwitchNode, render_timezone);
    node->zone = capo_expression_compile(parser, bits[1]);
    node->body = capo_parse_until(parser, "endtimezone", &opening);
    return &node->node;
}

static void render_current_timezone(const Node *node, Context *context, Buffer *out)
{
    (void)out;
    capo_context_set(context, ((const SwitchNode *)node)->as, capo_value_text(capo_time_zone_name(NULL)));
}

static Node *compile_current_timezone(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 3 || strcmp(bits[1], "as") != 0)
        capo_parse_fail(parser, "'get_current_timezone' requires 'as variable' (got '%s')", token->text);
    SwitchNode *node = NODE(parser, SwitchNode, render_current_timezone);
    node->as = bits[2];
    return &node->node;
}

const BuiltinTag capo_tz_tags[] = {
    { "get_current_timezone", compile_current_timezone },
    { "localtime", compile_switch },
    { "timezone", compile_timezone },
    { 0 }
};

/* The datetime as it shows in the zone, which it carries from then on. */
static Value in_zone(Value v, const TimeZone *zone)
{
    if (v.kind != VALUE_DATETIME || !zone)
        return capo_value_text("");
    if (v.flags & VALUE_FLAG_NAIVE) {
        DateParts parts = capo_wall(v.datetime);
        v.datetime = capo_instant(&parts, capo_default_time_zone());
    }
    v.flags = VALUE_FLAG_OWN_ZONE;
    v.tag = capo_time_zone_id(zone);
    return v;
}

static Value localtime_filter(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    return in_zone(v, capo_current_time_zone());
}

static Value utc(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    return in_zone(v, capo_time_zone_utc());
}

static Value timezone_filter(const Filtering *f, Value v, Value arg)
{
    (void)f;
    return in_zone(v, capo_is_text(arg) ? capo_time_zone(arg.text) : NULL);
}

const Filter capo_tz_filters[] = {
    { "localtime", localtime_filter },
    { "timezone", timezone_filter, ARGUMENT_REQUIRED },
    { "utc", utc },
    { 0 }
};
