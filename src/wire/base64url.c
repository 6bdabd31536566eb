#include "wire/base64url.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(struct str bytes, char *out)
{
    const unsigned char *in = (const unsigned char *)bytes.ptr;
    size_t left = bytes.len % 3;

    for (size_t triples = bytes.len / 3; triples > 0; triples--) {
        unsigned first = *in++;
        *out++ = alphabet[first >> 2];
        unsigned second = *in++;
        *out++ = alphabet[(first & 0x03) << 4 | second >> 4];
        unsigned third = *in++;
        *out++ = alphabet[(second & 0x0f) << 2 | third >> 6];
        *out++ = alphabet[third & 0x3f];
    }
    if (left == 0)
        return;
    *out++ = alphabet[in[0] >> 2];
    *out++ = alphabet[(in[0] & 0x03) << 4 | (left == 2 ? in[1] >> 4 : 0)];
    if (left == 2)
        *out = alphabet[(in[1] & 0x0f) << 2];
}

void base64url_add(struct buf *out, struct str bytes)
{
    char *space = buf_space(out, BASE64URL_LEN(bytes.len));

    if (space)
        base64url_encode(bytes, space);
}

bool base64url_is_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' ||
           c == '_';
}

bool base64url_is_text(struct str text, char other)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_other = other != '\0' && text.ptr[i] == other;
        if (!base64url_is_char(text.ptr[i]) && !is_other)
            return false;
    }
    return true;
}

void base64_add(struct buf *out, struct str bytes)
{
    size_t len = BASE64URL_LEN(bytes.len);
    char *space = buf_space(out, len);

    if (!space)
        return;
    base64url_encode(bytes, space);
    for (size_t i = 0; i < len; i++) {
        if (space[i] == '-')
            space[i] = '+';
        else if (space[i] == '_')
            space[i] = '/';
    }
    for (; len % 4 != 0; len++)
        buf_add_char(out, '=');
}

enum err base64url_decode(struct str text, struct arena *mem, struct str *out)
{
    struct buf bytes = { .mem = mem };
    uint32_t bits = 0;
    unsigned held = 0;

    if (text.len % 4 == 1)
        return ERR_SYNTAX;
    for (size_t i = 0; i < text.len; i++) {
        if (!base64url_is_char(text.ptr[i]))
            return ERR_SYNTAX;
        bits = bits << 6 | (uint32_t)(strchr(alphabet, text.ptr[i]) - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            buf_add_char(&bytes, (char)(bits >> held & 0xff));
            bits &= (UINT32_C(1) << held) - 1;
        }
    }
    return bits != 0 ? ERR_SYNTAX : buf_done(&bytes, out);
}

int hex_value(char c)
{
    char lower = (char)(c | 0x20);

    if (is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool hex_is(struct str hex, struct str bytes)
{
    volatile int difference = 0;

    if (hex.len != 2 * bytes.len)
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        int high = hex_value(hex.ptr[2 * i]), low = hex_value(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        difference = difference | ((high << 4 | low) ^ (unsigned char)bytes.ptr[i]);
    }
    return difference == 0;
}
