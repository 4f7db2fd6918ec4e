/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of C sources for makemessages: a scanner that knows comments, quotes and names, and of a call its first arguments. */
#include "extract_messages.h"
#include <capo/arena.h>
#include <string.h>

void found_add(FoundTexts *found, const char *context, const char *one, const char *many, const char *path, int line)
{
    const char *key = capo_format("%s%s%s", context ? context : "", context ? "\4" : "", one);
    if (!*one)
        return;             /* the header's place */
    if (!found->by_key)
        found->by_key = capo_map_new();
    Value *known = capo_map_get(found->by_key, key);
    if (!known) {
        if (found->count == found->capacity) {
            size_t capacity = found->capacity ? found->capacity * 2 : 64;
            found->texts = capo_realloc(found->texts, found->capacity * sizeof *found->texts, capacity * sizeof *found->texts);
            found->capacity = capacity;
        }
        capo_map_set(found->by_key, key, capo_value_int((int64_t)found->count));
        found->texts[found->count++] = (PoText){ .context = context, .one = one, .many = many, .places = capo_format("%s:%d", path, line) };
        return;
    }
    PoText *text = &found->texts[known->integer];
    if (!text->many)
        text->many = many;
    const char *place = capo_format("%s:%d", path, line);
    if (!capo_ends_with(text->places, place))
        text->places = capo_format("%s %s", text->places, place);
}

/* --- C ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Scan { const char *at, *end; int line; } Scan;

/* Which argument is what, from 1; 0: none. */
typedef struct Keyword { const char *name; int context, one, many; } Keyword;
static const Keyword keywords[] = {
    { "capo_gettext", 0, 1, 0 }, { "capo_ngettext", 0, 1, 2 }, { "capo_pgettext", 1, 2, 0 }, { "capo_npgettext", 1, 2, 3 },
    { "CAPO_NOOP", 0, 1, 0 }, { "_", 0, 1, 0 },
};

static void step(Scan *scan)
{
    scan->line += *scan->at == '\n';
    scan->at++;
}

static bool is_name_byte(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Blanks, comments, continued lines. */
static void skip_blanks(Scan *scan)
{
    while (scan->at < scan->end) {
        bool pair = scan->end - scan->at > 1;
        if (pair && scan->at[0] == '/' && scan->at[1] == '/') {
            while (scan->at < scan->end && *scan->at != '\n')
                step(scan);
        } else if (pair && scan->at[0] == '/' && scan->at[1] == '*') {
            for (scan->at += 2; scan->at < scan->end && !(scan->at[0] == '*' && scan->end - scan->at > 1 && scan->at[1] == '/');)
                step(scan);
            scan->at = scan->end - scan->at > 2 ? scan->at + 2 : scan->end;
        } else if (strchr(" \t\r\n\f\v", *scan->at) || (pair && scan->at[0] == '\\' && (scan->at[1] == '\n' || scan->at[1] == '\r'))) {
            step(scan);
        } else {
            return;
        }
    }
}

static unsigned number_of(Scan *scan, unsigned base, int most)
{
    unsigned number = 0;
    for (int i = 0; i < most && scan->at < scan->end; i++, scan->at++) {
        char c = *scan->at;
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (c | 32) >= 'a' && (c | 32) <= 'f' ? (unsigned)((c | 32) - 'a' + 10) : 99;
        if (digit >= base)
            break;
        number = number * base + digit;
    }
    return number;
}

static void read_escape(Scan *scan, Buffer *into)
{
    static const char names[] = "ntrabfv\"\\'?", values[] = "\n\t\r\a\b\f\v\"\\'?";
    char bytes[4], c = *scan->at;
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        capo_put_char(into, values[name - names]);
        step(scan);
    } else if (c == '\n') {
        step(scan);
    } else if (c == 'x') {
        scan->at++;
        capo_put_char(into, (char)number_of(scan, 16, 2));
    } else if (c == 'u' || c == 'U') {
        scan->at++;
        capo_put_bytes(into, bytes, capo_utf8_encode(number_of(scan, 16, c == 'u' ? 4 : 8), bytes));
    } else if (c >= '0' && c <= '7') {
        capo_put_char(into, (char)number_of(scan, 8, 3));
    } else {
        capo_put_char(into, c);
        step(scan);
    }
}

