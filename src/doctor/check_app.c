/* The function app as a browser and as the service see it. */
#include "doctor/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "wire/json.h"

bool check_ready(struct doctor *d)
{
    struct probe probe = { .method = "GET", .url = probe_text(d->lab, d->url, "/") };

    probe_send(d->lab, &probe);
    if (probe.status == 0)
        return sick(d, told(d, d->url, &probe),
                    "is the address right, and is the function app started?");
    if (probe.status == 503)
        return sick(d, told(d, d->url, &probe), "the host is not ready: look at its log");
    return true;
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
        str_from(probe_text(d->lab, "/clients/socketio/hubs/", keep(d, d->config.hub)));

    if (!str_equal_nocase(endpoint, d->config.service_url))
        return sick(d,
                    probe_text(d->lab, "the handler uses another service: ", keep(d, endpoint)),
                    "give doctor and handler the same connection string");
    if (!str_equal_nocase(path, hub_path))
        return sick(
            d, probe_text(d->lab, "the handler uses another hub: ", keep(d, path)),
            "set CODESTREAM_HUB alike for handler, doctor and the service's hub settings");
    return true;
}

bool check_negotiate(struct doctor *d)
{
    enum { ENDPOINT, PATH, ROOM, TOKEN };
    struct json_field fields[] = { { .name = STR("endpoint") },
                                   { .name = STR("path") },
                                   { .name = STR("room_id") },
                                   { .name = STR("token") } };
    struct str values[COUNT(fields)];
    struct probe probe = { .method = "GET",
                           .url = probe_text(d->lab, d->url, "/negotiate"),
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

bool check_cors(struct doctor *d)
{
    struct probe probe = {
        .method = "OPTIONS",
        .url = probe_text(d->lab, d->url, "/negotiate"),
        .headers = { probe_text(d->lab, "Origin: ", d->page),
                     "Access-Control-Request-Method: POST",
                     "Access-Control-Request-Headers: content-type" },
        .kept = { { .name = STR("Access-Control-Allow-Origin") } },
    };
    struct str allowed;

    probe_send(d->lab, &probe);
    allowed = probe.kept[0].value;
    if (str_equal(allowed, STR("*")) || str_equal(allowed, str_from(d->page)))
        return true;
    return sick(d, probe_text(d->lab, "a browser on ", d->page, " may not ask for negotiate"),
                "add the page's origin: az functionapp cors add, or Host.CORS in "
                "local.settings.json");
}

/* ---- events ---- */

static const char *event_url(struct doctor *d, const char *key)
{
    return key ? probe_text(d->lab, d->url, "/eventhandler?code=", key)
               : probe_text(d->lab, d->url, "/eventhandler");
}

static struct probe ask_validation(struct doctor *d, const char *key)
{
    struct probe probe = {
        .method = "OPTIONS",
        .url = event_url(d, key),
        .headers = { probe_text(d->lab,
                                "WebHook-Request-Origin: ", keep(d, d->config.service_host)),
                     "ce-awpsversion: 1.0" },
        .kept = { { .name = STR("WebHook-Allowed-Origin") } },
    };

    probe_send(d->lab, &probe);
    return probe;
}

bool check_validation(struct doctor *d)
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
bool check_function_key(struct doctor *d)
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
                     probe_text(d->lab, "ce-hub: ", keep(d, d->config.hub)),
                     probe_text(d->lab, "ce-connectionId: ", connection),
                     probe_text(d->lab, "ce-userId: v.", d->room),
                     probe_text(d->lab, "ce-signature: sha256=", signature) },
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
    return probe_text(d->lab, hex);
}

bool check_signed_event(struct doctor *d)
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

bool check_forged_event(struct doctor *d)
{
    struct probe probe = send_event(d, "codestream-doctor", sign(d, "somebody-else"));

    return probe.status == 401 ||
           sick(d, told(d, "a wrongly signed event: POST /eventhandler", &probe),
                "the handler must refuse it: is this ours?");
}
