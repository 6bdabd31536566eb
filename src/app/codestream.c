#include "app/codestream.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/json.h"

/* Longer ones are not made by the service. */
#define SOCKET_ID_MAX_BYTES 128

/* Sockets that one answer may be for. */
#define MAX_RECIPIENTS 50

/* Of the filter that names them, which stands in a URL and again in the token for it. */
#define MAX_FILTER_CHARS 4096

/* What each has there around its own and the namespace's name. */
#define RECIPIENT_CHARS strlen("%20or%20%270~~%27%20in%20groups")

/* The greatest integer that JavaScript knows exactly. */
#define EPOCH_MAX (((uint64_t)1 << 53) - 1)

static const struct str control_suffix = STR_INIT("-control");

/* ---- rooms and members ---- */

bool room_id_ok(struct str room)
{
    return room.len == ROOM_ID_CHARS && base64url_is_text(room, '\0');
}

enum err member_subject(const struct member *member, struct arena *mem, struct str *out)
{
    return arena_concat(mem, out, member->role == ROLE_WRITER ? STR("w.") : STR("v."),
                        member->room);
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
    return arena_concat(mem, out, STR("codestream writer key\n"), room);
}

/* Either spelling of its own pair of rooms, R or R-control. */
static bool is_own_room(const struct member *member, struct str room)
{
    if (str_ends(room, control_suffix))
        room.len -= control_suffix.len;
    return str_equal(room, member->room);
}

static enum role other(enum role role)
{
    return role == ROLE_WRITER ? ROLE_VIEWER : ROLE_WRITER;
}

enum err member_rooms(const struct member *member, struct arena *mem, struct str *hears,
                      struct str *speaks)
{
    bool is_writer = member->role == ROLE_WRITER;

    *(is_writer ? speaks : hears) = member->room;
    return arena_concat(mem, is_writer ? hears : speaks, member->room, control_suffix);
}

/* ---- handlers ---- */

/* Whose event this is; false: nobody of ours, which has been told so. */
static bool read_member(struct app_socket *socket, struct member *out)
{
    if (!member_parse(socket->user, out))
        return true;
    app_refuse(socket, APP_FORBIDDEN, "the token is not for a room");
    return false;
}

/* Where this role listens. */
static struct str room_of(struct app_socket *socket, const struct member *member,
                          enum role listens)
{
    if (listens == ROLE_VIEWER)
        return member->room;
    return app_concat(socket, member->room, control_suffix);
}

/* presence to those who listen as this role. */
static void announce_to(struct app_socket *socket, enum role listens,
                        const struct member *member, struct str state, struct app_value epoch)
{
    bool is_writer = member->role == ROLE_WRITER;

    app_emit(socket,
             TO(.rooms = ROOMS(room_of(socket, member, listens)), .except = ROOMS(socket->id),
                .may_fail = true),
             "presence",
             ARGS(OBJECT({ "role", TEXT(is_writer ? STR("writer") : STR("viewer")) },
                         { "state", TEXT(state) }, { "from", TEXT(socket->id) },
                         { "epoch", epoch })));
}

/*
 * Tells who is concerned that this member came or went: the writer of any, the viewers of
 * the writer.  A writer hears of another one, since the one with the greater epoch goes on.
 * It is an event of its own, not a `message`: pages which know only the articles' protocol
 * never see it.
 */
static void announce(struct app_socket *socket, const struct member *member, struct str state,
                     struct app_value epoch)
{
    if (member->role == ROLE_WRITER)
        announce_to(socket, ROLE_VIEWER, member, state, epoch);
    announce_to(socket, ROLE_WRITER, member, state, epoch);
}

static void on_connect(struct app_socket *socket)
{
    struct member member;

    (void)read_member(socket, &member);
}

static void on_connected(struct app_socket *socket)
{
    struct member member;

    if (!member_parse(socket->user, &member))
        app_emit(socket, SELF(socket), "login", ARGS());
}

static void on_disconnected(struct app_socket *socket)
{
    struct member member;

    if (!member_parse(socket->user, &member))
        announce(socket, &member, STR("left"), UNDEFINED);
}

/*
 * The members of the first argument, which must be an object; the first of them must be
 * room_id and name the member's own room.  False: it is not so, and the client is told why.
 */
static bool read_argument(struct app_socket *socket, const struct member *member,
                          struct json_field *fields, size_t count)
{
    struct str room;

    if (socket->arg_count == 0 || json_checked_members(socket->args[0], fields, count))
        app_refuse(socket, APP_BAD_REQUEST,
                   "the first argument must be an object, no name in it twice");
    else if (!app_text(socket, fields[0].value, &room))
        app_refuse(socket, APP_BAD_REQUEST, "room_id must be a string");
    else if (!is_own_room(member, room))
        app_refuse(socket, APP_FORBIDDEN, "that is not the room of this token");
    else
        return true;
    return false;
}

/* message {"type":"ackJoinRoom","success":…} to the socket that asked */
static void tell_join(struct app_socket *socket)
{
    enum app_refusal refusal = socket->plan.refusal;
    struct str message = str_from(socket->plan.message);

    app_emit(
        socket, SELF(socket), "message",
        ARGS(OBJECT({ "type", TEXT(STR("ackJoinRoom")) }, { "success", BOOLEAN(!refusal) },
                    { "error", refusal ? OBJECT({ "code", TEXT(app_refusal_code(refusal)) },
                                                { "message", TEXT(message) })
                                       : UNDEFINED })));
}

