/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers of images. Pure: bytes come through the reader, at most IMAGE_MAX_READS times; nothing is allocated and nothing raises.
 *
 * PNG: ISO 15948, 5 and 11.2.2. GIF: version 89a, 17 and 18. JPEG: ITU-T T.81, B.1.1 and B.2.2. WebP: RFC 9649, 2. BMP: the headers of OS/2
 * (12 bytes) and of Windows (40 bytes and more). */
#include <capo/images.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* The first bytes of the file, as many as the longest of the fixed headers. */
enum { HEAD = 33 };

typedef struct Source { ImageReader *reader; void *context; uint8_t head[HEAD]; size_t size; } Source;

static uint32_t big16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }
static uint32_t big32(const uint8_t *at) { return big16(at) << 16 | big16(at + 2); }
static uint32_t little16(const uint8_t *at) { return (uint32_t)at[1] << 8 | at[0]; }
static uint32_t little24(const uint8_t *at) { return (uint32_t)at[2] << 16 | little16(at); }
static uint32_t little32(const uint8_t *at) { return little16(at + 2) << 16 | little16(at); }

static bool begins(const Source *source, const char *magic, size_t size)
{
    return source->size >= size && memcmp(source->head, magic, size) == 0;
}

/* --- each kind: true, and the size ------------------------------------------------------------------------------------------------------ */

/* Colour types and the depths that they allow, one bit a depth. */
static bool is_png_depth(unsigned depth, unsigned colour)
{
    static const uint32_t depths[7] = { [0] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16, [2] = 1u << 8 | 1u << 16,
                                        [3] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8, [4] = 1u << 8 | 1u << 16, [6] = 1u << 8 | 1u << 16 };
    return colour < 7 && depth <= 16 && depths[colour] >> depth & 1;
}

static bool png(Source *source, ImageInfo *image)
{
    const uint8_t *head = source->head;
    if (source->size < 33 || big32(head + 8) != 13 || memcmp(head + 12, "IHDR", 4) != 0)
        return false;
    if (crc32(0, head + 12, 17) != big32(head + 29) || !is_png_depth(head[24], head[25]) || head[26] || head[27] || head[28] > 1)
        return false;
    image->width = big32(head + 16);
    image->height = big32(head + 20);
    return true;
}

static bool gif(Source *source, ImageInfo *image)
{
    if (source->size < 13 || (memcmp(source->head + 3, "87a", 3) != 0 && memcmp(source->head + 3, "89a", 3) != 0))
        return false;
    image->width = little16(source->head + 6);
    image->height = little16(source->head + 8);
    return true;
}

static bool webp(Source *source, ImageInfo *image)
{
    const uint8_t *head = source->head, *data = head + 20;
    if (source->size < 30 || memcmp(head + 8, "WEBP", 4) != 0 || little32(head + 4) < 18)
        return false;
    if (memcmp(head + 12, "VP8 ", 4) == 0) {
        if (data[0] & 1 || memcmp(data + 3, "\x9d\x01\x2a", 3) != 0)
            return false;
        image->width = little16(data + 6) & 0x3fff;
        image->height = little16(data + 8) & 0x3fff;
        return true;
    }
    if (memcmp(head + 12, "VP8L", 4) == 0) {
        uint32_t bits = little32(data + 1);
        if (data[0] != 0x2f || bits >> 29)
            return false;
        image->width = 1 + (bits & 0x3fff);
        image->height = 1 + (bits >> 14 & 0x3fff);
        return true;
    }
    if (memcmp(head + 12, "VP8X", 4) != 0)
        return false;
    image->width = 1 + (int64_t)little24(data + 4);
    image->height = 1 + (int64_t)little24(data + 7);
    return true;
}

