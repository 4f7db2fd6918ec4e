/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays, hstores and ranges: between Values and what PostgreSQL reads and writes as text.
 *
 *     array   {1,NULL,"a \"b\""}          a list; of lists where there are dimensions
 *     hstore  "a"=>"1", "b"=>NULL         a map of texts and nulls
 *     range   [1,5)  empty  ["…",)        a ValueRange; what an end is, the field's base says */
#include "internal.h"
#include <stdlib.h>
#include <string.h>

/* --- ranges as objects --- */

static const ObjectOps range_ops;

ValueRange *capo_range(Value lower, Value upper, const char *bounds)
{
    if (strlen(bounds) != 2 || !strchr("[(", bounds[0]) || !strchr("])", bounds[1]))
        capo_raise(ERROR_VALUE, "The bounds of a range are \"[)\", \"[]\", \"(]\" or \"()\", not \"%s\".", bounds);
    ValueRange *range = capo_alloc_struct(ValueRange);
    *range = (ValueRange){ .object.ops = &range_ops, .lower = lower, .upper = upper, .lower_inc = bounds[0] == '[' && !capo_is_null(lower),
                           .upper_inc = bounds[1] == ']' && !capo_is_null(upper) };
    return range;
}

ValueRange *capo_range_empty(void)
{
    ValueRange *range = capo_alloc_struct(ValueRange);
    *range = (ValueRange){ .object.ops = &range_ops, .empty = true };
    return range;
}

ValueRange *capo_value_range(Value value)
{
    return value.kind == VALUE_OBJECT && value.object && value.object->ops == &range_ops ? (ValueRange *)(void *)value.object : NULL;
}

static const char *bounds_of(const ValueRange *range)
{
    return range->lower_inc ? range->upper_inc ? "[]" : "[)" : range->upper_inc ? "(]" : "()";
}

static bool range_get(Object *self, const char *name, size_t size, Value *ret)
{
    const ValueRange *range = (const ValueRange *)(const void *)self;
    const struct { const char *name; Value value; } known[] = {
        { "lower", range->empty ? capo_value_null() : range->lower }, { "upper", range->empty ? capo_value_null() : range->upper },
        { "lower_inc", capo_value_bool(range->lower_inc) }, { "upper_inc", capo_value_bool(range->upper_inc) },
        { "lower_inf", capo_value_bool(!range->empty && capo_is_null(range->lower)) }, { "upper_inf", capo_value_bool(!range->empty && capo_is_null(range->upper)) },
        { "isempty", capo_value_bool(range->empty) }, { "bounds", capo_value_text(bounds_of(range)) },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == size && !memcmp(known[i].name, name, size)) {
            *ret = known[i].value;
            return true;
        }
    return false;
}

static const char *end_text(Value end, const char *none) { return capo_is_null(end) ? none : capo_to_text(end); }

static const char *range_text(Object *self)
{
    const ValueRange *range = (const ValueRange *)(const void *)self;
    const char *bounds = bounds_of(range);
    return range->empty ? "empty" : capo_format("%c%s, %s%c", bounds[0], end_text(range->lower, "None"), end_text(range->upper, "None"), bounds[1]);
}

static bool range_equal(Object *self, Value other)
{
    const ValueRange *a = (const ValueRange *)(const void *)self, *b = capo_value_range(other);
    if (!b || a->empty || b->empty)
        return b && a->empty == b->empty;
    return a->lower_inc == b->lower_inc && a->upper_inc == b->upper_inc && capo_equal(a->lower, b->lower) && capo_equal(a->upper, b->upper);
}

static bool range_truth(Object *self) { return !((const ValueRange *)(const void *)self)->empty; }

static Value range_json(Object *self)
{
    const ValueRange *range = (const ValueRange *)(const void *)self;
    if (range->empty)
        return capo_value_map(capo_map(V("empty", (bool)true)));
    return capo_value_map(capo_map(V("bounds", bounds_of(range)), V("lower", range->lower), V("upper", range->upper)));
}

