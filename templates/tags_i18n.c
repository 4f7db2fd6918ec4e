/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load i18n %}: translate, blocktranslate, languages.
 *
 * Messages in catalogues are Python's format strings: a percent sign is doubled there, a variable is %(name)s. A translation that has
 * other holes than its message, or no proper ones, is passed over for the message itself; none meets a printf. */
#include "filters.h"
#include "nodes.h"
#include <capo/text.h>
#include <capo/i18n.h>
#include <string.h>

static void put_replaced(Buffer *out, const char *text, size_t size, bool doubled)
{
    for (size_t i = 0; i < size; i++) {
        capo_put_char(out, text[i]);
        if (text[i] == '%' && doubled)
            capo_put_char(out, '%');
        else if (text[i] == '%' && i + 1 < size && text[i + 1] == '%')
            i++;
    }
}

static Value replaced(Value text, bool doubled)
{
    if (!memchr(text.text, '%', text.size))
        return text;
    Buffer out = { 0 };
    put_replaced(&out, text.text, text.size, doubled);
    return capo_buffer_value(&out, text.kind == VALUE_SAFE);
}

Value capo_translated(Value text, const char *message_context)
{
    Value message = replaced(text, true);
    const char *translation = capo_translation(message_context, message.text, NULL, 0);
    if (!translation && !message_context && memchr(message.text, '\r', message.size)) {
        Buffer plain = { 0 };       /* catalogues know one kind of line break, and what they have not comes back in it */
        capo_put_newlines(&plain, message.text, message.size);
        return capo_buffer_value(&plain, text.kind == VALUE_SAFE);
    }
    if (!translation)
        return message;
    return text.kind == VALUE_SAFE ? capo_value_safe(translation) : capo_value_text(translation);
}

/* --- translate ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct TranslateNode { Node node; Expression *message, *message_context; const char *as; bool noop; } TranslateNode;

/* The text of a context argument; NULL: none, or an empty one. */
static const char *resolve_context(const Expression *expression, Context *context)
{
    Value value = expression ? capo_expression_resolve(expression, context, false) : capo_value_null();
    return capo_truth(value) ? capo_to_text(value) : NULL;
}

static void render_translate(const Node *node, Context *context, Buffer *out)
{
    const TranslateNode *translate = (const TranslateNode *)node;
    const Expression *message = translate->message;
    const char *message_context = resolve_context(translate->message_context, context);
    Value value;
    if (translate->noop || message->operand.translated || !capo_variable_resolve(&message->operand, context, &value)) {
        value = capo_expression_resolve(message, context, false);
    } else {
        if (!capo_is_text(value))
            capo_raise(ERROR_VALUE, "{%% translate %%} needs a text, and '%.100s' is none.", message->source);
        value = capo_translated(value, message_context);
        for (uint32_t i = 0; i < message->n_filters; i++)
            value = capo_filter_apply(&message->filters[i], context, value);
    }
    Buffer text = { 0 };
    capo_context_print(context, value, &text);
    value = replaced(capo_value_text_n(capo_buffer_text(&text), text.size), false);
    value.kind = context->autoescape ? VALUE_SAFE : VALUE_TEXT;
    if (translate->as)
        capo_context_set(context, translate->as, value);
    else
        capo_put_bytes(out, value.text, value.size);
}

/* For makemessages. A context that is no literal is known only when it renders. */
static void note_message(Parser *parser, const char *one, const char *many, const Expression *message_context)
{
    const char *context = NULL;
    if (message_context && !capo_expression_text(message_context, &context))
        return;
    capo_template_note(parser, (TemplateNote){ .kind = NOTE_MESSAGE, .name = one, .many = many, .context = context && *context ? context : NULL });
}

static const char *in_catalogues(Parser *parser, Value text)
{
    Value message = replaced(text, true);
    Buffer plain = { 0 };
    capo_put_newlines(&plain, message.text, message.size);
    return capo_parse_strndup(parser, capo_buffer_text(&plain), plain.size);
}

void capo_note_translated(Parser *parser, Value text)
{
    if (parser->template->engine->take_notes)
        note_message(parser, in_catalogues(parser, text), NULL, NULL);
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
    const Variable *message = &node->message->operand;
    if (parser->template->engine->take_notes && !message->parts && !message->translated && capo_is_text(message->literal))
        note_message(parser, in_catalogues(parser, message->literal), NULL, node->message_context);
    return &node->node;
}

/* --- blocktranslate --------------------------------------------------------------------------------------------------------------------------- */

typedef struct Piece { const char *text; size_t size; bool variable; struct Piece *next; } Piece;
typedef struct BlockTranslateNode {
    Node node;
    Piece *singular, *plural;
    const char *message, *many;         /* as catalogues have them */
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

/* The message as catalogues have it. */
static const char *message_of(const Piece *piece)
{
    Buffer out = { 0 };
    for (; piece; piece = piece->next) {
        if (piece->variable) {
            capo_put(&out, "%(");
            capo_put_bytes(&out, piece->text, piece->size);
            capo_put(&out, ")s");
        } else {
            put_replaced(&out, piece->text, piece->size, true);
        }
    }
    return capo_buffer_text(&out);
}

static const Piece *piece_called(const Piece *piece, const char *name, size_t size)
{
    for (; piece; piece = piece->next)
        if (piece->variable && piece->size == size && memcmp(piece->text, name, size) == 0)
            return piece;
    return NULL;
}

/* False: the translation has a hole that the message has not, or none that is one. */
static bool put_translation(Buffer *out, Context *context, const BlockTranslateNode *block, const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "%");
        capo_put_bytes(out, text, plain);
        text += plain;
        if (!*text)
            break;
        if (text[1] == '%') {
            capo_put_char(out, '%');
            text += 2;
            continue;
        }
        const char *close = text[1] == '(' ? strchr(text, ')') : NULL;
        if (!close || close[1] != 's')
            return false;
        const Piece *piece = piece_called(block->singular, text + 2, (size_t)(close - text - 2));
        if (!piece)
            piece = piece_called(block->plural, text + 2, (size_t)(close - text - 2));
        if (!piece)
            return false;
        put_hole(out, context, piece);
        text = close + 2;
    }
    return true;
}

