/* SPDX-License-Identifier: BSD-3-Clause */
/* urlize: http and https addresses, bare domains and e-mail addresses in a text become links. Each word is looked at a bounded
 * number of times; addresses above 2,048 characters are left alone. */
#include "filters.h"
#include "html.h"
#include <capo/syntax.h>
#include <string.h>
#include <strings.h>

enum { MAX_URL = 2048 };
typedef struct Slice { const char *text; size_t size; } Slice;

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* --- trimming ---------------------------------------------------------------------------------------------------------------------------- */

static size_t strip_right(Slice s, const char *chars)
{
    while (s.size && s.text[s.size - 1] && strchr(chars, s.text[s.size - 1]))
        s.size--;
    return s.size;
}

/* Whether what begins at the last '&' is a character reference up to its semicolon. */
static bool ends_in_reference(Slice middle)
{
    const char *amp = memrchr(middle.text, '&', middle.size);
    Buffer plain = { 0 };
    if (!amp)
        return false;
    size_t size = (size_t)(middle.text + middle.size - amp);
    if (size > 64)
        return false;
    capo_put_unescaped(&plain, amp, size);
    bool changed = plain.size != size || memcmp(plain.data, amp, size) != 0;
    return changed && !(plain.size && plain.data[plain.size - 1] == ';');
}

/* Brackets in front go; at the end closing ones without a partner, and punctuation that belongs to the sentence. */
static Slice trim_punctuation(Slice word)
{
    while (word.size && (*word.text == '(' || *word.text == '[')) {
        word.text++;
        word.size--;
    }
    size_t counts[256] = { 0 };
    bool trimmed = true;
    for (size_t i = 0; i < word.size; i++)
        counts[(unsigned char)word.text[i]]++;
    while (trimmed && word.size) {
        trimmed = false;
        for (int pair = 0; pair < 2; pair++) {
            char opening = "(["[pair], closing = ")]"[pair];
            size_t excess = counts[(unsigned char)closing] - counts[(unsigned char)opening];
            if (counts[(unsigned char)opening] >= counts[(unsigned char)closing] || word.text[word.size - 1] != closing)
                continue;
            if (excess > word.size)
                excess = word.size;
            word.size -= excess;
            counts[(unsigned char)closing] -= excess;
            trimmed = true;
            if (!word.size)
                return word;
        }
        bool amp = memchr(word.text, '&', word.size) != NULL;
        size_t rest = strip_right(word, amp ? ".,:!" : ".,:;!");
        if (rest != word.size) {
            word.size = rest;
            trimmed = true;
        }
        if (word.size && word.text[word.size - 1] == ';' && !ends_in_reference(word)) {
            rest = strip_right(word, ".,:;!");
            size_t without = strip_right(word, ";");
            if (amp && word.size - without > 1)     /* the first of several may end a reference */
                rest = (size_t)((const char *)memchr(word.text + rest, ';', word.size - rest) - word.text) + 1;
            trimmed = rest != word.size;
            word.size = rest;
        }
    }
    return word;
}

/* --- recognising -------------------------------------------------------------------------------------------------------------------------- */

static bool has_scheme(Slice s)
{
    size_t skip = s.size > 7 && strncasecmp(s.text, "http://", 7) == 0 ? 7 : s.size > 8 && strncasecmp(s.text, "https://", 8) == 0 ? 8 : 0;
    if (!skip)
        return false;
    const char *at = s.text + skip, *end = s.text + s.size;
    if (*at == '[')
        at++;
    return at < end && capo_is_word(capo_utf8_next(&at, end));
}

/* A host of labels with letters, digits and hyphens, or beyond ASCII. */
static bool is_host(const char *text, size_t size)
{
    size_t label = 0;
    if (size == 0 || size > 253)
        return false;
    for (size_t i = 0; i <= size; i++) {
        if (i == size || text[i] == '.') {
            if (label == 0 || label > 63 || text[i - 1] == '-' || text[i - label] == '-')
                return false;
            label = 0;
        } else if (!is_alnum(text[i]) && text[i] != '-' && (unsigned char)text[i] < 0xA0 && !((unsigned char)text[i] >= 0x80)) {
            return false;
        } else {
            label++;
        }
    }
    return true;
}

