/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load i18n %}: translate, blocktranslate, languages.
 *
 * There are no message catalogues yet: a message is its own translation, with English plurals. All else is as with one:
 * contexts, holes, plurals, trimming. A text with %s or {0} in it never meets a printf. */
#include "filters.h"
#include "languages.h"
#include "nodes.h"
#include <string.h>

static const char *current_language(void)
{
    const char *code = capo_unit ? capo_unit->slots[UNIT_LANGUAGE] : NULL;
    return code ? code : "en-us";
}

/* --- translate ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct TranslateNode { Node node; Expression *message, *message_context; const char *as; bool noop; } TranslateNode;

static void render_translate(const Node *node, Context *context, Buffer *out)
{
    const TranslateNode *translate = (const TranslateNode *)node;
    Buffer text = { 0 };
    capo_context_print(context, capo_expression_resolve(translate->message, context, false), &text);
    if (translate->as)
        capo_context_set(context, translate->as, capo_buffer_value(&text, context->autoescape));
    else
        capo_put_bytes(out, capo_buffer_text(&text), text.size);
}

static Node *compile_translate(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count < 2)
        capo_parse_fail(parser, "'%s' takes at least one argument", bits[0]);
    TranslateNode *node = NODE(parser, TranslateNode, render_translate);
    node->message = capo_expression_compile(parser, bits[1]);
    for (size_t i = 2; i < count; i++) {
        for (size_t k = 2; k < i; k++)
            if (strcmp(bits[k], bits[i]) == 0)
                capo_parse_fail(parser, "The '%s' option was specified more than once.", bits[i]);
        if (strcmp(bits[i], "noop") == 0) {
            node->noop = true;
        } else if (strcmp(bits[i], "context") == 0 || strcmp(bits[i], "as") == 0) {
            bool as = bits[i][0] == 'a';
            if (i + 1 >= count)
                capo_parse_fail(parser, "No argument provided to the '%s' tag for the %s option.", bits[0], bits[i]);
            i++;
            if (!as && (strcmp(bits[i], "as") == 0 || strcmp(bits[i], "noop") == 0))
                capo_parse_fail(parser, "Invalid argument '%s' provided to the '%s' tag for the context option", bits[i], bits[0]);
            if (as)
                node->as = bits[i];
            else
                node->message_context = capo_expression_compile(parser, bits[i]);
        } else {
            capo_parse_fail(parser, "Unknown argument for '%s' tag: '%s'. The only options available are 'noop', 'context' \"xxx\", "
                            "and 'as VAR'.", bits[0], bits[i]);
        }
    }
    return &node->node;
}

/* --- blocktranslate --------------------------------------------------------------------------------------------------------------------------- */

typedef struct Piece { const char *text; size_t size; bool variable; struct Piece *next; } Piece;
typedef struct BlockTranslateNode {
    Node node;
    Piece *singular, *plural;
    NamedExpression *values;
    size_t n_values;
    NamedExpression *counter;
    Expression *message_context;
    bool trimmed;
    const char *as, *tag;
} BlockTranslateNode;

static void put_hole(Buffer *out, Context *context, const Piece *piece)
{
    const Value *found = capo_context_find(context, piece->text, piece->size, capo_name_hash(piece->text, piece->size));
    if (found) {
        Value value = *found;
        if (value.kind == VALUE_OBJECT && value.object->ops->call)
            value.object->ops->call(value.object, &value);
        capo_context_print(context, value, out);
        return;
    }
    const char *invalid = context->engine->string_if_invalid ? context->engine->string_if_invalid : "";
    const char *hole = strstr(invalid, "%s");
    Buffer text = { 0 };
    capo_put_bytes(&text, invalid, hole ? (size_t)(hole - invalid) : strlen(invalid));
    if (hole) {
        capo_put_bytes(&text, piece->text, piece->size);
        capo_put(&text, hole + 2);
    }
    capo_context_print(context, capo_buffer_value(&text, false), out);
}

static void render_blocktranslate(const Node *node, Context *context, Buffer *out)
{
    const BlockTranslateNode *block = (const BlockTranslateNode *)node;
    Value *values = capo_alloc_array(block->n_values + 1, sizeof *values);
    for (size_t i = 0; i < block->n_values; i++)
        values[i] = capo_expression_resolve(block->values[i].expression, context, false);
    capo_context_push(context);
    for (size_t i = 0; i < block->n_values; i++)
        capo_context_put(context, block->values[i].name, block->values[i].size, block->values[i].hash, values[i]);
    const Piece *piece = block->singular;
    if (block->plural && block->counter) {
        Value count = capo_expression_resolve(block->counter->expression, context, false);
        if (count.kind != VALUE_INT && count.kind != VALUE_REAL && count.kind != VALUE_DECIMAL && count.kind != VALUE_BOOL)
            capo_template_fail(context->template, (int)node->line, (int)node->column, "'%s' argument to '%s' tag must be a number.",
                               block->counter->name, block->tag);
        capo_context_put(context, block->counter->name, block->counter->size, block->counter->hash, count);
        if (!capo_equal(count, capo_value_int(1)))
            piece = block->plural;
    }
    Buffer text = { 0 };
    for (; piece; piece = piece->next) {
        if (piece->variable)
            put_hole(&text, context, piece);
        else
            capo_put_bytes(&text, piece->text, piece->size);
    }
    capo_context_pop(context);
    if (block->as)
        capo_context_set(context, block->as, capo_buffer_value(&text, true));
    else
        capo_put_bytes(out, capo_buffer_text(&text), text.size);
}

