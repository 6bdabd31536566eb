#include "handler.h"

#include "app/app.h"
#include "azure/cloudevents.h"
#include "azure/token.h"
#include "response.h"
#include "wire/base64url.h"
#include "wire/json.h"
#include "wire/socketio.h"

/* An event on its way from request to response.  It lives in the request's arena. */
struct delivery {
    struct handler *handler;
    struct http_request *request;
    struct cloudevent cloud;
    struct packet packet;
    const char *complaint; /* what the client did wrong.  NULL: nothing */
    struct app_socket socket;
    struct execution run;
    bool is_answered; /* while the plan goes on */
};

/* ---- abuse protection ---- */

void eventhandler_validate(struct handler *handler, struct http_request *request)
{
    const struct str allowed[] = { handler->rest.webpubsub.url,
                                   handler->config->service_origins };
    struct http_response response = { .status = 200, .header_count = 1 };
    struct str asked, origin;
    struct log_line line;

    if (cloudevent_list(request->headers, request->header_count, STR("WebHook-Request-Origin"),
                        &request->mem, &asked)) {
        response_error(request, 503, "NoMemory", "no memory for this request");
        return;
    }
    origin = cloudevent_allowed_origin(asked, (struct str_list){ allowed, COUNT(allowed) });
    if (!origin.ptr) {
        response_error(request, 400, "BadOrigin",
                       "WebHook-Request-Origin does not name this handler's Web PubSub");
        return;
    }
    response.headers[0] = (struct header){ STR("WebHook-Allowed-Origin"), origin };
    response_log(&line, LOG_INFO, request);
    log_add(&line, LOG_NUMBER("status", response.status), LOG_TEXT("origin", origin));
    log_end(&line);
    http_response_send(request, &response);
}

/* ---- responses ---- */

static const char *const kind_names[] = {
    [CLOUDEVENT_CONNECT] = "connect",           [CLOUDEVENT_CONNECTED] = "connected",
    [CLOUDEVENT_DISCONNECTED] = "disconnected", [CLOUDEVENT_MESSAGE] = "message",
    [CLOUDEVENT_OTHER_SYSTEM] = "system",
};

static const enum app_event_kind app_kinds[] = {
    [CLOUDEVENT_CONNECT] = APP_CONNECT,           [CLOUDEVENT_CONNECTED] = APP_CONNECTED,
    [CLOUDEVENT_DISCONNECTED] = APP_DISCONNECTED, [CLOUDEVENT_MESSAGE] = APP_MESSAGE,
    [CLOUDEVENT_OTHER_SYSTEM] = APP_MESSAGE,
};

/*
 * True if the owner of the app has to look into it: Web PubSub fails, or the application does.
 */
static bool is_error(enum app_refusal outcome)
{
    return outcome == APP_UPSTREAM || outcome == APP_INTERNAL;
}

static void log_fault(struct log_line *line, const struct plan_fault *fault)
{
    log_add(line, LOG_TEXT("failure", str_from(fault->failure)),
            LOG_IF(fault->rest_status > 0, LOG_NUMBER("rest_status", fault->rest_status)),
            LOG_IF(fault->rest_error.len > 0, LOG_TEXT("rest_error", fault->rest_error)));
}

/* True for an event that went well and has many more of its kind. */
static bool is_for_sample(const struct delivery *d)
{
    return d->socket.is_frequent && !d->run.outcome && !d->run.fault.failure;
}

static void write_delivery(const struct delivery *d, unsigned status, struct log_line *line)
{
    const struct execution *run = &d->run;
    enum log_level level = LOG_INFO;

    if (run->outcome)
        level = is_error(run->outcome) ? LOG_ERROR : LOG_WARN;
    else if (run->fault.failure)
        level = LOG_WARN;
    response_log(line, level, d->request);
    log_add(line, LOG_NUMBER("status", status),
            LOG_TEXT("kind", str_from(kind_names[d->cloud.kind])),
            LOG_IF(d->cloud.kind == CLOUDEVENT_MESSAGE, LOG_TEXT("name", d->cloud.name)),
            LOG_TEXT("connection", d->cloud.connection_id),
            LOG_TEXT("socket", d->cloud.socket_id), LOG_NUMBER("calls", run->calls),
            LOG_NUMBER("rest_ms", run->rest_ms),
            LOG_IF(run->repeats > 0, LOG_NUMBER("repeats", run->repeats)),
            LOG_IF(run->outcome, LOG_TEXT("code", app_refusal_code(run->outcome))),
            LOG_IF(run->outcome, LOG_TEXT("reason", str_from(run->message))));
    if (run->fault.failure)
        log_fault(line, &run->fault);
}

