#include "io/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "io/connections.h"
#include "wire/http.h"

/* Memory for a body that is announced and not small grows to so many times of what has come. */
#define BODY_GROWTH 8

/* Beyond the body a request needs room for headers, the outgoing call and its response. */
#define ARENA_EXTRA_BYTES (128 * 1024)

/* The body stands in the arena up to twice while it grows, then again inside what is sent on. */
#define ARENA_BODIES 8

/*
 * So much of a body that is too large is read and discarded before the response, so that the
 * connection can be kept.  If there is more, the response comes at once and ends the
 * connection.
 */
#define DISCARD_BYTES (16 * 1024 * 1024)

/* After a 503 for want of memory, when to come again. */
#define RETRY_SECONDS "2"

/*
 * Connections beyond max_connections are still served, since another loop could not take them.
 */
#define EXTRA_CONNECTIONS 256

/* MHD takes a few runs to send a response and to look for another request behind it. */
#define RUNS_PER_TURN 4

/*
 * A request that fills MHD's buffer with the head of a chunk, which has no end there, is ready for
 * ever and gets no further.  After so many runs that came to nothing, which are more than the
 * largest head takes, MHD runs so often until something happens.
 */
#define MAX_IDLE_RUNS 256
#define IDLE_RUN_MS 20

/* A moment of the loop's clock that is over. */
#define AT_ONCE 0

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct MHD_Response *no_memory; /* made in advance, for when there is none */
    struct http_handler handler;
    size_t bodies_bytes; /* of those that are not small */
    size_t held;         /* requests */
    struct arena spare;  /* a block for the next request */
    struct connections connections;
    size_t max_connections;
    bool is_to_count; /* connections have begun or ended, which the handler has not been told */
    bool is_draining;
    int64_t due_ms;       /* when to run next.  AT_ONCE: MHD has been given something to do */
    unsigned idle_runs;   /* of MHD, since it called us or a socket became ready */
    bool has_lenient_mhd; /* see is_whole_head */
};

/* A connection with what only this file may know of it. */
struct client {
    struct connection connection; /* first, so that the one is found from the other */
    struct str target;     /* of the request that begins, undecoded; later only its place */
    const char *complaint; /* about that target */
    struct exchange *lingering; /* refused half-way: its socket is ours to read */
};

/* A request with what only this file may know of it. */
struct exchange {
    struct http_request request; /* first, so that the one is found from the other */
    struct http_server *server;
    struct MHD_Connection *connection;
    struct client *client;
    struct MHD_Response *response; /* the response, until MHD takes it */
    unsigned status;
    struct buf body;
    size_t body_limit;
    size_t body_announced; /* 0: it is chunked, or too large */
    size_t body_received;
    size_t body_counted; /* in bodies_bytes */
    bool is_chunked;
    bool is_handled;
    bool is_suspended;
    bool is_held;
    bool is_over; /* for MHD: connection and client may be gone */
    bool is_answered;
    bool is_refused; /* the response goes past MHD, which waits for the end of the request */
};

/* ---- receiving ---- */

/* next: where it is to stand. */
static enum MHD_Result add_pair(void *next, enum MHD_ValueKind kind, const char *name,
                                size_t name_len, const char *value, size_t value_len)
{
    struct header **at = next;

    (void)kind;
    *(*at)++ = (struct header){ { name, name_len }, { value ? value : "", value_len } };
    return MHD_YES;
}

static enum err collect(struct exchange *x, enum MHD_ValueKind kind, const struct header **list,
                        size_t *count)
{
    int total = MHD_get_connection_values_n(x->connection, kind, NULL, NULL);
    struct header *next = NULL;

    if (total >= 0)
        next = arena_space(&x->request.mem, ((size_t)total + 1) * sizeof(*next));
    if (!next)
        return ERR_NO_MEMORY;
    *list = next;
    MHD_get_connection_values_n(x->connection, kind, add_pair, &next);
    *count = (size_t)(next - *list);
    return ERR_NONE;
}

