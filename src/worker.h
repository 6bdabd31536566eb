/*
 * Workers: one thread each, with a loop, a server, a client and a service of its own.  A
 * request never leaves its worker, so nothing in one needs a lock.
 *
 * The first worker accepts connections and deals them out in turn, because the host may
 * keep only a few and the kernel's own distribution could put all of them on one loop.
 */
#ifndef WORKER_H
#define WORKER_H

#include "config.h"

/* After this what is still under way is given up. */
#define WORKER_DRAIN_MS 4500

/* Requests may be on their way in while connections are quiet: so long must it stay quiet. */
#define WORKER_QUIET_MS 100

struct workers;

/*
 * Starts config->loops threads.  listener is theirs from now on; config outlives them.
 * NULL: the system refused.
 */
MUST_USE struct workers *workers_start(const struct config *config, int listener);

/*
 * Stops accepting, finishes what is in flight, for at most WORKER_DRAIN_MS, and frees the
 * workers.  Any thread but theirs may call it, once.
 */
void workers_drain(struct workers *workers);

#endif
