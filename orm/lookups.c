/* SPDX-License-Identifier: BSD-3-Clause */
/* The look-ups and transforms that a path may end with, and what values each kind of column takes in them.
 *
 * To add a look-up: a row here and its spelling in the backends' operators. To add a transform: a row here and the backends'
 * put_extract. */
#include "query.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const LookupRow lookups[] = {
    { .name = "exact", .code = LOOKUP_EXACT },
    { .name = "iexact", .code = LOOKUP_IEXACT, .pattern = true },
    { .name = "contains", .code = LOOKUP_CONTAINS, .pattern = true, .left_wild = "%", .right_wild = "%" },
    { .name = "icontains", .code = LOOKUP_ICONTAINS, .pattern = true, .left_wild = "%", .right_wild = "%" },
    { .name = "startswith", .code = LOOKUP_STARTSWITH, .pattern = true, .right_wild = "%" },
    { .name = "istartswith", .code = LOOKUP_ISTARTSWITH, .pattern = true, .right_wild = "%" },
    { .name = "endswith", .code = LOOKUP_ENDSWITH, .pattern = true, .left_wild = "%" },
    { .name = "iendswith", .code = LOOKUP_IENDSWITH, .pattern = true, .left_wild = "%" },
    { .name = "regex", .code = LOOKUP_REGEX },
    { .name = "iregex", .code = LOOKUP_IREGEX },
    { .name = "gt", .code = LOOKUP_GT, .ordered = true },
    { .name = "gte", .code = LOOKUP_GTE, .ordered = true },
    { .name = "lt", .code = LOOKUP_LT, .ordered = true },
    { .name = "lte", .code = LOOKUP_LTE, .ordered = true },
    { .name = "in", .code = LOOKUP_IN },
    { .name = "range", .code = LOOKUP_RANGE },
    { .name = "isnull", .code = LOOKUP_ISNULL },
    { .name = "contains", .code = LOOKUP_JSON_CONTAINS, .json_only = true },
    { .name = "contained_by", .code = LOOKUP_JSON_CONTAINED_BY, .json_only = true },
    { .name = "has_key", .code = LOOKUP_HAS_KEY, .json_only = true },
    { .name = "has_keys", .code = LOOKUP_HAS_KEYS, .json_only = true },
    { .name = "has_any_keys", .code = LOOKUP_HAS_ANY_KEYS, .json_only = true },
};

static const TransformRow transforms[] = {
    { .name = "year", .code = PART_YEAR, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "iso_year", .code = PART_ISO_YEAR, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "quarter", .code = PART_QUARTER, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "month", .code = PART_MONTH, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "week", .code = PART_WEEK, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "day", .code = PART_DAY, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "week_day", .code = PART_WEEK_DAY, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "iso_week_day", .code = PART_ISO_WEEK_DAY, .of_date = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "hour", .code = PART_HOUR, .of_time = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "minute", .code = PART_MINUTE, .of_time = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "second", .code = PART_SECOND, .of_time = true, .of_datetime = true, .gives = FIELD_INTEGER },
    { .name = "date", .code = PART_DATE, .of_datetime = true, .gives = FIELD_DATE },
    { .name = "time", .code = PART_TIME, .of_datetime = true, .gives = FIELD_TIME },
};

static const TransformRow key_transform = { .name = "key", .code = PART_KEY, .gives = FIELD_JSON };
static const TransformRow key_text_transform = { .name = "key_text", .code = PART_KEY_TEXT, .gives = FIELD_TEXT };
static const TransformRow trunc_transform = { .name = "trunc", .code = TRUNC, .of_date = true, .of_datetime = true, .of_time = true };
static const char *const trunc_kinds[] = { "year", "quarter", "month", "week", "day", "hour", "minute", "second", "date", "time" };

const LookupRow *lookup_row(LookupCode code)
{
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        if (lookups[i].code == code)
            return &lookups[i];
    capo_bug("There is no look-up number %d.", (int)code);
}

