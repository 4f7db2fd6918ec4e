/* SPDX-License-Identifier: BSD-3-Clause */
/* Template source to tokens. A token never spans lines and knows nothing of quotes; what opens but does not close on its line is
 * text, as in Django. Linear: where a closing brace was looked for in vain on a line, it is not looked for again. */
#include "engine.h"
#include <string.h>

static const char *find_close(Parser *parser, const char *from, char mark)
{
    int which = mark == '%' ? 0 : mark == '{' ? 1 : 2;
    char close = mark == '{' ? '}' : mark;
    if (parser->no_close[which] && from < parser->no_close[which])
        return NULL;
    const char *at = from;
    for (; at + 1 < parser->end && *at != '\n'; at++)
        if (*at == close && at[1] == '}')
            return at;
    parser->no_close[which] = at + 1;
    return NULL;
}

/* The start of the next tag-like thing, its closing brace in *ret_close; the end where there is none. */
static const char *find_tag(Parser *parser, const char *from, const char **ret_close)
{
    for (const char *at = from; at + 1 < parser->end; at++) {
        at = memchr(at, '{', (size_t)(parser->end - at));
        if (!at || at + 1 >= parser->end)
            break;
        if (at[1] != '%' && at[1] != '{' && at[1] != '#')
            continue;
        const char *close = find_close(parser, at + 2, at[1]);
        if (!close)
            continue;
        *ret_close = close;
        return at;
    }
    return parser->end;
}

static void advance(Parser *parser, const char *to)
{
    for (const char *at = parser->at; (at = memchr(at, '\n', (size_t)(to - at))) != NULL; at++) {
        parser->line++;
        parser->line_start = at + 1;
        if (at + 1 >= to)
            break;
    }
    parser->at = to;
}

static bool content_is(const char *content, size_t size, const char *text)
{
    return strlen(text) == size && memcmp(content, text, size) == 0;
}

static bool opens_verbatim(const char *content, size_t size)
{
    return size >= 8 && memcmp(content, "verbatim", 8) == 0 && (size == 8 || content[8] == ' ');
}

/* A piece that looks like a tag is one unless verbatim is on and it is not what ends it. */
static bool is_tag(Parser *parser, const char *tag, const char *content, size_t size)
{
    if (!parser->verbatim)
        return true;
    return tag[1] == '%' && content_is(content, size, parser->verbatim);
}

void capo_lexer_next(Parser *parser)
{
    for (;;) {
        const char *start = parser->at, *close = NULL, *tag = start;
        parser->token = (Token){ .kind = TOKEN_END, .text = "", .line = parser->line,
                                 .column = (uint32_t)(start - parser->line_start) + 1 };
        if (start >= parser->end)
            return;
        /* Within verbatim text runs on to the tag that ends it. */
        for (tag = find_tag(parser, start, &close); tag < parser->end; tag = find_tag(parser, close + 2, &close)) {
            const char *content = tag + 2;
            size_t size = (size_t)(close - content);
            capo_trim(&content, &size);
            if (is_tag(parser, tag, content, size))
                break;
            /* verbatim may span lines, and so may find_tag's memory of them */
        }
        if (tag > start) {
            parser->token.kind = TOKEN_TEXT;
            parser->token.text = start;
            parser->token.size = (size_t)(tag - start);
            advance(parser, tag);
            return;
        }
        const char *content = tag + 2;
        size_t size = (size_t)(close - content);
        capo_trim(&content, &size);
        advance(parser, close + 2);
        if (tag[1] == '#')
            continue;
        parser->token.kind = tag[1] == '{' ? TOKEN_VARIABLE : TOKEN_BLOCK;
        parser->token.text = capo_parse_strndup(parser, content, size);
        parser->token.size = size;
        if (tag[1] == '%') {
            if (parser->verbatim)
                parser->verbatim = NULL;
            else if (opens_verbatim(content, size))
                parser->verbatim = capo_format("end%s", parser->token.text);
        }
        return;
    }
}

bool capo_token_is(const Token *token, const char *tag)
{
    const char *content = token->text;
    size_t length = strlen(tag);
    if (token->kind != TOKEN_BLOCK || strncmp(content, tag, length) != 0)
        return false;
    const char *at = content + length;
    return !*at || capo_is_space(capo_utf8_next(&at, content + token->size));
}

/* The end of a quoted part that begins at `at`, or NULL: it is never closed. */
static const char *quoted_end(const char *at)
{
    char quote = *at++;
    for (; *at && *at != quote; at++)
        if (*at == '\\' && !*++at)
            return NULL;
    return *at ? at + 1 : NULL;
}

static bool space_at(const char *at, const char *end)
{
    return at < end && capo_is_space(capo_utf8_next(&at, end));
}

/* One word: characters without blanks, in which quoted parts may have some. A quote that is never closed is a letter that
 * begins a word of its own kind, up to the next blank. */
static const char *word_end(const char *at, const char *end)
{
    const char *start = at;
    bool quoted = false;
    while (at < end && !space_at(at, end)) {
        if (*at != '"' && *at != '\'') {
            at++;
            continue;
        }
        const char *close = quoted_end(at);
        if (!close) {
            if (quoted)
                return at;
            at = start;
            while (at < end && !space_at(at, end))
                at++;
            return at;
        }
        quoted = true;
        at = close;
    }
    return at;
}

char **capo_smart_split(const char *text, size_t size)
{
    char **words = capo_alloc_array(size + 1, sizeof *words);
    size_t count = 0;
    for (const char *at = text, *end = text + size; at < end;) {
        if (space_at(at, end)) {
            capo_utf8_next(&at, end);
            continue;
        }
        const char *stop = word_end(at, end);
        words[count++] = capo_strndup(at, (size_t)(stop - at));
        at = stop;
    }
    words[count] = NULL;
    return words;
}

char **capo_split_contents(Parser *parser, const Token *token, size_t *ret_count)
{
    const char *at = token->text, *end = at + token->size;
    char **bits = capo_alloc((token->size / 1 + 2) * sizeof *bits);
    size_t count = 0;
    while (at < end) {
        if (space_at(at, end)) {
            capo_utf8_next(&at, end);
            continue;
        }
        const char *stop = word_end(at, end);
        /* _("two words") is one argument */
        if (at[0] == '_' && at[1] == '(' && (at[2] == '"' || at[2] == '\'')) {
            while (!(stop - at >= 2 && stop[-1] == ')' && stop[-2] == at[2])) {
                while (space_at(stop, end))
                    capo_utf8_next(&stop, end);
                if (stop >= end)
                    capo_parse_fail(parser, "The translated text %s is not closed.", at);
                stop = word_end(stop, end);
            }
        }
        bits[count++] = capo_parse_strndup(parser, at, (size_t)(stop - at));
        at = stop;
    }
    bits[count] = NULL;
    *ret_count = count;
    return bits;
}
