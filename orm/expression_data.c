/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions and expressions as plain data, for migration files, and back. The words are those of C:
 *
 *     { "views__gte": 0 }      { "views__gte": 0, "kind": "a" }      { "ANY": [ …, … ] }      { "NOT": { "kind": "a" } }
 *     { "F": "title" }         { "FN": ["Lower", { "F": "title" }] } { "*": [{ "F": "width" }, { "F": "height" }] }
 *
 * What is no map is a literal; those that JSON does not have are { "date": "2026-01-31" } and the like. */
#include <capo/expressions.h>
#include "options.h"
#include "query.h"
#include <string.h>

enum { DEEPEST = 30 };                      /* nested maps and lists of a file */

static const char *const connectors[] = { [CONDITION_ALL] = "ALL", [CONDITION_ANY] = "ANY", [CONDITION_XOR] = "XOR" };
static const char *const words[] = { "ALL", "ANY", "XOR", "NOT", "IS", NULL };
static const char *const operators[] = { "+", "-", "*", "/", "%", "^", "&", "|", "<<", ">>", "#", NULL };

static bool is_one_of(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

static Value single(const char *key, Value value)
{
    Map *map = capo_map_new();
    capo_map_set(map, key, value);
    return capo_value_map(map);
}

static Value pair(const char *key, Value a, Value b)
{
    return single(key, capo_value_list(capo_values_list((const Value[]){ a, b }, 2)));
}

/* --- to data --- */

static Value value_data(Value value)
{
    Expression *expression = value_expression(value);
    if (expression)
        return capo_expression_data(expression);
    switch (value.kind) {
    case VALUE_NULL: case VALUE_BOOL: case VALUE_INT: case VALUE_REAL: case VALUE_TEXT:
        return value;
    case VALUE_SAFE:
        return capo_value_text_n(value.text, value.size);
    case VALUE_DECIMAL:
        return single("decimal", capo_value_text(value.decimal.text ? value.decimal.text : "0"));
    case VALUE_DATE:
        return single("date", capo_value_text(capo_date_iso(value.date)));
    case VALUE_TIME:
        return single("time", capo_value_text(capo_time_iso(value.time)));
    case VALUE_DATETIME:
        return single("datetime", capo_value_text(capo_datetime_iso(value.datetime, capo_time_zone("UTC"))));
    case VALUE_DURATION:
        return single("duration", capo_value_int(value.duration.microseconds));
    case VALUE_UUID:
        return single("uuid", capo_value_text(capo_uuid_text(value.uuid)));
    case VALUE_MAP:
        return single("json", value);
    case VALUE_LIST: {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, value_data(value.list->items[i]));
        return capo_value_list(list);
    }
    default:
        break;
    }
    capo_raise(ERROR_NOT_SUPPORTED, "A constraint, an index or a generated column cannot have a subquery, an instance or bytes in a migration.");
}

static Value case_data(const Expression *expression)
{
    List *branches = capo_list_new();
    Map *map = capo_map_new();
    for (size_t i = 0; i + 1 < expression->n_args; i += 2)
        capo_list_add(branches, capo_value_list(capo_values_list((const Value[]){ capo_condition_data(expression->args[i]->condition),
                                                                                  capo_expression_data(expression->args[i + 1]) }, 2)));
    capo_map_set(map, "CASE", capo_value_list(branches));
    capo_map_set(map, "ELSE", capo_expression_data(expression->args[expression->n_args - 1]));
    return capo_value_map(map);
}

