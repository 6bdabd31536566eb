#include "test.h"

#include "negotiate.h"
#include "wire/base64url.h"
#include "wire/json.h"

#define NOW INT64_C(1726196900)
#define LIFE 3600
#define ROOM "0123456789ABCDEFabcd-_"
#define OTHER "zzzzzzzzzzzzzzzzzzzzzz"
#define URL "https://abc.webpubsub.azure.com"

static const unsigned char seed[ROOM_ID_BYTES] = { 0xfb, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8 };

/* A negotiation as a whole, with an access key: decide, make the token, answer. */
struct negotiator {
    const struct webpubsub *service;
    struct hmac_key *secret;
    int64_t token_seconds;
};

struct negotiate_result {
    unsigned status;
    const char *message;
    struct str body;
};

static enum err negotiate(const struct negotiator *n, const struct negotiate_query *query,
                          int64_t now_unix, const unsigned char from[static ROOM_ID_BYTES],
                          struct arena *mem, struct negotiate_result *out)
{
    struct negotiate_grant grant;
    struct webpubsub_client client;
    struct str token;

    if (negotiate_decide(query, n->secret, from, mem, &grant))
        return ERR_NO_MEMORY;
    *out = (struct negotiate_result){ .status = grant.status, .message = grant.message };
    if (grant.status != 200)
        return ERR_NONE;
    if (negotiate_client(&grant, mem, &client) ||
        webpubsub_client_token(n->service, &client, now_unix, n->token_seconds, mem, &token))
        return ERR_NO_MEMORY;
    return negotiate_answer(n->service, &grant, token, n->token_seconds, mem, &out->body);
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
                                     .host = STR_INIT("abc.webpubsub.azure.com"),
                                     .hub = STR_INIT("codestream"),
                                     .key = t->access_key };
    t->negotiator = (struct negotiator){ .service = &t->service,
                                         .secret = t->secret,
                                         .token_seconds = LIFE };
}

static void talk_end(struct talk *t)
{
    hmac_key_free(t->secret);
    hmac_key_free(t->access_key);
    arena_free(&t->mem);
}

static unsigned ask(struct talk *t, struct negotiate_query query)
{
    memset(&t->result, 0xee, sizeof(t->result));
    assert_err(negotiate(&t->negotiator, &query, NOW, seed, &t->mem, &t->result), ERR_NONE);
    if (t->result.status != 200) {
        assert_that(t->result.message && strlen(t->result.message) > 0);
        assert_that(!strpbrk(t->result.message, "\"\\\n"));
    }
    return t->result.status;
}

static unsigned get(struct talk *t, const char *room, bool is_register)
{
    return ask(
        t, (struct negotiate_query){ .room_id = str_from(room), .is_register = is_register });
}

static unsigned post(struct talk *t, const char *body)
{
    return ask(t, (struct negotiate_query){ .body = str_from(body), .is_post = true });
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

static struct str key_of(struct talk *t, const char *room)
{
    struct str message;
    struct str key;

    assert_err(writer_key_message(str_from(room), &t->mem, &message), ERR_NONE);
    assert_err(hmac_sign_text(t->secret, message, &t->mem, &key), ERR_NONE);
    return key;
}

/* The whole answer as design and articles have it. */
static void is_member(struct talk *t, enum role role, struct str room)
{
    struct member member = { role, room };
    struct json_field expires = { .name = STR_INIT("expires_in") };
    struct json_field key = { .name = STR_INIT("writer_key") };
    struct webpubsub_client client = { 0 };
    struct str token;
    struct str url;

    assert_int_equal(t->result.status, 200);
    assert_err(member_subject(&member, &t->mem, &client.user), ERR_NONE);
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
    assert_int_equal(get(&t, NULL, false), 200);
    is_member(&t, ROLE_WRITER, (struct str){ room, sizeof(room) });
    assert_true(room_id_ok(text_of(&t, "room_id")));
    assert_int_equal(post(&t, NULL), 200);
    is_member(&t, ROLE_WRITER, (struct str){ room, sizeof(room) });
    talk_end(&t);
}

static void every_seed_makes_another_room(void **state)
{
    struct talk t;
    struct str rooms[ROOM_ID_BYTES];

    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < COUNT(rooms); i++) {
        unsigned char other[ROOM_ID_BYTES] = { 0 };
        struct negotiate_query query = { .is_post = false };
        other[i] = 1;
        assert_err(negotiate(&t.negotiator, &query, NOW, other, &t.mem, &t.result), ERR_NONE);
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
        assert_int_equal(get(&t, ROOM, is_register), 200);
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
    assert_int_equal(post(&t, "{\"room_id\":\"" ROOM "\"}"), 400);
    assert_int_equal(post(&t, "{}"), 400);
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
        assert_int_equal(
            ask(&t, (struct negotiate_query){ .room_id = str_from(cases[i].room),
                                              .protocol = STR("json.webpubsub.azure.v1") }),
            200);
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
    assert_int_equal(ask(&t, (struct negotiate_query){ .protocol = STR("mqtt") }), 400);
    talk_end(&t);
}

static void registering_makes_no_room(void **state)
{
    struct talk t;

    (void)state;
    talk_start(&t);
    assert_int_equal(get(&t, NULL, true), 400);
    assert_int_equal(ask(&t, (struct negotiate_query){ .is_register = true, .is_post = true }),
                     400);
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
        assert_int_equal(get(&t, bad_rooms[i], false), 400);
        assert_int_equal(get(&t, bad_rooms[i], true), 400);
        (void)snprintf(body, sizeof(body), "{\"room_id\":\"%s\"}", bad_rooms[i]);
        assert_int_equal(post(&t, body), 400);
        (void)snprintf(body, sizeof(body), "{\"room_id\":\"%s\",\"writer_key\":\"%.*s\"}",
                       bad_rooms[i], STR_ARG(key_of(&t, ROOM)));
        assert_int_equal(post(&t, body), 400);
    }
    talk_end(&t);
}

