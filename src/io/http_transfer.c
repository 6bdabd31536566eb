#include "io/http_transfer.h"

#include <assert.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* libcurl's buffers, which a call holds while it waits; most responses are a few headers. */
#define READ_BYTES 2048L
#define WRITE_BYTES 16384L /* libcurl's least */

/*
 * A handle that is set up is worth keeping, but not all handles of a burst are kept for the
 * next one.  Those that were not needed for this long are freed, except a few.
 */
#define SPARE_MS 2000
#define SPARE_COUNT 8

/*
 * When nothing has run for this long, all connections are closed.  libcurl by itself finds out
 * that a connection is too old, or closed, only when it wants one.
 */
#define SILENT_MS (1000 * (int64_t)HTTP_CLIENT_KEEP_SECONDS)

/* An easy handle, set up once and used for one call after the other. */
struct transfer {
    LIST_ENTRY(transfer) link; /* of the idle ones, or of the running ones */
    CURL *easy;
    struct http_call *call;
    struct curl_slist headers[HTTP_CLIENT_MAX_HEADERS + 3];
    uint64_t target_id;              /* of the one that easy is set up for.  0: none */
    CURLU *url;                      /* that target's, which easy reads at each call */
    struct target_names names;       /* those of that target */
    uint64_t told[TARGET_MAX_NAMES]; /* versions of the addresses given to libcurl */
    struct curl_slist entries[TARGET_MAX_NAMES]; /* CURLOPT_RESOLVE */
    struct buf response;
    size_t response_bytes;
    size_t max_response;
    long sent_before; /* bytes that went to a proxy before the request.  -1: not its turn yet */
};

LIST_HEAD(transfer_list, transfer);

struct transfers {
    struct loop *loop;
    const struct http_client_options *options;
    struct transfer_exchange *exchange;

    CURLSH *sessions;     /* of TLS, with which a further connection is made for less */
    bool doubts_sessions; /* they are not used, and are forgotten when nothing runs */
    CURLM *multi;         /* NULL: the next call makes one */
    int64_t timer_ms;     /* when libcurl wants to be called */
    struct transfer_list running;
    size_t most_running; /* at once, since the last sweep of the idle ones */
    struct transfer_list idle;
    size_t idle_count;
    int64_t sweep_ms;  /* when the idle ones are swept next.  LOOP_NEVER: there are few */
    int64_t silent_ms; /* when nothing will have run for long.  LOOP_NEVER: something does */
};

/* ---- one transfer: what libcurl calls ---- */

/* Takes the memory for a large response, which is announced, at once. */
static void reserve(struct transfer *t)
{
    curl_off_t length = -1;

    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length > 0 && (size_t)length <= t->max_response)
        buf_reserve(&t->response, (size_t)length);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static size_t take_response(char *bytes, size_t size, size_t count, void *to)
{
    struct transfer *t = to;

    if (t->response_bytes == 0 && t->max_response > HTTP_CLIENT_MAX_RESPONSE_BYTES)
        reserve(t);
    t->response_bytes += size * count;
    if (t->response_bytes > t->max_response)
        return 0;
    if (t->call->max_response > 0)
        buf_add(&t->response, (struct str){ bytes, size * count });
    return size * count;
}

static long number_of(CURL *easy, CURLINFO what)
{
    long number = -1;

    curl_easy_getinfo(easy, what, &number);
    return number;
}

/*
 * libcurl asks this before it sends a request.  By itself it would repeat a request that it
 * sent on a kept connection which turns out to be broken, but the server may have received it.
 */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static int may_send(void *of, char *remote, char *local, int remote_port, int local_port)
{
    struct transfer *t = of;
    long sent_bytes = number_of(t->easy, CURLINFO_REQUEST_SIZE);

    (void)remote, (void)local, (void)remote_port, (void)local_port;
    if (t->sent_before >= 0 && sent_bytes > t->sent_before)
        return CURL_PREREQFUNC_ABORT;
    t->sent_before = sent_bytes;
    return CURL_PREREQFUNC_OK;
}

/*
 * libcurl asks this before it looks up a name of which it has no addresses, which would make
 * this thread wait, or would take another.  It also asks when the host is an address itself.
 */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static int may_look_up(void *resolver, void *reserved, void *of)
{
    const struct transfer *t = of;

    (void)resolver, (void)reserved;
    return t->names.has_literal ? 0 : 1;
}

