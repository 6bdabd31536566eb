#include "test.h"

#include "app/codestream.h"
#include "wire/json.h"

#define ROOM "0123456789ABCDEFabcd-_"
#define CONTROL ROOM "-control"
#define FOREIGN "zzzzzzzzzzzzzzzzzzzzzz"
#define SOCKET "Sock-et_1"

#define WRITER "w." ROOM
#define VIEWER "v." ROOM

static void a_room_id_is_22_characters_of_base64url(void **state)
{
    static const char *const bad[] = {
        "", "0123456789ABCDEFabcd-", ROOM "0", CONTROL, FOREIGN "-control", "/", "*",
    };

    (void)state;
    assert_true(room_id_ok(STR(ROOM)));
    assert_true(room_id_ok(STR(FOREIGN)));
    assert_false(room_id_ok((struct str){ NULL, 0 }));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(room_id_ok(str_from(bad[i])));
    for (size_t place = 0; place < ROOM_ID_CHARS; place++) {
        for (int c = 0; c < 256; c++) {
            char text[] = ROOM;
            bool want = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '-' || c == '_';
            text[place] = (char)c;
            assert_int_equal(room_id_ok((struct str){ text, ROOM_ID_CHARS }), want);
        }
    }
}

static void no_room_can_be_called_like_anothers_control_room(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 60; len++) {
        char text[64];
        memset(text, 'a', sizeof(text));
        assert_int_equal(room_id_ok((struct str){ text, len }), len == ROOM_ID_CHARS);
        if (len >= 8) {
            memcpy(text + len - 8, "-control", 8);
            assert_int_equal(room_id_ok((struct str){ text, len }), len == ROOM_ID_CHARS);
        }
    }
}

static enum err subject_within(struct arena *mem, void *context)
{
    struct str subject;
    enum err e = member_subject(context, mem, &subject);

    if (e == ERR_NONE)
        assert_str(subject, WRITER);
    return e;
}

static void a_subject_is_the_role_and_the_room(void **state)
{
    struct member viewer = { ROLE_VIEWER, STR_INIT(ROOM) };
    struct member writer = { ROLE_WRITER, STR_INIT(ROOM) };
    struct member member;
    struct arena mem;
    struct str subject;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(member_subject(&viewer, &mem, &subject), ERR_NONE);
    assert_str(subject, VIEWER);
    assert_err(member_parse(subject, &member), ERR_NONE);
    assert_int_equal(member.role, ROLE_VIEWER);
    assert_str(member.room, ROOM);
    assert_err(member_subject(&writer, &mem, &subject), ERR_NONE);
    assert_str(subject, WRITER);
    assert_err(member_parse(subject, &member), ERR_NONE);
    assert_int_equal(member.role, ROLE_WRITER);
    assert_str(member.room, ROOM);
    arena_free(&mem);
    sweep(subject_within, &writer);
}

static const char *const foreign_subjects[] = {
    "w",
    "w.",
    ".",
    "." ROOM,
    ROOM,
    "w" ROOM,
    "w-" ROOM,
    "W." ROOM,
    "V." ROOM,
    "x." ROOM,
    "wv." ROOM,
    " w." ROOM,
    "w. " ROOM,
    "w." ROOM " ",
    "w." ROOM "0",
    "w." CONTROL,
    "v." CONTROL,
    "w.short",
    "w..0123456789ABCDEFabcd-",
    "w.0123456789ABCDEFabcd-/",
    "user",
    "0",
    "null",
};

static void other_subjects_are_not_ours(void **state)
{
    struct member member;

    (void)state;
    for (size_t i = 0; i < COUNT(foreign_subjects); i++) {
        struct str subject = exact(str_from(foreign_subjects[i]));
        assert_err(member_parse(subject, &member), ERR_DENIED);
        exact_free(subject);
    }
    assert_err(member_parse(STR(""), &member), ERR_DENIED);
    assert_err(member_parse((struct str){ NULL, 0 }, &member), ERR_DENIED);
    for (size_t len = 0; len < STR(WRITER).len; len++) {
        struct str subject = exact(str_first(STR(WRITER), len));
        assert_err(member_parse(subject, &member), ERR_DENIED);
        exact_free(subject);
    }
}

static enum err key_message_within(struct arena *mem, void *context)
{
    struct str message;

    (void)context;
    return writer_key_message(STR(ROOM), mem, &message);
}

