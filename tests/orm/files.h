/* SPDX-License-Identifier: BSD-3-Clause */
/* The models of files.def. */
#pragma once
#include <capo.h>

/* "booklets/<title>/<name>" */
const char *booklet_name(void *album, const char *file_name);
FileStorage *sounds(void);
void only_ogg(Value value);

#define CAPO_MODELS "../../tests/orm/files.def"
#include <capo/declare_models.h>
