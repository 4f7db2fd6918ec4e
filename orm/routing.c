/* SPDX-License-Identifier: BSD-3-Clause */
/* Which database a call goes to, and making it the current one for so long. The order of what counts is in <capo/databases.h>. */
#include "routing.h"
#include "instance.h"
#include "query.h"
#include <string.h>

/* --- the unit's part --- */

UnitDatabases *unit_databases_seen(void)
{
    for (const Unit *unit = capo_unit; unit; unit = unit->outer)
        if (unit->slots[UNIT_DATABASES])
            return unit->slots[UNIT_DATABASES];
    return NULL;
}

/* A unit inside another begins with what that one said; what it says itself ends with it. */
UnitDatabases *unit_databases(void)
{
    if (!capo_unit->slots[UNIT_DATABASES]) {
        const UnitDatabases *outer = unit_databases_seen();
        UnitDatabases *own = capo_alloc_struct(UnitDatabases);
        if (outer)
            *own = *outer;
        own->wrappers = outer && outer->n_wrappers ? capo_memdup(outer->wrappers, outer->n_wrappers * sizeof *outer->wrappers) : NULL;
        capo_unit->slots[UNIT_DATABASES] = own;
    }
    return capo_unit->slots[UNIT_DATABASES];
}

const char *capo_use_database(const char *alias)
{
    UnitDatabases *unit = unit_databases();
    const char *before = unit->forced ? unit->forced->alias : NULL;
    unit->forced = alias ? database_named(alias) : NULL;
    unit->current = NULL;
    return before;
}

const char *capo_database_alias(void) { return database_current()->alias; }

void database_note_write(const Database *database)
{
    if (capo_several_databases)
        unit_databases()->written |= UINT64_C(1) << database->number;
}

/* --- turns --- */

typedef struct DatabaseTurnRecord { UnitDatabases *unit; Database *before; } DatabaseTurnRecord;

static void restore(void *argument)
{
    const DatabaseTurnRecord *record = argument;
    record->unit->current = record->before;
}

DatabaseTurn database_turn(Database *database)
{
    if (!database)
        return (DatabaseTurn){ 0 };
    UnitDatabases *unit = unit_databases();
    if (unit->current == database)
        return (DatabaseTurn){ 0 };
    DatabaseTurnRecord *record = capo_alloc_struct(DatabaseTurnRecord);
    *record = (DatabaseTurnRecord){ unit, unit->current };
    capo_defer(restore, record);
    unit->current = database;
    return (DatabaseTurn){ record };
}

void database_turn_end(DatabaseTurn *turn)
{
    if (!turn->record)
        return;
    capo_defer_cancel(restore, turn->record);
    restore(turn->record);
}

/* --- the choice --- */

static const char *ask_routers(const Model *model, const Instance *hint, DatabaseUse use)
{
    for (const DatabaseRouter *const *router = database_routers(); *router; router++) {
        const char *(*ask)(const Model *, const Instance *) = use == DATABASE_WRITE ? (*router)->db_for_write : (*router)->db_for_read;
        const char *alias = ask ? ask(model, hint) : NULL;
        if (alias)
            return alias;
    }
    return NULL;
}

/* Where its rows are, and where the object at hand came from, unless only some apps live there. */
static Database *home_of(const Model *model, const Instance *hint)
{
    const char *home = database_home_of_app(model->app), *origin = hint ? hint->state->database : NULL;
    if (!home && origin && !database_has_apps(origin))
        home = origin;
    return database_primary(database_named(home ? home : "default"));
}

/* What this unit wrote there, or is writing, would be missed in a copy. */
static bool must_read_there(Database *primary)
{
    const UnitDatabases *unit = unit_databases_seen();
    return (unit && unit->written >> primary->number & 1) || capo_in_transaction_of(primary);
}

static Database *routed(const Model *model, const Instance *hint, DatabaseUse use)
{
    const char *alias = ask_routers(model, hint, use);
    Database *database = alias ? database_named(alias) : home_of(model, hint);
    if (use == DATABASE_WRITE)
        return database;
    Database *primary = database_primary(database);
    if (must_read_there(primary))
        return primary;
    const char *replica = alias ? NULL : database_next_replica(primary->alias);
    return replica ? database_named(replica) : database;
}

Database *database_for(const Model *model, const Instance *hint, const char *using, DatabaseUse use)
{
    database_current();                     /* at first, settings say how many there are */
    if (!capo_several_databases)
        return using ? database_named(using) : NULL;
    const UnitDatabases *unit = unit_databases_seen();
    if (using)
        return database_named(using);
    return unit && unit->forced ? unit->forced : routed(model, hint, use);
}

Database *query_database(const Query *query, DatabaseUse use)
{
    return database_for(query->model, query->hint ? query->hint : query->owner, query->using, query->lock ? DATABASE_WRITE : use);
}

Query *query_for_write(Query *query)
{
    Database *database = query_database(query, DATABASE_WRITE);
    return !database || query->using ? query : capo_query_using(query, database->alias);
}

Query *capo_query_using(Query *query, const char *alias)
{
    Query *clone = query_clone(query);
    clone->using = alias ? database_named(alias)->alias : NULL;
    return clone;
}

const char *capo_database_for_read(const Model *model, const Instance *hint)
{
    const Database *database = database_for(model, hint, NULL, DATABASE_READ);
    return database ? database->alias : "default";
}

const char *capo_database_for_write(const Model *model, const Instance *hint)
{
    const Database *database = database_for(model, hint, NULL, DATABASE_WRITE);
    return database ? database->alias : "default";
}

/* --- where objects are --- */

const char *database_origin(void) { return capo_several_databases ? database_current()->alias : NULL; }

bool database_is_origin(const char *alias)
{
    return !capo_several_databases || (alias && database_primary(database_named(alias)) == database_primary(database_current()));
}

const char *capo_instance_database(const Instance *self)
{
    const InstanceState *state = self->state;
    return !state->saved ? NULL : state->database ? state->database : "default";
}

bool capo_allow_relation(const Instance *a, const Instance *b)
{
    if (!capo_several_databases || !a->state->database || !b->state->database)
        return true;
    for (const DatabaseRouter *const *router = database_routers(); *router; router++) {
        RouterAnswer answer = (*router)->allow_relation ? (*router)->allow_relation(a, b) : ROUTER_NO_OPINION;
        if (answer)
            return answer == ROUTER_ALLOW;
    }
    return database_primary(database_named(a->state->database)) == database_primary(database_named(b->state->database));
}

bool capo_allow_migrate(const char *alias, const char *app, const Model *model)
{
    database_current();
    if (!capo_several_databases)
        return true;
    if (database_is_replica(alias))
        return false;
    for (const DatabaseRouter *const *router = database_routers(); *router; router++) {
        RouterAnswer answer = (*router)->allow_migrate ? (*router)->allow_migrate(alias, app, model) : ROUTER_NO_OPINION;
        if (answer)
            return answer == ROUTER_ALLOW;
    }
    const char *home = database_home_of_app(app);
    return home ? !strcmp(home, alias) : !database_has_apps(alias);
}
