/*
 * Rooms as groups, targets as filters, and the requests that reach them.
 */
#include <string.h>

#include "wire/base64url.h"
#include "wire/json.h"
#include "wire/webpubsub.h"

#define VERSION_QUERY "?api-version=" WEBPUBSUB_API_VERSION

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

static bool target_ok(const struct webpubsub_target *target)
{
    return group_ok(target->nsp, target->within) && groups_ok(target->nsp, target->rooms) &&
           groups_ok(target->nsp, target->except);
}

/* ---- filters ---- */

/* A filter's words as they stand in JSON, and percent-encoded in a URL; groups are the same. */
struct words {
    struct str quote, in_groups, open, close, is_not, both, either;
};

static const struct words plain = {
    STR_INIT("'"),     STR_INIT("' in groups"), STR_INIT("("),    STR_INIT(")"),
    STR_INIT("not ("), STR_INIT(" and "),       STR_INIT(" or "),
};

static const struct words encoded = {
    STR_INIT("%27"),       STR_INIT("%27%20in%20groups"), STR_INIT("%28"),      STR_INIT("%29"),
    STR_INIT("not%20%28"), STR_INIT("%20and%20"),         STR_INIT("%20or%20"),
};

static void add_membership(struct buf *out, const struct words *words, struct str nsp,
                           struct str room)
{
    buf_add(out, words->quote);
    webpubsub_add_group(out, nsp, room);
    buf_add(out, words->in_groups);
}

static bool has_conditions(const struct webpubsub_target *target)
{
    return target->within.len > 0 || target->except.count > 0;
}

/* One of rooms: a or b or c.  Without any: all of the namespace. */
static void add_rooms(struct buf *out, const struct words *words,
                      const struct webpubsub_target *target)
{
    bool is_grouped = target->rooms.count > 1 && has_conditions(target);

    if (target->rooms.count == 0)
        add_membership(out, words, target->nsp, (struct str){ NULL, 0 });
    if (is_grouped)
        buf_add(out, words->open);
    for (size_t i = 0; i < target->rooms.count; i++) {
        if (i > 0)
            buf_add(out, words->either);
        add_membership(out, words, target->nsp, target->rooms.at[i]);
    }
    if (is_grouped)
        buf_add(out, words->close);
}

/* What has to hold besides. */
static void add_conditions(struct buf *out, const struct words *words,
                           const struct webpubsub_target *target)
{
    if (target->within.len > 0)
        add_membership(out, words, target->nsp, target->within);
    for (size_t i = 0; i < target->except.count; i++) {
        if (i > 0 || target->within.len > 0)
            buf_add(out, words->both);
        buf_add(out, words->is_not);
        add_membership(out, words, target->nsp, target->except.at[i]);
        buf_add(out, words->close);
    }
}

static void add_filter(struct buf *out, const struct words *words,
                       const struct webpubsub_target *target)
{
    add_rooms(out, words, target);
    if (has_conditions(target))
        buf_add(out, words->both);
    add_conditions(out, words, target);
}

void webpubsub_add_filter(struct buf *out, const struct webpubsub_target *target)
{
    add_filter(out, &plain, target);
}

/* ---- requests ---- */

static void add_hub_url(struct buf *url, const struct webpubsub *service)
{
    buf_add_all(url, service->url, STR("/api/hubs/"), service->hub);
}

static enum err finish_send(struct buf *url, struct str packet, struct webpubsub_request *out)
{
    *out = (struct webpubsub_request){ .method = "POST",
                                       .content_type = "text/plain",
                                       .body = packet };
    return buf_done(url, &out->url);
}

/* To the group that holds all of them, if there is one, with what else has to hold. */
enum err webpubsub_send(const struct webpubsub *service, const struct webpubsub_target *target,
                        struct str packet, struct arena *mem, struct webpubsub_request *out)
{
    bool is_choice = target->rooms.count > 1; /* several of those within */
    struct str group = is_choice                 ? target->within
                       : target->rooms.count > 0 ? target->rooms.at[0]
                                                 : STR("");
    struct buf url = { .mem = mem };

