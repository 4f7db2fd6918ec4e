/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer: templates compiled and rendered, with a context of all kinds of values and an engine with any options. An output or
 * an error, the same at a second rendering, with all that a rendering changes for a while put back.
 *
 * An input is options (two bytes: the engine's switches, and language and zone), a context as JSON, and templates as
 * template_pieces.h has them, with FF between. {"$date": "2026-11-22"} and the like in the JSON are values of other kinds; names of
 * every kind are there besides.
 * sources: core/base core/loop core/http core/files core/web core/i18n core/cache templates */
#include "template_pieces.h"
#include "../../core/base/clock.h"
#include <capo/i18n.h>
#include <capo/request.h>
#include <sodium.h>
#include <stdio.h>

/* --- an object with every operation ------------------------------------------------------------------------------------------- */

typedef struct Thing { Object object; const char *what; int64_t length; } Thing;
static const ObjectOps thing_ops;

static Value thing(const char *what, int64_t length)
{
    Thing *thing = capo_alloc_struct(Thing);
    *thing = (Thing){ { &thing_ops }, what, length };
    return capo_value_object(thing);
}

static bool thing_get(Object *self, const char *name, size_t size, Value *ret)
{
    if (size == 5 && memcmp(name, "raise", 5) == 0)
        capo_raise(ERROR_VALUE, "%s raises.", ((Thing *)self)->what);
    if (size == 4 && memcmp(name, "self", 4) == 0)
        *ret = capo_value_object(self);
    else if (size == 4 && memcmp(name, "name", 4) == 0)
        *ret = capo_value_text("<name>");
    else if (size == 4 && memcmp(name, "kind", 4) == 0)
        *ret = capo_value_text(((Thing *)self)->what);
    else
        return false;
    return true;
}

static const char *thing_text(Object *self) { return capo_format("<%s & co>", ((Thing *)self)->what); }
static int64_t thing_length(Object *self) { return ((Thing *)self)->length; }
static bool thing_truth(Object *self) { return ((Thing *)self)->what[0] != 'f'; }
static bool thing_equal(Object *self, Value other) { return capo_is_text(other) && strcmp(other.text, ((Thing *)self)->what) == 0; }
static Value thing_json(Object *self) { return capo_value_text(((Thing *)self)->what); }

static bool thing_html(Object *self, Buffer *out)
{
    if (((Thing *)self)->what[0] != 'h')
        return false;
    capo_put(out, "<b>html</b>");
    return true;
}

static bool thing_at(Object *self, int64_t index, Value *ret)
{
    if (index < 0 || (index >= ((Thing *)self)->length && ((Thing *)self)->what[0] != 'e'))
        return false;
    *ret = capo_value_int(index);
    return true;
}

/* "endless" never ends, whatever its length says; "short" ends before it. */
static bool thing_next(Object *self, void **state, Value *ret)
{
    const Thing *thing = (const Thing *)self;
    int64_t at = (int64_t)(intptr_t)*state, most = thing->what[0] == 'e' ? INT64_MAX : thing->what[0] == 's' ? 1 : thing->length;
    if (at >= most)
        return false;
    *state = (void *)(intptr_t)(at + 1);
    *ret = thing->what[0] == 'n' ? capo_value_object(self) : capo_value_int(at);
    return true;
}

static bool thing_call(Object *self, Value *ret)
{
    if (((Thing *)self)->what[0] == 'r')
        capo_raise(ERROR_VALUE, "A call raises.");
    if (((Thing *)self)->what[0] != 'c')
        return false;
    *ret = capo_value_text("<called>");
    return true;
}

static const ObjectOps thing_ops = { .type_name = "Thing", .get = thing_get, .text = thing_text, .html = thing_html, .length = thing_length,
    .truth = thing_truth, .next = thing_next, .at = thing_at, .equal = thing_equal, .json = thing_json, .call = thing_call };
/* One without any. */
static const ObjectOps bare_ops = { .type_name = "Bare" };

/* --- values out of JSON ---------------------------------------------------------------------------------------------------------- */

static Value instant(const Map *map, const char *text, Value otherwise)
{
    DateTime moment;
    Value *zone_name = capo_map_get(map, "tz");
    const TimeZone *zone = zone_name && capo_is_text(*zone_name) ? capo_time_zone(zone_name->text) : NULL;
    if (!capo_parse_datetime(text, zone ? zone : capo_time_zone_utc(), &moment))
        return otherwise;
    Value value = capo_value_datetime(moment);
    if (zone)
        value.tag = capo_time_zone_id(zone);
    else
        value.flags |= VALUE_FLAG_NAIVE;
    return value;
}

static Value decoded(Value json);

static Value tagged(const Map *map, const char *tag, Value content)
{
    const char *text = capo_to_text(content);
    Date date;
    Time time;
    Duration duration;
    Uuid uuid;
    Decimal decimal;
    if (strcmp(tag, "$safe") == 0)
        return capo_value_safe(text);
    if (strcmp(tag, "$querydict") == 0)
        return capo_value_object(capo_dict_parse(text, strlen(text)));
    if (strcmp(tag, "$datetime") == 0)
        return instant(map, text, content);
    if (strcmp(tag, "$decimal") == 0)
        return capo_parse_decimal(text, &decimal) ? capo_value_decimal(decimal) : content;
    if (strcmp(tag, "$float") == 0)
        return capo_value_real(strtod(text, NULL));
    if (strcmp(tag, "$date") == 0)
        return capo_parse_date(text, &date) ? capo_value_date(date) : content;
    if (strcmp(tag, "$time") == 0)
        return capo_parse_time(text, &time) ? capo_value_time(time) : content;
    if (strcmp(tag, "$timedelta") == 0)
        return capo_parse_duration(text, &duration) ? capo_value_duration(duration) : capo_value_duration((Duration){ -1 });
    if (strcmp(tag, "$uuid") == 0)
        return capo_parse_uuid(text, &uuid) ? capo_value_uuid(uuid) : content;
    if (strcmp(tag, "$bytes") == 0)
        return capo_value_bytes(text, strlen(text));
    if (strcmp(tag, "$days") == 0 && content.kind == VALUE_INT)       /* beyond what a calendar has */
        return capo_value_date((Date){ (int32_t)content.integer });
    if (strcmp(tag, "$us") == 0 && content.kind == VALUE_INT)
        return capo_value_datetime((DateTime){ content.integer });
    if (strcmp(tag, "$object") == 0)
        return thing(text, 3);
    Value value = decoded(content);
    if (strcmp(tag, "$tuple") == 0 && value.kind == VALUE_LIST)
        value.flags |= VALUE_FLAG_TUPLE;
    if (strcmp(tag, "$circle") == 0 && value.kind == VALUE_LIST)
        capo_list_add(value.list, value);
    if (strcmp(tag, "$circle") == 0 && value.kind == VALUE_MAP)
        capo_map_set(value.map, "self", value);
    return value;
}

static Value decoded(Value json)
{
    if (json.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < json.list->count; i++)
            capo_list_add(list, decoded(json.list->items[i]));
        return capo_value_list(list);
    }
    if (json.kind != VALUE_MAP)
        return json;
    if (json.map->count && json.map->entries[0].key.text[0] == '$')
        return tagged(json.map, json.map->entries[0].key.text, json.map->entries[0].value);
    Map *map = capo_map_new();
    for (size_t i = 0; i < json.map->count; i++)
        capo_map_set_value(map, json.map->entries[i].key, decoded(json.map->entries[i].value));
    return capo_value_map(map);
}

