/* SPDX-License-Identifier: BSD-3-Clause */
/* Password strings, in Django's formats: "algorithm$…". New ones are argon2id by libsodium; the others are verified, and a good
 * log-in replaces them. A row for each algorithm.
 *
 * All of the computing is done on a helper thread (capo_offload): 64 MiB and some 100 ms a password would stop every other request.
 * So the functions of the rows are classic: no arena, no raise. */
#include <capo/auth.h>
#include <capo/loop.h>
#include "hashers.h"
#include <argon2.h>
#include <crypt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RIGHT = 1, WRONG = 0, MALFORMED = -1 };
enum { MAX_ITERATIONS = 10 * 1000 * 1000, MAX_PASSWORD = 4096, UNUSABLE_LENGTH = 40 };

typedef struct Job {
    const struct Hasher *hasher;
    const char *password;
    size_t size;
    const char *encoded;
    char *made;                 /* room for a new string */
    int result;
} Job;

typedef struct Hasher {
    const char *algorithm;
    int (*verify)(const Job *job);
} Hasher;

static int same(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0 ? RIGHT : WRONG;
}

/* The parts between '$', at most `most`; the last keeps the rest. Into `copy`, which must be as long as the text. */
static int split(const char *text, char *copy, char **parts, int most)
{
    memcpy(copy, text, strlen(text) + 1);
    int n = 0;
    parts[n++] = copy;
    for (char *at = copy; *at && n < most; at++)
        if (*at == '$') {
            *at = 0;
            parts[n++] = at + 1;
        }
    return n;
}

static bool whole_number(const char *text, long low, long high, long *ret)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    long n = strtol(text, &end, 10);
    if (*end || n < low || n > high)
        return false;
    *ret = n;
    return true;
}

/* --- argon2 --- */

static int argon2_verify_string(const Job *job)
{
    const char *encoded = job->encoded + strlen("argon2");
    argon2_type type = strncmp(encoded, "$argon2id$", 10) == 0 ? Argon2_id : strncmp(encoded, "$argon2i$", 9) == 0 ? Argon2_i : Argon2_d;
    if (strncmp(encoded, "$argon2", 7) != 0)
        return MALFORMED;
    /* Parameters from a damaged or hostile row must not take the machine's memory. */
    const char *memory = strstr(encoded, "$m=");
    if (memory && strtoul(memory + 3, NULL, 10) > 1024 * 1024)
        return MALFORMED;
    int result = argon2_verify(encoded, job->password, job->size, type);
    return result == ARGON2_OK ? RIGHT : result == ARGON2_VERIFY_MISMATCH ? WRONG : MALFORMED;
}

/* --- PBKDF2 (RFC 8018) --- */

typedef struct Digest { size_t size; void (*keyed)(const void *state, const uint8_t *text, size_t size, uint8_t *ret); } Digest;

static void sha256_keyed(const void *state, const uint8_t *text, size_t size, uint8_t *ret)
{
    crypto_auth_hmacsha256_state copy = *(const crypto_auth_hmacsha256_state *)state;
    crypto_auth_hmacsha256_update(&copy, text, size);
    crypto_auth_hmacsha256_final(&copy, ret);
}

typedef struct Sha1Key { uint8_t inner[64], outer[64]; } Sha1Key;

static void sha1_keyed(const void *state, const uint8_t *text, size_t size, uint8_t *ret)
{
    const Sha1Key *key = state;
    uint8_t inner[20];
    auth_sha1(key->inner, 64, text, size, inner);
    auth_sha1(key->outer, 64, inner, 20, ret);
}

/* One block is enough: Django takes as many bytes as the digest has. */
static void pbkdf2(const Digest *digest, const void *key, const char *salt, long iterations, uint8_t *ret)
{
    uint8_t first[256 + 4], round[32];
    size_t size = strlen(salt);
    memcpy(first, salt, size);
    memcpy(first + size, "\0\0\0\1", 4);
    digest->keyed(key, first, size + 4, round);
    memcpy(ret, round, digest->size);
    for (long i = 1; i < iterations; i++) {
        digest->keyed(key, round, digest->size, round);
        for (size_t b = 0; b < digest->size; b++)
            ret[b] ^= round[b];
    }
}

static int pbkdf2_verify(const Job *job, const Digest *digest, const void *key)
{
    char copy[1024], *parts[4];
    long iterations;
    if (strlen(job->encoded) >= sizeof copy)
        return MALFORMED;
    if (split(job->encoded, copy, parts, 4) != 4 || !whole_number(parts[1], 1, MAX_ITERATIONS, &iterations) || strlen(parts[2]) > 256)
        return MALFORMED;
    uint8_t result[32];
    char text[64];
    pbkdf2(digest, key, parts[2], iterations, result);
    sodium_bin2base64(text, sizeof text, result, digest->size, sodium_base64_VARIANT_ORIGINAL);
    return strlen(text) == strlen(parts[3]) ? same(text, parts[3], strlen(text)) : WRONG;
}

static int pbkdf2_sha256_verify(const Job *job)
{
    static const Digest sha256 = { 32, sha256_keyed };
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)job->password, job->size);
    return pbkdf2_verify(job, &sha256, &state);
}

static int pbkdf2_sha1_verify(const Job *job)
{
    static const Digest sha1 = { 20, sha1_keyed };
    Sha1Key key;
    uint8_t block[64] = { 0 };
    if (job->size > 64)
        auth_sha1(job->password, job->size, "", 0, block);
    else
        memcpy(block, job->password, job->size);
    for (int i = 0; i < 64; i++) {
        key.inner[i] = block[i] ^ 0x36;
        key.outer[i] = block[i] ^ 0x5c;
    }
    return pbkdf2_verify(job, &sha1, &key);
}