/* www.…, or what begins with a letter and has one of the old top-level domains before its end or its first path. */
static bool is_bare_domain(Slice s)
{
    static const char *const tops[] = { ".com", ".edu", ".gov", ".int", ".mil", ".net", ".org" };
    const char *at = s.text, *end = s.text + s.size;
    if (s.size >= 4 && strncasecmp(s.text, "www.", 4) == 0)
        return true;
    if (s.size < 6 || strncasecmp(s.text, "http", 4) == 0 || !capo_is_word(capo_utf8_next(&at, end)))
        return false;
    const char *mail = memchr(at, '@', (size_t)(end - at)), *limit = mail ? mail : end;
    for (const char *dot = at + 1; dot + 4 <= limit; dot++) {
        if (*dot != '.' || (dot + 4 < end && dot[4] != '/'))
            continue;
        for (size_t i = 0; i < sizeof tops / sizeof *tops; i++)
            if (strncasecmp(dot, tops[i], 4) == 0)
                return true;
    }
    return false;
}

static bool is_email(Slice s)
{
    const char *at = memrchr(s.text, '@', s.size);
    if (!at || at == s.text || s.size > 320)
        return false;
    bool dot = true;
    for (const char *p = s.text; p < at; p++) {
        if (*p == '.' ? dot : !is_alnum(*p) && !(*p && strchr("!#$%&'*+/=?^_`{}|~-", *p)))
            return false;
        dot = *p == '.';
    }
    const char *domain = at + 1;
    size_t size = (size_t)(s.text + s.size - domain);
    if (size > 2 && domain[0] == '[' && domain[size - 1] == ']') {
        const char *address = capo_strndup(domain + 1, size - 2);
        return !dot && (capo_is_ipv4(address, size - 2) || capo_is_ipv6(address, size - 2, false));
    }
    const char *top = memrchr(domain, '.', size);
    return !dot && top && is_host(domain, size) && s.text + s.size - top - 1 >= 2 &&
           !(top[1] >= '0' && top[1] <= '9' && strspn(top + 1, "0123456789") >= (size_t)(s.text + s.size - top - 1));
}

/* --- quoting -------------------------------------------------------------------------------------------------------------------------------- */

static void put_requoted(Buffer *out, const char *text, size_t size, const char *safe)
{
    size_t plain_size;
    char *plain = capo_url_unquote(text, size, false, &plain_size);
    capo_put_quoted(out, plain, plain_size, safe);
}

static void put_query(Buffer *out, const char *text, size_t size)
{
    const char *end = text + size;
    bool any = false;
    while (text < end) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        if (!stop)
            stop = end;
        if (stop > text) {
            const char *equals = memchr(text, '=', (size_t)(stop - text));
            const char *parts[2] = { text, equals ? equals + 1 : stop };
            size_t sizes[2] = { (size_t)((equals ? equals : stop) - text), (size_t)(stop - parts[1]) };
            if (any)
                capo_put_char(out, '&');
            for (int i = 0; i < 2; i++) {
                size_t plain_size;
                char *plain = capo_url_unquote(parts[i], sizes[i], true, &plain_size);
                plain = capo_url_unquote(plain, plain_size, false, &plain_size);
                for (size_t k = 0; k < plain_size; k++) {
                    if (plain[k] == ' ')
                        capo_put_char(out, '+');
                    else
                        capo_put_quoted(out, plain + k, 1, "");
                }
                if (i == 0)
                    capo_put_char(out, '=');
            }
            any = true;
        }
        text = stop + 1;
    }
}

void capo_put_smart_url(Buffer *out, const char *url, size_t size)
{
    static const char safe[] = "!$&'()*+,;=:/?#[]@~";
    const char *end = url + size, *colon = memmem(url, size, "://", 3);
    const char *rest = colon ? colon + 3 : url;
    const char *fragment = memchr(rest, '#', (size_t)(end - rest));
    const char *query = memchr(rest, '?', (size_t)((fragment ? fragment : end) - rest));
    const char *path = memchr(rest, '/', (size_t)((query ? query : fragment ? fragment : end) - rest));
    const char *host_end = path ? path : query ? query : fragment ? fragment : end;
    const char *path_end = query ? query : fragment ? fragment : end;
    bool open = memchr(rest, '[', (size_t)(host_end - rest)), close = memchr(rest, ']', (size_t)(host_end - rest));
    if (open != close) {                            /* no address at all */
        put_requoted(out, url, size, safe);
        return;
    }
    if (colon) {
        capo_put_lower(out, url, (size_t)(colon - url));
        capo_put(out, "://");
    }
    put_requoted(out, rest, (size_t)(host_end - rest), safe);
    if (path)
        put_requoted(out, path, (size_t)(path_end - path), safe);
    if (query) {
        Buffer text = { 0 };
        put_query(&text, query + 1, (size_t)((fragment ? fragment : end) - query - 1));
        if (text.size) {
            capo_put_char(out, '?');
            capo_put_bytes(out, text.data, text.size);
        }
    }
    if (fragment && fragment + 1 < end) {
        capo_put_char(out, '#');
        put_requoted(out, fragment + 1, (size_t)(end - fragment - 1), safe);
    }
}

