/*
 * Chooses the application and the function of it that is called, and has the verbs at
 * negotiate.
 */
#include "app/app.h"
#include "wire/base64url.h"
#include "wire/hmac.h"
#include "wire/json.h"

/* What most applications tell fits into this. */
#define TOLD_BYTES 256

/* Codestream, unless its build names another one. */
#ifndef APPLICATION
#define APPLICATION codestream_app
#endif

extern const struct app APPLICATION;

const struct app *const application = &APPLICATION;

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

/* True if one leaves out every recipient of other. */
static bool leaves_out(const struct app_target *one, const struct app_target *other)
{
    if (other->within.len > 0 && str_list_has(one->except, other->within))
        return true;
    return other->rooms.count == 1 && str_list_has(one->except, other->rooms.at[0]);
}

bool app_must_wait(const struct app_action *action, const struct app_action *earlier)
{
    if (action->kind != APP_EMIT || earlier->kind != APP_EMIT)
        return true;
    return !leaves_out(&action->to, &earlier->to) && !leaves_out(&earlier->to, &action->to);
}

static bool may_start(const struct app_plan *plan, const unsigned char *progress, size_t i)
{
    if (progress[i] != PLAN_WAITING)
        return false;
    for (size_t earlier = 0; earlier < i; earlier++) {
        if (progress[earlier] != PLAN_OVER &&
            app_must_wait(&plan->actions[i], &plan->actions[earlier]))
            return false;
    }
    return true;
}

size_t app_next(const struct app_plan *plan, const unsigned char *progress)
{
    size_t i = 0;

    while (i < plan->count && !may_start(plan, progress, i))
        i++;
    return i;
}

/* Is it one of these?  A shorter list ends with NULL. */
static bool is_named(const char *const *names, size_t max, struct str name)
{
    size_t i = 0;

    while (i < max && names[i] && !str_equal(name, str_from(names[i])))
        i++;
    return i < max && names[i];
}

static bool has_namespace(const struct app *app, struct str nsp)
{
    return app->namespaces[0] ? is_named(app->namespaces, APP_MAX_NAMESPACES, nsp)
                              : str_equal(nsp, STR("/"));
}

static app_handler *find_event(const struct app_event *events, struct str name)
{
    for (size_t i = 0; i < APP_MAX_EVENTS && events[i].name; i++) {
        if (str_equal(name, str_from(events[i].name)))
            return events[i].handle;
    }
    return NULL;
}

/*
 * Chooses the function to call.  The first check that fails decides, before the application's
 * own.
 */
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
    if (socket->kind == APP_CONNECT)
        return app->connect;
    if (socket->kind == APP_CONNECTED)
        return app->connected;
    if (socket->kind == APP_DISCONNECTED)
        return app->disconnected;
    socket->is_frequent = is_named(app->frequent, APP_MAX_EVENTS, socket->event);
    handle = find_event(app->events, socket->event);
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

/* ---- verbs at negotiate: what can be wrong ---- */

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

/* Reports the application's own fault, in words for its author. */
static void misuse(struct app_caller *caller, const char *message)
{
    app_turn_away(caller, APP_INTERNAL, message);
}

static bool is_no_control(char c)
{
    return (unsigned char)c >= ' ' && c != 0x7f;
}

/* ---- verbs at negotiate: reading ---- */

struct str app_query(const struct app_caller *caller, const char *name)
{
    return header_value(caller->query, caller->query_count, str_from(name));
}

/* ---- the owner's word ---- */

enum err app_word_mac(const struct hmac_key *secret, struct str word, unsigned char *out)
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
        hmac_sign(secret, text, out);
    cleanse(text);
    arena_free(&mem);
    return e;
}

/*
 * Compares MACs, which have the same length whatever was given and depend on a key.  So the
 * time that it takes says nothing of the word.
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
    return str_equal_secret(str_of_bytes(mac, sizeof(mac)),
                            str_of_bytes(caller->word_mac, sizeof(mac)));
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
    else if (!str_is_all(user, is_no_control) || str_trim(user).len < user.len ||
             !json_is_text(user))
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
    buf_add_all(told, STR(",\""), str_from(name), STR("\":"));
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

struct str app_new_name(struct app_caller *caller)
{
    struct buf name = { .mem = caller->mem };
    struct str out = { "", 0 };

    base64url_add(&name, str_of_bytes(caller->seed, APP_NAME_BYTES));
    if (buf_done(&name, &out))
        no_memory(caller);
    return out;
}

struct str app_caller_concat(struct app_caller *caller, struct str first, struct str second)
{
    struct str out = { "", 0 };

    if (arena_concat(caller->mem, &out, first, second))
        no_memory(caller);
    return out;
}

struct str app_sign(struct app_caller *caller, struct str purpose, struct str text)
{
    struct str message, out = { "", 0 };

    if (arena_concat(caller->mem, &message, purpose, text) ||
        hmac_sign_text(caller->secret, message, caller->mem, &out))
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