/* --- scrypt: scrypt$N$salt$r$p$hash --- */

static int scrypt_verify(const Job *job)
{
    char copy[1024], *parts[6];
    long n, r, p;
    if (strlen(job->encoded) >= sizeof copy)
        return MALFORMED;
    if (split(job->encoded, copy, parts, 6) != 6 || !whole_number(parts[1], 2, 1 << 20, &n) || !whole_number(parts[3], 1, 64, &r) ||
        !whole_number(parts[4], 1, 64, &p))
        return MALFORMED;
    uint8_t result[64];
    char text[128];
    if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)job->password, job->size, (const uint8_t *)parts[2], strlen(parts[2]), (uint64_t)n,
                                              (uint32_t)r, (uint32_t)p, result, sizeof result) != 0)
        return MALFORMED;
    sodium_bin2base64(text, sizeof text, result, sizeof result, sodium_base64_VARIANT_ORIGINAL);
    return strlen(text) == strlen(parts[5]) ? same(text, parts[5], strlen(text)) : WRONG;
}

/* --- bcrypt, by libcrypt: bcrypt$$2b$12$… and bcrypt_sha256$$2b$12$… over the hex digest --- */

static int bcrypt_text(const char *password, const char *encoded)
{
    struct crypt_data data;             /* 32 KiB: a helper thread's stack has the room */
    memset(&data, 0, sizeof data);
    const char *result = crypt_rn(password, encoded, &data, sizeof data);      /* not crypt_r, which the sanitizer takes over */
    if (!result || result[0] == '*')
        return MALFORMED;
    return strlen(result) == strlen(encoded) ? same(result, encoded, strlen(result)) : WRONG;
}

static int bcrypt_verify(const Job *job)
{
    if (memchr(job->password, 0, job->size))
        return WRONG;
    return bcrypt_text(job->password, job->encoded + strlen("bcrypt$"));
}

static int bcrypt_sha256_verify(const Job *job)
{
    uint8_t digest[32];
    char hex[65];
    crypto_hash_sha256(digest, (const unsigned char *)job->password, job->size);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    return bcrypt_text(hex, job->encoded + strlen("bcrypt_sha256$"));
}

static const Hasher hashers[] = {
    { "argon2", argon2_verify_string },
    { "pbkdf2_sha256", pbkdf2_sha256_verify },
    { "pbkdf2_sha1", pbkdf2_sha1_verify },
    { "scrypt", scrypt_verify },
    { "bcrypt_sha256", bcrypt_sha256_verify },
    { "bcrypt", bcrypt_verify },
};

/* --- the door --- */

static void verify_job(void *argument)
{
    Job *job = argument;
    job->result = job->hasher->verify(job);
}

static void make_job(void *argument)
{
    Job *job = argument;
    memcpy(job->made, "argon2", 6);
    job->result = crypto_pwhash_str(job->made + 6, job->password, job->size, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE);
}

static void start_sodium(void)
{
    if (sodium_init() < 0)
        capo_raise(500, "libsodium could not be initialised; passwords cannot be hashed.");
}

char *capo_make_password(const char *password)
{
    start_sodium();
    if (!password)
        return capo_format("!%s", capo_random_string(UNUSABLE_LENGTH, NULL));
    if (strlen(password) > MAX_PASSWORD)
        capo_raise(ERROR_VALUE, "A password of %zu bytes is too long (%d at most).", strlen(password), MAX_PASSWORD);
    Job job = { .password = password, .size = strlen(password), .made = capo_alloc(crypto_pwhash_STRBYTES + 8) };
    capo_offload(make_job, &job);
    if (job.result != 0)
        capo_raise(500, "A password could not be hashed: there is no memory for it.");
    return job.made;
}

bool capo_password_is_usable(const char *encoded)
{
    return encoded && encoded[0] != '!';
}

/* Ours, or Django's with at least the same cost. */
static bool is_current(const char *encoded)
{
    const char *prefix = "argon2$argon2id$v=19$m=";
    if (!capo_starts_with(encoded, prefix))
        return false;
    char *end;
    unsigned long memory = strtoul(encoded + strlen(prefix), &end, 10);
    return memory >= crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024 && strncmp(end, ",t=", 3) == 0 && strtoul(end + 3, NULL, 10) >= crypto_pwhash_OPSLIMIT_INTERACTIVE;
}

int capo_verify_password_n(const char *password, size_t size, const char *encoded, bool *ret_outdated)
{
    start_sodium();
    if (ret_outdated)
        *ret_outdated = false;
    if (!password || !encoded || !capo_password_is_usable(encoded) || size > MAX_PASSWORD)
        return WRONG;
    size_t name = strcspn(encoded, "$");
    for (size_t i = 0; i < sizeof hashers / sizeof *hashers; i++) {
        if (strlen(hashers[i].algorithm) != name || strncmp(hashers[i].algorithm, encoded, name) != 0 || !encoded[name])
            continue;
        Job job = { .hasher = &hashers[i], .password = password, .size = size, .encoded = encoded };
        capo_offload(verify_job, &job);
        if (ret_outdated)
            *ret_outdated = job.result == RIGHT && !is_current(encoded);
        return job.result;
    }
    return WRONG;               /* an algorithm that nobody knows: as Django, a password that never fits */
}

int capo_verify_password(const char *password, const char *encoded, bool *ret_outdated)
{
    return capo_verify_password_n(password, password ? strlen(password) : 0, encoded, ret_outdated);
}
