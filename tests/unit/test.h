/*
 * What every unit test starts with: cmocka, comparing views, exact copies for the
 * sanitizer, the memory-limit sweep, and the reader of tests/vectors.
 */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

/* Enough for anything a test builds. */
#define TEST_MEMORY ((size_t)1 << 20)

/* The vector in hand, told when a check below fails; empty outside of vectors. */
static char test_place[128];

static inline void test_failed(const char *file, int line, const char *what)
{
    print_error("%s%s%s\n", test_place, test_place[0] ? ": " : "", what);
    test_place[0] = '\0';
    _fail(file, line);
}

static inline void test_same(struct str got, struct str want, const char *file, int line)
{
    if (str_equal(got, want))
        return;
    print_error("got  (%zu) <%.*s>\n", got.len, STR_ARG(got));
    print_error("want (%zu) <%.*s>\n", want.len, STR_ARG(want));
    test_failed(file, line, "other text");
}

static inline void test_err(enum err got, enum err want, const char *call, const char *file,
                            int line)
{
    static const char *const names[] = { "ERR_NONE", "ERR_NO_MEMORY", "ERR_SYNTAX",
                                         "ERR_DENIED" };

    if (got == want)
        return;
    print_error("%s\n  got %s, want %s\n", call, names[got], names[want]);
    test_failed(file, line, "other outcome");
}

static inline void test_true(bool holds, const char *condition, const char *file, int line)
{
    if (!holds)
        test_failed(file, line, condition);
}

/* Like cmocka's, but they know views and tell which vector they were at. */
#define assert_same(got, want) test_same((got), (want), __FILE__, __LINE__)
#define assert_str(got, literal) test_same((got), STR(literal), __FILE__, __LINE__)
#define assert_err(call, want) test_err((call), (want), #call, __FILE__, __LINE__)
#define assert_that(condition) test_true((condition), #condition, __FILE__, __LINE__)

/*
 * The same bytes at the very end of a malloc block, so that ASan sees the first byte
 * read too many.  For exact_free.
 */
static inline struct str exact(struct str s)
{
    char *block = malloc(s.len + 1);

    assert_non_null(block);
    if (s.len > 0)
        memcpy(block + 1, s.ptr, s.len);
    return (struct str){ block + 1, s.len };
}

static inline void exact_free(struct str s)
{
    free((void *)((uintptr_t)s.ptr - 1));
}

/* Is inner a part of outer, not a copy of it? */
static inline bool is_within(struct str inner, struct str outer)
{
    uintptr_t first = (uintptr_t)inner.ptr;
    uintptr_t start = (uintptr_t)outer.ptr;

    return first >= start && first + inner.len <= start + outer.len;
}

/* The bytes that RFC 8259 calls white space. */
static inline struct str without_space(struct str s)
{
    while (s.len > 0 && strchr(" \t\r\n", s.ptr[0]) && s.ptr[0] != '\0')
        s = str_skip(s, 1);
    while (s.len > 0 && strchr(" \t\r\n", s.ptr[s.len - 1]) && s.ptr[s.len - 1] != '\0')
        s.len--;
    return s;
}

/*
 * Repeats the call with a little more memory each time until it succeeds: every place
 * that can run out of memory does so once.  The call checks its own results.
 */
typedef enum err with_memory(struct arena *mem, void *context);

static inline void sweep(with_memory *call, void *context)
{
    enum err e = ERR_NO_MEMORY;
    size_t failures = 0;

    for (size_t limit = 0; e != ERR_NONE; limit += 16) {
        struct arena mem;
        size_t held;
        assert_true(limit <= TEST_MEMORY);
        arena_init(&mem, limit);
        e = call(&mem, context);
        held = mem.held;
        arena_free(&mem);
        assert_true(held <= limit);
        assert_true(e == ERR_NONE || e == ERR_NO_MEMORY);
        failures += e == ERR_NO_MEMORY;
    }
    assert_true(failures > 0);
}

/*
 * Pseudo-random numbers that are the same in every run (xorshift64*).
 */
static inline uint32_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)(*state * UINT64_C(2685821657736338717) >> 32);
}

/*
 * Vectors: lines of columns, see tests/vectors/README.md.  A loop over a file:
 *
 *     struct vectors v;
 *     for (vectors_open(&v, "groups.tsv", 3); vectors_next(&v);)
 *         … v.column[0] …
 *
 * A file without vectors, or a line with another number of columns, fails the test.
 */
#define VECTOR_COLUMNS 12
#define VECTOR_LINE_BYTES 16384

struct vectors {
    const char *name;
    FILE *file;
    size_t columns;
    int number; /* of the line */
    int seen;
    struct str column[VECTOR_COLUMNS]; /* unescaped, valid until the next line */
    char line[VECTOR_LINE_BYTES];
};

static inline void vectors_open(struct vectors *v, const char *name, size_t columns)
{
    char path[256];

    assert_true(columns > 0 && columns <= VECTOR_COLUMNS);
    memset(v, 0, sizeof(*v));
    v->name = name;
    v->columns = columns;
    (void)snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS, name);
    v->file = fopen(path, "r");
    if (!v->file)
        fail_msg("cannot open %s (run from the root of the repository)", path);
}

static inline int vectors_hex(char c)
{
    const char *at = strchr("0123456789abcdef", c);

    return c != '\0' && at ? (int)(at - "0123456789abcdef") : -1;
}

/* In place: what it gives is never longer than what it takes. */
static inline struct str vectors_unescape(char *text)
{
    size_t len = 0;

    for (const char *p = text; *p != '\0'; p++, len++) {
        if (*p != '\\') {
            assert_that(*p > 0x1f && *p < 0x7f);
            text[len] = *p;
        } else if (*++p == 't' || *p == 'n' || *p == '\\') {
            text[len] = *p;
            if (*p != '\\')
                text[len] = *p == 't' ? '\t' : '\n';
        } else {
            assert_that(*p == 'x' && vectors_hex(p[1]) >= 0 && vectors_hex(p[2]) >= 0);
            text[len] = (char)(vectors_hex(p[1]) << 4 | vectors_hex(p[2]));
            p += 2;
        }
    }
    return (struct str){ text, len };
}

static inline bool vectors_next(struct vectors *v)
{
    do {
        if (!fgets(v->line, sizeof(v->line), v->file)) {
            test_place[0] = '\0';
            (void)fclose(v->file);
            assert_true(v->seen > 0);
            return false;
        }
        v->number++;
        (void)snprintf(test_place, sizeof(test_place), "%s/%s:%d", TEST_VECTORS, v->name,
                       v->number);
        assert_that(strchr(v->line, '\n') != NULL);
        v->line[strcspn(v->line, "\n")] = '\0';
    } while (v->line[0] == '\0' || v->line[0] == '#');

    char *text = v->line;
    size_t count = 0;
    for (char *next = text; next; text = next) {
        next = strchr(text, '\t');
        if (next)
            *next++ = '\0';
        assert_that(count < v->columns);
        v->column[count++] = vectors_unescape(text);
    }
    assert_that(count == v->columns);
    v->seen++;
    return true;
}

/* Has judge look at every prefix of the first column of each line, in exact memory. */
static inline void each_prefix(const char *name, size_t columns, void (*judge)(struct str text))
{
    struct vectors v;

    for (vectors_open(&v, name, columns); vectors_next(&v);) {
        for (size_t len = 0; len < v.column[0].len; len++) {
            struct str text = exact(str_first(v.column[0], len));
            judge(text);
            exact_free(text);
        }
    }
}

#endif
