#include "io/http_transfers.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "io/http_transfer.h"

#define MAX_AGENT_CHARS 100

/*
 * A handle that is set up is worth keeping, but those of a rush are not kept for the next one:
 * what was not needed for this long is freed, but for a few.
 */
#define SPARE_MS 2000
#define SPARE_COUNT 8

/* libcurl finds out that a kept connection is too old, or closed, when it wants another. */
#define SILENT_MS (1000 * (int64_t)HTTP_CLIENT_KEEP_SECONDS)

struct http_transfers {
    struct loop *loop;
    struct resolver *resolver;
    struct http_client_options options;
    char user_agent[MAX_AGENT_CHARS + 1]; /* the whole line */
    http_again *again;
    void *owner;
    struct target target; /* of the last call: mostly of the next one, too */
    CURLM *multi;         /* NULL: there was no memory for one */
    bool is_broken;       /* what multi carries is being failed, and it takes no more */
    int64_t timer_ms;     /* when libcurl wants to be called */
    struct transfer *idle;
    size_t idle_count;
    struct transfer *running;
    size_t running_count;
    size_t most_running; /* at once, since the last look at the idle ones */
    int64_t look_ms;     /* the next; LOOP_NEVER: there are few */
    int64_t silent_ms;   /* when nothing will have run for long; LOOP_NEVER: something does */
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

/* ---- the idle ones ---- */

static void keep_idle(struct http_transfers *all, struct transfer *t)
{
    t->next = all->idle;
    all->idle = t;
    all->idle_count++;
    if (all->idle_count > SPARE_COUNT && all->look_ms == LOOP_NEVER)
        all->look_ms = loop_now_ms(all->loop) + SPARE_MS;
}

/* NULL: there is none. */
static struct transfer *take_idle(struct http_transfers *all)
{
    struct transfer *t = all->idle;

    if (!t)
        return NULL;
    all->idle = t->next;
    all->idle_count--;
    return t;
}

static void free_spare(struct http_transfers *all)
{
    int64_t now_ms = loop_now_ms(all->loop);

    if (now_ms < all->look_ms)
        return;
    while (all->idle_count > SPARE_COUNT &&
           all->idle_count + all->running_count > all->most_running)
        transfer_free(take_idle(all));
    all->most_running = all->running_count;
    all->look_ms = all->idle_count > SPARE_COUNT ? now_ms + SPARE_MS : LOOP_NEVER;
}

/* ---- the running ones ---- */

static void link_running(struct http_transfers *all, struct transfer *t)
{
    t->previous = NULL;
    t->next = all->running;
    if (t->next)
        t->next->previous = t;
    all->running = t;
    all->running_count++;
    all->silent_ms = LOOP_NEVER;
    if (all->running_count > all->most_running)
        all->most_running = all->running_count;
}

/* Takes t out of libcurl and of the running ones, and gives back the call it carried. */
static struct http_call *release(struct http_transfers *all, struct transfer *t)
{
    struct http_call *call = t->call;

    assert(call); /* a running transfer carries one */
    curl_multi_remove_handle(all->multi, t->easy);
    if (t->previous)
        t->previous->next = t->next;
    else
        all->running = t->next;
    if (t->next)
        t->next->previous = t->previous;
    all->running_count--;
    t->call = NULL;
    keep_idle(all, t);
    if (all->running_count == 0)
        all->silent_ms = loop_now_ms(all->loop) + SILENT_MS;
    return call;
}

void http_call_fail(struct http_call *call, const char *failure)
{
    call->status = 0;
    call->failure = failure;
    call->done(call);
}

static CURLM *multi_new(struct http_transfers *all);

static bool start(struct http_transfers *all, struct http_call *call)
{
    struct transfer *t;

    if (!all->multi)
        all->multi = multi_new(all);
    if (!all->multi || all->is_broken)
        return false;
    t = take_idle(all);
    if (!t)
        t = transfer_new(&all->options);
    if (!t)
        return false;
    link_running(all, t);
    if (transfer_prepare(t, call, &all->target, all->user_agent, loop_now_ms(all->loop)) &&
        curl_multi_add_handle(all->multi, t->easy) == CURLM_OK)
        return true;
    transfer_forget_addresses(t);
    (void)release(all, t);
    return false;
}

/* All names are asked for at once, and the worst that is known of any counts. */
static enum resolver_state ask_names(const struct target *target, const char **failure)
{
    enum resolver_state worst = RESOLVER_KNOWN;

    for (size_t i = 0; i < target->name_count; i++) {
        enum resolver_state state = resolver_ask(target->names[i], failure);
        worst = state > worst ? state : worst;
    }
    return worst;
}

enum http_start http_transfers_start(struct http_transfers *all, struct http_call *call,
                                     const char **failure)
{
    *failure = "no memory";
    if (!target_is_of(&all->target, call->url) &&
        target_read(&all->target, call->url, &all->options, all->resolver))
        return HTTP_NOT_STARTED;
    switch (ask_names(&all->target, failure)) {
    case RESOLVER_ASKED:
        return HTTP_NEEDS_NAME;
    case RESOLVER_FAILED:
        return HTTP_NOT_STARTED;
    default:
        return start(all, call) ? HTTP_STARTED : HTTP_NOT_STARTED;
    }
}

/* ---- finished ones ---- */

/* All tell libcurl anew what it no longer knows. */
static void forget_addresses(struct http_transfers *all)
{
    for (struct transfer *t = all->idle; t; t = t->next)
        transfer_forget_addresses(t);
    for (struct transfer *t = all->running; t; t = t->next)
        transfer_forget_addresses(t);
}

static void finish(struct http_transfers *all, CURL *easy, CURLcode code)
{
    struct transfer *t = NULL;
    const char *failure;
    struct http_call *call;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (transfer_is_untouched(t, code)) {
        all->again(all->owner, release(all, t));
        return;
    }
    failure = transfer_finish(t, code);
    call = release(all, t);
    if (transfer_lacked_addresses(code))
        forget_addresses(all);
    if (failure) {
        http_call_fail(call, failure);
        return;
    }
    call->failure = NULL;
    call->done(call);
}

static void finish_all(struct http_transfers *all)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(all->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish(all, message->easy_handle, message->data.result);
    }
}

