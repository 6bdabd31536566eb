#include "sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What both parts say when all is well. */
static const char RESTRICTED[] = "restricted";

void sandbox_disable_core_dumps(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    /* A core that is piped to a program knows no limit, but needs a process that is dumpable. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void say_files(struct sandbox *in_force, const char *how)
{
    (void)snprintf(in_force->files, sizeof(in_force->files), "%s", how);
}

/* ---- files ---- */

/*
 * Landlock's words, spelt out since the headers of many systems lack the newer ones.
 * Source: kernel.org, "Landlock: unprivileged access control".
 */
enum {
    SYS_CREATE_RULESET = 444, /* on every machine */
    SYS_ADD_RULE = 445,
    SYS_RESTRICT_SELF = 446,
    CREATE_RULESET_VERSION = 1,
    RULE_PATH_BENEATH = 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    NET_BIND_TCP = 1 << 0,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1,
};

struct ruleset {
    uint64_t fs;
    uint64_t net;   /* since version 4 */
    uint64_t scope; /* since version 6 */
};

struct __attribute__((packed)) path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
};

/* All kinds of access to files that a version of Landlock can refuse. */
static uint64_t all_access(long version)
{
    static const unsigned kinds[] = { 0, 13, 14, 15, 15, 16 };

    return (1ULL << kinds[version < 5 ? version : 5]) - 1;
}

static int create_ruleset(long version)
{
    struct ruleset rules = { .fs = all_access(version) };

    if (version >= 4)
        rules.net = NET_BIND_TCP;
    if (version >= 6)
        rules.scope = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return (int)syscall(SYS_CREATE_RULESET, &rules, sizeof(rules), 0);
}

/* The rules to be, and what could not be made one of them. */
struct rules {
    int fd;
    int error; /* 0: all went well */
    char path[96];
};

static void fail(struct rules *rules, const char *path, int error)
{
    if (rules->error)
        return;
    rules->error = error;
    (void)snprintf(rules->path, sizeof(rules->path), "%s", path);
}

/* True if it cannot be opened, with or without a rule. */
static bool is_out_of_reach(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP;
}

static void allow(struct rules *rules, const char *path, uint64_t access)
{
    struct path_beneath rule = { .allowed = access };

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) {
        if (!is_out_of_reach(errno))
            fail(rules, path, errno);
        return;
    }
    if (syscall(SYS_ADD_RULE, rules->fd, RULE_PATH_BENEATH, &rule, 0) != 0)
        fail(rules, path, errno);
    close(rule.parent_fd);
}

/*
 * Allows to read what stands beside a file.  The rule is for the folder, since a file is
 * renewed by putting another one in its place, which a rule for the old file would not open.  A
 * file in `/` gets a rule of its own, since everything is beside it.
 */
static void allow_reading_beside(struct rules *rules, const char *file)
{
    const char *slash = strrchr(file, '/');
    int before_name = slash ? (int)(slash - file) + 1 : 0;
    char written[PATH_MAX], folder[PATH_MAX];

    (void)snprintf(written, sizeof(written), "%.*s.", before_name, file);
    if (!realpath(written, folder))
        return;
    if (strcmp(folder, "/") == 0)
        allow(rules, file, FS_READ_FILE);
    else
        allow(rules, folder, FS_READ_FILE | FS_READ_DIR);
}

/*
 * Allows to read a file where its name is, and where links lead.  A file of a mounted secret is
 * a link into a folder beside it, and when it is renewed, into another one.
 */
static void allow_reading_file(struct rules *rules, const char *file)
{
    char path[PATH_MAX];

    if (!realpath(file, path))
        return;
    allow_reading_beside(rules, file);
    allow_reading_beside(rules, path);
}

/*
 * Allows to read what names and certificates need, and libraries, since name services are
 * loaded when first needed.
 */
static void allow_what_is_needed(struct rules *rules, const char *ca_file)
{
    static const char *const folders[] = { "/etc", "/lib", "/lib64", "/usr/lib", "/usr/lib64" };

    for (size_t i = 0; i < COUNT(folders); i++)
        allow(rules, folders[i], FS_READ_FILE | FS_READ_DIR);
    allow(rules, "/dev/urandom", FS_READ_FILE); /* c-ares numbers its questions from it */
    /* Often links to where the system writes them. */
    allow_reading_file(rules, "/etc/resolv.conf");
    allow_reading_file(rules, "/etc/hosts");
    if (ca_file)
        allow_reading_file(rules, ca_file);
}

