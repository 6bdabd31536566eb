#include "test.h"

#include <fcntl.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* Both streams end in pipes as long as a test wants to know what has been written. */
struct capture {
    int saved[2]; /* stdout, stderr as they were */
    int pipe[2];  /* where to read what was written to them */
};

static void capture_start(struct capture *c)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        c->saved[i] = dup(STDOUT_FILENO + i);
        c->pipe[i] = ends[0];
        assert_true(c->saved[i] >= 0);
        assert_int_equal(dup2(ends[1], STDOUT_FILENO + i), STDOUT_FILENO + i);
        close(ends[1]);
    }
}

/* All that was written to stream i; ends its capture. */
static struct str captured(struct capture *c, int i, char *into, size_t size)
{
    ssize_t len;

    dup2(c->saved[i], STDOUT_FILENO + i);
    close(c->saved[i]);
    len = read(c->pipe[i], into, size);
    close(c->pipe[i]);
    return (struct str){ into, len > 0 ? (size_t)len : 0 };
}

static void say(enum log_level level, uint64_t number)
{
    struct log_line line;

    log_begin(&line, level, "test");
    log_number(&line, "n", number);
    log_end(&line);
}

static void information_waits_until_it_is_flushed(void **state)
{
    char text[2][256];
    struct capture c;
    struct str before, after;

    (void)state;
    capture_start(&c);
    say(LOG_INFO, 1);
    say(LOG_INFO, 2);
    before = captured(&c, 0, text[0], sizeof(text[0]));
    (void)captured(&c, 1, text[1], sizeof(text[1]));
    capture_start(&c);
    log_flush();
    log_flush();
    after = captured(&c, 0, text[1], sizeof(text[1]));
    (void)captured(&c, 1, text[0], sizeof(text[0]));
    assert_str(before, "");
    assert_str(after, "level=info event=test n=1\nlevel=info event=test n=2\n");
}

static void trouble_waits_for_nothing_and_keeps_its_place(void **state)
{
    char text[2][256];
    struct capture c;

    (void)state;
    capture_start(&c);
    say(LOG_INFO, 1);
    say(LOG_WARN, 2);
    assert_str(captured(&c, 0, text[0], sizeof(text[0])), "level=info event=test n=1\n");
    assert_str(captured(&c, 1, text[1], sizeof(text[1])), "level=warn event=test n=2\n");
}

static void what_no_longer_fits_is_written_in_whole_lines(void **state)
{
    static const size_t line_len = sizeof("level=info event=test n=1000");
    char text[2 * PIPE_BUF];
    struct capture c;
    struct str got;

    (void)state;
    capture_start(&c);
    for (uint64_t i = 0; i < PIPE_BUF / line_len + 1; i++)
        say(LOG_INFO, 1000 + i);
    got = captured(&c, 0, text, sizeof(text));
    assert_int_equal(got.len, PIPE_BUF / line_len * line_len);
    (void)captured(&c, 1, text, sizeof(text));
    capture_start(&c);
    log_flush();
    assert_int_equal(captured(&c, 0, text, sizeof(text)).len, line_len);
    (void)captured(&c, 1, text, sizeof(text));
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As many lines as are asked for, to a pipe that nobody reads; returns how long it took. */
static int64_t say_to_nobody(enum log_level level, uint64_t lines)
{
    int64_t start_ms = now_ms();

    for (uint64_t i = 0; i < lines; i++)
        say(level, 1000 + i);
    log_flush();
    return now_ms() - start_ms;
}

static void a_log_that_nobody_reads_holds_up_nobody(void **state)
{
    enum { LINES = 500 };
    static const enum log_level levels[] = { LOG_INFO, LOG_ERROR };

    (void)state;
    for (int i = 0; i < 2; i++) {
        char text[8 * PIPE_BUF];
        char told[100];
        struct capture c;
        int64_t first_ms, then_ms;
        ssize_t len;
        uint64_t kept = 0;
        capture_start(&c);
        assert_true(fcntl(c.pipe[i], F_SETPIPE_SZ, 2 * PIPE_BUF) > 0);
        first_ms = say_to_nobody(levels[i], LINES);
        then_ms = say_to_nobody(levels[i], LINES);
        len = read(c.pipe[i], text, sizeof(text));
        for (ssize_t at = 0; at < len; at++)
            kept += text[at] == '\n';
        say(levels[i], 1);
        log_flush();
        len = read(c.pipe[i], text, sizeof(text) - 1);
        for (int j = 0; j < 2; j++)
            (void)captured(&c, j, text + len, sizeof(text) - (size_t)len);
        /* One wait, not one for each line or write. */
        assert_in_range(first_ms, 0, 5 * LOG_WAIT_MS);
        assert_in_range(then_ms, 0, 5 * LOG_WAIT_MS);
        assert_in_range(kept, 10, LINES);
        (void)snprintf(told, sizeof(told),
                       "level=warn event=log lost=%d\nlevel=%s event=test n=1\n",
                       2 * LINES - (int)kept, i == 0 ? "info" : "error");
        assert_same(((struct str){ text, (size_t)len }), str_from(told));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(information_waits_until_it_is_flushed),
        cmocka_unit_test(trouble_waits_for_nothing_and_keeps_its_place),
        cmocka_unit_test(what_no_longer_fits_is_written_in_whole_lines),
        cmocka_unit_test(a_log_that_nobody_reads_holds_up_nobody),
    };

    log_gather();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
