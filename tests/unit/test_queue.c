/* What waits: its order, and what is due. */
#include "test.h"

#include "base/queue.h"

struct thing {
    struct queued queued;
    int number;
};

static struct thing things[4];

static void fill(struct queue *queue, const int64_t *moments, size_t from, size_t count)
{
    queue_init(queue);
    for (size_t i = 0; i < count; i++) {
        things[from + i].number = (int)(from + i);
        queue_add(queue, &things[from + i].queued, moments[i]);
    }
}

static int take(struct queue *queue)
{
    struct thing *one = (struct thing *)queue_take(queue);

    return one ? one->number : -1;
}

static void what_came_first_is_taken_first(void **state)
{
    struct queue queue;

    (void)state;
    fill(&queue, (const int64_t[]){ 30, 10, 20 }, 0, 3);
    assert_int_equal(queue.count, 3);
    assert_int_equal(queue.due_ms, 10);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(&queue), i);
    assert_int_equal(take(&queue), -1);
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue.due_ms, INT64_MAX);
}

static void what_is_due_is_taken_from_anywhere(void **state)
{
    struct queue queue, due;

    (void)state;
    fill(&queue, (const int64_t[]){ 30, 10, 40, 20 }, 0, 4);
    queue_take_due(&queue, 9, &due);
    assert_int_equal(due.count, 0);
    assert_int_equal(queue.count, 4);
    queue_take_due(&queue, 20, &due);
    assert_int_equal(due.count, 2);
    assert_int_equal(take(&due), 1);
    assert_int_equal(take(&due), 3);
    assert_int_equal(queue.due_ms, 30);
    assert_int_equal(take(&queue), 0);
    assert_int_equal(take(&queue), 2);
}

static void a_queue_can_go_before_another(void **state)
{
    struct thing last = { .number = 4 };
    struct queue first, second;

    (void)state;
    fill(&first, (const int64_t[]){ 30, 20 }, 0, 2);
    fill(&second, (const int64_t[]){ 10, 40 }, 2, 2);
    queue_prepend(&second, &first);
    assert_int_equal(first.count, 0);
    assert_int_equal(second.count, 4);
    assert_int_equal(second.due_ms, 10);
    queue_prepend(&first, &second);
    queue_prepend(&first, &second);
    queue_add(&first, &last.queued, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(&first), i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_first_is_taken_first),
        cmocka_unit_test(what_is_due_is_taken_from_anywhere),
        cmocka_unit_test(a_queue_can_go_before_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
