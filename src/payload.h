/*
 * The host's other way to pass a request on: wrapped into JSON, for functions that are not
 * HTTP alone or when host.json forgets to ask for forwarding.  We do not serve it: a wrapped
 * event has lost its bytes.  But whoever set it up so must be told where they look, and the
 * host shows nobody an answer that is not 2xx.
 *
 * Source: Azure docs, "Azure Functions custom handlers", request and response payload.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "service.h"

/* Is the body {"Data":…,"Metadata":…}? */
bool payload_is_wrapped(const struct http_request *request);

/* Answers it so that the caller sees what is missing in host.json, and the log says so. */
void payload_refuse(struct service *service, struct http_request *request);

#endif
