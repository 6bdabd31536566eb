/* Programs, processes and rights: what a process in the sandbox can do to the rest of the system. */
#include "sandbox_trial.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static int start_program(void)
{
    char *const nothing[] = { (char[]){ "true" }, NULL };

    return error_of(execve("/bin/true", nothing, nothing + 1));
}

static int start_program_of_descriptor(void)
{
    char *const nothing[] = { (char[]){ "true" }, NULL };

    return error_of(syscall(SYS_execveat, AT_FDCWD, "/bin/true", nothing, nothing + 1, 0));
}

static int start_process(void)
{
    return error_of(fork());
}

static int start_process_by_clone3(void)
{
    return error_of(syscall(SYS_clone3, NULL, 0));
}

static void *answer(void *owner)
{
    *(int *)owner = 7;
    return NULL;
}

static int start_thread(void)
{
    pthread_t thread;
    int got = 0;

    if (pthread_create(&thread, NULL, answer, &got) != 0 || pthread_join(thread, NULL) != 0)
        return EAGAIN;
    return got == 7 ? 0 : EINVAL;
}

static int trace_parent(void)
{
    return error_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int read_parent(void)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { folder, 1 };

    return error_of(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

static int signal_parent(void)
{
    return error_of(kill(getppid(), SIGTERM));
}

static int signal_thread_of_parent(void)
{
    return error_of(syscall(SYS_tgkill, getppid(), getppid(), SIGTERM));
}

static int give_descriptor_to_parent(void)
{
    return error_of(fcntl(a_socket(), F_SETOWN, getppid()));
}

static int give_descriptor_to_thread_of_parent(void)
{
    const struct f_owner_ex owner = { F_OWNER_TID, getppid() };

    return error_of(fcntl(a_socket(), F_SETOWN_EX, &owner));
}

/* The kernel reads the lower half only. */
static int give_descriptor_by_a_long_command(void)
{
    return error_of(syscall(SYS_fcntl, a_socket(), 1L << 32 | F_SETOWN, getppid()));
}

static int choose_signal_of_descriptor(void)
{
    return error_of(fcntl(a_socket(), F_SETSIG, SIGKILL));
}

static int give_socket_to_parent(void)
{
    pid_t parent = getppid();

    return error_of(ioctl(a_socket(), FIOSETOWN, &parent));
}

static int give_socket_to_parent_otherwise(void)
{
    pid_t parent = getppid();

    return error_of(ioctl(a_socket(), SIOCSPGRP, &parent));
}

/* Where they are not refused, a socket is no terminal. */
static int type_into_terminal(void)
{
    return error_of(ioctl(a_socket(), TIOCSTI, "x"));
}

static int paste_into_console(void)
{
    return error_of(ioctl(a_socket(), TIOCLINUX, "\3"));
}

static int limit_parent(void)
{
    return error_of(prlimit(getppid(), RLIMIT_CPU, NULL, NULL));
}

static int limit_itself(void)
{
    struct rlimit limit;

    return error_of(getrlimit(RLIMIT_NOFILE, &limit) | setrlimit(RLIMIT_NOFILE, &limit) |
                    prlimit(getpid(), RLIMIT_NOFILE, NULL, NULL));
}

static int wait_for_nothing(void)
{
    int socket = a_socket(), yes = 1;

    return error_of(fcntl(socket, F_SETFL, O_NONBLOCK) | ioctl(socket, FIONBIO, &yes));
}

static int signal_itself(void)
{
    signal(SIGUSR1, SIG_IGN);
    return error_of(raise(SIGUSR1));
}

static int ask_for_io_uring(void)
{
    return error_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int make_semaphores(void)
{
    return error_of(semget(IPC_PRIVATE, 0, 0600));
}

static int read_messages(void)
{
    return error_of(syscall(SYS_msgrcv, -1, NULL, 0, 0, 0));
}

static int open_message_queue(void)
{
    return error_of(syscall(SYS_mq_open, "", 0, 0, NULL));
}

/* Without the sandbox, what is missing beside them is another error. */
static int start_thread_in(int flags)
{
    return error_of(syscall(SYS_clone, CLONE_THREAD | flags, NULL, NULL, NULL, NULL));
}

static int start_thread_with_other_mounts(void)
{
    return start_thread_in(CLONE_NEWNS);
}

static int start_thread_with_other_network(void)
{
    return start_thread_in(CLONE_NEWNET | CLONE_NEWUTS);
}

static int start_thread_with_other_control_groups(void)
{
    return start_thread_in(CLONE_NEWCGROUP | CLONE_NEWIPC);
}

static int put_parent_last(void)
{
    return error_of(setpriority(PRIO_PROCESS, (id_t)getppid(), 0));
}

static int pin_parent(void)
{
    cpu_set_t cores;

    CPU_ZERO(&cores);
    CPU_SET(0, &cores);
    return error_of(sched_setaffinity(getppid(), sizeof(cores), &cores));
}

static int schedule_parent(void)
{
    const struct sched_param none = { 0 };

    return error_of(sched_setscheduler(getppid(), SCHED_OTHER, &none));
}

static int schedule_parent_otherwise(void)
{
    return error_of(syscall(SYS_sched_setattr, getppid(), NULL, 0));
}

static int put_parents_files_last(void)
{
    return error_of(syscall(SYS_ioprio_set, 1, getppid(), 0));
}

static int share_a_core_with_parent(void)
{
    const int sched_core = 62, share_to = 2;

    return error_of(prctl(sched_core, share_to, getppid(), 0, 0));
}

static int write_out_all_files(void)
{
    return error_of(syscall(SYS_sync));
}

static int write_out_a_file_system(void)
{
    return error_of(syncfs(log_file));
}

static int let_its_memory_be_shown(void)
{
    return error_of(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int name_its_thread(void)
{
    return error_of(prctl(PR_SET_NAME, "name", 0, 0, 0));
}

static int put_its_memory_elsewhere(void)
{
    return error_of(syscall(SYS_migrate_pages, getppid(), 0, NULL, NULL));
}

static int make_a_call_of_tomorrow(void)
{
    return error_of(syscall(4000, 0));
}

static void who_takes_over_starts_no_program_and_no_process_but_threads_start(void **state)
{
    static const struct trial trials[] = {
        { "execve", start_program, EPERM },
        { "execveat", start_program_of_descriptor, EPERM },
        { "fork", start_process, EPERM },
        { "clone3", start_process_by_clone3, ENOSYS },
        { "a thread with other mounts", start_thread_with_other_mounts, EPERM },
        { "a thread with another network", start_thread_with_other_network, EPERM },
        { "a thread with other control groups", start_thread_with_other_control_groups, EPERM },
        { "a thread", start_thread, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void who_takes_over_leaves_other_processes_alone(void **state)
{
    static const struct trial trials[] = {
        { "ptrace", trace_parent, EPERM },
        { "process_vm_readv", read_parent, EPERM },
        { "kill", signal_parent, EPERM },
        { "tgkill", signal_thread_of_parent, EPERM },
        { "F_SETOWN", give_descriptor_to_parent, EPERM },
        { "F_SETOWN_EX", give_descriptor_to_thread_of_parent, EPERM },
        { "F_SETOWN with more bits", give_descriptor_by_a_long_command, EPERM },
        { "F_SETSIG", choose_signal_of_descriptor, EPERM },
        { "FIOSETOWN", give_socket_to_parent, EPERM },
        { "SIOCSPGRP", give_socket_to_parent_otherwise, EPERM },
        { "TIOCSTI", type_into_terminal, EPERM },
        { "TIOCLINUX", paste_into_console, EPERM },
        { "prlimit", limit_parent, EPERM },
        { "setpriority", put_parent_last, EPERM },
        { "sched_setaffinity", pin_parent, EPERM },
        { "sched_setscheduler", schedule_parent, EPERM },
        { "sched_setattr", schedule_parent_otherwise, EPERM },
        { "ioprio_set", put_parents_files_last, EPERM },
        { "migrate_pages", put_its_memory_elsewhere, EPERM },
        { "PR_SCHED_CORE", share_a_core_with_parent, EPERM },
        { "PR_SET_DUMPABLE", let_its_memory_be_shown, EPERM },
        { "sync", write_out_all_files, EPERM },
        { "syncfs", write_out_a_file_system, EPERM },
        { "the name of a thread", name_its_thread, 0 },
        { "semget", make_semaphores, EPERM },
        { "msgrcv", read_messages, EPERM },
        { "mq_open", open_message_queue, EPERM },
        { "a signal to itself", signal_itself, 0 },
        { "limits of its own", limit_itself, 0 },
        { "other commands of descriptors", wait_for_nothing, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void calls_that_nobody_needs_are_refused_and_new_ones_missing(void **state)
{
    static const struct trial trials[] = {
        { "io_uring", ask_for_io_uring, EPERM },
        { "number 4000", make_a_call_of_tomorrow, ENOSYS },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static int enter_and_look_at_rights(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3] = { 0 };
    struct sandbox sandbox;

    sandbox_enter(NULL, &sandbox);
    if (syscall(SYS_capget, &header, rights) != 0)
        return 1;
    return (rights[0].permitted & ~(1U << CAP_DAC_READ_SEARCH)) | rights[1].permitted ? 2
                                                                                      : DONE;
}

static void root_has_no_more_rights_than_to_read(void **state)
{
    (void)state;
    assert_int_equal(in_child(enter_and_look_at_rights), DONE);
}

/* Answers with the error of a call that is refused, once told to. */
static void *wait_and_watch(void *pipe_end)
{
    char byte;

    return read(*(int *)pipe_end, &byte, 1) == 1 && watch_files() == EPERM ? pipe_end : NULL;
}

static int enter_beside_a_thread(void)
{
    struct sandbox sandbox;
    pthread_t thread;
    int ends[2];
    void *refused;

    if (pipe(ends) != 0 || pthread_create(&thread, NULL, wait_and_watch, &ends[0]) != 0)
        return 1;
    sandbox_enter(NULL, &sandbox);
    if (!is_in_force(sandbox.calls))
        return NOTHING_TO_TRY;
    if (write(ends[1], "x", 1) != 1 || pthread_join(thread, &refused) != 0)
        return 2;
    return refused ? DONE : 3;
}

static void a_thread_that_was_there_before_is_refused_the_same_calls(void **state)
{
    int how = in_child(enter_beside_a_thread);

    (void)state;
    if (how == NOTHING_TO_TRY)
        skip();
    assert_int_equal(how, DONE);
}

static int look_at_flags(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECCOMP) == 2 ? 0
                                                                                     : EINVAL;
}

static void the_kernel_knows_of_it(void **state)
{
    static const struct trial trials[] = { { "the flags", look_at_flags, 0 } };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_takes_over_starts_no_program_and_no_process_but_threads_start),
        cmocka_unit_test(who_takes_over_leaves_other_processes_alone),
        cmocka_unit_test(calls_that_nobody_needs_are_refused_and_new_ones_missing),
        cmocka_unit_test(root_has_no_more_rights_than_to_read),
        cmocka_unit_test(a_thread_that_was_there_before_is_refused_the_same_calls),
        cmocka_unit_test(the_kernel_knows_of_it),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
