/* SPDX-License-Identifier: BSD-3-Clause */
/* {% csp_nonce_attr %} and {% csp_nonce_attr form.media %}: the attribute nonce="…" of inline scripts and styles under a
 * Content-Security-Policy, of Django 6.1. Where no policy is in force there is no csp_nonce, and nothing is printed. */
#include "nodes.h"
#include <string.h>
#include <strings.h>

typedef struct NonceNode { Node node; Expression *media; } NonceNode;

static void put_attribute(Buffer *out, Value nonce)
{
    Value text = capo_value_to_text(nonce);
    capo_put(out, "nonce=\"");
    capo_put_escaped(out, text.text, text.size);
    capo_put(out, "\"");
}

/* Bytes of the name of a tag that loads or holds a script or style, at '<'; 0: another one. */
static size_t loading_tag(const char *at, const char *end)
{
    static const char *const names[] = { "script", "link", "style" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i]);
        if ((size_t)(end - at) > size + 1 && strncasecmp(at + 1, names[i], size) == 0 && strchr(" \t\r\n\f/>", at[size + 1]))
            return size + 1;
    }
    return 0;
}

static void put_media(Buffer *out, Value html, Value nonce)
{
    const char *at = html.text, *end = at + html.size;
    while (at < end) {
        const char *open = memchr(at, '<', (size_t)(end - at));
        size_t size = open ? loading_tag(open, end) : 0, taken = open ? (size_t)(open - at) + (size ? size : 1) : (size_t)(end - at);
        capo_put_bytes(out, at, taken);
        at += taken;
        if (!size)
            continue;
        capo_put(out, " ");
        put_attribute(out, nonce);
    }
}

static void render_nonce(const Node *node, Context *context, Buffer *out)
{
    const NonceNode *about = (const NonceNode *)node;
    Value nonce;
    bool there = capo_context_get(context, "csp_nonce", &nonce) && nonce.kind != VALUE_NULL && !(capo_is_text(nonce) && nonce.size == 0);
    if (!about->media) {
        if (there)
            put_attribute(out, nonce);
        return;
    }
    Buffer html = { 0 };
    capo_expression_print(about->media, context, &html);
    if (there)
        put_media(out, capo_buffer_value(&html, true), nonce);
    else
        capo_put_bytes(out, html.data, html.size);
}

static Node *compile_nonce(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count > 2)
        capo_parse_fail(parser, "'%s' takes at most one argument, the media: {%% %s form.media %%}", bits[0], bits[0]);
    NonceNode *node = NODE(parser, NonceNode, render_nonce);
    node->media = count == 2 ? capo_expression_compile(parser, bits[1]) : NULL;
    return &node->node;
}

const BuiltinTag capo_csp_tags[] = { { "csp_nonce_attr", compile_nonce }, { 0 } };
