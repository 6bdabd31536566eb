#include "azure/cloudevents.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/http.h"

/* ---- names ---- */

/* Takes one byte from s, "%XX" counting as the byte it stands for. */
static char take_decoded(struct str *s)
{
    char c = s->ptr[0];
    size_t len = 1;

    if (c == '%' && s->len >= 3 && hex_value(s->ptr[1]) >= 0 && hex_value(s->ptr[2]) >= 0) {
        c = (char)(hex_value(s->ptr[1]) << 4 | hex_value(s->ptr[2]));
        len = 3;
    }
    *s = str_skip(*s, len);
    return c;
}

/* Raw, or percent-encoded once. */
static bool spells_exactly(struct str header, struct str name)
{
    if (str_equal(header, name))
        return true;
    while (header.len > 0) {
        if (name.len == 0 || take_decoded(&header) != name.ptr[0])
            return false;
        name = str_skip(name, 1);
    }
    return name.len == 0;
}

bool cloudevent_spells(struct str header, struct str name)
{
    return spells_exactly(header, name) || spells_exactly(str_trim(header), str_trim(name));
}

/* True for what no header can hold as it is, and for what tells that something is encoded. */
static bool needs_encoding(char c)
{
    return c <= ' ' || c > '~' || c == '"' || c == '%';
}

enum err cloudevent_text(struct str header, struct arena *mem, struct str *out)
{
    struct buf text = { .mem = mem };

    *out = header;
    if (header.len == 0 || !memchr(header.ptr, '%', header.len))
        return ERR_NONE;
    while (header.len > 0) {
        struct str rest = header;
        char c = take_decoded(&rest);
        if (!needs_encoding(c)) { /* "%41", say, which nobody encodes, is no encoding */
            c = header.ptr[0];
            rest = str_skip(header, 1);
        }
        buf_add_char(&text, c);
        header = rest;
    }
    return buf_done(&text, out);
}

/* ---- lists ---- */

enum err cloudevent_list(const struct header *headers, size_t count, struct str name,
                         struct arena *mem, struct str *out)
{
    struct buf list = { .mem = mem };
    size_t seen = 0;

    *out = NO_STR;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal_nocase(headers[i].name, name))
            continue;
        if (seen++ == 0) {
            *out = headers[i].value;
            continue;
        }
        if (seen == 2)
            buf_add(&list, *out);
        buf_add_all(&list, STR(","), headers[i].value);
    }
    return seen < 2 ? ERR_NONE : buf_done(&list, out);
}

/* ---- the headers of an event ---- */

/*
 * Only ce-type tells a system event from a client's, since a client may well emit an event that
 * is called "connected".
 */
static enum cloudevent_kind kind_of(struct str type)
{
    static const struct str prefix = STR_INIT("azure.webpubsub.sys.");

    if (!str_starts_nocase(type, prefix))
        return CLOUDEVENT_MESSAGE;
    type = str_skip(type, prefix.len);
    if (str_equal_nocase(type, STR("connect")))
        return CLOUDEVENT_CONNECT;
    if (str_equal_nocase(type, STR("connected")))
        return CLOUDEVENT_CONNECTED;
    if (str_equal_nocase(type, STR("disconnected")))
        return CLOUDEVENT_DISCONNECTED;
    return CLOUDEVENT_OTHER_SYSTEM;
}

enum err cloudevent_parse(const struct header *headers, size_t count, struct arena *mem,
                          struct cloudevent *out, const char **why)
{
    struct str type = { NULL, 0 };
    const struct {
        struct str name;
        struct str *value;
        bool required;
    } wanted[] = {
        { STR("ce-type"), &type, true },
        { STR("ce-hub"), &out->hub, true },
        { STR("ce-connectionId"), &out->connection_id, true },
        { STR("ce-socketId"), &out->socket_id, true },
        { STR("ce-namespace"), &out->nsp, true },
        { STR("ce-eventName"), &out->name, true },
        { STR("ce-userId"), &out->user_id, false },
        { STR("ce-connectionState"), &out->state, false },
        { STR("Content-Type"), &out->content_type, false },
    };

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < count; i++) {
        for (size_t w = 0; w < COUNT(wanted); w++) {
            if (!str_equal_nocase(headers[i].name, wanted[w].name))
                continue;
            *why = wanted[w].name.ptr;
            if (wanted[w].value->ptr)
                return ERR_SYNTAX;
            /*
             * Blanks at the ends are no part of a value, but libmicrohttpd 0.9 leaves them
             * there.
             */
            *wanted[w].value = str_trim(headers[i].value);
        }
    }
    out->kind = kind_of(type);
    out->is_native = !out->socket_id.ptr && !out->nsp.ptr;
    for (size_t w = 0; w < COUNT(wanted); w++) {
        const struct str *value = wanted[w].value;
        bool is_socketio = value == &out->socket_id || value == &out->nsp;
        bool may_be_empty =
            value == &out->name && value->ptr && out->kind == CLOUDEVENT_MESSAGE;
        *why = wanted[w].name.ptr;
        if (wanted[w].required && value->len == 0 && !may_be_empty &&
            !(is_socketio && out->is_native))
            return ERR_SYNTAX;
    }
    *why = NULL;
    if (out->kind != CLOUDEVENT_MESSAGE && cloudevent_text(out->nsp, mem, &out->nsp))
        return ERR_NO_MEMORY;
    if (cloudevent_text(out->user_id, mem, &out->user_id))
        return ERR_NO_MEMORY;
    return cloudevent_list(headers, count, STR("ce-signature"), mem, &out->signatures);
}

/* ---- origins ---- */

/* A host, and a port where one is named.  0: none is. */
struct origin {
    struct str host;
    uint64_t port;
};

/* [http[s]://]host[:port][/]; has_scheme_port: a scheme names its own port. */
static bool read_origin(struct str text, bool has_scheme_port, struct origin *out)
{
    struct str port;
    bool is_secure;

    out->port = 0;
    if (http_cut_scheme(&text, &is_secure) && has_scheme_port)
        out->port = is_secure ? 443 : 80;
    if (str_ends(text, STR("/")))
        text.len--;
    return http_split_authority(text, &out->host, &port) &&
           (!port.ptr || !str_to_number(port, 1, 65535, &out->port));
}

static struct str next_item(struct str *list)
{
    return str_trim(str_cut(*list, ", ", list));
}

static bool is_listed(struct str text, struct str list)
{
    struct origin asked, listed;

    if (!read_origin(text, false, &asked))
        return false;
    while (list.len > 0) {
        if (read_origin(next_item(&list), true, &listed) &&
            str_equal_nocase(asked.host, listed.host) &&
            (asked.port == 0 || listed.port == 0 || asked.port == listed.port))
            return true;
    }
    return false;
}

struct str cloudevent_allowed_origin(struct str asked, struct str_list allowed)
{
    while (asked.len > 0) {
        struct str origin = next_item(&asked);
        for (size_t i = 0; i < allowed.count; i++) {
            if (is_listed(origin, allowed.at[i]))
                return origin;
        }
    }
    return NO_STR;
}

bool cloudevent_origins_ok(struct str list)
{
    struct origin origin;

    while (list.len > 0) {
        struct str item = next_item(&list);
        if (item.len > 0 && !read_origin(item, true, &origin))
            return false;
    }
    return true;
}
