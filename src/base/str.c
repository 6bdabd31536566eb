#include "base/str.h"

#include <string.h>

struct str str_from(const char *nul_terminated)
{
    return (struct str){ nul_terminated, nul_terminated ? strlen(nul_terminated) : 0 };
}

struct str str_of_bytes(const unsigned char *bytes, size_t len)
{
    return (struct str){ (const char *)bytes, len };
}

/* memcmp and friends want valid pointers even for nothing. */
bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* strncasecmp would ask the locale and stop at a zero byte. */
bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal(str_first(s, prefix.len), prefix);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal_nocase(str_first(s, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_equal(str_skip(s, s.len - suffix.len), suffix);
}

bool str_list_has(struct str_list list, struct str s)
{
    size_t i = 0;

    while (i < list.count && !str_equal(list.at[i], s))
        i++;
    return i < list.count;
}

struct str header_value(const struct header *list, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i].name, name))
            return list[i].value;
    }
    return NO_STR;
}

bool header_is_repeated(const struct header *list, size_t count, struct str name)
{
    size_t seen = 0;

    for (size_t i = 0; i < count; i++)
        seen += str_equal(list[i].name, name);
    return seen > 1;
}

struct str str_take(struct str *s, bool (*is)(char c))
{
    struct str taken = { s->ptr, 0 };

    while (taken.len < s->len && is(s->ptr[taken.len]))
        taken.len++;
    *s = str_skip(*s, taken.len);
    return taken;
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_visible(char c)
{
    return c > ' ' && c <= '~';
}

bool str_is_visible(struct str s)
{
    return str_is_all(s, is_visible);
}

struct str str_skip(struct str s, size_t len)
{
    return len == 0 ? s : (struct str){ s.ptr + len, s.len - len };
}

struct str str_first(struct str s, size_t len)
{
    return (struct str){ s.ptr, len };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* A zero byte is none of them. */
static bool is_one_of(char c, const char *characters)
{
    while (*characters && *characters != c)
        characters++;
    return *characters != '\0';
}

struct str str_cut(struct str s, const char *separators, struct str *rest)
{
    size_t len = 0;

    while (len < s.len && !is_one_of(s.ptr[len], separators))
        len++;
    *rest = len < s.len ? str_skip(s, len + 1) : NO_STR;
    return str_first(s, len);
}

enum err str_to_number(struct str s, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;

    if (s.len == 0 || !str_is_all(s, is_digit))
        return ERR_SYNTAX;
    for (size_t i = 0; i < s.len; i++) {
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return ERR_SYNTAX;
        number = number * 10 + digit;
    }
    if (number < min || number > max)
        return ERR_SYNTAX;
    *out = number;
    return ERR_NONE;
}

struct str str_of_number(uint64_t number, char space[static NUMBER_CHARS])
{
    size_t at = NUMBER_CHARS;

    do {
        uint64_t tenth = number / 10;
        space[--at] = (char)('0' + (number - 10 * tenth));
        number = tenth;
    } while (number > 0);
    return (struct str){ space + at, NUMBER_CHARS - at };
}

bool str_equal_secret(struct str a, struct str b)
{
    volatile unsigned char difference = 0;

    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        difference = (unsigned char)(difference | (a.ptr[i] ^ b.ptr[i]));
    return difference == 0;
}
