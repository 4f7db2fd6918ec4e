/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters and cells of MariaDB and MySQL. Datetimes are UTC, durations bigints of microseconds, as Django stores them there. */
#include "mysql.h"
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

enum { BINARY_CHARSET = 63 };               /* of columns that hold bytes */

/* Without hyphens, which a column of the type uuid takes as well as one of char(32): that is what Django before 5 made, and MySQL has. */
static const char *uuid_digits(const Uuid *uuid)
{
    char *text = capo_alloc(33);
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", uuid->bytes[i]);
    return text;
}

/* --- parameters --- */

static void bind_memory(MYSQL_BIND *ret, enum enum_field_types type, const void *bytes, size_t size)
{
    ret->buffer_type = type;
    ret->buffer = (void *)bytes;
    ret->buffer_length = ret->length_value = size;
    ret->length = &ret->length_value;
}

static void bind_time(MYSQL_BIND *ret, enum enum_field_types type, MYSQL_TIME time)
{
    bind_memory(ret, type, capo_memdup(&time, sizeof time), sizeof time);
    time.time_type = type == MYSQL_TYPE_DATE ? MYSQL_TIMESTAMP_DATE : type == MYSQL_TYPE_TIME ? MYSQL_TIMESTAMP_TIME : MYSQL_TIMESTAMP_DATETIME;
    memcpy(ret->buffer, &time, sizeof time);
}

static MYSQL_TIME clock_of(int64_t microseconds)
{
    int64_t seconds = microseconds / 1000000;
    return (MYSQL_TIME){ .hour = (unsigned)(seconds / 3600), .minute = (unsigned)(seconds / 60 % 60), .second = (unsigned)(seconds % 60),
                         .second_part = (unsigned long)(microseconds % 1000000) };
}

static MYSQL_TIME day_of(int64_t days, MYSQL_TIME time)
{
    int year, month, day;
    capo_date_parts((Date){ (int32_t)days }, &year, &month, &day);
    time.year = (unsigned)year;
    time.month = (unsigned)month;
    time.day = (unsigned)day;
    return time;
}

static int64_t floor_days(int64_t microseconds) { return microseconds >= 0 ? microseconds / DAY_US : -((DAY_US - 1 - microseconds) / DAY_US); }

bool mysql_bind(Value value, MYSQL_BIND *ret, DatabaseFailure *failure)
{
    memset(ret, 0, sizeof *ret);
    switch (value.kind) {
    case VALUE_NULL:
        ret->buffer_type = MYSQL_TYPE_NULL;
        return true;
    case VALUE_BOOL: case VALUE_INT: case VALUE_DURATION: {
        long long number = value.kind == VALUE_BOOL ? value.boolean : value.kind == VALUE_INT ? value.integer : value.duration.microseconds;
        bind_memory(ret, MYSQL_TYPE_LONGLONG, capo_memdup(&number, sizeof number), sizeof number);
        return true;
    }
    case VALUE_REAL:
        bind_memory(ret, MYSQL_TYPE_DOUBLE, capo_memdup(&value.real, sizeof value.real), sizeof value.real);
        return true;
    case VALUE_DECIMAL: {
        const char *text = value.decimal.text ? value.decimal.text : "0";
        bind_memory(ret, MYSQL_TYPE_NEWDECIMAL, text, strlen(text));
        return true;
    }
    case VALUE_BYTES:
        bind_memory(ret, MYSQL_TYPE_BLOB, value.size ? (const void *)value.bytes : "", value.size);
        return true;
    case VALUE_DATE:
        bind_time(ret, MYSQL_TYPE_DATE, day_of(value.date.days, (MYSQL_TIME){ 0 }));
        return true;
    case VALUE_TIME:
        bind_time(ret, MYSQL_TYPE_TIME, clock_of(value.time.microseconds));
        return true;
    case VALUE_DATETIME: {
        int64_t days = floor_days(value.datetime.microseconds);
        bind_time(ret, MYSQL_TYPE_DATETIME, day_of(days, clock_of(value.datetime.microseconds - days * DAY_US)));
        return true;
    }
    default: {
        const char *text = capo_is_text(value) ? value.text ? value.text : "" : value.kind == VALUE_UUID ? uuid_digits(value.uuid)
                         : value.kind == VALUE_LIST || value.kind == VALUE_MAP ? capo_json_text(value, 0) : capo_to_text(value);
        size_t size = capo_is_text(value) ? value.size : strlen(text);
        if (size > UINT32_MAX / 2) {
            *failure = (DatabaseFailure){ .code = ERROR_DATA, .unsent = true, .message = "A text of 2 GiB or more is no parameter." };
            return false;
        }
        bind_memory(ret, MYSQL_TYPE_STRING, text, size);
        return true;
    }
    }
}

