#include "plain_target.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_local(struct str host, struct in_addr *out)
{
    char text[INET_ADDRSTRLEN];

    if (str_equal(host, STR("localhost"))) {
        out->s_addr = htonl(INADDR_LOOPBACK);
        return true;
    }
    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET, text, out) == 1 && ntohl(out->s_addr) >> 24 == IN_LOOPBACKNET;
}

bool target_parse(struct str url, struct target *out)
{
    const struct str plain = STR("http://"), secure = STR("https://");
    const char *slash;
    struct str port;
    uint64_t number;

    out->is_secure = str_starts(url, secure);
    if (!out->is_secure && !str_starts(url, plain))
        return false;
    number = out->is_secure ? 443 : 80;
    url = str_skip(url, out->is_secure ? secure.len : plain.len);
    slash = memchr(url.ptr, '/', url.len);
    out->authority = slash ? str_first(url, (size_t)(slash - url.ptr)) : url;
    out->path = slash ? str_skip(url, out->authority.len) : STR("/");
    out->address = (struct sockaddr_in){ .sin_family = AF_INET };
    if (!is_local(str_cut(out->authority, ":", &port), &out->address.sin_addr))
        return false;
    if (port.ptr && str_to_number(port, 1, 65535, &number))
        return false;
    out->address.sin_port = htons((uint16_t)number);
    return true;
}

bool target_takes_body(const struct http_call *call)
{
    return strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0;
}

enum err target_write_head(const struct target *target, const struct http_call *call,
                           struct str user_agent, struct str *out)
{
    struct buf head = { .mem = call->mem };

    buf_reserve(&head, 1024);
    buf_add_all(&head, str_from(call->method), STR(" "), target->path,
                STR(" HTTP/1.1\r\nHost: "), target->authority, STR("\r\n"), user_agent,
                STR("\r\n"));
    for (size_t i = 0; i < HTTP_CLIENT_MAX_HEADERS && call->headers[i]; i++)
        buf_add_all(&head, str_from(call->headers[i]), STR("\r\n"));
    if (target_takes_body(call)) {
        buf_add(&head, STR("Content-Length: "));
        buf_add_number(&head, call->body.len);
        buf_add(&head, STR("\r\n"));
    }
    buf_add(&head, STR("\r\n"));
    return buf_done(&head, out);
}