/* libcurl calls this in the place of close. */
static int close_connection(void *loop, curl_socket_t fd)
{
    loop_unwatch(loop, fd);
    return close(fd);
}

/* libcurl calls this for each new connection. */
static int limit_silence(void *unused, curl_socket_t fd, curlsocktype purpose)
{
    const unsigned silent_ms = HTTP_CLIENT_SILENT_MS;

    (void)unused, (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms, sizeof(silent_ms));
    return CURL_SOCKOPT_OK;
}

#define SET(option, value) ok = ok && curl_easy_setopt(easy, option, value) == CURLE_OK

static bool set_up(CURL *easy, struct transfer *t, const struct transfers *all)
{
    bool ok = true;

    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_SHARE, all->sessions);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, all->options->is_plain ? "http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_WRITEFUNCTION, take_response);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_SOCKOPTFUNCTION, limit_silence);
    SET(CURLOPT_CLOSESOCKETFUNCTION, close_connection);
    SET(CURLOPT_CLOSESOCKETDATA, all->loop);
    SET(CURLOPT_RESOLVER_START_FUNCTION, may_look_up);
    SET(CURLOPT_RESOLVER_START_DATA, t);
    SET(CURLOPT_PREREQFUNCTION, may_send);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CLIENT_CONNECT_MS);
    SET(CURLOPT_BUFFERSIZE, READ_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, WRITE_BYTES);
    SET(CURLOPT_MAXAGE_CONN, (long)HTTP_CLIENT_KEEP_SECONDS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_NOPROXY, ""); /* a proxy is set only where it is needed: set_target */
    if (all->options->ca_file) {
        SET(CURLOPT_CAINFO, all->options->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* Debian's libcurl trusts a folder besides */
    }
    return ok;
}

/* NULL is allowed. */
static void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    curl_easy_cleanup(t->easy);
    curl_url_cleanup(t->url);
    free(t);
}

static struct transfer *transfer_new(const struct transfers *all)
{
    struct transfer *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->easy = curl_easy_init();
    if (!t->easy || !set_up(t->easy, t, all)) {
        transfer_free(t);
        return NULL;
    }
    return t;
}

/* ---- one transfer: a call is told to libcurl ---- */

/*
 * Makes libcurl's list of the call's headers in place, so that there is nothing to allocate or
 * to free.
 */
static void list_headers(struct transfer *t, const struct http_call *call,
                         const char *user_agent)
{
    /* libcurl would send the latter two by itself; an empty value takes a header away. */
    const char *const always[] = { user_agent, "Accept:", "Expect:" };
    size_t count = 0;

    for (; count < COUNT(always); count++)
        t->headers[count].data = unconst(always[count]);
    for (size_t i = 0; i < HTTP_CLIENT_MAX_HEADERS && call->headers[i]; i++)
        t->headers[count++].data = unconst(call->headers[i]);
    for (size_t i = 0; i < count; i++)
        t->headers[i].next = i + 1 < count ? &t->headers[i + 1] : NULL;
}

static bool has_body(const struct http_call *call)
{
    return strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0;
}

/*
 * Sets where the handle leads.  If it is set up for this target already, only the path differs.
 */
static bool set_target(struct transfer *t, const struct target *target, const char *url)
{
    CURL *easy = t->easy;
    bool ok = true;

    SET(CURLOPT_REQUEST_TARGET, target->base_len > 0 ? url + target->base_len - 1 : NULL);
    if (t->target_id == target->id)
        return ok;
    t->target_id = 0;
    curl_url_cleanup(t->url);
    t->url = curl_url_dup(target->url);
    ok = ok && t->url;
    SET(CURLOPT_CURLU, t->url);
    SET(CURLOPT_PROXY, target->proxy);
    t->names = target->names;
    if (ok)
        t->target_id = target->id;
    return ok;
}

/*
 * Tells libcurl the addresses.  It keeps them for all transfers of a multi, so most transfers
 * have no news for it.
 */
static bool tell_addresses(struct transfer *t)
{
    CURL *easy = t->easy;
    bool is_news = false, ok = true;

    for (size_t i = 0; i < t->names.count; i++) {
        uint64_t version = resolver_version(t->names.at[i]);
        is_news |= t->told[i] != version;
        t->told[i] = version;
        t->entries[i].data = unconst(resolver_entry(t->names.at[i]));
        t->entries[i].next = i + 1 < t->names.count ? &t->entries[i + 1] : NULL;
    }
    if (is_news)
        SET(CURLOPT_RESOLVE, t->entries);
    return ok;
}

