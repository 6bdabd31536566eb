#include "test.h"

#include <jansson.h>

#include "wire/json.h"

static void a_name_is_the_same_however_it_is_escaped(void **state)
{
    static const struct {
        struct str text;
        struct str name;
    } same[] = {
        { STR_INIT("{\"\\u0072oom_id\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"room\\u005fid\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"\\u0072\\u006F\\u006f\\u006d\\u005F\\u0069\\u0064\":1}"),
          STR_INIT("room_id") },
        { STR_INIT("{\"\\u00e4\":1}"), STR_INIT("\xc3\xa4") },
        { STR_INIT("{\"\xc3\xa4\":1}"), STR_INIT("\xc3\xa4") },
        { STR_INIT("{\"\\u20AC\":1}"), STR_INIT("\xe2\x82\xac") },
        { STR_INIT("{\"\\ud83d\\ude00\":1}"), STR_INIT("\xf0\x9f\x98\x80") },
        { STR_INIT("{\"\\/\\\\\\\"\":1}"), STR_INIT("/\\\"") },
        { STR_INIT("{\"\\b\\f\\n\\r\\t\":1}"), STR_INIT("\b\f\n\r\t") },
        { STR_INIT("{\"a\\u0000b\":1}"), STR_INIT("a\0b") },
        { STR_INIT("{\"\":1}"), STR_INIT("") },
    };
    static const struct {
        struct str text;
        struct str name;
    } other[] = {
        { STR_INIT("{\"Room_id\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"room_i\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"room_id_\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"room_id\\u0000\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"\\\\u0072oom_id\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"\":1}"), STR_INIT("room_id") },
        { STR_INIT("{\"\\ud800\":1}"), STR_INIT("\xed\xa0\x80") },
        { STR_INIT("{\"\\ud83d\":1}"), STR_INIT("\xf0\x9f\x98\x80") },
        { STR_INIT("{\"\\u00e4\":1}"), STR_INIT("\xc3") },
        { STR_INIT("{\"\\u00e4\":1}"), STR_INIT("\xe4") },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        struct json_field field = { .name = exact(same[i].name) };
        assert_err(json_members(same[i].text, &field, 1), ERR_NONE);
        assert_str(field.value, "1");
        exact_free(field.name);
    }
    for (size_t i = 0; i < COUNT(other); i++) {
        struct json_field field = { .name = exact(other[i].name) };
        assert_err(json_members(other[i].text, &field, 1), ERR_NONE);
        assert_null(field.value.ptr);
        exact_free(field.name);
    }
}

