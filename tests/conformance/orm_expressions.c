/* SPDX-License-Identifier: BSD-3-Clause */
/* Expressions, conditions and right sides of the ORM cases, from JSON. */
#include "orm.h"
#include <stdlib.h>
#include <string.h>

static const struct { const char *name; FieldKind kind; } types[] = {
    { "integer", FIELD_INTEGER }, { "bigint", FIELD_BIG_INTEGER }, { "float", FIELD_FLOAT }, { "char", FIELD_CHAR }, { "text", FIELD_TEXT },
    { "boolean", FIELD_BOOLEAN }, { "date", FIELD_DATE }, { "time", FIELD_TIME }, { "datetime", FIELD_DATETIME },
    { "duration", FIELD_DURATION }, { "json", FIELD_JSON }, { "uuid", FIELD_UUID },
};

static const struct { const char *key, *operator; } operators[] = {
    { "add", "+" }, { "sub", "-" }, { "mul", "*" }, { "div", "/" }, { "mod", "%" }, { "pow", "^" }, { "bitand", "&" }, { "bitor", "|" },
};

static const char *const expression_keys[] = {
    "f", "outer", "value", "add", "sub", "mul", "div", "mod", "pow", "bitand", "bitor", "neg", "fn", "case", "cast", "wrap", "q",
    "subquery", "exists", "kt", "agg", "window", "lookup", "asc", "desc",
};

bool orm_is_expression(Value json)
{
    for (size_t i = 0; json.kind == VALUE_MAP && i < sizeof expression_keys / sizeof *expression_keys; i++)
        if (capo_map_get(json.map, expression_keys[i]))
            return true;
    return false;
}

static OutputType type_named(Value name)
{
    if (!capo_is_text(name))
        return type_of(FIELD_NONE);
    if (capo_starts_with(name.text, "decimal")) {
        const char *colon = strrchr(name.text, ':');
        OutputType type = type_of(FIELD_DECIMAL);
        type.places = colon ? atoi(colon + 1) : -1;
        type.digits = colon ? atoi(strchr(name.text, ':') + 1) : 0;
        return type;
    }
    if (capo_starts_with(name.text, "char"))
        return type_of(FIELD_CHAR);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, name.text))
            return type_of(types[i].kind);
    return type_of(FIELD_NONE);
}

static Value literal(Value json)
{
    if (json.kind == VALUE_MAP && capo_map_get(json.map, "$json"))
        return *capo_map_get(json.map, "$json");
    Value value = conformance_value(json);
    if (value.kind == VALUE_DATETIME)
        value.flags = 0;
    return value;
}

static Expression *operand(Value json)
{
    return orm_is_expression(json) ? orm_expression(json) : expression_value(literal(json), type_of(FIELD_NONE));
}

static Expression *function(const Map *map)
{
    const char *name = conformance_get(map, "fn").text;
    Value args = conformance_get(map, "args"), kind = conformance_get(map, "kind"), tz = conformance_get(map, "tz");
    size_t count = args.kind == VALUE_LIST ? args.list->count : 0;
    Expression **list = capo_alloc_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = operand(args.list->items[i]);
    Value fields = conformance_get(map, "fields");
    if (fields.kind == VALUE_MAP) {                                 /* JSONObject: keys and values by turns */
        list = capo_alloc_array(2 * fields.map->count + 1, sizeof *list);
        for (size_t i = 0; i < fields.map->count; i++) {
            list[count++] = expression_value(fields.map->entries[i].key, type_of(FIELD_CHAR));
            list[count++] = operand(fields.map->entries[i].value);
        }
    }
    bool truncate = capo_starts_with(name, "Trunc"), extract = capo_starts_with(name, "Extract");
    OutputType type = type_named(conformance_get(map, "type"));
    if (truncate || extract) {
        Buffer part = { 0 };                                        /* TruncIsoYear: iso_year */
        const char *rest = name + (truncate ? 5 : 7);
        for (const char *c = rest; *c; c++) {
            if (*c >= 'A' && *c <= 'Z' && c > rest)
                capo_put_char(&part, '_');
            capo_put_char(&part, (char)(*c | 0x20));
        }
        const char *wanted = part.size ? part.data : capo_to_text(kind);
        Expression *expression = expression_new(X_TRANSFORM);
        FieldKind gives = type.kind ? type.kind : truncate && !strcmp(wanted, "date") ? FIELD_DATE : truncate && !strcmp(wanted, "time") ? FIELD_TIME : FIELD_NONE;
        Expression *made = transform_named(wanted, gives, list[0], capo_is_text(tz) ? capo_time_zone(tz.text) : NULL, truncate);
        (void)expression;
        return made;
    }
    if (!strcmp(name, "Cast"))
        return expression_cast(X_CAST, list[0], type);
    Expression *call = expression_call(name, list, count);
    call->type = type;
    return call;
}