static const char *name_absence(int error)
{
    if (error == ENOSYS)
        return "open: this kernel has no Landlock";
    return error == EOPNOTSUPP ? "open: Landlock is switched off in this kernel"
                               : "open: this host allows no Landlock";
}

static void refuse_files(const char *ca_file, struct sandbox *in_force)
{
    long version = syscall(SYS_CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
    struct rules rules = { .fd = version < 1 ? -1 : create_ruleset(version) };

    if (rules.fd < 0) {
        say_files(in_force, name_absence(errno));
        return;
    }
    allow_what_is_needed(&rules, ca_file);
    if (rules.error)
        (void)snprintf(in_force->files, sizeof(in_force->files), "open: no rule for %s: %s",
                       rules.path, strerror(rules.error));
    else
        say_files(in_force, syscall(SYS_RESTRICT_SELF, rules.fd, 0) == 0 ? RESTRICTED
                                                                         : name_absence(errno));
    close(rules.fd);
}

/* ---- system calls ---- */

/*
 * A filter for seccomp that refuses, with an error, system calls that the handler never makes and
 * an intruder would.
 *
 * A call that is not named passes.  A list of what may pass would be shorter to attack, but would
 * have to foresee every C library, resolver and tool under which this program runs.  Of calls
 * that do many things, such as ioctl, the few things that are needed pass.
 */
#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifndef MACHINE

static const char *refuse_calls(void)
{
    return "open: not built for this machine";
}

#else

/*
 * Newer calls than those below this number were not known when the list was made.  They are
 * missing, as on an older kernel: C libraries know how to do without.
 */
#define FIRST_UNKNOWN_CALL 450

/* Numbers that are the same on every machine, and that many systems' headers lack. */
enum {
    SYS_QUOTACTL_FD = 443,
    SYS_MEMFD_SECRET = 447,
    SYS_PROCESS_MRELEASE = 448,
    PR_SET_NAME_OF_MEMORY = 0x53564d41, /* PR_SET_VMA: allocators name what they map */
    SOCKET_TYPE_BITS = 0xf,             /* above are SOCK_CLOEXEC and SOCK_NONBLOCK */
};

/* clang-format off */
static const int refused[] = {
    /* other programs */
    SYS_execve, SYS_execveat,
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp,
    SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kill, SYS_tkill,
    SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_PROCESS_MRELEASE, SYS_migrate_pages,
    SYS_move_pages,
    /* how much of the machine others get */
    SYS_setpriority, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam,
    SYS_sched_setattr, SYS_ioprio_set, SYS_setpgid, SYS_sync, SYS_syncfs,
    /* what other processes share with this one, memory that can be run among it */
    SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semctl, SYS_semop, SYS_semtimedop,
    SYS_msgget, SYS_msgctl, SYS_msgsnd, SYS_msgrcv, SYS_mq_open, SYS_mq_unlink,
    /* a second mapping of the same memory; realloc() does without, and copies */
    SYS_mremap, SYS_remap_file_pages,
    /* files other than to read them */
    SYS_mkdirat, SYS_mknodat, SYS_linkat, SYS_symlinkat, SYS_unlinkat, SYS_renameat,
    SYS_renameat2, SYS_truncate, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat,
    SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr,
    SYS_lremovexattr, SYS_fremovexattr, SYS_open_by_handle_at, SYS_memfd_create,
    SYS_MEMFD_SECRET,
    /* files that are open, the log among them, other than to add to them; and keeping others
       from theirs, or watching what they do with them */
    SYS_ftruncate, SYS_fallocate, SYS_pwrite64, SYS_pwritev, SYS_pwritev2,
    SYS_copy_file_range, SYS_splice, SYS_tee, SYS_vmsplice, SYS_flock, SYS_inotify_init1,
    SYS_inotify_add_watch, SYS_fanotify_init, SYS_fanotify_mark,
    /* another root, another view of the system */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount,
    SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_unshare,
    SYS_setns,
    /* another user */
    SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid,
    SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset,
    /* parts of the kernel that are known for their holes */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_io_setup, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_personality, SYS_vhangup,
    /* the machine */
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
    SYS_kexec_file_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl,
    SYS_QUOTACTL_FD, SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
    SYS_sethostname, SYS_setdomainname,
    /* what would serve strangers: our own listener is open by now */
    SYS_listen,
#ifdef __x86_64__
    /* older spellings, which newer machines lack */
    SYS_fork, SYS_vfork, SYS_creat, SYS_mkdir, SYS_rmdir, SYS_mknod, SYS_link, SYS_symlink,
    SYS_unlink, SYS_rename, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes,
    SYS_futimesat, SYS_inotify_init, SYS_modify_ldt, SYS_ioperm, SYS_iopl, SYS_uselib,
    SYS_arch_prctl,
#endif
};
/* clang-format on */

/*
 * The arguments of these are behind pointers, where no filter sees them.  Each has an older
 * twin below.
 */
static const int missing[] = { SYS_clone3, SYS_openat2 };

/* ---- the filter ---- */

enum { MAX_INSTRUCTIONS = 2 * (COUNT(refused) + COUNT(missing)) + 128 };

struct program {
    struct sock_filter at[MAX_INSTRUCTIONS];
    unsigned short len;
};

#define PASS SECCOMP_RET_ALLOW
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)
#define MISS (SECCOMP_RET_ERRNO | ENOSYS)

