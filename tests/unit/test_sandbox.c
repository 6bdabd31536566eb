/*
 * Each test tries things in a child of its own, since what is given up never comes back.  Where
 * the kernel has no such part there is nothing to try, and the test says so.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

/*
 * A folder with a file of certificates, and another one beside it.  And certificates as they are
 * mounted: links to the first of two folders, and to the second once they are renewed.
 */
static char folder[] = "/tmp/codestream-sandbox-XXXXXX";
static char inner[64], ca_file[80], beside[80], outside[80];
static char mount[64], first[80], second[80], data[80], mounted[80], mounted_first[96],
    mounted_second[96];
/* A link to certificates in another folder. */
static char linked[80];
/* Certificates directly in `/`, where we may write there. */
static char ca_file_in_root[] = "/codestream-sandbox-XXXXXX";

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static void make_mount(void)
{
    (void)snprintf(mount, sizeof(mount), "%s/mount", folder);
    (void)snprintf(first, sizeof(first), "%s/..1", mount);
    (void)snprintf(second, sizeof(second), "%s/..2", mount);
    (void)snprintf(data, sizeof(data), "%s/..data", mount);
    (void)snprintf(mounted, sizeof(mounted), "%s/ca.pem", mount);
    (void)snprintf(mounted_first, sizeof(mounted_first), "%s/ca.pem", first);
    (void)snprintf(mounted_second, sizeof(mounted_second), "%s/ca.pem", second);
    assert_int_equal(mkdir(mount, 0700) | mkdir(first, 0700) | mkdir(second, 0700), 0);
    write_file(mounted_first);
    write_file(mounted_second);
    assert_int_equal(symlink("..1", data) | symlink("..data/ca.pem", mounted), 0);
    (void)snprintf(linked, sizeof(linked), "%s/linked.pem", mount);
    assert_int_equal(symlink("../inner/ca.pem", linked), 0);
}

static void remove_mount(void)
{
    const char *const files[] = { linked, mounted, data, mounted_first, mounted_second };

    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i]);
    rmdir(first);
    rmdir(second);
    rmdir(mount);
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    make_mount();
    (void)snprintf(inner, sizeof(inner), "%s/inner", folder);
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", inner);
    (void)snprintf(beside, sizeof(beside), "%s/renewed.pem", inner);
    (void)snprintf(outside, sizeof(outside), "%s/secret", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    write_file(ca_file);
    write_file(beside);
    write_file(outside);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(ca_file);
    unlink(beside);
    unlink(outside);
    rmdir(inner);
    remove_mount();
    return rmdir(folder);
}

/* ---- children ---- */

/* One thing to try: 0, or the errno of its failure. */
struct trial {
    const char *what;
    int (*act)(void);
    int want;
};

enum { DONE = 0, NOTHING_TO_TRY = 200 };

static bool is_in_force(const char *part)
{
    return strcmp(part, SANDBOX_RESTRICTED) == 0;
}

static int error_of(long result)
{
    return result < 0 ? errno : 0;
}

/* In the child; the number of the first trial that went otherwise, counted from 1. */
static int try_all(const struct trial *trials, size_t count, const char *certificates)
{
    struct sandbox sandbox;

    sandbox_enter(certificates, &sandbox);
    if (!is_in_force(certificates ? sandbox.files : sandbox.calls))
        return NOTHING_TO_TRY;
    for (size_t i = 0; i < count; i++) {
        if (trials[i].act() != trials[i].want)
            return (int)i + 1;
    }
    return DONE;
}

/* certificates: NULL when the trials are about calls and not about files. */
static void expect(const struct trial *trials, size_t count, const char *certificates)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(try_all(trials, count, certificates)); /* no sanitizer's last look */
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOTHING_TO_TRY) {
        print_message("this kernel or host does not offer it\n");
        skip();
    }
    if (WEXITSTATUS(status) != DONE)
        print_error("%s\n", trials[WEXITSTATUS(status) - 1].what);
    assert_int_equal(WEXITSTATUS(status), DONE);
}

/* ---- trials ---- */

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

