#include "test.h"

#include "azure/cloudevents.h"

/* A delivery as the service makes it, in the order and spelling of its documents. */
static const struct header delivery[] = {
    { STR_INIT("Host"), STR_INIT("127.0.0.1:7071") },
    { STR_INIT("WebHook-Request-Origin"), STR_INIT("abc.webpubsub.azure.com") },
    { STR_INIT("Content-Type"), STR_INIT("text/plain") },
    { STR_INIT("ce-specversion"), STR_INIT("1.0") },
    { STR_INIT("ce-awpsversion"), STR_INIT("1.0") },
    { STR_INIT("ce-type"), STR_INIT("azure.webpubsub.user.message") },
    { STR_INIT("ce-source"), STR_INIT("/hubs/codestream/client/0f9c97a2f0bf4706") },
    { STR_INIT("ce-id"), STR_INIT("1") },
    { STR_INIT("ce-time"), STR_INIT("2021-01-01T00:00:00Z") },
    { STR_INIT("ce-signature"), STR_INIT("sha256=00,sha256=11") },
    { STR_INIT("ce-connectionId"), STR_INIT("0f9c97a2f0bf4706") },
    { STR_INIT("ce-hub"), STR_INIT("codestream") },
    { STR_INIT("ce-eventName"), STR_INIT("sendToRoom") },
    { STR_INIT("ce-namespace"), STR_INIT("/") },
    { STR_INIT("ce-socketId"), STR_INIT("s0cket") },
    { STR_INIT("ce-userId"), STR_INIT("w.AAAAAAAAAAAAAAAAAAAAAA") },
};

static const char *const required[] = { "ce-type",      "ce-hub",       "ce-connectionId",
                                        "ce-eventName", "ce-namespace", "ce-socketId" };

/* What is made for an event lives until the next one is parsed. */
static enum err parse(const struct header *headers, size_t count, struct cloudevent *event,
                      const char **why)
{
    static struct arena mem;

    arena_free(&mem);
    arena_init(&mem, TEST_MEMORY);
    return cloudevent_parse(headers, count, &mem, event, why);
}

static void a_delivery_is_views_of_its_headers(void **state)
{
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    assert_err(parse(delivery, COUNT(delivery), &event, &why), ERR_NONE);
    assert_int_equal(event.kind, CLOUDEVENT_MESSAGE);
    assert_str(event.hub, "codestream");
    assert_str(event.connection_id, "0f9c97a2f0bf4706");
    assert_str(event.socket_id, "s0cket");
    assert_str(event.nsp, "/");
    assert_str(event.name, "sendToRoom");
    assert_str(event.user_id, "w.AAAAAAAAAAAAAAAAAAAAAA");
    assert_str(event.content_type, "text/plain");
    assert_true(is_within(event.hub, delivery[11].value));
    assert_str(event.signatures, "sha256=00,sha256=11");
    assert_true(is_within(event.user_id, delivery[15].value));
    assert_true(is_within(event.signatures, delivery[9].value));
}

/* The payload has the namespace of a client's event, which its header only has to spell. */
static void a_user_and_the_namespace_of_a_system_event_are_decoded(void **state)
{
    struct header headers[COUNT(delivery)];
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    memcpy(headers, delivery, sizeof(headers));
    headers[13].value = STR("/%C3%B6");
    headers[15].value = STR("J%C3%B6rg%77");
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
    assert_str(event.nsp, "/%C3%B6");
    assert_str(event.user_id, "J\xc3\xb6rg%77");
    headers[5].value = STR("azure.webpubsub.sys.connected");
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
    assert_str(event.nsp, "/\xc3\xb6");
}

static enum err parse_within(struct arena *mem, void *context)
{
    static const struct header more[] = { { STR_INIT("ce-signature"), STR_INIT("sha256=22") },
                                          { STR_INIT("ce-userId"), STR_INIT("J%C3%B6rg") } };
    struct header headers[COUNT(delivery) + 1];
    struct cloudevent event;
    const char *why = NULL;
    enum err e;

    (void)context;
    memcpy(headers, delivery, sizeof(delivery));
    memcpy(headers + COUNT(delivery) - 1, more, sizeof(more));
    e = cloudevent_parse(headers, COUNT(headers), mem, &event, &why);
    assert_null(why);
    if (!e) {
        assert_str(event.signatures, "sha256=00,sha256=11,sha256=22");
        assert_str(event.user_id, "J\xc3\xb6rg");
    }
    return e;
}

