#include "wire/json.h"

#include <string.h>

#include "wire/base64url.h"

/* Where a reader stands in its text. */
struct cursor {
    const char *at;
    const char *end;
    unsigned depth;  /* arrays and objects around it */
    bool is_checked; /* the text has been read before, and values are passed over faster */
};

static struct cursor cursor_on(struct str text)
{
    if (text.len == 0)
        text.ptr = "";
    return (struct cursor){ .at = text.ptr, .end = text.ptr + text.len };
}

static bool sees(const struct cursor *c, char wanted)
{
    return c->at < c->end && *c->at == wanted;
}

static bool skip_char(struct cursor *c, char wanted)
{
    if (!sees(c, wanted))
        return false;
    c->at++;
    return true;
}

/* ---- strings ---- */

#define EACH_BYTE(b) (0x0101010101010101u * (b))
#define HIGH_BITS EACH_BYTE(0x80u)

/* Eight bytes as they stand in memory, with the first one in the lowest bits. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FIRST_LOWEST(eight) __builtin_bswap64(eight)
#else
#define FIRST_LOWEST(eight) (eight)
#endif

/*
 * Which of eight bytes is a control character, a quote, a backslash or not ASCII: the lowest bit
 * that is set stands in the first of them.  Above that one a bit may be wrong.
 */
static uint64_t special_bits(uint64_t eight)
{
    uint64_t quote = eight ^ EACH_BYTE('"');
    uint64_t backslash = eight ^ EACH_BYTE('\\');
    uint64_t found = eight;

    found |= (eight - EACH_BYTE(0x20)) & ~eight;
    found |= (quote - EACH_BYTE(1)) & ~quote;
    found |= (backslash - EACH_BYTE(1)) & ~backslash;
    return found & HIGH_BITS;
}

static bool is_ascii(char c)
{
    return (unsigned char)c < 0x80;
}

static bool is_plain(char c)
{
    return is_ascii(c) && c >= 0x20 && c != '"' && c != '\\';
}

static inline void skip_plain(struct cursor *c)
{
    uint64_t eight, special;

    for (; c->end - c->at >= (ptrdiff_t)sizeof(eight); c->at += sizeof(eight)) {
        memcpy(&eight, c->at, sizeof(eight));
        special = special_bits(FIRST_LOWEST(eight));
        if (special) {
            c->at += __builtin_ctzll(special) / 8;
            return;
        }
    }
    while (c->at < c->end && is_plain(*c->at))
        c->at++;
}

/* Length of the escape at c, or 0: it is none. */
static size_t escape_len(const struct cursor *c)
{
    ptrdiff_t left = c->end - c->at;

    if (left >= 2 && c->at[1] != '\0' && strchr("\"\\/bfnrt", c->at[1]))
        return 2;
    if (left < 6 || c->at[1] != 'u')
        return 0;
    for (int i = 2; i < 6; i++) {
        if (hex_value(c->at[i]) < 0)
            return 0;
    }
    return 6;
}

