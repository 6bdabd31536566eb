/*
 * Stands in for HTTP on both sides, for tests of code that only prepares requests and responses:
 * nothing may be sent here.
 */
#include <stdlib.h>

#include "io/http_client.h"
#include "io/http_server.h"

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    (void)loop, (void)options;
    abort();
}

void http_client_free(struct http_client *client)
{
    (void)client;
    abort();
}

const char HTTP_CLIENT_TOO_LATE[] = "timed out in the queue";

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    (void)client, (void)call;
    abort();
}

void http_client_abort(struct http_client *client)
{
    (void)client;
    abort();
}

void http_response_send(struct http_request *request, const struct http_response *response)
{
    (void)request, (void)response;
    abort();
}
