/* The service as a Socket.IO client sees it, from token to ack, over long-polling. */
#include "doctor/diagnosis.h"

#include <string.h>

#include "wire/json.h"

/* How often the service is asked for what a client is waiting for. */
#define MAX_POLLS 6

/*
 * The greeting is waited for before joinRoom is sent: a service without an event handler for
 * that closes the connection at once.
 */
#define GREETING_MS 3000

static const char *client_url(struct doctor *d, const char *rest)
{
    return probe_text(d->lab, keep(d, d->webpubsub.url), WEBPUBSUB_CLIENT_PATH,
                      keep(d, d->webpubsub.hub), "/?EIO=4&transport=polling", rest);
}

enum finding check_anonymous(struct doctor *d)
{
    struct probe probe = { .method = "GET", .url = client_url(d, "") };

    probe_send(d->lab, &probe);
    switch (probe.status) {
    case 0:
        return service_is_silent(d, &probe);
    case 200:
        return sick(d, "the hub lets clients in that have no token",
                    "set anonymousConnectPolicy of the hub to deny");
    case 401:
    case 403:
        return WELL;
    default:
        return not_tried(d, told(d, "the service", &probe));
    }
}

/* ---- a client ---- */

struct client {
    const char *session; /* &access_token=…&sid=… */
    int64_t patience_ms; /* with one poll; 0: as usual */
    bool is_greeted;
};

/* What the handler answers to the connected event. */
static const struct str greeting = STR_INIT("42[\"login\"");

/* The service says why, if not to whom: a proxy's page may repeat the token. */
static const char *quote_reason(struct doctor *d, struct str answer)
{
    if (answer.len == 0 || memmem(answer.ptr, answer.len, d->token, strlen(d->token)))
        return "";
    return probe_text(d->lab, ": ", quote(d, answer));
}

static enum finding explain_refusal(struct doctor *d, const struct probe *probe)
{
    switch (probe->status) {
    case 0:
        return service_is_silent(d, probe);
    case 401:
    case 403:
        return sick(
            d,
            probe_text(d->lab, "the service refuses the token that negotiate made",
                       quote_reason(d, probe->answer)),
            "its audience is the endpoint as the connection string spells it: is there "
            "another name or a proxy in front, or a wrong key or clock at the handler?");
    case 404:
        return sick(d, "there is no Socket.IO at the service",
                    "the resource must be of kind SocketIO, and in serverless mode");
    default:
        return sick(d, told(d, "a client's first request: the service", probe),
                    "look at the service's live trace");
    }
}

static enum finding open_client(struct doctor *d, struct client *client)
{
    const char *token = probe_text(d->lab, "&access_token=", d->token);
    struct json_field fields[] = { { .name = STR("sid") } };
    struct probe probe = { .method = "GET", .url = client_url(d, token) };
    struct str sid;

    probe_send(d->lab, &probe);
    if (probe.status != 200)
        return explain_refusal(d, &probe);
    if (!str_starts(probe.answer, STR("0")) ||
        json_members(str_skip(probe.answer, 1), fields, COUNT(fields)) ||
        json_text(fields[0].value, probe_memory(d->lab), &sid) || sid.len == 0 ||
        !str_is_visible(sid)) /* it goes into URLs as it is */
        return sick(d, "a client's first request: the service does not answer as Socket.IO",
                    "is the endpoint in the connection string right?");
    client->session = probe_text(d->lab, token, "&sid=", keep(d, sid));
    return WELL;
}

static void say(struct doctor *d, const struct client *client, const char *packet)
{
    struct probe probe = { .method = "POST",
                           .url = client_url(d, client->session),
                           .headers = { "Content-Type: text/plain;charset=UTF-8" },
                           .body = str_from(packet) };

    probe_send(d->lab, &probe);
}

/* Reads packets; the first that begins with one of two prefixes.  NULL: there is none. */
static const char *read_packets(struct doctor *d, struct client *client, struct str packets,
                                struct str wanted, struct str refused)
{
    const char *heard = NULL;

    while (packets.len > 0) {
        struct str packet = str_cut(packets, "\x1e", &packets);
        if (!heard && (str_starts(packet, wanted) || str_starts(packet, refused)))
            heard = keep(d, packet);
        if (str_starts(packet, greeting))
            client->is_greeted = true;
        if (str_equal(packet, STR("2")))
            say(d, client, "3");
    }
    return heard;
}