static void set_names(Context *context)
{
    List *list = capo_list_new(), *circle = capo_list_new(), *nested = capo_list_new();
    for (int i = 0; i < 3; i++)
        capo_list_add(list, capo_value_map(capo_map(V("n", i), V("s", "<\xC3\xA9>"))));
    capo_list_add(circle, capo_value_list(circle));
    for (int i = 0; i < 2; i++) {
        capo_list_add(nested, capo_value_text("<item>"));
        capo_list_add(nested, capo_value_list(list));
    }
    Object *bare = capo_alloc_struct(Object);
    bare->ops = &bare_ops;
    const Var vars[] = {
        V("x", "a <b> http://example.com/?a=1&b mail@example.com \xFE"), V("n", 3), V("f", -1.5), V("l", list), V("c", circle), V("e", nested),
        V("d", capo_map(V("k", "v"), V("0", 1), V("items", "own"))), V("date", (Date){ 20000 }), V("time", (Time){ 1 }),
        V("dt", (DateTime){ 1700000000000000 }), V("dec", (Decimal){ "1E+30" }), V("none", capo_value_null()), V("yes", (bool)true),
        V("dur", (Duration){ -86400000001 }), { "safe", capo_value_safe("<i>&amp;</i>") }, { "bytes", capo_value_bytes("<\x00\xFF", 3) },
        { "nul", capo_value_text_n("a\0<b>", 5) }, { "o", thing("object", 3) }, { "endless", thing("endless", -1) }, { "lies", thing("endless", INT64_MAX) },
        { "short", thing("short", 9) }, { "nested", thing("nested", 2) }, { "call", thing("call", -1) }, { "raises", thing("raises", 2) },
        { "html", thing("html", -1) }, { "bare", capo_value_object(bare) }, V("request", capo_map(V("GET", capo_dict_parse("a=1&b=%3C&a=2", 13)))),
        V("csrf_token", "to<k>en"), { 0 },
    };
    for (const Var *var = vars; var->name; var++)
        capo_context_set(context, var->name, var->value);
    Value naive = capo_value_datetime((DateTime){ 1700000000000000 });
    naive.flags |= VALUE_FLAG_NAIVE;
    capo_context_set(context, "naive", naive);
    naive.flags = VALUE_FLAG_OWN_ZONE;
    naive.tag = capo_time_zone_id(capo_time_zone("Europe/Berlin"));
    capo_context_set(context, "berlin", naive);
}

