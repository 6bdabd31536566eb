#include "app/codestream.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/hmac.h"
#include "wire/json.h"

/* Web PubSub makes no longer ids. */
#define SOCKET_ID_MAX_BYTES 128

/* Sockets to which one message may be addressed. */
#define MAX_RECIPIENTS 50

/*
 * The length of the filter that names them, which stands in a URL and again in the token for
 * it.
 */
#define MAX_FILTER_CHARS 4096

/* What each socket adds to that filter besides its own name and the namespace's. */
#define RECIPIENT_CHARS strlen("%20or%20%270~~%27%20in%20groups")

/* The greatest integer that JavaScript knows exactly. */
#define EPOCH_MAX (((uint64_t)1 << 53) - 1)

static const struct str control_suffix = STR_INIT("-control");

/* What makes a signature a writer key. */
static const struct str key_purpose = STR_INIT("codestream writer key\n");

/* ---- rooms and members ---- */

bool room_id_ok(struct str room)
{
    return room.len == ROOM_ID_CHARS && base64url_is_text(room, '\0');
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

/* True for either spelling of its own pair of rooms, R or R-control. */
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

/* ---- handlers ---- */

/*
 * Reads whose event this is.  false: the socket is no member of a room, and has been told so.
 */
static bool read_member(struct app_socket *socket, struct member *out)
{
    if (!member_parse(socket->user, out))
        return true;
    app_refuse(socket, APP_FORBIDDEN, "the token is not for a room");
    return false;
}

/* The room to which this role subscribes. */
static struct str room_of(struct app_socket *socket, const struct member *member,
                          enum role subscriber)
{
    if (subscriber == ROLE_VIEWER)
        return member->room;
    return app_concat(socket, member->room, control_suffix);
}

/* Emits presence to all who subscribe as this role. */
static void announce_to(struct app_socket *socket, enum role subscriber,
                        const struct member *member, struct str state, struct app_value epoch)
{
    bool is_writer = member->role == ROLE_WRITER;

    app_emit(socket,
             TO(.rooms = ROOMS(room_of(socket, member, subscriber)),
                .except = ROOMS(socket->id), .may_fail = true),
             "presence",
             ARGS(OBJECT({ "role", TEXT(is_writer ? STR("writer") : STR("viewer")) },
                         { "state", TEXT(state) }, { "from", TEXT(socket->id) },
                         { "epoch", epoch })));
}

/*
 * Tells the others that this member came or went: the writer is told of everybody, viewers are
 * told of the writer.  A writer is told of another writer too, since the one with the greater
 * epoch goes on.  This is an event of its own and not a `message`, so that pages which know only
 * the articles' protocol never see it.
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
 * Reads the members of the first argument, which must be an object.  The first of fields must
 * be room_id and name the member's own room.  false: it is not so, and the client is told why.
 */
static bool read_argument(struct app_socket *socket, const struct member *member,
                          struct json_field *fields, size_t count)
{
    struct str room;

    if (socket->arg_count == 0 || json_checked_members(socket->args[0], fields, count))
        app_refuse(socket, APP_BAD_REQUEST,
                   "the first argument must be an object without duplicate names");
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
 * Reads the epoch, which says which of several writers began last.  Only pages that know of
 * epochs send one.  An epoch that a viewer sends is not passed on.
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

/* Whether this member may say something while it joins; saying nothing is fine. */
static bool may_speak(struct app_socket *socket, const struct member *member, struct str data)
{
    if (!data.ptr || member->role == ROLE_VIEWER)
        return true;
    app_refuse(socket, APP_BAD_REQUEST, "only a viewer's joinRoom may have data");
    return false;
}

/* message {"type":"editorMessage","data":…[,"from":…][,"joined":true]}; data leaves as it came. */
static void publish(struct app_socket *socket, const struct member *member, struct str data,
                    struct app_value joined, struct app_target to)
{
    app_emit(socket, to, "message",
             ARGS(OBJECT({ "type", TEXT(STR("editorMessage")) }, { "data", PASSED(data) },
                         { "from", member->role == ROLE_VIEWER ? TEXT(socket->id) : UNDEFINED },
                         { "joined", joined })));
}

/* joinRoom {room_id, epoch?, data?} */
static void on_join(struct app_socket *socket)
{
    enum { ROOM_ID, EPOCH, DATA };
    struct json_field fields[] = { { .name = STR("room_id") },
                                   { .name = STR("epoch") },
                                   { .name = STR("data") } };
    struct str data;
    struct member member;
    struct app_value epoch;
    bool may_join;

    if (!read_member(socket, &member))
        return;
    may_join = read_argument(socket, &member, fields, COUNT(fields)) &&
               read_epoch(socket, &member, fields[EPOCH].value, &epoch) &&
               may_speak(socket, &member, fields[DATA].value);
    data = fields[DATA].value;
    if (may_join)
        app_join(socket, SELF(socket), ROOMS(room_of(socket, &member, member.role)));
    if (may_join && data.ptr) {
        /*
         * The word of a viewer that joins tells the writer of both, in the place of its presence
         * and of a sendToRoom.  Whoever speaks so is answered by its acknowledgement alone, which
         * therefore waits for the word as that of a sendToRoom does.
         */
        publish(socket, &member, data, BOOLEAN(true),
                TO(.rooms = ROOMS(room_of(socket, &member, ROLE_WRITER)),
                   .except = ROOMS(socket->id)));
        return;
    }
    tell_join(socket);
    if (may_join)
        announce(socket, &member, STR("joined"), epoch);
}

/* Reads one socket id or a list of them, unescaped, into ids.  false: it is neither. */
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
        publish(socket, &member, fields[DATA].value, UNDEFINED,
                TO(.rooms = ROOMS(room), .except = ROOMS(socket->id)));
    else if (read_recipients(socket, fields[RECIPIENT].value, &member, to, &count))
        publish(socket, &member, fields[DATA].value, UNDEFINED,
                TO(.rooms = { to, count }, .within = room));
}

/* ---- negotiate ---- */

/*
 * A caller becomes a member of a room.
 *
 * GET: a new room for its writer, or with room_id (id, as the older article calls it) a viewer
 * of that room.  POST {room_id, writer_key}: its writer again; {writers_word}: a new room, for
 * a caller that knows the owner's word; with an empty body as GET.  If the body or the query has
 * an epoch, the greatest that the writer knows, the response has a greater one, and the number of
 * units of Web PubSub.
 */

/* What a caller gave, from wherever it came.  ptr is NULL: not given. */
struct request {
    struct str room, key;
    struct str word; /* read only where it opens a room */
    struct str epoch;
    bool has_body;
};

/* A random part of an epoch, so that two writers that ask at the same time seldom get the same. */
#define EPOCH_SPREAD 1000

/* No clock shows a greater one.  Above this there is room for all that anybody may ask for. */
#define EPOCH_NAMED_MAX ((uint64_t)1 << 52)

/*
 * The parameter of that name.  One that is given twice is refused, since somebody in front may have
 * read the other one.
 */
static struct str read_query(struct app_caller *caller, const char *name)
{
    if (header_is_repeated(caller->query, caller->query_count, str_from(name)))
        app_turn_away(caller, APP_BAD_REQUEST, "a parameter of the query is given twice");
    return app_query(caller, name);
}

/* false: no memory */
static bool read_text(struct app_caller *caller, struct str json, struct str *out)
{
    enum err e = json.ptr ? json_text(json, caller->mem, out) : ERR_SYNTAX;

    if (e == ERR_NO_MEMORY)
        app_turn_away(caller, APP_BUSY, "no memory");
    else if (e)
        *out = NO_STR;
    return e != ERR_NO_MEMORY;
}

static void read_body(struct app_caller *caller, struct request *request)
{
    enum { ROOM, KEY, WORD, EPOCH };
    struct json_field f[] = { [ROOM] = { .name = STR("room_id") },
                              [KEY] = { .name = STR("writer_key") },
                              [WORD] = { .name = STR("writers_word") },
                              [EPOCH] = { .name = STR("epoch") } };

    if (json_members(caller->body, f, COUNT(f))) {
        app_turn_away(caller, APP_BAD_REQUEST,
                      "the body must be a JSON object without duplicate names");
        return;
    }
    request->epoch = f[EPOCH].value;
    if (!f[ROOM].value.ptr && !f[KEY].value.ptr) {
        (void)read_text(caller, f[WORD].value, &request->word);
    } else if (read_text(caller, f[ROOM].value, &request->room) &&
               read_text(caller, f[KEY].value, &request->key) &&
               (!request->room.ptr || !request->key.ptr)) {
        app_turn_away(caller, APP_BAD_REQUEST,
                      "the body must have room_id and writer_key, both strings");
    }
}

static bool may_ask(struct app_caller *caller, const struct request *request)
{
    if (caller->pass.refusal)
        return false;
    if (!str_is_all(request->epoch, is_digit))
        app_turn_away(caller, APP_BAD_REQUEST, "epoch must be a whole number");
    else if (request->room.ptr && !room_id_ok(request->room))
        app_turn_away(caller, APP_BAD_REQUEST,
                      "room_id must be 22 characters of A-Z a-z 0-9 - _");
    else if (!request->room.ptr && caller->is_register)
        app_turn_away(caller, APP_BAD_REQUEST, "room_id is missing");
    return !caller->pass.refusal;
}

/* The older CodeStream publishes to the native endpoint, and needs no event handler. */
static bool is_known_protocol(struct str protocol)
{
    return protocol.len == 0 || str_equal(protocol, STR("json.webpubsub.azure.v1")) ||
           str_equal(protocol, STR("json.reliable.webpubsub.azure.v1"));
}

/* Opens a native client's own rooms to it, which its token alone can do. */
static void open_native(struct app_caller *caller, struct str room, bool is_writer,
                        struct str protocol)
{
    struct str control = app_caller_concat(caller, room, control_suffix);

    app_native(caller, protocol);
    app_may_send(caller, is_writer ? room : control);
    app_may_join(caller, is_writer ? control : room);
    app_tell(caller, "id", room); /* as the older article calls it */
    app_tell(caller, "protocol", protocol);
}

/*
 * Chooses an epoch that is greater than any that this writer knows and, if clocks agree, than
 * any that was given before.  An epoch that no clock can have shown is ignored.
 */
static uint64_t choose_epoch(const struct app_caller *caller, struct str named)
{
    const unsigned char *seed = caller->seed;
    uint64_t least = caller->now_unix_ms, known = 0;

    if (str_to_number(named, 0, EPOCH_NAMED_MAX, &known))
        known = 0;
    if (known + 1 > least)
        least = known + 1;
    return least + ((unsigned)seed[0] << 16 | (unsigned)seed[1] << 8 | seed[2]) % EPOCH_SPREAD;
}

/* Only the writers of a room have its key. */
static void admit(struct app_caller *caller, const struct request *request, struct str protocol)
{
    bool is_writer = !request->room.ptr || request->key.ptr;
    struct str room = request->room, key;

    if (!room.ptr && !app_word(caller, request->word))
        return;
    if (request->has_body && !request->key.ptr && !request->word.ptr && !request->epoch.ptr) {
        app_turn_away(caller, APP_BAD_REQUEST,
                      "the body must have room_id and writer_key, writers_word, or epoch");
        return;
    }
    if (!room.ptr)
        room = app_new_name(caller);
    key = app_sign(caller, key_purpose, room);
    if (request->key.ptr && !str_equal_secret(request->key, key)) {
        app_turn_away(caller, APP_FORBIDDEN, "that is not the writer key of this room");
        return;
    }
    app_admit(caller, app_caller_concat(caller, is_writer ? STR("w.") : STR("v."), room));
    if (protocol.len > 0)
        open_native(caller, room, is_writer, protocol);
    app_tell(caller, "room_id", room);
    app_tell(caller, "role", is_writer ? STR("writer") : STR("viewer"));
    if (!is_writer)
        return;
    app_tell(caller, "writer_key", key);
    if (!request->epoch.ptr)
        return;
    app_tell_number(caller, "epoch", choose_epoch(caller, request->epoch));
    app_tell_number(caller, "units", caller->units);
}

void codestream_negotiate(struct app_caller *caller)
{
    struct str room = read_query(caller, "room_id"), protocol = read_query(caller, "protocol");
    struct request request = { .room = room.ptr ? room : read_query(caller, "id"),
                               .epoch = read_query(caller, "epoch") };

    if (!is_known_protocol(protocol))
        app_turn_away(caller, APP_BAD_REQUEST,
                      "protocol can be json.webpubsub.azure.v1 or left out");
    request.has_body = caller->is_post && caller->body.len > 0;
    if (request.has_body)
        read_body(caller, &request);
    if (may_ask(caller, &request))
        admit(caller, &request, protocol);
}

/* ---- kept texts ---- */

struct str codestream_keeper(struct app_caller *caller, struct str key)
{
    struct str room = read_query(caller, "room_id");

    if (!room_id_ok(room))
        app_turn_away(caller, APP_BAD_REQUEST,
                      "room_id must be 22 characters of A-Z a-z 0-9 - _");
    else if (!key.ptr)
        return room;
    else if (!str_equal_secret(key, app_sign(caller, key_purpose, room)))
        app_turn_away(caller, APP_FORBIDDEN, "that is not the writer key of this room");
    return room;
}

const struct app codestream_app = {
    .name = "codestream",
    .negotiate = codestream_negotiate,
    .keeper = codestream_keeper,
    .asks_word = true,
    .connect = on_connect,
    .connected = on_connected,
    .disconnected = on_disconnected,
    .events = { { "joinRoom", on_join }, { "sendToRoom", on_send } },
    .frequent = { "sendToRoom" },
};
