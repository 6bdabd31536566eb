/*
 * Calls under way, over kept connections, by libcurl.  Of those that wait, and of how many
 * there may be, it knows nothing; that is http_client's.
 */
#ifndef IO_HTTP_TRANSFERS_H
#define IO_HTTP_TRANSFERS_H

#include "io/http_client.h"
#include "io/resolver.h"

struct http_transfers;

/* For a call of which nothing could be sent: it is as if it had not been started yet. */
typedef void http_again(void *owner, struct http_call *call);

enum http_start {
    HTTP_STARTED,
    HTTP_NEEDS_NAME, /* again when a look-up of the resolver's has ended */
    HTTP_NOT_STARTED /* and never will be: *failure, a static text, says why */
};

/* The loop and the resolver outlive the transfers.  NULL: no memory. */
MUST_USE struct http_transfers *http_transfers_new(struct loop *loop, struct resolver *resolver,
                                                   const struct http_client_options *options,
                                                   http_again *again, void *owner);

/* None may be under way.  NULL is allowed. */
void http_transfers_free(struct http_transfers *all);

/* The call is the caller's again, unless it was started. */
MUST_USE enum http_start http_transfers_start(struct http_transfers *all,
                                              struct http_call *call, const char **failure);

/* All that can be done now: once a turn, after the last start of that turn. */
void http_transfers_run(struct http_transfers *all);

/* When there is something to do again, even if no socket becomes ready; or LOOP_NEVER. */
int64_t http_transfers_next_ms(const struct http_transfers *all);

/* How many are under way. */
size_t http_transfers_count(const struct http_transfers *all);

/* Ends those under way; done is called for each. */
void http_transfers_abort(struct http_transfers *all, const char *failure);

/* Ends a call that is not under way. */
void http_call_fail(struct http_call *call, const char *failure);

#endif
