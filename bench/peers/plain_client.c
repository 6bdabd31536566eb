/*
 * src/io/http_client.h without libcurl: the smallest client that can stand in for it, as the
 * limit that libcurl is measured against.  Not a product: it calls this machine only, knows no
 * names but localhost and no proxies, and a request that breaks is not tried again.
 *
 * A connection is a link.  It is idle, newest first, or carries one call; those that do are
 * ordered by the moment at which they are given up.
 */
#include "io/http_client.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "plain_link.h"
#include "plain_target.h"

struct http_client {
    struct loop *loop;
    struct str user_agent;
    SSL_CTX *tls;
    struct list running; /* links, the first to be given up first */
    struct list idle;    /* links, the last used first */
    struct queue waiting;
    struct queue failed; /* could not be started; their done is called on the next turn */
    int64_t due_ms;      /* when to run next; 0: at once */
};

void http_client_global_init(void)
{
}

/* ---- lists ---- */

static struct link *first_of(const struct list *list)
{
    return (struct link *)list->first;
}

static struct link *last_of(const struct list *list)
{
    return (struct link *)list->last;
}

/* Deadlines mostly come in order, so the place is near the end. */
static void insert_by_time(struct list *list, struct link *l)
{
    struct node *place = list->last;

    while (place && ((struct link *)place)->until_ms > l->until_ms)
        place = place->previous;
    list_insert_behind(list, &l->node, place);
}

static void push(struct queue *queue, struct http_call *call)
{
    queue_add(queue, &call->queued, call->deadline_ms);
}

static struct http_call *pop(struct queue *queue)
{
    return (struct http_call *)queue_take(queue);
}

/* ---- links ---- */

static void close_link(struct list *list, struct link *l)
{
    list_remove(list, &l->node);
    link_close(l);
}

static struct http_call *release(struct link *l, bool may_keep)
{
    struct http_client *client = l->client;
    struct http_call *call = l->call;

    if (!may_keep) {
        close_link(&client->running, l);
        return call;
    }
    list_remove(&client->running, &l->node);
    l->call = NULL;
    l->until_ms = loop_now_ms(client->loop) + HTTP_CLIENT_KEEP_SECONDS * 1000;
    list_insert_behind(&client->idle, &l->node, NULL);
    return call;
}

static void fail_call(struct http_call *call, const char *failure)
{
    call->status = 0;
    call->failure = failure;
    call->done(call);
}

static void fail(struct link *l, const char *failure)
{
    fail_call(release(l, false), failure);
}

/* ---- launching ---- */

static void on_ready(void *owner, int fd, uint32_t events);

/* Out of the list of idle ones; NULL: there is none for this address. */
static struct link *take_idle(struct http_client *client, const struct sockaddr_in *address)
{
    struct node *node = client->idle.first;
    struct link *l;

    for (; node; node = node->next) {
        l = (struct link *)node;
        if (l->address.sin_port == address->sin_port &&
            l->address.sin_addr.s_addr == address->sin_addr.s_addr) {
            list_remove(&client->idle, node);
            return l;
        }
    }
    return NULL;
}

/* The oldest are at the end.  Also makes room, so that no more are open than may be. */
static void close_old(struct http_client *client)
{
    while (client->idle.last &&
           (last_of(&client->idle)->until_ms <= loop_now_ms(client->loop) ||
            client->idle.count + client->running.count >= HTTP_CLIENT_MAX_RUNNING))
        close_link(&client->idle, last_of(&client->idle));
}

/* What is wrong, or NULL: then the call runs. */
static const char *launch(struct http_client *client, struct http_call *call)
{
    const struct str nothing = { NULL, 0 };
    struct target target;
    struct str head;
    struct link *l;

    if (!target_parse(str_from(call->url), &target))
        return "the limit calls this machine only";
    if (target_write_head(&target, call, client->user_agent, &head))
        return "no memory";
    l = take_idle(client, &target.address);
    if (!l) {
        close_old(client);
        l = link_connect(client->loop, &target.address, target.is_secure ? client->tls : NULL,
                         on_ready);
    }
    if (!l)
        return "cannot connect";
    l->client = client;
    link_take(l, call, head, target_takes_body(call) ? call->body : nothing);
    l->until_ms = call->deadline_ms;
    if (l->is_connecting && l->until_ms > loop_now_ms(client->loop) + HTTP_CLIENT_CONNECT_MS)
        l->until_ms = loop_now_ms(client->loop) + HTTP_CLIENT_CONNECT_MS;
    insert_by_time(&client->running, l);
    /* A link that broke while it was idle shows when its answer is read. */
    if (!l->is_connecting)
        (void)!link_send(l);
    return NULL;
}