static void a_writer_key_signs_a_purpose_and_the_room(void **state)
{
    struct arena mem;
    struct str message;
    struct str again;
    struct str other;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(writer_key_message(STR(ROOM), &mem, &message), ERR_NONE);
    assert_err(writer_key_message(STR(ROOM), &mem, &again), ERR_NONE);
    assert_err(writer_key_message(STR(FOREIGN), &mem, &other), ERR_NONE);
    assert_same(message, again);
    assert_false(str_equal(message, other));
    /* More than the room: else whatever else is signed with the secret could be one. */
    assert_true(message.len > STR(ROOM).len);
    assert_non_null(memmem(message.ptr, message.len, ROOM, strlen(ROOM)));
    arena_free(&mem);
    sweep(key_message_within, NULL);
}

/* An event and what was decided about it. */
struct decision {
    struct arena mem;
    struct str args[4];
    struct app_socket event;
};

static void decide(struct decision *d)
{
    const struct app_plan *plan = &d->event.plan;

    arena_init(&d->mem, TEST_MEMORY);
    d->event.mem = &d->mem;
    app_decide(&codestream_app, &d->event);
    assert_that(!plan->is_void);
    assert_that(plan->count <= APP_MAX_ACTIONS);
    if (plan->refusal != APP_ACCEPTED) {
        assert_that(plan->message && strlen(plan->message) > 0);
        assert_that(!strpbrk(plan->message, "\"\\\n"));
    }
}

static void done(struct decision *d)
{
    arena_free(&d->mem);
}

static void decide_on(struct decision *d, enum app_event_kind kind, const char *user)
{
    *d = (struct decision){ .event = { .kind = kind,
                                       .nsp = STR_INIT("/"),
                                       .id = STR_INIT(SOCKET),
                                       .user = str_from(user) } };
    d->event.args = d->args;
    decide(d);
}

/* The member emits an event with one argument, or with none. */
static void emit(struct decision *d, const char *user, const char *name, const char *arg)
{
    *d = (struct decision){ .event = { .kind = APP_MESSAGE,
                                       .nsp = STR_INIT("/"),
                                       .id = STR_INIT(SOCKET),
                                       .user = str_from(user),
                                       .event = str_from(name),
                                       .arg_count = arg ? 1 : 0 } };
    d->event.args = d->args;
    d->args[0] = str_from(arg);
    decide(d);
}

static struct str field(struct str object, const char *name)
{
    struct json_field f = { .name = str_from(name) };

    assert_err(json_members(object, &f, 1), ERR_NONE);
    return f.value;
}

/* What stands between the quotes. */
static struct str text_field(struct str object, const char *name)
{
    struct str value = field(object, name);

    assert_that(value.len >= 2 && value.ptr[0] == '"');
    return str_first(str_skip(value, 1), value.len - 2);
}

static const struct app_action *action(const struct decision *d, size_t i)
{
    assert_that(i < d->event.plan.count);
    return &d->event.plan.actions[i];
}

/* The one name in a list that has one, or the empty one of a list without any. */
static struct str only(struct str_list rooms)
{
    assert_that(rooms.count <= 1);
    return rooms.count == 1 ? rooms.at[0] : STR("");
}

/* The room that an emit goes to, or that a join opens. */
static struct str room_in(const struct app_action *a)
{
    return only(a->kind == APP_JOIN ? a->rooms : a->to.rooms);
}

static void is_join(const struct decision *d, size_t i, const char *room)
{
    assert_int_equal(action(d, i)->kind, APP_JOIN);
    assert_same(room_in(action(d, i)), str_from(room));
    assert_str(only(action(d, i)->to.rooms), SOCKET);
    assert_false(action(d, i)->to.may_fail);
}

static struct str is_emit(const struct decision *d, size_t i, const char *room,
                          const char *name)
{
    const struct app_action *a = action(d, i);

    assert_int_equal(a->kind, APP_EMIT);
    assert_int_equal(a->to.rooms.count, 1);
    assert_same(room_in(a), str_from(room));
    assert_same(a->name, str_from(name));
    return a->args;
}

/* Of emits with a condition, an exception, neither or both. */
static void is_limited(const struct decision *d, size_t i, const char *within,
                       const char *except)
{
    assert_same(action(d, i)->to.within, str_from(within));
    assert_same(only(action(d, i)->to.except), str_from(except));
}

/* Others hear of this socket, itself does not.  A failure concerns nobody. */
static void is_presence(const struct decision *d, size_t i, const char *room, const char *role,
                        const char *state)
{
    struct str args = is_emit(d, i, room, "presence");

    assert_same(text_field(args, "role"), str_from(role));
    assert_same(text_field(args, "state"), str_from(state));
    assert_str(text_field(args, "from"), SOCKET);
    assert_true(action(d, i)->to.may_fail);
    is_limited(d, i, "", SOCKET);
}

