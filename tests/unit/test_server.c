/* SPDX-License-Identifier: BSD-3-Clause */
/* The server over real sockets on 127.0.0.1, in a fiber of this process. Those that kill workers are in test_supervisor.c; transcripts of bytes are in
 * tests/http (test_server_transcripts.c). */
#include "server_under_test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

TEST(server_answers)
{
    start_server();
    Answer got = fetch("/");
    EXPECT_INT(got.status, 200);
    EXPECT_TEXT(got.body, "hello\n");
    EXPECT(strstr(got.head, "\r\nDate: ") && strstr(got.head, " GMT\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 6\r\n"));
    EXPECT(strstr(got.head, "\r\nConnection: close\r\n"));
    EXPECT_INT(fetch("/none").status, 404);
}

TEST(server_keeps_connections)
{
    start_server();
    Wire wire = dial();
    for (int i = 0; i < 5; i++) {
        say(&wire, "GET /echo?i=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TEXT(answer(&wire).body, "GET /echo ?i=1 host=a body=\n");
        /* idle: neither a buffer nor a fiber */
        fiber_yield();
        EXPECT(capo_worker.lists[STATE_IDLE].first && !capo_worker.lists[STATE_IDLE].first->input);
    }
    EXPECT_INT(capo_worker.n_connections, 1);
    close(wire.fd);
    for (int i = 0; i < 100 && capo_worker.n_connections > 0; i++)
        capo_sleep(0.002);
    EXPECT_INT(capo_worker.n_connections, 0);
}

/* SEC-026: answers in order, the good ones before the 400, and a body is never taken for a request. */
TEST(server_sec026_pipelining)
{
    start_server();
    Wire wire = dial();
    Buffer out = { 0 };
    for (int i = 0; i < 10; i++)
        capo_put_format(&out, "GET %s?i=%d HTTP/1.1\r\nHost: a\r\n\r\n", i % 3 == 1 ? "/slow" : "/echo", i);
    capo_put(&out, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
             "GET POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGE(T / HTTP/1.1\r\n\r\n");
    send_bytes(&wire, out.data, out.size);
    for (int i = 0; i < 10; i++) {
        Answer got = answer(&wire);
        EXPECT_INT(got.status, 200);
        EXPECT_TEXT(got.body, i % 3 == 1 ? "slow\n" : capo_format("GET /echo ?i=%d host=a body=\n", i));
    }
    EXPECT_TEXT(answer(&wire).body, "POST /echo ? host=a body=\n");
    EXPECT_TEXT(answer(&wire).body, "POST /echo ? host=a body=GET \n");
    EXPECT_TEXT(answer(&wire).body, "POST /echo ? host=a body=abc\n");
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    EXPECT_INT(answer(&wire).status, 400);
    EXPECT(is_closed(&wire));
    close(wire.fd);
}

/* SEC-025: whatever the segments are. */
TEST(server_sec025_split_at_every_offset)
{
    start_server();
    const char *text = "POST /echo?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nA: b\r\n\r\n"
                       "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t size = strlen(text);
    for (size_t cut = 1; cut <= size; cut++) {
        Wire wire = dial();
        if (cut == size) {
            for (size_t i = 0; i < size; i++) {
                send_bytes(&wire, text + i, 1);
                fiber_yield();
            }
        } else {
            send_bytes(&wire, text, cut);
            for (int i = 0; i < 3; i++)
                fiber_yield();
            send_bytes(&wire, text + cut, size - cut);
        }
        EXPECT_TEXT(answer(&wire).body, "POST /echo ?q host=a body=hello!\n");
        EXPECT_TEXT(answer(&wire).body, "POST /echo ? host=a body=abc\n");
        EXPECT_TEXT(answer(&wire).body, "hello\n");
        close(wire.fd);
    }
}

TEST(server_http_1_0)
{
    start_server();
    Wire wire = dial();
    say(&wire, "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    Answer got = answer(&wire);
    EXPECT_TEXT(got.body, "GET /echo ? host=none body=\n");
    EXPECT(strstr(got.head, "\r\nConnection: keep-alive\r\n"));
    say(&wire, "GET /stream?n=3 HTTP/1.0\r\n\r\n");
    got = answer(&wire);
    EXPECT_TEXT(got.body, "0,1,2,");
    EXPECT(!strstr(got.head, "Transfer-Encoding") && !strstr(got.head, "Content-Length"));
    EXPECT(is_closed(&wire));
    close(wire.fd);
}

TEST(server_head_and_bodiless_statuses_sec030)
{
    start_server();
    Wire wire = dial();
    say(&wire, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    Answer got = answer_to(&wire, true);
    EXPECT(got.status == 200 && strstr(got.head, "\r\nContent-Length: 6\r\n"));
    got = answer_to(&wire, true);
    EXPECT(got.status == 200 && strstr(got.head, "\r\nTransfer-Encoding: chunked\r\n"));
    got = answer(&wire);
    EXPECT(got.status == 204 && !strstr(got.head, "Content-Length"));
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    close(wire.fd);
}

/* SEC-028 */
TEST(server_sec028_continue_only_when_wanted)
{
    start_server();
    Wire wire = dial();
    say(&wire, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_INT(answer(&wire).status, 100);
    say(&wire, "abc");
    EXPECT_TEXT(answer(&wire).body, "POST /echo ? host=a body=abc\n");
    say(&wire, "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    Answer got = answer(&wire);
    EXPECT_INT(got.status, 200);
    EXPECT(strstr(got.head, "Connection: close"));         /* SEC-027: nobody knows whether the body comes */
    EXPECT(is_closed(&wire));
    close(wire.fd);
}

/* SEC-027: an unread body is skipped when it is there, else the connection ends; it never becomes a request. */
TEST(server_sec027_unread_bodies)
{
    start_server();
    Wire wire = dial();
    say(&wire, "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 34\r\n\r\nGET /evil HTTP/1.1\r\nHost: victim\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(answer(&wire).body, "unread\n");
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    say(&wire, "POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    Answer got = answer(&wire);
    EXPECT(got.status == 200 && strstr(got.head, "Connection: close"));
    EXPECT(is_closed(&wire));
    EXPECT_INT(wire.in.size - wire.at, 0);
    close(wire.fd);
}

/* SEC-051: the same limit for every framing. */
TEST(server_sec051_body_limits)
{
    start_server();
    capo_server_limits.max_memory_body = 1000;
    capo_server_limits.max_body = 5000;
    char *bytes = capo_alloc(6000);
    memset(bytes, 'x', 6000);
    for (int over = 0; over <= 1; over++) {
        Wire wire = dial();
        say(&wire, capo_format("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 1000 + over));
        send_bytes(&wire, bytes, 1000 + (size_t)over);
        EXPECT_INT(answer(&wire).status, over ? 413 : 200);
        close(wire.fd);
        wire = dial();
        say(&wire, capo_format("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", 1000 + over));
        send_bytes(&wire, bytes, 1000 + (size_t)over);
        say(&wire, "\r\n0\r\n\r\n");
        EXPECT_INT(answer(&wire).status, over ? 413 : 200);
        close(wire.fd);
        /* a view that streams it */
        wire = dial();
        say(&wire, capo_format("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 5000 + over));
        send_bytes(&wire, bytes, 5000 + (size_t)over);
        EXPECT_INT(answer(&wire).status, over ? 413 : 200);
        close(wire.fd);
        wire = dial();
        say(&wire, capo_format("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", 5000 + over));
        send_bytes(&wire, bytes, 5000 + (size_t)over);
        say(&wire, "\r\n0\r\n\r\n");
        EXPECT_INT(answer(&wire).status, over ? 413 : 200);
        close(wire.fd);
    }
    EXPECT_TEXT(fetch("/").body, "hello\n");
}

/* SEC-011: a body that ends early is never taken as whole. */
TEST(server_sec011_truncated_bodies)
{
    start_server();
    static const char *const texts[] = { "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
                                         "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" };
    for (size_t i = 0; i < 2; i++) {
        Wire wire = dial();
        say(&wire, texts[i]);
        capo_sleep(0.01);
        shutdown(wire.fd, SHUT_WR);
        EXPECT_INT(answer(&wire).status, 400);
        close(wire.fd);
    }
}

/* SEC-054: small segments cost memory by bytes, not by reads. */
TEST(server_sec054_body_in_small_segments)
{
    start_server();
    Wire wire = dial();
    say(&wire, "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n");
    for (int i = 0; i < 3000; i++) {
        say(&wire, "x");
        if (i % 10 == 0)
            fiber_yield();
    }
    EXPECT_TEXT(answer(&wire).body, "3000\n");
    close(wire.fd);
}

TEST(server_large_answers_and_slow_readers)
{
    start_server();
    Wire wire = dial();
    int small = 65536;
    setsockopt(wire.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(&wire, "GET /big?size=3000000 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    capo_sleep(0.05);
    EXPECT_TEXT(fetch("/").body, "hello\n");            /* others are served meanwhile */
    Answer got = answer(&wire);
    EXPECT(got.whole && got.size == 3000000);
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    close(wire.fd);
    EXPECT_INT(fetch("/big?size=32768").size, 32768);
    EXPECT_INT(fetch("/big?size=32769").size, 32769);
    EXPECT_INT(fetch("/big?size=0").size, 0);
}

/* SEC-053: answers that nobody reads are bounded: the pipeline stops, and goes on when they are read. */
TEST(server_sec053_backpressure)
{
    start_server();
    Wire wire = dial();
    int small = 65536;
    setsockopt(wire.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    enum { N = 300 };
    for (int i = 0; i < N; i++)
        say(&wire, "GET /big?size=30000 HTTP/1.1\r\nHost: a\r\n\r\n");
    capo_sleep(0.05);
    size_t kept = 0;
    for (Connection *c = capo_worker.lists[STATE_FLUSHING].first; c; c = c->next)
        kept += c->n_pending;
    EXPECT(kept > 0 && kept < 200000);
    for (int i = 0; i < N; i++)
        EXPECT_INT(answer(&wire).size, 30000);
    close(wire.fd);
}

TEST(server_streams)
{
    start_server();
    Answer got = fetch("/stream?n=20000");
    EXPECT(got.whole && strstr(got.head, "Transfer-Encoding: chunked"));
    EXPECT(strncmp(got.body, "0,1,2,", 6) == 0 && strcmp(got.body + got.size - 6, "19999,") == 0);
    /* what was written reaches the client before the view waits */
    Wire wire = dial();
    say(&wire, "GET /stream-slow HTTP/1.1\r\nHost: a\r\n\r\n");
    int64_t before = capo_monotonic_us();
    while (!wire.in.size || !memmem(wire.in.data, wire.in.size, "first", 5))
        EXPECT(hear(&wire, 1000));
    EXPECT(capo_monotonic_us() - before < 150000);
    EXPECT_TEXT(answer(&wire).body, "firstsecond");
    say(&wire, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    close(wire.fd);
    got = fetch("/stream-fail");
    EXPECT(!got.whole);
    EXPECT_TEXT(got.body, "half");
}

/* SEC-030 */
TEST(server_sec030_streams_keep_their_length)
{
    start_server();
    Answer got = fetch("/stream?n=3&length=6");
    EXPECT(got.whole);
    EXPECT_TEXT(got.body, "0,1,2,");
    Wire wire = dial();
    say(&wire, "GET /stream?n=3&length=100 HTTP/1.1\r\nHost: a\r\n\r\n");
    got = answer(&wire);
    EXPECT(!got.whole && is_closed(&wire));
    close(wire.fd);
    wire = dial();
    say(&wire, "GET /stream?n=3&length=4 HTTP/1.1\r\nHost: a\r\n\r\n");
    got = answer(&wire);
    EXPECT_TEXT(got.body, "0,1,");
    EXPECT(is_closed(&wire));
    close(wire.fd);
}

TEST(server_errors_without_a_site)
{
    start_server();
    EXPECT_INT(fetch("/raise?code=404").status, 404);
    EXPECT_INT(fetch("/raise?code=503").status, 503);
    EXPECT_INT(fetch("/null").status, 500);
    EXPECT_TEXT(fetch("/").body, "hello\n");
}

/* SEC-062: the client has gone: the view is given up, its cleanups run, nothing leaks. */
TEST(server_sec062_client_gone)
{
    start_server();
    for (int reset = 0; reset <= 1; reset++) {
        Wire wire = dial();
        say(&wire, "GET /slow?ms=10000 HTTP/1.1\r\nHost: a\r\n\r\n");
        capo_sleep(0.02);
        EXPECT(!view_aborted && !view_finished);
        if (reset)
            setsockopt(wire.fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
        close(wire.fd);
        for (int i = 0; i < 400 && !view_aborted; i++)
            capo_sleep(0.01);
        EXPECT(view_aborted);
    }
    Wire wire = dial();
    say(&wire, "GET /stream-endless HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(&wire, 1000);
    close(wire.fd);
    wire = dial();
    say(&wire, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
    capo_sleep(0.01);
    setsockopt(wire.fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
    close(wire.fd);
    for (int i = 0; i < 400 && capo_worker.n_connections > 0; i++)
        capo_sleep(0.01);
    EXPECT_INT(capo_worker.n_connections, 0);
    EXPECT_INT(capo_fiber_count(), 2);          /* this test and the server */
}

/* A client that shuts down its side after the request still gets its answer. */
TEST(server_half_closed_client)
{
    start_server();
    Wire wire = dial();
    say(&wire, "GET /slow?ms=50 HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(wire.fd, SHUT_WR);
    EXPECT_TEXT(answer(&wire).body, "slow\n");
    EXPECT(is_closed(&wire));
    close(wire.fd);
}

/* SEC-052: an absolute deadline for the head, however busy the client is. */
TEST(server_sec052_slow_heads)
{
    start_server();
    capo_server_limits.header_timeout = 1;
    Wire wire = dial(), silent = dial();
    say(&wire, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    int64_t before = capo_monotonic_us();
    while (capo_monotonic_us() - before < 4000000) {
        say(&wire, "x");
        if (fiber_wait(wire.fd, WAIT_READ, 50))
            break;
    }
    EXPECT_INT(answer(&wire).status, 408);
    EXPECT(capo_monotonic_us() - before < 3000000);
    EXPECT(is_closed(&silent));
    EXPECT_INT(silent.in.size, 0);
    close(wire.fd);
    close(silent.fd);
}

TEST(server_sec053_slow_bodies_and_readers)
{
    start_server();
    capo_server_limits.body_timeout = 1;
    capo_server_limits.write_timeout = 1;
    Wire wire = dial();
    say(&wire, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    int64_t before = capo_monotonic_us();
    while (capo_monotonic_us() - before < 4000000) {       /* a byte now and then is not enough */
        say(&wire, "x");
        if (fiber_wait(wire.fd, WAIT_READ, 100))
            break;
    }
    EXPECT_INT(answer(&wire).status, 408);
    close(wire.fd);
    wire = dial();
    int small = 4096;
    setsockopt(wire.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    say(&wire, "GET /big?size=9000000 HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 400 && capo_worker.n_connections > 0; i++)
        capo_sleep(0.01);
    EXPECT_INT(capo_worker.n_connections, 0);
    close(wire.fd);
}

TEST(server_idle_connections_end)
{
    start_server();
    capo_server_limits.idle_timeout = 1;
    Wire wire = dial();
    say(&wire, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    while (hear(&wire, 4000))
        ;
    EXPECT(is_closed(&wire));
    close(wire.fd);
}

/* SEC-063: past the cap the longest idle one makes room; when none is idle, 503. */
TEST(server_sec063_connection_cap)
{
    start_server();
    capo_server_limits.max_connections = 3;
    Wire wires[4];
    for (int i = 0; i < 3; i++) {
        wires[i] = dial();
        say(&wires[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TEXT(answer(&wires[i]).body, "hello\n");
    }
    wires[3] = dial();
    say(&wires[3], "GET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(is_closed(&wires[0]));
    say(&wires[1], "GET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n");
    say(&wires[2], "GET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n");
    capo_sleep(0.05);
    Wire late = dial();
    EXPECT_INT(answer(&late).status, 503);
    for (int i = 1; i < 4; i++)
        EXPECT_TEXT(answer(&wires[i]).body, "slow\n");
    close(late.fd);
    for (int i = 0; i < 4; i++)
        close(wires[i].fd);
}

/* SEC-061: without descriptors the worker rests instead of spinning, and goes on when there are some. */
TEST(server_sec061_descriptors_run_out)
{
    start_server();
    Wire first = dial(), second = dial();
    struct rlimit before, low;
    getrlimit(RLIMIT_NOFILE, &before);
    capo_sleep(0.02);
    int next = dup(0);
    close(next);
    low = before;
    low.rlim_cur = (rlim_t)next + 1;
    EXPECT(setrlimit(RLIMIT_NOFILE, &low) == 0);
    Wire third = dial();            /* takes the last one */
    say(&third, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t cpu = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec;
    capo_sleep(0.5);
    getrusage(RUSAGE_SELF, &usage);
    cpu = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec - cpu;
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT(cpu < 250000);
    EXPECT_TEXT(answer(&third).body, "hello\n");
    close(first.fd);
    close(second.fd);
    close(third.fd);
}

TEST(server_files)
{
    start_server();
    snprintf(temporary_file, sizeof temporary_file, "/tmp/capo-test-%d.txt", (int)getpid());
    FILE *file = fopen(temporary_file, "w");
    for (int i = 0; i < 50000; i++)
        fprintf(file, "line %d\n", i);
    fclose(file);
    struct stat status;
    stat(temporary_file, &status);
    Wire wire = dial();
    say(&wire, "GET /file HTTP/1.1\r\nHost: a\r\n\r\nHEAD /file HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    Answer got = answer(&wire);
    EXPECT(got.whole && got.size == (size_t)status.st_size && strncmp(got.body, "line 0\nline 1\n", 14) == 0);
    EXPECT(strstr(got.head, "Content-Type: text/plain; charset=utf-8\r\n"));
    const char *modified = strstr(got.head, "Last-Modified: ");
    EXPECT(modified != NULL);
    const char *date = capo_strndup(modified + 15, 29);
    got = answer_to(&wire, true);
    EXPECT(strstr(got.head, capo_format("Content-Length: %lld\r\n", (long long)status.st_size)));
    EXPECT_TEXT(answer(&wire).body, "hello\n");
    say(&wire, capo_format("GET /file HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: %s\r\n\r\n", date));
    EXPECT_INT(answer(&wire).status, 304);
    say(&wire, "GET /file?name=a%22b.csv HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
    got = answer(&wire);
    EXPECT(got.status == 200 && strstr(got.head, "Content-Disposition: attachment; filename=\"a\\\"b.csv\"\r\n"));    /* SEC-090 */
    close(wire.fd);
    unlink(temporary_file);
    EXPECT_INT(fetch("/file").status, 404);
}

/* SEC-060, SEC-085: a part of a file, to the byte; several parts, and what is no range, are the whole. */
TEST(server_sec060_ranges_of_files)
{
    start_server();
    snprintf(temporary_file, sizeof temporary_file, "/tmp/capo-test-%d.txt", (int)getpid());
    enum { LARGE = 200000 };
    static char bytes[LARGE];
    for (int i = 0; i < LARGE; i++)
        bytes[i] = (char)('a' + i % 23);
    EXPECT_INT(capo_write_file(temporary_file, bytes, LARGE), 0);
    Wire wire = dial();
    static const struct { const char *range; int status; int64_t first, count; } cases[] = {
        { "bytes=0-0", 206, 0, 1 }, { "bytes=5-9", 206, 5, 5 }, { "bytes=0-", 206, 0, LARGE }, { "bytes=100-199999", 206, 100, LARGE - 100 }, { "bytes=199999-", 206, LARGE - 1, 1 },
        { "bytes=1000-150000", 206, 1000, 149001 }, { "bytes=-7", 206, LARGE - 7, 7 }, { "bytes=-999999999", 206, 0, LARGE }, { "bytes=5-99999999999999999999999", 206, 5, LARGE - 5 },
        { "bytes=200000-", 416, 0, 0 }, { "bytes=-0", 416, 0, 0 }, { "bytes=9223372036854775807-9223372036854775807", 416, 0, 0 }, { "bytes=99999999999999999999999-", 416, 0, 0 },
        { "bytes=0-1,5-6", 200, 0, LARGE }, { "bytes=9-5", 200, 0, LARGE }, { "bytes=-", 200, 0, LARGE }, { "bytes=a-b", 200, 0, LARGE }, { "lines=0-1", 200, 0, LARGE },
        { "bytes=--5", 200, 0, LARGE }, { "bytes= 1-2", 200, 0, LARGE }, { "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", 200, 0, LARGE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say(&wire, capo_format("GET /file HTTP/1.1\r\nHost: a\r\nRange: %s\r\n\r\n", cases[i].range));
        Answer got = answer(&wire);
        EXPECT_INT(got.status, cases[i].status);
        EXPECT_INT(got.size, cases[i].count);
        EXPECT(memcmp(got.body, bytes + cases[i].first, (size_t)cases[i].count) == 0);
        EXPECT(strstr(got.head, "Accept-Ranges: bytes\r\n"));
        if (got.status == 206)
            EXPECT(strstr(got.head, capo_format("Content-Range: bytes %lld-%lld/%d\r\n", (long long)cases[i].first, (long long)(cases[i].first + cases[i].count - 1), LARGE)));
        else
            EXPECT((strstr(got.head, "Content-Range: bytes */200000\r\n") != NULL) == (got.status == 416));
    }
    say(&wire, "GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    Answer whole = answer(&wire);
    const char *date = capo_strndup(strstr(whole.head, "Last-Modified: ") + 15, 29);
    say(&wire, capo_format("GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\nIf-Range: %s\r\n\r\n", date));
    EXPECT_INT(answer(&wire).status, 206);
    say(&wire, "GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\nIf-Range: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
    EXPECT_INT(answer(&wire).status, 200);
    say(&wire, "GET /file HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\nIf-Range: \"etag\"\r\n\r\n");
    EXPECT_INT(answer(&wire).status, 200);
    say(&wire, "HEAD /file HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n");
    EXPECT_INT(answer_to(&wire, true).status, 200);
    close(wire.fd);
    unlink(temporary_file);
}

static const char *upload_of(const char *body)
{
    return capo_format("POST /upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: "
                       "%zu\r\n\r\n%s", strlen(body), body);
}

TEST(server_uploads)
{
    start_server();
    Wire wire = dial();
    say(&wire, upload_of("--XX\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nhello\r\n--XX\r\nContent-Disposition: form-data; name=\"f\"; "
                         "filename=\"C:\\dir\\x.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\nbytes\r\n--XX--\r\n"));
    EXPECT_TEXT(answer(&wire).body, "f=x.txt:11 t=hello\n");
    close(wire.fd);
    fiber_yield();
    EXPECT(access(temporary_file, F_OK) != 0);         /* SEC-111 */
}

/* SEC-113: a full disk (here: a limit on file sizes) is a clean 507, and the server goes on. */
TEST(server_sec113_disk_full)
{
    start_server();
    struct rlimit before, low;
    getrlimit(RLIMIT_FSIZE, &before);
    low = before;
    low.rlim_cur = 5000;
    Buffer body = { 0 };
    capo_put(&body, "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n\r\n");
    for (int i = 0; i < 20000; i++)
        capo_put_char(&body, 'x');
    capo_put(&body, "\r\n--XX--\r\n");
    EXPECT(setrlimit(RLIMIT_FSIZE, &low) == 0);
    Wire wire = dial();
    say(&wire, upload_of(capo_buffer_text(&body)));
    int status = answer(&wire).status;
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_INT(status, 507);
    close(wire.fd);
    EXPECT_TEXT(fetch("/").body, "hello\n");
    size_t left = 0;
    DIR *directory = opendir("/tmp");
    for (struct dirent *entry; (entry = readdir(directory));)
        if (strncmp(entry->d_name, "capo-upload-", 12) == 0) {
            struct stat info;
            left += stat(capo_format("/tmp/%s", entry->d_name), &info) == 0 && info.st_size == 5000;
        }
    closedir(directory);
    EXPECT_INT(left, 0);
}

/* SIGTERM while a request runs: it is finished, and says that the connection ends; no new ones are taken. */
TEST(server_graceful_stop)
{
    start_server();
    Wire running = dial(), idle = dial();
    say(&idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TEXT(answer(&idle).body, "hello\n");
    say(&running, "GET /slow?ms=200 HTTP/1.1\r\nHost: a\r\n\r\n");
    capo_sleep(0.03);
    kill(getpid(), SIGTERM);
    EXPECT(is_closed(&idle));
    Answer got = answer(&running);
    EXPECT_TEXT(got.body, "slow\n");
    EXPECT(strstr(got.head, "Connection: close"));
    close(running.fd);
    close(idle.fd);
    server_waiter = capo_fiber_current();
    while (!server_ended)
        EXPECT(fiber_park(8000));
    EXPECT_INT(server_status, 0);
    EXPECT_INT(dial_address(server_address), -ECONNREFUSED);
}

TEST(server_graceful_stop_has_an_end)
{
    start_server();
    capo_server_limits.graceful_timeout = 1;
    Wire running = dial();
    say(&running, "GET /slow?ms=60000 HTTP/1.1\r\nHost: a\r\n\r\n");
    capo_sleep(0.03);
    int64_t before = capo_monotonic_us();
    kill(getpid(), SIGTERM);
    server_waiter = capo_fiber_current();
    while (!server_ended)
        EXPECT(fiber_park(8000));
    EXPECT(capo_monotonic_us() - before < 4000000);
    EXPECT(view_aborted);
    close(running.fd);
}

static void serve_on(void *argument)
{
    capo_serve(&(ServeOptions){ .binds = (const char *const *)argument, .single_process = true, .handle = site, .ready = server_ready });
}

TEST(server_port_in_use)
{
    start_server();
    const char *binds[] = { server_address, NULL };
    const Error *error = capo_try(serve_on, binds);
    EXPECT(error && error->code == ERROR_COMMAND);
    EXPECT(strstr(error->message, "another program does"));
    static const char *const bad[] = { "nonsense", "127.0.0.1:99999", "127.0.0.1:x", "unix:", "1.2.3.4.5:80", "203.0.113.7:8001" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        error = capo_try(serve_on, (const char *[]){ bad[i], NULL });
        EXPECT(error && error->code == ERROR_COMMAND);
    }
}

static void serve_unix(void *argument)
{
    server_status = capo_serve(&(ServeOptions){ .binds = LIST(argument), .single_process = true, .handle = site, .ready = server_ready });
}

TEST(server_unix_socket)
{
    char *path = capo_format("unix:/tmp/capo-test-%d.sock", (int)getpid());
    for (int round = 0; round < 2; round++) {
        server_ended = false;
        server_waiter = NULL;
        *server_address = 0;
        if (round == 1) {           /* the file of a server that was killed is no hindrance */
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            struct sockaddr_un left = { .sun_family = AF_UNIX };
            strcpy(left.sun_path, path + 5);
            EXPECT(bind(fd, (struct sockaddr *)&left, sizeof left) == 0);
            close(fd);
        }
        capo_fiber_start("server", serve_unix, path, serve_done, false);
        while (!*server_address && !server_ended)
            fiber_yield();
        fiber_yield();
        EXPECT_TEXT(server_address, path);
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        strcpy(to.sun_path, path + 5);
        Wire wire = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0) };
        EXPECT(connect(wire.fd, (struct sockaddr *)&to, sizeof to) == 0);
        say(&wire, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_TEXT(answer(&wire).body, "hello\n");
        close(wire.fd);
        end_server(NULL);
        EXPECT(access(path + 5, F_OK) != 0);
    }
}
