#include <string.h>

#include "app/app.h"
#include "wire/json.h"

/* ---- what can be wrong ---- */

/* Makes the plan void.  The first fault counts, and nothing of the plan is carried out. */
static void make_void(struct app_socket *socket, enum app_refusal refusal, const char *message)
{
    struct app_plan *plan = &socket->plan;

    if (plan->is_void)
        return;
    plan->is_void = true;
    plan->count = 0;
    plan->refusal = refusal;
    plan->message = message;
}

static void no_memory(struct app_socket *socket)
{
    make_void(socket, APP_BUSY, "no memory for this event");
}

/* Reports the application's own fault, in words for its author. */
static void misuse(struct app_socket *socket, const char *message)
{
    make_void(socket, APP_INTERNAL, message);
}

static bool room_ok(struct app_socket *socket, struct str room)
{
    if (room.len == 0)
        misuse(socket, "a room needs a name");
    else if (room.len > APP_MAX_ROOM_BYTES || room.len + socket->nsp.len > APP_MAX_ROOM_BYTES)
        misuse(socket, "the name of a room is too long, 765 bytes with its namespace");
    return !socket->plan.is_void;
}

/* A copy of an array in the socket's memory.  NULL: there is none, and the plan is void. */
static void *copy(struct app_socket *socket, const void *array, size_t size)
{
    void *space = arena_space(socket->mem, size);

    if (space)
        return memcpy(space, array, size);
    no_memory(socket);
    return NULL;
}

static void copy_rooms(struct app_socket *socket, struct str_list *rooms)
{
    if (rooms->count > APP_MAX_ROOMS) {
        misuse(socket, "that is more than 90 rooms at once");
        return;
    }
    for (size_t i = 0; i < rooms->count; i++) {
        if (!room_ok(socket, rooms->at[i]))
            return;
    }
    if (rooms->count > 0)
        rooms->at = copy(socket, rooms->at, rooms->count * sizeof(*rooms->at));
}

/* True for the names that Socket.IO keeps for itself, which a client would not take. */
static bool is_reserved(struct str name)
{
    static const struct str reserved[] = {
        STR_INIT("connect"),       STR_INIT("connect_error"), STR_INIT("disconnect"),
        STR_INIT("disconnecting"), STR_INIT("newListener"),   STR_INIT("removeListener"),
    };

    return str_list_has((struct str_list){ reserved, COUNT(reserved) }, name);
}

/* ---- values ---- */

/* JSON under construction, and the bytes that stand beside it. */
struct writer {
    struct app_socket *socket;
    struct buf out;
    struct str attachments[APP_MAX_ATTACHMENTS];
    size_t attachment_count;
};

static void add_value(struct writer *w, const struct app_value *value);

static void add_checked(struct writer *w, struct str text)
{
    struct str value;

    if (json_check(text, &value))
        misuse(w->socket, "an argument is not JSON");
    else
        buf_add(&w->out, value);
}

