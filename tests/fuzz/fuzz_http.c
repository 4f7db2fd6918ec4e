/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer over the pure parsers of core/http. The first byte says which, the second where the input is cut in two.
 * sources: core/http/parser.c core/http/chunked.c core/http/multipart_reader.c
 * Held besides the sanitizers: a result does not depend on how the bytes were cut, and slices lie within the input. */
#include "../../core/http/multipart.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HOLD(condition) do { if (!(condition)) abort(); } while (0)

static const HttpLimits limits = { .line = 256, .header = 256, .head = 1024, .n_headers = 16 };

static void within(Slice slice, const char *bytes, size_t size)
{
    HOLD(slice.size == 0 || slice.at == NULL || (slice.at >= bytes && slice.at + slice.size <= bytes + size) || slice.size == 1);
}

static void fuzz_head(const char *bytes, size_t size, size_t cut)
{
    static ParsedRequest whole, pieces;
    int result = http_parse_head(&whole, bytes, size, 0, &limits);
    if (result > 0) {
        HOLD((size_t)result <= size);
        within(whole.method, bytes, size);
        within(whole.target, bytes, size);
        within(whole.path, bytes, size);
        within(whole.query, bytes, size);
        for (int i = 0; i < whole.n_headers; i++) {
            within(whole.headers[i].name, bytes, size);
            within(whole.headers[i].value, bytes, size);
            HOLD(!memchr(whole.headers[i].value.at, '\n', whole.headers[i].value.size));
        }
        HOLD(!(whole.chunked && whole.has_length));
    } else {
        http_refusal(result);
    }
    if (cut < size) {
        char *first = malloc(cut ? cut : 1);
        memcpy(first, bytes, cut);
        int early = http_parse_head(&pieces, first, cut, 0, &limits);
        free(first);
        if (early == -EAGAIN) {
            int late = http_parse_head(&pieces, bytes, size, cut, &limits);
            HOLD((late > 0) == (result > 0));
            HOLD(result <= 0 || late == result);
        } else {
            HOLD((early > 0) == (result > 0));
        }
    }
}

/* The data of a chunked body, hashed, and its end. */
static int chunks(const char *bytes, size_t size, size_t cut, uint64_t *ret_hash, size_t *ret_used)
{
    ChunkReader reader = { .limit = 100000 };
    uint64_t hash = 14695981039346656037u;
    for (int part = 0; part < 2; part++) {
        const char *from = part ? bytes + cut : bytes, *end = part ? bytes + size : bytes + cut, *at = from;
        Slice data;
        int step;
        while ((step = http_chunk_next(&reader, &at, end, &data)) == CHUNK_DATA)
            for (uint32_t i = 0; i < data.size; i++)
                hash = (hash ^ (unsigned char)data.at[i]) * 1099511628211u;
        *ret_hash = hash;
        *ret_used = (size_t)(at - bytes);
        if (step != CHUNK_MORE)
            return step;
    }
    return CHUNK_MORE;
}

static void fuzz_chunks(const char *bytes, size_t size, size_t cut)
{
    uint64_t hash[2];
    size_t used[2];
    int whole = chunks(bytes, size, 0, &hash[0], &used[0]), pieces = chunks(bytes, size, cut <= size ? cut : size, &hash[1], &used[1]);
    HOLD(whole == pieces && hash[0] == hash[1] && used[0] == used[1]);
}

static int parts(const char *bytes, size_t size, size_t cut, uint64_t *ret_hash)
{
    MultipartReader reader;
    HOLD(multipart_init(&reader, "XX", 2) == 0);
    uint64_t hash = 14695981039346656037u;
    char *window = malloc(size + 1);
    size_t have = 0;
    int step = MULTIPART_MORE;
    for (int part = 0; part < 2; part++) {
        size_t from = part ? cut : 0, to = part ? size : cut;
        memcpy(window + have, bytes + from, to - from);
        have += to - from;
        const char *at = window;
        MultipartPart headers;
        Slice data;
        while ((step = multipart_next(&reader, &at, window + have, &headers, &data)) == MULTIPART_PART || step == MULTIPART_DATA ||
               step == MULTIPART_PART_END) {
            if (step == MULTIPART_DATA)
                for (uint32_t i = 0; i < data.size; i++)
                    hash = (hash ^ (unsigned char)data.at[i]) * 1099511628211u;
            else
                hash = (hash ^ (unsigned)(step + 1000)) * 1099511628211u;
        }
        if (step < 0)
            break;
        have = (size_t)(window + have - at);
        memmove(window, at, have);
    }
    free(window);
    *ret_hash = hash;
    return step;
}

static void fuzz_parts(const char *bytes, size_t size, size_t cut)
{
    uint64_t hash[2];
    int whole = parts(bytes, size, size, &hash[0]), pieces = parts(bytes, size, cut <= size ? cut : size, &hash[1]);
    HOLD(whole == pieces);
    HOLD(whole < 0 || whole == MULTIPART_MORE || hash[0] == hash[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *bytes = (const char *)data + 2;
    size -= 2;
    switch (data[0] % 4) {
    case 0: fuzz_head(bytes, size, data[1]); break;
    case 1: fuzz_chunks(bytes, size, data[1]); break;
    case 2: fuzz_parts(bytes, size, data[1]); break;
    default: http_host_valid(bytes, size); break;
    }
    return 0;
}
