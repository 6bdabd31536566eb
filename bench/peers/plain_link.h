/*
 * A connection of the plain client: how it begins and ends, and how a call goes out and comes in
 * over it.  Which call, for how long, and what becomes of it afterwards is the client's business.
 */
#ifndef BENCH_PLAIN_LINK_H
#define BENCH_PLAIN_LINK_H

#include <netinet/in.h>

#include "../load/exchange.h"
#include "../load/list.h"
#include "io/http_client.h"

struct link {
    struct node node; /* in one of the client's lists */
    struct http_client *client;
    struct loop *loop;
    loop_ready *ready; /* called with the link */
    struct sockaddr_in address;
    struct http_call *call; /* NULL: idle */
    int64_t until_ms;       /* given up, or closed, at that moment */
    bool is_connecting, waits_to_send;
    struct buf response;
    struct exchange exchange;
};

/* On its way to address, through TLS if there is a context; NULL: the system refused. */
MUST_USE struct link *link_connect(struct loop *loop, const struct sockaddr_in *address,
                                   SSL_CTX *tls, loop_ready *ready);

/* It must be in no list any more. */
void link_close(struct link *l);

/* The call becomes the link's, which has none; nothing is sent yet. */
void link_take(struct link *l, struct http_call *call, struct str head, struct str body);

/* What the socket takes at once, and the rest when it takes more.  What is wrong, or NULL. */
MUST_USE const char *link_send(struct link *l);

#endif
