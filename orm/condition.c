/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions as users write them: Q, ALL, ANY, NOT and F, and the .where, .exclude and .set structs read into the same form.
 *
 * Everything is copied into the arena: a Query outlives the compound literals that it was made of. */
#include "query.h"
#include "options.h"
#include <string.h>

Value value_copy(Value value)
{
    switch (value.kind) {
    case VALUE_TEXT: case VALUE_SAFE:
        return capo_value_copy_n(value.text, value.size);
    case VALUE_BYTES:
        value.bytes = capo_memdup(value.bytes, value.size);
        return value;
    case VALUE_DECIMAL:
        value.decimal.text = capo_strdup(value.decimal.text);
        return value;
    case VALUE_UUID:
        return capo_value_uuid(*value.uuid);
    case VALUE_LIST: {
        List *copy = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(copy, value_copy(value.list->items[i]));
        return capo_value_list(copy);
    }
    default:
        return value;
    }
}

Value capo_value_pair(Value low, Value high)
{
    return capo_value_list(capo_values_list((const Value[]){ low, high }, 2));
}

List *capo_values_list(const Value *values, size_t count)
{
    List *list = capo_list_new();
    for (size_t i = 0; i < count; i++)
        capo_list_add(list, values[i]);
    return list;
}

static Condition *condition_new(ConditionKind kind)
{
    Condition *condition = capo_alloc_struct(Condition);
    condition->kind = kind;
    condition->depth = 1;
    return condition;
}

Condition *capo_q(const char *path, Value value)
{
    if (!path)
        capo_bug("Q() got NULL for the path of its look-up.");
    Condition *condition = condition_new(CONDITION_LOOKUP);
    condition->path = capo_strdup(path);
    condition->value = value_copy(value);
    return condition;
}

Condition *capo_q_word(const char *path, Value value)
{
    if (value.kind == VALUE_INT && (value.integer == 0 || value.integer == 1) && path && capo_ends_with(path, "__isnull"))
        value = capo_value_bool(value.integer);
    return capo_q(path, value);
}

static Condition *condition_list(ConditionKind kind, Condition *const *conditions, size_t count)
{
    Condition *condition = condition_new(kind);
    condition->children = capo_alloc_array(count ? count : 1, sizeof *condition->children);
    for (size_t i = 0; i < count; i++) {
        if (conditions[i]->depth >= condition->depth)
            condition->depth = conditions[i]->depth + 1;
        condition->children[condition->count++] = conditions[i];
    }
    return condition;
}

static size_t length(Condition *const *conditions)
{
    size_t count = 0;
    while (conditions && conditions[count])
        count++;
    return count;
}

Condition *capo_q_all(Condition *const *conditions)
{
    return condition_list(CONDITION_ALL, conditions, length(conditions));
}

Condition *capo_q_any(Condition *const *conditions)
{
    return condition_list(CONDITION_ANY, conditions, length(conditions));
}

Condition *capo_q_xor(Condition *const *conditions, size_t count)
{
    return condition_list(CONDITION_XOR, conditions, count);
}

Condition *capo_q_odd(Condition *const *conditions)
{
    return capo_q_xor(conditions, length(conditions));
}

Condition *capo_q_list(bool any, Condition *const *conditions, size_t count)
{
    return condition_list(any ? CONDITION_ANY : CONDITION_ALL, conditions, count);
}

/* A negated look-up needs a node around it; a node is copied with its sign turned only where it has none yet, since NOT(NOT(q))
 * over a to-many relation is not q. */
Condition *capo_q_not(Condition *condition)
{
    if (!condition)
        capo_bug("NOT() got no condition.");
    Condition *inverse = condition_list(CONDITION_ALL, &condition, 1);
    inverse->negated = true;
    return inverse;
}

Condition *condition_of_expression(Expression *expression)
{
    Condition *condition = condition_new(CONDITION_EXPRESSION);
    condition->expression = expression;
    return condition;
}

/* --- .where and .exclude --------------------------------------------------------------------------------------------------- */

/* values: instead of those of the struct, isnull's left out. */
typedef struct Found { Condition **items; size_t count, capacity; const Value *values; } Found;

static void add(Found *found, Condition *condition)
{
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? found->capacity * 2 : 8;
        found->items = capo_realloc(found->items, found->capacity * sizeof *found->items, capacity * sizeof *found->items);
        found->capacity = capacity;
    }
    found->items[found->count++] = condition;
}

static const char *joined(const char *prefix, const char *name, const char *lookup)
{
    bool plain = !lookup || !strcmp(lookup, "exact");
    return capo_format("%s%s%s%s%s", prefix ? prefix : "", prefix ? "__" : "", name, plain ? "" : "__", plain ? "" : lookup);
}

static void read_lookups(Model *model, const void *lookups, const char *prefix, int depth, Found *found);

static void read_field(const Field *field, const void *lookups, const char *prefix, int depth, Found *found)
{
    const char *base = lookups;
    if (field->layout.lookup >= 0) {
        const Lookup *lookup = (const void *)(base + field->layout.lookup);
        Value value = found->values && lookup->name && strcmp(lookup->name, "isnull") ? *found->values++ : lookup->value;
        if (lookup->name && !strcmp(lookup->name, "ne"))
            add(found, capo_q_not(capo_q(joined(prefix, field->attname, NULL), value)));
        else if (lookup->name)
            add(found, capo_q(joined(prefix, field->attname, lookup->name), value));
    }
    if (field->layout.related_lookup >= 0) {
        const void *related = *(const void *const *)(const void *)(base + field->layout.related_lookup);
        if (related)
            read_lookups(field->row->target ? field->row->target : field->target, related, joined(prefix, field->name, NULL), depth + 1, found);
    }
}

static void read_lookups(Model *model, const void *lookups, const char *prefix, int depth, Found *found)
{
    if (depth > MAX_JOINS)
        capo_raise(ERROR_NOT_SUPPORTED, "The .where of %s spans more than %d relations.", model->label, MAX_JOINS);
    for (size_t i = 0; i < model->n_fields; i++)
        read_field(model->fields[i], lookups, prefix, depth, found);
    for (size_t i = 0; i < model->n_many; i++)
        read_field(model->many[i], lookups, prefix, depth, found);
}

Condition *condition_of_lookups(Model *model, const void *lookups, const Value *values)
{
    Found found = { .values = values };
    read_lookups(model, lookups, NULL, 0, &found);
    return found.count ? condition_list(CONDITION_ALL, found.items, found.count) : NULL;
}

NamedChange *changes_of_struct(Model *model, const void *changes, size_t *ret_count)
{
    NamedChange *list = capo_alloc_array(model->n_fields + 1, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field->layout.change < 0)
            continue;
        const FieldChange *change = (const void *)((const char *)changes + field->layout.change);
        if (change->operation)
            list[count++] = (NamedChange){ .field = field->name, .change = { change->operation, value_copy(change->value) } };
    }
    *ret_count = count;
    return list;
}