static void log_delivery(const struct delivery *d, unsigned status)
{
    struct handler_sample *sample = &d->handler->sample;
    struct log_line line;

    if (!is_for_sample(d)) {
        write_delivery(d, status, &line);
        log_end(&line);
    } else if (sample->events++ == 0) {
        sample->until_ms = loop_now_ms(d->handler->loop) + HANDLER_SAMPLE_MS;
        write_delivery(d, status, &sample->line);
    }
}

void eventhandler_end_sample(void *owner)
{
    struct handler_sample *sample = &((struct handler *)owner)->sample;

    sample->until_ms = LOOP_NEVER;
    if (sample->events == 0)
        return;
    log_number(&sample->line, "events", sample->events);
    log_end(&sample->line);
    sample->events = 0;
}

/* Logs what failed after the response.  The event's own line was written with the response. */
static void log_late_failure(const struct delivery *d)
{
    struct log_line line;

    log_begin(&line, LOG_WARN, "late");
    log_add(&line, LOG_TEXT("socket", d->socket.id), LOG_NUMBER("calls", d->run.calls),
            LOG_NUMBER("rest_ms", d->run.rest_ms));
    log_fault(&line, &d->run.fault);
    log_end(&line);
}

/*
 * This value of ce-connectionState makes Web PubSub forget, since libmicrohttpd (0.9.75) sends
 * no header without a value.  When it comes back it reads as nothing, because it is no
 * base64url.
 */
#define FORGET "."

/*
 * Answers 503 when there is no memory for the response, so that Web PubSub delivers the event
 * again.  A response that leaves something out would say something else.
 */
static void respond_no_memory(struct delivery *d)
{
    response_error(d->request, 503, "NoMemory", "no memory for the response");
}

/*
 * Sends the response.  What the application wants to be reminded of goes along, unless the
 * event failed.
 */
static void send_response(struct delivery *d, struct http_response *response)
{
    struct str memory = d->socket.plan.memory;
    struct buf state = { .mem = &d->request->mem };
    struct str text;

    if (d->run.outcome == APP_ACCEPTED && memory.ptr) {
        base64url_add(&state, memory);
        if (memory.len == 0)
            buf_add(&state, STR(FORGET));
        if (buf_done(&state, &text)) {
            respond_no_memory(d);
            return;
        }
        response->headers[response->header_count++] =
            (struct header){ STR("ce-connectionState"), text };
    }
    log_delivery(d, response->status);
    http_response_send(d->request, response);
}

static void send_status(struct delivery *d, unsigned status)
{
    send_response(d, &(struct http_response){ .status = status });
}

/*
 * A connect is the one event whose status means something to Web PubSub.  503 makes it try
 * again later.
 */
static unsigned connect_status(enum app_refusal outcome)
{
    static const unsigned statuses[] = {
        [APP_ACCEPTED] = 200, [APP_NO_USER] = 401, [APP_UPSTREAM] = 503, [APP_BUSY] = 503
    };
    unsigned status = outcome < COUNT(statuses) ? statuses[outcome] : 0;

    return status ? status : 403;
}

/* 43<id>[…] with the application's arguments, or {"success":…} */
static enum err write_ack(struct delivery *d, struct str *out)
{
    struct buf args = { .mem = &d->request->mem }, packet = args;
    struct str text = d->socket.plan.ack;

    if (!text.ptr || d->run.outcome != APP_ACCEPTED) {
        buf_add_char(&args, '{');
        app_add_outcome(&args, d->run.outcome, d->run.message);
        buf_add_char(&args, '}');
        if (buf_done(&args, &text))
            return ERR_NO_MEMORY;
    }
    packet_add_ack(&packet, d->packet.nsp, d->packet.ack_id, text);
    return buf_done(&packet, out);
}

/* Sends the acknowledgement if the client asked for one. */
static void respond_to_message(struct delivery *d)
{
    struct http_response response = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("text/plain; charset=utf-8") } },
        .header_count = 1,
    };

    if (d->packet.ack_id.len == 0)
        send_status(d, 204);
    else if (write_ack(d, &response.body))
        respond_no_memory(d);
    else
        send_response(d, &response);
}

static void respond(void *owner)
{
    struct delivery *d = owner;

    if (d->cloud.kind == CLOUDEVENT_CONNECT)
        send_status(d, connect_status(d->run.outcome));
    else if (d->cloud.kind == CLOUDEVENT_MESSAGE)
        respond_to_message(d);
    else
        send_status(d, 200); /* Web PubSub does not read it */
}

/*
 * Sends the client its response while the rest of the plan goes on in the request's memory.  No
 * client waits for the response to a system event, which tells the platform when we are done.
 */
