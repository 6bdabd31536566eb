#include "test.h"

#include "webpubsub.h"

static void connection_strings_are_read_as_the_sdk_reads_them(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "connection-strings.tsv", 4); vectors_next(&v);) {
        struct arena mem;
        struct webpubsub_endpoint endpoint;
        const char *why = NULL;
        struct str text = exact(v.column[0]);
        arena_init(&mem, TEST_MEMORY);
        memset(&endpoint, 0xee, sizeof(endpoint));
        assert_err(webpubsub_parse(text, &mem, &endpoint, &why), ERR_NONE);
        assert_same(endpoint.url, v.column[1]);
        assert_same(endpoint.host, v.column[2]);
        assert_same(endpoint.access_key, v.column[3]);
        assert_that(is_within(endpoint.host, endpoint.url));
        assert_that(endpoint.access_key.len == 0 || is_within(endpoint.access_key, text));
        arena_free(&mem);
        exact_free(text);
    }
}

static void a_bad_connection_string_is_explained_without_its_values(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "connection-strings-bad.tsv", 1); vectors_next(&v);) {
        struct arena mem;
        struct webpubsub_endpoint endpoint;
        const char *why = NULL;
        struct str text = exact(v.column[0]);
        arena_init(&mem, TEST_MEMORY);
        assert_err(webpubsub_parse(text, &mem, &endpoint, &why), ERR_SYNTAX);
        assert_that(why && strlen(why) > 0);
        assert_that(!strstr(why, "SECRET"));
        arena_free(&mem);
        exact_free(text);
    }
    struct arena mem;
    struct webpubsub_endpoint endpoint;
    const char *why = NULL;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_parse(STR(""), &mem, &endpoint, &why), ERR_SYNTAX);
    assert_non_null(why);
    arena_free(&mem);
}

static void judge(struct str text)
{
    struct webpubsub_endpoint endpoint;
    const char *why = NULL;
    struct arena mem;
    enum err e;

    arena_init(&mem, TEST_MEMORY);
    e = webpubsub_parse(text, &mem, &endpoint, &why);
    assert_that(e == ERR_NONE || e == ERR_SYNTAX);
    if (e == ERR_NONE) {
        assert_that(endpoint.host.len > 0);
        assert_that(str_starts(endpoint.url, STR("http")));
        assert_that(!str_ends(endpoint.url, STR("/")));
    } else {
        assert_that(why != NULL);
    }
    arena_free(&mem);
}

static void every_prefix_of_a_connection_string_is_good_or_explained(void **state)
{
    (void)state;
    each_prefix("connection-strings.tsv", 4, judge);
    each_prefix("connection-strings-bad.tsv", 1, judge);
}

static enum err parse_within(struct arena *mem, void *context)
{
    struct webpubsub_endpoint endpoint;
    const char *why;
    enum err e =
        webpubsub_parse(STR("Endpoint=http://localhost;Port=8080;AccessKey=key;Version=1.0;"),
                        mem, &endpoint, &why);

    (void)context;
    if (e == ERR_NONE)
        assert_str(endpoint.url, "http://localhost:8080");
    return e;
}

static void an_endpoint_may_stand_alone(void **state)
{
    static const struct {
        const char *text, *url, *host;
    } good[] = {
        { "https://abc.webpubsub.azure.com", "https://abc.webpubsub.azure.com",
          "abc.webpubsub.azure.com" },
        { "https://abc/", "https://abc", "abc" },
        { "https://abc:443", "https://abc", "abc" },
        { "http://localhost:8080/", "http://localhost:8080", "localhost" },
        { "http://[::1]:8080", "http://[::1]:8080", "[::1]" },
        { "http://[::1]/", "http://[::1]", "[::1]" },
        { "https://[2001:db8::a:1]:443", "https://[2001:db8::a:1]", "[2001:db8::a:1]" },
    };
    static const char *const bad[] = { "",
                                       "SECRET",
                                       "https://",
                                       "ftp://SECRET",
                                       "https://SECRET/path",
                                       "https://SECRET;AccessKey=k",
                                       "https://SECRET:0",
                                       "https://[SECRET]",
                                       "https://[::1",
                                       "https://[]",
                                       "https://[::1]:",
                                       "https://[::1]x",
                                       "https://[::1%25lo]",
                                       "https://::1",
                                       "https://[:]",
                                       "https://SECRET~1",
                                       "Endpoint=https://SECRET" };
    struct webpubsub_endpoint endpoint;
    struct arena mem;
    const char *why;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(good); i++) {
        struct str text = exact(str_from(good[i].text));
        memset(&endpoint, 0xee, sizeof(endpoint));
        assert_err(webpubsub_parse_endpoint(text, &mem, &endpoint, &why), ERR_NONE);
        exact_free(text);
        assert_same(endpoint.url, str_from(good[i].url));
        assert_same(endpoint.host, str_from(good[i].host));
        assert_int_equal(endpoint.access_key.len, 0);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        why = NULL;
        assert_err(webpubsub_parse_endpoint(str_from(bad[i]), &mem, &endpoint, &why),
                   ERR_SYNTAX);
        assert_non_null(why);
        assert_null(strstr(why, "SECRET"));
    }
    arena_free(&mem);
}

