/*
 * The way to a service of Azure, Web PubSub or a storage account: its REST calls, authorised with
 * Web PubSub's access key or by a managed identity, sent, judged, and sent again where that may
 * help and can do no harm.
 *
 * Belongs to one loop and its thread.
 */
#ifndef AZURE_REST_H
#define AZURE_REST_H

#include "azure/identity.h"
#include "azure/webpubsub.h"
#include "io/http_client.h"

/* Calls that are under way beside another one of the same event: so many, of all events. */
#define REST_MAX_BESIDE 512

struct rest_options {
    struct webpubsub_endpoint endpoint; /* without an access key, the identity authorises */
    struct str client_url;              /* where clients connect.  empty: to the endpoint */
    struct str hub;
    struct identity_options identity;
};

struct rest {
    struct loop *loop;
    struct http_client *client;
    struct webpubsub webpubsub;
    struct identity *identity; /* NULL: the key authorises */
    struct queue backed_off;   /* calls, until they are sent again */
    bool is_ending;            /* nothing is sent again */
    size_t beside;             /* counted by plans, up to REST_MAX_BESIDE */
};

/* Of one call, besides those that every call has: headers to send. */
#define REST_MAX_HEADERS 8

/* The headers of a response that are read; those from REST_WANTED on are the caller's own. */
enum { REST_ERROR_CODE, REST_RETRY_AFTER, REST_WANTED, REST_MAX_READ = REST_WANTED + 3 };

/* One call.  Set the first part, zero the rest, and keep it until done has been called. */
struct rest_call {
    struct queued queued; /* first: of those that are backed off */
    struct rest *rest;
    struct arena *mem;
    struct webpubsub_request request;
    int64_t deadline_ms;                   /* on the loop's clock */
    size_t max_response;                   /* see struct http_call */
    const char *headers[REST_MAX_HEADERS]; /* "Name: value", the rest NULL */
    struct header read[REST_MAX_READ];     /* names of those that are wanted; then all values */
    void (*done)(void *owner);
    void *owner;

    /* How it went; http has the status (0: no response) and the body. */
    const char *failure; /* static.  NULL: the service answered 2xx */
    unsigned tries;
    struct http_call http;

    /* Under way. */
    struct identity_wait wait;
};

/*
 * The failure of a call that found no room in the queue, or whose time ran out there:
 * trying again later helps.
 */
extern const char REST_TOO_MUCH[];

/*
 * Makes the keys of this thread, or its identity.  rest stays where it is as long as the loop
 * turns.  ERR_NO_MEMORY.
 */
MUST_USE enum err rest_init(struct rest *rest, const struct rest_options *options,
                            struct loop *loop, struct http_client *client);
void rest_free(struct rest *rest);

/* Calls done exactly once, perhaps before this returns. */
void rest_start(struct rest_call *call);

/* Ends all calls; done is called for each. */
void rest_abort(struct rest *rest);

/*
 * Whether a call that failed is worth another try, and when.  For calls only that do no harm when
 * they are carried out twice.  Pure: the clocks and the jitter come in.
 */

/* The first try included.  Many would make it worse for a service that has too much to do. */
#define RETRY_MAX_TRIES 6

/* The first pause.  Each further one is twice as long, up to the second of these. */
#define RETRY_FIRST_MS 100
#define RETRY_LONGEST_MS 1000

/* A try that has less time than this before the deadline is not begun. */
#define RETRY_LEAST_MS 100

struct retry_attempt {
    unsigned status;        /* of the response.  0: there was none */
    struct str retry_after; /* its header of that name, seconds or a date; may be empty */
    unsigned tries;         /* so far, with this one */
    int64_t left_ms;        /* to the deadline */
    int64_t now_unix;
    uint32_t jitter; /* any number: keeps apart the next tries of those that failed together */
};

#define RETRY_NEVER (-1)

/* How long to wait before the next try, in milliseconds, or RETRY_NEVER. */
int64_t retry_wait_ms(const struct retry_attempt *attempt);

#endif
