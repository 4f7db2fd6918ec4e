/* SPDX-License-Identifier: BSD-3-Clause */
/* What a site hangs around its connections and statements: a function for each new connection, wrappers around each statement. */
#include "routing.h"
#include <string.h>

bool capo_has_wrappers;
static ConnectionCreated *created;

/* --- new connections --- */

ConnectionCreated *capo_on_connection_created(ConnectionCreated *function)
{
    ConnectionCreated *before = created;
    created = function;
    return before;
}

Connection *capo_connection_setting_up(void)
{
    const UnitDatabases *unit = created ? unit_databases_seen() : NULL;
    return unit ? unit->setting_up : NULL;
}

static void end_set_up(void *unit) { ((UnitDatabases *)unit)->setting_up = NULL; }

void capo_connection_created(Connection *connection)
{
    UnitDatabases *unit = created ? unit_databases() : NULL;
    if (!unit || unit->setting_up)
        return;
    const char *alias = capo_connection_alias(connection);
    WITH_DATABASE(capo_several_databases ? database_named(alias) : NULL);
    unit->setting_up = connection;
    capo_defer(end_set_up, unit);
    created(alias);
    capo_defer_cancel(end_set_up, unit);
    unit->setting_up = NULL;
}

/* --- wrappers --- */

void capo_execute_wrapper_push(ExecuteWrapper *wrapper)
{
    UnitDatabases *unit = unit_databases();
    ExecuteWrapper **wrappers = capo_alloc_array(unit->n_wrappers + 1, sizeof *wrappers);
    if (unit->n_wrappers)
        memcpy(wrappers, unit->wrappers, unit->n_wrappers * sizeof *wrappers);
    wrappers[unit->n_wrappers++] = wrapper;
    unit->wrappers = wrappers;
    capo_has_wrappers = true;
}

void capo_execute_wrapper_pop(void)
{
    UnitDatabases *unit = unit_databases();
    if (!unit->n_wrappers)
        capo_bug("capo_execute_wrapper_pop() without a push in this unit of work.");
    unit->n_wrappers--;
}

typedef struct Wrapped { void (*run)(void *); void *argument; UnitDatabases *unit; size_t outside; } Wrapped;

static void leave(void *argument)
{
    const Wrapped *wrapped = argument;
    wrapped->unit->inside = wrapped->outside;
}

/* What a wrapper runs itself goes through those inside of it alone. */
static void next(const ExecutedStatement *statement)
{
    const Wrapped *outer = statement->inside;
    UnitDatabases *unit = outer->unit;
    if (unit->inside >= unit->n_wrappers) {
        outer->run(outer->argument);
        return;
    }
    Wrapped *wrapped = capo_memdup(outer, sizeof *outer);
    wrapped->outside = unit->inside;
    capo_defer(leave, wrapped);
    unit->wrappers[unit->inside++](statement, next);
    capo_defer_cancel(leave, wrapped);
    leave(wrapped);
}

void capo_execute_wrapped(const Statement *statement, bool many, void (*run)(void *), void *argument)
{
    if (!unit_databases_seen()) {
        run(argument);
        return;
    }
    Wrapped wrapped = { .run = run, .argument = argument, .unit = unit_databases() };
    next(&(ExecutedStatement){ .sql = statement->sql, .parameters = statement->parameters, .count = statement->count, .alias = capo_database_alias(), .many = many,
                               .inside = &wrapped });
}