const LookupRow *lookup_find(const char *name)
{
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        if (!lookups[i].json_only && !strcmp(lookups[i].name, name))
            return &lookups[i];
    return NULL;
}

static bool is_key(const Expression *expression)
{
    return expression->kind == X_TRANSFORM && expression->transform->code == PART_KEY;
}

/* Look-ups of JSON documents; a key of one also has those of texts and numbers. */
static const LookupRow *find_for(const Expression *left, const char *name)
{
    const LookupRow *own = postgresql_lookup(left, name);
    if (own)
        return own;
    if (postgresql_has_part(left, name))
        return NULL;
    if (left->type.kind == FIELD_JSON && !left->related)
        for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
            if (lookups[i].json_only && !strcmp(lookups[i].name, name))
                return &lookups[i];
    const LookupRow *row = lookup_find(name);
    if (row && lookup_applies(row, left))
        return row;
    return left->related ? NULL : own_lookup(left, name);
}

bool lookup_applies(const LookupRow *row, const Expression *left)
{
    if (left->related)
        return row->code == LOOKUP_EXACT || row->code == LOOKUP_IN || row->ordered || row->code == LOOKUP_ISNULL;
    return !row->json_only || left->type.kind == FIELD_JSON;
}

/* What Python's int() reads: digits with a sign, with single underscores between and spaces around. */
bool text_is_index(const char *text, int *ret)
{
    int64_t number = 0;
    text = capo_strip(text);
    bool minus = *text == '-';
    if (minus || *text == '+')
        text++;
    if (*text < '0' || *text > '9')
        return false;
    for (; *text; text++) {
        if (*text == '_' && text[1] >= '0' && text[1] <= '9')
            text++;
        if (*text < '0' || *text > '9' || number > 99999999)
            return false;
        number = 10 * number + *text - '0';
    }
    *ret = (int)(minus ? -number : number);
    return true;
}

static Expression *transform_new(const TransformRow *row, const char *name, Expression *of, FieldKind gives)
{
    Expression *expression = expression_new(X_TRANSFORM);
    expression->transform = row;
    expression->name = name;
    expression->args = capo_memdup(&of, sizeof of);
    expression->n_args = 1;
    expression->type = type_of(gives);
    return expression;
}

static bool applies(const TransformRow *row, FieldKind kind)
{
    return (kind == FIELD_DATE && row->of_date) || (kind == FIELD_DATETIME && row->of_datetime) || (kind == FIELD_TIME && row->of_time);
}

Expression *transform_apply(Expression *of, const char *name)
{
    if (of->related)
        return NULL;
    if (of->type.kind == FIELD_JSON)
        return transform_new(&key_transform, name, of, FIELD_JSON);
    Expression *part = postgresql_part(of, name);
    if (part)
        return part;
    for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++)
        if (!strcmp(transforms[i].name, name) && applies(&transforms[i], of->type.kind))
            return transform_new(&transforms[i], name, of, transforms[i].gives);
    bool bilateral;
    return own_transform(of, name, &bilateral);
}

/* A transform that is meant for both sides of its look-up. */
static bool is_bilateral(const Expression *of, const char *name)
{
    bool bilateral = false;
    return of->type.kind != FIELD_JSON && !of->related && own_transform((Expression *)of, name, &bilateral) && bilateral;
}

static Value both_sides(Expression *of, const char *name, Value value)
{
    bool bilateral;
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, both_sides(of, name, value.list->items[i]));
        return capo_value_list(list);
    }
    if (capo_is_null(value) || value.kind == VALUE_BOOL || value_query(value))
        return value;
    Expression *right = value_expression(value);
    right = right ? right : expression_value(value, type_of(of->type.kind));
    Expression *call = own_transform(right, name, &bilateral);
    return call ? capo_value_object(&call->object) : value;
}

