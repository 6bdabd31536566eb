#include "base/queue.h"

void queue_init(struct queue *queue)
{
    *queue = (struct queue){ .end = &queue->first, .due_ms = INT64_MAX };
}

void queue_add(struct queue *queue, struct queued *one, int64_t until_ms)
{
    *one = (struct queued){ .until_ms = until_ms };
    *queue->end = one;
    queue->end = &one->next;
    queue->count++;
    queue->due_ms = earlier_ms(queue->due_ms, until_ms);
}

struct queued *queue_take(struct queue *queue)
{
    struct queued *one = queue->first;

    if (!one)
        return NULL;
    queue->first = one->next;
    if (--queue->count == 0)
        queue_init(queue);
    return one;
}

void queue_prepend(struct queue *to, struct queue *from)
{
    if (from->count == 0)
        return;
    *from->end = to->first;
    if (!to->first)
        to->end = from->end;
    to->first = from->first;
    to->count += from->count;
    to->due_ms = earlier_ms(to->due_ms, from->due_ms);
    queue_init(from);
}

void queue_take_due(struct queue *queue, int64_t now_ms, struct queue *due)
{
    struct queued *one = queue->first, *next;

    queue_init(due);
    if (now_ms < queue->due_ms)
        return;
    queue_init(queue);
    for (; one; one = next) {
        next = one->next;
        queue_add(one->until_ms <= now_ms ? due : queue, one, one->until_ms);
    }
}
