/* SPDX-License-Identifier: BSD-3-Clause */
/* Plural-Forms: which of a translation's forms goes with a number. The expression is C's, over n; it is parsed to a tree in an array whose
 * size and depth are bounded, so that neither parsing nor evaluating can run away. Numbers are doubles: a template may count 1.5. */
#include "mo.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OP_N, OP_NUMBER, OP_NOT, OP_IF, OP_OR, OP_AND, OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD };

/* The longer of two operators that begin alike comes first. */
static const struct { char text[3]; uint8_t op, level; } operators[] = {
    { "||", OP_OR, 1 }, { "&&", OP_AND, 2 }, { "==", OP_EQ, 3 }, { "!=", OP_NE, 3 }, { "<=", OP_LE, 4 }, { ">=", OP_GE, 4 }, { "<", OP_LT, 4 },
    { ">", OP_GT, 4 }, { "+", OP_ADD, 5 }, { "-", OP_SUB, 5 }, { "*", OP_MUL, 6 }, { "/", OP_DIV, 6 }, { "%", OP_MOD, 6 },
};
enum { LOOSEST = 1 };

typedef struct Reader { const char *at, *end; PluralRule *rule; int depth; const char *why; } Reader;

static int fail(Reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return -1;
}

static void skip_blanks(Reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at))
        reader->at++;
}

static int add_node(Reader *reader, PluralNode node)
{
    if (reader->rule->n_nodes == PLURAL_NODES)
        return fail(reader, "its plural expression has too many parts");
    reader->rule->nodes[reader->rule->n_nodes] = node;
    return (int)reader->rule->n_nodes++;
}

static int read_choice(Reader *reader);

static int read_primary(Reader *reader)
{
    skip_blanks(reader);
    if (reader->at == reader->end)
        return fail(reader, "its plural expression ends too early");
    char c = *reader->at;
    if (c == 'n') {
        reader->at++;
        return add_node(reader, (PluralNode){ .op = OP_N });
    }
    if (c == '(') {
        reader->at++;
        int inner = read_choice(reader);
        skip_blanks(reader);
        if (inner < 0 || reader->at == reader->end || *reader->at != ')')
            return fail(reader, "a bracket of its plural expression is not closed");
        reader->at++;
        return inner;
    }
    if (c == '!') {
        reader->at++;
        if (++reader->depth > PLURAL_DEPTH)
            return fail(reader, "its plural expression is nested too deeply");
        int operand = read_primary(reader);
        reader->depth--;
        return operand < 0 ? -1 : add_node(reader, (PluralNode){ .op = OP_NOT, .a = (uint8_t)operand });
    }
    double number = 0;
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        number = number * 10 + (*reader->at++ - '0');
    if (reader->at == start)
        return fail(reader, "its plural expression has something that is neither n, a number nor a bracket");
    if (reader->at - start > 10)
        return fail(reader, "its plural expression has too large a number");
    return add_node(reader, (PluralNode){ .op = OP_NUMBER, .number = number });
}

/* Operators that bind at least as tightly as `level`; equal ones from left to right. */
static int read_binary(Reader *reader, int level)
{
    if (++reader->depth > PLURAL_DEPTH)
        return fail(reader, "its plural expression is nested too deeply");
    int left = read_primary(reader);
    while (left >= 0) {
        skip_blanks(reader);
        size_t i = 0, n = sizeof operators / sizeof *operators, size = 0;
        for (; i < n; i++) {
            size = strlen(operators[i].text);
            if ((size_t)(reader->end - reader->at) >= size && memcmp(reader->at, operators[i].text, size) == 0)
                break;
        }
        if (i == n || operators[i].level < level)
            break;
        reader->at += size;
        int right = read_binary(reader, operators[i].level + 1);
        left = right < 0 ? -1 : add_node(reader, (PluralNode){ .op = operators[i].op, .a = (uint8_t)left, .b = (uint8_t)right });
    }
    reader->depth--;
    return left;
}

