#include "rest.h"

#include <time.h>

const char REST_TOO_MUCH[] = "too much is in flight";

static void end(struct rest_call *call, const char *failure)
{
    call->failure = failure;
    call->done(call->owner);
}

static void on_answer(struct http_call *http)
{
    struct rest_call *call = http->owner;

    call->status = http->status;
    call->error_code = call->keep[0].value;
    call->answer = http->answer;
    if (http->status == 401 && call->rest->identity)
        identity_doubt(call->rest->identity);
    if (http->status == 0)
        end(call, http->failure);
    else if (http->status < 200 || http->status > 299)
        end(call, "the service answered with an error");
    else
        end(call, NULL);
}

/* NUL-terminated, as libcurl wants it; NULL: no memory. */
static const char *header(struct arena *mem, struct str name, struct str value)
{
    struct buf text = { .mem = mem };

    buf_add_all(&text, name, value);
    buf_add_char(&text, '\0');
    return text.failed ? NULL : text.ptr;
}

static void send_with(struct rest_call *call, struct str token)
{
    struct http_call *http = &call->http;

    call->keep[0].name = STR("x-ms-error-code");
    *http = (struct http_call){
        .method = call->request.method,
        .url = arena_cstr(call->mem, call->request.url),
        .headers = { header(call->mem, STR("Authorization: Bearer "), token),
                     header(call->mem, STR("Content-Type: "),
                            str_from(call->request.content_type)) },
        .body = call->request.body,
        .deadline_ms = call->deadline_ms,
        .mem = call->mem,
        .keep_answer = call->keep_answer,
        .keep = call->keep,
        .keep_count = COUNT(call->keep),
        .done = on_answer,
        .owner = call,
    };
    if (!http->url || !http->headers[0] || !http->headers[1])
        end(call, "no memory");
    else if (call->deadline_ms <= loop_now_ms(call->rest->loop))
        end(call, "timed out");
    else if (http_client_start(call->rest->client, http))
        end(call, REST_TOO_MUCH);
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

    if (rest->identity) {
        call->wait = (struct identity_wait){ .ready = on_identity, .owner = call };
        identity_ask(rest->identity, &call->wait);
        return;
    }
    if (webpubsub_rest_token(&rest->webpubsub, call->request.url, (int64_t)time(NULL),
                             call->mem, &token))
        end(call, "no memory");
    else
        send_with(call, token);
}

enum err rest_init(struct rest *rest, const struct config *config, struct loop *loop,
                   struct http_client *client)
{
    *rest = (struct rest){
        .loop = loop,
        .client = client,
        .webpubsub = { .url = config->service_url,
                       .host = config->service_host,
                       .hub = config->hub },
    };
    if (config->access_key.len > 0)
        rest->webpubsub.key = hmac_key_new(config->access_key);
    else
        rest->identity = identity_new(config, loop);
    return rest->webpubsub.key || rest->identity ? ERR_NONE : ERR_NO_MEMORY;
}

void rest_free(struct rest *rest)
{
    hmac_key_free(rest->webpubsub.key);
    identity_free(rest->identity);
}
