#include "handler.h"

#include <sys/random.h>
#include <time.h>

#include "app/app.h"
#include "azure/token.h"
#include "response.h"
#include "wire/base64url.h"
#include "wire/http.h"
#include "wire/json.h"

/* ---- the response ---- */

struct webpubsub_client negotiate_client(const struct app_pass *pass)
{
    return (struct webpubsub_client){
        .user = pass->user,
        .is_native = pass->protocol.len > 0,
        .sends_to = { pass->sends_to.at, pass->sends_to.count },
        .joins = { pass->joins.at, pass->joins.count },
    };
}

/* url, the name of the older article. */
static void add_native(struct buf *response, const struct webpubsub *webpubsub,
                       struct str token)
{
    struct str authority = webpubsub->client_url;
    bool is_secure;

    (void)http_cut_scheme(&authority, &is_secure);
    buf_add_all(response, STR("{\"url\":\""), is_secure ? STR("wss://") : STR("ws://"),
                authority, STR(WEBPUBSUB_NATIVE_PATH), webpubsub->hub, STR("?access_token="),
                token, STR("\""));
}

/* url, the name of the articles; endpoint, path and token, those of Microsoft's binding. */
static void add_socketio(struct buf *response, const struct webpubsub *webpubsub,
                         struct str token)
{
    struct str url = webpubsub->client_url;

    buf_add_all(response, STR("{\"url\":\""), url, STR("/?access_token="), token,
                STR("\",\"endpoint\":\""), url, STR("\",\"path\":\"" WEBPUBSUB_CLIENT_PATH),
                webpubsub->hub, STR("\",\"token\":\""), token, STR("\""));
}

/* Neither Web PubSub's address nor the token needs an escape in JSON. */
enum err negotiate_response(const struct webpubsub *webpubsub, const struct app_pass *pass,
                            struct str token, int64_t token_seconds, struct arena *mem,
                            struct str *out)
{
    struct buf response = { .mem = mem };

    buf_reserve(&response, 2 * (token.len + webpubsub->client_url.len) + pass->told.len + 256);
    if (pass->protocol.len > 0)
        add_native(&response, webpubsub, token);
    else
        add_socketio(&response, webpubsub, token);
    buf_add_all(&response, buf_text(&pass->told), STR(",\"expires_in\":"),
                DECIMAL((uint64_t)token_seconds), STR("}"));
    return buf_done(&response, out);
}

/* ---- a negotiation ---- */

/* A negotiation on its way to its response.  It lives in the request's arena. */
struct negotiation {
    struct handler *handler;
    struct http_request *request;
    struct app_caller caller;
    struct rest_call call;
};

/* A caller that guesses at the owner's word must not fill the log. */
static struct response_sample guesses;

static int64_t token_seconds(const struct handler *handler)
{
    return (int64_t)handler->config->token_minutes * 60;
}

static void respond_unavailable(struct http_request *request, const char *message)
{
    response_error(request, 503, "Unavailable", message);
}

static void respond_with_token(struct negotiation *n, struct str token)
{
    struct handler *handler = n->handler;
    struct str body;

    if (negotiate_response(&handler->rest.webpubsub, &n->caller.pass, token,
                           token_seconds(handler), &n->request->mem, &body)) {
        respond_unavailable(n->request, "no memory");
        return;
    }
    response_log_outcome(n->request, 200, NULL, NULL, NULL);
    response_send_json(n->request, 200, body, NO_HEADER);
}

/* {"token":…} of :generateToken: the characters of a JWT fit into JSON and a URL as they are. */
static void on_generated(void *owner)
{
    struct negotiation *n = owner;
    struct json_field fields[] = { { .name = STR("token") } };
    struct str token;

    n->handler->in_flight--;
    if (n->call.failure)
        respond_unavailable(n->request, n->call.failure);
    else if (json_members(n->call.http.response, fields, COUNT(fields)) ||
             json_text(fields[0].value, &n->request->mem, &token) || token.len == 0 ||
             !base64url_is_text(token, '.'))
        respond_unavailable(n->request, "the response of Web PubSub is not a token");
    else
        respond_with_token(n, token);
}

