/* SPDX-License-Identifier: BSD-3-Clause */
/* What other commands that write migrations take from make.c. */
#pragma once
#include "migration.h"

/* The app of this name, whose files can be written here; raises ERROR_COMMAND saying why not. */
const App *make_app_to_write(const char *name);
/* Writes the file, over the old one where that is wanted; its path. */
const char *make_write(const App *app, const Migration *migration, bool over);

/* --- newest.c: the file that makes two branches a conflict --- */
/* The app has the file, and it names another migration; a sentence about it. */
bool newest_is_wrong(const MigrationGraph *graph, const App *app, const char **ret_sentence);
/* Where it is wrong, or lacks and `creates`. */
void newest_write(const MigrationGraph *graph, const App *app, bool creates);