static OrderTerm *order_terms(Value json, size_t *ret_count)
{
    *ret_count = 0;
    if (json.kind == VALUE_TEXT || json.kind == VALUE_MAP)
        json = capo_value_list(capo_values_list(&json, 1));
    if (json.kind != VALUE_LIST)
        return NULL;
    OrderTerm *terms = capo_alloc_array(json.list->count + 1, sizeof *terms);
    for (size_t i = 0; i < json.list->count; i++) {
        Value item = json.list->items[i];
        OrderTerm term = { 0 };
        Value of = item;
        if (item.kind == VALUE_MAP && (capo_map_get(item.map, "asc") || capo_map_get(item.map, "desc"))) {
            term.descending = capo_map_get(item.map, "desc") != NULL;
            of = *capo_map_get(item.map, term.descending ? "desc" : "asc");
            Value nulls = conformance_get(item.map, "nulls");
            term.nulls = !capo_is_text(nulls) ? 0 : nulls.text[0] == 'f' ? 1 : 2;
        }
        if (capo_is_text(of) && *of.text == '-') {
            term.descending = true;
            of.text++;
        }
        term.expression = capo_is_text(of) ? expression_path(of.text) : orm_expression(of);
        terms[(*ret_count)++] = term;
    }
    return terms;
}

static Expression *window(const Map *map)
{
    Value partition = conformance_get(map, "partition_by"), rows = conformance_get(map, "rows");
    if (partition.kind != VALUE_LIST && !capo_is_null(partition))
        partition = capo_value_list(capo_values_list(&partition, 1));
    size_t n = partition.kind == VALUE_LIST ? partition.list->count : 0;
    Expression *expression = expression_new(X_WINDOW);
    expression->args = capo_alloc_array(n + 1, sizeof *expression->args);
    expression->args[expression->n_args++] = orm_expression(conformance_get(map, "window"));
    for (size_t i = 0; i < n; i++) {
        Value item = partition.list->items[i];
        expression->args[expression->n_args++] = capo_is_text(item) ? expression_path(item.text) : orm_expression(item);
    }
    expression->n_partition = n;
    expression->order = order_terms(conformance_get(map, "order_by"), &expression->n_order);
    if (rows.kind == VALUE_LIST) {
        Buffer frame = { 0 };
        capo_put(&frame, "ROWS BETWEEN");
        for (size_t i = 0; i < 2; i++) {
            Value end = rows.list->items[i];
            capo_put(&frame, i ? " AND " : " ");
            if (end.kind == VALUE_NULL)
                capo_put(&frame, i ? "UNBOUNDED FOLLOWING" : "UNBOUNDED PRECEDING");
            else if (end.integer == 0)
                capo_put(&frame, "CURRENT ROW");
            else
                capo_put_format(&frame, "%lld %s", llabs((long long)end.integer), end.integer < 0 ? "PRECEDING" : "FOLLOWING");
        }
        expression->frame = capo_buffer_text(&frame);
    }
    return expression;
}

static Query *inner_query(Value json)
{
    OrmForm form;
    return orm_query(json.map, &form);
}

static Expression *case_of(const Map *map)
{
    List *branches = conformance_get(map, "case").list;
    Expression **args = capo_alloc_array(branches->count * 2 + 1, sizeof *args);
    size_t n = 0;
    for (size_t i = 0; i < branches->count; i++) {
        args[n++] = expression_condition(orm_condition(branches->items[i].list->items[0]));
        args[n++] = operand(branches->items[i].list->items[1]);
    }
    args[n++] = operand(conformance_get(map, "default"));
    return expression_case(args, n, type_named(conformance_get(map, "type")));
}

