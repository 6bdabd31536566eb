#include "payload.h"

#include "answer.h"
#include "wire/json.h"

#define ADVICE "set customHandler.enableForwardingHttpRequest to true in host.json"

bool payload_is_wrapped(const struct http_request *request)
{
    struct json_field fields[] = { { .name = STR("Data") }, { .name = STR("Metadata") } };

    return str_equal(request->method, STR("POST")) &&
           str_starts_nocase(http_request_header(request, STR("Content-Type")),
                             STR("application/json")) &&
           !json_members(request->body, fields, COUNT(fields)) && fields[0].value.ptr &&
           fields[1].value.ptr;
}

void payload_refuse(struct service *service, struct http_request *request)
{
    static const struct http_answer answer = {
        .status = 200,
        .headers = { { STR_INIT("Content-Type"), STR_INIT("application/json") } },
        .header_count = 1,
        .body = STR_INIT("{\"Outputs\":{\"res\":{\"statusCode\":500,"
                         "\"headers\":{\"Content-Type\":\"application/json\"},"
                         "\"body\":\"{\\\"error\\\":{\\\"code\\\":\\\"NotForwarded\\\","
                         "\\\"message\\\":\\\"" ADVICE "\\\"}}\"}},"
                         "\"Logs\":[\"" ADVICE "\"],\"ReturnValue\":null}"),
    };
    struct log_line line;

    answer_log(&line, LOG_ERROR, request, loop_now_ms(service->loop));
    log_text(&line, "problem", STR("the host wraps requests into JSON: " ADVICE));
    log_end(&line);
    http_answer_send(request, &answer);
}
