/* SPDX-License-Identifier: BSD-3-Clause */
/* Between lint.c, which tells what locks, and lint_advice.c, which writes what to do instead. */
#pragma once
#include "migration.h"

/* An operation that is spoken of, and what it does on this database. */
typedef struct LintCase {
    const Migration *migration; size_t number;          /* of the operation, from 1 */
    ProjectState **states;                              /* around each operation of the migration */
    const char *sql, *statement;                        /* all of it; the one that locks */
} LintCase;
/* The lines that do the same without the lock; a text that begins behind "Instead", or NULL: there are none for this operation. */
typedef char *LintAdvice(const LintCase *of);
LintAdvice advise_index, advise_check, advise_not_null, advise_foreign_key, advise_unique;

/* The check {"field__isnull": false} of the model, by any name; NULL: it has none. */
const char *lint_not_null_check(const ModelState *model, const char *field);
