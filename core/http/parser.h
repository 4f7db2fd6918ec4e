/* SPDX-License-Identifier: BSD-3-Clause */
/* The strict, incremental HTTP/1.1 request parser: pure functions over a buffer, giving slices into it.
 *
 *     int used = http_parse_head(&parsed, bytes, size, seen_before, &limits);
 *     if (used > 0)               the head takes `used` bytes; the body or the next request follows
 *     else if (used == -EAGAIN)   more bytes are needed
 *     else                        refuse with http_parse_status(used) and close the connection
 *
 * Whatever two servers could read in two ways is refused: a bare LF, a folded line, a blank before a colon, two lengths,
 * a length beside chunks, a transfer coding besides chunked (docs/ and SECURITY rows SEC-001 to SEC-034). Nothing here
 * allocates, raises or looks at a byte beyond `size`. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Slice { const char *at; uint32_t size; } Slice;

enum { HTTP_MAX_HEADERS = 100 };

typedef struct HeaderSlice { Slice name, value; } HeaderSlice;

/* Headers that the framework itself asks for on each request; found in the parse, so that nobody searches. */
typedef enum KnownHeader {
    KNOWN_NONE, KNOWN_HOST, KNOWN_CONTENT_LENGTH, KNOWN_TRANSFER_ENCODING, KNOWN_CONNECTION, KNOWN_CONTENT_TYPE, KNOWN_COOKIE,
    KNOWN_EXPECT, KNOWN_AUTHORIZATION, KNOWN_ORIGIN, KNOWN_REFERER, KNOWN_CONTENT_RANGE, KNOWN_UPGRADE, KNOWN_IF_MODIFIED_SINCE,
    KNOWN_USER_AGENT, KNOWN_CONTENT_ENCODING, KNOWN_HEADERS
} KnownHeader;

typedef struct ParsedRequest {
    Slice method, target;           /* the target as sent */
    Slice path, query;              /* parts of it; the query without '?' */
    Slice authority;                /* of an absolute-form target, else empty */
    bool asterisk;                  /* OPTIONS * */
    int minor;                      /* HTTP/1.minor: 0 or 1 */
    bool keep_alive;
    bool chunked;
    bool has_length;
    bool expect_continue;
    uint64_t content_length;
    uint16_t n_headers;
    uint16_t known[KNOWN_HEADERS];  /* index + 1 of the first header of that kind; 0: absent */
    HeaderSlice headers[HTTP_MAX_HEADERS];
} ParsedRequest;

typedef struct HttpLimits {
    uint32_t line;                  /* bytes of the request line */
    uint32_t header;                /* bytes of one header line */
    uint32_t head;                  /* bytes of the whole head */
    uint32_t n_headers;             /* at most HTTP_MAX_HEADERS */
} HttpLimits;
extern const HttpLimits http_default_limits;        /* 8 KiB, 8 KiB, 32 KiB, 100 */

/* Parses a whole head. Bytes used by it, with one empty line before it where the client sent one; -EAGAIN: it is not complete.
 * `seen`: how many of the bytes an earlier call that gave -EAGAIN has seen; they are only read again when the end has come, so
 * that a head in many small pieces costs linear time. Any other negative value: refuse it, with http_refusal's status. */
int http_parse_head(ParsedRequest *ret, const char *bytes, size_t size, size_t seen, const HttpLimits *limits);
/* The status for a negative result: 400, 413, 414, 415, 417, 431, 501, 505. */
int http_refusal(int error);

/* A header by name, case-blind; *at starts as 0 and walks over several of that name. NULL: no further one. */
const Slice *http_find_header(const ParsedRequest *parsed, const char *name, size_t size, size_t *at);
bool http_slice_is(Slice slice, const char *lower_case);        /* case-blind in ASCII */
/* "example.com", "example.com:8000", "[::1]:80": Django's form of a host, at most 255 bytes and a port. */
bool http_host_valid(const char *host, size_t size);
bool http_is_token(const char *text, size_t size);

/* --- chunked bodies --- */

typedef struct ChunkReader {
    uint8_t state;
    uint8_t digits;                 /* of the size */
    bool quoted;                    /* in an extension's quoted text */
    uint16_t line;                  /* bytes of the present size or trailer line */
    uint16_t trailers;
    uint32_t trailer_bytes;
    uint64_t left;                  /* of the present chunk */
    uint64_t total;                 /* body bytes announced so far */
    uint64_t overhead;              /* extension bytes so far */
    uint64_t limit;                 /* body bytes at most; past it -ERANGE before they are read */
} ChunkReader;

typedef enum ChunkStep { CHUNK_MORE, CHUNK_DATA, CHUNK_END } ChunkStep;
/* Moves *at towards `end`. CHUNK_DATA: *ret_data is the next piece of the body, within the input; CHUNK_MORE: the input is used
 * up; CHUNK_END: *at is behind the message. Negative: refuse. Trailers are checked, counted and dropped. */
int http_chunk_next(ChunkReader *reader, const char **at, const char *end, Slice *ret_data);
