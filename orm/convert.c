/* SPDX-License-Identifier: BSD-3-Clause */
/* Values to and from columns: Django's get_db_prep_value and from_db_value.
 *
 * To the column: the field's kind decides, so that a text for an integer is its number, and a list for a JSON field its text. What
 * comes out is bound as it is; a backend spells dates, times and durations its own way. From the column: raw cells (null, int, real,
 * text, bytes), as SQLite gives them; kinds that a driver already knows pass through. */
#include "internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *capo_real_text(double number, int digits)
{
    char *text = capo_format("%.*g", digits, number), *comma = strchr(text, ',');
    if (comma)                          /* the point of LC_NUMERIC, where a program has set a locale */
        *comma = '.';
    return text;
}

static const char *shown(Value value)
{
    Buffer text = { 0 };
    capo_put_repr(&text, value);
    return capo_buffer_text(&text);
}

static Value to_int(const Field *field, Value value)
{
    int64_t n;
    switch (value.kind) {
    case VALUE_INT:
        return value;
    case VALUE_BOOL:
        return capo_value_int(value.boolean);
    case VALUE_REAL:
        if (isfinite(value.real) && fabs(value.real) < 9223372036854775807.0)
            return capo_value_int((int64_t)value.real);
        break;
    case VALUE_DECIMAL:
        /* Out of range for a column: stays a decimal, which no row equals; the query side says so without asking. */
        return capo_to_int(value, &n) ? capo_value_int(n) : value;
    case VALUE_TEXT: case VALUE_SAFE:
        if (capo_to_int(value, &n))
            return capo_value_int(n);
        break;
    default:
        break;
    }
    capo_raise(ERROR_VALUE, "Field '%s' expected a number but got %s.", field->name, shown(value));
}

static Value to_real(const Field *field, Value value)
{
    double real;
    if (value.kind == VALUE_BOOL)
        return capo_value_real(value.boolean);
    if (!capo_to_real(value, &real) || (isnan(real) && !capo_dialect()->not_a_number))
        capo_raise(ERROR_VALUE, "Field '%s' expected a number but got %s.", field->name, shown(value));
    return capo_value_real(real);
}

/* Text must be whole: no NUL, at which C would cut it, and UTF-8, which all databases want. */
static Value to_text(const Field *field, Value value)
{
    if (value.kind == VALUE_BYTES)
        value = capo_value_copy_n((const char *)value.bytes, value.size);
    else
        value = capo_value_to_text(value);
    if (memchr(value.text, '\0', value.size))
        capo_raise(ERROR_VALUE, "The text for the field '%s' contains a NUL character, which databases do not store in text.", field->name);
    if (!capo_utf8_valid(value.text, value.size))
        capo_raise(ERROR_VALUE, "The text for the field '%s' is not valid UTF-8.", field->name);
    value.kind = VALUE_TEXT;
    return value;
}

/* Rounded half to even to the field's places where the database does not round itself; too many digits is an error, not a cut. */
static Value to_decimal(const Field *field, Value value)
{
    value = capo_field_to_python(field, value);
    if (capo_is_null(value) || capo_dialect()->fits_decimals)
        return value;
    Decimal decimal = field->kind == FIELD_DECIMAL ? capo_decimal_quantize(value.decimal, field->decimal_places, true) : value.decimal;
    int whole, places;
    capo_decimal_digits(decimal, &whole, &places);
    if (field->max_digits && whole + places > field->max_digits)
        capo_raise(ERROR_VALUE, "Field '%s' holds %d digits, and %s has more.", field->name, field->max_digits, decimal.text);
    return capo_value_decimal(decimal);
}

static Value to_kind(const Field *field, Value value, ValueKind wanted)
{
    if (value.kind == wanted)
        return value;
    return capo_field_to_python(field, value);
}

