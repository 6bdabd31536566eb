#include "codestream.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_id_is_22_characters_of_base64url),
        cmocka_unit_test(no_room_can_be_called_like_anothers_control_room),
        cmocka_unit_test(a_subject_is_the_role_and_the_room),
        cmocka_unit_test(other_subjects_are_not_ours),
        cmocka_unit_test(a_writer_key_signs_a_purpose_and_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
