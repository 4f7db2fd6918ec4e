/* SPDX-License-Identifier: BSD-3-Clause */
/* Cutting texts and HTML to a length, taking tags out, line breaks, wrapping. */
#include "filters.h"
#include "html.h"
#include "../core/base/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

static bool is_combining(uint32_t c)
{
    return c >= 0x300 && utf8proc_get_property((utf8proc_int32_t)c)->combining_class != 0;
}

/* Whether composing is worth it: not for ASCII, and not where somebody piled up marks on one letter, whose sorting is quadratic. */
static bool composes(const char *text, size_t size)
{
    enum { MOST_MARKS = 500 };
    const char *at = text, *end = text + size;
    bool ascii = true;
    for (size_t marks = 0; at < end && marks < MOST_MARKS;) {
        if ((unsigned char)*at < 0x80) {
            at++;
            marks = 0;
            continue;
        }
        ascii = false;
        marks = is_combining(capo_utf8_next(&at, end)) ? marks + 1 : 0;
    }
    return !ascii && at == end;
}

/* The text in composed form (NFC). */
static Value compose(const char *text, size_t size)
{
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t length = !composes(text, size) ? -1 : utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &composed,
                                                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (length < 0)
        return capo_value_copy_n(text, size);
    Value value = capo_value_copy_n((const char *)composed, (size_t)length);
    free(composed);
    return value;
}

static bool ends_with(const char *text, size_t size, const char *end)
{
    size_t length = strlen(end);
    return size >= length && memcmp(text + size - length, end, length) == 0;
}

/* In a sign of truncation it stands for the text that was left, else the sign follows the text. */
static const char text_hole[] = "%(truncated_text)s";

/* Puts the sign to the text that stands in `out` from `start` on. */
static void put_sign(Buffer *out, size_t start, const char *sign)
{
    size_t size = out->size - start;
    const char *hole = strstr(sign, text_hole), *text = out->data ? out->data + start : "";
    if (!hole) {
        if (!ends_with(text, size, sign))
            capo_put(out, sign);
        return;
    }
    if (hole > sign) {
        text = capo_strndup(text, size);
        out->size = start;
        capo_put_bytes(out, sign, (size_t)(hole - sign));
        capo_put_bytes(out, text, size);
    }
    capo_put(out, hole + sizeof text_hole - 1);
}

/* The characters that are left for text when the sign has its own. */
static int64_t without_sign(int64_t length, const char *sign)
{
    const char *at = sign, *end = at + strlen(at), *hole = strstr(sign, text_hole);
    while (at < end && length > 0) {
        if (at == hole)
            at += sizeof text_hole - 1;
        else
            length -= !is_combining(capo_utf8_next(&at, end));
    }
    return length;
}

static void put_truncated_chars(Buffer *out, Value text, int64_t length, const char *sign)
{
    int64_t keep = without_sign(length, sign), seen = 0;
    const char *at = text.text, *end = at + text.size, *cut = NULL;
    while (at < end) {
        const char *start = at;
        if (is_combining(capo_utf8_next(&at, end)))
            continue;
        seen++;
        if (!cut && seen > keep)
            cut = start;
        if (seen > length) {
            size_t before = out->size;
            capo_put_bytes(out, text.text, (size_t)(cut - text.text));
            put_sign(out, before, sign);
            return;
        }
    }
    capo_put_bytes(out, text.text, text.size);
}

/* The next word: *at moves behind it. False: there is none. */
static bool next_word(const char **at, const char *end, const char **ret_start)
{
    *ret_start = utf8_skip(*at, end, true);
    *at = utf8_skip(*ret_start, end, false);
    return *ret_start < end;
}

static void put_truncated_words(Buffer *out, const char *text, size_t size, int64_t length, const char *sign)
{
    const char *at = text, *end = text + size, *start;
    size_t before = out->size;
    for (int64_t n = 0; next_word(&at, end, &start); n++) {
        if (n == length) {
            put_sign(out, before, sign);
            return;
        }
        if (n)
            capo_put_char(out, ' ');
        capo_put_bytes(out, start, (size_t)(at - start));
    }
}

void capo_put_truncated(Buffer *out, const char *text, size_t size, int64_t length, bool words, const char *sign)
{
    if (length <= 0)
        return;
    if (words)
        put_truncated_words(out, text, size, length, sign);
    else
        put_truncated_chars(out, compose(text, size), length, sign);
}

/* --- HTML ----------------------------------------------------------------------------------------------------------------------------------- */

typedef struct OpenTag { const char *name; size_t size; struct OpenTag *outer; } OpenTag;

static void put_close_tag(Buffer *out, const char *name, size_t size)
{
    capo_put(out, "</");
    capo_put_lower(out, name, size);
    capo_put_char(out, '>');
}

