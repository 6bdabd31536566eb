#include "audience.h"

#include <jansson.h>

/* ---- groups ---- */

static int base64_digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static struct str decode(struct str text, struct arena *mem)
{
    struct buf out = { .mem = mem };
    unsigned bits = 0;

    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.ptr[i]);
        MUST(digit >= 0);
        bits = bits << 6 | (unsigned)digit;
        if (i % 4 != 0)
            buf_add_char(&out, (char)(bits >> (6 - 2 * (i % 4)) & 0xff));
    }
    return built(&out);
}

/* 0~namespace~room */
static struct group read_group(struct str text, struct arena *mem)
{
    struct str nsp, room, rest;

    MUST(text.len <= 1024 && str_starts(text, STR("0~")));
    nsp = str_cut(str_skip(text, 2), "~", &room);
    MUST(room.ptr || text.len == 2 + nsp.len + 1);
    (void)str_cut(room, "~", &rest);
    MUST(!rest.ptr);
    return (struct group){ decode(nsp, mem), decode(room, mem) };
}

static bool is_in(const struct connection *connection, struct group group)
{
    if (!str_equal(connection->nsp, group.nsp))
        return false;
    for (size_t i = 0; i < connection->room_count; i++) {
        if (str_equal(connection->rooms[i], group.room))
            return true;
    }
    return group.room.len == 0;
}

/* ---- filters: OData, as far as groups go ---- */

/* A condition is the set of the connections for which it holds. */
struct filter {
    struct str left;
    const struct connection *connections;
    size_t count;
    struct arena *mem;
};

static uint64_t members(const struct filter *f, struct group group)
{
    uint64_t set = 0;

    for (size_t i = 0; i < f->count; i++)
        set |= (uint64_t)is_in(&f->connections[i], group) << i;
    return set;
}

static bool accept(struct filter *f, const char *word)
{
    if (!str_starts(f->left, str_from(word)))
        return false;
    f->left = str_skip(f->left, strlen(word));
    return true;
}

static uint64_t either(struct filter *f);

/* 'group' in groups, or something in parentheses */
static uint64_t primary(struct filter *f)
{
    struct str literal;
    uint64_t set;

    if (accept(f, "(")) {
        set = either(f);
        MUST(accept(f, ")"));
        return set;
    }
    MUST(accept(f, "'"));
    literal = str_cut(f->left, "'", &f->left);
    MUST(accept(f, " in groups"));
    return members(f, read_group(literal, f->mem));
}

/* `not` binds tighter than `in`, so that it needs parentheses. */
static uint64_t negated(struct filter *f)
{
    if (!accept(f, "not "))
        return primary(f);
    MUST(str_starts(f->left, STR("(")));
    return ~primary(f);
}

static uint64_t both(struct filter *f)
{
    uint64_t set = negated(f);

    while (accept(f, " and "))
        set &= negated(f);
    return set;
}

static uint64_t either(struct filter *f)
{
    uint64_t set = both(f);

    while (accept(f, " or "))
        set |= both(f);
    return set;
}

uint64_t audience_of(const struct audience *audience, const struct connection *connections,
                     size_t count, struct arena *mem)
{
    struct filter f = { audience->filter, connections, count, mem };
    uint64_t set = UINT64_MAX;

    MUST(count < AUDIENCE_MAX_CONNECTIONS);
    if (audience->filter.ptr) {
        set = either(&f);
        MUST(f.left.len == 0);
    }
    if (audience->has_group)
        set &= members(&f, audience->group);
    return set & ((UINT64_C(1) << count) - 1);
}

/* ---- requests ---- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static struct str percent_decode(struct str text, struct arena *mem)
{
    struct buf out = { .mem = mem };

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            MUST(i + 2 < text.len && hex_digit(text.ptr[i + 1]) >= 0);
            MUST(hex_digit(text.ptr[i + 2]) >= 0);
            c = (char)(hex_digit(text.ptr[i + 1]) << 4 | hex_digit(text.ptr[i + 2]));
            i += 2;
        }
        buf_add_char(&out, c);
    }
    return built(&out);
}

static void must_be_legal(struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        MUST(base64_digit(url.ptr[i]) >= 0 ||
             (url.ptr[i] != '\0' && strchr(".~:/?&=%", url.ptr[i])));
}

static void read_query(struct str query, struct audience *out, struct arena *mem)
{
    while (query.len > 0) {
        struct str value, name = str_cut(str_cut(query, "&", &query), "=", &value);
        if (str_equal(name, STR("filter"))) {
            MUST(!out->filter.ptr && value.len > 0);
            out->filter = percent_decode(value, mem);
        } else {
            MUST(str_equal(name, STR("api-version")) || str_equal(name, STR("maxpagesize")));
        }
    }
}

/* {"groups":[…],"filter":"…"} and nothing else. */
static void read_body(struct str body, struct audience *out, struct arena *mem)
{
    json_t *object = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *groups = json_object_get(object, "groups");
    const json_t *filter = json_object_get(object, "filter");

    MUST(json_object_size(object) == 2 && json_is_array(groups) && json_is_string(filter));
    out->moved_count = json_array_size(groups);
    out->moved = arena_take(mem, out->moved_count * sizeof(*out->moved));
    MUST(out->moved && out->moved_count > 0 && out->moved_count <= AUDIENCE_MAX_GROUPS);
    for (size_t i = 0; i < out->moved_count; i++) {
        struct str text = str_from(json_string_value(json_array_get(groups, i)));
        out->moved[i] = read_group(text, mem);
    }
    MUST(!arena_copy(mem, str_from(json_string_value(filter)), &out->filter));
    json_decref(object);
}

static enum request_kind read_operation(struct str operation, bool has_group)
{
    if (str_equal(operation, STR("/:send")))
        return REQUEST_SEND;
    if (has_group) {
        MUST(str_equal(operation, STR("/connections")));
        return REQUEST_LIST;
    }
    if (str_equal(operation, STR("/:addToGroups")))
        return REQUEST_JOIN;
    MUST(str_equal(operation, STR("/:removeFromGroups")));
    return REQUEST_LEAVE;
}

struct audience audience_read(struct str hub_url, struct str url, struct str body,
                              struct arena *mem)
{
    struct audience out = { .has_group = false };
    struct str path, query;

    must_be_legal(url);
    MUST(str_starts(url, hub_url));
    path = str_cut(str_skip(url, hub_url.len), "?", &query);
    if (str_starts(path, STR("/groups/"))) {
        struct str group = str_cut(str_skip(path, strlen("/groups/")), "/", &path);
        out.has_group = true;
        out.group = read_group(group, mem);
        path = (struct str){ path.ptr - 1, path.len + 1 };
    }
    out.kind = read_operation(path, out.has_group);
    read_query(query, &out, mem);
    if (out.kind == REQUEST_JOIN || out.kind == REQUEST_LEAVE) {
        MUST(!out.filter.ptr);
        read_body(body, &out, mem);
    }
    MUST(out.has_group || out.filter.ptr);
    return out;
}
