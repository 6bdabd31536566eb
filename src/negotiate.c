#include "negotiate.h"

struct webpubsub_client negotiate_client(const struct app_pass *pass)
{
    return (struct webpubsub_client){
        .user = pass->user,
        .is_native = pass->protocol.len > 0,
        .sends_to = { pass->sends_to.at, pass->sends_to.count },
        .joins = { pass->joins.at, pass->joins.count },
    };
}

/* url, the name of the older article. */
static void add_native(struct buf *answer, const struct webpubsub *service, struct str token)
{
    bool is_secure = str_starts(service->url, STR("https"));
    struct str authority = str_skip(service->url, is_secure ? 8 : 7);

    buf_add_all(answer, STR("{\"url\":\""), is_secure ? STR("wss://") : STR("ws://"),
                authority);
    webpubsub_add_client_path(answer, service, true);
    buf_add_all(answer, STR("?access_token="), token, STR("\""));
}

/* url, the name of the articles; endpoint, path and token, those of Microsoft's binding. */
static void add_socketio(struct buf *answer, const struct webpubsub *service, struct str token)
{
    buf_add_all(answer, STR("{\"url\":\""), service->url, STR("/?access_token="), token,
                STR("\",\"endpoint\":\""), service->url, STR("\",\"path\":\""));
    webpubsub_add_client_path(answer, service, false);
    buf_add_all(answer, STR("\",\"token\":\""), token, STR("\""));
}

/* Neither the service's address nor the token needs an escape in JSON. */
enum err negotiate_answer(const struct webpubsub *service, const struct app_pass *pass,
                          struct str token, int64_t token_seconds, struct arena *mem,
                          struct str *out)
{
    struct buf answer = { .mem = mem };

    buf_reserve(&answer, 2 * (token.len + service->url.len) + pass->told.len + 256);
    if (pass->protocol.len > 0)
        add_native(&answer, service, token);
    else
        add_socketio(&answer, service, token);
    buf_add_all(&answer, (struct str){ pass->told.ptr, pass->told.len },
                STR(",\"expires_in\":"));
    buf_add_number(&answer, (uint64_t)token_seconds);
    buf_add_char(&answer, '}');
    return buf_done(&answer, out);
}
