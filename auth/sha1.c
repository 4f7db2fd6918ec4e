/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-1 (RFC 3174), for one use: verifying pbkdf2_sha1 strings of old Django databases. No new ones are made with it. */
#include "hashers.h"
#include <string.h>

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void block(uint32_t state[5], const uint8_t bytes[64])
{
    uint32_t w[80];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 | (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20)
            f = (b & c) | (~b & d), k = 0x5A827999;
        else if (i < 40)
            f = b ^ c ^ d, k = 0x6ED9EBA1;
        else if (i < 60)
            f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
        else
            f = b ^ c ^ d, k = 0xCA62C1D6;
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void auth_sha1(const void *first, size_t first_size, const void *second, size_t second_size, uint8_t ret[20])
{
    uint32_t state[5] = { 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0 };
    uint8_t buffer[128];
    size_t used = 0;
    uint64_t total = (uint64_t)first_size + second_size;
    const uint8_t *parts[2] = { first, second };
    size_t sizes[2] = { first_size, second_size };
    for (int p = 0; p < 2; p++)
        for (size_t i = 0; i < sizes[p]; i++) {
            buffer[used++] = parts[p][i];
            if (used == 64) {
                block(state, buffer);
                used = 0;
            }
        }
    buffer[used++] = 0x80;
    size_t end = used <= 56 ? 64 : 128;
    memset(buffer + used, 0, end - used);
    for (int i = 0; i < 8; i++)
        buffer[end - 1 - i] = (uint8_t)(total * 8 >> (8 * i));
    block(state, buffer);
    if (end == 128)
        block(state, buffer + 64);
    for (int i = 0; i < 20; i++)
        ret[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
