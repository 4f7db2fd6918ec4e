/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups and transforms of arrays, hstores and ranges, as rows of SQL: "$1" is the left side, "$2" what it is compared with.
 *
 * To add one: a row of lookups[], or of parts[]. */
#include "functions.h"
#include <capo/expressions.h>
#include <stdlib.h>
#include <string.h>

typedef enum Family { ARRAYS = 1, HSTORES = 2, RANGES = 4, ENDS = 8 } Family;       /* ENDS: what the ends of a range can be */
/* What the right side is bound as. RIGHT_SAME: as the left one. */
typedef enum Right { RIGHT_SAME, RIGHT_END, RIGHT_KEY, RIGHT_KEYS, RIGHT_RANGE } Right;

static const struct OwnRow { const char *name; Family family; Right right; const char *sql; } lookups[] = {
    { "contains", ARRAYS | HSTORES | RANGES, RIGHT_SAME, "$1 @> $2" },
    { "contained_by", ARRAYS | HSTORES | RANGES, RIGHT_SAME, "$1 <@ $2" },
    { "contained_by", ENDS, RIGHT_RANGE, "$1 <@ $2" },
    { "overlap", ARRAYS | RANGES, RIGHT_SAME, "$1 && $2" },
    { "has_key", HSTORES, RIGHT_KEY, "$1 ? $2" },
    { "has_keys", HSTORES, RIGHT_KEYS, "$1 ?& $2" },
    { "has_any_keys", HSTORES, RIGHT_KEYS, "$1 ?| $2" },
    { "fully_lt", RANGES, RIGHT_SAME, "$1 << $2" },
    { "fully_gt", RANGES, RIGHT_SAME, "$1 >> $2" },
    { "not_lt", RANGES, RIGHT_SAME, "$1 &> $2" },
    { "not_gt", RANGES, RIGHT_SAME, "$1 &< $2" },
    { "adjacent_to", RANGES, RIGHT_SAME, "$1 -|- $2" },
};

/* What a part gives: a kind, or what the members or ends are. */
static const struct PartRow { const char *name; Family family; FieldKind gives; const char *sql; } parts[] = {
    { "len", ARRAYS, FIELD_INTEGER, "(CASE WHEN $1 IS NULL THEN NULL ELSE COALESCE(ARRAY_LENGTH($1, 1), 0) END)" },
    { "keys", HSTORES, FIELD_ARRAY, "AKEYS($1)" },
    { "values", HSTORES, FIELD_ARRAY, "AVALS($1)" },
    { "startswith", RANGES, FIELD_NONE, "LOWER($1)" },
    { "endswith", RANGES, FIELD_NONE, "UPPER($1)" },
    { "isempty", RANGES, FIELD_BOOLEAN, "ISEMPTY($1)" },
    { "lower_inc", RANGES, FIELD_BOOLEAN, "LOWER_INC($1)" },
    { "lower_inf", RANGES, FIELD_BOOLEAN, "LOWER_INF($1)" },
    { "upper_inc", RANGES, FIELD_BOOLEAN, "UPPER_INC($1)" },
    { "upper_inf", RANGES, FIELD_BOOLEAN, "UPPER_INF($1)" },
};

static Family family_of(FieldKind kind)
{
    switch (kind) {
    case FIELD_ARRAY: return ARRAYS;
    case FIELD_HSTORE: return HSTORES;
    case FIELD_DECIMAL: case FIELD_FLOAT: case FIELD_DATE: case FIELD_DATETIME: return ENDS;
    default: return capo_field_is_range(kind) ? RANGES : capo_field_is_integer(kind) ? ENDS : 0;
    }
}

static const struct OwnRow *row_of(const Expression *left, const char *name)
{
    Family family = left->related ? 0 : family_of(left->type.kind);
    for (size_t i = 0; family && i < sizeof lookups / sizeof *lookups; i++)
        if ((lookups[i].family & family) && !strcmp(lookups[i].name, name))
            return &lookups[i];
    return NULL;
}

static const struct PartRow *part_of(const Expression *left, const char *name)
{
    Family family = left->related ? 0 : family_of(left->type.kind);
    for (size_t i = 0; family && i < sizeof parts / sizeof *parts; i++)
        if ((parts[i].family & family) && !strcmp(parts[i].name, name))
            return &parts[i];
    return NULL;
}

/* --- transforms --- */

