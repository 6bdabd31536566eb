#include "test.h"

#include <stdalign.h>

/* The system has no more memory (--wrap=malloc). */
static bool is_exhausted;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return is_exhausted ? NULL : __real_malloc(size);
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    struct arena mem;
    unsigned char *taken[300];

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    for (size_t i = 0; i < COUNT(taken); i++) {
        taken[i] = arena_take(&mem, i);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(taken[i][j], 0);
        memset(taken[i], (int)(i % 255 + 1), i);
    }
    for (size_t i = 0; i < COUNT(taken); i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(taken[i][j], i % 255 + 1);
    }
    arena_free(&mem);
}

static void an_arena_allocates_nothing_until_asked(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_int_equal(mem.held, 0);
    assert_null(mem.blocks);
    arena_free(&mem);
    arena_free(&mem);
}

static void a_freed_arena_gives_zeroed_memory_again(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, 4096);
    for (int round = 0; round < 3; round++) {
        unsigned char *bytes = arena_take(&mem, 4000);
        assert_non_null(bytes);
        for (size_t i = 0; i < 4000; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xee, 4000);
        arena_free(&mem);
    }
}

static void a_reset_arena_is_as_good_as_new_and_keeps_a_block(void **state)
{
    struct arena mem;
    struct arena_block *kept = NULL;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    arena_reset(&mem);
    assert_null(mem.blocks);
    for (int round = 0; round < 3; round++) {
        unsigned char *bytes = arena_take(&mem, 100);
        assert_non_null(bytes);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xee, 100);
        assert_true(!kept || mem.blocks == kept);
        kept = mem.blocks;
        if (round == 1) /* a large one is not kept */
            assert_non_null(arena_take(&mem, TEST_MEMORY / 2));
        arena_reset(&mem);
        kept = mem.blocks;
        assert_true(mem.held < TEST_MEMORY / 2);
    }
    arena_free(&mem);
}

static void a_reset_arena_keeps_the_first_block_however_many_followed(void **state)
{
    struct arena mem;
    struct arena_block *first;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_non_null(arena_take(&mem, 1));
    first = mem.blocks;
    for (int round = 0; round < 3; round++) {
        assert_non_null(arena_take(&mem, 4000));
        assert_non_null(arena_take(&mem, 4000));
        assert_true(mem.blocks != first);
        arena_reset(&mem);
        assert_ptr_equal(mem.blocks, first);
        assert_int_equal(mem.used, 0);
    }
    arena_free(&mem);
}

static void a_reservation_that_fails_fails_nothing(void **state)
{
    struct arena mem;
    struct buf b = { .mem = &mem };
    struct str text;

    (void)state;
    arena_init(&mem, 4096);
    buf_add(&b, STR("before"));
    buf_reserve(&b, 100000);
    buf_reserve(&b, SIZE_MAX);
    is_exhausted = true;
    buf_reserve(&b, 3000);
    is_exhausted = false;
    buf_add(&b, STR(" and after"));
    assert_err(buf_done(&b, &text), ERR_NONE);
    assert_same(text, STR("before and after"));
    buf_add_list(&b, &(struct str){ text.ptr, 100000 }, 1);
    buf_reserve(&b, 1);
    assert_err(buf_done(&b, &text), ERR_NO_MEMORY);
    arena_free(&mem);
}

static void what_is_taken_never_exceeds_the_limit(void **state)
{
    static const size_t sizes[] = { 1, 16, 100, 1000, 5000 };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (size_t limit = 0; limit < 20000; limit += 999) {
            struct arena mem;
            size_t taken = 0;
            arena_init(&mem, limit);
            while (arena_take(&mem, sizes[i])) {
                taken += sizes[i];
                assert_true(taken <= limit);
                assert_true(mem.held <= limit);
            }
            arena_free(&mem);
        }
    }
}

static void the_whole_limit_may_be_taken_at_once(void **state)
{
    static const size_t limits[] = { 16, 64, 4096, 8192, 65536 };

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct arena mem;
        arena_init(&mem, limits[i]);
        assert_non_null(arena_take(&mem, limits[i]));
        assert_null(arena_take(&mem, 1));
        arena_free(&mem);
    }
}

static void a_refusal_leaves_the_rest_of_the_limit_usable(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, 10000);
    assert_non_null(arena_take(&mem, 100));
    assert_null(arena_take(&mem, 20000));
    assert_non_null(arena_take(&mem, 100));
    assert_non_null(arena_take(&mem, 4096));
    arena_free(&mem);
}

