/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of files share: a folder of their own, small pictures, storages. */
#pragma once
#include <capo/testing.h>
#include <capo/images.h>
#include <capo/storage.h>

/* A new folder below /tmp, removed with all that is in it when the test ends. */
const char *files_folder(void);
/* Storages for one test: "default" on disk with addresses, "private" on disk without, "memory", "signed". The folder of "default". */
const char *files_storages(void);

/* The header of a PNG of this size, and some bytes behind it. */
typedef struct Picture { char bytes[64]; size_t size; } Picture;
Picture png_of(unsigned width, unsigned height);
