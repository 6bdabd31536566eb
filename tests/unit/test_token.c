#include "test.h"

#include "azure/token.h"

static struct hmac_key *key_of(struct str bytes)
{
    struct hmac_key *key = hmac_key_new(bytes);

    assert_non_null(key);
    return key;
}

static struct str hex_of(const unsigned char *bytes, char *out)
{
    for (size_t i = 0; i < HMAC_BYTES; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return (struct str){ out, 2 * (size_t)HMAC_BYTES };
}

static void hmac_is_that_of_the_rfc(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "hmac.tsv", 3); vectors_next(&v);) {
        unsigned char mac[HMAC_BYTES];
        char hex[2 * HMAC_BYTES];
        struct str bytes = exact(v.column[0]);
        struct str message = exact(v.column[1]);
        struct hmac_key *key = key_of(bytes);
        hmac_sign(key, message, mac);
        assert_same(hex_of(mac, hex), v.column[2]);
        hmac_key_free(key);
        exact_free(message);
        exact_free(bytes);
    }
}

static void a_key_signs_many_messages_each_as_if_the_first(void **state)
{
    static const struct str messages[] = { STR_INIT("a"), STR_INIT(""), STR_INIT("a\0b"),
                                           STR_INIT("a") };
    unsigned char fresh[HMAC_BYTES];
    unsigned char again[HMAC_BYTES];
    struct hmac_key *key = key_of(STR("first"));
    struct hmac_key *other = key_of(STR("second"));

    (void)state;
    for (int round = 0; round < 100; round++) {
        struct str message = messages[(size_t)round % COUNT(messages)];
        struct hmac_key *once = key_of(STR("first"));
        hmac_sign(other, message, again);
        hmac_sign(once, message, fresh);
        assert_memory_not_equal(again, fresh, HMAC_BYTES);
        hmac_sign(key, message, again);
        assert_memory_equal(again, fresh, HMAC_BYTES);
        hmac_key_free(once);
    }
    hmac_key_free(other);
    hmac_key_free(key);
}

static void a_key_keeps_its_own_copy_of_the_bytes(void **state)
{
    char bytes[] = "Jefe";
    unsigned char mac[HMAC_BYTES];
    char hex[2 * HMAC_BYTES];
    struct hmac_key *key = key_of((struct str){ bytes, 4 });

    (void)state;
    memset(bytes, 0, sizeof(bytes));
    hmac_sign(key, STR("what do ya want for nothing?"), mac);
    assert_str(hex_of(mac, hex),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_key_free(key);
}

static void no_key_may_be_freed(void **state)
{
    (void)state;
    hmac_key_free(NULL);
}

static enum err sign_text(struct arena *mem, void *context)
{
    struct str text;
    enum err e = hmac_sign_text(context, STR("what do ya want for nothing?"), mem, &text);

    if (e == ERR_NONE)
        assert_str(text, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
    return e;
}

static void a_signature_as_text_is_base64url(void **state)
{
    struct hmac_key *key = key_of(STR("Jefe"));

    (void)state;
    sweep(sign_text, key);
    hmac_key_free(key);
}

static void tokens_are_those_of_the_documents_byte_for_byte(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "tokens.tsv", 3); vectors_next(&v);) {
        struct arena mem;
        struct str token;
        struct hmac_key *key = key_of(v.column[0]);
        struct str claims = exact(v.column[1]);
        arena_init(&mem, TEST_MEMORY);
        assert_err(jwt_mint(key, claims, &mem, &token), ERR_NONE);
        exact_free(claims); /* the text lives in mem alone */
        assert_same(token, v.column[2]);
        arena_free(&mem);
        hmac_key_free(key);
    }
}

static enum err mint(struct arena *mem, void *context)
{
    struct str token;

    return jwt_mint(context, STR("{\"iat\":1726196900,\"exp\":1726200500}"), mem, &token);
}

static void a_token_is_whole_or_out_of_memory(void **state)
{
    struct hmac_key *key = key_of(STR("key"));

    (void)state;
    sweep(mint, key);
    hmac_key_free(key);
}

