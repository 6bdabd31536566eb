#include "codestream.h"

static void members_may_connect(void **state)
{
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        struct decision d;
        decide_on(&d, APP_CONNECT, members[i]);
        is_refused(&d, APP_ACCEPTED);
        done(&d);
    }
}

static void nobody_connects_without_a_subject_of_ours(void **state)
{
    struct decision d;

    (void)state;
    decide_on(&d, APP_CONNECT, "");
    is_refused(&d, APP_NO_USER);
    done(&d);
    for (size_t i = 0; i < COUNT(foreign_subjects); i++) {
        decide_on(&d, APP_CONNECT, foreign_subjects[i]);
        is_refused(&d, APP_FORBIDDEN);
        done(&d);
    }
}

static void only_the_root_namespace_exists(void **state)
{
    static const char *const others[] = { "/ns", "/admin", "//", "", "x" };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct decision d = { .event = { .kind = APP_CONNECT,
                                         .nsp = str_from(others[i]),
                                         .id = STR_INIT(SOCKET),
                                         .user = STR_INIT(WRITER) } };
        decide(&d);
        is_refused(&d, APP_FORBIDDEN);
        done(&d);
    }
}

static void who_is_connected_is_told_to_log_in(void **state)
{
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        struct decision d;
        decide_on(&d, APP_CONNECTED, members[i]);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 1);
        assert_int_equal(is_emit(&d, 0, SOCKET, "login").len, 0);
        is_limited(&d, 0, "", "");
        done(&d);
    }
}

static void those_whom_it_concerns_hear_who_is_gone(void **state)
{
    struct decision d;

    (void)state;
    /* viewers, and whoever else writes in the room */
    decide_on(&d, APP_DISCONNECTED, WRITER);
    assert_int_equal(d.event.plan.count, 2);
    is_presence(&d, 0, ROOM, "writer", "left");
    is_presence(&d, 1, CONTROL, "writer", "left");
    done(&d);
    decide_on(&d, APP_DISCONNECTED, VIEWER);
    assert_int_equal(d.event.plan.count, 1);
    is_presence(&d, 0, CONTROL, "viewer", "left");
    done(&d);
}

static void a_stranger_comes_and_goes_without_a_word(void **state)
{
    struct decision d;

    (void)state;
    decide_on(&d, APP_CONNECTED, "");
    assert_int_equal(d.event.plan.count, 0);
    done(&d);
    decide_on(&d, APP_DISCONNECTED, "");
    assert_int_equal(d.event.plan.count, 0);
    done(&d);
    for (size_t i = 0; i < COUNT(foreign_subjects); i++) {
        decide_on(&d, APP_CONNECTED, foreign_subjects[i]);
        assert_int_equal(d.event.plan.count, 0);
        done(&d);
        decide_on(&d, APP_DISCONNECTED, foreign_subjects[i]);
        assert_int_equal(d.event.plan.count, 0);
        done(&d);
    }
}

static void a_writer_joins_the_control_room_by_either_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(own_rooms); i++) {
        struct decision d;
        emit(&d, WRITER, "joinRoom", own_rooms[i]);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 4);
        is_join(&d, 0, CONTROL);
        assert_str(is_emit(&d, 1, SOCKET, "message"),
                   "{\"type\":\"ackJoinRoom\",\"success\":true}");
        is_limited(&d, 1, "", "");
        assert_false(action(&d, 1)->to.may_fail);
        is_presence(&d, 2, ROOM, "writer", "joined");
        is_presence(&d, 3, CONTROL, "writer", "joined");
        done(&d);
    }
}

static void join_with_epoch(struct decision *d, const char *user, const char *epoch)
{
    static char argument[100]; /* as long as the decision */

    (void)snprintf(argument, sizeof(argument), "{\"room_id\":\"" ROOM "\",\"epoch\":%s}",
                   epoch);
    emit(d, user, "joinRoom", argument);
}

static void when_a_writer_began_is_told_with_its_coming(void **state)
{
    static const char *const epochs[] = { "0", "1", "1700000000000", "9007199254740991" };

    (void)state;
    for (size_t i = 0; i < COUNT(epochs); i++) {
        struct decision d;
        join_with_epoch(&d, WRITER, epochs[i]);
        assert_int_equal(d.event.plan.count, 4);
        for (size_t j = 2; j < 4; j++) {
            is_presence(&d, j, j == 2 ? ROOM : CONTROL, "writer", "joined");
            assert_same(field(action(&d, j)->args, "epoch"), str_from(epochs[i]));
        }
        done(&d);
    }
}

static void a_writer_that_began_at_no_moment_does_not_join(void **state)
{
    static const char *const epochs[] = { "-1",   "1.5",  "1e3", "9007199254740992",
                                          "null", "true", "[1]", "\"1\"" };

    (void)state;
    for (size_t i = 0; i < COUNT(epochs); i++) {
        struct decision d;
        join_with_epoch(&d, WRITER, epochs[i]);
        is_refused_join(&d, APP_BAD_REQUEST);
        done(&d);
    }
}