static Expression *part(const char *name, const char *sql, Expression **args, size_t n_args, OutputType type)
{
    DatabaseFunction *function = capo_alloc_struct(DatabaseFunction);
    FunctionRow *row = capo_alloc_struct(FunctionRow);
    *function = (DatabaseFunction){ .name = name, .sql = "", .postgresql = sql, .least = (int)n_args, .most = (int)n_args };
    *row = (FunctionRow){ .name = name, .sql = "", .own = function, .gives = GIVES_KIND, .kind = type.kind, .least = (int)n_args, .most = (int)n_args };
    Expression *call = expression_call_of(row, args, n_args);
    call->type = type;
    return call;
}

static OutputType type_of_members(const Expression *of)
{
    const Field *base = of->type.field ? of->type.field->base : NULL;
    return base ? type_of_field(base) : type_of(FIELD_TEXT);
}

/* "3" or "1_3", of an array: its members count from 0 in paths and from 1 in the database. False: it is none. */
static bool read_slice(const char *name, long *ret_from, long *ret_to)
{
    char *end;
    if (*name < '0' || *name > '9')
        return false;
    *ret_from = *ret_to = strtol(name, &end, 10);
    if (*end == '_' && end[1] >= '0' && end[1] <= '9')
        *ret_to = strtol(end + 1, &end, 10);
    else if (!*end)
        *ret_to = -1;
    return !*end && *ret_from < 1000000000 && *ret_to < 1000000000;
}

Expression *postgresql_part(Expression *of, const char *name)
{
    long from, to;
    const struct PartRow *row = part_of(of, name);
    if (row)
        return part(row->name, row->sql, &of, 1, row->gives ? type_of(row->gives) : type_of_members(of));
    if (of->type.kind == FIELD_ARRAY && read_slice(name, &from, &to)) {
        /* Subscripts of one array stand behind each other: in brackets the first would give no array for the second. */
        const char *array = of->kind == X_CALL && !strcmp(of->name, "member") ? "$1" : "($1)";
        return part(to < 0 ? "member" : "slice", to < 0 ? capo_format("%s[%ld]", array, from + 1) : capo_format("%s[%ld:%ld]", array, from + 1, to), &of, 1,
                    to < 0 ? type_of_members(of) : of->type);
    }
    if (of->type.kind == FIELD_HSTORE && !of->related)
        return part("key", "($1 -> $2)", (Expression *[]){ of, expression_value(capo_value_text(capo_strdup(name)), type_of(FIELD_TEXT)) }, 2, type_of(FIELD_TEXT));
    return NULL;
}

/* --- look-ups --- */

bool postgresql_has_part(const Expression *left, const char *name) { return part_of(left, name) != NULL; }

const LookupRow *postgresql_lookup(const Expression *left, const char *name)
{
    const struct OwnRow *row = row_of(left, name);
    if (!row)
        return NULL;
    DatabaseLookup *own = capo_alloc_struct(DatabaseLookup);
    LookupRow *lookup = capo_alloc_struct(LookupRow);
    *own = (DatabaseLookup){ .name = row->name, .of = left->type.kind, .sql = "", .postgresql = row->sql };
    *lookup = (LookupRow){ .name = row->name, .code = LOOKUP_OWN, .own = own };
    return lookup;
}

/* With another right side than the row's: "CAST($2 AS date)". */
static const LookupRow *with_sql(const LookupRow *row, const char *sql)
{
    DatabaseLookup *own = capo_memdup(row->own, sizeof *own);
    LookupRow *lookup = capo_memdup(row, sizeof *lookup);
    own->postgresql = sql;
    lookup->own = own;
    return lookup;
}

static FieldKind range_of(FieldKind kind)
{
    return kind == FIELD_DATE ? FIELD_DATE_RANGE : kind == FIELD_DATETIME ? FIELD_DATETIME_RANGE : kind == FIELD_DECIMAL || kind == FIELD_FLOAT ? FIELD_DECIMAL_RANGE
        : kind == FIELD_BIG_INTEGER || kind == FIELD_BIG_AUTO || kind == FIELD_POSITIVE_BIG_INTEGER ? FIELD_BIG_INTEGER_RANGE : FIELD_INTEGER_RANGE;
}

/* What such a range has at its ends: of numbers, integer, bigint and numeric. */
static const Field *end_of(FieldKind kind)
{
    FieldKind range = range_of(kind);
    return plain_field(type_of(range == FIELD_INTEGER_RANGE ? FIELD_INTEGER : range == FIELD_BIG_INTEGER_RANGE ? FIELD_BIG_INTEGER : range == FIELD_DECIMAL_RANGE ? FIELD_DECIMAL : kind));
}

