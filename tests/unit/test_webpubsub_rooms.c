#include "test.h"

#include "webpubsub.h"
#include "wire/base64url.h"

#define LIST(...)                                                                              \
    ((struct str_list){ (const struct str[]){ __VA_ARGS__ },                                   \
                        COUNT(((const struct str[]){ __VA_ARGS__ })) })

static struct str group(struct arena *mem, struct str nsp, struct str room)
{
    struct buf out = { .mem = mem };
    struct str text;

    webpubsub_add_group(&out, nsp, room);
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void groups_are_named_as_the_documents_name_them(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "groups.tsv", 3); vectors_next(&v);) {
        struct arena mem;
        struct str nsp = exact(v.column[0]);
        struct str room = exact(v.column[1]);
        arena_init(&mem, TEST_MEMORY);
        assert_same(group(&mem, nsp, room), v.column[2]);
        arena_free(&mem);
        exact_free(room);
        exact_free(nsp);
    }
}

/* A socket joins a room. */
static enum err join_one(const struct webpubsub *service, struct str nsp, struct str socket,
                         struct str room, struct arena *mem, struct webpubsub_request *out)
{
    struct webpubsub_target self = { .nsp = nsp, .rooms = { &socket, 1 } };

    return webpubsub_move(service, WEBPUBSUB_JOIN, &self, (struct str_list){ &room, 1 }, mem,
                          out);
}

static void requests_are_those_of_the_documents_byte_for_byte(void **state)
{
    struct hmac_key *key = hmac_key_new(access_key);
    struct vectors v;

    (void)state;
    assert_non_null(key);
    for (vectors_open(&v, "requests.tsv", 12); vectors_next(&v);) {
        struct arena mem;
        struct webpubsub service = { .url = v.column[1], .hub = v.column[2], .key = key };
        struct webpubsub_request request;
        struct str token;
        struct webpubsub_target target = {
            .nsp = v.column[3],
            .rooms = { &v.column[4], v.column[4].len > 0 },
            .within = v.column[5],
            .except = { &v.column[6], v.column[6].len > 0 },
        };
        bool is_send = str_equal(v.column[0], STR("send"));
        arena_init(&mem, TEST_MEMORY);
        memset(&request, 0xee, sizeof(request));
        assert_that(is_send || str_equal(v.column[0], STR("join")));
        if (is_send)
            assert_err(webpubsub_send(&service, &target, true, v.column[7], &mem, &request),
                       ERR_NONE);
        else
            assert_err(
                join_one(&service, v.column[3], v.column[6], v.column[4], &mem, &request),
                ERR_NONE);
        assert_string_equal(request.method, "POST");
        assert_same(request.url, v.column[8]);
        assert_same(str_from(request.content_type), v.column[9]);
        assert_same(request.body, v.column[10]);
        assert_err(webpubsub_rest_token(&service, request.url, NOW, &mem, &token), ERR_NONE);
        assert_true(str_starts(v.column[11], STR("Bearer ")));
        assert_same(token, str_skip(v.column[11], 7));
        if (is_send)
            assert_that(request.body.ptr == v.column[7].ptr); /* borrowed, not copied */
        arena_free(&mem);
    }
    hmac_key_free(key);
}

static void what_was_signed_is_the_url(void **state)
{
    struct hmac_key *key = hmac_key_new(access_key);
    struct webpubsub service = service_of("http://localhost:8080", "codestream", key);
    struct webpubsub_target target = { .nsp = STR_INIT("/"),
                                       .rooms = LIST(STR("room")),
                                       .within = STR_INIT("in"),
                                       .except = LIST(STR("out")) };
    struct webpubsub_request request;
    struct arena mem;
    struct str claims;
    struct str signed_url;
    struct str token;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_send(&service, &target, true, STR("42[\"e\"]"), &mem, &request),
               ERR_NONE);
    struct buf out = { .mem = &mem };
    buf_add(&out, STR("{\"iat\":1726196900,\"exp\":"));
    buf_add_number(&out, (uint64_t)NOW + WEBPUBSUB_REST_TOKEN_SECONDS);
    buf_add_all(&out, STR(",\"aud\":\""), request.url, STR("\"}"));
    assert_err(buf_done(&out, &claims), ERR_NONE);
    assert_err(jwt_mint(key, claims, &mem, &token), ERR_NONE);
    assert_err(webpubsub_rest_token(&service, request.url, NOW, &mem, &signed_url), ERR_NONE);
    assert_same(signed_url, token);
    arena_free(&mem);
    hmac_key_free(key);
}

