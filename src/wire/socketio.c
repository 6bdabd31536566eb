#include "wire/socketio.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/json.h"

/* Between the packets of one Engine.IO payload. */
#define RECORD_SEPARATOR '\x1e'

/* "/ns," or, at the end of the packet, "/ns".  false: another packet begins inside it. */
static bool take_namespace(struct str *text, struct str *nsp)
{
    *nsp = STR("/");
    if (text->len == 0 || text->ptr[0] != '/')
        return true;
    *nsp = str_cut(*text, ",", text);
    return !memchr(nsp->ptr, RECORD_SEPARATOR, nsp->len);
}

/* "<n>-", which only binary packets have. */
static bool take_attachments(struct str *text)
{
    struct str count = str_take(text, is_digit);

    if (count.len == 0 || text->len == 0 || text->ptr[0] != '-')
        return false;
    *text = str_skip(*text, 1);
    return true;
}

static bool is_binary(enum packet_type type)
{
    return type == PACKET_BINARY_EVENT || type == PACKET_BINARY_ACK;
}

/* A name is a string; Socket.IO's own parser lets numbers pass, too. */
static bool is_name(struct str value)
{
    return value.ptr[0] == '"' || value.ptr[0] == '-' || is_digit(value.ptr[0]);
}

/* ["name",args…] */
static enum err parse_event(struct str json, struct packet *out)
{
    struct str items[1 + PACKET_MAX_ARGS];
    size_t count;
    enum err e = json_elements(json, items, COUNT(items), &count);

    if (e)
        return e;
    if (count == 0 || !is_name(items[0]))
        return ERR_SYNTAX;
    out->name = items[0];
    out->arg_count = count - 1;
    memcpy(out->args, items + 1,
           (count < COUNT(items) ? count - 1 : PACKET_MAX_ARGS) * sizeof(items[0]));
    return ERR_NONE;
}

/* All that stands before the arguments, which are left in *text. */
static enum err parse_head(struct str *rest, struct packet *out)
{
    struct str text = *rest;

    memset(out, 0, sizeof(*out));
    if (text.len < 2 || text.ptr[0] != '4' || text.ptr[1] < '0' || text.ptr[1] > '6')
        return ERR_SYNTAX;
    out->type = (enum packet_type)(text.ptr[1] - '0');
    text = str_skip(text, 2);
    if (is_binary(out->type)) {
        const char separators[] = { RECORD_SEPARATOR, '\0' };
        struct str attachments;
        text = str_cut(text, separators, &attachments);
        if (!take_attachments(&text))
            return ERR_SYNTAX;
    }
    if (!take_namespace(&text, &out->nsp))
        return ERR_SYNTAX;
    out->ack_id = str_take(&text, is_digit);
    *rest = text;
    return ERR_NONE;
}

enum err packet_parse_head(struct str text, struct packet *out)
{
    return parse_head(&text, out);
}

enum err packet_parse(struct str text, struct packet *out)
{
    if (parse_head(&text, out))
        return ERR_SYNTAX;
    if (out->type == PACKET_EVENT || out->type == PACKET_BINARY_EVENT)
        return parse_event(text, out);
    return ERR_NONE;
}

/* "/ns,", which the root namespace leaves out. */
static void add_namespace(struct buf *out, struct str nsp)
{
    if (!str_equal(nsp, STR("/")))
        buf_add_all(out, nsp, STR(","));
}

void packet_add_event(struct buf *out, struct str nsp, struct str name, struct str args,
                      struct str_list attachments)
{
    buf_reserve(out, nsp.len + name.len + args.len + 16);
    if (attachments.count > 0)
        buf_add_all(out, STR("45"), DECIMAL(attachments.count), STR("-"));
    else
        buf_add(out, STR("42"));
    add_namespace(out, nsp);
    buf_add_char(out, '[');
    json_add_string(out, name);
    if (args.len > 0)
        buf_add_char(out, ',');
    buf_add(out, args);
    buf_add_char(out, ']');
    for (size_t i = 0; i < attachments.count; i++) {
        buf_add(out, STR("\x1e"
                         "b"));
        base64_add(out, attachments.at[i]);
    }
}

void packet_add_disconnect(struct buf *out, struct str nsp, bool is_closing)
{
    buf_add(out, STR("41"));
    add_namespace(out, nsp);
    if (is_closing)
        buf_add(out, STR("{\"close\":true}"));
}

void packet_add_ack(struct buf *out, struct str nsp, struct str ack_id, struct str args)
{
    buf_add(out, STR("43"));
    add_namespace(out, nsp);
    buf_add_all(out, ack_id, STR("["), args, STR("]"));
}
