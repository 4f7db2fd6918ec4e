/* SPDX-License-Identifier: BSD-3-Clause */
/* Indexes and constraints as a migration has them: a map of name to what it is. An index over fields alone is the list of their names;
 * what says more is an object. Both are members of one table each: read here, written here, and nowhere else known.
 *
 *     "indexes": { "post_by_date": ["-published"], "post_drafts": { "fields": ["author"], "condition": { "published__isnull": true } } }
 *     "constraints": { "post_views": { "check": { "views__gte": 0 } }, "one_title": { "unique": ["title"], "condition": { "kind": "a" } } } */
#include "state.h"
#include <capo/buffer.h>
#include <capo/orm.h>
#include <string.h>

typedef enum PartType { PART_NAMES, PART_TEXT, PART_FLAG, PART_CONDITION, PART_CHECK, PART_PARTS, PART_DEFERRABLE, PART_OWN } PartType;
typedef struct PartRow { const char *name; PartType type; size_t offset; } PartRow;

#define OF_INDEX(member) offsetof(IndexOptions, member)
#define OF_CONSTRAINT(member) offsetof(ConstraintOptions, member)

static const PartRow index_parts[] = {
    { "fields", PART_NAMES, OF_INDEX(fields) }, { "parts", PART_PARTS, OF_INDEX(parts) }, { "condition", PART_CONDITION, OF_INDEX(condition) },
    { "include", PART_NAMES, OF_INDEX(include) }, { "opclasses", PART_NAMES, OF_INDEX(opclasses) },
    { "db_tablespace", PART_TEXT, OF_INDEX(db_tablespace) }, { "method", PART_TEXT, OF_INDEX(method) }, { "storage", PART_TEXT, OF_INDEX(storage) },
    { 0 }
};
/* "check": a condition, or SQL where it is a text. */
static const PartRow constraint_parts[] = {
    { "check", PART_CHECK, OF_CONSTRAINT(check) }, { "unique", PART_NAMES, OF_CONSTRAINT(unique) },
    { "unique_parts", PART_PARTS, OF_CONSTRAINT(unique_parts) }, { "exclude", PART_PARTS, OF_CONSTRAINT(exclude) },
    { "operators", PART_NAMES, OF_CONSTRAINT(operators) }, { "method", PART_TEXT, OF_CONSTRAINT(method) },
    { "condition", PART_CONDITION, OF_CONSTRAINT(condition) }, { "include", PART_NAMES, OF_CONSTRAINT(include) },
    { "opclasses", PART_NAMES, OF_CONSTRAINT(opclasses) }, { "deferrable", PART_DEFERRABLE, OF_CONSTRAINT(deferrable) },
    { "fields", PART_NAMES, OF_CONSTRAINT(fields) }, { "own", PART_OWN, OF_CONSTRAINT(own) },
    { "nulls_not_distinct", PART_FLAG, OF_CONSTRAINT(nulls_not_distinct) }, { "violation_code", PART_TEXT, OF_CONSTRAINT(violation_code) },
    { "violation_message", PART_TEXT, OF_CONSTRAINT(violation_message) },
    { 0 }
};
static const char *const deferrable_names[] = { [NOT_DEFERRABLE] = "", [INITIALLY_DEFERRED] = "deferred", [INITIALLY_IMMEDIATE] = "immediate" };

/* --- from models --- */

static Value parts_data(const IndexPart *parts)
{
    List *list = capo_list_new();
    for (; parts && parts->of.kind != VALUE_NULL; parts++) {
        Value of = capo_expression_data(capo_expression_of(parts->of));
        Map *map = capo_map_new();
        capo_map_set(map, "of", of);
        if (parts->descending)
            capo_map_set(map, "descending", capo_value_bool(true));
        if (parts->opclass)
            capo_map_set(map, "opclass", capo_value_text(parts->opclass));
        if (parts->collation)
            capo_map_set(map, "collation", capo_value_text(parts->collation));
        capo_list_add(list, map->count > 1 ? capo_value_map(map) : of);
    }
    return capo_value_list(list);
}

