#include "io/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A longest host name, and what stands around it. */
#define MAX_BASE_CHARS 300
#define MAX_AGENT_CHARS 100

/* An easy handle, set up once and used for one call after the other. */
struct transfer {
    struct transfer *next; /* of the idle ones, or of the running ones */
    struct transfer *previous;
    CURL *easy;
    struct http_call *call;
    struct curl_slist headers[HTTP_CLIENT_MAX_HEADERS + 3];
    char base[MAX_BASE_CHARS + 1]; /* CURLOPT_URL: "scheme://host/" */
    struct buf answer;
    size_t answer_bytes;
};

struct http_client {
    struct loop *loop;
    struct http_client_options options;
    char user_agent[MAX_AGENT_CHARS + 1]; /* the whole line */
    CURLM *multi;
    int64_t timer_ms; /* when libcurl wants to be called */
    struct transfer *idle;
    struct transfer *running;
    size_t running_count;
    struct http_call *waiting, **waiting_end;
    size_t waiting_count;
};

bool http_client_global_init(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void http_client_global_free(void)
{
    curl_global_cleanup();
}

/* ---- transfers ---- */

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static size_t take_answer(char *bytes, size_t size, size_t count, void *to)
{
    struct transfer *t = to;

    t->answer_bytes += size * count;
    if (t->answer_bytes > HTTP_CLIENT_MAX_ANSWER_BYTES)
        return 0;
    if (t->call->keep_answer)
        buf_add(&t->answer, (struct str){ bytes, size * count });
    return size * count;
}

static long number_of(CURL *easy, CURLINFO what)
{
    long number = -1;

    curl_easy_getinfo(easy, what, &number);
    return number;
}

/*
 * libcurl asks before each sending.  It sends again, by itself, what went out on a kept
 * connection that turns out to be broken; but who knows how much was taken of what had left?
 */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static int may_send(void *of, char *remote, char *local, int remote_port, int local_port)
{
    const struct transfer *t = of;

    (void)remote, (void)local, (void)remote_port, (void)local_port;
    return number_of(t->easy, CURLINFO_REQUEST_SIZE) == 0 ? CURL_PREREQFUNC_OK
                                                          : CURL_PREREQFUNC_ABORT;
}

/* Of libcurl, for each new connection. */
static int limit_silence(void *unused, curl_socket_t fd, curlsocktype purpose)
{
    const unsigned silent_ms = HTTP_CLIENT_SILENT_MS;

    (void)unused, (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms, sizeof(silent_ms));
    return CURL_SOCKOPT_OK;
}

#define SET(option, value) ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK

static bool set_up(CURL *easy, struct transfer *t, const struct http_client_options *options)
{
    bool ok = true;

    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, options->is_plain ? "http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_WRITEFUNCTION, take_answer);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_SOCKOPTFUNCTION, limit_silence);
    SET(CURLOPT_PREREQFUNCTION, may_send);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CLIENT_CONNECT_MS);
    SET(CURLOPT_MAXAGE_CONN, (long)HTTP_CLIENT_KEEP_SECONDS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    if (options->is_plain)
        SET(CURLOPT_NOPROXY, "*");
    if (options->ca_file) {
        SET(CURLOPT_CAINFO, options->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* Debian's libcurl trusts a folder besides */
    }
    return ok;
}

/* libcurl only reads a header list, but its type is older than const. */
static char *unconst(const char *text)
{
    union {
        const char *from;
        char *to;
    } same = { .from = text };

    return same.to;
}

static struct transfer *transfer_new(const struct http_client_options *options)
{
    struct transfer *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->easy = curl_easy_init();
    if (!t->easy || !set_up(t->easy, t, options)) {
        curl_easy_cleanup(t->easy);
        free(t);
        return NULL;
    }
    return t;
}

static void transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    free(t);
}

/* The call's headers as libcurl's list, made in place: nothing to allocate or to free. */
static void list_headers(struct transfer *t, const struct http_call *call, char *user_agent)
{
    /* libcurl would send these by itself; an empty value takes a header away. */
    static const char *const not_sent[] = { "Accept:", "Expect:" };
    size_t count = 0;

    t->headers[count++].data = user_agent;

    for (size_t i = 0; i < HTTP_CLIENT_MAX_HEADERS && call->headers[i]; i++)
        t->headers[count++].data = unconst(call->headers[i]);
    for (size_t i = 0; i < COUNT(not_sent); i++)
        t->headers[count++].data = unconst(not_sent[i]);
    for (size_t i = 0; i < count; i++)
        t->headers[i].next = i + 1 < count ? &t->headers[i + 1] : NULL;
}

static bool has_body(const struct http_call *call)
{
    return strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0;
}

/*
 * libcurl takes the URL apart and puts it together again, and again, for each transfer.  All
 * but the host is of no interest to it, so it gets that alone, and the rest as it is to be sent.
 */
static bool set_url(struct transfer *t, const char *url)
{
    CURL *easy = t->easy;
    const char *host = strstr(url, "://");
    const char *target = host ? strpbrk(host + 3, "/?#") : NULL;
    size_t base_len = target ? (size_t)(target - url) + 1 : 0;
    bool ok = true;

    if (!target || *target != '/' || base_len > MAX_BASE_CHARS) {
        t->base[0] = '\0';
        SET(CURLOPT_URL, url);
        SET(CURLOPT_REQUEST_TARGET, NULL);
        return ok;
    }
    SET(CURLOPT_REQUEST_TARGET, target);
    if (strncmp(t->base, url, base_len) == 0 && t->base[base_len] == '\0')
        return ok;
    memcpy(t->base, url, base_len);
    t->base[base_len] = '\0';
    SET(CURLOPT_URL, t->base);
    return ok;
}

static bool prepare(struct transfer *t, const struct http_call *call,
                    struct http_client *client)
{
    CURL *easy = t->easy;
    bool ok = true;

    list_headers(t, call, client->user_agent);
    t->answer_bytes = 0;
    t->answer = (struct buf){ .mem = call->mem };
    if (has_body(call)) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        SET(CURLOPT_POSTFIELDS, call->body.len > 0 ? call->body.ptr : "");
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    SET(CURLOPT_NOBODY, strcmp(call->method, "HEAD") == 0 ? 1L : 0L);
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_TIMEOUT_MS, (long)(call->deadline_ms - loop_now_ms(client->loop)));
    return ok && set_url(t, call->url);
}

