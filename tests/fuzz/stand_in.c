#include "stand_in.h"

#define MAX_CALLS 64

struct stand_in stand_in;

/* ---- the loop ---- */

struct loop {
    int64_t now_ms;
    struct loop_task tasks[LOOP_MAX_TASKS];
    size_t task_count;
};

static struct loop only_loop = { .now_ms = 1000000 };

struct loop *stand_in_loop(void)
{
    return &only_loop;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

void loop_add_task(struct loop *loop, const struct loop_task *task)
{
    MUST(loop->task_count < LOOP_MAX_TASKS);
    loop->tasks[loop->task_count++] = *task;
}

static void run_if_due(const struct loop_task *task)
{
    if (!task->due_ms || *task->due_ms <= only_loop.now_ms)
        task->run(task->owner);
}

void stand_in_pass_time(int64_t ms)
{
    only_loop.now_ms += ms;
    for (size_t i = 0; i < only_loop.task_count; i++)
        run_if_due(&only_loop.tasks[i]);
}

/* ---- the client: all clients share one queue ---- */

struct http_client {
    int nothing;
};

/* In the order in which they were started. */
static struct http_call *waiting[MAX_CALLS];
static size_t waiting_count;

struct http_client *http_client_new(struct loop *loop,
                                    const struct http_client_options *options)
{
    MUST(loop == &only_loop && options->user_agent);
    return calloc(1, sizeof(struct http_client));
}

void http_client_free(struct http_client *client)
{
    free(client);
}

static void must_be_one_line(const char *text)
{
    for (; *text; text++)
        MUST((unsigned char)*text >= 0x20 && *text != 0x7f);
}

const char HTTP_CLIENT_TOO_LATE[] = "timed out in the queue";

enum err http_client_start(struct http_client *client, struct http_call *call)
{
    (void)client;
    MUST(call->method && call->url && call->done && call->mem);
    MUST(call->deadline_ms > only_loop.now_ms);
    MUST(call->body.len == 0 || call->body.ptr);
    must_be_one_line(call->url);
    for (size_t i = 0; call->headers[i]; i++) {
        MUST(i + 1 < HTTP_CLIENT_MAX_HEADERS && strchr(call->headers[i], ':'));
        must_be_one_line(call->headers[i]);
    }
    for (size_t i = 0; i < waiting_count; i++)
        MUST(waiting[i] != call);
    if (stand_in.refuse_calls > 0) {
        stand_in.refuse_calls--;
        return ERR_NO_MEMORY;
    }
    MUST(waiting_count < MAX_CALLS);
    if (stand_in.on_call)
        stand_in.on_call(call);
    waiting[waiting_count++] = call;
    return ERR_NONE;
}

struct http_call *stand_in_next_call(void)
{
    struct http_call *call = waiting_count > 0 ? waiting[0] : NULL;

    if (call)
        memmove(waiting, waiting + 1, --waiting_count * sizeof(waiting[0]));
    return call;
}

bool stand_in_is_idle(void)
{
    return waiting_count == 0;
}

struct http_call *stand_in_last_call(void)
{
    return waiting_count > 0 ? waiting[--waiting_count] : NULL;
}

void stand_in_finish(struct http_call *call, unsigned status, struct str body,
                     struct str error_code)
{
    call->status = status;
    call->failure = status == 0 ? "made to \"fail\"\\" : NULL;
    call->response = (struct str){ NULL, 0 };
    if (status > 0 && call->max_response > 0 && arena_copy(call->mem, body, &call->response)) {
        call->status = 0;
        call->failure = "no memory";
    }
    stand_in.was_heard = call->status > 0;
    for (size_t i = 0; i < call->captured_count; i++) {
        call->captured[i].value = (struct str){ NULL, 0 };
        if (call->status > 0 && error_code.len > 0 &&
            arena_copy(call->mem, error_code, &call->captured[i].value)) {
            call->captured[i].value = (struct str){ NULL, 0 };
            stand_in.was_heard = false;
        }
    }
    call->done(call);
}

void http_client_abort(struct http_client *client)
{
    (void)client;
    for (struct http_call *call = stand_in_next_call(); call; call = stand_in_next_call())
        stand_in_finish(call, 0, STR(""), STR(""));
}

/* ---- the server ---- */

void http_response_send(struct http_request *request, const struct http_response *response)
{
    MUST(request && response->status >= 200 && response->status <= 599);
    MUST(response->header_count <= HTTP_MAX_RESPONSE_HEADERS);
    for (size_t i = 0; i < response->header_count; i++) {
        struct str value = response->headers[i].value;
        for (size_t c = 0; c < value.len; c++)
            MUST((unsigned char)value.ptr[c] >= 0x20 && value.ptr[c] != 0x7f);
    }
    stand_in.answers++;
    stand_in.response = *response;
}

void http_request_hold(struct http_request *request)
{
    MUST(request && !stand_in.is_held && stand_in.answers == 0);
    stand_in.is_held = true;
    stand_in.holds++;
}

void http_request_release(struct http_request *request)
{
    MUST(request && stand_in.is_held);
    stand_in.is_held = false;
}

void stand_in_reset(void)
{
    MUST(waiting_count == 0);
    stand_in = (struct stand_in){ .answers = 0 };
    only_loop.task_count = 0;
}
