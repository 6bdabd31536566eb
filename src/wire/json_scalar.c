/* What has no parts: strings, numbers, words. */
#include "wire/json_scalar.h"

#include <string.h>

/* ---- strings ---- */

#define EACH_BYTE(b) (0x0101010101010101u * (b))
#define HIGH_BITS EACH_BYTE(0x80u)

/* Is one of eight bytes a control character, a quote, a backslash or not ASCII? */
static bool has_special(uint64_t eight)
{
    uint64_t quote = eight ^ EACH_BYTE('"');
    uint64_t backslash = eight ^ EACH_BYTE('\\');
    uint64_t found = eight;

    found |= (eight - EACH_BYTE(0x20)) & ~eight;
    found |= (quote - EACH_BYTE(1)) & ~quote;
    found |= (backslash - EACH_BYTE(1)) & ~backslash;
    return (found & HIGH_BITS) != 0;
}

static bool is_plain(char c)
{
    static const bool special[128] = {
        ['"'] = true, ['\\'] = true, [0] = true,  [1] = true,  [2] = true,  [3] = true,
        [4] = true,   [5] = true,    [6] = true,  [7] = true,  [8] = true,  [9] = true,
        [10] = true,  [11] = true,   [12] = true, [13] = true, [14] = true, [15] = true,
        [16] = true,  [17] = true,   [18] = true, [19] = true, [20] = true, [21] = true,
        [22] = true,  [23] = true,   [24] = true, [25] = true, [26] = true, [27] = true,
        [28] = true,  [29] = true,   [30] = true, [31] = true,
    };

    return (unsigned char)c < 0x80 && !special[(unsigned char)c];
}

static inline void skip_plain(struct json_cursor *c)
{
    const char *at = c->at;
    uint64_t eight;

    for (; c->end - at >= (ptrdiff_t)sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, at, sizeof(eight));
        if (has_special(eight))
            break;
    }
    while (at < c->end && is_plain(*at))
        at++;
    c->at = at;
}

static bool is_hex_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct json_cursor *c)
{
    c->at++;
    if (c->at == c->end)
        return false;
    if (*c->at != 'u')
        return *c->at != '\0' && strchr("\"\\/bfnrt", *c->at++) != NULL;
    c->at++;
    for (int i = 0; i < 4; i++, c->at++) {
        if (c->at == c->end || !is_hex_digit(*c->at))
            return false;
    }
    return true;
}

/* Length of the UTF-8 sequence at c (RFC 3629: no overlongs, no surrogates), or 0. */
static size_t utf8_len(const struct json_cursor *c)
{
    const unsigned char *s = (const unsigned char *)c->at;
    size_t left = (size_t)(c->end - c->at);
    unsigned char low = 0x80, high = 0xbf;
    size_t len;

    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        len = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef)
        len = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        len = 4;
    else
        return 0;
    if (left < len)
        return 0;
    /* The second byte of these has a narrower range. */
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return len;
}

bool json_skip_unescaped(struct json_cursor *c)
{
    for (;;) {
        size_t len;
        skip_plain(c);
        if (c->at == c->end || (unsigned char)*c->at < 0x80)
            return true;
        len = utf8_len(c);
        if (len == 0)
            return false;
        c->at += len;
    }
}

bool json_skip_string(struct json_cursor *c)
{
    if (!json_skip_char(c, '"'))
        return false;
    for (;;) {
        skip_plain(c);
        if (c->at == c->end)
            return false;
        if (*c->at == '"') {
            c->at++;
            return true;
        }
        if (*c->at == '\\') {
            if (!skip_escape(c))
                return false;
        } else {
            size_t len = utf8_len(c); /* 0 for control characters too */
            if (len == 0)
                return false;
            c->at += len;
        }
    }
}

/* ---- numbers and words ---- */

static bool skip_digits(struct json_cursor *c)
{
    const char *from = c->at;

    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return c->at > from;
}

static bool skip_number(struct json_cursor *c)
{
    (void)json_skip_char(c, '-');
    if (!json_skip_char(c, '0') && !skip_digits(c))
        return false;
    if (json_skip_char(c, '.') && !skip_digits(c))
        return false;
    if (json_skip_char(c, 'e') || json_skip_char(c, 'E')) {
        if (!json_skip_char(c, '+'))
            (void)json_skip_char(c, '-');
        return skip_digits(c);
    }
    return true;
}

static bool skip_word(struct json_cursor *c, struct str word)
{
    if ((size_t)(c->end - c->at) < word.len || memcmp(c->at, word.ptr, word.len) != 0)
        return false;
    c->at += word.len;
    return true;
}

bool json_skip_scalar(struct json_cursor *c)
{
    if (c->at == c->end)
        return false;
    switch (*c->at) {
    case '"':
        return json_skip_string(c);
    case 't':
        return skip_word(c, STR("true"));
    case 'f':
        return skip_word(c, STR("false"));
    case 'n':
        return skip_word(c, STR("null"));
    default:
        return skip_number(c);
    }
}
