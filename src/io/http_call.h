/*
 * One HTTP request on its way out, and what came of it.
 */
#ifndef IO_HTTP_CALL_H
#define IO_HTTP_CALL_H

#include "base/mem.h"
#include "base/queue.h"

/* What is enough for most bodies; of a body that is not wanted no more than this is read. */
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
    struct queued queued; /* first: of those that wait */
    const char *method;   /* POST and PUT have a body, GET has none; no HEAD */
    const char *url;
    const char *headers[HTTP_CLIENT_MAX_HEADERS]; /* "Name: value", the rest NULL */
    struct str body;
    int64_t deadline_ms;     /* on the loop's clock */
    struct arena *mem;       /* for what is kept of the response */
    size_t max_response;     /* bytes of its body that are kept.  0: it is not wanted */
    struct header *captured; /* NUL-terminated names of headers that are wanted; may be NULL */
    size_t captured_count;
    void (*done)(struct http_call *call);
    void *owner;

    unsigned status;     /* of the response.  0: there was none, and failure says why */
    const char *failure; /* static text */
    struct str response; /* the body, if it is wanted; and in captured, the values */
};

/* Texts outlive the client. */
struct http_client_options {
    const char *user_agent; /* the whole header: "User-Agent: …" */
    const char *ca_file;  /* the certificates that https trusts.  NULL: as libcurl was built */
    bool is_plain;        /* http, which stays on this machine and goes through no proxy */
    const char *proxy;    /* https goes through this one.  NULL: through none */
    const char *no_proxy; /* but for these hosts, see hosts.h; may be NULL */
    size_t max_running;   /* fewer than HTTP_CLIENT_MAX_RUNNING.  0: as many as that */
};

#endif
