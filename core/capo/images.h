/* SPDX-License-Identifier: BSD-3-Clause */
/* What an image is, by its own first bytes: the kind and how large it is, without decoding it.
 *
 *     ImageInfo image;
 *     if (!capo_image_info(bytes, size, &image))
 *         capo_invalid("invalid_image", "Upload a valid image.");
 *
 * Known are PNG, GIF, JPEG, WebP and BMP. SVG is none of these: it is a document that may hold scripts. An image of no pixels, or of more
 * than IMAGE_MAX_PIXELS, is none either: what would decode it needs memory for each. What is behind the header is not looked at. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_MAX_PIXELS = 178956970 };          /* as Pillow refuses: twice its 89,478,485 */

typedef struct ImageInfo {
    const char *format;                 /* "PNG", "GIF", "JPEG", "WEBP", "BMP" */
    const char *media_type;             /* "image/png" */
    int64_t width, height;              /* in pixels, as stored: an orientation noted in a JPEG's EXIF is not applied */
} ImageInfo;

/* Of the first bytes of a file, or all of them. *ret is untouched when it is false. */
bool capo_image_info(const void *bytes, size_t size, ImageInfo *ret);
/* The same of what is read where it is asked for: bytes from the offset on, as many as there are up to `size`. At most IMAGE_MAX_READS
 * calls: what a JPEG has before its size (a profile, a small picture) is skipped, not read. */
typedef size_t ImageReader(void *context, int64_t offset, void *into, size_t size);
enum { IMAGE_MAX_READS = 512 };
bool capo_image_read(ImageReader *reader, void *context, ImageInfo *ret);
/* Of a file on disk; also false where it cannot be read. */
bool capo_image_file(const char *path, ImageInfo *ret);