static void an_event_is_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(parse_within, NULL);
}

static void blanks_at_the_ends_are_no_part_of_a_value(void **state)
{
    struct header headers[COUNT(delivery)];
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    memcpy(headers, delivery, sizeof(headers));
    headers[13].value = STR(" \t/a b \t");
    headers[15].value = STR("w.%20 ");
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
    assert_str(event.nsp, "/a b");
    assert_str(event.user_id, "w. ");
    headers[13].value = STR(" \t ");
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_SYNTAX);
    assert_string_equal(why, "ce-namespace");
}

static void headers_come_in_any_order(void **state)
{
    (void)state;
    for (size_t first = 0; first < COUNT(delivery); first++) {
        struct header headers[COUNT(delivery)];
        struct cloudevent event;
        const char *why = NULL;
        for (size_t i = 0; i < COUNT(delivery); i++)
            headers[i] = delivery[(first + i) % COUNT(delivery)];
        assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
        assert_int_equal(event.kind, CLOUDEVENT_MESSAGE);
        assert_str(event.hub, "codestream");
        assert_str(event.socket_id, "s0cket");
        assert_str(event.user_id, "w.AAAAAAAAAAAAAAAAAAAAAA");
        assert_str(event.content_type, "text/plain");
    }
}

static void header_names_come_in_any_case(void **state)
{
    (void)state;
    for (int upper = 0; upper < 2; upper++) {
        struct header headers[COUNT(delivery)];
        char names[COUNT(delivery)][32];
        struct cloudevent event;
        const char *why = NULL;
        for (size_t i = 0; i < COUNT(delivery); i++) {
            headers[i] = delivery[i];
            headers[i].name.ptr = names[i];
            for (size_t j = 0; j < delivery[i].name.len; j++) {
                char c = delivery[i].name.ptr[j];
                if (upper && c >= 'a' && c <= 'z')
                    c = (char)(c - 'a' + 'A');
                if (!upper && c >= 'A' && c <= 'Z')
                    c = (char)(c - 'A' + 'a');
                names[i][j] = c;
            }
        }
        assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
        assert_str(event.socket_id, "s0cket");
        assert_str(event.name, "sendToRoom");
        assert_str(event.content_type, "text/plain");
    }
}

/* The delivery with one header's value replaced; without a value the header is left out. */
static enum err parse_with(const char *name, const char *value, struct cloudevent *event,
                           const char **why)
{
    struct header headers[COUNT(delivery)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(delivery); i++) {
        headers[count] = delivery[i];
        if (!str_equal(delivery[i].name, str_from(name)))
            count++;
        else if (value)
            headers[count++].value = str_from(value);
    }
    assert_int_equal(count, COUNT(delivery) - (value ? 0 : 1));
    return parse(headers, count, event, why);
}

static void a_missing_or_empty_header_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(required); i++) {
        for (int empty = 0; empty < 2; empty++) {
            struct cloudevent event;
            const char *why = NULL;
            if (empty && strcmp(required[i], "ce-eventName") == 0)
                continue;
            assert_err(parse_with(required[i], empty ? "" : NULL, &event, &why), ERR_SYNTAX);
            assert_non_null(why);
            assert_non_null(strcasestr(why, required[i]));
        }
    }
}

/* A client may emit an event without a name; the service tells of none like that. */
static void only_the_name_of_a_clients_event_may_be_empty(void **state)
{
    struct header headers[] = {
        { STR_INIT("ce-type"), STR_INIT("azure.webpubsub.user.message") },
        { STR_INIT("ce-hub"), STR_INIT("codestream") },
        { STR_INIT("ce-connectionId"), STR_INIT("c") },
        { STR_INIT("ce-socketId"), STR_INIT("s") },
        { STR_INIT("ce-namespace"), STR_INIT("/") },
        { STR_INIT("ce-eventName"), STR_INIT("") },
    };
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
    assert_true(cloudevent_spells(event.name, STR("")));
    headers[0].value = STR("azure.webpubsub.sys.connect");
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_SYNTAX);
    assert_string_equal(why, "ce-eventName");
}

