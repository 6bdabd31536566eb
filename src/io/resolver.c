#include "io/resolver.h"

/* Newer releases have better ways for what only the older way does in all of them. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "io/hosts.h"

enum { V4, V6, FAMILIES };

static const struct addresses no_addresses = { .count = 0 };

/* By what c-ares tells whose answer it has. */
struct question {
    struct resolver_name *name;
    int family;
};

struct resolver_name {
    struct resolver *resolver;
    unsigned port;
    struct question questions[FAMILIES];
    struct addresses known[FAMILIES]; /* by the newest answers */
    bool is_told;                     /* the entry says what is known */
    uint64_t version;                 /* of the entry.  0: there is none */
    int64_t fresh_until_ms;           /* until then it serves without a new look-up */
    int64_t again_ms;                 /* none starts before */
    const char *failure;              /* of the last one */

    /* The look-up that is under way: */
    size_t open;             /* questions that are not answered */
    bool is_answered;        /* there was an address */
    bool has_none[FAMILIES]; /* the name has no address of it, or so a server says */
    int trouble;       /* c-ares' word for why one failed.  0: none did, or none but for good */
    size_t detours;    /* servers that were passed by because of what they said */
    bool is_put_off;   /* it begins again, with another server, on the next turn */
    int64_t life_ms;   /* of its answers */
    int64_t settle_ms; /* one family is enough then.  LOOP_NEVER: there is nothing new yet */

    char entry[ADDRESSES_ENTRY_CHARS];
    char host[ADDRESSES_HOST_CHARS + 1];
};

struct resolver {
    struct loop *loop;
    void (*on_news)(void *owner);
    void *owner;
    int64_t due_ms;       /* when there is something to do by the clock */
    ares_channel channel; /* NULL: nothing is being looked up */
    size_t open;          /* questions of all names */
    size_t first_server;  /* of the list: the one that is asked first */
    size_t server_count;
    uint64_t versions;
    size_t name_count;
    struct resolver_name names[RESOLVER_MAX_NAMES];
};

/*
 * Where there is no /dev/urandom, c-ares 1.18 takes the numbers of its questions from rand.
 * The seed keeps these from being the sequence that everybody knows.
 */
void resolver_global_init(void)
{
    static char state[256];
    unsigned seed;

    if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
        (void)initstate(seed, state, sizeof(state));
}

/* ---- the channel ---- */

/*
 * Sets the moment at which a server must have answered, or at which one family has to be
 * enough.
 */
static void set_due(struct resolver *resolver)
{
    int64_t now_ms = loop_now_ms(resolver->loop);
    struct timeval left;

    resolver->due_ms = LOOP_NEVER;
    if (!resolver->channel)
        return;
    for (size_t i = 0; i < resolver->name_count; i++)
        resolver->due_ms = earlier_ms(resolver->due_ms, resolver->names[i].settle_ms);
    if (resolver->open == 0)
        resolver->due_ms = now_ms;
    else if (ares_timeout(resolver->channel, NULL, &left))
        resolver->due_ms = earlier_ms(resolver->due_ms, now_ms + left.tv_sec * 1000 +
                                                            (left.tv_usec + 999) / 1000);
}

static void on_ready(void *owner, int fd, uint32_t events)
{
    struct resolver *resolver = owner;
    bool is_broken = events & (EPOLLERR | EPOLLHUP);

    ares_process_fd(resolver->channel, is_broken || events & EPOLLIN ? fd : ARES_SOCKET_BAD,
                    is_broken || events & EPOLLOUT ? fd : ARES_SOCKET_BAD);
    set_due(resolver);
}

/* A socket that cannot be watched is like one on which no server answers. */
static void on_socket(void *owner, ares_socket_t fd, int is_read, int is_written)
{
    struct resolver *resolver = owner;
    uint32_t events = (is_read ? EPOLLIN : 0U) | (is_written ? EPOLLOUT : 0U);

    if (events == 0)
        loop_unwatch(resolver->loop, fd);
    else
        (void)!loop_watch(resolver->loop, fd, events, on_ready, resolver);
}

