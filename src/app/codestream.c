#include "app/codestream.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/json.h"

/* Longer ones are not made by the service. */
#define SOCKET_ID_MAX_BYTES 128

static const struct str control_suffix = STR_INIT("-control");

/* ---- rooms and members ---- */

bool room_id_ok(struct str room)
{
    if (room.len != ROOM_ID_CHARS)
        return false;
    for (size_t i = 0; i < room.len; i++) {
        if (!base64url_is_char(room.ptr[i]))
            return false;
    }
    return true;
}

enum err member_subject(const struct member *member, struct arena *mem, struct str *out)
{
    struct buf subject = { .mem = mem };

    buf_add_all(&subject, member->role == ROLE_WRITER ? STR("w.") : STR("v."), member->room);
    return buf_done(&subject, out);
}

enum err member_parse(struct str subject, struct member *out)
{
    if (str_starts(subject, STR("w.")))
        out->role = ROLE_WRITER;
    else if (str_starts(subject, STR("v.")))
        out->role = ROLE_VIEWER;
    else
        return ERR_DENIED;
    out->room = str_skip(subject, strlen("w."));
    return room_id_ok(out->room) ? ERR_NONE : ERR_DENIED;
}

enum err writer_key_message(struct str room, struct arena *mem, struct str *out)
{
    struct buf message = { .mem = mem };

    buf_add_all(&message, STR("codestream writer key\n"), room);
    return buf_done(&message, out);
}

/* Either spelling of its own pair of rooms, R or R-control. */
static bool is_own_room(const struct member *member, struct str room)
{
    if (str_ends(room, control_suffix))
        room.len -= control_suffix.len;
    return str_equal(room, member->room);
}

/* Where this role listens, and where it speaks. */
static enum err room_of(const struct member *member, enum role listens, struct arena *mem,
                        struct str *out)
{
    struct buf name = { .mem = mem };

    if (listens == ROLE_VIEWER) {
        *out = member->room;
        return ERR_NONE;
    }
    buf_add_all(&name, member->room, control_suffix);
    return buf_done(&name, out);
}

static enum role other(enum role role)
{
    return role == ROLE_WRITER ? ROLE_VIEWER : ROLE_WRITER;
}

enum err member_rooms(const struct member *member, struct arena *mem, struct str *hears,
                      struct str *speaks)
{
    enum err e = room_of(member, member->role, mem, hears);

    return e ? e : room_of(member, other(member->role), mem, speaks);
}

/* ---- plans ---- */

static void add(struct app_plan *plan, struct app_action action)
{
    plan->actions[plan->count++] = action;
}

static void refuse(struct app_plan *plan, enum app_refusal refusal, const char *message)
{
    plan->refusal = refusal;
    plan->message = message;
}

static void tell(struct app_plan *plan, const struct app_event *event, struct str name,
                 struct str args)
{
    add(plan, (struct app_action){
                  .kind = APP_EMIT, .room = event->socket, .name = name, .args = args });
}

/* presence to those who listen as this role. */
static enum err announce_to(enum role listens, struct app_plan *plan,
                            const struct app_event *event, const struct member *member,
                            struct str args, struct arena *mem)
{
    struct app_action emit = {
        .kind = APP_EMIT,
        .name = STR("presence"),
        .args = args,
        .except = event->socket,
        .optional = true,
    };

    if (room_of(member, listens, mem, &emit.room))
        return ERR_NO_MEMORY;
    add(plan, emit);
    return ERR_NONE;
}

/*
 * Tells who is concerned that this member came or went: the writer of any, the viewers of
 * the writer.  A writer hears of another one, since the newer takes over.  It is an event
 * of its own, not a `message`: pages which know only the articles' protocol never see it.
 */
