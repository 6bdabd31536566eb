#include "../load/http1.h"
#include "test.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello";

static struct http1_head head_of(const char *text)
{
    struct http1_head head;

    assert_int_equal(http1_read_head(str_from(text), &head), ERR_NONE);
    return head;
}

static void a_head_ends_with_the_empty_line(void **state)
{
    struct http1_head head = head_of(answer);

    (void)state;
    assert_int_equal(head.len, strlen(answer) - strlen("hello"));
    assert_int_equal(http1_status(&head), 200);
    assert_true(head.has_length);
    assert_int_equal(head.content_length, 5);
    assert_false(head.closes);
    assert_str(http1_field(&head, STR("etag")), "\"x\"");
    assert_null(http1_field(&head, STR("Server")).ptr);
}

static void a_part_of_a_head_is_no_error_and_no_head(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(answer) - strlen("hello"); len++) {
        struct http1_head head;
        assert_int_equal(http1_read_head((struct str){ answer, len }, &head), ERR_NONE);
        assert_int_equal(head.len, 0);
    }
}

static void what_is_no_http_is_an_error(void **state)
{
    static const char *const wrong[] = {
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    };
    struct http1_head head;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(http1_read_head(str_from(wrong[i]), &head), ERR_SYNTAX);
    assert_int_equal(http1_read_head(STR("HTTP/1.1 99 Low\r\n\r\n"), &head), ERR_NONE);
    assert_int_equal(http1_status(&head), 0);
}

static void the_connection_ends_where_the_head_says_so(void **state)
{
    (void)state;
    assert_true(head_of("HTTP/1.1 200 OK\r\nconnection: Close\r\n\r\n").closes);
    assert_false(head_of("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n").closes);
}

/* Reads a body that comes step bytes at a time; what is in it goes to out. */
static enum http1_phase read_all(struct http1_body *body, const char *text, size_t step,
                                 struct buf *out)
{
    size_t at = 0;

    for (size_t end = step; at < strlen(text); end += step) {
        struct str bytes = str_skip(str_first(str_from(text), end), at), content;
        size_t before;
        do {
            before = bytes.len;
            assert_int_equal(http1_read_body(body, &bytes, &content), ERR_NONE);
            buf_add(out, content);
        } while (bytes.len < before);
        if (end >= strlen(text))
            break;
        at = end - bytes.len;
    }
    return body->phase;
}

static void a_body_is_the_same_in_whatever_pieces_it_comes(void **state)
{
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char chunks[] = "3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
    struct http1_head head = head_of(chunked);

    (void)state;
    for (size_t step = 1; step <= strlen(chunks); step++) {
        struct http1_body body;
        struct arena mem;
        struct buf out = { .mem = &mem };
        struct str content;
        arena_init(&mem, TEST_MEMORY);
        http1_begin_answer_body(&body, &head, false);
        assert_int_equal(read_all(&body, chunks, step, &out), HTTP1_DONE);
        assert_int_equal(buf_done(&out, &content), ERR_NONE);
        assert_str(content, "abc0123456789");
        arena_free(&mem);
    }
}

static void chunks_without_a_size_or_an_end_are_errors(void **state)
{
    static const char *const wrong[] = { "x\r\n", "\r\n", "1000000000000000\r\n",
                                         "1\r\nab\r\n" };
    struct str content;

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct http1_body body = { .phase = HTTP1_CHUNK_SIZE };
        struct str bytes = str_from(wrong[i]);
        enum err e = ERR_NONE;
        for (int step = 0; !e && step < 4; step++)
            e = http1_read_body(&body, &bytes, &content);
        assert_int_equal(e, ERR_SYNTAX);
    }
}

static void some_answers_have_no_body_whatever_their_head_says(void **state)
{
    struct http1_head head = head_of(answer);
    struct http1_head none = head_of("HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n");
    struct http1_head open = head_of("HTTP/1.1 200 OK\r\n\r\n");
    struct http1_body body;

    (void)state;
    http1_begin_answer_body(&body, &head, true);
    assert_int_equal(body.phase, HTTP1_DONE);
    http1_begin_answer_body(&body, &none, false);
    assert_int_equal(body.phase, HTTP1_DONE);
    http1_begin_answer_body(&body, &open, false);
    assert_int_equal(body.phase, HTTP1_UNTIL_CLOSE);
    http1_begin_request_body(&body, &open);
    assert_int_equal(body.phase, HTTP1_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_ends_with_the_empty_line),
        cmocka_unit_test(a_part_of_a_head_is_no_error_and_no_head),
        cmocka_unit_test(what_is_no_http_is_an_error),
        cmocka_unit_test(the_connection_ends_where_the_head_says_so),
        cmocka_unit_test(a_body_is_the_same_in_whatever_pieces_it_comes),
        cmocka_unit_test(chunks_without_a_size_or_an_end_are_errors),
        cmocka_unit_test(some_answers_have_no_body_whatever_their_head_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
