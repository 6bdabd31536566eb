#include "scene.h"

#include <jansson.h>

#include "stand_in.h"
#include "wire/json.h"

#define MAX_HEADERS 24

/* ---- settings ---- */

struct setting {
    const char *name;
    const char *value;
};

#define CONNECTION                                                                             \
    {                                                                                          \
        SETTING_CONNECTION, "Endpoint=" SERVICE_URL ";AccessKey=" ACCESS_KEY ";Version=1.0;"   \
    }

static const struct setting variants[][8] = {
    [CODESTREAM] = { CONNECTION },
    [IDENTITY] = { { SETTING_CONNECTION "__endpoint", SERVICE_URL },
                   { "IDENTITY_ENDPOINT", IDENTITY_URL },
                   { "IDENTITY_HEADER", "header of the identity" },
                   { "CODESTREAM_SECRET", SECRET } },
    [VERBS] = { CONNECTION },
    [CHAT] = { CONNECTION },
};

extern const struct app codestream_app, verbs_app, chat_app;
static const struct app *const apps[] = { [CODESTREAM] = &codestream_app,
                                          [IDENTITY] = &codestream_app,
                                          [VERBS] = &verbs_app,
                                          [CHAT] = &chat_app };

struct scene scene;

static char *from_variant(const char *name)
{
    union {
        const char *value;
        char *out; /* getenv's type; nobody writes */
    } same = { .value = NULL };

    for (size_t i = 0; i < COUNT(variants[0]) && variants[scene.variant][i].name; i++) {
        if (strcmp(variants[scene.variant][i].name, name) == 0)
            same.value = variants[scene.variant][i].value;
    }
    if (strcmp(name, "CODESTREAM_CA_FILE") == 0)
        same.value = "tests/vectors/authority.pem";
    return same.out;
}

/* ---- requests ---- */

static struct header headers[MAX_HEADERS];

static void add_header(struct str name, struct str value)
{
    if (scene.request.header_count < MAX_HEADERS)
        headers[scene.request.header_count++] = (struct header){ name, value };
}

static void sign(struct str connection, bool is_right)
{
    static const char hex[] = "0123456789abcdef";
    struct hmac_key *key = hmac_key_new(STR(ACCESS_KEY));
    unsigned char mac[HMAC_BYTES];
    struct buf text = { .mem = &scene.lab };

    MUST(key);
    hmac_sign(key, connection, mac);
    mac[0] = (unsigned char)(mac[0] ^ !is_right);
    buf_add(&text, STR("sha256="));
    for (size_t i = 0; i < sizeof(mac); i++) {
        buf_add_char(&text, hex[mac[i] >> 4]);
        buf_add_char(&text, hex[mac[i] & 15]);
    }
    add_header(STR("ce-signature"), built(&text));
    hmac_key_free(key);
}

/* name=value&…, which the server hands out decoded: no need to encode it first. */
static void read_query(struct str text)
{
    static struct header query[8];
    struct http_request *request = &scene.request;

    request->query = query;
    while (text.len > 0 && request->query_count < COUNT(query)) {
        struct str value, name = str_cut(str_cut(text, "&", &text), "=", &value);
        query[request->query_count++] = (struct header){ name, value };
    }
}

/* Anything at all; the signature is right if the input wants it. */
static void read_any(struct input *in)
{
    static const char *const methods[] = { "GET", "POST", "OPTIONS", "HEAD" };
    unsigned method = input_choice(in, 5);
    bool is_signed = input_choice(in, 2);
    struct str lines, connection;

    scene.request.method = method < 4 ? str_from(methods[method]) : input_text(in);
    scene.request.path = input_text(in);
    read_query(input_text(in));
    for (lines = input_text(in); lines.len > 0;) {
        struct str value, name = str_cut(str_cut(lines, "\n", &lines), ":", &value);
        add_header(name, str_trim(value));
    }
    connection = http_request_header(&scene.request, STR("ce-connectionId"));
    if (is_signed)
        sign(connection, true);
    scene.request.body = input_text(in);
}

static void name_user(struct input *in)
{
    unsigned who = input_choice(in, 4);

    if (who == 0 || who == 1) {
        scene.role = who == 0 ? WRITER : VIEWER;
        add_header(STR("ce-userId"), who == 0 ? STR("w." ROOM) : STR("v." ROOM));
    } else if (who == 2) {
        struct str user = input_text(in);
        scene.role = NOBODY;
        scene.is_event = !str_starts(user, STR("w.")) && !str_starts(user, STR("v."));
        add_header(STR("ce-userId"), user);
    }
}