/* --- cells --- */

static bool is_bytes(const MYSQL_FIELD *field)
{
    return field->charsetnr == BINARY_CHARSET && (field->type == MYSQL_TYPE_BLOB || field->type == MYSQL_TYPE_TINY_BLOB || field->type == MYSQL_TYPE_MEDIUM_BLOB
        || field->type == MYSQL_TYPE_LONG_BLOB || field->type == MYSQL_TYPE_STRING || field->type == MYSQL_TYPE_VAR_STRING || field->type == MYSQL_TYPE_VARCHAR);
}

void mysql_columns(MYSQL_RES *metadata, MysqlColumns *ret)
{
    *ret = (MysqlColumns){ .count = (int)mysql_num_fields(metadata), .fields = mysql_fetch_fields(metadata) };
    ret->binds = capo_alloc_array((size_t)ret->count, sizeof *ret->binds);
    ret->cells = capo_alloc_array((size_t)ret->count, sizeof *ret->cells);
    for (int i = 0; i < ret->count; i++) {
        MYSQL_BIND *bind = &ret->binds[i];
        struct MysqlCell *cell = &ret->cells[i];
        bind->length = &cell->length;
        bind->is_null = &cell->is_null;
        bind->error = &cell->error;
        switch (ret->fields[i].type) {
        case MYSQL_TYPE_TINY: case MYSQL_TYPE_SHORT: case MYSQL_TYPE_LONG: case MYSQL_TYPE_INT24: case MYSQL_TYPE_LONGLONG: case MYSQL_TYPE_YEAR:
            bind->buffer_type = MYSQL_TYPE_LONGLONG;
            bind->is_unsigned = (ret->fields[i].flags & UNSIGNED_FLAG) != 0;
            break;
        case MYSQL_TYPE_DOUBLE:
            bind->buffer_type = MYSQL_TYPE_DOUBLE;
            break;
        case MYSQL_TYPE_DATE: case MYSQL_TYPE_NEWDATE: case MYSQL_TYPE_TIME: case MYSQL_TYPE_DATETIME: case MYSQL_TYPE_TIMESTAMP:
            bind->buffer_type = ret->fields[i].type == MYSQL_TYPE_NEWDATE ? MYSQL_TYPE_DATE : ret->fields[i].type;
            break;
        default:                            /* its length first; mysql_read_row() fetches it where it has room */
            bind->buffer_type = is_bytes(&ret->fields[i]) || ret->fields[i].type == MYSQL_TYPE_BIT ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
            continue;
        }
        bind->buffer = &cell->to;
        bind->buffer_length = sizeof cell->to;
    }
}

static Value of_time(enum enum_field_types type, const MYSQL_TIME *time)
{
    int64_t clock = ((time->hour * INT64_C(60) + time->minute) * 60 + time->second) * 1000000 + (int64_t)time->second_part;
    if (type == MYSQL_TYPE_TIME) {
        clock += time->day * DAY_US;
        return time->neg || clock >= DAY_US ? capo_value_duration((Duration){ time->neg ? -clock : clock }) : capo_value_time((Time){ clock });
    }
    if (!time->month || !time->day)         /* 0000-00-00: no date */
        return capo_value_null();
    int64_t days = capo_days_of((int)time->year, (int)time->month, (int)time->day);
    return type == MYSQL_TYPE_DATE || type == MYSQL_TYPE_NEWDATE ? capo_value_date((Date){ (int32_t)days }) : capo_value_datetime((DateTime){ days * DAY_US + clock });
}

