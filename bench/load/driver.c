#include "driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange.h"
#include "list.h"
#include "net.h"

#define EVENTS_PER_TURN 256

/* More at once would only overflow the server's backlog and wait for a retransmission. */
#define MAX_CONNECTING 256

/* A connection that failed is tried again, but not without a breath. */
#define RETRY_NS (20 * NS_PER_MS)

static const struct str nothing = { NULL, 0 };

enum state {
    CONNECTION_NEW, /* or to be tried again at retry_ns */
    CONNECTION_CONNECTING,
    CONNECTION_IDLE,
    CONNECTION_BUSY,
};

struct connection {
    struct node node; /* in the list of those that are new, or idle */
    enum state state;
    int64_t retry_ns;
    int64_t due_ns; /* when its request was to be sent */
    bool is_checked;
    size_t checked_len;
    char checked[DRIVER_CHECK_BYTES];
    struct exchange exchange;
};

enum phase { PHASE_CONNECT, PHASE_SEND, PHASE_GRACE };

struct driver {
    struct driver_options options;
    struct results *out;
    int epoll;
    enum phase phase;
    int64_t now_ns, start_ns, measure_ns, end_ns;
    struct connection *connections;
    size_t connecting, busy, standing; /* standing: idle or busy */
    struct list fresh;                 /* to be connected, in the order of retry_ns */
    struct list idle;                  /* used in turn */
    size_t next_request;
    uint64_t due_count; /* of the open loop, so far */
};

static struct connection *first_of(const struct list *list)
{
    return (struct connection *)list->first;
}

static struct connection *take_first(struct list *list)
{
    struct connection *c = first_of(list);

    list_remove(list, &c->node);
    return c;
}

/* ---- failing ---- */

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
        list_remove(&d->idle, &c->node);
    close(c->exchange.stream.fd);
    exchange_begin(&c->exchange, nothing, nothing);
    c->state = CONNECTION_NEW;
    c->retry_ns = retry_ns;
    list_append(&d->fresh, &c->node);
}

static void fail(struct driver *d, struct connection *c, const char *what, const char *detail)
{
    results_add_errors(d->out, 1, what, detail);
    hang_up(d, c, d->now_ns + RETRY_NS);
}

/* ---- sending ---- */

static void send_left(struct driver *d, struct connection *c)
{
    if (!exchange_send(&c->exchange))
        fail(d, c, "cannot send", strerror(errno));
}

static void send_request(struct driver *d, struct connection *c, int64_t due_ns)
{
    c->state = CONNECTION_BUSY;
    d->busy++;
    c->due_ns = due_ns;
    c->checked_len = 0;
    exchange_begin(&c->exchange, d->options.requests[d->next_request], (struct str){ NULL, 0 });
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
        send_request(d, take_first(&d->idle), due);
    }
}

/* ---- receiving ---- */

static void become_idle(struct driver *d, struct connection *c)
{
    c->state = CONNECTION_IDLE;
    list_append(&d->idle, &c->node);
}

/* In an open loop what counts is when a request was due, in a closed one when it was answered. */
static bool is_measured(const struct driver *d, const struct connection *c)
{
    int64_t moment = d->options.rate > 0 ? c->due_ns : d->now_ns;

    return moment >= d->measure_ns && moment < d->end_ns;
}

static void judge(struct driver *d, struct connection *c)
{
    unsigned status = c->exchange.status;
    const char *wrong = NULL;

    if (status < 200 || status > 299) {
        results_add_status(d->out, status);
        return;
    }
    if (!c->is_checked)
        wrong = d->options.check(status, (struct str){ c->checked, c->checked_len });
    if (wrong) {
        results_add_errors(d->out, 1, wrong, "");
        return;
    }
    c->is_checked = !d->options.checks_all;
    if (is_measured(d, c))
        sample_add(&d->out->latencies, d->now_ns - c->due_ns);
}

static void finish_answer(struct driver *d, struct connection *c)
{
    const struct exchange *x = &c->exchange;

    if (x->in_len > 0) {
        fail(d, c, "more bytes than the answer has", "");
        return;
    }
    judge(d, c);
    /* A request that is answered before it was read will not be read. */
    if (x->closes || exchange_unsent(x) > 0) {
        hang_up(d, c, d->now_ns);
        return;
    }
    d->busy--;
    become_idle(d, c);
    send_due(d);
}

