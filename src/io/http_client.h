/*
 * HTTP on the way out: requests to the service, many at a time over kept connections.
 * The only user of libcurl.
 *
 * A client belongs to one loop and its thread.  At most HTTP_CLIENT_MAX_RUNNING calls are
 * with libcurl; others wait in front of it, first come first served, since libcurl's own
 * queue is slow and unfair.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include "base/base.h"
#include "io/loop.h"

/* Also the number of connections that are kept: with fewer, each call would open its own. */
#define HTTP_CLIENT_MAX_RUNNING 1024
#define HTTP_CLIENT_MAX_WAITING 1024

/* More of an answer's body than this is not read: we know what the service says. */
#define HTTP_CLIENT_MAX_ANSWER_BYTES (64 * 1024)

#define HTTP_CLIENT_CONNECT_MS 4000

/* Below the four minutes after which Azure's front end drops idle connections silently. */
#define HTTP_CLIENT_KEEP_SECONDS 100

#define HTTP_CLIENT_HEADERS 2

struct http_client;

/*
 * One POST.  The caller fills in the first part and keeps it, and the texts, where they are
 * until done has been called; that happens exactly once, never inside http_client_start.
 */
struct http_call {
    const char *url;
    const char *headers[HTTP_CLIENT_HEADERS]; /* "Name: value" */
    struct str body;
    int64_t deadline_ms; /* on the loop's clock */
    void (*done)(struct http_call *call);
    void *owner;

    unsigned status;     /* of the answer; 0: there was none, and failure says why */
    const char *failure; /* static text */
    char error_code[64]; /* x-ms-error-code, for the log; may be empty */

    struct http_call *next; /* of those that wait */
    struct transfer *transfer;
};

struct http_client_options {
    const char *user_agent;
    bool is_local; /* plain http to this machine, and never through a proxy */
};

/* Before any thread starts; false: libcurl refused.  Undone by http_client_global_free. */
MUST_USE bool http_client_global_init(void);
void http_client_global_free(void);

/* The loop outlives the client.  NULL: no memory. */
MUST_USE struct http_client *http_client_new(struct loop *loop,
                                             const struct http_client_options *options);

/* No call may be under way.  NULL is allowed. */
void http_client_free(struct http_client *client);

/* ERR_NO_MEMORY: too much waits already; done will not be called. */
MUST_USE enum err http_client_start(struct http_client *client, struct http_call *call);

/* Ends all calls, done being called for each with status 0. */
void http_client_abort(struct http_client *client);

#endif
