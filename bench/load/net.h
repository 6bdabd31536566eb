/*
 * What the programs of the bench need of sockets and clocks.  Everything is on 127.0.0.1.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <sys/epoll.h>

#include "base/str.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)
#define NET_NEVER INT64_MAX

/* Monotonic. */
int64_t net_now_ns(void);

/* As many descriptors as the system lets us have: thousands of connections need them. */
void net_raise_descriptor_limit(void);

/* A non-blocking socket on its way to a port; writable once it is connected.  -1 with errno. */
MUST_USE int net_connect(unsigned port);

/* What kept a socket from connecting; 0: nothing. */
MUST_USE int net_socket_error(int fd);

/* Sends each write at once instead of waiting for more. */
void net_send_at_once(int fd);

/* epoll_wait until a moment of net_now_ns, to the nanosecond where the kernel can. */
MUST_USE int net_wait(int epoll, struct epoll_event *events, int max, int64_t until_ns);

#endif