static bool bmp(Source *source, ImageInfo *image)
{
    const uint8_t *head = source->head;
    if (source->size < 30)
        return false;
    uint32_t size = little32(head + 14);
    unsigned planes, depth;
    if (size == 12) {
        image->width = little16(head + 18);
        image->height = little16(head + 20);
        planes = little16(head + 22);
        depth = little16(head + 24);
    } else if (size >= 40 && size <= 256) {
        int32_t height = (int32_t)little32(head + 22);
        image->width = (int32_t)little32(head + 18);
        image->height = height < 0 ? -(int64_t)height : height;        /* negative: the rows go downwards */
        planes = little16(head + 26);
        depth = little16(head + 28);
    } else {
        return false;
    }
    return planes == 1 && (depth == 1 || depth == 4 || depth == 8 || depth == 16 || depth == 24 || depth == 32) && little32(head + 10) >= 14 + size;
}

/* SOF0 to SOF15, without the tables that stand between (DHT, JPG, DAC). */
static bool is_frame(unsigned marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* From segment to segment to the one that begins the frame. */
static bool jpeg(Source *source, ImageInfo *image)
{
    int64_t at = 2;
    for (int reads = 1; reads < IMAGE_MAX_READS; reads++) {
        uint8_t segment[10];
        size_t size = source->reader(source->context, at, segment, sizeof segment);
        if (size < 4 || segment[0] != 0xff)
            return false;
        unsigned marker = segment[1];
        if (marker == 0xff) {                           /* fill bytes */
            at++;
        } else if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
            at += 2;                                    /* these stand alone */
        } else if (is_frame(marker)) {
            if (size < 10 || big16(segment + 2) < 8 + 3 || segment[9] == 0)
                return false;
            image->height = big16(segment + 5);
            image->width = big16(segment + 7);
            return big16(segment + 2) == 8 + 3u * segment[9];
        } else if (marker < 0xc0 || marker == 0xd8 || marker == 0xd9 || marker == 0xda || big16(segment + 2) < 2) {
            return false;                               /* the picture itself, its end, or no marker */
        } else {
            at += 2 + (int64_t)big16(segment + 2);
        }
    }
    return false;
}

static const struct ImageKind {
    const char *format, *media_type, *magic;
    size_t size;                                        /* of the magic */
    bool (*read)(Source *source, ImageInfo *image);
} kinds[] = {
    { "PNG", "image/png", "\x89PNG\r\n\x1a\n", 8, png },
    { "JPEG", "image/jpeg", "\xff\xd8\xff", 3, jpeg },
    { "GIF", "image/gif", "GIF", 3, gif },
    { "WEBP", "image/webp", "RIFF", 4, webp },
    { "BMP", "image/bmp", "BM", 2, bmp },
};

bool capo_image_read(ImageReader *reader, void *context, ImageInfo *ret)
{
    Source source = { .reader = reader, .context = context };
    source.size = reader(context, 0, source.head, HEAD);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        ImageInfo image = { .format = kinds[i].format, .media_type = kinds[i].media_type };
        if (!begins(&source, kinds[i].magic, kinds[i].size))
            continue;
        if (!kinds[i].read(&source, &image) || image.width <= 0 || image.height <= 0 || image.width > IMAGE_MAX_PIXELS / image.height)
            return false;
        *ret = image;
        return true;
    }
    return false;
}

/* --- where the bytes are ------------------------------------------------------------------------------------------------------------------ */

typedef struct Bytes { const uint8_t *at; size_t size; } Bytes;

static size_t read_bytes(void *context, int64_t offset, void *into, size_t size)
{
    const Bytes *bytes = context;
    if (offset >= (int64_t)bytes->size)
        return 0;
    size_t left = bytes->size - (size_t)offset;
    memcpy(into, bytes->at + offset, size < left ? size : left);
    return size < left ? size : left;
}

bool capo_image_info(const void *bytes, size_t size, ImageInfo *ret)
{
    return capo_image_read(read_bytes, &(Bytes){ bytes, size }, ret);
}

static size_t read_descriptor(void *context, int64_t offset, void *into, size_t size)
{
    ssize_t n;
    do
        n = pread(*(const int *)context, into, size, offset);
    while (n < 0 && errno == EINTR);
    return n < 0 ? 0 : (size_t)n;
}

bool capo_image_file(const char *path, ImageInfo *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    bool good = capo_image_read(read_descriptor, &fd, ret);
    close(fd);
    return good;
}