static void is_refused(const struct decision *d, enum app_refusal refusal)
{
    assert_int_equal(d->event.plan.refusal, refusal);
    assert_int_equal(d->event.plan.count, 0);
}

/* A refused joinRoom joins nothing and says so to the socket, and to nobody else. */
static void is_refused_join(const struct decision *d, enum app_refusal refusal)
{
    struct str args;
    struct str error;

    assert_int_equal(d->event.plan.refusal, refusal);
    assert_int_equal(d->event.plan.count, 1);
    args = is_emit(d, 0, SOCKET, "message");
    is_limited(d, 0, "", "");
    assert_str(field(args, "type"), "\"ackJoinRoom\"");
    assert_str(field(args, "success"), "false");
    error = field(args, "error");
    assert_same(text_field(error, "code"), app_refusal_code(refusal));
    assert_true(text_field(error, "message").len > 0);
}

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

/* Both spellings of both sides; keys and values may be escaped, other fields may be there. */
static const char *const own_rooms[] = {
    "{\"room_id\":\"" ROOM "\"}",
    "{\"room_id\":\"" CONTROL "\"}",
    "{\"\\u0072oom_id\":\"" ROOM "\"}",
    "{\"room_id\":\"\\u0030123456789ABCDEFabcd\\u002d_\"}",
    "{\"room_id\":\"" ROOM "\\u002dcontrol\"}",
    " { \"colour\" : [1], \"room_id\" : \"" ROOM "\", \"colour\" : 2 } ",
};

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

/* What names no room at all, with or without the data that sendToRoom wants. */
static const char *const malformed[] = {
    NULL,
    "{}",
    "{\"data\":1}",
    "{\"room_id\":null,\"data\":1}",
    "{\"room_id\":1,\"data\":1}",
    "{\"room_id\":true,\"data\":1}",
    "{\"room_id\":[\"" ROOM "\"],\"data\":1}",
    "{\"room_id\":{\"room_id\":\"" ROOM "\"},\"data\":1}",
    "{\"room_id\":\"\\ud800\",\"data\":1}",
    "{\"room_id\":\"" ROOM "\",\"room_id\":\"" ROOM "\",\"data\":1}",
    "{\"room_id\":\"" ROOM "\",\"\\u0072oom_id\":\"" FOREIGN "\",\"data\":1}",
    "{\"Room_id\":\"" ROOM "\",\"data\":1}",
    "{\"data\":{\"room_id\":\"" ROOM "\"}}",
    "[\"" ROOM "\"]",
    "\"" ROOM "\"",
    "null",
    "1",
    "[]",
};

/* What names a room, but not the socket's own: too short, too long, another. */
static const char *const not_own[] = {
    "{\"room_id\":\"" FOREIGN "\",\"data\":1}",
    "{\"room_id\":\"" FOREIGN "-control\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-control-control\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-Control\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-contro\",\"data\":1}",
    "{\"room_id\":\"" ROOM "\\u0000\",\"data\":1}",
    "{\"room_id\":\"" ROOM " \",\"data\":1}",
    "{\"room_id\":\"0123456789abcdefabcd-_\",\"data\":1}",
    "{\"room_id\":\"0123456789ABCDEFabcd-\",\"data\":1}",
    "{\"room_id\":\"" SOCKET "\",\"data\":1}",
    "{\"room_id\":\"\",\"data\":1}",
    "{\"room_id\":\"-control\",\"data\":1}",
};

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

#define SEND(data) "{\"room_id\":\"" ROOM "\",\"data\":" data "}"
#define SEND_CONTROL(data) "{\"room_id\":\"" CONTROL "\",\"data\":" data "}"

static void a_writers_edit_reaches_the_room_but_not_its_sender(void **state)
{
    static const char *const spellings[] = { SEND("{\"v\":1e2}"), SEND_CONTROL("{\"v\":1e2}") };

    (void)state;
    for (size_t i = 0; i < COUNT(spellings); i++) {
        struct decision d;
        emit(&d, WRITER, "sendToRoom", spellings[i]);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 1);
        assert_str(is_emit(&d, 0, ROOM, "message"),
                   "{\"type\":\"editorMessage\",\"data\":{\"v\":1e2}}");
        is_limited(&d, 0, "", SOCKET);
        assert_false(action(&d, 0)->to.may_fail);
        done(&d);
    }
}

