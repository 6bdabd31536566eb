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
    struct app_caller caller;
    struct rest_call call;
};

/* Who guesses at the owner's word does not fill the log. */
static struct answer_sample guesses;

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

    if (negotiate_answer(&service->rest.webpubsub, &n->caller.pass, token,
                         service->token_seconds, &n->request->mem, &answer.body)) {
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
    struct webpubsub_client client = negotiate_client(&n->caller.pass);

    if (n->service->rest.webpubsub.key)
        mint_token(n, &client);
    else
        ask_for_token(n, &client);
}

/* 500 is the application's own fault. */
static unsigned status_of(enum app_refusal refusal)
{
    switch (refusal) {
    case APP_FORBIDDEN:
    case APP_WRITERS_WORD:
        return 403;
    case APP_NO_USER:
        return 401;
    case APP_INTERNAL:
        return 500;
    default:
        return 400;
    }
}

static void answer_refusal(struct negotiation *n)
{
    const struct app_pass *pass = &n->caller.pass;
    const char *code = app_refusal_code(pass->refusal).ptr; /* a constant */
    unsigned status = status_of(pass->refusal);

    if (pass->refusal == APP_BUSY)
        answer_unavailable(n, pass->message);
    else if (pass->refusal == APP_WRITERS_WORD)
        answer_error_sampled(n->request, status, code, pass->message, now_ms(n), &guesses);
    else
        answer_error(n->request, status, code, pass->message, now_ms(n));
}

static uint64_t unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void decide(struct negotiation *n, const unsigned char *seed, bool is_register)
{
    struct service *service = n->service;
    struct http_request *request = n->request;
    struct app_caller *caller = &n->caller; /* zero, as all of n */

    caller->query = request->query;
    caller->query_count = request->query_count;
    caller->is_post = str_equal(request->method, STR("POST"));
    if (caller->is_post)
        caller->body = request->body;
    caller->is_register = is_register;
    caller->secret = service->secret;
    caller->word_mac = service->has_word ? service->word_mac : NULL;
    caller->seed = seed;
    caller->now_unix_ms = unix_ms();
    caller->units = service->units;
    caller->mem = &request->mem;
    /*
     * Anybody may send this header; only where the platform signs people in is it its own.  What
     * is wrapped may be a body that anybody has posted to a host that forwards: its headers are
     * nobody's.
     */
    if (service->has_platform_auth && !request->is_wrapped)
        caller->platform_user = http_request_header(request, STR("X-MS-CLIENT-PRINCIPAL-NAME"));
    app_negotiate(service->app, caller);
    if (caller->pass.refusal)
        answer_refusal(n);
    else
        get_token(n);
}

static void serve(struct service *service, struct http_request *request, bool is_register)
{
    struct negotiation *n = arena_take(&request->mem, sizeof(*n));
    bool is_post = str_equal(request->method, STR("POST"));
    unsigned char seed[APP_NAME_BYTES];

    if (!n) {
        answer_error(request, 503, "Unavailable", "no memory", loop_now_ms(service->loop));
        return;
    }
    n->service = service;
    n->request = request;
    if (request->is_too_large && is_post) /* a GET's body means nothing (RFC 9110 9.3.1) */
        answer_error(request, 413, "TooLarge", "the body has at most 16 KiB", now_ms(n));
    else if (request->is_cut && is_post)
        answer_unavailable(n, "no room for this request");
    else if (service->in_flight >= SERVICE_FULL_FOR_NEWCOMERS)
        answer_unavailable(n, "there is too much to do");
    else if (!random_bytes(seed, sizeof(seed)))
        answer_unavailable(n, "no randomness");
    else
        decide(n, seed, is_register);
}

void serve_negotiate(struct service *service, struct http_request *request)
{
    serve(service, request, false);
}

void serve_register(struct service *service, struct http_request *request)
{
    serve(service, request, true);
}
