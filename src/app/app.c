#include "app/app.h"

static const struct str codes[] = {
    [APP_ACCEPTED] = STR_INIT("OK"),          [APP_BAD_REQUEST] = STR_INIT("BadRequest"),
    [APP_FORBIDDEN] = STR_INIT("Forbidden"),  [APP_UNKNOWN_EVENT] = STR_INIT("UnknownEvent"),
    [APP_NO_USER] = STR_INIT("Unauthorized"), [APP_UNSUPPORTED] = STR_INIT("Unsupported"),
    [APP_UPSTREAM] = STR_INIT("Upstream"),    [APP_BUSY] = STR_INIT("Busy"),
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
    switch (socket->kind) {
    case APP_CONNECT:
        if (socket->user.len == 0)
            app_refuse(socket, APP_NO_USER, "the token has no subject");
        else if (!has_namespace(app, socket->nsp))
            app_refuse(socket, APP_FORBIDDEN, "there is no such namespace");
        return socket->plan.refusal ? NULL : app->connect;
    case APP_CONNECTED:
        return app->connected;
    case APP_DISCONNECTED:
        return app->disconnected;
    case APP_MESSAGE:
        break;
    }
    return find_handler(app, socket);
}

void app_decide(const struct app *app, struct app_socket *socket)
{
    app_handler *handle = choose(app, socket);

    if (handle)
        handle(socket);
    else if (socket->kind == APP_MESSAGE)
        app_refuse(socket, APP_UNKNOWN_EVENT, "there is no such event");
}
