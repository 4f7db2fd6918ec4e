/* SPDX-License-Identifier: BSD-3-Clause */
/* test: every test in a transaction of its own on a scratch database, which is rolled back. */
#include <capo.h>
#include "cli_internal.h"
#include "testing_internal.h"


static void run_rolled_back(TestCase *test)
{
    capo_begin(.for_test = true);
    test->run();
    capo_rollback();
}

size_t capo_test_query_count(void)
{
    size_t n = 0;
    capo_logged_queries(&n);
    return n;
}

int cli_test(void)
{
    bool list = capo_option_set("--list");
    if (!list)
        capo_migrate(&(MigrateOptions){ .run_syncdb = true });
    return capo_run_tests(capo_option_values("name"), run_rolled_back, list);
}
