#include "base/mem.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/*
 * Bytes of a block that are not handed out yet are off limits to everybody, which
 * ASan can only know if it is told.
 */
#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(ptr, len) ((void)(ptr), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, len) ((void)(ptr), (void)(len))
#endif

/* Not inlined: gcc 14 would take the bytes for read, and miss their initialisation. */
__attribute__((noinline)) static void close_bytes(void *ptr, size_t len)
{
    ASAN_POISON_MEMORY_REGION(ptr, len);
}

static void open_bytes(void *ptr, size_t len)
{
    ASAN_UNPOISON_MEMORY_REGION(ptr, len);
}

/* The first block is enough for most requests without their body; what follows comes in less. */
#define BLOCK_BYTES 4096
#define NEXT_BLOCK_BYTES 2048

struct arena_block {
    struct arena_block *next;
    size_t size; /* of bytes */
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *mem, size_t limit_bytes)
{
    *mem = (struct arena){ .limit_bytes = limit_bytes };
}

static void free_newest(struct arena *mem)
{
    struct arena_block *block = mem->blocks;

    mem->blocks = block->next;
    open_bytes(block->bytes, block->size);
    free(block);
}

void arena_free(struct arena *mem)
{
    while (mem->blocks)
        free_newest(mem);
    mem->used = mem->held = 0;
}

void arena_reset(struct arena *mem)
{
    while (mem->blocks && (mem->blocks->next || mem->blocks->size != BLOCK_BYTES))
        free_newest(mem);
    mem->used = 0;
    mem->held = mem->blocks ? BLOCK_BYTES : 0;
    if (mem->blocks)
        close_bytes(mem->blocks->bytes, BLOCK_BYTES);
}

/* A new block that holds at least size bytes, within the limit. */
static bool add_block(struct arena *mem, size_t size)
{
    size_t room = mem->limit_bytes - mem->held;
    size_t least = mem->blocks ? NEXT_BLOCK_BYTES : BLOCK_BYTES;
    struct arena_block *block;

    if (size > room || size > SIZE_MAX - sizeof(*block))
        return false;
    if (size < least)
        size = room < least ? room : least;
    block = malloc(sizeof(*block) + size);
    if (!block)
        return false;
    block->next = mem->blocks;
    block->size = size;
    close_bytes(block->bytes, size);
    mem->blocks = block;
    mem->held += size;
    mem->used = 0;
    return true;
}

/* Keeps mem->used aligned. */
void *arena_space(struct arena *mem, size_t size)
{
    const size_t unit = alignof(max_align_t);
    char *ptr;

    if (size > SIZE_MAX - unit)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (!mem->blocks || size > mem->blocks->size - mem->used) {
        if (!add_block(mem, size))
            return NULL;
    }
    ptr = mem->blocks->bytes + mem->used;
    mem->used += size;
    open_bytes(ptr, size);
    return ptr;
}

void *arena_take(struct arena *mem, size_t size)
{
    void *ptr = arena_space(mem, size);

    return ptr ? memset(ptr, 0, size) : NULL;
}

/* SIZE_MAX, which nothing has room for, if it is more than can be counted. */
static size_t total_len(const struct str *list, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len = list[i].len < SIZE_MAX - len ? len + list[i].len : SIZE_MAX;
    return len;
}

static void copy_all(char *to, const struct str *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].len > 0)
            memcpy(to, list[i].ptr, list[i].len);
        to += list[i].len;
    }
}

enum err arena_concat_list(struct arena *mem, struct str *out, const struct str *list,
                           size_t count)
{
    size_t len = total_len(list, count);
    char *ptr = arena_space(mem, len);

    if (!ptr)
        return ERR_NO_MEMORY;
    copy_all(ptr, list, count);
    *out = (struct str){ ptr, len };
    return ERR_NONE;
}

enum err arena_copy(struct arena *mem, struct str s, struct str *out)
{
    return arena_concat_list(mem, out, &s, 1);
}

const char *arena_cstr_list(struct arena *mem, const struct str *list, size_t count)
{
    struct str text = NO_STR;

    (void)!arena_concat_list(mem, &text, list, count);
    return text.ptr;
}

/* Takes back what follows the buffer's text, if nothing was taken after it. */
static bool grow_in_place(struct buf *b, size_t size)
{
    struct arena *mem = b->mem;
    size_t more = size - b->size;

    if (!b->ptr || b->ptr + b->size != mem->blocks->bytes + mem->used)
        return false;
    if (more > mem->blocks->size - mem->used)
        return false;
    open_bytes(mem->blocks->bytes + mem->used, more);
    mem->used += more;
    b->size = size;
    return true;
}

static bool grow(struct buf *b, size_t size)
{
    char *ptr;

    if (grow_in_place(b, size))
        return true;
    ptr = arena_space(b->mem, size);
    if (!ptr)
        return false;
    if (b->ptr)
        memcpy(ptr, b->ptr, b->len);
    b->ptr = ptr;
    b->size = size;
    return true;
}

/* Room for len more bytes; doubles, so that appending n bytes copies at most 2n. */
static bool make_room(struct buf *b, size_t len)
{
    const size_t unit = alignof(max_align_t);
    size_t size = b->size > 64 ? b->size : 64;

    if (b->ptr && len <= b->size - b->len)
        return !b->failed;
    b->failed |= len > SIZE_MAX / 4 - b->len;
    while (!b->failed && size < b->len + len)
        size *= 2;
    /* Near the limit an exact fit may still do. */
    b->failed =
        b->failed || (!grow(b, size) && !grow(b, (b->len + len + unit - 1) / unit * unit));
    return !b->failed;
}

void buf_reserve(struct buf *b, size_t len)
{
    bool has_failed = b->failed;

    (void)make_room(b, len);
    b->failed = has_failed;
}

char *buf_space(struct buf *b, size_t len)
{
    bool has_room = b->ptr && !b->failed && len <= b->size - b->len;

    if (!has_room && !make_room(b, len))
        return NULL;
    b->len += len;
    return b->ptr + b->len - len;
}

void buf_add(struct buf *b, struct str s)
{
    char *space;

    if (s.len == 0)
        return;
    space = buf_space(b, s.len);
    if (space)
        memcpy(space, s.ptr, s.len);
}

void buf_add_char(struct buf *b, char c)
{
    if (b->len < b->size && !b->failed) {
        b->ptr[b->len++] = c;
        return;
    }
    buf_add(b, (struct str){ &c, 1 });
}

void buf_add_number(struct buf *b, uint64_t number)
{
    buf_add(b, DECIMAL(number));
}

void buf_add_list(struct buf *b, const struct str *list, size_t count)
{
    char *space = buf_space(b, total_len(list, count));

    if (space)
        copy_all(space, list, count);
}

enum err buf_done(struct buf *b, struct str *out)
{
    if (b->failed)
        return ERR_NO_MEMORY;
    *out = buf_text(b);
    return ERR_NONE;
}
