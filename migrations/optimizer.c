/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes a list of operations shorter that leads to the same: a field that is added to a model which the list creates is created with it, two
 * renames are one, what is made and removed again goes altogether. The rules are those of Django's optimizer.
 *
 * Each operation is held against those behind it. They may become one (a list), or the first may be moved over the other, since that does not
 * concern it, or the other is a barrier. Joined operations stand where the second stood, if the first can be moved there; else where the
 * first stood, if all between let the second through. */
#include "migration.h"
#include <string.h>

typedef enum Outcome { BARRIER, MOVES_OVER, BECOMES } Outcome;
typedef struct Reduced { Operation *operations[2]; size_t count; } Reduced;

static bool is_field_operation(const Operation *op)
{
    return op->kind == ADD_FIELD || op->kind == REMOVE_FIELD || op->kind == ALTER_FIELD || op->kind == RENAME_FIELD;
}

/* Those that CreateModel swallows. */
static bool belongs_to_model(const Operation *op)
{
    return is_field_operation(op) || op->kind == ALTER_MODEL_OPTIONS || op->kind == ALTER_UNIQUE_TOGETHER || op->kind == ALTER_ORDER_WITH_RESPECT_TO || op->kind == ADD_INDEX || op->kind == REMOVE_INDEX
        || op->kind == RENAME_INDEX || op->kind == ADD_CONSTRAINT || op->kind == REMOVE_CONSTRAINT || op->kind == ALTER_MODEL_TABLE
        || op->kind == ALTER_MODEL_TABLE_COMMENT;
}

static bool same_text(const char *a, const char *b) { return a && b && same_name(a, b); }

static bool same_field(const Operation *a, const Operation *b)
{
    return is_field_operation(b) && same_text(a->model, b->model) && same_text(a->name, b->name);
}

/* --- what an operation speaks of ------------------------------------------------------------------------------------------------------ */

static bool field_refers(const FieldState *field, const char *app, const char *model)
{
    const char *label = capo_format("%s.%s", app, model);
    for (const char *const *name = (const char *const[]){ "to", "through", NULL }; *name; name++) {
        const char *text = field_state_text(field, *name);
        if (text && same_name(state_label(app, text), label))
            return true;
    }
    return false;
}

/* As its child or its proxy, which has no field that says so. */
static bool is_made_from(const Operation *create, const char *app, const char *model)
{
    Value *bases = create->options ? capo_map_get(create->options, "bases") : NULL;
    return bases && bases->list->count && same_name(state_label(app, capo_to_text(bases->list->items[0])), capo_format("%s.%s", app, model));
}

static bool refers_to_model(const Operation *op, const char *app, const char *model)
{
    bool refers = same_text(op->model, model);
    switch (op->kind) {
    case CREATE_MODEL:
        refers |= is_made_from(op, app, model);
        for (size_t i = 0; i < op->n_fields; i++)
            refers |= field_refers(op->fields[i], app, model);
        return refers;
    case RENAME_MODEL:
        return refers || same_text(op->new_name, model);
    case ADD_FIELD: case ALTER_FIELD:
        return refers || field_refers(op->field, app, model);
    case ALTER_MODEL_TABLE: case ALTER_MODEL_OPTIONS: case ALTER_UNIQUE_TOGETHER: case ALTER_ORDER_WITH_RESPECT_TO: case REMOVE_FIELD: case RENAME_FIELD:
        return refers;
    default:                            /* a deleted model may have referred to it; SQL and functions may do anything */
        return true;
    }
}

/* Whether the option, a name or a list of names, has this one. */
static bool option_names(const FieldState *field, const char *option, const char *name)
{
    Value *value = capo_map_get(field->options, option);
    for (size_t i = 0; value && value->kind == VALUE_LIST && i < value->list->count; i++)
        if (same_name(capo_to_text(value->list->items[i]), name))
            return true;
    return value && capo_is_text(*value) && same_name(value->text, name);
}

static bool refers_to_field(const Operation *op, const char *app, const char *model, const char *name)
{
    if (!is_field_operation(op))
        return refers_to_model(op, app, model);
    if (same_text(op->model, model) && (same_text(op->name, name) || same_text(op->new_name, name)))
        return true;
    if (!op->field)
        return false;
    if (same_text(op->model, model) && option_names(op->field, "unique_for_date", name))
        return true;
    return field_refers(op->field, app, model) && (option_names(op->field, "to_field", name) || option_names(op->field, "through_fields", name)
                                                   || !capo_map_get(op->field->options, "to_field"));
}

