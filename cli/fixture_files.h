/* SPDX-License-Identifier: BSD-3-Clause */
/* Fixtures as files: found by label, read and written in pieces. */
#pragma once
#include <capo/serializers.h>
#include <capo/web.h>

typedef struct FixtureName { const char *name, *format; bool packed; } FixtureName;
/* `app`: it is inside the program, under `name`; else at `path`, NULL: standard input. */
typedef struct Fixture { const char *path, *format, *name; const App *app; } Fixture;

/* "posts", "posts.json", "blog/posts.json.gz", "/tmp/posts": in fixtures/ of each app (or of one only), in settings' .fixture_directories, then
 * as a path from here. All that are found, ends with a NULL path; two of one folder raise ERROR_COMMAND. */
Fixture *fixture_find(const char *label, const char *format, const char *only_app);
/* What is read, piece by piece, unpacked. */
void fixture_read(const Fixture *fixture, void (*take)(void *self, const char *text, size_t size), void *self);

/* A file that is there as a whole once it is finished, with the rights of the one that was there; packed where its name ends in .gz. What is no file,
 * /dev/stdout say, is written to as it is. NULL: standard output. */
typedef struct FixtureOutput FixtureOutput;
FixtureOutput *fixture_create(const char *path);
void fixture_write(void *output, const char *text, size_t size);
void fixture_finish(FixtureOutput *output);

/* --- command_fixtures.c --- */
/* All fixtures of these labels in one load; how many rows. */
int64_t fixtures_load(const char *const *labels, const char *format, const char *only_app, const LoadOptions *options, int *ret_files);
