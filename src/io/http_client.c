#include "io/http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hosts.h"
#include "io/http_transfer.h"

const char HTTP_CLIENT_TOO_LATE[] = "timed out in the queue";

struct http_client {
    struct loop *loop;
    struct http_client_options options;
    struct resolver *resolver;
    struct transfers *transfers;
    struct transfer_exchange exchange;

    struct queue waiting; /* for their turn */
    struct queue unnamed; /* for the addresses of their host */
    bool has_news;        /* of such addresses */
    struct target target; /* of the last call: mostly of the next one, too */
};

void http_client_global_init(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* what it refuses, each call tries again */
}

/* ---- calls that wait ---- */

static struct http_call *take(struct queue *queue)
{
    return (struct http_call *)queue_take(queue);
}

/*
 * Ends the calls that are overdue, wherever they stand in the queue, and whether or not there
 * is room to start another.
 */
static void end_overdue(struct queue *queue, int64_t now_ms, const char *failure)
{
    struct queue overdue;

    queue_take_due(queue, now_ms, &overdue);
    while (overdue.first)
        http_call_end(take(&overdue), failure);
}

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting.count + client->unnamed.count >= HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->response = NO_STR;
    for (size_t i = 0; i < call->captured_count; i++)
        call->captured[i].value = NO_STR;
    queue_add(&client->waiting, &call->queued, call->deadline_ms);
    client->exchange.due_ms = loop_now_ms(client->loop);
    return ERR_NONE;
}

/* ---- where a call leads ---- */

/*
 * Reads the scheme and host of a URL.  libcurl would take it apart and put it together again for
 * each transfer, though it needs no more than the host.  So it gets that alone, taken apart once,
 * and the rest as it is to be sent.
 */
static void read_base(struct target *target, const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strpbrk(host + 3, "/?#") : NULL;
    bool is_cut = path && *path == '/' && path - url < TARGET_BASE_CHARS;

    target->base_len = is_cut ? (size_t)(path - url) + 1 : 0;
    (void)snprintf(target->base, sizeof(target->base), "%.*s", (int)target->base_len, url);
}

/* True for localhost and names below it, which libcurl knows itself (RFC 6761 section 6.3). */
static bool is_localhost(const char *host)
{
    struct str name = str_from(host);

    return str_equal_nocase(name, STR("localhost")) ||
           (name.len > 10 &&
            str_equal_nocase(str_skip(name, name.len - 10), STR(".localhost")));
}

/* Gets a part of a URL, which is to be given to curl_free.  NULL: it has none, or no memory. */
static char *part_of(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;

    (void)curl_url_get(url, part, &text, flags);
    return text;
}

/* The port of a URL, or another if it has none.  0: no memory. */
static unsigned port_of(CURLU *url, unsigned flags, unsigned other)
{
    uint64_t port = other;
    char *text = NULL;

    if (curl_url_get(url, CURLUPART_PORT, &text, flags) == CURLUE_OUT_OF_MEMORY)
        return 0;
    (void)!str_to_number(str_from(text), 0, 65535, &port);
    curl_free(text);
    return (unsigned)port;
}

/* Adds a host whose addresses will be needed.  false: too many, or port is 0. */
static bool add_name(struct http_client *client, const char *host, unsigned port)
{
    struct target_names *names = &client->target.names;
    struct resolver_name *name;

    if (addresses_is_literal(host) || is_localhost(host)) {
        names->has_literal = true;
        return true;
    }
    name = port > 0 ? resolver_name(client->resolver, host, port) : NULL;
    if (name)
        names->at[names->count++] = name;
    return name != NULL;
}

/* Most proxies are told the name and look it up, but these are told an address. */
static bool is_told_addresses(const char *proxy_scheme)
{
    struct str scheme = str_from(proxy_scheme);

    return str_equal_nocase(scheme, STR("socks5")) || str_equal_nocase(scheme, STR("socks4")) ||
           str_equal_nocase(scheme, STR("socks"));
}

/*
 * Adds the proxy's own name, as libcurl reads the variable, and says whether the host's name is
 * needed as well.
 */
