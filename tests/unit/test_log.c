#include "test.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* How the next writes fail, one after the other; all others succeed (--wrap=write). */
static int failures[4];
static size_t failure_count;

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    if (failure_count == 0)
        return __real_write(fd, bytes, len);
    errno = failures[--failure_count];
    return -1;
}

/*
 * Both streams end in datagram sockets, where one write is one datagram: that shows
 * how many writes there were and on which stream.
 */
struct capture {
    int saved[2];  /* stdout, stderr as they were */
    int socket[2]; /* where to read what was written to them */
};

static void capture_start(struct capture *c)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
        c->saved[i] = dup(STDOUT_FILENO + i);
        c->socket[i] = pair[0];
        assert_true(c->saved[i] >= 0);
        assert_int_equal(dup2(pair[1], STDOUT_FILENO + i), STDOUT_FILENO + i);
        close(pair[1]);
    }
}

/* What one write put out on stream i, or nothing. */
static struct str capture_next(const struct capture *c, int i, char *into, size_t size)
{
    ssize_t len = recv(c->socket[i], into, size, 0);

    return (struct str){ into, len > 0 ? (size_t)len : 0 };
}

static void capture_end(struct capture *c)
{
    for (int i = 0; i < 2; i++) {
        dup2(c->saved[i], STDOUT_FILENO + i);
        close(c->saved[i]);
        close(c->socket[i]);
    }
}

/* Ends the line and gives what came out, which must be one write on the right stream. */
static struct str written(struct log_line *line, enum log_level level)
{
    static char text[4 * LOG_LINE_BYTES];
    struct capture c;
    struct str first;
    struct str second;
    struct str elsewhere;
    char more[16];
    int stream = level == LOG_INFO ? 0 : 1;

    capture_start(&c);
    log_end(line);
    first = capture_next(&c, stream, text, sizeof(text));
    second = capture_next(&c, stream, more, sizeof(more));
    elsewhere = capture_next(&c, 1 - stream, more, sizeof(more));
    capture_end(&c);
    assert_true(first.len > 0);
    assert_int_equal(second.len, 0);
    assert_int_equal(elsewhere.len, 0);
    return first;
}

/*
 * Takes a field off the front of a line the way its readers do: key, '=', then either
 * a quoted text or all up to the next space.  false: not a field.
 */
static bool take_field(struct str *line, struct str *key, struct str *value)
{
    size_t len = 0;

    *key = str_cut(*line, "=", line);
    if (key->len == 0 || line->len == 0)
        return false;
    if (line->ptr[0] == '"') {
        for (len = 1; len < line->len && line->ptr[len] != '"'; len++)
            len += line->ptr[len] == '\\';
        if (++len > line->len)
            return false;
    }
    while (len < line->len && line->ptr[len] != ' ')
        len++;
    *value = str_first(*line, len);
    *line = str_skip(*line, len < line->len ? len + 1 : len);
    return true;
}

/* The value of a line with the fields level, event, key and last=1, and no others. */
static struct str only_value(struct str text)
{
    struct str line = text;
    struct str key;
    struct str value;
    struct str found;

    assert_true(str_ends(text, STR("\n")));
    line.len--;
    for (size_t i = 0; i < line.len; i++)
        assert_true(line.ptr[i] >= 0x20 && line.ptr[i] < 0x7f);
    assert_true(take_field(&line, &key, &value));
    assert_str(key, "level");
    assert_true(take_field(&line, &key, &value));
    assert_str(key, "event");
    assert_true(take_field(&line, &key, &found));
    assert_str(key, "key");
    assert_true(take_field(&line, &key, &value));
    assert_str(key, "last");
    assert_str(value, "1");
    assert_int_equal(line.len, 0);
    return found;
}

static struct str logged(struct str value)
{
    struct log_line line;

    log_begin(&line, LOG_INFO, "test");
    log_text(&line, "key", value);
    log_number(&line, "last", 1);
    return only_value(written(&line, LOG_INFO));
}

static void a_line_is_its_fields_in_order(void **state)
{
    struct log_line line;

    (void)state;
    log_begin(&line, LOG_INFO, "sendToRoom");
    log_text(&line, "room", STR("Ab-_0123456789abcdefgh"));
    log_number(&line, "status", 204);
    log_number(&line, "none", 0);
    log_number(&line, "most", UINT64_MAX);
    log_text(&line, "url", STR("http://localhost:8080/a~b@c+d,e"));
    assert_str(written(&line, LOG_INFO),
               "level=info event=sendToRoom room=Ab-_0123456789abcdefgh status=204 none=0 "
               "most=18446744073709551615 url=http://localhost:8080/a~b@c+d,e\n");
}

static void information_goes_to_stdout_and_trouble_to_stderr(void **state)
{
    struct log_line line;

    (void)state;
    log_begin(&line, LOG_INFO, "x");
    assert_str(written(&line, LOG_INFO), "level=info event=x\n");
    log_begin(&line, LOG_WARN, "x");
    assert_str(written(&line, LOG_WARN), "level=warn event=x\n");
    log_begin(&line, LOG_ERROR, "x");
    assert_str(written(&line, LOG_ERROR), "level=error event=x\n");
}

