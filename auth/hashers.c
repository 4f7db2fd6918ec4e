/* SPDX-License-Identifier: BSD-3-Clause */
/* Password strings in Django's formats (FEATURES: HASH rows): "algorithm$…". New ones are argon2id by libsodium; the others verify,
 * and a good log-in makes a new one of them.
 *
 * The work is done on a helper thread (capo_offload): inline it would hold up every other request for a tenth of a second. What a
 * stored string may demand is bounded, so that a hostile one cannot take a gigabyte. Password copies are wiped. */
#include <capo/arena.h>
#include <capo/auth.h>
#include <capo/loop.h>
#include "digests.h"
#include <argon2.h>
#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    PASSWORD_LIMIT = 4096,          /* bytes; longer ones are refused before any work */
    ARGON_MEMORY = 65536,           /* KiB; with 2 passes the work of libsodium's "interactive" */
    ARGON_PASSES = 2,
    ARGON_MEMORY_LIMIT = 262144,    /* KiB that a stored string may ask for */
    ROUNDS_LIMIT = 20000000,
    SALT_BYTES_WANTED = 16,
    ENCODED_LIMIT = 512,
};
#define ARGON_MEMORY_BYTES ((size_t)ARGON_MEMORY * 1024)

/* All that the helper thread touches; it lives on the fiber's stack. */
typedef struct Job {
    int (*verify)(struct Job *job);     /* 1, 0, -1 */
    char password[PASSWORD_LIMIT + 1];
    size_t size;
    char encoded[ENCODED_LIMIT + 1];    /* the whole string; verify may cut it up */
    char *parts[8];                     /* between the dollars, behind the algorithm */
    int n_parts;
    int result;
    char made[crypto_pwhash_STRBYTES];
} Job;

/* --- verifying, on the helper thread: no arena, no raising ------------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
    size_t size = strlen(a);
    return strlen(b) == size && sodium_memcmp(a, b, size) == 0;
}

/* A positive number of at most `limit`; 0: it is none. */
static uint32_t number(const char *text, uint32_t limit)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits])
        return 0;
    unsigned long value = strtoul(text, NULL, 10);
    return value <= limit ? (uint32_t)value : 0;
}

static bool same_base64(const uint8_t *hash, size_t size, const char *text)
{
    char encoded[128];
    sodium_bin2base64(encoded, sizeof encoded, hash, size, sodium_base64_VARIANT_ORIGINAL);
    return same_text(encoded, text);
}

static bool same_hex(const uint8_t *hash, size_t size, const char *text)
{
    char encoded[128];
    return same_text(sodium_bin2hex(encoded, sizeof encoded, hash, size), text);
}

static int verify_pbkdf2_sha256(Job *job)
{
    uint32_t rounds = number(job->parts[0], ROUNDS_LIMIT);
    if (!rounds)
        return -1;
    uint8_t hash[SHA256_SIZE];
    pbkdf2_sha256(job->password, job->size, job->parts[1], strlen(job->parts[1]), rounds, hash);
    return same_base64(hash, sizeof hash, job->parts[2]);
}

static int verify_pbkdf2_sha1(Job *job)
{
    uint32_t rounds = number(job->parts[0], ROUNDS_LIMIT);
    if (!rounds)
        return -1;
    uint8_t hash[SHA1_SIZE];
    pbkdf2_sha1(job->password, job->size, job->parts[1], strlen(job->parts[1]), rounds, hash);
    return same_base64(hash, sizeof hash, job->parts[2]);
}

static int verify_scrypt(Job *job)
{
    uint32_t n = number(job->parts[0], 1u << 20), r = number(job->parts[2], 64), p = number(job->parts[3], 64);
    if (n < 2 || (n & (n - 1)) || !r || !p || (uint64_t)128 * n * r > (uint64_t)ARGON_MEMORY_LIMIT * 1024)
        return -1;
    uint8_t hash[64];
    if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)job->password, job->size, (const uint8_t *)job->parts[1],
                                              strlen(job->parts[1]), n, r, p, hash, sizeof hash) != 0)
        return -1;
    return same_base64(hash, sizeof hash, job->parts[4]);
}