/* ---- the running ones ---- */

static void link_running(struct http_client *client, struct transfer *t)
{
    t->previous = NULL;
    t->next = client->running;
    if (t->next)
        t->next->previous = t;
    client->running = t;
    client->running_count++;
}

/* Takes t out of libcurl and of the running ones, and gives back the call it carried. */
static struct http_call *release(struct http_client *client, struct transfer *t)
{
    struct http_call *call = t->call;

    assert(call); /* a running transfer carries one */
    curl_multi_remove_handle(client->multi, t->easy);
    if (t->previous)
        t->previous->next = t->next;
    else
        client->running = t->next;
    if (t->next)
        t->next->previous = t->previous;
    client->running_count--;
    t->call = NULL;
    t->next = client->idle;
    client->idle = t;
    return call;
}

static void fail(struct http_call *call, const char *failure)
{
    call->status = 0;
    call->failure = failure;
    call->done(call);
}

static bool launch(struct http_client *client, struct http_call *call)
{
    struct transfer *t = client->idle;

    if (t)
        client->idle = t->next;
    else
        t = transfer_new(&client->options);
    if (!t)
        return false;
    t->call = call;
    link_running(client, t);
    if (prepare(t, call, client) && curl_multi_add_handle(client->multi, t->easy) == CURLM_OK)
        return true;
    (void)release(client, t);
    return false;
}

static struct http_call *take_waiting(struct http_client *client)
{
    struct http_call *call = client->waiting;

