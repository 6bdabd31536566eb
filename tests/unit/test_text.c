/*
 * Two writers of one room at the same time, with storage that carries out what it is asked in any
 * order, and loses responses: an older text never replaces a newer one.  Loop, client and server are
 * stood in for here, so that an order is a seed and nothing else.
 */
#include "test.h"

#include "app/codestream.h"
#include "app/kept.h"
#include "handler.h"
#include "io/http_client.h"
#include "wire/hmac.h"
#include "wire/json.h"

#define ORDERS 1000
#define ROOM "0123456789ABCDEFabcd-_"
#define WRITES 3

/* Thousands of requests would fill the screen with their lines. */
void __wrap_log_end(struct log_line *line);
void __wrap_log_end(struct log_line *line)
{
    (void)line;
}

/* ---- random numbers ---- */

static uint64_t state;

/* splitmix64 */
static unsigned choose(unsigned count)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (unsigned)((z ^ (z >> 31)) % count);
}

/* ---- the loop ---- */

struct loop {
    int64_t now_ms;
    struct loop_task tasks[LOOP_MAX_TASKS];
    size_t count;
};

static struct loop loop;

int64_t loop_now_ms(const struct loop *l)
{
    return l->now_ms;
}

void loop_add_task(struct loop *l, const struct loop_task *task)
{
    l->tasks[l->count++] = *task;
}

/* ---- storage ---- */

static struct {
    bool exists;
    unsigned etag;
    char etag_text[16];
    struct kept text;
    char mark[2][NUMBER_CHARS];
    struct str marks[2];
} blob;

struct http_client {
    struct http_call *calls[16];
    size_t count;
};

static struct http_client client, identity;

struct http_client *http_client_new(struct loop *l, const struct http_client_options *options)
{
    (void)l, (void)options;
    return &identity;
}

void http_client_free(struct http_client *c)
{
    (void)c;
}

void http_client_abort(struct http_client *c)
{
    (void)c;
}

const char HTTP_CLIENT_TOO_LATE[] = "timed out in the queue";

enum err http_client_start(struct http_client *c, struct http_call *call)
{
    assert_true(c->count < COUNT(c->calls));
    c->calls[c->count++] = call;
    return ERR_NONE;
}

static const char *header_of(const struct http_call *call, const char *name)
{
    for (size_t i = 0; call->headers[i]; i++) {
        if (strncmp(call->headers[i], name, strlen(name)) == 0)
            return call->headers[i] + strlen(name);
    }
    return NULL;
}

static void capture(struct http_call *call, const char *name, struct str value)
{
    for (size_t i = 0; i < call->captured_count; i++) {
        if (str_equal(call->captured[i].name, str_from(name)))
            call->captured[i].value = value;
    }
}

static unsigned refuse(struct http_call *call, unsigned status, const char *code)
{
    capture(call, "x-ms-error-code", str_from(code));
    return status;
}

static unsigned tell_state(struct http_call *call)
{
    if (!blob.exists)
        return refuse(call, 404, "BlobNotFound");
    capture(call, "etag", str_from(blob.etag_text));
    capture(call, "x-ms-meta-epoch", blob.marks[0]);
    capture(call, "x-ms-meta-version", blob.marks[1]);
    return 200;
}

static unsigned take(struct http_call *call)
{
    const char *match = header_of(call, "If-Match: ");
    struct json_field fields[] = { { .name = STR("epoch") }, { .name = STR("version") } };
    uint64_t epoch, version;

    if (header_of(call, "If-None-Match: *") && blob.exists)
        return refuse(call, 409, "BlobAlreadyExists");
    if (match && (!blob.exists || strcmp(match, blob.etag_text) != 0))
        return refuse(call, 412, "ConditionNotMet");
    assert_true(match || header_of(call, "If-None-Match: *"));
    assert_false(json_members(call->body, fields, COUNT(fields)));
    assert_false(str_to_number(fields[0].value, 0, UINT64_MAX, &epoch));
    assert_false(str_to_number(fields[1].value, 0, UINT64_MAX, &version));
    /* What all of this is about. */
    assert_true(!blob.exists ||
                kept_compare(epoch, version, blob.text.epoch, blob.text.version) >= 0);
    blob.exists = true;
    blob.text = (struct kept){ .epoch = epoch, .version = version };
    blob.marks[0] = str_of_number(epoch, blob.mark[0]);
    blob.marks[1] = str_of_number(version, blob.mark[1]);
    (void)snprintf(blob.etag_text, sizeof(blob.etag_text), "\"%u\"", ++blob.etag);
    return 201;
}

/* Carries one of the open calls out; its response may get lost, and then it is tried again. */
static void let_one_through(void)
{
    size_t i = choose((unsigned)client.count);
    struct http_call *call = client.calls[i];

    client.calls[i] = client.calls[--client.count];
    call->status = strcmp(call->method, "PUT") == 0 ? take(call) : tell_state(call);
    if (choose(5) == 0)
        call->status = refuse(call, 500, "InternalError");
    call->done(call);
}

