#include "test.h"

#include <limits.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(information_waits_until_it_is_flushed),
        cmocka_unit_test(trouble_waits_for_nothing_and_keeps_its_place),
        cmocka_unit_test(what_no_longer_fits_is_written_in_whole_lines),
    };

    log_gather();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
