/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters and cells. A parameter has the type of its kind, or the one that its `tag` names (an OID; 705, unknown, leaves it to
 * the statement). Numbers, dates and bytes go as binary, the rest as text. Cells come as text at the first execution of a statement
 * and as binary afterwards, where all columns have types that are known here: both must give the same Values. */
#include "postgresql.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- parameters --- */

static bool fail(DatabaseFailure *failure, int code, const char *message)
{
    *failure = (DatabaseFailure){ .code = code, .unsent = true, .message = message };
    return false;
}

static char *big_endian(uint64_t number, int bytes)
{
    char *out = capo_alloc((size_t)bytes);
    for (int i = bytes; i-- > 0; number >>= 8)
        out[i] = (char)number;
    return out;
}

static Oid natural_type(Value value)
{
    switch (value.kind) {
    case VALUE_NULL:
        return 0;
    case VALUE_BOOL:
        return OID_BOOL;
    case VALUE_INT:
        return value.integer == (int32_t)value.integer ? OID_INT4 : OID_INT8;
    case VALUE_REAL:
        return OID_FLOAT8;
    case VALUE_DECIMAL:
        return OID_NUMERIC;
    case VALUE_BYTES:
        return OID_BYTEA;
    case VALUE_DATE:
        return OID_DATE;
    case VALUE_TIME:
        return OID_TIME;
    case VALUE_DATETIME:
        return value.flags & VALUE_FLAG_NAIVE ? OID_TIMESTAMP : OID_TIMESTAMPTZ;
    case VALUE_DURATION:
        return OID_INTERVAL;
    case VALUE_UUID:
        return OID_UUID;
    case VALUE_LIST: case VALUE_MAP:
        return OID_JSONB;
    default:
        return OID_TEXT;
    }
}

/* Days and microseconds apart, as Python's timedelta goes to PostgreSQL. */
static const char *interval_text(int64_t microseconds)
{
    int64_t days = microseconds / DAY_US, rest = microseconds % DAY_US;
    const char *sign = rest < 0 ? "-" : "";
    rest = rest < 0 ? -rest : rest;
    return capo_format("%lld days %s%lld.%06lld seconds", (long long)days, sign, (long long)(rest / 1000000), (long long)(rest % 1000000));
}

static const char *as_text(Value value)
{
    char text[64];
    switch (value.kind) {
    case VALUE_BOOL:
        return value.boolean ? "t" : "f";
    case VALUE_INT:
        return capo_format("%lld", (long long)value.integer);
    case VALUE_REAL:
        return isnan(value.real) ? "NaN" : isinf(value.real) ? value.real > 0 ? "Infinity" : "-Infinity" : capo_real_text(value.real, 17);
    case VALUE_DECIMAL:
        return value.decimal.text ? value.decimal.text : "0";
    case VALUE_DATE:
        capo_write_column_date(text, value.date.days);
        return capo_strdup(text);
    case VALUE_TIME:
        capo_write_column_time(text, value.time.microseconds);
        return capo_strdup(text);
    case VALUE_DATETIME:
        capo_write_column_datetime(text, value.datetime.microseconds);
        return value.flags & VALUE_FLAG_NAIVE ? capo_strdup(text) : capo_format("%s+00", text);
    case VALUE_DURATION:
        return interval_text(value.duration.microseconds);
    case VALUE_UUID:
        return capo_uuid_text(value.uuid);
    case VALUE_LIST: case VALUE_MAP:
        return capo_json_text(value, 0);
    default:
        return capo_to_text(value);
    }
}

typedef struct Encoded { const char *value; int length, format; } Encoded;

/* The binary form, where the parameter has the type of its kind. False: write it as text. */
static bool binary(Value value, Oid type, Encoded *ret)
{
    uint64_t bits;
    ret->format = 1;
    switch (type) {
    case OID_BOOL:
        *ret = (Encoded){ value.boolean ? "\1" : "\0", 1, 1 };
        return true;
    case OID_INT2: case OID_INT4: case OID_INT8:
        ret->length = type == OID_INT8 ? 8 : type == OID_INT4 ? 4 : 2;
        ret->value = big_endian((uint64_t)value.integer, ret->length);
        return true;
    case OID_FLOAT8:
        memcpy(&bits, &value.real, 8);
        *ret = (Encoded){ big_endian(bits, 8), 8, 1 };
        return true;
    case OID_BYTEA:
        *ret = (Encoded){ value.size ? (const char *)value.bytes : "", (int)value.size, 1 };
        return true;
    case OID_UUID:
        *ret = (Encoded){ (const char *)value.uuid->bytes, 16, 1 };
        return true;
    case OID_DATE:
        *ret = (Encoded){ big_endian((uint64_t)(uint32_t)(value.date.days - EPOCH_DAYS), 4), 4, 1 };
        return true;
    case OID_TIME:
        *ret = (Encoded){ big_endian((uint64_t)value.time.microseconds, 8), 8, 1 };
        return true;
    case OID_TIMESTAMP: case OID_TIMESTAMPTZ:
        *ret = (Encoded){ big_endian((uint64_t)(value.datetime.microseconds - EPOCH_US), 8), 8, 1 };
        return true;
    default:
        return false;
    }
}

