/* SPDX-License-Identifier: BSD-3-Clause */
/* The request as a view sees it. Little is made before it is asked for: header texts, cookies, parameters and the decoded path
 * are views into the connection's buffer, where a NUL is put behind them in place, or are parsed at first use. */
#include "request_internal.h"
#include <capo/unit.h>
#include <string.h>
#include <strings.h>

ServerLimits capo_server_limits = {
    .header_timeout = 15, .body_timeout = 60, .idle_timeout = 75, .write_timeout = 60, .graceful_timeout = 30, .request_timeout = 60,
    .max_connections = 1024, .max_memory_body = 2621440, .max_body = 104857600, .max_fields = 1000, .max_files = 100,
};

static const struct { const char *name; Method method; } methods[] = {
    { "GET", GET }, { "POST", POST }, { "HEAD", HEAD }, { "PUT", PUT }, { "PATCH", PATCH }, { "DELETE", DELETE }, { "OPTIONS", OPTIONS },
};

/* Ends the slice's text in place: behind each slice of a head stands a byte that was looked at already. */
static const char *terminate(Slice slice)
{
    ((char *)slice.at)[slice.size] = 0;
    return slice.at;
}

Request *request_new(ParsedRequest *parsed, struct Connection *connection, const char *remote_address, const char *scheme)
{
    struct Both { Request request; RequestInternal internal; } *both = capo_alloc_struct(struct Both);
    Request *req = &both->request;
    RequestInternal *internal = req->internal = &both->internal;
    internal->connection = connection;
    internal->parsed = parsed;
    req->method = METHOD_OTHER;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strlen(methods[i].name) == parsed->method.size && memcmp(methods[i].name, parsed->method.at, parsed->method.size) == 0) {
            req->method = methods[i].method;
            req->method_name = methods[i].name;
            break;
        }
    if (!req->method_name)
        req->method_name = capo_strndup(parsed->method.at, parsed->method.size);
    req->remote_address = remote_address;
    req->scheme = scheme;
    bool own_path = parsed->path.at >= parsed->target.at && parsed->path.at < parsed->target.at + parsed->target.size;
    req->raw_path = own_path ? terminate(parsed->path) : "/";
    req->query_string = parsed->query.size ? terminate(parsed->query) : "";
    req->path = memchr(parsed->path.at, '%', parsed->path.size) ? capo_url_unquote(parsed->path.at, parsed->path.size, false, NULL)
                                                                : req->raw_path;
    if (parsed->authority.size && parsed->known[KNOWN_HOST])
        parsed->headers[parsed->known[KNOWN_HOST] - 1].value = (Slice){ capo_strndup(parsed->authority.at, parsed->authority.size),
                                                                       parsed->authority.size };
    const char *header = capo_server_limits.proxy_ssl_header;
    if (header) {
        /* the peer next to us wrote the last of a list */
        const char *value = capo_header(req, header), *comma = value ? strrchr(value, ',') : NULL;
        if (value)
            req->scheme = strcasecmp(capo_strip(comma ? comma + 1 : value), "https") == 0 ? "https" : "http";
    }
    BodySource *body = &internal->body;
    body->kind = parsed->chunked ? BODY_CHUNKED : parsed->content_length > 0 ? BODY_LENGTH : BODY_NONE;
    body->left = parsed->content_length;
    body->finished = body->kind == BODY_NONE;
    body->chunks.limit = (uint64_t)capo_server_limits.max_body;
    return req;
}

/* --- headers --- */

const char *capo_header(Request *req, const char *name)
{
    ParsedRequest *parsed = req->internal->parsed;
    size_t size = strlen(name), at = 0;
    const Slice *first = http_find_header(parsed, name, size, &at);
    if (!first)
        return NULL;
    const Slice *next = http_find_header(parsed, name, size, &at);
    if (!next)
        return capo_utf8_valid(first->at, first->size) ? terminate(*first) : text_from_visitor(first->at, first->size);
    Buffer joined = { 0 };
    capo_put_bytes(&joined, first->at, first->size);
    for (; next; next = http_find_header(parsed, name, size, &at)) {
        capo_put(&joined, strcasecmp(name, "cookie") == 0 ? "; " : ", ");
        capo_put_bytes(&joined, next->at, next->size);
    }
    return text_from_visitor(capo_buffer_text(&joined), joined.size);
}

bool capo_is_secure(Request *req)
{
    return strcmp(req->scheme, "https") == 0;
}