/*
 * Which of several writers is the last to have begun; only pages that know of it say so.
 * What a viewer says of one is not passed on.
 */
static bool read_epoch(struct app_socket *socket, const struct member *member, struct str value,
                       struct app_value *out)
{
    uint64_t epoch;

    *out = UNDEFINED;
    if (!value.ptr || member->role != ROLE_WRITER)
        return true;
    if (str_to_number(value, 0, EPOCH_MAX, &epoch)) {
        app_refuse(socket, APP_BAD_REQUEST, "epoch must be a whole number");
        return false;
    }
    *out = PASSED(value);
    return true;
}

/* joinRoom {room_id, epoch?} */
static void on_join(struct app_socket *socket)
{
    enum { ROOM_ID, EPOCH };
    struct json_field fields[] = { { .name = STR("room_id") }, { .name = STR("epoch") } };
    struct member member;
    struct app_value epoch;
    bool may_join;

    if (!read_member(socket, &member))
        return;
    may_join = read_argument(socket, &member, fields, COUNT(fields)) &&
               read_epoch(socket, &member, fields[EPOCH].value, &epoch);
    if (may_join)
        app_join(socket, SELF(socket), ROOMS(room_of(socket, &member, member.role)));
    tell_join(socket);
    if (may_join)
        announce(socket, &member, STR("joined"), epoch);
}

/* One socket, or a list of them: unescaped, into ids.  False: it is neither. */
static bool read_ids(struct app_socket *socket, struct str value,
                     struct str ids[static MAX_RECIPIENTS], size_t *count)
{
    if (json_elements(value, ids, MAX_RECIPIENTS, count)) {
        ids[0] = value;
        *count = 1;
    }
    if (*count > MAX_RECIPIENTS)
        return false;
    for (size_t i = 0; i < *count; i++) {
        if (!app_text(socket, ids[i], &ids[i]) || ids[i].len == 0 ||
            ids[i].len > SOCKET_ID_MAX_BYTES)
            return false;
    }
    return *count > 0;
}

static size_t filter_chars(const struct app_socket *socket, const struct str *ids, size_t count)
{
    size_t chars = 0;

    for (size_t i = 0; i < count; i++)
        chars += RECIPIENT_CHARS + BASE64URL_LEN(socket->nsp.len) + BASE64URL_LEN(ids[i].len);
    return chars;
}

/* The sockets that a writer may address instead of the room. */
static bool read_recipients(struct app_socket *socket, struct str value,
                            const struct member *member, struct str ids[static MAX_RECIPIENTS],
                            size_t *count)
{
    if (!read_ids(socket, value, ids, count))
        app_refuse(socket, APP_BAD_REQUEST, "to must be a socket id or a list of at most 50");
    else if (filter_chars(socket, ids, *count) > MAX_FILTER_CHARS)
        app_refuse(socket, APP_BAD_REQUEST, "the ids in to are too long together");
    else if (member->role != ROLE_WRITER)
        app_refuse(socket, APP_FORBIDDEN, "only the writer may address single sockets");
    else
        return true;
    return false;
}

/* message {"type":"editorMessage","data":…[,"from":…]}; data leaves as it came. */
static void speak(struct app_socket *socket, const struct member *member, struct str data,
                  struct app_target to)
{
    app_emit(
        socket, to, "message",
        ARGS(OBJECT({ "type", TEXT(STR("editorMessage")) }, { "data", PASSED(data) },
                    { "from", member->role == ROLE_VIEWER ? TEXT(socket->id) : UNDEFINED })));
}

/* sendToRoom {room_id, data, to?} */
static void on_send(struct app_socket *socket)
{
    enum { ROOM_ID, DATA, RECIPIENT };
    struct json_field fields[] = { { .name = STR("room_id") },
                                   { .name = STR("data") },
                                   { .name = STR("to") } };
    struct member member;
    struct str room, to[MAX_RECIPIENTS];
    size_t count;

    if (!read_member(socket, &member) || !read_argument(socket, &member, fields, COUNT(fields)))
        return;
    room = room_of(socket, &member, other(member.role));
    if (!fields[DATA].value.ptr)
        app_refuse(socket, APP_BAD_REQUEST, "there is no data to send");
    else if (!fields[RECIPIENT].value.ptr)
        speak(socket, &member, fields[DATA].value,
              TO(.rooms = ROOMS(room), .except = ROOMS(socket->id)));
    else if (read_recipients(socket, fields[RECIPIENT].value, &member, to, &count))
        speak(socket, &member, fields[DATA].value, TO(.rooms = { to, count }, .within = room));
}

const struct app codestream_app = {
    .name = "codestream",
    .negotiate = codestream_negotiate,
    .asks_word = true,
    .connect = on_connect,
    .connected = on_connected,
    .disconnected = on_disconnected,
    .events = { { "joinRoom", on_join } },
    .frequent = { { "sendToRoom", on_send } },
};
