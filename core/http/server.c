/* SPDX-License-Identifier: BSD-3-Clause */
/* capo_serve: the supervisor and its workers.
 *
 * The supervisor opens the listeners, forks, and then only waits for signals: it has no loop and serves nobody, so what kills
 * a worker never reaches it, and connections that arrive while a worker is replaced wait in the listener's queue. A worker
 * tells by one byte in a pipe that it accepts. */
#include "connection.h"
#include "listener.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_LISTENERS = 16, MAX_WORKERS = 256, STOP_SIGNALS = 3,
    ACCEPT_AT_ONCE = 8,                 /* of one listener in one turn: other workers get some */
    START_FAILED = 3,                   /* exit status of a worker whose worker_start raised */
    READY_MS = 30000, QUICK_DEATH_MS = 1000, MAX_DELAY_MS = 5000, LAST_CALL_MS = 2000,
};

static int64_t monotonic_ms(void)
{
    return capo_monotonic_us() / 1000;
}

/* --- a worker --- */

typedef struct WorkerRun {
    const ServeOptions *options;
    Listener *listeners;
    size_t n_listeners;
    struct event *accepting[MAX_LISTENERS];
    struct event *again;                /* after the descriptors ran out */
    struct event *signals[STOP_SIGNALS];
    int ready_fd;                       /* of the supervisor's pipe; negative: none */
    bool stopping, forced;
    Fiber *fiber;
} WorkerRun;

static void accept_again(evutil_socket_t fd, short events, void *argument)
{
    (void)fd, (void)events;
    WorkerRun *run = argument;
    for (size_t i = 0; i < run->n_listeners && !run->stopping; i++)
        event_add(run->accepting[i], NULL);
}

static void on_connection(evutil_socket_t listener, short events, void *argument)
{
    (void)events;
    WorkerRun *run = argument;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; struct sockaddr_storage room; } peer;
        socklen_t size = sizeof peer;
        int fd = accept4(listener, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            char address[INET6_ADDRSTRLEN] = "";
            if (peer.any.sa_family == AF_INET)
                inet_ntop(AF_INET, &peer.v4.sin_addr, address, sizeof address);
            else if (peer.any.sa_family == AF_INET6)
                inet_ntop(AF_INET6, &peer.v6.sin6_addr, address, sizeof address);
            connection_open(fd, address);
            continue;
        }
        if (errno == ECONNABORTED || errno == EINTR)
            continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* No descriptor is left: make one free if an idle connection holds it, else rest, instead of turning in circles. */
            capo_warn("No further connection can be taken: %s. Raise the limit of open files (ulimit -n), or lower max_connections.",
                      strerror(errno));
            if (!connections_close_idle()) {
                for (size_t j = 0; j < run->n_listeners; j++)
                    event_del(run->accepting[j]);
                event_add(run->again, &(const struct timeval){ 0, 200000 });
                return;
            }
            continue;
        }
        return;
    }
}

/* Under a supervisor SIGTERM may come twice, from it and from who stops the whole group; SIGQUIT is its word for "at once". */
static void on_stop(evutil_socket_t number, short events, void *argument)
{
    (void)events;
    WorkerRun *run = argument;
    run->forced |= number == SIGQUIT || (run->stopping && run->ready_fd < 0);
    run->stopping = true;
    fiber_wake(run->fiber);
}

static void call_worker_start(void *argument)
{
    ((WorkerRun *)argument)->options->worker_start();
}

static void free_signals(WorkerRun *run)
{
    for (size_t i = 0; i < STOP_SIGNALS; i++)
        if (run->signals[i])
            event_free(run->signals[i]);
}

static void worker_stop_accepting(WorkerRun *run)
{
    for (size_t i = 0; i < run->n_listeners; i++)
        event_del(run->accepting[i]);
    event_del(run->again);
}