static Map *data_of(const PartRow *rows, const void *options)
{
    Map *map = capo_map_new();
    for (const PartRow *row = rows; row->name; row++) {
        const char *at = (const char *)options + row->offset;
        bool scalar = row->type == PART_FLAG || row->type == PART_DEFERRABLE;
        const void *pointer = scalar ? NULL : *(const void *const *)(const void *)at;
        Deferrable deferrable;
        switch (row->type) {
        case PART_OWN:                              /* by its name: meta_constraint_value() */
            break;
        case PART_FLAG:
            if (*(const bool *)at)
                capo_map_set(map, row->name, capo_value_bool(true));
            break;
        case PART_DEFERRABLE:
            deferrable = *(const Deferrable *)(const void *)at;
            if (deferrable)
                capo_map_set(map, row->name, capo_value_text(deferrable_names[deferrable]));
            break;
        case PART_NAMES:
            if (pointer)
                capo_map_set(map, row->name, capo_value_strings(pointer));
            break;
        case PART_TEXT:
            if (pointer)
                capo_map_set(map, row->name, capo_value_text(pointer));
            break;
        case PART_CONDITION: case PART_CHECK:
            if (pointer)
                capo_map_set(map, row->name, capo_condition_data(pointer));
            break;
        case PART_PARTS:
            if (pointer)
                capo_map_set(map, row->name, parts_data(pointer));
            break;
        }
    }
    return map;
}

Value meta_index_value(const IndexOptions *index)
{
    Map *map = data_of(index_parts, index);
    Value *fields = capo_map_get(map, "fields");
    return fields && map->count == 1 ? *fields : capo_value_map(map);
}

Value meta_constraint_value(const ConstraintOptions *constraint)
{
    Map *map = data_of(constraint_parts, constraint);
    if (constraint->own)
        capo_map_set(map, "own", capo_value_text(constraint->own->name));
    if (constraint->check_sql)
        capo_map_set(map, "check", capo_value_text(constraint->check_sql));
    return capo_value_map(map);
}

/* --- to models --- */

static const char **names_of(Value value)
{
    const char **names = capo_alloc_array(value.list->count + 1, sizeof *names);
    for (size_t i = 0; i < value.list->count; i++)
        names[i] = capo_to_text(value.list->items[i]);
    return names;
}

static const char *text_member(const Map *map, const char *name)
{
    Value *value = capo_map_get(map, name);
    return value ? value->text : NULL;
}

static IndexPart *parts_of(Value value)
{
    IndexPart *parts = capo_alloc_array(value.list->count + 1, sizeof *parts);
    for (size_t i = 0; i < value.list->count; i++) {
        Value item = value.list->items[i], *of = item.kind == VALUE_MAP ? capo_map_get(item.map, "of") : NULL;
        if (!of) {
            parts[i].of = capo_expression_from_data(item);
            continue;
        }
        parts[i] = (IndexPart){ .of = capo_expression_from_data(*of), .descending = capo_map_get(item.map, "descending") != NULL,
                                .opclass = text_member(item.map, "opclass"), .collation = text_member(item.map, "collation") };
    }
    return parts;
}

static const OwnConstraint *own_of(const char *name)
{
    const OwnConstraint *own = capo_own_constraint(name);
    if (!own)
        capo_raise(ERROR_MIGRATION, "A constraint is of the own kind %s, which no model has any more: keep a constraint of it, or take it out of the migrations.", name);
    return own;
}

