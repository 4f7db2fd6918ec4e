/* SPDX-License-Identifier: BSD-3-Clause */
/* "word, times=2, *rest, sep=', ', **extra": what an own tag takes, and whether a use of it fits. */
#include "tag_arguments.h"
#include <string.h>

static _Noreturn void bad_row(Parser *parser, const TemplateTag *tag, const char *what)
{
    capo_parse_fail(parser, "The row of the tag '%s' has .arguments = \"%s\": %s", tag->name, tag->arguments, what);
}

/* The next piece up to a comma that is in no quotes. NULL: no more. */
static const char *next_piece(const char **at)
{
    if (!*at)
        return NULL;
    const char *start = *at, *end = start;
    for (char quote = 0; *end && (quote || *end != ','); end++) {
        if (quote && *end == quote)
            quote = 0;
        else if (!quote && (*end == '"' || *end == '\''))
            quote = *end;
    }
    *at = *end ? end + 1 : NULL;
    return capo_strip(capo_strndup(start, (size_t)(end - start)));
}

static Value read_default(Parser *parser, const TemplateTag *tag, const char *text)
{
    static const struct { const char *word; Value value; } words[] = {
        { "None", { .kind = VALUE_NULL } }, { "True", { .kind = VALUE_BOOL, .boolean = true } }, { "False", { .kind = VALUE_BOOL } },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i].word) == 0)
            return words[i].value;
    Variable variable;
    if (*text && capo_variable_compile(parser, text, strlen(text), &variable) && !variable.parts)
        return variable.literal;
    bad_row(parser, tag, capo_format("the default '%s' is no number, text in quotes, True, False or None", text));
}

static void add_parameter(Parser *parser, const TemplateTag *tag, TagSignature *signature, const char *piece, bool named_only)
{
    const char *equals = strchr(piece, '=');
    const char *name = capo_strip(capo_strndup(piece, equals ? (size_t)(equals - piece) : strlen(piece)));
    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(name))
        bad_row(parser, tag, capo_format("'%s' is no name", name));
    for (size_t i = 0; i < signature->count; i++) {
        if (strcmp(signature->parameters[i].name, name) == 0)
            bad_row(parser, tag, capo_format("'%s' stands twice", name));
        if (!named_only && !equals && signature->parameters[i].has_default)
            bad_row(parser, tag, capo_format("'%s' has no default, but one before it has", name));
    }
    signature->parameters[signature->count++] = (TagParameter){
        .name = capo_parse_strndup(parser, name, strlen(name)), .has_default = equals != NULL, .named_only = named_only,
        .otherwise = equals ? read_default(parser, tag, capo_strip(capo_strdup(equals + 1))) : capo_value_null(),
    };
    if (!named_only)
        signature->n_positional++;
}

TagSignature *tag_signature_parse(Parser *parser, const TemplateTag *tag)
{
    TagSignature *signature = capo_parse_alloc(parser, sizeof *signature);
    size_t room = 1;
    for (const char *at = tag->arguments ? tag->arguments : ""; *at; at++)
        room += *at == ',';
    signature->parameters = capo_parse_alloc(parser, room * sizeof *signature->parameters);
    const char *at = tag->arguments && *tag->arguments ? tag->arguments : NULL;
    bool named_only = false;
    for (const char *piece; (piece = next_piece(&at)) != NULL;) {
        if (signature->extra)
            bad_row(parser, tag, capo_format("**%s must be the last", signature->extra));
        if (piece[0] == '*' && piece[1] == '*') {
            signature->extra = capo_parse_strndup(parser, piece + 2, strlen(piece + 2));
        } else if (*piece == '*') {
            if (named_only)
                bad_row(parser, tag, "a second *");
            if (piece[1])
                signature->rest = capo_parse_strndup(parser, piece + 1, strlen(piece + 1));
            named_only = true;
        } else {
            add_parameter(parser, tag, signature, piece, named_only);
        }
    }
    return signature;
}

/* --- a use ------------------------------------------------------------------------------------------------------------------------ */

static const char *takes(const TemplateTag *tag)
{
    return tag->arguments && *tag->arguments ? capo_format("; it takes (%s)", tag->arguments) : "; it takes none";
}

