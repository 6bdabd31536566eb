/*
 * HTTP on the way out: requests to Web PubSub, many at a time over kept connections.
 *
 * A client belongs to one loop and its thread.  At most HTTP_CLIENT_MAX_RUNNING calls are
 * with libcurl; others wait in front of it, first come first served, since libcurl's own
 * queue is slow and unfair.  A call to a host whose addresses are not known yet waits aside
 * and holds up no other.  libcurl is given addresses (resolver.h) and never asks for any.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include "io/http_call.h"
#include "io/loop.h"

/*
 * Also the number of connections that are kept: with fewer, each call would open its own.  Many
 * more cost more than they bring: each holds memory, of TLS above all, and libcurl walks all.
 */
#define HTTP_CLIENT_MAX_RUNNING 512
#define HTTP_CLIENT_MAX_WAITING 3072

struct http_client;

/*
 * In any thread and beside clients: starts libcurl and its TLS, which a first call would wait for
 * otherwise.  Again: nothing.
 */
void http_client_global_init(void);

/* The loop outlives the client.  NULL: no memory. */
MUST_USE struct http_client *http_client_new(struct loop *loop,
                                             const struct http_client_options *options);

/* No call may be under way.  NULL is allowed. */
void http_client_free(struct http_client *client);

/* The failure of a call whose turn came after its deadline: nothing was sent. */
extern const char HTTP_CLIENT_TOO_LATE[];

/* ERR_NO_MEMORY: too much waits already; done will not be called. */
MUST_USE enum err http_client_start(struct http_client *client, struct http_call *call);

/* Ends all calls, done being called for each with status 0. */
void http_client_abort(struct http_client *client);

#endif
