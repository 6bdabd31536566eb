#include "test.h"

#include "app/app.h"

static void every_refusal_has_the_code_that_clients_are_told(void **state)
{
    (void)state;
    assert_str(app_refusal_code(APP_BAD_REQUEST), "BadRequest");
    assert_str(app_refusal_code(APP_FORBIDDEN), "Forbidden");
    assert_str(app_refusal_code(APP_UNKNOWN_EVENT), "UnknownEvent");
    assert_str(app_refusal_code(APP_UNSUPPORTED), "Unsupported");
    assert_str(app_refusal_code(APP_UPSTREAM), "Upstream");
    assert_str(app_refusal_code(APP_BUSY), "Busy");
    assert_true(app_refusal_code(APP_NO_USER).len > 0);
}

static struct str outcome(struct arena *mem, enum app_refusal refusal, const char *message)
{
    struct buf out = { .mem = mem };
    struct str text;

    app_add_outcome(&out, refusal, message);
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void an_outcome_is_success_or_a_code_and_a_message(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_str(outcome(&mem, APP_ACCEPTED, NULL), "\"success\":true");
    assert_str(outcome(&mem, APP_FORBIDDEN, "Not your room."),
               "\"success\":false,\"error\":{\"code\":\"Forbidden\","
               "\"message\":\"Not your room.\"}");
    assert_str(outcome(&mem, APP_BUSY, "Too much at once."),
               "\"success\":false,\"error\":{\"code\":\"Busy\","
               "\"message\":\"Too much at once.\"}");
    arena_free(&mem);
}

static enum err outcome_within(struct arena *mem, void *context)
{
    struct buf out = { .mem = mem };
    struct str text;

    (void)context;
    app_add_outcome(&out, APP_UPSTREAM, "The service could not be reached.");
    return buf_done(&out, &text);
}

static void an_outcome_is_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(outcome_within, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_the_code_that_clients_are_told),
        cmocka_unit_test(an_outcome_is_success_or_a_code_and_a_message),
        cmocka_unit_test(an_outcome_is_whole_or_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
