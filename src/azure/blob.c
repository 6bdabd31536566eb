#include "azure/blob.h"

#include <string.h>

/* Knows tokens of Entra, and all that is asked for here. */
#define VERSION_HEADER "x-ms-version: 2021-12-02"

/* Headers of the response that are read. */
enum { ETAG = REST_WANTED, EPOCH, VERSION_OF };

/* ---- requests ---- */

static enum err begin(const struct blob *blob, const char *method, struct str query,
                      struct arena *mem, struct rest_call *call)
{
    call->request = (struct webpubsub_request){ .method = method,
                                                .content_type = "application/json",
                                                .is_idempotent = true };
    call->headers[0] = VERSION_HEADER;
    call->read[ETAG].name = STR("etag");
    call->read[EPOCH].name = STR("x-ms-meta-epoch");
    call->read[VERSION_OF].name = STR("x-ms-meta-version");
    return arena_concat(mem, &call->request.url, blob->service, STR("/" BLOB_CONTAINER "/"),
                        blob->name, query);
}

enum err blob_ask_state(const struct blob *blob, struct arena *mem, struct rest_call *call)
{
    return begin(blob, "GET", STR("?comp=metadata"), mem, call);
}

enum err blob_get(const struct blob *blob, struct str etag, size_t max_bytes, struct arena *mem,
                  struct rest_call *call)
{
    if (begin(blob, "GET", STR(""), mem, call))
        return ERR_NO_MEMORY;
    call->max_response = max_bytes;
    if (!etag.ptr)
        return ERR_NONE;
    call->headers[1] = arena_cstr(mem, STR("If-None-Match: "), etag);
    return call->headers[1] ? ERR_NONE : ERR_NO_MEMORY;
}

enum err blob_put(const struct blob *blob, const struct blob_state *there,
                  const struct blob_mark *mark, struct str content, struct arena *mem,
                  struct rest_call *call)
{
    const char *condition =
        there->exists ? arena_cstr(mem, STR("If-Match: "), there->etag) : "If-None-Match: *";
    const char *headers[] = {
        "x-ms-blob-type: BlockBlob",
        "x-ms-blob-content-type: application/json",
        "x-ms-blob-cache-control: no-cache",
        arena_cstr(mem, STR("x-ms-meta-epoch: "), DECIMAL(mark->epoch)),
        arena_cstr(mem, STR("x-ms-meta-version: "), DECIMAL(mark->version)),
        condition,
    };

    if (begin(blob, "PUT", STR(""), mem, call))
        return ERR_NO_MEMORY;
    call->request.body = content;
    for (size_t i = 0; i < COUNT(headers); i++) {
        if (!headers[i])
            return ERR_NO_MEMORY;
        call->headers[1 + i] = headers[i];
    }
    return ERR_NONE;
}

/* ---- responses ---- */

enum blob_outcome blob_outcome(const struct rest_call *call)
{
    unsigned status = call->http.status;
    struct str code = call->read[REST_ERROR_CODE].value;

    if (!call->failure)
        return BLOB_DONE;
    if (status == 304)
        return BLOB_UNCHANGED;
    if (status == 404 && str_equal(code, STR("BlobNotFound")))
        return BLOB_MISSING;
    if (status == 409 && str_equal(code, STR("BlobAlreadyExists")))
        return BLOB_CHANGED;
    if (status == 412 && str_equal(code, STR("ConditionNotMet")))
        return BLOB_CHANGED;
    if (status >= 400 && status < 500 && status != 408 && status != 429)
        return BLOB_REFUSED;
    return BLOB_UNAVAILABLE;
}

bool blob_etag_ok(struct str text)
{
    if (text.len < 2 || text.len > BLOB_MAX_ETAG_CHARS || !str_is_visible(text) ||
        text.ptr[0] != '"' || text.ptr[text.len - 1] != '"')
        return false;
    return !memchr(text.ptr + 1, '"', text.len - 2);
}

enum err blob_read_state(const struct rest_call *call, struct blob_state *out)
{
    out->exists = true;
    out->etag = call->read[ETAG].value;
    if (!blob_etag_ok(out->etag) ||
        str_to_number(call->read[EPOCH].value, 0, UINT64_MAX, &out->mark.epoch) ||
        str_to_number(call->read[VERSION_OF].value, 0, UINT64_MAX, &out->mark.version))
        return ERR_SYNTAX;
    return ERR_NONE;
}
