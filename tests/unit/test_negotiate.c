#include "test.h"

#include "app/codestream.h"
#include "azure/token.h"
#include "handler.h"
#include "wire/base64url.h"
#include "wire/json.h"

#define NOW INT64_C(1726196900)
#define LIFE 3600
#define ROOM "0123456789ABCDEFabcd-_"
#define OTHER "zzzzzzzzzzzzzzzzzzzzzz"
#define URL "https://abc.webpubsub.azure.com"

static const unsigned char seed[APP_NAME_BYTES] = { 0xfb, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8 };

/* What is asked; ptr NULL: not given. */
struct asked {
    bool is_register, is_post;
    struct str room_id, protocol, body;
};

/* A negotiation as a whole, with an access key: decide, make the token, answer. */
struct negotiator {
    const struct app *app;
    const struct webpubsub *service;
    struct hmac_key *secret;
    int64_t token_seconds;
    const unsigned char *word_mac;
    struct str platform_user;
};

struct negotiate_result {
    enum app_refusal refusal;
    const char *message;
    struct str body;
};

static enum err negotiate_whole(const struct negotiator *n, const struct asked *asked,
                                int64_t now_unix,
                                const unsigned char from[static APP_NAME_BYTES],
                                struct arena *mem, struct negotiate_result *out)
{
    const struct header query[] = { { STR("userId"), { NULL, 0 } },
                                    { STR("room_id"), asked->room_id },
                                    { STR("protocol"), asked->protocol } };
    struct app_caller caller = {
        .query = query,
        .query_count = COUNT(query),
        .is_post = asked->is_post,
        .is_register = asked->is_register,
        .body = asked->body,
        .platform_user = n->platform_user,
        .secret = n->secret,
        .word_mac = n->word_mac,
        .seed = from,
        .now_unix_ms = (uint64_t)now_unix * 1000,
        .units = 3,
        .mem = mem,
    };
    struct webpubsub_client client;
    struct str token;

    app_negotiate(n->app, &caller);
    if (caller.pass.refusal == APP_BUSY)
        return ERR_NO_MEMORY;
    *out = (struct negotiate_result){ caller.pass.refusal, caller.pass.message, { NULL, 0 } };
    if (caller.pass.refusal)
        return ERR_NONE;
    client = negotiate_client(&caller.pass);
    if (webpubsub_client_token(n->service, &client, now_unix, n->token_seconds, mem, &token))
        return ERR_NO_MEMORY;
    return negotiate_response(n->service, &caller.pass, token, n->token_seconds, mem,
                              &out->body);
}

/* Everything that a negotiation needs, and what came of it. */
struct talk {
    struct arena mem;
    struct hmac_key *access_key;
    struct hmac_key *secret;
    struct webpubsub service;
    struct negotiator negotiator;
    struct negotiate_result result;
};

static void talk_start(struct talk *t)
{
    memset(t, 0, sizeof(*t));
    arena_init(&t->mem, TEST_MEMORY);
    t->access_key = hmac_key_new(STR("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"));
    t->secret = hmac_key_new(STR("0123456789abcdef0123456789abcdef"));
    assert_non_null(t->access_key);
    assert_non_null(t->secret);
    t->service = (struct webpubsub){ .url = STR_INIT(URL),
                                     .client_url = STR_INIT(URL),
                                     .hub = STR_INIT("codestream"),
                                     .key = t->access_key };
    t->negotiator = (struct negotiator){ .app = &codestream_app,
                                         .service = &t->service,
                                         .secret = t->secret,
                                         .token_seconds = LIFE };
}

static void talk_end(struct talk *t)
{
    hmac_key_free(t->secret);
    hmac_key_free(t->access_key);
    arena_free(&t->mem);
}

static enum app_refusal ask(struct talk *t, struct asked asked)
{
    memset(&t->result, 0xee, sizeof(t->result));
    assert_err(negotiate_whole(&t->negotiator, &asked, NOW, seed, &t->mem, &t->result),
               ERR_NONE);
    if (t->result.refusal) {
        assert_that(t->result.message && strlen(t->result.message) > 0);
        assert_that(!strpbrk(t->result.message, "\"\\\n"));
    }
    return t->result.refusal;
}

static enum app_refusal get(struct talk *t, const char *room, bool is_register)
{
    return ask(t, (struct asked){ .room_id = str_from(room), .is_register = is_register });
}

static enum app_refusal post(struct talk *t, const char *body)
{
    return ask(t, (struct asked){ .body = str_from(body), .is_post = true });
}

