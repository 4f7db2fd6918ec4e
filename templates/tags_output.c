/* SPDX-License-Identifier: BSD-3-Clause */
/* Tags that print something of their own: now, lorem, templatetag, widthratio, debug, csrf_token, url, querystring, static and the
 * prefixes; regroup and load, which print nothing. */
#include "filters.h"
#include "nodes.h"
#include <capo/web.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

Node *capo_load_compile(Parser *parser, const Token *token);

static void set_or_print(Context *context, const char *as, Value value, Buffer *out)
{
    if (as)
        capo_context_set(context, as, value);
    else
        capo_context_print(context, value, out);
}

/* --- now -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct NowNode { Node node; const char *format, *as; } NowNode;

static void render_now(const Node *node, Context *context, Buffer *out)
{
    const NowNode *now = (const NowNode *)node;
    Buffer text = { 0 };
    Value value = capo_value_datetime(capo_now());
    if (context->engine->no_time_zone) {
        DateParts parts = capo_local(value.datetime, capo_default_time_zone());
        parts.zone = NULL;
        value.datetime.microseconds += (int64_t)parts.offset * 1000000;
        value.flags = VALUE_FLAG_NAIVE;
    }
    capo_put_date(context, &text, value, now->format, false);
    if (now->as)
        capo_context_set(context, now->as, capo_buffer_value(&text, false));
    else
        capo_put_bytes(out, capo_buffer_text(&text), text.size);
}

static Node *compile_now(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    NowNode *node = NODE(parser, NowNode, render_now);
    if (count == 4 && strcmp(bits[2], "as") == 0) {
        node->as = bits[3];
        count = 2;
    }
    if (count != 2)
        capo_parse_fail(parser, "'now' statement takes one argument");
    size_t size = strlen(bits[1]);
    node->format = size >= 2 ? capo_parse_strndup(parser, bits[1] + 1, size - 2) : "";
    return &node->node;
}

/* --- lorem -------------------------------------------------------------------------------------------------------------------------------- */

static const char lorem_paragraph[] =
    "Lorem ipsum dolor sit amet, consectetur adipisicing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. "
    "Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. Duis aute irure "
    "dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur sint occaecat cupidatat non "
    "proident, sunt in culpa qui officia deserunt mollit anim id est laborum.";

/* The first nineteen are the common beginning. */
static const char *const lorem_words[] = {
    "lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipisicing", "elit", "sed", "do", "eiusmod", "tempor", "incididunt",
    "ut", "labore", "et", "dolore", "magna", "aliqua", "enim", "minim", "veniam", "quis", "nostrud", "exercitation", "ullamco",
    "laboris", "nisi", "aliquip", "ex", "ea", "commodo", "consequat", "duis", "aute", "irure", "in", "reprehenderit", "voluptate",
    "velit", "esse", "cillum", "eu", "fugiat", "nulla", "pariatur", "excepteur", "sint", "occaecat", "cupidatat", "non", "proident",
    "sunt", "culpa", "qui", "officia", "deserunt", "mollit", "anim", "id", "est", "laborum", "vitae", "natus", "error", "totam",
    "quasi", "beatae", "nemo", "fugit", "magni", "ratione", "neque", "porro", "tempora", "autem", "vel", "eum", "iure", "quam",
};
enum { COMMON_WORDS = 19, MAX_LOREM = 10000 };

typedef struct LoremNode { Node node; Expression *count; char method; bool common; } LoremNode;

static const char *random_word(void)
{
    return lorem_words[randombytes_uniform(sizeof lorem_words / sizeof *lorem_words)];
}

static void put_random_paragraph(Buffer *out)
{
    uint32_t sentences = 1 + randombytes_uniform(4);
    for (uint32_t i = 0; i < sentences; i++) {
        uint32_t words = 5 + randombytes_uniform(12);
        size_t start = out->size + (i > 0);
        if (i)
            capo_put_char(out, ' ');
        for (uint32_t k = 0; k < words; k++)
            capo_put_format(out, "%s%s%s", k ? " " : "", random_word(), k + 1 < words && randombytes_uniform(8) == 0 ? "," : "");
        out->data[start] = (char)(out->data[start] - 32);
        capo_put_char(out, randombytes_uniform(6) ? '.' : '?');
    }
}

