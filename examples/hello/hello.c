/*
 * The smallest application: it greets each socket that connects, and answers a howdy.
 */
#include "app/app.h"

static void on_connected(struct app_socket *socket)
{
    app_emit(socket, SELF(socket), "hello", ARGS(TEXT(STR("world"))));
}

static void on_howdy(struct app_socket *socket)
{
    struct str who;

    if (socket->arg_count == 0 || !app_text(socket, socket->args[0], &who))
        app_refuse(socket, APP_BAD_REQUEST, "howdy takes a name");
    else
        app_emit(socket, SELF(socket), "hello", ARGS(TEXT(who)));
}

const struct app hello_app = {
    .name = "hello",
    .connected = on_connected,
    .events = { { "howdy", on_howdy } },
};
