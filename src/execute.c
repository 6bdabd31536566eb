#include "execute.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/socketio.h"

/* What an action has come to.  Where its filter would be too long, it takes all three steps. */
enum plan_stage {
    PLAN_GATHER, /* everybody it is meant for, in a room of their own */
    PLAN_ACT,
    PLAN_LET_GO, /* that room is emptied again */
};

/* An action under way. */
struct plan_action {
    struct plan_run *run;
    size_t index;
    const struct app_action *what;
    enum plan_stage stage; /* of the call that is under way */
    size_t calls;          /* started so far */
    size_t gathers;        /* how many of them gather; mostly none */
    struct str gathered;   /* the room in which they do; empty: there is none */
    struct plan_fault fault;
    struct rest_call call;
};

static void proceed(struct plan_run *run);
static void step(struct plan_action *a);
static void fail(struct plan_action *a, const struct plan_fault *fault);
static void on_response(void *owner);

static const struct plan_fault no_memory = { APP_BUSY, "no memory for this event",
                                             .failure = "no memory" };

/* ---- spelling ---- */

static struct webpubsub_target target_of(const struct plan_run *run,
                                         const struct app_action *action)
{
    return (struct webpubsub_target){ .nsp = run->socket->nsp,
                                      .rooms = action->to.rooms,
                                      .within = action->to.within,
                                      .except = action->to.except };
}

/* What an action sends to its target. */
static enum err spell_packet(const struct plan_run *run, const struct app_action *action,
                             struct str *out)
{
    struct buf packet = { .mem = run->mem };
    struct str nsp = run->socket->nsp;

    if (action->kind != APP_EMIT)
        packet_add_disconnect(&packet, nsp, action->kind == APP_CLOSE);
    else if (action->attachments.count > 0)
        packet_add_binary_event(&packet, nsp, action->name, action->args, action->attachments);
    else
        packet_add_event(&packet, nsp, action->name, action->args);
    return buf_done(&packet, out);
}

/* An action is what the application means; a request is how the service spells it. */
static enum err spell_action(const struct plan_run *run, const struct app_action *action,
                             const struct webpubsub_target *target,
                             struct webpubsub_request *out)
{
    const struct webpubsub *webpubsub = &run->rest->webpubsub;
    struct str packet;

    switch (action->kind) {
    case APP_JOIN:
        return webpubsub_join(webpubsub, target, action->rooms, run->mem, out);
    case APP_LEAVE:
        return webpubsub_leave(webpubsub, target, action->rooms, run->mem, out);
    case APP_COUNT:
        return webpubsub_list(webpubsub, target->nsp, target->rooms.at[0], run->mem, out);
    case APP_EMIT:
    case APP_DISCONNECT:
    case APP_CLOSE:
        break;
    }
    if (spell_packet(run, action, &packet))
        return ERR_NO_MEMORY;
    if (action->kind == APP_EMIT)
        return webpubsub_send(webpubsub, target, packet, run->mem, out);
    return webpubsub_disconnect(webpubsub, target, packet, run->mem, out);
}

/* A room that nobody else knows of. */
static enum err name_room(struct plan_action *a)
{
    struct buf name = { .mem = a->run->mem };
    unsigned char seed[16];

    if (!random_bytes(seed, sizeof(seed)))
        return ERR_NO_MEMORY;
    buf_add(&name, STR("~gathered~"));
    base64url_add(&name, (struct str){ (const char *)seed, sizeof(seed) });
    return buf_done(&name, &a->gathered);
}

/* The call that an action has come to. */
static enum err spell(const struct plan_action *a, struct webpubsub_request *out)
{
    const struct webpubsub *webpubsub = &a->run->rest->webpubsub;
    struct webpubsub_target target = target_of(a->run, a->what);
    const struct str_list gathered = { &a->gathered, 1 };

