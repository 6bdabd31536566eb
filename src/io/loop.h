/*
 * One thread's event loop: an epoll set, and the tasks that run on each turn of it.
 *
 * A loop and all that is registered with it belong to the thread that turns it.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/queue.h"

struct loop;

/* events: EPOLLIN and so on, as epoll_wait gave them. */
typedef void loop_ready(void *owner, int fd, uint32_t events);

/*
 * A task.  run does all that can be done now, without waiting.  The owner sets the moment at which
 * it is due, and run sets it anew.  It runs only when that moment has come, unless it is for each
 * turn now; no turn waits for longer than until then.
 */
struct loop_task {
    void (*run)(void *owner);
    void *owner;
    const int64_t *due_ms;    /* LOOP_NEVER: not as things stand */
    const bool *is_each_turn; /* NULL: it never is */
};

/*
 * The server, a sample and the worker.  For Web PubSub as for storage: two clients with a resolver
 * and three tasks of their transfers each, calls that wait for a token and those that wait for
 * another try.
 */
#define LOOP_MAX_TASKS 27

/* NULL: the system has no more memory or descriptors. */
MUST_USE struct loop *loop_new(void);
void loop_free(struct loop *loop);

/*
 * Adds fd, or changes what is waited for; level-triggered.  events: at least one.  ERR_NO_MEMORY:
 * the system refused.
 */
MUST_USE enum err loop_watch(struct loop *loop, int fd, uint32_t events, loop_ready *ready,
                             void *owner);

/*
 * To be called before fd is closed.  Events of it that this turn has already fetched are dropped,
 * even if the number is opened and watched again meanwhile.
 */
void loop_unwatch(struct loop *loop, int fd);

/*
 * As loop_unwatch, but where fd was watched for input alone, the kernel is told only if there is
 * some before the next loop_watch: for what mostly is watched for input again.  Before such an fd
 * is closed, loop_unwatch is to be called all the same.
 */
void loop_rest(struct loop *loop, int fd);

/* Tasks run in the order in which they were added.  task is copied. */
void loop_add_task(struct loop *loop, const struct loop_task *task);

/*
 * Runs the tasks, waits as long as they allow, hands out what became ready.  If the epoll set
 * itself fails, which only a defect can bring about, the process says so and aborts.
 */
void loop_turn(struct loop *loop);

/* The monotonic clock as read after the last wait: one moment for all that follows from it. */
int64_t loop_now_ms(const struct loop *loop);

/* A moment that never comes. */
#define LOOP_NEVER INT64_MAX

#endif
