/* SPDX-License-Identifier: BSD-3-Clause */
/* {% cache 500 sidebar request.user.pk %}…{% endcache %}: a fragment is rendered once and kept for some seconds, by its name and
 * the values that it varies on.
 *
 * The fragments are this worker's own, at most MAX_FRAGMENTS and MAX_BYTES; the oldest go first. */
#include "nodes.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_FRAGMENTS = 512, MAX_BYTES = 4 * 1024 * 1024 };

typedef struct Fragment {
    struct Fragment *next;
    char *key, *text;
    size_t key_size, size;
    int64_t expires_us;             /* monotonic */
} Fragment;
static Fragment *newest;
static size_t n_fragments, n_bytes;

static void remove_fragment(Fragment **link)
{
    Fragment *fragment = *link;
    *link = fragment->next;
    n_fragments--;
    n_bytes -= fragment->size + fragment->key_size;
    free(fragment->key);
    free(fragment->text);
    free(fragment);
}

void capo_template_fragments_clear(void)
{
    while (newest)
        remove_fragment(&newest);
}

static const Fragment *find_fragment(const Buffer *key)
{
    int64_t now = capo_monotonic_us();
    for (Fragment **link = &newest; *link;) {
        if ((*link)->expires_us <= now)
            remove_fragment(link);
        else if ((*link)->key_size == key->size && memcmp((*link)->key, key->data, key->size) == 0)
            return *link;
        else
            link = &(*link)->next;
    }
    return NULL;
}

static void keep_fragment(const Buffer *key, const char *text, size_t size, int64_t seconds)
{
    if (size + key->size > MAX_BYTES / 8)
        return;
    Fragment *fragment = calloc(1, sizeof *fragment);
    char *key_copy = malloc(key->size + 1), *text_copy = malloc(size + 1);
    if (!fragment || !key_copy || !text_copy) {
        free(fragment);
        free(key_copy);
        free(text_copy);
        return;
    }
    memcpy(key_copy, key->data, key->size);
    memcpy(text_copy, text, size);
    if (seconds > 10LL * 365 * 86400)
        seconds = 10LL * 365 * 86400;
    *fragment = (Fragment){ newest, key_copy, text_copy, key->size, size, capo_monotonic_us() + seconds * 1000000 };
    newest = fragment;
    n_fragments++;
    n_bytes += size + key->size;
    while (n_fragments > MAX_FRAGMENTS || n_bytes > MAX_BYTES) {
        Fragment **last = &newest;
        while ((*last)->next)
            last = &(*last)->next;
        remove_fragment(last);
    }
}

typedef struct CacheNode { Node node; Node *body; Expression *expires, *using; const char *name; Expression **vary; size_t n_vary; } CacheNode;

static void render_cache(const Node *node, Context *context, Buffer *out)
{
    const CacheNode *cache = (const CacheNode *)node;
    Value expires = capo_expression_resolve(cache->expires, context, false);
    int64_t seconds = INT64_MAX / 4000000;
    if (expires.kind != VALUE_NULL && !capo_to_int(expires, &seconds))
        capo_template_fail(context->template, (int)node->line, (int)node->column, "\"cache\" tag got a non-integer timeout value: %s",
                           capo_to_text(expires));
    const char *using = cache->using ? capo_to_text(capo_expression_resolve(cache->using, context, false)) : "default";
    if (strcmp(using, "default") != 0 && strcmp(using, "template_fragments") != 0)
        capo_template_fail(context->template, (int)node->line, (int)node->column, "Invalid cache name specified for cache tag: '%s'", using);
    Buffer key = { 0 };
    capo_put_bytes(&key, cache->name, strlen(cache->name) + 1);
    for (size_t i = 0; i < cache->n_vary; i++) {
        Value value = capo_value_to_text(capo_expression_resolve(cache->vary[i], context, false));
        capo_put_format(&key, "%u:", value.size);       /* sized, so that ("a", "bc") is not ("ab", "c") */
        capo_put_bytes(&key, value.text, value.size);
    }
    const Fragment *known = find_fragment(&key);
    if (known) {
        capo_put_bytes(out, known->text, known->size);
        return;
    }
    size_t start = out->size;
    capo_nodes_render(cache->body, context, out);
    if (seconds > 0)
        keep_fragment(&key, out->data ? out->data + start : "", out->size - start, seconds);
}

static Node *compile_cache(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    CacheNode *node = NODE(parser, CacheNode, render_cache);
    node->body = capo_parse_until(parser, "endcache", &opening);
    if (count < 3)
        capo_parse_fail(parser, "'%s' tag requires at least 2 arguments.", bits[0]);
    if (count > 3 && capo_starts_with(bits[count - 1], "using="))
        node->using = capo_expression_compile(parser, bits[--count] + strlen("using="));
    node->expires = capo_expression_compile(parser, bits[1]);
    node->name = bits[2];
    node->vary = capo_parse_alloc(parser, count * sizeof *node->vary);
    for (size_t i = 3; i < count; i++)
        node->vary[node->n_vary++] = capo_expression_compile(parser, bits[i]);
    return &node->node;
}

const BuiltinTag capo_cache_tags[] = { { "cache", compile_cache }, { 0 } };