    if (a->stage == PLAN_GATHER)
        return webpubsub_gather(webpubsub, &target, a->gathered, a->calls, a->run->mem, out);
    if (a->gathers > 0) {
        target.rooms = gathered;
        target.except = (struct str_list){ NULL, 0 };
    }
    if (a->stage == PLAN_ACT)
        return spell_action(a->run, a->what, &target, out);
    /* All of them, also those to whom the action was not meant. */
    target.within = STR("");
    return webpubsub_leave(webpubsub, &target, gathered, a->run->mem, out);
}

/* ---- the order ---- */

static const struct app_plan *plan_of(const struct plan_run *run)
{
    return &run->socket->plan;
}

/* A new plan: nothing of it has been done. */
static void judge(struct plan_run *run)
{
    run->outcome = plan_of(run)->refusal;
    run->message = plan_of(run)->message;
    memset(run->progress, PLAN_WAITING, sizeof(run->progress));
}

static bool may_start(const struct plan_run *run, size_t i)
{
    const struct app_action *actions = plan_of(run)->actions;

    if (run->progress[i] != PLAN_WAITING)
        return false;
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (run->progress[earlier] != PLAN_OVER &&
            app_must_wait(&actions[i], &actions[earlier]))
            return false;
    }
    return true;
}

/* The first action that may start; the plan's count if there is none. */
static size_t find_next(const struct plan_run *run)
{
    size_t i = 0;

    if (run->under_way > 0 && run->rest->beside >= REST_MAX_BESIDE)
        return plan_of(run)->count;
    while (i < plan_of(run)->count && !may_start(run, i))
        i++;
    return i;
}

static bool is_over(const struct plan_run *run)
{
    for (size_t i = 0; i < plan_of(run)->count; i++) {
        if (run->progress[i] != PLAN_OVER)
            return false;
    }
    return true;
}

/* All that is not over may fail. */
static bool is_settled(const struct plan_run *run)
{
    for (size_t i = 0; i < plan_of(run)->count; i++) {
        if (run->progress[i] != PLAN_OVER && !plan_of(run)->actions[i].to.may_fail)
            return false;
    }
    return true;
}

/* The first failure of an action that may not fail ends the plan: nothing more is started. */
static void give_up(struct plan_run *run, const struct plan_fault *fault)
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

static void enter(struct plan_run *run, size_t i)
{
    run->progress[i] = PLAN_UNDER_WAY;
    if (run->under_way++ > 0)
        run->rest->beside++;
}

static void leave(struct plan_run *run, size_t i)
{
    run->progress[i] = PLAN_OVER;
    if (--run->under_way > 0)
        run->rest->beside--;
}

static void end_action(struct plan_run *run, size_t i, const struct plan_fault *fault)
{
    leave(run, i);
    if (fault->failure && !run->is_broken) {
        run->fault = *fault;
        if (fault->refusal && !plan_of(run)->actions[i].to.may_fail)
            give_up(run, fault);
    }
    proceed(run);
}

static void begin_action(struct plan_run *run, size_t i)
{
    struct plan_action *a = arena_take(run->mem, sizeof(*a));
    struct webpubsub_target target;

    enter(run, i);
    if (!a) {
        end_action(run, i, &no_memory);
        return;
    }
    a->run = run;
    a->index = i;
    a->what = &plan_of(run)->actions[i];
    target = target_of(run, a->what);
    a->gathers = a->what->kind == APP_COUNT ? 0 : webpubsub_gather_count(&target);
    a->stage = a->gathers > 0 ? PLAN_GATHER : PLAN_ACT;
    if (a->gathers > 0 && name_room(a))
        fail(a, &no_memory);
    else
        step(a);
}

/* Starts what may start now, and tells the owner how far the plan has come. */
static void proceed(struct plan_run *run)
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
    if (is_over(run)) {
        run->done(run->owner);
    } else if (!run->is_settled && is_settled(run)) {
        run->is_settled = true;
        run->settled(run->owner);
    }
}

/* ---- one action ---- */

