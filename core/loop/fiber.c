/* SPDX-License-Identifier: BSD-3-Clause */
/* Fibers and the loop: start, switch, finish.
 *
 * Only the loop resumes a fiber (resume, below, runs on the thread's own stack), so a fiber that suspends always returns to
 * the loop and there is never a chain of fibers. fiber_wake and fiber_cancel only queue; the queue is run by one libevent
 * event. capo_unit changes hands in resume, together with the stack. */
#include "loop_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_LIMIT = 128 };

__thread Loop capo_this_loop;

_Noreturn static void loop_fatal(const char *what)
{
    fprintf(stderr, "capo: %s: %s; this process ends\n", what, strerror(errno));
    abort();
}

static void run_ready(evutil_socket_t fd, short events, void *argument);

struct event_base *capo_loop(void)
{
    Loop *loop = &capo_this_loop;
    if (loop->base)
        return loop->base;
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    loop->ready_event = loop->base ? event_new(loop->base, -1, 0, run_ready, loop) : NULL;
    if (!loop->ready_event)
        loop_fatal("the event loop could not be made");
    return loop->base;
}

void capo_loop_after_fork(void)
{
    if (capo_this_loop.base && event_reinit(capo_this_loop.base) != 0)
        loop_fatal("the event loop could not be made anew after fork");
    offload_after_fork();
    watchdog_after_fork();
}

/* --- the switch --- */

static void switch_to_loop(Fiber *fiber, bool for_ever)
{
    Loop *loop = &capo_this_loop;
    fiber->running_unit = capo_unit;
    if (LOOP_HAS_ASAN)
        __sanitizer_start_switch_fiber(for_ever ? NULL : &fiber->fake_stack, loop->main_stack_bottom, loop->main_stack_size);
    context_switch(&fiber->context, &loop->main_context);
    if (LOOP_HAS_ASAN)
        __sanitizer_finish_switch_fiber(fiber->fake_stack, &loop->main_stack_bottom, &loop->main_stack_size);
}

static void run_cleanups(void *arena)
{
    arena_unwind(arena, (ArenaMark){ NULL });
}

/* Cleanups run in the fiber, where they may still wait (a ROLLBACK over a socket does). */
static void clean_up(Fiber *fiber)
{
    capo_unit = &fiber->unit;
    const Error *error = capo_try(run_cleanups, fiber->arena);
    if (error)
        fprintf(stderr, "capo: bug: a cleanup of %s raised %s: %s\n", fiber->what, error->name, error->message);
    capo_unit = NULL;
}

static void fiber_entry(void)
{
    Fiber *fiber = capo_this_loop.current;
    if (LOOP_HAS_ASAN)
        __sanitizer_finish_switch_fiber(NULL, &capo_this_loop.main_stack_bottom, &capo_this_loop.main_stack_size);
    fiber->error = capo_unit_run(&fiber->unit, fiber->arena, fiber->what, fiber->function, fiber->argument);
    if (arena_mark(fiber->arena).cleanup)
        clean_up(fiber);
    fiber->finished = true;
    switch_to_loop(fiber, true);
    abort();
}

static void fiber_release(Loop *loop, Fiber *fiber)
{
    if (fiber->done)
        fiber->done(fiber->argument, &fiber->unit, fiber->error);
    arena_reset(fiber->arena);
    stack_give(fiber->stack);
    fiber->stack = NULL;
    if (fiber->previous)
        fiber->previous->next = fiber->next;
    else
        loop->all = fiber->next;
    if (fiber->next)
        fiber->next->previous = fiber->previous;
    loop->n_alive--;
    if (loop->n_pool < POOL_LIMIT) {
        fiber->next_ready = loop->pool;
        loop->pool = fiber;
        loop->n_pool++;
    } else {
        arena_free(fiber->arena);
        free(fiber);
    }
}

/* Runs the fiber until it suspends or ends; whether it still lives. */
static bool resume(Fiber *fiber)
{
    Loop *loop = &capo_this_loop;
    Unit *outside = capo_unit;
    loop->current = fiber;
    loop->switches++;
    capo_unit = fiber->running_unit;
    capo_stack_limit = fiber->stack->bottom;
    if (LOOP_HAS_ASAN)
        __sanitizer_start_switch_fiber(&loop->main_fake_stack, fiber->stack->bottom, fiber->stack->size);
    context_switch(&loop->main_context, &fiber->context);
    if (LOOP_HAS_ASAN)
        __sanitizer_finish_switch_fiber(loop->main_fake_stack, NULL, NULL);
    loop->current = NULL;
    loop->switches++;
    capo_unit = outside;
    capo_stack_limit = NULL;
    if (!fiber->finished)
        return true;
    fiber_release(loop, fiber);
    return false;
}

static void run_ready(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    Loop *loop = argument;
    /* those that become ready meanwhile wait for the next turn, so that descriptors are looked at between */
    Fiber *last = loop->last_ready;
    loop->in_ready = true;
    while (loop->first_ready) {
        Fiber *fiber = loop->first_ready;
        loop->first_ready = fiber->next_ready;
        if (!loop->first_ready)
            loop->last_ready = NULL;
        fiber->ready = false;
        bool was_last = fiber == last;
        resume(fiber);
        if (was_last)
            break;
    }
    loop->in_ready = false;
    /* An event that is made active in here would run in this turn still, before any descriptor or timer: a timeout of zero waits. */
    if (loop->first_ready)
        event_add(loop->ready_event, &(struct timeval){ 0, 0 });
    if (loop->n_alive == 0 && loop->running)
        event_base_loopbreak(loop->base);
}