static void put_maybe_escaped(Buffer *out, const char *text, size_t size, bool escape)
{
    if (escape)
        capo_put_escaped(out, text, size);
    else
        capo_put_bytes(out, text, size);
}

static void put_word(Buffer *out, Slice word, bool safe, bool nofollow, bool autoescape, int64_t limit)
{
    bool escape = autoescape && !safe;
    Slice middle = { 0 };
    Buffer url = { 0 };
    bool mail = false;
    if (memchr(word.text, '.', word.size) || memchr(word.text, '@', word.size) || memchr(word.text, ':', word.size)) {
        middle = trim_punctuation(word);
        Buffer plain = { 0 };
        if (capo_utf8_length(middle.text, middle.size) <= MAX_URL && has_scheme(middle)) {
            capo_put_unescaped(&plain, middle.text, middle.size);
            capo_put_smart_url(&url, capo_buffer_text(&plain), plain.size);
        } else if (capo_utf8_length(middle.text, middle.size) <= MAX_URL && is_bare_domain(middle)) {
            capo_put(&plain, "http://");
            capo_put_unescaped(&plain, middle.text, middle.size);
            capo_put_smart_url(&url, capo_buffer_text(&plain), plain.size);
        } else if (!memchr(middle.text, ':', middle.size) && is_email(middle)) {
            const char *at = memrchr(middle.text, '@', middle.size);
            mail = true;
            capo_put(&url, "mailto:");
            capo_put_quoted(&url, middle.text, (size_t)(at - middle.text), "");
            capo_put_char(&url, '@');
            capo_put_quoted(&url, at + 1, (size_t)(middle.text + middle.size - at - 1), "");
        }
    }
    if (!url.size) {
        put_maybe_escaped(out, word.text, word.size, escape);
        return;
    }
    put_maybe_escaped(out, word.text, (size_t)(middle.text - word.text), escape);
    capo_put(out, "<a href=\"");
    capo_put_escaped(out, url.data, url.size);
    capo_put(out, nofollow && !mail ? "\" rel=\"nofollow\">" : "\">");
    if (limit != URLIZE_WHOLE && (int64_t)capo_utf8_length(middle.text, middle.size) > limit) {
        const char *at = middle.text, *end = middle.text + middle.size;
        for (int64_t i = 0; i + 1 < limit; i++)
            capo_utf8_next(&at, end);
        put_maybe_escaped(out, middle.text, (size_t)(at - middle.text), escape);
        capo_put(out, "\xE2\x80\xA6");
    } else {
        put_maybe_escaped(out, middle.text, middle.size, escape);
    }
    capo_put(out, "</a>");
    const char *tail = middle.text + middle.size;
    put_maybe_escaped(out, tail, (size_t)(word.text + word.size - tail), escape);
}

static bool splits(const char *at, const char *end, const char **ret_next)
{
    *ret_next = at;
    uint32_t c = capo_utf8_next(ret_next, end);
    return c == '<' || c == '>' || c == '"' || c == '\'' || capo_is_space(c);
}

void capo_put_urlized(Buffer *out, const char *text, size_t size, bool safe, bool nofollow, bool autoescape, int64_t limit)
{
    const char *at = text, *end = text + size, *next;
    while (at < end) {
        const char *start = at;
        while (at < end && splits(at, end, &next))
            at = next;
        put_maybe_escaped(out, start, (size_t)(at - start), autoescape && !safe);
        start = at;
        while (at < end && !splits(at, end, &next))
            at = next;
        if (at > start)
            put_word(out, (Slice){ start, (size_t)(at - start) }, safe, nofollow, autoescape, limit);
    }
}