/* "[2:5]" of a text or an array; of what is not resolved yet, a transform with that name. */
static Expression *slice_of(const char *name, Expression *of)
{
    int from = 0, to = -1;
    sscanf(name, "[%d:%d]", &from, &to);
    if (!of->type.kind) {
        Expression *later = expression_new(X_TRANSFORM);
        later->name = name;
        later->args = capo_memdup(&of, sizeof of);
        later->n_args = 1;
        return later;
    }
    if (of->type.kind == FIELD_ARRAY)
        return postgresql_part(of, capo_format("%d_%d", from, to < 0 ? INT32_MAX / 4 : to));
    if (!capo_field_is_text(of->type.kind))
        capo_raise(ERROR_VALUE, "%s does not support slicing.", capo_field_kind_name(of->type.kind));
    Expression *args[] = { of, expression_value(capo_value_int(from + 1), type_of(FIELD_INTEGER)), expression_value(capo_value_int(to - from), type_of(FIELD_INTEGER)) };
    Expression *call = expression_call("Substr", args, to < 0 ? 2 : 3);
    expression_infer(call);
    return call;
}

/* A day has no hours to cut off, and a time of day no month: most likely a mistake. */
static void check_truncation(const Expression *of, const char *name, FieldKind gives)
{
    static const char *const times[] = { "hour", "minute", "second", "time", NULL };
    static const char *const dates[] = { "year", "quarter", "month", "week", "day", "date", NULL };
    FieldKind kind = of->type.kind;
    if (!kind)
        return;
    if (kind != FIELD_DATE && kind != FIELD_DATETIME && kind != FIELD_TIME)
        capo_raise(ERROR_VALUE, "A %s is no DateField, TimeField or DateTimeField, which alone can be truncated.", capo_field_kind_name(kind));
    if (gives != FIELD_DATE && gives != FIELD_DATETIME && gives != FIELD_TIME)
        capo_raise(ERROR_VALUE, "A truncation gives a DateField, TimeField or DateTimeField, not a %s.", capo_field_kind_name(gives));
    const char *const *cut = kind == FIELD_DATE ? times : kind == FIELD_TIME ? dates : NULL;
    bool cannot = cut && gives == FIELD_DATETIME;
    for (; cut && *cut && !cannot; cut++)
        cannot = !strcmp(*cut, name);
    if (cannot)
        capo_raise(ERROR_VALUE, "Cannot truncate a %s to the %s of a %s.", capo_field_kind_name(kind), name, capo_field_kind_name(gives));
}

/* Extract and Trunc as functions: the name comes from a fixed list, never from outside. */
Expression *transform_named(const char *name, FieldKind gives, Expression *of, const TimeZone *zone, bool truncate)
{
    Expression *expression = NULL;
    if (*name == '[' && !truncate)
        return slice_of(name, of);
    if (!strcmp(name, "key_text") && of->kind == X_TRANSFORM)
        expression = transform_new(&key_text_transform, of->name, of->args[0], FIELD_TEXT);
    for (size_t i = 0; truncate && i < sizeof trunc_kinds / sizeof *trunc_kinds; i++)
        if (!strcmp(trunc_kinds[i], name))
            expression = transform_new(&trunc_transform, trunc_kinds[i], of, gives ? gives : of->type.kind);
    if (!truncate && !expression && !of->type.kind)
        for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++)
            if (!strcmp(transforms[i].name, name))
                expression = transform_new(&transforms[i], name, of, transforms[i].gives);
    if (!truncate && !expression)
        expression = transform_apply(of, name);
    FieldKind kind = of->type.kind;
    if (zone && kind && kind != FIELD_DATETIME)
        capo_raise(ERROR_VALUE, "A time zone can only be used with a DateTimeField, not with a %s.", capo_field_kind_name(kind));
    if (truncate && expression)
        check_truncation(of, name, expression->type.kind);
    if (!expression)
        capo_raise(ERROR_VALUE, "'%s' is no part that %s of a %s has.", name, truncate ? "a truncation" : "an extraction",
                   of->type.kind ? capo_field_kind_name(of->type.kind) : "value");
    expression->zone = zone;
    return expression;
}

/* --- values ---------------------------------------------------------------------------------------------------------------------- */

