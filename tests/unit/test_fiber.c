/* SPDX-License-Identifier: BSD-3-Clause */
/* Fibers: start, wait, wake, cancel, locks, offload, errors and stacks. Each test is itself a fiber of the runner. */
#include <capo/testing.h>
#include <capo/loop.h>
#include <capo/unit.h>
#include "../../core/loop/loop_internal.h"
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static Buffer *trace;

static void put_trace(const char *text)
{
    capo_put(trace, text);
}

/* What a fiber of a test shares with it. */
typedef struct Job {
    Fiber *waiting;             /* woken when `left` is 0 */
    int left;
    int steps;
    const char *name;
    Fiber *fiber;
    int error_code;
    bool flag;
    FiberLock *lock;
    int fd;
    char text[64];
} Job;

static void job_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Job *job = argument;
    job->error_code = error ? error->code : 0;
    job->left--;
    if (job->waiting)
        fiber_wake(job->waiting);
}

/* Waits until the job's fiber ended. */
static void await(Job *job)
{
    job->waiting = capo_fiber_current();
    while (job->left > 0)
        fiber_park(2000);
}

static void start(Job *job, void (*function)(void *))
{
    job->left++;
    job->fiber = capo_fiber_start("test job", function, job, job_done, false);
}

TEST(fiber_runs_tests_in_fibers)
{
    EXPECT(capo_fiber_current() != NULL);
    EXPECT(capo_unit != NULL);
    EXPECT(capo_stack_left() > 100 * 1024 && capo_stack_left() < 1 << 30);
}

static void three_steps(void *argument)
{
    Job *job = argument;
    char *name = capo_strdup(job->name);        /* of this fiber's own unit */
    for (int i = 0; i < 3; i++) {
        memcpy(job->text + strlen(job->text), name, strlen(name) + 1);
        fiber_yield();
    }
}

TEST(fiber_yield_takes_turns)
{
    char shared[64] = "";
    Buffer out = { 0 };
    trace = &out;
    put_trace("");
    Job a = { .name = "a" }, b = { .name = "b" };
    start(&a, three_steps);
    start(&b, three_steps);
    Unit *mine = capo_unit;
    await(&a);
    await(&b);
    EXPECT(capo_unit == mine);
    EXPECT_TEXT(a.text, "aaa");
    EXPECT_TEXT(b.text, "bbb");
    (void)shared;
}

static void order_step(void *argument)
{
    Job *job = argument;
    for (int i = 0; i < 3; i++) {
        EXPECT(job->steps == i);
        job->steps++;
        fiber_yield();
    }
    put_trace(job->name);
}

TEST(fiber_order_is_first_come_first_served)
{
    Buffer out = { 0 };
    capo_buffer_reserve(&out, 16);
    trace = &out;
    Job a = { .name = "a" }, b = { .name = "b" }, c = { .name = "c" };
    start(&a, order_step);
    start(&b, order_step);
    start(&c, order_step);
    await(&c);
    EXPECT_TEXT(capo_buffer_text(&out), "abc");
}

static void raiser(void *argument)
{
    Job *job = argument;
    fiber_yield();
    capo_raise(404, "nothing called %s", job->name);
}

TEST(fiber_error_reaches_done)
{
    Job job = { .name = "x" };
    start(&job, raiser);
    await(&job);
    EXPECT_INT(job.error_code, 404);
}

static void set_flag(void *argument)
{
    ((Job *)argument)->flag = true;
}

static void slow_set_flag(void *argument)
{
    capo_sleep(0.005);          /* a cleanup may wait: it runs in the fiber */
    ((Job *)argument)->flag = true;
}

static void with_cleanup(void *argument)
{
    capo_defer(slow_set_flag, argument);
}

TEST(fiber_cleanups_may_wait)
{
    Job job = { 0 };
    start(&job, with_cleanup);
    await(&job);
    EXPECT(job.flag);
    EXPECT_INT(job.error_code, 0);
}

static void read_pipe(void *argument)
{
    Job *job = argument;
    int ready = fiber_wait(job->fd, WAIT_READ, 5000);
    job->steps = ready;
    ssize_t n = read(job->fd, job->text, sizeof job->text - 1);
    job->text[n > 0 ? n : 0] = 0;
}

