#include "wire/json.h"

#include <string.h>

#include "wire/base64url.h"

/* Where a reader stands in its text. */
struct cursor {
    const char *at;
    const char *end;
    bool is_too_deep; /* that is why it does not go on */
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

static inline void skip_plain(struct cursor *c)
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

static bool skip_escape(struct cursor *c)
{
    c->at++;
    if (c->at == c->end)
        return false;
    if (*c->at != 'u')
        return *c->at != '\0' && strchr("\"\\/bfnrt", *c->at++) != NULL;
    c->at++;
    for (int i = 0; i < 4; i++, c->at++) {
        if (c->at == c->end || hex_value(*c->at) < 0)
            return false;
    }
    return true;
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

static bool skip_unescaped(struct cursor *c)
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

static bool skip_string(struct cursor *c)
{
    if (!skip_char(c, '"'))
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

static bool skip_scalar(struct cursor *c)
{
    if (c->at == c->end)
        return false;
    switch (*c->at) {
    case '"':
        return skip_string(c);
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

/* ---- the grammar ---- */

static void skip_space(struct cursor *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* The arrays and objects around the cursor, innermost in the lowest bit. */
struct nesting {
    uint64_t is_object;
    unsigned depth;
};

_Static_assert(JSON_MAX_DEPTH <= 64, "one bit for each level");

static bool open_container(struct cursor *c, struct nesting *nest)
{
    c->is_too_deep = nest->depth == JSON_MAX_DEPTH;
    if (c->is_too_deep)
        return false;
    nest->is_object = nest->is_object << 1 | (*c->at == '{');
    nest->depth++;
    c->at++;
    skip_space(c);
    return true;
}

static bool close_container(struct cursor *c, struct nesting *nest)
{
    if (!skip_char(c, nest->is_object & 1 ? '}' : ']'))
        return false;
    nest->is_object >>= 1;
    nest->depth--;
    return true;
}

/* "name": of a member */
static bool skip_name(struct cursor *c)
{
    skip_space(c);
    if (!skip_string(c))
        return false;
    skip_space(c);
    return skip_char(c, ':');
}

/*
 * Passes over what follows a value inside outer or more levels: the ends of containers, and one
 * comma with the name that may follow.  *more: another value comes.
 */
static bool skip_after_value(struct cursor *c, struct nesting *nest, unsigned outer, bool *more)
{
    *more = false;
    while (nest->depth > outer) {
        skip_space(c);
        if (skip_char(c, ',')) {
            *more = true;
            return !(nest->is_object & 1) || skip_name(c);
        }
        if (!close_container(c, nest))
            return false;
    }
    return true;
}

/* One value at the given depth, with the space before it. */
static bool skip_value(struct cursor *c, unsigned outer)
{
    struct nesting nest = { .depth = outer };
    bool more = true;

    while (more) {
        skip_space(c);
        if (sees(c, '{') || sees(c, '[')) {
            if (!open_container(c, &nest))
                return false;
            if (!sees(c, ']') && !sees(c, '}')) {
                if ((nest.is_object & 1) && !skip_name(c))
                    return false;
                continue; /* with the first value inside */
            }
            if (!close_container(c, &nest))
                return false;
        } else if (!skip_scalar(c)) {
            return false;
        }
        if (!skip_after_value(c, &nest, outer, &more))
            return false;
    }
    return true;
}

/* The same, and where it stood. */
static bool read_value(struct cursor *c, unsigned outer, struct str *value)
{
    skip_space(c);
    value->ptr = c->at;
    if (!skip_value(c, outer))
        return false;
    value->len = (size_t)(c->at - value->ptr);
    return true;
}

static bool only_space_left(struct cursor *c)
{
    skip_space(c);
    return c->at == c->end;
}

/* Of a text that could not be read to its end. */
static enum err fault_of(const struct cursor *c)
{
    return c->is_too_deep ? ERR_NO_MEMORY : ERR_SYNTAX;
}

enum err json_check(struct str text, struct str *value)
{
    struct cursor c = cursor_on(text);

    return read_value(&c, 0, value) && only_space_left(&c) ? ERR_NONE : fault_of(&c);
}

enum err json_elements(struct str text, struct str *items, size_t max, size_t *count)
{
    struct cursor c = cursor_on(text);
    struct str value;

    *count = 0;
    skip_space(&c);
    if (!skip_char(&c, '['))
        return ERR_SYNTAX;
    skip_space(&c);
    if (!sees(&c, ']')) {
        do {
            if (!read_value(&c, 1, &value))
                return fault_of(&c);
            if (*count < max)
                items[*count] = value;
            ++*count;
            skip_space(&c);
        } while (skip_char(&c, ','));
    }
    return skip_char(&c, ']') && only_space_left(&c) ? ERR_NONE : ERR_SYNTAX;
}

/* ---- objects ---- */

/*
 * Moves behind the quote that ends a checked string, which is one with an even number of
 * backslashes before it.
 */
static void skim_string(struct cursor *c)
{
    const char *quote = c->at;
    size_t backslashes;

    do {
        quote = memchr(quote + 1, '"', (size_t)(c->end - quote - 1));
        if (!quote) {
            c->at = c->end;
            return;
        }
        for (backslashes = 0; quote[-1 - (ptrdiff_t)backslashes] == '\\'; backslashes++)
            ;
    } while (backslashes % 2 == 1);
    c->at = quote + 1;
}

/* Moves behind a checked value, which stands inside an object. */
static void skim_value(struct cursor *c)
{
    unsigned depth = 0;

    while (c->at < c->end) {
        char seen = *c->at;
        if (seen == '"') {
            skim_string(c);
        } else {
            if (depth == 0 && (seen == ',' || seen == '}' || seen == ' ' || seen == '\t' ||
                               seen == '\n' || seen == '\r'))
                return;
            depth += seen == '{' || seen == '[';
            depth -= seen == '}' || seen == ']';
            c->at++;
        }
        if (depth == 0 && (seen == '"' || seen == '}' || seen == ']'))
            return;
    }
}

static struct json_field *find_field(struct json_field *fields, size_t count, struct str quoted)
{
    for (size_t i = 0; i < count; i++) {
        if (json_spells(quoted, fields[i].name))
            return &fields[i];
    }
    return NULL;
}

/* "name": value */
static bool read_member(struct cursor *c, bool is_checked, struct json_field *member)
{
    skip_space(c);
    member->name.ptr = c->at;
    if (!skip_string(c))
        return false;
    member->name.len = (size_t)(c->at - member->name.ptr);
    skip_space(c);
    if (!skip_char(c, ':'))
        return false;
    if (!is_checked)
        return read_value(c, 1, &member->value);
    skip_space(c);
    member->value.ptr = c->at;
    skim_value(c);
    member->value.len = (size_t)(c->at - member->value.ptr);
    return member->value.len > 0;
}

static enum err find_members(struct str text, bool is_checked, struct json_field *fields,
                             size_t count)
{
    struct cursor c = cursor_on(text);
    struct json_field member, *field;

    for (size_t i = 0; i < count; i++)
        fields[i].value = NO_STR;
    skip_space(&c);
    if (!skip_char(&c, '{'))
        return ERR_SYNTAX;
    skip_space(&c);
    if (!sees(&c, '}')) {
        do {
            if (!read_member(&c, is_checked, &member))
                return fault_of(&c);
            field = find_field(fields, count, member.name);
            if (field && field->value.ptr)
                return ERR_SYNTAX;
            if (field)
                field->value = member.value;
            skip_space(&c);
        } while (skip_char(&c, ','));
    }
    return skip_char(&c, '}') && only_space_left(&c) ? ERR_NONE : ERR_SYNTAX;
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

    while (skip_unescaped(&c) && c.at < c.end)
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
    struct cursor c = cursor_on(s);
    bool is_text = true;

    buf_add_char(out, '"');
    while (c.at < c.end) {
        const char *from = c.at;
        bool is_good = skip_unescaped(&c);
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
