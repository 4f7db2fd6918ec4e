/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions: begin, commit and rollback, nested as savepoints, undone where they are not finished.
 *
 * Each level registers a cleanup on the arena, so that a raise that unwinds past it, or the end of the unit, rolls it back; commit
 * and rollback take the cleanup back. A unit inside another (a request inside a test) opens savepoints in the outer one's
 * transaction. A failed statement breaks the level: until its rollback, further statements raise ERROR_TRANSACTION, as Django's
 * TransactionManagementError, since a database may have dropped part of the work already. */
#include "transaction.h"
#include "pool.h"
#include "routing.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct Callback { void (*function)(void *); void *argument; struct Callback *next; } Callback;

/* One made by hand, inside a level. */
typedef struct Savepoint {
    int64_t number;
    Callback *last;                     /* of the level's, when it was made */
    uint64_t cursors;                   /* the last one that was opened before it */
    struct Savepoint *before;
} Savepoint;

typedef struct Level {
    struct Transaction *transaction;
    uint64_t serial;                    /* grows with each that is begun: of several databases' the innermost has the highest */
    struct Level *outer;
    const Unit *unit;                   /* that began it */
    int number;                         /* 0: BEGIN; else a savepoint */
    bool broken, for_test;
    bool doomed;                        /* capo_set_rollback(true) */
    bool gone;                          /* the database rolled all of the transaction back by itself: no savepoint leads anywhere */
    bool plain;                         /* inside another without a savepoint: its rollback breaks that one */
    uint64_t cursors;                   /* the last one that was opened before it */
    Callback *first, *last;             /* on_commit */
    Savepoint *savepoints;              /* the last one first */
} Level;

/* One of a database; a unit has as many as it has databases in use. */
typedef struct Transaction {
    const Database *database;
    Connection *connection;
    Level *level;                       /* NULL: it is over */
    struct Transaction *next;
} Transaction;

static uint64_t last_serial;

/* That of this database in this unit or those around it. */
static Transaction *open_transaction_of(const Database *database)
{
    for (const Unit *unit = capo_unit; unit; unit = unit->outer)
        for (Transaction *at = unit->slots[UNIT_DATABASE]; at; at = at->next)
            if (at->level && (at->database == database || !capo_several_databases))
                return at;
    return NULL;
}

static Transaction *open_transaction(void) { return open_transaction_of(capo_several_databases ? database_current() : NULL); }

/* Of whatever database, the one that was begun last. */
static Transaction *innermost_transaction(void)
{
    Transaction *innermost = NULL;
    for (const Unit *unit = capo_unit; unit; unit = unit->outer)
        for (Transaction *at = unit->slots[UNIT_DATABASE]; at; at = at->next)
            if (at->level && (!innermost || at->level->serial > innermost->level->serial))
                innermost = at;
    return innermost;
}

/* capo_database_keep(): the connection of all that this unit does, and those inside it. */
static struct { const Unit *unit; const Database *database; Connection *connection; } kept;

static Connection *kept_connection(void)
{
    if (!kept.connection || (capo_several_databases && database_current() != kept.database))
        return NULL;
    for (const Unit *unit = capo_unit; unit; unit = unit->outer)
        if (unit == kept.unit)
            return kept.connection;
    return NULL;
}

static Connection *take(void)
{
    Connection *connection = kept_connection();
    return connection ? connection : capo_database_lend_writer();
}

static void give_back(Connection *connection)
{
    if (connection != kept.connection)
        capo_database_return(connection);
}

bool capo_in_transaction_of(const Database *database) { return open_transaction_of(database) != NULL; }

/* In the child of a fork it is the parent's, whose transaction goes on. */
static bool is_lost(Connection *connection)
{
    connection->lost = connection->lost || connection->generation != capo_database_generation();
    return connection->lost;
}

_Noreturn static void raise_lost(void)
{
    capo_raise(ERROR_OPERATIONAL, "The connection to the database broke in this transaction: nothing of it was kept, and nothing more can be done in it. "
               "Roll it back, and try all of it again.");
}

