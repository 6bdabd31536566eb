#include "handler.h"

#include "payload.h"
#include "response.h"

/* ---- routes ---- */

static void get_root(struct handler *handler, struct http_request *request)
{
    struct http_response response = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("text/plain") } },
        .header_count = 1,
        .body = STR("codestream is ready\n"),
    };

    /* The host asks this again and again; it is not worth a line. */
    (void)handler;
    response_send(request, &response);
}

typedef void serve(struct handler *handler, struct http_request *request);

/* Those that host.json's folders declare; the host asks for "/" by itself. */
enum function { FUNCTION_NONE, FUNCTION_NEGOTIATE, FUNCTION_EVENTHANDLER };

struct route {
    enum function function;
    struct str path;
    struct str method;
    serve *serve;
    size_t body_limit;
};

static const struct route routes[] = {
    { FUNCTION_NONE, STR_INIT("/"), STR_INIT("GET"), get_root, 0 },
    { FUNCTION_NONE, STR_INIT("/"), STR_INIT("HEAD"), get_root, 0 },
    { FUNCTION_NEGOTIATE, STR_INIT("/negotiate"), STR_INIT("GET"), negotiate, 0 },
    { FUNCTION_NEGOTIATE, STR_INIT("/negotiate"), STR_INIT("POST"), negotiate,
      NEGOTIATE_MAX_BODY_BYTES },
    { FUNCTION_NEGOTIATE, STR_INIT("/register"), STR_INIT("GET"), negotiate_register, 0 },
    { FUNCTION_NEGOTIATE, STR_INIT("/register"), STR_INIT("POST"), negotiate_register,
      NEGOTIATE_MAX_BODY_BYTES },
    { FUNCTION_EVENTHANDLER, STR_INIT("/eventhandler"), STR_INIT("POST"), eventhandler_event,
      EVENT_MAX_BODY_BYTES },
    { FUNCTION_EVENTHANDLER, STR_INIT("/eventhandler"), STR_INIT("OPTIONS"),
      eventhandler_validate, 0 },
};

/* Our routes take /api before them, where Functions puts it by default, or not; in any case. */
static struct str route_path(struct str path)
{
    static const struct str prefix = STR_INIT("/api");

    if (path.len > prefix.len && path.ptr[prefix.len] == '/' && str_starts_nocase(path, prefix))
        path = str_skip(path, prefix.len);
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

static const struct route *find_route(const struct http_request *request)
{
    struct str path = route_path(request->path);

    for (size_t i = 0; i < COUNT(routes); i++) {
        if (str_equal_nocase(path, routes[i].path) &&
            str_equal(request->method, routes[i].method))
            return &routes[i];
    }
    return NULL;
}

/* "GET, POST"; empty: there is no such path.  ERR_NO_MEMORY. */
static enum err allowed_methods(struct http_request *request, struct str *out)
{
    struct str path = route_path(request->path);
    struct buf list = { .mem = &request->mem };

    for (size_t i = 0; i < COUNT(routes); i++) {
        if (!str_equal_nocase(path, routes[i].path))
            continue;
        if (list.len > 0)
            buf_add(&list, STR(", "));
        buf_add(&list, routes[i].method);
    }
    return buf_done(&list, out);
}

/* An event says in a header what it is. */
static bool is_plain_event(const struct route *route, const struct http_request *request)
{
    return route->function == FUNCTION_EVENTHANDLER &&
           http_request_header(request, STR("ce-type")).len > 0;
}

/* JSON that does not can only be the host's. */
static bool is_wrapped_event(const struct route *route, const struct http_request *request)
{
    return route->function == FUNCTION_EVENTHANDLER && payload_may_be(request) &&
           !is_plain_event(route, request);
}

size_t handler_body_limit(void *owner, const struct http_request *request)
{
    const struct route *route = find_route(request);

    (void)owner;
    if (!route)
        return 0;
    return is_wrapped_event(route, request) ? EVENT_MAX_WRAPPED_BYTES : route->body_limit;
}

/*
 * What the host has wrapped becomes a request like any other, but of the same function: the
 * host has checked the key of the one that it called, and of no other.
 */
static const struct route *find_unwrapped(const struct route *outer,
                                          struct http_request *request, enum err *e)
{
    const struct route *inner;

