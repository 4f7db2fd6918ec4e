/* SPDX-License-Identifier: BSD-3-Clause */
/* {% cache 500 sidebar request.user.pk using="pages" %}…{% endcache %}: a fragment is rendered once and kept for some seconds, by its
 * name and the values that it varies on, under Django's key.
 *
 * One fiber of the worker renders it, and others that need it meanwhile wait. What raises is not kept; nor is a fragment that holds
 * a CSRF token or a nonce, which is one visitor's own. */
#include "nodes.h"
#include <capo/cache.h>
#include <capo/web.h>
#include "../core/cache/cache_internal.h"
#include <math.h>
#include <string.h>

static const char *usual_cache(void)
{
    return capo_cache_exists("template_fragments") ? "template_fragments" : "default";
}

void capo_template_fragments_clear(void)
{
    capo_cache_clear(.using = usual_cache());
}

char *capo_template_fragment_key_of(const char *name, const Value *vary, size_t count)
{
    Buffer parts = { 0 };
    char hex[33];
    for (size_t i = 0; i < count; i++) {
        capo_put_value(&parts, vary[i]);
        capo_put_char(&parts, ':');
    }
    capo_md5_hex(capo_buffer_text(&parts), parts.size, hex);
    return capo_format("template.cache.%s.%s", name, hex);
}

typedef struct CacheNode { Node node; Node *body; Expression *expires, *using; const char *name; Expression **vary; size_t n_vary; } CacheNode;

typedef struct Fragment { const CacheNode *cache; Context *context; const char *key; int64_t timeout; const CacheOptions *options; } Fragment;

static _Noreturn void fail(const CacheNode *cache, const Context *context, const char *what, Value value)
{
    Buffer shown = { 0 };
    capo_put_repr(&shown, value);
    capo_template_fail(context->template, (int)cache->node.line, (int)cache->node.column, "%s: %s", what, capo_buffer_text(&shown));
}

/* Python's int() of it; None is for ever. */
static int64_t timeout_of(const CacheNode *cache, Context *context)
{
    Value value = capo_expression_resolve(cache->expires, context, false);
    int64_t seconds;
    double real;
    if (value.kind == VALUE_NULL)
        return CACHE_FOREVER;
    if (capo_to_int(value, &seconds))
        return seconds;
    if ((value.kind == VALUE_REAL || value.kind == VALUE_DECIMAL) && capo_to_real(value, &real) && isfinite(real))
        return fabs(real) < 9e18 ? (int64_t)real : real < 0 ? 0 : CACHE_FOREVER;
    fail(cache, context, "\"cache\" tag got a non-integer timeout value", value);
}

/* As FlightWork: the fragment, packed. */
static bool render_fragment(void *argument, Buffer *ret)
{
    Fragment *job = argument;
    Request *req = job->context->request;
    unsigned tokens = req ? capo_csrf_tokens(req) : 0;
    Buffer text = { 0 };
    capo_nodes_render(job->cache->body, job->context, &text);
    cache_pack(ret, capo_value_safe_n(capo_buffer_text(&text), text.size));
    if (req && capo_csrf_tokens(req) != tokens) {
        capo_warn("{%% cache … %s %%} in %s holds a CSRF token or a nonce, which is one visitor's own: the fragment is not kept.", job->cache->name,
                  job->context->template->name);
        return false;
    }
    cache_set_packed(job->key, ret->data, ret->size, job->timeout, job->options);
    return job->timeout > 0;
}

static void put_packed(Buffer *out, const void *bytes, size_t size)
{
    Value text;
    if (cache_unpack(bytes, size, &text) && capo_is_text(text))
        capo_put_bytes(out, text.text, text.size);
}

static void render_cache(const Node *node, Context *context, Buffer *out)
{
    const CacheNode *cache = (const CacheNode *)node;
    CacheOptions options = { .using = usual_cache() };
    int64_t timeout = timeout_of(cache, context);
    if (cache->using) {
        Value name = capo_expression_resolve(cache->using, context, false);
        options.using = capo_is_text(name) ? name.text : "";
        if (!capo_cache_exists(options.using))
            fail(cache, context, "Invalid cache name specified for cache tag", name);
    }
    Value *vary = capo_alloc_array(cache->n_vary, sizeof *vary);
    for (size_t i = 0; i < cache->n_vary; i++)
        vary[i] = capo_expression_resolve(cache->vary[i], context, false);
    Fragment job = { cache, context, capo_template_fragment_key_of(cache->name, vary, cache->n_vary), timeout, &options };
    size_t size;
    const char *known = capo_cache_get_text_with(job.key, &size, &options);
    if (known) {
        capo_put_bytes(out, known, size);
        return;
    }
    Buffer packed = { 0 };
    if (timeout <= 0 || cache_keeps_nothing(&options) ||
        cache_flight(cache_flight_name(job.key, &options), render_fragment, &job, &packed) == FLIGHT_NOTHING)
        render_fragment(&job, &packed);
    put_packed(out, packed.data, packed.size);
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