static void take_named(Parser *parser, const TemplateTag *tag, const TagSignature *signature, TagCall *call, const char *name, Expression *value)
{
    for (size_t i = 0; i < signature->count; i++) {
        if (strcmp(signature->parameters[i].name, name) != 0)
            continue;
        if (call->values[i])
            capo_parse_fail(parser, "'%s' received multiple values for keyword argument '%s'", tag->name, name);
        call->values[i] = value;
        return;
    }
    for (size_t i = 0; i < call->n_extra; i++)
        if (strcmp(call->extra[i].name, name) == 0)
            capo_parse_fail(parser, "'%s' received multiple values for keyword argument '%s'", tag->name, name);
    if (!signature->extra) {
        const char **names = capo_alloc_array(signature->count + 1, sizeof *names);
        for (size_t i = 0; i < signature->count; i++)
            names[i] = signature->parameters[i].name;
        capo_parse_fail(parser, "'%s' received unexpected keyword argument '%s'%s.%s", tag->name, name, takes(tag),
                        capo_did_you_mean(name, names, signature->count));
    }
    call->extra[call->n_extra++] = (NamedExpression){ .name = name, .expression = value };
}

TagCall *tag_call_compile(Parser *parser, const TemplateTag *tag, const TagSignature *signature, char **words, size_t count)
{
    TagCall *call = capo_parse_alloc(parser, sizeof *call);
    call->values = capo_parse_alloc(parser, (signature->count + 1) * sizeof *call->values);
    call->rest = capo_parse_alloc(parser, (count + 1) * sizeof *call->rest);
    call->extra = capo_parse_alloc(parser, (count + 1) * sizeof *call->extra);
    size_t in_order = 0;
    bool named = false;
    for (size_t i = 0; i < count; i++) {
        const char *text = words[i], *name = capo_split_named(parser, words[i], &text);
        Expression *value = capo_expression_compile(parser, text);
        if (name) {
            named = true;
            take_named(parser, tag, signature, call, name, value);
        } else if (named) {
            capo_parse_fail(parser, "'%s' received some positional argument(s) after some keyword argument(s)", tag->name);
        } else if (in_order < signature->n_positional) {
            call->values[in_order++] = value;
        } else if (signature->rest) {
            call->rest[call->n_rest++] = value;
        } else {
            capo_parse_fail(parser, "'%s' received too many positional arguments%s.", tag->name, takes(tag));
        }
    }
    Buffer lacking = { 0 };
    for (size_t i = 0; i < signature->count; i++)
        if (!call->values[i] && !signature->parameters[i].has_default)
            capo_put_format(&lacking, "%s'%s'", lacking.size ? ", " : "", signature->parameters[i].name);
    if (lacking.size)
        capo_parse_fail(parser, "'%s' did not receive value(s) for the argument(s): %s", tag->name, capo_buffer_text(&lacking));
    return call;
}

TagArguments tag_call_resolve(const TagSignature *signature, const TagCall *call, Context *context)
{
    Value *values = capo_alloc_array(signature->count + 1, sizeof *values);
    TagArguments arguments = { .values = values, .signature = signature };
    for (size_t i = 0; i < signature->count; i++)
        values[i] = call->values[i] ? capo_expression_resolve(call->values[i], context, false) : signature->parameters[i].otherwise;
    if (signature->rest)
        arguments.rest = capo_list_new();
    for (size_t i = 0; i < call->n_rest; i++)
        capo_list_add(arguments.rest, capo_expression_resolve(call->rest[i], context, false));
    if (signature->extra)
        arguments.extra = capo_map_new();
    for (size_t i = 0; i < call->n_extra; i++)
        capo_map_set(arguments.extra, call->extra[i].name, capo_expression_resolve(call->extra[i].expression, context, false));
    return arguments;
}

Value capo_tag_argument(const TagArguments *arguments, const char *name)
{
    const TagSignature *signature = arguments->signature;
    for (size_t i = 0; i < signature->count; i++)
        if (strcmp(signature->parameters[i].name, name) == 0)
            return arguments->values[i];
    const char **names = capo_alloc_array(signature->count + 1, sizeof *names);
    for (size_t i = 0; i < signature->count; i++)
        names[i] = signature->parameters[i].name;
    capo_bug("The tag '%s' asks for its argument '%s', which its row does not declare: .arguments = \"%s\".%s", arguments->tag->name, name,
             arguments->tag->arguments ? arguments->tag->arguments : "", capo_did_you_mean(name, names, signature->count));
}
