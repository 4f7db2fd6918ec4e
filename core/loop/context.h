/* SPDX-License-Identifier: BSD-3-Clause */
/* The switch between two stacks: about twenty instructions on x86-64 and aarch64, ucontext elsewhere (or with
 * -DCAPO_UCONTEXT, which the tests use). What is saved is what the C calling convention says a function keeps.
 *
 *     Context here, there;
 *     context_make(&there, stack_bottom, stack_size, entry);
 *     context_switch(&here, &there);          // runs entry(); it must never return
 */
#pragma once
#include <stddef.h>

#if !defined(CAPO_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define CAPO_UCONTEXT 1
#endif

#ifdef CAPO_UCONTEXT
#include <ucontext.h>
typedef struct Context { ucontext_t saved; } Context;
#else
typedef struct Context { void *stack_pointer; } Context;
#endif

void context_make(Context *context, void *stack_bottom, size_t stack_size, void (*entry)(void));
void context_switch(Context *from, Context *to);
