/* SPDX-License-Identifier: BSD-3-Clause */
/* The last words of a process: what it was working on when it crashed. The handler runs on a stack of its own, since an
 * overflow of a fiber's stack leaves none; it writes, restores the default action and lets the signal kill the process, so
 * that the supervisor and core dumps see the real cause. AddressSanitizer's own handlers stay where they are. */
#include "loop_internal.h"
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct { int number; const char *text; } signals[] = {
    { SIGSEGV, "SIGSEGV (bad memory access)" },
    { SIGBUS, "SIGBUS (bad memory access)" },
    { SIGFPE, "SIGFPE (arithmetic, such as a division by zero)" },
    { SIGILL, "SIGILL (illegal instruction)" },
    { SIGABRT, "SIGABRT (abort)" },
};

static void say(const char *text)
{
    char clean[400];
    size_t size = 0;
    for (; text[size] && size < sizeof clean; size++)
        clean[size] = (unsigned char)text[size] < ' ' && text[size] != '\n' ? '?' : text[size];
    ssize_t written = write(2, clean, size);
    (void)written;
}

static const char *running(void)
{
    const Fiber *fiber = capo_this_loop.current;
    return capo_unit && capo_unit->what ? capo_unit->what : fiber && fiber->what ? fiber->what : "the loop, between requests";
}

/* AddressSanitizer has told the rest. */
static void died(void)
{
    say("capo: this happened in ");
    say(running());
    say("\n");
}

static void crashed(int number, siginfo_t *info, void *context)
{
    (void)context;
    signal(number, SIG_DFL);
    const char *name = "a signal";
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].number == number)
            name = signals[i].text;
    const Fiber *fiber = capo_this_loop.current;
    const char *what = running();
    say("capo: crashed with ");
    say(name);
    say(" in ");
    say(what);
    if (fiber && number == SIGSEGV && stack_guard_hit(fiber->stack, info->si_addr))
        say(": its stack overflowed (endless recursion, or a large local array)");
    say("\n");
    void *frames[40];
    backtrace_symbols_fd(frames, backtrace(frames, 40), 2);
    raise(number);
}

void capo_crash_handler_install(void)
{
    enum { ALTERNATE = 64 * 1024 };
    static bool installed;
    if (installed)
        return;
    if (LOOP_HAS_ASAN) {                    /* its own report says more, but not which request it was */
        if (__sanitizer_set_death_callback)
            __sanitizer_set_death_callback(died);
        return;
    }
    stack_t alternate = { .ss_size = ALTERNATE };
    alternate.ss_sp = mmap(NULL, ALTERNATE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (alternate.ss_sp == MAP_FAILED || sigaltstack(&alternate, NULL) != 0)
        return;
    installed = true;
    void *frame;
    backtrace(&frame, 1);           /* loads what the unwinder needs, while memory can still be had */
    struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i].number, &action, NULL);
}
