/* SPDX-License-Identifier: BSD-3-Clause */
/* The lenient HTML tokenizer. Where a closing character was looked for in vain it is not looked for again, which keeps a megabyte
 * of "<" linear. */
#include "html.h"
#include <string.h>
#include <strings.h>

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* --- character references ------------------------------------------------------------------------------------------------------------- */

/* U+00A0 to U+00FF; these may stand without a semicolon. */
static const char latin1[] =
    "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot "
    "cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml "
    "Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig "
    "agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute "
    "ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml ";

static const struct { const char *name; uint32_t code_point; bool bare; } named[] = {
    { "amp", '&', true }, { "lt", '<', true }, { "gt", '>', true }, { "quot", '"', true }, { "apos", '\'', false },
    { "AMP", '&', true }, { "LT", '<', true }, { "GT", '>', true }, { "QUOT", '"', true }, { "hellip", 0x2026, false },
    { "mdash", 0x2014, false }, { "ndash", 0x2013, false }, { "lsquo", 0x2018, false }, { "rsquo", 0x2019, false },
    { "sbquo", 0x201A, false }, { "ldquo", 0x201C, false }, { "rdquo", 0x201D, false }, { "bdquo", 0x201E, false },
    { "bull", 0x2022, false }, { "euro", 0x20AC, false }, { "trade", 0x2122, false }, { "larr", 0x2190, false },
    { "uarr", 0x2191, false }, { "rarr", 0x2192, false }, { "darr", 0x2193, false }, { "ensp", 0x2002, false },
    { "emsp", 0x2003, false }, { "thinsp", 0x2009, false }, { "zwj", 0x200D, false }, { "zwnj", 0x200C, false },
    { "lsaquo", 0x2039, false }, { "rsaquo", 0x203A, false }, { "dagger", 0x2020, false }, { "infin", 0x221E, false },
    { "ne", 0x2260, false }, { "le", 0x2264, false }, { "ge", 0x2265, false }, { "minus", 0x2212, false }, { "sum", 0x2211, false },
    { "alpha", 0x3B1, false }, { "beta", 0x3B2, false }, { "gamma", 0x3B3, false }, { "delta", 0x3B4, false }, { "pi", 0x3C0, false },
    { "omega", 0x3C9, false }, { "Omega", 0x3A9, false }, { "OElig", 0x152, false }, { "oelig", 0x153, false },
    { "Scaron", 0x160, false }, { "scaron", 0x161, false }, { "colon", ':', false }, { "comma", ',', false }, { "period", '.', false },
    { "lpar", '(', false }, { "rpar", ')', false }, { "sol", '/', false }, { "num", '#', false }, { "excl", '!', false },
    { "quest", '?', false }, { "equals", '=', false }, { "commat", '@', false }, { "lbrack", '[', false }, { "rbrack", ']', false },
    { "lcub", '{', false }, { "rcub", '}', false }, { "Tab", '\t', false }, { "NewLine", '\n', false }, { "semi", ';', false },
};

/* The character of a name; 0: none. */
static uint32_t find_named(const char *name, size_t size, bool bare)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if ((!bare || named[i].bare) && strlen(named[i].name) == size && memcmp(named[i].name, name, size) == 0)
            return named[i].code_point;
    uint32_t code_point = 0xA0;
    for (const char *at = latin1; *at; code_point++) {
        size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, name, size) == 0)
            return code_point;
        at += length + 1;
    }
    return 0;
}

static void put_code_point(Buffer *out, uint32_t c)
{
    char bytes[4];
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    capo_put_bytes(out, bytes, capo_utf8_encode(c, bytes));
}

/* A numeric reference behind "&#"; the end of it, or NULL. */
static const char *read_numeric(const char *at, const char *end, uint32_t *ret)
{
    bool hex = at < end && (*at | 32) == 'x';
    uint64_t value = 0;
    const char *start = at += hex;
    for (; at < end; at++) {
        int digit = *at >= '0' && *at <= '9' ? *at - '0' : hex && (*at | 32) >= 'a' && (*at | 32) <= 'f' ? (*at | 32) - 'a' + 10 : -1;
        if (digit < 0)
            break;
        if (value < 0x110000)
            value = value * (hex ? 16 : 10) + (uint64_t)digit;
    }
    *ret = (uint32_t)value;
    return at > start ? at : NULL;
}

