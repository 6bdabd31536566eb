#include "test.h"

#include "wire/json.h"
#include "wire/socketio.h"

/* The kept arguments in a row, commas between them. */
static struct str joined(const struct packet *packet, struct arena *mem)
{
    struct buf out = { .mem = mem };
    struct str text;

    for (size_t i = 0; i < packet->arg_count && i < PACKET_MAX_ARGS; i++) {
        if (i > 0)
            buf_add_char(&out, ',');
        buf_add(&out, packet->args[i]);
    }
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void packets_are_read_into_their_parts(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "packets.tsv", 7); vectors_next(&v);) {
        struct arena mem;
        struct packet packet;
        uint64_t type;
        uint64_t count;
        struct str text = exact(v.column[0]);
        arena_init(&mem, TEST_MEMORY);
        memset(&packet, 0xee, sizeof(packet));
        assert_err(str_to_number(v.column[1], 0, 6, &type), ERR_NONE);
        assert_err(str_to_number(v.column[5], 0, 100, &count), ERR_NONE);
        assert_err(packet_parse(text, &packet), ERR_NONE);
        assert_that(packet.type == (enum packet_type)type);
        assert_same(packet.nsp, v.column[2]);
        assert_same(packet.ack_id, v.column[3]);
        assert_same(packet.name, v.column[4]);
        assert_that(packet.arg_count == count);
        assert_same(joined(&packet, &mem), v.column[6]);
        assert_that(packet.name.len == 0 || is_within(packet.name, text));
        for (size_t i = 0; i < count; i++)
            assert_that(is_within(packet.args[i], text));
        arena_free(&mem);
        exact_free(text);
    }
}

static void what_is_no_event_body_is_refused(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "packets-bad.tsv", 1); vectors_next(&v);) {
        struct packet packet;
        struct str text = exact(v.column[0]);
        assert_err(packet_parse(text, &packet), ERR_SYNTAX);
        exact_free(text);
    }
    struct packet packet;
    assert_err(packet_parse(STR(""), &packet), ERR_SYNTAX);
    assert_err(packet_parse((struct str){ NULL, 0 }, &packet), ERR_SYNTAX);
}

static bool is_part(struct str part, struct str text)
{
    return part.len == 0 || is_within(part, text) || str_equal(part, STR("/"));
}

static void judge(struct str text)
{
    struct packet packet;
    enum err e = packet_parse(text, &packet);

    assert_that(e == ERR_NONE || e == ERR_SYNTAX);
    if (e == ERR_SYNTAX)
        return;
    assert_that(is_part(packet.nsp, text));
    assert_that(is_part(packet.ack_id, text));
    /* An event is whole when its array is, or its attachments follow. */
    if (packet.type == PACKET_EVENT)
        assert_that(str_ends(text, STR("]")));
}

static void every_prefix_is_refused_or_a_packet_by_itself(void **state)
{
    (void)state;
    each_prefix("packets.tsv", 7, judge);
    each_prefix("packets-bad.tsv", 1, judge);
}

/* One byte of a good packet replaced by any other: a verdict, and no byte too many read. */
static void damaged_packets_are_judged(void **state)
{
    struct vectors v;

    (void)state;
    for (vectors_open(&v, "packets.tsv", 7); vectors_next(&v);) {
        struct str text = exact(v.column[0]);
        for (size_t i = 0; i < text.len; i++) {
            char *place = (char *)(uintptr_t)text.ptr + i;
            char kept = *place;
            for (int c = 0; c < 256; c++) {
                struct packet packet;
                enum err e;
                *place = (char)c;
                e = packet_parse(text, &packet);
                assert_that(e == ERR_NONE || e == ERR_SYNTAX);
            }
            *place = kept;
        }
        exact_free(text);
    }
}

static struct str event_with(struct arena *mem, size_t args)
{
    struct buf out = { .mem = mem };
    struct str text;

