#include "trial.h"

static void emit_to_all(struct app_socket *socket)
{
    app_emit(socket, TO(), "news", ARGS());
}

static void emit_to_others(struct app_socket *socket)
{
    app_emit(socket, OTHERS(socket), "news", ARGS());
}

static void emit_to_some(struct app_socket *socket)
{
    app_emit(socket,
             TO(.rooms = ROOMS(STR("a"), STR("b")), .except = ROOMS(STR("c"), STR("d"))),
             "news", ARGS());
}

static void emit_within(struct app_socket *socket)
{
    app_emit(socket, TO(.rooms = ROOMS(STR("a")), .within = STR("b"), .may_fail = true), "news",
             ARGS());
}

static void an_emit_reaches_whom_it_names(void **state)
{
    static const struct {
        app_handler *handle;
        const char *rooms, *within, *except;
        bool may_fail;
    } cases[] = {
        { emit_to_all, "", "", "", false },        { emit_to_self, SOCKET, "", "", false },
        { emit_to_others, "", "", SOCKET, false }, { emit_to_some, "a b", "", "c d", false },
        { emit_within, "a", "b", "", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trial t;
        const struct app_action *a;
        try(&t, cases[i].handle);
        a = only_action(&t);
        assert_int_equal(a->kind, APP_EMIT);
        assert_str(a->name, "news");
        assert_int_equal(a->args.len, 0);
        is_list(a->to.rooms, cases[i].rooms);
        assert_same(a->to.within, str_from(cases[i].within));
        is_list(a->to.except, cases[i].except);
        assert_int_equal(a->to.may_fail, cases[i].may_fail);
        done(&t);
    }
}

static void emit_values(struct app_socket *socket)
{
    app_emit(socket, TO(), "values",
             ARGS(TEXT(STR("a \"b\"\n")), NUMBER(0), NUMBER(-12), NUMBER(INT64_MIN),
                  BOOLEAN(true), BOOLEAN(false), JSON(STR(" [1e2] ")), PASSED(STR("{\"x\":1}")),
                  UNDEFINED, OBJECT({ "gone", UNDEFINED }),
                  OBJECT({ "gone", UNDEFINED }, { "a\"", TEXT(STR("b")) },
                         { "c", OBJECT({ "d", NUMBER(1) }, { "e", JSON(STR("null")) }) })));
}

static void arguments_are_json(void **state)
{
    struct trial t;

    (void)state;
    try(&t, emit_values);
    assert_str(
        only_action(&t)->args,
        "\"a \\\"b\\\"\\u000a\",0,-12,-9223372036854775808,true,false,[1e2],{\"x\":1},null,{},"
        "{\"a\\\"\":\"b\",\"c\":{\"d\":1,\"e\":null}}");
    assert_int_equal(only_action(&t)->attachments.count, 0);
    done(&t);
}

static void emit_bytes(struct app_socket *socket)
{
    app_emit(socket, TO(), "bytes",
             ARGS(BINARY(STR("\1\2")), OBJECT({ "b", BINARY(STR("\3")) })));
}

static void bytes_stand_beside_the_json(void **state)
{
    struct trial t;

    (void)state;
    try(&t, emit_bytes);
    assert_str(only_action(&t)->args, "{\"_placeholder\":true,\"num\":0},"
                                      "{\"b\":{\"_placeholder\":true,\"num\":1}}");
    is_list(only_action(&t)->attachments, "\1\2 \3");
    done(&t);
}

static void join(struct app_socket *socket)
{
    app_join(socket, SELF(socket), ROOMS(STR("a"), STR("b")));
}

static void leave(struct app_socket *socket)
{
    app_leave(socket, SELF(socket), ROOMS(STR("a")));
}

static void join_all(struct app_socket *socket)
{
    app_join(socket, TO(.rooms = ROOMS(STR("x"), STR("y"))), ROOMS(STR("a")));
}

static void leave_all(struct app_socket *socket)
{
    app_leave(socket, TO(.except = ROOMS(STR("x"))), ROOMS(STR("a"), STR("b")));
}

static void end(struct app_socket *socket)
{
    app_disconnect(socket, SELF(socket), false);
}

static void close_self(struct app_socket *socket)
{
    app_disconnect(socket, SELF(socket), true);
}

static void end_all(struct app_socket *socket)
{
    app_disconnect(socket, TO(), false);
}

static void close_some(struct app_socket *socket)
{
    app_disconnect(socket, TO(.rooms = ROOMS(STR("x"))), true);
}

static void sockets_are_moved_and_ended(void **state)
{
    static const struct {
        app_handler *handle;
        enum app_action_kind kind;
        const char *who, *except, *rooms;
    } cases[] = {
        { join, APP_JOIN, SOCKET, "", "a b" },   { leave, APP_LEAVE, SOCKET, "", "a" },
        { join_all, APP_JOIN, "x y", "", "a" },  { leave_all, APP_LEAVE, "", "x", "a b" },
        { end, APP_DISCONNECT, SOCKET, "", "" }, { close_self, APP_CLOSE, SOCKET, "", "" },
        { end_all, APP_DISCONNECT, "", "", "" }, { close_some, APP_CLOSE, "x", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trial t;
        try(&t, cases[i].handle);
        assert_int_equal(only_action(&t)->kind, cases[i].kind);
        is_list(only_action(&t)->to.rooms, cases[i].who);
        is_list(only_action(&t)->to.except, cases[i].except);
        is_list(only_action(&t)->rooms, cases[i].rooms);
        done(&t);
    }
}

static void acknowledge_nothing(struct app_socket *socket)
{
    app_ack(socket, ARGS());
}

static void an_acknowledgement_has_any_arguments(void **state)
{
    struct trial t;

    (void)state;
    try(&t, acknowledge);
    assert_false(t.socket.plan.is_void);
    assert_str(t.socket.plan.ack, "1,\"two\"");
    done(&t);
    try(&t, acknowledge_nothing);
    assert_false(t.socket.plan.is_void);
    assert_non_null(t.socket.plan.ack.ptr);
    assert_int_equal(t.socket.plan.ack.len, 0);
    done(&t);
}

static void refuse(struct app_socket *socket)
{
    app_refuse(socket, APP_FORBIDDEN, "not here");
    app_emit(socket, SELF(socket), "sorry", ARGS());
}

static void refuse_only(struct app_socket *socket)
{
    app_refuse(socket, APP_FORBIDDEN, "not here");
}

static void what_is_refused_may_still_be_told(void **state)
{
    struct trial t;

    (void)state;
    try(&t, refuse);
    assert_int_equal(t.socket.plan.refusal, APP_FORBIDDEN);
    assert_string_equal(t.socket.plan.message, "not here");
    assert_int_equal(t.socket.plan.count, 1);
    done(&t);
    try_kind(&t, APP_CONNECT, refuse_only);
    assert_int_equal(t.socket.plan.refusal, APP_FORBIDDEN);
    done(&t);
}

static void counted(struct app_socket *socket)
{
    app_emit(socket, TO(), "count", ARGS(NUMBER((int64_t)socket->count)));
}

static void ask(struct app_socket *socket)
{
    app_join(socket, SELF(socket), ROOMS(STR("users")));
    app_count(socket, STR("users"), counted);
}

static void a_count_goes_on_where_it_says(void **state)
{
    struct trial t;
    const struct app_action *last;

    (void)state;
    try(&t, ask);
    assert_int_equal(t.socket.plan.count, 2);
    last = &t.socket.plan.actions[1];
    assert_int_equal(last->kind, APP_COUNT);
    is_list(last->to.rooms, "users");
    /* What whoever carries out the plan does when the service has answered. */
    t.socket.count = 7;
    t.socket.plan.count = 0;
    counted(&t.socket);
    assert_str(only_action(&t)->args, "7");
    done(&t);
}

static void remember(struct app_socket *socket)
{
    app_remember(socket, STR("Ann"));
}

static void forget(struct app_socket *socket)
{
    app_remember(socket, (struct str){ NULL, 0 });
}

static void what_is_remembered_is_part_of_the_plan(void **state)
{
    struct trial t;

    (void)state;
    try(&t, remember);
    assert_str(t.socket.plan.memory, "Ann");
    done(&t);
    try(&t, forget);
    assert_non_null(t.socket.plan.memory.ptr);
    assert_int_equal(t.socket.plan.memory.len, 0);
    done(&t);
    try(&t, join);
    assert_null(t.socket.plan.memory.ptr);
    done(&t);
    try_kind(&t, APP_CONNECTED, remember);
    assert_true(t.socket.plan.is_void);
    assert_int_equal(t.socket.plan.refusal, APP_INTERNAL);
    done(&t);
}

static enum err decide_within(struct arena *mem, void *context)
{
    const struct app app = { .name = "trial", .connected = *(app_handler *const *)context };
    struct app_socket socket = {
        .kind = APP_CONNECTED, .id = STR_INIT(SOCKET), .nsp = STR_INIT("/"), .mem = mem
    };

    app_decide(&app, &socket);
    if (!socket.plan.is_void)
        return ERR_NONE;
    assert_int_equal(socket.plan.refusal, APP_BUSY);
    assert_int_equal(socket.plan.count, 0);
    return ERR_NO_MEMORY;
}

static void a_plan_is_whole_or_void(void **state)
{
    static app_handler *handlers[] = { emit_to_some, emit_values, emit_bytes, join, ask };

    (void)state;
    for (size_t i = 0; i < COUNT(handlers); i++)
        sweep(decide_within, &handlers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_emit_reaches_whom_it_names),
        cmocka_unit_test(arguments_are_json),
        cmocka_unit_test(bytes_stand_beside_the_json),
        cmocka_unit_test(sockets_are_moved_and_ended),
        cmocka_unit_test(an_acknowledgement_has_any_arguments),
        cmocka_unit_test(what_is_refused_may_still_be_told),
        cmocka_unit_test(a_count_goes_on_where_it_says),
        cmocka_unit_test(what_is_remembered_is_part_of_the_plan),
        cmocka_unit_test(a_plan_is_whole_or_void),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
