#include "test.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/loop.h"

/* What the functions below are given; the loop has no task, so a turn waits for descriptors. */
struct scene {
    struct loop *loop;
    int ends[2][2]; /* two pipes */
    int again;      /* the number that was closed and opened again; -1: not yet */
    size_t calls, stale_calls;
};

static void on_stale(void *owner, int fd, uint32_t events)
{
    struct scene *scene = owner;

    (void)fd, (void)events;
    scene->stale_calls++;
}

static void on_other(void *owner, int fd, uint32_t events)
{
    struct scene *scene = owner;

    (void)fd, (void)events;
    scene->calls++;
}

/* Closes the other pipe's end, whose event this turn has fetched too, and reuses its number. */
static void on_first(void *owner, int fd, uint32_t events)
{
    struct scene *scene = owner;
    int other = fd == scene->ends[0][0] ? scene->ends[1][0] : scene->ends[0][0];
    int ends[2];

    (void)events;
    scene->calls++;
    if (scene->again >= 0)
        return;
    loop_unwatch(scene->loop, other);
    close(other);
    assert_int_equal(pipe(ends), 0);
    scene->again = other;
    assert_int_equal(dup2(ends[0], other), other);
    if (ends[0] != other)
        close(ends[0]);
    close(ends[1]);
    assert_int_equal(loop_watch(scene->loop, other, EPOLLOUT, on_stale, scene), ERR_NONE);
}

static void an_event_of_a_number_that_was_reused_is_dropped(void **state)
{
    struct scene scene = { .loop = loop_new(), .again = -1 };

    (void)state;
    assert_non_null(scene.loop);
    for (size_t i = 0; i < COUNT(scene.ends); i++) {
        assert_int_equal(pipe(scene.ends[i]), 0);
        assert_int_equal(write(scene.ends[i][1], "x", 1), 1);
        assert_int_equal(loop_watch(scene.loop, scene.ends[i][0], EPOLLIN, on_first, &scene),
                         ERR_NONE);
    }
    loop_turn(scene.loop);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.stale_calls, 0);
    /* It is watched like any other from now on: a pipe without a writer is hung up. */
    loop_turn(scene.loop);
    assert_int_equal(scene.stale_calls, 1);
    for (size_t i = 0; i < COUNT(scene.ends); i++) {
        close(scene.ends[i][0]);
        close(scene.ends[i][1]);
    }
    loop_free(scene.loop);
}

static void what_is_waited_for_can_be_changed(void **state)
{
    struct scene scene = { .loop = loop_new() };
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(loop_watch(scene.loop, ends[1], EPOLLIN, on_stale, &scene), ERR_NONE);
    assert_int_equal(loop_watch(scene.loop, ends[1], EPOLLOUT, on_other, &scene), ERR_NONE);
    loop_turn(scene.loop);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.stale_calls, 0);
    close(ends[0]);
    close(ends[1]);
    loop_free(scene.loop);
}

static void what_rests_calls_nobody_until_it_is_watched_again(void **state)
{
    struct scene scene = { .loop = loop_new() };
    int ends[2], other[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(other), 0);
    assert_int_equal(loop_watch(scene.loop, other[1], EPOLLOUT, on_other, &scene), ERR_NONE);
    for (size_t round = 0; round < 2;
         round++) { /* in the first one it rests without an event */
        assert_int_equal(loop_watch(scene.loop, ends[0], EPOLLIN, on_stale, &scene), ERR_NONE);
        loop_rest(scene.loop, ends[0]);
        assert_int_equal(write(ends[1], "x", round), round);
        loop_turn(scene.loop);
        assert_int_equal(scene.stale_calls, 0);
    }
    assert_int_equal(scene.calls, 2);
    assert_int_equal(loop_watch(scene.loop, ends[0], EPOLLIN, on_stale, &scene), ERR_NONE);
    loop_turn(scene.loop);
    assert_int_equal(scene.stale_calls, 1);
    close(ends[0]);
    close(ends[1]);
    close(other[0]);
    close(other[1]);
    loop_free(scene.loop);
}

static void a_number_that_rested_and_was_closed_is_watched_like_a_new_one(void **state)
{
    struct scene scene = { .loop = loop_new() };
    int ends[2], again[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(loop_watch(scene.loop, ends[0], EPOLLIN, on_stale, &scene), ERR_NONE);
    loop_rest(scene.loop, ends[0]);
    loop_unwatch(scene.loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(pipe(again), 0);
    assert_int_equal(again[0], ends[0]);
    assert_int_equal(loop_watch(scene.loop, again[0], EPOLLIN, on_other, &scene), ERR_NONE);
    assert_int_equal(write(again[1], "x", 1), 1);
    loop_turn(scene.loop);
    assert_int_equal(scene.calls, 1);
    assert_int_equal(scene.stale_calls, 0);
    close(again[0]);
    close(again[1]);
    loop_free(scene.loop);
}

/* The lowest number that is free is the next to be given out. */
static int next_number(void)
{
    int fd = dup(STDOUT_FILENO);

    close(fd);
    return fd;
}

static void a_loop_without_its_epoll_set_ends_the_process(void **state)
{
    int status;
    pid_t child;

    (void)state;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        int epoll = next_number();
        struct loop *loop = loop_new();
        alarm(20); /* the end of a process that spins */
        signal(SIGABRT, SIG_DFL);
        close(epoll);
        for (;;)
            loop_turn(loop);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_a_number_that_was_reused_is_dropped),
        cmocka_unit_test(what_is_waited_for_can_be_changed),
        cmocka_unit_test(what_rests_calls_nobody_until_it_is_watched_again),
        cmocka_unit_test(a_number_that_rested_and_was_closed_is_watched_like_a_new_one),
        cmocka_unit_test(a_loop_without_its_epoll_set_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
