/* SPDX-License-Identifier: BSD-3-Clause */
/* One computation for all fibers of this worker that want the same thing at the same time. */
#include "cache_internal.h"
#include <capo/loop.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WAIT_MS = 30000 };

typedef struct Waiter { struct Waiter *next; Fiber *fiber; struct Flight *flight; } Waiter;

typedef struct Flight {
    struct Flight *next;
    char *key;
    Fiber *leader;
    Waiter *waiters;                    /* in the arenas of those who wait */
    size_t users;                       /* leader and waiters */
    bool landed;
    char *result;                       /* malloc; NULL: none */
    size_t size;
} Flight;

static Flight *flights;

static void release(Flight *flight)
{
    if (--flight->users > 0)
        return;
    free(flight->key);
    free(flight->result);
    free(flight);
}

/* As a cleanup: also when the work raised. */
static void land(void *argument)
{
    Flight *flight = argument;
    for (Flight **link = &flights; *link; link = &(*link)->next)
        if (*link == flight) {
            *link = flight->next;
            break;
        }
    flight->landed = true;
    for (Waiter *waiter = flight->waiters; waiter; waiter = waiter->next)
        fiber_wake(waiter->fiber);
    release(flight);
}

static void stop_waiting(void *argument)
{
    Waiter *waiter = argument;
    for (Waiter **link = &waiter->flight->waiters; *link; link = &(*link)->next)
        if (*link == waiter) {
            *link = waiter->next;
            break;
        }
    release(waiter->flight);
}

static Flight *find(const char *key)
{
    for (Flight *flight = flights; flight; flight = flight->next)
        if (strcmp(flight->key, key) == 0)
            return flight;
    return NULL;
}

static const Flight *waits_on(const Fiber *fiber)
{
    for (Flight *flight = flights; flight; flight = flight->next)
        for (Waiter *waiter = flight->waiters; waiter; waiter = waiter->next)
            if (waiter->fiber == fiber)
                return flight;
    return NULL;
}

/* Whether the fiber would wait for itself: it leads this one, or one for which the leader waits, and so on. */
static bool in_circle(const Flight *flight, const Fiber *fiber)
{
    for (; flight; flight = waits_on(flight->leader))
        if (flight->leader == fiber)
            return true;
    return false;
}

/* NULL: no memory; then it is done without. */
static Flight *start(const char *key)
{
    Flight *flight = calloc(1, sizeof *flight);
    if (!flight || !(flight->key = strdup(key))) {
        free(flight);
        return NULL;
    }
    flight->leader = capo_fiber_current();
    flight->users = 1;
    flight->next = flights;
    flights = flight;
    return flight;
}

static FlightEnd fly_along(Flight *flight, Buffer *ret)
{
    Waiter *waiter = capo_alloc_struct(Waiter);
    *waiter = (Waiter){ flight->waiters, capo_fiber_current(), flight };
    flight->waiters = waiter;
    flight->users++;
    capo_defer(stop_waiting, waiter);
    int64_t until = capo_monotonic_us() + LONGEST_WAIT_MS * 1000LL;
    while (!flight->landed) {
        int64_t left_ms = (until - capo_monotonic_us()) / 1000;
        if (left_ms <= 0)
            break;
        fiber_park((int)left_ms);
    }
    FlightEnd end = FLIGHT_NOTHING;
    if (flight->landed && flight->result) {
        capo_put_bytes(ret, flight->result, flight->size);
        end = FLIGHT_SHARED;
    }
    capo_defer_cancel(stop_waiting, waiter);
    stop_waiting(waiter);
    return end;
}

FlightEnd cache_flight(const char *key, FlightWork *work, void *argument, Buffer *ret)
{
    Fiber *fiber = capo_fiber_current();
    Flight *flight = find(key);
    if (flight && fiber && !in_circle(flight, fiber))
        return fly_along(flight, ret);
    if (flight || !fiber || !(flight = start(key))) {       /* within its own computation, outside a fiber, or no memory */
        work(argument, ret);
        return FLIGHT_OWN;
    }
    capo_defer(land, flight);
    if (work(argument, ret) && (flight->result = malloc(ret->size + 1))) {
        memcpy(flight->result, capo_buffer_text(ret), ret->size + 1);
        flight->size = ret->size;
    }
    capo_defer_cancel(land, flight);
    land(flight);
    return FLIGHT_OWN;
}
