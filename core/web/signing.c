/* SPDX-License-Identifier: BSD-3-Clause */
/* Signed texts, in the formats of Django's core.signing: what one signs, the other takes.
 *
 *     value:signature                 the signature is HMAC-SHA256 in URL-safe base64 without padding
 *     value:time:signature            seconds since 1970 in base 62
 *     [.]base64:time:signature        signing.dumps: JSON, with a dot before it when it is compressed
 *
 * The key of the HMAC is SHA-256(salt + "signer" + secret). Signatures are compared in constant time; keys of
 * secret_key_fallbacks still verify, and never sign. */
#include "web_internal.h"
#include <sodium.h>
#include <string.h>
#include <zlib.h>

enum { MAC = crypto_auth_hmacsha256_BYTES, LOADS_LIMIT = 1024 * 1024 };

static void hmac_with(const char *salt, const char *prefix, const char *secret, const char *text, uint8_t ret_mac[MAC])
{
    Buffer joined = { 0 };
    capo_put(&joined, salt);
    capo_put(&joined, prefix);
    capo_put(&joined, secret);
    uint8_t key[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(key, (const uint8_t *)capo_buffer_text(&joined), joined.size);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, sizeof key);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, ret_mac);
    sodium_memzero(key, sizeof key);
    sodium_memzero(joined.data, joined.size);
}

char *capo_salted_hmac(const char *salt, const char *text, const char *secret)
{
    uint8_t mac[MAC];
    char *hex = capo_alloc(2 * MAC + 1);
    hmac_with(salt, "", secret ? secret : capo_settings()->secret_key, text, mac);
    return sodium_bin2hex(hex, 2 * MAC + 1, mac, MAC);
}

static char *encode64(const void *bytes, size_t size)
{
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return sodium_bin2base64(capo_alloc(room), room, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* NULL: it is no such base64. */
static uint8_t *decode64(const char *text, size_t size, size_t *ret_size)
{
    uint8_t *bytes = capo_alloc(size / 4 * 3 + 4);
    const char *end;
    if (sodium_base642bin(bytes, size / 4 * 3 + 3, text, size, NULL, ret_size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        end != text + size)
        return NULL;
    return bytes;
}

static char *signature(const char *value, const char *salt, const char *prefix, const char *secret)
{
    uint8_t mac[MAC];
    hmac_with(capo_format("%ssigner", salt), prefix, secret, value, mac);
    return encode64(mac, MAC);
}

static char *sign(const char *value, const char *salt, const char *prefix)
{
    return capo_format("%s:%s", value, signature(value, salt, prefix, capo_settings()->secret_key));
}

static char *unsign(const char *signed_value, const char *salt, const char *prefix)
{
    const char *colon = strrchr(signed_value, ':');
    if (!colon)
        return NULL;
    char *value = capo_strndup(signed_value, (size_t)(colon - signed_value));
    const Settings *settings = capo_settings();
    const char *given = colon + 1, *secret = settings->secret_key;
    for (size_t i = 0; secret; secret = settings->secret_key_fallbacks[i++]) {
        const char *right = signature(value, salt, prefix, secret);
        if (capo_constant_time_equal(given, strlen(given), right, strlen(right)))
            return value;
    }
    return NULL;
}

/* --- timestamps --------------------------------------------------------------------------------------------------------------- */

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static char *encode62(int64_t number)
{
    char digits[16];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = base62[number % 62];
    while ((number /= 62) > 0);
    return capo_strdup(digits + at);
}

/* -1: no such number. */
static int64_t decode62(const char *text)
{
    size_t size = strlen(text);
    if (size == 0 || size > 10)
        return -1;
    int64_t number = 0;
    for (; *text; text++) {
        const char *digit = strchr(base62, *text);
        if (!digit)
            return -1;
        number = number * 62 + (digit - base62);
    }
    return number;
}

static char *sign_timestamped(const char *value, const char *salt, const char *prefix)
{
    return sign(capo_format("%s:%s", value, encode62(capo_now().microseconds / 1000000)), salt, prefix);
}

static char *unsign_timestamped(const char *signed_value, const char *salt, const char *prefix, int64_t max_age)
{
    char *value = unsign(signed_value, salt, prefix);
    char *colon = value ? strrchr(value, ':') : NULL;
    if (!colon)
        return NULL;
    *colon = 0;
    int64_t signed_at = decode62(colon + 1), age = capo_now().microseconds / 1000000 - signed_at;
    if (signed_at < 0 || (max_age > 0 && age > max_age))
        return NULL;
    return value;
}

/* --- values -------------------------------------------------------------------------------------------------------------------- */

/* Python's json.dumps(separators=(",", ":")): ours has a space behind each, outside of texts. */
static Buffer compact_json(Value value)
{
    const char *json = capo_json_text(value, 0);
    Buffer out = { 0 };
    bool in_text = false;
    for (const char *c = json; *c; c++) {
        if (in_text && *c == '\\') {
            capo_put_char(&out, *c++);
        } else if (*c == '"') {
            in_text = !in_text;
        } else if (!in_text && *c == ' ') {
            continue;
        }
        capo_put_char(&out, *c);
    }
    return out;
}

char *signing_dumps(Value value, const char *salt, const char *prefix)
{
    Buffer json = compact_json(value);
    uLongf size = compressBound(json.size);
    uint8_t *compressed = capo_alloc(size);
    bool smaller = compress2(compressed, &size, (const uint8_t *)json.data, json.size, Z_DEFAULT_COMPRESSION) == Z_OK &&
                   size + 1 < json.size;
    const char *data = smaller ? capo_format(".%s", encode64(compressed, size)) : encode64(json.data, json.size);
    return sign_timestamped(data, salt, prefix);
}

/* The JSON inside; NULL: not compressed data, or more than LOADS_LIMIT bytes of it. */
static const uint8_t *decompress(const uint8_t *bytes, size_t size, size_t *ret_size)
{
    uLongf room = LOADS_LIMIT;
    uint8_t *out = capo_alloc(room + 1);
    if (uncompress(out, &room, bytes, size) != Z_OK)
        return NULL;
    *ret_size = room;
    return out;
}

bool signing_loads(const char *text, const char *salt, const char *prefix, int64_t max_age_seconds, Value *ret)
{
    const char *data = strnlen(text, LOADS_LIMIT + 1) <= LOADS_LIMIT ? unsign_timestamped(text, salt, prefix, max_age_seconds) : NULL;
    if (!data)
        return false;
    bool compressed = *data == '.';
    size_t size;
    const uint8_t *bytes = decode64(data + compressed, strlen(data + compressed), &size);
    if (bytes && compressed)
        bytes = decompress(bytes, size, &size);
    return bytes && capo_json_parse((const char *)bytes, size, ret, NULL);
}

/* --- public -------------------------------------------------------------------------------------------------------------------- */

char *capo_sign(const char *value, const char *salt)
{
    return sign(value, salt, "");
}

char *capo_unsign(const char *signed_value, const char *salt)
{
    return unsign(signed_value, salt, "");
}

char *capo_sign_timestamped(const char *value, const char *salt)
{
    return sign_timestamped(value, salt, "");
}

char *capo_unsign_timestamped(const char *signed_value, const char *salt, int64_t max_age_seconds)
{
    return unsign_timestamped(signed_value, salt, "", max_age_seconds);
}

char *capo_sign_value(Value value, const char *salt)
{
    return signing_dumps(value, salt, "");
}

bool capo_unsign_value(const char *text, const char *salt, int64_t max_age_seconds, Value *ret)
{
    return signing_loads(text, salt, "", max_age_seconds, ret);
}
