#include "handler.h"

#include <string.h>

#include "wire/socketio.h"

/* An action under way. */
struct action_call {
    struct execution *run;
    size_t index;
    const struct app_action *action;
    size_t pages; /* APP_COUNT: asked for so far */
    struct rest_call call;
};

static const struct plan_fault no_memory = { APP_BUSY, "no memory for this event",
                                             .failure = "no memory" };

/*
 * Encodes an action, which is what the application means, as a request, which is how Web PubSub
 * spells it.
 */
static enum err encode(const struct execution *run, const struct app_action *action,
                       struct webpubsub_request *out)
{
    const struct webpubsub *webpubsub = &run->rest->webpubsub;
    const struct webpubsub_target target = { .nsp = run->socket->nsp,
                                             .rooms = action->to.rooms,
                                             .within = action->to.within,
                                             .except = action->to.except };
    struct buf packet = { .mem = run->mem };
    struct str body;

    if (action->kind == APP_COUNT)
        return webpubsub_list(webpubsub, target.nsp, target.rooms.at[0], run->mem, out);
    if (action->kind == APP_JOIN || action->kind == APP_LEAVE)
        return webpubsub_move(webpubsub,
                              action->kind == APP_JOIN ? WEBPUBSUB_JOIN : WEBPUBSUB_LEAVE,
                              &target, action->rooms, run->mem, out);
    if (action->kind == APP_EMIT)
        packet_add_event(&packet, target.nsp, action->name, action->args, action->attachments);
    else
        packet_add_disconnect(&packet, target.nsp, action->kind == APP_CLOSE);
    if (buf_done(&packet, &body))
        return ERR_NO_MEMORY;
    return webpubsub_send(webpubsub, &target, action->kind == APP_EMIT, body, run->mem, out);
}

/* ---- the order ---- */

static const struct app_plan *plan_of(const struct execution *run)
{
    return &run->socket->plan;
}

/* Begins a plan of which nothing has been done. */
static void begin_plan(struct execution *run)
{
    run->outcome = plan_of(run)->refusal;
    run->message = plan_of(run)->message;
    memset(run->progress, PLAN_WAITING, sizeof(run->progress));
}

/* The first action that may start.  If there is none, it is the plan's count. */
static size_t find_next(const struct execution *run)
{
    const struct app_plan *plan = plan_of(run);

    if (run->under_way > 0 && run->rest->beside >= REST_MAX_BESIDE)
        return plan->count;
    return app_next(plan, run->progress);
}

/* True if nothing is left to do, or nothing but what may fail. */
static bool is_over(const struct execution *run, bool but_what_may_fail)
{
    for (size_t i = 0; i < plan_of(run)->count; i++) {
        if (run->progress[i] != PLAN_OVER &&
            !(but_what_may_fail && plan_of(run)->actions[i].to.may_fail))
            return false;
    }
    return true;
}

/* Ends the plan, because an action that may not fail has failed.  Nothing more is started. */
static void give_up(struct execution *run, const struct plan_fault *fault)
{
    run->is_broken = true;
    if (!run->outcome) {
        run->outcome = fault->refusal;
        run->message = fault->message;
    }
    for (size_t i = 0; i < plan_of(run)->count; i++) {
        if (run->progress[i] == PLAN_WAITING)
            run->progress[i] = PLAN_OVER;
    }
}

static void enter(struct execution *run, size_t i)
{
    run->progress[i] = PLAN_UNDER_WAY;
    if (run->under_way++ > 0)
        run->rest->beside++;
}

static void leave(struct execution *run, size_t i)
{
    run->progress[i] = PLAN_OVER;
    if (--run->under_way > 0)
        run->rest->beside--;
}

static void proceed(struct execution *run);

/* fault: NULL if the action was carried out. */
static void end_action(struct execution *run, size_t i, const struct plan_fault *fault)
{
    leave(run, i);
    if (fault && !run->is_broken) {
        run->fault = *fault;
        if (!plan_of(run)->actions[i].to.may_fail)
            give_up(run, fault);
    }
    proceed(run);
}

/* ---- one action ---- */

/* Lets the application go on, now that Web PubSub has said how many there are. */
static void resume(struct action_call *one)
{
    struct execution *run = one->run;
    void (*then)(struct app_socket *) = one->action->then;

    leave(run, one->index);
    run->socket->plan.count = 0;
    then(run->socket);
    begin_plan(run);
    proceed(run);
}