static const char *field_words(const Expression *left)
{
    const Field *field = left->kind == X_COLUMN ? left->column : left->type.field;
    return field ? capo_format("Field '%s'", field->name) : "A number";
}

static _Noreturn void raise_no_number(const Expression *left, Value value)
{
    Buffer text = { 0 };
    capo_put_repr(&text, value);
    capo_raise(ERROR_VALUE, "%s expected a number but got %s.", field_words(left), capo_buffer_text(&text));
}

/* Whether comparisons with 2.5 are made with the next whole number; years are compared without what is behind the point. */
static bool rounds_up(const Expression *left, LookupCode code)
{
    bool year = left->kind == X_TRANSFORM && (left->transform->code == PART_YEAR || left->transform->code == PART_ISO_YEAR);
    return (code == LOOKUP_GTE || code == LOOKUP_LT) && !year;
}

/* A whole number; one too large for a column stays a decimal, which the compiler knows to be out of range. Of a decimal, unlike of a
 * float, what is behind the point is always left out. */
static Value prepare_integer(const Expression *left, Value value, LookupCode code)
{
    Value whole;
    if (value.kind == VALUE_INT)
        return value;
    if (value.kind == VALUE_REAL) {
        if (isnan(value.real) || isinf(value.real))
            raise_no_number(left, value);
        double real = rounds_up(left, code) ? ceil(value.real) : trunc(value.real);
        if (real >= -9.2e18 && real <= 9.2e18)
            return capo_value_int((int64_t)real);
        return capo_value_decimal((Decimal){ capo_format("%.0f", real) });
    }
    if ((value.kind == VALUE_BOOL || value.kind == VALUE_DECIMAL || capo_is_text(value)) && !capo_is_special(value) && capo_to_whole(value, &whole))
        return whole;
    raise_no_number(left, value);
}

/* A text that is a whole number in a way that Python reads beside the usual ones: "1_000", "１２". */
static Value usual_number(Value value)
{
    Value whole;
    double real;
    return capo_is_text(value) && !capo_to_real(value, &real) && capo_to_whole(value, &whole) ? whole : value;
}

/* UUID(int=1) */
static Value uuid_of_number(Value value)
{
    Value whole;
    if ((value.kind != VALUE_INT && value.kind != VALUE_BOOL && !(value.kind == VALUE_DECIMAL && value.flags & VALUE_FLAG_WHOLE)) || !capo_to_whole(value, &whole))
        return value;
    const char *hex = capo_whole_text(whole, 16);
    return *hex == '-' || strlen(hex) > 32 ? value : capo_value_text(capo_format("%.*s%s", (int)(32 - strlen(hex)), "00000000000000000000000000000000", hex));
}

static const Field *field_for(const Expression *left)
{
    if (left->type.field)
        return left->type.field;
    Field *field = capo_alloc_struct(Field);                        /* what a computed value of this kind takes */
    field->kind = left->type.kind;
    field->name = field->attname = field->label = field->verbose_name = "value";
    field->null = field->kind != FIELD_BOOLEAN;                     /* "" is no truth value */
    field->max_digits = 1000;
    field->decimal_places = left->type.places >= 0 ? left->type.places : 0;
    return field;
}

