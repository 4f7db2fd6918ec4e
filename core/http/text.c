/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of addresses, headers and files. Each function is linear in its input. */
#include "request_internal.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/text.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static int hex_byte(const char *at, const char *end)
{
    if (end - at < 3 || *at != '%' || hex_digit(at[1]) < 0 || hex_digit(at[2]) < 0)
        return -1;
    return hex_digit(at[1]) * 16 + hex_digit(at[2]);
}

/* --- addresses --- */

static bool is_unreserved(int c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && c < 128 && strchr("-._~", c));
}

void capo_put_uri_to_iri(Buffer *out, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    while (at < end) {
        char bytes[4];
        int n = 0, first = hex_byte(at, end);
        int wanted = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
        while (first >= 0 && n < wanted && hex_byte(at + 3 * n, end) >= 0) {
            bytes[n] = (char)hex_byte(at + 3 * n, end);
            n++;
        }
        if (n == wanted && (n == 1 ? is_unreserved(first) : capo_utf8_valid(bytes, (size_t)n))) {
            capo_put_bytes(out, bytes, (size_t)n);
            at += 3 * n;
        } else {
            capo_put_char(out, *at++);
        }
    }
}

void capo_put_uri_path(Buffer *out, const char *text, size_t size)
{
    capo_put_quoted(out, text, size, "/:@&+$,!~*'()");
}

void capo_put_file_uri(Buffer *out, const char *text, size_t size)
{
    char *slashes = capo_strndup(text, size);
    for (size_t i = 0; i < size; i++)
        if (slashes[i] == '\\')
            slashes[i] = '/';
    capo_put_quoted(out, slashes, size, "/~!*()'");
}

void capo_put_one_slash(Buffer *out, const char *text, size_t size)
{
    bool two = size >= 2 && text[0] == '/' && text[1] == '/';
    capo_put(out, two ? "/%2F" : "");
    capo_put_bytes(out, text + (two ? 2 : 0), size - (two ? 2 : 0));
}

bool capo_is_same_domain(const char *host, const char *pattern)
{
    size_t size = strlen(pattern), host_size = strlen(host);
    if (!size)
        return false;
    if (*pattern == '.' && host_size >= size && strcasecmp(host + host_size - size, pattern) == 0)
        return true;
    return strcasecmp(host, pattern + (*pattern == '.')) == 0;
}

static void put_plus(Buffer *out, Value v)
{
    v = v.kind == VALUE_BYTES ? capo_value_text_n((const char *)v.bytes, v.size) : capo_value_to_text(v);
    for (const char *at = v.text, *end = at + v.size; at < end;) {
        const char *space = memchr(at, ' ', (size_t)(end - at)), *stop = space ? space : end;
        capo_put_quoted(out, at, (size_t)(stop - at), "");
        capo_put(out, space ? "+" : "");
        at = stop + (space != NULL);
    }
}

static void put_pair(Buffer *out, Value key, Value value)
{
    if (value.kind == VALUE_NULL)
        capo_raise(ERROR_VALUE, "The key '%.100s' has no value; a query string cannot say that.", capo_to_text(key));
    capo_put(out, out->size ? "&" : "");
    put_plus(out, key);
    capo_put_char(out, '=');
    put_plus(out, value);
}

static void put_pairs(Buffer *out, Value key, Value value, bool each)
{
    if (!each || value.kind != VALUE_LIST) {
        put_pair(out, key, value);
        return;
    }
    for (size_t i = 0; i < value.list->count; i++)
        put_pair(out, key, value.list->items[i]);
}

void capo_put_query(Buffer *out, Value pairs, bool each)
{
    Buffer query = { 0 };
    for (size_t i = 0; pairs.kind == VALUE_MAP && i < pairs.map->count; i++)
        put_pairs(&query, pairs.map->entries[i].key, pairs.map->entries[i].value, each);
    for (size_t i = 0; pairs.kind == VALUE_LIST && i < pairs.list->count; i++) {
        const List *pair = pairs.list->items[i].kind == VALUE_LIST ? pairs.list->items[i].list : NULL;
        if (!pair || pair->count != 2)
            capo_raise(ERROR_VALUE, "A query string is made of a map, or of pairs of a key and a value.");
        put_pairs(&query, pair->items[0], pair->items[1], each);
    }
    capo_put_bytes(out, capo_buffer_text(&query), query.size);
}

