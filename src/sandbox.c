#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

const char SANDBOX_RESTRICTED[] = "restricted";

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

/* It cannot be opened, with or without a rule. */
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
 * The rule is for the folder: a file is renewed by putting another one in its place, which a rule
 * for the old file would not open.  A file in `/` gets a rule of its own, since everything is
 * beside it.
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
 * Where its name is, and where links lead: a file of a mounted secret is a link into a folder
 * beside it, and when it is renewed, into another one.
 */
static void allow_reading_file(struct rules *rules, const char *file)
{
    char path[PATH_MAX];

    if (!realpath(file, path))
        return;
    allow_reading_beside(rules, file);
    allow_reading_beside(rules, path);
}

/* Names and certificates; and libraries, since name services are loaded when first needed. */
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
    switch (error) {
    case ENOSYS:
        return "open: this kernel has no Landlock";
    case EOPNOTSUPP:
        return "open: Landlock is switched off in this kernel";
    default:
        return "open: this host allows no Landlock";
    }
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
        say_files(in_force, syscall(SYS_RESTRICT_SELF, rules.fd, 0) == 0 ? SANDBOX_RESTRICTED
                                                                         : name_absence(errno));
    close(rules.fd);
}

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

    /* A program that is set to another user's rights does not get them; both parts need it. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        sandbox_stay_out("open: this host does not allow it", in_force);
        return;
    }
    is_ordinary = give_up_rights_of_root();
    refuse_files(ca_file, in_force);
    in_force->calls = sandbox_refuse_calls();
    if (!is_ordinary && strcmp(in_force->calls, SANDBOX_RESTRICTED) == 0)
        in_force->calls = "open: this host does not let the rights of root be given up";
}