static bool add_proxy(struct http_client *client, bool *needs_host)
{
    CURLU *url = curl_url();
    char *scheme, *host;
    bool ok;

    (void)curl_url_set(url, CURLUPART_URL, client->options.proxy,
                       CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
    scheme = part_of(url, CURLUPART_SCHEME, 0);
    host = part_of(url, CURLUPART_HOST, CURLU_URLDECODE);
    ok = scheme && host &&
         add_name(
             client, host,
             port_of(url, 0, str_equal_nocase(str_from(scheme), STR("https")) ? 443 : 1080));
    *needs_host = is_told_addresses(scheme);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return ok;
}

static bool read_names(struct http_client *client, const char *host)
{
    const struct http_client_options *options = &client->options;
    bool needs_host = true;

    if (!options->is_plain && options->proxy && options->proxy[0] &&
        !http_proxy_spares(options->no_proxy, str_from(host))) {
        client->target.proxy = options->proxy;
        if (!add_proxy(client, &needs_host))
            return false;
    }
    return !needs_host ||
           add_name(client, host, port_of(client->target.url, CURLU_DEFAULT_PORT, 0));
}

/* Reads where a URL leads.  false: nowhere, or no memory; then it is read again for the next call. */
static bool read_target(struct http_client *client, const char *url)
{
    struct target *target = &client->target;
    char *host;
    bool ok;

    read_base(target, url);
    curl_url_cleanup(target->url);
    target->url = curl_url();
    target->id++;
    target->proxy = "";
    target->names = (struct target_names){ .count = 0 };
    (void)curl_url_set(target->url, CURLUPART_URL, target->base_len > 0 ? target->base : url,
                       0);
    host = part_of(target->url, CURLUPART_HOST, CURLU_PUNYCODE);
    ok = host && read_names(client, host);
    if (!ok)
        target->base[0] = '\0';
    curl_free(host);
    return ok;
}

/* Does the URL lead where target does? */
static bool target_is_of(const struct target *target, const char *url)
{
    return target->base[0] != '\0' && strncmp(target->base, url, target->base_len) == 0;
}

/*
 * Asks for the addresses of all names at once.  The worst state of any counts; if it is
 * RESOLVER_FAILED, *failure, a static text, says why.
 */
static enum resolver_state ask_names(const struct target *target, const char **failure)
{
    enum resolver_state worst = RESOLVER_KNOWN;

    for (size_t i = 0; i < target->names.count; i++) {
        enum resolver_state state = resolver_ask(target->names.at[i], failure);
        worst = state > worst ? state : worst;
    }
    return worst;
}

/* ---- turning ---- */

static void start_next(struct http_client *client)
{
    struct http_call *call = take(&client->waiting);
    const char *failure = "no memory";
    enum resolver_state names;

    if (call->deadline_ms <= loop_now_ms(client->loop)) {
        http_call_end(call, HTTP_CLIENT_TOO_LATE);
        return;
    }
    if (!target_is_of(&client->target, call->url) && !read_target(client, call->url)) {
        http_call_end(call, client->target.proxy[0]
                                ? "the proxy leads nowhere, or there is no memory"
                                : "the URL leads nowhere, or there is no memory");
        return;
    }
    names = ask_names(&client->target, &failure);
    if (names == RESOLVER_ASKED)
        queue_add(&client->unnamed, &call->queued, call->deadline_ms);
    else if (names == RESOLVER_FAILED ||
             !transfers_start(client->transfers, call, &client->target))
        http_call_end(call, failure);
}

/* A look-up has ended. */
static void on_news(void *owner)
{
    struct http_client *client = owner;

    client->has_news = true;
    client->exchange.due_ms = loop_now_ms(client->loop);
}

static void client_run(void *owner)
{
    struct http_client *client = owner;
    int64_t now_ms = loop_now_ms(client->loop);

    client->exchange.due_ms = LOOP_NEVER;
    /* Calls of which nothing was sent, or whose host has addresses now, go before all others. */
    queue_prepend(&client->waiting, &client->exchange.again);
    end_overdue(&client->waiting, now_ms, HTTP_CLIENT_TOO_LATE);
    end_overdue(&client->unnamed, now_ms, "timed out while the host name was looked up");
    if (client->has_news)
        queue_prepend(&client->waiting, &client->unnamed);
    client->has_news = false;
    while (client->waiting.first && client->exchange.running < client->options.max_running)
        start_next(client);
    client->exchange.due_ms = earlier_ms(
        client->exchange.due_ms, earlier_ms(client->waiting.due_ms, client->unnamed.due_ms));
}

/* ---- life ---- */

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    *client = (struct http_client){ .loop = loop,
                                    .options = *options,
                                    .exchange = { .due_ms = LOOP_NEVER } };
    if (options->max_running < 1 || options->max_running > HTTP_CLIENT_MAX_RUNNING)
        client->options.max_running = HTTP_CLIENT_MAX_RUNNING;
    queue_init(&client->waiting);
    queue_init(&client->unnamed);
    queue_init(&client->exchange.again);
    client->resolver = resolver_new(loop, on_news, client);
    loop_add_task(loop, &(struct loop_task){ .run = client_run,
                                             .owner = client,
                                             .due_ms = &client->exchange.due_ms });
    client->transfers = transfers_new(loop, &client->options, &client->exchange);
    if (!client->resolver || !client->transfers) {
        http_client_free(client);
        return NULL;
    }
    return client;
}

void http_client_abort(struct http_client *client)
{
    static const char failure[] = "the handler is shutting down";

    transfers_fail(client->transfers, failure);
    queue_prepend(&client->waiting, &client->exchange.again);
    queue_prepend(&client->waiting, &client->unnamed);
    while (client->waiting.first)
        http_call_end(take(&client->waiting), failure);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    transfers_free(client->transfers);
    curl_url_cleanup(client->target.url);
    resolver_free(client->resolver);
    free(client);
}
