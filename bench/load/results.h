/*
 * What a run of the load generator has to tell, and how it is told.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "sample.h"

/* Zeros to begin with. */
struct results {
    struct sample latencies; /* of 2xx answers within the measured time */
    uint64_t unsent;         /* were due in an open loop, and no connection was free */

    /* These of the whole run, warm-up included. */
    uint64_t errors;
    uint64_t non2xx;
    uint64_t reconnects;
    char first_error[128]; /* empty: none; ASCII without quotes */
};

/* Counts errors; detail may be "". */
void results_add_errors(struct results *results, uint64_t count, const char *what,
                        const char *detail);

/* Counts an answer whose status is not 2xx. */
void results_add_status(struct results *results, unsigned status);

/* One line of JSON. */
void results_print(const struct results *results, double seconds);

#endif