/* Whether the kind's own binary form is what this type reads. */
static bool fits(Value value, Oid type)
{
    if (value.kind == VALUE_INT)
        return type == OID_INT8 || (type == OID_INT4 && value.integer == (int32_t)value.integer) || (type == OID_INT2 && value.integer == (int16_t)value.integer);
    return type == natural_type(value);
}

static bool encode(Value value, Oid *ret_type, Encoded *ret, DatabaseFailure *failure)
{
    Oid type = value.tag && value.kind != VALUE_DATETIME ? value.tag : natural_type(value);
    *ret_type = type == OID_UNKNOWN ? 0 : type;
    *ret = (Encoded){ 0 };
    if (value.kind == VALUE_NULL)
        return true;
    if (fits(value, type) && binary(value, type, ret))
        return true;
    if (value.kind == VALUE_LIST && value.tag && pg_encode_array(value, &ret->value, &ret->length, &ret->format))
        return true;
    const char *text = capo_is_text(value) ? value.text ? value.text : "" : as_text(value);
    size_t size = capo_is_text(value) ? value.size : strlen(text);
    if (memchr(text, 0, size))
        return fail(failure, ERROR_VALUE, "A string literal cannot contain NUL (0x00) characters.");
    if (size > INT32_MAX)
        return fail(failure, ERROR_DATA, "A text of 2 GiB or more is no parameter.");
    *ret = (Encoded){ text, (int)size, 0 };
    return true;
}

bool pg_encode(const Value *parameters, size_t count, PgParameters *ret, DatabaseFailure *failure)
{
    *ret = (PgParameters){ .count = count };
    if (!count)
        return true;
    if (count > 65535)
        return fail(failure, ERROR_PROGRAMMING, capo_format("The statement has %zu parameters, and PostgreSQL takes 65535 at most.", count));
    ret->values = capo_alloc_array(count, sizeof *ret->values + 2 * sizeof(int) + sizeof(Oid));
    ret->lengths = (int *)(void *)(ret->values + count);
    ret->formats = ret->lengths + count;
    ret->types = (Oid *)(ret->formats + count);
    for (size_t i = 0; i < count; i++) {
        Encoded encoded;
        if (!encode(parameters[i], &ret->types[i], &encoded, failure))
            return false;
        ret->values[i] = encoded.value;
        ret->lengths[i] = encoded.length;
        ret->formats[i] = encoded.format;
    }
    return true;
}

/* --- cells, binary --- */

static uint64_t read_big_endian(const char *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++)
        number = number << 8 | (uint8_t)bytes[i];
    return number;
}

/* Digits of base 10,000, the weight of the first, a sign and how many decimals to show (numeric.c of PostgreSQL). */
static Value read_numeric(const char *bytes, int length)
{
    enum { POSITIVE = 0, NEGATIVE = 0x4000, NOT_A_NUMBER = 0xC000, INFINITE = 0xD000, MINUS_INFINITE = 0xF000 };
    int n = (int16_t)read_big_endian(bytes, 2), weight = (int16_t)read_big_endian(bytes + 2, 2), sign = (int)read_big_endian(bytes + 4, 2);
    int decimals = (int)read_big_endian(bytes + 6, 2);
    if (length < 8 + 2 * n || sign == NOT_A_NUMBER || sign == INFINITE || sign == MINUS_INFINITE)
        return capo_value_decimal((Decimal){ sign == INFINITE ? "Infinity" : sign == MINUS_INFINITE ? "-Infinity" : "NaN" });
    char *text = capo_alloc((size_t)(weight > 0 ? weight : 0) * 4 + (size_t)decimals + 16), *at = text;
    if (sign == NEGATIVE)
        *at++ = '-';
    if (weight < 0)
        *at++ = '0';
    for (int i = 0; i <= weight; i++) {
        int digits = i < n ? (int)read_big_endian(bytes + 8 + 2 * i, 2) : 0;
        at += sprintf(at, i ? "%04d" : "%d", digits);
    }
    if (decimals) {
        *at++ = '.';
        /* `group` counts groups of four behind the point; those before the first digit are zeros */
        for (int group = 0, left = decimals; left > 0; group++, left -= 4) {
            int i = weight + 1 + group, digits = i >= 0 && i < n ? (int)read_big_endian(bytes + 8 + 2 * i, 2) : 0;
            char four[8];
            snprintf(four, sizeof four, "%04d", digits);
            memcpy(at, four, (size_t)(left < 4 ? left : 4));
            at += left < 4 ? left : 4;
        }
    }
    *at = '\0';
    return capo_value_decimal((Decimal){ text });
}

