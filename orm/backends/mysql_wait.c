/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the library waits for the server: it calls mysql_on_wait, and the fiber is suspended.
 *
 * The loop watches a connection's socket from its first wait on, since most statements wait once: one system call in place of three. The
 * library names the socket only, so that there is a table of connections by it. An event that nobody waits for (the server's farewell, or
 * rows that a cursor has not asked for yet) is taken off the loop until the next wait. */
#include "mysql.h"
#include <capo/loop.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

const Error *mysql_stopped;

static struct { MysqlConnection **by_socket; size_t n; } watched;

static MysqlConnection *connection_of(int fd) { return fd >= 0 && (size_t)fd < watched.n ? watched.by_socket[fd] : NULL; }

static void on_readable(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    MysqlConnection *connection = argument;
    /* A child of a fork must not take what is for its parent. */
    if (!connection->waiting || connection->head.generation != capo_database_generation()) {
        event_del(connection->read_event);
        connection->is_watched = false;
        return;
    }
    connection->is_readable = true;
    fiber_wake(connection->waiting);
}

void mysql_watch(MysqlConnection *connection)
{
    int fd = mysql_get_socket(connection->mysql);
    if (fd < 0)
        return;
    if ((size_t)fd >= watched.n) {
        size_t n = (size_t)fd + 64;
        watched.by_socket = realloc(watched.by_socket, n * sizeof *watched.by_socket);
        if (!watched.by_socket)
            abort();
        memset(watched.by_socket + watched.n, 0, (n - watched.n) * sizeof *watched.by_socket);
        watched.n = n;
    }
    connection->read_event = event_new(capo_loop(), fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->socket = fd;
    if (connection->read_event)             /* else it waits as others do */
        watched.by_socket[fd] = connection;
}

void mysql_unwatch(MysqlConnection *connection)
{
    if (!connection->read_event)
        return;
    event_free(connection->read_event);
    connection->read_event = NULL;
    if (connection_of(connection->socket) == connection)
        watched.by_socket[connection->socket] = NULL;
}

typedef struct Waiting { MysqlConnection *connection; int fd, what, timeout_ms; bool got; } Waiting;

static void wait_in_fiber(void *argument)
{
    Waiting *waiting = argument;
    MysqlConnection *connection = waiting->connection;
    if (!connection || (!connection->is_watched && event_add(connection->read_event, NULL))) {
        waiting->got = fiber_wait(waiting->fd, waiting->what, waiting->timeout_ms) != 0;
        return;
    }
    int64_t until = capo_monotonic_us() + waiting->timeout_ms * INT64_C(1000);
    connection->is_watched = true;
    connection->is_readable = false;
    connection->waiting = capo_fiber_current();
    while (!connection->is_readable) {
        int64_t left = waiting->timeout_ms < 0 ? -1 : (until - capo_monotonic_us() + 999) / 1000;
        if (waiting->timeout_ms >= 0 && left <= 0)
            return;
        fiber_park((int)left);
    }
    waiting->got = true;
}

int mysql_on_wait(my_socket fd, my_bool is_read, int timeout_ms)
{
    Waiting waiting = { .connection = is_read ? connection_of(fd) : NULL, .fd = fd, .what = is_read ? WAIT_READ : WAIT_WRITE, .timeout_ms = timeout_ms > 0 ? timeout_ms : -1 };
    if (!capo_fiber_current()) {
        waiting.connection = NULL;
        wait_in_fiber(&waiting);
        return waiting.got;
    }
    const Error *error = capo_try(wait_in_fiber, &waiting);
    if (waiting.connection)
        waiting.connection->waiting = NULL;
    if (!error)
        return waiting.got;
    mysql_stopped = error;
    return -1;
}
