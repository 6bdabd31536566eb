/* No memory becomes code, and none is shown to others, once a process is in the sandbox. */
#include "sandbox_trial.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int map_what_can_be_written_and_run(void)
{
    const int protection = PROT_READ | PROT_WRITE | PROT_EXEC;
    void *at = mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? errno : 0;
}

static int run_what_was_written(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? EINVAL : error_of(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

static int error_of_mapping(int protection, int flags, int fd)
{
    return mmap(NULL, 4096, protection, flags, fd, 0) == MAP_FAILED ? errno : 0;
}

static int map_what_can_be_run(void)
{
    return error_of_mapping(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int map_what_can_be_run_and_shared(void)
{
    return error_of_mapping(PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static int map_the_log_to_run_it(void)
{
    return error_of_mapping(PROT_READ | PROT_EXEC, MAP_SHARED, log_file);
}

static int map_a_copy_of_the_log_to_run_it(void)
{
    return error_of_mapping(PROT_EXEC, MAP_PRIVATE, log_file);
}

static int map_a_file_to_run_it(void)
{
    return error_of_mapping(PROT_READ | PROT_EXEC, MAP_PRIVATE,
                            open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int map_to_read_and_write(void)
{
    return error_of_mapping(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void *written(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int run_what_was_written_by_key(void)
{
    return error_of(syscall(SYS_pkey_mprotect, written(), 4096, PROT_READ | PROT_EXEC, -1));
}

static int run_the_stack(void)
{
    char *here = (char *)__builtin_frame_address(0);

    return error_of(mprotect(here - (uintptr_t)here % 4096, 4096,
                             PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN));
}

static int map_shared_code_twice(void)
{
    return mremap(shared_code, 0, 4096, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
}

static int map_shared_code_twice_by_an_odd_size(void)
{
    return mremap(shared_code, SIZE_MAX, 4096, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
}

static int move_shared_code_and_keep_it(void)
{
    const int dont_unmap = 4;

    return mremap(shared_code, 4096, 4096, MREMAP_MAYMOVE | dont_unmap) == MAP_FAILED ? errno
                                                                                      : 0;
}

static int map_shared_code_in_another_order(void)
{
    return error_of(syscall(SYS_remap_file_pages, shared_code, 4096, 0, 0, 0));
}

static int make_file_in_memory(void)
{
    return error_of(memfd_create("code", MFD_CLOEXEC));
}

static int make_secret_file_in_memory(void)
{
    return error_of(syscall(447, 0));
}

static int write_to_its_memory_as_to_anothers(void)
{
    char byte = 0;
    struct iovec here = { &byte, 1 }, there = { shared_code, 1 };

    return error_of(process_vm_writev(getpid(), &here, 1, &there, 1, 0));
}

static int open_its_memory_as_a_file(void)
{
    return error_of(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
}

static int be_traced(void)
{
    return error_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int run_whatever_is_read(void)
{
    return error_of(personality(READ_IMPLIES_EXEC));
}

#ifdef __x86_64__
static int change_segments(void)
{
    return error_of(syscall(SYS_modify_ldt, 1, NULL, 0));
}

static int load_library_of_old(void)
{
    return error_of(syscall(SYS_uselib, "/etc/passwd"));
}

static int switch_shadow_stack_off(void)
{
    return error_of(syscall(SYS_arch_prctl, 0x5002, 1));
}
#endif

/* Where it is not refused, this has other faults. */
static int make_shared_memory(void)
{
    return error_of(shmget(IPC_PRIVATE, 0, 0600));
}

static int attach_shared_memory(void)
{
    return shmat(-1, NULL, SHM_EXEC) == MAP_FAILED ? errno : 0;
}

static int ask_for_userfaultfd(void)
{
    return error_of(syscall(SYS_userfaultfd, O_CLOEXEC));
}

/* Where it is not refused, a socket is not its device. */
static int ask_device_for_userfaultfd(void)
{
    return error_of(ioctl(a_socket(), 0xaa00, O_CLOEXEC));
}

static void no_memory_becomes_memory_that_can_be_run(void **state)
{
    static const struct trial trials[] = {
        { "mmap to write and run", map_what_can_be_written_and_run, EPERM },
        { "mmap to run", map_what_can_be_run, EPERM },
        { "mmap to run and share", map_what_can_be_run_and_shared, EPERM },
        { "mmap of the log", map_the_log_to_run_it, EPERM },
        { "mmap of a copy of the log", map_a_copy_of_the_log_to_run_it, EPERM },
        { "mmap of a file", map_a_file_to_run_it, EPERM },
        { "mprotect", run_what_was_written, EPERM },
        { "pkey_mprotect", run_what_was_written_by_key, EPERM },
        { "mprotect of the stack", run_the_stack, EPERM },
        { "mremap of size 0", map_shared_code_twice, EPERM },
        { "mremap of a size that wraps to 0", map_shared_code_twice_by_an_odd_size, EPERM },
        { "mremap that keeps what it moves", move_shared_code_and_keep_it, EPERM },
        { "remap_file_pages", map_shared_code_in_another_order, EPERM },
        { "memfd_create", make_file_in_memory, EPERM },
        { "mmap to read and write", map_to_read_and_write, 0 },
    };

    (void)state;
    expect_nothing_else_refuses(trials, COUNT(trials));
    expect(trials, COUNT(trials), NULL);
}

static void memory_that_can_be_run_is_not_written_by_other_ways(void **state)
{
    static const struct trial trials[] = {
        { "memfd_secret", make_secret_file_in_memory, EPERM },
        { "shmget", make_shared_memory, EPERM },
        { "shmat", attach_shared_memory, EPERM },
        { "userfaultfd", ask_for_userfaultfd, EPERM },
        { "userfaultfd of the device", ask_device_for_userfaultfd, EPERM },
        { "process_vm_writev", write_to_its_memory_as_to_anothers, EPERM },
        { "/proc/self/mem", open_its_memory_as_a_file, EPERM },
        { "ptrace", be_traced, EPERM },
        { "personality", run_whatever_is_read, EPERM },
#ifdef __x86_64__
        { "modify_ldt", change_segments, EPERM },
        { "uselib", load_library_of_old, EPERM },
        { "arch_prctl", switch_shadow_stack_off, EPERM },
#endif
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

/* What may be done with the memory there, as in " rw-p ".  maps: /proc/self/maps. */
static const char *rights_of(const void *at, FILE *maps)
{
    static char rights[8];
    unsigned long from, to, where = (unsigned long)(uintptr_t)at;
    char line[4096];

    while (fgets(line, sizeof(line), maps)) {
        char *rest;
        from = strtoul(line, &rest, 16);
        to = strtoul(rest + 1, &rest, 16);
        (void)snprintf(rights, sizeof(rights), "%.6s", rest);
        if (from <= where && where < to)
            return rights;
    }
    return "none";
}

static int enter_with_all_that_is_read_run(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    struct sandbox sandbox;

    if (!maps || personality(READ_IMPLIES_EXEC) < 0)
        return NOTHING_TO_TRY;
    sandbox_enter(NULL, &sandbox);
    if (strcmp(sandbox.calls, "open: the process was started with executable memory") != 0)
        return 1;
    return strcmp(rights_of(written(), maps), " rw-p ") == 0 ? DONE : 2;
}

static void what_it_maps_is_not_run_though_it_was_started_so_and_that_is_told(void **state)
{
    int how = in_child(enter_with_all_that_is_read_run);

    (void)state;
    if (how == NOTHING_TO_TRY)
        skip();
    assert_int_equal(how, DONE);
}

static void memory_is_neither_dumped_nor_shown(void **state)
{
    struct rlimit limit;
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        sandbox_disable_core_dumps();
        _exit(prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
                      limit.rlim_max == 0
                  ? DONE
                  : EXIT_FAILURE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_becomes_memory_that_can_be_run),
        cmocka_unit_test(memory_that_can_be_run_is_not_written_by_other_ways),
        cmocka_unit_test(what_it_maps_is_not_run_though_it_was_started_so_and_that_is_told),
        cmocka_unit_test(memory_is_neither_dumped_nor_shown),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
