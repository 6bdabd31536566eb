/*
 * A stand-in for the REST side of the service, of which only the time counts: every request that
 * is no GET is answered 202 after a delay.  It checks nothing: what the handler sends is judged
 * by the tests and their stand-ins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "server.h"
#include "stream.h"

#define MAX_ANSWER_BYTES (64 * 1024 * 1024)
#define MAX_DELAY_MS (3600 * 1000)

static const char usage[] =
    "usage: rest [--port PORT] [--delay-ms MS] [--status CODE] [--answer-bytes N]\n"
    "            [--prompt N] [--certificate FILE --key FILE]\n"
    "\n"
    "Prints \"listening PORT\".  POST, PUT and DELETE are answered after MS (0), but the\n"
    "first N (0) at once, with CODE (202) and a body of N bytes (0); over TLS if there is a\n"
    "certificate.  GET /stats tells what came, itself included among the\n"
    "connections: {\"connections\":accepted,\"requests\":n,\"bytes\":of their bodies}\n";

struct rest {
    struct server server;
    struct str answer;
    uint64_t requests, bytes, prompt;
    char stats[256];
};

static struct str tell_stats(struct rest *rest)
{
    char body[128];
    int len =
        snprintf(body, sizeof(body), "{\"connections\":%llu,\"requests\":%llu,\"bytes\":%llu}",
                 (unsigned long long)rest->server.accepted, (unsigned long long)rest->requests,
                 (unsigned long long)rest->bytes);

    snprintf(
        rest->stats, sizeof(rest->stats),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
        len, body);
    return str_from(rest->stats);
}

static struct server_answer answer(void *owner, const struct server_request *request)
{
    struct rest *rest = owner;

    if (str_equal(request->method, STR("GET")) && str_equal(request->path, STR("/stats")))
        return (struct server_answer){ tell_stats(rest), false };
    if (str_equal(request->method, STR("GET")))
        return (struct server_answer){
            STR("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), false
        };
    rest->requests++;
    rest->bytes += request->body_bytes;
    return (struct server_answer){ rest->answer, rest->requests > rest->prompt };
}

/* Lives as long as the process. */
static bool make_answer(struct rest *rest, unsigned status, size_t body_bytes)
{
    char head[256];
    int head_len = snprintf(head, sizeof(head),
                            "HTTP/1.1 %u Whatever\r\nContent-Length: %zu\r\n"
                            "x-ms-request-id: 00000000000000000000000000000000\r\n\r\n",
                            status, body_bytes);
    char *text = malloc((size_t)head_len + body_bytes);

    if (!text)
        return false;
    memcpy(text, head, (size_t)head_len);
    memset(text + head_len, 'x', body_bytes);
    rest->answer = (struct str){ text, (size_t)head_len + body_bytes };
    return true;
}

int main(int argc, char **argv)
{
    static struct rest rest;
    uint64_t port = 0, delay_ms = 0, status = 202, answer_bytes = 0;
    const char *certificate = NULL, *key = NULL;
    const struct option options[] = {
        { "--port", .number = &port, .max = 65535 },
        { "--delay-ms", .number = &delay_ms, .max = MAX_DELAY_MS },
        { "--status", .number = &status, .min = 200, .max = 599 },
        { "--answer-bytes", .number = &answer_bytes, .max = MAX_ANSWER_BYTES },
        { "--prompt", .number = &rest.prompt, .max = UINT64_MAX },
        { "--certificate", .text = &certificate },
        { "--key", .text = &key },
    };

    (void)options_read(argc, argv, options, COUNT(options), usage);
    if (!make_answer(&rest, (unsigned)status, (size_t)answer_bytes)) {
        fputs("no memory for the answer\n", stderr);
        return EXIT_FAILURE;
    }
    if (certificate && key)
        rest.server.tls = stream_serving(certificate, key);
    if ((certificate || key) && !rest.server.tls) {
        fputs("TLS needs a certificate and its key\n", stderr);
        return EXIT_FAILURE;
    }
    rest.server.answer = answer;
    rest.server.owner = &rest;
    rest.server.delay_ns = (int64_t)delay_ms * 1000000;
    return server_run(&rest.server, (unsigned)port);
}