/*
 * libcurl that had no memory for its own account of a socket is not to be asked again: 7.88 divides
 * by the size of a table that it has given up (singlesocket in lib/multi.c).  One whose socket we
 * could not watch ends all transfers by itself.  Either way another one takes its place.
 */
static void start_over(struct http_transfers *all)
{
    all->is_broken = true;
    http_transfers_abort(all, "no memory");
    curl_multi_cleanup(all->multi);
    all->multi = NULL;
    all->is_broken = false;
    all->timer_ms = LOOP_NEVER;
}

static void act(struct http_transfers *all, int fd, int mask)
{
    int running;
    CURLMcode code = curl_multi_socket_action(all->multi, fd, mask, &running);

    finish_all(all);
    if (code != CURLM_OK)
        start_over(all);
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct http_transfers *all = owner;
    int mask = 0;

    if (events & (EPOLLIN | EPOLLHUP))
        mask |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        mask |= CURL_CSELECT_ERR;
    act(all, fd, mask); /* before the server's turn, which then sends the answers */
}

/* ---- what libcurl waits for ---- */

static void log_unwatched(void)
{
    struct log_line line;

    log_begin(&line, LOG_ERROR, "upstream");
    log_text(&line, "problem", STR("a connection cannot be watched: no memory"));
    log_end(&line);
}

/* libcurl tells which sockets it waits for, and for what. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *unused)
{
    struct http_transfers *all = owner;
    uint32_t events = 0;

    (void)easy, (void)unused;
    if (what == CURL_POLL_REMOVE) {
        loop_unwatch(all->loop, fd);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    /* Told of a failure, libcurl would end all transfers: this one ends at its deadline. */
    if (loop_watch(all->loop, fd, events, on_ready, all))
        log_unwatched();
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct http_transfers *all = owner;

    (void)multi;
    all->timer_ms = timeout_ms < 0 ? LOOP_NEVER : loop_now_ms(all->loop) + timeout_ms;
    return 0;
}

#define SET(option, value) ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK

static CURLM *multi_new(struct http_transfers *all)
{
    CURLM *multi = curl_multi_init();
    bool ok = multi != NULL;

    SET(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET(CURLMOPT_SOCKETDATA, all);
    SET(CURLMOPT_TIMERFUNCTION, on_timer);
    SET(CURLMOPT_TIMERDATA, all);
    SET(CURLMOPT_MAXCONNECTS, (long)http_client_max_running(&all->options));
    if (ok)
        return multi;
    curl_multi_cleanup(multi);
    return NULL;
}

/* What nobody has used for long is closed. */
static void close_silent(struct http_transfers *all)
{
    CURLM *multi;

    if (loop_now_ms(all->loop) < all->silent_ms)
        return;
    all->silent_ms = LOOP_NEVER;
    multi = multi_new(all);
    if (!multi)
        return;
    curl_multi_cleanup(all->multi); /* which closes what it has kept, and forgets addresses */
    all->multi = multi;
    forget_addresses(all);
}

/* ---- turning ---- */

void http_transfers_run(struct http_transfers *all)
{
    free_spare(all);
    close_silent(all);
    if (!all->multi || all->timer_ms > loop_now_ms(all->loop))
        return;
    all->timer_ms = LOOP_NEVER;
    act(all, CURL_SOCKET_TIMEOUT, 0);
}

int64_t http_transfers_next_ms(const struct http_transfers *all)
{
    return loop_earlier(all->timer_ms, loop_earlier(all->look_ms, all->silent_ms));
}

size_t http_transfers_count(const struct http_transfers *all)
{
    return all->running_count;
}

/* ---- life ---- */

struct http_transfers *http_transfers_new(struct loop *loop, struct resolver *resolver,
                                          const struct http_client_options *options,
                                          http_again *again, void *owner)
{
    struct http_transfers *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    all->loop = loop;
    all->resolver = resolver;
    all->options = *options;
    all->again = again;
    all->owner = owner;
    (void)snprintf(all->user_agent, sizeof(all->user_agent), "User-Agent: %s",
                   options->user_agent);
    all->timer_ms = all->look_ms = all->silent_ms = LOOP_NEVER;
    all->multi = multi_new(all);
    if (all->multi)
        return all;
    free(all);
    return NULL;
}

void http_transfers_abort(struct http_transfers *all, const char *failure)
{
    while (all->running)
        http_call_fail(release(all, all->running), failure);
}

void http_transfers_free(struct http_transfers *all)
{
    if (!all)
        return;
    while (all->idle)
        transfer_free(take_idle(all));
    curl_multi_cleanup(all->multi);
    free(all);
}
