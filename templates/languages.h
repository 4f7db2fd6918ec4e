/* SPDX-License-Identifier: BSD-3-Clause */
/* Languages by code. */
#pragma once
#include <stdbool.h>

typedef struct Language { const char *code, *name, *local_name; bool right_to_left; } Language;
extern const Language capo_languages[];
/* "de-at" is "de" where it has no row of its own; NULL: unknown. */
const Language *capo_language(const char *code);
