#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
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

static void put_key(struct log_line *line, const char *key)
{
    put(line, STR(" "));
    put(line, str_from(key));
    put(line, STR("="));
}

static bool is_plain(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
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
        put(line, (struct str){ (const char *)&c, 1 });
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
        put(line, STR("\""));
        for (size_t i = 0; i < value.len; i++)
            put_escaped(line, (unsigned char)value.ptr[i]);
        put(line, STR("\""));
    }
    if (cut)
        put(line, cut_mark);
}

void log_number(struct log_line *line, const char *key, uint64_t value)
{
    put_key(line, key);
    put(line, str_of_number(value, (char[NUMBER_CHARS]){ 0 }));
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

/* Where lines go, and what became of those before. */
struct stream {
    int fd;
    bool is_stuck; /* nobody reads: no line waits until somebody does */
    uint64_t lost; /* lines */
};

/*
 * One thread writes at a time.  Two that had both found room for one could both take it, and
 * the second would wait for a reader that may never come.
 */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static struct stream streams[] = { { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };

static struct stream *stream_of(enum log_level level)
{
    return &streams[level == LOG_INFO ? 0 : 1];
}

/* Room for what a pipe takes at once, now or after a moment. */
static bool has_room(struct stream *stream)
{
    struct pollfd ready = { .fd = stream->fd, .events = POLLOUT };
    int count;

    do {
        count = poll(&ready, 1, stream->is_stuck ? 0 : LOG_WAIT_MS);
    } while (count < 0 && errno == EINTR);
    stream->is_stuck = count == 0;
    return !stream->is_stuck;
}

/* A log that cannot be written is nobody's business to report. */
static void write_all(int fd, const char *text, size_t len)
{
    ssize_t written;

    do {
        written = write(fd, text, len);
    } while (written < 0 && errno == EINTR);
}

static uint64_t count_lines(const char *text, size_t len)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

/* In the place of those that are missing. */
static void tell_lost(struct stream *stream)
{
    struct log_line line;

    log_begin(&line, LOG_WARN, "log");
    log_number(&line, "lost", stream->lost);
    end_line(&line);
    stream->lost = 0;
    write_all(stream->fd, line.text, line.len);
}

/* Whole lines, at most PIPE_BUF bytes of them. */
static void write_text(struct stream *stream, const char *text, size_t len)
{
    pthread_mutex_lock(&writing);
    if (stream->lost > 0 && has_room(stream))
        tell_lost(stream);
    if (has_room(stream))
        write_all(stream->fd, text, len);
    else
        stream->lost += count_lines(text, len);
    pthread_mutex_unlock(&writing);
}

/* Whole lines of one thread, at most as many as a pipe takes at once. */
static _Thread_local struct {
    bool is_on;
    size_t len;
    char text[PIPE_BUF];
} gathered;

void log_gather(void)
{
    gathered.is_on = true;
}

void log_flush(void)
{
    if (gathered.len > 0)
        write_text(stream_of(LOG_INFO), gathered.text, gathered.len);
    gathered.len = 0;
}

static void gather(const struct log_line *line)
{
    if (line->len > sizeof(gathered.text) - gathered.len)
        log_flush();
    memcpy(gathered.text + gathered.len, line->text, line->len);
    gathered.len += line->len;
}

void log_end(struct log_line *line)
{
    end_line(line);
    if (line->level == LOG_INFO && gathered.is_on) {
        gather(line);
        return;
    }
    log_flush();
    write_text(stream_of(line->level), line->text, line->len);
}
