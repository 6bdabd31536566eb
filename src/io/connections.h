/*
 * Tracks each connection's phase and deadline.  A connection past its deadline is closed; when the
 * server is full, the connections that have been idle for longest are evicted, and never one with
 * a request in flight.  libmicrohttpd has only a time-out that every single byte starts anew.
 *
 * Closing here means to shut the socket down: its owner then sees what it would see had the client
 * left, and closes the descriptor.  Nothing here reads or writes a socket.
 *
 * All of it belongs to one thread.  Moments are on its loop's clock.
 */
#ifndef IO_CONNECTIONS_H
#define IO_CONNECTIONS_H

#include <sys/queue.h>

#include "base/str.h"

/* Longer than the minute after which the host drops idle connections by itself. */
#define CONNECTION_IDLE_MS 120000

/* A connection that has been idle for less is not evicted: its request may be on the way. */
#define CONNECTION_GRACE_MS 500

/* The time for the headers of a request, for its body, and for taking the response, each ... */
#define CONNECTION_STEP_MS 10000

/* ... and a body has as much longer as it takes at this rate. */
#define CONNECTION_BODY_BYTES_PER_MS 16

/*
 * How long a connection whose request was refused half-way is still read; the bytes are discarded.
 */
#define CONNECTION_LINGER_MS 5000

/* While the server drains, a request that is not whole has this long to become so. */
#define CONNECTION_LAST_CALL_MS 1000

/* How often overdue connections are swept, and how often while the server drains. */
#define CONNECTION_SWEEP_MS 1000
#define CONNECTION_DRAIN_SWEEP_MS 50

enum connection_phase {
    CONNECTION_IDLE,       /* open, and nothing of a request has come yet */
    CONNECTION_HEADERS,    /* something has; only a sweep finds out */
    CONNECTION_BODY,       /* the headers are whole, the body may not be */
    CONNECTION_WORKING,    /* the request is whole, and ours; for as long as it takes */
    CONNECTION_RESPONDING, /* the client is to take its response */
    CONNECTION_LINGERING,  /* the client has been refused and has not finished sending */
    CONNECTION_CLOSING,    /* its owner is about to notice */
};

struct connection {
    TAILQ_ENTRY(connection) link;
    int socket;
    enum connection_phase phase;
    int64_t until_ms;
    uint64_t bytes; /* that had ever come when it became idle */
};

struct connections {
    TAILQ_HEAD(, connection) list; /* first: opened, or got on with a request, longest ago */
    size_t count;
    size_t busy;          /* neither idle, lingering nor closing, as far as known */
    size_t closing;       /* their owner has not noticed yet */
    int64_t sweep_ms;     /* when the next sweep is due */
    int64_t drain_ms;     /* no request may be unfinished after this.  0: not draining */
    size_t slow, evicted; /* since the log was told */
};

/* Starts idle. */
void connection_add(struct connections *all, struct connection *c, int socket, int64_t now_ms);
void connection_remove(struct connections *all, struct connection *c);

void connection_enter(struct connections *all, struct connection *c,
                      enum connection_phase phase, int64_t now_ms);

/* Part of the body has come. */
void connection_received(struct connection *c, size_t bytes);

/* Closes overdue connections, and those whose client has gone half-way, if a sweep is due; was it? */
bool connections_sweep(struct connections *all, int64_t now_ms);

/* When the next sweep is due.  INT64_MAX: never, as things stand. */
int64_t connections_sweep_ms(const struct connections *all);

/*
 * Evicts those that have been idle for longest, until so many are about to be closed, or until
 * no other has been idle for CONNECTION_GRACE_MS.
 */
void connections_make_room(struct connections *all, size_t count, int64_t now_ms);

/* From now on requests have little time to become whole. */
void connections_drain(struct connections *all, int64_t now_ms);

#endif