static void a_string_spells_a_text_in_one_way_only(void **state)
{
    static const struct str texts[] = { STR_INIT("room_id"), STR_INIT(""), STR_INIT("a\0b"),
                                        STR_INIT("\xf0\x9f\x98\x80") };
    static const struct {
        struct str value;
        size_t text; /* the one it spells; COUNT(texts): none */
    } values[] = {
        { STR_INIT("\"room_id\""), 0 },
        { STR_INIT("\"room\\u005Fid\""), 0 },
        { STR_INIT("\"\""), 1 },
        { STR_INIT("\"a\\u0000b\""), 2 },
        { STR_INIT("\"\xf0\x9f\x98\x80\""), 3 },
        { STR_INIT("\"\\uD83D\\ude00\""), 3 },
        { STR_INIT("\"room_i\""), 4 },
        { STR_INIT("\"room_id\\n\""), 4 },
        { STR_INIT("\"\\nroom_id\""), 4 },
        { STR_INIT("\"\\ud83d\""), 4 },
        { STR_INIT("\"room_i\\ud83d\""), 4 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct str value = exact(values[i].value);
        for (size_t j = 0; j < COUNT(texts); j++) {
            struct str text = exact(texts[j]);
            assert_int_equal(json_spells(value, text), values[i].text == j);
            exact_free(text);
        }
        exact_free(value);
    }
}

/* As a careful caller does: json_text is for what a reader has handed out. */
static enum err unescape(struct str text, struct arena *mem, struct str *out)
{
    struct str value;

    assert_err(json_check(text, &value), ERR_NONE);
    return json_text(value, mem, out);
}

static void a_plain_string_is_a_view(void **state)
{
    static const struct str texts[] = { STR_INIT("\"room\""), STR_INIT(" \"\xc3\xa4 {}\" "),
                                        STR_INIT("\"\"") };
    struct arena mem;

    (void)state;
    arena_init(&mem, 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct str out;
        struct str want = without_space(texts[i]);
        assert_err(unescape(texts[i], &mem, &out), ERR_NONE);
        assert_same(out, str_first(str_skip(want, 1), want.len - 2));
        assert_true(is_within(out, texts[i]));
    }
    arena_free(&mem);
}

static void escapes_become_what_they_stand_for(void **state)
{
    static const struct {
        struct str text;
        struct str want;
    } cases[] = {
        { STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR_INIT("\"\\/\b\f\n\r\t") },
        { STR_INIT("\"\\u0041b\\u0043\""), STR_INIT("AbC") },
        { STR_INIT("\"a\\u0000b\""), STR_INIT("a\0b") },
        { STR_INIT("\"\\u007f\\u0080\\u07ff\\u0800\\uffff\""),
          STR_INIT("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf") },
        { STR_INIT("\"\\u00e4\\u00E4\xc3\xa4\""), STR_INIT("\xc3\xa4\xc3\xa4\xc3\xa4") },
        { STR_INIT("\"\\ud83d\\ude00\\uD83D\\uDE00\""),
          STR_INIT("\xf0\x9f\x98\x80\xf0\x9f\x98\x80") },
        { STR_INIT("\"\\ud800\\udc00\\udbff\\udfff\""),
          STR_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") },
        { STR_INIT("\"\\\\u0041\\\\\""), STR_INIT("\\u0041\\") },
    };
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str text = exact(cases[i].text);
        struct str out;
        assert_err(unescape(text, &mem, &out), ERR_NONE);
        exact_free(text); /* what was unescaped is a copy */
        assert_same(out, cases[i].want);
    }
    arena_free(&mem);
}

static void a_lone_surrogate_is_no_text(void **state)
{
    static const struct str texts[] = {
        STR_INIT("\"\\ud800\""),
        STR_INIT("\"\\udc00\""),
        STR_INIT("\"\\udbffx\""),
        STR_INIT("\"x\\udfff\""),
        STR_INIT("\"\\ud83d\\ud83d\""),
        STR_INIT("\"\\ude00\\ud83d\""),
        STR_INIT("\"\\ud83d\\u0041\""),
        STR_INIT("\"\\ud83d\\n\""),
        STR_INIT("\"\\ud83d ude00\""),
        STR_INIT("\"\\ud83d\\\\ude00\""),
        STR_INIT("\"\\ud83d\\ue000\""),
        STR_INIT("\"\\ud83d\\udbff\""),
        STR_INIT("\"\\ud83d\\ude00\\ud83d\""),
    };
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct str text = exact(texts[i]);
        struct str out;
        assert_err(unescape(text, &mem, &out), ERR_SYNTAX);
        exact_free(text);
    }
    arena_free(&mem);
}

static void other_values_are_no_string(void **state)
{
    static const struct str texts[] = { STR_INIT("1"),  STR_INIT("null"),    STR_INIT("true"),
                                        STR_INIT("{}"), STR_INIT("[\"a\"]"), STR_INIT("-0") };
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct str out;
        assert_err(unescape(texts[i], &mem, &out), ERR_SYNTAX);
    }
    arena_free(&mem);
}

static enum err unescape_within(struct arena *mem, void *context)
{
    struct str out;
    enum err e =
        unescape(STR("\"\\u0041 text that is longer than one small step\\n\""), mem, &out);

    (void)context;
    if (e == ERR_NONE)
        assert_str(out, "A text that is longer than one small step\n");
    return e;
}

static enum err escape_within(struct arena *mem, void *context)
{
    struct buf out = { .mem = mem };
    struct str text;
    enum err e;

    (void)context;
    for (int i = 0; i < 100; i++)
        json_add_string(&out, STR("a \"quoted\" word"));
    e = buf_done(&out, &text);
    if (e == ERR_NONE)
        assert_true(str_starts(text, STR("\"a \\\"quoted\\\" word\"\"a ")));
    return e;
}

