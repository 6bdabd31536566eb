#include "azure/identity.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "wire/hmac.h"
#include "wire/json.h"

struct identity {
    struct loop *loop;
    const char *service;
    struct http_client *client;
    struct arena texts; /* what the request says */
    struct http_call call;
    struct arena mem; /* its response */
    bool is_asking;
    int64_t asked_ms; /* when the last request began */

    struct arena token_mem;
    struct str token; /* empty: none yet */
    int64_t expires_unix;
    int64_t renew_unix;

    struct queue waiting; /* calls, for the token */
};

static void ask(struct identity *identity);

/* ---- the token ---- */

static bool serves(const struct identity *identity)
{
    return identity->token.len > 0 && (int64_t)time(NULL) < identity->expires_unix;
}

static void forget(struct identity *identity)
{
    cleanse(identity->token);
    identity->token = NO_STR;
    arena_free(&identity->token_mem);
}

/* Seconds since 1970, which the endpoint puts in quotes. */
static bool read_time(struct str value, int64_t *out)
{
    uint64_t number;

    if (value.len > 2 && value.ptr[0] == '"')
        value = str_skip(str_first(value, value.len - 1), 1);
    if (str_to_number(value, 1, INT64_MAX / 2, &number))
        return false;
    *out = (int64_t)number;
    return true;
}

/* {"access_token":…,"expires_on":…,…} */
static bool take_token(struct identity *identity, struct str response)
{
    struct json_field fields[] = { { .name = STR("access_token") },
                                   { .name = STR("expires_on") } };
    int64_t now_unix = (int64_t)time(NULL);
    int64_t expires, life;
    struct str token;

    /* The token becomes part of a header, which it must not end. */
    if (json_members(response, fields, COUNT(fields)) ||
        json_text(fields[0].value, &identity->mem, &token) || token.len == 0 ||
        !str_is_visible(token) || !fields[1].value.ptr || !read_time(fields[1].value, &expires))
        return false;
    /* A clock that runs ahead of Azure's must not make every token look spent. */
    if (expires < now_unix + IDENTITY_PAUSE_MS / 1000)
        expires = now_unix + IDENTITY_PAUSE_MS / 1000;
    life = expires - now_unix;
    forget(identity);
    if (arena_copy(&identity->token_mem, token, &identity->token))
        return false;
    identity->expires_unix = expires;
    identity->renew_unix =
        expires - (life / 2 < IDENTITY_RENEW_SECONDS ? life / 2 : IDENTITY_RENEW_SECONDS);
    return true;
}

/* ---- waiting calls ---- */

/*
 * Tells all that wait until then.  What is asked meanwhile waits for the next answer.  failure:
 * NULL where there is a token.
 */
static void tell(struct identity *identity, int64_t until_ms, const char *failure)
{
    struct queue calls;

    queue_take_due(&identity->waiting, until_ms, &calls);
    while (calls.first) {
        struct identity_wait *wait = (struct identity_wait *)queue_take(&calls);
        wait->ready(wait->owner, failure ? NO_STR : identity->token, failure);
    }
}

/* Of the loop's tasks. */
static void end_overdue(void *owner)
{
    struct identity *identity = owner;

    tell(identity, loop_now_ms(identity->loop), "the identity endpoint timed out");
}

void identity_doubt(struct identity *identity)
{
    if (loop_now_ms(identity->loop) >= identity->asked_ms + IDENTITY_PAUSE_MS)
        ask(identity);
}

void identity_ask(struct identity *identity, struct identity_wait *wait)
{
    if (serves(identity)) {
        if ((int64_t)time(NULL) >= identity->renew_unix)
            identity_doubt(identity);
        wait->ready(wait->owner, identity->token, NULL);
        return;
    }
    queue_add(&identity->waiting, &wait->queued, wait->deadline_ms);
    ask(identity);
}

/* ---- asking ---- */

