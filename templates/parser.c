/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens to nodes: text, variables, and tags by their tables; which tags and filters a template has loaded; errors with the
 * template's name, line and column. */
#include "engine.h"
#include <capo/web.h>
#include <string.h>

static const BuiltinTag *const builtin_tags[] = { capo_logic_tags, capo_inherit_tags, capo_output_tags };
static const Filter *const builtin_filters[] = { capo_text_filters, capo_html_filters, capo_list_filters, capo_number_filters,
                                                 capo_date_filters };
#define COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct TextNode { Node node; const char *text; size_t size; } TextNode;
typedef struct VariableNode { Node node; Expression *expression; } VariableNode;

void *capo_parse_alloc(Parser *parser, size_t size)
{
    return arena_alloc(parser->arena, size);
}

char *capo_parse_strndup(Parser *parser, const char *text, size_t size)
{
    return arena_strndup(parser->arena, text, size);
}

Node *capo_node_new(Parser *parser, size_t size, void (*render)(const Node *, Context *, Buffer *))
{
    Node *node = arena_alloc(parser->arena, size);
    node->render = render;
    node->line = parser->tag.line;
    node->column = parser->tag.column;
    return node;
}

/* --- errors --------------------------------------------------------------------------------------------------------------- */

static _Noreturn void fail(const Template *template, int line, int column, const char *message)
{
    TemplateError *detail = capo_alloc_struct(TemplateError);
    *detail = (TemplateError){ .name = capo_strdup(template->name), .path = capo_strdup(template->path), .line = line, .column = column,
                               .source = capo_strndup(template->source, template->size), .size = template->size };
    capo_raise_detail(ERROR_TEMPLATE_SYNTAX, detail, "%s (template %s, line %d, column %d)", message, detail->name, line, column);
}

void capo_template_fail(const Template *template, int line, int column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = capo_vformat(format, args);
    va_end(args);
    fail(template, line, column, message);
}

void capo_parse_fail(Parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = capo_vformat(format, args);
    va_end(args);
    fail(parser->template, (int)parser->tag.line, (int)parser->tag.column, message);
}

static _Noreturn void fail_unclosed(Parser *parser, const Token *opening, const char *const *until)
{
    Buffer wanted = { 0 };
    for (size_t i = 0; until[i]; i++)
        capo_put_format(&wanted, "%s'%s'", i ? " or " : "", until[i]);
    fail(parser->template, (int)opening->line, (int)opening->column,
         capo_format("The tag '%.*s' is never closed: looked for %s.", (int)strcspn(opening->text, " "), opening->text,
                     capo_buffer_text(&wanted)));
}

/* --- libraries ------------------------------------------------------------------------------------------------------------- */

const Library capo_builtin_libraries[] = {
    { "cache", .tags = capo_cache_tags },
    { "humanize", .filters = capo_humanize_filters },
    { "i18n", .tags = capo_i18n_tags, .filters = capo_i18n_filters },
    { "l10n", .tags = capo_l10n_tags, .filters = capo_l10n_filters },
    { "static", .tags = capo_static_tags },
    { "tz", .tags = capo_tz_tags, .filters = capo_tz_filters },
    { 0 }
};

static const Library *find_builtin_library(const char *name)
{
    for (const Library *library = capo_builtin_libraries; library->name; library++)
        if (strcmp(library->name, name) == 0)
            return library;
    return NULL;
}

static const TagLibrary *find_app_library(const char *name)
{
    if (!capo_template_app_libraries)
        return NULL;
    for (size_t i = 0; capo_template_app_libraries(i); i++)
        for (const TagLibrary *library = capo_template_app_libraries(i); library->name; library++)
            if (strcmp(library->name, name) == 0)
                return library;
    return NULL;
}

static void load_tag(Parser *parser, const char *name, const BuiltinTag *builtin, const TemplateTag *custom)
{
    LoadedTag *tag = capo_parse_alloc(parser, sizeof *tag);
    *tag = (LoadedTag){ .name = name, .builtin = builtin, .custom = custom, .next = parser->tags };
    parser->tags = tag;
}

