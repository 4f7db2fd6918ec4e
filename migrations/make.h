/* SPDX-License-Identifier: BSD-3-Clause */
/* What other commands that write migrations take from make.c. */
#pragma once
#include "migration.h"

/* The app of this name, whose files can be written here; raises ERROR_COMMAND saying why not. */
const App *make_app_to_write(const char *name);
/* Raises ERROR_COMMAND for a name, given by a person, that is none for a file; NULL: none was given. */
void make_check_name(const char *name);
/* Writes the file, over the old one where that is wanted; its path. */
const char *make_write(const App *app, const Migration *migration, bool over);
/* One file of several, which are all written or none: where it cannot be, those before it go again. newest_write() is to come behind them. */
typedef struct Written { const char *path; struct Written *before; } Written;
void make_write_one(const App *app, const Migration *migration, bool over, Written **written);

/* --- newest.c: the file that makes two branches a conflict --- */
/* The app has the file, and it names another migration; a sentence about it. */
bool newest_is_wrong(const MigrationGraph *graph, const App *app, const char **ret_sentence);
/* Where it is wrong, or lacks and `creates`. */
void newest_write(const MigrationGraph *graph, const App *app, bool creates);

/* Says what is in the migration, as makemigrations does; `first`: of its app. */
void make_announce(const MakeOptions *options, const App *app, const Migration *migration, bool first);
/* Each path to .wrote, in the order in which they were written. */
void make_tell_paths(const MakeOptions *options, const Written *written);
/* --- update.c --- */
/* Puts what was detected into the last migration of each app; how many. */
int make_update(const MakeOptions *options, const MigrationGraph *graph, const DetectedApp *detected, size_t count);
