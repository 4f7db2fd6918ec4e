/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool: see pool.h. Who waits stands in a queue, first come first served; a connection that comes back is handed to the first
 * at once, so that nobody can come between. What opens, checks or closes a connection may suspend the fiber, so the counts are
 * settled before. */
#include "pool.h"
#include "routing.h"
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PAUSE_MS = 25, LONGEST_PAUSE_MS = 250, MOST_SHARED = 16, CROWDED = 8, SLOW_US = 50000, HELD_UP_US = 50000, SLOW_STATEMENTS = 512 };

typedef struct PoolWaiter {
    Fiber *fiber;
    Connection *connection;                 /* handed over */
    bool go;                                /* there is room for another: open one */
    struct PoolWaiter *next;
} PoolWaiter;

struct Pool {
    const Backend *backend;
    const DatabaseAddress *address;
    PoolOptions options;
    Connection **idle; size_t n_idle;       /* the last given back is lent first; the first in here is idle longest */
    size_t n_open;                          /* lent, idle, or being opened; the shared ones are not counted */
    PoolWaiter *first, *last;
    size_t n_waiting;
    uint64_t waited, exhausted;
    Connection *shared[MOST_SHARED]; size_t n_shared;
    FiberLock share_lock;                   /* who opens a shared one */
    uint64_t slow[SLOW_STATEMENTS];         /* by hash: those that should not stand in front of others */
    int64_t retry_at; int pause_ms;         /* after a failed attempt */
    char *problem; int problem_code;
    uint64_t opened, failed, lost;
    Connection *lent; size_t n_lent;
    struct event *sweeper;                  /* closes what nobody uses, also where nobody asks; NULL: not needed yet */
    bool sweeps;                            /* it is waiting for its time */
    uint64_t retired;
    unsigned generation;                    /* of the process: grows with each fork */
    bool closed, kept;                      /* `kept`: closed under fibers that still look at it */
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

Pool *pool_new(const Backend *backend, const DatabaseAddress *address, PoolOptions options)
{
    Pool *self = must(calloc(1, sizeof *self));
    if (options.shared > MOST_SHARED)
        options.shared = MOST_SHARED;
    *self = (Pool){ .backend = backend, .address = address, .options = options, .generation = capo_database_generation(), .idle = must(calloc((size_t)options.size, sizeof(Connection *))) };
    return self;
}

/* What a suspended fiber still points to stays. */
static bool free_unused(Pool *self)
{
    if (!self->closed || self->kept || self->n_open || self->n_waiting || self->share_lock.owner)
        return false;
    if (self->sweeper)
        event_free(self->sweeper);
    free(self->idle);
    free(self->problem);
    free(self);
    return true;
}

static void close_connection(Pool *self, Connection *connection)
{
    if (connection->lost)
        self->lost++;
    self->backend->close(connection, false);
}

/* In the child of a fork, at the first use and not before: by then the loop has been made anew (capo_loop_after_fork). */
static void forget(Pool *self)
{
    if (self->generation == capo_database_generation())
        return;
    for (size_t i = 0; i < self->n_idle; i++)
        self->backend->close(self->idle[i], true);
    for (size_t i = 0; i < self->n_shared; i++)
        self->backend->close(self->shared[i], true);
    if (self->sweeper)
        event_del(self->sweeper);
    self->sweeps = false;
    self->generation = capo_database_generation();
    self->n_idle = self->n_shared = self->n_open = self->n_waiting = self->n_lent = 0;
    self->first = self->last = NULL;
    self->lent = NULL;
    self->share_lock = (FiberLock){ 0 };
    self->retry_at = self->pause_ms = 0;
    memset(self->slow, 0, sizeof self->slow);
}

bool pool_close(Pool *self)
{
    forget(self);
    self->kept = self->n_open > self->n_idle;
    for (size_t i = 0; i < self->n_shared; i++)
        self->kept = self->kept || self->shared[i]->in_flight;
    for (size_t i = 0; i < self->n_idle; i++)
        close_connection(self, self->idle[i]);
    for (size_t i = 0; i < self->n_shared; i++)
        close_connection(self, self->shared[i]);
    self->n_open -= self->n_idle;
    self->n_idle = self->n_shared = 0;
    self->closed = true;
    return free_unused(self);
}

/* --- the queue --- */

static void enqueue(Pool *self, PoolWaiter *waiter)
{
    if (self->last)
        self->last->next = waiter;
    else
        self->first = waiter;
    self->last = waiter;
    self->n_waiting++;
}

static void dequeue(Pool *self, PoolWaiter *waiter)
{
    PoolWaiter *before = NULL;
    for (PoolWaiter *at = self->first; at; before = at, at = at->next)
        if (at == waiter) {
            *(before ? &before->next : &self->first) = at->next;
            if (self->last == at)
                self->last = before;
            self->n_waiting--;
            return;
        }
}

/* One connection less: the first in the queue may open another. */
static void room(Pool *self)
{
    self->n_open--;
    PoolWaiter *waiter = self->first;
    if (!waiter || self->n_open >= (size_t)self->options.size)
        return;
    dequeue(self, waiter);
    waiter->go = true;
    fiber_wake(waiter->fiber);
}

typedef struct Wait { PoolWaiter *waiter; int64_t until; } Wait;

static void await_turn(void *argument)
{
    Wait *wait = argument;
    while (!wait->waiter->connection && !wait->waiter->go) {
        int64_t left = wait->until - capo_monotonic_us();
        if (left <= 0)
            return;
        fiber_park((int)(left / 1000) + 1);
    }
}

_Noreturn static void exhausted(Pool *self)
{
    self->exhausted++;
    capo_raise(503, "All %d connections to %s are in use, and none came back within %.3g seconds. Either something holds them for long (a transaction that waits, "
               "a slow query), or pool_size in DATABASE_URL is too small.", self->options.size, self->address->shown, self->options.wait_ms / 1000.0);
}

/* A connection, or NULL: there is room to open one. Under capo_try, so that a cancel leaves the queue whole. */
static Connection *wait_turn(Pool *self, int64_t until)
{
    Fiber *fiber = capo_fiber_current();
    if (!fiber) {
        if (capo_monotonic_us() >= until)
            exhausted(self);
        capo_sleep(0.001);
        return NULL;
    }
    PoolWaiter waiter = { .fiber = fiber };
    self->waited++;
    enqueue(self, &waiter);
    const Error *error = capo_try(await_turn, &(Wait){ &waiter, until });
    if (waiter.connection) {
        waiter.connection->holder = fiber;
        if (error)
            pool_return(waiter.connection);
    } else if (!waiter.go) {
        dequeue(self, &waiter);
        if (!error)
            exhausted(self);
    } else if (error) {
        self->n_open++;                     /* room() counted on this fiber */
        room(self);
    }
    if (error)
        capo_reraise(error);
    return waiter.connection;
}

/* --- opening --- */

/* Sleeps a little longer each time. False: the time is up. */
static bool pause_until(int64_t until, int *pause_ms)
{
    if (capo_monotonic_us() >= until)
        return false;
    capo_sleep(*pause_ms / 1000.0);
    *pause_ms = *pause_ms < 50 ? 2 * *pause_ms : 50;
    return true;
}

static void hold_off(Pool *self) { self->retry_at = capo_monotonic_us() + self->pause_ms * 1000; }

/* The server does not answer: who asks next within the pause hears the same at once. */
static void remember_failure(Pool *self, const DatabaseFailure *failure)
{
    self->failed++;
    if (!self->backend->networked)
        return;
    if (!self->pause_ms)
        self->pause_ms = FIRST_PAUSE_MS;
    hold_off(self);
    free(self->problem);
    self->problem = must(strdup(failure->message));
    self->problem_code = failure->code;
}

static void close_new(void *argument)
{
    Connection *connection = argument;
    connection->backend->close(connection, false);
}

/* The URL's init_command: statements apart by semicolons. */
static void run_init_command(const Pool *self, Connection *connection)
{
    const char *sql = self->address->init_command;
    while (sql && *sql) {
        size_t at = 0;
        while (sql[at] && sql[at] != ';') {
            size_t end = capo_sql_skip_quoted(sql, at);
            at = end > at ? end : at + 1;
        }
        DatabaseFailure failure = { 0 };
        ResultSet ignored = { 0 };
        const char *one = capo_strndup(sql, at);
        if (one[strspn(one, " \t\r\n")] && !self->backend->run(connection, one, NULL, 0, &ignored, &failure))
            capo_raise(failure.code, "init_command of %s failed at \"%s\": %s", self->address->shown, one, failure.message);
        sql += at + (sql[at] == ';');
    }
}

static Connection *open_one(Pool *self)
{
    int64_t until = capo_monotonic_us() + self->options.wait_ms * INT64_C(1000);
    int pause_ms = 1;
    if (self->retry_at) {
        if (capo_monotonic_us() < self->retry_at)
            capo_raise(self->problem_code, "%s", self->problem);
        self->pause_ms = self->pause_ms < LONGEST_PAUSE_MS / 2 ? 2 * self->pause_ms : LONGEST_PAUSE_MS;
        hold_off(self);                     /* one asks, and the others hear the same until it knows */
    }
    for (;;) {
        DatabaseFailure failure = { 0 };
        Connection *connection = self->backend->open(self->address, self->options.read_only, &failure);
        if (connection) {
            connection->pool = self;
            if (connection->backend != self->backend)
                database_turned_out(self->address, self->backend = connection->backend);
            connection->opened = connection->used = capo_monotonic_us();
            self->opened++;
            self->retry_at = self->pause_ms = 0;
            capo_defer(close_new, connection);
            run_init_command(self, connection);
            capo_connection_created(connection);
            capo_defer_cancel(close_new, connection);
            return connection;
        }
        if (failure.busy && pause_until(until, &pause_ms))
            continue;
        remember_failure(self, &failure);
        capo_raise(failure.code, "%s", failure.message);
    }
}

static void give_room(void *pool) { room(pool); }
static void return_connection(void *connection) { pool_return(connection); }

static bool too_old(const Pool *self, const Connection *connection, int64_t now)
{
    return connection->retired || (self->options.max_age_ms && now - connection->opened > self->options.max_age_ms * INT64_C(1000));
}

/* --- what nobody uses --- */

static bool idles_too_long(const Pool *self, const Connection *connection, int64_t now)
{
    return self->options.max_idle_ms && now - connection->used > self->options.max_idle_ms * INT64_C(1000);
}

static void retire(Pool *self, Connection *connection)
{
    self->retired++;
    close_connection(self, connection);
}

/* Those that were not needed for long, less those that are to stay; the lent before the shared, which are needed next. */
static void drop_idle(Pool *self, int64_t now)
{
    size_t kept = (size_t)self->options.min_idle;
    while (self->n_idle && self->n_open + self->n_shared > kept && idles_too_long(self, self->idle[0], now)) {
        Connection *oldest = self->idle[0];
        memmove(self->idle, self->idle + 1, --self->n_idle * sizeof *self->idle);
        self->n_open--;
        retire(self, oldest);
    }
    for (size_t i = self->n_shared; i-- > 0 && self->n_open + self->n_shared > kept;) {
        Connection *connection = self->shared[i];
        if (connection->in_flight || !idles_too_long(self, connection, now))
            continue;
        self->shared[i] = self->shared[--self->n_shared];
        retire(self, connection);
    }
}

static void sweep_later(Pool *self, int64_t microseconds)
{
    struct timeval delay = { microseconds / 1000000, microseconds % 1000000 };
    self->sweeps = event_add(self->sweeper, &delay) == 0;
}

/* On the loop: there is no arena, and what is closed has nothing on its way. */
static void sweep(Pool *self)
{
    int64_t now = capo_monotonic_us(), oldest = INT64_MAX;
    drop_idle(self, now);
    for (size_t i = 0; i < self->n_idle; i++)
        oldest = self->idle[i]->used < oldest ? self->idle[i]->used : oldest;
    for (size_t i = 0; i < self->n_shared; i++)
        oldest = self->shared[i]->used < oldest ? self->shared[i]->used : oldest;
    if (oldest == INT64_MAX || self->n_open + self->n_shared <= (size_t)self->options.min_idle)
        return;                             /* whoever comes starts it again */
    int64_t left = oldest + self->options.max_idle_ms * INT64_C(1000) - now;
    sweep_later(self, left > 0 ? left + 1000 : self->options.max_idle_ms * INT64_C(1000));
}

static void on_sweep(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    Pool *self = argument;
    self->sweeps = false;
    if (self->generation == capo_database_generation() && !self->closed)
        sweep(self);
}

/* A connection is unused from now on. */
static void watch_idle(Pool *self)
{
    if (self->sweeps || !self->options.max_idle_ms || self->closed)
        return;
    if (!self->sweeper)
        self->sweeper = must(event_new(capo_loop(), -1, 0, on_sweep, self));
    sweep_later(self, self->options.max_idle_ms * INT64_C(1000) + 1000);
}

static Connection *lent(Pool *self, Connection *connection)
{
    if (!connection->in_use) {
        self->n_lent++;
        connection->next_lent = self->lent;
        self->lent = connection;
    }
    connection->in_use = true;
    connection->holder = capo_fiber_current();
    return connection;
}

static void taken_back(Pool *self, Connection *connection)
{
    Connection **at = &self->lent;
    while (*at && *at != connection)
        at = &(*at)->next_lent;
    if (*at)
        *at = connection->next_lent;
    self->n_lent--;
    connection->in_use = false;
    connection->holder = NULL;
}

static bool holds_one(const Pool *self, const Fiber *fiber)
{
    for (const Connection *at = self->lent; at; at = at->next_lent)
        if (at->holder == fiber)
            return true;
    return false;
}

/* Whether an idle connection is still good; closes it where it is not. It is nobody's meanwhile: its place is kept. */
static bool still_good(Pool *self, Connection *connection)
{
    int64_t now = capo_monotonic_us();
    bool good = !connection->lost && !too_old(self, connection, now) && (!self->backend->is_clean || self->backend->is_clean(connection));
    if (good && self->backend->ping && self->options.check_after_ms && now - connection->used > self->options.check_after_ms * INT64_C(1000)) {
        capo_defer(return_connection, connection);
        good = self->backend->ping(connection);
        capo_defer_cancel(return_connection, connection);
        connection->lost = connection->lost || !good;
    }
    if (!good) {
        taken_back(self, connection);
        close_connection(self, connection);
    }
    return good;
}

/* Those who hold one already do not wait for another, since they may all wait for each other then: a loop over rows, say, whose body begins a
 * transaction. They get so many beyond the pool's size. */
static bool may_go_beyond(const Pool *self, const Fiber *fiber)
{
    enum { TIMES = 3 };
    bool many = self->options.size > 1 || self->backend->networked;
    return fiber && many && holds_one(self, fiber) && self->n_open < TIMES * (size_t)self->options.size;
}

Connection *pool_lend(Pool *self)
{
    int64_t until = capo_monotonic_us() + self->options.wait_ms * INT64_C(1000);
    Fiber *fiber = capo_fiber_current();
    forget(self);
    for (;;) {
        Connection *connection = NULL;
        drop_idle(self, capo_monotonic_us());
        if (self->n_idle) {
            connection = lent(self, self->idle[--self->n_idle]);
            if (still_good(self, connection))
                return connection;
        } else if (self->n_open < (size_t)self->options.size || may_go_beyond(self, fiber)) {
            self->n_open++;
        } else {
            if (self->options.size == 1 && fiber && holds_one(self, fiber))
                capo_bug("a fiber asked for the one connection to %s, which it holds already: it would wait for itself.", self->address->shown);
            connection = wait_turn(self, until);
            if (connection)
                return connection;
            if (!fiber)
                continue;
            if (self->n_open >= (size_t)self->options.size)
                continue;                   /* somebody else took the room */
            self->n_open++;
        }
        capo_defer(give_room, self);
        connection = open_one(self);
        capo_defer_cancel(give_room, self);
        return lent(self, connection);
    }
}

void pool_return(Connection *connection)
{
    Pool *self = connection->pool;
    if (connection->generation != capo_database_generation()) {
        self->backend->close(connection, true);
        return;
    }
    int64_t now = connection->used = capo_monotonic_us();
    bool good = !connection->lost && (!self->backend->is_clean || self->backend->is_clean(connection)) && !too_old(self, connection, now) && !self->closed;
    PoolWaiter *waiter = self->first;
    if (good && waiter) {
        dequeue(self, waiter);
        waiter->connection = connection;
        connection->holder = waiter->fiber;
        fiber_wake(waiter->fiber);
        return;
    }
    taken_back(self, connection);
    if (good && self->n_open <= (size_t)self->options.size) {
        self->idle[self->n_idle++] = connection;
        drop_idle(self, now);
        watch_idle(self);
        return;
    }
    close_connection(self, connection);
    room(self);
    free_unused(self);
}

/* --- sharing --- */

static bool is_slow(const Pool *self, uint64_t statement) { return self->slow[statement % SLOW_STATEMENTS] == statement; }

void pool_seen(Pool *self, uint64_t statement, int64_t microseconds)
{
    if (microseconds > SLOW_US)
        self->slow[statement % SLOW_STATEMENTS] = statement;
    else if (microseconds < SLOW_US / 5 && is_slow(self, statement))
        self->slow[statement % SLOW_STATEMENTS] = 0;
}

/* Those that broke or are too old, once nobody uses them. */
static void drop_shared(Pool *self, int64_t now)
{
    for (size_t i = 0; i < self->n_shared;) {
        Connection *connection = self->shared[i];
        if (connection->in_flight || !(connection->lost || too_old(self, connection, now))) {
            i++;
            continue;
        }
        self->shared[i] = self->shared[--self->n_shared];
        close_connection(self, connection);
    }
}

static Connection *least_busy(const Pool *self, int64_t now)
{
    Connection *best = NULL;
    for (size_t i = 0; i < self->n_shared; i++) {
        Connection *connection = self->shared[i];
        if (connection->lost || too_old(self, connection, now) || (connection->in_flight && now - connection->waiting_since > HELD_UP_US))
            continue;
        if (!best || connection->in_flight < best->in_flight)
            best = connection;
    }
    return best;
}

static void unlock(void *lock) { fiber_unlock(lock); }

static Connection *shared_out(Pool *self, Connection *connection, int64_t now)
{
    if (connection)
        connection->used = now;
    watch_idle(self);
    return connection;
}

Connection *pool_share(Pool *self, uint64_t statement)
{
    if (!self->backend->shares || !self->options.shared || !capo_fiber_current() || is_slow(self, statement))
        return NULL;
    forget(self);
    int64_t now = capo_monotonic_us();
    drop_shared(self, now);
    Connection *best = least_busy(self, now);
    if (best && (best->in_flight < CROWDED || self->n_shared >= (size_t)self->options.shared || self->share_lock.owner))
        return shared_out(self, best, now);
    if (self->n_shared >= (size_t)self->options.shared)
        return NULL;
    fiber_lock(&self->share_lock, self->options.wait_ms);
    capo_defer(unlock, &self->share_lock);
    now = capo_monotonic_us();
    Connection *opened = least_busy(self, now);             /* by the one who had the lock before */
    if ((!opened || opened == best) && self->n_shared < (size_t)self->options.shared) {
        opened = open_one(self);
        opened->shared = true;
        self->shared[self->n_shared++] = opened;
    }
    capo_defer_cancel(unlock, &self->share_lock);
    fiber_unlock(&self->share_lock);
    return shared_out(self, opened, capo_monotonic_us());
}

void pool_figures(const Pool *self, DatabaseFigures *ret)
{
    ret->open += self->n_open + self->n_shared;
    ret->in_use += self->n_open - self->n_idle;
    ret->waiting += self->n_waiting;
    ret->shared += self->n_shared;
    for (size_t i = 0; i < self->n_shared; i++)
        ret->in_flight += self->shared[i]->in_flight;
    ret->opened += self->opened;
    ret->failed += self->failed;
    ret->lost += self->lost;
    ret->waited += self->waited;
    ret->exhausted += self->exhausted;
    ret->retired += self->retired;
}

const char *capo_connection_alias(const Connection *connection) { return connection->pool->address->alias; }
const DatabaseAddress *capo_connection_address(const Connection *connection) { return connection->pool->address; }
