#include "test.h"

#include "wire/http.h"

static const char *complaint_about(const char *name, struct str value, bool is_http_1_0)
{
    struct str copy = exact(value);
    const struct header headers[] = { { STR("Host"), STR("x") }, { str_from(name), copy } };
    const struct http_head head = { STR("GET"), STR("/"), is_http_1_0, headers,
                                    COUNT(headers) };
    struct http_meaning meaning;
    const char *why = http_head_complaint(&head, &meaning);

    exact_free(copy);
    return why;
}

/* At every place of values of every length: some of them are read eight bytes at a time. */
static void a_control_character_is_found_wherever_it_stands(void **state)
{
    char text[40];

    (void)state;
    for (size_t len = 0; len <= sizeof(text); len++) {
        memset(text, 'a', sizeof(text));
        assert_null(complaint_about("X", (struct str){ text, len }, false));
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                bool is_bad = (c < ' ' && c != '\t') || c == 0x7f;
                memset(text, at % 2 ? '\t' : '\xff', sizeof(text));
                text[at] = (char)c;
                assert_int_equal(complaint_about("X", (struct str){ text, len }, false) != NULL,
                                 is_bad);
            }
        }
    }
}

static void the_end_of_a_body_is_told_in_one_way(void **state)
{
    const struct header both[] = { { STR("host"), STR("x") },
                                   { STR("content-length"), STR("5") } };
    struct http_head head = { STR("POST"), STR("/a"), false, both, COUNT(both) };
    struct http_meaning meaning;

    (void)state;
    assert_null(http_head_complaint(&head, &meaning));
    assert_same(meaning.path, STR("/a"));
    assert_same(meaning.length, STR("5"));
    assert_false(meaning.is_chunked);
    head.header_count = 1;
    assert_null(http_head_complaint(&head, &meaning));
    assert_null(meaning.length.ptr);
    head.header_count = 0;
    assert_non_null(http_head_complaint(&head, &meaning));
    head.is_http_1_0 = true;
    assert_null(http_head_complaint(&head, &meaning));

    assert_null(complaint_about("Transfer-Encoding", STR("Chunked"), false));
    assert_non_null(complaint_about("Transfer-Encoding", STR("chunked"), true));
    assert_non_null(complaint_about("Transfer-Encoding", STR("gzip, chunked"), false));
    assert_non_null(complaint_about("Host", STR("x"), false));
    assert_non_null(complaint_about("", STR("x"), false));
    assert_non_null(complaint_about("X ", STR("x"), false));
}

static bool is_host(const char *host)
{
    struct str copy = exact(str_from(host));
    const struct header headers[] = { { STR("Host"), copy } };
    const struct http_head head = { STR("GET"), STR("/"), false, headers, COUNT(headers) };
    struct http_meaning meaning;
    bool is_one = !http_head_complaint(&head, &meaning);

    exact_free(copy);
    return is_one;
}

static void a_host_is_a_name_or_an_address_and_perhaps_a_port(void **state)
{
    static const char *const hosts[] = { "",   "x",     "a-b.c_d.1", "x:80",
                                         "x:", "[::1]", "[::1]:80",  "[::ffff:127.0.0.1]" };
    static const char *const others[] = {
        ":",   ":80", "x:y",   "x:1:2",    "::1",     "[",      "[]",    "[]:80", "[::1",
        "]",   "x]",  "[x-y]", "[::1]x",   "[::1]80", "x[::1]", "x/y",   "x@y",   "x,y",
        "x y", "x ",  "x%00",  "\xc2\xa0", "x~1",     "[:]",    "[a.b]", "[1:2]", "[::1]:80:"
    };

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++)
        assert_true(is_host(hosts[i]));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(is_host(others[i]));
}

static void a_target_is_a_path_or_a_url(void **state)
{
    static const struct {
        const char *target, *path; /* NULL: refused */
    } cases[] = {
        { "/", "/" },
        { "/a?b=%2F%", "/a?b=%2F%" },
        { "*", "*" },
        { "http://x", "/" },
        { "http://x?a", "?a" },
        { "HTTPS://x:1/a", "/a" },
        { "http://[::1]:1/a", "/a" },
        { "", NULL },
        { "a", NULL },
        { "http://", NULL },
        { "http:///a", NULL },
        { "http://u@x/", NULL },
        { "http://:/", NULL },
        { "http://:80/", NULL },
        { "http://x%00/", NULL },
        { "/%00", NULL },
        { "/?%00", NULL },
        { "/%2f", NULL },
        { "/%2F", NULL },
        { "/%", NULL },
        { "/%a", NULL },
        { "/%zz", NULL },
        { "/#", NULL },
        { "/ ", NULL },
        { "/\t", NULL },
        { "/\x7f", NULL },
        { "/\xc3\xa4", NULL },
        { "//x", "//x" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str target = exact(str_from(cases[i].target));
        assert_int_equal(http_target_complaint(target) == NULL, cases[i].path != NULL);
        if (cases[i].path)
            assert_same(http_target_path(target), str_from(cases[i].path));
        exact_free(target);
    }
}

/* 2026-01-15T10:00:01Z */
#define A_MOMENT 1768471201

static void a_date_of_any_month_is_read(void **state)
{
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    static const unsigned days_before[] = { 0,   31,  59,  90,  120, 151,
                                            181, 212, 243, 273, 304, 334 };
    char date[64];
    int64_t moment;

    (void)state;
    for (size_t i = 0; i < COUNT(months); i++) {
        (void)snprintf(date, sizeof(date), "Thu, 15 %s 2026 10:00:01 GMT", months[i]);
        assert_that(http_date_read(str_from(date), &moment));
        assert_int_equal(moment, A_MOMENT + (int64_t)days_before[i] * 86400);
    }
}

static void the_example_of_the_rfc_is_read(void **state)
{
    int64_t moment;

    (void)state;
    assert_that(http_date_read(STR("Sun, 06 Nov 1994 08:49:37 GMT"), &moment));
    assert_int_equal(moment, 784111777);
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const others[] = {
        "",
        "Thursday, 15-Jan-26 10:00:03 GMT",
        "Thu Jan 15 10:00:03 2026",
        "Thu, 15 Jan 2026 10:00:03 CET",
        "Thu, 15 Jam 2026 10:00:03 GMT",
        "Thu, 32 Jan 2026 10:00:03 GMT",
        "Thu, 15 Jan 2026 24:00:03 GMT",
        "Thu, 15 Jan 2026 10:60:03 GMT",
        "Thu, 15 Jan 2026 10:00:61 GMT",
        "Thu, 15 Jan x026 10:00:03 GMT",
        "Thu, 15 Jan 2026 10:00:03 GMT ...",
    };
    int64_t moment;

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct str copy = exact(str_from(others[i]));
        assert_that(!http_date_read(copy, &moment));
        exact_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_character_is_found_wherever_it_stands),
        cmocka_unit_test(the_end_of_a_body_is_told_in_one_way),
        cmocka_unit_test(a_host_is_a_name_or_an_address_and_perhaps_a_port),
        cmocka_unit_test(a_target_is_a_path_or_a_url),
        cmocka_unit_test(a_date_of_any_month_is_read),
        cmocka_unit_test(the_example_of_the_rfc_is_read),
        cmocka_unit_test(what_is_no_date_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