Connection *capo_transaction_connection(void)
{
    Transaction *transaction = open_transaction();
    if (!transaction)
        return kept_connection();
    if (is_lost(transaction->connection))
        raise_lost();
    if (transaction->level->broken)
        capo_raise(ERROR_TRANSACTION, "A statement failed in this transaction, so nothing more can be done in it. Roll it back first; to go on "
                   "after an expected error, put capo_begin() and capo_rollback() around the statement that may fail.");
    if (transaction->level->doomed)
        capo_raise(ERROR_TRANSACTION, "capo_set_rollback(true) was called in this transaction: what is left to it is its end.");
    return transaction->connection;
}

void capo_transaction_break(void)
{
    Transaction *transaction = open_transaction();
    if (!transaction)
        return;
    const Backend *backend = transaction->connection->backend;
    bool all = backend->has_rolled_back && backend->has_rolled_back(transaction->connection);
    for (Level *level = transaction->level; level; level = all ? level->outer : NULL) {
        level->broken = true;
        level->gone = level->gone || all;
    }
}

bool capo_in_own_transaction(void)
{
    const Transaction *transaction = open_transaction();
    for (const Level *level = transaction ? transaction->level : NULL; level; level = level->outer)
        if (!level->for_test)
            return true;
    return false;
}

bool capo_in_transaction(void) { return open_transaction() != NULL; }

typedef struct Control { Connection *connection; const char *sql; bool good; } Control;

static void run_control(void *argument)
{
    Control *run = argument;
    DatabaseFailure failure;
    ResultSet ignored = { 0 };
    run->good = capo_connection_run(run->connection, run->sql, NULL, 0, &ignored, &failure);
}

/* Never raises: used while unwinding. Where a rollback does not work, nobody knows what the connection is in the middle of. */
static void control(Connection *connection, const char *sql)
{
    Control run = { .connection = connection, .sql = sql };
    /* A statement that the fiber left behind, cancelled, may run for long: the connection is closed, which stops and undoes it. */
    connection->lost = connection->lost || connection->in_flight;
    if (is_lost(connection))
        return;
    const Error *error = capo_try(run_control, &run);
    if (error || !run.good)
        connection->lost = connection->backend->networked;
}

static void undo(void *argument)
{
    Level *level = argument;
    Transaction *transaction = level->transaction;
    char sql[64];
    /* Inner levels have cleanups of their own, which ran before this one. */
    transaction->level = level->outer;
    if (level->plain) {
        level->outer->broken = true;
        return;
    }
    capo_database_end_cursors(transaction->connection, level->cursors);
    if (level->number) {
        snprintf(sql, sizeof sql, "ROLLBACK TO SAVEPOINT capo_%d", level->number);
        control(transaction->connection, sql);
        snprintf(sql, sizeof sql, "RELEASE SAVEPOINT capo_%d", level->number);
        control(transaction->connection, sql);
        return;
    }
    control(transaction->connection, "ROLLBACK");
    give_back(transaction->connection);
    transaction->connection = NULL;
}

static void return_connection(void *connection) { give_back(connection); }

static const char *isolation_words(const char *isolation)
{
    const char *words = capo_isolation_level(isolation);
    if (!words)
        capo_raise(ERROR_VALUE, "\"%s\" is no isolation level: read uncommitted, read committed, repeatable read or serializable.", isolation);
    return words;
}

static char *replaced(const char *format, const char *words)
{
    const char *mark = strstr(format, "%s");
    return capo_format("%.*s%s%s", (int)(mark - format), format, words, mark + 2);
}

/* BEGIN, in as many statements as the database wants. */
static bool start(Connection *connection, const char *isolation, DatabaseFailure *failure)
{
    const Dialect *dialect = connection->backend->dialect;
    ResultSet ignored = { 0 };
    if (isolation && dialect->begin_isolated)
        return capo_connection_run(connection, replaced(dialect->begin_isolated, isolation), NULL, 0, &ignored, failure);
    if (isolation && dialect->set_isolation && !capo_connection_run(connection, replaced(dialect->set_isolation, isolation), NULL, 0, &ignored, failure))
        return false;
    const char *mode = capo_connection_address(connection)->transaction_mode;
    return capo_connection_run(connection, mode ? capo_format("BEGIN %s", mode) : dialect->begin, NULL, 0, &ignored, failure);
}

/* What is over makes room: a unit may begin any number one after another. */
static Transaction *new_transaction(const Database *database)
{
    Transaction *transaction = capo_alloc_struct(Transaction), *before = capo_unit->slots[UNIT_DATABASE];
    while (before && !before->level)
        before = before->next;
    *transaction = (Transaction){ .database = database, .next = before };
    return transaction;
}

