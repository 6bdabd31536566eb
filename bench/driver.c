#include "driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http1.h"
#include "net.h"

#define EVENTS_PER_TURN 256

/* More at once would only overflow the server's backlog and wait for a retransmission. */
#define MAX_CONNECTING 256

/* A connection that failed is tried again, but not without a breath. */
#define RETRY_NS (20 * NS_PER_MS)

/* A head and a chunk's size line must fit. */
#define IN_BYTES (8 * 1024)

enum state {
    CONNECTION_NEW, /* or to be tried again at retry_ns */
    CONNECTION_CONNECTING,
    CONNECTION_IDLE,
    CONNECTION_BUSY,
};

struct connection {
    struct connection *next; /* in the queue of those that are new, or idle */
    int fd;
    enum state state;
    int64_t retry_ns;
    int64_t due_ns;  /* when its request was to be sent */
    struct str left; /* of the request, still to be sent */
    bool has_head, closes, is_checked;
    unsigned status;
    struct http1_body body;
    size_t checked_len, in_len;
    char in[IN_BYTES];
    char checked[DRIVER_CHECK_BYTES];
};

struct queue {
    struct connection *first, **end;
};

enum phase { PHASE_CONNECT, PHASE_SEND, PHASE_GRACE };

struct driver {
    struct driver_options options;
    struct driver_results *out;
    int epoll;
    enum phase phase;
    int64_t now_ns, start_ns, measure_ns, end_ns;
    struct connection *connections;
    size_t connecting, busy, standing; /* standing: idle or busy */
    struct queue fresh;                /* to be connected, in the order of retry_ns */
    struct queue idle;                 /* used in turn */
    size_t next_request;
    uint64_t due_count; /* of the open loop, so far */
};

static void push(struct queue *queue, struct connection *c)
{
    c->next = NULL;
    *queue->end = c;
    queue->end = &c->next;
}

static struct connection *pop(struct queue *queue)
{
    struct connection *c = queue->first;

    queue->first = c->next;
    if (!queue->first)
        queue->end = &queue->first;
    return c;
}

/* ---- failing ---- */

static void note_first_error(struct driver *d, const char *what, const char *detail)
{
    if (d->out->first_error[0] == '\0')
        snprintf(d->out->first_error, sizeof(d->out->first_error), "%s%s%s", what,
                 *detail ? ": " : "", detail);
}

static void leave_queue(struct queue *queue, const struct connection *c)
{
    struct connection **at = &queue->first;

    while (*at && *at != c)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = c->next;
    if (!*at)
        queue->end = at;
}

/* Closes c, which will be connected again. */
static void hang_up(struct driver *d, struct connection *c, int64_t retry_ns)
{
    if (c->state == CONNECTION_CONNECTING)
        d->connecting--;
    else
        d->standing--;
    if (c->state == CONNECTION_BUSY)
        d->busy--;
    if (c->state == CONNECTION_IDLE)
        leave_queue(&d->idle, c);
    close(c->fd);
    c->state = CONNECTION_NEW;
    c->left.len = 0;
    c->retry_ns = retry_ns;
    push(&d->fresh, c);
}

static void fail(struct driver *d, struct connection *c, const char *what, const char *detail)
{
    d->out->errors++;
    note_first_error(d, what, detail);
    hang_up(d, c, d->now_ns + RETRY_NS);
}

/* ---- sending ---- */

static void send_left(struct driver *d, struct connection *c)
{
    while (c->left.len > 0) {
        ssize_t sent = send(c->fd, c->left.ptr, c->left.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0 && errno != EINTR) {
            fail(d, c, "cannot send", strerror(errno));
            return;
        }
        if (sent > 0)
            c->left = str_skip(c->left, (size_t)sent);
    }
}

static void send_request(struct driver *d, struct connection *c, int64_t due_ns)
{
    c->state = CONNECTION_BUSY;
    d->busy++;
    c->due_ns = due_ns;
    c->has_head = false;
    c->in_len = 0;
    c->checked_len = 0;
    c->left = d->options.requests[d->next_request];
    d->next_request = (d->next_request + 1) % d->options.request_count;
    send_left(d, c);
}

/* When request number n of the open loop is due. */
static int64_t due_ns(const struct driver *d, uint64_t n)
{
    return d->start_ns + (int64_t)((double)n / d->options.rate * (double)NS_PER_SECOND);
}

/* In a closed loop a connection is due as soon as it is idle. */
static void send_due(struct driver *d)
{
    while (d->phase == PHASE_SEND && d->idle.first) {
        int64_t due = d->options.rate > 0 ? due_ns(d, d->due_count) : d->now_ns;
        if (due > d->now_ns)
            return;
        d->due_count++;
        send_request(d, pop(&d->idle), due);
    }
}