/* The lower half of an argument: both machines are little-endian, and all flags are ints. */
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + (size_t)(i) * sizeof(uint64_t))

static void add(struct program *p, unsigned code, unsigned k, int then_skip, int else_skip)
{
    assert(p->len < MAX_INSTRUCTIONS);
    p->at[p->len++] = (struct sock_filter){ (unsigned short)code, (unsigned char)then_skip,
                                            (unsigned char)else_skip, k };
}

static void load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void answer(struct program *p, unsigned verdict)
{
    add(p, BPF_RET | BPF_K, verdict, 0, 0);
}

/* The number of the call is loaded: is it this one?  Then the next so many instructions hold. */
static void when(struct program *p, int call, int instructions)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, instructions);
}

static void answer_all(struct program *p, const int *calls, size_t count, unsigned verdict)
{
    for (size_t i = 0; i < count; i++) {
        when(p, calls[i], 1);
        answer(p, verdict);
    }
}

/*
 * Refuses the call unless what mask leaves of its argument is one of these.  The number of the
 * call is loaded again afterwards.
 */
static void demand(struct program *p, int call, int argument, unsigned mask,
                   const unsigned *values, int count)
{
    when(p, call, count + 4);
    load(p, ARGUMENT(argument));
    add(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    for (int i = 0; i < count; i++)
        add(p, BPF_JMP | BPF_JEQ | BPF_K, values[i], count - i, 0);
    answer(p, REFUSE);
    load(p, offsetof(struct seccomp_data, nr));
}

static void demand_one_of(struct program *p, int call, int argument, const unsigned *values,
                          int count)
{
    demand(p, call, argument, UINT_MAX, values, count);
}

/* Refuses the call if its argument has any of the bits. */
static void refuse_bits(struct program *p, int call, int argument, unsigned bits)
{
    demand(p, call, argument, bits, (const unsigned[]){ 0 }, 1);
}

/*
 * Lets no memory become executable, so that the process runs only the code that it was started
 * with.
 */
static void filter_memory(struct program *p)
{
    refuse_bits(p, SYS_mmap, 2, PROT_EXEC);
    refuse_bits(p, SYS_mprotect, 2, PROT_EXEC);
    refuse_bits(p, SYS_pkey_mprotect, 2, PROT_EXEC);
}

/* Allows threads but no processes, and no thread that sees another system than this one. */
static void filter_threads(struct program *p)
{
    const unsigned other_system = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                  CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    const unsigned self[] = { (unsigned)getpid(), 0 }; /* 0: the caller */

    demand(p, SYS_clone, 0, CLONE_THREAD | other_system, (const unsigned[]){ CLONE_THREAD }, 1);
    demand_one_of(p, SYS_tgkill, 0, self, COUNT(self)); /* raise(), abort() */
    /* RLIMIT_CPU set on another process would kill it */
    demand_one_of(p, SYS_prlimit64, 0, self, COUNT(self));
}

/*
 * Allows TCP and UDP.  The machine's own services, its firewall and its wires need other
 * sockets.
 */
static void filter_sockets(struct program *p)
{
    const unsigned families[] = { AF_INET, AF_INET6 };
    const unsigned types[] = { SOCK_STREAM, SOCK_DGRAM };
    const unsigned protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };

    demand_one_of(p, SYS_socket, 0, families, COUNT(families));
    demand(p, SYS_socket, 1, SOCKET_TYPE_BITS, types, COUNT(types));
    demand_one_of(p, SYS_socket, 2, protocols, COUNT(protocols));
    /* a pair of datagram sockets could be connected to another process */
    demand(p, SYS_socketpair, 1, SOCKET_TYPE_BITS, types, 1);
}

/*
 * Allows those of the many things that can be done with a descriptor that programs like this
 * one do: no signal, lease or lock that others would feel, no typing into a terminal, no
 * freezing of a file system, no settings of the network.
 */
