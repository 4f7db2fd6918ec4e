/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole answers from the cache: a route's .cache_seconds, capo_cache_page, and capo_cache_middleware for all routes.
 *
 * Two entries for an address: which headers of a request its answers vary on, and, under the values of those, an answer. What is in
 * the key: scheme, host, path and query as they came, time zone, language. What makes an answer one visitor's own is seen where it
 * happens (RequestInternal.personal), not only in headers. */
#include "web_internal.h"
#include "../cache/cache_internal.h"
#include <capo/i18n.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { MAX_VARY = 32 };

typedef struct Page {
    Request *req;
    int64_t seconds;                    /* -1: what the answer's max-age says, else the middleware's */
    const char *address;                /* hash of what the address is made of */
    CacheOptions cache;
    Response *(*make)(struct Page *page);
    View *view;
    const Next *next;
    Response *res;
} Page;

static char *hash_of(const Buffer *parts)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char *hex = capo_alloc(2 * sizeof hash + 1);
    crypto_hash_sha256(hash, (const uint8_t *)(parts->data ? parts->data : ""), parts->size);
    return sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}

/* --- keys --- */

static const char *address_of(Request *req, const char *prefix)
{
    Buffer parts = { 0 };
    capo_put_format(&parts, "%s\n%s\n%s\n%s", prefix ? prefix : "", capo_time_zone_name(capo_current_time_zone()), capo_language(),
                    capo_absolute_uri(req, NULL));
    return hash_of(&parts);
}

/* One line for each header of the list, so that no two sets of values look the same. */
static char *page_key(Page *page, Value names)
{
    Buffer parts = { 0 };
    for (size_t i = 0; i < names.list->count; i++) {
        const char *name = capo_to_text(names.list->items[i]), *value = capo_header(page->req, name);
        capo_put_format(&parts, "%s%s%s\n", name, value ? ": " : "", value ? value : "");
    }
    return capo_format("capo.page.%s.%s", page->address, hash_of(&parts));
}

static char *names_key(const Page *page)
{
    return capo_format("capo.page.%s", page->address);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Value *)a)->text, ((const Value *)b)->text);
}

/* The names in Vary, in lower case and in order; false: it varies on everything. */
static bool names_of(const Response *res, Value *ret)
{
    const char *vary = capo_get_header(res, "Vary");
    List *names = capo_list_new();
    size_t count;
    for (char **part = capo_split(vary ? vary : "", ',', &count); *part; part++) {
        char *name = capo_lower(capo_strip(*part));
        if (strcmp(name, "*") == 0)
            return false;
        if (*name)
            capo_list_add(names, VALUE(name));
    }
    if (names->count > 1)
        qsort(names->items, names->count, sizeof(Value), by_name);
    *ret = capo_value_list(names);
    return names->count <= MAX_VARY;
}

/* --- what may be kept --- */

/* RFC 9111, 3; and what is one visitor's own. */
static bool may_be_kept(Page *page)
{
    Request *req = page->req;
    const Response *res = page->res;
    const ResponseInternal *internal = res->internal;
    if (res->status != 200 || internal->stream || internal->file || internal->close || capo_get_header(res, "Set-Cookie") ||
        capo_get_header(res, "Content-Range"))
        return false;
    if (capo_has_cache_directive(res, "private") || capo_has_cache_directive(res, "no-store") || capo_has_cache_directive(res, "no-cache"))
        return false;
    return req->internal->personal == PERSONAL_NO || (req->internal->personal == PERSONAL_READ && !capo_header(req, "Cookie"));
}

static int64_t seconds_of(const Page *page)
{
    int64_t own = capo_max_age(page->res), usual = capo_settings()->cache_middleware_seconds;
    if (page->seconds >= 0)
        return own >= 0 && own < page->seconds ? own : page->seconds;
    return own >= 0 ? own : usual;
}

static Value pack_page(const Response *res)
{
    const struct QueryItem *items;
    size_t count = capo_response_headers(res, &items);
    List *headers = capo_list_new();
    for (size_t i = 0; i < count; i++) {
        capo_list_add(headers, VALUE(items[i].key));
        capo_list_add(headers, VALUE(items[i].value));
    }
    return VALUE(capo_map(V("headers", headers), V("made", capo_now()), { "body", capo_value_bytes(res->body.data ? res->body.data : "", res->body.size) }));
}