static void what_a_viewer_says_reaches_the_writer_with_its_sender(void **state)
{
    static const char *const spellings[] = { SEND("{\"data\":\"sync\"}"),
                                             SEND_CONTROL("{\"data\":\"sync\"}") };

    (void)state;
    for (size_t i = 0; i < COUNT(spellings); i++) {
        struct decision d;
        struct str args;
        emit(&d, VIEWER, "sendToRoom", spellings[i]);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 1);
        args = is_emit(&d, 0, CONTROL, "message");
        assert_str(field(args, "type"), "\"editorMessage\"");
        assert_str(field(args, "data"), "{\"data\":\"sync\"}");
        assert_str(field(args, "from"), "\"" SOCKET "\"");
        is_limited(&d, 0, "", SOCKET);
        assert_false(action(&d, 0)->to.may_fail);
        done(&d);
    }
}

static void nobody_chooses_whom_a_message_is_from(void **state)
{
    static const char forged[] = "{\"room_id\":\"" ROOM "\",\"data\":{\"from\":\"inner\"},"
                                 "\"from\":\"other\"}";
    struct decision d;

    (void)state;
    emit(&d, VIEWER, "sendToRoom", forged);
    assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
    assert_str(field(is_emit(&d, 0, CONTROL, "message"), "from"), "\"" SOCKET "\"");
    done(&d);
    emit(&d, WRITER, "sendToRoom", forged);
    assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
    assert_null(field(is_emit(&d, 0, ROOM, "message"), "from").ptr);
    done(&d);
}

static void data_passes_byte_for_byte(void **state)
{
    static const struct str data[] = {
        STR_INIT("null"),
        STR_INIT("0.10"),
        STR_INIT("1e5"),
        STR_INIT("-0"),
        STR_INIT("12345678901234567890"),
        STR_INIT("\"\\u0000\\/\\u00e9\""),
        STR_INIT("\"\""),
        STR_INIT("\"\\ud800\""),
        STR_INIT("[]"),
        STR_INIT("{}"),
        STR_INIT("false"),
        STR_INIT("{ \"a\" : [ 1 ,\t2 ] ,\"a\":\"\xc3\xa4\" }"),
        STR_INIT("\"-control\""),
    };
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(data); i++) {
        char arg[256];
        struct decision d;
        struct str got;
        (void)snprintf(arg, sizeof(arg), "{\"data\" : %.*s ,\"room_id\":\"" ROOM "\"}",
                       STR_ARG(data[i / 2]));
        emit(&d, members[i % 2], "sendToRoom", arg);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        got = is_emit(&d, 0, i % 2 ? CONTROL : ROOM, "message");
        assert_same(field(got, "data"), data[i / 2]);
        done(&d);
    }
}

static void a_writer_may_answer_one_socket_in_the_room(void **state)
{
    static const char *const answers[] = {
        "{\"room_id\":\"" ROOM "\",\"to\":\"asker\",\"data\":{\"full\":1}}",
        "{\"room_id\":\"" CONTROL "\",\"to\":\"\\u0061sker\",\"data\":{\"full\":1}}",
        "{\"room_id\":\"" ROOM "\",\"t\\u006f\":\"asker\",\"data\":{\"full\":1}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct decision d;
        emit(&d, WRITER, "sendToRoom", answers[i]);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 1);
        assert_str(is_emit(&d, 0, "asker", "message"),
                   "{\"type\":\"editorMessage\",\"data\":{\"full\":1}}");
        /* The service itself checks that the asker is in the room. */
        is_limited(&d, 0, ROOM, "");
        done(&d);
    }
}

static void a_viewer_addresses_nobody(void **state)
{
    struct decision d;

    (void)state;
    emit(&d, VIEWER, "sendToRoom",
         "{\"room_id\":\"" ROOM "\",\"to\":\"other-viewer\",\"data\":1}");
    is_refused(&d, APP_FORBIDDEN);
    done(&d);
}

static void a_recipient_is_a_string(void **state)
{
    static const char *const recipients[] = { "1",           "true",        "[]",  "{}",
                                              "[\"asker\"]", "\"\\udc00\"", "\"\"" };

    (void)state;
    for (size_t i = 0; i < COUNT(recipients); i++) {
        char arg[200];
        struct decision d;
        (void)snprintf(arg, sizeof(arg), "{\"room_id\":\"" ROOM "\",\"data\":1,\"to\":%s}",
                       recipients[i]);
        emit(&d, WRITER, "sendToRoom", arg);
        is_refused(&d, APP_BAD_REQUEST);
        done(&d);
    }
}

