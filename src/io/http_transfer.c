#include "io/http_transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/hosts.h"

/* ---- targets ---- */

bool target_is_of(const struct target *target, const char *url)
{
    return target->base_len > 0 && strncmp(target->base, url, target->base_len) == 0;
}

static const char *target_path(const struct target *target, const char *url)
{
    return target->base_len > 0 ? url + target->base_len - 1 : NULL;
}

/*
 * libcurl takes a URL apart and puts it together again, and again, for each transfer.  All but
 * the host is of no interest to it, so it gets that alone, and the rest as it is to be sent.
 */
static void cut(struct target *target, const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strpbrk(host + 3, "/?#") : NULL;

    target->base_len = 0;
    target->base[0] = '\0';
    if (!path || *path != '/' || path - url >= TARGET_BASE_CHARS)
        return;
    target->base_len = (size_t)(path - url) + 1;
    memcpy(target->base, url, target->base_len);
    target->base[target->base_len] = '\0';
}

/* libcurl knows this one itself, and its names below it (RFC 6761 section 6.3). */
static bool is_localhost(const char *host)
{
    struct str name = str_from(host);

    return str_equal_nocase(name, STR("localhost")) ||
           (name.len > 10 &&
            str_equal_nocase(str_skip(name, name.len - 10), STR(".localhost")));
}

static enum err add_name(struct target *target, struct resolver *resolver, const char *host,
                         unsigned port)
{
    struct resolver_name *name;

    if (addresses_is_literal(host) || is_localhost(host)) {
        target->names.has_literal = true;
        return ERR_NONE;
    }
    name = resolver_name(resolver, host, port);
    if (!name)
        return ERR_NO_MEMORY;
    target->names.at[target->names.count++] = name;
    return ERR_NONE;
}

/* A part of a URL, to be given to curl_free; NULL: it has none.  ERR_NO_MEMORY. */
static enum err part_of(CURLU *url, CURLUPart part, unsigned flags, char **text)
{
    *text = NULL;
    return curl_url_get(url, part, text, flags) == CURLUE_OUT_OF_MEMORY ? ERR_NO_MEMORY
                                                                        : ERR_NONE;
}

/* Leaves it as it is where the URL has none.  ERR_NO_MEMORY. */
static enum err read_port(CURLU *url, unsigned flags, unsigned *port)
{
    uint64_t number = *port;
    char *text;
    enum err e = part_of(url, CURLUPART_PORT, flags, &text);

    if (text)
        (void)!str_to_number(str_from(text), 0, 65535, &number);
    curl_free(text);
    *port = (unsigned)number;
    return e;
}

/* Most proxies are told the name and look it up, but these are told an address. */
static bool is_told_addresses(const char *proxy_scheme)
{
    struct str scheme = str_from(proxy_scheme);

    return str_equal_nocase(scheme, STR("socks5")) || str_equal_nocase(scheme, STR("socks4")) ||
           str_equal_nocase(scheme, STR("socks"));
}

/* The proxy's own name, as libcurl reads the variable; and does it need the host's as well? */
static enum err add_proxy(struct target *target, struct resolver *resolver, CURLU *url,
                          bool *needs_host)
{
    char *scheme, *host;
    enum err no_scheme = part_of(url, CURLUPART_SCHEME, 0, &scheme);
    enum err no_host = part_of(url, CURLUPART_HOST, CURLU_URLDECODE, &host);
    unsigned port = str_equal_nocase(str_from(scheme), STR("https")) ? 443 : 1080;
    enum err e = ERR_NO_MEMORY;

    *needs_host = is_told_addresses(scheme);
    if (!no_scheme && !no_host && host && !read_port(url, 0, &port))
        e = add_name(target, resolver, host, port);
    curl_free(scheme);
    curl_free(host);
    return e;
}

