/* SPDX-License-Identifier: BSD-3-Clause */
/* QueryDict: a list of pairs in order of arrival. The field limit keeps it short, so look-ups walk it from the end, and no
 * visitor can make a hash table degenerate. */
#include "request_internal.h"
#include <string.h>

/* --- for templates --- */

static bool dict_get(Object *self, const char *name, size_t size, Value *ret)
{
    const QueryDict *dict = (const QueryDict *)self;
    for (size_t i = dict->count; i-- > 0;)
        if (strncmp(dict->items[i].key, name, size) == 0 && dict->items[i].key[size] == 0) {
            *ret = capo_value_text(dict->items[i].value);
            return true;
        }
    if (size == 9 && memcmp(name, "urlencode", 9) == 0) {
        *ret = capo_value_text(capo_dict_urlencode(dict));
        return true;
    }
    return false;
}

static const char *dict_text(Object *self)
{
    const QueryDict *dict = (const QueryDict *)self;
    Buffer out = { 0 };
    capo_put(&out, "<QueryDict: {");
    for (size_t i = 0; i < dict->count; i++) {
        size_t first = 0;
        while (strcmp(dict->items[first].key, dict->items[i].key) != 0)
            first++;
        if (first < i)
            continue;
        if (i > 0)
            capo_put(&out, ", ");
        capo_put_repr(&out, capo_value_text(dict->items[i].key));
        capo_put(&out, ": ");
        capo_put_repr(&out, capo_value_strings((const char *const *)capo_dict_get_list(dict, dict->items[i].key)));
    }
    capo_put(&out, "}>");
    return capo_buffer_text(&out);
}

static int64_t dict_length(Object *self)
{
    const QueryDict *dict = (const QueryDict *)self;
    int64_t count = 0;
    for (size_t i = 0; i < dict->count; i++) {
        size_t first = 0;
        while (strcmp(dict->items[first].key, dict->items[i].key) != 0)
            first++;
        count += first == i;
    }
    return count;
}

/* Iterates over the keys, each once, in order of arrival. */
static bool dict_next(Object *self, void **state, Value *ret)
{
    const QueryDict *dict = (const QueryDict *)self;
    size_t at = (size_t)(uintptr_t)*state;
    for (; at < dict->count; at++) {
        size_t first = 0;
        while (strcmp(dict->items[first].key, dict->items[at].key) != 0)
            first++;
        if (first == at)
            break;
    }
    if (at >= dict->count)
        return false;
    *ret = capo_value_text(dict->items[at].key);
    *state = (void *)(uintptr_t)(at + 1);
    return true;
}

static const ObjectOps dict_ops = {
    .type_name = "QueryDict",
    .get = dict_get,
    .text = dict_text,
    .length = dict_length,
    .next = dict_next,
};

/* --- reading --- */

const char *text_from_visitor(const char *bytes, size_t size)
{
    if (memchr(bytes, 0, size))
        capo_raise(400, "The request has a text with a null byte in it, which was refused.");
    if (capo_utf8_valid(bytes, size))
        return capo_strndup(bytes, size);
    Buffer out = { 0 };
    for (const char *at = bytes, *end = bytes + size; at < end;) {
        char encoded[4];
        capo_put_bytes(&out, encoded, capo_utf8_encode(capo_utf8_next(&at, end), encoded));
    }
    return capo_buffer_text(&out);
}

static void grow(QueryDict *dict)
{
    /* the array doubles when the count is a power of two, so no capacity is kept */
    if (dict->count == 0)
        dict->items = capo_alloc_array(4, sizeof(struct QueryItem));
    else if (dict->count >= 4 && (dict->count & (dict->count - 1)) == 0)
        dict->items = capo_realloc(dict->items, dict->count * sizeof(struct QueryItem), dict->count * 2 * sizeof(struct QueryItem));
}

