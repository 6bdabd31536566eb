/*
 * The smallest server that the stand-ins of the bench need: one thread, one epoll set, kept
 * connections, answers at once or after a delay that holds up nobody else.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <openssl/ssl.h>

#include "base/str.h"

/* A request's head must fit; its body is counted and dropped. */
#define SERVER_IN_BYTES (32 * 1024)

struct server_request {
    struct str method;
    struct str path; /* with its query */
    uint64_t body_bytes;
};

/* A whole answer: head and body.  It must stay as it is until the next request comes, and for
 * as long as it is delayed. */
struct server_answer {
    struct str text;
    bool is_delayed;
};

struct server {
    struct server_answer (*answer)(void *owner, const struct server_request *request);
    void *owner;
    int64_t delay_ns; /* of those answers that are delayed */
    SSL_CTX *tls;     /* NULL: plain */

    uint64_t accepted; /* connections so far */
};

/* Prints "listening PORT" and serves until a signal ends the process; returns an exit code if
 * the system refuses. */
MUST_USE int server_run(struct server *server, unsigned port);

#endif