Value capo_to_column(const Field *field, Value value)
{
    if (value.kind == VALUE_NULL)
        return capo_value_null();
    if (value.kind == VALUE_OBJECT && !capo_value_range(value)) {
        if (!capo_is_instance(value))
            return value;
        Instance *instance = (Instance *)value.object;
        value = field->target_field && field->target_field->model == instance->model
            ? capo_field_value(instance, field->target_field) : capo_instance_pk(instance);
        if (capo_is_null(value))
            return value;
    }
    const Field *column = capo_column_field(field);
    if (column->custom && column->custom->to_db)
        return column->custom->to_db(column, value);
    switch (capo_field_storage(field)) {
    case STORAGE_INT:
        return to_int(field, value);
    case STORAGE_TEXT:
        return to_text(field, value);
    case STORAGE_REAL:
        return to_real(field, value);
    case STORAGE_DECIMAL:
        return to_decimal(column, value);
    case STORAGE_BOOL:
        return to_kind(column, value, VALUE_BOOL);
    case STORAGE_DATE:
        return to_kind(column, value, VALUE_DATE);
    case STORAGE_TIME:
        return to_kind(column, value, VALUE_TIME);
    case STORAGE_DATETIME:
        return to_kind(column, value, VALUE_DATETIME);
    case STORAGE_DURATION:
        return to_kind(column, value, VALUE_DURATION);
    case STORAGE_UUID:
        return to_kind(column, value, VALUE_UUID);
    case STORAGE_BINARY:
        if (capo_is_text(value))
            return capo_value_bytes(value.text, value.size);
        return value;
    case STORAGE_JSON: {
        char *text = capo_json_text(value, 0);
        return capo_value_text(text);
    }
    case STORAGE_ARRAY: case STORAGE_HSTORE: case STORAGE_RANGE:
        return capo_held_to_column(column, value);
    }
    return value;
}

/* --- from the column --- */

static bool digits(const char *text, int count, int *ret)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        n = 10 * n + text[i] - '0';
    }
    *ret = n;
    return true;
}

/* Days since 1970-01-01, proleptic Gregorian. */
int64_t capo_days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "2026-11-22" at the start of the text; how many bytes, 0: it is none. */
static size_t read_date(const char *text, size_t size, int64_t *ret_days)
{
    int year, month, day;
    if (size < 10 || !digits(text, 4, &year) || text[4] != '-' || !digits(text + 5, 2, &month) || text[7] != '-' || !digits(text + 8, 2, &day)
        || !capo_date_valid(year, month, day))
        return 0;
    *ret_days = capo_days_of(year, month, day);
    return 10;
}

/* "08:30", "08:30:00", "08:30:00.123456" */
static size_t read_time(const char *text, size_t size, int64_t *ret_microseconds)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    size_t used = 5;
    if (size < 5 || !digits(text, 2, &hour) || text[2] != ':' || !digits(text + 3, 2, &minute) || hour > 23 || minute > 59)
        return 0;
    if (size >= 8 && text[5] == ':' && digits(text + 6, 2, &second)) {
        if (second > 59)
            return 0;
        used = 8;
        if (size > 9 && text[8] == '.') {
            int64_t scale = 100000;
            for (used = 9; used < size && text[used] >= '0' && text[used] <= '9'; used++, scale /= 10)
                fraction += scale * (text[used] - '0');
        }
    }
    *ret_microseconds = ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + fraction;
    return used;
}

bool capo_read_column_date(const char *text, size_t size, int64_t *ret_days)
{
    return size == 10 && read_date(text, size, ret_days);
}

/* Whether eight bytes look like a pattern of digits, which stand as '0', and other bytes, all at once. `room`: 6 where a digit stands, else 15,
 * what may be added to the difference of a byte before it leaves its lower half. */
static inline bool looks_like(const char *text, const char *pattern, const char *room)
{
    uint64_t bytes, wanted, added;
    memcpy(&bytes, text, 8);
    memcpy(&wanted, pattern, 8);
    memcpy(&added, room, 8);
    bytes ^= wanted;
    return !((bytes | (bytes + added)) & UINT64_C(0xf0f0f0f0f0f0f0f0));
}

