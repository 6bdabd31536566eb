#include "capacity.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- processors ---- */

/* The quota is in units of the period.  0: there is none. */
static unsigned whole_cores(struct str quota, struct str period)
{
    uint64_t time, of;

    if (str_to_number(quota, 1, INT64_MAX, &time) || str_to_number(period, 1, INT64_MAX, &of))
        return 0;
    time = (time - 1) / of + 1;
    return time < UINT_MAX ? (unsigned)time : UINT_MAX;
}

unsigned capacity_parse_cpu_max(struct str text)
{
    struct str period;
    struct str quota = str_cut(str_cut(text, "\n", &text), " ", &period);

    return whole_cores(quota, period);
}

/* Its beginning, as much as there is space for; empty if it cannot be read. */
static struct str read_file(const char *path, char *space, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len;

    if (fd < 0)
        return (struct str){ NULL, 0 };
    len = read(fd, space, size);
    close(fd);
    return (struct str){ space, len > 0 ? (size_t)len : 0 };
}

static unsigned fewer(unsigned a, unsigned b)
{
    return b == 0 || (a > 0 && a < b) ? a : b;
}

static struct str read_line(const char *folder, struct str group, const char *file, char *space,
                            size_t size)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s%.*s/%s", folder, STR_ARG(group), file);
    struct str text, rest;

    if (len < 0 || (size_t)len >= sizeof(path))
        return (struct str){ NULL, 0 };
    text = read_file(path, space, size);
    return str_cut(text, "\n", &rest);
}

/* What one cgroup says, which has the files of version 2, those of version 1, or neither. */
static unsigned group_cores(const char *folder, struct str group)
{
    char quota[64], period[64];
    struct str max = read_line(folder, group, "cpu.max", quota, sizeof(quota));

    if (max.len > 0)
        return capacity_parse_cpu_max(max);
    return whole_cores(read_line(folder, group, "cpu.cfs_quota_us", quota, sizeof(quota)),
                       read_line(folder, group, "cpu.cfs_period_us", period, sizeof(period)));
}

/*
 * The group and all above it, up to where the hierarchy is mounted.  In a container the names
 * may be the host's, of which nothing is there but the container's own group, at the top.
 */
static unsigned hierarchy_cores(const char *root, const char *mount, struct str group)
{
    char folder[PATH_MAX];
    unsigned cores = 0;

    (void)snprintf(folder, sizeof(folder), "%s/sys/fs/cgroup%s", root, mount);
    for (;;) {
        while (str_ends(group, STR("/")))
            group.len--;
        cores = fewer(cores, group_cores(folder, group));
        if (group.len == 0)
            return cores;
        while (group.len > 0 && group.ptr[group.len - 1] != '/')
            group.len--;
    }
}

static bool has_cpu(struct str controllers)
{
    while (controllers.len > 0) {
        if (str_equal(str_cut(controllers, ",", &controllers), STR("cpu")))
            return true;
    }
    return false;
}

unsigned capacity_quota_cores(const char *root)
{
    char path[PATH_MAX], space[4096];
    unsigned cores = 0;
    struct str text;

    (void)snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    text = read_file(path, space, sizeof(space));
    while (text.len > 0) {
        /* "0::/group" is version 2, "4:cpu,cpuacct:/group" is version 1. */
        struct str group = str_cut(text, "\n", &text);
        struct str number = str_cut(group, ":", &group);
        struct str controllers = str_cut(group, ":", &group);
        if (str_equal(number, STR("0")) && controllers.len == 0)
            cores = fewer(cores, hierarchy_cores(root, "", group));
        else if (has_cpu(controllers))
            cores = fewer(cores, fewer(hierarchy_cores(root, "/cpu", group),
                                       hierarchy_cores(root, "/cpu,cpuacct", group)));
    }
    return cores;
}

/* A set of the usual size has fewer bits than some machines have processors. */
static unsigned affinity_cores(void)
{
    cpu_set_t sets[64];

    memset(sets, 0, sizeof(sets));
    if (sched_getaffinity(0, sizeof(sets), sets) != 0)
        return 1;
    return (unsigned)CPU_COUNT_S(sizeof(sets), sets);
}

unsigned capacity_cores(void)
{
    return fewer(affinity_cores(), capacity_quota_cores(""));
}

/* ---- descriptors ---- */

/* The three that every process has, the listener, and two for the log. */
#define PROCESS_DESCRIPTORS 6

/*
 * A loop's own: its inbox, its epoll set and libmicrohttpd's, and what wakes libcurl; and what it
 * opens for a while: a file of certificates, a question for a name, a connection for an identity.
 */
#define LOOP_DESCRIPTORS 9

/* With less than this for connections and calls, fewer loops do better. */
#define WORTH_A_LOOP 16

struct capacity_places capacity_places(size_t descriptors, size_t loops)
{
    size_t left = descriptors > PROCESS_DESCRIPTORS ? descriptors - PROCESS_DESCRIPTORS : 0;
    size_t most = left / (LOOP_DESCRIPTORS + WORTH_A_LOOP);
    struct capacity_places places;
    size_t share;

    places.loops = loops < most ? loops : most;
    if (places.loops < 1)
        places.loops = 1;
    share = left / places.loops;
    share = share > LOOP_DESCRIPTORS ? share - LOOP_DESCRIPTORS : 0;
    places.connections = share < 2 ? 1 : share / 2;
    places.calls = places.connections;
    return places;
}