const char *header_media_type(const char *value)
{
    size_t size = strcspn(value, ";");
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        size--;
    char *type = capo_strndup(value, size);
    for (char *c = type; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c |= 32;
    return type;
}

const char *header_parameter(const char *value, const char *name, int *ret_count)
{
    const char *result = NULL, *at = value + strcspn(value, ";");
    int count = 0;
    while (*at == ';') {
        at += 1 + strspn(at + 1, " \t");
        const char *key = at;
        at += strcspn(at, "=;");
        size_t key_size = (size_t)(at - key);
        while (key_size > 0 && (key[key_size - 1] == ' ' || key[key_size - 1] == '\t'))
            key_size--;
        bool wanted = key_size == strlen(name) && strncasecmp(key, name, key_size) == 0;
        if (*at != '=')
            continue;
        at += 1 + strspn(at + 1, " \t");
        if (*at == '"') {
            const char *start = ++at;
            while (*at && *at != '"')
                at += *at == '\\' && (at[1] == '"' || at[1] == '\\') ? 2 : 1;
            if (wanted && count++ == 0) {
                char *text = capo_alloc((size_t)(at - start) + 1), *to = text;
                for (const char *c = start; c < at; c++) {
                    if (*c == '\\' && (c[1] == '"' || c[1] == '\\'))
                        c++;
                    *to++ = *c;
                }
                result = text;
            }
            at += *at == '"';
            at += strcspn(at, ";");
        } else {
            const char *start = at;
            at += strcspn(at, ";");
            size_t size = (size_t)(at - start);
            while (size > 0 && (start[size - 1] == ' ' || start[size - 1] == '\t'))
                size--;
            if (wanted && count++ == 0)
                result = capo_strndup(start, size);
        }
    }
    if (ret_count)
        *ret_count = count;
    return result;
}

/* The specificity with which one range of an Accept header takes the type: 0 not, 1 all, 2 of the main type, 3 it itself. */
static int range_takes(const char *range, size_t size, const char *type)
{
    size_t main_size = strcspn(type, "/");
    if ((size == 3 && memcmp(range, "*/*", 3) == 0) || (size == 1 && *range == '*'))
        return 1;
    if (size == main_size + 2 && strncasecmp(range, type, main_size + 1) == 0 && range[size - 1] == '*')
        return 2;
    return size == strlen(type) && strncasecmp(range, type, size) == 0 ? 3 : 0;
}

bool capo_accepts(Request *req, const char *media_type)
{
    const char *at = capo_header(req, "Accept");
    if (!at || !*at)
        return true;
    int best = 0;
    bool taken = false;
    while (*at) {
        at += strspn(at, " \t,");
        const char *range = at;
        at += strcspn(at, ";,");
        size_t size = (size_t)(at - range);
        while (size > 0 && (range[size - 1] == ' ' || range[size - 1] == '\t'))
            size--;
        bool zero = false;          /* ";q=0" refuses */
        while (*at == ';') {
            at += 1 + strspn(at + 1, " \t");
            if ((*at | 32) == 'q' && at[1] == '=') {
                size_t digits = strspn(at + 2, "0.");
                zero = digits > 0 && !strchr("123456789", at[2 + digits] ? at[2 + digits] : ' ');
            }
            at += strcspn(at, ";,");
        }
        int takes = range_takes(range, size, media_type);
        if (takes > best) {
            best = takes;
            taken = !zero;
        }
    }
    return taken;
}

/* --- addresses --- */

const char *capo_full_path(Request *req)
{
    const char *path = capo_url_quote(req->path, "/:@&+$,-_.!~*'()");
    if (!*req->query_string)
        return path;
    return capo_format("%s?%s", path, capo_url_quote(req->query_string, "/#%[]=:;$&()+,!?*@'~"));
}

const char *capo_absolute_uri(Request *req, const char *location)
{
    if (!location)
        location = capo_full_path(req);
    size_t scheme = strspn(location, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    if (scheme > 0 && location[scheme] == ':')
        return location;
    if (capo_starts_with(location, "//"))
        return capo_format("%s:%s", req->scheme, location);
    if (*location == '/')
        return capo_format("%s://%s%s", req->scheme, capo_host(req), location);
    const char *path = capo_url_quote(req->path, "/:@&+$,-_.!~*'()");
    if (*location == '?' || *location == '#' || !*location)
        return capo_format("%s://%s%s%s", req->scheme, capo_host(req), path, location);
    const char *slash = strrchr(path, '/');
    return capo_format("%s://%s%.*s%s", req->scheme, capo_host(req), slash ? (int)(slash + 1 - path) : 0, path, location);
}

/* --- parameters --- */

const QueryDict *capo_params(Request *req)
{
    if (!req->internal->params)
        req->internal->params = capo_dict_parse(req->query_string, strlen(req->query_string));
    return req->internal->params;
}

const QueryDict *capo_post_dict(Request *req)
{
    RequestInternal *internal = req->internal;
    if (internal->post)
        return internal->post;
    const char *type = req->method == POST ? capo_header(req, "Content-Type") : NULL;
    const char *media = type ? header_media_type(type) : "";
    if (strcmp(media, "application/x-www-form-urlencoded") == 0) {
        size_t size;
        const char *body = capo_body(req, &size);
        internal->post = capo_dict_parse(body, size);
    } else if (strcmp(media, "multipart/form-data") == 0) {
        multipart_parse(req, type);
    } else {
        internal->post = capo_dict_parse("", 0);
    }
    return internal->post;
}

const char *capo_param(Request *req, const char *key)
{
    return capo_dict_get(capo_params(req), key);
}

int64_t capo_int_param(Request *req, const char *key, int64_t otherwise)
{
    const char *text = capo_param(req, key);
    int64_t number;
    return text && capo_to_int(capo_value_text(text), &number) ? number : otherwise;
}

const char *capo_post(Request *req, const char *key)
{
    return capo_dict_get(capo_post_dict(req), key);
}

const UploadedFile *capo_file(Request *req, const char *field)
{
    capo_post_dict(req);
    for (size_t i = req->internal->n_files; i-- > 0;)
        if (strcmp(req->internal->files[i]->field, field) == 0)
            return req->internal->files[i];
    return NULL;
}

const UploadedFile *const *capo_files(Request *req, size_t *ret_count)
{
    capo_post_dict(req);
    if (ret_count)
        *ret_count = req->internal->n_files;
    return (const UploadedFile *const *)req->internal->files;
}

/* --- cookies --- */

enum { MAX_COOKIES = 200 };

/* What Python's http.cookies makes of a quoted value: \" and \\ and three octal digits. */
static const char *unquote_cookie(const char *at, size_t size)
{
    if (size < 2 || at[0] != '"' || at[size - 1] != '"')
        return text_from_visitor(at, size);
    char *text = capo_alloc(size), *to = text;
    for (const char *end = at++ + size - 1; at < end; at++) {
        if (*at == '\\' && end - at >= 4 && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
            *to++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
            at += 3;
        } else {
            at += *at == '\\' && end - at >= 2;
            *to++ = *at;
        }
    }
    return text_from_visitor(text, (size_t)(to - text));
}

static void parse_cookies(RequestInternal *internal, const char *at)
{
    size_t capacity = 1;
    for (const char *c = at; (c = strchr(c, ';')); c++)
        capacity++;
    if (capacity > MAX_COOKIES)
        capacity = MAX_COOKIES;
    internal->cookies = capo_alloc_array(capacity, sizeof(CookieItem));
    while (internal->n_cookies < capacity) {
        size_t size = strcspn(at, ";");
        const char *equals = memchr(at, '=', size), *next = at[size] ? at + size + 1 : NULL;
        if (equals) {               /* one without a name is ignored: "=__Host-a=b" must not become a cookie */
            const char *name = at, *value = equals + 1;
            size_t name_size = (size_t)(equals - at), value_size = size - name_size - 1;
            capo_trim(&name, &name_size);
            capo_trim(&value, &value_size);
            if (name_size > 0)
                internal->cookies[internal->n_cookies++] = (CookieItem){ capo_strndup(name, name_size), unquote_cookie(value, value_size) };
        }
        if (!next)
            break;
        at = next;
    }
}

const char *capo_cookie(Request *req, const char *name)
{
    if (req->internal->personal == PERSONAL_NO)
        req->internal->personal = PERSONAL_READ;
    return request_cookie(req, name);
}

const char *request_cookie(Request *req, const char *name)
{
    RequestInternal *internal = req->internal;
    if (!internal->cookies_parsed) {
        internal->cookies_parsed = true;
        const char *header = internal->parsed->known[KNOWN_COOKIE] ? capo_header(req, "Cookie") : NULL;
        if (header)
            parse_cookies(internal, header);
    }
    for (size_t i = internal->n_cookies; i-- > 0;)
        if (strcmp(internal->cookies[i].name, name) == 0)
            return internal->cookies[i].value;
    return NULL;
}

/* --- made by hand --- */

Request *capo_request_make(const RawRequest *raw)
{
    Buffer head = { 0 };
    capo_put_format(&head, "%s ", raw->method);
    for (const char *c = raw->target; *c && *c != '#'; c++) {          /* as a browser sends what was typed */
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 127)
            capo_put_format(&head, "%%%02X", (unsigned char)*c);
        else
            capo_put_char(&head, *c);
    }
    capo_put(&head, " HTTP/1.1\r\n");
    bool host = false, length = false;
    for (size_t i = 0; i < raw->n_headers; i++) {
        host |= strcasecmp(raw->headers[i].key, "Host") == 0;
        length |= strcasecmp(raw->headers[i].key, "Content-Length") == 0;
        capo_put_format(&head, "%s: %s\r\n", raw->headers[i].key, raw->headers[i].value);
    }
    if (!host)
        capo_put(&head, "Host: testserver\r\n");
    if (!length && raw->body_size > 0)
        capo_put_format(&head, "Content-Length: %zu\r\n", raw->body_size);
    capo_put(&head, "\r\n");
    ParsedRequest *parsed = capo_alloc_struct(ParsedRequest);
    int used = http_parse_head(parsed, head.data, head.size, 0, &http_default_limits);
    if (used < 0 || (size_t)used != head.size)
        capo_raise(used < 0 ? http_refusal(used) : 400, "The request %s %s is not one that a server would take.", raw->method, raw->target);
    Request *req = request_new(parsed, NULL, raw->remote_address ? raw->remote_address : "127.0.0.1", raw->scheme ? raw->scheme : "http");
    BodySource *body = &req->internal->body;
    if (raw->body_size > 0) {
        body->at = capo_memdup(raw->body, raw->body_size);
        body->end = body->at + raw->body_size;
    }
    return req;
}
