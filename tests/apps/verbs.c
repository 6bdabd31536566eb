/*
 * An application for tests alone: whatever a client asks for, one verb does.  The argument of
 * each event says how, {"rooms":[…],"except":[…],"within":"…","targets":[…],"event":"…",…};
 * `targets` are the rooms to join or to leave.  The event `plan` takes a list of these, each
 * with the name of its verb.
 */
#include <string.h>

#include "app/app.h"
#include "wire/json.h"

#define MAX_ROOMS 2000

enum { ROOMS_FIELD, EXCEPT, WITHIN, TARGETS, EVENT, ARG, CLOSE, MAY_FAIL, VERB, FIELDS };

/* What a client asks for. */
struct wish {
    struct app_target to;
    struct str_list targets;
    const char *event;
    struct str arg;
    bool is_closing;
    struct str verb;
};

static struct str_list read_rooms(struct app_socket *socket, struct str json)
{
    static _Thread_local struct str items[MAX_ROOMS];
    struct str_list list = { NULL, 0 };
    struct str *texts;
    size_t count;

    if (!json.ptr || json_elements(json, items, MAX_ROOMS, &count) || count > MAX_ROOMS)
        return list;
    texts = arena_take(socket->mem, (count + 1) * sizeof(*texts));
    for (size_t i = 0; texts && i < count; i++) {
        if (app_text(socket, items[i], &texts[i]))
            list = (struct str_list){ texts, i + 1 };
    }
    return list;
}

static struct wish read_wish_in(struct app_socket *socket, struct str json)
{
    struct json_field f[FIELDS] = {
        [ROOMS_FIELD] = { .name = STR("rooms") }, [EXCEPT] = { .name = STR("except") },
        [WITHIN] = { .name = STR("within") },     [TARGETS] = { .name = STR("targets") },
        [EVENT] = { .name = STR("event") },       [ARG] = { .name = STR("arg") },
        [CLOSE] = { .name = STR("close") },       [MAY_FAIL] = { .name = STR("may_fail") },
        [VERB] = { .name = STR("verb") },
    };
    struct wish wish = { .event = "" };
    struct str text;

    if (json_members(json, f, FIELDS)) {
        app_refuse(socket, APP_BAD_REQUEST, "this application wants to be told what to do");
        return wish;
    }
    wish.to.rooms = read_rooms(socket, f[ROOMS_FIELD].value);
    wish.to.except = read_rooms(socket, f[EXCEPT].value);
    wish.targets = read_rooms(socket, f[TARGETS].value);
    wish.arg = f[ARG].value;
    wish.is_closing = str_equal(f[CLOSE].value, STR("true"));
    wish.to.may_fail = str_equal(f[MAY_FAIL].value, STR("true"));
    if (f[VERB].value.ptr && !app_text(socket, f[VERB].value, &wish.verb))
        app_refuse(socket, APP_BAD_REQUEST, "a verb is a string");
    if (f[WITHIN].value.ptr && !app_text(socket, f[WITHIN].value, &wish.to.within))
        app_refuse(socket, APP_BAD_REQUEST, "within is a string");
    if (f[EVENT].value.ptr && app_text(socket, f[EVENT].value, &text))
        wish.event = arena_cstr(socket->mem, text);
    return wish;
}

static struct wish read_wish(struct app_socket *socket)
{
    return read_wish_in(socket, socket->arg_count > 0 ? socket->args[0] : STR(""));
}

static void on_connect(struct app_socket *socket)
{
    if (str_equal(socket->nsp, STR("/closed")))
        app_refuse(socket, APP_FORBIDDEN, "nobody comes in here");
}

static void on_emit(struct app_socket *socket)
{
    struct wish wish = read_wish(socket);

    if (wish.arg.ptr)
        app_emit(socket, wish.to, wish.event, ARGS(PASSED(wish.arg), TEXT(STR("\"second\""))));
    else
        app_emit(socket, wish.to, wish.event, ARGS());
}

static void on_self(struct app_socket *socket)
{
    app_emit(socket, SELF(socket), "news", ARGS());
}

static void on_others(struct app_socket *socket)
{
    app_emit(socket, OTHERS(socket), "news", ARGS());
}

static void on_bytes(struct app_socket *socket)
{
    app_emit(socket, read_wish(socket).to, "bytes",
             ARGS(BINARY(STR("\0\1\376\377")), OBJECT({ "more", BINARY(STR("more")) })));
}

