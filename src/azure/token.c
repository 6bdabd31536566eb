#include "azure/token.h"

#include <string.h>

#include "wire/base64url.h"
#include "wire/json.h"

enum err jwt_mint(const struct hmac_key *key, struct str claims, struct arena *mem,
                  struct str *out)
{
    /* base64url of {"alg":"HS256","typ":"JWT"} and the dot behind it */
    static const struct str header = STR_INIT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.");
    unsigned char mac[HMAC_BYTES];
    struct buf token = { .mem = mem };

    buf_reserve(&token, header.len + BASE64URL_LEN(claims.len) + 1 + BASE64URL_LEN(HMAC_BYTES));
    buf_add(&token, header);
    base64url_add(&token, claims);
    if (token.failed)
        return ERR_NO_MEMORY;
    hmac_sign(key, buf_text(&token), mac);
    buf_add_char(&token, '.');
    base64url_add(&token, str_of_bytes(mac, sizeof(mac)));
    return buf_done(&token, out);
}

/* Adds to "role", which is one list for both kinds; *separator is what stands before the next. */
static void add_roles(struct buf *claims, struct str kind, const struct str_list *groups,
                      struct str *separator)
{
    struct str role;

    for (size_t i = 0; i < groups->count; i++) {
        if (arena_concat(claims->mem, &role, kind, groups->at[i])) {
            claims->failed = true;
            return;
        }
        buf_add(claims, *separator);
        json_add_string(claims, role);
        *separator = STR(",");
    }
}

/* {"iat":…,"exp":…,"aud":"url…, where the rest of an address may follow: none needs an escape. */
static void begin_claims(struct buf *claims, struct str url, int64_t now_unix,
                         int64_t life_seconds)
{
    buf_add_all(claims, STR("{\"iat\":"), DECIMAL((uint64_t)now_unix), STR(",\"exp\":"),
                DECIMAL((uint64_t)(now_unix + life_seconds)), STR(",\"aud\":\""), url);
}

/* {"iat":…,"exp":…,"aud":"…"[,"sub":"…"][,"role":[…]]} */
enum err webpubsub_client_token(const struct webpubsub *webpubsub,
                                const struct webpubsub_client *client, int64_t now_unix,
                                int64_t life_seconds, struct arena *mem, struct str *out)
{
    struct str separator = STR(",\"role\":[");
    struct buf claims = { .mem = mem };
    struct str text;

    buf_reserve(&claims, webpubsub->url.len + webpubsub->hub.len + client->user.len + 128);
    begin_claims(&claims, webpubsub->url, now_unix, life_seconds);
    buf_add_all(&claims,
                client->is_native ? STR(WEBPUBSUB_NATIVE_PATH) : STR(WEBPUBSUB_CLIENT_PATH),
                webpubsub->hub, STR("\""));
    if (client->user.len > 0) {
        buf_add(&claims, STR(",\"sub\":"));
        json_add_string(&claims, client->user);
    }
    add_roles(&claims, STR(WEBPUBSUB_MAY_SEND), &client->sends_to, &separator);
    add_roles(&claims, STR(WEBPUBSUB_MAY_JOIN), &client->joins, &separator);
    buf_add(&claims, separator.len == 1 ? STR("]}") : STR("}"));
    return buf_done(&claims, &text) ? ERR_NO_MEMORY : jwt_mint(webpubsub->key, text, mem, out);
}

/* {"iat":…,"exp":…,"aud":"…"} */
enum err webpubsub_rest_token(const struct webpubsub *webpubsub, struct str url,
                              int64_t now_unix, struct arena *mem, struct str *out)
{
    struct buf claims = { .mem = mem };
    struct str text;

    buf_reserve(&claims, url.len + 64);
    begin_claims(&claims, url, now_unix, WEBPUBSUB_REST_TOKEN_SECONDS);
    buf_add(&claims, STR("\"}"));
    return buf_done(&claims, &text) ? ERR_NO_MEMORY : jwt_mint(webpubsub->key, text, mem, out);
}

/* ---- signatures ---- */

enum err signature_check(const struct hmac_key *key, struct str connection_id,
                         struct str header)
{
    static const struct str scheme = STR_INIT("sha256=");
    unsigned char mac[HMAC_BYTES];
    bool good = false;

    if (connection_id.len == 0 || memchr(connection_id.ptr, '.', connection_id.len))
        return ERR_DENIED;
    hmac_sign(key, connection_id, mac);
    while (header.len > 0) {
        struct str item = str_trim(str_cut(header, ", ", &header));
        if (str_starts_nocase(item, scheme) &&
            hex_is(str_skip(item, scheme.len), str_of_bytes(mac, sizeof(mac))))
            good = true;
    }
    return good ? ERR_NONE : ERR_DENIED;
}
