#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "base/log.h"
#include "handler.h"
#include "io/http_client.h"
#include "io/http_server.h"
#include "io/listener.h"
#include "io/loop.h"

/* Connections accepted before the loop looks at anything else. */
#define ACCEPTS_PER_TURN 64

/* While no place is free: how often the listener is tried again. */
#define ACCEPT_PAUSE_MS 10

/* Of a loop, for kept texts: calls, what wakes libcurl, a question, a connection for an identity. */
#define TEXT_DESCRIPTORS (HANDLER_TEXT_CALLS + 3)

/*
 * The C library keeps freed memory that lies between blocks in use.  When a burst of this many
 * connections has been over for this long, malloc_trim gives that memory back.
 */
#define BURST_CONNECTIONS 8
#define BURST_OVER_MS 5000

/*
 * What is written into a worker's inbox: a connected socket, or one of these.  The count that a
 * request for room carries is at least 1.
 */
#define DRAIN_MESSAGE (-1)
#define ROOM_MESSAGE(count) (DRAIN_MESSAGE - (int)(count))
#define ROOM_COUNT(message) ((size_t)(DRAIN_MESSAGE - (message)))

struct worker {
    struct handler handler; /* first, so that the one is found from the other */
    struct workers *all;
    size_t index;
    pthread_t thread;
    int inbox[2]; /* a pipe: the kernel's queue is the only one between threads */
    struct loop *loop;
    struct http_client *client;
    struct http_client *storage; /* NULL: no texts are kept */
    struct http_server *server;
    int listener;            /* -1: this worker does not accept */
    int64_t accept_again_ms; /* LOOP_NEVER: it does so now */
    size_t given;            /* connections that the first worker has given it so far */
    size_t served;           /* those of them that have reached its server */
    atomic_size_t ended;     /* and those that have ended; the first worker reads it */
    size_t most_connections; /* at once, since memory was last given back */
    int64_t give_back_ms;    /* LOOP_NEVER: there was no burst, or it is not over */
    int64_t last_call_ms; /* of the first worker: when to begin to drain; LOOP_NEVER: unasked */
    bool is_ending;       /* asked to drain: from then on it looks about on each turn */
    bool is_draining, is_done;
    int64_t drain_until_ms;
    int64_t quiet_since_ms;
    int64_t due_ms; /* when to look again */
};

struct workers {
    size_t count;
    size_t places; /* for connections, in each */
    size_t next;   /* to be given a connection; only the first worker knows, as of the next */
    size_t asked;  /* the first worker that will be asked for room */
    struct worker at[];
};

/* ---- accepting ---- */

/* Connections that a worker has or is about to get: exact, or too many for a moment. */
static size_t held(struct worker *w)
{
    return w->given - atomic_load_explicit(&w->ended, memory_order_relaxed);
}

/* The worker whose turn it is to get a connection.  NULL: none has a place. */
static struct worker *with_a_place(struct workers *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct worker *w = &all->at[(all->next + i) % all->count];
        if (held(w) < all->places)
            return w;
    }
    return NULL;
}

static void serve(struct worker *w, int socket)
{
    w->served++;
    http_server_add(w->server, socket);
}

static void hand_over(struct worker *w, struct worker *to, int socket)
{
    w->all->next = to->index + 1;
    /* If the inbox is full, the connection is served on this loop. */
    if (to != w && write(to->inbox[1], &socket, sizeof(socket)) == sizeof(socket)) {
        to->given++;
    } else {
        w->given++;
        serve(w, socket);
    }
}

/* Asks a worker for room.  If its inbox is full, it will be asked again. */
static void make_room(struct worker *of, size_t count)
{
    const int message = ROOM_MESSAGE(count);

    (void)!write(of->inbox[1], &message, sizeof(message));
}

/*
 * Connections for which there is no place wait in the backlog.  For each of them an idle connection
 * is evicted, by all workers in turn, and the listener rests for a moment.
 */
static void pause_accepting(struct worker *w)
{
    struct workers *all = w->all;
    size_t waiting = listener_waiting(w->listener, ACCEPTS_PER_TURN);

    for (size_t i = 0; i < all->count; i++) {
        size_t share = waiting / all->count + (i < waiting % all->count);
        if (share > 0)
            make_room(&all->at[(all->asked + i) % all->count], share);
    }
    all->asked++;
    loop_unwatch(w->loop, w->listener);
    w->accept_again_ms = loop_now_ms(w->loop) + ACCEPT_PAUSE_MS;
    w->due_ms = earlier_ms(w->due_ms, w->accept_again_ms);
}

static void on_connections(void *owner, int listener, uint32_t events)
{
    struct worker *w = owner;
    struct worker *to;

    (void)events;
    if (!with_a_place(w->all)) {
        pause_accepting(w);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN && (to = with_a_place(w->all)); i++) {
        int socket = listener_accept(listener);
        if (socket < 0) {
            if (errno != EAGAIN)
                pause_accepting(w);
            return;
        }
        hand_over(w, to, socket);
    }
}

