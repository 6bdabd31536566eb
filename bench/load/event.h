/*
 * Requests as the service delivers them: one writer's sendToRoom, signed.
 *
 * Source: Azure docs, "socket-io-serverless-protocol" (headers, signature, packet).
 */
#ifndef BENCH_EVENT_H
#define BENCH_EVENT_H

#include "base/mem.h"
#include "wire/hmac.h"

/* Without another wish a body has 250 bytes, and the whole request 859 (with a port of five
 * digits and the usual path). */
#define EVENT_TEXT_BYTES 147

/* The id of each request's acknowledgement, and the answer that is due. */
#define EVENT_ACK_ID "17"
#define EVENT_ACK_ANSWER "43" EVENT_ACK_ID "[{\"success\":true}]"

struct event_options {
    unsigned port;
    const char *path;
    size_t text_bytes; /* of what the writer typed, as it stands in the JSON */
    bool wants_ack;
};

/*
 * A request, head and body, of a writer in a room of its own; both get their names from *seed,
 * which moves on.  In mem.
 */
MUST_USE enum err event_make(struct hmac_key *key, const struct event_options *options,
                             uint64_t *seed, struct arena *mem, struct str *out);

#endif
