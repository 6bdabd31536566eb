#include "test.h"

#include "io/http_proxy.h"

static const struct {
    const char *list;
    const char *host;
    bool is_spared;
} cases[] = {
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
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)snprintf(test_place, sizeof(test_place), "no_proxy=%s, host %s",
                       cases[i].list ? cases[i].list : "(unset)", cases[i].host);
        assert_that(http_proxy_spares(cases[i].list, str_from(cases[i].host)) ==
                    cases[i].is_spared);
    }
    test_place[0] = '\0';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_spared_the_proxy_as_libcurl_spares_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
