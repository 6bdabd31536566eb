#include "app/app.h"

static const struct str codes[] = {
    [APP_ACCEPTED] = STR_INIT("OK"),
    [APP_BAD_REQUEST] = STR_INIT("BadRequest"),
    [APP_FORBIDDEN] = STR_INIT("Forbidden"),
    [APP_UNKNOWN_EVENT] = STR_INIT("UnknownEvent"),
    [APP_NO_USER] = STR_INIT("Unauthorized"),
    [APP_WRITERS_WORD] = STR_INIT("WritersWord"),
    [APP_UNSUPPORTED] = STR_INIT("Unsupported"),
    [APP_UPSTREAM] = STR_INIT("Upstream"),
    [APP_BUSY] = STR_INIT("Busy"),
    [APP_INTERNAL] = STR_INIT("Internal"),
};

struct str app_refusal_code(enum app_refusal refusal)
{
    return codes[refusal];
}

void app_add_outcome(struct buf *out, enum app_refusal refusal, const char *message)
{
    if (refusal == APP_ACCEPTED) {
        buf_add(out, STR("\"success\":true"));
        return;
    }
    buf_add_all(out, STR("\"success\":false,\"error\":{\"code\":\""), codes[refusal],
                STR("\",\"message\":\""), str_from(message), STR("\"}"));
}

static bool has_room(struct str_list list, struct str room)
{
    for (size_t i = 0; i < list.count; i++) {
        if (str_equal(list.at[i], room))
            return true;
    }
    return false;
}

/* True if one leaves out every recipient of other. */
static bool leaves_out(const struct app_target *one, const struct app_target *other)
{
    if (other->within.len > 0 && has_room(one->except, other->within))
        return true;
    return other->rooms.count == 1 && has_room(one->except, other->rooms.at[0]);
}

bool app_must_wait(const struct app_action *action, const struct app_action *earlier)
{
    if (action->kind != APP_EMIT || earlier->kind != APP_EMIT)
        return true;
    return !leaves_out(&action->to, &earlier->to) && !leaves_out(&earlier->to, &action->to);
}

static bool has_namespace(const struct app *app, struct str nsp)
{
    if (!app->namespaces[0])
        return str_equal(nsp, STR("/"));
    for (size_t i = 0; i < APP_MAX_NAMESPACES && app->namespaces[i]; i++) {
        if (str_equal(nsp, str_from(app->namespaces[i])))
            return true;
    }
    return false;
}

static app_handler *find_event(const struct app_event *events, struct str name)
{
    for (size_t i = 0; i < APP_MAX_EVENTS && events[i].name; i++) {
        if (str_equal(name, str_from(events[i].name)))
            return events[i].handle;
    }
    return NULL;
}

static app_handler *find_handler(const struct app *app, struct app_socket *socket)
{
    app_handler *handle = find_event(app->events, socket->event);

    if (handle)
        return handle;
    handle = find_event(app->frequent, socket->event);
    socket->is_frequent = handle != NULL;
    return handle;
}

/* The first failing check decides, before the application's own. */
static app_handler *choose(const struct app *app, struct app_socket *socket)
{
    app_handler *handle;

    if (socket->kind == APP_CONNECT && socket->user.len == 0) {
        app_refuse(socket, APP_NO_USER, "the token has no subject");
        return NULL;
    }
    if (!has_namespace(app, socket->nsp)) {
        app_refuse(socket, APP_FORBIDDEN, "there is no such namespace");
        return NULL;
    }
    switch (socket->kind) {
    case APP_CONNECT:
        return app->connect;
    case APP_CONNECTED:
        return app->connected;
    case APP_DISCONNECTED:
        return app->disconnected;
    case APP_MESSAGE:
        break;
    }
    handle = find_handler(app, socket);
    if (!handle)
        app_refuse(socket, APP_UNKNOWN_EVENT, "there is no such event");
    return handle;
}

void app_decide(const struct app *app, struct app_socket *socket)
{
    app_handler *handle = choose(app, socket);

    if (handle)
        handle(socket);
}