static void acknowledge(void *owner)
{
    struct delivery *d = owner;

    if (d->cloud.kind != CLOUDEVENT_MESSAGE)
        return;
    http_request_hold(d->request);
    respond(d);
    d->is_answered = true;
    d->run.fault = (struct plan_fault){ 0 }; /* told */
}

static void on_plan_done(void *owner)
{
    struct delivery *d = owner;

    d->handler->in_flight--;
    if (!d->is_answered) {
        respond(d);
        return;
    }
    if (d->run.fault.failure)
        log_late_failure(d);
    http_request_release(d->request);
}

/* Answers an event without asking the application. */
static void refuse(struct delivery *d, enum app_refusal outcome, const char *message)
{
    d->run.outcome = outcome;
    d->run.message = message;
    respond(d);
}

/* ---- reading ---- */

/*
 * Turns down an event that Web PubSub should not have delivered like this.  Returns false, as do
 * those below that have done so.
 */
static bool reject(struct delivery *d, unsigned status, const char *code, const char *message)
{
    response_error(d->request, status, code, message);
    return false;
}

static bool reject_malformed(struct delivery *d, const char *message)
{
    return reject(d, 400, "BadRequest", message);
}

static bool reject_too_large(struct delivery *d)
{
    return reject(d, 413, "TooLarge", "an event has at most 1 MiB");
}

static bool reject_for_memory(struct delivery *d)
{
    return reject(d, 503, "NoMemory", "no memory for this event");
}

/* ERR_SYNTAX: a name that no UTF-8 can spell.  ERR_NO_MEMORY. */
static enum err read_name(struct delivery *d)
{
    struct str name = d->packet.name;

    d->socket.event = name; /* a number is its own name */
    return name.ptr[0] == '"' ? json_text(name, &d->request->mem, &d->socket.event) : ERR_NONE;
}

/*
 * Reads the event's packet.  How Web PubSub spells names in a header is documented for some of
 * them only.  A client whose name we cannot read is told so, and is not cut off.
 */
static bool read_event_packet(struct delivery *d)
{
    const struct packet *packet = &d->packet;
    enum err e = packet_parse(d->request->body, &d->packet);

    if (e == ERR_SYNTAX ||
        (packet->type != PACKET_EVENT && packet->type != PACKET_BINARY_EVENT))
        return reject_malformed(d, "the body is not a Socket.IO event");
    if (e) {
        d->complaint = "arrays and objects are nested too deeply";
        return true;
    }
    e = read_name(d);
    if (e == ERR_NO_MEMORY)
        return reject_for_memory(d);
    if (e)
        d->complaint = "the name of the event has a lone surrogate in it";
    else if (!cloudevent_spells(d->cloud.name, d->socket.event))
        d->complaint = "ce-eventName and the event in the body differ";
    return true;
}

/* The packet must say what the headers say. */
static bool read_packet(struct delivery *d)
{
    if (!read_event_packet(d))
        return false;
    if (!cloudevent_spells(d->cloud.nsp, d->packet.nsp)) {
        d->complaint = "ce-namespace and the namespace in the body differ";
        if (str_is_visible(d->packet.nsp))
            return reject_malformed(d, d->complaint);
    }
    d->socket.args = d->packet.args;
    d->socket.arg_count = d->packet.arg_count;
    return true;
}

/*
 * True for an event with attachments, of which the beginning of the body is enough.  They take
 * a third more in base64, and there may be several.  Their sender is told that they are not
 * understood, however large the body is.
 */
static bool is_binary_event(struct delivery *d)
{
    return packet_parse_head(d->request->body, &d->packet) == ERR_NONE &&
           d->packet.type == PACKET_BINARY_EVENT;
}

/* "ce-hub is missing, empty or repeated" */
static const char *name_header(struct delivery *d, const char *header)
{
    const char *message =
        arena_cstr(&d->request->mem, str_from(header), STR(" is missing, empty or repeated"));

    return message ? message : "a header is missing, empty or repeated";
}

static bool is_text_plain(struct str content_type)
{
    struct str parameters;

    return str_equal_nocase(str_trim(str_cut(content_type, ";", &parameters)),
                            STR("text/plain"));
}

/*
 * Checks that Web PubSub has sent the event.  With an access key the signature shows it.  With
 * a managed identity there is no key to check it with, so the host must have asked for a
 * function key, which it passes on to us.
 */
