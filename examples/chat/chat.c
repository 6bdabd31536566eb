/*
 * The chat of Socket.IO's examples: its events, for its client.
 *
 * Where the original keeps a name in the socket, Web PubSub keeps it; where it counts users,
 * Web PubSub is asked how many are in a room.
 */
#include "app/app.h"

#define MAX_NAME_BYTES 200

/* The room of all users who have given a name. */
#define USERS STR("users")

/* Tells all other users something about this one. */
static void tell_others(struct app_socket *socket, const char *event, struct app_value number)
{
    app_emit(socket, OTHERS(socket), event,
             ARGS(OBJECT({ "username", TEXT(socket->memory) }, { "numUsers", number })));
}

static bool has_name(struct app_socket *socket)
{
    if (socket->memory.len == 0)
        app_refuse(socket, APP_FORBIDDEN, "add user must come before this event");
    return socket->memory.len > 0;
}

static void on_counted(struct app_socket *socket)
{
    struct app_value number = NUMBER((int64_t)socket->count);

    app_emit(socket, SELF(socket), "login", ARGS(OBJECT({ "numUsers", number })));
    tell_others(socket, "user joined", number);
}

static void on_add_user(struct app_socket *socket)
{
    struct str name;

    if (socket->memory.len > 0)
        return;
    if (socket->arg_count == 0 || !app_text(socket, socket->args[0], &name) || name.len == 0 ||
        name.len > MAX_NAME_BYTES) {
        app_refuse(socket, APP_BAD_REQUEST, "a name is a text of 1 to 200 bytes");
        return;
    }
    socket->memory = name;
    app_remember(socket, name);
    app_join(socket, SELF(socket), ROOMS(USERS));
    app_count(socket, USERS, on_counted);
}

static void on_new_message(struct app_socket *socket)
{
    if (socket->arg_count == 0)
        app_refuse(socket, APP_BAD_REQUEST, "there is no message");
    else if (has_name(socket))
        app_emit(socket, OTHERS(socket), "new message",
                 ARGS(OBJECT({ "username", TEXT(socket->memory) },
                             { "message", PASSED(socket->args[0]) })));
}

static void on_typing(struct app_socket *socket)
{
    if (has_name(socket))
        tell_others(socket, "typing", UNDEFINED);
}

static void on_stop_typing(struct app_socket *socket)
{
    if (has_name(socket))
        tell_others(socket, "stop typing", UNDEFINED);
}

static void on_gone(struct app_socket *socket)
{
    tell_others(socket, "user left", NUMBER((int64_t)socket->count));
}

static void on_disconnected(struct app_socket *socket)
{
    if (socket->memory.len > 0)
        app_count(socket, USERS, on_gone);
}

const struct app chat_app = {
    .name = "chat",
    .disconnected = on_disconnected,
    .events = {
        { "add user", on_add_user },
        { "new message", on_new_message },
        { "typing", on_typing },
        { "stop typing", on_stop_typing },
    },
};
