/*
 * Workers: one thread each, with a loop, a server, a client and a handler of its own.  A
 * request never leaves its worker, so nothing in one needs a lock.
 *
 * The first worker accepts connections and hands them out in turn, because the host may
 * keep only a few and the kernel's own distribution could put all of them on one loop.  It
 * accepts none for which no worker has a place: they wait in the listener's backlog.
 */
#ifndef WORKER_H
#define WORKER_H

#include "config.h"

/*
 * When the process is told to end, the host may not know of it yet.  The workers serve as before
 * for this long, or until the host has closed its connections.
 */
#define WORKER_SERVE_MS 3400

/* Then they accept no more connections; requests that take longer than this are given up. */
#define WORKER_DRAIN_MS 1100

/* A quiet connection may have a request on its way: all must be quiet for this long. */
#define WORKER_QUIET_MS 100

struct workers;

/*
 * Starts config->loops threads, or fewer if there are few descriptors.  listener is theirs from
 * now on, whether they start or not; config outlives them.  NULL: the system refused.
 */
MUST_USE struct workers *workers_start(const struct config *config, int listener);

size_t workers_count(const struct workers *workers);

/*
 * Serves on until there are no connections, for at most WORKER_SERVE_MS; then stops accepting,
 * finishes what is in flight, for at most WORKER_DRAIN_MS, and frees the workers.  Any thread but
 * theirs may call it, once.
 */
void workers_drain(struct workers *workers);

#endif
