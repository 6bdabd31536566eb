#include "test.h"

static void a_view_of_nothing_is_empty(void **state)
{
    (void)state;
    assert_int_equal(str_from(NULL).len, 0);
    assert_int_equal(str_from("").len, 0);
    assert_str(str_from("abc"), "abc");
    assert_int_equal(STR("a\0b").len, 3);
}

static void views_are_equal_when_their_bytes_are(void **state)
{
    const struct str nothing = { NULL, 0 };

    (void)state;
    assert_true(str_equal(STR("room"), STR("room")));
    assert_true(str_equal(STR("a\0b"), STR("a\0b")));
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
    assert_false(str_equal(STR("room"), STR("Room")));
    assert_false(str_equal(STR("room"), STR("rooms")));
    assert_false(str_equal(STR("rooms"), STR("room")));
    assert_true(str_equal(nothing, STR("")));
    assert_true(str_equal(nothing, nothing));
    assert_false(str_equal(nothing, STR("a")));
}

static void what_can_be_seen_is_ascii_without_space(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = { 'a', (char)c, 'b' };
        assert_int_equal(str_is_visible((struct str){ text, 3 }), c > 0x20 && c < 0x7f);
    }
    assert_true(str_is_visible(STR("")));
}

static void of_all_characters_of_a_view_something_holds(void **state)
{
    (void)state;
    assert_true(str_is_all(STR("0123456789"), is_digit));
    assert_true(str_is_all(STR(""), is_digit));
    assert_false(str_is_all(STR("01/"), is_digit));
    assert_false(str_is_all(STR(":01"), is_digit));
}

static void a_list_has_what_equals_one_of_it(void **state)
{
    const struct str_list list = { (const struct str[]){ STR("a"), STR("bc") }, 2 };

    (void)state;
    assert_true(str_list_has(list, STR("bc")));
    assert_false(str_list_has(list, STR("b")));
    assert_false(str_list_has((struct str_list){ NULL, 0 }, STR("")));
}

static void case_is_that_of_ascii_letters_alone(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char one = (char)a;
            char two = (char)b;
            bool letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && (a | 0x20) == (b | 0x20);
            bool same = str_equal_nocase((struct str){ &one, 1 }, (struct str){ &two, 1 });
            assert_int_equal(same, a == b || letters);
        }
    }
    assert_true(str_equal_nocase(STR("CE-SocketId"), STR("ce-socketid")));
    assert_false(str_equal_nocase(STR("ce-socketid"), STR("ce-socketi")));
    assert_false(str_equal_nocase(STR("a\0b"), STR("a\0c")));
    assert_true(str_equal_nocase((struct str){ NULL, 0 }, STR("")));
}

static void a_view_starts_and_ends_with_what_it_does(void **state)
{
    const struct str nothing = { NULL, 0 };

    (void)state;
    assert_true(str_starts(STR("sha256=ab"), STR("sha256=")));
    assert_true(str_starts(STR("sha256="), STR("sha256=")));
    assert_false(str_starts(STR("sha256"), STR("sha256=")));
    assert_false(str_starts(STR("SHA256=ab"), STR("sha256=")));
    assert_true(str_starts_nocase(STR("Azure.WebPubSub.sys.x"), STR("azure.webpubsub.sys.")));
    assert_false(str_starts_nocase(STR("azure"), STR("azure.")));
    assert_true(str_ends(STR("abc-control"), STR("-control")));
    assert_true(str_ends(STR("-control"), STR("-control")));
    assert_false(str_ends(STR("control"), STR("-control")));
    assert_false(str_ends(STR("-control."), STR("-control")));
    assert_true(str_starts(nothing, nothing));
    assert_true(str_starts_nocase(nothing, nothing));
    assert_true(str_ends(nothing, nothing));
    assert_true(str_ends(STR("a"), nothing));
    assert_false(str_ends(nothing, STR("a")));
}

static void a_view_is_shortened_at_either_end(void **state)
{
    const struct str nothing = { NULL, 0 };

    (void)state;
    assert_str(str_skip(STR("4213"), 2), "13");
    assert_str(str_skip(STR("42"), 2), "");
    assert_str(str_skip(STR("42"), 0), "42");
    assert_str(str_first(STR("4213"), 2), "42");
    assert_str(str_first(STR("42"), 0), "");
    assert_int_equal(str_skip(nothing, 0).len, 0);
    assert_int_equal(str_first(nothing, 0).len, 0);
}

static void spaces_and_tabs_around_are_trimmed(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t a b\t ")), "a b");
    assert_str(str_trim(STR("a")), "a");
    assert_str(str_trim(STR(" \t ")), "");
    assert_str(str_trim(STR("")), "");
    assert_str(str_trim(STR("\na\r")), "\na\r");
    assert_int_equal(str_trim((struct str){ NULL, 0 }).len, 0);
}

static void a_view_is_cut_at_the_first_separator(void **state)
{
    struct str rest = STR_INIT("untouched");

    (void)state;
    assert_str(str_cut(STR("a,b c"), ", ", &rest), "a");
    assert_str(rest, "b c");
    assert_str(str_cut(rest, ", ", &rest), "b");
    assert_str(rest, "c");
    assert_str(str_cut(rest, ", ", &rest), "c");
    assert_int_equal(rest.len, 0);
    assert_str(str_cut(STR("key==A"), "=", &rest), "key");
    assert_str(rest, "=A");
    assert_str(str_cut(STR(",x"), ",", &rest), "");
    assert_str(rest, "x");
    assert_str(str_cut(STR("x,"), ",", &rest), "x");
    assert_int_equal(rest.len, 0);
    assert_str(str_cut(STR(""), ",", &rest), "");
    assert_int_equal(rest.len, 0);
}

