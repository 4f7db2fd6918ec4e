/* SPDX-License-Identifier: BSD-3-Clause */
/* The database that tests of the ORM and of migrations run on. tests/suites/orm runs them once for each kind. */
#pragma once
#include <stdbool.h>

/* Opens the database of CAPO_TEST_DATABASE, a URL, and empties it: its name must begin with "test". Without the variable it is SQLite
 * in memory. It is closed when the test ends. */
void open_empty_database(void);

/* Whether it is "sqlite", "postgresql" or "mysql". */
bool database_is(const char *kind);
/* "mysql" is MariaDB or MySQL; this one is MySQL. */
bool database_is_oracle_mysql(void);