static bool check_origin(struct delivery *d)
{
    const struct hmac_key *key = d->handler->rest.webpubsub.key;

    if (!key)
        return http_request_header(d->request, STR("x-functions-key")).len > 0 ||
               http_request_query(d->request, STR("code")).len > 0 ||
               reject(d, 401, "NoFunctionKey",
                      "without an access key an event needs a function key");
    return !signature_check(key, d->cloud.connection_id, d->cloud.signatures) ||
           reject(d, 401, "BadSignature",
                  "ce-signature is missing or not made with our access key");
}

/*
 * Checks that this is an event of our hub, that Web PubSub has sent it, and that it is whole.
 */
static bool read_event(struct delivery *d)
{
    const struct http_request *request = d->request;
    const char *header = NULL;
    enum err e;

    if (request->is_too_large && !is_binary_event(d))
        return reject_too_large(d);
    e = cloudevent_parse(request->headers, request->header_count, &d->request->mem, &d->cloud,
                         &header);
    if (e)
        return e == ERR_SYNTAX ? reject_malformed(d, name_header(d, header))
                               : reject_for_memory(d);
    if (!str_equal_nocase(d->cloud.hub, d->handler->rest.webpubsub.hub))
        return reject(d, 404, "UnknownHub", "ce-hub is not the hub of this handler");
    if (!check_origin(d))
        return false;
    if (d->cloud.kind != CLOUDEVENT_MESSAGE)
        return !request->is_too_large || reject_too_large(d);
    if (d->cloud.is_native)
        return true;
    if (!is_text_plain(d->cloud.content_type))
        return reject_malformed(d, "an event's Content-Type must be text/plain");
    if (request->is_too_large)
        return true;
    if (!request->is_cut)
        return read_packet(d);
    /* A body that was cut cannot be checked. */
    return !packet_parse_head(request->body, &d->packet) ||
           reject(d, 503, "Overloaded", "no room for this request");
}

/* True if there is room for what a client sent.  That it came or went is never refused. */
static bool has_room(const struct delivery *d)
{
    return !d->request->is_cut && d->handler->in_flight < HANDLER_MAX_IN_FLIGHT;
}

/* Keeps whose event it is, and its namespace, for as long as the plan is carried out. */
static enum err keep_names(struct delivery *d)
{
    struct app_socket *socket = &d->socket;
    struct arena *mem = &d->request->mem;

    if (arena_copy(mem, d->cloud.socket_id, &socket->id) ||
        arena_copy(mem, d->cloud.user_id, &socket->user))
        return ERR_NO_MEMORY;
    socket->nsp = d->packet.nsp; /* the client's spelling, where there is one */
    if (d->cloud.kind == CLOUDEVENT_MESSAGE)
        return ERR_NONE;
    return arena_copy(mem, d->cloud.is_native ? STR("/") : d->cloud.nsp, &socket->nsp);
}

static void decide_and_run(struct delivery *d)
{
    struct app_socket *socket = &d->socket;
    enum err e;

    socket->kind = app_kinds[d->cloud.kind];
    socket->mem = &d->request->mem;
    e = base64url_decode(d->cloud.state, socket->mem, &socket->memory);
    if (e == ERR_NO_MEMORY) {
        respond_no_memory(d);
        return;
    }
    if (e)
        socket->memory = STR(""); /* we did not make it */
    app_decide(d->handler->app, socket);
    d->run = (struct execution){
        .socket = socket,
        .rest = &d->handler->rest,
        .mem = &d->request->mem,
        .deadline_ms = loop_now_ms(d->handler->loop) + d->handler->config->rest_timeout_ms,
        .acknowledge = acknowledge,
        .done = on_plan_done,
        .owner = d,
    };
    d->handler->in_flight++;
    execute(&d->run);
}

void eventhandler_event(struct handler *handler, struct http_request *request)
{
    struct delivery *d = arena_take(&request->mem, sizeof(*d));

    if (!d) {
        response_error(request, 503, "NoMemory", "no memory for this event");
        return;
    }
    d->handler = handler;
    d->request = request;
    if (!read_event(d))
        return;
    if (d->cloud.kind == CLOUDEVENT_OTHER_SYSTEM ||
        (d->cloud.is_native && d->cloud.kind != CLOUDEVENT_CONNECT))
        send_status(d, 200); /* nothing follows from it */
    else if (d->complaint)
        refuse(d, APP_BAD_REQUEST, d->complaint);
    else if (d->cloud.kind == CLOUDEVENT_MESSAGE && d->packet.type == PACKET_BINARY_EVENT)
        refuse(d, APP_UNSUPPORTED, "binary events are not understood here");
    else if (d->cloud.kind == CLOUDEVENT_MESSAGE && !has_room(d))
        refuse(d, APP_BUSY, "too much is in flight, try again");
    else if (keep_names(d))
        respond_no_memory(d);
    else
        decide_and_run(d);
}