static void on_join(struct app_socket *socket)
{
    app_join(socket, SELF(socket), read_wish(socket).targets);
}

static void on_leave(struct app_socket *socket)
{
    app_leave(socket, SELF(socket), read_wish(socket).targets);
}

static void on_sockets_join(struct app_socket *socket)
{
    struct wish wish = read_wish(socket);

    app_join(socket, wish.to, wish.targets);
}

static void on_sockets_leave(struct app_socket *socket)
{
    struct wish wish = read_wish(socket);

    app_leave(socket, wish.to, wish.targets);
}

static void on_end(struct app_socket *socket)
{
    app_disconnect(socket, SELF(socket), read_wish(socket).is_closing);
}

static void on_sockets_end(struct app_socket *socket)
{
    struct wish wish = read_wish(socket);

    app_disconnect(socket, wish.to, wish.is_closing);
}

static void on_ack(struct app_socket *socket)
{
    app_ack(socket, ARGS(NUMBER(1), TEXT(STR("two")), OBJECT({ "three", BOOLEAN(true) })));
}

/* Who it was and where, as the application knows it. */
static void on_who(struct app_socket *socket)
{
    app_ack(socket, ARGS(TEXT(socket->user), TEXT(socket->nsp)));
}

static void on_ack_twice(struct app_socket *socket)
{
    on_ack(socket);
    on_ack(socket);
}

static void on_bad_json(struct app_socket *socket)
{
    app_emit(socket, SELF(socket), "news", ARGS());
    app_emit(socket, SELF(socket), "news", ARGS(JSON(STR("{"))));
}

static void counted(struct app_socket *socket)
{
    app_ack(socket, ARGS(NUMBER((int64_t)socket->count)));
    app_emit(socket, TO(), "count", ARGS(NUMBER((int64_t)socket->count)));
}

static void on_count(struct app_socket *socket)
{
    struct wish wish = read_wish(socket);

    app_join(socket, SELF(socket), wish.targets);
    app_count(socket, wish.targets.count > 0 ? wish.targets.at[0] : STR(""), counted);
}

/* Remembers the wish's event, and answers what it remembered so far. */
static void on_remember(struct app_socket *socket)
{
    app_ack(socket, ARGS(TEXT(socket->memory)));
    app_remember(socket, str_from(read_wish(socket).event));
}

/* One verb of a plan. */
static void carry_out(struct app_socket *socket, const struct wish *wish)
{
    struct str verb = wish->verb;

    if (str_equal(verb, STR("emit")))
        app_emit(socket, wish->to, wish->event, ARGS());
    else if (str_equal(verb, STR("join")))
        app_join(socket, wish->to, wish->targets);
    else if (str_equal(verb, STR("leave")))
        app_leave(socket, wish->to, wish->targets);
    else if (str_equal(verb, STR("end")))
        app_disconnect(socket, wish->to, wish->is_closing);
    else if (str_equal(verb, STR("count")) && wish->targets.count > 0)
        app_count(socket, wish->targets.at[0], counted);
    else
        app_refuse(socket, APP_BAD_REQUEST, "there is no such verb");
}

static void on_plan(struct app_socket *socket)
{
    struct str items[APP_MAX_ACTIONS];
    size_t count = 0;

    if (socket->arg_count == 0 || json_elements(socket->args[0], items, COUNT(items), &count) ||
        count > COUNT(items)) {
        app_refuse(socket, APP_BAD_REQUEST, "a plan is a list of verbs");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct wish wish = read_wish_in(socket, items[i]);
        carry_out(socket, &wish);
    }
}

const struct app verbs_app = {
    .name = "verbs",
    .namespaces = { "/", "/a", "/b", "/closed", "/n\303\244", "/100% \"of\" it " },
    .connect = on_connect,
    .events = {
        { "emit", on_emit },
        { "self", on_self },
        { "others", on_others },
        { "bytes", on_bytes },
        { "join", on_join },
        { "leave", on_leave },
        { "sockets join", on_sockets_join },
        { "sockets leave", on_sockets_leave },
        { "end", on_end },
        { "sockets end", on_sockets_end },
        { "ack", on_ack },
        { "ack twice", on_ack_twice },
        { "who", on_who },
        { " spaced ", on_ack },
        { "h\303\244h", on_ack },
        { "bad json", on_bad_json },
        { "count", on_count },
        { "remember", on_remember },
        { "plan", on_plan },
    },
};
