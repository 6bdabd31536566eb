/*
 * Things that wait, first come, first served, each until a moment of its own.  What waits has a
 * struct queued as its first member, so that the one is found from the other.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include "base/str.h"

struct queued {
    struct queued *next;
    int64_t until_ms;
};

struct queue {
    struct queued *first, **end;
    size_t count;
    int64_t due_ms; /* nothing in it is due before.  INT64_MAX: it is empty */
};

/* Of two moments. */
static inline int64_t earlier_ms(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Makes it an empty queue. */
void queue_init(struct queue *queue);

void queue_add(struct queue *queue, struct queued *one, int64_t until_ms);

/* NULL: there is none. */
struct queued *queue_take(struct queue *queue);

/* All of from go to the front of to. */
void queue_prepend(struct queue *to, struct queue *from);

/* Those whose moment has come, wherever they stand, become the queue due. */
void queue_take_due(struct queue *queue, int64_t now_ms, struct queue *due);

#endif
