/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of PostgreSQL straight into instances (rows.h), where the cells are binary. Nothing here raises. */
#include "postgresql.h"
#include "../rows.h"
#include <endian.h>
#include <string.h>

/* How a cell becomes its member, by the member's kind and the column's type: both are the same for all rows of a result. */
typedef enum Reader { READ_LATE, READ_INT2, READ_INT4, READ_INT8, READ_TEXT, READ_REAL, READ_BOOL, READ_DATE, READ_MOMENT } Reader;

typedef struct RowReading { const PGresult *result; RowSink *sink; uint8_t *readers; bool copy; } RowReading;

static Reader reader_of(int store, Oid type)
{
    static const struct { uint8_t store; Oid type; Reader reader; } rows[] = {
        { STORAGE_INT, OID_INT8, READ_INT8 }, { STORAGE_INT, OID_INT4, READ_INT4 }, { STORAGE_INT, OID_INT2, READ_INT2 }, { STORAGE_TEXT, OID_VARCHAR, READ_TEXT },
        { STORAGE_TEXT, OID_TEXT, READ_TEXT }, { STORAGE_BOOL, OID_BOOL, READ_BOOL }, { STORAGE_DATETIME, OID_TIMESTAMPTZ, READ_MOMENT },
        { STORAGE_DATE, OID_DATE, READ_DATE }, { STORAGE_REAL, OID_FLOAT8, READ_REAL }, { STORAGE_TEXT, OID_BPCHAR, READ_TEXT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].store + 1 == store && rows[i].type == type)
            return rows[i].reader;
    return READ_LATE;
}

static uint16_t two(const char *bytes) { uint16_t n; memcpy(&n, bytes, 2); return be16toh(n); }
static uint32_t four(const char *bytes) { uint32_t n; memcpy(&n, bytes, 4); return be32toh(n); }
static uint64_t eight(const char *bytes) { uint64_t n; memcpy(&n, bytes, 8); return be64toh(n); }

/* False: it is not plainly of the member's kind. */
static inline bool store(const RowReading *reading, Reader reader, char *at, const char *bytes, int length)
{
    uint64_t bits;
    switch (reader) {
    case READ_INT2:
        *(int64_t *)(void *)at = (int16_t)two(bytes);
        return true;
    case READ_INT4:
        *(int64_t *)(void *)at = (int32_t)four(bytes);
        return true;
    case READ_INT8:
        *(int64_t *)(void *)at = (int64_t)eight(bytes);
        return true;
    case READ_TEXT:
        *(const char **)(void *)at = reading->copy ? arena_strndup(reading->sink->arena, bytes, (size_t)length) : bytes;
        return true;
    case READ_REAL:
        bits = eight(bytes);
        memcpy(at, &bits, 8);
        return true;
    case READ_BOOL:
        *(bool *)at = *bytes != 0;
        return true;
    case READ_DATE:
        if ((int32_t)four(bytes) == INT32_MAX || (int32_t)four(bytes) == INT32_MIN)         /* infinite */
            return false;
        *(Date *)(void *)at = (Date){ (int32_t)four(bytes) + EPOCH_DAYS };
        return true;
    case READ_MOMENT:
        if ((int64_t)eight(bytes) == INT64_MAX || (int64_t)eight(bytes) == INT64_MIN)
            return false;
        *(DateTime *)(void *)at = (DateTime){ (int64_t)eight(bytes) + EPOCH_US };
        return true;
    default:
        return false;
    }
}

static bool is_missing(const RowReading *reading, int row, const RowPlan *plan)
{
    for (size_t i = 0; i < plan->n_columns; i++)
        if (plan->columns[i].key && PQgetisnull(reading->result, row, (int)(plan->first + i)))
            return true;
    return false;
}

/* NULL: the join found no row. */
static Instance *read_instance(const RowReading *reading, int row, const RowPlan *plan)
{
    if (plan->relation && is_missing(reading, row, plan))
        return NULL;
    Instance *self = row_new(reading->sink, plan);
    int at = (int)plan->first;
    for (const RowColumn *column = plan->columns, *end = column + plan->n_columns; column < end; column++, at++) {
        int length = PQgetlength(reading->result, row, at);
        if (!length && PQgetisnull(reading->result, row, at))
            continue;
        if (!store(reading, (Reader)reading->readers[at], (char *)self + column->value, PQgetvalue(reading->result, row, at), length))
            row_late(reading->sink, self, column->field, pg_cell(reading->result, row, at, reading->copy));
        else if (column->present >= 0)
            *(bool *)((char *)self + column->present) = true;
    }
    row_done(plan, self);
    for (size_t i = 0; i < plan->n_children; i++)
        row_link(self, plan->children[i], read_instance(reading, row, plan->children[i]));
    return self;
}

static void choose_readers(RowReading *reading, const RowPlan *plan)
{
    for (size_t i = 0; i < plan->n_columns; i++) {
        size_t at = plan->first + i;
        reading->readers[at] = (uint8_t)reader_of(plan->columns[i].store, PQftype(reading->result, (int)at));
    }
    for (size_t i = 0; i < plan->n_children; i++)
        choose_readers(reading, plan->children[i]);
}

bool pg_instances(PGresult *result, struct RowSink *into, ResultSet *ret)
{
    int n_rows = PQntuples(result), n_columns = PQnfields(result);
    for (int column = 0; column < n_columns; column++)
        if (PQfformat(result, column) != 1)
            return false;
    *ret = (ResultSet){ .n_rows = (size_t)n_rows, .n_columns = (size_t)n_columns, .into = into };
    RowReading reading = { .result = result, .sink = into, .readers = capo_alloc_array((size_t)n_columns + 1, sizeof(uint8_t)), .copy = !pg_keep(result) };
    row_sink_empty(into);
    choose_readers(&reading, into->plan);
    for (int row = 0; row < n_rows; row++)
        row_add(into, read_instance(&reading, row, into->plan));
    if (reading.copy)
        PQclear(result);
    return true;
}