static void what_the_system_refuses_the_arena_refuses(void **state)
{
    struct arena mem;
    struct buf out = { .mem = &mem };
    struct str text;
    void *first, *second;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    is_exhausted = true;
    first = arena_take(&mem, 1);
    buf_add(&out, STR("text"));
    is_exhausted = false;
    second = arena_take(&mem, 1);
    assert_null(first);
    assert_non_null(second);
    assert_err(buf_done(&out, &text), ERR_NO_MEMORY);
    arena_free(&mem);
}

static void absurd_sizes_are_refused(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, SIZE_MAX);
    for (size_t less = 0; less <= 30; less++)
        assert_null(arena_take(&mem, SIZE_MAX - less));
    arena_free(&mem);
}

static enum err copy_both_ways(struct arena *mem, void *context)
{
    struct str copy;
    const char *text;

    (void)context;
    if (arena_copy(mem, STR("a\0b"), &copy) != ERR_NONE)
        return ERR_NO_MEMORY;
    assert_str(copy, "a\0b");
    text = arena_cstr(mem, STR("room"));
    if (!text)
        return ERR_NO_MEMORY;
    assert_string_equal(text, "room");
    return ERR_NONE;
}

static void copies_are_copies_and_tell_when_they_cannot_be(void **state)
{
    struct arena mem;
    struct str copy;
    const char *text;

    (void)state;
    sweep(copy_both_ways, NULL);
    arena_init(&mem, TEST_MEMORY);
    assert_err(arena_copy(&mem, (struct str){ NULL, 0 }, &copy), ERR_NONE);
    assert_int_equal(copy.len, 0);
    text = arena_cstr(&mem, (struct str){ NULL, 0 });
    assert_non_null(text);
    assert_string_equal(text, "");
    assert_null(arena_cstr(&mem, (struct str){ "", SIZE_MAX }));
    text = arena_cstr(&mem, STR("x"));
    assert_non_null(text);
    assert_string_equal(text, "x");
    assert_err(arena_copy(&mem, STR("y"), &copy), ERR_NONE);
    assert_str(copy, "y");
    arena_free(&mem);
}

static void text_grows_by_what_is_appended(void **state)
{
    struct arena mem;
    struct str text;
    char *space;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    struct buf out = { .mem = &mem };
    buf_add(&out, STR("a\0b"));
    buf_add(&out, (struct str){ NULL, 0 });
    buf_add_char(&out, '-');
    buf_add_number(&out, 0);
    buf_add_char(&out, ',');
    buf_add_number(&out, 1726196900);
    buf_add_char(&out, ',');
    buf_add_number(&out, UINT64_MAX);
    buf_add_all(&out, STR("<"), STR(""), STR("x"), STR(">"));
    space = buf_space(&out, 3);
    assert_non_null(space);
    memcpy(space, "end", 3);
    buf_reserve(&out, 1000);
    buf_add(&out, STR("."));
    assert_err(buf_done(&out, &text), ERR_NONE);
    assert_str(text, "a\0b-0,1726196900,18446744073709551615<x>end.");
    arena_free(&mem);
}

static void a_text_without_appends_is_empty(void **state)
{
    struct arena mem;
    struct str text = STR_INIT("untouched");

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    struct buf untouched = { .mem = &mem };
    assert_err(buf_done(&untouched, &text), ERR_NONE);
    assert_int_equal(text.len, 0);
    struct buf out = { .mem = &mem };
    buf_add(&out, STR(""));
    buf_add_list(&out, NULL, 0);
    assert_err(buf_done(&out, &text), ERR_NONE);
    assert_int_equal(text.len, 0);
    arena_free(&mem);
}

static void a_text_that_has_to_move_stays_whole(void **state)
{
    static const size_t lengths[] = { 1, 2, 63, 64, 65, 5000 };

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct arena mem;
        struct str text;
        arena_init(&mem, TEST_MEMORY);
        struct buf out = { .mem = &mem };
        for (size_t j = 0; j < lengths[i]; j++)
            buf_add_char(&out, 'x');
        assert_non_null(arena_take(&mem, 1)); /* now another is the newest */
        buf_reserve(&out, 10000);
        buf_add_char(&out, '.');
        assert_err(buf_done(&out, &text), ERR_NONE);
        assert_int_equal(text.len, lengths[i] + 1);
        for (size_t j = 0; j < lengths[i]; j++)
            assert_int_equal(text.ptr[j], 'x');
        assert_int_equal(text.ptr[lengths[i]], '.');
        arena_free(&mem);
    }
}

