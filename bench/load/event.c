#include "event.h"

#include "wire/base64url.h"

#define ROOM_BYTES 16

/* splitmix64: names need to differ, nobody has to be unable to guess them. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill_random(unsigned char *bytes, size_t len, uint64_t *seed)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (unsigned char)(next_random(seed) >> 56);
}

static void add_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        buf_add_char(out, digits[bytes[i] >> 4]);
        buf_add_char(out, digits[bytes[i] & 15]);
    }
}

/* Who sends. */
struct writer {
    struct str connection; /* 32 hex digits */
    struct str signature;  /* of it, likewise in hex */
    struct str socket;
    struct str room;
};

static enum err random_name(size_t len, uint64_t *seed, struct arena *mem, struct str *out)
{
    unsigned char bytes[ROOM_BYTES];
    struct buf name = { .mem = mem };

    fill_random(bytes, len, seed);
    base64url_add(&name, (struct str){ (const char *)bytes, len });
    return buf_done(&name, out);
}

static enum err make_writer(struct hmac_key *key, uint64_t *seed, struct arena *mem,
                            struct writer *out)
{
    unsigned char id[16], mac[HMAC_BYTES];
    struct buf connection = { .mem = mem }, signature = { .mem = mem };

    fill_random(id, sizeof(id), seed);
    add_hex(&connection, id, sizeof(id));
    if (buf_done(&connection, &out->connection))
        return ERR_NO_MEMORY;
    hmac_sign(key, out->connection, mac);
    add_hex(&signature, mac, sizeof(mac));
    if (buf_done(&signature, &out->signature) || random_name(12, seed, mem, &out->socket))
        return ERR_NO_MEMORY;
    return random_name(ROOM_BYTES, seed, mem, &out->room);
}

/* Lines of a program, cut where the wish ends; escapes as in real text, and none cut in two. */
static void add_text(struct buf *out, size_t len)
{
    static const struct str line = STR_INIT("    total += price[i] * count[i];\\n");
    size_t whole = len / line.len;

    for (size_t i = 0; i < whole; i++)
        buf_add(out, line);
    for (size_t i = whole * line.len; i < len; i++)
        buf_add_char(out, '.');
}

static enum err make_body(const struct writer *writer, const struct event_options *options,
                          struct arena *mem, struct str *out)
{
    struct buf body = { .mem = mem };

    buf_reserve(&body, options->text_bytes + 256);
    buf_add_all(&body, STR("42"), options->wants_ack ? STR(EVENT_ACK_ID) : STR(""),
                STR("[\"sendToRoom\",{\"room_id\":\""), writer->room,
                STR("\",\"data\":{\"type\":\"full\",\"version\":1,\"content\":\""));
    add_text(&body, options->text_bytes);
    buf_add(&body, STR("\"}}]"));
    return buf_done(&body, out);
}

static void add_head(struct buf *out, const struct writer *writer,
                     const struct event_options *options, size_t body_len)
{
    buf_add_all(out, STR("POST "), str_from(options->path),
                STR(" HTTP/1.1\r\nHost: 127.0.0.1:"));
    buf_add_number(out, options->port);
    buf_add(out, STR("\r\nContent-Type: text/plain\r\nContent-Length: "));
    buf_add_number(out, body_len);
    buf_add_all(out,
                STR("\r\nWebHook-Request-Origin: my.webpubsub.azure.com\r\n"
                    "ce-specversion: 1.0\r\nce-awpsversion: 1.0\r\n"
                    "ce-type: azure.webpubsub.user.message\r\n"
                    "ce-source: /hubs/codestream/client/"),
                writer->connection,
                STR("\r\nce-id: 1\r\nce-time: 2026-01-01T00:00:00Z\r\nce-signature: sha256="),
                writer->signature, STR("\r\nce-connectionId: "), writer->connection,
                STR("\r\nce-hub: codestream\r\nce-eventName: sendToRoom\r\n"
                    "ce-namespace: /\r\nce-socketId: "),
                writer->socket, STR("\r\nce-userId: w."), writer->room, STR("\r\n\r\n"));
}

enum err event_make(struct hmac_key *key, const struct event_options *options, uint64_t *seed,
                    struct arena *mem, struct str *out)
{
    struct buf request = { .mem = mem };
    struct writer writer;
    struct str body;

    if (make_writer(key, seed, mem, &writer) || make_body(&writer, options, mem, &body))
        return ERR_NO_MEMORY;
    buf_reserve(&request, body.len + 1024);
    add_head(&request, &writer, options, body.len);
    buf_add(&request, body);
    return buf_done(&request, out);
}
