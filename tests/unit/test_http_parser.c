/* SPDX-License-Identifier: BSD-3-Clause */
/* The request parser: every case is parsed in one piece, byte by byte, and cut in two at every place (SEC-025). */
#include <capo/testing.h>
#include "../../core/http/parser.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const HttpLimits limits = { .line = 200, .header = 300, .head = 1000, .n_headers = 20 };

/* The whole text in an allocation of its own size, so that a byte too far is an error under AddressSanitizer. */
static int parse_exact(ParsedRequest *ret, const char *bytes, size_t size, size_t seen, const HttpLimits *with)
{
    char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    int result = http_parse_head(ret, copy, size, seen, with);
    free(copy);
    return result;
}

static int parse_in_steps(const char *bytes, size_t size, size_t step, const HttpLimits *with)
{
    ParsedRequest parsed;
    size_t seen = 0;
    for (size_t have = step; ; have = have + step < size ? have + step : size) {
        if (have > size)
            have = size;
        int result = parse_exact(&parsed, bytes, have, seen, with);
        if (result != -EAGAIN || have == size)
            return result;
        seen = have;
    }
}

/* 0: complete with all bytes used; else the status that it is refused with; 1: not complete. */
static int status_of(const char *bytes, size_t size)
{
    ParsedRequest parsed;
    int whole = parse_exact(&parsed, bytes, size, 0, &limits);
    if (whole != -EAGAIN) {
        EXPECT_INT(parse_in_steps(bytes, size, 1, &limits), whole);
        for (size_t cut = 1; cut < size && size < 600; cut++) {
            int first = parse_exact(&parsed, bytes, cut, 0, &limits);
            int result = first == -EAGAIN ? parse_exact(&parsed, bytes, size, cut, &limits) : first;
            if (result != whole && first != whole)
                capo_test_fail(__FILE__, __LINE__, "cut at %zu gives %d, whole gives %d: %s", cut, result, whole, bytes);
        }
    }
    if (whole == -EAGAIN)
        return 1;
    if (whole > 0)
        return (size_t)whole == size ? 0 : -1;
    return http_refusal(whole);
}

typedef struct Case { const char *bytes; int status; size_t size; } Case;

static void check(const Case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int status = status_of(cases[i].bytes, cases[i].size ? cases[i].size : strlen(cases[i].bytes));
        if (status != cases[i].status)
            capo_test_fail(__FILE__, __LINE__, "status %d, wanted %d, for: %s", status, cases[i].status, cases[i].bytes);
    }
}
#define CHECK(...) do { static const Case cases[] = { __VA_ARGS__ }; check(cases, sizeof cases / sizeof *cases); } while (0)

#define HEAD_OF(headers) "POST / HTTP/1.1\r\nHost: a\r\n" headers "\r\n"
#define GET_OF(headers) "GET / HTTP/1.1\r\nHost: a\r\n" headers "\r\n"

static ParsedRequest parse_good(const char *text)
{
    ParsedRequest parsed;
    int used = http_parse_head(&parsed, text, strlen(text), 0, &limits);
    EXPECT_INT(used, strlen(text));
    return parsed;
}

static const char *text_of(Slice slice)
{
    return capo_strndup(slice.at, slice.size);
}

TEST(http_parser_plain_request)
{
    ParsedRequest p = parse_good("GET /blog/caf%C3%A9/?page=2&q=a%20b HTTP/1.1\r\nHost: example.com:8000\r\nAccept:  text/html ,*/*\t \r\n"
                                 "Cookie: a=b\r\nX-Empty:\r\n\r\n");
    EXPECT_TEXT(text_of(p.method), "GET");
    EXPECT_TEXT(text_of(p.path), "/blog/caf%C3%A9/");
    EXPECT_TEXT(text_of(p.query), "page=2&q=a%20b");
    EXPECT_INT(p.n_headers, 4);
    EXPECT_TEXT(text_of(p.headers[1].value), "text/html ,*/*");
    EXPECT_TEXT(text_of(p.headers[3].value), "");
    EXPECT_TEXT(text_of(p.headers[p.known[KNOWN_COOKIE] - 1].value), "a=b");
    EXPECT(p.keep_alive && p.minor == 1 && !p.chunked && !p.has_length && !p.expect_continue);
    size_t at = 0;
    EXPECT_TEXT(text_of(*http_find_header(&p, "ACCEPT", 6, &at)), "text/html ,*/*");
    EXPECT(http_find_header(&p, "ACCEPT", 6, &at) == NULL);
}

