/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows straight into instances: no Value stands between a cell and its member.
 *
 * A RowPlan says for each column of a SELECT which member of which struct it becomes. The query side makes one (row_plan), hands a RowSink to
 * capo_database_run_into(), and the backend, row by row, calls row_new, writes what the plan's columns say, row_late for every cell that is
 * not plainly of its member's kind, row_done, and row_add. None of these raises. Behind the statement rows_of_sink() converts the late cells as
 * capo_instance_load() does; it may raise. What comes out is the same as by ResultSet and capo_instance_load().
 *
 * A row is one piece of the arena for its struct, its state and the copy of what was loaded, and one for all of its texts. */
#pragma once
#include "instance.h"
#include "query.h"

/* store: 1 + the Storage of a cell that the backend may write at `value` as it is; 0: always late. A NULL leaves the zeros that are there. */
typedef struct RowColumn {
    const Field *field;
    uint8_t store;
    bool key;                               /* NULL here: there is no object, an outer join found none */
    int value, present;                     /* offsets in the struct; present < 0: none */
} RowColumn;

typedef struct RowPlan {
    Model *model;
    size_t first, n_columns;                /* of the SELECT's columns, in their order */
    RowColumn *columns;
    size_t struct_size, size;               /* of the struct; of all that is taken for a row */
    uint64_t *deferred; size_t n_deferred;  /* words; 0: all columns are there */
    const Field *relation; bool reverse;    /* how it hangs on the one above; NULL for the row itself */
    int object;                             /* where the member for the object is in the struct that has the key; < 0: none */
    size_t n_caches;
    struct RowPlan **children; size_t n_children;
} RowPlan;

typedef struct LateCell { Instance *of; const Field *field; Value raw; } LateCell;

typedef struct RowSink {
    const RowPlan *plan;
    Arena *arena;
    const char *database;                   /* where the rows come from */
    Instance **rows; size_t count, room;
    LateCell *late; size_t n_late, late_room;
} RowSink;

/* The plan of what a SELECT loads, in the arena; NULL: rows of these models are made one by one from their cells. `spare`: relations that will be
 * known of each row besides those loaded with it, whose caches are taken with the row. */
RowPlan *row_plan(const RelatedLoad *load, size_t spare, Arena *arena);
/* The same, of a statement, where nothing else stands in its rows and nobody listens to instances that are made. */
const RowPlan *row_plan_of(Compiled *compiled, const Query *query);
void row_sink_init(RowSink *sink, const RowPlan *plan);
/* From the start, when the statement is run again. */
void row_sink_empty(RowSink *sink);

/* An instance with its state, its columns zero and not yet copied. */
Instance *row_new(RowSink *sink, const RowPlan *plan);
void row_late(RowSink *sink, Instance *self, const Field *field, Value raw);
/* All cells of this instance are written, but those that are late. */
void row_done(const RowPlan *plan, Instance *self);
/* `other`: of the plan's child; NULL: there is none. */
void row_link(Instance *self, const RowPlan *child, Instance *other);
void row_add(RowSink *sink, Instance *self);

/* All rows, the last followed by NULL. One without a key is NULL, which the caller refuses. */
Instance **rows_of_sink(RowSink *sink);
