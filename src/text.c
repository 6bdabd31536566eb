/*
 * /text: the newest text of a room, kept as a blob.  Of all copies of a text here none lives longer
 * than the request that brought it.
 *
 * A text replaces only an older one: what is there is asked for, compared, and replaced on the
 * condition that it is still there.  When somebody else was faster, all that is done again.
 */
#include <time.h>

#include "app/kept.h"
#include "azure/blob.h"
#include "handler.h"
#include "response.h"
#include "wire/json.h"

/* Of a blob: a text, and what kept_write puts around it. */
#define MAX_BLOB_BYTES (TEXT_MAX_BYTES + 1024)

/* How often another writer of the room may be faster.  Two of them are seldom at it at once. */
#define MAX_ROUNDS 8

/* A request on its way to its response.  It lives in the request's arena. */
struct keeping {
    struct handler *handler;
    struct http_request *request;
    struct blob blob;
    struct kept kept;
    struct blob_state there;
    unsigned rounds;
    int64_t deadline_ms;
    struct rest_call call;
};

/* Anybody may read, or try a key, without end, and must not fill the log by it. */
static struct response_sample reads, refusals;

/* ---- responses ---- */

static void end(struct keeping *k)
{
    k->handler->texts--;
}

/* What storage said, in words: its status and its own error code. */
static const char *told(struct keeping *k, const char *what)
{
    const struct rest_call *call = &k->call;
    struct str code = call->read[REST_ERROR_CODE].value;
    const char *text;

    if (call->http.status == 0)
        return call->failure;
    if (code.len > BLOB_MAX_ETAG_CHARS || !json_is_text(code))
        code = STR("");
    text = arena_cstr(&k->request->mem, str_from(what), STR(": "), DECIMAL(call->http.status),
                      code.len > 0 ? STR(" ") : STR(""), code);
    return text ? text : what;
}

static void respond_error(struct keeping *k, unsigned status, const char *code,
                          const char *message, struct response_sample *sample)
{
    end(k);
    response_error_sampled(k->request, status, code, message, sample);
}

static void respond_unavailable(struct keeping *k, const char *why)
{
    respond_error(k, 503, "StorageUnavailable", why, NULL);
}

/* 502 says that asking again would not help, and 503 that it may. */
static void respond_failed(struct keeping *k, enum blob_outcome outcome)
{
    if (outcome == BLOB_REFUSED)
        respond_error(k, 502, "StorageRefused", told(k, "the storage account refuses it"),
                      NULL);
    else
        respond_unavailable(k, told(k, "the storage account cannot be reached"));
}

static void respond_missing(struct keeping *k)
{
    respond_error(k, 404, "NotKept", "no text of this room is kept", &reads);
}

/* before: the beginning of the JSON, which ends with this epoch and version. */
static void respond_mark(struct keeping *k, unsigned status, struct str before, uint64_t epoch,
                         uint64_t version)
{
    struct str body;

    end(k);
    if (arena_concat(&k->request->mem, &body, before, STR("\"epoch\":"), DECIMAL(epoch),
                     STR(",\"version\":"), DECIMAL(version), STR("}")))
        body = STR("{}");
    response_send_json(k->request, status, body, NO_HEADER);
}

/* {"epoch":…,"version":…}: what is kept now */
static void respond_kept(struct keeping *k)
{
    response_log_outcome(k->request, 200, NULL, NULL, NULL);
    respond_mark(k, 200, STR("{"), k->kept.epoch, k->kept.version);
}

#define OLDER "a newer text is kept"

/* {"error":{…},"epoch":…,"version":…}: what is there is newer */
static void respond_older(struct keeping *k)
{
    response_log_outcome(k->request, 412, "Older", OLDER, NULL);
    respond_mark(k, 412, STR("{\"error\":{\"code\":\"Older\",\"message\":\"" OLDER "\"},"),
                 k->there.mark.epoch, k->there.mark.version);
}

/* ---- what all three begin with ---- */

