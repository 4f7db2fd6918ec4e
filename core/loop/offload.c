/* SPDX-License-Identifier: BSD-3-Clause */
/* Helper threads for what cannot suspend: password hashes, getaddrinfo. At most two, made at first use and niced, so that the
 * loop's thread comes first. A finished job is put on a list and the loop is told through an eventfd. */
#include "loop_internal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 2, NICE = 5, THREAD_STACK = 512 * 1024 };

typedef struct Job {
    void (*run)(void *);
    void *argument;
    Fiber *fiber;
    bool finished;
    struct Job *next;
} Job;

typedef struct Helpers {
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    Job *first, *last;              /* waiting */
    Job *done;                      /* finished, newest first */
    pthread_t threads[THREADS];
    int n_threads, n_idle;
    bool stopping;
    int wake_fd;
    struct event *wake_event;
} Helpers;

static Helpers helpers = { .mutex = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER, .wake_fd = -1 };

static void *helper(void *argument)
{
    (void)argument;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    pthread_mutex_lock(&helpers.mutex);
    for (;;) {
        while (!helpers.first) {
            if (helpers.stopping) {
                pthread_mutex_unlock(&helpers.mutex);
                return NULL;
            }
            helpers.n_idle++;
            pthread_cond_wait(&helpers.wanted, &helpers.mutex);
            helpers.n_idle--;
        }
        Job *job = helpers.first;
        helpers.first = job->next;
        if (!helpers.first)
            helpers.last = NULL;
        pthread_mutex_unlock(&helpers.mutex);
        job->run(job->argument);
        pthread_mutex_lock(&helpers.mutex);
        job->next = helpers.done;
        helpers.done = job;
        ssize_t written = write(helpers.wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
        (void)written;              /* full: the loop was told already */
    }
}

static void jobs_done(evutil_socket_t fd, short events, void *argument)
{
    (void)events, (void)argument;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&helpers.mutex);
    Job *job = helpers.done;
    helpers.done = NULL;
    pthread_mutex_unlock(&helpers.mutex);
    while (job) {
        Job *next = job->next;      /* the job is on its fiber's stack, gone once that runs; it runs later, from the queue */
        job->finished = true;
        fiber_ready(job->fiber);
        job = next;
    }
}

/* With all signals blocked, so that the loop's thread gets them. False: no thread could be made. */
static bool start_thread(void)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = pthread_create(&helpers.threads[helpers.n_threads], &attributes, helper, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure)
        return false;
    helpers.n_threads++;
    return true;
}

static bool prepare(void)
{
    if (helpers.wake_fd >= 0)
        return true;
    helpers.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (helpers.wake_fd < 0)
        return false;
    helpers.wake_event = event_new(capo_loop(), helpers.wake_fd, EV_READ | EV_PERSIST, jobs_done, NULL);
    if (helpers.wake_event && event_add(helpers.wake_event, NULL) == 0)
        return true;
    close(helpers.wake_fd);
    helpers.wake_fd = -1;
    return false;
}

void capo_offload(void (*job)(void *), void *argument)
{
    Fiber *fiber = capo_this_loop.current;
    if (!fiber || !prepare()) {
        job(argument);
        return;
    }
    fiber_check_cancel();
    Job entry = { .run = job, .argument = argument, .fiber = fiber };
    pthread_mutex_lock(&helpers.mutex);
    if (helpers.n_idle == 0 && helpers.n_threads < THREADS)
        start_thread();
    bool queued = helpers.n_threads > 0;
    if (queued) {
        if (helpers.last)
            helpers.last->next = &entry;
        else
            helpers.first = &entry;
        helpers.last = &entry;
        pthread_cond_signal(&helpers.wanted);
    }
    pthread_mutex_unlock(&helpers.mutex);
    if (!queued) {
        job(argument);              /* a system without threads to give: slower for the others, but done */
        return;
    }
    fiber->no_cancel = true;
    while (!entry.finished)
        fiber_suspend();
    fiber->no_cancel = false;
    fiber_check_cancel();
}

void offload_stop(void)
{
    pthread_mutex_lock(&helpers.mutex);
    helpers.stopping = true;
    pthread_cond_broadcast(&helpers.wanted);
    pthread_mutex_unlock(&helpers.mutex);
    for (int i = 0; i < helpers.n_threads; i++)
        pthread_join(helpers.threads[i], NULL);
    offload_after_fork();           /* nothing runs: what is left to do is the same */
}

void offload_after_fork(void)
{
    if (helpers.wake_event)
        event_free(helpers.wake_event);
    if (helpers.wake_fd >= 0)
        close(helpers.wake_fd);
    helpers = (Helpers){ .mutex = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER, .wake_fd = -1 };
}
