/*
 * The handler's own work on a request, between libmicrohttpd and libcurl, on fixed input: all of
 * src/ runs as it is deployed, but requests come out of memory, calls to the service end at
 * once, and nothing waits.  Whoever runs this under callgrind counts its instructions.
 *
 *     paths             prints the names of the paths
 *     paths NAME COUNT  goes one of them COUNT times, after each of them once
 *
 * Linked with --wrap for the functions at the borders, http_client_start, http_response_send, and
 * those that hold a request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handler.h"
#include "wire/hmac.h"
#include "wire/json.h"

#define ACCESS_KEY "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
#define CONNECTION "0123456789abcdef0123456789abcdef"
#define ROOM "AbCdEfGhIjKlMnOpQrStUv"

/* Far more than any path takes; what was taken goes with its iteration. */
#define MEMORY (16 * EVENT_MAX_BODY_BYTES)

static struct arena forever;
static struct handler handler;

static void die(const char *what, struct str which)
{
    fprintf(stderr, "paths: %s: %.*s\n", what, STR_ARG(which));
    exit(EXIT_FAILURE);
}

/* ---- the borders ---- */

static struct queue pending;
static unsigned calls, status;

enum err __wrap_http_client_start(struct http_client *client, struct http_call *call);
void __wrap_http_response_send(struct http_request *request,
                               const struct http_response *response);

enum err __wrap_http_client_start(struct http_client *client, struct http_call *call)
{
    (void)client;
    queue_add(&pending, &call->queued, call->deadline_ms);
    calls++;
    return ERR_NONE;
}

void __wrap_http_response_send(struct http_request *request,
                               const struct http_response *response)
{
    (void)request;
    status = response->status;
}

void __wrap_http_request_hold(struct http_request *request);
void __wrap_http_request_release(struct http_request *request);

/* A request out of memory is there as long as its iteration. */
void __wrap_http_request_hold(struct http_request *request)
{
    (void)request;
}

void __wrap_http_request_release(struct http_request *request)
{
    (void)request;
}

/* The service is content with everything. */
static void answer_calls(void)
{
    while (pending.first) {
        struct http_call *call = (struct http_call *)queue_take(&pending);
        call->status = 202;
        call->failure = NULL;
        call->done(call);
    }
}

/* ---- input ---- */

static struct str finish(struct buf *b)
{
    struct str text;

    if (buf_done(b, &text))
        die("no memory", STR("input"));
    return text;
}

/* What a page sends: an edit, or as much source text as fits into so many bytes. */
static struct str data_of(size_t bytes)
{
    static const struct str line = STR_INIT("    if (name[i] != \\\"x\\\") { return 0; }\\n");
    struct buf b = { .mem = &forever };

    buf_add(&b, STR("{\"type\":\"full\",\"epoch\":1700000000000,\"version\":7,\"content\":\""));
    while (b.len + line.len + 2 <= bytes)
        buf_add(&b, line);
    buf_add(&b, STR("\"}"));
    return finish(&b);
}

static struct str packet_of(const char *event, struct str data)
{
    struct buf b = { .mem = &forever };

    buf_add_all(&b, STR("427[\""), str_from(event), STR("\",{\"room_id\":\"" ROOM "\""));
    if (data.len > 0)
        buf_add_all(&b, STR(",\"data\":"), data);
    buf_add(&b, STR("}]"));
    return finish(&b);
}

static struct str signature(void)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char mac[HMAC_BYTES];
    struct buf b = { .mem = &forever };

    hmac_sign(handler.rest.webpubsub.key, STR(CONNECTION), mac);
    buf_add(&b, STR("sha256="));
    for (size_t i = 0; i < sizeof(mac); i++) {
        buf_add_char(&b, digits[mac[i] >> 4]);
        buf_add_char(&b, digits[mac[i] & 15]);
    }
    return finish(&b);
}