static int verify_md5(Job *job)
{
    uint8_t hash[MD5_SIZE], joined[ENCODED_LIMIT + PASSWORD_LIMIT];
    size_t salt = strlen(job->parts[0]);
    memcpy(joined, job->parts[0], salt);
    memcpy(joined + salt, job->password, job->size);
    md5_of(joined, salt + job->size, hash);
    sodium_memzero(joined, sizeof joined);
    return same_hex(hash, sizeof hash, job->parts[1]);
}

/* The setting "$2b$12$…" begins at parts[1], whose dollars were cut out: it is put together again. */
static int verify_bcrypt_of(Job *job, const char *password)
{
    char setting[128];
    if (strlen(job->parts[1]) > 4 || strlen(job->parts[2]) > 4 || strlen(job->parts[3]) != 53 || job->parts[0][0] != 0)
        return -1;
    uint32_t cost = number(job->parts[2], 18);
    if (cost < 4 || job->parts[1][0] != '2')
        return -1;
    strcpy(setting, "$");
    strcat(strcat(strcat(strcat(strcat(setting, job->parts[1]), "$"), job->parts[2]), "$"), job->parts[3]);
    struct crypt_data data;             /* 32 KiB: a helper thread's stack has the room */
    memset(&data, 0, sizeof data);
    const char *made = crypt_rn(password, setting, &data, sizeof data);    /* not crypt_r, which AddressSanitizer takes over */
    int result = !made || *made == '*' ? -1 : same_text(made, setting);
    sodium_memzero(&data, sizeof data);
    return result;
}

