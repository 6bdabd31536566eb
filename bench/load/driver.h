/*
 * Load: many kept connections that send ready-made requests and time the answers.
 *
 * Closed loop: each connection sends its next request when the last was answered.  Open loop:
 * requests are due at fixed moments and latency counts from then, so that a server that stalls
 * cannot hide it.  One thread; one send and one receive per request, so that the server is what
 * is measured.
 */
#ifndef BENCH_DRIVER_H
#define BENCH_DRIVER_H

#include "results.h"

/* All connections stand before the first request is sent; those that do not are errors. */
#define DRIVER_CONNECT_SECONDS 30

/* What is kept of an answer in order to check it. */
#define DRIVER_CHECK_BYTES 2048

struct driver_options {
    unsigned port;
    size_t connections;
    int64_t warmup_ns, measured_ns;
    int64_t grace_ns; /* then nothing more is sent, and what is not answered is an error */
    double rate;      /* requests per second; 0: closed loop */

    const struct str *requests; /* sent in turn */
    size_t request_count;

    /* Is this the answer?  What is wrong with it, or NULL; bodies longer than kept are cut. */
    const char *(*check)(unsigned status, struct str body);
    bool checks_all; /* not only until a connection's first right answer */
};

/* false: it could not begin, and first_error says why. */
MUST_USE bool driver_run(const struct driver_options *options, struct results *out);

#endif
