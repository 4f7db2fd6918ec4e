/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions of {% if %}, by precedence climbing: or, and, not, in / not in, is / is not, == != < > <= >=. All binary operators
 * associate to the left, as in Django: a == b == c is (a == b) == c. What cannot be compared is false. */
#include "condition.h"
#include <string.h>

typedef enum {
    OPERAND, OPERATOR_OR, OPERATOR_AND, OPERATOR_NOT, OPERATOR_IN, OPERATOR_NOT_IN, OPERATOR_IS, OPERATOR_IS_NOT, OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL, OPERATOR_GREATER, OPERATOR_GREATER_EQUAL, OPERATOR_LESS, OPERATOR_LESS_EQUAL, CONDITION_END
} Operator;

static const struct { const char *word; Operator operator; int power; } operators[] = {
    { "or", OPERATOR_OR, 6 }, { "and", OPERATOR_AND, 7 }, { "not", OPERATOR_NOT, 8 }, { "in", OPERATOR_IN, 9 },
    { "is", OPERATOR_IS, 10 }, { "==", OPERATOR_EQUAL, 10 }, { "!=", OPERATOR_NOT_EQUAL, 10 }, { ">", OPERATOR_GREATER, 10 },
    { ">=", OPERATOR_GREATER_EQUAL, 10 }, { "<", OPERATOR_LESS, 10 }, { "<=", OPERATOR_LESS_EQUAL, 10 },
};

struct Condition {
    Operator operator;
    bool may_fail;                  /* an operand has filters: what they raise makes the comparison false */
    Condition *left, *right;
    Expression *expression;
};

typedef struct Reading { Parser *parser; char **words; size_t count, at; int depth; } Reading;

/* The operator at the front, its power of binding to the left, and how many words it is. */
static Operator peek(const Reading *reading, int *ret_power, size_t *ret_words)
{
    *ret_words = 1;
    *ret_power = 0;
    if (reading->at >= reading->count)
        return CONDITION_END;
    const char *word = reading->words[reading->at], *next = reading->at + 1 < reading->count ? reading->words[reading->at + 1] : "";
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (strcmp(operators[i].word, word) != 0)
            continue;
        *ret_power = operators[i].power;
        if (operators[i].operator == OPERATOR_IS && strcmp(next, "not") == 0) {
            *ret_words = 2;
            return OPERATOR_IS_NOT;
        }
        if (operators[i].operator == OPERATOR_NOT && strcmp(next, "in") == 0) {
            *ret_words = 2;
            *ret_power = 9;
            return OPERATOR_NOT_IN;
        }
        return operators[i].operator;
    }
    return OPERAND;
}

static Condition *condition_new(Reading *reading, Operator operator, Condition *left, Condition *right)
{
    Condition *condition = capo_parse_alloc(reading->parser, sizeof *condition);
    condition->operator = operator;
    condition->left = left;
    condition->right = right;
    condition->may_fail = (left && left->may_fail) || (right && right->may_fail);
    return condition;
}

static Condition *read_expression(Reading *reading, int power);

static Condition *read_prefix(Reading *reading)
{
    int power;
    size_t words;
    Operator operator = peek(reading, &power, &words);
    const char *word = reading->at < reading->count ? reading->words[reading->at] : "";
    if (operator == CONDITION_END)
        capo_parse_fail(reading->parser, "Unexpected end of expression in if tag.");
    if (operator == OPERAND) {
        Condition *condition = condition_new(reading, OPERAND, NULL, NULL);
        condition->expression = capo_expression_compile(reading->parser, word);
        condition->may_fail = condition->expression->n_filters > 0;
        reading->at++;
        return condition;
    }
    if (operator != OPERATOR_NOT)
        capo_parse_fail(reading->parser, "Not expecting '%s' in this position in if tag.", word);
    reading->at++;
    return condition_new(reading, OPERATOR_NOT, read_expression(reading, power), NULL);
}

static Condition *read_expression(Reading *reading, int least)
{
    if (++reading->depth > 200)
        capo_parse_fail(reading->parser, "The condition is nested more than 200 deep.");
    Condition *left = read_prefix(reading);
    for (;;) {
        int power;
        size_t words;
        Operator operator = peek(reading, &power, &words);
        if (operator == CONDITION_END || operator == OPERAND || least >= power)
            break;
        if (operator == OPERATOR_NOT)
            capo_parse_fail(reading->parser, "Not expecting 'not' as infix operator in if tag.");
        reading->at += words;
        left = condition_new(reading, operator, left, read_expression(reading, power));
        left->may_fail = left->left->may_fail || left->right->may_fail;
    }
    reading->depth--;
    return left;
}

Condition *capo_condition_compile(Parser *parser, char **words, size_t count)
{
    Reading reading = { .parser = parser, .words = words, .count = count };
    Condition *condition = read_expression(&reading, 0);
    if (reading.at < count)
        capo_parse_fail(parser, "Unused '%s' at end of if expression.", words[reading.at]);
    return condition;
}

/* --- evaluation ------------------------------------------------------------------------------------------------------------------- */

