/*
 * Whole requests through the service layer, between stand-ins for both sides (stand_in.h).
 *
 * Whatever is asked, and whatever the service answers to our calls: each request has exactly
 * one answer and one log line; nothing tells a key; an authentic event of a client is never
 * answered with an error status; no call reaches anybody outside the signed user's room; calls
 * that are under way together have no recipient in common; what goes on behind an answer needs
 * nothing that went with it; what is repeated does no harm and waits as long as it was asked to;
 * and with too much to do, or no room for a body, a client's event is Busy and nobody new is let
 * in.
 */
#include <jansson.h>
#include <unistd.h>

#include "audience.h"
#include "azure/rest.h"
#include "handler.h"
#include "scene.h"
#include "stand_in.h"
#include "wire/json.h"
#include "wire/socketio.h"

#define MAX_TURNS 400

/* ---- what must never be told ---- */

static void must_keep_secrets(struct str text)
{
    static const struct str secrets[] = { STR_INIT(ACCESS_KEY), STR_INIT(SECRET),
                                          STR_INIT(IDENTITY_TOKEN) };

    for (size_t i = 0; i < COUNT(secrets); i++) /* an input that has it may hear it again */
        MUST(!contains(text, secrets[i]) || contains(scene.input, secrets[i]));
}

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

/* The log: one write for a line, and one line for a request (linked with --wrap=write). */
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    struct str line = { bytes, len };

    if ((fd != STDOUT_FILENO && fd != STDERR_FILENO) || !str_starts(line, STR("level=")))
        return __real_write(fd, bytes, len);
    MUST(str_ends(line, STR("\n")) && len <= 1024);
    for (size_t i = 0; i + 1 < len; i++)
        MUST(line.ptr[i] >= 0x20 && line.ptr[i] < 0x7f);
    must_keep_secrets(line);
    (void)str_cut(line, " ", &line); /* the level */
    if (str_starts(line, STR("event=request ")))
        scene.log_lines++;
    return (ssize_t)len;
}

/* ---- calls to the service ---- */

/* Who is there besides the one who asks: bits of what audience_of gives. */
enum { SELF = 1, VIEWER_OF_ROOM = 2, WRITER_OF_ROOM = 4, STRANGERS = 8 + 16 + 32 };

static uint64_t reached(const struct audience *audience)
{
    static const struct str rooms[][2] = {
        { STR_INIT("socket"), STR_INIT("elsewhere") },
        { STR_INIT("viewer"), STR_INIT(ROOM) },
        { STR_INIT("writer"), STR_INIT(ROOM "-control") },
        { STR_INIT("stranger"), STR_INIT(OTHER_ROOM) },
        { STR_INIT("stranger"), STR_INIT(OTHER_ROOM "-control") },
        { STR_INIT("stranger"), STR_INIT("elsewhere") },
    };
    struct connection connections[COUNT(rooms)];

    for (size_t i = 0; i < COUNT(rooms); i++)
        connections[i] = (struct connection){ STR("/"), rooms[i], COUNT(rooms[i]) };
    return audience_of(audience, connections, COUNT(connections), &scene.lab);
}

/* Of Codestream: nobody outside of the room, and viewers not by viewers. */
static void check_audience(const struct audience *audience)
{
    bool is_writer = scene.role == WRITER;
    uint64_t set = reached(audience);

    MUST(scene.is_authentic && scene.role != NOBODY);
    MUST(!(set & STRANGERS));
    MUST(is_writer || !(set & VIEWER_OF_ROOM));
    if (audience->kind == REQUEST_SEND)
        return;
    MUST(audience->kind == REQUEST_JOIN && audience->moved_count == 1 && set == SELF);
    MUST(str_equal(audience->moved[0].room, is_writer ? STR(ROOM "-control") : STR(ROOM)));
}

/* ---- calls that are under way together ---- */

/* Some rooms, and a connection for each set of them. */
#define SETS 32
static const struct str common_rooms[] = { STR_INIT("socket"), STR_INIT(ROOM),
                                           STR_INIT(ROOM "-control"), STR_INIT("a"),
                                           STR_INIT("b") };
static_assert(SETS == 1 << COUNT(common_rooms), "every set");

/* A call of the request's plan, from its first try to its end. */
struct open_call {
    const struct rest_call *call;
    bool is_barrier;
    uint64_t recipients;
};

static struct open_call open_calls[APP_MAX_ACTIONS];
static size_t open_count;

/* Takes out what is known of a call; its own call is NULL if that is nothing. */
static struct open_call take_open(const struct rest_call *call)
{
    for (size_t i = 0; i < open_count; i++) {
        struct open_call one = open_calls[i];
        if (one.call != call)
            continue;
        open_calls[i] = open_calls[--open_count];
        return one;
    }
    return (struct open_call){ .call = NULL };
}

static uint64_t recipients_of(const struct audience *audience)
{
    struct str rooms[SETS][COUNT(common_rooms)];
    struct connection connections[SETS];

    for (size_t set = 0; set < SETS; set++) {
        connections[set] = (struct connection){ STR("/"), rooms[set], 0 };
        for (size_t i = 0; i < COUNT(common_rooms); i++) {
            if (set >> i & 1)
                rooms[set][connections[set].room_count++] = common_rooms[i];
        }
    }
    return audience_of(audience, connections, SETS, &scene.lab);
}