static void add_number(struct writer *w, int64_t number)
{
    if (number < 0)
        buf_add_char(&w->out, '-');
    buf_add_number(&w->out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static void add_members(struct writer *w, const struct app_member *members, size_t count)
{
    const char *separator = "{";

    for (size_t i = 0; i < count; i++) {
        if (members[i].value.kind == APP_UNDEFINED)
            continue;
        buf_add(&w->out, str_from(separator));
        json_add_string(&w->out, str_from(members[i].name));
        buf_add_char(&w->out, ':');
        add_value(w, &members[i].value);
        separator = ",";
    }
    buf_add(&w->out, *separator == '{' ? STR("{}") : STR("}"));
}

static void add_binary(struct writer *w, struct str bytes)
{
    if (w->attachment_count == APP_MAX_ATTACHMENTS) {
        misuse(w->socket, "that is more than 10 binary arguments");
        return;
    }
    buf_add_all(&w->out, STR("{\"_placeholder\":true,\"num\":"), DECIMAL(w->attachment_count),
                STR("}"));
    w->attachments[w->attachment_count++] = bytes;
}

static void add_value(struct writer *w, const struct app_value *value)
{
    if (value->kind == APP_TEXT)
        json_add_string(&w->out, value->text);
    else if (value->kind == APP_NUMBER)
        add_number(w, value->number);
    else if (value->kind == APP_BOOLEAN)
        buf_add(&w->out, value->number ? STR("true") : STR("false"));
    else if (value->kind == APP_BINARY)
        add_binary(w, value->text);
    else if (value->kind == APP_JSON)
        add_checked(w, value->text);
    else if (value->kind == APP_PASSED)
        buf_add(&w->out, value->text);
    else if (value->kind == APP_OBJECT)
        add_members(w, value->members, value->count);
    else
        buf_add(&w->out, STR("null")); /* undefined, as JSON.stringify does it in a list */
}

/*
 * Guesses how much room a value needs, so that a large one which is passed on is not copied
 * twice.
 */
static size_t guess_size(const struct app_value *value)
{
    size_t size = value->text.len + 32;

    if (value->kind == APP_OBJECT) {
        for (size_t i = 0; i < value->count; i++)
            size += value->members[i].value.text.len + 32;
    }
    return size;
}

/* Values with commas between them. */
static struct str write_args(struct writer *w, struct app_args args)
{
    struct str text = { "", 0 };
    size_t size = 0;

    if (args.count < 2)
        return text;
    for (size_t i = 1; i < args.count; i++)
        size += guess_size(&args.at[i]);
    w->out.mem = w->socket->mem;
    buf_reserve(&w->out, size);
    for (size_t i = 1; i < args.count; i++) {
        if (i > 1)
            buf_add_char(&w->out, ',');
        add_value(w, &args.at[i]);
    }
    if (buf_done(&w->out, &text))
        no_memory(w->socket);
    return text;
}

/* ---- verbs ---- */

/* Few events need more actions than this, and many wait at a time. */
#define FEW_ACTIONS 4

static void make_room(struct app_socket *socket)
{
    struct app_plan *plan = &socket->plan;
    size_t room = plan->room > 0 ? APP_MAX_ACTIONS : FEW_ACTIONS;
    struct app_action *actions = arena_space(socket->mem, room * sizeof(*actions));

    if (!actions) {
        no_memory(socket);
        return;
    }
    if (plan->count > 0)
        memcpy(actions, plan->actions, plan->count * sizeof(*actions));
    plan->actions = actions;
    plan->room = room;
}

static void add(struct app_socket *socket, struct app_action action)
{
    struct app_plan *plan = &socket->plan;

    if (plan->is_void)
        return;
    if (plan->count == plan->room && plan->room < APP_MAX_ACTIONS)
        make_room(socket);
    copy_rooms(socket, &action.to.rooms);
    copy_rooms(socket, &action.to.except);
    copy_rooms(socket, &action.rooms);
    if (action.to.within.len > 0)
        (void)room_ok(socket, action.to.within);
    if (plan->count == APP_MAX_ACTIONS)
        misuse(socket, "that is more than 16 verbs for one event");
    else if (plan->count > 0 && plan->actions[plan->count - 1].kind == APP_COUNT)
        misuse(socket, "app_count must be the last verb: go on in its continuation");
    else if (socket->kind == APP_CONNECT)
        misuse(socket, "before it is connected a socket can only be refused");
    if (!plan->is_void)
        plan->actions[plan->count++] = action;
}

void app_emit(struct app_socket *socket, struct app_target to, const char *event,
              struct app_args args)
{
    struct app_action action = { .kind = APP_EMIT, .to = to, .name = str_from(event) };
    struct writer w = { .socket = socket };

    if (action.name.len == 0)
        misuse(socket, "an event needs a name");
    else if (is_reserved(action.name))
        misuse(socket, "that name of an event is Socket.IO's own");
    if (socket->plan.is_void)
        return;
    action.args = write_args(&w, args);
    action.attachments.count = w.attachment_count;
    if (w.attachment_count > 0)
        action.attachments.at = copy(socket, w.attachments, sizeof(w.attachments));
    add(socket, action);
}

static void move(struct app_socket *socket, enum app_action_kind kind, struct app_target who,
                 struct str_list rooms)
{
    if (rooms.count == 0)
        misuse(socket, "there is no room to join or leave");
    add(socket, (struct app_action){ .kind = kind, .to = who, .rooms = rooms });
}

void app_join(struct app_socket *socket, struct app_target who, struct str_list rooms)
{
    move(socket, APP_JOIN, who, rooms);
}

void app_leave(struct app_socket *socket, struct app_target who, struct str_list rooms)
{
    move(socket, APP_LEAVE, who, rooms);
}

void app_disconnect(struct app_socket *socket, struct app_target who, bool is_closing)
{
    add(socket,
        (struct app_action){ .kind = is_closing ? APP_CLOSE : APP_DISCONNECT, .to = who });
}

void app_ack(struct app_socket *socket, struct app_args args)
{
    struct writer w = { .socket = socket };

    if (socket->plan.ack.ptr)
        misuse(socket, "an event is acknowledged only once");
    else if (socket->kind != APP_MESSAGE)
        misuse(socket, "only events of clients are acknowledged");
    if (socket->plan.is_void)
        return;
    socket->plan.ack = write_args(&w, args);
    if (w.attachment_count > 0)
        misuse(socket, "an acknowledgement carries no binary arguments");
}

void app_refuse(struct app_socket *socket, enum app_refusal refusal, const char *message)
{
    if (socket->plan.is_void)
        return;
    socket->plan.refusal = refusal;
    socket->plan.message = message;
}

void app_remember(struct app_socket *socket, struct str text)
{
    if (socket->kind != APP_MESSAGE)
        misuse(socket, "only while a client's event is answered can anything be remembered");
    else if (text.len > APP_MAX_MEMORY_BYTES)
        misuse(socket, "that is more to remember than 512 bytes");
    else
        socket->plan.memory = text.ptr ? text : STR("");
}

void app_count(struct app_socket *socket, struct str room, app_handler *then)
{
    add(socket,
        (struct app_action){ .kind = APP_COUNT, .to = TO(.rooms = ROOMS(room)), .then = then });
}

/* ---- text ---- */

struct str app_concat_list(struct app_socket *socket, const struct str *list, size_t count)
{
    struct str out = { "", 0 };

    if (arena_concat_list(socket->mem, &out, list, count))
        no_memory(socket);
    return out;
}

bool app_text(struct app_socket *socket, struct str json, struct str *out)
{
    enum err e = json.ptr ? json_text(json, socket->mem, out) : ERR_SYNTAX;

    if (e == ERR_NO_MEMORY)
        no_memory(socket);
    return !e;
}
