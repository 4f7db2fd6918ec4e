/* SPDX-License-Identifier: BSD-3-Clause */
/* Variables, literals and filters: post.author.name|default:"nobody"|upper
 *
 * A look-up tries key, attribute and index, in this order, and calls what is callable. What does not exist is "" when it is
 * printed, None in tags that ask for it, and an error as the argument of a filter; all as Django has it. */
#include "engine.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- literals ------------------------------------------------------------------------------------------------------------------ */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char *trim_zeros(char *digits)
{
    char *first = digits + strspn(digits, "-+0");
    if (*digits == '-')
        *--first = '-';
    return first;
}

/* Python's int(): digits with single underscores between. */
static bool read_integer(Parser *parser, const char *text, size_t size, Value *ret)
{
    char *digits = capo_parse_alloc(parser, size + 1);
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if ((text[i] == '-' || text[i] == '+') && i == 0)
            digits[n++] = text[i];
        else if (is_digit(text[i]))
            digits[n++] = text[i];
        else if (text[i] != '_' || i == 0 || !is_digit(text[i - 1]) || i + 1 >= size || !is_digit(text[i + 1]))
            return false;
    }
    if (n == 0 || !is_digit(digits[n - 1]))
        return false;
    errno = 0;
    long long number = strtoll(digits, NULL, 10);
    *ret = capo_value_int(number);
    if (errno)
        *ret = (Value){ .kind = VALUE_DECIMAL, .flags = VALUE_FLAG_WHOLE, .decimal = { trim_zeros(digits) } };
    return true;
}

static bool read_float(Parser *parser, const char *text, size_t size, Value *ret)
{
    if (text[size - 1] == '.')
        return false;
    char *plain = capo_parse_alloc(parser, size + 1);
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]) && !strchr("+-.eE_", text[i]))
            return false;
        if (text[i] == '_' && (i == 0 || !is_digit(text[i - 1]) || i + 1 >= size || !is_digit(text[i + 1])))
            return false;
        if (text[i] != '_')
            plain[n++] = text[i];
    }
    char *end;
    double number = strtod(plain, &end);
    if (end == plain || *end)
        return false;
    *ret = capo_value_real(number);
    return true;
}

static bool read_string(Parser *parser, const char *text, size_t size, Value *ret)
{
    if (size < 2 || (text[0] != '"' && text[0] != '\'') || text[size - 1] != text[0])
        return false;
    char quote = text[0], *plain = capo_parse_alloc(parser, size), *to = plain;
    for (size_t i = 1; i < size - 1; i++) {
        if (text[i] == '\\' && i + 1 < size - 1 && (text[i + 1] == quote || text[i + 1] == '\\'))
            i++;
        *to++ = text[i];
    }
    *ret = capo_value_safe_n(plain, (size_t)(to - plain));
    return true;
}

bool capo_variable_compile(Parser *parser, const char *text, size_t size, Variable *ret)
{
    *ret = (Variable){ .text = capo_parse_strndup(parser, text, size) };
    bool dotted = memchr(text, '.', size) || memchr(text, 'e', size) || memchr(text, 'E', size);
    if (dotted ? read_float(parser, text, size, &ret->literal) : read_integer(parser, text, size, &ret->literal))
        return true;
    if (size > 3 && text[0] == '_' && text[1] == '(' && text[size - 1] == ')') {
        ret->translated = true;
        text += 2;
        size -= 3;
    }
    if (read_string(parser, text, size, &ret->literal)) {
        if (ret->translated)
            capo_note_translated(parser, ret->literal);
        return true;
    }
    if (text[0] == '_' || memmem(text, size, "._", 2))
        capo_parse_fail(parser, "Variables and attributes may not begin with underscores: '%.*s'", (int)size, text);
    uint32_t n = 1;
    for (size_t i = 0; i < size; i++)
        n += text[i] == '.';
    ret->parts = capo_parse_alloc(parser, n * sizeof *ret->parts);
    ret->n_parts = n;
    const char *start = ret->text + (ret->translated ? 2 : 0);
    for (uint32_t i = 0; i < n; i++) {
        size_t length = i + 1 < n ? strcspn(start, ".") : size - (size_t)(start - ret->text - (ret->translated ? 2 : 0));
        ret->parts[i] = (VariablePart){ .name = capo_parse_strndup(parser, start, length), .size = (uint32_t)length,
                                          .hash = capo_name_hash(start, length) };
        start += length + 1;
    }
    return true;
}

/* --- compiling ------------------------------------------------------------------------------------------------------------------- */