/* In the worker's own fiber, which only waits for the end. */
static void worker_body(void *argument)
{
    WorkerRun *run = argument;
    Worker *worker = &capo_worker;
    struct event_base *base = capo_loop();
    run->fiber = worker->main = capo_fiber_current();
    worker->handle = run->options->handle;
    worker->stopping = false;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);           /* an upload past a file limit is an error of write, not a death */
    capo_crash_handler_install();
    capo_watchdog_start(capo_server_limits.request_timeout);
    static const int stop_signals[STOP_SIGNALS] = { SIGTERM, SIGINT, SIGQUIT };
    for (size_t i = 0; i < STOP_SIGNALS; i++) {
        if (run->ready_fd >= 0 && stop_signals[i] == SIGINT) {
            signal(SIGINT, SIG_IGN);    /* a terminal sends it to all; the supervisor answers it */
            continue;
        }
        run->signals[i] = evsignal_new(base, stop_signals[i], on_stop, run);
        event_add(run->signals[i], NULL);
    }
    if (run->options->worker_start) {
        const Error *error = capo_try(call_worker_start, run);
        if (error) {
            free_signals(run);
            capo_reraise(error);
        }
    }
    run->again = evtimer_new(base, accept_again, run);
    for (size_t i = 0; i < run->n_listeners; i++) {
        run->accepting[i] = event_new(base, run->listeners[i].fd, EV_READ | EV_PERSIST, on_connection, run);
        event_add(run->accepting[i], NULL);
    }
    if (run->ready_fd >= 0) {
        ssize_t written = write(run->ready_fd, "r", 1);
        (void)written;
        close(run->ready_fd);
    }

    while (!run->stopping)
        fiber_park(-1);

    worker_stop_accepting(run);
    connections_stop();
    int64_t until = monotonic_ms() + capo_server_limits.graceful_timeout * 1000LL;
    while (worker->n_connections > 0 && !run->forced && monotonic_ms() < until)
        fiber_park((int)(until - monotonic_ms()) + 1);
    if (worker->n_connections > 0) {
        connections_cancel();
        until = monotonic_ms() + LAST_CALL_MS;
        while (worker->n_connections > 0 && monotonic_ms() < until)
            fiber_park((int)(until - monotonic_ms()) + 1);
    }
    if (run->options->worker_stop)
        run->options->worker_stop();
    for (size_t i = 0; i < run->n_listeners; i++)
        event_free(run->accepting[i]);
    event_free(run->again);
    free_signals(run);
    worker->main = NULL;
    connections_cleanup();
    capo_watchdog_stop();
    if (capo_fiber_count() <= 2)        /* this one, and the command that serves: no fiber waits for a helper thread */
        offload_stop();
}

/* --- the supervisor --- */

typedef struct Child {
    pid_t pid;
    int64_t started_ms;
    bool told;                          /* to stop */
} Child;

typedef struct Supervisor {
    const ServeOptions *options;
    Listener *listeners;
    size_t n_listeners;
    Child children[2 * MAX_WORKERS];    /* workers, and those that are being replaced */
    size_t n_children, wanted;
    sigset_t signals, before;
    bool stopping, start_failed;
    int quick_deaths;
    int64_t next_start_ms, kill_ms;
} Supervisor;

_Noreturn static void child_main(Supervisor *supervisor, int ready_fd)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (int i = 1; i <= SIGRTMAX; i++)
        if (sigismember(&supervisor->signals, i) == 1)
            signal(i, SIG_DFL);
    signal(SIGHUP, SIG_IGN);            /* the supervisor's to answer, also where a terminal sends it to all */
    capo_loop_after_fork();
    sigprocmask(SIG_SETMASK, &supervisor->before, NULL);
    WorkerRun run = { .options = supervisor->options, .listeners = supervisor->listeners, .n_listeners = supervisor->n_listeners,
                      .ready_fd = ready_fd };
    const Error *error = capo_fiber_main("worker", worker_body, &run);
    if (error)
        fprintf(stderr, "error: a worker could not start: %s\n", error->message);
    fflush(NULL);
    _exit(error ? START_FAILED : 0);
}

/* Starts a worker and waits until it accepts or died. */
static bool start_child(Supervisor *supervisor)
{
    int ready[2];
    if (supervisor->n_children == sizeof supervisor->children / sizeof *supervisor->children || pipe2(ready, O_CLOEXEC) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ready[0]);
        child_main(supervisor, ready[1]);
    }
    close(ready[1]);
    if (pid < 0) {
        fprintf(stderr, "error: a worker could not be started: %s\n", strerror(errno));
        close(ready[0]);
        return false;
    }
    supervisor->children[supervisor->n_children++] = (Child){ .pid = pid, .started_ms = monotonic_ms() };
    struct pollfd entry = { .fd = ready[0], .events = POLLIN };
    int answered;
    do
        answered = poll(&entry, 1, READY_MS);
    while (answered < 0 && errno == EINTR);
    char byte;
    bool accepts = answered > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return accepts;
}

static const char *death_of(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
    return text;
}

static size_t serving(const Supervisor *supervisor)
{
    size_t count = 0;
    for (size_t i = 0; i < supervisor->n_children; i++)
        count += !supervisor->children[i].told;
    return count;
}

static void reap(Supervisor *supervisor)
{
    int status;
    pid_t pid;
    /* each by its own pid: other children of this process are not ours */
    for (size_t i = 0; i < supervisor->n_children;) {
        Child *child = &supervisor->children[i];
        pid = waitpid(child->pid, &status, WNOHANG);
        if (pid == 0) {
            i++;
            continue;
        }
        if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == START_FAILED)
            supervisor->start_failed = true;
        else if (pid > 0 && !child->told) {
            char text[100];
            bool quick = monotonic_ms() - child->started_ms < QUICK_DEATH_MS;
            supervisor->quick_deaths = quick ? supervisor->quick_deaths + 1 : 0;
            int delay = quick ? 10 << (supervisor->quick_deaths < 9 ? supervisor->quick_deaths : 9) : 0;
            supervisor->next_start_ms = monotonic_ms() + (delay < MAX_DELAY_MS ? delay : MAX_DELAY_MS);
            if (!supervisor->stopping)
                fprintf(stderr, "error: worker %d %s; another one is started.\n", (int)child->pid, death_of(status, text, sizeof text));
        }
        *child = supervisor->children[--supervisor->n_children];
    }
}

