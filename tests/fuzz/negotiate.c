/*
 * Negotiation: nobody becomes the writer of a room that exists without its key, every room
 * has a name that cannot be mistaken, and the answer is JSON that gives away nothing else.
 */
#include <jansson.h>

#include "fuzz.h"
#include "negotiate.h"
#include "wire/base64url.h"

static const struct str access_key = STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH");
static const unsigned char seed[ROOM_ID_BYTES] = "sixteen bytes ok";

static struct hmac_key *secret;

static bool is_room(struct str room)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (room.len != 22)
        return false;
    for (size_t i = 0; i < room.len; i++) {
        if (room.ptr[i] == '\0' || !strchr(alphabet, room.ptr[i]))
            return false;
    }
    return true;
}

static struct str right_key(struct str room, struct arena *mem)
{
    struct buf message = { .mem = mem };
    struct str key;

    buf_add_all(&message, STR("codestream writer key\n"), room);
    MUST(!hmac_sign_text(secret, built(&message), mem, &key));
    return key;
}

/* ---- what is asked for ---- */

/* {"room_id":…,"writer_key":…}, made here so that deep places are reached. */
static struct str make_body(struct input *in, unsigned how, struct arena *mem)
{
    struct str room = input_text(in), key = input_text(in);
    struct buf body = { .mem = mem };

    if (how == 1)
        return room;
    if (how == 2 && is_room(room))
        key = right_key(room, mem);
    buf_add(&body, STR("{\"room_id\":"));
    json_t *text = json_stringn(room.ptr, room.len); /* NULL: not UTF-8 */
    char *dumped = text ? json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    buf_add(&body, dumped ? str_from(dumped) : STR("7"));
    buf_add_all(&body, STR(",\"writer_key\":\""), key, STR("\"}"));
    free(dumped);
    json_decref(text);
    return built(&body);
}

/* What jansson finds in a body; NULL pointers where there is no string of that name. */
struct asked {
    json_t *body;
    struct str room, key;
};

static struct str member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return (struct str){ json_string_value(value), json_string_length(value) };
}

static struct asked read_asked(const struct negotiate_query *query)
{
    struct asked asked = { .room = query->room_id };

    if (!query->is_post || query->body.len == 0)
        return asked;
    asked.body = json_loadb(query->body.ptr, query->body.len, JSON_ALLOW_NUL, NULL);
    asked.room = member(asked.body, "room_id");
    asked.key = member(asked.body, "writer_key");
    return asked;
}

/* ---- what is given ---- */

static void check_grant(const struct negotiate_query *query,
                        const struct negotiate_grant *grant, struct arena *mem)
{
    struct asked asked = read_asked(query);
    struct str room = grant->member.room;
    bool is_writer = grant->member.role == ROLE_WRITER;

    MUST(is_room(room) && grant->guest.len == 0);
    MUST(str_equal(grant->writer_key, right_key(room, mem)));
    if (query->is_post && query->body.len > 0 && !asked.body)
        return; /* JSON that is too much for jansson */
    if (asked.room.ptr) {
        MUST(str_equal(room, asked.room));
        MUST(is_writer == (asked.key.ptr && str_equal(asked.key, right_key(room, mem))));
    } else {
        MUST(is_writer && !query->is_register && !asked.key.ptr);
        MUST(contains(STR("c2l4dGVlbiBieXRlcyBvaw"), room)); /* the seed, which nobody knows */
    }
    json_decref(asked.body);
}

static void check_answer(const struct negotiate_grant *grant, struct str text,
                         struct arena *mem)
{
    json_t *answer = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    struct str key = grant->guest.len > 0 ? STR("none") : right_key(grant->member.room, mem);
    bool is_writer = grant->guest.len == 0 && grant->member.role == ROLE_WRITER;

    MUST(answer && !contains(text, access_key));
    MUST(json_integer_value(json_object_get(answer, "expires_in")) == 3600);
    MUST(contains(member(answer, "url"), STR("access_token=the.to.ken")));
    MUST(contains(text, key) == is_writer);
    if (is_writer)
        MUST(str_equal(member(answer, "writer_key"), key));
    if (grant->guest.len > 0)
        MUST(is_room(member(answer, "user_id")));
    else
        MUST(str_equal(member(answer, "room_id"), grant->member.room) &&
             str_equal(member(answer, "role"), is_writer ? STR("writer") : STR("viewer")));
    json_decref(answer);
}

/* The subject says what was granted, and a native client may enter only its own half. */
static void check_client(const struct negotiate_grant *grant, struct arena *mem)
{
    struct webpubsub_client client;
    struct member back;

    MUST(!negotiate_client(grant, mem, &client));
    if (grant->guest.len > 0) {
        MUST(is_room(client.user) && !client.is_native);
        return;
    }
    MUST(!member_parse(client.user, &back) && back.role == grant->member.role);
    MUST(str_equal(back.room, grant->member.room));
    MUST(!str_equal(client.joins, client.sends_to));
    MUST(str_equal(back.role == ROLE_WRITER ? client.sends_to : client.joins, back.room));
}

static void check_all(const struct negotiate_grant *grant, struct arena *mem)
{
    const struct webpubsub service = { .url = STR_INIT("https://abc"),
                                       .host = STR_INIT("abc"),
                                       .hub = STR_INIT("codestream") };
    struct str answer;

    check_client(grant, mem);
    MUST(!negotiate_answer(&service, grant, STR("the.to.ken"), 3600, mem, &answer));
    check_answer(grant, answer, mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    unsigned how = input_choice(&in, 4);
    struct negotiate_query query = { .is_register = input_choice(&in, 2) == 1,
                                     .is_post = how != 0 };
    struct negotiate_grant grant;
    struct str room;
    struct arena mem;

    arena_init(&mem, FUZZ_MEMORY);
    secret = secret ? secret : hmac_key_new(STR("a secret of at least 32 bytes, as it must"));
    query.protocol = input_text(&in);
    room = input_text(&in);
    if (room.len > 0)
        query.room_id = room;
    query.body = make_body(&in, how, &mem);
    MUST(secret && !negotiate_decide(&query, secret, seed, &mem, &grant));
    if (grant.status == 200) {
        check_grant(&query, &grant, &mem);
        check_all(&grant, &mem);
    } else {
        MUST((grant.status == 400 || grant.status == 403) && grant.message && *grant.message);
        MUST(grant.status != 403 || query.is_post);
    }
    MUST(!negotiate_guest(seed, &mem, &grant));
    check_all(&grant, &mem);
    input_free(&in);
    arena_free(&mem);
    return 0;
}
