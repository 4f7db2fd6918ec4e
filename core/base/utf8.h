/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking over text where most of it is ASCII: capo_utf8_next and capo_is_space without a call for such. */
#pragma once
#include "bytes.h"
#include <capo/buffer.h>

static inline uint32_t utf8_next(const char **at, const char *end)
{
    return *at < end && (unsigned char)**at < 0x80 ? (unsigned char)*(*at)++ : capo_utf8_next(at, end);
}

/* Behind the run of white space, or of anything else, at `at`. */
static inline const char *utf8_skip(const char *at, const char *end, bool space)
{
    static const uint8_t what[256] = { [' '] = 1, ['\t' ... '\r'] = 1, [0x1C ... 0x1F] = 1, [0x80 ... 0xFF] = 2 };
    while (at < end) {
        uint8_t is = what[(unsigned char)*at];
        if (is == space) {
            at++;
            continue;
        }
        const char *next = at;
        if (is != 2 || capo_is_space(capo_utf8_next(&next, end)) != space)
            return at;
        at = next;
    }
    return at;
}

static inline Bytes16 ascii_spaces(Bytes16 v)
{
    return (Bytes16)((v == ' ') | ((v - '\t') < 5) | ((v - 0x1C) < 4));
}

/* How many runs of anything but white space there are (Python's len(text.split())). */
static inline int64_t utf8_count_words(const char *at, const char *end)
{
    int64_t words = 0;
    bool in_word = false;
    while (at < end) {
        /* sixteen of ASCII behind one of ASCII: a word begins where a byte is none of white space and the one before it is */
        while (end - at >= 16) {
            Bytes16 now = sixteen_bytes(at);
            if (any_byte(now & 0x80))
                break;
            Bytes16 spaces = ascii_spaces(now), begins = 1 & ~spaces;
            char before[17] = { in_word ? 0 : -1 };
            memcpy(before + 1, &spaces, sizeof spaces);
            begins &= sixteen_bytes(before);
            uint64_t halves[2];
            memcpy(halves, &begins, sizeof halves);
            words += (int64_t)(((halves[0] + halves[1]) * EACH_BYTE) >> 56);
            in_word = !spaces[15];
            at += 16;
        }
        const char *stop = end - at > 16 ? at + 16 : end;
        while (at < stop) {
            uint32_t c = (unsigned char)*at < 0x80 ? (unsigned char)*at++ : capo_utf8_next(&at, end);
            bool space = c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) : capo_is_space(c);
            words += !space && !in_word;
            in_word = !space;
        }
    }
    return words;
}

static inline bool utf8_is_space(uint32_t c)
{
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) : capo_is_space(c);
}
