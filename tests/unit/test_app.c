#include "trial.h"

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

static void a_table_names_namespaces_and_events(void **state)
{
    static const struct {
        enum app_event_kind kind;
        struct str nsp, user, event;
        enum app_refusal refusal;
    } cases[] = {
        { APP_CONNECT, STR_INIT("/ns"), STR_INIT("u"), STR_INIT(""), APP_ACCEPTED },
        { APP_CONNECT, STR_INIT("/other"), STR_INIT("u"), STR_INIT(""), APP_FORBIDDEN },
        { APP_CONNECT, STR_INIT("/ns"), STR_INIT(""), STR_INIT(""), APP_NO_USER },
        { APP_MESSAGE, STR_INIT("/"), STR_INIT("u"), STR_INIT("known"), APP_ACCEPTED },
        { APP_MESSAGE, STR_INIT("/"), STR_INIT("u"), STR_INIT("Known"), APP_UNKNOWN_EVENT },
        { APP_MESSAGE, STR_INIT("/other"), STR_INIT("u"), STR_INIT("known"), APP_FORBIDDEN },
        { APP_MESSAGE, STR_INIT("/?x"), STR_INIT("u"), STR_INIT("Known"), APP_FORBIDDEN },
        { APP_CONNECTED, STR_INIT("/"), STR_INIT("u"), STR_INIT(""), APP_ACCEPTED },
        { APP_CONNECTED, STR_INIT("/other"), STR_INIT("u"), STR_INIT(""), APP_FORBIDDEN },
        { APP_DISCONNECTED, STR_INIT("/ns"), STR_INIT("u"), STR_INIT(""), APP_ACCEPTED },
        { APP_DISCONNECTED, STR_INIT("/other"), STR_INIT("u"), STR_INIT(""), APP_FORBIDDEN },
    };
    const struct app app = {
        .name = "table",
        .namespaces = { "/", "/ns" },
        .events = { { "known", emit_to_self } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena mem;
        struct app_socket socket = { .kind = cases[i].kind,
                                     .id = STR_INIT(SOCKET),
                                     .nsp = cases[i].nsp,
                                     .user = cases[i].user,
                                     .event = cases[i].event,
                                     .mem = &mem };
        arena_init(&mem, TEST_MEMORY);
        app_decide(&app, &socket);
        assert_int_equal(socket.plan.refusal, cases[i].refusal);
        assert_true(!socket.plan.refusal || socket.plan.count == 0);
        arena_free(&mem);
    }
}

/* Tables end with an empty place, or where they are full. */
static void a_full_table_ends_where_it_is_full(void **state)
{
    static char names[APP_MAX_EVENTS][8];
    struct app app = { .name = "full" };
    const struct str spaces[] = { STR("/7"), STR("/8") }, events[] = { STR("e31"), STR("e32") };

    (void)state;
    for (size_t i = 0; i < APP_MAX_EVENTS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "e%zu", i);
        app.events[i].name = names[i];
        app.events[i].handle = emit_to_self;
    }
    for (size_t i = 0; i < APP_MAX_NAMESPACES; i++)
        app.namespaces[i] =
            (const char *[]){ "/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7" }[i];
    for (size_t i = 0; i < 2; i++) {
        struct arena mem;
        struct app_socket socket = {
            .kind = APP_CONNECT, .nsp = spaces[i], .user = STR("u"), .mem = &mem
        };
        arena_init(&mem, TEST_MEMORY);
        app_decide(&app, &socket);
        assert_int_equal(socket.plan.refusal, i == 0 ? APP_ACCEPTED : APP_FORBIDDEN);
        socket = (struct app_socket){ .kind = APP_MESSAGE,
                                      .id = STR("id"),
                                      .nsp = STR("/0"),
                                      .event = events[i],
                                      .mem = &mem };
        app_decide(&app, &socket);
        assert_int_equal(socket.plan.refusal, i == 0 ? APP_ACCEPTED : APP_UNKNOWN_EVENT);
        arena_free(&mem);
    }
}

static void the_program_is_codestream_where_its_build_names_no_other_application(void **state)
{
    (void)state;
    assert_string_equal(application->name, "codestream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_the_code_that_clients_are_told),
        cmocka_unit_test(an_outcome_is_success_or_a_code_and_a_message),
        cmocka_unit_test(an_outcome_is_whole_or_out_of_memory),
        cmocka_unit_test(a_table_names_namespaces_and_events),
        cmocka_unit_test(a_full_table_ends_where_it_is_full),
        cmocka_unit_test(the_program_is_codestream_where_its_build_names_no_other_application),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