/* The longest room in "/" whose group is still a name: "0~Lw~" and 1019 characters. */
#define LONGEST_ROOM 764

static enum err send_to(struct webpubsub *service, struct str room, struct str within,
                        struct str except)
{
    struct webpubsub_target target = {
        STR("/"), { &room, 1 }, within, { &except, except.len > 0 }
    };
    struct webpubsub_request request;
    struct arena mem;
    enum err e;

    arena_init(&mem, TEST_MEMORY);
    e = webpubsub_send(service, &target, true, STR("42[\"e\"]"), &mem, &request);
    arena_free(&mem);
    return e;
}

static enum err join_to(struct webpubsub *service, struct str socket, struct str room)
{
    struct webpubsub_request request;
    struct arena mem;
    enum err e;

    arena_init(&mem, TEST_MEMORY);
    e = join_one(service, STR("/"), socket, room, &mem, &request);
    arena_free(&mem);
    return e;
}

static void a_room_too_long_for_a_group_is_refused(void **state)
{
    struct hmac_key *key = hmac_key_new(access_key);
    struct webpubsub service = service_of("https://abc", "hub", key);
    char letters[LONGEST_ROOM + 1];
    struct str over = { letters, LONGEST_ROOM + 1 };
    struct str fits = { letters, LONGEST_ROOM };
    struct str none = STR("");
    struct str room = STR("room");

    (void)state;
    assert_int_equal(5 + BASE64URL_LEN((size_t)LONGEST_ROOM), WEBPUBSUB_MAX_GROUP_CHARS);
    memset(letters, 'a', sizeof(letters));
    assert_err(send_to(&service, fits, none, none), ERR_NONE);
    assert_err(send_to(&service, over, none, none), ERR_SYNTAX);
    assert_err(send_to(&service, room, fits, fits), ERR_NONE);
    assert_err(send_to(&service, room, over, none), ERR_SYNTAX);
    assert_err(send_to(&service, room, none, over), ERR_SYNTAX);
    assert_err(join_to(&service, room, fits), ERR_NONE);
    assert_err(join_to(&service, room, over), ERR_SYNTAX);
    assert_err(join_to(&service, over, room), ERR_SYNTAX);

    /* so long that arithmetic on it would wrap */
    struct str endless = { letters, SIZE_MAX / 4 + 2 };
    assert_err(send_to(&service, endless, none, none), ERR_SYNTAX);
    assert_err(send_to(&service, room, endless, none), ERR_SYNTAX);
    assert_err(send_to(&service, room, none, endless), ERR_SYNTAX);
    assert_err(join_to(&service, endless, room), ERR_SYNTAX);

    struct webpubsub_target elsewhere = { .nsp = { letters, sizeof(letters) },
                                          .rooms = { &room, 1 } };
    struct webpubsub_request request;
    struct arena mem;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_send(&service, &elsewhere, true, STR("42[\"e\"]"), &mem, &request),
               ERR_SYNTAX);
    assert_err(webpubsub_send(&service, &elsewhere, false, STR("41"), &mem, &request),
               ERR_SYNTAX);
    assert_err(webpubsub_list(&service, STR("/"), over, &mem, &request), ERR_SYNTAX);
    elsewhere.nsp = endless;
    assert_err(webpubsub_send(&service, &elsewhere, false, STR("41"), &mem, &request),
               ERR_SYNTAX);
    arena_free(&mem);
    hmac_key_free(key);
}

