#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What ends a line or value that was cut. */
static const struct str cut_mark = STR_INIT("...");

/* Room that log_end needs for its mark and newline. */
#define TAIL_BYTES 4

static void put(struct log_line *line, struct str s)
{
    size_t room = sizeof(line->text) - TAIL_BYTES - line->len;

    if (s.len > room) /* log_end sees a full line and marks it */
        s.len = room;
    memcpy(line->text + line->len, s.ptr, s.len);
    line->len += s.len;
}

static void put_char(struct log_line *line, char c)
{
    if (line->len < sizeof(line->text) - TAIL_BYTES)
        line->text[line->len++] = c;
}

static void put_key(struct log_line *line, const char *key)
{
    put_char(line, ' ');
    put(line, str_from(key));
    put_char(line, '=');
}

static bool is_plain(unsigned char c)
{
    unsigned char lower = c | 0x20;

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._:/~@+,-", c));
}

static void put_escaped(struct log_line *line, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char escape[] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

    if (c == '"' || c == '\\')
        put(line, (struct str){ (const char[]){ '\\', (char)c }, 2 });
    else if (c < 0x20 || c > 0x7e)
        put(line, (struct str){ escape, sizeof(escape) });
    else
        put_char(line, (char)c);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    static const struct str names[] = { STR_INIT("level=info"), STR_INIT("level=warn"),
                                        STR_INIT("level=error") };

    line->level = level;
    line->len = 0;
    put(line, names[level]);
    log_text(line, "event", str_from(event));
}

void log_text(struct log_line *line, const char *key, struct str value)
{
    bool plain = value.len > 0;
    bool cut = value.len > LOG_VALUE_BYTES;

    if (cut)
        value.len = LOG_VALUE_BYTES;
    for (size_t i = 0; plain && i < value.len; i++)
        plain = is_plain((unsigned char)value.ptr[i]);
    put_key(line, key);
    if (plain) {
        put(line, value);
    } else {
        put_char(line, '"');
        for (size_t i = 0; i < value.len; i++)
            put_escaped(line, (unsigned char)value.ptr[i]);
        put_char(line, '"');
    }
    if (cut)
        put(line, cut_mark);
}

void log_number(struct log_line *line, const char *key, uint64_t value)
{
    put_key(line, key);
    put(line, DECIMAL(value));
}

void log_fields(struct log_line *line, const struct log_field *fields, size_t count)
{
    for (const struct log_field *field = fields; field < fields + count; field++) {
        if (field->key && field->is_number)
            log_number(line, field->key, field->number);
        else if (field->key)
            log_text(line, field->key, field->text);
    }
}

static void end_line(struct log_line *line)
{
    if (line->len == sizeof(line->text) - TAIL_BYTES) {
        memcpy(line->text + line->len, cut_mark.ptr, cut_mark.len);
        line->len += cut_mark.len;
    }
    line->text[line->len++] = '\n';
}

/* ---- writing ---- */

/* Whole lines that wait to be written, and how many found no room behind them. */
struct batch {
    size_t len;
    uint64_t lost;
    char text[LOG_BUFFER_BYTES];
};

/*
 * Where lines go.  The lock is held for as long as it takes to copy them, and never while a
 * reader is waited for.  The stream's writer, a thread of its own, waits with one batch while
 * the other one is filled.
 */
struct stream {
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* there are lines, no more will come, or the writer is done */
    pthread_t writer;
    bool has_writer;
    bool is_ending;
    unsigned filling; /* of the batches */
    struct batch batches[2];
    /* These belong to the thread that writes. */
    bool is_cut;   /* what was written last is not the end of a line */
    uint64_t lost; /* lines that could not be written, which has not been told yet */
};

#define STREAM(number)                                                                         \
    {                                                                                          \
        .fd = (number), .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER \
    }

static struct stream streams[] = { STREAM(STDOUT_FILENO), STREAM(STDERR_FILENO) };

/* Both streams end in one file: then one writer keeps the lines in their order. */
static bool is_one_file;

/* poll's word for a reader that may take as long as it likes. */
#define FOR_EVER (-1)

static struct stream *stream_of(enum log_level level)
{
    return &streams[level == LOG_INFO || is_one_file ? 0 : 1];
}

static uint64_t count_lines(const char *text, size_t len)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

/*
 * Waits until the descriptor takes something.  It is not ours alone, so it blocks or not as
 * others want it.
 */
static bool has_room(int fd, int wait_ms)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int count;

    do {
        count = poll(&ready, 1, wait_ms);
    } while (count < 0 && errno == EINTR);
    return count != 0; /* what is wrong with it, write will say */
}

/* Returns how many bytes could not be written. */
static size_t write_bytes(struct stream *stream, const char *text, size_t len, int wait_ms)
{
    while (len > 0 && has_room(stream->fd, wait_ms)) {
        ssize_t written = write(stream->fd, text, len);
        if (written > 0) {
            text += written;
            len -= (size_t)written;
            stream->is_cut = text[-1] != '\n';
        } else if (written == 0 || (errno != EINTR && errno != EAGAIN)) {
            break;
        }
    }
    return len;
}

