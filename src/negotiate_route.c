#include "negotiate_route.h"

#include <time.h>

#include "answer.h"
#include "negotiate.h"
#include "wire/base64url.h"
#include "wire/json.h"

/* A negotiation on its way to its answer; lives in the request's arena. */
struct negotiation {
    struct service *service;
    struct http_request *request;
    struct negotiate_grant grant;
    struct rest_call call;
};

static int64_t now_ms(const struct negotiation *n)
{
    return loop_now_ms(n->service->loop);
}

static void answer_unavailable(struct negotiation *n, const char *message)
{
    answer_error(n->request, 503, "Unavailable", message, now_ms(n));
}

static void answer_token(struct negotiation *n, struct str token)
{
    struct service *service = n->service;
    struct http_answer answer = {
        .status = 200,
        .headers = { { STR("Content-Type"), STR("application/json") },
                     { STR("Cache-Control"), STR("no-store") } },
        .header_count = 2,
    };
    struct log_line line;

    if (negotiate_answer(&service->rest.webpubsub, &n->grant, token, service->token_seconds,
                         &n->request->mem, &answer.body)) {
        answer_unavailable(n, "no memory");
        return;
    }
    answer_log(&line, LOG_INFO, n->request, now_ms(n));
    log_number(&line, "status", answer.status);
    log_end(&line);
    answer_send(n->request, &answer);
}

/* Of the characters of a JWT, so that it fits into JSON and a URL as it is. */
static bool is_token(struct str token)
{
    return token.len > 0 && base64url_is_text(token, '.');
}

/* {"token":…} of :generateToken */
static void on_generated(void *owner)
{
    struct negotiation *n = owner;
    struct json_field fields[] = { { .name = STR("token") } };
    struct str token;

    n->service->in_flight--;
    if (n->call.failure)
        answer_unavailable(n, n->call.failure);
    else if (json_members(n->call.answer, fields, COUNT(fields)) ||
             json_text(fields[0].value, &n->request->mem, &token) || !is_token(token))
        answer_unavailable(n, "the service's answer is not a token");
    else
        answer_token(n, token);
}

/* With a key the token is made here and now. */
static void mint_token(struct negotiation *n, const struct webpubsub_client *client)
{
    struct service *service = n->service;
    struct str token;

    if (webpubsub_client_token(&service->rest.webpubsub, client, (int64_t)time(NULL),
                               service->token_seconds, &n->request->mem, &token))
        answer_unavailable(n, "no memory");
    else
        answer_token(n, token);
}

/* Without one the service makes it. */
static void ask_for_token(struct negotiation *n, const struct webpubsub_client *client)
{
    struct service *service = n->service;

    n->call = (struct rest_call){
        .rest = &service->rest,
        .mem = &n->request->mem,
        .deadline_ms = now_ms(n) + service->rest_timeout_ms,
        .keep_answer = true,
        .done = on_generated,
        .owner = n,
    };
    if (webpubsub_generate_token(&service->rest.webpubsub, client, service->token_seconds,
                                 &n->request->mem, &n->call.request)) {
        answer_unavailable(n, "no memory");
        return;
    }
    service->in_flight++;
    rest_start(&n->call);
}

static void get_token(struct negotiation *n)
{
    struct webpubsub_client client;

    if (negotiate_client(&n->grant, &n->request->mem, &client))
        answer_unavailable(n, "no memory");
    else if (n->service->rest.webpubsub.key)
        mint_token(n, &client);
    else
        ask_for_token(n, &client);
}

/* room_id, or id as the older article calls it. */
static struct str query_room(const struct http_request *request)
{
    struct str room = http_request_query(request, STR("room_id"));

    return room.ptr ? room : http_request_query(request, STR("id"));
}

/* Only Codestream knows rooms and roles. */
static enum err decide(struct negotiation *n, const struct negotiate_query *query)
{
    struct arena *mem = &n->request->mem;
    unsigned char seed[ROOM_ID_BYTES];

    if (!random_bytes(seed, sizeof(seed)))
        return ERR_NO_MEMORY;
    if (n->service->app != &codestream_app)
        return negotiate_guest(seed, mem, &n->grant);
    return negotiate_decide(query, n->service->secret, seed, mem, &n->grant);
}

static void serve(struct service *service, struct http_request *request, bool is_register)
{
    struct negotiation *n = arena_take(&request->mem, sizeof(*n));
    const struct negotiate_query query = {
        .is_register = is_register,
        .room_id = query_room(request),
        .body = request->body,
        .is_post = str_equal(request->method, STR("POST")),
        .protocol = http_request_query(request, STR("protocol")),
    };

    if (!n) {
        answer_error(request, 503, "Unavailable", "no memory", loop_now_ms(service->loop));
        return;
    }
    n->service = service;
    n->request = request;
    if (request->is_too_large &&
        query.is_post) /* a GET's body means nothing (RFC 9110 9.3.1) */
        answer_error(request, 413, "TooLarge", "the body has at most 16 KiB", now_ms(n));
    else if (request->is_cut && query.is_post)
        answer_unavailable(n, "no room for this request");
    else if (service->in_flight >= SERVICE_FULL_FOR_NEWCOMERS)
        answer_unavailable(n, "there is too much to do");
    else if (decide(n, &query))
        answer_unavailable(n, "no memory or no randomness");
    else if (n->grant.status != 200)
        answer_error(request, n->grant.status,
                     n->grant.status == 403 ? "Forbidden" : "BadRequest", n->grant.message,
                     now_ms(n));
    else
        get_token(n);
}

void serve_negotiate(struct service *service, struct http_request *request)
{
    serve(service, request, false);
}

void serve_register(struct service *service, struct http_request *request)
{
    serve(service, request, true);
}
