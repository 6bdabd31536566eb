#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

/* ---- a disk, and other things that fail ---- */

/* Bytes that still fit on the disk that both streams are on; NO_DISK: they are what they are. */
#define NO_DISK SIZE_MAX
static _Atomic size_t disk_room = NO_DISK;
static _Atomic int polls_that_waited;
static int threads_to_be_had = INT_MAX;

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_poll(struct pollfd *fds, nfds_t count, int wait_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int wait_ms);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *owner);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *owner);

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    size_t room = disk_room;

    if (room == NO_DISK)
        return __real_write(fd, bytes, len);
    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (len > room)
        len = room;
    disk_room -= len;
    return __real_write(fd, bytes, len);
}

/* A bounded wait is only counted: it is known to be over. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int wait_ms)
{
    if (wait_ms <= 0)
        return __real_poll(fds, count, wait_ms);
    if (__real_poll(fds, count, 0) > 0)
        return 1;
    polls_that_waited++;
    return 0;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *owner)
{
    if (threads_to_be_had == 0)
        return EAGAIN;
    threads_to_be_had--;
    return __real_pthread_create(thread, attributes, run, owner);
}

/* The end of the log is waited for as long as it takes, unless a test is about just that. */
static bool is_patient = true;

int __real_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
                                  const struct timespec *deadline);
int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
                                  const struct timespec *deadline);

int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *lock, clockid_t clock,
                                  const struct timespec *deadline)
{
    if (is_patient)
        return pthread_cond_wait(cond, lock);
    return __real_pthread_cond_clockwait(cond, lock, clock, deadline);
}

/* ---- where lines go ---- */

/* Both streams end in descriptors of the test's, as long as it lasts. */
struct diverted {
    int saved[2];
};

/* Nothing may fail between the two: nobody reads what would be said about it. */
static void divert(struct diverted *d, int to_stdout, int to_stderr)
{
    const int to[] = { to_stdout, to_stderr };

    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        d->saved[i] = dup(STDOUT_FILENO + i);
        assert_true(d->saved[i] >= 0);
        assert_int_equal(dup2(to[i], STDOUT_FILENO + i), STDOUT_FILENO + i);
    }
}

static void restore(struct diverted *d)
{
    for (int i = 0; i < 2; i++) {
        dup2(d->saved[i], STDOUT_FILENO + i);
        close(d->saved[i]);
    }
}

static int new_file(void)
{
    FILE *file = tmpfile();
    int fd = file ? dup(fileno(file)) : -1;

    assert_true(fd >= 0);
    (void)fclose(file);
    return fd;
}

static struct str content(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = malloc((size_t)size + 1);

    assert_non_null(text);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    text[size] = '\0';
    return (struct str){ text, (size_t)size };
}

static void say(enum log_level level, uint64_t number)
{
    struct log_line line;

    log_begin(&line, level, "test");
    log_number(&line, "n", number);
    log_end(&line);
}

/* ---- what came out ---- */

struct seen {
    uint64_t kept;
    uint64_t lost;
    uint64_t told; /* lines that say how many are lost */
    uint64_t cut;
    uint64_t last; /* the number of the last line */
};

/* Takes one line off the front, the number of which stands where it is expected. */
static bool take(struct str *text, const char *start, struct str *value)
{
    struct str rest;
    struct str line = str_cut(*text, "\n", &rest);

    if (!str_starts(line, str_from(start)))
        return false;
    *value = str_skip(line, strlen(start));
    *text = rest;
    return true;
}