static void give_token(void)
{
    struct http_call *call = identity.calls[--identity.count];

    call->status = 200;
    /* It is overwritten when it has been read. */
    if (arena_copy(call->mem, STR("{\"access_token\":\"t\",\"expires_on\":\"9999999999\"}"),
                   &call->response))
        fail();
    call->done(call);
}

/* ---- writers ---- */

struct writer {
    struct http_request request;
    struct header query[2], headers[1];
    unsigned status; /* 0: under way */
    char body[128], epoch_text[NUMBER_CHARS];
    uint64_t epoch, version;
};

static struct writer writers[2];
static uint64_t best[2]; /* the newest that was acknowledged */

void http_response_send(struct http_request *request, const struct http_response *response)
{
    struct writer *w = (struct writer *)request;

    w->status = response->status;
    assert_true(w->status == 200 || w->status == 412 || w->status == 503);
    if (w->status == 200 && kept_compare(w->epoch, w->version, best[0], best[1]) > 0) {
        best[0] = w->epoch;
        best[1] = w->version;
    }
}

static void begin_write(struct handler *handler, struct writer *w, struct str authorization)
{
    bool deletes = choose(6) == 0;

    arena_free(&w->request.mem);
    *w = (struct writer){ .epoch = 1 + choose(2), .version = choose(4) };
    arena_init(&w->request.mem, TEST_MEMORY);
    w->request.loop = &loop;
    w->query[0] = (struct header){ STR("room_id"), STR(ROOM) };
    w->query[1] = (struct header){ STR("epoch"), str_of_number(w->epoch, w->epoch_text) };
    w->headers[0] = (struct header){ STR("Authorization"), authorization };
    w->request.query = w->query;
    w->request.query_count = 2;
    w->request.headers = w->headers;
    w->request.header_count = 1;
    (void)snprintf(w->body, sizeof(w->body),
                   "{\"epoch\":%u,\"version\":%u,\"name\":\"\",\"language\":\"c\","
                   "\"content\":\"x\"}",
                   (unsigned)w->epoch, (unsigned)w->version);
    w->request.body = str_from(w->body);
    if (deletes)
        w->version = KEPT_DELETED;
    (deletes ? text_delete : text_put)(handler, &w->request);
}

static void run_order(struct handler *handler, struct str authorization, uint64_t seed)
{
    unsigned left[2] = { WRITES, WRITES };

    state = seed;
    memset(&blob, 0, sizeof(blob));
    best[0] = best[1] = 0;
    for (size_t i = 0; i < COUNT(writers); i++)
        writers[i].status = 200;
    for (;;) {
        for (size_t i = 0; i < COUNT(writers); i++) {
            if (writers[i].status && left[i] > 0 && left[i]--)
                begin_write(handler, &writers[i], authorization);
        }
        if (identity.count > 0)
            give_token();
        else if (client.count > 0)
            let_one_through();
        else if (writers[0].status && writers[1].status)
            break;
        loop.now_ms += 20;
        for (size_t i = 0; i < loop.count; i++) {
            if (*loop.tasks[i].due_ms <= loop.now_ms)
                loop.tasks[i].run(loop.tasks[i].owner);
        }
    }
    if (best[0] > 0)
        assert_true(kept_compare(blob.text.epoch, blob.text.version, best[0], best[1]) >= 0);
}

static void test_races(void **unused)
{
    static struct config config = { .rest_timeout_ms = 5000 };
    const struct rest_options options = { .identity = { .endpoint = STR_INIT("http://identity"),
                                                        .header = STR_INIT("h"),
                                                        .service = "storage.azure.com" } };
    struct handler handler = { .app = &codestream_app, .config = &config, .loop = &loop };
    struct str message, key, authorization;
    struct arena mem;

    (void)unused;
    arena_init(&mem, TEST_MEMORY);
    config.storage.endpoint.url = STR("http://storage");
    handler.secret = hmac_key_new(STR("a secret of the tests, long enough to be one"));
    assert_non_null(handler.secret);
    assert_false(rest_init(&handler.storage, &options, &loop, &client));
    assert_false(arena_concat(&mem, &message, STR("codestream writer key\n"), STR(ROOM)));
    assert_false(hmac_sign_text(handler.secret, message, &mem, &key));
    assert_false(arena_concat(&mem, &authorization, STR("Bearer "), key));
    for (uint64_t seed = 1; seed <= ORDERS; seed++) {
        (void)snprintf(test_place, sizeof(test_place), "seed %u", (unsigned)seed);
        run_order(&handler, authorization, seed);
    }
    test_place[0] = '\0';
    for (size_t i = 0; i < COUNT(writers); i++)
        arena_free(&writers[i].request.mem);
    assert_int_equal(handler.texts, 0);
    rest_free(&handler.storage);
    hmac_key_free(handler.secret);
    arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_races) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
