#include "payload.h"

#include "wire/http.h"
#include "wire/json.h"

bool payload_may_be(const struct http_request *request)
{
    return str_equal(request->method, STR("POST")) &&
           str_starts_nocase(http_request_header(request, STR("Content-Type")),
                             STR("application/json"));
}

/* {"Data":…,"Metadata":…}: no request of anybody else has both. */
static bool is_wrapped(const struct http_request *request, struct str *data)
{
    struct json_field fields[] = { { .name = STR("Data") }, { .name = STR("Metadata") } };

    if (!payload_may_be(request) || json_members(request->body, fields, COUNT(fields)) ||
        !fields[1].value.ptr)
        return false;
    *data = fields[0].value;
    return data->ptr != NULL;
}

/* https://host/path?query: what stands between host and query. */
static struct str path_of(struct str url)
{
    struct str rest;

    (void)str_cut(url, ":", &rest);
    for (int slashes = 0; rest.len > 0; rest = str_skip(rest, 1)) {
        if (rest.ptr[0] == '/' && ++slashes == 3)
            break;
    }
    return str_cut(rest, "?", &url);
}

/* The one value of a header, which stands in a list; a second one makes it two headers. */
static enum err add_values(struct header *list, size_t *count, struct str name,
                           struct str value, struct arena *mem)
{
    struct str items[PAYLOAD_MAX_PAIRS];
    size_t item_count = 1;

    items[0] = value;
    if (value.ptr[0] == '[' && json_elements(value, items, COUNT(items), &item_count))
        return ERR_SYNTAX;
    for (size_t i = 0; i < item_count; i++) {
        enum err e;
        if (*count == PAYLOAD_MAX_PAIRS || i == COUNT(items))
            return ERR_SYNTAX;
        list[*count].name = name;
        e = json_text(items[i], mem, &list[(*count)++].value);
        if (e)
            return e;
    }
    return ERR_NONE;
}

/* An object of strings, or of lists of strings; absent, it is empty. */
static enum err read_pairs(struct str object, struct arena *mem, const struct header **out,
                           size_t *out_count)
{
    struct json_pair pairs[PAYLOAD_MAX_PAIRS];
    struct header *list = arena_take(mem, PAYLOAD_MAX_PAIRS * sizeof(*list));
    size_t count = 0, pair_count = 0;

    if (!list)
        return ERR_NO_MEMORY;
    if (object.ptr &&
        (json_pairs(object, pairs, COUNT(pairs), &pair_count) || pair_count > COUNT(pairs)))
        return ERR_SYNTAX;
    for (size_t i = 0; i < pair_count; i++) {
        struct str name;
        enum err e = json_text(pairs[i].name, mem, &name);
        e = e ? e : add_values(list, &count, name, pairs[i].value, mem);
        if (e)
            return e;
    }
    *out = list;
    *out_count = count;
    return ERR_NONE;
}

static enum err unwrap(struct http_request *request, struct str data)
{
    enum { URL, METHOD, QUERY, HEADERS, BODY };
    struct json_field trigger = { .name = STR("req") };
    struct json_field fields[] = { { .name = STR("Url") },
                                   { .name = STR("Method") },
                                   { .name = STR("Query") },
                                   { .name = STR("Headers") },
                                   { .name = STR("Body") } };
    struct arena *mem = &request->mem;
    struct str url;
    enum err e;

    if (json_members(data, &trigger, 1) || json_members(trigger.value, fields, COUNT(fields)))
        return ERR_SYNTAX;
    e = json_text(fields[URL].value, mem, &url);
    e = e ? e : json_text(fields[METHOD].value, mem, &request->method);
    e = e ? e : read_pairs(fields[QUERY].value, mem, &request->query, &request->query_count);
    e = e ? e
          : read_pairs(fields[HEADERS].value, mem, &request->headers, &request->header_count);
    /* JSON can spell what no header can have: it is refused as in a head. */
    if (!e && http_headers_complaint(request->headers, request->header_count))
        e = ERR_SYNTAX;
    request->body = (struct str){ NULL, 0 };
    if (!e && fields[BODY].value.ptr)
        e = json_text(fields[BODY].value, mem, &request->body);
    if (!e)
        request->path = path_of(url);
    return e;
}

enum err payload_unwrap(struct http_request *request)
{
    struct str data;

    if (!is_wrapped(request, &data))
        return ERR_NONE;
    request->is_wrapped = true;
    return unwrap(request, data);
}

static void add_member(struct buf *out, struct str name, struct str value)
{
    json_add_string(out, name);
    buf_add_char(out, ':');
    json_add_string(out, value);
}

enum err payload_wrap(const struct http_response *response, struct arena *mem,
                      struct http_response *out)
{
    struct buf body = { .mem = mem };

    buf_add(&body, STR("{\"Outputs\":{\"res\":{\"statusCode\":"));
    buf_add_number(&body, response->status);
    buf_add(&body, STR(",\"headers\":{"));
    for (size_t i = 0; i < response->header_count; i++) {
        if (i > 0)
            buf_add_char(&body, ',');
        add_member(&body, response->headers[i].name, response->headers[i].value);
    }
    buf_add(&body, STR("},\"body\":"));
    json_add_string(&body, response->body);
    buf_add(&body, STR("}},\"Logs\":[],\"ReturnValue\":null}"));
    *out = (struct http_response){
        .status = 200,
        .headers = { { STR("Content-Type"), STR("application/json") } },
        .header_count = 1,
    };
    return buf_done(&body, &out->body);
}