static Value moment(int64_t microseconds, bool naive)
{
    if (microseconds == INT64_MAX || microseconds == INT64_MIN)
        return capo_value_text(microseconds > 0 ? "infinity" : "-infinity");
    Value value = capo_value_datetime((DateTime){ microseconds + EPOCH_US });
    value.flags |= naive ? VALUE_FLAG_NAIVE : 0;
    return value;
}

static Value interval(int64_t months, int64_t days, int64_t microseconds)
{
    return capo_value_duration((Duration){ (months / 12 * 365 + months % 12 * 30 + days) * DAY_US + microseconds });     /* as for Django */
}

static Value text_of(const char *text, int length, bool copy)
{
    return copy ? capo_value_copy_n(text, (size_t)length) : capo_value_text_n(text, (size_t)length);
}

static Value read_binary(Oid type, const char *bytes, int length, bool copy)
{
    double real;
    uint64_t bits;
    switch (type) {
    case OID_BOOL:
        return capo_value_bool(*bytes);
    case OID_INT2:
        return capo_value_int((int16_t)read_big_endian(bytes, 2));
    case OID_INT4:
        return capo_value_int((int32_t)read_big_endian(bytes, 4));
    case OID_OID:
        return capo_value_int((int64_t)read_big_endian(bytes, 4));
    case OID_INT8:
        return capo_value_int((int64_t)read_big_endian(bytes, 8));
    case OID_FLOAT8:
        bits = read_big_endian(bytes, 8);
        memcpy(&real, &bits, 8);
        return capo_value_real(real);
    case OID_NUMERIC:
        return read_numeric(bytes, length);
    case OID_DATE: {
        int32_t days = (int32_t)read_big_endian(bytes, 4);
        return days == INT32_MAX || days == INT32_MIN ? capo_value_text(days > 0 ? "infinity" : "-infinity") : capo_value_date((Date){ days + EPOCH_DAYS });
    }
    case OID_TIME:
        if ((int64_t)read_big_endian(bytes, 8) == DAY_US)
            return capo_value_text("24:00:00");
        return capo_value_time((Time){ (int64_t)read_big_endian(bytes, 8) });
    case OID_TIMESTAMP: case OID_TIMESTAMPTZ:
        return moment((int64_t)read_big_endian(bytes, 8), type == OID_TIMESTAMP);
    case OID_INTERVAL:
        return interval((int32_t)read_big_endian(bytes + 12, 4), (int32_t)read_big_endian(bytes + 8, 4), (int64_t)read_big_endian(bytes, 8));
    case OID_UUID: {
        Uuid uuid;
        memcpy(uuid.bytes, bytes, 16);
        return capo_value_uuid(uuid);
    }
    case OID_BYTEA:
        return capo_value_bytes(copy ? capo_memdup(bytes, (size_t)length) : bytes, (size_t)length);
    case OID_JSONB:                         /* a version number first */
        return text_of(bytes + 1, length - 1, copy);
    default:
        return text_of(bytes, length, copy);
    }
}

/* Not real (float4), whose text is shorter than what its bits say. */
bool pg_is_binary(const PGresult *result)
{
    static const Oid known[] = {
        OID_BOOL, OID_BYTEA, OID_NAME, OID_INT8, OID_INT2, OID_INT4, OID_TEXT, OID_OID, OID_JSON, OID_FLOAT8, OID_BPCHAR, OID_VARCHAR, OID_DATE,
        OID_TIME, OID_TIMESTAMP, OID_TIMESTAMPTZ, OID_INTERVAL, OID_NUMERIC, OID_UUID, OID_JSONB,
    };
    for (int column = 0; column < PQnfields(result); column++) {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && known[i] != PQftype(result, column))
            i++;
        if (i == sizeof known / sizeof *known)
            return false;
    }
    return true;
}