static void filter_descriptors(struct program *p)
{
    const unsigned to_write = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    const unsigned commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,      F_SETFD,
                                  F_GETFL, F_SETFL,         F_GETPIPE_SZ, F_SETPIPE_SZ };
    const unsigned controls[] = { FIONBIO, FIONREAD, FIOCLEX,    FIONCLEX,
                                  TCGETS,  TIOCOUTQ, TIOCGWINSZ, SIOCGIFINDEX };

    refuse_bits(p, SYS_openat, 2, to_write);
#ifdef SYS_open
    refuse_bits(p, SYS_open, 1, to_write);
#endif
    demand_one_of(p, SYS_fcntl, 1, commands, COUNT(commands));
    demand_one_of(p, SYS_ioctl, 1, controls, COUNT(controls));
}

/*
 * Lets the process name its threads.  It may not make its memory readable again, nor decide
 * which tasks share a core.
 */
static void filter_process(struct program *p)
{
    const unsigned options[] = { PR_SET_NAME,          PR_GET_NAME,         PR_GET_DUMPABLE,
                                 PR_GET_SECCOMP,       PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ,
                                 PR_SET_NAME_OF_MEMORY };

    demand_one_of(p, SYS_prctl, 0, options, COUNT(options));
}

static void write_program(struct program *p)
{
    p->len = 0;
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    answer(p, REFUSE); /* the calls of an older machine, with other numbers */
    load(p, offsetof(struct seccomp_data, nr));
    add(p, BPF_JMP | BPF_JGE | BPF_K, FIRST_UNKNOWN_CALL, 0, 1);
    answer(p, MISS);
    answer_all(p, refused, COUNT(refused), REFUSE);
    answer_all(p, missing, COUNT(missing), MISS);
    filter_memory(p);
    filter_threads(p);
    filter_sockets(p);
    filter_descriptors(p);
    filter_process(p);
    answer(p, PASS);
}

/*
 * Installs the filter for every thread, in case a preloaded library has started one.  Without
 * the second flag, kernels before 5.16 slow every thread down against a fault of processors
 * that concerns programs which run code of others.  Older kernels do not know that flag.
 */
static bool install(const struct sock_fprog *program)
{
    static const unsigned flags[] = {
        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_TSYNC
    };

    for (size_t i = 0; i < COUNT(flags); i++) {
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], program) == 0)
            return true;
    }
    return false;
}

/*
 * Ends the state, in which a program of old can be started, where whatever it reads can be run.
 */
static bool may_run_what_it_reads(void)
{
    int persona = personality(0xffffffff);

    if (persona < 0 || !(persona & READ_IMPLIES_EXEC))
        return false;
    (void)personality((unsigned)persona & ~(unsigned)READ_IMPLIES_EXEC);
    return true;
}

static const char *refuse_calls(void)
{
    bool is_open = may_run_what_it_reads();
    struct program program;

    write_program(&program);
    if (install(&(struct sock_fprog){ program.len, program.at }))
        return is_open ? "open: the process was started with executable memory" : RESTRICTED;
    return errno == ENOSYS ? "open: this kernel has no seccomp"
                           : "open: this host allows no seccomp";
}

#endif

/* ---- all ---- */

/*
 * Gives up what only root may do: set up the network, send raw packets, signal every process.  Root
 * may still read files of other users, since the certificates may be one of these.
 */
static bool give_up_rights_of_root(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct rights[_LINUX_CAPABILITY_U32S_3] = { 0 };
    uint32_t kept;

    if (syscall(SYS_capget, &header, rights) != 0)
        return false;
    kept = rights[0].permitted & (1U << CAP_DAC_READ_SEARCH);
    rights[0] = (struct __user_cap_data_struct){ .effective = kept, .permitted = kept };
    rights[1] = (struct __user_cap_data_struct){ 0 };
    return syscall(SYS_capset, &header, rights) == 0;
}

void sandbox_stay_out(const char *why, struct sandbox *in_force)
{
    in_force->calls = why;
    say_files(in_force, why);
}

void sandbox_enter(const char *ca_file, struct sandbox *in_force)
{
    bool is_ordinary;

    /*
     * After this, a program that is set to another user's rights does not get them.  Both parts
     * need it.
     */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        sandbox_stay_out("open: this host does not allow it", in_force);
        return;
    }
    is_ordinary = give_up_rights_of_root();
    refuse_files(ca_file, in_force);
    in_force->calls = refuse_calls();
    if (!is_ordinary && strcmp(in_force->calls, RESTRICTED) == 0)
        in_force->calls = "open: this host does not let the rights of root be given up";
}