/* The headers of a delivery, as the service sends them. */
static const struct header *headers_of(struct str event, size_t *count)
{
    const struct header all[] = {
        { STR("Host"), STR("127.0.0.1") },
        { STR("Content-Type"), STR("text/plain") },
        { STR("Content-Length"), STR("250") },
        { STR("WebHook-Request-Origin"), STR("localhost") },
        { STR("ce-specversion"), STR("1.0") },
        { STR("ce-awpsversion"), STR("1.0") },
        { STR("ce-type"), STR("azure.webpubsub.user.message") },
        { STR("ce-source"), STR("/hubs/codestream/client/" CONNECTION) },
        { STR("ce-id"), STR("4242424242") },
        { STR("ce-time"), STR("2024-01-01T00:00:00.000Z") },
        { STR("ce-signature"), signature() },
        { STR("ce-connectionId"), STR(CONNECTION) },
        { STR("ce-hub"), STR("codestream") },
        { STR("ce-eventName"), event },
        { STR("ce-namespace"), STR("/") },
        { STR("ce-socketId"), STR("q8hbzhwWpQ1tKkVb") },
        { STR("ce-userId"), STR("w." ROOM) },
    };
    struct header *copy = arena_take(&forever, sizeof(all));

    if (!copy)
        die("no memory", event);
    memcpy(copy, all, sizeof(all));
    *count = COUNT(all);
    return copy;
}

static struct http_request request_of(const char *event, struct str data)
{
    struct http_request request = {
        .method = STR("POST"),
        .path = STR("/eventhandler"),
        .body = packet_of(event, data),
    };

    request.headers = headers_of(str_from(event), &request.header_count);
    return request;
}

/* ---- paths ---- */

struct path {
    const char *name;
    struct http_request request; /* its body is the input of those that are no requests */
    void (*go)(const struct path *path);
    unsigned calls; /* that must follow */
};

static void serve(const struct path *path)
{
    struct http_request request = path->request;

    calls = status = 0;
    request.loop = handler.loop;
    request.started_ms = loop_now_ms(handler.loop);
    arena_init(&request.mem, MEMORY);
    handler_serve(&handler, &request);
    answer_calls();
    arena_free(&request.mem);
    if (status != 200 || calls != path->calls)
        die("not served as expected", str_from(path->name));
}

static void read_json(const struct path *path)
{
    struct str value;

    if (json_check(path->request.body, &value))
        die("not read", str_from(path->name));
}

static void sign(const struct path *path)
{
    unsigned char mac[HMAC_BYTES];

    hmac_sign(handler.rest.webpubsub.key, path->request.body, mac);
}

static struct path get(const char *name)
{
    return (struct path){ name, { .method = STR("GET"), .path = STR("/negotiate") }, serve, 0 };
}

static struct path event(const char *name, const char *event, struct str data,
                         unsigned calls_of)
{
    return (struct path){ name, request_of(event, data), serve, calls_of };
}

static struct path text(const char *name, struct str body, void (*go)(const struct path *path))
{
    return (struct path){ name, { .body = body }, go, 0 };
}

/* ---- the program ---- */

static char *environment(const char *name)
{
    static char connection[] =
        "Endpoint=https://codestream.webpubsub.azure.com;AccessKey=" ACCESS_KEY ";Version=1.0;";

    return strcmp(name, SETTING_CONNECTION) == 0 ? connection : NULL;
}

static void start_service(void)
{
    static struct config config;
    struct complaints complaints = { .count = 0 };
    struct loop *loop = loop_new();

    arena_init(&forever, MEMORY);
    if (!loop || !config_load(&config, environment, &complaints) ||
        handler_init(&handler, application, &config, loop, NULL, NULL))
        die("cannot start", STR("service"));
}

static void go(const struct path *path, unsigned long count)
{
    for (unsigned long i = 0; i < count; i++)
        path->go(path);
}

int main(int argc, char **argv)
{
    queue_init(&pending);
    start_service();
    const struct path paths[] = {
        get("negotiate"),
        event("event 250 B", "sendToRoom", data_of(200), 1),
        event("event 2 KB", "sendToRoom", data_of(2000), 1),
        event("event 100 KB", "sendToRoom", data_of(100000), 1),
        event("join", "joinRoom", STR(""), 4),
        text("json 2 KB", data_of(2000), read_json),
        text("json 100 KB", data_of(100000), read_json),
        text("hmac 32 B", STR(CONNECTION), sign),
        text("hmac 2 KB", data_of(2000), sign),
    };
    struct str wanted = str_from(argv[1]);

    for (size_t i = 0; argc == 1 && i < COUNT(paths); i++)
        puts(paths[i].name);
    if (argc != 3)
        return argc == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
    for (size_t i = 0; i < COUNT(paths); i++)
        go(&paths[i], 1);
    for (size_t i = 0; i < COUNT(paths); i++) {
        if (str_equal(wanted, str_from(paths[i].name))) {
            go(&paths[i], strtoul(argv[2], NULL, 10));
            return EXIT_SUCCESS;
        }
    }
    die("no such path", wanted);
}
