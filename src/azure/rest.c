#include "azure/rest.h"

#include <sys/random.h>
#include <time.h>

#include "azure/token.h"
#include "wire/http.h"

const char REST_TOO_MUCH[] = "too much is in flight";
static const char ENDING[] = "the handler is shutting down";

static void end(struct rest_call *call, const char *failure)
{
    call->failure = failure;
    call->done(call->owner);
}

/* ---- another try? ---- */

/* This is longer than any deadline, and far from where sums overflow. */
#define FAR_AWAY_SECONDS ((uint64_t)1 << 32)

/* The pause that the service asks for.  0: nothing that can be read. */
static int64_t asked_ms(const struct retry_attempt *attempt)
{
    struct str text = str_trim(attempt->retry_after);
    uint64_t seconds;
    int64_t moment;

    if (!str_to_number(text, 0, FAR_AWAY_SECONDS, &seconds))
        return (int64_t)seconds * 1000;
    if (http_date_read(text, &moment) && moment > attempt->now_unix)
        return (moment - attempt->now_unix) * 1000;
    return 0;
}

/* Between half of the pause and the whole of it. */
static int64_t back_off_ms(const struct retry_attempt *attempt)
{
    int64_t pause = RETRY_FIRST_MS;

    for (unsigned i = 1; i < attempt->tries && pause < RETRY_LONGEST_MS; i++)
        pause *= 2;
    if (pause > RETRY_LONGEST_MS)
        pause = RETRY_LONGEST_MS;
    return pause / 2 + attempt->jitter % (pause / 2 + 1);
}

/*
 * True for what may pass: no response, too slow, too many calls, or a fault of the server.  A
 * bad call stays bad.
 */
static bool may_pass(unsigned status)
{
    return status == 0 || status == 408 || status == 429 ||
           (status >= 500 && status <= 599 && status != 501 && status != 505);
}

int64_t retry_wait_ms(const struct retry_attempt *attempt)
{
    int64_t wait;

    if (attempt->tries >= RETRY_MAX_TRIES || !may_pass(attempt->status))
        return RETRY_NEVER;
    /* Add jitter, so that calls with the same Retry-After do not return at once. */
    wait = asked_ms(attempt) + back_off_ms(attempt);
    return wait + RETRY_LEAST_MS <= attempt->left_ms ? wait : RETRY_NEVER;
}

/* ---- again ---- */

/* false: that makes no sense. */
static bool back_off(struct rest_call *call)
{
    struct rest *rest = call->rest;
    struct retry_attempt attempt = {
        .status = call->http.status,
        .retry_after = call->read[REST_RETRY_AFTER].value,
        .tries = call->tries,
        .left_ms = call->deadline_ms - loop_now_ms(rest->loop),
        .now_unix = (int64_t)time(NULL),
    };
    int64_t wait_ms;

    if (!call->request.is_idempotent || rest->is_ending)
        return false;
    if (getrandom(&attempt.jitter, sizeof(attempt.jitter), 0) != sizeof(attempt.jitter))
        return false;
    wait_ms = retry_wait_ms(&attempt);
    if (wait_ms == RETRY_NEVER)
        return false;
    queue_add(&rest->backed_off, &call->queued, loop_now_ms(rest->loop) + wait_ms);
    return true;
}

static void submit(struct rest_call *call)
{
    call->tries++;
    if (http_client_start(call->rest->client, &call->http))
        end(call, REST_TOO_MUCH);
}

/* Of the loop's tasks: sends again what has been backed off for long enough. */
static void resume_backed_off(void *owner)
{
    struct rest *rest = owner;
    struct queue due;

    queue_take_due(&rest->backed_off, loop_now_ms(rest->loop), &due);
    while (due.first)
        submit((struct rest_call *)queue_take(&due));
}

/* ---- once ---- */

