/*
 * A filter for seccomp that refuses, with an error, system calls that the handler never makes and
 * an intruder would.
 *
 * A call that is not named passes.  A list of what may pass would be shorter to attack, but would
 * have to foresee every C library, resolver and tool under which this program runs.  Of calls
 * that do many things, such as ioctl, the few things that are needed pass.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox.h"

#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifndef MACHINE

const char *sandbox_refuse_calls(void)
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

/* Their arguments are behind pointers, where no filter sees; each has an older twin below. */
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

/* A process that makes no memory executable runs only the code that it was started with. */
static void filter_memory(struct program *p)
{
    refuse_bits(p, SYS_mmap, 2, PROT_EXEC);
    refuse_bits(p, SYS_mprotect, 2, PROT_EXEC);
    refuse_bits(p, SYS_pkey_mprotect, 2, PROT_EXEC);
}

/* Threads, no processes; and none that sees another system than this one. */
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

/* TCP and UDP: the machine's own services, its firewall and its wires need other sockets. */
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
 * Of the many things that can be done with a descriptor, those that programs like this one do:
 * no signal, lease or lock that others would feel, no typing into a terminal, no freezing of a
 * file system, no settings of the network.
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
 * A process may name its threads.  It may not make its memory readable again, nor decide which
 * tasks share a core.
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
 * For every thread, should a preloaded library have started one.  Without the second flag, kernels
 * before 5.16 slow every thread down against a fault of processors that concerns programs which
 * run code of others.  Older ones do not know that flag.
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

/* Programs of old could be started so that whatever they read can be run: from now on not. */
static bool may_run_what_it_reads(void)
{
    int persona = personality(0xffffffff);

    if (persona < 0 || !(persona & READ_IMPLIES_EXEC))
        return false;
    (void)personality((unsigned)persona & ~(unsigned)READ_IMPLIES_EXEC);
    return true;
}

const char *sandbox_refuse_calls(void)
{
    bool is_open = may_run_what_it_reads();
    struct program program;

    write_program(&program);
    if (install(&(struct sock_fprog){ program.len, program.at }))
        return is_open ? "open: it was started with memory that can be run"
                       : SANDBOX_RESTRICTED;
    return errno == ENOSYS ? "open: this kernel has no seccomp"
                           : "open: this host allows no seccomp";
}

#endif