static int open_to_write(void)
{
    return error_of(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static int open_to_read_and_write(void)
{
    return error_of(open(ca_file, O_RDWR | O_CLOEXEC));
}

static int open_new(void)
{
    return error_of(open(outside, O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int open_by_openat2(void)
{
    return error_of(syscall(SYS_openat2, AT_FDCWD, outside, NULL, 0));
}

static int remove_file(void)
{
    return error_of(unlink(ca_file));
}

static int rename_file(void)
{
    return error_of(rename(ca_file, beside));
}

static int make_folder(void)
{
    return error_of(mkdir("/tmp/codestream-sandbox", 0700));
}

static int change_mode(void)
{
    return error_of(chmod(ca_file, 0777));
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

static int a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

static int open_packet_socket(void)
{
    return error_of(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int open_socket(void)
{
    return error_of(a_socket());
}

static int ask_for_addresses(void)
{
    return error_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int listen_for_strangers(void)
{
    return error_of(listen(a_socket(), 1));
}

/* As resolvers do. */
static int bind_udp_socket(void)
{
    const struct sockaddr_in any = { .sin_family = AF_INET };
    int socket_of_packets = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return error_of(bind(socket_of_packets, (const struct sockaddr *)&any, sizeof(any)));
}

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

static int ask_for_io_uring(void)
{
    return error_of(syscall(SYS_io_uring_setup, 1, NULL));
}

static int make_a_call_of_tomorrow(void)
{
    return error_of(syscall(4000, 0));
}

static int read_the_systems_settings(void)
{
    return error_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int read_certificates(void)
{
    return error_of(open(ca_file, O_RDONLY | O_CLOEXEC));
}

static int read_renewed_certificates(void)
{
    return error_of(open(beside, O_RDONLY | O_CLOEXEC));
}

static int read_mounted_certificates(void)
{
    return error_of(open(mounted, O_RDONLY | O_CLOEXEC));
}

static int read_renewed_mounted_certificates(void)
{
    return error_of(open(mounted_second, O_RDONLY | O_CLOEXEC));
}

static int read_certificates_in_root(void)
{
    return error_of(open(ca_file_in_root, O_RDONLY | O_CLOEXEC));
}

static int list_root(void)
{
    return error_of(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int read_elsewhere(void)
{
    return error_of(open(outside, O_RDONLY | O_CLOEXEC));
}

static int read_environment(void)
{
    return error_of(open("/proc/self/environ", O_RDONLY | O_CLOEXEC));
}

static int list_folder(void)
{
    return error_of(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* ---- tests ---- */

static void who_takes_over_starts_no_program_and_no_process_but_threads_start(void **state)
{
    static const struct trial trials[] = {
        { "execve", start_program, EPERM }, { "execveat", start_program_of_descriptor, EPERM },
        { "fork", start_process, EPERM },   { "clone3", start_process_by_clone3, ENOSYS },
        { "a thread", start_thread, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void who_takes_over_writes_no_file(void **state)
{
    static const struct trial trials[] = {
        { "open to write", open_to_write, EPERM },
        { "open to read and write", open_to_read_and_write, EPERM },
        { "open to create", open_new, EPERM },
        { "openat2", open_by_openat2, ENOSYS },
        { "unlink", remove_file, EPERM },
        { "rename", rename_file, EPERM },
        { "mkdir", make_folder, EPERM },
        { "chmod", change_mode, EPERM },
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
        { "a signal to itself", signal_itself, 0 },
        { "limits of its own", limit_itself, 0 },
        { "other commands of descriptors", wait_for_nothing, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void who_takes_over_gets_no_odd_sockets_and_serves_nobody(void **state)
{
    static const struct trial trials[] = {
        { "a socket for raw packets", open_packet_socket, EPERM },
        { "listen", listen_for_strangers, EPERM },
        { "a socket", open_socket, 0 },
        { "netlink", ask_for_addresses, 0 },
        { "a UDP socket", bind_udp_socket, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void what_was_written_to_memory_is_not_run(void **state)
{
    static const struct trial trials[] = {
        { "mmap", map_what_can_be_written_and_run, EPERM },
        { "mprotect", run_what_was_written, EPERM },
        { "shmget", make_shared_memory, EPERM },
        { "shmat", attach_shared_memory, EPERM },
        { "userfaultfd", ask_for_userfaultfd, EPERM },
        { "userfaultfd of the device", ask_device_for_userfaultfd, EPERM },
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

static void of_files_only_settings_and_certificates_are_read(void **state)
{
    static const struct trial trials[] = {
        { "/etc", read_the_systems_settings, 0 },
        { "the certificates", read_certificates, 0 },
        { "certificates that were renewed", read_renewed_certificates, 0 },
        { "a file elsewhere", read_elsewhere, EACCES },
        { "the environment", read_environment, EACCES },
        { "a folder", list_folder, EACCES },
    };

    (void)state;
    expect(trials, COUNT(trials), ca_file);
    expect(trials, COUNT(trials), linked);
}

static void mounted_certificates_are_read_and_so_are_those_that_replace_them(void **state)
{
    static const struct trial trials[] = {
        { "the certificates", read_mounted_certificates, 0 },
        { "what their link will lead to", read_renewed_mounted_certificates, 0 },
        { "a file elsewhere", read_elsewhere, EACCES },
    };

    (void)state;
    expect(trials, COUNT(trials), mounted);
}

static int make_file_in_root(void **state)
{
    int fd = mkstemp(ca_file_in_root);

    *state = fd < 0 ? NULL : ca_file_in_root;
    close(fd);
    return 0;
}

static int remove_file_in_root(void **state)
{
    return *state ? unlink(*state) : 0;
}

static void certificates_in_the_root_folder_are_read_and_nothing_beside_them(void **state)
{
    static const struct trial trials[] = {
        { "the certificates", read_certificates_in_root, 0 },
        { "a file elsewhere", read_elsewhere, EACCES },
        { "the root folder", list_root, EACCES },
    };
    char otherwise[64];

    if (!*state) {
        print_message("only root may write to the root folder\n");
        skip();
    }
    expect(trials, COUNT(trials), ca_file_in_root);
    (void)snprintf(otherwise, sizeof(otherwise), "/etc/../%s", ca_file_in_root);
    expect(trials, COUNT(trials), otherwise);
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

static void memory_is_neither_dumped_nor_shown(void **state)
{
    struct rlimit limit;
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        sandbox_hide_memory();
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
        cmocka_unit_test(who_takes_over_starts_no_program_and_no_process_but_threads_start),
        cmocka_unit_test(who_takes_over_writes_no_file),
        cmocka_unit_test(who_takes_over_leaves_other_processes_alone),
        cmocka_unit_test(who_takes_over_gets_no_odd_sockets_and_serves_nobody),
        cmocka_unit_test(what_was_written_to_memory_is_not_run),
        cmocka_unit_test(calls_that_nobody_needs_are_refused_and_new_ones_missing),
        cmocka_unit_test(of_files_only_settings_and_certificates_are_read),
        cmocka_unit_test(mounted_certificates_are_read_and_so_are_those_that_replace_them),
        cmocka_unit_test_setup_teardown(
            certificates_in_the_root_folder_are_read_and_nothing_beside_them, make_file_in_root,
            remove_file_in_root),
        cmocka_unit_test(the_kernel_knows_of_it),
        cmocka_unit_test(memory_is_neither_dumped_nor_shown),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
