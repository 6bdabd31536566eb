#include "handler.h"

#include "response.h"
#include "wire/json.h"

/* ---- routes ---- */

static void get_root(struct handler *handler, struct http_request *request)
{
    struct http_response response = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("text/plain") } },
        .header_count = 1,
        .body = STR("codestream is ready\n"),
    };

    /* The host asks this again and again, so it is not worth a line of the log. */
    (void)handler;
    http_response_send(request, &response);
}

typedef void serve(struct handler *handler, struct http_request *request);

struct route {
    struct str path;
    struct str method;
    serve *serve;
    size_t body_limit;
};

/* What the folders beside host.json declare; the host asks for "/" by itself. */
static const struct route routes[] = {
    { STR_INIT("/"), STR_INIT("GET"), get_root, 0 },
    { STR_INIT("/"), STR_INIT("HEAD"), get_root, 0 },
    { STR_INIT("/negotiate"), STR_INIT("GET"), negotiate, 0 },
    { STR_INIT("/negotiate"), STR_INIT("POST"), negotiate, NEGOTIATE_MAX_BODY_BYTES },
    { STR_INIT("/register"), STR_INIT("GET"), negotiate_register, 0 },
    { STR_INIT("/register"), STR_INIT("POST"), negotiate_register, NEGOTIATE_MAX_BODY_BYTES },
    { STR_INIT("/eventhandler"), STR_INIT("POST"), eventhandler_event, EVENT_MAX_BODY_BYTES },
    { STR_INIT("/eventhandler"), STR_INIT("OPTIONS"), eventhandler_validate, 0 },
    { STR_INIT("/text"), STR_INIT("GET"), text_get, 0 },
    { STR_INIT("/text"), STR_INIT("PUT"), text_put, TEXT_MAX_BYTES },
    { STR_INIT("/text"), STR_INIT("DELETE"), text_delete, 0 },
};

/*
 * A path without the /api that Functions puts before it by default, in any case, and without a
 * slash at its end.
 */
static struct str route_path(struct str path)
{
    static const struct str prefix = STR_INIT("/api");

    if (path.len > prefix.len && path.ptr[prefix.len] == '/' && str_starts_nocase(path, prefix))
        path = str_skip(path, prefix.len);
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

/* The route of the request.  NULL: there is none, and *allow are the methods of its path. */
static const struct route *find_route(const struct http_request *request, struct buf *allow)
{
    struct str path = route_path(request->path);

    for (size_t i = 0; i < COUNT(routes); i++) {
        if (!str_equal_nocase(path, routes[i].path))
            continue;
        if (str_equal(request->method, routes[i].method))
            return &routes[i];
        if (allow)
            buf_add_all(allow, allow->len > 0 ? STR(", ") : STR(""), routes[i].method);
    }
    return NULL;
}

size_t handler_body_limit(void *owner, const struct http_request *request)
{
    const struct route *route = find_route(request, NULL);

    (void)owner;
    return route ? route->body_limit : 0;
}

/* ---- a host that does not forward ---- */

#define FORWARDING                                                                             \
    "set customHandler.enableForwardingHttpRequest and enableProxyingHttpRequest to true in "  \
    "host.json"

/*
 * Without these flags the host wraps each request into JSON, and takes only JSON for a
 * response.  An event has a header that says what it is.  Long JSON at its route without that
 * header can only be the host's.  Source: Azure docs, "Azure Functions custom handlers",
 * request and response payload.
 */
static bool is_wrapped(const struct route *route, const struct http_request *request)
{
    struct json_field fields[] = { { .name = STR("Data") }, { .name = STR("Metadata") } };

    if (!str_equal(request->method, STR("POST")) ||
        !str_starts_nocase(http_request_header(request, STR("Content-Type")),
                           STR("application/json")))
        return false;
    if (http_request_header(request, STR("ce-type")).len > 0)
        return false;
    if (route->serve == eventhandler_event && (request->is_cut || request->is_too_large))
        return true;
    return !json_members(request->body, fields, COUNT(fields)) && fields[0].value.ptr &&
           fields[1].value.ptr;
}

static void refuse_wrapped(struct http_request *request)
{
    const struct http_response response = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("application/json") } },
        .header_count = 1,
        .body = STR("{\"Outputs\":{\"res\":{\"statusCode\":500,\"headers\":"
                    "{\"Content-Type\":\"application/json\",\"Cache-Control\":\"no-store\"},"
                    "\"body\":\"{\\\"error\\\":{\\\"code\\\":\\\"NotForwarded\\\","
                    "\\\"message\\\":\\\"" FORWARDING "\\\"}}\"}},"
                    "\"Logs\":[\"" FORWARDING "\"],\"ReturnValue\":null}"),
    };

    response_log_outcome(request, 500, "NotForwarded", FORWARDING, NULL);
    http_response_send(request, &response);
}

/* ---- serving ---- */

void handler_serve(void *owner, struct http_request *request)
{
    struct buf allow = { .mem = &request->mem };
    const struct route *route = find_route(request, &allow);

    if (request->complaint)
        response_error(request, 400, "BadRequest", request->complaint);
    else if (route && is_wrapped(route, request))
        refuse_wrapped(request);
    else if (request->is_endless)
        response_error(request, 413, "TooLarge", "the body is too large");
    else if (route)
        route->serve(owner, request);
    else if (allow.failed)
        response_error(request, 503, "NoMemory", "no memory for this request");
    else if (allow.len > 0)
        response_not_allowed(request, buf_text(&allow));
    else
        response_error(request, 404, "NotFound", "there is nothing at this path");
}

/* ---- life ---- */

/*
 * The secret that signs writer keys.  If none is set, it is made from the access key, which is
 * as secret and lasts as long.
 */
static struct hmac_key *writer_secret(const struct config *config,
                                      const struct hmac_key *access_key)
{
    unsigned char derived[HMAC_BYTES];
    struct str text = { (const char *)derived, sizeof(derived) };
    struct hmac_key *key;

    if (config->secret.len > 0)
        return hmac_key_new(config->secret);
    hmac_sign(access_key, STR("codestream secret\n"), derived);
    key = hmac_key_new(text);
    cleanse(text);
    return key;
}

enum err handler_init(struct handler *handler, const struct app *app,
                      const struct config *config, struct loop *loop,
                      struct http_client *client, struct http_client *storage)
{
    *handler = (struct handler){
        .app = app,
        .loop = loop,
        .sample.until_ms = LOOP_NEVER,
        .config = config,
    };
    if (rest_init(&handler->rest, &config->rest, loop, client))
        return ERR_NO_MEMORY;
    loop_add_task(loop, &(struct loop_task){ .run = eventhandler_end_sample,
                                             .owner = handler,
                                             .due_ms = &handler->sample.until_ms });
    handler->secret = writer_secret(config, handler->rest.webpubsub.key);
    if (!handler->secret)
        return ERR_NO_MEMORY;
    if (storage && rest_init(&handler->storage, &config->storage, loop, storage))
        return ERR_NO_MEMORY;
    if (!config->needs_word)
        return ERR_NONE;
    return app_word_mac(handler->secret, config->writers_word, handler->word_mac);
}

void handler_free(struct handler *handler)
{
    eventhandler_end_sample(handler);
    rest_free(&handler->rest);
    rest_free(&handler->storage);
    hmac_key_free(handler->secret);
}

void handler_abort(struct handler *handler)
{
    rest_abort(&handler->rest);
    if (handler->storage.client)
        rest_abort(&handler->storage);
}