/* Makes the transfer tell libcurl its addresses again, since libcurl may have lost them. */
static void forget_addresses(struct transfer *t)
{
    memset(t->told, 0, sizeof(t->told));
}

/* The call's texts stay until the end.  false: no memory. */
static bool prepare(const struct transfers *all, struct transfer *t, struct http_call *call,
                    const struct target *target)
{
    CURL *easy = t->easy;
    bool ok = true;

    t->call = call;
    list_headers(t, call, all->options->user_agent);
    t->response_bytes = 0;
    t->max_response = call->max_response ? call->max_response : HTTP_CLIENT_MAX_RESPONSE_BYTES;
    t->sent_before = -1;
    t->response = (struct buf){ .mem = call->mem };
    if (has_body(call)) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        SET(CURLOPT_POSTFIELDS, call->body.len > 0 ? call->body.ptr : "");
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_TIMEOUT_MS, (long)(call->deadline_ms - loop_now_ms(all->loop)));
    SET(CURLOPT_SSL_SESSIONID_CACHE, all->doubts_sessions ? 0L : 1L);
    return ok && set_target(t, target, call->url) && tell_addresses(t);
}

/* ---- one transfer: its end ---- */

/* libcurl hands on the number that OpenSSL gives to its verdict (X509_V_ERR_... there). */
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
        return "the response is too large";
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

/* Copies the headers that are wanted.  libcurl forgets them with the next use of its handle. */
static void capture_headers(CURL *easy, struct http_call *call)
{
    for (size_t i = 0; i < call->captured_count; i++) {
        struct header *wanted = &call->captured[i];
        struct curl_header *found;
        if (curl_easy_header(easy, wanted->name.ptr, 0, CURLH_HEADER, -1, &found) == CURLHE_OK)
            (void)!arena_copy(call->mem, str_from(found->value), &wanted->value);
    }
}

/*
 * True if the transfer failed on a reused connection before any byte was sent, so that the call
 * can be queued again.  libcurl retries stale connections itself, but only a few times; each
 * failure removes one from the pool.
 */
static bool is_untouched(const struct transfer *t, CURLcode code)
{
    CURL *easy = t->easy;

    return code == CURLE_SEND_ERROR &&
           number_of(easy, CURLINFO_REQUEST_SIZE) == t->sent_before &&
           number_of(easy, CURLINFO_NUM_CONNECTS) == 0;
}

/*
 * True if the transfer found no addresses although it had told libcurl some.  libcurl has then
 * run out of memory when it was to keep them, and all transfers of its multi share what it
 * keeps.
 */
static bool lacked_addresses(CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_OUT_OF_MEMORY;
}

static void doubt_addresses(const struct transfer *t)
{
    for (size_t i = 0; t->sent_before < 0 && i < t->names.count; i++)
        resolver_doubt(t->names.at[i]);
}

/*
 * Puts the response into the call, or tells why there is none.  If the request could not be
 * sent at all, the addresses may be to blame, and are looked up anew.
 */
static const char *take_outcome(struct transfer *t, CURLcode code)
{
    struct http_call *call = t->call;

    if (t->response_bytes > t->max_response && call->max_response == 0)
        code = CURLE_OK; /* we broke off: the status has told what there is to know */
    if (code != CURLE_OK) {
        doubt_addresses(t);
        return name_failure(t->easy, code);
    }
    capture_headers(t->easy, call);
    if (call->max_response > 0 && buf_done(&t->response, &call->response))
        return "no memory";
    call->status = (unsigned)number_of(t->easy, CURLINFO_RESPONSE_CODE);
    return NULL;
}

/* ---- idle transfers ---- */

static void keep_idle(struct transfers *all, struct transfer *t)
{
    LIST_INSERT_HEAD(&all->idle, t, link);
    all->idle_count++;
    if (all->idle_count > SPARE_COUNT && all->sweep_ms == LOOP_NEVER)
        all->sweep_ms = loop_now_ms(all->loop) + SPARE_MS;
}

