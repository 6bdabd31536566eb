/*
 * The service's events on the way in: each header has the one value that was given, a
 * signature passes exactly if it is in the list, and origins and names are compared as a
 * slower reading of the documents has it.
 */
#include <ctype.h>
#include <regex.h>
#include <strings.h>

#include "azure/cloudevents.h"
#include "azure/token.h"
#include "fuzz.h"

#define MAX_HEADERS 16

/* By the C library: not the comparison that is being judged. */
static bool same_name(struct str a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

/* ---- by other means ---- */

static int hex_value(char c)
{
    if (!isxdigit((unsigned char)c))
        return -1;
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* all: every escape, and not only those of what no header can hold. */
static struct str decoded(struct str s, bool all, struct arena *mem)
{
    struct buf out = { .mem = mem };

    for (size_t i = 0; i < s.len; i++) {
        int high = i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.ptr[i + 2]) : -1;
        int byte = low >= 0 ? high << 4 | low : 0;
        bool is_escape = s.ptr[i] == '%' && low >= 0 &&
                         (all || !isgraph(byte) || byte == '"' || byte == '%');
        buf_add_char(&out, (char)(is_escape ? byte : s.ptr[i]));
        i += is_escape ? 2 : 0;
    }
    return built(&out);
}

static struct str without_blanks(struct str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = (struct str){ s.ptr + 1, s.len - 1 };
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
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
        *value = without_blanks(headers[i].value); /* which are no part of it */
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
        { "content-type", &event->content_type, false, false },
    };
    const char *why = NULL;
    struct arena mem;
    enum err e;
    struct str type, socket, nsp, value;
    bool good = occurrences(headers, count, "ce-type", &type) == 1 && type.len > 0;
    bool is_native = !occurrences(headers, count, "ce-socketid", &socket) &&
                     !occurrences(headers, count, "ce-namespace", &nsp);

    arena_init(&mem, FUZZ_MEMORY);
    e = cloudevent_parse(headers, count, &mem, event, &why);
    for (size_t i = 0; i < COUNT(fields); i++) {
        size_t seen = occurrences(headers, count, fields[i].name, &value);
        bool needed = fields[i].required && !(fields[i].of_socketio && is_native);
        bool may_be_empty = fields[i].value == &event->name && seen > 0 && !is_system(type);
        good = good && seen <= 1 && (!needed || value.len > 0 || may_be_empty);
        if (fields[i].value == &event->user_id ||
            (fields[i].value == &event->nsp && is_system(type)))
            value = decoded(value, false, &mem);
        if (!e)
            MUST(seen <= 1 && str_equal(*fields[i].value, value));
    }
    MUST(good == !e && (e == ERR_NONE) == !why);
    if (!e)
        MUST(event->is_native == is_native &&
             (event->kind == CLOUDEVENT_MESSAGE) == !is_system(type));
    arena_free(&mem);
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

/*
 * A right signature is put into the list where the input says; without it, none may pass, nor
 * for an id that may be a part of a token.
 */
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
    MUST(key);
    hmac_sign(key, connection, mac);
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
        MUST(e == (connection.len == 0 || memchr(connection.ptr, '.', connection.len)
                       ? ERR_DENIED
                       : ERR_NONE));
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

struct place {
    char host[256];
    unsigned long port; /* 0: none is named */
};

/* [http[s]://]host[:port][/] by the C library's regular expressions. */
static bool read_place(const char *text, bool scheme_has_port, struct place *out)
{
    static regex_t form;
    static bool is_ready;
    regmatch_t part[5];

    if (!is_ready)
        MUST(!regcomp(&form, "^(https?://)?([A-Za-z0-9_.-]+)(:([0-9]+))?/?$",
                      REG_EXTENDED | REG_ICASE));
    is_ready = true;
    if (regexec(&form, text, COUNT(part), part, 0))
        return false;
    (void)snprintf(out->host, sizeof(out->host), "%.*s", (int)(part[2].rm_eo - part[2].rm_so),
                   text + part[2].rm_so);
    out->port = 0;
    if (part[1].rm_so >= 0 && scheme_has_port)
        out->port = part[1].rm_eo - part[1].rm_so == (regoff_t)strlen("https://") ? 443 : 80;
    if (part[4].rm_so < 0)
        return true;
    out->port = strtoul(text + part[4].rm_so, NULL, 10);
    return out->port >= 1 && out->port <= 65535;
}

/* The next item of a list, without the tabs at its ends; false: there is none. */
static bool take_item(const char **list, char item[static 256])
{
    size_t len = strcspn(*list, ", ");
    const char *from = *list, *end = from + len;

    if (!*from)
        return false;
    *list = end + (*end != '\0');
    while (from < end && *from == '\t')
        from++;
    while (end > from && end[-1] == '\t')
        end--;
    (void)snprintf(item, 256, "%.*s", (int)(end - from), from);
    return true;
}

static bool place_is_listed(const char *asked, const char *list)
{
    struct place wanted, listed;
    char item[256];

    if (!read_place(asked, false, &wanted))
        return false;
    while (take_item(&list, item)) {
        if (read_place(item, true, &listed) && strcasecmp(wanted.host, listed.host) == 0 &&
            (!wanted.port || !listed.port || wanted.port == listed.port))
            return true;
    }
    return false;
}

static void check_origin(struct input *in)
{
    struct str allowed = input_text(in), asked = input_text(in), got;
    const char *list, *rest;
    char item[256];
    struct arena mem;

    /* What is longer, or has a zero byte, is not for the C library. */
    if (allowed.len > 255 || asked.len > 255 || memchr(allowed.ptr, '\0', allowed.len) ||
        memchr(asked.ptr, '\0', asked.len))
        return;
    arena_init(&mem, FUZZ_MEMORY);
    list = arena_cstr(&mem, allowed);
    rest = arena_cstr(&mem, asked);
    MUST(list && rest);
    got = cloudevent_allowed_origin(asked, (struct str_list){ &allowed, 1 });
    for (const char *left = rest; take_item(&left, item);) {
        if (!place_is_listed(item, list))
            continue;
        MUST(got.ptr && str_equal(got, str_from(item)));
        arena_free(&mem);
        return;
    }
    MUST(!got.ptr);
    arena_free(&mem);
}

/* ---- names ---- */

static void check_name(struct input *in)
{
    struct str header = input_text(in), name = input_text(in), bare, plain, text;
    struct arena mem;

    arena_init(&mem, FUZZ_MEMORY);
    plain = decoded(header, true, &mem);
    bare = decoded(without_blanks(header), true, &mem);
    MUST(cloudevent_spells(header, name) ==
         (str_equal(name, header) || str_equal(name, plain) ||
          str_equal(without_blanks(name), without_blanks(header)) ||
          str_equal(without_blanks(name), bare)));
    MUST(cloudevent_spells(header, plain) && cloudevent_spells(header, header));
    MUST(!cloudevent_text(header, &mem, &text));
    MUST(str_equal(text, decoded(header, false, &mem)));
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
