#include "negotiate.h"

#include "wire/base64url.h"
#include "wire/json.h"

static void refuse(struct negotiate_result *out, unsigned status, const char *message)
{
    out->status = status;
    out->message = message;
}

static enum err make_room(const unsigned char seed[static ROOM_ID_BYTES], struct arena *mem,
                          struct str *out)
{
    struct buf room = { .mem = mem };

    base64url_add(&room, (struct str){ (const char *)seed, ROOM_ID_BYTES });
    return buf_done(&room, out);
}

static enum err writer_key(const struct negotiator *n, struct str room, struct arena *mem,
                           struct str *out)
{
    struct str message;
    enum err e = writer_key_message(room, mem, &message);

    return e ? e : hmac_sign_text(n->secret, message, mem, out);
}

/*
 * The answer's names: url and room_id are the articles', endpoint, path and token those of
 * Microsoft's binding.  None of the values needs an escape in JSON or in the URL.
 */
static enum err write_answer(const struct negotiator *n, const struct member *member,
                             struct str key, int64_t now_unix, struct arena *mem,
                             struct str *out)
{
    const struct webpubsub *service = n->service;
    bool is_writer = member->role == ROLE_WRITER;
    struct buf answer = { .mem = mem };
    struct str subject, token;

    if (member_subject(member, mem, &subject) ||
        webpubsub_client_token(service, subject, now_unix, n->token_seconds, mem, &token))
        return ERR_NO_MEMORY;
    buf_reserve(&answer, 2 * (token.len + service->url.len) + 256);
    buf_add_all(&answer, STR("{\"url\":\""), service->url, STR("/?access_token="), token,
                STR("\",\"room_id\":\""), member->room, STR("\",\"endpoint\":\""), service->url,
                STR("\",\"path\":\"/clients/socketio/hubs/"), service->hub,
                STR("\",\"token\":\""), token, STR("\",\"role\":\""),
                is_writer ? STR("writer") : STR("viewer"));
    if (is_writer)
        buf_add_all(&answer, STR("\",\"writer_key\":\""), key);
    buf_add(&answer, STR("\",\"expires_in\":"));
    buf_add_number(&answer, (uint64_t)n->token_seconds);
    buf_add_char(&answer, '}');
    return buf_done(&answer, out);
}

/* What a caller gave, from wherever it came. */
struct wish {
    struct str room, key; /* ptr is NULL: not given */
};

static enum err read_body(struct str body, struct arena *mem, struct wish *wish,
                          struct negotiate_result *out)
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
        if (!fields[i].value.ptr)
            continue;
        enum err e = json_text(fields[i].value, mem, values[i]);
        if (e == ERR_NO_MEMORY)
            return e;
        if (e)
            refuse(out, 400, "room_id and writer_key must be strings");
    }
    return ERR_NONE;
}

static void check(const struct wish *wish, bool needs_room, struct negotiate_result *out)
{
    if (out->status != 200)
        return;
    if (wish->room.ptr && !room_id_ok(wish->room))
        refuse(out, 400, "room_id must be 22 characters of A-Z a-z 0-9 - _");
    else if (!wish->room.ptr && (needs_room || wish->key.ptr))
        refuse(out, 400, "room_id is missing");
}

enum err negotiate(const struct negotiator *n, const struct negotiate_query *query,
                   int64_t now_unix, const unsigned char seed[static ROOM_ID_BYTES],
                   struct arena *mem, struct negotiate_result *out)
{
    struct wish wish = { .room = query->room_id };
    struct member member = { ROLE_WRITER, { NULL, 0 } };
    struct str key;

    *out = (struct negotiate_result){ .status = 200 };
    if (query->is_post && read_body(query->body, mem, &wish, out))
        return ERR_NO_MEMORY;
    check(&wish, query->is_register, out);
    if (out->status != 200)
        return ERR_NONE;

    member.room = wish.room;
    if (!wish.room.ptr && make_room(seed, mem, &member.room))
        return ERR_NO_MEMORY;
    if (writer_key(n, member.room, mem, &key))
        return ERR_NO_MEMORY;
    if (wish.key.ptr && !str_equal_secret(wish.key, key)) {
        refuse(out, 403, "that is not the writer key of this room");
        return ERR_NONE;
    }
    if (wish.room.ptr && !wish.key.ptr)
        member.role = ROLE_VIEWER;
    return write_answer(n, &member, key, now_unix, mem, &out->body);
}