/* 42<id>["name",args] */
static void make_body(struct str name, struct str args)
{
    struct buf body = { .mem = &scene.lab }, list = { .mem = &scene.lab };
    struct str text;
    size_t count;

    buf_add(&list, STR("["));
    json_add_string(&list, name);
    buf_add_all(&list, args.len > 0 ? STR(",") : STR(""), args, STR("]"));
    text = built(&list);
    scene.is_whole = !json_elements(text, NULL, 0, &count);
    buf_add_all(&body, STR("42"), scene.ack_id, text);
    scene.request.body = built(&body);
}

/* An event such as the service sends; the input says of whom and what. */
static void read_event(struct input *in)
{
    static const char *const types[] = { "sys.connect", "sys.connected", "sys.disconnected",
                                         "user.message" };
    static const char *const names[] = { "joinRoom", "sendToRoom",    "emit",
                                         "join",     "count",         "sockets join",
                                         "add user", "bytes",         "leave",
                                         "end",      "sockets leave", "sockets end",
                                         "plan" };
    unsigned kind = input_choice(in, 8), which = input_choice(in, COUNT(names) + 1);
    struct buf type = { .mem = &scene.lab };
    struct str name;

    scene.is_event = true;
    scene.is_authentic = input_choice(in, 8) != 1;
    scene.request.method = STR("POST");
    scene.request.path = STR("/eventhandler");
    if (scene.variant == IDENTITY && scene.is_authentic)
        read_query(STR("code=function-key"));
    buf_add_all(&type, STR("azure.webpubsub."), str_from(types[kind < 3 ? kind : 3]));
    name_user(in);
    name = which < COUNT(names) ? str_from(names[which]) : input_text(in);
    if (name.len == 0) /* the service cannot say so in a header */
        name = STR("event");
    add_header(STR("ce-type"), built(&type));
    add_header(STR("ce-hub"), STR("codestream"));
    add_header(STR("ce-connectionId"), STR("connection"));
    add_header(STR("ce-socketId"), STR("socket"));
    add_header(STR("ce-namespace"), STR("/"));
    add_header(STR("ce-eventName"), kind < 3 ? STR("connect") : name);
    add_header(STR("ce-connectionState"), input_text(in));
    sign(STR("connection"), scene.is_authentic);
    if (kind < 3)
        return;
    add_header(STR("Content-Type"), STR("text/plain; charset=utf-8"));
    scene.is_message = true;
    scene.ack_id = input_choice(in, 2) ? STR("") : STR("7");
    make_body(name, input_text(in));
}

static bool is_utf8(struct str text)
{
    json_t *value = json_stringn(text.ptr, text.len);

    json_decref(value);
    return value != NULL;
}

static void add_pair(struct buf *out, struct header pair, bool is_list)
{
    json_add_string(out, pair.name);
    buf_add(out, is_list ? STR(":[") : STR(":"));
    json_add_string(out, pair.value);
    buf_add(out, is_list ? STR("],") : STR(","));
}

/* As the host does it without forwarding. */
static void wrap(void)
{
    static const struct header json[] = { { STR_INIT("Content-Type"),
                                            STR_INIT("application/json") } };
    struct http_request *request = &scene.request;
    struct buf body = { .mem = &scene.lab };
    struct str text;

    buf_add_all(&body, STR("{\"Data\":{\"req\":{\"Url\":\"http://host"), request->path,
                STR("\",\"Method\":\""), request->method, STR("\",\"Query\":{"));
    for (size_t i = 0; i < request->query_count; i++)
        add_pair(&body, request->query[i], false);
    body.len -= request->query_count > 0;
    buf_add(&body, STR("},\"Headers\":{"));
    for (size_t i = 0; i < request->header_count; i++)
        add_pair(&body, request->headers[i], true);
    body.len -= request->header_count > 0;
    buf_add(&body, STR("},\"Body\":"));
    json_add_string(&body, request->body);
    buf_add(&body, STR("}},\"Metadata\":{}}"));
    text = built(&body);
    if (!is_utf8(text))
        return;
    request->headers = json;
    request->header_count = 1;
    request->query_count = 0;
    scene.is_unforwarded = scene.is_event;
    scene.is_event = false;
    request->method = STR("POST");
    request->body = text;
}

