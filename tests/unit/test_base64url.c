#include "test.h"

#include <openssl/evp.h>

#include "wire/base64url.h"

static struct str encoded(struct arena *mem, struct str bytes)
{
    struct buf out = { .mem = mem };
    struct str text;

    base64url_add(&out, bytes);
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void the_vectors_of_the_rfc_hold(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "base64url.tsv", 2); vectors_next(&v);) {
        struct arena mem;
        struct str bytes = exact(v.column[0]);
        arena_init(&mem, TEST_MEMORY);
        assert_same(encoded(&mem, bytes), v.column[1]);
        assert_that(BASE64URL_LEN(bytes.len) == v.column[1].len);
        arena_free(&mem);
        exact_free(bytes);
    }
}

static void nothing_becomes_nothing(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_int_equal(BASE64URL_LEN((size_t)0), 0);
    assert_int_equal(encoded(&mem, STR("")).len, 0);
    assert_int_equal(encoded(&mem, (struct str){ NULL, 0 }).len, 0);
    arena_free(&mem);
}

/* libcrypto's base64, put into the other alphabet and without padding. */
static struct str oracle(struct str bytes, unsigned char *out)
{
    int len = EVP_EncodeBlock(out, (const unsigned char *)bytes.ptr, (int)bytes.len);

    while (len > 0 && out[len - 1] == '=')
        len--;
    for (int i = 0; i < len; i++) {
        if (out[i] == '+')
            out[i] = '-';
        else if (out[i] == '/')
            out[i] = '_';
    }
    return (struct str){ (const char *)out, (size_t)len };
}

static void it_agrees_with_libcrypto_on_any_bytes(void **state)
{
    uint64_t seed = 7;
    unsigned char want[400];
    char text[BASE64URL_LEN(200) + 1];
    char bytes[200];

    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        struct str in = { bytes, round % (sizeof(bytes) + 1) };
        size_t len = BASE64URL_LEN(in.len);
        for (size_t i = 0; i < in.len; i++)
            bytes[i] = (char)(test_random(&seed) >> 8);
        memset(text, '#', sizeof(text));
        base64url_encode(in, text);
        assert_same(((struct str){ text, len }), oracle(in, want));
        assert_int_equal(text[len], '#');
    }
}

static void its_characters_are_the_64(void **state)
{
    size_t count = 0;

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool want = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                    (c >= 'a' && c <= 'z') || c == '-' || c == '_';
        assert_int_equal(base64url_is_char((char)c), want);
        count += base64url_is_char((char)c);
    }
    assert_int_equal(count, 64);
}

static enum err encode_within(struct arena *mem, void *context)
{
    char bytes[1000] = { 0 };
    struct buf out = { .mem = mem };
    struct str text;
    enum err e;

    (void)context;
    buf_add(&out, STR("0~"));
    base64url_add(&out, (struct str){ bytes, sizeof(bytes) });
    buf_add(&out, STR("~"));
    e = buf_done(&out, &text);
    if (e == ERR_NONE)
        assert_int_equal(text.len, 3 + BASE64URL_LEN(sizeof(bytes)));
    return e;
}

static enum err pad_within(struct arena *mem, void *context)
{
    char bytes[1000] = { 0 };
    struct buf out = { .mem = mem };
    struct str text;

    (void)context;
    base64_add(&out, (struct str){ bytes, sizeof(bytes) });
    return buf_done(&out, &text);
}

static void it_is_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(pad_within, NULL);
    sweep(encode_within, NULL);
}

static void what_was_encoded_can_be_decoded(void **state)
{
    static const char *const bad[] = { "A",    "AAAAA", "AA=", "AA==", "A+AA",
                                       "A/AA", "A A",   "AB",  "AAB" };
    char bytes[64];
    struct arena mem;
    struct str text, back;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct buf out = { .mem = &mem };
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(i * 37 + len);
        base64url_add(&out, (struct str){ bytes, len });
        assert_err(buf_done(&out, &text), ERR_NONE);
        assert_err(base64url_decode(text, &mem, &back), ERR_NONE);
        assert_same(back, ((struct str){ bytes, len }));
    }
    /* Characters of elsewhere, padding, and bits that no byte has. */
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_err(base64url_decode(str_from(bad[i]), &mem, &back), ERR_SYNTAX);
    assert_err(base64url_decode((struct str){ "AA\0A", 4 }, &mem, &back), ERR_SYNTAX);
    arena_free(&mem);
}

/* RFC 4648, section 10 */
static void the_other_alphabet_has_padding(void **state)
{
    static const char *const vectors[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
        { "\xfb\xff", "+/8=" },
    };
    struct arena mem;
    struct str text;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct buf out = { .mem = &mem };
        base64_add(&out, str_from(vectors[i][0]));
        assert_err(buf_done(&out, &text), ERR_NONE);
        assert_same(text, str_from(vectors[i][1]));
    }
    arena_free(&mem);
}

static void hex_has_two_digits_for_each_byte(void **state)
{
    (void)state;
    assert_true(hex_is(STR("00019fA0fF7e"), STR("\0\1\x9f\xa0\xff~")));
    assert_true(hex_is(STR(""), (struct str){ NULL, 0 }));
    assert_false(hex_is(STR("00"), STR("")));
    assert_false(hex_is(STR("0"), STR("\0")));
    assert_false(hex_is(STR("0g"), STR("\0")));
    assert_false(hex_is(STR("-0"), STR("\0")));
    assert_false(hex_is(STR("4142"), STR("AC")));
    assert_false(hex_is(STR("4142"), STR("CB")));
    for (unsigned c = 0; c < 256; c++) {
        char byte = (char)c;
        for (unsigned other = 0; other < 256; other++) {
            char digits[3];
            (void)snprintf(digits, sizeof(digits), "%02x", other);
            assert_int_equal(hex_is(str_from(digits), (struct str){ &byte, 1 }), other == c);
        }
    }
}

static void a_text_is_of_its_characters_and_perhaps_one_other(void **state)
{
    (void)state;
    assert_true(base64url_is_text(STR("Az09-_"), '\0'));
    assert_true(base64url_is_text(STR(""), '\0'));
    assert_true(base64url_is_text(STR("a.b.c"), '.'));
    assert_false(base64url_is_text(STR("a.b"), '\0'));
    assert_false(base64url_is_text(STR("a\0b"), '\0'));
    assert_false(base64url_is_text(STR("a b"), '.'));
    assert_false(base64url_is_text(STR("a="), '.'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(nothing_becomes_nothing),
        cmocka_unit_test(it_agrees_with_libcrypto_on_any_bytes),
        cmocka_unit_test(its_characters_are_the_64),
        cmocka_unit_test(a_text_is_of_its_characters_and_perhaps_one_other),
        cmocka_unit_test(it_is_whole_or_out_of_memory),
        cmocka_unit_test(what_was_encoded_can_be_decoded),
        cmocka_unit_test(the_other_alphabet_has_padding),
        cmocka_unit_test(hex_has_two_digits_for_each_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