void capo_begin_with(const TransactionOptions *options)
{
    WITH_DATABASE(capo_several_databases || options->using ? options->using ? database_named(options->using) : database_current() : NULL);
    Transaction *transaction = open_transaction();
    Level *level = capo_alloc_struct(Level);
    DatabaseFailure failure;
    ResultSet ignored = { 0 };
    if (options->durable && capo_in_own_transaction())
        capo_raise(ERROR_TRANSACTION, "A durable transaction cannot be nested within another: what it commits would not be kept yet.");
    if (options->isolation && capo_in_own_transaction())
        capo_raise(ERROR_TRANSACTION, "The isolation level is chosen where the outermost transaction begins; inside of one it cannot change.");
    if (transaction) {
        Connection *connection = capo_transaction_connection();         /* raises where it is broken */
        *level = (Level){ .transaction = transaction, .unit = capo_unit, .outer = transaction->level, .number = transaction->level->number + !options->no_savepoint,
                          .plain = options->no_savepoint };
        if (!level->plain && !capo_connection_run(connection, capo_format("SAVEPOINT capo_%d", level->number), NULL, 0, &ignored, &failure)) {
            transaction->level->broken = true;
            capo_raise_failure(&failure);
        }
    } else {
        transaction = new_transaction(database_current());
        const char *isolation = options->isolation ? isolation_words(options->isolation) : NULL;
        bool good = false;
        failure.lost = true;
        /* A connection may have broken since it was used last: with BEGIN nothing is lost yet. */
        for (int tries = 2; !good && failure.lost && tries-- > 0;) {
            transaction->connection = take();
            capo_defer(return_connection, transaction->connection);
            good = start(transaction->connection, isolation, &failure);
            capo_defer_cancel(return_connection, transaction->connection);
            if (!good)
                give_back(transaction->connection);
        }
        if (!good)
            capo_raise_failure(&failure);
        *level = (Level){ .transaction = transaction, .unit = capo_unit };
        capo_unit->slots[UNIT_DATABASE] = transaction;
    }
    level->serial = ++last_serial;
    level->for_test = options->for_test;
    level->cursors = capo_database_last_cursor();
    transaction->level = level;
    capo_defer(undo, level);
}

