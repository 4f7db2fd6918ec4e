/* SPDX-License-Identifier: BSD-3-Clause */
/* test: every test in a transaction of its own on a scratch database, which is rolled back; files go to a scratch folder. */
#include <capo.h>
#include "cli_internal.h"
#include "testing_internal.h"
#include "../orm/internal.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const *aliases;

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

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

static void remove_files(void *folder)
{
    capo_storages_move(NULL);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int cli_test(void)
{
    static char folder[] = "/tmp/capo-test-files-XXXXXX";       /* mkdtemp's pattern: it puts the name in */
    capo_refuse_unknown_tests(capo_option_values("name"));
    if (capo_option_set("--list"))
        return capo_run_tests(capo_option_values("name"), run_rolled_back, true);
    if (!mkdtemp(folder))
        capo_raise(ERROR_COMMAND, "There is no folder for the files of the tests: /tmp cannot be written to.");
    capo_defer(remove_files, folder);
    capo_storages_move(folder);             /* what tests upload is not the site's */
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
