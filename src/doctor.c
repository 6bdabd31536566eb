#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "probe.h"
#include "wire/json.h"
#include "wire/webpubsub.h"

/* Clocks that differ by more make tokens fail sooner or later. */
#define CLOCK_TOLERANCE_SECONDS 60

/* How often the service is asked for what a client is waiting for. */
#define MAX_POLLS 6

struct doctor {
    struct probe_lab *lab;
    struct config config;
    struct webpubsub webpubsub;
    const char *url;
    const char *function_key; /* NULL: not given */
    const char *page;

    /* What negotiate said. */
    const char *room, *token;
    time_t handler_clock; /* 0: not told */

    const char *problem; /* of the check that runs; NULL: none */
    const char *mend;
};

static bool sick(struct doctor *d, const char *problem, const char *mend)
{
    d->problem = problem;
    d->mend = mend;
    return false;
}

/* "answered 404", or why there was no answer */
static const char *told(struct doctor *d, const char *who, const struct probe *probe)
{
    char status[16];

    if (probe->status == 0)
        return probe_text(d->lab, who, ": ", probe->failure, NULL);
    (void)snprintf(status, sizeof(status), "%u", probe->status);
    return probe_text(d->lab, who, " answered ", status, NULL);
}

static const char *keep(struct doctor *d, struct str text)
{
    char *copy = arena_cstr(probe_memory(d->lab), text);

    return copy ? copy : "";
}

/* ---- the function app ---- */

static bool check_ready(struct doctor *d)
{
    struct probe probe = { .method = "GET", .url = probe_text(d->lab, d->url, "/", NULL) };

    probe_send(d->lab, &probe);
    if (probe.status == 0)
        return sick(d, told(d, d->url, &probe),
                    "is the address right, and is the function app started?");
    if (probe.status == 503)
        return sick(d, told(d, d->url, &probe), "the host is not ready: look at its log");
    return true;
}

static time_t read_date(struct str text)
{
    struct tm moment = { 0 };
    char copy[64] = { 0 };

    if (text.len >= sizeof(copy))
        return 0;
    memcpy(copy, text.ptr ? text.ptr : "", text.len);
    return strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &moment) ? timegm(&moment) : 0;
}

static bool explain_negotiate(struct doctor *d, const struct probe *probe)
{
    const char *problem = told(d, "GET /negotiate", probe);

    if (memmem(probe->answer.ptr, probe->answer.len, "enableForwardingHttpRequest", 27))
        return sick(d, "the host does not forward HTTP requests as they are",
                    "set enableForwardingHttpRequest to true in host.json");
    switch (probe->status) {
    case 0:
        return sick(d, problem, "is the function app running?");
    case 401:
        return sick(d, problem, "negotiate must have authLevel anonymous in function.json");
    case 404:
        return sick(
            d, problem,
            "is the prefix right (routePrefix in host.json, /api)? is the app deployed?");
    default:
        return sick(d, problem,
                    "the handler failed or does not run: look at the host's log, and check "
                    "enableForwardingHttpRequest in host.json");
    }
}

static bool compare_service(struct doctor *d, struct str endpoint, struct str path)
{
    struct str hub_path =
        str_from(probe_text(d->lab, "/clients/socketio/hubs/", keep(d, d->config.hub), NULL));

    if (!str_equal_nocase(endpoint, d->config.service_url))
        return sick(
            d,
            probe_text(d->lab, "the handler uses another service: ", keep(d, endpoint), NULL),
            "give doctor and handler the same connection string");
    if (!str_equal_nocase(path, hub_path))
        return sick(
            d, probe_text(d->lab, "the handler uses another hub: ", keep(d, path), NULL),
            "set CODESTREAM_HUB alike for handler, doctor and the service's hub settings");
    return true;
}

