/*
 * REST requests: whatever rooms and namespaces are called, a request reaches exactly those
 * whom its target means, as an independent reader of URLs and filters finds (audience.h).
 */
#include "azure/webpubsub.h"
#include "audience.h"

#define HUB_URL "https://abc.webpubsub.azure.com/api/hubs/codestream"

static const struct webpubsub service = { .url = STR_INIT("https://abc.webpubsub.azure.com"),
                                          .hub = STR_INIT("codestream") };

/* The rooms of a case; whoever is in some of them is in a subset of these. */
#define NAMES 3
#define SUBSETS (1u << NAMES)

static struct str names[NAMES];

/* A list as long as the input wants: the chosen names, over and over. */
#define MAX_LIST 120

struct names_list {
    struct str at[MAX_LIST];
    size_t count;
};

static void read_list(struct input *in, struct names_list *list)
{
    unsigned chosen = input_choice(in, SUBSETS);
    unsigned rounds = input_choice(in, 16) == 15 ? MAX_LIST : 1;

    list->count = 0;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < NAMES; i++) {
            if ((chosen >> i & 1) && list->count < MAX_LIST)
                list->at[list->count++] = names[i];
        }
    }
}

static struct str_list view(const struct names_list *list)
{
    return (struct str_list){ list->at, list->count };
}

/* ---- what the target means ---- */

static bool is_one_of(struct str room, struct str_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        if (str_equal(list.at[i], room))
            return true;
    }
    return false;
}

static bool is_in_any(const struct connection *c, struct str_list list)
{
    for (size_t i = 0; i < c->room_count; i++) {
        if (is_one_of(c->rooms[i], list))
            return true;
    }
    return false;
}

static bool is_meant(const struct webpubsub_target *target, const struct connection *c)
{
    return str_equal(c->nsp, target->nsp) &&
           (target->rooms.count == 0 || is_in_any(c, target->rooms)) &&
           (target->within.len == 0 || is_in_any(c, (struct str_list){ &target->within, 1 })) &&
           !is_in_any(c, target->except);
}

/* ---- everybody there is ---- */

/* One for each subset of the rooms, in the namespace and in another one. */
struct crowd {
    struct connection connections[2 * SUBSETS];
    struct str rooms[SUBSETS][NAMES];
};

static void gather_crowd(struct crowd *crowd, struct str nsp)
{
    for (size_t subset = 0; subset < SUBSETS; subset++) {
        struct connection c = { .nsp = nsp, .rooms = crowd->rooms[subset] };
        for (size_t i = 0; i < NAMES; i++) {
            if (subset >> i & 1)
                crowd->rooms[subset][c.room_count++] = names[i];
        }
        crowd->connections[2 * subset] = c;
        c.nsp = STR("/of others");
        crowd->connections[2 * subset + 1] = c;
    }
}

static uint64_t reached(const struct crowd *crowd, const struct audience *audience,
                        struct arena *mem)
{
    return audience_of(audience, crowd->connections, COUNT(crowd->connections), mem);
}

static uint64_t meant(const struct crowd *crowd, const struct webpubsub_target *target)
{
    uint64_t set = 0;

    for (size_t i = 0; i < COUNT(crowd->connections); i++)
        set |= (uint64_t)is_meant(target, &crowd->connections[i]) << i;
    return set;
}

/* ---- requests ---- */

static bool is_too_long(struct str nsp, struct str_list rooms)
{
    for (size_t i = 0; i < rooms.count; i++) {
        if (3 + (nsp.len * 4 + 2) / 3 + (rooms.at[i].len * 4 + 2) / 3 > 1024)
            return true;
    }
    return false;
}

/* A condition has up to 45 characters around its group; up to three always have their place. */
static bool may_be_too_long(const struct webpubsub_target *target)
{
    const struct str_list lists[] = { target->rooms, target->except };
    size_t clauses = (target->within.len > 0) + target->rooms.count + target->except.count;
    size_t chars = 0;

    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t j = 0; j < lists[i].count; j++)
            chars += 45 + (target->nsp.len * 4 + 2) / 3 + (lists[i].at[j].len * 4 + 2) / 3;
    }
    return clauses > 90 || (clauses > 3 && chars > 4096);
}

