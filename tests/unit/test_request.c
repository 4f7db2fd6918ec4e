/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests made by hand: query strings, headers, cookies, bodies, addresses. Ids are rows of the security list. */
#include <capo/testing.h>
#include <capo/server.h>
#include "../../core/http/request_internal.h"
#include <stdlib.h>
#include <string.h>

static Request *get(const char *target)
{
    return capo_request_make(&(RawRequest){ .method = "GET", .target = target });
}

static Request *get_with(const char *name, const char *value)
{
    return capo_request_make(&(RawRequest){ .method = "GET", .target = "/", .n_headers = 1, .headers = (struct QueryItem[]){ { name, value } } });
}

static Request *post(const char *type, const char *body)
{
    return capo_request_make(&(RawRequest){ .method = "POST", .target = "/", .n_headers = 1, .body = body, .body_size = strlen(body),
                                            .headers = (struct QueryItem[]){ { "Content-Type", type } } });
}

TEST(request_basics)
{
    Request *req = get("/blog/caf%C3%A9/?page=2&q=a+b");
    EXPECT_INT(req->method, GET);
    EXPECT_TEXT(req->method_name, "GET");
    EXPECT_TEXT(req->path, "/blog/caf\xc3\xa9/");
    EXPECT_TEXT(req->raw_path, "/blog/caf%C3%A9/");
    EXPECT_TEXT(req->query_string, "page=2&q=a+b");
    EXPECT_TEXT(req->scheme, "http");
    EXPECT_TEXT(req->remote_address, "127.0.0.1");
    EXPECT_INT(capo_int_param(req, "page", 1), 2);
    EXPECT_INT(capo_int_param(req, "q", 7), 7);
    EXPECT_INT(capo_int_param(req, "none", 8), 8);
    EXPECT_TEXT(capo_param(req, "q"), "a b");
    EXPECT(!capo_is_secure(req));
    EXPECT_TEXT(get("/a\xff%fe")->path, "/a\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_INT(capo_request_make(&(RawRequest){ .method = "PROPFIND", .target = "/" })->method, METHOD_OTHER);
}

TEST(request_full_path_and_absolute_uri)
{
    EXPECT_TEXT(capo_full_path(get("/caf\xc3\xa9/?a=b")), "/caf%C3%A9/?a=b");
    EXPECT_TEXT(capo_full_path(get("/a%20b/")), "/a%20b/");
    Request *req = get("/blog/x/?a=b");
    req->internal->host = "example.com";        /* as if checked */
    EXPECT_TEXT(capo_absolute_uri(req, NULL), "http://example.com/blog/x/?a=b");
    EXPECT_TEXT(capo_absolute_uri(req, "/y/"), "http://example.com/y/");
    EXPECT_TEXT(capo_absolute_uri(req, "z/"), "http://example.com/blog/x/z/");
    EXPECT_TEXT(capo_absolute_uri(req, "?p=1"), "http://example.com/blog/x/?p=1");
    EXPECT_TEXT(capo_absolute_uri(req, "https://other/"), "https://other/");
    EXPECT_TEXT(capo_absolute_uri(req, "//other/a"), "http://other/a");
}

TEST(request_headers)
{
    struct QueryItem headers[] = { { "Accept-Language", "de" }, { "X-Many", "a" }, { "x-many", "b" }, { "X-Bytes", "caf\xe9" }, { "X-Empty", "" } };
    Request *req = capo_request_make(&(RawRequest){ .method = "GET", .target = "/", .headers = headers, .n_headers = 5 });
    EXPECT_TEXT(capo_header(req, "accept-language"), "de");
    EXPECT_TEXT(capo_header(req, "ACCEPT-LANGUAGE"), "de");
    EXPECT_TEXT(capo_header(req, "X-Many"), "a, b");
    EXPECT_TEXT(capo_header(req, "X-Bytes"), "caf\xef\xbf\xbd");
    EXPECT_TEXT(capo_header(req, "X-Empty"), "");
    EXPECT_TEXT(capo_header(req, "Host"), "testserver");
    EXPECT(capo_header(req, "X-None") == NULL);
    EXPECT_TEXT(capo_header(req, "accept-language"), "de");
}

TEST(request_accepts)
{
    EXPECT(capo_accepts(get("/"), "text/html"));
    Request *req = get_with("Accept", "text/html, application/xhtml+xml;q=0.9, image/*;q=0.5, text/plain;q=0");
    EXPECT(capo_accepts(req, "text/html") && capo_accepts(req, "image/png") && capo_accepts(req, "application/xhtml+xml"));
    EXPECT(!capo_accepts(req, "application/json") && !capo_accepts(req, "text/plain"));
    EXPECT(capo_accepts(get_with("Accept", "*/*;q=0.1"), "application/json"));
    EXPECT(!capo_accepts(get_with("Accept", "*/*, application/json;q=0.0"), "application/json"));
}

static const char *reencoded(const char *query)
{
    return capo_dict_urlencode(capo_dict_parse(query, strlen(query)));
}

TEST(request_query_dict)
{
    EXPECT_TEXT(reencoded("a=1&b=2&a=3"), "a=1&a=3&b=2");
    EXPECT_TEXT(reencoded("a&b=&=c&&"), "a=&b=&=c");
    EXPECT_TEXT(reencoded("a=1;b=2"), "a=1%3Bb%3D2");                  /* SEC-058 */
    EXPECT_TEXT(reencoded("a=%zz%4&b=100%"), "a=%25zz%254&b=100%25");
    EXPECT_TEXT(reencoded("a=%ff%C3%A9+~-_."), "a=%EF%BF%BD%C3%A9+~-_.");
    EXPECT_TEXT(reencoded(""), "");
    QueryDict *dict = capo_dict_copy(capo_dict_parse("a=1&b=2&a=3&c=4", 15));
    EXPECT_TEXT(capo_dict_get(dict, "a"), "3");
    const char **all = capo_dict_get_list(dict, "a");
    EXPECT_TEXT(all[0], "1");
    EXPECT_TEXT(all[1], "3");
    EXPECT(all[2] == NULL && capo_dict_get_list(dict, "x")[0] == NULL);
    capo_dict_set(dict, "a", "9");
    EXPECT_TEXT(capo_dict_urlencode(dict), "a=9&b=2&c=4");
    capo_dict_remove(dict, "b");
    for (int i = 0; i < 20; i++)
        capo_dict_add(dict, "d", "x");
    EXPECT_INT(dict->count, 22);
    EXPECT(capo_dict_has(dict, "c") && !capo_dict_has(dict, "b"));
    Value value = VALUE(dict), found;
    EXPECT(capo_lookup(value, "a", 1, &found));
    EXPECT_TEXT(capo_to_text(found), "9");
    EXPECT_INT(capo_length(value), 3);
    EXPECT_TEXT(capo_to_text(VALUE(capo_dict_parse("a=1&a=2&b=x", 11))), "<QueryDict: {'a': ['1', '2'], 'b': ['x']}>");
}

static void parse_query(void *query)
{
    capo_dict_parse(query, strlen(query));
}

TEST(request_sec058_field_limit)
{
    ServerLimits before = capo_server_limits;
    capo_server_limits.max_fields = 1000;
    Buffer query = { 0 };
    for (int i = 0; i < 1000; i++)
        capo_put(&query, i ? "&a=1" : "a=1");
    const Error *at_limit = capo_try(parse_query, query.data);
    capo_put(&query, "&b=2");
    const Error *over = capo_try(parse_query, query.data);
    Buffer marks = { 0 };
    for (int i = 0; i < 1 << 20; i++)
        capo_put_char(&marks, '&');
    const Error *only_marks = capo_try(parse_query, marks.data);
    const Error *nul = capo_try(parse_query, "a=%00");
    capo_server_limits = before;
    EXPECT(!at_limit && over && over->status == 400 && only_marks && only_marks->status == 400 && nul && nul->status == 400);
}

TEST(request_forms)
{
    Request *req = post("application/x-www-form-urlencoded; charset=utf-8", "title=Hello+%26&tags=1&tags=2&empty=");
    EXPECT_TEXT(capo_post(req, "title"), "Hello &");
    EXPECT_TEXT(capo_post(req, "tags"), "2");
    EXPECT_TEXT(capo_post(req, "empty"), "");
    EXPECT(capo_post(req, "none") == NULL);
    EXPECT(capo_file(req, "title") == NULL);
    size_t size;
    EXPECT_TEXT(capo_body(req, &size), "title=Hello+%26&tags=1&tags=2&empty=");
    EXPECT_INT(capo_post_dict(post("text/plain", "a=1"))->count, 0);
    EXPECT_INT(capo_post_dict(get("/?a=1"))->count, 0);
}

static void read_json(void *req)
{
    capo_json_body(req);
}

TEST(request_json)
{
    Value value = capo_json_body(post("application/json; charset=utf-8", "{\"a\": [1, \"x\"]}"));
    EXPECT_TEXT(capo_to_text(value), "{'a': [1, 'x']}");
    const Error *error = capo_try(read_json, post("application/json", "{"));
    EXPECT(error && error->status == 400);
    error = capo_try(read_json, post("text/plain", "{}"));
    EXPECT(error && error->status == 415);
    Buffer deep = { 0 };                                                /* SEC-059 */
    for (int i = 0; i < 100000; i++)
        capo_put_char(&deep, '[');
    error = capo_try(read_json, post("application/json", deep.data));
    EXPECT(error && error->status == 400);
}

TEST(request_streamed_body)
{
    Request *req = post("text/plain", "hello world");
    char piece[5];
    Buffer all = { 0 };
    for (size_t n; (n = capo_body_read(req, piece, sizeof piece)) > 0;)
        capo_put_bytes(&all, piece, n);
    EXPECT_TEXT(all.data, "hello world");
    EXPECT_INT(capo_body_read(req, piece, sizeof piece), 0);
}

TEST(request_cookies_sec172)
{
    Request *req = get_with("Cookie", "a=1; b=\"x\\\"y\\073\"; =nameless; bare; c=; a=2 ; %64=3; e=a=b; f=caf\xc3\xa9");
    EXPECT_TEXT(capo_cookie(req, "a"), "2");
    EXPECT_TEXT(capo_cookie(req, "b"), "x\"y;");
    EXPECT_TEXT(capo_cookie(req, "c"), "");
    EXPECT_TEXT(capo_cookie(req, "%64"), "3");
    EXPECT_TEXT(capo_cookie(req, "e"), "a=b");
    EXPECT_TEXT(capo_cookie(req, "f"), "caf\xc3\xa9");
    EXPECT(!capo_cookie(req, "d") && !capo_cookie(req, "") && !capo_cookie(req, "bare") && !capo_cookie(req, "nameless"));
    EXPECT(capo_cookie(get("/"), "a") == NULL);
    EXPECT(capo_cookie(get_with("Cookie", "=__Host-a=b"), "__Host-a") == NULL);
    Buffer many = { 0 };
    for (int i = 0; i < 1500; i++)
        capo_put_format(&many, "%sc%d=1", i ? ";" : "", i);
    many.data[8000] = 0;
    req = get_with("Cookie", many.data);
    EXPECT(capo_cookie(req, "c0") && capo_cookie(req, "c199") && !capo_cookie(req, "c200"));
}

/* SEC-137: a client's word about the scheme counts only where the setting names its header. */
TEST(request_sec137_proxy_header)
{
    EXPECT_TEXT(get_with("X-Forwarded-Proto", "https")->scheme, "http");
    ServerLimits before = capo_server_limits;
    capo_server_limits.proxy_ssl_header = "X-Forwarded-Proto";
    const char *said = get_with("X-Forwarded-Proto", "https")->scheme, *listed = get_with("X-Forwarded-Proto", "https, http")->scheme;
    const char *other = get_with("X-Forwarded-Proto", "httpsx")->scheme, *nothing = get("/")->scheme;
    capo_server_limits = before;
    EXPECT_TEXT(said, "https");
    EXPECT_TEXT(listed, "http");
    EXPECT_TEXT(other, "http");
    EXPECT_TEXT(nothing, "http");
}

/* SEC-056: linear in the worst known header values. */
TEST(request_sec056_header_parameters)
{
    int count;
    EXPECT_TEXT(header_parameter("form-data; name=\"a\\\"b\"; x=y", "name", &count), "a\"b");
    EXPECT_TEXT(header_parameter("a; X=y ; x=z", "x", &count), "y");
    EXPECT_INT(count, 2);
    EXPECT(header_parameter("a; b; c=\"", "b", &count) == NULL);
    EXPECT_TEXT(header_parameter("a; c=\"open", "c", &count), "open");
    static const char *const fillings[] = { ";", "\"", "\\", ";x=\"", "; x=y", ",", "*", "=" };
    for (size_t f = 0; f < sizeof fillings / sizeof *fillings; f++) {
        int64_t took[2];
        for (int round = 0; round < 2; round++) {
            Buffer value = { 0 };
            capo_put(&value, "a;b=\"");
            while (value.size < (size_t)(1 << 19) << round)
                capo_put(&value, fillings[f]);
            took[round] = CPU_US_OF((header_parameter(value.data, "zz", &count), header_media_type(value.data)));
        }
        EXPECT(took[1] < took[0] * 5 / 2 + 50000);
    }
}

static void make(void *raw)
{
    capo_request_make(raw);
}

TEST(request_by_hand_is_as_strict)
{
    const Error *error = capo_try(make, &(RawRequest){ .method = "GE T", .target = "/" });
    EXPECT(error && error->status == 400);
    error = capo_try(make, &(RawRequest){ .method = "GET", .target = "/", .n_headers = 1, .headers = (struct QueryItem[]){ { "A", "b\r\nC: d\r\n\r\n" } } });
    EXPECT(error && error->status == 400);
}
