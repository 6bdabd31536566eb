#include "negotiate.h"

#include "wire/base64url.h"
#include "wire/json.h"

static void refuse(struct negotiate_grant *out, unsigned status, const char *message)
{
    out->status = status;
    out->message = message;
}

/* A name that nobody guesses: of a room, or of a guest. */
static enum err make_name(const unsigned char seed[static ROOM_ID_BYTES], struct arena *mem,
                          struct str *out)
{
    struct buf name = { .mem = mem };

    base64url_add(&name, (struct str){ (const char *)seed, ROOM_ID_BYTES });
    return buf_done(&name, out);
}

static enum err writer_key(struct hmac_key *secret, struct str room, struct arena *mem,
                           struct str *out)
{
    struct str message;
    enum err e = writer_key_message(room, mem, &message);

    return e ? e : hmac_sign_text(secret, message, mem, out);
}

/* What a caller gave, from wherever it came. */
struct wish {
    struct str room, key; /* ptr is NULL: not given */
};

static enum err read_body(struct str body, struct arena *mem, struct wish *wish,
                          struct negotiate_grant *out)
{
    struct json_field fields[] = { { .name = STR("room_id") }, { .name = STR("writer_key") } };
    struct str *const values[] = { &wish->room, &wish->key };

    if (body.len == 0)
        return ERR_NONE;
    if (json_members(body, fields, COUNT(fields))) {
        refuse(out, 400, "the body must be a JSON object, no name in it twice");
        return ERR_NONE;
    }
    for (size_t i = 0; i < COUNT(fields); i++) {
        enum err e = json_text(fields[i].value, mem, values[i]);
        if (e == ERR_NO_MEMORY)
            return e;
        if (e)
            refuse(out, 400, "the body must have room_id and writer_key, both strings");
    }
    return ERR_NONE;
}

static void check(const struct wish *wish, bool needs_room, struct negotiate_grant *out)
{
    if (out->status != 200)
        return;
    if (wish->room.ptr && !room_id_ok(wish->room))
        refuse(out, 400, "room_id must be 22 characters of A-Z a-z 0-9 - _");
    else if (!wish->room.ptr && needs_room)
        refuse(out, 400, "room_id is missing");
}

/* The older CodeStream speaks to the native endpoint, and needs no event handler. */
static bool is_known_protocol(struct str protocol)
{
    return protocol.len == 0 || str_equal(protocol, STR("json.webpubsub.azure.v1")) ||
           str_equal(protocol, STR("json.reliable.webpubsub.azure.v1"));
}

enum err negotiate_decide(const struct negotiate_query *query, struct hmac_key *secret,
                          const unsigned char seed[static ROOM_ID_BYTES], struct arena *mem,
                          struct negotiate_grant *out)
{
    struct wish wish = { .room = query->room_id };

    *out = (struct negotiate_grant){ .status = 200, .protocol = query->protocol };
    if (!is_known_protocol(query->protocol))
        refuse(out, 400, "protocol can be json.webpubsub.azure.v1 or left out");
    if (query->is_post && read_body(query->body, mem, &wish, out))
        return ERR_NO_MEMORY;
    check(&wish, query->is_register, out);
    if (out->status != 200)
        return ERR_NONE;

    out->member = (struct member){ ROLE_WRITER, wish.room };
    if (!wish.room.ptr && make_name(seed, mem, &out->member.room))
        return ERR_NO_MEMORY;
    if (writer_key(secret, out->member.room, mem, &out->writer_key))
        return ERR_NO_MEMORY;
    if (wish.key.ptr && !str_equal_secret(wish.key, out->writer_key))
        refuse(out, 403, "that is not the writer key of this room");
    else if (wish.room.ptr && !wish.key.ptr)
        out->member.role = ROLE_VIEWER;
    return ERR_NONE;
}

enum err negotiate_guest(const unsigned char seed[static ROOM_ID_BYTES], struct arena *mem,
                         struct negotiate_grant *out)
{
    *out = (struct negotiate_grant){ .status = 200 };
    return make_name(seed, mem, &out->guest);
}

enum err negotiate_client(const struct negotiate_grant *grant, struct arena *mem,
                          struct webpubsub_client *out)
{
    *out =
        (struct webpubsub_client){ .is_native = grant->protocol.len > 0, .user = grant->guest };
    if (grant->guest.len > 0)
        return ERR_NONE;
    if (member_subject(&grant->member, mem, &out->user))
        return ERR_NO_MEMORY;
    return member_rooms(&grant->member, mem, &out->joins, &out->sends_to);
}

/* url and id, the names of the older article. */
static void add_native(struct buf *answer, const struct webpubsub *service,
                       const struct negotiate_grant *grant, struct str token)
{
    bool is_secure = str_starts(service->url, STR("https"));
    struct str authority = str_skip(service->url, is_secure ? 8 : 7);

    buf_add_all(answer, STR("{\"url\":\""), is_secure ? STR("wss://") : STR("ws://"),
                authority);
    webpubsub_add_client_path(answer, service, true);
    buf_add_all(answer, STR("?access_token="), token, STR("\",\"id\":\""), grant->member.room,
                STR("\",\"protocol\":\""), grant->protocol, STR("\""));
}

/* url, the name of the articles; endpoint, path and token, those of Microsoft's binding. */
static void add_socketio(struct buf *answer, const struct webpubsub *service, struct str token)
{
    buf_add_all(answer, STR("{\"url\":\""), service->url, STR("/?access_token="), token,
                STR("\",\"endpoint\":\""), service->url, STR("\",\"path\":\""));
    webpubsub_add_client_path(answer, service, false);
    buf_add_all(answer, STR("\",\"token\":\""), token, STR("\""));
}

static void add_member(struct buf *answer, const struct negotiate_grant *grant)
{
    bool is_writer = grant->member.role == ROLE_WRITER;

    buf_add_all(answer, STR(",\"room_id\":\""), grant->member.room, STR("\",\"role\":\""),
                is_writer ? STR("writer") : STR("viewer"));
    if (is_writer)
        buf_add_all(answer, STR("\",\"writer_key\":\""), grant->writer_key);
}

/* None of the values needs an escape in JSON or in a URL. */
enum err negotiate_answer(const struct webpubsub *service, const struct negotiate_grant *grant,
                          struct str token, int64_t token_seconds, struct arena *mem,
                          struct str *out)
{
    struct buf answer = { .mem = mem };

    buf_reserve(&answer, 2 * (token.len + service->url.len) + 256);
    if (grant->protocol.len > 0)
        add_native(&answer, service, grant, token);
    else
        add_socketio(&answer, service, token);
    if (grant->guest.len > 0)
        buf_add_all(&answer, STR(",\"user_id\":\""), grant->guest);
    else
        add_member(&answer, grant);
    buf_add(&answer, STR("\",\"expires_in\":"));
    buf_add_number(&answer, (uint64_t)token_seconds);
    buf_add_char(&answer, '}');
    return buf_done(&answer, out);
}