/* lookup: where c-ares looks, 'f' for /etc/hosts, 'b' for name servers.  NULL: no memory. */
static ares_channel channel_new(struct resolver *resolver, char lookup)
{
    struct ares_options options = {
        .timeout = RESOLVER_TRY_MS,
        .tries = RESOLVER_TRIES,
        .ndots = 1, /* a name with a dot is a whole one, before it is one to be searched for */
        .lookups = (char[]){ lookup, '\0' }, /* c-ares copies it */
        .sock_state_cb = on_socket,
        .sock_state_cb_data = resolver,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB;
    ares_channel channel = NULL;

    if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
        return NULL;
    return channel;
}

/* Turns the list of servers so that first_server leads it. */
static void order_servers(struct resolver *resolver)
{
    struct ares_addr_port_node *list, *last;

    resolver->server_count = 0;
    if (ares_get_servers_ports(resolver->channel, &list) != ARES_SUCCESS || !list)
        return;
    for (last = list; last->next; last = last->next)
        resolver->server_count++;
    resolver->server_count++;
    resolver->first_server %= resolver->server_count;
    for (size_t i = 0; i < resolver->first_server; i++) {
        last->next = list;
        last = list;
        list = list->next;
        last->next = NULL;
    }
    if (resolver->first_server > 0)
        (void)ares_set_servers_ports(resolver->channel, list);
    ares_free_data(list);
}

static bool open_channel(struct resolver *resolver)
{
    if (resolver->channel)
        return true;
    resolver->channel = channel_new(resolver, 'b');
    if (!resolver->channel)
        return false;
    order_servers(resolver);
    return true;
}

/* ---- the end of a look-up ---- */

static bool has_addresses(const struct resolver_name *name)
{
    return name->known[V4].count + name->known[V6].count > 0;
}

static void tell(struct resolver_name *name)
{
    name->settle_ms = LOOP_NEVER;
    name->is_told = true;
    if (has_addresses(name)) {
        name->version = ++name->resolver->versions;
        addresses_write(&name->known[V4], &name->known[V6], name->host, name->port,
                        name->entry);
    } else {
        name->version = 0;
    }
    name->resolver->on_news(name->resolver->owner);
}

static const char *name_failure(int trouble)
{
    if (trouble == 0 || trouble == ARES_ENODATA)
        return "the host name does not resolve";
    return trouble == ARES_ENOMEM ? "no memory" : "no name server answers";
}

/*
 * True if another server is to be asked.  c-ares itself asks the next one if a server is
 * silent, refuses or fails, but takes anything else that it says for the last word.  When all
 * have spoken, the first is asked once more, since what was wrong with it may have passed.
 */
static bool is_worth_a_detour(const struct resolver_name *name)
{
    return name->trouble != 0 && name->trouble != ARES_ETIMEOUT &&
           name->trouble != ARES_ECONNREFUSED && name->trouble != ARES_ENOMEM &&
           name->trouble != ARES_EDESTRUCTION && !name->is_answered &&
           name->detours < name->resolver->server_count;
}

/*
 * Takes over new addresses.  The known ones stay in their order if they are the same, since a
 * name server changes it with each answer.
 */
static void take(struct resolver_name *name, int family, const struct addresses *list)
{
    name->is_answered |= list->count > 0;
    if (addresses_are_same(&name->known[family], list))
        return;
    name->known[family] = *list;
    name->is_told = false;
}

/*
 * Settles what it means that there was no address.  A name without addresses of one family is
 * usual.  A name without any is as good as no answer: c-ares 1.18 reports that for nearly
 * everything that has no address in it, such as codes that it does not know or our own question
 * sent back.
 */
static void settle_missing(struct resolver_name *name)
{
    for (int family = V4; family < FAMILIES; family++) {
        if (name->has_none[family] && name->is_answered)
            take(name, family, &no_addresses);
        else if (name->has_none[family] && !name->trouble)
            name->trouble = ARES_ENODATA;
    }
}

static void end_look_up(struct resolver_name *name)
{
    int64_t now_ms = loop_now_ms(name->resolver->loop);

    settle_missing(name);
    if (is_worth_a_detour(name)) {
        name->detours++;
        name->is_put_off = true;
        return;
    }
    name->detours = 0;
    name->failure = name_failure(name->trouble);
    name->again_ms = now_ms + RESOLVER_PAUSE_MS;
    name->fresh_until_ms = name->is_answered ? now_ms + name->life_ms : now_ms;
    if (name->is_told && name->version > 0)
        name->settle_ms = LOOP_NEVER;
    else
        tell(name);
}

/* ---- answers ---- */

/* The shortest time to live of all records that led to the addresses. */
static int64_t read_life_ms(const struct ares_addrinfo *found)
{
    int64_t seconds = ADDRESSES_MAX_SECONDS;

    for (const struct ares_addrinfo_cname *alias = found->cnames; alias; alias = alias->next)
        seconds = alias->ttl < seconds ? alias->ttl : seconds;
    for (const struct ares_addrinfo_node *node = found->nodes; node; node = node->ai_next)
        seconds = node->ai_ttl < seconds ? node->ai_ttl : seconds;
    return addresses_life_ms(seconds);
}

static struct addresses read_family(const struct ares_addrinfo *found, int family)
{
    struct addresses list = { .count = 0 };

    for (const struct ares_addrinfo_node *node = found->nodes; node; node = node->ai_next) {
        const void *address = node->ai_addr;
        if (family == V4 && node->ai_family == AF_INET)
            addresses_add(&list, &((const struct sockaddr_in *)address)->sin_addr, 4);
        else if (family == V6 && node->ai_family == AF_INET6)
            addresses_add(&list, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    }
    return list;
}

static void take_found(struct resolver_name *name, int family,
                       const struct ares_addrinfo *found)
{
    struct addresses list = read_family(found, family);

    name->life_ms = earlier_ms(name->life_ms, read_life_ms(found));
    take(name, family, &list);
}

static void on_hosts(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct resolver_name *name = arg;

    (void)timeouts;
    if (status != ARES_SUCCESS)
        return;
    for (int family = V4; family < FAMILIES; family++)
        take_found(name, family, found);
    ares_freeaddrinfo(found);
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    const struct question *question = arg;
    struct resolver_name *name = question->name;

    (void)timeouts;
    name->open--;
    name->resolver->open--;
    if (status == ARES_SUCCESS) {
        take_found(name, question->family, found);
        ares_freeaddrinfo(found);
    } else if (status == ARES_ENODATA) {
        name->has_none[question->family] = true;
    } else if (status == ARES_ENOTFOUND || status == ARES_EBADNAME) {
        take(name, question->family, &no_addresses);
    } else {
        name->trouble = status; /* what is known serves on */
    }
    if (name->open == 0)
        end_look_up(name);
    else if (!name->is_told && has_addresses(name))
        name->settle_ms = loop_now_ms(name->resolver->loop) + RESOLVER_SECOND_FAMILY_MS;
}

/* ---- questions ---- */

static void ask(struct resolver_name *name, ares_channel channel, int ai_family,
                ares_addrinfo_callback callback, void *arg)
{
    const struct ares_addrinfo_hints hints = { .ai_family = ai_family,
                                               .ai_flags = ARES_AI_NOSORT };

    ares_getaddrinfo(channel, name->host, NULL, &hints, callback, arg);
}

/* Looks into /etc/hosts, which needs no server and is known at once. */
static void look_into_hosts(struct resolver_name *name)
{
    ares_channel channel = channel_new(name->resolver, 'f');

    if (!channel)
        return;
    ask(name, channel, AF_UNSPEC, on_hosts, name);
    ares_destroy(channel);
}

/*
 * Asks for both families at once but separately, since one may be answered and the other not.
 */
static void ask_servers(struct resolver_name *name)
{
    static const int ai_families[FAMILIES] = { AF_INET, AF_INET6 };

    name->open = FAMILIES;
    name->resolver->open += FAMILIES;
    for (int family = V4; family < FAMILIES; family++)
        ask(name, name->resolver->channel, ai_families[family], on_answer,
            &name->questions[family]);
}

static void look_up(struct resolver_name *name)
{
    name->is_put_off = false;
    name->is_answered = false;
    memset(name->has_none, 0, sizeof(name->has_none));
    name->trouble = 0;
    name->life_ms = addresses_life_ms(ADDRESSES_MAX_SECONDS);
    look_into_hosts(name);
    if (name->is_answered) {
        end_look_up(name);
    } else if (open_channel(name->resolver)) {
        ask_servers(name);
    } else {
        name->trouble = ARES_ENOMEM;
        end_look_up(name);
    }
    set_due(name->resolver);
}

void resolver_doubt(struct resolver_name *name)
{
    if (name->open == 0 && !name->is_put_off &&
        loop_now_ms(name->resolver->loop) >= name->again_ms)
        look_up(name);
}

enum resolver_state resolver_ask(struct resolver_name *name, const char **failure)
{
    if (name->version == 0 || loop_now_ms(name->resolver->loop) >= name->fresh_until_ms)
        resolver_doubt(name); /* unless that was done a moment ago */
    if (name->version > 0)
        return RESOLVER_KNOWN;
    if (name->open > 0 || name->is_put_off)
        return RESOLVER_ASKED;
    *failure = name->failure;
    return RESOLVER_FAILED;
}

const char *resolver_entry(const struct resolver_name *name)
{
    return name->entry;
}

uint64_t resolver_version(const struct resolver_name *name)
{
    return name->version;
}

/* ---- turning ---- */

/* Closes the channel, and forgets with it what it knew of /etc/resolv.conf. */
static void close_channel(struct resolver *resolver)
{
    bool is_put_off = false;

    ares_destroy(resolver->channel);
    resolver->channel = NULL;
    for (size_t i = 0; i < resolver->name_count; i++)
        is_put_off |= resolver->names[i].is_put_off;
    resolver->first_server += is_put_off;
    for (size_t i = 0; i < resolver->name_count; i++) {
        if (resolver->names[i].is_put_off)
            look_up(&resolver->names[i]);
    }
}

static void resolver_run(void *owner)
{
    struct resolver *resolver = owner;
    int64_t now_ms = loop_now_ms(resolver->loop);

    if (!resolver->channel)
        return;
    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    for (size_t i = 0; i < resolver->name_count; i++) {
        if (now_ms >= resolver->names[i].settle_ms)
            tell(&resolver->names[i]);
    }
    if (resolver->open == 0)
        close_channel(resolver);
    set_due(resolver);
}

/* ---- life ---- */

struct resolver *resolver_new(struct loop *loop, void (*on_news)(void *owner), void *owner)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));

    if (!resolver)
        return NULL;
    *resolver = (struct resolver){
        .loop = loop, .on_news = on_news, .owner = owner, .due_ms = LOOP_NEVER
    };
    loop_add_task(loop, &(struct loop_task){ .run = resolver_run,
                                             .owner = resolver,
                                             .due_ms = &resolver->due_ms });
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver && resolver->channel)
        ares_destroy(resolver->channel);
    free(resolver);
}

struct resolver_name *resolver_name(struct resolver *resolver, const char *host, unsigned port)
{
    struct resolver_name *name = resolver->names;
    struct resolver_name *end = name + resolver->name_count;
    size_t len = strlen(host);

    while (name < end && (name->port != port || strcmp(name->host, host) != 0))
        name++;
    if (name < end)
        return name;
    if (len > ADDRESSES_HOST_CHARS || resolver->name_count == RESOLVER_MAX_NAMES)
        return NULL;
    *name = (struct resolver_name){
        .resolver = resolver,
        .port = port,
        .questions = { { name, V4 }, { name, V6 } },
        .settle_ms = LOOP_NEVER,
        .again_ms = loop_now_ms(resolver->loop),
    };
    memcpy(name->host, host, len + 1);
    resolver->name_count++;
    return name;
}
