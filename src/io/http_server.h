/*
 * HTTP on the way in: requests are received whole, may wait for as long as their response
 * takes, and get exactly one.  The only user of libmicrohttpd.
 *
 * A server belongs to one loop and its thread.  It does not listen: connected sockets are
 * handed to it, so that one listener can hand them out to several loops.
 */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include "base/mem.h"
#include "io/loop.h"

/*
 * Connections of one loop; the host may keep hundreds, an attacker more.  How long each may
 * take for what: connections.h.
 */
#define HTTP_SERVER_MAX_CONNECTIONS 4096

/*
 * Request line and headers of one request, its cookies twice, and MHD's own bookkeeping:
 * enough for what a login in front of the function adds.  MHD zeroes half as much again for
 * each request, which shows.
 */
#define HTTP_SERVER_HEADER_BYTES (24 * 1024)

/*
 * Of bodies, a loop keeps so many bytes at a time.  Those that are small are not counted: the
 * number of connections bounds them.
 */
#define HTTP_SERVER_BODIES_BYTES ((size_t)64 * 1024 * 1024)
#define HTTP_SERVER_SMALL_BODY_BYTES ((size_t)16 * 1024)

struct http_server;

/*
 * A request, received whole.  All text, and what is taken from mem, lives until the response
 * has been sent; then the request is gone.
 */
struct http_request {
    struct arena mem;
    struct str method;
    struct str path; /* decoded, without the query, nor the origin if there was one */
    const struct header *headers; /* names in the case in which they came */
    size_t header_count;
    const struct header *query; /* decoded */
    size_t query_count;
    struct str body;
    bool is_too_large; /* the body is over its limit and was thrown away, but its beginning */
    bool is_cut;       /* there was no room for the body, but for its beginning */
    bool is_endless;   /* it is too large, and not even its end was waited for */
    const char *complaint; /* it has more than one meaning, and none may be chosen; else NULL */
    const struct loop *loop; /* which serves it, and whose clock started_ms is on */
    int64_t started_ms;
};

/*
 * Work that goes on behind the response: from http_request_hold to http_request_release, each
 * called once, the request, its body and its mem stay, and the request counts as open.  Method,
 * path, headers and query still end with the response: what is needed of them is to be copied.
 */
void http_request_hold(struct http_request *request);
void http_request_release(struct http_request *request);

#define HTTP_MAX_RESPONSE_HEADERS 4

struct http_response {
    unsigned status;
    struct header headers[HTTP_MAX_RESPONSE_HEADERS];
    size_t header_count;
    struct str body;
};

struct http_handler {
    /*
     * The headers are in, and tell of a body: how many bytes may it have?  The request's arena gets
     * its limit here.
     */
    size_t (*body_limit)(void *owner, const struct http_request *request);

    /*
     * Leads to exactly one http_response_send, now or on a later turn of the loop; now, if there
     * is a complaint about the request or it is endless.
     */
    void (*handle)(void *owner, struct http_request *request);

    /* Some have begun or ended: how many connections there are now. */
    void (*counted)(void *owner, size_t connections);

    void *owner;
};

/*
 * The handler is copied; the loop outlives the server.  max_connections: at most
 * HTTP_SERVER_MAX_CONNECTIONS.  NULL: the system refused.
 */
MUST_USE struct http_server *
http_server_new(struct loop *loop, const struct http_handler *handler, size_t max_connections);

/* Nothing may be waiting: see http_server_open_requests.  NULL is allowed. */
void http_server_free(struct http_server *server);

/*
 * Serves a connected socket, and closes it in the end.  That there are no more than max_connections
 * is the caller's business; once there are so many, each response closes its connection.
 */
void http_server_add(struct http_server *server, int socket);

/* Evicts the connections that have been idle for longest, up to count; see connections.h. */
void http_server_make_room(struct http_server *server, size_t count);

/* From now on each response closes its connection, and unfinished requests have little time. */
void http_server_drain(struct http_server *server);

/* Open ones, whether they are used or not. */
size_t http_server_connections(const struct http_server *server);

/*
 * Requests of which something has come, as far as known, and whose response is not sent whole; and
 * those that are held.
 */
size_t http_server_open_requests(const struct http_server *server);

/*
 * response and its views are read before this returns, but the body: it must live as long as
 * the request.  Where there is no memory for it, the client gets a 503 instead.
 */
void http_response_send(struct http_request *request, const struct http_response *response);

/* The value of the last header of that name, names in any case, or empty. */
static inline struct str http_request_header(const struct http_request *request,
                                             struct str name)
{
    for (size_t i = request->header_count; i > 0; i--) {
        if (str_equal_nocase(request->headers[i - 1].name, name))
            return request->headers[i - 1].value;
    }
    return NO_STR;
}

/* The same, but empty where there are several of that name: for what says who somebody is. */
static inline struct str http_request_only_header(const struct http_request *request,
                                                  struct str name)
{
    size_t seen = 0;

    for (size_t i = 0; i < request->header_count; i++)
        seen += str_equal_nocase(request->headers[i].name, name);
    return seen == 1 ? http_request_header(request, name) : NO_STR;
}

/* The value of the first parameter of that name.  ptr is NULL if there is none. */
static inline struct str http_request_query(const struct http_request *request, struct str name)
{
    return header_value(request->query, request->query_count, name);
}

#endif
