#include "io/http_client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "io/http_transfer.h"

#define MAX_AGENT_CHARS 100

/*
 * A handle that is set up is worth keeping, but those of a burst are not kept for the next one:
 * what was not needed for this long is freed, but for a few.
 */
#define SPARE_MS 2000
#define SPARE_COUNT 8

/* libcurl finds out that a kept connection is too old, or closed, when it wants another. */
#define SILENT_MS (1000 * (int64_t)HTTP_CLIENT_KEEP_SECONDS)

/* First come, first served. */
struct queue {
    struct http_call *first, **end;
    size_t count;
    int64_t overdue_ms; /* none in it is overdue before */
};

struct http_client {
    struct loop *loop;
    struct resolver *resolver;
    struct http_client_options options;
    char user_agent[MAX_AGENT_CHARS + 1]; /* the whole line */

    struct queue waiting; /* for their turn */
    struct queue unnamed; /* for the addresses of their host */
    uint64_t endings;     /* of look-ups, when those were last asked for */

    struct target target; /* of the last call: mostly of the next one, too */
    CURLM *multi;         /* NULL: there was no memory for one */
    bool is_broken;       /* what multi carries is being failed, and it takes no more */
    int64_t timer_ms;     /* when libcurl wants to be called */
    struct transfers running;
    size_t running_count;
    size_t most_running; /* at once, since the last sweep of the idle ones */
    struct transfers idle;
    size_t idle_count;
    int64_t sweep_ms;  /* when the idle ones are swept next; LOOP_NEVER: there are few */
    int64_t silent_ms; /* when nothing will have run for long; LOOP_NEVER: something does */
};

bool http_client_global_init(void)
{
    resolver_global_init();
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void http_client_global_free(void)
{
    curl_global_cleanup();
}

static void fail(struct http_call *call, const char *failure)
{
    call->status = 0;
    call->failure = failure;
    call->done(call);
}

/* ---- calls that wait ---- */

static void queue_empty(struct queue *queue)
{
    *queue = (struct queue){ .end = &queue->first, .overdue_ms = LOOP_NEVER };
}

static void queue_add(struct queue *queue, struct http_call *call)
{
    call->next = NULL;
    *queue->end = call;
    queue->end = &call->next;
    queue->count++;
    queue->overdue_ms = loop_earlier(queue->overdue_ms, call->deadline_ms);
}

static struct http_call *queue_take(struct queue *queue)
{
    struct http_call *call = queue->first;

    queue->first = call->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->count--;
    return call;
}

/* All of from go to the front of to. */
static void queue_prepend(struct queue *to, struct queue *from)
{
    if (from->count == 0)
        return;
    *from->end = to->first;
    if (!to->first)
        to->end = from->end;
    to->first = from->first;
    to->count += from->count;
    to->overdue_ms = loop_earlier(to->overdue_ms, from->overdue_ms);
    queue_empty(from);
}

static void fail_late(struct http_call *call)
{
    call->is_too_late = true;
    fail(call, "timed out in the queue");
}

static void fail_unnamed(struct http_call *call)
{
    fail(call, "timed out while the host name was looked up");
}

/* Wherever they stand in the queue, and whether or not there is room to start another. */
static void end_overdue(struct queue *queue, int64_t now_ms,
                        void (*end)(struct http_call *call))
{
    struct http_call *list = queue->first, *next;
    struct queue overdue;

    if (now_ms < queue->overdue_ms)
        return;
    queue_empty(queue);
    queue_empty(&overdue);
    for (; list; list = next) {
        next = list->next;
        queue_add(now_ms < list->deadline_ms ? queue : &overdue, list);
    }
    while (overdue.first)
        end(queue_take(&overdue));
}

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting.count + client->unnamed.count >= HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->is_too_late = false;
    call->response = (struct str){ NULL, 0 };
    for (size_t i = 0; i < call->captured_count; i++)
        call->captured[i].value = (struct str){ NULL, 0 };
    queue_add(&client->waiting, call);
    return ERR_NONE;
}

/* ---- idle transfers ---- */

static void keep_idle(struct http_client *client, struct transfer *t)
{
    LIST_INSERT_HEAD(&client->idle, t, link);
    client->idle_count++;
    if (client->idle_count > SPARE_COUNT && client->sweep_ms == LOOP_NEVER)
        client->sweep_ms = loop_now_ms(client->loop) + SPARE_MS;
}

/* NULL: there is none. */
static struct transfer *take_idle(struct http_client *client)
{
    struct transfer *t = LIST_FIRST(&client->idle);

    if (!t)
        return NULL;
    LIST_REMOVE(t, link);
    client->idle_count--;
    return t;
}

static void sweep_idle(struct http_client *client)
{
    int64_t now_ms = loop_now_ms(client->loop);

    if (now_ms < client->sweep_ms)
        return;
    while (client->idle_count > SPARE_COUNT &&
           client->idle_count + client->running_count > client->most_running)
        transfer_free(take_idle(client));
    client->most_running = client->running_count;
    client->sweep_ms = client->idle_count > SPARE_COUNT ? now_ms + SPARE_MS : LOOP_NEVER;
}