static void hubs_are_named_as_the_documents_say(void **state)
{
    static const char *const good[] = { "a", "Z", "hub", "testHub", "codestream", "a1_" };
    static const char *const bad[] = { "",          "1a",   "_a",   "[a]", " a",   "a ",
                                       "a b",       "a/b",  "a-b",  "a~b", "a%b",  "a{b}",
                                       "a'b",       "a\"b", "a\\b", "a?b", "\xc3", "a\n",
                                       "../hub",    "a#",   "a^",   "a@",  "a:b",  "a;b",
                                       "a\xc3\xa4", "a`",   "a,b",  "a.b", "a[b]" };
    char longest[129];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(webpubsub_hub_ok(str_from(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(webpubsub_hub_ok(str_from(bad[i])));
    assert_false(webpubsub_hub_ok(STR("a\0b")));
    memset(longest, 'a', sizeof(longest));
    assert_true(webpubsub_hub_ok((struct str){ longest, WEBPUBSUB_MAX_HUB_CHARS }));
    assert_false(webpubsub_hub_ok((struct str){ longest, WEBPUBSUB_MAX_HUB_CHARS + 1 }));
    for (int c = 0; c < 256; c++) {
        char text[2] = { 'a', (char)c };
        bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        bool want = alnum || c == '_';
        assert_int_equal(webpubsub_hub_ok((struct str){ text, 2 }), want);
    }
}

static const struct webpubsub_client somebody = { .user =
                                                      STR_INIT("w.AAAAAAAAAAAAAAAAAAAAAA") };

static void client_tokens_are_those_of_the_documents_byte_for_byte(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "client-tokens.tsv", 8); vectors_next(&v);) {
        struct arena mem;
        struct hmac_key *key = hmac_key_new(v.column[5]);
        struct webpubsub service = { .url = v.column[0], .hub = v.column[1], .key = key };
        struct webpubsub_client client = { .user = v.column[2] };
        struct str token;
        struct str want;
        uint64_t now;
        uint64_t life;
        arena_init(&mem, TEST_MEMORY);
        assert_that(key != NULL);
        assert_err(str_to_number(v.column[3], 0, INT64_MAX, &now), ERR_NONE);
        assert_err(str_to_number(v.column[4], 0, INT64_MAX, &life), ERR_NONE);
        assert_err(webpubsub_client_token(&service, &client, (int64_t)now, (int64_t)life, &mem,
                                          &token),
                   ERR_NONE);
        assert_err(jwt_mint(key, v.column[6], &mem, &want), ERR_NONE);
        assert_same(token, want);
        assert_same(token, v.column[7]);
        arena_free(&mem);
        hmac_key_free(key);
    }
}

static enum err token_within(struct arena *mem, void *context)
{
    struct str token;
    enum err e = webpubsub_client_token(context, &somebody, NOW, 3600, mem, &token);

    if (e == ERR_NONE)
        assert_true(str_starts(token, STR("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOj")));
    return e;
}

/* azure-docs socket-io-serverless-protocol.md; swagger: minutesToExpire, an integer from 1 */
static void the_service_is_asked_for_a_token_of_so_many_minutes(void **state)
{
    static const struct {
        int64_t seconds;
        const char *minutes;
    } lives[] = { { 60, "1" }, { 3600, "60" }, { 86400, "1440" } };
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };

    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        struct webpubsub_request request;
        struct arena mem;
        struct str want;
        arena_init(&mem, TEST_MEMORY);
        assert_err(
            webpubsub_generate_token(&service, &somebody, lives[i].seconds, &mem, &request),
            ERR_NONE);
        struct buf url = { .mem = &mem };
        buf_add_all(&url,
                    STR("https://abc/api/hubs/hub/:generateToken?api-version=2024-01-01"
                        "&userId=w.AAAAAAAAAAAAAAAAAAAAAA&minutesToExpire="),
                    str_from(lives[i].minutes));
        assert_err(buf_done(&url, &want), ERR_NONE);
        assert_same(request.url, want);
        assert_string_equal(request.method, "POST");
        assert_int_equal(request.body.len, 0);
        arena_free(&mem);
    }
}