static void check_neighbours(const struct http_call *http, const struct audience *audience)
{
    struct open_call one = { .call = http->owner };
    bool ends_sockets = str_starts(http->body, STR("41"));

    if (audience->kind == REQUEST_SEND && !ends_sockets)
        one.recipients = recipients_of(audience);
    else
        one.is_barrier = true;
    if (one.call->tries > 1) /* again: it was open all the time */
        return;
    (void)take_open(one.call);
    for (size_t i = 0; i < open_count; i++) {
        if (open_calls[i].call->failure) /* without an answer */
            continue;
        MUST(!one.is_barrier && !open_calls[i].is_barrier);
        MUST(!(open_calls[i].recipients & one.recipients));
        MUST(scene.beside == 0); /* with so much to do none is beside another */
    }
    MUST(open_count < COUNT(open_calls));
    open_calls[open_count++] = one;
}

static bool will_come_again(const struct rest_call *call)
{
    const struct queued *backed_off = scene.handler.rest.backed_off.first;

    while (backed_off && backed_off != &call->queued)
        backed_off = backed_off->next;
    return backed_off != NULL;
}

/* A call that comes again: neither a send, nor too early, nor without end. */
static void check_repeat(const struct http_call *call)
{
    const struct rest_call *rest = call->owner;

    MUST(rest->tries >= 1 && rest->tries <= RETRY_MAX_TRIES);
    if (rest->tries == 1)
        return;
    MUST(!scene.handler.rest.is_ending);
    MUST(strcmp(call->method, "GET") == 0 || !contains(str_from(call->url), STR("/:send?")));
    MUST(loop_now_ms(stand_in_loop()) >= scene.not_before_ms);
}

static bool is_full(void)
{
    return scene.load >= HANDLER_MAX_IN_FLIGHT || scene.request.is_cut;
}

static void on_call(const struct http_call *call)
{
    static const struct str hub_url = STR_INIT(SERVICE_URL "/api/hubs/codestream");
    struct str url = str_from(call->url);
    struct audience audience;

    if (str_starts(url, STR(IDENTITY_URL "?"))) {
        MUST(scene.variant == IDENTITY && call->mem != &scene.request.mem);
        return;
    }
    MUST(call->mem == &scene.request.mem && (stand_in.answers == 0 || stand_in.is_held));
    MUST(!scene.is_message || !is_full());
    check_repeat(call);
    MUST(str_starts(str_from(call->headers[0]), STR("Authorization: Bearer ")));
    must_keep_secrets(url);
    must_keep_secrets(call->body);
    if (scene.variant != IDENTITY)
        must_keep_secrets(str_from(call->headers[0]));
    if (strcmp(call->method, "GET") == 0) { /* a page, which an answer may have named */
        MUST(str_starts(url, STR(SERVICE_URL "/api/hubs/")));
        check_neighbours(call, &(struct audience){ .kind = REQUEST_LIST });
        return;
    }
    if (contains(url, STR("/:generateToken?"))) {
        MUST(scene.load < HANDLER_FULL_FOR_NEWCOMERS);
        return;
    }
    audience = audience_read(hub_url, url, call->body, &scene.lab);
    check_neighbours(call, &audience);
    if (scene.is_event && scene.variant <= IDENTITY)
        check_audience(&audience);
}

/* "Retry-After: 0" to 9, as the input wants it. */
static struct str asked_pause(unsigned seconds)
{
    static const struct str digits = STR_INIT("0123456789");

    scene.not_before_ms = loop_now_ms(stand_in_loop()) + (int64_t)seconds * 1000;
    return str_first(str_skip(digits, seconds), 1);
}

/*
 * One byte of the input decides how a call ends.  error stands in all headers that are read:
 * the code of the error, and Retry-After.
 */
static void finish(struct http_call *call)
{
    struct str error = STR("");
    char outcome = '0';
    unsigned status;

    if (scene.outcomes.len > 0) {
        outcome = scene.outcomes.ptr[0];
        scene.outcomes = str_skip(scene.outcomes, 1);
    }
    scene.not_before_ms = 0;
    switch (outcome) {
    case '1':
        status = 0;
        break;
    case '2':
        status = 500;
        break;
    case '3':
        status = 404;
        error = scene.rest_body;
        break;
    case '4':
        status = 200;
        break;
    case '5':
        status = 401;
        break;
    case '6':
        status = 429;
        break;
    case '7':
        handler_abort(&scene.handler);
        open_count = 0;
        status = 0;
        break;
    case '8':
        stand_in_pass_time(call->deadline_ms - loop_now_ms(stand_in_loop()));
        status = 202;
        break;
    case '9':
        status = 429;
        error = scene.rest_body;
        break;
    case ':':
        status = 503;
        error = scene.rest_body;
        break;
    default:
        status = 202;
        if (outcome >= 'a' && outcome <= 'j') {
            status = (outcome - 'a') % 2 ? 429 : 503;
            error = asked_pause((unsigned)(outcome - 'a'));
        }
        break;
    }
    /* The platform's answer; with '4' it is whatever the input wants. */
    if (str_starts(str_from(call->url), STR(IDENTITY_URL)) && status == 202)
        stand_in_finish(
            call, 200,
            STR("{\"access_token\":\"" IDENTITY_TOKEN "\",\"expires_on\":\"9999999999\"}"),
            error);
    else
        stand_in_finish(call, status, scene.rest_body, error);
    if (!stand_in.was_heard)
        scene.not_before_ms = 0;
}