/* Posts a form in which R stands for the room, K for the key and ' for a quote. */
static unsigned post_key(struct talk *t, const char *form, const char *room, struct str key)
{
    struct buf out = { .mem = &t->mem };
    struct negotiate_query query = { .is_post = true };

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
        assert_int_equal(post_key(&t, forms[i], ROOM, key_of(&t, ROOM)), 200);
        is_member(&t, ROLE_WRITER, STR(ROOM));
    }
    /* The key that was handed out is the key. */
    assert_int_equal(get(&t, NULL, false), 200);
    char room[ROOM_ID_CHARS + 1] = { 0 };
    memcpy(room, text_of(&t, "room_id").ptr, ROOM_ID_CHARS);
    assert_int_equal(post_key(&t, forms[0], room, text_of(&t, "writer_key")), 200);
    is_member(&t, ROLE_WRITER, str_from(room));
    talk_end(&t);
}

static void no_other_key_opens_a_room(void **state)
{
    static const char form[] = "{'room_id':'R','writer_key':'K'}";
    struct talk t;

    (void)state;
    talk_start(&t);
    struct str key = key_of(&t, ROOM);
    assert_int_equal(post_key(&t, form, ROOM, key_of(&t, OTHER)), 403);
    assert_int_equal(post_key(&t, form, OTHER, key), 403);
    assert_int_equal(post_key(&t, form, ROOM, STR("")), 403);
    for (size_t len = 0; len < key.len; len++) {
        char other[64];
        assert_int_equal(post_key(&t, form, ROOM, str_first(key, len)), 403);
        memcpy(other, key.ptr, key.len);
        other[len] = other[len] == 'A' ? 'B' : 'A';
        assert_int_equal(post_key(&t, form, ROOM, (struct str){ other, key.len }), 403);
        other[len] = key.ptr[len];
        other[key.len] = '=';
        assert_int_equal(post_key(&t, form, ROOM, (struct str){ other, key.len + 1 }), 403);
    }
    /* Not the signature of the bare room, with either key. */
    struct str bare;
    assert_err(hmac_sign_text(t.secret, STR(ROOM), &t.mem, &bare), ERR_NONE);
    assert_int_equal(post_key(&t, form, ROOM, bare), 403);
    assert_err(hmac_sign_text(t.access_key, STR(ROOM), &t.mem, &bare), ERR_NONE);
    assert_int_equal(post_key(&t, form, ROOM, bare), 403);
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
        assert_int_equal(post_key(&t, forms[i], ROOM, key_of(&t, ROOM)), 400);
    talk_end(&t);
}

/* A query, and its answer when there is memory enough. */
struct expected {
    struct talk *talk;
    struct negotiate_query query;
    struct negotiate_result result;
};

static enum err negotiate_within(struct arena *mem, void *context)
{
    const struct expected *want = context;
    struct negotiate_result result;
    enum err e = negotiate(&want->talk->negotiator, &want->query, NOW, seed, mem, &result);

    if (e != ERR_NONE)
        return e;
    assert_int_equal(result.status, want->result.status);
    if (result.status == 200)
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
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cases[i].talk = &t;
        (void)ask(&t, cases[i].query);
        cases[i].result = t.result;
        sweep(negotiate_within, &cases[i]);
    }
    assert_int_equal(cases[0].result.status, 200);
    assert_int_equal(cases[3].result.status, 403);
    talk_end(&t);
}

/* An application without rooms of ours: whoever asks is somebody new. */
static void a_guest_is_a_user_that_the_seed_names(void **state)
{
    struct talk t;
    struct negotiate_grant grant;
    struct webpubsub_client client;
    struct str answer;

    (void)state;
    talk_start(&t);
    assert_err(negotiate_guest(seed, &t.mem, &grant), ERR_NONE);
    assert_int_equal(grant.status, 200);
    assert_err(negotiate_client(&grant, &t.mem, &client), ERR_NONE);
    assert_str(client.user, "-_8AAQIDBAUGBwgAAAAAAA");
    assert_false(client.is_native);
    assert_err(negotiate_answer(&t.service, &grant, STR("a.b.c"), LIFE, &t.mem, &answer),
               ERR_NONE);
    assert_str(answer, "{\"url\":\"" URL "/?access_token=a.b.c\",\"endpoint\":\"" URL
                       "\",\"path\":\"/clients/socketio/hubs/codestream\",\"token\":\"a.b.c\","
                       "\"user_id\":\"-_8AAQIDBAUGBwgAAAAAAA\",\"expires_in\":3600}");
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_without_a_room_gets_a_new_one_to_write_in),
        cmocka_unit_test(every_seed_makes_another_room),
        cmocka_unit_test(who_names_a_room_is_its_viewer),
        cmocka_unit_test(a_post_without_the_key_is_a_bad_request),
        cmocka_unit_test(a_native_client_gets_its_groups_as_roles),
        cmocka_unit_test(registering_makes_no_room),
        cmocka_unit_test(what_is_no_room_id_is_a_bad_request),
        cmocka_unit_test(who_holds_the_writer_key_may_write_again),
        cmocka_unit_test(no_other_key_opens_a_room),
        cmocka_unit_test(a_body_that_is_no_object_with_a_room_is_a_bad_request),
        cmocka_unit_test(an_answer_is_whole_or_out_of_memory),
        cmocka_unit_test(a_guest_is_a_user_that_the_seed_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