/* --- an app's own tags and filters, which may fail ---------------------------------------------------------------------------------- */

static Value own_filter(Value value, Value argument)
{
    return VALUE(capo_format("%s%s", capo_to_text(value), capo_to_text(argument)));
}

static Value failing_filter(Value value, Value argument)
{
    (void)argument;
    capo_raise(ERROR_VALUE, "A filter of the app cannot take '%.20s'.", capo_to_text(value));
}

static Value own_simple(Context *context, const TagArguments *arguments)
{
    capo_context_set(context, "simple", capo_tag_argument(arguments, "a"));
    return capo_tag_argument(arguments, "a");
}

static Map *own_inclusion(Context *context, const TagArguments *arguments)
{
    (void)context;
    return capo_map_of((const Var[]){ { "x", capo_tag_argument(arguments, "x") }, { 0 } });
}

static Value own_block(Context *context, const TagArguments *arguments, Value content)
{
    (void)context, (void)arguments;
    return content;
}

typedef struct Again { TemplateExpression *times; TemplateNode *body, *otherwise; } Again;

static void render_again(const void *data, Context *context, Buffer *out)
{
    const Again *again = data;
    int64_t times = 0;
    capo_to_int(capo_tag_evaluate(again->times, context), &times);
    for (int64_t i = 0; i < times && i < 3; i++)
        capo_tag_render(again->body, context, out);
    if (times < 1 && again->otherwise)
        capo_tag_render(again->otherwise, context, out);
}

static TemplateNode *own_compile(TemplateParser *parser)
{
    size_t count;
    char **words = capo_tag_words(parser, &count);
    if (count != 2)
        capo_tag_fail(parser, "'%s' takes one argument: how often", words[0]);
    Again *again = capo_tag_alloc(parser, sizeof *again);
    again->times = capo_tag_expression(parser, words[1]);
    again->body = capo_tag_body(parser, LIST("else", "endagain"));
    if (strcmp(capo_tag_words(parser, &count)[0], "else") == 0)
        again->otherwise = capo_tag_body(parser, LIST("endagain"));
    return capo_tag_node(parser, render_again, again);
}

static const TemplateFilter own_filters[] = { { "own", own_filter, ARGUMENT_OPTIONAL }, { "kept", own_filter, ARGUMENT_OPTIONAL, .is_safe = true },
                                              { "fails", failing_filter }, { "text", own_filter, ARGUMENT_OPTIONAL, .stringfilter = true, .expects_localtime = true }, { 0 } };
static const TemplateTag own_tags[] = { { "simple", .simple = own_simple, .arguments = "a, b=2, *rest, c=None, **extra" },
                                        { "piece", .inclusion = own_inclusion, .template = "u", .arguments = "x" },
                                        { "box", .block = own_block, .arguments = "a=1" }, { "again", .compile = own_compile }, { 0 } };
static const TagLibrary libraries[] = { { "own", .filters = own_filters, .tags = own_tags }, { 0 } };
static const TagLibrary *app_libraries(size_t i) { return i == 0 ? libraries : NULL; }

static char *reverse(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    (void)context;
    if (name[0] == 'r') {
        Buffer url = { 0 };
        capo_put(&url, "/<r>");
        for (; arguments->name; arguments++)
            capo_put_format(&url, "/%s", capo_to_text(arguments->value));
        return capo_buffer_text(&url);
    }
    if (!quiet)
        capo_raise(ERROR_NO_REVERSE_MATCH, "There is no route '%.50s'.", name);
    return NULL;
}

/* --- chance that is the same each time ------------------------------------------------------------------------------------------------ */

