#include "server.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http1.h"
#include "io/listener.h"
#include "net.h"
#include "stream.h"

#define EVENTS_PER_TURN 256

struct connection {
    struct connection *next; /* of those whose answer is delayed */
    struct stream stream;
    int64_t due_ns;
    bool is_delayed, is_closed;
    bool is_readable; /* edge-triggered: the kernel will not say it again */
    bool has_head, closes;
    uint64_t body_bytes;
    struct http1_body body;
    struct str method, path; /* in these: what stands in in is overwritten by the body */
    char method_text[8], path_text[512];
    struct str left; /* of the answer, still to be sent */
    char *copy;      /* holds left, if it had to be saved */
    size_t in_len;
    char in[SERVER_IN_BYTES];
};

struct loop_state {
    struct server *server;
    int epoll, listener;
    struct connection *delayed, **delayed_end; /* all by the same time, so in order */
};

/* ---- connections ---- */

static void destroy(struct connection *c)
{
    free(c->copy);
    free(c);
}

/* One whose answer is delayed is still in the queue, and is destroyed there. */
static void hang_up(struct connection *c)
{
    stream_close(&c->stream);
    c->is_closed = true;
    if (!c->is_delayed)
        destroy(c);
}

static bool begin(struct connection *c, int fd, SSL_CTX *tls)
{
    memset(c, 0, offsetof(struct connection, in)); /* its pages come when used */
    c->stream.fd = fd;
    return !tls || stream_secure(&c->stream, tls, NULL);
}

static void accept_all(struct loop_state *loop)
{
    int fd;

    while ((fd = listener_accept(loop->listener)) >= 0) {
        struct connection *c = malloc(sizeof(*c));
        struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                     .data.ptr = c };
        if (!c || !begin(c, fd, loop->server->tls) ||
            epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
            close(fd);
            free(c);
            continue;
        }
        net_send_at_once(fd);
        loop->server->accepted++;
    }
}

/* ---- requests ---- */

static struct str save(struct str text, char *space, size_t size)
{
    if (text.len > size)
        text.len = size;
    memcpy(space, text.ptr, text.len);
    return (struct str){ space, text.len };
}

static void drop_input(struct connection *c, size_t len)
{
    c->in_len -= len;
    memmove(c->in, c->in + len, c->in_len);
}

static enum err read_head(struct connection *c)
{
    struct http1_head head;
    struct str rest;

    if (http1_read_head((struct str){ c->in, c->in_len }, &head))
        return ERR_SYNTAX;
    if (head.len == 0)
        return c->in_len < sizeof(c->in) ? ERR_NONE : ERR_SYNTAX;
    c->method = save(str_cut(head.start, " ", &rest), c->method_text, sizeof(c->method_text));
    c->path = save(str_cut(rest, " ", &rest), c->path_text, sizeof(c->path_text));
    http1_begin_request_body(&c->body, &head);
    c->has_head = true;
    c->closes = head.closes;
    c->body_bytes = 0;
    drop_input(c, head.len);
    return ERR_NONE;
}

static enum err read_body(struct connection *c)
{
    struct str bytes = { c->in, c->in_len }, content;
    size_t before;

    do {
        before = bytes.len;
        if (http1_read_body(&c->body, &bytes, &content))
            return ERR_SYNTAX;
        c->body_bytes += content.len;
    } while (bytes.len < before);
    drop_input(c, c->in_len - bytes.len);
    return c->in_len < sizeof(c->in) ? ERR_NONE : ERR_SYNTAX;
}

/* ---- answers ---- */

/* What could not be sent at once may be overwritten by the next answer: it is saved. */
static enum err save_left(struct connection *c)
{
    char *copy = malloc(c->left.len);

    if (!copy)
        return ERR_NO_MEMORY;
    memcpy(copy, c->left.ptr, c->left.len);
    c->left.ptr = copy;
    c->copy = copy;
    return ERR_NONE;
}