Value capo_expression_data(const Expression *expression)
{
    List *list = capo_list_new();
    switch (expression->kind) {
    case X_PATH:
        return single("F", capo_value_text(expression->name));
    case X_VALUE:
        return value_data(expression->value);
    case X_CONDITION:
        return single("IS", capo_condition_data(expression->condition));
    case X_CALL:
        capo_list_add(list, capo_value_text(expression->name));
        for (size_t i = 0; i < expression->n_args; i++)
            capo_list_add(list, capo_expression_data(expression->args[i]));
        return single("FN", capo_value_list(list));
    case X_COMBINE:
        return pair(expression->name, capo_expression_data(expression->args[0]), capo_expression_data(expression->args[1]));
    case X_CASE:
        return case_data(expression);
    case X_CAST: case X_WRAP:
        return pair(expression->kind == X_CAST ? "CAST" : "OUTPUT", capo_expression_data(expression->args[0]),
                    capo_value_text(capo_field_kind_name(expression->type.kind)));
    case X_TRANSFORM:
        return pair(expression->transform && expression->transform->code == TRUNC ? "TRUNC_TO" : "EXTRACT", capo_value_text(expression->name),
                    capo_expression_data(expression->args[0]));
    default:
        capo_raise(ERROR_NOT_SUPPORTED, "A constraint, an index or a generated column can have columns, literals, functions, arithmetic, CASE and CAST, "
                   "and no aggregate, window or subquery.");
    }
}

static void add_look_up(Map *map, const Condition *look_up)
{
    bool word = is_one_of(words, look_up->path);
    capo_map_set(map, word ? capo_format("%s__exact", look_up->path) : look_up->path, value_data(look_up->value));
}

/* Look-ups of different paths, all of which must hold. */
static bool is_plain(const Condition *condition)
{
    bool plain = condition->kind == CONDITION_ALL && condition->count > 1;
    for (size_t i = 0; plain && i < condition->count; i++) {
        plain = condition->children[i]->kind == CONDITION_LOOKUP;
        for (size_t k = 0; plain && k < i; k++)
            plain = strcmp(condition->children[k]->path, condition->children[i]->path) != 0;
    }
    return plain;
}

Value capo_condition_data(const Condition *condition)
{
    Map *map = capo_map_new();
    List *list = capo_list_new();
    Value data;
    if (condition->kind == CONDITION_EXPRESSION)
        return single("IS", capo_expression_data(condition->expression));
    if (condition->kind == CONDITION_LOOKUP || is_plain(condition)) {
        if (condition->kind == CONDITION_LOOKUP)
            add_look_up(map, condition);
        for (size_t i = 0; i < condition->count; i++)
            add_look_up(map, condition->children[i]);
        data = capo_value_map(map);
    } else if (condition->count == 1) {
        data = capo_condition_data(condition->children[0]);
    } else {
        for (size_t i = 0; i < condition->count; i++)
            capo_list_add(list, capo_condition_data(condition->children[i]));
        data = single(connectors[condition->kind], capo_value_list(list));
    }
    return condition->negated ? single("NOT", data) : data;
}

/* --- from data --- */

static void deeper(int depth)
{
    if (depth > DEEPEST)
        capo_raise(ERROR_VALUE, "is nested more than %d deep", DEEPEST);
}

static Condition *read_condition(Value data, int depth);
static Value read_value(Value data, int depth);

static const List *list_of(Value value, const char *word, size_t least, size_t most)
{
    if (value.kind != VALUE_LIST || value.list->count < least || value.list->count > most)
        capo_raise(ERROR_VALUE, least == most ? "has a \"%s\" that is no list of %zu" : "has a \"%s\" that is no list of %zu or more", word, least);
    return value.list;
}

static const char *text_of(Value value, const char *word)
{
    if (!capo_is_text(value))
        capo_raise(ERROR_VALUE, "has a \"%s\" without its text", word);
    return value.text;
}

static Value read_typed(const char *word, Value value, bool *ret_known)
{
    static const struct { const char *word; FieldKind kind; } typed[] = {
        { "decimal", FIELD_DECIMAL }, { "date", FIELD_DATE }, { "time", FIELD_TIME }, { "datetime", FIELD_DATETIME }, { "uuid", FIELD_UUID },
    };
    *ret_known = true;
    if (!strcmp(word, "json"))
        return value;
    if (!strcmp(word, "duration")) {
        if (value.kind != VALUE_INT)
            capo_raise(ERROR_VALUE, "has a \"duration\" that is no number of microseconds");
        return capo_value_duration((Duration){ value.integer });
    }
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        if (!strcmp(typed[i].word, word))
            return capo_field_to_python(plain_field(type_of(typed[i].kind)), capo_value_text(text_of(value, word)));
    *ret_known = false;
    return capo_value_null();
}

