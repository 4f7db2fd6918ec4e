/* SPDX-License-Identifier: BSD-3-Clause */
#include "server_under_test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the site under test: no routes, so that core/http is tested alone --- */

bool view_aborted, view_finished;
char temporary_file[200];

static void stream_numbers(ResponseStream *stream, void *argument)
{
    for (int i = 0; i < *(int *)argument; i++)
        capo_stream_format(stream, "%d,", i);
}

static void stream_slowly(ResponseStream *stream, void *argument)
{
    (void)argument;
    capo_stream_write(stream, "first", 5);
    capo_sleep(0.2);
    capo_stream_write(stream, "second", 6);
}

static void stream_and_fail(ResponseStream *stream, void *argument)
{
    (void)argument;
    capo_stream_write(stream, "half", 4);
    capo_sleep(0.01);
    capo_raise(500, "the other half is lost");
}

static void stream_endless(ResponseStream *stream, void *argument)
{
    (void)argument;
    static const char block[4096] = { 'x' };
    for (;;)
        capo_stream_write(stream, block, sizeof block);
}

static void mark_aborted(void *argument)
{
    (void)argument;
    view_aborted = !view_finished;
}

static Response *echo(Request *req)
{
    size_t size;
    const char *body = capo_body(req, &size);
    return capo_text("%s %s ?%s host=%s body=%.*s\n", req->method_name, req->path, req->query_string,
                     capo_header(req, "Host") ? capo_header(req, "Host") : "none", (int)size, body);
}

Response *site(Request *req)
{
    const char *path = req->path;
    if (strcmp(path, "/") == 0)
        return capo_text("hello\n");
    if (strcmp(path, "/echo") == 0)
        return echo(req);
    if (strcmp(path, "/unread") == 0)
        return capo_text("unread\n");
    if (strcmp(path, "/slow") == 0) {
        view_finished = view_aborted = false;
        capo_defer(mark_aborted, NULL);
        capo_sleep(capo_int_param(req, "ms", 50) / 1000.0);
        view_finished = true;
        return capo_text("slow\n");
    }
    if (strcmp(path, "/raise") == 0)
        capo_raise((int)capo_int_param(req, "code", 404), "as it was asked for");
    if (strcmp(path, "/null") == 0)
        return NULL;
    if (strcmp(path, "/nothing") == 0)
        return capo_no_content();
    if (strcmp(path, "/big") == 0) {
        Response *res = capo_response(200, "text/plain");
        int64_t size = capo_int_param(req, "size", 1000000);
        memset(capo_buffer_reserve(&res->body, (size_t)size), 'b', (size_t)size);
        res->body.size = (size_t)size;
        return res;
    }
    if (strcmp(path, "/stream") == 0) {
        int *n = capo_alloc_struct(int);
        *n = (int)capo_int_param(req, "n", 10);
        Response *res = capo_stream("text/plain", stream_numbers, n);
        if (capo_param(req, "length"))
            capo_set_header(res, "Content-Length", capo_param(req, "length"));
        return res;
    }
    if (strcmp(path, "/stream-slow") == 0)
        return capo_stream("text/plain", stream_slowly, NULL);
    if (strcmp(path, "/stream-fail") == 0)
        return capo_stream("text/plain", stream_and_fail, NULL);
    if (strcmp(path, "/stream-endless") == 0)
        return capo_stream("text/plain", stream_endless, NULL);
    if (strcmp(path, "/count") == 0) {
        char block[1000];
        size_t total = 0, n;
        while ((n = capo_body_read(req, block, sizeof block)) > 0)
            total += n;
        return capo_text("%zu\n", total);
    }
    if (strcmp(path, "/file") == 0)
        return capo_file_response(req, temporary_file, capo_param(req, "name"));
    if (strcmp(path, "/crash") == 0)
        raise(SIGSEGV);
    if (strcmp(path, "/pid") == 0)
        return capo_text("%d\n", (int)getpid());
    if (strcmp(path, "/upload") == 0) {
        Buffer out = { 0 };
        size_t count;
        const UploadedFile *const *files = capo_files(req, &count);
        for (size_t i = 0; i < count; i++) {
            struct stat status;
            EXPECT(stat(files[i]->path, &status) == 0 && status.st_size == files[i]->size && (status.st_mode & 0777) == 0600);
            capo_put_format(&out, "%s=%s:%lld ", files[i]->field, files[i]->name, (long long)files[i]->size);
            snprintf(temporary_file, sizeof temporary_file, "%s", files[i]->path);
        }
        capo_put(&out, capo_dict_urlencode(capo_post_dict(req)));
        return capo_text("%s\n", capo_buffer_text(&out));
    }
    return capo_response(404, "text/plain");
}

/* --- a server in a fiber --- */

char server_address[160];
bool server_ended;
int server_status;
Fiber *server_waiter;

void server_ready(const char *address)
{
    snprintf(server_address, sizeof server_address, "%s", address);
}

static void serve(void *argument)
{
    (void)argument;
    server_status = capo_serve(&(ServeOptions){ .binds = LIST("127.0.0.1:0"), .single_process = true, .handle = site, .ready = server_ready });
}

void serve_done(void *argument, Unit *unit, const Error *error)
{
    (void)argument, (void)unit;
    server_ended = true;
    if (error)
        server_status = -1;
    if (server_waiter)
        fiber_wake(server_waiter);
}

