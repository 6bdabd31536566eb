/*
 * HTTP on the way out: requests to Web PubSub, many at a time over kept connections.
 *
 * A client belongs to one loop and its thread.  At most HTTP_CLIENT_MAX_RUNNING calls are
 * with libcurl; others wait in front of it, first come first served, since libcurl's own
 * queue is slow and unfair.  Whoever needs a host whose addresses are not known yet waits aside
 * and holds up nobody else.  libcurl is given addresses (resolver.h) and never asks for any.
 */
#ifndef IO_HTTP_CLIENT_H
#define IO_HTTP_CLIENT_H

#include "base/mem.h"
#include "io/loop.h"

/*
 * Also the number of connections that are kept: with fewer, each call would open its own.  Many
 * more cost more than they bring: each holds memory, of TLS above all, and libcurl walks all.
 */
#define HTTP_CLIENT_MAX_RUNNING 512
#define HTTP_CLIENT_MAX_WAITING 3072

/* More of a response's body than this is not read. */
#define HTTP_CLIENT_MAX_RESPONSE_BYTES (64 * 1024)

#define HTTP_CLIENT_CONNECT_MS 4000

/* A connection on which nothing that was sent is acknowledged for so long is dead. */
#define HTTP_CLIENT_SILENT_MS 4000

/* Below the four minutes after which Azure's front end drops idle connections silently. */
#define HTTP_CLIENT_KEEP_SECONDS 100

#define HTTP_CLIENT_MAX_HEADERS 16

/*
 * One request.  The caller fills in the first part and keeps it, and the texts, where they
 * are until done has been called; that happens exactly once, never inside
 * http_client_start.  It is sent once: what may have reached the other side, in whole or in
 * part, is not sent again.
 */
struct http_call {
    const char *method; /* POST and PUT have a body, GET has none; no HEAD */
    const char *url;
    const char *headers[HTTP_CLIENT_MAX_HEADERS]; /* "Name: value", the rest NULL */
    struct str body;
    int64_t deadline_ms;     /* on the loop's clock */
    struct arena *mem;       /* for what is kept of the response */
    bool keep_response;      /* false: its body is not wanted */
    struct header *captured; /* NUL-terminated names of headers that are wanted; may be NULL */
    size_t captured_count;
    void (*done)(struct http_call *call);
    void *owner;

    unsigned status;     /* of the response; 0: there was none, and failure says why */
    const char *failure; /* static text */
    bool is_too_late;    /* its turn came after the deadline: nothing was sent */
    struct str response; /* the body, if it was to be kept; and in keep, the values */

    struct http_call *next; /* of those that wait */
};

/* Texts outlive the client. */
struct http_client_options {
    const char *user_agent;
    const char *ca_file;  /* whom https trusts; NULL: as libcurl was built */
    bool is_plain;        /* http, which stays on this machine and goes through no proxy */
    const char *proxy;    /* https goes through this one; NULL: through none */
    const char *no_proxy; /* but for these hosts, see hosts.h; may be NULL */
    size_t max_running;   /* fewer than HTTP_CLIENT_MAX_RUNNING; 0: so many */
};

struct http_client;

/* Once, before any thread starts; false: libcurl refused.  Undone by http_client_global_free. */
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