static int verify_bcrypt_sha256(Job *job)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    crypto_hash_sha256(hash, (const uint8_t *)job->password, job->size);
    return verify_bcrypt_of(job, sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static int verify_bcrypt(Job *job)
{
    if (memchr(job->password, 0, job->size))
        return 0;                       /* bcrypt would look at what is before the NUL only */
    return verify_bcrypt_of(job, job->password);
}

/* "m=65536,t=2,p=1" */
static bool argon_costs(const char *text, uint32_t *m, uint32_t *t, uint32_t *p)
{
    char copy[64], *rest = copy;
    if (strlen(text) >= sizeof copy)
        return false;
    strcpy(copy, text);
    static const char names[] = "mtp";
    uint32_t values[3];
    for (int i = 0; i < 3; i++) {
        char *part = strsep(&rest, ",");
        if (!part || part[0] != names[i] || part[1] != '=' || !(values[i] = number(part + 2, UINT32_MAX)))
            return false;
    }
    *m = values[0];
    *t = values[1];
    *p = values[2];
    return !rest;
}

static int verify_argon2(Job *job)
{
    uint32_t m, t, p;
    argon2_type type = strcmp(job->parts[0], "argon2id") == 0 ? Argon2_id : strcmp(job->parts[0], "argon2i") == 0 ? Argon2_i : Argon2_d;
    if ((type == Argon2_d && strcmp(job->parts[0], "argon2d") != 0) || !argon_costs(job->parts[2], &m, &t, &p))
        return -1;
    if (m > ARGON_MEMORY_LIMIT || t > 64 || p > 64 || (uint64_t)m * t > (uint64_t)ARGON_MEMORY_LIMIT * 8)
        return 0;
    /* parts are slices of one copy: the text from the first of them on, with its dollars back, is libargon2's */
    char setting[ENCODED_LIMIT + 2] = "";
    for (int i = 0; i < job->n_parts; i++)
        strcat(strcat(setting, "$"), job->parts[i]);
    int status = argon2_verify(setting, job->password, job->size, type);
    return status == ARGON2_OK ? 1 : status == ARGON2_VERIFY_MISMATCH ? 0 : -1;
}

static const struct { const char *name; int parts; int (*verify)(Job *job); } algorithms[] = {
    { "argon2", 5, verify_argon2 },
    { "pbkdf2_sha256", 3, verify_pbkdf2_sha256 },
    { "pbkdf2_sha1", 3, verify_pbkdf2_sha1 },
    { "bcrypt_sha256", 4, verify_bcrypt_sha256 },
    { "bcrypt", 4, verify_bcrypt },
    { "scrypt", 5, verify_scrypt },
    { "md5", 2, verify_md5 },
};

static void run_verify(void *argument)
{
    Job *job = argument;
    job->result = job->verify(job);
}

static int make_argon2(Job *job)
{
    return crypto_pwhash_str_alg(job->made, job->password, job->size, ARGON_PASSES, ARGON_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);
}

/* --- on the fiber -------------------------------------------------------------------------------------------------------------------- */

static bool begin(Job *job, const char *password, size_t size)
{
    if (size > PASSWORD_LIMIT)
        return false;
    memset(job, 0, sizeof *job);
    memcpy(job->password, password, size);
    job->size = size;
    return true;
}

static void run(Job *job)
{
    capo_offload(run_verify, job);
    sodium_memzero(job->password, sizeof job->password);
}

bool capo_password_is_usable(const char *encoded)
{
    return encoded && *encoded != '!';
}

static bool is_outdated(const char *algorithm, char *const parts[])
{
    uint32_t m, t, p;
    if (strcmp(algorithm, "argon2") != 0 || strcmp(parts[0], "argon2id") != 0 || !argon_costs(parts[2], &m, &t, &p))
        return true;
    return m < ARGON_MEMORY || t < ARGON_PASSES || strlen(parts[3]) * 3 / 4 < SALT_BYTES_WANTED;
}

int capo_verify_password_n(const char *password, size_t size, const char *encoded, bool *ret_outdated)
{
    if (ret_outdated)
        *ret_outdated = false;
    if (!encoded || !capo_password_is_usable(encoded) || strnlen(encoded, ENCODED_LIMIT + 1) > ENCODED_LIMIT)
        return 0;
    Job job;
    if (!begin(&job, password, size))
        return 0;
    strcpy(job.encoded, encoded);
    char *rest = job.encoded, *algorithm = strsep(&rest, "$");
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        if (!rest || strcmp(algorithms[i].name, algorithm) != 0)
            continue;
        while (rest && job.n_parts < algorithms[i].parts)
            job.parts[job.n_parts++] = strsep(&rest, "$");
        if (job.n_parts < algorithms[i].parts || rest)
            return -1;
        job.verify = algorithms[i].verify;
        bool outdated = is_outdated(algorithm, job.parts);
        run(&job);
        if (ret_outdated)
            *ret_outdated = job.result == 1 && outdated;
        return job.result;
    }
    sodium_memzero(job.password, sizeof job.password);
    return 0;
}

int capo_verify_password(const char *password, const char *encoded, bool *ret_outdated)
{
    return capo_verify_password_n(password, strlen(password), encoded, ret_outdated);
}

static char *hash_new(const char *password)
{
    Job job;
    if (!begin(&job, password, strlen(password)))
        capo_raise(ERROR_VALUE, "A password of more than %d bytes was refused.", PASSWORD_LIMIT);
    job.verify = make_argon2;
    run(&job);
    if (job.result != 0)
        capo_raise(503, "There is no memory to hash a password (%d MiB are needed).", ARGON_MEMORY / 1024);
    char *encoded = capo_format("argon2%s", job.made);
    sodium_memzero(job.made, sizeof job.made);
    return encoded;
}

char *capo_make_password(const char *password)
{
    enum { UNUSABLE_RANDOM = 40 };
    return password ? hash_new(password) : capo_format("!%s", capo_random_string(UNUSABLE_RANDOM, NULL));
}