static void an_unusual_value_is_quoted(void **state)
{
    (void)state;
    assert_str(logged(STR("plain")), "plain");
    assert_str(logged(STR("two words")), "\"two words\"");
    assert_str(logged(STR("")), "\"\"");
    assert_str(logged(STR("a=b")), "\"a=b\"");
    assert_str(logged(STR("say \"hi\"")), "\"say \\\"hi\\\"\"");
    assert_str(logged(STR("back\\slash")), "\"back\\\\slash\"");
}

static void no_value_forges_a_field_or_a_line(void **state)
{
    static const struct str values[] = {
        STR_INIT("x last=2 forged=1"),
        STR_INIT("x\" last=2 forged=\"1"),
        STR_INIT("x\\\" last=2"),
        STR_INIT("x\\"),
        STR_INIT("\""),
        STR_INIT("x\nlevel=error event=forged"),
        STR_INIT("x\r\nlevel=error event=forged"),
        STR_INIT("x\x1b[2J"),
        STR_INIT("x\0y"),
        STR_INIT("\xc2\x85 \xe2\x80\xa8 \xff"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++)
        assert_int_equal(logged(values[i]).ptr[0], '"');
}

static void every_byte_stays_inside_its_value(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        struct str value = logged((struct str){ &byte, 1 });
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || (c != 0 && strchr("._:/~@+,-", c));
        assert_int_equal(value.ptr[0] != '"', is_plain);
    }
}

static void a_long_value_is_cut(void **state)
{
    char text[4 * LOG_LINE_BYTES];
    struct str value;
    size_t kept = 0;

    (void)state;
    memset(text, 'a', sizeof(text));
    value = logged((struct str){ text, LOG_VALUE_BYTES });
    assert_int_equal(value.len, LOG_VALUE_BYTES);
    assert_true(value.ptr[LOG_VALUE_BYTES - 1] == 'a');
    for (size_t len = LOG_VALUE_BYTES + 1; len <= sizeof(text); len *= 2) {
        value = logged((struct str){ text, len });
        for (kept = 0; kept < value.len && value.ptr[kept] == 'a'; kept++)
            ;
        assert_true(kept <= LOG_VALUE_BYTES);
        assert_true(kept >= LOG_VALUE_BYTES / 2);
        assert_true(kept < value.len); /* visibly: no name ends like this */
    }
}

static void a_long_value_of_unusual_bytes_is_cut_and_still_one_value(void **state)
{
    char text[500];

    (void)state;
    for (int c = 0; c < 256; c++) {
        memset(text, c, sizeof(text));
        assert_true(logged((struct str){ text, sizeof(text) }).len <= 5 * LOG_VALUE_BYTES);
    }
}

static void a_long_line_is_cut_visibly_and_ends(void **state)
{
    char text[LOG_VALUE_BYTES];

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t len = 1; len <= sizeof(text); len++) {
        struct log_line line;
        struct str got;
        log_begin(&line, LOG_WARN, "flood");
        for (int i = 0; i < 2000; i++)
            log_text(&line, "key", (struct str){ text, len });
        log_number(&line, "last", 1);
        got = written(&line, LOG_WARN);
        assert_true(got.len <= LOG_LINE_BYTES);
        assert_true(got.len > LOG_LINE_BYTES / 2);
        assert_true(str_ends(got, STR("...\n")));
        assert_true(memchr(got.ptr, '\n', got.len) == got.ptr + got.len - 1);
    }
}

static void a_line_of_any_length_is_written_once(void **state)
{
    char text[LOG_VALUE_BYTES];

    (void)state;
    memset(text, ' ', sizeof(text));
    for (size_t fields = 0; fields < 2 * LOG_LINE_BYTES; fields++) {
        struct log_line line;
        struct str got;
        log_begin(&line, LOG_INFO, "test");
        for (size_t i = 0; i < fields; i++)
            log_number(&line, "n", i % 10);
        got = written(&line, LOG_INFO);
        assert_true(got.len <= LOG_LINE_BYTES);
        assert_true(got.ptr[got.len - 1] == '\n');
        if (fields < 200) /* " n=0" each, and what log_begin wrote */
            assert_int_equal(got.len, sizeof("level=info event=test") + 4 * fields);
    }
}

static void an_interrupted_write_is_repeated(void **state)
{
    struct log_line line;

    (void)state;
    log_begin(&line, LOG_WARN, "test");
    failures[0] = failures[1] = failures[2] = EINTR;
    failure_count = 3;
    assert_str(written(&line, LOG_WARN), "level=warn event=test\n");
    assert_int_equal(failure_count, 0);
}

static void a_log_that_nobody_reads_is_given_up(void **state)
{
    struct log_line line;

    (void)state;
    log_begin(&line, LOG_INFO, "test");
    failures[0] = failures[1] = EPIPE;
    failure_count = 2;
    log_end(&line);
    assert_int_equal(failure_count, 1);
    failure_count = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_its_fields_in_order),
        cmocka_unit_test(information_goes_to_stdout_and_trouble_to_stderr),
        cmocka_unit_test(an_unusual_value_is_quoted),
        cmocka_unit_test(no_value_forges_a_field_or_a_line),
        cmocka_unit_test(every_byte_stays_inside_its_value),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(a_long_value_of_unusual_bytes_is_cut_and_still_one_value),
        cmocka_unit_test(a_long_line_is_cut_visibly_and_ends),
        cmocka_unit_test(a_line_of_any_length_is_written_once),
        cmocka_unit_test(an_interrupted_write_is_repeated),
        cmocka_unit_test(a_log_that_nobody_reads_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