/* A hub that has an event handler tells it of native clients too. */
static void an_event_without_socket_and_namespace_is_a_native_client(void **state)
{
    struct header headers[] = {
        { STR_INIT("ce-type"), STR_INIT("azure.webpubsub.sys.connect") },
        { STR_INIT("ce-hub"), STR_INIT("codestream") },
        { STR_INIT("ce-connectionId"), STR_INIT("c") },
        { STR_INIT("ce-eventName"), STR_INIT("connect") },
        { STR_INIT("ce-userId"), STR_INIT("v.x") },
        { STR_INIT("ce-namespace"), STR_INIT("/") },
    };
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    assert_err(parse(headers, 5, &event, &why), ERR_NONE);
    assert_true(event.is_native);
    assert_err(parse(headers, 6, &event, &why), ERR_SYNTAX);
    assert_string_equal(why, "ce-socketId");
    headers[0].value = STR("azure.webpubsub.user.message");
    assert_err(parse(headers, 5, &event, &why), ERR_NONE);
    assert_true(event.is_native);
    assert_err(parse(headers, 6, &event, &why), ERR_SYNTAX);
}

static void no_headers_are_no_event(void **state)
{
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    assert_err(parse(NULL, 0, &event, &why), ERR_SYNTAX);
    assert_non_null(why);
}

static void a_header_that_occurs_twice_is_named(void **state)
{
    static const char *const others[] = { "ce-userId", "Content-Type" };

    (void)state;
    for (size_t i = 0; i < COUNT(required) + COUNT(others); i++) {
        const char *name = i < COUNT(required) ? required[i] : others[i - COUNT(required)];
        for (int lower = 0; lower < 2; lower++) {
            struct header headers[COUNT(delivery) + 1];
            struct cloudevent event;
            const char *why = NULL;
            char again[32];
            struct header *last = &headers[COUNT(delivery)];
            memcpy(headers, delivery, sizeof(delivery));
            for (size_t j = 0; j < COUNT(delivery); j++) {
                if (str_equal(delivery[j].name, str_from(name)))
                    *last = delivery[j];
            }
            for (size_t j = 0; lower && j < last->name.len; j++)
                again[j] = (char)(last->name.ptr[j] | 0x20); /* '-' has that bit already */
            if (lower)
                last->name.ptr = again;
            assert_err(parse(headers, COUNT(headers), &event, &why), ERR_SYNTAX);
            assert_non_null(why);
            assert_non_null(strcasestr(why, name));
        }
    }
}

static void the_type_alone_tells_the_kind(void **state)
{
    static const struct {
        const char *type;
        const char *name;
        enum cloudevent_kind kind;
    } cases[] = {
        { "azure.webpubsub.sys.connect", "connect", CLOUDEVENT_CONNECT },
        { "azure.webpubsub.sys.connected", "connected", CLOUDEVENT_CONNECTED },
        { "azure.webpubsub.sys.disconnected", "disconnected", CLOUDEVENT_DISCONNECTED },
        { "azure.webpubsub.user.message", "sendToRoom", CLOUDEVENT_MESSAGE },
        /* another spelling that is in the field */
        { "azure.webpubsub.user.sendToRoom", "sendToRoom", CLOUDEVENT_MESSAGE },
        /* a client may call its events as it likes */
        { "azure.webpubsub.user.message", "connect", CLOUDEVENT_MESSAGE },
        { "azure.webpubsub.user.message", "connected", CLOUDEVENT_MESSAGE },
        { "azure.webpubsub.user.message", "disconnected", CLOUDEVENT_MESSAGE },
        { "azure.webpubsub.user.connected", "connected", CLOUDEVENT_MESSAGE },
        { "azure.webpubsub.sys.connected", "disconnected", CLOUDEVENT_CONNECTED },
        { "Azure.WebPubSub.Sys.connect", "connect", CLOUDEVENT_CONNECT },
        /* the shared .NET library knows more of them already */
        { "azure.webpubsub.sys.joined", "joined", CLOUDEVENT_OTHER_SYSTEM },
        { "azure.webpubsub.sys.connect2", "connect2", CLOUDEVENT_OTHER_SYSTEM },
        { "azure.webpubsub.sys.", "connect", CLOUDEVENT_OTHER_SYSTEM },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct header headers[COUNT(delivery)];
        struct cloudevent event;
        const char *why = NULL;
        memcpy(headers, delivery, sizeof(delivery));
        headers[5].value = str_from(cases[i].type);
        headers[12].value = str_from(cases[i].name);
        assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
        assert_int_equal(event.kind, cases[i].kind);
        assert_same(event.name, str_from(cases[i].name));
    }
}

