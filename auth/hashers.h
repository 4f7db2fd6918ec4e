/* SPDX-License-Identifier: BSD-3-Clause */
/* Password strings by algorithm: a row for each, and sized passwords, which may hold NULs. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { PASSWORD_LIMIT = 4096 };     /* bytes; longer ones are refused before any work */

/* As capo_verify_password. */
int password_verify_sized(const char *password, size_t size, const char *encoded, bool *ret_outdated);
/* Does the work of a verification with today's algorithm, for nothing: unknown users take as long as known ones. */
void password_waste_time(const char *password);