static bool check_negotiate(struct doctor *d)
{
    enum { ENDPOINT, PATH, ROOM, TOKEN };
    struct json_field fields[] = { { .name = STR("endpoint") },
                                   { .name = STR("path") },
                                   { .name = STR("room_id") },
                                   { .name = STR("token") } };
    struct str values[COUNT(fields)];
    struct probe probe = { .method = "GET",
                           .url = probe_text(d->lab, d->url, "/negotiate", NULL),
                           .kept = { { .name = STR("Date") } } };

    probe_send(d->lab, &probe);
    if (probe.status != 200)
        return explain_negotiate(d, &probe);
    if (json_members(probe.answer, fields, COUNT(fields)))
        return sick(d, "the answer to negotiate is not ours", "is this the right address?");
    for (size_t i = 0; i < COUNT(fields); i++) {
        if (json_text(fields[i].value, probe_memory(d->lab), &values[i]))
            return sick(d, "the answer to negotiate is not ours", "is this the right address?");
    }
    d->room = keep(d, values[ROOM]);
    d->token = keep(d, values[TOKEN]);
    d->handler_clock = read_date(probe.kept[0].value);
    return compare_service(d, values[ENDPOINT], values[PATH]);
}

static bool check_cors(struct doctor *d)
{
    struct probe probe = {
        .method = "OPTIONS",
        .url = probe_text(d->lab, d->url, "/negotiate", NULL),
        .headers = { probe_text(d->lab, "Origin: ", d->page, NULL),
                     "Access-Control-Request-Method: POST",
                     "Access-Control-Request-Headers: content-type" },
        .kept = { { .name = STR("Access-Control-Allow-Origin") } },
    };
    struct str allowed;

    probe_send(d->lab, &probe);
    allowed = probe.kept[0].value;
    if (str_equal(allowed, STR("*")) || str_equal(allowed, str_from(d->page)))
        return true;
    return sick(
        d, probe_text(d->lab, "a browser on ", d->page, " may not ask for negotiate", NULL),
        "add the page's origin: az functionapp cors add, or Host.CORS in "
        "local.settings.json");
}

/* ---- events ---- */

static const char *event_url(struct doctor *d, const char *key)
{
    return key ? probe_text(d->lab, d->url, "/eventhandler?code=", key, NULL)
               : probe_text(d->lab, d->url, "/eventhandler", NULL);
}

static struct probe ask_validation(struct doctor *d, const char *key)
{
    struct probe probe = {
        .method = "OPTIONS",
        .url = event_url(d, key),
        .headers = { probe_text(d->lab, "WebHook-Request-Origin: ",
                                keep(d, d->config.service_host), NULL),
                     "ce-awpsversion: 1.0" },
        .kept = { { .name = STR("WebHook-Allowed-Origin") } },
    };

    probe_send(d->lab, &probe);
    return probe;
}

static bool check_validation(struct doctor *d)
{
    struct probe probe = ask_validation(d, d->function_key);
    struct str allowed = probe.kept[0].value;

    if (probe.status == 401)
        return sick(
            d, "the host wants a function key for /eventhandler, and this is not it",
            "set CODESTREAM_FUNCTION_KEY, and put ?code=KEY into the hub's URL template");
    if (probe.status == 404 || probe.status == 405)
        return sick(d, "OPTIONS does not reach the handler",
                    "list options among the methods in eventhandler/function.json");
    if (probe.status == 400)
        return sick(d, "the handler takes another service for its own",
                    "give it the connection string of this service");
    if (probe.status != 200)
        return sick(d, told(d, "OPTIONS /eventhandler", &probe), "look at the host's log");
    if (str_equal(allowed, STR("*")) || str_equal_nocase(allowed, d->config.service_host))
        return true;
    return sick(d, "the answer to OPTIONS lacks WebHook-Allowed-Origin",
                "something between the service and the handler removes it");
}

/* The host must refuse who has no key, if there is one. */
static bool check_function_key(struct doctor *d)
{
    struct probe probe;

    if (!d->function_key)
        return true;
    probe = ask_validation(d, NULL);
    return probe.status == 401 || sick(d, "/eventhandler answers without its function key",
                                       "set authLevel function in eventhandler/function.json");
}

static struct probe send_event(struct doctor *d, const char *connection, const char *signature)
{
    struct probe probe = {
        .method = "POST",
        .url = event_url(d, d->function_key),
        .headers = { "Content-Type: application/json", "ce-specversion: 1.0",
                     "ce-type: azure.webpubsub.sys.connect", "ce-eventName: connect",
                     "ce-namespace: /", "ce-socketId: doctor", "ce-awpsversion: 1.0",
                     probe_text(d->lab, "ce-hub: ", keep(d, d->config.hub), NULL),
                     probe_text(d->lab, "ce-connectionId: ", connection, NULL),
                     probe_text(d->lab, "ce-userId: v.", d->room, NULL),
                     probe_text(d->lab, "ce-signature: sha256=", signature, NULL) },
        .body = STR("{\"claims\":{},\"query\":{},\"headers\":{},\"clientCertificates\":[]}"),
    };

