/*
 * An event, what Codestream decides about it, and how to look at that.
 */
#ifndef UNIT_CODESTREAM_H
#define UNIT_CODESTREAM_H

#include "test.h"

#include "app/codestream.h"
#include "wire/json.h"

#define ROOM "0123456789ABCDEFabcd-_"
#define CONTROL ROOM "-control"
#define FOREIGN "zzzzzzzzzzzzzzzzzzzzzz"
#define SOCKET "Sock-et_1"

#define WRITER "w." ROOM
#define VIEWER "v." ROOM

#define SEND(data) "{\"room_id\":\"" ROOM "\",\"data\":" data "}"
#define SEND_CONTROL(data) "{\"room_id\":\"" CONTROL "\",\"data\":" data "}"

static const char *const foreign_subjects[] = {
    "w",
    "w.",
    ".",
    "." ROOM,
    ROOM,
    "w" ROOM,
    "w-" ROOM,
    "W." ROOM,
    "V." ROOM,
    "x." ROOM,
    "wv." ROOM,
    " w." ROOM,
    "w. " ROOM,
    "w." ROOM " ",
    "w." ROOM "0",
    "w." CONTROL,
    "v." CONTROL,
    "w.short",
    "w..0123456789ABCDEFabcd-",
    "w.0123456789ABCDEFabcd-/",
    "user",
    "0",
    "null",
};

/* Both spellings of both sides; keys and values may be escaped, other fields may be there. */
static const char *const own_rooms[] = {
    "{\"room_id\":\"" ROOM "\"}",
    "{\"room_id\":\"" CONTROL "\"}",
    "{\"\\u0072oom_id\":\"" ROOM "\"}",
    "{\"room_id\":\"\\u0030123456789ABCDEFabcd\\u002d_\"}",
    "{\"room_id\":\"" ROOM "\\u002dcontrol\"}",
    " { \"colour\" : [1], \"room_id\" : \"" ROOM "\", \"colour\" : 2 } ",
};

/* What names no room at all, with or without the data that sendToRoom wants. */
static const char *const malformed[] = {
    NULL,
    "{}",
    "{\"data\":1}",
    "{\"room_id\":null,\"data\":1}",
    "{\"room_id\":1,\"data\":1}",
    "{\"room_id\":true,\"data\":1}",
    "{\"room_id\":[\"" ROOM "\"],\"data\":1}",
    "{\"room_id\":{\"room_id\":\"" ROOM "\"},\"data\":1}",
    "{\"room_id\":\"\\ud800\",\"data\":1}",
    "{\"room_id\":\"" ROOM "\",\"room_id\":\"" ROOM "\",\"data\":1}",
    "{\"room_id\":\"" ROOM "\",\"\\u0072oom_id\":\"" FOREIGN "\",\"data\":1}",
    "{\"Room_id\":\"" ROOM "\",\"data\":1}",
    "{\"data\":{\"room_id\":\"" ROOM "\"}}",
    "[\"" ROOM "\"]",
    "\"" ROOM "\"",
    "null",
    "1",
    "[]",
};

/* What names a room, but not the socket's own: too short, too long, another. */
static const char *const not_own[] = {
    "{\"room_id\":\"" FOREIGN "\",\"data\":1}",
    "{\"room_id\":\"" FOREIGN "-control\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-control-control\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-Control\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-\",\"data\":1}",
    "{\"room_id\":\"" ROOM "-contro\",\"data\":1}",
    "{\"room_id\":\"" ROOM "\\u0000\",\"data\":1}",
    "{\"room_id\":\"" ROOM " \",\"data\":1}",
    "{\"room_id\":\"0123456789abcdefabcd-_\",\"data\":1}",
    "{\"room_id\":\"0123456789ABCDEFabcd-\",\"data\":1}",
    "{\"room_id\":\"" SOCKET "\",\"data\":1}",
    "{\"room_id\":\"\",\"data\":1}",
    "{\"room_id\":\"-control\",\"data\":1}",
};

/* An event and what was decided about it. */
struct decision {
    struct arena mem;
    struct str args[4];
    struct app_socket event;
};

static inline void decide(struct decision *d)
{
    const struct app_plan *plan = &d->event.plan;

    arena_init(&d->mem, TEST_MEMORY);
    d->event.mem = &d->mem;
    app_decide(&codestream_app, &d->event);
    assert_that(!plan->is_void);
    assert_that(plan->count <= APP_MAX_ACTIONS);
    if (plan->refusal != APP_ACCEPTED) {
        assert_that(plan->message && strlen(plan->message) > 0);
        assert_that(!strpbrk(plan->message, "\"\\\n"));
    }
}

