#include "io/http_client.h"

#include <stdlib.h>

#include "io/http_transfers.h"

/* First come, first served. */
struct queue {
    struct http_call *first, **end;
    size_t count;
    int64_t overdue_ms; /* none in it is overdue before */
};

struct http_client {
    struct loop *loop;
    struct resolver *resolver;
    struct http_transfers *transfers;
    struct queue waiting; /* for their turn */
    struct queue unnamed; /* for the addresses of their host */
    uint64_t endings;     /* of look-ups, when those were last asked for */
    size_t max_running;
};

/* ---- those that wait ---- */

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

/* Of transfers that could not send anything. */
static void add_waiting(void *owner, struct http_call *call)
{
    struct http_client *client = owner;

    queue_add(&client->waiting, call);
}

static void fail_late(struct http_call *call)
{
    call->is_too_late = true;
    http_call_fail(call, "timed out in the queue");
}

static void fail_unnamed(struct http_call *call)
{
    http_call_fail(call, "timed out while the host name was looked up");
}

/* Wherever they stand in the queue, and whether or not there is room to start another. */
static void end_overdue(struct queue *queue, int64_t now_ms,
                        void (*fail)(struct http_call *call))
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
        fail(queue_take(&overdue));
}

size_t http_client_max_running(const struct http_client_options *options)
{
    return options->max_running > 0 && options->max_running < HTTP_CLIENT_MAX_RUNNING
               ? options->max_running
               : HTTP_CLIENT_MAX_RUNNING;
}

static bool may_start(const struct http_client *client)
{
    return client->waiting.first &&
           http_transfers_count(client->transfers) < client->max_running;
}

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting.count + client->unnamed.count >= HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->is_too_late = false;
    call->answer = (struct str){ NULL, 0 };
    for (size_t i = 0; i < call->keep_count; i++)
        call->keep[i].value = (struct str){ NULL, 0 };
    queue_add(&client->waiting, call);
    return ERR_NONE;
}

/* ---- turning ---- */

/* A look-up has ended: whose name it was finds out by trying again, before all others. */
static bool may_be_named(const struct http_client *client)
{
    return client->unnamed.first && resolver_endings(client->resolver) != client->endings;
}

static void call_unnamed(struct http_client *client)
{
    if (!may_be_named(client))
        return;
    client->endings = resolver_endings(client->resolver);
    queue_prepend(&client->waiting, &client->unnamed);
}

static void start_next(struct http_client *client)
{
    struct http_call *call = queue_take(&client->waiting);
    const char *failure;

    if (call->deadline_ms <= loop_now_ms(client->loop)) {
        fail_late(call);
        return;
    }
    switch (http_transfers_start(client->transfers, call, &failure)) {
    case HTTP_STARTED:
        break;
    case HTTP_NEEDS_NAME:
        queue_add(&client->unnamed, call);
        break;
    case HTTP_NOT_STARTED:
        http_call_fail(call, failure);
    }
}

static void client_run(void *owner)
{
    struct http_client *client = owner;
    int64_t now_ms = loop_now_ms(client->loop);

    end_overdue(&client->waiting, now_ms, fail_late);
    end_overdue(&client->unnamed, now_ms, fail_unnamed);
    resolver_run(client->resolver);
    call_unnamed(client);
    while (may_start(client))
        start_next(client);
    http_transfers_run(client->transfers);
}

static int client_wait_ms(void *owner)
{
    const struct http_client *client = owner;
    int64_t next_ms;

    if (may_start(client) || may_be_named(client))
        return 0;
    next_ms = loop_earlier(client->waiting.overdue_ms, client->unnamed.overdue_ms);
    next_ms = loop_earlier(next_ms, resolver_next_ms(client->resolver));
    next_ms = loop_earlier(next_ms, http_transfers_next_ms(client->transfers));
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
    client->max_running = http_client_max_running(options);
    queue_empty(&client->waiting);
    queue_empty(&client->unnamed);
    client->resolver = resolver_new(loop);
    if (client->resolver)
        client->transfers =
            http_transfers_new(loop, client->resolver, options, add_waiting, client);
    if (!client->transfers) {
        resolver_free(client->resolver);
        free(client);
        return NULL;
    }
    loop_add_task(loop, &(struct loop_task){ client_run, client_wait_ms, client });
    return client;
}

void http_client_abort(struct http_client *client)
{
    static const char failure[] = "the handler is shutting down";

    http_transfers_abort(client->transfers, failure);
    queue_prepend(&client->waiting, &client->unnamed);
    while (client->waiting.first)
        http_call_fail(queue_take(&client->waiting), failure);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    http_transfers_free(client->transfers);
    resolver_free(client->resolver);
    free(client);
}