static void load_filter(Parser *parser, const Filter *filter)
{
    LoadedFilter *loaded = capo_parse_alloc(parser, sizeof *loaded);
    *loaded = (LoadedFilter){ .filter = *filter, .next = parser->filters };
    parser->filters = loaded;
}

static Value call_custom_filter(const Filtering *filtering, Value value, Value argument)
{
    (void)filtering, (void)argument;
    return value;
}

/* Loads all of a library, or only what is called `only`. False: there is no such thing in it. */
static bool load_library(Parser *parser, const char *name, const char *only)
{
    bool found = false;
    const Library *library = find_builtin_library(name);
    const TagLibrary *app = library ? NULL : find_app_library(name);
    if (!library && !app) {
        Buffer known = { 0 };
        for (size_t i = 0; capo_builtin_libraries[i].name; i++)
            capo_put_format(&known, "%s%s", i ? ", " : "", capo_builtin_libraries[i].name);
        for (size_t i = 0; capo_template_app_libraries && capo_template_app_libraries(i); i++)
            for (const TagLibrary *row = capo_template_app_libraries(i); row->name; row++)
                capo_put_format(&known, ", %s", row->name);
        capo_parse_fail(parser, "'%s' is not a registered tag library. There are: %s.", name, capo_buffer_text(&known));
    }
    for (const BuiltinTag *tag = library ? library->tags : NULL; tag && tag->name; tag++)
        if (!only || strcmp(only, tag->name) == 0) {
            load_tag(parser, tag->name, tag, NULL);
            found = true;
        }
    for (const Filter *filter = library ? library->filters : NULL; filter && filter->name; filter++)
        if (!only || strcmp(only, filter->name) == 0) {
            load_filter(parser, filter);
            found = true;
        }
    for (const TemplateTag *tag = app ? app->tags : NULL; tag && tag->name; tag++)
        if (!only || strcmp(only, tag->name) == 0) {
            load_tag(parser, tag->name, NULL, tag);
            found = true;
        }
    for (const TemplateFilter *filter = app ? app->filters : NULL; filter && filter->name; filter++)
        if (!only || strcmp(only, filter->name) == 0) {
            load_filter(parser, &(Filter){ .name = filter->name, .function = call_custom_filter, .argument = filter->argument,
                                           .is_safe = filter->is_safe, .custom = filter });
            found = true;
        }
    return found;
}

Node *capo_load_compile(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count >= 4 && strcmp(bits[count - 2], "from") == 0) {
        for (size_t i = 1; i < count - 2; i++)
            if (!load_library(parser, bits[count - 1], bits[i]))
                capo_parse_fail(parser, "'%s' is not a tag or filter of the tag library '%s'.", bits[i], bits[count - 1]);
    } else {
        for (size_t i = 1; i < count; i++)
            load_library(parser, bits[i], NULL);
    }
    return NULL;
}

/* --- tags and filters by name ---------------------------------------------------------------------------------------------- */

/* The library that has a tag or filter of this name and only needs to be loaded; NULL: none. */
static const char *library_of(const char *name, bool tag)
{
    for (const Library *library = capo_builtin_libraries; library->name; library++) {
        for (const BuiltinTag *row = library->tags; tag && row && row->name; row++)
            if (strcmp(row->name, name) == 0)
                return library->name;
        for (const Filter *row = library->filters; !tag && row && row->name; row++)
            if (strcmp(row->name, name) == 0)
                return library->name;
    }
    for (size_t i = 0; capo_template_app_libraries && capo_template_app_libraries(i); i++)
        for (const TagLibrary *library = capo_template_app_libraries(i); library->name; library++) {
            for (const TemplateTag *row = library->tags; tag && row && row->name; row++)
                if (strcmp(row->name, name) == 0)
                    return library->name;
            for (const TemplateFilter *row = library->filters; !tag && row && row->name; row++)
                if (strcmp(row->name, name) == 0)
                    return library->name;
        }
    return NULL;
}

