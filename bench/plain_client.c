/*
 * src/io/http_client.h without libcurl: the smallest client that can stand in for it, as the
 * limit that libcurl is measured against.  Not a product: http to this machine only, no TLS, no
 * names but localhost, no proxies, and a request that breaks is not tried again.
 *
 * A connection is a link.  It is idle, newest first, or carries one call; those that do are
 * ordered by the moment at which they are given up.
 */
#include "io/http_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http1.h"
#include "plain_target.h"

/* The head of an answer must fit. */
#define IN_BYTES (16 * 1024)

struct link {
    struct link *next, *previous;
    struct http_client *client;
    int fd;
    struct sockaddr_in address;
    struct http_call *call; /* NULL: idle */
    int64_t until_ms;       /* given up, or closed, at that moment */
    bool is_connecting, has_head, closes, waits_to_send;
    unsigned status;
    struct str head_left, body_left; /* of the request, still to be sent */
    struct http1_body body;
    struct buf answer;
    size_t answer_bytes;
    size_t in_len;
    char in[IN_BYTES];
};

struct links {
    struct link *first, *last;
    size_t count;
};

struct queue {
    struct http_call *first, **end;
    size_t count;
};

struct http_client {
    struct loop *loop;
    struct str user_agent;
    struct links running, idle;
    struct queue waiting;
    struct queue failed; /* could not be started; their done is called on the next turn */
};

bool http_client_global_init(void)
{
    return true;
}

void http_client_global_free(void)
{
}

/* ---- lists ---- */

static void insert_behind(struct links *list, struct link *l, struct link *place)
{
    l->previous = place;
    l->next = place ? place->next : list->first;
    if (l->next)
        l->next->previous = l;
    else
        list->last = l;
    if (place)
        place->next = l;
    else
        list->first = l;
    list->count++;
}

static void leave(struct links *list, struct link *l)
{
    if (l->previous)
        l->previous->next = l->next;
    else
        list->first = l->next;
    if (l->next)
        l->next->previous = l->previous;
    else
        list->last = l->previous;
    list->count--;
}

/* Deadlines mostly come in order, so the place is near the end. */
static void insert_by_time(struct links *list, struct link *l)
{
    struct link *place = list->last;

    while (place && place->until_ms > l->until_ms)
        place = place->previous;
    insert_behind(list, l, place);
}

static void push(struct queue *queue, struct http_call *call)
{
    call->next = NULL;
    *queue->end = call;
    queue->end = &call->next;
    queue->count++;
}

static struct http_call *pop(struct queue *queue)
{
    struct http_call *call = queue->first;

    queue->first = call->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->count--;
    return call;
}

/* ---- links ---- */

static void close_link(struct links *list, struct link *l)
{
    leave(list, l);
    loop_unwatch(l->client->loop, l->fd);
    close(l->fd);
    free(l);
}

static struct http_call *release(struct link *l, bool may_keep)
{
    struct http_client *client = l->client;
    struct http_call *call = l->call;

    if (!may_keep) {
        close_link(&client->running, l);
        return call;
    }
    leave(&client->running, l);
    l->call = NULL;
    l->until_ms = loop_now_ms(client->loop) + HTTP_CLIENT_KEEP_SECONDS * 1000;
    insert_behind(&client->idle, l, NULL);
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

/* ---- sending ---- */

static void on_ready(void *owner, int fd, uint32_t events);

static bool watch(struct link *l, bool waits_to_send)
{
    l->waits_to_send = waits_to_send;
    return !loop_watch(l->client->loop, l->fd, EPOLLIN | (waits_to_send ? EPOLLOUT : 0U),
                       on_ready, l);
}

/* What the socket takes at once; the rest when it takes more.  What is wrong, or NULL. */
static const char *send_left(struct link *l)
{
    while (l->head_left.len + l->body_left.len > 0) {
        const union {
            const char *from;
            void *to; /* sendmsg only reads, but its type is older than const */
        } head = { .from = l->head_left.ptr }, body = { .from = l->body_left.ptr };
        struct iovec pieces[] = { { head.to, l->head_left.len },
                                  { body.to, l->body_left.len } };
        const struct msghdr message = { .msg_iov = pieces,
                                        .msg_iovlen = l->body_left.len > 0 ? 2 : 1 };
        ssize_t sent = sendmsg(l->fd, &message, MSG_NOSIGNAL);
        size_t of_head;
        if (sent < 0 && errno == EAGAIN)
            return l->waits_to_send || watch(l, true) ? NULL : "no memory";
        if (sent < 0 && errno != EINTR)
            return "the connection broke";
        if (sent <= 0)
            continue;
        of_head = (size_t)sent < l->head_left.len ? (size_t)sent : l->head_left.len;
        l->head_left = str_skip(l->head_left, of_head);
        l->body_left = str_skip(l->body_left, (size_t)sent - of_head);
    }
    return !l->waits_to_send || watch(l, false) ? NULL : "no memory";
}

/* ---- launching ---- */

static struct link *connect_to(struct http_client *client, const struct sockaddr_in *address)
{
    struct link *l = malloc(sizeof(*l));

