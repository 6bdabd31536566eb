#include "test.h"

#include "io/hosts.h"

#include <arpa/inet.h>

static void add(struct addresses *list, int family, const char *text)
{
    unsigned char bytes[16];

    assert_int_equal(inet_pton(family, text, bytes), 1);
    addresses_add(list, bytes, family == AF_INET ? 4 : 16);
}

/* Texts end with NULL. */
static struct addresses listed(int family, const char *const *texts)
{
    struct addresses list = { .count = 0 };

    for (; *texts; texts++)
        add(&list, family, *texts);
    return list;
}
#define V4(...) listed(AF_INET, (const char *const[]){ __VA_ARGS__, NULL })
#define V6(...) listed(AF_INET6, (const char *const[]){ __VA_ARGS__, NULL })

static const struct addresses none;

static void is_written(struct addresses v4, struct addresses v6, const char *want)
{
    char entry[ADDRESSES_ENTRY_CHARS];

    addresses_write(&v4, &v6, "abc.test", 443, entry);
    assert_string_equal(entry, want);
}

static void addresses_are_written_as_libcurl_reads_them(void **state)
{
    (void)state;
    is_written(V4("192.0.2.1"), none, "abc.test:443:192.0.2.1");
    is_written(V4("192.0.2.2", "192.0.2.1"), none, "abc.test:443:192.0.2.2,192.0.2.1");
    is_written(none, V6("::1"), "abc.test:443:[::1]");
    is_written(V4("192.0.2.1", "198.51.100.7"), V6("2001:db8::1", "::1"),
               "abc.test:443:192.0.2.1,198.51.100.7,[2001:db8::1],[::1]");
}

static void the_longest_entry_has_room(void **state)
{
    struct addresses v4 = { .count = 0 }, v6 = { .count = 0 };
    char host[ADDRESSES_HOST_CHARS + 1], entry[ADDRESSES_ENTRY_CHARS], text[64];

    (void)state;
    memset(host, 'h', ADDRESSES_HOST_CHARS);
    host[ADDRESSES_HOST_CHARS] = '\0';
    for (int i = 0; i < ADDRESSES_MAX; i++) {
        (void)snprintf(text, sizeof(text), "255.255.255.%d", 200 + i);
        add(&v4, AF_INET, text);
        (void)snprintf(text, sizeof(text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff%d", i);
        add(&v6, AF_INET6, text);
    }
    addresses_write(&v4, &v6, host, 65535, entry);
    assert_true(str_ends(str_from(entry), STR(":ffff:ffff:fff7]")));
    assert_true(strlen(entry) < ADDRESSES_ENTRY_CHARS);
}

static void what_is_too_much_or_there_already_is_left_out(void **state)
{
    struct addresses list = V4("192.0.2.1", "192.0.2.1");
    char text[64];

    (void)state;
    assert_int_equal(list.count, 1);
    for (int i = 0; i < 2 * ADDRESSES_MAX; i++) {
        (void)snprintf(text, sizeof(text), "192.0.2.%d", i);
        add(&list, AF_INET, text);
    }
    assert_int_equal(list.count, ADDRESSES_MAX);
}

static void another_order_is_no_news(void **state)
{
    struct addresses a = V4("192.0.2.1", "192.0.2.2"), b = V4("192.0.2.2", "192.0.2.1");
    struct addresses fewer = V4("192.0.2.1"), other = V4("192.0.2.1", "192.0.2.3");

    (void)state;
    assert_true(addresses_are_same(&a, &b));
    assert_true(addresses_are_same(&none, &none));
    assert_false(addresses_are_same(&a, &fewer));
    assert_false(addresses_are_same(&fewer, &a));
    assert_false(addresses_are_same(&a, &other));
}

static void an_answer_serves_for_a_second_at_least_and_five_minutes_at_most(void **state)
{
    static const struct {
        int64_t ttl_seconds, want_ms;
    } lives[] = { { INT32_MIN, 1000 }, { -1, 1000 },    { 0, 1000 },
                  { 1, 1000 },         { 2, 2000 },     { 60, 60000 },
                  { 300, 300000 },     { 301, 300000 }, { INT32_MAX, 300000 } };

    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++)
        assert_int_equal(addresses_life_ms(lives[i].ttl_seconds), lives[i].want_ms);
}

static void an_address_is_no_name(void **state)
{
    static const char *const literals[] = { "127.0.0.1", "255.255.255.255", "::1", "[::1]",
                                            "2001:db8::7" };
    static const char *const names[] = { "localhost",      "abc.test",  "1.2.3", "1.2.3.4.5",
                                         "127.0.0.1.test", "256.1.1.1", "" };

    (void)state;
    for (size_t i = 0; i < COUNT(literals); i++)
        assert_true(addresses_is_literal(literals[i]));
    for (size_t i = 0; i < COUNT(names); i++)
        assert_false(addresses_is_literal(names[i]));
}

static const struct {
    const char *list;
    const char *host;
    bool is_spared;
} spared[] = {
    { NULL, "abc.example.com", false },
    { "", "abc.example.com", false },
    { "*", "abc.example.com", true },
    { "example.com", "example.com", true },
    { "example.com", "abc.example.com", true },
    { ".example.com", "abc.example.com", true },
    { ".example.com", "example.com", true },
    { "example.com", "notexample.com", false },
    { "example.com", "example.com.evil.test", false },
    { "abc.example.com", "example.com", false },
    { "EXAMPLE.com", "abc.example.COM", true },
    { "example.com.", "abc.example.com", true },
    { "example.com", "abc.example.com.", true },
    { "other.test,example.com", "example.com", true },
    { "other.test, example.com", "example.com", true },
    { "other.test example.com", "example.com", true },
    { ",, ,example.com,", "example.com", true },
    { "other.test,*", "example.com", false },
    { ".", "example.com", false },
    { "..", "example.com", false },
    { "127.0.0.1", "127.0.0.1", true },
    { "127.0.0.0/8", "127.0.0.1", false },
};

static void hosts_are_spared_the_proxy_as_libcurl_spares_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spared); i++) {
        (void)snprintf(test_place, sizeof(test_place), "no_proxy=%s, host %s",
                       spared[i].list ? spared[i].list : "(unset)", spared[i].host);
        assert_that(http_proxy_spares(spared[i].list, str_from(spared[i].host)) ==
                    spared[i].is_spared);
    }
    test_place[0] = '\0';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_as_libcurl_reads_them),
        cmocka_unit_test(the_longest_entry_has_room),
        cmocka_unit_test(what_is_too_much_or_there_already_is_left_out),
        cmocka_unit_test(another_order_is_no_news),
        cmocka_unit_test(an_answer_serves_for_a_second_at_least_and_five_minutes_at_most),
        cmocka_unit_test(an_address_is_no_name),
        cmocka_unit_test(hosts_are_spared_the_proxy_as_libcurl_spares_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
