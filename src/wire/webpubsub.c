#include "wire/webpubsub.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/json.h"

/* ---- connection string ---- */

/* The parts of a connection string, as they came. */
struct parts {
    struct str endpoint, access_key, port;
};

static enum err split(struct str text, struct parts *out, const char **why)
{
    const struct {
        struct str name;
        struct str *value;
        const char *twice;
    } known[] = {
        { STR("Endpoint"), &out->endpoint, "has two Endpoint parts" },
        { STR("AccessKey"), &out->access_key, "has two AccessKey parts" },
        { STR("Port"), &out->port, "has two Port parts" },
    };

    while (text.len > 0) {
        struct str value;
        struct str part = str_cut(text, ";", &text);
        struct str name = str_trim(str_cut(part, "=", &value));
        for (size_t i = 0; i < COUNT(known); i++) {
            if (!str_equal_nocase(name, known[i].name))
                continue;
            *why = known[i].twice;
            if (known[i].value->ptr)
                return ERR_SYNTAX;
            *known[i].value = str_trim(value);
        }
    }
    return ERR_NONE;
}

static bool is_host_char(char c)
{
    return base64url_is_char(c) || c == '.';
}

/* Of a URL that is being written. */
static void add_host(struct buf *url, struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        buf_add_char(url, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
    }
}

static bool is_hex_digit(char c)
{
    char lower = (char)(c | 0x20);

    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
}

/* [address] with what stands behind it in *rest; an address has colons of its own. */
static bool cut_address(struct str text, struct str *address, struct str *rest)
{
    size_t len = 1;

    while (len < text.len &&
           (text.ptr[len] == ':' || text.ptr[len] == '.' || is_hex_digit(text.ptr[len])))
        len++;
    if (len < 4 || len == text.len || text.ptr[len] != ']')
        return false;
    *address = str_first(text, len + 1);
    *rest = str_skip(text, len + 1);
    return true;
}

/* host[:port] or [address][:port] */
static bool split_authority(struct str text, struct str *host, struct str *port)
{
    struct str rest;

    if (text.len == 0 || text.ptr[0] != '[') {
        *host = str_cut(text, ":", port);
    } else {
        if (!cut_address(text, host, &rest) || (rest.len > 0 && rest.ptr[0] != ':'))
            return false;
        (void)str_cut(rest, ":", port);
        return rest.len != 1;
    }
    if (host->len + 1 == text.len) /* a colon and nothing behind it */
        return false;
    for (size_t i = 0; i < host->len; i++) {
        if (!is_host_char(host->ptr[i]))
            return false;
    }
    return host->len > 0;
}

/* scheme://host[:port], with *host, and *port empty where there is none */
static bool split_url(struct str url, struct str *scheme, struct str *host, struct str *port)
{
    static const struct str schemes[] = { STR_INIT("https://"), STR_INIT("http://") };

    scheme->len = 0;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        if (str_starts_nocase(url, schemes[i]))
            *scheme = schemes[i];
    }
    if (scheme->len == 0)
        return false;
    url = str_skip(url, scheme->len);
    while (str_ends(url, STR("/")))
        url.len--;
    return split_authority(url, host, port);
}

/* scheme://host[:port], where port, if it is given, wins over the one in url. */
static enum err make_endpoint(struct str text, struct str port, struct arena *mem,
                              struct webpubsub_endpoint *out, const char **why)
{
    struct str scheme = { NULL, 0 }, host, port_in_url;
    struct buf url = { .mem = mem };
    uint64_t number = 0;

    *why = "has an Endpoint that is not https://host or http://host";
    if (!split_url(text, &scheme, &host, &port_in_url))
        return ERR_SYNTAX;
    if (!port.ptr)
        port = port_in_url;
    *why = "has a Port that is not 1 to 65535";
    if (port.ptr && str_to_number(port, 1, 65535, &number))
        return ERR_SYNTAX;
    *why = NULL;

    /* As URLs are compared, so that every spelling leads to the same audience of a token. */
    buf_add(&url, scheme);
    add_host(&url, host);
    /* It never names the scheme's own port. */
    if (number != 0 && number != (scheme.len == strlen("https://") ? 443 : 80)) {
        buf_add_char(&url, ':');
        buf_add_number(&url, number);
    }
    if (buf_done(&url, &out->url))
        return ERR_NO_MEMORY;
    out->host = str_first(str_skip(out->url, scheme.len), host.len);
    return ERR_NONE;
}

enum err webpubsub_parse(struct str text, struct arena *mem, struct webpubsub_endpoint *out,
                         const char **why)
{
    struct parts parts = { 0 };

    if (split(text, &parts, why))
        return ERR_SYNTAX;
    *why = "has no Endpoint";
    if (parts.endpoint.len == 0)
        return ERR_SYNTAX;
    out->access_key = parts.access_key;
    return make_endpoint(parts.endpoint, parts.port, mem, out, why);
}

enum err webpubsub_parse_endpoint(struct str text, struct arena *mem,
                                  struct webpubsub_endpoint *out, const char **why)
{
    out->access_key = (struct str){ NULL, 0 };
    return make_endpoint(str_trim(text), (struct str){ NULL, 0 }, mem, out, why);
}

