/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions that Django registers with SQLite: parts and truncations of dates in a time zone, regular expressions, padding,
 * mathematics, digests, statistics. Null in, null out. None of them raises: SQLite is above them on the stack. */
#include "sqlite.h"
#include "../../core/base/digests.h"
#include <capo/syntax.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool any_null(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++)
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return true;
    return false;
}

static void give_text(sqlite3_context *context, const char *text)
{
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* --- dates ------------------------------------------------------------------------------------------------------------------ */

static DateParts parts_of(int64_t microseconds, const char *zone)
{
    return capo_local((DateTime){ microseconds }, capo_time_zone(zone ? zone : "UTC"));
}

/* The column's text, UTC, as parts in the zone of `zone`; a time alone has the date 1900-01-01. */
static bool read_parts(sqlite3_value *value, sqlite3_value *zone, DateParts *ret)
{
    const char *text = (const char *)sqlite3_value_text(value);
    size_t size = (size_t)sqlite3_value_bytes(value);
    int64_t microseconds;
    if (!text)
        return false;
    if (capo_read_column_time(text, size, &microseconds)) {
        *ret = parts_of(microseconds + capo_days_of(1900, 1, 1) * INT64_C(86400000000), NULL);
        return true;
    }
    if (!capo_read_column_datetime(text, size, &microseconds))
        return false;
    const char *name = zone && sqlite3_value_type(zone) != SQLITE_NULL ? (const char *)sqlite3_value_text(zone) : NULL;
    if (name && !capo_time_zone(name))
        name = NULL;
    *ret = parts_of(microseconds, name);
    return true;
}

/* ISO 8601's week and the year that it belongs to. */
static int iso_week(const DateParts *parts, int *ret_year)
{
    int64_t days = capo_days_of(parts->year, parts->month, parts->day);
    int64_t thursday = days - parts->weekday + 3;
    int year, month, day;
    capo_date_parts((Date){ (int32_t)thursday }, &year, &month, &day);
    *ret_year = year;
    return (int)((thursday - capo_days_of(year, 1, 1)) / 7) + 1;
}

static void extract(sqlite3_context *context, int count, sqlite3_value **values)
{
    DateParts parts;
    int iso_year;
    if (!read_parts(values[1], count > 2 ? values[2] : NULL, &parts))
        return;
    int week = iso_week(&parts, &iso_year);
    const struct { const char *name; int value; } all[] = {
        { "year", parts.year }, { "month", parts.month }, { "day", parts.day }, { "hour", parts.hour }, { "minute", parts.minute },
        { "second", parts.second }, { "microsecond", parts.microsecond }, { "week_day", (parts.weekday + 1) % 7 + 1 },
        { "iso_week_day", parts.weekday + 1 }, { "week", week }, { "iso_year", iso_year }, { "quarter", (parts.month + 2) / 3 },
    };
    const char *part = (const char *)sqlite3_value_text(values[0]);
    for (size_t i = 0; part && i < sizeof all / sizeof *all; i++)
        if (!strcmp(part, all[i].name))
            sqlite3_result_int(context, all[i].value);
}

static void extract_time(sqlite3_context *context, int count, sqlite3_value **values)
{
    extract(context, count > 2 ? 2 : count, values);
}

typedef enum { TRUNC_DATE, TRUNC_TIME, TRUNC_DATETIME } TruncKind;

static void truncate_to(sqlite3_context *context, int count, sqlite3_value **values)
{
    TruncKind kind = (TruncKind)(intptr_t)sqlite3_user_data(context);
    DateParts parts;
    char text[48], date[16];
    const char *part = (const char *)sqlite3_value_text(values[0]);
    if (!part || !read_parts(values[1], count > 2 ? values[2] : NULL, &parts))
        return;
    int hour = 0, minute = 0, second = 0;
    int64_t days = capo_days_of(parts.year, parts.month, parts.day);
    if (!strcmp(part, "year"))
        days = capo_days_of(parts.year, 1, 1);
    else if (!strcmp(part, "quarter"))
        days = capo_days_of(parts.year, parts.month - (parts.month - 1) % 3, 1);
    else if (!strcmp(part, "month"))
        days = capo_days_of(parts.year, parts.month, 1);
    else if (!strcmp(part, "week"))
        days -= parts.weekday;
    else if (!strcmp(part, "hour") || !strcmp(part, "minute") || !strcmp(part, "second"))
        hour = parts.hour;
    else if (strcmp(part, "day"))
        return;
    if (!strcmp(part, "minute") || !strcmp(part, "second"))
        minute = parts.minute;
    if (!strcmp(part, "second"))
        second = parts.second;
    capo_write_column_date(date, days);
    if (kind == TRUNC_DATE)
        snprintf(text, sizeof text, "%s", date);
    else if (kind == TRUNC_TIME)
        snprintf(text, sizeof text, "%02d:%02d:%02d", hour, minute, second);
    else
        snprintf(text, sizeof text, "%s %02d:%02d:%02d", date, hour, minute, second);
    give_text(context, text);
}

static void cast_date(sqlite3_context *context, int count, sqlite3_value **values)
{
    DateParts parts;
    char text[48];
    if (!read_parts(values[0], count > 1 ? values[1] : NULL, &parts))
        return;
    capo_write_column_date(text, capo_days_of(parts.year, parts.month, parts.day));
    give_text(context, text);
}

static int64_t time_of_day(const DateParts *parts)
{
    return ((parts->hour * 60 + parts->minute) * 60 + parts->second) * INT64_C(1000000) + parts->microsecond;
}

static void cast_time(sqlite3_context *context, int count, sqlite3_value **values)
{
    DateParts parts;
    char text[48];
    if (!read_parts(values[0], count > 1 ? values[1] : NULL, &parts))
        return;
    capo_write_column_time(text, time_of_day(&parts));
    give_text(context, text);
}

/* An operand of date arithmetic: microseconds where it is a number, else a date or datetime. */
static bool read_operand(sqlite3_value *value, int64_t *ret, bool *ret_is_date)
{
    int type = sqlite3_value_type(value);
    const char *text = (const char *)sqlite3_value_text(value);
    size_t size = (size_t)sqlite3_value_bytes(value);
    *ret_is_date = false;
    if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
        *ret = type == SQLITE_INTEGER ? sqlite3_value_int64(value) : (int64_t)llrint(sqlite3_value_double(value));
        return true;
    }
    *ret_is_date = true;
    return text && (capo_read_column_datetime(text, size, ret) || (capo_read_column_time(text, size, ret)));
}

