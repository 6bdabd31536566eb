#include "codestream.h"

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

/* A list of so many ids, each of so many letters. */
static struct str list_ids(struct buf *out, size_t count, size_t chars)
{
    struct str text;

    for (size_t i = 0; i < count; i++) {
        buf_add(out, i > 0 ? STR(",\"") : STR("[\""));
        for (size_t j = 0; j < chars; j++)
            buf_add_char(out, (char)('a' + (i + j) % 26));
        buf_add_char(out, '"');
    }
    buf_add_char(out, ']');
    assert_err(buf_done(out, &text), ERR_NONE);
    return text;
}

static void answer_list(struct decision *d, struct arena *mem, size_t count, size_t chars)
{
    struct buf ids = { .mem = mem }, arg = { .mem = mem };
    struct str text;

    buf_add_all(&arg, STR("{\"room_id\":\"" ROOM "\",\"data\":1,\"to\":"),
                list_ids(&ids, count, chars), STR("}"));
    buf_add_char(&arg, '\0');
    assert_err(buf_done(&arg, &text), ERR_NONE);
    emit(d, WRITER, "sendToRoom", text.ptr);
}

static void a_writer_may_answer_several_sockets_at_once(void **state)
{
    static const size_t counts[] = { 1, 2, 49, 50 };
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct decision d;
        answer_list(&d, &mem, counts[i], 20);
        assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        assert_int_equal(d.event.plan.count, 1);
        assert_int_equal(action(&d, 0)->to.rooms.count, counts[i]);
        for (size_t j = 0; j < counts[i]; j++) {
            assert_int_equal(action(&d, 0)->to.rooms.at[j].len, 20);
            assert_int_equal(action(&d, 0)->to.rooms.at[j].ptr[0], 'a' + j % 26);
        }
        is_limited(&d, 0, ROOM, "");
        done(&d);
    }
    arena_free(&mem);
}

/* 50 at most, and only as long as their filter has 4,096 characters at most. */
static void a_list_that_does_not_fit_is_refused(void **state)
{
    static const struct {
        size_t count, chars;
        enum app_refusal refusal;
    } cases[] = {
        { 51, 1, APP_BAD_REQUEST },  { 5000, 1, APP_BAD_REQUEST }, { 50, 36, APP_ACCEPTED },
        { 50, 37, APP_BAD_REQUEST }, { 20, 128, APP_ACCEPTED },    { 21, 128, APP_BAD_REQUEST },
        { 2, 129, APP_BAD_REQUEST },
    };
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decision d;
        answer_list(&d, &mem, cases[i].count, cases[i].chars);
        if (cases[i].refusal)
            is_refused(&d, cases[i].refusal);
        else
            assert_int_equal(d.event.plan.refusal, APP_ACCEPTED);
        done(&d);
    }
    arena_free(&mem);
}

static void a_recipient_is_a_string_or_a_list_of_them(void **state)
{
    static const char *const recipients[] = { "1",
                                              "true",
                                              "[]",
                                              "{}",
                                              "null",
                                              "\"\\udc00\"",
                                              "\"\"",
                                              "[1]",
                                              "[\"asker\",null]",
                                              "[\"asker\",\"\"]",
                                              "[[\"asker\"]]",
                                              "[\"asker\",\"\\ud800\"]" };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writers_edit_reaches_the_room_but_not_its_sender),
        cmocka_unit_test(what_a_viewer_says_reaches_the_writer_with_its_sender),
        cmocka_unit_test(nobody_chooses_whom_a_message_is_from),
        cmocka_unit_test(data_passes_byte_for_byte),
        cmocka_unit_test(a_writer_may_answer_one_socket_in_the_room),
        cmocka_unit_test(a_viewer_addresses_nobody),
        cmocka_unit_test(a_writer_may_answer_several_sockets_at_once),
        cmocka_unit_test(a_list_that_does_not_fit_is_refused),
        cmocka_unit_test(a_recipient_is_a_string_or_a_list_of_them),
        cmocka_unit_test(a_recipient_is_no_longer_than_a_room_can_be),
        cmocka_unit_test(a_send_with_malformed_arguments_is_refused),
        cmocka_unit_test(nobody_speaks_to_another_room),
        cmocka_unit_test(a_stranger_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