static void fill(const PartRow *rows, const Map *map, void *ret)
{
    for (const PartRow *row = rows; row->name; row++) {
        const Value *value = capo_map_get(map, row->name);
        char *at = (char *)ret + row->offset;
        if (!value)
            continue;
        if (row->type == PART_FLAG)
            *(bool *)at = value->boolean;
        else if (row->type == PART_DEFERRABLE)
            *(Deferrable *)(void *)at = !strcmp(value->text, "deferred") ? INITIALLY_DEFERRED : INITIALLY_IMMEDIATE;
        else if (row->type == PART_NAMES)
            *(const char ***)(void *)at = names_of(*value);
        else if (row->type == PART_TEXT)
            *(const char **)(void *)at = value->text;
        else if (row->type == PART_OWN)
            *(const OwnConstraint **)(void *)at = own_of(value->text);
        else if (row->type == PART_PARTS)
            *(IndexPart **)(void *)at = parts_of(*value);
        else if (value->kind == VALUE_MAP)
            *(Condition **)(void *)at = capo_condition_from_data(*value);
    }
}

IndexOptions meta_index_of(const char *name, Value value)
{
    IndexOptions index = { .name = name };
    if (value.kind == VALUE_LIST)
        index.fields = names_of(value);
    else
        fill(index_parts, value.map, &index);
    return index;
}

ConstraintOptions meta_constraint_of(const char *name, Value value)
{
    ConstraintOptions constraint = { .name = name };
    fill(constraint_parts, value.map, &constraint);
    Value *check = capo_map_get(value.map, "check");
    if (check && check->kind == VALUE_TEXT)
        constraint.check_sql = check->text;
    return constraint;
}

/* --- mistakes --- */

static bool is_names(Value value)
{
    bool good = value.kind == VALUE_LIST && value.list->count;
    for (size_t i = 0; good && i < value.list->count; i++)
        good = value.list->items[i].kind == VALUE_TEXT;
    return good;
}

static const char *parts_error(Value value)
{
    if (value.kind != VALUE_LIST || !value.list->count)
        return "is no list of expressions";
    for (size_t i = 0; i < value.list->count; i++) {
        Value item = value.list->items[i], *of = item.kind == VALUE_MAP ? capo_map_get(item.map, "of") : NULL;
        const char *error = capo_expression_data_error(of ? *of : item, false);
        if (error)
            return error;
        for (size_t k = 0; of && k < item.map->count; k++) {
            const char *key = capo_to_text(item.map->entries[k].key);
            bool text = !strcmp(key, "opclass") || !strcmp(key, "collation"), flag = !strcmp(key, "descending");
            if (strcmp(key, "of") && !(text && item.map->entries[k].value.kind == VALUE_TEXT) && !(flag && item.map->entries[k].value.kind == VALUE_BOOL))
                return capo_format("has a part with a \"%s\" that it cannot have", key);
        }
    }
    return NULL;
}

static const char *member_error(const PartRow *row, Value value)
{
    switch (row->type) {
    case PART_NAMES: return is_names(value) ? NULL : "must be a list of texts";
    case PART_OWN: case PART_TEXT: return value.kind == VALUE_TEXT ? NULL : "must be a text";
    case PART_FLAG: return value.kind == VALUE_BOOL ? NULL : "must be true or false";
    case PART_DEFERRABLE:
        return value.kind == VALUE_TEXT && (!strcmp(value.text, "deferred") || !strcmp(value.text, "immediate")) ? NULL : "must be \"deferred\" or \"immediate\"";
    case PART_PARTS: return parts_error(value);
    case PART_CHECK: return value.kind == VALUE_TEXT ? NULL : capo_expression_data_error(value, true);
    case PART_CONDITION: return capo_expression_data_error(value, true);
    }
    return NULL;
}

static const char *members_error(const PartRow *rows, const Map *map)
{
    const char *names[16];
    size_t count = 0;
    for (const PartRow *row = rows; row->name; row++)
        names[count++] = row->name;
    for (size_t i = 0; i < map->count; i++) {
        const char *key = capo_to_text(map->entries[i].key);
        const PartRow *row = rows;
        while (row->name && strcmp(row->name, key))
            row++;
        if (!row->name)
            return capo_format("has a \"%s\".%s", key, capo_did_you_mean(key, names, count));
        const char *error = member_error(row, map->entries[i].value);
        if (error)
            return capo_format("has a \"%s\" that %s.", key, error);
    }
    return NULL;
}