void capo_put_unescaped(Buffer *out, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        if (!amp) {
            capo_put_bytes(out, at, (size_t)(end - at));
            return;
        }
        capo_put_bytes(out, at, (size_t)(amp - at));
        at = amp + 1;
        uint32_t code_point = 0;
        if (at < end && *at == '#') {
            const char *stop = read_numeric(at + 1, end, &code_point);
            if (stop) {
                /* numbers of control characters mean those of Windows-1252 in browsers; here only NUL and surrogates are mended */
                put_code_point(out, code_point);
                at = stop + (stop < end && *stop == ';');
                continue;
            }
        }
        size_t length = 0;
        while (at + length < end && length < 32 && (is_letter(at[length]) || (at[length] >= '0' && at[length] <= '9')))
            length++;
        bool closed = at + length < end && at[length] == ';';
        if (length && closed && (code_point = find_named(at, length, false)) != 0) {
            put_code_point(out, code_point);
            at += length + 1;
            continue;
        }
        for (; length > 1; length--)        /* the longest name that may stand without a semicolon */
            if ((code_point = find_named(at, length, true)) != 0)
                break;
        if (length > 1) {
            put_code_point(out, code_point);
            at += length;
        } else {
            capo_put_char(out, '&');
        }
    }
}

bool capo_html_is_void(const char *name, size_t size)
{
    static const char *const elements[] = { "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
                                            "source", "track", "wbr", "frame", "spacer" };
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (strlen(elements[i]) == size && strncasecmp(elements[i], name, size) == 0)
            return true;
    return false;
}

/* --- tokens ------------------------------------------------------------------------------------------------------------------------------ */

static const char *find_close(HtmlTokens *t, const char *from)
{
    if (t->no_close && from >= t->no_close)
        return NULL;
    const char *found = from < t->end ? memchr(from, '>', (size_t)(t->end - from)) : NULL;
    if (!found)
        t->no_close = from;
    return found;
}

static const char *find_quote(HtmlTokens *t, const char *from, char quote)
{
    const char **none = &t->no_quote[quote == '"'];
    if (*none && from >= *none)
        return NULL;
    const char *found = from < t->end ? memchr(from, quote, (size_t)(t->end - from)) : NULL;
    if (!found)
        *none = from;
    return found;
}

/* Behind a start tag at `at`, or NULL where it is not whole. */
static const char *start_tag_end(HtmlTokens *t, const char *at)
{
    at++;
    while (at < t->end && !is_space(*at) && *at != '/' && *at != '>' && *at)
        at++;
    while (at < t->end) {
        while (at < t->end && (is_space(*at) || (*at == '/' && !(at + 1 < t->end && at[1] == '>'))))
            at++;
        if (at >= t->end)
            return NULL;
        if (*at == '>')
            return at + 1;
        if (*at == '/')
            return at + 2;
        while (at < t->end && !is_space(*at) && *at != '/' && *at != '=' && *at != '>')
            at++;
        const char *equals = at;
        while (equals < t->end && is_space(*equals))
            equals++;
        if (equals >= t->end)
            return NULL;
        if (*equals != '=')
            continue;
        while (equals < t->end && (*equals == '=' || is_space(*equals)))
            equals++;
        if (equals >= t->end)
            return NULL;
        if (*equals == '"' || *equals == '\'') {
            at = find_quote(t, equals + 1, *equals);
            if (!at)
                return NULL;
            at++;
        } else {
            at = equals;
            while (at < t->end && !is_space(*at) && *at != '>')
                at++;
        }
    }
    return NULL;
}

static bool give(HtmlTokens *t, HtmlKind kind, const char *from, const char *to)
{
    t->kind = kind;
    t->text = from;
    t->size = (size_t)(to - from);
    t->at = to;
    return true;
}

static void take_name(HtmlTokens *t, const char *at)
{
    t->name = at;
    while (at < t->end && !is_space(*at) && *at != '/' && *at != '>' && *at)
        at++;
    t->name_size = (size_t)(at - t->name);
}

/* What looks like a tag but is not whole: text up to the next '>', or the next '<'. */
static bool broken_tag(HtmlTokens *t)
{
    if (t->whole_only) {
        t->at = t->end;
        t->kind = HTML_END;
        return false;
    }
    const char *close = find_close(t, t->at + 1);
    if (close)
        return give(t, HTML_TEXT, t->at, close + 1);
    const char *next = t->at + 1 < t->end ? memchr(t->at + 1, '<', (size_t)(t->end - t->at - 1)) : NULL;
    return give(t, HTML_TEXT, t->at, next ? next : t->at + 1);
}

