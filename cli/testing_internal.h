/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <capo/testing.h>

/* Runs the registered tests whose name or file has one of `only` in it (NULL or empty: all), prints the failures and
 * "N passed, N failed"; the exit status. `run`, where given, is called around each: it must call test->run(). */
int capo_run_tests(const char *const *only, void (*run)(TestCase *test), bool list);
/* Raises ERROR_COMMAND for the first of them that is in no test's name or file. */
void capo_refuse_unknown_tests(const char *const *only);
