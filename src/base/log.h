/*
 * The log: key=value lines.
 *
 * Information goes to stdout, warnings and errors to stderr: the Functions host
 * tells the levels apart by the stream, and a warning by the word "warn" in the
 * line (research: Azure/azure-functions-host, WorkerProcess).  Never given to it:
 * tokens, keys, query strings, payloads.
 *
 * A line lives on the caller's stack and belongs to it; writing is safe from any
 * thread, since a write of whole lines, as long as a pipe takes at once, is not torn.
 *
 * Who does not read the log does not hold up the program: a line waits for a moment, then it
 * is dropped, and those that follow at once, until there is room again.  How many are missing
 * is told then: level=warn event=log lost=N.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };

/* A line longer than this is cut, visibly. */
#define LOG_LINE_BYTES 1024

/* A value longer than this is cut: it may come from a client. */
#define LOG_VALUE_BYTES 120

/* A full pipe is waited for no longer than this. */
#define LOG_WAIT_MS 100

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

/* Writes the line, now or, if this thread gathers, at the next log_flush. */
void log_end(struct log_line *line);

/*
 * From now on information of this thread waits for log_flush, or for a warning, so that many
 * lines cost one write.  What waits is lost if the process crashes.
 */
void log_gather(void);

/* Writes what this thread has gathered. */
void log_flush(void);

#endif