static Expression *read_operand(Value data, int depth) { return capo_expression_of(read_value(data, depth)); }

static Expression *read_call(Value value, int depth)
{
    const List *list = list_of(value, "FN", 1, 64);
    Expression **args = capo_alloc_array(list->count, sizeof *args);
    for (size_t i = 1; i < list->count; i++)
        args[i - 1] = read_operand(list->items[i], depth);
    return expression_call(text_of(list->items[0], "FN"), args, list->count - 1);
}

static Expression *read_case(Value value, const Value *otherwise, int depth)
{
    const List *branches = list_of(value, "CASE", 1, 1000);
    Expression **args = capo_alloc_array(2 * branches->count + 1, sizeof *args);
    size_t n = 0;
    for (size_t i = 0; i < branches->count; i++) {
        const List *branch = list_of(branches->items[i], "CASE", 2, 2);
        args[n++] = expression_condition(read_condition(branch->items[0], depth));
        args[n++] = read_operand(branch->items[1], depth);
    }
    args[n++] = otherwise ? read_operand(*otherwise, depth) : expression_value(capo_value_null(), type_of(FIELD_NONE));
    return expression_case(args, n, type_of(FIELD_NONE));
}

static FieldKind kind_of(Value value)
{
    FieldKind kind = capo_field_kind(text_of(value, "CAST"));
    if (!kind)
        capo_raise(ERROR_VALUE, "names the field kind \"%s\", which there is not", value.text);
    return kind;
}

static Expression *read_word(const char *word, Value value, const Map *map, int depth)
{
    if (!strcmp(word, "F"))
        return expression_path(text_of(value, word));
    if (!strcmp(word, "FN"))
        return read_call(value, depth);
    if (!strcmp(word, "CASE"))
        return read_case(value, capo_map_get(map, "ELSE"), depth);
    if (!strcmp(word, "IS"))
        return expression_condition(read_condition(value, depth));
    bool cast = !strcmp(word, "CAST"), extract = !strcmp(word, "EXTRACT"), trunc = !strcmp(word, "TRUNC_TO");
    if (!cast && !extract && !trunc && strcmp(word, "OUTPUT") && !is_one_of(operators, word))
        capo_raise(ERROR_VALUE, "has no word \"%s\"; expressions are made of F, FN, CASE, CAST, OUTPUT, EXTRACT, TRUNC_TO, + - * / %% ^", word);
    const List *list = list_of(value, word, 2, 2);
    if (extract || trunc)
        return value_expression(capo_part(text_of(list->items[0], word), read_value(list->items[1], depth), trunc));
    if (cast || !strcmp(word, "OUTPUT"))
        return expression_cast(cast ? X_CAST : X_WRAP, read_operand(list->items[0], depth), type_of(kind_of(list->items[1])));
    return expression_combine(capo_strdup(word), read_operand(list->items[0], depth), read_operand(list->items[1], depth));
}

static Value read_value(Value data, int depth)
{
    bool known;
    deeper(++depth);
    if (data.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < data.list->count; i++)
            capo_list_add(list, read_value(data.list->items[i], depth));
        return capo_value_list(list);
    }
    if (data.kind != VALUE_MAP)
        return data;
    if (!data.map->count)
        capo_raise(ERROR_VALUE, "has an empty object");
    const char *word = capo_to_text(data.map->entries[0].key);
    Value *branches = capo_map_get(data.map, "CASE"), typed;
    if (branches)
        return capo_value_object(&read_word("CASE", *branches, data.map, depth)->object);
    if (data.map->count != 1)
        capo_raise(ERROR_VALUE, "has an object of %zu members where an expression has one", data.map->count);
    typed = read_typed(word, data.map->entries[0].value, &known);
    return known ? typed : capo_value_object(&read_word(word, data.map->entries[0].value, data.map, depth)->object);
}