const char *meta_index_error(Value value)
{
    if (value.kind == VALUE_LIST)
        return is_names(value) ? NULL : "must be a list of field names, or an object.";
    if (value.kind != VALUE_MAP)
        return "must be a list of field names, or an object.";
    bool fields = capo_map_get(value.map, "fields"), parts = capo_map_get(value.map, "parts");
    return fields == parts ? "needs either \"fields\" or \"parts\"." : members_error(index_parts, value.map);
}

const char *meta_constraint_error(Value value)
{
    static const char *const kinds[] = { "check", "unique", "unique_parts", "exclude", "own" };
    int count = 0;
    for (size_t i = 0; value.kind == VALUE_MAP && i < 5; i++)
        count += capo_map_get(value.map, kinds[i]) != NULL;
    if (count != 1)
        return "must be an object with one of \"check\", \"unique\", \"unique_parts\", \"exclude\" and \"own\".";
    return members_error(constraint_parts, value.map);
}

/* --- names of fields in them --- */

static Value renamed_names(Value names, const char *old_name, const char *new_name)
{
    List *copy = capo_list_new();
    for (size_t i = 0; i < names.list->count; i++) {
        const char *text = capo_to_text(names.list->items[i]);
        bool minus = text[0] == '-';
        capo_list_add(copy, !strcmp(text + minus, old_name) ? capo_value_text(capo_format("%s%s", minus ? "-" : "", new_name)) : names.list->items[i]);
    }
    return capo_value_list(copy);
}

static Value renamed_parts(Value parts, const char *old_name, const char *new_name)
{
    List *copy = capo_list_new();
    for (size_t i = 0; i < parts.list->count; i++) {
        Value item = parts.list->items[i], *of = item.kind == VALUE_MAP ? capo_map_get(item.map, "of") : NULL;
        Value renamed = capo_expression_data_renamed(of ? *of : item, old_name, new_name, false);
        if (of) {
            Map *map = map_copy(item.map);
            capo_map_set(map, "of", renamed);
            renamed = capo_value_map(map);
        }
        capo_list_add(copy, renamed);
    }
    return capo_value_list(copy);
}

static Value renamed(const PartRow *rows, Value value, const char *old_name, const char *new_name)
{
    if (value.kind == VALUE_LIST)
        return renamed_names(value, old_name, new_name);
    Map *copy = map_copy(value.map);
    for (const PartRow *row = rows; row->name; row++) {
        Value *member = capo_map_get(copy, row->name);
        bool fields = row->type == PART_NAMES && strcmp(row->name, "opclasses") && strcmp(row->name, "operators");
        if (member && fields)
            capo_map_set(copy, row->name, renamed_names(*member, old_name, new_name));
        else if (member && row->type == PART_PARTS)
            capo_map_set(copy, row->name, renamed_parts(*member, old_name, new_name));
        else if (member && member->kind == VALUE_MAP)
            capo_map_set(copy, row->name, capo_expression_data_renamed(*member, old_name, new_name, true));
    }
    return capo_value_map(copy);
}

Value meta_index_renamed(Value value, const char *old_name, const char *new_name) { return renamed(index_parts, value, old_name, new_name); }
Value meta_constraint_renamed(Value value, const char *old_name, const char *new_name) { return renamed(constraint_parts, value, old_name, new_name); }

bool meta_index_names(Value value, const char *field)
{
    return !capo_equal(value, meta_index_renamed(value, field, "another field"));
}

bool meta_constraint_names(Value value, const char *field)
{
    return !capo_equal(value, meta_constraint_renamed(value, field, "another field"));
}

bool meta_constraint_is_sql(Value value)
{
    Value *check = value.kind == VALUE_MAP ? capo_map_get(value.map, "check") : NULL;
    return check && check->kind == VALUE_TEXT;
}
