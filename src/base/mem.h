/*
 * Memory of one request: an arena with a limit, and text built in it.
 *
 * Nothing in an arena is freed by itself; arena_free gives all of it back.
 * The limit bounds what one request can make the process hold.  An arena and
 * its buffers belong to one thread at a time.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes taken from the newest block */
    size_t held;                /* bytes of all blocks, counted against the limit */
    size_t limit_bytes;
};

/* Allocates nothing yet.  What is taken later never exceeds limit_bytes. */
void arena_init(struct arena *mem, size_t limit_bytes);

/* All that was taken from mem becomes invalid; mem may be used again. */
void arena_free(struct arena *mem);

/*
 * The same, but the first block that was taken, if it is of the usual size, stays with mem for its
 * next use.
 */
void arena_reset(struct arena *mem);

/*
 * size zeroed bytes, aligned for any type, valid until arena_free.
 * NULL: out of memory or over the limit.
 */
MUST_USE void *arena_take(struct arena *mem, size_t size);

/* The same, but not zeroed: for what is written before it is read. */
MUST_USE void *arena_space(struct arena *mem, size_t size);

/* A copy in mem.  ERR_NO_MEMORY as above. */
MUST_USE enum err arena_copy(struct arena *mem, struct str s, struct str *out);

/* Several views in a row, in mem.  ERR_NO_MEMORY as above. */
#define arena_concat(mem, out, ...)                                                            \
    arena_concat_list((mem), (out), (const struct str[]){ __VA_ARGS__ },                       \
                      COUNT(((const struct str[]){ __VA_ARGS__ })))
MUST_USE enum err arena_concat_list(struct arena *mem, struct str *out, const struct str *list,
                                    size_t count);

/* The same, NUL-terminated, for libraries that want that.  NULL as above. */
#define arena_cstr(mem, ...)                                                                   \
    arena_cstr_list((mem), (const struct str[]){ __VA_ARGS__, STR("\0") },                     \
                    COUNT(((const struct str[]){ __VA_ARGS__, STR("\0") })))
MUST_USE const char *arena_cstr_list(struct arena *mem, const struct str *list, size_t count);

/*
 * Text under construction.  Start with { .mem = mem }; append freely; the first
 * append that fails sticks, and buf_done tells.  Only the newest buffer of an
 * arena grows without copying, so build one text after the other.
 */
struct buf {
    struct arena *mem;
    char *ptr;
    size_t len;
    size_t size;
    bool failed;
};

/* Makes room for len more bytes at once, if there is any; an optimisation, which cannot fail b. */
void buf_reserve(struct buf *b, size_t len);

void buf_add(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_add_number(struct buf *b, uint64_t number);

/* Several views in a row. */
#define buf_add_all(b, ...)                                                                    \
    buf_add_list((b), (const struct str[]){ __VA_ARGS__ },                                     \
                 sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str))
void buf_add_list(struct buf *b, const struct str *list, size_t count);

/* len bytes at the end for the caller to fill, or NULL when b has failed. */
char *buf_space(struct buf *b, size_t len);

/* The text so far. */
static inline struct str buf_text(const struct buf *b)
{
    return (struct str){ b->ptr, b->len };
}

/* The text, valid as long as the arena.  ERR_NO_MEMORY if any append failed. */
MUST_USE enum err buf_done(struct buf *b, struct str *out);

#endif