/* Whatever a client writes into a room name, nothing of it reaches URL or filter as it is. */
static void no_room_name_breaks_out_of_url_or_filter(void **state)
{
    static const struct str rooms[] = {
        STR_INIT("' in groups or '0~Lw~' in groups or 'x"),
        STR_INIT("a/../../connections"),
        STR_INIT("a?api-version=1&filter=x#"),
        STR_INIT("a\r\nHost: b"),
        STR_INIT("\"],\"groups\":[\"x"),
        STR_INIT("a\0b"),
        STR_INIT("%27~%27"),
    };
    struct hmac_key *key = hmac_key_new(access_key);
    struct webpubsub service = service_of("https://abc", "hub", key);

    (void)state;
    for (size_t i = 0; i < COUNT(rooms); i++) {
        struct webpubsub_target target = {
            STR("/"), { &rooms[i], 1 }, rooms[i], { &rooms[i], 1 }
        };
        struct webpubsub_request request;
        struct arena mem;
        struct str name;
        struct str want;
        arena_init(&mem, TEST_MEMORY);
        name = group(&mem, STR("/"), rooms[i]);
        assert_err(webpubsub_send(&service, &target, true, STR("42[\"e\"]"), &mem, &request),
                   ERR_NONE);
        struct buf url = { .mem = &mem };
        buf_add_all(&url, STR("https://abc/api/hubs/hub/groups/"), name,
                    STR("/:send?api-version=2024-01-01&filter=%27"), name,
                    STR("%27%20in%20groups%20and%20not%20%28%27"), name,
                    STR("%27%20in%20groups%29"));
        assert_err(buf_done(&url, &want), ERR_NONE);
        assert_same(request.url, want);
        assert_err(join_one(&service, STR("/"), rooms[i], rooms[i], &mem, &request), ERR_NONE);
        struct buf body = { .mem = &mem };
        buf_add_all(&body, STR("{\"groups\":[\""), name, STR("\"],\"filter\":\"'"), name,
                    STR("' in groups\"}"));
        assert_err(buf_done(&body, &want), ERR_NONE);
        assert_same(request.body, want);
        arena_free(&mem);
    }
    hmac_key_free(key);
}

/*
 * azure-sdk-for-net WebPubSubForSocketIO tests/UtilitiesTests.cs, but for the last one: there
 * the rooms have no parentheses, and so the exceptions hold for the last of them only.
 */
