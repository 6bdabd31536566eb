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

static void a_subject_is_the_role_and_the_room(void **state)
{
    struct member member;

    (void)state;
    assert_err(member_parse(STR(VIEWER), &member), ERR_NONE);
    assert_int_equal(member.role, ROLE_VIEWER);
    assert_str(member.room, ROOM);
    assert_err(member_parse(STR(WRITER), &member), ERR_NONE);
    assert_int_equal(member.role, ROLE_WRITER);
    assert_str(member.room, ROOM);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_id_is_22_characters_of_base64url),
        cmocka_unit_test(no_room_can_be_called_like_anothers_control_room),
        cmocka_unit_test(a_subject_is_the_role_and_the_room),
        cmocka_unit_test(other_subjects_are_not_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