static void keep_content(void *owner, struct str content)
{
    struct connection *c = owner;
    size_t room = sizeof(c->checked) - c->checked_len;

    if (c->is_checked)
        return;
    if (content.len > room)
        content.len = room;
    memcpy(c->checked + c->checked_len, content.ptr, content.len);
    c->checked_len += content.len;
}

/* Nothing is due on it; but the server may close what is idle. */
static void receive_idle(struct driver *d, struct connection *c)
{
    char byte;
    ssize_t len = recv(c->exchange.stream.fd, &byte, sizeof(byte), 0);

    if (len > 0)
        fail(d, c, "an answer that was not asked for", "");
    else if (len == 0 || (errno != EAGAIN && errno != EINTR))
        hang_up(d, c, d->now_ns);
}

static void receive_answer(struct driver *d, struct connection *c, bool is_ending)
{
    enum exchange_state state = exchange_receive(&c->exchange, is_ending);
    int why = errno;

    d->now_ns = net_now_ns();
    if (state == EXCHANGE_DONE)
        finish_answer(d, c);
    else if (state == EXCHANGE_BROKEN)
        fail(d, c, "the connection broke", why ? strerror(why) : "");
    else if (state != EXCHANGE_WAITS)
        fail(d, c, "the answer is no HTTP", "");
}

/* is_ending: behind what has come there is an end or an error, of which nobody tells again. */
static void receive(struct driver *d, struct connection *c, bool is_ending)
{
    bool was_busy = c->state == CONNECTION_BUSY;

    if (was_busy)
        receive_answer(d, c, is_ending);
    if (is_ending && c->state == CONNECTION_BUSY) /* with its next request, which breaks */
        receive_answer(d, c, true);
    if (c->state == CONNECTION_IDLE && (is_ending || !was_busy))
        receive_idle(d, c);
}

/* ---- connecting ---- */

static bool start_connecting(struct driver *d, struct connection *c)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = c };

    c->exchange.stream.fd = net_connect(d->options.port);
    if (c->exchange.stream.fd < 0)
        return false;
    if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, c->exchange.stream.fd, &event) == 0) {
        c->state = CONNECTION_CONNECTING;
        d->connecting++;
        return true;
    }
    close(c->exchange.stream.fd);
    return false;
}

static void connect_due(struct driver *d)
{
    while (d->phase != PHASE_GRACE && d->fresh.first && d->connecting < MAX_CONNECTING &&
           first_of(&d->fresh)->retry_ns <= d->now_ns) {
        struct connection *c = take_first(&d->fresh);
        if (start_connecting(d, c))
            continue;
        results_add_errors(d->out, 1, "cannot connect", strerror(errno));
        c->retry_ns = d->now_ns + RETRY_NS;
        list_append(&d->fresh, &c->node);
    }
}

static void end_connecting(struct driver *d, struct connection *c)
{
    int error = net_socket_error(c->exchange.stream.fd);

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
    else if (exchange_unsent(&c->exchange) > 0)
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
        until_ns = earlier(until_ns, first_of(&d->fresh)->retry_ns);
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
    results_add_errors(d->out, d->busy, "no answer at the end", "");
}

static void add_connection(struct driver *d, struct connection *c)
{
    c->exchange.max_body_bytes = UINT64_MAX;
    c->exchange.on_content = keep_content;
    c->exchange.owner = c;
    list_append(&d->fresh, &c->node);
}

bool driver_run(const struct driver_options *options, struct results *out)
{
    struct driver d = { .options = *options, .out = out };
    bool ok = false;

    net_raise_descriptor_limit();
    d.now_ns = net_now_ns();
    d.epoll = epoll_create1(EPOLL_CLOEXEC);
    d.connections = calloc(options->connections, sizeof(*d.connections));
    if (d.epoll >= 0 && d.connections) {
        for (size_t i = 0; i < options->connections; i++)
            add_connection(&d, &d.connections[i]);
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
