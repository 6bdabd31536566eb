#include "plan.h"

#include "wire/base64url.h"
#include "wire/socketio.h"

static void step(struct plan_run *run);
static void fail(struct plan_run *run, enum app_refusal outcome, const char *message,
                 const char *failure);
static void on_answer(void *owner);

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
    const struct webpubsub *service = &run->rest->webpubsub;
    struct str packet;

    switch (action->kind) {
    case APP_JOIN:
        return webpubsub_join(service, target, action->rooms, run->mem, out);
    case APP_LEAVE:
        return webpubsub_leave(service, target, action->rooms, run->mem, out);
    case APP_COUNT:
        return webpubsub_list(service, target->nsp, target->rooms.at[0], run->mem, out);
    case APP_EMIT:
    case APP_DISCONNECT:
    case APP_CLOSE:
        break;
    }
    if (spell_packet(run, action, &packet))
        return ERR_NO_MEMORY;
    if (action->kind == APP_EMIT)
        return webpubsub_send(service, target, packet, run->mem, out);
    return webpubsub_disconnect(service, target, packet, run->mem, out);
}

/* A room that nobody else knows of. */
static enum err name_room(struct plan_run *run)
{
    struct buf name = { .mem = run->mem };
    unsigned char seed[16];

    if (!random_bytes(seed, sizeof(seed)))
        return ERR_NO_MEMORY;
    buf_add(&name, STR("~gathered~"));
    base64url_add(&name, (struct str){ (const char *)seed, sizeof(seed) });
    return buf_done(&name, &run->gathered);
}

/* The call that an action has come to. */
static enum err spell(struct plan_run *run, const struct app_action *action,
                      struct webpubsub_request *out)
{
    const struct webpubsub *service = &run->rest->webpubsub;
    struct webpubsub_target target = target_of(run, action);
    const struct str_list gathered = { &run->gathered, 1 };

    if (run->stage == PLAN_GATHER)
        return webpubsub_gather(service, &target, run->gathered, run->action_calls, run->mem,
                                out);
    if (run->gathers > 0) {
        target.rooms = gathered;
        target.except = (struct str_list){ NULL, 0 };
    }
    if (run->stage == PLAN_ACT)
        return spell_action(run, action, &target, out);
    /* All of them, also those to whom the action was not meant. */
    target.within = STR("");
    return webpubsub_leave(service, &target, gathered, run->mem, out);
}

/* ---- carrying out ---- */

static void end(struct plan_run *run)
{
    if (run->calls > 0)
        run->rest_ms = loop_now_ms(run->rest->loop) - run->started_ms;
    run->done(run->owner);
}

static const struct app_action *current(const struct plan_run *run)
{
    return &run->socket->plan.actions[run->next];
}

static void judge(struct plan_run *run)
{
    run->outcome = run->socket->plan.refusal;
    run->message = run->socket->plan.message;
}

/* Starts the next action, or ends. */
static void begin_action(struct plan_run *run)
{
    struct webpubsub_target target;

    if (run->next == run->socket->plan.count) {
        end(run);
        return;
    }
    target = target_of(run, current(run));
    run->gathers = current(run)->kind == APP_COUNT ? 0 : webpubsub_gather_count(&target);
    run->stage = run->gathers > 0 ? PLAN_GATHER : PLAN_ACT;
    run->action_calls = 0;
    run->gathered = (struct str){ NULL, 0 };
    run->fault = APP_ACCEPTED;
    if (run->gathers > 0 && name_room(run))
        fail(run, APP_BUSY, "no memory for this event", "no memory");
    else
        step(run);
}

/* The plan goes on unless the action failed that may not. */
static void end_action(struct plan_run *run)
{
    if (!run->fault || current(run)->to.may_fail) {
        run->next++;
        begin_action(run);
        return;
    }
    if (!run->outcome) {
        run->outcome = run->fault;
        run->message = run->fault_message;
    }
    end(run);
}

/* A call is over.  Whoever was gathered is let go, however it went. */
static void advance(struct plan_run *run)
{
    if (run->stage == PLAN_LET_GO || run->gathered.len == 0) {
        end_action(run);
        return;
    }
    if (run->stage == PLAN_ACT || run->fault)
        run->stage = PLAN_LET_GO;
    else if (run->action_calls == run->gathers)
        run->stage = PLAN_ACT;
    step(run);
}

/*
 * A call failed.  That somebody could not be let go is only logged: the action is done, and a
 * client that is told otherwise sends it again.
 */
static void fail(struct plan_run *run, enum app_refusal outcome, const char *message,
                 const char *failure)
{
    if (!run->fault) /* the first failure tells most */
        run->failure = failure;
    if (run->stage != PLAN_LET_GO) {
        run->fault = outcome;
        run->fault_message = message;
    }
    advance(run);
}

static void start_call(struct plan_run *run, struct webpubsub_request request)
{
    run->call = (struct rest_call){
        .rest = run->rest,
        .mem = run->mem,
        .request = request,
        .deadline_ms = run->deadline_ms,
        .keep_answer = current(run)->kind == APP_COUNT,
        .done = on_answer,
        .owner = run,
    };
    run->calls++;
    run->action_calls++;
    rest_start(&run->call);
}

/* The application goes on where it had asked how many there are. */
static void resume(struct plan_run *run)
{
    void (*then)(struct app_socket *) = current(run)->then;

    run->socket->plan.count = 0;
    then(run->socket);
    judge(run);
    run->next = 0;
    begin_action(run);
}

/* A page of a room's members; the last one completes the number. */
static void add_page(struct plan_run *run)
{
    struct str next;
    size_t count;

    if (webpubsub_read_list(&run->rest->webpubsub, run->call.answer, run->mem, &count, &next)) {
        fail(run, APP_UPSTREAM, "the service did not say how many there are",
             "the answer is no list of members");
        return;
    }
    run->socket->count = run->action_calls == 1 ? count : run->socket->count + count;
    if (next.len == 0)
        resume(run);
    else if (run->action_calls == PLAN_MAX_PAGES)
        fail(run, APP_UPSTREAM, "there are too many to count", "too many members to count");
    else
        start_call(run, (struct webpubsub_request){
                            .method = "GET", .url = next, .is_idempotent = true });
}

static void fail_call(struct plan_run *run)
{
    const struct rest_call *call = &run->call;

    if (!run->fault) {
        run->rest_status = call->status;
        run->rest_error = call->error_code;
    }
    if (call->failure == REST_TOO_MUCH)
        fail(run, APP_BUSY, "too much is in flight, try again", call->failure);
    else if (call->status == 0)
        fail(run, APP_UPSTREAM, "the service cannot be reached", call->failure);
    else
        fail(run, APP_UPSTREAM, "the service refused", call->failure);
}

static void on_answer(void *owner)
{
    struct plan_run *run = owner;

    if (run->call.tries > 1)
        run->repeats += run->call.tries - 1;
    if (run->call.failure)
        fail_call(run);
    else if (current(run)->kind == APP_COUNT)
        add_page(run);
    else
        advance(run);
}

/* Starts the call that the action has come to. */
static void step(struct plan_run *run)
{
    struct webpubsub_request request;
    enum err e = spell(run, current(run), &request);

    if (e == ERR_SYNTAX)
        fail(run, APP_BAD_REQUEST, "that name is too long for a room", "room name too long");
    else if (e)
        fail(run, APP_BUSY, "no memory for this event", "no memory");
    else
        start_call(run, request);
}

void plan_start(struct plan_run *run)
{
    judge(run);
    run->started_ms = loop_now_ms(run->rest->loop);
    begin_action(run);
}
