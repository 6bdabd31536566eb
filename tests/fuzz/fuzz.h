/*
 * What every fuzz target starts with: its entry, the reader that takes an input apart, and
 * MUST, which says what did not hold and ends the process where it did not.
 *
 * A target includes no test framework: libFuzzer runs it (make fuzz), and replay.c does
 * without libFuzzer (make test).
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                        \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,            \
                          #condition);                                                         \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

/* Enough for anything a target builds out of one input. */
#define FUZZ_MEMORY ((size_t)4 << 20)

/*
 * An input is a row of fields, each ended by this byte, which no UTF-8 contains; the last one
 * is whatever is left.  So a mutation inside one field leaves the others where they are.
 */
#define FIELD_END '\xff'
#define FUZZ_MAX_FIELDS 64

struct input {
    struct str left;
    char *blocks[FUZZ_MAX_FIELDS]; /* the fields, each in memory of its own */
    size_t count;
};

static inline struct input input_on(const uint8_t *data, size_t size)
{
    return (struct input){ .left = { (const char *)data, size } };
}

static inline void input_free(struct input *in)
{
    for (size_t i = 0; i < in->count; i++)
        free(in->blocks[i]);
    in->count = 0;
}

/*
 * The next field, at the very end of a block with a zero byte behind it, so that ASan sees
 * all but the first byte read too many; empty where nothing is left.
 */
static inline struct str input_text(struct input *in)
{
    const char *end = in->left.len > 0 ? memchr(in->left.ptr, FIELD_END, in->left.len) : NULL;
    size_t len = end ? (size_t)(end - in->left.ptr) : in->left.len;
    char *block = malloc(len + 1);

    MUST(block && in->count < FUZZ_MAX_FIELDS);
    if (len > 0)
        memcpy(block, in->left.ptr, len);
    block[len] = '\0';
    in->blocks[in->count++] = block;
    in->left = str_skip(in->left, len + (end != NULL));
    return (struct str){ block, len };
}

/* One of count, by a single byte: '0' is the first, so that seeds can be read. */
static inline unsigned input_choice(struct input *in, unsigned count)
{
    unsigned char byte = '0';

    if (in->left.len > 0) {
        byte = (unsigned char)in->left.ptr[0];
        in->left = str_skip(in->left, 1);
    }
    return (unsigned char)(byte - '0') % count;
}

/* What buf holds, which must have found its memory. */
static inline struct str built(struct buf *b)
{
    struct str text;

    MUST(!buf_done(b, &text));
    return text;
}

static inline bool contains(struct str text, struct str part)
{
    return part.len > 0 && text.len >= part.len &&
           memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

#endif