    client->waiting = call->next;
    if (!client->waiting)
        client->waiting_end = &client->waiting;
    client->waiting_count--;
    return call;
}

static void launch_waiting(struct http_client *client)
{
    while (client->waiting && client->running_count < HTTP_CLIENT_MAX_RUNNING) {
        struct http_call *call = take_waiting(client);
        if (call->deadline_ms <= loop_now_ms(client->loop))
            fail(call, "timed out in the queue");
        else if (!launch(client, call))
            fail(call, "no memory");
    }
}

static void queue(struct http_client *client, struct http_call *call)
{
    call->next = NULL;
    *client->waiting_end = call;
    client->waiting_end = &call->next;
    client->waiting_count++;
}

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    if (client->waiting_count >= HTTP_CLIENT_MAX_WAITING)
        return ERR_NO_MEMORY;
    call->status = 0;
    call->answer = (struct str){ NULL, 0 };
    for (size_t i = 0; i < call->keep_count; i++)
        call->keep[i].value = (struct str){ NULL, 0 };
    queue(client, call);
    return ERR_NONE;
}

/* ---- finished ones ---- */

/* libcurl hands on the number that OpenSSL gives its verdict (X509_V_ERR_... there). */
static const char *name_certificate_failure(CURL *easy)
{
    enum {
        WELL_SIGNED = 0,
        NOT_ASKED = 1,
        NOT_YET_VALID = 9,
        EXPIRED = 10,
        SELF_SIGNED = 18,
        SELF_SIGNED_IN_CHAIN = 19,
        NO_ISSUER = 20,
        NO_ISSUER_OF_LEAF = 21,
        OTHER_NAME = 62,
        OTHER_ADDRESS = 64,
    };
    switch (number_of(easy, CURLINFO_SSL_VERIFYRESULT)) {
    case WELL_SIGNED: /* libcurl compares the name itself, */
    case NOT_ASKED:   /* and that before it asks again for the verdict */
    case OTHER_NAME:
    case OTHER_ADDRESS:
        return "the certificate is for another name";
    case NOT_YET_VALID:
        return "the certificate is not valid yet";
    case EXPIRED:
        return "the certificate has expired";
    case SELF_SIGNED:
    case SELF_SIGNED_IN_CHAIN:
    case NO_ISSUER:
    case NO_ISSUER_OF_LEAF:
        return "the certificate is from an unknown authority";
    default:
        return "the certificate cannot be verified";
    }
}

static const char *name_failure(CURL *easy, CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "timed out";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "the host name does not resolve";
    case CURLE_COULDNT_CONNECT:
        return "cannot connect";
    case CURLE_PEER_FAILED_VERIFICATION:
        return name_certificate_failure(easy);
    case CURLE_SSL_CACERT_BADFILE:
        return "the file of certificates to trust cannot be used";
    case CURLE_WRITE_ERROR:
        return "the answer is too large";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_ABORTED_BY_CALLBACK: /* see may_send */
        return "the connection broke";
    default:
        return curl_easy_strerror(code);
    }
}

/* What libcurl knows is gone with the next use of its handle; the call gets copies. */
static void keep_headers(CURL *easy, struct http_call *call)
{
    for (size_t i = 0; i < call->keep_count; i++) {
        struct header *wanted = &call->keep[i];
        struct curl_header *found;
        if (curl_easy_header(easy, wanted->name.ptr, 0, CURLH_HEADER, -1, &found) == CURLHE_OK)
            (void)!arena_copy(call->mem, str_from(found->value), &wanted->value);
    }
}

/*
 * Kept connections were broken and took nothing: as if it had not been tried.  libcurl goes
 * on to the next by itself, but not for ever; each one that fails is one less.
 */
static bool is_untouched(CURL *easy, CURLcode code)
{
    return code == CURLE_SEND_ERROR && number_of(easy, CURLINFO_REQUEST_SIZE) == 0 &&
           number_of(easy, CURLINFO_NUM_CONNECTS) == 0;
}