static void filters_are_those_of_the_sdk_but_for_its_precedence(void **state)
{
    const struct str g1 = STR("g1"), g2 = STR("g2"), g3 = STR("g3"), g4 = STR("g4");
    const struct str nsp = STR("ns/"), none = STR("");
    const struct {
        struct webpubsub_target target;
        const char *filter;
    } cases[] = {
        { { nsp, { NULL, 0 }, none, { NULL, 0 } }, "'0~bnMv~' in groups" },
        { { nsp, LIST(g1), none, { NULL, 0 } }, "'0~bnMv~ZzE' in groups" },
        { { nsp, { NULL, 0 }, none, LIST(g1) },
          "'0~bnMv~' in groups and not ('0~bnMv~ZzE' in groups)" },
        { { nsp, LIST(g1, g2), none, { NULL, 0 } },
          "'0~bnMv~ZzE' in groups or '0~bnMv~ZzI' in groups" },
        { { nsp, { NULL, 0 }, none, LIST(g1, g2) },
          "'0~bnMv~' in groups and not ('0~bnMv~ZzE' in groups) and "
          "not ('0~bnMv~ZzI' in groups)" },
        { { nsp, LIST(g1), g2, LIST(g3) },
          "'0~bnMv~ZzE' in groups and '0~bnMv~ZzI' in groups and not ('0~bnMv~ZzM' in "
          "groups)" },
        { { nsp, LIST(g1, g2), none, LIST(g3, g4) },
          "('0~bnMv~ZzE' in groups or '0~bnMv~ZzI' in groups) and "
          "not ('0~bnMv~ZzM' in groups) and not ('0~bnMv~ZzQ' in groups)" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena mem;
        struct buf out = { .mem = &mem };
        struct str text;
        arena_init(&mem, TEST_MEMORY);
        webpubsub_add_filter(&out, &cases[i].target);
        assert_err(buf_done(&out, &text), ERR_NONE);
        assert_same(text, str_from(cases[i].filter));
        arena_free(&mem);
    }
}

#define API "https://abc/api/hubs/hub/"
#define V "?api-version=2024-01-01"

/* …tests/SocketIOAsyncCollectorTests.cs */
static void sends_to_many_and_disconnects_are_those_of_the_sdk(void **state)
{
    const struct str rm = STR("rm"), rm2 = STR("rm2"), sid = STR("sid"), none = STR("");
    const struct str s1 = STR("socket1"), s2 = STR("socket2");
    const struct {
        bool may_name_group;
        struct webpubsub_target target;
        const char *url;
    } cases[] = {
        { true,
          { STR("/ns"), LIST(rm, rm2), none, { NULL, 0 } },
          API ":send" V "&filter=%270~L25z~cm0%27%20in%20groups%20or%20"
              "%270~L25z~cm0y%27%20in%20groups" },
        { true,
          { STR("/"), LIST(rm, rm2), none, LIST(sid) },
          API ":send" V "&filter=%28%270~Lw~cm0%27%20in%20groups%20or%20%270~Lw~cm0y%27%20in"
              "%20groups%29%20and%20not%20%28%270~Lw~c2lk%27%20in%20groups%29" },
        { true, { STR("/ns"), { NULL, 0 }, none, { NULL, 0 } }, API "groups/0~L25z~/:send" V },
        { true,
          { STR("/ns"), { NULL, 0 }, none, LIST(sid) },
          API "groups/0~L25z~/:send" V "&filter=not%20%28%270~L25z~c2lk%27%20in%20groups%29" },
        { false,
          { STR("/ns"), LIST(s1, s2), none, { NULL, 0 } },
          API ":send" V "&filter=%270~L25z~c29ja2V0MQ%27%20in%20groups%20or%20"
              "%270~L25z~c29ja2V0Mg%27%20in%20groups" },
        { false,
          { STR("/ns"), { NULL, 0 }, none, { NULL, 0 } },
          API ":send" V "&filter=%270~L25z~%27%20in%20groups" },
    };
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct webpubsub_request request;
        struct arena mem;
        arena_init(&mem, TEST_MEMORY);
        assert_err(webpubsub_send(&service, &cases[i].target, cases[i].may_name_group,
                                  STR("41/ns,"), &mem, &request),
                   ERR_NONE);
        assert_same(request.url, str_from(cases[i].url));
        assert_str(request.body, "41/ns,");
        assert_string_equal(request.content_type, "text/plain");
        arena_free(&mem);
    }
}

static void joins_and_leaves_are_those_of_the_sdk(void **state)
{
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    const struct webpubsub_target self = { .nsp = STR("/ns"), .rooms = LIST(STR("socket1")) };
    const struct webpubsub_target some = { .nsp = STR("/ns"),
                                           .rooms = LIST(STR("rm1"), STR("rm2")),
                                           .except = LIST(STR("sid")) };
    struct webpubsub_request request;
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(
        webpubsub_move(&service, WEBPUBSUB_LEAVE, &self, LIST(STR("rm1")), &mem, &request),
        ERR_NONE);
    assert_str(request.url, API ":removeFromGroups" V);
    assert_str(request.body, "{\"groups\":[\"0~L25z~cm0x\"],"
                             "\"filter\":\"'0~L25z~c29ja2V0MQ' in groups\"}");
    assert_err(webpubsub_move(&service, WEBPUBSUB_JOIN, &some, LIST(STR("ex1"), STR("rm")),
                              &mem, &request),
               ERR_NONE);
    assert_str(request.url, API ":addToGroups" V);
    assert_str(
        request.body,
        "{\"groups\":[\"0~L25z~ZXgx\",\"0~L25z~cm0\"],\"filter\":\"('0~L25z~cm0x' in groups "
        "or '0~L25z~cm0y' in groups) and not ('0~L25z~c2lk' in groups)\"}");
    arena_free(&mem);
}