static Level *innermost(const char *call)
{
    Transaction *transaction = innermost_transaction();
    if (!transaction || transaction->level->unit != capo_unit)          /* that of a test around this request, say */
        capo_bug("%s() without capo_begin(): no transaction is open%s.", call, transaction ? " that this unit of work has begun" : "");
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
    ResultSet ignored = { 0 };
    if (level->broken) {
        capo_rollback();
        capo_raise(ERROR_TRANSACTION, "The transaction was rolled back instead of committed, since a statement in it had failed.");
    }
    if (level->doomed) {
        capo_rollback();
        return;
    }
    if (level->number || level->plain) {
        if (!level->plain && !capo_connection_run(transaction->connection, capo_format("RELEASE SAVEPOINT capo_%d", level->number), NULL, 0, &ignored, &failure)) {
            level->broken = true;
            capo_raise_failure(&failure);
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
    if (is_lost(transaction->connection)) {
        capo_rollback();
        raise_lost();
    }
    capo_database_end_cursors(transaction->connection, level->cursors);
    if (!capo_connection_run(transaction->connection, "COMMIT", NULL, 0, &ignored, &failure)) {
        /* A deferred foreign key, or a full disk: the transaction is still open and must go. */
        failure.unknown = failure.lost && !failure.unsent;
        capo_rollback();
        if (failure.unknown)
            failure.message = capo_format("%s It broke while COMMIT was on its way: look whether the changes are there before you make them again.", failure.message);
        capo_raise_failure(&failure);
    }
    capo_defer_cancel(undo, level);
    transaction->level = NULL;
    give_back(transaction->connection);
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
    Transaction *transaction = innermost_transaction();
    if (!transaction) {
        function(argument);
        return;
    }
    Callback *callback = capo_alloc_struct(Callback);
    *callback = (Callback){ .function = function, .argument = argument };
    add_callbacks(transaction->level, &(Level){ .first = callback, .last = callback });
}

/* --- by hand ------------------------------------------------------------------------------------------------------------------ */

static int64_t last_savepoint;

int64_t capo_savepoint(void)
{
    Transaction *transaction = innermost_transaction();
    DatabaseFailure failure;
    ResultSet ignored = { 0 };
    if (!transaction)
        return 0;
    WITH_DATABASE(capo_several_databases ? (Database *)transaction->database : NULL);
    Connection *connection = capo_transaction_connection();             /* raises where it is broken */
    Level *level = transaction->level;
    Savepoint *made = capo_alloc_struct(Savepoint);
    *made = (Savepoint){ ++last_savepoint, level->last, capo_database_last_cursor(), level->savepoints };
    if (!capo_connection_run(connection, capo_format("SAVEPOINT capo_by_hand_%lld", (long long)made->number), NULL, 0, &ignored, &failure)) {
        level->broken = true;
        capo_raise_failure(&failure);
    }
    level->savepoints = made;
    return made->number;
}

/* In the innermost level; those that were made behind it are over. */
static Savepoint *savepoint_numbered(Level *level, int64_t number)
{
    Savepoint *at = level->savepoints;
    while (at && at->number != number)
        at = at->before;
    if (!at)
        capo_bug("savepoint %lld is not of the transaction begun last: it ended with the one that it was made in, or another was begun since.", (long long)number);
    level->savepoints = at;
    return at;
}

static void end_savepoint(Level *level, const char *words, int64_t number)
{
    DatabaseFailure failure;
    ResultSet ignored = { 0 };
    if (level->gone || is_lost(level->transaction->connection))
        capo_raise(ERROR_TRANSACTION, "The database has ended this transaction: there is no savepoint in it any more. Roll it back.");
    if (capo_connection_run(level->transaction->connection, capo_format("%s SAVEPOINT capo_by_hand_%lld", words, (long long)number), NULL, 0, &ignored, &failure))
        return;
    level->broken = true;
    capo_raise_failure(&failure);
}

void capo_savepoint_commit(int64_t number)
{
    if (!number)
        return;
    Level *level = innermost("capo_savepoint_commit");
    Savepoint *savepoint = savepoint_numbered(level, number);
    if (level->broken)
        capo_raise(ERROR_TRANSACTION, "A statement failed since this savepoint: what came since cannot be kept. Roll back to it.");
    level->savepoints = savepoint->before;
    end_savepoint(level, "RELEASE", number);
}

void capo_savepoint_rollback(int64_t number)
{
    if (!number)
        return;
    Level *level = innermost("capo_savepoint_rollback");
    const Savepoint *savepoint = savepoint_numbered(level, number);
    capo_database_end_cursors(level->transaction->connection, savepoint->cursors);
    end_savepoint(level, "ROLLBACK TO", number);
    level->broken = false;
    level->last = savepoint->last;
    if (level->last)
        level->last->next = NULL;
    else
        level->first = NULL;
}

static Level *flagged(void)
{
    Transaction *transaction = innermost_transaction();
    if (!transaction)
        capo_raise(ERROR_TRANSACTION, "No transaction is open: there is none to be rolled back.");
    return transaction->level;
}

bool capo_get_rollback(void)
{
    const Level *level = flagged();
    return level->broken || level->doomed;
}

void capo_set_rollback(bool rollback)
{
    Level *level = flagged();
    if (!rollback && level->broken)
        capo_raise(ERROR_TRANSACTION, "A statement failed in this transaction: only a savepoint made before it leads back (capo_savepoint_rollback).");
    level->doomed = rollback;
}

/* --- one connection for all ------------------------------------------------------------------------------------------------- */

static void end_keeping(void *unused)
{
    Connection *connection = kept.connection;
    (void)unused;
    kept.connection = NULL;
    /* What was set in its session, and the locks that it holds, end with it. */
    connection->lost = true;
    capo_database_return(connection);
}

void capo_database_keep(void)
{
    if (kept.connection || open_transaction())
        capo_bug("capo_database_keep() inside a transaction, or twice in a process.");
    kept.unit = capo_unit;
    kept.database = database_current();
    kept.connection = capo_database_lend_writer();
    capo_defer(end_keeping, NULL);
}

void capo_database_keep_no_more(void)
{
    if (!kept.connection)
        return;
    capo_defer_cancel(end_keeping, NULL);
    end_keeping(NULL);
}
