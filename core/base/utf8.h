/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking over text where most of it is ASCII: capo_utf8_next and capo_is_space without a call for such. */
#pragma once
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

static inline bool utf8_is_space(uint32_t c)
{
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) : capo_is_space(c);
}
