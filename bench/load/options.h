/*
 * The command lines of the bench: pairs of a name and a value, in any order.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "base/str.h"

/* Exactly one of number, seconds and text is where the value goes; it holds the default. */
struct option {
    const char *name; /* "--port" */
    uint64_t *number;
    uint64_t min, max; /* of number */
    double *seconds;   /* 0 to OPTIONS_MAX_SECONDS */
    const char **text;
};

#define OPTIONS_MAX_SECONDS 3600

/*
 * Reads argv up to its end or an argument "--", and returns the index behind that.  Whatever
 * cannot be understood ends the process with usage, as does --help.
 */
int options_read(int argc, char **argv, const struct option *options, size_t count,
                 const char *usage);

#endif
