#include "response.h"

#include <stdatomic.h>

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
                  const struct http_request *request)
{
    struct str invocation = invocation_of(request);

    log_begin(line, level, "request");
    log_add(line, LOG_TEXT("method", request->method), LOG_TEXT("path", request->path),
            LOG_NUMBER("bytes", request->body.len),
            LOG_NUMBER("ms", loop_now_ms(request->loop) - request->started_ms),
            LOG_IF(invocation.len > 0, LOG_TEXT("invocation", invocation)));
}

void response_send_json(struct http_request *request, unsigned status, struct str body,
                        struct header further)
{
    struct http_response response = {
        .status = status,
        .headers = { { STR("Content-Type"), STR("application/json") },
                     { STR("Cache-Control"), STR("no-store") },
                     further },
        .header_count = further.name.len > 0 ? 3 : 2,
        .body = body,
    };

    http_response_send(request, &response);
}

/* Says whether this request has a line, and for how many others the line stands. */
static bool has_line(const struct http_request *request, struct response_sample *sample,
                     uint64_t *others)
{
    int64_t now_ms = loop_now_ms(request->loop), next_ms;

    *others = 0;
    if (!sample)
        return true;
    next_ms = atomic_load(&sample->next_ms);
    /* If several loops see that it is time, one of them writes. */
    if (now_ms < next_ms ||
        !atomic_compare_exchange_strong(&sample->next_ms, &next_ms, now_ms + SAMPLE_MS)) {
        atomic_fetch_add(&sample->unlogged, 1);
        return false;
    }
    *others = atomic_exchange(&sample->unlogged, 0);
    return true;
}

void response_log_outcome(const struct http_request *request, unsigned status, const char *code,
                          const char *message, struct response_sample *sample)
{
    struct log_line line;
    uint64_t others;

    if (!has_line(request, sample, &others))
        return;
    response_log(&line, code ? LOG_WARN : LOG_INFO, request);
    log_add(&line, LOG_NUMBER("status", status), LOG_IF(code, LOG_TEXT("code", str_from(code))),
            LOG_IF(code, LOG_TEXT("reason", str_from(message))),
            LOG_IF(others > 0, LOG_NUMBER("others", others)));
    log_end(&line);
}

unsigned response_status_of(enum app_refusal refusal)
{
    static const unsigned statuses[] = {
        [APP_FORBIDDEN] = 403, [APP_WRITERS_WORD] = 403, [APP_NO_USER] = 401,
        [APP_BUSY] = 503,      [APP_INTERNAL] = 500,
    };
    unsigned status = refusal < COUNT(statuses) ? statuses[refusal] : 0;

    return status ? status : 400;
}

/* further: a header, left out if it has no name. */
static void refuse(struct http_request *request, unsigned status, const char *code,
                   const char *message, struct response_sample *sample, struct header further)
{
    struct buf text = { .mem = &request->mem };
    struct str body;

    response_log_outcome(request, status, code, message, sample);
    buf_add_all(&text, STR("{\"error\":{\"code\":\""), str_from(code), STR("\",\"message\":"));
    json_add_string(&text, str_from(message)); /* may be a library's own words */
    buf_add(&text, STR("}}"));
    if (buf_done(&text, &body))
        body = STR("{\"error\":{\"code\":\"NoMemory\",\"message\":\"no memory\"}}");
    response_send_json(request, status, body, further);
}

void response_error(struct http_request *request, unsigned status, const char *code,
                    const char *message)
{
    response_error_sampled(request, status, code, message, NULL);
}

void response_error_sampled(struct http_request *request, unsigned status, const char *code,
                            const char *message, struct response_sample *sample)
{
    const struct header retry = { STR("Retry-After"), STR(RESPONSE_RETRY_SECONDS) };

    refuse(request, status, code, message, sample, status == 503 ? retry : NO_HEADER);
}

void response_not_allowed(struct http_request *request, struct str allow)
{
    refuse(request, 405, "MethodNotAllowed", "this path has no such method", NULL,
           (struct header){ STR("Allow"), allow });
}