static void enter(struct exchange *x, enum connection_phase phase)
{
    connection_enter(&x->server->connections, &x->client->connection, phase,
                     loop_now_ms(x->server->loop));
}

/* The client that on_connection made.  NULL: there was no memory for it. */
static struct client *client_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* A new exchange, which lives in its own arena. */
static struct exchange *exchange_new(struct http_server *server,
                                     struct MHD_Connection *connection, const char *method)
{
    struct arena mem = server->spare;
    struct exchange *x;

    server->spare = (struct arena){ 0 };
    mem.limit_bytes = ARENA_EXTRA_BYTES;
    x = arena_space(&mem, sizeof(*x));
    if (!x) {
        arena_free(&mem);
        return NULL;
    }
    *x = (struct exchange){
        .request = { .mem = mem,
                     .method = str_from(method),
                     .loop = server->loop,
                     .started_ms = loop_now_ms(server->loop) },
        .server = server,
        .connection = connection,
        .client = client_of(connection),
    };
    return x;
}

/* Frees the exchange, but keeps a block of its arena for the next request. */
static void exchange_free(struct exchange *x)
{
    struct http_server *server = x->server;
    struct arena mem = x->request.mem;

    server->bodies_bytes -= x->body_counted;
    arena_reset(&mem);
    arena_free(&server->spare);
    server->spare = mem;
}

/*
 * True if MHD has understood every byte of the head.  libmicrohttpd 0.9 takes a NUL in a line
 * for its end, says nothing of a line that begins with one, takes a bare LF for an end of line,
 * and makes a folded line part of a name.  Each of these leaves a gap between the views that it
 * hands out, which are of the bytes as they came and have two bytes between them for each end
 * of a line.  Only a NUL in the place of a CR cannot be told from it.  From 1.0 on it refuses
 * all of that itself, and may move what it has read.
 */
static bool is_whole_head(const struct exchange *x, const char *url, const char *version)
{
    const struct http_request *request = &x->request;
    const char *begin = request->method.ptr;
    const char *end = version + strlen(version);

    if (url != begin + request->method.len + 1 || x->client->target.ptr != url ||
        version != url + x->client->target.len + 1)
        return false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct header *header = &request->headers[i];
        if (header->name.ptr != end + 2)
            return false;
        end = header->value.ptr + header->value.len;
    }
    return begin +
               MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
                   ->header_size ==
           end + 4;
}

/* Why the request has more than one meaning.  NULL: it has one. */
static const char *complaint(struct exchange *x, const char *url, const char *version,
                             struct http_meaning *meaning)
{
    const struct http_head head = {
        .method = x->request.method,
        .target = str_from(url),
        .is_http_1_0 = str_equal(str_from(version), STR("HTTP/1.0")),
        .headers = x->request.headers,
        .header_count = x->request.header_count,
    };
    const char *why = http_head_complaint(&head, meaning);

    if (x->client->complaint)
        why = x->client->complaint;
    if (!why && x->server->has_lenient_mhd && !is_whole_head(x, url, version))
        why = "the head has a NUL, a folded line or a bare line feed in it";
    return why;
}

static struct exchange *begin(struct http_server *server, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version)
{
    struct client *client = client_of(connection);
    struct exchange *x = client ? exchange_new(server, connection, method) : NULL;
    struct http_meaning meaning;
    struct http_request *request;
    uint64_t length;

    if (!x)
        return NULL;
    request = &x->request;
    if (collect(x, MHD_HEADER_KIND, &request->headers, &request->header_count) ||
        collect(x, MHD_GET_ARGUMENT_KIND, &request->query, &request->query_count)) {
        exchange_free(x);
        return NULL;
    }
    request->complaint = complaint(x, url, version, &meaning);
    request->path = meaning.path;
    if (request->complaint)
        return x;
    x->is_chunked = meaning.is_chunked;
    if (!meaning.is_chunked && !meaning.length.ptr)
        return x; /* it has no body (RFC 9112 6.3), and is handled at once */
    enter(x, CONNECTION_BODY);
    x->body_limit = server->handler.body_limit(server->handler.owner, request);
    request->mem.limit_bytes += ARENA_BODIES * x->body_limit;
    x->body.mem = &request->mem;
    if (!str_to_number(meaning.length, 1, x->body_limit, &length)) {
        x->body_announced = (size_t)length;
        buf_reserve(&x->body, length < HTTP_SERVER_SMALL_BODY_BYTES
                                  ? (size_t)length
                                  : HTTP_SERVER_SMALL_BODY_BYTES);
    }
    return x;
}

