/*
 * How to write an application: a table of handlers for what sockets do, and the verbs with
 * which a handler says what is to follow.  It reads like a Socket.IO server:
 *
 *     static void on_howdy(struct app_socket *socket)
 *     {
 *         app_emit(socket, OTHERS(socket), "hello", ARGS(TEXT(socket->id)));
 *     }
 *
 *     const struct app hello_app = {
 *         .name = "hello",
 *         .events = { { "howdy", on_howdy } },
 *     };
 *
 * Nothing happens inside a handler: verbs only add to a plan, which is carried out when the
 * handler has returned.  The first verb that is used wrongly, or finds no memory, makes the
 * whole plan void and the verbs after it do nothing; so a handler needs no checks.
 *
 * The order: a join, leave or disconnect is a barrier.  Emits between two barriers start
 * together, except those that a common recipient could see in the wrong order: the same target,
 * a socket and a room that it is in, two rooms.  The acknowledgement waits for all that may not
 * fail, and for no other.  (app_must_wait says exactly which emits start together.)
 *
 * No process remembers anything: what a handler must know stands in its socket.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/plan.h"

#define APP_MAX_EVENTS 32
#define APP_MAX_NAMESPACES 8

struct app_caller;
struct hmac_key;

typedef void app_handler(struct app_socket *socket);
typedef void app_negotiator(struct app_caller *caller);

/*
 * The room whose kept text a caller asks for (/text), or app_turn_away.  key: with which it wants
 * to change that text; ptr NULL: it wants to read it.
 */
typedef struct str app_keeper(struct app_caller *caller, struct str key);

struct app_event {
    const char *name;
    app_handler *handle;
};

struct app {
    const char *name;
    const char *namespaces[APP_MAX_NAMESPACES]; /* none: "/" alone */
    app_negotiator *negotiate; /* app_admit or app_turn_away.  NULL: app_admit_guest */
    bool asks_word;            /* that is to say, app_word, which the log's first line tells */
    app_keeper *keeper;        /* NULL: no text of a room is kept */
    app_handler *connect;      /* may app_refuse; NULL: every socket with a token may come in */
    app_handler *connected;
    app_handler *disconnected;
    struct app_event events[APP_MAX_EVENTS];
    /* Those that are sent many times a second: the log has a sample of the ones accepted. */
    const char *frequent[APP_MAX_EVENTS];
};

/*
 * The lists below end with the block that they stand in, so write them where they are used:
 * in the call of a verb.
 */

/* ---- recipients ---- */

/* Names of rooms.  A socket is alone in the room that is named like its id. */
#define ROOMS(...)                                                                             \
    ((struct str_list){ (const struct str[]){ __VA_ARGS__ },                                   \
                        COUNT(((const struct str[]){ __VA_ARGS__ })) })

/*
 * TO(.rooms = ROOMS(a, b), .except = ROOMS(c)): every socket that is in a or in b, once, unless
 * in c.  TO() is the whole namespace.  See struct app_target for what else there is.
 */
#define TO(...) ((struct app_target){ .nothing = 0, __VA_ARGS__ })
#define SELF(socket) TO(.rooms = ROOMS((socket)->id))
#define OTHERS(socket) TO(.except = ROOMS((socket)->id))

/* ---- arguments ---- */

/*
 * The arguments of an event: ARGS(TEXT(name), NUMBER(3), OBJECT({ "key", TEXT(value) })).
 * ARGS() is none.
 */
#define ARGS(...)                                                                              \
    ((struct app_args){ (const struct app_value[]){ UNDEFINED, __VA_ARGS__ },                  \
                        COUNT(((const struct app_value[]){ UNDEFINED, __VA_ARGS__ })) })

/* UTF-8; quotes and escapes are put in. */
#define TEXT(string) ((struct app_value){ .kind = APP_TEXT, .text = (string) })
#define NUMBER(integer) ((struct app_value){ .kind = APP_NUMBER, .number = (integer) })
#define BOOLEAN(truth) ((struct app_value){ .kind = APP_BOOLEAN, .number = (truth) })
/* Bytes, which arrive as a Buffer or ArrayBuffer. */
#define BINARY(bytes) ((struct app_value){ .kind = APP_BINARY, .text = (bytes) })
/* JSON made elsewhere, which is checked. */
#define JSON(string) ((struct app_value){ .kind = APP_JSON, .text = (string) })
/* JSON that came out of socket->args or of wire/json.h, which is checked already. */
#define PASSED(span) ((struct app_value){ .kind = APP_PASSED, .text = (span) })
/* A member of this value is left out, as in JavaScript. */
#define UNDEFINED ((struct app_value){ .kind = APP_UNDEFINED })
#define OBJECT(...)                                                                            \
    ((struct app_value){ .kind = APP_OBJECT,                                                   \
                         .members = (const struct app_member[]){ __VA_ARGS__ },                \
                         .count = COUNT(((const struct app_member[]){ __VA_ARGS__ })) })