static void render_lorem(const Node *node, Context *context, Buffer *out)
{
    const LoremNode *lorem = (const LoremNode *)node;
    int64_t count;
    if (!capo_to_int(capo_expression_resolve(lorem->count, context, false), &count))
        count = 1;
    if (count > MAX_LOREM)
        count = MAX_LOREM;
    for (int64_t i = 0; i < count; i++) {
        if (lorem->method == 'w') {
            capo_put_format(out, "%s%s", i ? " " : "", lorem->common && i < COMMON_WORDS ? lorem_words[i] : random_word());
            continue;
        }
        capo_put(out, i ? "\n\n" : "");
        capo_put(out, lorem->method == 'p' ? "<p>" : "");
        if (i == 0 && lorem->common)
            capo_put(out, lorem_paragraph);
        else
            put_random_paragraph(out);
        capo_put(out, lorem->method == 'p' ? "</p>" : "");
    }
}

static Node *compile_lorem(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    LoremNode *node = NODE(parser, LoremNode, render_lorem);
    node->common = strcmp(bits[count - 1], "random") != 0;
    if (!node->common)
        count--;
    node->method = 'b';
    if (count > 0 && strlen(bits[count - 1]) == 1 && strchr("wpb", bits[count - 1][0]))
        node->method = bits[--count][0];
    node->count = capo_expression_compile(parser, count > 1 ? bits[--count] : "1");
    if (count != 1)
        capo_parse_fail(parser, "Incorrect format for 'lorem' tag");
    return &node->node;
}

/* --- templatetag, widthratio, debug ----------------------------------------------------------------------------------------------------------- */

typedef struct ConstantNode { Node node; const char *text; } ConstantNode;

static void render_constant(const Node *node, Context *context, Buffer *out)
{
    (void)context;
    capo_put(out, ((const ConstantNode *)node)->text);
}

static Node *compile_templatetag(Parser *parser, const Token *token)
{
    static const char *const rows[][2] = {
        { "openblock", "{%" }, { "closeblock", "%}" }, { "openvariable", "{{" }, { "closevariable", "}}" }, { "openbrace", "{" },
        { "closebrace", "}" }, { "opencomment", "{#" }, { "closecomment", "#}" },
    };
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'templatetag' statement takes one argument");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i][0], bits[1]) == 0) {
            ConstantNode *node = NODE(parser, ConstantNode, render_constant);
            node->text = rows[i][1];
            return &node->node;
        }
    capo_parse_fail(parser, "Invalid templatetag argument: '%s'. Must be one of: openblock, closeblock, openvariable, closevariable, "
                    "openbrace, closebrace, opencomment, closecomment", bits[1]);
}

typedef struct RatioNode { Node node; Expression *value, *most, *width; const char *as; } RatioNode;

typedef struct RatioValues { const RatioNode *node; Context *context; Value value, most, width; } RatioValues;

static void resolve_ratio(void *argument)
{
    RatioValues *values = argument;
    values->value = capo_expression_resolve(values->node->value, values->context, false);
    values->most = capo_expression_resolve(values->node->most, values->context, false);
    values->width = capo_expression_resolve(values->node->width, values->context, false);
}

/* A filter's argument that is missing gives nothing; what a filter cannot work with is a mistake like a width that is no number. */
static void render_widthratio(const Node *node, Context *context, Buffer *out)
{
    const RatioNode *ratio = (const RatioNode *)node;
    RatioValues values = { ratio, context };
    const Error *error = capo_try(resolve_ratio, &values);
    if (error && error->code == ERROR_VARIABLE_DOES_NOT_EXIST)
        return;
    if (error && error->code != ERROR_VALUE)
        capo_reraise(error);
    Value value = values.value, most = values.most, whole;
    double x, y, pixels;
    if (error || capo_python_whole(values.width, &whole) != INT_OK)
        capo_template_fail(context->template, (int)node->line, (int)node->column, "widthratio final argument must be a number");
    Value result = capo_value_text("");
    if (capo_python_float(value, &x) && capo_python_float(most, &y) && capo_python_float(whole, &pixels)) {
        double rounded = y == 0 ? 0 : nearbyint(x / y * pixels);
        if (isfinite(rounded))
            result = capo_value_text(capo_format("%.0f", rounded == 0 ? 0.0 : rounded));
    }
    if (ratio->as)
        capo_context_set(context, ratio->as, result);
    else
        capo_put(out, result.text);
}