    if (!l)
        return NULL;
    memset(l, 0, offsetof(struct link, in)); /* its pages come when used */
    l->client = client;
    l->address = *address;
    l->is_connecting = true;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        goto no_socket;
    if (setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) != 0 ||
        (connect(l->fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
         errno != EINPROGRESS) ||
        !watch(l, true))
        goto no_connection;
    return l;

no_connection:
    close(l->fd);
no_socket:
    free(l);
    return NULL;
}

/* Out of the list of idle ones; NULL: there is none for this address. */
static struct link *take_idle(struct http_client *client, const struct sockaddr_in *address)
{
    struct link *l = client->idle.first;

    while (l && (l->address.sin_port != address->sin_port ||
                 l->address.sin_addr.s_addr != address->sin_addr.s_addr))
        l = l->next;
    if (l)
        leave(&client->idle, l);
    return l;
}

/* The oldest are at the end.  Also makes room, so that no more are open than may be. */
static void close_old(struct http_client *client)
{
    while (client->idle.last &&
           (client->idle.last->until_ms <= loop_now_ms(client->loop) ||
            client->idle.count + client->running.count >= HTTP_CLIENT_MAX_RUNNING))
        close_link(&client->idle, client->idle.last);
}

/* What is wrong, or NULL: then the call runs. */
static const char *launch(struct http_client *client, struct http_call *call)
{
    struct target target;
    struct str head;
    struct link *l;

    if (!target_parse(str_from(call->url), &target))
        return "the limit calls http on this machine only";
    if (target_write_head(&target, call, client->user_agent, &head))
        return "no memory";
    l = take_idle(client, &target.address);
    if (!l) {
        close_old(client);
        l = connect_to(client, &target.address);
    }
    if (!l)
        return "cannot connect";
    l->call = call;
    l->head_left = head;
    l->body_left = target_takes_body(call) ? call->body : (struct str){ NULL, 0 };
    l->has_head = false;
    l->answer = (struct buf){ .mem = call->mem };
    l->answer_bytes = 0;
    l->until_ms = call->deadline_ms;
    if (l->is_connecting && l->until_ms > loop_now_ms(client->loop) + HTTP_CLIENT_CONNECT_MS)
        l->until_ms = loop_now_ms(client->loop) + HTTP_CLIENT_CONNECT_MS;
    insert_by_time(&client->running, l);
    /* A link that broke while it was idle shows when its answer is read. */
    if (!l->is_connecting)
        (void)send_left(l);
    return NULL;
}

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting.count == HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->failure = NULL;
    call->answer = (struct str){ NULL, 0 };
    if (client->waiting.count == 0 && client->running.count < HTTP_CLIENT_MAX_RUNNING)
        call->failure = launch(client, call);
    else
        push(&client->waiting, call);
    if (call->failure)
        push(&client->failed, call);
    return ERR_NONE;
}

static void launch_waiting(struct http_client *client)
{
    while (client->waiting.first && client->running.count < HTTP_CLIENT_MAX_RUNNING) {
        struct http_call *call = pop(&client->waiting);
        const char *failure = "timed out in the queue";
        if (call->deadline_ms > loop_now_ms(client->loop))
            failure = launch(client, call);
        if (failure)
            fail_call(call, failure);
    }
}

/* ---- answers ---- */

static void finish(struct link *l, bool may_keep)
{
    struct http_call *call = l->call;

    call->status = l->status;
    call->failure = NULL;
    if (call->keep_answer && buf_done(&l->answer, &call->answer)) {
        fail(l, "no memory");
        return;
    }
    call = release(l, may_keep);
    call->done(call);
}

static void keep_headers(const struct http1_head *head, struct http_call *call)
{
    for (size_t i = 0; i < call->keep_count; i++) {
        struct str value = http1_field(head, call->keep[i].name);
        call->keep[i].value = (struct str){ NULL, 0 };
        if (value.ptr)
            (void)!arena_copy(call->mem, value, &call->keep[i].value);
    }
}

static void drop_input(struct link *l, size_t len)
{
    l->in_len -= len;
    memmove(l->in, l->in + len, l->in_len);
}

