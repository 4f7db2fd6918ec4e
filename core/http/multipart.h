/* SPDX-License-Identifier: BSD-3-Clause */
/* The multipart/form-data reader: pure, over a window of bytes that the caller refills.
 *
 *     while ((step = multipart_next(&reader, &at, end, last, &part, &data)) != MULTIPART_END)
 *         MULTIPART_MORE: keep the bytes from `at` on, add more behind them, call again
 *         MULTIPART_PART: a part begins; `part` points into the window
 *         MULTIPART_DATA: the next bytes of that part
 *         MULTIPART_PART_END
 *
 * -EBADMSG for anything that is not as RFC 7578 has it, -E2BIG for part headers past the limit. Each byte is searched a
 * bounded number of times, whatever lies in it. */
#pragma once
#include "parser.h"

enum { MULTIPART_MAX_BOUNDARY = 70, MULTIPART_MAX_HEADERS = 4096, MULTIPART_WINDOW = 64 * 1024 };

typedef enum MultipartStep { MULTIPART_MORE, MULTIPART_PART, MULTIPART_DATA, MULTIPART_PART_END, MULTIPART_END } MultipartStep;

typedef struct MultipartReader {
    char delimiter[4 + MULTIPART_MAX_BOUNDARY];     /* "\r\n--boundary" */
    uint8_t size;
    uint8_t state;
} MultipartReader;

/* The headers of a part that matter, still encoded; at NULL: not there. */
typedef struct MultipartPart { Slice disposition, content_type; } MultipartPart;

/* -EBADMSG: a boundary that RFC 2046 does not allow. */
int multipart_init(MultipartReader *reader, const char *boundary, size_t size);
int multipart_next(MultipartReader *reader, const char **at, const char *end, MultipartPart *ret_part, Slice *ret_data);
