#include "azure/webpubsub.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/http.h"
#include "wire/json.h"

#define VERSION_QUERY "?api-version=" WEBPUBSUB_API_VERSION

/* ---- connection string ---- */

/* The parts of a connection string. */
enum part { ENDPOINT, ACCESS_KEY, PORT, PARTS };

/* As they came. */
static enum err split(struct str text, struct str parts[static PARTS], const char **why)
{
    static const struct str names[PARTS] = { STR_INIT("Endpoint"), STR_INIT("AccessKey"),
                                             STR_INIT("Port") };
    static const char *const twice[PARTS] = { "has two Endpoint parts",
                                              "has two AccessKey parts", "has two Port parts" };

    while (text.len > 0) {
        struct str value;
        struct str part = str_cut(text, ";", &text);
        struct str name = str_trim(str_cut(part, "=", &value));
        for (size_t i = 0; i < PARTS; i++) {
            if (!str_equal_nocase(name, names[i]))
                continue;
            *why = twice[i];
            if (parts[i].ptr)
                return ERR_SYNTAX;
            parts[i] = str_trim(value);
        }
    }
    return ERR_NONE;
}

/* Of a URL that is being written. */
static void add_host(struct buf *url, struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        buf_add_char(url, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
    }
}

/* http[s]://host[:port], with slashes behind it; *port is empty where there is none. */
static bool split_url(struct str url, bool *is_secure, struct str *host, struct str *port)
{
    if (!http_cut_scheme(&url, is_secure))
        return false;
    while (str_ends(url, STR("/")))
        url.len--;
    return http_split_authority(url, host, port) && !(port->ptr && port->len == 0);
}

/* scheme://host[:port], where port, if it is given, wins over the one in url. */
static enum err make_endpoint(struct str text, struct str port, struct arena *mem,
                              struct webpubsub_endpoint *out, const char **why)
{
    struct str host, port_in_url, scheme;
    bool is_secure;
    struct buf url = { .mem = mem };
    uint64_t number = 0;

    *why = "has an Endpoint that is not https://host or http://host";
    if (!split_url(text, &is_secure, &host, &port_in_url))
        return ERR_SYNTAX;
    if (!port.ptr)
        port = port_in_url;
    *why = "has a Port that is not 1 to 65535";
    if (port.ptr && str_to_number(port, 1, 65535, &number))
        return ERR_SYNTAX;
    *why = NULL;

    /*
     * The URL is spelt as URLs are compared, so that every spelling leads to the same audience
     * of a token.
     */
    scheme = is_secure ? STR("https://") : STR("http://");
    buf_add(&url, scheme);
    add_host(&url, host);
    /* It never names the scheme's own port. */
    if (number != 0 && number != (is_secure ? 443 : 80)) {
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
    struct str parts[PARTS] = { NO_STR };

    if (split(text, parts, why))
        return ERR_SYNTAX;
    *why = "has no Endpoint";
    if (parts[ENDPOINT].len == 0)
        return ERR_SYNTAX;
    out->access_key = parts[ACCESS_KEY];
    return make_endpoint(parts[ENDPOINT], parts[PORT], mem, out, why);
}

enum err webpubsub_parse_endpoint(struct str text, struct arena *mem,
                                  struct webpubsub_endpoint *out, const char **why)
{
    out->access_key = NO_STR;
    return make_endpoint(str_trim(text), NO_STR, mem, out, why);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_in_hub(char c)
{
    return is_letter(c) || is_digit(c) || c == '_';
}

bool webpubsub_hub_ok(struct str hub)
{
    return hub.len > 0 && hub.len <= WEBPUBSUB_MAX_HUB_CHARS && is_letter(hub.ptr[0]) &&
           str_is_all(hub, is_in_hub);
}

/* ---- clients ---- */

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

static void add_hub_url(struct buf *url, const struct webpubsub *webpubsub)
{
    buf_add_all(url, webpubsub->url, STR("/api/hubs/"), webpubsub->hub);
}

static void add_role_queries(struct buf *url, struct str role, struct str_list groups)
{
    for (size_t i = 0; i < groups.count; i++) {
        buf_add_all(url, STR("&role="), role);
        add_encoded(url, groups.at[i]);
    }
}

enum err webpubsub_generate_token(const struct webpubsub *webpubsub,
                                  const struct webpubsub_client *client, int64_t life_seconds,
                                  struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };

