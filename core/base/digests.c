/* SPDX-License-Identifier: BSD-3-Clause */
#include "digests.h"
#include <capo/buffer.h>
#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

/* --- SHA-1 ---------------------------------------------------------------------------------------------------------------------- */

static void sha1_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1_begin(Digest *digest)
{
    *digest = (Digest){ .state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

void sha1_add(Digest *digest, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        size_t used = digest->size % 64, n = 64 - used < size ? 64 - used : size;
        memcpy(digest->block + used, at, n);
        digest->size += n;
        at += n;
        size -= n;
        if (digest->size % 64 == 0)
            sha1_block(digest->state, digest->block);
    }
}

void sha1_end(Digest *digest, uint8_t ret_hash[SHA1_SIZE])
{
    static const uint8_t padding[64] = { 0x80 };
    uint64_t bits = digest->size * 8;
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha1_add(digest, padding, 1 + (119 - digest->size % 64) % 64);
    sha1_add(digest, length, 8);
    for (int i = 0; i < SHA1_SIZE; i++)
        ret_hash[i] = (uint8_t)(digest->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* --- MD5 ------------------------------------------------------------------------------------------------------------------------ */

/* floor(2^32 * abs(sin(i + 1))) */
static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1,
    0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453,
    0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
    0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05,
    0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d,
    0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t md5_shifts[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };

static void md5_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t m[16], a = state[0], b = state[1], c = state[2], d = state[3];
    for (int i = 0; i < 16; i++)
        m[i] = block[4 * i] | (uint32_t)block[4 * i + 1] << 8 | (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
    for (int i = 0; i < 64; i++) {
        int round = i / 16;
        uint32_t f = round == 0 ? (b & c) | (~b & d) : round == 1 ? (d & b) | (~d & c) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
        int which = round == 0 ? i : round == 1 ? (5 * i + 1) % 16 : round == 2 ? (3 * i + 5) % 16 : 7 * i % 16;
        f += a + md5_sines[i] + m[which];
        a = d;
        d = c;
        c = b;
        b += rotate(f, md5_shifts[round][i % 4]);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

void md5_of(const void *bytes, size_t size, uint8_t ret_hash[MD5_SIZE])
{
    uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    const uint8_t *at = bytes;
    size_t whole = size / 64 * 64, rest = size - whole;
    for (size_t i = 0; i < whole; i += 64)
        md5_block(state, at + i);
    uint8_t last[128] = { 0 };
    memcpy(last, at + whole, rest);
    last[rest] = 0x80;
    size_t total = rest < 56 ? 64 : 128;
    for (int i = 0; i < 8; i++)
        last[total - 8 + i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < total; i += 64)
        md5_block(state, last + i);
    for (int i = 0; i < MD5_SIZE; i++)
        ret_hash[i] = (uint8_t)(state[i / 4] >> 8 * (i % 4));
}

void capo_md5_hex(const void *bytes, size_t size, char ret_hex[33])
{
    uint8_t hash[MD5_SIZE];
    md5_of(bytes, size, hash);
    for (int i = 0; i < MD5_SIZE; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", (unsigned)hash[i]);
}
