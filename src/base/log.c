#include "base/log.h"

#include <errno.h>
#include <limits.h>
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

/* A log that cannot be written is nobody's business to report. */
static void write_text(int fd, const char *text, size_t len)
{
    ssize_t written;

    do {
        written = write(fd, text, len);
    } while (written < 0 && errno == EINTR);
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
        write_text(STDOUT_FILENO, gathered.text, gathered.len);
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
    if (line->len == sizeof(line->text) - TAIL_BYTES) {
        memcpy(line->text + line->len, cut_mark.ptr, cut_mark.len);
        line->len += cut_mark.len;
    }
    line->text[line->len++] = '\n';
    if (line->level == LOG_INFO && gathered.is_on) {
        gather(line);
        return;
    }
    log_flush();
    write_text(line->level == LOG_INFO ? STDOUT_FILENO : STDERR_FILENO, line->text, line->len);
}