static enum err read_proxy(struct target *target, const char *proxy, struct resolver *resolver,
                           bool *needs_host)
{
    CURLU *url = curl_url();
    enum err e = ERR_NONE; /* of what is no URL */
    CURLUcode code;

    if (!url)
        return ERR_NO_MEMORY;
    target->proxy = proxy;
    *needs_host = false;
    code =
        curl_url_set(url, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
    if (code == CURLUE_OK)
        e = add_proxy(target, resolver, url, needs_host);
    else if (code == CURLUE_OUT_OF_MEMORY)
        e = ERR_NO_MEMORY;
    curl_url_cleanup(url);
    return e;
}

static enum err read_names(struct target *target, CURLU *url, const char *host,
                           const struct http_client_options *options, struct resolver *resolver)
{
    bool has_proxy = !options->is_plain && options->proxy && options->proxy[0] &&
                     !http_proxy_spares(options->no_proxy, str_from(host));
    bool needs_host = true;
    unsigned port = 0;

    if (has_proxy && read_proxy(target, options->proxy, resolver, &needs_host))
        return ERR_NO_MEMORY;
    if (!needs_host)
        return ERR_NONE;
    if (read_port(url, CURLU_DEFAULT_PORT, &port))
        return ERR_NO_MEMORY;
    return add_name(target, resolver, host, port);
}

enum err target_read(struct target *target, const char *url,
                     const struct http_client_options *options, struct resolver *resolver)
{
    CURLU *parts = curl_url();
    enum err e = ERR_NONE;
    char *host = NULL;

    if (!parts)
        return ERR_NO_MEMORY;
    cut(target, url);
    target->id++;
    target->proxy = "";
    target->names = (struct target_names){ .count = 0 };
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
        e = part_of(parts, CURLUPART_HOST, CURLU_PUNYCODE, &host);
    if (host)
        e = read_names(target, parts, host, options, resolver);
    if (e || !host)
        target->base_len = 0; /* it is read again for the next call */
    curl_free(host);
    curl_url_cleanup(parts);
    return e;
}

/* libcurl's buffers, which a call holds while it waits; most responses are a few headers. */
#define READ_BYTES 2048L
#define WRITE_BYTES 16384L /* libcurl's least */

/* ---- what libcurl calls ---- */

/* A large response is announced: its memory is taken once. */
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
    if (t->call->keep_response)
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
 * libcurl asks before it sends a request.  By itself it would send again what went out on a kept
 * connection that turns out to be broken; but the server may have taken what had left.
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
 * Before libcurl looks up a name that it has no addresses of, which would be a wait on this
 * thread or a thread of its own.  It asks for addresses, too, that are names of themselves.
 */
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
static int may_look_up(void *resolver, void *reserved, void *of)
{
    const struct transfer *t = of;

    (void)resolver, (void)reserved;
    return t->names.has_literal ? 0 : 1;
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
    SET(CURLOPT_WRITEFUNCTION, take_response);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_SOCKOPTFUNCTION, limit_silence);
    SET(CURLOPT_RESOLVER_START_FUNCTION, may_look_up);
    SET(CURLOPT_RESOLVER_START_DATA, t);
    SET(CURLOPT_PREREQFUNCTION, may_send);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CLIENT_CONNECT_MS);
    SET(CURLOPT_BUFFERSIZE, READ_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, WRITE_BYTES);
    SET(CURLOPT_MAXAGE_CONN, (long)HTTP_CLIENT_KEEP_SECONDS);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_NOPROXY, ""); /* a proxy is set only where it is needed: aim */
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

/* ---- life ---- */

struct transfer *transfer_new(const struct http_client_options *options)
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

void transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    free(t);
}

/* ---- a call ---- */

/* The call's headers as libcurl's list, made in place: nothing to allocate or to free. */
static void list_headers(struct transfer *t, const struct http_call *call,
                         const char *user_agent)
{
    /* libcurl would send these by itself; an empty value takes a header away. */
    static const char *const not_sent[] = { "Accept:", "Expect:" };
    size_t count = 0;

    t->headers[count++].data = unconst(user_agent);

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

/* Where the handle is set up for this target already, only the path differs. */
static bool aim(struct transfer *t, const struct target *target, const char *url)
{
    CURL *easy = t->easy;
    bool ok = true;

    SET(CURLOPT_REQUEST_TARGET, target_path(target, url));
    if (t->target_id == target->id)
        return ok;
    t->target_id = 0;
    SET(CURLOPT_URL, target->base_len > 0 ? target->base : url);
    SET(CURLOPT_PROXY, target->proxy);
    t->names = target->names;
    if (ok)
        t->target_id = target->id;
    return ok;
}

/* libcurl keeps what it is told for all transfers of a multi; most of them have no news for it. */
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

void transfer_forget_addresses(struct transfer *t)
{
    memset(t->told, 0, sizeof(t->told));
}

bool transfer_prepare(struct transfer *t, struct http_call *call, const struct target *target,
                      const char *user_agent, int64_t now_ms)
{
    CURL *easy = t->easy;
    bool ok = true;

    t->call = call;
    list_headers(t, call, user_agent);
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
    SET(CURLOPT_TIMEOUT_MS, (long)(call->deadline_ms - now_ms));
    return ok && aim(t, target, call->url) && tell_addresses(t);
}

/* ---- its end ---- */

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

/* What libcurl knows is gone with the next use of its handle; the call gets copies. */
static void capture_headers(CURL *easy, struct http_call *call)
{
    for (size_t i = 0; i < call->captured_count; i++) {
        struct header *wanted = &call->captured[i];
        struct curl_header *found;
        if (curl_easy_header(easy, wanted->name.ptr, 0, CURLH_HEADER, -1, &found) == CURLHE_OK)
            (void)!arena_copy(call->mem, str_from(found->value), &wanted->value);
    }
}

bool transfer_is_untouched(const struct transfer *t, CURLcode code)
{
    CURL *easy = t->easy;

    return code == CURLE_SEND_ERROR &&
           number_of(easy, CURLINFO_REQUEST_SIZE) == t->sent_before &&
           number_of(easy, CURLINFO_NUM_CONNECTS) == 0;
}

bool transfer_lacked_addresses(CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_OUT_OF_MEMORY;
}

static void doubt_addresses(const struct transfer *t)
{
    for (size_t i = 0; t->sent_before < 0 && i < t->names.count; i++)
        resolver_doubt(t->names.at[i]);
}

const char *transfer_finish(struct transfer *t, CURLcode code)
{
    struct http_call *call = t->call;

    if (t->response_bytes > t->max_response && !call->keep_response)
        code = CURLE_OK; /* we broke off: the status has told what there is to know */
    if (code != CURLE_OK) {
        doubt_addresses(t);
        return name_failure(t->easy, code);
    }
    capture_headers(t->easy, call);
    if (call->keep_response && buf_done(&t->response, &call->response))
        return "no memory";
    call->status = (unsigned)number_of(t->easy, CURLINFO_RESPONSE_CODE);
    return NULL;
}