/* The text of a string field of the answer. */
static struct str text_of(struct talk *t, const char *name)
{
    struct json_field field = { .name = str_from(name) };
    struct str text;

    assert_err(json_members(t->result.body, &field, 1), ERR_NONE);
    assert_that(field.value.ptr != NULL);
    assert_err(json_text(field.value, &t->mem, &text), ERR_NONE);
    return text;
}

/* Signs more than the room: else whatever else is signed with the secret could be a key. */
static struct str key_of(struct talk *t, const char *room)
{
    struct str message;
    struct str key;

    assert_err(arena_concat(&t->mem, &message, STR("codestream writer key\n"), str_from(room)),
               ERR_NONE);
    assert_err(hmac_sign_text(t->secret, message, &t->mem, &key), ERR_NONE);
    return key;
}

/* The whole answer as design and articles have it. */
static void is_member(struct talk *t, enum role role, struct str room)
{
    struct str prefix = role == ROLE_WRITER ? STR("w.") : STR("v.");
    struct json_field expires = { .name = STR_INIT("expires_in") };
    struct json_field key = { .name = STR_INIT("writer_key") };
    struct webpubsub_client client = { 0 };
    struct str token;
    struct str url;

    assert_int_equal(t->result.refusal, APP_ACCEPTED);
    assert_err(arena_concat(&t->mem, &client.user, prefix, room), ERR_NONE);
    assert_err(webpubsub_client_token(&t->service, &client, NOW, LIFE, &t->mem, &token),
               ERR_NONE);
    assert_same(text_of(t, "token"), token);
    assert_same(text_of(t, "room_id"), room);
    assert_str(text_of(t, "endpoint"), URL);
    assert_str(text_of(t, "path"), "/clients/socketio/hubs/codestream");
    assert_same(text_of(t, "role"), role == ROLE_WRITER ? STR("writer") : STR("viewer"));
    struct buf out = { .mem = &t->mem };
    buf_add_all(&out, STR(URL "/?access_token="), token);
    assert_err(buf_done(&out, &url), ERR_NONE);
    assert_same(text_of(t, "url"), url);
    assert_err(json_members(t->result.body, &expires, 1), ERR_NONE);
    assert_str(expires.value, "3600");
    assert_err(json_members(t->result.body, &key, 1), ERR_NONE);
    if (role == ROLE_WRITER) {
        char room_text[ROOM_ID_CHARS + 1] = { 0 };
        memcpy(room_text, room.ptr, ROOM_ID_CHARS);
        assert_same(text_of(t, "writer_key"), key_of(t, room_text));
    } else {
        assert_null(key.value.ptr);
    }
}

static void a_caller_without_a_room_gets_a_new_one_to_write_in(void **state)
{
    struct talk t;
    char room[ROOM_ID_CHARS];

    (void)state;
    talk_start(&t);
    base64url_encode((struct str){ (const char *)seed, sizeof(seed) }, room);
    assert_int_equal(get(&t, NULL, false), APP_ACCEPTED);
    is_member(&t, ROLE_WRITER, (struct str){ room, sizeof(room) });
    assert_true(room_id_ok(text_of(&t, "room_id")));
    assert_int_equal(post(&t, NULL), APP_ACCEPTED);
    is_member(&t, ROLE_WRITER, (struct str){ room, sizeof(room) });
    talk_end(&t);
}

/* The token stays one for the service: nothing else has that audience. */
static void clients_may_connect_elsewhere(void **state)
{
    struct talk t;
    struct webpubsub_client client = { .user = STR_INIT("v.abcdefghijklmnopqrstuv") };
    struct str token;

    (void)state;
    talk_start(&t);
    assert_err(webpubsub_client_token(&t.service, &client, NOW, LIFE, &t.mem, &token),
               ERR_NONE);
    t.service.client_url = STR("https://live.example");
    assert_int_equal(get(&t, "abcdefghijklmnopqrstuv", false), APP_ACCEPTED);
    assert_str(text_of(&t, "endpoint"), "https://live.example");
    assert_true(str_starts(text_of(&t, "url"), STR("https://live.example/?access_token=")));
    assert_same(text_of(&t, "token"), token);
    talk_end(&t);
}

static void every_seed_makes_another_room(void **state)
{
    struct talk t;
    struct str rooms[APP_NAME_BYTES];

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(rooms); i++) {
        unsigned char other[APP_NAME_BYTES] = { 0 };
        struct asked query = { .is_post = false };
        other[i] = 1;
        assert_err(negotiate_whole(&t.negotiator, &query, NOW, other, &t.mem, &t.result),
                   ERR_NONE);
        rooms[i] = text_of(&t, "room_id");
        for (size_t j = 0; j < i; j++)
            assert_false(str_equal(rooms[i], rooms[j]));
    }
    talk_end(&t);
}