static int read_choice(Reader *reader)
{
    if (++reader->depth > PLURAL_DEPTH)
        return fail(reader, "its plural expression is nested too deeply");
    int condition = read_binary(reader, LOOSEST);
    skip_blanks(reader);
    if (condition >= 0 && reader->at < reader->end && *reader->at == '?') {
        reader->at++;
        int yes = read_choice(reader);
        skip_blanks(reader);
        if (yes < 0 || reader->at == reader->end || *reader->at != ':')
            return fail(reader, "a '?' of its plural expression has no ':'");
        reader->at++;
        int no = read_choice(reader);
        condition = no < 0 ? -1 : add_node(reader, (PluralNode){ .op = OP_IF, .a = (uint8_t)condition, .b = (uint8_t)yes, .c = (uint8_t)no });
    }
    reader->depth--;
    return condition;
}

/* "name =" at the reader; moves behind it. */
static bool read_name(Reader *reader, const char *name)
{
    size_t size = strlen(name);
    skip_blanks(reader);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, name, size) != 0)
        return false;
    reader->at += size;
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != '=')
        return false;
    reader->at++;
    skip_blanks(reader);
    return true;
}

static bool read_rule(Reader *reader)
{
    if (!read_name(reader, "nplurals"))
        return fail(reader, "its Plural-Forms does not begin with nplurals=") == 0;
    uint32_t forms = 0;
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' && forms < 1000)
        forms = forms * 10 + (uint32_t)(*reader->at++ - '0');
    skip_blanks(reader);
    if (reader->at == start || forms < 1 || forms > PLURAL_FORMS || reader->at == reader->end || *reader->at != ';')
        return fail(reader, "its Plural-Forms has no sensible nplurals") == 0;
    reader->at++;
    if (!read_name(reader, "plural"))
        return fail(reader, "its Plural-Forms has no plural=") == 0;
    reader->rule->n_forms = forms;
    if (read_choice(reader) < 0)
        return false;
    skip_blanks(reader);
    if (reader->at < reader->end && *reader->at == ';')
        reader->at++;
    skip_blanks(reader);
    return reader->at == reader->end || fail(reader, "there is something behind its plural expression") == 0;
}

int plural_compile(const char *text, size_t size, PluralRule *ret, const char **ret_why)
{
    PluralRule rule = { .nodes = calloc(PLURAL_NODES, sizeof(PluralNode)) };
    Reader reader = { .at = text, .end = text + size, .rule = &rule };
    bool good = rule.nodes != NULL;
    if (!good)
        reader.why = "there is no memory";
    else if (memchr(text, 0, size) || size > PLURAL_LENGTH)
        good = fail(&reader, "its Plural-Forms is too long") == 0;
    else
        good = read_rule(&reader);
    if (good) {
        *ret = rule;
        return 0;
    }
    plural_free(&rule);
    *ret_why = reader.why ? reader.why : "its Plural-Forms is none";
    return -EINVAL;
}

void plural_free(PluralRule *rule)
{
    free(rule->nodes);
    *rule = (PluralRule){ 0 };
}

/* NaN: divided by zero. % and / as Python's, whose catalogues these are: the remainder has the divisor's sign, a quotient is whole. */
static double evaluate(const PluralRule *rule, const PluralNode *node, double n)
{
    const PluralNode *nodes = rule->nodes;
    switch (node->op) {
    case OP_N: return n;
    case OP_NUMBER: return node->number;
    case OP_NOT: return !evaluate(rule, &nodes[node->a], n);
    case OP_IF: return evaluate(rule, &nodes[evaluate(rule, &nodes[node->a], n) != 0 ? node->b : node->c], n);
    case OP_OR: return evaluate(rule, &nodes[node->a], n) != 0 || evaluate(rule, &nodes[node->b], n) != 0;
    case OP_AND: return evaluate(rule, &nodes[node->a], n) != 0 && evaluate(rule, &nodes[node->b], n) != 0;
    }
    double a = evaluate(rule, &nodes[node->a], n), b = evaluate(rule, &nodes[node->b], n);
    switch (node->op) {
    case OP_EQ: return a == b;
    case OP_NE: return a != b;
    case OP_LT: return a < b;
    case OP_GT: return a > b;
    case OP_LE: return a <= b;
    case OP_GE: return a >= b;
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_DIV: return b == 0 ? NAN : floor(a / b);
    default: return b == 0 ? NAN : a - b * floor(a / b);
    }
}

int plural_form(const PluralRule *rule, double n)
{
    if (!rule->n_nodes)
        return n != 1;
    double form = evaluate(rule, &rule->nodes[rule->n_nodes - 1], n);
    return form >= 0 && form < rule->n_forms ? (int)form : -1;
}
