/* SPDX-License-Identifier: BSD-3-Clause */
/* The test client: requests that come by no socket, and an own cookie jar. Each is a unit of work inside the test's. */
#include <capo/server.h>
#include <capo/testing.h>
#include <capo/unit.h>
#include "testing_internal.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct Client {
    Map *cookies;
    List *headers;              /* maps with name and value */
    bool enforce_csrf;
};

Client *capo_client(void)
{
    Client *client = capo_alloc_struct(Client);
    client->cookies = capo_map_new();
    client->headers = capo_list_new();
    return client;
}

void capo_client_header(Client *client, const char *name, const char *value)
{
    capo_list_add(client->headers, VALUE(capo_map(V("name", name), V("value", value))));
}

void capo_client_enforce_csrf(Client *client)
{
    client->enforce_csrf = true;
}

typedef struct Exchange {
    Client *client;
    RawRequest raw;
    const char *log_in;         /* the key: not a page is wanted but a session of this user */
    char *bytes;                /* malloc: outlives the request's arena */
    size_t size;
    List *templates;            /* names; with the context in the request's arena */
    Map *context;
} Exchange;

/* Contexts keep the memory of their requests until the test ends: of so many answers of a test. */
enum { CONTEXTS_KEPT = 500 };
static Exchange *recording;

static void record(const Template *template, Context *context)
{
    if (!recording)
        return;
    if (!recording->templates)
        recording->templates = capo_list_new();
    capo_list_add(recording->templates, capo_value_text(capo_strdup(capo_template_origin(template).name)));
    Map *seen = capo_context_flatten(context);
    if (!recording->context)
        recording->context = seen;
    for (size_t i = 0; i < seen->count; i++)
        if (!capo_map_get(recording->context, seen->entries[i].key.text))
            capo_map_set(recording->context, seen->entries[i].key.text, seen->entries[i].value);
}

static const char *wanted_user;

/* A layer that answers by itself: the session middleware around it saves the session and sets the cookie. */
static Response *log_in(Request *req, const Next *next)
{
    (void)next;
    capo_login(req, (AnyUser *)capo_query_get(capo_query_filter(capo_query_of(capo_user_model()), Q("pk", wanted_user))));
    return capo_no_content();
}

static void exchange(void *argument)
{
    Exchange *about = argument;
    Request *req = capo_request_make(&about->raw);
    req->dont_enforce_csrf = !about->client->enforce_csrf;
    capo_unit->slots[UNIT_REQUEST] = req;
    static Middleware *const login_layers[] = { capo_session_middleware, log_in, NULL };
    wanted_user = about->log_in;
    Response *res = about->log_in ? capo_run_middleware(req, login_layers) : capo_handle(req);
    Buffer out = { 0 };
    capo_response_write(req, res, &out);
    about->bytes = malloc(out.size + 1);
    if (!about->bytes)
        capo_raise(500, "There is no memory for the answer of %zu bytes.", out.size);
    memcpy(about->bytes, capo_buffer_text(&out), out.size + 1);
    about->size = out.size;
}

/* "sessionid=abc; Path=/; …": kept, or forgotten where it is empty. */
static void keep_cookie(Client *client, const char *value)
{
    const char *equals = strchr(value, '=');
    if (!equals)
        return;
    const char *end = equals + strcspn(equals, ";");
    const char *name = capo_strndup(value, (size_t)(equals - value));
    const char *content = capo_strndup(equals + 1, (size_t)(end - equals - 1));
    if (!*content || strcmp(content, "\"\"") == 0 || strstr(end, "Max-Age=0") || strstr(end, "max-age=0"))
        capo_map_remove(client->cookies, name);
    else
        capo_map_set(client->cookies, name, VALUE(content));
}

/* Chunked bodies, put together. */
static void unchunk(ClientResponse *response)
{
    Buffer out = { 0 };
    const char *at = response->body, *end = response->body + response->size;
    while (at < end) {
        char *line_end;
        unsigned long size = strtoul(at, &line_end, 16);
        if (line_end + 2 > end || size > (size_t)(end - line_end - 2) || size == 0)
            break;
        capo_put_bytes(&out, line_end + 2, size);
        at = line_end + 2 + size + 2;
    }
    response->body = capo_buffer_text(&out);
    response->size = out.size;
}

