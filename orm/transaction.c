/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions: begin, commit and rollback, nested as savepoints, undone where they are not finished.
 *
 * Each level registers a cleanup on the arena, so that a raise that unwinds past it, or the end of the unit, rolls it back; commit
 * and rollback take the cleanup back. A unit inside another (a request inside a test) opens savepoints in the outer one's
 * transaction. A failed statement breaks the level: until its rollback, further statements raise ERROR_TRANSACTION, as Django's
 * TransactionManagementError, since a database may have dropped part of the work already. */
#include "transaction.h"
#include <stdio.h>
#include <string.h>

typedef struct Callback { void (*function)(void *); void *argument; struct Callback *next; } Callback;

typedef struct Level {
    struct Transaction *transaction;
    struct Level *outer;
    const Unit *unit;                   /* that began it */
    int number;                         /* 0: BEGIN; else a savepoint */
    bool broken;
    Callback *first, *last;             /* on_commit */
} Level;

typedef struct Transaction {
    Connection *connection;
    Level *level;                       /* NULL: none is open */
    bool kept;                          /* its connection stays when it ends: capo_database_keep() */
} Transaction;

/* The innermost open transaction of this unit or of those around it. */
static Transaction *open_transaction(void)
{
    for (Unit *unit = capo_unit; unit; unit = unit->outer) {
        Transaction *transaction = unit->slots[UNIT_DATABASE];
        if (transaction && transaction->level)
            return transaction;
    }
    return NULL;
}

static Transaction *kept_transaction(void)
{
    for (Unit *unit = capo_unit; unit; unit = unit->outer) {
        Transaction *transaction = unit->slots[UNIT_DATABASE];
        if (transaction && transaction->kept)
            return transaction;
    }
    return NULL;
}

Connection *capo_transaction_connection(void)
{
    Transaction *transaction = open_transaction();
    if (!transaction)
        return (transaction = kept_transaction()) ? transaction->connection : NULL;
    if (transaction->connection->lost)
        capo_raise(ERROR_OPERATIONAL, "The connection to the database broke in this transaction: nothing of it was kept, and nothing more can be done in it. "
                   "Roll it back, and try all of it again.");
    if (transaction->level->broken)
        capo_raise(ERROR_TRANSACTION, "A statement failed in this transaction, so nothing more can be done in it. Roll it back first; to go on "
                   "after an expected error, put capo_begin() and capo_rollback() around the statement that may fail.");
    return transaction->connection;
}

void capo_transaction_break(void)
{
    Transaction *transaction = open_transaction();
    if (transaction)
        transaction->level->broken = true;
}

bool capo_in_transaction(void) { return open_transaction() != NULL; }

typedef struct Control { Connection *connection; const char *sql; bool good; } Control;

static void run_control(void *argument)
{
    Control *run = argument;
    DatabaseFailure failure;
    ResultSet ignored;
    run->good = capo_connection_run(run->connection, run->sql, NULL, 0, &ignored, &failure);
}

/* Never raises: used while unwinding. Where a rollback does not work, nobody knows what the connection is in the middle of. */
static void control(Connection *connection, const char *sql)
{
    Control run = { .connection = connection, .sql = sql };
    /* A statement that the fiber left behind, cancelled, may run for long: the connection is closed, which stops and undoes it. */
    connection->lost = connection->lost || connection->in_flight;
    if (connection->lost)
        return;
    const Error *error = capo_try(run_control, &run);
    if (error || !run.good)
        connection->lost = connection->backend->networked;
}

static void give_back(Transaction *transaction)
{
    if (transaction->kept)
        return;
    capo_database_return(transaction->connection);
    transaction->connection = NULL;
}

static void undo(void *argument)
{
    Level *level = argument;
    Transaction *transaction = level->transaction;
    char sql[64];
    /* Inner levels have cleanups of their own, which ran before this one. */
    transaction->level = level->outer;
    if (level->number) {
        snprintf(sql, sizeof sql, "ROLLBACK TO SAVEPOINT capo_%d", level->number);
        control(transaction->connection, sql);
        snprintf(sql, sizeof sql, "RELEASE SAVEPOINT capo_%d", level->number);
        control(transaction->connection, sql);
        return;
    }
    control(transaction->connection, "ROLLBACK");
    give_back(transaction);
}

static void return_connection(void *connection) { capo_database_return(connection); }