/* The end of "…" or '…' at `at`, or NULL. */
static const char *string_end(const char *at, const char *end)
{
    char quote = *at;
    for (at++; at < end && *at != quote; at++)
        if (*at == '\\' && (++at >= end || *at == '\n'))
            return NULL;
    return at < end ? at + 1 : NULL;
}

/* The end of a constant: a string, or _(string). NULL: none begins here. */
static const char *constant_end(const char *at, const char *end)
{
    bool translated = end - at > 3 && at[0] == '_' && at[1] == '(';
    if (translated)
        at += 2;
    if (at >= end || (*at != '"' && *at != '\''))
        return NULL;
    const char *stop = string_end(at, end);
    if (!translated)
        return stop;
    return stop && stop < end && *stop == ')' ? stop + 1 : NULL;
}

/* The end of a variable (letters and dots) or number; `at` where there is none. */
static const char *variable_end(const char *at, const char *end)
{
    const char *start = at;
    while (at < end) {
        const char *next = at;
        uint32_t c = capo_utf8_next(&next, end);
        if (c != '.' && !capo_is_word(c))
            break;
        at = next;
    }
    if (at > start)
        return at;
    if (at < end && (*at == '-' || *at == '+') && at + 1 < end && is_digit(at[1]))
        for (at++; at < end && (is_digit(*at) || *at == '.' || *at == 'e'); at++) { }
    return at;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end) {
        const char *next = at;
        if (!capo_is_space(capo_utf8_next(&next, end)))
            break;
        at = next;
    }
    return at;
}

/* |name or |name:argument at `at`; NULL: neither. */
static const char *compile_filter(Parser *parser, const char *at, const char *end, FilterCall *call)
{
    at = skip_space(at, end);
    if (at >= end || *at != '|')
        return NULL;
    const char *name = at = skip_space(at + 1, end);
    while (at < end) {
        const char *next = at;
        if (!capo_is_word(capo_utf8_next(&next, end)))
            break;
        at = next;
    }
    if (at == name)
        return NULL;
    call->filter = capo_parser_filter(parser, name, (size_t)(at - name));
    if (at < end && *at == ':') {
        const char *stop = constant_end(at + 1, end);
        if (!stop)
            stop = variable_end(at + 1, end);
        if (stop > at + 1) {
            call->has_argument = true;
            capo_variable_compile(parser, at + 1, (size_t)(stop - at - 1), &call->argument);
            at = stop;
        }
    }
    if (call->has_argument && call->filter->argument == ARGUMENT_NONE)
        capo_parse_fail(parser, "The filter '%s' takes no argument.", call->filter->name);
    if (!call->has_argument && call->filter->argument == ARGUMENT_REQUIRED)
        capo_parse_fail(parser, "The filter '%s' needs an argument: |%s:value", call->filter->name, call->filter->name);
    return at;
}

Expression *capo_expression_compile(Parser *parser, const char *text)
{
    Expression *expression = capo_parse_alloc(parser, sizeof *expression);
    const char *end = text + strlen(text), *at = text;
    uint32_t bars = 0;
    for (const char *p = text; *p; p++)
        bars += *p == '|';
    expression->source = capo_parse_strndup(parser, text, (size_t)(end - text));
    expression->filters = bars ? capo_parse_alloc(parser, bars * sizeof *expression->filters) : NULL;
    const char *stop = constant_end(at, end);
    if (!stop)
        stop = variable_end(at, end);
    if (stop == at) {
        if (*text == '|')
            capo_parse_fail(parser, "Could not find a variable at the start of '%s'.", text);
        capo_parse_fail(parser, "Could not parse the remainder: '%s' from '%s'", text, text);
    }
    capo_variable_compile(parser, at, (size_t)(stop - at), &expression->operand);
    for (at = stop; at < end;) {
        const char *next = bars ? compile_filter(parser, at, end, &expression->filters[expression->n_filters]) : NULL;
        if (!next)
            capo_parse_fail(parser, "Could not parse the remainder: '%s' from '%s'", at, text);
        expression->n_filters++;
        at = next;
    }
    return expression;
}

bool capo_expression_text(const Expression *expression, const char **ret)
{
    if (expression->n_filters || expression->operand.translated || expression->operand.parts || !capo_is_text(expression->operand.literal))
        return false;
    *ret = expression->operand.literal.text;
    return true;
}

/* --- resolving ------------------------------------------------------------------------------------------------------------------- */

static bool builtin_variable(const VariablePart *part, Value *ret)
{
    if (part->size == 4 && memcmp(part->name, "True", 4) == 0)
        *ret = capo_value_bool(true);
    else if (part->size == 5 && memcmp(part->name, "False", 5) == 0)
        *ret = capo_value_bool(false);
    else if (part->size == 4 && memcmp(part->name, "None", 4) == 0)
        *ret = capo_value_null();
    else
        return false;
    return true;
}

