/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes out of a statement of SQLite: cells as Values, or the members of instances at once (rows.h). Nothing here raises. */
#include "sqlite.h"
#include "../rows.h"
#include <string.h>

/* --- cells --- */

static Value value_of(sqlite3_value *value, Arena *arena)
{
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        return capo_value_int(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
        return capo_value_real(sqlite3_value_double(value));
    case SQLITE_TEXT: {
        const char *text = (const char *)sqlite3_value_text(value);
        size_t size = (size_t)sqlite3_value_bytes(value);
        return capo_value_text_n(arena_strndup(arena, text, size), size);
    }
    case SQLITE_BLOB: {
        size_t size = (size_t)sqlite3_value_bytes(value);
        const void *bytes = sqlite3_value_blob(value);
        return capo_value_bytes(size ? capo_memdup(bytes, size) : "", size);
    }
    default:
        return capo_value_null();
    }
}

/* --- rows as instances --- */

/* A text that is not the arena's yet: those of a row are copied together. */
typedef struct Text { const char **member, *text; size_t size; } Text;
typedef struct RowReading { sqlite3_stmt *statement; RowSink *sink; Text *texts, *next; size_t size; } RowReading;     /* size: of the row's texts */

/* False: the cell is not plainly of the member's kind. */
static inline bool store(RowReading *reading, const RowColumn *column, char *base, sqlite3_value *value, int type)
{
    char *at = base + column->value;
    int64_t number;
    switch (column->store - 1) {
    case STORAGE_INT:
        if (type != SQLITE_INTEGER)
            return false;
        *(int64_t *)(void *)at = sqlite3_value_int64(value);
        break;
    case STORAGE_TEXT:
        if (type != SQLITE_TEXT)
            return false;
        reading->next->member = (const char **)(void *)at;
        reading->next->text = (const char *)sqlite3_value_text(value);
        reading->next->size = (size_t)sqlite3_value_bytes(value);
        reading->size += reading->next++->size + 1;
        break;
    case STORAGE_DATETIME:
        if (type != SQLITE_TEXT || !capo_read_column_datetime((const char *)sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value), &number))
            return false;
        *(DateTime *)(void *)at = (DateTime){ number };
        break;
    case STORAGE_DATE:
        if (type != SQLITE_TEXT || !capo_read_column_date((const char *)sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value), &number))
            return false;
        *(Date *)(void *)at = (Date){ (int32_t)number };
        break;
    case STORAGE_REAL:
        if (type != SQLITE_FLOAT)
            return false;
        *(double *)(void *)at = sqlite3_value_double(value);
        break;
    case STORAGE_BOOL:
        number = type == SQLITE_INTEGER ? sqlite3_value_int64(value) : -1;
        if (number != 0 && number != 1)
            return false;
        *(bool *)at = number;
        break;
    case STORAGE_DURATION:
        if (type != SQLITE_INTEGER)
            return false;
        *(Duration *)(void *)at = (Duration){ sqlite3_value_int64(value) };
        break;
    default:
        return false;
    }
    if (column->present >= 0)
        *(bool *)(base + column->present) = true;
    return true;
}

static void copy_texts(const RowReading *reading)
{
    char *to = reading->size ? arena_take(reading->sink->arena, reading->size) : NULL;
    for (const Text *text = reading->texts; text < reading->next; text++) {
        *text->member = memcpy(to, text->text, text->size);
        to[text->size] = '\0';
        to += text->size + 1;
    }
}

static bool is_missing(const RowReading *reading, const RowPlan *plan)
{
    for (size_t i = 0; i < plan->n_columns; i++)
        if (plan->columns[i].key && sqlite3_column_type(reading->statement, (int)(plan->first + i)) == SQLITE_NULL)
            return true;
    return false;
}

/* NULL: the join found no row. */
static Instance *read_instance(RowReading *reading, const RowPlan *plan)
{
    if (plan->relation && is_missing(reading, plan))
        return NULL;
    Instance *self = row_new(reading->sink, plan);
    int at = (int)plan->first;
    reading->next = reading->texts;
    reading->size = 0;
    for (const RowColumn *column = plan->columns, *end = column + plan->n_columns; column < end; column++) {
        sqlite3_value *value = sqlite3_column_value(reading->statement, at++);      /* one call that looks after the statement, not three */
        int type = sqlite3_value_type(value);
        if (type != SQLITE_NULL && !store(reading, column, (char *)self, value, type))
            row_late(reading->sink, self, column->field, value_of(value, reading->sink->arena));
    }
    copy_texts(reading);
    row_done(plan, self);
    for (size_t i = 0; i < plan->n_children; i++)
        row_link(self, plan->children[i], read_instance(reading, plan->children[i]));
    return self;
}

static size_t widest(const RowPlan *plan)
{
    size_t most = plan->n_columns;
    for (size_t i = 0; i < plan->n_children; i++) {
        size_t below = widest(plan->children[i]);
        most = below > most ? below : most;
    }
    return most;
}

/* --- both ways --- */

/* Steps to the end, or max_rows rows. SQLITE_DONE, SQLITE_ROW where there are more, or what went wrong. */
int capo_sqlite_collect(sqlite3_stmt *statement, size_t max_rows, ResultSet *ret)
{
    size_t room = 0, n = statement ? (size_t)sqlite3_column_count(statement) : 0;
    Arena *arena = capo_arena();
    RowReading reading = { .statement = statement, .sink = ret->into };
    ret->n_columns = n;
    if (ret->into) {
        row_sink_empty(ret->into);
        reading.texts = capo_alloc_array(widest(ret->into->plan), sizeof *reading.texts);
    }
    while (statement) {
        if (max_rows && ret->n_rows == max_rows)
            return SQLITE_ROW;
        int result = sqlite3_step(statement);
        if (!ret->n_rows)                   /* the first step may have prepared it anew, for other tables */
            ret->n_columns = n = (size_t)sqlite3_column_count(statement);
        if (result != SQLITE_ROW)
            return result;
        if (ret->into) {
            row_add(ret->into, read_instance(&reading, ret->into->plan));
            ret->n_rows++;
            continue;
        }
        if (ret->n_rows == room) {
            size_t more = room ? 2 * room : 4;
            ret->cells = capo_realloc(ret->cells, room * n * sizeof(Value), more * n * sizeof(Value));
            room = more;
        }
        Value *row = ret->cells + ret->n_rows++ * n;
        for (size_t i = 0; i < n; i++)
            row[i] = value_of(sqlite3_column_value(statement, (int)i), arena);
    }
    return SQLITE_DONE;
}
