/*
 * The floor under the cost of a negotiation: a server that does nothing else, written by hand,
 * whose answer is the product's, byte for byte but for the room, what is signed and the time.
 * No routes, no second thread, no log; the answer is a text in which a few places
 * change.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "../load/options.h"
#include "../load/server.h"
#include "azure/token.h"
#include "azure/webpubsub.h"
#include "wire/base64url.h"

#define SETTING "WebPubSubForSocketIOConnectionString"
#define HUB "codestream"
#define TOKEN_SECONDS 3600

#define ROOM_BYTES 16
#define ROOM_CHARS 22
#define KEY_CHARS 43
#define RANDOM_ROOMS 256 /* whose bytes are fetched at once */

static const char usage[] =
    "usage: floor [--port PORT]\n"
    "\n"
    "Prints \"listening PORT\".  Answers GET /negotiate for the service that " SETTING "\n"
    "names, as the handler does.\n";

static const struct str key_message = STR_INIT("codestream writer key\n");
static const struct str token_head = STR_INIT("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.");

struct floor {
    struct server server;
    struct hmac_key *access, *secret;
    struct str url;
    time_t made; /* the second for which the texts below are */
    struct arena mem;

    /* {"iat":…,"exp":…,"aud":"…","sub":"w.<room>"} */
    char *claims;
    size_t claims_len, claims_room;

    /* The answer, and the places in it that change. */
    char *answer;
    size_t answer_len, token_len, token_at[2], room_at, key_at;

    unsigned char random[RANDOM_ROOMS][ROOM_BYTES];
    size_t random_left;
    char key_text[64]; /* key_message and a room */
};

/* ---- once a second ---- */

static void add_hole(struct buf *text, size_t len, size_t *at)
{
    *at = text->len;
    for (size_t i = 0; i < len; i++)
        buf_add_char(text, '?');
}

static bool make_claims(struct floor *f)
{
    struct buf claims = { .mem = &f->mem };

    buf_add(&claims, STR("{\"iat\":"));
    buf_add_number(&claims, (uint64_t)f->made);
    buf_add(&claims, STR(",\"exp\":"));
    buf_add_number(&claims, (uint64_t)f->made + TOKEN_SECONDS);
    buf_add_all(&claims, STR(",\"aud\":\""), f->url,
                STR("/clients/socketio/hubs/" HUB "\",\"sub\":\"w."));
    add_hole(&claims, ROOM_CHARS, &f->claims_room);
    buf_add(&claims, STR("\"}"));
    f->claims = claims.ptr;
    f->claims_len = claims.len;
    return !claims.failed;
}

static bool make_body(struct floor *f, struct buf *body)
{
    f->token_len =
        token_head.len + BASE64URL_LEN(f->claims_len) + 1 + BASE64URL_LEN(HMAC_BYTES);
    buf_add_all(body, STR("{\"url\":\""), f->url, STR("/?access_token="));
    add_hole(body, f->token_len, &f->token_at[0]);
    buf_add_all(body, STR("\",\"endpoint\":\""), f->url,
                STR("\",\"path\":\"/clients/socketio/hubs/" HUB "\",\"token\":\""));
    add_hole(body, f->token_len, &f->token_at[1]);
    buf_add(body, STR("\",\"room_id\":\""));
    add_hole(body, ROOM_CHARS, &f->room_at);
    buf_add(body, STR("\",\"role\":\"writer\",\"writer_key\":\""));
    add_hole(body, KEY_CHARS, &f->key_at);
    buf_add(body, STR("\",\"expires_in\":"));
    buf_add_number(body, TOKEN_SECONDS);
    buf_add_char(body, '}');
    return !body->failed;
}

static bool make_answer(struct floor *f)
{
    struct buf body = { .mem = &f->mem }, answer = { .mem = &f->mem };
    size_t head_len;
    char date[64];
    struct tm utc;

    if (!make_body(f, &body) || !gmtime_r(&f->made, &utc))
        return false;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    buf_add_all(&answer, STR("HTTP/1.1 200 OK\r\nDate: "), str_from(date),
                STR("\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
                    "Content-Length: "));
    buf_add_number(&answer, body.len);
    buf_add(&answer, STR("\r\n\r\n"));
    head_len = answer.len;
    buf_add(&answer, (struct str){ body.ptr, body.len });
    f->token_at[0] += head_len;
    f->token_at[1] += head_len;
    f->room_at += head_len;
    f->key_at += head_len;
    f->answer = answer.ptr;
    f->answer_len = answer.len;
    return !answer.failed;
}

