/*
 * The words the whole program is written in: views of bytes, error codes,
 * and the few operations on them that every layer needs.  Needs only libc.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What a caller can act on; details are told where they are known. */
enum err {
    ERR_NONE = 0,
    ERR_NO_MEMORY, /* out of memory, or over a named limit */
    ERR_SYNTAX,    /* the peer sent something malformed */
    ERR_DENIED,    /* a signature, token or permission did not hold */
};

/* A view of bytes that somebody else owns.  Not NUL-terminated. */
struct str {
    const char *ptr;
    size_t len;
};

/* Several of them, likewise somebody else's. */
struct str_list {
    const struct str *at;
    size_t count;
};

/* A name and its value: one header of an HTTP message, one parameter of a query. */
struct header {
    struct str name;
    struct str value;
};

/* The value of the first of that name.  ptr is NULL if there is none. */
struct str header_value(const struct header *list, size_t count, struct str name);

/* True if there are several of that name: somebody else may read another one than the first. */
bool header_is_repeated(const struct header *list, size_t count, struct str name);

#define STR_INIT(literal)                                                                      \
    {                                                                                          \
        "" literal, sizeof(literal) - 1                                                        \
    }
#define STR(literal) ((struct str)STR_INIT(literal))

/* Nothing at all: no text was given. */
#define NO_STR ((struct str){ NULL, 0 })

/* printf's "%.*s" wants an int; views longer than that are never printed. */
#define STR_ARG(s) (int)(s).len, (s).ptr

/* A NULL pointer gives the empty view. */
struct str str_from(const char *nul_terminated);

struct str str_of_bytes(const unsigned char *bytes, size_t len);

/* For libraries that only read, but whose types are older than const; or for an owner's own bytes. */
static inline void *unconst(const void *bytes)
{
    union {
        const void *from;
        void *to;
    } same = { .from = bytes };

    return same.to;
}

bool str_equal(struct str a, struct str b);
bool str_equal_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_list_has(struct str_list list, struct str s);

/* Does this hold for every character?  It does where there is none. */
static inline bool str_is_all(struct str s, bool (*is)(char c))
{
    size_t i = 0;

    while (i < s.len && is(s.ptr[i]))
        i++;
    return i == s.len;
}

/* Takes the characters for which this holds off the front of s. */
struct str str_take(struct str *s, bool (*is)(char c));

bool is_digit(char c);

/* Nothing but ASCII that can be seen: no space, no control character. */
bool str_is_visible(struct str s);

/* The first len bytes removed; len may not exceed s.len. */
struct str str_skip(struct str s, size_t len);
struct str str_first(struct str s, size_t len);

/* Spaces and tabs at both ends removed. */
struct str str_trim(struct str s);

/*
 * Splits s at the first occurrence of any byte of separators: returns what
 * stands before it and leaves in *rest what stands after.  Without a separator
 * the whole of s is returned and *rest is empty.
 */
struct str str_cut(struct str s, const char *separators, struct str *rest);

/* Whole text as a decimal number of min..max; anything else: ERR_SYNTAX. */
MUST_USE enum err str_to_number(struct str s, uint64_t min, uint64_t max, uint64_t *out);

/* number in decimal, a view into space. */
#define NUMBER_CHARS 20
struct str str_of_number(uint64_t number, char space[static NUMBER_CHARS]);

/* The same in space of its own, which ends with the block that it stands in. */
#define DECIMAL(number) str_of_number((number), (char[NUMBER_CHARS]){ 0 })

/*
 * Equal length and bytes, in a time that depends on the length alone.
 * For whatever an attacker might guess byte by byte.
 */
bool str_equal_secret(struct str a, struct str b);

#endif