static void on_response(struct http_call *http)
{
    struct rest_call *call = http->owner;

    if (http->status == 401 && call->rest->identity)
        identity_doubt(call->rest->identity);
    if (http->status >= 200 && http->status <= 299)
        end(call, NULL);
    else if (http->failure == HTTP_CLIENT_TOO_LATE && call->tries == 1)
        end(call, REST_TOO_MUCH);
    else if (!back_off(call))
        end(call, http->status ? "the service responded with an error" : http->failure);
}

/* How many headers of the response are to be read. */
static size_t name_wanted(struct rest_call *call)
{
    size_t count = REST_WANTED;

    call->read[REST_ERROR_CODE].name = STR("x-ms-error-code");
    call->read[REST_RETRY_AFTER].name = STR("retry-after");
    while (count < REST_MAX_READ && call->read[count].name.ptr)
        count++;
    return count;
}

static void send_with(struct rest_call *call, struct str token)
{
    struct http_call *http = &call->http;
    size_t count = 2;

    *http = (struct http_call){
        .method = call->request.method,
        .url = arena_cstr(call->mem, call->request.url),
        .headers = { arena_cstr(call->mem, STR("Authorization: Bearer "), token),
                     arena_cstr(call->mem, STR("Content-Type: "),
                                str_from(call->request.content_type)) },
        .body = call->request.body,
        .deadline_ms = call->deadline_ms,
        .mem = call->mem,
        .max_response = call->max_response,
        .captured = call->read,
        .captured_count = name_wanted(call),
        .done = on_response,
        .owner = call,
    };
    for (size_t i = 0; i < REST_MAX_HEADERS && call->headers[i]; i++)
        http->headers[count++] = call->headers[i];
    if (http->url && http->headers[0] && http->headers[1])
        submit(call);
    else
        end(call, "no memory");
}

static void on_identity(void *owner, struct str token, const char *failure)
{
    if (failure)
        end(owner, failure);
    else
        send_with(owner, token);
}

void rest_start(struct rest_call *call)
{
    struct rest *rest = call->rest;
    struct str token;

    call->wait = (struct identity_wait){ .ready = on_identity,
                                         .owner = call,
                                         .deadline_ms = call->deadline_ms };
    if (rest->is_ending)
        end(call, ENDING);
    else if (call->deadline_ms <= loop_now_ms(rest->loop))
        end(call, "timed out");
    else if (rest->identity)
        identity_ask(rest->identity, &call->wait);
    else if (webpubsub_rest_token(&rest->webpubsub, call->request.url, (int64_t)time(NULL),
                                  call->mem, &token))
        end(call, "no memory");
    else
        send_with(call, token);
}

enum err rest_init(struct rest *rest, const struct rest_options *options, struct loop *loop,
                   struct http_client *client)
{
    *rest = (struct rest){
        .loop = loop,
        .client = client,
        .webpubsub = { .url = options->endpoint.url,
                       .client_url = options->client_url.len > 0 ? options->client_url
                                                                 : options->endpoint.url,
                       .hub = options->hub },
    };
    queue_init(&rest->backed_off);
    if (options->endpoint.access_key.len > 0)
        rest->webpubsub.key = hmac_key_new(options->endpoint.access_key);
    else
        rest->identity = identity_new(&options->identity, loop);
    if (!rest->webpubsub.key && !rest->identity)
        return ERR_NO_MEMORY;
    loop_add_task(loop, &(struct loop_task){ .run = resume_backed_off,
                                             .owner = rest,
                                             .due_ms = &rest->backed_off.due_ms });
    return ERR_NONE;
}

void rest_abort(struct rest *rest)
{
    rest->is_ending = true;
    while (rest->backed_off.first)
        end((struct rest_call *)queue_take(&rest->backed_off), ENDING);
    if (rest->identity)
        identity_abort(rest->identity);
    http_client_abort(rest->client);
}

void rest_free(struct rest *rest)
{
    hmac_key_free(rest->webpubsub.key);
    identity_free(rest->identity);
}