static void time_diff(sqlite3_context *context, int count, sqlite3_value **values)
{
    int64_t left, right;
    bool date;
    if (!any_null(count, values) && read_operand(values[0], &left, &date) && read_operand(values[1], &right, &date))
        sqlite3_result_int64(context, left - right);
}


static void format_delta(sqlite3_context *context, int count, sqlite3_value **values)
{
    int64_t left, right, result;
    bool left_date, right_date;
    char text[48];
    if (any_null(count, values) || !read_operand(values[1], &left, &left_date) || !read_operand(values[2], &right, &right_date))
        return;
    const char *operator = (const char *)sqlite3_value_text(values[0]);
    /* A date, without a time, stays one: whole days are added, as Python does. */
    bool date_only = left_date != right_date && sqlite3_value_bytes(values[left_date ? 1 : 2]) == 10;
    if (date_only) {
        int64_t *delta = left_date ? &right : &left;
        *delta -= ((*delta % DAY_US) + DAY_US) % DAY_US;
    }
    bool overflow = *operator == '+' ? __builtin_add_overflow(left, right, &result) : __builtin_sub_overflow(left, right, &result);
    if (overflow || result < capo_days_of(1, 1, 1) * INT64_C(86400000000) || result >= capo_days_of(10000, 1, 1) * INT64_C(86400000000))
        return;
    if (!left_date && !right_date) {
        sqlite3_result_int64(context, result);
        return;
    }
    if (date_only)
        capo_write_column_date(text, result / DAY_US - (result % DAY_US < 0));
    else
        capo_write_column_datetime(text, result);
    give_text(context, text);
}

/* --- text ------------------------------------------------------------------------------------------------------------------- */