static void who_names_a_room_is_its_viewer(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    for (int is_register = 0; is_register < 2; is_register++) {
        struct str key = key_of(&t, ROOM);
        assert_int_equal(get(&t, ROOM, is_register), APP_ACCEPTED);
        is_member(&t, ROLE_VIEWER, STR(ROOM));
        assert_null(memmem(t.result.body.ptr, t.result.body.len, key.ptr, key.len));
    }
    talk_end(&t);
}

/* A page that lost its key must not silently become a viewer. */
static void a_post_without_the_key_is_a_bad_request(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    assert_int_equal(post(&t, "{\"room_id\":\"" ROOM "\"}"), APP_BAD_REQUEST);
    assert_int_equal(post(&t, "{}"), APP_BAD_REQUEST);
    talk_end(&t);
}

/* The older CodeStream: a native WebSocket, with what the service itself will enforce. */
static void a_native_client_gets_its_groups_as_roles(void **state)
{
    static const struct {
        const char *room, *claims, *rest;
    } cases[] = {
        { NULL,
          "\"sub\":\"w.-_8AAQIDBAUGBwgAAAAAAA\",\"role\":"
          "[\"webpubsub.sendToGroup.-_8AAQIDBAUGBwgAAAAAAA\","
          "\"webpubsub.joinLeaveGroup.-_8AAQIDBAUGBwgAAAAAAA-control\"]}",
          "\"id\":\"-_8AAQIDBAUGBwgAAAAAAA\"" },
        { ROOM,
          "\"sub\":\"v." ROOM "\",\"role\":[\"webpubsub.sendToGroup." ROOM "-control\","
          "\"webpubsub.joinLeaveGroup." ROOM "\"]}",
          "\"id\":\"" ROOM "\"" },
    };
    struct talk t;

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf claims = { .mem = &t.mem }, want = { .mem = &t.mem };
        struct str text, token;
        assert_int_equal(ask(&t, (struct asked){ .room_id = str_from(cases[i].room),
                                                 .protocol = STR("json.webpubsub.azure.v1") }),
                         APP_ACCEPTED);
        buf_add_all(&claims,
                    STR("{\"iat\":1726196900,\"exp\":1726200500,\"aud\":\"" URL
                        "/client/hubs/codestream\","),
                    str_from(cases[i].claims));
        assert_err(buf_done(&claims, &text), ERR_NONE);
        assert_err(jwt_mint(t.access_key, text, &t.mem, &token), ERR_NONE);
        buf_add_all(&want,
                    STR("{\"url\":\"wss://abc.webpubsub.azure.com/client/hubs/codestream"
                        "?access_token="),
                    token, STR("\","), str_from(cases[i].rest));
        assert_err(buf_done(&want, &text), ERR_NONE);
        assert_true(str_starts(t.result.body, text));
    }
    assert_int_equal(ask(&t, (struct asked){ .protocol = STR("mqtt") }), APP_BAD_REQUEST);
    talk_end(&t);
}

static void registering_makes_no_room(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    assert_int_equal(get(&t, NULL, true), APP_BAD_REQUEST);
    assert_int_equal(ask(&t, (struct asked){ .is_register = true, .is_post = true }),
                     APP_BAD_REQUEST);
    talk_end(&t);
}

static const char *const bad_rooms[] = {
    "",
    "0",
    "0123456789ABCDEFabcd-",
    ROOM "0",
    ROOM "-control",
    "0123456789ABCDEFabcd-/",
    "0123456789ABCDEFabcd- ",
    "0123456789ABCDEFabcd%5F",
    "../../../../etc/passwd",
};

static void what_is_no_room_id_is_a_bad_request(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(bad_rooms); i++) {
        char body[200];
        assert_int_equal(get(&t, bad_rooms[i], false), APP_BAD_REQUEST);
        assert_int_equal(get(&t, bad_rooms[i], true), APP_BAD_REQUEST);
        (void)snprintf(body, sizeof(body), "{\"room_id\":\"%s\"}", bad_rooms[i]);
        assert_int_equal(post(&t, body), APP_BAD_REQUEST);
        (void)snprintf(body, sizeof(body), "{\"room_id\":\"%s\",\"writer_key\":\"%.*s\"}",
                       bad_rooms[i], STR_ARG(key_of(&t, ROOM)));
        assert_int_equal(post(&t, body), APP_BAD_REQUEST);
    }
    talk_end(&t);
}