    if (is_plain_event(outer, request)) /* its body, which may be long, is JSON as well */
        return outer;
    *e = payload_unwrap(request);
    if (*e)
        return NULL;
    inner = request->is_wrapped ? find_route(request) : outer;
    if (request->body.len > EVENT_MAX_BODY_BYTES) /* the wrapping had room for more */
        request->is_too_large = true;
    return inner && inner->function == outer->function ? inner : NULL;
}

/* An event that is not there as a whole, in the host's wrapping. */
static void refuse_remains(struct http_request *request, int64_t now_ms)
{
    request->is_wrapped = true;
    if (request->is_too_large)
        response_error(request, 413, "TooLarge", "an event has at most 1 MiB", now_ms);
    else
        response_error(request, 503, "Overloaded", "no room for this request", now_ms);
}

void handler_serve(void *owner, struct http_request *request)
{
    struct handler *handler = owner;
    const struct route *outer = find_route(request);
    int64_t now_ms = loop_now_ms(handler->loop);
    const struct route *route;
    enum err e = ERR_NONE;
    struct str allow;

    if (request->complaint) {
        response_error(request, 400, "BadRequest", request->complaint, now_ms);
        return;
    }
    if ((request->is_cut || request->is_too_large) && outer &&
        is_wrapped_event(outer, request)) {
        refuse_remains(request, now_ms);
        return;
    }
    if (request->is_endless) {
        response_error(request, 413, "TooLarge", "the body is too large", now_ms);
        return;
    }
    route = outer ? find_unwrapped(outer, request, &e) : NULL;
    if (route) {
        route->serve(handler, request);
        return;
    }
    if (e == ERR_NO_MEMORY) {
        response_error(request, 503, "NoMemory", "no memory for this request", now_ms);
        return;
    }
    if (request->is_wrapped) {
        response_error(request, 400, "BadRequest",
                       "the host wrapped a request that is none; " PAYLOAD_ADVICE, now_ms);
        return;
    }
    if (allowed_methods(request, &allow))
        response_error(request, 503, "NoMemory", "no memory for this request", now_ms);
    else if (allow.len > 0)
        response_not_allowed(request, allow, now_ms);
    else
        response_error(request, 404, "NotFound", "there is nothing at this path", now_ms);
}

/* ---- life ---- */

/* Without a secret of its own the access key makes one: it is as secret, and lasts as long. */
static struct hmac_key *writer_secret(const struct config *config, struct hmac_key *access_key)
{
    unsigned char derived[HMAC_BYTES];
    struct str text = { (const char *)derived, sizeof(derived) };
    struct hmac_key *key;

    if (config->secret.len > 0)
        return hmac_key_new(config->secret);
    if (hmac_sign(access_key, STR("codestream secret\n"), derived))
        return NULL;
    key = hmac_key_new(text);
    cleanse(text);
    return key;
}

static int sample_wait_ms(void *owner)
{
    struct handler *handler = owner;

    return handler->sample.events > 0 ? loop_until_ms(handler->loop, handler->sample.until_ms)
                                      : -1;
}

/* A second's sample is due, whether or not another event comes. */
static void run_sample(void *owner)
{
    struct handler *handler = owner;

    if (sample_wait_ms(handler) == 0)
        eventhandler_end_sample(handler);
}

enum err handler_init(struct handler *handler, const struct app *app,
                      const struct config *config, struct loop *loop,
                      struct http_client *client)
{
    *handler = (struct handler){
        .app = app,
        .loop = loop,
        .has_word = config->writers_word.len > 0,
        .has_platform_auth = config->has_platform_auth,
        .token_seconds = (int64_t)config->token_minutes * 60,
        .units = config->units,
        .rest_timeout_ms = config->rest_timeout_ms,
        .origins = config->service_origins,
    };
    if (rest_init(&handler->rest, &config->rest, loop, client))
        return ERR_NO_MEMORY;
    loop_add_task(loop, &(struct loop_task){ run_sample, sample_wait_ms, handler });
    handler->secret = writer_secret(config, handler->rest.webpubsub.key);
    if (!handler->secret)
        return ERR_NO_MEMORY;
    if (!handler->has_word)
        return ERR_NONE;
    return app_word_mac(handler->secret, config->writers_word, handler->word_mac);
}

void handler_free(struct handler *handler)
{
    eventhandler_end_sample(handler);
    rest_free(&handler->rest);
    hmac_key_free(handler->secret);
}

void handler_abort(struct handler *handler)
{
    rest_abort(&handler->rest);
}