/* --- cells, text --- */

static Value read_bytea(const char *text, int length)
{
    if (length < 2 || text[0] != '\\' || text[1] != 'x')
        return capo_value_bytes(capo_memdup(text, (size_t)length), (size_t)length);
    size_t size = (size_t)(length - 2) / 2;
    uint8_t *bytes = capo_alloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        char high = text[2 + 2 * i], low = text[3 + 2 * i];
        bytes[i] = (uint8_t)((high <= '9' ? high - '0' : (high | 32) - 'a' + 10) << 4 | (low <= '9' ? low - '0' : (low | 32) - 'a' + 10));
    }
    return capo_value_bytes(bytes, size);
}

/* "2026-11-22 08:30:00.5+00", "+05:30"; also without a zone. Years past 9999, BC and infinity stay texts. */
static Value read_moment(const char *text, int length, bool naive, bool copy)
{
    int64_t microseconds;
    size_t size = (size_t)length;
    char spelled[48];
    if (!naive && size > 3 && size < 40 && (text[size - 3] == '+' || text[size - 3] == '-')) {
        snprintf(spelled, sizeof spelled, "%s:00", text);
        text = spelled;
        size += 3;
        copy = true;
    }
    if (!capo_read_column_datetime(text, size, &microseconds))
        return text_of(text, (int)size, copy);
    return moment(microseconds - EPOCH_US, naive);
}

/* IntervalStyle postgres: "1 year 2 mons -3 days +04:05:06.7". */
static Value read_interval(const char *text, int length)
{
    int64_t months = 0, days = 0, microseconds = 0;
    for (const char *at = text; *at;) {
        char *end;
        at += *at == ' ';
        bool negative = *at == '-';
        long long number = strtoll(at, &end, 10);
        if (end == at)
            return capo_value_copy_n(text, (size_t)length);
        if (*end == ':') {
            int minutes = (int)strtol(end + 1, &end, 10), seconds = *end == ':' ? (int)strtol(end + 1, &end, 10) : 0;
            int64_t fraction = 0, scale = 100000;
            if (*end == '.')
                for (end++; *end >= '0' && *end <= '9'; end++, scale /= 10)
                    fraction += scale * (*end - '0');
            int64_t size = ((negative ? -number : number) * 3600 + minutes * 60 + seconds) * INT64_C(1000000) + fraction;
            microseconds += negative ? -size : size;
            at = end;
            continue;
        }
        const char *unit = end + (*end == ' ');
        if (!strncmp(unit, "year", 4))
            months += 12 * number;
        else if (!strncmp(unit, "mon", 3))
            months += number;
        else if (!strncmp(unit, "day", 3))
            days += number;
        else
            return capo_value_copy_n(text, (size_t)length);
        at = unit + strcspn(unit, " ");
    }
    return interval(months, days, microseconds);
}

/* --- arrays: a list of their members' type --- */

static Oid member_of(Oid array)
{
    static const struct { Oid array, member; } rows[] = {
        { 1000, OID_BOOL }, { 1001, OID_BYTEA }, { 1003, OID_NAME }, { 1005, OID_INT2 }, { 1007, OID_INT4 }, { 1009, OID_TEXT }, { 1014, OID_BPCHAR },
        { 1015, OID_VARCHAR }, { 1016, OID_INT8 }, { 1021, OID_FLOAT4 }, { 1022, OID_FLOAT8 }, { 1115, OID_TIMESTAMP }, { 1182, OID_DATE }, { 1183, OID_TIME },
        { 1185, OID_TIMESTAMPTZ }, { 1187, OID_INTERVAL }, { 1231, OID_NUMERIC }, { 2951, OID_UUID }, { 3807, OID_JSONB },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].array == array)
            return rows[i].member;
    return 0;
}

static Value read_text(Oid type, const char *text, int length, bool copy);

