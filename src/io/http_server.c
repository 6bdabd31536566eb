#include "io/http_server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/connections.h"

/* Beyond the body a request needs room for headers, the outgoing call and its answer. */
#define ARENA_EXTRA_BYTES (128 * 1024)

/* The body stands in the arena up to twice while it grows, then again inside what is sent on. */
#define ARENA_BODIES 8

/* Thrown away in order to still answer 413; a client that sends more is cut off. */
#define DISCARD_BYTES (16 * 1024 * 1024)

/* What is beyond max_connections is still served: another loop could not take it. */
#define EXTRA_CONNECTIONS 256

/* An answer, and the look for another request behind it, take MHD a few runs. */
#define RUNS_PER_TURN 4

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct http_handler handler;
    size_t bodies_bytes; /* of those that are not small */
    struct arena spare;  /* a block for the next request */
    struct connections connections;
    size_t max_connections;
    bool is_draining;
    bool has_work; /* MHD has been given something to do since it last ran */
};

/* A request with what only this file may know of it. */
struct exchange {
    struct http_request request; /* first, so that the one is found from the other */
    struct http_server *server;
    struct MHD_Connection *connection;
    struct connection *client;
    struct MHD_Response *response; /* the answer, until MHD takes it */
    unsigned status;
    struct buf body;
    size_t body_limit;
    size_t body_received;
    size_t body_counted; /* in bodies_bytes */
    bool is_handled;
    bool is_suspended;
};

/* ---- receiving ---- */

struct pairs {
    struct header *list;
    size_t count;
};

static enum MHD_Result add_pair(void *to, enum MHD_ValueKind kind, const char *name,
                                size_t name_len, const char *value, size_t value_len)
{
    struct pairs *pairs = to;

    (void)kind;
    pairs->list[pairs->count++] =
        (struct header){ { name, name_len }, { value ? value : "", value_len } };
    return MHD_YES;
}

static enum err collect(struct exchange *x, enum MHD_ValueKind kind, const struct header **list,
                        size_t *count)
{
    int total = MHD_get_connection_values_n(x->connection, kind, NULL, NULL);
    struct pairs pairs = { NULL, 0 };

    if (total < 0)
        return ERR_NO_MEMORY;
    pairs.list = arena_take(&x->request.mem, ((size_t)total + 1) * sizeof(*pairs.list));
    if (!pairs.list)
        return ERR_NO_MEMORY;
    MHD_get_connection_values_n(x->connection, kind, add_pair, &pairs);
    *list = pairs.list;
    *count = pairs.count;
    return ERR_NONE;
}

static void enter(struct exchange *x, enum connection_phase phase)
{
    connection_enter(&x->server->connections, x->client, phase, loop_now_ms(x->server->loop));
}

/* The connection that on_connection made; NULL: it could not. */
static struct connection *client_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* A new exchange, which lives in its own arena. */
static struct exchange *exchange_new(struct http_server *server)
{
    struct arena mem = server->spare;
    struct exchange *x;

    server->spare = (struct arena){ 0 };
    mem.limit_bytes = ARENA_EXTRA_BYTES;
    x = arena_take(&mem, sizeof(*x));
    if (x)
        x->request.mem = mem;
    else
        arena_free(&mem);
    return x;
}

/* The arena is kept for the next request if there is none yet. */
static void exchange_free(struct exchange *x)
{
    struct http_server *server = x->server;
    struct arena mem = x->request.mem;

    if (server->spare.blocks) {
        arena_free(&mem);
        return;
    }
    arena_reset(&mem);
    server->spare = mem;
}

static struct exchange *begin(struct http_server *server, struct MHD_Connection *connection,
                              const char *url, const char *method)
{
    struct connection *client = client_of(connection);
    struct exchange *x = client ? exchange_new(server) : NULL;
    struct http_request *request;
    uint64_t length;

    if (!x)
        return NULL;
    request = &x->request;
    x->server = server;
    x->connection = connection;
    x->client = client;
    request->method = str_from(method);
    request->path = str_from(url);
    request->started_ms = loop_now_ms(server->loop);
    if (collect(x, MHD_HEADER_KIND, &request->headers, &request->header_count) ||
        collect(x, MHD_GET_ARGUMENT_KIND, &request->query, &request->query_count)) {
        exchange_free(x);
        return NULL;
    }
    x->body_limit = server->handler.body_limit(server->handler.owner, request);
    request->mem.limit_bytes += ARENA_BODIES * x->body_limit;
    x->body.mem = &request->mem;
    if (!str_to_number(http_request_header(request, STR("Content-Length")), 1, x->body_limit,
                       &length))
        buf_reserve(&x->body, (size_t)length);
    enter(x, CONNECTION_BODY);
    return x;
}

