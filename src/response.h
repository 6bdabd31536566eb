/*
 * Answers and the log line that goes with each: every request leaves exactly one, but the
 * host's own question whether we are there, GET or HEAD of "/", and what is sampled.
 */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "base/log.h"
#include "io/http_server.h"

/* After a 503, when to come again. */
#define RESPONSE_RETRY_SECONDS "2"

/* Starts the line of a request: method, path, bytes, the host's invocation id. */
void response_log(struct log_line *line, enum log_level level,
                  const struct http_request *request, int64_t now_ms);

/*
 * Sends an answer, wrapped if the request was.  The log line is the caller's.  answer may go
 * when this returns, its body lives as long as the request.
 */
void response_send(struct http_request *request, const struct http_response *response);

/* {"error":{"code":…,"message":…}}, and a line at level warn; with 503 a Retry-After. */
void response_error(struct http_request *request, unsigned status, const char *code,
                    const char *message, int64_t now_ms);

/*
 * The same for what somebody may do without end: a line a second at most in the whole process,
 * which says how many others it stands for.
 */
struct response_sample {
    _Atomic int64_t next_ms;   /* on the loops' clock: when a line may be written again */
    _Atomic uint64_t unlogged; /* since the last line */
};
void response_error_sampled(struct http_request *request, unsigned status, const char *code,
                            const char *message, int64_t now_ms,
                            struct response_sample *sample);

/* 405 with Allow. */
void response_not_allowed(struct http_request *request, struct str allow, int64_t now_ms);

#endif
