#include "answer.h"

#include "payload.h"

/*
 * A host that forwards joins its own id to the one that the caller sent, as it does with all
 * headers of one name: "the caller's, the host's".
 */
static struct str invocation_of(const struct http_request *request)
{
    struct str id = http_request_header(request, STR("X-Azure-Functions-InvocationId"));
    size_t start = id.len;

    while (start > 0 && id.ptr[start - 1] != ',')
        start--;
    return str_trim(str_skip(id, start));
}

void answer_log(struct log_line *line, enum log_level level, const struct http_request *request,
                int64_t now_ms)
{
    struct str invocation = invocation_of(request);

    log_begin(line, level, "request");
    log_text(line, "method", request->method);
    log_text(line, "path", request->path);
    log_number(line, "bytes", request->body.len);
    log_number(line, "ms", (uint64_t)(now_ms - request->started_ms));
    if (invocation.len > 0)
        log_text(line, "invocation", invocation);
    if (request->is_wrapped)
        log_text(line, "wrapped", STR("yes"));
}

void answer_send(struct http_request *request, const struct http_answer *answer)
{
    struct http_answer wrapped;

    if (!request->is_wrapped)
        http_answer_send(request, answer);
    else if (!payload_wrap(answer, &request->mem, &wrapped))
        http_answer_send(request, &wrapped);
    else
        http_answer_send(request, &(struct http_answer){ .status = 503 });
}

static void send_error(struct http_request *request, struct http_answer *answer,
                       const char *code, const char *message, int64_t now_ms)
{
    struct buf body = { .mem = &request->mem };
    struct log_line line;

    buf_add_all(&body, STR("{\"error\":{\"code\":\""), str_from(code), STR("\",\"message\":\""),
                str_from(message), STR("\"}}"));
    if (buf_done(&body, &answer->body))
        answer->body = STR("{\"error\":{\"code\":\"NoMemory\",\"message\":\"no memory\"}}");
    answer->headers[answer->header_count++] =
        (struct header){ STR("Content-Type"), STR("application/json") };
    answer->headers[answer->header_count++] =
        (struct header){ STR("Cache-Control"), STR("no-store") };

    if (answer->status == 503)
        answer->headers[answer->header_count++] =
            (struct header){ STR("Retry-After"), STR(ANSWER_RETRY_SECONDS) };

    answer_log(&line, LOG_WARN, request, now_ms);
    log_number(&line, "status", answer->status);
    log_text(&line, "code", str_from(code));
    log_text(&line, "reason", str_from(message));
    log_end(&line);
    answer_send(request, answer);
}

void answer_error(struct http_request *request, unsigned status, const char *code,
                  const char *message, int64_t now_ms)
{
    struct http_answer answer = { .status = status };

    send_error(request, &answer, code, message, now_ms);
}

void answer_not_allowed(struct http_request *request, const char *allow, int64_t now_ms)
{
    struct http_answer answer = {
        .status = 405,
        .headers = { { STR("Allow"), str_from(allow) } },
        .header_count = 1,
    };

    send_error(request, &answer, "MethodNotAllowed", "this path has no such method", now_ms);
}
