/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameters that are arrays: a list whose tag is the OID of an array's type, with members of just that type (postgresql_rows.c). In the binary form of
 * PostgreSQL's array_recv(): dimensions, whether there are nulls, the members' type, size and lower bound; then each with its size before it. */
#include "postgresql.h"
#include <string.h>

enum { HEADER = 20 };

/* size: of a member, 0: each has its own; -1: written as text. */
static const struct ArrayForm { Oid array, member; int size; } forms[] = {
    { 1000, 16, 1 }, { 1001, 17, 0 }, { 1005, 21, 2 }, { 1007, 23, 4 }, { 1009, 25, 0 }, { 1016, 20, 8 }, { 1022, 701, 8 }, { 1182, 1082, 4 },
    { 1183, 1083, 8 }, { 1185, 1184, 8 }, { 1187, 1186, 16 }, { 1231, 1700, -1 }, { 2951, 2950, 16 }, { 3807, 3802, 0 },
};

static char *put_number(char *out, uint64_t number, int bytes)
{
    for (int i = bytes; i-- > 0; number >>= 8)
        out[i] = (char)number;
    return out + bytes;
}

static size_t size_of(const struct ArrayForm *form, Value value)
{
    return value.kind == VALUE_NULL ? 0 : form->size ? (size_t)form->size : value.size + (form->member == 3802);
}

static char *put_member(char *out, const struct ArrayForm *form, Value value)
{
    uint64_t bits;
    switch (value.kind) {
    case VALUE_BOOL:
        return put_number(out, value.boolean, 1);
    case VALUE_INT:
        return put_number(out, (uint64_t)value.integer, form->size);
    case VALUE_REAL:
        memcpy(&bits, &value.real, 8);
        return put_number(out, bits, 8);
    case VALUE_DATE:
        return put_number(out, (uint64_t)(int64_t)(value.date.days - EPOCH_DAYS), 4);
    case VALUE_TIME:
        return put_number(out, (uint64_t)value.time.microseconds, 8);
    case VALUE_DATETIME:
        return put_number(out, (uint64_t)(value.datetime.microseconds - EPOCH_DAYS * DAY_US), 8);
    case VALUE_DURATION:                    /* microseconds, days, months */
        out = put_number(out, (uint64_t)(value.duration.microseconds % DAY_US), 8);
        return put_number(put_number(out, (uint64_t)(value.duration.microseconds / DAY_US), 4), 0, 4);
    case VALUE_UUID:
        return (char *)memcpy(out, value.uuid->bytes, 16) + 16;
    default:                                /* text, bytes, and a document with the version of its form before it */
        if (form->member == 3802)
            *out++ = 1;
        return (value.size ? (char *)memcpy(out, value.text, value.size) : out) + value.size;
    }
}

static const char *as_text(const List *list, size_t *ret_size)
{
    Buffer out = { 0 };
    for (size_t i = 0; i < list->count; i++) {
        capo_put(&out, i ? "," : "{");
        capo_put(&out, list->items[i].kind == VALUE_NULL ? "NULL" : list->items[i].decimal.text);
    }
    capo_put(&out, list->count ? "}" : "{}");
    *ret_size = out.size;
    return capo_buffer_text(&out);
}

bool pg_encode_array(Value value, const char **ret, int *ret_size, int *ret_format)
{
    const struct ArrayForm *form = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].array == value.tag)
            form = &forms[i];
    if (!form || value.kind != VALUE_LIST)
        return false;
    const List *list = value.list;
    size_t size = (list->count ? HEADER : 12) + 4 * list->count;
    *ret_format = form->size >= 0;
    if (form->size < 0) {
        *ret = as_text(list, &size);
    } else {
        for (size_t i = 0; i < list->count; i++)
            size += size_of(form, list->items[i]);
        char *out = capo_regrow(NULL, 0, size);
        *ret = out;
        out = put_number(put_number(put_number(out, list->count ? 1 : 0, 4), 1, 4), form->member, 4);
        if (list->count)
            out = put_number(put_number(out, list->count, 4), 1, 4);
        for (size_t i = 0; i < list->count; i++) {
            Value member = list->items[i];
            bool null = member.kind == VALUE_NULL;
            out = put_number(out, null ? UINT32_MAX : size_of(form, member), 4);
            out = null ? out : put_member(out, form, member);
        }
    }
    if (size > INT32_MAX)
        return false;
    *ret_size = (int)size;
    return true;
}