    probe_send(d->lab, &probe);
    return probe;
}

static const char *sign(struct doctor *d, const char *connection)
{
    char hex[2 * HMAC_BYTES + 1] = { 0 };
    unsigned char mac[HMAC_BYTES];

    if (hmac_sign(d->webpubsub.key, str_from(connection), mac))
        return "";
    for (size_t i = 0; i < sizeof(mac); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    return probe_text(d->lab, hex, NULL);
}

static bool check_signed_event(struct doctor *d)
{
    const char *connection = "codestream-doctor";
    struct probe probe = send_event(d, connection, sign(d, connection));

    if (probe.status == 200)
        return true;
    if (probe.status == 401)
        return sick(d, "the handler refuses an event that is signed with this access key",
                    "give handler and doctor the connection string of the same service, with a "
                    "key that is still valid");
    if (probe.status == 404)
        return sick(
            d, "the handler does not know this hub",
            "set CODESTREAM_HUB alike for handler, doctor and the service's hub settings");
    return sick(d, told(d, "POST /eventhandler", &probe), "look at the handler's log");
}

static bool check_forged_event(struct doctor *d)
{
    struct probe probe = send_event(d, "codestream-doctor", sign(d, "somebody-else"));

    return probe.status == 401 ||
           sick(d, told(d, "a wrongly signed event: POST /eventhandler", &probe),
                "the handler must refuse it: is this ours?");
}

/* ---- the service ---- */

static bool compare_clocks(struct doctor *d, time_t service)
{
    time_t handler = d->handler_clock;

    if (service == 0)
        return true;
    if (handler != 0 && labs((long)(handler - service)) > CLOCK_TOLERANCE_SECONDS)
        return sick(d, "the clocks of the function app and of the service differ by minutes",
                    "mend the clock of the machine that the handler runs on");
    if (labs((long)(time(NULL) - service)) > CLOCK_TOLERANCE_SECONDS)
        return sick(d, "the clocks of this machine and of the service differ by minutes",
                    "mend the clock of this machine");
    return true;
}

static bool check_service(struct doctor *d)
{
    struct str group_url, token;
    struct buf url = { .mem = probe_memory(d->lab) };
    struct probe probe = { .method = "HEAD", .kept = { { .name = STR("Date") } } };

    buf_add_all(&url, d->webpubsub.url, STR("/api/hubs/"), d->webpubsub.hub, STR("/groups/"));
    webpubsub_add_group(&url, STR("/"), STR("codestream-doctor"));
    buf_add(&url, STR("?api-version=" WEBPUBSUB_API_VERSION));
    if (buf_done(&url, &group_url) ||
        webpubsub_rest_token(&d->webpubsub, group_url, (int64_t)time(NULL),
                             probe_memory(d->lab), &token))
        return sick(d, "no memory", "try again");
    probe.url = keep(d, group_url);
    probe.headers[0] = probe_text(d->lab, "Authorization: Bearer ", keep(d, token), NULL);
    probe_send(d->lab, &probe);

    if (probe.status == 0)
        return sick(
            d, told(d, keep(d, d->webpubsub.url), &probe),
            "is the endpoint in the connection string right, can this machine reach it, "
            "and is its certificate valid?");
    if (!compare_clocks(d, read_date(probe.kept[0].value)))
        return false;
    if (probe.status == 401 || probe.status == 403)
        return sick(
            d, "the service refuses our access key",
            "take the connection string from the portal or az webpubsub key show again");
    if (probe.status != 200 && probe.status != 404)
        return sick(d, told(d, "the service", &probe), "look at the service's live trace");
    return true;
}

static const char *client_url(struct doctor *d, const char *rest)
{
    return probe_text(d->lab, keep(d, d->webpubsub.url), "/clients/socketio/hubs/",
                      keep(d, d->webpubsub.hub), "/?EIO=4&transport=polling", rest, NULL);
}

static bool check_anonymous(struct doctor *d)
{
    struct probe probe = { .method = "GET", .url = client_url(d, "") };

    probe_send(d->lab, &probe);
    return probe.status != 200 || sick(d, "the hub lets clients in that have no token",
                                       "set anonymousConnectPolicy of the hub to deny");
}

/* ---- a client, from token to ack ---- */

struct client {
    const char *session; /* &access_token=…&sid=… */
};

static bool open_client(struct doctor *d, struct client *client)
{
    const char *token = probe_text(d->lab, "&access_token=", d->token, NULL);
    struct json_field fields[] = { { .name = STR("sid") } };
    struct probe probe = { .method = "GET", .url = client_url(d, token) };
    struct str sid;

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
    client->session = probe_text(d->lab, token, "&sid=", keep(d, sid), NULL);
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

static bool check_client(struct doctor *d)
{
    struct client client;
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
            d, probe_text(d->lab, "a client may not join: ", heard + 2, NULL),
            "does the hub's URL template name this handler, with its ?code=? look at the "
            "handler's log for the connect event");
    say(d, &client,
        probe_text(d->lab, "420[\"joinRoom\",{\"room_id\":\"", d->room, "\"}]", NULL));
    heard = hear(d, &client, STR("430"), STR("41"));
    say(d, &client, "1");
    if (!heard || strncmp(heard, "430", 3) != 0)
        return sick(d, "a client's events do not reach the handler",
                    "set userEventPattern of the hub's event handler to *");
    if (!strstr(heard, "\"success\":true"))
        return sick(d,
                    probe_text(d->lab, "the handler cannot let a client join its room: ",
                               heard + 3, NULL),
                    "look at the handler's log");
    return true;
}

/* ---- all of it ---- */

static const struct check {
    const char *name;
    bool (*run)(struct doctor *d);
    bool needs_token; /* cannot be done before negotiate has answered */
    bool needs_page;
} checks[] = {
    { "the function app answers", check_ready, false, false },
    { "negotiate gives a token for this service and hub", check_negotiate, false, false },
    { "the page's origin may ask", check_cors, false, true },
    { "the service can validate the event handler", check_validation, false, false },
    { "who has no function key is refused", check_function_key, false, false },
    { "a signed event is taken", check_signed_event, true, false },
    { "a wrongly signed event is refused", check_forged_event, true, false },
    { "the service takes our REST calls, and the clocks agree", check_service, false, false },
    { "the hub refuses clients without a token", check_anonymous, false, false },
    { "a client connects, and its events are answered", check_client, true, false },
};

static bool run_checks(struct doctor *d)
{
    bool all_well = true;

    for (size_t i = 0; i < COUNT(checks); i++) {
        if (checks[i].needs_page && !d->page)
            continue;
        if (checks[i].needs_token && !d->token) {
            printf("-     %s: cannot be tried without negotiate\n", checks[i].name);
            continue;
        }
        if (checks[i].run(d)) {
            printf("ok    %s\n", checks[i].name);
            continue;
        }
        all_well = false;
        printf("FAIL  %s\n      %s\n      mend: %s\n", checks[i].name, d->problem, d->mend);
    }
    return all_well;
}

static bool read_settings(struct doctor *d)
{
    struct complaints complaints;
    bool ok = config_load(&d->config, getenv, &complaints);

    for (size_t i = 0; i < complaints.count; i++)
        printf("FAIL  setting %s %s\n", complaints.at[i].setting, complaints.at[i].problem);
    if (ok && d->config.access_key.len == 0) {
        printf("FAIL  doctor needs an access key to sign with\n      mend: set %s\n",
               SETTING_CONNECTION);
        return false;
    }
    return ok;
}

bool doctor_run(const char *url, const char *page)
{
    struct doctor d = { .page = page, .function_key = getenv("CODESTREAM_FUNCTION_KEY") };
    struct str base = str_from(url);
    bool ok = false;

    if (read_settings(&d) && http_client_global_init()) {
        d.lab = probe_lab_new();
        d.webpubsub = (struct webpubsub){ .url = d.config.service_url,
                                          .host = d.config.service_host,
                                          .hub = d.config.hub,
                                          .key = hmac_key_new(d.config.access_key) };
        if (d.lab && d.webpubsub.key) {
            while (str_ends(base, STR("/")))
                base.len--;
            d.url = keep(&d, base);
            ok = run_checks(&d);
        }
        if (d.lab)
            probe_lab_free(d.lab);
        hmac_key_free(d.webpubsub.key);
        http_client_global_free();
    }
    config_free(&d.config);
    return ok;
}
