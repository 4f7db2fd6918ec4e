/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of PostgreSQL, inside.
 *
 *     postgresql.c            connecting, errors in sentences, statements, cursors
 *     postgresql_flight.c     statements on their way: sent in a pipeline, answered in order, each with a Sync of its own or as if it had one
 *     postgresql_values.c     parameters and cells
 *     postgresql_instances.c  rows that become instances at once
 *
 * Each connection is in libpq's pipeline mode from its start, also those that serve one fiber. What comes in is read by an event of the
 * loop, where nothing can raise and there is no arena: it puts libpq's results into their Flight and wakes the fiber. A fiber that
 * was woken looks at its Flight alone, since its shared connection may be gone by then. */
#pragma once
#include "../internal.h"
#include "../pool.h"
#include <libpq-fe.h>

/* pg_type.dat of PostgreSQL: OIDs that never change. */
enum {
    OID_BOOL = 16, OID_BYTEA = 17, OID_CHAR = 18, OID_NAME = 19, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_OID = 26,
    OID_JSON = 114, OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_UNKNOWN = 705, OID_BPCHAR = 1042, OID_VARCHAR = 1043, OID_DATE = 1082, OID_TIME = 1083,
    OID_TIMESTAMP = 1114, OID_TIMESTAMPTZ = 1184, OID_INTERVAL = 1186, OID_NUMERIC = 1700, OID_UUID = 2950, OID_JSONB = 3802, OID_VOID = 2278,
};
#define DAY_US INT64_C(86400000000)
#define EPOCH_DAYS 10957                    /* from 1970 to 2000, where PostgreSQL's time begins */
#define EPOCH_US (EPOCH_DAYS * DAY_US)

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
/* Whether the result lives as long as the arena, and what points into it; else the caller copies what is wanted and clears it. */
bool pg_keep(PGresult *result);
Value pg_cell(const PGresult *result, int row, int column, bool copy);
/* postgresql_instances.c: the rows as instances. Takes the result over; false: it has not, since its cells are texts. */
bool pg_instances(PGresult *result, struct RowSink *into, ResultSet *ret);
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