/* ---- receiving ---- */

static void become_idle(struct driver *d, struct connection *c)
{
    c->state = CONNECTION_IDLE;
    push(&d->idle, c);
}

/* In an open loop what counts is when a request was due, in a closed one when it was answered. */
static bool is_measured(const struct driver *d, const struct connection *c)
{
    int64_t moment = d->options.rate > 0 ? c->due_ns : d->now_ns;

    return moment >= d->measure_ns && moment < d->end_ns;
}

static void judge(struct driver *d, struct connection *c)
{
    const char *wrong = NULL;
    char status[16];

    if (c->status < 200 || c->status > 299) {
        d->out->non2xx++;
        snprintf(status, sizeof(status), "%u", c->status);
        note_first_error(d, "answered with status", status);
        return;
    }
    if (!c->is_checked)
        wrong = d->options.check(c->status, (struct str){ c->checked, c->checked_len });
    if (wrong) {
        d->out->errors++;
        note_first_error(d, wrong, "");
        return;
    }
    c->is_checked = !d->options.checks_all;
    if (is_measured(d, c))
        sample_add(&d->out->latencies, d->now_ns - c->due_ns);
}

static void finish_answer(struct driver *d, struct connection *c)
{
    if (c->in_len > 0) {
        fail(d, c, "more bytes than the answer has", "");
        return;
    }
    judge(d, c);
    if (c->closes || c->left.len > 0) { /* answered before it was read: it will not be read */
        hang_up(d, c, d->now_ns);
        return;
    }
    d->busy--;
    become_idle(d, c);
    send_due(d);
}

static void drop_input(struct connection *c, size_t len)
{
    c->in_len -= len;
    memmove(c->in, c->in + len, c->in_len);
}

static enum err read_head(struct connection *c)
{
    struct http1_head head;

    if (http1_read_head((struct str){ c->in, c->in_len }, &head))
        return ERR_SYNTAX;
    if (head.len == 0)
        return c->in_len < sizeof(c->in) ? ERR_NONE : ERR_SYNTAX;
    c->status = http1_status(&head);
    if (c->status < 200)
        return ERR_SYNTAX;
    c->closes = head.closes;
    http1_begin_answer_body(&c->body, &head, false);
    c->has_head = true;
    drop_input(c, head.len);
    return ERR_NONE;
}

static void keep_content(struct connection *c, struct str content)
{
    size_t room = sizeof(c->checked) - c->checked_len;

    if (content.len > room)
        content.len = room;
    memcpy(c->checked + c->checked_len, content.ptr, content.len);
    c->checked_len += content.len;
}

static enum err read_body(struct connection *c)
{
    struct str bytes = { c->in, c->in_len }, content;
    size_t before;

    do {
        before = bytes.len;
        if (http1_read_body(&c->body, &bytes, &content))
            return ERR_SYNTAX;
        if (!c->is_checked)
            keep_content(c, content);
    } while (bytes.len < before);
    drop_input(c, c->in_len - bytes.len);
    return c->in_len < sizeof(c->in) ? ERR_NONE : ERR_SYNTAX;
}

static void use_input(struct driver *d, struct connection *c)
{
    if ((!c->has_head && read_head(c)) || (c->has_head && read_body(c)))
        fail(d, c, "the answer is no HTTP", "");
    else if (c->has_head && c->body.phase == HTTP1_DONE)
        finish_answer(d, c);
}

/* The server may close what is idle; a request that it leaves without an answer is an error. */
static void end_of_input(struct driver *d, struct connection *c, const char *why)
{
    if (c->state == CONNECTION_IDLE) {
        hang_up(d, c, d->now_ns);
    } else if (c->has_head && c->body.phase == HTTP1_UNTIL_CLOSE && *why == '\0') {
        c->closes = true;
        finish_answer(d, c);
    } else {
        fail(d, c, "the connection broke", why);
    }
}

/* is_ending: behind what has come there is an end or an error. */
static void receive(struct driver *d, struct connection *c, bool is_ending)
{
    while (c->state == CONNECTION_BUSY || c->state == CONNECTION_IDLE) {
        size_t room = sizeof(c->in) - c->in_len;
        ssize_t len = recv(c->fd, c->in + c->in_len, room, 0);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0 && errno == EAGAIN)
            return;
        if (len <= 0) {
            end_of_input(d, c, len < 0 ? strerror(errno) : "");
            return;
        }
        if (c->state == CONNECTION_IDLE) {
            fail(d, c, "an answer that was not asked for", "");
            return;
        }
        d->now_ns = net_now_ns();
        c->in_len += (size_t)len;
        use_input(d, c);
        /* Edge-triggered, and less than there was room for: it is empty. */
        if ((size_t)len < room && !is_ending)
            return;
    }
}

