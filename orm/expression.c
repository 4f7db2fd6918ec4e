/* SPDX-License-Identifier: BSD-3-Clause */
/* Expressions: making, copying, walking them, and the types that their results have.
 *
 * An expression is never changed once it was handed out; expression_map copies the nodes on the way to what it replaces. */
#include "query.h"
#include "functions.h"
#include <capo/expressions.h>
#include <string.h>

static const ObjectOps expression_ops = { .type_name = "Expression" };

Expression *expression_new(ExpressionKind kind)
{
    Expression *expression = capo_alloc_struct(Expression);
    expression->object.ops = &expression_ops;
    expression->kind = kind;
    expression->type.places = -1;
    return expression;
}

Expression *value_expression(Value value)
{
    return value.kind == VALUE_OBJECT && value.object && value.object->ops == &expression_ops ? (Expression *)value.object : NULL;
}

OutputType type_of(FieldKind kind)
{
    return (OutputType){ .kind = kind, .places = -1 };
}

OutputType type_of_field(const Field *field)
{
    while (capo_field_is_relation(field->kind) && field->target_field && field->target_field != field)
        field = field->target_field;
    return (OutputType){ .kind = field->kind, .field = field, .places = field->kind == FIELD_DECIMAL ? field->decimal_places : -1 };
}

OutputType type_of_value(Value value)
{
    static const FieldKind kinds[] = {
        [VALUE_BOOL] = FIELD_BOOLEAN, [VALUE_INT] = FIELD_INTEGER, [VALUE_REAL] = FIELD_FLOAT, [VALUE_DECIMAL] = FIELD_DECIMAL,
        [VALUE_TEXT] = FIELD_CHAR, [VALUE_SAFE] = FIELD_CHAR, [VALUE_BYTES] = FIELD_BINARY, [VALUE_DATE] = FIELD_DATE,
        [VALUE_TIME] = FIELD_TIME, [VALUE_DATETIME] = FIELD_DATETIME, [VALUE_DURATION] = FIELD_DURATION, [VALUE_UUID] = FIELD_UUID,
        [VALUE_OBJECT] = FIELD_NONE,
    };
    return type_of(kinds[value.kind]);
}

Expression *expression_value(Value value, OutputType type)
{
    Expression *expression = expression_new(X_VALUE);
    expression->value = value_copy(value);
    expression->type = type.kind ? type : type_of_value(value);
    return expression;
}

Expression *expression_path(const char *path)
{
    Expression *expression = expression_new(X_PATH);
    expression->name = capo_strdup(path);
    return expression;
}

Value capo_f(const char *path)
{
    if (!path || !*path)
        capo_bug("F() got no name.");
    return capo_value_object(expression_path(path));
}

Expression *expression_outer(const char *path)
{
    Expression *expression = expression_new(X_OUTER);
    expression->name = capo_strdup(path);
    return expression;
}

static Expression *with_args(ExpressionKind kind, Expression *const *args, size_t count)
{
    Expression *expression = expression_new(kind);
    expression->args = capo_memdup(args, count * sizeof *args);
    expression->n_args = count;
    return expression;
}

Expression *expression_call_of(const FunctionRow *row, Expression *const *args, size_t n_args)
{
    Expression *expression = with_args(X_CALL, args, n_args);
    expression->function = row;
    expression->name = row->name;
    return expression;
}

/* Arguments that may be left out. */
static const struct { const char *function; size_t at; const char *text; } defaults[] = {
    { "Replace", 2, "" }, { "LPad", 2, " " }, { "RPad", 2, " " },
};

Expression *expression_call(const char *function, Expression **args, size_t n_args)
{
    const FunctionRow *row = function_find(function);
    if ((int)n_args < row->least || (row->most >= 0 && (int)n_args > row->most))
        capo_raise(ERROR_FIELD, "The database function %s does not take %zu argument%s.", function, n_args, n_args == 1 ? "" : "s");
    bool places = !strcmp(function, "Left") || !strcmp(function, "Right") || !strcmp(function, "Substr");
    if (places && args[1]->kind == X_VALUE && args[1]->value.kind == VALUE_INT && args[1]->value.integer < 1)
        capo_raise(ERROR_VALUE, "'%s' must be greater than 0.", !strcmp(function, "Substr") ? "pos" : "length");
    bool counts = !strcmp(function, "Repeat") || !strcmp(function, "LPad") || !strcmp(function, "RPad");
    if (counts && args[1]->kind == X_VALUE && args[1]->value.kind == VALUE_INT && args[1]->value.integer < 0)
        capo_raise(ERROR_VALUE, "'%s' must be greater or equal to 0.", !strcmp(function, "Repeat") ? "number" : "length");
    Expression *padded[3];
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (!strcmp(function, defaults[i].function) && n_args == defaults[i].at) {
            memcpy(padded, args, n_args * sizeof *args);
            padded[n_args++] = expression_value(capo_value_text(defaults[i].text), type_of(FIELD_NONE));
            args = padded;
        }
    return expression_call_of(row, args, n_args);
}

