#include "io/connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/queue.h"

/* How many bytes the kernel has ever received.  0: this kernel does not tell. */
static uint64_t bytes_received(int socket)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received))
        return 0;
    return info.tcpi_bytes_received;
}

/* ---- phases ---- */

static bool is_busy(enum connection_phase phase)
{
    return phase != CONNECTION_IDLE && phase != CONNECTION_LINGERING &&
           phase != CONNECTION_CLOSING;
}

static bool is_unfinished(enum connection_phase phase)
{
    return phase == CONNECTION_HEADERS || phase == CONNECTION_BODY;
}

/* When a connection that enters a phase now has been in it for too long. */
static int64_t limit_ms(const struct connections *all, enum connection_phase phase,
                        int64_t now_ms)
{
    static const int64_t times_ms[] = {
        [CONNECTION_IDLE] = CONNECTION_IDLE_MS,
        [CONNECTION_HEADERS] = CONNECTION_STEP_MS,
        [CONNECTION_BODY] = CONNECTION_STEP_MS,
        [CONNECTION_WORKING] = 0,
        [CONNECTION_RESPONDING] = CONNECTION_STEP_MS,
        [CONNECTION_LINGERING] = CONNECTION_LINGER_MS,
        [CONNECTION_CLOSING] = 0,
    };
    int64_t until_ms = times_ms[phase] > 0 ? now_ms + times_ms[phase] : INT64_MAX;

    return all->drain_ms > 0 && is_unfinished(phase) ? earlier_ms(until_ms, all->drain_ms)
                                                     : until_ms;
}

void connection_enter(struct connections *all, struct connection *c,
                      enum connection_phase phase, int64_t now_ms)
{
    if (c->phase == CONNECTION_CLOSING)
        return;
    all->busy += (size_t)is_busy(phase) - (size_t)is_busy(c->phase);
    c->phase = phase;
    c->until_ms = limit_ms(all, phase, now_ms);
    if (phase == CONNECTION_IDLE)
        c->bytes = bytes_received(c->socket);
    /* A partial request head does not count as activity. */
    if (phase == CONNECTION_HEADERS || phase == CONNECTION_CLOSING)
        return;
    TAILQ_REMOVE(&all->list, c, link);
    TAILQ_INSERT_TAIL(&all->list, c, link);
}

void connection_received(struct connection *c, size_t bytes)
{
    c->until_ms += (int64_t)(bytes / CONNECTION_BODY_BYTES_PER_MS);
}

/* ---- closing ---- */

static void begin_closing(struct connections *all, struct connection *c)
{
    connection_enter(all, c, CONNECTION_CLOSING, 0);
    all->closing++;
    (void)shutdown(c->socket, SHUT_RDWR);
}

/*
 * True if something of a request has come.  libmicrohttpd tells of one when its headers are
 * whole.  Before that, it shows only in the bytes that have come since the connection became
 * idle.
 */
static bool has_begun(const struct connection *c)
{
    return bytes_received(c->socket) != c->bytes;
}

/*
 * True if the client has closed its side, so that its request will not become whole.  libmicrohttpd
 * overlooks that where it has come together with the bytes before it.
 */
static bool has_gone(const struct connection *c)
{
    char next;

    return is_unfinished(c->phase) && recv(c->socket, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void connections_make_room(struct connections *all, size_t count, int64_t now_ms)
{
    const int64_t idle_until_ms = now_ms + CONNECTION_IDLE_MS - CONNECTION_GRACE_MS;

    for (struct connection *c = TAILQ_FIRST(&all->list); c && all->closing < count;
         c = TAILQ_NEXT(c, link)) {
        if (c->phase != CONNECTION_IDLE)
            continue;
        if (c->until_ms > idle_until_ms)
            return; /* all that are idle behind it became so later */
        if (has_begun(c)) {
            connection_enter(all, c, CONNECTION_HEADERS, now_ms);
            continue;
        }
        begin_closing(all, c);
        all->evicted++;
    }
}

bool connections_sweep(struct connections *all, int64_t now_ms)
{
    if (now_ms < all->sweep_ms)
        return false;
    all->sweep_ms =
        now_ms + (all->drain_ms > 0 ? CONNECTION_DRAIN_SWEEP_MS : CONNECTION_SWEEP_MS);
    for (struct connection *c = TAILQ_FIRST(&all->list); c; c = TAILQ_NEXT(c, link)) {
        if (c->phase == CONNECTION_IDLE && has_begun(c))
            connection_enter(all, c, CONNECTION_HEADERS, now_ms);
        if ((now_ms < c->until_ms && !has_gone(c)) || c->phase == CONNECTION_CLOSING)
            continue;
        all->slow += c->phase != CONNECTION_IDLE && now_ms >= c->until_ms;
        begin_closing(all, c);
    }
    return true;
}

int64_t connections_sweep_ms(const struct connections *all)
{
    return all->count > 0 ? all->sweep_ms : INT64_MAX;
}

void connections_drain(struct connections *all, int64_t now_ms)
{
    all->drain_ms = now_ms + CONNECTION_LAST_CALL_MS;
    all->sweep_ms = now_ms;
    for (struct connection *c = TAILQ_FIRST(&all->list); c; c = TAILQ_NEXT(c, link)) {
        if (is_unfinished(c->phase))
            c->until_ms = earlier_ms(c->until_ms, all->drain_ms);
    }
}

/* ---- coming and going ---- */

void connection_add(struct connections *all, struct connection *c, int socket, int64_t now_ms)
{
    if (all->count == 0)
        all->sweep_ms = now_ms + CONNECTION_SWEEP_MS;
    *c = (struct connection){ .socket = socket, .until_ms = now_ms + CONNECTION_IDLE_MS };
    TAILQ_INSERT_TAIL(&all->list, c, link);
    all->count++;
}

void connection_remove(struct connections *all, struct connection *c)
{
    all->busy -= (size_t)is_busy(c->phase);
    all->closing -= c->phase == CONNECTION_CLOSING;
    TAILQ_REMOVE(&all->list, c, link);
    all->count--;
}
