/* The function app as a browser sees it: there at all, negotiate, CORS. */
#include "doctor/diagnosis.h"

#include "wire/base64url.h"
#include "wire/json.h"

enum finding check_ready(struct doctor *d)
{
    struct probe probe = { .method = "GET",
                           .url = probe_text(d->lab, d->url, "/"),
                           .ignores_answer = true };

    probe_send(d->lab, &probe);
    if (probe.status != 0 && probe.status != 503)
        return WELL;
    d->obstacles |= NO_APP;
    if (probe.status == 0)
        return unanswered(d, d->url, &probe,
                          "is the address right, and is the function app started? after a "
                          "rest it takes its time: try again");
    return sick(d, told(d, d->url, &probe), "the host is not ready: look at its log");
}

/* ---- negotiate ---- */

static enum finding explain_status(struct doctor *d, const struct probe *probe)
{
    const char *problem = told(d, "GET /negotiate", probe);

    switch (probe->status) {
    case 0:
        return unanswered(d, "GET /negotiate", probe, "is this the right address?");
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

static enum finding compare_service(struct doctor *d, struct str endpoint, struct str path)
{
    struct str hub_path =
        str_from(probe_text(d->lab, WEBPUBSUB_CLIENT_PATH, keep(d, d->config.hub)));

    if (!str_equal_nocase(endpoint, d->config.service_url))
        return sick(
            d, probe_text(d->lab, "the handler uses another service: ", quote(d, endpoint)),
            "give doctor and handler the same connection string");
    if (!str_equal_nocase(path, hub_path))
        return sick(
            d, probe_text(d->lab, "the handler uses another hub: ", quote(d, path)),
            "set CODESTREAM_HUB alike for handler, doctor and the service's hub settings");
    return WELL;
}

/* Is the token made with our key?  Before it is, nothing of ours is shown to its maker. */
static enum finding verify(struct doctor *d, struct str token)
{
    struct str message = token, signature, expected;

    if (!d->webpubsub.key)
        return WELL; /* the service made it, and tells when a client brings it */
    while (message.len > 0 && message.ptr[message.len - 1] != '.')
        message.len--;
    signature = str_skip(token, message.len);
    if (message.len > 0)
        message.len--;
    if (hmac_sign_text(d->webpubsub.key, message, probe_memory(d->lab), &expected))
        return sick(d, "no memory", "try again");
    if (str_equal_secret(signature, expected))
        return WELL;
    return sick(d, "negotiate's token is not signed with this access key",
                "give doctor and handler the same connection string, and look whether the "
                "address is right");
}

/*
 * Codestream lets a viewer into a room; any other application lets in somebody whom it names.
 * false: it is neither.
 */
static bool read_names(struct doctor *d, struct str room, struct str user)
{
    if (room.len > 0) {
        d->room = keep(d, room);
        d->user = probe_text(d->lab, "v.", d->room);
        return room.len == APP_NAME_CHARS && base64url_is_text(room, '\0');
    }
    d->user = keep(d, user);
    return user.len > 0 && user.len <= APP_MAX_USER_BYTES && str_is_visible(user);
}

static enum finding read_answer(struct doctor *d, struct str answer)
{
    enum { ENDPOINT, PATH, TOKEN, NEEDED, ROOM = NEEDED, GUEST };
    struct json_field fields[] = { { .name = STR("endpoint") },
                                   { .name = STR("path") },
                                   { .name = STR("token") },
                                   { .name = STR("room_id") },
                                   { .name = STR("user_id") } };
    struct str values[COUNT(fields)] = { 0 };
    bool is_ours = !json_members(answer, fields, COUNT(fields));
    enum finding finding;

    for (size_t i = 0; i < COUNT(fields) && is_ours; i++) {
        if (fields[i].value.len > 0 || i < NEEDED)
            is_ours = !json_text(fields[i].value, probe_memory(d->lab), &values[i]);
    }
    if (!is_ours || !read_names(d, values[ROOM], values[GUEST]) || values[TOKEN].len == 0 ||
        !base64url_is_text(values[TOKEN], '.'))
        return sick(d, "the answer to negotiate is not ours", "is this the right address?");
    finding = compare_service(d, values[ENDPOINT], values[PATH]);
    if (finding == WELL)
        finding = verify(d, values[TOKEN]);
    d->token = keep(d, values[TOKEN]);
    return finding;
}

/* The handler serves a host that wraps requests into JSON too, and says what is better. */
static enum finding read_advice(struct doctor *d, struct str advice)
{
    if (advice.len == 0)
        return WELL;
    return sick(d,
                "the host does not forward HTTP requests as they are: that costs more, and "
                "text that is not UTF-8 does not survive it",
                quote(d, advice));
}

/* A room that nobody is in, which everybody may watch: no word is needed for that. */
static const char *make_url(struct doctor *d)
{
    unsigned char seed[APP_NAME_BYTES] = { 0 };
    char room[APP_NAME_CHARS];

    if (!random_bytes(seed, sizeof(seed)))
        seed[0] = 1; /* any room will do */
    base64url_encode((struct str){ (const char *)seed, sizeof(seed) }, room);
    return probe_text(d->lab, d->url,
                      "/negotiate?room_id=", keep(d, (struct str){ room, sizeof(room) }));
}

enum finding check_negotiate(struct doctor *d)
{
    enum { DATE, ADVICE };
    struct probe probe = {
        .method = "GET",
        .url = make_url(d),
        .kept = { [DATE] = { .name = STR("Date") },
                  [ADVICE] = { .name = STR("X-Codestream-Advice") } },
    };
    enum finding finding;

    probe_send(d->lab, &probe);
    d->knows_app_clock = read_clock(probe.kept[DATE].value, &d->app_clock_ahead);
    finding = probe.status == 200 ? read_answer(d, probe.answer) : explain_status(d, &probe);
    if (finding == WELL)
        return read_advice(d, probe.kept[ADVICE].value);
    d->obstacles |= NOT_NEGOTIATED;
    return finding;
}

/* ---- the owner's word ---- */

static enum finding send_word(struct doctor *d)
{
    struct probe probe = { .method = "POST",
                           .url = probe_text(d->lab, d->url, "/negotiate"),
                           .headers = { "Content-Type: application/json" } };
    struct buf body = { .mem = probe_memory(d->lab) };

    buf_add(&body, STR("{\"writers_word\":"));
    json_add_string(&body, d->config.writers_word);
    buf_add_char(&body, '}');
    if (buf_done(&body, &probe.body))
        return sick(d, "no memory", "try again");
    probe_send(d->lab, &probe);
    switch (probe.status) {
    case 0:
        return unanswered(d, "POST /negotiate", &probe, "look at the host's log");
    case 200:
        return WELL;
    case 403:
        return sick(d, "the handler wants another word than this one",
                    "give doctor and handler the same CODESTREAM_WRITERS");
    default:
        return sick(d, told(d, "POST /negotiate", &probe), "look at the host's log");
    }
}

enum finding check_word(struct doctor *d)
{
    struct probe probe = { .method = "GET",
                           .url = probe_text(d->lab, d->url, "/negotiate"),
                           .ignores_answer = true };

    if (!d->room)
        return not_tried(d, "the application has no rooms to open");
    probe_send(d->lab, &probe);
    switch (probe.status) {
    case 0:
        return unanswered(d, "GET /negotiate", &probe, "look at the host's log");
    case 200:
        return sick(d, "anybody may open a room: the handler has no word",
                    "set CODESTREAM_WRITERS for the handler too");
    case 403:
        return send_word(d);
    default:
        return sick(d, told(d, "GET /negotiate", &probe), "look at the host's log");
    }
}

/* ---- CORS ---- */

enum finding check_cors(struct doctor *d)
{
    struct probe probe = {
        .method = "OPTIONS",
        .url = probe_text(d->lab, d->url, "/negotiate"),
        .headers = { probe_text(d->lab, "Origin: ", d->page),
                     "Access-Control-Request-Method: POST",
                     "Access-Control-Request-Headers: content-type" },
        .kept = { { .name = STR("Access-Control-Allow-Origin") } },
        .ignores_answer = true,
    };
    struct str allowed;

    probe_send(d->lab, &probe);
    allowed = probe.kept[0].value;
    if (probe.status == 0)
        return unanswered(d, "OPTIONS /negotiate", &probe, "look at the host's log");
    if (str_equal(allowed, STR("*")) || str_equal(allowed, str_from(d->page)))
        return WELL;
    return sick(d, probe_text(d->lab, "a browser on ", d->page, " may not ask for negotiate"),
                "add the page's origin: az functionapp cors add, or Host.CORS in "
                "local.settings.json");
}
