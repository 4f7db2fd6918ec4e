/* SPDX-License-Identifier: BSD-3-Clause */
/* PBKDF2 (RFC 8018) with one block of output, which is what password strings hold. */
#include "digests.h"
#include <sodium.h>
#include <string.h>

/* The inner and outer state of an HMAC with a fixed key: each round copies them, which halves the work. */
typedef struct HmacSha1 { Digest inner, outer; } HmacSha1;

static void hmac_sha1_key(HmacSha1 *hmac, const void *key, size_t size)
{
    uint8_t padded[64] = { 0 };
    if (size > sizeof padded) {
        Digest digest;
        sha1_begin(&digest);
        sha1_add(&digest, key, size);
        sha1_end(&digest, padded);
    } else {
        memcpy(padded, key, size);
    }
    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] ^= 0x36;
    sha1_begin(&hmac->inner);
    sha1_add(&hmac->inner, padded, sizeof padded);
    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] ^= 0x36 ^ 0x5c;
    sha1_begin(&hmac->outer);
    sha1_add(&hmac->outer, padded, sizeof padded);
    sodium_memzero(padded, sizeof padded);
}

static void hmac_sha1_end(const HmacSha1 *hmac, Digest *inner, uint8_t ret_mac[SHA1_SIZE])
{
    Digest outer = hmac->outer;
    sha1_end(inner, ret_mac);
    sha1_add(&outer, ret_mac, SHA1_SIZE);
    sha1_end(&outer, ret_mac);
}

static const uint8_t first_block[4] = { 0, 0, 0, 1 };

void pbkdf2_sha1(const void *password, size_t size, const void *salt, size_t salt_size, uint32_t rounds, uint8_t ret_hash[SHA1_SIZE])
{
    HmacSha1 hmac;
    hmac_sha1_key(&hmac, password, size);
    uint8_t mac[SHA1_SIZE];
    Digest inner = hmac.inner;
    sha1_add(&inner, salt, salt_size);
    sha1_add(&inner, first_block, sizeof first_block);
    hmac_sha1_end(&hmac, &inner, mac);
    memcpy(ret_hash, mac, SHA1_SIZE);
    for (uint32_t round = 1; round < rounds; round++) {
        inner = hmac.inner;
        sha1_add(&inner, mac, SHA1_SIZE);
        hmac_sha1_end(&hmac, &inner, mac);
        for (int i = 0; i < SHA1_SIZE; i++)
            ret_hash[i] ^= mac[i];
    }
    sodium_memzero(&hmac, sizeof hmac);
    sodium_memzero(&inner, sizeof inner);
}

void pbkdf2_sha256(const void *password, size_t size, const void *salt, size_t salt_size, uint32_t rounds,
                   uint8_t ret_hash[SHA256_SIZE])
{
    crypto_auth_hmacsha256_state keyed, state;
    crypto_auth_hmacsha256_init(&keyed, password, size);
    uint8_t mac[SHA256_SIZE];
    state = keyed;
    crypto_auth_hmacsha256_update(&state, salt, salt_size);
    crypto_auth_hmacsha256_update(&state, first_block, sizeof first_block);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(ret_hash, mac, SHA256_SIZE);
    for (uint32_t round = 1; round < rounds; round++) {
        state = keyed;
        crypto_auth_hmacsha256_update(&state, mac, SHA256_SIZE);
        crypto_auth_hmacsha256_final(&state, mac);
        for (int i = 0; i < SHA256_SIZE; i++)
            ret_hash[i] ^= mac[i];
    }
    sodium_memzero(&keyed, sizeof keyed);
    sodium_memzero(&state, sizeof state);
}