    *out = (struct webpubsub_request){ .method = "POST",
                                       .content_type = "text/plain",
                                       .is_idempotent = true };
    add_hub_url(&url, webpubsub);
    buf_add(&url, STR("/:generateToken" VERSION_QUERY "&userId="));
    add_encoded(&url, client->user);
    buf_add_all(&url, STR("&minutesToExpire="), DECIMAL((uint64_t)(life_seconds / 60)));
    add_role_queries(&url, STR(WEBPUBSUB_MAY_SEND), client->sends_to);
    add_role_queries(&url, STR(WEBPUBSUB_MAY_JOIN), client->joins);
    return buf_done(&url, &out->url);
}

/* ---- groups ---- */

void webpubsub_add_group(struct buf *out, struct str nsp, struct str room)
{
    buf_add(out, STR("0~"));
    base64url_add(out, nsp);
    buf_add_char(out, '~');
    base64url_add(out, room);
}

static bool group_ok(struct str nsp, struct str room)
{
    size_t most = WEBPUBSUB_MAX_GROUP_CHARS;

    if (nsp.len > most || room.len > most)
        return false;
    return strlen("0~~") + BASE64URL_LEN(nsp.len) + BASE64URL_LEN(room.len) <= most;
}

static bool groups_ok(struct str nsp, struct str_list rooms)
{
    for (size_t i = 0; i < rooms.count; i++) {
        if (!group_ok(nsp, rooms.at[i]))
            return false;
    }
    return true;
}

static size_t count_conditions(const struct webpubsub_target *target)
{
    return target->rooms.count + target->except.count + (target->within.len > 0);
}

static bool target_ok(const struct webpubsub_target *target)
{
    return count_conditions(target) <= WEBPUBSUB_MAX_CLAUSES &&
           group_ok(target->nsp, target->within) && groups_ok(target->nsp, target->rooms) &&
           groups_ok(target->nsp, target->except);
}

/* ---- filters ---- */

static void add_membership(struct buf *out, struct str nsp, struct str room)
{
    buf_add_char(out, '\'');
    webpubsub_add_group(out, nsp, room);
    buf_add(out, STR("' in groups"));
}

static bool has_conditions(const struct webpubsub_target *target)
{
    return target->within.len > 0 || target->except.count > 0;
}

/*
 * Adds that a connection is in one of the rooms: a or b or c.  Without any: in the namespace.
 */
static void add_rooms(struct buf *out, const struct webpubsub_target *target)
{
    bool is_grouped = target->rooms.count > 1 && has_conditions(target);

    if (target->rooms.count == 0)
        add_membership(out, target->nsp, NO_STR);
    for (size_t i = 0; i < target->rooms.count; i++) {
        buf_add(out, i > 0 ? STR(" or ") : is_grouped ? STR("(") : STR(""));
        add_membership(out, target->nsp, target->rooms.at[i]);
    }
    if (is_grouped)
        buf_add_char(out, ')');
}

/* Adds what has to hold besides. */
static void add_conditions(struct buf *out, const struct webpubsub_target *target)
{
    if (target->within.len > 0)
        add_membership(out, target->nsp, target->within);
    for (size_t i = 0; i < target->except.count; i++) {
        buf_add(out, i > 0 || target->within.len > 0 ? STR(" and not (") : STR("not ("));
        add_membership(out, target->nsp, target->except.at[i]);
        buf_add_char(out, ')');
    }
}

void webpubsub_add_filter(struct buf *out, const struct webpubsub_target *target)
{
    add_rooms(out, target);
    if (has_conditions(target))
        buf_add(out, STR(" and "));
    add_conditions(out, target);
}

/* Up to three conditions always have their place, however long the names in them are. */
static bool is_too_long(const struct webpubsub_target *target, size_t filter_chars)
{
    return count_conditions(target) > 3 && filter_chars > WEBPUBSUB_MAX_FILTER_CHARS;
}

/* ---- requests ---- */

/*
 * To the group that holds all of them, or to all of the hub, with a filter for what else has to
 * hold.  A group holds them all where they are in one room, or in one of several within another.
 */
enum err webpubsub_send(const struct webpubsub *webpubsub,
                        const struct webpubsub_target *target, bool may_name_group,
                        struct str packet, struct arena *mem, struct webpubsub_request *out)
{
    bool is_choice = target->rooms.count > 1;
    bool is_to_group = may_name_group && (!is_choice || target->within.len > 0);
    struct webpubsub_target filtered = *target;
    struct buf filter = { .mem = mem }, url = { .mem = mem };
    size_t begin;