/* --- numbers and bytes --- */

char *capo_base36(uint64_t number)
{
    char digits[16], *at = digits + sizeof digits;
    *--at = 0;
    do {
        *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
        number /= 36;
    } while (number);
    return capo_strdup(at);
}

bool capo_base36_parse(const char *text, size_t size, Value *ret)
{
    unsigned __int128 number = 0;
    if (size > 13)
        return false;
    capo_trim(&text, &size);
    bool negative = size && *text == '-';
    size_t at = size && (*text == '-' || *text == '+');
    if (at == size)
        return false;
    for (; at < size; at++) {
        int c = text[at] | 32;
        if (!(text[at] >= '0' && text[at] <= '9') && !(c >= 'a' && c <= 'z'))
            return false;
        number = number * 36 + (unsigned)(text[at] <= '9' ? text[at] - '0' : c - 'a' + 10);
    }
    char digits[40], *to = digits + sizeof digits;
    *--to = 0;
    do {
        *--to = (char)('0' + (int)(number % 10));
        number /= 10;
    } while (number);
    if (negative)
        *--to = '-';
    return capo_to_whole(capo_value_copy_n(to, strlen(to)), ret);
}

char *capo_base64url(const void *bytes, size_t size)
{
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_bin2base64(capo_alloc(room), room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

char *capo_base64(const void *bytes, size_t size)
{
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    return sodium_bin2base64(capo_alloc(room), room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
}

bool capo_base64_parse(const char *text, size_t size, uint8_t **ret_bytes, size_t *ret_size)
{
    const char *end;
    uint8_t *bytes = capo_alloc(size / 4 * 3 + 4);
    if (sodium_base642bin(bytes, size / 4 * 3 + 3, text, size, " \t\r\n", ret_size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 || end != text + size)
        return false;
    *ret_bytes = bytes;
    return true;
}

/* As lenient as Python's: the other alphabet's + and / count, what is in neither is passed over. */
bool capo_base64url_parse(const char *text, size_t size, uint8_t **ret_bytes, size_t *ret_size)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t *bytes = capo_alloc(size + 1);
    size_t count = 0, digits = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
        const char *found = c ? memchr(alphabet, c, 64) : NULL;
        if (!found)
            continue;
        bits = bits << 6 | (uint32_t)(found - alphabet);
        if (++digits % 4 != 1)
            bytes[count++] = (uint8_t)(bits >> (digits % 4 == 2 ? 4 : digits % 4 == 3 ? 2 : 0));
    }
    if (digits % 4 == 1)
        return false;
    *ret_bytes = bytes;
    *ret_size = count;
    return true;
}

/* --- headers --- */

char *capo_content_disposition(bool attachment, const char *name)
{
    Buffer out = { 0 };
    bool plain = true;
    if (!name)
        return attachment ? capo_strdup("attachment") : NULL;
    for (const char *at = name; *at; at++)
        plain = plain && *at >= 32 && *at < 127;
    capo_put(&out, attachment ? "attachment; filename" : "inline; filename");
    if (!plain) {
        capo_put(&out, "*=utf-8''");
        capo_put_quoted(&out, name, strlen(name), "");
        return capo_buffer_text(&out);
    }
    capo_put(&out, "=\"");
    for (const char *at = name; *at; at++) {
        if (*at == '"' || *at == '\\')
            capo_put_char(&out, '\\');
        capo_put_char(&out, *at);
    }
    capo_put_char(&out, '"');
    return capo_buffer_text(&out);
}

/* Where this part ends: the next semicolon outside of quotes. */
static const char *part_end(const char *at)
{
    bool quoted = false;
    for (; *at && (quoted || *at != ';'); at++) {
        if (*at == '\\' && quoted && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

static char *unquoted(const char *text)
{
    size_t size = strlen(text);
    if (size < 2 || text[0] != '"' || text[size - 1] != '"')
        return capo_strdup(text);
    char *plain = capo_alloc(size), *to = plain;
    for (size_t i = 1; i < size - 1; i++) {
        if (text[i] == '\\' && (text[i + 1] == '\\' || text[i + 1] == '"') && i + 1 < size - 1)
            i++;
        *to++ = text[i];
    }
    *to = 0;
    return plain;
}

/* charset'language'percent-encoded (RFC 2231). */
static char *extended(const char *text)
{
    const char *first = strchr(text, '\''), *second = first ? strchr(first + 1, '\'') : NULL;
    if (!second)
        return capo_url_unquote(text, strlen(text), false, NULL);
    if (strncasecmp(text, "iso-8859-1'", 11) != 0)
        return capo_url_unquote(second + 1, strlen(second + 1), false, NULL);
    Buffer out = { 0 };
    for (const char *at = second + 1, *end = at + strlen(at); at < end; at++) {
        int byte = hex_byte(at, end);
        char utf8[4];
        capo_put_bytes(&out, utf8, capo_utf8_encode(byte < 0 ? (unsigned char)*at : (uint32_t)byte, utf8));
        at += byte < 0 ? 0 : 2;
    }
    return capo_buffer_text(&out);
}

char *capo_header_parameters(const char *text, Map **ret_parameters)
{
    const char *end = part_end(text);
    char *first = capo_lower(capo_strip(capo_strndup(text, (size_t)(end - text))));
    *ret_parameters = capo_map_new();
    while (*end) {
        const char *start = end + 1;
        end = part_end(start);
        char *part = capo_strndup(start, (size_t)(end - start)), *equals = strchr(part, '=');
        if (!equals)
            continue;
        *equals = 0;
        char *name = capo_lower(capo_strip(part)), *value = capo_strip(equals + 1);
        size_t size = strlen(name);
        if (size && name[size - 1] == '*') {
            name[size - 1] = 0;
            value = extended(value);
        } else {
            value = unquoted(value);
        }
        capo_map_set(*ret_parameters, name, capo_value_text(value));
    }
    return first;
}

/* The end of a tag, W/"…" or "…", at `at`; NULL: none begins here. */
static const char *tag_end(const char *at)
{
    at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
    if (*at != '"')
        return NULL;
    const char *close = strchr(at + 1, '"');
    return close ? close + 1 : NULL;
}

List *capo_etags(const char *text)
{
    List *tags = capo_list_new();
    if (strcmp(capo_strip(text), "*") == 0) {
        capo_list_add(tags, VALUE("*"));
        return tags;
    }
    size_t count;
    char **parts = capo_split(text, ',', &count);
    for (size_t i = 0; i < count; i++) {
        const char *part = capo_strip(parts[i]), *end = tag_end(part);
        if (end && !*end)
            capo_list_add(tags, VALUE(part));
    }
    return tags;
}

char *capo_quote_etag(const char *text)
{
    const char *end = tag_end(text);
    return end && !*end ? capo_strdup(text) : capo_format("\"%s\"", text);
}

char *capo_http_date(int64_t seconds)
{
    char *text = capo_alloc(HTTP_DATE_SIZE + 1);
    http_date_put(text, seconds);
    text[HTTP_DATE_SIZE] = 0;
    return text;
}

bool capo_http_date_parse(const char *text, int64_t *ret_seconds)
{
    return http_date_parse(text, ret_seconds);
}

/* --- files and lists --- */

char *capo_valid_file_name(const char *name, size_t size)
{
    Buffer out = { 0 };
    capo_trim(&name, &size);
    for (const char *at = name, *end = name + size, *start = at; at < end; start = at) {
        uint32_t c = capo_utf8_next(&at, end);
        if (c == ' ')
            capo_put_char(&out, '_');
        else if (c == '-' || c == '.' || capo_is_word(c))
            capo_put_bytes(&out, start, (size_t)(at - start));
    }
    char *valid = capo_buffer_text(&out);
    if (!*valid || strcmp(valid, ".") == 0 || strcmp(valid, "..") == 0)
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "No file name can be made of '%.100s'.", capo_strndup(name, size));
    return valid;
}

char *capo_text_list(const char *const *texts, const char *last_word)
{
    Buffer out = { 0 };
    for (size_t i = 0; texts[i]; i++) {
        capo_put(&out, !i ? "" : texts[i + 1] ? ", " : capo_format(" %s ", last_word));
        capo_put(&out, texts[i]);
    }
    return capo_buffer_text(&out);
}
