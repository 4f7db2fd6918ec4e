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
extern const HttpLimits http_default_limits;
