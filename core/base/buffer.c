/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing text in the arena. Capacity doubles; a buffer that is the arena's latest allocation grows in place. */
#include "bytes.h"
#include <capo/arena.h>
#include <capo/buffer.h>
#include <capo/error.h>
#include <stdio.h>
#include <string.h>

char *buffer_room(Buffer *buffer, size_t size)
{
    size_t need;
    if (__builtin_add_overflow(buffer->size, size, &need) || need > CAPO_BUFFER_MAX)
        capo_raise(500, "A text would have more than %zu bytes (%zu and %zu more).", CAPO_BUFFER_MAX, buffer->size, size);
    if (need + 1 > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity * 2 : 128;
        if (capacity < need + 1)
            capacity = need + 1;
        buffer->data = capo_regrow(buffer->data, buffer->capacity, capacity);
        buffer->capacity = capacity;
    }
    buffer->data[buffer->size] = 0;
    return buffer->data + buffer->size;
}

char *capo_buffer_reserve(Buffer *buffer, size_t size)
{
    size_t had = buffer->capacity;
    char *end = buffer_room(buffer, size);
    if (buffer->capacity > had)             /* once only: a body that comes byte by byte asks again and again */
        memset(buffer->data + had, 0, buffer->capacity - had);
    end[size] = 0;
    return end;
}

void capo_put_bytes(Buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    char *end = buffer->capacity - buffer->size > size ? buffer->data + buffer->size : buffer_room(buffer, size);
    memcpy(end, bytes, size);
    end[size] = 0;
    buffer->size += size;
}

void capo_put_vformat(Buffer *buffer, const char *format, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(small, sizeof small, format, args);
    if (size < 0)
        capo_raise(500, "A text could not be formatted (%s).", format);
    if ((size_t)size < sizeof small) {
        capo_put_bytes(buffer, small, (size_t)size);
    } else {
        char *end = buffer_room(buffer, (size_t)size);
        vsnprintf(end, (size_t)size + 1, format, again);
        buffer->size += (size_t)size;
    }
    va_end(again);
}

void capo_put_format(Buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    capo_put_vformat(buffer, format, args);
    va_end(args);
}

void capo_put_int(Buffer *buffer, int64_t number)
{
    capo_put_padded(buffer, number, 1);
}

void capo_put_padded(Buffer *buffer, int64_t number, int width)
{
    if (number >= 0 && number < 100 && width <= 2) {
        if (width == 2 || number > 9)
            capo_put_char(buffer, (char)('0' + number / 10));
        capo_put_char(buffer, (char)('0' + number % 10));
        return;
    }
    char digits[24], *at = digits + sizeof digits;
    const char *first = at - (width < 20 ? width : 20) + (number < 0);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (at > first)
        *--at = '0';
    if (number < 0)
        *--at = '-';
    capo_put_bytes(buffer, at, (size_t)(digits + sizeof digits - at));
}

/* --- escaping ------------------------------------------------------------------------------------------------------------- */

/* Which of the entities a byte becomes; 0: itself. */
static const uint8_t special[256] = { ['&'] = 1, ['<'] = 2, ['>'] = 3, ['"'] = 4, ['\''] = 5 };
static const struct { char text[7]; uint8_t size; } entities[] = {
    { "", 0 }, { "&amp;", 5 }, { "&lt;", 4 }, { "&gt;", 4 }, { "&quot;", 6 }, { "&#x27;", 6 },
};

/* Of eight bytes: & and ' differ in the lowest bit, < and > in the one above it. */
static inline bool has_special(const char *bytes)
{
    uint64_t word = eight_bytes(bytes);
    return (has_byte(word | EACH_BYTE, '\'') | has_byte(word | EACH_BYTE * 2, '>') | has_byte(word, '"')) != 0;
}

static inline bool sixteen_have_special(const char *bytes)
{
    Bytes16 v = sixteen_bytes(bytes);
    return any_byte((Bytes16)(((v | 1) == '\'') | ((v | 2) == '>') | (v == '"')));
}

/* How many bytes there are before the first that is special: many at a time, the last eight once more where some are left. */
static inline size_t plain_run(const char *text, size_t size)
{
    size_t i = 0;
    while (size - i >= 16 && !sixteen_have_special(text + i))
        i += 16;
    while (size - i >= 8 && !has_special(text + i))
        i += 8;
    if (size >= 8 && size - i < 8 && !has_special(text + size - 8))
        return size;
    while (i < size && !special[(unsigned char)text[i]])
        i++;
    return i;
}

void capo_put_escaped(Buffer *buffer, const char *text, size_t size)
{
    for (;;) {
        size_t run = plain_run(text, size);
        capo_put_bytes(buffer, text, run);
        if (run == size)
            return;
        uint8_t which = special[(unsigned char)text[run]];
        capo_put_bytes(buffer, entities[which].text, entities[which].size);
        text += run + 1;
        size -= run + 1;
    }
}

char *capo_buffer_text(Buffer *buffer)
{
    if (!buffer->data) {
        buffer->data = capo_alloc(1);
        buffer->capacity = 1;
    }
    /* mostly this is the end of it: what it has too much goes back, and comes again in place where it grows on */
    if (capo_shrink(buffer->data, buffer->capacity, buffer->size + 1))
        buffer->capacity = buffer->size + 1;
    return buffer->data;
}