/* Posts a form in which R stands for the room, K for the key and ' for a quote. */
static enum app_refusal post_key(struct talk *t, const char *form, const char *room,
                                 struct str key)
{
    struct buf out = { .mem = &t->mem };
    struct asked query = { .is_post = true };

    for (const char *p = form; *p; p++) {
        if (*p == 'R')
            buf_add(&out, str_from(room));
        else if (*p == 'K')
            buf_add(&out, key);
        else
            buf_add_char(&out, *p == '\'' ? '"' : *p);
    }
    assert_err(buf_done(&out, &query.body), ERR_NONE);
    return ask(t, query);
}

static void who_holds_the_writer_key_may_write_again(void **state)
{
    static const char *const forms[] = {
        "{'room_id':'R','writer_key':'K'}",
        " { 'x' : [ ] , 'writer_key' : 'K' , 'room_id' : 'R' } ",
        "{'\\u0072oom_id':'R','writer\\u005fkey':'K'}",
    };
    struct talk t;

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_int_equal(post_key(&t, forms[i], ROOM, key_of(&t, ROOM)), APP_ACCEPTED);
        is_member(&t, ROLE_WRITER, STR(ROOM));
    }
    /* The key that was handed out is the key. */
    assert_int_equal(get(&t, NULL, false), APP_ACCEPTED);
    char room[ROOM_ID_CHARS + 1] = { 0 };
    memcpy(room, text_of(&t, "room_id").ptr, ROOM_ID_CHARS);
    assert_int_equal(post_key(&t, forms[0], room, text_of(&t, "writer_key")), APP_ACCEPTED);
    is_member(&t, ROLE_WRITER, str_from(room));
    talk_end(&t);
}

/* The value of a member of the answer; ptr is NULL if it has none. */
static struct str value_of(struct talk *t, const char *name)
{
    struct json_field field = { .name = str_from(name) };

    assert_err(json_members(t->result.body, &field, 1), ERR_NONE);
    return field.value;
}

/* seed says 0xfbff00 of 1000. */
#define SPREAD ((uint64_t)0xfbff00 % 1000)

static void a_writer_that_asks_for_an_epoch_gets_a_greater_one(void **state)
{
    static const struct {
        const char *named;
        uint64_t least;
    } cases[] = {
        { "0", (uint64_t)NOW * 1000 },
        { "1726196899999", (uint64_t)NOW * 1000 },
        { "1726196900000", (uint64_t)NOW * 1000 + 1 },
        { "1726196910000", (uint64_t)NOW * 1000 + 10001 },
        { "4503599627370496", ((uint64_t)1 << 52) + 1 },
        { "4503599627370497", (uint64_t)NOW * 1000 },
        { "9007199254740993", (uint64_t)NOW * 1000 },
        { "99999999999999999999999", (uint64_t)NOW * 1000 },
    };
    static const char *const forms[] = { "{'room_id':'R','writer_key':'K','epoch':E}",
                                         "{'epoch':E}" };
    struct talk t;

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        char form[100] = "", space[NUMBER_CHARS];
        const char *mark = strchr(forms[i % 2], 'E');
        (void)snprintf(form, sizeof(form), "%.*s%s}", (int)(mark - forms[i % 2]), forms[i % 2],
                       cases[i / 2].named);
        assert_int_equal(post_key(&t, form, ROOM, key_of(&t, ROOM)), APP_ACCEPTED);
        assert_same(value_of(&t, "epoch"), str_of_number(cases[i / 2].least + SPREAD, space));
        assert_str(value_of(&t, "units"), "3");
    }
    talk_end(&t);
}

static void who_asks_for_no_epoch_gets_none(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    assert_int_equal(get(&t, NULL, false), APP_ACCEPTED);
    assert_null(value_of(&t, "epoch").ptr);
    assert_null(value_of(&t, "units").ptr);
    assert_int_equal(post_key(&t, "{'room_id':'R','writer_key':'K'}", ROOM, key_of(&t, ROOM)),
                     APP_ACCEPTED);
    assert_null(value_of(&t, "epoch").ptr);
    assert_int_equal(get(&t, ROOM, false), APP_ACCEPTED);
    assert_null(value_of(&t, "epoch").ptr);
    assert_null(value_of(&t, "units").ptr);
    talk_end(&t);
}