/* ---- running transfers ---- */

static void link_running(struct http_client *client, struct transfer *t)
{
    LIST_INSERT_HEAD(&client->running, t, link);
    client->running_count++;
    client->silent_ms = LOOP_NEVER;
    if (client->running_count > client->most_running)
        client->most_running = client->running_count;
}

/* Takes t out of libcurl and of the running ones, and gives back the call it carried. */
static struct http_call *release(struct http_client *client, struct transfer *t)
{
    struct http_call *call = t->call;

    assert(call); /* a running transfer carries one */
    curl_multi_remove_handle(client->multi, t->easy);
    LIST_REMOVE(t, link);
    client->running_count--;
    t->call = NULL;
    keep_idle(client, t);
    if (client->running_count == 0)
        client->silent_ms = loop_now_ms(client->loop) + SILENT_MS;
    return call;
}

static CURLM *multi_new(struct http_client *client);

static bool start(struct http_client *client, struct http_call *call)
{
    struct transfer *t;

    if (!client->multi)
        client->multi = multi_new(client);
    if (!client->multi || client->is_broken)
        return false;
    t = take_idle(client);
    if (!t)
        t = transfer_new(&client->options);
    if (!t)
        return false;
    link_running(client, t);
    if (transfer_prepare(t, call, &client->target, client->user_agent,
                         loop_now_ms(client->loop)) &&
        curl_multi_add_handle(client->multi, t->easy) == CURLM_OK)
        return true;
    transfer_forget_addresses(t);
    (void)release(client, t);
    return false;
}

/* All names are asked for at once, and the worst that is known of any counts. */
static enum resolver_state ask_names(const struct target *target, const char **failure)
{
    enum resolver_state worst = RESOLVER_KNOWN;

    for (size_t i = 0; i < target->names.count; i++) {
        enum resolver_state state = resolver_ask(target->names.at[i], failure);
        worst = state > worst ? state : worst;
    }
    return worst;
}

/* Finds out which host the call is for.  RESOLVER_FAILED: *failure, a static text, says why. */
static enum resolver_state aim(struct http_client *client, const struct http_call *call,
                               const char **failure)
{
    *failure = "no memory";
    if (!target_is_of(&client->target, call->url) &&
        target_read(&client->target, call->url, &client->options, client->resolver))
        return RESOLVER_FAILED;
    return ask_names(&client->target, failure);
}

static void start_next(struct http_client *client)
{
    struct http_call *call = queue_take(&client->waiting);
    enum resolver_state names;
    const char *failure;

    if (call->deadline_ms <= loop_now_ms(client->loop)) {
        fail_late(call);
        return;
    }
    names = aim(client, call, &failure);
    if (names == RESOLVER_ASKED)
        queue_add(&client->unnamed, call);
    else if (names == RESOLVER_FAILED || !start(client, call))
        fail(call, failure);
}

/* ---- finished transfers ---- */

/* All tell libcurl anew what it no longer knows. */
static void forget_addresses(struct http_client *client)
{
    for (struct transfer *t = LIST_FIRST(&client->idle); t; t = LIST_NEXT(t, link))
        transfer_forget_addresses(t);
    for (struct transfer *t = LIST_FIRST(&client->running); t; t = LIST_NEXT(t, link))
        transfer_forget_addresses(t);
}

static void finish(struct http_client *client, CURL *easy, CURLcode code)
{
    struct transfer *t = NULL;
    const char *failure;
    struct http_call *call;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (transfer_is_untouched(t, code)) {
        queue_add(&client->waiting, release(client, t));
        return;
    }
    failure = transfer_finish(t, code);
    call = release(client, t);
    if (transfer_lacked_addresses(code))
        forget_addresses(client);
    if (failure) {
        fail(call, failure);
        return;
    }
    call->failure = NULL;
    call->done(call);
}

static void finish_all(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish(client, message->easy_handle, message->data.result);
    }
}

static void fail_running(struct http_client *client, const char *failure)
{
    while (!LIST_EMPTY(&client->running))
        fail(release(client, LIST_FIRST(&client->running)), failure);
}

/*
 * libcurl that had no memory for its own account of a socket is not to be asked again: 7.88 divides
 * by the size of a table that it has given up (singlesocket in lib/multi.c).  One whose socket we
 * could not watch ends all transfers by itself.  Either way another one takes its place.
 */
static void start_over(struct http_client *client)
{
    client->is_broken = true;
    fail_running(client, "no memory");
    curl_multi_cleanup(client->multi);
    client->multi = NULL;
    client->is_broken = false;
    client->timer_ms = LOOP_NEVER;
}

static void act(struct http_client *client, int fd, int mask)
{
    int running;
    CURLMcode code = curl_multi_socket_action(client->multi, fd, mask, &running);

    finish_all(client);
    if (code != CURLM_OK)
        start_over(client);
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct http_client *client = owner;
    int mask = 0;

    if (events & (EPOLLIN | EPOLLHUP))
        mask |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        mask |= CURL_CSELECT_ERR;
    act(client, fd, mask); /* before the server's turn, which then sends the responses */
}

