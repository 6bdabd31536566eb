#include "service.h"

#include <time.h>

#include "answer.h"
#include "eventhandler.h"

/* ---- negotiate ---- */

/* NULL pointer where there is none; the host joins repeated ones with a comma. */
static struct str query_value(const struct http_request *request, struct str name)
{
    for (size_t i = 0; i < request->query_count; i++) {
        if (str_equal(request->query[i].name, name))
            return request->query[i].value;
    }
    return (struct str){ NULL, 0 };
}

static void send_negotiated(struct service *service, struct http_request *request,
                            struct str body)
{
    struct http_answer answer = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("application/json") },
                     { STR("Cache-Control"), STR("no-store") } },
        .header_count = 2,
        .body = body,
    };
    struct log_line line;

    answer_log(&line, LOG_INFO, request, loop_now_ms(service->loop));
    log_number(&line, "status", answer.status);
    log_end(&line);
    http_answer_send(request, &answer);
}

static const char *negotiate_error(unsigned status)
{
    return status == 403 ? "Forbidden" : "BadRequest";
}

static void serve_negotiate(struct service *service, struct http_request *request,
                            bool is_register)
{
    int64_t now_ms = loop_now_ms(service->loop);
    unsigned char seed[ROOM_ID_BYTES];
    struct negotiate_result result;
    const struct negotiate_query query = {
        .is_register = is_register,
        .room_id = query_value(request, STR("room_id")),
        .body = request->body,
        .is_post = str_equal(request->method, STR("POST")),
    };

    if (request->is_too_large)
        answer_error(request, 413, "TooLarge", "the body has at most 4 KiB", now_ms);
    else if (!random_bytes(seed, sizeof(seed)) ||
             negotiate(&service->negotiator, &query, (int64_t)time(NULL), seed, &request->mem,
                       &result))
        answer_error(request, 503, "Unavailable", "no memory or no randomness", now_ms);
    else if (result.status != 200)
        answer_error(request, result.status, negotiate_error(result.status), result.message,
                     now_ms);
    else
        send_negotiated(service, request, result.body);
}

/* ---- routes ---- */

static void get_root(struct service *service, struct http_request *request)
{
    struct http_answer answer = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("text/plain") } },
        .header_count = 1,
        .body = STR("codestream is ready\n"),
    };

    /* The host asks this again and again; it is not worth a line. */
    (void)service;
    http_answer_send(request, &answer);
}

static void get_negotiate(struct service *service, struct http_request *request)
{
    serve_negotiate(service, request, false);
}

static void get_register(struct service *service, struct http_request *request)
{
    serve_negotiate(service, request, true);
}

typedef void serve(struct service *service, struct http_request *request);

struct route {
    struct str path;
    struct str method;
    serve *serve;
    size_t body_limit;
};

static const struct route routes[] = {
    { STR_INIT("/"), STR_INIT("GET"), get_root, 0 },
    { STR_INIT("/"), STR_INIT("HEAD"), get_root, 0 },
    { STR_INIT("/negotiate"), STR_INIT("GET"), get_negotiate, 0 },
    { STR_INIT("/negotiate"), STR_INIT("POST"), get_negotiate, NEGOTIATE_MAX_BODY_BYTES },
    { STR_INIT("/register"), STR_INIT("GET"), get_register, 0 },
    { STR_INIT("/register"), STR_INIT("POST"), get_register, NEGOTIATE_MAX_BODY_BYTES },
    { STR_INIT("/eventhandler"), STR_INIT("POST"), eventhandler_event, EVENT_MAX_BODY_BYTES },
    { STR_INIT("/eventhandler"), STR_INIT("OPTIONS"), eventhandler_validate, 0 },
};

/* Functions prefixes its routes with /api unless told otherwise, and ignores case. */
static struct str route_path(struct str path)
{
    static const struct str prefix = STR_INIT("/api");

    if (str_starts_nocase(path, prefix) && path.len > prefix.len && path.ptr[prefix.len] == '/')
        path = str_skip(path, prefix.len);
    if (path.len > 1 && str_ends(path, STR("/")))
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

/* "GET, POST" */
static const char *allowed_methods(struct http_request *request)
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
    if (list.len == 0)
        return NULL;
    buf_add_char(&list, '\0');
    return list.failed ? NULL : list.ptr;
}

size_t service_body_limit(void *owner, const struct http_request *request)
{
    const struct route *route = find_route(request);

    (void)owner;
    return route ? route->body_limit : 0;
}

void service_handle(void *owner, struct http_request *request)
{
    struct service *service = owner;
    const struct route *route = find_route(request);
    int64_t now_ms = loop_now_ms(service->loop);
    const char *allow;

    if (route) {
        route->serve(service, request);
        return;
    }
    allow = allowed_methods(request);
    if (allow)
        answer_not_allowed(request, allow, now_ms);
    else
        answer_error(request, 404, "NotFound", "there is nothing at this path", now_ms);
}

/* ---- life ---- */

/* Without a secret of its own the access key makes one: it is as secret, and lasts as long. */
static struct hmac_key *writer_secret(const struct config *config, struct hmac_key *access_key)
{
    unsigned char derived[HMAC_BYTES];
    struct hmac_key *key;

    if (config->secret.len > 0)
        return hmac_key_new(config->secret);
    if (hmac_sign(access_key, STR("codestream secret\n"), derived))
        return NULL;
    key = hmac_key_new((struct str){ (const char *)derived, sizeof(derived) });
    cleanse(derived, sizeof(derived));
    return key;
}

enum err service_init(struct service *service, const struct config *config, struct loop *loop,
                      struct http_client *client)
{
    *service = (struct service){
        .loop = loop,
        .client = client,
        .webpubsub = { .url = config->service_url,
                       .host = config->service_host,
                       .hub = config->hub,
                       .key = hmac_key_new(config->access_key) },
        .rest_timeout_ms = config->rest_timeout_ms,
    };
    service->negotiator = (struct negotiator){
        .service = &service->webpubsub,
        .token_seconds = (int64_t)config->token_minutes * 60,
    };
    if (service->webpubsub.key)
        service->negotiator.secret = writer_secret(config, service->webpubsub.key);
    if (service->negotiator.secret)
        return ERR_NONE;
    service_free(service);
    return ERR_NO_MEMORY;
}

void service_free(struct service *service)
{
    hmac_key_free(service->webpubsub.key);
    hmac_key_free(service->negotiator.secret);
}