/* --- two of them ------------------------------------------------------------------------------------------------------------------------- */

static Outcome becomes(Reduced *ret, Operation *one, Operation *two)
{
    ret->count = 0;
    if (one)
        ret->operations[ret->count++] = one;
    if (two)
        ret->operations[ret->count++] = two;
    return BECOMES;
}

/* A rename that goes on to another name; NULL: back to where it came from. */
static Operation *with_new_name(const Operation *op, const char *old_name, const char *new_name)
{
    if (strcmp(old_name, new_name) == 0)
        return NULL;
    Operation *copy = operation_new(op);
    copy->new_name = new_name;
    return copy;
}

/* The created model with the other operation done to it. */
static Operation *created_with(const Operation *create, const Operation *other, const char *app)
{
    ProjectState *state = operation_state(other, app, operation_state(create, app, state_new()));
    const ModelState *model = state_find(state, app, other->kind == RENAME_MODEL ? other->new_name : create->model);
    Operation *op = operation_new(create);
    op->model = model->name;
    op->fields = model->fields;
    op->n_fields = model->n_fields;
    op->options = model->options;
    return op;
}

static Outcome reduce_field(const Operation *op, Operation *other, Reduced *ret)
{
    if (op->kind == REMOVE_FIELD && other->kind == DELETE_MODEL && same_text(op->model, other->model))
        return becomes(ret, other, NULL);
    if (op->kind == RENAME_FIELD) {
        bool on = other->kind == RENAME_FIELD && same_text(op->model, other->model) && same_text(op->new_name, other->name);
        return on ? becomes(ret, with_new_name(op, op->name, other->new_name), NULL) : BARRIER;
    }
    if (!same_field(op, other))
        return BARRIER;
    Operation *copy = operation_new(op);
    if (op->kind == ADD_FIELD && other->kind == ALTER_FIELD) {
        copy->field = other->field;
        copy->one_off = other->one_off.kind == VALUE_NULL ? op->one_off : other->one_off;
        return becomes(ret, copy, NULL);
    }
    if (op->kind == ADD_FIELD && other->kind == REMOVE_FIELD)
        return becomes(ret, NULL, NULL);
    if (op->kind == ALTER_FIELD && (other->kind == ALTER_FIELD || other->kind == REMOVE_FIELD))
        return becomes(ret, other, NULL);
    if (op->kind == REMOVE_FIELD || other->kind != RENAME_FIELD || (op->kind == ALTER_FIELD && field_state_text(op->field, "db_column")))
        return BARRIER;
    copy->name = other->new_name;
    copy->field = field_state_named(op->field, other->new_name);
    return op->kind == ADD_FIELD ? becomes(ret, copy, NULL) : becomes(ret, other, copy);
}

static Outcome reduce_named(const Operation *op, const Operation *other, Reduced *ret)
{
    OperationKind contrary = op->kind == ADD_INDEX ? REMOVE_INDEX : op->kind == ADD_CONSTRAINT ? REMOVE_CONSTRAINT : OPERATION_NONE;
    const char *name = op->kind == RENAME_INDEX ? op->new_name : op->name;
    if (!same_text(op->model, other->model) || !name || !other->name || strcmp(name, other->name) != 0)
        return BARRIER;
    if (other->kind == contrary)
        return becomes(ret, NULL, NULL);
    if (other->kind != RENAME_INDEX || (op->kind != ADD_INDEX && op->kind != RENAME_INDEX))
        return BARRIER;
    Operation *copy = operation_new(op);
    if (op->kind == RENAME_INDEX)
        copy = with_new_name(op, op->name, other->new_name);
    else
        copy->name = other->new_name;
    return becomes(ret, copy, NULL);
}