    if (is_choice && target->within.len == 0)
        return webpubsub_disconnect(service, target, packet, mem, out);
    if (!target_ok(target))
        return ERR_SYNTAX;
    add_hub_url(&url, service);
    buf_add(&url, STR("/groups/"));
    webpubsub_add_group(&url, target->nsp, group);
    buf_add(&url, STR("/:send" VERSION_QUERY));
    if (has_conditions(target))
        buf_add(&url, STR("&filter="));
    if (is_choice) {
        const struct webpubsub_target some = { .nsp = target->nsp,
                                               .rooms = target->rooms,
                                               .except = target->except };
        add_filter(&url, &encoded, &some);
    } else {
        add_conditions(&url, &encoded, target);
    }
    return finish_send(&url, packet, out);
}

enum err webpubsub_disconnect(const struct webpubsub *service,
                              const struct webpubsub_target *target, struct str packet,
                              struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };

    if (!target_ok(target))
        return ERR_SYNTAX;
    add_hub_url(&url, service);
    buf_add(&url, STR("/:send" VERSION_QUERY "&filter="));
    add_filter(&url, &encoded, target);
    return finish_send(&url, packet, out);
}

/* {"groups":[…],"filter":"…"}: neither needs an escape. */
static enum err move(const struct webpubsub *service, struct str operation,
                     const struct webpubsub_target *target, struct str_list rooms,
                     struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };
    struct buf body = { .mem = mem };

    if (!target_ok(target) || !groups_ok(target->nsp, rooms))
        return ERR_SYNTAX;
    *out = (struct webpubsub_request){ .method = "POST",
                                       .content_type = "application/json",
                                       .is_idempotent = true };
    add_hub_url(&url, service);
    buf_add_all(&url, operation, STR(VERSION_QUERY));
    if (buf_done(&url, &out->url))
        return ERR_NO_MEMORY;
    buf_add(&body, STR("{\"groups\":["));
    for (size_t i = 0; i < rooms.count; i++) {
        buf_add(&body, i > 0 ? STR(",\"") : STR("\""));
        webpubsub_add_group(&body, target->nsp, rooms.at[i]);
        buf_add_char(&body, '"');
    }
    buf_add(&body, STR("],\"filter\":\""));
    webpubsub_add_filter(&body, target);
    buf_add(&body, STR("\"}"));
    return buf_done(&body, &out->body);
}

enum err webpubsub_join(const struct webpubsub *service, const struct webpubsub_target *target,
                        struct str_list rooms, struct arena *mem, struct webpubsub_request *out)
{
    return move(service, STR("/:addToGroups"), target, rooms, mem, out);
}

enum err webpubsub_leave(const struct webpubsub *service, const struct webpubsub_target *target,
                         struct str_list rooms, struct arena *mem,
                         struct webpubsub_request *out)
{
    return move(service, STR("/:removeFromGroups"), target, rooms, mem, out);
}

/* ---- long filters ---- */

/* What each condition has around its group, percent-encoded, at most; one of a choice has less. */
#define CLAUSE_CHARS sizeof("%20and%20not%20%28%270~~%27%20in%20groups%29")
#define CHOICE_CHARS strlen("%20or%20%270~~%27%20in%20groups")

static size_t filter_chars(struct str nsp, struct str_list rooms, size_t around)
{
    size_t chars = 0;

    for (size_t i = 0; i < rooms.count; i++)
        chars += around + BASE64URL_LEN(nsp.len) + BASE64URL_LEN(rooms.at[i].len);
    return chars;
}

static size_t parts(size_t count)
{
    return (count + WEBPUBSUB_MAX_CLAUSES - 1) / WEBPUBSUB_MAX_CLAUSES;
}

static struct str_list part(struct str_list list, size_t i)
{
    size_t first = i * WEBPUBSUB_MAX_CLAUSES;
    size_t left = list.count - first;