static void keep(struct exchange *x, struct str bytes)
{
    size_t small = HTTP_SERVER_SMALL_BODY_BYTES - x->body.len;

    if (x->body.len + bytes.len > HTTP_SERVER_SMALL_BODY_BYTES) {
        if (x->server->bodies_bytes + bytes.len > HTTP_SERVER_BODIES_BYTES) {
            x->request.is_cut = true;
            if (x->body.len < HTTP_SERVER_SMALL_BODY_BYTES)
                buf_add(&x->body, str_first(bytes, small));
            return;
        }
        x->server->bodies_bytes += bytes.len;
        x->body_counted += bytes.len;
    }
    buf_add(&x->body, bytes);
}

/* false: this client sends without end. */
static bool receive(struct exchange *x, struct str bytes)
{
    x->body_received += bytes.len;
    connection_received(x->client, bytes.len);
    if (x->body_received > x->body_limit)
        x->request.is_too_large = true;
    else if (!x->request.is_cut)
        keep(x, bytes);
    return x->body_received <= DISCARD_BYTES && !x->body.failed;
}

/* ---- answering ---- */

static enum MHD_Result send_answer(struct exchange *x)
{
    enum MHD_Result result = MHD_queue_response(x->connection, x->status, x->response);

    MHD_destroy_response(x->response); /* MHD counts its own reference */
    x->response = NULL;
    enter(x, CONNECTION_ANSWERING);
    return result;
}

static enum MHD_Result handle(struct exchange *x)
{
    struct http_server *server = x->server;

    x->is_handled = true;
    enter(x, CONNECTION_WORKING);
    x->request.body = x->request.is_too_large ? (struct str){ NULL, 0 }
                                              : (struct str){ x->body.ptr, x->body.len };
    server->handler.handle(server->handler.owner, &x->request);
    if (x->response)
        return send_answer(x);
    x->is_suspended = true;
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

/*
 * MHD calls this when the headers are in, for each piece of the body, when all of it is in,
 * and once more after a suspended connection was resumed.  An answer that is queued in the
 * very first call would close the connection (0.9.75), so that call only prepares.
 */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload_data, size_t *upload_data_size,
                                  void **state)
{
    struct exchange *x = *state;

    (void)version;
    if (!x) {
        *state = begin(owner, connection, url, method);
        return *state ? MHD_YES : MHD_NO;
    }
    if (*upload_data_size > 0) {
        bool ok = receive(x, (struct str){ upload_data, *upload_data_size });
        *upload_data_size = 0;
        return ok ? MHD_YES : MHD_NO;
    }
    if (x->response)
        return send_answer(x);
    return x->is_handled ? MHD_YES : handle(x);
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *state;

    (void)owner, (void)connection, (void)how;
    if (!x)
        return;
    x->server->bodies_bytes -= x->body_counted;
    enter(x, CONNECTION_IDLE);
    if (x->response)
        MHD_destroy_response(x->response);
    exchange_free(x);
    *state = NULL;
}

/* A connection begins or ends. */
static void on_connection(void *owner, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = owner;
    struct connection *client = *context;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = client = malloc(sizeof(*client));
        /* Without memory its first request will close it: see begin(). */
        if (client)
            connection_add(&server->connections, client, socket_of(connection),
                           loop_now_ms(server->loop));
    } else if (client) {
        connection_remove(&server->connections, client);
        free(client);
        *context = NULL;
    }
}

/* Header names and values must be NUL-terminated for MHD; false: no memory. */
static bool add_header(struct exchange *x, struct header header)
{
    char *name = arena_cstr(&x->request.mem, header.name);
    char *value = arena_cstr(&x->request.mem, header.value);

    return name && value && MHD_add_response_header(x->response, name, value) == MHD_YES;
}

/* Somebody may be waiting for a place: to be told so is better than to be evicted. */
static bool is_full(const struct http_server *server)
{
    return server->connections.count >= server->max_connections;
}