static const struct str some_groups[] = { STR_INIT("x-control"), STR_INIT("a b&\"\xc3\xab") };

static const struct webpubsub_client with_roles = {
    .user = STR_INIT("Zo\xc3\xab \"&\""),
    .is_native = true,
    .sends_to = { some_groups, 2 },
    .joins = { some_groups, 1 },
};

static void a_token_is_asked_for_with_its_roles(void **state)
{
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    struct webpubsub_request request;
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_generate_token(&service, &with_roles, 60, &mem, &request), ERR_NONE);
    assert_str(request.url, "https://abc/api/hubs/hub/:generateToken?api-version=2024-01-01"
                            "&userId=Zo%C3%AB%20%22%26%22&minutesToExpire=1"
                            "&role=webpubsub.sendToGroup.x-control"
                            "&role=webpubsub.sendToGroup.a%20b%26%22%C3%AB"
                            "&role=webpubsub.joinLeaveGroup.x-control");
    arena_free(&mem);
}

static void a_user_of_any_name_is_encoded_in_the_address(void **state)
{
    struct webpubsub service = { .url = STR_INIT("https://abc"), .hub = STR_INIT("hub") };
    struct webpubsub_client client = { .user = STR_INIT("J\xc3\xb6rg & \"x\"/?#%+~.-_") };
    struct webpubsub_request request;
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_generate_token(&service, &client, 60, &mem, &request), ERR_NONE);
    assert_str(request.url, "https://abc/api/hubs/hub/:generateToken?api-version=2024-01-01"
                            "&userId=J%C3%B6rg%20%26%20%22x%22%2F%3F%23%25%2B~.-_"
                            "&minutesToExpire=1");
    arena_free(&mem);
}

static void a_token_has_names_and_roles_as_json(void **state)
{
    struct hmac_key *key = hmac_key_new(access_key);
    struct webpubsub service = service_of("https://abc", "hub", key);
    struct str token, want;
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(webpubsub_client_token(&service, &with_roles, 100, 60, &mem, &token), ERR_NONE);
    assert_err(jwt_mint(key,
                        STR("{\"iat\":100,\"exp\":160,\"aud\":\"https://abc/client/hubs/hub\","
                            "\"sub\":\"Zo\xc3\xab \\\"&\\\"\",\"role\":["
                            "\"webpubsub.sendToGroup.x-control\","
                            "\"webpubsub.sendToGroup.a b&\\\"\xc3\xab\","
                            "\"webpubsub.joinLeaveGroup.x-control\"]}"),
                        &mem, &want),
               ERR_NONE);
    assert_same(token, want);
    arena_free(&mem);
    hmac_key_free(key);
}

static enum err asking_within(struct arena *mem, void *context)
{
    struct webpubsub_request request;

    return webpubsub_generate_token(context, &with_roles, 3600, mem, &request);
}

static enum err endpoint_within(struct arena *mem, void *context)
{
    struct webpubsub_endpoint endpoint;
    const char *why;

    (void)context;
    return webpubsub_parse_endpoint(STR("http://localhost:8080"), mem, &endpoint, &why);
}

static void everything_is_whole_or_out_of_memory(void **state)
{
    struct hmac_key *key = hmac_key_new(access_key);
    struct webpubsub service = service_of("https://abc", "hub", key);

    (void)state;
    sweep(parse_within, NULL);
    sweep(endpoint_within, NULL);
    sweep(token_within, &service);
    sweep(asking_within, &service);
    hmac_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_of_any_name_is_encoded_in_the_address),
        cmocka_unit_test(connection_strings_are_read_as_the_sdk_reads_them),
        cmocka_unit_test(a_bad_connection_string_is_explained_without_its_values),
        cmocka_unit_test(every_prefix_of_a_connection_string_is_good_or_explained),
        cmocka_unit_test(an_endpoint_may_stand_alone),
        cmocka_unit_test(hubs_are_named_as_the_documents_say),
        cmocka_unit_test(client_tokens_are_those_of_the_documents_byte_for_byte),
        cmocka_unit_test(the_service_is_asked_for_a_token_of_so_many_minutes),
        cmocka_unit_test(a_token_is_asked_for_with_its_roles),
        cmocka_unit_test(a_token_has_names_and_roles_as_json),
        cmocka_unit_test(everything_is_whole_or_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