static Outcome reduce_pair(const Operation *op, Operation *other, const char *app, Reduced *ret)
{
    if (op->elidable)
        return becomes(ret, other, NULL);
    if (other->elidable)
        return becomes(ret, (Operation *)op, NULL);
    Outcome outcome = BARRIER;
    switch (op->kind) {
    case CREATE_MODEL:
        if (other->kind == DELETE_MODEL && same_text(op->model, other->model))
            return becomes(ret, NULL, NULL);
        if ((other->kind == RENAME_MODEL || belongs_to_model(other)) && same_text(op->model, other->model))
            return becomes(ret, created_with(op, other, app), NULL);
        break;
    case RENAME_MODEL:
        if (other->kind == RENAME_MODEL && same_text(op->new_name, other->model))
            return becomes(ret, with_new_name(op, op->model, other->new_name), NULL);
        return refers_to_model(other, app, op->new_name) ? BARRIER : MOVES_OVER;
    case ALTER_MODEL_TABLE: case ALTER_MODEL_OPTIONS: case ALTER_UNIQUE_TOGETHER: case ALTER_ORDER_WITH_RESPECT_TO:
        if ((other->kind == op->kind || other->kind == DELETE_MODEL) && same_text(op->model, other->model))
            return becomes(ret, other, NULL);
        break;
    case DELETE_MODEL:
        break;
    case ADD_FIELD: case REMOVE_FIELD: case ALTER_FIELD: case RENAME_FIELD:
        outcome = reduce_field(op, other, ret);
        if (outcome != BARRIER)
            return outcome;
        return refers_to_field(other, app, op->model, op->name) || (op->new_name && refers_to_field(other, app, op->model, op->new_name)) ? BARRIER : MOVES_OVER;
    case ADD_INDEX: case RENAME_INDEX: case ADD_CONSTRAINT:
        return reduce_named(op, other, ret);
    default:
        return BARRIER;
    }
    return refers_to_model(other, app, op->model) ? BARRIER : MOVES_OVER;
}

/* The operation has the old name in a relation: of the model, or of the field that a key leads to. */
static bool has_old_name(const Operation *op, const Operation *rename, const char *app)
{
    bool has = rename->kind == RENAME_MODEL && refers_to_model(op, app, rename->model);
    for (size_t i = 0; rename->kind == RENAME_FIELD && i < op->n_fields + 1; i++) {
        const FieldState *field = i < op->n_fields ? op->fields[i] : op->field;
        has |= field && field_refers(field, app, rename->model) && (option_names(field, "to_field", rename->name) || option_names(field, "through_fields", rename->name));
    }
    return has;
}

/* A rename stops also what Django lets by: behind it the old name leads nowhere. */
static Outcome reduce(const Operation *op, Operation *other, const char *app, Reduced *ret)
{
    Outcome outcome = reduce_pair(op, other, app, ret);
    return outcome == MOVES_OVER && has_old_name(op, other, app) ? BARRIER : outcome;
}

/* --- the list --------------------------------------------------------------------------------------------------------------------------------- */

static bool all_move_over(Operation *const *operations, size_t count, Operation *other, const char *app)
{
    Reduced ignored;
    for (size_t i = 0; i < count; i++)
        if (reduce(operations[i], other, app, &ignored) != MOVES_OVER)
            return false;
    return true;
}

static size_t put(Operation **to, size_t at, Operation *const *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[at++] = from[i];
    return at;
}

/* One joining, or none: false. `list` has room for one more. */
static bool join_once(Operation **list, size_t *count, const char *app)
{
    Operation **joined = capo_alloc_array(*count + 2, sizeof *joined);
    for (size_t i = 0; i < *count; i++) {
        bool right = true;
        for (size_t j = i + 1; j < *count; j++) {
            Reduced reduced = { 0 };
            Outcome outcome = reduce(list[i], list[j], app, &reduced);
            if (outcome == BARRIER)
                right = false;
            if (outcome != BECOMES)
                continue;
            size_t between = j - i - 1, n = put(joined, 0, list, i);
            if (!right && !all_move_over(list + i + 1, between, list[j], app))
                break;
            if (right)
                n = put(joined, n, list + i + 1, between);
            n = put(joined, n, reduced.operations, reduced.count);
            if (!right)
                n = put(joined, n, list + i + 1, between);
            n = put(joined, n, list + j + 1, *count - j - 1);
            *count = put(list, 0, joined, n);
            return true;
        }
    }
    return false;
}

Operation **operations_optimized(Operation *const *operations, size_t count, const char *app, size_t *ret_count)
{
    Operation **list = capo_alloc_array(2 * count + 2, sizeof *list);
    put(list, 0, operations, count);
    for (size_t left = 2 * count + 2; left && join_once(list, &count, app);)        /* a joining may leave as many as there were */
        left--;
    list[count] = NULL;
    *ret_count = count;
    return list;
}
