#include "test.h"

#include "app/app.h"

extern const struct app chat_app, hello_app;
static const struct app *const chat = &chat_app, *const hello = &hello_app;

struct trial {
    struct arena mem;
    struct str arg;
    struct app_socket socket;
};

/* An event of a socket with what the service has kept for it; arg: JSON, or NULL for none. */
static void try(struct trial *t, const struct app *app, const char *event, const char *memory,
                const char *arg)
{
    *t = (struct trial){ .arg = str_from(arg),
                         .socket = { .kind = APP_MESSAGE,
                                     .id = STR_INIT("socket"),
                                     .nsp = STR_INIT("/"),
                                     .user = STR_INIT("user"),
                                     .memory = str_from(memory),
                                     .event = str_from(event),
                                     .arg_count = arg != NULL } };
    t->socket.args = &t->arg;
    t->socket.mem = &t->mem;
    arena_init(&t->mem, TEST_MEMORY);
    app_decide(app, &t->socket);
}

/* The same for what happens to a socket without its doing. */
static void happen(struct trial *t, const struct app *app, enum app_event_kind kind,
                   const char *memory)
{
    *t = (struct trial){ .socket = { .kind = kind,
                                     .id = STR_INIT("socket"),
                                     .nsp = STR_INIT("/"),
                                     .user = STR_INIT("user"),
                                     .memory = str_from(memory) } };
    t->socket.mem = &t->mem;
    arena_init(&t->mem, TEST_MEMORY);
    app_decide(app, &t->socket);
}

static void done(struct trial *t)
{
    arena_free(&t->mem);
}

/* Goes on as plan.c does when the service has said how many there are. */
static void count(struct trial *t, uint64_t number)
{
    struct app_plan *plan = &t->socket.plan;
    app_handler *then;

    assert_that(plan->count > 0 && plan->actions[plan->count - 1].kind == APP_COUNT);
    then = plan->actions[plan->count - 1].then;
    assert_str(plan->actions[plan->count - 1].to.rooms.at[0], "users");
    plan->count = 0;
    t->socket.count = number;
    then(&t->socket);
}

static void is_emit(const struct trial *t, size_t i, bool to_others, const char *name,
                    const char *args)
{
    const struct app_action *action = &t->socket.plan.actions[i];

    assert_that(i < t->socket.plan.count && action->kind == APP_EMIT);
    assert_same(action->name, str_from(name));
    assert_same(action->args, str_from(args));
    assert_int_equal(action->to.rooms.count, !to_others);
    assert_int_equal(action->to.except.count, to_others);
    assert_str((to_others ? action->to.except : action->to.rooms).at[0], "socket");
}

static void is_refused(const struct trial *t, enum app_refusal refusal)
{
    assert_int_equal(t->socket.plan.refusal, refusal);
    assert_int_equal(t->socket.plan.count, 0);
    assert_null(t->socket.plan.memory.ptr);
}

static void who_says_a_name_is_in_and_the_others_hear_of_it(void **state)
{
    struct trial t;

    (void)state;
    try(&t, chat, "add user", "", "\"Ann \\u00e4\"");
    assert_int_equal(t.socket.plan.actions[0].kind, APP_JOIN);
    assert_str(t.socket.plan.actions[0].rooms.at[0], "users");
    assert_str(t.socket.plan.actions[0].to.rooms.at[0], "socket");
    assert_str(t.socket.plan.memory, "Ann \xc3\xa4");
    count(&t, 3);
    assert_int_equal(t.socket.plan.count, 2);
    is_emit(&t, 0, false, "login", "{\"numUsers\":3}");
    is_emit(&t, 1, true, "user joined", "{\"username\":\"Ann \xc3\xa4\",\"numUsers\":3}");
    done(&t);
}

static void a_name_is_said_once(void **state)
{
    struct trial t;

    (void)state;
    try(&t, chat, "add user", "Ann", "\"Bob\"");
    is_refused(&t, APP_ACCEPTED);
    done(&t);
}

static void a_name_is_a_text_of_1_to_200_bytes(void **state)
{
    static char longest[203] = "\"", too_long[204] = "\"";
    const char *const bad[] = { NULL, "1", "null", "\"\"", "\"\\ud800\"", too_long };
    struct trial t;

    (void)state;
    memset(longest + 1, 'a', 200);
    memset(too_long + 1, 'a', 201);
    longest[201] = too_long[202] = '"';
    for (size_t i = 0; i < COUNT(bad); i++) {
        try(&t, chat, "add user", "", bad[i]);
        is_refused(&t, APP_BAD_REQUEST);
        done(&t);
    }
    try(&t, chat, "add user", "", longest);
    assert_int_equal(t.socket.plan.memory.len, 200);
    done(&t);
}

static void what_somebody_says_goes_to_the_others_as_it_came(void **state)
{
    static const struct {
        const char *event, *name, *arg, *args;
    } cases[] = {
        { "new message", "new message", "{\"any\": 1e2}",
          "{\"username\":\"A\\\"n\",\"message\":{\"any\": 1e2}}" },
        { "typing", "typing", NULL, "{\"username\":\"A\\\"n\"}" },
        { "stop typing", "stop typing", NULL, "{\"username\":\"A\\\"n\"}" },
    };
    struct trial t;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        try(&t, chat, cases[i].event, "A\"n", cases[i].arg);
        assert_int_equal(t.socket.plan.count, 1);
        is_emit(&t, 0, true, cases[i].name, cases[i].args);
        done(&t);
    }
}

static void who_has_no_name_says_nothing(void **state)
{
    static const char *const events[] = { "new message", "typing", "stop typing" };
    struct trial t;

    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        try(&t, chat, events[i], "", "\"hi\"");
        is_refused(&t, APP_FORBIDDEN);
        done(&t);
    }
    try(&t, chat, "new message", "Ann", NULL);
    is_refused(&t, APP_BAD_REQUEST);
    done(&t);
}

static void who_had_a_name_is_missed(void **state)
{
    struct trial t;

    (void)state;
    happen(&t, chat, APP_DISCONNECTED, "Ann");
    count(&t, 2);
    assert_int_equal(t.socket.plan.count, 1);
    is_emit(&t, 0, true, "user left", "{\"username\":\"Ann\",\"numUsers\":2}");
    done(&t);
    happen(&t, chat, APP_DISCONNECTED, "");
    is_refused(&t, APP_ACCEPTED);
    done(&t);
}

static void hello_greets_and_answers(void **state)
{
    struct trial t;

    (void)state;
    happen(&t, hello, APP_CONNECTED, "");
    is_emit(&t, 0, false, "hello", "\"world\"");
    done(&t);
    try(&t, hello, "howdy", "", "\"stranger\"");
    is_emit(&t, 0, false, "hello", "\"stranger\"");
    done(&t);
    try(&t, hello, "howdy", "", "1");
    is_refused(&t, APP_BAD_REQUEST);
    done(&t);
    try(&t, hello, "howdy", "", NULL);
    is_refused(&t, APP_BAD_REQUEST);
    done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_a_name_is_in_and_the_others_hear_of_it),
        cmocka_unit_test(a_name_is_said_once),
        cmocka_unit_test(a_name_is_a_text_of_1_to_200_bytes),
        cmocka_unit_test(what_somebody_says_goes_to_the_others_as_it_came),
        cmocka_unit_test(who_has_no_name_says_nothing),
        cmocka_unit_test(who_had_a_name_is_missed),
        cmocka_unit_test(hello_greets_and_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