/* One that is idle, or a new one.  NULL: no memory. */
static struct transfer *take_idle(struct transfers *all)
{
    struct transfer *t = LIST_FIRST(&all->idle);

    if (!t)
        return transfer_new(all);
    LIST_REMOVE(t, link);
    all->idle_count--;
    return t;
}

/* Of the loop's tasks. */
static void sweep_idle(void *owner)
{
    struct transfers *all = owner;

    while (all->idle_count > SPARE_COUNT &&
           all->idle_count + all->exchange->running > all->most_running)
        transfer_free(take_idle(all));
    all->most_running = all->exchange->running;
    all->sweep_ms =
        all->idle_count > SPARE_COUNT ? loop_now_ms(all->loop) + SPARE_MS : LOOP_NEVER;
}

/* Makes all transfers tell libcurl their addresses again. */
static void forget_all_addresses(struct transfers *all)
{
    for (struct transfer *t = LIST_FIRST(&all->idle); t; t = LIST_NEXT(t, link))
        forget_addresses(t);
    for (struct transfer *t = LIST_FIRST(&all->running); t; t = LIST_NEXT(t, link))
        forget_addresses(t);
}

/* ---- running transfers ---- */

static void link_running(struct transfers *all, struct transfer *t)
{
    LIST_INSERT_HEAD(&all->running, t, link);
    all->silent_ms = LOOP_NEVER;
    if (++all->exchange->running > all->most_running)
        all->most_running = all->exchange->running;
}

static CURLSH *sessions_new(void)
{
    CURLSH *sessions = curl_share_init();

    (void)curl_share_setopt(sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return sessions;
}

/*
 * Forgets all TLS sessions.  libcurl keeps one with which a handshake failed, and would fail with
 * it again and again.  No transfer may be running.
 */
static void renew_sessions(struct transfers *all)
{
    CURLSH *old = all->sessions;

    all->sessions = sessions_new();
    all->doubts_sessions = false;
    for (struct transfer *t = LIST_FIRST(&all->idle); t; t = LIST_NEXT(t, link))
        (void)curl_easy_setopt(t->easy, CURLOPT_SHARE, all->sessions);
    (void)curl_share_cleanup(old);
}

/* Takes t out of libcurl and of the running ones, and gives back the call it carried. */
static struct http_call *release(struct transfers *all, struct transfer *t)
{
    struct http_call *call = t->call;
    int64_t now_ms = loop_now_ms(all->loop);

    assert(call); /* a running transfer carries one */
    curl_multi_remove_handle(all->multi, t->easy);
    LIST_REMOVE(t, link);
    t->call = NULL;
    keep_idle(all, t);
    if (all->exchange->running-- == all->options->max_running)
        all->exchange->due_ms = now_ms;
    if (all->exchange->running == 0)
        all->silent_ms = now_ms + SILENT_MS;
    if (all->exchange->running == 0 && all->doubts_sessions)
        renew_sessions(all);
    return call;
}

void http_call_end(struct http_call *call, const char *failure)
{
    call->failure = failure;
    call->done(call);
}

static void finish(struct transfers *all, CURL *easy, CURLcode code)
{
    struct transfer *t = NULL;
    const char *failure;
    struct http_call *call;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    if (is_untouched(t, code)) {
        call = release(all, t);
        queue_add(&all->exchange->again, &call->queued, call->deadline_ms);
        all->exchange->due_ms = loop_now_ms(all->loop);
        return;
    }
    failure = take_outcome(t, code);
    all->doubts_sessions |= code == CURLE_SSL_CONNECT_ERROR;
    call = release(all, t);
    if (lacked_addresses(code))
        forget_all_addresses(all);
    http_call_end(call, failure);
}

static void finish_all(struct transfers *all)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(all->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish(all, message->easy_handle, message->data.result);
    }
}

void transfers_fail(struct transfers *all, const char *failure)
{
    while (!LIST_EMPTY(&all->running))
        http_call_end(release(all, LIST_FIRST(&all->running)), failure);
}

/*
 * Closes all connections.  No transfer may be running; the next one gets another multi.  Also of
 * the loop's tasks, when nothing has used a connection for long.
 */
static void drop_multi(void *owner)
{
    struct transfers *all = owner;

    curl_multi_cleanup(all->multi);
    all->multi = NULL;
    all->timer_ms = all->silent_ms = LOOP_NEVER;
    forget_all_addresses(all);
}

