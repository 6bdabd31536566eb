#include "plan.h"

#include <string.h>
#include <time.h>

#include "wire/socketio.h"

static void step(struct plan_run *run);

/* An action is what the application means; a request is how the service spells it. */
static enum err spell(const struct plan_run *run, const struct app_action *action,
                      struct webpubsub_request *request)
{
    const struct webpubsub *webpubsub = &run->service->webpubsub;
    const struct webpubsub_target target = {
        .nsp = run->nsp,
        .room = action->room,
        .within = action->within,
        .except = action->except,
    };
    int64_t now_unix = (int64_t)time(NULL);
    struct buf packet = { .mem = run->mem };
    struct str text;

    if (action->kind == APP_JOIN)
        return webpubsub_join(webpubsub, run->nsp, run->socket, action->room, now_unix,
                              run->mem, request);
    packet_add_event(&packet, run->nsp, action->name, action->args);
    if (buf_done(&packet, &text))
        return ERR_NO_MEMORY;
    return webpubsub_send(webpubsub, &target, text, now_unix, run->mem, request);
}

/* NUL-terminated, as libcurl wants it; NULL: no memory. */
static const char *header(struct arena *mem, struct str name, struct str value)
{
    struct buf text = { .mem = mem };

    buf_add_all(&text, name, value);
    buf_add_char(&text, '\0');
    return text.failed ? NULL : text.ptr;
}

static enum err start_call(struct plan_run *run, const struct webpubsub_request *request)
{
    struct http_call *call = &run->call;

    call->url = arena_cstr(run->mem, request->url);
    call->headers[0] = header(run->mem, STR("Authorization: "), request->authorization);
    call->headers[1] = header(run->mem, STR("Content-Type: "), request->content_type);
    call->body = request->body;
    call->deadline_ms = run->started_ms + run->service->rest_timeout_ms;
    if (!call->url || !call->headers[0] || !call->headers[1])
        return ERR_NO_MEMORY;
    return http_client_start(run->service->client, call);
}

static void end(struct plan_run *run)
{
    if (run->calls > 0)
        run->rest_ms = loop_now_ms(run->service->loop) - run->started_ms;
    run->done(run->owner);
}

/* An optional action that fails is only logged. */
static bool is_fatal(const struct plan_run *run)
{
    return !run->plan.actions[run->next - 1].optional;
}

static void fail(struct plan_run *run, enum app_refusal outcome, const char *message,
                 const char *failure)
{
    run->failure = failure;
    if (!is_fatal(run)) {
        step(run);
        return;
    }
    if (!run->outcome) {
        run->outcome = outcome;
        run->message = message;
    }
    end(run);
}

static void on_answer(struct http_call *call)
{
    struct plan_run *run = call->owner;

    if (call->status >= 200 && call->status < 300) {
        step(run);
        return;
    }
    run->rest_status = call->status;
    memcpy(run->rest_error, call->error_code, sizeof(run->rest_error));
    if (call->status == 0)
        fail(run, APP_UPSTREAM, "the service cannot be reached", call->failure);
    else
        fail(run, APP_UPSTREAM, "the service refused", "the service answered with an error");
}

/* Starts the next action, or ends. */
static void step(struct plan_run *run)
{
    const struct app_action *action;
    struct webpubsub_request request;
    enum err e;

    if (run->next == run->plan.count) {
        end(run);
        return;
    }
    action = &run->plan.actions[run->next++];
    e = spell(run, action, &request);
    if (e == ERR_SYNTAX) {
        fail(run, APP_BAD_REQUEST, "that name is too long for a room", "room name too long");
        return;
    }
    if (e || start_call(run, &request)) {
        fail(run, APP_BUSY, "too much is in flight, try again", "too much in flight");
        return;
    }
    run->calls++;
}

void plan_start(struct plan_run *run)
{
    run->outcome = run->plan.refusal;
    run->message = run->plan.message;
    run->started_ms = loop_now_ms(run->service->loop);
    run->call.done = on_answer;
    run->call.owner = run;
    step(run);
}