/* Finds out which room is meant.  false: the caller has its response. */
static bool find_room(struct handler *handler, struct http_request *request, struct str key,
                      struct str *room)
{
    struct app_caller caller = {
        .query = request->query,
        .query_count = request->query_count,
        .secret = handler->secret,
        .mem = &request->mem,
    };

    *room = handler->app->keeper(&caller, key);
    if (!caller.pass.refusal)
        return true;
    response_error_sampled(request, response_status_of(caller.pass.refusal),
                           app_refusal_code(caller.pass.refusal).ptr, caller.pass.message,
                           &refusals);
    return false;
}

/* NULL: the caller has its response. */
static struct keeping *begin(struct handler *handler, struct http_request *request,
                             struct str key)
{
    struct keeping *k;
    struct str room;

    if (!handler->storage.client) {
        response_error_sampled(request, 404, "NotFound", "no texts are kept here", &refusals);
        return NULL;
    }
    if (!find_room(handler, request, key, &room))
        return NULL;
    k = arena_space(&request->mem, sizeof(*k));
    if (!k || handler->texts >= HANDLER_MAX_TEXTS) {
        response_error(request, 503, "StorageUnavailable",
                       k ? "too many requests are in flight" : "no memory");
        return NULL;
    }
    handler->texts++;
    *k = (struct keeping){
        .handler = handler,
        .request = request,
        .blob = { handler->config->storage.endpoint.url, room },
        .deadline_ms = loop_now_ms(handler->loop) + handler->config->rest_timeout_ms,
    };
    return k;
}

/* Prepares a call.  The caller still has to write into it what it asks for. */
static struct rest_call *prepare(struct keeping *k, void (*done)(void *owner))
{
    k->call = (struct rest_call){ .rest = &k->handler->storage,
                                  .mem = &k->request->mem,
                                  .deadline_ms = k->deadline_ms,
                                  .done = done,
                                  .owner = k };
    return &k->call;
}

/* Starts the call that has been prepared.  e: whether that went well */
static void start(struct keeping *k, enum err e)
{
    if (e)
        respond_unavailable(k, "no memory");
    else
        rest_start(&k->call);
}

/* ---- GET ---- */

static void respond_text(struct keeping *k, unsigned status)
{
    struct http_response response = {
        .status = status,
        .headers = { { STR("Content-Type"), STR("application/json") },
                     { STR("Cache-Control"), STR("no-cache") },
                     { STR("X-Content-Type-Options"), STR("nosniff") },
                     { STR("ETag"), k->there.etag } },
        .header_count = 4,
        .body = k->call.http.response,
    };

    end(k);
    response_log_outcome(k->request, status, NULL, NULL, &reads);
    http_response_send(k->request, &response);
}

static void on_text(void *owner)
{
    struct keeping *k = owner;
    enum blob_outcome outcome = blob_outcome(&k->call);

    if (outcome == BLOB_DONE && blob_read_state(&k->call, &k->there))
        outcome = BLOB_REFUSED;
    else if (outcome == BLOB_DONE && k->there.mark.version == KEPT_DELETED)
        outcome = BLOB_MISSING;
    if (outcome == BLOB_DONE)
        respond_text(k, 200);
    else if (outcome == BLOB_UNCHANGED)
        respond_text(k, 304);
    else if (outcome == BLOB_MISSING)
        respond_missing(k);
    else
        respond_failed(k, outcome);
}

/*
 * The one ETag that the reader has.  If it was weakened on its way, it still names the same
 * bytes.
 */
static struct str etag_of(const struct http_request *request)
{
    struct str etag = http_request_header(request, STR("If-None-Match"));

    if (str_starts(etag, STR("W/")))
        etag = str_skip(etag, 2);
    return blob_etag_ok(etag) ? etag : NO_STR;
}

void text_get(struct handler *handler, struct http_request *request)
{
    struct keeping *k = begin(handler, request, NO_STR);

    if (!k)
        return;
    request->mem.limit_bytes += 2 * (size_t)MAX_BLOB_BYTES;
    k->there.etag = etag_of(request); /* of a 304, which need not repeat it */
    start(k, blob_get(&k->blob, k->there.etag, MAX_BLOB_BYTES, &request->mem,
                      prepare(k, on_text)));
}

