/* SPDX-License-Identifier: BSD-3-Clause */
/* Building responses: bodies, headers, cookies. Whatever would break the wire (a line break, a name that is no token) is
 * stopped here, where the programmer sees who wrote it. */
#include "request_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct { int status; const char *phrase; } phrases[] = {
    { 100, "Continue" }, { 101, "Switching Protocols" }, { 103, "Early Hints" },
    { 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 203, "Non-Authoritative Information" }, { 204, "No Content" },
    { 205, "Reset Content" }, { 206, "Partial Content" }, { 207, "Multi-Status" },
    { 300, "Multiple Choices" }, { 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
    { 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
    { 400, "Bad Request" }, { 401, "Unauthorized" }, { 402, "Payment Required" }, { 403, "Forbidden" }, { 404, "Not Found" },
    { 405, "Method Not Allowed" }, { 406, "Not Acceptable" }, { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
    { 411, "Length Required" }, { 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" }, { 417, "Expectation Failed" }, { 418, "I'm a Teapot" },
    { 421, "Misdirected Request" }, { 422, "Unprocessable Content" }, { 423, "Locked" }, { 424, "Failed Dependency" }, { 425, "Too Early" },
    { 426, "Upgrade Required" }, { 428, "Precondition Required" }, { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" }, { 451, "Unavailable For Legal Reasons" },
    { 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" }, { 507, "Insufficient Storage" }, { 508, "Loop Detected" },
    { 511, "Network Authentication Required" },
};

const char *capo_reason_phrase(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Unknown Status Code";
}

bool status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* --- making one --- */

Response *capo_response(int status, const char *content_type)
{
    if (status < 200 || status > 599)
        capo_bug("a response with the status %d was made; views answer with 200 to 599.", status);
    struct Both { Response response; ResponseInternal internal; } *both = capo_alloc_struct(struct Both);
    both->response.status = status;
    both->response.content_type = content_type;
    both->response.internal = &both->internal;
    return &both->response;
}

Response *capo_text(const char *format, ...)
{
    Response *res = capo_response(200, "text/plain; charset=utf-8");
    va_list args;
    va_start(args, format);
    capo_put_vformat(&res->body, format, args);
    va_end(args);
    return res;
}

Response *capo_html(int status, const char *html)
{
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_put(&res->body, html);
    return res;
}

Response *capo_json_response(int status, Value value)
{
    Response *res = capo_response(status, "application/json");
    capo_json_put(&res->body, value, 0);
    return res;
}

Response *capo_no_content(void)
{
    return capo_response(204, NULL);
}

Response *capo_stream(const char *content_type, StreamBody *body, void *argument)
{
    Response *res = capo_response(200, content_type);
    res->internal->stream = body;
    res->internal->stream_argument = argument;
    return res;
}

/* --- headers --- */

/* Names that are not stored with the others, or are the server's own: told apart by their size before any comparison. */
typedef enum OwnHeader { OWN_NONE, OWN_CONTENT_TYPE, OWN_CONTENT_LENGTH, OWN_CONNECTION, OWN_FORBIDDEN } OwnHeader;

static OwnHeader own_header(const char *name, size_t size)
{
    static const struct { const char *name; uint8_t size; OwnHeader own; } rows[] = {
        { "Upgrade", 7, OWN_FORBIDDEN }, { "Keep-Alive", 10, OWN_FORBIDDEN }, { "Connection", 10, OWN_CONNECTION },
        { "Content-Type", 12, OWN_CONTENT_TYPE }, { "Content-Length", 14, OWN_CONTENT_LENGTH }, { "Transfer-Encoding", 17, OWN_FORBIDDEN },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].size == size && strcasecmp(rows[i].name, name) == 0)
            return rows[i].own;
    return OWN_NONE;
}

static void check_header(const char *name, size_t size, const char *value)
{
    if (!http_is_token(name, size))
        capo_bug("'%s' is not a name for a header: letters, digits and hyphens are.", name);
    for (const char *c = value; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            capo_bug("the header %s was given a value with a line break or another control character; nothing of it is sent.", name);
}

static bool same(const ResponseHeader *header, const char *name, size_t size)
{
    return header->name_size == size && strncasecmp(header->name, name, size) == 0;
}

static void remove_header(ResponseInternal *internal, const char *name)
{
    uint32_t to = 0;
    size_t size = strlen(name);
    for (uint32_t i = 0; i < internal->n_headers; i++)
        if (!same(&internal->headers[i], name, size))
            internal->headers[to++] = internal->headers[i];
    internal->n_headers = to;
}

/* The value is copied: it may be a caller's own array. */
static void put_header(ResponseHeader *header, const char *name, size_t size, const char *value)
{
    size_t value_size = strlen(value);
    *header = (ResponseHeader){ name, capo_strndup(value, value_size), (uint32_t)size, (uint32_t)value_size };
}

void capo_add_header(Response *res, const char *name, const char *value)
{
    ResponseInternal *internal = res->internal;
    size_t size = strlen(name);
    check_header(name, size, value);
    if (own_header(name, size) != OWN_NONE) {
        capo_set_header(res, name, value);
        return;
    }
    if (internal->n_headers == internal->capacity) {
        uint32_t capacity = internal->capacity ? internal->capacity * 2 : 8;
        internal->headers = capo_realloc(internal->headers, internal->capacity * sizeof(ResponseHeader), capacity * sizeof(ResponseHeader));
        internal->capacity = capacity;
    }
    put_header(&internal->headers[internal->n_headers++], name, size, value);
}

static void set_own_header(Response *res, OwnHeader own, const char *name, const char *value)
{
    ResponseInternal *internal = res->internal;
    char *end = NULL;
    long long length;
    switch (own) {
    case OWN_CONTENT_TYPE:
        if (value)
            check_header(name, strlen(name), value);
        res->content_type = capo_strdup(value);
        break;
    case OWN_CONTENT_LENGTH:        /* of a body in memory it is known; of a stream it is a promise, which is held to */
        length = value ? strtoll(value, &end, 10) : -1;
        if (value && (end == value || *end || length < 0))
            capo_bug("the header Content-Length was given '%s'.", value);
        internal->stream_length = length + 1;
        break;
    case OWN_CONNECTION:
        if (value && strcasecmp(value, "close") != 0)
            capo_bug("the header Connection is the server's; a view may only ask for 'close'.");
        internal->close = value != NULL;
        break;
    case OWN_FORBIDDEN:
    case OWN_NONE:
        capo_bug("the header %s is the server's to set.", name);
    }
}

void capo_set_header(Response *res, const char *name, const char *value)
{
    ResponseInternal *internal = res->internal;
    size_t size = strlen(name);
    OwnHeader own = own_header(name, size);
    if (own != OWN_NONE) {
        set_own_header(res, own, name, value);
        return;
    }
    if (!value) {
        remove_header(internal, name);
        return;
    }
    for (uint32_t i = 0; i < internal->n_headers; i++)
        if (same(&internal->headers[i], name, size)) {
            check_header(name, size, value);
            put_header(&internal->headers[i], name, size, value);
            uint32_t to = i + 1;
            for (uint32_t j = i + 1; j < internal->n_headers; j++)
                if (!same(&internal->headers[j], name, size))
                    internal->headers[to++] = internal->headers[j];
            internal->n_headers = to;
            return;
        }
    capo_add_header(res, name, value);
}

const char *capo_get_header(const Response *res, const char *name)
{
    const ResponseInternal *internal = res->internal;
    size_t size = strlen(name);
    if (own_header(name, size) == OWN_CONTENT_TYPE)
        return res->content_type;
    for (uint32_t i = 0; i < internal->n_headers; i++)
        if (same(&internal->headers[i], name, size))
            return internal->headers[i].value;
    return NULL;
}

size_t capo_response_headers(const Response *res, const struct QueryItem **ret_items)
{
    const ResponseInternal *internal = res->internal;
    struct QueryItem *items = capo_alloc_array(internal->n_headers + 1, sizeof *items);
    size_t count = 0;
    if (res->content_type)
        items[count++] = (struct QueryItem){ "Content-Type", res->content_type };
    for (uint32_t i = 0; i < internal->n_headers; i++)
        items[count++] = (struct QueryItem){ internal->headers[i].name, internal->headers[i].value };
    *ret_items = items;
    return count;
}

/* Whether a comma list has the word, case-blind. */
static bool list_has(const char *list, const char *word)
{
    size_t size = strlen(word);
    while (*list) {
        list += strspn(list, " \t,");
        size_t part = strcspn(list, ","), end = part;
        while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
            end--;
        if (end == size && strncasecmp(list, word, size) == 0)
            return true;
        list += part;
    }
    return false;
}

void capo_vary(Response *res, const char *header)
{
    const char *now = capo_get_header(res, "Vary");
    if (now && (list_has(now, "*") || list_has(now, header)))
        return;
    capo_set_header(res, "Vary", strcmp(header, "*") == 0 ? "*" : now && *now ? capo_format("%s, %s", now, header) : header);
}

/* --- cookies, as Python's http.cookies writes them --- */

enum { MAX_COOKIE = 4096 };

static void put_cookie_value(Buffer *out, const char *value)
{
    static const char plain[] = "!#$%&'*+-.^_`|~:", quoted[] = " ()/<=>?@[]{}";
    bool quote = !*value;               /* as Python: "" and not nothing */
    for (const char *c = value; *c && !quote; c++)
        quote = !((*c >= '0' && *c <= '9') || ((*c | 32) >= 'a' && (*c | 32) <= 'z') || strchr(plain, *c));
    if (!quote) {
        capo_put(out, value);
        return;
    }
    capo_put_char(out, '"');
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            capo_put_format(out, "\\%c", *c);
        else if ((*c >= '0' && *c <= '9') || ((*c | 32) >= 'a' && (*c | 32) <= 'z') || strchr(plain, *c) || strchr(quoted, *c))
            capo_put_char(out, *c);
        else
            capo_put_format(out, "\\%03o", (unsigned char)*c);
    }
    capo_put_char(out, '"');
}

static const char *cookie_attribute(const char *text, const char *what)
{
    for (const char *c = text; *c; c++)
        if (*c == ';' || *c == ',' || (unsigned char)*c <= ' ' || (unsigned char)*c >= 127)
            capo_bug("the %s of a cookie has a character that is not allowed there: '%s'.", what, text);
    return text;
}

static void put_cookie(Response *res, const char *name, const char *value, const CookieOptions *options, int64_t expires, int64_t max_age)
{
    if (!http_is_token(name, strlen(name)))
        capo_bug("'%s' is not a name for a cookie: letters, digits, hyphens and underscores are.", name);
    Buffer out = { 0 };
    capo_put_format(&out, "%s=", name);
    put_cookie_value(&out, value);
    if (options->domain)
        capo_put_format(&out, "; Domain=%s", cookie_attribute(options->domain, "domain"));
    if (expires >= 0) {
        char date[HTTP_DATE_SIZE + 1];
        http_date_put(date, expires);
        capo_put_format(&out, "; expires=%s", date);
    }
    if (!options->readable_by_scripts)
        capo_put(&out, "; HttpOnly");
    if (expires >= 0)
        capo_put_format(&out, "; Max-Age=%lld", (long long)max_age);
    capo_put_format(&out, "; Path=%s", cookie_attribute(options->path ? options->path : "/", "path"));
    const char *same_site = options->same_site ? options->same_site : "Lax";
    if (strcasecmp(same_site, "Lax") != 0 && strcasecmp(same_site, "Strict") != 0 && strcasecmp(same_site, "None") != 0)
        capo_bug("the same_site of a cookie is '%s'; Lax, Strict and None are possible.", same_site);
    capo_put_format(&out, "; SameSite=%s", same_site);
    if (options->secure)
        capo_put(&out, "; Secure");
    if (out.size > MAX_COOKIE)
        capo_bug("the cookie %s has %zu bytes; browsers keep no more than %d.", name, out.size, MAX_COOKIE);
    /* a later one of this name, path and domain replaces it in the browser; here too, so that the answer has it once */
    ResponseInternal *internal = res->internal;
    size_t prefix = strlen(name) + 1;
    uint32_t to = 0;
    for (uint32_t i = 0; i < internal->n_headers; i++)
        if (!same(&internal->headers[i], "Set-Cookie", 10) || strncmp(internal->headers[i].value, out.data, prefix) != 0)
            internal->headers[to++] = internal->headers[i];
    internal->n_headers = to;
    capo_add_header(res, "Set-Cookie", capo_buffer_text(&out));
}

void capo_set_cookie_with(Response *res, const char *name, const char *value, const CookieOptions *options)
{
    int64_t now = options->max_age > 0 ? capo_now().microseconds / 1000000 : 0;
    put_cookie(res, name, value, options, options->max_age > 0 ? now + options->max_age : -1, options->max_age);
}

void capo_delete_cookie(Response *res, const char *name, const char *path, const char *domain)
{
    /* a browser only takes names with these prefixes from a Secure cookie, the removal too */
    bool secure = strncmp(name, "__Secure-", 9) == 0 || strncmp(name, "__Host-", 7) == 0;
    put_cookie(res, name, "", &(CookieOptions){ .path = path, .domain = domain, .secure = secure, .readable_by_scripts = true }, 0, 0);
}
