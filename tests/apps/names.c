/*
 * The chat of Microsoft's serverless samples, for their pages: whom the platform has signed in,
 * else who ?userId= says, else somebody new.  What one says all hear, with the name before it.
 */
#include "app/app.h"

static void on_negotiate(struct app_caller *caller)
{
    struct str name = app_query(caller, "userId");

    if (caller->platform_user.len > 0)
        app_admit(caller, caller->platform_user);
    else if (name.ptr)
        app_admit(caller, name);
    else
        app_admit_guest(caller);
}

static void on_chat(struct app_socket *socket)
{
    if (socket->arg_count == 0)
        app_refuse(socket, APP_BAD_REQUEST, "there is no message");
    else
        app_emit(socket, TO(), "new message",
                 ARGS(TEXT(socket->user), PASSED(socket->args[0])));
}

const struct app names_app = {
    .name = "names",
    .negotiate = on_negotiate,
    .events = { { "chat", on_chat } },
};