static void regexp(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values))
        return;
    const Pattern *pattern = sqlite3_get_auxdata(context, 0);
    if (!pattern) {
        const char *error = NULL;
        pattern = capo_pattern((const char *)sqlite3_value_text(values[0]), 0, &error);
        if (!pattern) {
            Buffer message = { 0 };
            capo_put_format(&message, "The regular expression \"%s\" is not valid: %s", sqlite3_value_text(values[0]), error ? error : "");
            sqlite3_result_error(context, capo_buffer_text(&message), -1);
            return;
        }
        sqlite3_set_auxdata(context, 0, (void *)pattern, NULL);      /* the arena's, which outlives the statement */
    }
    sqlite3_result_int(context, capo_pattern_search(pattern, (const char *)sqlite3_value_text(values[1]), (size_t)sqlite3_value_bytes(values[1])));
}

/* Bytes that `count` code points of the text take. */
static size_t prefix_size(const char *text, size_t size, int64_t count)
{
    const char *at = text, *end = text + size;
    while (count-- > 0 && at < end)
        capo_utf8_next(&at, end);
    return (size_t)(at - text);
}

static void put_fill(Buffer *out, const char *fill, size_t size, int64_t count)
{
    const char *at = fill, *end = fill + size;
    while (count-- > 0 && size) {
        const char *from = at;
        capo_utf8_next(&at, end);
        capo_put_bytes(out, from, (size_t)(at - from));
        if (at == end)
            at = fill;
    }
}

enum { LONGEST_TEXT = 10000000 };       /* of LPAD, RPAD and REPEAT */

static void pad(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool left = sqlite3_user_data(context) != NULL;
    if (any_null(count, values))
        return;
    const char *text = (const char *)sqlite3_value_text(values[0]), *fill = (const char *)sqlite3_value_text(values[2]);
    size_t size = (size_t)sqlite3_value_bytes(values[0]), fill_size = (size_t)sqlite3_value_bytes(values[2]);
    int64_t wanted = sqlite3_value_int64(values[1]), length = (int64_t)capo_utf8_length(text, size);
    if (wanted > LONGEST_TEXT) {
        sqlite3_result_error_toobig(context);
        return;
    }
    Buffer out = { 0 };
    if (length >= wanted) {
        sqlite3_result_text(context, text, (int)prefix_size(text, size, wanted), SQLITE_TRANSIENT);
        return;
    }
    if (left)
        put_fill(&out, fill, fill_size, wanted - length);
    capo_put_bytes(&out, text, size);
    if (!left)
        put_fill(&out, fill, fill_size, wanted - length);
    sqlite3_result_text(context, capo_buffer_text(&out), (int)out.size, SQLITE_TRANSIENT);
}

static void repeat(sqlite3_context *context, int count, sqlite3_value **values)
{
    Buffer out = { 0 };
    if (any_null(count, values))
        return;
    size_t size = (size_t)sqlite3_value_bytes(values[0]);
    int64_t times = sqlite3_value_int64(values[1]);
    if (times > 0 && size && times > LONGEST_TEXT / (int64_t)size) {
        sqlite3_result_error_toobig(context);
        return;
    }
    for (int64_t i = 0; i < times; i++)
        capo_put_bytes(&out, sqlite3_value_text(values[0]), size);
    sqlite3_result_text(context, capo_buffer_text(&out), (int)out.size, SQLITE_TRANSIENT);
}

static void reverse(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values))
        return;
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t size = (size_t)sqlite3_value_bytes(values[0]);
    char *out = capo_alloc(size + 1);
    for (const char *at = text, *end = text + size; at < end;) {
        const char *from = at;
        capo_utf8_next(&at, end);
        memcpy(out + (end - at), from, (size_t)(at - from));
    }
    sqlite3_result_text(context, out, (int)size, SQLITE_TRANSIENT);
}

static void give_hex(sqlite3_context *context, const unsigned char *bytes, size_t size)
{
    char hex[crypto_hash_sha512_BYTES * 2 + 1];
    sodium_bin2hex(hex, sizeof hex, bytes, size);
    give_text(context, hex);
}

static void md5(sqlite3_context *context, int count, sqlite3_value **values)
{
    char hex[33];
    if (any_null(count, values))
        return;
    const void *text = sqlite3_value_text(values[0]);
    capo_md5_hex(text, (size_t)sqlite3_value_bytes(values[0]), hex);
    give_text(context, hex);
}

