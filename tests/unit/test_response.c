/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses as bytes. Ids are rows of the security list. */
#include <capo/testing.h>
#include <capo/server.h>
#include "../../core/http/request_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Request *request(const char *method)
{
    return capo_request_make(&(RawRequest){ .method = method, .target = "/" });
}

/* The bytes without the Date header. */
static const char *bytes_for(const char *method, Response *res)
{
    Buffer out = { 0 };
    capo_response_write(request(method), res, &out);
    char *text = capo_buffer_text(&out), *date = strstr(text, "Date: "), *end = strstr(date, "\r\n") + 2;
    memmove(date, end, strlen(end) + 1);
    return text;
}

TEST(response_bodies)
{
    EXPECT_TEXT(bytes_for("GET", capo_text("n=%d", 5)), "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\nn=5");
    EXPECT_TEXT(bytes_for("HEAD", capo_text("n=%d", 5)), "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n");
    EXPECT_TEXT(bytes_for("GET", capo_html(404, "<p>")), "HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n\r\n<p>");
    EXPECT_TEXT(bytes_for("GET", capo_json(capo_map(V("a", 1)))),
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1}");
    EXPECT_TEXT(bytes_for("GET", capo_no_content()), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TEXT(bytes_for("GET", capo_response(418, NULL)), "HTTP/1.1 418 I'm a Teapot\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TEXT(capo_reason_phrase(431), "Request Header Fields Too Large");
    EXPECT_TEXT(capo_reason_phrase(299), "Unknown Status Code");
}

TEST(response_headers)
{
    Response *res = capo_text("x");
    capo_set_header(res, "X-A", "1");
    capo_add_header(res, "x-a", "2");
    EXPECT_TEXT(capo_get_header(res, "X-a"), "1");
    capo_set_header(res, "x-A", "3");
    capo_set_header(res, "Content-Type", "text/csv");
    const struct QueryItem *items;
    EXPECT_INT(capo_response_headers(res, &items), 2);
    EXPECT_TEXT(items[0].value, "text/csv");
    EXPECT_TEXT(items[1].value, "3");
    capo_set_header(res, "X-A", NULL);
    EXPECT(capo_get_header(res, "X-A") == NULL);
    capo_vary(res, "Cookie");
    capo_vary(res, "Accept-Language");
    capo_vary(res, "cookie");
    EXPECT_TEXT(capo_get_header(res, "Vary"), "Cookie, Accept-Language");
    capo_vary(res, "*");
    capo_vary(res, "Origin");
    EXPECT_TEXT(capo_get_header(res, "Vary"), "*");
    capo_never_cache(res);
    EXPECT_TEXT(capo_get_header(res, "Cache-Control"), "max-age=0, no-cache, no-store, must-revalidate, private");
}

/* A header's value that was on a function's own stack. */
static void set_local_value(Response *res)
{
    char value[16];
    snprintf(value, sizeof value, "local");
    capo_set_header(res, "X-Local", value);
}

TEST(response_header_values_are_copied)
{
    Response *res = capo_text("x");
    set_local_value(res);
    EXPECT_TEXT(capo_get_header(res, "X-Local"), "local");
}

typedef struct Header { const char *name, *value; } Header;

static void set_it(void *argument)
{
    Header *header = argument;
    capo_set_header(capo_text("x"), header->name, header->value);
}

/* SEC-029 */
TEST(response_sec029_no_line_breaks)
{
    static Header bad[] = { { "X", "a\r\nSet-Cookie: b" }, { "X", "a\nb" }, { "X", "a\rb" }, { "X", "\x01" }, { "X\r\nY", "a" }, { "X Y", "a" },
                            { "", "a" }, { "X:", "a" }, { "Transfer-Encoding", "chunked" }, { "Content-Length", "5x" }, { "Connection", "keep-alive" },
                            { "Content-Type", "a/b\r\nX: y" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const Error *error = capo_try(set_it, &bad[i]);
        if (!error || error->status != 500)
            capo_test_fail(__FILE__, __LINE__, "not refused: %s: %s", bad[i].name, bad[i].value);
    }
}

TEST(response_cookies)
{
    Response *res = capo_text("x");
    capo_set_cookie(res, "theme", "dark");
    EXPECT_TEXT(capo_get_header(res, "Set-Cookie"), "theme=dark; HttpOnly; Path=/; SameSite=Lax");
    capo_set_cookie(res, "theme", "a b;\"\xc3\xa9", .secure = true, .same_site = "Strict", .path = "/x/", .domain = "example.com",
                    .readable_by_scripts = true);
    EXPECT_TEXT(capo_get_header(res, "Set-Cookie"), "theme=\"a b\\073\\\"\\303\\251\"; Domain=example.com; Path=/x/; SameSite=Strict; Secure");
    capo_delete_cookie(res, "theme", NULL, NULL);
    EXPECT_TEXT(capo_get_header(res, "Set-Cookie"), "theme=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax");
    capo_set_cookie(res, "other", "1", .max_age = 60);
    const struct QueryItem *items;
    EXPECT_INT(capo_response_headers(res, &items), 3);
    EXPECT(strstr(items[2].value, "other=1; expires=") && strstr(items[2].value, " GMT; HttpOnly; Max-Age=60; Path=/"));
}

static void set_bad_cookie(void *argument)
{
    Header *header = argument;
    capo_set_cookie(capo_text("x"), header->name, header->value);
}

static void set_bad_path(void *argument)
{
    capo_set_cookie(capo_text("x"), "a", "b", .path = argument);
}

/* SEC-179 and SEC-029 */
TEST(response_sec179_broken_cookies)
{
    char *large = capo_alloc(5000);
    memset(large, 'x', 4999);
    static Header bad[] = { { "a b", "x" }, { "", "x" }, { "a=b", "x" }, { "a\r\n", "x" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(capo_try(set_bad_cookie, &bad[i]) != NULL);
    EXPECT(capo_try(set_bad_cookie, &(Header){ "a", large }) != NULL);
    EXPECT(capo_try(set_bad_path, "/; Domain=evil") != NULL);
    EXPECT(capo_try(set_bad_path, "/\r\nX: y") != NULL);
}

static void write_rows(ResponseStream *stream, void *argument)
{
    (void)argument;
    capo_stream_write(stream, "a,", 2);
    capo_stream_format(stream, "%d\n", 5);
}

TEST(response_streams_for_the_test_client)
{
    EXPECT_TEXT(bytes_for("GET", capo_stream("text/csv", write_rows, NULL)),
                "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 4\r\n\r\na,5\n");
}

TEST(response_media_types)
{
    EXPECT_TEXT(capo_media_type("a/site.CSS"), "text/css; charset=utf-8");
    EXPECT_TEXT(capo_media_type("a.b/noextension"), "application/octet-stream");
    EXPECT_TEXT(capo_media_type("x.unknown"), "application/octet-stream");
}

static void send_path(void *path)
{
    capo_file_response(request("GET"), path, NULL);
}

/* SEC-083: what is no file is none, and nothing blocks. */
TEST(response_sec083_only_files)
{
    char *fifo = capo_format("/tmp/capo-test-fifo-%d", (int)getpid());
    EXPECT(mkfifo(fifo, 0600) == 0);
    char *paths[] = { fifo, "/tmp", "/dev/null", "/tmp/capo-none", "" };
    int wrong = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const Error *error = capo_try(send_path, paths[i]);
        wrong += !error || error->status != 404;
    }
    unlink(fifo);
    EXPECT_INT(wrong, 0);
}

/* SEC-087 */
TEST(response_sec087_dates)
{
    static const struct { const char *text; long long seconds; } good[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 }, { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 }, { "Sun Nov  6 08:49:37 1994", 784111777 },
        { "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t seconds = -1;
        EXPECT(http_date_parse(good[i].text, &seconds));
        EXPECT_INT(seconds, good[i].seconds);
    }
    static const char *const bad[] = { "", "x", "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 06 Nov 1000000000 08:49:37 GMT", "Sun, 46 Nov 1994 08:49:37 GMT",
                                       "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 28:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT trailing",
                                       "Sun, 06 Nov 1994 08:49:37", "99999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (http_date_parse(bad[i], &(int64_t){ 0 }))
            capo_test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
    char text[HTTP_DATE_SIZE + 1];
    http_date_put(text, 784111777);
    EXPECT_TEXT(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}