static Condition *read_member(const char *key, Value value, int depth)
{
    if (!strcmp(key, "NOT"))
        return capo_q_not(read_condition(value, depth));
    if (!strcmp(key, "IS"))
        return condition_of_expression(read_operand(value, depth));
    if (!is_one_of(words, key))
        return capo_q(key, read_value(value, depth));
    const List *list = list_of(value, key, 0, 10000);
    Condition **children = capo_alloc_array(list->count + 1, sizeof *children);
    for (size_t i = 0; i < list->count; i++)
        children[i] = read_condition(list->items[i], depth);
    return !strcmp(key, "XOR") ? capo_q_xor(children, list->count) : capo_q_list(!strcmp(key, "ANY"), children, list->count);
}

static Condition *read_condition(Value data, int depth)
{
    deeper(++depth);
    if (data.kind != VALUE_MAP || !data.map->count)
        capo_raise(ERROR_VALUE, "is no object of look-ups, as { \"views__gte\": 0 }");
    Condition **children = capo_alloc_array(data.map->count + 1, sizeof *children);
    for (size_t i = 0; i < data.map->count; i++)
        children[i] = read_member(capo_to_text(data.map->entries[i].key), data.map->entries[i].value, depth);
    return data.map->count == 1 ? children[0] : capo_q_list(false, children, data.map->count);
}

Condition *capo_condition_from_data(Value data) { return read_condition(data, 0); }
Value capo_expression_from_data(Value data) { return read_value(data, 0); }

/* --- mistakes and names --- */

typedef struct Reading { Value data; bool condition; } Reading;

static void try_to_read(void *argument)
{
    const Reading *reading = argument;
    if (reading->condition)
        capo_condition_from_data(reading->data);
    else
        capo_expression_from_data(reading->data);
}

const char *capo_expression_data_error(Value data, bool condition)
{
    const Error *error = capo_try(try_to_read, &(Reading){ data, condition });
    return error ? error->message : NULL;
}

static const char *renamed_path(const char *path, const char *old_name, const char *new_name)
{
    size_t size = strlen(old_name);
    bool it = !strncmp(path, old_name, size) && (!path[size] || !strncmp(path + size, "__", 2));
    return it ? capo_format("%s%s", new_name, path + size) : path;
}

/* Members of a condition are paths, but for the words; of an expression only "F" holds one. */
Value capo_expression_data_renamed(Value data, const char *old_name, const char *new_name, bool condition)
{
    if (data.kind == VALUE_LIST) {
        List *copy = capo_list_new();
        for (size_t i = 0; i < data.list->count; i++)
            capo_list_add(copy, capo_expression_data_renamed(data.list->items[i], old_name, new_name, condition));
        return capo_value_list(copy);
    }
    if (data.kind != VALUE_MAP)
        return data;
    Map *copy = capo_map_new();
    for (size_t i = 0; i < data.map->count; i++) {
        const char *key = capo_to_text(data.map->entries[i].key);
        Value value = data.map->entries[i].value;
        bool word = is_one_of(words, key);
        if (!condition && !strcmp(key, "F") && capo_is_text(value))
            value = capo_value_text(renamed_path(value.text, old_name, new_name));
        else if (!strcmp(key, "CASE") && !condition && value.kind == VALUE_LIST) {
            List *branches = capo_list_new();
            for (size_t k = 0; k < value.list->count; k++) {
                List *branch = capo_list_new();
                for (size_t m = 0; value.list->items[k].kind == VALUE_LIST && m < value.list->items[k].list->count; m++)
                    capo_list_add(branch, capo_expression_data_renamed(value.list->items[k].list->items[m], old_name, new_name, m == 0));
                capo_list_add(branches, capo_value_list(branch));
            }
            value = capo_value_list(branches);
        } else if (strcmp(key, "json"))
            value = capo_expression_data_renamed(value, old_name, new_name, condition ? word && strcmp(key, "IS") : !strcmp(key, "IS"));
        capo_map_set(copy, condition && !word ? renamed_path(key, old_name, new_name) : key, value);
    }
    return capo_value_map(copy);
}
