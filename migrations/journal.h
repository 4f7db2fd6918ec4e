/* SPDX-License-Identifier: BSD-3-Clause */
/* The journal of a migration on databases whose transactions do not hold DDL (MariaDB, MySQL): how far it came, statement by
 * statement, so that one that was interrupted goes on where it stopped.
 *
 *     Journal *journal = journal_open(migration, backwards);
 *     for (size_t i = journal_operation(journal); i < n; i++) {
 *         journal_begin(journal, i, operation);
 *         capo_schema_watch(editor, journal_watch(journal));       // runs what is not done yet
 *         …
 *         journal_end(journal);
 *     }
 *     journal_close(journal);                                      // with the row in django_migrations, in the last transaction
 *
 * A statement that changes rows is in one transaction with its line in the journal. One that changes the schema is announced before it
 * runs, with a fingerprint of its table; where the journal ends with such a line, the table tells whether it was done. An operation is done
 * again from its start: what the journal has is left out, and what was looked up then is answered from it. A function runs in one transaction with
 * its line; a line of one that did not end is there only where the function changed the schema itself. */
#pragma once
#include "migration.h"

typedef struct Journal Journal;
/* Inside a transaction. Raises ERROR_MIGRATION where the migration was interrupted in the other direction, or what is done of it was edited. */
Journal *journal_open(const Migration *migration, bool backwards);
/* The first operation, in the order of running, that is not wholly done. */
size_t journal_operation(const Journal *journal);
/* Whether there was anything: the migration was interrupted. */
bool journal_resumes(const Journal *journal);
void journal_begin(Journal *journal, size_t number, const Operation *operation);
const SchemaWatch *journal_watch(Journal *journal);
void journal_end(Journal *journal);
void journal_close(Journal *journal);
/* The server refused a statement: the one that was announced is not done. Where it cannot be reached the line stays. Never raises. */
void journal_failed(const Migration *migration);

/* --- for migrate --- */
void journal_prepare(void);                                         /* makes its table, where the database needs one */
/* A migration that was interrupted, "blog.0002_x"; NULL: there is none. */
const char *journal_interrupted(bool *ret_backwards);
void journal_forget(const char *app, const char *name);
