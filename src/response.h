/*
 * Error responses, and the log line that goes with each response: every request leaves exactly
 * one, but the host's own question whether we are there, GET or HEAD of "/", and what is sampled.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "app/app.h"
#include "base/log.h"
#include "io/http_server.h"

/* After a 503, when to come again. */
#define RESPONSE_RETRY_SECONDS "2"

#define NO_HEADER ((struct header){ NO_STR, NO_STR })

/* Starts the line of a request: method, path, bytes, the host's invocation id. */
void response_log(struct log_line *line, enum log_level level,
                  const struct http_request *request);

/* Sends JSON that is for this caller alone.  further: a header, left out if it has no name. */
void response_send_json(struct http_request *request, unsigned status, struct str body,
                        struct header further);

/* {"error":{"code":…,"message":…}}, and a line at level warn; with 503 a Retry-After. */
void response_error(struct http_request *request, unsigned status, const char *code,
                    const char *message);

/*
 * The same for what anybody may do without end: the whole process writes a line a second at most,
 * which says how many others it stands for.
 */
struct response_sample {
    _Atomic int64_t next_ms;   /* on the loops' clock: when a line may be written again */
    _Atomic uint64_t unlogged; /* since the last line */
};
void response_error_sampled(struct http_request *request, unsigned status, const char *code,
                            const char *message, struct response_sample *sample);

/* The HTTP status of a caller that an application has turned away.  500 is its own fault. */
unsigned response_status_of(enum app_refusal refusal);

/* Only the line.  code: NULL, if nothing is wrong.  sample: may be NULL. */
void response_log_outcome(const struct http_request *request, unsigned status, const char *code,
                          const char *message, struct response_sample *sample);

/* 405 with Allow. */
void response_not_allowed(struct http_request *request, struct str allow);

#endif