static inline void call_if_callable(Value *value)
{
    Value result;
    if (value->kind == VALUE_OBJECT && value->object->ops->call && value->object->ops->call(value->object, &result))
        *value = result;
}

static inline bool resolve(const Variable *variable, const Context *context, Value *ret)
{
    if (!variable->parts) {
        *ret = variable->translated ? capo_translated(variable->literal, NULL) : variable->literal;
        return true;
    }
    VariablePart *part = variable->parts, *end = part + variable->n_parts;
    const Value *found = capo_context_find(context, part->name, part->size, part->hash);
    Value value;
    if (found)
        value = *found;
    else if (!builtin_variable(part, &value))
        return false;
    call_if_callable(&value);
    while (++part < end) {
        /* A key of a map comes before its methods, an index after. */
        if (!capo_lookup_hinted(value, part->name, part->size, &part->hint, &value) &&
            !capo_python_attribute(value, part->name, part->size, &value))
            return false;
        call_if_callable(&value);
    }
    *ret = value;
    return true;
}

bool capo_variable_resolve(const Variable *variable, Context *context, Value *ret)
{
    return resolve(variable, context, ret);
}

static Value invalid_value(const Expression *expression, const Context *context)
{
    const char *text = context->engine->string_if_invalid;
    const char *hole = strstr(text, "%s");
    if (!hole)
        return capo_value_text(text);
    Buffer out = { 0 };
    capo_put_bytes(&out, text, (size_t)(hole - text));
    capo_put(&out, expression->operand.text);
    capo_put(&out, hole + 2);
    return capo_buffer_value(&out, false);
}

Value capo_filter_apply(const FilterCall *call, Context *context, Value value)
{
    const Filter *filter = call->filter;
    Value argument = { 0 };
    capo_step(context);
    if (call->has_argument && !capo_variable_resolve(&call->argument, context, &argument))
        capo_raise(ERROR_VARIABLE_DOES_NOT_EXIST, "The argument '%s' of the filter '%s' does not exist (template %s, line %u): %s",
                   call->argument.text, filter->name, context->template ? context->template->name : "?",
                   context->at ? context->at->line : 0, capo_variable_problem(context, &call->argument));
    Value result;
    bool was_safe = value.kind == VALUE_SAFE;
    if (filter->custom) {
        const TemplateFilter *custom = filter->custom;
        if (filter->text)
            value = capo_value_to_text(value);
        if (filter->local_time && value.kind == VALUE_DATETIME && context->use_time_zone)
            value.flags &= (uint8_t)~VALUE_FLAG_OWN_ZONE;
        result = custom->with_autoescape ? custom->with_autoescape(value, argument, context->autoescape) : custom->function(value, argument);
    } else {
        Filtering filtering = { .context = context, .autoescape = context->autoescape, .has_argument = call->has_argument };
        if (filter->text)
            value = capo_value_to_text(value);
        result = filter->function(&filtering, value, argument);
    }
    if (filter->is_safe && was_safe && result.kind != VALUE_SAFE) {
        result = capo_value_to_text(result);
        result.kind = VALUE_SAFE;
    }
    return result;
}

/* What is left to do where the operand does not exist, or goes through filters. */
static Value complete(const Expression *expression, Context *context, bool found, Value value, bool ignore_failures)
{
    if (!found) {
        const char *invalid = context->engine->string_if_invalid;
        if (context->engine->debug && !ignore_failures)
            capo_context_missing(context, expression);
        if (ignore_failures)
            value = (Value){ .kind = VALUE_NULL, .flags = 0 };
        else if (invalid && *invalid)
            return invalid_value(expression, context);
        else
            value = capo_value_text_n("", 0);
    }
    for (uint32_t i = 0; i < expression->n_filters; i++)
        value = capo_filter_apply(&expression->filters[i], context, value);
    return value;
}

Value capo_expression_resolve(const Expression *expression, Context *context, bool ignore_failures)
{
    Value value = { 0 };
    bool found = resolve(&expression->operand, context, &value);
    return found && !expression->n_filters ? value : complete(expression, context, found, value, ignore_failures);
}

void capo_expression_print(const Expression *expression, Context *context, Buffer *out)
{
    Value value = { 0 };
    bool found = resolve(&expression->operand, context, &value);
    if (!found || expression->n_filters)
        value = complete(expression, context, found, value, false);
    if (value.kind == VALUE_TEXT && context->autoescape)
        capo_put_escaped(out, value.text, value.size);
    else
        capo_context_print(context, value, out);
}
