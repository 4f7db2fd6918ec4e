/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8 and what Unicode says of characters: case, white space, words, slugs. By utf8proc.
 *
 * Everything here is linear in its input and takes bad bytes as U+FFFD, one for each byte. */
#include "bytes.h"
#include "utf8.h"
#include <capo/arena.h>
#include <capo/buffer.h>
#include <string.h>
#include <utf8proc.h>

uint32_t capo_utf8_next(const char **at, const char *end)
{
    const unsigned char *p = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at);
    if (left == 0)
        return 0xFFFD;
    if (p[0] < 0x80) {
        *at += 1;
        return p[0];
    }
    size_t size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    uint32_t code_point = size == 4 ? p[0] & 7u : size == 3 ? p[0] & 15u : p[0] & 31u;
    bool good = p[0] >= 0xC2 && p[0] <= 0xF4 && size <= left;
    for (size_t i = 1; good && i < size; i++) {
        good = (p[i] & 0xC0) == 0x80;
        code_point = code_point << 6 | (p[i] & 0x3Fu);
    }
    if (good && size == 3)
        good = code_point >= 0x800 && (code_point < 0xD800 || code_point > 0xDFFF);
    if (good && size == 4)
        good = code_point >= 0x10000 && code_point <= 0x10FFFF;
    *at += good ? size : 1;
    return good ? code_point : 0xFFFD;
}