/* Grows the buffer in fewer steps than by doubling, which copies less. */
static void grow(struct exchange *x, size_t more)
{
    size_t left = x->body_announced - x->body.len;
    size_t most = (BODY_GROWTH - 1) * x->body.len;

    if (x->body_announced > 0 && x->body.len + more > x->body.size)
        buf_reserve(&x->body, left < most ? left : most);
}

static void keep(struct exchange *x, struct str bytes)
{
    if (x->body.len + bytes.len > HTTP_SERVER_SMALL_BODY_BYTES) {
        if (x->server->bodies_bytes + bytes.len > HTTP_SERVER_BODIES_BYTES) {
            x->request.is_cut = true;
            if (x->body.len < HTTP_SERVER_SMALL_BODY_BYTES)
                buf_add(&x->body, str_first(bytes, HTTP_SERVER_SMALL_BODY_BYTES - x->body.len));
            return;
        }
        x->server->bodies_bytes += bytes.len;
        x->body_counted += bytes.len;
    }
    grow(x, bytes.len);
    buf_add(&x->body, bytes);
}

/* ---- responding ---- */

/* MHD counts its own reference. */
static void drop_response(struct exchange *x)
{
    if (x->response && x->response != x->server->no_memory)
        MHD_destroy_response(x->response);
    x->response = NULL;
}

/*
 * MHD takes no response before it has seen the end of the request, and calls again then.  So it is
 * with a request that has no body and expects 100-continue, and has another request behind it.
 */
static enum MHD_Result send_response(struct exchange *x)
{
    enter(x, CONNECTION_RESPONDING);
    if (MHD_queue_response(x->connection, x->status, x->response) == MHD_YES)
        drop_response(x);
    return MHD_YES;
}

static enum MHD_Result handle(struct exchange *x)
{
    struct http_server *server = x->server;