/* "2026-11-22 08:30:00" and the same with six places, as nearly all cells are written. False: it may still be a datetime. */
static inline bool read_usual_datetime(const char *text, size_t size, int64_t *ret_microseconds)
{
#define TWO(at) ((unsigned)(text[at] - '0') * 10 + (unsigned)(text[(at) + 1] - '0'))
    if ((size != 19 && size != 26) || !looks_like(text, "0000-00-", "\6\6\6\6\17\6\6\17") || !looks_like(text + 8, "00 00:00", "\6\6\17\6\6\17\6\6") ||
        !looks_like(text + 11, "00:00:00", "\6\6\17\6\6\17\6\6") || (size == 26 && !looks_like(text + 18, "0.000000", "\6\17\6\6\6\6\6\6")))
        return false;
    unsigned fraction = size == 26 ? TWO(20) * 10000 + TWO(22) * 100 + TWO(24) : 0;
    unsigned year = TWO(0) * 100 + TWO(2), month = TWO(5), day = TWO(8), hour = TWO(11), minute = TWO(14), second = TWO(17);
    if (!year || month - 1 > 11 || day - 1 > 27 || hour > 23 || minute > 59 || second > 59)
        return false;                       /* the last days of a month take the long way */
    year -= month <= 2;
    unsigned of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
    int64_t days = (int64_t)(365 * year + year / 4 - year / 100 + year / 400 + of_year) - 719468;
    *ret_microseconds = (days * 86400 + (int64_t)((hour * 60 + minute) * 60 + second)) * 1000000 + fraction;
    return true;
#undef TWO
}

bool capo_read_column_datetime(const char *text, size_t size, int64_t *ret_microseconds)
{
    if (read_usual_datetime(text, size, ret_microseconds))
        return true;
    int64_t days, microseconds = 0;
    size_t used = read_date(text, size, &days);
    if (!used)
        return false;
    if (size > used) {
        if (text[used] != ' ' && text[used] != 'T')
            return false;
        size_t rest = read_time(text + used + 1, size - used - 1, &microseconds);
        if (!rest)
            return false;
        used += 1 + rest;
    }
    int hours, minutes;
    if (size == used + 6 && (text[used] == '+' || text[used] == '-') && digits(text + used + 1, 2, &hours) && digits(text + used + 4, 2, &minutes))
        microseconds -= (text[used] == '-' ? -1 : 1) * (hours * 60 + minutes) * INT64_C(60000000);
    else if (size != used && !(size == used + 1 && text[used] == 'Z'))
        return false;
    *ret_microseconds = days * INT64_C(86400000000) + microseconds;
    return true;
}

bool capo_read_column_time(const char *text, size_t size, int64_t *ret_microseconds)
{
    return size && read_time(text, size, ret_microseconds) == size;
}

static Value uuid_of(Value raw)
{
    Uuid uuid;
    if (raw.kind == VALUE_BYTES && raw.size == 16) {
        memcpy(uuid.bytes, raw.bytes, 16);
        return capo_value_uuid(uuid);
    }
    if (capo_is_text(raw) && capo_parse_uuid(raw.text, &uuid))
        return capo_value_uuid(uuid);
    return raw;
}

/* SQLite keeps decimals as doubles: 15 digits are true. As Python's create_decimal_from_float, a number that is no short decimal
 * exactly keeps all 15 of them, zeros too. */
static const char *decimal_of_real(double real, int places)
{
    char exact[1100];
    double size = fabs(real);
    if (places >= 0 || size < 1e-6 || size >= 1e15)
        return capo_real_text(real, 15);
    snprintf(exact, sizeof exact, "%.60f", size);
    size_t digits = 0, last = 0;
    for (const char *c = exact; *c; c++) {
        if (*c == '.' || *c == ',' || (!digits && *c == '0'))
            continue;
        digits++;
        if (*c != '0')
            last = digits;
    }
    if (last <= 15)
        return capo_real_text(real, 15);
    int whole = size >= 1 ? (int)floor(log10(size)) + 1 : 0, zeros = 0;
    for (const char *c = exact + 2; size < 1 && *c == '0'; c++)
        zeros++;
    return capo_format("%.*f", size >= 1 ? 15 - whole : 15 + zeros, real);
}

/* 1.5e-07 as Python writes a decimal: 1.5E-7. */
static const char *with_exponent(const char *text)
{
    const char *e = strchr(text, 'e');
    return e ? capo_format("%.*sE%+d", (int)(e - text), text, atoi(e + 1)) : text;
}