static const char *const *range_names(Object *self)
{
    (void)self;
    return capo_memdup((const char *const[]){ "lower", "upper", "lower_inc", "upper_inc", "lower_inf", "upper_inf", "isempty", "bounds", NULL }, 9 * sizeof(char *));
}

static const ObjectOps range_ops = {
    .type_name = "Range", .get = range_get, .text = range_text, .truth = range_truth, .equal = range_equal, .json = range_json, .names = range_names,
};

/* --- to text --- */

static const char *member_text(Value value)
{
    char text[64];
    switch (value.kind) {
    case VALUE_BOOL:
        return value.boolean ? "t" : "f";
    case VALUE_REAL:
        return capo_real_text(value.real, 17);
    case VALUE_DATE:
        capo_write_column_date(text, value.date.days);
        return capo_strdup(text);
    case VALUE_TIME:
        capo_write_column_time(text, value.time.microseconds);
        return capo_strdup(text);
    case VALUE_DATETIME:
        capo_write_column_datetime(text, value.datetime.microseconds);
        return capo_format("%s+00", text);
    case VALUE_DURATION:
        return capo_format("%lld days %lld microseconds", (long long)(value.duration.microseconds / DAY_US), (long long)(value.duration.microseconds % DAY_US));
    default:
        return capo_to_text(value);
    }
}

static void put_quoted(Buffer *out, const char *text)
{
    capo_put_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            capo_put_char(out, '\\');
        capo_put_char(out, *text);
    }
    capo_put_char(out, '"');
}

/* Whole: no NUL, at which it would end, and UTF-8. */
static const char *whole_text(const Field *field, Value value)
{
    value = capo_value_to_text(value);
    if (memchr(value.text, '\0', value.size))
        capo_raise(ERROR_VALUE, "The text for the field '%s' contains a NUL character, which databases do not store in text.", field->name);
    if (!capo_utf8_valid(value.text, value.size))
        capo_raise(ERROR_VALUE, "The text for the field '%s' is not valid UTF-8.", field->name);
    return value.text;
}

static void put_array(Buffer *out, const Field *field, const List *list)
{
    bool documents = field && field->base && field->base->kind == FIELD_JSON;      /* a list may be one */
    capo_put_char(out, '{');
    for (size_t i = 0; i < list->count; i++) {
        Value item = list->items[i];
        capo_put(out, i ? "," : "");
        if (capo_is_null(item))
            capo_put(out, documents ? "\"null\"" : "NULL");     /* JSON's own, as for Django */
        else if (item.kind == VALUE_LIST && !documents)
            put_array(out, field && field->base ? field->base : field, item.list);
        else
            put_quoted(out, member_text(field && field->base ? capo_to_column(field->base, item) : capo_is_text(item) ? capo_value_text(whole_text(field, item)) : item));
    }
    capo_put_char(out, '}');
}

static void put_hstore(Buffer *out, const Field *field, const Map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        Value value = map->entries[i].value;
        capo_put(out, i ? "," : "");
        put_quoted(out, whole_text(field, map->entries[i].key));
        capo_put(out, "=>");
        if (capo_is_null(value))
            capo_put(out, "NULL");
        else
            put_quoted(out, whole_text(field, value));
    }
}

static void put_end(Buffer *out, const Field *field, Value end)
{
    if (!capo_is_null(end))
        put_quoted(out, member_text(field->base ? capo_to_column(field->base, end) : end));
}

Value capo_held_to_column(const Field *field, Value value)
{
    Buffer out = { 0 };
    value = capo_held_to_python(field, value);
    const ValueRange *range = capo_value_range(value);
    if (range && range->empty) {
        capo_put(&out, "empty");
    } else if (range) {
        capo_put_char(&out, bounds_of(range)[0]);
        put_end(&out, field, range->lower);
        capo_put_char(&out, ',');
        put_end(&out, field, range->upper);
        capo_put_char(&out, bounds_of(range)[1]);
    } else if (value.kind == VALUE_LIST) {
        put_array(&out, field, value.list);
    } else if (value.kind == VALUE_MAP) {
        put_hstore(&out, field, value.map);
    } else {
        return value;
    }
    return capo_value_text_n(out.size ? capo_buffer_text(&out) : "", out.size);
}

