/* SPDX-License-Identifier: BSD-3-Clause */
/* The names and source lines of an error's stack, for the debug page. */
#pragma once
#include <capo/error.h>

typedef struct StackFrame {
    const char *function;       /* "post_detail", or "0x55…" */
    const char *object;         /* the program or library */
    const char *file;           /* as the compiler was given it; NULL: unknown */
    int line;
} StackFrame;

/* Innermost first, from the function that raised. Asks addr2line once where it is installed, else gives symbols only. */
const StackFrame *backtrace_resolve(const Error *error, size_t *ret_count);