static void sha256(sqlite3_context *context, int count, sqlite3_value **values)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    if (any_null(count, values))
        return;
    const unsigned char *text = sqlite3_value_text(values[0]);
    crypto_hash_sha256(digest, text, (unsigned long long)sqlite3_value_bytes(values[0]));
    give_hex(context, digest, sizeof digest);
}

static void sha512(sqlite3_context *context, int count, sqlite3_value **values)
{
    unsigned char digest[crypto_hash_sha512_BYTES];
    if (any_null(count, values))
        return;
    const unsigned char *text = sqlite3_value_text(values[0]);
    crypto_hash_sha512(digest, text, (unsigned long long)sqlite3_value_bytes(values[0]));
    give_hex(context, digest, sizeof digest);
}

/* SHA-224 and SHA-384 are their larger sisters, begun with other numbers and cut. */
static void sha224(sqlite3_context *context, int count, sqlite3_value **values)
{
    static const uint32_t begin[8] = { 0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4 };
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    if (any_null(count, values))
        return;
    const unsigned char *text = sqlite3_value_text(values[0]);
    crypto_hash_sha256_init(&state);
    memcpy(state.state, begin, sizeof begin);
    crypto_hash_sha256_update(&state, text, (unsigned long long)sqlite3_value_bytes(values[0]));
    crypto_hash_sha256_final(&state, digest);
    give_hex(context, digest, 28);
}

static void sha384(sqlite3_context *context, int count, sqlite3_value **values)
{
    static const uint64_t begin[8] = { 0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
                                       0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4 };
    crypto_hash_sha512_state state;
    unsigned char digest[crypto_hash_sha512_BYTES];
    if (any_null(count, values))
        return;
    const unsigned char *text = sqlite3_value_text(values[0]);
    crypto_hash_sha512_init(&state);
    memcpy(state.state, begin, sizeof begin);
    crypto_hash_sha512_update(&state, text, (unsigned long long)sqlite3_value_bytes(values[0]));
    crypto_hash_sha512_final(&state, digest);
    give_hex(context, digest, 48);
}

/* Django's SQL function of that name. */
static void sha1(sqlite3_context *context, int count, sqlite3_value **values)
{
    Digest digest;
    uint8_t hash[SHA1_SIZE];
    if (any_null(count, values))
        return;
    const unsigned char *text = sqlite3_value_text(values[0]);
    sha1_begin(&digest);
    sha1_add(&digest, text, (size_t)sqlite3_value_bytes(values[0]));
    sha1_end(&digest, hash);
    give_hex(context, hash, sizeof hash);
}

/* --- numbers ---------------------------------------------------------------------------------------------------------------- */

static double cotangent(double x) { return 1 / tan(x); }
static double to_degrees(double x) { return x * (180 / M_PI); }
static double to_radians(double x) { return x * (M_PI / 180); }
static double log_to_base(double base, double x) { return base <= 1 || x <= 0 ? NAN : log(x) / log(base); }

typedef struct OneNumber { const char *name; double (*function)(double); } OneNumber;
typedef struct TwoNumbers { const char *name; double (*function)(double, double); } TwoNumbers;

static const OneNumber one_number[] = {
    { "ACOS", acos }, { "ASIN", asin }, { "ATAN", atan }, { "COS", cos }, { "COT", cotangent }, { "DEGREES", to_degrees }, { "EXP", exp },
    { "LN", log }, { "RADIANS", to_radians }, { "SIN", sin }, { "SQRT", sqrt }, { "TAN", tan },
};
static const TwoNumbers two_numbers[] = {
    { "ATAN2", atan2 }, { "LOG", log_to_base }, { "MOD", fmod }, { "POWER", pow },
};

/* As SQLite's own functions: outside of what a function is defined for (the logarithm of zero) there is NULL; what is too large
 * is infinite. */
static void give_number(sqlite3_context *context, double number)
{
    if (!isnan(number) && number != -INFINITY)
        sqlite3_result_double(context, number);
}

