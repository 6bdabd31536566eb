/*
 * Negotiation: nobody becomes the writer of a room that exists without its key, nobody opens one
 * without the owner's word where there is one, every room has a name that cannot be mistaken, and
 * the answer is JSON that gives away nothing else.
 */
#include <jansson.h>

#include "app/codestream.h"
#include "fuzz.h"
#include "handler.h"
#include "wire/base64url.h"

static const struct str access_key = STR_INIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH");
static const struct str word = STR_INIT("sesame, open for us");
static const unsigned char seed[APP_NAME_BYTES] = "sixteen bytes ok";

static struct hmac_key *secret;
static unsigned char word_mac[HMAC_BYTES];

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

/* What is asked; ptr NULL: not given. */
struct question {
    bool is_register, is_post;
    struct str room_id, protocol, body;
};

/* {"room_id":…,"writer_key":…} or {"writers_word":…}, made here so that deep places are reached. */
static struct str make_body(struct input *in, unsigned how, struct arena *mem)
{
    struct str room = input_text(in), key = input_text(in);
    struct buf body = { .mem = mem };

    if (how == 1)
        return room;
    if (how == 4) {
        buf_add_all(&body, STR("{\"writers_word\":\""), key.len > 0 ? key : word, STR("\"}"));
        return built(&body);
    }
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
    struct str room, key, word;
};

static struct str member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return (struct str){ json_string_value(value), json_string_length(value) };
}

static struct asked read_asked(const struct question *query)
{
    struct asked asked = { .room = query->room_id };

    if (!query->is_post || query->body.len == 0)
        return asked;
    asked.body = json_loadb(query->body.ptr, query->body.len, JSON_ALLOW_NUL, NULL);
    asked.key = member(asked.body, "writer_key");
    asked.word = member(asked.body, "writers_word");
    if (json_object_get(asked.body, "room_id") || asked.key.ptr)
        asked.room = member(asked.body, "room_id");
    return asked;
}

/* ---- what is given ---- */

/* The subject says what was granted, and a native client may enter only its own half. */
static struct member check_client(const struct app_pass *pass)
{
    struct webpubsub_client client = negotiate_client(pass);
    struct member member;

    MUST(!member_parse(client.user, &member));
    MUST(client.is_native == (pass->protocol.len > 0));
    MUST(client.joins.count == client.is_native && client.sends_to.count == client.is_native);
    if (client.is_native) {
        bool is_writer = member.role == ROLE_WRITER;
        MUST(!str_equal(client.joins.at[0], client.sends_to.at[0]));
        MUST(str_equal((is_writer ? client.sends_to : client.joins).at[0], member.room));
    }
    return member;
}

static void check_pass(const struct question *query, const struct member *member, bool has_word,
                       struct arena *mem)
{
    struct asked asked = read_asked(query);
    bool is_writer = member->role == ROLE_WRITER;

    MUST(is_room(member->room));
    if (query->is_post && query->body.len > 0 && !asked.body)
        return; /* JSON that is too much for jansson */
    if (asked.room.ptr) {
        MUST(str_equal(member->room, asked.room));
        MUST(is_writer ==
             (asked.key.ptr && str_equal(asked.key, right_key(member->room, mem))));
    } else {
        MUST(is_writer && !query->is_register && !asked.key.ptr);
        MUST(!has_word || (asked.word.ptr && str_equal(asked.word, word)));
        MUST(contains(STR("c2l4dGVlbiBieXRlcyBvaw"), member->room)); /* the seed, which nobody
                                                                         knows */
    }
    json_decref(asked.body);
}

/* member: NULL for a guest */
static void check_answer(const struct app_pass *pass, const struct member *who,
                         struct arena *mem)
{
    const struct webpubsub service = { .url = STR_INIT("https://abc"),
                                       .client_url = STR_INIT("https://abc"),
                                       .hub = STR_INIT("codestream") };
    bool is_writer = who && who->role == ROLE_WRITER;
    struct str key = who ? right_key(who->room, mem) : STR("none");
    struct str text;

    MUST(!negotiate_response(&service, pass, STR("the.to.ken"), 3600, mem, &text));
    json_t *response = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    MUST(response && !contains(text, access_key) && !contains(text, word));
    MUST(json_integer_value(json_object_get(response, "expires_in")) == 3600);
    MUST(contains(member(response, "url"), STR("access_token=the.to.ken")));
    MUST(contains(text, key) == is_writer);
    if (is_writer)
        MUST(str_equal(member(response, "writer_key"), key));
    if (who)
        MUST(str_equal(member(response, "room_id"), who->room) &&
             str_equal(member(response, "role"), is_writer ? STR("writer") : STR("viewer")));
    else
        MUST(is_room(member(response, "user_id")));
    json_decref(response);
}

static void ask(const struct question *question, bool has_word, struct arena *mem)
{
    const struct header query[] = { { STR("room_id"), question->room_id },
                                    { STR("protocol"), question->protocol } };
    struct app_caller caller = {
        .query = query,
        .query_count = COUNT(query),
        .is_post = question->is_post,
        .is_register = question->is_register,
        .body = question->is_post ? question->body : (struct str){ NULL, 0 },
        .secret = secret,
        .word_mac = has_word ? word_mac : NULL,
        .seed = seed,
        .mem = mem,
    };
    enum app_refusal refusal;

    app_negotiate(&codestream_app, &caller);
    refusal = caller.pass.refusal;
    if (refusal == APP_ACCEPTED) {
        struct member member = check_client(&caller.pass);
        check_pass(question, &member, has_word, mem);
        check_answer(&caller.pass, &member, mem);
        return;
    }
    MUST(caller.pass.message && *caller.pass.message);
    MUST(refusal == APP_BAD_REQUEST || (refusal == APP_WRITERS_WORD && has_word) ||
         (refusal == APP_FORBIDDEN && question->is_post));
}

static void ask_as_a_guest(struct arena *mem)
{
    const struct app app = { .name = "guests" };
    struct app_caller caller = { .secret = secret, .seed = seed, .mem = mem };

    app_negotiate(&app, &caller);
    MUST(!caller.pass.refusal && is_room(caller.pass.user) && caller.pass.protocol.len == 0);
    check_answer(&caller.pass, NULL, mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    unsigned how = input_choice(&in, 5);
    struct question question = { .is_register = input_choice(&in, 2) == 1,
                                 .is_post = how != 0 };
    struct str room;
    struct arena mem;

    arena_init(&mem, FUZZ_MEMORY);
    if (!secret) {
        secret = hmac_key_new(STR("a secret of at least 32 bytes, as it must"));
        MUST(secret && !app_word_mac(secret, word, word_mac));
    }
    question.protocol = input_text(&in);
    room = input_text(&in);
    if (room.len > 0)
        question.room_id = room;
    question.body = make_body(&in, how, &mem);
    ask(&question, false, &mem);
    ask(&question, true, &mem);
    ask_as_a_guest(&mem);
    input_free(&in);
    arena_free(&mem);
    return 0;
}