/* {1,NULL,"a \"b\"",{…}}: at the byte behind '{', left behind '}'. */
static Value read_array(Oid member, const char **at)
{
    List *list = capo_list_new();
    while (**at && **at != '}') {
        if (**at == '{') {
            ++*at;
            capo_list_add(list, read_array(member, at));
        } else {
            Buffer item = { 0 };
            bool quoted = **at == '"';
            *at += quoted;
            while (**at && (quoted ? **at != '"' : **at != ',' && **at != '}')) {
                *at += quoted && **at == '\\' && (*at)[1];
                capo_put_char(&item, *(*at)++);
            }
            *at += quoted && **at == '"';
            const char *text = capo_buffer_text(&item);
            capo_list_add(list, !quoted && !strcmp(text, "NULL") ? capo_value_null() : read_text(member, text, (int)item.size, false));
        }
        *at += **at == ',';
    }
    *at += **at == '}';
    return capo_value_list(list);
}

static Value read_text(Oid type, const char *text, int length, bool copy)
{
    Uuid uuid;
    int64_t microseconds;
    Oid member = member_of(type);
    if (member && *text == '{') {
        const char *at = text + 1;
        return read_array(member, &at);
    }
    switch (type) {
    case OID_BOOL:
        return capo_value_bool(*text == 't');
    case OID_INT2: case OID_INT4: case OID_INT8: case OID_OID:
        return capo_value_int(strtoll(text, NULL, 10));
    case OID_FLOAT4: case OID_FLOAT8:
        return capo_value_real(strtod(text, NULL));
    case OID_NUMERIC:
        return capo_value_decimal((Decimal){ copy ? capo_strndup(text, (size_t)length) : text });
    case OID_DATE:
        if (length == 10 && capo_read_column_datetime(text, (size_t)length, &microseconds))
            return capo_value_date((Date){ (int32_t)(microseconds >= 0 ? microseconds / DAY_US : -((DAY_US - 1 - microseconds) / DAY_US)) });
        return text_of(text, length, copy);
    case OID_TIME:
        return capo_read_column_time(text, (size_t)length, &microseconds) ? capo_value_time((Time){ microseconds }) : text_of(text, length, copy);
    case OID_TIMESTAMP: case OID_TIMESTAMPTZ:
        return read_moment(text, length, type == OID_TIMESTAMP, copy);
    case OID_INTERVAL:
        return read_interval(text, length);
    case OID_UUID:
        return capo_parse_uuid(text, &uuid) ? capo_value_uuid(uuid) : text_of(text, length, copy);
    case OID_BYTEA:
        return read_bytea(text, length);
    default:
        return text_of(text, length, copy);
    }
}

/* --- results --- */

enum { COPIED_ROWS = 8 };

static void clear(void *result) { PQclear(result); }

/* A large result stays libpq's memory, which the texts point into; a small one is copied, since libpq takes 2 kB for each. */
bool pg_keep(PGresult *result)
{
    if (PQntuples(result) <= COPIED_ROWS)
        return false;
    capo_defer(clear, result);
    return true;
}

Value pg_cell(const PGresult *result, int row, int column, bool copy)
{
    int length = PQgetlength(result, row, column);
    if (!length && PQgetisnull(result, row, column))
        return capo_value_null();
    const char *bytes = PQgetvalue(result, row, column);
    Oid type = PQftype(result, column);
    return PQfformat(result, column) == 1 ? read_binary(type, bytes, length, copy) : read_text(type, bytes, length, copy);
}

void pg_decode(PGresult *result, ResultSet *ret)
{
    int n_rows = PQntuples(result), n_columns = PQnfields(result);
    bool copy = !pg_keep(result);
    *ret = (ResultSet){ .n_rows = (size_t)n_rows, .n_columns = (size_t)n_columns };
    const char *changes = PQcmdTuples(result);
    ret->changes = *changes && strncmp(PQcmdStatus(result), "SELECT", 6) ? strtoll(changes, NULL, 10) : 0;
    ret->names = capo_alloc_array((size_t)n_columns + 1, sizeof *ret->names);
    ret->cells = capo_alloc_array((size_t)n_rows * (size_t)n_columns + 1, sizeof *ret->cells);
    for (int column = 0; column < n_columns; column++) {
        Oid type = PQftype(result, column);
        bool is_binary = PQfformat(result, column) == 1;
        ret->names[column] = copy ? capo_strdup(PQfname(result, column)) : PQfname(result, column);
        Value *cell = ret->cells + column;
        for (int row = 0; row < n_rows; row++, cell += n_columns) {
            int length = PQgetlength(result, row, column);
            if (!length && PQgetisnull(result, row, column))
                continue;                   /* zeroed is null */
            const char *bytes = PQgetvalue(result, row, column);
            *cell = is_binary ? read_binary(type, bytes, length, copy) : read_text(type, bytes, length, copy);
        }
    }
    if (copy)
        PQclear(result);
}
