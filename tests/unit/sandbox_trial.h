/*
 * What the tests of the sandbox share: a folder with certificates, and children that give everything
 * up and try things.  Each test tries them in a child of its own, since what is given up never comes
 * back.  Where the kernel has no such part there is nothing to try, and the test says so.
 */
#ifndef UNIT_SANDBOX_TRIAL_H
#define UNIT_SANDBOX_TRIAL_H

#include "test.h"

#include "sandbox.h"

/*
 * A folder with a file of certificates, and another one beside it.  And certificates as they are
 * mounted: links to the first of two folders, and to the second once they are renewed.
 */
extern char folder[];
extern char inner[64], ca_file[80], beside[80], outside[80];
extern char mount[64], first[80], second[80], data[80], mounted[80], mounted_first[96],
    mounted_second[96];
/* A link to certificates in another folder. */
extern char linked[80];
/* Certificates directly in `/`, where we may write there. */
extern char ca_file_in_root[];

/* What the process has before it gives anything up: a file as its log, that it may also read ... */
extern char log_path[80];
extern int log_file;
/* ... and memory that is run and can be shared. */
extern void *shared_code;

/* Makes what is above, and removes it: for cmocka_run_group_tests. */
int make_files(void **state);
int remove_files(void **state);

/* One thing to try: 0, or the errno of its failure. */
struct trial {
    const char *what;
    int (*act)(void);
    int want;
};

enum { DONE = 0, NOTHING_TO_TRY = 200 };

bool is_in_force(const char *part);

/* errno, or 0 if result is none of a failure. */
int error_of(long result);

/* Runs it in a child, whose end is its result. */
int in_child(int (*body)(void));

/* Whether any of these is refused by something else than the sandbox would prove nothing. */
void expect_nothing_else_refuses(const struct trial *trials, size_t count);

/* certificates: NULL when the trials are about calls and not about files. */
void expect(const struct trial *trials, size_t count, const char *certificates);

/* ---- what tests of several kinds try ---- */

int a_socket(void);
int watch_files(void);

#endif