/* ---- what libcurl waits for ---- */

/* libcurl tells which sockets it waits for, and for what. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *unused)
{
    struct http_client *client = owner;
    uint32_t events = 0;

    (void)easy, (void)unused;
    if (what == CURL_POLL_REMOVE) {
        loop_unwatch(client->loop, fd);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    /* Told of a failure, libcurl would end all transfers: this one ends at its deadline. */
    if (loop_watch(client->loop, fd, events, on_ready, client))
        log_event(LOG_ERROR, "upstream",
                  LOG_TEXT("problem", STR("a connection cannot be watched: no memory")));
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct http_client *client = owner;

    (void)multi;
    client->timer_ms = timeout_ms < 0 ? LOOP_NEVER : loop_now_ms(client->loop) + timeout_ms;
    return 0;
}

#define SET(option, value) ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK

static CURLM *multi_new(struct http_client *client)
{
    CURLM *multi = curl_multi_init();
    bool ok = multi != NULL;

    SET(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET(CURLMOPT_SOCKETDATA, client);
    SET(CURLMOPT_TIMERFUNCTION, on_timer);
    SET(CURLMOPT_TIMERDATA, client);
    SET(CURLMOPT_MAXCONNECTS, (long)client->options.max_running);
    if (ok)
        return multi;
    curl_multi_cleanup(multi);
    return NULL;
}

/* Closes connections that nothing has used for long. */
static void close_silent(struct http_client *client)
{
    CURLM *multi;

    if (loop_now_ms(client->loop) < client->silent_ms)
        return;
    client->silent_ms = LOOP_NEVER;
    multi = multi_new(client);
    if (!multi)
        return;
    curl_multi_cleanup(
        client->multi); /* which closes what it has kept, and forgets addresses */
    client->multi = multi;
    forget_addresses(client);
}

/* ---- turning ---- */

static bool may_start(const struct http_client *client)
{
    return client->waiting.first && client->running_count < client->options.max_running;
}

/* A look-up has ended: the calls that waited for a name try again, before all others. */
static bool may_be_named(const struct http_client *client)
{
    return client->unnamed.first && resolver_endings(client->resolver) != client->endings;
}

static void client_run(void *owner)
{
    struct http_client *client = owner;
    int64_t now_ms = loop_now_ms(client->loop);

    end_overdue(&client->waiting, now_ms, fail_late);
    end_overdue(&client->unnamed, now_ms, fail_unnamed);
    resolver_run(client->resolver);
    if (may_be_named(client)) {
        client->endings = resolver_endings(client->resolver);
        queue_prepend(&client->waiting, &client->unnamed);
    }
    while (may_start(client))
        start_next(client);
    sweep_idle(client);
    close_silent(client);
    if (!client->multi || client->timer_ms > loop_now_ms(client->loop))
        return;
    client->timer_ms = LOOP_NEVER;
    act(client, CURL_SOCKET_TIMEOUT, 0);
}

static int client_wait_ms(void *owner)
{
    const struct http_client *client = owner;
    const int64_t moments[] = { client->waiting.overdue_ms, client->unnamed.overdue_ms,
                                client->timer_ms, client->sweep_ms, client->silent_ms };
    int64_t next_ms;

    if (may_start(client) || may_be_named(client))
        return 0;
    next_ms = resolver_next_ms(client->resolver);
    for (size_t i = 0; i < COUNT(moments); i++)
        next_ms = loop_earlier(next_ms, moments[i]);
    return loop_until_ms(client->loop, next_ms);
}

/* ---- life ---- */

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->loop = loop;
    client->options = *options;
    if (options->max_running < 1 || options->max_running > HTTP_CLIENT_MAX_RUNNING)
        client->options.max_running = HTTP_CLIENT_MAX_RUNNING;
    (void)snprintf(client->user_agent, sizeof(client->user_agent), "User-Agent: %s",
                   options->user_agent);
    queue_empty(&client->waiting);
    queue_empty(&client->unnamed);
    client->timer_ms = client->sweep_ms = client->silent_ms = LOOP_NEVER;
    client->resolver = resolver_new(loop);
    client->multi = multi_new(client);
    if (!client->resolver || !client->multi) {
        http_client_free(client);
        return NULL;
    }
    loop_add_task(loop, &(struct loop_task){
                            .run = client_run, .owner = client, .wait_ms = client_wait_ms });
    return client;
}

void http_client_abort(struct http_client *client)
{
    static const char failure[] = "the handler is shutting down";

    fail_running(client, failure);
    queue_prepend(&client->waiting, &client->unnamed);
    while (client->waiting.first)
        fail(queue_take(&client->waiting), failure);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (!LIST_EMPTY(&client->idle))
        transfer_free(take_idle(client));
    curl_multi_cleanup(client->multi);
    resolver_free(client->resolver);
    free(client);
}
