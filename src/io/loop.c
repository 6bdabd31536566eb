#include "io/loop.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Events fetched by one wait. */
#define EVENTS_PER_TURN 128

struct watch {
    loop_ready *ready; /* NULL: this descriptor is not watched */
    void *owner;
};

struct loop {
    int epoll;
    int64_t now_ms;
    struct watch *watches; /* by descriptor */
    size_t watch_count;
    struct loop_task tasks[LOOP_MAX_TASKS];
    size_t task_count;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return NULL;
    }
    loop->now_ms = monotonic_ms();
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll);
    free(loop->watches);
    free(loop);
}

/* The table holds a place for each descriptor up to fd. */
static enum err make_place(struct loop *loop, int fd)
{
    size_t count = loop->watch_count > 0 ? loop->watch_count : 64;
    struct watch *watches;

    if ((size_t)fd < loop->watch_count)
        return ERR_NONE;
    while (count <= (size_t)fd)
        count *= 2;
    watches = realloc(loop->watches, count * sizeof(*watches));
    if (!watches)
        return ERR_NO_MEMORY;
    memset(watches + loop->watch_count, 0, (count - loop->watch_count) * sizeof(*watches));
    loop->watches = watches;
    loop->watch_count = count;
    return ERR_NONE;
}

enum err loop_watch(struct loop *loop, int fd, uint32_t events, loop_ready *ready, void *owner)
{
    struct epoll_event event = { .events = events, .data.fd = fd };
    int what;

    if (make_place(loop, fd))
        return ERR_NO_MEMORY;
    what = loop->watches[fd].ready ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(loop->epoll, what, fd, &event) != 0)
        return ERR_NO_MEMORY;
    loop->watches[fd] = (struct watch){ ready, owner };
    return ERR_NONE;
}

void loop_unwatch(struct loop *loop, int fd)
{
    if ((size_t)fd >= loop->watch_count || !loop->watches[fd].ready)
        return;
    loop->watches[fd].ready = NULL;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void loop_add_task(struct loop *loop, const struct loop_task *task)
{
    assert(loop->task_count < LOOP_MAX_TASKS);
    loop->tasks[loop->task_count++] = *task;
}

/* The shortest wait that any task asks for; epoll_wait understands -1 as we do. */
static int shortest_wait(const struct loop *loop)
{
    int shortest = -1;

    for (size_t i = 0; i < loop->task_count; i++) {
        int wait = loop->tasks[i].wait_ms(loop->tasks[i].owner);
        if (wait >= 0 && (shortest < 0 || wait < shortest))
            shortest = wait;
    }
    return shortest;
}

void loop_turn(struct loop *loop)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count;

    for (size_t i = 0; i < loop->task_count; i++)
        loop->tasks[i].run(loop->tasks[i].owner);
    count = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, shortest_wait(loop));
    loop->now_ms = monotonic_ms();
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        struct watch watch = loop->watches[fd];
        if (watch.ready)
            watch.ready(watch.owner, fd, events[i].events);
    }
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int loop_until_ms(const struct loop *loop, int64_t moment_ms)
{
    int64_t left = moment_ms - loop->now_ms;

    if (moment_ms == LOOP_NEVER)
        return -1;
    if (left < 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}
