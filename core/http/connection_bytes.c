/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of a connection: buffers to read heads into, the joined output of the worker, what a socket did not take yet, and
 * waiting for it in a fiber. Nothing here knows what the bytes mean. */
#include "connection.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>

enum {
    INPUT_POOL = 64,
    LEAST_RATE = 1024,                  /* bytes per second that a body must come or go with, once its timeout is over */
    SEND_PIECE = 256 * 1024,
};

int64_t connection_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- input buffers --- */

static Input *input_take(void)
{
    Input *input = capo_worker.inputs;
    if (input) {
        capo_worker.inputs = input->next;
        capo_worker.n_inputs--;
        return input;
    }
    input = malloc(sizeof(Input) + INPUT_SIZE);
    if (input)
        input->capacity = INPUT_SIZE;
    return input;
}

void connection_input_give(Connection *c)
{
    Input *input = c->input;
    c->input = NULL;
    c->in_start = c->in_size = c->in_seen = 0;
    if (!input)
        return;
    if (capo_worker.n_inputs >= INPUT_POOL || input->capacity != INPUT_SIZE) {
        free(input);
        return;
    }
    input->next = capo_worker.inputs;
    capo_worker.inputs = input;
    capo_worker.n_inputs++;
}

bool connection_input_room(Connection *c)
{
    if (!c->input && !(c->input = input_take()))
        return false;
    Input *input = c->input;
    if (c->in_start > 0 && (c->in_start == c->in_size || c->in_size == input->capacity)) {
        memmove(input->data, input->data + c->in_start, c->in_size - c->in_start);
        c->in_size -= c->in_start;
        c->in_start = 0;
    }
    if (c->in_size < input->capacity)
        return true;
    Input *larger = realloc(input, sizeof(Input) + input->capacity * 2u);
    if (!larger)
        return false;
    larger->capacity *= 2;
    c->input = larger;
    return true;
}

void connection_inputs_free(void)
{
    Worker *worker = &capo_worker;
    while (worker->inputs) {
        Input *next = worker->inputs->next;
        free(worker->inputs);
        worker->inputs = next;
    }
    worker->n_inputs = 0;
}

/* --- output --- */

static bool socket_write(Connection *c, const struct iovec *parts, int n_parts, size_t *ret_sent)
{
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)n_parts };
    ssize_t sent;
    do
        sent = n_parts == 1 ? send(c->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL) : sendmsg(c->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    *ret_sent = sent > 0 ? (size_t)sent : 0;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        c->broken = c->close_after = true;
    return !c->broken;
}

static void pending_add(Connection *c, const char *bytes, size_t size)
{
    size_t kept = c->n_pending - c->pending_at;
    char *all = malloc(kept + size);
    if (!all) {
        c->broken = c->close_after = true;
        return;
    }
    if (kept)
        memcpy(all, c->pending + c->pending_at, kept);
    memcpy(all + kept, bytes, size);
    free(c->pending);
    c->pending = all;
    c->n_pending = kept + size;
    c->pending_at = 0;
}

void connection_flush(Connection *c)
{
    Worker *worker = &capo_worker;
    if (worker->output_owner != c)
        return;
    size_t size = worker->n_output, sent = 0;
    worker->output_owner = NULL;
    worker->n_output = 0;
    if (c->broken)
        return;
    if (!c->pending)
        socket_write(c, &(struct iovec){ worker->output, size }, 1, &sent);
    if (!c->broken && sent < size)
        pending_add(c, worker->output + sent, size - sent);
}

char *connection_output_room(Connection *c, size_t size)
{
    Worker *worker = &capo_worker;
    if (size > OUTPUT_SIZE)
        return NULL;
    if (worker->output_owner && (worker->output_owner != c || worker->n_output + size > OUTPUT_SIZE))
        connection_flush(worker->output_owner);
    worker->output_owner = c;
    return worker->output + worker->n_output;
}

bool connection_pending_try(Connection *c)
{
    while (c->pending && !c->broken) {
        size_t sent;
        socket_write(c, &(struct iovec){ c->pending + c->pending_at, c->n_pending - c->pending_at }, 1, &sent);
        c->pending_at += sent;
        if (c->pending_at < c->n_pending)
            return false;
        free(c->pending);
        c->pending = NULL;
        c->n_pending = c->pending_at = 0;
    }
    return !c->broken;
}

/* --- sending, in a fiber --- */