/* --- from text --- */

/* What stands up to one of the marks, in quotes or not; *ret_quoted. Both ways of quoting are read, \" and "". */
static const char *read_word(const char **at, const char *marks, bool *ret_quoted)
{
    Buffer word = { 0 };
    *ret_quoted = **at == '"';
    if (!*ret_quoted) {
        while (**at && !strchr(marks, **at))
            capo_put_char(&word, *(*at)++);
        return capo_buffer_text(&word);
    }
    for (++*at; **at && (**at != '"' || (*at)[1] == '"'); ++*at) {
        *at += (**at == '\\' || **at == '"') && (*at)[1];
        capo_put_char(&word, **at);
    }
    *at += **at == '"';
    return capo_buffer_text(&word);
}

static Value read_part(const Field *base, const char *word)
{
    Value day;
    if (base && (base->kind == FIELD_DATE || base->kind == FIELD_DATETIME) && capo_is_infinity(word, base->kind, &day))
        return day;
    if (base && base->kind == FIELD_JSON)
        return capo_from_storage(STORAGE_JSON, capo_value_text(word), 0);
    return base ? capo_field_to_python(base, capo_value_text(word)) : capo_value_text(word);
}

enum { MOST_DIMENSIONS = 6 };       /* PostgreSQL's own limit */

/* At the byte behind '{', left behind '}'. What is nested deeper than an array can be is a word like any other, which no member's kind takes. */
static Value read_array(const Field *base, const char **at, int depth)
{
    List *list = capo_list_new();
    while (**at && **at != '}') {
        if (**at == '{' && depth < MOST_DIMENSIONS) {
            ++*at;
            capo_list_add(list, read_array(base && base->base ? base->base : base, at, depth + 1));
        } else {
            bool quoted;
            const char *word = read_word(at, ",}", &quoted);
            bool null = !quoted && !strcmp(word, "NULL");
            capo_list_add(list, null ? capo_value_null() : read_part(base, word));
        }
        *at += **at == ',';
    }
    *at += **at == '}';
    return capo_value_list(list);
}

static Value read_hstore(const char *text)
{
    Map *map = capo_map_new();
    for (const char *at = text; *at;) {
        bool quoted;
        const char *key = read_word(&at, "=", &quoted);
        at += strspn(at, "=> ");
        const char *value = read_word(&at, ", ", &quoted);
        capo_map_set(map, key, !quoted && !strcmp(value, "NULL") ? capo_value_null() : capo_value_text(value));
        at += strspn(at, ", ");
    }
    return capo_value_map(map);
}

/* A moment has its zone as "+00". */
static Value read_end(const Field *base, const char *text, bool quoted)
{
    int64_t microseconds;
    size_t size = strlen(text);
    if (!size && !quoted)
        return capo_value_null();
    if (base && base->kind == FIELD_DATETIME) {
        bool is_short = size > 3 && (text[size - 3] == '+' || text[size - 3] == '-');
        const char *full = is_short ? capo_format("%s:00", text) : text;
        if (capo_read_column_datetime(full, strlen(full), &microseconds))
            return capo_value_datetime((DateTime){ microseconds });
    }
    return read_part(base, text);
}

/* False: the text is no range. */
static bool read_range(const Field *base, const char *text, Value *ret)
{
    bool quoted;
    if (!strcmp(text, "empty")) {
        *ret = capo_value_object(capo_range_empty());
        return true;
    }
    if (*text != '[' && *text != '(')
        return false;
    const char *at = text + 1, *lower = read_word(&at, ",", &quoted);
    Value low = read_end(base, lower, quoted);
    if (*at++ != ',')
        return false;
    const char *upper = read_word(&at, ")]", &quoted);
    Value high = read_end(base, upper, quoted);
    if ((*at != ')' && *at != ']') || at[1])
        return false;
    *ret = capo_value_object(capo_range(low, high, capo_format("%c%c", *text, *at)));
    return true;
}