Expression *expression_combine(const char *operator, Expression *left, Expression *right)
{
    Expression *expression = with_args(X_COMBINE, (Expression *[]){ left, right }, 2);
    expression->name = operator;
    return expression;
}

Expression *expression_case(Expression **pairs_and_default, size_t count, OutputType type)
{
    Expression *expression = with_args(X_CASE, pairs_and_default, count);
    expression->type = type;
    return expression;
}

Expression *expression_cast(ExpressionKind kind, Expression *of, OutputType type)
{
    Expression *expression = with_args(kind, &of, 1);
    expression->type = type;
    return expression;
}

Expression *expression_subquery(ExpressionKind kind, Query *query, bool negated)
{
    Expression *expression = expression_new(kind);
    if (query)
        query_settle(query);
    expression->query = query;
    expression->negated = negated;
    if (kind == X_EXISTS)
        expression->type = type_of(FIELD_BOOLEAN);
    return expression;
}

Expression *expression_condition(Condition *condition)
{
    Expression *expression = expression_new(X_CONDITION);
    expression->condition = condition;
    expression->type = type_of(FIELD_BOOLEAN);
    return expression;
}

Expression *expression_lookup(const LookupRow *row, Expression *left, Value value, Expression *right)
{
    Expression *expression = with_args(X_LOOKUP, (Expression *[]){ left, right }, right ? 2 : 1);
    expression->lookup = row;
    expression->value = value;
    expression->type = type_of(FIELD_BOOLEAN);
    return expression;
}

Expression *expression_node(Connector connector, bool negated, Expression **args, size_t count)
{
    Expression *expression = with_args(X_NODE, args, count);
    expression->connector = connector;
    expression->negated = negated;
    expression->type = type_of(FIELD_BOOLEAN);
    return expression;
}

Expression *expression_aggregate(const char *function, Expression *of, bool distinct, Condition *filter, Value default_value)
{
    const FunctionRow *row = function_find(function);
    if (!row->aggregate)
        capo_raise(ERROR_FIELD, "%s is no aggregate.", function);
    if (distinct && (!strcmp(function, "Min") || !strcmp(function, "Max")))
        capo_raise(ERROR_VALUE, "%s does not allow distinct.", function);
    if (of->kind == X_STAR && filter)
        capo_raise(ERROR_VALUE, "Star cannot be used with filter. Please specify a field.");
    Expression *expression = with_args(X_AGGREGATE, &of, 1);
    expression->function = row;
    expression->name = row->name;
    expression->distinct = distinct;
    expression->condition = filter;
    expression->value = default_value;
    return expression;
}

/* What the options say besides: a second argument, an order. */
void expression_order_aggregate(Expression *aggregate, const AggregateOptions *options)
{
    const FunctionRow *row = aggregate->function;
    bool second = options->with.kind != VALUE_NULL;
    if (row->least > 1 && !second)
        capo_raise(ERROR_VALUE, "%s needs .with: %s.", row->name, row->ordered ? "what stands between the texts" : "the second number");
    if (second && row->most < 2 && row->most >= 0)
        capo_raise(ERROR_VALUE, "%s takes no .with.", row->name);
    if (second) {
        Expression *with = value_expression(options->with);
        aggregate->args = capo_memdup(((Expression *[]){ aggregate->args[0], with ? with : expression_value(options->with, type_of(FIELD_NONE)) }), 2 * sizeof *aggregate->args);
        aggregate->n_args = 2;
    }
    if (options->order_by && options->order_by[0] && !row->ordered)
        capo_raise(ERROR_VALUE, "%s has no order: .order_by is for StringAgg, ArrayAgg and JSONBAgg.", row->name);
    aggregate->order = order_terms_of(options->order_by, &aggregate->n_order);
}

OrderTerm order_term_of(const char *text, bool as_expression)
{
    static const char *const ends[] = { " nulls first", " nulls last" };
    OrderTerm term = { .path = text };
    size_t size = strlen(text);
    for (int i = 0; i < 2; i++)
        if (size > strlen(ends[i]) && !strcmp(text + size - strlen(ends[i]), ends[i])) {
            term.nulls = i + 1;
            term.path = capo_strndup(text, size - strlen(ends[i]));
        }
    if (!as_expression)
        return term;
    term.descending = *term.path == '-';
    term.expression = expression_path(term.path + term.descending);
    term.path = NULL;
    return term;
}

