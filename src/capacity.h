/*
 * What this process may use of its machine: processors, and descriptors.  Both are asked for
 * before the sandbox closes /proc and /sys.
 */
#ifndef CAPACITY_H
#define CAPACITY_H

#include "base/str.h"

/*
 * As many loops as processors that this process may use, and at least one: those of its affinity
 * (sched_getaffinity(2)), or fewer if a cgroup gives it less time than they have.
 */
unsigned capacity_cores(void);

/*
 * The least number of whole processors that hold the quota of this process's cgroup and of the
 * cgroups above it, as far as they can be seen; 0: none of them has a quota.  root is put before
 * every path; only tests have one.
 * Sources: kernel.org, "Control Group v2" (cpu.max) and "CFS Bandwidth Control" (v1:
 * cpu.cfs_quota_us, cpu.cfs_period_us); cgroups(7) for /proc/self/cgroup.
 */
unsigned capacity_quota_cores(const char *root);

/* The text of cpu.max: "max 100000" or "150000 100000".  0: no quota, or not such a text. */
unsigned capacity_parse_cpu_max(struct str text);

/* What a number of descriptors is enough for. */
struct capacity_places {
    size_t loops;
    size_t connections; /* of each loop, to us */
    size_t calls;       /* of each loop, from us, at a time */
};

/*
 * descriptors: the limit of the process.  loops: how many there should be; there are fewer, down
 * to one, if each would have too little.  There are always places for one connection and a call.
 */
struct capacity_places capacity_places(size_t descriptors, size_t loops);

#endif
