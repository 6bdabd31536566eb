/* The function app as the service sees it: abuse protection, keys, signatures. */
#include "doctor/diagnosis.h"

#include <string.h>

#include "wire/base64url.h"

static const char *event_url(struct doctor *d, const char *key)
{
    return key ? probe_text(d->lab, d->url, "/eventhandler?code=", key)
               : probe_text(d->lab, d->url, "/eventhandler");
}

/* ---- validation and function key ---- */

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

static enum finding want_function_key(struct doctor *d)
{
    d->obstacles |= BAD_FUNCTION_KEY;
    return sick(d, "the host wants a function key for /eventhandler, and this is not it",
                "set CODESTREAM_FUNCTION_KEY, and put ?code=KEY into the hub's URL template");
}

static enum finding explain_validation(struct doctor *d, const struct probe *probe)
{
    struct str allowed = probe->kept[0].value;

    switch (probe->status) {
    case 0:
        return unanswered(d, "OPTIONS /eventhandler", probe, "look at the host's log");
    case 200:
        break;
    case 400:
        return sick(d, "the handler takes another service for its own",
                    "give it the connection string of this service");
    case 401:
        return want_function_key(d);
    case 404:
    case 405:
        return sick(d, "OPTIONS does not reach the handler",
                    "list options among the methods in eventhandler/function.json");
    default:
        return sick(d, told(d, "OPTIONS /eventhandler", probe), "look at the host's log");
    }
    if (str_equal(allowed, STR("*")) || str_equal_nocase(allowed, d->config.service_host))
        return WELL;
    return sick(d, "the answer to OPTIONS lacks WebHook-Allowed-Origin",
                "something between the service and the handler removes it");
}

enum finding check_validation(struct doctor *d)
{
    struct probe probe = ask_validation(d, d->function_key);
    enum finding finding = explain_validation(d, &probe);

    if (finding != WELL)
        d->obstacles |= NOT_VALIDATED;
    return finding;
}

/* The host must refuse who has no key, if there is one. */
enum finding check_function_key(struct doctor *d)
{
    struct probe probe = ask_validation(d, NULL);

    d->host_wants_key = probe.status == 401 || probe.status == 403;
    if (d->host_wants_key)
        return WELL;
    if (probe.status >= 200 && probe.status <= 299)
        return sick(d, "/eventhandler answers without its function key",
                    "set authLevel function in eventhandler/function.json");
    return not_tried(d, told(d, "OPTIONS /eventhandler without the key", &probe));
}

/* ---- events ---- */

static const char *to_hex(struct doctor *d, const unsigned char *bytes, size_t len)
{
    struct buf hex = { .mem = probe_memory(d->lab) };
    char *space = buf_space(&hex, 2 * len);
    struct str text;

    if (space)
        hex_encode((struct str){ (const char *)bytes, len }, space);
    return buf_done(&hex, &text) ? "" : keep(d, text);
}

/*
 * A signature opens all events of its connection to whoever has seen it: so it is for one
 * that never was, and a forged one is of no key at all.
 */
static bool make_signature(struct doctor *d, bool is_forged, const char **connection,
                           const char **signature)
{
    unsigned char id[16], mac[HMAC_BYTES];

    if (!random_bytes(id, sizeof(id)) || !random_bytes(mac, sizeof(mac)))
        return false;
    *connection = probe_text(d->lab, "doctor-", to_hex(d, id, sizeof(id)));
    if (!is_forged && hmac_sign(d->webpubsub.key, str_from(*connection), mac))
        return false;
    *signature = to_hex(d, mac, sizeof(mac));
    return true;
}

static struct probe send_event(struct doctor *d, bool is_forged)
{
    const char *connection, *signature;
    struct probe probe = {
        .method = "POST",
        .url = event_url(d, d->function_key),
        .headers = { "Content-Type: application/json", "ce-specversion: 1.0",
                     "ce-type: azure.webpubsub.sys.connect", "ce-eventName: connect",
                     "ce-namespace: /", "ce-socketId: doctor", "ce-awpsversion: 1.0",
                     probe_text(d->lab, "ce-hub: ", keep(d, d->config.hub)),
                     probe_text(d->lab, "ce-userId: ", d->user) },
        .body = STR("{\"claims\":{},\"query\":{},\"headers\":{},\"clientCertificates\":[]}"),
        .failure = "cannot be signed on this machine",
    };
    size_t count = 0;

    if (!make_signature(d, is_forged, &connection, &signature))
        return probe;
    while (probe.headers[count])
        count++;
    probe.headers[count++] = probe_text(d->lab, "ce-connectionId: ", connection);
    probe.headers[count] = probe_text(d->lab, "ce-signature: sha256=", signature);
    probe_send(d->lab, &probe);
    return probe;
}

/* The host says 401 too, but not why. */
static bool is_from_handler(struct str answer)
{
    struct str code = STR("BadSignature");

    return answer.len > 0 && memmem(answer.ptr, answer.len, code.ptr, code.len);
}

static enum finding explain_event(struct doctor *d, const struct probe *probe)
{
    switch (probe->status) {
    case 0:
        return unanswered(d, "POST /eventhandler", probe, "look at the host's log");
    case 200:
        return WELL;
    case 401:
        if (!is_from_handler(probe->answer))
            return want_function_key(d);
        return sick(d, "the handler refuses an event that is signed with this access key",
                    "give handler and doctor the connection string of the same service, with a "
                    "key that is still valid");
    case 404:
        return sick(d, "POST does not reach the handler, or it does not know this hub",
                    "list post among the methods in eventhandler/function.json; set "
                    "CODESTREAM_HUB alike for handler, doctor and the service's hub settings");
    default:
        return sick(d, told(d, "POST /eventhandler", probe), "look at the handler's log");
    }
}

enum finding check_signed_event(struct doctor *d)
{
    struct probe probe = send_event(d, false);
    enum finding finding = explain_event(d, &probe);

    if (finding != WELL)
        d->obstacles |= NO_SIGNED_EVENT;
    return finding;
}

/* A handler with a managed identity has no key to check signatures with. */
enum finding check_forged_event(struct doctor *d)
{
    struct probe probe = send_event(d, true);

    if (probe.status == 401)
        return WELL;
    if (probe.status != 200)
        return sick(d, told(d, "a wrongly signed event: POST /eventhandler", &probe),
                    "look at the handler's log");
    if (d->host_wants_key)
        return not_tried(d, "the handler takes it, as with a managed identity, where the "
                            "function key protects it instead");
    return sick(d, "the handler takes a wrongly signed event",
                "is this ours? with a managed identity, set authLevel function in "
                "eventhandler/function.json");
}