TEST(fiber_wait_sees_a_pipe)
{
    int ends[2];
    EXPECT(pipe(ends) == 0);
    Job job = { .fd = ends[0] };
    start(&job, read_pipe);
    capo_sleep(0.01);
    EXPECT_INT(job.left, 1);
    EXPECT(write(ends[1], "hello", 5) == 5);
    await(&job);
    EXPECT_TEXT(job.text, "hello");
    EXPECT_INT(job.steps, WAIT_READ);
    EXPECT_INT(fiber_wait(ends[1], WAIT_READ | WAIT_WRITE, 1000), WAIT_WRITE);
    EXPECT_INT(fiber_wait(ends[0], WAIT_READ, 10), 0);
    close(ends[0]);
    close(ends[1]);
}

TEST(fiber_sleep_takes_its_time)
{
    int64_t before = capo_monotonic_us();
    capo_sleep(0.03);
    int64_t took = capo_monotonic_us() - before;
    EXPECT(took >= 29000 && took < 2000000);
}

static void park_for_ever(void *argument)
{
    Job *job = argument;
    capo_defer(set_flag, job);
    fiber_park(-1);
    job->steps = 99;
}

TEST(fiber_cancel_raises_in_the_wait)
{
    Job job = { 0 };
    start(&job, park_for_ever);
    fiber_yield();
    EXPECT(!job.flag);
    fiber_cancel(job.fiber);
    await(&job);
    EXPECT_INT(job.error_code, ERROR_ABORTED);
    EXPECT(job.flag);
    EXPECT_INT(job.steps, 0);
}

TEST(fiber_cancel_before_the_start)
{
    Job job = { 0 };
    start(&job, park_for_ever);
    fiber_cancel(job.fiber);
    await(&job);
    EXPECT_INT(job.error_code, ERROR_ABORTED);
}

TEST(fiber_park_times_out_and_remembers_a_wake)
{
    EXPECT(!fiber_park(5));
    fiber_wake(capo_fiber_current());
    EXPECT(fiber_park(-1));
    EXPECT(!fiber_park(1));
}

static void hold_lock(void *argument)
{
    Job *job = argument;
    fiber_lock(job->lock, 2000);
    put_trace(job->name);
    capo_sleep(0.005);
    put_trace(job->name);
    fiber_unlock(job->lock);
}

static void lock_briefly(void *argument)
{
    Job *job = argument;
    fiber_lock(job->lock, 5);
    job->flag = true;
}

TEST(fiber_lock_is_exclusive_and_fair)
{
    Buffer out = { 0 };
    capo_buffer_reserve(&out, 16);
    trace = &out;
    FiberLock lock = { 0 };
    Job a = { .name = "a", .lock = &lock }, b = { .name = "b", .lock = &lock }, c = { .name = "c", .lock = &lock };
    start(&a, hold_lock);
    start(&b, hold_lock);
    start(&c, hold_lock);
    await(&c);
    EXPECT_TEXT(capo_buffer_text(&out), "aabbcc");
    EXPECT(lock.owner == NULL);
}

TEST(fiber_lock_times_out_with_503)
{
    FiberLock lock = { 0 };
    fiber_lock(&lock, 0);
    Job job = { .lock = &lock };
    start(&job, lock_briefly);
    await(&job);
    EXPECT_INT(job.error_code, 503);
    EXPECT(!job.flag && lock.first == NULL && lock.last == NULL);
    fiber_unlock(&lock);
}

TEST(fiber_cancel_leaves_the_lock_queue_whole)
{
    FiberLock lock = { 0 };
    fiber_lock(&lock, 0);
    Job first = { .lock = &lock }, second = { .lock = &lock, .name = "s" };
    Buffer out = { 0 };
    capo_buffer_reserve(&out, 16);
    trace = &out;
    start(&first, hold_lock);
    start(&second, hold_lock);
    fiber_yield();
    fiber_cancel(first.fiber);
    await(&first);
    EXPECT_INT(first.error_code, ERROR_ABORTED);
    fiber_unlock(&lock);
    await(&second);
    EXPECT_TEXT(capo_buffer_text(&out), "ss");
    EXPECT(lock.owner == NULL);
}

static void slow_job(void *argument)
{
    Job *job = argument;
    usleep(20000);
    job->flag = capo_unit == NULL;
}

static void offloader(void *argument)
{
    capo_offload(slow_job, argument);
    ((Job *)argument)->steps = 1;
}

TEST(fiber_offload_leaves_the_loop_free)
{
    Job jobs[5] = { { 0 } };
    for (int i = 0; i < 5; i++)
        start(&jobs[i], offloader);
    int turns = 0;
    while (jobs[4].left > 0 && turns < 10000) {
        capo_sleep(0.001);
        turns++;
    }
    for (int i = 0; i < 5; i++) {
        await(&jobs[i]);
        EXPECT(jobs[i].flag);
        EXPECT_INT(jobs[i].steps, 1);
    }
    EXPECT(turns >= 5);
}

