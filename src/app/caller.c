/* The verbs at negotiate. */
#include "app/app.h"
#include "wire/base64url.h"
#include "wire/hmac.h"
#include "wire/json.h"

/* What most applications tell fits into this. */
#define TOLD_BYTES 256

/* ---- what can be wrong ---- */

/* The first fault counts. */
void app_turn_away(struct app_caller *caller, enum app_refusal refusal, const char *message)
{
    struct app_pass *pass = &caller->pass;

    if (pass->refusal)
        return;
    pass->refusal = refusal;
    pass->message = message;
}

static void no_memory(struct app_caller *caller)
{
    app_turn_away(caller, APP_BUSY, "no memory");
}

/* The application's fault, in words for its author. */
static void misuse(struct app_caller *caller, const char *message)
{
    app_turn_away(caller, APP_INTERNAL, message);
}

static bool has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

/* ---- reading ---- */

struct str app_query(const struct app_caller *caller, const char *name)
{
    for (size_t i = 0; i < caller->query_count; i++) {
        if (str_equal(caller->query[i].name, str_from(name)))
            return caller->query[i].value;
    }
    return (struct str){ NULL, 0 };
}

/* ---- the owner's word ---- */

enum err app_word_mac(struct hmac_key *secret, struct str word, unsigned char *out)
{
    struct arena mem;
    struct buf message = { .mem = &mem };
    struct str text = { NULL, 0 };
    enum err e;

    arena_init(&mem, 4 * (size_t)APP_MAX_WORD_BYTES);
    buf_reserve(&message, APP_MAX_WORD_BYTES + 64); /* one copy, which is overwritten */
    buf_add_all(&message, STR("codestream writers' word\n"), word);
    e = buf_done(&message, &text);
    if (!e)
        e = hmac_sign(secret, text, out);
    cleanse(text);
    arena_free(&mem);
    return e;
}

/*
 * What is compared has the same length whatever was given, and depends on a key: how long it
 * takes says nothing of the word.
 */
static bool is_word(struct app_caller *caller, struct str given)
{
    unsigned char mac[HMAC_BYTES];

    if (!given.ptr || given.len > APP_MAX_WORD_BYTES)
        return false;
    if (app_word_mac(caller->secret, given, mac)) {
        no_memory(caller);
        return false;
    }
    return str_equal_secret((struct str){ (const char *)mac, sizeof(mac) },
                            (struct str){ (const char *)caller->word_mac, sizeof(mac) });
}

bool app_word(struct app_caller *caller, struct str given)
{
    if (!caller->word_mac || is_word(caller, given))
        return true;
    app_turn_away(caller, APP_WRITERS_WORD,
                  given.ptr ? "that is not the word for writers"
                            : "to open a room, send the word for writers");
    return false;
}

/* ---- letting in ---- */

void app_admit(struct app_caller *caller, struct str user)
{
    if (user.len == 0)
        app_turn_away(caller, APP_NO_USER, "the caller has no name");
    else if (user.len > APP_MAX_USER_BYTES)
        app_turn_away(caller, APP_BAD_REQUEST, "a user's name has at most 256 bytes");
    else if (has_control(user) || str_trim(user).len < user.len || !json_is_text(user))
        app_turn_away(caller, APP_BAD_REQUEST,
                      "a user's name is UTF-8 without control characters, and without a blank "
                      "at either end");
    else
        caller->pass.user = user;
}

void app_admit_guest(struct app_caller *caller)
{
    app_admit(caller, app_new_name(caller));
}

static void open_room(struct app_caller *caller, struct app_open_rooms *rooms, struct str room)
{
    if (rooms->count == APP_MAX_OPEN_ROOMS)
        misuse(caller, "a pass opens at most 8 rooms of a kind");
    else if (room.len == 0 || room.len > APP_MAX_ROOM_BYTES || !json_is_text(room))
        misuse(caller, "a room's name is UTF-8 of 1 to 765 bytes");
    else
        rooms->at[rooms->count++] = room;
}

void app_may_send(struct app_caller *caller, struct str room)
{
    open_room(caller, &caller->pass.sends_to, room);
}

void app_may_join(struct app_caller *caller, struct str room)
{
    open_room(caller, &caller->pass.joins, room);
}

void app_native(struct app_caller *caller, struct str protocol)
{
    caller->pass.protocol = protocol;
}

/* A member of the response up to its value. */
static struct buf *tell(struct app_caller *caller, const char *name)
{
    struct buf *told = &caller->pass.told;

    if (!told->ptr) {
        told->mem = caller->mem;
        buf_reserve(told, TOLD_BYTES);
    }
    buf_add_char(told, ',');
    buf_add_char(told, '"');
    buf_add(told, str_from(name));
    buf_add(told, STR("\":"));
    return told;
}

void app_tell(struct app_caller *caller, const char *name, struct str text)
{
    struct buf *told = tell(caller, name);

    if (!json_add_string(told, text))
        misuse(caller, "what a caller is told must be UTF-8");
    if (told->failed)
        no_memory(caller);
}

void app_tell_number(struct app_caller *caller, const char *name, uint64_t number)
{
    struct buf *told = tell(caller, name);

    buf_add_number(told, number);
    if (told->failed)
        no_memory(caller);
}

/* ---- texts ---- */

static struct str done(struct app_caller *caller, struct buf *text)
{
    struct str out = { "", 0 };

    if (buf_done(text, &out))
        no_memory(caller);
    return out;
}

struct str app_new_name(struct app_caller *caller)
{
    struct buf name = { .mem = caller->mem };

    base64url_add(&name, (struct str){ (const char *)caller->seed, APP_NAME_BYTES });
    return done(caller, &name);
}

struct str app_sign(struct app_caller *caller, struct str text)
{
    struct str out = { "", 0 };

    if (hmac_sign_text(caller->secret, text, caller->mem, &out))
        no_memory(caller);
    return out;
}

/* ---- for the handler ---- */

void app_negotiate(const struct app *app, struct app_caller *caller)
{
    struct app_pass *pass = &caller->pass;

    if (app->negotiate)
        app->negotiate(caller);
    else
        app_admit_guest(caller);
    if (pass->user.len == 0)
        misuse(caller, "the application has neither let the caller in nor turned it away");
    if (!pass->refusal && !pass->told.ptr)
        app_tell(caller, "user_id", pass->user);
}
