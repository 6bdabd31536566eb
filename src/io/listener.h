/*
 * The listening socket: one for all loops, on 127.0.0.1 only, since only the
 * Functions host on the same machine talks to us.
 */
#ifndef IO_LISTENER_H
#define IO_LISTENER_H

#include "base/str.h"

/*
 * Listens on port, 0 for a free one; *bound is the port it became.  Returns the descriptor,
 * non-blocking, which the caller closes; -1 with errno if the port cannot be had.
 */
MUST_USE int listener_open(unsigned port, unsigned *bound);

/* The next connection that waits, non-blocking.  -1 if none does. */
MUST_USE int listener_accept(int listener);

/* How many wait, at least 1 and at most so many; 1 also where the kernel does not tell. */
size_t listener_waiting(int listener, size_t most);

#endif