struct app_value {
    enum app_value_kind {
        APP_UNDEFINED = 0,
        APP_TEXT,
        APP_NUMBER,
        APP_BOOLEAN,
        APP_BINARY,
        APP_JSON,
        APP_PASSED,
        APP_OBJECT,
    } kind;
    struct str text;
    int64_t number;
    const struct app_member *members;
    size_t count;
};

struct app_member {
    const char *name;
    struct app_value value;
};

struct app_args {
    const struct app_value *at; /* the first one does not count: C has no empty list */
    size_t count;
};

/* ---- verbs ---- */

/*
 * Lists are copied.  The strings in them must be constants, or of the socket, or of app_concat
 * and app_text.
 */
void app_emit(struct app_socket *socket, struct app_target to, const char *event,
              struct app_args args);

/* The sockets that the target selects, SELF(socket) for one, enter or leave rooms. */
void app_join(struct app_socket *socket, struct app_target who, struct str_list rooms);
void app_leave(struct app_socket *socket, struct app_target who, struct str_list rooms);

/* Ends the sockets, or with is_closing the connections under them. */
void app_disconnect(struct app_socket *socket, struct app_target who, bool is_closing);

/*
 * What the client's acknowledgement gets; without it: {"success":true}.  Once for an event;
 * a client that wants none gets none.
 */
void app_ack(struct app_socket *socket, struct app_args args);

/*
 * In `connect`: the socket may not come in.  For an event: its acknowledgement says
 * {"success":false,"error":{"code":…,"message":…}}.  What the plan has is carried out all
 * the same.  message: a constant that needs no escape in JSON.
 */
void app_refuse(struct app_socket *socket, enum app_refusal refusal, const char *message);

/*
 * Leaves a text with Web PubSub, which hands it back in socket->memory on all later events of
 * this connection, `disconnected` among them.  An empty text makes it forget.  This is for
 * events of clients only.  Web PubSub documents it (ce-connectionState), but not yet for
 * Socket.IO, so an application must bear that nothing comes back.
 */
void app_remember(struct app_socket *socket, struct str text);

/*
 * Asks Web PubSub how many sockets are in a room, when all verbs before it have been carried
 * out, and then calls the function with the answer in socket->count.  It is the last verb of a
 * handler.
 */
void app_count(struct app_socket *socket, struct str room, app_handler *then);

/* ---- at negotiate ---- */

/* A name that nobody can guess: 128 bits in base64url. */
#define APP_NAME_BYTES 16
#define APP_NAME_CHARS 22

/* Of a user: it travels in a token and in a header of each event. */
#define APP_MAX_USER_BYTES 256

/* Rooms of one kind that a pass opens. */
#define APP_MAX_OPEN_ROOMS 8

/* Of the owner's word, CODESTREAM_WRITERS. */
#define APP_MIN_WORD_CHARS 16
#define APP_MAX_WORD_BYTES 1024

/* Rooms that a client of the native endpoint may use without asking the application. */
struct app_open_rooms {
    struct str at[APP_MAX_OPEN_ROOMS];
    size_t count;
};

/* Texts live as long as the caller's own and its mem. */
struct app_pass {
    enum app_refusal refusal; /* APP_ACCEPTED: let in as user */
    const char *message;      /* of a refusal: a sentence for people, static, without escapes */
    struct str user;          /* the subject of its token; UTF-8 without control characters */
    struct str protocol;      /* a subprotocol of the native endpoint.  empty: Socket.IO */
    struct app_open_rooms sends_to, joins;
    struct buf told; /* ,"name":value of the response, beside the token */
};

/* Strings live as long as the request.  Of all this only platform_user is vouched for. */
struct app_caller {
    const struct header *query; /* decoded: see app_query */
    size_t query_count;
    bool is_post;
    struct str body;          /* of a POST, as it came; else empty */
    bool is_register;         /* it asked at /register */
    struct str platform_user; /* the user whom the platform has signed in.  empty: none */

    const struct hmac_key *secret; /* CODESTREAM_SECRET, or what stands in for it */
    const unsigned char *word_mac; /* what app_word_mac made; NULL: the owner has set no word */
    const unsigned char *seed;     /* APP_NAME_BYTES of them, random */
    uint64_t now_unix_ms;          /* by the handler's clock */
    unsigned units;                /* of Web PubSub, CODESTREAM_UNITS */
    struct arena *mem;             /* for what handlers make */
    struct app_pass pass;
};