/* Polls until a packet begins with one of two prefixes.  NULL: it did not come. */
static const char *hear(struct doctor *d, struct client *client, struct str wanted,
                        struct str refused)
{
    const char *heard = NULL;

    for (int i = 0; i < MAX_POLLS && !heard; i++) {
        struct probe probe = { .method = "GET",
                               .url = client_url(d, client->session),
                               .patience_ms = client->patience_ms };
        probe_send(d->lab, &probe);
        if (probe.status != 200)
            return NULL;
        heard = read_packets(d, client, probe.answer, wanted, refused);
    }
    return heard;
}

static enum finding connect_client(struct doctor *d, struct client *client)
{
    enum finding finding = open_client(d, client);
    const char *heard;

    if (finding != WELL)
        return finding;
    say(d, client, "40");
    heard = hear(d, client, STR("40"), STR("44"));
    if (!heard)
        return sick(
            d, "the service does not answer a client that joins",
            "it cannot reach the handler: is the hub's URL template right, and reachable "
            "from the internet?");
    if (strncmp(heard, "44", 2) == 0)
        return sick(
            d, probe_text(d->lab, "a client may not join: ", quote(d, str_from(heard + 2))),
            "does the hub's URL template name this handler, with its ?code=? look at the "
            "handler's log for the connect event");
    return WELL;
}

static bool await_greeting(struct doctor *d, struct client *client)
{
    client->patience_ms = GREETING_MS;
    if (!client->is_greeted)
        (void)hear(d, client, greeting, STR("41"));
    client->patience_ms = 0;
    return client->is_greeted;
}

/* Nobody has answered joinRoom; a greeting tells that the handler hears of clients at all. */
static enum finding explain_silence(struct doctor *d, const struct client *client)
{
    if (client->is_greeted)
        return sick(d, "a client's events do not reach the handler",
                    "set userEventPattern of the hub's event handler to *");
    return sick(d,
                probe_text(d->lab, "the hub ", keep(d, d->config.hub),
                           " has no event handler at the service, or none that hears anything"),
                "give the hub of this name an event handler: URL template, userEventPattern *, "
                "system events connect, connected, disconnected");
}

static enum finding join_room(struct doctor *d, struct client *client)
{
    const char *heard;

    say(d, client, probe_text(d->lab, "420[\"joinRoom\",{\"room_id\":\"", d->room, "\"}]"));
    heard = hear(d, client, STR("430"), STR("41"));
    if (!heard || strncmp(heard, "430", 3) != 0)
        return explain_silence(d, client);
    if (!strstr(heard, "\"success\":true"))
        return sick(d,
                    probe_text(d->lab, "the handler cannot let a client join its room: ",
                               quote(d, str_from(heard + 3))),
                    "look at the handler's log");
    if (client->is_greeted)
        return WELL;
    return sick(d, "the handler does not hear when a client has come, and greets nobody",
                "the hub's event handler needs the system events connect, connected, "
                "disconnected");
}

/* What an application makes of its events is its own affair, but to each it has an answer. */
static enum finding emit_anything(struct doctor *d, struct client *client)
{
    const char *heard;

    say(d, client, "420[\"doctor\"]");
    heard = hear(d, client, STR("430"), STR("41"));
    return heard && strncmp(heard, "430", 3) == 0 ? WELL : explain_silence(d, client);
}

/* Codestream greets whoever has come. */
static enum finding try_events(struct doctor *d, struct client *client)
{
    enum finding finding;

    if (!d->room)
        return emit_anything(d, client);
    if (!await_greeting(d, client)) {
        say(d, client, "1"); /* of no use any more: its last poll has been broken off */
        finding = connect_client(d, client);
        if (finding != WELL)
            return finding;
    }
    return join_room(d, client);
}

enum finding check_client(struct doctor *d)
{
    struct client client = { .session = NULL };
    enum finding finding = connect_client(d, &client);

    if (finding == WELL)
        finding = try_events(d, &client);
    if (client.session)
        say(d, &client, "1");
    return finding;
}