Value lookup_prepare(const Expression *left, Value value, LookupCode code)
{
    FieldKind kind = left->type.kind;
    if (capo_field_is_integer(kind))
        return prepare_integer(left, value, code);
    if (kind == FIELD_FLOAT || kind == FIELD_DECIMAL)
        value = usual_number(value);
    switch (kind) {
    case FIELD_NONE: case FIELD_JSON:
        return value;
    case FIELD_FLOAT: {
        double real;
        if (value.kind == VALUE_OBJECT || !capo_to_real(value, &real))
            raise_no_number(left, value);
        return capo_value_real(real);
    }
    case FIELD_CHAR: case FIELD_TEXT: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_FILE: case FIELD_IMAGE:
        return capo_is_text(value) ? value : capo_value_to_text(value);
    case FIELD_DECIMAL:
        if (!left->type.field) {                                    /* computed: no number of digits to round to */
            Decimal decimal;
            if (value.kind == VALUE_INT || value.kind == VALUE_REAL)
                return value;
            if (capo_is_text(value) && capo_parse_decimal(value.text, &decimal))
                return capo_value_decimal(decimal);
        }
        return capo_field_to_python(field_for(left), value);
    case FIELD_BINARY:
        return value;
    case FIELD_UUID:
        return capo_field_to_python(field_for(left), uuid_of_number(value));
    case FIELD_BOOLEAN:
        if (value.kind == VALUE_DECIMAL && (capo_equal(value, capo_value_int(1)) || capo_equal(value, capo_value_int(0))))
            return capo_value_bool(capo_truth(value));
        return capo_field_to_python(field_for(left), value);
    case FIELD_DURATION:
        if (capo_is_text(value) && capo_dialect()->intervals)
            return value;                                           /* the database reads it, and more forms than Django does */
        if (capo_is_text(value))
            capo_raise(ERROR_VALUE, "A duration is compared with a duration, not with the text %s: %s has no type for it that reads texts.", value.text,
                       capo_backend()->title);
        return capo_field_to_python(field_for(left), value);
    default:
        return capo_field_to_python(field_for(left), value);
    }
}

/* An instance stands for the key that the column refers to. */
static Value normalize_related(const Expression *left, Value value)
{
    if (!capo_is_instance(value))
        return value;
    Instance *instance = (Instance *)(void *)value.object;
    if (!left->related)
        raise_no_number(left, capo_value_text(capo_instance_text(instance)));
    if (instance->model != left->related)
        capo_raise(ERROR_VALUE, "Cannot query \"%s\": Must be \"%s\" instance.", capo_instance_text(instance), left->related->name);
    const Field *column = left->column;                             /* our key to it; or its own key, over a reverse relation */
    bool own = !capo_field_is_relation(column->kind) || (column->primary_key && column->model == left->related && column->target != left->related);
    Value key = capo_field_value(instance, own ? column : column->target_field);
    bool unset = key.kind == VALUE_INT && !key.integer && !capo_instance_is_saved(instance);
    if (capo_is_null(key) || unset)                                 /* a key that a user chose is one before its row is saved */
        capo_raise(ERROR_VALUE, "Model instances passed to related filters must be saved.");
    return key;
}

/* The query of `in` and of comparisons gives one column. */
static Query *one_column(const Expression *left, Query *query, const LookupRow *row)
{
    if (left->related && !query->values && !query->n_explicit_select && query->model != left->related)
        capo_raise(ERROR_VALUE, "Cannot use QuerySet for \"%s\": Use a QuerySet for \"%s\".", query->model->name, left->related->name);
    if (row->code == LOOKUP_EXACT && query->limit != 1)
        capo_raise(ERROR_VALUE, "The QuerySet value for an exact lookup must be limited to one result using slicing.");
    if (query->values || query->n_explicit_select) {
        size_t columns = query->values ? query->n_selected : query->n_explicit_select;
        if (columns != 1)
            capo_raise(ERROR_VALUE, "The QuerySet value for the %s lookup must have 1 selected fields (received %zu)", row->name, columns);
        return query;
    }
    const Field *target = query->model->pk;
    if (target->kind == FIELD_COMPOSITE_KEY && !left->related)
        capo_raise(ERROR_VALUE, "The QuerySet value for the %s lookup must have 1 selected fields (received %zu)", row->name, target->n_parts);
    if (left->related && capo_field_is_relation(left->column->kind) && left->column->target == query->model)
        target = left->column->target_field;
    Query *copy = query_clone(query);
    query_set_values(copy, (const char *[]){ target->attname }, 1);
    return copy;
}

