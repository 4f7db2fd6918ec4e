/* SPDX-License-Identifier: BSD-3-Clause */
/* Between database.c and transaction.c. */
#pragma once
#include "internal.h"

/* The write connection, locked for this fiber until it is returned. */
Connection *capo_database_lend_writer(void);
void capo_database_return(Connection *connection);
/* One statement on this connection, waiting where the database is locked. Counts and logs nothing. */
bool capo_connection_run(Connection *connection, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure);
/* A transaction is open that is not the test runner's. */
bool capo_in_own_transaction(void);
/* A statement failed in the open transaction: nothing but a rollback is left to it. */
void capo_transaction_break(void);

/* From now on one connection serves all transactions and statements of this unit, until the call below or the end of the unit; then it is
 * closed, and with it go its session's settings and locks. Outside a transaction. */
void capo_database_keep(void);
void capo_database_keep_no_more(void);
