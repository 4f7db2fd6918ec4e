/* SPDX-License-Identifier: BSD-3-Clause */
/* `capo runserver`: serves, watches the sources, rebuilds, and serves the new program.
 *
 * The tool holds the listening socket and hands it to the program (bind "fd:N"), so that no request is refused between two of
 * them. The old program serves until the new one is built. While the sources do not compile the tool answers itself, with the
 * compiler's words. Templates and static files need none of this: the program reads them anew in DEBUG. */
#include <capo.h>
#include "../core/http/listener.h"
#include "tool_internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

/* --- watching --- */

static void watch_folder(int inotify, const char *path, int depth)
{
    if (depth > 16 || inotify_add_watch(inotify, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE) < 0)
        return;
    DIR *dir = opendir(path);
    if (!dir)
        return;
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "build", 5) == 0 || strcmp(entry->d_name, "node_modules") == 0)
            continue;
        char sub[4096];
        struct stat info;
        if (snprintf(sub, sizeof sub, "%s/%s", path, entry->d_name) < (int)sizeof sub && lstat(sub, &info) == 0 && S_ISDIR(info.st_mode))
            watch_folder(inotify, sub, depth + 1);
    }
    closedir(dir);
}

static bool is_source(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(name, "meson.build") == 0 || strcmp(name, ".env") == 0 ||
           (dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0 || strcmp(dot, ".def") == 0));
}

/* Reads what happened; whether a source is concerned. New folders are watched from the next call on. */
static bool sources_changed(int inotify, const char *root)
{
    char events[16384] __attribute__((aligned(8)));
    bool changed = false, folders = false;
    ssize_t size;
    while ((size = read(inotify, events, sizeof events)) > 0)
        for (char *at = events; at < events + size; ) {
            struct inotify_event *event = (struct inotify_event *)(void *)at;
            if (event->mask & IN_ISDIR)
                folders = true;
            else if (event->len && is_source(event->name))
                changed = true;
            at += sizeof *event + event->len;
        }
    if (folders)
        watch_folder(inotify, root, 0);
    return changed;
}

/* --- the page of a failed build --- */

static void answer_with_errors(int listener, const char *title, const char *errors)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    struct timeval limit = { .tv_sec = 2 };
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    char request[8192];
    ssize_t got = recv(client, request, sizeof request, 0);
    Buffer body = { 0 };
    capo_put_format(&body, "<!doctype html><html lang=en><meta charset=utf-8><title>%s</title><body><h1>%s</h1><p>The site is served again once "
                    "this is mended and saved.</p><pre>", title, title);
    capo_put_escaped(&body, errors, strlen(errors));
    capo_put(&body, "</pre>");
    char *answer = capo_format("HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                               "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s", body.size, capo_buffer_text(&body));
    if (got > 0) {
        size_t sent = 0, all = strlen(answer);
        while (sent < all) {
            ssize_t n = send(client, answer + sent, all - sent, MSG_NOSIGNAL);
            if (n <= 0)
                break;
            sent += (size_t)n;
        }
    }
    shutdown(client, SHUT_WR);
    close(client);
}

/* --- the program --- */

static pid_t start_program(const Project *project, int listener)
{
    const char *program = capo_format("%s/build/%s", project->root, project->name);
    const char *bind = capo_format("fd:%d", listener);
    fflush(stdout);
    pid_t child = fork();
    if (child != 0)
        return child;
    setenv("CAPO_CALLED_AS", "capo", 1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    fcntl(listener, F_SETFD, 0);
    execl(program, program, "runserver", bind, (char *)NULL);
    fprintf(stderr, "capo: %s cannot be run: %s.\n", program, strerror(errno));
    _exit(127);
}

static void end_program(pid_t *child)
{
    if (*child <= 0)
        return;
    kill(*child, SIGTERM);
    for (int i = 0; i < 500; i++) {
        if (waitpid(*child, NULL, WNOHANG) != 0) {
            *child = 0;
            return;
        }
        usleep(10000);
    }
    kill(*child, SIGKILL);
    waitpid(*child, NULL, 0);
    *child = 0;
}

/* PORT of the environment or .env, as the program itself would find it. */
static const char *default_port(void)
{
    const char *port = getenv("PORT");
    if (port && *port)
        return port;
    char *env = capo_read_file(".env", NULL);
    char *line = env ? strstr(env, "\nPORT=") : NULL;
    if (line)
        return capo_strndup(line + 6, strspn(line + 6, "0123456789"));
    return "8000";
}

int tool_watch(const Project *project, char **args)
{
    const char *given = args[1], *address;
    if (!given)
        address = capo_format("127.0.0.1:%s", default_port());
    else if (strspn(given, "0123456789") == strlen(given))
        address = capo_format("127.0.0.1:%s", given);
    else if (capo_starts_with(given, "0:"))
        address = capo_format("0.0.0.0%s", given + 1);
    else
        address = given;
    int listener = listener_open(address).fd;
    int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inotify < 0)
        capo_raise(ERROR_COMMAND, "The sources cannot be watched: %s. `capo runserver --noreload` does without.", strerror(errno));
    watch_folder(inotify, project->root, 0);
    struct sigaction action = { .sa_handler = stop };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    pid_t child = 0;
    char *errors = NULL;
    bool build = true, good = false, ended = false;
    while (!stopping) {
        if (build) {
            build = ended = false;
            int64_t start = capo_monotonic_us();
            good = tool_compile(project, project->name, &errors);
            end_program(&child);
            if (good) {
                child = start_program(project, listener);
                fprintf(stderr, "Built in %.1f s.\n", (double)(capo_monotonic_us() - start) / 1e6);
            } else {
                fprintf(stderr, "%s", errors);
            }
        }
        struct pollfd fds[2] = { { .fd = inotify, .events = POLLIN }, { .fd = good ? -1 : listener, .events = POLLIN } };
        poll(fds, 2, 500);
        if (fds[1].revents)
            answer_with_errors(listener, capo_format("%s %s", project->name, ended ? "ended" : "does not compile"), errors);
        if (fds[0].revents && sources_changed(inotify, project->root)) {
            usleep(30000);              /* an editor writes several files; one build for all */
            sources_changed(inotify, project->root);
            build = true;
        }
        int status;
        if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
            child = 0;
            if (stopping)
                break;
            fprintf(stderr, "The program ended (%s %d). It is started again when a source changes.\n", WIFSIGNALED(status) ? "signal" : "exit status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            good = false;
            ended = true;
            errors = "The program ended by itself; its last words are in the terminal.";
        }
    }
    end_program(&child);
    close(listener);
    return 0;
}