static Node *compile_widthratio(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 4 && count != 6)
        capo_parse_fail(parser, "widthratio takes at least three arguments");
    if (count == 6 && strcmp(bits[4], "as") != 0)
        capo_parse_fail(parser, "Invalid syntax in widthratio tag. Expecting 'as' keyword");
    RatioNode *node = NODE(parser, RatioNode, render_widthratio);
    node->value = capo_expression_compile(parser, bits[1]);
    node->most = capo_expression_compile(parser, bits[2]);
    node->width = capo_expression_compile(parser, bits[3]);
    node->as = count == 6 ? bits[5] : NULL;
    return &node->node;
}

static void render_debug(const Node *node, Context *context, Buffer *out)
{
    (void)node;
    if (!context->engine->debug)
        return;
    for (uint32_t i = context->base; i < context->count; i++) {
        Buffer text = { 0 };
        capo_put_repr(&text, context->entries[i].value);
        capo_put_escaped(out, context->entries[i].name, context->entries[i].size);
        capo_put(out, ": ");
        capo_put_escaped(out, capo_buffer_text(&text), text.size);
        capo_put(out, "\n");
    }
}

static Node *compile_debug(Parser *parser, const Token *token)
{
    (void)token;
    return capo_node_new(parser, sizeof(Node), render_debug);
}

/* --- csrf_token ------------------------------------------------------------------------------------------------------------------------------- */

static void render_csrf_token(const Node *node, Context *context, Buffer *out)
{
    (void)node;
    Value token;
    if (!capo_context_get(context, "csrf_token", &token))
        return;
    if (token.kind == VALUE_OBJECT && token.object->ops->call && !token.object->ops->call(token.object, &token))
        return;
    if (!capo_truth(token) || (capo_is_text(token) && strcmp(token.text, "NOTPROVIDED") == 0))
        return;
    Value text = capo_value_to_text(token);
    capo_put(out, "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"");
    capo_put_escaped(out, text.text, text.size);
    capo_put(out, "\">");
}

static Node *compile_csrf_token(Parser *parser, const Token *token)
{
    (void)token;
    return capo_node_new(parser, sizeof(Node), render_csrf_token);
}

/* --- url ---------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct UrlNode {
    Node node;
    Expression *name;
    NamedExpression *arguments;     /* positional ones have the name "" */
    size_t n_arguments;
    const char *as;
} UrlNode;

static void render_url(const Node *node, Context *context, Buffer *out)
{
    const UrlNode *url = (const UrlNode *)node;
    Var *arguments = capo_alloc_array(url->n_arguments + 1, sizeof *arguments);
    for (size_t i = 0; i < url->n_arguments; i++)
        arguments[i] = (Var){ url->arguments[i].name, capo_expression_resolve(url->arguments[i].expression, context, false) };
    const char *name = capo_to_text(capo_expression_resolve(url->name, context, false));
    if (!context->engine->reverse && !url->as)
        capo_raise(ERROR_NO_REVERSE_MATCH, "There are no routes to reverse '%s' by.", name);
    char *path = context->engine->reverse ? context->engine->reverse(context, name, arguments, url->as != NULL) : NULL;
    if (url->as) {
        capo_context_set(context, url->as, capo_value_text(path ? path : ""));
        return;
    }
    if (context->autoescape)
        capo_put_escaped(out, path, strlen(path));
    else
        capo_put(out, path);
}

