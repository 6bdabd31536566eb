/*
 * A managed identity: the token with which Azure lets this function app speak to one of its
 * services, asked of the identity endpoint of the platform.
 *
 * Source: Azure docs, "How to use managed identities for App Service and Azure Functions",
 * REST endpoint, API 2019-08-01.
 *
 * An identity belongs to one loop and its thread.  The token is kept, renewed ahead of its
 * expiry while the old one still serves, and asked for by one request at a time.
 */
#ifndef AZURE_IDENTITY_H
#define AZURE_IDENTITY_H

#include "io/http_client.h"

/* How long the endpoint may take.  A call that waits for it has a deadline of its own. */
#define IDENTITY_TIMEOUT_MS 5000

/* A new token is asked for so long before the old one ends, or in half its life. */
#define IDENTITY_RENEW_SECONDS 300

/* But never sooner than this after the last time, whatever the clocks say. */
#define IDENTITY_PAUSE_MS 15000

struct identity_options {
    struct str endpoint, header; /* of the platform: its URL, and the proof that we may ask */
    struct str client;           /* of a user-assigned identity.  empty: the app's own */
    const char *service;         /* "webpubsub.azure.com": whom the token is for */
};

struct identity;

/* A call that waits for the token.  Its owner keeps it until ready has been called. */
struct identity_wait {
    struct queued queued; /* first */
    /* token: valid until this returns.  empty: failure, a static text, says why not. */
    void (*ready)(void *owner, struct str token, const char *failure);
    void *owner;
    int64_t deadline_ms; /* on the loop's clock */
};

/*
 * Asks for the first token at once.  What options points to, and loop, outlive it.
 * NULL: no memory.
 */
MUST_USE struct identity *identity_new(const struct identity_options *options,
                                       struct loop *loop);

/* No call may be waiting: see identity_abort.  NULL is allowed. */
void identity_free(struct identity *identity);

/* Calls ready exactly once, before this returns if there is a token that serves. */
void identity_ask(struct identity *identity, struct identity_wait *wait);

/*
 * The service rejected the token (401) before it expired: asks for a new one, unless that was done
 * a moment ago.  The old token serves until then.
 */
void identity_doubt(struct identity *identity);

/* Ends what is under way; every call that waits is told. */
void identity_abort(struct identity *identity);

#endif