void http_answer_send(struct http_request *request, const struct http_answer *answer)
{
    struct exchange *x = (struct exchange *)request;
    union {
        const char *from;
        void *to; /* MHD promises to read only */
    } body = { .from = answer->body.ptr };

    x->status = answer->status;
    x->response =
        MHD_create_response_from_buffer(answer->body.len, body.to, MHD_RESPMEM_PERSISTENT);
    if (!x->response)
        abort(); /* a few hundred bytes: nothing else would work either */
    for (size_t i = 0; i < answer->header_count; i++)
        (void)add_header(x, answer->headers[i]);
    if (x->server->is_draining || is_full(x->server))
        (void)MHD_add_response_header(x->response, "Connection", "close");
    if (!x->is_suspended)
        return; /* handle() is still on the stack and sends it */
    x->is_suspended = false;
    MHD_resume_connection(x->connection);
    x->server->has_work = true;
}

/* ---- turning ---- */

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct http_server *server = owner;

    (void)fd, (void)events;
    server->has_work = true;
}

/*
 * MHD's own epoll set is edge-triggered: what it has fetched and not finished shows only in
 * its timeout, which is 0 then; it has no other, since the deadlines are ours.
 */
static bool has_work(const struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    return server->has_work ||
           (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout == 0);
}

static int server_wait_ms(void *owner)
{
    struct http_server *server = owner;

    if (has_work(server))
        return 0;
    return loop_until_ms(server->loop, connections_look_ms(&server->connections));
}

/* One line for all that were cut since the last look, so that nobody can flood the log. */
static void log_cut(struct connections *all)
{
    struct log_line line;

    if (all->slow == 0 && all->evicted == 0)
        return;
    log_begin(&line, LOG_WARN, "cut");
    log_number(&line, "slow", all->slow);
    log_number(&line, "evicted", all->evicted);
    log_end(&line);
    all->slow = all->evicted = 0;
}

static bool is_time_to_look(const struct http_server *server)
{
    return loop_until_ms(server->loop, connections_look_ms(&server->connections)) == 0;
}

static void server_run(void *owner)
{
    struct http_server *server = owner;

    /* Whoever is judged is heard first: when we paused, the client was not late. */
    server->has_work |= is_time_to_look(server);
    for (int i = 0; i < RUNS_PER_TURN && has_work(server); i++) {
        server->has_work = false;
        MHD_run(server->daemon);
    }
    if (connections_look(&server->connections, loop_now_ms(server->loop)))
        log_cut(&server->connections);
}

/* ---- life ---- */

struct http_server *http_server_new(struct loop *loop, const struct http_handler *handler,
                                    size_t max_connections)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    struct http_server *server = calloc(1, sizeof(*server));
    const union MHD_DaemonInfo *info;

    if (!server)
        return NULL;
    server->loop = loop;
    server->handler = *handler;
    server->max_connections = max_connections;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(max_connections + EXTRA_CONNECTIONS),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_SERVER_HEADER_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!server->daemon)
        goto no_daemon;
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || loop_watch(loop, info->epoll_fd, EPOLLIN, on_ready, server))
        goto no_watch;
    loop_add_task(loop, &(struct loop_task){ server_run, server_wait_ms, server });
    return server;

no_watch:
    MHD_stop_daemon(server->daemon);
no_daemon:
    free(server);
    return NULL;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    arena_free(&server->spare);
    free(server);
}

void http_server_add(struct http_server *server, int socket)
{
    /* The address is for MHD's statistics, which we do not read; it must not be NULL. */
    struct sockaddr_in nobody = { .sin_family = AF_INET };

    /* On failure MHD has closed the socket already. */
    (void)MHD_add_connection(server->daemon, socket, (const struct sockaddr *)&nobody,
                             sizeof(nobody));
    server->has_work = true;
}

void http_server_make_room(struct http_server *server, size_t count)
{
    connections_make_room(&server->connections, count, loop_now_ms(server->loop));
    server->has_work = true;
}

void http_server_drain(struct http_server *server)
{
    server->is_draining = true;
    connections_drain(&server->connections, loop_now_ms(server->loop));
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections.count;
}

size_t http_server_open_requests(const struct http_server *server)
{
    return server->connections.busy;
}
