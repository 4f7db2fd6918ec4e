/* SPDX-License-Identifier: BSD-3-Clause */
/* Chunked bodies, byte by byte but for the data: a size of hex digits only, extensions of plain bytes and few of them, CRLF
 * everywhere, trailers that nobody ever sees. */
#include "parser.h"
#include <errno.h>

enum { MAX_DIGITS = 15, MAX_LINE = 512, MAX_TRAILERS = 32, MAX_TRAILER_BYTES = 8192, FREE_OVERHEAD = 4096 };

typedef enum State {
    SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER_START, TRAILER_NAME, TRAILER_VALUE, TRAILER_LF, END_LF, END,
} State;

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The size line is complete up to its CR. */
static int size_known(ChunkReader *reader)
{
    if (reader->digits == 0)
        return -EBADMSG;
    if (reader->left > reader->limit || reader->total > reader->limit - reader->left)
        return -ERANGE;
    reader->total += reader->left;
    reader->state = SIZE_LF;
    return 0;
}

static int extension_byte(ChunkReader *reader, char c)
{
    if (++reader->line > MAX_LINE || ++reader->overhead > FREE_OVERHEAD + reader->total)
        return -EBADMSG;
    if (c == '"')
        reader->quoted = !reader->quoted;
    if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
        return -EBADMSG;
    return 0;
}

static int trailer_byte(ChunkReader *reader)
{
    return ++reader->trailer_bytes > MAX_TRAILER_BYTES ? -E2BIG : 0;
}

int http_chunk_next(ChunkReader *reader, const char **at, const char *end, Slice *ret_data)
{
    int error = 0;
    while (*at < end) {
        char c = **at;
        switch ((State)reader->state) {
        case SIZE: {
            int digit = hex_digit(c);
            if (digit >= 0) {
                if (++reader->digits > MAX_DIGITS)
                    return -ERANGE;
                reader->left = reader->left << 4 | (unsigned)digit;
            } else if (c == '\r') {
                error = size_known(reader);
            } else if (c == ';' && reader->digits > 0) {
                reader->state = EXTENSION;
                error = extension_byte(reader, c);
            } else {
                return -EBADMSG;
            }
            break;
        }
        case EXTENSION:
            if (c != '\r')
                error = extension_byte(reader, c);
            else
                error = reader->quoted ? -EBADMSG : size_known(reader);
            break;
        case SIZE_LF:
            if (c != '\n')
                return -EBADMSG;
            reader->state = reader->left > 0 ? DATA : TRAILER_START;
            reader->line = 0;
            reader->digits = 0;
            break;
        case DATA: {
            uint64_t there = (uint64_t)(end - *at), size = there < reader->left ? there : reader->left;
            if (size > UINT32_MAX)
                size = UINT32_MAX;
            *ret_data = (Slice){ *at, (uint32_t)size };
            *at += size;
            reader->left -= size;
            if (reader->left == 0)
                reader->state = DATA_CR;
            return CHUNK_DATA;
        }
        case DATA_CR:
            if (c != '\r')
                return -EBADMSG;
            reader->state = DATA_LF;
            break;
        case DATA_LF:
            if (c != '\n')
                return -EBADMSG;
            reader->state = SIZE;
            break;
        case TRAILER_START:
            if (c == '\r') {
                reader->state = END_LF;
                break;
            }
            if (++reader->trailers > MAX_TRAILERS)
                return -E2BIG;
            if (!http_is_token(&c, 1))
                return -EBADMSG;
            reader->state = TRAILER_NAME;
            error = trailer_byte(reader);
            break;
        case TRAILER_NAME:
            if (c == ':')
                reader->state = TRAILER_VALUE;
            else if (!http_is_token(&c, 1))
                return -EBADMSG;
            error = trailer_byte(reader);
            break;
        case TRAILER_VALUE:
            if (c == '\r')
                reader->state = TRAILER_LF;
            else if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
                return -EBADMSG;
            error = trailer_byte(reader);
            break;
        case TRAILER_LF:
            if (c != '\n')
                return -EBADMSG;
            reader->state = TRAILER_START;
            break;
        case END_LF:
            if (c != '\n')
                return -EBADMSG;
            ++*at;
            reader->state = END;
            return CHUNK_END;
        case END:
            return CHUNK_END;
        }
        if (error < 0)
            return error;
        ++*at;
    }
    return reader->state == END ? CHUNK_END : CHUNK_MORE;
}