static void what_may_be_missing_is_empty(void **state)
{
    static const char *const optional[] = { "ce-userId",      "ce-signature",
                                            "Content-Type",   "WebHook-Request-Origin",
                                            "ce-specversion", "ce-awpsversion",
                                            "ce-source",      "ce-id",
                                            "ce-time" };

    (void)state;
    for (size_t i = 0; i < COUNT(optional); i++) {
        struct cloudevent event;
        const char *why = NULL;
        memset(&event, 0xee, sizeof(event));
        assert_err(parse_with(optional[i], NULL, &event, &why), ERR_NONE);
        assert_int_equal(event.user_id.len == 0, i == 0);
        assert_int_equal(event.content_type.len == 0, i == 2);
        assert_str(event.socket_id, "s0cket");
    }
    struct cloudevent event;
    const char *why = NULL;
    assert_err(parse_with("ce-userId", "", &event, &why), ERR_NONE);
    assert_int_equal(event.user_id.len, 0);
}

static void names_that_only_look_like_ours_are_passed_over(void **state)
{
    struct header headers[COUNT(delivery) + 3];
    struct cloudevent event;
    const char *why = NULL;

    (void)state;
    memcpy(headers, delivery, sizeof(delivery));
    headers[COUNT(delivery)] = (struct header){ STR_INIT("x-ce-hub"), STR_INIT("other") };
    headers[COUNT(delivery) + 1] = (struct header){ STR_INIT("ce-hubs"), STR_INIT("other") };
    headers[COUNT(delivery) + 2] = (struct header){ STR_INIT("ce-hu"), STR_INIT("other") };
    assert_err(parse(headers, COUNT(headers), &event, &why), ERR_NONE);
    assert_str(event.hub, "codestream");
}

static void a_name_agrees_raw_or_decoded_once(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "event-names.tsv", 3); vectors_next(&v);) {
        struct str header = exact(v.column[0]);
        struct str name = exact(v.column[1]);
        bool same = str_equal(v.column[2], STR("same"));
        assert_that(same || str_equal(v.column[2], STR("other")));
        assert_that(cloudevent_spells(header, name) == same);
        exact_free(name);
        exact_free(header);
    }
}

static void a_text_is_decoded_where_it_has_to_be_encoded(void **state)
{
    static const struct {
        const char *header, *text;
    } cases[] = {
        { "", "" },
        { "w.AAAAAAAAAAAAAAAAAAAAAA", "w.AAAAAAAAAAAAAAAAAAAAAA" },
        { "J%C3%B6rg", "J\xc3\xb6rg" },
        { "J\xc3\xb6rg", "J\xc3\xb6rg" },
        { "/n%c3%a4", "/n\xc3\xa4" },
        { "a%20b", "a b" },
        { "%22x%22", "\"x\"" },
        { "100%25", "100%" },
        { "100%", "100%" },
        { "%2541", "%41" },
        { "%1F%7F", "\x1f\x7f" },
        { "%77.AAAA", "%77.AAAA" },
        { "w%2EAAAA", "w%2EAAAA" },
        { "%2F", "%2F" },
        { "%", "%" },
        { "%c", "%c" },
        { "%zz", "%zz" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str header = exact(str_from(cases[i].header));
        struct arena mem;
        struct str text;
        arena_init(&mem, TEST_MEMORY);
        assert_err(cloudevent_text(header, &mem, &text), ERR_NONE);
        assert_same(text, str_from(cases[i].text));
        arena_free(&mem);
        exact_free(header);
    }
}

static enum err decode(struct arena *mem, void *context)
{
    struct str text;
    enum err e = cloudevent_text(STR("J%C3%B6rg"), mem, &text);

    (void)context;
    if (!e)
        assert_str(text, "J\xc3\xb6rg");
    return e;
}

static enum err join_lines(struct arena *mem, void *context)
{
    static const struct header lines[] = {
        { STR_INIT("ce-signature"), STR_INIT("sha256=00") },
        { STR_INIT("ce-signatures"), STR_INIT("sha256=11") },
        { STR_INIT("CE-Signature"), STR_INIT("") },
        { STR_INIT("ce-SIGNATURE"), STR_INIT("sha256=22, sha256=33") },
    };
    struct str list;
    enum err e = cloudevent_list(lines, COUNT(lines), STR("ce-signature"), mem, &list);

    (void)context;
    if (!e)
        assert_str(list, "sha256=00,,sha256=22, sha256=33");
    return e;
}

static void the_lines_of_a_list_are_one_list(void **state)
{
    struct arena none;
    struct str list;

    (void)state;
    arena_init(&none, 0);
    assert_err(cloudevent_list(delivery, COUNT(delivery), STR("CE-signature"), &none, &list),
               ERR_NONE);
    assert_true(is_within(list, delivery[9].value));
    assert_err(cloudevent_list(delivery, 9, STR("CE-signature"), &none, &list), ERR_NONE);
    assert_int_equal(list.len, 0);
    assert_null(list.ptr);
}

static void a_text_and_a_list_are_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(decode, NULL);
    sweep(join_lines, NULL);
}

