#include "response.h"

#include <stdatomic.h>

#include "payload.h"
#include "wire/json.h"

#define SAMPLE_MS 1000

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

void response_log(struct log_line *line, enum log_level level,
                  const struct http_request *request, int64_t now_ms)
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

static void send_wrapped(struct http_request *request, const struct http_response *response)
{
    struct http_response wrapped;

    if (!payload_wrap(response, &request->mem, &wrapped))
        http_response_send(request, &wrapped);
    else
        http_response_send(request, &(struct http_response){ .status = 503 });
}

void response_send(struct http_request *request, const struct http_response *response)
{
    if (request->is_wrapped)
        send_wrapped(request, response);
    else
        http_response_send(request, response);
}

static void send_error(struct http_request *request, struct http_response *response,
                       const char *code, const char *message)
{
    struct buf body = { .mem = &request->mem };

    buf_add_all(&body, STR("{\"error\":{\"code\":\""), str_from(code), STR("\",\"message\":"));
    json_add_string(&body, str_from(message)); /* may be a library's own words */
    buf_add(&body, STR("}}"));
    if (buf_done(&body, &response->body))
        response->body = STR("{\"error\":{\"code\":\"NoMemory\",\"message\":\"no memory\"}}");
    response->headers[response->header_count++] =
        (struct header){ STR("Content-Type"), STR("application/json") };
    response->headers[response->header_count++] =
        (struct header){ STR("Cache-Control"), STR("no-store") };

    if (response->status == 503)
        response->headers[response->header_count++] =
            (struct header){ STR("Retry-After"), STR(RESPONSE_RETRY_SECONDS) };
    response_send(request, response);
}

/* others: so many that are like this one leave no line. */
static void log_error(const struct http_request *request, unsigned status, const char *code,
                      const char *message, uint64_t others, int64_t now_ms)
{
    struct log_line line;

    response_log(&line, LOG_WARN, request, now_ms);
    log_number(&line, "status", status);
    log_text(&line, "code", str_from(code));
    log_text(&line, "reason", str_from(message));
    if (others > 0)
        log_number(&line, "others", others);
    log_end(&line);
}

void response_error(struct http_request *request, unsigned status, const char *code,
                    const char *message, int64_t now_ms)
{
    struct http_response response = { .status = status };

    log_error(request, status, code, message, 0, now_ms);
    send_error(request, &response, code, message);
}

void response_error_sampled(struct http_request *request, unsigned status, const char *code,
                            const char *message, int64_t now_ms, struct response_sample *sample)
{
    struct http_response response = { .status = status };
    int64_t next_ms = atomic_load(&sample->next_ms);

    /* Of several loops that see that it is time, one writes. */
    if (now_ms >= next_ms &&
        atomic_compare_exchange_strong(&sample->next_ms, &next_ms, now_ms + SAMPLE_MS))
        log_error(request, status, code, message, atomic_exchange(&sample->unlogged, 0),
                  now_ms);
    else
        atomic_fetch_add(&sample->unlogged, 1);
    send_error(request, &response, code, message);
}

void response_not_allowed(struct http_request *request, struct str allow, int64_t now_ms)
{
    struct http_response response = {
        .status = 405,
        .headers = { { STR("Allow"), allow } },
        .header_count = 1,
    };

    log_error(request, response.status, "MethodNotAllowed", "this path has no such method", 0,
              now_ms);
    send_error(request, &response, "MethodNotAllowed", "this path has no such method");
}