static enum err announce(struct app_plan *plan, const struct app_event *event,
                         const struct member *member, struct str state, struct arena *mem)
{
    bool is_writer = member->role == ROLE_WRITER;
    struct buf args = { .mem = mem };
    struct str text;

    buf_add_all(&args, STR("{\"role\":\""), is_writer ? STR("writer") : STR("viewer"),
                STR("\",\"state\":\""), state, STR("\",\"from\":"));
    json_add_string(&args, event->socket);
    buf_add_char(&args, '}');
    if (buf_done(&args, &text))
        return ERR_NO_MEMORY;
    if (is_writer && announce_to(ROLE_VIEWER, plan, event, member, text, mem))
        return ERR_NO_MEMORY;
    return announce_to(ROLE_WRITER, plan, event, member, text, mem);
}

/* ---- events ---- */

static enum err on_connect(const struct app_event *event, const struct member *member,
                           struct arena *mem, struct app_plan *plan)
{
    (void)mem;
    if (event->user.len == 0)
        refuse(plan, APP_NO_USER, "the token has no subject");
    else if (!member)
        refuse(plan, APP_FORBIDDEN, "the token is not for a room");
    else if (!str_equal(event->nsp, STR("/")))
        refuse(plan, APP_FORBIDDEN, "there is no such namespace");
    return ERR_NONE;
}

static enum err on_connected(const struct app_event *event, const struct member *member,
                             struct arena *mem, struct app_plan *plan)
{
    (void)mem;
    if (member)
        tell(plan, event, STR("login"), (struct str){ NULL, 0 });
    return ERR_NONE;
}

static enum err on_disconnected(const struct app_event *event, const struct member *member,
                                struct arena *mem, struct app_plan *plan)
{
    return member ? announce(plan, event, member, STR("left"), mem) : ERR_NONE;
}

/*
 * The members of the first argument, which must be an object; the first of them must be
 * room_id and name the member's own room.  Otherwise the plan says why not.
 */
static enum err read_argument(const struct app_event *event, const struct member *member,
                              struct json_field *fields, size_t count, struct arena *mem,
                              struct app_plan *plan)
{
    struct str room;
    enum err e;

    if (event->arg_count == 0 || json_members(event->args[0], fields, count)) {
        refuse(plan, APP_BAD_REQUEST,
               "the first argument must be an object, no name in it twice");
        return ERR_NONE;
    }
    e = json_text(fields[0].value, mem, &room);
    if (e == ERR_SYNTAX)
        refuse(plan, APP_BAD_REQUEST, "room_id must be a string");
    else if (!e && !is_own_room(member, room))
        refuse(plan, APP_FORBIDDEN, "that is not the room of this token");
    return e == ERR_NO_MEMORY ? e : ERR_NONE;
}

/* message {"type":"ackJoinRoom","success":…} to the socket that asked */
static enum err tell_join(const struct app_event *event, struct arena *mem,
                          struct app_plan *plan)
{
    struct buf args = { .mem = mem };
    struct str text;

    buf_add(&args, STR("{\"type\":\"ackJoinRoom\","));
    app_add_outcome(&args, plan->refusal, plan->message);
    buf_add_char(&args, '}');
    if (buf_done(&args, &text))
        return ERR_NO_MEMORY;
    tell(plan, event, STR("message"), text);
    return ERR_NONE;
}

/* joinRoom {room_id} */
static enum err on_join(const struct app_event *event, const struct member *member,
                        struct arena *mem, struct app_plan *plan)
{
    struct json_field fields[] = { { .name = STR("room_id") } };
    struct app_action join = { .kind = APP_JOIN };

    if (read_argument(event, member, fields, COUNT(fields), mem, plan))
        return ERR_NO_MEMORY;
    if (plan->refusal)
        return tell_join(event, mem, plan);
    if (room_of(member, member->role, mem, &join.room))
        return ERR_NO_MEMORY;
    add(plan, join);
    if (tell_join(event, mem, plan))
        return ERR_NO_MEMORY;
    return announce(plan, event, member, STR("joined"), mem);
}

