#include "test.h"

#include "wire/json.h"

static enum err check(struct str text)
{
    struct str value;

    return json_check(text, &value);
}

static void good_json_is_taken_and_its_value_is_a_view(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "json-good.tsv", 1); vectors_next(&v);) {
        struct str text = exact(v.column[0]);
        struct str value;
        assert_err(json_check(text, &value), ERR_NONE);
        assert_same(value, without_space(v.column[0]));
        assert_that(is_within(value, text));
        exact_free(text);
    }
}

static void bad_json_is_refused_by_every_reader(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "json-bad.tsv", 1); vectors_next(&v);) {
        struct json_field field = { .name = STR_INIT("a") };
        struct str items[2];
        struct str text = exact(v.column[0]);
        size_t count;
        assert_err(check(text), ERR_SYNTAX);
        assert_err(json_elements(text, items, COUNT(items), &count), ERR_SYNTAX);
        assert_err(json_members(text, &field, 1), ERR_SYNTAX);
        exact_free(text);
    }
    assert_err(check(STR("")), ERR_SYNTAX);
    assert_err(check((struct str){ NULL, 0 }), ERR_SYNTAX);
}

/* In [text] and {"a":text}, text is as good or bad as alone. */
static void a_text_is_as_good_inside_another(void **state)
{
    static const char *const files[] = { "json-good.tsv", "json-bad.tsv" };
    struct vectors v;

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        for (vectors_open(&v, files[i], 1); vectors_next(&v);) {
            struct arena mem;
            struct json_field field = { .name = STR_INIT("a") };
            struct str text;
            struct str item;
            size_t count = 0;
            arena_init(&mem, TEST_MEMORY);
            struct buf out = { .mem = &mem };
            buf_add_all(&out, STR("{\"b\":[0,"), v.column[0], STR("],\"a\":"), v.column[0],
                        STR("}"));
            assert_err(buf_done(&out, &text), ERR_NONE);
            /* "1,2" is no text, but it may stand in an array */
            if (json_members(text, &field, 1) == ERR_NONE) {
                assert_that(i == 0);
                assert_same(field.value, without_space(v.column[0]));
            } else {
                assert_that(i == 1);
            }
            struct buf array = { .mem = &mem };
            buf_add_all(&array, STR("["), v.column[0], STR("]"));
            assert_err(buf_done(&array, &text), ERR_NONE);
            if (json_elements(text, &item, 1, &count) == ERR_NONE && count == 1)
                assert_same(item, without_space(v.column[0]));
            assert_that(i == 1 || count == 1);
            arena_free(&mem);
        }
    }
}