/* Nothing but whole lines with rising numbers, words about lost ones, and ends of cut lines. */
static void read_lines(struct str text, struct seen *seen)
{
    *seen = (struct seen){ 0 };
    assert_true(text.len == 0 || str_ends(text, STR("\n")));
    while (text.len > 0) {
        struct str value = STR("");
        uint64_t number;
        struct str rest;
        if (str_ends(str_cut(text, "\n", &rest), STR("..."))) {
            seen->cut++;
            text = rest;
        } else if (take(&text, "level=warn event=log lost=", &value)) {
            assert_int_equal(str_to_number(value, 1, UINT64_MAX, &number), ERR_NONE);
            seen->lost += number;
            seen->told++;
        } else {
            assert_true(take(&text, "level=info event=test n=", &value) ||
                        take(&text, "level=error event=test n=", &value));
            assert_int_equal(str_to_number(value, seen->last + 1, UINT64_MAX, &number),
                             ERR_NONE);
            seen->last = number;
            seen->kept++;
        }
    }
}

/* Reads page by page until so many lines are accounted for. */
static void read_all(int fd, uint64_t lines, struct buf *text, struct seen *seen)
{
    char page[PIPE_BUF];

    do {
        ssize_t len = read(fd, page, sizeof(page));
        assert_true(len > 0);
        buf_add(text, (struct str){ page, (size_t)len });
        if (page[len - 1] == '\n')
            read_lines((struct str){ text->ptr, text->len }, seen);
    } while (seen->kept + seen->lost < lines);
}

/* ---- tests ---- */

/* Together they fit into one batch. */
enum { THREADS = 4, LINES = 1500 };

static void *say_many(void *owner)
{
    uint64_t first = *(uint64_t *)owner;

    for (uint64_t i = 0; i < LINES; i++)
        say(i % 100 == 99 ? LOG_WARN : LOG_INFO, first + i);
    return NULL;
}

