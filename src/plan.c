#include "plan.h"

#include "wire/socketio.h"

static void step(struct plan_run *run);

/* An action is what the application means; a request is how the service spells it. */
static enum err spell(const struct plan_run *run, const struct app_action *action,
                      struct webpubsub_request *request)
{
    const struct webpubsub *webpubsub = &run->rest->webpubsub;
    const struct webpubsub_target target = {
        .nsp = run->nsp,
        .room = action->room,
        .within = action->within,
        .except = action->except,
    };
    struct buf packet = { .mem = run->mem };
    struct str text;

    if (action->kind == APP_JOIN)
        return webpubsub_join(webpubsub, run->nsp, run->socket, action->room, run->mem,
                              request);
    packet_add_event(&packet, run->nsp, action->name, action->args);
    if (buf_done(&packet, &text))
        return ERR_NO_MEMORY;
    return webpubsub_send(webpubsub, &target, text, run->mem, request);
}

static void end(struct plan_run *run)
{
    if (run->calls > 0)
        run->rest_ms = loop_now_ms(run->rest->loop) - run->started_ms;
    run->done(run->owner);
}

/* The action that was just tried failed.  If it was optional, that is only logged. */
static void fail(struct plan_run *run, enum app_refusal outcome, const char *message,
                 const char *failure)
{
    run->failure = failure;
    if (run->plan.actions[run->next - 1].optional) {
        step(run);
        return;
    }
    if (!run->outcome) {
        run->outcome = outcome;
        run->message = message;
    }
    end(run);
}

static void on_answer(void *owner)
{
    struct plan_run *run = owner;
    const struct rest_call *call = &run->call;

    if (!call->failure) {
        step(run);
        return;
    }
    run->rest_status = call->status;
    run->rest_error = call->error_code;
    if (call->failure == REST_TOO_MUCH)
        fail(run, APP_BUSY, "too much is in flight, try again", call->failure);
    else if (call->status == 0)
        fail(run, APP_UPSTREAM, "the service cannot be reached", call->failure);
    else
        fail(run, APP_UPSTREAM, "the service refused", call->failure);
}

/* Starts the next action, or ends. */
static void step(struct plan_run *run)
{
    enum err e;

    if (run->next == run->plan.count) {
        end(run);
        return;
    }
    run->call = (struct rest_call){
        .rest = run->rest,
        .mem = run->mem,
        .deadline_ms = run->deadline_ms,
        .done = on_answer,
        .owner = run,
    };
    e = spell(run, &run->plan.actions[run->next++], &run->call.request);
    if (e == ERR_SYNTAX) {
        fail(run, APP_BAD_REQUEST, "that name is too long for a room", "room name too long");
    } else if (e) {
        fail(run, APP_BUSY, "no memory for this event", "no memory");
    } else {
        run->calls++;
        rest_start(&run->call);
    }
}

void plan_start(struct plan_run *run)
{
    run->outcome = run->plan.refusal;
    run->message = run->plan.message;
    run->started_ms = loop_now_ms(run->rest->loop);
    step(run);
}