static void strings_are_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(unescape_within, NULL);
    sweep(escape_within, NULL);
}

static struct str escaped(struct arena *mem, struct str s)
{
    struct buf out = { .mem = mem };
    struct str text;

    json_add_string(&out, s);
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void a_written_string_reads_as_what_it_was(void **state)
{
    char all[128 + 16];
    struct str texts[] = { STR_INIT(""),
                           STR_INIT("room"),
                           STR_INIT("\"\\/"),
                           STR_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
                           STR_INIT("\xe2\x80\xa8\xe2\x80\xa9</script>"),
                           { all, 128 } };
    struct arena mem;

    (void)state;
    for (size_t i = 0; i < 128; i++)
        all[i] = (char)i;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct str in = exact(texts[i]);
        struct str text = escaped(&mem, in);
        struct str out;
        json_t *tree = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_err(unescape(text, &mem, &out), ERR_NONE);
        assert_same(out, texts[i]);
        assert_non_null(tree);
        assert_same(((struct str){ json_string_value(tree), json_string_length(tree) }),
                    texts[i]);
        json_decref(tree);
        exact_free(in);
    }
    assert_str(escaped(&mem, STR("room_1 \xc3\xa4")), "\"room_1 \xc3\xa4\"");
    assert_str(escaped(&mem, STR("\"\\")), "\"\\\"\\\\\"");
    arena_free(&mem);
}

/* Wherever it stands, and beside whatever has to be escaped. */
static void what_is_not_utf8_is_told_and_passed_on(void **state)
{
    static const char *const places[][2] = { { "", "" },      { "a", "" },
                                             { "", "b" },     { "eight by", "tes" },
                                             { "\"", "\\" },  { "\xc3\xa4", "\xc3\xa4" },
                                             { "\n", "\x7f" } };
    static const char *const bad[] = { "\x80", "\xc3", "\xed\xa0\x80", "\xf5", "\xc0\xaf" };
    static const char *const good[] = { "", "\xc3\xa4", "\xf0\x9f\x98\x80", "\"", "\x01" };
    struct arena mem;

    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        for (size_t j = 0; j < COUNT(bad); j++) {
            arena_init(&mem, TEST_MEMORY);
            struct buf text = { .mem = &mem }, out = { .mem = &mem };
            struct str wrong, written, value;
            buf_add_all(&text, str_from(places[i][0]), str_from(bad[j]),
                        str_from(places[i][1]));
            assert_err(buf_done(&text, &wrong), ERR_NONE);
            wrong = exact(wrong);
            assert_false(json_is_text(wrong));
            assert_false(json_add_string(&out, wrong));
            assert_err(buf_done(&out, &written), ERR_NONE);
            assert_err(json_check(written, &value), ERR_SYNTAX);
            assert_non_null(memmem(written.ptr, written.len, bad[j], strlen(bad[j])));
            exact_free(wrong);
            arena_free(&mem);
        }
        for (size_t j = 0; j < COUNT(good); j++) {
            arena_init(&mem, TEST_MEMORY);
            struct buf text = { .mem = &mem }, out = { .mem = &mem };
            struct str right;
            buf_add_all(&text, str_from(places[i][0]), str_from(good[j]),
                        str_from(places[i][1]));
            buf_add_char(&text, '.');
            assert_err(buf_done(&text, &right), ERR_NONE);
            right = exact(right);
            assert_true(json_is_text(right));
            assert_true(json_add_string(&out, right));
            exact_free(right);
            arena_free(&mem);
        }
    }
    assert_true(json_is_text((struct str){ NULL, 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_the_same_however_it_is_escaped),
        cmocka_unit_test(a_string_spells_a_text_in_one_way_only),
        cmocka_unit_test(a_plain_string_is_a_view),
        cmocka_unit_test(escapes_become_what_they_stand_for),
        cmocka_unit_test(a_lone_surrogate_is_no_text),
        cmocka_unit_test(other_values_are_no_string),
        cmocka_unit_test(strings_are_whole_or_out_of_memory),
        cmocka_unit_test(a_written_string_reads_as_what_it_was),
        cmocka_unit_test(what_is_not_utf8_is_told_and_passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
