/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer over the headers of images.
 * sources: core/files/image.c
 * Held besides the sanitizers: what is an image has pixels and not too many; no more is read than promised; the bytes behind those that
 * were read do not matter; and an image that is cut is the same image or none. */
#include <capo/images.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HOLD(condition) do { if (!(condition)) abort(); } while (0)

typedef struct Watched { const uint8_t *bytes; size_t size, furthest; int reads; } Watched;

static size_t watch(void *context, int64_t offset, void *into, size_t size)
{
    Watched *watched = context;
    HOLD(offset >= 0 && size > 0 && ++watched->reads <= IMAGE_MAX_READS);
    if (offset >= (int64_t)watched->size)
        return 0;
    size_t left = watched->size - (size_t)offset, given = size < left ? size : left;
    memcpy(into, watched->bytes + offset, given);
    if ((size_t)offset + given > watched->furthest)
        watched->furthest = (size_t)offset + given;
    return given;
}

static bool same(const ImageInfo *a, const ImageInfo *b)
{
    return a->width == b->width && a->height == b->height && strcmp(a->format, b->format) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ImageInfo image, again;
    Watched watched = { .bytes = data, .size = size };
    bool good = capo_image_read(watch, &watched, &image);
    /* its own copy: a byte too far is seen */
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    HOLD(capo_image_info(exact, size, &again) == good && (!good || same(&image, &again)));
    if (good) {
        HOLD(image.width > 0 && image.height > 0 && image.width * image.height <= IMAGE_MAX_PIXELS && image.media_type);
        HOLD(capo_image_info(exact, watched.furthest, &again) && same(&image, &again));
        if (watched.furthest && capo_image_info(exact, watched.furthest - 1, &again))
            HOLD(same(&image, &again));
    }
    free(exact);
    return 0;
}