/* Heads that only announce another one (1xx) are passed over. */
static enum err read_head(struct link *l)
{
    while (!l->has_head) {
        struct http1_head head;
        if (http1_read_head((struct str){ l->in, l->in_len }, &head))
            return ERR_SYNTAX;
        if (head.len == 0)
            return l->in_len < sizeof(l->in) ? ERR_NONE : ERR_SYNTAX;
        l->status = http1_status(&head);
        if (l->status == 0)
            return ERR_SYNTAX;
        if (l->status >= 200) {
            l->has_head = true;
            l->closes = head.closes;
            http1_begin_answer_body(&l->body, &head, strcmp(l->call->method, "HEAD") == 0);
            keep_headers(&head, l->call);
        }
        drop_input(l, head.len);
    }
    return ERR_NONE;
}

static enum err read_body(struct link *l)
{
    struct str bytes = { l->in, l->in_len }, content;
    size_t before;

    do {
        before = bytes.len;
        if (http1_read_body(&l->body, &bytes, &content))
            return ERR_SYNTAX;
        l->answer_bytes += content.len;
        if (l->call->keep_answer && l->answer_bytes <= HTTP_CLIENT_MAX_ANSWER_BYTES)
            buf_add(&l->answer, content);
    } while (bytes.len < before);
    drop_input(l, l->in_len - bytes.len);
    return l->in_len < sizeof(l->in) ? ERR_NONE : ERR_SYNTAX;
}

/* Returns whether l still carries its call and wants more. */
static bool use_input(struct link *l)
{
    if ((!l->has_head && read_head(l)) || (l->has_head && read_body(l))) {
        fail(l, "the answer is no HTTP");
        return false;
    }
    if (l->has_head && l->answer_bytes > HTTP_CLIENT_MAX_ANSWER_BYTES) {
        if (l->call->keep_answer)
            fail(l, "the answer is too large");
        else
            finish(l, false); /* the status has told what there is to know */
        return false;
    }
    if (!l->has_head || l->body.phase != HTTP1_DONE)
        return true;
    finish(l, !l->closes && l->in_len == 0 && l->head_left.len + l->body_left.len == 0);
    return false;
}

static void receive(struct link *l)
{
    for (;;) {
        size_t room = sizeof(l->in) - l->in_len;
        ssize_t len = recv(l->fd, l->in + l->in_len, room, 0);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0 && errno == EAGAIN)
            return;
        if (len <= 0) {
            if (len == 0 && l->has_head && l->body.phase == HTTP1_UNTIL_CLOSE)
                finish(l, false);
            else
                fail(l, l->is_connecting ? "cannot connect" : "the connection broke");
            return;
        }
        l->in_len += (size_t)len;
        if (!use_input(l) || (size_t)len < room)
            return;
    }
}

/* From now on the call's own deadline holds. */
static void end_connecting(struct link *l)
{
    l->is_connecting = false;
    leave(&l->client->running, l);
    l->until_ms = l->call->deadline_ms;
    insert_by_time(&l->client->running, l);
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct link *l = owner;
    const char *failure = NULL;

    (void)fd;
    if (!l->call) { /* nothing is due on an idle link but its end */
        close_link(&l->client->idle, l);
        return;
    }
    if (l->is_connecting && !(events & (EPOLLHUP | EPOLLERR)))
        end_connecting(l);
    if (events & EPOLLOUT && !l->is_connecting)
        failure = send_left(l);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(l); /* an answer may stand there even though sending failed */
    else if (failure)
        fail(l, failure);
}

/* ---- turning ---- */

static void client_run(void *owner)
{
    struct http_client *client = owner;
    int64_t now_ms = loop_now_ms(client->loop);

    while (client->failed.first) {
        struct http_call *call = pop(&client->failed);
        fail_call(call, call->failure);
    }
    while (client->running.first && client->running.first->until_ms <= now_ms)
        fail(client->running.first, "timed out");
    launch_waiting(client);
}

static int client_wait_ms(void *owner)
{
    const struct http_client *client = owner;
    const struct link *first = client->running.first;

    if (client->failed.first ||
        (client->waiting.first && client->running.count < HTTP_CLIENT_MAX_RUNNING))
        return 0;
    return loop_until_ms(client->loop, first ? first->until_ms : LOOP_NEVER);
}

/* ---- life ---- */

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->loop = loop;
    client->user_agent = str_from(options->user_agent);
    client->waiting.end = &client->waiting.first;
    client->failed.end = &client->failed.first;
    loop_add_task(loop, &(struct loop_task){ client_run, client_wait_ms, client });
    return client;
}

void http_client_abort(struct http_client *client)
{
    while (client->running.first)
        fail(client->running.first, "the handler is shutting down");
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
        close_link(&client->idle, client->idle.first);
    free(client);
}
