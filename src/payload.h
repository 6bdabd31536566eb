/*
 * The host's other way to pass a request on: wrapped into JSON, when host.json does not ask
 * for forwarding.  It works, but costs more, and a text that is not UTF-8 does not survive
 * it.
 *
 * Source: Azure docs, "Azure Functions custom handlers", request and response payload.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "io/http_server.h"

/* What to do about it. */
#define PAYLOAD_ADVICE "set customHandler.enableForwardingHttpRequest to true in host.json"

/* Headers, and parameters of a query, of a wrapped request. */
#define PAYLOAD_MAX_PAIRS 128

/*
 * Can only its body tell whether it is wrapped?  Of a body that was cut or thrown away nobody
 * knows: whoever knows that the request cannot be anything else sets is_wrapped, so that the
 * answer is one that the host passes on.  It has no acknowledgement, whose id was inside.
 */
bool payload_may_be(const struct http_request *request);

/*
 * If the body is {"Data":{"req":…},"Metadata":…}, puts what is inside in the place of the
 * request and notes that it was wrapped.  ERR_SYNTAX: it is wrapped, but not as we know it.
 * ERR_NO_MEMORY.
 */
MUST_USE enum err payload_unwrap(struct http_request *request);

/* The answer as the host wants it; its texts live in mem.  ERR_NO_MEMORY. */
MUST_USE enum err payload_wrap(const struct http_response *response, struct arena *mem,
                               struct http_response *out);

#endif
