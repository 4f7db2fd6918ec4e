/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of PostgreSQL, inside.
 *
 *     postgresql.c            connecting, errors in sentences, statements, cursors
 *     postgresql_flight.c     statements on their way: sent in a pipeline, answered in order, each with a Sync of its own or as if it had one
 *     postgresql_values.c     parameters and cells
 *
 * Each connection is in libpq's pipeline mode from its start, also those that serve one fiber. What comes in is read by an event of the
 * loop, where nothing can raise and there is no arena: it puts libpq's results into their Flight and wakes the fiber. A fiber that
 * was woken looks at its Flight alone, since its shared connection may be gone by then. */
#pragma once
#include "../internal.h"
#include "../pool.h"
#include <libpq-fe.h>

/* A statement that the connection has prepared, or is about to. */
typedef struct PgStatement {
    char *sql; size_t size;
    Oid *types; size_t n_types;             /* of the parameters: others make another statement of the same text */
    uint64_t hash, used;                    /* `used`: a clock, for the least recently used */
    char name[24];
    bool sent;                              /* the server was asked to prepare it, and has not refused */
    bool binary;                            /* all columns of its result can be read as binary */
    bool known;                             /* it was answered since it was prepared */
    unsigned alone;                         /* how many times more it takes no company: a group of it failed, or was slow */
    size_t in_flight;
} PgStatement;

enum { PG_SETS = 64, PG_WAYS = 4 };         /* 256 statements a connection; where four meet, the one not used for longest goes */

/* One statement of a flight. */
typedef struct PgPart {
    PgStatement *statement;                 /* NULL: not kept */
    PGresult *result;                       /* what it ended with; the fiber's once the flight is done */
    bool preparing, refused;                /* its Parse is not answered yet; was answered with an error */
} PgPart;

typedef struct Flight {
    struct Flight *next;
    struct PgConnection *connection;        /* while it is not done */
    struct Fiber *fiber;                    /* that waits; NULL: none */
    /* What is to be sent: the waiting fiber's. */
    const Statement *statements; const struct PgParameters *parameters; bool binary;
    bool reads;                             /* the rows of a SELECT that the ORM made: it may travel in a group */
    bool sent;                              /* some of it at least */
    bool in_group, open;                    /* others end with the same Sync; it is not the one that the Sync is right behind */
    bool failed;                            /* by an error of its own, not of the group it was in */
    bool done, abandoned;                   /* `abandoned`: freed when it is done */
    bool lost, answered;                    /* the connection broke; something had come before */
    bool forgets;                           /* what was prepared may be stale after it: DDL, or a plan that was */
    bool own;                               /* the driver's: nobody's statement, not counted in Connection.in_flight */
    char *problem;                          /* what libpq said of the broken connection */
    size_t n, at;
    PgPart parts[];
} Flight;

typedef struct PgConnection {
    Connection head;
    PGconn *pg;
    const DatabaseAddress *address;
    struct event *read_event, *write_event, *turn_event;
    Flight *first, *last;                   /* in the order in which they are sent and answered */
    Flight *last_sent, *unsent;             /* NULL: none of them is */
    Flight *answering;                      /* whose answer comes next, in a group; NULL: the first's */
    bool uncorkable;                        /* no TCP */
    PgStatement *statements[PG_SETS][PG_WAYS];
    uint64_t clock, names;
    bool in_transaction;                    /* as of the last answer */
    unsigned cursors;
} PgConnection;

/* What is sent for a statement, in the arena. */
typedef struct PgParameters {
    size_t count;
    const char **values; int *lengths, *formats; Oid *types;
} PgParameters;

/* postgresql_values.c. False: *failure says why. */
bool pg_encode(const Value *parameters, size_t count, PgParameters *ret, DatabaseFailure *failure);
/* postgresql_arrays.c: of a list whose tag is the OID of an array's type. False: it is none, or of 2 GiB and more. */
bool pg_encode_array(Value value, const char **ret, int *ret_size, int *ret_format);
/* Takes the result over. */
void pg_decode(PGresult *result, ResultSet *ret);
/* Whether all columns have a type that is read from binary. */
bool pg_is_binary(const PGresult *result);

/* postgresql_flight.c. The statements go off as one flight: at once, or on a shared connection that waits for answers with those of
 * other fibers, when the loop has run all that are ready. They and their parameters stay where they are until pg_wait is over. NULL: nothing will be
 * sent, since the connection is gone. `binary`: the result's format of those that are not kept. `reads`: it is one SELECT, which writes
 * nothing and locks no rows: should its transaction turn out to have been rolled back, it may run again. */
Flight *pg_send(PgConnection *connection, const Statement *statements, const PgParameters *parameters, size_t count, bool binary, bool reads);
/* Waits until it is answered. Raises where the fiber is cancelled; the flight is then nobody's. */
void pg_wait(PgConnection *connection, Flight *flight);
void pg_flight_free(Flight *flight);
/* Watches the connection from now on; false: no memory. */
bool pg_watch(PgConnection *connection);
/* Ends what is on its way, forgets the statements. */
void pg_unwatch(PgConnection *connection);
