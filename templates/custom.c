/* SPDX-License-Identifier: BSD-3-Clause */
/* An app's own tags: simple, inclusion and block tags by their rows. */
#include "nodes.h"
#include <string.h>

typedef struct CustomNode {
    Node node;
    const TemplateTag *tag;
    NamedExpression *positional, *named;
    size_t n_positional, n_named;
    const char *as;
    Node *body;
} CustomNode;

Value capo_tag_argument(const TagArguments *arguments, const char *name, size_t position)
{
    for (size_t i = 0; i < arguments->n_named; i++)
        if (strcmp(arguments->named[i].name, name) == 0)
            return arguments->named[i].value;
    if (position < arguments->count)
        return arguments->positional[position];
    return (Value){ .kind = VALUE_NULL, .flags = VALUE_FLAG_MISSING };
}

static TagArguments resolve_arguments(const CustomNode *node, Context *context)
{
    Value *positional = capo_alloc_array(node->n_positional + 1, sizeof *positional);
    Var *named = capo_alloc_array(node->n_named + 1, sizeof *named);
    for (size_t i = 0; i < node->n_positional; i++)
        positional[i] = capo_expression_resolve(node->positional[i].expression, context, false);
    for (size_t i = 0; i < node->n_named; i++)
        named[i] = (Var){ node->named[i].name, capo_expression_resolve(node->named[i].expression, context, false) };
    return (TagArguments){ .positional = positional, .count = node->n_positional, .named = named, .n_named = node->n_named };
}

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
    TagArguments arguments = resolve_arguments(node, context);
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
    if (node->as) {
        capo_context_set(context, node->as, value);
    } else if (value.kind == VALUE_OBJECT || capo_is_text(value)) {
        capo_context_print(context, value, out);
    } else {
        Value text = capo_value_to_text(value);     /* a simple tag's value is str(), not localised */
        capo_context_print(context, text, out);
    }
}

Node *capo_custom_tag_compile(Parser *parser, const Token *token, const TemplateTag *tag)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    CustomNode *node = NODE(parser, CustomNode, render_custom);
    node->tag = tag;
    if (!tag->inclusion && count >= 3 && strcmp(bits[count - 2], "as") == 0) {
        node->as = bits[count - 1];
        count -= 2;
    }
    node->positional = capo_parse_alloc(parser, count * sizeof *node->positional);
    node->named = capo_parse_alloc(parser, count * sizeof *node->named);
    for (size_t i = 1; i < count; i++) {
        const char *value = bits[i], *name = capo_split_named(parser, bits[i], &value);
        Expression *expression = capo_expression_compile(parser, value);
        for (size_t k = 0; name && k < node->n_named; k++)
            if (strcmp(node->named[k].name, name) == 0)
                capo_parse_fail(parser, "'%s' received multiple values for keyword argument '%s'", tag->name, name);
        if (name)
            node->named[node->n_named++] = (NamedExpression){ .name = name, .expression = expression };
        else if (node->n_named)
            capo_parse_fail(parser, "'%s' received some positional argument(s) after some keyword argument(s)", tag->name);
        else
            node->positional[node->n_positional++] = (NamedExpression){ .name = "", .expression = expression };
    }
    if (tag->block)
        node->body = capo_parse_until(parser, capo_format("end%s", tag->name), &opening);
    return &node->node;
}