static void an_epoch_is_a_whole_number(void **state)
{
    static const char *const wrong[] = {
        "-1", "1.5", "1e3", "'1'", "null", "true", "[]", "{}"
    };
    struct talk t;

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char form[100];
        (void)snprintf(form, sizeof(form), "{'room_id':'R','writer_key':'K','epoch':%s}",
                       wrong[i]);
        assert_int_equal(post_key(&t, form, ROOM, key_of(&t, ROOM)), APP_BAD_REQUEST);
        (void)snprintf(form, sizeof(form), "{'epoch':%s}", wrong[i]);
        assert_int_equal(post_key(&t, form, ROOM, key_of(&t, ROOM)), APP_BAD_REQUEST);
    }
    assert_int_equal(post(&t, "{\"room_id\":\"" ROOM "\",\"epoch\":0}"), APP_BAD_REQUEST);
    talk_end(&t);
}

static void no_other_key_opens_a_room(void **state)
{
    static const char form[] = "{'room_id':'R','writer_key':'K'}";
    struct talk t;

    (void)state;
    talk_start(&t);
    struct str key = key_of(&t, ROOM);
    assert_int_equal(post_key(&t, form, ROOM, key_of(&t, OTHER)), APP_FORBIDDEN);
    assert_int_equal(post_key(&t, form, OTHER, key), APP_FORBIDDEN);
    assert_int_equal(post_key(&t, form, ROOM, STR("")), APP_FORBIDDEN);
    for (size_t len = 0; len < key.len; len++) {
        char other[64];
        assert_int_equal(post_key(&t, form, ROOM, str_first(key, len)), APP_FORBIDDEN);
        memcpy(other, key.ptr, key.len);
        other[len] = other[len] == 'A' ? 'B' : 'A';
        assert_int_equal(post_key(&t, form, ROOM, (struct str){ other, key.len }),
                         APP_FORBIDDEN);
        other[len] = key.ptr[len];
        other[key.len] = '=';
        assert_int_equal(post_key(&t, form, ROOM, (struct str){ other, key.len + 1 }),
                         APP_FORBIDDEN);
    }
    /* Not the signature of the bare room, with either key. */
    struct str bare;
    assert_err(hmac_sign_text(t.secret, STR(ROOM), &t.mem, &bare), ERR_NONE);
    assert_int_equal(post_key(&t, form, ROOM, bare), APP_FORBIDDEN);
    assert_err(hmac_sign_text(t.access_key, STR(ROOM), &t.mem, &bare), ERR_NONE);
    assert_int_equal(post_key(&t, form, ROOM, bare), APP_FORBIDDEN);
    talk_end(&t);
}

static void a_body_that_is_no_object_with_a_room_is_a_bad_request(void **state)
{
    static const char *const forms[] = {
        "{",
        "[]",
        "null",
        "'R'",
        "x",
        "{'writer_key':'K'}",
        "{'room_id':1}",
        "{'room_id':null}",
        "{'room_id':['R']}",
        "{'room_id':'R','writer_key':1}",
        "{'room_id':'R','writer_key':['K']}",
        "{'room_id':'R','writer_key':'\\ud800'}",
        "{'room_id':'R','room_id':'R','writer_key':'K'}",
        "{'room_id':'R','writer_key':'K','writer_key':'K'}",
        "{'room_id':'R','writer_key':'K','\\u0072oom_id':'R'}",
        "{'room_id':'R','writer_key':'K'",
        "{'room_id':'R','writer_key':'K'}x",
        "{'room_id':'R','writer_key':'K\xff'}",
        "room_id=R&writer_key=K",
    };
    struct talk t;

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(forms); i++)
        assert_int_equal(post_key(&t, forms[i], ROOM, key_of(&t, ROOM)), APP_BAD_REQUEST);
    talk_end(&t);
}

/* A query, and its answer when there is memory enough. */
struct expected {
    struct talk *talk;
    struct asked query;
    struct negotiate_result result;
};

static enum err negotiate_within(struct arena *mem, void *context)
{
    const struct expected *want = context;
    struct negotiate_result result;
    enum err e =
        negotiate_whole(&want->talk->negotiator, &want->query, NOW, seed, mem, &result);

    if (e != ERR_NONE)
        return e;
    assert_int_equal(result.refusal, want->result.refusal);
    if (!result.refusal)
        assert_same(result.body, want->result.body);
    return ERR_NONE;
}

