/* SPDX-License-Identifier: BSD-3-Clause */
/* The supervisor and its workers, in a child process: workers that crash, stop and are replaced. */
#include "server_under_test.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int report_fd;

static void report_address(const char *address)
{
    ssize_t n = write(report_fd, address, strlen(address));
    (void)n;
}

typedef struct Running { pid_t pid; int log_fd; } Running;

static void end_running(void *argument)
{
    Running *running = argument;
    if (running->pid > 0) {
        kill(running->pid, SIGKILL);
        waitpid(running->pid, NULL, 0);
    }
    close(running->log_fd);
}

static void supervised(void *argument)
{
    (void)argument;
    int status = capo_serve(&(ServeOptions){ .binds = LIST("127.0.0.1:0"), .workers = 2, .handle = site, .ready = report_address });
    _exit(status);
}

/* A supervisor with two workers in a child; its address in server_address. */
static Running *start_supervisor(void (*body)(void *))
{
    int address[2], log[2];
    EXPECT(pipe(address) == 0 && pipe(log) == 0);
    Running *running = capo_alloc_struct(Running);
    capo_server_limits = quick;
    running->pid = fork();
    if (running->pid == 0) {
        close(address[0]);
        close(log[0]);
        dup2(log[1], 2);
        report_fd = address[1];
        capo_loop_after_fork();
        const Error *error = capo_try(body, NULL);
        if (error)
            fprintf(stderr, "%s\n", error->message);
        _exit(9);
    }
    close(address[1]);
    close(log[1]);
    running->log_fd = log[0];
    fcntl(log[0], F_SETFL, O_NONBLOCK);
    capo_defer(end_running, running);
    EXPECT(fiber_wait(address[0], WAIT_READ, 10000));
    ssize_t n = read(address[0], server_address, sizeof server_address - 1);
    EXPECT(n > 0);
    server_address[n] = 0;
    close(address[0]);
    return running;
}

static int await_exit(Running *running)
{
    int status = -1;
    for (int i = 0; i < 1000; i++) {
        if (waitpid(running->pid, &status, WNOHANG) == running->pid) {
            running->pid = 0;
            return status;
        }
        capo_sleep(0.01);
    }
    return -1;
}

static const char *log_so_far(Running *running)
{
    char *text = capo_alloc(65536);
    size_t used = 0;
    ssize_t n;
    while ((n = read(running->log_fd, text + used, 65535 - used)) > 0)
        used += (size_t)n;
    return text;
}

TEST(server_workers_are_replaced_when_they_crash)
{
    Running *running = start_supervisor(supervised);
    for (int i = 0; i < 3; i++) {
        Wire wire = dial();
        say(&wire, "GET /crash HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_INT(answer(&wire).status, 0);
        close(wire.fd);
        EXPECT_TEXT(fetch("/").body, "hello\n");
    }
    capo_sleep(0.3);
    EXPECT_TEXT(fetch("/").body, "hello\n");
    const char *log = log_so_far(running);
    EXPECT(strstr(log, "another one is started"));
#ifndef __SANITIZE_ADDRESS__
    EXPECT(strstr(log, "crashed with SIGSEGV (bad memory access) in GET /crash"));
#endif
    kill(running->pid, SIGTERM);
    int status = await_exit(running);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(server_supervisor_stops_gracefully)
{
    Running *running = start_supervisor(supervised);
    Wire wire = dial();
    say(&wire, "GET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n");
    capo_sleep(0.05);
    kill(running->pid, SIGINT);
    EXPECT_TEXT(answer(&wire).body, "slow\n");
    int status = await_exit(running);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(wire.fd);
}

TEST(server_hup_replaces_the_workers)
{
    Running *running = start_supervisor(supervised);
    Wire wire = dial();
    say(&wire, "GET /slow?ms=300 HTTP/1.1\r\nHost: a\r\n\r\n");
    int old = 0, fresh = 0;
    for (int i = 0; i < 20; i++) {
        int pid = atoi(fetch("/pid").body);
        if (pid > old)
            old = pid;
    }
    EXPECT(old > 0);
    kill(running->pid, SIGHUP);
    for (int i = 0; i < 200 && fresh <= old; i++) {
        Answer got = fetch("/pid");
        EXPECT_INT(got.status, 200);            /* none is refused meanwhile */
        fresh = atoi(got.body);
        capo_sleep(0.005);
    }
    EXPECT(fresh > old);
    EXPECT_TEXT(answer(&wire).body, "slow\n");
    kill(running->pid, SIGTERM);
    int status = await_exit(running);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(wire.fd);
}

static void fail_to_start(void)
{
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "nothing is as it should be");
}

static void supervised_badly(void *argument)
{
    (void)argument;
    _exit(capo_serve(&(ServeOptions){ .binds = LIST("127.0.0.1:0"), .workers = 2, .handle = site, .ready = report_address,
                                      .worker_start = fail_to_start }));
}

TEST(server_gives_up_when_workers_cannot_start)
{
    Running *running = start_supervisor(supervised_badly);
    int status = await_exit(running);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    EXPECT(strstr(log_so_far(running), "a worker could not start: nothing is as it should be"));
}
