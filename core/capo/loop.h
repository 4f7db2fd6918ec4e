/* SPDX-License-Identifier: BSD-3-Clause */
/* Fibers over libevent: whatever waits, suspends the fiber, and the loop goes on.
 *
 * A request, a command and a test run in a fiber: a coroutine with a stack of its own. Ordinary, straight-line C may call any
 * of these; each suspends only the calling fiber. Outside a fiber (early in main) they block the thread instead, with the
 * same result. One thread, one loop: no locks are needed for data that is not touched over a suspension. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"
#include "error.h"

struct Unit;      /* unit.h */
struct event_base;
typedef struct Fiber Fiber;
typedef struct FiberLock FiberLock;

/* --- the loop --- */

/* The thread's loop, made at first use. After fork: capo_loop_after_fork() in the child. */
struct event_base *capo_loop(void);
void capo_loop_after_fork(void);
/* Runs until no fiber is left, or capo_loop_stop. */
void capo_loop_run(void);
void capo_loop_stop(void);

/* --- fibers --- */

/* Starts function(argument) as a unit of work in a pooled fiber with a pooled arena; it first runs from the loop, or at once
 * when `now` and called outside a fiber; then NULL is the result where it ended already. `done`, where given, is called on the loop with the error or NULL before the arena is reset. */
typedef void FiberDone(void *argument, struct Unit *unit, const Error *error);
Fiber *capo_fiber_start(const char *what, void (*function)(void *), void *argument, FiberDone *done, bool now);
/* Runs function(argument) in a fiber and the loop until it ends: for main(). Returns the error, copied out of the arena. */
const Error *capo_fiber_main(const char *what, void (*function)(void *), void *argument);
Fiber *capo_fiber_current(void);            /* NULL outside */

/* --- waiting: the one door --- */

typedef enum { WAIT_READ = 1, WAIT_WRITE = 2 } WaitFor;
/* Suspends until fd is ready or `timeout_ms` passed (negative: no limit). The WaitFor bits that are ready; 0: timed out.
 * Raises ERROR_ABORTED when the fiber was cancelled (the client left, or the worker stops hard). */
int fiber_wait(int fd, int wait_for, int timeout_ms);
void capo_sleep(double seconds);
/* Lets others run. */
void fiber_yield(void);
/* Suspends until somebody calls fiber_wake(fiber) on the loop's thread, or the time passed (false). */
bool fiber_park(int timeout_ms);
void fiber_wake(Fiber *fiber);
/* The fiber's next or current wait raises ERROR_ABORTED. */
void fiber_cancel(Fiber *fiber);

/* A mutex among fibers, first come first served. `lock` is zeroed at first. Raises 503 when timeout_ms passes. */
struct FiberLock { Fiber *owner; struct LockWaiter *first, *last; };
void fiber_lock(FiberLock *lock, int timeout_ms);
void fiber_unlock(FiberLock *lock);

/* Runs job(argument) on a helper thread (password hashes, getaddrinfo) and suspends until it is done. The job must not use
 * the arena, raise, or touch what fibers touch; the argument must stay alive, which it does on the fiber's own stack: a
 * cancelled fiber still waits for its job. */
void capo_offload(void (*job)(void *), void *argument);