TEST(http_parser_targets)
{
    ParsedRequest p = parse_good("GET http://b.example:81?x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(text_of(p.path), "/");
    EXPECT_TEXT(text_of(p.query), "x");
    EXPECT_TEXT(text_of(p.authority), "b.example:81");         /* SEC-019: it wins over Host */
    p = parse_good("GET HTTPS://b/y HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(text_of(p.path), "/y");
    p = parse_good("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(p.asterisk);
    p = parse_good("GET /?a?b=/c HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(text_of(p.query), "a?b=/c");
    CHECK({ "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501 });
}

TEST(http_parser_connection)
{
    EXPECT(!parse_good(GET_OF("Connection: close\r\n")).keep_alive);
    EXPECT(!parse_good(GET_OF("Connection: TE, Close\r\n")).keep_alive);
    EXPECT(parse_good(GET_OF("Connection: TE,,Keep-Alive\r\n")).keep_alive);           /* SEC-031 */
    EXPECT(!parse_good(GET_OF("Connection: x\r\nConnection: close\r\n")).keep_alive);
    EXPECT(parse_good("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
    EXPECT(!parse_good("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT(parse_good(GET_OF("Connection: closed\r\n")).keep_alive);
}

TEST(http_parser_sec001_length_beside_chunks)
{
    CHECK({ HEAD_OF("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400 },
          { HEAD_OF("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400 });
}

TEST(http_parser_sec002_two_lengths)
{
    CHECK({ HEAD_OF("Content-Length: 5\r\nContent-Length: 5\r\n"), 400 }, { HEAD_OF("Content-Length: 5\r\ncontent-length: 6\r\n"), 400 },
          { HEAD_OF("Content-Length: 5, 5\r\n"), 400 }, { HEAD_OF("Content-Length: 5, 6\r\n"), 400 },
          { HEAD_OF("Content-Length:\r\nContent-Length: 43\r\n"), 400 });
}

TEST(http_parser_sec003_broken_lengths)
{
    CHECK({ HEAD_OF("Content-Length:\r\n"), 400 }, { HEAD_OF("Content-Length: +5\r\n"), 400 }, { HEAD_OF("Content-Length: -48\r\n"), 400 },
          { HEAD_OF("Content-Length: 0x10\r\n"), 400 }, { HEAD_OF("Content-Length: 1_0\r\n"), 400 },
          { HEAD_OF("Content-Length: 010 \r\n"), 400 }, { HEAD_OF("Content-Length: 1Z\r\n"), 400 },
          { HEAD_OF("Content-Length: 1 0\r\n"), 400 }, { HEAD_OF("Content-Length: 0\r\n"), 0 }, { HEAD_OF("Content-Length: 5 \r\n"), 0 });
}

TEST(http_parser_sec004_huge_lengths)
{
    CHECK({ HEAD_OF("Content-Length: 9223372036854775807\r\n"), 413 }, { HEAD_OF("Content-Length: 9223372036854775808\r\n"), 413 },
          { HEAD_OF("Content-Length: 18446744073709551616\r\n"), 413 },
          { HEAD_OF("Content-Length: 1111111111111111111111111111111111111111\r\n"), 413 }, { HEAD_OF("Content-Length: 2147483648\r\n"), 0 });
    EXPECT(parse_good(HEAD_OF("Content-Length: 4294967296\r\n")).content_length == 4294967296u);
}

TEST(http_parser_sec005_transfer_codings)
{
    CHECK({ HEAD_OF("Transfer-Encoding: gzip, chunked\r\n"), 400 }, { HEAD_OF("Transfer-Encoding: ,chunked\r\n"), 400 },
          { HEAD_OF("Transfer-Encoding: chunked,\r\n"), 400 }, { HEAD_OF("Transfer-Encoding: chunked, chunked\r\n"), 400 },
          { HEAD_OF("Transfer-Encoding: xchunked\r\n"), 501 }, { HEAD_OF("Transfer-Encoding: identity\r\n"), 501 },
          { HEAD_OF("Transfer-Encoding: \x0b" "chunked\r\n"), 400 }, { HEAD_OF("Transfer-Encoding: chunked\x85\r\n"), 400 },
          { HEAD_OF("Transfer-Encoding: \xa0" "chunked\r\n"), 400 }, { HEAD_OF("Transfer-Encoding: \xff" "chunked\r\n"), 400 },
          { HEAD_OF("Transfer-Encoding:\r\n"), 400 },
          { HEAD_OF("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400 },
          { "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400 }, { HEAD_OF("Transfer-Encoding: Chunked\r\n"), 0 });
}

TEST(http_parser_sec012_line_ends)
{
    CHECK({ "GET / HTTP/1.1\nHost: a\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 }, { GET_OF("A: b\rc\r\n"), 400 },
          { GET_OF("A: b\r\r\n"), 400 }, { "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a\r\n\rX", 400 },
          { "\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
          { "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 });
}

TEST(http_parser_sec013_control_bytes)
{
    CHECK({ GET_OF("A: b\x01" "c\r\n"), 400 }, { GET_OF("A: b\x7f\r\n"), 400 }, { GET_OF("A: b\tc\r\n"), 0 }, { GET_OF("A: \xc3\xa9\r\n"), 0 },
          { GET_OF("A\x01: b\r\n"), 400 }, { "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET / HTTP/1.1\r\nHost: a\r\nA: long enough for a wide compare \x02 and on it goes\r\n\r\n", 400 });
    static const char nul[] = "GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n", nul_name[] = "GET / HTTP/1.1\r\nHost: a\r\nA\0: c\r\n\r\n";
    static const char nul_target[] = "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n";
    CHECK({ nul, 400, sizeof nul - 1 }, { nul_name, 400, sizeof nul_name - 1 }, { nul_target, 400, sizeof nul_target - 1 });
}

TEST(http_parser_sec014_folded_lines)
{
    CHECK({ GET_OF("A: b\r\n c\r\n"), 400 }, { GET_OF("A: b\r\n\tc\r\n"), 400 }, { "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
          { GET_OF("A\r\n : b\r\n"), 400 });
}

TEST(http_parser_sec015_broken_names)
{
    CHECK({ GET_OF("A : b\r\n"), 400 }, { GET_OF("Ab\r\n"), 400 }, { GET_OF(": b\r\n"), 400 }, { GET_OF("A(: b\r\n"), 400 },
          { GET_OF("\xc3\xa9: b\r\n"), 400 }, { GET_OF("A b: c\r\n"), 400 }, { GET_OF("\"a\": c\r\n"), 400 });
}

TEST(http_parser_sec016_only_blanks_are_trimmed)
{
    ParsedRequest p = parse_good(GET_OF("A: \xa0x\x85 \r\n"));
    EXPECT_TEXT(text_of(p.headers[1].value), "\xa0x\x85");
    CHECK({ GET_OF("A: \x0c" "b\r\n"), 400 });
}

TEST(http_parser_sec017_underscores_are_dropped)
{
    ParsedRequest p = parse_good(GET_OF("X_Real_IP: 1.2.3.4\r\nX-Real-IP: 5.6.7.8\r\nContent_Length: 7\r\n"));
    EXPECT_INT(p.n_headers, 2);
    EXPECT(!p.has_length);
    EXPECT_TEXT(text_of(p.headers[1].value), "5.6.7.8");
}

TEST(http_parser_sec018_single_headers)
{
    CHECK({ GET_OF("Host: a\r\n"), 400 }, { HEAD_OF("Content-Type: a/b\r\nContent-Type: a/b\r\n"), 400 },
          { GET_OF("Authorization: x\r\nAUTHORIZATION: y\r\n"), 400 }, { GET_OF("Origin: x\r\nOrigin: y\r\n"), 400 },
          { GET_OF("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 400 }, { GET_OF("Upgrade: x\r\nUpgrade: y\r\n"), 400 },
          { GET_OF("Content-Range: x\r\nContent-Range: y\r\n"), 400 }, { GET_OF("Cookie: a=b\r\nCookie: c=d\r\n"), 0 });
}

TEST(http_parser_sec019_host)
{
    CHECK({ "GET / HTTP/1.1\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400 },
          { "GET http://x/ HTTP/1.1\r\n\r\n", 400 }, { "GET / HTTP/1.0\r\n\r\n", 0 });
}

TEST(http_parser_sec134_host_forms)
{
    static const struct { const char *host; bool valid; } cases[] = {
        { "example.com", true }, { "EXAMPLE.com:8000", true }, { "127.0.0.1:1", true }, { "[::1]", true }, { "[2001:db8::1]:443", true },
        { "a:65535", true }, { "a:65536", false }, { "a:", false }, { "a:1a", false }, { "good.example@evil", false },
        { "good.example:80:80", false }, { "[::1", false }, { "[]", false }, { "[g::1]", false }, { "[::1]x", false }, { "a b", false },
        { "a/b", false }, { "a\\b", false }, { "%61", false }, { "", false }, { ":80", false }, { "a,b", false }, { "a?b", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (http_host_valid(cases[i].host, strlen(cases[i].host)) != cases[i].valid)
            capo_test_fail(__FILE__, __LINE__, "host %s", cases[i].host);
    char longest[300];
    memset(longest, 'a', sizeof longest);
    EXPECT(http_host_valid(longest, 255));
    EXPECT(!http_host_valid(longest, 256) && !http_host_valid(longest, 300));
}

TEST(http_parser_sec020_methods)
{
    CHECK({ "get / HTTP/1.1\r\nHost: a\r\n\r\n", 0 }, { "GETX / HTTP/1.1\r\nHost: a\r\n\r\n", 0 }, { "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501 }, { " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400 });
    static char longest[10100];
    memset(longest, 'M', 10000);
    strcpy(longest + 10000, " / HTTP/1.1\r\nHost: a\r\n\r\n");
    ParsedRequest parsed;
    EXPECT_INT(http_refusal(http_parse_head(&parsed, longest, strlen(longest), 0, &limits)), 501);
}

TEST(http_parser_sec021_versions)
{
    CHECK({ "GET / HTTP/1.32\r\nHost: a\r\n\r\n", 400 }, { "GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505 },
          { "GET / HTTP/4294967295.255\r\nHost: a\r\n\r\n", 400 }, { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 }, { "GET /\r\n\r\n", 400 },
          { "GET / http/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400 },
          { "GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400 }, { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 });         /* SEC-032 */
}

TEST(http_parser_sec022_blanks_in_the_request_line)
{
    CHECK({ "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET / HTTP/1.1  \r\nHost: a\r\n\r\n", 400 }, { "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400 });
}

TEST(http_parser_sec023_bytes_of_the_target)
{
    CHECK({ "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET /% HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400 }, { "GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
          { "GET /?a=100% HTTP/1.1\r\nHost: a\r\n\r\n", 0 }, { "GET /%0a HTTP/1.1\r\nHost: a\r\n\r\n", 0 });
}

TEST(http_parser_sec028_expect)
{
    CHECK({ HEAD_OF("Content-Length: 3\r\nExpect: 200-ok\r\n"), 417 }, { "POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 1\r\n\r\n", 0 });
    EXPECT(parse_good(HEAD_OF("Content-Length: 3\r\nExpect: 100-Continue\r\n")).expect_continue);
    EXPECT(!parse_good("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").expect_continue);
    EXPECT(!parse_good(GET_OF("Expect: 100-continue\r\n")).expect_continue);
}

TEST(http_parser_sec064_coded_bodies)
{
    CHECK({ HEAD_OF("Content-Length: 3\r\nContent-Encoding: gzip\r\n"), 415 }, { HEAD_OF("Content-Encoding: identity\r\n"), 0 });
}

/* SEC-050 and SEC-024: each limit exactly, and one past it. */
TEST(http_parser_sec050_limits)
{
    ParsedRequest parsed;
    for (int over = -1; over <= 1; over++) {
        Buffer text = { 0 };
        capo_put(&text, "GET /");
        while (text.size < limits.line + (size_t)over)
            capo_put_char(&text, '/');
        text.size = limits.line + (size_t)over;
        for (size_t i = 5; i < text.size; i++)
            text.data[i] = "/.&"[i % 3];
        capo_put(&text, " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_INT(status_of(text.data, text.size), over > 0 ? 414 : 0);

        Buffer header = { 0 };
        capo_put(&header, "GET / HTTP/1.1\r\nHost: a\r\n");
        size_t start = header.size;
        capo_put(&header, "X:");
        while (header.size - start < limits.header + (size_t)over)
            capo_put_char(&header, 'v');
        capo_put(&header, "\r\n\r\n");
        EXPECT_INT(status_of(header.data, header.size), over > 0 ? 431 : 0);

        Buffer many = { 0 };
        capo_put(&many, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (uint32_t i = 1; i < limits.n_headers + (uint32_t)over; i++)
            capo_put_format(&many, "X%u: y\r\n", i);
        capo_put(&many, "\r\n");
        EXPECT_INT(status_of(many.data, many.size), over > 0 ? 431 : 0);

        Buffer head = { 0 };
        capo_put(&head, "GET / HTTP/1.1\r\nHost: a\r\n");
        while (head.size + 250 < limits.head) {
            capo_put(&head, "A: ");
            for (int i = 0; i < 200; i++)
                capo_put_char(&head, 'v');
            capo_put(&head, "\r\n");
        }
        capo_put(&head, "B:");
        while (head.size < limits.head + (size_t)over - 4)
            capo_put_char(&head, 'v');
        capo_put(&head, "\r\n\r\n");
        EXPECT_INT(head.size, limits.head + (size_t)over);
        EXPECT_INT(status_of(head.data, head.size), over > 0 ? 431 : 0);
    }
    /* an endless line and an endless head are refused before their end */
    char *endless = capo_alloc(5000);
    memset(endless, 'a', 5000);
    memcpy(endless, "GET /", 5);
    EXPECT_INT(http_refusal(parse_in_steps(endless, 5000, 7, &limits)), 414);
    EXPECT_INT(http_refusal(http_parse_head(&parsed, endless, 5000, 0, &limits)), 414);
    memcpy(endless, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    EXPECT_INT(http_refusal(parse_in_steps(endless, 5000, 7, &limits)), 431);
}

/* What stands behind the head is no business of its parser, however it was cut. Found by tests/fuzz. */
TEST(http_parser_body_bytes_behind_a_cut_head)
{
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na\nb\rc\r\rde";
    size_t size = sizeof text - 1;
    for (size_t cut = 1; cut < size - 9; cut++) {
        ParsedRequest p;
        EXPECT_INT(parse_exact(&p, text, cut, 0, &limits), -EAGAIN);
        EXPECT_INT(parse_exact(&p, text, size, cut, &limits), size - 9);
    }
}

/* SEC-055: a head of many pieces takes linear time. */
TEST(http_parser_sec055_pieces_are_linear)
{
    static const HttpLimits wide = { .line = 8192, .header = 1 << 21, .head = 1 << 21, .n_headers = 100 };
    int64_t took[2];
    for (int round = 0; round < 2; round++) {
        size_t size = (size_t)(1 << 19) << round;
        char *text = malloc(size);
        memset(text, 'v', size);
        memcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
        ParsedRequest parsed;
        int64_t before = capo_test_cpu_us();
        for (size_t have = 0; have < size; have += 64)
            EXPECT_INT(http_parse_head(&parsed, text, have, have > 64 ? have - 64 : 0, &wide), -EAGAIN);
        took[round] = capo_test_cpu_us() - before;
        free(text);
    }
    EXPECT(took[1] < took[0] * 4 + 20000);
}

/* --- chunked bodies --- */

/* The body, or "status". In steps of `step` bytes; *ret_rest is what was left. */
static const char *unchunk(const char *bytes, size_t size, size_t step, uint64_t limit, size_t *ret_rest)
{
    ChunkReader reader = { .limit = limit };
    Buffer out = { 0 };
    for (size_t start = 0; start < size; start += step) {
        size_t part = size - start < step ? size - start : step;
        char *copy = malloc(part);
        memcpy(copy, bytes + start, part);
        const char *at = copy;
        int result;
        Slice data;
        while ((result = http_chunk_next(&reader, &at, copy + part, &data)) == CHUNK_DATA)
            capo_put_bytes(&out, data.at, data.size);
        size_t used = (size_t)(at - copy);
        free(copy);
        if (result < 0)
            return capo_format("%d", http_refusal(result));
        if (result == CHUNK_END) {
            *ret_rest = size - start - used;
            return capo_buffer_text(&out);
        }
        EXPECT_INT(used, part);
    }
    return "more";
}

static void expect_chunks(const char *bytes, const char *wanted, size_t rest)
{
    size_t left = 0;
    for (size_t step = 1; step <= strlen(bytes); step++) {
        left = 0;
        EXPECT_TEXT(unchunk(bytes, strlen(bytes), step, 100, &left), wanted);
        EXPECT_INT(left, rest);
    }
}

TEST(http_chunked_bodies)
{
    expect_chunks("5\r\nhello\r\n0\r\n\r\n", "hello", 0);
    expect_chunks("5\r\nhello\r\n006\r\n world\r\n0\r\n\r\n", "hello world", 0);
    expect_chunks("a;x=y;z=\"q\"\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0);
    expect_chunks("0\r\n\r\n", "", 0);
    expect_chunks("5\r\nhello\r\n", "more", 0);
    expect_chunks("1\r\na\r\n0\r\n\r\nGET /", "a", 5);                 /* SEC-009: they belong to the next request */
}

TEST(http_chunked_sec006_broken_sizes)
{
    static const char *const bodies[] = { "\r\nx", "0x5\r\nhello", "+5\r\nhello", "-0\r\n\r\n", "5_\r\nhello", " 5\r\nhello", "5 \r\nhello",
                                          "5\rhello", "5\nhello\n", "g\r\n", "5\r\r\n", ";a\r\n" };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_chunks(bodies[i], "400", 0);
}

TEST(http_chunked_sec007_huge_sizes)
{
    static const char *const bodies[] = { "1234567890123456\r\n", "12345678901234567\r\n", "7fffffffffffffff\r\n", "ffffffffffffffff\r\n",
                                          "100000004\r\nhell", "65\r\n", "64\r\n"
                                          "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                                          "\r\n1\r\n" };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_chunks(bodies[i], "413", 0);
    size_t rest;
    Buffer zeros = { 0 };
    for (int i = 0; i < 1000; i++)
        capo_put_char(&zeros, '0');
    EXPECT_TEXT(unchunk(zeros.data, zeros.size, 10, 100, &rest), "413");
}

TEST(http_chunked_sec008_extensions)
{
    expect_chunks("5;a\nb\r\nhello\r\n0\r\n\r\n", "400", 0);
    expect_chunks("5;a\rb\r\nhello\r\n0\r\n\r\n", "400", 0);
    expect_chunks("5;a=\"b\r\nhello\r\n0\r\n\r\n", "400", 0);
    expect_chunks("5;\x01\r\nhello\r\n0\r\n\r\n", "400", 0);
    size_t rest;
    Buffer text = { 0 };
    capo_put(&text, "1;");
    for (int i = 0; i < 2000; i++)
        capo_put_char(&text, 'x');
    EXPECT_TEXT(unchunk(text.data, text.size, 100, 100, &rest), "400");
    Buffer many = { 0 };
    for (int i = 0; i < 50; i++)
        capo_put_format(&many, "1;%0300d\r\nx\r\n", 1);
    EXPECT_TEXT(unchunk(many.data, many.size, 100, 100, &rest), "400");
}

TEST(http_chunked_sec009_ends_of_chunks)
{
    expect_chunks("5\r\nhelloX\r\n0\r\n\r\n", "400", 0);
    expect_chunks("5\r\nhello\n0\r\n\r\n", "400", 0);
    expect_chunks("5\r\nhello\r0\r\n\r\n", "400", 0);
    expect_chunks("0\r\nX\r\n\r\n", "400", 0);
    expect_chunks("0\r\n\rX", "400", 0);
}

TEST(http_chunked_sec010_trailers)
{
    expect_chunks("1\r\na\r\n0\r\nHost: evil\r\nContent-Length: 9\r\n\r\n", "a", 0);
    expect_chunks("1\r\na\r\n0\r\nbad name: x\r\n\r\n", "400", 0);
    expect_chunks("1\r\na\r\n0\r\nA: x\ny\r\n\r\n", "400", 0);
    expect_chunks("1\r\na\r\n0\r\n: x\r\n\r\n", "400", 0);
    Buffer many = { 0 };
    capo_put(&many, "0\r\n");
    for (int i = 0; i < 10000; i++)
        capo_put(&many, "A: b\r\n");
    size_t rest;
    EXPECT_TEXT(unchunk(many.data, many.size, 100, 100, &rest), "431");
}
