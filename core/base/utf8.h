/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking over text where most of it is ASCII: capo_utf8_next and capo_is_space without a call for such. */
#pragma once
#include <capo/buffer.h>

static inline uint32_t utf8_next(const char **at, const char *end)
{
    return *at < end && (unsigned char)**at < 0x80 ? (unsigned char)*(*at)++ : capo_utf8_next(at, end);
}

static inline bool utf8_is_space(uint32_t c)
{
    return c < 0x80 ? c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F) : capo_is_space(c);
}