static enum err send_left(struct connection *c)
{
    while (c->left.len > 0) {
        ssize_t sent = stream_send(&c->stream, c->left, NO_STR);
        if (sent < 0 && errno == EAGAIN)
            return c->copy ? ERR_NONE : save_left(c);
        if (sent < 0 && errno != EINTR)
            return ERR_DENIED;
        if (sent > 0)
            c->left = str_skip(c->left, (size_t)sent);
    }
    free(c->copy);
    c->copy = NULL;
    return c->closes ? ERR_DENIED : ERR_NONE;
}

static enum err answer(struct loop_state *loop, struct connection *c)
{
    const struct server_request request = { c->method, c->path, c->body_bytes };
    struct server *server = loop->server;
    struct server_answer answer = server->answer(server->owner, &request);

    c->has_head = false;
    c->left = answer.text;
    if (!answer.is_delayed || server->delay_ns == 0)
        return send_left(c);
    c->is_delayed = true;
    c->due_ns = net_now_ns() + server->delay_ns;
    c->next = NULL;
    *loop->delayed_end = c;
    loop->delayed_end = &c->next;
    return ERR_NONE;
}

/* ---- turning ---- */

/* Everything that the input allows.  An error ends the connection. */
static enum err use_input(struct loop_state *loop, struct connection *c)
{
    while (!c->is_delayed && c->left.len == 0 && c->in_len > 0) {
        if (!c->has_head && read_head(c))
            return ERR_SYNTAX;
        if (!c->has_head)
            return ERR_NONE;
        if (read_body(c))
            return ERR_SYNTAX;
        if (c->body.phase != HTTP1_DONE)
            return ERR_NONE;
        if (answer(loop, c))
            return ERR_DENIED;
    }
    return ERR_NONE;
}

static enum err receive(struct loop_state *loop, struct connection *c)
{
    while (c->is_readable && !c->is_delayed && c->left.len == 0) {
        size_t room = sizeof(c->in) - c->in_len;
        ssize_t len = stream_receive(&c->stream, c->in + c->in_len, room);
        if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
            return ERR_DENIED;
        /* Of TLS a record comes at a time, and another may stand behind it. */
        c->is_readable =
            len == (ssize_t)room || (len < 0 ? errno == EINTR : c->stream.tls != NULL);
        c->in_len += len > 0 ? (size_t)len : 0;
        if (use_input(loop, c))
            return ERR_DENIED;
    }
    return ERR_NONE;
}

static void on_ready(struct loop_state *loop, struct connection *c, uint32_t events)
{
    bool is_ending = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);

    if (events & EPOLLIN)
        c->is_readable = true;
    if ((c->copy && send_left(c)) || receive(loop, c) || is_ending)
        hang_up(c);
}

static void answer_due(struct loop_state *loop, int64_t now_ns)
{
    while (loop->delayed && loop->delayed->due_ns <= now_ns) {
        struct connection *c = loop->delayed;
        loop->delayed = c->next;
        if (!loop->delayed)
            loop->delayed_end = &loop->delayed;
        c->is_delayed = false;
        if (c->is_closed)
            destroy(c);
        else if (send_left(c) || use_input(loop, c) || receive(loop, c))
            hang_up(c);
    }
}

static void turn(struct loop_state *loop)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int64_t until_ns = loop->delayed ? loop->delayed->due_ns : NET_NEVER;
    int count = net_wait(loop->epoll, events, EVENTS_PER_TURN, until_ns);

    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            on_ready(loop, events[i].data.ptr, events[i].events);
        else
            accept_all(loop);
    }
    if (loop->delayed)
        answer_due(loop, net_now_ns());
}

int server_run(struct server *server, unsigned port)
{
    struct loop_state loop = { .server = server };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
    unsigned bound;

    net_raise_descriptor_limit();
    signal(SIGPIPE, SIG_IGN);
    loop.delayed_end = &loop.delayed;
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    loop.listener = listener_open(port, &bound);
    if (loop.epoll < 0 || loop.listener < 0 ||
        epoll_ctl(loop.epoll, EPOLL_CTL_ADD, loop.listener, &event) != 0) {
        perror("cannot listen");
        return EXIT_FAILURE;
    }
    printf("listening %u\n", bound);
    fflush(stdout);
    for (;;)
        turn(&loop);
}