static Value decimal_of(Value raw, int places)
{
    Decimal decimal = { NULL };
    if (raw.kind == VALUE_INT)
        decimal = capo_decimal_from_int(raw.integer);
    else if (raw.kind == VALUE_REAL)
        decimal.text = with_exponent(decimal_of_real(raw.real, places));
    else if (!capo_is_text(raw) || !capo_parse_decimal(raw.text, &decimal))
        return raw;
    if (raw.kind == VALUE_REAL && !isfinite(raw.real))
        return raw;
    return capo_value_decimal(places >= 0 ? capo_decimal_quantize(decimal, places, true) : decimal);
}


static int64_t floor_days(int64_t microseconds)
{
    int64_t days = microseconds / DAY_US;
    return days - (microseconds % DAY_US < 0);
}

/* To a whole number; 64 bits have more digits than a double. */
static int64_t rounded(Decimal decimal)
{
    int64_t whole;
    return capo_to_int(capo_value_text(capo_decimal_quantize(decimal, 0, false).text), &whole) ? whole : llrint(capo_decimal_to_double(decimal));
}

bool capo_is_infinity(const char *text, FieldKind kind, Value *ret)
{
    bool past = *text == '-';
    if (strcmp(text + past, "infinity"))
        return false;
    *ret = kind == FIELD_DATE ? capo_value_date((Date){ past ? CAPO_FIRST_DAY : CAPO_LAST_DAY })
        : capo_value_datetime((DateTime){ past ? CAPO_FIRST_DAY * DAY_US : (CAPO_LAST_DAY + 1) * DAY_US - 1 });
    return true;
}

/* A text that is no date: in a database that does not mind, there is none; in the others what lies outside of the years that a date has. */
static Value other_day(Value raw, FieldKind kind)
{
    Value day;
    if (!capo_dialect()->not_a_number)
        return capo_value_null();
    if (capo_is_infinity(raw.text, kind, &day))
        return day;
    capo_raise(ERROR_DATA, "The database has the %s %s, which lies outside of the years 1 to 9999.", kind == FIELD_DATE ? "date" : "moment", raw.text);
}

Value capo_from_storage(Storage storage, Value raw, int decimal_places)
{
    int64_t microseconds, days;
    double real;
    if (raw.kind == VALUE_NULL)
        return raw;
    switch (storage) {
    case STORAGE_INT: {
        int64_t n;                                  /* SUM of integers is a decimal in some databases */
        return raw.kind == VALUE_DECIMAL && capo_to_int(capo_value_text(raw.decimal.text), &n) ? capo_value_int(n) : raw;
    }
    case STORAGE_TEXT:
        return raw.kind == VALUE_TEXT ? raw : raw.kind == VALUE_BYTES ? capo_value_copy_n((const char *)raw.bytes, raw.size) : capo_value_to_text(raw);
    case STORAGE_REAL:
        return raw.kind == VALUE_INT ? capo_value_real((double)raw.integer)
             : capo_is_text(raw) && capo_to_real(raw, &real) ? capo_value_real(real)
             : raw.kind == VALUE_DECIMAL ? capo_value_real(capo_decimal_to_double(raw.decimal)) : raw;
    case STORAGE_DECIMAL:
        return raw.kind == VALUE_DECIMAL ? raw : decimal_of(raw, decimal_places);
    case STORAGE_BOOL:
        if (raw.kind == VALUE_DECIMAL && (capo_equal(raw, capo_value_int(0)) || capo_equal(raw, capo_value_int(1))))
            return capo_value_bool(capo_truth(raw));
        return raw.kind == VALUE_INT && (raw.integer == 0 || raw.integer == 1) ? capo_value_bool(raw.integer != 0) : raw;
    case STORAGE_DATE:
        if (capo_is_text(raw))                      /* what is no date, in a database that does not mind, is none */
            return raw.size == 10 && read_date(raw.text, raw.size, &days) ? capo_value_date((Date){ (int32_t)days }) : other_day(raw, FIELD_DATE);
        return raw.kind == VALUE_DATETIME ? capo_value_date((Date){ (int32_t)floor_days(raw.datetime.microseconds) }) : raw;
    case STORAGE_TIME:
        if (capo_is_text(raw) && capo_read_column_time(raw.text, raw.size, &microseconds))
            return capo_value_time((Time){ microseconds });
        if (capo_is_text(raw) && capo_read_column_datetime(raw.text, raw.size, &microseconds))
            return capo_value_time((Time){ microseconds - floor_days(microseconds) * DAY_US });
        return raw.kind == VALUE_DATETIME ? capo_value_time((Time){ raw.datetime.microseconds - floor_days(raw.datetime.microseconds) * DAY_US }) : raw;
    case STORAGE_DATETIME:
        if (capo_is_text(raw) && capo_read_column_datetime(raw.text, raw.size, &microseconds))
            return capo_value_datetime((DateTime){ microseconds });
        return capo_is_text(raw) ? other_day(raw, FIELD_DATETIME) : raw;
    case STORAGE_DURATION:
        if (raw.kind == VALUE_INT)
            return capo_value_duration((Duration){ raw.integer });
        if (raw.kind == VALUE_DECIMAL)                  /* SUM and AVG of whole microseconds */
            return capo_value_duration((Duration){ rounded(raw.decimal) });
        return raw.kind == VALUE_REAL ? capo_value_duration((Duration){ llrint(raw.real) }) : raw;
    case STORAGE_UUID:
        return raw.kind == VALUE_UUID ? raw : uuid_of(raw);
    case STORAGE_BINARY:
        return capo_is_text(raw) ? capo_value_bytes(raw.text, raw.size) : raw;
    case STORAGE_JSON: {
        Value parsed;
        const char *error;
        if (capo_is_text(raw) && capo_json_parse(raw.text, raw.size, &parsed, &error))
            return parsed;
        return raw;
    }
    case STORAGE_ARRAY: case STORAGE_HSTORE: case STORAGE_RANGE:
        return raw;                                     /* by the field alone: capo_held_from_column() */
    }
    return raw;
}