/* ---- answers ---- */

/* {"Outputs":{"res":{"statusCode":500,"body":…}},…}: the host passes on nothing else. */
static void check_unforwarded(struct str body)
{
    json_t *whole = json_loadb(body.ptr, body.len, 0, NULL);
    const json_t *res = json_object_get(json_object_get(whole, "Outputs"), "res");
    const char *text = json_string_value(json_object_get(res, "body"));

    MUST(json_integer_value(json_object_get(res, "statusCode")) == 500);
    MUST(text && strstr(text, "enableForwardingHttpRequest"));
    json_decref(whole);
}

static void check_ack(struct str body)
{
    struct packet packet;
    size_t count;

    MUST(!packet_parse(body, &packet) && packet.type == PACKET_ACK);
    MUST(str_equal(packet.ack_id, scene.ack_id));
    MUST(!json_elements(str_skip(body, 2 + scene.ack_id.len), NULL, 0, &count));
}

/* Who is not here yet has to wait, and is told how long. */
static void check_newcomer(void)
{
    const struct http_response *response = &stand_in.response;
    bool is_negotiation = str_equal(scene.request.path, STR("/negotiate")) &&
                          str_equal(scene.request.method, STR("GET"));
    bool has_moment = false;

    if (!is_negotiation || scene.request.is_too_large ||
        scene.load < HANDLER_FULL_FOR_NEWCOMERS)
        return;
    for (size_t i = 0; i < response->header_count; i++)
        has_moment = has_moment || str_equal(response->headers[i].name, STR("Retry-After"));
    MUST(response->status == 503 && has_moment);
}

static void check_answer(void)
{
    struct str body = stand_in.response.body, value;
    unsigned status = stand_in.response.status;
    bool is_event = scene.is_event && scene.is_authentic;

    check_newcomer();
    must_keep_secrets(body);
    for (size_t i = 0; i < stand_in.response.header_count; i++)
        must_keep_secrets(stand_in.response.headers[i].value);
    if (scene.is_unforwarded)
        check_unforwarded(body);
    if (stand_in.response.status >= 400 && stand_in.response.body.len > 0)
        MUST(!json_check(stand_in.response.body,
                         &value)); /* whatever words an error came with */
    if (scene.is_event && !scene.is_authentic)
        MUST(status == 401 || (status == 503 && scene.request.is_cut));
    if (!is_event || (!scene.is_whole && !(scene.is_message && scene.request.is_cut)))
        return;
    MUST(status == (scene.ack_id.len > 0 ? 200u : 204u));
    if (scene.ack_id.len > 0)
        check_ack(body);
    if (scene.ack_id.len > 0 && is_full())
        MUST(contains(body, STR("\"success\":false,\"error\":{\"code\":\"Busy\"")));
}

/* Ends the call that has waited longest, or shortest if the input wants that; or time passes. */
static void take_turn(void)
{
    bool is_last = str_starts(scene.outcomes, STR("n"));
    struct http_call *call = is_last ? stand_in_last_call() : stand_in_next_call();
    struct open_call one;

    if (is_last)
        scene.outcomes = str_skip(scene.outcomes, 1);
    if (!call) {
        stand_in_pass_time(100);
        return;
    }
    MUST(call->mem != &scene.request.mem || stand_in.answers == 0 || stand_in.is_held);
    one = take_open(call->owner);
    finish(call);
    if (one.call && will_come_again(one.call))
        open_calls[open_count++] = one;
}

static bool is_idle(void)
{
    return stand_in_is_idle() && !stand_in.is_held;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);

    stand_in_reset();
    stand_in.on_call = on_call;
    open_count = 0;
    scene_begin(&in);
    handler_serve(&scene.handler, &scene.request);
    for (int turn = 0; turn < MAX_TURNS && stand_in.answers == 0; turn++)
        take_turn();
    MUST(stand_in.answers == 1);
    eventhandler_end_sample(&scene.handler); /* the line of what shares one with others */
    if (str_equal(stand_in.response.body, STR("codestream is ready\n")))
        MUST(scene.log_lines == 0); /* the host asks it again and again */
    else
        MUST(scene.log_lines == 1);
    check_answer();
    scene_end_headers();
    for (int turn = 0; turn < MAX_TURNS && !is_idle(); turn++)
        take_turn();
    MUST(is_idle());
    MUST(stand_in.answers == 1 && scene.handler.in_flight == scene.load);
    MUST(scene.handler.rest.beside == scene.beside);
    MUST(scene.log_lines <= 1); /* that something failed late is another line */
    scene_end();
    input_free(&in);
    return 0;
}
