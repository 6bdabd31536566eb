/*
 * Memory that runs out, for LD_PRELOAD.  From SIGUSR1 on every OWN_FAILS-th request for memory that
 * the program itself makes fails, and every LIBRARY_FAILS-th that a library makes for it; 0: none.
 * SIGUSR2 ends that and says on stderr how many there were and how many of them failed:
 * "event=memory own=N own_failed=N library=N library_failed=N".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static atomic_bool is_on;
static atomic_ulong asked[2], failed[2]; /* by a library, by the program */
static unsigned long every[2];
static uintptr_t begin, end; /* of the program's own code */

/* The first object is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *owner)
{
    (void)size, (void)owner;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        begin = info->dlpi_addr + part->p_vaddr;
        end = begin + part->p_memsz;
    }
    return 1;
}

static void on_signal(int signal)
{
    char text[200];
    int len;

    atomic_store(&is_on, signal == SIGUSR1);
    if (signal == SIGUSR1)
        return;
    len = snprintf(text, sizeof(text),
                   "event=memory own=%lu own_failed=%lu library=%lu library_failed=%lu\n",
                   asked[1], failed[1], asked[0], failed[0]);
    if (write(STDERR_FILENO, text, (size_t)len) != len)
        abort();
}

__attribute__((constructor)) static void prepare(void)
{
    const char *own = getenv("OWN_FAILS"), *library = getenv("LIBRARY_FAILS");

    every[1] = own ? strtoul(own, NULL, 10) : 0;
    every[0] = library ? strtoul(library, NULL, 10) : 0;
    dl_iterate_phdr(find_program, NULL);
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
}

static int is_refused(void *caller)
{
    int is_own = (uintptr_t)caller >= begin && (uintptr_t)caller < end;
    unsigned long number;

    if (!atomic_load_explicit(&is_on, memory_order_relaxed))
        return 0;
    number = atomic_fetch_add(&asked[is_own], 1) + 1;
    if (every[is_own] == 0 || number % every[is_own] != 0)
        return 0;
    atomic_fetch_add(&failed[is_own], 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *ptr, size_t size)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __libc_realloc(ptr, size);
}
