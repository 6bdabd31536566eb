/* The text inside JSON strings: escapes read, compared and written. */
#include "wire/json.h"

#include <string.h>

#include "wire/json_scalar.h"

static unsigned hex_value(char checked_digit)
{
    if (checked_digit <= '9')
        return (unsigned)(checked_digit - '0');
    return (unsigned)((checked_digit | 0x20) - 'a' + 10);
}

static unsigned hex4(const char *s)
{
    unsigned number = 0;

    for (int i = 0; i < 4; i++)
        number = number << 4 | hex_value(s[i]);
    return number;
}

static size_t utf8_put(unsigned code, char out[static 4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* \uXXXX, and a second one behind the first of a surrogate pair. */
static size_t decode_unicode(struct json_cursor *c, char out[static 4])
{
    unsigned code = hex4(c->at + 2);

    c->at += 6;
    if (code >= 0xd800 && code <= 0xdfff) {
        unsigned low;
        if (code >= 0xdc00 || c->end - c->at < 6 || c->at[0] != '\\' || c->at[1] != 'u')
            return 0;
        low = hex4(c->at + 2);
        if (low < 0xdc00 || low > 0xdfff)
            return 0;
        c->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return utf8_put(code, out);
}

/*
 * One byte or one escape of a checked string.  Returns how many bytes it stands for,
 * never more than it was long; 0 for a lone surrogate, which no UTF-8 can spell.
 */
static size_t decode_one(struct json_cursor *c, char out[static 4])
{
    static const char letters[] = "bfnrt";
    static const char meanings[] = "\b\f\n\r\t";
    const char *letter;

    if (*c->at != '\\') {
        out[0] = *c->at++;
        return 1;
    }
    if (c->at[1] == 'u')
        return decode_unicode(c, out);
    letter = strchr(letters, c->at[1]);
    out[0] = letter ? meanings[letter - letters] : c->at[1];
    c->at += 2;
    return 1;
}

/* What stands between the quotes of a checked string. */
static struct str inside(struct str quoted)
{
    return (struct str){ quoted.ptr + 1, quoted.len - 2 };
}

static bool has_escapes(struct str s)
{
    return s.len > 0 && memchr(s.ptr, '\\', s.len) != NULL;
}

enum err json_text(struct str value, struct arena *mem, struct str *out)
{
    struct json_cursor c;
    char *text;

    if (value.len < 2 || value.ptr[0] != '"')
        return ERR_SYNTAX;
    *out = inside(value);
    if (!has_escapes(*out))
        return ERR_NONE;
    text = arena_take(mem, out->len);
    if (!text)
        return ERR_NO_MEMORY;
    c = json_cursor_on(*out);
    *out = (struct str){ text, 0 };
    while (c.at < c.end) {
        char bytes[4];
        size_t len = decode_one(&c, bytes);
        if (len == 0)
            return ERR_SYNTAX;
        memcpy(text + out->len, bytes, len);
        out->len += len;
    }
    return ERR_NONE;
}

bool json_spells(struct str quoted, struct str name)
{
    struct json_cursor c = json_cursor_on(inside(quoted));

    if (!has_escapes(inside(quoted)))
        return str_equal(inside(quoted), name);
    while (c.at < c.end) {
        char bytes[4];
        size_t len = decode_one(&c, bytes);
        if (len == 0 || len > name.len || memcmp(name.ptr, bytes, len) != 0)
            return false;
        name = str_skip(name, len);
    }
    return name.len == 0;
}

bool json_is_text(struct str s)
{
    struct json_cursor c = json_cursor_on(s);

    while (json_skip_unescaped(&c) && c.at < c.end)
        c.at++;
    return c.at == c.end;
}

/* ---- writing ---- */

static void add_escaped(struct buf *out, char c)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;

    if (c == '"' || c == '\\') {
        buf_add_char(out, '\\');
        buf_add_char(out, c);
        return;
    }
    buf_add(out, STR("\\u00"));
    buf_add_char(out, hex[byte >> 4]);
    buf_add_char(out, hex[byte & 15]);
}

bool json_add_string(struct buf *out, struct str s)
{
    struct json_cursor c = json_cursor_on(s);
    bool is_text = true;

    buf_add_char(out, '"');
    while (c.at < c.end) {
        const char *from = c.at;
        bool is_good = json_skip_unescaped(&c);
        buf_add(out, (struct str){ from, (size_t)(c.at - from) });
        if (!is_good)
            buf_add_char(out, *c.at++);
        else if (c.at < c.end)
            add_escaped(out, *c.at++);
        is_text &= is_good;
    }
    buf_add_char(out, '"');
    return is_text;
}
