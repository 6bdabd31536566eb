/*
 * The addresses of hosts, from /etc/hosts and from the name servers of /etc/resolv.conf, by
 * c-ares in the loop's own epoll set: the loop's thread never waits.
 *
 * What was found serves for as long as the answer says (hosts.h), and after that while a
 * new answer is fetched; it is forgotten only when a name server says that there is no such
 * name.  One that says anything else but an address is passed by, if there is another, and asked
 * again.  All calls that wait for a name share one look-up.  What failed is asked again
 * after RESOLVER_PAUSE_MS at the earliest.
 *
 * The channel of c-ares lives for as long as something is being looked up, so that each round
 * of look-ups reads what /etc/resolv.conf says then.
 *
 * A resolver belongs to one loop and its thread.
 */
#ifndef IO_RESOLVER_H
#define IO_RESOLVER_H

#include "io/loop.h"

/*
 * How long one name server is waited for before the next is asked, and how often each is; a
 * second round waits twice as long, a third one four times.  With three servers of which one
 * answers, that is known after 800 ms; that none does, after 8.4 s.
 */
#define RESOLVER_TRY_MS 400
#define RESOLVER_TRIES 3

/* Between the end of a look-up and the next of the same name. */
#define RESOLVER_PAUSE_MS 1000

/*
 * When the addresses of one family are known, those of the other have so long to come too
 * (RFC 8305 section 3): some name servers do not answer the question for IPv6 at all.
 */
#define RESOLVER_SECOND_FAMILY_MS 50

/* A host and a proxy: a client that asks for many more has lost its way. */
#define RESOLVER_MAX_NAMES 8

struct resolver;

/* A host and a port: what libcurl keeps addresses by.  Lives as long as its resolver. */
struct resolver_name;

enum resolver_state {
    RESOLVER_KNOWN,
    RESOLVER_ASKED, /* it is being looked up; on_news will tell when to ask again */
    RESOLVER_FAILED
};

/* Once, before any thread starts and any resolver is made. */
void resolver_global_init(void);

/*
 * on_news: a look-up has ended, well or badly, perhaps one that resolver_ask has just begun.  The
 * loop outlives the resolver.  NULL: no memory.
 */
MUST_USE struct resolver *resolver_new(struct loop *loop, void (*on_news)(void *owner),
                                       void *owner);

/* NULL is allowed. */
void resolver_free(struct resolver *resolver);

/* host: a name, no address.  NULL: too many names, or one that is too long. */
MUST_USE struct resolver_name *resolver_name(struct resolver *resolver, const char *host,
                                             unsigned port);

/* Starts a look-up where one is due.  *failure: a static text, when it has failed. */
MUST_USE enum resolver_state resolver_ask(struct resolver_name *name, const char **failure);

/* What is known, as an entry of CURLOPT_RESOLVE; the text changes with a later answer. */
const char *resolver_entry(const struct resolver_name *name);

/* Of that entry: never 0, and no two entries of any names of a resolver have the same. */
uint64_t resolver_version(const struct resolver_name *name);

/* The known addresses could not be reached: they are looked up anew, if that was not just done. */
void resolver_doubt(struct resolver_name *name);

#endif
