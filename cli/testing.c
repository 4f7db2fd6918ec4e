/* SPDX-License-Identifier: BSD-3-Clause */
/* The test runner: each test is a unit of work in a fiber of its own, and what it raises is its failure. */
#include <capo/testing.h>
#include <capo/loop.h>
#include <capo/unit.h>
#include "testing_internal.h"
#include "../core/base/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static TestCase *first_test, **last_test = &first_test;
/* A failed expectation raises with this code, which no code under test uses. */
enum { ERROR_TEST = 5000, SLOW_SECONDS = 2 };

void capo_test_register(TestCase *test)
{
    *last_test = test;
    last_test = &test->next;
}

void capo_test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = capo_vformat(format, args);
    va_end(args);
    capo_raise_at(file, line, "test", ERROR_TEST, NULL, "%s", message);
}

void capo_expect_int(const char *file, int line, const char *what, long long actual, long long wanted)
{
    if (actual != wanted)
        capo_test_fail(file, line, "%s is %lld, wanted %lld", what, actual, wanted);
}

void capo_expect_text(const char *file, int line, const char *what, const char *actual, const char *wanted)
{
    if (!actual || !wanted ? actual != wanted : strcmp(actual, wanted) != 0)
        capo_test_fail(file, line, "%s is\n    %s\nwanted\n    %s", what, actual ? actual : "NULL", wanted ? wanted : "NULL");
}

const Error *capo_expect_raises(const char *file, int line, int code, void (*function)(void *), void *argument)
{
    const Error *error = capo_try(function, argument);
    if (!error)
        capo_test_fail(file, line, "expected %s (%d) to be raised, and nothing was", capo_error_name(code), code);
    if (error->code == ERROR_TEST)
        capo_reraise(error);
    if (error->code != code)
        capo_test_fail(file, line, "expected %s (%d) to be raised, got %s (%d): %s (%s:%d)", capo_error_name(code), code, error->name,
                       error->code, error->message, error->file, error->line);
    return error;
}

static void let_time_run(void *unused)
{
    (void)unused;
    capo_clock_frozen = INT64_MIN;
}

void capo_freeze_time(DateTime now)
{
    if (capo_clock_frozen == INT64_MIN)
        capo_defer(let_time_run, NULL);
    capo_clock_frozen = now.microseconds;
}

int64_t capo_test_cpu_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

typedef struct TestRun { TestCase *test; void (*run)(TestCase *test); } TestRun;

static void call_test(void *argument)
{
    TestRun *run = argument;
    if (run->run)
        run->run(run->test);
    else
        run->test->run();
}

static bool is_called(const TestCase *test, const char *part)
{
    return strstr(test->name, part) || strstr(test->file, part);
}

void capo_refuse_unknown_tests(const char *const *only)
{
    for (; only && *only; only++) {
        const TestCase *test = first_test;
        while (test && !is_called(test, *only))
            test = test->next;
        if (!test)
            capo_raise(ERROR_COMMAND, "There is no test whose name or file has '%s' in it; --list names them.", *only);
    }
}

int capo_run_tests(const char *const *only, void (*run)(TestCase *test), bool list)
{
    int passed = 0, failed = 0;
    for (TestCase *test = first_test; test; test = test->next) {
        bool wanted = !only || !only[0];
        for (const char *const *o = only; o && *o && !wanted; o++)
            wanted = is_called(test, *o);
        if (!wanted)
            continue;
        if (list) {
            printf("%s\n", test->name);
            continue;
        }
        TestRun this_run = { test, run };
        int64_t start = capo_monotonic_us();
        const Error *error = capo_fiber_main(test->name, call_test, &this_run);
        double seconds = (double)(capo_monotonic_us() - start) / 1e6;
        if (seconds > SLOW_SECONDS)
            printf("slow: %s took %.1f s\n", test->name, seconds);
        if (error) {
            failed++;
            printf("FAILED %s (%s:%d)\n  %s:%d: %s%s%s\n", test->name, test->file, test->line, error->file, error->line,
                   error->code == ERROR_TEST ? "" : error->name, error->code == ERROR_TEST ? "" : ": ", error->message);
        } else {
            passed++;
        }
        fflush(stdout);
    }
    if (!list)
        printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