bool webpubsub_hub_ok(struct str hub)
{
    if (hub.len == 0 || hub.len > WEBPUBSUB_MAX_HUB_CHARS)
        return false;
    for (size_t i = 0; i < hub.len; i++) {
        char c = hub.ptr[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool other = (c >= '0' && c <= '9') || c == '_';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return true;
}

/* ---- tokens ---- */

static const struct str may_send = STR_INIT("webpubsub.sendToGroup.");
static const struct str may_join = STR_INIT("webpubsub.joinLeaveGroup.");

/* "role", in one list for both kinds. */
static void add_roles(struct buf *claims, const struct webpubsub_client *client)
{
    const struct {
        struct str name;
        struct str_list groups;
    } kinds[] = { { may_send, client->sends_to }, { may_join, client->joins } };
    struct str separator = STR(",\"role\":[");
    struct str role;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        for (size_t j = 0; j < kinds[i].groups.count; j++) {
            struct buf text = { .mem = claims->mem };
            buf_add_all(&text, kinds[i].name, kinds[i].groups.at[j]);
            claims->failed |= buf_done(&text, &role) != ERR_NONE;
            if (claims->failed)
                return;
            buf_add(claims, separator);
            json_add_string(claims, role);
            separator = STR(",");
        }
    }
    if (separator.len == 1)
        buf_add_char(claims, ']');
}

/* {"iat":…,"exp":…,"aud":"url…, where the rest of an address may follow: none needs an escape. */
static void begin_claims(struct buf *claims, struct str url, int64_t now_unix,
                         int64_t life_seconds)
{
    char iat[NUMBER_CHARS], exp[NUMBER_CHARS];

    buf_add_all(claims, STR("{\"iat\":"), str_of_number((uint64_t)now_unix, iat),
                STR(",\"exp\":"), str_of_number((uint64_t)(now_unix + life_seconds), exp),
                STR(",\"aud\":\""), url);
}

void webpubsub_add_client_path(struct buf *out, const struct webpubsub *service, bool is_native)
{
    buf_add_all(out, is_native ? STR("/client/hubs/") : STR(WEBPUBSUB_CLIENT_PATH),
                service->hub);
}

/* {"iat":…,"exp":…,"aud":"…"[,"sub":"…"][,"role":[…]]} */
enum err webpubsub_client_token(const struct webpubsub *service,
                                const struct webpubsub_client *client, int64_t now_unix,
                                int64_t life_seconds, struct arena *mem, struct str *out)
{
    struct buf claims = { .mem = mem };
    struct str text;

    buf_reserve(&claims, service->url.len + service->hub.len + client->user.len + 128);
    begin_claims(&claims, service->url, now_unix, life_seconds);
    webpubsub_add_client_path(&claims, service, client->is_native);
    buf_add_char(&claims, '"');
    if (client->user.len > 0) {
        buf_add(&claims, STR(",\"sub\":"));
        json_add_string(&claims, client->user);
    }
    add_roles(&claims, client);
    buf_add_char(&claims, '}');
    return buf_done(&claims, &text) ? ERR_NO_MEMORY : jwt_mint(service->key, text, mem, out);
}

/* ---- requests ---- */

/* {"iat":…,"exp":…,"aud":"…"} */
enum err webpubsub_rest_token(const struct webpubsub *service, struct str url, int64_t now_unix,
                              struct arena *mem, struct str *out)
{
    struct buf claims = { .mem = mem };
    struct str text;

    buf_reserve(&claims, url.len + 64);
    begin_claims(&claims, url, now_unix, WEBPUBSUB_REST_TOKEN_SECONDS);
    buf_add(&claims, STR("\"}"));
    return buf_done(&claims, &text) ? ERR_NO_MEMORY : jwt_mint(service->key, text, mem, out);
}

/* A value of a query (RFC 3986: all but unreserved characters). */
static void add_encoded(struct buf *url, struct str value)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (base64url_is_char(value.ptr[i]) || c == '.' || c == '~')
            buf_add_char(url, (char)c);
        else
            buf_add(url, (struct str){ (char[]){ '%', digits[c >> 4], digits[c & 15] }, 3 });
    }
}

static void add_role_queries(struct buf *url, struct str role, struct str_list groups)
{
    for (size_t i = 0; i < groups.count; i++) {
        buf_add_all(url, STR("&role="), role);
        add_encoded(url, groups.at[i]);
    }
}

enum err webpubsub_generate_token(const struct webpubsub *service,
                                  const struct webpubsub_client *client, int64_t life_seconds,
                                  struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };

    *out = (struct webpubsub_request){ .method = "POST",
                                       .content_type = "text/plain",
                                       .is_idempotent = true };
    buf_add_all(&url, service->url, STR("/api/hubs/"), service->hub);
    buf_add(&url, STR("/:generateToken?api-version=" WEBPUBSUB_API_VERSION "&userId="));
    add_encoded(&url, client->user);
    buf_add(&url, STR("&minutesToExpire="));
    buf_add_number(&url, (uint64_t)(life_seconds / 60));
    add_role_queries(&url, may_send, client->sends_to);
    add_role_queries(&url, may_join, client->joins);
    return buf_done(&url, &out->url);
}
