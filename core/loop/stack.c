/* SPDX-License-Identifier: BSD-3-Clause */
/* Pooled stacks: 256 KiB of address space each, of which the kernel gives pages as they are touched (8 to 20 KiB for most
 * requests), above a guard as large again. -fstack-clash-protection makes our own code touch every page on its way down; the
 * large guard is for code that was compiled without it. AddressSanitizer's frames are larger: four times the room there. */
#include "loop_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif
#ifdef __OPTIMIZE__
#define STACK_SIZE (LOOP_HAS_ASAN ? (size_t)1024 * 1024 : (size_t)256 * 1024)
#else
#define STACK_SIZE ((size_t)1024 * 1024)     /* without optimisation a frame takes two to four times as much */
#endif
enum { GUARD_SIZE = 256 * 1024, POOL_LIMIT = 128, KEEP_RESIDENT = 32 * 1024 };

static __thread Stack *pool;
static __thread size_t pool_size;

Stack *stack_take(void)
{
    Stack *stack = pool;
    if (stack) {
        pool = stack->next;
        pool_size--;
        return stack;
    }
    stack = calloc(1, sizeof(Stack));
    if (!stack)
        return NULL;
    stack->mapping = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack->mapping == MAP_FAILED) {
        free(stack);
        return NULL;
    }
    stack->bottom = (char *)stack->mapping + GUARD_SIZE;
    stack->size = STACK_SIZE;
    if (mprotect(stack->bottom, STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
        int saved = errno;
        munmap(stack->mapping, GUARD_SIZE + STACK_SIZE);
        free(stack);
        errno = saved;
        return NULL;
    }
    stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->bottom, stack->bottom + STACK_SIZE);
    if (LOOP_HAS_ASAN)
        __lsan_register_root_region(stack->bottom, STACK_SIZE);
    return stack;
}

void stack_give(Stack *stack)
{
    /* the frames of the entry function never returned: their red zones are still marked */
    if (LOOP_HAS_ASAN)
        __asan_unpoison_memory_region(stack->bottom, stack->size);
    if (pool_size < POOL_LIMIT) {
        /* One deep recursion must not keep its pages for ever. Asking costs a system call only where the page is there. */
        unsigned char resident = 0;
        static __thread unsigned turn;
        if (turn++ % 64 == 0 && mincore(stack->bottom + stack->size - KEEP_RESIDENT - 4096, 4096, &resident) == 0 && (resident & 1))
            madvise(stack->bottom, stack->size - KEEP_RESIDENT, MADV_DONTNEED);
        stack->next = pool;
        pool = stack;
        pool_size++;
        return;
    }
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
    if (LOOP_HAS_ASAN)
        __lsan_unregister_root_region(stack->bottom, STACK_SIZE);
    munmap(stack->mapping, GUARD_SIZE + STACK_SIZE);
    free(stack);
}

bool stack_guard_hit(const Stack *stack, const void *address)
{
    const char *at = address;
    return at >= (const char *)stack->mapping && at < stack->bottom;
}