static Value prepare_list(const Expression *left, Value value, const LookupRow *row)
{
    if (value.kind == VALUE_NULL || (value.kind != VALUE_LIST && (capo_is_text(value) || !capo_iterable(value))))
        capo_raise(ERROR_VALUE, "The look-up '%s' takes a list of values.", row->name);
    List *given = value.kind == VALUE_LIST ? value.list : capo_list_of(value), *list = capo_list_new();
    Map *seen = capo_map_new();
    for (size_t i = 0; i < given->count; i++) {
        Value item = given->items[i];
        if (capo_is_null(item) && row->code == LOOKUP_IN)
            continue;
        if (!value_expression(item) && !capo_is_null(item)) {                   /* no row is BETWEEN 1 AND NULL */
            item = lookup_prepare(left, normalize_related(left, item), LOOKUP_EXACT);
            bool hashable = item.kind == VALUE_INT || item.kind == VALUE_TEXT;
            if (row->code == LOOKUP_IN && hashable) {
                if (capo_map_get_value(seen, item))
                    continue;
                capo_map_set_value(seen, item, item);
            }
        }
        capo_list_add(list, item);
    }
    if (row->code == LOOKUP_RANGE && list->count != 2)
        capo_raise(ERROR_VALUE, "The look-up 'range' takes two values, not %zu.", list->count);
    return capo_value_list(list);
}

static _Noreturn void raise_no_lookup(const Expression *left, const char *name)
{
    if (left->related)
        capo_raise(ERROR_FIELD, "Related Field got invalid lookup: %s", name);
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < sizeof lookups / sizeof *lookups; i++)
        if (lookup_applies(&lookups[i], left))
            names[count++] = lookups[i].name;
    for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++)
        if (applies(&transforms[i], left->type.kind))
            names[count++] = transforms[i].name;
    const char *nearest = capo_nearest(name, names, count);
    capo_raise(ERROR_FIELD, "Unsupported lookup '%s' for %s or join on the field not permitted%s%s%s", name,
               capo_field_kind_name(left->type.kind), nearest ? ", perhaps you meant " : ".", nearest ? nearest : "", nearest ? "?" : "");
}

/* Keys are stored as 32 digits. */
static Value without_hyphens(Value text)
{
    Buffer out = { 0 };
    for (size_t i = 0; i < text.size; i++)
        if (text.text[i] != '-')
            capo_put_char(&out, text.text[i]);
    return capo_value_text_n(capo_buffer_text(&out), out.size);
}