/* The one socket that a writer may address instead of the room. */
static enum err read_recipient(struct str value, const struct member *member, struct arena *mem,
                               struct app_action *emit, struct app_plan *plan)
{
    struct str socket;
    enum err e = json_text(value, mem, &socket);

    if (e == ERR_NO_MEMORY)
        return e;
    if (e || socket.len == 0 || socket.len > SOCKET_ID_MAX_BYTES) {
        refuse(plan, APP_BAD_REQUEST, "to must be a socket id");
    } else if (member->role != ROLE_WRITER) {
        refuse(plan, APP_FORBIDDEN, "only the writer may address one socket");
    } else {
        emit->within = emit->room;
        emit->except = (struct str){ NULL, 0 };
        emit->room = socket;
    }
    return ERR_NONE;
}

/* message {"type":"editorMessage","data":…[,"from":…]}; data leaves as it came. */
static enum err editor_message(const struct app_event *event, const struct member *member,
                               struct str data, struct arena *mem, struct str *out)
{
    struct buf args = { .mem = mem };

    buf_reserve(&args, data.len + 128);
    buf_add_all(&args, STR("{\"type\":\"editorMessage\",\"data\":"), data);
    if (member->role == ROLE_VIEWER) {
        buf_add(&args, STR(",\"from\":"));
        json_add_string(&args, event->socket);
    }
    buf_add_char(&args, '}');
    return buf_done(&args, out);
}

/* sendToRoom {room_id, data, to?} */
static enum err on_send(const struct app_event *event, const struct member *member,
                        struct arena *mem, struct app_plan *plan)
{
    enum { ROOM_ID, DATA, TO };
    struct json_field fields[] = { { .name = STR("room_id") },
                                   { .name = STR("data") },
                                   { .name = STR("to") } };
    struct app_action emit = { .kind = APP_EMIT, .name = STR("message") };

    if (read_argument(event, member, fields, COUNT(fields), mem, plan))
        return ERR_NO_MEMORY;
    if (!plan->refusal && !fields[DATA].value.ptr)
        refuse(plan, APP_BAD_REQUEST, "there is no data to send");
    if (plan->refusal)
        return ERR_NONE;
    if (room_of(member, other(member->role), mem, &emit.room))
        return ERR_NO_MEMORY;
    emit.except = event->socket;
    if (fields[TO].value.ptr && read_recipient(fields[TO].value, member, mem, &emit, plan))
        return ERR_NO_MEMORY;
    if (plan->refusal)
        return ERR_NONE;
    if (editor_message(event, member, fields[DATA].value, mem, &emit.args))
        return ERR_NO_MEMORY;
    add(plan, emit);
    return ERR_NONE;
}

typedef enum err handler(const struct app_event *event, const struct member *member,
                         struct arena *mem, struct app_plan *plan);

static const struct {
    struct str name;
    handler *handle;
} messages[] = {
    { STR_INIT("joinRoom"), on_join },
    { STR_INIT("sendToRoom"), on_send },
};

static enum err on_message(const struct app_event *event, const struct member *member,
                           struct arena *mem, struct app_plan *plan)
{
    if (!member) {
        refuse(plan, APP_FORBIDDEN, "the token is not for a room");
        return ERR_NONE;
    }
    for (size_t i = 0; i < COUNT(messages); i++) {
        if (str_equal(event->name, messages[i].name))
            return messages[i].handle(event, member, mem, plan);
    }
    refuse(plan, APP_UNKNOWN_EVENT, "there is no such event");
    return ERR_NONE;
}

enum err codestream_decide(const struct app_event *event, struct arena *mem,
                           struct app_plan *plan)
{
    static handler *const by_kind[] = {
        [APP_CONNECT] = on_connect,
        [APP_CONNECTED] = on_connected,
        [APP_MESSAGE] = on_message,
        [APP_DISCONNECTED] = on_disconnected,
    };
    struct member member;
    bool known = !member_parse(event->user, &member);

    memset(plan, 0, sizeof(*plan));
    return by_kind[event->kind](event, known ? &member : NULL, mem, plan);
}
