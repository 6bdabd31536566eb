/*
 * Each test tries things in a child of its own, since what is given up never comes back.  Where
 * the kernel has no such part there is nothing to try, and the test says so.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
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

/* What the process has before it gives anything up: a file as its log, that it may also read ... */
static char log_path[80];
static int log_file;
/* ... and memory that is run and can be shared. */
static void *shared_code;

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
    (void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
    log_file = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(log_file, "one\n", 4), 4);
    shared_code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared_code != MAP_FAILED);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(ca_file);
    unlink(beside);
    unlink(outside);
    close(log_file);
    unlink(log_path);
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
    return strcmp(part, "restricted") == 0;
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

/* Runs it in a child, whose end is its result. */
static int in_child(int (*body)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(body());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Whether any of these is refused by something else than the sandbox would prove nothing. */
static void expect_nothing_else_refuses(const struct trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (in_child(trials[i].act) == EPERM)
            fail_msg("%s is refused without a sandbox", trials[i].what);
    }
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

static int set_up_the_network(void)
{
    return error_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int set_up_the_firewall(void)
{
    return error_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12));
}

static int open_raw_socket(void)
{
    return error_of(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

/* How packet sockets were once opened; Linux takes it still. */
static int open_packet_socket_of_old(void)
{
    return error_of(socket(AF_INET, SOCK_PACKET | SOCK_CLOEXEC, 0x300));
}

static int open_socket_of_many_paths(void)
{
    return error_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262));
}