static Node *compile_url(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count < 2)
        capo_parse_fail(parser, "'%s' takes at least one argument, a URL pattern name.", bits[0]);
    UrlNode *node = NODE(parser, UrlNode, render_url);
    node->name = capo_expression_compile(parser, bits[1]);
    if (count >= 4 && strcmp(bits[count - 2], "as") == 0) {
        node->as = bits[count - 1];
        count -= 2;
    }
    node->arguments = capo_parse_alloc(parser, count * sizeof *node->arguments);
    for (size_t i = 2; i < count; i++) {
        const char *value = bits[i], *name = capo_split_named(parser, bits[i], &value);
        node->arguments[node->n_arguments++] = (NamedExpression){ .name = name ? name : "",
                                                                  .expression = capo_expression_compile(parser, value) };
    }
    const char *name;
    if (capo_expression_text(node->name, &name)) {
        const char **names = capo_parse_alloc(parser, (node->n_arguments + 1) * sizeof *names);
        for (size_t i = 0; i < node->n_arguments; i++)
            names[i] = node->arguments[i].name;
        capo_template_note(parser, (TemplateNote){ .kind = NOTE_URL, .name = name, .arguments = names, .optional = node->as != NULL });
    }
    return &node->node;
}

/* --- querystring -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct QueryNode { Node node; Expression **dicts; size_t n_dicts; NamedExpression *values; size_t n_values; const char *as; } QueryNode;
static void put_form_quoted(Buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == ' ')
            capo_put_char(out, '+');
        else
            capo_put_quoted(out, text + i, 1, "");
    }
}

/* All of the key, in its place: null removes it, a list or the keys of a map give several, else it has the one value. */
static void set_parameter(Map *parameters, const char *key, Value value)
{
    List *values = capo_list_new();
    void *state = NULL;
    Value each;
    if (value.kind == VALUE_NULL) {
        capo_map_remove(parameters, key);
        return;
    }
    if (capo_is_text(value) || !capo_iterable(value))
        capo_list_add(values, value);
    else
        while (capo_iterate(value, &state, &each))
            capo_list_add(values, each);
    capo_map_set(parameters, key, capo_value_list(values));
}

/* A query as a map of lists, its keys in the order in which they first come. */
static Map *grouped(const QueryDict *query)
{
    Map *map = capo_map_new();
    for (size_t i = 0; i < query->count; i++) {
        Value *known = capo_map_get(map, query->items[i].key);
        List *values = known ? known->list : capo_list_new();
        if (!known)
            capo_map_set(map, query->items[i].key, capo_value_list(values));
        capo_list_add(values, capo_value_text(query->items[i].value));
    }
    return map;
}

/* One of the tag's maps, which may be a QueryDict; none at all is an empty one. Gives whether there was something in it. */
static bool set_parameters(Map *parameters, Value given)
{
    if (given.kind == VALUE_NULL || (given.kind == VALUE_TEXT && given.size == 0))
        return false;
    if (given.kind == VALUE_OBJECT && strcmp(given.object->ops->type_name, "QueryDict") == 0)
        given = capo_value_map(grouped((const QueryDict *)(const void *)given.object));
    if (given.kind != VALUE_MAP)
        capo_raise(ERROR_VALUE, "{%% querystring %%} takes dictionaries, not '%s'.", capo_to_text(given));
    for (size_t i = 0; i < given.map->count; i++)
        set_parameter(parameters, capo_to_text(given.map->entries[i].key), given.map->entries[i].value);
    return given.map->count > 0;
}

/* Django 5.2's answer where nothing is left: nothing where nothing was there, else "?", a link to the page without its query. Several
 * maps, and maps that are no QueryDict, are as in Django 6.0. */
