#include "app/app.h"

static const struct str codes[] = {
    [APP_ACCEPTED] = STR_INIT("OK"),          [APP_BAD_REQUEST] = STR_INIT("BadRequest"),
    [APP_FORBIDDEN] = STR_INIT("Forbidden"),  [APP_UNKNOWN_EVENT] = STR_INIT("UnknownEvent"),
    [APP_NO_USER] = STR_INIT("Unauthorized"), [APP_UNSUPPORTED] = STR_INIT("Unsupported"),
    [APP_UPSTREAM] = STR_INIT("Upstream"),    [APP_BUSY] = STR_INIT("Busy"),
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
