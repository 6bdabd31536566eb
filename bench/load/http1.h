/*
 * HTTP/1.1 messages as they stand on the wire: where one ends, and what is in it.  Pure: the
 * caller brings the bytes.  As much of RFC 9112 as the programs of the bench meet.
 */
#ifndef BENCH_HTTP1_H
#define BENCH_HTTP1_H

#include "base/str.h"

/* Views point into the bytes that were read. */
struct http1_head {
    struct str start;  /* "GET / HTTP/1.1" or "HTTP/1.1 200 OK" */
    struct str fields; /* the headers, each with its line end, and the empty line */
    size_t len;        /* of all this, the empty line included; 0: not all of it is there */
    uint64_t content_length;
    bool has_length;
    bool is_chunked;
    bool closes; /* the connection ends with this message */
};

/* ERR_SYNTAX: this is no HTTP/1.1. */
MUST_USE enum err http1_read_head(struct str bytes, struct http1_head *out);

/* Of an answer; 0: it has none. */
unsigned http1_status(const struct http1_head *head);

/* The value of the first header of that name; ptr is NULL if there is none. */
struct str http1_field(const struct http1_head *head, struct str name);

enum http1_phase {
    HTTP1_BYTES, /* so many as are left */
    HTTP1_UNTIL_CLOSE,
    HTTP1_CHUNK_SIZE,
    HTTP1_CHUNK,
    HTTP1_CHUNK_END,
    HTTP1_TRAILER,
    HTTP1_DONE,
};

struct http1_body {
    enum http1_phase phase;
    uint64_t left; /* of the body, or of this chunk */
};

/* The body that follows a request's or an answer's head. */
void http1_begin_request_body(struct http1_body *body, const struct http1_head *head);
void http1_begin_answer_body(struct http1_body *body, const struct http1_head *head,
                             bool is_to_head);

/*
 * Takes from *bytes what belongs to the body, and sets *content to the next piece of it, which
 * may be empty.  To be called until it is done or takes nothing more: then bytes are missing.
 */
MUST_USE enum err http1_read_body(struct http1_body *body, struct str *bytes,
                                  struct str *content);

#endif