static void finish(struct http_client *client, CURL *easy, CURLcode code)
{
    struct transfer *t = NULL;
    struct http_call *call;
    const char *failure;
    unsigned status;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (is_untouched(easy, code)) {
        queue(client, release(client, t));
        return;
    }
    status = (unsigned)number_of(easy, CURLINFO_RESPONSE_CODE);
    if (t->answer_bytes > HTTP_CLIENT_MAX_ANSWER_BYTES && !t->call->keep_answer)
        code = CURLE_OK; /* we broke off: the status has told what there is to know */
    if (code == CURLE_OK) {
        keep_headers(easy, t->call);
        if (t->call->keep_answer && buf_done(&t->answer, &t->call->answer))
            code = CURLE_OUT_OF_MEMORY;
    }
    failure = code == CURLE_OK ? NULL : name_failure(easy, code);
    call = release(client, t);
    if (failure) {
        fail(call, failure);
        return;
    }
    call->status = status;
    call->failure = NULL;
    call->done(call);
}

/* ---- turning ---- */

static void finish_all(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish(client, message->easy_handle, message->data.result);
    }
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct http_client *client = owner;
    int mask = 0, running;

    if (events & (EPOLLIN | EPOLLHUP))
        mask |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        mask |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        mask |= CURL_CSELECT_ERR;
    curl_multi_socket_action(client->multi, fd, mask, &running);
    finish_all(client); /* before the server's turn, which then sends the answers */
}

/* What was launched begins when libcurl is called because of its timer, which it set to now. */
static void client_run(void *owner)
{
    struct http_client *client = owner;
    int running;

    launch_waiting(client);
    if (client->timer_ms > loop_now_ms(client->loop))
        return;
    client->timer_ms = LOOP_NEVER;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_all(client);
}

static int client_wait_ms(void *owner)
{
    const struct http_client *client = owner;

    if (client->waiting && client->running_count < HTTP_CLIENT_MAX_RUNNING)
        return 0;
    return loop_until_ms(client->loop, client->timer_ms);
}

/* libcurl tells which sockets it waits for, and for what. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *unused)
{
    struct http_client *client = owner;
    uint32_t events = 0;

    (void)easy, (void)unused;
    if (what == CURL_POLL_REMOVE) {
        loop_unwatch(client->loop, fd);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    return loop_watch(client->loop, fd, events, on_ready, client) ? -1 : 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct http_client *client = owner;

    (void)multi;
    client->timer_ms = timeout_ms < 0 ? LOOP_NEVER : loop_now_ms(client->loop) + timeout_ms;
    return 0;
}

/* ---- life ---- */

#undef SET
#define SET(option, value) ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK

static bool set_up_multi(CURLM *multi, struct http_client *client)
{
    bool ok = true;

    SET(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET(CURLMOPT_SOCKETDATA, client);
    SET(CURLMOPT_TIMERFUNCTION, on_timer);
    SET(CURLMOPT_TIMERDATA, client);
    SET(CURLMOPT_MAXCONNECTS, (long)HTTP_CLIENT_MAX_RUNNING);
    return ok;
}

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    struct http_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->loop = loop;
    client->options = *options;
    (void)snprintf(client->user_agent, sizeof(client->user_agent), "User-Agent: %s",
                   options->user_agent);
    client->timer_ms = LOOP_NEVER;
    client->waiting_end = &client->waiting;
    client->multi = curl_multi_init();
    if (!client->multi || !set_up_multi(client->multi, client)) {
        curl_multi_cleanup(client->multi);
        free(client);
        return NULL;
    }
    loop_add_task(loop, &(struct loop_task){ client_run, client_wait_ms, client });
    return client;
}

void http_client_abort(struct http_client *client)
{
    while (client->running)
        fail(release(client, client->running), "the handler is shutting down");
    while (client->waiting)
        fail(take_waiting(client), "the handler is shutting down");
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->idle) {
        struct transfer *t = client->idle;
        client->idle = t->next;
        transfer_free(t);
    }
    curl_multi_cleanup(client->multi);
    free(client);
}
