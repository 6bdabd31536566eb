/*
 * Whether a REST call that failed is worth another try, and when.  For calls only that do no
 * harm when they are carried out twice.  Pure: the clocks and chance come in.
 */
#ifndef RETRY_H
#define RETRY_H

#include "base/base.h"

/* The first try included.  Many would make it worse for a service that has too much to do. */
#define RETRY_MAX_TRIES 6

/* The first pause; each further one is twice as long, up to the second of these. */
#define RETRY_FIRST_MS 100
#define RETRY_LONGEST_MS 1000

/* A try that has less time than this before the deadline is not begun. */
#define RETRY_LEAST_MS 100

struct retry_attempt {
    unsigned status;        /* of the answer; 0: there was none */
    struct str retry_after; /* its header of that name, seconds or a date; may be empty */
    unsigned tries;         /* so far, with this one */
    int64_t left_ms;        /* to the deadline */
    int64_t now_unix;
    uint32_t chance; /* any number: keeps apart the next tries of those that failed together */
};

#define RETRY_NEVER (-1)

/* How long to wait before the next try, in milliseconds, or RETRY_NEVER. */
int64_t retry_wait_ms(const struct retry_attempt *attempt);

#endif
