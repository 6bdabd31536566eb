#include "test.h"

#include <jansson.h>

#include "wire/json.h"

enum verdict { REFUSED, TAKEN, NO_VERDICT };

/*
 * What jansson says, where it follows the RFC.  It refuses, lawfully but unlike us, numbers
 * that no double holds, lone surrogates, and "\u0000" in names; and it stops at a NUL byte
 * behind a number.
 */
static enum verdict oracle(struct str text)
{
    size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
    json_error_t error;
    json_t *tree;

    if (text.len == 0 || memchr(text.ptr, '\0', text.len))
        return REFUSED;
    tree = json_loadb(text.ptr, text.len, flags, &error);
    if (tree) {
        json_decref(tree);
        return TAKEN;
    }
    if (json_error_code(&error) == json_error_numeric_overflow ||
        json_error_code(&error) == json_error_null_byte_in_key ||
        strstr(error.text, "invalid Unicode"))
        return NO_VERDICT;
    return REFUSED;
}

/* The readers agree with the oracle and among each other, and read no byte too many. */
static enum verdict compare(struct str text)
{
    struct json_field field = { .name = STR_INIT("a") };
    enum verdict want = oracle(text);
    struct str copy = exact(text);
    struct str items[2];
    struct str value = { NULL, 0 };
    size_t count;
    enum err e = json_check(copy, &value);
    enum err as_array = json_elements(copy, items, COUNT(items), &count);
    enum err as_object = json_members(copy, &field, 1);

    if (want != NO_VERDICT && (e == ERR_NONE) != (want == TAKEN)) {
        print_error("jansson %s <%.*s>\n", want == TAKEN ? "takes" : "refuses", STR_ARG(text));
        test_failed(__FILE__, __LINE__, "another verdict than jansson's");
    }
    if (e == ERR_NONE) {
        assert_same(value, without_space(text));
        assert_int_equal(as_array == ERR_NONE, value.ptr[0] == '[');
        if (value.ptr[0] != '{')
            assert_int_equal(as_object, ERR_SYNTAX);
    } else {
        assert_int_equal(e, ERR_SYNTAX);
        assert_int_equal(as_array, ERR_SYNTAX);
        assert_int_equal(as_object, ERR_SYNTAX);
    }
    exact_free(copy);
    return want;
}

static void every_prefix_of_good_json_is_refused_or_good(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "json-good.tsv", 1); vectors_next(&v);) {
        for (size_t len = 0; len <= v.column[0].len; len++)
            (void)compare(str_first(v.column[0], len));
    }
}

/* One random change: a byte replaced, inserted, removed, or a piece doubled. */
static size_t mutate(char *text, size_t len, size_t size, uint64_t *seed)
{
    static const char bytes[] = "[]{}:,\"\\/ \t\n0123456789-+.eEuxbfnrtalsn\x01\x7f\x80\xbf"
                                "\xc3\xa4\xe2\x82\xac\xed\xa0\xf0\x9f\x98\xf4\xff";
    size_t at = test_random(seed) % (len + 1);
    char byte = bytes[test_random(seed) % (sizeof(bytes) - 1)];

    switch (test_random(seed) % 4) {
    case 0:
        if (at < len)
            text[at] = byte;
        return len;
    case 1:
        if (len == size)
            return len;
        memmove(text + at + 1, text + at, len - at);
        text[at] = byte;
        return len + 1;
    case 2:
        if (at == len)
            return len;
        memmove(text + at, text + at + 1, len - at - 1);
        return len - 1;
    default:
        if (2 * len - at > size)
            return len;
        memcpy(text + len, text + at, len - at);
        return 2 * len - at;
    }
}

static void mutated_json_is_judged_as_jansson_judges_it(void **state)
{
    static const char *const files[] = { "json-good.tsv", "json-bad.tsv" };
    size_t verdicts[3] = { 0 };
    uint64_t seed = 8259;
    struct vectors v;

    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        for (vectors_open(&v, files[i], 1); vectors_next(&v);) {
            verdicts[compare(v.column[0])]++;
            for (int round = 0; round < 150; round++) {
                char text[200];
                size_t len = v.column[0].len;
                assert_that(len <= sizeof(text));
                memcpy(text, v.column[0].ptr, len);
                for (uint32_t changes = 1 + test_random(&seed) % 3; changes > 0; changes--)
                    len = mutate(text, len, sizeof(text), &seed);
                verdicts[compare((struct str){ text, len })]++;
            }
        }
    }
    assert_true(verdicts[TAKEN] > 1000);
    assert_true(verdicts[REFUSED] > 1000);
    assert_true(verdicts[NO_VERDICT] < verdicts[TAKEN]);
}

static void short_texts_of_the_grammar_are_judged_as_jansson_judges_them(void **state)
{
    static const char bytes[] = "[]{}:,\"\\0-.e1a ";
    size_t base = sizeof(bytes) - 1;
    size_t taken = 0;

    (void)state;
    for (size_t number = 0; number < base * base * base * base; number++) {
        char text[4];
        size_t rest = number;
        for (size_t i = 0; i < sizeof(text); i++, rest /= base)
            text[i] = bytes[rest % base];
        taken += compare((struct str){ text, sizeof(text) }) == TAKEN;
    }
    assert_true(taken > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_of_good_json_is_refused_or_good),
        cmocka_unit_test(mutated_json_is_judged_as_jansson_judges_it),
        cmocka_unit_test(short_texts_of_the_grammar_are_judged_as_jansson_judges_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