static void render_querystring(const Node *node, Context *context, Buffer *out)
{
    const QueryNode *query = (const QueryNode *)node;
    Map *parameters = capo_map_new();
    bool any = false;
    if (query->n_dicts == 0) {
        Value request, get;
        if (!capo_context_get(context, "request", &request) || !capo_lookup(request, "GET", 3, &get))
            capo_raise(ERROR_VALUE, "{%% querystring %%} needs a request in the context, or a QueryDict as its argument (template %s, "
                       "line %u).", context->template->name, node->line);
        any = set_parameters(parameters, get);
    }
    for (size_t i = 0; i < query->n_dicts; i++)
        any |= set_parameters(parameters, capo_expression_resolve(query->dicts[i], context, false));
    for (size_t i = 0; i < query->n_values; i++)
        set_parameter(parameters, query->values[i].name, capo_expression_resolve(query->values[i].expression, context, false));
    Buffer text = { 0 };
    for (size_t i = 0; i < parameters->count; i++) {
        const char *key = parameters->entries[i].key.text;
        const List *values = parameters->entries[i].value.list;
        for (size_t k = 0; k < values->count; k++) {
            Value value = capo_value_to_text(values->items[k]);
            capo_put_char(&text, text.size ? '&' : '?');
            put_form_quoted(&text, key, strlen(key));
            capo_put_char(&text, '=');
            put_form_quoted(&text, value.text, value.size);
        }
    }
    if (text.size == 0 && (any || parameters->count))
        capo_put_char(&text, '?');
    set_or_print(context, query->as, capo_buffer_value(&text, false), out);
}

static Node *compile_querystring(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    QueryNode *node = NODE(parser, QueryNode, render_querystring);
    if (count >= 3 && strcmp(bits[count - 2], "as") == 0) {
        node->as = bits[count - 1];
        count -= 2;
    }
    node->dicts = capo_parse_alloc(parser, count * sizeof *node->dicts);
    node->values = capo_parse_alloc(parser, count * sizeof *node->values);
    for (size_t i = 1; i < count; i++) {
        const char *value = bits[i], *name = capo_split_named(parser, bits[i], &value);
        Expression *expression = capo_expression_compile(parser, value);
        for (size_t k = 0; name && k < node->n_values; k++)
            if (strcmp(node->values[k].name, name) == 0)
                capo_parse_fail(parser, "'querystring' received multiple values for keyword argument '%s'", name);
        if (name)
            node->values[node->n_values++] = (NamedExpression){ .name = name, .expression = expression };
        else if (node->n_values)
            capo_parse_fail(parser, "'querystring' received some positional argument(s) after some keyword argument(s)");
        else
            node->dicts[node->n_dicts++] = expression;
    }
    return &node->node;
}

/* --- static ------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct StaticNode { Node node; Expression *path; const char *as; bool media; } StaticNode;

static void render_static(const Node *node, Context *context, Buffer *out)
{
    const StaticNode *file = (const StaticNode *)node;
    Value path = capo_value_to_text(capo_expression_resolve(file->path, context, false));
    char *url = context->engine->static_url ? context->engine->static_url(path.text)
                                            : capo_format("%s%s", context->engine->static_prefix, capo_url_quote(path.text, "/~:@"));
    set_or_print(context, file->as, capo_value_text(url), out);
}

static Node *compile_static(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count < 2)
        capo_parse_fail(parser, "'%s' takes at least one argument (path to file)", bits[0]);
    StaticNode *node = NODE(parser, StaticNode, render_static);
    node->path = capo_expression_compile(parser, bits[1]);
    if (count >= 2 && strcmp(bits[count - 2], "as") == 0)
        node->as = bits[count - 1];
    return &node->node;
}

static void render_prefix(const Node *node, Context *context, Buffer *out)
{
    const StaticNode *file = (const StaticNode *)node;
    const char *prefix = file->media ? context->engine->media_prefix : context->engine->static_prefix;
    if (file->as)
        capo_context_set(context, file->as, capo_value_text(prefix));
    else
        capo_put(out, prefix);
}

static Node *compile_prefix(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count > 1 && strcmp(bits[1], "as") != 0)
        capo_parse_fail(parser, "First argument in '%s' must be 'as'", bits[0]);
    StaticNode *node = NODE(parser, StaticNode, render_prefix);
    node->media = strcmp(bits[0], "get_media_prefix") == 0;
    node->as = count > 2 ? bits[2] : NULL;
    return &node->node;
}

/* --- regroup -------------------------------------------------------------------------------------------------------------------------------------- */

/* A named pair: {{ group.grouper }}, {{ group.list }}, or {% for key, items in groups %}. */
typedef struct Group { Object object; Value grouper; List *list; } Group;