void capo_dict_add(QueryDict *dict, const char *key, const char *value)
{
    if (!dict->ops)
        dict->ops = &dict_ops;
    grow(dict);
    dict->items[dict->count++] = (struct QueryItem){ key, value };
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static const char *decode_part(const char *at, const char *end)
{
    size_t size = (size_t)(end - at);
    char *text = capo_alloc(size + 1), *to = text;
    while (at < end) {
        if (*at == '%' && end - at >= 3 && hex_value(at[1]) >= 0 && hex_value(at[2]) >= 0) {
            *to++ = (char)(hex_value(at[1]) << 4 | hex_value(at[2]));
            at += 3;
        } else {
            *to++ = *at == '+' ? ' ' : *at;
            at++;
        }
    }
    size = (size_t)(to - text);
    if (capo_utf8_valid(text, size) && !memchr(text, 0, size)) {
        text[size] = 0;
        return text;
    }
    return text_from_visitor(text, size);
}

QueryDict *capo_dict_parse(const char *query, size_t size)
{
    QueryDict *dict = capo_alloc_struct(QueryDict);
    dict->ops = &dict_ops;
    const char *at = query, *end = query + size;
    int64_t fields = size > 0;
    for (const char *c = query; (c = memchr(c, '&', (size_t)(end - c))); c++)
        if (++fields > capo_server_limits.max_fields)
            capo_raise(400, "The number of GET/POST parameters exceeded data_upload_max_number_fields (%lld).",
                       (long long)capo_server_limits.max_fields);
    while (at < end) {
        const char *stop = memchr(at, '&', (size_t)(end - at));
        if (!stop)
            stop = end;
        if (stop > at) {
            const char *equals = memchr(at, '=', (size_t)(stop - at));
            const char *key = decode_part(at, equals ? equals : stop);
            capo_dict_add(dict, key, equals ? decode_part(equals + 1, stop) : "");
        }
        at = stop + 1;
    }
    return dict;
}

const char *capo_dict_get(const QueryDict *dict, const char *key)
{
    for (size_t i = dict->count; i-- > 0;)
        if (strcmp(dict->items[i].key, key) == 0)
            return dict->items[i].value;
    return NULL;
}

const char **capo_dict_get_list(const QueryDict *dict, const char *key)
{
    size_t count = 0;
    for (size_t i = 0; i < dict->count; i++)
        count += strcmp(dict->items[i].key, key) == 0;
    const char **list = capo_alloc_array(count + 1, sizeof *list);
    count = 0;
    for (size_t i = 0; i < dict->count; i++)
        if (strcmp(dict->items[i].key, key) == 0)
            list[count++] = dict->items[i].value;
    return list;
}

bool capo_dict_has(const QueryDict *dict, const char *key)
{
    return capo_dict_get(dict, key) != NULL;
}

QueryDict *capo_dict_copy(const QueryDict *dict)
{
    QueryDict *copy = capo_alloc_struct(QueryDict);
    copy->ops = &dict_ops;
    for (size_t i = 0; i < dict->count; i++)
        capo_dict_add(copy, dict->items[i].key, dict->items[i].value);
    return copy;
}

/* Takes out all of the key from `from` on. Shrinking moves down: the array only gets roomier than it must be. */
static void remove_from(QueryDict *dict, const char *key, size_t from)
{
    struct QueryItem *items = dict->items;
    size_t to = from, count = dict->count;
    for (size_t i = from; i < count; i++)
        if (strcmp(items[i].key, key) != 0)
            items[to++] = items[i];
    if (to == count)
        return;
    QueryDict again = { .ops = dict->ops };
    for (size_t i = 0; i < to; i++)
        capo_dict_add(&again, items[i].key, items[i].value);
    dict->items = again.items;
    dict->count = again.count;
}

void capo_dict_set(QueryDict *dict, const char *key, const char *value)
{
    for (size_t i = 0; i < dict->count; i++)
        if (strcmp(dict->items[i].key, key) == 0) {
            dict->items[i].value = value;
            remove_from(dict, key, i + 1);
            return;
        }
    capo_dict_add(dict, key, value);
}

void capo_dict_remove(QueryDict *dict, const char *key)
{
    remove_from(dict, key, 0);
}

static void put_plus_quoted(Buffer *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("_.-~", c))
            capo_put_char(out, (char)c);
        else if (c == ' ')
            capo_put_char(out, '+');
        else
            capo_put_format(out, "%%%02X", c);
    }
}

const char *capo_dict_urlencode(const QueryDict *dict)
{
    Buffer out = { 0 };
    /* as Django: the values of one key stand together, keys in order of their first arrival */
    for (size_t i = 0; i < dict->count; i++) {
        size_t first = 0;
        while (strcmp(dict->items[first].key, dict->items[i].key) != 0)
            first++;
        if (first < i)
            continue;
        for (size_t j = i; j < dict->count; j++) {
            if (strcmp(dict->items[j].key, dict->items[i].key) != 0)
                continue;
            if (out.size > 0)
                capo_put_char(&out, '&');
            put_plus_quoted(&out, dict->items[j].key);
            capo_put_char(&out, '=');
            put_plus_quoted(&out, dict->items[j].value);
        }
    }
    return capo_buffer_text(&out);
}
