/* SPDX-License-Identifier: BSD-3-Clause */
/* The unit of work: a request, a command, a test, a background task. It owns the arena and is where a raise ends.
 *
 * The running unit is a property of the running fiber: the switch of fibers switches it, and there is no call to swap it in
 * the middle. So neither the ORM nor the arena calls need a context argument. Framework code only; views never see it. */
#pragma once
#include "arena.h"
#include "error.h"

/* What the floors keep per unit. A slot is zero at the start of a unit. */
typedef enum UnitSlot {
    UNIT_REQUEST,       /* Request *, core/web */
    UNIT_DATABASE,      /* connections and open transactions, orm */
    UNIT_DATABASES,     /* which of several databases is meant, orm */
    UNIT_TIME_ZONE,     /* const TimeZone *, core/base */
    UNIT_LANGUAGE,      /* const char *, core */
    UNIT_QUERY_LOG,     /* List of statements in DEBUG, orm */
    UNIT_TEST,          /* tests */
    UNIT_AUTH,          /* permissions looked up already, auth */
    UNIT_TEMPLATE,      /* the context of the rendering that runs, templates */
    UNIT_SLOTS
} UnitSlot;

typedef struct Unit {
    Arena *arena;
    struct Catch *catcher;              /* the innermost protected call */
    const char *what;                   /* "GET /blog/", "command migrate": for the log, the watchdog and the crash report */
    void *slots[UNIT_SLOTS];
    struct Unit *outer;                 /* the unit that this one interrupted (tests: a request inside a test) */
} Unit;

/* The unit that runs on this thread's current fiber; NULL between units. core/loop writes it at a switch. */
extern __thread Unit *capo_unit;

/* The lowest address of the running fiber's stack; NULL outside a fiber. core/loop writes it at a switch. */
extern __thread char *capo_stack_limit;

/* Calls function(argument) in a unit of work of its own inside the running one, and gives its memory back behind it: for a part of a long
 * piece of work of which nothing is to be kept. What it raises is raised here. */
void capo_run_apart(void (*function)(void *), void *argument);

/* Where in a template the unit is: its path and line, which live as long as the unit; nothing where none renders. The templates set it,
 * so that floors that do not know them can say it. NULL: there are no templates in this program. */
extern void (*capo_template_here)(const char **ret_path, int *ret_line);

/* Runs function(argument) as a unit of work with this arena, on the caller's stack. NULL, or the error that ended it: it lives
 * in the arena, which is the caller's to reset after use. Cleanups left at the end are run by arena_reset. Inside another unit it
 * shares that one's database connection and open transaction: the test client's requests see what the test wrote. */
const Error *capo_unit_run(Unit *unit, Arena *arena, const char *what, void (*function)(void *), void *argument);