/* A text that is no number has no logarithm. */
static bool all_numbers(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++) {
        int type = sqlite3_value_numeric_type(values[i]);
        if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
            return false;
    }
    return true;
}

static void of_one_number(sqlite3_context *context, int count, sqlite3_value **values)
{
    const OneNumber *row = sqlite3_user_data(context);
    if (all_numbers(count, values))
        give_number(context, row->function(sqlite3_value_double(values[0])));
}

static void of_two_numbers(sqlite3_context *context, int count, sqlite3_value **values)
{
    const TwoNumbers *row = sqlite3_user_data(context);
    if (!all_numbers(count, values))
        return;
    double number = row->function(sqlite3_value_double(values[0]), sqlite3_value_double(values[1]));
    /* As Python: whole numbers to a whole power stay whole. */
    if (row->function == pow && sqlite3_value_type(values[0]) == SQLITE_INTEGER && sqlite3_value_type(values[1]) == SQLITE_INTEGER
        && sqlite3_value_int64(values[1]) >= 0 && fabs(number) < 9e15)
        sqlite3_result_int64(context, (int64_t)number);
    else
        give_number(context, number);
}

/* CEILING, FLOOR: user data is the function; the result is an integer, as Python's. */
static void to_whole(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (!all_numbers(count, values))
        return;
    double x = sqlite3_value_double(values[0]), whole = sqlite3_user_data(context) ? floor(x) : ceil(x);
    if (sqlite3_value_type(values[0]) == SQLITE_INTEGER)
        sqlite3_result_int64(context, sqlite3_value_int64(values[0]));
    else if (fabs(whole) < 9e18)
        sqlite3_result_int64(context, (int64_t)whole);
    else
        give_number(context, whole);
}

static void sign(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (!all_numbers(count, values))
        return;
    double x = sqlite3_value_double(values[0]);
    sqlite3_result_int(context, (x > 0) - (x < 0));
}

static void bitxor(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (!any_null(count, values))
        sqlite3_result_int64(context, sqlite3_value_int64(values[0]) ^ sqlite3_value_int64(values[1]));
}

static void pi(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_double(context, M_PI);
}

/* In [0, 1), unlike SQLite's own RANDOM(). */
static void random_number(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_double(context, (double)randombytes_random() / 4294967296.0);
}

/* --- statistics: Welford's way, one pass -------------------------------------------------------------------------------------- */

typedef struct Spread { int64_t count; double mean, squares; } Spread;
typedef enum { VARIANCE_POPULATION, VARIANCE_SAMPLE, DEVIATION_POPULATION, DEVIATION_SAMPLE } SpreadKind;

static void spread_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values))
        return;
    Spread *spread = sqlite3_aggregate_context(context, sizeof *spread);
    if (!spread)
        return;
    double x = sqlite3_value_double(values[0]), delta = x - spread->mean;
    spread->count++;
    spread->mean += delta / (double)spread->count;
    spread->squares += delta * (x - spread->mean);
}

static void spread_end(sqlite3_context *context)
{
    SpreadKind kind = (SpreadKind)(intptr_t)sqlite3_user_data(context);
    const Spread *spread = sqlite3_aggregate_context(context, 0);
    bool sample = kind == VARIANCE_SAMPLE || kind == DEVIATION_SAMPLE;
    if (!spread || spread->count < (sample ? 2 : 1))
        return;
    double variance = spread->squares / (double)(spread->count - sample);
    sqlite3_result_double(context, kind == DEVIATION_POPULATION || kind == DEVIATION_SAMPLE ? sqrt(variance) : variance);
}

/* --- bits over rows -------------------------------------------------------------------------------------------------------------- */

typedef struct Bits { int64_t value; bool any; } Bits;
typedef enum { BITS_AND, BITS_OR, BITS_XOR } BitsKind;

static void bits_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    if (any_null(count, values))
        return;
    Bits *bits = sqlite3_aggregate_context(context, sizeof *bits);
    BitsKind kind = (BitsKind)(intptr_t)sqlite3_user_data(context);
    if (!bits)
        return;
    int64_t value = sqlite3_value_int64(values[0]);
    bits->value = !bits->any ? value : kind == BITS_AND ? bits->value & value : kind == BITS_OR ? bits->value | value : bits->value ^ value;
    bits->any = true;
}

