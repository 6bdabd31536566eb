/*
 * Stands in the place of src/io for the targets that run a request through the service: no
 * sockets and no waiting; the clock is a number, and a target plays the peers on both sides.
 * It holds its callers to what http_server.h and http_client.h ask of them.
 */
#ifndef FUZZ_STAND_IN_H
#define FUZZ_STAND_IN_H

#include "fuzz.h"
#include "io/http_client.h"
#include "io/http_server.h"

/* What one run has seen. */
struct stand_in {
    size_t answers;
    struct http_response response; /* the last one; views as http_server.h has them */
    bool is_held;                  /* work goes on behind the answer */
    size_t holds;
    size_t refuse_calls; /* the next so many find no room in the queue */
    bool was_heard;      /* the last answer: there was memory for all of it */
    void (*on_call)(const struct http_call *call);
};

extern struct stand_in stand_in;

/* Forgets all of the above, and the tasks of the loop. */
void stand_in_reset(void);

/* The only loop there is. */
struct loop *stand_in_loop(void);
void stand_in_pass_time(int64_t ms);

/* The call that waits longest or shortest, taken from the queue; NULL: none does. */
struct http_call *stand_in_next_call(void);
struct http_call *stand_in_last_call(void);
bool stand_in_is_idle(void);

/* Ends it; status 0 is a failure.  body and error_code are copied as far as they are wanted. */
void stand_in_finish(struct http_call *call, unsigned status, struct str body,
                     struct str error_code);

#endif