static const char *hint(Parser *parser, const char *name, bool tag)
{
    const char *names[256];
    size_t count = 0;
    const char *library = library_of(name, tag);
    if (library)
        return capo_format(" Load its library before it: {%% load %s %%}.", library);
    for (LoadedTag *row = parser->tags; tag && row && count < COUNT(names); row = row->next)
        names[count++] = row->name;
    for (LoadedFilter *row = parser->filters; !tag && row && count < COUNT(names); row = row->next)
        names[count++] = row->filter.name;
    for (size_t i = 0; tag && i < COUNT(builtin_tags); i++)
        for (const BuiltinTag *row = builtin_tags[i]; row->name && count < COUNT(names); row++)
            names[count++] = row->name;
    for (size_t i = 0; !tag && i < COUNT(builtin_filters); i++)
        for (const Filter *row = builtin_filters[i]; row->name && count < COUNT(names); row++)
            names[count++] = row->name;
    return capo_did_you_mean(name, names, count);
}

const Filter *capo_parser_filter(Parser *parser, const char *name, size_t size)
{
    for (LoadedFilter *row = parser->filters; row; row = row->next)
        if (strlen(row->filter.name) == size && memcmp(row->filter.name, name, size) == 0)
            return &row->filter;
    for (size_t i = 0; i < COUNT(builtin_filters); i++)
        for (const Filter *row = builtin_filters[i]; row->name; row++)
            if (strlen(row->name) == size && memcmp(row->name, name, size) == 0)
                return row;
    char *text = capo_strndup(name, size);
    capo_parse_fail(parser, "There is no filter '%s'.%s", text, hint(parser, text, false));
}

Node *capo_custom_tag_compile(Parser *parser, const Token *token, const TemplateTag *tag);

