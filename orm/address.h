/* SPDX-License-Identifier: BSD-3-Clause */
/* Between address.c, which takes a database's URL apart, and address_options.c, which knows what may stand behind its '?'. */
#pragma once
#include "pool.h"

/* Decoded: "%2F" is '/', RFC 3986; a '+' stays what it is. Raises for a '%' without two digits, or a NUL; `what` says where. */
char *address_part(Arena *arena, const char *what, const char *text, size_t size);
/* Raises for an option that the backend does not know, and for a value that is none. */
void address_take_options(Arena *arena, DatabaseAddress *address, const Backend *backend, const char *query);