/* Texts and variables up to the next tag, which is the parser's token then. */
static Piece *read_pieces(Parser *parser, const Token *opening)
{
    Piece *first = NULL, **last = &first;
    for (;;) {
        capo_lexer_next(parser);
        if (parser->token.kind == TOKEN_END)
            capo_parse_fail(parser, "'%.*s' is never closed.", (int)strcspn(opening->text, " "), opening->text);
        if (parser->token.kind == TOKEN_BLOCK)
            return first;
        Piece *piece = *last = capo_parse_alloc(parser, sizeof *piece);
        last = &piece->next;
        piece->variable = parser->token.kind == TOKEN_VARIABLE;
        piece->text = capo_parse_strndup(parser, parser->token.text, parser->token.size);
        piece->size = parser->token.size;
    }
}

/* Each run of blanks with a line break in it becomes one space; both ends are stripped. */
static void trim_pieces(Parser *parser, Piece *first)
{
    for (Piece *piece = first; piece; piece = piece->next) {
        if (piece->variable)
            continue;
        Buffer out = { 0 };
        const char *at = piece->text, *end = at + piece->size;
        while (at < end) {
            const char *start = at;
            bool line = false;
            while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
                line = *at++ == '\n' || line;
            bool outer = (start == piece->text && piece == first) || (at == end && !piece->next);
            if (line && !outer)
                capo_put_char(&out, ' ');
            else if (!outer)
                capo_put_bytes(&out, start, (size_t)(at - start));
            start = at;
            while (at < end && !(*at == ' ' || (*at >= '\t' && *at <= '\r')))
                at++;
            capo_put_bytes(&out, start, (size_t)(at - start));
        }
        piece->text = capo_parse_strndup(parser, capo_buffer_text(&out), out.size);
        piece->size = out.size;
    }
}

static void read_options(Parser *parser, BlockTranslateNode *node, char **bits, size_t count)
{
    unsigned seen = 0;
    static const char *const options[] = { "with", "count", "context", "trimmed", "asvar" };
    for (size_t at = 1; at < count;) {
        size_t n_values, option = 0;
        while (option < 5 && strcmp(options[option], bits[at]) != 0)
            option++;
        if (option == 5)
            capo_parse_fail(parser, "Unknown argument for '%s' tag: '%s'.", bits[0], bits[at]);
        if (seen & 1u << option)
            capo_parse_fail(parser, "The '%s' option was specified more than once.", bits[at]);
        seen |= 1u << option;
        at++;
        switch (option) {
        case 0:
            node->values = capo_named_arguments(parser, bits, count, &at, true, &node->n_values);
            if (!node->n_values)
                capo_parse_fail(parser, "\"with\" in '%s' tag needs at least one keyword argument.", bits[0]);
            break;
        case 1:
            node->counter = capo_named_arguments(parser, bits, count, &at, true, &n_values);
            if (n_values != 1)
                capo_parse_fail(parser, "\"count\" in '%s' tag expected exactly one keyword argument.", bits[0]);
            break;
        case 2:
            if (at >= count)
                capo_parse_fail(parser, "\"context\" in '%s' tag expected exactly one argument.", bits[0]);
            node->message_context = capo_expression_compile(parser, bits[at++]);
            break;
        case 3:
            node->trimmed = true;
            break;
        default:
            if (at >= count)
                capo_parse_fail(parser, "No argument provided to the '%s' tag for the asvar option.", bits[0]);
            node->as = bits[at++];
        }
    }
}

static Node *compile_blocktranslate(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    BlockTranslateNode *node = NODE(parser, BlockTranslateNode, render_blocktranslate);
    node->tag = bits[0];
    read_options(parser, node, bits, count);
    node->singular = read_pieces(parser, &opening);
    if (node->counter) {
        if (strcmp(parser->token.text, "plural") != 0)
            capo_parse_fail(parser, "'%s' doesn't allow other block tags inside it", bits[0]);
        node->plural = read_pieces(parser, &opening);
        if (!node->plural)
            node->plural = capo_parse_alloc(parser, sizeof(Piece));
        if (!node->plural->text)
            node->plural->text = "";
    }
    if (strcmp(parser->token.text, capo_format("end%s", bits[0])) != 0)
        capo_parse_fail(parser, "'%s' doesn't allow other block tags (seen '%s') inside it", bits[0], parser->token.text);
    if (node->trimmed) {
        trim_pieces(parser, node->singular);
        trim_pieces(parser, node->plural);
    }
    return &node->node;
}

