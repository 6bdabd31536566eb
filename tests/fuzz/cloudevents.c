/*
 * The service's events on the way in: each header has the one value that was given, a
 * signature passes exactly if it is in the list, and origins and names are compared as a
 * slower reading of the documents has it.
 */
#include <ctype.h>
#include <strings.h>

#include "fuzz.h"
#include "wire/cloudevents.h"
#include "wire/token.h"

#define MAX_HEADERS 16

/* By the C library: not the comparison that is being judged. */
static bool same_name(struct str a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

/* ---- headers ---- */

static size_t occurrences(const struct header *headers, size_t count, const char *name,
                          struct str *value)
{
    size_t seen = 0;

    *value = (struct str){ NULL, 0 };
    for (size_t i = 0; i < count; i++) {
        if (!same_name(headers[i].name, name))
            continue;
        *value = headers[i].value;
        seen++;
    }
    return seen;
}

static bool is_system(struct str type)
{
    static const char prefix[] = "azure.webpubsub.sys.";

    return type.len >= strlen(prefix) && strncasecmp(type.ptr, prefix, strlen(prefix)) == 0;
}

static void parse_headers(const struct header *headers, size_t count, struct cloudevent *event)
{
    const struct {
        const char *name;
        const struct str *value;
        bool required, of_socketio;
    } fields[] = {
        { "ce-hub", &event->hub, true, false },
        { "ce-connectionid", &event->connection_id, true, false },
        { "CE-SOCKETID", &event->socket_id, true, true },
        { "ce-namespace", &event->nsp, true, true },
        { "ce-eventname", &event->name, true, false },
        { "ce-userid", &event->user_id, false, false },
        { "ce-connectionstate", &event->state, false, false },
        { "ce-signature", &event->signature, false, false },
        { "content-type", &event->content_type, false, false },
    };
    const char *why = NULL;
    enum err e = cloudevent_parse(headers, count, event, &why);
    struct str type, socket, nsp, value;
    bool good = occurrences(headers, count, "ce-type", &type) == 1 && type.len > 0;
    bool is_native = !occurrences(headers, count, "ce-socketid", &socket) &&
                     !occurrences(headers, count, "ce-namespace", &nsp);

    for (size_t i = 0; i < COUNT(fields); i++) {
        size_t seen = occurrences(headers, count, fields[i].name, &value);
        bool needed = fields[i].required && !(fields[i].of_socketio && is_native);
        bool may_be_empty = fields[i].value == &event->name && seen > 0 && !is_system(type);
        good = good && seen <= 1 && (!needed || value.len > 0 || may_be_empty);
        if (!e)
            MUST(seen <= 1 && fields[i].value->ptr == value.ptr &&
                 fields[i].value->len == value.len);
    }
    MUST(good == !e && (e == ERR_NONE) == !why);
    if (!e)
        MUST(event->is_native == is_native &&
             (event->kind == CLOUDEVENT_MESSAGE) == !is_system(type));
}

static size_t read_headers(struct input *in, struct header headers[static MAX_HEADERS])
{
    static const char *const known[] = { "ce-type",           "ce-hub",       "ce-connectionId",
                                         "ce-socketId",       "ce-namespace", "ce-eventName",
                                         "ce-userId",         "ce-signature", "Content-Type",
                                         "ce-CONNECTIONSTATE" };
    size_t count = 0;

    while (count < MAX_HEADERS && in->left.len > 0) {
        unsigned which = input_choice(in, COUNT(known) + 1);
        headers[count].name = which < COUNT(known) ? str_from(known[which]) : input_text(in);
        headers[count++].value = input_text(in);
    }
    return count;
}

/* ---- signatures ---- */

static const char *const hex_digits[] = { "0123456789abcdef", "0123456789ABCDEF" };

/* A right signature is put into the list where the input says; without it, none may pass. */
static void check_signature(struct input *in)
{
    static struct hmac_key *key;
    unsigned how = input_choice(in, 8);
    const char *digits = hex_digits[how & 1];
    struct str connection = input_text(in), before = input_text(in), after = input_text(in);
    unsigned char mac[HMAC_BYTES];
    char hex[2 * HMAC_BYTES];
    struct arena mem;
    struct buf list = { .mem = &mem };
    enum err e;

    key = key ? key : hmac_key_new(STR("a key that no seed is signed with"));
    MUST(key && !hmac_sign(key, connection, mac));
    for (size_t i = 0; i < HMAC_BYTES; i++) {
        hex[2 * i] = digits[mac[i] >> 4];
        hex[2 * i + 1] = digits[mac[i] & 15];
    }
    arena_init(&mem, FUZZ_MEMORY);
    if (how & 2) {
        buf_add_all(&list, before, STR(","));
        buf_add_all(&list, STR("SHA256="), (struct str){ hex, sizeof(hex) });
        buf_add_all(&list, STR(" "), after);
        e = signature_check(key, connection, built(&list));
        MUST(e == ERR_NONE);
    } else {
        hex[how * 7] ^= 1; /* one bit of it is wrong */
        buf_add_all(&list, before, STR(",sha256="), (struct str){ hex, sizeof(hex) });
        buf_add_all(&list, STR(","), after);
        e = signature_check(key, connection, built(&list));
        MUST(e == ERR_DENIED);
    }
    arena_free(&mem);
}

/* ---- origins ---- */

static bool origin_is_listed(struct str origins, struct str host)
{
    size_t from = 0;

    for (size_t i = 0; i <= origins.len; i++) {
        if (i < origins.len && origins.ptr[i] != ',' && origins.ptr[i] != ' ')
            continue;
        size_t first = from, end = i;
        from = i + 1;
        while (first < end && origins.ptr[first] == '\t')
            first++;
        while (end > first && origins.ptr[end - 1] == '\t')
            end--;
        if (first == end)
            continue;
        for (size_t j = first; j < end; j++)
            end = origins.ptr[j] == ':' ? j : end;
        if (end - first == host.len &&
            strncasecmp(origins.ptr + first, host.ptr, host.len) == 0)
            return true;
    }
    return false;
}

static void check_origin(struct input *in)
{
    struct str host = input_text(in), origins = input_text(in);

    /* strncasecmp stops at a zero byte; hosts have none. */
    if (host.len == 0 || memchr(host.ptr, '\0', host.len))
        return;
    MUST(cloudevent_origin_ok(origins, host) == origin_is_listed(origins, host));
}

/* ---- names ---- */

static int hex_value(char c)
{
    if (!isxdigit((unsigned char)c))
        return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static struct str decoded(struct str s, struct arena *mem)
{
    struct buf out = { .mem = mem };

    for (size_t i = 0; i < s.len; i++) {
        int high = i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.ptr[i + 2]) : -1;
        bool is_escape = s.ptr[i] == '%' && low >= 0;
        buf_add_char(&out, (char)(is_escape ? high << 4 | low : s.ptr[i]));
        i += is_escape ? 2 : 0;
    }
    return built(&out);
}

static void check_name(struct input *in)
{
    struct cloudevent event = { .name = input_text(in) };
    struct str name = input_text(in), plain;
    struct arena mem;

    arena_init(&mem, FUZZ_MEMORY);
    plain = decoded(event.name, &mem);
    MUST(cloudevent_name_is(&event, name) ==
         (str_equal(name, event.name) || str_equal(name, plain)));
    MUST(cloudevent_name_is(&event, plain) && cloudevent_name_is(&event, event.name));
    arena_free(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    struct header headers[MAX_HEADERS];
    struct cloudevent event;

    switch (input_choice(&in, 4)) {
    case 0:
        parse_headers(headers, read_headers(&in, headers), &event);
        break;
    case 1:
        check_signature(&in);
        break;
    case 2:
        check_origin(&in);
        break;
    default:
        check_name(&in);
        break;
    }
    input_free(&in);
    return 0;
}
