/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing text in the unit's arena.
 *
 *     Buffer out = { 0 };
 *     capo_put(&out, "<li>");
 *     capo_put_escaped(&out, title, strlen(title));
 *     return capo_buffer_text(&out);
 *
 * A zeroed Buffer is ready for use. `data` may move at each put; when size > 0 there is always a NUL behind it. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Buffer {
    char *data;
    size_t size, capacity;
} Buffer;

/* The largest text; more raises 500. */
#define CAPO_BUFFER_MAX ((size_t)1 << 30)

void capo_put_bytes(Buffer *buffer, const void *bytes, size_t size);
void capo_put_format(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void capo_put_vformat(Buffer *buffer, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void capo_put_int(Buffer *buffer, int64_t number);
/* As printf's %0*lld: at least `width` characters (up to 20), with zeros before the number. */
void capo_put_padded(Buffer *buffer, int64_t number, int width);
/* Escapes & < > " ' as Django's escape(): &amp; &lt; &gt; &quot; &#x27; */
void capo_put_escaped(Buffer *buffer, const char *text, size_t size);
/* Room for `size` more bytes; the caller fills them and adds to buffer->size. */
char *capo_buffer_reserve(Buffer *buffer, size_t size);
/* The text so far, with a NUL behind it; "" for an empty buffer. */
char *capo_buffer_text(Buffer *buffer);

static inline void capo_put(Buffer *buffer, const char *text)
{
    capo_put_bytes(buffer, text, strlen(text));
}

static inline void capo_put_char(Buffer *buffer, char c)
{
    if (buffer->capacity - buffer->size > 1) {
        buffer->data[buffer->size++] = c;
        buffer->data[buffer->size] = 0;
    } else {
        capo_put_bytes(buffer, &c, 1);
    }
}

/* --- text functions, all linear in their input ---------------------------------------------------------------------------- */

/* HTML-escaped copy; the text itself where there is nothing to escape. */
const char *capo_escape(const char *text);
/* The same for text with a size, which may hold NULs, appended. */
void capo_put_lower(Buffer *buffer, const char *text, size_t size);
void capo_put_upper(Buffer *buffer, const char *text, size_t size);
/* Each word with a capital: "1-р сар" is "1-Р Сар". */
void capo_put_titled(Buffer *buffer, const char *text, size_t size);
void capo_put_slug(Buffer *buffer, const char *text, size_t size, bool allow_unicode);
void capo_put_quoted(Buffer *buffer, const char *text, size_t size, const char *safe);
/* Python's str.isspace, str.isalnum, \w, of one code point. */
bool capo_is_space(uint32_t code_point);
bool capo_is_alphanumeric(uint32_t code_point);
bool capo_is_word(uint32_t code_point);
/* Whether it is a large, small or title letter. */
bool capo_is_cased(uint32_t code_point);
bool capo_is_letter(uint32_t code_point);
bool capo_is_upper(uint32_t code_point);
bool capo_is_lower(uint32_t code_point);
/* 0 to 9 of a decimal digit of any script; -1: it is none. */
int capo_digit_value(uint32_t code_point);
/* A number's text as Python's int() and float() see it: white space off, digits of any script as 0-9, single underscores between
 * digits gone. NULL: it holds what no number does. */
char *capo_plain_digits(const char *text, size_t size);
/* Bytes without the white space of both ends, as Python's strip: moves *text and *size. */
void capo_trim(const char **text, size_t *size);
/* Percent-encoding of RFC 3986; `safe` are further characters to leave as they are (Django's quote: "/"). */
char *capo_url_quote(const char *text, const char *safe);
/* Decodes %XX (and '+' as space where plus). Bad escapes stay as they are, and bytes that are no UTF-8 become U+FFFD, as Python's
 * unquote has it. The result may hold NULs; *ret_size may be NULL. */
char *capo_url_unquote(const char *text, size_t size, bool plus, size_t *ret_size);
bool capo_utf8_valid(const char *text, size_t size);
/* Code points in valid UTF-8. */
size_t capo_utf8_length(const char *text, size_t size);
/* Decodes one code point at *at (moves it on); 0xFFFD for a bad byte. */
uint32_t capo_utf8_next(const char **at, const char *end);
size_t capo_utf8_encode(uint32_t code_point, char ret_bytes[4]);
bool capo_starts_with(const char *text, const char *prefix);
bool capo_ends_with(const char *text, const char *suffix);
/* The parts between separators, NULL at the end. ",a" gives "", "a". */
char **capo_split(const char *text, char separator, size_t *ret_count);
char *capo_join(const char *const *parts, const char *separator);      /* parts end with NULL */
char *capo_strip(const char *text);                                    /* ASCII and Unicode white space of both ends */
char *capo_lower(const char *text);                                    /* Unicode, by utf8proc */
char *capo_upper(const char *text);
/* Compatibility form, composed (NFKC): what user names are kept in, so that two that look alike are one. */
char *capo_normalize(const char *text);
/* Django's slugify: "  Joel is a slug " -> "joel-is-a-slug". */
char *capo_slugify(const char *text, bool allow_unicode);
/* Constant time in the content, for tokens and signatures. */
bool capo_constant_time_equal(const void *a, size_t a_size, const void *b, size_t b_size);
/* `length` characters of [A-Za-z0-9], or of `alphabet`, from the system's random source. */
char *capo_random_string(size_t length, const char *alphabet);
/* The word for n: capo_plural(1, "post", "posts") is "post". Django's pluralize for the common case. */
const char *capo_plural(int64_t n, const char *one, const char *many);
/* FNV-free keyed hash (SipHash), for tables that visitors fill. */
uint64_t capo_hash(const void *bytes, size_t size);
/* MD5 (RFC 1321) in 32 hex digits, for names that Django makes with it. Not for secrets. */
void capo_md5_hex(const void *bytes, size_t size, char ret_hex[33]);
/* The whole file, or NULL with errno set; *ret_size may be NULL. A NUL stands behind it. */
char *capo_read_file(const char *path, size_t *ret_size);
/* Writes to a temporary name beside it, fsyncs and renames: the file is whole or as before. 0 or -errno. */
int capo_write_file(const char *path, const void *bytes, size_t size);
