#include "trial.h"

static char letters[2000];

static void emit_to_a_long_room(struct app_socket *socket)
{
    memset(letters, 'a', sizeof(letters));
    app_emit(socket, TO(.rooms = ROOMS((struct str){ letters, sizeof(letters) })), "e", ARGS());
}

static void join_a_long_room(struct app_socket *socket)
{
    memset(letters, 'a', sizeof(letters));
    app_join(socket, SELF(socket), ROOMS((struct str){ letters, APP_MAX_ROOM_BYTES }));
}

static void except_a_long_room(struct app_socket *socket)
{
    memset(letters, 'a', sizeof(letters));
    app_emit(socket, TO(.except = ROOMS((struct str){ letters, sizeof(letters) })), "e",
             ARGS());
}

static void join_no_name(struct app_socket *socket)
{
    app_join(socket, SELF(socket), ROOMS(STR("")));
}

static void join_nothing(struct app_socket *socket)
{
    app_join(socket, SELF(socket), (struct str_list){ NULL, 0 });
}

static void emit_to_many_rooms(struct app_socket *socket)
{
    static struct str many[10000];

    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = STR("room");
    app_emit(socket, TO(.rooms = { many, COUNT(many) }), "e", ARGS());
}

static void emit_without_a_name(struct app_socket *socket)
{
    app_emit(socket, TO(), NULL, ARGS());
}

static void emit_an_empty_name(struct app_socket *socket)
{
    app_emit(socket, TO(), "", ARGS());
}

static void emit_connect(struct app_socket *socket)
{
    app_emit(socket, TO(), "connect", ARGS());
}

static void emit_remove_listener(struct app_socket *socket)
{
    app_emit(socket, TO(), "removeListener", ARGS());
}

static void emit_no_json(struct app_socket *socket)
{
    app_emit(socket, TO(), "e", ARGS(JSON(STR("{\"a\":}"))));
}

static void ack_no_json(struct app_socket *socket)
{
    app_ack(socket, ARGS(JSON(STR(""))));
}

static void ack_twice(struct app_socket *socket)
{
    app_ack(socket, ARGS());
    app_ack(socket, ARGS(NUMBER(1)));
}

static void ack_bytes(struct app_socket *socket)
{
    app_ack(socket, ARGS(BINARY(STR("\1"))));
}

static void eleven_binaries(struct app_socket *socket)
{
    struct app_value values[12] = { UNDEFINED };

    for (size_t i = 1; i < COUNT(values); i++)
        values[i] = BINARY(STR("\1"));
    app_emit(socket, TO(), "e", (struct app_args){ values, COUNT(values) });
}

static void seventeen_verbs(struct app_socket *socket)
{
    for (int i = 0; i < APP_MAX_ACTIONS + 1; i++)
        app_emit(socket, TO(), "e", ARGS());
}

static void counted(struct app_socket *socket)
{
    app_emit(socket, TO(), "count", ARGS());
}

static void go_on_after_count(struct app_socket *socket)
{
    app_count(socket, STR("users"), counted);
    app_emit(socket, TO(), "e", ARGS());
}

static void remember_too_much(struct app_socket *socket)
{
    app_remember(socket, (struct str){ letters, APP_MAX_MEMORY_BYTES + 1 });
}

static void emit_then_err(struct app_socket *socket)
{
    app_emit(socket, TO(), "good", ARGS());
    app_emit(socket, TO(), "", ARGS());
    app_emit(socket, TO(), "good", ARGS());
    app_join(socket, SELF(socket), ROOMS(STR("")));
    app_refuse(socket, APP_FORBIDDEN, "too late");
}

static void misuse_is_told_in_words_and_nothing_is_carried_out(void **state)
{
    static const struct {
        app_handler *handle;
        const char *words;
    } cases[] = {
        { emit_to_a_long_room, "room is too long" },
        { join_a_long_room, "room is too long" },
        { except_a_long_room, "room is too long" },
        { join_no_name, "room needs a name" },
        { join_nothing, "no room" },
        { emit_to_many_rooms, "90 rooms" },
        { emit_without_a_name, "event needs a name" },
        { emit_an_empty_name, "event needs a name" },
        { emit_connect, "Socket.IO's own" },
        { emit_remove_listener, "Socket.IO's own" },
        { emit_no_json, "not JSON" },
        { ack_no_json, "not JSON" },
        { ack_twice, "only once" },
        { ack_bytes, "no binary" },
        { eleven_binaries, "10 binary" },
        { seventeen_verbs, "16 verbs" },
        { go_on_after_count, "last verb" },
        { remember_too_much, "512 bytes" },
        { emit_then_err, "event needs a name" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trial t;
        (void)snprintf(test_place, sizeof(test_place), "%s", cases[i].words);
        try(&t, cases[i].handle);
        is_misuse(&t, cases[i].words);
        test_place[0] = '\0';
        done(&t);
    }
}

static void who_is_not_yet_connected_hears_nothing(void **state)
{
    struct trial t;

    (void)state;
    try_kind(&t, APP_CONNECT, emit_to_self);
    is_misuse(&t, "only be refused");
    done(&t);
    try_kind(&t, APP_CONNECTED, acknowledge);
    is_misuse(&t, "only events of clients");
    done(&t);
}

static void the_longest_room_is_not_too_long(void **state)
{
    struct trial t;

    (void)state;
    memset(letters, 'a', sizeof(letters));
    arena_init(&t.mem, TEST_MEMORY);
    t.socket = (struct app_socket){
        .kind = APP_MESSAGE, .id = STR_INIT(SOCKET), .nsp = STR_INIT("/"), .mem = &t.mem
    };
    app_join(&t.socket, SELF(&t.socket),
             ROOMS((struct str){ letters, APP_MAX_ROOM_BYTES - 1 }));
    assert_int_equal(only_action(&t)->kind, APP_JOIN);
    done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_told_in_words_and_nothing_is_carried_out),
        cmocka_unit_test(who_is_not_yet_connected_hears_nothing),
        cmocka_unit_test(the_longest_room_is_not_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