/* With a key the token is made here and now. */
static void mint_token(struct negotiation *n, const struct webpubsub_client *client)
{
    struct handler *handler = n->handler;
    struct str token;

    if (webpubsub_client_token(&handler->rest.webpubsub, client, (int64_t)time(NULL),
                               token_seconds(handler), &n->request->mem, &token))
        respond_unavailable(n->request, "no memory");
    else
        respond_with_token(n, token);
}

/* Without one Web PubSub makes it. */
static void ask_for_token(struct negotiation *n, const struct webpubsub_client *client)
{
    struct handler *handler = n->handler;

    n->call = (struct rest_call){
        .rest = &handler->rest,
        .mem = &n->request->mem,
        .deadline_ms = loop_now_ms(handler->loop) + handler->config->rest_timeout_ms,
        .max_response = HTTP_CLIENT_MAX_RESPONSE_BYTES,
        .done = on_generated,
        .owner = n,
    };
    if (webpubsub_generate_token(&handler->rest.webpubsub, client, token_seconds(handler),
                                 &n->request->mem, &n->call.request)) {
        respond_unavailable(n->request, "no memory");
        return;
    }
    handler->in_flight++;
    rest_start(&n->call);
}

static void get_token(struct negotiation *n)
{
    struct webpubsub_client client = negotiate_client(&n->caller.pass);

    if (n->handler->rest.webpubsub.key)
        mint_token(n, &client);
    else
        ask_for_token(n, &client);
}

static void respond_refused(struct negotiation *n)
{
    const struct app_pass *pass = &n->caller.pass;

    if (pass->refusal == APP_BUSY)
        respond_unavailable(n->request, pass->message);
    else
        response_error_sampled(n->request, response_status_of(pass->refusal),
                               app_refusal_code(pass->refusal).ptr /* a constant */,
                               pass->message,
                               pass->refusal == APP_WRITERS_WORD ? &guesses : NULL);
}

static uint64_t unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void decide(struct handler *handler, struct http_request *request,
                   const unsigned char *seed, bool is_register)
{
    struct negotiation *n = arena_space(&request->mem, sizeof(*n));
    const struct config *config = handler->config;
    bool is_post = str_equal(request->method, STR("POST"));

    if (!n) {
        respond_unavailable(request, "no memory");
        return;
    }
    n->handler = handler;
    n->request = request;
    n->caller = (struct app_caller){
        .query = request->query,
        .query_count = request->query_count,
        .is_post = is_post,
        .body = is_post ? request->body : NO_STR,
        .is_register = is_register,
        .secret = handler->secret,
        .word_mac = config->needs_word ? handler->word_mac : NULL,
        .seed = seed,
        .now_unix_ms = unix_ms(),
        .units = config->units,
        .mem = &request->mem,
        /*
         * Anybody may send this header.  Only where the platform signs people in is it the
         * platform's.
         */
        .platform_user =
            config->has_platform_auth
                ? http_request_only_header(request, STR("X-MS-CLIENT-PRINCIPAL-NAME"))
                : NO_STR,
    };
    app_negotiate(handler->app, &n->caller);
    if (n->caller.pass.refusal)
        respond_refused(n);
    else
        get_token(n);
}

static void serve(struct handler *handler, struct http_request *request, bool is_register)
{
    bool is_post = str_equal(request->method, STR("POST"));
    unsigned char seed[APP_NAME_BYTES];

    if (request->is_too_large && is_post) /* a GET's body means nothing (RFC 9110 9.3.1) */
        response_error(request, 413, "TooLarge", "the body has at most 16 KiB");
    else if (request->is_cut && is_post)
        respond_unavailable(request, "no room for this request");
    else if (handler->in_flight >= HANDLER_FULL_FOR_NEWCOMERS)
        respond_unavailable(request, "too many requests are in flight");
    else if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        respond_unavailable(request, "the system gives no random bytes");
    else
        decide(handler, request, seed, is_register);
}

void negotiate(struct handler *handler, struct http_request *request)
{
    serve(handler, request, false);
}

void negotiate_register(struct handler *handler, struct http_request *request)
{
    serve(handler, request, true);
}