static int open_local_socket(void)
{
    return error_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int open_pair_that_can_be_connected(void)
{
    int pair[2];

    return error_of(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
}

static int open_pair(void)
{
    int pair[2];

    return error_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}

static int error_of_interface(unsigned long request)
{
    struct ifreq loopback = { .ifr_name = "lo" };

    return error_of(ioctl(a_socket(), request, &loopback));
}

static int switch_interface_off(void)
{
    return error_of_interface(SIOCSIFFLAGS);
}

static int rename_interface(void)
{
    return error_of_interface(SIOCSIFNAME);
}

static int add_route(void)
{
    return error_of(ioctl(a_socket(), SIOCADDRT, NULL));
}

static int find_interface(void)
{
    return error_of_interface(SIOCGIFINDEX);
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

/* ---- files that are open ---- */

static int empty_the_log(void)
{
    return error_of(ftruncate(log_file, 0));
}

static int punch_a_hole_into_the_log(void)
{
    return error_of(fallocate(log_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
}

static int overwrite_the_log(void)
{
    return error_of(pwrite(log_file, "x", 1, 0));
}

static int overwrite_the_log_with_several_texts(void)
{
    const struct iovec text = { folder, 1 };

    return error_of(pwritev(log_file, &text, 1, 0));
}

static int overwrite_the_log_otherwise(void)
{
    const struct iovec text = { folder, 1 };

    return error_of(pwritev2(log_file, &text, 1, 0, 0));
}

static int copy_into_the_log(void)
{
    off_t from = 0, to = 4096;

    return error_of(copy_file_range(log_file, &from, log_file, &to, 1, 0));
}

static int add_to_the_log(void)
{
    return error_of(write(log_file, "two\n", 4));
}

static int splice_into_the_log(void)
{
    return error_of(splice(-1, NULL, log_file, NULL, 1, 0));
}

static int lease_a_file(void)
{
    return error_of(fcntl(open("/etc/passwd", O_RDONLY | O_CLOEXEC), F_SETLEASE, F_RDLCK));
}

static int watch_a_folder_by_signals(void)
{
    return error_of(fcntl(open("/etc", O_RDONLY | O_CLOEXEC), F_NOTIFY, DN_ACCESS));
}

static int lock_a_file_for_others(void)
{
    return error_of(flock(open("/etc/passwd", O_RDONLY | O_CLOEXEC), LOCK_EX | LOCK_NB));
}

static int lock_a_part_for_others(void)
{
    const struct flock all = { .l_type = F_RDLCK };

    return error_of(fcntl(open("/etc/passwd", O_RDONLY | O_CLOEXEC), F_SETLK, &all));
}

static int watch_files(void)
{
    return error_of(inotify_init1(IN_CLOEXEC));
}

static int watch_all_files(void)
{
    return error_of(syscall(SYS_fanotify_init, 0, 0));
}

static int freeze_a_file_system(void)
{
    return error_of(ioctl(open("/etc", O_RDONLY | O_CLOEXEC), FIFREEZE, 0));
}

/* ---- other parts of the system ---- */

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

static int read_the_systems_settings(void)
{
    return error_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int read_random_numbers(void)
{
    return error_of(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
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

static void who_takes_over_gets_no_odd_sockets_and_serves_nobody(void **state)
{
    static const struct trial trials[] = {
        { "a socket for raw packets", open_packet_socket, EPERM },
        { "the same as of old", open_packet_socket_of_old, EPERM },
        { "a raw socket", open_raw_socket, EPERM },
        { "a protocol other than TCP and UDP", open_socket_of_many_paths, EPERM },
        { "a socket to the machine's own services", open_local_socket, EPERM },
        { "a pair of which one could be connected to them", open_pair_that_can_be_connected,
          EPERM },
        { "netlink", set_up_the_network, EPERM },
        { "netlink to the firewall", set_up_the_firewall, EPERM },
        { "SIOCSIFFLAGS", switch_interface_off, EPERM },
        { "SIOCSIFNAME", rename_interface, EPERM },
        { "SIOCADDRT", add_route, EPERM },
        { "listen", listen_for_strangers, EPERM },
        { "a socket", open_socket, 0 },
        { "a UDP socket", bind_udp_socket, 0 },
        { "a pair", open_pair, 0 },
        { "an interface of that name", find_interface, 0 },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void the_log_is_added_to_and_not_emptied_or_copied_over(void **state)
{
    static const struct trial trials[] = {
        { "ftruncate", empty_the_log, EPERM },
        { "fallocate", punch_a_hole_into_the_log, EPERM },
        { "pwrite", overwrite_the_log, EPERM },
        { "pwritev", overwrite_the_log_with_several_texts, EPERM },
        { "pwritev2", overwrite_the_log_otherwise, EPERM },
        { "copy_file_range", copy_into_the_log, EPERM },
        { "splice", splice_into_the_log, EPERM },
        { "write", add_to_the_log, 0 },
    };

    (void)state;
    expect_nothing_else_refuses(trials, COUNT(trials));
    expect(trials, COUNT(trials), NULL);
}

static void who_takes_over_neither_watches_files_nor_keeps_others_from_them(void **state)
{
    static const struct trial trials[] = {
        { "F_SETLEASE", lease_a_file, EPERM },
        { "F_NOTIFY", watch_a_folder_by_signals, EPERM },
        { "F_SETLK", lock_a_part_for_others, EPERM },
        { "flock", lock_a_file_for_others, EPERM },
        { "inotify", watch_files, EPERM },
        { "fanotify", watch_all_files, EPERM },
        { "FIFREEZE", freeze_a_file_system, EPERM },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
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
    if (strcmp(sandbox.calls, "open: it was started with memory that can be run") != 0)
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
        { "/dev/urandom", read_random_numbers, 0 },
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

/* As a host's own filter may, which knows Landlock in part. */
static void refuse_rules_of_landlock(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 445, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { COUNT(filter), filter };

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int enter_without_rules(void)
{
    static const char no_rule[] = "open: no rule for /etc: ";
    struct sandbox sandbox;

    refuse_rules_of_landlock();
    sandbox_enter(ca_file, &sandbox);
    if (strncmp(sandbox.files, "open: no rule", 13) != 0 &&
        strncmp(sandbox.files, "open: ", 6) == 0)
        return NOTHING_TO_TRY; /* nor Landlock */
    if (strncmp(sandbox.files, no_rule, strlen(no_rule)) != 0)
        return 1;
    return read_certificates() == 0 && read_elsewhere() == 0 ? DONE : 2;
}

static void where_no_rule_can_be_made_files_stay_open_and_the_first_is_told(void **state)
{
    int how = in_child(enter_without_rules);

    (void)state;
    if (how == NOTHING_TO_TRY)
        skip();
    assert_int_equal(how, DONE);
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
        cmocka_unit_test(who_takes_over_starts_no_program_and_no_process_but_threads_start),
        cmocka_unit_test(who_takes_over_writes_no_file),
        cmocka_unit_test(who_takes_over_leaves_other_processes_alone),
        cmocka_unit_test(who_takes_over_gets_no_odd_sockets_and_serves_nobody),
        cmocka_unit_test(the_log_is_added_to_and_not_emptied_or_copied_over),
        cmocka_unit_test(who_takes_over_neither_watches_files_nor_keeps_others_from_them),
        cmocka_unit_test(no_memory_becomes_memory_that_can_be_run),
        cmocka_unit_test(memory_that_can_be_run_is_not_written_by_other_ways),
        cmocka_unit_test(what_it_maps_is_not_run_though_it_was_started_so_and_that_is_told),
        cmocka_unit_test(calls_that_nobody_needs_are_refused_and_new_ones_missing),
        cmocka_unit_test(of_files_only_settings_and_certificates_are_read),
        cmocka_unit_test(mounted_certificates_are_read_and_so_are_those_that_replace_them),
        cmocka_unit_test_setup_teardown(
            certificates_in_the_root_folder_are_read_and_nothing_beside_them, make_file_in_root,
            remove_file_in_root),
        cmocka_unit_test(where_no_rule_can_be_made_files_stay_open_and_the_first_is_told),
        cmocka_unit_test(root_has_no_more_rights_than_to_read),
        cmocka_unit_test(a_thread_that_was_there_before_is_refused_the_same_calls),
        cmocka_unit_test(the_kernel_knows_of_it),
        cmocka_unit_test(memory_is_neither_dumped_nor_shown),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