OrderTerm *order_terms_of(const char *const *texts, size_t *ret_count)
{
    size_t count = 0;
    while (texts && texts[count])
        count++;
    OrderTerm *terms = capo_alloc_array(count + 1, sizeof *terms);
    for (size_t i = 0; i < count; i++)
        terms[i] = order_term_of(texts[i], true);
    *ret_count = count;
    return terms;
}

/* "*" counts rows; the name without `as` is Django's: posts__count. */
Expression *capo_aggregate_of(const AggregateOptions *options)
{
    if (!options->of)
        capo_bug("%s() got no path; \"*\" counts rows.", options->function);
    bool star = !strcmp(options->of, "*");
    if (star && strcmp(options->function, "Count"))
        capo_raise(ERROR_FIELD, "Only COUNT takes \"*\"; give %s the path of a field.", options->function);
    Expression *expression = expression_aggregate(options->function, star ? expression_new(X_STAR) : expression_path(options->of),
                                                  options->distinct, options->filter, options->default_value);
    expression_order_aggregate(expression, options);
    if (options->as) {
        expression->as = capo_strdup(options->as);
    } else if (!star) {
        char *lower = capo_strdup(options->function);
        for (char *c = lower; *c; c++)
            *c |= 0x20;
        expression->as = capo_format("%s__%s", options->of, lower);
    }
    return expression;
}

/* --- walking ------------------------------------------------------------------------------------------------------------------ */

static OrderTerm *map_order(OrderTerm *order, size_t count, Replace *replace, void *context, int level)
{
    OrderTerm *copy = order;
    for (size_t i = 0; i < count; i++) {
        Expression *mapped = order[i].expression ? expression_map(order[i].expression, replace, context, level) : NULL;
        if (mapped == order[i].expression)
            continue;
        if (copy == order)
            copy = capo_memdup(order, count * sizeof *order);
        copy[i].expression = mapped;
    }
    return copy;
}

Expression *expression_map(Expression *expression, Replace *replace, void *context, int level)
{
    if (!expression)
        return NULL;
    Expression *other = replace(context, expression, level);
    if (other != expression)
        return other;
    Expression *copy = expression;
#define OWN() (copy == expression ? copy = capo_memdup(expression, sizeof *expression) : copy)
    for (size_t i = 0; i < expression->n_args; i++) {
        Expression *mapped = expression_map(expression->args[i], replace, context, level);
        if (mapped == expression->args[i])
            continue;
        if (copy->args == expression->args) {
            OWN();
            copy->args = capo_memdup(expression->args, expression->n_args * sizeof *expression->args);
        }
        copy->args[i] = mapped;
    }
    Expression *filter = expression_map(expression->filter, replace, context, level);
    if (filter != expression->filter)
        OWN()->filter = filter;
    if (expression->query) {
        Query *query = query_map(expression->query, replace, context, level + 1);
        if (query != expression->query)
            OWN()->query = query;
    }
    OrderTerm *order = map_order(expression->order, expression->n_order, replace, context, level);
    if (order != expression->order)
        OWN()->order = order;
#undef OWN
    return copy;
}

static Expression **map_list(Expression **list, size_t count, Replace *replace, void *context, int level)
{
    Expression **copy = list;
    for (size_t i = 0; i < count; i++) {
        Expression *mapped = expression_map(list[i], replace, context, level);
        if (mapped == list[i])
            continue;
        if (copy == list)
            copy = capo_memdup(list, count * sizeof *list);
        copy[i] = mapped;
    }
    return copy;
}

