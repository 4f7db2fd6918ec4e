/* SPDX-License-Identifier: BSD-3-Clause */
/* The watchdog: a thread that looks every 50 ms whether the same fiber still runs, and if so for 100 ms, signals the loop's
 * thread, whose handler names the unit. The handler, not the thread, reads the name: it lives in an arena that the
 * interrupted fiber keeps alive. While no fiber runs, the thread only compares a number. */
#include "loop_internal.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 50, WARN_TICKS = 2 };
#define WATCH_SIGNAL (SIGRTMIN + 5)

static struct {
    bool started;
    pthread_t watched, watcher;
    int stop_fd;                    /* readable: the thread ends */
    Loop *loop;                     /* of the watched thread */
    int fatal_ticks;
    volatile unsigned long held;    /* value of switches that the signal is about */
    volatile int held_ms;
    volatile sig_atomic_t fatal;
} watch;

/* In the loop's thread, over the fiber that holds it. */
static void report(int signal_number)
{
    (void)signal_number;
    const Loop *loop = &capo_this_loop;
    if (loop->switches != watch.held || !loop->current)
        return;                     /* it moved on meanwhile */
    const char *what = capo_unit && capo_unit->what ? capo_unit->what : loop->current->what;
    char line[512];
    int size = snprintf(line, sizeof line, "warning: %.300s has held the loop for %d ms; other requests wait for it%s\n",
                        what ? what : "?", watch.held_ms, watch.fatal ? ", so this worker is ended" : "");
    if (size > (int)sizeof line - 1)
        size = (int)sizeof line - 1;
    for (int i = 0; i < size - 1; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 127)
            line[i] = '?';
    ssize_t written = write(2, line, (size_t)size);
    (void)written;
    if (watch.fatal)
        abort();
}

static void *watchdog(void *argument)
{
    (void)argument;
    unsigned long seen = 0;
    int ticks = 0;
    for (;;) {
        struct pollfd stop = { .fd = watch.stop_fd, .events = POLLIN };
        if (poll(&stop, 1, TICK_MS) > 0)
            return NULL;
        unsigned long now = __atomic_load_n(&watch.loop->switches, __ATOMIC_RELAXED);
        /* odd: a fiber runs */
        if (now % 2 == 0 || now != seen) {
            seen = now;
            ticks = 0;
            continue;
        }
        ticks++;
        bool fatal = watch.fatal_ticks > 0 && ticks >= watch.fatal_ticks;
        if (ticks == WARN_TICKS || fatal) {
            watch.held = now;
            watch.held_ms = ticks * TICK_MS;
            watch.fatal = fatal;
            pthread_kill(watch.watched, WATCH_SIGNAL);
        }
    }
}

void capo_watchdog_start(int fatal_seconds)
{
    if (watch.started)
        return;
    watch.loop = &capo_this_loop;
    watch.watched = pthread_self();
    watch.fatal_ticks = fatal_seconds * 1000 / TICK_MS;
    struct sigaction action = { .sa_handler = report, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    sigaction(WATCH_SIGNAL, &action, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    watch.stop_fd = eventfd(0, EFD_CLOEXEC);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    watch.started = watch.stop_fd >= 0 && pthread_create(&watch.watcher, &attributes, watchdog, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!watch.started)
        capo_warn("The watchdog thread could not be started; views that hold the loop will not be named.");
}

void capo_watchdog_stop(void)
{
    if (!watch.started)
        return;
    ssize_t written = write(watch.stop_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
    (void)written;
    pthread_join(watch.watcher, NULL);
    close(watch.stop_fd);
    watch.started = false;
}

void watchdog_after_fork(void)
{
    if (watch.started)
        close(watch.stop_fd);
    watch.started = false;
}