static void bits_end(sqlite3_context *context)
{
    const Bits *bits = sqlite3_aggregate_context(context, 0);
    if (bits && bits->any)
        sqlite3_result_int64(context, bits->value);
}

/* --- identifiers (RFC 9562): user data is the version, 4 at random, 7 behind the milliseconds since 1970 ----------------------------- */

static void make_uuid(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count, (void)values;
    intptr_t version = (intptr_t)sqlite3_user_data(context);
    unsigned char bytes[16];
    struct timespec now;
    randombytes_buf(bytes, sizeof bytes);
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 0; version == 7 && i < 6; i++)
        bytes[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
    bytes[6] = (unsigned char)((bytes[6] & 15) | version << 4);
    bytes[8] = (unsigned char)((bytes[8] & 63) | 128);
    give_hex(context, bytes, sizeof bytes);
}

/* --- registration ------------------------------------------------------------------------------------------------------------- */

typedef void Function(sqlite3_context *context, int count, sqlite3_value **values);

static const struct { const char *name; int arguments; Function *function; intptr_t data; bool varies; } functions[] = {
    { "django_date_extract", 2, extract }, { "django_datetime_extract", 4, extract }, { "django_time_extract", 2, extract_time },
    { "django_date_trunc", 4, truncate_to, TRUNC_DATE }, { "django_time_trunc", 4, truncate_to, TRUNC_TIME },
    { "django_datetime_trunc", 4, truncate_to, TRUNC_DATETIME },
    { "django_datetime_cast_date", 3, cast_date }, { "django_datetime_cast_time", 3, cast_time },
    { "django_time_diff", 2, time_diff }, { "django_timestamp_diff", 2, time_diff }, { "django_format_dtdelta", 3, format_delta },
    { "regexp", 2, regexp },
    { "LPAD", 3, pad, 1 }, { "RPAD", 3, pad, 0 }, { "REPEAT", 2, repeat }, { "REVERSE", 1, reverse },
    { "MD5", 1, md5 }, { "SHA1", 1, sha1 }, { "SHA224", 1, sha224 }, { "SHA384", 1, sha384 }, { "SHA256", 1, sha256 }, { "SHA512", 1, sha512 },
    { "CEILING", 1, to_whole, 0 }, { "FLOOR", 1, to_whole, 1 }, { "SIGN", 1, sign }, { "BITXOR", 2, bitxor }, { "PI", 0, pi },
    { "RAND", 0, random_number, 0, true }, { "UUIDV4", 0, make_uuid, 4, true }, { "UUIDV7", 0, make_uuid, 7, true },
};

static const struct { const char *name; SpreadKind kind; } spreads[] = {
    { "STDDEV_POP", DEVIATION_POPULATION }, { "STDDEV_SAMP", DEVIATION_SAMPLE },
    { "VAR_POP", VARIANCE_POPULATION }, { "VAR_SAMP", VARIANCE_SAMPLE },
};

static const struct { const char *name; BitsKind kind; } bits[] = { { "BIT_AND", BITS_AND }, { "BIT_OR", BITS_OR }, { "BIT_XOR", BITS_XOR } };

int capo_sqlite_functions(sqlite3 *db)
{
    int result = SQLITE_OK;
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    for (size_t i = 0; i < sizeof functions / sizeof *functions && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(db, functions[i].name, functions[i].arguments, functions[i].varies ? SQLITE_UTF8 : flags,
                                            (void *)functions[i].data, functions[i].function, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof one_number / sizeof *one_number && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(db, one_number[i].name, 1, flags, (void *)&one_number[i], of_one_number, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof two_numbers / sizeof *two_numbers && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(db, two_numbers[i].name, 2, flags, (void *)&two_numbers[i], of_two_numbers, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(db, spreads[i].name, 1, SQLITE_UTF8, (void *)(intptr_t)spreads[i].kind, NULL, spread_step, spread_end, NULL);
    for (size_t i = 0; i < sizeof bits / sizeof *bits && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(db, bits[i].name, 1, SQLITE_UTF8, (void *)(intptr_t)bits[i].kind, NULL, bits_step, bits_end, NULL);
    return result;
}