static void signatures_hold_or_not_as_the_service_means_them(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "signatures.tsv", 4); vectors_next(&v);) {
        struct hmac_key *key = key_of(v.column[0]);
        struct str id = exact(v.column[1]);
        struct str header = exact(v.column[2]);
        bool holds = str_equal(v.column[3], STR("ok"));
        assert_that(holds || str_equal(v.column[3], STR("denied")));
        assert_err(signature_check(key, id, header), holds ? ERR_NONE : ERR_DENIED);
        exact_free(header);
        exact_free(id);
        hmac_key_free(key);
    }
}

static const struct str access_key = STR_INIT("7aab239577fd4f24bc919802fb629f5f");
static const struct str connection = STR_INIT("0f9c97a2f0bf4706afe87a14e0797b11");
static const struct str signature =
    STR_INIT("sha256=7767effcb3946f3e1de039df4b986ef02c110b1469d02c0a06f41b3b727ab561");

static void no_part_of_a_signature_is_enough(void **state)
{
    struct hmac_key *key = key_of(access_key);

    (void)state;
    for (size_t len = 0; len < signature.len; len++) {
        struct str part = exact(str_first(signature, len));
        assert_err(signature_check(key, connection, part), ERR_DENIED);
        exact_free(part);
    }
    assert_err(signature_check(key, connection, signature), ERR_NONE);
    hmac_key_free(key);
}

static void every_digit_of_a_signature_counts(void **state)
{
    struct hmac_key *key = key_of(access_key);
    char text[80];

    (void)state;
    memcpy(text, signature.ptr, signature.len);
    for (size_t i = 0; i < signature.len; i++) {
        for (int c = 0; c < 256; c++) {
            bool same = signature.ptr[i] == (char)c;
            bool letter = signature.ptr[i] >= 'a' && signature.ptr[i] <= 'z' &&
                          c == signature.ptr[i] - 'a' + 'A';
            if (same || letter)
                continue;
            text[i] = (char)c;
            assert_err(signature_check(key, connection, (struct str){ text, signature.len }),
                       ERR_DENIED);
        }
        text[i] = signature.ptr[i];
    }
    hmac_key_free(key);
}

static void a_signature_is_found_at_the_end_of_a_long_list(void **state)
{
    struct hmac_key *key = key_of(access_key);
    struct arena mem;
    struct str list;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    struct buf out = { .mem = &mem };
    for (int i = 0; i < 1000; i++)
        buf_add(&out, i % 3 ? STR("sha256=00,") : STR(", "));
    assert_err(buf_done(&out, &list), ERR_NONE);
    assert_err(signature_check(key, connection, list), ERR_DENIED);
    buf_add(&out, signature);
    assert_err(buf_done(&out, &list), ERR_NONE);
    assert_err(signature_check(key, connection, list), ERR_NONE);
    arena_free(&mem);
    hmac_key_free(key);
}

static void cleansing_leaves_nothing(void **state)
{
    unsigned char secret[40];
    static const unsigned char nothing[32];

    (void)state;
    memset(secret, 0xaa, sizeof(secret));
    cleanse((struct str){ (char *)secret + 4, 32 });
    assert_memory_equal(secret + 4, nothing, 32);
    assert_int_equal(secret[3], 0xaa);
    assert_int_equal(secret[36], 0xaa);
    cleanse((struct str){ (char *)secret, 0 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_is_that_of_the_rfc),
        cmocka_unit_test(a_key_signs_many_messages_each_as_if_the_first),
        cmocka_unit_test(a_key_keeps_its_own_copy_of_the_bytes),
        cmocka_unit_test(no_key_may_be_freed),
        cmocka_unit_test(a_signature_as_text_is_base64url),
        cmocka_unit_test(tokens_are_those_of_the_documents_byte_for_byte),
        cmocka_unit_test(a_token_is_whole_or_out_of_memory),
        cmocka_unit_test(signatures_hold_or_not_as_the_service_means_them),
        cmocka_unit_test(no_part_of_a_signature_is_enough),
        cmocka_unit_test(every_digit_of_a_signature_counts),
        cmocka_unit_test(a_signature_is_found_at_the_end_of_a_long_list),
        cmocka_unit_test(cleansing_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
