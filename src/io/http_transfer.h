/*
 * The calls that are with libcurl: how one is told to it, and how it ends.  Only http_client uses
 * this.
 */
#ifndef IO_HTTP_TRANSFER_H
#define IO_HTTP_TRANSFER_H

#include "io/http_call.h"
#include "io/resolver.h"

/* A longest host name, and what stands around it. */
#define TARGET_BASE_CHARS 300

/* A host; or a proxy, and with some kinds of them (SOCKS) the host as well. */
#define TARGET_MAX_NAMES 2

struct target_names {
    struct resolver_name *at[TARGET_MAX_NAMES]; /* whose addresses libcurl will need */
    size_t count;
    bool has_literal; /* a host is given as an address, not as a name */
};

/* Where calls lead. */
struct target {
    uint64_t id;                      /* no two that were read have the same.  0: none was */
    char base[TARGET_BASE_CHARS + 1]; /* "scheme://host/".  empty: the next URL is read anew */
    size_t base_len;                  /* 0: the URL is not cut there */
    struct Curl_URL *url; /* libcurl's, of the base, or of the whole URL if it is not cut */
    const char *proxy;    /* its URL; "": none */
    struct target_names names;
};

/* What the client and its transfers tell each other. */
struct transfer_exchange {
    size_t running;     /* transfers, up to max_running of the options */
    struct queue again; /* calls that are to be started again, since nothing was sent */
    int64_t due_ms;     /* when the client has something to do; the earlier moment counts */
};

struct transfers;

/* What is pointed to outlives the transfers.  NULL: no memory. */
MUST_USE struct transfers *transfers_new(struct loop *loop,
                                         const struct http_client_options *options,
                                         struct transfer_exchange *exchange);

/* None may be running.  NULL is allowed. */
void transfers_free(struct transfers *all);

/*
 * There is a place, and the addresses of target's names are known.  The call ends with done, or is
 * handed back.  false: no memory.
 */
MUST_USE bool transfers_start(struct transfers *all, struct http_call *call,
                              const struct target *target);

/* Tells the owner of a call how it went.  failure: a static text; NULL: there is a response. */
void http_call_end(struct http_call *call, const char *failure);

/* Ends every call that is running.  failure: a static text. */
void transfers_fail(struct transfers *all, const char *failure);

#endif
