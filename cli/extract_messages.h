/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts that sources want translated, as makemessages collects them. */
#pragma once
#include "../core/i18n/po.h"
#include <capo/value.h>

typedef struct FoundTexts { PoText *texts; size_t count, capacity; Map *by_key; } FoundTexts;

/* Notes a text of this place; one that was found before gets one more place. */
void found_add(FoundTexts *found, const char *context, const char *one, const char *many, const char *path, int line);
/* Texts of C: constant arguments of capo_gettext, capo_ngettext, capo_pgettext, capo_npgettext, CAPO_NOOP and _. Linear. */
void extract_from_c(FoundTexts *found, const char *path, const char *text, size_t size);