static const char *cast_to(const Field *field) { return capo_format("CAST($2 AS %s)", capo_dialect()->column_type(field)); }

static const LookupRow *with_end(const LookupRow *row, FieldKind kind)
{
    return with_sql(row, capo_format("CAST($1 AS %s) <@ $2", capo_dialect()->column_type(end_of(kind))));
}

/* The database compares arrays and ranges of one type: the column's, whatever is beside it. */
const LookupRow *postgresql_lookup_of_expression(const LookupRow *row, const Expression *left)
{
    const struct OwnRow *own = row->code == LOOKUP_OWN ? row_of(left, row->name) : NULL;
    const Field *field = left->type.field;
    if (own && own->right == RIGHT_RANGE)
        return with_end(row, left->type.kind);
    return own && own->right == RIGHT_SAME && left->type.kind == FIELD_ARRAY && field && field->base
        ? with_sql(row, capo_format("%.6s%s", own->sql, cast_to(field))) : row;
}

/* What is compared with all members, however deep they lie, may be a plain list: of the array within. */
static const Field *array_of(const Field *field, Value value)
{
    bool is_plain = value.kind == VALUE_LIST && value.list->count && value.list->items[0].kind != VALUE_LIST;
    while (is_plain && field->base && field->base->kind == FIELD_ARRAY)
        field = field->base;
    return field;
}

Expression *postgresql_compare(const LookupRow *row, Expression *left, Value value)
{
    const struct OwnRow *own = row_of(left, row->name);
    const Field *field = left->type.field ? left->type.field : plain_field(left->type);
    if (value.kind == VALUE_OBJECT && !capo_value_range(value))
        return NULL;
    if (!own) {                                                     /* exact, gt, …: as the column is */
        return row->code == LOOKUP_ISNULL || row->code == LOOKUP_IN || row->code == LOOKUP_RANGE || row->pattern ? NULL
            : expression_lookup(row, left, capo_is_null(value) ? value : capo_field_to_python(field, value), NULL);
    }
    switch (own->right) {
    case RIGHT_KEY:
        return expression_lookup(row, left, capo_value_null(), expression_value(capo_value_to_text(value), type_of(FIELD_TEXT)));
    case RIGHT_KEYS: {
        List *keys = capo_list_new();
        for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
            capo_list_add(keys, capo_value_to_text(value.list->items[i]));
        if (value.kind != VALUE_LIST)
            capo_raise(ERROR_VALUE, "The look-up '%s' takes a list of keys.", row->name);
        return expression_lookup(row, left, capo_value_null(), expression_value(capo_value_list(keys), type_of(FIELD_ARRAY)));
    }
    case RIGHT_RANGE: {
        Field *range = capo_memdup(plain_field(type_of(range_of(left->type.kind))), sizeof *range);
        range->base = (Field *)end_of(left->type.kind);
        OutputType type = { .kind = range->kind, .field = range, .places = -1 };
        return expression_lookup(with_end(row, left->type.kind), left, capo_value_null(), expression_value(capo_held_to_python(range, value), type));
    }
    default:
        break;
    }
    bool is_end = capo_field_is_range(left->type.kind) && !capo_value_range(value) && value.kind != VALUE_LIST && value.kind != VALUE_MAP && field->base
        && !strcmp(row->name, "contains");
    if (is_end)
        return expression_lookup(with_sql(row, capo_format("$1 @> %s", cast_to(field->base))), left, capo_value_null(),
                                 expression_value(capo_field_to_python(field->base, value), type_of_field(field->base)));
    const Field *within = array_of(field, value);
    return expression_lookup(row, left, capo_value_null(), expression_value(capo_field_to_python(within, value), within == field ? left->type : type_of_field(within)));
}

const LookupRow *postgresql_lookup_of_query(const LookupRow *row, const Expression *left)
{
    return left->type.kind == FIELD_ARRAY && row->code == LOOKUP_OWN ? with_sql(row, capo_format("%.6sARRAY$2", row->own->postgresql)) : row;
}

/* --- ARRAY(SELECT …) --- */

Value capo_array_subquery(Query *query)
{
    Expression *subquery = value_expression(capo_subquery(query));
    return capo_value_object(&part("ArraySubquery", "ARRAY$1", &subquery, 1, type_of(FIELD_ARRAY))->object);
}
