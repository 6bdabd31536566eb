/*
 * Hosts by name and by address: what a name server tells of one, as libcurl takes it, and which
 * of them no_proxy spares.  Pure: no socket, no clock, no environment.
 */
#ifndef IO_HOSTS_H
#define IO_HOSTS_H

#include "base/str.h"

/* How many addresses of one family are kept.  Further ones are not tried. */
#define ADDRESSES_MAX 8

/* The longest name that DNS has room for, with its dots (RFC 1035 section 2.3.4). */
#define ADDRESSES_HOST_CHARS 255

/*
 * An answer serves for as long as it says, within these bounds: a time to live of zero would
 * mean a look-up for each connection, one of days an address that is long gone.
 */
#define ADDRESSES_MIN_SECONDS 1
#define ADDRESSES_MAX_SECONDS 300

struct address {
    unsigned char bytes[16];
};

/* All of one family. */
struct addresses {
    size_t count;
    struct address at[ADDRESSES_MAX];
};

/* len: 4 or 16.  One that is there already, or beyond ADDRESSES_MAX, is left out. */
void addresses_add(struct addresses *list, const void *bytes, size_t len);

/* The same addresses, in whatever order: name servers change it with each answer. */
bool addresses_are_same(const struct addresses *a, const struct addresses *b);

/* How long an answer with this time to live serves. */
int64_t addresses_life_ms(int64_t ttl_seconds);

/*
 * "host:port:192.0.2.1,192.0.2.2,[2001:db8::1]", an entry of CURLOPT_RESOLVE.  Those of version
 * 4 come first: they are what works nearly everywhere, and where they do not, connecting fails
 * at once.  host has at most ADDRESSES_HOST_CHARS.
 */
#define ADDRESSES_ENTRY_CHARS (ADDRESSES_HOST_CHARS + 8 + ADDRESSES_MAX * (16 + 48))
void addresses_write(const struct addresses *v4, const struct addresses *v6, const char *host,
                     unsigned port, char entry[static ADDRESSES_ENTRY_CHARS]);

/* An address and no name; one of version 6 may stand in brackets, as in a URL. */
bool addresses_is_literal(const char *host);

/*
 * Is this host reached without the proxy?  As libcurl reads the variable no_proxy.
 *
 * list: names between commas or blanks, of hosts or of domains whose hosts are all meant, with or
 * without a dot in front; or "*", everything.  NULL: nothing.  Networks ("10.0.0.0/8") are not
 * understood: what is asked for here has a name, which its certificate is for.
 */
bool http_proxy_spares(const char *list, struct str host);

#endif