Query *query_map(Query *query, Replace *replace, void *context, int level)
{
    Query mapped = *query;
    mapped.where = expression_map(query->where, replace, context, level);
    mapped.group_by = map_list(query->group_by, query->n_group_by, replace, context, level);
    mapped.explicit_select = map_list(query->explicit_select, query->n_explicit_select, replace, context, level);
    mapped.order = map_order(query->order, query->n_order, replace, context, level);
    for (size_t i = 0; i < query->n_joins; i++) {
        Expression *on = query->joins[i].on ? expression_map(query->joins[i].on, replace, context, level) : NULL;
        if (on == query->joins[i].on)
            continue;
        if (mapped.joins == query->joins)
            mapped.joins = capo_memdup(query->joins, query->n_joins * sizeof *query->joins);
        mapped.joins[i].on = on;
    }
    for (size_t i = 0; i < query->n_annotations; i++) {
        Expression *expression = expression_map(query->annotations[i].expression, replace, context, level);
        if (expression == query->annotations[i].expression)
            continue;
        if (mapped.annotations == query->annotations)
            mapped.annotations = capo_memdup(query->annotations, query->n_annotations * sizeof *query->annotations);
        mapped.annotations[i].expression = expression;
    }
    for (size_t i = 0; i < query->n_selected; i++) {
        Expression *expression = expression_map(query->selected[i].expression, replace, context, level);
        if (expression == query->selected[i].expression)
            continue;
        if (mapped.selected == query->selected)
            mapped.selected = capo_memdup(query->selected, query->n_selected * sizeof *query->selected);
        mapped.selected[i].expression = expression;
    }
    for (size_t i = 0; i < query->n_combined; i++) {
        Query *part = query_map(query->combined[i], replace, context, level);
        if (part == query->combined[i])
            continue;
        if (mapped.combined == query->combined)
            mapped.combined = capo_memdup(query->combined, query->n_combined * sizeof *query->combined);
        mapped.combined[i] = part;
    }
    if (!memcmp(&mapped, query, sizeof mapped))
        return query;
    mapped.rows = NULL;
    mapped.fetched = false;
    return capo_memdup(&mapped, sizeof mapped);
}

static bool any(const Expression *expression, bool (*test)(const Expression *))
{
    if (!expression)
        return false;
    if (test(expression))
        return true;
    for (size_t i = 0; i < expression->n_args; i++)
        if (any(expression->args[i], test))
            return true;
    return any(expression->filter, test);
}

static bool is_aggregate(const Expression *expression) { return expression->kind == X_AGGREGATE; }
static bool is_window(const Expression *expression) { return expression->kind == X_WINDOW; }
static bool is_subquery(const Expression *expression) { return expression->query != NULL; }

/* A window over aggregates is computed behind the grouping; its own function is no aggregate of the query. */
bool expression_has_aggregate(const Expression *expression)
{
    if (!expression)
        return false;
    if (expression->kind == X_WINDOW) {
        for (size_t i = 0; i < expression->args[0]->n_args; i++)
            if (any(expression->args[0]->args[i], is_aggregate))
                return true;
        for (size_t i = 1; i < expression->n_args; i++)
            if (any(expression->args[i], is_aggregate))
                return true;
        return false;
    }
    if (is_aggregate(expression))
        return true;
    for (size_t i = 0; i < expression->n_args; i++)
        if (expression_has_aggregate(expression->args[i]))
            return true;
    return expression_has_aggregate(expression->filter);
}

bool expression_has_window(const Expression *expression) { return any(expression, is_window); }
static bool is_set(const Expression *expression) { return expression->kind == X_CALL && expression->function->own && expression->function->own->set_returning; }
bool expression_has_set(const Expression *expression) { return any(expression, is_set); }
bool expression_has_subquery(const Expression *expression) { return any(expression, is_subquery); }

typedef struct Visit { VisitColumn *visit; void *context; } Visit;

static Expression *visit_one(void *context, Expression *node, int level)
{
    const Visit *visit = context;
    if (node->kind == X_COLUMN && node->level == level)
        visit->visit(visit->context, node);
    return node;
}

void expression_columns(const Expression *expression, int level, VisitColumn *visit, void *context)
{
    Visit all = { visit, context };
    expression_map((Expression *)expression, visit_one, &all, level);
}

bool expression_equal(const Expression *a, const Expression *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->kind != b->kind || a->n_args != b->n_args || a->join != b->join || a->level != b->level || a->column != b->column ||
        !a->function != !b->function || a->transform != b->transform || a->lookup != b->lookup || a->query != b->query ||
        a->negated != b->negated || a->distinct != b->distinct || a->connector != b->connector || a->zone != b->zone ||
        a->n_order != b->n_order || a->n_order || a->type.kind != b->type.kind ||
        (a->name != b->name && (!a->name || !b->name || strcmp(a->name, b->name))))
        return false;
    if (a->value.kind != b->value.kind || !capo_equal(a->value, b->value) || !expression_equal(a->filter, b->filter))
        return false;
    for (size_t i = 0; i < a->n_args; i++)
        if (!expression_equal(a->args[i], b->args[i]))
            return false;
    return true;
}

bool expression_is_condition(const Expression *expression)
{
    return expression->kind == X_NODE || expression->kind == X_LOOKUP || expression->kind == X_EXISTS || expression->kind == X_NOTHING;
}