static void an_answer_is_whole_or_out_of_memory(void **state)
{
    static const char escaped[] = "{\"room_id\":\"\\u0030123456789ABCDEFabcd-_\","
                                  "\"writer_key\":\"\\u0041\"}";
    static const char plain[] = "{\"room_id\":\"\\u0030123456789ABCDEFabcd-_\"}";
    struct talk t;

    (void)state;
    talk_start(&t);
    struct expected cases[] = {
        { .query = { .is_post = false } },
        { .query = { .room_id = STR_INIT(ROOM) } },
        { .query = { .is_post = true, .body = str_from(plain) } },
        { .query = { .is_post = true, .body = str_from(escaped) } },
        { .query = { .protocol = STR_INIT("json.webpubsub.azure.v1") } },
        { .query = { .is_post = true, .body = STR("{\"writers_word\":\"\\u0041\"}") } },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cases[i].talk = &t;
        (void)ask(&t, cases[i].query);
        cases[i].result = t.result;
        sweep(negotiate_within, &cases[i]);
    }
    assert_int_equal(cases[0].result.refusal, APP_ACCEPTED);
    assert_int_equal(cases[3].result.refusal, APP_FORBIDDEN);
    talk_end(&t);
}

/* ---- the owner's word ---- */

#define WORD_JSON "sesame, open! \\\"\xc3\xa9"

/* Whoever asks now must know WORD. */
static void set_word(struct talk *t, unsigned char mac[static HMAC_BYTES])
{
    assert_err(app_word_mac(t->secret, STR("sesame, open! \"\xc3\xa9"), mac), ERR_NONE);
    t->negotiator.word_mac = mac;
}

static void a_room_is_opened_with_the_word_alone(void **state)
{
    static const struct {
        const char *body;
        enum app_refusal refusal;
    } cases[] = {
        { "{\"writers_word\":\"" WORD_JSON "\"}", APP_ACCEPTED },
        { "{\"x\":[],\"writers_word\" : \"" WORD_JSON "\" }", APP_ACCEPTED },
        { "{\"writers\\u005fword\":\"\\u0073esame, open! \\u0022\\u00e9\"}", APP_ACCEPTED },
        { "", APP_WRITERS_WORD },
        { "{}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"\"}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"sesame, open! \\\"\"}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"" WORD_JSON " \"}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"" WORD_JSON "\\u0000\"}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"Sesame, open! \\\"\xc3\xa9\"}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"sesame, open! \\\"e\\u0301\"}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"\\ud800\"}", APP_WRITERS_WORD },
        { "{\"writers_word\":null}", APP_WRITERS_WORD },
        { "{\"writers_word\":true}", APP_WRITERS_WORD },
        { "{\"writers_word\":[\"" WORD_JSON "\"]}", APP_WRITERS_WORD },
        { "{\"Writers_Word\":\"" WORD_JSON "\"}", APP_WRITERS_WORD },
        { "{\"x\":{\"writers_word\":\"" WORD_JSON "\"}}", APP_WRITERS_WORD },
        { "{\"writers_word\":\"" WORD_JSON "\",\"writers_word\":\"" WORD_JSON "\"}",
          APP_BAD_REQUEST },
        { "{\"writers_word\":\"" WORD_JSON "\",\"writers\\u005fword\":1}", APP_BAD_REQUEST },
        { "{\"writers_word\":\"" WORD_JSON "\"", APP_BAD_REQUEST },
        { "\"" WORD_JSON "\"", APP_BAD_REQUEST },
        { "writers_word=" WORD_JSON, APP_BAD_REQUEST },
        { "{\"writers_word\":\"" WORD_JSON "\",\"room_id\":null}", APP_BAD_REQUEST },
        { "{\"writers_word\":\"" WORD_JSON "\",\"writer_key\":\"\"}", APP_BAD_REQUEST },
        { "{\"writers_word\":\"" WORD_JSON "\",\"room_id\":\"" ROOM "\"}", APP_BAD_REQUEST },
        { "{\"writers_word\":\"" WORD_JSON "\",\"room_id\":\"" ROOM "\",\"writer_key\":\"\"}",
          APP_FORBIDDEN },
    };
    unsigned char mac[HMAC_BYTES];
    struct talk t;

    (void)state;
    talk_start(&t);
    set_word(&t, mac);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (post(&t, cases[i].body) != cases[i].refusal)
            fail_msg("%s: %d", cases[i].body, t.result.refusal);
        /* Where no body is read there is no word. */
        struct asked lost = { .body = str_from(cases[i].body), .protocol = STR("") };
        assert_int_equal(ask(&t, lost), APP_WRITERS_WORD);
    }
    assert_int_equal(get(&t, NULL, false), APP_WRITERS_WORD);
    assert_int_equal(get(&t, NULL, true), APP_BAD_REQUEST);
    assert_int_equal(get(&t, "", false), APP_BAD_REQUEST);
    struct asked registering = { .is_register = true,
                                 .is_post = true,
                                 .body = STR("{\"writers_word\":\"" WORD_JSON "\"}") };
    assert_int_equal(ask(&t, registering), APP_BAD_REQUEST);
    talk_end(&t);
}