static bool is_target_too_long(const struct webpubsub_target *target)
{
    return is_too_long(target->nsp, target->rooms) ||
           is_too_long(target->nsp, target->except) ||
           is_too_long(target->nsp, (struct str_list){ &target->within, 1 });
}

static struct audience must_read(const struct webpubsub_request *request, struct arena *mem)
{
    return audience_read(STR(HUB_URL), request->url, request->body, mem);
}

static void check_send(const struct crowd *crowd, const struct webpubsub_target *target,
                       bool is_disconnect, struct arena *mem)
{
    struct str packet = STR("42[\"e\"]");
    struct webpubsub_request request;
    enum err e = webpubsub_send(&service, target, !is_disconnect, packet, mem, &request);
    struct audience audience;

    if (!may_be_too_long(target))
        MUST(e == (is_target_too_long(target) ? ERR_SYNTAX : ERR_NONE));
    if (e)
        return;
    audience = must_read(&request, mem);
    MUST(audience.kind == REQUEST_SEND && request.body.ptr == packet.ptr);
    MUST(reached(crowd, &audience, mem) == meant(crowd, target));
}

static void check_move(const struct crowd *crowd, const struct webpubsub_target *target,
                       struct str_list rooms, bool is_leave, struct arena *mem)
{
    struct webpubsub_request request;
    enum err e = is_leave
                     ? webpubsub_move(&service, WEBPUBSUB_LEAVE, target, rooms, mem, &request)
                     : webpubsub_move(&service, WEBPUBSUB_JOIN, target, rooms, mem, &request);
    struct audience audience;

    if (!may_be_too_long(target))
        MUST(e == (is_target_too_long(target) || is_too_long(target->nsp, rooms) ? ERR_SYNTAX
                                                                                 : ERR_NONE));
    if (e)
        return;
    audience = must_read(&request, mem);
    MUST(audience.kind == (is_leave ? REQUEST_LEAVE : REQUEST_JOIN));
    MUST(audience.moved_count == rooms.count);
    for (size_t i = 0; i < rooms.count; i++)
        MUST(str_equal(audience.moved[i].nsp, target->nsp) &&
             str_equal(audience.moved[i].room, rooms.at[i]));
    MUST(reached(crowd, &audience, mem) == meant(crowd, target));
}

static void check_list(struct str nsp, struct str room, struct str response, struct arena *mem)
{
    struct webpubsub_request request;
    struct audience audience;
    struct str next;
    size_t count;
    enum err e = webpubsub_list(&service, nsp, room, mem, &request);

    MUST((e == ERR_SYNTAX) == is_too_long(nsp, (struct str_list){ &room, 1 }));
    if (!e) {
        audience = must_read(&request, mem);
        MUST(audience.kind == REQUEST_LIST && !audience.filter.ptr);
        MUST(str_equal(audience.group.nsp, nsp) && str_equal(audience.group.room, room));
    }
    if (webpubsub_read_list(&service, response, mem, &count, &next) || next.len == 0)
        return;
    MUST(str_starts(next, STR("https://abc.webpubsub.azure.com/api/hubs/")));
    for (size_t i = 0; i < next.len; i++) /* it goes into a token's claims as it is */
        MUST(next.ptr[i] > ' ' && next.ptr[i] < 0x7f && !strchr("\"\\#", next.ptr[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_on(data, size);
    unsigned what = input_choice(&in, 6);
    struct names_list rooms, except, moved;
    struct webpubsub_target target;
    struct arena mem;
    struct crowd crowd;

    arena_init(&mem, 4 * FUZZ_MEMORY);
    target = (struct webpubsub_target){ .nsp = input_text(&in) };
    for (size_t i = 0; i < NAMES; i++) {
        names[i] = input_text(&in);
        if (names[i].len == 0)
            names[i] = STR("room");
    }
    read_list(&in, &rooms);
    read_list(&in, &except);
    read_list(&in, &moved);
    target.rooms = view(&rooms);
    target.except = view(&except);
    target.within = input_choice(&in, 2) ? names[0] : STR("");
    gather_crowd(&crowd, target.nsp);
    if (what < 2)
        check_send(&crowd, &target, what == 1, &mem);
    else if (what < 4 && moved.count > 0)
        check_move(&crowd, &target, view(&moved), what == 3, &mem);
    else
        check_list(target.nsp, names[0], in.left, &mem);
    arena_free(&mem);
    input_free(&in);
    return 0;
}