    buf_add(&out, STR("42[\"e\""));
    for (size_t i = 0; i < args; i++) {
        buf_add_char(&out, ',');
        buf_add_number(&out, i);
    }
    buf_add(&out, STR("]"));
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void arguments_beyond_the_room_are_counted(void **state)
{
    (void)state;
    for (size_t args = 0; args < 3 * (size_t)PACKET_MAX_ARGS; args++) {
        struct arena mem;
        struct packet packet;
        arena_init(&mem, TEST_MEMORY);
        assert_err(packet_parse(event_with(&mem, args), &packet), ERR_NONE);
        assert_int_equal(packet.arg_count, args);
        for (uint64_t i = 0; i < args && i < PACKET_MAX_ARGS; i++) {
            char digits[NUMBER_CHARS];
            assert_same(packet.args[i], str_of_number(i, digits));
        }
        arena_free(&mem);
    }
}

static void depth_64_counts_the_packets_own_array(void **state)
{
    (void)state;
    for (size_t depth = 62; depth <= 66; depth++) {
        struct arena mem;
        struct packet packet;
        struct str text;
        arena_init(&mem, TEST_MEMORY);
        struct buf out = { .mem = &mem };
        buf_add(&out, STR("42[\"e\","));
        for (size_t i = 1; i < depth; i++)
            buf_add_char(&out, '[');
        for (size_t i = 0; i < depth; i++)
            buf_add_char(&out, ']');
        assert_err(buf_done(&out, &text), ERR_NONE);
        assert_err(packet_parse(text, &packet),
                   depth <= JSON_MAX_DEPTH ? ERR_NONE : ERR_NO_MEMORY);
        assert_that(packet.type == PACKET_EVENT);
        arena_free(&mem);
    }
}

static struct str event(struct arena *mem, const char *nsp, const char *name, const char *args)
{
    struct buf out = { .mem = mem };
    struct str text;

    packet_add_event(&out, str_from(nsp), str_from(name), str_from(args),
                     (struct str_list){ NULL, 0 });
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static struct str ack(struct arena *mem, const char *nsp, const char *id, const char *args)
{
    struct buf out = { .mem = mem };
    struct str text;

    packet_add_ack(&out, str_from(nsp), str_from(id), str_from(args));
    assert_err(buf_done(&out, &text), ERR_NONE);
    return text;
}

static void events_are_written_as_the_documents_have_them(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_str(event(&mem, "/", "hello", "\"world\""), "42[\"hello\",\"world\"]");
    assert_str(event(&mem, "/ns", "hello", "\"world\""), "42/ns,[\"hello\",\"world\"]");
    assert_str(event(&mem, "/", "e", "1"), "42[\"e\",1]");
    assert_str(event(&mem, "/", "login", ""), "42[\"login\"]");
    assert_str(event(&mem, "/ns", "event", ""), "42/ns,[\"event\"]");
    assert_str(event(&mem, "/ns", "event", "1,\"abc\",{\"a\":1,\"b\":true}"),
               "42/ns,[\"event\",1,\"abc\",{\"a\":1,\"b\":true}]");
    assert_str(event(&mem, "/", "say \"hi\"", "1e2"), "42[\"say \\\"hi\\\"\",1e2]");
    arena_free(&mem);
}

static void acks_are_written_as_the_documents_have_them(void **state)
{
    struct arena mem;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    assert_str(ack(&mem, "/", "13", "\"bar\""), "4313[\"bar\"]");
    assert_str(ack(&mem, "/ns", "7", "\"bar\""), "43/ns,7[\"bar\"]");
    assert_str(ack(&mem, "/admin", "13", "\"bar\""), "43/admin,13[\"bar\"]");
    assert_str(ack(&mem, "/", "13", ""), "4313[]");
    assert_str(ack(&mem, "/", "456", "1,\"2\",{\"3\":[false]}"),
               "43456[1,\"2\",{\"3\":[false]}]");
    assert_str(ack(&mem, "/", "00012345678901234567", "{\"success\":true}"),
               "4300012345678901234567[{\"success\":true}]");
    arena_free(&mem);
}

static void what_is_written_reads_as_what_it_was(void **state)
{
    static const char *const spaces[] = { "/", "/ns", "/a/b" };
    static const char *const names[] = { "message",     "",   "a\"b\\",
                                         "new message", "\n", "\xc3\xa4" };

    (void)state;
    for (size_t i = 0; i < COUNT(spaces); i++) {
        for (size_t j = 0; j < COUNT(names); j++) {
            struct arena mem;
            struct packet packet;
            arena_init(&mem, TEST_MEMORY);
            assert_err(
                packet_parse(event(&mem, spaces[i], names[j], "{\"x\":1e2},null"), &packet),
                ERR_NONE);
            assert_int_equal(packet.type, PACKET_EVENT);
            assert_same(packet.nsp, str_from(spaces[i]));
            assert_int_equal(packet.ack_id.len, 0);
            assert_int_equal(packet.arg_count, 2);
            assert_same(joined(&packet, &mem), STR("{\"x\":1e2},null"));

            struct buf name = { .mem = &mem };
            struct str want;
            json_add_string(&name, str_from(names[j]));
            assert_err(buf_done(&name, &want), ERR_NONE);
            assert_same(packet.name, want);

            assert_err(packet_parse(ack(&mem, spaces[i], "42", "null"), &packet), ERR_NONE);
            assert_int_equal(packet.type, PACKET_ACK);
            assert_same(packet.nsp, str_from(spaces[i]));
            assert_str(packet.ack_id, "42");
            arena_free(&mem);
        }
    }
}

static enum err write_both(struct arena *mem, void *context)
{
    struct buf out = { .mem = mem };
    struct str text;
    enum err e;