static inline void done(struct decision *d)
{
    arena_free(&d->mem);
}

static inline void decide_on(struct decision *d, enum app_event_kind kind, const char *user)
{
    *d = (struct decision){ .event = { .kind = kind,
                                       .nsp = STR_INIT("/"),
                                       .id = STR_INIT(SOCKET),
                                       .user = str_from(user) } };
    d->event.args = d->args;
    decide(d);
}

/* The member emits an event with one argument, or with none. */
static inline void emit(struct decision *d, const char *user, const char *name, const char *arg)
{
    *d = (struct decision){ .event = { .kind = APP_MESSAGE,
                                       .nsp = STR_INIT("/"),
                                       .id = STR_INIT(SOCKET),
                                       .user = str_from(user),
                                       .event = str_from(name),
                                       .arg_count = arg ? 1 : 0 } };
    d->event.args = d->args;
    d->args[0] = str_from(arg);
    decide(d);
}

static inline struct str field(struct str object, const char *name)
{
    struct json_field f = { .name = str_from(name) };

    assert_err(json_members(object, &f, 1), ERR_NONE);
    return f.value;
}

/* What stands between the quotes. */
static inline struct str text_field(struct str object, const char *name)
{
    struct str value = field(object, name);

    assert_that(value.len >= 2 && value.ptr[0] == '"');
    return str_first(str_skip(value, 1), value.len - 2);
}

static inline const struct app_action *action(const struct decision *d, size_t i)
{
    assert_that(i < d->event.plan.count);
    return &d->event.plan.actions[i];
}

/* The one name in a list that has one, or the empty one of a list without any. */
static inline struct str only(struct str_list rooms)
{
    assert_that(rooms.count <= 1);
    return rooms.count == 1 ? rooms.at[0] : STR("");
}

/* The room that an emit goes to, or that a join opens. */
static inline struct str room_in(const struct app_action *a)
{
    return only(a->kind == APP_JOIN ? a->rooms : a->to.rooms);
}

static inline void is_join(const struct decision *d, size_t i, const char *room)
{
    assert_int_equal(action(d, i)->kind, APP_JOIN);
    assert_same(room_in(action(d, i)), str_from(room));
    assert_str(only(action(d, i)->to.rooms), SOCKET);
    assert_false(action(d, i)->to.may_fail);
}

static inline struct str is_emit(const struct decision *d, size_t i, const char *room,
                                 const char *name)
{
    const struct app_action *a = action(d, i);

    assert_int_equal(a->kind, APP_EMIT);
    assert_int_equal(a->to.rooms.count, 1);
    assert_same(room_in(a), str_from(room));
    assert_same(a->name, str_from(name));
    return a->args;
}

/* Of emits with a condition, an exception, neither or both. */
static inline void is_limited(const struct decision *d, size_t i, const char *within,
                              const char *except)
{
    assert_same(action(d, i)->to.within, str_from(within));
    assert_same(only(action(d, i)->to.except), str_from(except));
}

/* Others hear of this socket, itself does not.  A failure concerns nobody. */
static inline void is_presence(const struct decision *d, size_t i, const char *room,
                               const char *role, const char *state)
{
    struct str args = is_emit(d, i, room, "presence");

    assert_same(text_field(args, "role"), str_from(role));
    assert_same(text_field(args, "state"), str_from(state));
    assert_str(text_field(args, "from"), SOCKET);
    assert_true(action(d, i)->to.may_fail);
    is_limited(d, i, "", SOCKET);
}

static inline void is_refused(const struct decision *d, enum app_refusal refusal)
{
    assert_int_equal(d->event.plan.refusal, refusal);
    assert_int_equal(d->event.plan.count, 0);
}

/* A refused joinRoom joins nothing and says so to the socket, and to nobody else. */
static inline void is_refused_join(const struct decision *d, enum app_refusal refusal)
{
    struct str args;
    struct str error;

    assert_int_equal(d->event.plan.refusal, refusal);
    assert_int_equal(d->event.plan.count, 1);
    args = is_emit(d, 0, SOCKET, "message");
    is_limited(d, 0, "", "");
    assert_str(field(args, "type"), "\"ackJoinRoom\"");
    assert_str(field(args, "success"), "false");
    error = field(args, "error");
    assert_same(text_field(error, "code"), app_refusal_code(refusal));
    assert_true(text_field(error, "message").len > 0);
}

#endif