void fiber_ready(Fiber *fiber)
{
    Loop *loop = &capo_this_loop;
    if (fiber->ready)
        return;
    fiber->ready = true;
    fiber->next_ready = NULL;
    if (loop->last_ready)
        loop->last_ready->next_ready = fiber;
    else
        loop->first_ready = fiber;
    if (!loop->last_ready && !loop->in_ready)
        event_active(loop->ready_event, EV_TIMEOUT, 0);
    loop->last_ready = fiber;
}

void fiber_suspend(void)
{
    Fiber *fiber = capo_this_loop.current;
    if (fiber->before_suspend)
        fiber->before_suspend(fiber->before_suspend_argument);
    switch_to_loop(fiber, false);
}

/* --- starting --- */

Fiber *capo_fiber_start(const char *what, void (*function)(void *), void *argument, FiberDone *done, bool now)
{
    Loop *loop = &capo_this_loop;
    capo_loop();
    Fiber *fiber = loop->pool;
    if (fiber) {
        loop->pool = fiber->next_ready;
        loop->n_pool--;
    } else {
        fiber = calloc(1, sizeof(Fiber));
        if (!fiber)
            loop_fatal("memory for a fiber");
        fiber->arena = arena_new();
    }
    fiber->stack = stack_take();
    if (!fiber->stack)
        loop_fatal("memory for a fiber's stack");
    fiber->what = what;
    fiber->function = function;
    fiber->argument = argument;
    fiber->done = done;
    fiber->error = NULL;
    fiber->fake_stack = NULL;
    fiber->running_unit = NULL;
    fiber->next_ready = NULL;
    fiber->before_suspend = NULL;
    fiber->ready = fiber->parked = fiber->woken = fiber->cancelled = fiber->no_cancel = fiber->finished = false;
    fiber->previous = NULL;
    fiber->next = loop->all;
    if (loop->all)
        loop->all->previous = fiber;
    loop->all = fiber;
    loop->n_alive++;
    context_make(&fiber->context, fiber->stack->bottom, fiber->stack->size, fiber_entry);
    if (!now || loop->current) {
        fiber_ready(fiber);
        return fiber;
    }
    return resume(fiber) ? fiber : NULL;
}

Fiber *capo_fiber_current(void)
{
    return capo_this_loop.current;
}

size_t capo_fiber_count(void)
{
    return capo_this_loop.n_alive;
}

/* --- running --- */

void capo_loop_run(void)
{
    Loop *loop = &capo_this_loop;
    capo_loop();
    if (loop->current)
        capo_bug("capo_loop_run was called in a fiber; the loop runs already.");
    loop->running = true;
    loop->stopping = false;
    while (loop->n_alive > 0 && !loop->stopping)
        if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
            loop_fatal("the event loop failed");
    loop->running = false;
}

void capo_loop_stop(void)
{
    capo_this_loop.stopping = true;
    if (capo_this_loop.base)
        event_base_loopbreak(capo_this_loop.base);
}

static void time_is_over(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    *(bool *)argument = true;
    event_base_loopbreak(capo_this_loop.base);
}

void loop_run_until(const bool *flag, int timeout_ms)
{
    struct event_base *base = capo_loop();
    struct event limit;
    bool over = false;
    if (timeout_ms >= 0) {
        evtimer_assign(&limit, base, time_is_over, &over);
        struct timeval interval = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
        evtimer_add(&limit, &interval);
    }
    while (!*flag && !over)
        if (event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)        /* who sets the flag breaks the loop */
            loop_fatal("the event loop failed");
    if (timeout_ms >= 0)
        evtimer_del(&limit);
}

/* capo_fiber_main */

typedef struct MainJob {
    void (*function)(void *);
    void *argument;
    bool ended;
    Error *error;
    Fiber *waiting;
} MainJob;

static char *copy_outside(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        loop_fatal("memory for an error's message");
    return copy;
}

static void main_ended(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    MainJob *job = argument;
    job->ended = true;
    if (error) {
        job->error = malloc(sizeof(Error));
        if (!job->error)
            loop_fatal("memory for an error");
        *job->error = *error;
        job->error->message = copy_outside(error->message);
        job->error->detail = NULL;          /* it was in the arena */
    }
    if (job->waiting)
        fiber_wake(job->waiting);
    else
        event_base_loopbreak(capo_loop());
}

static void main_body(void *argument)
{
    MainJob *job = argument;
    job->function(job->argument);
}

const Error *capo_fiber_main(const char *what, void (*function)(void *), void *argument)
{
    static __thread Error *latest;          /* the caller reads it until its next call, or the end of the one around it */
    MainJob job = { .function = function, .argument = argument, .waiting = capo_fiber_current() };
    capo_fiber_start(what, main_body, &job, main_ended, true);
    if (job.waiting)
        while (!job.ended)
            fiber_park(-1);
    else
        loop_run_until(&job.ended, -1);
    if (latest) {
        free((char *)latest->message);
        free(latest);
    }
    latest = job.error;
    return latest;
}