    x->is_handled = true;
    x->request.body = buf_text(&x->body);
    if (x->request.is_too_large && x->body.len > HTTP_SERVER_SMALL_BODY_BYTES)
        x->request.body.len = HTTP_SERVER_SMALL_BODY_BYTES;
    server->handler.handle(server->handler.owner, &x->request);
    if (x->response)
        return send_response(x);
    enter(x, CONNECTION_WORKING);
    x->is_suspended = true;
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

/* ---- refusing ---- */

/*
 * A request whose end is unknown, or is not waited for, gets its response at once.  MHD takes
 * no response in the middle of a body, and closes a socket from which not all was read.  The
 * kernel then resets the connection, and the client may lose the response.  So we write the
 * response past MHD, and read and discard what still comes until the client ends or its time is
 * over.
 */

/* Writes the response past MHD without waiting: its few bytes fit into any socket's buffer. */
static void send_past_mhd(struct exchange *x, const struct http_response *response)
{
    struct buf text = { .mem = &x->request.mem };
    struct str bytes;

    buf_add_all(&text, STR("HTTP/1.1 "), DECIMAL(response->status), STR(" "),
                str_from(MHD_get_reason_phrase_for(response->status)),
                STR("\r\nConnection: close\r\nContent-Length: "), DECIMAL(response->body.len));
    for (size_t i = 0; i < response->header_count; i++)
        buf_add_all(&text, STR("\r\n"), response->headers[i].name, STR(": "),
                    response->headers[i].value);
    buf_add(&text, STR("\r\n\r\n"));
    if (!str_equal(x->request.method, STR("HEAD")))
        buf_add(&text, response->body);
    if (buf_done(&text, &bytes))
        bytes = STR("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                    "Retry-After: " RETRY_SECONDS "\r\nContent-Length: 0\r\n\r\n");
    (void)send(socket_of(x->connection), bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void end_lingering(struct exchange *x)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    int socket = socket_of(x->connection);

    loop_unwatch(x->server->loop, socket);
    /*
     * A client that still sends needs a reset.  Without one its system waits a minute for ours.
     */
    if (x->client->connection.phase == CONNECTION_CLOSING)
        (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    x->client->lingering = NULL;
    (void)shutdown(socket, SHUT_RDWR);
    MHD_resume_connection(x->connection);
    x->server->due_ms = AT_ONCE;
}

static void on_rest(void *owner, int socket, uint32_t events)
{
    char rest[16 * 1024];
    ssize_t len = recv(socket, rest, sizeof(rest), MSG_DONTWAIT);

    (void)events;
    if (len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    end_lingering(owner);
}

static enum MHD_Result refuse(struct exchange *x)
{
    struct http_server *server = x->server;
    int socket = socket_of(x->connection);

    x->is_refused = x->is_handled = true;
    enter(x, CONNECTION_WORKING);
    server->handler.handle(server->handler.owner, &x->request);
    enter(x, CONNECTION_LINGERING);
    (void)shutdown(socket, SHUT_WR);
    if (!x->is_answered || loop_watch(server->loop, socket, EPOLLIN, on_rest, x))
        return MHD_NO;
    x->client->lingering = x;
    MHD_suspend_connection(x->connection);
    return MHD_YES;
}

/* ---- what MHD calls ---- */

/* MHD calls this when a request line is in, and has decoded nothing of it yet. */
static void *on_target(void *owner, const char *target, struct MHD_Connection *connection)
{
    struct client *client = client_of(connection);

    (void)owner;
    if (client) {
        client->target = str_from(target);
        client->complaint = http_target_complaint(client->target);
    }
    return NULL; /* what on_request finds as its state */
}

static enum MHD_Result on_body(struct exchange *x, struct str bytes)
{
    x->body_received += bytes.len;
    connection_received(&x->client->connection, bytes.len);
    if (x->body_received > x->body_limit)
        x->request.is_too_large = true;
    else if (!x->request.is_cut)
        keep(x, bytes);
    if (x->body.failed)
        x->request.is_cut = true;
    x->request.is_endless = x->body_received > DISCARD_BYTES;
    return x->request.is_endless ? refuse(x) : MHD_YES;
}

/*
 * MHD calls this when the headers are in, for each piece of the body, when all of it is in,
 * and once more after a suspended connection was resumed.  A response that is queued in the
 * very first call would close the connection (0.9.75), so that call only prepares.
 */
static enum MHD_Result on_request(void *owner, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload_data, size_t *upload_data_size,
                                  void **state)
{
    struct http_server *server = owner;
    struct exchange *x = *state;
    struct str bytes = { upload_data, *upload_data_size };

    server->idle_runs = 0;
    if (!x) {
        *state = x = begin(server, connection, url, method, version);
        if (!x)
            return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                                      server->no_memory);
        return x->request.complaint ? refuse(x) : MHD_YES;
    }
    *upload_data_size = 0;
    if (x->is_refused)
        return x->client->lingering ? MHD_YES : MHD_NO;
    if (bytes.len > 0)
        return on_body(x, bytes);
    if (x->response)
        return send_response(x);
    return x->is_handled ? MHD_YES : handle(x);
}

static void on_completed(void *owner, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *state;

    (void)connection, (void)how;
    ((struct http_server *)owner)->idle_runs = 0;
    if (!x)
        return;
    enter(x, CONNECTION_IDLE);
    drop_response(x);
    x->is_over = true;
    if (!x->is_held)
        exchange_free(x);
    *state = NULL;
}

void http_request_hold(struct http_request *request)
{
    struct exchange *x = (struct exchange *)request;

    x->is_held = true;
    x->server->held++;
}

void http_request_release(struct http_request *request)
{
    struct exchange *x = (struct exchange *)request;

    x->is_held = false;
    x->server->held--;
    if (x->is_over)
        exchange_free(x);
}

/* A connection begins or ends. */
static void on_connection(void *owner, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = owner;
    struct client *client = *context;

    server->idle_runs = 0;
    server->is_to_count = true;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = client = calloc(1, sizeof(*client));
        /* Without memory, its first request gets a 503 that closes it: see on_request. */
        if (client)
            connection_add(&server->connections, &client->connection, socket_of(connection),
                           loop_now_ms(server->loop));
    } else if (client) {
        connection_remove(&server->connections, &client->connection);
        free(client);
        *context = NULL;
    }
}

/* name and value: NULL if there was no memory for them.  false: there is none. */
static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return name && value && MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Other connections may be waiting for a place; closing with a response is better than evicting. */
static bool is_full(const struct http_server *server)
{
    return server->connections.count >= server->max_connections;
}

/*
 * Makes the whole response, since half of it would be another one.  NULL: there is no memory
 * for it.
 */
static struct MHD_Response *make_response(struct exchange *x,
                                          const struct http_response *response)
{
    bool ok;

    x->response = MHD_create_response_from_buffer(
        response->body.len, unconst(response->body.ptr), MHD_RESPMEM_PERSISTENT);
    ok = x->response != NULL;
    for (size_t i = 0; ok && i < response->header_count; i++)
        ok = add_header(x->response, arena_cstr(&x->request.mem, response->headers[i].name),
                        arena_cstr(&x->request.mem, response->headers[i].value));
    /* MHD may be wrong about where a chunked body ends, since it takes bare line feeds. */
    if (ok && (x->server->is_draining || x->is_chunked || is_full(x->server)))
        ok = add_header(x->response, "Connection", "close");
    if (!ok)
        drop_response(x);
    return x->response;
}

void http_response_send(struct http_request *request, const struct http_response *response)
{
    struct exchange *x = (struct exchange *)request;

    if (x->is_answered) { /* a fault of ours, which must not become one of MHD's */
        log_event(LOG_ERROR, "answered-twice", LOG_NUMBER("status", response->status));
        return;
    }
    x->is_answered = true;
    if (x->is_refused) {
        send_past_mhd(x, response);
        return;
    }
    x->status = response->status;
    if (!make_response(x, response)) {
        x->status = MHD_HTTP_SERVICE_UNAVAILABLE;
        x->response = x->server->no_memory;
    }
    if (!x->is_suspended)
        return; /* handle() is still on the stack and sends it */
    x->is_suspended = false;
    MHD_resume_connection(x->connection);
    x->server->due_ms = AT_ONCE;
}

/* ---- turning ---- */

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct http_server *server = owner;

    (void)fd, (void)events;
    server->idle_runs = 0;
    server->due_ms = AT_ONCE;
}

/*
 * MHD's own epoll set is edge-triggered.  If it has fetched something and not finished it, that
 * shows only in its timeout, which is 0 then.  It has no other timeout, since the deadlines are
 * ours.
 */
static bool has_work(const struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    return server->due_ms == AT_ONCE ||
           (MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout == 0);
}

/*
 * Writes one line for all connections that were closed since the last sweep, so that no client
 * can flood the log.
 */
static void log_closed(struct connections *all)
{
    if (all->slow == 0 && all->evicted == 0)
        return;
    log_event(LOG_WARN, "closed", LOG_NUMBER("slow", all->slow),
              LOG_NUMBER("evicted", all->evicted));
    all->slow = all->evicted = 0;
}

static int64_t next_run_ms(const struct http_server *server)
{
    if (!has_work(server))
        return connections_sweep_ms(&server->connections);
    if (server->idle_runs < MAX_IDLE_RUNS)
        return AT_ONCE;
    return loop_now_ms(server->loop) + IDLE_RUN_MS;
}

static void server_run(void *owner)
{
    struct http_server *server = owner;

    /*
     * Pending input is read before deadlines are checked, so that no client is late after a
     * pause of ours.
     */
    server->due_ms = AT_ONCE;
    for (int i = 0; i < RUNS_PER_TURN && has_work(server); i++) {
        server->due_ms = LOOP_NEVER;
        server->idle_runs++;
        MHD_run(server->daemon);
    }
    if (connections_sweep(&server->connections, loop_now_ms(server->loop)))
        log_closed(&server->connections);
    if (server->is_to_count)
        server->handler.counted(server->handler.owner, server->connections.count);
    server->is_to_count = false;
    server->due_ms = next_run_ms(server);
}

/* ---- life ---- */

/*
 * Makes the response for when there is no memory.  It closes its connection, which gives some
 * back.
 */
static struct MHD_Response *make_no_memory(void)
{
    static char body[] = "{\"error\":{\"code\":\"NoMemory\",\"message\":\"no memory\"}}";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);

    if (response && add_header(response, "Content-Type", "application/json") &&
        add_header(response, "Cache-Control", "no-store") &&
        add_header(response, "Retry-After", RETRY_SECONDS) &&
        add_header(response, "Connection", "close"))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

struct http_server *http_server_new(struct loop *loop, const struct http_handler *handler,
                                    size_t max_connections)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    struct http_server *server = calloc(1, sizeof(*server));
    const union MHD_DaemonInfo *info;

    if (!server)
        return NULL;
    *server = (struct http_server){
        .loop = loop,
        .handler = *handler,
        .max_connections = max_connections,
        .no_memory = make_no_memory(),
        .has_lenient_mhd = strncmp(MHD_get_version(), "0.", 2) == 0,
    };
    TAILQ_INIT(&server->connections.list);
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)(max_connections + EXTRA_CONNECTIONS),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_SERVER_HEADER_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
        /* If it is strict, the old one closes without a response.  complaint() has one. */
        MHD_OPTION_STRICT_FOR_CLIENT, server->has_lenient_mhd ? 0 : 1, MHD_OPTION_END);
    info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info || !server->no_memory ||
        loop_watch(loop, info->epoll_fd, EPOLLIN, on_ready, server)) {
        http_server_free(server);
        return NULL;
    }
    loop_add_task(loop, &(struct loop_task){
                            .run = server_run, .owner = server, .due_ms = &server->due_ms });
    return server;
}

