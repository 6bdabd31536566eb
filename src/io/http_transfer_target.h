/*
 * Whom a call's connection is made to: what the beginning of its URL and the client's proxy come
 * to.  Of many calls to one service it is worked out once.  For http_transfers alone.
 */
#ifndef IO_HTTP_TRANSFER_TARGET_H
#define IO_HTTP_TRANSFER_TARGET_H

#include "io/http_client.h"
#include "io/resolver.h"

/* A longest host name, and what stands around it. */
#define TARGET_BASE_CHARS 300

/* A host; or a proxy, and with some kinds of them (SOCKS) the host as well. */
#define TARGET_MAX_NAMES 2

struct target {
    uint64_t id;                      /* no two that were read have the same; 0: none was */
    char base[TARGET_BASE_CHARS + 1]; /* "scheme://host/", or empty: the URL is not cut there */
    size_t base_len;
    const char *proxy;                             /* its URL; "": none */
    struct resolver_name *names[TARGET_MAX_NAMES]; /* whose addresses libcurl will need */
    size_t name_count;
    bool has_literal; /* somebody in it has an address for a name */
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

/* The rest of the URL, from the slash on; NULL: it is not cut. */
const char *target_path(const struct target *target, const char *url);

#endif
