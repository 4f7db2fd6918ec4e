/* SPDX-License-Identifier: BSD-3-Clause */
/* What password strings of other times need: SHA-1 and MD5 (libsodium has neither), and PBKDF2. No arena: they run on helper
 * threads. Never for anything new. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20, MD5_SIZE = 16, SHA256_SIZE = 32 };

typedef struct Digest {
    uint32_t state[5];
    uint64_t size;
    uint8_t block[64];
} Digest;

void sha1_begin(Digest *digest);
void sha1_add(Digest *digest, const void *bytes, size_t size);
void sha1_end(Digest *digest, uint8_t ret_hash[SHA1_SIZE]);
void md5_of(const void *bytes, size_t size, uint8_t ret_hash[MD5_SIZE]);

void pbkdf2_sha1(const void *password, size_t size, const void *salt, size_t salt_size, uint32_t rounds, uint8_t ret_hash[SHA1_SIZE]);
void pbkdf2_sha256(const void *password, size_t size, const void *salt, size_t salt_size, uint32_t rounds,
                   uint8_t ret_hash[SHA256_SIZE]);
