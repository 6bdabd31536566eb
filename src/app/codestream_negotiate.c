/*
 * Who becomes what in which room.
 *
 * GET: a new room for its writer, or with room_id (id, as the older article calls it) a viewer
 * of that room.  POST {room_id, writer_key}: its writer again; {writers_word}: a new room, by
 * somebody who knows the owner's word; with an empty body as GET.  Where body or query has an
 * epoch, the greatest that the writer knows, the answer has one that is greater, and how many units the
 * service has.
 */
#include "app/codestream.h"

#include "wire/hmac.h"
#include "wire/json.h"

/* What a caller gave, from wherever it came; ptr is NULL: not given. */
struct wish {
    struct str room, key;
    struct str word; /* only where it opens a room: nobody else is asked for it */
    struct str epoch;
    bool has_body;
};

/* What an epoch may be off: two writers that ask at the same time seldom get the same. */
#define EPOCH_SPREAD 1000

/* Greater ones come from no clock.  There is room above this for as many as one may ask for. */
#define EPOCH_MAX ((uint64_t)1 << 52)

/* false: no memory */
static bool read_text(struct app_caller *caller, struct str json, struct str *out)
{
    enum err e = json.ptr ? json_text(json, caller->mem, out) : ERR_SYNTAX;

    if (e == ERR_NO_MEMORY)
        app_turn_away(caller, APP_BUSY, "no memory");
    else if (e)
        *out = (struct str){ NULL, 0 };
    return e != ERR_NO_MEMORY;
}

static bool is_whole_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return true;
}

static void read_body(struct app_caller *caller, struct wish *wish)
{
    enum { ROOM, KEY, WORD, EPOCH };
    struct json_field f[] = { [ROOM] = { .name = STR("room_id") },
                              [KEY] = { .name = STR("writer_key") },
                              [WORD] = { .name = STR("writers_word") },
                              [EPOCH] = { .name = STR("epoch") } };

    if (json_members(caller->body, f, COUNT(f))) {
        app_turn_away(caller, APP_BAD_REQUEST,
                      "the body must be a JSON object, no name in it twice");
        return;
    }
    wish->epoch = f[EPOCH].value;
    if (!f[ROOM].value.ptr && !f[KEY].value.ptr) {
        (void)read_text(caller, f[WORD].value, &wish->word);
    } else if (read_text(caller, f[ROOM].value, &wish->room) &&
               read_text(caller, f[KEY].value, &wish->key) &&
               (!wish->room.ptr || !wish->key.ptr)) {
        app_turn_away(caller, APP_BAD_REQUEST,
                      "the body must have room_id and writer_key, both strings");
    }
}

static bool may_ask(struct app_caller *caller, const struct wish *wish)
{
    if (caller->pass.refusal)
        return false;
    if (!is_whole_number(wish->epoch))
        app_turn_away(caller, APP_BAD_REQUEST, "epoch must be a whole number");
    else if (wish->room.ptr && !room_id_ok(wish->room))
        app_turn_away(caller, APP_BAD_REQUEST,
                      "room_id must be 22 characters of A-Z a-z 0-9 - _");
    else if (!wish->room.ptr && caller->is_register)
        app_turn_away(caller, APP_BAD_REQUEST, "room_id is missing");
    else if (!wish->room.ptr && !app_word(caller, wish->word))
        return false;
    else if (wish->has_body && !wish->key.ptr && !wish->word.ptr && !wish->epoch.ptr)
        app_turn_away(caller, APP_BAD_REQUEST,
                      "the body must have room_id and writer_key, writers_word, or epoch");
    return !caller->pass.refusal;
}

/* The role that the wish comes to; key: the room's, which only its writers have. */
static enum role choose_role(struct app_caller *caller, const struct wish *wish, struct str key)
{
    if (!wish->room.ptr)
        return ROLE_WRITER;
    if (!wish->key.ptr)
        return ROLE_VIEWER;
    if (!str_equal_secret(wish->key, key))
        app_turn_away(caller, APP_FORBIDDEN, "that is not the writer key of this room");
    return ROLE_WRITER;
}

/* The older CodeStream speaks to the native endpoint, and needs no event handler. */
static bool is_known_protocol(struct str protocol)
{
    return protocol.len == 0 || str_equal(protocol, STR("json.webpubsub.azure.v1")) ||
           str_equal(protocol, STR("json.reliable.webpubsub.azure.v1"));
}

/* There it is in its own rooms by its token alone. */
static void open_native(struct app_caller *caller, const struct member *member,
                        struct str protocol)
{
    struct str hears, speaks;

    if (member_rooms(member, caller->mem, &hears, &speaks)) {
        app_turn_away(caller, APP_BUSY, "no memory");
        return;
    }
    app_native(caller, protocol);
    app_may_send(caller, speaks);
    app_may_join(caller, hears);
    app_tell(caller, "id", member->room); /* as the older article calls it */
    app_tell(caller, "protocol", protocol);
}

/*
 * Greater than any that this writer has heard of, and than any that was given before, if clocks
 * agree.  Nobody is believed who names one that no clock can have shown.
 */
static uint64_t choose_epoch(const struct app_caller *caller, struct str named)
{
    const unsigned char *seed = caller->seed;
    uint64_t least = caller->now_unix_ms, known = 0;

    if (str_to_number(named, 0, EPOCH_MAX, &known))
        known = 0;
    if (known + 1 > least)
        least = known + 1;
    return least + ((unsigned)seed[0] << 16 | (unsigned)seed[1] << 8 | seed[2]) % EPOCH_SPREAD;
}

static void tell_writer(struct app_caller *caller, struct str key, struct str epoch)
{
    app_tell(caller, "writer_key", key);
    if (!epoch.ptr)
        return;
    app_tell_number(caller, "epoch", choose_epoch(caller, epoch));
    app_tell_number(caller, "units", caller->units);
}

static void admit(struct app_caller *caller, const struct member *member,
                  const struct wish *wish, struct str protocol, struct str key)
{
    bool is_writer = member->role == ROLE_WRITER;
    struct str subject = { NULL, 0 };

    if (member_subject(member, caller->mem, &subject)) {
        app_turn_away(caller, APP_BUSY, "no memory");
        return;
    }
    app_admit(caller, subject);
    if (protocol.len > 0)
        open_native(caller, member, protocol);
    app_tell(caller, "room_id", member->room);
    app_tell(caller, "role", is_writer ? STR("writer") : STR("viewer"));
    if (is_writer)
        tell_writer(caller, key, wish->epoch);
}

void codestream_negotiate(struct app_caller *caller)
{
    struct str room = app_query(caller, "room_id"), protocol = app_query(caller, "protocol");
    struct wish wish = { .room = room.ptr ? room : app_query(caller, "id"),
                         .epoch = app_query(caller, "epoch") };
    struct member member;
    struct str message, key;

    if (!is_known_protocol(protocol))
        app_turn_away(caller, APP_BAD_REQUEST,
                      "protocol can be json.webpubsub.azure.v1 or left out");
    wish.has_body = caller->is_post && caller->body.len > 0;
    if (wish.has_body)
        read_body(caller, &wish);
    if (!may_ask(caller, &wish))
        return;
    member.room = wish.room.ptr ? wish.room : app_new_name(caller);
    if (writer_key_message(member.room, caller->mem, &message)) {
        app_turn_away(caller, APP_BUSY, "no memory");
        return;
    }
    key = app_sign(caller, message);
    member.role = choose_role(caller, &wish, key);
    if (!caller->pass.refusal)
        admit(caller, &member, &wish, protocol, key);
}
