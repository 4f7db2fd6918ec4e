/* SPDX-License-Identifier: BSD-3-Clause */
/* An app's own tags, by their rows: simple, inclusion and block tags, whose arguments are checked against the row when the template is
 * compiled (tag_arguments.c); and the parser as tags of their own syntax see it. */
#include "tag_arguments.h"
#include <string.h>

typedef struct CustomNode {
    Node node;
    const TemplateTag *tag;
    TagSignature *signature;
    TagCall *call;
    const char *as;
    Node *body;
} CustomNode;

static void render_inclusion(const CustomNode *node, Context *context, const TagArguments *arguments, Buffer *out)
{
    Map *variables = node->tag->inclusion(context, arguments);
    const Template *template = capo_template_get((Engine *)context->engine, node->tag->template);
    Value token;
    bool has_token = capo_context_get(context, "csrf_token", &token);
    uint32_t base = context->base;
    capo_context_push(context);
    context->base = context->count;
    if (has_token)
        capo_context_set(context, "csrf_token", token);
    for (size_t i = 0; variables && i < variables->count; i++)
        if (capo_is_text(variables->entries[i].key))
            capo_context_set(context, variables->entries[i].key.text, variables->entries[i].value);
    capo_template_nest(template, context, out, true);
    context->base = base;
    capo_context_pop(context);
}

static void render_custom(const Node *base, Context *context, Buffer *out)
{
    const CustomNode *node = (const CustomNode *)base;
    TagArguments arguments = tag_call_resolve(node->signature, node->call, context);
    arguments.tag = node->tag;
    if (node->tag->inclusion) {
        render_inclusion(node, context, &arguments, out);
        return;
    }
    Value value;
    if (node->tag->block) {
        Buffer content = { 0 };
        capo_context_push(context);
        capo_nodes_render(node->body, context, &content);
        capo_context_pop(context);
        value = node->tag->block(context, &arguments, capo_buffer_value(&content, true));
    } else {
        value = node->tag->simple(context, &arguments);
    }
    if (node->as)
        capo_context_set(context, node->as, value);
    else if (value.kind == VALUE_OBJECT || capo_is_text(value))
        capo_context_print(context, value, out);
    else
        capo_context_print(context, capo_value_to_text(value), out);       /* a simple tag's value is str(), not localised */
}

static void check_row(Parser *parser, const TemplateTag *tag)
{
    int kinds = (tag->simple != NULL) + (tag->inclusion != NULL) + (tag->block != NULL) + (tag->compile != NULL);
    if (kinds != 1)
        capo_parse_fail(parser, "The row of the tag '%s' needs one of .simple, .inclusion, .block and .compile; it has %d of them.", tag->name, kinds);
    if (tag->inclusion && !tag->template)
        capo_parse_fail(parser, "The row of the inclusion tag '%s' has no .template.", tag->name);
}

Node *capo_custom_tag_compile(Parser *parser, const Token *token, const TemplateTag *tag)
{
    check_row(parser, tag);
    if (tag->compile) {
        parser->token = *token;
        Node *node = tag->compile(parser);
        if (!node)
            return NULL;
        node->line = token->line;
        node->column = token->column;
        return node;
    }
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    CustomNode *node = NODE(parser, CustomNode, render_custom);
    node->tag = tag;
    if (!tag->inclusion && count >= 3 && strcmp(bits[count - 2], "as") == 0) {
        node->as = bits[count - 1];
        count -= 2;
    }
    node->signature = tag_signature_parse(parser, tag);
    node->call = tag_call_compile(parser, tag, node->signature, bits + 1, count - 1);
    if (tag->block)
        node->body = capo_parse_until(parser, tag->end ? tag->end : capo_format("end%s", tag->name), &opening);
    return &node->node;
}

/* --- the parser as tags see it ------------------------------------------------------------------------------------------------- */

typedef struct DataNode {
    Node node;
    void (*print)(const void *data, Context *context, Buffer *out);
    const void *data;
} DataNode;

static void render_data(const Node *node, Context *context, Buffer *out)
{
    const DataNode *own = (const DataNode *)node;
    own->print(own->data, context, out);
}

TemplateNode *capo_tag_node(TemplateParser *parser, void (*render)(const void *data, Context *context, Buffer *out), const void *data)
{
    DataNode *node = NODE(parser, DataNode, render_data);
    node->print = render;
    node->data = data;
    return &node->node;
}

char **capo_tag_words(TemplateParser *parser, size_t *ret_count)
{
    return capo_split_contents(parser, &parser->token, ret_count);
}

void *capo_tag_alloc(TemplateParser *parser, size_t size)
{
    return capo_parse_alloc(parser, size);
}

TemplateExpression *capo_tag_expression(TemplateParser *parser, const char *word)
{
    return capo_expression_compile(parser, word);
}

TemplateNode *capo_tag_body(TemplateParser *parser, const char *const *ends)
{
    /* the tag that compiles is what a missing end is blamed on, also behind its {% else %} */
    Token opening = parser->tag;
    return capo_parse(parser, ends, &opening);
}

const char *capo_tag_raw_body(TemplateParser *parser, const char *end)
{
    Token opening = parser->tag;
    const char *start = parser->at, *stop = start;
    for (;;) {
        stop = parser->at;
        capo_lexer_next(parser);
        if (parser->token.kind == TOKEN_END)
            capo_tag_fail(parser, "The tag '%.*s' is never closed: looked for '%s'.", (int)strcspn(opening.text, " "), opening.text, end);
        if (capo_token_is(&parser->token, end))
            return capo_parse_strndup(parser, start, (size_t)(stop - start));
    }
}

void capo_tag_fail(TemplateParser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = capo_vformat(format, args);
    va_end(args);
    capo_parse_fail(parser, "%s", message);
}

Value capo_tag_evaluate(const TemplateExpression *expression, Context *context)
{
    Value value = capo_expression_resolve(expression, context, true);
    if (value.kind == VALUE_NULL && expression->operand.parts && expression->n_filters == 0) {
        Value there;
        if (!capo_variable_resolve(&expression->operand, context, &there))
            value.flags |= VALUE_FLAG_MISSING;
    }
    return value;
}

typedef struct Body { const Node *nodes; Context *context; Buffer *out; } Body;

static void render_body(void *argument)
{
    const Body *body = argument;
    capo_nodes_render(body->nodes, body->context, body->out);
}

void capo_tag_render(const TemplateNode *body, Context *context, Buffer *out)
{
    capo_context_guarded(context, render_body, &(Body){ body, context, out });
}

void capo_tag_print(Context *context, Value value, Buffer *out)
{
    capo_context_print(context, value, out);
}