const ServerLimits quick = {
    .header_timeout = 15, .body_timeout = 60, .idle_timeout = 75, .write_timeout = 60, .graceful_timeout = 5, .request_timeout = 0,
    .max_connections = 100, .max_memory_body = 100000, .max_body = 1000000, .max_fields = 50, .max_files = 5,
};

void end_server(void *argument)
{
    (void)argument;
    server_waiter = capo_fiber_current();
    if (!server_ended)
        kill(getpid(), SIGTERM);
    while (!server_ended)
        fiber_park(100);
    capo_server_limits = quick;
}

void start_server(void)
{
    capo_server_limits = quick;
    server_ended = false;
    server_waiter = NULL;
    *server_address = 0;
    capo_fiber_start("server", serve, NULL, serve_done, false);
    while (!*server_address)
        fiber_yield();
    fiber_yield();
    capo_defer(end_server, NULL);
}

/* --- a client --- */

int dial_address(const char *address)
{
    const char *colon = strrchr(address, ':');
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int error = errno;
        if (error == EINPROGRESS) {
            fiber_wait(fd, WAIT_WRITE, 3000);
            socklen_t size = sizeof error;
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        }
        if (error) {
            close(fd);
            return -error;
        }
    }
    return fd;
}

Wire dial(void)
{
    int fd = dial_address(server_address);
    EXPECT(fd >= 0);
    return (Wire){ .fd = fd };
}

void send_bytes(Wire *wire, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(wire->fd, bytes, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            EXPECT(fiber_wait(wire->fd, WAIT_WRITE, 5000));
            continue;
        }
        if (n < 0)
            return;             /* the server has closed: what it said is still to be read */
        bytes += n;
        size -= (size_t)n;
    }
}

void say(Wire *wire, const char *text)
{
    send_bytes(wire, text, strlen(text));
}

bool hear(Wire *wire, int timeout_ms)
{
    for (;;) {
        char *room = capo_buffer_reserve(&wire->in, 65536);
        ssize_t n = recv(wire->fd, room, 65536, 0);
        if (n > 0) {
            wire->in.size += (size_t)n;
            return true;
        }
        if (n == 0 || errno != EAGAIN || !fiber_wait(wire->fd, WAIT_READ, timeout_ms))
            return false;
    }
}

bool closes_within(Wire *wire, int timeout_ms)
{
    while (wire->in.size > wire->at || hear(wire, timeout_ms))
        wire->at = wire->in.size;
    char byte;
    ssize_t n = recv(wire->fd, &byte, 1, MSG_PEEK);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

bool is_closed(Wire *wire)
{
    return closes_within(wire, 3000);
}

Answer answer_to(Wire *wire, bool head_only)
{
    Answer answer = { .head = "", .body = "" };
    char *end;
    while (!(end = wire->in.size > wire->at ? memmem(wire->in.data + wire->at, wire->in.size - wire->at, "\r\n\r\n", 4) : NULL))
        if (!hear(wire, 5000))
            return answer;
    answer.head = capo_strndup(wire->in.data + wire->at, (size_t)(end + 2 - wire->in.data) - wire->at);
    wire->at = (size_t)(end + 4 - wire->in.data);
    EXPECT(sscanf(answer.head, "HTTP/1.1 %d ", &answer.status) == 1);
    const char *length = strcasestr(answer.head, "\r\nContent-Length: ");
    bool chunked = strcasestr(answer.head, "\r\nTransfer-Encoding: chunked\r\n") != NULL;
    Buffer body = { 0 };
    capo_put(&body, "");
    if (head_only || answer.status == 100 || answer.status == 204 || answer.status == 304) {
        answer.whole = true;
        return answer;
    }
    if (length) {
        size_t size = (size_t)atoll(length + 18);
        while (wire->in.size - wire->at < size && hear(wire, 5000))
            ;
        size_t there = wire->in.size - wire->at < size ? wire->in.size - wire->at : size;
        answer.whole = there == size;
        answer.body = capo_strndup(wire->in.data + wire->at, there);
        answer.size = there;
        wire->at += there;
        return answer;
    }
    ChunkReader reader = { .limit = UINT64_MAX / 2 };
    for (;;) {
        if (wire->at == wire->in.size && !hear(wire, 5000)) {
            answer.whole = !chunked;
            break;
        }
        if (!chunked) {
            capo_put_bytes(&body, wire->in.data + wire->at, wire->in.size - wire->at);
            wire->at = wire->in.size;
            continue;
        }
        const char *at = wire->in.data + wire->at;
        Slice data;
        int step = http_chunk_next(&reader, &at, wire->in.data + wire->in.size, &data);
        EXPECT(step >= 0);
        if (step == CHUNK_DATA)
            capo_put_bytes(&body, data.at, data.size);
        wire->at = (size_t)(at - wire->in.data);
        if (step == CHUNK_END) {
            answer.whole = true;
            break;
        }
    }
    answer.body = capo_buffer_text(&body);
    answer.size = body.size;
    return answer;
}

Answer answer(Wire *wire)
{
    return answer_to(wire, false);
}

Answer fetch(const char *path)
{
    Wire wire = dial();
    say(&wire, capo_format("GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path));
    Answer got = answer(&wire);
    close(wire.fd);
    return got;
}