/* ---- one case ---- */

/* A body for which there was no room: its beginning, which is longer than a packet's head. */
static void cut_body(struct input *in)
{
    struct http_request *request = &scene.request;
    size_t kept = 4 + input_choice(in, 200);

    if (request->body.len <= kept)
        return;
    request->is_cut = true;
    request->body = str_first(request->body, kept);
    scene.is_whole = false;
}

/* As many others are in flight as make a difference. */
static void load_handler(struct input *in)
{
    static const size_t loads[] = { 0, HANDLER_FULL_FOR_NEWCOMERS - 1,
                                    HANDLER_FULL_FOR_NEWCOMERS, HANDLER_MAX_IN_FLIGHT - 1,
                                    HANDLER_MAX_IN_FLIGHT };

    scene.load = loads[input_choice(in, COUNT(loads))];
    scene.handler.in_flight = scene.load;
    scene.beside = scene.load == HANDLER_MAX_IN_FLIGHT - 1 ? REST_MAX_BESIDE : 0;
    scene.handler.rest.beside = scene.beside;
}

/* As http_server.c does it. */
static void limit_request(struct input *in)
{
    static const size_t short_limits[] = { 0, 1024, 4096, 16384 };
    struct http_request *request = &scene.request;
    size_t limit = handler_body_limit(&scene.handler, request);
    unsigned shortage = input_choice(in, 16);

    if (request->body.len > limit) {
        request->is_too_large = true;
        request->body = (struct str){ NULL, 0 };
        scene.is_whole = false;
    }
    arena_init(&request->mem, 128 * 1024 + 8 * limit);
    if (shortage >= 16 - COUNT(short_limits)) {
        request->mem.limit_bytes = short_limits[shortage - (16 - COUNT(short_limits))];
        scene.is_event = false; /* without memory only the common rules hold */
    }
    load_handler(in);
    if (input_choice(in, 4) == 1 && !request->is_too_large)
        cut_body(in);
}

static struct str on_wire(struct str text)
{
    struct str copy;

    MUST(!arena_copy(&scene.wire, text, &copy));
    return copy;
}

static struct header *pairs_on_wire(const struct header *list, size_t count)
{
    struct header *copy = arena_take(&scene.wire, (count + 1) * sizeof(*copy));

    MUST(copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct header){ on_wire(list[i].name), on_wire(list[i].value) };
    return copy;
}

/* All of the request that does not stay as long as its memory. */
static void put_on_wire(void)
{
    struct http_request *request = &scene.request;

    arena_init(&scene.wire, 4 * FUZZ_MEMORY);
    request->method = on_wire(request->method);
    request->path = on_wire(request->path);
    request->headers = pairs_on_wire(request->headers, request->header_count);
    request->query = pairs_on_wire(request->query, request->query_count);
}

void scene_end_headers(void)
{
    arena_free(&scene.wire);
}

static void start_handler(void)
{
    struct http_client_options options = { .user_agent = "User-Agent: fuzz" };
    struct http_client *client = http_client_new(stand_in_loop(), &options);
    struct complaints complaints = { .count = 0 };

    MUST(config_load(&scene.config, from_variant, &complaints));
    MUST(client && !handler_init(&scene.handler, apps[scene.variant], &scene.config,
                                 stand_in_loop(), client, NULL));
}

void scene_begin(struct input *in)
{
    bool is_wrapped;

    scene = (struct scene){ .input = in->left, .variant = input_choice(in, COUNT(variants)) };
    arena_init(&scene.lab, 4 * FUZZ_MEMORY);
    start_handler();
    scene.request.headers = headers;
    scene.request.loop = stand_in_loop();
    scene.request.started_ms = loop_now_ms(stand_in_loop());
    is_wrapped = input_choice(in, 4) == 3;
    stand_in.refuse_calls = input_choice(in, 16) == 15;
    scene.outcomes = input_text(in);
    scene.rest_body = input_text(in);
    if (input_choice(in, 2))
        read_event(in);
    else
        read_any(in);
    if (is_wrapped)
        wrap();
    put_on_wire();
    limit_request(in);
}

void scene_end(void)
{
    struct http_client *client = scene.handler.rest.client;

    handler_free(&scene.handler);
    http_client_free(client);
    config_free(&scene.config);
    arena_free(&scene.request.mem);
    scene_end_headers();
    arena_free(&scene.lab);
}