/* Ends what lingers, since MHD is not to be stopped while a connection is suspended. */
static void end_all_lingering(struct http_server *server)
{
    for (struct connection *c = TAILQ_FIRST(&server->connections.list); c;
         c = TAILQ_NEXT(c, link)) {
        struct client *client = (struct client *)c;
        if (client->lingering)
            end_lingering(client->lingering);
    }
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    end_all_lingering(server);
    /* Both take NULL for nothing. */
    MHD_stop_daemon(server->daemon);
    MHD_destroy_response(server->no_memory);
    arena_free(&server->spare);
    free(server);
}

void http_server_add(struct http_server *server, int socket)
{
    /* The address is for MHD's statistics, which we do not read; it must not be NULL. */
    struct sockaddr_in none = { .sin_family = AF_INET };

    /* On failure MHD has closed the socket already. */
    (void)MHD_add_connection(server->daemon, socket, (const struct sockaddr *)&none,
                             sizeof(none));
    server->is_to_count = true;
    server->due_ms = AT_ONCE;
}

void http_server_make_room(struct http_server *server, size_t count)
{
    connections_make_room(&server->connections, count, loop_now_ms(server->loop));
    server->due_ms = AT_ONCE;
}

void http_server_drain(struct http_server *server)
{
    server->is_draining = true;
    connections_drain(&server->connections, loop_now_ms(server->loop));
    server->due_ms = AT_ONCE;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connections.count;
}

size_t http_server_open_requests(const struct http_server *server)
{
    return server->connections.busy + server->held;
}