/* times the opening, then middle, then times the closing */
static struct str nested(struct arena *mem, size_t times, const char *open, const char *middle,
                         const char *close)
{
    struct buf out = { .mem = mem };
    struct str text;

    for (size_t i = 0; i < times; i++)
        buf_add(&out, str_from(open));
    buf_add(&out, str_from(middle));
    for (size_t i = 0; i < times; i++)
        buf_add(&out, str_from(close));
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void depth_64_is_taken_and_65_is_not(void **state)
{
    static const struct {
        const char *open, *middle, *close;
        size_t each; /* levels in one opening */
    } forms[] = {
        { "[", "", "]", 1 },
        { "[", "1", "]", 1 },
        { "{\"a\":", "1", "}", 1 },
        { "{\"a\":", "{}", "}", 1 },
        { "[{\"a\":", "\"x\"", "}]", 2 },
        { " [ 0 , ", "1", " , [] ] ", 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        for (size_t depth = 60; depth <= 70; depth++) {
            struct arena mem;
            struct str text;
            size_t inner = strcmp(forms[i].middle, "{}") == 0 || i == 5;
            if (depth % forms[i].each)
                continue;
            /* the last form's "[]" stands one level deeper than its neighbour */
            arena_init(&mem, TEST_MEMORY);
            text = nested(&mem, (depth - inner) / forms[i].each, forms[i].open, forms[i].middle,
                          forms[i].close);
            assert_err(check(text), depth <= JSON_MAX_DEPTH ? ERR_NONE : ERR_NO_MEMORY);
            arena_free(&mem);
        }
    }
}

static void depth_counts_from_the_outside_for_every_reader(void **state)
{
    struct arena mem;
    struct str items[2];
    size_t count;
    struct json_field field = { .name = STR_INIT("b") };

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_err(json_elements(nested(&mem, 64, "[", "", "]"), items, 2, &count), ERR_NONE);
    assert_err(json_elements(nested(&mem, 65, "[", "", "]"), items, 2, &count), ERR_NO_MEMORY);
    assert_err(json_members(nested(&mem, 64, "{\"a\":", "1", "}"), &field, 1), ERR_NONE);
    assert_err(json_members(nested(&mem, 65, "{\"a\":", "1", "}"), &field, 1), ERR_NO_MEMORY);
    arena_free(&mem);
}

static void many_neighbours_are_not_deep(void **state)
{
    struct arena mem;
    struct str text;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    struct buf out = { .mem = &mem };
    buf_add(&out, STR("[0"));
    for (int i = 0; i < 2000; i++)
        buf_add(&out, STR(",[{\"a\":[]}]"));
    buf_add(&out, STR("]"));
    assert_err(buf_done(&out, &text), ERR_NONE);
    assert_err(check(text), ERR_NONE);
    arena_free(&mem);
}

static void a_million_brackets_are_refused_and_the_process_lives(void **state)
{
    static const struct {
        char opening;
        enum err verdict;
    } cases[] = { { '[', ERR_NO_MEMORY }, { '{', ERR_SYNTAX }, { '"', ERR_SYNTAX } };
    size_t len = (size_t)1 << 20;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(text, cases[i].opening, len);
        assert_err(check((struct str){ text, len }), cases[i].verdict);
    }
    for (size_t i = 0; i + 5 <= len; i += 5)
        memcpy(text + i, "{\"\":[", 5);
    assert_err(check((struct str){ text, len }), ERR_NO_MEMORY);
    free(text);
}

static void only_these_escapes_exist(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = "\"\\?\"";
        bool want = c != 0 && strchr("\"\\/bfnrt", c);
        text[2] = (char)c;
        assert_int_equal(check((struct str){ text, 4 }), want ? ERR_NONE : ERR_SYNTAX);
    }
    for (int place = 3; place < 7; place++) {
        for (int c = 0; c < 256; c++) {
            char text[] = "\"\\u0000\"";
            bool want = c != 0 && strchr("0123456789abcdefABCDEF", c);
            text[place] = (char)c;
            assert_int_equal(check((struct str){ text, 8 }), want ? ERR_NONE : ERR_SYNTAX);
        }
    }
}

static void control_characters_stand_in_no_string(void **state)
{
    (void)state;
    for (int c = 0; c < 128; c++) {
        char text[] = "\"?\"";
        if (c == '"' || c == '\\')
            continue;
        text[1] = (char)c;
        assert_int_equal(check((struct str){ text, 3 }), c >= 0x20 ? ERR_NONE : ERR_SYNTAX);
    }
}

static void only_four_bytes_are_white_space(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = " 1 ";
        bool want = c != 0 && strchr(" \t\r\n", c);
        text[0] = (char)c;
        if (c != '-' && !(c >= '1' && c <= '9'))
            assert_int_equal(check((struct str){ text, 3 }), want ? ERR_NONE : ERR_SYNTAX);
        text[0] = ' ';
        text[2] = (char)c;
        if (!(c >= '0' && c <= '9'))
            assert_int_equal(check((struct str){ text, 3 }), want ? ERR_NONE : ERR_SYNTAX);
    }
}

/* Readers that take several bytes in one step judge each of them as if it came alone. */
static void a_byte_counts_wherever_it_stands(void **state)
{
    static const char around[] = { 'a', ' ', '!', '#', '[', ']', '\x7f', '0' };
    size_t taken = 0;

    (void)state;
    for (size_t len = 1; len <= 20; len++) {
        for (size_t i = 0; i < COUNT(around); i++) {
            char room[24];
            struct str text = { room, len + 2 };
            memset(room, around[i], sizeof(room));
            room[0] = room[len + 1] = '"';
            for (size_t place = 1; place <= len; place++) {
                for (int c = 0; c < 256; c++) {
                    bool want = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                    if (c == '\\' && place < len)
                        continue; /* may be an escape with what follows */
                    room[place] = (char)c;
                    assert_int_equal(check(text), want ? ERR_NONE : ERR_SYNTAX);
                    taken += want;
                }
                room[place] = around[i];
            }
        }
    }
    assert_true(taken > 0);
}

