/*
 * What two parsers may read differently in the head of a request.  A server behind another one is
 * safe only if both see the same requests, so what has two meanings is refused, never guessed at.
 *
 * Source: RFC 9110 5.5, 5.6.2, 7.2; RFC 9112 2.2, 3.2, 5, 6.1, 6.3, 11.2.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/str.h"

struct http_head {
    struct str method;
    struct str target; /* decoded or not */
    bool is_http_1_0;
    const struct header *headers; /* as they came, blanks in front of the values removed */
    size_t header_count;
};

/* What a head says. */
struct http_meaning {
    struct str path;   /* whatever else is wrong: http_target_path */
    bool is_chunked;   /* the body */
    struct str length; /* the one Content-Length.  ptr is NULL if there is none */
};

/*
 * NULL: the head has one meaning, *meaning.  Otherwise what is wrong,
 * a text that lives for ever and holds nothing of the request.
 */
const char *http_head_complaint(const struct http_head *head, struct http_meaning *meaning);

/* The same of a request's target, undecoded and with its query. */
const char *http_target_complaint(struct str target);

/*
 * The path of a target without its query: what follows the authority where the target is in
 * absolute form.  The authority wins over the Host header (RFC 9112 3.2.2), and nothing here
 * depends on either.
 */
struct str http_target_path(struct str target);

/*
 * "Sun, 06 Nov 1994 08:49:37 GMT", the form that is sent today (RFC 9110, 5.6.7), as seconds
 * since 1970.  false: it is another, or none.
 */
MUST_USE bool http_date_read(struct str text, int64_t *out);

/* Takes "http://" or "https://", in any case, off a URL.  false: it has neither. */
bool http_cut_scheme(struct str *url, bool *is_secure);

/*
 * host, [address], and either of them with :port behind it; ptr of *port is NULL where there is no
 * colon, and the port is not checked.  false: there is no host, or something else behind it.
 */
bool http_split_authority(struct str text, struct str *host, struct str *port);

#endif
