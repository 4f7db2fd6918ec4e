/* SPDX-License-Identifier: BSD-3-Clause */
/* Return addresses to functions and lines: dladdr for the object, addr2line of binutils for the lines of our own program.
 *
 * DEBUG only: it starts a process and waits for it, which may take a tenth of a second. Without addr2line (or debug symbols) a
 * frame has the symbol that dladdr knows, and the place that the error itself recorded. */
#include "backtrace.h"
#include <capo/arena.h>
#include <capo/buffer.h>
#include <dlfcn.h>
#include <link.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { FRAMES = sizeof((Error){ 0 }.frames) / sizeof(void *), OUTPUT_LIMIT = 64 * 1024 };

/* What addr2line prints for these arguments; NULL: it could not be run. */
static char *run_addr2line(char *const arguments[])
{
    int ends[2];
    if (pipe(ends) != 0)
        return NULL;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    pid_t pid;
    bool started = posix_spawnp(&pid, "addr2line", &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    Buffer out = { 0 };
    while (started && out.size < OUTPUT_LIMIT) {
        ssize_t n = read(ends[0], capo_buffer_reserve(&out, 4096), 4096);
        if (n <= 0)
            break;
        out.size += (size_t)n;
    }
    close(ends[0]);
    int status = 1;
    if (started)
        waitpid(pid, &status, 0);
    if (!started || status != 0)
        return NULL;
    capo_put_char(&out, 0);
    return out.data;
}

static const char *own_program(void)
{
    char *path = capo_alloc(4096);
    ssize_t size = readlink("/proc/self/exe", path, 4095);
    return size > 0 ? path : NULL;
}

/* Fills functions and lines from addr2line's pairs of lines, one pair for each of the frames that `ours` marks. */
static void read_pairs(char *text, StackFrame *frames, const bool *ours, size_t count)
{
    for (size_t i = 0; i < count && text; i++) {
        if (!ours[i])
            continue;
        char *function = strsep(&text, "\n"), *place = text ? strsep(&text, "\n") : NULL;
        char *colon = place ? strrchr(place, ':') : NULL;
        if (!colon)
            return;
        if (*function && *function != '?')
            frames[i].function = function;
        *colon = 0;
        if (*place != '?' && atoi(colon + 1) > 0) {
            frames[i].file = place;
            frames[i].line = atoi(colon + 1);
        }
    }
}

const StackFrame *backtrace_resolve(const Error *error, size_t *ret_count)
{
    StackFrame *frames = capo_alloc_array(FRAMES + 1, sizeof *frames);
    bool ours[FRAMES] = { 0 };
    size_t count = (size_t)error->n_frames, n_arguments = 0;
    const char *program = own_program();
    char *arguments[FRAMES + 6] = { "addr2line", "-f", "-e", (char *)program };
    n_arguments = 4;
    Dl_info own;
    void *own_base = dladdr((void *)(uintptr_t)backtrace_resolve, &own) ? own.dli_fbase : NULL;
    for (size_t i = 0; i < count; i++) {
        Dl_info info;
        char *address = (char *)error->frames[i] - 1;       /* inside the call, not behind it */
        bool known = dladdr(address, &info) != 0;
        frames[i].function = known && info.dli_sname ? info.dli_sname : capo_format("%p", error->frames[i]);
        frames[i].object = known && info.dli_fname ? info.dli_fname : "?";
        ours[i] = known && info.dli_fbase == own_base;
        if (ours[i])
            arguments[n_arguments++] = capo_format("0x%zx", (size_t)(address - (char *)own_base));
    }
    if (program && n_arguments > 4) {
        char *text = run_addr2line(arguments);
        if (text)
            read_pairs(text, frames, ours, count);
    }
    /* What raised comes first; capo_raise_at and its helpers say nothing. */
    size_t first = 0;
    for (size_t i = 0; i < count; i++)
        if (error->function && strcmp(frames[i].function, error->function) == 0) {
            first = i;
            break;
        }
    *ret_count = count - first;
    return frames + first;
}
