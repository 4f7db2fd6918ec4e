/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's connections. An idle one is this struct, a descriptor and two libevent events: no buffer, no fiber. */
#pragma once
#include "request_internal.h"
#include "../loop/loop_internal.h"
#include <sys/uio.h>

enum { INPUT_SIZE = 16 * 1024, OUTPUT_SIZE = 64 * 1024 };

typedef enum ConnectionState {
    STATE_IDLE,             /* between requests, no byte of the next is there */
    STATE_HEAD,             /* some bytes of a head */
    STATE_RUNNING,          /* a fiber answers */
    STATE_FLUSHING,         /* answered; the rest of the bytes waits until the client reads */
    STATE_LINGER,           /* answered and shut down; what still comes is thrown away, so that the answer is not lost to a reset */
    STATES
} ConnectionState;

/* Where a head is read to. Pooled; it stays in place while a request runs, since its texts are views into it. */
typedef struct Input {
    struct Input *next;
    uint32_t capacity;
    ParsedRequest parsed;
    char data[];
} Input;

typedef struct Connection {
    struct Connection *previous, *next;     /* in the worker's list of its state */
    int fd;
    uint8_t state;
    bool processing;            /* connection_process is on the stack */
    bool reading;               /* read_event is on the loop */
    bool fiber_reads;           /* the fiber waits for bytes of the body */
    bool close_after;           /* no further request */
    bool keep_alive;            /* of the running request */
    bool head_sent;             /* of the running request's response */
    bool broken;                /* the socket failed */
    int64_t deadline_ms, gone_ms;
    Input *input;
    uint32_t in_start, in_size, in_seen;
    char *pending;              /* malloc: answers that the socket did not take yet */
    size_t n_pending, pending_at;
    Fiber *fiber;
    Request *req;               /* of the fiber */
    uint64_t lingered;
    struct event read_event, write_event;
    char address[48];
} Connection;

typedef struct ConnectionList { Connection *first, *last; } ConnectionList;

/* The worker of this process. */
typedef struct Worker {
    Response *(*handle)(Request *req);
    ConnectionList lists[STATES];
    size_t n_connections, n_gone;
    Input *inputs;              /* pool */
    size_t n_inputs;
    Connection *output_owner;   /* whose answers are in `output` */
    size_t n_output;
    struct event *tick;
    bool ticking;
    bool stopping;
    Fiber *main;                /* woken when the last connection is gone */
    char output[OUTPUT_SIZE];
} Worker;
extern Worker capo_worker;

/* Takes over a descriptor from accept. */
void connection_open(int fd, const char *address);
/* No further requests: idle connections close at once, the others after their answer. */
void connections_stop(void);
/* Cancels the fibers that still run. */
void connections_cancel(void);
/* Closes the connection that was idle the longest; false: none is. */
bool connections_close_idle(void);
/* Gives back what the worker keeps for its next connection. */
void connections_cleanup(void);

/* --- connection_bytes.c --- */

int64_t connection_now_ms(void);
/* Makes room behind the bytes that are there; false: no memory. Only between requests. */
bool connection_input_room(Connection *c);
void connection_input_give(Connection *c);
void connection_inputs_free(void);
/* Room for `size` bytes in the joined output; NULL: it is more than fits. Whoever fills it adds to the worker's n_output. */
char *connection_output_room(Connection *c, size_t size);
/* Writes what is joined in the worker's buffer; what the socket does not take waits with the connection. */
void connection_flush(Connection *c);
/* Tries what is pending; true: nothing is left. */
bool connection_pending_try(Connection *c);
/* All of it, waiting for the client; raises ERROR_ABORTED where it left or reads too slowly. The parts are changed. */
void connection_send_parts(Connection *c, struct iovec *parts, int n_parts);
void connection_send_file(Connection *c, int file, int64_t from, int64_t size);

/* --- connection_answer.c --- */

/* A plain answer of this status, without a request: the connection closes after it. */
void connection_put_simple(Connection *c, int status);
void connection_respond(Connection *c, const Request *req, Response *res);
/* Fiber.before_suspend of a request: joined answers must not stay in the worker's buffer while others run, also not while a cleanup waits. */
void connection_suspends(void *connection);

/* --- connection.c --- */

void connection_read_on(Connection *c);