static void what_a_viewer_says_of_an_epoch_reaches_nobody(void **state)
{
    struct decision d;

    (void)state;
    join_with_epoch(&d, VIEWER, "1");
    assert_int_equal(d.event.plan.count, 3);
    is_presence(&d, 2, CONTROL, "viewer", "joined");
    assert_null(field(action(&d, 2)->args, "epoch").ptr);
    done(&d);
}

static void a_viewer_joins_the_room_by_either_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(own_rooms); i++) {
        struct decision d;
        emit(&d, VIEWER, "joinRoom", own_rooms[i]);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 3);
        is_join(&d, 0, ROOM);
        assert_str(is_emit(&d, 1, SOCKET, "message"),
                   "{\"type\":\"ackJoinRoom\",\"success\":true}");
        is_limited(&d, 1, "", "");
        is_presence(&d, 2, CONTROL, "viewer", "joined");
        done(&d);
    }
}

static void what_a_viewer_says_while_it_joins_takes_the_place_of_its_presence(void **state)
{
    struct decision d;
    struct str args;

    (void)state;
    emit(&d, VIEWER, "joinRoom", SEND("{\"v\":1e2}"));
    assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
    assert_int_equal(d.event.plan.count, 2);
    is_join(&d, 0, ROOM);
    args = is_emit(&d, 1, CONTROL, "message");
    assert_str(field(args, "type"), "\"editorMessage\"");
    assert_str(field(args, "data"), "{\"v\":1e2}");
    assert_str(field(args, "from"), "\"" SOCKET "\"");
    assert_str(field(args, "joined"), "true");
    is_limited(&d, 1, "", SOCKET);
    assert_false(action(&d, 1)->to.may_fail);
    done(&d);
}

static void a_writer_says_nothing_while_it_joins(void **state)
{
    struct decision d;

    (void)state;
    emit(&d, WRITER, "joinRoom", SEND("1"));
    is_refused_join(&d, APP_BAD_REQUEST);
    done(&d);
}

static void a_join_with_malformed_arguments_is_refused(void **state)
{
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(malformed); i++) {
        struct decision d;
        emit(&d, members[i % 2], "joinRoom", malformed[i / 2]);
        is_refused_join(&d, APP_BAD_REQUEST);
        done(&d);
    }
}

static void nobody_joins_another_room(void **state)
{
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(not_own); i++) {
        struct decision d;
        emit(&d, members[i % 2], "joinRoom", not_own[i / 2]);
        /* A name that can be no room's may count as a wrong argument as well. */
        if (i / 2 >= 2 && d.event.plan.refusal == APP_BAD_REQUEST)
            is_refused_join(&d, APP_BAD_REQUEST);
        else
            is_refused_join(&d, APP_FORBIDDEN);
        done(&d);
    }
}

static void a_stranger_joins_nothing(void **state)
{
    struct decision d;

    (void)state;
    emit(&d, "", "joinRoom", own_rooms[0]);
    assert_int_equal(d.event.plan.refusal, APP_FORBIDDEN);
    for (size_t i = 0; i < d.event.plan.count; i++)
        (void)is_emit(&d, i, SOCKET, "message");
    done(&d);
    for (size_t i = 0; i < COUNT(foreign_subjects); i++) {
        emit(&d, foreign_subjects[i], "joinRoom", own_rooms[0]);
        assert_int_equal(d.event.plan.refusal, APP_FORBIDDEN);
        for (size_t j = 0; j < d.event.plan.count; j++)
            (void)is_emit(&d, j, SOCKET, "message");
        done(&d);
    }
}

static void other_events_are_unknown(void **state)
{
    static const char *const names[] = { "",          "joinroom",     "JoinRoom", "joinRoom ",
                                         "join",      "message",      "login",    "connect",
                                         "connected", "disconnected", "presence", "sendToRooms",
                                         "sendToRoo" };
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(names); i++) {
        struct decision d;
        emit(&d, members[i % 2], names[i / 2], SEND("1"));
        is_refused(&d, APP_UNKNOWN_EVENT);
        done(&d);
    }
}

static void the_event_itself_is_left_alone(void **state)
{
    static const char *const names[] = { "joinRoom", "sendToRoom", "other" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct decision first;
        struct decision second;
        emit(&first, WRITER, names[i], SEND("1"));
        assert_str(first.args[0], SEND("1"));
        assert_str(first.event.user, WRITER);
        emit(&second, WRITER, names[i], SEND("1"));
        assert_int_equal(first.event.plan.count, second.event.plan.count);
        for (size_t j = 0; j < first.event.plan.count; j++) {
            assert_same(room_in(action(&first, j)), room_in(action(&second, j)));
            assert_same(action(&first, j)->args, action(&second, j)->args);
        }
        done(&second);
        done(&first);
    }
}

/* A plan is whole, or void for want of memory. */
static enum err decide_on_event(struct app_socket *event, struct arena *mem)
{
    event->mem = mem;
    app_decide(&codestream_app, event);
    if (!event->plan.is_void)
        return ERR_NONE;
    assert_int_equal(event->plan.refusal, APP_BUSY);
    assert_int_equal(event->plan.count, 0);
    return ERR_NO_MEMORY;
}

