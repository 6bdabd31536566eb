/*
 * Whom a REST request reaches, read from its URL and body by a parser of its own: the judge
 * of what src/wire/webpubsub_rooms.c writes.
 */
#ifndef FUZZ_AUDIENCE_H
#define FUZZ_AUDIENCE_H

#include "fuzz.h"

/* A connection as the service knows it. */
struct connection {
    struct str nsp;
    const struct str *rooms;
    size_t room_count;
};

enum request_kind {
    REQUEST_SEND,  /* :send, to a group or to the hub */
    REQUEST_JOIN,  /* :addToGroups */
    REQUEST_LEAVE, /* :removeFromGroups */
    REQUEST_LIST,  /* groups/{group}/connections */
};

#define AUDIENCE_MAX_GROUPS 1000

struct group {
    struct str nsp, room; /* decoded; an empty room is all of the namespace */
};

struct audience {
    enum request_kind kind;
    bool has_group; /* in the URL */
    struct group group;
    struct str filter;   /* decoded; ptr NULL: none */
    struct group *moved; /* that are joined or left */
    size_t moved_count;
};

/*
 * Takes a request apart and ends the process where it is not one of the service's, or has a
 * byte in its URL that needs an escape.  All text lives in mem.
 */
struct audience audience_read(struct str hub_url, struct str url, struct str body,
                              struct arena *mem);

/*
 * Which of these connections it reaches: bit i for connections[i].  Ends the process on a
 * malformed filter.
 */
#define AUDIENCE_MAX_CONNECTIONS 64
uint64_t audience_of(const struct audience *audience, const struct connection *connections,
                     size_t count, struct arena *mem);

#endif
