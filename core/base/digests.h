/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-1 (FIPS 180-4) and MD5 (RFC 1321), which libsodium does not have: for password strings of other times, Django's names of indexes and
 * of cached fragments, and the SQL functions of SQLite. Never for secrets of today. No arena: they run on helper threads too. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20, MD5_SIZE = 16 };

typedef struct Digest {
    uint32_t state[5];
    uint64_t size;
    uint8_t block[64];
} Digest;

void sha1_begin(Digest *digest);
void sha1_add(Digest *digest, const void *bytes, size_t size);
void sha1_end(Digest *digest, uint8_t ret_hash[SHA1_SIZE]);
void md5_of(const void *bytes, size_t size, uint8_t ret_hash[MD5_SIZE]);
