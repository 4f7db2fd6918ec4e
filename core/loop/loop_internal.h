/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of core/loop share; core/http includes it for the server. See capo/loop.h for what a fiber promises. */
#pragma once
#include <capo/loop.h>
#include <capo/unit.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include "context.h"

/* AddressSanitizer is asked for at run time: an installed library without it serves development builds with it. */
extern void __sanitizer_start_switch_fiber(void **fake_stack, const void *bottom, size_t size) __attribute__((weak));
extern void __sanitizer_finish_switch_fiber(void *fake_stack, const void **ret_bottom, size_t *ret_size) __attribute__((weak));
extern void __asan_unpoison_memory_region(void volatile *start, size_t size) __attribute__((weak));
extern void __lsan_register_root_region(void volatile *start, size_t size) __attribute__((weak));
extern void __lsan_unregister_root_region(void volatile *start, size_t size) __attribute__((weak));
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
#define LOOP_HAS_ASAN (__sanitizer_start_switch_fiber != NULL)

/* --- stacks: stack.c --- */

typedef struct Stack {
    struct Stack *next;             /* in the pool */
    void *mapping;                  /* guard and stack */
    char *bottom;                   /* of the usable part, above the guard */
    size_t size;
    unsigned valgrind_id;
} Stack;

/* A stack from the pool or a new one; NULL with errno where the system has no memory for it. */
Stack *stack_take(void);
void stack_give(Stack *stack);
/* Whether the address is in the guard below this stack: for the crash report. */
bool stack_guard_hit(const Stack *stack, const void *address);

/* --- fibers: fiber.c --- */

struct Fiber {
    Context context;
    Stack *stack;
    Arena *arena;
    Unit unit;
    Unit *running_unit;             /* capo_unit while the fiber is suspended */
    void (*function)(void *);
    void *argument;
    FiberDone *done;
    const Error *error;
    void *fake_stack;               /* AddressSanitizer's */
    const char *what;
    Fiber *next_ready;              /* queue of those that run at the next turn of the loop; or in the pool */
    Fiber *previous, *next;         /* of all that live */
    struct event wait_event;        /* the one thing that a fiber waits for: a descriptor, a time or a wake */
    bool wait_assigned;             /* wait_event was set up once */
    bool ready;                     /* in the queue */
    bool parked, woken;             /* fiber_park: waits; fiber_wake came */
    bool cancelled;                 /* the next wait raises */
    bool no_cancel;                 /* capo_offload: the job must end first */
    bool finished;
    int wait_result;
    void (*before_suspend)(void *); /* called in the fiber before it waits; must not wait itself */
    void *before_suspend_argument;
};

/* Everything of this thread's loop. */
typedef struct Loop {
    struct event_base *base;
    Fiber *current;
    Fiber *all;                     /* script/fiber-bt.gdb walks it */
    Fiber *pool;
    size_t n_alive, n_pool;
    Fiber *first_ready, *last_ready;
    struct event *ready_event;
    bool in_ready;                  /* run_ready runs: it looks at the queue itself when it is through */
    Context main_context;
    void *main_fake_stack;
    const void *main_stack_bottom;
    size_t main_stack_size;
    bool stopping, running;
    unsigned long switches;         /* grows with each resume: the watchdog compares it */
} Loop;
extern __thread Loop capo_this_loop;

/* Suspends the current fiber and runs the loop; returns when somebody resumed it. Does not look at `cancelled`. */
void fiber_suspend(void);
/* Puts a suspended fiber at the end of the queue. */
void fiber_ready(Fiber *fiber);
/* Raises ERROR_ABORTED when the current fiber was cancelled. Once: what runs while it unwinds may wait again. */
void fiber_check_cancel(void);
/* Runs the loop on the thread's own stack until *flag is set: outside fibers only. */
void loop_run_until(const bool *flag, int timeout_ms);
/* How many fibers live, for the graceful stop and tests. */
size_t capo_fiber_count(void);

/* --- helpers: offload.c --- */
void offload_after_fork(void);
/* Ends the idle helper threads; the next capo_offload makes new ones. */
void offload_stop(void);

/* --- watchdog.c, crash.c --- */

/* Starts the thread that warns on standard error of a unit which held the loop for 100 ms, and ends the process with a report
 * when one held it for `fatal_seconds` (0: never). Once a process; after fork again. */
void capo_watchdog_start(int fatal_seconds);
void capo_watchdog_stop(void);
void watchdog_after_fork(void);
/* SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT name the running unit on standard error before the process dies of them. */
void capo_crash_handler_install(void);
