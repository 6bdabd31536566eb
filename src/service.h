/*
 * The handler's two functions over HTTP: routes, the answers of negotiate, and events
 * turned into plans that are carried out step by step.  The only place where a decision
 * becomes an effect, and an error a status.
 *
 * A service belongs to one loop and its thread; several share nothing but the settings.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <assert.h>

#include "base/log.h"
#include "config.h"
#include "io/http_server.h"
#include "rest.h"

/* What the service refuses is smaller: its messages end at 1 MB. */
#define EVENT_MAX_BODY_BYTES (1024 * 1024)

/*
 * Of an event that the host has wrapped (payload.h): in there quotes and backslashes take twice
 * their room, and headers come along, twice.  What such a body has more counts, as it comes,
 * towards what a loop keeps (HTTP_SERVER_BODIES_BYTES).
 */
#define EVENT_MAX_WRAPPED_BYTES (2 * EVENT_MAX_BODY_BYTES + 64 * 1024)

/*
 * Requests of one loop whose calls to the service are not all over, be they answered or not.
 * Beyond that a client's event is refused at once, as Busy; beyond less than that nobody new is
 * let in, so that those who are there are served.  What a client holds more than this is for the
 * service's own events: that a socket came or went is told once.
 */
#define SERVICE_MAX_IN_FLIGHT 2048
#define SERVICE_FULL_FOR_NEWCOMERS 1536
static_assert(SERVICE_MAX_IN_FLIGHT + 1024 + REST_MAX_BESIDE <=
                  HTTP_CLIENT_MAX_RUNNING + HTTP_CLIENT_MAX_WAITING,
              "a socket that came or went finds room");

/*
 * Of events that come many times a second, those that are accepted share a line of the log: the
 * first of a second, with the number of all in it (events=37).
 */
#define SERVICE_SAMPLE_MS 1000
struct service_sample {
    struct log_line line; /* if there are events; not ended yet */
    uint64_t events;
    int64_t until_ms;
};

struct service {
    const struct app *app;
    struct loop *loop;
    struct rest rest;
    struct hmac_key *secret; /* signs writer keys */
    struct str origins;      /* that are ours, beside the service's own host */
    bool has_word;           /* who opens a room must send the owner's word */
    unsigned char word_mac[HMAC_BYTES];
    bool has_platform_auth; /* the platform says who a caller is */
    int64_t token_seconds;
    unsigned units; /* of Web PubSub */
    unsigned rest_timeout_ms;
    size_t in_flight;
    struct service_sample sample;
};

/*
 * Makes what this thread needs.  config, loop and client outlive the service.
 * ERR_NO_MEMORY: libcrypto refused; service_free is to be called all the same.
 */
MUST_USE enum err service_init(struct service *service, const struct config *config,
                               struct loop *loop, struct http_client *client);
void service_free(struct service *service);

/* Gives up what still waits for the service or the identity; all of it is answered. */
void service_abort(struct service *service);

/* For http_server_new; owner is the service. */
size_t service_body_limit(void *owner, const struct http_request *request);
void service_handle(void *owner, struct http_request *request);

#endif
