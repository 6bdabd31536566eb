#include "test.h"

#include "azure/rest.h"

/* 2026-01-15T10:00:00Z, and the same moment as HTTP spells it. */
#define NOW_UNIX 1768471200

static const struct retry_attempt refused = {
    .status = 503, .tries = 1, .left_ms = 8000, .now_unix = NOW_UNIX
};

static int64_t wait_with(struct str retry_after)
{
    struct retry_attempt attempt = refused;

    attempt.status = 429;
    attempt.retry_after = retry_after;
    return retry_wait_ms(&attempt);
}

/* The pause that comes on top of what was asked for. */
static bool is_about(int64_t wait_ms, int64_t want_ms)
{
    return wait_ms >= want_ms + RETRY_FIRST_MS / 2 && wait_ms <= want_ms + RETRY_FIRST_MS;
}

static void what_may_pass_is_tried_again(void **state)
{
    static const unsigned passing[] = { 0, 408, 429, 500, 502, 503, 504, 599 };
    static const unsigned lasting[] = { 200, 302, 400, 401, 403, 404, 409, 413, 501, 505, 600 };
    struct retry_attempt attempt = refused;

    (void)state;
    for (size_t i = 0; i < COUNT(passing); i++) {
        attempt.status = passing[i];
        assert_that(is_about(retry_wait_ms(&attempt), 0));
    }
    for (size_t i = 0; i < COUNT(lasting); i++) {
        attempt.status = lasting[i];
        assert_int_equal(retry_wait_ms(&attempt), RETRY_NEVER);
    }
}

static void pauses_double_up_to_the_longest(void **state)
{
    struct retry_attempt attempt = refused;
    int64_t pause = RETRY_FIRST_MS;

    (void)state;
    for (attempt.tries = 1; attempt.tries < RETRY_MAX_TRIES; attempt.tries++) {
        attempt.jitter = 0;
        assert_int_equal(retry_wait_ms(&attempt), pause / 2);
        attempt.jitter = (uint32_t)(pause / 2);
        assert_int_equal(retry_wait_ms(&attempt), pause);
        pause = pause * 2 < RETRY_LONGEST_MS ? pause * 2 : RETRY_LONGEST_MS;
    }
}

static void any_chance_gives_a_pause_within_its_bounds(void **state)
{
    struct retry_attempt attempt = refused;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        attempt.jitter = i * 4294967u;
        assert_that(is_about(retry_wait_ms(&attempt), 0));
    }
    attempt.jitter = UINT32_MAX;
    assert_that(is_about(retry_wait_ms(&attempt), 0));
}

static void tries_are_counted(void **state)
{
    struct retry_attempt attempt = refused;

    (void)state;
    attempt.tries = RETRY_MAX_TRIES;
    assert_int_equal(retry_wait_ms(&attempt), RETRY_NEVER);
    attempt.tries = UINT32_MAX;
    assert_int_equal(retry_wait_ms(&attempt), RETRY_NEVER);
}

static void no_try_begins_too_late(void **state)
{
    struct retry_attempt attempt = refused;

    (void)state;
    attempt.left_ms = RETRY_FIRST_MS / 2 + RETRY_LEAST_MS;
    assert_int_equal(retry_wait_ms(&attempt), RETRY_FIRST_MS / 2);
    attempt.left_ms--;
    assert_int_equal(retry_wait_ms(&attempt), RETRY_NEVER);
    attempt.left_ms = -5;
    assert_int_equal(retry_wait_ms(&attempt), RETRY_NEVER);
}

static void the_service_says_when(void **state)
{
    (void)state;
    assert_that(is_about(wait_with(STR("2")), 2000));
    assert_that(is_about(wait_with(STR(" 2 ")), 2000));
    assert_that(is_about(wait_with(STR("0")), 0));
    assert_that(is_about(wait_with(STR("Thu, 15 Jan 2026 10:00:03 GMT")), 3000));
    assert_that(is_about(wait_with(STR("Thu, 15 Jan 2026 09:59:59 GMT")), 0));
}

static void what_the_service_asks_for_and_does_not_fit_ends_at_once(void **state)
{
    (void)state;
    assert_int_equal(wait_with(STR("8")), RETRY_NEVER);
    assert_int_equal(wait_with(STR("3600")), RETRY_NEVER);
    assert_int_equal(wait_with(STR("4294967296")), RETRY_NEVER);
    assert_int_equal(wait_with(STR("Thu, 15 Jan 2026 10:00:08 GMT")), RETRY_NEVER);
    assert_int_equal(wait_with(STR("Fri, 31 Dec 9999 23:59:60 GMT")), RETRY_NEVER);
}

static void what_is_no_time_is_as_good_as_nothing(void **state)
{
    static const char *const others[] = {
        "", "soon", "-1", "1.5", "99999999999999999999", "Thu, 15 Jan 2026 10:00:03 CET",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct str copy = exact(str_from(others[i]));
        assert_that(is_about(wait_with(copy), 0));
        exact_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_pass_is_tried_again),
        cmocka_unit_test(pauses_double_up_to_the_longest),
        cmocka_unit_test(any_chance_gives_a_pause_within_its_bounds),
        cmocka_unit_test(tries_are_counted),
        cmocka_unit_test(no_try_begins_too_late),
        cmocka_unit_test(the_service_says_when),
        cmocka_unit_test(what_the_service_asks_for_and_does_not_fit_ends_at_once),
        cmocka_unit_test(what_is_no_time_is_as_good_as_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
