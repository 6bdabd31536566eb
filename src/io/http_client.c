#include "io/http_client.h"

#include <stdlib.h>

#include "io/http_transfers.h"

struct http_client {
    struct loop *loop;
    struct http_transfers *transfers;
    struct http_call *waiting, **waiting_end;
    size_t waiting_count;
    size_t max_running;
    int64_t overdue_ms; /* none that waits is overdue before */
};

/* ---- those that wait ---- */

static void add_waiting(void *owner, struct http_call *call)
{
    struct http_client *client = owner;

    call->next = NULL;
    *client->waiting_end = call;
    client->waiting_end = &call->next;
    client->waiting_count++;
    client->overdue_ms = loop_earlier(client->overdue_ms, call->deadline_ms);
}

static struct http_call *take_waiting(struct http_client *client)
{
    struct http_call *call = client->waiting;

    client->waiting = call->next;
    if (!client->waiting)
        client->waiting_end = &client->waiting;
    client->waiting_count--;
    return call;
}

static void forget_waiting(struct http_client *client)
{
    client->waiting = NULL;
    client->waiting_end = &client->waiting;
    client->waiting_count = 0;
    client->overdue_ms = LOOP_NEVER;
}

static void fail_late(struct http_call *call)
{
    call->is_too_late = true;
    http_call_fail(call, "timed out in the queue");
}

/* Wherever they stand in the queue, and whether or not there is room to start another. */
static void end_overdue(struct http_client *client)
{
    int64_t now_ms = loop_now_ms(client->loop);
    struct http_call *list = client->waiting, *overdue = NULL, **overdue_end = &overdue;
    struct http_call *next;

    if (now_ms < client->overdue_ms)
        return;
    forget_waiting(client);
    for (; list; list = next) {
        next = list->next;
        if (now_ms < list->deadline_ms) {
            add_waiting(client, list);
            continue;
        }
        list->next = NULL;
        *overdue_end = list;
        overdue_end = &list->next;
    }
    for (; overdue; overdue = next) {
        next = overdue->next;
        fail_late(overdue);
    }
}

size_t http_client_max_running(const struct http_client_options *options)
{
    return options->max_running > 0 && options->max_running < HTTP_CLIENT_MAX_RUNNING
               ? options->max_running
               : HTTP_CLIENT_MAX_RUNNING;
}

static bool may_start(const struct http_client *client)
{
    return client->waiting && http_transfers_count(client->transfers) < client->max_running;
}

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting_count >= HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->is_too_late = false;
    call->answer = (struct str){ NULL, 0 };
    for (size_t i = 0; i < call->keep_count; i++)
        call->keep[i].value = (struct str){ NULL, 0 };
    add_waiting(client, call);
    return ERR_NONE;
}

/* ---- turning ---- */

static void client_run(void *owner)
{
    struct http_client *client = owner;

    end_overdue(client);
    while (may_start(client)) {
        struct http_call *call = take_waiting(client);
        if (call->deadline_ms <= loop_now_ms(client->loop))
            fail_late(call);
        else if (!http_transfers_start(client->transfers, call))
            http_call_fail(call, "no memory");
    }
    http_transfers_run(client->transfers);
}

static int client_wait_ms(void *owner)
{
    const struct http_client *client = owner;

    if (may_start(client))
        return 0;
    return loop_until_ms(client->loop, loop_earlier(client->overdue_ms,
                                                    http_transfers_next_ms(client->transfers)));
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
    forget_waiting(client);
    client->transfers = http_transfers_new(loop, options, add_waiting, client);
    if (!client->transfers) {
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
    while (client->waiting)
        http_call_fail(take_waiting(client), failure);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    http_transfers_free(client->transfers);
    free(client);
}