const char HTTP_CLIENT_TOO_LATE[] = "timed out in the queue";

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting.count == HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->failure = NULL;
    call->response = (struct str){ NULL, 0 };
    if (client->waiting.count == 0 && client->running.count < HTTP_CLIENT_MAX_RUNNING)
        call->failure = launch(client, call);
    else
        push(&client->waiting, call);
    if (call->failure)
        push(&client->failed, call);
    client->due_ms = 0;
    return ERR_NONE;
}

static void launch_waiting(struct http_client *client)
{
    while (client->waiting.first && client->running.count < HTTP_CLIENT_MAX_RUNNING) {
        struct http_call *call = pop(&client->waiting);
        const char *failure = HTTP_CLIENT_TOO_LATE;
        if (call->deadline_ms > loop_now_ms(client->loop))
            failure = launch(client, call);
        if (failure)
            fail_call(call, failure);
    }
}

/* ---- receiving ---- */

static void finish(struct link *l, bool may_keep)
{
    struct http_call *call = l->call;

    call->status = l->exchange.status;
    call->failure = NULL;
    if (call->max_response > 0 && buf_done(&l->response, &call->response)) {
        fail(l, "no memory");
        return;
    }
    call = release(l, may_keep);
    call->done(call);
}

static void receive(struct link *l)
{
    const struct exchange *x = &l->exchange;

    switch (exchange_receive(&l->exchange, false)) {
    case EXCHANGE_WAITS:
        break;
    case EXCHANGE_DONE:
        finish(l, !x->closes && x->in_len == 0 && exchange_unsent(x) == 0);
        break;
    case EXCHANGE_TOO_LARGE:
        if (l->call->max_response > 0)
            fail(l, "the response is too large");
        else
            finish(l, false); /* the status has told what there is to know */
        break;
    case EXCHANGE_NO_HTTP:
        fail(l, "the answer is no HTTP");
        break;
    case EXCHANGE_BROKEN:
        fail(l, l->is_connecting ? "cannot connect" : "the connection broke");
        break;
    }
}

/* From now on the call's own deadline holds. */
static void end_connecting(struct link *l)
{
    l->is_connecting = false;
    list_remove(&l->client->running, &l->node);
    l->until_ms = l->call->deadline_ms;
    insert_by_time(&l->client->running, l);
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct link *l = owner;
    const char *failure = NULL;

    (void)fd;
    l->client->due_ms = 0;
    if (!l->call) { /* nothing is due on an idle link but its end */
        close_link(&l->client->idle, l);
        return;
    }
    if (l->is_connecting && !(events & (EPOLLHUP | EPOLLERR)))
        end_connecting(l);
    if (!l->is_connecting && exchange_unsent(&l->exchange) > 0)
        failure = link_send(l);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(l); /* an answer may stand there even though sending failed */
    else if (failure)
        fail(l, failure);
}

/* ---- turning ---- */

static int64_t next_ms(const struct http_client *client)
{
    const struct link *first = first_of(&client->running);

    if (client->failed.first ||
        (client->waiting.first && client->running.count < HTTP_CLIENT_MAX_RUNNING))
        return 0;
    return first ? first->until_ms : LOOP_NEVER;
}

static void client_run(void *owner)
{
    struct http_client *client = owner;
    int64_t now_ms = loop_now_ms(client->loop);

    while (client->failed.first) {
        struct http_call *call = pop(&client->failed);
        fail_call(call, call->failure);
    }
    while (client->running.first && first_of(&client->running)->until_ms <= now_ms)
        fail(first_of(&client->running), "timed out");
    launch_waiting(client);
    client->due_ms = next_ms(client);
}

/* ---- life ---- */

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    if (!options->is_plain && options->ca_file)
        client->tls = stream_calling(options->ca_file);
    if (!options->is_plain && !client->tls) {
        free(client);
        return NULL;
    }
    client->loop = loop;
    client->user_agent = str_from(options->user_agent);
    queue_init(&client->waiting);
    queue_init(&client->failed);
    loop_add_task(loop, &(struct loop_task){ client_run, client, &client->due_ms, false });
    return client;
}

void http_client_abort(struct http_client *client)
{
    while (client->running.first)
        fail(first_of(&client->running), "the handler is shutting down");
    while (client->waiting.first)
        fail_call(pop(&client->waiting), "the handler is shutting down");
    while (client->failed.first)
        fail_call(pop(&client->failed), "the handler is shutting down");
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->idle.first)
        close_link(&client->idle, first_of(&client->idle));
    SSL_CTX_free(client->tls);
    free(client);
}