    (void)context;
    packet_add_event(&out, STR("/ns"), STR("a name longer than a few bytes"),
                     STR("\"and arguments\""), (struct str_list){ NULL, 0 });
    packet_add_ack(&out, STR("/ns"), STR("123"), STR("{\"success\":true}"));
    e = buf_done(&out, &text);
    if (e == ERR_NONE)
        assert_str(text, "42/ns,[\"a name longer than a few bytes\",\"and arguments\"]"
                         "43/ns,123[{\"success\":true}]");
    return e;
}

static void packets_are_whole_or_out_of_memory(void **state)
{
    (void)state;
    sweep(write_both, NULL);
}

/* protocol 8.2; socket.io-protocol: a placeholder stands where the bytes belong. */
static void bytes_follow_a_packet_in_base64(void **state)
{
    const struct str bytes[] = { STR("\1\2\3\4"), STR(""), STR("\xfb\xff\xfe") };
    struct arena mem;
    struct buf out = { .mem = &mem };
    struct str text;

    (void)state;
    arena_init(&mem, TEST_MEMORY);
    packet_add_event(&out, STR("/ns"), STR("ev"), STR("{\"_placeholder\":true,\"num\":0}"),
                     (struct str_list){ bytes, 1 });
    assert_err(buf_done(&out, &text), ERR_NONE);
    assert_str(text, "451-/ns,[\"ev\",{\"_placeholder\":true,\"num\":0}]\x1e"
                     "bAQIDBA==");
    out = (struct buf){ .mem = &mem };
    packet_add_event(&out, STR("/"), STR("ev"), STR("1"), (struct str_list){ bytes, 3 });
    assert_err(buf_done(&out, &text), ERR_NONE);
    assert_str(text, "453-[\"ev\",1]\x1e"
                     "bAQIDBA==\x1e"
                     "b\x1e"
                     "b+//+");
    arena_free(&mem);
}

/* azure-sdk-for-net SocketIOAsyncCollectorTests.cs */
static void a_disconnect_may_close_the_connection(void **state)
{
    static const struct {
        struct str nsp;
        bool is_closing;
        const char *text;
    } cases[] = {
        { STR_INIT("/ns"), false, "41/ns," },
        { STR_INIT("/"), false, "41" },
        { STR_INIT("/ns"), true, "41/ns,{\"close\":true}" },
        { STR_INIT("/"), true, "41{\"close\":true}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena mem;
        struct buf out = { .mem = &mem };
        struct str text;
        arena_init(&mem, TEST_MEMORY);
        packet_add_disconnect(&out, cases[i].nsp, cases[i].is_closing);
        assert_err(buf_done(&out, &text), ERR_NONE);
        assert_same(text, str_from(cases[i].text));
        arena_free(&mem);
    }
}

static void the_head_is_read_without_the_rest(void **state)
{
    struct packet packet;

    (void)state;
    assert_err(packet_parse_head(STR("42/a,7[\"sendToRoom\",{\"da"), &packet), ERR_NONE);
    assert_int_equal(packet.type, PACKET_EVENT);
    assert_str(packet.nsp, "/a");
    assert_str(packet.ack_id, "7");
    assert_err(packet_parse_head(STR("42[\"x"), &packet), ERR_NONE);
    assert_str(packet.nsp, "/");
    assert_int_equal(packet.ack_id.len, 0);
    assert_err(packet_parse_head(STR("nonsense"), &packet), ERR_SYNTAX);
    assert_err(packet_parse_head(STR("42123456789012345678901[]"), &packet), ERR_NONE);
    assert_str(packet.ack_id, "123456789012345678901");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_read_into_their_parts),
        cmocka_unit_test(what_is_no_event_body_is_refused),
        cmocka_unit_test(every_prefix_is_refused_or_a_packet_by_itself),
        cmocka_unit_test(damaged_packets_are_judged),
        cmocka_unit_test(arguments_beyond_the_room_are_counted),
        cmocka_unit_test(depth_64_counts_the_packets_own_array),
        cmocka_unit_test(events_are_written_as_the_documents_have_them),
        cmocka_unit_test(acks_are_written_as_the_documents_have_them),
        cmocka_unit_test(what_is_written_reads_as_what_it_was),
        cmocka_unit_test(packets_are_whole_or_out_of_memory),
        cmocka_unit_test(bytes_follow_a_packet_in_base64),
        cmocka_unit_test(a_disconnect_may_close_the_connection),
        cmocka_unit_test(the_head_is_read_without_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