/* Ends a line that was cut, and says how many are missing.  false: there is still no room. */
static bool tell_lost(struct stream *stream, int wait_ms)
{
    static const char end_of_cut[] = "...\n";
    struct log_line line;

    if (stream->is_cut && write_bytes(stream, end_of_cut, strlen(end_of_cut), wait_ms) > 0)
        return false;
    log_begin(&line, LOG_WARN, "log");
    log_number(&line, "lost", stream->lost);
    end_line(&line);
    if (write_bytes(stream, line.text, line.len, wait_ms) > 0)
        return false;
    stream->lost = 0;
    return true;
}

/* As many whole lines as a pipe takes at once, so that another writer cannot tear one. */
static size_t first_lines(const char *text, size_t len)
{
    if (len <= PIPE_BUF)
        return len;
    return (size_t)((const char *)memrchr(text, '\n', PIPE_BUF) - text) + 1;
}

static void write_lines(struct stream *stream, const char *text, size_t len, int wait_ms)
{
    while (len > 0) {
        size_t now = first_lines(text, len);
        size_t left = now;

        if (stream->lost == 0 || tell_lost(stream, wait_ms))
            left = write_bytes(stream, text, now, wait_ms);
        stream->lost += count_lines(text + now - left, left);
        text += now;
        len -= now;
    }
}

static void write_batch(struct stream *stream, const struct batch *batch)
{
    write_lines(stream, batch->text, batch->len, FOR_EVER);
    stream->lost += batch->lost;
    if (stream->lost > 0)
        (void)tell_lost(stream, FOR_EVER);
}

/* ---- the writer ---- */

/* Waits for lines.  NULL: no more will come. */
static struct batch *take_batch(struct stream *stream)
{
    struct batch *batch = &stream->batches[stream->filling];

    while (batch->len == 0 && !stream->is_ending)
        pthread_cond_wait(&stream->changed, &stream->lock);
    if (batch->len == 0)
        return NULL;
    stream->filling = !stream->filling;
    return batch;
}

static void *run_writer(void *owner)
{
    struct stream *stream = owner;
    struct batch *batch;

    pthread_mutex_lock(&stream->lock);
    while ((batch = take_batch(stream))) {
        pthread_mutex_unlock(&stream->lock);
        write_batch(stream, batch);
        /* So that lines of many turns become one write, and wake no writer each. */
        (void)nanosleep(&(struct timespec){ .tv_nsec = LOG_GATHER_MS * 1000000L }, NULL);
        pthread_mutex_lock(&stream->lock);
        batch->len = 0;
        batch->lost = 0;
    }
    stream->has_writer = false;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    return NULL;
}

static bool are_one_file(int a, int b)
{
    struct stat of_a, of_b;

    return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
           of_a.st_ino == of_b.st_ino;
}

enum err log_open(void)
{
    is_one_file = are_one_file(STDOUT_FILENO, STDERR_FILENO);
    for (size_t i = 0; i < (is_one_file ? 1 : COUNT(streams)); i++) {
        struct stream *stream = &streams[i];
        assert(!stream->has_writer);
        stream->has_writer = true;
        stream->is_ending = false;
        if (pthread_create(&stream->writer, NULL, run_writer, stream) != 0) {
            stream->has_writer = false;
            log_close();
            return ERR_NO_MEMORY;
        }
    }
    return ERR_NONE;
}

static void end_writer(struct stream *stream, const struct timespec *deadline)
{
    bool is_late = false;

    pthread_mutex_lock(&stream->lock);
    stream->is_ending = true;
    pthread_cond_broadcast(&stream->changed);
    while (stream->has_writer && !is_late)
        is_late = pthread_cond_clockwait(&stream->changed, &stream->lock, CLOCK_MONOTONIC,
                                         deadline) != 0;
    is_late = stream->has_writer;
    pthread_mutex_unlock(&stream->lock);
    /* A writer whose reader takes nothing is left to end with the process. */
    if (is_late)
        pthread_detach(stream->writer);
    else
        pthread_join(stream->writer, NULL);
}

void log_close(void)
{
    struct timespec deadline;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += LOG_WAIT_MS / 1000;
    for (size_t i = 0; i < COUNT(streams); i++) {
        if (streams[i].has_writer)
            end_writer(&streams[i], &deadline);
    }
}

/* ---- handing over ---- */

/*
 * Adds a line to a batch.  If one finds no room, those that follow it are missing with it, which
 * is told once.
 */
static void add_line(struct batch *batch, const struct log_line *line)
{
    if (batch->lost > 0 || line->len > sizeof(batch->text) - batch->len) {
        batch->lost++;
        return;
    }
    memcpy(batch->text + batch->len, line->text, line->len);
    batch->len += line->len;
}

void log_end(struct log_line *line)
{
    struct stream *stream = stream_of(line->level);

    end_line(line);
    pthread_mutex_lock(&stream->lock);
    if (stream->has_writer) {
        add_line(&stream->batches[stream->filling], line);
        pthread_cond_signal(&stream->changed);
    } else {
        /* Without a writer we wait ourselves, but only once for a reader that is slow. */
        write_lines(stream, line->text, line->len, stream->lost > 0 ? 0 : LOG_WAIT_MS);
    }
    pthread_mutex_unlock(&stream->lock);
}

void log_whole(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    struct log_line line;

    log_begin(&line, level, event);
    log_fields(&line, fields, count);
    log_end(&line);
}
