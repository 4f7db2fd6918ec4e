/* SPDX-License-Identifier: BSD-3-Clause */
/* What kind of value an expression gives, told from its parts as Django tells it (_resolve_output_field).
 *
 * Parts that are of several classes leave it open (OutputType.mixed), which is an error only where somebody asks: a column that is read, the left
 * side of a look-up, a CASE, a total. A cast, or a type that the user gives, is not asked what it is made of. */
#include "query.h"
#include "functions.h"
#include <string.h>

static FieldKind parent_kind(FieldKind kind)
{
    switch (kind) {
    case FIELD_AUTO: case FIELD_BIG_INTEGER: case FIELD_SMALL_INTEGER: case FIELD_POSITIVE_INTEGER: return FIELD_INTEGER;
    case FIELD_BIG_AUTO: case FIELD_POSITIVE_BIG_INTEGER: return FIELD_BIG_INTEGER;
    case FIELD_SMALL_AUTO: case FIELD_POSITIVE_SMALL_INTEGER: return FIELD_SMALL_INTEGER;
    case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: return FIELD_CHAR;
    case FIELD_DATETIME: return FIELD_DATE;
    default: return FIELD_NONE;
    }
}

/* As subclasses of Django's field classes. */
static bool kind_is(FieldKind kind, FieldKind ancestor)
{
    for (; kind; kind = parent_kind(kind))
        if (kind == ancestor)
            return true;
    return false;
}

bool type_is_number(FieldKind kind)
{
    return capo_field_is_integer(kind) || kind == FIELD_FLOAT || kind == FIELD_DECIMAL;
}

static OutputType mixed(void)
{
    OutputType type = type_of(FIELD_NONE);
    type.mixed = true;
    return type;
}

/* All of one class, as Django wants it, or unknown. */
static OutputType common_type(Expression *const *args, size_t count, size_t first, size_t step)
{
    OutputType type = type_of(FIELD_NONE);
    for (size_t i = first; i < count; i += step) {
        if (args[i]->type.mixed)
            return mixed();
        if (!args[i]->type.kind)
            continue;
        if (!type.kind)
            type = args[i]->type;
        else if (!kind_is(type.kind, args[i]->type.kind))
            return mixed();
        else if (type.kind == FIELD_DECIMAL && type.places != args[i]->type.places)
            type.places = -1;
    }
    return type;
}

/* The type that a function gives which takes its arguments as they are: all of one class. A text that is joined to others is compared
 * with its neighbour, since Django joins pairs. */
static OutputType mixed_type(const Expression *call, bool pairs)
{
    OutputType type = type_of(FIELD_NONE);
    for (size_t i = 0; i < call->n_args; i++) {
        OutputType other = call->args[i]->type;
        if (other.mixed || (other.kind && type.kind && !kind_is(type.kind, other.kind)))
            return mixed();
        if (!type.kind || pairs)
            type = other.kind ? other : type;
    }
    return pairs ? call->args[0]->type : common_type(call->args, call->n_args, 0, 1);
}

static FieldKind moment(FieldKind kind)
{
    return kind == FIELD_DATE || kind == FIELD_DATETIME || kind == FIELD_TIME ? kind : FIELD_NONE;
}

static OutputType combined_type(const char *operator, OutputType a, OutputType b)
{
    char op = operator[0];
    if (a.mixed || b.mixed)
        return mixed();
    if (strchr("&|<>#", op))
        return (a.kind && !capo_field_is_integer(a.kind)) || (b.kind && !capo_field_is_integer(b.kind)) ? mixed() : type_of(a.kind || b.kind ? FIELD_INTEGER : FIELD_NONE);
    if (!a.kind)
        return type_is_number(b.kind) ? type_of(b.kind) : type_of(FIELD_NONE);
    if (!b.kind)
        return type_is_number(a.kind) ? type_of(a.kind) : type_of(FIELD_NONE);
    if (type_is_number(a.kind) && type_is_number(b.kind)) {
        bool int_a = capo_field_is_integer(a.kind), int_b = capo_field_is_integer(b.kind);
        if (int_a && int_b)
            return type_of(FIELD_INTEGER);
        if (a.kind == b.kind || ((int_a || int_b) && op != '^'))
            return type_of(int_a ? b.kind : a.kind);
        return mixed();
    }
    if (op == '-' && moment(a.kind) && moment(b.kind) && (a.kind == FIELD_TIME) == (b.kind == FIELD_TIME))
        return type_of(FIELD_DURATION);
    if ((op == '+' || op == '-') && a.kind == FIELD_DURATION && b.kind == FIELD_DURATION)
        return type_of(FIELD_DURATION);
    if ((op == '+' || op == '-') && moment(a.kind) && b.kind == FIELD_DURATION)
        return type_of(a.kind == FIELD_TIME ? FIELD_TIME : FIELD_DATETIME);
    if (op == '+' && a.kind == FIELD_DURATION && moment(b.kind))
        return type_of(b.kind == FIELD_TIME ? FIELD_TIME : FIELD_DATETIME);
    return mixed();
}