/* The service refuses longer group names than that of a room of 764 bytes. */
static void a_recipient_is_no_longer_than_a_room_can_be(void **state)
{
    static const size_t lengths[] = { 20, 64, 765, 4000 };

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char arg[5000];
        char id[4001] = { 0 };
        struct decision d;
        memset(id, 'a', lengths[i]);
        (void)snprintf(arg, sizeof(arg), "{\"room_id\":\"" ROOM "\",\"data\":1,\"to\":\"%s\"}",
                       id);
        emit(&d, WRITER, "sendToRoom", arg);
        if (lengths[i] <= 64)
            assert_same(room_in(action(&d, 0)), str_from(id));
        else
            is_refused(&d, APP_BAD_REQUEST);
        done(&d);
    }
}

static void a_send_with_malformed_arguments_is_refused(void **state)
{
    static const char *const others[] = {
        "{\"room_id\":\"" ROOM "\"}",
        "{\"room_id\":\"" ROOM "\",\"data\":1,\"data\":2}",
        "{\"room_id\":\"" ROOM "\",\"data\":1,\"d\\u0061ta\":2}",
        "{\"room_id\":\"" ROOM "\",\"Data\":1}",
    };
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < 2 * (COUNT(malformed) + COUNT(others)); i++) {
        struct decision d;
        bool missing = i / 2 >= COUNT(malformed);
        emit(&d, members[i % 2], "sendToRoom",
             missing ? others[i / 2 - COUNT(malformed)] : malformed[i / 2]);
        is_refused(&d, APP_BAD_REQUEST);
        done(&d);
    }
}

static void nobody_speaks_to_another_room(void **state)
{
    static const char *const members[] = { WRITER, VIEWER };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(not_own); i++) {
        struct decision d;
        emit(&d, members[i % 2], "sendToRoom", not_own[i / 2]);
        if (i / 2 >= 2 && d.event.plan.refusal == APP_BAD_REQUEST)
            is_refused(&d, APP_BAD_REQUEST);
        else
            is_refused(&d, APP_FORBIDDEN);
        done(&d);
    }
}

static void a_stranger_says_nothing(void **state)
{
    struct decision d;

    (void)state;
    emit(&d, "", "sendToRoom", SEND("1"));
    is_refused(&d, APP_FORBIDDEN);
    done(&d);
    for (size_t i = 0; i < COUNT(foreign_subjects); i++) {
        emit(&d, foreign_subjects[i], "sendToRoom", SEND("1"));
        is_refused(&d, APP_FORBIDDEN);
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
        cmocka_unit_test(a_room_id_is_22_characters_of_base64url),
        cmocka_unit_test(no_room_can_be_called_like_anothers_control_room),
        cmocka_unit_test(a_subject_is_the_role_and_the_room),
        cmocka_unit_test(other_subjects_are_not_ours),
        cmocka_unit_test(a_writer_key_signs_a_purpose_and_the_room),
        cmocka_unit_test(members_may_connect),
        cmocka_unit_test(nobody_connects_without_a_subject_of_ours),
        cmocka_unit_test(only_the_root_namespace_exists),
        cmocka_unit_test(who_is_connected_is_told_to_log_in),
        cmocka_unit_test(those_whom_it_concerns_hear_who_is_gone),
        cmocka_unit_test(a_stranger_comes_and_goes_without_a_word),
        cmocka_unit_test(a_writer_joins_the_control_room_by_either_name),
        cmocka_unit_test(a_viewer_joins_the_room_by_either_name),
        cmocka_unit_test(a_join_with_malformed_arguments_is_refused),
        cmocka_unit_test(nobody_joins_another_room),
        cmocka_unit_test(a_stranger_joins_nothing),
        cmocka_unit_test(a_writers_edit_reaches_the_room_but_not_its_sender),
        cmocka_unit_test(what_a_viewer_says_reaches_the_writer_with_its_sender),
        cmocka_unit_test(nobody_chooses_whom_a_message_is_from),
        cmocka_unit_test(data_passes_byte_for_byte),
        cmocka_unit_test(a_writer_may_answer_one_socket_in_the_room),
        cmocka_unit_test(a_viewer_addresses_nobody),
        cmocka_unit_test(a_recipient_is_a_string),
        cmocka_unit_test(a_recipient_is_no_longer_than_a_room_can_be),
        cmocka_unit_test(a_send_with_malformed_arguments_is_refused),
        cmocka_unit_test(nobody_speaks_to_another_room),
        cmocka_unit_test(a_stranger_says_nothing),
        cmocka_unit_test(other_events_are_unknown),
        cmocka_unit_test(the_event_itself_is_left_alone),
        cmocka_unit_test(a_plan_is_whole_or_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
