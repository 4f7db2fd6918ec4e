/* SPDX-License-Identifier: BSD-3-Clause */
#include "multipart.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

typedef enum State { START, PREAMBLE, AFTER_DELIMITER, HEADERS, DATA, PART_ENDED, END } State;

int multipart_init(MultipartReader *reader, const char *boundary, size_t size)
{
    if (size == 0 || size > MULTIPART_MAX_BOUNDARY || boundary[size - 1] == ' ')
        return -EBADMSG;
    for (size_t i = 0; i < size; i++) {
        char c = boundary[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || memchr("'()+_,-./:=? ", c, 13)))
            return -EBADMSG;
    }
    *reader = (MultipartReader){ .size = (uint8_t)(4 + size) };
    memcpy(reader->delimiter, "\r\n--", 4);
    memcpy(reader->delimiter + 4, boundary, size);
    return 0;
}

/* One header line without its line end. */
static int part_header(MultipartPart *part, const char *line, const char *end)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || !http_is_token(line, (size_t)(colon - line)))
        return -EBADMSG;
    for (const char *c = colon; c < end; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return -EBADMSG;
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    Slice slice = { value, (uint32_t)(end - value) };
    size_t size = (size_t)(colon - line);
    Slice *into = size == 19 && strncasecmp(line, "content-disposition", size) == 0 ? &part->disposition :
                  size == 12 && strncasecmp(line, "content-type", size) == 0 ? &part->content_type : NULL;
    if (into) {
        if (into->at)
            return -EBADMSG;        /* two of them could be read in two ways */
        *into = slice;
    }
    return 0;
}

static int read_headers(MultipartReader *reader, const char **at, const char *end, MultipartPart *part)
{
    const char *stop = memmem(*at, (size_t)(end - *at), "\r\n\r\n", 4);
    if (!stop || stop + 4 - *at > MULTIPART_MAX_HEADERS)
        return stop || end - *at > MULTIPART_MAX_HEADERS ? -E2BIG : MULTIPART_MORE;
    *part = (MultipartPart){ { 0 } };
    for (const char *line = *at; line < stop + 2;) {
        const char *line_end = line;
        while (line_end[0] != '\r' || line_end[1] != '\n')
            line_end++;             /* ends at `stop` at the latest */
        int error = part_header(part, line, line_end);
        if (error < 0)
            return error;
        line = line_end + 2;
    }
    *at = stop + 4;
    reader->state = DATA;
    return MULTIPART_PART;
}

int multipart_next(MultipartReader *reader, const char **at, const char *end, MultipartPart *ret_part, Slice *ret_data)
{
    for (;;) {
        size_t there = (size_t)(end - *at), size = reader->size;
        const char *found;
        switch ((State)reader->state) {
        case START:                 /* the first delimiter may stand at the very beginning, without its CRLF */
            if (there < size - 2u)
                return MULTIPART_MORE;
            if (memcmp(*at, reader->delimiter + 2, size - 2u) == 0) {
                *at += size - 2u;
                reader->state = AFTER_DELIMITER;
            } else {
                reader->state = PREAMBLE;
            }
            break;
        case PREAMBLE:
        case DATA:
            found = memmem(*at, there, reader->delimiter, size);
            if (!found) {
                /* what could be the beginning of a delimiter stays for the next window */
                size_t keep = there < size - 1u ? there : size - 1u;
                const char *tail = end - keep;
                while (tail < end && (*tail != '\r' || memcmp(tail, reader->delimiter, (size_t)(end - tail)) != 0))
                    tail++;
                found = tail;
                if (found == *at)
                    return MULTIPART_MORE;
            } else if (found == *at) {
                *at += size;
                bool was_part = reader->state == DATA;
                reader->state = was_part ? PART_ENDED : AFTER_DELIMITER;
                if (was_part)
                    return MULTIPART_PART_END;
                break;
            }
            *ret_data = (Slice){ *at, (uint32_t)(found - *at) };
            *at = found;
            if (reader->state == DATA)
                return MULTIPART_DATA;
            break;
        case PART_ENDED:
            reader->state = AFTER_DELIMITER;
            break;
        case AFTER_DELIMITER:
            if (there < 2)
                return MULTIPART_MORE;
            if (memcmp(*at, "--", 2) == 0)
                reader->state = END;
            else if (memcmp(*at, "\r\n", 2) == 0)
                reader->state = HEADERS;
            else
                return -EBADMSG;
            *at += 2;
            break;
        case HEADERS:
            return read_headers(reader, at, end, ret_part);
        case END:                   /* the epilogue is not looked at */
            *at = end;
            return MULTIPART_END;
        }
    }
}