Expression *orm_expression(Value json)
{
    if (json.kind != VALUE_MAP)
        return expression_value(literal(json), type_of(FIELD_NONE));
    const Map *map = json.map;
    Value found;
#define HAS_KEY(key) (!capo_is_null(found = conformance_get(map, key)) || capo_map_get(map, key))
    if (HAS_KEY("window"))
        return window(map);
    if (HAS_KEY("f"))
        return expression_path(found.text);
    if (HAS_KEY("outer")) {
        if (capo_is_text(found))
            return expression_outer(found.text);
        Expression *outer = expression_outer(conformance_get(found.map, "outer").text);
        outer->level = 1;
        return outer;
    }
    if (HAS_KEY("value"))
        return expression_value(literal(found), type_named(conformance_get(map, "type")));
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (HAS_KEY(operators[i].key)) {
            Expression *left = operand(found.list->items[0]);
            for (size_t j = 1; j < found.list->count; j++)
                left = expression_combine(operators[i].operator, left, operand(found.list->items[j]));
            return left;
        }
    if (HAS_KEY("neg")) {
        Expression *negated = expression_combine("*", operand(found), expression_value(capo_value_int(-1), type_of(FIELD_INTEGER)));
        return negated;
    }
    if (HAS_KEY("fn"))
        return function(map);
    if (HAS_KEY("case"))
        return case_of(map);
    if (HAS_KEY("cast"))
        return expression_cast(X_CAST, operand(found.list->items[0]), type_named(found.list->items[1]));
    if (HAS_KEY("wrap"))
        return expression_cast(X_WRAP, operand(found.list->items[0]), type_named(found.list->items[1]));
    if (HAS_KEY("q"))
        return expression_condition(orm_condition(found));
    if (HAS_KEY("subquery")) {
        Expression *subquery = expression_subquery(X_SUBQUERY, inner_query(found), false);
        subquery->type = type_named(conformance_get(map, "type"));
        return subquery;
    }
    if (HAS_KEY("exists"))
        return expression_subquery(X_EXISTS, inner_query(found), false);
    if (HAS_KEY("kt")) {
        Expression *key = expression_new(X_TRANSFORM);
        Expression *path = expression_path(found.text);
        key->args = capo_memdup(&path, sizeof path);
        key->n_args = 1;
        key->name = "key_text";
        return key;
    }
    if (HAS_KEY("agg")) {
        Value of = conformance_get(map, "of"), filter = conformance_get(map, "filter");
        bool distinct = capo_truth(conformance_get(map, "distinct"));
        Expression *arg = !capo_is_text(of) ? operand(of) : !strcmp(of.text, "*") ? expression_new(X_STAR) : expression_path(of.text);
        Value otherwise = conformance_get(map, "default");
        otherwise = orm_is_expression(otherwise) ? capo_value_object(orm_expression(otherwise)) : literal(otherwise);
        Expression *aggregate = expression_aggregate(found.text, arg, distinct, capo_is_null(filter) ? NULL : orm_condition(filter), otherwise);
        aggregate->type = type_named(conformance_get(map, "type"));
        return aggregate;
    }
    if (HAS_KEY("lookup")) {
        const LookupRow *row = lookup_find(found.list->items[0].text);
        return expression_lookup(row, operand(found.list->items[1]), capo_value_null(), operand(found.list->items[2]));
    }
#undef HAS_KEY
    return expression_value(literal(json), type_of(FIELD_NONE));
}

Value orm_value(Value json)
{
    if (json.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < json.list->count; i++)
            capo_list_add(list, orm_value(json.list->items[i]));
        return capo_value_list(list);
    }
    if (json.kind != VALUE_MAP)
        return json;
    if (capo_map_get(json.map, "query"))
        return capo_value_object(inner_query(conformance_get(json.map, "query")));
    if (capo_map_get(json.map, "obj")) {
        List *pair = conformance_get(json.map, "obj").list;
        Instance *instance = capo_instance_new(orm_model(pair->items[0].text));
        Value key = literal(pair->items[1]);
        if (!capo_is_null(key))
            instance = capo_query_get(capo_query_filter(capo_query_of(instance->model), capo_q("pk", key)));
        return capo_value_object(instance);
    }
    return orm_is_expression(json) ? capo_value_object(orm_expression(json)) : literal(json);
}

Condition *orm_conditions(const List *list, size_t from)
{
    Condition **items = capo_alloc_array(list->count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = from; i < list->count; i++)
        items[count++] = orm_condition(list->items[i]);
    return capo_q_list(false, items, count);
}

Condition *orm_condition(Value json)
{
    if (json.kind == VALUE_MAP)
        return condition_of_expression(orm_expression(json));
    const List *list = json.list;
    const char *word = list->items[0].text;
    if (!strcmp(word, "not"))
        return capo_q_not(orm_condition(list->items[1]));
    bool all = !strcmp(word, "and"), any = !strcmp(word, "or"), odd = !strcmp(word, "xor");
    if (!all && !any && !odd)
        return capo_q(word, orm_value(list->items[1]));
    Condition **items = capo_alloc_array(list->count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 1; i < list->count; i++)
        items[count++] = orm_condition(list->items[i]);
    return odd ? capo_q_xor(items, count) : capo_q_list(any, items, count);
}