/* An event and what is decided about it when there is memory enough. */
struct expected {
    struct app_socket event;
    struct app_plan plan;
};

static enum err decide_within(struct arena *mem, void *context)
{
    const struct expected *want = context;
    struct app_socket event = want->event;
    const struct app_plan *plan = &event.plan;
    enum err e = decide_on_event(&event, mem);

    if (e != ERR_NONE)
        return e;
    assert_int_equal(plan->refusal, want->plan.refusal);
    assert_int_equal(plan->count, want->plan.count);
    for (size_t i = 0; i < plan->count; i++) {
        assert_int_equal(plan->actions[i].kind, want->plan.actions[i].kind);
        assert_same(room_in(&plan->actions[i]), room_in(&want->plan.actions[i]));
        assert_same(plan->actions[i].to.within, want->plan.actions[i].to.within);
        assert_same(plan->actions[i].args, want->plan.actions[i].args);
    }
    return ERR_NONE;
}

static void a_plan_is_whole_or_out_of_memory(void **state)
{
    static const char join[] = "{\"\\u0072oom_id\":\"\\u0030123456789ABCDEFabcd-_\"}";
    static const char answer[] = "{\"room_id\":\"\\u0030123456789ABCDEFabcd-_\","
                                 "\"to\":\"\\u0061sker\",\"data\":{\"full\":1}}";
    /* Longer than all that a plan for the own room takes: without it there is no plan. */
    static char foreign[2000] = "{\"data\":1,\"room_id\":\"\\u0030";
    static const struct {
        enum app_event_kind kind;
        const char *user, *name, *arg;
    } cases[] = {
        { APP_MESSAGE, WRITER, "joinRoom", foreign },
        { APP_MESSAGE, WRITER, "sendToRoom", foreign },
        { APP_MESSAGE, VIEWER, "sendToRoom", foreign },
        { APP_DISCONNECTED, WRITER, "", NULL },
        { APP_DISCONNECTED, VIEWER, "", NULL },
        { APP_MESSAGE, WRITER, "joinRoom", join },
        { APP_MESSAGE, VIEWER, "joinRoom", join },
        { APP_MESSAGE, VIEWER, "joinRoom", "{}" },
        { APP_MESSAGE, VIEWER, "joinRoom", "{\"room_id\":\"\\u0030\"}" },
        { APP_MESSAGE, WRITER, "sendToRoom", SEND("{\"v\":1e2}") },
        { APP_MESSAGE, VIEWER, "sendToRoom", SEND("{\"data\":\"sync\"}") },
        { APP_MESSAGE, WRITER, "sendToRoom", answer },
    };

    (void)state;
    memset(foreign + strlen(foreign), 'a', sizeof(foreign) - strlen(foreign) - 3);
    memcpy(foreign + sizeof(foreign) - 3, "\"}", 3);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str arg = str_from(cases[i].arg);
        struct arena mem;
        struct expected want = { .event = { .kind = cases[i].kind,
                                            .nsp = STR_INIT("/"),
                                            .id = STR_INIT(SOCKET),
                                            .user = str_from(cases[i].user),
                                            .event = str_from(cases[i].name),
                                            .args = &arg,
                                            .arg_count = cases[i].arg ? 1 : 0 } };
        arena_init(&mem, TEST_MEMORY);
        struct app_socket event = want.event;
        assert_err(decide_on_event(&event, &mem), ERR_NONE);
        want.plan = event.plan;
        sweep(decide_within, &want);
        arena_free(&mem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_may_connect),
        cmocka_unit_test(nobody_connects_without_a_subject_of_ours),
        cmocka_unit_test(only_the_root_namespace_exists),
        cmocka_unit_test(who_is_connected_is_told_to_log_in),
        cmocka_unit_test(those_whom_it_concerns_hear_who_is_gone),
        cmocka_unit_test(a_stranger_comes_and_goes_without_a_word),
        cmocka_unit_test(a_writer_joins_the_control_room_by_either_name),
        cmocka_unit_test(when_a_writer_began_is_told_with_its_coming),
        cmocka_unit_test(a_writer_that_began_at_no_moment_does_not_join),
        cmocka_unit_test(what_a_viewer_says_of_an_epoch_reaches_nobody),
        cmocka_unit_test(a_viewer_joins_the_room_by_either_name),
        cmocka_unit_test(what_a_viewer_says_while_it_joins_takes_the_place_of_its_presence),
        cmocka_unit_test(a_writer_says_nothing_while_it_joins),
        cmocka_unit_test(a_join_with_malformed_arguments_is_refused),
        cmocka_unit_test(nobody_joins_another_room),
        cmocka_unit_test(a_stranger_joins_nothing),
        cmocka_unit_test(other_events_are_unknown),
        cmocka_unit_test(the_event_itself_is_left_alone),
        cmocka_unit_test(a_plan_is_whole_or_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