/* Words as re.split(r"(?<=\S)\s+(?=\S)") has them: outer blanks stay with the first and last. */
static int64_t count_pieces(const char *text, size_t size, int64_t most, Buffer *ret_joined)
{
    const char *at = text, *end = text + size, *start = text;
    int64_t pieces = 0;
    while (at < end) {
        const char *word = at, *next = at;
        while (at < end && capo_is_space(capo_utf8_next(&next, end)))
            at = next;
        bool leading = word == text, trailing = at >= end;
        if (at > word && !leading && !trailing) {       /* blanks between two words */
            if (pieces < most) {
                capo_put_bytes(ret_joined, start, (size_t)(word - start));
                if (pieces + 1 < most)
                    capo_put_char(ret_joined, ' ');
            }
            pieces++;
            start = at;
        }
        next = at;
        while (at < end && !capo_is_space(capo_utf8_next(&next, end)))
            at = next;
    }
    if (pieces < most)
        capo_put_bytes(ret_joined, start, (size_t)(end - start));
    return pieces + 1;
}

void capo_put_truncated_html(Buffer *out, const char *text, size_t size, int64_t length, bool words, const char *sign)
{
    if (length <= 0)
        return;
    if (!words) {
        Value composed = compose(text, size);
        text = composed.text;
        size = composed.size;
    }
    HtmlTokens tokens = { .at = text, .end = text + size, .whole_only = true };
    OpenTag *open = NULL;
    int64_t remaining = words ? length : without_sign(length, sign), seen = 0, whole = (int64_t)capo_utf8_length(text, size);
    size_t start = out->size;
    while (capo_html_next(&tokens)) {
        if (tokens.kind == HTML_START || tokens.kind == HTML_START_END) {
            capo_put_bytes(out, tokens.text, tokens.size);
            if (capo_html_is_void(tokens.name, tokens.name_size))
                continue;
            if (tokens.kind == HTML_START_END) {
                put_close_tag(out, tokens.name, tokens.name_size);
                continue;
            }
            OpenTag *tag = capo_alloc_struct(OpenTag);
            *tag = (OpenTag){ tokens.name, tokens.name_size, open };
            open = tag;
        } else if (tokens.kind == HTML_CLOSE) {
            if (capo_html_is_void(tokens.name, tokens.name_size))
                continue;
            put_close_tag(out, tokens.name, tokens.name_size);
            if (open && open->size == tokens.name_size && strncasecmp(open->name, tokens.name, open->size) == 0)
                open = open->outer;
        } else if (tokens.kind == HTML_TEXT) {
            Buffer plain = { 0 }, joined = { 0 };
            capo_put_unescaped(&plain, tokens.text, tokens.size);
            const char *data = capo_buffer_text(&plain);
            int64_t count;
            if (words) {
                count = count_pieces(data, plain.size, remaining, &joined);
            } else {
                count = (int64_t)capo_utf8_length(data, plain.size);
                seen += count;
                /* The output so far is counted but once: at the text that reaches the length. */
                if (seen == length && (int64_t)capo_utf8_length(out->data ? out->data + start : "", out->size - start) + count == whole) {
                    capo_put_bytes(out, data, plain.size);          /* all of it fits after all, and stays as it was */
                    continue;
                }
                const char *at = data, *end = data + plain.size;
                for (int64_t i = 0; i < remaining && at < end; i++)
                    capo_utf8_next(&at, end);
                capo_put_bytes(&joined, data, (size_t)(at - data));
            }
            size_t before = out->size;
            capo_put_escaped(out, capo_buffer_text(&joined), joined.size);
            if (remaining < count) {
                put_sign(out, before, sign);
                break;
            }
            remaining -= count;
        }
    }
    if (tokens.kind == HTML_END && tokens.at >= tokens.end && !open)
        return;
    for (; open && tokens.kind != HTML_END; open = open->outer)
        put_close_tag(out, open->name, open->size);
}

/* --- striptags --------------------------------------------------------------------------------------------------------------------------------- */

static void strip_once(Buffer *out, const char *text, size_t size)
{
    HtmlTokens tokens = { .at = text, .end = text + size, .keep_references = true };
    while (capo_html_next(&tokens)) {
        if (tokens.kind == HTML_TEXT)
            capo_put_bytes(out, tokens.text, tokens.size);
        else if (tokens.kind == HTML_REFERENCE) {
            capo_put_char(out, '&');
            capo_put_bytes(out, tokens.name, tokens.name_size);
            capo_put_char(out, ';');
        }
    }
}

static size_t count_char(const char *text, size_t size, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += text[i] == c;
    return n;
}

void capo_put_stripped(Buffer *out, const char *text, size_t size)
{
    enum { MAX_DEPTH = 50 };
    const char *at = text;
    for (int depth = 0; memchr(at, '<', size) && memchr(at, '>', size); depth++) {
        if (depth >= MAX_DEPTH)
            capo_raise(ERROR_SUSPICIOUS_OPERATION, "A text has tags within tags more than %d deep.", MAX_DEPTH);
        Buffer next = { 0 };
        strip_once(&next, at, size);
        const char *stripped = capo_buffer_text(&next);
        if (count_char(stripped, next.size, '<') == count_char(at, size, '<'))
            break;
        at = stripped;
        size = next.size;
    }
    capo_put_bytes(out, at, size);
}

