/* SPDX-License-Identifier: BSD-3-Clause */
/* Short pieces of text, eight bytes at a time: for names, which are too short for memcmp to be worth its call. */
#pragma once
#include <capo/buffer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* capo_buffer_reserve without zeroes: who fills less than `size` sets the NUL behind it. */
char *buffer_room(Buffer *buffer, size_t size);

static inline uint64_t eight_bytes(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint32_t four_bytes(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Whether both have the same `size` bytes. The first and the last word overlap where the size is no multiple. */
static inline bool same_bytes(const char *a, const char *b, size_t size)
{
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8)
            if (eight_bytes(a + i) != eight_bytes(b + i))
                return false;
        return eight_bytes(a + size - 8) == eight_bytes(b + size - 8);
    }
    if (size >= 4)
        return four_bytes(a) == four_bytes(b) && four_bytes(a + size - 4) == four_bytes(b + size - 4);
    return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

/* Sixteen bytes at a time, in what registers the machine has for it; a comparison's bytes are 0 or 255. */
typedef uint8_t Bytes16 __attribute__((vector_size(16)));

static inline Bytes16 sixteen_bytes(const char *at)
{
    Bytes16 bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

static inline bool any_byte(Bytes16 bytes)
{
    uint64_t halves[2];
    memcpy(halves, &bytes, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* Not zero: the word has a byte of this value (Hacker's Delight, 6-1). */
#define EACH_BYTE 0x0101010101010101u
static inline uint64_t has_byte(uint64_t word, unsigned char byte)
{
    word ^= EACH_BYTE * byte;
    return (word - EACH_BYTE) & ~word & EACH_BYTE << 7;
}