TEST(fiber_cancel_waits_for_the_offloaded_job)
{
    Job job = { 0 };
    start(&job, offloader);
    fiber_yield();
    fiber_cancel(job.fiber);
    await(&job);
    EXPECT(job.flag);                           /* it ran to its end */
    EXPECT_INT(job.steps, 0);
    EXPECT_INT(job.error_code, ERROR_ABORTED);
}

static volatile bool deeper = true;         /* so that no compiler warns of what is meant here */

static int descend(int depth)
{
    volatile char local[512];
    local[0] = (char)depth;
    capo_stack_check(16 * 1024, "a test");
    return deeper ? descend(depth + 1) + local[0] : 0;
}

static void recurse(void *argument)
{
    (void)argument;
    descend(0);
}

TEST(fiber_stack_check_raises)
{
    const Error *error = capo_try(recurse, NULL);
    EXPECT(error && error->code == 500);
    EXPECT(strstr(error->message, "nested too deeply") != NULL);
}

static void nothing(void *argument)
{
    (void)argument;
}

TEST(fiber_many_reuse_their_stacks)
{
    size_t before = capo_fiber_count();
    Job jobs[300] = { { 0 } };
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++)
            start(&jobs[i], nothing);
        for (int i = 0; i < 300; i++)
            await(&jobs[i]);
    }
    EXPECT_INT(capo_fiber_count(), before);
}

static void says_no(void *argument)
{
    (void)argument;
    capo_raise(ERROR_COMMAND, "no such %s", "thing");
}

/* In a child: what fails there must not end the tests. Its exit status. */
static int in_child(void (*function)(void), char *ret_output, size_t size)
{
    int ends[2];
    EXPECT(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        dup2(ends[1], 2);
        capo_loop_after_fork();
        function();
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t n;
    while ((n = read(ends[0], ret_output + used, size - 1 - used)) > 0)
        used += (size_t)n;
    ret_output[used] = 0;
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    return status;
}

TEST(fiber_main_gives_the_error)
{
    const Error *error = capo_fiber_main("command", says_no, NULL);
    EXPECT(error != NULL);
    EXPECT_INT(error->code, ERROR_COMMAND);
    EXPECT_TEXT(error->message, "no such thing");
    EXPECT(capo_fiber_main("command", nothing, NULL) == NULL);
}

static void hears_no(void *unused)
{
    (void)unused;
    capo_fiber_main("inner", says_no, NULL);
}

/* The sanitizers' leak check tells whether the inner one's error is given back. */
TEST(fiber_main_inside_another_leaves_no_error_behind)
{
    EXPECT(capo_fiber_main("outer", hears_no, NULL) == NULL);
}

static void block_the_loop(void)
{
    capo_watchdog_start(0);
    capo_unit->what = "GET /slow/";
    int64_t until = capo_monotonic_us() + 600000;
    while (capo_monotonic_us() < until)
        ;
}

/* SEC-065: a view that does not yield is named while it does so. */
TEST(fiber_watchdog_names_who_holds_the_loop_sec065)
{
    char output[1000];
    int status = in_child(block_the_loop, output, sizeof output);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(strstr(output, "GET /slow/ has held the loop for ") != NULL);
    EXPECT(strstr(strstr(output, "has held") + 1, "has held") == NULL);
}

static void block_for_ever(void)
{
    signal(SIGABRT, SIG_DFL);
    capo_watchdog_start(1);
    capo_unit->what = "GET /endless/";
    for (;;)
        ;
}

TEST(fiber_watchdog_ends_an_endless_loop_sec065)
{
    char output[8000];
    int status = in_child(block_for_ever, output, sizeof output);
    EXPECT(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
    EXPECT(strstr(output, "GET /endless/ has held the loop") != NULL);
    EXPECT(strstr(output, "this worker is ended") != NULL);
}

static int endless(volatile char *above)
{
    volatile char local[4096];
    local[0] = above[0];
    return deeper ? endless(local) + local[1] : 0;
}

static void overflow(void)
{
    capo_crash_handler_install();
    capo_unit->what = "GET /deep/";
    char top = 0;
    endless(&top);
}

TEST(fiber_overflow_is_reported_as_one)
{
    char output[20000];
    int status = in_child(overflow, output, sizeof output);
    if (LOOP_HAS_ASAN) {            /* the sanitizer's report takes its place */
        EXPECT(strstr(output, "stack-overflow") != NULL);
        return;
    }
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    EXPECT(strstr(output, "crashed with SIGSEGV (bad memory access) in GET /deep/: its stack overflowed") != NULL);
}