static void a_target_has_no_more_rooms_than_a_filter_has_room_for(void **state)
{
    static const struct {
        size_t rooms, except;
        enum err e;
    } cases[] = {
        { 1, 0, ERR_NONE },    { 3, 0, ERR_NONE },    { 40, 20, ERR_NONE },
        { 90, 0, ERR_NONE },   { 91, 0, ERR_SYNTAX }, { 60, 31, ERR_SYNTAX },
        { 0, 91, ERR_SYNTAX },
    };
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    struct str rooms[100];

    (void)state;
    for (size_t i = 0; i < COUNT(rooms); i++)
        rooms[i] = STR("a");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct webpubsub_target target = { .nsp = STR("/"),
                                                 .rooms = { rooms, cases[i].rooms },
                                                 .except = { rooms, cases[i].except } };
        struct webpubsub_request request;
        struct arena mem;
        arena_init(&mem, TEST_MEMORY);
        assert_err(webpubsub_send(&service, &target, true, STR("42"), &mem, &request),
                   cases[i].e);
        assert_err(webpubsub_send(&service, &target, false, STR("41"), &mem, &request),
                   cases[i].e);
        assert_err(
            webpubsub_move(&service, WEBPUBSUB_JOIN, &target, LIST(STR("x")), &mem, &request),
            cases[i].e);
        arena_free(&mem);
    }
}

/* Long names fill a URL before many clauses do. */
static void no_filter_is_too_long_for_a_url(void **state)
{
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    char letters[700];
    struct str rooms[WEBPUBSUB_MAX_CLAUSES];

    (void)state;
    memset(letters, 'a', sizeof(letters));
    for (size_t len = 1; len <= sizeof(letters); len += 23) {
        for (size_t i = 0; i < COUNT(rooms); i++)
            rooms[i] = (struct str){ letters, len };
        for (size_t count = 1; count <= COUNT(rooms); count++) {
            struct webpubsub_target target = { .nsp = STR("/"), .rooms = { rooms, count } };
            struct webpubsub_request request;
            struct arena mem;
            arena_init(&mem, TEST_MEMORY);
            if (webpubsub_send(&service, &target, true, STR("42"), &mem, &request))
                assert_true(count > 3); /* so many are always taken */
            else
                assert_true(request.url.len <= WEBPUBSUB_MAX_FILTER_CHARS + 100);
            arena_free(&mem);
        }
    }
}

/* Several of those in a room: one send to the room's group, whose members the service knows. */
static void a_choice_within_a_room_is_one_send_to_its_group(void **state)
{
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    struct webpubsub_target target = { .nsp = STR("/"),
                                       .rooms = LIST(STR("a"), STR("b")),
                                       .within = STR("all"),
                                       .except = LIST(STR("c")) };
    struct webpubsub_request request;
    char letters[36];
    struct str ids[50];
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_send(&service, &target, true, STR("42"), &mem, &request), ERR_NONE);
    assert_same(request.url,
                STR(API "groups/0~Lw~YWxs/:send?api-version=2024-01-01&filter="
                        "%28%270~Lw~YQ%27%20in%20groups%20or%20%270~Lw~Yg%27%20in%20groups%29"
                        "%20and%20not%20%28%270~Lw~Yw%27%20in%20groups%29"));
    memset(letters, 'a', sizeof(letters));
    for (size_t i = 0; i < COUNT(ids); i++)
        ids[i] = (struct str){ letters, sizeof(letters) };
    target = (struct webpubsub_target){ .nsp = STR("/"),
                                        .rooms = { ids, COUNT(ids) },
                                        .within = STR("all") };
    assert_err(webpubsub_send(&service, &target, true, STR("42"), &mem, &request), ERR_NONE);
    assert_true(str_starts(request.url, STR(API "groups/0~Lw~YWxs/:send?")));
    assert_true(request.url.len <= WEBPUBSUB_MAX_FILTER_CHARS + 100);
    arena_free(&mem);
}