/* Takes the text over; it has a NUL behind it. */
static Value of_text(const MYSQL_FIELD *field, char *text, unsigned long size)
{
    switch (field->type) {
    case MYSQL_TYPE_DECIMAL: case MYSQL_TYPE_NEWDECIMAL:
        return capo_value_decimal((Decimal){ text });
    case MYSQL_TYPE_FLOAT: case MYSQL_TYPE_DOUBLE:
        return capo_value_real(strtod(text, NULL));
    case MYSQL_TYPE_BIT: {
        uint64_t bits = 0;
        for (unsigned long i = 0; i < size; i++)
            bits = bits << 8 | (uint8_t)text[i];
        return capo_value_uint(bits);
    }
    default:
        return is_bytes(field) ? capo_value_bytes(text, size) : capo_value_text_n(text, size);
    }
}

void mysql_read_row(MYSQL_STMT *statement, const MysqlColumns *columns, Value *ret)
{
    for (int i = 0; i < columns->count; i++) {
        const MYSQL_BIND *bind = &columns->binds[i];
        const struct MysqlCell *cell = &columns->cells[i];
        if (cell->is_null) {
            ret[i] = capo_value_null();
            continue;
        }
        switch (bind->buffer_type) {
        case MYSQL_TYPE_LONGLONG:
            ret[i] = bind->is_unsigned ? capo_value_uint((unsigned long long)cell->to.integer) : capo_value_int(cell->to.integer);
            break;
        case MYSQL_TYPE_DOUBLE:
            ret[i] = capo_value_real(cell->to.real);
            break;
        case MYSQL_TYPE_STRING: case MYSQL_TYPE_BLOB: {
            char *text = capo_alloc(cell->length + 1);
            unsigned long length = cell->length;
            my_bool is_null = 0, error = 0;
            MYSQL_BIND whole = { .buffer_type = bind->buffer_type, .buffer = text, .buffer_length = cell->length, .length = &length, .is_null = &is_null, .error = &error };
            if (cell->length)
                mysql_stmt_fetch_column(statement, &whole, (unsigned)i, 0);
            ret[i] = of_text(&columns->fields[i], text, cell->length);
            break;
        }
        default:
            ret[i] = of_time(bind->buffer_type, &cell->to.time);
        }
    }
}

Value mysql_read_text(const MYSQL_FIELD *field, const char *text, unsigned long size)
{
    int64_t microseconds;
    if (!text)
        return capo_value_null();
    switch (field->type) {
    case MYSQL_TYPE_TINY: case MYSQL_TYPE_SHORT: case MYSQL_TYPE_LONG: case MYSQL_TYPE_INT24: case MYSQL_TYPE_LONGLONG: case MYSQL_TYPE_YEAR:
        return field->flags & UNSIGNED_FLAG ? capo_value_uint(strtoull(text, NULL, 10)) : capo_value_int(strtoll(text, NULL, 10));
    case MYSQL_TYPE_DATE: case MYSQL_TYPE_NEWDATE:
        return capo_read_column_datetime(text, size, &microseconds) ? capo_value_date((Date){ (int32_t)floor_days(microseconds) }) : capo_value_null();
    case MYSQL_TYPE_DATETIME: case MYSQL_TYPE_TIMESTAMP:
        return capo_read_column_datetime(text, size, &microseconds) ? capo_value_datetime((DateTime){ microseconds }) : capo_value_null();
    case MYSQL_TYPE_TIME:
        return capo_read_column_time(text, size, &microseconds) ? capo_value_time((Time){ microseconds }) : capo_value_copy_n(text, size);
    default:
        return of_text(field, capo_strndup(text, size), size);
    }
}