static ClientResponse *parse_response(Client *client, const char *bytes, size_t size)
{
    ClientResponse *response = capo_alloc_struct(ClientResponse);
    QueryDict *headers = capo_dict_parse("", 0);
    const char *end = strstr(bytes, "\r\n\r\n");
    if (!end || strncmp(bytes, "HTTP/1.", 7) != 0)
        capo_raise(500, "The answer is no HTTP: %.80s", bytes);
    response->status = atoi(bytes + 9);
    response->body = capo_strndup(end + 4, size - (size_t)(end + 4 - bytes));
    response->size = size - (size_t)(end + 4 - bytes);
    bool chunked = false;
    for (const char *line = strstr(bytes, "\r\n") + 2; line < end + 2; ) {
        const char *line_end = strstr(line, "\r\n"), *colon = memchr(line, ':', (size_t)(line_end - line));
        if (colon) {
            const char *name = capo_strndup(line, (size_t)(colon - line)), *value = capo_strip(capo_strndup(colon + 1, (size_t)(line_end - colon - 1)));
            capo_dict_add(headers, name, value);
            if (strcasecmp(name, "Set-Cookie") == 0)
                keep_cookie(client, value);
            else if (strcasecmp(name, "Location") == 0)
                response->location = value;
            else if (strcasecmp(name, "Content-Type") == 0)
                response->content_type = value;
            else if (strcasecmp(name, "Transfer-Encoding") == 0)
                chunked = strcasecmp(value, "chunked") == 0;
        }
        line = line_end + 2;
    }
    response->headers = headers;
    if (chunked)
        unchunk(response);
    return response;
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

static void keep_record(ClientResponse *response, const Exchange *about, Arena *arena)
{
    static const char *const none[] = { NULL };
    static const Unit *test;
    static int kept;
    response->templates = none;
    if (test != capo_unit)
        kept = 0;
    test = capo_unit;
    if (about->templates) {
        const char **names = capo_alloc_array(about->templates->count + 1, sizeof *names);
        for (size_t i = 0; i < about->templates->count; i++)
            names[i] = capo_strdup(about->templates->items[i].text);
        response->templates = names;
    }
    if (!about->context || kept >= CONTEXTS_KEPT) {
        arena_free(arena);
        return;
    }
    kept++;
    response->context = about->context;
    arena_unwind(arena, (ArenaMark){ 0 });      /* what the request held goes now; its memory stays */
    capo_defer(free_arena, arena);
}

static ClientResponse *send_request(Client *client, const char *method, const char *url, const char *content_type, const char *body, size_t size, const char *user)
{
    struct QueryItem *headers = capo_alloc_array(client->headers->count + 4, sizeof *headers);
    size_t n = 0;
    bool has_host = false;
    for (size_t i = 0; i < client->headers->count; i++) {
        Map *header = client->headers->items[i].map;
        headers[n++] = (struct QueryItem){ capo_map_get(header, "name")->text, capo_map_get(header, "value")->text };
        has_host |= strcasecmp(headers[n - 1].key, "Host") == 0;
    }
    if (!has_host)
        headers[n++] = (struct QueryItem){ "Host", "testserver" };
    if (content_type)
        headers[n++] = (struct QueryItem){ "Content-Type", content_type };
    if (client->cookies->count) {
        Buffer cookie = { 0 };
        for (size_t i = 0; i < client->cookies->count; i++)
            capo_put_format(&cookie, "%s%s=%s", i ? "; " : "", client->cookies->entries[i].key.text, client->cookies->entries[i].value.text);
        headers[n++] = (struct QueryItem){ "Cookie", capo_buffer_text(&cookie) };
    }
    Exchange about = { .client = client, .raw = { .method = method, .target = url, .headers = headers, .n_headers = n, .body = body,
                       .body_size = size, .remote_address = "127.0.0.1", .scheme = "http" }, .log_in = user };
    Arena *arena = arena_new();
    Unit unit;
    /* The database slot is shared, so that the request sees the test's open transaction. */
    Exchange *outer = recording;
    recording = &about;
    capo_template_rendered = record;
    const Error *error = capo_unit_run(&unit, arena, capo_format("%s %s", method, url), exchange, &about);
    recording = outer;
    if (error) {
        const char *message = capo_format("%s: %s (%s:%d)", error->name, error->message, error->file, error->line);
        int code = error->code;
        arena_free(arena);
        capo_raise(code, "%s", message);
    }
    ClientResponse *response = parse_response(client, about.bytes, about.size);
    free(about.bytes);
    keep_record(response, &about, arena);
    return response;
}

ClientResponse *capo_client_request(Client *client, const char *method, const char *url, const char *content_type, const char *body, size_t size)
{
    return send_request(client, method, url, content_type, body, size, NULL);
}

void capo_client_login(Client *client, AnyUser *user)
{
    send_request(client, "GET", "/", NULL, NULL, 0, capo_to_text(capo_instance_pk((Instance *)user)));
}

ClientResponse *capo_client_get(Client *client, const char *url)
{
    return capo_client_request(client, "GET", url, NULL, NULL, 0);
}

/* --- posting ------------------------------------------------------------------------------------------------------------------- */

#define BOUNDARY "capo-test-client-boundary-7f3a91"
typedef struct Upload { Object object; const char *name, *content_type; const void *bytes; size_t size; } Upload;
static const ObjectOps upload_ops = { .type_name = "Upload" };

Value capo_client_file(const char *name, const char *content_type, const void *bytes, size_t size)
{
    Upload *upload = capo_alloc_struct(Upload);
    *upload = (Upload){ .object.ops = &upload_ops, .name = name, .content_type = content_type, .bytes = bytes, .size = size };
    return capo_value_object(upload);
}

static bool is_upload(Value value)
{
    return value.kind == VALUE_OBJECT && value.object->ops == &upload_ops;
}

static void put_part(Buffer *body, const char *name, Value value)
{
    capo_put_format(body, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"%s\"", name);
    if (is_upload(value)) {
        const Upload *upload = (const Upload *)(const void *)value.object;
        capo_put_format(body, "; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n", upload->name, upload->content_type);
        capo_put_bytes(body, upload->bytes, upload->size);
    } else {
        capo_put_format(body, "\r\n\r\n%s", capo_to_text(value));
    }
    capo_put(body, "\r\n");
}

/* Calls with each name and single value; lists repeat theirs. */
static void each_value(const Var *fields, void (*see)(void *context, const char *name, Value value), void *context)
{
    for (; fields && fields->name; fields++) {
        bool list = fields->value.kind == VALUE_LIST;
        for (size_t i = 0; i < (list ? fields->value.list->count : 1); i++)
            see(context, fields->name, list ? fields->value.list->items[i] : fields->value);
    }
}

static void note_upload(void *found, const char *name, Value value)
{
    (void)name;
    *(bool *)found |= is_upload(value);
}

static void add_part(void *body, const char *name, Value value) { put_part(body, name, value); }
static void add_field(void *dict, const char *name, Value value) { capo_dict_add(dict, name, capo_to_text(value)); }

ClientResponse *capo_client_post_with(Client *client, const char *url, const Var *fields)
{
    bool multipart = false;
    each_value(fields, note_upload, &multipart);
    if (multipart) {
        Buffer body = { 0 };
        each_value(fields, add_part, &body);
        capo_put(&body, "--" BOUNDARY "--\r\n");
        return capo_client_request(client, "POST", url, "multipart/form-data; boundary=" BOUNDARY, body.data, body.size);
    }
    QueryDict *dict = capo_dict_parse("", 0);
    each_value(fields, add_field, dict);
    const char *body = capo_dict_urlencode(dict);
    return capo_client_request(client, "POST", url, "application/x-www-form-urlencoded", body, strlen(body));
}

void capo_expect_status(const char *file, int line, const ClientResponse *response, int wanted)
{
    if (response->status != wanted)
        capo_test_fail(file, line, "the status is %d, wanted %d%s%s\n%.600s", response->status, wanted, response->location ? ", to " : "",
                       response->location ? response->location : "", response->body);
}

void capo_expect_contains(const char *file, int line, const ClientResponse *response, const char *text, bool wanted)
{
    if ((strstr(response->body, text) != NULL) != wanted)
        capo_test_fail(file, line, "the answer (%d) has %s%s\n%.3000s", response->status, wanted ? "no " : "", text, response->body);
}

void capo_expect_template(const char *file, int line, const ClientResponse *response, const char *name, bool wanted)
{
    bool found = false;
    Buffer all = { 0 };
    for (size_t i = 0; response->templates[i]; i++) {
        found = found || strcmp(response->templates[i], name) == 0;
        capo_put_format(&all, "%s%s", i ? ", " : "", response->templates[i]);
    }
    if (found != wanted)
        capo_test_fail(file, line, "the template '%s' was %s; there were: %s", name, wanted ? "not rendered" : "rendered",
                       all.size ? capo_buffer_text(&all) : "none");
}

void capo_expect_redirect(const char *file, int line, const ClientResponse *response, const char *to)
{
    if (response->status < 300 || response->status > 399 || !response->location || strcmp(response->location, to) != 0)
        capo_test_fail(file, line, "the answer is %d to %s, wanted a redirect to %s", response->status, response->location ? response->location : "nowhere", to);
}