/* What is counted: false: no number. */
static bool number_of(Value count, double *ret)
{
    if (count.kind != VALUE_INT && count.kind != VALUE_REAL && count.kind != VALUE_DECIMAL && count.kind != VALUE_BOOL)
        return false;
    *ret = count.kind == VALUE_BOOL ? count.boolean : 0;
    return count.kind == VALUE_BOOL || capo_to_real(count, ret);
}

static void render_blocktranslate(const Node *node, Context *context, Buffer *out)
{
    const BlockTranslateNode *block = (const BlockTranslateNode *)node;
    const char *message_context = resolve_context(block->message_context, context), *translation;
    Value *values = capo_alloc_array(block->n_values + 1, sizeof *values);
    for (size_t i = 0; i < block->n_values; i++)
        values[i] = capo_expression_resolve(block->values[i].expression, context, false);
    capo_context_push(context);
    for (size_t i = 0; i < block->n_values; i++)
        capo_context_put(context, block->values[i].name, block->values[i].size, block->values[i].hash, values[i]);
    const Piece *piece = block->singular;
    const char *message = block->message ? block->message : "";
    if (block->plural && block->counter) {
        Value count = capo_expression_resolve(block->counter->expression, context, false);
        double number;
        if (!number_of(count, &number))
            capo_template_fail(context->template, (int)node->line, (int)node->column, "'%s' argument to '%s' tag must be a number.",
                               block->counter->name, block->tag);
        capo_context_put(context, block->counter->name, block->counter->size, block->counter->hash, count);
        if (!capo_equal(count, capo_value_int(1)))
            piece = block->plural;
        translation = capo_translation(message_context, message, block->many, number);
        if (!translation && message_context)
            translation = capo_translation(NULL, message, block->many, number);
    } else {
        translation = capo_translation(message_context, message, NULL, 0);
    }
    Buffer text = { 0 };
    if (!translation || !put_translation(&text, context, block, translation)) {
        text = (Buffer){ 0 };
        for (; piece; piece = piece->next) {
            if (piece->variable)
                put_hole(&text, context, piece);
            else
                capo_put_bytes(&text, piece->text, piece->size);
        }
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
    const char *message = message_of(node->singular), *many = node->plural ? message_of(node->plural) : NULL;
    node->message = capo_parse_strndup(parser, message, strlen(message));
    node->many = many ? capo_parse_strndup(parser, many, strlen(many)) : NULL;
    note_message(parser, node->message, node->many, node->message_context);
    return &node->node;
}

/* --- languages --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct LanguageNode { Node node; Node *body; Expression *code; const char *as; char what; } LanguageNode;

static void render_language(const Node *node, Context *context, Buffer *out)
{
    const LanguageNode *language = (const LanguageNode *)node;
    Value code = capo_expression_resolve(language->code, context, false);
    const char *text = capo_is_null(code) ? NULL : capo_to_text(code);
    if (text && !*text) {               /* what is missing changes nothing */
        capo_nodes_render(language->body, context, out);
        return;
    }
    void *before = capo_language_override(text);
    capo_defer(capo_language_restore, before);
    capo_nodes_render(language->body, context, out);
    capo_language_restore(before);
    capo_defer_cancel(capo_language_restore, before);
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

static const LanguageInfo *language_or_raise(Value code)
{
    const char *text = capo_to_text(code);
    const LanguageInfo *language = capo_language_info(text);
    if (!language)
        capo_raise(ERROR_VALUE, "Unknown language code '%.50s'.", text);
    return language;
}

static Value language_info(Value code)
{
    /* of a pair ("de", "German") the first counts */
    if (code.kind == VALUE_LIST && code.list->count)
        code = code.list->items[0];
    const LanguageInfo *language = language_or_raise(code);
    return capo_value_map(capo_map(V("bidi", (bool)language->right_to_left), V("code", language->code), V("name", language->name),
                                   V("name_local", language->local_name), V("name_translated", capo_gettext(language->name))));
}

static void render_language_value(const Node *node, Context *context, Buffer *out)
{
    (void)out;
    const LanguageNode *language = (const LanguageNode *)node;
    Value value, item;
    List *list = capo_list_new();
    void *state = NULL;
    switch (language->what) {
    case 'c': value = capo_value_text(capo_language()); break;
    case 'b': value = capo_value_bool(capo_language_bidi()); break;
    case 'a':
        for (const LanguageInfo *row = capo_languages(); row->code; row++) {
            List *pair = capo_list_new();
            capo_list_add(pair, capo_value_text(row->code));
            capo_list_add(pair, capo_value_text(capo_gettext(row->name)));
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
static Value language_name_translated(const Filtering *f, Value v, Value arg) { (void)f, (void)arg; return VALUE(capo_gettext(language_or_raise(v)->name)); }
static Value language_name_local(const Filtering *f, Value v, Value arg) { (void)f, (void)arg; return VALUE(language_or_raise(v)->local_name); }
static Value language_bidi(const Filtering *f, Value v, Value arg) { (void)f, (void)arg; return VALUE((bool)language_or_raise(v)->right_to_left); }

const Filter capo_i18n_filters[] = {
    { "language_bidi", language_bidi },
    { "language_name", language_name },
    { "language_name_local", language_name_local },
    { "language_name_translated", language_name_translated },
    { 0 }
};