static bool group_get(Object *self, const char *name, size_t size, Value *ret)
{
    const Group *group = (const Group *)self;
    if (size == 7 && memcmp(name, "grouper", 7) == 0)
        *ret = group->grouper;
    else if (size == 4 && memcmp(name, "list", 4) == 0)
        *ret = capo_value_list(group->list);
    else
        return false;
    return true;
}

static bool group_at(Object *self, int64_t index, Value *ret)
{
    const Group *group = (const Group *)self;
    if (index != 0 && index != 1)
        return false;
    *ret = index ? capo_value_list(group->list) : group->grouper;
    return true;
}

static int64_t group_length(Object *self)
{
    (void)self;
    return 2;
}

static bool group_next(Object *self, void **state, Value *ret)
{
    intptr_t at = (intptr_t)*state;
    *state = (void *)(at + 1);
    return group_at(self, at, ret);
}

static const char *group_text(Object *self)
{
    const Group *group = (const Group *)self;
    Buffer out = { 0 };
    capo_put(&out, "GroupedResult(grouper=");
    capo_put_repr(&out, group->grouper);
    capo_put(&out, ", list=");
    capo_put_repr(&out, capo_value_list(group->list));
    capo_put(&out, ")");
    return capo_buffer_text(&out);
}

static const ObjectOps group_ops = { .type_name = "GroupedResult", .get = group_get, .at = group_at, .length = group_length,
                                     .next = group_next, .text = group_text, .text_is_repr = true };

typedef struct RegroupNode { Node node; Expression *source, *key; const char *name; } RegroupNode;

static void render_regroup(const Node *node, Context *context, Buffer *out)
{
    (void)out;
    const RegroupNode *regroup = (const RegroupNode *)node;
    Value source = capo_expression_resolve(regroup->source, context, true), item;
    List *groups = capo_list_new();
    Group *group = NULL;
    void *state = NULL;
    if (source.kind != VALUE_NULL && !capo_iterable(source))
        capo_raise(ERROR_VALUE, "{%% regroup %%}: '%s' cannot be iterated over (template %s, line %u).", capo_to_text(source),
                   context->template->name, node->line);
    while (source.kind != VALUE_NULL && capo_iterate(source, &state, &item)) {
        capo_step(context);
        capo_context_set(context, regroup->name, item);
        Value key = capo_expression_resolve(regroup->key, context, true);
        if (!group || !capo_equal(group->grouper, key)) {
            group = capo_alloc_struct(Group);
            *group = (Group){ { &group_ops }, key, capo_list_new() };
            capo_list_add(groups, capo_value_object(group));
        }
        capo_list_add(group->list, item);
    }
    capo_context_set(context, regroup->name, capo_value_list(groups));
}

static Node *compile_regroup(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 6)
        capo_parse_fail(parser, "'regroup' tag takes five arguments");
    if (strcmp(bits[2], "by") != 0)
        capo_parse_fail(parser, "second argument to 'regroup' tag must be 'by'");
    if (strcmp(bits[4], "as") != 0)
        capo_parse_fail(parser, "next-to-last argument to 'regroup' tag must be 'as'");
    RegroupNode *node = NODE(parser, RegroupNode, render_regroup);
    node->source = capo_expression_compile(parser, bits[1]);
    node->name = bits[5];
    node->key = capo_expression_compile(parser, capo_format("%s.%s", bits[5], bits[3]));
    return &node->node;
}

const BuiltinTag capo_output_tags[] = {
    { "csrf_token", compile_csrf_token },
    { "debug", compile_debug },
    { "load", capo_load_compile },
    { "lorem", compile_lorem },
    { "now", compile_now },
    { "querystring", compile_querystring },
    { "regroup", compile_regroup },
    { "templatetag", compile_templatetag },
    { "url", compile_url },
    { "widthratio", compile_widthratio },
    { 0 }
};

const BuiltinTag capo_static_tags[] = {
    { "get_media_prefix", compile_prefix },
    { "get_static_prefix", compile_prefix },
    { "static", compile_static },
    { 0 }
};