static void all_lines_of_all_threads_are_written_when_the_log_is_closed(void **state)
{
    static bool found[THREADS * LINES];
    int files[] = { new_file(), new_file() };
    pthread_t threads[THREADS];
    uint64_t first[THREADS];
    struct diverted d;
    size_t count = 0;

    (void)state;
    divert(&d, files[0], files[1]);
    assert_int_equal(log_open(), ERR_NONE);
    for (size_t i = 0; i < THREADS; i++) {
        first[i] = i * LINES;
        assert_int_equal(pthread_create(&threads[i], NULL, say_many, &first[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_close();
    restore(&d);
    for (int i = 0; i < 2; i++) {
        struct str all = content(files[i]);
        struct str text = all;
        while (text.len > 0) {
            struct str value;
            uint64_t n;
            assert_true(
                take(&text,
                     i == 0 ? "level=info event=test n=" : "level=warn event=test n=", &value));
            assert_int_equal(str_to_number(value, 0, THREADS * LINES - 1, &n), ERR_NONE);
            assert_int_equal(n % 100 == 99, i == 1);
            assert_false(found[n]);
            /* A thread's lines stay in their order. */
            assert_true(n % LINES == 0 || n % 100 == 99 || n % 100 == 0 || found[n - 1]);
            found[n] = true;
            count++;
        }
        free((void *)(uintptr_t)all.ptr);
        close(files[i]);
    }
    assert_int_equal(count, THREADS * LINES);
}

/* As many as do not fit into both batches and any pipe. */
enum { TOO_MANY = 4 * LOG_BUFFER_BYTES / (int)sizeof("level=info event=test n=") };

static void a_log_that_nobody_reads_holds_up_nobody_and_says_how_many_are_lost(void **state)
{
    static const enum log_level levels[] = { LOG_INFO, LOG_ERROR };
    int elsewhere = new_file();

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct arena mem;
        struct buf text = { .mem = &mem };
        struct diverted d;
        struct seen seen = { 0 };
        int ends[2];
        arena_init(&mem, 16 * TEST_MEMORY);
        assert_int_equal(pipe(ends), 0);
        divert(&d, i == 0 ? ends[1] : elsewhere, i == 1 ? ends[1] : elsewhere);
        close(ends[1]);
        assert_int_equal(log_open(), ERR_NONE);
        for (uint64_t n = 1; n <= TOO_MANY; n++)
            say(levels[i], n); /* who waited for the reader would wait for ever: it is us */
        read_all(ends[0], TOO_MANY, &text, &seen);
        assert_true(seen.told > 0);
        /* A batch at least, which is all if the writer had no turn; lines are a little longer. */
        assert_in_range(seen.kept * sizeof("level=info event=test n="), LOG_BUFFER_BYTES / 2,
                        4 * LOG_BUFFER_BYTES);
        say(levels[i], TOO_MANY + 1);
        log_close();
        restore(&d);
        read_all(ends[0], TOO_MANY + 1, &text, &seen);
        close(ends[0]);
        arena_free(&mem);
        assert_int_equal(seen.kept + seen.lost, TOO_MANY + 1);
        assert_int_equal(seen.last, TOO_MANY + 1);
    }
    assert_int_equal(lseek(elsewhere, 0, SEEK_END), 0);
    close(elsewhere);
}

static void
a_reader_that_is_too_slow_gets_whole_lines_and_the_number_of_the_others(void **state)
{
    struct arena mem;
    struct buf text = { .mem = &mem };
    int elsewhere = new_file();
    struct diverted d;
    struct seen seen = { 0 };
    int ends[2];

    (void)state;
    arena_init(&mem, 16 * TEST_MEMORY);
    assert_int_equal(pipe(ends), 0);
    divert(&d, ends[1], elsewhere);
    close(ends[1]);
    assert_int_equal(log_open(), ERR_NONE);
    for (uint64_t n = 1; n <= 3 * TOO_MANY; n++) {
        say(LOG_INFO, n);
        if (n % 4000 == 0) /* a page for twenty that are said */
            read_all(ends[0], 1, &text, &seen);
    }
    read_all(ends[0], 3 * TOO_MANY, &text, &seen);
    log_close();
    restore(&d);
    assert_int_equal(read(ends[0], (char[1]){ 0 }, 1), 0);
    assert_int_equal(seen.kept + seen.lost, 3 * TOO_MANY);
    assert_true(seen.told > 0);
    assert_int_equal(seen.cut, 0);
    arena_free(&mem);
    close(ends[0]);
    close(elsewhere);
}

/* Five lines for a disk with so much room, and one more when it has room again. */
static void fill_disk(size_t room, bool has_writers, struct seen *seen)
{
    int file = new_file();
    int elsewhere = new_file();
    struct diverted d;
    struct str text;

    divert(&d, file, elsewhere);
    disk_room = room;
    if (has_writers)
        assert_int_equal(log_open(), ERR_NONE);
    for (uint64_t n = 1; n <= 5; n++)
        say(LOG_INFO, n);
    if (has_writers) { /* they have tried when they are gone */
        log_close();
        assert_int_equal(log_open(), ERR_NONE);
    }
    disk_room = NO_DISK;
    say(LOG_INFO, 6);
    if (has_writers)
        log_close();
    restore(&d);
    text = content(file);
    read_lines(text, seen);
    assert_int_equal(seen->kept + seen->lost, 6);
    assert_int_equal(seen->last, 6);
    free((void *)(uintptr_t)text.ptr);
    close(file);
    close(elsewhere);
}

static void a_full_disk_loses_lines_and_says_how_many_when_it_has_room(void **state)
{
    enum {
        LINE = sizeof("level=info event=test n=1"),
        TOLD = sizeof("level=warn event=log lost=5")
    };

    (void)state;
    for (int has_writers = 0; has_writers < 2; has_writers++) {
        for (size_t room = 0; room <= 5 * LINE + 5 + TOLD; room++) {
            struct seen seen;
            fill_disk(room, has_writers, &seen);
            if (room < 5 * LINE)
                assert_true(seen.lost >= 1 && seen.told >= 1);
            else
                assert_int_equal(seen.lost, 0);
            /* Nothing glued: what is there of a cut line has its end. */
            if (room < 5 * LINE && room % LINE > 0)
                assert_true(seen.cut >= 1);
            if (room < LINE)
                assert_int_equal(seen.kept, 1);
        }
    }
}

static void both_streams_in_one_file_keep_the_order_of_lines(void **state)
{
    int file = new_file();
    struct diverted d;
    struct seen seen;
    struct str text;

    (void)state;
    divert(&d, file, file);
    assert_int_equal(log_open(), ERR_NONE);
    for (uint64_t n = 1; n <= LINES; n++)
        say(n % 3 ? LOG_INFO : LOG_ERROR, n);
    log_close();
    restore(&d);
    text = content(file);
    read_lines(text, &seen); /* which are in order */
    assert_int_equal(seen.kept, LINES);
    assert_int_equal(seen.lost, 0);
    free((void *)(uintptr_t)text.ptr);
    close(file);
}

static void without_threads_lines_are_written_as_before(void **state)
{
    (void)state;
    for (int threads = 0; threads < 2; threads++) {
        int files[] = { new_file(), new_file() };
        struct diverted d;
        divert(&d, files[0], files[1]);
        threads_to_be_had = threads;
        assert_int_equal(log_open(), ERR_NO_MEMORY);
        threads_to_be_had = INT_MAX;
        for (uint64_t n = 1; n <= 4; n++)
            say(n % 2 ? LOG_INFO : LOG_ERROR, n);
        restore(&d);
        for (int i = 0; i < 2; i++) {
            struct str text = content(files[i]);
            struct seen seen;
            read_lines(text, &seen);
            assert_int_equal(seen.kept, 2);
            free((void *)(uintptr_t)text.ptr);
            close(files[i]);
        }
    }
}

static void before_it_is_opened_a_log_that_nobody_reads_is_waited_for_once(void **state)
{
    int elsewhere = new_file();
    struct diverted d;
    struct seen seen;
    static char text[4 * LOG_BUFFER_BYTES];
    int ends[2];
    ssize_t len;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 2 * PIPE_BUF) > 0);
    divert(&d, ends[1], elsewhere);
    close(ends[1]);
    polls_that_waited = 0;
    for (uint64_t n = 1; n <= 1000; n++)
        say(LOG_INFO, n);
    assert_int_equal(polls_that_waited, 1);
    len = read(ends[0], text, sizeof(text));
    say(LOG_INFO, 1001);
    restore(&d);
    len += read(ends[0], text + len, sizeof(text) - (size_t)len);
    read_lines((struct str){ text, (size_t)len }, &seen);
    assert_int_equal(seen.kept + seen.lost, 1001);
    assert_int_equal(seen.told, 1);
    assert_int_equal(polls_that_waited, 1);
    close(ends[0]);
    close(elsewhere);
}

/* A process of its own, since the writer stays as long as its process. */
static void say_and_end(int fd)
{
    struct diverted d;

    divert(&d, fd, fd);
    if (log_open())
        _exit(1);
    for (uint64_t n = 1; n <= TOO_MANY; n++)
        say(LOG_INFO, n);
    is_patient = false;
    log_close();
    _exit(0);
}

static void a_log_that_nobody_reads_does_not_keep_the_program_from_its_end(void **state)
{
    int ends[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0)
        say_and_end(ends[1]);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_lines_of_all_threads_are_written_when_the_log_is_closed),
        cmocka_unit_test(a_log_that_nobody_reads_holds_up_nobody_and_says_how_many_are_lost),
        cmocka_unit_test(
            a_reader_that_is_too_slow_gets_whole_lines_and_the_number_of_the_others),
        cmocka_unit_test(a_full_disk_loses_lines_and_says_how_many_when_it_has_room),
        cmocka_unit_test(both_streams_in_one_file_keep_the_order_of_lines),
        cmocka_unit_test(without_threads_lines_are_written_as_before),
        cmocka_unit_test(before_it_is_opened_a_log_that_nobody_reads_is_waited_for_once),
        cmocka_unit_test(a_log_that_nobody_reads_does_not_keep_the_program_from_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