/* Behind a quoted thing; what it says into `into`, where given. */
static void read_quoted(Scan *scan, Buffer *into)
{
    char quote = *scan->at++;
    Buffer unused = { 0 };
    while (scan->at < scan->end && *scan->at != quote && *scan->at != '\n') {
        if (*scan->at == '\\' && scan->end - scan->at > 1) {
            scan->at++;
            read_escape(scan, into ? into : &unused);
        } else {
            if (into)
                capo_put_char(into, *scan->at);
            scan->at++;
        }
    }
    if (scan->at < scan->end && *scan->at == quote)
        scan->at++;
}

/* One argument of a call: its text where it is nothing but literals, else NULL. Stops at the ',' or ')' behind it. */
static const char *read_argument(Scan *scan)
{
    Buffer text = { 0 };
    bool constant = false;
    for (skip_blanks(scan); scan->at < scan->end && *scan->at == '"'; skip_blanks(scan)) {
        read_quoted(scan, &text);
        constant = true;
    }
    int depth = 0;
    while (scan->at < scan->end && (depth || (*scan->at != ',' && *scan->at != ')'))) {
        constant = false;
        depth += strchr("([{", *scan->at) != NULL;
        depth -= strchr(")]}", *scan->at) != NULL;
        if (*scan->at == '"' || *scan->at == '\'')
            read_quoted(scan, NULL);
        else
            step(scan);
        skip_blanks(scan);
    }
    return constant ? capo_buffer_text(&text) : NULL;
}

static void read_call(FoundTexts *found, const Scan *call, const Keyword *keyword, const char *path, int line)
{
    Scan scan = *call;
    const char *arguments[4] = { NULL };
    int last = keyword->many ? keyword->many : keyword->one;
    for (int i = 1; i <= last; i++) {
        arguments[i] = read_argument(&scan);
        if (scan.at >= scan.end || (*scan.at != ',' && i < last))
            return;
        step(&scan);
    }
    const char *one = arguments[keyword->one], *many = keyword->many ? arguments[keyword->many] : NULL, *context = arguments[keyword->context];
    if (one && (!keyword->many || many) && (!keyword->context || context))
        found_add(found, keyword->context ? context : NULL, one, many, path, line);
}

void extract_from_c(FoundTexts *found, const char *path, const char *text, size_t size)
{
    Scan scan = { text, text + size, 1 };
    bool directive = false;
    for (skip_blanks(&scan); scan.at < scan.end; skip_blanks(&scan)) {
        if (*scan.at == '"' || *scan.at == '\'') {
            read_quoted(&scan, NULL);
            continue;
        }
        if (!is_name_byte(*scan.at)) {
            directive = *scan.at == '#';
            step(&scan);
            continue;
        }
        const char *name = scan.at;
        int line = scan.line;
        while (scan.at < scan.end && is_name_byte(*scan.at))
            scan.at++;
        size_t length = (size_t)(scan.at - name);
        if (directive) {                    /* #define _(text) names no text */
            directive = false;
            if (length == 6 && memcmp(name, "define", 6) == 0) {
                skip_blanks(&scan);
                while (scan.at < scan.end && is_name_byte(*scan.at))
                    scan.at++;
            }
            continue;
        }
        skip_blanks(&scan);
        if (scan.at >= scan.end || *scan.at != '(')
            continue;
        scan.at++;
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
            if (strlen(keywords[i].name) == length && memcmp(keywords[i].name, name, length) == 0)
                read_call(found, &scan, &keywords[i], path, line);
    }
}
