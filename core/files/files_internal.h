/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of core/files share, and what core/web asks of them. */
#pragma once
#include <capo/storage.h>

/* --- beneath.c: names that stay below a folder ------------------------------------------------------------------------------- */

enum { STORED_NAME_LIMIT = 1024, STORED_PART_LIMIT = 255 };

/* Relative, parts between single slashes, no part that begins with '.', no backslash, no control character. */
bool file_name_is_safe(const char *name);
/* openat() below the folder, whatever links and dots the name holds; -1 with errno. The name is safe already; "" is the folder itself. */
int open_beneath(int folder, const char *name, int flags);

/* --- storage.c --------------------------------------------------------------------------------------------------------------- */

/* The address with a signature: core/web has the key. NULL until there are settings. */
typedef char *UrlSigner(const FileStorage *storage, const char *name, const char *url);
extern UrlSigner *storage_url_signer;
