/* SPDX-License-Identifier: BSD-3-Clause */
/* Values inside SQL, where no parameter can stand: CHECK, DEFAULT, conditions of indexes, generated columns.
 *
 * The text is right whatever the server's settings are: a backslash, which some of them read as the beginning of an escape and some as
 * itself, is never written where that would matter. */
#include "internal.h"
#include <math.h>
#include <string.h>

static void put_quoted(Buffer *out, const char *text, size_t size, bool double_backslashes)
{
    capo_put_char(out, '\'');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\'' || (text[i] == '\\' && double_backslashes))
            capo_put_char(out, text[i]);
        capo_put_char(out, text[i]);
    }
    capo_put_char(out, '\'');
}

static void put_hex(Buffer *out, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        capo_put_format(out, "%02x", ((const uint8_t *)bytes)[i]);
}

static void put_text(Buffer *out, const char *text, size_t size)
{
    const Dialect *dialect = capo_dialect();
    if (memchr(text, '\0', size))
        capo_raise(ERROR_VALUE, "A text in a schema contains a NUL character, which databases do not store in text.");
    if (!capo_utf8_valid(text, size))
        capo_raise(ERROR_VALUE, "A text in a schema is not valid UTF-8.");
    bool escapes = dialect->backslashes && memchr(text, '\\', size);
    if (escapes && dialect->typed_literals) {
        capo_put_char(out, 'E');
        put_quoted(out, text, size, true);
    } else if (escapes && dialect->hex_texts) {
        capo_put(out, "_utf8mb4 x'");
        put_hex(out, text, size);
        capo_put_char(out, '\'');
    } else if (escapes) {
        capo_put(out, "(CONVERT(x'");            /* not _utf8mb4 x'…': MariaDB keeps that in a CHECK as a text without escapes */
        put_hex(out, text, size);
        capo_put(out, "' USING utf8mb4))");
    } else {
        put_quoted(out, text, size, false);
    }
}

/* MariaDB wants a bare literal here. Doubled backslashes are safe with and without escapes; without, they are also seen. */
void capo_put_comment(Buffer *out, const char *text)
{
    if (capo_dialect()->backslashes && !capo_dialect()->typed_literals)
        put_quoted(out, text, strlen(text), true);
    else
        put_text(out, text, strlen(text));
}

void capo_put_literal(Buffer *out, Value value)
{
    const Dialect *dialect = capo_dialect();
    bool typed = dialect->typed_literals;
    char text[64];
    switch (value.kind) {
    case VALUE_NULL:
        capo_put(out, "NULL");
        return;
    case VALUE_BOOL:
        capo_put(out, dialect->booleans ? value.boolean ? "TRUE" : "FALSE" : value.boolean ? "1" : "0");
        return;
    case VALUE_INT:
        capo_put_int(out, value.integer);
        return;
    case VALUE_REAL:
        if (!isfinite(value.real))
            capo_raise(ERROR_VALUE, "A number in a schema is not finite.");
        capo_put(out, capo_real_text(value.real, 17));
        if (!strpbrk(capo_real_text(value.real, 17), ".e"))
            capo_put(out, ".0");
        return;
    case VALUE_DECIMAL: {
        const char *digits = value.decimal.text ? value.decimal.text : "0";
        if (digits[strspn(digits, "+-.0123456789eE")])
            capo_raise(ERROR_VALUE, "A number in a schema is not finite.");
        capo_put(out, digits);
        return;
    }
    case VALUE_TEXT: case VALUE_SAFE:
        put_text(out, value.text, value.size);
        return;
    case VALUE_BYTES:
        capo_put(out, typed ? dialect->backslashes ? "E'\\\\x" : "'\\x" : "x'");
        put_hex(out, value.bytes, value.size);
        capo_put(out, typed ? "'::bytea" : "'");
        return;
    case VALUE_DATE:
        capo_write_column_date(text, value.date.days);
        capo_put_format(out, typed ? "'%s'::date" : "'%s'", text);
        return;
    case VALUE_TIME:
        capo_write_column_time(text, value.time.microseconds);
        capo_put_format(out, typed ? "'%s'::time" : "'%s'", text);
        return;
    case VALUE_DATETIME:
        capo_write_column_datetime(text, value.datetime.microseconds);
        capo_put_format(out, typed ? "'%s+00'::timestamptz" : "'%s'", text);
        return;
    case VALUE_DURATION:
        capo_put_format(out, typed ? "'%lld microseconds'::interval" : "%lld", (long long)value.duration.microseconds);
        return;
    case VALUE_UUID:
        if (dialect->native_uuids) {
            capo_put_format(out, typed ? "'%s'::uuid" : "'%s'", capo_uuid_text(value.uuid));
            return;
        }
        capo_put_char(out, '\'');
        put_hex(out, value.uuid->bytes, 16);
        capo_put_char(out, '\'');
        return;
    case VALUE_LIST: case VALUE_MAP: {
        const char *json = capo_json_text(value, 0);
        put_text(out, json, strlen(json));
        return;
    }
    case VALUE_OBJECT:
        break;
    }
    capo_raise(ERROR_VALUE, "A schema cannot hold a value of this kind.");
}