    return (struct str_list){ list.at + first,
                              left < WEBPUBSUB_MAX_CLAUSES ? left : WEBPUBSUB_MAX_CLAUSES };
}

/* For all of the namespace there is one part, which has no rooms. */
static size_t room_parts(const struct webpubsub_target *target)
{
    return target->rooms.count > 0 ? parts(target->rooms.count) : 1;
}

size_t webpubsub_gather_count(const struct webpubsub_target *target)
{
    size_t clauses = target->rooms.count + target->except.count + (target->within.len > 0);
    size_t around = target->within.len > 0 ? CHOICE_CHARS : CLAUSE_CHARS;
    size_t chars = filter_chars(target->nsp, target->rooms, around) +
                   filter_chars(target->nsp, target->except, CLAUSE_CHARS);

    if (clauses <= 3 ||
        (clauses <= WEBPUBSUB_MAX_CLAUSES && chars <= WEBPUBSUB_MAX_FILTER_CHARS))
        return 0;
    return room_parts(target) + parts(target->except.count);
}

enum err webpubsub_gather(const struct webpubsub *service,
                          const struct webpubsub_target *target, struct str room, size_t i,
                          struct arena *mem, struct webpubsub_request *out)
{
    const struct str_list gathered = { &room, 1 };
    struct webpubsub_target some = { .nsp = target->nsp };

    if (i >= room_parts(target)) {
        some.rooms = part(target->except, i - room_parts(target));
        return webpubsub_leave(service, &some, gathered, mem, out);
    }
    if (target->rooms.count > 0)
        some.rooms = part(target->rooms, i);
    return webpubsub_join(service, &some, gathered, mem, out);
}

/* ---- members ---- */

enum err webpubsub_list(const struct webpubsub *service, struct str nsp, struct str room,
                        struct arena *mem, struct webpubsub_request *out)
{
    struct buf url = { .mem = mem };

    if (!group_ok(nsp, room))
        return ERR_SYNTAX;
    *out = (struct webpubsub_request){ .method = "GET", .is_idempotent = true };
    add_hub_url(&url, service);
    buf_add(&url, STR("/groups/"));
    webpubsub_add_group(&url, nsp, room);
    buf_add(&url, STR("/connections?api-version=" WEBPUBSUB_LIST_API_VERSION "&maxpagesize="));
    buf_add_number(&url, WEBPUBSUB_PAGE);
    return buf_done(&url, &out->url);
}

/* Goes into a token's claims as it is, and to the server as it is. */
static bool is_url_text(struct str text)
{
    return str_is_visible(text) && !memchr(text.ptr, '"', text.len) &&
           !memchr(text.ptr, '\\', text.len) && !memchr(text.ptr, '#', text.len);
}

/*
 * Our token goes wherever the next page is, and names it: only to the same service, however it
 * spells itself, and as a URL.  ERR_SYNTAX: it is elsewhere.
 */
static enum err spell_ours(const struct webpubsub *service, struct str url, struct arena *mem,
                           struct str *out)
{
    struct webpubsub_endpoint place;
    struct buf ours = { .mem = mem };
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
    if (!str_equal(place.url, service->url))
        return ERR_SYNTAX;
    buf_add_all(&ours, service->url, str_skip(url, path));
    return buf_done(&ours, out);
}

enum err webpubsub_read_list(const struct webpubsub *service, struct str answer,
                             struct arena *mem, size_t *count, struct str *next)
{
    struct json_field fields[] = { { .name = STR("value") }, { .name = STR("nextLink") } };
    enum err e;

    *next = (struct str){ NULL, 0 };
    if (json_members(answer, fields, COUNT(fields)) || !fields[0].value.ptr ||
        json_elements(fields[0].value, NULL, 0, count))
        return ERR_SYNTAX;
    if (!fields[1].value.ptr || str_equal(fields[1].value, STR("null")))
        return ERR_NONE;
    e = json_text(fields[1].value, mem, next);
    if (e || next->len == 0)
        return e;
    return spell_ours(service, *next, mem, next);
}