static bool give_markup(HtmlTokens *t)
{
    const char *at = t->at, *end = t->end;
    if (at + 1 < end && is_letter(at[1])) {
        const char *stop = start_tag_end(t, at);
        if (!stop)
            return broken_tag(t);
        take_name(t, at + 1);
        if (t->name_size == 6 && strncasecmp(t->name, "script", 6) == 0)
            strcpy(t->raw, "script");
        if (t->name_size == 5 && strncasecmp(t->name, "style", 5) == 0)
            strcpy(t->raw, "style");
        if (stop[-2] == '/')
            t->raw[0] = 0;
        return give(t, stop[-2] == '/' ? HTML_START_END : HTML_START, at, stop);
    }
    if (at + 1 < end && at[1] == '/') {
        const char *close = find_close(t, at + 1);
        if (!close)
            return broken_tag(t);
        const char *name = at + 2;
        while (name < close && is_space(*name))
            name++;
        take_name(t, name);
        if (t->name_size == 0 || !is_letter(*name))
            return give(t, HTML_OTHER, at, close + 1);
        t->raw[0] = 0;
        return give(t, HTML_CLOSE, at, close + 1);
    }
    if (end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
        const char *close = NULL;
        if (!t->no_comment || at < t->no_comment)
            close = memmem(at + 4, (size_t)(end - at - 4), "-->", 3);
        if (!close) {
            t->no_comment = t->no_comment ? t->no_comment : at;
            return broken_tag(t);
        }
        return give(t, HTML_OTHER, at, close + 3);
    }
    if (at + 1 < end && (at[1] == '!' || at[1] == '?')) {
        const char *close = find_close(t, at + 1);
        return close ? give(t, HTML_OTHER, at, close + 1) : broken_tag(t);
    }
    if (at + 1 == end)
        return broken_tag(t);
    return give(t, HTML_TEXT, at, at + 1);
}

/* A reference at '&', as html.parser finds it without converting. */
static bool give_reference(HtmlTokens *t)
{
    const char *at = t->at + 1, *stop = NULL;
    if (t->end - t->at == 2 && (is_letter(*at) || *at == '#'))
        return give(t, HTML_TEXT, at, at + 1);      /* html.parser loses the & of such an end */
    if (at < t->end && *at == '#') {
        uint32_t unused;
        stop = read_numeric(at + 1, t->end, &unused);
    } else if (at < t->end && is_letter(*at)) {
        stop = at;
        while (stop < t->end && (is_letter(*stop) || (*stop >= '0' && *stop <= '9') || *stop == '-' || *stop == '.'))
            stop++;
        while (stop > at && (stop[-1] == '-' || stop[-1] == '.') && stop == t->end)
            stop--;
    }
    if (!stop || stop >= t->end)            /* none, or one that may go on behind the end: text */
        return give(t, HTML_TEXT, t->at, stop ? stop : t->at + 1);
    t->name = at;
    t->name_size = (size_t)(stop - at);
    return give(t, HTML_REFERENCE, t->at, stop + (*stop == ';'));
}

bool capo_html_next(HtmlTokens *t)
{
    if (t->at >= t->end) {
        t->kind = HTML_END;
        return false;
    }
    if (t->raw[0]) {                        /* up to </script> or </style> all is text */
        size_t length = strlen(t->raw);
        const char *at = t->at;
        while ((at = memmem(at, (size_t)(t->end - at), "</", 2)) != NULL) {
            if ((size_t)(t->end - at - 2) >= length && strncasecmp(at + 2, t->raw, length) == 0)
                break;
            at += 2;
        }
        if (at != t->at)
            return give(t, HTML_TEXT, t->at, at ? at : t->end);
        t->raw[0] = 0;
    }
    if (*t->at == '<')
        return give_markup(t);
    if (t->keep_references && *t->at == '&')
        return give_reference(t);
    const char *stop = t->at + 1;
    while (stop < t->end && *stop != '<' && !(t->keep_references && *stop == '&'))
        stop++;
    if (t->whole_only && stop == t->end) {      /* a reference may go on behind the end */
        const char *amp = memrchr(t->at, '&', (size_t)(stop - t->at));
        if (amp && stop - amp <= 34 && !memchr(amp, ';', (size_t)(stop - amp))) {
            const char *at = amp, *next = amp;
            while (at < stop && !capo_is_space(capo_utf8_next(&next, stop)))
                at = next;
            if (at == stop) {
                t->at = t->end;
                t->kind = HTML_END;
                return false;
            }
        }
    }
    return give(t, HTML_TEXT, t->at, stop);
}