/* A call is over.  Whoever was gathered is let go, however it went. */
static void advance(struct plan_action *a)
{
    if (a->stage == PLAN_LET_GO || a->gathered.len == 0) {
        end_action(a->run, a->index, &a->fault);
        return;
    }
    if (a->stage == PLAN_ACT || a->fault.refusal)
        a->stage = PLAN_LET_GO;
    else if (a->calls == a->gathers)
        a->stage = PLAN_ACT;
    step(a);
}

/*
 * A call failed; the first failure tells most.  That somebody could not be let go is only
 * logged: the action is done, and a client that is told otherwise sends it again.
 */
static void fail(struct plan_action *a, const struct plan_fault *fault)
{
    if (!a->fault.failure) {
        a->fault = *fault;
        if (a->stage == PLAN_LET_GO)
            a->fault.refusal = APP_ACCEPTED;
    }
    advance(a);
}

static void start_call(struct plan_action *a, struct webpubsub_request request)
{
    struct plan_run *run = a->run;

    a->call = (struct rest_call){
        .rest = run->rest,
        .mem = run->mem,
        .request = request,
        .deadline_ms = run->deadline_ms,
        .keep_response = a->what->kind == APP_COUNT,
        .done = on_response,
        .owner = a,
    };
    run->calls++;
    a->calls++;
    rest_start(&a->call);
}

/* The application goes on where it had asked how many there are. */
static void resume(struct plan_action *a)
{
    struct plan_run *run = a->run;
    void (*then)(struct app_socket *) = a->what->then;

    leave(run, a->index);
    run->socket->plan.count = 0;
    then(run->socket);
    judge(run);
    proceed(run);
}

/* A page of a room's members; the last one completes the number. */
static void add_page(struct plan_action *a)
{
    struct plan_run *run = a->run;
    struct str next;
    size_t count;

    if (webpubsub_read_list(&run->rest->webpubsub, a->call.response, run->mem, &count, &next)) {
        fail(a,
             &(struct plan_fault){ APP_UPSTREAM, "the service did not say how many there are",
                                   .failure = "the answer is no list of members" });
        return;
    }
    run->socket->count = a->calls == 1 ? count : run->socket->count + count;
    if (next.len == 0)
        resume(a);
    else if (a->calls == PLAN_MAX_PAGES)
        fail(a, &(struct plan_fault){ APP_UPSTREAM, "there are too many to count",
                                      .failure = "too many members to count" });
    else
        start_call(a, (struct webpubsub_request){
                          .method = "GET", .url = next, .is_idempotent = true });
}

static void fail_call(struct plan_action *a)
{
    const struct rest_call *call = &a->call;
    struct plan_fault fault = {
        .refusal = APP_UPSTREAM,
        .message = call->status ? "the service refused" : "the service cannot be reached",
        .failure = call->failure,
        .rest_status = call->status,
        .rest_error = call->error_code,
    };

    if (call->failure == REST_TOO_MUCH) {
        fault.refusal = APP_BUSY;
        fault.message = "too much is in flight, try again";
    }
    fail(a, &fault);
}

static void on_response(void *owner)
{
    struct plan_action *a = owner;

    if (a->call.tries > 1)
        a->run->repeats += a->call.tries - 1;
    if (a->call.failure)
        fail_call(a);
    else if (a->what->kind == APP_COUNT)
        add_page(a);
    else
        advance(a);
}

/* Starts the call that the action has come to. */
static void step(struct plan_action *a)
{
    struct webpubsub_request request;
    enum err e = spell(a, &request);

    if (e == ERR_SYNTAX)
        fail(a, &(struct plan_fault){ APP_BAD_REQUEST, "that name is too long for a room",
                                      .failure = "room name too long" });
    else if (e)
        fail(a, &no_memory);
    else
        start_call(a, request);
}

void execute(struct plan_run *run)
{
    judge(run);
    run->started_ms = loop_now_ms(run->rest->loop);
    proceed(run);
}
