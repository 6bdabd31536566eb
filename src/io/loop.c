#include "io/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* Events fetched by one wait. */
#define EVENTS_PER_TURN 128

/*
 * A descriptor is in the epoll set if and only if its watch has events.  Its generation
 * changes when it is given up, and every event carries the one that it was registered with: an
 * event for a number that has been closed and opened again within the turn is dropped.
 */
struct watch {
    loop_ready *ready; /* NULL: nobody waits for this descriptor */
    void *owner;
    uint32_t events;
    uint32_t generation;
};

static uint64_t tag(int fd, uint32_t generation)
{
    return (uint64_t)generation << 32 | (uint32_t)fd;
}

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
    *loop = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC), .now_ms = monotonic_ms() };
    if (loop->epoll >= 0)
        return loop;
    free(loop);
    return NULL;
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
    struct epoll_event event = { .events = events };
    struct watch *watch;

    if (make_place(loop, fd))
        return ERR_NO_MEMORY;
    watch = &loop->watches[fd];
    event.data.u64 = tag(fd, watch->generation);
    if (watch->events != events &&
        epoll_ctl(loop->epoll, watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        return ERR_NO_MEMORY;
    *watch = (struct watch){ ready, owner, events, watch->generation };
    return ERR_NONE;
}

void loop_unwatch(struct loop *loop, int fd)
{
    if ((size_t)fd >= loop->watch_count || !loop->watches[fd].events)
        return;
    loop->watches[fd] = (struct watch){ .generation = loop->watches[fd].generation + 1 };
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
}

void loop_rest(struct loop *loop, int fd)
{
    if ((size_t)fd < loop->watch_count && loop->watches[fd].events == EPOLLIN)
        loop->watches[fd].ready = NULL;
    else
        loop_unwatch(loop, fd);
}

void loop_add_task(struct loop *loop, const struct loop_task *task)
{
    assert(loop->task_count < LOOP_MAX_TASKS);
    loop->tasks[loop->task_count++] = *task;
}

/* Until the first task is due.  epoll_wait takes -1 for as long as it may be. */
static int shortest_wait(const struct loop *loop)
{
    int64_t due_ms = LOOP_NEVER;

    for (size_t i = 0; i < loop->task_count; i++)
        due_ms = earlier_ms(due_ms, *loop->tasks[i].due_ms);
    if (due_ms == LOOP_NEVER)
        return -1;
    return due_ms > loop->now_ms ? (int)earlier_ms(due_ms - loop->now_ms, INT_MAX) : 0;
}

/* Without its epoll set a loop would only spin; the host starts the process again. */
static void end_without_epoll(int error)
{
    log_event(LOG_ERROR, "loop", LOG_TEXT("problem", str_from(strerror(error))));
    abort();
}

static void hand_out(struct loop *loop, const struct epoll_event *event)
{
    int fd = (int)(uint32_t)event->data.u64;
    struct watch watch = loop->watches[fd];

    if (event->data.u64 != tag(fd, watch.generation))
        return;
    if (watch.ready)
        watch.ready(watch.owner, fd, event->events);
    else
        loop_unwatch(loop, fd); /* it rested, and is woken for nothing */
}

void loop_turn(struct loop *loop)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count;

    for (size_t i = 0; i < loop->task_count; i++) {
        const struct loop_task *task = &loop->tasks[i];
        if ((task->is_each_turn && *task->is_each_turn) || *task->due_ms <= loop->now_ms)
            task->run(task->owner);
    }
    count = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, shortest_wait(loop));
    if (count < 0 && errno != EINTR)
        end_without_epoll(errno);
    loop->now_ms = monotonic_ms();
    for (int i = 0; i < count; i++)
        hand_out(loop, &events[i]);
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}
