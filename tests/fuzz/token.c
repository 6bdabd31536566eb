/*
 * base64, HMAC and tokens against OpenSSL's own.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "azure/token.h"
#include "fuzz.h"
#include "wire/base64url.h"

/* Of the standard alphabet with padding, by OpenSSL. */
static struct str openssl_base64(struct str bytes, struct arena *mem)
{
    char *space = arena_take(mem, bytes.len / 3 * 4 + 5);

    MUST(space);
    return (struct str){ space, (size_t)EVP_EncodeBlock((unsigned char *)space,
                                                        (const unsigned char *)bytes.ptr,
                                                        (int)bytes.len) };
}

/* The same in the alphabet of URLs, which has no padding. */
static struct str to_url_alphabet(struct str text, struct arena *mem)
{
    struct buf out = { .mem = mem };

    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        char c = text.ptr[i];
        if (c == '+')
            c = '-';
        else if (c == '/')
            c = '_';
        buf_add_char(&out, c);
    }
    return built(&out);
}

static struct str encoded(struct str bytes, struct arena *mem)
{
    struct buf out = { .mem = mem };

    base64url_add(&out, bytes);
    return built(&out);
}

static void check_encoding(struct str bytes, struct arena *mem)
{
    struct str plain = openssl_base64(bytes, mem), url = encoded(bytes, mem), back;
    struct buf out = { .mem = mem };

    MUST(str_equal(url, to_url_alphabet(plain, mem)));
    MUST(url.len == BASE64URL_LEN(bytes.len));
    base64_add(&out, bytes);
    MUST(str_equal(built(&out), plain));
    MUST(!base64url_decode(url, mem, &back) && str_equal(back, bytes));
}

/* Every text is refused, or is the only one that stands for its bytes. */
static void check_decoding(struct str text, struct arena *mem)
{
    struct str bytes;

    if (!base64url_decode(text, mem, &bytes))
        MUST(str_equal(encoded(bytes, mem), text));
}

static void check_hmac(struct str secret, struct str message, struct arena *mem)
{
    struct hmac_key *key = hmac_key_new(secret);
    unsigned char got[HMAC_BYTES], want[EVP_MAX_MD_SIZE];
    unsigned want_len = 0;
    struct str token, parts[3], rest;

    MUST(key);
    hmac_sign(key, message, got);
    MUST(HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)message.ptr,
              message.len, want, &want_len));
    MUST(want_len == HMAC_BYTES && memcmp(got, want, HMAC_BYTES) == 0);

    MUST(!jwt_mint(key, message, mem, &token));
    rest = token;
    for (size_t i = 0; i < COUNT(parts); i++)
        parts[i] = str_cut(rest, ".", &rest);
    MUST(rest.len == 0 && str_equal(parts[1], encoded(message, mem)));
    MUST(str_equal(parts[0], encoded(STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), mem)));
    MUST(!hmac_sign_text(key, str_first(token, token.len - parts[2].len - 1), mem, &rest));
    MUST(str_equal(rest, parts[2]));
    hmac_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    unsigned what = input_choice(&in, 3);
    struct str first = input_text(&in), rest = in.left;
    struct arena mem;

    arena_init(&mem, FUZZ_MEMORY);
    if (what == 0)
        check_encoding(rest, &mem);
    else if (what == 1)
        check_decoding(first, &mem);
    else
        check_hmac(first, rest, &mem);
    input_free(&in);
    arena_free(&mem);
    return 0;
}
