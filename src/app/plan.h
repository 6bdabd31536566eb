/*
 * An event on its way through an application: the socket that it came from, and the plan,
 * which is what the application wants done about it.  No HTTP, no Azure, no waiting: a plan
 * only describes.
 */
#ifndef APP_PLAN_H
#define APP_PLAN_H

#include "base/mem.h"

/* The longest plan. */
#define APP_MAX_ACTIONS 16

/* In one list of rooms: what a filter of Web PubSub has room for. */
#define APP_MAX_ROOMS 90

/*
 * Of the names of a room and its namespace together.  Web PubSub's groups are named by both
 * in base64url, and end at 1024 characters.
 */
#define APP_MAX_ROOM_BYTES 765

/* Binary arguments of one event; socket.io-client takes no more. */
#define APP_MAX_ATTACHMENTS 10

/* What app_remember takes: it travels in a header of each event. */
#define APP_MAX_MEMORY_BYTES 512

/* Why an event was not carried out, as clients are told it. */
enum app_refusal {
    APP_ACCEPTED = 0,
    APP_BAD_REQUEST,   /* the arguments are not what the event takes */
    APP_FORBIDDEN,     /* not with this role, not in this room */
    APP_UNKNOWN_EVENT, /* no such event here */
    APP_NO_USER,       /* `connect`, negotiate: the caller has no name */
    APP_WRITERS_WORD,  /* negotiate only: not without the owner's word */
    /* Found by verbs and by execute, never by an application: */
    APP_UNSUPPORTED, /* a kind of packet that is not understood */
    APP_UPSTREAM,    /* Web PubSub did not do what it was asked */
    APP_BUSY,        /* too much is in flight, or too large */
    APP_INTERNAL,    /* the application used a verb wrongly */
};

/* BadRequest, Forbidden, … */
struct str app_refusal_code(enum app_refusal refusal);

/*
 * Appends "success":true or, refused, "success":false,"error":{"code":…,"message":…}.
 * message: a sentence for people; needs no JSON escape.
 */
void app_add_outcome(struct buf *out, enum app_refusal refusal, const char *message);

/* Sockets of the event's namespace. */
struct app_target {
    int nothing;            /* so that an empty list of members is C */
    struct str_list rooms;  /* sockets in one of them.  none: all sockets */
    struct str within;      /* and in this one as well; may be empty */
    struct str_list except; /* and in none of these */
    bool may_fail;          /* if it does the plan goes on; the acknowledgement does not wait */
};

struct app_socket;

/* Its strings live as long as the plan is carried out, which may be longer than its request. */
struct app_action {
    enum app_action_kind {
        APP_EMIT,
        APP_JOIN,       /* put them into rooms */
        APP_LEAVE,      /* take them out of rooms */
        APP_DISCONNECT, /* end their sockets */
        APP_CLOSE,      /* end their connections */
        APP_COUNT,      /* how many are in to.rooms, then go on with the answer */
    } kind;
    struct app_target to;
    struct str_list rooms;              /* APP_JOIN, APP_LEAVE */
    struct str name;                    /* APP_EMIT */
    struct str args;                    /* JSON values with commas between them */
    struct str_list attachments;        /* bytes that placeholders in args stand for */
    void (*then)(struct app_socket *s); /* APP_COUNT */
};

/*
 * A join, leave or disconnect is a barrier: it is carried out when all before it is over, and
 * what follows when it is over itself.  A count is one as well.  Emits between two barriers
 * start together, except those that a common recipient could see in the wrong order: the same
 * target, a socket and a room that it is in, two rooms.  The acknowledgement waits for all that
 * may not fail, and for no other.  The first failure of an action that may not fail ends the
 * plan: what has started beside it is finished, and nothing more is started.
 */
struct app_plan {
    struct app_action *actions;
    size_t count;
    size_t room;              /* for so many actions */
    enum app_refusal refusal; /* the event is refused; actions, if any, are still carried out */
    const char *message;      /* of a refusal: a sentence for people */
    struct str ack;           /* what an accepted event answers.  ptr NULL: the usual */
    struct str memory; /* what later events of the connection bring.  ptr NULL: as before */
    bool is_void;      /* a verb failed: there are no actions */
};

/*
 * Whether an action is not to be started before an earlier one of its plan is over.  Two emits
 * start together only where it is certain that nobody receives both: where one leaves out
 * (except) a room that holds all whom the other is for, its only room or its within.  So do
 * SELF and OTHERS, a socket and a room except that socket, two rooms of which one is excepted
 * from the other.  All others wait, since a room may hold anybody, also under the name of a
 * socket.
 */
bool app_must_wait(const struct app_action *action, const struct app_action *earlier);

/* How far an action is. */
enum plan_progress { PLAN_WAITING, PLAN_UNDER_WAY, PLAN_OVER };

/* The first action of a plan that waits and may start; the plan's count if there is none. */
size_t app_next(const struct app_plan *plan, const unsigned char *progress);

enum app_event_kind {
    APP_CONNECT,      /* a socket asks to enter its namespace */
    APP_CONNECTED,    /* it is in */
    APP_MESSAGE,      /* it emitted an event */
    APP_DISCONNECTED, /* it is gone */
};

/*
 * Strings live as long as the plan is carried out.  All but event and args are vouched for by
 * Web PubSub.
 */
struct app_socket {
    enum app_event_kind kind;
    struct str id;          /* also the name of the socket's own room */
    struct str nsp;         /* namespace */
    struct str user;        /* subject of its token.  empty: none */
    struct str memory;      /* what an earlier event left with app_remember.  empty: nothing */
    struct str event;       /* APP_MESSAGE: its name, unescaped */
    const struct str *args; /* APP_MESSAGE: JSON values, checked and unchanged */
    size_t arg_count;
    uint64_t count;    /* after app_count */
    bool is_frequent;  /* after app_decide: the application's table says so */
    struct arena *mem; /* for what handlers make */
    struct app_plan plan;
};

#endif