/* Raises when the socket failed or the client takes too little. */
static void await_writable(Connection *c, uint64_t sent, int64_t started)
{
    int64_t limit = started + capo_server_limits.write_timeout * 1000LL + (int64_t)(sent / LEAST_RATE) * 1000, left = limit - connection_now_ms();
    if (left > capo_server_limits.write_timeout * 1000LL)
        left = capo_server_limits.write_timeout * 1000LL;
    if (left <= 0 || fiber_wait(c->fd, WAIT_WRITE, (int)left) == 0) {
        c->broken = c->close_after = true;
        capo_raise(ERROR_ABORTED, "The client reads its answer too slowly.");
    }
}

_Noreturn static void client_left(Connection *c)
{
    c->broken = c->close_after = true;
    capo_raise(ERROR_ABORTED, "The client left before its answer was sent.");
}

void connection_send_parts(Connection *c, struct iovec *parts, int n_parts)
{
    int64_t started = connection_now_ms();
    uint64_t total = 0;
    connection_flush(c);
    while (!connection_pending_try(c)) {
        if (c->broken)
            client_left(c);
        await_writable(c, total += 1, started);
    }
    while (n_parts > 0) {
        size_t sent;
        if (!socket_write(c, parts, n_parts, &sent))
            client_left(c);
        total += sent;
        while (n_parts > 0 && sent >= parts->iov_len) {
            sent -= parts->iov_len;
            parts++;
            n_parts--;
        }
        if (n_parts > 0) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= sent;
            await_writable(c, total, started);
        }
    }
}

void connection_send(Connection *c, const void *bytes, size_t size)
{
    connection_send_parts(c, &(struct iovec){ (void *)bytes, size }, 1);
}

size_t connection_try_send(Connection *c, const void *bytes, size_t size)
{
    size_t sent = 0;
    connection_flush(c);
    if (connection_pending_try(c))
        socket_write(c, &(struct iovec){ (void *)bytes, size }, 1, &sent);
    return sent;
}

void connection_send_file(Connection *c, int file, int64_t from, int64_t size)
{
    int64_t started = connection_now_ms();
    off_t at = from;
    const off_t end = from + size;
    while (at < end) {
        size_t want = end - at < SEND_PIECE ? (size_t)(end - at) : SEND_PIECE;
        ssize_t n = sendfile(c->fd, file, &at, want);
        if (n > 0) {
            if (at < end)
                fiber_yield();          /* one fast download must not hold the loop */
        } else if (n == 0) {            /* the file became shorter: the promised length cannot be kept */
            client_left(c);
        } else if (errno == EAGAIN) {
            await_writable(c, (uint64_t)(at - from), started);
        } else if (errno != EINTR) {
            client_left(c);
        }
    }
}

/* --- receiving, in a fiber: for the body --- */

void connection_close_after(Connection *c)
{
    c->close_after = true;
}

void connection_continue(Connection *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char *at = connection_output_room(c, sizeof line - 1);
    memcpy(at, line, sizeof line - 1);
    capo_worker.n_output += sizeof line - 1;
    connection_flush(c);
}

size_t connection_read(Connection *c, BodySource *body, void *into, size_t size)
{
    connection_flush(c);
    if (!body->started_ms)
        body->started_ms = connection_now_ms();
    for (;;) {
        ssize_t n = recv(c->fd, into, size, MSG_DONTWAIT);
        if (n > 0) {
            body->received += (uint64_t)n;
            return (size_t)n;
        }
        if (n == 0) {
            c->close_after = true;
            return 0;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            client_left(c);
        int64_t whole = capo_server_limits.body_timeout * 1000LL;
        int64_t left = body->started_ms + whole + (int64_t)(body->received / LEAST_RATE) * 1000 - connection_now_ms();
        if (left > whole)
            left = whole;
        c->fiber_reads = true;
        connection_read_on(c);
        bool woken = left > 0 && fiber_park((int)left);
        c->fiber_reads = false;
        if (!woken && c->broken)
            client_left(c);
        if (!woken) {
            c->close_after = true;
            capo_raise(408, "The body of this request came too slowly.");
        }
    }
}

void connection_unread(Connection *c, const char *bytes, size_t size)
{
    Input *input = c->input;
    if (bytes >= input->data && bytes <= input->data + c->in_size)
        return;                     /* it is where it came from */
    if (c->in_size + size > input->capacity) {
        c->close_after = true;      /* more was sent ahead than a head's buffer holds, with texts in it that must stay */
        return;
    }
    c->in_start = c->in_size;
    memcpy(input->data + c->in_size, bytes, size);
    c->in_size += (uint32_t)size;
}
