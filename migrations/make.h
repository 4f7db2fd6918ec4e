/* SPDX-License-Identifier: BSD-3-Clause */
/* What other commands that write migrations take from make.c. */
#pragma once
#include "migration.h"

/* The app of this name, whose files can be written here; raises ERROR_COMMAND saying why not. */
const App *make_app_to_write(const char *name);
/* Writes the file, over the old one where that is wanted; its path. */
const char *make_write(const App *app, const Migration *migration, bool over);