Value capo_held_from_column(const Field *field, Value raw)
{
    Value range;
    const char *at;
    if (raw.kind == VALUE_LIST && field->base) {                    /* the driver knew the type of the members */
        List *list = capo_list_new();
        for (size_t i = 0; i < raw.list->count; i++)
            capo_list_add(list, raw.list->items[i].kind == VALUE_LIST && field->base->kind != FIELD_ARRAY
                ? capo_held_from_column(field, raw.list->items[i]) : capo_from_column(field->base, raw.list->items[i]));
        return capo_value_list(list);
    }
    if (!capo_is_text(raw))
        return raw;
    switch (capo_field_storage(field)) {
    case STORAGE_ARRAY:
        at = raw.text + 1;
        return *raw.text == '{' ? read_array(field->base, &at, 1) : raw;
    case STORAGE_HSTORE:
        return read_hstore(raw.text);
    default:
        return read_range(field->base, raw.text, &range) ? range : raw;
    }
}

/* --- to_python --- */

static const char *own_message(const Field *field, const char *code, const char *otherwise) { return capo_field_words(field, code, otherwise); }

static Value list_to_python(const Field *field, const List *given)
{
    List *list = capo_list_new();
    for (size_t i = 0; i < given->count; i++)
        capo_list_add(list, field->base ? capo_field_to_python(field->base, given->items[i]) : given->items[i]);
    return capo_value_list(list);
}

static Value end_of(const Field *field, Value end)
{
    if (capo_is_null(end) || (capo_is_text(end) && !end.size))
        return capo_value_null();
    return field->base ? capo_field_to_python(field->base, end) : end;
}

static Value map_to_range(const Field *field, const Map *map)
{
    Value *empty = capo_map_get(map, "empty"), *bounds = capo_map_get(map, "bounds"), *lower = capo_map_get(map, "lower"), *upper = capo_map_get(map, "upper");
    if (empty && capo_truth(*empty))
        return capo_value_object(capo_range_empty());
    return capo_value_object(capo_range(end_of(field, lower ? *lower : capo_value_null()), end_of(field, upper ? *upper : capo_value_null()),
                                        bounds && capo_is_text(*bounds) ? bounds->text : "[)"));
}

Value capo_held_to_python(const Field *field, Value value)
{
    Storage storage = capo_field_storage(field);
    const ValueRange *range = capo_value_range(value);
    Value parsed;
    const char *error, *at;
    if (capo_is_text(value)) {
        const char *text = capo_strip(value.text);
        if (storage == STORAGE_ARRAY && *text == '{') {
            at = text + 1;
            return read_array(field->base, &at, 1);
        }
        if (storage == STORAGE_RANGE && *text != '{' && read_range(field->base, text, &parsed))
            return parsed;
        if (capo_json_parse(value.text, value.size, &parsed, &error))
            value = parsed;
    }
    if (storage == STORAGE_ARRAY && value.kind == VALUE_LIST)
        return list_to_python(field, value.list);
    if (storage == STORAGE_HSTORE && value.kind == VALUE_MAP)
        return value;
    if (storage == STORAGE_RANGE && range)
        return range->empty ? value : capo_value_object(capo_range(end_of(field, range->lower), end_of(field, range->upper), bounds_of(range)));
    if (storage == STORAGE_RANGE && value.kind == VALUE_MAP)
        return map_to_range(field, value.map);
    if (storage == STORAGE_RANGE && value.kind == VALUE_LIST && value.list->count == 2)
        return capo_value_object(capo_range(end_of(field, value.list->items[0]), end_of(field, value.list->items[1]), "[)"));
    capo_invalid("invalid", "%s", own_message(field, "invalid", storage == STORAGE_ARRAY ? "Enter a list of values." : storage == STORAGE_HSTORE
        ? "Could not load JSON data." : "Enter two valid values."));
}

