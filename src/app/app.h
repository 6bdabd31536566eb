/*
 * What an application sees of the world and what it can ask for: an event comes in, a plan
 * goes out.  No HTTP, no Azure, no waiting: a plan only describes.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "base/mem.h"

enum app_event_kind {
    APP_CONNECT,      /* a socket asks to enter its namespace */
    APP_CONNECTED,    /* it is in */
    APP_MESSAGE,      /* it emitted an event */
    APP_DISCONNECTED, /* it is gone */
};

/* Strings live as long as the request.  All but name and args are vouched for by the service. */
struct app_event {
    enum app_event_kind kind;
    struct str nsp;         /* namespace */
    struct str socket;      /* id, also the name of the socket's own room */
    struct str user;        /* subject of its token; empty: none */
    struct str name;        /* APP_MESSAGE: of the event, unescaped */
    const struct str *args; /* APP_MESSAGE: JSON values, checked and unchanged */
    size_t arg_count;
};

struct app_action {
    enum app_action_kind {
        APP_JOIN, /* put the event's socket into room */
        APP_EMIT, /* send an event to room */
    } kind;
    struct str room;
    struct str within; /* APP_EMIT: only to sockets that are in this room too; may be empty */
    struct str except; /* APP_EMIT: not to sockets of this room; may be empty */
    struct str name;   /* APP_EMIT */
    struct str args;   /* APP_EMIT: JSON values with commas between them; may be empty */
    bool optional;     /* its failure does not fail the plan */
};

/* The longest plan; app_add refuses more. */
#define APP_MAX_ACTIONS 8

/* Why an event was not carried out, as clients are told it. */
enum app_refusal {
    APP_ACCEPTED = 0,
    APP_BAD_REQUEST,   /* the arguments are not what the event takes */
    APP_FORBIDDEN,     /* not with this role, not in this room */
    APP_UNKNOWN_EVENT, /* no such event here */
    APP_NO_USER,       /* APP_CONNECT only: the token says nothing of who this is */
    /* Found by whoever carries out plans, never by an application: */
    APP_UNSUPPORTED, /* a kind of packet that is not understood */
    APP_UPSTREAM,    /* the service did not do what it was asked */
    APP_BUSY,        /* too much is in flight */
};

/* BadRequest, Forbidden, … */
struct str app_refusal_code(enum app_refusal refusal);

/*
 * Appends "success":true or, refused, "success":false,"error":{"code":…,"message":…}.
 * message: a sentence for people; needs no JSON escape.
 */
void app_add_outcome(struct buf *out, enum app_refusal refusal, const char *message);

/*
 * Actions are carried out in order, each when the one before is done; the first failure
 * that is not optional ends the plan.  Then the client's ack is answered.
 */
struct app_plan {
    struct app_action actions[APP_MAX_ACTIONS];
    size_t count;
    enum app_refusal refusal; /* the event is refused; actions, if any, are still carried out */
    const char *message;      /* of a refusal: a sentence for people, static */
};

/* Decides.  Pure.  Strings of the plan live as long as event's and mem.  ERR_NO_MEMORY. */
typedef enum err app_decide(const struct app_event *event, struct arena *mem,
                            struct app_plan *plan);

#endif