static uint32_t chance;
static const char *chance_name(void) { return "counted"; }
static uint32_t chance_next(void) { return chance = chance * 1664525u + 1013904223u; }
static void chance_fill(void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)out)[i] = (unsigned char)(chance_next() >> 16);
}
static struct randombytes_implementation counted = { .implementation_name = chance_name, .random = chance_next, .buf = chance_fill };

/* --- the rendering ------------------------------------------------------------------------------------------------------------------------ */

enum { MOST_STEPS = 20 * 1000, MOST_MEMORY = 64 * 1024 * 1024 };
typedef struct Input { const char *json; size_t json_size; int which; Engine *engine; } Input;
/* Of one rendering: the message of its error or its output, kept past its unit. */
typedef struct Outcome { char *text; size_t size; bool failed; } Outcome;
typedef struct Job { const Input *input; Context *context; Buffer out; Outcome outcome; } Job;

static void render(void *argument)
{
    Job *job = argument;
    Value json;
    const char *problem;
    Context *context = job->context = capo_context_for(job->input->engine, NULL);
    set_names(context);
    if (!capo_json_parse(job->input->json, job->input->json_size, &json, &problem))
        json = capo_value_null();
    for (size_t i = 0; json.kind == VALUE_MAP && i < json.map->count; i++)
        capo_context_set(context, json.map->entries[i].key.text, decoded(json.map->entries[i].value));
    bool autoescape = context->autoescape, localise = context->localise, zone = context->use_time_zone;
    capo_template_run(capo_template_get(job->input->engine, "t"), context, &job->out);
    HOLD(context->autoescape == autoescape && context->localise == localise && context->use_time_zone == zone);
    HOLD(context->depth == 0 && context->n_marks == 0 && context->base == 0 && context->template == NULL && context->steps <= MOST_STEPS);
}

static void unit_body(void *argument)
{
    static const char *const zones[] = { "UTC", "America/Chicago", "Asia/Kathmandu", "Pacific/Apia" };
    static const char *const languages[] = { NULL, "de", "ar", "xx", "pt-br", "fr", "ja", "pl" };
    Job *job = argument;
    int which = job->input->which;
    capo_activate_time_zone(capo_time_zone(zones[which % 4]));
    if (which / 4 % 8)
        capo_activate_language(languages[which / 4 % 8]);
    void *zone = capo_unit->slots[UNIT_TIME_ZONE], *language = capo_unit->slots[UNIT_LANGUAGE];
    const Error *error = capo_try(render, job);
    HOLD(capo_unit->slots[UNIT_TIME_ZONE] == zone && capo_unit->slots[UNIT_LANGUAGE] == language);
    if (error)
        hold_error(error);
    const char *text = error ? error->message : capo_buffer_text(&job->out);
    size_t size = error ? strlen(text) : job->out.size;
    job->outcome = (Outcome){ malloc(size + 1), size, error != NULL };
    memcpy(job->outcome.text, text, size + 1);
}

/* One rendering from the same start as any other, in a unit of work of its own. */
static Outcome rendered(const Input *input)
{
    Arena *arena = arena_new();
    Unit unit = { 0 };
    Job job = { .input = input };
    chance = 1;
    capo_template_fragments_clear();
    const Error *error = capo_unit_run(&unit, arena, "fuzzing", unit_body, &job);
    HOLD(!error);
    arena_free(arena);
    return job.outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Input input = { 0 };
    const char *at = (const char *)data + 2, *end = (const char *)data + size;
    if (size < 3 || !next_piece(&at, end, &input.json, &input.json_size) || at > end)
        return 0;
    input.which = data[1];
    randombytes_set_implementation(&counted);
    capo_clock_frozen = 1700000000000000;
    int options = data[0];
    Pieces pieces = { .count = 0 };
    read_templates(&pieces, at, end);
    Engine engine = {
        .find = find_piece, .data = &pieces, .reverse = options & 1 ? NULL : reverse, .debug = options & 2, .autoescape_off = options & 4,
        .no_time_zone = options & 8, .no_localisation = options & 16, .thousand_separator = options & 32,
        .string_if_invalid = options & 64 ? options & 128 ? "<%s>" : "invalid" : NULL,
        .static_prefix = "/static/", .media_prefix = "/media/",
        .max_memory = MOST_MEMORY, .max_steps = MOST_STEPS,
    };
    input.engine = capo_template_engine = &engine;
    capo_template_app_libraries = app_libraries;
    Outcome first = rendered(&input), second = rendered(&input);
    HOLD(first.failed == second.failed && first.size == second.size && memcmp(first.text, second.text, first.size) == 0);
    free(first.text);
    free(second.text);
    capo_template_release_all(&engine);
    capo_template_fragments_clear();
    return 0;
}
