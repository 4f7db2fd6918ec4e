/* SPDX-License-Identifier: BSD-3-Clause */
#include "files_fixture.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void remove_folder(void *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void ordinary_storages(void *unused)
{
    (void)unused;
    capo_storages_configure(NULL, "media", "/media/");
}

const char *files_folder(void)
{
    char *folder = capo_strdup("/tmp/capo-files-XXXXXX");
    EXPECT(mkdtemp(folder));
    capo_defer(remove_folder, folder);
    return folder;
}

const char *files_storages(void)
{
    const char *folder = files_folder();
    capo_storages_configure(STORAGES({ "private", .location = capo_format("%s/private", folder) }, { "memory", .backend = &capo_memory_storage },
                                     { "signed", .location = capo_format("%s/signed", folder), .base_url = "/signed/", .signed_for = 60 }),
                            capo_format("%s/media", folder), "/media/");
    capo_defer(ordinary_storages, NULL);
    return capo_format("%s/media", folder);
}

static void put32(char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(number >> (24 - 8 * i));
}

Picture png_of(unsigned width, unsigned height)
{
    Picture picture = { .size = 45 };
    memcpy(picture.bytes, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR........\x08\x02\0\0\0", 29);
    put32(picture.bytes + 16, width);
    put32(picture.bytes + 20, height);
    put32(picture.bytes + 29, (uint32_t)crc32(0, (const unsigned char *)picture.bytes + 12, 17));
    memcpy(picture.bytes + 33, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
    return picture;
}
