/* SPDX-License-Identifier: BSD-3-Clause */
/* Capo's own unit tests: build/tests/unit [part of a test's or file's name]… */
#include "../../cli/testing_internal.h"
#include <string.h>

/* For tests that share one function: see test_template_files.c. */
TestCase *running_test;

static void run_test(TestCase *test)
{
    running_test = test;
    test->run();
}

int main(int argc, char **argv)
{
    bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
    return capo_run_tests((const char *const *)argv + 1 + list, run_test, list);
}