size_t capo_utf8_encode(uint32_t code_point, char ret_bytes[4])
{
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        code_point = 0xFFFD;
    if (code_point < 0x80) {
        ret_bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        ret_bytes[0] = (char)(0xC0 | code_point >> 6);
        ret_bytes[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        ret_bytes[0] = (char)(0xE0 | code_point >> 12);
        ret_bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        ret_bytes[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    ret_bytes[0] = (char)(0xF0 | code_point >> 18);
    ret_bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    ret_bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    ret_bytes[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

bool capo_utf8_valid(const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    uint64_t eight;
    while (at < end) {
        if (end - at >= 8 && !(memcpy(&eight, at, 8), eight & UINT64_C(0x8080808080808080))) {
            at += 8;
            continue;
        }
        if ((unsigned char)*at < 0x80) {
            at++;
            continue;
        }
        /* U+FFFD itself takes three bytes; a bad byte moves on by one */
        const char *before = at;
        capo_utf8_next(&at, end);
        if (at - before == 1)
            return false;
    }
    return true;
}

size_t capo_utf8_length(const char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++)
        length += ((unsigned char)text[i] & 0xC0) != 0x80;
    return length;
}

bool capo_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool capo_is_alphanumeric(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

/* Decimal digits come in runs of ten from 0 to 9, which is a promise of the Unicode standard. */
int capo_digit_value(uint32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    if (utf8proc_category((utf8proc_int32_t)c) != UTF8PROC_CATEGORY_ND)
        return -1;
    uint32_t first = c;
    while (utf8proc_category((utf8proc_int32_t)first - 1) == UTF8PROC_CATEGORY_ND)
        first--;
    return (int)((c - first) % 10);
}

bool capo_is_letter(uint32_t c)
{
    if (c < 0x80)
        return (c | 32) >= 'a' && (c | 32) <= 'z';
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool capo_is_upper(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LU;
}

bool capo_is_lower(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LL;
}

bool capo_is_word(uint32_t c)
{
    return c == '_' || capo_is_alphanumeric(c);
}

void capo_trim(const char **text, size_t *size)
{
    const char *start = *text, *end = start + *size;
    while (start < end) {
        const char *next = start;
        if (!capo_is_space(capo_utf8_next(&next, end)))
            break;
        start = next;
    }
    while (end > start) {
        const char *last = end - 1;
        while (last > start && ((unsigned char)*last & 0xC0) == 0x80)
            last--;
        const char *at = last;
        if (!capo_is_space(capo_utf8_next(&at, end)) || at != end)
            break;
        end = last;
    }
    *text = start;
    *size = (size_t)(end - start);
}

char *capo_strip(const char *text)
{
    size_t size = strlen(text);
    capo_trim(&text, &size);
    return capo_strndup(text, size);
}

static void put_code_point(Buffer *buffer, uint32_t c)
{
    char bytes[4];
    capo_put_bytes(buffer, bytes, capo_utf8_encode(c, bytes));
}

/* Whether c has case (Lu, Ll, Lt), or is passed over when looking for a cased neighbour. */
bool capo_is_cased(uint32_t c)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

static bool is_case_ignorable(uint32_t c)
{
    if (c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x2019)
        return true;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_ME: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return false;
    }
}

/* A capital sigma at the end of a word is written otherwise: a cased letter before it, none behind. */
static bool next_is_cased(const char *at, const char *end)
{
    while (at < end) {
        uint32_t c = capo_utf8_next(&at, end);
        if (!is_case_ignorable(c))
            return capo_is_cased(c);
    }
    return false;
}

/* Appends the ASCII at `at`, its letters from `first` on (A: capitals, a: small ones) in the other case; where it ends. */
static const char *put_ascii(Buffer *buffer, const char *at, const char *end, unsigned char first)
{
    char *to = buffer_room(buffer, (size_t)(end - at));
    for (; at < end && (unsigned char)*at < 0x80; at++)
        *to++ = (unsigned char)(*at - first) < 26 ? (char)(*at ^ 32) : *at;
    *to = 0;
    buffer->size = (size_t)(to - buffer->data);
    return at;
}

void capo_put_lower(Buffer *buffer, const char *text, size_t size)
{
    if (size == 0)
        return;                     /* text may be NULL then, and NULL + 0 is undefined */
    const char *at = text, *end = text + size;
    bool after_cased = false;
    while (at < end) {
        const char *run = at;
        at = put_ascii(buffer, at, end, 'A');
        if (at == end)
            return;
        for (const char *before = at; before-- > run;) {        /* the latest that counts */
            unsigned char byte = (unsigned char)*before;
            bool letter = (byte | 32) >= 'a' && (byte | 32) <= 'z';
            if (letter || !is_case_ignorable(byte)) {
                after_cased = letter;
                break;
            }
        }
        uint32_t c = capo_utf8_next(&at, end);
        if (c == 0x130)
            capo_put(buffer, "i\xCC\x87");
        else if (c == 0x3A3)
            put_code_point(buffer, after_cased && !next_is_cased(at, end) ? 0x3C2 : 0x3C3);
        else
            put_code_point(buffer, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
        if (!is_case_ignorable(c))
            after_cased = capo_is_cased(c);
    }
}

static void put_upper_code_point(Buffer *buffer, uint32_t c)
{
    /* Characters that become several ("ß" is "SS") are those that fold to several; capitals stay as they are. */
    utf8proc_int32_t folded[8];
    int boundary = 0;
    utf8proc_ssize_t count = 1;
    if (utf8proc_category((utf8proc_int32_t)c) != UTF8PROC_CATEGORY_LU)
        count = utf8proc_decompose_char((utf8proc_int32_t)c, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    if (count > 1 && count <= 8)
        for (utf8proc_ssize_t i = 0; i < count; i++)
            put_code_point(buffer, (uint32_t)utf8proc_toupper(folded[i]));
    else
        put_code_point(buffer, (uint32_t)utf8proc_toupper((utf8proc_int32_t)c));
}

/* One letter to one letter: enough for words of ours, as the names of months. */
void capo_put_titled(Buffer *buffer, const char *text, size_t size)
{
    bool inside = false;
    for (const char *at = text, *end = text + size; at < end;) {
        utf8proc_int32_t c = (utf8proc_int32_t)capo_utf8_next(&at, end);
        bool cased = utf8proc_tolower(c) != c || utf8proc_toupper(c) != c;
        put_code_point(buffer, (uint32_t)(!cased ? c : inside ? utf8proc_tolower(c) : utf8proc_totitle(c)));
        inside = cased;
    }
}

void capo_put_upper(Buffer *buffer, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    while (at < end) {
        at = put_ascii(buffer, at, end, 'a');
        if (at < end)
            put_upper_code_point(buffer, capo_utf8_next(&at, end));
    }
}

char *capo_lower(const char *text)
{
    Buffer out = { 0 };
    capo_put_lower(&out, text, strlen(text));
    return capo_buffer_text(&out);
}

char *capo_upper(const char *text)
{
    Buffer out = { 0 };
    capo_put_upper(&out, text, strlen(text));
    return capo_buffer_text(&out);
}

/* The text in compatibility form: composed (NFKC), or decomposed with all but ASCII left out. */
static void put_compatible(Buffer *out, const char *text, size_t size, bool ascii)
{
    const char *at = text, *end = text + size;
    if (ascii) {
        for (;;) {
            const char *run = at;
            while (at < end && (unsigned char)*at < 0x80)
                at++;
            capo_put_bytes(out, run, (size_t)(at - run));
            if (at == end)
                return;
            utf8proc_int32_t parts[32];
            int boundary = 0;
            utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)capo_utf8_next(&at, end), parts, 32,
                                                             UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
            for (utf8proc_ssize_t i = 0; i < count && i < 32; i++)
                if (parts[i] < 0x80)
                    capo_put_char(out, (char)parts[i]);
        }
    }
    size_t length = capo_utf8_length(text, size) + size;    /* room for bad bytes, which are one character each */
    utf8proc_int32_t *points = capo_alloc_array(length * 2 + 32, sizeof *points);
    size_t count = 0, room = length * 2 + 32;
    int boundary = 0;
    while (at < end) {
        utf8proc_int32_t c = (utf8proc_int32_t)capo_utf8_next(&at, end);
        utf8proc_ssize_t n = utf8proc_decompose_char(c, points + count, (utf8proc_ssize_t)(room - count),
                                                     UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
        if (n < 0)
            continue;
        if ((size_t)n > room - count) {
            points = capo_realloc(points, room * sizeof *points, (room * 2 + (size_t)n) * sizeof *points);
            room = room * 2 + (size_t)n;
            n = utf8proc_decompose_char(c, points + count, (utf8proc_ssize_t)(room - count), UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
                                        &boundary);
        }
        count += (size_t)n;
    }
    /* canonical order of combining marks, then composition */
    for (size_t i = 1; i < count; i++) {
        int class = utf8proc_get_property(points[i])->combining_class;
        utf8proc_int32_t mark = points[i];
        size_t j = i;
        if (class == 0)
            continue;
        while (j > 0 && i - j < 64 && utf8proc_get_property(points[j - 1])->combining_class > class) {
            points[j] = points[j - 1];
            j--;
        }
        points[j] = mark;
    }
    utf8proc_ssize_t composed = utf8proc_normalize_utf32(points, (utf8proc_ssize_t)count, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    for (utf8proc_ssize_t i = 0; i < composed; i++)
        put_code_point(out, (uint32_t)points[i]);
}

char *capo_normalize(const char *text)
{
    Buffer out = { 0 };
    put_compatible(&out, text, strlen(text), false);
    return capo_buffer_text(&out);
}

static bool is_ascii(const char *text, size_t size)
{
    size_t i = 0;
    for (; size - i >= 16; i += 16)
        if (any_byte(sixteen_bytes(text + i) & 0x80))
            return false;
    while (i < size && (unsigned char)text[i] < 0x80)
        i++;
    return i == size;
}

/* What a byte of ASCII becomes: a letter or digit, in lower case, a hyphen for what parts words, or 0: nothing. */
static const char slug_bytes[128] = {
    ['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
    ['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ['a'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
    ['_'] = '_', ['-'] = '-', [' '] = '-', ['\t'] = '-', '-', '-', '-', '-', [0x1C] = '-', '-', '-', '-',
};

static void put_slug_of_ascii(Buffer *buffer, const char *text, size_t size)
{
    char *first = buffer_room(buffer, size), *at = first, *keep = first;
    bool gap = false;
    for (size_t i = 0; i < size; i++) {
        char c = slug_bytes[(unsigned char)text[i]];
        if (!c)
            continue;
        if (c == '-') {
            gap = true;
            continue;
        }
        if (c == '_' && at == first)
            continue;
        if (gap && at > first)
            *at++ = '-';
        gap = false;
        *at++ = c;
        if (c != '_')
            keep = at;
    }
    *keep = 0;
    buffer->size += (size_t)(keep - first);
}

void capo_put_slug(Buffer *buffer, const char *text, size_t size, bool allow_unicode)
{
    if (is_ascii(text, size)) {
        put_slug_of_ascii(buffer, text, size);
        return;
    }
    Buffer compatible = { 0 }, lower = { 0 };
    put_compatible(&compatible, text, size, !allow_unicode);
    capo_put_lower(&lower, capo_buffer_text(&compatible), compatible.size);
    capo_buffer_text(&lower);       /* gives back what they have too much */
    size_t first = buffer->size, keep = first;  /* keep: the end without trailing '-' and '_' */
    bool gap = false;
    const char *at = lower.data, *end = lower.data + lower.size;
    while (at < end) {
        uint32_t c = utf8_next(&at, end);
        if (c == '-' || utf8_is_space(c)) {
            gap = true;
            continue;
        }
        if (!capo_is_word(c))
            continue;
        if (c == '_' && buffer->size == first)
            continue;                           /* leading underscores go; so do hyphens between them */
        if (gap && buffer->size > first)
            capo_put_char(buffer, '-');
        gap = false;
        if (c < 0x80)
            capo_put_char(buffer, (char)c);
        else
            put_code_point(buffer, c);
        if (c != '_')
            keep = buffer->size;
    }
    if (buffer->data) {
        buffer->size = keep;
        buffer->data[keep] = 0;
    }
}

char *capo_slugify(const char *text, bool allow_unicode)
{
    Buffer out = { 0 };
    capo_put_slug(&out, text, strlen(text), allow_unicode);
    return capo_buffer_text(&out);
}