static void the_first_origin_that_is_allowed_is_told_as_it_was_spelt(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "origins.tsv", 4); vectors_next(&v);) {
        struct str asked = exact(v.column[0]);
        struct str allowed[] = { exact(v.column[1]), exact(v.column[2]) };
        struct str got =
            cloudevent_allowed_origin(asked, (struct str_list){ allowed, COUNT(allowed) });
        if (v.column[3].len == 0) {
            assert_that(!got.ptr);
        } else {
            assert_same(got, v.column[3]);
            assert_that(is_within(got, asked));
        }
        exact_free(allowed[1]);
        exact_free(allowed[0]);
        exact_free(asked);
    }
}

static void a_list_of_origins_has_nothing_else_in_it(void **state)
{
    static const char *const good[] = {
        "",
        " , ",
        "a",
        "a.example",
        "A.example,b_c-d",
        "a b,c",
        "https://a",
        "HTTP://a:1/",
        "a:65535",
        "https://a.example/ , b:8080",
        "[::1]",
        "http://[::1]:8080",
    };
    static const char *const bad[] = {
        "*",       "https://",    "a:",
        "a:0",     "a:65536",     "a:x",
        "a/b",     "https://a/b", "ftp://a",
        "https:a", "//a",         "a?b",
        "a#b",     "u@a",         "a;b",
        "a,*",     "a\tb",        "\xc3\xa4",
        "a%20b",   "https://a//", "https://https://a",
        "[::1",    "[]",          "[::1]x",
        "::1",     "[a[]",        "[::1]:",
        "[:]",     "a~1",         "https://[1:2]",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!cloudevent_origins_ok(str_from(good[i])))
            fail_msg("refused: %s", good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (cloudevent_origins_ok(str_from(bad[i])))
            fail_msg("taken: %s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_is_views_of_its_headers),
        cmocka_unit_test(a_user_and_the_namespace_of_a_system_event_are_decoded),
        cmocka_unit_test(an_event_is_whole_or_out_of_memory),
        cmocka_unit_test(blanks_at_the_ends_are_no_part_of_a_value),
        cmocka_unit_test(headers_come_in_any_order),
        cmocka_unit_test(header_names_come_in_any_case),
        cmocka_unit_test(a_missing_or_empty_header_is_named),
        cmocka_unit_test(only_the_name_of_a_clients_event_may_be_empty),
        cmocka_unit_test(an_event_without_socket_and_namespace_is_a_native_client),
        cmocka_unit_test(no_headers_are_no_event),
        cmocka_unit_test(a_header_that_occurs_twice_is_named),
        cmocka_unit_test(the_type_alone_tells_the_kind),
        cmocka_unit_test(what_may_be_missing_is_empty),
        cmocka_unit_test(names_that_only_look_like_ours_are_passed_over),
        cmocka_unit_test(a_name_agrees_raw_or_decoded_once),
        cmocka_unit_test(a_text_is_decoded_where_it_has_to_be_encoded),
        cmocka_unit_test(the_lines_of_a_list_are_one_list),
        cmocka_unit_test(a_text_and_a_list_are_whole_or_out_of_memory),
        cmocka_unit_test(the_first_origin_that_is_allowed_is_told_as_it_was_spelt),
        cmocka_unit_test(a_list_of_origins_has_nothing_else_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
