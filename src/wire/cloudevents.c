#include "wire/cloudevents.h"

#include <string.h>

static const struct {
    struct str type; /* behind "azure.webpubsub.sys." */
    enum cloudevent_kind kind;
} system_events[] = {
    { STR_INIT("connect"), CLOUDEVENT_CONNECT },
    { STR_INIT("connected"), CLOUDEVENT_CONNECTED },
    { STR_INIT("disconnected"), CLOUDEVENT_DISCONNECTED },
};

/*
 * Only ce-type tells a system event from a client's: a client may well emit an event
 * that is called "connected".
 */
static enum cloudevent_kind kind_of(struct str type)
{
    static const struct str prefix = STR_INIT("azure.webpubsub.sys.");

    if (!str_starts_nocase(type, prefix))
        return CLOUDEVENT_MESSAGE;
    type = str_skip(type, prefix.len);
    for (size_t i = 0; i < COUNT(system_events); i++) {
        if (str_equal_nocase(type, system_events[i].type))
            return system_events[i].kind;
    }
    return CLOUDEVENT_OTHER_SYSTEM;
}

enum err cloudevent_parse(const struct header *headers, size_t count, struct cloudevent *out,
                          const char **why)
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
        { STR("ce-signature"), &out->signature, false },
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
            *wanted[w].value = headers[i].value;
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
    return ERR_NONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one byte from s, "%XX" counting as the byte it stands for. */
static char take_decoded(struct str *s)
{
    char c = s->ptr[0];
    size_t len = 1;

    if (c == '%' && s->len >= 3 && hex_digit(s->ptr[1]) >= 0 && hex_digit(s->ptr[2]) >= 0) {
        c = (char)(hex_digit(s->ptr[1]) << 4 | hex_digit(s->ptr[2]));
        len = 3;
    }
    *s = str_skip(*s, len);
    return c;
}

bool cloudevent_name_is(const struct cloudevent *event, struct str name)
{
    struct str encoded = event->name;

    if (str_equal(encoded, name))
        return true;
    while (encoded.len > 0) {
        if (name.len == 0 || take_decoded(&encoded) != name.ptr[0])
            return false;
        name = str_skip(name, 1);
    }
    return name.len == 0;
}

bool cloudevent_origin_ok(struct str origins, struct str our_host)
{
    while (origins.len > 0) {
        struct str origin = str_trim(str_cut(origins, ", ", &origins));
        /* An address has colons of its own, so the host is what our own would be of it. */
        bool has_port = origin.len > our_host.len && origin.ptr[our_host.len] == ':';
        struct str host = has_port ? str_first(origin, our_host.len) : origin;
        if (origin.len > 0 && str_equal_nocase(host, our_host))
            return true;
    }
    return false;
}