/* Of arithmetic functions: decimals where any argument is one, floats of integers. */
static OutputType number_type(const Expression *call)
{
    bool decimals = false, integers = false;
    for (size_t i = 0; i < call->n_args; i++) {
        if (call->args[i]->type.mixed)
            return mixed();
        decimals |= call->args[i]->type.kind == FIELD_DECIMAL;
        integers |= capo_field_is_integer(call->args[i]->type.kind);
    }
    OutputType common = mixed_type(call, false);
    return decimals ? type_of(FIELD_DECIMAL) : integers ? type_of(FIELD_FLOAT) : common.mixed ? common : type_of(common.kind);
}

static OutputType call_type(const Expression *call)
{
    OutputType first = call->n_args ? call->args[0]->type : type_of(FIELD_NONE);
    switch (call->function->gives) {
    case GIVES_FIRST: return call->kind == X_AGGREGATE && !strcmp(call->name, "Sum") ? (OutputType){ .kind = first.kind, .mixed = first.mixed, .places = first.places } : first;
    case GIVES_TEXT: return type_of(FIELD_CHAR);
    case GIVES_INTEGER: return type_of(FIELD_INTEGER);
    case GIVES_FLOAT: return type_of(FIELD_FLOAT);
    case GIVES_NUMBER: return number_type(call);
    case GIVES_BOOLEAN: return type_of(FIELD_BOOLEAN);
    case GIVES_UUID: return type_of(FIELD_UUID);
    case GIVES_KIND: return type_of(call->function->kind);
    case GIVES_DATETIME: return type_of(FIELD_DATETIME);
    case GIVES_JSON: return type_of(FIELD_JSON);
    case GIVES_MIXED: return mixed_type(call, false);
    case GIVES_PAIRS: return mixed_type(call, true);
    }
    return first;
}

/* The first part that is itself of several classes, whatever stands around it. */
static const Expression *mixed_part(const Expression *expression)
{
    for (size_t i = 0; i < expression->n_args; i++)
        if (expression->args[i]->type.mixed)
            return mixed_part(expression->args[i]);
    return expression;
}

void expression_check_type(const Expression *expression)
{
    if (!expression->type.mixed)
        return;
    const Expression *part = mixed_part(expression);
    bool combined = part->kind == X_COMBINE, branches = part->kind == X_CASE;
    Buffer kinds = { 0 };
    for (size_t i = 0; i < part->n_args; i++)
        if (part->args[i]->type.kind && (!branches || i % 2 || i + 1 == part->n_args))
            capo_put_format(&kinds, "%s%s", kinds.size ? ", " : "", capo_field_kind_name(part->args[i]->type.kind));
    if (combined)
        capo_raise(ERROR_FIELD, "Cannot infer type of '%s' expression involving these types: %s. You must set output_field.", part->name,
                   capo_buffer_text(&kinds));
    capo_raise(ERROR_FIELD, "Expression contains mixed types: %s. You must set output_field.", kinds.size ? capo_buffer_text(&kinds) : "of a subquery");
}

void expression_infer(Expression *expression)
{
    if (expression->type.kind)
        return;
    switch (expression->kind) {
    case X_CALL: case X_AGGREGATE:
        expression->type = call_type(expression);
        break;
    case X_COMBINE:
        expression->type = combined_type(expression->name, expression->args[0]->type, expression->args[1]->type);
        break;
    case X_NEGATE: case X_WINDOW: case X_COLLATE:
        expression->type = expression->args[0]->type;
        break;
    case X_CASE: {
        OutputType type = common_type(expression->args, expression->n_args - 1, 1, 2);
        OutputType last = expression->args[expression->n_args - 1]->type;
        if (last.mixed || (last.kind && type.kind && !kind_is(type.kind, last.kind)))
            type = mixed();
        else if (!type.kind && !type.mixed)
            type = last;
        expression->type = type;
        break;
    }
    case X_SUBQUERY: {
        const Query *query = expression->query;
        if (query->values && query->n_selected) {
            const Selected *first = &query->selected[0];
            for (size_t i = 0; first->annotation && i < query->n_annotations; i++)
                if (!strcmp(query->annotations[i].name, first->name))
                    expression->type = query->annotations[i].expression->type;
            if (!first->annotation)
                expression->type = first->expression->type;
        } else if (query->n_explicit_select) {
            expression->type = query->explicit_select[0]->type;
        } else {
            expression->type = type_of_field(query->model->pk);
        }
        break;
    }
    default:
        break;
    }
}