/* RFC 3629 by arithmetic: shortest form, no surrogate, at most U+10FFFF. */
static bool is_utf8(const unsigned char *bytes, size_t len)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

    for (size_t i = 0; i < len;) {
        size_t more = bytes[i] < 0x80 ? 0 : bytes[i] < 0xe0 ? 1 : bytes[i] < 0xf0 ? 2 : 3;
        uint32_t point = more ? bytes[i] & (0x3fu >> more) : bytes[i];
        if ((bytes[i] >= 0x80 && bytes[i] < 0xc0) || bytes[i] >= 0xf8 || i + more >= len)
            return false;
        for (size_t j = 1; j <= more; j++) {
            if ((bytes[i + j] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (bytes[i + j] & 0x3f);
        }
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
        i += more + 1;
    }
    return true;
}

static void utf8_is_valid_or_refused(void **state)
{
    static const unsigned char edges[] = { 'a',  0x7f, 0x80, 0x8f, 0x90,
                                           0x9f, 0xa0, 0xbf, 0xc0, 0xff };
    size_t valid = 0;

    (void)state;
    for (unsigned one = 0x80; one < 0x100; one++) {
        for (unsigned two = 0x20; two < 0x100; two++) {
            if (two == '"' || two == '\\')
                continue;
            for (size_t three = 0; three < COUNT(edges); three++) {
                for (size_t four = 0; four < COUNT(edges); four++) {
                    unsigned char text[] = {
                        '"',          (unsigned char)one, (unsigned char)two,
                        edges[three], edges[four],        '"'
                    };
                    bool want = is_utf8(text + 1, 4);
                    enum err e = check((struct str){ (char *)text, sizeof(text) });
                    assert_int_equal(e, want ? ERR_NONE : ERR_SYNTAX);
                    valid += want;
                }
            }
        }
    }
    assert_true(valid > 1000);
}

static void a_cut_utf8_sequence_is_refused(void **state)
{
    static const struct str whole[] = { STR_INIT("\xc3\xa4"), STR_INIT("\xe2\x82\xac"),
                                        STR_INIT("\xf0\x9f\x98\x80") };

    (void)state;
    for (size_t i = 0; i < COUNT(whole); i++) {
        for (size_t len = 1; len < whole[i].len; len++) {
            char text[8] = "\"";
            struct str cut;
            memcpy(text + 1, whole[i].ptr, len);
            text[1 + len] = '"';
            cut = exact((struct str){ text, len + 2 });
            assert_err(check(cut), ERR_SYNTAX);
            cut.len--; /* not even a quote behind it */
            assert_err(check(cut), ERR_SYNTAX);
            exact_free(cut);
        }
    }
}

static void an_array_is_the_spans_of_its_elements(void **state)
{
    struct str text = STR_INIT(" [ 1e2 ,\"],[\\\"\", { \"a\" : [1, 2] } ,\tnull,[[]]\n] ");
    struct str items[5];
    size_t count;

    (void)state;
    assert_err(json_elements(text, items, COUNT(items), &count), ERR_NONE);
    assert_int_equal(count, 5);
    assert_str(items[0], "1e2");
    assert_str(items[1], "\"],[\\\"\"");
    assert_str(items[2], "{ \"a\" : [1, 2] }");
    assert_str(items[3], "null");
    assert_str(items[4], "[[]]");
    for (size_t i = 0; i < count; i++)
        assert_true(is_within(items[i], text));
}

static void an_array_without_elements_has_none(void **state)
{
    size_t count = 99;

    (void)state;
    assert_err(json_elements(STR("[]"), NULL, 0, &count), ERR_NONE);
    assert_int_equal(count, 0);
    count = 99;
    assert_err(json_elements(STR(" [ \n ] "), NULL, 0, &count), ERR_NONE);
    assert_int_equal(count, 0);
}

static void elements_beyond_the_room_are_counted_and_checked(void **state)
{
    struct str items[3] = { STR_INIT("x"), STR_INIT("x"), STR_INIT("kept") };
    size_t count;

    (void)state;
    assert_err(json_elements(STR("[1,2,3,4]"), items, 2, &count), ERR_NONE);
    assert_int_equal(count, 4);
    assert_str(items[0], "1");
    assert_str(items[1], "2");
    assert_str(items[2], "kept");
    assert_err(json_elements(STR("[1,2]"), NULL, 0, &count), ERR_NONE);
    assert_int_equal(count, 2);
    assert_err(json_elements(STR("[1,2,3,]"), items, 2, &count), ERR_SYNTAX);
    assert_err(json_elements(STR("[1,2,\"\xff\"]"), items, 2, &count), ERR_SYNTAX);
}

static void other_values_are_no_array(void **state)
{
    static const struct str texts[] = { STR_INIT("{}"),   STR_INIT("1"),    STR_INIT("\"[]\""),
                                        STR_INIT("null"), STR_INIT("true"), STR_INIT("") };
    struct str items[1];
    size_t count;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_err(json_elements(texts[i], items, 1, &count), ERR_SYNTAX);
}

static void an_object_gives_the_named_fields(void **state)
{
    struct str text = STR_INIT(" { \"data\" : {\"room_id\":\"inner\", \"v\":1.0} ,"
                               "\"room\":1,\"room_id\" : \"R\\u0041\",\"x\":[] } ");
    struct json_field fields[] = {
        { .name = STR_INIT("room_id") },
        { .name = STR_INIT("to"), .value = STR_INIT("from before") },
        { .name = STR_INIT("data") },
    };

    (void)state;
    assert_err(json_members(text, fields, COUNT(fields)), ERR_NONE);
    assert_str(fields[0].value, "\"R\\u0041\"");
    assert_null(fields[1].value.ptr);
    assert_str(fields[2].value, "{\"room_id\":\"inner\", \"v\":1.0}");
    assert_true(is_within(fields[2].value, text));
    assert_str(fields[0].name, "room_id");
}

static void every_named_field_is_found_in_any_order(void **state)
{
    struct json_field fields[] = { { .name = STR_INIT("d") },
                                   { .name = STR_INIT("b") },
                                   { .name = STR_INIT("a") },
                                   { .name = STR_INIT("c") } };

    (void)state;
    assert_err(
        json_members(STR("{\"a\":1,\"b\":2,\"x\":0,\"c\":3,\"d\":4}"), fields, COUNT(fields)),
        ERR_NONE);
    assert_str(fields[0].value, "4");
    assert_str(fields[1].value, "2");
    assert_str(fields[2].value, "1");
    assert_str(fields[3].value, "3");
}

static void a_named_field_occurs_once_or_the_object_is_refused(void **state)
{
    static const struct str twice[] = {
        STR_INIT("{\"room_id\":1,\"room_id\":1}"),
        STR_INIT("{\"room_id\":1,\"x\":2,\"room_id\":null}"),
        STR_INIT("{\"\\u0072oom_id\":1,\"room_id\":2}"),
        STR_INIT("{\"room_id\":1,\"room_i\\u0064\":2}"),
    };
    struct json_field field = { .name = STR_INIT("room_id") };

    (void)state;
    for (size_t i = 0; i < COUNT(twice); i++)
        assert_err(json_members(twice[i], &field, 1), ERR_SYNTAX);
    assert_err(json_members(STR("{\"x\":1,\"x\":2,\"room_id\":3}"), &field, 1), ERR_NONE);
    assert_str(field.value, "3");
    assert_err(json_members(STR("{\"x\":1,\"x\":2}"), NULL, 0), ERR_NONE);
}

static void other_values_are_no_object(void **state)
{
    static const struct str texts[] = { STR_INIT("[]"),   STR_INIT("1"),    STR_INIT("\"{}\""),
                                        STR_INIT("null"), STR_INIT("[{}]"), STR_INIT("") };
    struct json_field field = { .name = STR_INIT("a") };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_err(json_members(texts[i], &field, 1), ERR_SYNTAX);
}

/* What was checked once is found again without a second check, to the byte. */
static void a_checked_object_has_the_same_members(void **state)
{
    static const char *const more[] = {
        "{\"a\":\"x\\\"}\",\"b\":[1,{\"c\":\"]\"}] , \"d\" : -1.5e3 }",
        "{\"a\":\"\\\\\",\"b\":\"\\\\\\\"\",\"d\":null}",
        "{\"a\":{},\"b\":[],\"d\":[[],{}]}",
        " { \"a\" : true\n,\t\"b\":\"\" } ",
        "{\"a\":1\r,\"b\":2\t,\"d\":3\n}",
        "{}",
    };
    struct vectors v;
    size_t objects = 0;

    (void)state;
    for (vectors_open(&v, "json-good.tsv", 1); vectors_next(&v);) {
        struct json_field want[] = { { .name = STR_INIT("a") }, { .name = STR_INIT("") } };
        struct json_field got[] = { want[0], want[1] };
        struct str text = exact(v.column[0]);
        if (!json_members(text, want, COUNT(want))) {
            assert_err(json_checked_members(text, got, COUNT(got)), ERR_NONE);
            for (size_t f = 0; f < COUNT(want); f++)
                assert_true(got[f].value.ptr == want[f].value.ptr &&
                            got[f].value.len == want[f].value.len);
            objects++;
        }
        exact_free(text);
    }
    assert_true(objects > 0);
    for (size_t i = 0; i < COUNT(more); i++) {
        struct json_field want[] = { { .name = STR_INIT("a") },
                                     { .name = STR_INIT("b") },
                                     { .name = STR_INIT("d") } };
        struct json_field got[] = { want[0], want[1], want[2] };
        struct str text = exact(str_from(more[i]));
        assert_err(json_members(text, want, COUNT(want)), ERR_NONE);
        assert_err(json_checked_members(text, got, COUNT(got)), ERR_NONE);
        for (size_t f = 0; f < COUNT(want); f++)
            assert_true(got[f].value.ptr == want[f].value.ptr &&
                        got[f].value.len == want[f].value.len);
        exact_free(text);
    }
    assert_err(json_checked_members(STR("[1]"), NULL, 0), ERR_SYNTAX);
}

/* Nobody may hand in such a text; whoever does it all the same reads nothing of others. */
static void a_text_that_was_not_checked_is_not_read_beyond_its_end(void **state)
{
    static const struct str texts[] = {
        STR_INIT("{\"a\":\"b"), STR_INIT("{\"a\":[\"b\\\""), STR_INIT("{\"a\":[{\"b\":1"),
        STR_INIT("{\"a\":tru"), STR_INIT("{\"a\":"),         STR_INIT("{\"a\":]")
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct json_field field = { .name = STR_INIT("a") };
        struct str text = exact(texts[i]);
        assert_err(json_checked_members(text, &field, 1), ERR_SYNTAX);
        exact_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_is_taken_and_its_value_is_a_view),
        cmocka_unit_test(bad_json_is_refused_by_every_reader),
        cmocka_unit_test(a_text_is_as_good_inside_another),
        cmocka_unit_test(depth_64_is_taken_and_65_is_not),
        cmocka_unit_test(depth_counts_from_the_outside_for_every_reader),
        cmocka_unit_test(many_neighbours_are_not_deep),
        cmocka_unit_test(a_million_brackets_are_refused_and_the_process_lives),
        cmocka_unit_test(only_these_escapes_exist),
        cmocka_unit_test(control_characters_stand_in_no_string),
        cmocka_unit_test(only_four_bytes_are_white_space),
        cmocka_unit_test(a_byte_counts_wherever_it_stands),
        cmocka_unit_test(utf8_is_valid_or_refused),
        cmocka_unit_test(a_cut_utf8_sequence_is_refused),
        cmocka_unit_test(an_array_is_the_spans_of_its_elements),
        cmocka_unit_test(an_array_without_elements_has_none),
        cmocka_unit_test(elements_beyond_the_room_are_counted_and_checked),
        cmocka_unit_test(other_values_are_no_array),
        cmocka_unit_test(an_object_gives_the_named_fields),
        cmocka_unit_test(every_named_field_is_found_in_any_order),
        cmocka_unit_test(a_named_field_occurs_once_or_the_object_is_refused),
        cmocka_unit_test(other_values_are_no_object),
        cmocka_unit_test(a_checked_object_has_the_same_members),
        cmocka_unit_test(a_text_that_was_not_checked_is_not_read_beyond_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