static void the_members_of_a_room_are_listed_in_pages(void **state)
{
    static const struct {
        const char *answer;
        enum err e;
        size_t count;
        const char *next;
    } cases[] = {
        { "{\"value\":[]}", ERR_NONE, 0, "" },
        { "{\"value\":[{\"connectionId\":\"a\"},{\"connectionId\":\"b\"}],\"nextLink\":null}",
          ERR_NONE, 2, "" },
        { "{\"nextLink\":\"" API "groups/x?c=1\",\"value\":[{}]}", ERR_NONE, 1,
          API "groups/x?c=1" },
        { "{\"value\":[],\"nextLink\":\"HTTPS://ABC:443/api/hubs/hub/X\"}", ERR_NONE, 0,
          "https://abc/api/hubs/hub/X" },
        { "{\"value\":[],\"nextLink\":\"https://abc:444/api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"http://abc/api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"https://u@abc/api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"https://abc/x/api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"https://abc/\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"https://abc//api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"/api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"https://abc.example/api/hubs/hub/x\"}", ERR_SYNTAX, 0,
          "" },
        { "{\"value\":[],\"nextLink\":\"https://else/api/hubs/hub/x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"" API "groups\\\"x\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"" API "x#y\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"" API "x\\r\\ny\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"" API "x\\u007f\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"" API "x\\\\\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[],\"nextLink\":\"\\ud800\"}", ERR_SYNTAX, 0, "" },
        { "{\"value\":[{}],\"nextLink\":\"\"}", ERR_NONE, 1, "" },
        { "{\"value\":[],\"nextLink\":1}", ERR_SYNTAX, 0, "" },
        { "{\"value\":{}}", ERR_SYNTAX, 0, "" },
        { "{}", ERR_SYNTAX, 0, "" },
        { "", ERR_SYNTAX, 0, "" },
    };
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    struct webpubsub_request request;
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_list(&service, STR("/"), STR("rm"), &mem, &request), ERR_NONE);
    assert_string_equal(request.method, "GET");
    assert_str(request.url, API "groups/0~Lw~cm0/connections?api-version=2024-12-01"
                                "&maxpagesize=200");
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count = 0;
        struct str next;
        assert_err(
            webpubsub_read_list(&service, str_from(cases[i].answer), &mem, &count, &next),
            cases[i].e);
        if (cases[i].e == ERR_NONE) {
            assert_int_equal(count, cases[i].count);
            assert_same(next, str_from(cases[i].next));
        }
    }
    arena_free(&mem);
}

static enum err send_within(struct arena *mem, void *context)
{
    struct webpubsub_target target = { STR("/ns"), LIST(STR("socket1")), STR("rm"),
                                       LIST(STR("sid")) };
    struct webpubsub_request request;
    enum err e = webpubsub_send(context, &target, true, STR("42/ns,[\"e\"]"), mem, &request);

    if (e == ERR_NONE)
        assert_str(request.body, "42/ns,[\"e\"]");
    return e;
}

static enum err join_within(struct arena *mem, void *context)
{
    struct webpubsub_request request;
    enum err e = join_one(context, STR("/ns"), STR("socket1"), STR("rm1"), mem, &request);

    if (e == ERR_NONE)
        assert_str(request.body, "{\"groups\":[\"0~L25z~cm0x\"],"
                                 "\"filter\":\"'0~L25z~c29ja2V0MQ' in groups\"}");
    return e;
}

static enum err rooms_within(struct arena *mem, void *context)
{
    const struct str rooms[] = { STR("a"), STR("b"), STR("c"), STR("d") };
    const struct webpubsub_target target = {
        STR("/ns"), { rooms, 3 }, STR("rm"), { rooms, 2 }
    };
    struct webpubsub_request request;
    enum err e = webpubsub_send(context, &target, false, STR("41/ns,"), mem, &request);

    if (!e)
        e = webpubsub_move(context, WEBPUBSUB_LEAVE, &target, LIST(STR("x"), STR("y")), mem,
                           &request);
    return e ? e : webpubsub_list(context, STR("/ns"), STR("rm"), mem, &request);
}

static enum err page_within(struct arena *mem, void *context)
{
    size_t count;
    struct str next;

    return webpubsub_read_list(
        context, STR("{\"value\":[],\"nextLink\":\"https:\\/\\/abc\\/api\\/hubs\\/x\"}"), mem,
        &count, &next);
}

static enum err group_within(struct arena *mem, void *context)
{
    struct buf out = { .mem = mem };
    struct str text;

    (void)context;
    webpubsub_add_group(&out, STR("/ns"), STR("a room of some length, longer than one step"));
    return buf_done(&out, &text);
}