/* NULL: it is not what pack_page made. */
static Response *unpack_page(Value packed)
{
    Map *map = packed.kind == VALUE_MAP ? packed.map : NULL;
    Value *headers = capo_map_get(map, "headers"), *body = capo_map_get(map, "body"), *made = capo_map_get(map, "made");
    if (!headers || headers->kind != VALUE_LIST || !body || body->kind != VALUE_BYTES || !made || made->kind != VALUE_DATETIME)
        return NULL;
    Response *res = capo_response(200, NULL);
    for (size_t i = 0; i + 1 < headers->list->count; i += 2)
        capo_add_header(res, capo_to_text(headers->list->items[i]), capo_to_text(headers->list->items[i + 1]));
    /* the bytes are this request's copy: they become the body as they are */
    res->body = (Buffer){ .data = (char *)body->text, .size = body->size, .capacity = (size_t)body->size + 1 };
    int64_t age = (capo_now().microseconds - made->datetime.microseconds) / 1000000;
    capo_set_header(res, "Age", capo_format("%lld", (long long)(age > 0 ? age : 0)));
    return res;
}

/* --- making and keeping --- */

/* As FlightWork: the answer itself is in page->res; packed for others where it may be kept. */
static bool make_page(void *argument, Buffer *ret)
{
    Page *page = argument;
    Value names;
    page->res = page->make(page);
    Response *res = page->res;
    if (page->req->internal->personal != PERSONAL_NO)
        capo_vary(res, "Cookie");
    if (!may_be_kept(page) || !names_of(res, &names))
        return false;
    int64_t seconds = seconds_of(page);
    if (seconds <= 0)
        return false;
    capo_cache_for(res, seconds);
    if (page->req->internal->personal != PERSONAL_NO)
        capo_cache_control(res, "private");          /* for this cache alone, not for those on the way */
    if (page->req->method == HEAD)
        return false;                   /* its view may have left the body out */
    cache_pack(ret, pack_page(res));
    /* The names live longer: at the expiry of the answer it is known that one may be waited for. */
    capo_cache_set_with(names_key(page), names, seconds * 2 + 60, &page->cache);
    cache_set_packed(page_key(page, names), ret->data, ret->size, seconds, &page->cache);
    return true;
}

static Response *from_cache(Page *page, const char *key)
{
    Value packed;
    return capo_cache_find_with(key, &packed, &page->cache) ? unpack_page(packed) : NULL;
}

static Response *run_page(Page *page)
{
    Request *req = page->req;
    Buffer packed = { 0 };
    Value names, shared;
    if (!(req->method & (GET | HEAD)) || req->internal->body.kind != BODY_NONE || capo_header(req, "Authorization")) {
        page->res = page->make(page);
        if (capo_header(req, "Authorization"))
            capo_vary(page->res, "Authorization");
        return page->res;
    }
    if (!capo_cache_find_with(names_key(page), &names, &page->cache) || names.kind != VALUE_LIST) {
        make_page(page, &packed);
        return page->res;
    }
    char *key = page_key(page, names);
    Response *res = from_cache(page, key);
    if (res)
        return res;
    if (req->method == HEAD || cache_keeps_nothing(&page->cache)) {
        make_page(page, &packed);
        return page->res;
    }
    /* It could be kept before: while one makes it anew, the others of this worker wait. */
    switch (cache_flight(cache_flight_name(key, &page->cache), make_page, page, &packed)) {
    case FLIGHT_OWN:
        return page->res;
    case FLIGHT_SHARED:
        res = cache_unpack(packed.data, packed.size, &shared) ? unpack_page(shared) : NULL;
        break;
    case FLIGHT_NOTHING:
        break;
    }
    if (res)
        return res;
    packed = (Buffer){ 0 };
    make_page(page, &packed);
    return page->res;
}

static Response *call_view(Page *page)
{
    Response *res = page->view(page->req);
    if (!res)
        capo_bug("a view that is kept in the cache returned NULL for %s; it must return a response", page->req->path);
    return res;
}

Response *capo_cache_page_with(Request *req, int64_t seconds, View *view, const PageCacheOptions *options)
{
    Page page = { .req = req, .seconds = seconds < 0 ? 0 : seconds, .view = view, .make = call_view, .cache = { .using = options->using },
                  .address = address_of(req, options->key_prefix) };
    return run_page(&page);
}

static Response *call_next(Page *page)
{
    return capo_next(page->req, page->next);
}

Response *capo_cache_middleware(Request *req, const Next *next)
{
    const Settings *settings = capo_settings();
    Page page = { .req = req, .seconds = -1, .next = next, .make = call_next, .cache = { .using = settings->cache_middleware_alias },
                  .address = address_of(req, settings->cache_middleware_key_prefix) };
    return run_page(&page);
}
