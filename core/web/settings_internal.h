/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of core/web share about settings: memory for the life of the process, .env, and the key file. */
#pragma once
#include <capo/arena.h>
#include <capo/web.h>

/* Settings, routes and other things made once at start. A second capo_settings_init (tests) adds to it; nothing is taken back,
 * so that what earlier settings pointed to stays valid. */
Arena *settings_arena(void);
char *settings_strdup(const char *text);

/* Whether DEBUG is on; false before there are settings. */
bool settings_debug(void);

/* Reads .env of the working directory again. Raises ERROR_IMPROPERLY_CONFIGURED for a line that is none. */
void environment_load(void);
/* The key of .capo-secret-key in the working directory, made at first use (DEBUG only). */
const char *environment_debug_key(void);

/* Compiles settings' route table; raises ERROR_IMPROPERLY_CONFIGURED. In routes.c. */
void routes_compile(const Settings *settings);
/* Joins settings' policies to texts; raises ERROR_IMPROPERLY_CONFIGURED. In csp.c. */
void csp_configure(const Settings *settings);
/* Tells core/i18n what these settings say; `declared` has no defaults filled in. In locale.c. */
void locale_configure(const Settings *settings, const Settings *declared);
/* A file of the project below a folder of any name, embedded or from disk. In files.c. */
const SourceFile *file_beneath(const char *directory, const char *name);
/* The address with a signature of its storage and name. In media.c. */
struct FileStorage;
char *media_sign_url(const struct FileStorage *storage, const char *name, const char *url);
