/*
 * The host's wrapping: what is unwrapped is what jansson finds at the same places, and what
 * is wrapped is the answer again.
 */
#include <jansson.h>

#include "payload.h"
#include "stand_in.h"

/* The one string at a name, or NULL. */
static const json_t *text_at(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value) ? value : NULL;
}

static bool is_same(const json_t *text, struct str got)
{
    return text &&
           str_equal(got, (struct str){ json_string_value(text), json_string_length(text) });
}

/* Every member is there, in order; a list of texts counts once for each. */
static void check_pairs(const json_t *object, const struct header *list, size_t count)
{
    const char *name;
    json_t *value;
    size_t seen = 0;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t items = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; i < items; i++, seen++) {
            const json_t *text = json_is_array(value) ? json_array_get(value, i) : value;
            MUST(seen < count && str_equal(list[seen].name, str_from(name)));
            MUST(is_same(text, list[seen].value));
        }
    }
    MUST(seen == count);
}

static void check_unwrapped(const struct http_request *request, struct str text)
{
    json_t *whole =
        json_loadb(text.ptr, text.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    const json_t *req = json_object_get(json_object_get(whole, "Data"), "req");
    const json_t *url = text_at(req, "Url");

    /* Names that stand there twice, and JSON that is too much for jansson, have no oracle. */
    if (whole) {
        MUST(is_same(text_at(req, "Method"), request->method) && url);
        MUST(contains((struct str){ json_string_value(url), json_string_length(url) },
                      request->path) ||
             request->path.len == 0);
        MUST(!contains(request->path, STR("?")));
        check_pairs(json_object_get(req, "Headers"), request->headers, request->header_count);
        check_pairs(json_object_get(req, "Query"), request->query, request->query_count);
        if (json_object_get(req, "Body"))
            MUST(is_same(text_at(req, "Body"), request->body));
        else
            MUST(request->body.len == 0);
    }
    json_decref(whole);
}

static void unwrap(struct input *in, bool is_host)
{
    const struct header headers[] = { { STR("Content-Type"), STR("application/json") } };
    struct http_request request = { .method = is_host ? STR("POST") : input_text(in),
                                    .path = STR("/negotiate"),
                                    .headers = headers,
                                    .header_count = is_host,
                                    .body = input_text(in) };
    struct str text = request.body;
    enum err e;

    arena_init(&request.mem, FUZZ_MEMORY);
    e = payload_unwrap(&request);
    MUST(e == ERR_NONE || e == ERR_SYNTAX);
    if (!request.is_wrapped)
        MUST(!e && request.body.ptr == text.ptr);
    else if (!e)
        check_unwrapped(&request, text);
    arena_free(&request.mem);
}

static bool is_utf8(struct str text)
{
    json_t *value = json_stringn(text.ptr, text.len);

    json_decref(value);
    return value != NULL;
}

static void wrap(struct input *in)
{
    struct http_response response = { .status = 200 + input_choice(in, 255) };
    struct http_response wrapped;
    struct arena mem;

    while (response.header_count < input_choice(in, HTTP_MAX_RESPONSE_HEADERS + 1)) {
        struct header *header = &response.headers[response.header_count++];
        *header = (struct header){ STR("Name"), input_text(in) };
        if (!is_utf8(header->value))
            return;
    }
    response.body = input_text(in);
    if (!is_utf8(response.body))
        return;
    arena_init(&mem, FUZZ_MEMORY);
    MUST(!payload_wrap(&response, &mem, &wrapped) && wrapped.status == 200);
    json_t *whole = json_loadb(wrapped.body.ptr, wrapped.body.len, JSON_ALLOW_NUL, NULL);
    const json_t *res = json_object_get(json_object_get(whole, "Outputs"), "res");
    MUST(json_integer_value(json_object_get(res, "statusCode")) == (json_int_t)response.status);
    MUST(is_same(text_at(res, "body"), response.body));
    if (response.header_count > 0)
        MUST(is_same(text_at(json_object_get(res, "headers"), "Name"),
                     response.headers[response.header_count - 1].value));
    json_decref(whole);
    arena_free(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    unsigned what = input_choice(&in, 3);

    if (what == 2)
        wrap(&in);
    else
        unwrap(&in, what == 0);
    input_free(&in);
    return 0;
}
