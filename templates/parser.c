/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens to nodes: text, variables, and tags by their tables; which tags and filters a template has loaded; errors with the
 * template's name, line and column. */
#include "engine.h"
#include <capo/web.h>
#include <string.h>

const BuiltinTag *const capo_builtin_tags[] = { capo_logic_tags, capo_inherit_tags, capo_output_tags, capo_csp_tags, NULL };
const Filter *const capo_builtin_filters[] = { capo_text_filters, capo_html_filters, capo_list_filters, capo_number_filters,
                                                 capo_date_filters, NULL };

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
    TemplatePlace *detail = capo_alloc_struct(TemplatePlace);
    *detail = (TemplatePlace){ .name = capo_strdup(template->name), .path = capo_strdup(template->path), .line = line, .column = column,
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

/* --- tags and filters by name ---------------------------------------------------------------------------------------------- */

const Filter *capo_parser_filter(Parser *parser, const char *name, size_t size)
{
    for (LoadedFilter *row = parser->filters; row; row = row->next)
        if (strlen(row->filter.name) == size && memcmp(row->filter.name, name, size) == 0)
            return &row->filter;
    for (size_t i = 0; capo_builtin_filters[i]; i++)
        for (const Filter *row = capo_builtin_filters[i]; row->name; row++)
            if (strlen(row->name) == size && memcmp(row->name, name, size) == 0)
                return row;
    char *text = capo_strndup(name, size);
    capo_parse_fail(parser, "There is no filter '%s'.%s", text, capo_parser_hint(parser, text, false));
}

static Node *compile_tag(Parser *parser, const Token *token, const char *const *until)
{
    /* the first word, as capo_split_contents divides words: a control character is part of it */
    const char *at = token->text, *end = at + token->size, *next = at;
    while (at < end && !capo_is_space(capo_utf8_next(&next, end)))
        at = next;
    char *name = capo_strndup(token->text, (size_t)(at - token->text));
    for (LoadedTag *row = parser->tags; row; row = row->next)
        if (strcmp(row->name, name) == 0)
            return row->builtin ? row->builtin->compile(parser, token) : capo_custom_tag_compile(parser, token, row->custom);
    for (size_t i = 0; capo_builtin_tags[i]; i++)
        for (const BuiltinTag *row = capo_builtin_tags[i]; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row->compile(parser, token);
    if (until) {
        Buffer wanted = { 0 };
        for (size_t i = 0; until[i]; i++)
            capo_put_format(&wanted, "%s'%s'", i ? " or " : "", until[i]);
        capo_parse_fail(parser, "There is no tag '%s'; here %s could come.%s", name, capo_buffer_text(&wanted), capo_parser_hint(parser, name, true));
    }
    if (capo_starts_with(name, "end") || strcmp(name, "else") == 0 || strcmp(name, "elif") == 0 || strcmp(name, "empty") == 0)
        capo_parse_fail(parser, "The tag '%s' closes nothing: no tag is open that it could belong to.", name);
    capo_parse_fail(parser, "There is no tag '%s'.%s", name, capo_parser_hint(parser, name, true));
}

/* --- parsing ---------------------------------------------------------------------------------------------------------------- */

static void render_text(const Node *node, Context *context, Buffer *out)
{
    (void)context;
    const TextNode *text = (const TextNode *)node;
    capo_put_bytes(out, text->text, text->size);
}

/* Whether its filters are ours and their arguments constants: then all that they allocate is scratch, once the text is put. */
static bool only_scratch(const Expression *expression)
{
    for (uint32_t i = 0; i < expression->n_filters; i++) {
        const FilterCall *call = &expression->filters[i];
        if (call->filter->custom || (call->has_argument && (call->argument.parts || call->argument.translated)))
            return false;
    }
    return true;
}

/* In a page that is streamed: what filters and formats allocate over a plain value is taken back at once. What a look-up allocates is
 * not, since objects keep what they looked up. */
static bool render_in_scratch(const Expression *expression, Context *context, Buffer *out)
{
    Value value;
    if (!expression->operand.parts || !only_scratch(expression) || !capo_variable_resolve(&expression->operand, context, &value) ||
        value.kind == VALUE_LIST || value.kind == VALUE_MAP || value.kind == VALUE_OBJECT)
        return false;
    Expression rest = { .operand = { .literal = value, .text = expression->operand.text }, .filters = expression->filters,
                        .n_filters = expression->n_filters, .source = expression->source };
    ArenaPoint point = arena_point(capo_arena());
    const Buffer before = *out;
    capo_expression_print(&rest, context, out);
    if (out->data == before.data && out->capacity == before.capacity)       /* it may have grown in place */
        arena_rewind(capo_arena(), point);
    return true;
}

static void render_variable(const Node *node, Context *context, Buffer *out)
{
    const VariableNode *variable = (const VariableNode *)node;
    if (__builtin_expect(context->stream != NULL, 0) && render_in_scratch(variable->expression, context, out))
        return;
    capo_expression_print(variable->expression, context, out);
}

void capo_nodes_render(const Node *node, Context *context, Buffer *out)
{
    capo_stack_check(24 * 1024, "a template");      /* with room to raise */
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