static const char *outcome_of(struct identity *identity, const struct http_call *call)
{
    if (call->status == 0)
        return call->failure;
    if (call->status == 400)
        return "the endpoint does not know this identity (is one assigned, and is __clientId "
               "right?)";
    if (call->status != 200)
        return "the endpoint refused";
    return take_token(identity, call->response) ? NULL
                                                : "the endpoint's response is not a token";
}

static void on_response(struct http_call *call)
{
    struct identity *identity = call->owner;
    const char *failure = outcome_of(identity, call);
    int64_t seconds = identity->expires_unix - (int64_t)time(NULL);

    identity->is_asking = false;
    log_event(failure ? LOG_ERROR : LOG_INFO, "identity",
              LOG_TEXT("service", str_from(identity->service)),
              LOG_IF(call->status > 0, LOG_NUMBER("status", call->status)),
              failure ? LOG_TEXT("failure", str_from(failure))
                      : LOG_NUMBER("seconds", seconds));
    cleanse(call->response);
    tell(identity, INT64_MAX, serves(identity) ? NULL : failure);
}

static void ask(struct identity *identity)
{
    if (identity->is_asking)
        return;
    arena_free(&identity->mem);
    identity->is_asking = true;
    identity->asked_ms = loop_now_ms(identity->loop);
    identity->call.deadline_ms = identity->asked_ms + IDENTITY_TIMEOUT_MS;
    if (!http_client_start(identity->client, &identity->call))
        return;
    identity->is_asking = false;
    tell(identity, INT64_MAX, "no memory");
}

/* ---- life ---- */

/* ?resource=https://…&api-version=…[&client_id=…] behind whatever query the endpoint has already. */
static const char *make_url(const struct identity_options *options, struct arena *mem)
{
    struct str query;

    (void)str_cut(options->endpoint, "?", &query);
    return arena_cstr(mem, options->endpoint, query.ptr ? STR("&") : STR("?"),
                      STR("resource=https%3A%2F%2F"), str_from(options->service),
                      STR("&api-version=2019-08-01"),
                      options->client.len > 0 ? STR("&client_id=") : STR(""), options->client);
}

struct identity *identity_new(const struct identity_options *options, struct loop *loop)
{
    const struct http_client_options http = { .user_agent = "User-Agent: codestream",
                                              .is_plain = true };
    struct identity *identity = calloc(1, sizeof(*identity));

    if (!identity)
        return NULL;
    identity->loop = loop;
    identity->service = options->service;
    queue_init(&identity->waiting);
    arena_init(&identity->texts, 8 * 1024);
    arena_init(&identity->mem, 4 * HTTP_CLIENT_MAX_RESPONSE_BYTES);
    arena_init(&identity->token_mem, HTTP_CLIENT_MAX_RESPONSE_BYTES);
    identity->client = http_client_new(loop, &http);
    identity->call = (struct http_call){
        .method = "GET",
        .url = make_url(options, &identity->texts),
        .headers = { arena_cstr(&identity->texts, STR("X-IDENTITY-HEADER: "),
                                options->header) },
        .mem = &identity->mem,
        .max_response = HTTP_CLIENT_MAX_RESPONSE_BYTES,
        .done = on_response,
        .owner = identity,
    };
    if (!identity->client || !identity->call.url || !identity->call.headers[0]) {
        identity_free(identity);
        return NULL;
    }
    loop_add_task(loop, &(struct loop_task){ .run = end_overdue,
                                             .owner = identity,
                                             .due_ms = &identity->waiting.due_ms });
    ask(identity);
    return identity;
}

void identity_free(struct identity *identity)
{
    if (!identity)
        return;
    http_client_free(identity->client);
    forget(identity);
    cleanse(str_from(identity->call.headers[0])); /* which has the endpoint's secret */
    arena_free(&identity->mem);
    arena_free(&identity->texts);
    free(identity);
}

void identity_abort(struct identity *identity)
{
    http_client_abort(identity->client);
}