/* --- line breaks and wrapping --------------------------------------------------------------------------------------------------------------------- */

/* \r\n and \r as \n. */
static Value normalise_newlines(const char *text, size_t size)
{
    Buffer out = { 0 };
    if (!size || !memchr(text, '\r', size))
        return capo_value_text_n(text, size);
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\r')
            capo_put_char(&out, text[i]);
        else if (i + 1 >= size || text[i + 1] != '\n')
            capo_put_char(&out, '\n');
    }
    return capo_buffer_value(&out, false);
}

/* The lines with <br> between; or, of two and more line ends in a row, with the end of a paragraph. */
static void put_lines(Buffer *out, const char *text, size_t size, bool autoescape, bool paragraphs)
{
    Value plain = normalise_newlines(text, size);
    const char *at = plain.text, *end = at + plain.size;
    buffer_room(out, size + size / 8 + 16);
    for (;;) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL, *next = stop ? stop + 1 : end;
        size_t length = (size_t)((stop ? stop : end) - at);
        if (autoescape)
            capo_put_escaped(out, at, length);
        else
            capo_put_bytes(out, at, length);
        if (!stop)
            return;
        while (paragraphs && next < end && *next == '\n')
            next++;
        capo_put(out, next - stop > 1 ? "</p>\n\n<p>" : "<br>");
        at = next;
    }
}

void capo_put_linebreaks(Buffer *out, const char *text, size_t size, bool autoescape)
{
    capo_put(out, "<p>");
    put_lines(out, text, size, autoescape, true);
    capo_put(out, "</p>");
}

void capo_put_linebreaksbr(Buffer *out, const char *text, size_t size, bool autoescape)
{
    put_lines(out, text, size, autoescape, false);
}

const char *capo_line_end(const char *at, const char *end, const char **ret_next)
{
    while (at < end) {
        const char *next = at;
        uint32_t c = capo_utf8_next(&next, end);
        if ((c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029) {
            *ret_next = next + (c == '\r' && next < end && *next == '\n');
            return at;
        }
        at = next;
    }
    *ret_next = end;
    return end;
}

/* Tabs become blanks up to the next multiple of eight. */
static Value expand_tabs(const char *text, size_t size)
{
    Buffer out = { 0 };
    size_t column = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\t') {
            do
                capo_put_char(&out, ' ');
            while (++column % 8);
            continue;
        }
        column += ((unsigned char)text[i] & 0xC0) != 0x80;
        capo_put_char(&out, text[i]);
    }
    return capo_buffer_value(&out, false);
}

static bool is_wrap_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The chunk at `at`: a run of blanks, or of anything else. */
static const char *chunk_end(const char *at, const char *end)
{
    bool blank = is_wrap_blank(*at);
    while (at < end && is_wrap_blank(*at) == blank)
        at++;
    return at;
}

static bool is_all_blank(const char *text, size_t size)
{
    capo_trim(&text, &size);
    return size == 0;
}

/* One line, as textwrap wraps it with long words whole: false where nothing but blanks were there. */
static bool put_wrapped_line(Buffer *out, const char *text, size_t size, int64_t width)
{
    Value line = expand_tabs(text, size);
    const char *at = line.text, *end = at + line.size;
    bool any = false;
    while (at < end) {
        if (any && is_all_blank(at, (size_t)(chunk_end(at, end) - at)))
            at = chunk_end(at, end);
        const char *start = at, *last = at;     /* of the new line, and of its last chunk */
        int64_t used = 0;
        while (at < end) {
            const char *stop = chunk_end(at, end);
            int64_t length = (int64_t)capo_utf8_length(at, (size_t)(stop - at));
            if (used + length > width && !(used == 0 && length > width))
                break;
            used += length;
            last = at;
            at = stop;
            if (length > width)
                break;
        }
        const char *stop = at > start && is_all_blank(last, (size_t)(at - last)) ? last : at;
        if (stop == start)
            continue;
        if (any)
            capo_put_char(out, '\n');
        capo_put_bytes(out, start, (size_t)(stop - start));
        any = true;
    }
    return any;
}

void capo_put_wrapped(Buffer *out, const char *text, size_t size, int64_t width)
{
    if (width <= 0 && size)
        capo_raise(ERROR_VALUE, "Text is wrapped to a width above zero, not to %lld.", (long long)width);
    const char *at = text, *end = text + size;
    while (at < end) {
        const char *next, *stop = capo_line_end(at, end, &next);
        if (at > text)
            capo_put_char(out, '\n');
        if (!put_wrapped_line(out, at, (size_t)(stop - at), width))
            capo_put_bytes(out, at, (size_t)(stop - at));       /* blanks alone stay as they are */
        at = next;
    }
    if (size && text[size - 1] == '\n')
        capo_put_char(out, '\n');
}