/* --- clean --- */

typedef struct ItemCheck { const Field *base; Value value; } ItemCheck;

static void check_item(void *argument)
{
    const ItemCheck *check = argument;
    capo_field_clean(check->base, check->value, true);
}

static void check_array(const Field *field, const List *list)
{
    if (field->size && list->count > (size_t)field->size)
        capo_invalid("max_length", "List contains %zu items, it should contain no more than %d.", list->count, field->size);
    for (size_t i = 0; i < list->count; i++) {
        Value item = list->items[i];
        if (field->base->kind == FIELD_ARRAY && (item.kind != VALUE_LIST || item.list->count != list->items[0].list->count))
            capo_invalid("nested_array_mismatch", "%s", own_message(field, "nested_array_mismatch", "Nested arrays must have the same length."));
        ItemCheck check = { field->base, item };
        const Error *error = capo_is_null(item) ? NULL : capo_try(check_item, &check);
        if (error && error->code != ERROR_VALIDATION)
            capo_reraise(error);
        if (error)
            capo_invalid("item_invalid", "Item %zu in the array did not validate: %s", i + 1, error->message);
    }
}

void capo_held_check(const Field *field, Value value)
{
    if (value.kind == VALUE_LIST && field->base)
        check_array(field, value.list);
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        if (!capo_is_null(value.map->entries[i].value) && !capo_is_text(value.map->entries[i].value))
            capo_invalid("not_a_string", "The value of “%s” is not a string or null.", capo_to_text(value.map->entries[i].key));
}

/* --- copies, fixtures --- */

Value capo_held_copy(Value value)
{
    const ValueRange *range = capo_value_range(value);
    if (range)
        return capo_value_object(capo_memdup(range, sizeof *range));
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, capo_held_copy(value.list->items[i]));
        return capo_value_list(list);
    }
    if (value.kind != VALUE_MAP)
        return value;
    Map *map = capo_map_new();
    for (size_t i = 0; i < value.map->count; i++)
        capo_map_set_value(map, value.map->entries[i].key, value.map->entries[i].value);
    return capo_value_map(map);
}

static Value plain_item(const Field *base, Value value)
{
    if (capo_is_null(value) || (base && base->kind == FIELD_JSON))
        return value;
    if (capo_value_range(value))
        return base ? capo_held_to_plain(base, value) : value;
    switch (value.kind) {
    case VALUE_LIST: return base ? capo_held_to_plain(base, value) : value;
    case VALUE_DATE: return capo_value_text(capo_date_iso(value.date));
    case VALUE_TIME: return capo_value_text(capo_time_iso(value.time));
    case VALUE_DATETIME: return capo_value_text(capo_datetime_iso(value.datetime, capo_time_zone_utc()));
    case VALUE_DURATION: return capo_value_text(capo_duration_string(value.duration));
    default: return capo_value_text(capo_to_text(value));
    }
}

Value capo_held_to_plain(const Field *field, Value value)
{
    const ValueRange *range = capo_value_range(value);
    if (capo_is_null(value))
        return value;
    if (range) {
        Map *map = range->empty ? capo_map(V("empty", (bool)true)) : capo_map(V("bounds", bounds_of(range)), V("lower", plain_item(field->base, range->lower)),
                                                                             V("upper", plain_item(field->base, range->upper)));
        value = capo_value_map(map);
    } else if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, plain_item(field->base, value.list->items[i]));
        value = capo_value_list(list);
    }
    return capo_value_text(capo_json_text(value, 0));
}

const char *capo_schema_lack(const Model *model)
{
    for (size_t i = 0; i < model->n_fields && !capo_dialect()->postgresql_kinds; i++)
        if (capo_field_is_postgresqls(capo_column_field(model->fields[i])->kind))
            return capo_format("%s.%s needs PostgreSQL, which alone has %ss; this database is %s.", model->label, model->fields[i]->name,
                               capo_field_kind_name(capo_column_field(model->fields[i])->kind), capo_backend()->title);
    return NULL;
}
