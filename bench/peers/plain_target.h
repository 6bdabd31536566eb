/*
 * Where the plain client's calls go, and how they begin: addresses and heads, no sockets.
 */
#ifndef BENCH_PLAIN_TARGET_H
#define BENCH_PLAIN_TARGET_H

#include <netinet/in.h>

#include "io/http_client.h"

/* Views point into the URL. */
struct target {
    struct sockaddr_in address;
    struct str authority; /* for the Host header */
    struct str path;      /* with its query */
    bool is_secure;       /* https */
};

/* http://host[:port]/path, or https; false: anything else, or another host than this machine. */
MUST_USE bool target_parse(struct str url, struct target *out);

bool target_takes_body(const struct http_call *call);

/* Request line and headers, in the call's memory.  ERR_NO_MEMORY. */
MUST_USE enum err target_write_head(const struct target *target, const struct http_call *call,
                                    struct str user_agent, struct str *out);

#endif