/*
 * A negotiator decides whether a caller gets a token, and for which user: socket->user of all
 * events of the connection that is opened with it.  A negotiator needs no checks either: the
 * first thing that is wrong turns the caller away, and no verb after that lets it in again.
 *
 *     static void on_negotiate(struct app_caller *caller)
 *     {
 *         app_admit(caller, app_query(caller, "userId"));
 *     }
 *
 * What a caller sends is a claim and no more: anybody can ask for ?userId=ann.  To be vouched
 * for, a name has to be caller->platform_user or come with something that app_sign has signed.
 * Strings that are passed in live as long as the caller's own, or are made in caller->mem.
 */

/* The first parameter of that name in the URL, decoded.  ptr is NULL if there is none. */
struct str app_query(const struct app_caller *caller, const char *name);

/*
 * Lets the caller in as user: 1 to 256 bytes of UTF-8, no control character, no blank at
 * either end.  Without a name (empty) it is turned away as APP_NO_USER, with another that is
 * none as APP_BAD_REQUEST.
 */
void app_admit(struct app_caller *caller, struct str user);

/* As a new user, whose name nobody can guess. */
void app_admit_guest(struct app_caller *caller);

/*
 * Refuses: APP_BAD_REQUEST is 400, APP_NO_USER 401, APP_FORBIDDEN 403.  message: a constant
 * that needs no escape in JSON.
 */
void app_turn_away(struct app_caller *caller, enum app_refusal refusal, const char *message);

/*
 * True if the owner has set no word (CODESTREAM_WRITERS), or if this is the word.  Otherwise
 * the caller is turned away as APP_WRITERS_WORD.  ptr of given is NULL if none was given.  It
 * takes constant time.
 */
MUST_USE bool app_word(struct app_caller *caller, struct str given);

/*
 * Adds a member to the response, beside those with which the connection is opened.  name is a
 * constant that needs no escape in JSON.  An application that tells nothing tells user_id,
 * which is the user.
 */
void app_tell(struct app_caller *caller, const char *name, struct str text);
void app_tell_number(struct app_caller *caller, const char *name, uint64_t number);

/*
 * The caller speaks a subprotocol of the native WebSocket endpoint, where there are no events:
 * it may send to, and join, the rooms that are opened to it here, 8 of each at most.
 */
void app_native(struct app_caller *caller, struct str protocol);
void app_may_send(struct app_caller *caller, struct str room);
void app_may_join(struct app_caller *caller, struct str room);

/* Texts, empty when there is no memory, and the caller turned away. */
struct str app_caller_concat(struct app_caller *caller, struct str first, struct str second);
struct str app_new_name(struct app_caller *caller); /* the same for one caller */

/*
 * The HMAC of a text under CODESTREAM_SECRET.  purpose: a constant that no other use of app_sign
 * begins with, so that what is signed for one use is worth nothing for another.
 */
struct str app_sign(struct app_caller *caller, struct str purpose, struct str text);

/* ---- reading and writing text ---- */

/* A text from others in a row.  It is empty, and the plan void, when there is no memory. */
#define app_concat(socket, ...)                                                                \
    app_concat_list((socket), (const struct str[]){ __VA_ARGS__ },                             \
                    COUNT(((const struct str[]){ __VA_ARGS__ })))
struct str app_concat_list(struct app_socket *socket, const struct str *list, size_t count);

/* The text of a JSON string that came out of socket->args.  false: it is no string. */
MUST_USE bool app_text(struct app_socket *socket, struct str json, struct str *out);

/* ---- for the handler, which hands out events ---- */

/*
 * Lets the application decide about the event in socket, whose plan must be zero.  Pure.
 * Strings of the plan live as long as the socket's own and its mem.
 */
void app_decide(const struct app *app, struct app_socket *socket);

/*
 * Lets the application decide about a caller, whose pass must be zero.  Afterwards it is let
 * in with a name, or refused.  Pure.
 */
void app_negotiate(const struct app *app, struct app_caller *caller);

/*
 * What app_word compares with, HMAC_BYTES of wire/hmac.h, so that the word need not be
 * kept.  ERR_NO_MEMORY, also for a word over APP_MAX_WORD_BYTES.
 */
MUST_USE enum err app_word_mac(const struct hmac_key *secret, struct str word,
                               unsigned char *out);

/* The one that this program is: its build decides (app.c). */
extern const struct app *const application;

#endif
