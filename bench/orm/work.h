/* SPDX-License-Identifier: BSD-3-Clause */
/* What the C programs of bench/orm/run share: commands from standard input, one a line, answered with one line each.
 *     time WORK COUNT     wall and CPU nanoseconds of so many runs of a piece of work
 *     sum WORK            what one run read, added up: the programs must agree */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BULK = 10000, FEW = 100 };
static uint64_t seen;           /* of every value that was read, so that none is left out */

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void saw_text(const char *text) { seen += strlen(text) + (unsigned char)text[0]; }
static inline void saw_number(int64_t n) { seen += (uint64_t)n; }

/* run: one piece of work; clean: what it wrote is taken away, untimed. */
static inline void answer_commands(void (*run)(const char *work, int round), void (*clean)(void))
{
    char line[128], work[64];
    int count;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "time %63s %d", work, &count) == 2) {
            int64_t wall = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
            for (int i = 0; i < count; i++)
                run(work, i);
            wall = clock_ns(CLOCK_MONOTONIC) - wall;
            cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
            clean();
            printf("%lld %lld\n", (long long)wall, (long long)cpu);
        } else if (sscanf(line, "sum %63s", work) == 1) {
            seen = 0;
            run(work, 0);
            clean();
            printf("%llu\n", (unsigned long long)seen);
        }
        fflush(stdout);
    }
}