Value capo_from_column(const Field *field, Value raw)
{
    const Field *column = capo_column_field(field);
    if (column->custom && column->custom->from_db)
        return capo_is_null(raw) ? raw : column->custom->from_db(column, raw);
    if (capo_storage_is_held(capo_field_storage(field)))
        return capo_held_from_column(column, raw);
    return capo_from_storage(capo_field_storage(field), raw, column->decimal_places);
}

/* --- how SQL text spells dates and times: Django's on SQLite; also for reading statements in the log --- */

/* Exactly `width` digits; what a time of day and a date of four-digit years have. */
static char *write_digits(char *at, int64_t number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + width;
}

size_t capo_write_column_time(char *ret, int64_t microseconds)
{
    int64_t seconds = microseconds / 1000000, fraction = microseconds % 1000000;
    if (seconds < 0 || fraction < 0 || seconds >= 86400)            /* no time of day: shown as it is */
        return (size_t)snprintf(ret, 32, "%lld s", (long long)seconds);
    char *end = write_digits(ret, seconds / 3600, 2);
    *end++ = ':';
    end = write_digits(end, seconds / 60 % 60, 2);
    *end++ = ':';
    end = write_digits(end, seconds % 60, 2);
    if (fraction) {
        *end++ = '.';
        end = write_digits(end, fraction, 6);
    }
    *end = '\0';
    return (size_t)(end - ret);
}

size_t capo_write_column_date(char *ret, int64_t days)
{
    int year, month, day;
    capo_date_parts((Date){ (int32_t)days }, &year, &month, &day);
    if (year < 0 || year > 9999)
        return (size_t)snprintf(ret, 16, "%04d-%02d-%02d", year, month, day);
    char *end = write_digits(ret, year, 4);
    *end++ = '-';
    end = write_digits(end, month, 2);
    *end++ = '-';
    end = write_digits(end, day, 2);
    *end = '\0';
    return (size_t)(end - ret);
}

size_t capo_write_column_datetime(char *ret, int64_t microseconds)
{
    int64_t days = microseconds / INT64_C(86400000000), rest = microseconds % INT64_C(86400000000);
    if (rest < 0) {
        rest += INT64_C(86400000000);
        days--;
    }
    size_t size = capo_write_column_date(ret, days);
    ret[size++] = ' ';
    return size + capo_write_column_time(ret + size, rest);
}

