/* The service as a Socket.IO client sees it, from token to ack, over long-polling. */
#include "doctor/diagnosis.h"

#include <string.h>

#include "wire/json.h"

/* How often the service is asked for what a client is waiting for. */
#define MAX_POLLS 6

static const char *client_url(struct doctor *d, const char *rest)
{
    return probe_text(d->lab, keep(d, d->webpubsub.url), "/clients/socketio/hubs/",
                      keep(d, d->webpubsub.hub), "/?EIO=4&transport=polling", rest);
}

bool check_anonymous(struct doctor *d)
{
    struct probe probe = { .method = "GET", .url = client_url(d, "") };

    probe_send(d->lab, &probe);
    return probe.status != 200 || sick(d, "the hub lets clients in that have no token",
                                       "set anonymousConnectPolicy of the hub to deny");
}

struct client {
    const char *session; /* &access_token=…&sid=… */
};

static bool open_client(struct doctor *d, struct client *client)
{
    const char *token = probe_text(d->lab, "&access_token=", d->token);
    struct json_field fields[] = { { .name = STR("sid") } };
    struct probe probe = { .method = "GET", .url = client_url(d, token) };
    struct str sid = { NULL, 0 };

    probe_send(d->lab, &probe);
    if (probe.status == 401 || probe.status == 403)
        return sick(
            d, "the service refuses the token that negotiate made",
            "its audience is the endpoint as the connection string spells it: is there "
            "another name or a proxy in front, or a wrong key or clock at the handler?");
    if (probe.status == 404)
        return sick(d, "there is no Socket.IO at the service",
                    "the resource must be of kind SocketIO, and in serverless mode");
    if (probe.status != 200 || probe.answer.len < 2 ||
        json_members(str_skip(probe.answer, 1), fields, COUNT(fields)) ||
        json_text(fields[0].value, probe_memory(d->lab), &sid))
        return sick(d, told(d, "a client's first request: the service", &probe),
                    "look at the service's live trace");
    client->session = probe_text(d->lab, token, "&sid=", keep(d, sid));
    return true;
}

static void say(struct doctor *d, const struct client *client, const char *packet)
{
    struct probe probe = { .method = "POST",
                           .url = client_url(d, client->session),
                           .headers = { "Content-Type: text/plain;charset=UTF-8" },
                           .body = str_from(packet) };

    probe_send(d->lab, &probe);
}

/* Polls until a packet begins with one of two prefixes.  NULL: it did not come. */
static const char *hear(struct doctor *d, const struct client *client, struct str wanted,
                        struct str refused)
{
    for (int i = 0; i < MAX_POLLS; i++) {
        struct probe probe = { .method = "GET", .url = client_url(d, client->session) };
        probe_send(d->lab, &probe);
        if (probe.status != 200)
            return NULL;
        while (probe.answer.len > 0) {
            struct str packet = str_cut(probe.answer, "\x1e", &probe.answer);
            if (str_starts(packet, wanted) || str_starts(packet, refused))
                return keep(d, packet);
            if (str_equal(packet, STR("2")))
                say(d, client, "3");
        }
    }
    return NULL;
}

bool check_client(struct doctor *d)
{
    struct client client = { NULL };
    const char *heard;

    if (!open_client(d, &client))
        return false;
    say(d, &client, "40");
    heard = hear(d, &client, STR("40"), STR("44"));
    if (!heard)
        return sick(
            d, "the service does not answer a client that joins",
            "it cannot reach the handler: is the hub's URL template right, and reachable "
            "from the internet?");
    if (strncmp(heard, "44", 2) == 0)
        return sick(
            d, probe_text(d->lab, "a client may not join: ", heard + 2),
            "does the hub's URL template name this handler, with its ?code=? look at the "
            "handler's log for the connect event");
    say(d, &client, probe_text(d->lab, "420[\"joinRoom\",{\"room_id\":\"", d->room, "\"}]"));
    heard = hear(d, &client, STR("430"), STR("41"));
    say(d, &client, "1");
    if (!heard || strncmp(heard, "430", 3) != 0)
        return sick(d, "a client's events do not reach the handler",
                    "set userEventPattern of the hub's event handler to *");
    if (!strstr(heard, "\"success\":true"))
        return sick(
            d, probe_text(d->lab, "the handler cannot let a client join its room: ", heard + 3),
            "look at the handler's log");
    return true;
}
