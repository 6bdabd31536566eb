/*
 * A request and its answer on one connection: bytes out, bytes in.  Whoever owns the connection
 * says when it may send or receive, and what becomes of it afterwards.
 */
#ifndef BENCH_EXCHANGE_H
#define BENCH_EXCHANGE_H

#include "http1.h"
#include "stream.h"

/* A head must fit, and so must the line with a chunk's size. */
#define EXCHANGE_IN_BYTES (16 * 1024)

/* A caller fills in the first part, and the rest with zeros. */
struct exchange {
    struct stream stream;
    struct str left[2]; /* of the request, in one piece or two, still to be sent */
    bool is_to_head;    /* it is a HEAD: whatever the answer says, it has no body */
    uint64_t max_body_bytes;
    void (*on_head)(void *owner, const struct http1_head *head); /* may be NULL */
    void (*on_content)(void *owner, struct str content);
    void *owner;

    bool has_head, closes; /* closes: the connection ends with this answer */
    unsigned status;
    struct http1_body body;
    uint64_t body_bytes;
    size_t in_len;
    char in[EXCHANGE_IN_BYTES]; /* last, and need not be zeroed: its pages come when used */
};

/* A new request on the same connection; what is not said here stays. */
void exchange_begin(struct exchange *x, struct str head, struct str body);

size_t exchange_unsent(const struct exchange *x);

/* As much as the socket takes at once.  false, with errno: the connection broke. */
MUST_USE bool exchange_send(struct exchange *x);

enum exchange_state {
    EXCHANGE_WAITS,     /* for more */
    EXCHANGE_DONE,      /* the answer is whole; in_len: bytes behind it */
    EXCHANGE_TOO_LARGE, /* its body, of which the rest is not read */
    EXCHANGE_NO_HTTP,
    EXCHANGE_BROKEN, /* before the answer was whole; errno, or 0 if the other side closed */
};

/*
 * What the socket has.  Where fewer bytes come than there is room for it is taken to be empty,
 * unless there is an end or an error behind them.
 */
MUST_USE enum exchange_state exchange_receive(struct exchange *x, bool is_ending);

#endif