/* --- languages --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct LanguageNode { Node node; Node *body; Expression *code; const char *as; char what; } LanguageNode;

static void restore_language(void *code)
{
    if (capo_unit)
        capo_unit->slots[UNIT_LANGUAGE] = code;
}

static void render_language(const Node *node, Context *context, Buffer *out)
{
    const LanguageNode *language = (const LanguageNode *)node;
    void *before = capo_unit->slots[UNIT_LANGUAGE];
    capo_defer(restore_language, before);
    capo_unit->slots[UNIT_LANGUAGE] = (void *)capo_to_text(capo_expression_resolve(language->code, context, false));
    capo_nodes_render(language->body, context, out);
    restore_language(before);
    capo_defer_cancel(restore_language, before);
}

static Node *compile_language(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'%s' takes one argument (language)", bits[0]);
    LanguageNode *node = NODE(parser, LanguageNode, render_language);
    node->code = capo_expression_compile(parser, bits[1]);
    node->body = capo_parse_until(parser, "endlanguage", &opening);
    return &node->node;
}

static const Language *language_or_raise(Value code)
{
    const char *text = capo_to_text(code);
    const Language *language = capo_language(text);
    if (!language)
        capo_raise(ERROR_VALUE, "Unknown language code '%.50s'.", text);
    return language;
}

static Value language_info(Value code)
{
    /* of a pair ("de", "German") the first counts */
    if (code.kind == VALUE_LIST && code.list->count)
        code = code.list->items[0];
    const Language *language = language_or_raise(code);
    return capo_value_map(capo_map(V("bidi", (bool)language->right_to_left), V("code", language->code), V("name", language->name),
                                   V("name_local", language->local_name), V("name_translated", language->name)));
}

static void render_language_value(const Node *node, Context *context, Buffer *out)
{
    (void)out;
    const LanguageNode *language = (const LanguageNode *)node;
    Value value, item;
    const Language *current = capo_language(current_language());
    List *list = capo_list_new();
    void *state = NULL;
    switch (language->what) {
    case 'c': value = capo_value_text(current_language()); break;
    case 'b': value = capo_value_bool(current && current->right_to_left); break;
    case 'a':
        for (const Language *row = capo_languages; row->code; row++) {
            List *pair = capo_list_new();
            capo_list_add(pair, capo_value_text(row->code));
            capo_list_add(pair, capo_value_text(row->name));
            capo_list_add(list, capo_value_list(pair));
        }
        value = capo_value_list(list);
        break;
    case 'i': value = language_info(capo_expression_resolve(language->code, context, false)); break;
    default: {
        Value codes = capo_expression_resolve(language->code, context, false);
        while (capo_iterable(codes) && capo_iterate(codes, &state, &item))
            capo_list_add(list, language_info(item));
        value = capo_value_list(list);
    }
    }
    capo_context_set(context, language->as, value);
}

static Node *compile_language_value(Parser *parser, const Token *token)
{
    static const struct { const char *tag; char what; } rows[] = {
        { "get_available_languages", 'a' }, { "get_current_language", 'c' }, { "get_current_language_bidi", 'b' },
        { "get_language_info", 'i' }, { "get_language_info_list", 'l' },
    };
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    LanguageNode *node = NODE(parser, LanguageNode, render_language_value);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].tag, bits[0]) == 0)
            node->what = rows[i].what;
    bool takes_value = node->what == 'i' || node->what == 'l';
    if (takes_value ? count != 5 || strcmp(bits[1], "for") != 0 || strcmp(bits[3], "as") != 0 : count != 3 || strcmp(bits[1], "as") != 0)
        capo_parse_fail(parser, takes_value ? "'%s' requires 'for %s as variable' (got '%s')" : "'%s' requires 'as variable'%.0s (got '%s')",
                        bits[0], node->what == 'i' ? "string" : "sequence", token->text);
    node->as = bits[count - 1];
    if (takes_value)
        node->code = capo_expression_compile(parser, bits[2]);
    return &node->node;
}

const BuiltinTag capo_i18n_tags[] = {
    { "blocktrans", compile_blocktranslate },
    { "blocktranslate", compile_blocktranslate },
    { "get_available_languages", compile_language_value },
    { "get_current_language", compile_language_value },
    { "get_current_language_bidi", compile_language_value },
    { "get_language_info", compile_language_value },
    { "get_language_info_list", compile_language_value },
    { "language", compile_language },
    { "trans", compile_translate },
    { "translate", compile_translate },
    { 0 }
};

static Value language_name(const Filtering *f, Value v, Value arg) { (void)f, (void)arg; return VALUE(language_or_raise(v)->name); }
static Value language_name_local(const Filtering *f, Value v, Value arg) { (void)f, (void)arg; return VALUE(language_or_raise(v)->local_name); }
static Value language_bidi(const Filtering *f, Value v, Value arg) { (void)f, (void)arg; return VALUE((bool)language_or_raise(v)->right_to_left); }

const Filter capo_i18n_filters[] = {
    { "language_bidi", language_bidi },
    { "language_name", language_name },
    { "language_name_local", language_name_local },
    { "language_name_translated", language_name },
    { 0 }
};
