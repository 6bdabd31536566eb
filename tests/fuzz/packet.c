/*
 * Socket.IO packets: all that is read is a part of what came, its beginning tells the head,
 * and what was read, written and read again is what it was.
 */
#include "fuzz.h"
#include "wire/json.h"
#include "wire/socketio.h"

static void must_be_part(struct str part, struct str text)
{
    uintptr_t first = (uintptr_t)part.ptr, start = (uintptr_t)text.ptr;

    MUST(first >= start && first + part.len <= start + text.len);
}

static bool is_event(const struct packet *packet)
{
    return packet->type == PACKET_EVENT || packet->type == PACKET_BINARY_EVENT;
}

/* Each argument is JSON by itself, and stands in the packet as it came. */
static void check_parts(const struct packet *packet, struct str text)
{
    struct str value;

    MUST(packet->nsp.len > 0 && packet->nsp.ptr[0] == '/');
    for (size_t i = 0; i < packet->ack_id.len; i++)
        MUST(packet->ack_id.ptr[i] >= '0' && packet->ack_id.ptr[i] <= '9');
    if (!is_event(packet)) {
        MUST(packet->arg_count == 0 && packet->name.len == 0);
        return;
    }
    must_be_part(packet->name, text);
    MUST(!json_check(packet->name, &value) && str_equal(value, packet->name));
    for (size_t i = 0; i < packet->arg_count && i < PACKET_MAX_ARGS; i++) {
        must_be_part(packet->args[i], text);
        MUST(!json_check(packet->args[i], &value) && str_equal(value, packet->args[i]));
    }
}

/* The head alone says the same, also where little more than the head has come. */
static void check_head(const struct packet *packet, struct str text)
{
    struct packet head;

    MUST(!packet_parse_head(text, &head));
    MUST(head.type == packet->type && str_equal(head.nsp, packet->nsp));
    MUST(str_equal(head.ack_id, packet->ack_id));
    MUST(head.name.len == 0 && head.arg_count == 0);
    if (!is_event(packet))
        return;
    text = str_first(text, (size_t)(packet->name.ptr - text.ptr));
    MUST(!packet_parse_head(text, &head));
    MUST(head.type == packet->type && str_equal(head.nsp, packet->nsp));
    MUST(str_equal(head.ack_id, packet->ack_id));
}

static struct str joined(const struct packet *packet, struct arena *mem)
{
    struct buf out = { .mem = mem };

    for (size_t i = 0; i < packet->arg_count; i++) {
        if (i > 0)
            buf_add_char(&out, ',');
        buf_add(&out, packet->args[i]);
    }
    return built(&out);
}

static void must_be_same_event(struct str written, enum packet_type type,
                               const struct packet *packet, struct str name, struct arena *mem)
{
    struct packet again;
    struct str text;

    MUST(!packet_parse(written, &again));
    MUST(again.type == type && str_equal(again.nsp, packet->nsp));
    MUST(again.ack_id.len == 0 && again.arg_count == packet->arg_count);
    MUST(!json_text(again.name, mem, &text) && str_equal(text, name));
    for (size_t i = 0; i < packet->arg_count; i++)
        MUST(str_equal(again.args[i], packet->args[i]));
}

static void write_event(const struct packet *packet, struct arena *mem)
{
    const struct str bytes[] = { packet->nsp, STR("\x1e\0\xff"), packet->name };
    struct buf plain = { .mem = mem }, binary = { .mem = mem };
    struct str args, name;

    if (packet->arg_count > PACKET_MAX_ARGS || packet->name.ptr[0] != '"' ||
        json_text(packet->name, mem, &name))
        return;
    args = joined(packet, mem);
    packet_add_event(&plain, packet->nsp, name, args, (struct str_list){ NULL, 0 });
    must_be_same_event(built(&plain), PACKET_EVENT, packet, name, mem);
    packet_add_event(&binary, packet->nsp, name, args,
                     (struct str_list){ bytes, 1 + packet->arg_count % 3 });
    must_be_same_event(built(&binary), PACKET_BINARY_EVENT, packet, name, mem);
}

static void write_others(const struct packet *packet, struct arena *mem)
{
    struct buf ack = { .mem = mem }, end = { .mem = mem };
    struct packet again;

    packet_add_ack(&ack, packet->nsp, packet->ack_id, STR("{\"success\":true}"));
    MUST(!packet_parse(built(&ack), &again) && again.type == PACKET_ACK);
    MUST(str_equal(again.nsp, packet->nsp) && str_equal(again.ack_id, packet->ack_id));
    packet_add_disconnect(&end, packet->nsp, packet->ack_id.len > 0);
    MUST(!packet_parse(built(&end), &again) && again.type == PACKET_DISCONNECT);
    MUST(str_equal(again.nsp, packet->nsp));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct packet packet;
    struct arena mem;

    if (packet_parse(text, &packet))
        return 0;
    arena_init(&mem, FUZZ_MEMORY);
    check_parts(&packet, text);
    check_head(&packet, text);
    if (is_event(&packet))
        write_event(&packet, &mem);
    write_others(&packet, &mem);
    arena_free(&mem);
    return 0;
}