static bool start_accepting(struct worker *w)
{
    w->accept_again_ms = LOOP_NEVER;
    return w->listener < 0 || !loop_watch(w->loop, w->listener, EPOLLIN, on_connections, w);
}

/* ---- draining ---- */

static void stop_accepting(struct worker *w)
{
    int socket;

    if (w->listener < 0)
        return;
    /* Connections that were made before we closed the listener are served, if there is a place. */
    while (held(w) < w->all->places && (socket = listener_accept(w->listener)) >= 0)
        hand_over(w, w, socket);
    loop_unwatch(w->loop, w->listener);
    close(w->listener);
    w->listener = -1;
    w->accept_again_ms = LOOP_NEVER;
}

static void send_drain(struct worker *to)
{
    const int message = DRAIN_MESSAGE;

    /* The inbox empties by itself, so a full one is only a matter of moments. */
    while (write(to->inbox[1], &message, sizeof(message)) < 0 &&
           (errno == EAGAIN || errno == EINTR))
        sched_yield();
}

static void begin_drain(struct worker *w)
{
    int64_t now_ms = loop_now_ms(w->loop);

    stop_accepting(w);
    /* The message goes the way of the connections, so that no connection follows it. */
    for (size_t i = 1; w->index == 0 && i < w->all->count; i++)
        send_drain(&w->all->at[i]);
    http_server_drain(w->server);
    w->is_draining = true;
    w->last_call_ms = LOOP_NEVER;
    w->drain_until_ms = now_ms + WORKER_DRAIN_MS;
    w->quiet_since_ms = now_ms;
}

/* The workers go on until the host has closed its connections, or WORKER_SERVE_MS are over. */
static void ask_to_drain(struct worker *w)
{
    w->is_ending = true;
    if (w->index == 0)
        w->last_call_ms = loop_now_ms(w->loop) + WORKER_SERVE_MS;
    else
        begin_drain(w);
}

static bool is_last_call(struct worker *w)
{
    size_t connections = 0;

    if (w->last_call_ms == LOOP_NEVER)
        return false;
    for (size_t i = 0; i < w->all->count; i++)
        connections += held(&w->all->at[i]);
    return connections == 0 || loop_now_ms(w->loop) >= w->last_call_ms;
}

static void on_inbox(void *owner, int fd, uint32_t events)
{
    struct worker *w = owner;
    int message;

    (void)events;
    while (read(fd, &message, sizeof(message)) == sizeof(message)) {
        if (message >= 0)
            serve(w, message);
        else if (message == DRAIN_MESSAGE)
            ask_to_drain(w);
        else
            http_server_make_room(w->server, ROOM_COUNT(message));
    }
}

static bool is_done(struct worker *w)
{
    int64_t now_ms = loop_now_ms(w->loop);

    if (!w->is_draining)
        return false;
    if (http_server_open_requests(w->server) > 0)
        w->quiet_since_ms = now_ms;
    else if (http_server_connections(w->server) == 0)
        return true;
    return now_ms >= w->quiet_since_ms + WORKER_QUIET_MS || now_ms >= w->drain_until_ms;
}

/*
 * Connections that have ended have made places for others.  When half of a burst's connections
 * are gone for long enough, memory is given back.
 */
static void on_count(void *owner, size_t connections)
{
    struct worker *w = owner;

    atomic_store_explicit(&w->ended, w->served - connections, memory_order_relaxed);
    if (connections > w->most_connections)
        w->most_connections = connections;
    if (w->most_connections < BURST_CONNECTIONS || connections > w->most_connections / 2)
        w->give_back_ms = LOOP_NEVER;
    else if (w->give_back_ms == LOOP_NEVER)
        w->give_back_ms = loop_now_ms(w->loop) + BURST_OVER_MS;
    w->due_ms = earlier_ms(w->due_ms, w->give_back_ms);
}

static void give_back(struct worker *w)
{
    (void)malloc_trim(0);
    w->most_connections = http_server_connections(w->server);
    w->give_back_ms = LOOP_NEVER;
}

/*
 * The worker's own task, the last of a turn: a listener that has rested, memory of a burst that is
 * over, a drain that is to begin or to end in time.
 */
static void worker_run(void *owner)
{
    struct worker *w = owner;
    int64_t now_ms = loop_now_ms(w->loop);

    if (now_ms >= w->accept_again_ms && !start_accepting(w))
        w->accept_again_ms = now_ms + ACCEPT_PAUSE_MS;
    if (now_ms >= w->give_back_ms)
        give_back(w);
    if (is_last_call(w))
        begin_drain(w);
    w->is_done = is_done(w);
    w->due_ms = earlier_ms(w->accept_again_ms, w->give_back_ms);
    if (w->is_ending)
        w->due_ms = w->is_done ? now_ms : now_ms + WORKER_QUIET_MS / 4;
}

/* ---- the thread ---- */