/* ---- PUT and DELETE ---- */

static void ask_state(struct keeping *k);

static void on_put(void *owner)
{
    struct keeping *k = owner;
    enum blob_outcome outcome = blob_outcome(&k->call);

    if (outcome == BLOB_DONE)
        respond_kept(k);
    else if (outcome != BLOB_CHANGED)
        respond_failed(k, outcome);
    else if (++k->rounds < MAX_ROUNDS)
        ask_state(k);
    else
        respond_unavailable(k, "other texts of this room are being stored at the same time");
}

static void put(struct keeping *k)
{
    const struct blob_mark mark = { k->kept.epoch, k->kept.version };
    struct arena *mem = &k->request->mem;
    struct str content;
    enum err e = kept_write(&k->kept, (uint64_t)time(NULL) * 1000, mem, &content);

    start(k, e ? e : blob_put(&k->blob, &k->there, &mark, content, mem, prepare(k, on_put)));
}

/*
 * Puts the text unless a newer one is there.  The same epoch and version is the same text,
 * whose name and language may have changed.  If an earlier try of ours has put it there and
 * only the response was lost, nothing is left to do.
 */
static void compare(struct keeping *k)
{
    const struct blob_mark *there = &k->there.mark;
    int order;

    if (k->kept.epoch == 0) /* a text to delete, whichever it is */
        k->kept.epoch = there->epoch;
    order = kept_compare(k->kept.epoch, k->kept.version, there->epoch, there->version);
    if (order < 0)
        respond_older(k);
    else if (order == 0 && (k->rounds > 0 || k->kept.version == KEPT_DELETED))
        respond_kept(k);
    else
        put(k);
}

static void on_state(void *owner)
{
    struct keeping *k = owner;
    enum blob_outcome outcome = blob_outcome(&k->call);

    k->there = (struct blob_state){ .exists = false };
    if (outcome == BLOB_MISSING && k->kept.epoch == 0)
        respond_missing(k);
    else if (outcome == BLOB_MISSING)
        put(k);
    else if (outcome != BLOB_DONE)
        respond_failed(k, outcome);
    else if (blob_read_state(&k->call, &k->there))
        respond_failed(k, BLOB_REFUSED);
    else
        compare(k);
}

static void ask_state(struct keeping *k)
{
    start(k, blob_ask_state(&k->blob, &k->request->mem, prepare(k, on_state)));
}

/* The key behind "Bearer "; not NULL, since whoever gives none must not pass for a reader. */
static struct str key_of(const struct http_request *request)
{
    static const struct str scheme = STR_INIT("Bearer ");
    struct str value = http_request_only_header(request, STR("Authorization"));

    return str_starts_nocase(value, scheme) ? str_trim(str_skip(value, scheme.len)) : STR("");
}

void text_put(struct handler *handler, struct http_request *request)
{
    struct keeping *k;

    if (http_request_header(request, STR("Content-Encoding")).len > 0)
        response_error(request, 415, "Encoded", "the body must not be encoded");
    else if (request->is_too_large)
        response_error(request, 413, "TooLarge", "the body has at most 1 MiB");
    else if (request->is_cut)
        response_error(request, 503, "StorageUnavailable", "no room for this request");
    else if ((k = begin(handler, request, key_of(request)))) {
        if (kept_read(request->body, &k->kept))
            respond_error(k, 400, "BadRequest",
                          "the body must be a JSON object with name, language, epoch, version "
                          "and content",
                          NULL);
        else
            ask_state(k);
    }
}

void text_delete(struct handler *handler, struct http_request *request)
{
    struct str text = http_request_query(request, STR("epoch"));
    struct keeping *k = begin(handler, request, key_of(request));
    uint64_t epoch = 0; /* that of the text that is there */

    if (!k)
        return;
    if ((text.ptr && kept_read_epoch(text, &epoch)) ||
        header_is_repeated(request->query, request->query_count, STR("epoch"))) {
        respond_error(k, 400, "BadRequest", "epoch must be one whole number", NULL);
        return;
    }
    k->kept = kept_deleted(epoch);
    ask_state(k);
}