static void put_literal(Buffer *out, Value value)
{
    char text[64];
    bool array = value.kind == VALUE_LIST && value.tag && value.list->count;       /* of PostgreSQL */
    for (size_t i = 0; array && i < value.list->count; i++) {
        capo_put(out, i ? ", " : "ARRAY[");
        put_literal(out, value.list->items[i]);
    }
    if (array) {
        capo_put_char(out, ']');
        return;
    }
    switch (value.kind) {
    case VALUE_NULL:
        capo_put(out, "NULL");
        return;
    case VALUE_BOOL:
        capo_put(out, value.boolean ? "1" : "0");
        return;
    case VALUE_INT:
        capo_put_int(out, value.integer);
        return;
    case VALUE_REAL:
        capo_put(out, capo_real_text(value.real, 17));
        return;
    case VALUE_DATE:
        capo_write_column_date(text, value.date.days);
        break;
    case VALUE_TIME:
        capo_write_column_time(text, value.time.microseconds);
        break;
    case VALUE_DATETIME:
        capo_write_column_datetime(text, value.datetime.microseconds);
        break;
    case VALUE_DURATION:
        capo_put_int(out, value.duration.microseconds);
        return;
    case VALUE_BYTES:
        capo_put(out, "X'");
        for (uint32_t i = 0; i < value.size; i++)
            capo_put_format(out, "%02X", value.bytes[i]);
        capo_put_char(out, '\'');
        return;
    case VALUE_UUID:
        for (int i = 0; i < 16; i++)
            snprintf(text + 2 * i, 3, "%02x", value.uuid->bytes[i]);
        break;
    case VALUE_OBJECT:
        capo_put(out, "?");
        return;
    default: {
        Value shown_as = value.kind == VALUE_LIST || value.kind == VALUE_MAP ? capo_value_text(capo_json_text(value, 0)) : capo_value_to_text(value);
        capo_put_char(out, '\'');
        for (uint32_t i = 0; i < shown_as.size; i++) {
            unsigned char c = (unsigned char)shown_as.text[i];
            if (c < 32 || c == 127)
                capo_put_format(out, "\\x%02x", c);
            else if (c == '\'')
                capo_put(out, "''");
            else
                capo_put_char(out, (char)c);
        }
        capo_put_char(out, '\'');
        return;
    }
    }
    capo_put_format(out, "'%s'", text);
}

/* The end of a quoted text, name or comment that begins at sql[i], or i where none does: a "?" in there is no placeholder. [name] is
 * SQLite's; elsewhere brackets are of arrays. */
size_t capo_sql_skip_quoted(const char *sql, size_t i)
{
    char c = sql[i];
    if (c == '\'' || c == '"' || c == '`' || (c == '[' && !capo_dialect()->numbered)) {
        char end = c == '[' ? ']' : c;
        for (i++; sql[i]; i++)
            if (sql[i] == end && sql[i + 1] == end && end != ']')
                i++;
            else if (sql[i] == end)
                return i + 1;
    } else if (c == '-' && sql[i + 1] == '-') {
        i += strcspn(sql + i, "\n");
    } else if (c == '/' && sql[i + 1] == '*') {
        const char *end = strstr(sql + i + 2, "*/");
        i = end ? (size_t)(end - sql) + 2 : i + strlen(sql + i);
    }
    return i;
}

char *capo_sql_filled(const char *sql, const Value *parameters, size_t count)
{
    Buffer out = { 0 };
    size_t next = 0;
    bool numbered = capo_dialect()->numbered;
    for (size_t i = 0; sql[i];) {
        size_t end = capo_sql_skip_quoted(sql, i);
        if (end > i) {
            capo_put_bytes(&out, sql + i, end - i);
            i = end;
        } else if (sql[i] == '?' && next < count && !numbered) {
            put_literal(&out, parameters[next++]);
            i++;
        } else if (sql[i] == '$' && numbered && strtoul(sql + i + 1, NULL, 10) - 1 < count) {
            put_literal(&out, parameters[strtoul(sql + i + 1, NULL, 10) - 1]);
            for (i++; sql[i] >= '0' && sql[i] <= '9';)
                i++;
        } else {
            capo_put_char(&out, sql[i++]);
        }
    }
    return capo_buffer_text(&out);
}
