/* SPDX-License-Identifier: BSD-3-Clause */
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <stdlib.h>
#include <string.h>

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

static void empty_mysql(void)
{
    capo_begin();                               /* one connection for all of it */
    capo_sql_run("SET FOREIGN_KEY_CHECKS = 0");
    ResultSet *tables = capo_database_run("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()", NULL, 0, DATABASE_READ);
    for (size_t i = 0; i < tables->n_rows; i++)
        capo_sql_run(capo_format("DROP %s %s", strcmp(capo_to_text(capo_cell(tables, i, 1)), "VIEW") ? "TABLE" : "VIEW",
                                 capo_quote_name(capo_to_text(capo_cell(tables, i, 0)))));
    capo_sql_run("SET FOREIGN_KEY_CHECKS = 1");
    capo_commit();
}

static void empty_postgresql(void)
{
    capo_begin();
    capo_sql_run("DROP SCHEMA public CASCADE");
    capo_sql_run("CREATE SCHEMA public");
    capo_sql_run("CREATE EXTENSION pgcrypto");  /* SHA-224 and its like */
    capo_commit();
}

void open_empty_database(void)
{
    const char *url = getenv("CAPO_TEST_DATABASE");
    capo_database_open(url && *url ? url : "sqlite::memory:");
    capo_defer(close_database, NULL);
    if (!url || !*url)
        return;
    const char *name = strrchr(url, '/');
    if (!name || strncmp(name, "/test", 5))
        capo_bug("CAPO_TEST_DATABASE is emptied by the tests: its database must be called test…, not \"%s\"", name ? name + 1 : url);
    if (database_is("mysql"))
        empty_mysql();
    else if (database_is("postgresql"))
        empty_postgresql();
}

bool database_is(const char *kind)
{
    return !strcmp(capo_backend_name(), kind);
}

bool database_is_oracle_mysql(void) { return capo_dialect() == &capo_mysql_dialect; }