    if (!target_ok(target))
        return ERR_SYNTAX;
    add_hub_url(&url, webpubsub);
    if (is_to_group) {
        buf_add(&url, STR("/groups/"));
        webpubsub_add_group(&url, target->nsp,
                            is_choice                 ? target->within
                            : target->rooms.count > 0 ? target->rooms.at[0]
                                                      : STR(""));
        filtered.within = is_choice ? STR("") : target->within;
    }
    if (is_to_group && !is_choice)
        add_conditions(&filter, &filtered);
    else
        webpubsub_add_filter(&filter, &filtered);
    buf_add(&url, filter.len > 0 ? STR("/:send" VERSION_QUERY "&filter=")
                                 : STR("/:send" VERSION_QUERY));
    begin = url.len;
    add_encoded(&url, buf_text(&filter));
    if (is_too_long(target, url.len - begin))
        return ERR_SYNTAX;
    *out = (struct webpubsub_request){ .method = "POST",
                                       .content_type = "text/plain",
                                       .body = packet };
    return filter.failed ? ERR_NO_MEMORY : buf_done(&url, &out->url);
}

/* {"groups":[…],"filter":"…"}: neither needs an escape. */
enum err webpubsub_move(const struct webpubsub *webpubsub, enum webpubsub_move move,
                        const struct webpubsub_target *target, struct str_list rooms,
                        struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };
    struct buf body = { .mem = mem };
    size_t filter;

    if (!target_ok(target) || !groups_ok(target->nsp, rooms))
        return ERR_SYNTAX;
    *out = (struct webpubsub_request){ .method = "POST",
                                       .content_type = "application/json",
                                       .is_idempotent = true };
    add_hub_url(&url, webpubsub);
    buf_add(&url, move == WEBPUBSUB_JOIN ? STR("/:addToGroups" VERSION_QUERY)
                                         : STR("/:removeFromGroups" VERSION_QUERY));
    if (buf_done(&url, &out->url))
        return ERR_NO_MEMORY;
    buf_add(&body, STR("{\"groups\":["));
    for (size_t i = 0; i < rooms.count; i++) {
        buf_add(&body, i > 0 ? STR(",\"") : STR("\""));
        webpubsub_add_group(&body, target->nsp, rooms.at[i]);
        buf_add_char(&body, '"');
    }
    buf_add(&body, STR("],\"filter\":\""));
    filter = body.len;
    webpubsub_add_filter(&body, target);
    if (is_too_long(target, body.len - filter))
        return ERR_SYNTAX;
    buf_add(&body, STR("\"}"));
    return buf_done(&body, &out->body);
}

/* ---- members ---- */

enum err webpubsub_list(const struct webpubsub *webpubsub, struct str nsp, struct str room,
                        struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };

    if (!group_ok(nsp, room))
        return ERR_SYNTAX;
    *out = (struct webpubsub_request){ .method = "GET", .is_idempotent = true };
    add_hub_url(&url, webpubsub);
    buf_add(&url, STR("/groups/"));
    webpubsub_add_group(&url, nsp, room);
    buf_add_all(&url,
                STR("/connections?api-version=" WEBPUBSUB_LIST_API_VERSION "&maxpagesize="),
                DECIMAL(WEBPUBSUB_PAGE));
    return buf_done(&url, &out->url);
}

/* True for what can go into a token's claims and to the server as it is. */
static bool is_url_text(struct str text)
{
    return str_is_visible(text) && !memchr(text.ptr, '"', text.len) &&
           !memchr(text.ptr, '\\', text.len) && !memchr(text.ptr, '#', text.len);
}

/*
 * Encodes the URL of the next page.  Our token goes to that place and names it, so the URL must
 * lead to the same host, however it spells that.  ERR_SYNTAX: it leads elsewhere.
 */
static enum err encode_ours(const struct webpubsub *webpubsub, struct str url,
                            struct arena *mem, struct str *out)
{
    struct webpubsub_endpoint place;
    const char *why;
    size_t path = 0;
    enum err e;

    if (!is_url_text(url))
        return ERR_SYNTAX;
    while (path < url.len && !str_starts(str_skip(url, path), STR("/api/hubs/")))
        path++;
    if (path == url.len || str_ends(str_first(url, path), STR("/")))
        return ERR_SYNTAX;
    e = webpubsub_parse_endpoint(str_first(url, path), mem, &place, &why);
    if (e)
        return e;
    if (!str_equal(place.url, webpubsub->url))
        return ERR_SYNTAX;
    return arena_concat(mem, out, webpubsub->url, str_skip(url, path));
}

enum err webpubsub_read_list(const struct webpubsub *webpubsub, struct str response,
                             struct arena *mem, size_t *count, struct str *next)
{
    struct json_field fields[] = { { .name = STR("value") }, { .name = STR("nextLink") } };
    enum err e;

    *next = NO_STR;
    if (json_members(response, fields, COUNT(fields)) || !fields[0].value.ptr ||
        json_elements(fields[0].value, NULL, 0, count))
        return ERR_SYNTAX;
    if (!fields[1].value.ptr || str_equal(fields[1].value, STR("null")))
        return ERR_NONE;
    e = json_text(fields[1].value, mem, next);
    if (e || next->len == 0)
        return e;
    return encode_ours(webpubsub, *next, mem, next);
}
