#include "io/http_transfer_target.h"

#include <stdlib.h>
#include <string.h>

#include "io/addresses.h"
#include "io/http_proxy.h"
#include "io/http_transfer.h"

bool target_is_of(const struct target *target, const char *url)
{
    return target->base_len > 0 && strncmp(target->base, url, target->base_len) == 0;
}

const char *target_path(const struct target *target, const char *url)
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
        target->has_literal = true;
        return ERR_NONE;
    }
    name = resolver_name(resolver, host, port);
    if (!name)
        return ERR_NO_MEMORY;
    target->names[target->name_count++] = name;
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
    target->name_count = 0;
    target->has_literal = false;
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