Expression *lookup_build(Expression *left, const char *const *names, size_t n_names, Value value)
{
    const char *name = "exact";
    if (left->kind == X_TUPLE)
        return tuple_lookup(left, names, n_names, value);
    expression_check_type(left);
    for (size_t i = 0; i < n_names; i++) {
        if (i + 1 == n_names && find_for(left, names[i])) {
            name = names[i];
            break;
        }
        Expression *part = transform_apply(left, names[i]);
        if (!part)
            raise_no_lookup(left, names[i]);
        if (is_bilateral(left, names[i]))
            value = both_sides(left, names[i], value);
        left = part;
    }
    const LookupRow *row = find_for(left, name);
    if (!row)
        raise_no_lookup(left, name);

    Expression *right = value_expression(value);
    if (right && right->kind == X_SUBQUERY && row->code == LOOKUP_IN) {
        Expression *lookup = expression_lookup(row, left, capo_value_null(), NULL);
        lookup->query = one_column(left, right->query, row);
        return lookup;
    }
    if (right) {
        if (row->code == LOOKUP_IN || row->code == LOOKUP_RANGE || row->code == LOOKUP_ISNULL)
            capo_raise(ERROR_VALUE, "The look-up '%s' takes no F().", row->name);
        bool document = left->type.kind == FIELD_JSON && right->type.kind == FIELD_JSON && !(is_key(left) && row->ordered);
        bool nothing = right->kind == X_VALUE && capo_is_null(right->value) && !document;      /* NULL, which nothing is equal to */
        if (right->kind == X_VALUE && !left->related && row->code != LOOKUP_OWN && !nothing)
            return lookup_build(left, &row->name, 1, right->value);
        return expression_lookup(postgresql_lookup_of_expression(row, left), left, capo_value_null(), right);
    }
    Query *query = value_query(value);
    if (query) {
        if (row->code == LOOKUP_ISNULL)
            capo_raise(ERROR_VALUE, "The QuerySet value for an isnull lookup must be True or False.");
        Expression *lookup = expression_lookup(postgresql_lookup_of_query(row, left), left, capo_value_null(), NULL);
        lookup->query = one_column(left, query, row);
        return lookup;
    }
    bool json_null = left->type.kind == FIELD_JSON && row->code == LOOKUP_EXACT;
    if (capo_is_null(value) && !json_null) {
        if (row->code != LOOKUP_EXACT && row->code != LOOKUP_IEXACT)
            capo_raise(ERROR_VALUE, "Cannot use None as a query value");
        return expression_lookup(lookup_row(LOOKUP_ISNULL), left, capo_value_bool(true), NULL);
    }
    if (is_key(left) && row->code == LOOKUP_IEXACT && capo_is_null(value))
        return expression_lookup(lookup_row(LOOKUP_ISNULL), left, capo_value_bool(true), NULL);
    if (capo_field_is_postgresqls(left->type.kind) || row->code == LOOKUP_OWN) {
        Expression *compared = row->code == LOOKUP_OWN && !postgresql_lookup(left, row->name) ? NULL : postgresql_compare(row, left, value);
        if (compared)
            return compared;
    }
    switch (row->code) {
    case LOOKUP_OWN:
        value = value.kind == VALUE_LIST ? value : lookup_prepare(left, value, LOOKUP_EXACT);
        break;
    case LOOKUP_ISNULL:
        if (value.kind != VALUE_BOOL)
            capo_raise(ERROR_VALUE, "The QuerySet value for an isnull lookup must be True or False.");
        break;
    case LOOKUP_IN: case LOOKUP_RANGE:
        value = prepare_list(left, value, row);
        break;
    case LOOKUP_JSON_CONTAINS: case LOOKUP_JSON_CONTAINED_BY: case LOOKUP_HAS_KEY:
        break;
    case LOOKUP_HAS_KEYS: case LOOKUP_HAS_ANY_KEYS:
        if (value.kind != VALUE_LIST)
            capo_raise(ERROR_VALUE, "The look-up '%s' takes a list of keys.", row->name);
        break;
    default:
        if (row->pattern || row->code == LOOKUP_REGEX || row->code == LOOKUP_IREGEX) {
            if (value.kind == VALUE_OBJECT)
                capo_raise(ERROR_VALUE, "The look-up '%s' takes a text.", row->name);
            if (!capo_is_text(value) && capo_dialect()->texts_only && (row->code == LOOKUP_IEXACT || row->code == LOOKUP_REGEX || row->code == LOOKUP_IREGEX))
                capo_raise(ERROR_PROGRAMMING, "The look-up '%s' takes a text on %s, not a %s.", row->name, capo_backend()->title, capo_field_kind_name(type_of_value(value).kind));
            value = capo_value_to_text(value);
            if (left->type.kind == FIELD_UUID && row->pattern && !capo_dialect()->native_uuids)
                value = without_hyphens(value);
        } else {
            bool unread = left->type.kind == FIELD_NONE || left->type.kind == FIELD_BINARY;     /* others say themselves what they cannot be */
            if ((value.kind == VALUE_LIST || value.kind == VALUE_MAP) && unread)
                capo_raise(ERROR_VALUE, "The look-up '%s' takes one value, not a list.", row->name);
            bool null = capo_is_null(value);
            value = lookup_prepare(left, normalize_related(left, value), row->code);
            if (!null && capo_is_null(value) && row->code == LOOKUP_EXACT)     /* "" is null to some fields */
                return expression_lookup(lookup_row(LOOKUP_ISNULL), left, capo_value_bool(true), NULL);
            if (!null && capo_is_null(value))
                capo_raise(ERROR_VALUE, "Cannot use None as a query value");
        }
    }
    return expression_lookup(row, left, value, NULL);
}
