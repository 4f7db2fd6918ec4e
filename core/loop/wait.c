/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting: every suspension of a fiber goes through here. Each function takes its event off the loop before it returns or
 * raises, so nothing points at a fiber that no longer waits. Outside a fiber the thread waits itself. */
#include "loop_internal.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

static struct timeval interval(int timeout_ms)
{
    return (struct timeval){ timeout_ms / 1000, timeout_ms % 1000 * 1000 };
}

void fiber_check_cancel(void)
{
    Fiber *fiber = capo_this_loop.current;
    if (fiber && fiber->cancelled && !fiber->no_cancel) {
        fiber->cancelled = false;
        capo_raise(ERROR_ABORTED, "%s was given up: the client left, or the server stops.", fiber->what);
    }
}

static void wait_fired(evutil_socket_t fd, short events, void *argument)
{
    (void)fd;
    Fiber *fiber = argument;
    fiber->wait_result = (events & EV_READ ? WAIT_READ : 0) | (events & EV_WRITE ? WAIT_WRITE : 0);
    fiber_ready(fiber);
}

static int poll_outside(int fd, int wait_for, int timeout_ms)
{
    struct pollfd entry = { .fd = fd, .events = (short)((wait_for & WAIT_READ ? POLLIN : 0) | (wait_for & WAIT_WRITE ? POLLOUT : 0)) };
    int n;
    do
        n = poll(&entry, fd >= 0, timeout_ms < 0 ? -1 : timeout_ms);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0;
    if (entry.revents & (POLLERR | POLLHUP | POLLNVAL))
        return wait_for;            /* the caller's next read or write learns what it is */
    return (entry.revents & POLLIN ? WAIT_READ : 0) | (entry.revents & POLLOUT ? WAIT_WRITE : 0);
}

int fiber_wait(int fd, int wait_for, int timeout_ms)
{
    Fiber *fiber = capo_this_loop.current;
    if (!fiber)
        return poll_outside(fd, wait_for, timeout_ms);
    fiber_check_cancel();
    short events = (short)((fd >= 0 && wait_for & WAIT_READ ? EV_READ : 0) | (fd >= 0 && wait_for & WAIT_WRITE ? EV_WRITE : 0));
    fiber->wait_result = 0;
    event_assign(&fiber->wait_event, capo_loop(), events ? fd : -1, events, wait_fired, fiber);
    struct timeval limit = interval(timeout_ms);
    if (event_add(&fiber->wait_event, timeout_ms < 0 ? NULL : &limit) != 0)
        capo_raise(ERROR_OPERATIONAL, "Descriptor %d cannot be waited for: %s.", fd, strerror(errno));
    fiber_suspend();
    event_del(&fiber->wait_event);
    fiber_check_cancel();
    return fiber->wait_result;
}

void capo_sleep(double seconds)
{
    if (!(seconds > 0))
        seconds = 0;
    if (capo_this_loop.current) {
        /* a fiber_wait is at most 24 days */
        while (seconds > 1e6) {
            fiber_wait(-1, 0, 1000000000);
            seconds -= 1e6;
        }
        fiber_wait(-1, 0, (int)(seconds * 1000 + 0.999));
        return;
    }
    struct timespec rest = { .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

void fiber_yield(void)
{
    Fiber *fiber = capo_this_loop.current;
    if (!fiber)
        return;
    fiber_check_cancel();
    fiber_ready(fiber);
    fiber_suspend();
    fiber_check_cancel();
}

bool fiber_park(int timeout_ms)
{
    Fiber *fiber = capo_this_loop.current;
    if (!fiber) {
        if (timeout_ms < 0)
            capo_bug("fiber_park was called outside a fiber without a limit: nobody could wake it.");
        capo_sleep(timeout_ms / 1000.0);
        return false;
    }
    fiber_check_cancel();
    if (!fiber->woken) {
        fiber->parked = true;
        if (timeout_ms >= 0) {
            struct timeval limit = interval(timeout_ms);
            evtimer_assign(&fiber->wait_event, capo_loop(), wait_fired, fiber);
            evtimer_add(&fiber->wait_event, &limit);
        }
        fiber_suspend();
        if (timeout_ms >= 0)
            evtimer_del(&fiber->wait_event);
        fiber->parked = false;
    }
    bool woken = fiber->woken;
    fiber->woken = false;
    fiber_check_cancel();
    return woken;
}

void fiber_wake(Fiber *fiber)
{
    fiber->woken = true;            /* a wake before the park counts */
    if (fiber->parked && fiber != capo_this_loop.current)
        fiber_ready(fiber);
}

void fiber_cancel(Fiber *fiber)
{
    fiber->cancelled = true;
    if (fiber != capo_this_loop.current && !fiber->no_cancel)
        fiber_ready(fiber);
}

/* --- locks --- */

typedef struct LockWaiter {
    Fiber *fiber;
    struct LockWaiter *next;
} LockWaiter;

static Fiber outside;               /* who owns a lock that was taken outside a fiber */

static void forget_waiter(FiberLock *lock, LockWaiter *waiter)
{
    LockWaiter *previous = NULL;
    for (LockWaiter *at = lock->first; at; previous = at, at = at->next)
        if (at == waiter) {
            *(previous ? &previous->next : &lock->first) = at->next;
            if (lock->last == at)
                lock->last = previous;
            return;
        }
}

typedef struct LockWait { FiberLock *lock; int64_t until_ms; } LockWait;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Parks until the lock was handed over or the time is over; under capo_try, so that a cancel leaves the queue whole. */
static void await_lock(void *argument)
{
    LockWait *wait = argument;
    Fiber *fiber = capo_this_loop.current;
    while (wait->lock->owner != fiber) {
        int64_t left = wait->until_ms < 0 ? -1 : wait->until_ms - now_ms();
        if (wait->until_ms >= 0 && left <= 0)
            return;
        fiber_park((int)left);
    }
}

void fiber_lock(FiberLock *lock, int timeout_ms)
{
    Fiber *fiber = capo_this_loop.current ? capo_this_loop.current : &outside;
    if (!lock->owner) {
        lock->owner = fiber;
        return;
    }
    if (lock->owner == fiber)
        capo_bug("a fiber asked for a lock that it holds already: it would wait for itself.");
    if (fiber == &outside) {
        int64_t until = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;
        while (lock->owner && now_ms() < until)
            loop_run_until(&(bool){ false }, 1);
        if (lock->owner)
            capo_raise(503, "A lock was not free within %d ms.", timeout_ms);
        lock->owner = fiber;
        return;
    }
    LockWaiter waiter = { .fiber = fiber };
    if (lock->last)
        lock->last->next = &waiter;
    else
        lock->first = &waiter;
    lock->last = &waiter;
    LockWait wait = { lock, timeout_ms < 0 ? -1 : now_ms() + timeout_ms };
    const Error *error = capo_try(await_lock, &wait);
    if (lock->owner == fiber) {
        if (!error)
            return;
        fiber_unlock(lock);         /* handed over and cancelled in the same turn */
    }
    forget_waiter(lock, &waiter);
    if (error)
        capo_reraise(error);
    capo_raise(503, "A lock was not free within %d ms.", timeout_ms);
}

void fiber_unlock(FiberLock *lock)
{
    LockWaiter *next = lock->first;
    if (!next) {
        lock->owner = NULL;
        return;
    }
    lock->first = next->next;
    if (!lock->first)
        lock->last = NULL;
    lock->owner = next->fiber;      /* handed over at once: nobody can come between */
    fiber_wake(next->fiber);
}
