#include "plain_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what is kept of an answer ---- */

static void keep_headers(void *owner, const struct http1_head *head)
{
    const struct link *l = owner;
    struct http_call *call = l->call;

    for (size_t i = 0; i < call->captured_count; i++) {
        struct str value = http1_field(head, call->captured[i].name);
        call->captured[i].value = (struct str){ NULL, 0 };
        if (value.ptr)
            (void)!arena_copy(call->mem, value, &call->captured[i].value);
    }
}

static void keep_content(void *owner, struct str content)
{
    struct link *l = owner;

    if (l->call->max_response > 0)
        buf_add(&l->response, content);
}

/* ---- life ---- */

static bool watch(struct link *l, bool waits_to_send)
{
    l->waits_to_send = waits_to_send;
    return !loop_watch(l->loop, l->exchange.stream.fd,
                       EPOLLIN | (waits_to_send ? EPOLLOUT : 0U), l->ready, l);
}

static bool secure(struct link *l, SSL_CTX *tls)
{
    char host[INET_ADDRSTRLEN];

    return inet_ntop(AF_INET, &l->address.sin_addr, host, sizeof(host)) &&
           stream_secure(&l->exchange.stream, tls, host);
}

static bool start_connecting(struct link *l)
{
    int fd = l->exchange.stream.fd;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) != 0)
        return false;
    if (connect(fd, (const struct sockaddr *)&l->address, sizeof(l->address)) != 0 &&
        errno != EINPROGRESS)
        return false;
    return watch(l, true);
}

struct link *link_connect(struct loop *loop, const struct sockaddr_in *address, SSL_CTX *tls,
                          loop_ready *ready)
{
    struct link *l = malloc(sizeof(*l));

    if (!l)
        return NULL;
    memset(l, 0, offsetof(struct link, exchange.in));
    l->loop = loop;
    l->ready = ready;
    l->address = *address;
    l->is_connecting = true;
    l->exchange.max_body_bytes = HTTP_CLIENT_MAX_RESPONSE_BYTES;
    l->exchange.on_head = keep_headers;
    l->exchange.on_content = keep_content;
    l->exchange.owner = l;
    l->exchange.stream.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->exchange.stream.fd >= 0 && (!tls || secure(l, tls)) && start_connecting(l))
        return l;
    if (l->exchange.stream.fd >= 0)
        stream_close(&l->exchange.stream);
    free(l);
    return NULL;
}

void link_close(struct link *l)
{
    loop_unwatch(l->loop, l->exchange.stream.fd);
    stream_close(&l->exchange.stream);
    free(l);
}

/* ---- a call ---- */

void link_take(struct link *l, struct http_call *call, struct str head, struct str body)
{
    l->call = call;
    l->response = (struct buf){ .mem = call->mem };
    l->exchange.is_to_head = strcmp(call->method, "HEAD") == 0;
    exchange_begin(&l->exchange, head, body);
}

const char *link_send(struct link *l)
{
    bool waits;

    if (!exchange_send(&l->exchange))
        return "the connection broke";
    waits = exchange_unsent(&l->exchange) > 0 && !stream_waits_for_input(&l->exchange.stream);
    return waits == l->waits_to_send || watch(l, waits) ? NULL : "no memory";
}