static void a_zero_byte_separates_nothing(void **state)
{
    struct str rest;

    (void)state;
    assert_str(str_cut(STR("a\0b,c"), ",", &rest), "a\0b");
    assert_str(rest, "c");
}

static void cutting_reads_no_further_than_the_view(void **state)
{
    struct str text = exact(STR("abc"));
    struct str rest;

    (void)state;
    assert_str(str_cut(text, ";", &rest), "abc");
    assert_str(str_trim(text), "abc");
    assert_false(str_starts(text, STR("abcd")));
    exact_free(text);
}

static void a_number_is_the_whole_text_within_its_bounds(void **state)
{
    static const struct {
        struct str text;
        uint64_t min, max, number;
    } good[] = {
        { STR_INIT("0"), 0, 9, 0 },
        { STR_INIT("1"), 1, 65535, 1 },
        { STR_INIT("65535"), 1, 65535, 65535 },
        { STR_INIT("18446744073709551615"), 0, UINT64_MAX, UINT64_MAX },
    };
    static const struct {
        struct str text;
        uint64_t min, max;
    } bad[] = {
        { STR_INIT(""), 0, 9 },
        { STR_INIT("0"), 1, 65535 },
        { STR_INIT("65536"), 1, 65535 },
        { STR_INIT("-1"), 0, UINT64_MAX },
        { STR_INIT("+1"), 0, 9 },
        { STR_INIT(" 1"), 0, 9 },
        { STR_INIT("1 "), 0, 9 },
        { STR_INIT("1\0"), 0, 9 },
        { STR_INIT("0x1"), 0, 9 },
        { STR_INIT("1.0"), 0, 9 },
        { STR_INIT("1e3"), 0, UINT64_MAX },
        { STR_INIT("18446744073709551616"), 0, UINT64_MAX },
        { STR_INIT("18446744073709551625"), 0, UINT64_MAX },
        { STR_INIT("28446744073709551615"), 0, UINT64_MAX },
        { STR_INIT("99999999999999999999"), 0, UINT64_MAX },
        { STR_INIT("184467440737095516160"), 0, UINT64_MAX },
    };
    uint64_t number;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct str text = exact(good[i].text);
        number = 4711;
        assert_err(str_to_number(text, good[i].min, good[i].max, &number), ERR_NONE);
        assert_true(number == good[i].number);
        exact_free(text);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_err(str_to_number(bad[i].text, bad[i].min, bad[i].max, &number), ERR_SYNTAX);
    assert_err(str_to_number((struct str){ NULL, 0 }, 0, 9, &number), ERR_SYNTAX);
}

static void a_number_is_written_in_decimal(void **state)
{
    char space[NUMBER_CHARS];

    (void)state;
    assert_str(str_of_number(0, space), "0");
    assert_str(str_of_number(7, space), "7");
    assert_str(str_of_number(10, space), "10");
    assert_str(str_of_number(1726196900, space), "1726196900");
    assert_str(str_of_number(UINT64_MAX, space), "18446744073709551615");
    assert_true(is_within(str_of_number(204, space), (struct str){ space, sizeof(space) }));
}

static void secrets_are_equal_only_when_every_byte_is(void **state)
{
    char one[67];
    char two[67];

    (void)state;
    for (size_t len = 0; len <= sizeof(one); len++) {
        memset(one, 0xa5, sizeof(one));
        memset(two, 0xa5, sizeof(two));
        assert_true(str_equal_secret((struct str){ one, len }, (struct str){ two, len }));
        for (size_t i = 0; i < len; i++) {
            for (int bit = 0; bit < 8; bit++) {
                two[i] = (char)(one[i] ^ (1 << bit));
                assert_false(
                    str_equal_secret((struct str){ one, len }, (struct str){ two, len }));
            }
            two[i] = one[i];
        }
    }
    assert_false(str_equal_secret(STR("key"), STR("keys")));
    assert_false(str_equal_secret(STR(""), STR("k")));
    assert_true(str_equal_secret((struct str){ NULL, 0 }, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_of_nothing_is_empty),
        cmocka_unit_test(views_are_equal_when_their_bytes_are),
        cmocka_unit_test(what_can_be_seen_is_ascii_without_space),
        cmocka_unit_test(of_all_characters_of_a_view_something_holds),
        cmocka_unit_test(a_list_has_what_equals_one_of_it),
        cmocka_unit_test(case_is_that_of_ascii_letters_alone),
        cmocka_unit_test(a_view_starts_and_ends_with_what_it_does),
        cmocka_unit_test(a_view_is_shortened_at_either_end),
        cmocka_unit_test(spaces_and_tabs_around_are_trimmed),
        cmocka_unit_test(a_view_is_cut_at_the_first_separator),
        cmocka_unit_test(a_zero_byte_separates_nothing),
        cmocka_unit_test(cutting_reads_no_further_than_the_view),
        cmocka_unit_test(a_number_is_the_whole_text_within_its_bounds),
        cmocka_unit_test(a_number_is_written_in_decimal),
        cmocka_unit_test(secrets_are_equal_only_when_every_byte_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