static void tell(Supervisor *supervisor, int signal_number)
{
    for (size_t i = 0; i < supervisor->n_children; i++) {
        supervisor->children[i].told = true;
        kill(supervisor->children[i].pid, signal_number);
    }
}

static void stop(Supervisor *supervisor)
{
    /* asked a second time, nobody waits for running requests */
    tell(supervisor, supervisor->stopping ? SIGQUIT : SIGTERM);
    if (!supervisor->stopping)
        supervisor->kill_ms = monotonic_ms() + capo_server_limits.graceful_timeout * 1000LL + 2 * LAST_CALL_MS;
    supervisor->stopping = true;
}

/* One after the other: the new one accepts before the old one is told to stop. */
static void replace_all(Supervisor *supervisor)
{
    pid_t old[2 * MAX_WORKERS];
    size_t n_old = 0;
    for (size_t i = 0; i < supervisor->n_children; i++)
        if (!supervisor->children[i].told)
            old[n_old++] = supervisor->children[i].pid;
    for (size_t i = 0; i < n_old; i++) {
        if (!start_child(supervisor)) {
            fprintf(stderr, "error: a new worker did not start; the others stay as they are.\n");
            return;
        }
        for (size_t j = 0; j < supervisor->n_children; j++)
            if (supervisor->children[j].pid == old[i]) {
                supervisor->children[j].told = true;
                kill(old[i], SIGTERM);
            }
    }
}

static int supervise(Supervisor *supervisor)
{
    while (serving(supervisor) < supervisor->wanted && start_child(supervisor))
        ;
    for (;;) {
        reap(supervisor);
        int64_t now = monotonic_ms();
        if (supervisor->start_failed && !supervisor->stopping)
            stop(supervisor);
        if (supervisor->stopping && supervisor->n_children == 0)
            return supervisor->start_failed ? 1 : 0;
        if (supervisor->stopping && now >= supervisor->kill_ms)
            tell(supervisor, SIGKILL);
        while (!supervisor->stopping && serving(supervisor) < supervisor->wanted && now >= supervisor->next_start_ms)
            if (!start_child(supervisor)) {
                supervisor->next_start_ms = monotonic_ms() + 500;
                break;
            }
        bool soon = supervisor->stopping || serving(supervisor) < supervisor->wanted;
        siginfo_t info;
        int got = sigtimedwait(&supervisor->signals, &info, &(struct timespec){ .tv_sec = soon ? 0 : 60, .tv_nsec = soon ? 20000000 : 0 });
        if (got == SIGTERM || got == SIGINT || got == SIGQUIT)
            stop(supervisor);
        else if (got == SIGHUP && !supervisor->stopping)
            replace_all(supervisor);
    }
}

/* --- */

typedef struct Opened { Listener listeners[MAX_LISTENERS]; size_t count; } Opened;

static void close_listeners(void *argument)
{
    Opened *opened = argument;
    for (size_t i = 0; i < opened->count; i++)
        listener_close(&opened->listeners[i], true);
    opened->count = 0;
}

int capo_serve(const ServeOptions *options)
{
    Opened *opened = capo_alloc_struct(Opened);
    capo_defer(close_listeners, opened);
    static const char *const default_binds[] = { "127.0.0.1:8000", NULL };
    const char *const *binds = options->binds && options->binds[0] ? options->binds : default_binds;
    for (; *binds; binds++) {
        if (opened->count == MAX_LISTENERS)
            capo_raise(ERROR_COMMAND, "The server listens on at most %d addresses.", MAX_LISTENERS);
        opened->listeners[opened->count] = listener_open(*binds);
        opened->count++;
    }
    for (size_t i = 0; options->ready && i < opened->count; i++)
        options->ready(opened->listeners[i].address);
    int status = 0;
    if (options->single_process) {
        WorkerRun run = { .options = options, .listeners = opened->listeners, .n_listeners = opened->count, .ready_fd = -1 };
        worker_body(&run);
    } else {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);
        Supervisor *supervisor = capo_alloc_struct(Supervisor);
        *supervisor = (Supervisor){ .options = options, .listeners = opened->listeners, .n_listeners = opened->count };
        supervisor->wanted = options->workers > 0 ? (size_t)options->workers : cpus > 0 ? (size_t)cpus : 1;
        if (supervisor->wanted > MAX_WORKERS)
            supervisor->wanted = MAX_WORKERS;
        static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD };
        sigemptyset(&supervisor->signals);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
            sigaddset(&supervisor->signals, numbers[i]);
        sigprocmask(SIG_BLOCK, &supervisor->signals, &supervisor->before);
        status = supervise(supervisor);
        sigprocmask(SIG_SETMASK, &supervisor->before, NULL);
    }
    close_listeners(opened);
    capo_defer_cancel(close_listeners, opened);
    return status;
}
