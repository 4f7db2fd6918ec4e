/* SPDX-License-Identifier: BSD-3-Clause */
/* Assembly of the context switch. The frame that capo_context_swap leaves on a suspended stack, from low to high:
 * x86-64: mxcsr and x87 control word, r15 r14 r13 r12 rbx rbp, return address. aarch64: d8-d15, x19-x28, x29, x30.
 * script/fiber-bt.gdb knows this layout.
 *
 * The first return of a new stack goes to capo_context_start, where the unwind tables end: backtraces stop there. */
#include "context.h"
#include <stdint.h>
#include <string.h>

#ifdef CAPO_UCONTEXT

void context_make(Context *context, void *stack_bottom, size_t stack_size, void (*entry)(void))
{
    getcontext(&context->saved);
    context->saved.uc_stack.ss_sp = stack_bottom;
    context->saved.uc_stack.ss_size = stack_size;
    context->saved.uc_link = NULL;
    makecontext(&context->saved, entry, 0);
}

void context_switch(Context *from, Context *to)
{
    swapcontext(&from->saved, &to->saved);
}

#else

void capo_context_swap(void **save, void *load);
void capo_context_start(void);

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".p2align 4\n"
    ".globl capo_context_swap\n"
    ".hidden capo_context_swap\n"
    ".type capo_context_swap, @function\n"
    "capo_context_swap:\n"
    "    .cfi_startproc\n"
    "    endbr64\n"
    "    pushq %rbp\n"
    "    pushq %rbx\n"
    "    pushq %r12\n"
    "    pushq %r13\n"
    "    pushq %r14\n"
    "    pushq %r15\n"
    "    subq $8, %rsp\n"
    "    stmxcsr (%rsp)\n"
    "    fnstcw 4(%rsp)\n"
    "    movq %rsp, (%rdi)\n"
    "    movq %rsi, %rsp\n"
    "    ldmxcsr (%rsp)\n"
    "    fldcw 4(%rsp)\n"
    "    addq $8, %rsp\n"
    "    popq %r15\n"
    "    popq %r14\n"
    "    popq %r13\n"
    "    popq %r12\n"
    "    popq %rbx\n"
    "    popq %rbp\n"
    "    ret\n"
    "    .cfi_endproc\n"
    ".size capo_context_swap, .-capo_context_swap\n"
    ".p2align 4\n"
    ".globl capo_context_start\n"
    ".hidden capo_context_start\n"
    ".type capo_context_start, @function\n"
    "capo_context_start:\n"
    "    .cfi_startproc\n"
    "    .cfi_undefined rip\n"
    "    .cfi_undefined rbp\n"
    "    endbr64\n"
    "    xorl %ebp, %ebp\n"
    "    callq *%rbx\n"
    "    ud2\n"
    "    .cfi_endproc\n"
    ".size capo_context_start, .-capo_context_start\n");

void context_make(Context *context, void *stack_bottom, size_t stack_size, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack_bottom + stack_size) & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)(top - 80);       /* after `ret` the stack is at a multiple of 16, as before any call */
    memset(frame, 0, 80);
    uint32_t mxcsr;
    uint16_t control;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
    frame[0] = (uint64_t)mxcsr | (uint64_t)control << 32;
    frame[5] = (uint64_t)(uintptr_t)entry;          /* rbx */
    frame[7] = (uint64_t)(uintptr_t)capo_context_start;
    context->stack_pointer = frame;
}

#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".p2align 4\n"
    ".globl capo_context_swap\n"
    ".hidden capo_context_swap\n"
    ".type capo_context_swap, %function\n"
    "capo_context_swap:\n"
    "    .cfi_startproc\n"
    "    hint #34\n"                                /* bti c */
    "    sub sp, sp, #160\n"
    "    stp d8, d9, [sp, #0]\n"
    "    stp d10, d11, [sp, #16]\n"
    "    stp d12, d13, [sp, #32]\n"
    "    stp d14, d15, [sp, #48]\n"
    "    stp x19, x20, [sp, #64]\n"
    "    stp x21, x22, [sp, #80]\n"
    "    stp x23, x24, [sp, #96]\n"
    "    stp x25, x26, [sp, #112]\n"
    "    stp x27, x28, [sp, #128]\n"
    "    stp x29, x30, [sp, #144]\n"
    "    mov x9, sp\n"
    "    str x9, [x0]\n"
    "    mov sp, x1\n"
    "    ldp d8, d9, [sp, #0]\n"
    "    ldp d10, d11, [sp, #16]\n"
    "    ldp d12, d13, [sp, #32]\n"
    "    ldp d14, d15, [sp, #48]\n"
    "    ldp x19, x20, [sp, #64]\n"
    "    ldp x21, x22, [sp, #80]\n"
    "    ldp x23, x24, [sp, #96]\n"
    "    ldp x25, x26, [sp, #112]\n"
    "    ldp x27, x28, [sp, #128]\n"
    "    ldp x29, x30, [sp, #144]\n"
    "    add sp, sp, #160\n"
    "    ret\n"
    "    .cfi_endproc\n"
    ".size capo_context_swap, .-capo_context_swap\n"
    ".p2align 4\n"
    ".globl capo_context_start\n"
    ".hidden capo_context_start\n"
    ".type capo_context_start, %function\n"
    "capo_context_start:\n"
    "    .cfi_startproc\n"
    "    .cfi_undefined x30\n"
    "    hint #36\n"                                /* bti j */
    "    mov x29, xzr\n"
    "    blr x19\n"
    "    brk #1\n"
    "    .cfi_endproc\n"
    ".size capo_context_start, .-capo_context_start\n");

void context_make(Context *context, void *stack_bottom, size_t stack_size, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack_bottom + stack_size) & ~(uintptr_t)15;
    uint64_t *frame = (uint64_t *)(top - 176);
    memset(frame, 0, 176);
    frame[8] = (uint64_t)(uintptr_t)entry;          /* x19 */
    frame[19] = (uint64_t)(uintptr_t)capo_context_start;    /* x30 */
    context->stack_pointer = frame;
}
#endif

void context_switch(Context *from, Context *to)
{
    capo_context_swap(&from->stack_pointer, to->stack_pointer);
}
#endif