static void on_response(void *owner);

/* Prepares a call.  The caller still has to write into it what it asks for. */
static void prepare_call(struct action_call *one)
{
    struct execution *run = one->run;

    one->call = (struct rest_call){
        .rest = run->rest,
        .mem = run->mem,
        .deadline_ms = run->deadline_ms,
        .max_response = one->action->kind == APP_COUNT ? HTTP_CLIENT_MAX_RESPONSE_BYTES : 0,
        .done = on_response,
        .owner = one,
    };
}

static void ask_for_page(struct action_call *one, struct str url)
{
    prepare_call(one);
    one->call.request =
        (struct webpubsub_request){ .method = "GET", .url = url, .is_idempotent = true };
    one->run->calls++;
    rest_start(&one->call);
}

/* Adds a page of a room's members.  The last one completes the number. */
static void add_page(struct action_call *one)
{
    static const struct plan_fault no_list = {
        APP_UPSTREAM, "Web PubSub did not say how many members the room has",
        .failure = "the response is no list of members"
    };
    static const struct plan_fault too_many = { APP_UPSTREAM,
                                                "the room has too many members to count",
                                                .failure = "too many members to count" };
    struct execution *run = one->run;
    struct str next;
    size_t count;

    if (webpubsub_read_list(&run->rest->webpubsub, one->call.http.response, run->mem, &count,
                            &next)) {
        end_action(run, one->index, &no_list);
        return;
    }
    run->socket->count = one->pages == 0 ? count : run->socket->count + count;
    if (next.len == 0)
        resume(one);
    else if (++one->pages == EXECUTE_MAX_PAGES)
        end_action(run, one->index, &too_many);
    else
        ask_for_page(one, next);
}

static void fail_call(struct action_call *one)
{
    const struct rest_call *call = &one->call;
    bool is_too_much = call->failure == REST_TOO_MUCH;
    const struct plan_fault fault = {
        .refusal = is_too_much ? APP_BUSY : APP_UPSTREAM,
        .message = is_too_much         ? "too much is in flight, try again"
                   : call->http.status ? "Web PubSub refused the call"
                                       : "Web PubSub cannot be reached",
        .failure = call->failure,
        .rest_status = call->http.status,
        .rest_error = call->read[REST_ERROR_CODE].value,
    };

    end_action(one->run, one->index, &fault);
}

static void on_response(void *owner)
{
    struct action_call *one = owner;

    if (one->call.tries > 1)
        one->run->repeats += one->call.tries - 1;
    if (one->call.failure)
        fail_call(one);
    else if (one->action->kind == APP_COUNT)
        add_page(one);
    else
        end_action(one->run, one->index, NULL);
}

static void begin_action(struct execution *run, size_t i)
{
    static const struct plan_fault too_long = {
        APP_BAD_REQUEST, "these are too many rooms at once, or their names are too long",
        .failure = "too many rooms, or names too long"
    };
    struct action_call *one = arena_space(run->mem, sizeof(*one));
    enum err e = ERR_NO_MEMORY;

    enter(run, i);
    if (one) {
        *one =
            (struct action_call){ .run = run, .index = i, .action = &plan_of(run)->actions[i] };
        prepare_call(one);
        e = encode(run, one->action, &one->call.request);
    }
    if (e) {
        end_action(run, i, e == ERR_SYNTAX ? &too_long : &no_memory);
        return;
    }
    run->calls++;
    rest_start(&one->call);
}

/* Starts what may start now, and tells the owner how far the plan has come. */
static void proceed(struct execution *run)
{
    size_t i;

    if (run->is_starting) /* an action ended at once: the loop below goes on */
        return;
    run->is_starting = true;
    while ((i = find_next(run)) < plan_of(run)->count)
        begin_action(run, i);
    run->is_starting = false;
    if (run->calls > 0)
        run->rest_ms = loop_now_ms(run->rest->loop) - run->started_ms;
    if (is_over(run, false)) {
        run->done(run->owner);
    } else if (!run->is_acknowledged && is_over(run, true)) {
        run->is_acknowledged = true;
        run->acknowledge(run->owner);
    }
}

void execute(struct execution *run)
{
    begin_plan(run);
    run->started_ms = loop_now_ms(run->rest->loop);
    proceed(run);
}