static void the_word_is_one_and_no_beginning_of_it(void **state)
{
    static const char whole[] = "0123456789abcdef0123456789abcdef";
    unsigned char mac[HMAC_BYTES];
    struct talk t;

    (void)state;
    talk_start(&t);
    assert_err(app_word_mac(t.secret, str_from(whole), mac), ERR_NONE);
    t.negotiator.word_mac = mac;
    for (size_t len = 0; len <= strlen(whole); len++) {
        char body[100];
        (void)snprintf(body, sizeof(body), "{\"writers_word\":\"%.*s\"}", (int)len, whole);
        assert_int_equal(post(&t, body),
                         len == strlen(whole) ? APP_ACCEPTED : APP_WRITERS_WORD);
    }
    talk_end(&t);
}

static void whoever_opens_no_room_needs_no_word(void **state)
{
    static const char *const forms[] = {
        "{'room_id':'R','writer_key':'K'}",
        "{'room_id':'R','writer_key':'K','writers_word':'wrong'}",
        "{'room_id':'R','writer_key':'K','writers_word':7}",
    };
    unsigned char mac[HMAC_BYTES];
    struct talk t;

    (void)state;
    talk_start(&t);
    set_word(&t, mac);
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_int_equal(post_key(&t, forms[i], ROOM, key_of(&t, ROOM)), APP_ACCEPTED);
        is_member(&t, ROLE_WRITER, STR(ROOM));
    }
    assert_int_equal(get(&t, ROOM, false), APP_ACCEPTED);
    is_member(&t, ROLE_VIEWER, STR(ROOM));
    assert_int_equal(get(&t, ROOM, true), APP_ACCEPTED);
    is_member(&t, ROLE_VIEWER, STR(ROOM));
    talk_end(&t);
}

static void where_no_word_is_set_one_that_is_sent_does_no_harm(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    assert_int_equal(post(&t, "{\"writers_word\":\"of another day\"}"), APP_ACCEPTED);
    assert_str(text_of(&t, "role"), "writer");
    assert_int_equal(post(&t, "{\"writers_word\":7}"), APP_BAD_REQUEST);
    talk_end(&t);
}

/* ---- other applications ---- */

static void admit_nobody(struct app_caller *caller)
{
    (void)caller;
}

static void admit_the_platforms(struct app_caller *caller)
{
    app_admit(caller, caller->platform_user);
}

static void admit_who_is_told_more(struct app_caller *caller)
{
    app_admit(caller, STR("ann"));
    app_tell(caller, "greeting", STR("\"hi\", \xc3\xa4nn"));
}

static void turn_away(struct app_caller *caller)
{
    app_turn_away(caller, APP_FORBIDDEN, "not you");
    app_admit(caller, STR("ann"));
    app_turn_away(caller, APP_BAD_REQUEST, "nor you");
}

static void admit_then_turn_away(struct app_caller *caller)
{
    app_admit(caller, STR("ann"));
    app_turn_away(caller, APP_FORBIDDEN, "on second thoughts, not you");
}

static void open_nine_rooms(struct app_caller *caller)
{
    app_admit(caller, STR("ann"));
    for (int i = 0; i < APP_MAX_OPEN_ROOMS + 1; i++)
        app_may_send(caller, STR("room"));
}

static void open_no_room(struct app_caller *caller)
{
    app_admit(caller, STR("ann"));
    app_may_join(caller, STR(""));
}

static void tell_no_text(struct app_caller *caller)
{
    app_admit(caller, STR("ann"));
    app_tell(caller, "x", STR("\xff"));
}

static void want_the_word(struct app_caller *caller)
{
    if (app_word(caller, app_query(caller, "room_id")))
        app_admit_guest(caller);
}

