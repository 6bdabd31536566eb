/*
 * An event, the plan that one handler makes of it, and how to look at that.
 */
#ifndef UNIT_TRIAL_H
#define UNIT_TRIAL_H

#include "test.h"

#include "app/app.h"

#define SOCKET "Sock-et_1"

/* An event, and the plan that one handler made of it. */
struct trial {
    struct arena mem;
    struct app_socket socket;
};

static inline void try_kind(struct trial *t, enum app_event_kind kind, app_handler *handle)
{
    const struct app app = {
        .name = "trial",
        .namespaces = { "/", "/ns" },
        .connect = handle,
        .connected = handle,
        .disconnected = handle,
        .events = { { "event", handle } },
    };

    *t = (struct trial){ .socket = { .kind = kind,
                                     .id = STR_INIT(SOCKET),
                                     .nsp = STR_INIT("/"),
                                     .user = STR_INIT("user"),
                                     .event = STR_INIT("event"),
                                     .mem = &t->mem } };
    arena_init(&t->mem, TEST_MEMORY);
    app_decide(&app, &t->socket);
}

static inline void try(struct trial *t, app_handler *handle)
{
    try_kind(t, APP_MESSAGE, handle);
}

static inline void done(struct trial *t)
{
    arena_free(&t->mem);
}

/* The only action of a plan that nothing is wrong with. */
static inline const struct app_action *only_action(const struct trial *t)
{
    const struct app_plan *plan = &t->socket.plan;

    assert_false(plan->is_void);
    assert_int_equal(plan->refusal, APP_ACCEPTED);
    assert_int_equal(plan->count, 1);
    return &plan->actions[0];
}

static inline void is_list(struct str_list list, const char *names)
{
    struct str rest = str_from(names);

    for (size_t i = 0; i < list.count; i++)
        assert_same(list.at[i], str_cut(rest, " ", &rest));
    assert_int_equal(rest.len, 0);
}

/* Nothing of the plan is carried out, and the author is told why. */
static inline void is_misuse(const struct trial *t, const char *words)
{
    const struct app_plan *plan = &t->socket.plan;

    assert_true(plan->is_void);
    assert_int_equal(plan->count, 0);
    assert_int_equal(plan->refusal, APP_INTERNAL);
    assert_that(strstr(plan->message, words) != NULL);
    assert_that(!strpbrk(plan->message, "\"\\\n"));
}

/* Handlers that do one thing, for tests of something else. */
static inline void emit_to_self(struct app_socket *socket)
{
    app_emit(socket, SELF(socket), "news", ARGS());
}

static inline void acknowledge(struct app_socket *socket)
{
    app_ack(socket, ARGS(NUMBER(1), TEXT(STR("two"))));
}

#endif
