#include "test.h"

#include "wire/http_date.h"

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
        cmocka_unit_test(a_date_of_any_month_is_read),
        cmocka_unit_test(the_example_of_the_rfc_is_read),
        cmocka_unit_test(what_is_no_date_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