static void an_application_decides(void **state)
{
    static const struct {
        app_negotiator *negotiate;
        enum app_refusal refusal;
        const char *answer; /* its end; or a piece of the message */
    } cases[] = {
        { NULL, APP_ACCEPTED, ",\"user_id\":\"-_8AAQIDBAUGBwgAAAAAAA\",\"expires_in\":3600}" },
        { admit_who_is_told_more, APP_ACCEPTED,
          ",\"greeting\":\"\\\"hi\\\", \xc3\xa4nn\",\"expires_in\":3600}" },
        { admit_nobody, APP_INTERNAL, "neither" },
        { admit_the_platforms, APP_NO_USER, "no name" },
        { turn_away, APP_FORBIDDEN, "not you" },
        { admit_then_turn_away, APP_FORBIDDEN, "second thoughts" },
        { open_nine_rooms, APP_INTERNAL, "8 rooms" },
        { open_no_room, APP_INTERNAL, "room's name" },
        { tell_no_text, APP_INTERNAL, "UTF-8" },
        { want_the_word, APP_WRITERS_WORD, "send the word" },
    };
    unsigned char mac[HMAC_BYTES];
    struct talk t;

    (void)state;
    talk_start(&t);
    set_word(&t, mac);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct app app = { .name = "x", .negotiate = cases[i].negotiate };
        t.negotiator.app = &app;
        assert_int_equal(get(&t, NULL, false), cases[i].refusal);
        if (cases[i].refusal)
            assert_non_null(strstr(t.result.message, cases[i].answer));
        else
            assert_true(str_ends(t.result.body, str_from(cases[i].answer)));
    }
    talk_end(&t);
}

static void a_users_name_is_text_that_a_header_can_carry(void **state)
{
    static const struct {
        struct str name;
        enum app_refusal refusal;
    } cases[] = {
        { STR_INIT("ann"), APP_ACCEPTED },
        { STR_INIT("Ann O'Neill \"x\" \\ {}"), APP_ACCEPTED },
        { STR_INIT("Zo\xc3\xab"), APP_ACCEPTED },
        { STR_INIT(""), APP_NO_USER },
        { STR_INIT(" ann"), APP_BAD_REQUEST },
        { STR_INIT("ann\t"), APP_BAD_REQUEST },
        { STR_INIT("a\nn"), APP_BAD_REQUEST },
        { STR_INIT("a\0n"), APP_BAD_REQUEST },
        { STR_INIT("a\x7fn"), APP_BAD_REQUEST },
        { STR_INIT("Zo\xeb"), APP_BAD_REQUEST },
        { STR_INIT("\xed\xa0\x80"), APP_BAD_REQUEST },
    };
    const struct app app = { .name = "x", .negotiate = admit_the_platforms };
    char longest[APP_MAX_USER_BYTES + 1];
    struct talk t;

    (void)state;
    talk_start(&t);
    t.negotiator.app = &app;
    for (size_t i = 0; i < COUNT(cases); i++) {
        t.negotiator.platform_user = cases[i].name;
        assert_int_equal(get(&t, NULL, false), cases[i].refusal);
        if (!cases[i].refusal)
            assert_same(text_of(&t, "user_id"), cases[i].name);
    }
    memset(longest, 'a', sizeof(longest));
    t.negotiator.platform_user = (struct str){ longest, APP_MAX_USER_BYTES };
    assert_int_equal(get(&t, NULL, false), APP_ACCEPTED);
    t.negotiator.platform_user.len++;
    assert_int_equal(get(&t, NULL, false), APP_BAD_REQUEST);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_without_a_room_gets_a_new_one_to_write_in),
        cmocka_unit_test(clients_may_connect_elsewhere),
        cmocka_unit_test(every_seed_makes_another_room),
        cmocka_unit_test(who_names_a_room_is_its_viewer),
        cmocka_unit_test(a_post_without_the_key_is_a_bad_request),
        cmocka_unit_test(a_native_client_gets_its_groups_as_roles),
        cmocka_unit_test(registering_makes_no_room),
        cmocka_unit_test(what_is_no_room_id_is_a_bad_request),
        cmocka_unit_test(who_holds_the_writer_key_may_write_again),
        cmocka_unit_test(a_writer_that_asks_for_an_epoch_gets_a_greater_one),
        cmocka_unit_test(who_asks_for_no_epoch_gets_none),
        cmocka_unit_test(an_epoch_is_a_whole_number),
        cmocka_unit_test(no_other_key_opens_a_room),
        cmocka_unit_test(a_body_that_is_no_object_with_a_room_is_a_bad_request),
        cmocka_unit_test(an_answer_is_whole_or_out_of_memory),
        cmocka_unit_test(a_room_is_opened_with_the_word_alone),
        cmocka_unit_test(the_word_is_one_and_no_beginning_of_it),
        cmocka_unit_test(whoever_opens_no_room_needs_no_word),
        cmocka_unit_test(where_no_word_is_set_one_that_is_sent_does_no_harm),
        cmocka_unit_test(an_application_decides),
        cmocka_unit_test(a_users_name_is_text_that_a_header_can_carry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
