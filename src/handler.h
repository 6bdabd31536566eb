/*
 * The handler: routes and limits, and its three functions over HTTP.  /negotiate hands out tokens,
 * /eventhandler turns events into plans and has them carried out, /text keeps the newest text of a
 * room.
 *
 * A handler belongs to one loop and its thread; several share nothing but the settings.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include <assert.h>

#include "app/app.h"
#include "azure/rest.h"
#include "base/log.h"
#include "config.h"
#include "io/http_server.h"

/* Web PubSub's own messages end at 1 MB, so it never delivers a larger one. */
#define EVENT_MAX_BODY_BYTES (1024 * 1024)

/*
 * The requests of one loop whose calls to Web PubSub are not all over, whether or not they have
 * their response.  Above the first limit a client's event is refused at once, as Busy.  Above the
 * second no new caller is let in, so that those who are connected are served.  The HTTP client's
 * capacity above these limits is reserved for connected and disconnected, which Web PubSub reports
 * only once.
 */
#define HANDLER_MAX_IN_FLIGHT 2048
#define HANDLER_FULL_FOR_NEWCOMERS 1536
static_assert(HANDLER_MAX_IN_FLIGHT + 1024 + REST_MAX_BESIDE <=
                  HTTP_CLIENT_MAX_RUNNING + HTTP_CLIENT_MAX_WAITING,
              "a socket that came or went finds room");

/*
 * Of events that come many times a second, those that are accepted share a line of the log: the
 * first of a second, with the number of all in it (events=37).
 */
#define HANDLER_SAMPLE_MS 1000
struct handler_sample {
    struct log_line line; /* if there are events; not ended yet */
    uint64_t events;
    int64_t until_ms; /* LOOP_NEVER: there are none */
};

/*
 * Requests for kept texts that one loop may have under way.  They have a client of their own,
 * with so many connections, so that storage which hangs holds up nothing else.
 */
#define HANDLER_MAX_TEXTS 128
#define HANDLER_TEXT_CALLS 16

/* The size of a text with its name and its language, as JSON. */
#define TEXT_MAX_BYTES (1024 * 1024)

struct handler {
    const struct app *app;
    const struct config *config; /* its secrets are forgotten once a handler has keys of them */
    struct loop *loop;
    struct rest rest;
    struct hmac_key *secret;            /* signs writer keys */
    unsigned char word_mac[HMAC_BYTES]; /* if the owner has set a word: see app_word_mac */
    size_t in_flight;
    struct rest storage; /* where texts are kept; its client is NULL if they are not */
    size_t texts;        /* requests for them that are under way */
    struct handler_sample sample;
};

/*
 * Makes what this thread needs.  config, loop and clients outlive the handler; storage may be NULL:
 * no texts are kept.
 * ERR_NO_MEMORY: handler_free is to be called all the same.
 */
MUST_USE enum err handler_init(struct handler *handler, const struct app *app,
                               const struct config *config, struct loop *loop,
                               struct http_client *client, struct http_client *storage);
void handler_free(struct handler *handler);

/* Ends every call to Web PubSub, to storage and to identity endpoints; each request gets its response. */
void handler_abort(struct handler *handler);

/* For http_server_new; owner is the handler. */
size_t handler_body_limit(void *owner, const struct http_request *request);
void handler_serve(void *owner, struct http_request *request);

/* ---- negotiate.c: GET and POST ---- */

/* {"room_id":…,"writer_key":…} */
#define NEGOTIATE_MAX_BODY_BYTES (16 * 1024)

/*
 * Lets a caller in or turns it away.  With an access key its token is made at once; with a managed
 * identity Web PubSub makes it, and the request waits.
 */
void negotiate(struct handler *handler, struct http_request *request);
void negotiate_register(struct handler *handler, struct http_request *request);

/* The client that the token of a pass is for.  Its texts are views into the pass. */
struct webpubsub_client negotiate_client(const struct app_pass *pass);

/* The response to a pass: JSON that has the client's token in it.  ERR_NO_MEMORY. */
MUST_USE enum err negotiate_response(const struct webpubsub *webpubsub,
                                     const struct app_pass *pass, struct str token,
                                     int64_t token_seconds, struct arena *mem, struct str *out);

/* ---- text.c: GET, PUT and DELETE ---- */

void text_get(struct handler *handler, struct http_request *request);
void text_put(struct handler *handler, struct http_request *request);
void text_delete(struct handler *handler, struct http_request *request);

/* ---- eventhandler.c ---- */

/*
 * POST: checks an event of Web PubSub, lets the application decide, and carries out its plan.
 *
 * A client's event is answered when all of its plan that may not fail is done, and not before:
 * Web PubSub sends the client's next event only then, which keeps the edits of one writer in
 * order.  What may fail goes on behind the response.  What Web PubSub says of its own is answered
 * when its plan is done.
 */
void eventhandler_event(struct handler *handler, struct http_request *request);

/* OPTIONS: may Web PubSub deliver its events here?  Only ours may. */
void eventhandler_validate(struct handler *handler, struct http_request *request);

/* Writes the line that has been waiting for the end of its second, if there is one. */
void eventhandler_end_sample(void *owner);

/* ---- execute.c ---- */

/*
 * Carries out an application's plan with REST calls, all of them before one deadline.
 *
 * A join, leave or disconnect is a barrier: it starts when all actions before it are over, and
 * what follows starts when it is over; so does a count.  Emits between two barriers start
 * together, except those that a common recipient could see in the wrong order: the same target,
 * a socket and a room that it is in, two rooms (app_must_wait says exactly which).  The
 * acknowledgement waits for all that may not fail, and for no other.
 *
 * When there is very much to do (REST_MAX_BESIDE), each plan has one action under way at a time.
 */

/* A room with more members than this many answers can list is not counted. */
#define EXECUTE_MAX_PAGES 50

/* Why an action was not carried out, or not quite. */
struct plan_fault {
    enum app_refusal refusal;
    const char *message;   /* for the client */
    const char *failure;   /* for the log.  NULL: nothing failed */
    unsigned rest_status;  /* of the call that failed, 0 where it had no response */
    struct str rest_error; /* x-ms-error-code of that call */
};

/* One plan under way.  Set the first part, zero the rest; it must live until done. */
struct execution {
    struct app_socket *socket; /* whose event it is, with its plan */
    struct rest *rest;
    struct arena *mem; /* for the calls */
    int64_t deadline_ms;
    /*
     * What may not fail is over, but not yet what may, so the client can be told.  The plan goes
     * on, and reads socket and what it points to until done.  Not called if all is over at once.
     */
    void (*acknowledge)(void *owner);
    void (*done)(void *owner); /* nothing is under way any more */
    void *owner;

    /* How it went.  It is complete for the client at acknowledge, and for the log at done. */
    enum app_refusal outcome; /* the plan's own refusal, or that of a call that failed */
    const char *message;
    struct plan_fault fault; /* that ended the plan; if nothing did, of the last that failed */
    size_t calls;
    size_t repeats;  /* of calls that failed and were sent again */
    int64_t rest_ms; /* from the start of the first call to the end of the last so far */

    /* Where it stands. */
    unsigned char progress[APP_MAX_ACTIONS]; /* enum plan_progress of each action */
    bool is_broken;                          /* an action failed that may not */
    bool is_acknowledged;                    /* acknowledge has been called */
    bool is_starting;                        /* actions, just now */
    size_t under_way;                        /* so many actions */
    int64_t started_ms;
};

/*
 * acknowledge and done may be called before this returns: first acknowledge, at most once, then
 * done, exactly once.
 */
void execute(struct execution *run);

#endif