static Node *compile_tag(Parser *parser, const Token *token, const char *const *until)
{
    size_t size = 0;
    while (size < token->size && (unsigned char)token->text[size] > ' ')
        size++;
    char *name = capo_strndup(token->text, size);
    for (LoadedTag *row = parser->tags; row; row = row->next)
        if (strcmp(row->name, name) == 0)
            return row->builtin ? row->builtin->compile(parser, token) : capo_custom_tag_compile(parser, token, row->custom);
    for (size_t i = 0; i < COUNT(builtin_tags); i++)
        for (const BuiltinTag *row = builtin_tags[i]; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row->compile(parser, token);
    if (until) {
        Buffer wanted = { 0 };
        for (size_t i = 0; until[i]; i++)
            capo_put_format(&wanted, "%s'%s'", i ? " or " : "", until[i]);
        capo_parse_fail(parser, "There is no tag '%s'; here %s could come.%s", name, capo_buffer_text(&wanted), hint(parser, name, true));
    }
    capo_parse_fail(parser, "There is no tag '%s'.%s", name, hint(parser, name, true));
}

/* --- parsing ---------------------------------------------------------------------------------------------------------------- */

static void render_text(const Node *node, Context *context, Buffer *out)
{
    (void)context;
    const TextNode *text = (const TextNode *)node;
    capo_put_bytes(out, text->text, text->size);
}

static void render_variable(const Node *node, Context *context, Buffer *out)
{
    const VariableNode *variable = (const VariableNode *)node;
    Value value = capo_expression_resolve(variable->expression, context, false);
    if (value.kind == VALUE_TEXT && context->autoescape)
        capo_put_escaped(out, value.text, value.size);
    else
        capo_context_print(context, value, out);
}

void capo_nodes_render(const Node *node, Context *context, Buffer *out)
{
    capo_stack_check(8 * 1024, "a template");
    for (; node; node = node->next) {
        context->at = node;
        node->render(node, context, out);
    }
}

Node *capo_parse(Parser *parser, const char *const *until, const Token *opening)
{
    Node *first = NULL, **last = &first;
    Token tag = parser->tag;
    if (++parser->depth > MAX_NESTING)
        capo_parse_fail(parser, "Tags are nested more than %d deep.", MAX_NESTING);
    for (;;) {
        capo_lexer_next(parser);
        Token token = parser->token;
        Node *node = NULL;
        if (token.kind == TOKEN_END)
            break;
        parser->tag = token;
        if (token.kind != TOKEN_TEXT && memchr(token.text, 0, token.size))
            capo_parse_fail(parser, "A tag has a NUL byte in it.");
        if (token.kind == TOKEN_TEXT) {
            TextNode *text = NODE(parser, TextNode, render_text);
            text->text = token.text;
            text->size = token.size;
            node = &text->node;
        } else if (token.kind == TOKEN_VARIABLE) {
            if (token.size == 0)
                capo_parse_fail(parser, "Empty variable tag {{ }}.");
            parser->seen_node = true;
            VariableNode *variable = NODE(parser, VariableNode, render_variable);
            variable->expression = capo_expression_compile(parser, token.text);
            node = &variable->node;
        } else {
            if (token.size == 0)
                capo_parse_fail(parser, "Empty block tag {%% %%}.");
            for (size_t i = 0; until && until[i]; i++)
                if (capo_token_is(&token, until[i])) {
                    parser->depth--;
                    parser->tag = tag;
                    return first;
                }
            node = compile_tag(parser, &token, until);
            parser->seen_node = true;
        }
        if (!node)
            continue;
        *last = node;
        while (*last)
            last = &(*last)->next;
    }
    if (until)
        fail_unclosed(parser, opening, until);
    parser->depth--;
    return first;
}

Node *capo_parse_until(Parser *parser, const char *end, const Token *opening)
{
    const char *const until[] = { end, NULL };
    return capo_parse(parser, until, opening);
}

void capo_skip_past(Parser *parser, const char *end, const Token *opening)
{
    for (;;) {
        capo_lexer_next(parser);
        if (parser->token.kind == TOKEN_END)
            fail_unclosed(parser, opening, (const char *const[]){ end, NULL });
        if (parser->token.kind == TOKEN_BLOCK && strcmp(parser->token.text, end) == 0)
            return;
    }
}

/* --- arguments ---------------------------------------------------------------------------------------------------------------- */

static bool is_word_text(const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    while (at < end)
        if (!capo_is_word(capo_utf8_next(&at, end)))
            return false;
    return size > 0;
}

const char *capo_split_named(Parser *parser, const char *bit, const char **ret_value)
{
    const char *equals = strchr(bit, '=');
    if (!equals || !equals[1] || !is_word_text(bit, (size_t)(equals - bit)))
        return NULL;
    *ret_value = equals + 1;
    return capo_parse_strndup(parser, bit, (size_t)(equals - bit));
}

NamedExpression *capo_named_arguments(Parser *parser, char **bits, size_t count, size_t *at, bool legacy, size_t *ret_count)
{
    NamedExpression *result = capo_parse_alloc(parser, (count - *at + 1) * sizeof *result);
    size_t n = 0;
    const char *value;
    if (*at >= count)
        goto done;
    if (capo_split_named(parser, bits[*at], &value)) {
        legacy = false;
    } else if (!legacy || count - *at < 3 || strcmp(bits[*at + 1], "as") != 0) {
        goto done;
    }
    while (*at < count) {
        const char *name;
        if (legacy) {
            if (count - *at < 3 || strcmp(bits[*at + 1], "as") != 0)
                break;
            name = bits[*at + 2];
            value = bits[*at];
            *at += 3;
        } else {
            name = capo_split_named(parser, bits[*at], &value);
            if (!name)
                break;
            (*at)++;
        }
        size_t size = strlen(name);
        size_t slot = 0;
        while (slot < n && strcmp(result[slot].name, name) != 0)
            slot++;
        result[slot] = (NamedExpression){ .name = name, .size = (uint32_t)size, .hash = capo_name_hash(name, size),
                                          .expression = capo_expression_compile(parser, value) };
        if (slot == n)
            n++;
        if (legacy && *at < count) {
            if (strcmp(bits[*at], "and") != 0)
                break;
            (*at)++;
        }
    }
done:
    *ret_count = n;
    return result;
}
