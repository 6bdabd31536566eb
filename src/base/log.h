/*
 * The log: key=value lines.
 *
 * Information goes to stdout, warnings and errors to stderr: the Functions host
 * tells the levels apart by the stream, and a warning by the word "warn" in the
 * line (research: Azure/azure-functions-host, WorkerProcess).  Never given to it:
 * tokens, keys, query strings, payloads.
 *
 * A line lives on the caller's stack and belongs to it.  All of this may be called from any
 * thread, but log_open and log_close.
 *
 * A log that nobody reads, or that is read slowly, loses lines rather than requests, and says how
 * many; so does one on a full disk.  Between log_open and log_close no caller waits for a reader:
 * lines are copied into a buffer, which a thread of the stream's own writes.  What finds no room
 * in it is counted, and told in its place as soon as what stands before it has been written:
 * level=warn event=log lost=N.  Where a write fails, its lines are counted with them and told
 * when one succeeds again.  A line of which a part was written is one of those that are lost; the
 * part ends with "...", so that it is not taken for a line and none is glued to it.  Lines read
 * and lines told as lost are therefore all that there were.
 *
 * The order of lines is kept within a stream, and between both if they are one file.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

/* A line longer than this is cut, visibly. */
#define LOG_LINE_BYTES 1024

/* A value longer than this is cut: it may come from a client. */
#define LOG_VALUE_BYTES 120

/* What a stream keeps for its reader; another one of these is what its writer writes. */
#define LOG_BUFFER_BYTES (256 * 1024)

/* After each write, so much later comes the next one at the earliest. */
#define LOG_GATHER_MS 5

/* How long the program waits for the reader at its start and at its end. */
#define LOG_WAIT_MS 1000

struct log_line {
    enum log_level level;
    size_t len;
    char text[LOG_LINE_BYTES];
};

/* Starts "level=… event=<event>". */
void log_begin(struct log_line *line, enum log_level level, const char *event);

/*
 * Appends " key=value".  A value with anything but letters, digits and ._:/~@+,-
 * is put in quotes, with control characters, quotes and non-ASCII bytes escaped,
 * so that no value can forge a field or a line.
 */
void log_text(struct log_line *line, const char *key, struct str value);
void log_number(struct log_line *line, const char *key, uint64_t value);

/* Writes the line, or leaves it to the writer of its stream. */
void log_end(struct log_line *line);

/* A field of a line; one without a key is left out. */
struct log_field {
    const char *key;
    struct str text;
    uint64_t number;
    bool is_number;
};
#define LOG_TEXT(key, value) ((struct log_field){ (key), (value), 0, false })
#define LOG_NUMBER(key, value)                                                                 \
    ((struct log_field){ (key), { NULL, 0 }, (uint64_t)(value), true })
#define LOG_IF(condition, field)                                                               \
    ((condition) ? (field) : (struct log_field){ NULL, { NULL, 0 }, 0, false })

/* Appends several: log_add(&line, LOG_NUMBER("status", 200), LOG_IF(code, LOG_TEXT("code", code))). */
#define log_add(line, ...)                                                                     \
    log_fields((line), (const struct log_field[]){ __VA_ARGS__ },                              \
               COUNT(((const struct log_field[]){ __VA_ARGS__ })))
void log_fields(struct log_line *line, const struct log_field *fields, size_t count);

/* A whole line: log_event(LOG_WARN, "closed", LOG_NUMBER("slow", 3), LOG_TEXT("why", why)). */
#define log_event(level, event, ...)                                                           \
    log_whole((level), (event), (const struct log_field[]){ __VA_ARGS__ },                     \
              COUNT(((const struct log_field[]){ __VA_ARGS__ })))
void log_whole(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/*
 * Starts the writers.  Before, log_end writes its line itself and waits for a reader, for
 * LOG_WAIT_MS once; only one thread should be running then.  ERR_NO_MEMORY: the system gives us
 * no thread, and all is as before.
 */
MUST_USE enum err log_open(void);

/*
 * Ends the writers when all is written, or after LOG_WAIT_MS: what the reader has not taken by
 * then is lost untold.  Others have to be done with the log.  Afterwards lines are written as
 * before log_open.
 */
void log_close(void);

#endif
