/* SPDX-License-Identifier: BSD-3-Clause */
/* Headers of images: sizes of each kind, and what is none. The fuzzer (tests/fuzz/fuzz_image.c) looks for the rest. */
#include "files_fixture.h"
#include <string.h>
#include <unistd.h>

#define IMAGE(bytes_) bytes_, sizeof(bytes_) - 1
#define JPEG_START "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define JPEG_FRAME "\xff\xc2\0\x11\x08\x01\xe0\x02\x80\3\1\x22\0\2\x11\1\3\x11\1"

TEST(images_have_their_size)
{
    static const struct { const char *bytes; size_t size; const char *format; int width, height; } images[] = {
        { IMAGE("GIF89a\5\0\4\0\x80\0\0"), "GIF", 5, 4 }, { IMAGE("GIF87a\0\1\1\0\x80\0\0"), "GIF", 256, 1 },
        { IMAGE(JPEG_START JPEG_FRAME), "JPEG", 640, 480 },
        { IMAGE(JPEG_START "\xff\xff\xfe\0\6note" JPEG_FRAME), "JPEG", 640, 480 },
        { IMAGE("RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\1\0\x9d\1\x2a\x10\0\x08\0\0\0"), "WEBP", 16, 8 },
        { IMAGE("RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x0f\xc0\1\0\0\0\0\0\0"), "WEBP", 16, 8 },
        { IMAGE("RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x0f\0\0\7\0\0"), "WEBP", 16, 8 },
        { IMAGE("BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\5\0\0\0\xfc\xff\xff\xff\1\0\x18\0\0\0\0\0"), "BMP", 5, 4 },
        { IMAGE("BM\x3a\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\5\0\4\0\1\0\x18\0\0\0\0\0"), "BMP", 5, 4 },
    };
    ImageInfo image;
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        EXPECT(capo_image_info(images[i].bytes, images[i].size, &image));
        EXPECT_TEXT(image.format, images[i].format);
        EXPECT_INT(image.width, images[i].width);
        EXPECT_INT(image.height, images[i].height);
        EXPECT(capo_starts_with(image.media_type, "image/"));
    }
    Picture png = png_of(30, 20);
    EXPECT(capo_image_info(png.bytes, png.size, &image));
    EXPECT_INT(image.width * 100 + image.height, 3020);
}

TEST(images_sec115_what_is_none)
{
    static const struct { const char *bytes; size_t size; } others[] = {
        { IMAGE("") }, { IMAGE("<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>") }, { IMAGE("%PDF-1.7") }, { IMAGE("GIF89a") },
        { IMAGE("GIF89b\5\0\4\0\x80\0\0") }, { IMAGE("GIF89a\0\0\4\0\x80\0\0") }, { IMAGE("\xff\xd8\xff\xda\0\x0c") }, { IMAGE(JPEG_START "\xff\xd9") },
        { IMAGE(JPEG_START "\xff\xc0\0\x11\x08\0\0\x02\x80\3") }, { IMAGE(JPEG_START "\xff\xc0\0\7\x08\0\1\0\1\3") }, { IMAGE(JPEG_START "junk" JPEG_FRAME) },
        { IMAGE("RIFF\x24\0\0\0WAVEfmt \x18\0\0\0\x30\1\0\x9d\1\x2a\x10\0\x08\0\0\0") },
        { IMAGE("BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\5\0\0\0\0\0\0\x80\1\0\x18\0\0\0\0\0") },
    };
    ImageInfo image = { .width = 7 };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        EXPECT(!capo_image_info(others[i].bytes, others[i].size, &image));
    Picture png = png_of(30, 20), wide = png_of(100000, 100000), long_ = png_of(0x7fffffff, 0x7fffffff), none = png_of(0, 5);
    for (size_t size = 0; size < 33; size++)
        EXPECT(!capo_image_info(png.bytes, size, &image));
    png.bytes[18] ^= 1;                                             /* its checksum is wrong now */
    EXPECT(!capo_image_info(png.bytes, png.size, &image));
    EXPECT(!capo_image_info(wide.bytes, wide.size, &image) && !capo_image_info(long_.bytes, long_.size, &image) && !capo_image_info(none.bytes, none.size, &image));
    EXPECT_INT(image.width, 7);
}

typedef struct Endless { int reads; } Endless;

/* A JPEG whose comments never end. */
static size_t endless(void *context, int64_t offset, void *into, size_t size)
{
    static const char start[] = "\xff\xd8\xff\xfe\0\2";
    ((Endless *)context)->reads++;
    for (size_t i = 0; i < size; i++)
        ((char *)into)[i] = offset + (int64_t)i < 2 ? start[offset + (int64_t)i] : start[2 + (offset + (int64_t)i - 2) % 4];
    return size;
}

TEST(images_are_read_in_few_pieces)
{
    Endless about = { 0 };
    ImageInfo image;
    EXPECT(!capo_image_read(endless, &about, &image));
    EXPECT_INT(about.reads, IMAGE_MAX_READS);
    EXPECT(!capo_image_file("/nowhere/at/all.png", &image));
    EXPECT(!capo_image_file("/tmp", &image));
}