/* ---- connecting ---- */

static bool start_connecting(struct driver *d, struct connection *c)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = c };

    c->fd = net_connect(d->options.port);
    if (c->fd < 0)
        return false;
    if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0) {
        c->state = CONNECTION_CONNECTING;
        d->connecting++;
        return true;
    }
    close(c->fd);
    return false;
}

static void connect_due(struct driver *d)
{
    while (d->phase != PHASE_GRACE && d->fresh.first && d->connecting < MAX_CONNECTING &&
           d->fresh.first->retry_ns <= d->now_ns) {
        struct connection *c = pop(&d->fresh);
        if (start_connecting(d, c))
            continue;
        d->out->errors++;
        note_first_error(d, "cannot connect", strerror(errno));
        c->retry_ns = d->now_ns + RETRY_NS;
        push(&d->fresh, c);
    }
}

static void end_connecting(struct driver *d, struct connection *c)
{
    int error = net_socket_error(c->fd);

    if (error) {
        fail(d, c, "cannot connect", strerror(error));
        return;
    }
    d->connecting--;
    d->standing++;
    if (d->phase != PHASE_CONNECT)
        d->out->reconnects++;
    become_idle(d, c);
}

/* ---- turning ---- */

static void on_ready(struct driver *d, struct connection *c, uint32_t events)
{
    if (c->state == CONNECTION_NEW)
        return; /* it was given up since these events were fetched */
    if (c->state == CONNECTION_CONNECTING)
        end_connecting(d, c);
    else if (c->left.len > 0)
        send_left(d, c);
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        receive(d, c, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void turn(struct driver *d, int64_t until_ns)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count;

    if (d->fresh.first && d->phase != PHASE_GRACE && d->connecting < MAX_CONNECTING)
        until_ns = earlier(until_ns, d->fresh.first->retry_ns);
    if (d->phase == PHASE_SEND && d->options.rate > 0 && d->idle.first)
        until_ns = earlier(until_ns, due_ns(d, d->due_count));
    count = net_wait(d->epoll, events, EVENTS_PER_TURN, until_ns);
    d->now_ns = net_now_ns();
    for (int i = 0; i < count; i++)
        on_ready(d, events[i].data.ptr, events[i].events);
    d->now_ns = net_now_ns();
    connect_due(d);
    send_due(d);
}

/* ---- the run ---- */

/* All connections, or as many as can be had in time; at least one. */
static bool connect_all(struct driver *d)
{
    int64_t until_ns = d->now_ns + DRIVER_CONNECT_SECONDS * NS_PER_SECOND;

    while (d->standing < d->options.connections && d->now_ns < until_ns &&
           d->out->errors <= d->options.connections)
        turn(d, until_ns);
    return d->standing > 0;
}

static void count_unsent(struct driver *d)
{
    while (d->options.rate > 0 && due_ns(d, d->due_count) < d->end_ns) {
        d->out->unsent++;
        d->due_count++;
    }
}

static void run_phases(struct driver *d)
{
    int64_t until_ns;

    d->phase = PHASE_SEND;
    d->start_ns = d->now_ns = net_now_ns();
    d->measure_ns = d->start_ns + d->options.warmup_ns;
    d->end_ns = d->measure_ns + d->options.measured_ns;
    send_due(d);
    while (d->now_ns < d->end_ns)
        turn(d, d->end_ns);
    count_unsent(d);

    d->phase = PHASE_GRACE;
    until_ns = d->end_ns + d->options.grace_ns;
    while (d->busy > 0 && d->now_ns < until_ns)
        turn(d, until_ns);
    d->out->errors += d->busy;
    if (d->busy > 0)
        note_first_error(d, "no answer at the end", "");
}

bool driver_run(const struct driver_options *options, struct driver_results *out)
{
    struct driver d = { .options = *options, .out = out };
    bool ok = false;

    net_raise_descriptor_limit();
    d.fresh.end = &d.fresh.first;
    d.idle.end = &d.idle.first;
    d.now_ns = net_now_ns();
    d.epoll = epoll_create1(EPOLL_CLOEXEC);
    d.connections = calloc(options->connections, sizeof(*d.connections));
    if (d.epoll >= 0 && d.connections) {
        for (size_t i = 0; i < options->connections; i++)
            push(&d.fresh, &d.connections[i]);
        connect_due(&d);
        ok = connect_all(&d);
    }
    if (ok)
        run_phases(&d);
    free(d.connections); /* the process ends, and its sockets with it */
    if (d.epoll >= 0)
        close(d.epoll);
    return ok;
}
