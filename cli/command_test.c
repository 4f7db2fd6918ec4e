/* SPDX-License-Identifier: BSD-3-Clause */
/* test: every test in a transaction of its own on a scratch database, which is rolled back. */
#include <capo.h>
#include "cli_internal.h"
#include "testing_internal.h"
#include "../orm/internal.h"

static const char *const *aliases;

/* In a transaction of each database. */
static void run_rolled_back(TestCase *test)
{
    for (const char *const *alias = aliases; *alias; alias++)
        capo_begin(.using = *alias, .for_test = true);
    test->run();
    for (const char *const *alias = aliases; *alias; alias++)
        capo_rollback();
}

size_t capo_test_query_count(void)
{
    size_t n = 0;
    capo_logged_queries(&n);
    return n;
}

static void drop_databases(void *unused)
{
    (void)unused;
    capo_scratch_databases_drop();
}

int cli_test(void)
{
    if (capo_option_set("--list"))
        return capo_run_tests(capo_option_values("name"), run_rolled_back, true);
    capo_defer(drop_databases, NULL);
    capo_scratch_databases_open();
    aliases = capo_scratch_databases();
    for (const char *const *alias = aliases; *alias; alias++) {
        capo_use_database(*alias);
        capo_migrate(&(MigrateOptions){ .run_syncdb = true });
    }
    capo_use_database(NULL);
    return capo_run_tests(capo_option_values("name"), run_rolled_back, false);
}