/* Were it copied, its old places would count against the limit as well. */
static void the_newest_text_grows_where_it_is(void **state)
{
    struct arena mem;
    struct str text;

    (void)state;
    arena_init(&mem, 4096);
    struct buf out = { .mem = &mem };
    for (size_t i = 0; i < 4000; i++)
        buf_add_char(&out, (char)('a' + i % 26));
    assert_err(buf_done(&out, &text), ERR_NONE);
    assert_int_equal(text.len, 4000);
    for (size_t i = 0; i < text.len; i++)
        assert_int_equal(text.ptr[i], 'a' + i % 26);
    arena_free(&mem);
}

static void two_texts_may_be_built_in_turns(void **state)
{
    struct arena mem;
    struct str text;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    struct buf odd = { .mem = &mem };
    struct buf even = { .mem = &mem };
    for (int i = 0; i < 2000; i++)
        buf_add_char(i % 2 ? &odd : &even, (char)('a' + i % 26));
    assert_err(buf_done(&odd, &text), ERR_NONE);
    assert_int_equal(text.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(text.ptr[i], 'a' + (2 * i + 1) % 26);
    assert_err(buf_done(&even, &text), ERR_NONE);
    assert_int_equal(text.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(text.ptr[i], 'a' + (2 * i) % 26);
    arena_free(&mem);
}

static void the_first_failed_append_sticks(void **state)
{
    struct arena mem;
    struct str text;
    char kilobyte[1024] = { 0 };

    (void)state;
    arena_init(&mem, 8192);
    struct buf out = { .mem = &mem };
    buf_add(&out, STR("start"));
    for (int i = 0; i < 9; i++)
        buf_add(&out, (struct str){ kilobyte, sizeof(kilobyte) });
    buf_add(&out, STR("end"));
    assert_true(out.failed);
    assert_null(buf_space(&out, 1));
    assert_err(buf_done(&out, &text), ERR_NO_MEMORY);
    arena_free(&mem);
}

static void an_absurd_length_fails_a_text(void **state)
{
    static const size_t lengths[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 64, SIZE_MAX / 2 };

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct arena mem;
        struct str text;
        arena_init(&mem, SIZE_MAX);
        struct buf out = { .mem = &mem };
        buf_add(&out, STR("start"));
        assert_null(buf_space(&out, lengths[i]));
        assert_err(buf_done(&out, &text), ERR_NO_MEMORY);
        arena_free(&mem);
    }
    struct arena mem;
    struct str text;
    arena_init(&mem, TEST_MEMORY);
    struct buf out = { .mem = &mem };
    struct str endless = { "", SIZE_MAX };
    buf_add_all(&out, STR("start"), endless, endless, STR("end"));
    assert_err(buf_done(&out, &text), ERR_NO_MEMORY);
    arena_free(&mem);
}

static enum err build_text(struct arena *mem, void *context)
{
    struct buf out = { .mem = mem };
    struct str text;
    enum err e;

    (void)context;
    for (int i = 0; i < 300; i++)
        buf_add_all(&out, STR("edit "), STR("number "));
    buf_add_number(&out, 300);
    e = buf_done(&out, &text);
    if (e == ERR_NONE)
        assert_int_equal(text.len, 300 * 12 + 3);
    return e;
}

static void a_text_is_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(build_text, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(an_arena_allocates_nothing_until_asked),
        cmocka_unit_test(a_freed_arena_gives_zeroed_memory_again),
        cmocka_unit_test(a_reset_arena_is_as_good_as_new_and_keeps_a_block),
        cmocka_unit_test(a_reset_arena_keeps_the_first_block_however_many_followed),
        cmocka_unit_test(a_reservation_that_fails_fails_nothing),
        cmocka_unit_test(what_is_taken_never_exceeds_the_limit),
        cmocka_unit_test(the_whole_limit_may_be_taken_at_once),
        cmocka_unit_test(a_refusal_leaves_the_rest_of_the_limit_usable),
        cmocka_unit_test(what_the_system_refuses_the_arena_refuses),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(copies_are_copies_and_tell_when_they_cannot_be),
        cmocka_unit_test(text_grows_by_what_is_appended),
        cmocka_unit_test(a_text_without_appends_is_empty),
        cmocka_unit_test(a_text_that_has_to_move_stays_whole),
        cmocka_unit_test(the_newest_text_grows_where_it_is),
        cmocka_unit_test(two_texts_may_be_built_in_turns),
        cmocka_unit_test(the_first_failed_append_sticks),
        cmocka_unit_test(an_absurd_length_fails_a_text),
        cmocka_unit_test(a_text_is_whole_or_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