static void *run(void *owner)
{
    struct worker *w = owner;

    while (!w->is_done)
        loop_turn(w->loop);
    /* What is left gets a response that says so.  A few turns send it. */
    handler_abort(&w->handler);
    for (int i = 0; i < 10 && http_server_open_requests(w->server) > 0; i++)
        loop_turn(w->loop);
    return NULL;
}

/* ---- life ---- */

static void worker_free(struct worker *w)
{
    http_server_free(w->server);
    if (w->client)
        handler_free(&w->handler);
    http_client_free(w->client);
    http_client_free(w->storage);
    loop_free(w->loop);
    if (w->inbox[0] >= 0) {
        close(w->inbox[0]);
        close(w->inbox[1]);
    }
    if (w->listener >= 0)
        close(w->listener);
}

static struct http_client *client_new(struct worker *w, const struct config *config,
                                      struct str url, size_t calls)
{
    const struct http_client_options options = {
        .user_agent = "User-Agent: codestream/" VERSION,
        .ca_file = config->ca_file,
        .is_plain = str_starts(url, STR("http://")),
        .proxy = config->proxy,
        .no_proxy = config->no_proxy,
        .max_running = calls,
    };

    return http_client_new(w->loop, &options);
}

/* true: there is a client for kept texts, or no need of one. */
static bool open_storage(struct worker *w, const struct config *config, size_t calls)
{
    struct str url = config->storage.endpoint.url;

    if (url.len == 0 || !application->keeper)
        return true;
    w->storage =
        client_new(w, config, url, calls < HANDLER_TEXT_CALLS ? calls : HANDLER_TEXT_CALLS);
    return w->storage != NULL;
}

static bool worker_init(struct worker *w, const struct config *config, size_t calls)
{
    const struct http_handler handler = { handler_body_limit, handler_serve, on_count,
                                          &w->handler };

    if (pipe2(w->inbox, O_NONBLOCK | O_CLOEXEC) != 0) {
        w->inbox[0] = -1;
        return false;
    }
    w->loop = loop_new();
    if (!w->loop)
        return false;
    /* The server before the client: then a call starts in the turn in which it is wanted. */
    w->server = http_server_new(w->loop, &handler, w->all->places);
    w->client = client_new(w, config, config->rest.endpoint.url, calls);
    if (!w->server || !w->client || !open_storage(w, config, calls) ||
        handler_init(&w->handler, application, config, w->loop, w->client, w->storage))
        return false;
    if (loop_watch(w->loop, w->inbox[0], EPOLLIN, on_inbox, w))
        return false;
    if (!start_accepting(w))
        return false;
    loop_add_task(w->loop, &(struct loop_task){ .run = worker_run,
                                                .owner = w,
                                                .due_ms = &w->due_ms,
                                                .is_each_turn = &w->is_ending });
    return true;
}

/* Joins the first count threads and frees all workers. */
static void finish(struct workers *workers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(workers->at[i].thread, NULL);
    for (size_t i = 0; i < workers->count; i++)
        worker_free(&workers->at[i]);
    free(workers);
}

/*
 * How many descriptors are left beside those for calls of kept texts.  There are at most as many
 * as libmicrohttpd, which counts them with an int, can be given.
 */
static size_t descriptors_left(const struct config *config)
{
    size_t texts = config->storage.endpoint.url.len > 0 ? config->loops * TEXT_DESCRIPTORS : 0;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        limit.rlim_cur = INT_MAX;
    return limit.rlim_cur > texts ? limit.rlim_cur - texts : 0;
}

struct workers *workers_start(const struct config *config, int listener)
{
    const struct capacity_places places =
        capacity_places(descriptors_left(config), config->loops);
    size_t count = places.loops;
    struct workers *workers = calloc(1, sizeof(*workers) + count * sizeof(workers->at[0]));
    bool ok = workers != NULL;
    size_t started = 0;

    if (!workers) {
        close(listener);
        return NULL;
    }
    workers->count = count;
    workers->places = places.connections < HTTP_SERVER_MAX_CONNECTIONS
                          ? places.connections
                          : HTTP_SERVER_MAX_CONNECTIONS;
    for (size_t i = 0; i < count; i++) {
        workers->at[i] = (struct worker){
            .all = workers,
            .index = i,
            .inbox = { -1, -1 },
            .listener = i == 0 ? listener : -1,
            .give_back_ms = LOOP_NEVER,
            .last_call_ms = LOOP_NEVER,
        };
        ok = ok && worker_init(&workers->at[i], config, places.connections);
    }
    while (ok && started < count) {
        struct worker *w = &workers->at[started];
        ok = pthread_create(&w->thread, NULL, run, w) == 0;
        started += ok;
    }
    if (ok)
        return workers;
    if (started > 0)
        send_drain(&workers->at[0]);
    finish(workers, started);
    return NULL;
}

size_t workers_count(const struct workers *workers)
{
    return workers->count;
}

void workers_drain(struct workers *workers)
{
    send_drain(&workers->at[0]);
    finish(workers, workers->count);
}