static void the_next_page_is_at_our_service_however_that_is_spelt(void **state)
{
    static const struct {
        const char *service, *host;
        bool is_ours;
    } cases[] = {
        { "https://abc", "https://abc", true },
        { "https://abc", "HTTPS://ABC", true },
        { "https://abc", "https://Abc:443", true },
        { "https://abc", "https://abc:0443", true },
        { "https://abc", "https://abC", true },
        { "https://abc", "https://abc:", false },
        { "http://abc", "http://abc:80", true },
        { "http://abc:8080", "http://ABC:8080", true },
        { "https://abc", "http://abc", false },
        { "https://abc", "http://abc:443", false },
        { "https://abc", "https://abc:80", false },
        { "https://abc", "https://abc:8443", false },
        { "http://abc:8080", "http://abc", false },
        { "http://abc", "http://abc:443", false },
        { "https://abc", "https://abc:443:443", false },
        { "https://abc", "https://abc:0", false },
        { "https://abc", "https://abc:65979", false }, /* 443 more than 16 bits hold */
        { "https://abc", "https://abc:443@else", false },
        { "https://abc", "https://abc@else", false },
        { "https://abc", "https://else@abc", false },
        { "https://abc", "https://abc.", false },
        { "https://abc", "https://abcd", false },
        { "https://abc", "https://ab", false },
        { "https://abc", "https://abc/x", false },
        { "https://abc", "https://abc?x", false },
        { "https://abc", "https://", false },
        { "https://abc", "https:/abc", false },
        { "https://abc", "//abc", false },
        { "https://abc", "abc", false },
        { "https://abc", "", false },
    };
    static const struct str path = STR_INIT("/api/hubs/Hub/groups/x/connections?a=%20B");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct webpubsub service = { .url = str_from(cases[i].service) };
        struct str text, expected, next;
        struct arena mem;
        size_t count;
        arena_init(&mem, TEST_MEMORY);
        struct buf answer = { .mem = &mem };
        buf_add_all(&answer, STR("{\"value\":[],\"nextLink\":\""), str_from(cases[i].host),
                    path, STR("\"}"));
        assert_err(buf_done(&answer, &text), ERR_NONE);
        assert_err(webpubsub_read_list(&service, text, &mem, &count, &next),
                   cases[i].is_ours ? ERR_NONE : ERR_SYNTAX);
        if (cases[i].is_ours) {
            struct buf url = { .mem = &mem };
            buf_add_all(&url, service.url, path);
            assert_err(buf_done(&url, &expected), ERR_NONE);
            assert_same(next, expected);
        }
        arena_free(&mem);
    }
}

static void requests_are_whole_or_out_of_memory(void **state)
{
    struct hmac_key *key = hmac_key_new(access_key);
    struct webpubsub service = service_of("https://abc", "hub", key);

    (void)state;
    sweep(group_within, NULL);
    sweep(send_within, &service);
    sweep(join_within, &service);
    sweep(rooms_within, &service);
    sweep(page_within, &service);
    hmac_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_named_as_the_documents_name_them),
        cmocka_unit_test(requests_are_those_of_the_documents_byte_for_byte),
        cmocka_unit_test(what_was_signed_is_the_url),
        cmocka_unit_test(a_room_too_long_for_a_group_is_refused),
        cmocka_unit_test(no_room_name_breaks_out_of_url_or_filter),
        cmocka_unit_test(filters_are_those_of_the_sdk_but_for_its_precedence),
        cmocka_unit_test(sends_to_many_and_disconnects_are_those_of_the_sdk),
        cmocka_unit_test(joins_and_leaves_are_those_of_the_sdk),
        cmocka_unit_test(a_target_has_no_more_rooms_than_a_filter_has_room_for),
        cmocka_unit_test(no_filter_is_too_long_for_a_url),
        cmocka_unit_test(a_choice_within_a_room_is_one_send_to_its_group),
        cmocka_unit_test(the_members_of_a_room_are_listed_in_pages),
        cmocka_unit_test(the_next_page_is_at_our_service_however_that_is_spelt),
        cmocka_unit_test(requests_are_whole_or_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