static bool make_texts(struct floor *f, time_t now)
{
    f->made = now;
    arena_free(&f->mem);
    if (!make_claims(f) || !make_answer(f))
        return false;
    memcpy(f->answer + f->token_at[0], token_head.ptr, token_head.len);
    /* What does not change of the claims; the rest is written again for each room. */
    base64url_encode((struct str){ f->claims, f->claims_len },
                     f->answer + f->token_at[0] + token_head.len);
    return true;
}

/* ---- for each request ---- */

static bool next_room(struct floor *f, char *out)
{
    if (f->random_left == 0) {
        if (getrandom(f->random, sizeof(f->random), 0) != (ssize_t)sizeof(f->random))
            return false;
        f->random_left = RANDOM_ROOMS;
    }
    base64url_encode((struct str){ (const char *)f->random[--f->random_left], ROOM_BYTES },
                     out);
    return true;
}

static void write_signature(const struct hmac_key *key, struct str message, char *out)
{
    unsigned char mac[HMAC_BYTES];

    hmac_sign(key, message, mac);
    base64url_encode((struct str){ (const char *)mac, sizeof(mac) }, out);
}

/* From the last character on that no room reaches. */
static void write_token(struct floor *f)
{
    char *token = f->answer + f->token_at[0];
    size_t stays = f->claims_room / 3 * 3;
    size_t signed_len = token_head.len + BASE64URL_LEN(f->claims_len);

    base64url_encode((struct str){ f->claims + stays, f->claims_len - stays },
                     token + token_head.len + stays / 3 * 4);
    token[signed_len] = '.';
    write_signature(f->access, (struct str){ token, signed_len }, token + signed_len + 1);
    memcpy(f->answer + f->token_at[1], token, f->token_len);
}

static bool write_answer(struct floor *f)
{
    char *room = f->answer + f->room_at;

    if (!next_room(f, room))
        return false;
    memcpy(f->claims + f->claims_room, room, ROOM_CHARS);
    memcpy(f->key_text + key_message.len, room, ROOM_CHARS);
    write_token(f);
    write_signature(f->secret, (struct str){ f->key_text, key_message.len + ROOM_CHARS },
                    f->answer + f->key_at);
    return true;
}

static struct server_answer answer(void *owner, const struct server_request *request)
{
    struct floor *f = owner;
    time_t now = time(NULL);

    if (!str_equal(request->method, STR("GET")) || !str_equal(request->path, STR("/negotiate")))
        return (struct server_answer){
            STR("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), false
        };
    if ((now != f->made && !make_texts(f, now)) || !write_answer(f))
        return (struct server_answer){
            STR("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), false
        };
    return (struct server_answer){ { f->answer, f->answer_len }, false };
}

/* ---- the process ---- */

/* Writer keys are signed as the handler does without a secret of its own. */
static bool make_keys(struct floor *f, struct str access_key)
{
    unsigned char derived[HMAC_BYTES];

    memcpy(f->key_text, key_message.ptr, key_message.len);
    f->access = hmac_key_new(access_key);
    if (!f->access)
        return false;
    hmac_sign(f->access, STR("codestream secret\n"), derived);
    f->secret = hmac_key_new((struct str){ (const char *)derived, sizeof(derived) });
    return f->secret;
}

int main(int argc, char **argv)
{
    static struct floor f;
    struct webpubsub_endpoint endpoint;
    struct arena texts;
    const char *why = "is missing";
    uint64_t port = 0;
    const struct option options[] = { { "--port", .number = &port, .max = 65535 } };

    (void)options_read(argc, argv, options, COUNT(options), usage);
    arena_init(&texts, 16 * 1024);
    arena_init(&f.mem, 64 * 1024);
    if (!getenv(SETTING) ||
        webpubsub_parse(str_from(getenv(SETTING)), &texts, &endpoint, &why)) {
        fprintf(stderr, "floor: " SETTING " %s\n", why);
        return EXIT_FAILURE;
    }
    f.url = endpoint.url;
    if (!make_keys(&f, endpoint.access_key)) {
        fputs("floor: no memory\n", stderr);
        return EXIT_FAILURE;
    }
    f.server.answer = answer;
    f.server.owner = &f;
    return server_run(&f.server, (unsigned)port);
}