/* Length of the UTF-8 sequence at c (RFC 3629: no overlongs, no surrogates), or 0. */
static size_t utf8_len(const struct cursor *c)
{
    const unsigned char *s = (const unsigned char *)c->at;
    size_t left = (size_t)(c->end - c->at);
    size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    /* The second byte of some has a narrower range. */
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;

    if (s[0] < 0xc2 || s[0] > 0xf4 || left < len || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return len;
}

/*
 * Moves behind what a string may have: plain characters, UTF-8 and, if has_escapes, escapes.  It
 * stops at the end, at a character that needs an escape, or at something malformed.  A call would
 * cost more than most texts.
 */
__attribute__((always_inline)) static inline void skip_text(struct cursor *c, bool has_escapes)
{
    size_t len;

    do {
        skip_plain(c);
        len = 0;
        if (c->at < c->end && !is_ascii(*c->at))
            len = utf8_len(c);
        else if (has_escapes && sees(c, '\\'))
            len = escape_len(c);
        c->at += len;
    } while (len > 0);
}

/*
 * Moves behind the quote that ends a checked string, which is one with an even number of
 * backslashes before it.
 */
static bool skim_string(struct cursor *c)
{
    const char *quote = c->at;
    size_t backslashes;

    do {
        quote = memchr(quote + 1, '"', (size_t)(c->end - quote - 1));
        if (!quote)
            return false;
        backslashes = 0;
        while (quote[-1 - (ptrdiff_t)backslashes] == '\\')
            backslashes++;
    } while (backslashes % 2 == 1);
    c->at = quote + 1;
    return true;
}

static bool skip_string(struct cursor *c)
{
    if (!skip_char(c, '"'))
        return false;
    skip_text(c, true);
    return skip_char(c, '"');
}

/* ---- numbers and words ---- */

static bool skip_digits(struct cursor *c)
{
    const char *from = c->at;

    while (c->at < c->end && is_digit(*c->at))
        c->at++;
    return c->at > from;
}

static bool skip_number(struct cursor *c)
{
    (void)skip_char(c, '-');
    if (!skip_char(c, '0') && !skip_digits(c))
        return false;
    if (skip_char(c, '.') && !skip_digits(c))
        return false;
    if (skip_char(c, 'e') || skip_char(c, 'E')) {
        if (!skip_char(c, '+'))
            (void)skip_char(c, '-');
        return skip_digits(c);
    }
    return true;
}

static bool skip_word(struct cursor *c, struct str word)
{
    if ((size_t)(c->end - c->at) < word.len || memcmp(c->at, word.ptr, word.len) != 0)
        return false;
    c->at += word.len;
    return true;
}

/* ---- the grammar ---- */

static void skip_space(struct cursor *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* Is shown each element, or each member with its name.  false: it may not be there. */
typedef bool item_reader(void *owner, struct str name, struct str value);

static bool skip_list(struct cursor *c, item_reader *read, void *owner);

static bool skip_value(struct cursor *c)
{
    if (c->at == c->end)
        return false;
    switch (*c->at) {
    case '[':
    case '{':
        return skip_list(c, NULL, NULL);
    case '"':
        return c->is_checked ? skim_string(c) : skip_string(c);
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

/* Passes over what skip moves behind and the space before it, and says where it stood. */
static bool take(struct cursor *c, bool (*skip)(struct cursor *c), struct str *span)
{
    skip_space(c);
    span->ptr = c->at;
    if (!skip(c))
        return false;
    span->len = (size_t)(c->at - span->ptr);
    return true;
}

/* "name": of a member */
static bool take_name(struct cursor *c, struct str *name)
{
    if (!take(c, skip_string, name))
        return false;
    skip_space(c);
    return skip_char(c, ':');
}

/*
 * Passes over the array or object that begins here.  It calls itself for each one inside, which
 * JSON_MAX_DEPTH bounds.  read may be NULL.
 */
static bool skip_list(struct cursor *c, item_reader *read, void *owner)
{
    bool is_object = *c->at++ == '{';
    char closing = is_object ? '}' : ']';
    struct str name = NO_STR, value;

    if (++c->depth > JSON_MAX_DEPTH)
        return false;
    skip_space(c);
    if (!sees(c, closing)) {
        do {
            if ((is_object && !take_name(c, &name)) || !take(c, skip_value, &value) ||
                (read && !read(owner, name, value)))
                return false;
            skip_space(c);
        } while (skip_char(c, ','));
    }
    c->depth--;
    return skip_char(c, closing);
}

/* Of a text that was read as far as c: whether that was all of it, and well. */
static enum err outcome_of(struct cursor *c, bool is_good)
{
    if (c->depth > JSON_MAX_DEPTH)
        return ERR_NO_MEMORY;
    skip_space(c);
    return is_good && c->at == c->end ? ERR_NONE : ERR_SYNTAX;
}

enum err json_check(struct str text, struct str *value)
{
    struct cursor c = cursor_on(text);

    return outcome_of(&c, take(&c, skip_value, value));
}

static enum err read_list(struct str text, char opening, bool is_checked, item_reader *read,
                          void *owner)
{
    struct cursor c = cursor_on(text);

    c.is_checked = is_checked;
    skip_space(&c);
    return outcome_of(&c, sees(&c, opening) && skip_list(&c, read, owner));
}

/* ---- arrays ---- */

struct elements {
    struct str *at;
    size_t max, count;
};

static bool read_element(void *owner, struct str name, struct str value)
{
    struct elements *elements = owner;

    (void)name;
    if (elements->count < elements->max)
        elements->at[elements->count] = value;
    elements->count++;
    return true;
}

enum err json_elements(struct str text, struct str *items, size_t max, size_t *count)
{
    struct elements elements = { items, max, 0 };
    enum err e = read_list(text, '[', false, read_element, &elements);

    *count = elements.count;
    return e;
}

/* ---- objects ---- */

struct fields {
    struct json_field *at;
    size_t count;
};

static bool read_member(void *owner, struct str name, struct str value)
{
    const struct fields *fields = owner;

    for (size_t i = 0; i < fields->count; i++) {
        struct json_field *field = &fields->at[i];
        if (!json_spells(name, field->name))
            continue;
        if (field->value.ptr)
            return false;
        field->value = value;
    }
    return true;
}

static enum err find_members(struct str text, bool is_checked, struct json_field *fields,
                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        fields[i].value = NO_STR;
    return read_list(text, '{', is_checked, read_member, &(struct fields){ fields, count });
}

enum err json_members(struct str text, struct json_field *fields, size_t count)
{
    return find_members(text, false, fields, count);
}

enum err json_checked_members(struct str text, struct json_field *fields, size_t count)
{
    return find_members(text, true, fields, count);
}

/* ---- text inside strings ---- */

static unsigned hex4(const char *s)
{
    unsigned number = 0;

    for (int i = 0; i < 4; i++)
        number = number << 4 | (unsigned)hex_value(s[i]);
    return number;
}

static size_t utf8_put(unsigned code, char out[static 4])
{
    static const unsigned char lead_bits[] = { 0, 0, 0xc0, 0xe0, 0xf0 }; /* by length */
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead_bits[len] | code);
    return len;
}

/* \uXXXX, and a second one behind the first of a surrogate pair. */
static size_t decode_unicode(struct cursor *c, char out[static 4])
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
 * Decodes one byte or one escape of a checked string.  Returns how many bytes it stands for,
 * which are never more than it was long.  0: a lone surrogate, which no UTF-8 can spell.
 */
static size_t decode_one(struct cursor *c, char out[static 4])
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
    struct cursor c;
    char *text;

    if (value.len < 2 || value.ptr[0] != '"')
        return ERR_SYNTAX;
    *out = inside(value);
    if (!has_escapes(*out))
        return ERR_NONE;
    text = arena_take(mem, out->len);
    if (!text)
        return ERR_NO_MEMORY;
    c = cursor_on(*out);
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
    struct cursor c = cursor_on(inside(quoted));

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
    struct cursor c = cursor_on(s);

    skip_text(&c, false);
    while (c.at < c.end && is_ascii(*c.at)) {
        c.at++;
        skip_text(&c, false);
    }
    return c.at == c.end;
}

/* ---- writing ---- */

/* Adds a character that is not plain.  false: it is no text either, and stands there as it came. */
static bool add_special(struct buf *out, char c)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;

    if (byte < 0x20) {
        buf_add(out, STR("\\u00"));
        buf_add_char(out, hex[byte >> 4]);
        buf_add_char(out, hex[byte & 15]);
        return true;
    }
    if (is_ascii(c))
        buf_add_char(out, '\\');
    buf_add_char(out, c);
    return is_ascii(c);
}

bool json_add_string(struct buf *out, struct str s)
{
    struct cursor c = cursor_on(s);
    bool is_text = true;

    buf_add_char(out, '"');
    while (c.at < c.end) {
        const char *from = c.at;
        skip_text(&c, false);
        buf_add(out, (struct str){ from, (size_t)(c.at - from) });
        if (c.at < c.end)
            is_text &= add_special(out, *c.at++);
    }
    buf_add_char(out, '"');
    return is_text;
}
