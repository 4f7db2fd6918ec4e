/* SPDX-License-Identifier: BSD-3-Clause */
/* Text functions: escaping, quoting for URLs, splitting, random and comparison in constant time, whole files. */
#include "bytes.h"
#include <capo/arena.h>
#include <capo/buffer.h>
#include <capo/error.h>
#include <capo/text.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *capo_escape(const char *text)
{
    size_t size = strlen(text);
    if (strcspn(text, "&<>\"'") == size)
        return text;
    Buffer out = { 0 };
    capo_put_escaped(&out, text, size);
    return capo_buffer_text(&out);
}

static const bool unreserved[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true, ['.'] = true, ['_'] = true, ['~'] = true,
};

void capo_put_quoted(Buffer *buffer, const char *text, size_t size, const char *safe)
{
    static const char hex[] = "0123456789ABCDEF";
    while (size > 0) {
        size_t piece = size < 1024 ? size : 1024;
        char *at = buffer_room(buffer, 3 * piece), *first = at;
        for (size_t i = 0; i < piece; i++) {
            unsigned char c = (unsigned char)text[i];
            if (unreserved[c] || (c && strchr(safe, c))) {
                *at++ = (char)c;
                continue;
            }
            *at++ = '%';
            *at++ = hex[c >> 4];
            *at++ = hex[c & 15];
        }
        *at = 0;
        buffer->size += (size_t)(at - first);
        text += piece;
        size -= piece;
    }
}

char *capo_url_quote(const char *text, const char *safe)
{
    Buffer out = { 0 };
    capo_put_quoted(&out, text, strlen(text), safe ? safe : "");
    return capo_buffer_text(&out);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

char *capo_url_unquote(const char *text, size_t size, bool plus, size_t *ret_size)
{
    char *result = capo_alloc(size + 1);
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '%' && i + 2 < size && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            result[used++] = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
            i += 2;
        } else {
            result[used++] = plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    if (!capo_utf8_valid(result, used)) {
        Buffer out = { 0 };
        const char *at = result, *end = result + used;
        while (at < end) {
            char bytes[4];
            capo_put_bytes(&out, bytes, capo_utf8_encode(capo_utf8_next(&at, end), bytes));
        }
        result = capo_buffer_text(&out);
        used = out.size;
    }
    if (ret_size)
        *ret_size = used;
    return result;
}

bool capo_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool capo_ends_with(const char *text, const char *suffix)
{
    size_t size = strlen(text), end = strlen(suffix);
    return size >= end && memcmp(text + size - end, suffix, end) == 0;
}

char **capo_split(const char *text, char separator, size_t *ret_count)
{
    size_t count = 1;
    for (const char *at = text; *at; at++)
        count += *at == separator;
    char **parts = capo_alloc_array(count + 1, sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        const char *end = strchrnul(text, separator);
        parts[i] = capo_strndup(text, (size_t)(end - text));
        text = end + 1;
    }
    if (ret_count)
        *ret_count = count;
    return parts;
}

char *capo_join(const char *const *parts, const char *separator)
{
    Buffer out = { 0 };
    for (size_t i = 0; parts[i]; i++) {
        if (i)
            capo_put(&out, separator);
        capo_put(&out, parts[i]);
    }
    return capo_buffer_text(&out);
}

bool capo_constant_time_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || sodium_memcmp(a, b, a_size) == 0);
}

static pthread_once_t sodium_ready = PTHREAD_ONCE_INIT;
static unsigned char hash_key[crypto_shorthash_KEYBYTES];

static void start_sodium(void)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "capo: libsodium found no source of randomness; this process ends\n");
        abort();
    }
    crypto_shorthash_keygen(hash_key);
}

char *capo_random_string(size_t length, const char *alphabet)
{
    pthread_once(&sodium_ready, start_sodium);
    if (!alphabet)
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint32_t choices = (uint32_t)strlen(alphabet);
    char *result = capo_alloc(length + 1);
    for (size_t i = 0; i < length; i++)
        result[i] = alphabet[randombytes_uniform(choices)];
    return result;
}

const char *capo_plural(int64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

uint64_t capo_hash(const void *bytes, size_t size)
{
    pthread_once(&sodium_ready, start_sodium);
    unsigned char digest[crypto_shorthash_BYTES];
    crypto_shorthash(digest, bytes, size, hash_key);
    uint64_t result;
    memcpy(&result, digest, sizeof result);
    return result;
}

char *capo_read_file(const char *path, size_t *ret_size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    struct stat status;
    if (fstat(file, &status) < 0 || S_ISDIR(status.st_mode)) {
        int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
        close(file);
        errno = error;
        return NULL;
    }
    /* The size is a hint: files of /proc say 0, others may grow while being read. */
    size_t room = (size_t)(status.st_size > 0 ? status.st_size : 0) + 1, used = 0;
    char *text = capo_alloc(room + 1);
    for (;;) {
        if (used == room) {
            text = capo_realloc(text, room + 1, room * 2 + 4096 + 1);
            room = room * 2 + 4096;
        }
        ssize_t got = read(file, text + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = errno;
            close(file);
            errno = error;
            return NULL;
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    close(file);
    text[used] = 0;
    if (ret_size)
        *ret_size = used;
    return text;
}

static int write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(file, bytes, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        bytes += done;
        size -= (size_t)done;
    }
    return fsync(file) < 0 ? -errno : 0;
}

int capo_write_file(const char *path, const void *bytes, size_t size)
{
    char *temporary = capo_format("%s.XXXXXX", path);
    int file = mkostemp(temporary, O_CLOEXEC);
    if (file < 0)
        return -errno;
    struct stat status;
    mode_t mask = umask(0);
    umask(mask);
    /* mkostemp makes it private: the file gets the rights that it had, or those of a new file */
    fchmod(file, stat(path, &status) == 0 ? status.st_mode & 07777 : 0666 & ~mask);
    int result = write_all(file, bytes, size);
    if (close(file) < 0 && result == 0)
        result = -errno;
    if (result == 0 && rename(temporary, path) < 0)
        result = -errno;
    if (result < 0) {
        unlink(temporary);
        return result;
    }
    /* the new name is durable only once its directory is */
    char *slash = strrchr(temporary, '/');
    if (slash)
        slash[slash == temporary] = 0;
    int directory = open(slash ? temporary : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        fsync(directory);
        close(directory);
    }
    return 0;
}

void capo_put_newlines(Buffer *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        capo_put_char(out, text[i] == '\r' ? '\n' : text[i]);
        i += text[i] == '\r' && i + 1 < size && text[i + 1] == '\n';
    }
}
