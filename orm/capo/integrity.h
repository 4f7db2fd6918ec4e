/* SPDX-License-Identifier: BSD-3-Clause */
/* Which constraint a database named when it refused a row, and the words for it.
 *
 * full_clean and forms ask before they save; between the question and the save another request may take the name. The database then
 * raises ERROR_INTEGRITY, as in Django. Here the error says which constraint it was, on all three databases:
 *
 *     const ValidationError *errors = capo_try_save(post);        // NULL: it is saved
 *     if (errors)
 *         capo_say("%s", errors->message);                        // "Post with this Slug already exists."
 *
 * and forms have capo_form_try_save(), which puts the words beside the input. */
#pragma once
#include "orm.h"

typedef enum BrokenKind { BROKEN_NOTHING, BROKEN_UNIQUE, BROKEN_CHECK, BROKEN_FOREIGN_KEY, BROKEN_NOT_NULL, BROKEN_EXCLUSION } BrokenKind;
/* As far as the database says: SQLite names no foreign key, and of unique constraints their columns; MariaDB their names. */
typedef struct BrokenConstraint {
    BrokenKind kind;
    const char *name, *table;               /* NULL: not said */
    const char *const *columns;             /* NULL: not said */
} BrokenConstraint;
/* Of an ERROR_INTEGRITY; NULL: of any other error. */
const BrokenConstraint *capo_broken_constraint(const Error *error);

/* The errors that full_clean gives where it sees the same: the constraint's .violation_message, the field's .error_messages. NULL: the
 * error is none of a constraint that the instance's model declares. */
const ValidationError *capo_integrity_errors(Instance *self, const Error *error);

/* Saves in a transaction, or a savepoint, of its own. NULL: it is saved. What is no matter of a constraint is raised. */
#define capo_try_save(object) capo_instance_try_save(&(object)->capo)
const ValidationError *capo_instance_try_save(Instance *self);
/* The transaction that inserted it was rolled back: it is new again, with the key that it had before; null: a key that the database made is gone. */
void capo_instance_unsave(Instance *self, Value key);
