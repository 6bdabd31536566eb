/*
 * One call under way: an easy handle of libcurl, and how a call is told to it and an end by it.
 * Only http_client uses it; these two files alone know libcurl.
 */
#ifndef IO_HTTP_TRANSFER_H
#define IO_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <sys/queue.h>

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

struct target {
    uint64_t id;                      /* no two that were read have the same; 0: none was */
    char base[TARGET_BASE_CHARS + 1]; /* "scheme://host/", or empty: the URL is not cut there */
    size_t base_len;
    const char *proxy; /* its URL; "": none */
    struct target_names names;
};

/* Does the URL lead where target does? */
bool target_is_of(const struct target *target, const char *url);

/*
 * Of a client with these options.  The resolver outlives target.  What is no URL has no names:
 * libcurl will say so.  ERR_NO_MEMORY: or too many names.
 */
MUST_USE enum err target_read(struct target *target, const char *url,
                              const struct http_client_options *options,
                              struct resolver *resolver);

/* An easy handle, set up once and used for one call after the other. */
struct transfer {
    LIST_ENTRY(transfer) link; /* of the idle ones, or of the running ones */
    CURL *easy;
    struct http_call *call;
    struct curl_slist headers[HTTP_CLIENT_MAX_HEADERS + 3];
    uint64_t target_id;              /* of the one that easy is set up for; 0: none */
    struct target_names names;       /* those of that target */
    uint64_t told[TARGET_MAX_NAMES]; /* versions of the addresses given to libcurl */
    struct curl_slist entries[TARGET_MAX_NAMES]; /* CURLOPT_RESOLVE */
    struct buf response;
    size_t response_bytes;
    size_t max_response;
    long
        sent_before; /* bytes that went to a proxy before the request; -1: it was not its turn */
};

LIST_HEAD(transfers, transfer);

/* options are those of the client.  NULL: no memory. */
MUST_USE struct transfer *transfer_new(const struct http_client_options *options);
void transfer_free(struct transfer *t);

/*
 * The addresses of target's names are known.  The call's texts and user_agent, a whole header,
 * stay until the end.  false: no memory.
 */
MUST_USE bool transfer_prepare(struct transfer *t, struct http_call *call,
                               const struct target *target, const char *user_agent,
                               int64_t now_ms);

/* What libcurl has been told of addresses is not to be relied on: it is told again. */
void transfer_forget_addresses(struct transfer *t);

/*
 * A transfer that ended so found no addresses where it had been told some: libcurl has run out of
 * memory when it was to keep them, and all transfers of its multi share what it keeps.
 */
bool transfer_lacked_addresses(CURLcode code);

/*
 * True if the transfer failed on a reused connection before any byte was sent, so that the call
 * can be queued again.  libcurl retries stale connections itself, but only a few times; each
 * failure removes one from the pool.
 */
bool transfer_is_untouched(const struct transfer *t, CURLcode code);

/*
 * Puts the response into the call, or tells why there is none.  If the request could not be
 * sent at all, the addresses may be to blame, and are looked up anew.
 */
const char *transfer_finish(struct transfer *t, CURLcode code);

#endif