void capo_begin(void)
{
    Transaction *transaction = open_transaction();
    Level *level = capo_alloc_struct(Level);
    DatabaseFailure failure;
    ResultSet ignored;
    if (transaction) {
        Connection *connection = capo_transaction_connection();         /* raises where it is broken */
        *level = (Level){ .transaction = transaction, .unit = capo_unit, .outer = transaction->level, .number = transaction->level->number + 1 };
        if (!capo_connection_run(connection, capo_format("SAVEPOINT capo_%d", level->number), NULL, 0, &ignored, &failure))
            capo_raise(failure.code, "%s", failure.message);
    } else if ((transaction = kept_transaction())) {
        *level = (Level){ .transaction = transaction, .unit = capo_unit };
        if (!capo_connection_run(transaction->connection, transaction->connection->backend->dialect->begin, NULL, 0, &ignored, &failure))
            capo_raise(failure.code, "%s", failure.message);
    } else {
        transaction = capo_alloc_struct(Transaction);
        bool good = false;
        failure.lost = true;
        /* A connection may have broken since it was used last: with BEGIN nothing is lost yet. */
        for (int tries = 2; !good && failure.lost && tries-- > 0;) {
            transaction->connection = capo_database_lend_writer();
            capo_defer(return_connection, transaction->connection);
            good = capo_connection_run(transaction->connection, transaction->connection->backend->dialect->begin, NULL, 0, &ignored, &failure);
            capo_defer_cancel(return_connection, transaction->connection);
            if (!good)
                capo_database_return(transaction->connection);
        }
        if (!good)
            capo_raise(failure.code, "%s", failure.message);
        *level = (Level){ .transaction = transaction, .unit = capo_unit };
        capo_unit->slots[UNIT_DATABASE] = transaction;
    }
    transaction->level = level;
    capo_defer(undo, level);
}

static Level *innermost(const char *call)
{
    Transaction *transaction = open_transaction();
    if (!transaction)
        capo_bug("%s() without capo_begin(): no transaction is open.", call);
    return transaction->level;
}

static void add_callbacks(Level *to, Level *from)
{
    if (!from->first)
        return;
    if (to->last)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
}

static void call_all(const Level *level)
{
    for (Callback *callback = level->first; callback; callback = callback->next)
        callback->function(callback->argument);
}

void capo_commit(void)
{
    Level *level = innermost("capo_commit");
    Transaction *transaction = level->transaction;
    DatabaseFailure failure = { 0 };
    ResultSet ignored;
    if (level->broken) {
        capo_rollback();
        capo_raise(ERROR_TRANSACTION, "The transaction was rolled back instead of committed, since a statement in it had failed.");
    }
    if (level->number) {
        if (!capo_connection_run(transaction->connection, capo_format("RELEASE SAVEPOINT capo_%d", level->number), NULL, 0, &ignored, &failure)) {
            level->broken = true;
            capo_raise(failure.code, "%s", failure.message);
        }
        capo_defer_cancel(undo, level);
        transaction->level = level->outer;
        /* For the unit itself this was the outermost: what it registered lives in its arena, and runs now. */
        if (level->outer->unit != capo_unit)
            call_all(level);
        else
            add_callbacks(level->outer, level);
        return;
    }
    if (!capo_connection_run(transaction->connection, "COMMIT", NULL, 0, &ignored, &failure)) {
        /* A deferred foreign key, or a full disk: the transaction is still open and must go. */
        bool unknown = failure.lost && !failure.unsent;
        capo_rollback();
        capo_raise(failure.code, "%s%s", failure.message, unknown ? " It broke while COMMIT was on its way: look whether the changes are there before "
                   "you make them again." : "");
    }
    capo_defer_cancel(undo, level);
    transaction->level = NULL;
    give_back(transaction);
    call_all(level);
}

void capo_rollback(void)
{
    Level *level = innermost("capo_rollback");
    capo_defer_cancel(undo, level);
    undo(level);
}

void capo_on_commit(void (*function)(void *), void *argument)
{
    Transaction *transaction = open_transaction();
    if (!transaction) {
        function(argument);
        return;
    }
    Callback *callback = capo_alloc_struct(Callback);
    *callback = (Callback){ .function = function, .argument = argument };
    add_callbacks(transaction->level, &(Level){ .first = callback, .last = callback });
}

/* --- one connection for all ------------------------------------------------------------------------------------------------- */

static void end_keeping(void *argument)
{
    Transaction *transaction = argument;
    transaction->kept = false;
    /* What was set in its session, and the locks that it holds, end with it. */
    transaction->connection->lost = true;
    capo_database_return(transaction->connection);
    transaction->connection = NULL;
}

void capo_database_keep(void)
{
    if (open_transaction() || kept_transaction())
        capo_bug("capo_database_keep() inside a transaction, or twice.");
    Transaction *transaction = capo_alloc_struct(Transaction);
    *transaction = (Transaction){ .connection = capo_database_lend_writer(), .kept = true };
    capo_unit->slots[UNIT_DATABASE] = transaction;
    capo_defer(end_keeping, transaction);
}

void capo_database_keep_no_more(void)
{
    Transaction *transaction = kept_transaction();
    if (!transaction)
        return;
    capo_defer_cancel(end_keeping, transaction);
    end_keeping(transaction);
}
