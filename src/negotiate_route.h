/*
 * /negotiate and /register over HTTP.  With an access key the token is made at once; with a
 * managed identity the service makes it, and the request waits.
 */
#ifndef NEGOTIATE_ROUTE_H
#define NEGOTIATE_ROUTE_H

#include "service.h"

/* {"room_id":…,"writer_key":…}, or a request that the host has wrapped with all its headers */
#define NEGOTIATE_MAX_BODY_BYTES (16 * 1024)

void serve_negotiate(struct service *service, struct http_request *request);
void serve_register(struct service *service, struct http_request *request);

#endif