/* Python's `is`, as far as values have an identity. */
static bool same(Value a, Value b)
{
    if (a.kind != b.kind)
        return false;
    switch ((ValueKind)a.kind) {
    case VALUE_NULL: return true;
    case VALUE_BOOL: return a.boolean == b.boolean;
    case VALUE_INT: return a.integer == b.integer;
    case VALUE_TEXT: case VALUE_SAFE: return a.size == b.size && (a.text == b.text || (a.size <= 1 && memcmp(a.text, b.text, a.size) == 0));
    case VALUE_LIST: return a.list == b.list;
    case VALUE_MAP: return a.map == b.map;
    case VALUE_OBJECT: return a.object == b.object;
    default: return false;
    }
}

/* Python's `in`; *ret_valid false where it would raise. */
static bool contains(Context *context, Value item, Value container, bool *ret_valid)
{
    *ret_valid = true;
    if (capo_is_text(container)) {
        *ret_valid = capo_is_text(item);
        return *ret_valid && memmem(container.text, container.size, item.text, item.size);
    }
    if (container.kind == VALUE_MAP && (item.kind == VALUE_LIST || item.kind == VALUE_MAP)) {
        *ret_valid = false;         /* not hashable */
        return false;
    }
    if (container.kind == VALUE_MAP)
        return capo_map_get_value(container.map, item) != NULL;
    if (!capo_iterable(container)) {
        *ret_valid = false;
        return false;
    }
    void *state = NULL;
    Value each;
    for (; capo_iterate(container, &state, &each); capo_step(context))
        if (same(item, each) || capo_equal(item, each))
            return true;
    return false;
}

static Value evaluate(const Condition *condition, Context *context);

/* An operand as truth or value. */
static Value operand(const Condition *condition, Context *context)
{
    return condition->operator == OPERAND ? capo_expression_resolve(condition->expression, context, true)
                                          : evaluate(condition, context);
}

static Value evaluate_operator(const Condition *condition, Context *context)
{
    int order = 0;
    bool valid;
    Value left = operand(condition->left, context);
    /* `and` and `or` give one of their operands, as in Python */
    if (condition->operator == OPERATOR_OR)
        return capo_truth(left) ? left : operand(condition->right, context);
    if (condition->operator == OPERATOR_AND)
        return capo_truth(left) ? operand(condition->right, context) : left;
    Value right = operand(condition->right, context);
    switch (condition->operator) {
    case OPERATOR_EQUAL: return capo_value_bool(capo_equal(left, right));
    case OPERATOR_NOT_EQUAL: return capo_value_bool(!capo_equal(left, right));
    case OPERATOR_IS: return capo_value_bool(same(left, right));
    case OPERATOR_IS_NOT: return capo_value_bool(!same(left, right));
    case OPERATOR_IN: {
        bool found = contains(context, left, right, &valid);
        return capo_value_bool(valid && found);
    }
    case OPERATOR_NOT_IN: {
        bool found = contains(context, left, right, &valid);
        return capo_value_bool(valid && !found);
    }
    default: break;
    }
    if (!capo_compare(left, right, &order))
        return capo_value_bool(false);
    switch (condition->operator) {
    case OPERATOR_GREATER: return capo_value_bool(order > 0);
    case OPERATOR_GREATER_EQUAL: return capo_value_bool(order >= 0);
    case OPERATOR_LESS: return capo_value_bool(order < 0);
    default: return capo_value_bool(order <= 0);
    }
}

/* The truth of a condition that cannot fail, without a value in between where none is needed. */
static bool truth(const Condition *condition, Context *context)
{
    if (condition->operator == OPERAND)
        return capo_truth(capo_expression_resolve(condition->expression, context, true));
    switch (condition->operator) {
    case OPERATOR_NOT: return !truth(condition->left, context);
    case OPERATOR_AND: return truth(condition->left, context) && truth(condition->right, context);
    case OPERATOR_OR: return truth(condition->left, context) || truth(condition->right, context);
    default: return evaluate_operator(condition, context).boolean;
    }
}

typedef struct Attempt { const Condition *condition; Context *context; Value result; } Attempt;

static void attempt(void *argument)
{
    Attempt *job = argument;
    job->result = evaluate_operator(job->condition, job->context);
}

static void attempt_not(void *argument)
{
    Attempt *job = argument;
    job->result = capo_value_bool(!capo_truth(operand(job->condition->left, job->context)));
}

static Value evaluate(const Condition *condition, Context *context)
{
    Attempt job = { .condition = condition, .context = context, .result = capo_value_bool(false) };
    void (*step)(void *) = condition->operator == OPERATOR_NOT ? attempt_not : attempt;
    if (!condition->may_fail)
        step(&job);
    else if (capo_context_try(context, step, &job) != NULL)
        return capo_value_bool(false);      /* what a filter raises within an operator makes it false */
    return job.result;
}

static void attempt_operand(void *argument)
{
    Attempt *job = argument;
    job->result = operand(job->condition, job->context);
}

bool capo_condition_true(const Condition *condition, Context *context)
{
    if (!condition->may_fail)
        return truth(condition, context);
    /* a filter's argument that does not exist makes the whole condition false */
    Attempt job = { .condition = condition, .context = context };
    const Error *error = capo_context_try(context, attempt_operand, &job);
    if (error && error->code != ERROR_VARIABLE_DOES_NOT_EXIST)
        capo_reraise(error);
    return !error && capo_truth(job.result);
}