/*
 * libcurl that had no memory for its own account of a socket is not to be asked again, since 7.88
 * divides by the size of a table that it has given up (singlesocket in lib/multi.c).  libcurl that
 * could not have a socket watched ends all transfers by itself.
 */
static void start_over(struct transfers *all)
{
    transfers_fail(all, "no memory");
    drop_multi(all);
}

static void act(struct transfers *all, int fd, int mask)
{
    int running;
    CURLMcode code = curl_multi_socket_action(all->multi, fd, mask, &running);

    finish_all(all);
    if (code != CURLM_OK)
        start_over(all);
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct transfers *all = owner;
    int mask = (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
               (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & EPOLLERR ? CURL_CSELECT_ERR : 0);

    act(all, fd, mask); /* before the server's turn, which then sends the responses */
}

/* ---- what libcurl waits for ---- */

/* libcurl tells which sockets it waits for, and for what. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *unused)
{
    struct transfers *all = owner;
    uint32_t events =
        (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);

    (void)easy, (void)unused;
    /*
     * If libcurl were told of a failure, it would end all transfers.  So this one ends at its
     * deadline.
     */
    if (what == CURL_POLL_REMOVE)
        loop_rest(all->loop, fd); /* mostly until the connection's next call */
    else if (loop_watch(all->loop, fd, events, on_ready, all))
        log_event(LOG_ERROR, "upstream",
                  LOG_TEXT("problem", STR("a connection cannot be watched: no memory")));
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct transfers *all = owner;

    (void)multi;
    all->timer_ms = timeout_ms < 0 ? LOOP_NEVER : loop_now_ms(all->loop) + timeout_ms;
    return 0;
}

#define SET_MULTI(option, value) ok = ok && curl_multi_setopt(multi, option, value) == CURLM_OK

static CURLM *multi_new(struct transfers *all)
{
    CURLM *multi = curl_multi_init();
    bool ok = multi != NULL;

    SET_MULTI(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET_MULTI(CURLMOPT_SOCKETDATA, all);
    SET_MULTI(CURLMOPT_TIMERFUNCTION, on_timer);
    SET_MULTI(CURLMOPT_TIMERDATA, all);
    SET_MULTI(CURLMOPT_MAXCONNECTS, (long)all->options->max_running);
    if (ok)
        return multi;
    curl_multi_cleanup(multi);
    return NULL;
}

/* Of the loop's tasks: libcurl has wanted to be called now. */
static void on_time(void *owner)
{
    struct transfers *all = owner;

    all->timer_ms = LOOP_NEVER;
    act(all, CURL_SOCKET_TIMEOUT, 0);
}

bool transfers_start(struct transfers *all, struct http_call *call, const struct target *target)
{
    struct transfer *t;

    if (!all->multi)
        all->multi = multi_new(all);
    if (!all->multi)
        return false;
    t = take_idle(all);
    if (!t)
        return false;
    link_running(all, t);
    if (prepare(all, t, call, target) && curl_multi_add_handle(all->multi, t->easy) == CURLM_OK)
        return true;
    forget_addresses(t);
    (void)release(all, t);
    return false;
}

/* ---- life ---- */

struct transfers *transfers_new(struct loop *loop, const struct http_client_options *options,
                                struct transfer_exchange *exchange)
{
    struct transfers *all = calloc(1, sizeof(*all));

    if (!all)
        return NULL;
    *all = (struct transfers){ .loop = loop,
                               .options = options,
                               .exchange = exchange,
                               .timer_ms = LOOP_NEVER,
                               .sweep_ms = LOOP_NEVER,
                               .silent_ms = LOOP_NEVER };
    all->sessions = sessions_new();
    loop_add_task(loop, &(struct loop_task){ sweep_idle, all, &all->sweep_ms, NULL });
    loop_add_task(loop, &(struct loop_task){ drop_multi, all, &all->silent_ms, NULL });
    loop_add_task(loop, &(struct loop_task){ on_time, all, &all->timer_ms, NULL });
    return all;
}

void transfers_free(struct transfers *all)
{
    if (!all)
        return;
    while (!LIST_EMPTY(&all->idle))
        transfer_free(take_idle(all));
    curl_multi_cleanup(all->multi);
    (void)curl_share_cleanup(all->sessions);
    free(all);
}
