/*
 * Latencies: counted in steps of less than one percent, so that millions of them need no more
 * room than one.
 */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include "base/str.h"

/* Each power of two is divided into this many steps. */
#define SAMPLE_STEP_BITS 7
#define SAMPLE_STEPS (1 << SAMPLE_STEP_BITS)

/* 2^40 ns are 18 minutes; what takes longer counts as that. */
#define SAMPLE_MAX_BITS 40

struct sample {
    uint64_t count;
    int64_t max_ns; /* exact */
    uint64_t counts[(SAMPLE_MAX_BITS - SAMPLE_STEP_BITS + 1) * SAMPLE_STEPS];
};

/* A zeroed sample is an empty one. */
void sample_add(struct sample *sample, int64_t ns);

/* The latency that a share (0 to 1) of all did not exceed; 0 if there are none. */
double sample_quantile_ms(const struct sample *sample, double share);

#endif
